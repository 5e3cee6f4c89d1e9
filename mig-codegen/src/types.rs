//! What definitions do not say: Rust names, structures, signs, constants.
//!
//! A definition knows bits and counts. Everything else comes from type tables, TOML files with three parts:
//!
//! ```toml
//! [types.natural_t]            # a plain number: its sign
//! scalar = "u32"
//!
//! [types.vm_prot_t]            # a number with a type of your own, which implements `mig_rt::Form`
//! rust = "crate::Protection"
//! base = "i32"
//!
//! [types.dev_mode_t]           # a number with a type to be generated; unknown values survive
//! rust = "DeviceMode"
//! kind = "flags"               # or "choice"
//! base = "u32"
//! constants = { READ = 1, WRITE = 2 }
//!
//! [types.time_value_t]         # a structure; `type` is a number, `name`, `address`, `size` or another entry
//! rust = "TimeValue"
//! fields = [ { name = "seconds", type = "i32" }, { name = "microseconds", type = "i32", count = 1 } ]
//!
//! [types.kobject_t]            # what C's compiler says of a type, where definitions are known to be wrong
//! size = 16                    # bytes, or one number for each ABI: { gnumach-i386 = 12, gnumach-x86_64 = 16 }
//!
//! [flavors.HOST_BASIC_INFO]    # what the words of an information array mean
//! rust = "HostBasicInfo"
//! number = 1
//! routines = ["host_info"]     # who takes it; it is generated with them
//! words = 5                    # `words_lp64` where 64-bit machines have more
//! fields = [ … ]
//!
//! [constants.EXC]              # `EXC_BAD_ACCESS` and so on; also what `waittime` and `msgoption` may name
//! base = "i32"
//! values = { BAD_ACCESS = 1 }
//!
//! [constants.DARWIN_MACH]      # those of `MACH` that have another value in Darwin's headers
//! base = "u32"
//! values = { SEND_NOTIFY = 0x80 }
//!
//! [constants.D]                # codes that servers return
//! rust = "rt::KernReturn"
//! base = "i32"
//! values = { IO_ERROR = 2500 }
//! ```
//!
//! The name of a structure, flavor or number may begin with a module: `i386::ThreadState`.
//!
//! Later tables override earlier ones, and all of them the built-in one, which knows the numbers of the C library and
//! the types of the support crate.

mod reader;

use std::collections::BTreeMap;

use mig_parser::diag::Diagnostics;
use reader::Reader;
use toml::Table;

use crate::abi::Family;

/// Type tables, put together.
#[derive(Clone, Debug, Default)]
pub struct TypeTable {
    types: BTreeMap<String, Entry>,
    sizes: BTreeMap<String, Sizes>,
    flavors: BTreeMap<String, Flavor>,
    constants: BTreeMap<String, Constants>,
    /// Those of C's headers, which definitions may name. They are not generated.
    headers: BTreeMap<String, Constants>,
}

/// Bytes of a type in C.
#[derive(Clone, PartialEq, Debug, Default)]
struct Sizes {
    /// By name of the ABI.
    by_abi: BTreeMap<String, u32>,
    /// In every other ABI.
    elsewhere: Option<u32>,
}

/// What a table says of one type.
#[derive(Clone, PartialEq, Debug)]
pub enum Entry {
    /// A plain number.
    Number(Number),
    /// A type that exists elsewhere.
    Path {
        /// Its path; `rt::` is the support crate.
        rust: String,
        /// The number it travels as.
        base: Number,
    },
    /// A number with named values.
    Open(Open),
    /// A structure.
    Structure {
        /// Its name.
        rust: String,
        /// Its fields.
        fields: Vec<FieldEntry>,
    },
}

/// A number with named values, to be generated.
#[derive(Clone, PartialEq, Debug)]
pub struct Open {
    /// Its name.
    pub rust: String,
    /// Values combine as bits.
    pub flags: bool,
    /// The number inside.
    pub base: Number,
    /// Names and values, in the order of the values.
    pub constants: Vec<(String, i64)>,
}

/// A field of a structure.
#[derive(Clone, PartialEq, Debug)]
pub struct FieldEntry {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: FieldType,
    /// How many of them: 1, unless it is an array.
    pub count: u32,
}

/// Type of a field.
#[derive(Clone, PartialEq, Debug)]
pub enum FieldType {
    /// A number.
    Number(Number),
    /// What another entry, or the definition, says of this name.
    Named(String),
}

/// What the words of an information array mean.
#[derive(Clone, PartialEq, Debug)]
pub struct Flavor {
    /// Its name; `machine::` before it names a module.
    pub rust: String,
    /// The number that selects it.
    pub number: i64,
    /// The routines that take it; none: whichever.
    pub routines: Vec<String>,
    /// 32-bit words.
    pub words: u32,
    /// 32-bit words on machines of 64 bits.
    pub words_lp64: u32,
    /// Its fields.
    pub fields: Vec<FieldEntry>,
}

/// Named numbers that are no values of a type.
#[derive(Clone, PartialEq, Debug)]
pub struct Constants {
    /// They are codes that servers return.
    pub codes: bool,
    /// Their type.
    pub base: Number,
    /// Names, without the prefix, and values, in the order of the values.
    pub values: Vec<(String, i64)>,
}

/// Numbers, and what stands for one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[allow(missing_docs, reason = "named after Rust's types")]
pub enum Number {
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    U64,
    I64,
    F32,
    F64,
    /// 32 bits in messages.
    Bool,
    /// A port's name.
    Name,
    /// As wide as the ABI's addresses.
    Address,
    /// As wide as the ABI's addresses.
    Size,
}

impl Number {
    const ALL: &[(Number, &str, u32)] = &[
        (Number::U8, "u8", 8),
        (Number::I8, "i8", 8),
        (Number::U16, "u16", 16),
        (Number::I16, "i16", 16),
        (Number::U32, "u32", 32),
        (Number::I32, "i32", 32),
        (Number::U64, "u64", 64),
        (Number::I64, "i64", 64),
        (Number::F32, "f32", 32),
        (Number::F64, "f64", 64),
        (Number::Bool, "bool", 32),
        (Number::Name, "name", 32),
        (Number::Address, "address", 64),
        (Number::Size, "size", 64),
    ];

    /// As tables spell it, which is also the name of the cursor's method.
    pub fn text(self) -> &'static str {
        Number::ALL.iter().find(|it| it.0 == self).map_or("", |it| it.1)
    }

    /// Its bits in Rust.
    pub fn bits(self) -> u32 {
        Number::ALL.iter().find(|it| it.0 == self).map_or(0, |it| it.2)
    }

    /// The number that a table spells so.
    pub fn find(text: &str) -> Option<Number> {
        Number::ALL.iter().find(|it| it.1 == text).map(|it| it.0)
    }

    /// The integer of this many bits and the same sign; itself if it is no integer.
    pub fn with_bits(self, bits: u32) -> Number {
        let signed = matches!(self, Number::I8 | Number::I16 | Number::I32 | Number::I64);
        let unsigned = matches!(self, Number::U8 | Number::U16 | Number::U32 | Number::U64);
        match (signed, unsigned, bits) {
            (true, _, 8) => Number::I8,
            (true, _, 16) => Number::I16,
            (true, _, 32) => Number::I32,
            (true, _, 64) => Number::I64,
            (_, true, 8) => Number::U8,
            (_, true, 16) => Number::U16,
            (_, true, 32) => Number::U32,
            (_, true, 64) => Number::U64,
            _ => self,
        }
    }
}

/// The built-in table.
const STANDARD: &str = include_str!("types/standard.toml");

impl TypeTable {
    /// The built-in table.
    pub fn standard() -> TypeTable {
        let mut table = TypeTable::default();
        let mut diagnostics = Diagnostics::default();
        table.add("the built-in type table", STANDARD, &mut diagnostics);
        debug_assert!(diagnostics.0.is_empty(), "{diagnostics:?}");
        table.headers = std::mem::take(&mut table.constants);
        table
    }

    /// Adds a table, whose entries override earlier ones. `file` is what diagnostics call it.
    pub fn add(&mut self, file: &str, text: &str, diagnostics: &mut Diagnostics) {
        let mut reader = Reader { file, diagnostics };
        let parsed = match text.parse::<Table>() {
            Ok(it) => it,
            Err(it) => return reader.wrong(&syntax_error(text, &it)),
        };
        for (part, entries) in &parsed {
            let Some(entries) = entries.as_table() else {
                reader.wrong(&format!("`{part}` is not a table"));
                continue;
            };
            for (name, entry) in entries {
                let key = format!("{part}.{name}");
                let Some(entry) = entry.as_table() else {
                    reader.wrong(&format!("`{key}` is not a table"));
                    continue;
                };
                match part.as_str() {
                    "types" => {
                        self.sizes.extend(reader.sizes(&key, entry).map(|it| (name.clone(), it)));
                        self.types.extend(reader.entry(&key, entry).map(|it| (name.clone(), it)));
                    }
                    "flavors" => self.flavors.extend(reader.flavor(&key, entry).map(|it| (name.clone(), it))),
                    "constants" => self.constants.extend(reader.constants(&key, entry).map(|it| (name.clone(), it))),
                    _ => {
                        reader.wrong(&format!("`{part}` is not one of `types`, `flavors`, `constants`"));
                        break;
                    }
                }
            }
        }
    }

    /// What is known of a type.
    pub fn get(&self, name: &str) -> Option<&Entry> {
        self.types.get(name)
    }

    /// Bytes that C gives a type in an ABI, if a table says so.
    pub fn size(&self, name: &str, abi: &str) -> Option<u32> {
        let sizes = self.sizes.get(name)?;
        sizes.by_abi.get(abi).copied().or(sizes.elsewhere)
    }

    /// States how many bytes C gives a type, in one ABI or in all.
    pub fn set_size(&mut self, name: &str, abi: Option<&str>, bytes: u32) {
        let sizes = self.sizes.entry(name.to_owned()).or_default();
        match abi {
            Some(abi) => _ = sizes.by_abi.insert(abi.to_owned(), bytes),
            None => *sizes = Sizes { elsewhere: Some(bytes), ..Sizes::default() },
        }
    }

    /// Every flavor, by C name.
    pub fn flavors(&self) -> impl Iterator<Item = (&String, &Flavor)> {
        self.flavors.iter()
    }

    /// Every group of constants that is to be generated, by prefix.
    pub fn constants(&self) -> impl Iterator<Item = (&String, &Constants)> {
        self.constants.iter()
    }

    /// The value of a constant in the headers of a family, by its C name: prefix, underscore, name. Where Darwin's
    /// headers differ from those of Mach 3.0, the prefix begins with `DARWIN_` here.
    pub fn constant(&self, name: &str, family: Family) -> Option<i64> {
        let find = |name: &str| {
            self.constants.iter().chain(&self.headers).find_map(|(prefix, group)| {
                let rest = name.strip_prefix(prefix.as_str())?.strip_prefix('_')?;
                group.values.iter().find(|it| it.0 == rest).map(|it| it.1)
            })
        };
        let darwin = (family == Family::Untyped).then(|| find(&format!("DARWIN_{name}"))).flatten();
        darwin.or_else(|| find(name))
    }
}

/// What a TOML parser says, in one line.
pub(crate) fn syntax_error(text: &str, error: &toml::de::Error) -> String {
    let before = error.span().and_then(|it| text.get(..it.start));
    let place = before.map_or(String::new(), |it| {
        let column = it.chars().rev().take_while(|it| *it != '\n').count() + 1;
        format!("line {}, column {column}: ", it.matches('\n').count() + 1)
    });
    format!("{place}{}", error.message().replace('\n', ", "))
}
