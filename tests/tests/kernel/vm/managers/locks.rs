//! Locks, cleaning and flushing: `memory_object_lock_request` with everything that it can ask for.

use generated::mach3::types::{CopyStrategy, MemoryObjectReturn};
use mig_rt::{Address, KernReturn, PortName, Protection, ReceiveRight, Size};

use super::object::{Clean, NO_CHANGE, Object, filled};
use super::told::told;
use super::{Scene, TYPED};
use crate::vm::PAGE;

/// How a page is, and what its byte is.
#[derive(Clone, Copy)]
struct Page {
    byte: u8,
    dirty: bool,
    precious: bool,
}

const fn page(byte: u8, dirty: bool, precious: bool) -> Page {
    Page { byte, dirty, precious }
}

/// Pages of every kind, and kinds that are side by side. The sixth is not there.
const PAGES: [Page; 6] = [
    page(1, false, false),
    page(2, true, false),
    page(3, true, true),
    page(4, false, true),
    page(5, false, false),
    page(7, true, false),
];
const PLACES: [u64; 6] = [0, 1, 2, 3, 4, 6];

fn supply(scene: &mut Scene, file: &Object) {
    for (page, at) in PAGES.iter().zip(PLACES) {
        let before = if page.dirty { page.byte + 100 } else { page.byte };
        file.supply_with(at * PAGE, &filled(&[before]), Protection::NONE, page.precious, false).unwrap();
        if page.dirty {
            let written = scene.writes(at, page.byte);
            assert_eq!(scene.done(written), Ok(()));
        }
    }
}

/// The messages that tell of pages, as the manual has it.
fn returned(how: Clean) -> Vec<String> {
    let mut runs: Vec<(u64, bool, Vec<u8>)> = Vec::new();
    for (page, at) in PAGES.iter().zip(PLACES) {
        let due = match how.returned {
            MemoryObjectReturn::ALL => page.dirty || page.precious,
            MemoryObjectReturn::DIRTY => page.dirty,
            _ => false,
        };
        if !due {
            continue;
        }
        match runs.last_mut() {
            Some((from, dirty, bytes)) if *from + bytes.len() as u64 == at && *dirty == page.dirty => {
                bytes.push(page.byte);
            }
            _ => runs.push((at, page.dirty, vec![page.byte])),
        }
    }
    let line = |(at, dirty, bytes): (u64, bool, Vec<u8>)| {
        let bytes: Vec<String> = bytes.iter().map(u8::to_string).collect();
        let (dirty, kept) = (if dirty { "dirty" } else { "clean" }, if how.flush { "gone" } else { "kept" });
        format!("data_return file {:#x} [{}] {dirty} {kept}", at * PAGE, bytes.join(" "))
    };
    runs.into_iter().map(line).collect()
}

/// Situation 6, and all others: whatever is asked for, of pages of every kind.
#[test]
fn pages_are_returned_flushed_and_locked() {
    covers!("memory_object_lock_request", "KERN_SUCCESS");
    covers!("memory_object_lock_completed", "KERN_SUCCESS");
    let returns = [MemoryObjectReturn::NONE, MemoryObjectReturn::DIRTY, MemoryObjectReturn::ALL];
    for (number, abi) in (0..returns.len() * 8).zip(TYPED.iter().cycle()) {
        let lock = [NO_CHANGE, Protection::NONE, Protection::WRITE, Protection::ALL][number / 2 % 4];
        let how = Clean { returned: returns[number / 8], flush: number % 2 == 1, lock, told: true };
        let mut scene = Scene::of(*abi, number as u64);
        scene.manager.is_ready(false, CopyStrategy::DELAY);
        let file = scene.manager.object("file");
        scene.map(&file);
        scene.settle();
        supply(&mut scene, &file);
        scene.lines();
        file.clean(0, 8 * PAGE, how);
        scene.settle();
        let mut wanted = returned(how);
        wanted.push("lock_completed file 0x0 0x8000".to_owned());
        let what = format!("{abi}: return {:?}, flush {}, lock {:?}", how.returned, how.flush, how.lock);
        assert_eq!(scene.lines(), wanted, "{what}");
        assert_eq!(scene.world.kernel.census().pages, if how.flush { 0 } else { 6 }, "{what}");
        what_is_left(&mut scene, &file, how, &what);
    }
}

/// Which accesses wait now, and what they wait for; what is returned once is not returned twice.
fn what_is_left(scene: &mut Scene, file: &Object, how: Clean, what: &str) {
    let seen = scene.reads(0);
    let locked = how.lock == Protection::ALL;
    assert_eq!(scene.settle().is_empty(), !how.flush && !locked, "{what}");
    let lines = scene.lines();
    if how.flush {
        assert_eq!(lines, ["data_request file 0x0 0x1000 read"], "{what}");
        file.supply(0, &[1]);
    } else if locked {
        assert_eq!(lines, ["data_unlock file 0x0 0x1000 read"], "{what}");
        file.lock(0, 8 * PAGE, Protection::NONE);
    }
    assert_eq!(scene.done(seen), Ok(1), "{what}");
    let again = Clean { returned: MemoryObjectReturn::DIRTY, told: false, ..Clean::default() };
    file.clean(0, 8 * PAGE, again);
    scene.settle();
    let still = how.returned == MemoryObjectReturn::NONE && !how.flush;
    assert_eq!(scene.lines(), if still { returned(again) } else { Vec::new() }, "{what}");
}

/// What has been returned is not dirty any more; but it is precious for as long as the kernel has it.
#[test]
fn a_precious_page_stays_precious() {
    let (mut scene, file) = Scene::ready(CopyStrategy::DELAY);
    file.supply_with(0, &filled(&[1]), Protection::NONE, true, false).unwrap();
    let written = scene.writes(0, 2);
    assert_eq!(scene.done(written), Ok(()));
    for (returned, line) in [
        (MemoryObjectReturn::DIRTY, vec!["data_return file 0x0 [2] dirty kept"]),
        (MemoryObjectReturn::DIRTY, vec![]),
        (MemoryObjectReturn::ALL, vec!["data_return file 0x0 [2] clean kept"]),
        (MemoryObjectReturn::ALL, vec!["data_return file 0x0 [2] clean kept"]),
    ] {
        file.clean(0, PAGE, Clean { returned, told: false, ..Clean::default() });
        scene.settle();
        assert_eq!(scene.lines(), line);
    }
    scene.unmap(crate::vm::FREE, 8);
    scene.settle();
    assert_eq!(scene.lines(), ["data_return file 0x0 [2] clean gone", "terminate file"]);
}

/// At most so many pages come in one message.
#[test]
fn long_runs_are_returned_in_parts() {
    let mut scene = Scene::new();
    scene.manager.is_ready(false, CopyStrategy::DELAY);
    let file = scene.manager.object("file");
    scene.map_at(&file, crate::vm::FREE, 70);
    scene.settle();
    file.supply(0, &[1; 70]);
    let written = scene.calls(|task| (0..70).try_for_each(|page| super::write(&task, page, 2)));
    assert_eq!(scene.done(written), Ok(()));
    scene.lines();
    file.clean(0, 70 * PAGE, Clean { returned: MemoryObjectReturn::DIRTY, ..Clean::default() });
    scene.settle();
    let run = |at: u64, count| format!("data_return file {:#x} [{}] dirty kept", at * PAGE, vec!["2"; count].join(" "));
    let completed = "lock_completed file 0x0 0x46000".to_owned();
    assert_eq!(scene.lines(), [run(0, 32), run(32, 32), run(64, 6), completed]);
}

/// Situation 5: a page that may not be written yet.
#[test]
fn a_locked_page_is_unlocked() {
    for abi in TYPED {
        let mut scene = Scene::of(abi, 1);
        scene.manager.is_ready(false, CopyStrategy::DELAY);
        let file = scene.manager.object("file");
        scene.map(&file);
        scene.settle();
        file.supply_with(0, &filled(&[1, 2]), Protection::WRITE, false, false).unwrap();
        let seen = scene.reads(0);
        assert_eq!(scene.done(seen), Ok(1), "{abi}: it may be read");
        scene.lines();
        let (first, second) = (scene.writes(0, 5), scene.writes(1, 6));
        assert_eq!(scene.settle().len(), 2);
        covers!("memory_object_data_unlock", "KERN_SUCCESS");
        let mut lines = scene.lines();
        lines.sort_unstable();
        assert_eq!(lines, ["data_unlock file 0x0 0x1000 write", "data_unlock file 0x1000 0x1000 write"], "{abi}");
        // What is not weaker helps nobody.
        file.lock(0, PAGE, Protection(Protection::WRITE.0 | Protection::EXECUTE.0));
        assert_eq!(scene.settle().len(), 2);
        file.lock(0, PAGE, Protection::NONE);
        assert_eq!(scene.settle(), ["writes"]);
        assert_eq!(first.join().unwrap(), Ok(()));
        file.lock(PAGE, PAGE, Protection::NONE);
        assert_eq!(scene.done(second), Ok(()));
    }
}

/// Reading may be locked too, and so the pages of those who have them already.
#[test]
fn locks_of_pages_that_are_in_use() {
    let (mut scene, file) = Scene::ready(CopyStrategy::DELAY);
    file.supply(0, &[1]);
    let written = scene.writes(0, 2);
    assert_eq!(scene.done(written), Ok(()));
    file.lock(0, PAGE, Protection::ALL);
    let (reads, writes) = (scene.reads(0), scene.writes(0, 3));
    assert_eq!(scene.settle().len(), 2);
    file.lock(0, PAGE, Protection::WRITE);
    assert_eq!(scene.settle(), ["writes"]);
    assert_eq!(reads.join().unwrap(), Ok(2));
    file.lock(0, PAGE, Protection::NONE);
    assert_eq!(scene.done(writes), Ok(()));
}

/// To say that an access will never be allowed, the page is flushed, and what is asked then fails.
#[test]
fn an_unlock_that_is_refused() {
    let (mut scene, file) = Scene::ready(CopyStrategy::DELAY);
    file.supply_with(0, &filled(&[1]), Protection::WRITE, false, false).unwrap();
    let written = scene.writes(0, 2);
    assert_eq!(scene.settle(), ["writes"]);
    file.clean(0, PAGE, Clean { flush: true, told: false, ..Clean::default() });
    assert_eq!(scene.settle(), ["writes"]);
    let lines = scene.lines();
    assert!(lines.len() == 2 && lines[1].starts_with("data_request file 0x0 0x1000"), "{lines:?}");
    file.error(0, PAGE);
    assert_eq!(scene.done(written), Err(KernReturn::MEMORY_ERROR));
}

/// A page that is asked for is not there yet: nothing is done to it, and the answer is not waited for.
#[test]
fn pages_on_their_way_are_not_cleaned() {
    let (mut scene, file) = Scene::ready(CopyStrategy::DELAY);
    let seen = scene.reads(0);
    scene.settle();
    scene.lines();
    file.clean(0, 2 * PAGE, Clean { flush: true, lock: Protection::ALL, ..Clean::default() });
    assert_eq!(scene.settle(), ["reads"]);
    assert_eq!(scene.lines(), ["lock_completed file 0x0 0x2000"]);
    file.supply(0, &[4]);
    assert_eq!(scene.done(seen), Ok(4));
}

/// A lock that is none: nothing happens, and nobody is told that it was done.
#[test]
fn locks_that_are_refused() {
    let (mut scene, file) = Scene::ready(CopyStrategy::DELAY);
    file.supply(0, &[1]);
    for lock in [9, 16, -1, i32::MIN, i32::MAX] {
        let how = Clean { lock: Protection(lock), flush: true, ..Clean::default() };
        file.clean(0, PAGE, how);
        scene.settle();
        assert_eq!(scene.lines(), ["unanswered file"], "{lock}");
        let (task, none) = (&scene.manager.task, MemoryObjectReturn::NONE);
        let null = ReceiveRight::null(task);
        let (at, size, lock) = (Address(0), Size(PAGE), Protection(lock));
        let refused = told!(*task, memory_object_lock_request(&file.control(), at, size, none, true, lock, &null));
        covers!("memory_object_lock_request", "KERN_INVALID_ARGUMENT", refused);
        let other = task.self_port();
        let refused = told!(*task, memory_object_lock_request(&other, at, size, none, true, NO_CHANGE, &null));
        covers!("memory_object_lock_request", "KERN_INVALID_ARGUMENT", refused);
        assert_eq!(null.name(), PortName::NULL);
    }
    let seen = scene.reads(0);
    assert_eq!(scene.done(seen), Ok(1), "nothing was flushed");
}
