//! What tasks and threads tell of themselves in Darwin.

use std::time::Duration;

use generated::darwin::types::{
    MachTaskBasicInfo, PolicyFifoBase, PolicyFifoInfo, PolicyRrBase, PolicyRrInfo, PolicyTimeshareBase,
    PolicyTimeshareInfo, TaskAbsolutetimeInfo, TaskAuditToken, TaskBasicInfo32, TaskBasicInfo64, TaskEventsInfo,
    TaskSecurityToken, TaskThreadTimesInfo, ThreadBasicInfo, ThreadExtendedInfo, ThreadIdentifierInfo, TimeValue,
};
use mig_rt::{Flavor, KernReturn, Room};

use crate::events::Event;
use crate::ipc::copyin::Names;
use crate::server::info::{in_parts, put, run_state};
use crate::task::TaskObject;
use crate::thread::{FIFO, FIXED, Priority, TIMESHARE, ThreadObject};

/// How this set writes a time.
fn value(it: Duration) -> TimeValue {
    let (seconds, microseconds) = in_parts(it);
    TimeValue { seconds, microseconds }
}

fn nanoseconds(it: Duration) -> u64 {
    u64::try_from(it.as_nanos()).unwrap_or(u64::MAX)
}

fn number(it: u64) -> i32 {
    i32::try_from(it).unwrap_or(i32::MAX)
}

/// `task_info`
pub(super) fn of_task(task: &TaskObject, flavor: i32, room: &mut Room<'_, u32>) -> Result<(), KernReturn> {
    let (virtual_size, resident_size) = task.map.sizes();
    let (suspend_count, priority) = (task.suspensions() as i32, task.priority());
    let (ended, living) = task.times();
    let (user_time, system_time, policy) = (value(ended), value(Duration::ZERO), priority.policy());
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
        TaskThreadTimesInfo::NUMBER => put(room, &TaskThreadTimesInfo { user_time: value(living), system_time }),
        TaskAbsolutetimeInfo::NUMBER => {
            let (total_user, threads_user) = (nanoseconds(ended), nanoseconds(living));
            put(room, &TaskAbsolutetimeInfo { total_user, total_system: 0, threads_user, threads_system: 0 })
        }
        TaskEventsInfo::NUMBER => put(room, &events(task)),
        TaskSecurityToken::NUMBER => put(room, &TaskSecurityToken { val: task.sender().security }),
        TaskAuditToken::NUMBER => put(room, &TaskAuditToken { val: task.sender().audit }),
        flavor => policy_of_task(&priority, flavor, room),
    }
}

/// What has happened to it. There is one system, and the host does not say how often threads made way for others.
fn events(task: &TaskObject) -> TaskEventsInfo {
    let counts = task.events();
    let of = |what| number(counts.of(what));
    TaskEventsInfo {
        faults: number(counts.faults()),
        pageins: of(Event::PageIn),
        cow_faults: of(Event::CopyOnWrite),
        messages_sent: of(Event::Sent),
        messages_received: of(Event::Received),
        syscalls_mach: of(Event::Call),
        syscalls_unix: 0,
        csw: 0,
    }
}

/// By which policy its threads run at first: each has a flavor of its own, and the others are wrong.
fn policy_of_task(it: &Priority, flavor: i32, room: &mut Room<'_, u32>) -> Result<(), KernReturn> {
    let (policy, base_priority) = (it.policy(), it.base);
    match flavor {
        PolicyTimeshareBase::NUMBER if policy == TIMESHARE => put(room, &PolicyTimeshareBase { base_priority }),
        PolicyRrBase::NUMBER if policy == FIXED => put(room, &PolicyRrBase { base_priority, quantum: it.quantum }),
        PolicyFifoBase::NUMBER if policy == FIFO => put(room, &PolicyFifoBase { base_priority }),
        PolicyTimeshareBase::NUMBER | PolicyRrBase::NUMBER | PolicyFifoBase::NUMBER => Err(KernReturn::INVALID_POLICY),
        _ => Err(KernReturn::INVALID_ARGUMENT),
    }
}

/// `thread_info`
pub(super) fn of_thread(thread: &ThreadObject, flavor: i32, room: &mut Room<'_, u32>) -> Result<(), KernReturn> {
    let (suspend_count, run_state) = run_state(thread);
    let priority = *thread.priority.lock();
    match flavor {
        ThreadBasicInfo::NUMBER => put(
            room,
            &ThreadBasicInfo {
                user_time: value(thread.clock.time()),
                system_time: value(Duration::ZERO),
                cpu_usage: 0,
                policy: priority.policy(),
                run_state,
                flags: 0,
                suspend_count,
                sleep_time: 0,
            },
        ),
        ThreadIdentifierInfo::NUMBER => {
            put(room, &ThreadIdentifierInfo { thread_id: thread.port.id, thread_handle: 0, dispatch_qaddr: 0 })
        }
        ThreadExtendedInfo::NUMBER => put(
            room,
            &ThreadExtendedInfo {
                pth_user_time: nanoseconds(thread.clock.time()),
                pth_system_time: 0,
                pth_cpu_usage: 0,
                pth_policy: priority.policy(),
                pth_run_state: run_state,
                pth_flags: 0,
                pth_sleep_time: 0,
                pth_curpri: priority.current(),
                pth_priority: priority.base,
                pth_maxpriority: priority.best,
                pth_name: name(&thread.name),
            },
        ),
        flavor => policy_of_thread(&priority, flavor, room),
    }
}

/// The beginning of a name, with a zero behind it.
fn name(text: &str) -> [u8; 64] {
    let mut name = [0; 64];
    let bytes = &text.as_bytes()[..text.floor_char_boundary(name.len() - 1)];
    name[..bytes.len()].copy_from_slice(bytes);
    name
}

/// By which policy it runs: each has a flavor of its own, and the others are wrong.
fn policy_of_thread(it: &Priority, flavor: i32, room: &mut Room<'_, u32>) -> Result<(), KernReturn> {
    let (max_priority, base_priority, cur_priority) = (it.best, it.base, it.current());
    let (depressed, depress_priority, quantum) = (it.depressed, it.given_up(), it.quantum);
    match (flavor, it.policy()) {
        (PolicyTimeshareInfo::NUMBER, TIMESHARE) => {
            put(room, &PolicyTimeshareInfo { max_priority, base_priority, cur_priority, depressed, depress_priority })
        }
        (PolicyRrInfo::NUMBER, FIXED) => {
            put(room, &PolicyRrInfo { max_priority, base_priority, quantum, depressed, depress_priority })
        }
        (PolicyFifoInfo::NUMBER, FIFO) => {
            put(room, &PolicyFifoInfo { max_priority, base_priority, depressed, depress_priority })
        }
        (PolicyTimeshareInfo::NUMBER | PolicyRrInfo::NUMBER | PolicyFifoInfo::NUMBER, _) => {
            Err(KernReturn::INVALID_POLICY)
        }
        _ => Err(KernReturn::INVALID_ARGUMENT),
    }
}
