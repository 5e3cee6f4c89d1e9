//! Layouts as tables in text: what `layout` and `emit wire` print, and what tests store.
//!
//! ```text
//! subsystem demo 4200 in gnumach-i386: header of 24 bytes, items at multiples of 4
//!
//! routine demo_store
//!   request 4200: 48 to 112 bytes, simple; to COPY_SEND, reply by MAKE_SEND_ONCE
//!            at  size   kind       name       contents
//!             0  24     header
//!            24  4      type word  levelType  INTEGER_32 × 1, in line  [02 20 01 10]
//!            28  4      number     level      int
//!            32  4      type word  nameType   CHAR × up to 64, in line  [08 08 40 10]
//!            36  0..64  array      name       name_t: up to 64 elements of 1 byte
//!    after name  0..3   padding    namePad
//! ```
//!
//! Behind a field of variable size, positions count from its end. A port or memory of an untyped message is its
//! descriptor.

use std::fmt::Write;

use super::{
    Complexity, Descriptor, Exchange, Field, FieldKind, HeaderPort, Message, Place, Transfer, TypeWord, Variable,
};
use crate::abi::Abi;
use crate::model::{Arg, Dealloc, Form, Interface, IpcName, Routine, Type};

/// The layouts of a subsystem's messages in one ABI.
pub fn text(interface: &Interface, abi: &Abi, exchanges: &[Exchange]) -> String {
    let name = match &interface.subsystem {
        Some(it) => format!("subsystem {} {}", it.name, it.base),
        None => "no subsystem".to_owned(),
    };
    let (header, align) = (abi.header, abi.align);
    let mut out = format!("{name} in {}: header of {header} bytes, items at multiples of {align}\n", abi.name);
    for exchange in exchanges {
        let routine = &interface.routines[exchange.routine];
        let kind = if routine.one_way { "simpleroutine" } else { "routine" };
        out += &format!("\n{kind} {}\n", routine.name);
        let ports = ports(exchange);
        write_message(
            &mut out,
            "request",
            &ports,
            &rows(interface, abi, routine, &exchange.request),
            &exchange.request,
        );
        if !routine.one_way {
            write_message(&mut out, "reply", "", &rows(interface, abi, routine, &exchange.reply), &exchange.reply);
        }
    }
    out
}

/// One field as it is shown.
pub(super) struct Row {
    pub(super) at: Position,
    /// Bytes, least and most.
    pub(super) size: (u32, u32),
    pub(super) role: Role,
    pub(super) kind: &'static str,
    pub(super) name: String,
    /// What the bytes mean, in words.
    pub(super) contents: String,
    /// The bytes of a type word.
    pub(super) bytes: String,
}

/// Where a field begins.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Position {
    /// So many bytes from the start of the message.
    At(u32),
    /// So many bytes behind the end of a field of variable size.
    After(String, u32),
}

/// What a field is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Role {
    Header,
    TypeWord,
    Port,
    Data,
    OutOfLine,
    Padding,
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Position::At(it) => write!(f, "{it}"),
            Position::After(name, 0) => write!(f, "after {name}"),
            Position::After(name, bytes) => write!(f, "after {name} + {bytes}"),
        }
    }
}

/// `48 to 112 bytes, complex`
pub(super) fn size_and_complexity(message: &Message) -> String {
    let size = match message.min == message.max {
        true => format!("{} bytes", message.max),
        false => format!("{} to {} bytes", message.min, message.max),
    };
    let complexity = match message.sent {
        Complexity::Simple => "simple",
        Complexity::Complex => "complex",
        Complexity::RunTime => "perhaps complex",
    };
    format!("{size}, {complexity}")
}

fn ports(exchange: &Exchange) -> String {
    let local = match &exchange.local {
        HeaderPort::Fixed(0) => String::new(),
        it => format!(", reply by {}", header_port(it)),
    };
    format!("; to {}{local}", header_port(&exchange.remote))
}

/// How a port of the header travels.
pub(super) fn header_port(it: &HeaderPort) -> String {
    match it {
        HeaderPort::Fixed(0) => "nothing".to_owned(),
        HeaderPort::Fixed(it) => ipc_name(IpcName::Number(*it), 32),
        HeaderPort::Chosen(arg) => format!("what `{arg}` chooses"),
    }
}

fn write_message(out: &mut String, what: &str, ports: &str, rows: &[Row], message: &Message) {
    *out += &format!("  {what} {}: {}{ports}\n", message.id, size_and_complexity(message));
    let size = |(min, max): (u32, u32)| if min == max { max.to_string() } else { format!("{min}..{max}") };
    let mut table = vec![["at", "size", "kind", "name", "contents"].map(str::to_owned)];
    table.push(["0", &message.header.to_string(), "header", "", ""].map(str::to_owned));
    table.extend(rows.iter().map(|it| {
        let bytes = if it.bytes.is_empty() { String::new() } else { format!("  [{}]", it.bytes) };
        [it.at.to_string(), size(it.size), it.kind.to_owned(), it.name.clone(), format!("{}{bytes}", it.contents)]
    }));
    let width = |column: usize| table.iter().map(|it| it[column].chars().count()).max().unwrap_or(0);
    let widths = [width(0), width(1), width(2), width(3)];
    for [at, size, kind, name, contents] in &table {
        let [w0, w1, w2, w3] = widths;
        let line = format!("    {at:>w0$}  {size:<w1$}  {kind:<w2$}  {name:<w3$}  {contents}");
        out.push_str(line.trim_end());
        out.push('\n');
    }
}

/// The fields of a message; its header is not among them.
pub(super) fn rows(interface: &Interface, abi: &Abi, routine: &Routine, message: &Message) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    let mut after: Option<(String, u32)> = None;
    for (index, field) in message.fields.iter().enumerate() {
        if field.kind == FieldKind::Pad && index > 0 && message.fields[index - 1].variable.is_some() {
            // The row of the field before has said how much padding there may be.
            after = after.map(|(name, _)| (name, field.at + field.size));
            continue;
        }
        let at = match &after {
            None => Position::At(field.at),
            Some((name, end)) => Position::After(name.clone(), field.at - end),
        };
        // The type word of a count says nothing about the elements that are counted.
        let counts = message.fields.get(index + 1).is_some_and(|it| it.kind == FieldKind::Count);
        rows.push(row(interface, routine, (message, field), at, counts));
        if let Some(variable) = field.variable {
            let mut last = field.name.clone();
            if variable.element % abi.align != 0 {
                let row = padding(Position::After(last, 0), (0, abi.align - 1), field);
                last = row.name.clone();
                rows.push(row);
            }
            after = Some((last, field.at + field.size));
        }
    }
    rows
}

fn padding(at: Position, size: (u32, u32), field: &Field) -> Row {
    let (name, contents, bytes) = (format!("{}Pad", field.name), String::new(), String::new());
    Row { at, size, role: Role::Padding, kind: "padding", name, contents, bytes }
}

/// `counts`: it is the type word of a count.
fn row(
    interface: &Interface,
    routine: &Routine,
    (message, field): (&Message, &Field),
    at: Position,
    counts: bool,
) -> Row {
    let arg = field.arg.map(|it| &routine.args[it]);
    let (role, kind) = role(&field.kind);
    let min = if field.variable.is_some() { 0 } else { field.size };
    let (mut contents, mut bytes) = (contents(interface, field, arg, message.descriptors), String::new());
    if let FieldKind::TypeWord(word) = &field.kind {
        let arg = arg.filter(|_| !counts);
        contents = type_word(word, arg.map(|it| (interface.ty(it.ty), it.options.dealloc)));
        for (index, byte) in word.sent.bytes.iter().enumerate() {
            let space = if index > 0 { " " } else { "" };
            write!(bytes, "{space}{byte:02x}").expect("a string takes whatever is written");
        }
    }
    Row { at, size: (min, field.size), role, kind, name: field.name.clone(), contents, bytes }
}

fn role(kind: &FieldKind) -> (Role, &'static str) {
    match kind {
        FieldKind::TypeWord(_) => (Role::TypeWord, "type word"),
        FieldKind::Port => (Role::Port, "port"),
        FieldKind::PortArray(Place::Inline) => (Role::Port, "ports"),
        FieldKind::PortArray(Place::OutOfLine) => (Role::OutOfLine, "ports out of line"),
        FieldKind::PortArray(Place::Indefinite) => (Role::Port, "ports or address"),
        FieldKind::OutOfLine => (Role::OutOfLine, "out of line"),
        FieldKind::Indefinite => (Role::Data, "data or address"),
        FieldKind::Ndr => (Role::Data, "NDR record"),
        FieldKind::RetCode => (Role::Data, "code"),
        FieldKind::Scalar => (Role::Data, "number"),
        FieldKind::Struct => (Role::Data, "structure"),
        FieldKind::Array => (Role::Data, "array"),
        FieldKind::DescriptorCount | FieldKind::Count | FieldKind::Length => (Role::Data, "count"),
        FieldKind::Lengths => (Role::Data, "counts"),
        FieldKind::Offset => (Role::Data, "offset"),
        FieldKind::Text => (Role::Data, "text"),
        FieldKind::Pad => (Role::Padding, "padding"),
    }
}

/// What the bytes of a field are, but for type words.
fn contents(interface: &Interface, field: &Field, arg: Option<&Arg>, descriptors: u32) -> String {
    let ty = arg.map(|it| interface.ty(it.ty));
    let name = |it: Option<&Arg>| it.map_or(String::new(), |it| it.name.clone());
    let what = match (&field.kind, &field.transfer, field.variable) {
        (FieldKind::Pad, ..) => return String::new(),
        (FieldKind::RetCode, ..) => return "0 or an error".to_owned(),
        (FieldKind::Ndr, ..) => return "how the sender writes numbers".to_owned(),
        (FieldKind::Count, ..) => return format!("room for elements of {}", name(arg)),
        (FieldKind::Length, ..) => return format!("elements of {}", name(arg)),
        (FieldKind::Lengths, ..) => return format!("elements of each of {}", name(arg)),
        (FieldKind::Offset, ..) => return "0".to_owned(),
        (FieldKind::DescriptorCount, ..) => return plural(descriptors, "descriptor"),
        (_, Some(it), _) => Some(transfer(it, ty.is_some_and(|it| it.variable))),
        (_, None, Some(Variable { element, max })) => {
            let counted = if arg.is_some_and(|it| it.options.same_count) { ", as many as before" } else { "" };
            Some(format!("up to {} of {}{counted}", plural(max, "element"), plural(element, "byte")))
        }
        (_, None, None) => None,
    };
    let named = ty.and_then(|it| match (&it.name, &it.form) {
        (None, Form::Native(native)) => Some(native.ty.clone()),
        (name, _) => name.clone(),
    });
    [named, what].into_iter().flatten().collect::<Vec<_>>().join(": ")
}

/// `1 byte`, `2 bytes`
fn plural(count: u32, unit: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{s}")
}

/// A descriptor in words: `COPY_SEND × up to 4, received as PORT_SEND`, `up to 10 elements of 12 bytes, deallocated`.
/// `variable`: not all descriptors of an array need be in use.
fn transfer(it: &Transfer, variable: bool) -> String {
    let mut text = match (it.element, it.descriptors) {
        (0, _) | (_, 1) => String::new(),
        (_, count) => format!("{}{count} times ", if variable { "up to " } else { "" }),
    };
    let how_many = match (it.counted, it.extent) {
        (true, Some(most)) => format!("up to {most}"),
        (_, None) => "any number".to_owned(),
        (false, Some(count)) => count.to_string(),
    };
    text += &match (it.sent, it.extent) {
        (Some(sent), Some(1)) if it.element == 0 => ipc_name(sent, 32),
        (Some(sent), _) => format!("{} × {how_many}", ipc_name(sent, 32)),
        (None, extent) => {
            let of = if extent.is_none() { " of" } else { "" };
            let unit = if extent == Some(1) { "element" } else { "elements" };
            format!("{how_many}{of} {unit} of {}", plural(it.element, "byte"))
        }
    };
    text += deallocated(it.deallocate);
    if it.physical {
        text += ", copied at once";
    }
    if let Some(expected) = it.expected.filter(|expected| it.sent != Some(*expected)) {
        text += &format!(", received as {}", received_name(expected, 32));
    }
    text
}

fn deallocated(it: Dealloc) -> &'static str {
    match it {
        Dealloc::No => "",
        Dealloc::Yes => ", deallocated",
        Dealloc::RunTime => ", deallocated if the sender says so",
    }
}

/// A type word in words: `CHAR × up to 64, in line`.
fn type_word(word: &TypeWord, arg: Option<(&Type, Dealloc)>) -> String {
    let Descriptor { name, bits, number, inline, long, deallocate, .. } = &word.sent;
    let mut text = ipc_name(*name, *bits);
    text += &match (arg.is_some_and(|it| it.0.variable), number) {
        (true, 0) => " × any number".to_owned(),
        (true, it) => format!(" × up to {it}"),
        (false, it) => format!(" × {it}"),
    };
    text += match inline {
        true if arg.is_some_and(|it| it.0.is_unbounded()) => ", more out of line",
        true => ", in line",
        false => ", out of line",
    };
    if *long {
        text += ", long";
    }
    text += match arg {
        Some((_, Dealloc::RunTime)) => deallocated(Dealloc::RunTime),
        _ => deallocated(if *deallocate { Dealloc::Yes } else { Dealloc::No }),
    };
    if word.expected.name != *name {
        text += &format!(", received as {}", received_name(word.expected.name, *bits));
    }
    text
}

/// What the kernel calls an element that is sent.
pub(super) fn ipc_name(name: IpcName, bits: u32) -> String {
    let IpcName::Number(number) = name else { return "polymorphic".to_owned() };
    let known = match (number, bits) {
        (0, 1) => "BIT",
        (0, 32) => "BOOLEAN",
        (0, _) => "UNSTRUCTURED",
        (1, 16) => "INTEGER_16",
        (2, 32) => "INTEGER_32",
        (8, 8) => "CHAR",
        (9, 8) => "BYTE",
        (11, 64) => "INTEGER_64",
        (10, _) => "REAL",
        (12, _) => "STRING",
        (15, _) => "PORT_NAME",
        (16, _) => "MOVE_RECEIVE",
        (17, _) => "MOVE_SEND",
        (18, _) => "MOVE_SEND_ONCE",
        (19, _) => "COPY_SEND",
        (20, _) => "MAKE_SEND",
        (21, _) => "MAKE_SEND_ONCE",
        _ => return format!("type {number} of {bits} bits"),
    };
    match number {
        0 if bits != 1 && bits != 32 => format!("{known} of {bits} bits"),
        10 | 12 => format!("{known} of {bits} bits"),
        _ => known.to_owned(),
    }
}

/// What the kernel calls an element that has arrived.
fn received_name(name: IpcName, bits: u32) -> String {
    match name {
        IpcName::Number(16) => "PORT_RECEIVE".to_owned(),
        IpcName::Number(17) => "PORT_SEND".to_owned(),
        IpcName::Number(18) => "PORT_SEND_ONCE".to_owned(),
        it => ipc_name(it, bits),
    }
}
