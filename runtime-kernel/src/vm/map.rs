//! Address maps, and what is asked of them.

use std::ops::Range;
use std::sync::Arc;

use mig_rt::{AbiId, Inherit, KernReturn, Protection};

use super::copy::Part;
use super::entry::{Attributes, Entries, Entry};
use super::frame::MOST_WIRED;
use super::object::Object;
use super::walk::walk;
use super::{Frames, PAGE, bounds};
use crate::budget::{Budget, Resource};
use crate::effect::Scope;
use crate::sync::{Guard, Mutex, Rank};

/// The memory of one task.
#[derive(Debug)]
pub(crate) struct Map {
    entries: Mutex<Entries>,
    pub(crate) bounds: Range<u64>,
    budget: Arc<Budget>,
}

/// Where memory is wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Place {
    /// Wherever there is room below a limit, but with none of the mask's bits in the address.
    Anywhere { mask: u64, limit: u64 },
    /// There and nowhere else.
    At { address: u64, mask: u64 },
    /// There, in place of what is there.
    Over { address: u64 },
}

/// What `vm_region` says.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) range: Range<u64>,
    pub(crate) entry: Entry,
}

impl Map {
    pub(crate) fn new(abi: AbiId, budget: &Arc<Budget>) -> Map {
        let entries = Mutex::new(Rank::Map, Entries::default());
        Map { entries, bounds: bounds(abi), budget: budget.clone() }
    }

    pub(super) fn lock(&self) -> Guard<'_, Entries> {
        self.entries.lock()
    }

    pub(crate) fn frames(&self) -> &Arc<Frames> {
        &self.budget.frames
    }

    /// Whether its machine counts addresses in 32 bits.
    pub(crate) fn is_narrow(&self) -> bool {
        self.bounds.end <= 1 << 32
    }

    /// Zeros for whole pages.
    pub(crate) fn allocate(&self, place: Place, size: u64) -> Result<u64, KernReturn> {
        self.enter(place, vec![(Part { object: None, offset: 0, size }, Attributes::NEW)])
    }

    /// Makes addresses mean parts of objects, one behind the other.
    pub(crate) fn enter(&self, place: Place, parts: Vec<(Part, Attributes)>) -> Result<u64, KernReturn> {
        self.budget.afford(Resource::Maps)?;
        let size = parts.iter().map(|it| it.0.size).sum();
        let mut replaced = Vec::new();
        let mut entries = self.lock();
        let start = self.place(&mut entries, place, size, &mut replaced)?;
        let mut at = start;
        for (Part { object, offset, size }, attributes) in parts {
            entries.insert(at, Entry { end: at + size, object, offset, attributes });
            at += size;
        }
        drop(entries);
        self.release(replaced);
        Ok(start)
    }

    fn place(
        &self,
        entries: &mut Entries,
        place: Place,
        size: u64,
        replaced: &mut Vec<(u64, Entry)>,
    ) -> Result<u64, KernReturn> {
        if entries.is_closed() {
            return Err(KernReturn::NO_SPACE);
        }
        let address = match place {
            Place::Anywhere { mask, limit } => {
                self.budget.afford(Resource::Addresses)?;
                return entries.find(size, mask, limit.min(self.bounds.end)).ok_or(KernReturn::NO_SPACE);
            }
            Place::At { address, .. } | Place::Over { address } => address,
        };
        let end = address.checked_add(size).filter(|it| *it <= self.bounds.end);
        let range = address..end.ok_or(KernReturn::INVALID_ADDRESS)?;
        if range.is_empty() || address < self.bounds.start {
            return Err(KernReturn::INVALID_ADDRESS);
        }
        match place {
            Place::At { mask, .. } if address & mask != 0 => Err(KernReturn::NO_SPACE),
            Place::At { .. } if entries.in_range(range.clone()).next().is_some() => Err(KernReturn::NO_SPACE),
            Place::At { .. } | Place::Anywhere { .. } => Ok(address),
            Place::Over { .. } => {
                *replaced = entries.remove(&range);
                Ok(address)
            }
        }
    }

    /// Makes addresses mean nothing. What is not there already does not matter.
    pub(crate) fn deallocate(&self, range: &Range<u64>) {
        if range.is_empty() {
            return;
        }
        let removed = self.lock().remove(range);
        self.release(removed);
    }

    /// Nobody will see the memory of these entries any more.
    pub(super) fn release(&self, removed: Vec<(u64, Entry)>) {
        if removed.is_empty() {
            return;
        }
        let _scope = Scope::open();
        for (start, it) in removed {
            if it.attributes.wired > 0 {
                self.unwire_entry(start, &it);
            }
            // If it has other entries, its pages would stay as long as the last of them.
            if let Some(object) = it.object.as_ref().filter(|it| Arc::strong_count(it) > 1) {
                object.forget(it.offsets(start, &(start..it.end)));
            }
        }
    }

    /// `vm_protect`
    pub(crate) fn protect(
        &self,
        range: &Range<u64>,
        set_maximum: bool,
        to: Protection,
        holes: bool,
    ) -> Result<(), KernReturn> {
        let mut entries = self.lock();
        if entries.in_range(range.clone()).any(|(_, it)| !it.attributes.maximum.has(to)) {
            return Err(KernReturn::PROTECTION_FAILURE);
        }
        if !holes {
            entries.permit(range.clone(), Protection::NONE)?;
        }
        entries.clip(range);
        for (_, it) in entries.in_range_mut(range.clone()) {
            let it = &mut it.attributes;
            if set_maximum {
                it.maximum = to;
                it.protection = Protection(it.protection.0 & to.0);
            } else {
                it.protection = to;
            }
        }
        entries.join(range.clone());
        Ok(())
    }

    /// `vm_inherit`
    pub(crate) fn inherit(&self, range: &Range<u64>, to: Inherit) {
        self.change(range, |it| it.inheritance = to);
    }

    /// `vm_behavior_set`
    pub(crate) fn advise(&self, range: &Range<u64>, behavior: i32) -> Result<(), KernReturn> {
        self.covers(range)?;
        self.change(range, |it| it.behavior = behavior);
        Ok(())
    }

    fn change(&self, range: &Range<u64>, change: impl Fn(&mut Attributes)) {
        let mut entries = self.lock();
        entries.clip(range);
        entries.in_range_mut(range.clone()).for_each(|(_, it)| change(&mut it.attributes));
        entries.join(range.clone());
    }

    /// Whether every address of a range means something.
    ///
    /// # Errors
    /// `KERN_INVALID_ADDRESS`.
    pub(crate) fn covers(&self, range: &Range<u64>) -> Result<(), KernReturn> {
        self.lock().permit(range.clone(), Protection::NONE)
    }

    /// Keeps pages where they are, and brings them in for an access.
    ///
    /// # Errors
    /// `KERN_INVALID_ADDRESS` where nothing is, `KERN_PROTECTION_FAILURE` where that access is forbidden,
    /// `KERN_RESOURCE_SHORTAGE` for more than may be wired, and those of memory managers.
    pub(crate) fn wire(&self, range: &Range<u64>, access: Protection) -> Result<(), KernReturn> {
        walk(|_| {
            let mut entries = self.lock();
            entries.permit(range.clone(), access)?;
            if (range.end - range.start) / PAGE > MOST_WIRED.saturating_sub(self.frames().wired()) {
                return Err(KernReturn::RESOURCE_SHORTAGE.into());
            }
            entries.clip(range);
            for (start, it) in entries.in_range_mut(range.clone()) {
                let offsets = it.offsets(start, range);
                it.object(start, self.frames()).touch(offsets, access.has(Protection::WRITE))?;
            }
            for (start, it) in entries.in_range_mut(range.clone()) {
                self.wire_entry(start, it);
            }
            entries.join(range.clone());
            Ok(())
        })
    }

    /// One more wants the pages of an entry to stay.
    fn wire_entry(&self, start: u64, it: &mut Entry) {
        it.attributes.wired += 1;
        if it.attributes.wired > 1 {
            return;
        }
        self.frames().wire((it.end - start) / PAGE);
        let offsets = it.offsets(start, &(start..it.end));
        it.object(start, self.frames()).wire(offsets, true);
    }

    /// Nobody does any more.
    fn unwire_entry(&self, start: u64, it: &Entry) {
        self.frames().unwire((it.end - start) / PAGE);
        if let Some(object) = &it.object {
            object.wire(it.offsets(start, &(start..it.end)), false);
        }
    }

    /// Undoes one [`wire`](Map::wire).
    ///
    /// # Errors
    /// `KERN_INVALID_ADDRESS` where nothing is, `KERN_INVALID_ARGUMENT` where nothing is wired.
    pub(crate) fn unwire(&self, range: &Range<u64>) -> Result<(), KernReturn> {
        let mut entries = self.lock();
        entries.permit(range.clone(), Protection::NONE)?;
        if entries.in_range(range.clone()).any(|(_, it)| it.attributes.wired == 0) {
            return Err(KernReturn::INVALID_ARGUMENT);
        }
        entries.clip(range);
        for (start, it) in entries.in_range_mut(range.clone()) {
            it.attributes.wired -= 1;
            if it.attributes.wired == 0 {
                self.unwire_entry(start, it);
            }
        }
        entries.join(range.clone());
        Ok(())
    }

    /// Gives changed pages back to memory managers, and forgets what is there, if it is to. What is wired stays as it is.
    pub(crate) fn sync(&self, range: &Range<u64>, give_back: bool, flush: bool) {
        let _scope = Scope::open();
        let entries = self.lock();
        let managed = entries.in_range(range.clone()).filter_map(|(start, it)| {
            let object = it.object.as_ref().filter(|it| it.is_managed())?;
            Some((object.clone(), it.offsets(start, range)))
        });
        let managed: Vec<_> = managed.collect();
        drop(entries);
        managed.iter().for_each(|(object, offsets)| object.sync(offsets.clone(), give_back, flush));
    }

    /// The entry of an address, or the next one above it.
    pub(crate) fn region(&self, at: u64) -> Result<Found, KernReturn> {
        let entries = self.lock();
        let (start, it) = entries.at_or_above(at).ok_or(KernReturn::NO_SPACE)?;
        Ok(Found { range: start..it.end, entry: it.clone() })
    }

    /// Releases everything. Whoever wants memory there later finds no space.
    pub(crate) fn close(&self) {
        let all = self.lock().close();
        self.release(all);
    }

    /// What must hold of entries.
    pub(crate) fn check(&self) -> Result<(), String> {
        self.lock().check(&self.bounds)
    }

    /// Entries that exist.
    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }

    /// Bytes that it has, and those of them that have pages.
    pub(crate) fn sizes(&self) -> (u64, u64) {
        let entries = self.lock();
        entries.iter().fold((0, 0), |(all, resident), (start, it)| {
            (all + (it.end - start), resident + it.resident(&(start..it.end)) * PAGE)
        })
    }

    /// Calls with each object that its addresses mean, maybe more than once.
    pub(crate) fn each_object(&self, call: &mut dyn FnMut(&Arc<Object>)) {
        self.lock().iter().filter_map(|(_, it)| it.object.as_ref()).for_each(call);
    }

    /// Everything that its addresses mean, in their order.
    pub(crate) fn regions(&self) -> Vec<Found> {
        self.lock().iter().map(|(start, it)| Found { range: start..it.end, entry: it.clone() }).collect()
    }
}
