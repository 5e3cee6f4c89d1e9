//! Several threads and tasks that use the same memory while it goes and comes: no change is lost, in any order of things.

use std::env;

use default_pager::Compressed;
use generated::mach3::default_pager::any as default_pager_calls;
use generated::mach3::mach::any as mach;
use mig_rt::{AbiId, Address, Inherit, KernReturn, Protection, ReceiveRight, SendRight, Size};
use runtime_kernel::{Config, Kernel, Order, Task};

use super::at;
use super::stores::Random;
use crate::world::World;

const ABI: AbiId = AbiId::GnumachX8664;
/// Pages that the kernel has, and that are used.
const LIMIT: u64 = 4;
const USED: u64 = 3 * LIMIT;
/// What each thread does.
const ADDITIONS: u32 = 60;

fn seeds(least: u64) -> u64 {
    env::var("PAGER_SEEDS").map_or(least, |it| it.parse().unwrap())
}

fn world(seed: u64) -> (World, default_pager::Running) {
    let config = Config { order: Order::Seeded(seed), most_pages: Some(LIMIT), ..Config::default() };
    let world = World { kernel: Kernel::new(config) };
    let running = default_pager::start(&world.kernel, ABI, Compressed::new(1 << 20)).unwrap();
    (world, running)
}

/// Nobody waits but the pager, which has nothing.
fn end(world: &World, running: default_pager::Running, tasks: &[Task]) {
    assert_eq!(world.kernel.run(), ["default pager"]);
    tasks.iter().for_each(Task::terminate);
    assert_eq!(world.kernel.run(), ["default pager"]);
    world.kernel.check().unwrap();
    let left = running.watch.figures();
    assert_eq!((left.objects, left.pages, left.pages_lost), (0, 0, 0), "{left:?}");
    running.task.terminate();
    world.kernel.run();
}

/// Adds 1 here and there.
fn add(task: &Task, start: Address, mut random: Random) {
    for _ in 0..ADDITIONS {
        let there = Address(start.0 + at(random.below(USED)).0 + 8 * random.below(3));
        task.memory().update(there, |it: u32| it + 1).unwrap();
    }
}

/// What was added, as another task sees it.
fn sum(world: &World, task: &Task, start: Address) -> u32 {
    let (looker, task) = (world.kernel.task("looker", ABI), task.clone());
    let looking = looker.spawn("looker", move |_| {
        let word = |page: u64, index: u64| task.read(Address(start.0 + at(page).0 + 8 * index), 4).unwrap();
        let words = (0..USED).flat_map(|page| (0..3).map(move |index| (page, index)));
        words.map(|it| u32::from_le_bytes(word(it.0, it.1).try_into().unwrap())).sum()
    });
    world.kernel.run();
    looker.terminate();
    looking.join().unwrap()
}

#[test]
fn threads_of_one_task() {
    for seed in 0..seeds(40) {
        let (world, running) = world(seed);
        let task = world.kernel.task("task", AbiId::ALL[seed as usize % 5]);
        let start = mach::vm_allocate(ABI, &task.self_port(), Address(0), Size(at(USED).0), true).unwrap();
        for number in 1..=3 {
            drop(task.spawn("adder", move |task| add(&task, start, Random(seed * 3 + number))));
        }
        world.kernel.run();
        assert_eq!(sum(&world, &task, start), 3 * ADDITIONS, "seed {seed}");
        assert!(running.watch.figures().pages_in > 2 * USED, "pages have gone and come: {:?}", running.watch);
        end(&world, running, &[task]);
    }
}

/// A parent and two children that have the memory itself.
#[test]
fn tasks_that_share() {
    for seed in 0..seeds(40) {
        let (world, running) = world(seed);
        let parent = world.kernel.task("parent", ABI);
        let own = parent.self_port();
        let start = mach::vm_allocate(ABI, &own, Address(0), Size(at(USED).0), true).unwrap();
        mach::vm_inherit(ABI, &own, start, Size(at(USED).0), Inherit::SHARE).unwrap();
        let first = world.kernel.fork(&parent, "first").unwrap();
        let second = world.kernel.fork(&parent, "second").unwrap();
        let tasks = [parent, first, second];
        for (number, task) in tasks.iter().enumerate() {
            drop(task.spawn("adder", move |task| add(&task, start, Random(seed * 3 + number as u64 + 1))));
        }
        world.kernel.run();
        for task in &tasks {
            assert_eq!(sum(&world, task, start), 3 * ADDITIONS, "seed {seed}");
        }
        end(&world, running, &tasks);
    }
}

fn map(task: &Task, object: &SendRight<Task>) -> Address {
    let (zero, size, all) = (Address(0), Size(at(USED).0), Protection::DEFAULT);
    mach::vm_map(ABI, &task.self_port(), zero, size, zero, true, object, zero, false, all, all, Inherit::COPY).unwrap()
}

/// Memory of the pager at two places of one task, while others take copies of it: each copy is of one moment of each page.
#[test]
fn copies_of_what_changes() {
    for seed in 0..seeds(40) {
        let (world, running) = world(seed);
        let task = world.kernel.task("task", ABI);
        let host = world.kernel.host_priv_port(&task);
        let making = task.spawn("maker", move |task| {
            let to_pager = mach::vm_set_default_memory_manager(ABI, &host, &ReceiveRight::null(&task)).unwrap();
            let object = default_pager_calls::default_pager_object_create(ABI, &to_pager, Size(at(USED).0)).unwrap();
            [map(&task, &object), map(&task, &object)]
        });
        world.kernel.run();
        let starts = making.join().unwrap();
        for (number, start) in starts.into_iter().enumerate() {
            drop(task.spawn("adder", move |task| add(&task, start, Random(seed * 2 + number as u64 + 1))));
        }
        let copying = task.spawn("copier", move |task| {
            let own = task.self_port();
            let mut last = 0;
            for _ in 0..5 {
                let copy = mach::vm_allocate(ABI, &own, Address(0), Size(at(USED).0), true).unwrap();
                mach::vm_copy(ABI, &own, starts[0], Size(at(USED).0), copy).unwrap();
                let look = || -> u32 {
                    let word =
                        |page: u64, index: u64| task.memory().read::<u32>(Address(copy.0 + at(page).0 + 8 * index));
                    (0..USED).flat_map(|page| (0..3).map(move |index| word(page, index).unwrap())).sum()
                };
                let seen = look();
                assert!(last <= seen && seen <= 2 * ADDITIONS, "seed {seed}: {last} {seen}");
                assert_eq!(look(), seen, "seed {seed}: a copy does not change");
                last = seen;
                mach::vm_deallocate(ABI, &own, copy, Size(at(USED).0)).unwrap();
            }
        });
        world.kernel.run();
        copying.join().unwrap();
        for start in starts {
            assert_eq!(sum(&world, &task, start), 2 * ADDITIONS, "seed {seed}");
        }
        end(&world, running, &[task]);
    }
}

/// Memory that goes away under those who use it: unmapped, or with its task.
#[test]
fn memory_that_is_taken_away() {
    for seed in 0..seeds(60) {
        let (world, running) = world(seed);
        let task = world.kernel.task("task", ABI);
        let start = mach::vm_allocate(ABI, &task.self_port(), Address(0), Size(at(USED).0), true).unwrap();
        let (looker, target) = (world.kernel.task("looker", ABI), task.clone());
        let looking = looker.spawn("looker", move |_| {
            for round in 0..USED {
                let read = target.read(Address(start.0 + at(round).0), 4);
                assert!(read.is_ok() || read == Err(KernReturn::INVALID_ADDRESS), "{read:?}");
                let written = target.write(Address(start.0 + at(round).0), &[1]);
                assert!(written.is_ok() || written == Err(KernReturn::INVALID_ADDRESS), "{written:?}");
            }
        });
        let user = task.spawn("user", move |task| {
            (0..USED).for_each(|it| task.memory().write(Address(start.0 + at(it).0), 1_u32).unwrap());
            mach::vm_deallocate(ABI, &task.self_port(), start, Size(at(USED / 2).0)).unwrap();
            (USED / 2..USED).for_each(|it| assert_eq!(task.memory().read::<u8>(Address(start.0 + at(it).0)), Ok(1)));
        });
        if seed % 2 == 0 {
            let (killer, target) = (world.kernel.task("killer", ABI), task.clone());
            drop(killer.spawn("killer", move |killer| {
                target.terminate();
                killer.terminate();
            }));
        }
        world.kernel.run();
        looking.join().unwrap();
        // It may have ended in the middle.
        let _ = user.join();
        end(&world, running, &[task, looker]);
    }
}
