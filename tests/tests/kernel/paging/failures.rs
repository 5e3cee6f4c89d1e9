//! Default pagers that are full, that die, and that are replaced, while programs have pages there.

use default_pager::{Compressed, OnDisk, Running};
use generated::mach3::mach::any as mach;
use mig_rt::{AbiId, Address, KernReturn, ReceiveRight, Size};
use runtime_kernel::{Config, Kernel, Order, Task};

use super::{PAGE, TYPED, at, page};
use crate::world::World;

const ABI: AbiId = AbiId::GnumachX8664;
/// Pages that the kernel has.
const LIMIT: u64 = 32;

fn world(order: Order) -> World {
    World { kernel: Kernel::new(Config { order, most_pages: Some(LIMIT), ..Config::default() }) }
}

/// A task that has written so many pages, and where they are.
fn written(world: &World, pages: u64) -> (Task, Address) {
    let task = world.kernel.task("program", AbiId::DarwinLp64);
    let writing = task.spawn("program", move |task| {
        let size = Size(pages * PAGE as u64);
        let start = mach::vm_allocate(ABI, &task.self_port(), Address(0), size, true).unwrap();
        (0..pages).for_each(|it| task.memory().write_bytes(Address(start.0 + at(it).0), &page(it as u8)).unwrap());
        start
    });
    world.kernel.run();
    (task, writing.join().unwrap())
}

/// What somebody sees who looks at the pages of a task: how many are right, and what is said of the others.
fn seen(world: &World, task: &Task, start: Address, pages: u64) -> (u64, Vec<KernReturn>) {
    let (looker, task) = (world.kernel.task("looker", ABI), task.clone());
    let looking = looker.spawn("looker", move |_| {
        let look = |it| task.read(Address(start.0 + at(it).0), PAGE).map(|bytes| assert_eq!(bytes, page(it as u8)));
        let seen: Vec<_> = (0..pages).map(look).collect();
        let wrong: Vec<_> = seen.iter().filter_map(|it| it.err()).collect();
        (pages - wrong.len() as u64, wrong)
    });
    world.kernel.run();
    let result = looking.join().unwrap();
    looker.terminate();
    result
}

fn end(world: &World, pagers: Vec<Running>) {
    world.kernel.run();
    world.kernel.check().unwrap();
    for Running { task, thread, watch } in pagers {
        assert_eq!((watch.figures().objects, watch.figures().pages), (0, 0));
        task.terminate();
        world.kernel.run();
        assert!(thread.join().is_err());
    }
}

/// What was away is lost with the manager; everything else goes on.
#[test]
fn a_manager_that_dies() {
    for abi in TYPED {
        let world = world(Order::Seeded(5));
        let running = default_pager::start(&world.kernel, abi, Compressed::new(1 << 20)).unwrap();
        let (task, start) = written(&world, 3 * LIMIT);
        running.task.terminate();
        world.kernel.run();
        assert!(running.thread.join().is_err());
        let (right, wrong) = seen(&world, &task, start, 3 * LIMIT);
        assert!((1..=LIMIT).contains(&right), "{right} pages were there");
        assert!(wrong.iter().all(|it| *it == KernReturn::MEMORY_FAILURE), "{wrong:?}");
        // There is nowhere to page out to: the limit is none.
        let (other, start) = written(&world, 2 * LIMIT);
        assert_eq!(seen(&world, &other, start, 2 * LIMIT), (2 * LIMIT, Vec::new()));
        task.terminate();
        other.terminate();
        end(&world, Vec::new());
    }
}

/// Kernels speak to managers in ABIs of Mach 3.
#[test]
fn a_manager_that_understands_nothing() {
    for abi in [AbiId::DarwinLp64, AbiId::DarwinIlp32] {
        let world = world(Order::Seeded(1));
        let before = world.kernel.census();
        let refused = default_pager::start(&world.kernel, abi, Compressed::new(1 << 20));
        assert_eq!(refused.err(), Some(KernReturn::INVALID_ARGUMENT));
        assert_eq!(world.kernel.census(), before);
    }
}

/// A thread that waits for a page when the manager dies.
#[test]
fn a_manager_that_dies_while_somebody_waits() {
    for seed in 0..40 {
        let world = world(Order::Seeded(seed));
        let running = default_pager::start(&world.kernel, ABI, Compressed::new(1 << 20)).unwrap();
        let (task, start) = written(&world, 3 * LIMIT);
        let reading = task.spawn("reader", move |task| {
            (0..3 * LIMIT).for_each(|it| {
                // Nobody handles the exception: the task ends.
                let _ = task.memory().read_bytes(Address(start.0 + at(it).0), PAGE);
            });
        });
        let killer = world.kernel.task("killer", ABI);
        let pager = running.task.clone();
        drop(killer.spawn("killer", move |_| pager.terminate()));
        assert_eq!(world.kernel.run(), Vec::<String>::new(), "nobody waits for ever");
        assert!(reading.join().is_err(), "the reader has ended with its task");
        killer.terminate();
        end(&world, Vec::new());
    }
}

/// Pages for which the pager has no room are lost, and their owner is told.
#[test]
fn a_pager_without_room() {
    let world = world(Order::Seeded(9));
    let running = default_pager::start(&world.kernel, ABI, OnDisk::temporary(8).unwrap()).unwrap();
    let (task, start) = written(&world, 3 * LIMIT);
    let lost = running.watch.figures().pages_lost;
    assert!(lost >= 3 * LIMIT - LIMIT - 8, "{lost}");
    let (right, wrong) = seen(&world, &task, start, 3 * LIMIT);
    assert!(right >= 8 && wrong.len() as u64 >= lost, "{right} {lost} {wrong:?}");
    assert!(wrong.iter().all(|it| *it == KernReturn::MEMORY_ERROR), "{wrong:?}");
    task.terminate();
    end(&world, vec![running]);
}

/// The old manager keeps what it has; the new one gets what goes away from now on.
#[test]
fn a_manager_that_is_replaced() {
    let world = world(Order::Seeded(2));
    let first = default_pager::start(&world.kernel, ABI, Compressed::new(1 << 20)).unwrap();
    let (old, old_start) = written(&world, 2 * LIMIT);
    let second = default_pager::start(&world.kernel, TYPED[0], OnDisk::temporary(500).unwrap()).unwrap();
    let (new, new_start) = written(&world, 2 * LIMIT);
    assert_eq!(seen(&world, &old, old_start, 2 * LIMIT), (2 * LIMIT, Vec::new()));
    assert_eq!(seen(&world, &new, new_start, 2 * LIMIT), (2 * LIMIT, Vec::new()));
    assert!(first.watch.figures().objects == 1 && second.watch.figures().objects >= 1);
    old.terminate();
    new.terminate();
    end(&world, vec![first, second]);
}

/// Whoever makes pages faster than the manager takes them waits, with what is to be said to it, until somebody ends that.
#[test]
fn a_manager_that_does_not_listen() {
    for seed in 0..20 {
        let world = world(Order::Seeded(seed));
        let before = world.kernel.census();
        let deaf = world.kernel.task("deaf", ABI);
        let port = ReceiveRight::new(&deaf).unwrap();
        drop(mach::vm_set_default_memory_manager(ABI, &world.kernel.host_priv_port(&deaf), &port).unwrap());
        let writing = ["first", "second"].map(|name| {
            let task = world.kernel.task(name, ABI);
            drop(task.spawn(name, move |task| {
                let size = Size(20 * LIMIT * PAGE as u64);
                let start = mach::vm_allocate(ABI, &task.self_port(), Address(0), size, true).unwrap();
                for it in 0..20 * LIMIT {
                    task.memory().write(Address(start.0 + at(it).0), 1_u8).unwrap();
                }
                // Others have what it wrote.
                task.memory().read::<u8>(start).unwrap();
            }));
            task
        });
        assert_eq!(world.kernel.run(), ["first", "second"]);
        world.kernel.check().unwrap_or_else(|it| panic!("seed {seed}: {it}"));
        writing.iter().for_each(Task::terminate);
        assert_eq!(world.kernel.run(), Vec::<String>::new());
        world.kernel.check().unwrap_or_else(|it| panic!("seed {seed}: {it}"));
        drop(port);
        deaf.terminate();
        world.kernel.run();
        world.kernel.check().unwrap();
        assert_eq!(world.kernel.census(), before);
    }
}

/// In parallel, as the host has it.
#[test]
fn programs_in_parallel() {
    let world = world(Order::Parallel);
    let running = default_pager::start(&world.kernel, ABI, Compressed::new(1 << 22)).unwrap();
    let tasks: Vec<Task> = (0..4).map(|it| world.kernel.task(&format!("program {it}"), AbiId::ALL[it])).collect();
    let threads: Vec<_> = tasks
        .iter()
        .enumerate()
        .map(|(number, task)| {
            task.spawn("program", move |task| {
                let size = Size(2 * LIMIT * PAGE as u64);
                let start = mach::vm_allocate(ABI, &task.self_port(), Address(0), size, true).unwrap();
                for round in 0..4 {
                    let contents = |it: u64| page(it as u8 ^ number as u8 ^ round);
                    for it in 0..2 * LIMIT {
                        task.memory().write_bytes(Address(start.0 + at(it).0), &contents(it)).unwrap();
                    }
                    for it in 0..2 * LIMIT {
                        let read = task.memory().read_bytes(Address(start.0 + at(it).0), PAGE).unwrap();
                        assert_eq!(read, contents(it));
                    }
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|it| it.join().unwrap());
    tasks.iter().for_each(Task::terminate);
    // The pager does its part in its own time.
    while running.watch.figures().objects > 0 {
        std::thread::yield_now();
    }
    let figures = running.watch.figures();
    assert_eq!((figures.pages, figures.pages_lost), (0, 0));
    running.task.terminate();
    assert!(running.thread.join().is_err());
}
