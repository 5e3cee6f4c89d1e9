//! `task` of Darwin: what tasks carry for the kernel's use.

use generated::darwin::task::{TaskServer, task_get_emulation_vector};
use generated::darwin::types::{
    ExceptionBehavior, ExceptionMask, Policy, TASK_BOOTSTRAP_PORT, TASK_HOST_PORT, TASK_INSPECT_PORT, TASK_KERNEL_PORT,
    TASK_NAME_PORT, TASK_PORT_REGISTER_MAX, TASK_READ_PORT,
};
use generated::mach3::types::EML_BAD_TASK;
use mig_rt::{Address, KernReturn, Region, Rights, RightsRoom, Room, SendOnceRight, SendRight};

use super::{info, policy};
use crate::host::Host;
use crate::in_kernel::InKernel;
use crate::server::exceptions::{exception_calls, fill, handler};
use crate::server::sampling::{sample_task, wanted};
use crate::server::tasks::{create, create_running, emulation_calls, task_calls};
use crate::server::{Maybe, Server, set_special, special};
use crate::special::Special;
use crate::task::TaskObject;
use crate::thread::Limit;

/// Ports that a task hands on.
const MOST: usize = TASK_PORT_REGISTER_MAX as usize;

fn settable(number: i32) -> Option<Special> {
    match number {
        TASK_KERNEL_PORT => Some(Special::Kernel),
        TASK_HOST_PORT => Some(Special::Host),
        TASK_BOOTSTRAP_PORT => Some(Special::Bootstrap),
        _ => None,
    }
}

impl TaskServer<InKernel> for Server {
    task_calls!(MOST);

    exception_calls!(
        task_set_exception_ports,
        task_get_exception_ports,
        task_swap_exception_ports,
        Maybe<TaskObject>,
        Maybe::<TaskObject>::task
    );

    emulation_calls!();

    fn task_info(
        &mut self,
        target_task: Maybe<TaskObject>,
        flavor: i32,
        task_info_out: &mut Room<'_, u32>,
    ) -> Result<(), KernReturn> {
        info::of_task(target_task.task()?, flavor, task_info_out)
    }

    fn thread_create_running(
        &mut self,
        parent_task: Maybe<TaskObject>,
        flavor: i32,
        new_state: &[u32],
    ) -> Result<SendRight<InKernel>, KernReturn> {
        create_running(&parent_task, flavor, new_state)
    }

    /// Ledgers count nothing here, and are released.
    fn task_create(
        &mut self,
        target_task: Maybe<TaskObject>,
        _: Rights<'_, InKernel, SendRight<InKernel>>,
        inherit_memory: bool,
    ) -> Result<SendRight<InKernel>, KernReturn> {
        create(&target_task, inherit_memory)
    }

    /// There is nothing that could be set so, in Darwin as it is today either.
    fn task_set_info(&mut self, target_task: Maybe<TaskObject>, _: i32, _: &[u32]) -> Result<(), KernReturn> {
        target_task.task()?;
        Err(KernReturn::INVALID_ARGUMENT)
    }

    fn task_suspend2(&mut self, target_task: Maybe<TaskObject>) -> Result<SendOnceRight<InKernel>, KernReturn> {
        target_task.shared()?.suspend_with_token().map(InKernel::send_once)
    }

    fn task_resume2(&mut self, suspend_token: Maybe<TaskObject>) -> Result<(), KernReturn> {
        suspend_token.task()?.resume()
    }

    fn task_sample(&mut self, task: Maybe<TaskObject>, reply: SendRight<InKernel>) -> Result<(), KernReturn> {
        sample_task(task.task()?, wanted(reply)?)
    }

    fn task_policy(
        &mut self,
        task: Maybe<TaskObject>,
        policy: Policy,
        base: &[i32],
        set_limit: bool,
        change: bool,
    ) -> Result<(), KernReturn> {
        let limit = if set_limit { Limit::Base } else { Limit::AsItWas };
        task.task()?.schedule(policy::scheduling(policy, base)?, limit, change)
    }

    fn task_set_policy(
        &mut self,
        task: Maybe<TaskObject>,
        pset: Maybe<Host>,
        policy: Policy,
        base: &[i32],
        limit: &[i32],
        change: bool,
    ) -> Result<(), KernReturn> {
        let task = task.task()?;
        pset.host()?;
        task.schedule(policy::scheduling(policy, base)?, policy::limit(limit)?, change)
    }

    fn task_policy_set(&mut self, task: Maybe<TaskObject>, flavor: u32, policy_info: &[u32]) -> Result<(), KernReturn> {
        policy::set_of_task(task.task()?, flavor, policy_info)
    }

    fn task_policy_get(
        &mut self,
        task: Maybe<TaskObject>,
        flavor: u32,
        policy_info: &mut Room<'_, u32>,
        get_default: bool,
    ) -> Result<bool, KernReturn> {
        policy::of_task(task.task()?, flavor, policy_info, get_default)
    }

    /// Name, inspection and reading have no ports of their own here: what they give is the task's port itself.
    fn task_get_special_port(
        &mut self,
        task: Maybe<TaskObject>,
        which_port: i32,
    ) -> Result<SendRight<InKernel>, KernReturn> {
        let task = task.task()?;
        match which_port {
            TASK_NAME_PORT | TASK_INSPECT_PORT | TASK_READ_PORT => Ok(InKernel::send(task.own_port())),
            number => special(&task.special, settable(number)),
        }
    }

    fn task_set_special_port(
        &mut self,
        task: Maybe<TaskObject>,
        which_port: i32,
        special_port: SendRight<InKernel>,
    ) -> Result<(), KernReturn> {
        set_special(&task.task()?.special, settable(which_port), special_port)
    }
}
