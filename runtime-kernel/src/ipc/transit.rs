//! Receive rights inside messages that wait in queues: they form no circle.
//!
//! A port whose receive right waits in its own queue, directly or by way of others, could never be received from nor
//! destroyed. One lock is taken to put a receive right into a queued message, and the walk takes no other.

use std::collections::HashMap;
#[cfg(not(loom))]
use std::sync::LazyLock;

use super::message::Message;
use super::right::Carried;
use crate::sync::{Mutex, Rank};

/// By port: the port in whose queue its receive right waits.
#[cfg(not(loom))]
static CARRIED_BY: LazyLock<Mutex<HashMap<u64, u64>>> = LazyLock::new(|| Mutex::new(Rank::Transit, HashMap::new()));
#[cfg(loom)]
loom::lazy_static! {
    static ref CARRIED_BY: Mutex<HashMap<u64, u64>> = Mutex::new(Rank::Transit, HashMap::new());
}

fn carried(message: &Message) -> impl Iterator<Item = u64> {
    message.rights().filter(|it| matches!(it, Carried::Receive(_))).filter_map(|it| Some(it.port()?.id))
}

/// Notes that a message is about to wait in the queue of its destination. `false`, and nothing noted, if that would
/// close a circle.
pub(crate) fn enter(message: &Message) -> bool {
    let Some(to) = message.to.as_ref().map(|it| it.port().id) else { return true };
    if carried(message).next().is_none() {
        return true;
    }
    let mut by = CARRIED_BY.lock();
    let mut at = Some(to);
    while let Some(port) = at {
        if carried(message).any(|it| it == port) {
            return false;
        }
        at = by.get(&port).copied();
    }
    by.extend(carried(message).map(|it| (it, to)));
    true
}

/// The port in whose queue the receive right of this one waits.
pub(crate) fn carrier(port: u64) -> Option<u64> {
    CARRIED_BY.lock().get(&port).copied()
}

/// Notes that a message has left its queue.
pub(crate) fn forget(message: &Message) {
    if carried(message).next().is_none() {
        return;
    }
    let mut by = CARRIED_BY.lock();
    for it in carried(message) {
        by.remove(&it);
    }
}
