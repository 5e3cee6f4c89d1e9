//! `mach` of Mach 3: what tasks and threads carry for the kernel's use.

use generated::mach3::mach::{MachServer, memory_object_get_attributes, task_get_emulation_vector, vm_region};
use generated::mach3::types::{
    CopyStrategy, EML_BAD_TASK, MachineAttribute, MachineAttributeValue, MemoryObjectReturn, TASK_BOOTSTRAP_PORT,
    TASK_EXCEPTION_PORT, TASK_KERNEL_PORT, TASK_NOTIFY_PORT, THREAD_EXCEPTION_PORT, THREAD_KERNEL_PORT,
    THREAD_REPLY_PORT, VmStatistics,
};
use mig_rt::{Address, AnyRight, Inherit, KernReturn, Outbound, Protection, Region, Rights, Room, SendRight, Size};

use super::memory_object::memory_object_calls;
use super::{memory_object, vm};
use crate::host::Host;
use crate::in_kernel::InKernel;
use crate::server::info;
use crate::server::tasks::{create, emulation_calls, failure, task_calls, thread_calls};
use crate::server::vm::{Mapping, memory_calls};
use crate::server::{Maybe, Server, set_default_manager, set_special, special};
use crate::special::{MOST_REGISTERED, Special};
use crate::task::TaskObject;
use crate::thread::ThreadObject;
use crate::vm::Object;
use crate::vm::pager::Dialect;

fn of_task(number: i32) -> Option<Special> {
    match number {
        TASK_KERNEL_PORT => Some(Special::Kernel),
        TASK_NOTIFY_PORT => Some(Special::Notify),
        TASK_EXCEPTION_PORT => Some(Special::Exception),
        TASK_BOOTSTRAP_PORT => Some(Special::Bootstrap),
        _ => None,
    }
}

fn of_thread(number: i32) -> Option<Special> {
    match number {
        THREAD_KERNEL_PORT => Some(Special::Kernel),
        THREAD_REPLY_PORT => Some(Special::Reply),
        THREAD_EXCEPTION_PORT => Some(Special::Exception),
        _ => None,
    }
}

/// A thread, unless it is the one that asks.
fn other(thread: &Maybe<ThreadObject>) -> Result<&ThreadObject, KernReturn> {
    let thread = thread.thread()?;
    if thread.is_current() { Err(KernReturn::INVALID_ARGUMENT) } else { Ok(thread) }
}

impl MachServer<InKernel> for Server {
    task_calls!(MOST_REGISTERED);
    thread_calls!(failure);

    fn task_create(
        &mut self,
        target_task: Maybe<TaskObject>,
        inherit_memory: bool,
    ) -> Result<SendRight<InKernel>, KernReturn> {
        create(&target_task, inherit_memory)
    }

    emulation_calls!();

    fn task_info(
        &mut self,
        target_task: Maybe<TaskObject>,
        flavor: i32,
        task_info_out: &mut Room<'_, u32>,
    ) -> Result<(), KernReturn> {
        info::of_task(target_task.task()?, flavor, task_info_out)
    }

    fn thread_info(
        &mut self,
        target_thread: Maybe<ThreadObject>,
        flavor: i32,
        thread_info_out: &mut Room<'_, u32>,
    ) -> Result<(), KernReturn> {
        info::of_thread(target_thread.thread()?, flavor, thread_info_out)
    }

    fn thread_get_state(
        &mut self,
        target_thread: Maybe<ThreadObject>,
        flavor: i32,
        old_state: &mut Room<'_, u32>,
    ) -> Result<(), KernReturn> {
        other(&target_thread)?.get_state(flavor, old_state).map_err(failure)
    }

    fn thread_set_state(
        &mut self,
        target_thread: Maybe<ThreadObject>,
        flavor: i32,
        new_state: &[u32],
    ) -> Result<(), KernReturn> {
        other(&target_thread)?.set_state(flavor, new_state).map_err(failure)
    }

    fn thread_abort(&mut self, target_thread: Maybe<ThreadObject>) -> Result<(), KernReturn> {
        target_thread.thread()?.abort().map_err(failure)
    }

    memory_calls! {
        bool; vm_allocate vm_deallocate vm_protect vm_inherit vm_read vm_write vm_copy vm_machine_attribute
    }

    memory_object_calls!();

    fn vm_set_default_memory_manager(
        &mut self,
        host_priv: Maybe<Host>,
        default_manager: SendRight<InKernel>,
    ) -> Result<Outbound<'static, InKernel>, KernReturn> {
        set_default_manager(host_priv.privileged()?, default_manager)
    }

    fn vm_region(
        &mut self,
        target_task: Maybe<TaskObject>,
        address: Address,
    ) -> Result<vm_region::Out<InKernel>, KernReturn> {
        vm::region(target_task.task()?, address)
    }

    fn vm_statistics(&mut self, target_task: Maybe<TaskObject>) -> Result<VmStatistics, KernReturn> {
        vm::statistics(target_task.task()?)
    }

    fn vm_map(
        &mut self,
        target_task: Maybe<TaskObject>,
        address: Address,
        size: Size,
        mask: Address,
        anywhere: bool,
        memory_object: SendRight<InKernel>,
        offset: Address,
        copy: bool,
        protection: Protection,
        maximum: Protection,
        inheritance: Inherit,
    ) -> Result<Address, KernReturn> {
        let mapping = Mapping { offset, copy, protection, maximum, inheritance };
        vm::map(target_task.task()?, (address, size, mask), anywhere, memory_object.name(), mapping)
    }

    fn task_get_special_port(
        &mut self,
        task: Maybe<TaskObject>,
        which_port: i32,
    ) -> Result<SendRight<InKernel>, KernReturn> {
        special(&task.task()?.special, of_task(which_port))
    }

    fn task_set_special_port(
        &mut self,
        task: Maybe<TaskObject>,
        which_port: i32,
        special_port: SendRight<InKernel>,
    ) -> Result<(), KernReturn> {
        set_special(&task.task()?.special, of_task(which_port), special_port)
    }

    fn thread_get_special_port(
        &mut self,
        thread: Maybe<ThreadObject>,
        which_port: i32,
    ) -> Result<SendRight<InKernel>, KernReturn> {
        special(&thread.thread()?.special, of_thread(which_port))
    }

    fn thread_set_special_port(
        &mut self,
        thread: Maybe<ThreadObject>,
        which_port: i32,
        special_port: SendRight<InKernel>,
    ) -> Result<(), KernReturn> {
        set_special(&thread.thread()?.special, of_thread(which_port), special_port)
    }
}
