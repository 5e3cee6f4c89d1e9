//! Event counters: how the driver of a device tells a program that something has happened.

use std::fmt;
use std::sync::{Arc, Weak};

use mig_rt::KernReturn;

use crate::host::Host;
use crate::sync::{Mutex, Rank, Waiter};
use crate::task::Task;
use crate::thread::{interrupts, trap};

/// Event counters of one kernel.
const MOST: usize = 10;

/// The event counters of a kernel, by their numbers.
pub(crate) struct Counters(Mutex<[Option<Counter>; MOST]>);

/// What has been signalled and not been waited for; if somebody waits, nothing.
#[derive(Default)]
struct Counter {
    count: u64,
    waiter: Option<Arc<Waiter<()>>>,
}

impl Counters {
    pub(crate) fn new() -> Counters {
        Counters(Mutex::new(Rank::Kernel, [const { None }; MOST]))
    }

    /// A new one; nothing if there are as many as there can be.
    fn make(&self) -> Option<u32> {
        let mut all = self.0.lock();
        let number = all.iter().position(Option::is_none)?;
        all[number] = Some(Counter::default());
        Some(number as u32)
    }

    /// Wakes who waits, or counts.
    fn signal(&self, number: u32) {
        if let Some(it) = &mut self.0.lock()[number as usize] {
            match it.waiter.take() {
                Some(waiter) => waiter.wake(()),
                None => it.count += 1,
            }
        }
    }

    /// It is no more. Whoever waits looks at the device, which is gone.
    fn remove(&self, number: u32) {
        let mut all = self.0.lock();
        let removed = all[number as usize].take();
        removed.and_then(|it| it.waiter).into_iter().for_each(|it| it.wake(()));
    }

    fn wait(&self, number: u32) -> Result<(), KernReturn> {
        let mut all = self.0.lock();
        let counter = all.get_mut(number as usize).and_then(Option::as_mut).ok_or(KernReturn::INVALID_ARGUMENT)?;
        if counter.count > 0 {
            counter.count -= 1;
            return Ok(());
        }
        if counter.waiter.is_some() {
            return Err(KernReturn::NO_SPACE);
        }
        let waiter = Waiter::new(interrupts());
        counter.waiter = Some(waiter.clone());
        drop(all);
        if waiter.wait(None).is_err() {
            // Another may wait by now, if this one was woken after all.
            let mut all = self.0.lock();
            let counter = all.get_mut(number as usize).and_then(Option::as_mut);
            counter.and_then(|it| it.waiter.take_if(|it| Arc::ptr_eq(it, &waiter)));
        }
        Ok(())
    }
}

/// What the driver of a device has of an event counter. It goes when this is dropped, and whoever waits for it wakes.
///
/// Made by [`Kernel::event_counter`](crate::Kernel::event_counter).
pub struct EventCounter {
    host: Weak<Host>,
    number: u32,
}

impl EventCounter {
    /// A new one; nothing if there are as many as there can be.
    pub(crate) fn new(host: &Arc<Host>) -> Option<EventCounter> {
        let number = host.counters.make()?;
        Some(EventCounter { host: Arc::downgrade(host), number })
    }

    /// By which programs wait for it.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// The event has occurred: wakes the thread that waits for it, or lets the next not wait.
    pub fn signal(&self) {
        if let Some(host) = self.host.upgrade() {
            host.counters.signal(self.number);
        }
    }
}

impl Drop for EventCounter {
    fn drop(&mut self) {
        if let Some(host) = self.host.upgrade() {
            host.counters.remove(self.number);
        }
    }
}

impl fmt::Debug for EventCounter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EventCounter({})", self.number)
    }
}

impl Task {
    /// `evc_wait`: waits until the event has occurred once more than it was waited for. Also returns if `thread_abort`
    /// ends the wait, or if the counter goes: what has happened is the device's to say.
    ///
    /// # Errors
    /// `KERN_INVALID_ARGUMENT` if there is no such counter, `KERN_NO_SPACE` if another thread waits for it.
    pub fn evc_wait(&self, event: u32) -> Result<(), KernReturn> {
        trap(|| {
            let host = self.0.host.upgrade().ok_or(KernReturn::INVALID_ARGUMENT)?;
            host.counters.wait(event)
        })
    }
}
