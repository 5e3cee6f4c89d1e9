//! Who gets samples of program counters: routines of both sets.

use mig_rt::{KernReturn, SendRight};

use super::tasks::afford;
use crate::in_kernel::InKernel;
use crate::ipc::right::Carried;
use crate::task::TaskObject;
use crate::thread::ThreadObject;

/// The port that samples are to go to; null ends them.
///
/// # Errors
/// `KERN_INVALID_ARGUMENT` if it has died.
pub(super) fn wanted(port: SendRight<InKernel>) -> Result<Carried, KernReturn> {
    match InKernel::take(port).or_dead() {
        Carried::Dead => Err(KernReturn::INVALID_ARGUMENT),
        port => Ok(port),
    }
}

/// `mach_sample_thread`, `thread_sample`
pub(super) fn sample_thread(thread: &ThreadObject, port: Carried) -> Result<(), KernReturn> {
    if port.port().is_some() {
        afford(&*thread.task.upgrade().ok_or(KernReturn::FAILURE)?)?;
    }
    thread.sampling.send_to(port);
    thread.update_sampling();
    Ok(())
}

/// `mach_sample_task`, `task_sample`
pub(super) fn sample_task(task: &TaskObject, port: Carried) -> Result<(), KernReturn> {
    if port.port().is_some() {
        afford(task)?;
    }
    task.sampling.send_to(port);
    task.sample_threads();
    Ok(())
}
