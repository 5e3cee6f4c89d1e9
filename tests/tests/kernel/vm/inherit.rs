//! What a new task gets of its parent's memory.

use mig_rt::{Address, Inherit, KernReturn, Protection};

use super::{FREE, PAGE, each};

#[test]
fn vm_inherit() {
    each(|vm| {
        vm.pages(FREE, 3);
        covers!("mach_vm_inherit", "KERN_SUCCESS");
        covers!("vm_inherit", "KERN_SUCCESS", vm.inherit(vm.me(), (FREE + PAGE, PAGE), Inherit::SHARE));
        assert_eq!(vm.region(vm.me(), FREE + PAGE).unwrap().inheritance, Inherit::SHARE);
        covers!("vm_inherit", "KERN_SUCCESS", vm.inherit(vm.me(), (FREE + 2 * PAGE, 5 * PAGE), Inherit::NONE));
        covers!("mach_vm_inherit", "KERN_INVALID_ARGUMENT");
        covers!("vm_inherit", "KERN_INVALID_ARGUMENT", vm.inherit(vm.me(), (FREE, PAGE), Inherit(3)));
        covers!("vm_inherit", "KERN_INVALID_ARGUMENT", vm.inherit(vm.no_task(), (FREE, PAGE), Inherit::COPY));
        vm.free(FREE, 3);
    });
}

#[test]
fn a_child_has_nothing_the_same_or_a_copy() {
    each(|vm| {
        vm.pages(FREE, 4);
        vm.fill(FREE, 2, 1);
        vm.inherit(vm.me(), (FREE + PAGE, 2 * PAGE), Inherit::SHARE).unwrap();
        vm.inherit(vm.me(), (FREE + 3 * PAGE, PAGE), Inherit::NONE).unwrap();
        vm.protect(vm.me(), (FREE, PAGE), true, Protection::DEFAULT).unwrap();
        let child = vm.side.world.kernel.fork(&vm.side.task, "child").unwrap();
        vm.fill(FREE, 3, 2);
        let seen = |page: u64| child.memory().read::<u8>(Address(FREE + page * PAGE));
        assert_eq!([seen(0), seen(1), seen(2)], [Ok(1), Ok(2), Ok(2)], "a copy, and the same, touched before or not");
        assert_eq!(seen(3), Err(KernReturn::INVALID_ADDRESS));
        child.memory().write(Address(FREE), 3_u8).unwrap();
        child.memory().write(Address(FREE + PAGE), 3_u8).unwrap();
        assert_eq!((vm.byte(FREE), vm.byte(FREE + PAGE)), (Ok(2), Ok(3)));
        assert!(vm.region(vm.me(), FREE + PAGE).unwrap().shared);
        assert!(!vm.region(vm.me(), FREE).unwrap().shared);
        assert_eq!(vm.region(vm.me(), FREE).unwrap().maximum, Protection::DEFAULT);
        // What others see is written, and not replaced.
        vm.write(vm.me(), FREE + PAGE, &[4; PAGE as usize]).unwrap();
        assert_eq!(seen(1), Ok(4));
        vm.free(FREE, 4);
        assert_eq!([seen(0), seen(1)], [Ok(3), Ok(4)], "a child's memory is its own");
        child.terminate();
    });
}

#[test]
fn a_copy_of_a_copy_is_one_too() {
    each(|vm| {
        vm.pages(FREE, 2);
        vm.fill(FREE, 2, 1);
        let kernel = &vm.side.world.kernel;
        let child = kernel.fork(&vm.side.task, "child").unwrap();
        let grandchild = kernel.fork(&child, "grandchild").unwrap();
        child.memory().write(Address(FREE), 2_u8).unwrap();
        vm.fill(FREE, 1, 3);
        let first = |task: &runtime_kernel::Task| task.memory().read::<u8>(Address(FREE));
        assert_eq!((first(&child), first(&grandchild), vm.byte(FREE)), (Ok(2), Ok(1), Ok(3)));
        assert_eq!(kernel.census().pages, 4, "the second page is still the same in all of them");
        child.terminate();
        grandchild.terminate();
        vm.free(FREE, 2);
        assert_eq!(kernel.census().pages, 0);
    });
}
