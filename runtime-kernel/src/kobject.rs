//! What the kernel's own ports stand for, and how requests to them are served.

use std::fmt;
use std::sync::{Arc, Weak};

use mig_rt::serve::answer;
use mig_rt::{Buffer, Subsystem};

use crate::in_kernel::InKernel;
use crate::ipc::copyin::copy_in;
use crate::ipc::copyout::{Envelope, copy_out};
use crate::ipc::message::Message;
use crate::ipc::port::Port;
use crate::ipc::queue::{self, Patience};
use crate::server::{self, Server};
use crate::task::TaskObject;
use crate::thread::ThreadObject;

/// What a port of the kernel stands for.
#[derive(Clone)]
pub(crate) enum KernelObject {
    /// A task, its port names and its memory.
    Task(Weak<TaskObject>),
    /// A thread.
    Thread(Weak<ThreadObject>),
    /// The host.
    Host,
    /// The host, for those who may do more to it.
    HostPriv,
}

impl KernelObject {
    /// No send right to its port exists.
    pub(crate) fn no_senders(&self) {}

    /// Its port is gone.
    pub(crate) fn port_died(&self) {}

    /// The task, if it is one and lives.
    pub(crate) fn task(&self) -> Option<Arc<TaskObject>> {
        match self {
            KernelObject::Task(it) => it.upgrade(),
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

    /// Darwin's number for its kind (`ipc_kobject_type_t`).
    pub(crate) fn kind(&self) -> u32 {
        match self {
            KernelObject::Thread(_) => 1,
            KernelObject::Task(_) => 2,
            KernelObject::Host => 3,
            KernelObject::HostPriv => 4,
        }
    }
}

impl fmt::Debug for KernelObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KernelObject::Task(it) => write!(f, "task {}", it.upgrade().as_ref().map_or("", |it| &it.name)),
            KernelObject::Thread(it) => write!(f, "thread {}", it.upgrade().as_ref().map_or("", |it| &it.name)),
            KernelObject::Host => f.write_str("host"),
            KernelObject::HostPriv => f.write_str("privileged host"),
        }
    }
}

/// Bytes of the largest reply of a kernel's routine, in line.
const LARGEST_REPLY: usize = 8192;

/// Serves a request on the sender's thread and sends the answer.
///
/// The request is copied out into the kernel's space, dispatched by generated code, and answered by a generated reply:
/// exactly what a server in a task would do.
pub(crate) fn serve(port: &Arc<Port>, message: Message) {
    let (abi, trailer) = (message.abi, server::trailer());
    let entered = InKernel::enter(port);
    let envelope = Envelope { sequence: 0, context: 0, payload: None, trailer, name: Some(entered.0) };
    let (request, _) = copy_out(&InKernel, message, envelope);
    let mut room = Buffer::<LARGEST_REPLY>::new();
    let room = room.bytes();
    let subsystems: &[Subsystem<InKernel, Server>] = server::subsystems();
    let request = Aligned::new(&request);
    // SAFETY: the message was given out to this transport just now, and is used once.
    #[allow(unsafe_code, reason = "this is the loop of a server")]
    let sent = unsafe { answer(abi, request.bytes(), room, subsystems, &mut Server, InKernel) };
    drop(entered);
    let Some(size) = sent else { return };
    // SAFETY: `answer` completed a message of this size.
    #[allow(unsafe_code, reason = "as above")]
    let reply = unsafe { std::slice::from_raw_parts(room.as_ptr().cast::<u8>(), size) };
    if let Ok(reply) = copy_in(&InKernel, abi, reply) {
        // A kernel's answer goes beyond the limit of a queue.
        drop(queue::send(reply, Patience::Forced));
    }
}

/// A message where its items are aligned.
struct Aligned {
    words: Vec<u64>,
    size: usize,
}

impl Aligned {
    fn new(message: &[u8]) -> Aligned {
        let word = |it: &[u8]| {
            let mut bytes = [0; 8];
            bytes[..it.len()].copy_from_slice(it);
            u64::from_ne_bytes(bytes)
        };
        Aligned { words: message.chunks(8).map(word).collect(), size: message.len() }
    }

    fn bytes(&self) -> &[u8] {
        // SAFETY: the words have at least `size` bytes, and no invalid ones.
        #[allow(unsafe_code, reason = "no safe cast is in the standard library")]
        unsafe {
            std::slice::from_raw_parts(self.words.as_ptr().cast(), self.size)
        }
    }
}
