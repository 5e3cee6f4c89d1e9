//! `host_priv` of Darwin: what the host does for those who may ask.

use generated::darwin::host_priv::HostPrivServer;
use mig_rt::{Address, KernReturn, Protection, Size};

use super::vm;
use crate::in_kernel::InKernel;
use crate::server::{IsPrivileged, Maybe, Server};
use crate::task::TaskObject;

impl HostPrivServer<InKernel> for Server {
    fn vm_wire(
        &mut self,
        host_priv: IsPrivileged,
        task: Maybe<TaskObject>,
        address: Address,
        size: Size,
        desired_access: Protection,
    ) -> Result<(), KernReturn> {
        host_priv.check()?;
        vm::wire(task.task().map_err(|_| KernReturn::INVALID_TASK)?, address, size, desired_access)
    }
}
