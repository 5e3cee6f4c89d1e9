//! `host_priv` of Darwin: what the host does for those who may ask.

use generated::darwin::host_priv::HostPrivServer;
use generated::darwin::types::{ExceptionBehavior, ExceptionMask};
use mig_rt::{Address, KernReturn, Outbound, Protection, RightsRoom, Room, SendRight, Size};

use super::vm;
use crate::host::Host;
use crate::in_kernel::InKernel;
use crate::server::exceptions::{exception_calls, fill, handler};
use crate::server::{Maybe, Server, set_default_manager};
use crate::task::TaskObject;
use crate::thread::ThreadObject;

impl HostPrivServer<InKernel> for Server {
    exception_calls!(
        host_set_exception_ports,
        host_get_exception_ports,
        host_swap_exception_ports,
        Maybe<Host>,
        Maybe::<Host>::host
    );

    fn host_default_memory_manager(
        &mut self,
        host_priv: Maybe<Host>,
        default_manager: SendRight<InKernel>,
        _: u32,
    ) -> Result<Outbound<'static, InKernel>, KernReturn> {
        set_default_manager(host_priv.privileged()?, default_manager)
    }

    fn host_processor_set_priv(
        &mut self,
        host_priv: Maybe<Host>,
        set_name: Maybe<Host>,
    ) -> Result<SendRight<InKernel>, KernReturn> {
        host_priv.host()?;
        Ok(InKernel::send(set_name.host()?.processor_set.controlled()))
    }

    fn thread_wire(
        &mut self,
        host_priv: Maybe<Host>,
        thread: Maybe<ThreadObject>,
        wired: bool,
    ) -> Result<(), KernReturn> {
        host_priv.host()?;
        thread.thread()?.wire(wired)
    }

    fn vm_wire(
        &mut self,
        host_priv: Maybe<Host>,
        task: Maybe<TaskObject>,
        address: Address,
        size: Size,
        desired_access: Protection,
    ) -> Result<(), KernReturn> {
        host_priv.privileged()?;
        vm::wire(task.task().map_err(|_| KernReturn::INVALID_TASK)?, address, size, desired_access)
    }
}
