//! What tasks count, how long their threads have run, and tokens that keep a task suspended.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use generated::darwin::task;
use generated::{darwin, mach3};
use mig_rt::{AbiId, Address, Disposition, KernReturn, Operation, PortName, Region, SendRight, Size, flavored};
use runtime_kernel::{Task, Thread};

use super::Calls;
use super::info::{task_info, thread_info};
use crate::covers::Outcome;
use crate::ports::{self, carry};
use crate::world::{Simple, World, poll, port};

/// Zero fills, copies on write, messages sent and received, as either set tells.
fn counted(abi: AbiId, of: &SendRight<Task>) -> [u64; 4] {
    if Calls(abi).is_typed() {
        let it: mach3::types::TaskEventsInfo = flavored(abi, |flavor, room| task_info(abi, of, flavor, room)).unwrap();
        assert_eq!((it.reactivations, it.pageins), (0, 0));
        assert!(it.faults >= it.zero_fills + it.cow_faults);
        [it.zero_fills, it.cow_faults, it.messages_sent, it.messages_received]
    } else {
        let it: darwin::types::TaskEventsInfo = flavored(abi, |flavor, room| task_info(abi, of, flavor, room)).unwrap();
        assert_eq!((it.pageins, it.syscalls_unix), (0, 0));
        let counts = [it.faults - it.cow_faults, it.cow_faults, it.messages_sent, it.messages_received];
        counts.map(|it| u64::try_from(it).unwrap())
    }
}

/// What a thread does counts while it lives, and after.
#[test]
fn a_task_counts() {
    for abi in AbiId::ALL {
        let world = World::seeded(1);
        let (task, other) = (world.kernel.task("task", abi), world.kernel.task("other", abi));
        let seen = carry(&task, &task.self_port(), &other);
        assert_eq!(counted(abi, &seen)[2..], [1, 0], "{abi}: what a host thread has sent for it");
        let thread = task.spawn("works", move |task| {
            let name = port(&task);
            for id in [7, 8] {
                Simple::to(name, Disposition::MAKE_SEND, id).send(&task).unwrap();
            }
            poll(&task, name).unwrap();
            // Neither of these counts: one is not sent, and nothing waits for the other.
            Simple::to(PortName(77), Disposition::COPY_SEND, 9).send(&task).unwrap_err();
            poll(&task, name).unwrap();
            poll(&task, name).unwrap_err();
            let seen = counted(abi, &task.self_port());
            // Its own question is sent, and the answer is not there yet.
            assert_eq!(seen[2..], [3, 2], "{abi}");
        });
        assert_eq!(world.kernel.run(), Vec::<String>::new());
        thread.join().unwrap();
        assert_eq!(counted(abi, &seen)[2..], [4, 3], "{abi}");
        if !Calls(abi).is_typed() {
            let it: darwin::types::TaskEventsInfo =
                flavored(abi, |flavor, room| task_info(abi, &seen, flavor, room)).unwrap();
            assert_eq!(it.syscalls_mach, 7, "each `mach_msg` of its thread");
        }
    }
}

#[test]
fn faults_are_those_of_threads() {
    for abi in AbiId::ALL {
        let world = World::seeded(1);
        let (task, other) = (world.kernel.task("task", abi), world.kernel.task("other", abi));
        let seen = carry(&task, &task.self_port(), &other);
        let before = counted(abi, &seen);
        let thread = task.spawn("touches", move |task| {
            let me = task.self_port();
            let at = allocate(abi, &me);
            task.write(at, &[1]).unwrap();
            task.write(Address(at.0 + 4096), &[1]).unwrap();
            // A copy, which is written.
            let copy = read(abi, &me, at);
            task.write(at, &[2]).unwrap();
            drop(copy);
        });
        assert_eq!(world.kernel.run(), Vec::<String>::new());
        thread.join().unwrap();
        let after = counted(abi, &seen);
        assert!(after[0] >= before[0] + 2, "{abi}: {before:?} {after:?}");
        assert_eq!(after[1], before[1] + 1, "{abi}");
    }
}

/// Two pages.
fn allocate(abi: AbiId, me: &SendRight<Task>) -> Address {
    if Calls(abi).is_typed() {
        mach3::mach::any::vm_allocate(abi, me, Address(0), Size(8192), true).unwrap()
    } else {
        darwin::vm_map::any::vm_allocate(abi, me, Address(0), Size(8192), 1).unwrap()
    }
}

/// A copy of them.
fn read(abi: AbiId, me: &SendRight<Task>, at: Address) -> Region<Task, u8> {
    if Calls(abi).is_typed() {
        mach3::mach::any::vm_read(abi, me, at, Size(8192)).unwrap()
    } else {
        darwin::vm_map::any::vm_read(abi, me, at, Size(8192)).unwrap()
    }
}

/// Microseconds that a thread has run for.
fn thread_time(abi: AbiId, thread: &SendRight<Task>) -> i64 {
    if Calls(abi).is_typed() {
        let it: mach3::types::ThreadBasicInfo =
            flavored(abi, |flavor, room| thread_info(abi, thread, flavor, room)).unwrap();
        assert_eq!((it.system_time.seconds, it.system_time.microseconds), (0, 0));
        it.user_time.seconds * 1_000_000 + i64::from(it.user_time.microseconds)
    } else {
        let it: darwin::types::ThreadBasicInfo =
            flavored(abi, |flavor, room| thread_info(abi, thread, flavor, room)).unwrap();
        i64::from(it.user_time.seconds) * 1_000_000 + i64::from(it.user_time.microseconds)
    }
}

/// The same of a task's threads: of those that have ended, and of those that live.
fn task_times(abi: AbiId, of: &SendRight<Task>) -> (i64, i64) {
    if Calls(abi).is_typed() {
        use mach3::types::{TaskBasicInfo, TaskThreadTimesInfo};
        let ended: TaskBasicInfo = flavored(abi, |flavor, room| task_info(abi, of, flavor, room)).unwrap();
        let living: TaskThreadTimesInfo = flavored(abi, |flavor, room| task_info(abi, of, flavor, room)).unwrap();
        let all = |it: mach3::types::TimeValue| it.seconds * 1_000_000 + i64::from(it.microseconds);
        (all(ended.user_time), all(living.user_time))
    } else {
        use darwin::types::{TaskAbsolutetimeInfo, TaskBasicInfo64};
        let ended: TaskBasicInfo64 = flavored(abi, |flavor, room| task_info(abi, of, flavor, room)).unwrap();
        let both: TaskAbsolutetimeInfo = flavored(abi, |flavor, room| task_info(abi, of, flavor, room)).unwrap();
        let all = |it: darwin::types::TimeValue| i64::from(it.seconds) * 1_000_000 + i64::from(it.microseconds);
        let micros = |it: u64| i64::try_from(it / 1000).unwrap();
        assert_eq!((all(ended.user_time), both.total_system), (micros(both.total_user), 0));
        (micros(both.total_user), micros(both.threads_user))
    }
}

fn spins(task: &Task, until: &Arc<AtomicBool>) -> Thread<()> {
    let until = until.clone();
    task.spawn("spins", move |task| {
        while !until.load(Ordering::Acquire) {
            task.checkpoint();
        }
    })
}

/// Threads of a parallel kernel have the time that the host says they have.
#[test]
fn threads_take_time() {
    if !Path::new("/proc/thread-self/schedstat").exists() {
        return;
    }
    ports::each(|side| {
        let (abi, enough) = (side.abi, Arc::new(AtomicBool::new(false)));
        assert_eq!(task_times(abi, &side.me), (0, 0));
        let thread = spins(&side.task, &enough);
        let name = thread.port();
        while thread_time(abi, &name) == 0 || task_times(abi, &side.me).1 == 0 {
            std::thread::yield_now();
        }
        let before = thread_time(abi, &name);
        assert_eq!(task_times(abi, &side.me).0, 0, "none has ended");
        enough.store(true, Ordering::Release);
        thread.join().unwrap();
        let (ended, living) = task_times(abi, &side.me);
        assert!(ended >= before && living == 0, "{abi}: {before} {ended} {living}");
    });
}

/// In virtual time nothing takes any.
#[test]
fn threads_of_a_seeded_kernel_take_none() {
    for abi in AbiId::ALL {
        let world = World::seeded(1);
        let task = world.kernel.task("task", abi);
        let works = task.spawn("works", |task| (0..1000).for_each(|_| task.checkpoint()));
        assert_eq!(world.kernel.run(), Vec::<String>::new());
        works.join().unwrap();
        assert_eq!(task_times(abi, &task.self_port()), (0, 0));
    }
}

fn suspensions(abi: AbiId, of: &SendRight<Task>) -> i32 {
    let it: darwin::types::TaskBasicInfo64 = flavored(abi, |flavor, room| task_info(abi, of, flavor, room)).unwrap();
    it.suspend_count
}

#[test]
fn tokens_keep_a_task_suspended() {
    ports::darwin(|side| {
        let (abi, calls) = (side.abi, Calls(side.abi));
        let child = calls.task_create(&side.me, false).unwrap();
        let take = || covers!("task_suspend2", "KERN_SUCCESS", task::any::task_suspend2(abi, &child)).unwrap();
        let (one, two, three) = (take(), take(), take());
        assert_eq!(suspensions(abi, &child), 3);
        covers!("task_resume2", "KERN_SUCCESS", task::any::task_resume2(abi, one));
        assert_eq!(suspensions(abi, &child), 2);
        // Whoever loses the right lets the task go.
        drop(two);
        assert_eq!(suspensions(abi, &child), 1);
        // The other kind of resuming does not know of tokens.
        calls.task_resume(&child).unwrap();
        assert_eq!(suspensions(abi, &child), 0);
        covers!("task_resume2", "KERN_FAILURE", task::any::task_resume2(abi, three));
        drop(take());
        assert_eq!(suspensions(abi, &child), 0);
        let last = take();
        covers!("task_suspend2", "KERN_INVALID_ARGUMENT", task::any::task_suspend2(abi, &side.host));
        // A right to some other thing is no token.
        assert_eq!(by_hand(side, &child), "KERN_INVALID_ARGUMENT");
        covers!("task_resume2", "KERN_INVALID_ARGUMENT");
        calls.task_terminate(&child).unwrap();
        assert_eq!(task::any::task_resume2(abi, last).code(), "MACH_SEND_INVALID_DEST");

        let set = |of: &SendRight<Task>| task::any::task_set_info(abi, of, 1, &[0; 8]);
        covers!("task_set_info", "KERN_INVALID_ARGUMENT", set(&side.me));
        covers!("task_set_info", "KERN_INVALID_ARGUMENT", set(&side.host));
    });
}

/// `task_resume2` of something that is no token: what it answers.
fn by_hand(side: &ports::Side, to: &SendRight<Task>) -> String {
    let reply = side.port();
    let bits = u32::from(Disposition::COPY_SEND.0) | u32::from(Disposition::MAKE_SEND_ONCE.0) << 8;
    let header = [bits, 24, to.name().0, reply.0, 0, task::TASK_RESUME2.0 as u32];
    let mut message: Vec<u8> = header.iter().flat_map(|it| it.to_le_bytes()).collect();
    let operation = Operation { send: true, receive: Some(reply), ..Operation::default() };
    side.task.mach_msg(side.abi, operation, PortName::NULL, &mut message, 256).unwrap();
    side.destroy(&[reply]);
    let code = KernReturn::known(i32::from_le_bytes(message[32..36].try_into().unwrap()));
    Err::<(), KernReturn>(code).code()
}

/// A task that holds tokens ends, or the one that they keep.
#[test]
fn tokens_end_with_whoever_has_them() {
    for (seed, abi) in [AbiId::DarwinLp64, AbiId::DarwinIlp32].into_iter().cycle().enumerate().take(50) {
        let world = World::seeded(seed as u64);
        let (own, holds, kept) =
            (world.kernel.task("own", abi), world.kernel.task("holds", abi), world.kernel.task("kept", abi));
        let seen = carry(&kept, &kept.self_port(), &own);
        let held = carry(&kept, &kept.self_port(), &holds);
        let works = kept.spawn("works", |task| (0..10).for_each(|_| task.checkpoint()));
        let taking = holds.spawn("takes", move |_| {
            // They are left to whatever becomes of the task.
            (0..3).filter_map(|_| task::any::task_suspend2(abi, &held).ok()).for_each(|it| _ = it.into_raw());
        });
        if seed % 2 == 0 {
            let left = world.kernel.run();
            assert!(left.is_empty() || left == ["works"], "seed {seed}: {left:?}");
            taking.join().unwrap();
            assert_eq!(suspensions(abi, &seen), 3, "seed {seed}");
            holds.terminate();
            assert_eq!(suspensions(abi, &seen), 0, "seed {seed}");
            assert_eq!(world.kernel.run(), Vec::<String>::new());
            works.join().unwrap();
        } else {
            let ending = own.spawn("ends", move |_| Calls(abi).task_terminate(&seen).code());
            assert_eq!(world.kernel.run(), Vec::<String>::new());
            assert_eq!(ending.join().unwrap(), "KERN_SUCCESS");
            taking.join().unwrap();
        }
        assert_eq!(world.kernel.check(), Ok(()));
    }
}
