//! The calls about tasks and threads: what each does, and each code that it answers, in every ABI that has it.

mod control;
mod counters;
mod events;
mod exceptions;
mod faults;
mod handlers;
mod info;
mod policies;
mod races;
mod rescue;
mod samples;
mod scheduling;
mod state;

use generated::{darwin, mach3};
use mig_rt::{AbiId, MsgReturn, Result, SendRight};
use runtime_kernel::Task;

/// The calls in one ABI.
#[derive(Clone, Copy)]
pub(crate) struct Calls(pub(crate) AbiId);

macro_rules! both {
    ($($call:ident of $darwin:ident($($arg:ident: $type:ty),*) -> $out:ty;)*) => {
        impl Calls { $(
            pub(crate) fn $call(self, to: &SendRight<Task>, $($arg: $type),*) -> Result<$out> {
                if self.is_typed() {
                    mach3::mach::any::$call(self.0, to, $($arg),*)
                } else {
                    darwin::$darwin::any::$call(self.0, to, $($arg),*)
                }
            }
        )* }
    };
}
both! {
    task_terminate of task() -> ();
    task_suspend of task() -> ();
    task_resume of task() -> ();
    thread_create of task() -> SendRight<Task>;
    thread_suspend of thread_act() -> ();
    thread_resume of thread_act() -> ();
    thread_abort of thread_act() -> ();
}

impl Calls {
    pub(crate) fn is_typed(self) -> bool {
        !matches!(self.0, AbiId::DarwinLp64 | AbiId::DarwinIlp32)
    }

    pub(crate) fn task_create(self, parent: &SendRight<Task>, inherit: bool) -> Result<SendRight<Task>> {
        if self.is_typed() {
            mach3::mach::any::task_create(self.0, parent, inherit)
        } else {
            darwin::task::any::task_create(self.0, parent, &[], inherit)
        }
    }

    pub(crate) fn thread_terminate(self, thread: &SendRight<Task>) -> Result<()> {
        if self.is_typed() {
            mach3::mach::any::thread_terminate(self.0, thread)
        } else {
            // It takes the right, which may have died.
            let right = thread.try_clone().map_err(|_| MsgReturn::SEND_INVALID_DEST)?;
            darwin::thread_act::any::thread_terminate(self.0, right)
        }
    }

    pub(crate) fn task_threads(self, task: &SendRight<Task>) -> Result<Vec<SendRight<Task>>> {
        if self.is_typed() {
            mach3::mach::any::task_threads(self.0, task).map(Iterator::collect)
        } else {
            darwin::task::any::task_threads(self.0, task).map(Iterator::collect)
        }
    }

    /// Darwin's only.
    pub(crate) fn thread_abort_safely(self, thread: &SendRight<Task>) -> Result<()> {
        darwin::thread_act::any::thread_abort_safely(self.0, thread)
    }

    /// What a thread that has ended is told of, by those who were too late.
    pub(crate) fn ended(self) -> &'static str {
        if self.is_typed() { "KERN_FAILURE" } else { "KERN_TERMINATED" }
    }
}
