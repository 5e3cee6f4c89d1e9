//! `mach_vm` of Darwin.

use generated::darwin::mach_vm::{
    MachVmServer, mach_make_memory_entry, mach_vm_page_query, mach_vm_region, mach_vm_region_recurse, mach_vm_remap,
    mach_vm_remap_new,
};
use generated::darwin::types::{
    MachVmReadEntry, MachineAttribute, MachineAttributeValue, VmBehavior, VmPurgable, VmSync,
};
use mig_rt::{Address, Inherit, KernReturn, Protection, Region, Room, SendRight, Size};

use super::memory::{darwin_memory_calls, mapping_calls};
use super::{purgable, regions, vm};
use crate::in_kernel::InKernel;
use crate::server::vm::{Mapping, Source, memory_calls};
use crate::server::{Maybe, Server};
use crate::task::TaskObject;

impl MachVmServer<InKernel> for Server {
    memory_calls! {
        i32; mach_vm_allocate mach_vm_deallocate mach_vm_protect mach_vm_inherit
        mach_vm_read mach_vm_write mach_vm_copy mach_vm_machine_attribute
    }
    darwin_memory_calls! {
        mach_vm_msync mach_vm_behavior_set mach_vm_remap mach_vm_read_overwrite mach_vm_page_query mach_vm_remap_new
    }
    mapping_calls! { mach_vm_map mach_vm_region }

    fn mach_vm_region_recurse(
        &mut self,
        target_task: Maybe<TaskObject>,
        address: Address,
        _: u32,
        info: &mut Room<'_, u32>,
    ) -> Result<mach_vm_region_recurse::Results, KernReturn> {
        let (address, size) = regions::recurse(target_task.task()?, address, info)?;
        Ok(mach_vm_region_recurse::Results { address, size, nesting_depth: 0 })
    }

    fn mach_vm_page_info(
        &mut self,
        target_task: Maybe<TaskObject>,
        address: Address,
        flavor: i32,
        info: &mut Room<'_, u32>,
    ) -> Result<(), KernReturn> {
        regions::page_info(target_task.task()?, address, flavor, info)
    }

    fn mach_vm_page_range_query(
        &mut self,
        target_map: Maybe<TaskObject>,
        address: Address,
        size: Size,
        dispositions: Address,
        dispositions_count: Size,
    ) -> Result<Size, KernReturn> {
        regions::page_range(target_map.task()?, (address, size), (dispositions, dispositions_count))
    }

    fn mach_vm_purgable_control(
        &mut self,
        target_task: Maybe<TaskObject>,
        address: Address,
        control: VmPurgable,
        state: i32,
    ) -> Result<i32, KernReturn> {
        purgable::control(target_task.task()?, address, control, state)
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
}
