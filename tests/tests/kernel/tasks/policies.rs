//! By which policy threads run: what the calls of both sets set and tell, and what the processor set allows.

use std::collections::BTreeSet;

use generated::darwin::types::{
    Policy, PolicyFifoBase, PolicyFifoInfo, PolicyRrBase, PolicyRrInfo, PolicyTimeshareBase, PolicyTimeshareInfo,
    TaskCategoryPolicy, ThreadAffinityPolicy, ThreadBasicInfo, ThreadExtendedInfo, ThreadExtendedPolicy,
    ThreadPrecedencePolicy, ThreadTimeConstraintPolicy,
};
use generated::darwin::{host_priv, mach_host, processor_set, task, thread_act};
use generated::mach3;
use mig_rt::flavor::{self, Flavor, Words};
use mig_rt::{AbiId, Result, SendRight, flavored};
use runtime_kernel::Task;

use super::Calls;
use super::scheduling::sched;
use crate::covers::Outcome;
use crate::ports::{self, Side, carry, each};
use crate::world::World;

fn default_set(abi: AbiId, host: &SendRight<Task>) -> Result<SendRight<Task>> {
    if Calls(abi).is_typed() {
        mach3::mach_host::any::processor_set_default(abi, host)
    } else {
        mach_host::any::processor_set_default(abi, host)
    }
}

fn control_of(abi: AbiId, host: &SendRight<Task>, name: &SendRight<Task>) -> Result<SendRight<Task>> {
    if Calls(abi).is_typed() {
        mach3::mach_host::any::host_processor_set_priv(abi, host, name)
    } else {
        host_priv::any::host_processor_set_priv(abi, host, name)
    }
}

fn enable(abi: AbiId, set: &SendRight<Task>, policy: i32) -> Result<()> {
    if Calls(abi).is_typed() {
        mach3::mach_host::any::processor_set_policy_enable(abi, set, policy)
    } else {
        processor_set::any::processor_set_policy_enable(abi, set, policy)
    }
}

fn disable(abi: AbiId, set: &SendRight<Task>, policy: i32, change_threads: bool) -> Result<()> {
    if Calls(abi).is_typed() {
        mach3::mach_host::any::processor_set_policy_disable(abi, set, policy, change_threads)
    } else {
        processor_set::any::processor_set_policy_disable(abi, set, policy, change_threads)
    }
}

/// The processor set, by its name and by its control port.
fn set_of(side: &Side) -> [SendRight<Task>; 2] {
    let privileged = side.world.kernel.host_priv_port(&side.task);
    let name = covers!("processor_set_default", "KERN_SUCCESS", default_set(side.abi, &side.host)).unwrap();
    let control = control_of(side.abi, &privileged, &name);
    let control = covers!("host_processor_set_priv", "KERN_SUCCESS", control).unwrap();
    [name, control]
}

#[test]
fn a_set_is_changed_by_its_control_port() {
    each(|side| {
        let (abi, [name, control]) = (side.abi, set_of(side));
        let privileged = side.world.kernel.host_priv_port(&side.task);
        // Whoever may do more may ask too.
        assert_eq!(default_set(abi, &privileged).unwrap().name(), name.name());
        assert_eq!(control_of(abi, &privileged, &control).unwrap().name(), control.name());
        covers!("processor_set_default", "KERN_INVALID_ARGUMENT", default_set(abi, &side.me));
        covers!("host_processor_set_priv", "KERN_INVALID_ARGUMENT", control_of(abi, &side.host, &name));
        covers!("host_processor_set_priv", "KERN_INVALID_ARGUMENT", control_of(abi, &privileged, &side.me));
        for policy in [1, 2, 4] {
            covers!("processor_set_policy_enable", "KERN_SUCCESS", enable(abi, &control, policy));
        }
        covers!("processor_set_policy_disable", "KERN_SUCCESS", disable(abi, &control, 2, true));
        for wrong in [0, 3, 8, -1] {
            covers!("processor_set_policy_enable", "KERN_INVALID_ARGUMENT", enable(abi, &control, wrong));
            covers!("processor_set_policy_disable", "KERN_INVALID_ARGUMENT", disable(abi, &control, wrong, false));
        }
        // All others fall back on sharing time.
        covers!("processor_set_policy_disable", "KERN_INVALID_ARGUMENT", disable(abi, &control, 1, false));
        for wrong in [&name, &side.me] {
            covers!("processor_set_policy_enable", "KERN_INVALID_ARGUMENT", enable(abi, wrong, 2));
            covers!("processor_set_policy_disable", "KERN_INVALID_ARGUMENT", disable(abi, wrong, 2, false));
        }
    });
}

/// A policy of Mach 3 has a number: how long a thread runs before others do.
#[test]
fn policies_of_mach3() {
    ports::mach3(|side| {
        let (abi, [name, control]) = (side.abi, set_of(side));
        let threads = [(); 2].map(|()| Calls(abi).thread_create(&side.me).unwrap());
        let set = |at: usize, policy, data| mach3::mach_host::any::thread_policy(abi, &threads[at], policy, data);
        let now = |at: usize| (sched(abi, &threads[at]).policy, sched(abi, &threads[at]).data);
        covers!("thread_policy", "KERN_FAILURE", set(0, 2, 25));
        assert_eq!(now(0), (1, 0));
        enable(abi, &control, 2).unwrap();
        for (data, quantum) in [(25, 30), (0, 0), (-7, 0), (i32::MAX, 2_147_483_640), (10, 10)] {
            covers!("thread_policy", "KERN_SUCCESS", set(0, 2, data));
            assert_eq!(now(0), (2, quantum), "{data}");
        }
        set(1, 2, 20).unwrap();
        set(1, 1, 20).unwrap();
        assert_eq!(now(1), (1, 0));
        disable(abi, &control, 2, false).unwrap();
        assert_eq!(now(0), (2, 10), "it keeps what it has");
        covers!("thread_policy", "KERN_FAILURE", set(1, 2, 20));
        disable(abi, &control, 2, true).unwrap();
        assert_eq!(now(0), (1, 0));

        // What may be had at best goes down and up by the right to the set.
        let best = |set: &SendRight<Task>, at: usize, best| {
            mach3::mach_host::any::thread_max_priority(abi, &threads[at], set, best)
        };
        let now = || (sched(abi, &threads[0]).base_priority, sched(abi, &threads[0]).max_priority);
        covers!("thread_max_priority", "KERN_SUCCESS", best(&control, 0, 20));
        assert_eq!(now(), (20, 20));
        covers!("thread_max_priority", "KERN_SUCCESS", best(&control, 0, 5));
        assert_eq!(now(), (20, 5));
        for (set, wrong) in [(&name, 5), (&side.me, 5), (&control, 32), (&control, -1)] {
            covers!("thread_max_priority", "KERN_INVALID_ARGUMENT", best(set, 0, wrong));
        }
        let elsewhere = mach3::mach_host::any::thread_max_priority(abi, &side.host, &control, 5);
        covers!("thread_max_priority", "KERN_INVALID_ARGUMENT", elsewhere);
        assert_eq!(now(), (20, 5));
        threads.iter().for_each(|it| Calls(abi).thread_terminate(it).unwrap());
    });
}

fn told<F: Flavor>(abi: AbiId, thread: &SendRight<Task>) -> Result<F> {
    flavored(abi, |flavor, room| thread_act::any::thread_info(abi, thread, flavor, room))
}

fn task_told<F: Flavor>(abi: AbiId, of: &SendRight<Task>) -> Result<F> {
    flavored(abi, |flavor, room| task::any::task_info(abi, of, flavor, room))
}

#[test]
fn policies_of_darwin() {
    ports::darwin(|side| {
        let (abi, [name, control]) = (side.abi, set_of(side));
        let thread = Calls(abi).thread_create(&side.me).unwrap();
        let set = |policy, base: &[i32], limits| thread_act::any::thread_policy(abi, &thread, policy, base, limits);
        let more = |to: &SendRight<Task>, policy, base: &[i32], limit: &[i32]| {
            thread_act::any::thread_set_policy(abi, &thread, to, policy, base, limit)
        };
        let now = || {
            let it: PolicyTimeshareInfo = told(abi, &thread).unwrap();
            assert!(!it.depressed && it.depress_priority == -1 && it.cur_priority == it.base_priority);
            (it.base_priority, it.max_priority)
        };
        assert_eq!(now(), (31, 63));
        covers!("thread_policy", "KERN_SUCCESS", set(Policy::TIMESHARE, &[40], false));
        assert_eq!(now(), (40, 63));
        covers!("thread_policy", "KERN_SUCCESS", set(Policy::TIMESHARE, &[50], true));
        assert_eq!(now(), (50, 50));
        covers!("thread_policy", "KERN_POLICY_LIMIT", set(Policy::TIMESHARE, &[51], false));
        covers!("thread_policy", "KERN_POLICY_LIMIT", set(Policy::TIMESHARE, &[51], true));
        covers!("thread_policy", "KERN_INVALID_POLICY", set(Policy::RR, &[20, 5], false));
        covers!("thread_policy", "KERN_INVALID_POLICY", set(Policy(3), &[20], false));
        for wrong in [vec![], vec![20, 20], vec![-1], vec![128]] {
            covers!("thread_policy", "KERN_INVALID_ARGUMENT", set(Policy::TIMESHARE, &wrong, false));
        }
        let elsewhere = thread_act::any::thread_policy(abi, &side.host, Policy::TIMESHARE, &[20], false);
        covers!("thread_policy", "KERN_INVALID_ARGUMENT", elsewhere);

        covers!("thread_set_policy", "KERN_SUCCESS", more(&control, Policy::TIMESHARE, &[80], &[90]));
        assert_eq!(now(), (80, 90));
        covers!("thread_set_policy", "KERN_SUCCESS", more(&control, Policy::TIMESHARE, &[80], &[60]));
        assert_eq!(now(), (60, 60), "no better than what may be had");
        covers!("thread_set_policy", "KERN_INVALID_POLICY", more(&control, Policy::FIFO, &[20], &[20]));
        for (to, limit) in [(&name, vec![60]), (&side.me, vec![60]), (&control, vec![]), (&control, vec![128])] {
            let wrong = more(to, Policy::TIMESHARE, &[20], &limit);
            covers!("thread_set_policy", "KERN_INVALID_ARGUMENT", wrong);
        }
        assert_eq!(now(), (60, 60));
        Calls(abi).thread_terminate(&thread).unwrap();
    });
}

#[test]
fn each_policy_tells_of_itself_alone() {
    ports::darwin(|side| {
        let (abi, [_, control]) = (side.abi, set_of(side));
        let thread = Calls(abi).thread_create(&side.me).unwrap();
        let set = |policy, base: &[i32], limits| thread_act::any::thread_policy(abi, &thread, policy, base, limits);
        enable(abi, &control, 2).unwrap();
        enable(abi, &control, 4).unwrap();
        covers!("thread_policy", "KERN_SUCCESS", set(Policy::RR, &[20, 5], false));
        let it: PolicyRrInfo = told(abi, &thread).unwrap();
        assert_eq!((it.base_priority, it.max_priority, it.quantum, it.depressed), (20, 63, 5, false));
        assert_eq!(told::<ThreadBasicInfo>(abi, &thread).unwrap().policy, 2);
        covers!("thread_info", "KERN_INVALID_POLICY", told::<PolicyTimeshareInfo>(abi, &thread));
        covers!("thread_policy", "KERN_SUCCESS", set(Policy::FIFO, &[21], false));
        let it: PolicyFifoInfo = told(abi, &thread).unwrap();
        assert_eq!((it.base_priority, it.max_priority, it.depressed, it.depress_priority), (21, 63, false, -1));
        covers!("thread_info", "KERN_INVALID_POLICY", told::<PolicyRrInfo>(abi, &thread));
        let it: ThreadExtendedInfo = told(abi, &thread).unwrap();
        assert_eq!((it.pth_policy, it.pth_curpri, it.pth_priority, it.pth_maxpriority), (4, 21, 21, 63));
        assert_eq!(it.pth_name[..14], *b"task thread 1\0");
        disable(abi, &control, 4, true).unwrap();
        assert_eq!(told::<PolicyTimeshareInfo>(abi, &thread).unwrap().base_priority, 21);
        Calls(abi).thread_terminate(&thread).unwrap();
    });
}

/// A task's policy is that of the threads that it will have, and of those that it has if that is asked for.
#[test]
fn policies_of_tasks() {
    ports::darwin(|side| {
        let (abi, [name, control]) = (side.abi, set_of(side));
        let child = Calls(abi).task_create(&side.me, false).unwrap();
        let early = Calls(abi).thread_create(&child).unwrap();
        let set =
            |policy, base: &[i32], limits, change| task::any::task_policy(abi, &child, policy, base, limits, change);
        let more = |to: &SendRight<Task>, policy, base: &[i32], limit: &[i32], change| {
            task::any::task_set_policy(abi, &child, to, policy, base, limit, change)
        };
        let base = |thread: &SendRight<Task>| {
            told::<PolicyTimeshareInfo>(abi, thread).map(|it| (it.base_priority, it.max_priority)).unwrap()
        };
        covers!("task_policy", "KERN_SUCCESS", set(Policy::TIMESHARE, &[40], false, false));
        let late = Calls(abi).thread_create(&child).unwrap();
        assert_eq!((base(&early), base(&late)), ((31, 63), (40, 63)));
        assert_eq!(task_told::<PolicyTimeshareBase>(abi, &child).unwrap().base_priority, 40);
        covers!("task_policy", "KERN_SUCCESS", set(Policy::TIMESHARE, &[35], true, true));
        assert_eq!((base(&early), base(&late)), ((35, 35), (35, 35)));
        covers!("task_policy", "KERN_POLICY_LIMIT", set(Policy::TIMESHARE, &[36], false, false));
        covers!("task_policy", "KERN_INVALID_POLICY", set(Policy::FIFO, &[20], false, false));
        covers!("task_policy", "KERN_INVALID_ARGUMENT", set(Policy::TIMESHARE, &[], false, false));
        let elsewhere = task::any::task_policy(abi, &side.host, Policy::TIMESHARE, &[20], false, false);
        covers!("task_policy", "KERN_INVALID_ARGUMENT", elsewhere);

        covers!("task_set_policy", "KERN_SUCCESS", more(&control, Policy::TIMESHARE, &[50], &[70], false));
        // The task has it, and one of its threads cannot.
        covers!("task_policy", "KERN_POLICY_LIMIT", set(Policy::TIMESHARE, &[60], false, true));
        assert_eq!(
            (base(&early), task_told::<PolicyTimeshareBase>(abi, &child).unwrap().base_priority),
            ((35, 35), 60)
        );
        covers!("task_set_policy", "KERN_SUCCESS", more(&control, Policy::TIMESHARE, &[50], &[70], true));
        assert_eq!((base(&early), base(&late)), ((50, 70), (50, 70)));
        covers!("task_set_policy", "KERN_INVALID_POLICY", more(&control, Policy::RR, &[20, 1], &[20], false));
        for (to, limit) in [(&name, vec![60]), (&side.me, vec![60]), (&control, vec![]), (&control, vec![128])] {
            let wrong = more(to, Policy::TIMESHARE, &[20], &limit, true);
            covers!("task_set_policy", "KERN_INVALID_ARGUMENT", wrong);
        }
        Calls(abi).task_terminate(&child).unwrap();
    });
}

#[test]
fn a_child_has_the_policy_of_its_parent() {
    ports::darwin(|side| {
        let (abi, [_, control]) = (side.abi, set_of(side));
        let child = Calls(abi).task_create(&side.me, false).unwrap();
        let thread = Calls(abi).thread_create(&child).unwrap();
        let set = |policy, base: &[i32], change| task::any::task_policy(abi, &child, policy, base, false, change);
        for policy in [2, 4] {
            enable(abi, &control, policy).unwrap();
        }
        set(Policy::RR, &[20, 7], true).unwrap();
        let it: PolicyRrBase = task_told(abi, &child).unwrap();
        assert_eq!((it.base_priority, it.quantum), (20, 7));
        covers!("task_info", "KERN_INVALID_POLICY", task_told::<PolicyFifoBase>(abi, &child));
        set(Policy::FIFO, &[20], false).unwrap();
        assert_eq!(task_told::<PolicyFifoBase>(abi, &child).unwrap().base_priority, 20);
        covers!("task_info", "KERN_INVALID_POLICY", task_told::<PolicyTimeshareBase>(abi, &child));
        // Its child is as it is; then nobody may be so any more.
        let grandchild = Calls(abi).task_create(&child, false).unwrap();
        assert_eq!(task_told::<PolicyFifoBase>(abi, &grandchild).unwrap().base_priority, 20);
        disable(abi, &control, 4, true).unwrap();
        assert_eq!(task_told::<PolicyTimeshareBase>(abi, &grandchild).unwrap().base_priority, 20);
        assert_eq!(told::<PolicyRrInfo>(abi, &thread).unwrap().quantum, 7, "another policy");
        [child, grandchild].iter().for_each(|it| Calls(abi).task_terminate(it).unwrap());
    });
}

/// What a thread has said that it needs, or says if asked for the default; and whether it is the default.
fn wish<F: Flavor>(abi: AbiId, thread: &SendRight<Task>, default: bool) -> Result<(F, bool)> {
    let mut room = [0; 16];
    let words = F::words(abi).unwrap();
    let get = |room: &mut [u32]| thread_act::any::thread_policy_get(abi, thread, F::NUMBER as u32, room, default);
    covers!("thread_policy_get", "KERN_INVALID_ARGUMENT", get(&mut room[..words - 1]));
    let out = get(&mut room)?;
    assert_eq!(out.policy_info, words);
    Ok((flavor::read(abi, &room).unwrap(), out.get_default))
}

#[test]
fn wishes_of_threads() {
    ports::darwin(|side| {
        let abi = side.abi;
        let thread = Calls(abi).thread_create(&side.me).unwrap();
        let set = |flavor: i32, words: &[u32]| thread_act::any::thread_policy_set(abi, &thread, flavor as u32, words);
        let shares = |default| wish::<ThreadExtendedPolicy>(abi, &thread, default).unwrap();
        assert_eq!(shares(false), (ThreadExtendedPolicy { timeshare: true }, false));
        covers!("thread_policy_set", "KERN_SUCCESS", set(ThreadExtendedPolicy::NUMBER, &[0]));
        covers!("thread_policy_get", "KERN_SUCCESS");
        assert_eq!(shares(false), (ThreadExtendedPolicy { timeshare: false }, false));
        assert_eq!(shares(true), (ThreadExtendedPolicy { timeshare: true }, true));

        let none = ThreadTimeConstraintPolicy { period: 0, computation: 0, constraint: 0, preemptible: true };
        let needs = |default| wish::<ThreadTimeConstraintPolicy>(abi, &thread, default).unwrap();
        assert_eq!(needs(false), (none, true), "nothing was said");
        let some = ThreadTimeConstraintPolicy { period: 100, computation: 20, constraint: 50, preemptible: false };
        covers!("thread_policy_set", "KERN_SUCCESS", set(2, &Words::of(abi, &some).unwrap()));
        assert_eq!((needs(false), needs(true)), ((some, false), (none, true)));
        assert_eq!(told::<ThreadBasicInfo>(abi, &thread).unwrap().policy, 2);
        for wrong in [&[100, 51, 50, 0][..], &[100, 20, 50]] {
            covers!("thread_policy_set", "KERN_INVALID_ARGUMENT", set(2, wrong));
        }
        // The standard policy has the number of the extended one, and no words.
        covers!("thread_policy_set", "KERN_SUCCESS", set(1, &[]));
        assert_eq!((needs(false), shares(false).0), ((none, true), ThreadExtendedPolicy { timeshare: true }));

        set(ThreadPrecedencePolicy::NUMBER, &[17]).unwrap();
        set(ThreadAffinityPolicy::NUMBER, &[3]).unwrap();
        assert_eq!(wish(abi, &thread, false).unwrap(), (ThreadPrecedencePolicy { importance: 17 }, false));
        assert_eq!(wish(abi, &thread, true).unwrap(), (ThreadAffinityPolicy { affinity_tag: 0 }, true));
        for (flavor, words) in [(3, &[][..]), (4, &[]), (5, &[1, 1, 1, 1]), (-1, &[1])] {
            covers!("thread_policy_set", "KERN_INVALID_ARGUMENT", set(flavor, words));
        }
        let wrong = thread_act::any::thread_policy_get(abi, &thread, 99, &mut [0; 16], false);
        covers!("thread_policy_get", "KERN_INVALID_ARGUMENT", wrong);
        let elsewhere = thread_act::any::thread_policy_get(abi, &side.me, 1, &mut [0; 16], false);
        covers!("thread_policy_get", "KERN_INVALID_ARGUMENT", elsewhere);
        let elsewhere = thread_act::any::thread_policy_set(abi, &side.me, 1, &[1]);
        covers!("thread_policy_set", "KERN_INVALID_ARGUMENT", elsewhere);
        Calls(abi).thread_terminate(&thread).unwrap();
    });
}

#[test]
fn roles_of_tasks() {
    ports::darwin(|side| {
        let abi = side.abi;
        let set = |of: &SendRight<Task>, flavor, words: &[u32]| task::any::task_policy_set(abi, of, flavor, words);
        let get = |of: &SendRight<Task>, flavor, room: &mut [u32], default| {
            task::any::task_policy_get(abi, of, flavor, room, default)
        };
        let role = |default| {
            let mut room = [0; 4];
            let out = covers!("task_policy_get", "KERN_SUCCESS", get(&side.me, 1, &mut room, default)).unwrap();
            (flavor::read::<TaskCategoryPolicy>(abi, &room[..out.policy_info]).unwrap().role, out.get_default)
        };
        assert_eq!(role(false), (0, false));
        covers!("task_policy_set", "KERN_SUCCESS", set(&side.me, 1, &[2]));
        assert_eq!((role(false), role(true)), ((2, false), (0, true)));
        for (flavor, words) in [(1, &[][..]), (1, &[9]), (1, &[u32::MAX]), (2, &[1])] {
            covers!("task_policy_set", "KERN_INVALID_ARGUMENT", set(&side.me, flavor, words));
        }
        covers!("task_policy_set", "KERN_INVALID_ARGUMENT", set(&side.host, 1, &[1]));
        covers!("task_policy_get", "KERN_INVALID_ARGUMENT", get(&side.host, 1, &mut [0; 4], false));
        covers!("task_policy_get", "KERN_INVALID_ARGUMENT", get(&side.me, 2, &mut [0; 4], false));
        covers!("task_policy_get", "KERN_INVALID_ARGUMENT", get(&side.me, 1, &mut [], false));
        assert_eq!(role(false), (2, false));
    });
}

/// Whoever comes while a task or a thread ends is told so.
#[test]
fn some_come_too_late() {
    let mut seen = BTreeSet::new();
    for seed in 0..300 {
        let world = World::seeded(seed);
        let abi = [AbiId::DarwinLp64, AbiId::DarwinIlp32][seed as usize % 2];
        let (own, other) = (world.kernel.task("task", abi), world.kernel.task("other", abi));
        let target = carry(&other, &other.self_port(), &own);
        let thread = Calls(abi).thread_create(&target).unwrap();
        let [ended, ending] = [target.try_clone().unwrap(), target];
        own.spawn("ends", move |_| Calls(abi).task_terminate(&ending).unwrap());
        let control = control_of(abi, &world.kernel.host_priv_port(&own), &default_set(abi, &own.host_port()).unwrap());
        let asks = own.spawn("asks", move |_| {
            let (share, set) = (Policy::TIMESHARE, control.unwrap());
            [
                ("task_policy", task::any::task_policy(abi, &ended, share, &[20], false, true).code()),
                ("task_set_policy", task::any::task_set_policy(abi, &ended, &set, share, &[20], &[20], true).code()),
                ("task_suspend2", task::any::task_suspend2(abi, &ended).code()),
                ("task_policy_set", task::any::task_policy_set(abi, &ended, 1, &[1]).code()),
                ("thread_policy_set", thread_act::any::thread_policy_set(abi, &thread, 1, &[1]).code()),
                ("thread_policy_get", thread_act::any::thread_policy_get(abi, &thread, 1, &mut [0], false).code()),
            ]
        });
        assert_eq!(world.kernel.run(), Vec::<String>::new(), "seed {seed}");
        // Each is the first of a seed: what comes later finds the port dead.
        seen.extend(asks.join().unwrap());
    }
    let saw = |call, code: &str| seen.contains(&(call, code.to_owned()));
    covers!("task_policy", "KERN_FAILURE");
    covers!("task_set_policy", "KERN_FAILURE");
    covers!("task_policy_set", "KERN_FAILURE");
    covers!("task_suspend2", "KERN_FAILURE");
    let of_tasks = ["task_policy", "task_set_policy", "task_policy_set", "task_suspend2"];
    assert!(of_tasks.iter().all(|it| saw(it, "KERN_FAILURE")), "{seen:?}");
    covers!("thread_policy_set", "KERN_TERMINATED");
    covers!("thread_policy_get", "KERN_TERMINATED");
    assert!(["thread_policy_set", "thread_policy_get"].iter().all(|it| saw(it, "KERN_TERMINATED")), "{seen:?}");
    // A port that dies while it is looked at is none of a thread.
    let late = ["KERN_FAILURE", "KERN_INVALID_ARGUMENT", "KERN_SUCCESS", "KERN_TERMINATED", "MACH_SEND_INVALID_DEST"];
    assert!(seen.iter().all(|it| late.contains(&&*it.1)), "{seen:?}");
}
