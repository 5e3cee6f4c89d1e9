//! The kernel waits for the answer to a message of its own.

use std::sync::Arc;

use mig_rt::{AbiId, Arrived, Failed, Left, MsgReturn, PortName, TrailerElements, Wire};

use super::{InKernel, TABLE, Table};
use crate::effect::{self, Scope};
use crate::ipc::copyout::copy_out;
use crate::ipc::queue::{self, Room, Source, Taken};
use crate::ipc::right::Carried;
#[cfg(loom)]
use crate::sync::host::RefCellKey as _;
use crate::sync::{Mutex, Rank};
use crate::thread::{self, ThreadObject};
use crate::vm::Object;

type Rights = Vec<Option<(Carried, u32)>>;

/// What a thread holds in the kernel while it waits there, so that it can be counted.
#[derive(Debug)]
pub(crate) struct Hands {
    rights: Mutex<Option<Rights>>,
    /// Memory that may be nowhere else.
    objects: Mutex<Vec<Arc<Object>>>,
}

impl Hands {
    pub(crate) fn new() -> Hands {
        Hands { rights: Mutex::new(Rank::Thread, None), objects: Mutex::new(Rank::Thread, Vec::new()) }
    }

    /// Whether the thread waits for an answer.
    pub(crate) fn is_waiting(&self) -> bool {
        self.rights.lock().is_some()
    }

    /// Looks at every right.
    pub(crate) fn each(&self, look: &mut dyn FnMut(&Carried)) {
        self.rights.lock().iter().flatten().flatten().for_each(|it| look(&it.0));
    }

    /// The objects of memory.
    pub(crate) fn objects(&self) -> Vec<Arc<Object>> {
        self.objects.lock().clone()
    }
}

/// Receives the answer at a port that was made for it. The port goes then, so that nothing else can come.
pub(super) fn receive(abi: AbiId, name: PortName, wire: &mut Wire<'_>) -> Result<Arrived, Failed> {
    let failed = |code| Failed { code, left: Left::Sent };
    let port = TABLE.with_borrow_mut(|it| it.get(name).and_then(|it| it.0.port().cloned()));
    let port = port.ok_or(failed(MsgReturn::RCV_INVALID_NAME))?;
    let home = (0, name);
    port.set_home(Some(home));
    // What tells that the right to answer is gone comes in the same ABI.
    port.set_abi(abi);
    let room = Room { limit: wire.capacity(), large: false, trailer: TrailerElements::default() };
    let source = Source::Port(port, home);
    effect::settle();
    let unwinding = Unwinding(name);
    let taken = wait(&source, room).map_err(failed)?;
    drop(unwinding);
    let Taken::Message(mut message, envelope) = taken else { return Err(failed(MsgReturn::RCV_TOO_LARGE)) };
    if message.abi != abi || message.size_with(envelope.trailer) > room.limit {
        return Err(failed(MsgReturn::RCV_TOO_LARGE));
    }
    message.flight.received(0, envelope.sequence);
    let size = message.bytes.len() as u32;
    copy_out(&InKernel, &mut message, envelope);
    wire.receive(&message.bytes);
    drop(TABLE.with_borrow_mut(|it| it.take(name)));
    Ok(Arrived { abi, size, trailer: message.bytes.len() as u32 - size })
}

fn wait(source: &Source, room: Room) -> Result<Taken, MsgReturn> {
    waiting(|| queue::receive(source, room, None))
}

/// Waits. What the thread holds in the kernel can be counted meanwhile.
pub(crate) fn waiting<X>(wait: impl FnOnce() -> X) -> X {
    let Some(thread) = thread::current() else { return wait() };
    let swap = |table: &mut Table| std::mem::take(&mut table.rights);
    *thread.hands.rights.lock() = Some(TABLE.with_borrow_mut(swap));
    let _back = Back(&thread.hands);
    wait()
}

/// Lets the port go if the thread unwinds: nobody else will.
struct Unwinding(PortName);

impl Drop for Unwinding {
    fn drop(&mut self) {
        if std::thread::panicking() {
            drop(TABLE.with_borrow_mut(|it| it.take(self.0)));
        }
    }
}

/// Takes back what was laid down, also if the thread unwinds.
struct Back<'a>(&'a Hands);

impl Drop for Back<'_> {
    fn drop(&mut self) {
        let rights = self.0.rights.lock().take().unwrap_or_default();
        TABLE.with_borrow_mut(|it| it.rights = rights);
    }
}

/// The current thread has these objects in its hands until this goes.
pub(crate) struct Holding {
    thread: Arc<ThreadObject>,
    before: usize,
}

/// Says that the current thread, if it is one of a task, may wait with objects in its hands.
pub(crate) fn hold(objects: impl IntoIterator<Item = Arc<Object>>) -> Option<Holding> {
    let thread = thread::current()?;
    let mut held = thread.hands.objects.lock();
    let before = held.len();
    held.extend(objects);
    drop(held);
    Some(Holding { thread, before })
}

impl Drop for Holding {
    fn drop(&mut self) {
        let _scope = Scope::open();
        let over = self.thread.hands.objects.lock().split_off(self.before);
        drop(over);
    }
}
