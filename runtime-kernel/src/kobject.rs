//! What the kernel's own ports stand for, and how requests to them are served.

use std::fmt;
use std::mem::MaybeUninit;
use std::sync::{Arc, Weak};

use mig_rt::serve::answer;
use mig_rt::{AbiId, Buffer, Subsystem};

use crate::host::Host;
use crate::in_kernel::InKernel;
use crate::ipc::copyin::copy_in;
use crate::ipc::copyout::{Envelope, copy_out};
use crate::ipc::message::Message;
use crate::ipc::pool;
use crate::ipc::port::Port;
use crate::ipc::right::{ReceiveRef, SendRef};
use crate::server::{self, Server};
use crate::task::TaskObject;
use crate::thread::ThreadObject;
use crate::vm::pager::Cache;
use crate::vm::{MemoryEntry, Object};

/// What a port of the kernel stands for.
#[derive(Clone)]
pub(crate) enum KernelObject {
    /// A task, its port names and its memory.
    Task(Weak<TaskObject>),
    /// A task that is suspended while rights to the port exist.
    SuspendedTask(Weak<TaskObject>),
    /// A thread.
    Thread(Weak<ThreadObject>),
    /// The host.
    Host(Weak<Host>),
    /// The host, for those who may do more to it.
    HostPriv(Weak<Host>),
    /// The processor set of a host.
    ProcessorSet(Weak<Host>),
    /// The same, for those who may only ask.
    ProcessorSetName(Weak<Host>),
    /// Memory that can be mapped.
    MemoryEntry(Arc<MemoryEntry>),
    /// What the kernel has of a memory object, for its manager.
    Control(Arc<Cache>),
    /// The same, for those who only want to know it again.
    Name(Arc<Cache>),
}

impl KernelObject {
    /// No send right to its port exists. What nobody can ask for any more goes.
    pub(crate) fn no_senders(&self, port: &Arc<Port>) {
        if let KernelObject::MemoryEntry(_) = self {
            drop(ReceiveRef::of(port.clone()));
        }
    }

    /// A send-once right to its port went unused.
    pub(crate) fn send_once(&self) {
        if let KernelObject::SuspendedTask(it) = self
            && let Some(task) = it.upgrade()
        {
            // Somebody may have resumed it by its own port.
            let _ = task.resume();
        }
    }

    /// Its port is gone.
    pub(crate) fn port_died(&self) {}

    /// The task, if it is one and lives.
    pub(crate) fn task(&self) -> Option<Arc<TaskObject>> {
        match self {
            KernelObject::Task(it) => it.upgrade(),
            _ => None,
        }
    }

    /// The task, if it is one that is suspended and lives.
    pub(crate) fn suspended_task(&self) -> Option<Arc<TaskObject>> {
        match self {
            KernelObject::SuspendedTask(it) => it.upgrade(),
            _ => None,
        }
    }

    /// The thread, if it is one and lives.
    pub(crate) fn thread(&self) -> Option<Arc<ThreadObject>> {
        match self {
            KernelObject::Thread(it) => it.upgrade(),
            _ => None,
        }
    }

    /// The memory, if it is some.
    pub(crate) fn memory(&self) -> Option<&Arc<MemoryEntry>> {
        match self {
            KernelObject::MemoryEntry(it) => Some(it),
            _ => None,
        }
    }

    /// The memory object, if it is one that the kernel has.
    pub(crate) fn cache(&self) -> Option<Arc<Object>> {
        match self {
            KernelObject::Control(it) => it.object(),
            _ => None,
        }
    }

    /// Whether its port stands for it no more.
    pub(crate) fn is_given(&self) -> bool {
        match self {
            KernelObject::Control(it) | KernelObject::Name(it) => it.is_given(),
            _ => false,
        }
    }

    /// The host, if it is that for those who may do more to it.
    pub(crate) fn host_control(&self) -> Option<Arc<Host>> {
        match self {
            KernelObject::HostPriv(it) => it.upgrade(),
            _ => None,
        }
    }

    /// The host, for whatever is asked of it.
    pub(crate) fn host(&self) -> Option<Arc<Host>> {
        match self {
            KernelObject::Host(it) | KernelObject::HostPriv(it) => it.upgrade(),
            _ => None,
        }
    }

    /// The host of a processor set, if it is one that may be changed.
    pub(crate) fn processor_set(&self) -> Option<Arc<Host>> {
        match self {
            KernelObject::ProcessorSet(it) => it.upgrade(),
            _ => None,
        }
    }

    /// The host of a processor set, if it is one.
    pub(crate) fn processor_set_name(&self) -> Option<Arc<Host>> {
        match self {
            KernelObject::ProcessorSet(it) | KernelObject::ProcessorSetName(it) => it.upgrade(),
            _ => None,
        }
    }

    /// Darwin's number for its kind (`ipc_kobject_type_t`).
    pub(crate) fn kind(&self) -> u32 {
        match self {
            KernelObject::Thread(_) => 1,
            KernelObject::Task(_) => 2,
            KernelObject::Host(_) => 3,
            KernelObject::HostPriv(_) => 4,
            KernelObject::ProcessorSet(_) => 6,
            KernelObject::ProcessorSetName(_) => 7,
            KernelObject::Control(_) => 10,
            KernelObject::Name(_) => 20,
            KernelObject::MemoryEntry(_) => 28,
            KernelObject::SuspendedTask(_) => 36,
        }
    }
}

impl fmt::Debug for KernelObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KernelObject::Task(it) => write!(f, "task {}", it.upgrade().as_ref().map_or("", |it| &it.name)),
            KernelObject::SuspendedTask(it) => {
                write!(f, "suspension of task {}", it.upgrade().as_ref().map_or("", |it| &it.name))
            }
            KernelObject::Thread(it) => write!(f, "thread {}", it.upgrade().as_ref().map_or("", |it| &it.name)),
            KernelObject::Host(_) => f.write_str("host"),
            KernelObject::HostPriv(_) => f.write_str("privileged host"),
            KernelObject::ProcessorSet(_) => f.write_str("processor set"),
            KernelObject::ProcessorSetName(_) => f.write_str("name of a processor set"),
            KernelObject::MemoryEntry(it) => write!(f, "memory of {} bytes", it.size),
            // No number: the same history gives the same text.
            KernelObject::Control(_) => f.write_str("memory control"),
            KernelObject::Name(_) => f.write_str("memory name"),
        }
    }
}

/// Bytes of the largest reply of a kernel's routine, in line.
pub(crate) const LARGEST_REPLY: usize = 16384;

/// Serves a request on the sender's thread. The answer is the caller's to send.
///
/// The request is copied out into the kernel's space, dispatched by generated code, and answered by a generated reply:
/// exactly what a server in a task would do.
pub(crate) fn serve(port: &Arc<Port>, mut message: Box<Message>) -> Option<Box<Message>> {
    let _served = message.flight.serve();
    let (abi, trailer) = (message.abi, server::trailer());
    let entered = InKernel::enter(SendRef::uncounted(port), message.sender_number());
    let envelope = Envelope { sequence: 0, context: 0, payload: None, trailer, name: Some(entered.0) };
    copy_out(&InKernel, &mut message, envelope);
    let mut room = Buffer::<LARGEST_REPLY>::new();
    let reply = dispatch(abi, &message.bytes, room.bytes());
    drop(entered);
    pool::give(message);
    copy_in(&InKernel, abi, reply?).ok()
}

/// Serves a request that was given out to the kernel's names. Its reply, if it has one.
pub(crate) fn dispatch<'a>(abi: AbiId, request: &[u8], room: &'a mut [MaybeUninit<u8>]) -> Option<&'a mut [u8]> {
    let subsystems: &[Subsystem<InKernel, Server>] = server::subsystems();
    // SAFETY: the message was given out to this transport just now, and is used once.
    #[allow(unsafe_code, reason = "this is the loop of a server")]
    let sent = aligned(request, |request| unsafe { answer(abi, request, room, subsystems, &mut Server, InKernel) });
    // SAFETY: `answer` completed a message of this size.
    #[allow(unsafe_code, reason = "as above")]
    Some(unsafe { std::slice::from_raw_parts_mut(room.as_mut_ptr().cast::<u8>(), sent?) })
}

/// Looks at a message where its items are aligned. A vector of bytes may stand anywhere, though it hardly ever does.
fn aligned<X>(message: &[u8], look: impl FnOnce(&[u8]) -> X) -> X {
    if (message.as_ptr() as usize).is_multiple_of(align_of::<u64>()) {
        return look(message);
    }
    let mut words = vec![0u64; message.len().div_ceil(8) + 1];
    let at = words.as_mut_ptr().cast::<u8>();
    // SAFETY: the words have at least as many bytes as the message, and are not looked at otherwise.
    #[allow(unsafe_code, reason = "no safe cast is in the standard library")]
    let copy = unsafe { std::slice::from_raw_parts_mut(at, message.len()) };
    copy.copy_from_slice(message);
    look(copy)
}
