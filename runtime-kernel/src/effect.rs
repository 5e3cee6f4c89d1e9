//! What follows from a change, done when no lock is held.
//!
//! Rights are given back by `Drop`, often under a lock and never where a notification could be sent. So dropping one
//! only notes what follows; the outermost [`Scope`] of the thread does it, first in, first out. What follows from that
//! goes to the end, so nothing recurses, however long a chain of deaths is.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::sync::Arc;

use crate::ipc::message::Message;
use crate::ipc::notify;
use crate::ipc::port::Port;
use crate::ipc::queue;
use crate::sync::holds_none;
use crate::sync::host::thread_local;
#[cfg(loom)]
use crate::sync::host::{CellKey as _, RefCellKey as _};
use crate::vm::pager::{Known, Mail};

/// Something that remains to be done.
#[derive(Debug)]
pub(crate) enum Effect {
    /// The last send right to a port is gone, unless another was made since.
    NoSenders(Arc<Port>),
    /// A send-once right was released unused. The right still counts: the notification takes it over.
    SendOnce(Arc<Port>),
    /// A receive right was released.
    Destroy(Arc<Port>),
    /// A notification goes to a right.
    Notify(notify::Notification),
    /// A message of the kernel's own is on its way; its queue has no limit.
    Deliver(Box<Message>),
    /// There is something to say to a memory manager.
    Mail(Arc<Mail>),
    /// The port of a memory manager is dead.
    ManagerDied(Box<Known>),
}

thread_local! {
    static QUEUE: RefCell<VecDeque<Effect>> = const { RefCell::new(VecDeque::new()) };
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    /// Whether there may be something in the queue.
    static SOME: Cell<bool> = const { Cell::new(false) };
}

/// Notes something to be done.
pub(crate) fn push(effect: Effect) {
    // Where thread-local storage is gone already, the thread ends, and with it whoever could see the effect.
    let _ = QUEUE.try_with(|it| it.borrow_mut().push_back(effect));
    SOME.set(true);
    debug_assert!(DEPTH.try_with(Cell::get).unwrap_or(1) > 0, "a right was dropped outside every scope");
}

/// Every door of the kernel opens one; the outermost settles what was noted inside.
#[derive(Debug)]
pub(crate) struct Scope(());

impl Scope {
    pub(crate) fn open() -> Scope {
        DEPTH.set(DEPTH.get() + 1);
        Scope(())
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        if DEPTH.get() == 1 {
            settle();
        }
        DEPTH.set(DEPTH.get() - 1);
    }
}

/// Whether nothing remains to be done in this thread. For checks.
pub(crate) fn check() -> Result<(), String> {
    match QUEUE.with_borrow(VecDeque::len) {
        0 => Ok(()),
        some => Err(format!("{some} effects have not been done")),
    }
}

/// Does what was noted, and what follows from it.
#[inline]
pub(crate) fn settle() {
    debug_assert!(holds_none(), "effects under a lock");
    if SOME.get() {
        settle_all();
    }
}

// Apart, so that looking costs nothing.
#[inline(never)]
fn settle_all() {
    SOME.set(false);
    while let Some(effect) = QUEUE.with_borrow_mut(VecDeque::pop_front) {
        match effect {
            Effect::NoSenders(port) => notify::no_senders(&port),
            Effect::SendOnce(port) => notify::send_once(&port),
            Effect::Destroy(port) => port.destroy(),
            Effect::Notify(it) => it.send(),
            Effect::Deliver(message) => queue::deliver(message),
            Effect::Mail(mail) => mail.say(),
            Effect::ManagerDied(known) => known.manager_died(),
        }
    }
}
