//! Ports: a queue of messages, one receiver, and the requests of those who want to know what becomes of it.
//!
//! Invariants: `sends` and `send_onces` are the rights that exist. A dead port has an empty queue, no waiting thread and
//! no request. Whoever waits for a message waits in the port or in its set, and then the queue is empty; whoever waits
//! for room waits in `blocked`, and then the queue is full.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU8;

use mig_rt::{AbiId, MsgReturn, PortName};
use smallvec::SmallVec;

use super::guard::Guard as RightGuard;
use super::message::Message;
use super::notify::{Notification, What};
use super::queue::{Receiving, Sending};
use super::rare::{Blank, Queue, Rare};
use super::right::{ReceiveRef, SendOnceRef};
use super::set::Membership;
use super::transit;
use crate::effect::{self, Effect};
use crate::kobject::KernelObject;
use crate::sync::host::atomic::Ordering::{Acquire, Relaxed, Release};
use crate::sync::host::atomic::{AtomicBool, AtomicU32, AtomicU64};
use crate::sync::{Guard, Mutex, Rank};
use crate::vm::pager::Known;

/// Messages that a new port holds (`MACH_PORT_QLIMIT_DEFAULT`).
const DEFAULT_LIMIT: u32 = 5;

/// A port.
pub(crate) struct Port {
    /// Unlike an address, never used again.
    pub(crate) id: u64,
    alive: AtomicBool,
    /// The space that receives from it and the name it has there, or nothing: a number and a name. Changes under the
    /// lock of that space.
    home: AtomicU64,
    /// How the kernel writes to whoever receives from it, or did so last.
    abi: AtomicU8,
    pub(crate) sends: AtomicU32,
    pub(crate) send_onces: AtomicU32,
    pub(crate) made: AtomicU32,
    /// What it stands for, if the kernel receives from it.
    object: Option<KernelObject>,
    state: Mutex<PortState>,
}

/// What the lock of a port protects.
pub(crate) struct PortState {
    pub(crate) queue: Queue<Box<Message>>,
    pub(crate) limit: u32,
    /// Number of the next message that is received.
    pub(crate) sequence: u32,
    pub(crate) sets: SmallVec<[Membership; 1]>,
    pub(crate) no_senders: Option<SendOnceRef>,
    pub(crate) rare: Rare<RareState>,
}

/// What few ports have.
pub(crate) struct RareState {
    pub(crate) receivers: VecDeque<Receiving>,
    pub(crate) blocked: VecDeque<Sending>,
    pub(crate) port_destroyed: Option<SendOnceRef>,
    pub(crate) dead_names: Vec<Armed>,
    /// The word its receiver has attached to it.
    pub(crate) context: u64,
    pub(crate) guard: Option<RightGuard>,
    /// Its receiver sees this in place of its name.
    pub(crate) payload: Option<u64>,
    /// What its receiver has told the kernel to take it for (`mach_port_ktype_t`).
    pub(crate) kind: u32,
    /// The memory object that it stands for, if anybody has mapped it.
    pub(crate) memory: Option<Box<Known>>,
}

/// A request to be told of the death of a port.
#[derive(Debug)]
pub(crate) struct Armed {
    /// The number of the space that has the name.
    pub(crate) space: u32,
    pub(crate) name: PortName,
    /// None once it was used to tell of room: then the name only thinks that it has a request.
    pub(crate) notify: Option<SendOnceRef>,
    pub(crate) possible: SendPossible,
}

/// Whether a request is one to be told of room in the queue too (`MACH_NOTIFY_SEND_POSSIBLE`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum SendPossible {
    /// It is not.
    Never,
    /// Once a send has failed for the lack of it.
    Delayed,
    /// As soon as there is any.
    Armed,
}

static NEXT_ID: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);

impl Port {
    /// A port that nobody receives from yet.
    pub(crate) fn new(abi: AbiId) -> Arc<Port> {
        Port::with(abi, None)
    }

    /// A port that the kernel receives from.
    pub(crate) fn of_object(abi: AbiId, object: KernelObject) -> Arc<Port> {
        Port::with(abi, Some(object))
    }

    fn with(abi: AbiId, object: Option<KernelObject>) -> Arc<Port> {
        Arc::new(Port {
            id: NEXT_ID.fetch_add(1, Relaxed),
            alive: AtomicBool::new(true),
            home: AtomicU64::new(0),
            abi: AtomicU8::new(abi as u8),
            sends: AtomicU32::new(0),
            send_onces: AtomicU32::new(0),
            made: AtomicU32::new(0),
            object,
            state: Mutex::new(Rank::Port, PortState::new()),
        })
    }

    /// What it stands for, if the kernel receives from it.
    pub(crate) fn object(&self) -> Option<&KernelObject> {
        self.object.as_ref().filter(|it| !it.is_given())
    }

    pub(crate) fn is_alive(&self) -> bool {
        self.alive.load(Acquire)
    }

    pub(crate) fn lock(&self) -> Guard<'_, PortState> {
        self.state.lock()
    }

    /// The space that receives from it, by its number, and its name there.
    pub(crate) fn home(&self) -> Option<(u32, PortName)> {
        let home = self.home.load(Acquire);
        (home != 0).then_some(((home >> 32) as u32, PortName(home as u32)))
    }

    pub(crate) fn set_home(&self, home: Option<(u32, PortName)>) {
        let home = home.map_or(0, |(space, name)| u64::from(space) << 32 | u64::from(name.0));
        self.home.store(home, Release);
    }

    /// How the kernel writes to its receiver.
    pub(crate) fn abi(&self) -> AbiId {
        AbiId::ALL[usize::from(self.abi.load(Acquire))]
    }

    pub(crate) fn set_abi(&self, abi: AbiId) {
        self.abi.store(abi as u8, Release);
    }

    /// Its receive right leaves a space: its receivers must look again.
    pub(crate) fn leave_home(&self) {
        let mut state = self.lock();
        state.leave_sets(self.id);
        state.sequence = 0;
        if let Some(it) = state.rare.made() {
            (it.guard, it.payload) = (None, None);
        }
        self.set_make_count(0);
        self.set_home(None);
        state.turn_away(MsgReturn::RCV_PORT_DIED);
    }

    /// Its receive right is gone: the port dies, or survives in a message to whoever asked for it.
    pub(crate) fn destroy(self: &Arc<Port>) {
        if self.home().is_some() {
            self.leave_home();
        }
        let backup = self.lock().rare.made().and_then(|it| it.port_destroyed.take());
        if let Some(notify) = backup {
            Notification::to(notify, What::PortDestroyed(ReceiveRef::of(self.clone()))).note();
            return;
        }
        let mut state = self.lock();
        self.alive.store(false, Release);
        state.turn_away(MsgReturn::RCV_PORT_DIED);
        let rare = state.rare.take().map(|it| (it.blocked, it.dead_names, it.memory));
        let (blocked, dead_names, memory) = rare.unwrap_or_default();
        let (dead_names, used): (Vec<Armed>, Vec<Armed>) = dead_names.into_iter().partition(|it| it.notify.is_some());
        if !used.is_empty() {
            // Their names ask when they become dead.
            state.rare.dead_names = used;
        }
        blocked.iter().for_each(|it| it.waiter.wake(Ok(())));
        let no_senders = state.no_senders.take();
        let queue = std::mem::replace(&mut state.queue, Queue::new());
        drop(state);
        drop(no_senders);
        queue.iter().for_each(|it| transit::forget(it));
        blocked.iter().for_each(|it| transit::forget(it.message()));
        drop(queue);
        drop(blocked);
        for Armed { name, notify, .. } in dead_names {
            notify.into_iter().for_each(|it| Notification::to(it, What::DeadName(name)).note());
        }
        if let Some(object) = self.object() {
            object.port_died();
        }
        memory.into_iter().for_each(|it| effect::push(Effect::ManagerDied(it)));
    }
}

impl PortState {
    fn new() -> PortState {
        PortState {
            queue: Queue::new(),
            limit: DEFAULT_LIMIT,
            sequence: 0,
            sets: SmallVec::new(),
            no_senders: None,
            rare: Rare::new(),
        }
    }

    /// Wakes everyone who waits for a message of this port itself.
    pub(crate) fn turn_away(&mut self, code: MsgReturn) {
        if let Some(it) = self.rare.made() {
            it.receivers.drain(..).for_each(|it| it.waiter.wake(Err(code)));
        }
    }

    /// Takes a request to be told of the port's death.
    pub(crate) fn disarm(&mut self, space: u32, name: PortName) -> Option<SendOnceRef> {
        let at = self.rare.dead_names.iter().position(|it| it.space == space && it.name == name)?;
        self.rare.dead_names.remove(at).notify
    }

    /// The request of a name.
    pub(crate) fn request(&self, space: u32, name: PortName) -> Option<&Armed> {
        self.rare.dead_names.iter().find(|it| it.space == space && it.name == name)
    }

    /// A send through a name has failed for the lack of room: who asked for that is told when there is some.
    pub(crate) fn want_room(&mut self, space: u32, name: PortName) {
        let is_it = |it: &&mut Armed| it.space == space && it.name == name && it.possible == SendPossible::Delayed;
        if self.request(space, name).is_some() {
            self.rare.dead_names.iter_mut().filter(is_it).for_each(|it| it.possible = SendPossible::Armed);
            self.tell_of_room();
        }
    }

    /// Whether a message need not wait.
    pub(crate) fn has_room(&self) -> bool {
        self.queue.len() < self.limit as usize
    }

    /// Tells those who wait to hear of room, if there is any. Their requests are used up.
    pub(crate) fn tell_of_room(&mut self) {
        if self.rare.dead_names.is_empty() || !self.has_room() {
            return;
        }
        for it in self.rare.dead_names.iter_mut().filter(|it| it.possible == SendPossible::Armed) {
            it.possible = SendPossible::Never;
            let notify = it.notify.take();
            notify.into_iter().for_each(|to| Notification::to(to, What::MsgAccepted(it.name)).note());
        }
    }

    /// A name for which there is a request is called otherwise.
    pub(crate) fn rearm(&mut self, space: u32, old: PortName, new: PortName) {
        let mut requests = self.rare.dead_names.iter_mut();
        if let Some(it) = requests.find(|it| it.space == space && it.name == old) {
            it.name = new;
        }
    }
}

impl Blank for RareState {
    const BLANK: RareState = RareState {
        receivers: VecDeque::new(),
        blocked: VecDeque::new(),
        port_destroyed: None,
        dead_names: Vec::new(),
        context: 0,
        guard: None,
        payload: None,
        kind: 0,
        memory: None,
    };

    fn blank() -> &'static RareState {
        static BLANK: RareState = RareState::BLANK;
        &BLANK
    }
}

impl fmt::Debug for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Port({})", self.id)
    }
}
