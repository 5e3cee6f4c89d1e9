//! The interfaces of Mach 3.

mod gnumach;
mod mach;
mod mach_host;
mod mach_port;
mod memory_object;
mod sampling;
mod vm;

use generated::mach3::types;
use generated::mach3::{
    gnumach as gnumach_wire, mach as mach_wire, mach_host as mach_host_wire, mach_port as mach_port_wire,
    mach4 as mach4_wire, sample as sample_wire,
};
use mig_rt::Subsystem;

use super::{Maybe, Server, outtran, translate};
use crate::host::Host;
use crate::in_kernel::InKernel;
use crate::task::TaskObject;
use crate::thread::ThreadObject;
use crate::vm::Object;

translate! {
    types::IpcSpace => super::task, Maybe<TaskObject>;
    types::Task => super::task, Maybe<TaskObject>;
    types::Thread => super::thread, Maybe<ThreadObject>;
    types::HostPriv => super::host_control, Maybe<Host>;
    types::VmTask => super::task, Maybe<TaskObject>;
    types::Host => super::host, Maybe<Host>;
    types::Processor => super::nothing, ();
    types::ProcessorSet => super::processor_set, Maybe<Host>;
    types::ProcessorSetName => super::processor_set_name, Maybe<Host>;
    types::MemoryObjectControl => super::cache, Maybe<Object>;
    types::MemoryObjectName => super::nothing, ();
}
outtran! {
    types::Task types::Thread types::Host types::Processor types::ProcessorSet types::ProcessorSetName
}

pub(super) fn subsystems() -> Vec<Subsystem<InKernel, Server>> {
    vec![
        mach_port_wire::gnumach_i386::subsystem(),
        mach_port_wire::gnumach_x86_64::subsystem(),
        mach_port_wire::gnumach_x86_64_2022::subsystem(),
        mach_wire::gnumach_i386::subsystem(),
        mach_wire::gnumach_x86_64::subsystem(),
        mach_wire::gnumach_x86_64_2022::subsystem(),
        mach_host_wire::gnumach_i386::subsystem(),
        mach_host_wire::gnumach_x86_64::subsystem(),
        mach_host_wire::gnumach_x86_64_2022::subsystem(),
        gnumach_wire::gnumach_i386::subsystem(),
        gnumach_wire::gnumach_x86_64::subsystem(),
        gnumach_wire::gnumach_x86_64_2022::subsystem(),
        mach4_wire::gnumach_i386::subsystem(),
        mach4_wire::gnumach_x86_64::subsystem(),
        mach4_wire::gnumach_x86_64_2022::subsystem(),
        sample_wire::gnumach_i386::subsystem(),
        sample_wire::gnumach_x86_64::subsystem(),
        sample_wire::gnumach_x86_64_2022::subsystem(),
    ]
}
