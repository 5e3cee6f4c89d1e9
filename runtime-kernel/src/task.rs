//! Tasks: a space of port names and some memory, and the handle through which generated stubs use them.

mod control;
mod emulation;
mod memory;
mod transport;

use std::fmt;
use std::sync::{Arc, Weak};

use mig_rt::carried::Sender;
use mig_rt::{
    AbiId, Address, Arrived, Disposition, Failed, KernReturn, MsgReturn, Operation, PortName, ReceiveRight,
    SendOnceRight, SendRight,
};

use crate::budget::Budget;
use crate::buffer::{Bytes, InMemory};
use crate::effect::Scope;
use crate::exception::Handlers;
use crate::host::Host;
use crate::ipc::copyin::{Header, Names};
use crate::ipc::message::Destination;
use crate::ipc::port::Port;
use crate::ipc::right::{Carried, SendOnceRef, SendRef};
use crate::ipc::space::Space;
use crate::kobject::KernelObject;
use crate::sampling::Sampling;
use crate::schedule::Schedule;
use crate::special::{Special, SpecialPorts};
use crate::sync::{Mutex, Rank};
use crate::thread::{self, Machine, Scale, Thread};
use crate::trap::{self, Call};
use crate::vm::{self, Map, MapCopy};

use control::{Past, Threads};
use emulation::Emulation;
pub use memory::{ProgramMemory, Word};
pub use transport::TaskMemory;

/// What a task is to the kernel.
pub(crate) struct TaskObject {
    pub(crate) name: String,
    pub(crate) space: Arc<Space>,
    pub(crate) map: Map,
    pub(crate) special: SpecialPorts,
    pub(crate) schedule: Option<Arc<Schedule>>,
    pub(crate) port: Arc<Port>,
    threads: Mutex<Threads>,
    /// What remains of threads that have ended.
    pub(crate) past: Past,
    pub(crate) sampling: Sampling,
    pub(crate) handlers: Handlers,
    pub(crate) machine: Machine,
    pub(crate) emulation: Emulation,
    pub(crate) host: Weak<Host>,
    pub(crate) budget: Arc<Budget>,
}

/// A task of the kernel, and the [`Transport`](mig_rt::Transport) of the programs in it.
///
/// Clones are the same task. It lives until it is terminated, or until the kernel is dropped.
#[derive(Clone)]
pub struct Task(pub(crate) Arc<TaskObject>);

impl TaskObject {
    pub(crate) fn new(name: &str, abi: AbiId, host: &Arc<Host>) -> Arc<TaskObject> {
        let _scope = Scope::open();
        let it = Arc::new_cyclic(|this| TaskObject {
            name: name.to_owned(),
            space: Space::new(abi, host.budget.clone()),
            map: Map::new(abi, &host.budget),
            special: SpecialPorts::new(Rank::Task),
            schedule: host.schedule.clone(),
            port: Port::of_object(abi, KernelObject::Task(this.clone())),
            threads: Mutex::new(Rank::Task, Threads::new(Scale::of(abi))),
            past: Past::default(),
            sampling: Sampling::new(),
            handlers: Handlers::new(Rank::Task),
            machine: Machine::of(abi, host.processor),
            emulation: Emulation::new(),
            host: Arc::downgrade(host),
            budget: host.budget.clone(),
        });
        for (which, port) in [(Special::Kernel, &it.port), (Special::Host, &host.port)] {
            // It is new, and so has not ended.
            let _ = it.special.set(which, Carried::Send(SendRef::uncounted(port)));
        }
        it
    }

    /// A right to the port that it answers on.
    pub(crate) fn own_port(&self) -> Carried {
        Carried::Send(SendRef::uncounted(&self.port))
    }

    /// Gives a name to a right of the kernel's.
    fn receive(&self, right: Carried) -> Result<PortName, KernReturn> {
        self.space.lock().receive(right)
    }
}

impl Task {
    /// What it was called when it was made.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// How the kernel writes to it of its own accord: notifications, for example.
    pub fn abi(&self) -> AbiId {
        self.0.space.abi
    }

    /// A send right to the task's own port (`mach_task_self`), or to what somebody has put in its place by
    /// `task_set_special_port`. Null if the task has ended.
    pub fn self_port(&self) -> SendRight<Task> {
        self.special_port(&self.0.special, Special::Kernel)
    }

    /// A send right to the port of the calling thread (`mach_thread_self`), or to what somebody has put in its place by
    /// `thread_set_special_port`. Null in host threads that no task has started.
    pub fn thread_port(&self) -> SendRight<Task> {
        match thread::current() {
            Some(it) => self.special_port(&it.special, Special::Kernel),
            None => SendRight::null(self),
        }
    }

    /// A send right to the host's port (`mach_host_self`), or to what somebody has put in its place. Null if the task
    /// has ended.
    pub fn host_port(&self) -> SendRight<Task> {
        self.special_port(&self.0.special, Special::Host)
    }

    /// A send right to the port by which the task finds others (`task_get_bootstrap_port`). Null if it has none or has
    /// ended.
    pub fn bootstrap_port(&self) -> SendRight<Task> {
        self.special_port(&self.0.special, Special::Bootstrap)
    }

    /// A new port to receive replies from (`mach_reply_port`). Null if the task has ended or has no room for its name.
    pub fn mach_reply_port(&self) -> ReceiveRight<Task> {
        ReceiveRight::new(self).unwrap_or_else(|_| ReceiveRight::null(self))
    }

    fn special_port(&self, ports: &SpecialPorts, which: Special) -> SendRight<Task> {
        let _scope = Scope::open();
        self.hold(ports.get(which).unwrap_or(Carried::Null))
    }

    pub(crate) fn right_to(&self, port: &Arc<Port>) -> SendRight<Task> {
        let _scope = Scope::open();
        self.hold(Carried::Send(SendRef::uncounted(port)))
    }

    fn hold(&self, right: Carried) -> SendRight<Task> {
        let name = self.0.receive(right).unwrap_or(PortName::NULL);
        // SAFETY: the space made the reference just now.
        #[allow(unsafe_code, reason = "this transport is where names become rights")]
        unsafe {
            SendRight::from_raw(name, self.clone())
        }
    }

    /// A send right made from a receive right of the task.
    ///
    /// # Errors
    /// `KERN_INVALID_NAME` or `KERN_INVALID_RIGHT` if the name is not that of a receive right any more.
    pub fn make_send(&self, right: &ReceiveRight<Task>) -> Result<SendRight<Task>, KernReturn> {
        let _scope = Scope::open();
        let port = self.0.space.receiving(right.name())?;
        let name = self.0.receive(Carried::Send(SendRef::make(&port)))?;
        // SAFETY: as in `right_to`.
        #[allow(unsafe_code, reason = "as above")]
        Ok(unsafe { SendRight::from_raw(name, self.clone()) })
    }

    /// A send-once right made from a receive right of the task.
    ///
    /// # Errors
    /// As [`make_send`](Task::make_send).
    pub fn make_send_once(&self, right: &ReceiveRight<Task>) -> Result<SendOnceRight<Task>, KernReturn> {
        let _scope = Scope::open();
        let port = self.0.space.receiving(right.name())?;
        let name = self.0.receive(Carried::SendOnce(SendOnceRef::make(&port)))?;
        // SAFETY: as in `right_to`.
        #[allow(unsafe_code, reason = "as above")]
        Ok(unsafe { SendOnceRight::from_raw(name, self.clone()) })
    }

    /// Gives another task a send right to a port of this one, outside every message: how programs meet that have no
    /// name server yet.
    ///
    /// # Errors
    /// As [`make_send`](Task::make_send); `KERN_NO_SPACE` if the other task has ended.
    pub fn give_send(&self, right: &ReceiveRight<Task>, to: &Task) -> Result<SendRight<Task>, KernReturn> {
        let _scope = Scope::open();
        let port = self.0.space.receiving(right.name())?;
        let name = to.0.receive(Carried::Send(SendRef::make(&port)))?;
        // SAFETY: as in `right_to`.
        #[allow(unsafe_code, reason = "as above")]
        Ok(unsafe { SendRight::from_raw(name, to.clone()) })
    }

    /// `mach_msg` with bytes of the caller's own: sends those in `message`, receives into it up to `limit` bytes with
    /// the trailer, or both. `notify` is the port for `MACH_SEND_NOTIFY`, `MACH_SEND_CANCEL` and `MACH_RCV_NOTIFY`.
    ///
    /// Stubs need none of this. Names in the bytes are whatever the caller puts there: rights of this task that some
    /// Rust value owns too are released twice if a message moves them.
    ///
    /// # Errors
    /// The kernel's code, and what became of the message; what the kernel wrote is in `message`.
    pub fn mach_msg(
        &self,
        abi: AbiId,
        operation: Operation,
        notify: PortName,
        message: &mut Vec<u8>,
        limit: usize,
    ) -> Result<Arrived, Failed> {
        let mut buffer = Bytes { bytes: message, received: None, limit };
        thread::trap(|| trap::mach_msg(&self.0, Call { abi, operation, notify }, &mut buffer))
    }

    /// `mach_msg_overwrite`: what is received goes into a buffer of its own, so that the request survives.
    ///
    /// # Errors
    /// As [`mach_msg`](Task::mach_msg). A request that comes back is in `request`.
    pub fn mach_msg_overwrite(
        &self,
        abi: AbiId,
        operation: Operation,
        notify: PortName,
        request: &mut Vec<u8>,
        (received, limit): (&mut Vec<u8>, usize),
    ) -> Result<Arrived, Failed> {
        let mut buffer = Bytes { bytes: request, received: Some(received), limit };
        thread::trap(|| trap::mach_msg(&self.0, Call { abi, operation, notify }, &mut buffer))
    }

    /// `mach_msg` as a program in the task's memory makes it: `size` bytes at an address are sent, and up to `limit`
    /// are received there.
    ///
    /// # Errors
    /// As [`mach_msg`](Task::mach_msg), and `MACH_SEND_INVALID_DATA` or `MACH_RCV_INVALID_DATA` if no region of memory
    /// holds all of the message.
    pub fn mach_msg_at(
        &self,
        abi: AbiId,
        operation: Operation,
        notify: PortName,
        at: Address,
        (size, limit): (usize, usize),
    ) -> Result<Arrived, Failed> {
        thread::trap(|| {
            let mut buffer = InMemory::new(&self.0.map, at, size, limit);
            trap::mach_msg(&self.0, Call { abi, operation, notify }, &mut buffer)
        })
    }

    /// Bytes of the task's memory, for whoever only looks, from the task or from elsewhere: nobody has an exception.
    ///
    /// What a memory manager has is waited for. Threads of a seeded kernel run only while somebody runs them, so a host
    /// thread outside must not ask there for what such a thread has to bring.
    ///
    /// # Errors
    /// `KERN_INVALID_ADDRESS` where the task has no memory, `KERN_PROTECTION_FAILURE` where it may not read,
    /// `KERN_MEMORY_ERROR` and `KERN_MEMORY_FAILURE` for what its manager cannot bring, or was to bring and is gone.
    pub fn read(&self, at: Address, size: usize) -> Result<Vec<u8>, KernReturn> {
        ProgramMemory::looked_at(self).read_bytes(at, size)
    }

    /// Writes into the task's memory. Whoever has a copy of it keeps it as it was.
    ///
    /// # Errors
    /// As [`read`](Task::read), of writing.
    pub fn write(&self, at: Address, bytes: &[u8]) -> Result<(), KernReturn> {
        ProgramMemory::looked_at(self).write_bytes(at, bytes)
    }

    /// The task's memory, as its programs read and write it: a thread of the task that cannot gets an exception.
    pub fn memory(&self) -> ProgramMemory<'_> {
        ProgramMemory::of(self)
    }

    /// Starts a thread of the task. If the task has ended, the program never begins.
    ///
    /// # Panics
    /// If the host has no thread left.
    pub fn spawn<X: Send + 'static>(&self, name: &str, program: impl FnOnce(Task) -> X + Send + 'static) -> Thread<X> {
        Thread::spawn(self, name, program)
    }

    /// Every name the task has, and the bits of `mach_port_type_t` of what it stands for.
    pub fn rights(&self) -> Vec<(PortName, u32)> {
        let _scope = Scope::open();
        self.0.space.names_and_types().unwrap_or_default()
    }

    /// Regions of memory that the task has.
    pub fn regions(&self) -> usize {
        self.0.map.len()
    }
}

impl Names for TaskObject {
    fn take_header(&self, header: Header<'_>) -> Result<(Destination, Carried), MsgReturn> {
        self.space.take_header(header)
    }

    fn take_rights(
        &self,
        names: &mut dyn Iterator<Item = PortName>,
        disposition: Disposition,
    ) -> Result<Vec<Carried>, MsgReturn> {
        self.space.take_rights(names, disposition)
    }

    fn take_memory(&self, at: Address, size: usize, deallocate: bool) -> Result<MapCopy, MsgReturn> {
        self.map.copy_in(at.0, size, deallocate).map_err(|_| MsgReturn::SEND_INVALID_MEMORY)
    }

    fn give_right(&self, right: Carried) -> Result<PortName, MsgReturn> {
        self.receive(right).map_err(shortage)
    }

    fn give_rights(&self, rights: Vec<Carried>, named: &mut dyn FnMut(Result<PortName, MsgReturn>)) {
        let mut rights = rights.into_iter();
        while rights.len() > 0 {
            // A lock is not held for longer than a number of rights takes.
            let mut space = self.space.lock();
            rights.by_ref().take(256).for_each(|it| named(space.receive(it).map_err(shortage)));
        }
    }

    fn give_memory(&self, abi: AbiId, data: MapCopy) -> Result<Address, MsgReturn> {
        self.map.copy_out(data, vm::bounds(abi).end, false).map(Address).map_err(|code| match code {
            KernReturn::NO_SPACE => MsgReturn::known(trap::VM_SPACE),
            _ => MsgReturn::known(trap::VM_KERNEL),
        })
    }

    fn name_of_port(&self, to: Destination) -> PortName {
        let port = to.port();
        let name = match port.home() {
            _ if !port.is_alive() => PortName::DEAD,
            Some((space, name)) if space == self.space.number => name,
            _ => PortName::NULL,
        };
        to.spend();
        name
    }

    fn sender(&self) -> Sender {
        Sender { audit: [0, 0, 0, 0, 0, self.space.number, 0, 0], ..Sender::default() }
    }
}

/// What a receiver is told if a right finds no name.
fn shortage(code: KernReturn) -> MsgReturn {
    match code {
        KernReturn::NO_SPACE => MsgReturn::known(trap::IPC_SPACE),
        _ => MsgReturn::known(trap::IPC_KERNEL),
    }
}

impl PartialEq for Task {
    fn eq(&self, other: &Task) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Task {}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Task({})", self.0.name)
    }
}
