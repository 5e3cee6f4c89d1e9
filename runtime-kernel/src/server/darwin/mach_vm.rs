//! `mach_vm` of Darwin.

use generated::darwin::mach_vm::{
    MachVmServer, mach_make_memory_entry, mach_vm_page_query, mach_vm_region, mach_vm_remap, mach_vm_remap_new,
};
use generated::darwin::types::{MachVmReadEntry, MachineAttribute, MachineAttributeValue, VmBehavior, VmSync};
use mig_rt::{Address, Inherit, KernReturn, Protection, Region, Room, SendRight, Size};

use super::memory::{darwin_memory_calls, mapping_calls};
use super::vm;
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
