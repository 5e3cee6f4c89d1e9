//! What routines are called, by the ids of their messages.

use std::collections::HashMap;
use std::sync::LazyLock;

use generated::{darwin, mach3};
use mig_rt::{AbiId, MsgId};

use crate::ipc::message::numbers;

type Table = HashMap<MsgId, &'static str>;

static TABLES: LazyLock<[Table; 2]> = LazyLock::new(|| [table(mach3::SUBSYSTEMS), table(darwin::SUBSYSTEMS)]);

/// Where two subsystems have the same ids, the one with the shorter name names them: a variant's name says what it varies.
fn table(subsystems: &[(&str, &[(MsgId, &'static str)])]) -> Table {
    let mut table = Table::new();
    let mut subsystems = subsystems.to_vec();
    subsystems.sort_by_key(|it| it.0.len());
    for (id, name) in subsystems.iter().flat_map(|it| it.1) {
        table.entry(*id).or_insert(name);
    }
    table
}

/// The name of a message and whether it is a routine's reply. What goes through a send-once right is one, unless no
/// request has such an id: then it is a notification.
pub(crate) fn routine(abi: AbiId, id: MsgId, once: bool, more: &[(MsgId, &'static str)]) -> (String, bool) {
    let table = &TABLES[usize::from(numbers(abi).trailer)];
    let named = |id: MsgId| more.iter().find(|it| it.0 == id).map(|it| it.1).or_else(|| table.get(&id).copied());
    let request = named(MsgId(id.0.wrapping_sub(100)));
    match (once.then_some(request).flatten(), named(id), request) {
        (Some(request), _, _) | (None, None, Some(request)) => (format!("{request} reply"), true),
        (None, Some(name), _) => (name.to_owned(), false),
        (None, None, None) => (format!("message {}", id.0), false),
    }
}
