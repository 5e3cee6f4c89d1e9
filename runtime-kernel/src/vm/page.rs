//! What is known of single pages, and how a page comes to be there.

use std::sync::Arc;

use mig_rt::{KernReturn, Protection};

use super::frame::{Fault, Run};
use super::object::{Behind, Contents, Object};
use super::pager::mail::What;
use super::table::Where;
use super::walk::{Need, Stop, Wanted};
use crate::effect::{self, Scope};
use crate::events::Event;
use crate::in_kernel;
use crate::sync::Waiter;
use crate::thread;

/// A page of an object that has a manager, or that may be paged out.
#[derive(Debug)]
pub(super) struct Page {
    /// How many want it to stay.
    pub(super) wired: u32,
    /// Somebody has used it since the page-out looked at it.
    pub(super) referenced: bool,
    /// Its manager does not know what it is.
    pub(super) dirty: bool,
    /// Its manager wants it back even if it knows.
    pub(super) precious: bool,
    /// What its manager forbids.
    pub(super) lock: Protection,
    /// For what its manager was asked to bring it, and has not.
    pub(super) asked: Protection,
    /// What its manager was asked to permit, and has not.
    pub(super) unlocking: Protection,
    /// A thread brings it from another object. Another one that did so too could come late, and bring what it was
    /// before it was changed and paged out again.
    pub(super) fetching: bool,
    /// Where the same bytes are: a page of another object.
    pub(super) kept: Option<(Arc<Object>, u64)>,
    /// Who waits for it.
    pub(super) waiting: Waiting,
}

/// Threads that wait for something of an object, each with what it is woken with.
pub(super) type Waiting = Vec<Arc<Waiter<Result<(), KernReturn>>>>;

/// Wakes them all.
pub(super) fn wake(waiting: &mut Waiting, with: Result<(), KernReturn>) {
    waiting.drain(..).for_each(|it| it.wake(with));
}

/// The current thread is about to wait.
pub(super) fn queue_in(waiting: &mut Waiting) -> Arc<Waiter<Result<(), KernReturn>>> {
    let waiter = Waiter::new(thread::interrupts());
    waiting.push(waiter.clone());
    waiter
}

impl Default for Page {
    fn default() -> Page {
        Page {
            wired: 0,
            referenced: false,
            dirty: false,
            precious: false,
            lock: Protection::NONE,
            asked: Protection::NONE,
            unlocking: Protection::NONE,
            fetching: false,
            kept: None,
            waiting: Vec::new(),
        }
    }
}

/// What stands between a thread and a page.
enum Look {
    /// Nothing.
    There,
    /// It is a page of another object.
    Fetch(Arc<Object>, u64),
    /// Its manager's answer.
    Wait(Arc<Waiter<Result<(), KernReturn>>>),
}

impl Contents {
    /// The page of which something is to be noted.
    pub(super) fn page(&mut self, page: u64) -> &mut Page {
        self.pages.get_or_insert_default().entry(page).or_default()
    }

    /// Whether a page can be accessed as it is. If so, what follows for those who watch it is done.
    pub(super) fn admit(&mut self, of: &Arc<Object>, page: u64, access: Protection) -> Result<(), Stop> {
        let here = match self.table.find(page) {
            Where::Away(..) => false,
            Where::Here(..) => true,
            Where::Nowhere => !of.is_managed(),
        };
        if !here || self.forbids(page, access) {
            return Need::stop(of, Wanted::Page(page, access));
        }
        let writes = access.has(Protection::WRITE);
        if writes {
            self.keep_for_copies(page);
        }
        let it = self.page(page);
        it.referenced = true;
        if writes {
            it.dirty = true;
            it.kept = None;
        }
        Ok(())
    }

    /// Whether the manager forbids an access to a page that is there, or to all.
    fn forbids(&self, page: u64, access: Protection) -> bool {
        let Behind::Manager(manager) = &self.behind else { return false };
        let lock = self.pages.as_ref().and_then(|it| it.get(&page)).map_or(Protection::NONE, |it| it.lock);
        !manager.is_ready() || lock.0 & access.0 != 0
    }

    /// A page is about to change: copies that have not got it yet get it as it is.
    pub(super) fn keep_for_copies(&mut self, page: u64) {
        let Behind::Manager(manager) = &mut self.behind else { return };
        let Some((run, index)) = self.table.get(page).filter(|_| manager.has_copies()) else { return };
        for copy in manager.copies_alive() {
            let mut copy = copy.lock();
            if copy.table.get(page).is_none() {
                copy.table.put(page, run, index);
            }
        }
    }

    /// Looks what stands between the current thread and a page, and asks the manager for it.
    fn look(&mut self, page: u64, access: Protection) -> Result<Look, KernReturn> {
        let here = match self.table.find(page) {
            Where::Away(source, index) => {
                let fetch = Look::Fetch(source.clone(), index);
                return Ok(match self.pages.as_mut().map(|it| it.entry(page).or_default()) {
                    Some(it) if it.fetching => Look::Wait(queue_in(&mut it.waiting)),
                    Some(it) => {
                        it.fetching = true;
                        fetch
                    }
                    None => fetch,
                });
            }
            Where::Here(..) => true,
            Where::Nowhere => false,
        };
        let Behind::Manager(manager) = &mut self.behind else { return Ok(Look::There) };
        if manager.is_dead() {
            return Err(KernReturn::MEMORY_FAILURE);
        }
        if !manager.is_ready() {
            return Ok(Look::Wait(queue_in(&mut manager.waiting)));
        }
        let offset = page * super::PAGE;
        let it = self.pages.get_or_insert_default().entry(page).or_default();
        if !here {
            if it.asked == Protection::NONE {
                it.asked = access;
                manager.say(What::DataRequest { offset, access });
            }
        } else {
            let forbidden = Protection(it.lock.0 & access.0);
            if forbidden == Protection::NONE {
                return Ok(Look::There);
            }
            if !it.unlocking.has(forbidden) {
                it.unlocking = it.unlocking.with(forbidden);
                manager.say(What::DataUnlock { offset, access });
            }
        }
        Ok(Look::Wait(queue_in(&mut it.waiting)))
    }

    /// A page has come that was away.
    fn fetched(&mut self, page: u64, from: (&Arc<Object>, u64), frame: (&Arc<Run>, u64)) {
        let expected = match self.table.find(page) {
            Where::Away(source, index) => Arc::ptr_eq(source, from.0) && index == from.1,
            Where::Here(..) | Where::Nowhere => false,
        };
        if !expected {
            return;
        }
        self.table.put(page, frame.0, frame.1);
        if self.pages.is_some() {
            let it = self.page(page);
            it.referenced = true;
            it.kept = Some((from.0.clone(), from.1));
        }
    }

    /// A waiter is no more.
    fn unwait(&mut self, waiter: &Arc<Waiter<Result<(), KernReturn>>>) {
        let is_it = |it: &mut Arc<Waiter<_>>| Arc::ptr_eq(it, waiter);
        if let Behind::Manager(manager) = &mut self.behind {
            manager.waiting.extract_if(.., is_it).for_each(drop);
        }
        for page in self.pages.iter_mut().flat_map(|it| it.values_mut()) {
            page.waiting.extract_if(.., is_it).for_each(drop);
        }
    }
}

impl Object {
    /// Waits until a page can be accessed. It may have gone again when this returns.
    ///
    /// # Errors
    /// `KERN_MEMORY_ERROR` if its manager says so, `KERN_MEMORY_FAILURE` if there is none any more, `KERN_ABORTED`.
    pub(super) fn bring(self: &Arc<Object>, page: u64, access: Protection) -> Result<(), KernReturn> {
        let _scope = Scope::open();
        loop {
            let look = self.lock().look(page, access)?;
            match look {
                Look::There => return Ok(()),
                Look::Fetch(source, index) => {
                    let _fetches = Fetches { object: self, page };
                    let (run, at) = source.frame(index)?;
                    self.lock().fetched(page, (&source, index), (&run, at));
                    drop(run);
                    source.taken(index);
                }
                Look::Wait(waiter) => {
                    thread::count(Event::PageIn);
                    self.wait(&waiter)?;
                }
            }
        }
    }

    /// Waits until its manager has said that it is ready.
    ///
    /// # Errors
    /// As [`bring`](Object::bring).
    pub(super) fn await_ready(self: &Arc<Object>) -> Result<(), KernReturn> {
        let _scope = Scope::open();
        loop {
            let mut it = self.lock();
            let Behind::Manager(manager) = &mut it.behind else { return Ok(()) };
            if manager.is_ready() || manager.is_dead() {
                return Ok(());
            }
            let waiter = queue_in(&mut manager.waiting);
            drop(it);
            self.wait(&waiter)?;
        }
    }

    /// Waits to be woken. Whatever is to be said to the manager is said before.
    pub(super) fn wait(self: &Arc<Object>, waiter: &Arc<Waiter<Result<(), KernReturn>>>) -> Result<(), KernReturn> {
        effect::settle();
        let _holding = in_kernel::hold([self.clone()]);
        let mut waits = Waits { object: self, waiter, woken: false };
        let outcome = in_kernel::waiting(|| waiter.wait(None));
        waits.woken = outcome.is_ok();
        outcome.unwrap_or(Err(KernReturn::ABORTED))
    }

    /// The frame of a page, wherever it is, as it is now. Whoever has it does not write it.
    pub(super) fn frame(self: &Arc<Object>, page: u64) -> Result<(Arc<Run>, u64), KernReturn> {
        loop {
            let mut it = self.lock();
            let here = it.table.get(page).map(|(run, index)| (run.clone(), index));
            let origin = match (&it.behind, here) {
                (Behind::Manager(_), Some(frame)) if !it.forbids(page, Protection::READ) => return Ok(frame),
                (Behind::Manager(_), _) => None,
                (_, Some(frame)) => return Ok(frame),
                (Behind::Origin(origin), None) => Some(origin.clone()),
                (Behind::Nothing | Behind::Store(_), None) => {
                    let is_new = it.table.page_mut(page, &self.frames).is_some();
                    if is_new {
                        continue;
                    }
                    None
                }
            };
            drop(it);
            let Some(origin) = origin else {
                self.bring(page, Protection::READ)?;
                continue;
            };
            let frame = origin.frame(page)?;
            // If it has changed meanwhile, this one has got it as it was.
            let here = self.lock().table.get(page).map(|(run, index)| (run.clone(), index));
            return Ok(here.unwrap_or(frame));
        }
    }

    /// Somebody has got a page that only waited to be fetched.
    fn taken(&self, page: u64) {
        let mut it = self.lock();
        if let Behind::Manager(manager) = &it.behind
            && manager.is_store()
            && it.pages.as_ref().and_then(|it| it.get(&page)).is_none_or(|it| it.waiting.is_empty())
        {
            it.forget_page(page);
            self.frames.count(Fault::PageIn);
        }
    }
}

/// A thread fetches a page: until it has it, it gives up, or it unwinds.
struct Fetches<'a> {
    object: &'a Object,
    page: u64,
}

impl Drop for Fetches<'_> {
    fn drop(&mut self) {
        if let Some(it) = self.object.lock().pages.as_mut().and_then(|it| it.get_mut(&self.page)) {
            it.fetching = false;
            wake(&mut it.waiting, Ok(()));
        }
    }
}

/// A thread waits: until it is woken, it gives up, or it unwinds.
struct Waits<'a> {
    object: &'a Object,
    waiter: &'a Arc<Waiter<Result<(), KernReturn>>>,
    woken: bool,
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        if !self.woken {
            self.object.lock().unwait(self.waiter);
        }
    }
}
