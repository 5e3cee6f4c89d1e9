//! Threads of tasks: host threads that the kernel knows.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use mig_rt::{AbiId, SendRight};

use crate::effect::Scope;
use crate::ipc::port::Port;
use crate::ipc::right::{Carried, ReceiveRef, SendRef};
use crate::kobject::KernelObject;
use crate::special::{Special, SpecialPorts};
use crate::sync::{Interrupts, Rank};
use crate::task::Task;
use crate::trap;

/// What a thread is to the kernel.
pub(crate) struct ThreadObject {
    pub(crate) name: String,
    pub(crate) special: SpecialPorts,
    pub(crate) port: Arc<Port>,
    interrupts: Arc<Interrupts>,
    active: AtomicBool,
}

thread_local! {
    static CURRENT: RefCell<Option<Arc<ThreadObject>>> = const { RefCell::new(None) };
    static INTERRUPTS: RefCell<Option<Arc<Interrupts>>> = const { RefCell::new(None) };
}

/// The interruptions of the current thread. A host thread that no task has started has its own too.
pub(crate) fn interrupts() -> Arc<Interrupts> {
    INTERRUPTS.with_borrow_mut(|it| it.get_or_insert_with(Arc::default).clone())
}

/// The current thread, if a task has started it.
pub(crate) fn current() -> Option<Arc<ThreadObject>> {
    CURRENT.with_borrow(Clone::clone)
}

impl ThreadObject {
    pub(crate) fn new(name: &str, abi: AbiId) -> Arc<ThreadObject> {
        let _scope = Scope::open();
        let it = Arc::new_cyclic(|this| ThreadObject {
            name: name.to_owned(),
            special: SpecialPorts::new(Rank::Thread),
            port: Port::of_object(abi, KernelObject::Thread(this.clone())),
            interrupts: Arc::default(),
            active: AtomicBool::new(true),
        });
        // It is new, and so has not ended.
        let _ = it.special.set(Special::Kernel, Carried::Send(SendRef::uncounted(&it.port)));
        it
    }

    /// A right to the port that it answers on.
    pub(crate) fn own_port(&self) -> Carried {
        Carried::Send(SendRef::uncounted(&self.port))
    }

    /// Ends it: its port dies.
    pub(crate) fn end(&self) {
        if self.active.swap(false, Ordering::AcqRel) {
            drop(ReceiveRef::of(self.port.clone()));
            self.special.end();
        }
    }

    /// Runs the body of a thread. Its port dies with it, and the reply ports of its calls, also if it panics.
    pub(crate) fn run<X>(self: Arc<Self>, task: Task, body: impl FnOnce(Task) -> X) -> X {
        INTERRUPTS.set(Some(self.interrupts.clone()));
        CURRENT.set(Some(self));
        let _end = End;
        body(task)
    }
}

/// The current thread has come to its end.
struct End;

impl Drop for End {
    fn drop(&mut self) {
        let _scope = Scope::open();
        trap::forget_reply_ports();
        if let Some(it) = CURRENT.take() {
            it.end();
        }
    }
}

/// A thread of a task.
pub struct Thread<X> {
    host: JoinHandle<X>,
    object: Arc<ThreadObject>,
    task: Task,
}

impl<X: Send + 'static> Thread<X> {
    /// Starts one.
    pub(crate) fn start(task: &Task, name: &str, body: impl FnOnce(Task) -> X + Send + 'static) -> Thread<X> {
        let object = ThreadObject::new(name, task.abi());
        task.0.adopt(&object);
        let (own, own_task) = (object.clone(), task.clone());
        let turn = task.0.schedule.as_ref().map(|it| it.add(name));
        let run = move || match turn {
            Some(turn) => turn.enter(|| own.run(own_task, body)),
            None => own.run(own_task, body),
        };
        let host = std::thread::Builder::new().name(name.to_owned()).spawn(run);
        Thread { host: host.expect("the host has threads"), object, task: task.clone() }
    }
}

impl<X> Thread<X> {
    /// Waits for its end.
    ///
    /// # Errors
    /// What it panicked with; something that says nothing if it ended because its kernel was dropped.
    pub fn join(self) -> std::thread::Result<X> {
        self.host.join()
    }

    /// Ends its wait for a message or for room (`thread_abort`); if it does not wait, its next wait.
    pub fn abort(&self) {
        self.object.interrupts.interrupt();
    }

    /// A send right of its task to the thread's own port. Dead once the thread has ended.
    pub fn port(&self) -> SendRight<Task> {
        self.task.right_to(&self.object.port)
    }
}

impl<X> fmt::Debug for Thread<X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Thread({})", self.object.name)
    }
}

impl fmt::Debug for ThreadObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ThreadObject({})", self.name)
    }
}
