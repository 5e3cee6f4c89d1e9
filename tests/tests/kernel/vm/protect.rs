//! What may be done with memory.

use mig_rt::{KernReturn, Protection};

use super::{FREE, PAGE, each};

#[test]
fn vm_protect() {
    each(|vm| {
        vm.pages(FREE, 3);
        vm.fill(FREE, 3, 7);
        let middle = (FREE + PAGE, PAGE);
        covers!("mach_vm_protect", "KERN_SUCCESS");
        covers!("vm_protect", "KERN_SUCCESS", vm.protect(vm.me(), middle, false, Protection::READ));
        assert_eq!(vm.byte(FREE + PAGE), Ok(7));
        let write = |at| vm.memory().write(mig_rt::Address(at), 8_u8);
        assert_eq!(write(FREE + PAGE), Err(KernReturn::PROTECTION_FAILURE));
        assert_eq!((write(FREE), write(FREE + 2 * PAGE)), (Ok(()), Ok(())));
        covers!("vm_protect", "KERN_SUCCESS", vm.protect(vm.me(), middle, true, Protection::WRITE));
        let region = vm.region(vm.me(), FREE + PAGE).unwrap();
        assert_eq!((region.protection, region.maximum), (Protection::NONE, Protection::WRITE), "both are lowered");
        assert_eq!(vm.byte(FREE + PAGE), Err(KernReturn::PROTECTION_FAILURE));
        covers!("mach_vm_protect", "KERN_PROTECTION_FAILURE");
        let all = (FREE, 3 * PAGE);
        covers!("vm_protect", "KERN_PROTECTION_FAILURE", vm.protect(vm.me(), all, false, Protection::READ));
        assert_eq!(vm.region(vm.me(), FREE).unwrap().protection, Protection::DEFAULT, "nothing has changed");
        covers!("mach_vm_protect", "KERN_INVALID_ARGUMENT");
        covers!("vm_protect", "KERN_INVALID_ARGUMENT", vm.protect(vm.me(), all, false, Protection(8)));
        covers!("vm_protect", "KERN_INVALID_ARGUMENT", vm.protect(vm.no_task(), all, false, Protection::READ));
        let holes = vm.protect(vm.me(), (FREE + 2 * PAGE, 2 * PAGE), false, Protection::READ);
        covers!("mach_vm_protect", "KERN_INVALID_ADDRESS");
        if vm.is_mach3() {
            covers!("vm_protect", "KERN_SUCCESS", holes);
        } else {
            covers!("vm_protect", "KERN_INVALID_ADDRESS", holes);
            assert_eq!(vm.protect(vm.me(), (FREE, 0), false, Protection::NONE).err(), None);
        }
        vm.free(FREE, 3);
    });
}

#[test]
fn a_size_of_nothing_is_the_rest_of_a_page_in_mach_3() {
    super::mach3(|vm| {
        vm.pages(FREE, 2);
        vm.protect(vm.me(), (FREE, 0), false, Protection::NONE).unwrap();
        assert_eq!(vm.byte(FREE), Ok(0), "from page to page");
        vm.protect(vm.me(), (FREE + 1, 0), false, Protection::NONE).unwrap();
        assert_eq!((vm.byte(FREE), vm.byte(FREE + PAGE)), (Err(KernReturn::PROTECTION_FAILURE), Ok(0)));
        vm.free(FREE, 2);
    });
}
