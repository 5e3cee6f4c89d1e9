//! Managers and those who use their memory on several cores at once, in whatever order that is.

use generated::mach3::mach::gnumach_i386 as mach;
use generated::mach3::types::{CopyStrategy, MemoryObjectReturn};
use mig_rt::{Address, Protection, Size};
use runtime_kernel::{Task, Terminated};

use super::dice::Dice;
use super::manager::Manager;
use super::object::Clean;
use super::store::Store;
use super::{map, mapping, read, write};
use crate::vm::{FREE, PAGE};
use crate::world::World;

const STEPS: u32 = 4_000;
const PAGES: u64 = 4;

/// Reads, writes and copies; what is elsewhere is where no object is mapped.
fn work(task: &Task, dice: &mut Dice) {
    let (own, page) = (task.self_port(), dice.below(PAGES));
    let at = Address(FREE + page * PAGE);
    match dice.below(8) {
        0..=2 => drop(read(task, page).unwrap()),
        3..=5 => write(task, page, 1 + dice.below(200) as u8).unwrap(),
        6 => {
            let data = mach::vm_read(&own, at, Size(PAGE)).unwrap();
            let bytes = data.bytes().unwrap();
            assert!(bytes.iter().all(|it| *it == bytes[0]), "a copy is of one moment");
        }
        _ => mach::vm_copy(&own, at, Size(PAGE), Address(FREE + 0x100 * PAGE)).unwrap(),
    }
}

fn everybody(strategy: CopyStrategy) {
    let world = World::new();
    let (mut manager, store) = (Manager::new(world.task("manager")), Store::default());
    store.serve(&mut manager, strategy);
    let file = manager.object("file");
    let tasks = ["first", "second"].map(|name| world.task(name));
    for task in &tasks {
        mach::vm_allocate(&task.self_port(), Address(FREE + 0x100 * PAGE), Size(PAGE), false).unwrap();
        let right = manager.give(&file, task);
        map(task, mapping(&right, FREE, PAGES)).unwrap();
    }
    let serving = manager.start();
    let mut threads = Vec::new();
    for (number, task) in tasks.iter().flat_map(|it| [it, it]).enumerate() {
        threads.push(task.spawn("works", move |task| {
            let mut dice = Dice::new(number as u64 + 1);
            (0..STEPS).for_each(|_| work(&task, &mut dice));
        }));
    }
    let cleaned = file.clone();
    threads.push(manager.task.spawn("cleans", move |task| {
        let mut dice = Dice::new(99);
        while cleaned.cached() == 0 {
            task.checkpoint();
        }
        for _ in 0..STEPS {
            let lock = [Protection::NONE, Protection::WRITE, Protection::ALL][dice.below(3) as usize];
            let how = Clean { returned: MemoryObjectReturn::DIRTY, flush: dice.flip(), lock, told: false };
            cleaned.clean(dice.below(PAGES) * PAGE, PAGE, how);
        }
    }));
    threads.into_iter().for_each(|it| it.join().unwrap());
    let last = [0, 1, 2, 3].map(|page| read(&tasks[0], page).unwrap());
    tasks.iter().for_each(Task::terminate);
    // With the last mapping everything comes back, and then the end.
    while file.cached() > 0 {
        std::thread::yield_now();
    }
    assert_eq!([0, 1, 2, 3].map(|page| store.get("file", page)), last);
    manager.task.terminate();
    assert!(serving.join().map_or_else(|it| it.is::<Terminated>(), |_| true));
    assert_eq!(world.kernel.census().pages, 0);
}

#[test]
fn everybody_at_once() {
    [CopyStrategy::DELAY, CopyStrategy::NONE, CopyStrategy::CALL].into_iter().for_each(everybody);
}
