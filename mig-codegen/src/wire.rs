//! Where every byte is.
//!
//! Offsets assume that every variable field before is full. After this stage nothing looks at an ABI: what differs
//! between them is in the numbers of the fields.

pub mod dump;
pub mod json;
pub mod lower;
pub mod svg;
mod typed;
mod untyped;

pub use lower::lower;

use crate::model::{Dealloc, IpcName};

/// Layouts of one routine's messages.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Exchange {
    /// Index into [`Interface::routines`](crate::model::Interface::routines).
    pub routine: usize,
    /// The request.
    pub request: Message,
    /// The reply. Nobody receives that of a simpleroutine; a server makes it all the same, with a code and no more.
    pub reply: Message,
    /// How the request port travels.
    pub remote: HeaderPort,
    /// How the reply port travels.
    pub local: HeaderPort,
}

/// How a port of the header travels.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum HeaderPort {
    /// With this disposition; 0 if there is none.
    Fixed(u32),
    /// With one that the caller of this argument chooses.
    Chosen(String),
}

/// A layout.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Message {
    /// Its id.
    pub id: u32,
    /// Whether its sender marks it complex.
    pub sent: Complexity,
    /// What its receiver expects of that.
    pub received: Complexity,
    /// Bytes with every variable field empty. An indefinite array counts as empty, even if it goes out of line.
    pub min: u32,
    /// Bytes with every variable field full.
    pub max: u32,
    /// Bytes of the header, where the fields begin.
    pub header: u32,
    /// Descriptors of rights and memory in front of the data; 0 where items describe themselves.
    pub descriptors: u32,
    /// In the order of the message.
    pub fields: Vec<Field>,
}

/// Whether a message carries rights or out-of-line memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Complexity {
    /// Never.
    Simple,
    /// Always.
    Complex,
    /// Its sender decides.
    RunTime,
}

/// A field.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Field {
    /// The argument's name, with a suffix for what goes with it.
    pub name: String,
    /// Bytes from the start of the message.
    pub at: u32,
    /// Its bytes, if it is variable: the most.
    pub size: u32,
    /// What it is.
    pub kind: FieldKind,
    /// It is the count of the field behind it.
    pub counts_next: bool,
    /// Index into [`Routine::args`](crate::model::Routine::args).
    pub arg: Option<usize>,
    /// How far its size varies.
    pub variable: Option<Variable>,
    /// What its descriptor says, in the family that has descriptors: the field is the descriptor then, or several.
    pub transfer: Option<Transfer>,
}

/// A field of variable size.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Variable {
    /// Bytes of an element.
    pub element: u32,
    /// Elements in line at most.
    pub max: u32,
}

/// What a field is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FieldKind {
    /// What the item behind it is.
    TypeWord(TypeWord),
    /// A right.
    Port,
    /// An array of rights.
    PortArray(Place),
    /// Data out of line.
    OutOfLine,
    /// Data in line up to a limit, out of line above.
    Indefinite,
    /// How many descriptors follow.
    DescriptorCount,
    /// How the sender writes numbers.
    Ndr,
    /// The code of a reply.
    RetCode,
    /// A number.
    Scalar,
    /// A structure, or an array that C passes by value.
    Struct,
    /// An array.
    Array,
    /// How many elements the caller has room for in the array of this argument.
    Count,
    /// How many elements the array of this argument has: in front of it, if it is in line.
    Length,
    /// How many elements each of an array of out-of-line arrays has.
    Lengths,
    /// Where a string begins: always 0.
    Offset,
    /// A string.
    Text,
    /// Bytes up to the next position of a field.
    Pad,
}

/// Where an array of rights stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// In the message.
    Inline,
    /// In memory of its own.
    OutOfLine,
    /// In the message up to a limit.
    Indefinite,
}

/// A type word.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TypeWord {
    /// What the sender writes before it fills in numbers and names that vary.
    pub sent: Descriptor,
    /// What the receiver expects.
    pub expected: Descriptor,
    /// The receiver compares the whole word; otherwise all but the number, the deallocate bit and unused bits.
    pub whole: bool,
}

/// The meaning of a type word, and its bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Descriptor {
    /// What the elements are.
    pub name: IpcName,
    /// Bits of an element.
    pub bits: u32,
    /// How many.
    pub number: u32,
    /// In the message.
    pub inline: bool,
    /// In the long form.
    pub long: bool,
    /// Taken from the sender.
    pub deallocate: bool,
    /// As it stands in the message.
    pub bytes: Vec<u8>,
}

/// What a descriptor of an untyped message says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Transfer {
    /// How the right travels, or each right of the array; `None` for memory.
    pub sent: Option<IpcName>,
    /// What its receiver expects of that.
    pub expected: Option<IpcName>,
    /// Whether memory leaves its sender.
    pub deallocate: Dealloc,
    /// Memory is copied at once, not when it is written to.
    pub physical: bool,
    /// Bytes of an element of what is out of line; 0 for a right that is not.
    pub element: u32,
    /// Elements that are always there, or that a counted array has at most; `None` if nothing bounds them.
    pub extent: Option<u32>,
    /// How many there are is counted by a field of its own.
    pub counted: bool,
    /// C shows out-of-line memory as an array in line.
    pub shown_inline: bool,
    /// Descriptors that the field consists of.
    pub descriptors: u32,
}

/// A type word and what it describes.
#[derive(Clone, Copy, Debug)]
pub struct Item<'a> {
    /// The type word; `None` where the family has none.
    pub word: Option<&'a TypeWord>,
    /// The data.
    pub data: &'a Field,
}

impl Message {
    /// The items in the order of the message: each statement of a stub is one.
    pub fn items(&self) -> impl Iterator<Item = Item<'_>> {
        let mut word = None;
        self.fields.iter().filter_map(move |field| match &field.kind {
            FieldKind::TypeWord(it) => {
                word = Some(it);
                None
            }
            // What belongs to the field behind it, or says nothing that varies.
            FieldKind::Pad | FieldKind::Offset | FieldKind::DescriptorCount => None,
            FieldKind::Length if field.counts_next => None,
            _ => Some(Item { word: word.take(), data: field }),
        })
    }

    /// Whether some field varies in size.
    pub fn is_variable(&self) -> bool {
        self.fields.iter().any(|it| it.variable.is_some())
    }
}
