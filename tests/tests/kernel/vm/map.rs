//! Memory is mapped: new memory, memory of ports, and memory of other places.

use generated::darwin::types::{VM_FLAGS_ANYWHERE, VM_FLAGS_OVERWRITE};
use mig_rt::{Address, Inherit, KernReturn, Protection, SendRight};
use runtime_kernel::{Resource, Task};

use super::forms::Mapping;
use super::{FREE, PAGE, Vm, darwin, each};

/// Makes new memory (`MAP_MEM_NAMED_CREATE`).
const CREATE: i32 = 0x2_0000;

/// Two pages at the usual place.
fn mapping(object: &SendRight<Task>) -> Mapping<'_> {
    Mapping {
        at: FREE,
        size: 2 * PAGE,
        mask: 0,
        anywhere: false,
        object,
        offset: 0,
        copy: false,
        protection: Protection::DEFAULT,
        maximum: Protection::ALL,
        inheritance: Inherit::COPY,
    }
}

#[test]
fn vm_map() {
    each(|vm| {
        let null = SendRight::null(&vm.side.task);
        let new = mapping(&null);
        covers!("mach_vm_map", "KERN_SUCCESS");
        let at = vm.map(vm.me(), Mapping { at: FREE + 9, size: PAGE + 1, offset: 77, copy: true, ..new });
        assert_eq!(covers!("vm_map", "KERN_SUCCESS", at), Some(FREE), "the address is truncated, the size rounded up");
        assert_eq!((vm.byte(FREE), vm.byte(FREE + 2 * PAGE - 1)), (Ok(0), Ok(0)));
        let masked = Mapping { anywhere: true, mask: 0xf_ffff, ..new };
        let at = covers!("vm_map", "KERN_SUCCESS", vm.map(vm.me(), masked)).unwrap();
        assert_eq!(at & 0xf_ffff, 0);
        vm.free(at, 2);
        let narrow = Mapping { at: FREE + 4 * PAGE, protection: Protection::READ, inheritance: Inherit::NONE, ..new };
        vm.map(vm.me(), Mapping { maximum: Protection::READ, ..narrow }).unwrap();
        let region = vm.region(vm.me(), FREE + 4 * PAGE).unwrap();
        assert_eq!(
            (region.protection, region.maximum, region.inheritance),
            (Protection::READ, Protection::READ, Inherit::NONE)
        );
        vm.free(FREE, 6);
    });
}

#[test]
fn vm_map_refuses() {
    each(|vm| {
        let null = SendRight::null(&vm.side.task);
        let new = mapping(&null);
        let map = |it| vm.map(vm.me(), it);
        covers!("mach_vm_map", "KERN_INVALID_ARGUMENT");
        covers!("vm_map", "KERN_INVALID_ARGUMENT", vm.map(vm.no_task(), new));
        covers!("vm_map", "KERN_INVALID_ARGUMENT", map(Mapping { protection: Protection(8), ..new }));
        covers!("vm_map", "KERN_INVALID_ARGUMENT", map(Mapping { maximum: Protection(8), ..new }));
        covers!("vm_map", "KERN_INVALID_ARGUMENT", map(Mapping { inheritance: Inherit(3), ..new }));
        covers!("vm_map", "KERN_INVALID_ARGUMENT", map(Mapping { size: 0, anywhere: true, ..new }));
        covers!("vm_map", "KERN_INVALID_ARGUMENT", map(Mapping { object: vm.me(), ..new }));
        let beyond = map(Mapping { maximum: Protection::READ, ..new });
        covers!("mach_vm_map", "KERN_INVALID_ADDRESS");
        if vm.is_mach3() {
            covers!("vm_map", "KERN_SUCCESS", beyond);
            vm.free(FREE, 2);
            covers!("vm_map", "KERN_INVALID_ADDRESS", map(Mapping { size: 0, ..new }));
        } else {
            covers!("vm_map", "KERN_INVALID_ARGUMENT", beyond);
        }
        covers!("vm_map", "KERN_INVALID_ADDRESS", map(Mapping { at: vm.highest() - 3 * PAGE, ..new }));
        covers!("mach_vm_map", "KERN_NO_SPACE");
        covers!("vm_map", "KERN_NO_SPACE", map(Mapping { mask: FREE, ..new }));
        covers!("vm_map", "KERN_NO_SPACE", map(Mapping { mask: vm.highest(), anywhere: true, ..new }));
        vm.pages(FREE + PAGE, 1);
        covers!("vm_map", "KERN_NO_SPACE", map(new));
        vm.free(FREE + PAGE, 1);
        vm.side.world.kernel.limit(Resource::Maps, Some(0));
        covers!("mach_vm_map", "KERN_RESOURCE_SHORTAGE");
        covers!("vm_map", "KERN_RESOURCE_SHORTAGE", map(new));
        vm.side.world.kernel.limit(Resource::Maps, None);
    });
}

#[test]
fn memory_of_a_port_is_mapped_by_whoever_has_it() {
    darwin(|vm| {
        let null = SendRight::null(&vm.side.task);
        vm.pages(FREE, 4);
        vm.fill(FREE, 4, 1);
        let made = vm.memory_entry(vm.me(), (FREE + PAGE, 2 * PAGE), 3, &null);
        let (size, entry) = covers!("mach_make_memory_entry", "KERN_SUCCESS", made).unwrap();
        assert_eq!(size, 2 * PAGE);
        let there = FREE + 0x10_0000;
        let map = |it: Mapping<'_>| vm.map(vm.me(), Mapping { at: there, object: &entry, ..it });
        map(mapping(&null)).unwrap();
        vm.fill(FREE + PAGE, 1, 2);
        vm.memory().write(Address(there + PAGE), 3_u8).unwrap();
        assert_eq!((vm.byte(there), vm.byte(FREE + 2 * PAGE)), (Ok(2), Ok(3)), "the same memory at two places");
        assert!(vm.region(vm.me(), there).unwrap().shared);
        vm.free(there, 2);
        map(Mapping { copy: true, size: PAGE, offset: PAGE, ..mapping(&null) }).unwrap();
        vm.fill(FREE, 4, 4);
        assert_eq!((vm.byte(there), vm.byte(there + PAGE)), (Ok(3), Err(KernReturn::INVALID_ADDRESS)));
        vm.free(there, 1);
        covers!("vm_map", "KERN_INVALID_ARGUMENT", map(Mapping { size: 3 * PAGE, ..mapping(&null) }));
        covers!("vm_map", "KERN_INVALID_ARGUMENT", map(Mapping { protection: Protection::ALL, ..mapping(&null) }));
        vm.free(FREE, 4);
        map(mapping(&null)).unwrap();
        assert_eq!(vm.byte(there), Ok(4), "it lives as long as the port");
        drop(entry);
        assert_eq!(vm.byte(there), Ok(4), "and as long as it is mapped");
        vm.free(there, 2);
        assert_eq!(vm.side.world.kernel.census().pages, 0);
    });
}

#[test]
fn mach_make_memory_entry() {
    darwin(|vm| {
        let null = SendRight::null(&vm.side.task);
        let make = |place, permission, parent| vm.memory_entry(vm.me(), place, permission, parent).map(|it| it.0);
        vm.pages(FREE, 1);
        vm.protect(vm.me(), (FREE, PAGE), false, Protection::READ).unwrap();
        assert_eq!(make((FREE, 5 * PAGE), 1, &null).ok(), Some(PAGE), "as much as there is");
        covers!("mach_make_memory_entry", "KERN_PROTECTION_FAILURE", make((FREE, PAGE), 3, &null));
        covers!("mach_make_memory_entry", "KERN_INVALID_ADDRESS", make((FREE + PAGE, PAGE), 1, &null));
        covers!("mach_make_memory_entry", "KERN_INVALID_ARGUMENT", make((FREE, 0), 1, &null));
        covers!("mach_make_memory_entry", "KERN_INVALID_ARGUMENT", make((FREE, PAGE), 0x100, &null));
        covers!("mach_make_memory_entry", "KERN_INVALID_ARGUMENT", make((FREE, PAGE), 1, vm.me()));
        let nobody = vm.memory_entry(vm.no_task(), (FREE, PAGE), 1, &null).map(|it| it.0);
        covers!("mach_make_memory_entry", "KERN_INVALID_ARGUMENT", nobody);
        vm.free(FREE, 1);
        let made = vm.memory_entry(vm.me(), (0, 3 * PAGE), CREATE | 1, &null);
        let (size, parent) = covers!("mach_make_memory_entry", "KERN_SUCCESS", made).unwrap();
        assert_eq!(size, 3 * PAGE);
        assert_eq!(make((PAGE, PAGE), 1, &parent).ok(), Some(PAGE), "a part of another");
        covers!("mach_make_memory_entry", "KERN_INVALID_RIGHT", make((PAGE, PAGE), 3, &parent));
        covers!("mach_make_memory_entry", "KERN_INVALID_ARGUMENT", make((PAGE, 3 * PAGE), 1, &parent));
    });
}

#[test]
fn vm_remap() {
    darwin(|vm| {
        vm.pages(FREE, 3);
        vm.fill(FREE, 3, 1);
        vm.protect(vm.me(), (FREE + 2 * PAGE, PAGE), true, Protection::READ).unwrap();
        let anywhere = (0, 3 * PAGE, 0, VM_FLAGS_ANYWHERE);
        let remap = |to, copy| vm.remap(vm.me(), to, (vm.me(), FREE), copy, Inherit::SHARE);
        covers!("mach_vm_remap", "KERN_SUCCESS");
        let (same, now, most) = covers!("vm_remap", "KERN_SUCCESS", remap(anywhere, false)).unwrap();
        assert_eq!((now, most), (Protection::READ, Protection::READ), "what is allowed everywhere");
        let (copy, ..) = covers!("vm_remap", "KERN_SUCCESS", remap(anywhere, true)).unwrap();
        vm.fill(FREE, 2, 2);
        assert_eq!((vm.byte(same), vm.byte(copy)), (Ok(2), Ok(1)));
        assert_eq!(vm.region(vm.me(), same).unwrap().inheritance, Inherit::SHARE);
        assert_eq!(remap((copy, 3 * PAGE, 0, VM_FLAGS_OVERWRITE), true).unwrap().0, copy);
        assert_eq!(vm.byte(copy), Ok(2), "a newer copy");
        covers!("mach_vm_remap", "KERN_NO_SPACE");
        covers!("vm_remap", "KERN_NO_SPACE", remap((copy, 3 * PAGE, 0, 0), true));
        [same, copy, FREE].iter().for_each(|it| vm.free(*it, 3));
        covers!("mach_vm_remap", "KERN_INVALID_ADDRESS");
        covers!("vm_remap", "KERN_INVALID_ADDRESS", remap(anywhere, false));
        covers!("mach_vm_remap", "KERN_INVALID_ARGUMENT");
        covers!("vm_remap", "KERN_INVALID_ARGUMENT", remap((0, 0, 0, VM_FLAGS_ANYWHERE), false));
        remap_refuses(vm);
    });
}

fn remap_refuses(vm: &Vm<'_>) {
    let anywhere = (0, PAGE, 0, VM_FLAGS_ANYWHERE);
    let bad = vm.remap(vm.me(), anywhere, (vm.me(), FREE), false, Inherit(3));
    covers!("vm_remap", "KERN_INVALID_ARGUMENT", bad);
    let nowhere = vm.remap(vm.no_task(), anywhere, (vm.me(), FREE), false, Inherit::COPY);
    covers!("vm_remap", "KERN_INVALID_ARGUMENT", nowhere);
    let of_nobody = vm.remap(vm.me(), anywhere, (vm.no_task(), FREE), false, Inherit::COPY);
    covers!("vm_remap", "KERN_INVALID_ARGUMENT", of_nobody);
}
