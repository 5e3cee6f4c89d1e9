//! `mach_host` of Mach 3: what the host does for tasks.

use generated::mach3::mach_host::MachHostServer;
use mig_rt::{Address, KernReturn, PortName, Protection, Size};

use super::vm;
use crate::in_kernel::InKernel;
use crate::kobject::KernelObject;
use crate::server::{Maybe, Server};
use crate::task::TaskObject;

/// Whether a name is that of the privileged host.
fn check_privileged(host: PortName) -> Result<(), KernReturn> {
    let privileged = InKernel::with_port(host, |it| matches!(it.object(), Some(KernelObject::HostPriv(_))));
    if privileged == Some(true) { Ok(()) } else { Err(KernReturn::INVALID_HOST) }
}

impl MachHostServer<InKernel> for Server {
    fn vm_wire(
        &mut self,
        host: PortName,
        task: Maybe<TaskObject>,
        address: Address,
        size: Size,
        access: Protection,
    ) -> Result<(), KernReturn> {
        check_privileged(host)?;
        vm::wire(&task.task().map_err(|_| KernReturn::INVALID_TASK)?.map, address, size, access)
    }
}
