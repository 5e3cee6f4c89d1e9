//! `mach_host` of Mach 3: what the host does for tasks.

use generated::mach3::mach_host::MachHostServer;
use mig_rt::{Address, KernReturn, PortIn, PortName, Protection, SendRight, Size};

use super::vm;
use crate::host::Host;
use crate::in_kernel::InKernel;
use crate::server::processor_set::policy_calls;
use crate::server::{Maybe, Server, host_control};
use crate::task::TaskObject;
use crate::thread::ThreadObject;

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

    fn thread_max_priority(
        &mut self,
        thread: Maybe<ThreadObject>,
        processor_set: Maybe<Host>,
        max_priority: i32,
    ) -> Result<(), KernReturn> {
        let thread = thread.thread()?;
        processor_set.host()?;
        thread.priority.lock().set_best(max_priority)
    }

    fn thread_policy(&mut self, thread: Maybe<ThreadObject>, policy: i32, data: i32) -> Result<(), KernReturn> {
        thread.thread()?.set_policy(policy, data)
    }

    fn processor_set_default(&mut self, host: Maybe<Host>) -> Result<SendRight<InKernel>, KernReturn> {
        Ok(InKernel::send(host.host()?.processor_set.named()))
    }

    fn host_processor_set_priv(
        &mut self,
        host_priv: Maybe<Host>,
        set_name: Maybe<Host>,
    ) -> Result<SendRight<InKernel>, KernReturn> {
        host_priv.host()?;
        Ok(InKernel::send(set_name.host()?.processor_set.controlled()))
    }

    policy_calls!();

    fn thread_depress_abort(&mut self, thread: Maybe<ThreadObject>) -> Result<(), KernReturn> {
        thread.thread()?.priority.lock().raise();
        Ok(())
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
        host: PortName,
        task: Maybe<TaskObject>,
        address: Address,
        size: Size,
        access: Protection,
    ) -> Result<(), KernReturn> {
        host_control(&PortIn::Local(host)).privileged()?;
        vm::wire(&task.task().map_err(|_| KernReturn::INVALID_TASK)?.map, address, size, access)
    }
}
