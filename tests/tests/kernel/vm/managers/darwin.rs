//! Programs of Darwin: they map what managers of Mach 3 supply, and call control ports in words of their own.

use generated::darwin::mach_vm::any as mach_vm;
use generated::darwin::memory_object_control::any as control;
use generated::darwin::types::{
    MemoryObjectAttrInfo, MemoryObjectPerfInfo, MemoryObjectReturn, VmRegionExtendedInfo, VmSync,
};
use generated::mach3::types::CopyStrategy;
use mig_rt::{AbiId, Address, Flavor, KernReturn, Protection, SendRight, Size, flavored};
use runtime_kernel::Task;

use super::object::{NO_CHANGE, Object};
use super::{Scene, calls, map, mapping, read, write};
use crate::ports::carry;
use crate::vm::{FREE, PAGE};

const DARWIN: [AbiId; 2] = [AbiId::DarwinLp64, AbiId::DarwinIlp32];

/// A program of Darwin with an object mapped whose first two pages have been written, and its control port.
fn program(abi: AbiId) -> (Scene, std::sync::Arc<Object>, Task, SendRight<Task>) {
    let mut scene = Scene::new();
    scene.manager.is_ready(false, CopyStrategy::DELAY);
    let (file, task) = (scene.manager.object("file"), scene.world.kernel.task("darwin", abi));
    let right = scene.manager.give(&file, &task);
    map(&task, mapping(&right, FREE, 4)).unwrap();
    scene.settle();
    file.supply(0, &[1, 1]);
    let written = task.spawn("writes", |task| [0, 1].map(|page| write(&task, page, 2)));
    assert_eq!(scene.done(written), [Ok(()); 2]);
    scene.lines();
    let control = carry(&scene.manager.task, &file.control(), &task);
    (scene, file, task, control)
}

#[test]
fn attributes_by_flavor() {
    for abi in DARWIN {
        let (scene, file, task, port) = program(abi);
        let all: MemoryObjectAttrInfo =
            flavored(abi, |flavor, room| control::memory_object_get_attributes(abi, &port, flavor, room)).unwrap();
        assert_eq!((all.copy_strategy.0, all.may_cache_object, all.temporary), (CopyStrategy::DELAY.0, false, false));
        let some: MemoryObjectPerfInfo =
            flavored(abi, |flavor, room| control::memory_object_get_attributes(abi, &port, flavor, room)).unwrap();
        assert_eq!((u64::from(some.cluster_size), some.may_cache), (PAGE, false));
        let set = |flavor, words: &[u32]| control::memory_object_change_attributes(abi, &port, flavor, words);
        covers!("memory_object_change_attributes", "KERN_SUCCESS", set(MemoryObjectPerfInfo::NUMBER, &[4096, 1]));
        assert_eq!(file.attributes().unwrap(), (true, true, CopyStrategy::DELAY));
        let words = [CopyStrategy::TEMPORARY.0 as u32, 4096, 0, 1];
        covers!("memory_object_change_attributes", "KERN_SUCCESS", set(MemoryObjectAttrInfo::NUMBER, &words));
        assert_eq!(file.attributes().unwrap(), (true, false, CopyStrategy::TEMPORARY));
        let wrong =
            [(MemoryObjectAttrInfo::NUMBER, &words[..3]), (MemoryObjectPerfInfo::NUMBER, &words[..]), (9, &words)];
        for (flavor, words) in wrong {
            covers!("memory_object_change_attributes", "KERN_INVALID_ARGUMENT", set(flavor, words));
        }
        let bad = [9, 4096, 0, 0];
        covers!("memory_object_change_attributes", "KERN_INVALID_ARGUMENT", set(MemoryObjectAttrInfo::NUMBER, &bad));
        let get = |flavor, room: &mut [u32]| control::memory_object_get_attributes(abi, &port, flavor, room);
        covers!("memory_object_get_attributes", "KERN_INVALID_ARGUMENT", get(9, &mut [0; 8]));
        covers!(
            "memory_object_get_attributes",
            "KERN_INVALID_ARGUMENT",
            get(MemoryObjectAttrInfo::NUMBER, &mut [0; 2])
        );
        let done = control::memory_object_synchronize_completed(abi, &port, Address(0), Size(PAGE));
        covers!("memory_object_synchronize_completed", "KERN_INVALID_ARGUMENT", done);
        task.terminate();
        drop(scene);
    }
}

/// What is told of memory says that somebody else has it.
#[test]
fn regions_are_external() {
    for abi in DARWIN {
        let (mut scene, _file, task, _port) = program(abi);
        let told = task.spawn("asks", move |task| {
            let own = task.self_port();
            let region: VmRegionExtendedInfo = flavored(abi, |flavor, room| {
                mach_vm::mach_vm_region(abi, &own, Address(FREE), flavor, room).map(|it| it.info)
            })
            .unwrap();
            let page = |it| mach_vm::mach_vm_page_query(abi, &own, Address(FREE + it * PAGE)).unwrap().disposition;
            (region.external_pager, region.pages_resident, [0, 1, 2].map(page))
        });
        assert_eq!(scene.done(told), (1, 2, [0x8d, 0x8d, 0]));
        task.terminate();
    }
}

/// Whoever has the control port has pages returned, flushed and locked.
#[test]
fn pages_are_cleaned() {
    for abi in DARWIN {
        let (mut scene, file, task, port) = program(abi);
        let lock = |page: u64, returned: i32, flags, lock| {
            let (at, size, returned) = (Address(page * PAGE), Size(PAGE), MemoryObjectReturn(returned));
            control::memory_object_lock_request(abi, &port, at, size, returned, flags, lock)
        };
        covers!("memory_object_lock_request", "KERN_SUCCESS", lock(0, 1, 0, NO_CHANGE));
        covers!("memory_object_lock_request", "KERN_SUCCESS", lock(1, 1, 1, NO_CHANGE));
        covers!("memory_object_lock_request", "KERN_INVALID_ARGUMENT", lock(0, 1, 1, Protection(9)));
        scene.settle();
        let lines = ["data_return file 0x0 [2] dirty kept", "data_return file 0x1000 [2] dirty gone"];
        assert_eq!(scene.lines(), lines, "{abi}");
        let again = task.spawn("writes", |task| write(&task, 0, 3));
        assert_eq!(scene.done(again), Ok(()));
        // Thrown away.
        lock(0, 2, 4, NO_CHANGE).unwrap();
        let seen = task.spawn("reads", |task| read(&task, 0));
        assert_eq!(scene.settle(), ["reads"], "{abi}");
        assert_eq!(scene.lines(), ["data_request file 0x0 0x1000 read"], "{abi}");
        file.supply(0, &[2]);
        assert_eq!(scene.done(seen), Ok(2));
        let destroyed = control::memory_object_destroy(abi, &port, Err(KernReturn::FAILURE));
        covers!("memory_object_destroy", "KERN_SUCCESS", destroyed);
        let late = task.spawn("reads", |task| read(&task, 0));
        assert_eq!(scene.done(late), Err(KernReturn::MEMORY_FAILURE), "{abi}");
        task.terminate();
    }
}

/// A program has what it has changed brought to where it came from.
#[test]
fn memory_is_synchronized() {
    for abi in DARWIN {
        let (mut scene, file, task, port) = program(abi);
        let sync = |pages: u64, flags| calls(&task).msync(&task.self_port(), (FREE, pages * PAGE), flags);
        covers!("vm_msync", "KERN_SUCCESS", sync(1, VmSync::ASYNCHRONOUS));
        scene.settle();
        assert_eq!(scene.lines(), ["data_return file 0x0 [2] dirty kept"], "{abi}");
        covers!("vm_msync", "KERN_SUCCESS", sync(4, VmSync::SYNCHRONOUS));
        scene.settle();
        assert_eq!(scene.lines(), ["data_return file 0x1000 [2] dirty kept"], "{abi}: once");
        let written = task.spawn("writes", |task| write(&task, 0, 4));
        assert_eq!(scene.done(written), Ok(()));
        covers!("vm_msync", "KERN_SUCCESS", sync(2, VmSync::INVALIDATE.with(VmSync::SYNCHRONOUS)));
        scene.settle();
        assert_eq!(scene.lines(), ["data_return file 0x0 [4] dirty gone"], "{abi}");
        let seen = task.spawn("reads", |task| read(&task, 0));
        assert_eq!(scene.settle(), ["reads"], "{abi}");
        file.supply(0, &[4]);
        assert_eq!(scene.done(seen), Ok(4));
        task.terminate();
        drop(port);
    }
}

/// What a program of Darwin maps elsewhere, or as a copy, is supplied by the same manager.
#[test]
fn memory_is_mapped_again() {
    for abi in DARWIN {
        let (mut scene, file, task, _port) = program(abi);
        let (own, size) = (task.self_port(), 4 * PAGE);
        for (at, copy) in [(FREE + 8 * PAGE, false), (FREE + 16 * PAGE, true)] {
            let (me, to) = (task.clone(), own.try_clone().unwrap());
            let mapped = task.spawn("maps", move |_| {
                let from = (&me.self_port(), FREE);
                calls(&me).remap(&to, (at, size, 0, 0), from, copy, mig_rt::Inherit::NONE).map(|it| it.0).ok()
            });
            assert_eq!(scene.done(mapped), Some(at), "{abi}");
        }
        let written = task.spawn("writes", |task| write(&task, 0, 9));
        assert_eq!(scene.done(written), Ok(()));
        let seen = task.spawn("reads", |task| [8, 16].map(|page| read(&task, page)));
        assert_eq!(scene.done(seen), [Ok(9), Ok(2)], "{abi}: the same, and a copy");
        let missing = task.spawn("reads", |task| [10, 18].map(|page| read(&task, page)));
        assert_eq!(scene.settle(), ["reads"]);
        assert_eq!(scene.lines(), ["data_request file 0x2000 0x1000 read"], "{abi}");
        file.supply(2 * PAGE, &[5]);
        assert_eq!(scene.done(missing), [Ok(5); 2], "{abi}");
        task.terminate();
    }
}
