//! Races: programs of a few threads in as many orders as there are seeds. Whatever the order, what may be seen is one of
//! few things, every thread comes to its end, and the census is right.

use std::collections::BTreeSet;

use generated::mach3::mach_port::gnumach_i386 as mach_port;
use generated::mach3::notify::{MACH_NOTIFY_DEAD_NAME, MACH_NOTIFY_NO_SENDERS, MACH_NOTIFY_SEND_ONCE};
use mig_rt::{Disposition, KernReturn, MsgReturn, Operation, PortName, ReceiveRight, RightKind};
use runtime_kernel::{Task, Terminated};

use crate::world::{Simple, World, give, poll, port, release, type_of, wait};

/// Orders in which a plain test runs each race; the environment variable `RACE_SCHEDULES` says another number.
const SCHEDULES: u64 = 500;

/// Runs a race in many orders. It says who won, and not always the same.
pub(crate) fn in_many_orders(race: fn(&World, u64) -> usize) {
    let asked = std::env::var("RACE_SCHEDULES").ok().and_then(|it| it.parse().ok());
    let seeds: Vec<u64> = (0..asked.unwrap_or(SCHEDULES)).collect();
    let mut winners = BTreeSet::new();
    for some in seeds.chunks(50) {
        // What a host thread keeps for its stubs goes with it.
        std::thread::scope(|scope| {
            let run = || some.iter().map(|seed| race(&World::seeded(*seed), *seed)).collect::<Vec<usize>>();
            winners.extend(scope.spawn(run).join().unwrap_or_else(|_| panic!("one of the seeds {some:?}")));
        });
    }
    assert!(winners.len() > 1, "it is no race: {winners:?}");
}

/// Lets all threads run, to their ends.
pub(crate) fn run(world: &World, seed: u64) {
    assert_eq!(world.kernel.run(), Vec::<String>::new(), "seed {seed}");
    assert_eq!(world.kernel.check(), Ok(()), "seed {seed}");
}

fn sends(task: &Task, to: PortName, ids: std::ops::Range<u32>) -> Vec<Result<(), MsgReturn>> {
    ids.map(|id| Simple::to(to, Disposition::COPY_SEND, id).send_with(task, Operation::default())).collect()
}

/// What waits at a port.
fn drain(task: &Task, name: PortName) -> Vec<u32> {
    std::iter::from_fn(|| poll(task, name).ok()).map(|it| it.id()).collect()
}

/// A request to be told of something.
fn request(task: &Task, name: PortName, id: mig_rt::MsgId, notify: PortName) -> Result<(), mig_rt::Error> {
    // SAFETY: the name is that of a receive right, which is given up again at once.
    #[allow(unsafe_code, reason = "names as in C")]
    let to = unsafe { ReceiveRight::from_raw(notify, task.clone()) };
    let asked = mach_port::mach_port_request_notification(&task.self_port(), name, id, 0, to.make_send_once());
    to.into_raw();
    asked.map(drop)
}

/// A message that was sent is destroyed with the port, and what it carried is released; one that was refused has taken
/// nothing.
#[test]
fn destroy_against_send() {
    in_many_orders(|world, seed| {
        let server = world.task("server");
        let service = port(&server);
        let clients = ["first", "second"].map(|name| {
            let client = world.task(name);
            let (to, inner) = (give(&server, service, &client), port(&client));
            let body = move |task: Task| {
                let letter =
                    |id| Simple::to(to, Disposition::COPY_SEND, id).carrying(inner, Disposition::MAKE_SEND_ONCE);
                (0..4).map(|id| letter(id).send_with(&task, Operation::default())).collect::<Vec<_>>()
            };
            (client.spawn(name, body), client, inner, to)
        });
        let destroyer = server.spawn("destroyer", move |task| release(&task, service, RightKind::RECEIVE));
        run(world, seed);
        destroyer.join().unwrap();
        let mut all = 0;
        for (thread, client, inner, to) in clients {
            let results = thread.join().unwrap();
            let sent = results.iter().take_while(|it| it.is_ok()).count();
            assert!(
                results[sent..].iter().all(|it| *it == Err(MsgReturn::SEND_INVALID_DEST)),
                "seed {seed}: {results:?}"
            );
            assert_eq!(drain(&client, inner), vec![MACH_NOTIFY_SEND_ONCE.0 as u32; sent], "seed {seed}");
            assert_eq!(type_of(&client, to), 0x10_0000);
            all += sent;
        }
        all
    });
}

/// Every message that is received is received once.
#[test]
fn destroy_against_receive() {
    in_many_orders(|world, seed| {
        let (server, client) = (world.task("server"), world.task("client"));
        let service = port(&server);
        let to = give(&server, service, &client);
        let receivers = ["first", "second"].map(|name| server.spawn(name, move |task| wait(&task, service)));
        let sender = client.spawn("sender", move |task| sends(&task, to, 0..3));
        let destroyer = server.spawn("destroyer", move |task| release(&task, service, RightKind::RECEIVE));
        run(world, seed);
        destroyer.join().unwrap();
        let sent = sender.join().unwrap().iter().filter(|it| it.is_ok()).count();
        let mut received = Vec::new();
        for it in receivers {
            match it.join().unwrap() {
                Ok(it) => received.push(it.id()),
                Err(why) => assert!([MsgReturn::RCV_PORT_DIED, MsgReturn::RCV_INVALID_NAME].contains(&why), "{why:?}"),
            }
        }
        received.sort_unstable();
        let all: Vec<u32> = (0..3).collect();
        assert!(received.len() <= sent && received == all[..received.len()], "seed {seed}: {received:?} of {sent}");
        received.len() * 4 + sent
    });
}

/// Whoever asks in time is told once, and has one reference more for it.
#[test]
fn destroy_against_request() {
    in_many_orders(|world, seed| {
        let (server, client) = (world.task("server"), world.task("client"));
        let service = port(&server);
        let (name, notify) = (give(&server, service, &client), port(&client));
        let asking = client.spawn("asking", move |task| request(&task, name, MACH_NOTIFY_DEAD_NAME, notify));
        let destroyer = server.spawn("destroyer", move |task| release(&task, service, RightKind::RECEIVE));
        run(world, seed);
        destroyer.join().unwrap();
        let (told, references) = match asking.join().unwrap() {
            Ok(()) => (MACH_NOTIFY_DEAD_NAME, 2),
            // It was dead already, and the right to tell is given back.
            Err(why) => {
                assert_eq!(why, KernReturn::INVALID_ARGUMENT.into(), "seed {seed}");
                (MACH_NOTIFY_SEND_ONCE, 1)
            }
        };
        assert_eq!(drain(&client, notify), [told.0 as u32], "seed {seed}");
        let found = mach_port::mach_port_get_refs(&client.self_port(), name, RightKind::DEAD_NAME);
        assert_eq!(found, Ok(references), "seed {seed}");
        references as usize
    });
}

/// The last send right goes while the receiver asks to be told: it is told once.
#[test]
fn no_senders_against_request() {
    in_many_orders(|world, seed| {
        let (server, client) = (world.task("server"), world.task("client"));
        let (service, notify) = (port(&server), port(&server));
        let name = give(&server, service, &client);
        let asking = server.spawn("asking", move |task| {
            request(&task, service, MACH_NOTIFY_NO_SENDERS, notify).unwrap();
            mach_port::mach_port_get_receive_status(&task.self_port(), service).unwrap().mps_srights
        });
        let dropping = client.spawn("dropping", move |task| {
            Simple::to(name, Disposition::COPY_SEND, 7).send_with(&task, Operation::default()).unwrap();
            release(&task, name, RightKind::SEND);
        });
        let receiving = server.spawn("receiving", move |task| wait(&task, service).map(|it| it.id()));
        run(world, seed);
        dropping.join().unwrap();
        assert_eq!(receiving.join().unwrap(), Ok(7));
        let told = poll(&server, notify).unwrap();
        assert_eq!((told.id(), told.body()[1]), (MACH_NOTIFY_NO_SENDERS.0 as u32, 1), "seed {seed}");
        assert_eq!(poll(&server, notify), Err(MsgReturn::RCV_TIMED_OUT), "seed {seed}");
        usize::from(asking.join().unwrap())
    });
}

/// Messages and those who wait for room go with the port, in their order.
#[test]
fn a_receive_right_moves_under_blocked_senders() {
    in_many_orders(|world, seed| {
        let (old, new) = (world.task("old"), world.task("new"));
        let (service, mail) = (port(&old), port(&new));
        let to_new = give(&new, mail, &old);
        mach_port::mach_port_set_qlimit(&old.self_port(), service, 1).unwrap();
        let senders = [0u32, 100].map(|first| {
            let client = world.task("client");
            let to = give(&old, service, &client);
            client.spawn("sender", move |task| sends(&task, to, first..first + 3))
        });
        let left = old.spawn("left", move |task| wait(&task, service).map(|it| it.id()));
        let mover = old.spawn("mover", move |task| {
            let letter = Simple::to(to_new, Disposition::COPY_SEND, 1).carrying(service, Disposition::MOVE_RECEIVE);
            letter.send_with(&task, Operation::default())
        });
        let receiver = new.spawn("receiver", move |task| {
            let moved = PortName(wait(&task, mail).unwrap().body()[1]);
            // How many are left depends on who was first.
            let first: Vec<u32> = (0..5).map(|_| wait(&task, moved).unwrap().id()).collect();
            (moved, first)
        });
        run(world, seed);
        assert_eq!(mover.join().unwrap(), Ok(()));
        for it in senders {
            assert_eq!(it.join().unwrap(), [Ok(()); 3]);
        }
        let (moved, mut received) = receiver.join().unwrap();
        match left.join().unwrap() {
            Ok(it) => received.insert(0, it),
            Err(why) => {
                assert!([MsgReturn::RCV_PORT_DIED, MsgReturn::RCV_INVALID_NAME].contains(&why), "seed {seed}: {why:?}");
                received.push(poll(&new, moved).unwrap().id());
            }
        }
        let of = |first: u32| received.iter().copied().filter(|it| *it / 100 == first / 100).collect::<Vec<u32>>();
        assert_eq!((of(0), of(100)), (vec![0, 1, 2], vec![100, 101, 102]), "seed {seed}: {received:?}");
        received.iter().position(|it| *it == 100).unwrap()
    });
}

/// A member goes and comes back while somebody receives from the set, and somebody from the member.
#[test]
fn membership_changes_under_receive() {
    in_many_orders(|world, seed| {
        let (server, client) = (world.task("server"), world.task("client"));
        let service = port(&server);
        let to = give(&server, service, &client);
        let set = mach_port::mach_port_allocate(&server.self_port(), RightKind::PORT_SET).unwrap();
        mach_port::mach_port_move_member(&server.self_port(), service, set).unwrap();
        let from_set =
            server.spawn("from set", move |task| (0..3).map(|_| wait(&task, set).unwrap().id()).collect::<Vec<_>>());
        let from_port = server.spawn("from port", move |task| wait(&task, service).map(|it| it.id()));
        let sender = client.spawn("sender", move |task| sends(&task, to, 0..4));
        let mover = server.spawn("mover", move |task| {
            let myself = task.self_port();
            for after in [PortName::NULL, set, PortName::NULL, set] {
                mach_port::mach_port_move_member(&myself, service, after).unwrap();
            }
        });
        run(world, seed);
        mover.join().unwrap();
        assert_eq!(sender.join().unwrap(), [Ok(()); 4]);
        let mut received = from_set.join().unwrap();
        assert!(received.is_sorted(), "seed {seed}: {received:?}");
        let direct = from_port.join().unwrap();
        match direct {
            Ok(it) => received.push(it),
            Err(why) => {
                assert!([MsgReturn::RCV_IN_SET, MsgReturn::RCV_PORT_CHANGED].contains(&why), "seed {seed}: {why:?}");
                received.push(poll(&server, set).unwrap().id());
            }
        }
        received.sort_unstable();
        assert_eq!(received, [0, 1, 2, 3], "seed {seed}");
        direct.map_or(9, |it| it as usize)
    });
}

/// A task ends while it is called, while it calls, and while its port moves.
#[test]
fn a_task_ends_under_everything() {
    in_many_orders(|world, seed| {
        let (server, client) = (world.task("server"), world.task("client"));
        let (service, mail) = (port(&server), port(&client));
        let (to, to_client) = (give(&server, service, &client), give(&client, mail, &server));
        let notify = port(&client);
        request(&client, to, MACH_NOTIFY_DEAD_NAME, notify).unwrap();
        let set = mach_port::mach_port_allocate(&server.self_port(), RightKind::PORT_SET).unwrap();
        mach_port::mach_port_move_member(&server.self_port(), service, set).unwrap();
        let serving = server.spawn("serving", move |task| {
            while let Ok(it) = wait(&task, set) {
                let answer = Simple::to(it.remote().0, Disposition::MOVE_SEND_ONCE, it.id() + 100);
                let sent = answer.carrying(service, Disposition::MAKE_SEND).send_with(&task, Operation::default());
                if sent.is_err() {
                    return;
                }
            }
        });
        let calling = client.spawn("calling", move |task| {
            let answers = port(&task);
            let ids = (0..3).map(|id| {
                let letter = Simple::to(to, Disposition::COPY_SEND, id);
                let letter = letter.reply_to(answers, Disposition::MAKE_SEND_ONCE);
                letter.send_with(&task, Operation::default()).map_err(|it| it.code())?;
                wait(&task, answers).map(|it| it.id()).map_err(|it| it.code())
            });
            ids.collect::<Vec<Result<u32, i32>>>()
        });
        let sender = server.spawn("sender", move |task| sends(&task, to_client, 50..52));
        let killer = client.spawn("killer", move |_| server.terminate());
        run(world, seed);
        killer.join().unwrap();
        assert!(serving.join().unwrap_err().is::<Terminated>(), "seed {seed}");
        let sent = drain(&client, mail).len();
        // A thread that has been ended in a call does not come back from it.
        let results = sender.join();
        assert!(results.map_or(true, |it| it.iter().filter(|it| it.is_ok()).count() == sent), "seed {seed}");
        let answers = calling.join().unwrap();
        let answered = answers.iter().filter(|it| it.is_ok_and(|it| it >= 100)).count();
        for (id, it) in answers.into_iter().enumerate() {
            let died = it == Ok(MACH_NOTIFY_SEND_ONCE.0 as u32) || it == Err(MsgReturn::SEND_INVALID_DEST.code());
            assert!(died || it == Ok(id as u32 + 100), "seed {seed}: {it:?}");
        }
        let told = poll(&client, notify).unwrap();
        assert_eq!((told.id(), told.body()[1]), (MACH_NOTIFY_DEAD_NAME.0 as u32, to.0), "seed {seed}");
        assert_eq!(poll(&client, notify), Err(MsgReturn::RCV_TIMED_OUT), "seed {seed}");
        answered * 4 + sent
    });
}

/// A message is either received or still there; one that was not sent has come back with what it carried.
#[test]
fn interrupts() {
    in_many_orders(|world, seed| {
        let (server, client) = (world.task("server"), world.task("client"));
        let (service, full) = (port(&server), port(&server));
        let (to, to_full) = (give(&server, service, &client), give(&server, full, &client));
        mach_port::mach_port_set_qlimit(&server.self_port(), full, 0).unwrap();
        let receiver = server.spawn("receiver", move |task| wait(&task, service).map(|it| it.id()));
        let blocked = client.spawn("blocked", move |task| {
            let inner = port(&task);
            let letter = Simple::to(to_full, Disposition::COPY_SEND, 9).carrying(inner, Disposition::MOVE_RECEIVE);
            (inner, letter.send_with(&task, Operation::default()))
        });
        let sender = client.spawn("sender", move |task| sends(&task, to, 0..1));
        let opener = server.spawn("opener", move |task| {
            mach_port::mach_port_set_qlimit(&task.self_port(), full, 1).unwrap();
        });
        let aborter = client.spawn("aborter", move |_| {
            receiver.abort();
            blocked.abort();
            (receiver, blocked)
        });
        run(world, seed);
        opener.join().unwrap();
        assert_eq!(sender.join().unwrap(), [Ok(())]);
        let (receiver, blocked) = aborter.join().unwrap();
        let (received, sent) = (receiver.join().unwrap(), blocked.join().unwrap());
        let winner = usize::from(received.is_ok()) * 2 + usize::from(sent.1.is_ok());
        match received {
            Ok(id) => assert_eq!(id, 0),
            Err(why) => {
                assert_eq!(why, MsgReturn::RCV_INTERRUPTED, "seed {seed}");
                assert_eq!(poll(&server, service).unwrap().id(), 0, "seed {seed}");
            }
        }
        match sent {
            (inner, Ok(())) => {
                assert_eq!(type_of(&client, inner), 0, "seed {seed}");
                assert_eq!(poll(&server, full).unwrap().id(), 9, "seed {seed}");
            }
            (_, Err(why)) => {
                assert_eq!(why, MsgReturn::SEND_INTERRUPTED, "seed {seed}");
                let receiving = client.rights().into_iter().filter(|it| it.1 == 0x2_0000).count();
                assert_eq!(receiving, 1, "seed {seed}: the right is back");
            }
        }
        winner
    });
}
