//! Layouts as JSON: what `layout --format json` prints.
//!
//! ```json
//! { "schema": "mig-layout/1",
//!   "subsystems": [{
//!     "name": "demo", "base": 4200, "abi": "gnumach-i386",
//!     "routines": [{
//!       "name": "demo_store", "kind": "routine", "msgh_id": 4200, "reply_id": 4300,
//!       "request_port_disposition": "COPY_SEND", "reply_port_disposition": "MAKE_SEND_ONCE", "timeout": null,
//!       "request": { "min_size": 40, "max_size": 104, "complex": false, "fields": [
//!         { "name": "levelType", "role": "descriptor", "offset": 24, "size": 4, "sent": "02200110" },
//!         { "name": "level", "role": "data", "offset": 28, "size": 4 } ] },
//!       "reply": { … } }] }] }
//! ```
//!
//! `kind` is `routine` or `simpleroutine`, whose `reply_id` is null. A disposition is the name of how the right travels,
//! `0` if there is none, or `POLYMORPHIC`. `timeout` has a `kind`, `WaitTime` or `SendTime`, and a `value`: a number, a
//! constant, or the argument that says it. `complex` is what the sender marks: `true`, `false`, or `"runtime"`. `role` is
//! `header`, `descriptor`, `data` or `pad`; `sent` is a type word as hexadecimal bytes before numbers and names that vary
//! are filled in. Offsets assume that variable fields before are full.
//!
//! An untyped message also has its `descriptor_count`, and its fields have a `kind` and what goes with it:
//!
//! | kind | |
//! |---|---|
//! | `header`, `descriptor_count`, `ndr`, `retcode`, `data`, `fixed_string`, `pad`, `string_offset` | |
//! | `count` | `count_of`; `multiplier`: how many base elements an element out of line has |
//! | `variable_array`, `variable_string` | `elem_size`, `max_elems`, `count_inout`; `same_count` if an array before counts it |
//! | `descriptor` | `descriptor`: `port`, `ool`, `ool_ports`; `disposition_sent_value` and `disposition_checked_value`, −1 for any |
//! | of memory | `deallocate`: `no`, `yes`, `runtime`; `copy`: 0 at once, 1 later; `presented_inline`: C shows an array; `variable` |
//! | of memory, variable | `bytes_per_count`; `max_count_checked` if there is a bound |
//! | of memory, constant | `fixed_size` in bytes, or `fixed_count` of rights |
//! | several of them | `array_of_descriptors`: how many; `array_variable`: whether a count says how many are in use |

mod untyped;

use serde_json::{Map, Value, json};

use super::{Complexity, Exchange, Field, FieldKind, HeaderPort, Message};
use crate::abi::Abi;
use crate::model::{Constant, Interface, IpcName, Role, Routine};

/// Name and version of the form.
pub const SCHEMA: &str = "mig-layout/1";

/// A document with one entry for each subsystem and ABI.
pub fn document(subsystems: Vec<Value>) -> Value {
    json!({ "schema": SCHEMA, "subsystems": subsystems })
}

/// One subsystem in one ABI.
pub fn subsystem(interface: &Interface, abi: &Abi, exchanges: &[Exchange]) -> Value {
    let subsystem = interface.subsystem.as_ref();
    json!({
        "name": subsystem.map(|it| it.name.as_str()),
        "base": subsystem.map(|it| it.base),
        "abi": abi.name,
        "routines": exchanges.iter().map(|it| routine(interface, abi, it)).collect::<Vec<_>>(),
    })
}

fn routine(interface: &Interface, abi: &Abi, exchange: &Exchange) -> Value {
    let routine = &interface.routines[exchange.routine];
    json!({
        "name": routine.name,
        "kind": if routine.one_way { "simpleroutine" } else { "routine" },
        "msgh_id": exchange.request.id,
        "reply_id": (!routine.one_way).then_some(exchange.reply.id),
        "request_port_disposition": disposition(&exchange.remote),
        "reply_port_disposition": disposition(&exchange.local),
        "timeout": timeout(routine),
        "request": message(interface, abi, routine, &exchange.request),
        "reply": message(interface, abi, routine, &exchange.reply),
    })
}

fn disposition(it: &HeaderPort) -> String {
    match it {
        HeaderPort::Fixed(0) => "0".to_owned(),
        HeaderPort::Fixed(it) => super::dump::ipc_name(IpcName::Number(*it), 32),
        HeaderPort::Chosen(_) => "POLYMORPHIC".to_owned(),
    }
}

/// The time limit of a call.
fn timeout(routine: &Routine) -> Option<Value> {
    let limit = |kind: &str, role: Role, constant: &Option<Constant>| {
        let value = routine.find(role).map(|it| &it.name).or(constant.as_ref().map(|it| &it.text))?;
        Some(json!({ "kind": kind, "value": value }))
    };
    limit("WaitTime", Role::WaitTime, &routine.wait_time)
        .or_else(|| limit("SendTime", Role::SendTime, &routine.send_time))
}

fn message(interface: &Interface, abi: &Abi, routine: &Routine, message: &Message) -> Value {
    let mut fields = vec![json!({ "name": "Head", "role": "header", "offset": 0, "size": message.header })];
    fields.extend(message.fields.iter().map(field));
    let complex = match message.sent {
        Complexity::Simple => json!(false),
        Complexity::Complex => json!(true),
        Complexity::RunTime => json!("runtime"),
    };
    let mut object = Map::new();
    object.insert("min_size".to_owned(), json!(message.min));
    object.insert("max_size".to_owned(), json!(message.max));
    object.insert("complex".to_owned(), complex);
    if !abi.has_type_words() {
        object.insert("descriptor_count".to_owned(), json!(message.descriptors));
        fields[0]["kind"] = json!("header");
        for (object, field) in fields[1..].iter_mut().zip(&message.fields) {
            untyped::describe(object, interface, routine, field);
        }
    }
    object.insert("fields".to_owned(), Value::Array(fields));
    Value::Object(object)
}

fn field(field: &Field) -> Value {
    let role = match field.kind {
        FieldKind::TypeWord(_) => "descriptor",
        FieldKind::Pad => "pad",
        _ if field.transfer.is_some() => "descriptor",
        _ => "data",
    };
    let mut object = json!({ "name": field.name, "role": role, "offset": field.at, "size": field.size });
    if let FieldKind::TypeWord(word) = &field.kind {
        object["sent"] = json!(hex(&word.sent.bytes));
    }
    object
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|it| format!("{it:02x}")).collect()
}
