//! Port sets: ports of one space that are received from together.
//!
//! Ports with messages are served in the order in which they became ready, each for one message at a time, so none
//! starves. A port may be in several sets; whoever is first takes the message.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use mig_rt::{MsgReturn, PortName};

use super::port::{Port, PortState};
use super::queue::Receiving;
use crate::sync::{Guard, Mutex, Rank};

/// A port set.
pub(crate) struct PortSet {
    /// Its name in its space, which may be changed.
    name: AtomicU32,
    state: Mutex<SetState>,
}

/// What the lock of a set protects.
pub(crate) struct SetState {
    pub(crate) alive: bool,
    /// By number.
    pub(crate) members: BTreeMap<u64, Arc<Port>>,
    /// Members with messages, each once; some were emptied by way of another set. A port is here exactly if its
    /// membership says so, which both change under its lock.
    pub(crate) ready: VecDeque<Arc<Port>>,
    pub(crate) receivers: VecDeque<Receiving>,
}

/// A port's place in a set.
#[derive(Debug)]
pub(crate) struct Membership {
    pub(crate) set: Arc<PortSet>,
    /// Whether the set lists the port among those with messages.
    pub(crate) listed: bool,
}

impl Membership {
    /// The port of this number leaves the set.
    pub(crate) fn end(self, id: u64) {
        let mut set = self.set.lock();
        set.members.remove(&id);
        if self.listed {
            set.unlist(id);
        }
    }
}

impl SetState {
    /// Takes a port out of the ready ones, if it is there.
    pub(crate) fn unlist(&mut self, id: u64) -> bool {
        // Whoever was ready first is mostly the one.
        let at = self.ready.iter().position(|it| it.id == id);
        at.is_some_and(|it| self.ready.remove(it).is_some())
    }
}

impl PortSet {
    pub(crate) fn new(name: PortName) -> Arc<PortSet> {
        let state =
            SetState { alive: true, members: BTreeMap::new(), ready: VecDeque::new(), receivers: VecDeque::new() };
        Arc::new(PortSet { name: AtomicU32::new(name.0), state: Mutex::new(Rank::PortSet, state) })
    }

    /// Its name in its space.
    pub(crate) fn name(&self) -> PortName {
        PortName(self.name.load(Ordering::Acquire))
    }

    /// Its name has changed.
    pub(crate) fn set_name(&self, name: PortName) {
        self.name.store(name.0, Ordering::Release);
    }

    pub(crate) fn lock(&self) -> Guard<'_, SetState> {
        self.state.lock()
    }

    /// Ends it. Its members stay, each by itself.
    pub(crate) fn destroy(self: &Arc<PortSet>) {
        let members = {
            let mut state = self.lock();
            state.alive = false;
            state.ready.clear();
            state.receivers.drain(..).for_each(|it| it.waiter.wake(Err(MsgReturn::RCV_PORT_DIED)));
            std::mem::take(&mut state.members)
        };
        for port in members.into_values() {
            port.lock().sets.retain(|it| !Arc::ptr_eq(&it.set, self));
        }
    }
}

impl PortState {
    /// Leaves every set it is in. `id` is the port's.
    pub(crate) fn leave_sets(&mut self, id: u64) {
        for it in self.sets.drain(..) {
            it.end(id);
        }
    }

    /// Its place in a set.
    pub(crate) fn membership(&mut self, set: &Arc<PortSet>) -> Option<&mut Membership> {
        self.sets.iter_mut().find(|it| Arc::ptr_eq(&it.set, set))
    }
}

impl fmt::Debug for PortSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PortSet({})", self.name())
    }
}
