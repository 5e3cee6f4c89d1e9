//! `vm_map` of Darwin.

use generated::darwin::types::{MachineAttribute, MachineAttributeValue, VmBehavior, VmPurgable, VmReadEntry, VmSync};
use generated::darwin::vm_map::{
    VmMapServer, mach_make_memory_entry, mach_make_memory_entry_64, mach_vm_region_info, mach_vm_region_info_64,
    vm_map_page_query, vm_region, vm_region_64, vm_region_recurse, vm_region_recurse_64, vm_remap, vm_remap_new,
};
use mig_rt::{Address, Inherit, KernReturn, Protection, Region, Room, SendRight, Size};

use super::memory::{darwin_memory_calls, mapping_calls};
use super::{purgable, regions, vm};
use crate::in_kernel::InKernel;
use crate::server::vm::{Mapping, Source, memory_calls};
use crate::server::{Maybe, Server};
use crate::task::TaskObject;

impl VmMapServer<InKernel> for Server {
    memory_calls! {
        i32; vm_allocate vm_deallocate vm_protect vm_inherit vm_read vm_write vm_copy vm_machine_attribute
    }
    darwin_memory_calls! {
        vm_msync vm_behavior_set vm_remap vm_read_overwrite vm_map_page_query vm_remap_new
    }
    mapping_calls! { vm_map vm_region }
    mapping_calls! { vm_map_64 vm_region_64 }

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

    fn vm_region_recurse(
        &mut self,
        target_task: Maybe<TaskObject>,
        address: Address,
        _: u32,
        info: &mut Room<'_, u32>,
    ) -> Result<vm_region_recurse::Results, KernReturn> {
        let (address, size) = regions::recurse_narrow(target_task.task()?, address, info)?;
        Ok(vm_region_recurse::Results { address, size, nesting_depth: 0 })
    }

    fn vm_region_recurse_64(
        &mut self,
        target_task: Maybe<TaskObject>,
        address: Address,
        _: u32,
        info: &mut Room<'_, u32>,
    ) -> Result<vm_region_recurse_64::Results, KernReturn> {
        let (address, size) = regions::recurse(target_task.task()?, address, info)?;
        Ok(vm_region_recurse_64::Results { address, size, nesting_depth: 0 })
    }

    fn mach_vm_region_info(
        &mut self,
        task: Maybe<TaskObject>,
        address: Address,
    ) -> Result<mach_vm_region_info::Out<InKernel>, KernReturn> {
        let (region, objects) = regions::info(&task, address)?;
        Ok(mach_vm_region_info::Out { region, objects })
    }

    fn mach_vm_region_info_64(
        &mut self,
        task: Maybe<TaskObject>,
        address: Address,
    ) -> Result<mach_vm_region_info_64::Out<InKernel>, KernReturn> {
        let (region, objects) = regions::info_64(&task, address)?;
        Ok(mach_vm_region_info_64::Out { region, objects })
    }

    fn vm_mapped_pages_info(&mut self, task: Maybe<TaskObject>) -> Result<Region<InKernel, i32>, KernReturn> {
        regions::mapped_pages(&task)
    }

    fn vm_purgable_control(
        &mut self,
        target_task: Maybe<TaskObject>,
        address: Address,
        control: VmPurgable,
        state: i32,
    ) -> Result<i32, KernReturn> {
        purgable::control(target_task.task()?, address, control, state)
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
}
