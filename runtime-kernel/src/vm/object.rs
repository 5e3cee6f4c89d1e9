//! Objects: memory without addresses. An entry of a map says where which part of one is seen.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use super::frame::{Fault, Frames, PAGE, PAGE_BYTES, Pin, Run};
use super::table::Table;
use crate::sync::{Guard, Mutex, Rank};

/// Zero-filled memory that entries of maps, memory entries and messages have.
///
/// There are no chains of objects: a copy has a table of its own, which shares its parts with that of the origin until
/// one of the two is written.
pub(crate) struct Object {
    /// Unlike an address, not used again soon.
    pub(crate) number: u32,
    /// Whether the same part of it may be seen at two places.
    shared: AtomicBool,
    table: Mutex<Table>,
    frames: Arc<Frames>,
}

static NEXT_NUMBER: AtomicU32 = AtomicU32::new(1);

impl Object {
    /// So many pages of zeros.
    pub(crate) fn zero(frames: &Arc<Frames>, pages: u64) -> Arc<Object> {
        Object::with(frames, Table::new(pages))
    }

    /// The pages of a run.
    pub(crate) fn of(frames: &Arc<Frames>, run: Arc<Run>) -> Arc<Object> {
        Object::with(frames, Table::of(run))
    }

    fn with(frames: &Arc<Frames>, table: Table) -> Arc<Object> {
        Arc::new(Object {
            number: NEXT_NUMBER.fetch_add(1, Ordering::Relaxed),
            shared: AtomicBool::new(false),
            table: Mutex::new(Rank::Object, table),
            frames: frames.clone(),
        })
    }

    fn lock(&self) -> Guard<'_, Table> {
        self.table.lock()
    }

    /// From now on the same part may be seen at two places.
    pub(crate) fn share(&self) {
        self.shared.store(true, Ordering::Release);
    }

    pub(crate) fn is_shared(&self) -> bool {
        self.shared.load(Ordering::Acquire)
    }

    /// A copy of some bytes, whole pages, which are found at the same offsets.
    pub(crate) fn copy(&self, range: Range<u64>) -> Arc<Object> {
        let table = self.lock().slice(range.start / PAGE..range.end.div_ceil(PAGE));
        Object::with(&self.frames, table)
    }

    /// Nobody will see these bytes again, whole pages, unless the object is shared.
    pub(crate) fn forget(&self, range: Range<u64>) {
        if !self.is_shared() {
            self.lock().cut(range.start / PAGE..range.end / PAGE);
        }
    }

    /// Puts pages of another object, or zeros, in place of some of this one's, for all who see them.
    pub(crate) fn replace(&self, range: Range<u64>, from: Option<(&Object, u64)>) {
        // Copying a table is cheap, and no two objects are locked at once.
        let source = from.map(|(it, offset)| (it.lock().clone(), offset / PAGE));
        let pages = range.start / PAGE..range.end / PAGE;
        let mut table = self.lock();
        table.cut(pages.clone());
        let Some((source, first)) = source else { return };
        let wanted = first..first + (pages.end - pages.start);
        source.each(&mut |found, run, index| {
            for page in found.start.max(wanted.start)..found.end.min(wanted.end) {
                table.put(pages.start + (page - first), run, index + (page - found.start));
            }
        });
    }

    /// Reads as programs do: what was never written becomes a page of zeros.
    pub(crate) fn read(&self, at: u64, to: &mut [u8]) {
        let mut table = self.lock();
        each_page(at, to.len(), |page, within, part| match table.get(page) {
            Some((run, index)) => {
                self.frames.count(Fault::Hit);
                to[part].copy_from_slice(&run.page(index)[within]);
            }
            None => to[part].copy_from_slice(&table.page_mut(page, &self.frames)[within]),
        });
    }

    /// Reads without touching: for memory in messages.
    pub(crate) fn peek(&self, at: u64, to: &mut [u8]) {
        let table = self.lock();
        each_page(at, to.len(), |page, within, part| match table.get(page) {
            Some((run, index)) => to[part].copy_from_slice(&run.page(index)[within]),
            None => to[part].fill(0),
        });
    }

    /// Writes as programs do.
    pub(crate) fn write(&self, at: u64, from: &[u8]) {
        let mut table = self.lock();
        each_page(at, from.len(), |page, within, part| {
            table.page_mut(page, &self.frames)[within].copy_from_slice(&from[part]);
        });
    }

    /// Changes some bytes of one page, between which nobody comes.
    pub(crate) fn update(&self, at: u64, size: usize, change: &mut dyn FnMut(&mut [u8])) {
        let mut table = self.lock();
        let page = table.page_mut(at / PAGE, &self.frames);
        change(&mut page[(at % PAGE) as usize..][..size]);
    }

    /// Makes bytes zero, as far as they are not.
    pub(crate) fn zero_out(&self, at: u64, size: usize) {
        let mut table = self.lock();
        each_page(at, size, |page, within, _| {
            let dirty =
                table.get(page).is_some_and(|(run, index)| run.page(index)[within.clone()] != ZEROS[within.clone()]);
            if dirty {
                table.page_mut(page, &self.frames)[within].fill(0);
            }
        });
    }

    /// Brings pages in, for a write if it is one.
    pub(crate) fn touch(&self, range: Range<u64>, writes: bool) {
        let mut table = self.lock();
        for page in range.start / PAGE..range.end.div_ceil(PAGE) {
            if writes || table.get(page).is_none() {
                table.page_mut(page, &self.frames);
            }
        }
    }

    /// These bytes in place, if they stand side by side.
    pub(crate) fn pin(&self, range: Range<u64>) -> Option<(Pin, usize)> {
        let (run, first) = self.lock().contiguous(range.start / PAGE..range.end.div_ceil(PAGE))?;
        Some((Pin::new(run), (first * PAGE + range.start % PAGE) as usize))
    }

    /// Pages that are there.
    pub(crate) fn resident(&self, range: Range<u64>) -> u64 {
        self.lock().resident(range.start / PAGE..range.end.div_ceil(PAGE))
    }

    /// Calls with each run that it has pages of, maybe more than once, and with how many.
    pub(crate) fn each_run(&self, call: &mut dyn FnMut(&Arc<Run>)) {
        self.lock().each(&mut |_, run, _| call(run));
    }
}

static ZEROS: [u8; PAGE_BYTES] = [0; PAGE_BYTES];

/// Splits bytes at pages: the page, the bytes in it, and which of all those they are.
fn each_page(at: u64, size: usize, mut call: impl FnMut(u64, Range<usize>, Range<usize>)) {
    let mut done = 0;
    while done < size {
        let here = at + done as u64;
        let within = (here % PAGE) as usize;
        let some = (PAGE_BYTES - within).min(size - done);
        call(here / PAGE, within..within + some, done..done + some);
        done += some;
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Object({})", self.number)
    }
}
