//! `mach_msg`.

use generated::mach3::mach_port::gnumach_i386 as mach_port;
use mig_rt::{Disposition, MsgReturn, Operation, RightKind, Timeout};

use crate::world::{Simple, World, give, poll, port, receive, release, type_of, wait};

#[test]
fn a_message_crosses() {
    let world = World::new();
    let (client, server) = (world.task("client"), world.task("server"));
    let service = port(&server);
    let name = give(&server, service, &client);
    let reply = port(&client);
    Simple::to(name, Disposition::COPY_SEND, 100).reply_to(reply, Disposition::MAKE_SEND_ONCE).send(&client).unwrap();
    covers!("mach_msg", "MACH_MSG_SUCCESS");
    let request = poll(&server, service).unwrap();
    assert_eq!((request.id(), request.local()), (100, (service, Disposition::MOVE_SEND)));
    let (answer, disposition) = request.remote();
    assert_eq!((disposition, type_of(&server, answer)), (Disposition::MOVE_SEND_ONCE, 0x4_0000));
    Simple::to(answer, Disposition::MOVE_SEND_ONCE, 200).send(&server).unwrap();
    assert_eq!(type_of(&server, answer), 0);
    let answer = poll(&client, reply).unwrap();
    assert_eq!((answer.id(), answer.local()), (200, (reply, Disposition::MOVE_SEND_ONCE)));
    assert_eq!(poll(&client, reply), Err(MsgReturn::RCV_TIMED_OUT));
}

#[test]
fn sequence_numbers_count_what_is_received() {
    let world = World::new();
    let task = world.task("task");
    let name = port(&task);
    for id in 0..5 {
        Simple::to(name, Disposition::MAKE_SEND, id).send(&task).unwrap();
    }
    assert_eq!(Simple::to(name, Disposition::MAKE_SEND, 5).send(&task), Err(MsgReturn::SEND_TIMED_OUT));
    for id in 0..5 {
        let got = poll(&task, name).unwrap();
        assert_eq!((got.id(), got.sequence()), (id, id));
    }
}

#[test]
fn a_message_to_a_dead_port_is_refused_and_one_in_its_queue_dies_with_it() {
    let world = World::new();
    let (client, server) = (world.task("client"), world.task("server"));
    let service = port(&server);
    let name = give(&server, service, &client);
    let inner = port(&client);
    Simple::to(name, Disposition::COPY_SEND, 1).carrying(inner, Disposition::MOVE_RECEIVE).send(&client).unwrap();
    assert_eq!(type_of(&client, inner), 0);
    release(&server, service, RightKind::RECEIVE);
    assert_eq!(Simple::to(name, Disposition::COPY_SEND, 1).send(&client), Err(MsgReturn::SEND_INVALID_DEST));
    assert_eq!(type_of(&client, name), 0x10_0000, "a dead name");
}

#[test]
fn a_blocked_sender_goes_on_when_there_is_room() {
    let world = World::seeded(7);
    let (client, server) = (world.task("client"), world.task("server"));
    let service = port(&server);
    let name = give(&server, service, &client);
    let sending = client.spawn("sender", move |task| {
        (0..20).try_for_each(|id| Simple::to(name, Disposition::COPY_SEND, id).send_with(&task, Operation::default()))
    });
    let receiving =
        server.spawn("receiver", move |task| (0..20).map(|_| wait(&task, service).unwrap().id()).collect::<Vec<u32>>());
    assert_eq!(world.kernel.run(), Vec::<String>::new());
    assert_eq!(sending.join().unwrap(), Ok(()));
    assert_eq!(receiving.join().unwrap(), (0..20).collect::<Vec<u32>>());
}

#[test]
fn time_runs_out_for_senders_and_receivers() {
    let world = World::seeded(1);
    let task = world.task("task");
    let name = port(&task);
    let thread = task.spawn("waiter", move |task| {
        let limit = Some(Timeout(1_000_000));
        let waiting = Operation { receive: Some(name), receive_timeout: limit, ..Operation::default() };
        let received = receive(&task, waiting);
        let send = || {
            let operation = Operation { send_timeout: limit, ..Operation::default() };
            Simple::to(name, Disposition::MAKE_SEND, 1).send_with(&task, operation)
        };
        (received, (0..6).map(|_| send()).collect::<Vec<_>>())
    });
    assert_eq!(world.kernel.run(), Vec::<String>::new());
    let (received, sent) = thread.join().unwrap();
    assert_eq!(received, Err(MsgReturn::RCV_TIMED_OUT));
    assert_eq!(sent[..5], [Ok(()); 5]);
    assert_eq!(sent[5], Err(MsgReturn::SEND_TIMED_OUT));
}

#[test]
fn a_circle_of_receive_rights_is_collected() {
    let world = World::new();
    let task = world.task("task");
    let (a, b) = (port(&task), port(&task));
    let to_b = give(&task, b, &task);
    assert_eq!(to_b, b);
    Simple::to(a, Disposition::MAKE_SEND, 1).carrying(b, Disposition::MOVE_RECEIVE).send(&task).unwrap();
    assert_eq!(type_of(&task, b), 0x1_0000);
    Simple::to(b, Disposition::COPY_SEND, 2).carrying(a, Disposition::MOVE_RECEIVE).send(&task).unwrap();
    assert_eq!(type_of(&task, b), 0x10_0000, "the other port died with the circle");
    assert_eq!(poll(&task, a), Err(MsgReturn::RCV_INVALID_NAME));
}

#[test]
fn a_thread_leaves_no_reply_port_behind() {
    let world = World::new();
    let task = world.task("task");
    let before = task.rights();
    let calling = task.spawn("calls", |task| {
        let name = mach_port::mach_port_allocate(&task.self_port(), RightKind::RECEIVE).unwrap();
        mach_port::mach_port_destroy(&task.self_port(), name).unwrap();
        task.rights().len()
    });
    assert_eq!(calling.join().unwrap(), before.len() + 1, "the reply port of its calls");
    assert_eq!(task.rights(), before);
}
