//! Each code of `mach_msg`: what provokes it, and what it leaves behind.

use generated::mach3::mach_port::gnumach_i386 as mach_port;
use generated::mach3::notify::{MACH_NOTIFY_DEAD_NAME, MACH_NOTIFY_MSG_ACCEPTED};
use mig_rt::{
    AbiId, Address, Disposition, Failed, Left, Memory, MsgOptions, MsgReturn, Operation, PortName, ReceiveRight,
    RightKind, Timeout, Transport,
};
use runtime_kernel::{Resource, Task};

use crate::world::{Got, Simple, World, give, poll, port, release, type_of};

const ABI: AbiId = AbiId::GnumachI386;
const SEND: Operation = Operation {
    send: true,
    receive: None,
    send_timeout: Some(Timeout(0)),
    receive_timeout: None,
    large: false,
    options: MsgOptions::NONE,
    trailer: mig_rt::TrailerElements::None,
    special_reply: false,
};

fn asking(options: MsgOptions) -> Operation {
    Operation { options, ..SEND }
}

fn receiving(name: PortName) -> Operation {
    Operation { receive: Some(name), receive_timeout: Some(Timeout(0)), ..Operation::default() }
}

/// Sends bytes; what came back, if the message did.
fn try_send(task: &Task, operation: Operation, notify: PortName, bytes: &[u8]) -> Result<(), (MsgReturn, Left, Got)> {
    let mut message = bytes.to_vec();
    let sent = task.mach_msg(ABI, operation, notify, &mut message, 0);
    let words = message.chunks_exact(4).map(|it| u32::from_le_bytes(it.try_into().unwrap())).collect();
    sent.map(drop).map_err(|Failed { code, left }| (code, left, Got(words)))
}

fn refused(task: &Task, bytes: &[u8]) -> (MsgReturn, Left) {
    let (code, left, _) = try_send(task, SEND, PortName::NULL, bytes).unwrap_err();
    (code, left)
}

/// A task with a port whose queue is full, and the name of a send right to it.
fn full(world: &World) -> (Task, Task, PortName, PortName) {
    let (client, server) = (world.task("client"), world.task("server"));
    let service = port(&server);
    let name = give(&server, service, &client);
    for id in 0..5 {
        Simple::to(name, Disposition::COPY_SEND, id).send(&client).unwrap();
    }
    (client, server, name, service)
}

#[test]
fn a_message_that_is_none_is_not_looked_at() {
    let world = World::new();
    let task = world.task("task");
    let name = port(&task);
    let message = Simple::to(name, Disposition::MAKE_SEND, 1).bytes();
    covers!("mach_msg", "MACH_SEND_MSG_TOO_SMALL");
    assert_eq!(refused(&task, &message[..20]), (MsgReturn::SEND_MSG_TOO_SMALL, Left::Untouched));
    assert_eq!(refused(&task, &[&message[..], &[0, 0]].concat()), (MsgReturn::SEND_MSG_TOO_SMALL, Left::Untouched));
    world.kernel.limit(Resource::Buffers, Some(0));
    covers!("mach_msg", "MACH_SEND_NO_BUFFER");
    assert_eq!(refused(&task, &message), (MsgReturn::SEND_NO_BUFFER, Left::Untouched));
    world.kernel.limit(Resource::Buffers, None);
    let nowhere = task.mach_msg_at(ABI, SEND, PortName::NULL, Address(0x1234), (24, 0));
    covers!("mach_msg", "MACH_SEND_INVALID_DATA");
    assert_eq!(nowhere, Err(Failed { code: MsgReturn::SEND_INVALID_DATA, left: Left::Untouched }));
}

#[test]
fn a_message_can_be_in_the_memory_of_its_task() {
    let world = World::new();
    let task = world.task("task");
    let name = port(&task);
    let message = Simple::to(name, Disposition::MAKE_SEND, 77).bytes();
    let memory = task.allocate(24, &mut |room| room.copy_from_slice(&message)).unwrap();
    let seen = memory.bytes().unwrap();
    task.mach_msg_at(ABI, SEND, PortName::NULL, memory.address(), (24, 0)).unwrap();
    let arrived = task.mach_msg_at(ABI, receiving(name), PortName::NULL, memory.address(), (0, 24)).unwrap();
    assert_eq!(arrived.size, 24);
    assert_eq!(task.read(memory.address(), 24).unwrap()[20], 77);
    assert_eq!(seen[8..12], name.0.to_le_bytes(), "what was there is still seen by who has looked");
    Simple::to(name, Disposition::MAKE_SEND, 78).send(&task).unwrap();
    let lost = task.mach_msg_at(ABI, receiving(name), PortName::NULL, Address(memory.address().0 + 4080), (0, 24));
    covers!("mach_msg", "MACH_RCV_INVALID_DATA");
    assert_eq!(lost.unwrap_err().code, MsgReturn::RCV_INVALID_DATA);
    assert_eq!(poll(&task, name), Err(MsgReturn::RCV_TIMED_OUT), "the message is gone");
}

#[test]
fn a_header_is_taken_whole_or_not_at_all() {
    let world = World::new();
    let (client, server) = (world.task("client"), world.task("server"));
    let service = port(&server);
    let name = give(&server, service, &client);
    let reply = port(&client);
    let untouched = |code| (code, Left::Untouched);
    let to = |disposition| Simple::to(name, disposition, 1);
    let cases = [
        (to(Disposition::NONE), MsgReturn::SEND_INVALID_HEADER),
        (to(Disposition::MOVE_RECEIVE), MsgReturn::SEND_INVALID_HEADER),
        (to(Disposition::COPY_SEND).reply_to(reply, Disposition::NONE), MsgReturn::SEND_INVALID_HEADER),
        (Simple::to(PortName::NULL, Disposition::COPY_SEND, 1), MsgReturn::SEND_INVALID_DEST),
        (Simple::to(PortName::DEAD, Disposition::COPY_SEND, 1), MsgReturn::SEND_INVALID_DEST),
        (Simple::to(PortName(0x9999), Disposition::COPY_SEND, 1), MsgReturn::SEND_INVALID_DEST),
        (to(Disposition::MAKE_SEND), MsgReturn::SEND_INVALID_DEST),
        (to(Disposition::MOVE_SEND_ONCE), MsgReturn::SEND_INVALID_DEST),
        (to(Disposition::MOVE_SEND).reply_to(PortName(0x9999), Disposition::COPY_SEND), MsgReturn::SEND_INVALID_REPLY),
        (to(Disposition::MOVE_SEND).reply_to(reply, Disposition::MOVE_SEND), MsgReturn::SEND_INVALID_REPLY),
        (to(Disposition::MOVE_SEND).reply_to(name, Disposition::MOVE_SEND), MsgReturn::SEND_INVALID_DEST),
        (to(Disposition::COPY_SEND).reply_to(name, Disposition::MOVE_SEND_ONCE), MsgReturn::SEND_INVALID_REPLY),
    ];
    covers!("mach_msg", "MACH_SEND_INVALID_HEADER");
    covers!("mach_msg", "MACH_SEND_INVALID_DEST");
    covers!("mach_msg", "MACH_SEND_INVALID_REPLY");
    for (index, (message, code)) in cases.iter().enumerate() {
        assert_eq!(refused(&client, &message.bytes()), untouched(*code), "case {index}");
        assert_eq!((type_of(&client, name), type_of(&client, reply)), (0x1_0000, 0x2_0000), "case {index}");
    }
    Simple::to(name, Disposition::MOVE_SEND, 1).reply_to(name, Disposition::COPY_SEND).send(&client).unwrap();
    assert_eq!(type_of(&client, name), 0, "one reference is enough for a move and a copy");
    release(&server, service, RightKind::RECEIVE);
    client.terminate();
    let late = Simple::to(reply, Disposition::MAKE_SEND, 1).bytes();
    assert_eq!(refused(&client, &late), untouched(MsgReturn::SEND_INVALID_DEST));
}

#[test]
fn a_body_that_is_refused_is_gone() {
    let world = World::new();
    let task = world.task("task");
    let (name, inner) = (port(&task), port(&task));
    let to = || Simple::to(name, Disposition::MAKE_SEND, 1);
    let unknown = |code| (code, Left::Unknown);
    let bad = to().carrying(inner, Disposition::MOVE_RECEIVE).carrying(PortName(0x9999), Disposition::COPY_SEND);
    covers!("mach_msg", "MACH_SEND_INVALID_RIGHT");
    assert_eq!(refused(&task, &bad.bytes()), unknown(MsgReturn::SEND_INVALID_RIGHT));
    assert_eq!(type_of(&task, inner), 0, "the items before it are cleaned, not given back");
    let mut short = to();
    short.complex = true;
    short.words = vec![0x1002_2011, 0];
    assert_eq!(refused(&task, &short.bytes()), unknown(MsgReturn::SEND_MSG_TOO_SMALL));
    short.words = vec![0x1001_1011, 0];
    covers!("mach_msg", "MACH_SEND_INVALID_TYPE");
    assert_eq!(refused(&task, &short.bytes()), unknown(MsgReturn::SEND_INVALID_TYPE));
    short.words = vec![0x0008_0808, 0x6666_0000];
    covers!("mach_msg", "MACH_SEND_INVALID_MEMORY");
    assert_eq!(refused(&task, &short.bytes()), unknown(MsgReturn::SEND_INVALID_MEMORY));
    assert_eq!(poll(&task, name), Err(MsgReturn::RCV_TIMED_OUT));
}

#[test]
fn what_could_not_be_queued_comes_back() {
    let world = World::new();
    let (client, _server, name, _) = full(&world);
    let inner = port(&client);
    let message = Simple::to(name, Disposition::MOVE_SEND, 9)
        .reply_to(inner, Disposition::MAKE_SEND_ONCE)
        .carrying(inner, Disposition::MAKE_SEND);
    let (code, left, back) = try_send(&client, SEND, PortName::NULL, &message.bytes()).unwrap_err();
    covers!("mach_msg", "MACH_SEND_TIMED_OUT");
    assert_eq!((code, left), (MsgReturn::SEND_TIMED_OUT, Left::TakenBack));
    assert_eq!(back.remote().1, Disposition::MOVE_SEND);
    let (reply, disposition) = back.local();
    assert_eq!((disposition, type_of(&client, reply)), (Disposition::MOVE_SEND_ONCE, 0x4_0000));
    assert_eq!(back.body(), [0x1001_2011, inner.0]);
    assert_eq!(type_of(&client, inner), 0x3_0000, "the send right that was made is the task's now");
}

#[test]
fn beyond_the_limit_with_a_notification() {
    let world = World::new();
    let (client, server, name, service) = full(&world);
    let notify = ReceiveRight::new(&client).unwrap();
    let message = Simple::to(name, Disposition::COPY_SEND, 9).bytes();
    let send = |notify| try_send(&client, asking(MsgOptions::SEND_NOTIFY), notify, &message).map_err(|it| (it.0, it.1));
    covers!("mach_msg", "MACH_SEND_INVALID_NOTIFY");
    assert_eq!(send(PortName::NULL), Err((MsgReturn::SEND_INVALID_NOTIFY, Left::TakenBack)));
    assert_eq!(send(name), Err((MsgReturn::SEND_INVALID_NOTIFY, Left::TakenBack)));
    world.kernel.limit(Resource::Requests, Some(0));
    covers!("mach_msg", "MACH_SEND_NO_NOTIFY");
    assert_eq!(send(notify.name()), Err((MsgReturn::SEND_NO_NOTIFY, Left::TakenBack)));
    world.kernel.limit(Resource::Requests, None);
    covers!("mach_msg", "MACH_SEND_WILL_NOTIFY");
    assert_eq!(send(notify.name()), Err((MsgReturn::SEND_WILL_NOTIFY, Left::Sent)));
    assert_eq!(type_of(&client, name), 0x4001_0000);
    covers!("mach_msg", "MACH_SEND_NOTIFY_IN_PROGRESS");
    assert_eq!(send(notify.name()), Err((MsgReturn::SEND_NOTIFY_IN_PROGRESS, Left::TakenBack)));
    (0..6).for_each(|_| drop(poll(&server, service).unwrap()));
    let told = poll(&client, notify.name()).unwrap();
    assert_eq!((told.id(), told.body()[1]), (MACH_NOTIFY_MSG_ACCEPTED.0 as u32, name.0));
    assert_eq!(type_of(&client, name), 0x1_0000);
}

#[test]
fn a_right_that_goes_can_go_in_silence() {
    let world = World::new();
    let (client, server) = (world.task("client"), world.task("server"));
    let service = port(&server);
    let name = give(&server, service, &client);
    let (notify, other) = (ReceiveRight::new(&client).unwrap(), ReceiveRight::new(&client).unwrap());
    let request = |name| {
        let myself = client.self_port();
        mach_port::mach_port_request_notification(&myself, name, MACH_NOTIFY_DEAD_NAME, 0, notify.make_send_once())
    };
    request(name).unwrap();
    let cancel = asking(MsgOptions::SEND_CANCEL);
    let moving = |name| Simple::to(name, Disposition::MOVE_SEND, 1).bytes();
    let refused = try_send(&client, cancel, name, &moving(name)).unwrap_err();
    assert_eq!((refused.0, refused.1), (MsgReturn::SEND_INVALID_NOTIFY, Left::Untouched));
    try_send(&client, cancel, notify.name(), &moving(name)).unwrap();
    assert_eq!(poll(&client, notify.name()), Err(MsgReturn::RCV_TIMED_OUT), "nobody is told");
    let name = give(&server, service, &client);
    request(name).unwrap();
    try_send(&client, cancel, other.name(), &moving(name)).unwrap();
    assert!(poll(&client, notify.name()).is_ok(), "the notification was another's to cancel");
}

#[test]
fn where_nothing_can_be_received() {
    let world = World::new();
    let task = world.task("task");
    let name = port(&task);
    let myself = task.self_port();
    let set = mach_port::mach_port_allocate(&myself, RightKind::PORT_SET).unwrap();
    let dead = mach_port::mach_port_allocate(&myself, RightKind::DEAD_NAME).unwrap();
    covers!("mach_msg", "MACH_RCV_INVALID_NAME");
    for nothing in [PortName::NULL, PortName::DEAD, PortName(0x9999), dead, myself.name()] {
        assert_eq!(poll(&task, nothing), Err(MsgReturn::RCV_INVALID_NAME));
    }
    covers!("mach_msg", "MACH_RCV_TIMED_OUT");
    assert_eq!(poll(&task, name), Err(MsgReturn::RCV_TIMED_OUT));
    assert_eq!(poll(&task, set), Err(MsgReturn::RCV_TIMED_OUT));
    mach_port::mach_port_move_member(&myself, name, set).unwrap();
    covers!("mach_msg", "MACH_RCV_IN_SET");
    assert_eq!(poll(&task, name), Err(MsgReturn::RCV_IN_SET));
}

#[test]
fn a_long_message_stays_or_is_cut_off() {
    let world = World::new();
    let task = world.task("task");
    let (name, inner) = (port(&task), port(&task));
    let send = || {
        let message = Simple::to(name, Disposition::MAKE_SEND, 5).reply_to(name, Disposition::MAKE_SEND);
        message.carrying(inner, Disposition::MAKE_SEND).send(&task).unwrap();
    };
    let mut bytes = Vec::new();
    send();
    let large = Operation { large: true, ..receiving(name) };
    let failed = task.mach_msg(ABI, large, PortName::NULL, &mut bytes, 24).unwrap_err();
    covers!("mach_msg", "MACH_RCV_TOO_LARGE");
    assert_eq!((failed.code, failed.left), (MsgReturn::RCV_TOO_LARGE, Left::Sent));
    assert_eq!(bytes[4..8], 32u32.to_le_bytes(), "how long it is");
    assert_eq!(poll(&task, name).unwrap().sequence(), 0, "it was still there");
    release(&task, inner, RightKind::SEND);
    send();
    let failed = task.mach_msg(ABI, receiving(name), PortName::NULL, &mut bytes, 24).unwrap_err();
    assert_eq!(failed.code, MsgReturn::RCV_TOO_LARGE);
    assert_eq!(bytes[8..16], [[0; 4], name.0.to_le_bytes()].concat(), "the header, without a reply right");
    assert_eq!(type_of(&task, inner), 0x2_0000, "its right is gone");
    send();
    assert_eq!(poll(&task, name).unwrap().sequence(), 2);
}

#[test]
fn waits_end_in_every_way() {
    covers!("mach_msg", "MACH_RCV_PORT_DIED");
    covers!("mach_msg", "MACH_RCV_PORT_CHANGED");
    for (how, code) in [
        ("destroy", MsgReturn::RCV_PORT_DIED),
        ("move", MsgReturn::RCV_PORT_DIED),
        ("set", MsgReturn::RCV_PORT_CHANGED),
    ] {
        let mut waited = 0;
        for seed in 0..50 {
            let world = World::seeded(seed);
            let task = world.task("task");
            let (name, other) = (port(&task), port(&task));
            let set = mach_port::mach_port_allocate(&task.self_port(), RightKind::PORT_SET).unwrap();
            let waiting = task.spawn("waits", move |task| crate::world::wait(&task, name));
            let acting = task.spawn("acts", move |task| match how {
                "destroy" => release(&task, name, RightKind::RECEIVE),
                "move" => {
                    let message = Simple::to(other, Disposition::MAKE_SEND, 1);
                    message.carrying(name, Disposition::MOVE_RECEIVE).send(&task).unwrap();
                }
                _ => mach_port::mach_port_move_member(&task.self_port(), name, set).unwrap(),
            });
            assert_eq!(world.kernel.run(), Vec::<String>::new());
            acting.join().unwrap();
            let ended = waiting.join().unwrap().unwrap_err();
            let late = [MsgReturn::RCV_INVALID_NAME, MsgReturn::RCV_IN_SET];
            assert!(ended == code || late.contains(&ended), "{how}, seed {seed}: {ended:?}");
            waited += u32::from(ended == code);
        }
        assert!(waited > 0, "{how}: no thread was in time to wait");
    }
}

#[test]
fn a_thread_can_be_interrupted() {
    let world = World::new();
    let (client, server, name, service) = full(&world);
    drop(server);
    let sending = client.spawn("sends", move |task| {
        let endless = Operation { send_timeout: None, ..SEND };
        try_send(&task, endless, PortName::NULL, &Simple::to(name, Disposition::COPY_SEND, 1).bytes()).unwrap_err().0
    });
    sending.abort();
    covers!("mach_msg", "MACH_SEND_INTERRUPTED");
    assert_eq!(sending.join().unwrap(), MsgReturn::SEND_INTERRUPTED);
    let own = port(&client);
    let receiving = client.spawn("receives", move |task| crate::world::wait(&task, own));
    receiving.abort();
    covers!("mach_msg", "MACH_RCV_INTERRUPTED");
    assert_eq!(receiving.join().unwrap(), Err(MsgReturn::RCV_INTERRUPTED));
    let _ = service;
}

#[test]
fn shortage_of_the_receiver() {
    let world = World::new();
    let (client, server) = (world.task("client"), world.task("server"));
    let service = port(&server);
    let name = give(&server, service, &client);
    let inner = port(&client);
    let receive = |resource| {
        world.kernel.limit(resource, Some(0));
        let mut bytes = Vec::new();
        let got = server.mach_msg(ABI, receiving(service), PortName::NULL, &mut bytes, 4096);
        world.kernel.limit(resource, None);
        (got.unwrap_err().code.code(), bytes)
    };
    covers!("mach_msg", "MACH_RCV_BODY_ERROR");
    covers!("mach_msg", "MACH_RCV_HEADER_ERROR");
    covers!("mach_msg", "MACH_MSG_IPC_SPACE");
    covers!("mach_msg", "MACH_MSG_IPC_KERNEL");
    for (resource, bit) in [(Resource::Names, 0x2000), (Resource::Tables, 0x800)] {
        let message = || Simple::to(name, Disposition::COPY_SEND, 3);
        message().carrying(inner, Disposition::MAKE_SEND).send(&client).unwrap();
        let (code, bytes) = receive(resource);
        assert_eq!(code, MsgReturn::RCV_BODY_ERROR.code() | bit);
        assert_eq!(bytes[28..32], [0; 4], "a null right");
        message().reply_to(inner, Disposition::MAKE_SEND_ONCE).send(&client).unwrap();
        let (code, bytes) = receive(resource);
        assert_eq!(code, MsgReturn::RCV_HEADER_ERROR.code() | bit);
        assert_eq!(bytes.len(), 24);
        assert_eq!(poll(&client, inner).unwrap().id(), 71, "the reply right was destroyed");
    }
    covers!("mach_msg", "MACH_MSG_VM_SPACE");
    covers!("mach_msg", "MACH_MSG_VM_KERNEL");
    for (resource, bit) in [(Resource::Addresses, 0x1000), (Resource::Maps, 0x400)] {
        let at = client.lend(b"some bytes").unwrap();
        let mut message = Simple::to(name, Disposition::COPY_SEND, 3);
        message.complex = true;
        message.words = vec![0x000a_0808, at.0 as u32];
        message.send(&client).unwrap();
        let (code, bytes) = receive(resource);
        assert_eq!(code, MsgReturn::RCV_BODY_ERROR.code() | bit);
        assert_eq!(bytes[24..32], [0x4000_0808u32.to_le_bytes(), [0; 4]].concat(), "an empty region");
    }
}

#[test]
fn a_reply_right_can_be_watched_as_it_comes() {
    let world = World::new();
    let (client, server) = (world.task("client"), world.task("server"));
    let service = port(&server);
    let name = give(&server, service, &client);
    let reply = port(&client);
    let notify = ReceiveRight::new(&server).unwrap();
    let send =
        || Simple::to(name, Disposition::COPY_SEND, 1).reply_to(reply, Disposition::MAKE_SEND_ONCE).send(&client);
    let receive = |notify: PortName| {
        let mut bytes = Vec::new();
        let operation = Operation { options: MsgOptions::RCV_NOTIFY, ..receiving(service) };
        server.mach_msg(ABI, operation, notify, &mut bytes, 4096).map(|_| bytes).map_err(|it| it.code)
    };
    send().unwrap();
    covers!("mach_msg", "MACH_RCV_INVALID_NOTIFY");
    assert_eq!(receive(PortName::NULL), Err(MsgReturn::RCV_INVALID_NOTIFY));
    assert_eq!(poll(&client, reply).unwrap().id(), 71, "the request is gone, and its reply right with it");
    send().unwrap();
    let request = receive(notify.name()).unwrap();
    let right = PortName(u32::from_le_bytes(request[8..12].try_into().unwrap()));
    assert_eq!(type_of(&server, right), 0x8004_0000);
    release(&client, reply, RightKind::RECEIVE);
    let told = poll(&server, notify.name()).unwrap();
    assert_eq!((told.id(), told.body()[1]), (MACH_NOTIFY_DEAD_NAME.0 as u32, right.0));
}
