//! Data: asked for, supplied, supplied without being asked for, and not to be had.

use generated::mach3::types::CopyStrategy;
use mig_rt::{KernReturn, Protection, Size};

use super::object::filled;
use super::told::told;
use super::{Scene, TYPED, read};
use crate::vm::{FREE, PAGE};

/// Situation 2: what is supplied before anybody asks is there when somebody does.
#[test]
fn data_that_nobody_asked_for() {
    let (mut scene, file) = Scene::ready(CopyStrategy::DELAY);
    file.supply(0, &[1, 2, 3]);
    for (page, byte) in [(0, 1), (1, 2), (2, 3)] {
        let seen = scene.reads(page);
        assert_eq!(scene.done(seen), Ok(byte));
    }
    let written = scene.writes(1, 8);
    assert_eq!(scene.done(written), Ok(()));
    assert_eq!(scene.lines(), Vec::<String>::new());
}

/// Situation 3: pages that are there stay as they are, and so does everything behind them.
#[test]
fn data_for_pages_that_are_there() {
    for abi in TYPED {
        let mut scene = Scene::of(abi, 1);
        scene.manager.is_ready(false, CopyStrategy::DELAY);
        let file = scene.manager.object("file");
        scene.map(&file);
        scene.settle();
        file.supply(2 * PAGE, &[9]);
        file.supply_with(0, &filled(&[1, 2, 3, 4]), Protection::NONE, false, true).unwrap();
        covers!("memory_object_data_supply", "KERN_MEMORY_PRESENT");
        covers!("memory_object_supply_completed", "KERN_SUCCESS");
        scene.settle();
        let told = "supply_completed file 0x0 0x4000 KERN_MEMORY_PRESENT 0x2000";
        assert_eq!(scene.lines(), ["init file 4096", told]);
        let seen: Vec<_> = (0..3).map(|page| scene.reads(page)).collect();
        scene.settle();
        let seen: Vec<_> = seen.into_iter().map(|it| it.join().unwrap()).collect();
        assert_eq!(seen, [Ok(1), Ok(2), Ok(9)], "{abi}");
        let last = scene.reads(3);
        assert_eq!(scene.settle(), ["reads"]);
        file.supply_with(3 * PAGE, &filled(&[5]), Protection::NONE, false, true).unwrap();
        assert_eq!(scene.done(last), Ok(5));
        let told = "supply_completed file 0x3000 0x1000 KERN_SUCCESS";
        let lines = scene.lines();
        assert_eq!(lines[0], "data_request file 0x3000 0x1000 read");
        assert!(lines.len() == 2 && lines[1].starts_with(told), "{lines:?}");
    }
}

/// Precious pages that are not taken are the manager's only ones: they go back.
#[test]
fn precious_data_for_pages_that_are_there() {
    let (mut scene, file) = Scene::ready(CopyStrategy::DELAY);
    file.supply(PAGE, &[9]);
    file.supply_with(0, &filled(&[1, 2, 3]), Protection::NONE, true, true).unwrap();
    scene.settle();
    let told = "supply_completed file 0x0 0x3000 KERN_MEMORY_PRESENT 0x1000";
    assert_eq!(scene.lines(), ["data_return file 0x1000 [2 3] clean gone", told]);
    let seen: Vec<_> = (0..2).map(|page| scene.reads(page)).collect();
    scene.settle();
    assert_eq!(seen.into_iter().map(|it| it.join().unwrap()).collect::<Vec<_>>(), [Ok(1), Ok(9)]);
    scene.unmap(FREE, 8);
    scene.settle();
    assert_eq!(scene.lines(), ["data_return file 0x0 [1] clean gone", "terminate file"]);
}

/// The old form.
#[test]
fn data_is_provided() {
    for abi in TYPED {
        let mut scene = Scene::of(abi, 1);
        scene.manager.is_ready(false, CopyStrategy::DELAY);
        let file = scene.manager.object("file");
        scene.map(&file);
        let waits = scene.reads(1);
        scene.settle();
        covers!("memory_object_data_provided", "KERN_SUCCESS", file.provide(0, &filled(&[1, 2]), Protection::WRITE));
        assert_eq!(scene.done(waits), Ok(2), "{abi}");
        let locked = scene.writes(0, 7);
        assert_eq!(scene.settle(), ["writes"]);
        covers!("memory_object_data_unlock", "KERN_SUCCESS");
        assert!(scene.lines().last().unwrap().starts_with("data_unlock file 0x0 0x1000"));
        file.lock(0, PAGE, Protection::NONE);
        assert_eq!(scene.done(locked), Ok(()));
    }
}

/// Situation 4: a page that the manager does not have is zero, and is the manager's like any other.
#[test]
fn data_that_is_unavailable() {
    for abi in TYPED {
        let mut scene = Scene::of(abi, 1);
        scene.manager.is_ready(false, CopyStrategy::DELAY);
        let file = scene.manager.object("file");
        scene.map(&file);
        let written = scene.writes(0, 6);
        let seen = scene.reads(1);
        scene.settle();
        covers!("memory_object_data_unavailable", "KERN_SUCCESS");
        file.unavailable(0, 2 * PAGE);
        scene.settle();
        assert_eq!((written.join().unwrap(), seen.join().unwrap()), (Ok(()), Ok(0)), "{abi}");
        scene.lines();
        scene.unmap(FREE, 8);
        scene.settle();
        covers!("memory_object_data_return", "KERN_SUCCESS");
        covers!("memory_object_terminate", "KERN_SUCCESS");
        assert_eq!(scene.lines(), ["data_return file 0x0 [6] dirty gone", "terminate file"], "{abi}");
    }
}

/// Whoever waits for what cannot be had fails, and whoever comes later asks again.
#[test]
fn data_that_cannot_be_had() {
    for abi in TYPED {
        let mut scene = Scene::of(abi, 1);
        scene.manager.is_ready(false, CopyStrategy::DELAY);
        let file = scene.manager.object("file");
        scene.map(&file);
        file_error(&mut scene, &file);
        let again = scene.reads(0);
        assert_eq!(scene.settle(), ["reads"]);
        assert_eq!(scene.lines(), ["data_request file 0x0 0x1000 read"]);
        file.supply(0, &[3]);
        assert_eq!(scene.done(again), Ok(3), "{abi}");
        // What is there does not go by an error.
        file.error(0, PAGE);
        let there = scene.reads(0);
        assert_eq!(scene.done(there), Ok(3));
        // Nor does an error stay that nobody waited for.
        file.error(PAGE, PAGE);
        let next = scene.reads(1);
        assert_eq!(scene.settle(), ["reads"]);
        file.supply(PAGE, &[4]);
        assert_eq!(scene.done(next), Ok(4));
    }
}

fn file_error(scene: &mut Scene, file: &super::object::Object) {
    let (read, written) = (scene.reads(0), scene.writes(1, 1));
    scene.settle();
    assert_eq!(scene.lines().len(), 3);
    covers!("memory_object_data_error", "KERN_SUCCESS");
    file.error(0, 2 * PAGE);
    scene.settle();
    assert_eq!(read.join().unwrap(), Err(KernReturn::MEMORY_ERROR));
    assert_eq!(written.join().unwrap(), Err(KernReturn::MEMORY_ERROR));
}

/// The message is wrong: whoever looks is told so, data is dropped, and whoever waits goes on waiting.
#[test]
fn messages_about_data_that_are_refused() {
    let (mut scene, file) = Scene::ready(CopyStrategy::DELAY);
    let waits = scene.reads(0);
    scene.settle();
    scene.lines();
    let (all, page, wrong) = (filled(&[1]), Size(PAGE), Protection(9));
    let at = mig_rt::Address;
    for (offset, data, lock) in [
        (at(1), &all[..], Protection::NONE),
        (at(0), &all[1..], Protection::NONE),
        (at(0), &all[..], wrong),
        (at(0), &all[..], Protection(-1)),
        (at(PAGE - 1), &all[..100], Protection::NONE),
    ] {
        let null = mig_rt::ReceiveRight::null(&scene.manager.task);
        let refused = told!(
            scene.manager.task,
            memory_object_data_supply(&file.control(), offset, data.into(), lock, false, &null)
        );
        covers!("memory_object_data_supply", "KERN_INVALID_ARGUMENT", refused);
        let refused = told!(scene.manager.task, memory_object_data_provided(&file.control(), offset, data, lock));
        covers!("memory_object_data_provided", "KERN_INVALID_ARGUMENT", refused);
    }
    for (offset, size) in [(at(0), Size(PAGE - 1)), (at(0), Size(1))] {
        let refused = told!(scene.manager.task, memory_object_data_unavailable(&file.control(), offset, size));
        covers!("memory_object_data_unavailable", "KERN_INVALID_ARGUMENT", refused);
        let refused = told!(scene.manager.task, memory_object_data_error(&file.control(), offset, size, Ok(())));
        covers!("memory_object_data_error", "KERN_INVALID_ARGUMENT", refused);
    }
    assert_eq!(scene.settle(), ["reads"]);
    assert_eq!(scene.lines(), Vec::<String>::new());
    assert_eq!(scene.world.kernel.census().pages, 0, "nothing was taken");
    let fine = told!(scene.manager.task, memory_object_data_unavailable(&file.control(), at(0), page));
    assert_eq!(fine, Ok(()));
    assert_eq!(scene.done(waits), Ok(0));
}

/// A right to answer that comes with data which is refused goes away unused.
#[test]
fn a_refused_supply_has_no_completion() {
    let (mut scene, file) = Scene::ready(CopyStrategy::DELAY);
    file.supply_with(1, &filled(&[1]), Protection::NONE, false, true).unwrap();
    scene.settle();
    assert_eq!(scene.lines(), ["unanswered file"]);
}

/// Nobody may call a port that controls nothing.
#[test]
fn calls_of_other_ports() {
    let (mut scene, file) = Scene::ready(CopyStrategy::DELAY);
    let task = scene.manager.task.clone();
    let (other, null) = (task.self_port(), mig_rt::ReceiveRight::null(&task));
    let (at, page, data) = (mig_rt::Address(0), Size(PAGE), filled(&[1]));
    let none = Protection::NONE;
    let supplied = told!(task, memory_object_data_supply(&other, at, (&data[..]).into(), none, false, &null));
    covers!("memory_object_data_supply", "KERN_INVALID_ARGUMENT", supplied);
    let provided = told!(task, memory_object_data_provided(&other, at, &data, none));
    covers!("memory_object_data_provided", "KERN_INVALID_ARGUMENT", provided);
    let unavailable = told!(task, memory_object_data_unavailable(&other, at, page));
    covers!("memory_object_data_unavailable", "KERN_INVALID_ARGUMENT", unavailable);
    let failed = told!(task, memory_object_data_error(&other, at, page, Ok(())));
    covers!("memory_object_data_error", "KERN_INVALID_ARGUMENT", failed);
    let ready = told!(task, memory_object_ready(&other, false, CopyStrategy::NONE));
    covers!("memory_object_ready", "KERN_INVALID_ARGUMENT", ready);
    let set = told!(task, memory_object_set_attributes(&other, true, false, CopyStrategy::NONE));
    covers!("memory_object_set_attributes", "KERN_INVALID_ARGUMENT", set);
    let changed = told!(task, memory_object_change_attributes(&other, false, CopyStrategy::NONE, &null));
    covers!("memory_object_change_attributes", "KERN_INVALID_ARGUMENT", changed);
    let destroyed = told!(task, memory_object_destroy(&other, Ok(())));
    covers!("memory_object_destroy", "KERN_INVALID_ARGUMENT", destroyed);
    let attributes = generated::mach3::mach::any::memory_object_get_attributes(task.abi(), &other).map(drop);
    covers!("memory_object_get_attributes", "KERN_INVALID_ARGUMENT", attributes);
    file.supply(0, &[1]);
    let seen = scene.reads(0);
    assert_eq!(scene.done(seen), Ok(1));
}

/// The program that touches what cannot be had gets an exception; whoever handles none ends.
#[test]
fn an_error_is_an_exception() {
    let (mut scene, file) = Scene::ready(CopyStrategy::DELAY);
    let touches = scene.calls(|task| task.memory().read::<u8>(mig_rt::Address(FREE)).is_ok());
    scene.settle();
    file.error(0, PAGE);
    scene.settle();
    assert!(touches.join().unwrap_err().is::<runtime_kernel::Terminated>());
    assert_eq!(read(&scene.client, 0), Err(KernReturn::INVALID_ADDRESS));
    scene.settle();
    assert_eq!(scene.lines().last().unwrap(), "terminate file");
}
