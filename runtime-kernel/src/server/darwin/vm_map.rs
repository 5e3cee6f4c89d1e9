//! `vm_map` of Darwin.

use generated::darwin::types::{MachineAttribute, MachineAttributeValue, VmBehavior, VmReadEntry, VmSync};
use generated::darwin::vm_map::{
    VmMapServer, mach_make_memory_entry, mach_make_memory_entry_64, vm_map_page_query, vm_region, vm_region_64,
    vm_remap, vm_remap_new,
};
use mig_rt::{Address, Inherit, KernReturn, Protection, Region, Room, SendRight, Size};

use super::vm;
use crate::in_kernel::InKernel;
use crate::server::vm::{self as common, Mapping, Source};
use crate::server::{Maybe, Server};
use crate::task::TaskObject;

impl VmMapServer<InKernel> for Server {
    fn vm_allocate(
        &mut self,
        target_task: Maybe<TaskObject>,
        address: Address,
        size: Size,
        flags: i32,
    ) -> Result<Address, KernReturn> {
        vm::allocate(target_task.task()?, address, size, flags)
    }

    fn vm_deallocate(
        &mut self,
        target_task: Maybe<TaskObject>,
        address: Address,
        size: Size,
    ) -> Result<(), KernReturn> {
        vm::deallocate(target_task.task()?, address, size)
    }

    fn vm_protect(
        &mut self,
        target_task: Maybe<TaskObject>,
        address: Address,
        size: Size,
        set_maximum: bool,
        new_protection: Protection,
    ) -> Result<(), KernReturn> {
        vm::protect(target_task.task()?, (address, size), set_maximum, new_protection)
    }

    fn vm_inherit(
        &mut self,
        target_task: Maybe<TaskObject>,
        address: Address,
        size: Size,
        new_inheritance: Inherit,
    ) -> Result<(), KernReturn> {
        vm::inherit(target_task.task()?, (address, size), new_inheritance)
    }

    fn vm_read(
        &mut self,
        target_task: Maybe<TaskObject>,
        address: Address,
        size: Size,
    ) -> Result<Region<InKernel, u8>, KernReturn> {
        common::read(target_task.task()?, address, size)
    }

    fn vm_write(
        &mut self,
        target_task: Maybe<TaskObject>,
        address: Address,
        data: Region<InKernel, u8>,
    ) -> Result<(), KernReturn> {
        common::write(target_task.task()?, address, data, false)
    }

    fn vm_copy(
        &mut self,
        target_task: Maybe<TaskObject>,
        source_address: Address,
        size: Size,
        dest_address: Address,
    ) -> Result<(), KernReturn> {
        common::copy(target_task.task()?, source_address, size, dest_address, false)
    }

    fn vm_msync(
        &mut self,
        target_task: Maybe<TaskObject>,
        address: Address,
        size: Size,
        sync_flags: VmSync,
    ) -> Result<(), KernReturn> {
        vm::msync(&target_task, address, size, sync_flags)
    }

    fn vm_behavior_set(
        &mut self,
        target_task: Maybe<TaskObject>,
        address: Address,
        size: Size,
        new_behavior: VmBehavior,
    ) -> Result<(), KernReturn> {
        vm::behave(&target_task, (address, size), new_behavior)
    }

    fn vm_map(
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

    fn vm_map_64(
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

    fn vm_machine_attribute(
        &mut self,
        target_task: Maybe<TaskObject>,
        address: Address,
        size: Size,
        attribute: MachineAttribute,
        value: MachineAttributeValue,
    ) -> Result<MachineAttributeValue, KernReturn> {
        vm::machine_attribute(target_task.task()?, (address, size), attribute, value)
    }

    fn vm_remap(
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
    ) -> Result<vm_remap::Out, KernReturn> {
        let source = (src_task.task()?, src_address);
        let target = (target_address, size, mask);
        let (target_address, cur_protection, max_protection) =
            vm::remap(target_task.task()?, target, flags, source, copy, inheritance)?;
        Ok(vm_remap::Out { target_address, cur_protection, max_protection })
    }

    fn vm_region(
        &mut self,
        target_task: Maybe<TaskObject>,
        address: Address,
        flavor: i32,
        info: &mut Room<'_, u32>,
    ) -> Result<vm_region::Results<InKernel>, KernReturn> {
        let (address, size) = vm::region(target_task.task()?, address, flavor, info)?;
        Ok(vm_region::Results { address, size, object_name: SendRight::null(&InKernel) })
    }

    fn vm_region_64(
        &mut self,
        target_task: Maybe<TaskObject>,
        address: Address,
        flavor: i32,
        info: &mut Room<'_, u32>,
    ) -> Result<vm_region_64::Results<InKernel>, KernReturn> {
        let (address, size) = vm::region(target_task.task()?, address, flavor, info)?;
        Ok(vm_region_64::Results { address, size, object_name: SendRight::null(&InKernel) })
    }

    fn mach_make_memory_entry(
        &mut self,
        target_task: Maybe<TaskObject>,
        size: Size,
        offset: Address,
        permission: Protection,
        parent_entry: Source,
    ) -> Result<mach_make_memory_entry::Results<SendRight<InKernel>>, KernReturn> {
        let (size, object_handle) =
            vm::memory_entry(target_task.task()?, (offset.0, size.0), permission, &parent_entry)?;
        Ok(mach_make_memory_entry::Results { size: Size(size), object_handle })
    }

    fn mach_make_memory_entry_64(
        &mut self,
        target_task: Maybe<TaskObject>,
        size: Size,
        offset: Address,
        permission: Protection,
        parent_entry: Source,
    ) -> Result<mach_make_memory_entry_64::Out<InKernel>, KernReturn> {
        let (size, object_handle) =
            vm::memory_entry(target_task.task()?, (offset.0, size.0), permission, &parent_entry)?;
        Ok(mach_make_memory_entry_64::Out { size: Size(size), object_handle })
    }

    fn vm_read_list(
        &mut self,
        target_task: Maybe<TaskObject>,
        mut data_list: VmReadEntry,
        count: u32,
    ) -> Result<VmReadEntry, KernReturn> {
        let task = target_task.task()?;
        let ranges = data_list.ranges.get_mut(..count as usize).ok_or(KernReturn::INVALID_ARGUMENT)?;
        let places = vm::read_list(task, &mut ranges.iter().map(|it| (it.address.0, it.size.0)))?;
        ranges.iter_mut().zip(places).for_each(|(it, place)| it.address = Address(place));
        Ok(data_list)
    }

    fn vm_read_overwrite(
        &mut self,
        target_task: Maybe<TaskObject>,
        address: Address,
        size: Size,
        data: Address,
    ) -> Result<Size, KernReturn> {
        vm::read_overwrite(target_task.task()?, address, size, data)
    }

    fn vm_map_page_query(
        &mut self,
        target_map: Maybe<TaskObject>,
        offset: Address,
    ) -> Result<vm_map_page_query::Out, KernReturn> {
        let (disposition, ref_count) = vm::page_query(target_map.task()?, offset)?;
        Ok(vm_map_page_query::Out { disposition, ref_count })
    }

    fn vm_remap_new(
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
    ) -> Result<vm_remap_new::Out, KernReturn> {
        let source = (src_task.task()?, src_address);
        let (target, rights) = ((target_address, size, mask), (cur_protection, max_protection, inheritance));
        let (target_address, cur_protection, max_protection) =
            vm::remap_with(target_task.task()?, target, flags, source, copy, rights)?;
        Ok(vm_remap_new::Out { target_address, cur_protection, max_protection })
    }
}
