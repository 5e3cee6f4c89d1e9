//! Writes the Rust that calls generated client functions and implements generated server traits, whatever their
//! arguments are. Where values come from and go to is up to a type `Side` of whoever uses it.
//!
//! [`with_c`] makes calls of C stubs beside them, for one ABI; [`replay`] makes tables of calls for recorded exchanges.

mod c;
mod replay;
mod rust;
mod stub;

use std::fmt::Write;

use mig_codegen::Unit;
use mig_codegen::model::{Arg, Class, Form, Interface, IpcName, Role, Routine, Sides, Type, TypeId};

pub use replay::{Source, replay, translations};
use stub::{Function, Stub};

/// How an argument is passed: as in the program's `call.rs`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Passed {
    Value,
    Text,
    Fixed,
    Counted,
    Indefinite,
    Memory,
}

/// An argument, and what a writer needs to know of it.
struct Described<'a> {
    at: usize,
    arg: &'a Arg,
    ty: &'a Type,
    passed: Passed,
    element: u32,
    max: u32,
}

/// A routine on its way into text.
struct Writer<'a> {
    interface: &'a Interface,
    stub: &'a Stub,
    /// Prefix of C names.
    key: &'a str,
    routine: &'a Routine,
    args: Vec<Described<'a>>,
}

/// The text of a subsystem's module: its stubs, and the glue inside. `rejected` says which routines C does not have.
pub fn with_c(key: &str, unit: &Unit, stubs: &str, rejected: &[String]) -> String {
    let stub = Stub::parse(&[stubs], &unit.abi.module());
    let interface = &unit.interface;
    let (mut table, mut functions, mut methods) = (String::new(), String::new(), String::new());
    for routine in &interface.routines {
        let writer = Writer::new(interface, &stub, key, routine);
        methods += &writer.rust_method();
        functions += &writer.c_function();
        if let Some(call) = stub.call_of(routine).filter(|_| !rejected.contains(&routine.name)) {
            functions += &writer.rust_call(call);
            functions += &writer.c_call();
            table += &writer.entry(call);
        }
    }
    let abi = unit.abi.module();
    let demux = format!("s_{key}_{}", demux(interface));
    let name = &interface.subsystem.as_ref().expect("it has a subsystem").name;
    let translations = stub.offset_translations();
    let server = &stub.server;
    format!(
        "{stubs}
#[allow(unused_imports, unused_variables, unused_mut, non_snake_case, clippy::all)]
pub(crate) mod glue {{
use super::*;
use super::{abi} as wire;
use crate::c::{{Block, Raw}};
use crate::call::{{self, canonical, is_packed, Arg, Dealloc, Passed, Role, Side}};
use crate::kernel::{{Kernel, Server}};
use crate::server::Service;
use mig_rt::*;
use std::ptr::null_mut;
type T = Kernel;
unsafe extern \"C\" {{ fn {demux}(request: *mut u8, reply: *mut u8) -> i32; }}
pub(crate) const SUBSYSTEM: call::Subsystem = call::Subsystem {{
    name: {name:?},
    demux: {demux},
    rust: || Server::Rust(wire::subsystem()),
    routines: &[{table}],
}};
{translations}
impl {server}<Kernel> for Service {{ {methods} }}
{functions}
}}
"
    )
}

/// Name of the C dispatcher.
fn demux(interface: &Interface) -> String {
    let name = interface.subsystem.as_ref().map_or("", |it| it.name.as_str());
    interface.server_demux.clone().unwrap_or_else(|| format!("{name}_server"))
}

impl<'a> Writer<'a> {
    fn new(interface: &'a Interface, stub: &'a Stub, key: &'a str, routine: &'a Routine) -> Writer<'a> {
        let args = routine.args.iter().enumerate();
        let args = args.map(|(at, arg)| Described::new(interface, stub, routine, at, arg)).collect();
        Writer { interface, stub, key, routine, args }
    }

    /// The routine's row of the table.
    fn entry(&self, call: &Function) -> String {
        let Routine { name, number, one_way, .. } = self.routine;
        let rust = &call.name;
        let id = self.interface.subsystem.as_ref().map_or(0, |it| it.base) + number;
        let args: String = self.args.iter().map(|it| self.description(it)).collect();
        format!(
            "call::Routine {{ name: {name:?}, id: {id}, one_way: {one_way}, c: c_{name}, rust: rust_{rust}, \
             args: &[{args}] }},\n"
        )
    }

    fn description(&self, it: &Described<'_>) -> String {
        let Described { arg, passed, element, max, .. } = it;
        let role = match arg.role {
            Role::Data => "Data",
            Role::RequestPort => "RequestPort",
            Role::ReplyPort | Role::ServerReplyPort => "ReplyPort",
            Role::SeqNo => "SeqNo",
            _ => "Other",
        };
        let (sent, returned) = (arg.is_sent(), arg.is_returned());
        let (port, dealloc) = (it.dispositions(), arg.options.dealloc);
        let (limited, server_copy) = (arg.options.count_in_out, arg.options.server_copy);
        let canonical =
            self.stub.element(self.routine, arg, *passed).filter(|_| arg.role == Role::Data && port.is_empty());
        let packed = canonical.as_ref().filter(|_| it.is_pointed());
        let packed = packed.map_or("|| false".to_owned(), |it| format!("is_packed::<{it}>"));
        let canonical = canonical.map_or("None".to_owned(), |it| format!("Some(canonical::<{it}>)"));
        format!(
            "Arg {{ name: {:?}, passed: Passed::{passed:?}, sent: {sent}, returned: {returned}, role: Role::{role}, \
             element: {element}, max: {max}, port: &{port:?}, dealloc: Dealloc::{dealloc:?}, limited: {limited}, \
             server_copy: {server_copy}, packed: {packed}, canonical: {canonical} }},\n",
            arg.name
        )
    }
}

impl<'a> Described<'a> {
    fn new(interface: &'a Interface, stub: &Stub, routine: &Routine, at: usize, arg: &'a Arg) -> Described<'a> {
        let ty = interface.ty(arg.ty);
        let form = &interface.form(arg.ty).form;
        let size = |id: TypeId| if ty.is_port() { 4 } else { interface.ty(id).bytes() };
        let whole = (Passed::Value, ty.c_bytes().max(1), 1);
        let (passed, element, max) = match form {
            Form::Text(size) => (Passed::Text, 1, *size),
            Form::OutOfLine(of) => match interface.form(*of).form {
                Form::UpTo(of, max) | Form::Fixed(of, max) => (Passed::Memory, size(of), max),
                // The number of a short type word has twelve bits.
                Form::Unbounded(of) if arg.options.long == Some(false) => (Passed::Memory, size(of), 0xfff),
                Form::Unbounded(of) => (Passed::Memory, size(of), 1 << 20),
                _ => (Passed::Memory, size(*of), 1),
            },
            Form::Unbounded(of) => (Passed::Indefinite, size(*of), 2048 / size(*of)),
            Form::UpTo(of, max) => (Passed::Counted, size(*of), *max),
            Form::Fixed(of, max) if ty.class == Class::Array && (ty.is_port() || stub.is_array(routine, arg)) => {
                (Passed::Fixed, size(*of), *max)
            }
            _ => whole,
        };
        Described { at, arg, ty, passed, element, max }
    }

    /// How its sender may dispose of a right.
    fn dispositions(&self) -> Vec<u32> {
        if !self.ty.is_port() {
            return Vec::new();
        }
        match (self.ty.sent, self.ty.received, self.arg.role) {
            (IpcName::Number(it), ..) => vec![it],
            (_, _, Role::UserReplyPort | Role::ReplyPort) => vec![21],
            (_, IpcName::Polymorphic, Role::RequestPort) => vec![19, 20, 17, 18, 21],
            (_, IpcName::Number(16), _) => vec![16],
            (_, IpcName::Number(17), _) => vec![19, 20, 17],
            (_, IpcName::Number(18), _) => vec![21, 18],
            _ => vec![19, 20, 21, 17, 18, 16, 15],
        }
    }

    fn is_scalar_port(&self) -> bool {
        self.passed == Passed::Value && self.ty.is_port()
    }

    /// Whether C passes a pointer to the place of a pointer.
    fn is_pointed(&self) -> bool {
        matches!(self.passed, Passed::Memory | Passed::Indefinite)
    }

    /// Whether the argument travels in a body.
    fn is_data(&self) -> bool {
        self.arg.role == Role::Data
    }

    /// Whether it stands for what the kernel says of the sender of a message that this side receives.
    fn is_token_of(&self, side: Sides) -> bool {
        matches!(self.arg.role, Role::Token(..)) && self.arg.is_on(side)
    }
}

/// The module that lists the subsystems.
pub fn index(keys: &[String]) -> String {
    let mut text = "pub const SUBSYSTEMS: &[crate::call::Subsystem] = &[\n".to_owned();
    keys.iter().for_each(|it| writeln!(text, "    crate::stubs::{it}::glue::SUBSYSTEM,").expect("text grows"));
    text + "];\n"
}
