//! Names of the ABIs.
//!
//! An ABI is a property of a message: it keeps the one it was sent in, whoever receives it, and a reply has that of
//! its request. No byte of a message names it.

use core::fmt;

use crate::transport::Transport;

/// One way of writing messages.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[non_exhaustive]
pub enum AbiId {
    /// CMU Mach 3.0 on i386, and every GNU Mach on i386.
    GnumachI386,
    /// GNU Mach on x86_64 since 2023.
    GnumachX8664,
    /// GNU Mach on x86_64 as Debian 12 packages it.
    GnumachX8664v2022,
    /// Darwin and OSF Mach, tasks of 64 bits.
    DarwinLp64,
    /// Darwin and OSF Mach, tasks of 32 bits.
    DarwinIlp32,
}

impl AbiId {
    /// Every ABI.
    pub const ALL: [AbiId; 5] =
        [AbiId::GnumachI386, AbiId::GnumachX8664, AbiId::GnumachX8664v2022, AbiId::DarwinLp64, AbiId::DarwinIlp32];

    /// The name that command lines, file names and recordings use.
    pub const fn name(self) -> &'static str {
        match self {
            AbiId::GnumachI386 => "gnumach-i386",
            AbiId::GnumachX8664 => "gnumach-x86_64",
            AbiId::GnumachX8664v2022 => "gnumach-x86_64-2022",
            AbiId::DarwinLp64 => "darwin-lp64",
            AbiId::DarwinIlp32 => "darwin-ilp32",
        }
    }
}

impl fmt::Display for AbiId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Fails to compile where a transport does not speak an ABI. Client functions call it in a `const` block.
///
/// # Panics
/// At compile time, if `abi` is not one of [`Transport::ABIS`].
pub const fn assert_speaks<T: Transport>(abi: AbiId) {
    let mut it = 0;
    while it < T::ABIS.len() {
        if T::ABIS[it] as u8 == abi as u8 {
            return;
        }
        it += 1;
    }
    panic!("this transport does not speak the ABI of this client function");
}
