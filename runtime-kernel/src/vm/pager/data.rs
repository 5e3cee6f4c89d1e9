//! What a manager says of pages that it was asked for, or was not.

use std::ops::Range;
use std::sync::Arc;

use mig_rt::{KernReturn, Protection};

use super::lock;
use super::mail::What;
use crate::ipc::right::Carried;
use crate::vm::copy::MapCopy;
use crate::vm::frame::{Fault, PAGE, Run};
use crate::vm::object::{Behind, Contents, Object};
use crate::vm::page::wake;

/// Pages that a manager supplies, and what goes with them.
pub(crate) struct Supply {
    pub(crate) offset: u64,
    pub(crate) data: MapCopy,
    pub(crate) lock: Protection,
    pub(crate) precious: bool,
}

/// Whole pages, counted from the start of an object.
pub(super) fn pages(offset: u64, size: u64) -> Result<Range<u64>, KernReturn> {
    let end = offset.checked_add(size).filter(|it| offset.is_multiple_of(PAGE) && it.is_multiple_of(PAGE));
    Ok(offset / PAGE..end.ok_or(KernReturn::INVALID_ARGUMENT)? / PAGE)
}

impl Object {
    /// `memory_object_data_supply`: puts pages where none is, up to the first that is there. Precious ones that are not
    /// taken go back.
    ///
    /// # Errors
    /// `KERN_INVALID_ARGUMENT` for parts of pages and for locks that there are not; those of fetching the data.
    pub(crate) fn supply(
        self: &Arc<Object>,
        supply: Supply,
        reply: impl FnOnce() -> Carried,
    ) -> Result<(), KernReturn> {
        let Supply { offset, data, lock: forbidden, precious } = supply;
        let length = data.len() as u64;
        let pages = pages(offset, length)?;
        if !Protection::ALL.has(forbidden) {
            return Err(KernReturn::INVALID_ARGUMENT);
        }
        let frames = data.into_frames(&self.frames)?;
        let reply = reply();
        let mut it = self.lock();
        if !matches!(&it.behind, Behind::Manager(manager) if !manager.is_dead()) {
            return Err(KernReturn::INVALID_ARGUMENT);
        }
        let taken = it.accept(pages.start, &frames, forbidden, precious);
        (0..taken).for_each(|_| self.frames.count(Fault::PageIn));
        let first = pages.start + taken as u64;
        let (result, error_offset) = match frames.len() - taken {
            0 => (Ok(()), 0),
            _ => (Err(KernReturn::MEMORY_PRESENT), first * PAGE),
        };
        let Behind::Manager(manager) = &it.behind else { return Ok(()) };
        if precious {
            let refused = (first..).zip(&frames[taken..]).map(|(page, (run, index))| (page, false, (run, *index)));
            lock::batches(refused).into_iter().for_each(|it| lock::say(manager, it, false));
        }
        if let Carried::Send(_) | Carried::SendOnce(_) = &reply {
            manager.say(What::SupplyCompleted { to: reply, offset, length, result, error_offset });
        }
        Ok(())
    }

    /// `memory_object_data_unavailable`: what was asked for there is zero, or what the original of a copy has there.
    ///
    /// # Errors
    /// `KERN_INVALID_ARGUMENT` for parts of pages.
    pub(crate) fn unavailable(&self, offset: u64, size: u64) -> Result<(), KernReturn> {
        let pages = pages(offset, size)?;
        let mut it = self.lock();
        let original = match &it.behind {
            Behind::Manager(manager) => manager.original.clone(),
            _ => None,
        };
        for page in it.asked_for(pages) {
            if let Some(original) = &original {
                it.table.put_away(page, original, page);
                it.settled(page);
            } else {
                it.arrived(page, &Run::zeroed(&self.frames, 1), 0);
                self.frames.count(Fault::ZeroFill);
            }
        }
        Ok(())
    }

    /// `memory_object_data_error`: what was asked for there will not come.
    ///
    /// # Errors
    /// `KERN_INVALID_ARGUMENT` for parts of pages.
    pub(crate) fn fail(&self, offset: u64, size: u64) -> Result<(), KernReturn> {
        let pages = pages(offset, size)?;
        let mut it = self.lock();
        for page in it.asked_for(pages) {
            let mut gone = it.pages.as_mut().and_then(|it| it.remove(&page));
            gone.iter_mut().for_each(|it| wake(&mut it.waiting, Err(KernReturn::MEMORY_ERROR)));
        }
        Ok(())
    }
}

impl Contents {
    /// Pages that the manager was asked for and has not brought.
    fn asked_for(&self, pages: Range<u64>) -> Vec<u64> {
        let known = self.pages.iter().flat_map(|it| it.range(pages.clone()));
        let asked = known.filter(|(page, it)| it.asked != Protection::NONE && self.table.get(**page).is_none());
        asked.map(|(page, _)| *page).collect()
    }

    /// Pages come, up to the first that is there: how many came.
    fn accept(&mut self, first: u64, frames: &[(Arc<Run>, u64)], lock: Protection, precious: bool) -> usize {
        for (number, (run, index)) in frames.iter().enumerate() {
            let page = first + number as u64;
            if self.table.get(page).is_some() {
                return number;
            }
            self.arrived(page, run, *index);
            let page = self.page(page);
            (page.lock, page.precious) = (lock, precious);
        }
        frames.len()
    }

    /// A page has come.
    fn arrived(&mut self, page: u64, run: &Arc<Run>, index: u64) {
        self.table.put(page, run, index);
        self.settled(page);
    }

    /// Nobody waits for a page's manager any more.
    fn settled(&mut self, page: u64) {
        let it = self.page(page);
        (it.asked, it.unlocking, it.referenced) = (Protection::NONE, Protection::NONE, true);
        wake(&mut it.waiting, Ok(()));
    }
}
