//! Layouts of untyped messages.
//!
//! Behind the header stand the descriptors of rights and memory with their number, if there are any; then an NDR record
//! and the data, if there are any. Every field is padded to a multiple of four bytes. A kernel's own view of a message
//! is not here: everything is as tasks see it.

mod sizes;

use mig_parser::diag::codes::constructors as codes;
use mig_parser::diag::{Diagnostic, Diagnostics};

use super::lower::{chosen, inline_kind, reply_port};
use super::{Complexity, Exchange, Field, FieldKind, HeaderPort, Message, Place, Transfer, Variable};
use crate::abi::Abi;
use crate::model::{Arg, Companion, Dealloc, Form, Interface, IpcName, Role, Routine, Sides, Subsystem, TypeId};
use crate::resolve::LARGEST;
use crate::types::TypeTable;

/// A definition's subsystem, the ABI it is laid out for, and what is known of sizes in C.
pub(super) struct Untyped<'a> {
    pub(super) interface: &'a Interface,
    pub(super) abi: &'a Abi,
    pub(super) subsystem: &'a Subsystem,
    pub(super) table: &'a TypeTable,
}

/// Bytes of a number, and of a name of a right in memory.
const NUMBER: u32 = 4;
/// Bytes of an NDR record.
const NDR: u32 = 8;
/// Bytes that a descriptor of memory has beside the address.
const MEMORY: u32 = 8;

impl Untyped<'_> {
    /// Every routine's messages; nothing if one of them has no layout.
    pub(super) fn lower(&self, diagnostics: &mut Diagnostics) -> Vec<Exchange> {
        let before = diagnostics.0.len();
        let routines = self.interface.routines.iter().enumerate();
        let exchanges: Vec<Exchange> = routines
            .map(|(index, it)| {
                self.check_natives(it, diagnostics);
                let exchange = self.exchange(index, it);
                check_size(it, &exchange, diagnostics);
                exchange
            })
            .collect();
        if diagnostics.0.len() == before { exchanges } else { Vec::new() }
    }

    fn exchange(&self, index: usize, routine: &Routine) -> Exchange {
        let id = self.subsystem.base + routine.number;
        let mut request = Layout::default();
        let mut reply = Layout::default();
        // A code that may be sent instead of a complex request takes no place in it.
        let complex = routine.sent().any(|it| self.interface.descriptors(it.ty) > 0);
        for (index, arg) in routine.args.iter().enumerate().filter(|(_, it)| it.role == Role::Data) {
            if arg.options.ret_code && complex {
                request.ndr = true;
            } else if arg.is_sent() {
                self.arg(&mut request, index, arg);
            } else if arg.options.count_in_out && !arg.options.same_count {
                request.number(&format!("{}Cnt", arg.name), FieldKind::Count, index);
            }
            if arg.is_returned() {
                self.arg(&mut reply, index, arg);
            }
        }
        // The code of a complex reply is that it is complex.
        reply.code = reply.descriptors == 0;
        let port = routine.request_port();
        Exchange {
            routine: index,
            request: request.finish(self.abi, id),
            reply: reply.finish(self.abi, id + 100),
            remote: chosen(self.interface.ty(port.ty).sent, &port.name),
            local: self.local(routine),
        }
    }

    /// How the reply port travels: as its type says, on whichever side the argument is, or as a right made for the call.
    fn local(&self, routine: &Routine) -> HeaderPort {
        let sent = |it: &Arg| self.interface.ty(it.ty).sent;
        let is_reply_port = |it: &&Arg| match it.role {
            Role::ReplyPort | Role::UserReplyPort => true,
            // Nobody at the client's side could choose.
            Role::ServerReplyPort => sent(it) != IpcName::Polymorphic,
            _ => false,
        };
        let port = routine.args.iter().rfind(is_reply_port);
        reply_port(routine, port.map(|it| chosen(sent(it), &it.name)))
    }

    /// Adds what a message has of an argument.
    fn arg(&self, layout: &mut Layout, index: usize, arg: &Arg) {
        if self.interface.descriptors(arg.ty) == 0 {
            return self.data(layout, index, arg);
        }
        self.descriptor(layout, index, arg);
        let companions = self.interface.companions(arg, Sides::User);
        let has = |it| companions.contains(&it);
        if has(Companion::Count) {
            layout.number(&format!("{}Cnt", arg.name), FieldKind::Length, index);
        }
        if has(Companion::SubCountsCount) {
            layout.length(&format!("{}SubsCnt", arg.name), index);
        }
        if has(Companion::SubCounts) {
            let max = self.interface.descriptors(arg.ty);
            let variable = self.interface.ty(arg.ty).variable.then_some(Variable { element: NUMBER, max });
            let name = format!("{}Subs", arg.name);
            let field = Field { variable, ..field(&name, NUMBER.saturating_mul(max), FieldKind::Lengths, Some(index)) };
            layout.loosen(variable.map_or(0, |_| field.size));
            layout.data.push(field);
        }
    }

    /// The descriptor of rights or memory, or one for each element.
    fn descriptor(&self, layout: &mut Layout, index: usize, arg: &Arg) {
        let ty = self.interface.ty(arg.ty);
        let descriptors = self.interface.descriptors(arg.ty);
        let is_array = matches!(self.interface.form(arg.ty).form, Form::Fixed(..) | Form::UpTo(..));
        let (kind, size) = match (ty.inline, ty.is_port()) {
            (true, _) if is_array => (FieldKind::PortArray(Place::Inline), self.abi.port_item),
            (true, _) => (FieldKind::Port, self.abi.port_item),
            (false, true) => (FieldKind::PortArray(Place::OutOfLine), self.abi.address + MEMORY),
            (false, false) => (FieldKind::OutOfLine, self.abi.address + MEMORY),
        };
        let memory = self.memory(arg.ty);
        let transfer = Transfer {
            sent: ty.is_port().then_some(ty.sent),
            expected: ty.is_port().then_some(ty.received),
            deallocate: if ty.inline { Dealloc::No } else { arg.options.dealloc },
            physical: arg.options.physical_copy,
            element: if ty.inline { 0 } else { memory.element },
            extent: if ty.inline { Some(descriptors) } else { memory.extent },
            counted: if ty.inline { ty.variable } else { memory.counted },
            shown_inline: memory.shown_inline,
            descriptors,
        };
        layout.ndr |= kind == FieldKind::OutOfLine;
        layout.descriptors = layout.descriptors.saturating_add(descriptors);
        let bytes = size.saturating_mul(descriptors);
        layout.described.push(Field { transfer: Some(transfer), ..field(&arg.name, bytes, kind, Some(index)) });
    }

    /// What one descriptor of memory is about.
    fn memory(&self, id: TypeId) -> Memory {
        let form = self.interface.form(id);
        let array = |of: TypeId, extent, counted| {
            let element = self.interface.ty(of).bytes();
            Memory { element, extent, counted, shown_inline: false }
        };
        match form.form {
            Form::OutOfLine(of) => Memory { shown_inline: false, ..self.memory(of) },
            Form::UpTo(of, _) | Form::Fixed(of, _) if !self.interface.ty(of).inline => self.memory(of),
            Form::Unbounded(of) => Memory { shown_inline: true, ..array(of, None, true) },
            Form::UpTo(of, max) => array(of, Some(max), true),
            Form::Fixed(of, count) => array(of, Some(count), false),
            Form::Text(count) => {
                Memory { element: 1, extent: Some(count), counted: form.variable, shown_inline: false }
            }
            _ => array(id, Some(1), false),
        }
    }

    /// An argument in line, with what stands in front of it and behind.
    fn data(&self, layout: &mut Layout, index: usize, arg: &Arg) {
        let ty = self.interface.ty(arg.ty);
        let kind = inline_kind(self.interface, ty);
        let (variable, size) = match self.interface.form(arg.ty).form {
            Form::UpTo(of, max) => {
                // C's stubs copy elements by the size that the definition gives them.
                let element = self.interface.ty(of).bytes();
                (Some(Variable { element, max }), element.saturating_mul(max))
            }
            Form::Text(max) if ty.variable => (Some(Variable { element: 1, max }), max),
            _ => (None, self.c_bytes(arg.ty)),
        };
        if kind == FieldKind::Text && variable.is_some() {
            layout.number(&format!("{}Offset", arg.name), FieldKind::Offset, index);
        }
        if variable.is_some() && !arg.options.same_count {
            layout.length(&format!("{}Cnt", arg.name), index);
        }
        // C pads by what the definition says, and then to a multiple of four by what the type is in C.
        let declared = if matches!(ty.form, Form::Native(_)) { 0 } else { ty.bytes() };
        let rounded = declared.next_multiple_of(self.abi.align);
        layout.loosen(if variable.is_some() { rounded } else { 0 });
        layout.ndr = true;
        layout.data.push(Field { variable, ..field(&arg.name, size, kind, Some(index)) });
        let end = size.saturating_add(rounded - declared).checked_next_multiple_of(self.abi.align);
        let pad = end.unwrap_or(u32::MAX) - size;
        if pad > 0 {
            layout.data.push(field(&format!("{}Pad", arg.name), pad, FieldKind::Pad, None));
        }
    }
}

/// What a descriptor of memory is about.
struct Memory {
    /// Bytes of an element.
    element: u32,
    /// How many there are, or can be.
    extent: Option<u32>,
    /// How many there are stands in the data.
    counted: bool,
    /// C shows it as an array in line.
    shown_inline: bool,
}

/// A message being laid out: what descriptors say and data apart, since descriptors come first whatever the order of
/// arguments is. Fields get their places at last. Sizes saturate; whatever comes near the limit is refused.
#[derive(Default)]
struct Layout {
    /// How many descriptors there are.
    descriptors: u32,
    described: Vec<Field>,
    data: Vec<Field>,
    /// There is something that the receiver may have to convert. C's stubs count data, also out of line, and numbers
    /// of elements; but no array of such numbers.
    ndr: bool,
    /// It is a reply with a code.
    code: bool,
    /// Bytes of the variable fields when they are full.
    loose: u32,
}

impl Layout {
    /// A number that goes with an argument.
    fn number(&mut self, name: &str, kind: FieldKind, arg: usize) {
        self.ndr = true;
        self.data.push(field(name, NUMBER, kind, Some(arg)));
    }

    /// The number of elements of the array behind it.
    fn length(&mut self, name: &str, arg: usize) {
        self.ndr = true;
        self.data.push(Field { counts_next: true, ..field(name, NUMBER, FieldKind::Length, Some(arg)) });
    }

    /// So many bytes need not be there.
    fn loosen(&mut self, bytes: u32) {
        self.loose = self.loose.saturating_add(bytes);
    }

    fn finish(self, abi: &Abi, id: u32) -> Message {
        let Layout { descriptors, described, data, ndr, code, loose } = self;
        let body = (descriptors > 0).then(|| field("msgh_body", NUMBER, FieldKind::DescriptorCount, None));
        let ndr = (ndr || code).then(|| field("NDR", NDR, FieldKind::Ndr, None));
        let code = code.then(|| field("RetCode", NUMBER, FieldKind::RetCode, None));
        let mut fields: Vec<Field> = body.into_iter().chain(described).chain(ndr).chain(code).chain(data).collect();
        let mut max = abi.header;
        for field in &mut fields {
            field.at = max;
            max = max.saturating_add(field.size);
        }
        let complexity = if descriptors > 0 { Complexity::Complex } else { Complexity::Simple };
        let min = max - loose.min(max);
        Message { id, sent: complexity, received: complexity, min, max, header: abi.header, descriptors, fields }
    }
}

/// A field whose place is not known yet.
fn field(name: &str, size: u32, kind: FieldKind, arg: Option<usize>) -> Field {
    Field { name: name.to_owned(), at: 0, size, kind, counts_next: false, arg, variable: None, transfer: None }
}

/// Descriptors, and sizes that C has, may make a message too large whose data in line are not.
fn check_size(routine: &Routine, exchange: &Exchange, diagnostics: &mut Diagnostics) {
    let most = exchange.request.max.max(exchange.reply.max);
    if u64::from(most) > LARGEST {
        diagnostics.push(
            Diagnostic::new(&codes::TOO_LARGE, routine.span, "a message of this routine is too large")
                .label(format!("more than {LARGEST} bytes"))
                .note("descriptors count, and sizes that C has for types")
                .help("send fewer elements, or one out-of-line array: `^ array[] of …`"),
        );
    }
}
