//! Samples of program counters.
//!
//! There is no clock that interrupts a thread: a thread looks, where it comes to the kernel, whether a tick has passed.
//! In a parallel kernel ticks are of processor time, as far as the host tells it. In a seeded kernel no time passes while
//! threads run, and each call of the kernel is a tick. The sample is the program counter of the state that the thread was
//! given (`thread_set_state`), since no machine code runs.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use generated::{darwin, mach3};
use mig_rt::{AbiId, KernReturn};

use crate::effect::Scope;
use crate::in_kernel::InKernel;
use crate::ipc::right::{Carried, SendRef};
use crate::special::copy;
use crate::sync::{Mutex, Rank};
use crate::thread::ThreadObject;

/// Between two samples.
pub(crate) const TICK: Duration = Duration::from_millis(10);
/// Samples of a message.
const BUFFER: usize = 100;
/// Samples that are kept for whoever asks for them.
const KEPT: usize = 512;

/// One sample.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Sample {
    /// The number of the thread's port.
    pub(crate) thread: u64,
    pub(crate) pc: u64,
}

/// Whether a thread, or each of a task, is sampled, and what was found.
#[derive(Debug)]
pub(crate) struct Sampling {
    /// To be looked at without the lock.
    on: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Who gets full buffers.
    port: Carried,
    buffer: Vec<u32>,
    kept: Option<Kept>,
    /// It has ended.
    over: bool,
}

/// The last samples, and how many there were.
#[derive(Debug, Default)]
struct Kept {
    samples: VecDeque<Sample>,
    number: u32,
}

/// Samples on their way.
struct Buffer {
    to: SendRef,
    samples: Vec<u32>,
}

impl Sampling {
    pub(crate) fn new() -> Sampling {
        let state = State { port: Carried::Null, buffer: Vec::new(), kept: None, over: false };
        Sampling { on: AtomicBool::new(false), state: Mutex::new(Rank::Thread, state) }
    }

    /// Whether there is somebody who wants samples.
    pub(crate) fn is_on(&self) -> bool {
        self.on.load(Ordering::Acquire)
    }

    /// Sends samples to a port from now on, or ends that if it is null. Who got them before gets the rest.
    pub(crate) fn send_to(&self, port: Carried) {
        let mut state = self.state.lock();
        if state.over || same(&state.port, &port) {
            return;
        }
        let rest = state.take_buffer();
        let old = std::mem::replace(&mut state.port, port);
        self.update(&state);
        drop(state);
        rest.into_iter().for_each(Buffer::send);
        drop(old);
    }

    /// Keeps samples from now on. Those that there are stay.
    pub(crate) fn keep(&self) {
        let mut state = self.state.lock();
        if !state.over {
            state.kept.get_or_insert_default();
            self.update(&state);
        }
    }

    /// Keeps none any more: how many there were.
    ///
    /// # Errors
    /// `KERN_INVALID_ARGUMENT` if none were kept.
    pub(crate) fn forget(&self) -> Result<u32, KernReturn> {
        let mut state = self.state.lock();
        let kept = state.kept.take().ok_or(KernReturn::INVALID_ARGUMENT)?;
        self.update(&state);
        Ok(kept.number)
    }

    /// Those that are kept and come after a number, at most so many, the last of them; and how many there were.
    ///
    /// # Errors
    /// `KERN_FAILURE` if none are kept, `KERN_INVALID_ARGUMENT` if there were not so many.
    pub(crate) fn kept(&self, after: u32, most: usize) -> Result<(Vec<Sample>, u32), KernReturn> {
        let state = self.state.lock();
        let kept = state.kept.as_ref().ok_or(KernReturn::FAILURE)?;
        let new = kept.number.checked_sub(after).ok_or(KernReturn::INVALID_ARGUMENT)? as usize;
        let skipped = kept.samples.len() - new.min(kept.samples.len()).min(most);
        Ok((kept.samples.iter().skip(skipped).copied().collect(), kept.number))
    }

    /// Samples go where those of another task do, which was there before.
    pub(crate) fn inherit(&self, parent: &Sampling) {
        let (port, keeps) = {
            let state = parent.state.lock();
            (copy(&state.port), state.kept.is_some())
        };
        self.send_to(port);
        if keeps {
            self.keep();
        }
    }

    /// Takes samples.
    fn take(&self, sample: Sample, times: usize) {
        if !self.is_on() {
            return;
        }
        let mut state = self.state.lock();
        let full: Vec<Buffer> = (0..times).filter_map(|_| state.add(sample)).collect();
        drop(state);
        full.into_iter().for_each(Buffer::send);
    }

    /// Looks at the right that is kept here.
    pub(crate) fn each(&self, look: &mut dyn FnMut(&Carried)) {
        look(&self.state.lock().port);
    }

    /// Whoever was sampled has ended: the last samples are sent.
    pub(crate) fn end(&self) {
        self.send_to(Carried::Null);
        let mut state = self.state.lock();
        (state.over, state.kept) = (true, None);
        self.update(&state);
    }

    fn update(&self, state: &State) {
        self.on.store(state.kept.is_some() || state.port.port().is_some(), Ordering::Release);
    }
}

/// Whether two rights are to one port, or both to none.
fn same(one: &Carried, other: &Carried) -> bool {
    match (one.port(), other.port()) {
        (Some(one), Some(other)) => Arc::ptr_eq(one, other),
        (one, other) => one.is_none() && other.is_none(),
    }
}

impl State {
    /// One more; what is full then.
    fn add(&mut self, sample: Sample) -> Option<Buffer> {
        if let Some(kept) = &mut self.kept {
            if kept.samples.len() == KEPT {
                kept.samples.pop_front();
            }
            kept.samples.push_back(sample);
            kept.number = kept.number.wrapping_add(1);
        }
        self.port.port()?;
        // Messages have 32 bits for each.
        self.buffer.push(sample.pc as u32);
        if self.buffer.len() == BUFFER { self.take_buffer() } else { None }
    }

    fn take_buffer(&mut self) -> Option<Buffer> {
        let samples = std::mem::take(&mut self.buffer);
        match copy(&self.port) {
            Carried::Send(to) => Some(Buffer { to, samples }),
            // It has died, or there is none.
            _ => None,
        }
    }
}

impl Buffer {
    /// Sends it, as its receiver reads messages. If there is no room in the queue, the samples are lost: whoever does not
    /// receive them must not fill the kernel.
    fn send(self) {
        let _scope = Scope::open();
        let (port, abi) = (self.to.port().clone(), self.to.port().abi());
        let has_room = port.lock().has_room();
        if !port.is_alive() || !has_room {
            return;
        }
        let to = InKernel::send(Carried::Send(self.to));
        // The one error is a port that died meanwhile.
        let _ = match abi {
            AbiId::DarwinLp64 | AbiId::DarwinIlp32 => darwin::prof::any::samples(abi, &to, &self.samples),
            _ => {
                let mut all = [0; BUFFER + 1];
                all.iter_mut().zip(&self.samples).for_each(|(to, it)| *to = it.cast_signed());
                all[BUFFER] = self.samples.len() as i32;
                mach3::profil::any::samples(abi, &to, &all)
            }
        };
    }
}

/// The current thread comes to the kernel, and is sampled.
pub(crate) fn sample(thread: &ThreadObject) {
    let Some(task) = thread.task.upgrade() else { return };
    let times = match task.schedule {
        Some(_) => 1,
        None => thread.clock.ticks(TICK).min(BUFFER),
    };
    if times > 0 {
        let pc = thread.state.lock().program_counter(thread.machine);
        let sample = Sample { thread: thread.port.id, pc };
        thread.sampling.take(sample, times);
        task.sampling.take(sample, times);
    }
}
