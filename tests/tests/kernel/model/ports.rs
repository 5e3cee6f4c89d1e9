//! The model: what ports, rights and names are, with everything done at once and nothing shared.
//!
//! A port that dies turns every name of it into a dead name there and then. Rights are numbers of ports; how many exist
//! is counted, and [`Model::conserved`] counts again what is where.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use mig_rt::AbiId;

/// The number of a port or of a set.
pub(crate) type Id = u32;

/// Most user references of a name, and of a send right.
pub(crate) const MOST: u32 = 65535;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Right {
    Null,
    Dead,
    Send(Id),
    Once(Id),
    Receive(Id),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum What {
    Send(Id),
    Receive(Id),
    Both(Id),
    Once(Id),
    Set(Id),
    Dead,
}

#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) what: What,
    pub(crate) references: u32,
    /// The message past the limit that was sent by this name.
    pub(crate) accepting: Option<u32>,
}

#[derive(Clone, Debug)]
pub(crate) enum Item {
    Right(Right),
    Memory(Vec<u8>),
    /// A name or a number.
    Word(u32),
}

#[derive(Debug)]
pub(crate) struct Message {
    /// Unlike every other's.
    pub(crate) serial: u32,
    /// Its own, whoever receives it.
    pub(crate) abi: AbiId,
    pub(crate) to: Right,
    pub(crate) reply: Right,
    pub(crate) id: u32,
    pub(crate) body: Vec<Item>,
    /// Who is told when it leaves the queue, and of which name.
    pub(crate) accepted: Option<(Id, u32)>,
}

#[derive(Debug)]
pub(crate) struct Port {
    /// The task that receives from it, and its name there.
    pub(crate) home: Option<(usize, u32)>,
    /// In which the kernel writes to that task, or to the last one.
    pub(crate) abi: AbiId,
    pub(crate) sends: u32,
    pub(crate) onces: u32,
    pub(crate) made: u32,
    pub(crate) limit: u32,
    pub(crate) sequence: u32,
    pub(crate) queue: VecDeque<Message>,
    pub(crate) set: Option<Id>,
    pub(crate) no_senders: Option<Id>,
    pub(crate) destroyed: Option<Id>,
    /// Task, name, and who is told.
    pub(crate) dead_names: Vec<(usize, u32, Id)>,
    /// Those of them that are told of room in the queue instead, if that comes first: whether they wait for it already,
    /// or until a send fails.
    pub(crate) rooms: BTreeMap<(usize, u32), bool>,
}

#[derive(Debug, Default)]
pub(crate) struct Set {
    pub(crate) members: BTreeSet<Id>,
    /// Members with messages.
    pub(crate) ready: VecDeque<Id>,
}

/// What a notification tells.
#[derive(Debug)]
pub(crate) enum Told {
    PortDeleted(u32),
    MsgAccepted(u32),
    PortDestroyed(Id),
    NoSenders(u32),
    SendOnce,
    DeadName(u32),
}

/// What remains to be done: first in, first out.
#[derive(Debug)]
enum Effect {
    NoSenders(Id),
    SendOnce(Id),
    Destroy(Id),
    Tell(Id, Told),
    Deliver(Message),
}

#[derive(Debug, Default)]
pub(crate) struct Model {
    /// In which each task writes.
    pub(crate) abis: Vec<AbiId>,
    /// The names of each task.
    pub(crate) tasks: Vec<BTreeMap<u32, Entry>>,
    /// Ports that live.
    pub(crate) ports: BTreeMap<Id, Port>,
    pub(crate) sets: BTreeMap<Id, Set>,
    effects: VecDeque<Effect>,
    next: u32,
}

impl Model {
    pub(crate) fn of_tasks(abis: &[AbiId]) -> Model {
        Model { abis: abis.to_vec(), tasks: vec![BTreeMap::new(); abis.len()], ..Model::default() }
    }

    pub(crate) fn number(&mut self) -> u32 {
        self.next += 1;
        self.next
    }

    pub(crate) fn new_port(&mut self, task: usize, name: u32) -> Id {
        let id = self.number();
        let port = Port {
            home: Some((task, name)),
            abi: self.abis[task],
            sends: 0,
            onces: 0,
            made: 0,
            limit: 5,
            sequence: 0,
            queue: VecDeque::new(),
            set: None,
            no_senders: None,
            destroyed: None,
            dead_names: Vec::new(),
            rooms: BTreeMap::new(),
        };
        self.ports.insert(id, port);
        id
    }

    pub(crate) fn port(&mut self, id: Id) -> &mut Port {
        self.ports.get_mut(&id).expect("it lives")
    }

    pub(crate) fn lives(&self, right: Right) -> bool {
        match right {
            Right::Null | Right::Dead => false,
            Right::Send(id) | Right::Once(id) | Right::Receive(id) => self.ports.contains_key(&id),
        }
    }

    /// The name of a port's send or receive right.
    pub(crate) fn name_of(&self, task: usize, id: Id) -> Option<u32> {
        let is_it = |it: &Entry| matches!(it.what, What::Send(at) | What::Receive(at) | What::Both(at) if at == id);
        self.tasks[task].iter().find(|it| is_it(it.1)).map(|it| *it.0)
    }

    pub(crate) fn is_armed(&self, task: usize, name: u32) -> bool {
        self.ports.values().any(|it| it.dead_names.iter().any(|it| (it.0, it.1) == (task, name)))
    }

    pub(crate) fn is_accepting(&self, entry: &Entry) -> bool {
        let queued = |serial| self.ports.values().any(|it| it.queue.iter().any(|it| it.serial == serial));
        entry.accepting.is_some_and(queued)
    }

    /// The bits of `mach_port_type_t`.
    pub(crate) fn bits(&self, task: usize, name: u32) -> u32 {
        let entry = &self.tasks[task][&name];
        let bits = match entry.what {
            What::Send(_) => 1 << 16,
            What::Receive(_) => 2 << 16,
            What::Both(_) => 3 << 16,
            What::Once(_) => 4 << 16,
            What::Set(_) => 8 << 16,
            What::Dead => 16 << 16,
        };
        let room = match self.ports.values().find_map(|it| it.rooms.get(&(task, name))) {
            None => 0,
            Some(true) => 1 << 30,
            Some(false) => 3 << 29,
        };
        bits | u32::from(self.is_armed(task, name)) << 31 | u32::from(self.is_accepting(entry)) << 30 | room
    }

    /// A right is given up.
    pub(crate) fn release(&mut self, right: Right) {
        match right {
            Right::Send(id) if self.lives(right) => {
                self.port(id).sends -= 1;
                if self.port(id).sends == 0 {
                    self.effects.push_back(Effect::NoSenders(id));
                }
            }
            Right::Once(id) if self.lives(right) => self.effects.push_back(Effect::SendOnce(id)),
            Right::Receive(id) => self.effects.push_back(Effect::Destroy(id)),
            _ => {}
        }
    }

    pub(crate) fn release_message(&mut self, message: Message) {
        self.release(message.to);
        self.release(message.reply);
        for it in message.body {
            if let Item::Right(it) = it {
                self.release(it);
            }
        }
        self.accept(message.accepted);
    }

    /// A message has left its queue.
    pub(crate) fn accept(&mut self, accepted: Option<(Id, u32)>) {
        if let Some((notify, name)) = accepted {
            self.tell(notify, Told::MsgAccepted(name));
        }
    }

    /// Sends a notification, in its turn.
    pub(crate) fn tell(&mut self, notify: Id, what: Told) {
        self.effects.push_back(Effect::Tell(notify, what));
    }

    /// Does what remains to be done.
    pub(crate) fn settle(&mut self) {
        while let Some(effect) = self.effects.pop_front() {
            match effect {
                Effect::NoSenders(id) => self.no_senders(id),
                Effect::SendOnce(id) if self.ports.contains_key(&id) => self.notify(id, Told::SendOnce),
                Effect::SendOnce(_) => {}
                Effect::Destroy(id) => self.destroy_port(id),
                Effect::Tell(id, what) => self.notify(id, what),
                Effect::Deliver(message) => drop(self.deliver(message, true)),
            }
        }
    }

    fn no_senders(&mut self, id: Id) {
        let Some(port) = self.ports.get_mut(&id).filter(|it| it.sends == 0) else { return };
        let made = port.made;
        if let Some(notify) = port.no_senders.take() {
            self.notify(notify, Told::NoSenders(made));
        }
    }

    /// Writes a notification. The send-once right that it goes through is there already.
    fn notify(&mut self, id: Id, what: Told) {
        if !self.ports.contains_key(&id) {
            if let Told::PortDestroyed(it) = what {
                self.release(Right::Receive(it));
            }
            return;
        }
        let (number, body) = match what {
            Told::PortDeleted(name) => (65, Some(Item::Word(name))),
            Told::MsgAccepted(name) => (66, Some(Item::Word(name))),
            Told::PortDestroyed(it) => (69, Some(Item::Right(Right::Receive(it)))),
            Told::NoSenders(made) => (70, Some(Item::Word(made))),
            Told::SendOnce => (71, None),
            Told::DeadName(name) => (72, Some(Item::Word(name))),
        };
        let (serial, abi) = (self.number(), self.ports[&id].abi);
        let body = body.into_iter().collect();
        let message =
            Message { serial, abi, to: Right::Once(id), reply: Right::Null, id: number, body, accepted: None };
        self.effects.push_back(Effect::Deliver(message));
    }

    /// Puts a message into its queue, beyond the limit if `forced`. It comes back if there is no room.
    pub(crate) fn deliver(&mut self, message: Message, forced: bool) -> Option<Message> {
        let (Right::Send(id) | Right::Once(id)) = message.to else { panic!("a message goes nowhere") };
        if !self.lives(message.to) || self.closes_circle(&message, id) {
            self.release_message(message);
            return None;
        }
        let port = self.port(id);
        if !forced && port.queue.len() >= port.limit as usize && message.to == Right::Send(id) {
            return Some(message);
        }
        port.queue.push_back(message);
        self.list(id);
        None
    }

    /// Tells those who wait for room in a queue, if there is any: that uses their requests up.
    pub(crate) fn tell_of_room(&mut self, id: Id) {
        let port = self.port(id);
        if port.queue.len() >= port.limit as usize {
            return;
        }
        for (task, name, to) in port.dead_names.clone() {
            if self.port(id).rooms.get(&(task, name)) == Some(&true) {
                self.disarm(task, name);
                self.tell(to, Told::MsgAccepted(name));
            }
        }
    }

    /// Lists a port among the ready ones of its set, if it has messages.
    pub(crate) fn list(&mut self, id: Id) {
        let port = &self.ports[&id];
        let Some(set) = port.set.filter(|_| !port.queue.is_empty()) else { return };
        let ready = &mut self.sets.get_mut(&set).expect("a member's set exists").ready;
        if !ready.contains(&id) {
            ready.push_back(id);
        }
    }

    fn closes_circle(&self, message: &Message, to: Id) -> bool {
        let carries = |message: &Message, id| {
            message.body.iter().any(|it| matches!(it, Item::Right(Right::Receive(at)) if *at == id))
        };
        let mut at = Some(to);
        while let Some(id) = at {
            if carries(message, id) {
                return true;
            }
            at = self.ports.iter().find(|it| it.1.queue.iter().any(|it| carries(it, id))).map(|it| *it.0);
        }
        false
    }

    /// Its receive right leaves a task.
    pub(crate) fn leave_home(&mut self, id: Id) {
        self.leave_set(id);
        let port = self.port(id);
        (port.home, port.made, port.sequence) = (None, 0, 0);
    }

    pub(crate) fn leave_set(&mut self, id: Id) {
        let Some(set) = self.port(id).set.take() else { return };
        let set = self.sets.get_mut(&set).expect("a member's set exists");
        set.members.remove(&id);
        set.ready.retain(|it| *it != id);
    }

    fn destroy_port(&mut self, id: Id) {
        if let Some(notify) = self.port(id).destroyed.take() {
            return self.tell(notify, Told::PortDestroyed(id));
        }
        let port = self.ports.remove(&id).expect("it dies once");
        if let Some(it) = port.no_senders {
            self.release(Right::Once(it));
        }
        port.queue.into_iter().for_each(|it| self.release_message(it));
        for (task, names) in self.tasks.iter_mut().enumerate() {
            for (name, entry) in names {
                if matches!(entry.what, What::Send(at) | What::Once(at) if at == id) {
                    let armed = port.dead_names.iter().any(|it| (it.0, it.1) == (task, *name));
                    let references = entry.references.max(1) + u32::from(armed);
                    *entry = Entry { what: What::Dead, references, accepting: None };
                }
            }
        }
        for (_, name, notify) in port.dead_names {
            self.tell(notify, Told::DeadName(name));
        }
    }

    /// Takes an entry out. Who is to be told that the name is free, if somebody is.
    pub(crate) fn remove(&mut self, task: usize, name: u32) -> (Entry, Option<Id>) {
        let entry = self.tasks[task].remove(&name).expect("it exists");
        if let What::Receive(id) | What::Both(id) = entry.what {
            self.leave_home(id);
        }
        (entry, self.disarm(task, name))
    }

    /// Ends a request to be told of the death of what a name stands for.
    pub(crate) fn disarm(&mut self, task: usize, name: u32) -> Option<Id> {
        self.ports.values_mut().find_map(|port| {
            let at = port.dead_names.iter().position(|it| (it.0, it.1) == (task, name))?;
            port.rooms.remove(&(task, name));
            Some(port.dead_names.remove(at).2)
        })
    }

    /// Releases what an entry stood for that was removed.
    pub(crate) fn release_entry(&mut self, name: u32, entry: &Entry, told: Option<Id>) {
        match entry.what {
            What::Send(id) => self.release(Right::Send(id)),
            What::Once(id) => self.release(Right::Once(id)),
            What::Receive(id) => self.release(Right::Receive(id)),
            What::Both(id) => {
                self.release(Right::Receive(id));
                self.release(Right::Send(id));
            }
            What::Set(id) => self.destroy_set(id),
            What::Dead => {}
        }
        if let Some(it) = told {
            self.tell(it, Told::PortDeleted(name));
        }
    }

    fn destroy_set(&mut self, id: Id) {
        let set = self.sets.remove(&id).expect("it dies once");
        set.members.into_iter().for_each(|it| self.port(it).set = None);
    }

    /// Ends a task.
    pub(crate) fn kill(&mut self, task: usize) {
        let names: Vec<u32> = self.tasks[task].keys().copied().collect();
        let removed: Vec<_> = names.into_iter().map(|it| (it, self.remove(task, it))).collect();
        removed.into_iter().for_each(|(name, (entry, told))| self.release_entry(name, &entry, told));
        self.settle();
    }
}
