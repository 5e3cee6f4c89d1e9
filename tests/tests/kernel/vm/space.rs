//! Addresses come and go.

use mig_rt::{Address, KernReturn, Protection, Transport};
use runtime_kernel::Resource;

use super::{FREE, PAGE, Vm, darwin, each};
use crate::world::World;

#[test]
fn vm_allocate() {
    each(|vm| {
        covers!("mach_vm_allocate", "KERN_SUCCESS");
        let at = covers!("vm_allocate", "KERN_SUCCESS", vm.allocate(vm.me(), 0, 3 * PAGE - 1, true)).unwrap();
        assert_eq!(vm.memory().read_bytes(Address(at), 3 * PAGE as usize), Ok(vec![0; 3 * PAGE as usize]));
        assert_eq!(vm.byte(at + 3 * PAGE), Err(KernReturn::INVALID_ADDRESS));
        let region = vm.region(vm.me(), at).unwrap();
        assert_eq!((region.protection, region.maximum), (Protection::DEFAULT, Protection::ALL));
        assert_eq!(vm.allocate(vm.me(), at, 0, false).ok(), Some(0), "nothing is nowhere");
        assert_eq!(vm.allocate(vm.me(), FREE + 5, PAGE, false).ok(), Some(FREE), "at the start of the page");
        assert_eq!(vm.byte(FREE), Ok(0));
        vm.free(at, 3);
        vm.free(FREE, 1);
    });
}

#[test]
fn vm_allocate_refuses() {
    each(|vm| {
        covers!("mach_vm_allocate", "KERN_INVALID_ARGUMENT");
        covers!("vm_allocate", "KERN_INVALID_ARGUMENT", vm.allocate(vm.no_task(), 0, PAGE, true));
        if !vm.is_narrow() || vm.is_mach3() {
            // Rounded up to pages, it is more than the machine can say.
            covers!("vm_allocate", "KERN_INVALID_ARGUMENT", vm.allocate(vm.me(), 0, vm.highest(), true));
        }
        covers!("mach_vm_allocate", "KERN_NO_SPACE");
        covers!("vm_allocate", "KERN_NO_SPACE", vm.allocate(vm.me(), 0, vm.highest() - PAGE + 1, true));
        vm.pages(FREE, 2);
        covers!("vm_allocate", "KERN_NO_SPACE", vm.allocate(vm.me(), FREE - PAGE, 2 * PAGE, false));
        covers!("vm_allocate", "KERN_NO_SPACE", vm.allocate(vm.me(), FREE + PAGE, PAGE, false));
        covers!("mach_vm_allocate", "KERN_INVALID_ADDRESS");
        let end = vm.highest() - PAGE + 1;
        covers!("vm_allocate", "KERN_INVALID_ADDRESS", vm.allocate(vm.me(), end - PAGE, PAGE, false));
        covers!("vm_allocate", "KERN_INVALID_ADDRESS", vm.allocate(vm.me(), 0, PAGE, false));
        covers!("vm_allocate", "KERN_INVALID_ADDRESS", vm.allocate(vm.me(), FREE, end - PAGE, false));
        let limited = |resource, anywhere| {
            vm.side.world.kernel.limit(resource, Some(0));
            let result = vm.allocate(vm.me(), FREE + 2 * PAGE, PAGE, anywhere);
            vm.side.world.kernel.limit(resource, None);
            result
        };
        covers!("mach_vm_allocate", "KERN_RESOURCE_SHORTAGE");
        covers!("vm_allocate", "KERN_RESOURCE_SHORTAGE", limited(Resource::Maps, false));
        covers!("vm_allocate", "KERN_NO_SPACE", limited(Resource::Addresses, true));
        vm.free(FREE, 2);
    });
}

#[test]
fn vm_deallocate() {
    each(|vm| {
        vm.pages(FREE, 1);
        vm.pages(FREE + 4 * PAGE, 2);
        covers!("mach_vm_deallocate", "KERN_SUCCESS");
        covers!("vm_deallocate", "KERN_SUCCESS", vm.deallocate(vm.me(), FREE, 0));
        assert_eq!(vm.byte(FREE), Ok(0));
        covers!("vm_deallocate", "KERN_SUCCESS", vm.deallocate(vm.me(), FREE + PAGE - 1, 3 * PAGE + 2));
        assert_eq!(vm.byte(FREE), Err(KernReturn::INVALID_ADDRESS), "whole pages, and holes do not matter");
        assert_eq!(vm.byte(FREE + 4 * PAGE), Err(KernReturn::INVALID_ADDRESS));
        assert_eq!(vm.byte(FREE + 5 * PAGE), Ok(0));
        covers!("mach_vm_deallocate", "KERN_INVALID_ARGUMENT");
        covers!("vm_deallocate", "KERN_INVALID_ARGUMENT", vm.deallocate(vm.no_task(), FREE, PAGE));
        beyond_the_end(vm);
        vm.free(FREE + 5 * PAGE, 1);
    });
}

/// A range that wraps is nothing in Mach 3, and a mistake in Darwin.
fn beyond_the_end(vm: &Vm<'_>) {
    let wraps = vm.deallocate(vm.me(), FREE, vm.highest() - PAGE + 1);
    if vm.is_mach3() {
        covers!("vm_deallocate", "KERN_SUCCESS", wraps);
    } else if !vm.is_narrow() {
        covers!("vm_deallocate", "KERN_INVALID_ARGUMENT", wraps);
    }
    if vm.is_mach3() || !vm.is_narrow() {
        assert_eq!(vm.byte(FREE + 5 * PAGE), Ok(0));
    } else {
        // The kernel counts in 64 bits: nothing wraps, and everything up to the end goes.
        vm.pages(FREE + 5 * PAGE, 1);
    }
    let page = vm.highest() - PAGE + 1;
    covers!("vm_deallocate", "KERN_SUCCESS", vm.deallocate(vm.me(), page - PAGE, PAGE));
}

#[test]
fn memory_can_replace_what_is_there() {
    darwin(|vm| {
        const OVERWRITE: i32 = generated::darwin::types::VM_FLAGS_OVERWRITE;
        vm.pages(FREE, 3);
        vm.fill(FREE, 3, 7);
        let (abi, at) = (vm.side.abi, Address(FREE + PAGE));
        generated::darwin::mach_vm::any::mach_vm_allocate(abi, vm.me(), at, mig_rt::Size(PAGE), OVERWRITE).unwrap();
        assert_eq!((vm.byte(FREE), vm.byte(FREE + PAGE), vm.byte(FREE + 2 * PAGE)), (Ok(7), Ok(0), Ok(7)));
        vm.free(FREE, 3);
    });
}

/// What comes too late for a task that has ended stays nowhere.
#[test]
fn a_task_that_has_ended_has_no_room() {
    let world = World::new();
    let task = world.task("task");
    task.terminate();
    assert_eq!(task.allocate(1, &mut |it| it.fill(1)).err(), Some(KernReturn::NO_SPACE));
    assert_eq!((task.regions(), world.kernel.census().pages), (0, 0));
}
