//! Memory is read, written and copied by messages.

use mig_rt::{KernReturn, Protection};

use super::{FREE, PAGE, Vm, each};

/// Four pages, of which the third cannot be read and the fourth not be written; behind them is nothing.
fn prepare(vm: &Vm<'_>) {
    vm.pages(FREE, 4);
    vm.fill(FREE, 4, 7);
    vm.protect(vm.me(), (FREE + 2 * PAGE, PAGE), false, Protection::NONE).unwrap();
    vm.protect(vm.me(), (FREE + 3 * PAGE, PAGE), false, Protection::READ).unwrap();
}

#[test]
fn vm_read() {
    each(|vm| {
        prepare(vm);
        covers!("mach_vm_read", "KERN_SUCCESS");
        let data = covers!("vm_read", "KERN_SUCCESS", vm.read(vm.me(), FREE + 5, PAGE)).unwrap();
        assert_eq!(data, [7; PAGE as usize]);
        assert_eq!(vm.read(vm.me(), FREE, 0).ok(), Some(Vec::new()));
        covers!("mach_vm_read", "KERN_INVALID_ARGUMENT");
        covers!("vm_read", "KERN_INVALID_ARGUMENT", vm.read(vm.no_task(), FREE, PAGE));
        if !vm.is_narrow() {
            covers!("vm_read", "KERN_INVALID_ARGUMENT", vm.read(vm.me(), FREE, 1 << 32));
        }
        covers!("mach_vm_read", "KERN_PROTECTION_FAILURE");
        covers!("vm_read", "KERN_PROTECTION_FAILURE", vm.read(vm.me(), FREE, 3 * PAGE));
        covers!("mach_vm_read", "KERN_INVALID_ADDRESS");
        covers!("vm_read", "KERN_INVALID_ADDRESS", vm.read(vm.me(), FREE + 3 * PAGE, 2 * PAGE));
        covers!("vm_read", "KERN_INVALID_ADDRESS", vm.read(vm.me(), vm.highest(), 2));
        vm.free(FREE, 4);
    });
}

#[test]
fn vm_write() {
    each(|vm| {
        prepare(vm);
        let page = [8; PAGE as usize];
        covers!("mach_vm_write", "KERN_SUCCESS");
        covers!("vm_write", "KERN_SUCCESS", vm.write(vm.me(), FREE, &page));
        assert_eq!((vm.byte(FREE), vm.byte(FREE + PAGE)), (Ok(8), Ok(7)));
        covers!("vm_write", "KERN_SUCCESS", vm.write(vm.me(), FREE + 5, &[]));
        covers!("mach_vm_write", "KERN_INVALID_ARGUMENT");
        covers!("vm_write", "KERN_INVALID_ARGUMENT", vm.write(vm.no_task(), FREE, &page));
        let (address, size) = (vm.write(vm.me(), FREE + 1, &page), vm.write(vm.me(), FREE, &page[1..]));
        if vm.is_mach3() {
            covers!("vm_write", "KERN_INVALID_ARGUMENT", address);
            covers!("vm_write", "KERN_INVALID_ARGUMENT", size);
        } else {
            covers!("vm_write", "KERN_SUCCESS", address);
            assert_eq!((vm.byte(FREE + PAGE), vm.byte(FREE + PAGE + 1)), (Ok(8), Ok(7)), "byte by byte");
        }
        covers!("mach_vm_write", "KERN_PROTECTION_FAILURE");
        covers!("vm_write", "KERN_PROTECTION_FAILURE", vm.write(vm.me(), FREE + 3 * PAGE, &page));
        covers!("mach_vm_write", "KERN_INVALID_ADDRESS");
        covers!("vm_write", "KERN_INVALID_ADDRESS", vm.write(vm.me(), FREE + 4 * PAGE, &page));
        let two = [9; 2 * PAGE as usize];
        covers!("vm_write", "KERN_PROTECTION_FAILURE", vm.write(vm.me(), FREE + PAGE, &two));
        assert_eq!(vm.byte(FREE + PAGE + 1), Ok(7), "nothing was written");
        vm.free(FREE, 4);
    });
}

#[test]
fn vm_copy() {
    each(|vm| {
        prepare(vm);
        vm.fill(FREE + PAGE, 1, 8);
        covers!("mach_vm_copy", "KERN_SUCCESS");
        covers!("vm_copy", "KERN_SUCCESS", vm.copy(vm.me(), FREE + PAGE, PAGE, FREE));
        assert_eq!((vm.byte(FREE), vm.byte(FREE + PAGE)), (Ok(8), Ok(8)));
        vm.fill(FREE, 1, 9);
        assert_eq!((vm.byte(FREE), vm.byte(FREE + PAGE)), (Ok(9), Ok(8)), "a copy is one");
        covers!("vm_copy", "KERN_SUCCESS", vm.copy(vm.me(), FREE, 0, FREE + 7));
        let copy = |from, to| vm.copy(vm.me(), from, PAGE, to);
        covers!("mach_vm_copy", "KERN_INVALID_ARGUMENT");
        covers!("vm_copy", "KERN_INVALID_ARGUMENT", vm.copy(vm.no_task(), FREE, PAGE, FREE + PAGE));
        if vm.is_mach3() {
            covers!("vm_copy", "KERN_INVALID_ARGUMENT", copy(FREE, FREE + 1));
            covers!("vm_copy", "KERN_INVALID_ARGUMENT", copy(FREE + 1, FREE));
        }
        covers!("mach_vm_copy", "KERN_PROTECTION_FAILURE");
        covers!("vm_copy", "KERN_PROTECTION_FAILURE", copy(FREE + 2 * PAGE, FREE));
        covers!("vm_copy", "KERN_PROTECTION_FAILURE", copy(FREE, FREE + 3 * PAGE));
        covers!("mach_vm_copy", "KERN_INVALID_ADDRESS");
        covers!("vm_copy", "KERN_INVALID_ADDRESS", copy(FREE + 4 * PAGE, FREE));
        covers!("vm_copy", "KERN_INVALID_ADDRESS", copy(FREE, FREE + 4 * PAGE));
        vm.free(FREE, 4);
    });
}

#[test]
fn ranges_that_overlap_are_copied_as_they_were() {
    each(|vm| {
        vm.pages(FREE, 5);
        (0..5).for_each(|it| vm.fill(FREE + it * PAGE, 1, it as u8));
        vm.copy(vm.me(), FREE, 4 * PAGE, FREE + PAGE).unwrap();
        let seen: Vec<_> = (0..5).map(|it| vm.byte(FREE + it * PAGE).unwrap()).collect();
        assert_eq!(seen, [0, 0, 1, 2, 3]);
        vm.copy(vm.me(), FREE + 2 * PAGE, 3 * PAGE, FREE).unwrap();
        let seen: Vec<_> = (0..5).map(|it| vm.byte(FREE + it * PAGE).unwrap()).collect();
        assert_eq!(seen, [1, 2, 3, 2, 3]);
        vm.free(FREE, 5);
    });
}

#[test]
fn a_task_reads_and_writes_another() {
    each(|vm| {
        let (other, port) = vm.side.other();
        let at = vm.allocate(&port, 0, PAGE, true).unwrap();
        vm.write(&port, at, &[3; PAGE as usize]).unwrap();
        assert_eq!(other.memory().read(mig_rt::Address(at)), Ok(3_u8));
        other.memory().write(mig_rt::Address(at + 9), 4_u8).unwrap();
        assert_eq!(vm.read(&port, at + 9, 2).unwrap(), [4, 3]);
        assert_eq!(vm.byte(at), Err(KernReturn::INVALID_ADDRESS));
        other.terminate();
        vm.side.destroy(&[port.into_raw()]);
    });
}
