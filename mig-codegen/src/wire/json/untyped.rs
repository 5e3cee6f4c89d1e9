//! What a field of an untyped message is.

use serde_json::{Value, json};

use crate::model::{Arg, Dealloc, Form, Interface, IpcName, Routine};
use crate::wire::{Field, FieldKind, Place, Transfer, Variable};

/// Adds the kind of a field and what goes with it.
pub(super) fn describe(object: &mut Value, interface: &Interface, routine: &Routine, field: &Field) {
    let arg = field.arg.map(|it| &routine.args[it]);
    object["kind"] = json!(kind(field));
    if let (Some(transfer), Some(arg)) = (&field.transfer, arg) {
        let variable = interface.ty(arg.ty).variable;
        return descriptor(object, field, transfer, variable);
    }
    if let (FieldKind::Count | FieldKind::Length, Some(arg)) = (&field.kind, arg) {
        object["count_of"] = json!(arg.name);
        object["multiplier"] = json!(multiplier(interface, arg));
    }
    if let (Some(Variable { element, max }), Some(arg)) = (field.variable, arg) {
        object["elem_size"] = json!(element);
        object["max_elems"] = json!(max);
        object["count_inout"] = json!(arg.options.count_in_out);
        if arg.options.same_count {
            object["same_count"] = json!(true);
        }
    }
}

fn kind(field: &Field) -> &'static str {
    match field.kind {
        _ if field.transfer.is_some() => "descriptor",
        FieldKind::DescriptorCount => "descriptor_count",
        FieldKind::Ndr => "ndr",
        FieldKind::RetCode => "retcode",
        FieldKind::Pad => "pad",
        FieldKind::Offset => "string_offset",
        FieldKind::Count | FieldKind::Length => "count",
        FieldKind::Text if field.variable.is_some() => "variable_string",
        FieldKind::Text => "fixed_string",
        _ if field.variable.is_some() => "variable_array",
        _ => "data",
    }
}

/// How many base elements an element has that is out of line in one piece.
fn multiplier(interface: &Interface, arg: &Arg) -> u32 {
    let array = match interface.form(arg.ty).form {
        Form::OutOfLine(of) => of,
        Form::Unbounded(_) => arg.ty,
        _ => return 1,
    };
    match interface.form(array).form {
        Form::Unbounded(of) | Form::UpTo(of, _) => interface.ty(of).number,
        _ => 1,
    }
}

/// `variable`: of an array of descriptors, not all need be in use.
fn descriptor(object: &mut Value, field: &Field, it: &Transfer, variable: bool) {
    let in_memory = !matches!(field.kind, FieldKind::Port | FieldKind::PortArray(Place::Inline));
    let rights = it.sent.is_some();
    object["descriptor"] = json!(match (in_memory, rights) {
        (false, _) => "port",
        (true, false) => "ool",
        (true, true) => "ool_ports",
    });
    if let (Some(sent), Some(expected)) = (it.sent, it.expected) {
        object["disposition_sent_value"] = json!(number(sent));
        object["disposition_checked_value"] = json!(number(expected));
    }
    if it.descriptors > 1 {
        object["array_of_descriptors"] = json!(it.descriptors);
        object["array_variable"] = json!(variable);
    }
    if !in_memory {
        return;
    }
    object["deallocate"] = json!(match it.deallocate {
        Dealloc::No => "no",
        Dealloc::Yes => "yes",
        Dealloc::RunTime => "runtime",
    });
    if !rights {
        object["copy"] = json!(u32::from(!it.physical));
    }
    object["presented_inline"] = json!(it.shown_inline);
    object["variable"] = json!(it.counted);
    if it.counted && !rights {
        object["bytes_per_count"] = json!(it.element);
    }
    let (key, value) = match it.extent {
        Some(most) if it.counted => ("max_count_checked", u64::from(most)),
        Some(count) if rights => ("fixed_count", u64::from(count)),
        Some(count) => ("fixed_size", u64::from(it.element) * u64::from(count)),
        None => return,
    };
    object[key] = json!(value);
}

fn number(name: IpcName) -> i64 {
    match name {
        IpcName::Number(it) => it.into(),
        IpcName::Polymorphic => -1,
    }
}
