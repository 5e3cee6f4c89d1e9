//! An ABI is data: one row of numbers for each way of writing messages.

mod machine;

pub use machine::machine_macros;

/// How the items of a message describe themselves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Family {
    /// CMU Mach 3.0 and GNU: every item is preceded by a type word.
    Typed,
    /// OSF and Darwin: descriptors first, then plain data behind an NDR record.
    Untyped,
}

/// One way of writing messages. All integers are little-endian; every number is in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Abi {
    /// Its name on command lines, in file names and in recordings.
    pub name: &'static str,
    /// Which family.
    pub family: Family,
    /// The header.
    pub header: u32,
    /// An address or a size.
    pub address: u32,
    /// A port in line.
    pub port_item: u32,
    /// A short type word; 0 where there are none.
    pub type_word: u32,
    /// A long type word; 0 where there are none.
    pub long_type_word: u32,
    /// Items start at multiples of this, and so do members of a structure that are as long.
    pub align: u32,
    /// The C compiler puts members of a structure at multiples of up to this, which is more than the definition says
    /// in one ABI.
    pub c_align: u32,
    /// And those of a structure that a flavor selects, which Darwin's headers pack.
    pub flavor_align: u32,
    /// Data follow an NDR record.
    pub ndr: bool,
    /// The header has a sequence number; otherwise a trailer has it.
    pub sequence_number: bool,
    /// Macros that are 1, whatever the machine is.
    pub predefined: &'static [&'static str],
    /// The machine that is meant unless a macro on the command line says another one.
    pub machine: &'static str,
    /// What its types may be.
    pub rules: Rules,
}

/// What the type language of a family allows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rules {
    /// Name of `MACH_MSG_TYPE_INTEGER_64`.
    pub integer_64: u32,
    /// Name of `MACH_MSG_TYPE_REAL_64`.
    pub real_64: u32,
    /// `array[n] of ^T` is an array of descriptors.
    pub arrays_of_out_of_line: bool,
    /// `^ array[*:n]` keeps its bound.
    pub bounded_out_of_line: bool,
    /// `^ T` of a type with a constant size carries that size.
    pub constant_out_of_line: bool,
    /// `array[]` is out of line always, and may be `inout`.
    pub unbounded_out_of_line: bool,
    /// Each right has a descriptor of its own: arrays of them do not vary in size, and cannot be part of a structure.
    pub rights_in_descriptors: bool,
    /// C types of a size that only C knows can be copied into a message.
    pub native_types: bool,
    /// A simpleroutine may send a code instead of its request: `retcode`.
    pub ret_code: bool,
    /// In a subsystem of the kernel, `mach_port_t` is called `ipc_port_t` on the kernel's side.
    pub kernel_ports: bool,
}

const TYPED: Rules = Rules {
    integer_64: 11,
    real_64: 10,
    arrays_of_out_of_line: false,
    bounded_out_of_line: false,
    constant_out_of_line: false,
    unbounded_out_of_line: false,
    rights_in_descriptors: false,
    native_types: false,
    ret_code: false,
    kernel_ports: true,
};

const UNTYPED: Rules = Rules {
    integer_64: 3,
    real_64: 11,
    arrays_of_out_of_line: true,
    bounded_out_of_line: true,
    constant_out_of_line: true,
    unbounded_out_of_line: true,
    rights_in_descriptors: true,
    native_types: true,
    ret_code: true,
    kernel_ports: false,
};

impl Abi {
    /// CMU Mach 3.0 on i386, and every GNU Mach on i386.
    pub const GNUMACH_I386: Abi = Abi {
        name: "gnumach-i386",
        family: Family::Typed,
        header: 24,
        address: 4,
        port_item: 4,
        type_word: 4,
        long_type_word: 12,
        align: 4,
        c_align: 4,
        flavor_align: 4,
        ndr: false,
        sequence_number: true,
        predefined: &["__ILP32__"],
        machine: "i386",
        rules: TYPED,
    };

    /// GNU Mach on x86_64 since 2023.
    pub const GNUMACH_X86_64: Abi = Abi {
        name: "gnumach-x86_64",
        family: Family::Typed,
        header: 32,
        address: 8,
        port_item: 8,
        type_word: 8,
        long_type_word: 8,
        align: 8,
        c_align: 8,
        flavor_align: 8,
        ndr: false,
        sequence_number: true,
        predefined: &["__LP64__"],
        machine: "x86_64",
        rules: TYPED,
    };

    /// GNU Mach on x86_64 as Debian 12 packages it.
    pub const GNUMACH_X86_64_2022: Abi = Abi {
        name: "gnumach-x86_64-2022",
        family: Family::Typed,
        header: 32,
        address: 8,
        port_item: 4,
        type_word: 4,
        long_type_word: 12,
        align: 4,
        c_align: 8,
        flavor_align: 8,
        ndr: false,
        sequence_number: true,
        predefined: &["__LP64__", "GNUMACH_2022"],
        machine: "x86_64",
        rules: TYPED,
    };

    /// Darwin and OSF Mach, tasks of 64 bits.
    pub const DARWIN_LP64: Abi = Abi {
        name: "darwin-lp64",
        family: Family::Untyped,
        header: 24,
        address: 8,
        port_item: 12,
        type_word: 0,
        long_type_word: 0,
        align: 4,
        c_align: 8,
        flavor_align: 4,
        ndr: true,
        sequence_number: false,
        predefined: &["__LP64__", "_LP64", "__APPLE__", "__MACH__", "__MACH30__", "__LITTLE_ENDIAN__"],
        machine: "arm64",
        rules: UNTYPED,
    };

    /// Darwin and OSF Mach, tasks of 32 bits.
    pub const DARWIN_ILP32: Abi = Abi {
        name: "darwin-ilp32",
        predefined: &["__ILP32__", "_ILP32", "__APPLE__", "__MACH__", "__MACH30__", "__LITTLE_ENDIAN__"],
        machine: "i386",
        address: 4,
        c_align: 4,
        ..Abi::DARWIN_LP64
    };

    /// Every row.
    pub const ALL: [Abi; 5] =
        [Abi::GNUMACH_I386, Abi::GNUMACH_X86_64, Abi::GNUMACH_X86_64_2022, Abi::DARWIN_LP64, Abi::DARWIN_ILP32];

    /// The row with this name.
    pub fn find(name: &str) -> Option<Abi> {
        Abi::ALL.into_iter().find(|it| it.name == name)
    }

    /// The row for a target of the Rust compiler, from the architecture and operating system that Cargo tells build
    /// scripts (`CARGO_CFG_TARGET_ARCH`, `CARGO_CFG_TARGET_OS`, `CARGO_CFG_TARGET_POINTER_WIDTH`).
    pub fn of_target(arch: &str, os: &str, pointer_width: &str) -> Option<Abi> {
        match (os, arch) {
            ("macos" | "ios" | "tvos" | "watchos" | "visionos", _) if pointer_width == "64" => Some(Abi::DARWIN_LP64),
            ("macos" | "ios" | "tvos" | "watchos" | "visionos", _) => Some(Abi::DARWIN_ILP32),
            ("hurd", "x86_64") => Some(Abi::GNUMACH_X86_64),
            ("hurd", "x86") => Some(Abi::GNUMACH_I386),
            _ => None,
        }
    }

    /// Whether items describe themselves by type words, which have short and long forms.
    pub const fn has_type_words(&self) -> bool {
        self.type_word > 0
    }

    /// Its name as a Rust module: `gnumach_x86_64`.
    pub fn module(&self) -> String {
        self.name.replace('-', "_")
    }

    /// Its marker type in the support crate: `GnumachX8664`.
    pub fn marker(&self) -> &'static str {
        match self.name {
            "gnumach-i386" => "GnumachI386",
            "gnumach-x86_64" => "GnumachX8664",
            "gnumach-x86_64-2022" => "GnumachX8664v2022",
            "darwin-lp64" => "DarwinLp64",
            _ => "DarwinIlp32",
        }
    }

    /// The next position where an item may start.
    pub const fn round(&self, size: u32) -> u32 {
        size.next_multiple_of(self.align)
    }
}
