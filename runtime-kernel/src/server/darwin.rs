//! The interfaces of Darwin.

mod attributes;
mod construct;
mod host_priv;
mod info;
mod mach_host;
mod mach_port;
mod mach_vm;
mod memory;
mod memory_object_control;
mod policy;
mod processor_set;
mod purgable;
mod regions;
mod space_info;
mod task;
mod thread_act;
mod vm;
mod vm_map;

use generated::darwin::mach_host::{IpcVoucherAttrControl, MachVoucherAttrManager};
use generated::darwin::task::KcdataObject;
use generated::darwin::types;
use generated::darwin::{
    host_priv as host_priv_wire, mach_host as mach_host_wire, mach_port as mach_port_wire, mach_vm as mach_vm_wire,
    memory_object_control as control_wire, processor_set as processor_set_wire, task as task_wire,
    thread_act as thread_act_wire, vm_map as vm_map_wire,
};
use mig_rt::Subsystem;

use super::vm::Source;
use super::{Maybe, Server, outtran, translate};
use crate::host::Host;
use crate::in_kernel::InKernel;
use crate::task::TaskObject;
use crate::thread::ThreadObject;
use crate::vm::Object;

// Ports of every flavor stand for the same here: a right to a task is a right to all of it.
translate! {
    types::IpcSpace => super::task, Maybe<TaskObject>;
    types::IpcSpaceRead => super::task, Maybe<TaskObject>;
    types::IpcSpaceInspect => super::task, Maybe<TaskObject>;
    types::Task => super::task, Maybe<TaskObject>;
    types::TaskInspect => super::task, Maybe<TaskObject>;
    types::TaskName => super::task, Maybe<TaskObject>;
    types::TaskRead => super::task, Maybe<TaskObject>;
    types::TaskPolicySet => super::task, Maybe<TaskObject>;
    types::TaskPolicyGet => super::task, Maybe<TaskObject>;
    types::ThreadAct => super::thread, Maybe<ThreadObject>;
    types::ThreadInspect => super::thread, Maybe<ThreadObject>;
    types::ThreadRead => super::thread, Maybe<ThreadObject>;
    types::ThreadActConsumeRef => super::thread, Maybe<ThreadObject>;
    types::VmMap => super::task, Maybe<TaskObject>;
    types::VmMapRead => super::task, Maybe<TaskObject>;
    types::MemEntryNamePort => Source::of, Source;
    types::MemoryObjectControl => super::cache, Maybe<Object>;
    types::HostPriv => super::host_control, Maybe<Host>;
    types::Host => super::host, Maybe<Host>;
    types::ProcessorSetName => super::processor_set_name, Maybe<Host>;
    types::ProcessorSet => super::processor_set, Maybe<Host>;
    types::LockSet => super::nothing, ();
    types::SemaphoreConsumeRef => super::nothing, ();
    types::TaskSuspensionToken => super::suspended_task, Maybe<TaskObject>;
    types::IpcVoucher => super::nothing, ();
    types::TaskIdToken => super::nothing, ();
    KcdataObject => super::nothing, ();
    MachVoucherAttrManager => super::nothing, ();
}
outtran! {
    types::Task types::ThreadAct types::LockSet types::Semaphore types::ProcessorSetName types::IpcVoucher
    types::TaskIdToken types::MemEntryNamePortMoveSend types::ClockCtrl types::ProcessorSet
    types::ClockServ types::Host IpcVoucherAttrControl
}

pub(super) fn subsystems() -> Vec<Subsystem<InKernel, Server>> {
    vec![
        mach_port_wire::darwin_lp64::subsystem(),
        mach_port_wire::darwin_ilp32::subsystem(),
        task_wire::darwin_lp64::subsystem(),
        task_wire::darwin_ilp32::subsystem(),
        thread_act_wire::darwin_lp64::subsystem(),
        thread_act_wire::darwin_ilp32::subsystem(),
        vm_map_wire::darwin_lp64::subsystem(),
        vm_map_wire::darwin_ilp32::subsystem(),
        mach_vm_wire::darwin_lp64::subsystem(),
        mach_vm_wire::darwin_ilp32::subsystem(),
        control_wire::darwin_lp64::subsystem(),
        control_wire::darwin_ilp32::subsystem(),
        host_priv_wire::darwin_lp64::subsystem(),
        host_priv_wire::darwin_ilp32::subsystem(),
        mach_host_wire::darwin_lp64::subsystem(),
        mach_host_wire::darwin_ilp32::subsystem(),
        processor_set_wire::darwin_lp64::subsystem(),
        processor_set_wire::darwin_ilp32::subsystem(),
    ]
}
