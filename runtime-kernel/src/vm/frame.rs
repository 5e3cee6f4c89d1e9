//! Frames: pages of the host's memory, and how many of them a kernel has.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::pageout::Pageout;
use crate::events::Event;
use crate::thread;

/// Bytes of a page.
pub(crate) const PAGE: u64 = 4096;
/// The same where bytes of the host are counted.
pub(crate) const PAGE_BYTES: usize = PAGE as usize;

/// Pages that may be wired at once: a gigabyte.
pub(crate) const MOST_WIRED: u64 = 1 << 18;

/// The frames of a kernel, and what has happened to them.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    pages: AtomicU64,
    pinned: AtomicU64,
    wired: AtomicU64,
    counts: [AtomicU64; 5],
    pub(super) pageout: Pageout,
}

/// What happens where a program touches a page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    /// A page that a program touches is there.
    Hit,
    /// It was not there, and is zero.
    ZeroFill,
    /// It was shared with a copy, and was written.
    CopyOnWrite,
    /// A memory manager has brought it.
    PageIn,
    /// A memory manager has got it back.
    PageOut,
}

impl Frames {
    /// At most so many pages, if there is a limit.
    pub(crate) fn new(limit: Option<u64>) -> Arc<Frames> {
        Arc::new(Frames { pageout: Pageout::new(limit), ..Frames::default() })
    }

    /// Pages that exist.
    pub(crate) fn pages(&self) -> u64 {
        self.pages.load(Ordering::Acquire)
    }

    /// Pages that programs look at in place (see [`Pin`]), whether or not memory still has them.
    pub(crate) fn pinned(&self) -> u64 {
        self.pinned.load(Ordering::Acquire)
    }

    /// Pages that are to stay where they are, once for each entry that wants it.
    pub(crate) fn wired(&self) -> u64 {
        self.wired.load(Ordering::Acquire)
    }

    pub(crate) fn wire(&self, pages: u64) {
        self.wired.fetch_add(pages, Ordering::AcqRel);
    }

    pub(crate) fn unwire(&self, pages: u64) {
        self.wired.fetch_sub(pages, Ordering::AcqRel);
    }

    pub(crate) fn count(&self, what: Fault) {
        self.counts[what as usize].fetch_add(1, Ordering::Relaxed);
        let event = match what {
            Fault::Hit => Event::Hit,
            Fault::ZeroFill => Event::ZeroFill,
            Fault::CopyOnWrite => Event::CopyOnWrite,
            // Those are what others do for a thread that waits.
            Fault::PageIn | Fault::PageOut => return,
        };
        thread::count(event);
    }

    /// How often it has happened.
    pub(crate) fn counted(&self, what: Fault) -> u64 {
        self.counts[what as usize].load(Ordering::Relaxed)
    }
}

/// Pages side by side. While more than one has it, nobody writes.
pub(crate) struct Run {
    data: Box<[u8]>,
    frames: Arc<Frames>,
}

impl Run {
    /// Zeroed pages.
    pub(crate) fn zeroed(frames: &Arc<Frames>, pages: usize) -> Arc<Run> {
        Run::of(frames, vec![0; pages * PAGE_BYTES])
    }

    /// A page with the contents of another.
    pub(crate) fn copy(frames: &Arc<Frames>, page: &[u8]) -> Arc<Run> {
        Run::of(frames, page.to_vec())
    }

    /// Pages with these bytes; what is missing of the last is zero.
    pub(crate) fn of(frames: &Arc<Frames>, mut data: Vec<u8>) -> Arc<Run> {
        data.resize(data.len().next_multiple_of(PAGE_BYTES), 0);
        frames.pages.fetch_add((data.len() / PAGE_BYTES) as u64, Ordering::AcqRel);
        Arc::new(Run { data: data.into_boxed_slice(), frames: frames.clone() })
    }

    pub(crate) fn pages(&self) -> u64 {
        self.data.len() as u64 / PAGE
    }

    /// Whose they are.
    pub(super) fn frames(&self) -> &Frames {
        &self.frames
    }

    /// One of its pages.
    pub(crate) fn page(&self, index: u64) -> &[u8] {
        &self.data[index as usize * PAGE_BYTES..][..PAGE_BYTES]
    }

    pub(crate) fn page_mut(&mut self, index: u64) -> &mut [u8] {
        &mut self.data[index as usize * PAGE_BYTES..][..PAGE_BYTES]
    }
}

impl Deref for Run {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.data
    }
}

impl DerefMut for Run {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.data
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.frames.pages.fetch_sub(self.pages(), Ordering::AcqRel);
    }
}

impl std::fmt::Debug for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Run of {} pages", self.pages())
    }
}

/// A run that a program looks at in place, so that it may outlive the memory that had it.
#[derive(Debug)]
pub(crate) struct Pin(Arc<Run>);

impl Pin {
    pub(crate) fn new(run: Arc<Run>) -> Pin {
        run.frames.pinned.fetch_add(run.pages(), Ordering::AcqRel);
        Pin(run)
    }
}

impl Deref for Pin {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        self.0.frames.pinned.fetch_sub(self.0.pages(), Ordering::AcqRel);
    }
}
