//! What the kernel tells of rights.

use generated::mach3::mach_port::gnumach_i386 as mach_port;
use generated::mach3::notify::{
    MACH_NOTIFY_DEAD_NAME, MACH_NOTIFY_NO_SENDERS, MACH_NOTIFY_PORT_DELETED, MACH_NOTIFY_PORT_DESTROYED,
};
use mig_rt::{Disposition, MsgId, PortName, ReceiveRight, RightKind};
use runtime_kernel::Task;

use crate::world::{Simple, World, give, poll, port, release, type_of};

/// Asks for a notification to a new port, and says which port that is.
fn request(task: &Task, name: PortName, id: MsgId) -> ReceiveRight<Task> {
    let notify = ReceiveRight::new(task).unwrap();
    let before =
        mach_port::mach_port_request_notification(&task.self_port(), name, id, 0, notify.make_send_once()).unwrap();
    assert!(!before.is_valid());
    notify
}

#[test]
fn no_senders_when_the_last_send_right_goes() {
    let world = World::new();
    let (client, server) = (world.task("client"), world.task("server"));
    let service = port(&server);
    let name = give(&server, service, &client);
    let notify = request(&server, service, MACH_NOTIFY_NO_SENDERS);
    Simple::to(name, Disposition::MOVE_SEND, 5).send(&client).unwrap();
    assert!(poll(&server, notify.name()).is_err(), "the message has the right");
    assert_eq!(poll(&server, service).unwrap().id(), 5);
    let told = poll(&server, notify.name()).unwrap();
    assert_eq!(told.id(), MACH_NOTIFY_NO_SENDERS.0 as u32);
    assert_eq!(told.body(), [0x1001_2002, 1]);
}

#[test]
fn a_dead_name_has_one_reference_more() {
    let world = World::new();
    let (client, server) = (world.task("client"), world.task("server"));
    let service = port(&server);
    let name = give(&server, service, &client);
    let notify = request(&client, name, MACH_NOTIFY_DEAD_NAME);
    assert_eq!(type_of(&client, name), 0x8001_0000);
    release(&server, service, RightKind::RECEIVE);
    let told = poll(&client, notify.name()).unwrap();
    assert_eq!((told.id(), told.body()[1]), (MACH_NOTIFY_DEAD_NAME.0 as u32, name.0));
    let references = mach_port::mach_port_get_refs(&client.self_port(), name, RightKind::DEAD_NAME);
    assert_eq!(references, Ok(2));
}

#[test]
fn a_name_that_goes_tells_those_who_watch_it() {
    let world = World::new();
    let (client, server) = (world.task("client"), world.task("server"));
    let service = port(&server);
    let name = give(&server, service, &client);
    let notify = request(&client, name, MACH_NOTIFY_DEAD_NAME);
    release(&client, name, RightKind::SEND);
    let told = poll(&client, notify.name()).unwrap();
    assert_eq!((told.id(), told.body()[1]), (MACH_NOTIFY_PORT_DELETED.0 as u32, name.0));
}

#[test]
fn a_port_survives_in_a_message() {
    let world = World::new();
    let task = world.task("task");
    let name = port(&task);
    let notify = request(&task, name, MACH_NOTIFY_PORT_DESTROYED);
    Simple::to(name, Disposition::MAKE_SEND, 9).send(&task).unwrap();
    release(&task, name, RightKind::RECEIVE);
    let told = poll(&task, notify.name()).unwrap();
    assert_eq!(told.id(), MACH_NOTIFY_PORT_DESTROYED.0 as u32);
    assert_eq!(poll(&task, PortName(told.body()[1])).unwrap().id(), 9, "with its queue");
}
