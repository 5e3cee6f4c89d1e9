//! What becomes of requests and of what the kernel keeps when names, tasks and owners change; and two at once.

use generated::darwin::mach_port::any as darwin_port;
use generated::mach3::mach::any as mach3_any;
use generated::mach3::mach_port::any as mach3_port;
use generated::mach3::notify::{MACH_NOTIFY_DEAD_NAME, MACH_NOTIFY_NO_SENDERS};
use mig_rt::{AbiId, Disposition, PortName, ReceiveRight, RightKind, SendRight};

use super::{each, mach3, right};
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
