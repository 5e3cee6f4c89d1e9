//! Pages on a disk, or in a file, which is the same to the pager.

use std::env::temp_dir;
use std::fs::{File, OpenOptions, remove_file};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::{io, process};

use super::{Page, Slot, Space, Store, full, unknown};
use crate::PAGE;

/// Bytes that are read and written at positions: a file of the host, for example.
pub trait Disk: Send + Sync {
    /// Reads all of `to`.
    ///
    /// # Errors
    /// What the disk says, the end of it among that.
    fn read_at(&self, position: u64, to: &mut [u8]) -> io::Result<()>;

    /// Writes all of `from`.
    ///
    /// # Errors
    /// What the disk says.
    fn write_at(&self, position: u64, from: &[u8]) -> io::Result<()>;
}

#[cfg(unix)]
impl Disk for File {
    fn read_at(&self, position: u64, to: &mut [u8]) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(self, to, position)
    }

    fn write_at(&self, position: u64, from: &[u8]) -> io::Result<()> {
        std::os::unix::fs::FileExt::write_all_at(self, from, position)
    }
}

/// A store in some pages of a disk, one beside the other. Slots that were given back are used again before new ones, so
/// that a file is no longer than what was in use at one time.
pub struct OnDisk {
    disk: Arc<dyn Disk>,
    /// Where the first page is, in bytes.
    start: u64,
    /// Slots that there are.
    pages: u64,
    /// Slots that have been in use at one time: the first so many.
    used: u64,
    /// Those of them that are not any more.
    free: Vec<u64>,
}

impl OnDisk {
    /// Uses bytes of a disk; a rest that is shorter than a page is not used.
    pub fn new(disk: Arc<dyn Disk>, bytes: Range<u64>) -> OnDisk {
        let pages = bytes.end.saturating_sub(bytes.start) / PAGE as u64;
        OnDisk { disk, start: bytes.start, pages, used: 0, free: Vec::new() }
    }

    /// Uses a new file of the host, of so many pages at most, that has no name: it is gone when the store is.
    ///
    /// # Errors
    /// What the host says.
    #[cfg(unix)]
    pub fn temporary(pages: u64) -> io::Result<OnDisk> {
        static FILES: AtomicU64 = AtomicU64::new(0);
        let number = FILES.fetch_add(1, Ordering::Relaxed);
        let path = temp_dir().join(format!("paging-{}-{number}", process::id()));
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(&path)?;
        remove_file(path)?;
        Ok(OnDisk::new(Arc::new(file), 0..pages.saturating_mul(PAGE as u64)))
    }

    /// Where a slot is on the disk.
    fn position(&self, slot: Slot) -> io::Result<u64> {
        if slot.0 >= self.used {
            return Err(unknown());
        }
        Ok(self.start + slot.0 * PAGE as u64)
    }
}

impl Store for OnDisk {
    fn write(&mut self, over: Option<Slot>, page: &Page) -> io::Result<Slot> {
        if let Some(slot) = over {
            self.disk.write_at(self.position(slot)?, page)?;
            return Ok(slot);
        }
        let number = self.free.pop().or_else(|| (self.used < self.pages).then_some(self.used)).ok_or_else(full)?;
        self.used = self.used.max(number + 1);
        let slot = Slot(number);
        let written = self.position(slot).and_then(|at| self.disk.write_at(at, page));
        written.inspect_err(|_| self.free(slot))?;
        Ok(slot)
    }

    fn read(&mut self, slot: Slot, page: &mut Page) -> io::Result<()> {
        self.disk.read_at(self.position(slot)?, page)
    }

    fn free(&mut self, slot: Slot) {
        if slot.0 < self.used {
            self.free.push(slot.0);
        }
        if self.free.len() as u64 == self.used {
            // From the start again.
            self.free.clear();
            self.used = 0;
        }
    }

    fn space(&self) -> Space {
        let free = self.pages - self.used + self.free.len() as u64;
        Space { total: self.pages * PAGE as u64, free: free * PAGE as u64 }
    }
}

impl std::fmt::Debug for OnDisk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OnDisk of {} pages", self.pages)
    }
}
