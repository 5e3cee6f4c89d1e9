//! Bytes of tasks: every access is checked and faults as a processor's would.
//!
//! What is here is tried once: who can wait for a page does so and tries again (see [`walk`](super::walk)).

use std::ops::Range;
use std::sync::Arc;

use mig_rt::{KernReturn, Protection};

use super::frame::PAGE;
use super::map::Map;
use super::object::Object;
use super::walk::Stop;

impl Map {
    /// Reads.
    ///
    /// # Errors
    /// `KERN_INVALID_ADDRESS` where nothing is, `KERN_PROTECTION_FAILURE` where reading is forbidden; nothing is read
    /// then.
    pub(crate) fn read(&self, at: u64, to: &mut [u8]) -> Result<(), Stop> {
        let range = range_of(at, to.len())?;
        self.access(&range, Protection::READ, |object, offset, part| object.read(offset, &mut to[part]))
    }

    /// Reads so many bytes.
    ///
    /// # Errors
    /// As [`read`](Map::read).
    pub(crate) fn read_new(&self, at: u64, size: usize) -> Result<Vec<u8>, Stop> {
        // A size that no memory has is not one to reserve bytes for.
        self.permit(at, size, Protection::READ)?;
        let mut bytes = vec![0; size];
        self.read(at, &mut bytes)?;
        Ok(bytes)
    }

    /// Writes. Whoever has a copy keeps what it has.
    ///
    /// # Errors
    /// As [`read`](Map::read); nothing is written then.
    pub(crate) fn write(&self, at: u64, from: &[u8]) -> Result<(), Stop> {
        let range = range_of(at, from.len())?;
        self.access(&range, Protection::WRITE, |object, offset, part| object.write(offset, &from[part]))
    }

    /// Reads and writes a few bytes of one page, between which nobody comes.
    ///
    /// # Errors
    /// As [`read`](Map::read); `KERN_INVALID_ARGUMENT` if they are not in one page.
    pub(crate) fn update(&self, at: u64, size: usize, change: &mut dyn FnMut(&mut [u8])) -> Result<(), Stop> {
        let range = range_of(at, size)?;
        if super::truncate(at) != super::truncate(range.end.saturating_sub(1)) {
            return Err(KernReturn::INVALID_ARGUMENT.into());
        }
        let access = Protection::READ.with(Protection::WRITE);
        self.access(&range, access, |object, offset, _| object.update(offset, size, change))
    }

    /// Whether so many bytes can be accessed.
    ///
    /// # Errors
    /// As [`read`](Map::read).
    pub(crate) fn permit(&self, at: u64, size: usize, access: Protection) -> Result<(), KernReturn> {
        self.lock().permit(range_of(at, size)?, access)
    }

    /// The first of so many bytes that cannot be accessed, if there is one.
    pub(crate) fn first_fault(&self, at: u64, size: usize, access: Protection) -> Option<u64> {
        let range = range_of(at, size).unwrap_or(at..u64::MAX);
        self.lock().first_fault(range, access).map(|it| it.0)
    }

    /// The first of so many bytes that stands in a page of an object.
    pub(crate) fn first_of(&self, at: u64, size: usize, object: &Arc<Object>, offset: u64) -> Option<u64> {
        let range = range_of(at, size).ok()?;
        let entries = self.lock();
        let mut found = entries
            .in_range(range.clone())
            .filter(|(_, it)| it.object.as_ref().is_some_and(|it| Arc::ptr_eq(it, object)));
        found.find_map(|(start, it)| {
            let page = (offset + start).checked_sub(it.offset)?;
            (page + PAGE > range.start && page < range.end).then(|| page.max(range.start))
        })
    }

    /// Calls with each object of a range, the place in it, and which of the bytes stand there; once all of it is known to
    /// be allowed.
    fn access(
        &self,
        range: &Range<u64>,
        access: Protection,
        mut call: impl FnMut(&Arc<Object>, u64, Range<usize>) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        let mut entries = self.lock();
        // Nearly always it is one entry.
        if let Some((start, it)) = entries.at_mut(range.start)
            && it.end >= range.end
            && it.attributes.protection.has(access)
        {
            let offset = it.offsets(start, range).start;
            return call(it.object(start, self.frames()), offset, 0..(range.end - range.start) as usize);
        }
        entries.permit(range.clone(), access)?;
        for (start, it) in entries.in_range_mut(range.clone()) {
            let part = part(range, start, it.end);
            let offset = it.offsets(start, range).start;
            call(it.object(start, self.frames()), offset, part)?;
        }
        Ok(())
    }
}

fn range_of(at: u64, size: usize) -> Result<Range<u64>, KernReturn> {
    Ok(at..at.checked_add(size as u64).ok_or(KernReturn::INVALID_ADDRESS)?)
}

/// Which bytes of a range stand in an entry.
fn part(range: &Range<u64>, start: u64, end: u64) -> Range<usize> {
    let from = start.max(range.start) - range.start;
    from as usize..(end.min(range.end) - range.start) as usize
}
