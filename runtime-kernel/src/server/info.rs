//! What tasks and threads tell of themselves: what both sets ask alike, and Mach 3. Processor time is not measured, and so
//! is none.

use generated::mach3;
use generated::mach3::types::{TH_STATE_HALTED, TH_STATE_RUNNING, TH_STATE_STOPPED, TH_STATE_WAITING};
use mig_rt::{Flavor, KernReturn, Room, Size};

use crate::task::TaskObject;
use crate::thread::ThreadObject;

const NO_TIME: mach3::types::TimeValue = mach3::types::TimeValue { seconds: 0, microseconds: 0 };

/// Writes a structure, if there is room for all of it.
pub(super) fn put<F: Flavor>(room: &mut Room<'_, u32>, it: &F) -> Result<(), KernReturn> {
    if room.put(it) { Ok(()) } else { Err(KernReturn::INVALID_ARGUMENT) }
}

/// `task_info` of Mach 3.
pub(super) fn of_task(task: &TaskObject, flavor: i32, room: &mut Room<'_, u32>) -> Result<(), KernReturn> {
    use mach3::types::{TaskBasicInfo, TaskThreadTimesInfo};
    let (all, resident) = task.map.sizes();
    match flavor {
        TaskBasicInfo::NUMBER => put(
            room,
            &TaskBasicInfo {
                suspend_count: task.suspensions() as i32,
                base_priority: task.priority().base,
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

/// What a thread does.
pub(super) fn run_state(thread: &ThreadObject) -> (i32, i32) {
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
pub(super) fn of_thread(thread: &ThreadObject, flavor: i32, room: &mut Room<'_, u32>) -> Result<(), KernReturn> {
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
                policy: priority.policy(),
                data: priority.quantum,
                base_priority: priority.base,
                max_priority: priority.best,
                cur_priority: priority.current(),
                depressed: priority.depressed,
                depress_priority: priority.given_up(),
            },
        ),
        _ => Err(KernReturn::INVALID_ARGUMENT),
    }
}
