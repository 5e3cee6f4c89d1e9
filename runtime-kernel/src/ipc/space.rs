//! Spaces: what a task calls its rights.
//!
//! Invariants: a port has at most one name in a space for send and receive rights together; a name with a send right or
//! a dead name has at least one user reference. An entry may point to a port that has died: whoever looks converts it
//! into a dead name first, so death costs nothing per right.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Weak};

use mig_rt::{AbiId, KernReturn, PortName, RightKind};
use rustc_hash::FxHashMap;

use super::notify::{Notification, OnDrop, What};
use super::port::Port;
use super::right::{ReceiveRef, SendOnceRef, SendRef};
use super::set::PortSet;
use crate::budget::{Budget, Resource};
use crate::sync::{Guard, Mutex, Rank};

/// Most user references of a name (`MACH_PORT_UREFS_MAX`).
pub(crate) const MOST_REFERENCES: u32 = 65535;
/// Names that can be told apart.
pub(crate) const MOST_NAMES: usize = 1 << 23;

/// Room that is made in advance, at most: a task does not pay for it.
const MOST_RESERVED: usize = 1 << 16;

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
    slots: Vec<Slot>,
    free: Vec<u32>,
    /// Entries under names that the kernel did not choose.
    chosen: BTreeMap<u32, Entry>,
    /// The names of send rights, by port. A receive right is found by its port's home.
    pub(crate) sends: FxHashMap<u64, PortName>,
    pub(crate) budget: Arc<Budget>,
}

#[derive(Default)]
struct Slot {
    /// Low byte of the name: a name that was freed does not come back at once.
    generation: u8,
    entry: Option<Entry>,
}

/// What a name stands for.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) held: Held,
    /// User references of the send right or of the dead name.
    pub(crate) references: u32,
    /// Whether the port has a request to tell of its death.
    pub(crate) armed: bool,
    /// Whether a message that was sent past the limit is still in the queue.
    pub(crate) accepting: Option<Weak<()>>,
    /// What somebody is told when it goes away: after what its rights give rise to, so it stands behind them.
    pub(crate) told: Option<Box<OnDrop>>,
}

/// The rights under one name.
#[derive(Debug)]
pub(crate) enum Held {
    Send(SendRef),
    Receive(ReceiveRef),
    Both(ReceiveRef, SendRef),
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
            Held::Both(..) => 0x3_0000,
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
            Held::Receive(it) | Held::Both(it, _) => Some(it.port()),
            Held::SendOnce(it) => Some(it.port()),
            Held::Set(_) | Held::Dead => None,
        }
    }

    /// The port, if it is received from here.
    pub(crate) fn receiving(&self) -> Option<&Arc<Port>> {
        match self {
            Held::Receive(it) | Held::Both(it, _) => Some(it.port()),
            _ => None,
        }
    }

    /// The send right.
    pub(crate) fn sending(&self) -> Option<&SendRef> {
        match self {
            Held::Send(it) | Held::Both(_, it) => Some(it),
            _ => None,
        }
    }
}

impl Entry {
    pub(crate) fn new(held: Held) -> Entry {
        let references = matches!(held, Held::Send(_) | Held::Both(..) | Held::Dead).into();
        Entry { held, references, armed: false, accepting: None, told: None }
    }

    /// References that it has as a dead name, once its port has died: one more for a notification.
    pub(crate) fn dead_references(&self) -> u32 {
        self.references.max(1) + u32::from(self.armed)
    }

    /// Whether a message that was sent past the limit is still in the queue.
    pub(crate) fn is_accepting(&self) -> bool {
        self.accepting.as_ref().is_some_and(|it| it.strong_count() > 0)
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
            // No name has the index 0.
            slots: vec![Slot::default()],
            free: Vec::new(),
            chosen: BTreeMap::new(),
            sends: FxHashMap::default(),
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
            let removed: Vec<Option<Entry>> = names.iter().map(|it| state.remove(*it)).collect();
            drop(state);
            removed.into_iter().flatten().for_each(Entry::release);
        }
    }
}

impl SpaceState {
    fn index(&self, name: PortName) -> Option<usize> {
        let index = (name.0 >> 8) as usize;
        let slot = self.slots.get(index)?;
        (slot.entry.is_some() && slot.generation == name.0 as u8).then_some(index)
    }

    /// What a name stands for. A port that has died makes it a dead name first.
    pub(crate) fn get(&mut self, name: PortName) -> Option<&mut Entry> {
        let index = self.index(name);
        let entry = match index {
            Some(index) => self.slots[index].entry.as_ref(),
            None => self.chosen.get(&name.0),
        };
        if entry?.held.port().is_some_and(|it| !it.is_alive()) {
            self.bury(name);
        }
        match index {
            Some(index) => self.slots[index].entry.as_mut(),
            None => self.chosen.get_mut(&name.0),
        }
    }

    /// What a name stands for, as it is.
    pub(crate) fn peek(&self, name: PortName) -> Option<&Entry> {
        match self.index(name) {
            Some(index) => self.slots[index].entry.as_ref(),
            None => self.chosen.get(&name.0),
        }
    }

    /// Its port has died: the rights become a dead name with as many references, and one more for a notification.
    fn bury(&mut self, name: PortName) {
        let Some(entry) = self.entry_mut(name) else { return };
        let Some(port) = entry.held.port().map(|it| it.id) else { return };
        entry.references = entry.dead_references();
        entry.armed = false;
        let sending = entry.held.sending().is_some();
        entry.held = Held::Dead;
        entry.accepting = None;
        // Another name may have the send right, where this one had a send-once right.
        if sending {
            self.sends.remove(&port);
        }
    }

    /// Every name.
    pub(crate) fn names(&self) -> impl Iterator<Item = PortName> {
        let slots = self.slots.iter().enumerate().filter(|(_, it)| it.entry.is_some());
        let given = slots.map(|(index, it)| PortName((index as u32) << 8 | u32::from(it.generation)));
        given.chain(self.chosen.keys().map(|it| PortName(*it)))
    }

    /// Names in use.
    pub(crate) fn len(&self) -> usize {
        // The first slot is never given out.
        self.slots.len() - 1 - self.free.len() + self.chosen.len()
    }

    /// Whether there is no room for another name.
    pub(crate) fn is_full(&self) -> bool {
        self.len() >= self.budget.most_names
    }

    /// Names that the table has room for, and how many of them were given out at least once.
    pub(crate) fn table(&self) -> (usize, usize) {
        (self.slots.capacity(), self.slots.len())
    }

    /// Makes room for so many names.
    pub(crate) fn reserve(&mut self, names: usize) {
        let names = names.min(self.budget.most_names).min(MOST_RESERVED);
        self.slots.reserve(names.saturating_sub(self.slots.len()));
    }

    /// Every name and what it stood for when somebody last looked.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (PortName, &Entry)> {
        self.names().filter_map(|it| Some((it, self.peek(it)?)))
    }

    /// Whether every slot is either in use or free, once.
    pub(crate) fn check_slots(&self) -> Result<(), String> {
        let free: BTreeSet<u32> = self.free.iter().copied().collect();
        let empty = |(index, slot): (usize, &Slot)| slot.entry.is_none().then_some(index as u32);
        // No name has the index 0.
        let unused: BTreeSet<u32> = self.slots.iter().enumerate().skip(1).filter_map(empty).collect();
        if free.len() != self.free.len() || free != unused {
            return Err(format!("the free slots are {unused:?}, and listed are {:?}", self.free));
        }
        let hidden = |it: &u32| self.index(PortName(*it)).is_some();
        match self.chosen.keys().find(|it| hidden(it)) {
            Some(name) => Err(format!("name {name:#x} stands for two things")),
            None => Ok(()),
        }
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
        let index = match self.free.pop() {
            Some(index) => index,
            None if self.slots.len() < MOST_NAMES => {
                self.slots.push(Slot::default());
                self.slots.len() as u32 - 1
            }
            None => return Err(KernReturn::NO_SPACE),
        };
        let slot = &mut self.slots[index as usize];
        // Somebody may have chosen the very name.
        while self.chosen.contains_key(&(index << 8 | u32::from(slot.generation))) {
            slot.generation = slot.generation.wrapping_add(1);
        }
        // The slot is found by `put`, and is taken until then because nobody else has it.
        self.free.push(index);
        Ok(PortName(index << 8 | u32::from(slot.generation)))
    }

    /// Puts an entry under a name that stands for nothing.
    pub(crate) fn put(&mut self, name: PortName, entry: Entry) {
        if let Some(it) = entry.held.sending() {
            self.sends.insert(it.port().id, name);
        }
        if let Some(port) = entry.held.receiving() {
            port.set_home(Some((self.number, name)));
            port.set_abi(self.abi);
        }
        if let Held::Set(set) = &entry.held {
            set.set_name(name);
        }
        if self.free.last() == Some(&(name.0 >> 8)) && self.slots[(name.0 >> 8) as usize].generation == name.0 as u8 {
            self.free.pop();
            self.slots[(name.0 >> 8) as usize].entry = Some(entry);
        } else {
            self.chosen.insert(name.0, entry);
        }
    }

    /// Takes an entry out. Its rights and its request are the caller's to end, by [`Entry::release`] or otherwise; a
    /// receive right has left its home.
    pub(crate) fn remove(&mut self, name: PortName) -> Option<Entry> {
        self.get(name)?;
        let mut entry = self.take_out(name)?;
        if let Some(it) = entry.held.sending() {
            self.sends.remove(&it.port().id);
        }
        if let Some(port) = entry.held.receiving() {
            port.leave_home();
        }
        self.disarm(name, &mut entry);
        Some(entry)
    }

    /// Frees a name, and nothing else.
    fn take_out(&mut self, name: PortName) -> Option<Entry> {
        let Some(index) = self.index(name) else { return self.chosen.remove(&name.0) };
        let slot = &mut self.slots[index];
        slot.generation = slot.generation.wrapping_add(1);
        self.free.push(index as u32);
        slot.entry.take()
    }

    /// Ends the request of an entry that goes away: whoever asked is told that the name is free.
    fn disarm(&self, name: PortName, entry: &mut Entry) {
        if !std::mem::take(&mut entry.armed) {
            return;
        }
        let notify = entry.held.port().and_then(|it| it.lock().disarm(self.number, name));
        if let Some(notify) = notify {
            entry.accepting = None;
            entry.told = Some(Box::new(OnDrop::new(Notification::to(notify, What::PortDeleted(name)))));
        }
    }

    /// The name of a port's send or receive right.
    pub(crate) fn name_of(&mut self, port: &Arc<Port>) -> Option<PortName> {
        let send = self.sends.get(&port.id).copied();
        send.or_else(|| port.home().filter(|(space, _)| *space == self.number).map(|(_, name)| name))
    }

    /// Makes an entry's name its home's and its send right's again, under another name.
    pub(crate) fn rename(&mut self, old: PortName, new: PortName) -> Result<(), KernReturn> {
        self.get(old).ok_or(KernReturn::INVALID_NAME)?;
        let entry = self.take_out(old).ok_or(KernReturn::INVALID_NAME)?;
        if let (Some(port), true) = (entry.held.port(), entry.armed) {
            let mut state = port.lock();
            let number = self.number;
            let mut requests = state.dead_names.iter_mut();
            if let Some(it) = requests.find(|it| it.space == number && it.name == old) {
                it.name = new;
            }
        }
        self.put(new, entry);
        Ok(())
    }

    pub(crate) fn entry_mut(&mut self, name: PortName) -> Option<&mut Entry> {
        match self.index(name) {
            Some(index) => self.slots[index].entry.as_mut(),
            None => self.chosen.get_mut(&name.0),
        }
    }
}

impl Entry {
    /// Releases what it stood for, when no lock is held.
    pub(crate) fn release(self) {
        match self.held {
            Held::Set(set) => set.destroy(),
            other => drop(other),
        }
        drop(self.told);
    }
}

impl fmt::Debug for Space {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Space({})", self.number)
    }
}
