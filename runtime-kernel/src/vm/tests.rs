//! Objects against plain bytes, and entries that come and go.
#![allow(clippy::unwrap_used, reason = "tests say what they expect by failing")]

use std::sync::Arc;

use mig_rt::{AbiId, Inherit, KernReturn, Protection};

use super::frame::{Frames, PAGE, PAGE_BYTES, Run};
use super::map::{Map, Place};
use super::object::Object;
use super::walk::Stop;
use crate::budget::Budget;

/// Numbers that are always the same (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// Pages of the largest objects here: more than one level of a table.
const PAGES: u64 = 200;

fn bytes(object: &Arc<Object>, pages: u64) -> Vec<u8> {
    let mut all = vec![0; pages as usize * PAGE_BYTES];
    object.peek(0, &mut all).unwrap();
    all
}

fn some_range(dice: &mut Dice) -> (u64, u64) {
    let start = dice.below(PAGES);
    (start * PAGE, (start + 1 + dice.below(PAGES - start)) * PAGE)
}

/// Writes, reads, copies and forgets, and compares with as many plain arrays.
#[test]
fn copies_are_as_if_every_byte_had_been_copied() {
    let frames: Arc<Frames> = Arc::default();
    for seed in 1..20 {
        let mut dice = Dice(seed);
        let first = if seed.is_multiple_of(2) {
            (Object::zero(&frames, PAGES), vec![0; (PAGES * PAGE) as usize])
        } else {
            let data: Vec<u8> = (0..PAGES * PAGE).map(|it| (it / 97) as u8).collect();
            (Object::of(&frames, Run::of(&frames, data.clone())), data)
        };
        let mut all = vec![first];
        for _ in 0..120 {
            step(&mut dice, &mut all);
        }
        for (object, plain) in &all {
            assert!(bytes(object, PAGES) == *plain, "seed {seed}");
        }
    }
    assert_eq!(frames.pages(), 0, "every page went with the last object that had it");
}

fn step(dice: &mut Dice, all: &mut Vec<(Arc<Object>, Vec<u8>)>) {
    let count = all.len();
    let which = dice.below(count as u64) as usize;
    let (from, to) = some_range(dice);
    let (object, plain) = &mut all[which];
    let at = dice.below(PAGES * PAGE - 1);
    let size = (dice.below(3 * PAGE) + 1).min(PAGES * PAGE - at) as usize;
    match dice.below(8) {
        0..=2 => {
            let data: Vec<u8> = (0..size).map(|it| (at as usize + it * 7) as u8).collect();
            object.write(at, &data).unwrap();
            plain[at as usize..][..size].copy_from_slice(&data);
        }
        3 => {
            let mut data = vec![1; size];
            object.read(at, &mut data).unwrap();
            assert!(data == plain[at as usize..][..size]);
        }
        4 => {
            object.zero_out(at, size).unwrap();
            plain[at as usize..][..size].fill(0);
        }
        5 if count < 6 => {
            let mut part = vec![0; plain.len()];
            part[from as usize..to as usize].copy_from_slice(&plain[from as usize..to as usize]);
            let copy = object.copy(from..to).unwrap();
            all.push((copy, part));
        }
        6 => {
            object.forget(from..to);
            plain[from as usize..to as usize].fill(0);
        }
        _ => drop((count > 1).then(|| all.swap_remove(which))),
    }
}

#[test]
fn pages_stay_only_as_long_as_somebody_sees_them() {
    let frames: Arc<Frames> = Arc::default();
    let object = Object::zero(&frames, 1 << 35);
    object.write((1 << 47) - PAGE, &[1]).unwrap();
    object.write(0, &[2]).unwrap();
    assert_eq!((frames.pages(), object.resident(0..1 << 47)), (2, 2));
    let copy = object.copy(0..PAGE).unwrap();
    drop(object);
    assert_eq!((frames.pages(), copy.resident(0..1 << 47)), (1, 1), "a copy of one page is one page");
    assert!(copy.pin(0..PAGE).is_some_and(|(pin, at)| pin[at] == 2));
    assert_eq!(frames.pinned(), 0);
}

fn map() -> Map {
    Map::new(AbiId::GnumachI386, &Arc::new(Budget::new(10, None)))
}

const ANYWHERE: Place = Place::Anywhere { mask: 0, limit: u64::MAX };

#[test]
fn free_addresses_are_found_where_they_are() {
    let map = map();
    assert_eq!(map.allocate(ANYWHERE, PAGE), Ok(0x10_0000));
    assert_eq!(map.allocate(ANYWHERE, 3 * PAGE), Ok(0x10_1000));
    map.deallocate(&(0x10_1000..0x10_2000));
    assert_eq!(map.allocate(ANYWHERE, 2 * PAGE), Ok(0x10_4000), "too large for the hole");
    assert_eq!(map.allocate(ANYWHERE, PAGE), Ok(0x10_1000), "the hole");
    assert_eq!(map.len(), 1, "neighbours that are alike are one");
    let masked = Place::Anywhere { mask: 0xffff, limit: u64::MAX };
    assert_eq!(map.allocate(masked, PAGE), Ok(0x11_0000));
    assert_eq!(map.allocate(Place::Anywhere { mask: u64::MAX, limit: u64::MAX }, PAGE), Err(KernReturn::NO_SPACE));
    assert_eq!(map.allocate(ANYWHERE, 0xc000_0000), Err(KernReturn::NO_SPACE));
    let below = Place::Anywhere { mask: 0, limit: 0x11_2000 };
    assert_eq!(map.allocate(below, 0x10_0000), Err(KernReturn::NO_SPACE));
    assert_eq!(map.allocate(ANYWHERE, 0xc000_0000 - 0x11_1000), Ok(0x11_1000), "up to the end");
    assert_eq!(map.allocate(ANYWHERE, 0x10_0000 - PAGE), Ok(PAGE), "and below where the search begins");
    assert_eq!(map.check(), Ok(()));
}

#[test]
fn entries_come_apart_and_together_again() {
    let map = map();
    let at = map.allocate(ANYWHERE, 8 * PAGE).unwrap();
    map.write(at, &[7; 8 * PAGE_BYTES]).unwrap();
    let middle = at + 2 * PAGE..at + 4 * PAGE;
    map.protect(&middle, false, Protection::READ, true).unwrap();
    assert_eq!(map.len(), 3);
    let refused = map.write(at + PAGE, &[1; 2 * PAGE_BYTES]);
    assert!(matches!(refused, Err(Stop::Code(KernReturn::PROTECTION_FAILURE))));
    let mut seen = [0; 1];
    map.read(at + PAGE, &mut seen).unwrap();
    assert_eq!(seen, [7], "nothing was written");
    map.inherit(&middle, Inherit::SHARE);
    map.protect(&middle, false, Protection::DEFAULT, true).unwrap();
    assert_eq!(map.len(), 3);
    map.inherit(&middle, Inherit::COPY);
    assert_eq!(map.len(), 1);
    map.deallocate(&middle);
    assert_eq!((map.len(), map.frames().pages()), (2, 6), "pages go with their addresses");
    let refused = map.read(at + PAGE, &mut [0; PAGE_BYTES + 1]);
    assert!(matches!(refused, Err(Stop::Code(KernReturn::INVALID_ADDRESS))));
    assert_eq!(map.check(), Ok(()));
    map.close();
    assert_eq!(map.frames().pages(), 0);
}

#[test]
fn a_look_up_finds_the_entry_among_many() {
    let map = map();
    for index in 0..10_000 {
        let address = 0x10_0000 + index * 2 * PAGE;
        map.allocate(Place::At { address, mask: 0 }, PAGE).unwrap();
    }
    let found = map.region(0x10_0000 + 7_777 * 2 * PAGE + 5).unwrap();
    assert_eq!(found.range.start, 0x10_0000 + 7_777 * 2 * PAGE);
    assert_eq!(map.region(0x10_0000 + 10_000 * 2 * PAGE).unwrap_err(), KernReturn::NO_SPACE);
    assert_eq!(map.check(), Ok(()));
}
