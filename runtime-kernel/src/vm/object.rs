//! Objects: memory without addresses. An entry of a map says where which part of one is seen.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering};

use mig_rt::Protection;

use super::frame::{Fault, Frames, PAGE, PAGE_BYTES, Pin, Run};
use super::page::{Page, wake};
use super::pager::Managed;
use super::table::{Table, Where};
use super::walk::{Need, Stop, Wanted};
use crate::sync::{Guard, Mutex, Rank};

/// Memory that entries of maps, memory entries and messages have.
///
/// There are no chains of objects: a copy has a table of its own, which shares its parts with that of the origin until
/// one of the two is written.
pub(crate) struct Object {
    /// Unlike an address, not used again soon.
    pub(crate) number: u32,
    /// Whether the same part of it may be seen at two places.
    shared: AtomicBool,
    /// It has a memory manager, or had one.
    managed: bool,
    /// It has none any more.
    dead: AtomicBool,
    /// Bytes that it has room for, if that is known.
    size: u64,
    /// Whether it can be thrown away.
    pub(crate) purgable: Purgable,
    contents: Mutex<Contents>,
    pub(super) frames: Arc<Frames>,
}

/// Whether an object can be thrown away, and its state if it can (`vm_purgable_control`).
#[derive(Debug, Default)]
pub(crate) struct Purgable(AtomicU8);

impl Purgable {
    pub(crate) fn get(&self) -> Option<u8> {
        self.0.load(Ordering::Acquire).checked_sub(1)
    }

    pub(crate) fn set(&self, state: u8) {
        self.0.store(state + 1, Ordering::Release);
    }
}

/// What the lock of an object protects.
pub(super) struct Contents {
    pub(super) table: Table,
    pub(super) behind: Behind,
    /// What is known of single pages, if anybody wants to know.
    pub(super) pages: Option<BTreeMap<u64, Page>>,
    /// The page that the page-out looks at next.
    pub(super) hand: u64,
}

/// Who has the pages of an object that its table has not.
#[derive(Debug)]
pub(super) enum Behind {
    /// Nobody: they are zero.
    Nothing,
    /// Nobody either. What is paged out goes to this object, and the table says so.
    Store(Arc<Object>),
    /// An object whose pages change. Before one does, it comes into this one's table as it was.
    Origin(Arc<Object>),
    /// A memory manager.
    Manager(Box<Managed>),
}

static NEXT_NUMBER: AtomicU32 = AtomicU32::new(1);

impl Object {
    /// So many pages of zeros.
    pub(crate) fn zero(frames: &Arc<Frames>, pages: u64) -> Arc<Object> {
        let it = Object::with(frames, Table::new(pages), pages * PAGE);
        frames.watch(&it);
        it
    }

    /// The pages of a run.
    pub(crate) fn of(frames: &Arc<Frames>, run: Arc<Run>) -> Arc<Object> {
        let size = run.pages() * PAGE;
        Object::with(frames, Table::of(run), size)
    }

    pub(super) fn with(frames: &Arc<Frames>, table: Table, size: u64) -> Arc<Object> {
        let pages = frames.has_limit().then(BTreeMap::new);
        let contents = Contents { table, behind: Behind::Nothing, pages, hand: 0 };
        Arc::new(Object::new(frames, Rank::Object, contents, size))
    }

    pub(super) fn new(frames: &Arc<Frames>, rank: Rank, contents: Contents, size: u64) -> Object {
        Object {
            number: NEXT_NUMBER.fetch_add(1, Ordering::Relaxed),
            shared: AtomicBool::new(false),
            managed: matches!(contents.behind, Behind::Manager(_)),
            dead: AtomicBool::new(false),
            size,
            purgable: Purgable::default(),
            contents: Mutex::new(rank, contents),
            frames: frames.clone(),
        }
    }

    pub(super) fn lock(&self) -> Guard<'_, Contents> {
        self.contents.lock()
    }

    /// From now on the same part may be seen at two places.
    pub(crate) fn share(&self) {
        self.shared.store(true, Ordering::Release);
    }

    /// Whether the same part may be seen at two places.
    pub(crate) fn is_shared(&self) -> bool {
        self.shared.load(Ordering::Acquire)
    }

    /// Whether a memory manager has it, so that whoever maps it there sees it too.
    pub(crate) fn is_managed(&self) -> bool {
        self.managed
    }

    /// Whether it had a memory manager and has none any more.
    pub(super) fn is_dead(&self) -> bool {
        self.dead.load(Ordering::Acquire)
    }

    /// It has none from now on.
    pub(super) fn set_dead(&self) {
        self.dead.store(true, Ordering::Release);
    }

    /// Bytes that it has room for.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Whether nobody else can see a part of it that is seen here, and nothing is said of the whole of it.
    pub(crate) fn is_private(&self) -> bool {
        !self.managed && !self.is_shared() && self.purgable.get().is_none()
    }

    /// A copy of some bytes, whole pages, which are found at the same offsets.
    pub(super) fn copy(self: &Arc<Object>, range: Range<u64>) -> Result<Arc<Object>, Stop> {
        let pages = range.start / PAGE..range.end.div_ceil(PAGE);
        let mut it = self.lock();
        let table = match &mut it.behind {
            Behind::Manager(manager) => match manager.copies(self, &self.frames) {
                Ok(Some(source)) => Table::away(&source, pages),
                Ok(None) => return Need::stop(self, Wanted::Copy(range)),
                Err(wanted) => return Need::stop(self, wanted),
            },
            _ => it.share_out().slice(pages),
        };
        drop(it);
        let copy = Object::with(&self.frames, table, range.end);
        self.frames.watch(&copy);
        Ok(copy)
    }

    /// Nobody will see these bytes again, whole pages, unless the object is shared.
    pub(crate) fn forget(&self, range: Range<u64>) {
        if self.is_private() {
            let pages = range.start / PAGE..range.end / PAGE;
            let mut it = self.lock();
            it.table.cut(pages.clone());
            if let Some(known) = &mut it.pages {
                known.extract_if(pages, |_, _| true).for_each(drop);
            }
        }
    }

    /// Puts pages of another object, or zeros, in place of some of this one's, for all who see them. What is wired must
    /// be there.
    pub(crate) fn replace(
        self: &Arc<Object>,
        range: Range<u64>,
        from: Option<(&Arc<Object>, u64)>,
        wired: bool,
    ) -> Result<(), Stop> {
        let pages = range.start / PAGE..range.end / PAGE;
        if let Some((source, offset)) = from.filter(|_| self.managed || wired) {
            // So must what a manager gets. Fetching it afterwards would begin everything again.
            source.peek_all(offset / PAGE..offset / PAGE + (pages.end - pages.start))?;
        }
        // Copying a table is cheap, and no two objects are locked at once.
        let source = from.map(|(it, offset)| (it.lock().share_out(), offset / PAGE));
        let mut it = self.lock();
        if it.pages.is_some() {
            pages.clone().try_for_each(|page| it.admit(self, page, Protection::WRITE))?;
        }
        if self.managed {
            for page in pages.clone() {
                it.table.put(page, &Run::zeroed(&self.frames, 1), 0);
            }
        } else {
            it.table.cut(pages.clone());
        }
        let Some((source, first)) = source else { return Ok(()) };
        let wanted = first..first + (pages.end - pages.start);
        source.each(&mut |found, place| {
            for page in found.start.max(wanted.start)..found.end.min(wanted.end) {
                let (to, behind) = (pages.start + (page - first), page - found.start);
                match place {
                    Where::Here(run, index) => it.table.put(to, run, index + behind),
                    Where::Away(object, index) => it.table.put_away(to, object, index + behind),
                    Where::Nowhere => {}
                }
            }
        });
        Ok(())
    }

    /// Reads as programs do: what was never written becomes a page of zeros.
    pub(crate) fn read(self: &Arc<Object>, at: u64, to: &mut [u8]) -> Result<(), Stop> {
        let mut it = self.lock();
        each_page(at, to.len(), |page, within, part| {
            it.with_page(self, page, |bytes| to[part].copy_from_slice(&bytes[within]))
        })
    }

    /// Reads without touching: for memory in messages.
    pub(crate) fn peek(self: &Arc<Object>, at: u64, to: &mut [u8]) -> Result<(), Stop> {
        if self.managed {
            return self.read(at, to);
        }
        let it = self.lock();
        each_page(at, to.len(), |page, within, part| {
            match it.table.find(page) {
                Where::Here(run, index) => to[part].copy_from_slice(&run.page(index)[within]),
                Where::Nowhere => to[part].fill(0),
                Where::Away(..) => return Need::stop(self, Wanted::Page(page, Protection::READ)),
            }
            Ok(())
        })
    }

    /// Whether no page is away.
    fn peek_all(self: &Arc<Object>, pages: Range<u64>) -> Result<(), Stop> {
        let it = self.lock();
        let away = pages.into_iter().find(|page| matches!(it.table.find(*page), Where::Away(..)));
        away.map_or(Ok(()), |page| Need::stop(self, Wanted::Page(page, Protection::READ)))
    }

    /// Writes as programs do.
    pub(crate) fn write(self: &Arc<Object>, at: u64, from: &[u8]) -> Result<(), Stop> {
        let mut it = self.lock();
        each_page(at, from.len(), |page, within, part| {
            it.page_mut(self, page)?[within].copy_from_slice(&from[part]);
            Ok(())
        })
    }

    /// Changes some bytes of one page, between which nobody comes.
    pub(crate) fn update(
        self: &Arc<Object>,
        at: u64,
        size: usize,
        change: &mut dyn FnMut(&mut [u8]),
    ) -> Result<(), Stop> {
        let mut it = self.lock();
        change(&mut it.page_mut(self, at / PAGE)?[(at % PAGE) as usize..][..size]);
        Ok(())
    }

    /// Makes bytes zero, as far as they are not.
    pub(crate) fn zero_out(self: &Arc<Object>, at: u64, size: usize) -> Result<(), Stop> {
        let mut it = self.lock();
        each_page(at, size, |page, within, _| {
            let dirty = match it.table.find(page) {
                Where::Here(run, index) => run.page(index)[within.clone()] != ZEROS[within.clone()],
                Where::Nowhere => self.managed,
                Where::Away(..) => true,
            };
            if dirty {
                it.page_mut(self, page)?[within].fill(0);
            }
            Ok(())
        })
    }

    /// Brings pages in, for a write if it is one.
    pub(crate) fn touch(self: &Arc<Object>, range: Range<u64>, writes: bool) -> Result<(), Stop> {
        let mut it = self.lock();
        for page in range.start / PAGE..range.end.div_ceil(PAGE) {
            if writes {
                it.page_mut(self, page)?;
            } else {
                it.with_page(self, page, |_| ())?;
            }
        }
        Ok(())
    }

    /// Pages that another object has.
    pub(crate) fn away(&self, range: Range<u64>) -> u64 {
        let (first, last, mut count) = (range.start / PAGE, range.end.div_ceil(PAGE), 0);
        self.lock().table.each(&mut |found, place| {
            if let Where::Away(..) = place {
                count += found.end.min(last).saturating_sub(found.start.max(first));
            }
        });
        count
    }

    /// One more wants pages to stay, or one less.
    pub(super) fn wire(&self, range: Range<u64>, more: bool) {
        let mut it = self.lock();
        if it.pages.is_none() {
            return;
        }
        for page in range.start / PAGE..range.end.div_ceil(PAGE) {
            let page = it.page(page);
            page.wired = if more { page.wired + 1 } else { page.wired.saturating_sub(1) };
            if page.wired == 0 {
                wake(&mut page.waiting, Ok(()));
            }
        }
    }

    /// Calls with each run that it has pages of, maybe more than once, and with each object that has others.
    pub(crate) fn each(&self, run: &mut dyn FnMut(&Arc<Run>), object: &mut dyn FnMut(&Arc<Object>)) {
        let it = self.lock();
        it.table.each(&mut |_, place| match place {
            Where::Here(it, _) => run(it),
            Where::Away(it, _) => object(it),
            Where::Nowhere => {}
        });
        if let Behind::Store(it) | Behind::Origin(it) = &it.behind {
            object(it);
        }
        if let Behind::Manager(it) = &it.behind {
            it.original.iter().for_each(&mut *object);
        }
        it.pages.iter().flat_map(|it| it.values()).filter_map(|it| it.kept.as_ref()).for_each(|it| object(&it.0));
    }

    /// These bytes in place, if they stand side by side.
    pub(crate) fn pin(&self, range: Range<u64>) -> Option<(Pin, usize)> {
        if self.managed {
            return None;
        }
        let (run, first) = self.lock().table.contiguous(range.start / PAGE..range.end.div_ceil(PAGE))?;
        Some((Pin::new(run), (first * PAGE + range.start % PAGE) as usize))
    }

    /// The pages of some bytes that are there, by their numbers.
    pub(crate) fn here(&self, range: Range<u64>) -> Vec<u64> {
        let it = self.lock();
        let (first, last) = (range.start / PAGE, range.end.div_ceil(PAGE));
        std::iter::successors(it.table.next(first), |page| it.table.next(page + 1))
            .take_while(|it| *it < last)
            .collect()
    }

    /// Whether the page of a byte is there, or away; nothing if it is neither.
    pub(crate) fn is_here(&self, at: u64) -> Option<bool> {
        match self.lock().table.find(at / PAGE) {
            Where::Here(..) => Some(true),
            Where::Away(..) => Some(false),
            Where::Nowhere => None,
        }
    }

    /// Pages that are there.
    pub(crate) fn resident(&self, range: Range<u64>) -> u64 {
        self.lock().table.resident(range.start / PAGE..range.end.div_ceil(PAGE))
    }
}

impl Contents {
    /// Looks at a page, which becomes zeros if nobody has it.
    fn with_page<X>(&mut self, of: &Arc<Object>, page: u64, look: impl FnOnce(&[u8]) -> X) -> Result<X, Stop> {
        if self.pages.is_some() {
            self.admit(of, page, Protection::READ)?;
        }
        match self.table.find(page) {
            Where::Here(run, index) => {
                of.frames.count(Fault::Hit);
                return Ok(look(run.page(index)));
            }
            Where::Nowhere => {}
            Where::Away(..) => return Need::stop(of, Wanted::Page(page, Protection::READ)),
        }
        self.page_mut(of, page).map(|it| look(it))
    }

    /// A page to be written.
    fn page_mut(&mut self, of: &Arc<Object>, page: u64) -> Result<&mut [u8], Stop> {
        if self.pages.is_some() {
            self.admit(of, page, Protection::WRITE)?;
        }
        match self.table.page_mut(page, &of.frames) {
            Some(it) => Ok(it),
            None => Need::stop(of, Wanted::Page(page, Protection::WRITE)),
        }
    }

    /// The table, to be shared with another object: from now on what it says is away must stay what it is.
    fn share_out(&mut self) -> Table {
        if let Behind::Store(_) = self.behind {
            self.behind = Behind::Nothing;
        }
        self.table.clone()
    }
}

static ZEROS: [u8; PAGE_BYTES] = [0; PAGE_BYTES];

/// Splits bytes at pages: the page, the bytes in it, and which of all those they are.
fn each_page(
    at: u64,
    size: usize,
    mut call: impl FnMut(u64, Range<usize>, Range<usize>) -> Result<(), Stop>,
) -> Result<(), Stop> {
    let mut done = 0;
    while done < size {
        let here = at + done as u64;
        let within = (here % PAGE) as usize;
        let some = (PAGE_BYTES - within).min(size - done);
        call(here / PAGE, within..within + some, done..done + some)?;
        done += some;
    }
    Ok(())
}

impl Drop for Object {
    fn drop(&mut self) {
        let contents = self.contents.get_mut();
        if let Behind::Manager(_) = contents.behind {
            contents.close();
        }
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Object({})", self.number)
    }
}
