//! Races that real kernels have lost: names that go while they are looked up, ports that the kernel keeps, and threads
//! that nobody wakes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use generated::mach3::mach::gnumach_i386 as mach;
use generated::mach3::mach_port::gnumach_i386 as mach_port;
use mig_rt::{Disposition, MsgReturn, Operation, PortName, ReceiveRight, RightKind};
use runtime_kernel::{Task, Terminated};

use crate::covers::Outcome;
use crate::races::{in_many_orders, run};
use crate::world::{Simple, World, give, poll, port, release, type_of, wait};

/// A name is there or it is not, for each of those who look.
#[test]
fn a_name_goes_while_others_look_it_up() {
    in_many_orders(|world, seed| {
        let task = world.task("task");
        let name = give(&task, port(&task), &task);
        let looks = task.spawn("looks", move |task| {
            let me = task.self_port();
            let kind = mach_port::mach_port_type(&me, name).map_or(0, |it| it.0);
            let extracted = mach_port::mach_port_extract_right(&me, name, Disposition::COPY_SEND).code();
            let sent = Simple::to(name, Disposition::COPY_SEND, 1).send(&task);
            let more = mach_port::mach_port_mod_refs(&me, name, RightKind::SEND, 1).code();
            (kind, extracted, sent, more)
        });
        let drops = task.spawn("drops", move |task| mach_port::mach_port_destroy(&task.self_port(), name).code());
        run(world, seed);
        assert_eq!(drops.join().unwrap(), "KERN_SUCCESS");
        let (kind, extracted, sent, more) = looks.join().unwrap();
        let seen = [kind == 0x3_0000, extracted == "KERN_SUCCESS", sent == Ok(()), more == "KERN_SUCCESS"];
        assert!(kind == 0x3_0000 || kind == 0, "seed {seed}: {kind:x}");
        assert!(seen[1] || extracted == "KERN_INVALID_NAME", "seed {seed}: {extracted}");
        assert!(seen[2] || sent == Err(MsgReturn::SEND_INVALID_DEST), "seed {seed}: {sent:?}");
        assert!(seen[3] || more == "KERN_INVALID_NAME", "seed {seed}: {more}");
        // Once it is gone it stays gone.
        assert!(seen.is_sorted_by(|before, after| before >= after), "seed {seed}: {seen:?}");
        seen.into_iter().filter(|it| *it).count()
    });
}

/// Two threads set a port that the kernel keeps for a task, and a third destroys one of those.
#[test]
fn a_port_that_the_kernel_keeps_is_replaced_by_two() {
    in_many_orders(|world, seed| {
        let task = world.task("task");
        let ports = [port(&task), port(&task)];
        let rights = ports.map(|it| give(&task, it, &task));
        let setting = rights.map(|name| {
            task.spawn("sets", move |task| {
                let me = task.self_port();
                // SAFETY: the name has a reference of the test's own, which is given up here.
                #[allow(unsafe_code, reason = "names as in C")]
                let right = unsafe { mig_rt::SendRight::from_raw(name, task.clone()) };
                (0..3).map(|_| mach::task_set_special_port(&me, 4, &right).code()).collect::<Vec<_>>()
            })
        });
        let ending = task.spawn("ends", move |task| release(&task, ports[0], RightKind::RECEIVE));
        run(world, seed);
        ending.join().unwrap();
        for it in setting {
            let codes = it.join().unwrap();
            let fine = |it: &String| it == "KERN_SUCCESS" || it == "MACH_SEND_INVALID_RIGHT";
            assert!(codes.iter().all(fine), "seed {seed}: {codes:?}");
        }
        let kept = mach::task_get_special_port(&task.self_port(), 4).unwrap();
        let which = ports.iter().position(|it| *it == kept.name());
        assert!(which == Some(1) || kept.name() == PortName::DEAD || kept.name() == PortName::NULL, "{kept:?}");
        drop(kept);
        mach::task_set_special_port(&task.self_port(), 4, &mig_rt::SendRight::null(&task)).unwrap();
        let status = mach_port::mach_port_get_receive_status(&task.self_port(), ports[1]).unwrap();
        assert!(!status.mps_srights, "seed {seed}: a right was lost");
        usize::from(which.is_some())
    });
}

/// Senders wait for room and receivers at a set, and the set and the port go: nobody is left waiting.
#[test]
fn nobody_waits_for_what_is_gone() {
    in_many_orders(|world, seed| {
        let (client, server) = (world.task("client"), world.task("server"));
        let me = server.self_port();
        let service = port(&server);
        let set = mach_port::mach_port_allocate(&me, RightKind::PORT_SET).unwrap();
        mach_port::mach_port_move_member(&me, service, set).unwrap();
        let name = give(&server, service, &client);
        let sending: Vec<_> = (0..3).map(|_| client.spawn("sends", move |task| sends(&task, name, 4))).collect();
        let receiving: Vec<_> = (0..2).map(|_| server.spawn("receives", move |task| receives(&task, set))).collect();
        let ending = server.spawn("ends", move |task| {
            let me = task.self_port();
            mach_port::mach_port_destroy(&me, set).unwrap();
            mach_port::mach_port_destroy(&me, service).unwrap();
        });
        run(world, seed);
        ending.join().unwrap();
        let sent: usize = sending.into_iter().map(|it| it.join().unwrap()).sum();
        let received: usize = receiving.into_iter().map(|it| it.join().unwrap()).sum();
        assert!(received <= sent, "seed {seed}: {received} of {sent}");
        assert_eq!(type_of(&client, name), 0x10_0000);
        received
    });
}

/// Messages that were sent until the port was dead.
fn sends(task: &Task, to: PortName, count: u32) -> usize {
    let send = |id| Simple::to(to, Disposition::COPY_SEND, id).send_with(task, Operation::default());
    (0..count).map(send).take_while(|it| it.is_ok()).count()
}

/// Messages that came until the set was.
fn receives(task: &Task, set: PortName) -> usize {
    std::iter::from_fn(|| wait(task, set).ok()).count()
}

/// A call whose reply port dies while it is answered: it ends, the server does, and nothing is left of the answer.
#[test]
fn a_reply_port_dies_while_it_is_answered() {
    in_many_orders(|world, seed| {
        let (client, server) = (world.task("client"), world.task("server"));
        let service = ReceiveRight::new(&server).unwrap().into_raw();
        let name = give(&server, service, &client);
        let (reply, gift) = (port(&client), port(&server));
        let asks = client.spawn("asks", move |task| {
            let request = Simple::to(name, Disposition::COPY_SEND, 1).reply_to(reply, Disposition::MAKE_SEND_ONCE);
            request.send_with(&task, Operation::default()).map_err(|it| it.code()).ok();
            wait(&task, reply).map(|it| it.id())
        });
        let ends = client.spawn("ends", move |task| release(&task, reply, RightKind::RECEIVE));
        let answers = server.spawn("answers", move |task| {
            let limit = Some(mig_rt::Timeout(1000));
            let operation = Operation { receive: Some(service), receive_timeout: limit, ..Operation::default() };
            let Ok(request) = crate::world::receive(&task, operation) else { return Ok(()) };
            let (to, _) = request.remote();
            Simple::to(to, Disposition::MOVE_SEND_ONCE, 2).carrying(gift, Disposition::MAKE_SEND).send(&task)
        });
        run(world, seed);
        ends.join().unwrap();
        let asked = asks.join().unwrap();
        let fine = [Ok(2), Err(MsgReturn::RCV_PORT_DIED), Err(MsgReturn::RCV_INVALID_NAME)];
        assert!(fine.contains(&asked), "seed {seed}: {asked:?}");
        let answered = answers.join().unwrap();
        assert!(matches!(answered, Ok(()) | Err(MsgReturn::SEND_INVALID_DEST)), "seed {seed}: {answered:?}");
        let status = mach_port::mach_port_get_receive_status(&server.self_port(), gift).unwrap();
        assert_eq!(status.mps_srights, asked == Ok(2), "seed {seed}: who has the answer has the right");
        assert!(poll(&server, service).is_err());
        usize::from(asked.is_ok()) + 2 * usize::from(answered.is_ok())
    });
}

/// Whoever is told of a death looks at the name, and whoever has it drops it, at once.
#[test]
fn a_port_dies_while_its_name_is_dropped() {
    in_many_orders(|world, seed| {
        let (client, server) = (world.task("client"), world.task("server"));
        let service = port(&server);
        let name = give(&server, service, &client);
        let notify = ReceiveRight::new(&client).unwrap();
        let id = generated::mach3::notify::MACH_NOTIFY_DEAD_NAME;
        let once = notify.make_send_once();
        let before = mach_port::mach_port_request_notification(&client.self_port(), name, id, 0, once).unwrap();
        assert!(!before.is_valid());
        let dies = server.spawn("dies", move |task| release(&task, service, RightKind::RECEIVE));
        let drops = client.spawn("drops", move |task| mach_port::mach_port_deallocate(&task.self_port(), name).code());
        run(world, seed);
        dies.join().unwrap();
        assert_eq!(drops.join().unwrap(), "KERN_SUCCESS", "seed {seed}");
        let told = poll(&client, notify.name()).unwrap();
        assert!(poll(&client, notify.name()).is_err(), "seed {seed}: told twice");
        let left = type_of(&client, name);
        // It was dead before it was dropped, and then the notification's reference stays; or it was dropped alive.
        assert!(matches!((told.id(), left), (72, 0x10_0000) | (65, 0)), "seed {seed}: {}, {left:x}", told.id());
        told.id() as usize
    });
}

/// A task that ends with threads in it ends them, wherever they are: those that wait, and those that come to it later.
#[test]
fn a_task_that_ends_ends_all_who_wait_in_it() {
    in_many_orders(|world: &World, seed| {
        let (task, other) = (world.task("task"), world.task("other"));
        let (name, full) = (port(&task), port(&task));
        (0..5).for_each(|id| Simple::to(full, Disposition::MAKE_SEND, id).send(&task).unwrap());
        let begun = Arc::new(AtomicUsize::new(0));
        let begin = |begun: &Arc<AtomicUsize>| {
            let begun = begun.clone();
            move || begun.fetch_add(1, Ordering::Relaxed)
        };
        let mut waiting = Vec::new();
        for _ in 0..3 {
            let begin = begin(&begun);
            waiting.push(task.spawn("receives", move |task| {
                begin();
                drop(wait(&task, name));
            }));
        }
        for _ in 0..2 {
            let begin = begin(&begun);
            waiting.push(task.spawn("sends", move |task| {
                begin();
                let _ = Simple::to(full, Disposition::MAKE_SEND, 9).send_with(&task, Operation::default());
            }));
        }
        let counted = begun.clone();
        let ends = other.spawn("ends", move |_| {
            task.terminate();
            counted.load(Ordering::Relaxed)
        });
        run(world, seed);
        for it in waiting {
            assert!(it.join().unwrap_err().is::<Terminated>(), "seed {seed}");
        }
        ends.join().unwrap()
    });
}
