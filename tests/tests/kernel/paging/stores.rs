//! Stores by themselves: what is written is read, whatever happened before, and nothing is used twice.

use std::collections::BTreeMap;
use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use default_pager::{Compressed, Disk, OnDisk, Page, Slot, Store};

use super::PAGE;
use super::protocol::Any;

/// A generator that is the same everywhere.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

/// A page that is as easy to compress as it likes.
fn contents(random: &mut Random) -> Page {
    let mut page = [random.below(256) as u8; PAGE];
    let noise = random.below(PAGE as u64 + 1) as usize;
    page[..noise].fill_with(|| random.below(256) as u8);
    page
}

fn agrees_with_a_map(mut store: Any, room: impl Fn(&BTreeMap<Slot, Page>) -> bool) {
    let mut random = Random(0x1234_5678_9abc);
    let mut kept: BTreeMap<Slot, Page> = BTreeMap::new();
    for _ in 0..5000 {
        let some = kept.keys().nth(random.below(kept.len().max(1) as u64) as usize).copied();
        let page = contents(&mut random);
        match (random.below(5), some) {
            (0 | 1, _) => match store.write(None, &page) {
                Ok(slot) => assert_eq!(kept.insert(slot, page), None, "a slot is given out once"),
                Err(it) => {
                    assert_eq!(it.kind(), io::ErrorKind::StorageFull);
                    assert!(!room(&kept), "there was room");
                }
            },
            (2, Some(slot)) if store.write(Some(slot), &page).is_ok() => {
                kept.insert(slot, page);
            }
            (3, Some(slot)) => {
                store.free(slot);
                kept.remove(&slot);
            }
            (_, Some(slot)) => {
                let mut read = [0; PAGE];
                store.read(slot, &mut read).unwrap();
                assert_eq!(read, kept[&slot]);
            }
            _ => {}
        }
    }
    let mut read = [0; PAGE];
    kept.iter().for_each(|(slot, page)| {
        store.read(*slot, &mut read).unwrap();
        assert_eq!(read, *page);
        store.free(*slot);
    });
    let space = store.space();
    assert_eq!(space.free, space.total);
    assert!(store.read(Slot(3), &mut read).is_err(), "nothing is there any more");
}

#[test]
fn what_is_written_is_read() {
    agrees_with_a_map(Any(Box::new(OnDisk::temporary(60).unwrap())), |kept| kept.len() < 60);
    agrees_with_a_map(Any(Box::new(Compressed::new(60 * PAGE as u64))), |kept| kept.len() < 60);
}

/// A disk in memory that can be made to fail.
#[derive(Default)]
struct Bad {
    bytes: Mutex<BTreeMap<u64, Vec<u8>>>,
    fails: std::sync::Arc<AtomicBool>,
}

impl Bad {
    fn try_it(&self) -> io::Result<()> {
        if self.fails.load(Ordering::Relaxed) { Err(io::ErrorKind::Other.into()) } else { Ok(()) }
    }
}

impl Disk for Bad {
    fn read_at(&self, position: u64, to: &mut [u8]) -> io::Result<()> {
        self.try_it()?;
        to.copy_from_slice(self.bytes.lock().unwrap().get(&position).ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn write_at(&self, position: u64, from: &[u8]) -> io::Result<()> {
        self.try_it()?;
        self.bytes.lock().unwrap().insert(position, from.to_vec());
        Ok(())
    }
}

/// Whoever touches a page that the disk does not give has an error, and the next time perhaps not.
#[test]
fn a_disk_that_fails() {
    let disk = Bad::default();
    let fails = disk.fails.clone();
    let store = OnDisk::new(std::sync::Arc::new(disk), 512..512 + 8 * PAGE as u64);
    let scene = super::Scene::new(super::TYPED[1], store);
    let memory = scene.memory();
    memory.initialize(0, &[super::page(1), super::page(2)].concat());
    scene.run();
    fails.store(true, Ordering::Relaxed);
    assert_eq!(memory.request(&scene, 1, 1), ["error 0x1000 0x1000: Some(\"KERN_MEMORY_ERROR\")"]);
    memory.give_back(0, &super::page(3), true);
    memory.initialize(5, &super::page(4));
    scene.run();
    fails.store(false, Ordering::Relaxed);
    assert_eq!(scene.watch.figures().pages_lost, 2);
    let seen = [0, 1, 5].map(|it| memory.request(&scene, it, 1).concat());
    assert!(seen[0].starts_with("error") && seen[2].starts_with("error"), "what was not written is lost: {seen:?}");
    assert_eq!(seen[1], "supply 0x1000 0x1000: data 2");
    memory.give_back(0, &super::page(6), true);
    assert_eq!(memory.request(&scene, 0, 1), ["supply 0x0 0x1000: data 6"], "the next contents count");
    memory.terminate();
    scene.end();
}
