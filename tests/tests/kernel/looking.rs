//! `docs/looking.md` shows what the kernel shows today.

use std::fs;
use std::path::Path;

use generated::mach3::mach_port::gnumach_i386 as mach_port;
use mig_rt::{Disposition, MsgId, RightKind};
use runtime_kernel::Trace;

use crate::world::{Simple, World, give, port, wait};

/// What the document tells of: a client that sends two requests to a server with two ports in a set, which answers one.
/// The trace of it, and the picture at its end.
fn story() -> (String, String) {
    let world = World::seeded(1);
    let trace = Trace::new();
    trace.name_routines(&[(MsgId(500), "shop_order"), (MsgId(501), "shop_deliver")]);
    let (client, server) = (world.task("client"), world.task("server"));
    let (orders, returns) = (port(&server), port(&server));
    let both = mach_port::mach_port_allocate(&server.self_port(), RightKind::PORT_SET).unwrap();
    for it in [orders, returns] {
        mach_port::mach_port_move_member(&server.self_port(), it, both).unwrap();
    }
    world.kernel.forget_caches(&server);
    let shop = give(&server, orders, &client);
    world.kernel.trace(Some(&trace));
    client.spawn("main", move |task| {
        let (reply, parcel) = (port(&task), mach_port::mach_port_allocate(&task.self_port(), RightKind::RECEIVE));
        let order = Simple::to(shop, Disposition::COPY_SEND, 500).reply_to(reply, Disposition::MAKE_SEND_ONCE);
        order.send(&task).unwrap();
        wait(&task, reply).unwrap();
        let order = order.carrying(parcel.unwrap(), Disposition::MOVE_RECEIVE);
        order.send(&task).unwrap();
    });
    server.spawn("main", move |task| {
        let order = wait(&task, both).unwrap();
        Simple::to(order.remote().0, order.remote().1, 600).send(&task).unwrap();
    });
    assert_eq!(world.kernel.run(), Vec::<String>::new());
    (trace.text(), world.kernel.graph().svg())
}

#[test]
fn the_document_is_fresh() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let (trace, picture) = story();
    let text = fs::read_to_string(docs.join("looking.md")).expect("the document");
    let (before, rest) = text.split_once("```text\n").expect("a place for the trace");
    let (_, behind) = rest.split_once("```").expect("its end");
    let fresh = format!("{before}```text\n{trace}```{behind}");
    let files = [("looking.md", fresh), ("graph.svg", picture)];
    for (name, fresh) in files {
        if std::env::var("INSTA_UPDATE").is_ok_and(|it| it == "always") {
            fs::write(docs.join(name), &fresh).expect("a file of ours");
        }
        let there = fs::read_to_string(docs.join(name)).unwrap_or_default();
        assert!(there == fresh, "docs/{name}: run `INSTA_UPDATE=always cargo test -p tests --test kernel looking`");
    }
}
