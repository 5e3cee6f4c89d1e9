//! Backing stores: where pages go, in which order, and how they move from one to another.

use std::ops::Range;
use std::sync::Arc;

use mig_rt::{KernReturn, PortName, ReceiveRight};
use runtime_kernel::Task;

use crate::PAGE;
use crate::store::{Disk, OnDisk, Page, Slot, Space, Store};

/// Where a page is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Place {
    /// By number, since segments come and go.
    segment: u32,
    slot: Slot,
}

/// Segments that are filled and counted together.
pub(crate) struct BackingStore {
    /// Who may change it names it by this port. The store that the pager begins with has none.
    pub(crate) port: Option<ReceiveRight<Task>>,
    pub(crate) priority: i32,
    /// Pages of a cluster, as whoever made the store has said. The pager is asked for pages one by one, and reads and
    /// writes them so.
    pub(crate) cluster: i32,
    segments: Vec<Segment>,
    pub(crate) counts: Counts,
}

/// What has happened to the pages of a backing store.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Counts {
    pub(crate) read: u64,
    pub(crate) read_failed: u64,
    pub(crate) written: u64,
    pub(crate) write_failed: u64,
}

struct Segment {
    number: u32,
    store: Box<dyn Store>,
    /// The device that it is a part of, and which bytes of that.
    part: Option<(PortName, Range<u64>)>,
}

impl BackingStore {
    pub(crate) fn new(port: Option<ReceiveRight<Task>>, priority: i32, cluster: i32) -> BackingStore {
        BackingStore { port, priority, cluster, segments: Vec::new(), counts: Counts::default() }
    }

    fn has_name(&self, name: PortName) -> bool {
        self.port.as_ref().is_some_and(|it| it.name() == name)
    }

    pub(crate) fn space(&self) -> Space {
        sum(self.segments.iter().map(|it| it.store.space()))
    }

    fn segment(&mut self, number: u32) -> Option<&mut Segment> {
        self.segments.iter_mut().find(|it| it.number == number)
    }

    /// Keeps a page in the first segment that has room.
    fn write(&mut self, page: &Page) -> Option<Place> {
        for it in &mut self.segments {
            match it.store.write(None, page) {
                Ok(slot) => {
                    self.counts.written += 1;
                    return Some(Place { segment: it.number, slot });
                }
                Err(error) if error.kind() == std::io::ErrorKind::StorageFull => {}
                Err(_) => self.counts.write_failed += 1,
            }
        }
        None
    }
}

/// All backing stores, those of high priority first.
#[derive(Default)]
pub(crate) struct Stores {
    stores: Vec<BackingStore>,
    segments: u32,
}

impl Stores {
    pub(crate) fn add(&mut self, store: BackingStore) {
        let behind = self.stores.iter().position(|it| it.priority < store.priority);
        self.stores.insert(behind.unwrap_or(self.stores.len()), store);
    }

    /// The store of that name.
    pub(crate) fn named(&mut self, name: PortName) -> Result<&mut BackingStore, KernReturn> {
        self.stores.iter_mut().find(|it| it.has_name(name)).ok_or(KernReturn::INVALID_ARGUMENT)
    }

    /// Gives the store without a port a segment.
    pub(crate) fn add_first(&mut self, store: Box<dyn Store>) {
        let number = self.number();
        let mut first = BackingStore::new(None, 0, 1);
        first.segments.push(Segment { number, store, part: None });
        self.add(first);
    }

    /// Gives the store of a name bytes of a device, if no store has any of them.
    pub(crate) fn add_part(
        &mut self,
        name: PortName,
        (device, disk): (PortName, Arc<dyn Disk>),
        bytes: Range<u64>,
    ) -> Result<(), KernReturn> {
        self.named(name)?;
        let mut parts = self.stores.iter().flat_map(|it| &it.segments).filter_map(|it| it.part.as_ref());
        if parts.any(|(of, it)| *of == device && it.start < bytes.end && bytes.start < it.end) {
            return Err(KernReturn::INVALID_ARGUMENT);
        }
        let number = self.number();
        let store = Box::new(OnDisk::new(disk, bytes.clone()));
        self.named(name)?.segments.push(Segment { number, store, part: Some((device, bytes)) });
        Ok(())
    }

    fn number(&mut self) -> u32 {
        self.segments += 1;
        self.segments
    }

    pub(crate) fn space(&self) -> Space {
        sum(self.stores.iter().map(BackingStore::space))
    }

    fn with(&mut self, place: Place) -> Option<(&mut Segment, &mut Counts)> {
        self.stores.iter_mut().find_map(|it| {
            let BackingStore { segments, counts, .. } = it;
            segments.iter_mut().find(|it| it.number == place.segment).map(|it| (it, counts))
        })
    }

    /// Keeps a page instead of an older one, which is forgotten in any case; `None` if there is no room, or if nothing
    /// can be written.
    pub(crate) fn write(&mut self, over: Option<Place>, page: &Page) -> Option<Place> {
        if let Some((it, counts)) = over.and_then(|it| self.with(it))
            && let Some(place) = over
        {
            if let Ok(slot) = it.store.write(Some(place.slot), page) {
                counts.written += 1;
                return Some(Place { slot, ..place });
            }
            it.store.free(place.slot);
        }
        self.stores.iter_mut().find_map(|it| it.write(page))
    }

    /// Reads a page back; `false` if that fails.
    pub(crate) fn read(&mut self, place: Place, page: &mut Page) -> bool {
        let Some((it, counts)) = self.with(place) else { return false };
        let read = it.store.read(place.slot, page).is_ok();
        *(if read { &mut counts.read } else { &mut counts.read_failed }) += 1;
        read
    }

    pub(crate) fn free(&mut self, place: Place) {
        if let Some((it, _)) = self.with(place) {
            it.store.free(place.slot);
        }
    }

    /// Removes the store of a name, and moves its pages, which are those among `places`, to others.
    ///
    /// # Errors
    /// `KERN_FAILURE` if some have no room elsewhere or cannot be read: they stay, and so does the store.
    pub(crate) fn remove<'p>(
        &mut self,
        name: PortName,
        places: impl Iterator<Item = &'p mut Place>,
    ) -> Result<(), KernReturn> {
        self.named(name)?;
        let index = self.stores.iter().position(|it| it.has_name(name)).ok_or(KernReturn::INVALID_ARGUMENT)?;
        // Nothing new comes to it meanwhile.
        let mut leaving = self.stores.remove(index);
        let mut page = [0; PAGE];
        for place in places {
            let Some(it) = leaving.segment(place.segment) else { continue };
            let moved = it.store.read(place.slot, &mut page).ok().and_then(|()| self.write(None, &page));
            let Some(moved) = moved else {
                self.add(leaving);
                return Err(KernReturn::FAILURE);
            };
            it.store.free(place.slot);
            *place = moved;
        }
        Ok(())
    }

    /// Nobody can name this store any more. It goes if nothing is in it, nor can be.
    pub(crate) fn forget(&mut self, name: PortName) {
        self.stores.retain(|it| !(it.has_name(name) && it.segments.is_empty()));
    }
}

fn sum(spaces: impl Iterator<Item = Space>) -> Space {
    spaces.fold(Space::default(), |all, it| Space {
        total: all.total.saturating_add(it.total),
        free: all.free.saturating_add(it.free),
    })
}
