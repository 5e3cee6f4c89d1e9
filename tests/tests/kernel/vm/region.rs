//! What is told of memory.

use generated::darwin::mach_host;
use generated::darwin::types::{VmRegionBasicInfo, VmRegionExtendedInfo, VmRegionTopInfo, VmSync};
use generated::mach3::mach;
use mig_rt::{Flavor, Inherit, Protection, SendRight, Size, flavored};
use runtime_kernel::Resource;

use super::{FREE, PAGE, darwin, each, mach3};
use crate::ports;

#[test]
fn vm_region() {
    each(|vm| {
        vm.pages(FREE, 4);
        vm.protect(vm.me(), (FREE + PAGE, PAGE), false, Protection::READ).unwrap();
        vm.inherit(vm.me(), (FREE + PAGE, PAGE), Inherit::NONE).unwrap();
        covers!("mach_vm_region", "KERN_SUCCESS");
        let found = covers!("vm_region", "KERN_SUCCESS", vm.region(vm.me(), FREE + PAGE + 77)).unwrap();
        assert_eq!((found.at, found.size, found.shared), (FREE + PAGE, PAGE, false));
        let (protection, maximum, inheritance) = (found.protection, found.maximum, found.inheritance);
        assert_eq!((protection, maximum, inheritance), (Protection::READ, Protection::ALL, Inherit::NONE));
        let above = vm.region(vm.me(), FREE - 3 * PAGE).unwrap();
        assert_eq!((above.at, above.size), (FREE, PAGE), "the next one above");
        covers!("mach_vm_region", "KERN_INVALID_ARGUMENT");
        covers!("vm_region", "KERN_INVALID_ARGUMENT", vm.region(vm.no_task(), FREE));
        let nothing = vm.region(vm.me(), FREE + 4 * PAGE);
        covers!("mach_vm_region", "KERN_INVALID_ADDRESS");
        if vm.is_mach3() {
            covers!("vm_region", "KERN_NO_SPACE", nothing);
        } else {
            covers!("vm_region", "KERN_INVALID_ADDRESS", nothing);
        }
        vm.free(FREE, 4);
    });
}

#[test]
fn flavors_of_regions() {
    darwin(|vm| {
        let abi = vm.side.abi;
        vm.pages(FREE, 4);
        vm.fill(FREE, 2, 1);
        let told = |flavor, room: &mut [u32]| vm.region_words(vm.me(), FREE, flavor, room).map(|it| it.2);
        let basic: VmRegionBasicInfo = flavored(abi, told).unwrap();
        assert_eq!((basic.protection, basic.user_wired_count), (Protection::DEFAULT, 0));
        let extended: VmRegionExtendedInfo = flavored(abi, told).unwrap();
        assert_eq!((extended.pages_resident, extended.ref_count, extended.share_mode), (2, 1, 2));
        let top: VmRegionTopInfo = flavored(abi, told).unwrap();
        assert_eq!((top.private_pages_resident, top.shared_pages_resident), (2, 0));
        covers!("vm_region", "KERN_INVALID_ARGUMENT", told(77, &mut [0; 10]));
        covers!("vm_region", "KERN_INVALID_ARGUMENT", told(VmRegionBasicInfo::NUMBER, &mut [0; 7]));
        vm.free(FREE, 4);
    });
}

#[test]
fn vm_statistics() {
    mach3(|vm| {
        let statistics = |to: &SendRight<_>| mach::any::vm_statistics(vm.side.abi, to);
        let before = covers!("vm_statistics", "KERN_SUCCESS", statistics(vm.me())).unwrap();
        vm.pages(FREE, 3);
        assert_eq!(statistics(vm.me()).unwrap().active_count, before.active_count, "nobody has touched them");
        vm.fill(FREE, 2, 1);
        vm.copy(vm.me(), FREE, PAGE, FREE + 2 * PAGE).unwrap();
        vm.fill(FREE, 1, 2);
        let after = statistics(vm.me()).unwrap();
        assert_eq!(after.pagesize, PAGE as i32);
        assert_eq!(after.active_count, before.active_count + 3);
        assert_eq!(after.free_count, before.free_count - 3);
        assert_eq!(after.zero_fill_count, before.zero_fill_count + 2);
        assert_eq!(after.cow_faults, before.cow_faults + 1, "the copy was made when its origin changed");
        assert!(after.faults >= before.faults + 3);
        covers!("vm_statistics", "KERN_INVALID_ARGUMENT", statistics(vm.no_task()));
        vm.side.world.kernel.limit(Resource::Objects, Some(0));
        covers!("vm_statistics", "KERN_RESOURCE_SHORTAGE", statistics(vm.me()));
        vm.side.world.kernel.limit(Resource::Objects, None);
        vm.free(FREE, 3);
    });
}

#[test]
fn host_page_size() {
    ports::darwin(|side| {
        let size = |of: &SendRight<_>| mach_host::any::host_page_size(side.abi, of);
        assert_eq!(covers!("host_page_size", "KERN_SUCCESS", size(&side.host)), Some(Size(PAGE)));
        covers!("host_page_size", "KERN_INVALID_ARGUMENT", size(&side.me));
    });
}

#[test]
fn vm_machine_attribute() {
    const CACHE: i32 = 1;
    const MIGRATE: i32 = 2;
    const FLUSH: i32 = 6;
    const GET: i32 = 2;
    each(|vm| {
        vm.pages(FREE, 1);
        let page = (FREE, PAGE);
        covers!("mach_vm_machine_attribute", "KERN_SUCCESS");
        let flushed = vm.machine_attribute(vm.me(), page, CACHE, FLUSH);
        assert_eq!(covers!("vm_machine_attribute", "KERN_SUCCESS", flushed), Some(FLUSH));
        let refused = |place, attribute, value| vm.machine_attribute(vm.me(), place, attribute, value);
        covers!("mach_vm_machine_attribute", "KERN_INVALID_ARGUMENT");
        covers!("vm_machine_attribute", "KERN_INVALID_ARGUMENT", refused(page, MIGRATE, GET));
        covers!("vm_machine_attribute", "KERN_INVALID_ARGUMENT", refused(page, CACHE, GET));
        let nobody = vm.machine_attribute(vm.no_task(), page, CACHE, FLUSH);
        covers!("vm_machine_attribute", "KERN_INVALID_ARGUMENT", nobody);
        let outside = refused((vm.highest() - 2 * PAGE + 1, PAGE), CACHE, FLUSH);
        let hole = refused((FREE, 2 * PAGE), CACHE, FLUSH);
        covers!("mach_vm_machine_attribute", "KERN_INVALID_ADDRESS");
        if vm.is_mach3() {
            covers!("vm_machine_attribute", "KERN_INVALID_ARGUMENT", outside);
            covers!("vm_machine_attribute", "KERN_SUCCESS", hole);
        } else {
            covers!("vm_machine_attribute", "KERN_INVALID_ADDRESS", outside);
            covers!("vm_machine_attribute", "KERN_INVALID_ADDRESS", hole);
        }
        vm.free(FREE, 1);
    });
}

#[test]
fn vm_behavior_set() {
    darwin(|vm| {
        let page = (FREE, PAGE);
        covers!("mach_vm_behavior_set", "KERN_INVALID_ARGUMENT");
        covers!("vm_behavior_set", "KERN_INVALID_ARGUMENT", vm.behavior_set(vm.me(), page, 99));
        covers!("vm_behavior_set", "KERN_INVALID_ARGUMENT", vm.behavior_set(vm.no_task(), page, 1));
        if !vm.is_narrow() {
            covers!("vm_behavior_set", "KERN_INVALID_ARGUMENT", vm.behavior_set(vm.me(), (FREE, u64::MAX), 1));
        }
        covers!("mach_vm_behavior_set", "KERN_INVALID_ADDRESS");
        covers!("vm_behavior_set", "KERN_INVALID_ADDRESS", vm.behavior_set(vm.me(), page, 1));
        vm.pages(FREE, 1);
        covers!("mach_vm_behavior_set", "KERN_SUCCESS");
        covers!("vm_behavior_set", "KERN_SUCCESS", vm.behavior_set(vm.me(), page, 2));
        let told = |flavor, room: &mut [u32]| vm.region_words(vm.me(), FREE, flavor, room).map(|it| it.2);
        let basic: VmRegionBasicInfo = flavored(vm.side.abi, told).unwrap();
        assert_eq!(basic.behavior.0, 2);
        vm.free(FREE, 1);
    });
}

#[test]
fn vm_msync() {
    darwin(|vm| {
        let both = VmSync::ASYNCHRONOUS.with(VmSync::SYNCHRONOUS);
        covers!("mach_vm_msync", "KERN_INVALID_ARGUMENT");
        covers!("vm_msync", "KERN_INVALID_ARGUMENT", vm.msync(vm.no_task(), (FREE, PAGE), both));
        covers!("mach_vm_msync", "KERN_INVALID_TASK");
        covers!("vm_msync", "KERN_INVALID_TASK", vm.msync(vm.no_task(), (FREE, PAGE), VmSync::SYNCHRONOUS));
        if !vm.is_narrow() {
            covers!("vm_msync", "KERN_INVALID_ARGUMENT", vm.msync(vm.me(), (FREE, u64::MAX), VmSync::SYNCHRONOUS));
        }
        covers!("mach_vm_msync", "KERN_SUCCESS");
        covers!("vm_msync", "KERN_SUCCESS", vm.msync(vm.me(), (FREE, PAGE), VmSync::SYNCHRONOUS));
        vm.pages(FREE, 1);
        vm.fill(FREE, 1, 7);
        let flush = VmSync::SYNCHRONOUS.with(VmSync::INVALIDATE);
        covers!("vm_msync", "KERN_SUCCESS", vm.msync(vm.me(), (FREE, PAGE), flush));
        assert_eq!(vm.byte(FREE), Ok(7), "there is nowhere else for it to be");
        covers!("mach_vm_msync", "KERN_INVALID_ADDRESS");
        covers!("vm_msync", "KERN_INVALID_ADDRESS", vm.msync(vm.me(), (FREE, 2 * PAGE), VmSync::CONTIGUOUS));
        vm.free(FREE, 1);
    });
}
