//! Whether a thread runs: how often it is suspended, and whether it has ended.
//!
//! The program of a thread is a host's, and a host's thread cannot be stopped anywhere. So a thread looks where it comes
//! in by a door of the kernel and where it goes out: there it stops while it is suspended, and there it unwinds once it
//! has ended.

use std::cell::RefCell;
use std::panic::resume_unwind;
use std::sync::Arc;

use mig_rt::KernReturn;

use super::ThreadObject;
use crate::effect::Scope;
use crate::events::Event;
use crate::sampling;
use crate::schedule;
#[cfg(loom)]
use crate::sync::host::RefCellKey as _;
use crate::sync::host::atomic::{AtomicBool, Ordering};
use crate::sync::host::thread_local;
use crate::sync::{Interrupts, Mutex, Rank, Waiter};

/// What a thread unwinds with that has been terminated, or whose task has: [`Thread::join`](crate::Thread::join) returns
/// it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Terminated;

/// Whether a thread runs.
pub(crate) struct Run {
    /// There is something to do before the thread goes on.
    attention: AtomicBool,
    /// It is between two doors, where threads run one at a time.
    inside: AtomicBool,
    pub(crate) interrupts: Arc<Interrupts>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// What `thread_suspend` has counted.
    suspensions: u32,
    /// Its task is suspended.
    held: bool,
    has_program: bool,
    /// Somebody wants to know where it is from time to time.
    sampled: bool,
    ended: bool,
    /// Its program, while it is stopped.
    stopped: Option<Arc<Waiter<()>>>,
}

impl State {
    fn stops(&self) -> bool {
        self.suspensions > 0 || self.held
    }

    /// Lets the program go on, if it may.
    fn let_go(&mut self) {
        if self.ended || !self.stops() {
            self.stopped.take().into_iter().for_each(|it| it.wake(()));
        }
    }
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

/// The current host thread begins to run a thread of a task, or ceases to.
pub(crate) fn set_current(thread: Option<Arc<ThreadObject>>) -> Option<Arc<ThreadObject>> {
    INTERRUPTS.set(thread.as_ref().map(|it| it.run.interrupts.clone()));
    CURRENT.replace(thread)
}

/// What the current thread asks of the kernel: it stops before and after, if it must.
pub(crate) fn trap<X>(run: impl FnOnce() -> X) -> X {
    if stop() {
        come_in();
    }
    set_inside(true);
    count(Event::Call);
    let result = {
        let _scope = Scope::open();
        run()
    };
    set_inside(false);
    stop();
    result
}

/// Something has happened to the current thread; `false` if no task has started it, and so nothing is counted.
#[inline]
pub(crate) fn count(what: Event) -> bool {
    CURRENT.with_borrow(|it| it.as_ref().inspect(|it| it.events.add(what)).is_some())
}

/// Stops the current thread while it is suspended, and unwinds it if it has ended. Whether there was, or still is,
/// something to attend to.
#[inline]
pub(crate) fn stop() -> bool {
    schedule::leave_if_over();
    let asked = CURRENT.with_borrow(|it| it.as_ref().is_some_and(|it| it.run.attention.load(Ordering::Acquire)));
    if asked {
        attend();
    }
    asked
}

/// The current thread comes to the kernel: a moment to see where it is.
#[cold]
fn come_in() {
    if let Some(thread) = current().filter(|it| it.run.is_sampled() && !std::thread::panicking()) {
        sampling::sample(&thread);
    }
}

#[cold]
fn attend() {
    // What unwinds already must not do so twice, and ends soon.
    let Some(thread) = current().filter(|_| !std::thread::panicking()) else { return };
    thread.run.attend();
    if thread.run.has_ended() {
        drop(thread);
        resume_unwind(Box::new(Terminated));
    }
}

fn set_inside(inside: bool) {
    if schedule::is_current() {
        CURRENT.with_borrow(|it| it.iter().for_each(|it| it.run.inside.store(inside, Ordering::Release)));
    }
}

impl Run {
    pub(crate) fn new() -> Run {
        Run {
            attention: AtomicBool::new(false),
            inside: AtomicBool::new(false),
            interrupts: Arc::default(),
            state: Mutex::new(Rank::Thread, State::default()),
        }
    }

    /// Waits until nothing stops the current thread, or until it has ended.
    fn attend(&self) {
        loop {
            let mut state = self.state.lock();
            if state.ended {
                return;
            }
            if !state.stops() {
                self.attention.store(state.sampled, Ordering::Release);
                return;
            }
            // No interruption ends this wait.
            let waiter = Waiter::new(Arc::default());
            state.stopped = Some(waiter.clone());
            drop(state);
            let _ = waiter.wait(None);
        }
    }

    fn change<X>(&self, change: impl FnOnce(&mut State) -> Result<X, KernReturn>) -> Result<X, KernReturn> {
        let mut state = self.state.lock();
        if state.ended {
            return Err(KernReturn::TERMINATED);
        }
        let result = change(&mut state)?;
        self.attention.store(state.stops() || state.sampled, Ordering::Release);
        state.let_go();
        Ok(result)
    }

    /// `thread_suspend`. Where threads run one at a time, the thread has stopped or waits when this returns; otherwise it
    /// may come as far as its next door.
    pub(crate) fn suspend(&self) -> Result<(), KernReturn> {
        self.change(|it| {
            it.suspensions = it.suspensions.saturating_add(1);
            Ok(())
        })?;
        self.await_stop();
        Ok(())
    }

    /// `thread_resume`
    pub(crate) fn resume(&self) -> Result<(), KernReturn> {
        self.change(|it| {
            it.suspensions = it.suspensions.checked_sub(1).ok_or(KernReturn::FAILURE)?;
            Ok(())
        })
    }

    /// Its task is suspended, or is no more.
    pub(crate) fn hold(&self, held: bool) {
        // What has ended needs no holding.
        let _ = self.change(|it| {
            it.held = held;
            Ok(())
        });
    }

    /// Waits until the thread stops, where threads run one at a time. It gets turns meanwhile.
    pub(crate) fn await_stop(&self) {
        if !schedule::is_current() || current().is_some_and(|it| std::ptr::eq(&it.run, self)) {
            return;
        }
        // Whoever waits here has stopped itself: two threads may suspend each other.
        set_inside(false);
        // What has ended may have unwound from wherever it was.
        while self.inside.load(Ordering::Acquire) && !self.interrupts.is_waiting() && !self.has_ended() {
            schedule::checkpoint();
        }
        set_inside(true);
    }

    /// How often it is suspended, whether something stops it, and whether it has a program.
    pub(crate) fn suspensions(&self) -> (u32, bool, bool) {
        let state = self.state.lock();
        (state.suspensions, state.stops(), state.has_program)
    }

    /// It has a program from now on, unless it has one already.
    pub(crate) fn take_program(&self) -> Result<(), KernReturn> {
        self.change(|it| match std::mem::replace(&mut it.has_program, true) {
            true => Err(KernReturn::FAILURE),
            false => Ok(()),
        })
    }

    /// Somebody wants to know where it is, or nobody any more: of those who have changed that, the last to come here sees
    /// what it is. Whether somebody did before.
    pub(crate) fn set_sampled(&self, wanted: impl FnOnce() -> bool) -> bool {
        // What has ended is nowhere.
        self.change(|it| Ok(std::mem::replace(&mut it.sampled, wanted()))).unwrap_or_default()
    }

    fn is_sampled(&self) -> bool {
        self.state.lock().sampled
    }

    /// Ends it, and whatever it waits for; `false` if it has ended already.
    pub(crate) fn end(&self) -> bool {
        let mut state = self.state.lock();
        if std::mem::replace(&mut state.ended, true) {
            return false;
        }
        self.attention.store(true, Ordering::Release);
        state.let_go();
        drop(state);
        self.interrupts.end();
        true
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.state.lock().ended
    }
}
