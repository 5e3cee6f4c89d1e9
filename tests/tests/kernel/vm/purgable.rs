//! Memory that its program can do without, and calls that have other names elsewhere.

use generated::darwin::types::{VM_FLAGS_ANYWHERE, VM_FLAGS_PURGABLE, VmPurgable, VmRegionBasicInfo64};
use generated::darwin::{mach_vm, vm_map, vm32_map};
use generated::mach3::gnumach;
use generated::mach3::types::VmSync;
use mig_rt::{AbiId, Address, Protection, Result, SendRight, Size, flavored};
use runtime_kernel::Task;

use super::{FREE, Form, PAGE, Vm, darwin, mach3};
use crate::ports;

const SET: VmPurgable = VmPurgable::SET_STATE;
const GET: VmPurgable = VmPurgable::GET_STATE;
const PURGE: VmPurgable = VmPurgable::PURGE_ALL;
const KEPT: i32 = 0;
const VOLATILE: i32 = 1;
const EMPTY: i32 = 2;

impl Vm<'_> {
    fn control(&self, of: &SendRight<Task>, at: u64, what: VmPurgable, state: i32) -> Result<i32> {
        if self.form == Form::MachVm {
            mach_vm::any::mach_vm_purgable_control(self.side.abi, of, Address(at), what, state)
        } else {
            vm_map::any::vm_purgable_control(self.side.abi, of, Address(at), what, state)
        }
    }

    /// Four pages that can be thrown away.
    fn purgable(&self, filled: u8) -> u64 {
        let flags = VM_FLAGS_ANYWHERE | VM_FLAGS_PURGABLE;
        let at = if self.form == Form::MachVm {
            mach_vm::any::mach_vm_allocate(self.side.abi, self.me(), Address(0), Size(4 * PAGE - 7), flags).unwrap().0
        } else {
            vm_map::any::vm_allocate(self.side.abi, self.me(), Address(0), Size(4 * PAGE - 7), flags).unwrap().0
        };
        self.fill(at, 4, filled);
        at
    }
}

#[test]
fn volatile_memory_is_thrown_away() {
    darwin(|vm| {
        let [one, two, kept] = [1, 2, 3].map(|it| vm.purgable(it));
        covers!("mach_vm_purgable_control", "KERN_SUCCESS");
        let set = |at, state| covers!("vm_purgable_control", "KERN_SUCCESS", vm.control(vm.me(), at, SET, state));
        let get = |at| covers!("vm_purgable_control", "KERN_SUCCESS", vm.control(vm.me(), at, GET, 0));
        assert_eq!((get(one), set(one, VOLATILE), set(two, VOLATILE)), (Some(KEPT), Some(KEPT), Some(KEPT)));
        // Whoever wants it back before it is gone has it.
        assert_eq!((set(two, KEPT), vm.byte(two)), (Some(VOLATILE), Ok(2)));
        set(two, VOLATILE);
        let copied = vm.copy(vm.me(), two, PAGE, kept);
        copied.unwrap();
        vm.control(vm.me(), 0, PURGE, 0).unwrap();
        assert_eq!([one, two, kept].map(get), [Some(EMPTY), Some(EMPTY), Some(KEPT)]);
        assert_eq!([one, two, kept, kept + PAGE].map(|it| vm.byte(it)), [Ok(0), Ok(0), Ok(2), Ok(3)]);
        assert_eq!(set(one, KEPT), Some(EMPTY), "it was thrown away");
        vm.fill(one, 4, 9);
        assert_eq!((set(one, EMPTY), vm.byte(one + PAGE)), (Some(KEPT), Ok(0)));
        [one, two, kept].iter().for_each(|it| vm.free(*it, 4));
    });
}

#[test]
fn other_memory_is_kept() {
    darwin(|vm| {
        let at = vm.purgable(1);
        vm.pages(FREE, 2);
        vm.fill(FREE, 1, 1);
        covers!("mach_vm_purgable_control", "KERN_INVALID_ARGUMENT");
        for (of, at, what, state) in [
            (vm.no_task(), at, GET, 0),
            (vm.me(), at, SET, 3),
            (vm.me(), at, SET, 4),
            (vm.me(), at, VmPurgable(3), 0),
            (vm.me(), FREE, SET, VOLATILE),
            (vm.me(), FREE + PAGE, GET, 0),
        ] {
            covers!("vm_purgable_control", "KERN_INVALID_ARGUMENT", vm.control(of, at, what, state));
        }
        covers!("mach_vm_purgable_control", "KERN_INVALID_ADDRESS");
        covers!("vm_purgable_control", "KERN_INVALID_ADDRESS", vm.control(vm.me(), FREE + 2 * PAGE, GET, 0));
        vm.protect(vm.me(), (at, PAGE), false, Protection::READ).unwrap();
        covers!("mach_vm_purgable_control", "KERN_PROTECTION_FAILURE");
        covers!("vm_purgable_control", "KERN_PROTECTION_FAILURE", vm.control(vm.me(), at, SET, VOLATILE));
        vm.control(vm.me(), 0, PURGE, 0).unwrap();
        assert_eq!((vm.byte(at), vm.byte(FREE)), (Ok(1), Ok(1)));
        vm.free(FREE, 2);
        vm.free(at, 4);
    });
}

/// GNU Mach's `vm_msync` of memory that no manager has.
#[test]
fn memory_is_brought_up_to_date() {
    mach3(|vm| {
        let sync = |of: &SendRight<Task>, (at, size), flags| {
            gnumach::any::vm_msync(vm.side.abi, of, Address(at), Size(size), flags)
        };
        vm.pages(FREE, 1);
        vm.fill(FREE, 1, 7);
        let (later, now) = (VmSync::ASYNCHRONOUS, VmSync::SYNCHRONOUS.with(VmSync::INVALIDATE));
        for range in [(FREE, PAGE), (FREE + 5, 3 * PAGE), (FREE, 0), (0, 0)] {
            covers!("vm_msync", "KERN_SUCCESS", sync(vm.me(), range, later));
            covers!("vm_msync", "KERN_SUCCESS", sync(vm.me(), range, now));
        }
        assert_eq!(vm.byte(FREE), Ok(7), "there is nowhere else for it to be");
        covers!("vm_msync", "KERN_INVALID_ARGUMENT", sync(vm.me(), (FREE, PAGE), later.with(now)));
        covers!("vm_msync", "KERN_INVALID_ARGUMENT", sync(vm.no_task(), (FREE, PAGE), now));
        vm.free(FREE, 1);
    });
}

/// The calls of `vm32_map` are those of `vm_map` where addresses have 32 bits anyway: one server has both.
#[test]
fn narrow_programs_are_served() {
    ports::darwin(|side| {
        if side.abi != AbiId::DarwinIlp32 {
            return;
        }
        use vm32_map::darwin_ilp32 as calls;
        let (abi, me) = (side.abi, &side.me);
        let at = calls::vm_allocate(me, 0, 8192, VM_FLAGS_ANYWHERE).unwrap();
        calls::vm_write(me, at + 5, &[1, 2, 3]).unwrap();
        calls::vm_protect(me, at + 4096, 4096, false, Protection::READ).unwrap();
        assert_eq!(calls::vm_read(me, at + 4, 5).unwrap().bytes().unwrap(), [0, 1, 2, 3, 0]);
        calls::vm_copy(me, at, 4096, at).unwrap();
        let told: VmRegionBasicInfo64 = flavored(abi, |flavor, room| {
            let out = calls::vm_region_64(me, at + 4096, flavor, room)?;
            assert_eq!((out.address, out.size), (at + 4096, 4096));
            Ok(out.info)
        })
        .unwrap();
        assert_eq!(told.protection, Protection::READ);
        let mut room = [0; 19];
        let out = calls::vm_region_recurse_64(me, at + 4096, 0, &mut room).unwrap();
        assert_eq!((out.address, out.info, room[0]), (at + 4096, 19, 1));
        calls::vm_deallocate(me, at, 8192).unwrap();
    });
}
