//! A program, and what it knows of its memory.

use std::error::Error;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use mig_rt::{KernReturn, ReceiveRight, SendRight};
use runtime_kernel::{Kernel, Task};

use super::calls;

pub(crate) const PAGE: u64 = 4096;

/// What all programs share, outside of the kernel.
pub(crate) struct Shared {
    pub(crate) kernel: Arc<Kernel>,
    /// No more operations begin.
    pub(crate) over: AtomicBool,
    pub(crate) operations: AtomicU64,
    /// Children that live.
    pub(crate) children: AtomicU64,
    errors: Mutex<Vec<String>>,
    /// What was sent and not yet received, by the number of its message.
    letters: Mutex<Vec<(u32, Vec<u8>)>>,
}

impl Shared {
    pub(crate) fn new(kernel: Arc<Kernel>) -> Shared {
        Shared {
            kernel,
            over: AtomicBool::new(false),
            operations: AtomicU64::new(0),
            children: AtomicU64::new(0),
            errors: Mutex::default(),
            letters: Mutex::default(),
        }
    }

    pub(crate) fn errors(&self) -> Vec<String> {
        self.errors.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Something is wrong: everybody stops.
    pub(crate) fn wrong(&self, what: String) {
        self.errors.lock().unwrap_or_else(PoisonError::into_inner).push(what);
        self.over.store(true, Relaxed);
    }

    /// Notes what a message holds, under a number of its own.
    pub(crate) fn post(&self, bytes: Vec<u8>) -> u32 {
        let mut letters = self.letters.lock().unwrap_or_else(PoisonError::into_inner);
        let id = letters.iter().map(|it| it.0).max().unwrap_or_default() + 1;
        letters.push((id, bytes));
        id
    }

    /// What a message holds; it was received, or not sent.
    pub(crate) fn open(&self, id: u32) -> Vec<u8> {
        let mut letters = self.letters.lock().unwrap_or_else(PoisonError::into_inner);
        let index = letters.iter().position(|it| it.0 == id);
        index.map_or_else(Vec::new, |it| letters.swap_remove(it).1)
    }
}

/// Whole pages of a program's memory.
pub(crate) struct Region {
    pub(crate) at: u64,
    /// What must be there.
    pub(crate) bytes: Vec<u8>,
    /// The pager's object that is mapped there, if it is one.
    pub(crate) object: Option<Arc<SendRight<Task>>>,
}

impl Region {
    pub(crate) fn pages(&self) -> u64 {
        self.bytes.len() as u64 / PAGE
    }
}

pub(crate) struct Program {
    pub(crate) shared: Arc<Shared>,
    pub(crate) task: Task,
    pub(crate) own: SendRight<Task>,
    pub(crate) others: Vec<SendRight<Task>>,
    pub(crate) to_pager: SendRight<Task>,
    pub(crate) regions: Vec<Region>,
    pub(crate) random: Random,
    /// Nobody sends here: to wait for a time.
    clock: ReceiveRight<Task>,
    /// Where children say that they are ready.
    pub(crate) answers: ReceiveRight<Task>,
}

impl Program {
    pub(crate) fn new(
        shared: &Arc<Shared>,
        task: &Task,
        others: Vec<SendRight<Task>>,
        to_pager: SendRight<Task>,
        seed: u64,
    ) -> Result<Program, Box<dyn Error>> {
        Ok(Program {
            shared: shared.clone(),
            task: task.clone(),
            own: task.self_port(),
            others,
            to_pager,
            regions: Vec::new(),
            random: Random(seed),
            clock: ReceiveRight::new(task)?,
            answers: ReceiveRight::new(task)?,
        })
    }

    /// Works until it is told to stop, or something is wrong.
    pub(crate) fn run(&mut self, inbox: ReceiveRight<Task>) {
        while !self.shared.over.load(Relaxed) {
            let pause = self.random.below(3) as u32 + 1;
            calls::sleep(&self.clock, pause);
            self.shared.operations.fetch_add(1, Relaxed);
            if let Err(why) = self.step(&inbox) {
                self.shared.wrong(format!("{}: {why}", self.task.name()));
            }
        }
        let read = (0..self.regions.len()).try_for_each(|it| self.compare(it, 0, usize::MAX));
        let freed = self.regions.drain(..).try_for_each(|it| free(&self.own, it.at, it.pages()));
        if let Err(why) = read.and(freed) {
            self.shared.wrong(format!("{} in the end: {why}", self.task.name()));
        }
    }
}

/// Frees pages.
pub(crate) fn free(own: &SendRight<Task>, at: u64, pages: u64) -> Result<(), String> {
    use generated::mach3::mach::gnumach_x86_64::vm_deallocate;
    vm_deallocate(own, mig_rt::Address(at), mig_rt::Size(pages * PAGE)).map_err(|it| format!("vm_deallocate: {it}"))
}

/// A call that must not fail.
pub(crate) fn called<X>(what: &str, result: Result<X, KernReturn>) -> Result<X, String> {
    result.map_err(|it| format!("{what}: {it}"))
}

/// A generator that is the same everywhere.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // The upper bits are the better ones.
        (self.0 >> 33) % end
    }

    /// Bytes that compress as those of programs do: runs of the same.
    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(count);
        while bytes.len() < count {
            let run = self.below(64) as usize + 1;
            let byte = self.below(256) as u8;
            bytes.resize((bytes.len() + run).min(count), byte);
        }
        bytes
    }
}
