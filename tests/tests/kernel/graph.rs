//! What a kernel looks like, in words and in pictures.

use generated::mach3::mach_port::gnumach_i386 as mach_port;
use mig_rt::{AbiId, Disposition, Operation, RightKind};
use runtime_kernel::graph::Graph;

use crate::world::{Simple, World, give, port, release, wait};

fn show(name: &str, graph: &Graph) {
    insta::assert_snapshot!(format!("{name}.text"), graph.to_string());
    insta::assert_snapshot!(format!("{name}.dot"), graph.dot());
    insta::assert_snapshot!(format!("{name}.svg"), graph.svg());
}

#[test]
fn nothing_is_a_picture_too() {
    let world = World::new();
    assert_eq!(world.kernel.graph().to_string(), "");
    world.task("alone");
    show("alone", &world.kernel.graph());
}

#[test]
fn everything_that_holds_a_right_is_seen() {
    let world = World::new();
    let (client, server) = (world.task("client"), world.kernel.task("server", AbiId::DarwinLp64));
    let (first, second) = (port(&server), port(&server));
    let set = mach_port::mach_port_allocate(&server.self_port(), RightKind::PORT_SET).unwrap();
    mach_port::mach_port_move_member(&server.self_port(), first, set).unwrap();
    mach_port::mach_port_move_member(&server.self_port(), second, set).unwrap();
    let service = give(&server, first, &client);
    give(&server, first, &client);
    let (reply, gift, gone) = (port(&client), port(&client), port(&client));
    let to_gone = give(&client, gone, &server);
    release(&client, gone, RightKind::RECEIVE);
    let request = |id| Simple::to(service, Disposition::COPY_SEND, id);
    let with_reply = request(3200).reply_to(reply, Disposition::MAKE_SEND_ONCE);
    with_reply.carrying(gift, Disposition::MOVE_RECEIVE).send(&client).unwrap();
    request(100).carrying(service, Disposition::COPY_SEND).send(&client).unwrap();
    client.self_port().into_raw();
    world.kernel.forget_caches(&server);
    let graph = world.kernel.graph();
    let dead = graph.tasks[1].names.iter().find(|it| it.name == to_gone).expect("a name of the server");
    assert_eq!((&*dead.rights, dead.references), (&[RightKind::DEAD_NAME][..], 1));
    show("everything", &graph);
    assert_eq!(graph, world.kernel.graph(), "looking changes nothing");
}

#[test]
fn memory_is_seen() {
    use generated::mach3::mach::gnumach_i386 as mach;
    let world = World::new();
    let task = world.task("parent");
    let (me, page) = (task.self_port(), |it: u64| mig_rt::Address(0x20_0000 + it * 4096));
    let size = |pages: u64| mig_rt::Size(pages * 4096);
    mach::vm_allocate(&me, page(0), size(5), false).unwrap();
    task.write(page(1), &[1; 4096]).unwrap();
    mach::vm_inherit(&me, page(2), size(1), mig_rt::Inherit::SHARE).unwrap();
    mach::vm_inherit(&me, page(3), size(1), mig_rt::Inherit::NONE).unwrap();
    mach::vm_protect(&me, page(4), size(1), true, mig_rt::Protection::READ).unwrap();
    mach::vm_allocate(&me, page(9), size(1), false).unwrap();
    let child = world.kernel.fork(&task, "child").unwrap();
    child.write(page(1), &[2]).unwrap();
    drop(me);
    world.kernel.forget_caches(&task);
    insta::assert_snapshot!(world.kernel.graph().to_string());
}

#[test]
fn threads_that_wait_are_seen_from_a_thread_that_runs() {
    let world = World::seeded(2);
    let (client, server) = (world.task("client"), world.task("server"));
    let (busy, idle) = (port(&server), port(&server));
    let name = give(&server, busy, &client);
    for _ in 0..5 {
        Simple::to(name, Disposition::COPY_SEND, 100).send(&client).unwrap();
    }
    server.spawn("idle", move |task| wait(&task, idle));
    client.spawn("blocked", move |task| {
        let gift = port(&task);
        let message = Simple::to(name, Disposition::COPY_SEND, 200).carrying(gift, Disposition::MOVE_RECEIVE);
        message.send_with(&task, Operation::default())
    });
    let set = mach_port::mach_port_allocate(&client.self_port(), RightKind::PORT_SET).unwrap();
    client.spawn("reader", move |task| wait(&task, set));
    assert_eq!(world.kernel.run().len(), 3);
    show("waiting", &world.kernel.graph());
}

#[test]
fn the_same_history_gives_the_same_bytes() {
    let run = || {
        let world = World::seeded(9);
        let (client, server) = (world.task("client"), world.task("server"));
        let service = port(&server);
        let name = give(&server, service, &client);
        for id in 0..3 {
            client.spawn("sender", move |task| {
                let gift = port(&task);
                let message = Simple::to(name, Disposition::COPY_SEND, id).carrying(gift, Disposition::MOVE_RECEIVE);
                message.send_with(&task, Operation::default())
            });
        }
        world.kernel.run();
        let graph = world.kernel.graph();
        (graph.to_string(), graph.dot(), graph.svg())
    };
    assert_eq!(run(), run());
}
