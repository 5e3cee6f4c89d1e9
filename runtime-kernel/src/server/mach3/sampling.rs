//! Samples of program counters, as the manual has them and as later kernels do.

use generated::mach3::mach4::{Mach4Server, SampledPc, SampledPcFlavor};
use generated::mach3::sample::SampleServer;
use mig_rt::{Address, KernReturn, PackedRoom, SendRight};

use crate::in_kernel::InKernel;
use crate::sampling::{Sampling, TICK};
use crate::server::sampling::{sample_task, sample_thread, wanted};
use crate::server::tasks::afford;
use crate::server::{Maybe, Server};
use crate::task::TaskObject;
use crate::thread::ThreadObject;

impl SampleServer<InKernel> for Server {
    fn mach_sample_thread(
        &mut self,
        task: Maybe<TaskObject>,
        reply_port: SendRight<InKernel>,
        sample_thread_: Maybe<ThreadObject>,
    ) -> Result<(), KernReturn> {
        task.task()?;
        sample_thread(sample_thread_.thread()?, wanted(reply_port)?)
    }

    fn mach_sample_task(
        &mut self,
        task: Maybe<TaskObject>,
        reply_port: SendRight<InKernel>,
        sample_task_: Maybe<TaskObject>,
    ) -> Result<(), KernReturn> {
        task.task()?;
        sample_task(sample_task_.task()?, wanted(reply_port)?)
    }
}

/// What is kept, from a number on; and how many there were.
fn kept(sampling: &Sampling, after: u32, room: &mut PackedRoom<'_, SampledPc>) -> Result<u32, KernReturn> {
    let (samples, number) = sampling.kept(after, room.capacity())?;
    for it in samples {
        let it = SampledPc { id: Address(it.thread), pc: Address(it.pc), sampletype: SampledPcFlavor::PERIODIC };
        // There is room for so many, but a narrow machine has none for a wide number.
        if !room.push(&it) {
            return Err(KernReturn::INVALID_ARGUMENT);
        }
    }
    Ok(number)
}

/// Microseconds between samples.
fn tick() -> i32 {
    TICK.as_micros() as i32
}

/// Samples are taken periodically, whatever else is asked for: faults are counted, not sampled.
impl Mach4Server<InKernel> for Server {
    fn task_enable_pc_sampling(&mut self, host: Maybe<TaskObject>, _: SampledPcFlavor) -> Result<i32, KernReturn> {
        let task = host.task()?;
        afford(task)?;
        task.sampling.keep();
        task.sample_threads();
        Ok(tick())
    }

    fn task_disable_pc_sampling(&mut self, host: Maybe<TaskObject>) -> Result<i32, KernReturn> {
        let task = host.task()?;
        let count = task.sampling.forget()?;
        task.sample_threads();
        Ok(count.cast_signed())
    }

    fn task_get_sampled_pcs(
        &mut self,
        host: Maybe<TaskObject>,
        seqno: u32,
        sampled_pcs: &mut PackedRoom<'_, SampledPc>,
    ) -> Result<u32, KernReturn> {
        kept(&host.task()?.sampling, seqno, sampled_pcs)
    }

    fn thread_enable_pc_sampling(&mut self, host: Maybe<ThreadObject>, _: SampledPcFlavor) -> Result<i32, KernReturn> {
        let thread = host.thread()?;
        afford(&*thread.task.upgrade().ok_or(KernReturn::FAILURE)?)?;
        thread.sampling.keep();
        thread.update_sampling();
        Ok(tick())
    }

    fn thread_disable_pc_sampling(&mut self, host: Maybe<ThreadObject>) -> Result<i32, KernReturn> {
        let thread = host.thread()?;
        let count = thread.sampling.forget()?;
        thread.update_sampling();
        Ok(count.cast_signed())
    }

    fn thread_get_sampled_pcs(
        &mut self,
        host: Maybe<ThreadObject>,
        seqno: u32,
        sampled_pcs: &mut PackedRoom<'_, SampledPc>,
    ) -> Result<u32, KernReturn> {
        kept(&host.thread()?.sampling, seqno, sampled_pcs)
    }
}
