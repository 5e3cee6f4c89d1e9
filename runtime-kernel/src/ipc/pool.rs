//! Messages that have arrived, for those that are sent next: a small call allocates nothing.

use std::cell::RefCell;

use mig_rt::AbiId;
use mig_rt::carried::Sender;

use super::message::Message;
use super::right::Carried;
use crate::trace::Flight;

/// Messages that a thread keeps.
const MOST: usize = 8;
/// Bytes of the largest that it keeps.
const LARGEST: usize = 4096;

thread_local! {
    #[allow(clippy::vec_box, reason = "it is the boxes that are kept")]
    static POOL: RefCell<Vec<Box<Message>>> = const { RefCell::new(Vec::new()) };
}

/// A message without anything in it.
pub(crate) fn take(abi: AbiId) -> Box<Message> {
    let mut message = POOL.with_borrow_mut(Vec::pop).unwrap_or_else(|| Box::new(empty()));
    message.abi = abi;
    message
}

fn empty() -> Message {
    Message {
        abi: AbiId::GnumachI386,
        bytes: Vec::new(),
        to: None,
        reply: Carried::Null,
        items: Vec::new(),
        sender: Sender::default(),
        accepted: None,
        flight: Flight::default(),
    }
}

/// A message that nobody needs any more. What it still holds is released.
pub(crate) fn give(mut message: Box<Message>) {
    let empty = message.to.is_none() && message.items.is_empty() && message.accepted.is_none();
    if !empty || message.reply.port().is_some() || message.bytes.capacity() > LARGEST {
        return;
    }
    message.bytes.clear();
    message.reply = Carried::Null;
    message.flight = Flight::default();
    POOL.with_borrow_mut(|it| {
        if it.len() < MOST {
            it.push(message);
        }
    });
}
