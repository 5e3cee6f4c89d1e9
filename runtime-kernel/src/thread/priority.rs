//! Priorities and policies: numbers that threads have and tell. Who runs is the host's to say, or the seed's.

use mig_rt::KernReturn;

/// The best and the worst priority of Mach 3, and what users get.
pub(crate) const USER: i32 = 12;
const WORST: i32 = 31;

/// `POLICY_TIMESHARE`, and `POLICY_FIXEDPRI`, which a processor set must first allow.
pub(crate) const TIMESHARE: i32 = 1;
const FIXED: i32 = 2;

/// Whether a number is a priority.
///
/// # Errors
/// `KERN_INVALID_ARGUMENT` if it is not.
pub(crate) fn check(priority: i32) -> Result<(), KernReturn> {
    if (0..=WORST).contains(&priority) { Ok(()) } else { Err(KernReturn::INVALID_ARGUMENT) }
}

/// What a thread has of them. Smaller numbers are better.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Priority {
    pub(crate) base: i32,
    /// It cannot be better than this.
    pub(crate) best: i32,
    /// It has given its priority up for a while.
    pub(crate) depressed: bool,
    /// It may use what is kept for the system (`thread_wire`).
    pub(crate) wired: bool,
}

impl Priority {
    /// Of a thread whose task has a priority.
    pub(crate) fn of_task(priority: i32) -> Priority {
        Priority { base: priority.max(USER), best: USER, depressed: false, wired: false }
    }

    /// What counts now.
    pub(crate) fn current(&self) -> i32 {
        if self.depressed { WORST } else { self.base }
    }

    /// `thread_priority`; with `limits` it cannot become better again.
    ///
    /// # Errors
    /// `KERN_INVALID_ARGUMENT` if the number is none, `KERN_FAILURE` if the thread cannot have it.
    pub(crate) fn set(&mut self, priority: i32, limits: bool) -> Result<(), KernReturn> {
        check(priority)?;
        if priority < self.best {
            return Err(KernReturn::FAILURE);
        }
        self.base = priority;
        if limits {
            self.best = priority;
        }
        Ok(())
    }

    /// `thread_policy`: every thread has time shared, and no processor set allows another.
    ///
    /// # Errors
    /// `KERN_INVALID_ARGUMENT` if there is no such policy, `KERN_FAILURE` if it is not allowed.
    pub(crate) fn set_policy(policy: i32) -> Result<(), KernReturn> {
        match policy {
            TIMESHARE => Ok(()),
            FIXED => Err(KernReturn::FAILURE),
            _ => Err(KernReturn::INVALID_ARGUMENT),
        }
    }

    /// Ends its depression; `false` if there is none.
    pub(crate) fn raise(&mut self) -> bool {
        std::mem::replace(&mut self.depressed, false)
    }
}
