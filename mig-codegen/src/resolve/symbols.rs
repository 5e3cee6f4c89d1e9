//! The kinds of data that the kernel has names for.

use mig_parser::dialect::Dialect;

use crate::abi::Abi;
use crate::model::IpcName;

/// What a symbol stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Symbol {
    pub(super) sent: IpcName,
    pub(super) received: IpcName,
    /// Bits, if the symbol alone says it.
    pub(super) bits: Option<u32>,
}

/// Bits of a symbol in the table.
#[derive(Clone, Copy)]
enum Bits {
    Unknown,
    Are(u32),
    /// Those of a port in a message, which differ by ABI.
    Port,
}
use Bits::{Are, Port, Unknown};

/// −1 stands for the polymorphic name, as in C.
const TABLE: &[(&str, i32, i32, Bits)] = &[
    ("UNSTRUCTURED", 0, 0, Unknown),
    ("BIT", 0, 0, Are(1)),
    ("BOOLEAN", 0, 0, Are(32)),
    ("INTEGER_8", 9, 9, Are(8)),
    ("INTEGER_16", 1, 1, Are(16)),
    ("INTEGER_32", 2, 2, Are(32)),
    ("REAL", 10, 10, Unknown),
    ("REAL_32", 10, 10, Are(32)),
    ("CHAR", 8, 8, Are(8)),
    ("BYTE", 9, 9, Are(8)),
    ("STRING", 12, 12, Unknown),
    ("STRING_C", 12, 12, Unknown),
    ("MOVE_RECEIVE", 16, 16, Port),
    ("MOVE_SEND", 17, 17, Port),
    ("MOVE_SEND_ONCE", 18, 18, Port),
    ("COPY_SEND", 19, 17, Port),
    ("MAKE_SEND", 20, 17, Port),
    ("MAKE_SEND_ONCE", 21, 18, Port),
    ("PORT_NAME", 15, 15, Are(32)),
    ("PORT_RECEIVE", -1, 16, Port),
    ("PORT_SEND", -1, 17, Port),
    ("PORT_SEND_ONCE", -1, 18, Port),
    ("POLYMORPHIC", -1, -1, Port),
    // Mach 2.5
    ("PORT", 17, 17, Port),
    ("PORT_ALL", 16, 16, Port),
    ("INTERNAL_MEMORY", 9, 9, Are(8)),
];

/// Number of the kind that C ends with a NUL.
pub(super) const STRING: u32 = 12;

/// The symbol with this name, as the parser tells symbols from type names.
pub(super) fn find(text: &str, abi: &Abi, dialect: Option<Dialect>) -> Option<Symbol> {
    let keyword = text.eq_ignore_ascii_case("polymorphic");
    let short = match keyword {
        true => "POLYMORPHIC",
        false => text.strip_prefix("MACH_MSG_TYPE_").or_else(|| text.strip_prefix("MSG_TYPE_"))?,
    };
    let wide = match short {
        "INTEGER_64" => Some(abi.rules.integer_64),
        "REAL_64" => Some(abi.rules.real_64),
        _ => None,
    };
    if let Some(it) = wide.map(IpcName::Number) {
        return Some(Symbol { sent: it, received: it, bits: Some(64) });
    }
    let (_, sent, received, bits) = TABLE.iter().find(|it| it.0 == short)?;
    let name = |it: i32| u32::try_from(it).map_or(IpcName::Polymorphic, IpcName::Number);
    let bits = match bits {
        // The compilers of typed messages know the size of the keyword, and not that of the symbol.
        Port if short == "POLYMORPHIC" && !keyword && is_typed(dialect) => None,
        Unknown => None,
        Are(it) => Some(*it),
        Port => Some(port_bits(abi)),
    };
    Some(Symbol { sent: name(*sent), received: name(*received), bits })
}

fn is_typed(dialect: Option<Dialect>) -> bool {
    matches!(dialect, Some(Dialect::Mach3 | Dialect::Gnu))
}

/// Bits of a port in line. An untyped message has descriptors instead, whose names are 32 bits.
pub(super) fn port_bits(abi: &Abi) -> u32 {
    if abi.has_type_words() { abi.port_item * 8 } else { 32 }
}

/// Whether a symbol stands for truth values.
pub(super) fn is_truth(text: &str) -> bool {
    matches!(text, "MACH_MSG_TYPE_BOOLEAN" | "MSG_TYPE_BOOLEAN")
}

/// Whether a symbol stands for numbers with a point.
pub(super) fn is_real(text: &str) -> bool {
    let of = |prefix| text.strip_prefix(prefix).is_some_and(|it| it.starts_with("REAL"));
    of("MACH_MSG_TYPE_") || of("MSG_TYPE_")
}
