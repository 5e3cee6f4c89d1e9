//! Managers that mean harm: whatever they say, nobody is hurt but those who use their memory; nobody waits for ever who
//! need not, nothing stays behind, and nobody gets the data of others.

use generated::mach3::mach::gnumach_i386 as mach;
use generated::mach3::types::CopyStrategy;
use mig_rt::{Address, PortName, Protection, Size};
use runtime_kernel::{Task, Terminated, Thread};

use super::dice::Dice;
use super::liar::Liar;
use super::manager::Manager;
use super::store::Store;
use super::{map, mapping, read, write};
use crate::vm::{FREE, PAGE};
use crate::world::World;

/// Lives of liars in a plain test; the environment variable `HOSTILE_SEEDS` says another number.
const SEEDS: u64 = 150;
/// The bytes of those who have nothing to do with the liar.
const SECRET: u8 = 0x5e;
const HONEST: u8 = 0x77;
/// Where programs have memory of their own.
const OWN: u64 = FREE + 0x100 * PAGE;

/// What a program does to memory of the liar, and with its own.
fn use_memory(task: &Task, dice: &mut Dice) {
    let page = dice.below(6);
    let (own, at, size) = (task.self_port(), Address(FREE + page * PAGE), Size((1 + dice.below(2)) * PAGE));
    match dice.below(9) {
        0..=2 => drop(read(task, page)),
        3 | 4 => drop(write(task, page, dice.below(0x40) as u8)),
        5 => {
            let _ = mach::vm_copy(&own, at, size, Address(OWN + PAGE));
        }
        6 => drop(mach::vm_read(&own, at, size).map(|it| it.bytes().map(|it| it[0]))),
        7 => {
            let _ = mach::vm_protect(&own, at, size, false, Protection(1 + dice.below(3) as i32));
        }
        _ => {
            if let Ok(child) = mach::task_create(&own, true) {
                let _ = mach::task_terminate(&child);
            }
        }
    }
}

/// A task that has memory of the liar, and a secret of its own.
fn victim(world: &World, liar: &Manager, seed: u64) -> (Task, Vec<Thread<()>>) {
    let task = world.task("victim");
    let own = task.self_port();
    mach::vm_allocate(&own, Address(OWN), Size(4 * PAGE), false).unwrap();
    task.write(Address(OWN), &[SECRET; PAGE as usize]).unwrap();
    for place in 0..2 {
        let object = liar.object(&format!("object{place}"));
        let right = liar.give(&object, &task);
        map(&task, mapping(&right, FREE + place * 3 * PAGE, 3)).unwrap();
    }
    let uses = |number: u64| {
        move |task: Task| {
            let mut dice = Dice::new(seed * 31 + number);
            (0..12).for_each(|_| use_memory(&task, &mut dice));
        }
    };
    let threads = (0..2).map(|number| task.spawn("uses", uses(number))).collect();
    (task, threads)
}

/// The liar at work: it hears what the kernel says, and says what it likes. What it has seen of pages.
fn lies(liar: &Manager, seed: u64, others: PortName) -> Thread<Vec<u8>> {
    let set = liar.set();
    liar.task.spawn("lies", move |task| {
        let mut liar = Liar::new(&task, set, seed);
        liar.to.push(others);
        for _ in 0..300 {
            (0..liar.dice.below(4)).for_each(|_| liar.hear());
            if liar.dice.flip() {
                liar.lie();
            }
        }
        std::mem::take(&mut liar.seen)
    })
}

/// An honest manager beside, and whoever has its memory.
fn neighbours(world: &World) -> (Manager, Task, Thread<[u8; 3]>) {
    let (mut manager, store) = (Manager::new(world.task("honest")), Store::default());
    store.serve(&mut manager, CopyStrategy::DELAY);
    (0..3).for_each(|page| store.put("file", page, HONEST));
    let (file, client) = (manager.object("file"), world.task("neighbour"));
    let right = manager.give(&file, &client);
    map(&client, mapping(&right, FREE, 3)).unwrap();
    let reads = client.spawn("neighbour", |task| {
        (0..3).for_each(|page| write(&task, page, HONEST + page as u8 + 1).unwrap());
        [0, 1, 2].map(|page| read(&task, page).unwrap())
    });
    manager.start();
    (manager, client, reads)
}

/// What a thread came to, unless its task has ended before.
fn ended<X>(thread: Thread<X>) -> Option<X> {
    thread.join().map_err(|it| assert!(it.is::<Terminated>(), "it has failed")).ok()
}

fn life(seed: u64) {
    let world = World::seeded(seed);
    let (honest, client, reads) = neighbours(&world);
    let liar = Manager::new(world.task("liar"));
    let (task, threads) = victim(&world, &liar, seed);
    // It can call what it can map: the object of the honest one.
    let other = honest.object("other");
    let others = honest.give(&other, &liar.task).into_raw();
    let lying = lies(&liar, seed, others);
    let waiting = world.kernel.run();
    assert!(!waiting.iter().any(|it| it == "neighbour"), "seed {seed}: {waiting:?}");
    assert_eq!(world.kernel.check(), Ok(()), "seed {seed}: {waiting:?}");
    assert_eq!(reads.join().unwrap(), [1, 2, 3].map(|it| HONEST + it), "seed {seed}");
    if task.regions() > 0 {
        let own = task.read(Address(OWN), PAGE as usize);
        assert!(own.is_ok_and(|it| it.iter().all(|it| *it == SECRET)), "seed {seed}: what is its own stays so");
    }
    // With the liar goes whatever its victims wait for.
    liar.task.terminate();
    let waiting = world.kernel.run();
    assert!(waiting.iter().all(|it| it == "manager"), "seed {seed}: {waiting:?}");
    assert_eq!(world.kernel.check(), Ok(()), "seed {seed}");
    threads.into_iter().for_each(|it| ended(it).unwrap_or_default());
    let seen = ended(lying).unwrap_or_default();
    assert!(seen.iter().all(|it| *it < 0x40), "seed {seed}: it has the data of others");
    [task, client].iter().for_each(Task::terminate);
    world.kernel.run();
    honest.task.terminate();
    assert_eq!(world.kernel.run(), Vec::<String>::new(), "seed {seed}");
    world.kernel.tasks().iter().for_each(Task::terminate);
    assert_eq!(world.kernel.census().pages, 0, "seed {seed}");
    assert_eq!(world.kernel.check(), Ok(()), "seed {seed}");
}

#[test]
fn managers_that_lie() {
    let asked = std::env::var("HOSTILE_SEEDS").ok().and_then(|it| it.parse().ok());
    let seeds: Vec<u64> = (0..asked.unwrap_or(SEEDS)).collect();
    for some in seeds.chunks(25) {
        // What a host thread keeps for its stubs goes with it.
        std::thread::scope(|scope| {
            let run = || some.iter().for_each(|seed| life(*seed));
            scope.spawn(run).join().unwrap_or_else(|_| panic!("one of the seeds {some:?}"));
        });
    }
}
