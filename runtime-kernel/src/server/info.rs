//! What tasks and threads tell of themselves: what both sets ask alike, and Mach 3.
//!
//! Processor time is what the host says of its threads. It does not say how much of it was spent in this kernel, so all of
//! it is the user's.

use generated::mach3;
use std::time::Duration;

use generated::mach3::types::{TH_STATE_HALTED, TH_STATE_RUNNING, TH_STATE_STOPPED, TH_STATE_WAITING};
use mig_rt::{Flavor, KernReturn, Room, Size};

use crate::events::Event;
use crate::task::TaskObject;
use crate::thread::ThreadObject;

/// Seconds and microseconds.
pub(super) fn in_parts(it: Duration) -> (i32, i32) {
    (i32::try_from(it.as_secs()).unwrap_or(i32::MAX), it.subsec_micros().cast_signed())
}

/// How this set writes a time.
fn value(it: Duration) -> mach3::types::TimeValue {
    let (seconds, microseconds) = in_parts(it);
    mach3::types::TimeValue { seconds: seconds.into(), microseconds }
}

/// Writes a structure, if there is room for all of it.
pub(super) fn put<F: Flavor>(room: &mut Room<'_, u32>, it: &F) -> Result<(), KernReturn> {
    if room.put(it) { Ok(()) } else { Err(KernReturn::INVALID_ARGUMENT) }
}

/// `task_info` of Mach 3.
pub(super) fn of_task(task: &TaskObject, flavor: i32, room: &mut Room<'_, u32>) -> Result<(), KernReturn> {
    use mach3::types::{TaskBasicInfo, TaskEventsInfo, TaskThreadTimesInfo};
    let (all, resident) = task.map.sizes();
    let (ended, living) = task.times();
    match flavor {
        TaskBasicInfo::NUMBER => put(
            room,
            &TaskBasicInfo {
                suspend_count: task.suspensions() as i32,
                base_priority: task.priority().base,
                virtual_size: Size(all),
                resident_size: Size(resident),
                user_time: value(ended),
                system_time: value(Duration::ZERO),
            },
        ),
        TaskEventsInfo::NUMBER => {
            let counts = task.events();
            put(
                room,
                &TaskEventsInfo {
                    faults: counts.faults(),
                    zero_fills: counts.of(Event::ZeroFill),
                    reactivations: 0,
                    pageins: counts.of(Event::PageIn),
                    cow_faults: counts.of(Event::CopyOnWrite),
                    messages_sent: counts.of(Event::Sent),
                    messages_received: counts.of(Event::Received),
                },
            )
        }
        TaskThreadTimesInfo::NUMBER => {
            put(room, &TaskThreadTimesInfo { user_time: value(living), system_time: value(Duration::ZERO) })
        }
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
                user_time: value(thread.clock.time()),
                system_time: value(Duration::ZERO),
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
