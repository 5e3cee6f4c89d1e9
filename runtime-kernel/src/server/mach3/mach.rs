//! `mach` of Mach 3: what tasks and threads carry for the kernel's use.

use generated::mach3::mach::MachServer;
use generated::mach3::types::{
    TASK_BOOTSTRAP_PORT, TASK_EXCEPTION_PORT, TASK_KERNEL_PORT, TASK_NOTIFY_PORT, THREAD_EXCEPTION_PORT,
    THREAD_KERNEL_PORT, THREAD_REPLY_PORT,
};
use mig_rt::{KernReturn, Rights, SendRight};

use crate::in_kernel::InKernel;
use crate::server::tasks::{create, failure, task_calls, thread_calls};
use crate::server::{Maybe, Server, register, registered, set_special, special};
use crate::special::{MOST_REGISTERED, Special};
use crate::task::TaskObject;
use crate::thread::ThreadObject;

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

impl MachServer<InKernel> for Server {
    task_calls!();
    thread_calls!(failure);

    fn task_create(
        &mut self,
        target_task: Maybe<TaskObject>,
        inherit_memory: bool,
    ) -> Result<SendRight<InKernel>, KernReturn> {
        create(&target_task, inherit_memory)
    }

    fn thread_abort(&mut self, target_thread: Maybe<ThreadObject>) -> Result<(), KernReturn> {
        target_thread.thread()?.abort().map_err(failure)
    }

    fn mach_ports_register(
        &mut self,
        target_task: Maybe<TaskObject>,
        init_port_set: Rights<'_, InKernel, SendRight<InKernel>>,
    ) -> Result<(), KernReturn> {
        register(&target_task.task()?.special, init_port_set, MOST_REGISTERED)
    }

    fn mach_ports_lookup(
        &mut self,
        target_task: Maybe<TaskObject>,
    ) -> Result<Rights<'static, InKernel, SendRight<InKernel>>, KernReturn> {
        registered(target_task.task()?, MOST_REGISTERED)
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
