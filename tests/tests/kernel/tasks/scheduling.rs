//! Priorities, policies, and how a thread lets others run.

use generated::mach3::mach_host::any as mach_host;
use generated::{darwin, mach3};
use mig_rt::{AbiId, KernReturn, PortName, Result, SendRight, flavored};
use runtime_kernel::Task;

use super::Calls;
use crate::covers::Outcome;
use crate::ports::{self, each};
use crate::world::World;

pub(super) fn sched(abi: AbiId, thread: &SendRight<Task>) -> mach3::types::ThreadSchedInfo {
    flavored(abi, |flavor, room| mach3::mach::any::thread_info(abi, thread, flavor, room)).unwrap()
}

#[test]
fn priorities_of_threads() {
    ports::mach3(|side| {
        let (abi, calls) = (side.abi, Calls(side.abi));
        let thread = calls.thread_create(&side.me).unwrap();
        let set = |priority, limits| mach_host::thread_priority(abi, &thread, priority, limits);
        let now = || (sched(abi, &thread).base_priority, sched(abi, &thread).max_priority);
        assert_eq!(now(), (12, 12));
        covers!("thread_priority", "KERN_SUCCESS", set(20, false));
        assert_eq!(now(), (20, 12));
        covers!("thread_priority", "KERN_SUCCESS", set(15, true));
        assert_eq!(now(), (15, 15));
        covers!("thread_priority", "KERN_FAILURE", set(14, false));
        for wrong in [-1, 32] {
            covers!("thread_priority", "KERN_INVALID_ARGUMENT", set(wrong, false));
        }
        let elsewhere = mach_host::thread_priority(abi, &side.host, 12, false);
        covers!("thread_priority", "KERN_INVALID_ARGUMENT", elsewhere);
        let policy = |policy| mach_host::thread_policy(abi, &thread, policy, 10);
        covers!("thread_policy", "KERN_SUCCESS", policy(1));
        covers!("thread_policy", "KERN_FAILURE", policy(2));
        covers!("thread_policy", "KERN_INVALID_ARGUMENT", policy(3));
        covers!("thread_policy", "KERN_INVALID_ARGUMENT", mach_host::thread_policy(abi, &side.host, 1, 0));

        let of_task = |priority, threads| mach_host::task_priority(abi, &side.me, priority, threads);
        covers!("task_priority", "KERN_SUCCESS", of_task(13, false));
        assert_eq!(now(), (15, 15));
        let late = calls.thread_create(&side.me).unwrap();
        assert_eq!(sched(abi, &late).base_priority, 13);
        covers!("task_priority", "KERN_FAILURE", of_task(14, true));
        assert_eq!((now(), sched(abi, &late).base_priority), ((15, 15), 14), "the others are changed");
        covers!("task_priority", "KERN_INVALID_ARGUMENT", of_task(40, false));
        covers!("task_priority", "KERN_INVALID_ARGUMENT", mach_host::task_priority(abi, &side.host, 12, false));
        covers!("thread_depress_abort", "KERN_SUCCESS", mach_host::thread_depress_abort(abi, &thread));
        let elsewhere = mach_host::thread_depress_abort(abi, &side.host);
        covers!("thread_depress_abort", "KERN_INVALID_ARGUMENT", elsewhere);
        [thread, late].iter().for_each(|it| calls.thread_terminate(it).unwrap());
    });
}

/// A thread that has given its priority up has the worst, until it runs again or somebody ends that.
#[test]
fn a_thread_is_depressed() {
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..100 {
        let world = World::seeded(seed);
        let abi = AbiId::ALL[seed as usize % 5];
        let task = world.kernel.task("task", abi);
        let polite = task.spawn("polite", |task| {
            task.swtch_pri(5);
            task.thread_switch(PortName::NULL, 1, 10).unwrap();
        });
        let port = polite.port();
        let watching = task.spawn("watching", move |_| {
            let typed = Calls(abi).is_typed();
            let info =
                typed.then(|| flavored(abi, |flavor, room| mach3::mach::any::thread_info(abi, &port, flavor, room)));
            let abort = match typed {
                true => mach_host::thread_depress_abort(abi, &port).code(),
                false => darwin::thread_act::any::thread_depress_abort(abi, &port).code(),
            };
            (info, abort)
        });
        assert_eq!(world.kernel.run(), Vec::<String>::new());
        polite.join().unwrap();
        let (info, abort): (Option<Result<mach3::types::ThreadSchedInfo>>, String) = watching.join().unwrap();
        if let Some(Ok(it)) = info {
            let now = if it.depressed { (31, 12) } else { (12, -1) };
            assert_eq!((it.base_priority, it.cur_priority, it.depress_priority), (12, now.0, now.1), "seed {seed}");
            seen.insert(if it.depressed { "depressed" } else { "as ever" }.to_owned());
        }
        seen.insert(abort);
    }
    covers!("thread_depress_abort", "KERN_NOT_DEPRESSED");
    let wanted = ["KERN_NOT_DEPRESSED", "KERN_SUCCESS", "MACH_SEND_INVALID_DEST", "as ever", "depressed"];
    assert!(seen.iter().eq(&wanted), "{seen:?}");
}

#[test]
fn others_run_meanwhile() {
    let world = World::seeded(1);
    let task = world.task("task");
    let alone = task.spawn("alone", |task| {
        covers!("thread_switch", "KERN_SUCCESS");
        for option in [0, 1, 2] {
            assert_eq!(task.thread_switch(PortName(0x1234), option, 1000), Ok(()));
        }
        covers!("thread_switch", "KERN_INVALID_ARGUMENT");
        assert_eq!(task.thread_switch(PortName::NULL, 3, 0), Err(KernReturn::INVALID_ARGUMENT));
        covers!("swtch", "FALSE");
        covers!("swtch_pri", "FALSE");
        (task.swtch(), task.swtch_pri(3))
    });
    assert_eq!(world.kernel.run(), Vec::<String>::new());
    assert_eq!(alone.join().unwrap(), (false, false));
    let one = task.spawn("one", |task| (0..10).map(|_| (task.swtch(), task.swtch_pri(0))).collect::<Vec<_>>());
    let two = task.spawn("two", |task| (0..10).map(|_| (task.swtch(), task.swtch_pri(0))).collect::<Vec<_>>());
    assert_eq!(world.kernel.run(), Vec::<String>::new());
    covers!("swtch", "TRUE");
    covers!("swtch_pri", "TRUE");
    assert!(one.join().unwrap().contains(&(true, true)) && two.join().unwrap().contains(&(true, true)));
}

/// A wait for a time ends then, or by an abort.
#[test]
fn a_thread_waits_for_a_time() {
    let world = World::seeded(1);
    let task = world.task("task");
    let sleeps = task.spawn("sleeps", |task| task.thread_switch(PortName::NULL, 2, 500));
    let port = sleeps.port();
    assert_eq!(world.kernel.advance(std::time::Duration::from_millis(499)), ["sleeps"]);
    assert_eq!(world.kernel.advance(std::time::Duration::from_millis(1)), Vec::<String>::new());
    assert_eq!(sleeps.join().unwrap(), Ok(()));
    drop(port);
    let sleeps = task.spawn("sleeps", |task| task.thread_switch(PortName::NULL, 2, 500));
    assert_eq!(world.kernel.advance(std::time::Duration::from_millis(1)), ["sleeps"]);
    Calls(AbiId::GnumachI386).thread_abort(&sleeps.port()).unwrap();
    assert_eq!(world.kernel.advance(std::time::Duration::ZERO), Vec::<String>::new());
    assert_eq!(sleeps.join().unwrap(), Ok(()));
}

/// A thread is wired by itself, with the host's privilege.
#[test]
fn a_thread_is_wired() {
    each(|side| {
        let abi = side.abi;
        let wire = move |host: &SendRight<Task>, thread: &SendRight<Task>, wired| {
            if Calls(abi).is_typed() {
                mach_host::thread_wire(abi, host, thread, wired)
            } else {
                darwin::host_priv::any::thread_wire(abi, host, thread, wired)
            }
        };
        let host = side.world.kernel.host_priv_port(&side.task);
        let other = Calls(abi).thread_create(&side.me).unwrap();
        covers!("thread_wire", "KERN_INVALID_ARGUMENT", wire(&host, &other, true));
        covers!("thread_wire", "KERN_INVALID_ARGUMENT", wire(&host, &side.me, true));
        Calls(abi).thread_terminate(&other).unwrap();
        let thread = side.task.spawn("wires itself", move |task| {
            let (own, plain) = (task.thread_port(), task.host_port());
            covers!("thread_wire", "KERN_SUCCESS", wire(&host, &own, true));
            covers!("thread_wire", "KERN_SUCCESS", wire(&host, &own, false));
            covers!("thread_wire", "KERN_INVALID_ARGUMENT", wire(&plain, &own, true));
        });
        thread.join().unwrap();
    });
}
