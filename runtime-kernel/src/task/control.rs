//! How a task is made, stopped and ended, and its threads with it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mig_rt::{KernReturn, SendRight};

use super::{Task, TaskObject};
use crate::effect::Scope;
use crate::events::{Counts, Events};
use crate::exception::{Exception, raise};
use crate::ipc::port::Port;
use crate::ipc::right::{ReceiveRef, SendOnceRef};
use crate::kobject::KernelObject;
use crate::special::Special;
use crate::thread::{self, Limit, Priority, Scale, Scheduling, TIMESHARE, Thread, ThreadObject};

/// The threads of a task.
pub(crate) struct Threads {
    list: Vec<Arc<ThreadObject>>,
    /// What `task_suspend` has counted.
    suspensions: u32,
    /// Threads that it has had.
    born: u32,
    ended: bool,
    /// What its threads have at first.
    priority: Priority,
    /// What it is to its user (`TASK_CATEGORY_POLICY`).
    role: i32,
    /// Each send-once right to it keeps the task suspended.
    tokens: Option<Arc<Port>>,
}

/// What a task remembers of threads that have ended, and of host threads that no task has started.
#[derive(Debug, Default)]
pub(crate) struct Past {
    pub(crate) events: Events,
    /// Processor time in nanoseconds.
    time: AtomicU64,
}

impl Past {
    /// Processor time.
    pub(crate) fn time(&self) -> Duration {
        Duration::from_nanos(self.time.load(Ordering::Relaxed))
    }
}

impl Threads {
    /// Those of a new task.
    pub(super) fn new(scale: Scale) -> Threads {
        let priority = Priority::of_users(scale);
        Threads { list: Vec::new(), suspensions: 0, born: 0, ended: false, priority, role: 0, tokens: None }
    }
}

impl Threads {
    /// Changes the priority of each, if that is asked for. The first error, if there is one; the others are changed.
    fn change(
        &self,
        asked: bool,
        mut change: impl FnMut(&mut Priority) -> Result<(), KernReturn>,
    ) -> Result<(), KernReturn> {
        let mut result = Ok(());
        for thread in self.list.iter().filter(|_| asked) {
            result = result.and(change(&mut thread.priority.lock()));
        }
        result
    }
}

impl TaskObject {
    /// Another thread of it. If the task has ended, so has the thread.
    pub(crate) fn adopt(&self, thread: &Arc<ThreadObject>) {
        let mut threads = self.threads.lock();
        if threads.ended {
            drop(threads);
            let _scope = Scope::open();
            // It is new.
            let _ = thread.end();
            return;
        }
        thread.run.hold(threads.suspensions > 0);
        thread.run.set_sampled(|| self.sampling.is_on());
        threads.list.push(thread.clone());
    }

    /// A thread of it has ended.
    pub(crate) fn forget(&self, thread: &ThreadObject) {
        let mut threads = self.threads.lock();
        let at = threads.list.iter().position(|it| std::ptr::eq(&**it, thread));
        let gone = at.map(|it| threads.list.swap_remove(it));
        drop(threads);
        drop(gone);
    }

    /// A thread of it runs no more: what it did is the task's.
    pub(crate) fn retire(&self, thread: &ThreadObject) {
        // Whoever adds up sees it here or there.
        let _threads = self.threads.lock();
        self.past.events.take_over(&thread.events);
        let time = u64::try_from(thread.clock.stop().as_nanos()).unwrap_or(u64::MAX);
        self.past.time.fetch_add(time, Ordering::Relaxed);
    }

    /// What has happened to it and to its threads.
    pub(crate) fn events(&self) -> Counts {
        let threads = self.threads.lock();
        threads.list.iter().fold(self.past.events.counts(), |sum, it| sum + it.events.counts())
    }

    /// Processor time of threads that have ended, and of those that there are.
    pub(crate) fn times(&self) -> (Duration, Duration) {
        let threads = self.threads.lock();
        (self.past.time(), threads.list.iter().map(|it| it.clock.time()).sum())
    }

    /// Whoever wants samples of its threads may have changed.
    pub(crate) fn sample_threads(&self) {
        self.threads.lock().list.iter().for_each(|it| it.update_sampling());
    }

    /// Whether it has not ended.
    pub(crate) fn is_active(&self) -> bool {
        !self.threads.lock().ended
    }

    /// Its threads.
    pub(crate) fn threads(&self) -> Vec<Arc<ThreadObject>> {
        self.threads.lock().list.clone()
    }

    /// The same, for those who must not be told of a task that has ended.
    ///
    /// # Errors
    /// `KERN_FAILURE` if it has.
    pub(crate) fn living_threads(&self) -> Result<Vec<Arc<ThreadObject>>, KernReturn> {
        let threads = self.threads.lock();
        if threads.ended { Err(KernReturn::FAILURE) } else { Ok(threads.list.clone()) }
    }

    /// `thread_create`: a thread without a program, suspended once.
    ///
    /// # Errors
    /// `KERN_FAILURE` if the task has ended.
    pub(crate) fn create_thread(self: &Arc<TaskObject>) -> Result<Arc<ThreadObject>, KernReturn> {
        let number = {
            let mut threads = self.threads.lock();
            threads.born += 1;
            threads.born
        };
        let name = format!("{} thread {number}", self.name);
        let thread = ThreadObject::new(&name, self);
        // It is new.
        let _ = thread.run.suspend();
        self.adopt(&thread);
        if thread.run.has_ended() { Err(KernReturn::FAILURE) } else { Ok(thread) }
    }

    /// `task_create`: a task like this one, without names of its own.
    ///
    /// # Errors
    /// `KERN_FAILURE` if this one has ended, or the kernel; `KERN_RESOURCE_SHORTAGE` if there is no room for its memory.
    pub(crate) fn create_child(&self, inherits_memory: bool) -> Result<Arc<TaskObject>, KernReturn> {
        let host = self.host.upgrade().ok_or(KernReturn::FAILURE)?;
        let child = host.add_task(&format!("{} child", self.name), self.space.abi);
        self.endow(&child, inherits_memory).inspect_err(|_| {
            // Nobody has heard of it, but the kernel may have ended it with everything else.
            let _ = child.terminate();
        })?;
        Ok(child)
    }

    /// Gives a child what it inherits.
    fn endow(&self, child: &TaskObject, inherits_memory: bool) -> Result<(), KernReturn> {
        child.special.register(self.special.registered()?)?;
        for which in [Special::Exception, Special::Bootstrap] {
            child.special.set(which, self.special.get(which)?)?;
        }
        child.handlers.inherit(&self.handlers);
        child.emulation.inherit(&self.emulation);
        child.sampling.inherit(&self.sampling);
        let priority = self.priority();
        child.threads.lock().priority = priority;
        if inherits_memory { self.map.fork(&child.map) } else { Ok(()) }
    }

    /// What new threads of it have.
    pub(crate) fn priority(&self) -> Priority {
        self.threads.lock().priority
    }

    /// `task_priority`: that of new threads, and of those that there are if that is asked for.
    ///
    /// # Errors
    /// `KERN_INVALID_ARGUMENT` if the number is none; `KERN_FAILURE` if some thread cannot have it, or if the task has
    /// ended.
    pub(crate) fn set_priority(&self, priority: i32, change_threads: bool) -> Result<(), KernReturn> {
        let mut threads = self.threads.lock();
        let mut new = threads.priority;
        new.set_default(priority)?;
        if threads.ended {
            return Err(KernReturn::FAILURE);
        }
        threads.priority = new;
        threads.change(change_threads, |it| it.set(priority, false))
    }

    /// `task_policy` and `task_set_policy`: that of new threads, and of those that there are if that is asked for.
    ///
    /// # Errors
    /// Those of [`Priority::schedule`], of the task or of some thread; `KERN_FAILURE` if the task has ended.
    pub(crate) fn schedule(&self, it: Scheduling, limit: Limit, change_threads: bool) -> Result<(), KernReturn> {
        let allowed = self.host.upgrade().map_or(TIMESHARE, |it| it.processor_set.policies());
        let mut threads = self.threads.lock();
        if threads.ended {
            return Err(KernReturn::FAILURE);
        }
        threads.priority.schedule(it, limit, allowed)?;
        threads.change(change_threads, |thread| thread.schedule(it, limit, allowed))
    }

    /// A policy is allowed no longer.
    pub(crate) fn give_up_policy(&self, policy: i32) {
        let mut threads = self.threads.lock();
        threads.priority.give_up_policy(policy);
        threads.list.iter().for_each(|it| it.priority.lock().give_up_policy(policy));
    }

    /// What it is to its user.
    pub(crate) fn role(&self) -> i32 {
        self.threads.lock().role
    }

    /// Another role.
    ///
    /// # Errors
    /// `KERN_FAILURE` if it has ended.
    pub(crate) fn set_role(&self, role: i32) -> Result<(), KernReturn> {
        let mut threads = self.threads.lock();
        threads.role = role;
        if threads.ended { Err(KernReturn::FAILURE) } else { Ok(()) }
    }

    /// How often it is suspended.
    pub(crate) fn suspensions(&self) -> u32 {
        self.threads.lock().suspensions
    }

    /// `task_suspend`
    ///
    /// # Errors
    /// `KERN_FAILURE` if it has ended.
    pub(crate) fn suspend(&self) -> Result<(), KernReturn> {
        let threads = self.change_suspensions(|it| Some(it.saturating_add(1)))?;
        threads.iter().for_each(|it| it.run.await_stop());
        Ok(())
    }

    /// `task_resume`
    ///
    /// # Errors
    /// `KERN_FAILURE` if it is not suspended, or has ended.
    pub(crate) fn resume(&self) -> Result<(), KernReturn> {
        self.change_suspensions(|it| it.checked_sub(1)).map(drop)
    }

    /// `task_suspend2`: whoever has the right resumes the task by it, or by letting it go.
    ///
    /// # Errors
    /// `KERN_FAILURE` if it has ended.
    pub(crate) fn suspend_with_token(self: &Arc<TaskObject>) -> Result<SendOnceRef, KernReturn> {
        self.suspend()?;
        let mut threads = self.threads.lock();
        if threads.ended {
            return Err(KernReturn::FAILURE);
        }
        let new = || Port::of_object(self.space.abi, KernelObject::SuspendedTask(Arc::downgrade(self)));
        Ok(SendOnceRef::make(threads.tokens.get_or_insert_with(new)))
    }

    /// The port of its tokens, if it was ever suspended with one.
    pub(crate) fn tokens(&self) -> Option<Arc<Port>> {
        self.threads.lock().tokens.clone()
    }

    fn change_suspensions(
        &self,
        change: impl FnOnce(u32) -> Option<u32>,
    ) -> Result<Vec<Arc<ThreadObject>>, KernReturn> {
        let mut threads = self.threads.lock();
        if threads.ended {
            return Err(KernReturn::FAILURE);
        }
        threads.suspensions = change(threads.suspensions).ok_or(KernReturn::FAILURE)?;
        let held = threads.suspensions > 0;
        threads.list.iter().for_each(|it| it.run.hold(held));
        Ok(threads.list.clone())
    }

    /// Ends it: its port dies, its threads end, and everything it holds is released.
    ///
    /// # Errors
    /// `KERN_FAILURE` if it has ended already.
    pub(crate) fn terminate(&self) -> Result<(), KernReturn> {
        let mut threads = self.threads.lock();
        if std::mem::replace(&mut threads.ended, true) {
            return Err(KernReturn::FAILURE);
        }
        let (list, tokens) = (std::mem::take(&mut threads.list), threads.tokens.take());
        drop(threads);
        drop(ReceiveRef::of(self.port.clone()));
        drop(tokens.map(ReceiveRef::of));
        for thread in list {
            // It may have ended by itself meanwhile.
            let _ = thread.end();
        }
        self.special.end();
        self.handlers.end();
        self.sampling.end();
        self.space.destroy();
        self.map.close();
        Ok(())
    }
}

impl Task {
    /// Gives a program to a thread that was made without one, by `thread_create`: it begins as soon as the thread is not
    /// suspended. A thread without a program does nothing when it is resumed, since the kernel runs no machine code; but
    /// it has a state, ports and priorities like any other.
    ///
    /// # Errors
    /// `KERN_INVALID_ARGUMENT` if the right is not one to a thread, `KERN_TERMINATED` if the thread has ended,
    /// `KERN_FAILURE` if it has a program.
    ///
    /// # Panics
    /// If the host has no thread left.
    pub fn start<X: Send + 'static>(
        &self,
        thread: &SendRight<Task>,
        program: impl FnOnce(Task) -> X + Send + 'static,
    ) -> Result<Thread<X>, KernReturn> {
        let port = self.0.space.port(thread.name()).map_err(|_| KernReturn::INVALID_ARGUMENT)?;
        let thread = port.object().and_then(KernelObject::thread).ok_or(KernReturn::INVALID_ARGUMENT)?;
        let task = thread.task.upgrade().ok_or(KernReturn::TERMINATED)?;
        thread.run.take_program()?;
        Ok(Thread::start(&Task(task), thread, program))
    }

    /// Ends the task (`task_terminate`): its ports die and its rights are released. Its threads unwind as soon as they
    /// come to the kernel, or at once if they wait there; what runs between two calls of the kernel still runs, and a
    /// thread that ends its own task by this returns from it.
    pub fn terminate(&self) {
        let _scope = Scope::open();
        // It may have ended.
        let _ = self.0.terminate();
    }

    /// The calling thread has an exception (`EXC_BAD_ACCESS` and its kin), as if its processor had found it.
    ///
    /// It waits for those who handle it: of the thread, then of its task, then of the host. If one of them says that it
    /// has dealt with it, this returns. If none does, the task is terminated, and the thread unwinds.
    ///
    /// # Errors
    /// `KERN_INVALID_ARGUMENT` if the calling host thread is none that a task has started, or if there is no exception of
    /// this number.
    pub fn raise(&self, exception: i32, code: i64, subcode: i64) -> Result<(), KernReturn> {
        thread::trap(|| raise(Exception { kind: exception, code, subcode }))
    }

    /// A place where the calling thread can be stopped or ended, as it can at every call of the kernel: for loops that
    /// make none.
    pub fn checkpoint(&self) {
        thread::trap(crate::schedule::checkpoint);
    }
}
