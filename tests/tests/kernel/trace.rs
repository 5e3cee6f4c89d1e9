//! What a trace says, in each of its forms.

mod format;
mod limit;

use std::sync::{Arc, Mutex};

use generated::darwin::mach_port::darwin_lp64;
use generated::mach3::mach_port::{gnumach_i386, gnumach_x86_64};
use generated::mach3::notify::{MACH_NOTIFY_DEAD_NAME, MACH_NOTIFY_NO_SENDERS};
use mig_rt::{AbiId, Disposition, MsgId, MsgReturn, Operation, ReceiveRight, RightKind, Timeout};
use runtime_kernel::{Task, Trace};

use crate::world::{Simple, World, give, poll, port, release, wait};

fn traced(world: &World) -> Trace {
    let trace = Trace::new();
    world.kernel.trace(Some(&trace));
    trace
}

/// A client and a server: a request that brings a right, and its answer.
fn exchange(world: &World) {
    let (client, server) = (world.task("client"), world.task("server"));
    let service = port(&server);
    let name = give(&server, service, &client);
    client.spawn("asks", move |task| {
        let (reply, gift) = (port(&task), port(&task));
        let request = Simple::to(name, Disposition::COPY_SEND, 2800).reply_to(reply, Disposition::MAKE_SEND_ONCE);
        request.carrying(gift, Disposition::MOVE_RECEIVE).send_with(&task, Operation::default()).unwrap();
        wait(&task, reply).unwrap();
    });
    server.spawn("answers", move |task| {
        let request = wait(&task, service).unwrap();
        let (answer, disposition) = request.remote();
        Simple::to(answer, disposition, 2900).send(&task).unwrap();
    });
    assert_eq!(world.kernel.run(), Vec::<String>::new());
}

#[test]
fn an_exchange_is_followed_from_end_to_end() {
    let world = World::seeded(3);
    let trace = traced(&world);
    exchange(&world);
    insta::assert_snapshot!("exchange.text", trace.text());
    insta::assert_snapshot!("exchange.json", trace.perfetto());
    let json: serde_json::Value = serde_json::from_str(&trace.perfetto()).expect("the record is JSON");
    let events = json["traceEvents"].as_array().expect("a list of events");
    let of = |phase: &str| events.iter().filter(|it| it["ph"] == phase).map(|it| it["id"].clone()).collect::<Vec<_>>();
    assert_eq!(of("s"), of("f"), "each arrow has two ends");
}

#[test]
fn the_same_seed_gives_the_same_bytes_whatever_else_runs() {
    let run = || {
        let world = World::seeded(11);
        let trace = traced(&world);
        exchange(&world);
        (trace.text(), trace.perfetto())
    };
    assert_eq!(run(), run());
}

#[test]
fn a_traced_run_is_the_same_run() {
    let run = |traced: bool| {
        let (world, order) = (World::seeded(5), Arc::new(Mutex::new(Vec::new())));
        let trace = Trace::new();
        world.kernel.trace(traced.then_some(&trace));
        let task = world.task("task");
        let name = port(&task);
        for sender in 0..6 {
            let order = order.clone();
            task.spawn("sender", move |task| {
                Simple::to(name, Disposition::MAKE_SEND, sender).send_with(&task, Operation::default()).unwrap();
                order.lock().unwrap().push(sender);
            });
        }
        task.spawn("receiver", move |task| (0..6).for_each(|_| drop(wait(&task, name).unwrap())));
        assert_eq!(world.kernel.run(), Vec::<String>::new());
        order.lock().unwrap().clone()
    };
    assert_eq!(run(false), run(true));
}

#[test]
fn what_the_kernel_answers_and_tells_is_seen() {
    let world = World::seeded(1);
    let trace = traced(&world);
    let (client, server) = (world.task("client"), world.kernel.task("server", AbiId::GnumachX8664));
    let service = gnumach_x86_64::mach_port_allocate(&server.self_port(), RightKind::RECEIVE).unwrap();
    let name = give(&server, service, &client);
    let notify = ReceiveRight::new(&client).unwrap();
    let request = |task, what, at: &ReceiveRight<_>| {
        gnumach_i386::mach_port_request_notification(task, name, what, 0, at.make_send_once()).unwrap();
    };
    request(&client.self_port(), MACH_NOTIFY_DEAD_NAME, &notify);
    let refused = gnumach_i386::mach_port_get_refs(&client.self_port(), mig_rt::PortName(77), RightKind::SEND);
    assert!(refused.is_err());
    let told = ReceiveRight::new(&server).unwrap();
    gnumach_x86_64::mach_port_request_notification(
        &server.self_port(),
        service,
        MACH_NOTIFY_NO_SENDERS,
        0,
        told.make_send_once(),
    )
    .unwrap();
    release(&server, service, RightKind::RECEIVE);
    assert_eq!(poll(&client, notify.name()).unwrap().id(), MACH_NOTIFY_DEAD_NAME.0 as u32);
    insta::assert_snapshot!("kernel.text", trace.text());
    insta::assert_snapshot!("kernel.json", trace.perfetto());
}

#[test]
fn untyped_messages_are_read_as_well() {
    let world = World::seeded(1);
    let trace = traced(&world);
    let task = world.kernel.task("task", AbiId::DarwinLp64);
    let name = darwin_lp64::mach_port_allocate(&task.self_port(), RightKind::RECEIVE).unwrap();
    let (mut names, mut types) = ([mig_rt::PortName::NULL; 8], [0; 8]);
    drop(darwin_lp64::mach_port_names(&task.self_port(), &mut names, &mut types).unwrap());
    let told = ReceiveRight::new(&task).unwrap();
    let to = told.make_send_once();
    darwin_lp64::mach_port_request_notification(&task.self_port(), name, MACH_NOTIFY_NO_SENDERS, 0, to).unwrap();
    assert!(darwin_lp64::mach_port_set_mscount(&task.self_port(), mig_rt::PortName(5), 0).is_err());
    insta::assert_snapshot!("untyped.text", trace.text());
}

#[test]
fn messages_that_nobody_gets_are_seen_too() {
    let world = World::seeded(1);
    let trace = traced(&world);
    let task = world.task("task");
    let (name, inner) = (port(&task), port(&task));
    trace.name_routines(&[(MsgId(7), "store")]);
    Simple::to(name, Disposition::MAKE_SEND, 7).carrying(inner, Disposition::MOVE_RECEIVE).send(&task).unwrap();
    for _ in 0..4 {
        Simple::to(name, Disposition::MAKE_SEND, 8).carrying(name, Disposition::MAKE_SEND).send(&task).unwrap();
    }
    let limit = Operation { send_timeout: Some(Timeout(20)), ..Operation::default() };
    let late = task.spawn("late", move |task| Simple::to(name, Disposition::MAKE_SEND, 9).send_with(&task, limit));
    world.kernel.run();
    assert_eq!(late.join().unwrap(), Err(MsgReturn::SEND_TIMED_OUT));
    let nowhere = mig_rt::PortName(0x7777);
    assert_eq!(Simple::to(nowhere, Disposition::COPY_SEND, 7).send(&task), Err(MsgReturn::SEND_INVALID_DEST));
    let large = Operation { receive: Some(name), receive_timeout: Some(Timeout(0)), ..Operation::default() };
    let mut bytes = Vec::new();
    let cut = task.mach_msg(AbiId::GnumachI386, large, mig_rt::PortName::NULL, &mut bytes, 26);
    assert_eq!(cut.unwrap_err().code, MsgReturn::RCV_TOO_LARGE);
    release(&task, name, RightKind::RECEIVE);
    insta::assert_snapshot!("nobody.text", trace.text());
    insta::assert_snapshot!("nobody.json", trace.perfetto());
}

#[test]
fn a_live_trace_tells_of_each_message_when_it_is_over() {
    let world = World::seeded(3);
    let (lines, told) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(0)));
    let (to, count) = (lines.clone(), told.clone());
    world.kernel.trace(Some(&Trace::live(move |line| {
        to.lock().unwrap().push(line.to_owned());
        *count.lock().unwrap() += 1;
    })));
    exchange(&world);
    let before = *told.lock().unwrap();
    insta::assert_snapshot!("live", lines.lock().unwrap().join("\n"));
    world.kernel.trace(None);
    exchange(&world);
    assert_eq!(*told.lock().unwrap(), before, "nobody looks any more");
}

/// A slice, or one end of an arrow. Times are nanoseconds.
struct Part {
    phase: String,
    row: u64,
    begin: u64,
    end: u64,
}

fn parts(json: &str) -> Vec<Part> {
    let json: serde_json::Value = serde_json::from_str(json).expect("the record is JSON");
    let nanoseconds = |it: &serde_json::Value| (it.as_f64().unwrap_or(0.0) * 1000.0).round() as u64;
    let events = json["traceEvents"].as_array().expect("a list of events").iter().filter(|it| it["ph"] != "M");
    let parts = events.map(|it| {
        let (phase, begin) = (it["ph"].as_str().unwrap().to_owned(), nanoseconds(&it["ts"]));
        Part { phase, row: it["tid"].as_u64().unwrap(), begin, end: begin + nanoseconds(&it["dur"]) }
    });
    parts.collect()
}

/// Four threads of a client ask the kernel and a server, each so often.
fn many_calls(world: &World, each: usize) {
    let (client, server) = (world.task("client"), world.task("server"));
    let service = port(&server);
    let name = give(&server, service, &client);
    let calls = move |task: Task| {
        let reply = port(&task);
        for _ in 0..each {
            let request = Simple::to(name, Disposition::COPY_SEND, 1).reply_to(reply, Disposition::MAKE_SEND_ONCE);
            request.send_with(&task, Operation::default()).unwrap();
            wait(&task, reply).unwrap();
            gnumach_i386::mach_port_get_refs(&task.self_port(), reply, RightKind::RECEIVE).unwrap();
        }
    };
    let clients: Vec<_> = (0..4).map(|_| client.spawn("client", calls)).collect();
    let serving = server.spawn("server", move |task| {
        for _ in 0..4 * each {
            let (answer, disposition) = wait(&task, service).unwrap().remote();
            Simple::to(answer, disposition, 101).send(&task).unwrap();
        }
    });
    clients.into_iter().for_each(|it| it.join().unwrap());
    serving.join().unwrap();
}

#[test]
fn slices_nest_and_arrows_begin_and_end_at_slices() {
    let world = World::new();
    let trace = traced(&world);
    many_calls(&world, 50);
    let parts = parts(&trace.perfetto());
    let slices: Vec<&Part> = parts.iter().filter(|it| it.phase == "X").collect();
    let within = |a: &Part, b: &Part| b.begin <= a.begin && a.end <= b.end;
    for a in &slices {
        let beside = slices.iter().filter(|it| it.row == a.row);
        let mut cut = beside.filter(|b| a.begin < b.end && b.begin < a.end && !within(a, b) && !within(b, a));
        assert!(cut.next().is_none(), "the slice at {} cuts another", a.begin);
    }
    let arrows: Vec<&Part> = parts.iter().filter(|it| matches!(&*it.phase, "s" | "f")).collect();
    assert_eq!(arrows.len(), 4 * 50 * 2 * 2 * 2, "two calls of two messages each, and both ends of their arrows");
    for it in arrows {
        let has_slice = slices.iter().any(|slice| (slice.row, slice.begin) == (it.row, it.begin));
        assert!(has_slice, "the arrow at {} has no slice", it.begin);
    }
}
