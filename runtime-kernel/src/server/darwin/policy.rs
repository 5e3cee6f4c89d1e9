//! How Darwin says by which policy threads run.

use generated::darwin::types::{
    Policy, TaskCategoryPolicy, ThreadAffinityPolicy, ThreadExtendedPolicy, ThreadPrecedencePolicy,
    ThreadTimeConstraintPolicy,
};
use mig_rt::flavor::{self, Flavor};
use mig_rt::{AbiId, KernReturn, Room};

use crate::server::info::put;
use crate::task::TaskObject;
use crate::thread::{Constraint, FIXED, Limit, Priority, Scheduling, TIMESHARE, ThreadObject};

/// Roles of a task, `TASK_UNSPECIFIED` to `TASK_DARWINBG_APPLICATION`.
const ROLES: std::ops::RangeInclusive<i32> = 0..=8;

/// A policy, and what it starts from: a priority, and for `POLICY_RR` a quantum too.
///
/// # Errors
/// `KERN_INVALID_POLICY` if there is no such policy, `KERN_INVALID_ARGUMENT` if it has more words, or fewer.
pub(super) fn scheduling(policy: Policy, base: &[i32]) -> Result<Scheduling, KernReturn> {
    let (base, quantum) = match (policy, base) {
        (Policy::TIMESHARE | Policy::FIFO, [base]) => (*base, 0),
        (Policy::RR, [base, quantum]) => (*base, *quantum),
        (Policy::TIMESHARE | Policy::FIFO | Policy::RR, _) => return Err(KernReturn::INVALID_ARGUMENT),
        _ => return Err(KernReturn::INVALID_POLICY),
    };
    Ok(Scheduling { policy: policy.0, base, quantum })
}

/// The limit of any policy, which is a priority.
///
/// # Errors
/// `KERN_INVALID_ARGUMENT` if it has more words, or none.
pub(super) fn limit(limit: &[i32]) -> Result<Limit, KernReturn> {
    match limit {
        [best] => Ok(Limit::Best(*best)),
        _ => Err(KernReturn::INVALID_ARGUMENT),
    }
}

/// Reads what a flavor says; words behind it are ignored.
fn read<F: Flavor>(words: &[u32]) -> Result<F, KernReturn> {
    // These are the same in both ABIs.
    flavor::read(AbiId::DarwinLp64, words).ok_or(KernReturn::INVALID_ARGUMENT)
}

/// What of a flavor's number is compared.
fn number(flavor: u32) -> i32 {
    flavor.cast_signed()
}

/// `thread_policy_set`
pub(super) fn set_of_thread(thread: &ThreadObject, flavor: u32, words: &[u32]) -> Result<(), KernReturn> {
    thread.check_living()?;
    let mut priority = thread.priority.lock();
    match number(flavor) {
        ThreadExtendedPolicy::NUMBER => {
            // Without words it is the standard policy, whose flavor has the same number.
            let shares = if words.is_empty() { true } else { read::<ThreadExtendedPolicy>(words)?.timeshare };
            (priority.policy, priority.constraint) = (if shares { TIMESHARE } else { FIXED }, None);
        }
        ThreadTimeConstraintPolicy::NUMBER => {
            let it: ThreadTimeConstraintPolicy = read(words)?;
            if it.constraint < it.computation {
                return Err(KernReturn::INVALID_ARGUMENT);
            }
            let ThreadTimeConstraintPolicy { period, computation, constraint, preemptible } = it;
            priority.constraint = Some(Constraint { period, computation, constraint, preemptible });
        }
        ThreadPrecedencePolicy::NUMBER => priority.importance = read::<ThreadPrecedencePolicy>(words)?.importance,
        ThreadAffinityPolicy::NUMBER => priority.affinity = read::<ThreadAffinityPolicy>(words)?.affinity_tag,
        _ => return Err(KernReturn::INVALID_ARGUMENT),
    }
    Ok(())
}

/// `thread_policy_get`: whether what is told is the default.
pub(super) fn of_thread(
    thread: &ThreadObject,
    flavor: u32,
    room: &mut Room<'_, u32>,
    default: bool,
) -> Result<bool, KernReturn> {
    thread.check_living()?;
    let priority = *thread.priority.lock();
    let it = if default { Priority::of_users(priority.scale()) } else { priority };
    match number(flavor) {
        ThreadExtendedPolicy::NUMBER => put(room, &ThreadExtendedPolicy { timeshare: it.policy() == TIMESHARE })?,
        ThreadTimeConstraintPolicy::NUMBER => {
            let Constraint { period, computation, constraint, preemptible } = it.constraint.unwrap_or_default();
            put(room, &ThreadTimeConstraintPolicy { period, computation, constraint, preemptible })?;
            return Ok(it.constraint.is_none());
        }
        ThreadPrecedencePolicy::NUMBER => put(room, &ThreadPrecedencePolicy { importance: it.importance })?,
        ThreadAffinityPolicy::NUMBER => put(room, &ThreadAffinityPolicy { affinity_tag: it.affinity })?,
        _ => return Err(KernReturn::INVALID_ARGUMENT),
    }
    Ok(default)
}

/// `task_policy_set`: the role that a task plays for its user.
pub(super) fn set_of_task(task: &TaskObject, flavor: u32, words: &[u32]) -> Result<(), KernReturn> {
    if number(flavor) != TaskCategoryPolicy::NUMBER {
        return Err(KernReturn::INVALID_ARGUMENT);
    }
    let TaskCategoryPolicy { role } = read(words)?;
    if ROLES.contains(&role) { task.set_role(role) } else { Err(KernReturn::INVALID_ARGUMENT) }
}

/// `task_policy_get`: whether what is told is the default.
pub(super) fn of_task(
    task: &TaskObject,
    flavor: u32,
    room: &mut Room<'_, u32>,
    default: bool,
) -> Result<bool, KernReturn> {
    if number(flavor) != TaskCategoryPolicy::NUMBER {
        return Err(KernReturn::INVALID_ARGUMENT);
    }
    let role = if default { 0 } else { task.role() };
    put(room, &TaskCategoryPolicy { role })?;
    Ok(default)
}
