//! Memory managers: what the kernel knows of an object that one has, and what follows from what the manager says.
//!
//! A manager is asked by messages, and answers by messages to the object's control port. Nothing that it says, however
//! wrong, does anything to those who do not use its memory.

mod attributes;
mod data;
mod known;
mod lock;
pub(super) mod mail;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use generated::mach3::types::CopyStrategy;
use mig_rt::{AbiId, KernReturn};

pub(crate) use attributes::{Attributes, Changed, Dialect};
pub(crate) use data::Supply;
pub(crate) use known::{Known, object_of};
pub(super) use known::{can_manage, new_store};
pub(crate) use lock::Request;
pub(super) use lock::{Batch, MOST_AT_ONCE, batches, give_back};
pub(crate) use mail::{Mail, Moved};

use self::mail::{Link, What};
use super::frame::{Frames, PAGE};
use super::object::{Behind, Contents, Object};
use super::page::{Page, Waiting, wake};
use super::table::Table;
use super::walk::Wanted;
use crate::effect::Scope;
use crate::in_kernel;
use crate::ipc::port::Port;
use crate::ipc::right::{Carried, ReceiveRef, SendRef};
use crate::kobject::KernelObject;
use crate::sync::Rank;

/// What the kernel knows of an object's manager.
#[derive(Debug)]
pub(super) struct Managed {
    state: State,
    kind: Kind,
    /// Whether the object may stay when nobody has it.
    may_cache: bool,
    strategy: CopyStrategy,
    /// What copies have of it that were made without its manager.
    copies: Vec<Weak<Object>>,
    /// What it is a copy of, if its manager was told of the copy: pages that the manager does not have are taken from there.
    pub(super) original: Option<Arc<Object>>,
    /// Pages that a store has had already.
    stored: BTreeSet<u64>,
    /// Who waits until it is ready.
    pub(super) waiting: Waiting,
    pub(super) link: Arc<Link>,
    /// To the manager, unless there is none any more.
    to: Option<SendRef>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// The manager has not said that it is ready.
    Initialising,
    Ready,
    /// There is no manager any more.
    Dead,
}

/// What a manager has an object for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    /// To be mapped. Its pages are returned by `memory_object_data_return`.
    External,
    /// To be mapped. Its pages are returned by `memory_object_data_write`.
    OldStyle,
    /// To put pages there that have no other place.
    Store,
}

impl Managed {
    fn new(link: Arc<Link>, to: SendRef, kind: Kind) -> Managed {
        let state = if kind == Kind::Store { State::Ready } else { State::Initialising };
        let strategy = CopyStrategy::NONE;
        let (copies, waiting, stored) = (Vec::new(), Vec::new(), BTreeSet::new());
        Managed { state, kind, may_cache: false, strategy, copies, original: None, stored, waiting, link, to: Some(to) }
    }

    pub(super) fn is_ready(&self) -> bool {
        self.state == State::Ready
    }

    pub(super) fn is_dead(&self) -> bool {
        self.state == State::Dead
    }

    pub(super) fn is_store(&self) -> bool {
        self.kind == Kind::Store
    }

    /// Says something to the manager.
    pub(super) fn say(&self, what: What) {
        if let Some(to) = &self.to {
            self.link.say(to.copy(), what);
        }
    }

    /// The last word: the manager gets the ports.
    fn end(&mut self) {
        self.state = State::Dead;
        if let Some(to) = self.to.take() {
            self.link.say(to, What::Terminate);
        }
    }

    /// Whether its pages need not go back when nobody has it any more.
    fn is_temporary(&self) -> bool {
        self.is_store() || self.strategy == CopyStrategy::TEMPORARY
    }

    /// Whether a store has never had a page; from now on it has.
    pub(super) fn is_new(&mut self, page: u64) -> bool {
        self.stored.insert(page)
    }

    /// Whether copies were made without the manager.
    pub(super) fn has_copies(&self) -> bool {
        !self.copies.is_empty()
    }

    /// What copies made without the manager have of it, as far as there still are such copies.
    pub(super) fn copies_alive(&mut self) -> Vec<Arc<Object>> {
        self.copies.retain(|it| it.strong_count() > 0);
        self.copies.iter().filter_map(Weak::upgrade).collect()
    }

    /// Where a new copy finds its pages; none if the manager has a part in copies.
    ///
    /// # Errors
    /// What must be waited for before.
    pub(super) fn copies(&mut self, of: &Arc<Object>, frames: &Arc<Frames>) -> Result<Option<Arc<Object>>, Wanted> {
        if self.state == State::Initialising {
            return Err(Wanted::Ready);
        }
        if self.is_ready() && matches!(self.strategy, CopyStrategy::NONE | CopyStrategy::CALL) {
            return Ok(None);
        }
        Ok(Some(self.snapshot(of, frames)))
    }

    /// The object as it is now.
    fn snapshot(&mut self, of: &Arc<Object>, frames: &Arc<Frames>) -> Arc<Object> {
        // As long as nothing has changed since the last one was made, the new one is the same.
        let last = self.copies.last().and_then(Weak::upgrade).filter(|it| it.lock().table.next(0).is_none());
        if let Some(last) = last {
            return last;
        }
        self.copies.retain(|it| it.strong_count() > 0);
        let behind = Behind::Origin(of.clone());
        let contents = Contents { table: Table::new(1), behind, pages: None, hand: 0 };
        let copy = Arc::new(Object::new(frames, Rank::Snapshot, contents, 0));
        self.copies.push(Arc::downgrade(&copy));
        copy
    }
}

/// What a control port, or a name port, stands for.
pub(crate) struct Cache {
    object: Weak<Object>,
    /// The port was given to the manager: it stands for nothing any more.
    given: AtomicBool,
}

impl Cache {
    /// The object, unless the kernel has done with it.
    pub(crate) fn object(&self) -> Option<Arc<Object>> {
        self.object.upgrade().filter(|_| !self.is_given())
    }

    /// Whether the port is nothing but a port.
    pub(crate) fn is_given(&self) -> bool {
        self.given.load(Ordering::Acquire)
    }

    fn give(&self) {
        self.given.store(true, Ordering::Release);
    }
}

/// The ports that an object has, for the census.
#[derive(Debug, Default)]
pub(crate) struct Ports {
    /// A send right to its manager.
    pub(crate) manager: Option<Arc<Port>>,
    /// The receive rights of its control port and of its name port.
    pub(crate) own: Option<[Arc<Port>; 2]>,
}

impl Object {
    /// An object of the manager that receives at a port.
    fn managed(frames: &Arc<Frames>, to: SendRef, mail: &Arc<Mail>, kind: Kind) -> Arc<Object> {
        Arc::new_cyclic(|this: &Weak<Object>| {
            let cache = Arc::new(Cache { object: this.clone(), given: AtomicBool::new(false) });
            let port = |kind: KernelObject| Port::of_object(AbiId::GnumachI386, kind);
            let (control, name) = (port(KernelObject::Control(cache.clone())), port(KernelObject::Name(cache.clone())));
            let link = Arc::new(Link::new([control, name], cache, mail, frames, kind == Kind::Store));
            let behind = Behind::Manager(Box::new(Managed::new(link, to, kind)));
            let contents = Contents { table: Table::new(1), behind, pages: Some(BTreeMap::new()), hand: 0 };
            Object::new(frames, Rank::Object, contents, 0)
        })
    }

    /// The default memory manager hears of a store, and gets the right to its port.
    pub(super) fn created(&self, manager: SendRef, port: Arc<Port>, size: u64) {
        if let Behind::Manager(it) = &self.lock().behind {
            it.link.say(manager, What::Create { new: ReceiveRef::of(port), size });
        }
    }

    /// What identifies it to those who look at memory (`vm_region`); null for memory without a manager.
    pub(crate) fn name_right(&self) -> Carried {
        let it = self.lock();
        match &it.behind {
            Behind::Manager(manager) if !manager.is_dead() => Carried::Send(SendRef::make(&manager.link.name)),
            _ => Carried::Null,
        }
    }

    /// The port of its manager, if it has one, and those by which it is known, if the kernel has them.
    pub(crate) fn ports(&self) -> Ports {
        let it = self.lock();
        let Behind::Manager(manager) = &it.behind else { return Ports::default() };
        let manager_port = manager.to.as_ref().map(|it| it.port().clone());
        let link = &manager.link;
        Ports { manager: manager_port, own: link.is_open().then(|| [link.control.clone(), link.name.clone()]) }
    }

    /// A copy of some bytes, whole pages at the same offsets, that its manager has a part in.
    ///
    /// # Errors
    /// As those of [`bring`](Object::bring).
    pub(super) fn copy_by_manager(self: &Arc<Object>, range: Range<u64>) -> Result<Arc<Object>, KernReturn> {
        let _scope = Scope::open();
        let pages = range.start / PAGE..range.end.div_ceil(PAGE);
        let asked = self.lock().ask_for_copy(self, &range);
        if let Some((port, original)) = asked {
            let source = object_of(&port, &self.frames)?;
            if let Behind::Manager(it) = &mut source.lock().behind {
                it.original = Some(original);
            }
            return Ok(Object::with(&self.frames, Table::away(&source, pages), range.end));
        }
        let copy = Object::zero(&self.frames, 1);
        let _holding = in_kernel::hold([copy.clone()]);
        for page in pages {
            let (run, index) = self.frame(page)?;
            copy.lock().table.put(page, &run, index);
        }
        Ok(copy)
    }

    /// Its manager is gone, or has destroyed it: what it had is lost.
    pub(super) fn die(&self) {
        let mut it = self.lock();
        let Contents { table, behind: Behind::Manager(manager), .. } = &mut *it else { return };
        if manager.is_dead() {
            return;
        }
        manager.end();
        self.set_dead();
        wake(&mut manager.waiting, Ok(()));
        let resident: Vec<u64> = std::iter::successors(table.next(0), |last| table.next(last + 1)).collect();
        resident.into_iter().for_each(|page| it.keep_for_copies(page));
        it.table = Table::new(1);
        for (_, mut page) in it.pages.replace(BTreeMap::new()).unwrap_or_default() {
            wake(&mut page.waiting, Ok(()));
        }
    }
}

impl Contents {
    /// Tells the manager of a copy, if it wants to hear of copies: the port of its new object, and the old one as it is now.
    fn ask_for_copy(&mut self, of: &Arc<Object>, range: &Range<u64>) -> Option<(Arc<Port>, Arc<Object>)> {
        let Behind::Manager(manager) = &mut self.behind else { return None };
        if !manager.is_ready() || manager.strategy != CopyStrategy::CALL {
            return None;
        }
        let port = Port::new(manager.to.as_ref()?.port().abi());
        let (offset, length) = (range.start, range.end - range.start);
        manager.say(What::Copy { offset, length, new: ReceiveRef::of(port.clone()) });
        Some((port, manager.snapshot(of, &of.frames)))
    }

    /// The kernel has no page any more that it had, and nobody is told.
    pub(super) fn forget_page(&mut self, page: u64) {
        self.table.cut(page..page + 1);
        if let Some(mut it) = self.pages.as_mut().and_then(|it| it.remove(&page)) {
            wake(&mut it.waiting, Ok(()));
        }
    }

    /// Nobody has the object any more: its manager gets back what it does not know, and the ports.
    pub(super) fn close(&mut self) {
        let Contents { table, behind: Behind::Manager(manager), pages, .. } = self else { return };
        if manager.is_dead() {
            return;
        }
        if !manager.is_temporary() {
            let pages: BTreeMap<u64, Page> = pages.take().unwrap_or_default();
            let wanted = pages.into_iter().filter(|(_, it)| it.dirty || it.precious);
            lock::give_back(manager, table, wanted.map(|(page, it)| (page, it.dirty)), false);
        }
        manager.end();
    }
}
