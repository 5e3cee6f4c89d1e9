//! Messages inside the kernel: bytes without names or addresses, and beside them what those stand for.

use std::sync::Arc;

use mig_rt::carried::{Sender, u32_at};
use mig_rt::exchange::Row;
use mig_rt::{AbiId, MsgId, TrailerElements, by_row};

use super::notify::{Notification, OnDrop};
use super::port::Port;
use super::right::{Carried, SendOnceRef, SendRef};
use crate::trace::Flight;
use crate::vm::{MapCopy, Object};

/// A message on its way. It owns what it carries, and dropping it releases that.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) abi: AbiId,
    /// As it will be read; ports of the header, names and addresses of the body are filled in for the receiver.
    pub(crate) bytes: Vec<u8>,
    /// Gone as soon as the message is received.
    pub(crate) to: Option<Destination>,
    pub(crate) reply: Carried,
    /// What each item of the body carries, in their order.
    pub(crate) items: Vec<Item>,
    pub(crate) sender: Sender,
    /// Somebody wants to know when it leaves the queue.
    pub(crate) accepted: Option<Box<Accepted>>,
    /// Tells of it, if somebody looks.
    pub(crate) flight: Flight,
}

/// A request to be told when a message leaves its queue, whichever way.
#[derive(Debug)]
pub(crate) struct Accepted {
    /// While it exists, the sender's name has such a request.
    _mark: Arc<()>,
    told: OnDrop,
}

impl Accepted {
    pub(crate) fn new(mark: Arc<()>, told: OnDrop) -> Accepted {
        Accepted { _mark: mark, told }
    }

    /// What is told then.
    pub(crate) fn told(&self) -> Option<&Notification> {
        self.told.notification()
    }
}

/// The right through which a message is sent.
#[derive(Debug)]
pub(crate) enum Destination {
    Send(SendRef),
    SendOnce(SendOnceRef),
}

/// What an item of a body carries.
#[derive(Debug)]
pub(crate) enum Item {
    /// Rights in line.
    Rights(Vec<Carried>),
    /// Memory.
    Memory(MapCopy),
    /// Rights in memory.
    RightsInMemory(Vec<Carried>),
    /// Data in line.
    Data,
}

impl Destination {
    pub(crate) fn port(&self) -> &Arc<Port> {
        match self {
            Destination::Send(it) => it.port(),
            Destination::SendOnce(it) => it.port(),
        }
    }

    /// From a right; `None` if nothing can be sent through it.
    pub(crate) fn of(right: Carried) -> Option<Destination> {
        match right {
            Carried::Send(it) => Some(Destination::Send(it)),
            Carried::SendOnce(it) => Some(Destination::SendOnce(it)),
            _ => None,
        }
    }

    /// Back to a right, of a message that was not sent.
    pub(crate) fn into_right(self) -> Carried {
        match self {
            Destination::Send(it) => Carried::Send(it),
            Destination::SendOnce(it) => Carried::SendOnce(it),
        }
    }

    pub(crate) fn is_once(&self) -> bool {
        matches!(self, Destination::SendOnce(_))
    }

    /// The message has arrived.
    pub(crate) fn spend(self) {
        match self {
            Destination::Send(it) => drop(it),
            Destination::SendOnce(it) => it.spend(),
        }
    }
}

impl Message {
    /// Every right of the body.
    pub(crate) fn rights(&self) -> impl Iterator<Item = &Carried> {
        self.items.iter().flat_map(|it| match it {
            Item::Rights(it) | Item::RightsInMemory(it) => it.as_slice(),
            Item::Memory(_) | Item::Data => &[],
        })
    }

    /// The port it is going to, until it has arrived.
    pub(crate) fn port(&self) -> Option<&Arc<Port>> {
        self.to.as_ref().map(Destination::port)
    }

    /// The number of the sender's space; 0 is the kernel's.
    pub(crate) fn sender_number(&self) -> u32 {
        self.sender.audit[5]
    }

    /// Which routine it belongs to.
    pub(crate) fn id(&self) -> MsgId {
        id_in(self.abi, &self.bytes)
    }

    /// Bytes of memory that it carries.
    pub(crate) fn memory(&self) -> usize {
        let sizes = self.items.iter().map(|it| if let Item::Memory(it) = it { it.len() } else { 0 });
        sizes.sum()
    }

    /// The objects of memory that it carries parts of.
    pub(crate) fn objects(&self) -> impl Iterator<Item = &Arc<Object>> {
        self.items.iter().filter_map(|it| if let Item::Memory(it) = it { Some(it.objects()) } else { None }).flatten()
    }

    /// Bytes that a receiver needs room for.
    pub(crate) fn size_with(&self, trailer: TrailerElements) -> usize {
        size_with(self.abi, self.bytes.len(), trailer)
    }
}

/// The numbers of an ABI that is not known at compile time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Numbers {
    /// Bytes of the header.
    pub(crate) header: usize,
    /// Whether trailers stand behind messages.
    pub(crate) trailer: bool,
    /// Where the id stands.
    id: usize,
}

#[inline]
pub(crate) fn numbers(abi: AbiId) -> Numbers {
    const fn of<W: Row>(_: W) -> Numbers {
        Numbers { header: W::HEADER, trailer: W::TRAILER > 0, id: W::ID }
    }
    by_row!(abi, of())
}

/// Bytes that a receiver needs room for, of a message of this size.
pub(crate) fn size_with(abi: AbiId, size: usize, trailer: TrailerElements) -> usize {
    if numbers(abi).trailer { size.next_multiple_of(4) + trailer.size() } else { size }
}

/// Which routine a message of an ABI belongs to, as far as it is there.
pub(crate) fn id_in(abi: AbiId, message: &[u8]) -> MsgId {
    let at = numbers(abi).id;
    MsgId(message.get(at..at + 4).map_or(0, |it| u32_at(it, 0) as i32))
}
