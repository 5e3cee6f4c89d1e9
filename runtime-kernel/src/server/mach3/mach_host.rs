//! `mach_host` of Mach 3: what the host does for tasks.

use generated::mach3::mach_host::MachHostServer;
use mig_rt::{Address, KernReturn, PortIn, PortName, Protection, Size};

use super::vm;
use crate::in_kernel::InKernel;
use crate::server::{Maybe, Privileged, Server, privileged};
use crate::task::TaskObject;
use crate::thread::{Priority, ThreadObject};

impl MachHostServer<InKernel> for Server {
    fn thread_priority(&mut self, thread: Maybe<ThreadObject>, priority: i32, set_max: bool) -> Result<(), KernReturn> {
        thread.thread()?.priority.lock().set(priority, set_max)
    }

    fn task_priority(
        &mut self,
        task: Maybe<TaskObject>,
        priority: i32,
        change_threads: bool,
    ) -> Result<(), KernReturn> {
        task.task()?.set_priority(priority, change_threads)
    }

    fn thread_policy(&mut self, thread: Maybe<ThreadObject>, policy: i32, _: i32) -> Result<(), KernReturn> {
        thread.thread().and_then(|_| Priority::set_policy(policy))
    }

    fn thread_depress_abort(&mut self, thread: Maybe<ThreadObject>) -> Result<(), KernReturn> {
        thread.thread()?.priority.lock().raise();
        Ok(())
    }

    fn thread_wire(
        &mut self,
        host_priv: Privileged,
        thread: Maybe<ThreadObject>,
        wired: bool,
    ) -> Result<(), KernReturn> {
        host_priv.check().map_err(|_| KernReturn::INVALID_ARGUMENT)?;
        thread.thread()?.wire(wired)
    }

    fn vm_wire(
        &mut self,
        host: PortName,
        task: Maybe<TaskObject>,
        address: Address,
        size: Size,
        access: Protection,
    ) -> Result<(), KernReturn> {
        privileged(&PortIn::Local(host)).check()?;
        vm::wire(&task.task().map_err(|_| KernReturn::INVALID_TASK)?.map, address, size, access)
    }
}
