//! Event counters: what a driver signals is waited for as often.

use mig_rt::{AbiId, KernReturn, Result};
use runtime_kernel::{EventCounter, Task, Terminated};

use super::Calls;
use crate::races::in_many_orders;
use crate::world::World;

#[test]
fn events_are_counted() {
    let world = World::new();
    let task = world.task("driver's program");
    let counters: Vec<EventCounter> = std::iter::from_fn(|| world.kernel.event_counter()).collect();
    let numbers: Vec<u32> = counters.iter().map(EventCounter::number).collect();
    assert_eq!(numbers, (0..10).collect::<Vec<u32>>());
    (0..3).for_each(|_| counters[4].signal());
    for _ in 0..3 {
        covers!("evc_wait", "KERN_SUCCESS", task.evc_wait(4));
    }
    counters[5].signal();
    drop(counters);
    for number in [0, 4, 5, 10, u32::MAX] {
        covers!("evc_wait", "KERN_INVALID_ARGUMENT", task.evc_wait(number));
    }
    // What another driver has under an old number begins with nothing.
    let again = world.kernel.event_counter().unwrap();
    assert_eq!(again.number(), 0);
    again.signal();
    assert_eq!(task.evc_wait(0), Ok(()));
}

fn waits(task: &Task, name: &str) -> runtime_kernel::Thread<std::result::Result<(), KernReturn>> {
    task.spawn(name, |task| task.evc_wait(0))
}

#[test]
fn one_thread_waits() {
    let world = World::seeded(1);
    let (task, counter) = (world.task("task"), world.kernel.event_counter().unwrap());
    let first = waits(&task, "first");
    assert_eq!(world.kernel.run(), ["first"]);
    let second = waits(&task, "second");
    assert_eq!(world.kernel.run(), ["first"]);
    covers!("evc_wait", "KERN_NO_SPACE", second.join().unwrap());
    counter.signal();
    assert_eq!(world.kernel.run(), Vec::<String>::new());
    covers!("evc_wait", "KERN_SUCCESS", first.join().unwrap());
    // The signal was for the one that waited.
    let third = waits(&task, "third");
    assert_eq!(world.kernel.run(), ["third"]);
    counter.signal();
    assert_eq!(world.kernel.run(), Vec::<String>::new());
    assert_eq!(third.join().unwrap(), Ok(()));
}

/// A wait that ends otherwise tells the program to look at its device, and leaves the place free.
#[test]
fn waits_end() {
    let world = World::seeded(1);
    let (task, counter) = (world.task("task"), world.kernel.event_counter().unwrap());
    let calls = Calls(AbiId::GnumachI386);
    let aborted = waits(&task, "aborted");
    assert_eq!(world.kernel.run(), ["aborted"]);
    calls.thread_abort(&aborted.port()).unwrap();
    assert_eq!(world.kernel.run(), Vec::<String>::new());
    covers!("evc_wait", "KERN_SUCCESS", aborted.join().unwrap());
    let ended = waits(&task, "ended");
    assert_eq!(world.kernel.run(), ["ended"]);
    calls.thread_terminate(&ended.port()).unwrap();
    assert_eq!(world.kernel.run(), Vec::<String>::new());
    assert!(ended.join().unwrap_err().is::<Terminated>());
    let last = waits(&task, "last");
    assert_eq!(world.kernel.run(), ["last"]);
    drop(counter);
    assert_eq!(world.kernel.run(), Vec::<String>::new());
    covers!("evc_wait", "KERN_SUCCESS", last.join().unwrap());
}

/// No event is lost, whenever it occurs.
#[test]
fn signals_meet_waits() {
    in_many_orders(|world, seed| {
        let (task, counter) = (world.task("task"), world.kernel.event_counter().unwrap());
        let program = task.spawn("program", |task| (0..3).map(|_| task.evc_wait(0)).collect::<Vec<_>>());
        let driver = task.spawn("driver", move |task| {
            for _ in 0..3 {
                task.checkpoint();
                counter.signal();
            }
            counter
        });
        let other = task.spawn("other", |task| task.evc_wait(0));
        let left = world.kernel.run();
        let counter = driver.join().unwrap();
        // There were three signals, and four waits unless one was refused.
        if !left.is_empty() {
            counter.signal();
            assert_eq!(world.kernel.run(), Vec::<String>::new(), "seed {seed}");
        }
        let mut codes = program.join().unwrap();
        codes.push(other.join().unwrap());
        let refused = codes.iter().filter(|it| **it == Err(KernReturn::NO_SPACE)).count();
        assert!(codes.iter().all(|it| [Ok(()), Err(KernReturn::NO_SPACE)].contains(it)), "seed {seed}: {codes:?}");
        assert_eq!(left.len(), usize::from(refused == 0), "seed {seed}: {codes:?}");
        refused
    });
}

/// A wait that is aborted while its event occurs has it, or leaves it for the next.
#[test]
fn an_abort_loses_no_event() {
    in_many_orders(|world, seed| {
        let (task, counter) = (world.task("task"), world.kernel.event_counter().unwrap());
        let program = waits(&task, "program");
        let port = program.port();
        let aborts = task.spawn("aborts", move |_| -> Result<()> { Calls(AbiId::GnumachI386).thread_abort(&port) });
        let driver = task.spawn("driver", move |_| {
            counter.signal();
            counter
        });
        assert_eq!(world.kernel.run(), Vec::<String>::new(), "seed {seed}");
        assert_eq!(program.join().unwrap(), Ok(()));
        // It is too late, or it was in time.
        let _ = aborts.join().unwrap();
        let counter = driver.join().unwrap();
        let next = waits(&task, "next");
        let taken = world.kernel.run() == ["next"];
        counter.signal();
        assert_eq!(world.kernel.run(), Vec::<String>::new(), "seed {seed}");
        assert_eq!(next.join().unwrap(), Ok(()));
        usize::from(taken)
    });
}
