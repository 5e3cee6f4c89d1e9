//! Time-outs in time that a test moves: each ends at its moment, and not before.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use generated::mach3::mach_port::gnumach_i386 as mach_port;
use mig_rt::{Disposition, MsgReturn, Operation, PortName, Timeout};
use runtime_kernel::{Kernel, Task};

use crate::world::{Simple, World, give, poll, port, receive};

const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn wait_for(task: &Task, name: PortName, limit: u32) -> Result<u32, MsgReturn> {
    let operation = Operation { receive: Some(name), receive_timeout: Some(Timeout(limit)), ..Operation::default() };
    receive(task, operation).map(|it| it.id())
}

fn send_within(task: &Task, to: PortName, limit: u32) -> Result<(), MsgReturn> {
    let operation = Operation { send_timeout: Some(Timeout(limit)), ..Operation::default() };
    Simple::to(to, Disposition::COPY_SEND, limit).send_with(task, operation)
}

/// A port that has no room, and its name in a client.
fn full(world: &World, server: &Task) -> (PortName, Task, PortName) {
    let (client, name) = (world.task("client"), port(server));
    mach_port::mach_port_set_qlimit(&server.self_port(), name, 0).unwrap();
    let to = give(server, name, &client);
    (name, client, to)
}

#[test]
fn a_receive_times_out_at_its_moment() {
    for seed in 0..50 {
        let world = World::seeded(seed);
        let server = world.task("server");
        let name = port(&server);
        let receiver = server.spawn("receiver", move |task| wait_for(&task, name, 10));
        assert_eq!(world.kernel.advance(ms(0)), ["receiver"]);
        assert_eq!(world.kernel.advance(ms(9)), ["receiver"]);
        assert_eq!(world.kernel.advance(Duration::from_nanos(999_999)), ["receiver"]);
        assert_eq!(world.kernel.advance(Duration::from_nanos(1)), Vec::<String>::new());
        assert_eq!(receiver.join().unwrap(), Err(MsgReturn::RCV_TIMED_OUT));
    }
}

#[test]
fn a_send_times_out_at_its_moment() {
    for seed in 0..50 {
        let world = World::seeded(seed);
        let server = world.task("server");
        let (name, client, to) = full(&world, &server);
        let sender = client.spawn("sender", move |task| send_within(&task, to, 10));
        assert_eq!(world.kernel.advance(Duration::from_nanos(9_999_999)), ["sender"]);
        assert_eq!(world.kernel.advance(Duration::from_nanos(1)), Vec::<String>::new());
        assert_eq!(sender.join().unwrap(), Err(MsgReturn::SEND_TIMED_OUT));
        assert_eq!(poll(&server, name), Err(MsgReturn::RCV_TIMED_OUT));
    }
}

/// What comes before the time is over is in time, and time that passed before counts.
#[test]
fn what_comes_in_time_is_taken() {
    for seed in 0..50 {
        let world = World::seeded(seed);
        let server = world.task("server");
        let (name, client, to) = full(&world, &server);
        let sender = client.spawn("sender", move |task| send_within(&task, to, 10));
        assert_eq!(world.kernel.advance(ms(5)), ["sender"]);
        let receiver = server.spawn("receiver", move |task| wait_for(&task, name, 5));
        assert_eq!(world.kernel.advance(ms(4)).len(), 2);
        // The test is no thread of the kernel, and lets the sender in from outside.
        mach_port::mach_port_set_qlimit(&server.self_port(), name, 1).unwrap();
        assert_eq!(world.kernel.advance(ms(0)), Vec::<String>::new());
        assert_eq!((sender.join().unwrap(), receiver.join().unwrap()), (Ok(()), Ok(10)));
    }
}

/// However far time moves at once, each wait ends when it would have ended, and the next begins there.
#[test]
fn time_goes_through_every_moment() {
    for seed in 0..50 {
        let world = World::seeded(seed);
        let log: Arc<Mutex<Vec<&str>>> = Arc::default();
        for (name, limits) in [("a", [10, 15]), ("b", [20, 20])] {
            let (task, log) = (world.task(name), log.clone());
            let silent = port(&task);
            task.spawn(name, move |task| {
                for limit in limits {
                    assert_eq!(wait_for(&task, silent, limit), Err(MsgReturn::RCV_TIMED_OUT));
                    log.lock().unwrap().push(name);
                }
            });
        }
        let seen = |by: u64| {
            let waiting = world.kernel.advance(ms(by));
            (waiting.len(), std::mem::take(&mut *log.lock().unwrap()))
        };
        assert_eq!(seen(9), (2, vec![]));
        assert_eq!(seen(30), (1, vec!["a", "b", "a"]));
        assert_eq!(seen(1), (0, vec!["b"]));
    }
}

/// Nobody waits for a moment that nobody has asked for; `run` goes to the last of them.
#[test]
fn run_moves_time_as_far_as_somebody_waits() {
    let world = World::seeded(1);
    let task = world.task("task");
    let (silent, times) = (port(&task), Arc::new(AtomicU32::new(0)));
    let counts = times.clone();
    task.spawn("waits", move |task| {
        for _ in 0..1000 {
            assert_eq!(wait_for(&task, silent, 60_000), Err(MsgReturn::RCV_TIMED_OUT));
            counts.fetch_add(1, Ordering::Relaxed);
        }
    });
    assert_eq!(world.kernel.advance(ms(60_000 * 10)), ["waits"]);
    assert_eq!(times.load(Ordering::Relaxed), 10);
    assert_eq!(world.kernel.run(), Vec::<String>::new());
    assert_eq!(times.load(Ordering::Relaxed), 1000);
    assert_eq!(Kernel::default().advance(ms(1)), Vec::<String>::new(), "the host's time is not ours");
}
