//! Model and ABI → layouts: the only place in the compiler that asks for the family.

use mig_parser::diag::Diagnostics;

use super::typed::Typed;
use super::untyped::Untyped;
use super::{Exchange, FieldKind, HeaderPort};
use crate::abi::{Abi, Family};
use crate::model::{Class, Form, Interface, IpcName, Routine, Type};
use crate::types::TypeTable;

/// `MACH_MSG_TYPE_MAKE_SEND_ONCE`
const MAKE_SEND_ONCE: u32 = 21;

/// The layouts of every routine. `table` says what C knows of sizes; type words say it themselves.
pub fn lower(interface: &Interface, abi: &Abi, table: &TypeTable, diagnostics: &mut Diagnostics) -> Vec<Exchange> {
    let Some(subsystem) = &interface.subsystem else { return Vec::new() };
    match abi.family {
        Family::Typed => Typed { interface, abi, subsystem }.lower(diagnostics),
        Family::Untyped => Untyped { interface, abi, subsystem, table }.lower(diagnostics),
    }
}

/// How a port travels whose type says this.
pub(super) fn chosen(name: IpcName, arg: &str) -> HeaderPort {
    match name {
        IpcName::Number(it) => HeaderPort::Fixed(it),
        IpcName::Polymorphic => HeaderPort::Chosen(arg.to_owned()),
    }
}

/// How the reply port travels: as the argument for it, if there is one, or as a right made for the call.
pub(super) fn reply_port(routine: &Routine, argument: Option<HeaderPort>) -> HeaderPort {
    argument.unwrap_or(HeaderPort::Fixed(if routine.one_way { 0 } else { MAKE_SEND_ONCE }))
}

/// What data in line are.
pub(super) fn inline_kind(interface: &Interface, ty: &Type) -> FieldKind {
    let form = match ty.form {
        Form::Alias(of) => &interface.form(of).form,
        ref it => it,
    };
    match (form, ty.class) {
        (_, Class::Text) => FieldKind::Text,
        (Form::Basic | Form::Truth | Form::Real, _) => FieldKind::Scalar,
        (_, Class::Value) => FieldKind::Struct,
        (_, Class::Array) => FieldKind::Array,
    }
}
