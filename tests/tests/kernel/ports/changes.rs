//! What becomes of requests and of what the kernel keeps when names, tasks and owners change; and two at once.

use std::collections::BTreeSet;

use generated::darwin::mach_port::any as darwin_port;
use generated::darwin::task::any as darwin_task;
use generated::mach3::mach::any as mach3_any;
use generated::mach3::mach_port::any as mach3_port;
use generated::mach3::notify::{MACH_NOTIFY_DEAD_NAME, MACH_NOTIFY_NO_SENDERS};
use mig_rt::{AbiId, Disposition, PortName, ReceiveRight, RightKind, SendRight};
use runtime_kernel::{Config, Kernel};

use super::{carry, each, mach3, right};
use crate::covers::Outcome;
use crate::world::{Simple, World, poll};

/// A request port that is none is found by the kernel, one of another kind by the routine.
#[test]
fn requests_go_to_tasks_only() {
    each(|side| {
        let (null, dead) = (SendRight::null(&side.task), SendRight::dead(&side.task));
        for port in [&null, &dead] {
            assert_eq!(side.mach_port_names(port).code(), "MACH_SEND_INVALID_DEST");
        }
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let worker = side.task.spawn("worker", move |_| wait.recv().is_err());
        let thread = worker.port();
        assert_eq!(side.mach_port_names(&thread).code(), "KERN_INVALID_TASK");
        drop(go);
        worker.join().unwrap();
        assert_eq!(side.mach_port_names(&thread).code(), "MACH_SEND_INVALID_DEST");
        // A port of this task's own is no kernel's: whoever receives from it would have to answer.
        let own = side.sendable();
        Simple::to(own, Disposition::COPY_SEND, 3200).send(&side.task).unwrap();
        assert_eq!(side.told(own), Ok(3200));
        side.destroy(&[own]);
    });
}

#[test]
fn requests_and_sets_follow_a_name() {
    each(|side| {
        let (me, name, set, notify) = (&side.me, side.sendable(), side.set(), side.port());
        let made = right(notify, Disposition::MAKE_SEND_ONCE);
        let before = side.mach_port_request_notification(me, name, MACH_NOTIFY_DEAD_NAME, 0, made).unwrap();
        assert_eq!(before.name(), PortName::NULL);
        side.mach_port_move_member(me, name, set).unwrap();
        let new = PortName(0x00f0_0201);
        side.mach_port_rename(me, name, side.none).unwrap();
        side.mach_port_rename(me, set, new).unwrap();
        assert_eq!(side.mach_port_get_set_status(me, new), Ok(vec![side.none]));
        assert_eq!(side.mach_port_type(me, side.none), Ok(0x8003_0000));
        side.mach_port_mod_refs(me, side.none, RightKind::RECEIVE, -1).unwrap();
        let told = side.message(notify).unwrap();
        assert!(told.1 == 72 && told.0.windows(4).any(|it| it == side.none.0.to_le_bytes()));
        assert_eq!(side.mach_port_get_refs(me, side.none, RightKind::DEAD_NAME), Ok(2));
        side.destroy(&[side.none, new, notify]);
    });
}

/// What a task is kept for by the kernel goes with it.
#[test]
fn a_task_that_ends_keeps_nothing() {
    each(|side| {
        let (other, port) = side.other();
        let (service, notify) = (ReceiveRight::new(&side.task).unwrap(), side.port());
        let send = side.task.make_send(&service).unwrap();
        if side.is_typed() {
            mach3_any::mach_ports_register(side.abi, &port, &[send.try_clone().unwrap()]).unwrap();
            mach3_any::task_set_special_port(side.abi, &port, 4, &send).unwrap();
        } else {
            let ports = [send.try_clone().unwrap()];
            generated::darwin::task::any::mach_ports_register(side.abi, &port, &ports).unwrap();
            generated::darwin::task::any::task_set_special_port(side.abi, &port, 4, &send).unwrap();
        }
        let made = right(notify, Disposition::MAKE_SEND_ONCE);
        let ask = side.mach_port_request_notification(&side.me, service.name(), MACH_NOTIFY_NO_SENDERS, 0, made);
        assert_eq!(ask.unwrap().name(), PortName::NULL);
        drop(send);
        assert!(side.told(notify).is_err(), "the task has two");
        other.terminate();
        assert_eq!(side.told(notify), Ok(70));
        side.destroy(&[notify]);
    });
}

#[test]
fn a_payload_does_not_move_with_its_port() {
    mach3(|side| {
        let (me, name, service) = (&side.me, side.port(), side.port());
        mach3_port::mach_port_set_protected_payload(side.abi, me, name, 9).unwrap();
        let message = Simple::to(service, Disposition::MAKE_SEND, 1).carrying(name, Disposition::MOVE_RECEIVE);
        message.send(&side.task).unwrap();
        let moved = PortName(poll(&side.task, service).unwrap().body()[1]);
        Simple::to(moved, Disposition::MAKE_SEND, 2).send(&side.task).unwrap();
        assert_eq!(poll(&side.task, moved).unwrap().local(), (moved, Disposition::MOVE_SEND));
        side.destroy(&[service, moved]);
    });
}

/// A right is guarded before it goes or gone before it is guarded, in whichever order two threads run.
#[test]
fn guarding_and_destroying_at_once() {
    let mut seen = [0; 2];
    for seed in 0..500 {
        let world = World::seeded(seed);
        let task = world.kernel.task("task", AbiId::DarwinLp64);
        let name = crate::world::port(&task);
        let guarding = task.spawn("guard", move |task| {
            darwin_port::mach_port_guard(AbiId::DarwinLp64, &task.self_port(), name, 5, false).code()
        });
        let destroying = task.spawn("destroy", move |task| {
            darwin_port::mach_port_destroy(AbiId::DarwinLp64, &task.self_port(), name).code()
        });
        assert_eq!(world.kernel.run(), Vec::<String>::new());
        match (guarding.join().unwrap().as_str(), destroying.join().unwrap().as_str()) {
            ("KERN_SUCCESS", "KERN_INVALID_RIGHT") => seen[0] += 1,
            ("KERN_INVALID_NAME", "KERN_SUCCESS") => seen[1] += 1,
            other => panic!("seed {seed}: {other:?}"),
        }
    }
    assert!(seen[0] > 0 && seen[1] > 0, "{seen:?}");
}

/// Whoever asks about a task that ends gets an answer: the task's, or one of few that say what happened.
#[test]
fn a_task_that_ends_during_a_call() {
    let abi = AbiId::DarwinLp64;
    let mut seen = [const { BTreeSet::new() }; 4];
    for seed in 0..300 {
        let world = World::seeded(seed);
        let (task, other) = (world.kernel.task("task", abi), world.kernel.task("other", abi));
        let (port, name) = (carry(&other, &other.self_port(), &task), other.host_port().into_raw());
        let asking = task.spawn("asks", move |_| {
            let special = darwin_task::task_get_special_port(abi, &port, 2).code();
            let names = darwin_port::mach_port_type(abi, &port, name).code();
            let ports = darwin_task::mach_ports_lookup(abi, &port).code();
            let set = darwin_task::task_set_special_port(abi, &port, 4, &port).code();
            [special, names, ports, set]
        });
        let ending = task.spawn("ends", move |_| other.terminate());
        assert_eq!(world.kernel.run(), Vec::<String>::new(), "seed {seed}");
        ending.join().unwrap();
        for (seen, code) in seen.iter_mut().zip(asking.join().unwrap()) {
            seen.insert(code);
        }
    }
    covers!("task_get_special_port", "KERN_FAILURE");
    covers!("task_set_special_port", "KERN_FAILURE");
    for (seen, meanwhile) in seen.iter().zip(["KERN_FAILURE", "KERN_INVALID_TASK", "KERN_FAILURE", "KERN_FAILURE"]) {
        let known = [meanwhile, "KERN_SUCCESS", "MACH_SEND_INVALID_DEST"];
        assert!(seen.contains(meanwhile) && seen.iter().all(|it| known.contains(&it.as_str())), "{seen:?}");
    }
}

#[test]
fn a_thread_that_panics_has_ended() {
    each(|side| {
        let worker = side.task.spawn::<()>("worker", |task| {
            let name = task.thread_port().into_raw();
            std::panic::resume_unwind(Box::new(name));
        });
        let name: PortName = *worker.join().unwrap_err().downcast().unwrap();
        assert_eq!(side.mach_port_type(&side.me, name), Ok(0x10_0000));
        side.destroy(&[name]);
    });
}

#[test]
fn names_come_to_an_end() {
    for abi in AbiId::ALL {
        let kernel = Kernel::new(Config { most_names: Some(8), ..Config::default() });
        let task = kernel.task("task", abi);
        let me = task.self_port();
        let allocate = || mach3_port::mach_port_allocate(AbiId::GnumachI386, &me, RightKind::RECEIVE);
        // One of them is the port that this thread receives replies from.
        let names: Vec<PortName> = (0..6).map(|_| allocate().unwrap()).collect();
        assert_eq!(task.rights().len(), 8);
        assert_eq!(allocate().code(), "KERN_NO_SPACE");
        let chosen = mach3_port::mach_port_allocate_name(AbiId::GnumachI386, &me, RightKind::RECEIVE, PortName(0x7701));
        assert_eq!(chosen.code(), "KERN_RESOURCE_SHORTAGE");
        assert_eq!(task.mach_reply_port().name(), PortName::NULL);
        // A right that arrives becomes null; the rest of the message is whole.
        let message = Simple::to(names[0], Disposition::MAKE_SEND, 3);
        message.carrying(names[1], Disposition::MAKE_SEND_ONCE).send(&task).unwrap();
        assert_eq!(poll(&task, names[0]).unwrap_err().code(), 0x1000_400c | 0x2000);
        mach3_port::mach_port_destroy(AbiId::GnumachI386, &me, names[5]).unwrap();
        assert!(allocate().is_ok());
        assert_eq!(kernel.check(), Ok(()));
    }
}
