//! Priorities and policies: numbers that threads have and tell. Who runs is the host's to say, or the seed's.

use std::cmp::Ordering;

use mig_rt::{AbiId, KernReturn};

/// Policies, a bit each: `POLICY_TIMESHARE`; `POLICY_FIXEDPRI` of Mach 3, which is Darwin's `POLICY_RR`; and Darwin's
/// `POLICY_FIFO`. A processor set must first allow all but the first.
pub(crate) const TIMESHARE: i32 = 1;
pub(crate) const FIXED: i32 = 2;
pub(crate) const FIFO: i32 = 4;
/// A quantum is a number of these, in milliseconds.
const TICK: u32 = 10;

/// How a system counts priorities. The numbers of a thread are those of its task's system, whoever asks for them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Scale {
    /// From 0, the best, to 31.
    Mach3,
    /// From 127, the best, to 0.
    Darwin,
}

impl Scale {
    pub(crate) fn of(abi: AbiId) -> Scale {
        if matches!(abi, AbiId::DarwinLp64 | AbiId::DarwinIlp32) { Scale::Darwin } else { Scale::Mach3 }
    }

    /// What users get, and the best that they may have.
    fn of_users(self) -> (i32, i32) {
        match self {
            Scale::Mach3 => (12, 12),
            Scale::Darwin => (31, 63),
        }
    }

    /// What a thread has that has given up its own.
    fn worst(self) -> i32 {
        match self {
            Scale::Mach3 => 31,
            Scale::Darwin => 0,
        }
    }

    /// Whether a number is a priority.
    ///
    /// # Errors
    /// `KERN_INVALID_ARGUMENT` if it is not.
    fn check(self, priority: i32) -> Result<(), KernReturn> {
        let all = match self {
            Scale::Mach3 => 0..=31,
            Scale::Darwin => 0..=127,
        };
        if all.contains(&priority) { Ok(()) } else { Err(KernReturn::INVALID_ARGUMENT) }
    }

    fn is_better(self, one: i32, other: i32) -> bool {
        let order = match self {
            Scale::Mach3 => one.cmp(&other),
            Scale::Darwin => other.cmp(&one),
        };
        order == Ordering::Less
    }

    /// A priority, or a limit if the priority is better.
    fn bounded(self, priority: i32, limit: i32) -> i32 {
        if self.is_better(priority, limit) { limit } else { priority }
    }
}

/// What a call asks for that sets a policy.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Scheduling {
    pub(crate) policy: i32,
    pub(crate) base: i32,
    /// In milliseconds.
    pub(crate) quantum: i32,
}

/// When a thread must have the processor (`THREAD_TIME_CONSTRAINT_POLICY`), in ticks of Darwin's clock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Constraint {
    /// From one turn to the next; 0 if there is no such time.
    pub(crate) period: u32,
    /// What it computes in each.
    pub(crate) computation: u32,
    /// Until when it must have done so.
    pub(crate) constraint: u32,
    /// Others may interrupt it.
    pub(crate) preemptible: bool,
}

impl Default for Constraint {
    /// Of a thread that has said nothing.
    fn default() -> Constraint {
        Constraint { period: 0, computation: 0, constraint: 0, preemptible: true }
    }
}

/// What is the best that a thread may have from then on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Limit {
    /// What it was.
    AsItWas,
    /// What it gets now.
    Base,
    /// What the owner of the processor set says.
    Best(i32),
}

/// What a thread has of them; and what a task's threads have at first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Priority {
    scale: Scale,
    pub(crate) base: i32,
    /// It cannot be better than this.
    pub(crate) best: i32,
    pub(crate) policy: i32,
    /// Under a fixed priority: for how long it runs before others have their turn, in milliseconds.
    pub(crate) quantum: i32,
    /// It must have the processor in time, whatever its policy is.
    pub(crate) constraint: Option<Constraint>,
    /// Among the threads of its task.
    pub(crate) importance: i32,
    /// Threads of one number want to share a cache.
    pub(crate) affinity: i32,
    /// It has given its priority up for a while.
    pub(crate) depressed: bool,
    /// It may use what is kept for the system (`thread_wire`).
    pub(crate) wired: bool,
}

impl Priority {
    /// Those of users.
    pub(crate) fn of_users(scale: Scale) -> Priority {
        let (base, best) = scale.of_users();
        let (policy, quantum, constraint, importance, affinity) = (TIMESHARE, 0, None, 0, 0);
        let (depressed, wired) = (false, false);
        Priority { scale, base, best, policy, quantum, constraint, importance, affinity, depressed, wired }
    }

    /// How its numbers are counted.
    pub(crate) fn scale(&self) -> Scale {
        self.scale
    }

    /// The policy that it is told to have: whoever must have the processor in time does not share it.
    pub(crate) fn policy(&self) -> i32 {
        if self.constraint.is_some() { FIXED } else { self.policy }
    }

    /// Of a thread whose task has these.
    pub(crate) fn of_thread(self) -> Priority {
        Priority { base: self.scale.bounded(self.base, self.best), ..self }
    }

    /// What counts now.
    pub(crate) fn current(&self) -> i32 {
        if self.depressed { self.scale.worst() } else { self.base }
    }

    /// What it gets back when it runs again; -1 if it has not given anything up.
    pub(crate) fn given_up(&self) -> i32 {
        if self.depressed { self.base } else { -1 }
    }

    /// `thread_priority`; with `limits` it cannot become better again.
    ///
    /// # Errors
    /// `KERN_INVALID_ARGUMENT` if the number is none, `KERN_FAILURE` if the thread cannot have it.
    pub(crate) fn set(&mut self, priority: i32, limits: bool) -> Result<(), KernReturn> {
        self.scale.check(priority)?;
        if self.scale.is_better(priority, self.best) {
            return Err(KernReturn::FAILURE);
        }
        self.base = priority;
        if limits {
            self.best = priority;
        }
        Ok(())
    }

    /// `task_priority`: of threads to come, whatever the best is that they may have.
    ///
    /// # Errors
    /// `KERN_INVALID_ARGUMENT` if the number is none.
    pub(crate) fn set_default(&mut self, priority: i32) -> Result<(), KernReturn> {
        self.scale.check(priority)?;
        self.base = priority;
        Ok(())
    }

    /// `thread_max_priority`: the priority goes down with the best that may be had.
    ///
    /// # Errors
    /// `KERN_INVALID_ARGUMENT` if the number is none.
    pub(crate) fn set_best(&mut self, best: i32) -> Result<(), KernReturn> {
        self.scale.check(best)?;
        (self.best, self.base) = (best, self.scale.bounded(self.base, best));
        Ok(())
    }

    /// `thread_policy` of Mach 3, in a set that allows some. The quantum counts for fixed priorities only.
    ///
    /// # Errors
    /// `KERN_INVALID_ARGUMENT` if there is no such policy, `KERN_FAILURE` if it is not allowed.
    pub(crate) fn set_policy(&mut self, policy: i32, quantum: i32, allowed: i32) -> Result<(), KernReturn> {
        match policy {
            TIMESHARE | FIXED if allowed & policy == 0 => Err(KernReturn::FAILURE),
            TIMESHARE => {
                (self.policy, self.quantum) = (policy, 0);
                Ok(())
            }
            FIXED => {
                // A quantum that no clock could count is the longest that one can.
                let ticks = quantum.max(0).unsigned_abs().div_ceil(TICK).min(i32::MAX as u32 / TICK);
                (self.policy, self.quantum) = (policy, (ticks * TICK) as i32);
                Ok(())
            }
            _ => Err(KernReturn::INVALID_ARGUMENT),
        }
    }

    /// Darwin's calls that set a policy, in a set that allows some.
    ///
    /// # Errors
    /// `KERN_INVALID_POLICY` if it is not allowed, `KERN_INVALID_ARGUMENT` if a number is no priority,
    /// `KERN_POLICY_LIMIT` if it is better than what may be had.
    pub(crate) fn schedule(&mut self, it: Scheduling, limit: Limit, allowed: i32) -> Result<(), KernReturn> {
        if allowed & it.policy == 0 {
            return Err(KernReturn::INVALID_POLICY);
        }
        self.scale.check(it.base)?;
        let best = match limit {
            Limit::AsItWas => self.best,
            Limit::Base => it.base,
            Limit::Best(best) => best,
        };
        self.scale.check(best)?;
        if !matches!(limit, Limit::Best(_)) && self.scale.is_better(it.base, self.best) {
            return Err(KernReturn::POLICY_LIMIT);
        }
        (self.policy, self.quantum, self.best) = (it.policy, it.quantum, best);
        self.base = self.scale.bounded(it.base, best);
        Ok(())
    }

    /// A policy is allowed no longer: who has it shares time from now on.
    pub(crate) fn give_up_policy(&mut self, policy: i32) {
        if self.policy == policy {
            (self.policy, self.quantum) = (TIMESHARE, 0);
        }
    }

    /// Ends its depression; `false` if there is none.
    pub(crate) fn raise(&mut self) -> bool {
        std::mem::replace(&mut self.depressed, false)
    }
}
