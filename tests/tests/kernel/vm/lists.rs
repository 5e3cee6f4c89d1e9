//! Darwin's calls that write to the memory of whoever calls, and those that say more or ask for less.

use generated::darwin::types::{MachVmReadEntry, MachVmReadRange, VM_FLAGS_ANYWHERE, VmReadEntry, VmReadRange};
use generated::darwin::{mach_vm, vm_map};
use mig_rt::{Address, Inherit, KernReturn, Protection, Result, SendRight, Size};
use runtime_kernel::{Resource, Task};

use super::{Calls, FREE, Form, PAGE, darwin};

impl Calls {
    fn read_overwrite(&self, from: &SendRight<Task>, (at, size): (u64, u64), to: u64) -> Result<u64> {
        let (abi, at, size, to) = (self.abi, Address(at), Size(size), Address(to));
        let read = match self.form {
            Form::MachVm => mach_vm::any::mach_vm_read_overwrite(abi, from, at, size, to),
            _ => vm_map::any::vm_read_overwrite(abi, from, at, size, to),
        };
        read.map(|it| it.0)
    }

    /// Where each range is.
    fn read_list(&self, from: &SendRight<Task>, asked: &[(u64, u64)], count: u32) -> Result<Vec<u64>> {
        let range = |index: usize| asked.get(index).copied().unwrap_or_default();
        if self.form == Form::MachVm {
            let ranges = std::array::from_fn(|it| MachVmReadRange { address: range(it).0, size: range(it).1 });
            let told = mach_vm::any::mach_vm_read_list(self.abi, from, MachVmReadEntry { ranges }, count)?;
            return Ok(told.ranges.iter().take(asked.len()).map(|it| it.address).collect());
        }
        let ranges = std::array::from_fn(|it| VmReadRange { address: Address(range(it).0), size: Size(range(it).1) });
        let told = vm_map::any::vm_read_list(self.abi, from, VmReadEntry { ranges }, count)?;
        Ok(told.ranges.iter().take(asked.len()).map(|it| it.address.0).collect())
    }

    fn page_query(&self, of: &SendRight<Task>, at: u64) -> Result<(i32, i32)> {
        if self.form == Form::MachVm {
            let it = mach_vm::any::mach_vm_page_query(self.abi, of, Address(at))?;
            return Ok((it.disposition, it.ref_count));
        }
        let it = vm_map::any::vm_map_page_query(self.abi, of, Address(at))?;
        Ok((it.disposition, it.ref_count))
    }

    fn remap_new(
        &self,
        to: &SendRight<Task>,
        size: u64,
        (from, source): (&SendRight<Task>, u64),
        (now, most): (Protection, Protection),
    ) -> Result<(u64, Protection, Protection)> {
        let (abi, size, source, none) = (self.abi, Size(size), Address(source), Address(0));
        let (flags, inherit) = (VM_FLAGS_ANYWHERE, Inherit::NONE);
        if self.form == Form::MachVm {
            let call = mach_vm::any::mach_vm_remap_new;
            let it = call(abi, to, none, size, none, flags, from, source, false, now, most, inherit)?;
            return Ok((it.target_address.0, it.cur_protection, it.max_protection));
        }
        let call = vm_map::any::vm_remap_new;
        let it = call(abi, to, none, size, none, flags, from, source, false, now, most, inherit)?;
        Ok((it.target_address.0, it.cur_protection, it.max_protection))
    }
}

#[test]
fn vm_read_overwrite() {
    darwin(|vm| {
        let (other, port) = vm.side.other();
        let at = vm.allocate(&port, 0, 2 * PAGE, true).unwrap();
        other.memory().write_bytes(Address(at), &[5; 2 * PAGE as usize]).unwrap();
        vm.pages(FREE, 2);
        let read = |range, to| vm.read_overwrite(&port, range, to);
        covers!("mach_vm_read_overwrite", "KERN_SUCCESS");
        let told = covers!("vm_read_overwrite", "KERN_SUCCESS", read((at, PAGE + 1), FREE)).unwrap();
        assert_eq!(told, PAGE + 1);
        assert_eq!((vm.byte(FREE + PAGE), vm.byte(FREE + PAGE + 1)), (Ok(5), Ok(0)));
        covers!("mach_vm_read_overwrite", "KERN_INVALID_ARGUMENT");
        let nobody = vm.read_overwrite(vm.no_task(), (at, PAGE), FREE);
        covers!("vm_read_overwrite", "KERN_INVALID_ARGUMENT", nobody);
        covers!("mach_vm_read_overwrite", "KERN_INVALID_ADDRESS");
        covers!("vm_read_overwrite", "KERN_INVALID_ADDRESS", read((at, 3 * PAGE), FREE));
        covers!("vm_read_overwrite", "KERN_INVALID_ADDRESS", read((at, PAGE), FREE + 2 * PAGE));
        vm.protect(vm.me(), (FREE, PAGE), false, Protection::READ).unwrap();
        covers!("mach_vm_read_overwrite", "KERN_PROTECTION_FAILURE");
        covers!("vm_read_overwrite", "KERN_PROTECTION_FAILURE", read((at, PAGE), FREE));
        vm.protect(&port, (at, PAGE), false, Protection::NONE).unwrap();
        covers!("vm_read_overwrite", "KERN_PROTECTION_FAILURE", read((at, PAGE), FREE + PAGE));
        vm.free(FREE, 2);
        other.terminate();
        vm.side.destroy(&[port.into_raw()]);
    });
}

#[test]
fn vm_read_list() {
    darwin(|vm| {
        vm.pages(FREE, 3);
        (0..3).for_each(|it| vm.fill(FREE + it * PAGE, 1, it as u8 + 1));
        vm.protect(vm.me(), (FREE + 2 * PAGE, PAGE), false, Protection::NONE).unwrap();
        let list = |asked: &[(u64, u64)]| vm.read_list(vm.me(), asked, asked.len() as u32);
        let asked = [(FREE + 7, 9), (FREE, 0), (FREE + PAGE, PAGE)];
        covers!("mach_vm_read_list", "KERN_SUCCESS");
        let places = covers!("vm_read_list", "KERN_SUCCESS", list(&asked)).unwrap();
        assert_eq!((vm.byte(places[0]), places[1], vm.byte(places[2])), (Ok(1), 0, Ok(2)));
        let before = vm.side.task.regions();
        covers!("mach_vm_read_list", "KERN_PROTECTION_FAILURE");
        covers!("vm_read_list", "KERN_PROTECTION_FAILURE", list(&[(FREE, 1), (FREE + 2 * PAGE, 1)]));
        covers!("mach_vm_read_list", "KERN_INVALID_ADDRESS");
        covers!("vm_read_list", "KERN_INVALID_ADDRESS", list(&[(FREE, 1), (FREE + 3 * PAGE, 1)]));
        vm.side.world.kernel.limit(Resource::Addresses, Some(1));
        covers!("mach_vm_read_list", "KERN_NO_SPACE");
        covers!("vm_read_list", "KERN_NO_SPACE", list(&asked));
        vm.side.world.kernel.limit(Resource::Addresses, None);
        assert_eq!(vm.side.task.regions(), before, "all of them or none");
        covers!("mach_vm_read_list", "KERN_INVALID_ARGUMENT");
        covers!("vm_read_list", "KERN_INVALID_ARGUMENT", vm.read_list(vm.me(), &asked, 257));
        covers!("vm_read_list", "KERN_INVALID_ARGUMENT", vm.read_list(vm.no_task(), &asked, 1));
        vm.free(places[0] / PAGE * PAGE, 1);
        vm.free(places[2], 1);
        vm.free(FREE, 3);
    });
}

#[test]
fn vm_map_page_query() {
    darwin(|vm| {
        vm.pages(FREE, 2);
        vm.fill(FREE, 1, 1);
        covers!("mach_vm_page_query", "KERN_SUCCESS");
        let there = covers!("vm_map_page_query", "KERN_SUCCESS", vm.page_query(vm.me(), FREE + 5));
        assert_eq!(there, Some((13, 1)), "present, referred to and dirty");
        assert_eq!(vm.page_query(vm.me(), FREE + PAGE).ok(), Some((0, 1)));
        assert_eq!(vm.page_query(vm.me(), FREE + 2 * PAGE).ok(), Some((0, 0)));
        covers!("mach_vm_page_query", "KERN_INVALID_ARGUMENT");
        covers!("vm_map_page_query", "KERN_INVALID_ARGUMENT", vm.page_query(vm.no_task(), FREE));
        vm.free(FREE, 2);
    });
}

#[test]
fn vm_remap_new() {
    darwin(|vm| {
        vm.pages(FREE, 2);
        vm.fill(FREE, 2, 1);
        vm.protect(vm.me(), (FREE + PAGE, PAGE), true, Protection::READ).unwrap();
        let remap = |size, rights| vm.remap_new(vm.me(), size, (vm.me(), FREE), rights);
        let read = (Protection::READ, Protection::READ);
        covers!("mach_vm_remap_new", "KERN_SUCCESS");
        let (at, now, most) = covers!("vm_remap_new", "KERN_SUCCESS", remap(2 * PAGE, read)).unwrap();
        assert_eq!((now, most), read);
        vm.fill(FREE, 1, 2);
        assert_eq!(vm.byte(at), Ok(2));
        let write = vm.memory().write(Address(at), 1_u8);
        assert_eq!(write, Err(KernReturn::PROTECTION_FAILURE), "no more than was asked for");
        vm.free(at, 2);
        let all = (Protection::DEFAULT, Protection::DEFAULT);
        covers!("mach_vm_remap_new", "KERN_PROTECTION_FAILURE");
        covers!("vm_remap_new", "KERN_PROTECTION_FAILURE", remap(2 * PAGE, all));
        covers!("vm_remap_new", "KERN_PROTECTION_FAILURE", remap(2 * PAGE, (Protection::READ, Protection::DEFAULT)));
        covers!("mach_vm_remap_new", "KERN_INVALID_ARGUMENT");
        covers!("vm_remap_new", "KERN_INVALID_ARGUMENT", remap(PAGE, (Protection::DEFAULT, Protection::READ)));
        covers!("vm_remap_new", "KERN_INVALID_ARGUMENT", remap(0, read));
        let nobody = vm.remap_new(vm.no_task(), PAGE, (vm.me(), FREE), read);
        covers!("vm_remap_new", "KERN_INVALID_ARGUMENT", nobody);
        covers!("mach_vm_remap_new", "KERN_INVALID_ADDRESS");
        covers!("vm_remap_new", "KERN_INVALID_ADDRESS", remap(3 * PAGE, read));
        vm.free(FREE, 2);
    });
}
