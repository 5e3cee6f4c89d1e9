//! The ports that tasks and threads carry, each by a name of its own: the macros of C's `mach/task_special_ports.h` and
//! `mach/thread_special_ports.h`, for the systems of Mach 3.

use mig_rt::{AbiId, Result, SendRight, Transport};

use crate::mach3::mach::any;
use crate::mach3::types;

macro_rules! special_ports {
    ($($get:ident $set:ident: $routine_get:ident $routine_set:ident $which:ident, $what:literal;)*) => { $(
        #[doc = concat!("Gets ", $what, ": `", stringify!($routine_get), "` with `", stringify!($which), "`.")]
        ///
        /// # Errors
        /// Those of the routine.
        pub fn $get<T: Transport>(abi: AbiId, of: &SendRight<T>) -> Result<SendRight<T>> {
            any::$routine_get(abi, of, types::$which)
        }

        #[doc = concat!("Sets ", $what, ": `", stringify!($routine_set), "` with `", stringify!($which), "`.")]
        ///
        /// # Errors
        /// Those of the routine.
        pub fn $set<T: Transport>(abi: AbiId, of: &SendRight<T>, to: &SendRight<T>) -> Result<()> {
            any::$routine_set(abi, of, types::$which, to)
        }
    )* };
}

special_ports! {
    task_get_kernel_port task_set_kernel_port: task_get_special_port task_set_special_port
        TASK_KERNEL_PORT, "the port that a task calls itself by";
    task_get_exception_port task_set_exception_port: task_get_special_port task_set_special_port
        TASK_EXCEPTION_PORT, "the port of whoever handles a task's exceptions";
    task_get_bootstrap_port task_set_bootstrap_port: task_get_special_port task_set_special_port
        TASK_BOOTSTRAP_PORT, "the port from which a task gets its first rights";
    thread_get_kernel_port thread_set_kernel_port: thread_get_special_port thread_set_special_port
        THREAD_KERNEL_PORT, "the port that a thread calls itself by";
    thread_get_exception_port thread_set_exception_port: thread_get_special_port thread_set_special_port
        THREAD_EXCEPTION_PORT, "the port of whoever handles a thread's exceptions";
}
