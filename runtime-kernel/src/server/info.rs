//! What tasks and threads tell of themselves. Processor time is not measured, and so is none.

use generated::mach3::types::{TH_STATE_HALTED, TH_STATE_RUNNING, TH_STATE_STOPPED, TH_STATE_WAITING};
use generated::{darwin, mach3};
use mig_rt::{Flavor, KernReturn, Room, Size};

use crate::task::TaskObject;
use crate::thread::{TIMESHARE, ThreadObject};

const NO_TIME: mach3::types::TimeValue = mach3::types::TimeValue { seconds: 0, microseconds: 0 };
const NO_TIME_OF_DARWIN: darwin::types::TimeValue = darwin::types::TimeValue { seconds: 0, microseconds: 0 };

/// Writes a structure, if there is room for all of it.
fn put<F: Flavor>(room: &mut Room<'_, u32>, it: &F) -> Result<(), KernReturn> {
    if room.put(it) { Ok(()) } else { Err(KernReturn::INVALID_ARGUMENT) }
}

/// `task_info` of Mach 3.
pub(super) fn task_of_mach3(task: &TaskObject, flavor: i32, room: &mut Room<'_, u32>) -> Result<(), KernReturn> {
    use mach3::types::{TaskBasicInfo, TaskThreadTimesInfo};
    let (all, resident) = task.map.sizes();
    match flavor {
        TaskBasicInfo::NUMBER => put(
            room,
            &TaskBasicInfo {
                suspend_count: task.suspensions() as i32,
                base_priority: task.priority(),
                virtual_size: Size(all),
                resident_size: Size(resident),
                user_time: NO_TIME,
                system_time: NO_TIME,
            },
        ),
        TaskThreadTimesInfo::NUMBER => put(room, &TaskThreadTimesInfo { user_time: NO_TIME, system_time: NO_TIME }),
        _ => Err(KernReturn::INVALID_ARGUMENT),
    }
}

/// `task_info` of Darwin.
pub(super) fn task_of_darwin(task: &TaskObject, flavor: i32, room: &mut Room<'_, u32>) -> Result<(), KernReturn> {
    use darwin::types::{MachTaskBasicInfo, TaskBasicInfo32, TaskBasicInfo64, TaskThreadTimesInfo};
    let (virtual_size, resident_size) = task.map.sizes();
    let (suspend_count, policy) = (task.suspensions() as i32, TIMESHARE);
    let (user_time, system_time) = (NO_TIME_OF_DARWIN, NO_TIME_OF_DARWIN);
    let narrow = |it: u64| u32::try_from(it).unwrap_or(u32::MAX);
    match flavor {
        TaskBasicInfo32::NUMBER => {
            let (virtual_size, resident_size) = (narrow(virtual_size), narrow(resident_size));
            let it = TaskBasicInfo32 { suspend_count, virtual_size, resident_size, user_time, system_time, policy };
            put(room, &it)
        }
        TaskBasicInfo64::NUMBER => {
            let it = TaskBasicInfo64 { suspend_count, virtual_size, resident_size, user_time, system_time, policy };
            put(room, &it)
        }
        MachTaskBasicInfo::NUMBER => put(
            room,
            &MachTaskBasicInfo {
                virtual_size,
                resident_size,
                resident_size_max: resident_size,
                user_time,
                system_time,
                policy,
                suspend_count,
            },
        ),
        TaskThreadTimesInfo::NUMBER => put(room, &TaskThreadTimesInfo { user_time, system_time }),
        _ => Err(KernReturn::INVALID_ARGUMENT),
    }
}

/// What a thread does.
fn run_state(thread: &ThreadObject) -> (i32, i32) {
    let (count, stops, has_program) = thread.run.suspensions();
    let state = match () {
        () if stops => TH_STATE_STOPPED,
        () if !has_program => TH_STATE_HALTED,
        () if thread.run.interrupts.is_waiting() => TH_STATE_WAITING,
        () => TH_STATE_RUNNING,
    };
    (count as i32, state)
}

/// `thread_info` of Mach 3.
pub(super) fn thread_of_mach3(thread: &ThreadObject, flavor: i32, room: &mut Room<'_, u32>) -> Result<(), KernReturn> {
    use mach3::types::{ThreadBasicInfo, ThreadSchedInfo};
    let priority = *thread.priority.lock();
    let (suspend_count, run_state) = run_state(thread);
    match flavor {
        ThreadBasicInfo::NUMBER => put(
            room,
            &ThreadBasicInfo {
                user_time: NO_TIME,
                system_time: NO_TIME,
                cpu_usage: 0,
                base_priority: priority.base,
                cur_priority: priority.current(),
                run_state,
                flags: 0,
                suspend_count,
                sleep_time: 0,
            },
        ),
        ThreadSchedInfo::NUMBER => put(
            room,
            &ThreadSchedInfo {
                policy: TIMESHARE,
                data: 0,
                base_priority: priority.base,
                max_priority: priority.best,
                cur_priority: priority.current(),
                depressed: priority.depressed,
                depress_priority: if priority.depressed { priority.base } else { -1 },
            },
        ),
        _ => Err(KernReturn::INVALID_ARGUMENT),
    }
}

/// `thread_info` of Darwin.
pub(super) fn thread_of_darwin(thread: &ThreadObject, flavor: i32, room: &mut Room<'_, u32>) -> Result<(), KernReturn> {
    use darwin::types::{ThreadBasicInfo, ThreadIdentifierInfo};
    let (suspend_count, run_state) = run_state(thread);
    match flavor {
        ThreadBasicInfo::NUMBER => put(
            room,
            &ThreadBasicInfo {
                user_time: NO_TIME_OF_DARWIN,
                system_time: NO_TIME_OF_DARWIN,
                cpu_usage: 0,
                policy: TIMESHARE,
                run_state,
                flags: 0,
                suspend_count,
                sleep_time: 0,
            },
        ),
        ThreadIdentifierInfo::NUMBER => {
            put(room, &ThreadIdentifierInfo { thread_id: thread.port.id, thread_handle: 0, dispatch_qaddr: 0 })
        }
        _ => Err(KernReturn::INVALID_ARGUMENT),
    }
}
