//! The numbers that both families have, and what each does in its own way.

use super::owned::RecoveredItem;
use crate::abi::AbiId;
use crate::error::KernReturn;
use crate::memory::Plain;
use crate::serve::{Dispatch, Dispatcher};
use crate::transport::Transport;

/// The family of CMU Mach 3.0 and GNU: each item is preceded by a type word.
#[derive(Clone, Copy, Debug)]
pub struct Typed;

/// The family of OSF and Darwin: descriptors first, then plain data behind an NDR record.
#[derive(Clone, Copy, Debug)]
pub struct Untyped;

pub(crate) mod sealed {
    pub trait Sealed {}
}

/// A row of the table of ABIs. Sealed; generated code names one once, as `W`.
pub trait Row: sealed::Sealed + Copy + 'static {
    /// [`Typed`] or [`Untyped`].
    type Family;
    /// Which ABI.
    const ABI: AbiId;
    /// Bytes of the header.
    const HEADER: usize;
    /// Where `msgh_local_port` stands.
    const LOCAL: usize;
    /// Where the word before `msgh_id` stands: a sequence number, or a voucher.
    const SEQUENCE: usize;
    /// Where `msgh_id` stands.
    const ID: usize;
    /// Messages are a multiple of this long, and items start at multiples of it.
    const ALIGN: usize;
    /// Bytes of an address.
    const ADDRESS: usize;
    /// Where the code of a reply stands that holds nothing else.
    const CODE: usize;
    /// Bytes of such a reply.
    const BARE: usize;
    /// What stands between its header and its end if the code is 0; the rest is not sent.
    const SUCCESS: [u8; 16];
    /// A kernel appends a trailer of up to so many bytes to what it delivers.
    const TRAILER: usize;

    /// An address as an element of an array.
    type Word: Plain;
    /// From an element.
    fn word(it: Self::Word) -> u64;
    /// To an element, if it fits.
    fn from_word(it: u64) -> Option<Self::Word>;

    /// The dispatcher as the loop keeps it.
    fn dispatcher<T: Transport, S: ?Sized>(it: Dispatch<T, S, Self>) -> Dispatcher<T, S>;
    /// The dispatcher, if it is of this ABI.
    fn dispatch<T: Transport, S: ?Sized>(it: &Dispatcher<T, S>) -> Option<Dispatch<T, S, Self>>;

    /// Whether a code tells the loop not to answer.
    fn is_silent(code: KernReturn) -> bool;
    /// Releases what the kernel delivered with a message though nobody asked for it.
    fn drop_unasked<T: Transport>(message: &[u8], via: &T);
    /// Releases everything the body of a received message owns.
    fn release<T: Transport>(message: &[u8], via: T);
    /// Releases what the body of a message owns that was built here and not sent, and ends its loans.
    fn abandon<T: Transport>(message: &[u8], via: T);
    /// Takes the next right or region out of a message that came back: behind `at`, and behind so many rights of the
    /// item there.
    fn take_next<T: Transport>(
        message: &mut [u8],
        at: &mut usize,
        cell: &mut usize,
        via: &T,
    ) -> Option<RecoveredItem<T>>;
}

/// The next position where an item may start. Not `next_multiple_of`, whose result has no bound that the optimiser sees.
#[inline(always)]
pub(crate) const fn round<W: Row>(size: usize) -> usize {
    (size + W::ALIGN - 1) & !(W::ALIGN - 1)
}

/// Calls a function for the row of an ABI, which is its last argument.
#[macro_export]
macro_rules! by_row {
    ($abi:expr, $function:ident ( $($arg:expr),* $(,)? )) => {
        match $abi {
            $crate::AbiId::GnumachI386 => $function($($arg,)* $crate::typed::GnumachI386),
            $crate::AbiId::GnumachX8664 => $function($($arg,)* $crate::typed::GnumachX8664),
            $crate::AbiId::GnumachX8664v2022 => $function($($arg,)* $crate::typed::GnumachX8664v2022),
            $crate::AbiId::DarwinLp64 => $function($($arg,)* $crate::untyped::DarwinLp64),
            $crate::AbiId::DarwinIlp32 => $function($($arg,)* $crate::untyped::DarwinIlp32),
            // Every row there is stands above; outside this crate the list is open.
            #[allow(unreachable_patterns, reason = "as said")]
            _ => unreachable!("no row of {}", $abi),
        }
    };
}
pub(crate) use by_row;
