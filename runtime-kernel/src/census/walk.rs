//! The walk: everything that can be reached, each thing once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use mig_rt::PortName;

use super::Census;
use crate::host::Host;
use crate::ipc::message::{Destination, Message};
use crate::ipc::notify::{Notification, What};
use crate::ipc::port::{Port, PortState};
use crate::ipc::right::{Carried, ReceiveRef, SendOnceRef, SendRef};
use crate::ipc::set::PortSet;
use crate::ipc::space::{Entry, Held};
use crate::task::TaskObject;
use crate::vm::Object;
use crate::vm::frame::Run;
use crate::vm::pager::Moved;

/// Where a right is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Place {
    /// Under a name of the space of this number.
    Name(u32, PortName),
    /// In a message to the port of this number.
    Message(u64),
    /// In a request that is armed at the port of this number.
    Request(u64),
    /// In an object of the kernel.
    Kernel(&'static str),
}

/// A port that was reached, and the rights to it that were.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) port: Arc<Port>,
    pub(crate) sends: Vec<Place>,
    pub(crate) send_onces: Vec<Place>,
    pub(crate) receives: Vec<Place>,
    /// The sets that it thinks it is in, and whether they list it among those with messages.
    pub(crate) sets: Vec<(Arc<PortSet>, bool)>,
    pub(crate) queued: usize,
    /// Who is to be told of its death.
    pub(crate) requests: Vec<(u32, PortName)>,
}

/// A set that was reached.
#[derive(Debug)]
pub(crate) struct FoundSet {
    pub(crate) set: Arc<PortSet>,
    pub(crate) space: u32,
    pub(crate) name: PortName,
}

/// Everything that was reached.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    pub(crate) census: Census,
    pub(crate) ports: BTreeMap<u64, Found>,
    pub(crate) sets: Vec<FoundSet>,
    /// Names whose port is to tell of its death, and that port.
    pub(crate) armed: BTreeSet<(u32, PortName, u64)>,
    /// What did not hold in what was looked at.
    pub(crate) wrong: Vec<String>,
    unseen: Vec<Arc<Port>>,
    /// Runs of pages, by where they are.
    runs: BTreeSet<usize>,
    /// Objects of memory that are to be looked at, and the numbers of those that were.
    objects: Vec<Arc<Object>>,
    known_objects: BTreeSet<u32>,
}

impl Walk {
    /// Walks from the tasks and from the host.
    pub(crate) fn of(tasks: &[Arc<TaskObject>], host: &Host) -> Walk {
        let mut walk = Walk::default();
        let set = &host.processor_set;
        [&host.port, &host.control, &set.name, &set.control].into_iter().for_each(|it| walk.kernel_port(it, "host"));
        host.handlers.each(&mut |it| walk.carried(it, Place::Kernel("host")));
        if let Some(manager) = host.budget.frames.manager() {
            walk.found(manager.port()).sends.push(Place::Kernel("host"));
        }
        tasks.iter().for_each(|it| walk.task(it));
        loop {
            if let Some(port) = walk.unseen.pop() {
                walk.look_at(&port);
            } else if let Some(object) = walk.objects.pop() {
                walk.object(&object);
            } else {
                break;
            }
        }
        walk.census.sets = walk.sets.len();
        for it in walk.ports.values() {
            if it.port.is_alive() {
                walk.census.ports += 1;
                walk.census.sends += it.sends.len();
                walk.census.send_onces += it.send_onces.len();
            } else {
                walk.census.dead_ports += 1;
            }
        }
        walk
    }

    /// A port that the kernel receives from.
    fn kernel_port(&mut self, port: &Arc<Port>, place: &'static str) {
        if port.is_alive() {
            self.found(port).receives.push(Place::Kernel(place));
        }
    }

    fn task(&mut self, task: &TaskObject) {
        self.kernel_port(&task.port, "task");
        task.tokens().iter().for_each(|it| self.kernel_port(it, "task"));
        task.special.each(&mut |it| self.carried(it, Place::Kernel("task")));
        task.handlers.each(&mut |it| self.carried(it, Place::Kernel("task")));
        task.sampling.each(&mut |it| self.carried(it, Place::Kernel("task")));
        for thread in task.threads() {
            self.kernel_port(&thread.port, "thread");
            self.objects.extend(thread.hands.objects());
            let look = &mut |it: &Carried| self.carried(it, Place::Kernel("thread"));
            thread.special.each(look);
            thread.handlers.each(look);
            thread.hands.each(look);
            thread.sampling.each(look);
        }
        self.census.tasks += usize::from(task.is_active());
        self.census.regions += task.map.len();
        task.map.each_object(&mut |it| self.objects.push(it.clone()));
        if let Err(why) = task.map.check() {
            self.wrong.push(format!("memory of task {}: {why}", task.name));
        }
        let state = task.space.lock();
        if let Err(why) = state.check() {
            self.wrong.push(format!("task {}: {why}", task.name));
        }
        let number = state.number;
        for (name, entry) in state.entries() {
            self.census.names += 1;
            self.entry(number, name, entry);
        }
        if !state.alive && state.names().next().is_some() {
            self.wrong.push(format!("task {} has ended and has names", task.name));
        }
    }

    /// Memory, its pages, and the rights of the kernel and of its manager.
    fn object(&mut self, object: &Arc<Object>) {
        if !self.known_objects.insert(object.number) {
            return;
        }
        let (mut runs, mut others) = (Vec::new(), Vec::new());
        object.each(&mut |it| runs.push(it.clone()), &mut |it| others.push(it.clone()));
        runs.iter().for_each(|it| self.run(it));
        self.objects.append(&mut others);
        let ports = object.ports();
        if let Some(manager) = &ports.manager {
            self.found(manager).sends.push(Place::Kernel("memory object"));
        }
        ports.own.iter().flatten().for_each(|it| self.kernel_port(it, "memory object"));
    }

    /// Pages, each run once.
    fn run(&mut self, run: &Arc<Run>) {
        if self.runs.insert(Arc::as_ptr(run) as usize) {
            self.census.pages += run.pages() as usize;
        }
    }

    fn entry(&mut self, space: u32, name: PortName, entry: &Entry) {
        let place = Place::Name(space, name);
        match &entry.held {
            Held::Send(it) => self.send(it, place),
            Held::SendOnce(it) => self.send_once(it, place),
            Held::Receive(it) => self.receive(it, place),
            Held::Both(it) => {
                self.found(it.port()).receives.push(place);
                self.found(it.port()).sends.push(place);
            }
            Held::Set(it) => self.sets.push(FoundSet { set: it.clone(), space, name }),
            Held::Dead => {}
        }
        if let (true, Some(port)) = (entry.armed, entry.held.port()) {
            self.armed.insert((space, name, port.id));
        } else if entry.armed {
            self.wrong.push(format!("name {name} of space {space} has a request and no port"));
        }
    }

    fn look_at(&mut self, port: &Arc<Port>) {
        if let Some(memory) = port.object().and_then(|it| it.memory()) {
            self.kernel_port(port, "memory");
            self.objects.push(memory.object.clone());
        }
        let state = port.lock();
        self.objects.extend(state.rare.memory.iter().filter_map(|it| it.cached()).cloned());
        self.rights_in(port, &state);
        let mut requests: Vec<(u32, PortName)> = state.rare.dead_names.iter().map(|it| (it.space, it.name)).collect();
        requests.sort_unstable();
        let sets = state.sets.iter().map(|it| (it.set.clone(), it.listed)).collect();
        let mail = state.rare.memory.as_ref().map(|it| it.mail().clone());
        let queued = state.queue.len();
        self.census.messages += queued;
        self.census.senders += state.rare.blocked.len();
        self.census.receivers += state.rare.receivers.len();
        if let Err(why) = state.check(port) {
            self.wrong.push(format!("port {}: {why}", port.id));
        }
        drop(state);
        if let Some(mail) = mail {
            let place = Place::Kernel("mail");
            mail.each(&mut |to, moved| {
                self.send(to, place);
                match moved {
                    Moved::Nothing => {}
                    Moved::Receive(it) => self.receive(it, place),
                    Moved::Other(it) => self.carried(it, place),
                }
            });
        }
        let found = self.found(port);
        (found.sets, found.queued, found.requests) = (sets, queued, requests);
    }

    /// What waits at a port.
    fn rights_in(&mut self, port: &Arc<Port>, state: &PortState) {
        let (message, request) = (Place::Message(port.id), Place::Request(port.id));
        state.messages().for_each(|it| self.message(it, message));
        let requests = [&state.no_senders, &state.rare.port_destroyed];
        requests.into_iter().flatten().for_each(|it| self.send_once(it, request));
        state.rare.dead_names.iter().filter_map(|it| it.notify.as_ref()).for_each(|it| self.send_once(it, request));
    }

    fn message(&mut self, message: &Message, place: Place) {
        match &message.to {
            Some(Destination::Send(it)) => self.send(it, place),
            Some(Destination::SendOnce(it)) => self.send_once(it, place),
            None => self.wrong.push(format!("a message waits in {place:?} and goes nowhere")),
        }
        self.carried(&message.reply, place);
        message.rights().for_each(|it| self.carried(it, place));
        if let Some(it) = message.accepted.as_ref().and_then(|it| it.told()) {
            self.notification(it, place);
        }
        self.census.carried_bytes += message.memory();
        self.objects.extend(message.objects().cloned());
    }

    fn notification(&mut self, it: &Notification, place: Place) {
        self.send_once(it.right(), place);
        if let What::PortDestroyed(right) = it.what() {
            self.receive(right, place);
        }
    }

    fn carried(&mut self, right: &Carried, place: Place) {
        match right {
            Carried::Null | Carried::Dead => {}
            Carried::Send(it) => self.send(it, place),
            Carried::SendOnce(it) => self.send_once(it, place),
            Carried::Receive(it) => self.receive(it, place),
        }
    }

    fn send(&mut self, right: &SendRef, place: Place) {
        self.found(right.port()).sends.push(place);
    }

    fn send_once(&mut self, right: &SendOnceRef, place: Place) {
        self.found(right.port()).send_onces.push(place);
    }

    fn receive(&mut self, right: &ReceiveRef, place: Place) {
        self.found(right.port()).receives.push(place);
    }

    fn found(&mut self, port: &Arc<Port>) -> &mut Found {
        self.ports.entry(port.id).or_insert_with(|| {
            self.unseen.push(port.clone());
            Found {
                port: port.clone(),
                sends: Vec::new(),
                send_onces: Vec::new(),
                receives: Vec::new(),
                sets: Vec::new(),
                queued: 0,
                requests: Vec::new(),
            }
        })
    }

    /// Ports of these that live though nothing reaches them.
    pub(crate) fn lost(&self, born: Vec<Arc<Port>>) -> BTreeSet<u64> {
        let lost = born.into_iter().filter(|it| it.is_alive() && !self.ports.contains_key(&it.id)).map(|it| it.id);
        lost.collect()
    }
}
