//! Layouts of typed messages.
//!
//! Every item is a type word, the data, and padding to the ABI's alignment.

use mig_parser::diag::codes::output as codes;
use mig_parser::diag::{Diagnostic, Diagnostics};

use super::lower::{chosen, inline_kind, reply_port};
use super::{Complexity, Descriptor, Exchange, Field, FieldKind, HeaderPort, Message, Place, TypeWord, Variable};
use crate::abi::Abi;
use crate::model::{Arg, ArgOptions, Class, Dealloc, Flow, Form, Interface, IpcName, Role, Routine, Subsystem, Type};
use crate::resolve::is_long;

/// A definition's subsystem and the ABI it is laid out for.
pub(super) struct Typed<'a> {
    pub(super) interface: &'a Interface,
    pub(super) abi: &'a Abi,
    pub(super) subsystem: &'a Subsystem,
}

/// Bytes of an indefinite array that go in line at most.
const INLINE_LIMIT: u32 = 2048;

impl Typed<'_> {
    pub(super) fn lower(&self, diagnostics: &mut Diagnostics) -> Vec<Exchange> {
        let routines = self.interface.routines.iter().enumerate();
        routines.map(|(index, it)| self.exchange(index, it, diagnostics)).collect()
    }

    fn exchange(&self, index: usize, routine: &Routine, diagnostics: &mut Diagnostics) -> Exchange {
        let id = self.subsystem.base + routine.number;
        let mut request = Layout::new(self.abi, id);
        let mut reply = Layout::new(self.abi, id + 100);
        reply.ret_code();
        for (arg_index, arg) in routine.args.iter().enumerate().filter(|(_, it)| it.role == Role::Data) {
            let ty = self.interface.ty(arg.ty);
            if arg.flow != Flow::Out {
                request.item(self, arg_index, arg, ty, false);
            } else if arg.options.count_in_out {
                request.room(arg_index, arg);
            }
            if arg.flow != Flow::In {
                reply.item(self, arg_index, arg, ty, self.subsystem.kernel_server);
            }
        }
        for layout in [&request, &reply] {
            self.check_displacement(layout, routine, diagnostics);
        }
        let port = self.interface.ty(routine.request_port().ty);
        Exchange {
            routine: index,
            request: request.finish(),
            reply: reply.finish(),
            remote: chosen(port.sent, &routine.request_port().name),
            local: self.local(routine),
        }
    }

    /// How the reply port travels: the argument's way, or a right made for the call.
    fn local(&self, routine: &Routine) -> HeaderPort {
        let port = routine.find(Role::ReplyPort).or(routine.find(Role::UserReplyPort));
        reply_port(routine, port.map(|it| chosen(self.interface.ty(it.ty).sent, &it.name)))
    }

    /// GNU MIG's C structures put the field behind a variable array too late if the array's maximum does not end
    /// where a field may start. Its stubs agree with each other, and cut the message's end off.
    fn check_displacement(&self, layout: &Layout<'_>, routine: &Routine, diagnostics: &mut Diagnostics) {
        let data = || layout.fields.iter().filter(|it| !matches!(it.kind, FieldKind::Pad | FieldKind::TypeWord(_)));
        let last = data().next_back().map(|it| it.at);
        for field in data().filter(|it| it.variable.is_some() && Some(it.at) != last) {
            let unit = self.abi.align.max(4);
            if field.size % unit == 0 && field.size >= self.abi.address {
                continue;
            }
            let Some(arg) = field.arg.map(|it| &routine.args[it]) else { continue };
            diagnostics.push(
                Diagnostic::new(&codes::DISPLACED, arg.span, "GNU MIG's C stubs misplace what comes behind this array")
                    .label(format!("its maximum is {} bytes, no multiple of {unit}", field.size))
                    .also(routine.span, "in this routine")
                    .note("these stubs are laid out as the protocol says, and cannot talk to C stubs of 2015 and later")
                    .help(format!("choose a maximum whose bytes are a multiple of {unit}, or put the array last")),
            );
        }
    }

    /// An element of an array: its base elements, its bytes, and its bytes in C. For everything else, the whole.
    fn element(&self, ty: &Type) -> (u32, u32, u32) {
        match ty.form {
            Form::UpTo(of, _) | Form::Unbounded(of) => {
                let of = self.interface.form(of);
                (of.number, of.bytes(), of.c_bytes())
            }
            Form::OutOfLine(of) | Form::Alias(of) => self.element(self.interface.ty(of)),
            _ if ty.class == Class::Text => (1, 1, 1),
            _ => (ty.number, ty.bytes(), ty.bytes()),
        }
    }
}

/// A message being laid out.
struct Layout<'a> {
    abi: &'a Abi,
    id: u32,
    at: u32,
    min: u32,
    sent: Complexity,
    received: Complexity,
    fields: Vec<Field>,
}

impl<'a> Layout<'a> {
    fn new(abi: &'a Abi, id: u32) -> Layout<'a> {
        let (at, min) = (abi.header, abi.header);
        Layout { abi, id, at, min, sent: Complexity::Simple, received: Complexity::Simple, fields: Vec::new() }
    }

    fn finish(self) -> Message {
        Message {
            id: self.id,
            sent: self.sent,
            received: self.received,
            min: self.min,
            max: self.at,
            header: self.abi.header,
            descriptors: 0,
            fields: self.fields,
        }
    }

    fn push(&mut self, name: &str, size: u32, kind: FieldKind, arg: Option<usize>, variable: Option<Variable>) {
        let (name, at) = (name.to_owned(), self.at);
        self.fields.push(Field { name, at, size, kind, counts_next: false, arg, variable, transfer: None });
        self.at += size;
    }

    /// The padding behind a field of this size.
    fn pad(&mut self, name: &str, size: u32) {
        let pad = self.abi.round(size) - size;
        if pad > 0 {
            self.push(&format!("{name}Pad"), pad, FieldKind::Pad, None, None);
        }
    }

    /// A type word and a 32-bit number.
    fn number(&mut self, name: &str, kind: FieldKind, arg: Option<usize>) {
        let word = integer_word(self.abi);
        let size = word.bytes.len() as u32;
        let word = TypeWord { sent: word.clone(), expected: word, whole: true };
        self.push(&format!("{name}Type"), size, FieldKind::TypeWord(word), arg, None);
        self.push(name, 4, kind, arg, None);
        self.pad(name, 4);
        self.min = self.min + size + self.abi.round(4);
    }

    fn ret_code(&mut self) {
        self.number("RetCode", FieldKind::RetCode, None);
    }

    /// How many elements the caller has room for.
    fn room(&mut self, index: usize, arg: &Arg) {
        self.number(&format!("{}Cnt", arg.name), FieldKind::Count, Some(index));
    }

    fn item(&mut self, of: &Typed<'_>, index: usize, arg: &Arg, ty: &Type, kernel_reply: bool) {
        let shape = Shape::of(of, ty, &arg.options);
        let word = shape.word(self.abi, ty, arg, of.subsystem.kernel_server, kernel_reply);
        self.mark(ty, &shape, kernel_reply);
        let size = word.sent.bytes.len() as u32;
        self.push(&format!("{}Type", arg.name), size, FieldKind::TypeWord(word), Some(index), None);
        self.push(&arg.name, shape.bytes, shape.kind, Some(index), shape.variable);
        if shape.variable.is_none() {
            self.pad(&arg.name, shape.bytes);
            self.min += self.abi.round(shape.bytes);
        } else {
            self.pad(&arg.name, shape.bytes);
        }
        self.min += size;
    }

    fn mark(&mut self, ty: &Type, shape: &Shape, kernel_reply: bool) {
        let sent = if kernel_reply { ty.received } else { ty.sent };
        let of = |name: IpcName| match name {
            _ if !ty.inline || name.is_port() => Complexity::Complex,
            IpcName::Polymorphic => Complexity::RunTime,
            IpcName::Number(_) if shape.is_indefinite() => Complexity::RunTime,
            IpcName::Number(_) => Complexity::Simple,
        };
        self.sent = join(self.sent, of(sent));
        self.received = join(self.received, of(ty.received));
    }
}

/// Must wins over may.
fn join(one: Complexity, other: Complexity) -> Complexity {
    match (one, other) {
        (Complexity::Complex, _) | (_, Complexity::Complex) => Complexity::Complex,
        (Complexity::RunTime, _) | (_, Complexity::RunTime) => Complexity::RunTime,
        _ => Complexity::Simple,
    }
}

/// What an item amounts to.
struct Shape {
    kind: FieldKind,
    /// Data in line, at most.
    bytes: u32,
    variable: Option<Variable>,
    bits: u32,
    number: u32,
    long: bool,
}

impl Shape {
    fn of(of: &Typed<'_>, ty: &Type, options: &ArgOptions) -> Shape {
        let (per, element, c_element) = of.element(ty);
        let indefinite = ty.is_unbounded();
        let max = if indefinite {
            INLINE_LIMIT.checked_div(element).unwrap_or(0)
        } else {
            ty.number.checked_div(per).unwrap_or(0)
        };
        let number = if indefinite { max * per } else { ty.number };
        let place = match (ty.inline, indefinite) {
            (false, _) => Place::OutOfLine,
            (true, true) => Place::Indefinite,
            (true, false) => Place::Inline,
        };
        let array = ty.variable || ty.number != 1 || matches!(ty.form, Form::Fixed(..));
        let kind = match place {
            _ if ty.is_port() && array => FieldKind::PortArray(place),
            _ if ty.is_port() => FieldKind::Port,
            Place::OutOfLine => FieldKind::OutOfLine,
            Place::Indefinite => FieldKind::Indefinite,
            Place::Inline => inline_kind(of.interface, ty),
        };
        let (bytes, bits) = match place {
            Place::OutOfLine if ty.is_port() && !of.subsystem.kernel_server => (of.abi.address, 32),
            Place::OutOfLine => (of.abi.address, ty.bits),
            _ if c_element != element && ty.variable => (max * c_element, ty.bits),
            _ => ((u64::from(number) * u64::from(ty.bits)).div_ceil(8) as u32, ty.bits),
        };
        let variable = (ty.variable && ty.inline).then_some(Variable { element, max });
        Shape { kind, bytes, variable, bits, number, long: options.long.unwrap_or_else(|| is_long(ty)) }
    }

    fn is_indefinite(&self) -> bool {
        matches!(self.kind, FieldKind::Indefinite | FieldKind::PortArray(Place::Indefinite))
    }

    fn word(&self, abi: &Abi, ty: &Type, arg: &Arg, kernel_server: bool, kernel_reply: bool) -> TypeWord {
        let descriptor = |name: IpcName, deallocate: bool| {
            let mut it = Descriptor {
                name,
                bits: self.bits,
                number: self.number,
                inline: ty.inline,
                long: self.long,
                deallocate,
                bytes: Vec::new(),
            };
            it.bytes = encode(&it, abi);
            it
        };
        let deallocate = arg.options.dealloc == Dealloc::Yes && !self.is_indefinite();
        let sent = descriptor(if kernel_reply { ty.received } else { ty.sent }, deallocate);
        let expected = descriptor(ty.received, !ty.inline);
        let in_kernel = kernel_server && !kernel_reply && (ty.is_port() || !ty.inline);
        let whole = !self.long && ty.received != IpcName::Polymorphic && !ty.variable && !in_kernel;
        TypeWord { sent, expected, whole }
    }
}

/// The type word of a 32-bit integer: codes and counts.
fn integer_word(abi: &Abi) -> Descriptor {
    let name = IpcName::Number(2);
    let mut it =
        Descriptor { name, bits: 32, number: 1, inline: true, long: false, deallocate: false, bytes: Vec::new() };
    it.bytes = encode(&it, abi);
    it
}

/// A type word as it stands in a message.
fn encode(it: &Descriptor, abi: &Abi) -> Vec<u8> {
    let flags = |inline: u32| {
        u32::from(it.inline) << inline | u32::from(it.long) << (inline + 1) | u32::from(it.deallocate) << (inline + 2)
    };
    let (name, long_name) = match it.name {
        IpcName::Number(it) => (it & 0xff, it & 0xffff),
        IpcName::Polymorphic => (0xff, 0xffff),
    };
    let words: &[u32] = if abi.type_word == 8 {
        &[name | (it.bits & 0xffff) << 8 | flags(29), it.number]
    } else if it.long {
        &[flags(28), long_name | (it.bits & 0xffff) << 16, it.number]
    } else {
        &[name | (it.bits & 0xff) << 8 | (it.number & 0xfff) << 16 | flags(28)]
    };
    words.iter().flat_map(|it| it.to_le_bytes()).collect()
}
