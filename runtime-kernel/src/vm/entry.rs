//! Entries of an address map: which addresses mean which part of which object, and what may be done there.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use mig_rt::{Inherit, KernReturn, Protection};

use super::FIRST;
use super::frame::{Frames, PAGE};
use super::object::Object;

/// What some addresses mean.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// Where it ends. Where it starts is what it is found by.
    pub(crate) end: u64,
    /// `None`: zeros that nobody has touched.
    pub(crate) object: Option<Arc<Object>>,
    /// Of the start, in the object.
    pub(crate) offset: u64,
    pub(crate) attributes: Attributes,
}

/// What may be done with some addresses, and what happens to them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Attributes {
    pub(crate) protection: Protection,
    pub(crate) maximum: Protection,
    pub(crate) inheritance: Inherit,
    /// `vm_behavior_t`: advice.
    pub(crate) behavior: i32,
    /// Who wants its pages to stay.
    pub(crate) wired: u32,
    /// It is the kernel's to take as soon as a message names it.
    pub(crate) lent: bool,
}

impl Attributes {
    /// Those of new memory.
    pub(crate) const NEW: Attributes = Attributes {
        protection: Protection::DEFAULT,
        maximum: Protection::ALL,
        inheritance: Inherit::COPY,
        behavior: 0,
        wired: 0,
        lent: false,
    };
}

impl Entry {
    /// The object, made if nobody has touched the memory before.
    pub(crate) fn object(&mut self, start: u64, frames: &Arc<Frames>) -> &mut Arc<Object> {
        let pages = (self.end - start) / PAGE;
        self.object.get_or_insert_with(|| Object::zero(frames, pages))
    }

    /// Pages that are there.
    pub(crate) fn resident(&self, range: &Range<u64>) -> u64 {
        self.object.as_ref().map_or(0, |it| it.resident(self.offsets(range.start, range)))
    }

    /// Whether the same memory may be seen elsewhere too.
    pub(crate) fn is_shared(&self) -> bool {
        self.object.as_ref().is_some_and(|it| it.is_shared())
    }

    /// Which bytes of its object addresses mean that are in it.
    pub(crate) fn offsets(&self, start: u64, range: &Range<u64>) -> Range<u64> {
        let from = range.start.max(start) - start + self.offset;
        from..range.end.min(self.end) - start + self.offset
    }

    /// Whether `next`, which begins where this one ends, is more of the same.
    fn goes_on_in(&self, start: u64, next: &Entry) -> bool {
        self.attributes == next.attributes
            && !self.attributes.lent
            && match (&self.object, &next.object) {
                (None, None) => true,
                (Some(it), Some(next_object)) => {
                    Arc::ptr_eq(it, next_object) && self.offset + (self.end - start) == next.offset
                }
                _ => false,
            }
    }
}

/// The entries of a map: sorted, disjoint, and of whole pages.
#[derive(Debug, Default)]
pub(crate) struct Entries {
    all: BTreeMap<u64, Entry>,
    /// From [`FIRST`] to here nothing is free.
    full_to: u64,
    /// Its task has ended: nothing comes in any more.
    closed: bool,
}

impl Entries {
    /// The entry of an address.
    pub(crate) fn at(&self, at: u64) -> Option<(u64, &Entry)> {
        self.all.range(..=at).next_back().map(|(start, it)| (*start, it)).filter(|it| at < it.1.end)
    }

    /// The same, to be changed.
    pub(crate) fn at_mut(&mut self, at: u64) -> Option<(u64, &mut Entry)> {
        self.all.range_mut(..=at).next_back().map(|(start, it)| (*start, it)).filter(|it| at < it.1.end)
    }

    /// The entry of an address, or the next one above it.
    pub(crate) fn at_or_above(&self, at: u64) -> Option<(u64, &Entry)> {
        self.at(at).or_else(|| self.all.range(at..).next().map(|(start, it)| (*start, it)))
    }

    /// Entries with some of these addresses.
    pub(crate) fn in_range(&self, range: Range<u64>) -> impl Iterator<Item = (u64, &Entry)> {
        let range = self.widened(range);
        self.all.range(range).map(|(start, it)| (*start, it))
    }

    /// The same, to be changed. Where they start and end stays as it is.
    pub(crate) fn in_range_mut(&mut self, range: Range<u64>) -> impl Iterator<Item = (u64, &mut Entry)> {
        let range = self.widened(range);
        self.all.range_mut(range).map(|(start, it)| (*start, it))
    }

    /// The range with the start of its first entry.
    fn widened(&self, range: Range<u64>) -> Range<u64> {
        match self.at(range.start) {
            Some((start, _)) if !range.is_empty() => start..range.end,
            _ => range.start..range.end.max(range.start),
        }
    }

    /// Whether every address of a range has an entry.
    pub(crate) fn covers(&self, range: Range<u64>) -> bool {
        let mut reached = range.start;
        for (start, it) in self.in_range(range.clone()) {
            if start > reached {
                return false;
            }
            reached = it.end;
        }
        reached >= range.end
    }

    /// Whether an access is allowed at every address.
    pub(crate) fn permit(&self, range: Range<u64>, access: Protection) -> Result<(), KernReturn> {
        self.first_fault(range, access).map_or(Ok(()), |it| Err(it.1))
    }

    /// The first address where an access is not allowed, and why.
    pub(crate) fn first_fault(&self, range: Range<u64>, access: Protection) -> Option<(u64, KernReturn)> {
        let mut reached = range.start;
        for (start, it) in self.in_range(range.clone()) {
            if start > reached {
                break;
            }
            if !it.attributes.protection.has(access) {
                return Some((reached, KernReturn::PROTECTION_FAILURE));
            }
            reached = it.end;
        }
        (reached < range.end).then_some((reached, KernReturn::INVALID_ADDRESS))
    }

    /// Entries begin and end where the range does.
    pub(crate) fn clip(&mut self, range: &Range<u64>) {
        self.clip_at(range.start);
        self.clip_at(range.end);
    }

    fn clip_at(&mut self, at: u64) {
        let Some((&start, entry)) = self.all.range_mut(..at).next_back() else { return };
        if at >= entry.end {
            return;
        }
        let rest =
            Entry { offset: entry.offset + if entry.object.is_some() { at - start } else { 0 }, ..entry.clone() };
        entry.end = at;
        self.all.insert(at, rest);
    }

    /// Puts an entry where nothing is.
    pub(crate) fn insert(&mut self, start: u64, entry: Entry) {
        let range = start..entry.end;
        self.all.insert(start, entry);
        self.join(range.clone());
        while let Some((_, it)) = self.at(self.full_to.max(FIRST)) {
            self.full_to = it.end;
        }
    }

    /// Makes one of neighbours in a range, and just outside it, that are more of the same.
    pub(crate) fn join(&mut self, range: Range<u64>) {
        let before = self.all.range(..range.start).next_back().map(|it| *it.0);
        let mut left = before.unwrap_or(range.start);
        while left <= range.end {
            let Some((&start, entry)) = self.all.range(left..).next() else { return };
            let end = entry.end;
            match self.all.get(&end) {
                Some(next) if entry.goes_on_in(start, next) => {
                    let whole = next.end;
                    self.all.remove(&end);
                    if let Some(it) = self.all.get_mut(&start) {
                        it.end = whole;
                    }
                    left = start;
                }
                _ => left = end,
            }
        }
    }

    /// Takes the entries of a range out.
    pub(crate) fn remove(&mut self, range: &Range<u64>) -> Vec<(u64, Entry)> {
        self.clip(range);
        let starts: Vec<u64> = self.in_range(range.clone()).map(|it| it.0).collect();
        let removed = starts.into_iter().filter_map(|it| Some((it, self.all.remove(&it)?))).collect();
        self.full_to = self.full_to.min(range.start);
        removed
    }

    /// The lowest free addresses below a limit, so many, of which the first has no bit of the mask.
    pub(crate) fn find(&self, size: u64, mask: u64, limit: u64) -> Option<u64> {
        let first = self.find_from(self.full_to.max(FIRST), size, mask, limit);
        first.or_else(|| self.find_from(PAGE, size, mask, limit))
    }

    fn find_from(&self, from: u64, size: u64, mask: u64, limit: u64) -> Option<u64> {
        let mut at = aligned(self.at(from).map_or(from, |it| it.1.end), mask)?;
        loop {
            let end = at.checked_add(size).filter(|it| *it <= limit)?;
            // The last entry that begins before the end of these addresses is in the way, if any is.
            match self.all.range(..end).next_back() {
                Some((_, it)) if it.end > at => at = aligned(it.end, mask)?,
                _ => return Some(at),
            }
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, &Entry)> {
        self.all.iter().map(|(start, it)| (*start, it))
    }

    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether its task has ended.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Takes everything out, and lets nothing in any more: who was about to put memory there would leave it there.
    pub(crate) fn close(&mut self) -> Vec<(u64, Entry)> {
        (self.full_to, self.closed) = (0, true);
        std::mem::take(&mut self.all).into_iter().collect()
    }

    /// What must hold: whole pages in bounds, none in two entries, and nothing free below where
    /// the search for room begins.
    pub(crate) fn check(&self, bounds: &Range<u64>) -> Result<(), String> {
        let mut free = bounds.start;
        for (start, it) in self.iter() {
            if !start.is_multiple_of(PAGE) || !it.end.is_multiple_of(PAGE) || !it.offset.is_multiple_of(PAGE) {
                return Err(format!("an entry from {start:#x} to {:#x} is not of pages", it.end));
            }
            if start < free || start >= it.end || it.end > bounds.end {
                return Err(format!("an entry from {start:#x} to {:#x}, where it cannot be", it.end));
            }
            let Attributes { inheritance, .. } = it.attributes;
            if !(0..=2).contains(&inheritance.0) {
                return Err(format!("the entry at {start:#x} has {inheritance:?}"));
            }
            free = it.end;
        }
        match self.at(FIRST) {
            _ if self.full_to <= FIRST || self.covers(FIRST..self.full_to) => Ok(()),
            _ => Err(format!("something is free below {:#x}", self.full_to)),
        }
    }
}

/// The lowest address from here on that has no bit of a mask.
fn aligned(at: u64, mask: u64) -> Option<u64> {
    Some(at.checked_add(mask)? & !mask)
}
