//! `mach_vm` of Darwin.

use generated::darwin::mach_vm::{
    MachVmServer, mach_make_memory_entry, mach_vm_page_query, mach_vm_region, mach_vm_remap, mach_vm_remap_new,
};
use generated::darwin::types::{MachVmReadEntry, MachineAttribute, MachineAttributeValue, VmBehavior, VmSync};
use mig_rt::{Address, Inherit, KernReturn, Protection, Region, Room, SendRight, Size};

use super::vm;
use crate::in_kernel::InKernel;
use crate::server::vm::{self as common, Mapping, Source};
use crate::server::{Maybe, Server};
use crate::task::TaskObject;

impl MachVmServer<InKernel> for Server {
    fn mach_vm_allocate(
        &mut self,
        target: Maybe<TaskObject>,
        address: Address,
        size: Size,
        flags: i32,
    ) -> Result<Address, KernReturn> {
        vm::allocate(target.task()?, address, size, flags)
    }

    fn mach_vm_deallocate(
        &mut self,
        target: Maybe<TaskObject>,
        address: Address,
        size: Size,
    ) -> Result<(), KernReturn> {
        vm::deallocate(target.task()?, address, size)
    }

    fn mach_vm_protect(
        &mut self,
        target_task: Maybe<TaskObject>,
        address: Address,
        size: Size,
        set_maximum: bool,
        new_protection: Protection,
    ) -> Result<(), KernReturn> {
        vm::protect(target_task.task()?, (address, size), set_maximum, new_protection)
    }

    fn mach_vm_inherit(
        &mut self,
        target_task: Maybe<TaskObject>,
        address: Address,
        size: Size,
        new_inheritance: Inherit,
    ) -> Result<(), KernReturn> {
        vm::inherit(target_task.task()?, (address, size), new_inheritance)
    }

    fn mach_vm_read(
        &mut self,
        target_task: Maybe<TaskObject>,
        address: Address,
        size: Size,
    ) -> Result<Region<InKernel, u8>, KernReturn> {
        common::read(target_task.task()?, address, size)
    }

    fn mach_vm_write(
        &mut self,
        target_task: Maybe<TaskObject>,
        address: Address,
        data: Region<InKernel, u8>,
    ) -> Result<(), KernReturn> {
        common::write(target_task.task()?, address, data, false)
    }

    fn mach_vm_copy(
        &mut self,
        target_task: Maybe<TaskObject>,
        source_address: Address,
        size: Size,
        dest_address: Address,
    ) -> Result<(), KernReturn> {
        common::copy(target_task.task()?, source_address, size, dest_address, false)
    }

    fn mach_vm_msync(
        &mut self,
        target_task: Maybe<TaskObject>,
        address: Address,
        size: Size,
        sync_flags: VmSync,
    ) -> Result<(), KernReturn> {
        vm::msync(&target_task, address, size, sync_flags)
    }

    fn mach_vm_behavior_set(
        &mut self,
        target_task: Maybe<TaskObject>,
        address: Address,
        size: Size,
        new_behavior: VmBehavior,
    ) -> Result<(), KernReturn> {
        vm::behave(&target_task, (address, size), new_behavior)
    }

    fn mach_vm_map(
        &mut self,
        target_task: Maybe<TaskObject>,
        address: Address,
        size: Size,
        mask: Address,
        flags: i32,
        object: Source,
        offset: Address,
        copy: bool,
        protection: Protection,
        maximum: Protection,
        inheritance: Inherit,
    ) -> Result<Address, KernReturn> {
        let mapping = Mapping { offset, copy, protection, maximum, inheritance };
        vm::map(target_task.task()?, (address, size, mask), flags, &object, mapping)
    }

    fn mach_vm_machine_attribute(
        &mut self,
        target_task: Maybe<TaskObject>,
        address: Address,
        size: Size,
        attribute: MachineAttribute,
        value: MachineAttributeValue,
    ) -> Result<MachineAttributeValue, KernReturn> {
        vm::machine_attribute(target_task.task()?, (address, size), attribute, value)
    }

    fn mach_vm_remap(
        &mut self,
        target_task: Maybe<TaskObject>,
        target_address: Address,
        size: Size,
        mask: Address,
        flags: i32,
        src_task: Maybe<TaskObject>,
        src_address: Address,
        copy: bool,
        inheritance: Inherit,
    ) -> Result<mach_vm_remap::Out, KernReturn> {
        let source = (src_task.task()?, src_address);
        let target = (target_address, size, mask);
        let (target_address, cur_protection, max_protection) =
            vm::remap(target_task.task()?, target, flags, source, copy, inheritance)?;
        Ok(mach_vm_remap::Out { target_address, cur_protection, max_protection })
    }

    fn mach_vm_region(
        &mut self,
        target_task: Maybe<TaskObject>,
        address: Address,
        flavor: i32,
        info: &mut Room<'_, u32>,
    ) -> Result<mach_vm_region::Results<InKernel>, KernReturn> {
        let (address, size) = vm::region(target_task.task()?, address, flavor, info)?;
        Ok(mach_vm_region::Results { address, size, object_name: SendRight::null(&InKernel) })
    }

    fn mach_make_memory_entry(
        &mut self,
        target_task: Maybe<TaskObject>,
        size: Size,
        offset: Address,
        permission: Protection,
        parent_handle: Source,
    ) -> Result<mach_make_memory_entry::Results<SendRight<InKernel>>, KernReturn> {
        let (size, object_handle) =
            vm::memory_entry(target_task.task()?, (offset.0, size.0), permission, &parent_handle)?;
        Ok(mach_make_memory_entry::Results { size: Size(size), object_handle })
    }

    fn mach_vm_read_list(
        &mut self,
        target_task: Maybe<TaskObject>,
        mut data_list: MachVmReadEntry,
        count: u32,
    ) -> Result<MachVmReadEntry, KernReturn> {
        let task = target_task.task()?;
        let ranges = data_list.ranges.get_mut(..count as usize).ok_or(KernReturn::INVALID_ARGUMENT)?;
        let places = vm::read_list(task, &mut ranges.iter().map(|it| (it.address, it.size)))?;
        ranges.iter_mut().zip(places).for_each(|(it, place)| it.address = place);
        Ok(data_list)
    }

    fn mach_vm_read_overwrite(
        &mut self,
        target_task: Maybe<TaskObject>,
        address: Address,
        size: Size,
        data: Address,
    ) -> Result<Size, KernReturn> {
        vm::read_overwrite(target_task.task()?, address, size, data)
    }

    fn mach_vm_page_query(
        &mut self,
        target_map: Maybe<TaskObject>,
        offset: Address,
    ) -> Result<mach_vm_page_query::Out, KernReturn> {
        let (disposition, ref_count) = vm::page_query(target_map.task()?, offset)?;
        Ok(mach_vm_page_query::Out { disposition, ref_count })
    }

    fn mach_vm_remap_new(
        &mut self,
        target_task: Maybe<TaskObject>,
        target_address: Address,
        size: Size,
        mask: Address,
        flags: i32,
        src_task: Maybe<TaskObject>,
        src_address: Address,
        copy: bool,
        cur_protection: Protection,
        max_protection: Protection,
        inheritance: Inherit,
    ) -> Result<mach_vm_remap_new::Out, KernReturn> {
        let source = (src_task.task()?, src_address);
        let (target, rights) = ((target_address, size, mask), (cur_protection, max_protection, inheritance));
        let (target_address, cur_protection, max_protection) =
            vm::remap_with(target_task.task()?, target, flags, source, copy, rights)?;
        Ok(mach_vm_remap_new::Out { target_address, cur_protection, max_protection })
    }
}
