//! What a census finds when all is done: nothing that was not there before.

use generated::mach3::mach_port::gnumach_i386 as mach_port;
use generated::mach3::notify::MACH_NOTIFY_PORT_DESTROYED;
use mig_rt::{Disposition, MsgReturn, PortName, ReceiveRight, RightKind};

use crate::world::{Simple, World, give, poll, port, release, type_of};

#[test]
fn an_empty_array_leaves_nothing() {
    let world = World::new();
    let task = world.task("task");
    let myself = task.self_port();
    let set = mach_port::mach_port_allocate(&myself, RightKind::PORT_SET).unwrap();
    let before = world.kernel.census();
    let members = mach_port::mach_port_get_set_status(&myself, set).unwrap();
    assert!(members.is_empty());
    drop(members);
    assert_eq!(world.kernel.check(), Ok(()));
    assert_eq!(world.kernel.census(), before);
}

#[test]
fn a_port_that_leaves_its_set_is_not_served_from_it() {
    let world = World::new();
    let task = world.task("task");
    let myself = task.self_port();
    let set = mach_port::mach_port_allocate(&myself, RightKind::PORT_SET).unwrap();
    let name = port(&task);
    Simple::to(name, Disposition::MAKE_SEND, 1).send(&task).unwrap();
    for _ in 0..10 {
        mach_port::mach_port_move_member(&myself, name, set).unwrap();
        mach_port::mach_port_move_member(&myself, name, PortName::NULL).unwrap();
        assert_eq!(world.kernel.check(), Ok(()));
    }
    assert_eq!(poll(&task, set), Err(MsgReturn::RCV_TIMED_OUT));
    assert_eq!(poll(&task, name).unwrap().id(), 1);
}

/// The receive right in a message that never got into the queue survives, and can travel again.
#[test]
fn a_blocked_message_dies_with_its_destination() {
    let world = World::seeded(3);
    let (client, server) = (world.task("client"), world.task("server"));
    let service = port(&server);
    let name = give(&server, service, &client);
    mach_port::mach_port_set_qlimit(&server.self_port(), service, 0).unwrap();
    let (backup, inner) = (ReceiveRight::new(&client).unwrap(), port(&client));
    let notify = backup.make_send_once();
    mach_port::mach_port_request_notification(&client.self_port(), inner, MACH_NOTIFY_PORT_DESTROYED, 0, notify)
        .unwrap();
    let sending = client.spawn("sender", move |task| {
        let letter = Simple::to(name, Disposition::COPY_SEND, 1).carrying(inner, Disposition::MOVE_RECEIVE);
        letter.send_with(&task, mig_rt::Operation::default())
    });
    assert_eq!(world.kernel.run(), ["sender"]);
    assert_eq!(world.kernel.census().senders, 1);
    release(&server, service, RightKind::RECEIVE);
    assert_eq!(world.kernel.run(), Vec::<String>::new());
    assert_eq!(sending.join().unwrap(), Ok(()));
    let told = poll(&client, backup.name()).unwrap();
    assert_eq!(type_of(&client, PortName(told.body()[1])), 0x2_0000);
    assert_eq!(world.kernel.check(), Ok(()));
}

/// The last letter of a list of deaths reaches those who asked in the order in which they asked.
#[test]
fn deaths_are_told_in_order() {
    let world = World::new();
    let task = world.task("task");
    let myself = task.self_port();
    let notify = ReceiveRight::new(&task).unwrap();
    let dying = port(&task);
    let mut names = Vec::new();
    for id in 0..4 {
        Simple::to(dying, Disposition::MAKE_SEND, id).carrying(dying, Disposition::MAKE_SEND_ONCE).send(&task).unwrap();
        let once = PortName(poll(&task, dying).unwrap().body()[1]);
        let request = || {
            let right = notify.make_send_once();
            mach_port::mach_port_request_notification(
                &myself,
                once,
                generated::mach3::notify::MACH_NOTIFY_DEAD_NAME,
                0,
                right,
            )
        };
        drop(request().unwrap());
        names.push(once.0);
    }
    // One request goes, and the others keep their order.
    release(&task, PortName(names.remove(0)), RightKind::SEND_ONCE);
    let deleted = poll(&task, notify.name()).unwrap();
    assert_eq!(deleted.id(), 65);
    release(&task, dying, RightKind::RECEIVE);
    let told: Vec<u32> = names.iter().map(|_| poll(&task, notify.name()).unwrap().body()[1]).collect();
    assert_eq!(told, names);
}
