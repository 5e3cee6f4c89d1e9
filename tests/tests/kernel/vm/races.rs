//! Threads that use memory while others take it away, copy it, send it or end the task, in many orders.

use generated::mach3::mach::gnumach_i386 as mach;
use mig_rt::{Address, Disposition, Inherit, KernReturn, PortName, Protection, SendRight, Size};
use runtime_kernel::Task;

use super::{FREE, PAGE};
use crate::races::{in_many_orders, run};
use crate::world::{Simple, World, give, poll, port};

const ALL: usize = 2 * PAGE as usize;

/// A task with two pages that are full of ones.
fn task(world: &World) -> Task {
    let task = world.task("task");
    mach::vm_allocate(&task.self_port(), Address(FREE), Size(2 * PAGE), false).unwrap();
    task.write(Address(FREE), &[1; ALL]).unwrap();
    task
}

/// Whether two pages are full of the same byte.
fn is_even(bytes: &[u8]) -> bool {
    bytes.iter().all(|it| *it == bytes[0])
}

#[test]
fn a_fault_against_unmapping() {
    in_many_orders(|world, seed| {
        let task = task(world);
        let reads = task.spawn("reads", |task| task.read(Address(FREE), ALL));
        let writes = task.spawn("writes", |task| task.write(Address(FREE), &[2; ALL]));
        let unmaps = task.spawn("unmaps", |task| {
            mach::vm_deallocate(&task.self_port(), Address(FREE + PAGE), Size(PAGE)).unwrap();
        });
        run(world, seed);
        unmaps.join().unwrap();
        let (read, written) = (reads.join().unwrap(), writes.join().unwrap());
        assert!(read.as_ref().map_or_else(|it| *it == KernReturn::INVALID_ADDRESS, |it| is_even(it)));
        assert!(written.is_ok() || written == Err(KernReturn::INVALID_ADDRESS), "{written:?}");
        let left = task.read(Address(FREE), PAGE as usize).unwrap();
        assert!(is_even(&left) && left[0] == if written.is_ok() { 2 } else { 1 }, "all of it or nothing");
        usize::from(read.is_ok()) + 2 * usize::from(written.is_ok())
    });
}

#[test]
fn a_write_against_a_copy() {
    in_many_orders(|world, seed| {
        let task = task(world);
        let writes = task.spawn("writes", |task| task.write(Address(FREE), &[2; ALL]));
        let copies = task.spawn("copies", |task| {
            let data = mach::vm_read(&task.self_port(), Address(FREE), Size(2 * PAGE)).unwrap();
            data.bytes().unwrap().to_vec()
        });
        run(world, seed);
        writes.join().unwrap().unwrap();
        let seen = copies.join().unwrap();
        assert!(is_even(&seen), "seed {seed}: a copy is of one moment");
        usize::from(seen[0])
    });
}

#[test]
fn a_write_against_inheritance() {
    in_many_orders(|world, seed| {
        let task = task(world);
        mach::vm_inherit(&task.self_port(), Address(FREE), Size(PAGE), Inherit::SHARE).unwrap();
        let writes = task.spawn("writes", move |task| {
            // A child takes some steps to make.
            (0..seed % 40).for_each(|_| drop(task.read(Address(FREE), 1)));
            task.write(Address(FREE), &[2; ALL])
        });
        let forks = task.spawn("forks", |task| {
            let child = mach::task_create(&task.self_port(), true).unwrap();
            let data = mach::vm_read(&child, Address(FREE), Size(2 * PAGE)).unwrap();
            let seen = data.bytes().unwrap().to_vec();
            drop(data);
            mach::task_terminate(&child).unwrap();
            seen
        });
        run(world, seed);
        writes.join().unwrap().unwrap();
        let seen = forks.join().unwrap();
        let (shared, copied) = seen.split_at(PAGE as usize);
        assert!(is_even(shared) && is_even(copied) && shared[0] >= copied[0], "seed {seed}: the copy is no newer");
        usize::from(shared[0]) * 2 + usize::from(copied[0])
    });
}

#[test]
fn a_fault_against_protection() {
    in_many_orders(|world, seed| {
        let task = task(world);
        let writes = task.spawn("writes", |task| task.write(Address(FREE), &[2; ALL]));
        let protects = task.spawn("protects", |task| {
            let me = task.self_port();
            mach::vm_protect(&me, Address(FREE + PAGE), Size(PAGE), false, Protection::READ).unwrap();
        });
        run(world, seed);
        protects.join().unwrap();
        let written = writes.join().unwrap();
        let left = task.read(Address(FREE), ALL).unwrap();
        assert!(is_even(&left) && left[0] == if written.is_ok() { 2 } else { 1 }, "seed {seed}");
        usize::from(written.is_ok())
    });
}

#[test]
fn memory_that_is_given_away_goes_once() {
    in_many_orders(|world, seed| {
        let task = task(world);
        let name = port(&task);
        let send = move |task: Task| {
            // Bytes out of line that go with the message.
            let kind = [0x6000_0000, 8 << 16 | 9, 2 * PAGE as u32, FREE as u32];
            let message = Simple::to(name, Disposition::MAKE_SEND, 1);
            let message = Simple { words: kind.to_vec(), complex: true, ..message };
            message.send(&task).is_ok()
        };
        let senders: Vec<_> = ["first", "second"].map(|it| task.spawn(it, send)).into();
        let reads = task.spawn("reads", |task| task.read(Address(FREE), ALL));
        run(world, seed);
        let sent: Vec<bool> = senders.into_iter().map(|it| it.join().unwrap()).collect();
        assert_eq!(sent.iter().filter(|it| **it).count(), 1, "seed {seed}: {sent:?}");
        assert_eq!(world.kernel.census().pages, 2);
        let seen = reads.join().unwrap();
        assert!(seen.as_ref().map_or_else(|it| *it == KernReturn::INVALID_ADDRESS, |it| is_even(it)));
        usize::from(sent[0]) * 2 + usize::from(seen.is_ok())
    });
}

#[test]
fn a_task_ends_while_its_memory_is_used() {
    in_many_orders(|world, seed| {
        let (task, other) = (task(world), world.task("other"));
        // The other task reads through the task's port.
        let own = port(&other);
        let reach = give(&other, own, &task);
        let message = Simple::to(reach, Disposition::COPY_SEND, 1);
        let me = task.self_port();
        message.carrying(me.name(), Disposition::COPY_SEND).send(&task).unwrap();
        let target = PortName(poll(&other, own).unwrap().body()[1]);
        drop(me);
        let reads = other.spawn("reads", move |other| {
            // SAFETY: the right came in the message above.
            #[allow(unsafe_code, reason = "names as in C")]
            let target = unsafe { SendRight::from_raw(target, other) };
            let read = mach::vm_read(&target, Address(FREE), Size(2 * PAGE));
            read.map(|it| is_even(it.bytes().unwrap()))
        });
        let ends = other.spawn("ends", {
            let task = task.clone();
            move |_| task.terminate()
        });
        run(world, seed);
        ends.join().unwrap();
        match reads.join().unwrap() {
            Ok(even) => {
                assert!(even, "seed {seed}");
                1
            }
            Err(_) => 2,
        }
    });
}

/// One thing that a thread of a task does to its memory; `dice` says what and where.
fn anything(task: &Task, there: PortName, dice: &mut u64) {
    let mut below = |limit: u64| {
        *dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*dice >> 33) % limit
    };
    let (me, page) = (task.self_port(), |it: u64| Address(FREE + it * PAGE));
    let (at, size) = (page(below(12)), Size((1 + below(4)) * PAGE));
    // Others take things away meanwhile: any of these may be refused.
    match below(9) {
        0 | 1 => drop(mach::vm_allocate(&me, at, size, false)),
        2 => drop(mach::vm_deallocate(&me, at, size)),
        3 => drop(mach::vm_protect(&me, at, size, false, Protection(1 + below(3) as i32))),
        4 => drop(mach::vm_copy(&me, at, size, page(below(12)))),
        5 => drop(mach::vm_inherit(&me, at, size, Inherit(below(3) as i32))),
        6 => drop(task.write(at, &vec![below(256) as u8; size.0 as usize])),
        7 => drop(mach::vm_read(&me, at, size).map(|it| it.bytes().map(is_even))),
        _ => {
            let kind = [0x2000_0000 | (below(2) as u32) << 30, 8 << 16 | 9, size.0 as u32, at.0 as u32];
            let message =
                Simple { words: kind.to_vec(), complex: true, ..Simple::to(there, Disposition::COPY_SEND, 1) };
            let _ = message.send(task);
        }
    }
}

/// Threads on several cores at once, in whatever order that is.
#[test]
fn everybody_at_once() {
    const STEPS: u32 = 2_000;
    let world = World::new();
    let (task, other) = (world.task("task"), world.task("other"));
    let here = port(&other);
    let there = give(&other, here, &task);
    let work = |seed: u64| {
        move |task: Task| {
            let mut dice = seed;
            (0..STEPS).for_each(|_| anything(&task, there, &mut dice));
        }
    };
    let mut threads: Vec<_> = (1..4).map(|seed| task.spawn("works", work(seed))).collect();
    threads.push(other.spawn("receives", move |other| {
        for _ in 0..3 * STEPS {
            let Ok(got) = poll(&other, here) else { continue };
            let (size, at) = (got.body()[2], got.body()[3]);
            let bytes = other.read(Address(at.into()), size as usize).unwrap();
            other.write(Address(at.into()), &bytes).unwrap();
            mach::vm_deallocate(&other.self_port(), Address(at.into()), Size(size.into())).unwrap();
        }
    }));
    let children = (0..20).map(|_| world.kernel.fork(&task, "child").unwrap());
    children.for_each(|child| child.terminate());
    threads.into_iter().for_each(|it| it.join().unwrap());
    assert_eq!(world.kernel.check(), Ok(()));
    task.terminate();
    other.terminate();
    assert_eq!(world.kernel.census().pages, 0);
}
