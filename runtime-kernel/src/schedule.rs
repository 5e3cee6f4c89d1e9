//! Threads one at a time, in an order that a seed chooses: a race is a seed.
//!
//! A thread gives its turn away before it takes a lock while holding none, and when it waits. Between two such points
//! nothing else runs, so every interleaving of critical sections can be had, and had again. Time is virtual: it moves
//! to the next deadline when nobody can run, as far as whoever drives the threads lets it.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread::panicking;
use std::time::Duration;

use crate::sync::host::{Condvar, Mutex, MutexGuard};
use crate::thread::Terminated;

/// Runs threads one at a time.
pub(crate) struct Schedule {
    state: Mutex<State>,
    /// Whoever drives the threads waits here until none of them can run.
    idle: Condvar,
}

struct State {
    random: u64,
    now: Duration,
    /// How far time may move.
    end: Duration,
    threads: Vec<Slot>,
    running: Option<usize>,
    /// Whether threads may run at all: somebody is in [`Schedule::run`].
    open: bool,
    /// Whether nobody will ever drive the threads again.
    over: bool,
}

struct Slot {
    status: Status,
    /// Whether somebody has woken it since it looked last: then it does not sleep.
    woken: bool,
    name: String,
    go: Arc<Condvar>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Status {
    Ready,
    Blocked { until: Option<Duration> },
    Done,
}

/// A thread's place in its schedule.
pub(crate) struct Turn {
    schedule: Arc<Schedule>,
    index: usize,
    go: Arc<Condvar>,
}

thread_local! {
    /// Whether this thread has a place in a schedule: looked at before every lock, so no more than a byte.
    static SCHEDULED: Cell<bool> = const { Cell::new(false) };
    static TURN: RefCell<Option<Arc<Turn>>> = const { RefCell::new(None) };
}

/// The place of the current thread, if it has one.
pub(crate) fn current() -> Option<Arc<Turn>> {
    TURN.with_borrow(Clone::clone)
}

/// Whether the current thread has a place in a schedule.
#[inline]
pub(crate) fn is_current() -> bool {
    SCHEDULED.get()
}

/// Whether another thread could run, where they run one at a time.
pub(crate) fn others_can_run() -> bool {
    current().is_some_and(|it| {
        let state = it.schedule.state.lock();
        state.ready().iter().any(|other| *other != it.index)
    })
}

/// Lets another thread run, where they run one at a time.
#[inline]
pub(crate) fn checkpoint() {
    if !SCHEDULED.get() {
        return;
    }
    if let Some(turn) = current() {
        turn.pass(Status::Ready);
    }
}

/// A door of the kernel: a thread whose schedule is over ends here, since nothing that it asks for can come.
pub(crate) fn leave_if_over() {
    // Whoever is on its way out already may still ask, and is refused.
    if SCHEDULED.get() && !panicking() && current().is_some_and(|it| it.is_over()) {
        resume_unwind(Box::new(Terminated));
    }
}

/// Until it is dropped, the current thread keeps its turn at locks: it looks at one moment.
#[derive(Debug)]
pub(crate) struct Kept(bool);

/// See [`Kept`].
pub(crate) fn keep_turn() -> Kept {
    Kept(SCHEDULED.replace(false))
}

impl Drop for Kept {
    fn drop(&mut self) {
        SCHEDULED.set(self.0);
    }
}

impl Schedule {
    pub(crate) fn new(seed: u64) -> Arc<Schedule> {
        // Zero is the one state that the generator never leaves.
        let random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let (now, end, threads) = (Duration::ZERO, Duration::MAX, Vec::new());
        let state = State { random, now, end, threads, running: None, open: false, over: false };
        Arc::new(Schedule { state: Mutex::new(state), idle: Condvar::new() })
    }

    /// A place for a thread that will be started; it runs when [`run`](Schedule::run) gives it a turn.
    pub(crate) fn add(self: &Arc<Schedule>, name: &str) -> Arc<Turn> {
        let go = Arc::new(Condvar::new());
        let mut state = self.state.lock();
        state.threads.push(Slot { status: Status::Ready, woken: false, name: name.to_owned(), go: go.clone() });
        Arc::new(Turn { schedule: self.clone(), index: state.threads.len() - 1, go })
    }

    /// Runs threads until none can run any more. Who still waits then, by name: nobody, if all have ended.
    pub(crate) fn run(&self) -> Vec<String> {
        self.run_until(&mut self.state.lock(), Duration::MAX)
    }

    /// The same while so much time passes, and no longer.
    pub(crate) fn advance(&self, by: Duration) -> Vec<String> {
        let mut state = self.state.lock();
        let end = state.now.saturating_add(by);
        let waiting = self.run_until(&mut state, end);
        state.now = end;
        waiting
    }

    fn run_until(&self, state: &mut MutexGuard<'_, State>, end: Duration) -> Vec<String> {
        (state.open, state.end) = (true, end);
        loop {
            if state.running.is_none() && !state.start_next() {
                break;
            }
            self.idle.wait(state);
        }
        state.open = false;
        let waiting = state.threads.iter().filter(|it| it.status != Status::Done);
        waiting.map(|it| it.name.clone()).collect()
    }

    /// Nobody gets a turn any more: each thread goes on as the host has it, to the next door (see [`leave_if_over`]).
    pub(crate) fn end(&self) {
        let mut state = self.state.lock();
        state.over = true;
        for it in &state.threads {
            it.go.notify_one();
        }
    }

    /// Virtual time since the beginning.
    pub(crate) fn now(&self) -> Duration {
        self.state.lock().now
    }
}

impl State {
    /// A random number below `n`: xorshift, which needs no more state than its seed.
    fn below(&mut self, n: usize) -> usize {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random % n as u64) as usize
    }

    /// Chooses who runs next; `false` if nobody can.
    fn start_next(&mut self) -> bool {
        if !self.open {
            return false;
        }
        let mut ready = self.ready();
        if ready.is_empty() {
            let deadlines = self.threads.iter().filter_map(|it| match it.status {
                Status::Blocked { until } => until,
                _ => None,
            });
            let Some(next) = deadlines.min().filter(|it| *it <= self.end) else { return false };
            self.now = self.now.max(next);
            ready = self.ready();
        }
        let choice = self.below(ready.len());
        self.running = Some(ready[choice]);
        self.threads[ready[choice]].go.notify_one();
        true
    }

    fn ready(&self) -> Vec<usize> {
        let can_run = |it: &Slot| match it.status {
            Status::Ready => true,
            Status::Blocked { until } => until.is_some_and(|it| it <= self.now),
            Status::Done => false,
        };
        (0..self.threads.len()).filter(|it| can_run(&self.threads[*it])).collect()
    }
}

impl Turn {
    /// Runs a thread's body, from its first turn to its last.
    pub(crate) fn enter<X>(self: &Arc<Turn>, body: impl FnOnce() -> X) -> X {
        TURN.set(Some(self.clone()));
        SCHEDULED.set(true);
        self.await_go();
        // Also if the body panics: the others go on.
        let _leave = Leave(self);
        leave_if_over();
        body()
    }

    /// Whether nobody will give it another turn.
    pub(crate) fn is_over(&self) -> bool {
        self.schedule.state.lock().over
    }

    pub(crate) fn now(&self) -> Duration {
        self.schedule.now()
    }

    /// The thread can run again.
    pub(crate) fn make_ready(&self) {
        let mut state = self.schedule.state.lock();
        let slot = &mut state.threads[self.index];
        match slot.status {
            Status::Blocked { .. } => slot.status = Status::Ready,
            Status::Ready => slot.woken = true,
            Status::Done => {}
        }
        if state.running.is_none() {
            // Somebody outside the schedule woke it.
            self.schedule.idle.notify_all();
        }
    }

    /// Gives the turn away until the thread is made ready, or until a moment.
    pub(crate) fn block(&self, until: Option<Duration>) {
        self.pass(Status::Blocked { until });
    }

    fn pass(&self, status: Status) {
        self.leave(status);
        self.await_go();
    }

    fn leave(&self, status: Status) {
        let mut state = self.schedule.state.lock();
        let slot = &mut state.threads[self.index];
        let sleeps = matches!(status, Status::Blocked { .. });
        // Somebody outside may wake it between its last look and here.
        slot.status = if sleeps && std::mem::take(&mut slot.woken) { Status::Ready } else { status };
        state.running = None;
        if !state.start_next() {
            self.schedule.idle.notify_all();
        }
    }

    fn await_go(&self) {
        let mut state = self.schedule.state.lock();
        while state.running != Some(self.index) && !state.over {
            self.go.wait(&mut state);
        }
        let slot = &mut state.threads[self.index];
        // It looks before it sleeps.
        (slot.status, slot.woken) = (Status::Ready, false);
    }
}

struct Leave<'a>(&'a Arc<Turn>);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        TURN.set(None);
        SCHEDULED.set(false);
        self.0.leave(Status::Done);
    }
}

impl fmt::Debug for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Schedule")
    }
}

impl fmt::Debug for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Turn({})", self.index)
    }
}
