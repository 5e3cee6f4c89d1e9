//! The runtime kernel beside what the host has for the same.
//!
//! Every row is measured in turns with what stands beside it, in one run; the best round of each counts. Run it under
//! `taskset -c 0` for two threads on one core.

use std::hint::black_box;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Instant;

use generated::mach3::mach_port::gnumach_i386 as mach_port;
use mig_rt::{AbiId, Disposition, Operation, PortName, ReceiveRight, RightKind};
use runtime_kernel::{Kernel, Task};

const ABI: AbiId = AbiId::GnumachI386;
const ROUNDS: u32 = 15;

/// Nanoseconds of one call in one round.
fn round(calls: u32, call: &mut dyn FnMut()) -> f64 {
    let start = Instant::now();
    (0..calls).for_each(|_| call());
    start.elapsed().as_nanos() as f64 / f64::from(calls)
}

/// The best round of each of some calls, which take turns.
fn best(calls: u32, these: &mut [(&str, Box<dyn FnMut() + '_>)]) -> Vec<f64> {
    let mut best = vec![f64::MAX; these.len()];
    for _ in 0..ROUNDS {
        for (best, (_, call)) in best.iter_mut().zip(these.iter_mut()) {
            *best = best.min(round(calls, call));
        }
    }
    best
}

fn print_row(name: &str, nanoseconds: f64, beside: f64) {
    println!("{name:<44} {nanoseconds:>10.0} ns {:>8.2}", nanoseconds / beside);
}

pub(crate) fn report() {
    // First: later, memory that others have freed would be used again.
    sizes();
    println!("{:<44} {:>13} {:>8}", "", "", "ratio");
    calls_of_the_kernel();
    between_threads();
    rights();
    sets();
    threads();
}

/// Calls that the kernel serves on the caller's thread, and a channel on one thread.
fn calls_of_the_kernel() {
    let kernel = Kernel::default();
    let task = kernel.task("bench", ABI);
    let myself = task.self_port();
    let name = mach_port::mach_port_allocate(&myself, RightKind::RECEIVE).expect("a port");
    let (sender, receiver) = crossbeam_channel::bounded::<u64>(4);
    let mut rows: Vec<(&str, Box<dyn FnMut()>)> = vec![
        (
            "crossbeam channel, send and receive",
            Box::new(|| {
                sender.send(black_box(1)).expect("room");
                black_box(receiver.recv().expect("a message"));
            }),
        ),
        (
            "kernel call, mach_port_get_refs",
            Box::new(|| {
                black_box(mach_port::mach_port_get_refs(black_box(&myself), name, RightKind::RECEIVE).expect("a port"));
            }),
        ),
        (
            "kernel call, allocate and destroy a port",
            Box::new(|| {
                let name = mach_port::mach_port_allocate(&myself, RightKind::RECEIVE).expect("a port");
                mach_port::mach_port_destroy(&myself, name).expect("it is there");
            }),
        ),
        (
            "a message to oneself, one thread",
            Box::new(|| {
                let mut message = message(name, Disposition::MAKE_SEND, PortName::NULL, Disposition::NONE, &[]);
                both(&task, name, &mut message);
            }),
        ),
    ];
    let times = best(20_000, &mut rows);
    rows.iter().zip(&times).for_each(|((name, _), time)| print_row(name, *time, times[0]));
}

/// A message of five words and whatever follows.
fn message(to: PortName, how: Disposition, reply: PortName, local: Disposition, body: &[u32]) -> Vec<u8> {
    let complex = u32::from(!body.is_empty()) << 31;
    let head = [u32::from(how.0) | u32::from(local.0) << 8 | complex, 0, to.0, reply.0, 0, 77];
    head.iter().chain(body).flat_map(|it| it.to_le_bytes()).collect()
}

/// Sends, and receives where the message was.
fn both(task: &Task, name: PortName, bytes: &mut Vec<u8>) {
    let operation = Operation { send: true, receive: Some(name), ..Operation::default() };
    task.mach_msg(ABI, operation, PortName::NULL, bytes, 8192).expect("it crosses");
}

pub(crate) type Pair = (Box<dyn FnMut() + Send>, Box<dyn FnOnce()>);

/// A round trip between two threads.
fn between_threads() {
    let mut pairs: Vec<(&str, Pair)> = vec![
        ("Unix socket, round trip of two threads", sockets()),
        ("pipe", pipes()),
        ("futex: a mutex and a condition variable", condition()),
        ("crossbeam channels of one message", channels()),
        ("RPC by mach_msg", rpc()),
    ];
    let mut rows: Vec<(&str, Box<dyn FnMut() + '_>)> = Vec::new();
    let mut ends = Vec::new();
    for (name, (call, end)) in pairs.drain(..) {
        rows.push((name, call));
        ends.push(end);
    }
    let times = best(2_000, &mut rows);
    rows.iter().zip(&times).for_each(|((name, _), time)| print_row(name, *time, times[0]));
    drop(rows);
    ends.into_iter().for_each(|end| end());
}

fn sockets() -> Pair {
    let (mut here, mut there) = UnixStream::pair().expect("sockets");
    let peer = thread::spawn(move || {
        let mut bytes = [0; 32];
        while there.read_exact(&mut bytes).is_ok() && there.write_all(&bytes).is_ok() {}
    });
    let call = move || {
        let mut bytes = [1; 32];
        here.write_all(&bytes).expect("the peer reads");
        here.read_exact(&mut bytes).expect("the peer writes");
    };
    (Box::new(call), Box::new(move || peer.join().expect("it ends")))
}

fn pipes() -> Pair {
    let (mut requests, mut asks) = std::io::pipe().expect("a pipe");
    let (mut answers, mut tells) = std::io::pipe().expect("a pipe");
    let peer = thread::spawn(move || {
        let mut bytes = [0; 32];
        while requests.read_exact(&mut bytes).is_ok() && tells.write_all(&bytes).is_ok() {}
    });
    let call = move || {
        let mut bytes = [1; 32];
        asks.write_all(&bytes).expect("the peer reads");
        answers.read_exact(&mut bytes).expect("the peer writes");
    };
    (Box::new(call), Box::new(move || peer.join().expect("it ends")))
}

fn condition() -> Pair {
    let shared = Arc::new((Mutex::new(0u8), Condvar::new()));
    let theirs = shared.clone();
    let hand_over = |shared: &(Mutex<u8>, Condvar), from: u8, to: u8| {
        let mut turn = shared.0.lock().expect("no panic");
        while *turn != from && *turn != 2 {
            turn = shared.1.wait(turn).expect("no panic");
        }
        if *turn == 2 {
            return false;
        }
        *turn = to;
        shared.1.notify_one();
        true
    };
    let peer = thread::spawn(move || while hand_over(&theirs, 1, 0) {});
    let ours = shared.clone();
    let call = move || {
        hand_over(&ours, 0, 1);
        let turn = ours.0.lock().expect("no panic");
        drop(ours.1.wait_while(turn, |it| *it == 1).expect("no panic"));
    };
    let end = move || {
        *shared.0.lock().expect("no panic") = 2;
        shared.1.notify_all();
        // It unwinds.
        drop(peer.join());
    };
    (Box::new(call), Box::new(end))
}

fn channels() -> Pair {
    let (ask, requests) = crossbeam_channel::bounded::<u64>(1);
    let (tell, answers) = crossbeam_channel::bounded::<u64>(1);
    let peer = thread::spawn(move || requests.iter().try_for_each(|it| tell.send(it)).ok().unwrap_or_default());
    let call = move || {
        ask.send(1).expect("the peer lives");
        answers.recv().expect("the peer answers");
    };
    (Box::new(call), Box::new(move || peer.join().expect("it ends")))
}

pub(crate) fn rpc() -> Pair {
    let kernel = Kernel::default();
    let (client, server) = (kernel.task("client", ABI), kernel.task("server", ABI));
    let service = ReceiveRight::new(&server).expect("a port");
    let to = server.give_send(&service, &client).expect("a right").into_raw();
    let reply = ReceiveRight::new(&client).expect("a port").into_raw();
    let own = server.clone();
    let peer = thread::spawn(move || {
        let name = service.into_raw();
        let mut bytes = Vec::new();
        let receive = Operation { receive: Some(name), ..Operation::default() };
        let mut operation = receive;
        while own.mach_msg(ABI, operation, PortName::NULL, &mut bytes, 4096).is_ok() {
            // The right it came with is where the answer goes.
            bytes[1] = 0;
            bytes[12..16].fill(0);
            operation = Operation { send: true, ..receive };
        }
    });
    let call = move || {
        let mut bytes = message(to, Disposition::COPY_SEND, reply, Disposition::MAKE_SEND_ONCE, &[]);
        both(&client, reply, &mut bytes);
    };
    let end = move || {
        server.terminate();
        // It unwinds.
        drop(peer.join());
        drop(kernel);
    };
    (Box::new(call), Box::new(end))
}

/// Rights in a message to oneself.
fn rights() {
    let kernel = Kernel::default();
    let task = kernel.task("bench", ABI);
    let name = ReceiveRight::new(&task).expect("a port").into_raw();
    let carried: Vec<PortName> = (0..256).map(|_| ReceiveRight::new(&task).expect("a port").into_raw()).collect();
    let time = |count: usize| {
        let words: Vec<u32> = std::iter::once(0x1000_2000 | 20 | (count as u32) << 16)
            .chain(carried.iter().take(count).map(|it| it.0))
            .collect();
        let body = if count == 0 { &[][..] } else { &words[..] };
        let bytes = message(name, Disposition::MAKE_SEND, PortName::NULL, Disposition::NONE, body);
        let mut call = || {
            let mut bytes = bytes.clone();
            both(&task, name, &mut bytes);
        };
        (0..ROUNDS).map(|_| round(2_000, &mut call)).fold(f64::MAX, f64::min)
    };
    let none = time(0);
    for count in [1, 16, 256] {
        let with = time(count);
        let each = (with - none) / count as f64;
        println!("{:<44} {with:>10.0} ns, {each:.0} ns a right", format!("a message that makes {count} send rights"));
    }
}

/// One receiver on a set of ports.
fn sets() {
    let mut first = None;
    for count in [1usize, 100, 10_000, 100_000] {
        let kernel = Kernel::default();
        let task = kernel.task("bench", ABI);
        let myself = task.self_port();
        let set = mach_port::mach_port_allocate(&myself, RightKind::PORT_SET).expect("a set");
        let ports: Vec<PortName> = (0..count).map(|_| ReceiveRight::new(&task).expect("a port").into_raw()).collect();
        ports.iter().for_each(|it| mach_port::mach_port_move_member(&myself, *it, set).expect("both are there"));
        let mut at = 0;
        let mut call = || {
            at = (at + 7919) % count;
            let mut bytes = message(ports[at], Disposition::MAKE_SEND, PortName::NULL, Disposition::NONE, &[]);
            both(&task, set, &mut bytes);
        };
        let time = (0..ROUNDS).map(|_| round(20_000, &mut call)).fold(f64::MAX, f64::min);
        print_row(&format!("a message through a set of {count} ports"), time, *first.get_or_insert(time));
    }
}

/// Calls of the kernel by threads of as many tasks.
fn threads() {
    const CALLS: u32 = 100_000;
    let mut first = None;
    for count in [1u32, 2, 4, 16, 64] {
        let kernel = Kernel::default();
        let tasks: Vec<Task> = (0..count).map(|it| kernel.task(&it.to_string(), ABI)).collect();
        let calls = move |task: Task| {
            let myself = task.self_port();
            for _ in 0..CALLS / count {
                black_box(mach_port::mach_port_get_refs(&myself, myself.name(), RightKind::SEND).expect("a right"));
            }
        };
        let round = || {
            let start = Instant::now();
            let running: Vec<_> = tasks.iter().map(|it| it.spawn("calls", calls)).collect();
            running.into_iter().for_each(|it| it.join().expect("it ends"));
            start.elapsed().as_nanos() as f64 / f64::from(CALLS)
        };
        let time = (0..ROUNDS).map(|_| round()).fold(f64::MAX, f64::min);
        print_row(&format!("a kernel call, {count} threads of as many tasks"), time, *first.get_or_insert(time));
    }
}

/// Bytes of this process's memory.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").expect("Linux");
    text.split_whitespace().nth(1).and_then(|it| it.parse::<u64>().ok()).unwrap_or(0) * 4096
}

fn sizes() {
    const MANY: u64 = 200_000;
    let kernel = Kernel::default();
    let (task, other) = (kernel.task("bench", ABI), kernel.task("other", ABI));
    let none = resident();
    let tasks: Vec<Task> = (0..10_000).map(|it| kernel.task(&it.to_string(), ABI)).collect();
    let before = resident();
    let ports: Vec<ReceiveRight<Task>> = (0..MANY).map(|_| ReceiveRight::new(&task).expect("a port")).collect();
    let with_ports = resident();
    let rights: Vec<_> = ports.iter().map(|it| task.give_send(it, &other).expect("a right").into_raw()).collect();
    let with_rights = resident();
    // Without what this keeps of them itself.
    println!(
        "bytes: a port and its name {}, a send right {}, a task {}",
        (with_ports - before) / MANY - size_of::<ReceiveRight<Task>>() as u64,
        (with_rights - with_ports) / MANY - size_of::<PortName>() as u64,
        (before - none) / 10_000 - size_of::<Task>() as u64
    );
    drop((rights, tasks));
    ports.into_iter().map(ReceiveRight::into_raw).for_each(drop::<PortName>);
}
