//! Threads of tasks: host threads that the kernel knows.

mod clock;
mod priority;
mod run;
mod state;
mod switch;

use std::fmt;
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;

use mig_rt::{AbiId, KernReturn, Room, SendRight};

use crate::effect::Scope;
use crate::events::Events;
use crate::exception::Handlers;
use crate::in_kernel::Hands;
use crate::ipc::port::Port;
use crate::ipc::right::{Carried, ReceiveRef, SendRef};
use crate::kobject::KernelObject;
use crate::sampling::{Sampling, TICK};
use crate::special::{Special, SpecialPorts};
use crate::sync::{Mutex, Rank};
use crate::task::{Task, TaskObject};
use crate::trap as doors;

pub(crate) use clock::Clock;
pub(crate) use priority::{Constraint, FIFO, FIXED, Limit, Priority, Scale, Scheduling, TIMESHARE};
pub use run::Terminated;
#[cfg(all(test, loom))]
pub(crate) use run::set_current;
pub(crate) use run::{Run, count, current, interrupts, stop, trap};
pub use state::Processor;
pub(crate) use state::{Machine, MachineState};

/// What a thread is to the kernel.
pub(crate) struct ThreadObject {
    pub(crate) name: String,
    pub(crate) task: Weak<TaskObject>,
    pub(crate) special: SpecialPorts,
    pub(crate) port: Arc<Port>,
    pub(crate) run: Run,
    pub(crate) handlers: Handlers,
    pub(crate) machine: Machine,
    pub(crate) state: Mutex<MachineState>,
    pub(crate) hands: Hands,
    pub(crate) priority: Mutex<Priority>,
    pub(crate) events: Events,
    pub(crate) clock: Clock,
    pub(crate) sampling: Sampling,
}

impl ThreadObject {
    /// A thread of a task, which must still adopt it.
    pub(crate) fn new(name: &str, task: &Arc<TaskObject>) -> Arc<ThreadObject> {
        let (abi, priority) = (task.space.abi, task.priority().of_thread());
        ThreadObject::of(name, Arc::downgrade(task), abi, task.machine, priority)
    }

    /// A thread, whatever its task is.
    pub(crate) fn of(
        name: &str,
        task: Weak<TaskObject>,
        abi: AbiId,
        machine: Machine,
        priority: Priority,
    ) -> Arc<ThreadObject> {
        let _scope = Scope::open();
        let it = Arc::new_cyclic(|this| ThreadObject {
            name: name.to_owned(),
            task,
            special: SpecialPorts::new(Rank::Thread),
            port: Port::of_object(abi, KernelObject::Thread(this.clone())),
            run: Run::new(),
            handlers: Handlers::new(Rank::Thread),
            machine,
            state: Mutex::new(Rank::Thread, MachineState::default()),
            hands: Hands::new(),
            priority: Mutex::new(Rank::Thread, priority),
            events: Events::default(),
            clock: Clock::new(),
            sampling: Sampling::new(),
        });
        // It is new, and so has not ended.
        let _ = it.special.set(Special::Kernel, Carried::Send(SendRef::uncounted(&it.port)));
        it
    }

    /// A right to the port that it answers on.
    pub(crate) fn own_port(&self) -> Carried {
        Carried::Send(SendRef::uncounted(&self.port))
    }

    /// Ends it: its port dies, and its program unwinds at the next door.
    ///
    /// # Errors
    /// `KERN_TERMINATED` if it has ended already.
    pub(crate) fn end(&self) -> Result<(), KernReturn> {
        if !self.run.end() {
            return Err(KernReturn::TERMINATED);
        }
        drop(ReceiveRef::of(self.port.clone()));
        self.special.end();
        self.handlers.end();
        self.sampling.end();
        if let Some(task) = self.task.upgrade() {
            task.forget(self);
        }
        Ok(())
    }

    /// Whether it has not ended.
    ///
    /// # Errors
    /// `KERN_TERMINATED` if it has.
    pub(crate) fn check_living(&self) -> Result<(), KernReturn> {
        if self.run.has_ended() { Err(KernReturn::TERMINATED) } else { Ok(()) }
    }

    /// `thread_abort`: ends what it waits for in the kernel.
    ///
    /// # Errors
    /// `KERN_INVALID_ARGUMENT` if it is the current thread, `KERN_TERMINATED` if it has ended.
    pub(crate) fn abort(&self) -> Result<(), KernReturn> {
        if self.is_current() {
            return Err(KernReturn::INVALID_ARGUMENT);
        }
        self.check_living()?;
        self.run.interrupts.interrupt_waiting();
        self.priority.lock().raise();
        Ok(())
    }

    /// `thread_abort_safely`: the same if its call can be made again, as if nothing had been.
    ///
    /// # Errors
    /// `KERN_TERMINATED` if it has ended, `KERN_FAILURE` if it waits for whoever handles its exception.
    pub(crate) fn abort_safely(&self) -> Result<(), KernReturn> {
        self.check_living()?;
        if self.hands.is_waiting() {
            return Err(KernReturn::FAILURE);
        }
        self.run.interrupts.interrupt_waiting();
        Ok(())
    }

    /// `thread_get_state`
    ///
    /// # Errors
    /// `KERN_TERMINATED` if it has ended, and those of [`MachineState::fill`].
    pub(crate) fn get_state(&self, flavor: i32, room: &mut Room<'_, u32>) -> Result<(), KernReturn> {
        self.check_living()?;
        self.state.lock().fill(self.machine, flavor, room)
    }

    /// `thread_set_state`
    ///
    /// # Errors
    /// `KERN_TERMINATED` if it has ended, and those of [`MachineState::set`].
    pub(crate) fn set_state(&self, flavor: i32, words: &[u32]) -> Result<(), KernReturn> {
        self.check_living()?;
        self.state.lock().set(self.machine, flavor, words)
    }

    /// `thread_wire`: of the calling thread.
    ///
    /// # Errors
    /// `KERN_INVALID_ARGUMENT` if it is another.
    pub(crate) fn wire(&self, wired: bool) -> Result<(), KernReturn> {
        if !self.is_current() {
            return Err(KernReturn::INVALID_ARGUMENT);
        }
        self.priority.lock().wired = wired;
        Ok(())
    }

    /// Whoever wants samples of it, or of its task, may have changed.
    pub(crate) fn update_sampling(&self) {
        let task = self.task.upgrade();
        let wanted = || self.sampling.is_on() || task.as_ref().is_some_and(|it| it.sampling.is_on());
        if !self.run.set_sampled(wanted) {
            // What it did before is nobody's business.
            self.clock.ticks(TICK);
        }
    }

    /// Policies that it may have, a bit each.
    fn allowed_policies(&self) -> i32 {
        let host = self.task.upgrade().and_then(|it| it.host.upgrade());
        host.map_or(TIMESHARE, |it| it.processor_set.policies())
    }

    /// `thread_policy` of Mach 3.
    ///
    /// # Errors
    /// Those of [`Priority::set_policy`].
    pub(crate) fn set_policy(&self, policy: i32, quantum: i32) -> Result<(), KernReturn> {
        let allowed = self.allowed_policies();
        self.priority.lock().set_policy(policy, quantum, allowed)
    }

    /// `thread_policy` and `thread_set_policy` of Darwin.
    ///
    /// # Errors
    /// Those of [`Priority::schedule`].
    pub(crate) fn schedule(&self, it: Scheduling, limit: Limit) -> Result<(), KernReturn> {
        let allowed = self.allowed_policies();
        self.priority.lock().schedule(it, limit, allowed)
    }

    /// Whether it is the thread that asks.
    pub(crate) fn is_current(&self) -> bool {
        current().is_some_and(|it| std::ptr::eq(&*it, self))
    }

    /// Runs the program of a thread. Its port dies with it, and the reply ports of its calls, also if it panics.
    fn run<X>(self: Arc<Self>, task: Task, program: impl FnOnce(Task) -> X) -> X {
        run::set_current(Some(self));
        let _end = End;
        stop();
        program(task)
    }
}

/// The current thread has come to its end.
struct End;

impl Drop for End {
    fn drop(&mut self) {
        let _scope = Scope::open();
        doors::forget_reply_ports();
        if let Some(it) = run::set_current(None) {
            if let Some(task) = it.task.upgrade() {
                task.retire(&it);
            }
            // It may have been terminated.
            let _ = it.end();
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
    /// Starts a new one.
    pub(crate) fn spawn(task: &Task, name: &str, program: impl FnOnce(Task) -> X + Send + 'static) -> Thread<X> {
        let object = ThreadObject::new(name, &task.0);
        // Nobody else knows it.
        let _ = object.run.take_program();
        task.0.adopt(&object);
        Thread::start(task, object, program)
    }

    /// Gives a program to a thread that has none.
    pub(crate) fn start(
        task: &Task,
        object: Arc<ThreadObject>,
        program: impl FnOnce(Task) -> X + Send + 'static,
    ) -> Thread<X> {
        let (own, own_task) = (object.clone(), task.clone());
        let turn = task.0.schedule.as_ref().map(|it| it.add(&object.name));
        let run = move || match turn {
            Some(turn) => turn.enter(|| own.run(own_task, program)),
            None => {
                own.clock.start();
                own.run(own_task, program)
            }
        };
        let host = std::thread::Builder::new().name(object.name.clone()).spawn(run);
        Thread { host: host.expect("the host has threads"), object, task: task.clone() }
    }
}

impl<X> Thread<X> {
    /// Waits for its end.
    ///
    /// # Errors
    /// What it panicked with; [`Terminated`] if it, or its task, was terminated before its program came to its end, or if
    /// its kernel was dropped.
    pub fn join(self) -> std::thread::Result<X> {
        self.host.join()
    }

    /// Ends its wait for a message or for room; if it does not wait, its next wait. The message `thread_abort` ends only
    /// what the thread waits for already.
    pub fn abort(&self) {
        self.object.run.interrupts.interrupt();
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
