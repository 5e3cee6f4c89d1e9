//! How an object comes to be supplied: it is mapped, its manager is told, and says that it is ready.

use generated::mach3::mach::any as mach;
use generated::mach3::types::CopyStrategy;
use mig_rt::{AbiId, Address, KernReturn, Protection, ReceiveRight, SendRight};
use runtime_kernel::Task;

use super::{Scene, TYPED, map, mapping, read};
use crate::vm::forms::Mapping;
use crate::vm::{FREE, PAGE};

/// Situation 1: whoever touches memory waits until its manager is ready, and then until there is data.
#[test]
fn a_fault_before_its_manager_is_ready() {
    for abi in TYPED {
        let mut scene = Scene::of(abi, 1);
        let file = scene.manager.object("file");
        scene.map(&file);
        let read = scene.reads(1);
        assert_eq!(scene.settle(), ["reads"]);
        covers!("memory_object_init", "KERN_SUCCESS");
        assert_eq!(scene.lines(), ["init file 4096"], "{abi}");
        covers!("memory_object_ready", "KERN_SUCCESS");
        file.ready(false, CopyStrategy::DELAY);
        assert_eq!(scene.settle(), ["reads"]);
        covers!("memory_object_data_request", "KERN_SUCCESS");
        assert_eq!(scene.lines(), ["data_request file 0x1000 0x1000 read"], "{abi}");
        covers!("memory_object_data_supply", "KERN_SUCCESS");
        file.supply(PAGE, &[7]);
        assert_eq!(scene.done(read), Ok(7), "{abi}");
        assert_eq!(scene.lines(), Vec::<String>::new());
    }
}

/// Mapping waits for nobody, and an object that is mapped again is the same.
#[test]
fn an_object_begins_once() {
    let mut scene = Scene::new();
    let file = scene.manager.object("file");
    scene.map(&file);
    scene.map_at(&file, FREE + 8 * PAGE, 1);
    let other = scene.world.kernel.task("other", AbiId::DarwinLp64);
    let right = scene.manager.give(&file, &other);
    map(&other, mapping(&right, FREE, 1)).unwrap();
    scene.settle();
    assert_eq!(scene.lines(), ["init file 4096"]);
    file.ready(false, CopyStrategy::DELAY);
    // One asks, and both get it.
    let reads = scene.reads(0);
    let twice = scene.reads(8);
    let there = other.spawn("reads", |task| read(&task, 0));
    scene.settle();
    assert_eq!(scene.lines(), ["data_request file 0x0 0x1000 read"]);
    file.supply(0, &[3]);
    scene.settle();
    assert_eq!([reads, twice, there].map(|it| it.join().unwrap()), [Ok(3); 3]);
    // They are the same memory.
    let written = scene.writes(8, 4);
    assert_eq!(scene.done(written), Ok(()));
    assert_eq!(read(&other, 0), Ok(4));
    other.terminate();
}

/// The old way to be ready, and back.
#[test]
fn an_object_that_is_not_ready_any_more() {
    for abi in TYPED {
        let mut scene = Scene::of(abi, 2);
        let file = scene.manager.object("file");
        scene.map(&file);
        scene.settle();
        covers!("memory_object_get_attributes", "KERN_SUCCESS");
        assert!(!file.attributes().unwrap().0);
        covers!("memory_object_set_attributes", "KERN_SUCCESS");
        file.set(true, false, CopyStrategy::DELAY);
        assert_eq!(file.attributes().unwrap(), (true, false, CopyStrategy::DELAY));
        let first = scene.reads(0);
        scene.settle();
        file.supply(0, &[1]);
        assert_eq!(scene.done(first), Ok(1));
        file.set(false, true, CopyStrategy::NONE);
        assert_eq!(file.attributes().unwrap(), (false, true, CopyStrategy::NONE));
        let second = scene.reads(1);
        assert_eq!(scene.settle(), ["reads"]);
        assert_eq!(scene.lines(), ["init file 4096", "data_request file 0x0 0x1000 read"]);
        file.set(true, false, CopyStrategy::NONE);
        assert_eq!(scene.settle(), ["reads"]);
        assert_eq!(scene.lines(), ["data_request file 0x1000 0x1000 read"]);
        file.supply(PAGE, &[2]);
        assert_eq!(scene.done(second), Ok(2));
    }
}

/// What stands for an object but is none.
#[test]
fn ports_that_cannot_be_mapped() {
    let mut scene = Scene::new();
    scene.manager.is_ready(false, CopyStrategy::DELAY);
    let file = scene.manager.object("file");
    scene.map(&file);
    scene.settle();
    let task = scene.manager.task.clone();
    let own = scene.manager.give(&file, &task);
    map(&task, mapping(&own, FREE, 1)).unwrap();
    let region = mach::vm_region(task.abi(), &task.self_port(), Address(FREE)).unwrap();
    assert_eq!(region.object_name.name(), file.cache_name(), "what init has told the manager");
    let refused = |right: SendRight<Task>| map(&task, mapping(&right, FREE + PAGE, 1)).map_err(|it| it.to_kern());
    assert_eq!(refused(region.object_name), Err(KernReturn::INVALID_ARGUMENT));
    assert_eq!(refused(file.control()), Err(KernReturn::INVALID_ARGUMENT));
    // No kernel asks programs of Darwin.
    let darwin = scene.world.kernel.task("darwin", AbiId::DarwinLp64);
    let port = ReceiveRight::new(&darwin).unwrap();
    assert_eq!(refused(darwin.give_send(&port, &task).unwrap()), Err(KernReturn::INVALID_ARGUMENT));
    drop(port);
    darwin.terminate();
}

/// What `vm_region` says of managed memory, in each place that it is mapped at.
#[test]
fn regions_of_an_object() {
    let mut scene = Scene::new();
    scene.manager.is_ready(false, CopyStrategy::DELAY);
    let (file, client) = (scene.manager.object("file"), scene.client.clone());
    let right = scene.manager.give(&file, &client);
    map(&client, Mapping { offset: 3 * PAGE, maximum: Protection::READ, ..mapping(&right, FREE, 2) }).unwrap();
    map(&client, mapping(&right, FREE + 4 * PAGE, 1)).unwrap();
    scene.settle();
    let region = |at| mach::vm_region(client.abi(), &client.self_port(), Address(at)).unwrap();
    let (first, second) = (region(FREE), region(FREE + 2 * PAGE));
    assert_eq!((first.address.0, first.size.0, first.offset.0), (FREE, 2 * PAGE, 3 * PAGE));
    assert_eq!((second.address.0, second.size.0, second.offset.0), (FREE + 4 * PAGE, PAGE, 0));
    assert!(first.object_name.is_valid());
    assert_eq!(first.object_name.name(), second.object_name.name(), "the same object");
    // Messages to a name go nowhere.
    let read = scene.reads(1);
    scene.settle();
    assert_eq!(scene.lines(), ["init file 4096", "data_request file 0x4000 0x1000 read"]);
    file.supply(4 * PAGE, &[5]);
    assert_eq!(scene.done(read), Ok(5));
}

/// An object that is mapped as a copy waits for its manager to say how copies are made.
#[test]
fn a_copy_is_mapped() {
    let mut scene = Scene::new();
    let file = scene.manager.object("file");
    let right = scene.manager.give(&file, &scene.client);
    let mapped = scene.calls(move |task| map(&task, Mapping { copy: true, ..mapping(&right, FREE, 2) }).is_ok());
    assert_eq!(scene.settle(), ["calls"]);
    assert_eq!(scene.lines(), ["init file 4096"]);
    file.ready(false, CopyStrategy::DELAY);
    assert!(scene.done(mapped));
    let written = scene.writes(0, 9);
    assert_eq!(scene.settle(), ["writes"]);
    assert_eq!(scene.lines(), ["data_request file 0x0 0x1000 read"], "the original is only read");
    file.supply(0, &[1]);
    assert_eq!(scene.done(written), Ok(()));
    scene.map_at(&file, FREE + 8 * PAGE, 2);
    let original = scene.reads(8);
    assert_eq!(scene.done(original), Ok(1));
    let copy = scene.reads(0);
    assert_eq!(scene.done(copy), Ok(9));
}
