//! Page-out: what happens when there are more pages than a kernel may have.
//!
//! Objects stand in one queue. Whoever finds too many pages goes along it and takes those that nobody has used since the
//! last time: clean ones go, changed ones go to their manager, and pages without a manager go to a store, an object of
//! the default memory manager.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};

use mig_rt::KernReturn;

use super::frame::{Fault, Frames, PAGE, Run};
use super::object::{Behind, Contents, Object};
use super::pager::mail::What;
use super::pager::{Batch, MOST_AT_ONCE, batches, give_back, new_store};
use super::table::Where;
use crate::effect::Scope;
use crate::ipc::right::{Carried, SendRef};
use crate::sync::{Mutex, Rank};
use crate::thread;

/// What a kernel knows of its memory as a whole.
#[derive(Debug)]
pub(super) struct Pageout {
    /// Pages that there may be.
    limit: u64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Objects with pages that may go.
    queue: VecDeque<Weak<Object>>,
    /// Who gets pages without a manager.
    manager: Option<SendRef>,
    /// Objects that stay though nobody may have them.
    cached: VecDeque<Weak<Object>>,
}

/// Objects that stay in a kernel though nobody has them, at most.
const MOST_CACHED: usize = 100;

impl Default for Pageout {
    fn default() -> Pageout {
        Pageout::new(None)
    }
}

impl Pageout {
    pub(super) fn new(limit: Option<u64>) -> Pageout {
        Pageout { limit: limit.unwrap_or(u64::MAX), state: Mutex::new(Rank::Paging, State::default()) }
    }
}

impl Frames {
    /// Whether there is a limit to them.
    pub(super) fn has_limit(&self) -> bool {
        self.pageout.limit != u64::MAX
    }

    /// Pages that there may still be.
    pub(crate) fn free(&self) -> u64 {
        self.pageout.limit.saturating_sub(self.pages())
    }

    /// The pages of an object may go when there are too many.
    pub(super) fn watch(&self, object: &Arc<Object>) {
        if !self.has_limit() {
            return;
        }
        let queue = &mut self.pageout.state.lock().queue;
        if queue.len() == queue.capacity() {
            // Those that are no more would otherwise stay until memory runs short.
            queue.retain(|it| it.strong_count() > 0);
        }
        queue.push_back(Arc::downgrade(object));
    }

    /// Replaces the default memory manager, unless the new one is null. Who it was.
    ///
    /// # Errors
    /// `KERN_INVALID_ARGUMENT` if its receiver cannot manage memory.
    pub(crate) fn set_manager(&self, new: Carried) -> Result<Carried, KernReturn> {
        let state = &mut self.pageout.state.lock();
        let new = match new {
            Carried::Send(it) if super::pager::can_manage(it.port()) => it,
            Carried::Null | Carried::Dead => {
                return Ok(state.manager.as_ref().map_or(Carried::Null, |it| Carried::Send(it.copy())));
            }
            _ => return Err(KernReturn::INVALID_ARGUMENT),
        };
        Ok(state.manager.replace(new).map_or(Carried::Null, Carried::Send))
    }

    /// The default memory manager's right, if there is one that lives.
    pub(crate) fn manager(&self) -> Option<SendRef> {
        let state = self.pageout.state.lock();
        state.manager.as_ref().filter(|it| it.port().is_alive()).map(SendRef::copy)
    }

    /// The kernel goes.
    pub(crate) fn end(&self) {
        let manager = self.pageout.state.lock().manager.take();
        drop(manager);
    }

    /// An object is to stay though nobody has it. If there are too many of those, one that must not any more.
    pub(super) fn cache(&self, object: &Arc<Object>) -> Option<Arc<Object>> {
        let mut state = self.pageout.state.lock();
        state.cached.retain(|it| it.strong_count() > 0 && it.as_ptr() != Arc::as_ptr(object));
        state.cached.push_back(Arc::downgrade(object));
        if state.cached.len() <= MOST_CACHED {
            return None;
        }
        // Its manager's port has it, and nobody else.
        let unused = state.cached.iter().position(|it| it.strong_count() == 1)?;
        state.cached.remove(unused)?.upgrade()
    }

    /// Whether there are too many.
    pub(crate) fn is_over(&self) -> bool {
        self.pages() > self.pageout.limit
    }

    /// Pages out until there are no more pages than there may be, or none can go.
    pub(crate) fn relieve(self: &Arc<Frames>) {
        let _scope = Scope::open();
        // A page goes the second time that it is looked at, if nobody has used it in between.
        let mut futile = 0;
        while self.is_over() {
            let (object, waiting) = {
                let mut state = self.pageout.state.lock();
                let object = state.queue.pop_front();
                (object, state.queue.len())
            };
            let Some(weak) = object else { return };
            let Some(object) = weak.upgrade() else { continue };
            let (gone, more) = object.page_out(self);
            self.pageout.state.lock().queue.push_back(weak);
            futile = if gone > 0 || more { 0 } else { futile + 1 };
            if futile > 2 * waiting + 2 {
                return;
            }
        }
    }

    /// Whether the current thread may wait until the default memory manager has taken what was paged out: it is none of
    /// those on whom that depends.
    pub(crate) fn may_wait(&self) -> bool {
        let Some(thread) = thread::current() else { return false };
        let manages = |it: SendRef| {
            let task = thread.task.upgrade();
            task.is_none_or(|task| it.port().home().is_some_and(|home| home.0 == task.space.number))
        };
        let _scope = Scope::open();
        !thread.priority.lock().wired && !self.manager().is_some_and(manages)
    }
}

/// Pages that can go.
type Victims = Vec<(u64, Arc<Run>, u64)>;

impl Object {
    /// Pages some of it out, of those that nobody has used since the last time. How many went, and whether there were
    /// some that will next time.
    fn page_out(self: &Arc<Object>, frames: &Arc<Frames>) -> (usize, bool) {
        let mut it = self.lock();
        let (victims, more) = it.victims();
        if self.is_managed() {
            let gone = it.return_pages(&victims);
            return (gone, more);
        }
        let gone = it.put_back_known(&victims);
        let victims: Victims = victims.into_iter().filter(|it| !gone.contains(&it.0)).collect();
        if victims.is_empty() {
            return (gone.len(), more);
        }
        let store = match &it.behind {
            Behind::Store(store) if !store.is_dead() => Some(store.clone()),
            _ => None,
        };
        drop(it);
        let Some(store) = store.or_else(|| self.make_store(frames)) else { return (gone.len(), more) };
        store.lock().store(&victims);
        (gone.len() + self.lock().is_stored(&victims, &store), more)
    }

    /// Where its pages go from now on, if there is a default memory manager.
    fn make_store(self: &Arc<Object>, frames: &Arc<Frames>) -> Option<Arc<Object>> {
        let manager = frames.manager()?;
        let (store, port) = new_store(frames, manager.port().abi());
        // Nothing else may be said of it before.
        store.created(manager, port, self.size());
        self.lock().behind = Behind::Store(store.clone());
        Some(store)
    }
}

impl Contents {
    /// The next pages that can go, and whether some cannot yet.
    fn victims(&mut self) -> (Victims, bool) {
        let (mut found, mut more) = (Victims::new(), false);
        let mut page = self.table.next(self.hand);
        for _ in 0..4 * MOST_AT_ONCE {
            let Some(at) = page.filter(|_| found.len() < MOST_AT_ONCE) else { break };
            page = self.table.next(at + 1);
            let Some((run, index)) = self.table.get(at) else { break };
            match self.pages.as_mut().and_then(|it| it.get_mut(&at)) {
                Some(it) if it.wired > 0 || !it.waiting.is_empty() => {}
                Some(it) if it.referenced => {
                    it.referenced = false;
                    more = true;
                }
                _ => found.push((at, run.clone(), index)),
            }
        }
        self.hand = page.unwrap_or(0);
        (found, more)
    }

    /// Pages go back to the manager, as far as it wants them.
    fn return_pages(&mut self, victims: &Victims) -> usize {
        let Contents { table, behind: Behind::Manager(manager), pages, .. } = self else { return 0 };
        if !manager.is_ready() {
            return 0;
        }
        let known = |page: &u64| pages.as_ref().and_then(|it| it.get(page));
        let wanted = victims.iter().filter_map(|(page, ..)| known(page).map(|it| (*page, it)));
        let wanted = wanted.filter(|(_, it)| it.dirty || it.precious).map(|(page, it)| (page, it.dirty));
        give_back(manager, table, wanted, false);
        victims.iter().for_each(|(page, ..)| self.forget_page(*page));
        victims.len()
    }

    /// Pages go whose bytes are elsewhere too: which.
    fn put_back_known(&mut self, victims: &Victims) -> Vec<u64> {
        let mut gone = Vec::new();
        for (page, ..) in victims {
            let kept = self.pages.as_ref().and_then(|it| it.get(page)).and_then(|it| it.kept.clone());
            if let Some((store, index)) = kept.filter(|it| !it.0.is_dead()) {
                self.forget_page(*page);
                self.table.put_away(*page, &store, index);
                gone.push(*page);
            }
        }
        gone
    }

    /// Pages are in a store now, as far as nobody has written them meanwhile. How many.
    fn is_stored(&mut self, victims: &Victims, store: &Arc<Object>) -> usize {
        let mut gone = 0;
        for (page, run, index) in victims {
            let known = self.pages.as_ref().and_then(|it| it.get(page));
            let stays = known.is_some_and(|it| it.wired > 0 || !it.waiting.is_empty());
            let same = matches!(self.table.find(*page), Where::Here(it, at) if Arc::ptr_eq(it, run) && at == *index);
            if same && !stays {
                self.forget_page(*page);
                self.table.put_away(*page, store, *page);
                gone += 1;
            }
        }
        gone
    }

    /// The default memory manager gets pages.
    fn store(&mut self, pages: &Victims) {
        for (page, ..) in pages {
            // What it had there is old.
            self.table.cut(*page..page + 1);
        }
        let Behind::Manager(manager) = &mut self.behind else { return };
        let pages = pages.iter().map(|(page, run, index)| {
            run.frames().count(Fault::PageOut);
            (*page, manager.is_new(*page), (run, *index))
        });
        let batches = batches(pages);
        batches.into_iter().for_each(|it| manager.say(stored(it)));
    }
}

fn stored((page, is_new, data): Batch) -> What {
    let offset = page * PAGE;
    match is_new {
        true => What::DataInitialize { offset, data },
        false => What::DataReturn { offset, data, dirty: true, kernel_copy: false },
    }
}
