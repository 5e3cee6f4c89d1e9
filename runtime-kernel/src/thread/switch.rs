//! How a thread gives the processor away.

use std::time::Duration;

use generated::mach3::types::{SWITCH_OPTION_DEPRESS, SWITCH_OPTION_NONE, SWITCH_OPTION_WAIT};
use mig_rt::{KernReturn, PortName};

use super::{current, interrupts, trap};
use crate::schedule;
use crate::sync::Waiter;
use crate::task::Task;

impl Task {
    /// `thread_switch`: lets others run, for `milliseconds` if the option is to wait. The thread to run next is a hint that
    /// nothing follows from: who runs is the host's to say, or the seed's.
    ///
    /// # Errors
    /// `KERN_INVALID_ARGUMENT` if there is no such option.
    pub fn thread_switch(&self, _: PortName, option: i32, milliseconds: u32) -> Result<(), KernReturn> {
        match option {
            SWITCH_OPTION_NONE => _ = self.swtch(),
            SWITCH_OPTION_DEPRESS => _ = self.swtch_pri(0),
            SWITCH_OPTION_WAIT => trap(|| {
                let wait = Waiter::<()>::new(interrupts());
                // Time, or an abort, is what ends it.
                let _ = wait.wait(Some(Duration::from_millis(milliseconds.into())));
            }),
            _ => return Err(KernReturn::INVALID_ARGUMENT),
        }
        Ok(())
    }

    /// `swtch`: lets another thread run. Whether one could, as far as the kernel knows: where threads run as the host has
    /// it, it does not.
    pub fn swtch(&self) -> bool {
        trap(give_way)
    }

    /// `swtch_pri`: the same, at the worst priority until the thread runs again. The argument means nothing.
    pub fn swtch_pri(&self, _: i32) -> bool {
        trap(|| {
            let thread = current();
            let thread = thread.as_deref();
            thread.inspect(|it| it.priority.lock().depressed = true);
            let others = give_way();
            thread.inspect(|it| _ = it.priority.lock().raise());
            others
        })
    }
}

fn give_way() -> bool {
    let others = schedule::others_can_run();
    if schedule::is_current() {
        schedule::checkpoint();
    } else {
        std::thread::yield_now();
    }
    others
}
