//! Bytes of tasks: every access is checked and faults as a processor's would.

use std::ops::Range;

use mig_rt::{KernReturn, Protection};

use super::map::Map;

impl Map {
    /// Reads.
    ///
    /// # Errors
    /// `KERN_INVALID_ADDRESS` where nothing is, `KERN_PROTECTION_FAILURE` where reading is forbidden; nothing is read
    /// then.
    pub(crate) fn read(&self, at: u64, to: &mut [u8]) -> Result<(), KernReturn> {
        let range = range_of(at, to.len())?;
        let mut entries = self.lock();
        entries.permit(range.clone(), Protection::READ)?;
        for (start, it) in entries.in_range_mut(range.clone()) {
            let part = part(&range, start, it.end);
            let offset = it.offsets(start, &range).start;
            it.object(start, self.frames()).read(offset, &mut to[part]);
        }
        Ok(())
    }

    /// Writes. Whoever has a copy keeps what it has.
    ///
    /// # Errors
    /// As [`read`](Map::read); nothing is written then.
    pub(crate) fn write(&self, at: u64, from: &[u8]) -> Result<(), KernReturn> {
        let range = range_of(at, from.len())?;
        let mut entries = self.lock();
        entries.permit(range.clone(), Protection::WRITE)?;
        for (start, it) in entries.in_range_mut(range.clone()) {
            let part = part(&range, start, it.end);
            let offset = it.offsets(start, &range).start;
            it.object(start, self.frames()).write(offset, &from[part]);
        }
        Ok(())
    }

    /// Reads and writes a few bytes of one page, between which nobody comes.
    ///
    /// # Errors
    /// As [`read`](Map::read); `KERN_INVALID_ARGUMENT` if they are not in one page.
    pub(crate) fn update(&self, at: u64, size: usize, change: &mut dyn FnMut(&mut [u8])) -> Result<(), KernReturn> {
        let range = range_of(at, size)?;
        if super::truncate(at) != super::truncate(range.end.saturating_sub(1)) {
            return Err(KernReturn::INVALID_ARGUMENT);
        }
        let mut entries = self.lock();
        entries.permit(range.clone(), Protection::READ.with(Protection::WRITE))?;
        for (start, it) in entries.in_range_mut(range.clone()) {
            let offset = it.offsets(start, &range).start;
            it.object(start, self.frames()).update(offset, size, change);
        }
        Ok(())
    }

    /// Whether so many bytes can be accessed.
    ///
    /// # Errors
    /// As [`read`](Map::read).
    pub(crate) fn permit(&self, at: u64, size: usize, access: Protection) -> Result<(), KernReturn> {
        self.lock().permit(range_of(at, size)?, access)
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
