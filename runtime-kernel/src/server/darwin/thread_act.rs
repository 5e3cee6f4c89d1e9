//! `thread_act` of Darwin: what threads carry for the kernel's use.

use generated::darwin::thread_act::ThreadActServer;
use generated::darwin::types::{
    ExceptionBehavior, ExceptionMask, Policy, THREAD_INSPECT_PORT, THREAD_KERNEL_PORT, THREAD_READ_PORT,
};
use mig_rt::{KernReturn, RightsRoom, Room, SendRight};

use super::{info, policy};
use crate::host::Host;
use crate::in_kernel::InKernel;
use crate::server::exceptions::{exception_calls, fill, handler};
use crate::server::sampling::{sample_thread, wanted};
use crate::server::tasks::thread_calls;
use crate::server::{Maybe, Server, set_special, special};
use crate::special::Special;
use crate::thread::{Limit, ThreadObject};

fn settable(number: i32) -> Option<Special> {
    (number == THREAD_KERNEL_PORT).then_some(Special::Kernel)
}

/// How Darwin says that a thread has ended.
fn ended(code: KernReturn) -> KernReturn {
    if code == KernReturn::TERMINATED { KernReturn::DARWIN_TERMINATED } else { code }
}

/// States, which can be asked for under two names.
macro_rules! state_calls {
    ($get:ident $set:ident) => {
        fn $get(
            &mut self,
            target_act: Maybe<ThreadObject>,
            flavor: i32,
            old_state: &mut Room<'_, u32>,
        ) -> Result<(), KernReturn> {
            target_act.thread()?.get_state(flavor, old_state).map_err(ended)
        }

        fn $set(&mut self, target_act: Maybe<ThreadObject>, flavor: i32, new_state: &[u32]) -> Result<(), KernReturn> {
            target_act.thread()?.set_state(flavor, new_state).map_err(ended)
        }
    };
}

impl ThreadActServer<InKernel> for Server {
    thread_calls!(ended);
    state_calls! { act_get_state act_set_state }
    state_calls! { thread_get_state thread_set_state }

    exception_calls!(
        thread_set_exception_ports,
        thread_get_exception_ports,
        thread_swap_exception_ports,
        Maybe<ThreadObject>,
        Maybe::<ThreadObject>::thread
    );

    fn thread_info(
        &mut self,
        target_act: Maybe<ThreadObject>,
        flavor: i32,
        thread_info_out: &mut Room<'_, u32>,
    ) -> Result<(), KernReturn> {
        info::of_thread(target_act.thread()?, flavor, thread_info_out)
    }

    fn thread_sample(&mut self, thread: Maybe<ThreadObject>, reply: SendRight<InKernel>) -> Result<(), KernReturn> {
        sample_thread(thread.thread()?, wanted(reply)?)
    }

    fn thread_policy(
        &mut self,
        thr_act: Maybe<ThreadObject>,
        policy: Policy,
        base: &[i32],
        set_limit: bool,
    ) -> Result<(), KernReturn> {
        let limit = if set_limit { Limit::Base } else { Limit::AsItWas };
        thr_act.thread()?.schedule(policy::scheduling(policy, base)?, limit)
    }

    fn thread_set_policy(
        &mut self,
        thr_act: Maybe<ThreadObject>,
        pset: Maybe<Host>,
        policy: Policy,
        base: &[i32],
        limit: &[i32],
    ) -> Result<(), KernReturn> {
        let thread = thr_act.thread()?;
        pset.host()?;
        thread.schedule(policy::scheduling(policy, base)?, policy::limit(limit)?)
    }

    fn thread_policy_set(
        &mut self,
        thread: Maybe<ThreadObject>,
        flavor: u32,
        policy_info: &[u32],
    ) -> Result<(), KernReturn> {
        policy::set_of_thread(thread.thread()?, flavor, policy_info).map_err(ended)
    }

    fn thread_policy_get(
        &mut self,
        thread: Maybe<ThreadObject>,
        flavor: u32,
        policy_info: &mut Room<'_, u32>,
        get_default: bool,
    ) -> Result<bool, KernReturn> {
        policy::of_thread(thread.thread()?, flavor, policy_info, get_default).map_err(ended)
    }

    /// Of a thread that has not given up its priority there is nothing to end.
    fn thread_depress_abort(&mut self, thread: Maybe<ThreadObject>) -> Result<(), KernReturn> {
        let raised = thread.thread()?.priority.lock().raise();
        if raised { Ok(()) } else { Err(KernReturn::NOT_DEPRESSED) }
    }

    fn thread_abort_safely(&mut self, target_act: Maybe<ThreadObject>) -> Result<(), KernReturn> {
        target_act.thread()?.abort_safely().map_err(ended)
    }

    fn thread_abort(&mut self, target_act: Maybe<ThreadObject>) -> Result<(), KernReturn> {
        target_act.thread()?.abort().map_err(ended)
    }

    /// Inspection and reading have no ports of their own here: what they give is the thread's port itself.
    fn thread_get_special_port(
        &mut self,
        thr_act: Maybe<ThreadObject>,
        which_port: i32,
    ) -> Result<SendRight<InKernel>, KernReturn> {
        let thread = thr_act.thread()?;
        match which_port {
            THREAD_INSPECT_PORT | THREAD_READ_PORT => Ok(InKernel::send(thread.own_port())),
            number => special(&thread.special, settable(number)),
        }
    }

    fn thread_set_special_port(
        &mut self,
        thr_act: Maybe<ThreadObject>,
        which_port: i32,
        special_port: SendRight<InKernel>,
    ) -> Result<(), KernReturn> {
        set_special(&thr_act.thread()?.special, settable(which_port), special_port)
    }
}
