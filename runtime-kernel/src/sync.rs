//! Locks with ranks, and the only place where a thread blocks.
//!
//! A thread takes locks in rising rank only, at most one of each rank. Debug builds assert it, so an order that could
//! deadlock fails the first time it is taken, not the first time it meets its opposite.

pub(crate) mod host;
#[cfg(all(test, not(loom)))]
mod tests;

use std::cell::Cell;
use std::fmt;
use std::num::NonZero;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, LazyLock};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use host::Condvar;
use host::atomic::{AtomicBool, Ordering};

#[cfg(loom)]
use host::CellKey as _;

use crate::schedule::{self, Turn};

/// The order of locks, outermost first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Rank {
    /// A kernel's tables.
    Kernel,
    /// What a task carries for the kernel's use.
    Task,
    /// The same of a thread.
    Thread,
    /// A task's memory.
    Map,
    /// What its addresses mean.
    Object,
    /// What some of that was, while it changes.
    Snapshot,
    /// A space of port names.
    Space,
    /// A port.
    Port,
    /// A port set.
    PortSet,
    /// The one lock of receive rights in messages: innermost, so that a message and its place in a queue change
    /// together.
    Transit,
    /// What is to be said to a memory manager.
    Mail,
    /// Which objects may be paged out.
    Paging,
}

host::thread_local! {
    /// The ranks of the locks that this thread holds: a bit each.
    static HELD: Cell<u32> = const { Cell::new(0) };
}

/// Whether this thread holds any lock.
pub(crate) fn holds_none() -> bool {
    HELD.get() == 0
}

/// A lock that knows its rank.
pub(crate) struct Mutex<T> {
    rank: Rank,
    inner: host::Mutex<T>,
}

impl<T> Mutex<T> {
    pub(crate) fn new(rank: Rank, value: T) -> Mutex<T> {
        Mutex { rank, inner: host::Mutex::new(value) }
    }

    /// The value, which nobody else can have.
    pub(crate) fn get_mut(&mut self) -> &mut T {
        self.inner.get_mut()
    }

    /// Takes it. Where threads run one at a time, another may run first.
    pub(crate) fn lock(&self) -> Guard<'_, T> {
        if holds_none() {
            schedule::checkpoint();
        }
        let bit = 1 << self.rank as u32;
        debug_assert!(HELD.get() < bit, "lock of rank {:?} taken under {:#b}", self.rank, HELD.get());
        HELD.set(HELD.get() | bit);
        Guard { bit, inner: self.inner.lock() }
    }
}

impl<T> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mutex({:?})", self.rank)
    }
}

/// A lock that is held.
pub(crate) struct Guard<'a, T> {
    bit: u32,
    inner: host::MutexGuard<'a, T>,
}

impl<T> Deref for Guard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<T> DerefMut for Guard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.inner
    }
}

impl<T> Drop for Guard<'_, T> {
    fn drop(&mut self) {
        HELD.set(HELD.get() & !self.bit);
    }
}

/// Where one thread waits, for one thing at a time. What it waits for is an `O`.
///
/// Whoever wakes it does so under the lock of the queue in which it stands, after taking it out. So a waiter that gave
/// up and finds itself still in the queue was not woken, and one that does not was.
pub(crate) struct Waiter<O> {
    outcome: host::Mutex<Option<O>>,
    /// Whether there is an outcome: to be looked at without the lock.
    ready: AtomicBool,
    woken: Condvar,
    turn: Option<Arc<Turn>>,
    interrupts: Arc<Interrupts>,
}

/// Looks before a thread sleeps: some microseconds, a small part of what sleeping and waking costs.
const SPINS: u32 = if cfg!(loom) { 1 } else { 400 };

/// Interruptions of one thread.
#[derive(Default)]
pub(crate) struct Interrupts {
    pending: host::Mutex<Pending>,
}

#[derive(Default)]
struct Pending {
    asked: bool,
    /// It has ended, and waits no more.
    ended: bool,
    /// The same, but for nothing else than the wait that there is.
    aborted: bool,
    /// Somebody has made a waiter for the thread, and it has not come back from waiting yet.
    waiting: bool,
    /// Wakes the thread, if it waits.
    wake: Option<Arc<dyn Fn() + Send + Sync>>,
}

impl Interrupts {
    /// Ends the wait of the thread, if it waits; otherwise its next one ends at once.
    pub(crate) fn interrupt(&self) {
        let wake = {
            let mut pending = self.pending.lock();
            pending.asked = true;
            pending.wake.clone()
        };
        if let Some(wake) = wake {
            wake();
        }
    }

    /// Ends the wait of the thread, and each that it tries from now on.
    pub(crate) fn end(&self) {
        self.pending.lock().ended = true;
        self.interrupt();
    }

    /// Ends the wait of the thread, if it waits; otherwise nothing happens, and `false` says so.
    pub(crate) fn interrupt_waiting(&self) -> bool {
        let wake = {
            let mut pending = self.pending.lock();
            if !pending.waiting {
                return false;
            }
            pending.aborted = true;
            pending.wake.clone()
        };
        wake.into_iter().for_each(|it| it());
        true
    }

    /// Whether the thread waits, or is about to.
    pub(crate) fn is_waiting(&self) -> bool {
        self.pending.lock().waiting
    }

    fn take(&self) -> bool {
        let mut pending = self.pending.lock();
        pending.ended || std::mem::take(&mut pending.aborted) || std::mem::take(&mut pending.asked)
    }
}

/// Why a wait ended without being woken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum GaveUp {
    /// The time is over.
    TimedOut,
    /// Somebody interrupted the thread.
    Interrupted,
}

impl<O: Send + 'static> Waiter<O> {
    /// For the current thread.
    pub(crate) fn new(interrupts: Arc<Interrupts>) -> Arc<Waiter<O>> {
        let turn = schedule::current();
        interrupts.pending.lock().waiting = true;
        Arc::new(Waiter {
            outcome: host::Mutex::new(None),
            ready: AtomicBool::new(false),
            woken: Condvar::new(),
            turn,
            interrupts,
        })
    }

    /// Ends the wait. The caller has taken the waiter out of its queue, whose lock it holds.
    pub(crate) fn wake(&self, outcome: O) {
        *self.outcome.lock() = Some(outcome);
        self.ready.store(true, Ordering::Release);
        self.rouse();
    }

    fn rouse(&self) {
        match &self.turn {
            Some(turn) => turn.make_ready(),
            None => {
                self.woken.notify_all();
            }
        }
    }

    /// What it was woken with, if it was.
    pub(crate) fn outcome(&self) -> Option<O> {
        self.outcome.lock().take()
    }

    /// Waits until it is woken, for at most so long.
    pub(crate) fn wait(self: &Arc<Self>, limit: Option<Duration>) -> Result<O, GaveUp> {
        debug_assert!(holds_none(), "waiting under a lock");
        let this = Arc::downgrade(self);
        let rouse = move || {
            if let Some(it) = this.upgrade() {
                it.rouse_interrupted();
            }
        };
        self.interrupts.pending.lock().wake = Some(Arc::new(rouse));
        let result = match &self.turn {
            Some(turn) => self.wait_for_turn(turn, limit),
            None => self.wait_on_host(limit),
        };
        let mut pending = self.interrupts.pending.lock();
        (pending.waiting, pending.aborted, pending.wake) = (false, false, None);
        drop(pending);
        result
    }

    /// Under the lock of the outcome, so that the waiter cannot miss it between looking and sleeping.
    fn rouse_interrupted(&self) {
        let outcome = self.outcome.lock();
        self.rouse();
        drop(outcome);
    }

    fn wait_on_host(&self, limit: Option<Duration>) -> Result<O, GaveUp> {
        self.spin();
        let until = limit.and_then(|it| Instant::now().checked_add(it));
        let mut outcome = self.outcome.lock();
        loop {
            if let Some(it) = outcome.take() {
                return Ok(it);
            }
            if self.interrupts.take() {
                return Err(GaveUp::Interrupted);
            }
            match until {
                None => self.woken.wait(&mut outcome),
                Some(until) if self.woken.wait_until(&mut outcome, until).timed_out() => {
                    return outcome.take().ok_or(GaveUp::TimedOut);
                }
                Some(_) => {}
            }
        }
    }

    /// Looks for the outcome for a moment: whoever runs on another core wakes sooner than the host wakes a sleeper.
    fn spin(&self) {
        static CORES: LazyLock<usize> = LazyLock::new(|| available_parallelism().map_or(1, NonZero::get));
        let rounds = if *CORES > 1 { SPINS } else { 0 };
        for _ in 0..rounds {
            if self.ready.load(Ordering::Acquire) {
                return;
            }
            std::hint::spin_loop();
        }
    }

    fn wait_for_turn(&self, turn: &Turn, limit: Option<Duration>) -> Result<O, GaveUp> {
        let deadline = limit.map(|it| turn.now().saturating_add(it));
        loop {
            schedule::leave_if_over();
            if let Some(it) = self.outcome() {
                return Ok(it);
            }
            // Whoever is let through though nobody drives the threads any more does not wait.
            if self.interrupts.take() || turn.is_over() {
                return Err(GaveUp::Interrupted);
            }
            if deadline.is_some_and(|it| it <= turn.now()) {
                return Err(GaveUp::TimedOut);
            }
            turn.block(deadline);
        }
    }
}

impl<O> fmt::Debug for Waiter<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Waiter")
    }
}

impl fmt::Debug for Interrupts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Interrupts")
    }
}
