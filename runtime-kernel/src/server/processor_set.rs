//! Routines about the processor set that both sets have in the same form.

use mig_rt::KernReturn;

use crate::host::Host;

/// Which policies threads of a set may have.
macro_rules! policy_calls {
    () => {
        fn processor_set_policy_enable(&mut self, processor_set: Maybe<Host>, policy: i32) -> Result<(), KernReturn> {
            processor_set.host()?.processor_set.enable(policy)
        }

        fn processor_set_policy_disable(
            &mut self,
            processor_set: Maybe<Host>,
            policy: i32,
            change_threads: bool,
        ) -> Result<(), KernReturn> {
            $crate::server::processor_set::disable(processor_set.host()?, policy, change_threads)
        }
    };
}
pub(super) use policy_calls;

/// `processor_set_policy_disable`
pub(super) fn disable(host: &Host, policy: i32, change_threads: bool) -> Result<(), KernReturn> {
    host.processor_set.disable(policy)?;
    if change_threads {
        let tasks = host.tasks.lock().clone();
        tasks.iter().for_each(|it| it.give_up_policy(policy));
    }
    Ok(())
}
