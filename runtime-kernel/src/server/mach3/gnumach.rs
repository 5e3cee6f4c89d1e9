//! `gnumach`: what GNU Mach has added.

use generated::mach3::gnumach::GnumachServer;
use generated::mach3::types::VmSync;
use mig_rt::{Address, KernReturn, Size};

use super::vm;
use crate::in_kernel::InKernel;
use crate::server::{Maybe, Server};
use crate::task::TaskObject;

impl GnumachServer<InKernel> for Server {
    fn vm_msync(
        &mut self,
        target_task: Maybe<TaskObject>,
        address: Address,
        size: Size,
        sync_flags: VmSync,
    ) -> Result<(), KernReturn> {
        vm::msync(target_task.task()?, (address, size), sync_flags)
    }
}
