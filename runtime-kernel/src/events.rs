//! What tasks do and what happens to them, counted by thread: so that counting costs no more than an addition.

use std::sync::atomic::{AtomicU64, Ordering};

/// Something that is counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Event {
    /// A page that was touched was there.
    Hit,
    /// It was not there, and is zero.
    ZeroFill,
    /// It was shared with a copy, and was written.
    CopyOnWrite,
    /// It had to be brought, and was waited for.
    PageIn,
    /// A message was sent.
    Sent,
    /// A message was received.
    Received,
    /// Something was asked of the kernel.
    Call,
}

const KINDS: usize = 7;

/// How often each has happened.
#[derive(Debug, Default)]
pub(crate) struct Events([AtomicU64; KINDS]);

impl Events {
    /// One more, of the thread whose events these are: nobody else adds.
    #[inline]
    pub(crate) fn add(&self, what: Event) {
        let count = &self.0[what as usize];
        count.store(count.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    /// One more, where several threads add.
    pub(crate) fn add_shared(&self, what: Event) {
        self.0[what as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Takes over those of a thread that ends.
    pub(crate) fn take_over(&self, other: &Events) {
        for (own, other) in self.0.iter().zip(&other.0) {
            own.fetch_add(other.swap(0, Ordering::Relaxed), Ordering::Relaxed);
        }
    }

    /// The counts now.
    pub(crate) fn counts(&self) -> Counts {
        Counts(self.0.each_ref().map(|it| it.load(Ordering::Relaxed)))
    }
}

/// Counts of one moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Counts([u64; KINDS]);

impl Counts {
    /// How often something has happened.
    pub(crate) fn of(&self, what: Event) -> u64 {
        self.0[what as usize]
    }

    /// Touches of pages, whatever came of them.
    pub(crate) fn faults(&self) -> u64 {
        [Event::Hit, Event::ZeroFill, Event::CopyOnWrite, Event::PageIn].iter().map(|it| self.of(*it)).sum()
    }
}

impl std::ops::Add for Counts {
    type Output = Counts;

    fn add(self, other: Counts) -> Counts {
        Counts(std::array::from_fn(|at| self.0[at] + other.0[at]))
    }
}
