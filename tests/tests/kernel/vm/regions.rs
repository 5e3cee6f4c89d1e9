//! What Darwin tells of regions beyond the flavors of `vm_region`: of what is behind them, and of their pages.

use generated::darwin::types::{VmBehavior, VmInfoObject};
use generated::darwin::{mach_vm, vm_map};
use mig_rt::{Address, Inherit, Protection, Result, SendRight, Size};
use runtime_kernel::Task;

use super::{FREE, Form, PAGE, Vm, darwin};
use crate::covers::Outcome;

/// Address, size, and the words that were told.
type Told = Result<(u64, u64, Vec<u32>)>;

impl Vm<'_> {
    /// What is told of a region in so many words, with an offset of 64 bits.
    fn recurse(&self, of: &SendRight<Task>, at: u64, words: usize) -> Told {
        let (abi, mut room) = (self.side.abi, [0; 19]);
        let room = &mut room[..words];
        let (address, size, depth, count) = if self.form == Form::MachVm {
            let out = mach_vm::any::mach_vm_region_recurse(abi, of, Address(at), 7, room)?;
            (out.address, out.size, out.nesting_depth, out.info)
        } else {
            let out = vm_map::any::vm_region_recurse_64(abi, of, Address(at), 7, room)?;
            (out.address, out.size, out.nesting_depth, out.info)
        };
        assert_eq!(depth, 0, "no map is in another");
        Ok((address.0, size.0, room[..count].to_vec()))
    }
}

/// Two pages of four, which a child sees too.
fn shared(vm: &Vm<'_>) -> SendRight<Task> {
    vm.pages(FREE, 4);
    vm.inherit(vm.me(), (FREE + PAGE, 2 * PAGE), Inherit::SHARE).unwrap();
    vm.fill(FREE + 2 * PAGE, 1, 1);
    crate::tasks::Calls(vm.side.abi).task_create(vm.me(), true).unwrap()
}

#[test]
fn regions_are_told_whole() {
    darwin(|vm| {
        let child = shared(vm);
        covers!("mach_vm_region_recurse", "KERN_SUCCESS");
        let found = vm.recurse(vm.me(), FREE + PAGE + 5, 19);
        let (at, size, long) = covers!("vm_region_recurse_64", "KERN_SUCCESS", found).unwrap();
        assert_eq!((at, size, long.len()), (FREE + PAGE, 2 * PAGE, 19));
        // Rights, what a child gets, the offset, and the tag.
        assert_eq!(long[..6], [3, 7, 0, 0, 0, 0]);
        // Pages: there, private by now, away, changed; and who refers to the object.
        assert_eq!(long[6..11], [1, 0, 0, 1, 2]);
        // Seen by others, and behind nothing else; no map; no advice; the object; not wired; the object again.
        assert_eq!((long[11] >> 24, long[11] & 0xffff, long[12], long[13]), (3, 0, 0, 0));
        assert_eq!((long[15], long[17], long[18]), (0, long[14], 0));
        assert_ne!(long[14], 0);
        // Forms of earlier days, and one without the pages.
        for words in [16, 17, 18] {
            assert_eq!(vm.recurse(vm.me(), FREE + PAGE, words).unwrap().2, long[..words]);
        }
        let short = vm.recurse(vm.me(), FREE + PAGE, 12).unwrap().2;
        assert_eq!(short, [&long[..6], &long[10..16]].concat());
        for words in [0, 11] {
            let wrong = vm.recurse(vm.me(), FREE, words);
            covers!("mach_vm_region_recurse", "KERN_INVALID_ARGUMENT");
            covers!("vm_region_recurse_64", "KERN_INVALID_ARGUMENT", wrong);
        }
        covers!("vm_region_recurse_64", "KERN_INVALID_ARGUMENT", vm.recurse(vm.no_task(), FREE, 19));
        covers!("mach_vm_region_recurse", "KERN_INVALID_ADDRESS");
        covers!("vm_region_recurse_64", "KERN_INVALID_ADDRESS", vm.recurse(vm.me(), FREE + 4 * PAGE, 19));
        crate::tasks::Calls(vm.side.abi).task_terminate(&child).unwrap();
        vm.free(FREE, 4);
    });
}

#[test]
fn regions_are_told_in_the_narrow_form() {
    darwin(|vm| {
        let abi = vm.side.abi;
        let child = shared(vm);
        let recurse = |of: &SendRight<Task>, at, words: usize| {
            let mut room = [0; 19];
            let out = vm_map::any::vm_region_recurse(abi, of, Address(at), 0, &mut room[..words])?;
            Ok::<_, mig_rt::Error>((out.address.0, out.size.0, room[..out.info].to_vec()))
        };
        let found = recurse(vm.me(), FREE + PAGE, 15);
        let (at, size, words) = covers!("vm_region_recurse", "KERN_SUCCESS", found).unwrap();
        let long = vm.recurse(vm.me(), FREE + PAGE, 16).unwrap().2;
        assert_eq!((at, size), (FREE + PAGE, 2 * PAGE));
        assert_eq!(words, [&long[..4], &long[5..16]].concat(), "half of the offset");
        covers!("vm_region_recurse", "KERN_INVALID_ARGUMENT", recurse(vm.me(), FREE, 14));
        covers!("vm_region_recurse", "KERN_INVALID_ARGUMENT", recurse(vm.no_task(), FREE, 15));
        covers!("vm_region_recurse", "KERN_INVALID_ADDRESS", recurse(vm.me(), FREE + 4 * PAGE, 15));
        crate::tasks::Calls(abi).task_terminate(&child).unwrap();
        vm.free(FREE, 4);
    });
}

#[test]
fn objects_are_told() {
    darwin(|vm| {
        let abi = vm.side.abi;
        vm.pages(FREE, 4);
        let info = |of: &SendRight<Task>, at| {
            let out = vm_map::any::mach_vm_region_info(abi, of, Address(at))?;
            Ok::<_, mig_rt::Error>((out.region, out.objects.iter()?.collect::<Vec<VmInfoObject>>()))
        };
        let info_64 = |of: &SendRight<Task>, at| {
            let out = vm_map::any::mach_vm_region_info_64(abi, of, Address(at))?;
            Ok::<_, mig_rt::Error>((out.region, out.objects.iter()?.collect::<Vec<VmInfoObject>>()))
        };
        let (region, objects) = covers!("mach_vm_region_info", "KERN_SUCCESS", info(vm.me(), FREE)).unwrap();
        assert_eq!((region.vir_start, region.vir_end, region.vir_object), (0x2000_0000, 0x2000_4000, 0));
        assert!(objects.is_empty(), "nobody has touched it");
        vm.fill(FREE, 2, 1);
        let privileged = vm.side.world.kernel.host_priv_port(&vm.side.task);
        vm.wire(&privileged, vm.me(), (FREE, PAGE), Protection::READ).unwrap();
        let (region, objects) = info(vm.me(), FREE).unwrap();
        let (wide, same) = covers!("mach_vm_region_info_64", "KERN_SUCCESS", info_64(vm.me(), FREE)).unwrap();
        assert_eq!((region.vir_end, region.vir_wired_count, region.vir_inheritance), (0x2000_1000, 1, Inherit::COPY));
        assert_eq!(
            (wide.vir_object, wide.vir_offset, wide.vir_protection),
            (region.vir_object, [0, 0], Protection::DEFAULT)
        );
        let object = objects[0];
        assert_eq!((objects.len(), same.len(), same[0].vio_object), (1, 1, region.vir_object));
        assert_eq!((object.vio_size, object.vio_resident_page_count, object.vio_ref_count), (0x4000, 2, 2));
        assert!(object.vio_alive && object.vio_internal && !object.vio_pager_created);
        vm.wire(&privileged, vm.me(), (FREE, PAGE), Protection::NONE).unwrap();
        for (of, code) in [(vm.no_task(), "KERN_INVALID_TASK"), (vm.me(), "KERN_NO_SPACE")] {
            assert_eq!([info(of, FREE + 4 * PAGE).code(), info_64(of, FREE + 4 * PAGE).code()], [code; 2]);
        }
        covers!("mach_vm_region_info", "KERN_INVALID_TASK");
        covers!("mach_vm_region_info", "KERN_NO_SPACE");
        covers!("mach_vm_region_info_64", "KERN_INVALID_TASK");
        covers!("mach_vm_region_info_64", "KERN_NO_SPACE");
        vm.free(FREE, 4);
    });
}

#[test]
fn pages_are_listed() {
    darwin(|vm| {
        let abi = vm.side.abi;
        let list = |of: &SendRight<Task>| -> Result<Vec<i32>> {
            Ok(vm_map::any::vm_mapped_pages_info(abi, of)?.iter()?.collect())
        };
        let none = covers!("vm_mapped_pages_info", "KERN_SUCCESS", list(vm.me())).unwrap();
        // There may be as many untouched pages as there are addresses.
        let far = vm.allocate(vm.me(), 0x4000_0000, 0x4000_0000, false).unwrap();
        vm.pages(FREE, 4);
        vm.fill(FREE + PAGE, 1, 1);
        vm.fill(FREE + 3 * PAGE, 1, 1);
        vm.fill(far + 0x1234 * PAGE, 1, 1);
        vm.deallocate(vm.me(), FREE, PAGE).unwrap();
        let pages = list(vm.me()).unwrap();
        let new: Vec<i32> = pages.into_iter().filter(|it| !none.contains(it)).collect();
        assert_eq!(new, [0x2000_1000, 0x2000_3000, 0x4123_4000]);
        covers!("vm_mapped_pages_info", "KERN_INVALID_TASK", list(vm.no_task()));
        vm.deallocate(vm.me(), far, 0x4000_0000).unwrap();
        vm.free(FREE, 4);
    });
}

#[test]
fn single_pages_are_told() {
    darwin(|vm| {
        let abi = vm.side.abi;
        vm.pages(FREE, 4);
        vm.fill(FREE + PAGE, 2, 1);
        let info = |of: &SendRight<Task>, at, flavor, words: usize| {
            let mut room = [0; 16];
            mach_vm::any::mach_vm_page_info(abi, of, Address(at), flavor, &mut room[..words])
                .map(|count| room[..count].to_vec())
        };
        let found = info(vm.me(), FREE + PAGE + 9, 1, 16);
        let words = covers!("mach_vm_page_info", "KERN_SUCCESS", found).unwrap();
        // What it is and who refers to it; the object, the offset in it, and how far behind others.
        assert_eq!((words.len(), words[0], words[1], words[3..].to_vec()), (8, 0xd, 1, vec![0, 0x1000, 0, 0, 0]));
        assert_eq!(info(vm.me(), FREE, 1, 8).unwrap()[..2], [0, 1]);
        assert_eq!(info(vm.me(), FREE + 9 * PAGE, 1, 8).unwrap(), [0; 8]);
        for (of, flavor, words) in [(vm.no_task(), 1, 8), (vm.me(), 2, 8), (vm.me(), 1, 7)] {
            covers!("mach_vm_page_info", "KERN_INVALID_ARGUMENT", info(of, FREE, flavor, words));
        }

        let query = |of: &SendRight<Task>, (at, size), to, count| {
            mach_vm::any::mach_vm_page_range_query(abi, of, Address(at), Size(size), Address(to), Size(count))
        };
        let place = FREE + 2 * PAGE + 4;
        let told = query(vm.me(), (FREE + 5, 5 * PAGE), place, 100);
        assert_eq!(covers!("mach_vm_page_range_query", "KERN_SUCCESS", told), Some(Size(6)));
        let words: Vec<u8> = (0..28).map(|at| vm.byte(place + at).unwrap()).collect();
        let words: Vec<u32> = words.chunks(4).map(|it| u32::from_le_bytes(it.try_into().unwrap())).collect();
        assert_eq!(words, [0, 0xd, 0xd, 0, 0, 0, 0x0101_0101]);
        // No more than there is room for, and none at all.
        assert_eq!(query(vm.me(), (FREE, 4 * PAGE), place, 2).unwrap(), Size(2));
        assert_eq!(query(vm.me(), (FREE, 0), 0, 2).unwrap(), Size(0));
        assert_eq!(query(vm.me(), (FREE, PAGE), 0, 0).unwrap(), Size(0));
        covers!("mach_vm_page_range_query", "KERN_INVALID_ADDRESS", query(vm.me(), (FREE, PAGE), FREE + 9 * PAGE, 1));
        covers!("mach_vm_page_range_query", "KERN_INVALID_ARGUMENT", query(vm.me(), (FREE, u64::MAX), place, 1));
        covers!("mach_vm_page_range_query", "KERN_INVALID_ARGUMENT", query(vm.no_task(), (FREE, PAGE), place, 1));
        vm.protect(vm.me(), (FREE + 2 * PAGE, PAGE), false, Protection::READ).unwrap();
        let kept = query(vm.me(), (FREE, PAGE), place, 1);
        covers!("mach_vm_page_range_query", "KERN_PROTECTION_FAILURE", kept);
        vm.free(FREE, 4);
    });
}

/// Advice to make memory zero is followed: for just these bytes, and for whoever else sees them.
#[test]
fn memory_becomes_zero() {
    darwin(|vm| {
        let child = shared(vm);
        vm.fill(FREE, 4, 7);
        let zero = |at, size| vm.behavior_set(vm.me(), (at, size), VmBehavior::ZERO.0);
        covers!("vm_behavior_set", "KERN_SUCCESS", zero(FREE + 100, 2 * PAGE));
        let bytes = |at: u64, size: usize| vm.side.task.read(Address(at), size).unwrap();
        assert_eq!(bytes(FREE, 100), [7; 100]);
        assert!(bytes(FREE + 100, 2 * PAGE as usize).iter().all(|it| *it == 0));
        assert!(bytes(FREE + 100 + 2 * PAGE, 100).iter().all(|it| *it == 7));
        let seen = vm.side.world.kernel.tasks().into_iter().find(|it| it.name() == "task child").unwrap();
        assert_eq!(seen.read(Address(FREE + 2 * PAGE + 99), 2).unwrap(), [0, 7]);
        assert_eq!(seen.read(Address(FREE + 2 * PAGE + 100), 1).unwrap(), [7]);
        zero(FREE + 3 * PAGE + 10, 20).unwrap();
        assert_eq!(bytes(FREE + 3 * PAGE + 9, 22), [&[7][..], &[0; 20], &[7]].concat());
        covers!("mach_vm_behavior_set", "KERN_PROTECTION_FAILURE");
        vm.protect(vm.me(), (FREE + PAGE, PAGE), false, Protection::READ).unwrap();
        covers!("vm_behavior_set", "KERN_PROTECTION_FAILURE", zero(FREE, 4 * PAGE));
        assert_eq!(bytes(FREE, 1), [7], "all of it or nothing");
        covers!("vm_behavior_set", "KERN_INVALID_ADDRESS", zero(FREE + 3 * PAGE, 2 * PAGE));
        crate::tasks::Calls(vm.side.abi).task_terminate(&child).unwrap();
        vm.free(FREE, 4);
    });
}
