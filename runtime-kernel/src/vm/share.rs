//! Memory that more than one map sees, and memory of a new task.

use std::ops::Range;
use std::sync::Arc;

use mig_rt::{Inherit, KernReturn, Protection};

use super::copy::{Part, copy_of};
use super::entry::{Attributes, Entry};
use super::map::{Map, Place};
use super::object::Object;
use super::walk::{Stop, walk};
use super::{pages_of, round_up, truncate};

/// What a port stands for by which memory can be mapped (`mach_make_memory_entry`).
#[derive(Debug)]
pub(crate) struct MemoryEntry {
    pub(crate) object: Arc<Object>,
    offset: u64,
    /// Bytes, whole pages.
    pub(crate) size: u64,
    /// What whoever maps it may ever do with it.
    pub(crate) protection: Protection,
}

impl MemoryEntry {
    /// A part of it, to be mapped.
    ///
    /// # Errors
    /// `KERN_INVALID_ARGUMENT` if it does not have that much.
    pub(crate) fn part(&self, offset: u64, size: u64, copy: bool) -> Result<Part, KernReturn> {
        let end = offset.checked_add(size).filter(|it| *it <= self.size).ok_or(KernReturn::INVALID_ARGUMENT)?;
        let within = self.offset + offset..self.offset + end;
        let object = match copy {
            true => walk(|copies| copies.of(&self.object, within.clone()))?,
            false => self.object.clone(),
        };
        Ok(Part { object: Some(object), offset: self.offset + offset, size })
    }

    /// Some of it, under a port of its own.
    ///
    /// # Errors
    /// As [`part`](MemoryEntry::part), and `KERN_INVALID_RIGHT` for what nobody may do with the whole.
    pub(crate) fn narrow(&self, at: u64, size: u64, access: Protection) -> Result<MemoryEntry, KernReturn> {
        let part = self.part(truncate(at), round_up(size).ok_or(KernReturn::INVALID_ARGUMENT)?, false)?;
        if !self.protection.has(access) {
            return Err(KernReturn::INVALID_RIGHT);
        }
        Ok(MemoryEntry { object: self.object.clone(), offset: part.offset, size: part.size, protection: access })
    }
}

impl Map {
    /// Gives a new task's map what it inherits of this one: nothing, the memory itself or a copy, as each entry says.
    /// What is wired here is not wired there.
    ///
    /// # Errors
    /// `KERN_RESOURCE_SHORTAGE`, and those of memory managers that have a part in copies.
    pub(crate) fn fork(&self, child: &Map) -> Result<(), KernReturn> {
        let inherited = walk(|copies| {
            let mut inherited = Vec::new();
            for (start, it) in self.lock().in_range_mut(self.bounds.clone()) {
                let offsets = it.offsets(start, &(start..it.end));
                let part = match it.attributes.inheritance {
                    // It is on its way into a message.
                    _ if it.attributes.lent => continue,
                    Inherit::SHARE => self.shared(start, it, offsets)?,
                    Inherit::COPY => copy_of(it, offsets, copies)?,
                    _ => continue,
                };
                inherited.push((start, part, Attributes { wired: 0, ..it.attributes }));
            }
            Ok(inherited)
        })?;
        for (address, part, attributes) in inherited {
            child.enter(Place::At { address, mask: 0 }, vec![(part, attributes)])?;
        }
        Ok(())
    }

    /// All of an entry, which is seen elsewhere too from now on.
    fn shared(&self, start: u64, it: &mut Entry, offsets: Range<u64>) -> Result<Part, Stop> {
        let wired = it.attributes.wired > 0;
        let object = it.object(start, self.frames());
        if object.is_private() && Arc::strong_count(object) > 1 {
            // Other entries have other parts of the object, and nobody else sees those.
            let own = object.copy(offsets.clone())?;
            if wired {
                own.wire(offsets.clone(), true);
            }
            object.forget(offsets.clone());
            *object = own;
        }
        object.share();
        Ok(Part { object: Some(object.clone()), offset: offsets.start, size: offsets.end - offsets.start })
    }

    /// Memory of this map for another place: itself or a copy, each part with what may be done with it (`vm_remap`).
    ///
    /// # Errors
    /// `KERN_INVALID_ADDRESS` where nothing is.
    pub(crate) fn parts(&self, range: &Range<u64>, copy: bool) -> Result<Vec<(Part, Attributes)>, KernReturn> {
        walk(|copies| {
            let mut entries = self.lock();
            entries.permit(range.clone(), Protection::NONE)?;
            if !copy {
                entries.clip(range);
            }
            let mut parts = Vec::new();
            for (start, it) in entries.in_range_mut(range.clone()) {
                let offsets = it.offsets(start, range);
                let attributes = Attributes { wired: 0, lent: false, ..it.attributes };
                let part = if copy { copy_of(it, offsets, copies)? } else { self.shared(start, it, offsets)? };
                parts.push((part, attributes));
            }
            Ok(parts)
        })
    }

    /// A memory entry of what stands at an address: as much of it as one entry has.
    ///
    /// # Errors
    /// `KERN_INVALID_ADDRESS` if nothing does, `KERN_PROTECTION_FAILURE` for what may not be done with it.
    pub(crate) fn memory_entry(&self, at: u64, size: u64, access: Protection) -> Result<MemoryEntry, KernReturn> {
        let range = pages_of(at, size).filter(|_| size > 0).ok_or(KernReturn::INVALID_ARGUMENT)?;
        let part = walk(|_| {
            let mut entries = self.lock();
            entries.permit(range.start..range.start + 1, access)?;
            entries.clip(&range);
            let (start, it) = entries.in_range_mut(range.clone()).next().ok_or(KernReturn::INVALID_ADDRESS)?;
            let offsets = it.offsets(start, &range);
            self.shared(start, it, offsets)
        })?;
        let object = part.object.ok_or(KernReturn::INVALID_ADDRESS)?;
        Ok(MemoryEntry { object, offset: part.offset, size: part.size, protection: access })
    }

    /// A memory entry of zeros, which no map has yet.
    ///
    /// # Errors
    /// `KERN_INVALID_ARGUMENT` for no bytes, and for more than there can be.
    pub(crate) fn new_memory(&self, size: u64, access: Protection) -> Result<MemoryEntry, KernReturn> {
        let size = round_up(size).filter(|it| *it > 0).ok_or(KernReturn::INVALID_ARGUMENT)?;
        let object = Object::zero(self.frames(), size / super::PAGE);
        object.share();
        Ok(MemoryEntry { object, offset: 0, size, protection: access })
    }
}
