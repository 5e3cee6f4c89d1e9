//! Spaces: what a task calls its rights.
//!
//! Invariants: a port has at most one name in a space for send and receive rights together; a name with a send right or
//! a dead name has at least one user reference. An entry may point to a port that has died: whoever looks converts it
//! into a dead name first, so death costs nothing per right.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Weak};

use hashbrown::HashTable;
use mig_rt::{AbiId, KernReturn, PortName, RightKind};
use rustc_hash::FxBuildHasher;

use super::notify::{Notification, OnDrop, What};
use super::port::Port;
use super::right::{BothRef, ReceiveRef, SendOnceRef, SendRef};
use super::set::PortSet;
use super::space_give::Dropped;
use super::table::Table;
use crate::budget::{Budget, Resource};
use crate::sync::{Guard, Mutex, Rank};

/// Most user references of a name (`MACH_PORT_UREFS_MAX`).
pub(crate) const MOST_REFERENCES: u32 = 65535;
/// The names of one task.
pub(crate) struct Space {
    /// Unique, and never zero.
    pub(crate) number: u32,
    /// How the kernel writes to its task.
    pub(crate) abi: AbiId,
    pub(crate) budget: Arc<Budget>,
    state: Mutex<SpaceState>,
    /// Ports that were made for it, where checks are wanted: one that lives is somewhere.
    #[cfg(debug_assertions)]
    born: parking_lot::Mutex<Vec<Weak<Port>>>,
}

/// What the lock of a space protects.
pub(crate) struct SpaceState {
    pub(crate) number: u32,
    pub(crate) abi: AbiId,
    pub(crate) alive: bool,
    table: Table,
    /// The names of send rights: a port's is found by where the port is. A receive right is found by its port's home.
    sends: HashTable<PortName>,
    /// Names through which a message was sent past the limit, and whether it is still in the queue.
    accepting: BTreeMap<PortName, Weak<()>>,
    pub(crate) budget: Arc<Budget>,
}

/// What a name stands for.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) held: Held,
    /// User references of the send right or of the dead name.
    pub(crate) references: u32,
    /// Whether the port has a request to tell of its death.
    pub(crate) armed: bool,
}

/// The rights under one name.
#[derive(Debug)]
pub(crate) enum Held {
    Send(SendRef),
    Receive(ReceiveRef),
    Both(BothRef),
    SendOnce(SendOnceRef),
    Set(Arc<PortSet>),
    Dead,
}

impl Held {
    /// Its type bits (`mach_port_type_t`).
    pub(crate) fn bits(&self) -> u32 {
        match self {
            Held::Send(_) => 0x1_0000,
            Held::Receive(_) => 0x2_0000,
            Held::Both(_) => 0x3_0000,
            Held::SendOnce(_) => 0x4_0000,
            Held::Set(_) => 0x8_0000,
            Held::Dead => 0x10_0000,
        }
    }

    /// Whether it has a right of this kind.
    pub(crate) fn has(&self, kind: RightKind) -> bool {
        self.bits() >> 16 & 1 << kind.0.min(15) != 0
    }

    /// The port, unless it is a set or dead.
    pub(crate) fn port(&self) -> Option<&Arc<Port>> {
        match self {
            Held::Send(it) => Some(it.port()),
            Held::Receive(it) => Some(it.port()),
            Held::Both(it) => Some(it.port()),
            Held::SendOnce(it) => Some(it.port()),
            Held::Set(_) | Held::Dead => None,
        }
    }

    /// The port, if it is received from here.
    pub(crate) fn receiving(&self) -> Option<&Arc<Port>> {
        match self {
            Held::Receive(it) => Some(it.port()),
            Held::Both(it) => Some(it.port()),
            _ => None,
        }
    }

    /// The port, if there is a send right to it.
    pub(crate) fn sending(&self) -> Option<&Arc<Port>> {
        match self {
            Held::Send(it) => Some(it.port()),
            Held::Both(it) => Some(it.port()),
            _ => None,
        }
    }
}

impl Entry {
    pub(crate) fn new(held: Held) -> Entry {
        let references = matches!(held, Held::Send(_) | Held::Both(_) | Held::Dead).into();
        Entry { held, references, armed: false }
    }

    /// References that it has as a dead name, once its port has died: one more for a notification. `space` and `name` are
    /// where it is.
    pub(crate) fn dead_references(&self, space: u32, name: PortName) -> u32 {
        // A request that was used to tell of room is none any more, though the name does not know.
        let used = |port: &Arc<Port>| port.lock().request(space, name).is_some_and(|it| it.notify.is_none());
        let told = self.armed && !self.held.port().is_some_and(used);
        self.references.max(1) + u32::from(told)
    }
}

static NEXT_NUMBER: AtomicU32 = AtomicU32::new(1);

impl Space {
    pub(crate) fn new(abi: AbiId, budget: Arc<Budget>) -> Arc<Space> {
        let number = NEXT_NUMBER.fetch_add(1, Ordering::Relaxed);
        let state = SpaceState {
            number,
            abi,
            alive: true,
            table: Table::new(),
            sends: HashTable::new(),
            accepting: BTreeMap::new(),
            budget: budget.clone(),
        };
        Arc::new(Space {
            number,
            abi,
            budget,
            state: Mutex::new(Rank::Space, state),
            #[cfg(debug_assertions)]
            born: parking_lot::Mutex::default(),
        })
    }

    /// A new port for it.
    pub(crate) fn make_port(&self) -> Arc<Port> {
        let port = Port::new(self.abi);
        #[cfg(debug_assertions)]
        {
            let mut born = self.born.lock();
            if born.len() == born.capacity() {
                born.retain(|it| it.strong_count() > 0);
            }
            born.push(Arc::downgrade(&port));
        }
        port
    }

    /// Ports that were made for it and exist. None where nobody checks.
    pub(crate) fn born(&self) -> Vec<Arc<Port>> {
        #[cfg(debug_assertions)]
        return self.born.lock().iter().filter_map(Weak::upgrade).collect();
        #[cfg(not(debug_assertions))]
        return Vec::new();
    }

    /// The space, dead or alive.
    pub(crate) fn lock(&self) -> Guard<'_, SpaceState> {
        self.state.lock()
    }

    /// The space, if its task lives.
    pub(crate) fn alive(&self) -> Result<Guard<'_, SpaceState>, KernReturn> {
        let state = self.lock();
        if state.alive { Ok(state) } else { Err(KernReturn::INVALID_TASK) }
    }

    /// Releases everything in it. Nothing can be put in afterwards.
    pub(crate) fn destroy(&self) {
        self.lock().alive = false;
        loop {
            let mut state = self.lock();
            // A lock is not held for longer than a number of entries takes.
            let names: Vec<PortName> = state.names().take(256).collect();
            if names.is_empty() {
                return;
            }
            let removed: Vec<Option<Dropped<Held>>> = names.iter().map(|it| state.remove(*it)).collect();
            drop(state);
            removed.into_iter().flatten().for_each(Dropped::release);
        }
    }
}

impl SpaceState {
    /// What a name stands for. A port that has died makes it a dead name first.
    #[inline]
    pub(crate) fn get(&mut self, name: PortName) -> Option<&mut Entry> {
        if self.table.get(name)?.held.port().is_some_and(|it| !it.is_alive()) {
            self.bury(name);
        }
        self.table.get_mut(name)
    }

    /// What a name stands for, as it is.
    pub(crate) fn peek(&self, name: PortName) -> Option<&Entry> {
        self.table.get(name)
    }

    /// The same, to be changed.
    pub(crate) fn entry_mut(&mut self, name: PortName) -> Option<&mut Entry> {
        self.table.get_mut(name)
    }

    /// Its port has died: the rights become a dead name with as many references, and one more for a notification.
    #[cold]
    fn bury(&mut self, name: PortName) {
        let number = self.number;
        let Some(entry) = self.table.get_mut(name) else { return };
        entry.references = entry.dead_references(number, name);
        if let (true, Some(port)) = (std::mem::take(&mut entry.armed), entry.held.port()) {
            port.lock().disarm(number, name);
        }
        let held = std::mem::replace(&mut entry.held, Held::Dead);
        self.accepting.remove(&name);
        if let Some(port) = held.sending() {
            self.hide(name, port);
        }
    }

    /// Every name.
    pub(crate) fn names(&self) -> impl Iterator<Item = PortName> {
        self.table.names()
    }

    /// Names in use.
    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether there is no room for another name.
    pub(crate) fn is_full(&self) -> bool {
        self.len() >= self.budget.most_names
    }

    /// The table of its names.
    pub(crate) fn table(&self) -> &Table {
        &self.table
    }

    /// Makes room for so many names.
    pub(crate) fn reserve(&mut self, names: usize) {
        self.table.reserve(names.min(self.budget.most_names));
    }

    /// Every name and what it stood for when somebody last looked.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (PortName, &Entry)> {
        self.names().filter_map(|it| Some((it, self.peek(it)?)))
    }

    /// How many send rights are found by their ports.
    pub(crate) fn found(&self) -> usize {
        self.sends.len()
    }

    /// A new name for an entry.
    pub(crate) fn add(&mut self, entry: Entry) -> Result<PortName, KernReturn> {
        let name = self.free_name()?;
        self.put(name, entry);
        Ok(name)
    }

    /// A name that stands for nothing.
    pub(crate) fn free_name(&mut self) -> Result<PortName, KernReturn> {
        if self.is_full() {
            return Err(KernReturn::NO_SPACE);
        }
        self.budget.afford(Resource::Tables)?;
        self.budget.afford(Resource::Names)?;
        self.table.free_name().ok_or(KernReturn::NO_SPACE)
    }

    /// Puts an entry under a name that stands for nothing.
    pub(crate) fn put(&mut self, name: PortName, entry: Entry) {
        let send = entry.held.sending().map(Arc::as_ptr);
        if let Some(port) = entry.held.receiving() {
            port.set_home(Some((self.number, name)));
            port.set_abi(self.abi);
        }
        if let Held::Set(set) = &entry.held {
            set.set_name(name);
        }
        self.table.put(name, entry);
        if let Some(port) = send {
            self.show(name, port);
        }
    }

    /// Takes an entry out. Its rights and its request are the caller's to end, by [`Dropped::release`] or otherwise; a
    /// receive right has left its home.
    pub(crate) fn remove(&mut self, name: PortName) -> Option<Dropped<Held>> {
        self.get(name)?;
        let entry = self.table.take(name)?;
        self.accepting.remove(&name);
        if let Some(port) = entry.held.sending() {
            self.hide(name, port);
        }
        if let Some(port) = entry.held.receiving() {
            port.leave_home();
        }
        let told = if entry.armed { self.disarm(name, &entry.held) } else { None };
        Some(Dropped { right: entry.held, told })
    }

    /// Ends the request of an entry that goes away: whoever asked is told that the name is free.
    #[cold]
    fn disarm(&self, name: PortName, held: &Held) -> Option<Box<OnDrop>> {
        let notify = held.port()?.lock().disarm(self.number, name)?;
        Some(Box::new(OnDrop::new(Notification::to(notify, What::PortDeleted(name)))))
    }

    /// The name of a port's send or receive right.
    pub(crate) fn name_of(&self, port: &Arc<Port>) -> Option<PortName> {
        self.name_of_send(port).or_else(|| port.home().filter(|it| it.0 == self.number).map(|it| it.1))
    }

    /// The name of a port's send right.
    pub(crate) fn name_of_send(&self, port: &Arc<Port>) -> Option<PortName> {
        let is_it =
            |it: &PortName| self.peek(*it).and_then(|it| it.held.sending()).is_some_and(|it| Arc::ptr_eq(it, port));
        self.sends.find(hash(Arc::as_ptr(port)), is_it).copied()
    }

    /// A name has a send right from now on.
    pub(crate) fn show(&mut self, name: PortName, port: *const Port) {
        let table = &self.table;
        let port_of =
            |it: &PortName| table.get(*it).and_then(|it| it.held.sending()).map_or(std::ptr::null(), Arc::as_ptr);
        self.sends.insert_unique(hash(port), name, |it| hash(port_of(it)));
    }

    /// A name has no send right any more.
    pub(crate) fn hide(&mut self, name: PortName, port: &Arc<Port>) {
        if let Ok(it) = self.sends.find_entry(hash(Arc::as_ptr(port)), |it| *it == name) {
            it.remove();
        }
    }

    /// Makes an entry's name its home's and its send right's again, under another name.
    pub(crate) fn rename(&mut self, old: PortName, new: PortName) -> Result<(), KernReturn> {
        self.get(old).ok_or(KernReturn::INVALID_NAME)?;
        let entry = self.table.take(old).ok_or(KernReturn::INVALID_NAME)?;
        if let Some(port) = entry.held.sending() {
            self.hide(old, port);
        }
        if let Some(mark) = self.accepting.remove(&old) {
            self.accepting.insert(new, mark);
        }
        if let (Some(port), true) = (entry.held.port(), entry.armed) {
            port.lock().rearm(self.number, old, new);
        }
        self.put(new, entry);
        Ok(())
    }

    /// Whether a message that was sent through a name past the limit is still in the queue.
    pub(crate) fn is_accepting(&self, name: PortName) -> bool {
        self.accepting.get(&name).is_some_and(|it| it.strong_count() > 0)
    }

    /// A message is sent through a name past the limit: as long as the mark is there, it is in the queue.
    pub(crate) fn accept(&mut self, name: PortName, mark: &Arc<()>) {
        self.accepting.insert(name, Arc::downgrade(mark));
    }
}

fn hash(port: *const Port) -> u64 {
    FxBuildHasher.hash_one(port.addr())
}

impl fmt::Debug for Space {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Space({})", self.number)
    }
}
