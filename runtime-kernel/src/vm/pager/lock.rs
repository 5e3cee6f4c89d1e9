//! `memory_object_lock_request`: what a manager wants done with pages that are there.

use std::ops::Range;
use std::sync::Arc;

use generated::mach3::types::MemoryObjectReturn;
use mig_rt::{KernReturn, Protection};

use super::mail::What;
use super::{Kind, Managed, data};
use crate::effect::Scope;
use crate::ipc::right::Carried;
use crate::vm::frame::{Fault, PAGE, PAGE_BYTES, Run};
use crate::vm::object::{Behind, Contents, Object};
use crate::vm::page::{Page, queue_in, wake};
use crate::vm::table::Table;

/// Pages that go back to a manager in one message, at most.
pub(in crate::vm) const MOST_AT_ONCE: usize = 32;

/// What is to be done with some pages.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    pub(crate) give_back: MemoryObjectReturn,
    pub(crate) flush: bool,
    /// What is forbidden from now on, or `VM_PROT_NO_CHANGE`.
    pub(crate) lock: Protection,
}

impl Request {
    /// Whether the manager is to get a page back.
    fn returns(self, page: &Page) -> bool {
        match self.give_back {
            MemoryObjectReturn::ALL => page.dirty || page.precious,
            MemoryObjectReturn::DIRTY => page.dirty,
            _ => false,
        }
    }

    /// Whether anything is to be done with a page.
    fn changes(self, page: &Page) -> bool {
        self.flush || self.returns(page) || self.lock != Protection::NO_CHANGE && self.lock != page.lock
    }
}

impl Object {
    /// `memory_object_lock_request`, of whole pages. What is wired is waited for.
    ///
    /// # Errors
    /// `KERN_INVALID_ARGUMENT` for parts of pages and for what cannot be asked; `KERN_ABORTED`.
    pub(crate) fn lock_request(
        self: &Arc<Object>,
        (offset, size): (u64, u64),
        request: Request,
        reply: impl FnOnce() -> Carried,
    ) -> Result<(), KernReturn> {
        let _scope = Scope::open();
        let legal_lock = Protection::ALL.has(request.lock) || request.lock == Protection::NO_CHANGE;
        if !legal_lock || !(0..=2).contains(&request.give_back.0) {
            return Err(KernReturn::INVALID_ARGUMENT);
        }
        let pages = data::pages(offset, size)?;
        let mut from = pages.start;
        loop {
            let mut it = self.lock();
            match it.lock_pages(from..pages.end, request)? {
                None => break,
                Some(wired) => {
                    let waiter = queue_in(&mut it.page(wired).waiting);
                    drop(it);
                    self.wait(&waiter)?;
                    from = wired;
                }
            }
        }
        let reply = reply();
        if let (Behind::Manager(manager), Carried::Send(_) | Carried::SendOnce(_)) = (&self.lock().behind, &reply) {
            manager.say(What::LockCompleted { to: reply, offset, length: size });
        }
        Ok(())
    }
}

impl Object {
    /// Gives changed pages back, and forgets what is there, if it is to; but not what is wired.
    pub(in crate::vm) fn sync(self: &Arc<Object>, offsets: Range<u64>, give_back: bool, flush: bool) {
        let give_back = if give_back { MemoryObjectReturn::DIRTY } else { MemoryObjectReturn::NONE };
        let request = Request { give_back, flush, lock: Protection::NO_CHANGE };
        let (mut from, end) = (offsets.start / PAGE, offsets.end / PAGE);
        while let Ok(Some(wired)) = self.lock().lock_pages(from..end, request) {
            from = wired + 1;
        }
    }
}

impl Contents {
    /// Does it up to the first page that is wired; that page.
    fn lock_pages(&mut self, pages: Range<u64>, request: Request) -> Result<Option<u64>, KernReturn> {
        let wired = self.resident_in(pages.clone()).find(|(_, it)| it.wired > 0 && request.changes(it)).map(|it| it.0);
        let pages = pages.start..wired.unwrap_or(pages.end);
        let wanted: Vec<(u64, bool)> = self
            .resident_in(pages.clone())
            .filter(|(_, it)| request.returns(it))
            .map(|(at, it)| (at, it.dirty))
            .collect();
        let Contents { table, behind: Behind::Manager(manager), .. } = self else { return Ok(None) };
        if manager.is_dead() {
            return Err(KernReturn::INVALID_ARGUMENT);
        }
        give_back(manager, table, wanted.iter().copied(), !request.flush);
        // What is precious stays so: the manager has not said that it will keep it.
        wanted.into_iter().for_each(|(page, _)| self.page(page).dirty = false);
        let all: Vec<u64> = self.resident_in(pages).map(|it| it.0).collect();
        for page in all {
            if request.flush {
                self.keep_for_copies(page);
                self.forget_page(page);
            } else if request.lock != Protection::NO_CHANGE {
                let it = self.page(page);
                (it.lock, it.unlocking) = (request.lock, Protection::NONE);
                wake(&mut it.waiting, Ok(()));
            }
        }
        Ok(wired)
    }

    /// Pages that are there, and what is known of them.
    fn resident_in(&self, pages: Range<u64>) -> impl Iterator<Item = (u64, &Page)> {
        let known = self.pages.iter().flat_map(move |it| it.range(pages.clone()));
        known.filter(|(page, _)| self.table.get(**page).is_some()).map(|(page, it)| (*page, it))
    }
}

/// Pages side by side that are alike, as they go in one message: the first, what they have in common, and their bytes.
pub(in crate::vm) type Batch = (u64, bool, Vec<u8>);

/// Pages in as few messages as there must be. Each comes with its frame.
pub(in crate::vm) fn batches<'a>(pages: impl Iterator<Item = (u64, bool, (&'a Arc<Run>, u64))>) -> Vec<Batch> {
    let mut all: Vec<Batch> = Vec::new();
    for (page, kind, (run, index)) in pages {
        let fits = |(first, alike, data): &&mut Batch| {
            let length = data.len() / PAGE_BYTES;
            *first + length as u64 == page && *alike == kind && length < MOST_AT_ONCE
        };
        match all.last_mut().filter(fits) {
            Some((.., data)) => data.extend_from_slice(run.page(index)),
            None => all.push((page, kind, run.page(index).to_vec())),
        }
    }
    all
}

/// The manager gets pages back, each with whether it does not know what it is.
pub(in crate::vm) fn give_back(
    manager: &Managed,
    table: &Table,
    pages: impl Iterator<Item = (u64, bool)>,
    kernel_copy: bool,
) {
    let here = pages.filter_map(|(page, dirty)| Some((page, dirty, table.get(page)?)));
    let counted = here.inspect(|(.., (run, _))| run.frames().count(Fault::PageOut));
    batches(counted).into_iter().for_each(|it| say(manager, it, kernel_copy));
}

/// Pages go back to a manager in the words that it knows.
pub(super) fn say(manager: &Managed, (page, dirty, data): Batch, kernel_copy: bool) {
    let offset = page * PAGE;
    manager.say(match manager.kind {
        Kind::OldStyle => What::DataWrite { offset, data },
        Kind::External | Kind::Store => What::DataReturn { offset, data, dirty, kernel_copy },
    });
}
