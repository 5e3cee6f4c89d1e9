//! Layouts as JSON: what `layout --format json` prints.
//!
//! ```json
//! { "schema": "mig-layout/1",
//!   "subsystems": [{
//!     "name": "demo", "base": 4200, "abi": "gnumach-i386",
//!     "routines": [{
//!       "name": "demo_store", "kind": "routine", "msgh_id": 4200, "reply_id": 4300,
//!       "request": { "min_size": 40, "max_size": 104, "complex": false, "fields": [
//!         { "name": "levelType", "role": "descriptor", "offset": 24, "size": 4, "sent": "02200110" },
//!         { "name": "level", "role": "data", "offset": 28, "size": 4 } ] },
//!       "reply": { … } }] }] }
//! ```
//!
//! `kind` is `routine` or `simpleroutine`, whose `reply_id` is null. `complex` is what the sender marks: `true`,
//! `false`, or `"runtime"`. `role` is `header`, `descriptor`, `data` or `pad`; `sent` is a descriptor as hexadecimal
//! bytes before numbers and names that vary are filled in. Offsets assume that variable fields before are full.

use serde_json::{Map, Value, json};

use super::{Complexity, Exchange, Field, FieldKind, Message};
use crate::abi::Abi;
use crate::model::Interface;

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
        "routines": exchanges.iter().map(|it| routine(interface, it)).collect::<Vec<_>>(),
    })
}

fn routine(interface: &Interface, exchange: &Exchange) -> Value {
    let routine = &interface.routines[exchange.routine];
    json!({
        "name": routine.name,
        "kind": if routine.one_way { "simpleroutine" } else { "routine" },
        "msgh_id": exchange.request.id,
        "reply_id": (!routine.one_way).then_some(exchange.reply.id),
        "request": message(&exchange.request),
        "reply": message(&exchange.reply),
    })
}

fn message(message: &Message) -> Value {
    let header = json!({ "name": "Head", "role": "header", "offset": 0, "size": message.header });
    let complex = match message.sent {
        Complexity::Simple => json!(false),
        Complexity::Complex => json!(true),
        Complexity::RunTime => json!("runtime"),
    };
    let fields: Vec<Value> = std::iter::once(header).chain(message.fields.iter().map(field)).collect();
    json!({ "min_size": message.min, "max_size": message.max, "complex": complex, "fields": fields })
}

fn field(field: &Field) -> Value {
    let role = match field.kind {
        FieldKind::TypeWord(_) => "descriptor",
        FieldKind::Pad => "pad",
        _ => "data",
    };
    let mut object = Map::new();
    object.insert("name".to_owned(), json!(field.name));
    object.insert("role".to_owned(), json!(role));
    object.insert("offset".to_owned(), json!(field.at));
    object.insert("size".to_owned(), json!(field.size));
    if let FieldKind::TypeWord(word) = &field.kind {
        object.insert("sent".to_owned(), json!(hex(&word.sent.bytes)));
    }
    Value::Object(object)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|it| format!("{it:02x}")).collect()
}
