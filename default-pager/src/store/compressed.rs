//! Pages in the host's memory, compressed.

use std::io;

use lz4_flex::block::{compress_into, decompress_into, get_maximum_output_size};

use super::{Page, Slot, Space, Store, full, unknown};
use crate::PAGE;

/// A store in the host's memory that compresses each page by itself. A page that does not become smaller is kept as it
/// is, so that no page takes more than its size.
#[derive(Debug)]
pub struct Compressed {
    slots: Vec<Option<Box<[u8]>>>,
    free: Vec<u64>,
    /// Bytes of compressed pages that there may be, and that there are.
    most: u64,
    used: u64,
    /// Where a page is compressed, before it is known how long it becomes.
    room: Vec<u8>,
}

impl Compressed {
    /// A store of so many bytes of compressed pages.
    pub fn new(most: u64) -> Compressed {
        Compressed { slots: Vec::new(), free: Vec::new(), most, used: 0, room: vec![0; get_maximum_output_size(PAGE)] }
    }

    fn compress(&mut self, page: &Page) -> Box<[u8]> {
        match compress_into(page, &mut self.room) {
            Ok(size) if size < PAGE => self.room[..size].into(),
            _ => page.as_slice().into(),
        }
    }

    fn slot(&mut self, slot: Slot) -> Option<&mut Option<Box<[u8]>>> {
        usize::try_from(slot.0).ok().and_then(|it| self.slots.get_mut(it))
    }
}

impl Store for Compressed {
    fn write(&mut self, over: Option<Slot>, page: &Page) -> io::Result<Slot> {
        let data = self.compress(page);
        let before = over.map_or(Ok(0), |it| match self.slot(it) {
            Some(Some(before)) => Ok(before.len() as u64),
            _ => Err(unknown()),
        })?;
        let used = self.used - before + data.len() as u64;
        if used > self.most {
            return Err(full());
        }
        self.used = used;
        let slot = over.or_else(|| self.free.pop().map(Slot)).unwrap_or_else(|| {
            self.slots.push(None);
            Slot(self.slots.len() as u64 - 1)
        });
        if let Some(it) = self.slot(slot) {
            *it = Some(data);
        }
        Ok(slot)
    }

    fn read(&mut self, slot: Slot, page: &mut Page) -> io::Result<()> {
        let Some(Some(data)) = self.slot(slot) else { return Err(unknown()) };
        if data.len() == PAGE {
            page.copy_from_slice(data);
            return Ok(());
        }
        match decompress_into(data, page) {
            Ok(PAGE) => Ok(()),
            // Nobody but the host's memory itself can have changed it.
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    fn free(&mut self, slot: Slot) {
        let Some(data) = self.slot(slot).and_then(Option::take) else { return };
        self.used -= data.len() as u64;
        self.free.push(slot.0);
        if self.free.len() == self.slots.len() {
            self.slots = Vec::new();
            self.free = Vec::new();
        }
    }

    fn space(&self) -> Space {
        Space { total: self.most, free: self.most - self.used }
    }
}
