//! Threads that use a manager's memory while others take it away, copy it, clean it, end the task or the manager.

use std::sync::Arc;

use generated::mach3::mach::gnumach_i386 as mach;
use generated::mach3::types::{CopyStrategy, MemoryObjectReturn};
use mig_rt::{Address, KernReturn, Protection, Size};
use runtime_kernel::{Task, Terminated, Thread};

use super::manager::Manager;
use super::object::{Clean, Object, filled};
use super::store::Store;
use super::{map, mapping, read, write};
use crate::races::in_many_orders;
use crate::vm::{FREE, PAGE};
use crate::world::World;

/// A manager that behaves, its object, and a task that has it mapped.
struct Cast<'a> {
    world: &'a World,
    seed: u64,
    manager: Manager,
    store: Store,
    file: Arc<Object>,
    client: Task,
}

impl<'a> Cast<'a> {
    /// The first two pages of the object are full of ones.
    fn new(world: &'a World, seed: u64, strategy: CopyStrategy) -> Cast<'a> {
        let (mut manager, store) = (Manager::new(world.task("manager")), Store::default());
        store.serve(&mut manager, strategy);
        (0..2).for_each(|page| store.put("file", page, 1));
        let file = manager.object("file");
        manager.start();
        let client = world.task("client");
        let cast = Cast { world, seed, manager, store, file, client };
        cast.map(&cast.client);
        cast
    }

    fn map(&self, task: &Task) {
        let right = self.manager.give(&self.file, task);
        map(task, mapping(&right, FREE, 2)).unwrap();
    }

    /// The pages are there.
    fn touched(self) -> Self {
        let reads = self.client.spawn("reads", |task| [0, 1].map(|page| read(&task, page)));
        self.run();
        assert_eq!(reads.join().unwrap(), [Ok(1); 2]);
        self
    }

    /// Lets all run: only the manager waits then.
    fn run(&self) {
        let waiting = self.world.kernel.run();
        assert!(waiting.iter().all(|it| it == "manager"), "seed {}: {waiting:?}", self.seed);
        assert_eq!(self.world.kernel.check(), Ok(()), "seed {}", self.seed);
    }

    /// All end, and nothing is left of them.
    fn end(self) {
        self.world.kernel.tasks().iter().filter(|it| **it != self.manager.task).for_each(Task::terminate);
        self.run();
        assert_eq!(self.world.kernel.census().pages, 0, "seed {}", self.seed);
        self.manager.task.terminate();
        assert_eq!(self.world.kernel.run(), Vec::<String>::new(), "seed {}", self.seed);
        assert_eq!(self.world.kernel.check(), Ok(()), "seed {}", self.seed);
    }

    fn writes(&self, byte: u8) -> Thread<Result<(), KernReturn>> {
        self.client.spawn("writes", move |task| write(&task, 0, byte))
    }

    fn reads(&self) -> Thread<Result<u8, KernReturn>> {
        self.client.spawn("reads", |task| read(&task, 0))
    }
}

#[test]
fn a_fault_against_unmapping() {
    in_many_orders(|world, seed| {
        let cast = Cast::new(world, seed, CopyStrategy::DELAY);
        let (reads, writes) = (cast.reads(), cast.writes(2));
        let unmaps = cast.client.spawn("unmaps", move |task| {
            // Data takes some steps to come.
            (0..seed % 60).for_each(|_| task.checkpoint());
            mach::vm_deallocate(&task.self_port(), Address(FREE), Size(PAGE)).unwrap();
        });
        cast.run();
        unmaps.join().unwrap();
        let (read, written) = (reads.join().unwrap(), writes.join().unwrap());
        assert!([Ok(1), Ok(2), Err(KernReturn::INVALID_ADDRESS)].contains(&read), "seed {seed}: {read:?}");
        assert!([Ok(()), Err(KernReturn::INVALID_ADDRESS)].contains(&written), "seed {seed}: {written:?}");
        let store = cast.store.clone();
        cast.end();
        assert_eq!(
            store.get("file", 0),
            if written.is_ok() { 2 } else { 1 },
            "seed {seed}: what is written comes back"
        );
        usize::from(read.is_ok()) + 2 * usize::from(written.is_ok())
    });
}

#[test]
fn a_fault_against_the_end_of_its_task() {
    in_many_orders(|world, seed| {
        let cast = Cast::new(world, seed, CopyStrategy::DELAY);
        let (reads, writes) = (cast.reads(), cast.writes(2));
        let (other, client) = (world.task("other"), cast.client.clone());
        let ends = other.spawn("ends", move |task| {
            (0..seed % 30).for_each(|_| task.checkpoint());
            client.terminate();
        });
        cast.run();
        ends.join().unwrap();
        let (read, written) = (reads.join(), writes.join());
        for it in [read.as_ref().err(), written.as_ref().err()].into_iter().flatten() {
            assert!(it.is::<Terminated>(), "seed {seed}");
        }
        let store = cast.store.clone();
        cast.end();
        if written.is_ok_and(|it| it.is_ok()) {
            assert_eq!(store.get("file", 0), 2, "seed {seed}: what was written came back");
        }
        usize::from(read.is_ok()) + 2 * usize::from(store.get("file", 0) == 2)
    });
}

#[test]
fn a_fault_against_the_end_of_its_manager() {
    in_many_orders(|world, seed| {
        let cast = Cast::new(world, seed, CopyStrategy::DELAY);
        let (reads, writes) = (cast.reads(), cast.writes(2));
        let (other, manager) = (world.task("other"), cast.manager.task.clone());
        let ends = other.spawn("ends", move |task| {
            (0..seed % 30).for_each(|_| task.checkpoint());
            manager.terminate();
        });
        cast.run();
        ends.join().unwrap();
        let (read, written) = (reads.join().unwrap(), writes.join().unwrap());
        assert!([Ok(1), Ok(2), Err(KernReturn::MEMORY_FAILURE)].contains(&read), "seed {seed}: {read:?}");
        assert!([Ok(()), Err(KernReturn::MEMORY_FAILURE)].contains(&written), "seed {seed}: {written:?}");
        let late = cast.reads();
        cast.run();
        assert_eq!(late.join().unwrap(), Err(KernReturn::MEMORY_FAILURE), "seed {seed}");
        cast.end();
        usize::from(read.is_ok()) + 2 * usize::from(written.is_ok())
    });
}

/// Whatever is flushed when, nothing that was written is lost.
#[test]
fn a_write_against_cleaning() {
    in_many_orders(|world, seed| {
        let cast = Cast::new(world, seed, CopyStrategy::DELAY).touched();
        cast.manager.heard();
        let writes = cast.writes(2);
        let file = cast.file.clone();
        let cleans = cast.manager.task.spawn("cleans", move |_| {
            let lock = if seed.is_multiple_of(2) { Protection::WRITE } else { Protection::NONE };
            let how = Clean { returned: MemoryObjectReturn::DIRTY, flush: seed % 3 != 0, lock, told: true };
            file.clean(0, 2 * PAGE, how);
        });
        cast.run();
        cleans.join().unwrap();
        assert_eq!(writes.join().unwrap(), Ok(()), "seed {seed}");
        let lines: Vec<String> = cast.manager.heard().iter().map(ToString::to_string).collect();
        assert_eq!(lines.iter().filter(|it| it.starts_with("lock_completed")).count(), 1, "seed {seed}: {lines:?}");
        let late = cast.reads();
        cast.run();
        assert_eq!(late.join().unwrap(), Ok(2), "seed {seed}: {lines:?}");
        let store = cast.store.clone();
        cast.end();
        assert_eq!(store.get("file", 0), 2, "seed {seed}");
        usize::from(lines.iter().any(|it| it.starts_with("data_return"))) * 2 + usize::from(lines.len() > 2)
    });
}

/// A copy is of one moment, and stays so.
fn against_a_copy(strategy: CopyStrategy, world: &World, seed: u64) -> usize {
    let cast = Cast::new(world, seed, strategy);
    let cast = if seed.is_multiple_of(2) { cast.touched() } else { cast };
    let writes = cast.writes(2);
    let copies = cast.client.spawn("copies", |task| {
        let data = mach::vm_read(&task.self_port(), Address(FREE), Size(2 * PAGE)).unwrap();
        let first = data.bytes().map(|it| (it[0], it[PAGE as usize - 1]));
        let file = write(&task, 0, 3);
        (first, file, data.bytes().map(|it| (it[0], it[2 * PAGE as usize - 1])))
    });
    cast.run();
    assert_eq!(writes.join().unwrap(), Ok(()), "seed {seed}");
    let (first, written, then) = copies.join().unwrap();
    let seen = first.unwrap();
    assert!(seen == (1, 1) || seen == (2, 2), "seed {seed}: {seen:?}");
    assert_eq!((written, then), (Ok(()), Ok((seen.0, 1))), "seed {seed}");
    cast.end();
    usize::from(seen.0)
}

#[test]
fn a_write_against_a_delayed_copy() {
    in_many_orders(|world, seed| against_a_copy(CopyStrategy::DELAY, world, seed));
}

#[test]
fn a_write_against_an_eager_copy() {
    in_many_orders(|world, seed| against_a_copy(CopyStrategy::NONE, world, seed));
}

#[test]
fn a_write_against_a_copy_of_the_manager() {
    in_many_orders(|world, seed| against_a_copy(CopyStrategy::CALL, world, seed));
}

#[test]
fn a_write_against_inheritance() {
    in_many_orders(|world, seed| {
        let cast = Cast::new(world, seed, CopyStrategy::DELAY);
        let writes = cast.client.spawn("writes", move |task| {
            (0..seed % 40).for_each(|_| task.checkpoint());
            write(&task, 0, 2)
        });
        let forks = cast.client.spawn("forks", |task| {
            let child = mach::task_create(&task.self_port(), true).unwrap();
            write(&task, 0, 3).unwrap();
            let data = mach::vm_read(&child, Address(FREE), Size(PAGE)).unwrap();
            data.bytes().map(|it| (it[0], it[PAGE as usize - 1]))
        });
        cast.run();
        assert_eq!(writes.join().unwrap(), Ok(()), "seed {seed}");
        let seen = forks.join().unwrap().unwrap();
        assert!(seen == (1, 1) || seen == (2, 2), "seed {seed}: {seen:?}");
        cast.end();
        usize::from(seen.0)
    });
}

/// The last mapping goes while another task maps the object: what was written is there, by the kernel or the manager.
#[test]
fn an_end_against_a_beginning() {
    in_many_orders(|world, seed| {
        let cast = Cast::new(world, seed, CopyStrategy::DELAY);
        let written = cast.writes(2);
        cast.run();
        assert_eq!(written.join().unwrap(), Ok(()));
        cast.manager.heard();
        let (other, file) = (world.task("other"), cast.file.clone());
        let right = cast.manager.give(&file, &other);
        let unmaps = cast.client.spawn("unmaps", |task| {
            mach::vm_deallocate(&task.self_port(), Address(FREE), Size(2 * PAGE)).unwrap();
        });
        let maps = other.spawn("maps", move |task| {
            map(&task, mapping(&right, FREE, 2)).unwrap();
            read(&task, 0)
        });
        cast.run();
        unmaps.join().unwrap();
        assert_eq!(maps.join().unwrap(), Ok(2), "seed {seed}");
        let again = cast.manager.heard().iter().any(|it| it.to_string().starts_with("init"));
        assert_eq!(cast.file.cached(), 1, "seed {seed}");
        cast.end();
        usize::from(again)
    });
}

/// Two threads of the manager supply the same page: one of them does.
#[test]
fn two_supplies_of_a_page() {
    in_many_orders(|world, seed| {
        let cast = Cast::new(world, seed, CopyStrategy::DELAY).touched();
        // The pages are gone again, and whoever wants one asks the manager, who is quick or slow.
        cast.file.clean(0, 2 * PAGE, Clean { flush: true, ..Clean::default() });
        cast.run();
        cast.manager.heard();
        let file = cast.file.clone();
        let supplies = cast.manager.task.spawn("supplies", move |_| {
            file.supply_with(0, &filled(&[7]), Protection::NONE, false, true).unwrap();
        });
        let reads = cast.reads();
        cast.run();
        supplies.join().unwrap();
        let seen = reads.join().unwrap();
        let told: Vec<String> = cast.manager.heard().iter().map(ToString::to_string).collect();
        let told = told.iter().find(|it| it.starts_with("supply_completed")).expect("it is told").contains("SUCCESS");
        assert_eq!(seen, Ok(if told { 7 } else { 1 }), "seed {seed}");
        cast.end();
        usize::from(told)
    });
}

/// A page is destroyed, supplied and asked for at once.
#[test]
fn a_fault_against_destruction() {
    in_many_orders(|world, seed| {
        let cast = Cast::new(world, seed, CopyStrategy::DELAY);
        let (reads, writes) = (cast.reads(), cast.writes(2));
        let file = cast.file.clone();
        let destroys = cast.manager.task.spawn("destroys", move |task| {
            while file.cached() == 0 {
                task.checkpoint();
            }
            (0..seed % 30).for_each(|_| task.checkpoint());
            file.destroy();
        });
        cast.run();
        destroys.join().unwrap();
        let (read, written) = (reads.join().unwrap(), writes.join().unwrap());
        assert!([Ok(1), Ok(2), Err(KernReturn::MEMORY_FAILURE)].contains(&read), "seed {seed}: {read:?}");
        assert!([Ok(()), Err(KernReturn::MEMORY_FAILURE)].contains(&written), "seed {seed}: {written:?}");
        cast.end();
        usize::from(read.is_ok()) + 2 * usize::from(written.is_ok())
    });
}

/// Whoever waits for data is aborted, or has it.
#[test]
fn a_fault_against_its_abortion() {
    in_many_orders(|world, seed| {
        let cast = Cast::new(world, seed, CopyStrategy::DELAY);
        let (me, host) = (cast.client.self_port(), world.kernel.host_priv_port(&cast.client));
        let wires = cast.client.spawn("wires", move |_| {
            generated::mach3::mach_host::gnumach_i386::vm_wire(&host, &me, Address(FREE), Size(PAGE), Protection::READ)
                .map_err(|it| it.to_kern())
        });
        let touches = cast.client.spawn("touches", |task| task.memory().read::<u8>(Address(FREE + PAGE)));
        let ports = [wires.port(), touches.port()];
        let aborts = cast.client.spawn("aborts", move |task| {
            (0..seed % 20).for_each(|_| task.checkpoint());
            ports.iter().for_each(|it| {
                let _ = mach::thread_abort(it);
            });
        });
        cast.run();
        aborts.join().unwrap();
        let wired = wires.join().unwrap();
        assert!([Ok(()), Err(KernReturn::ABORTED)].contains(&wired), "seed {seed}: {wired:?}");
        assert_eq!(touches.join().unwrap(), Ok(1), "seed {seed}");
        cast.end();
        usize::from(wired.is_ok())
    });
}

/// Whoever flushes a wired page waits until it is not wired any more; it is there for as long as it is wired.
#[test]
fn wiring_against_flushing() {
    use generated::mach3::mach_host::gnumach_i386::vm_wire;
    in_many_orders(|world, seed| {
        let cast = Cast::new(world, seed, CopyStrategy::DELAY).touched();
        cast.manager.heard();
        let (me, host) = (cast.client.self_port(), world.kernel.host_priv_port(&cast.client));
        let manager = cast.manager.shared();
        let wires = cast.client.spawn("wires", move |task| {
            (0..seed % 20).for_each(|_| task.checkpoint());
            vm_wire(&host, &me, Address(FREE), Size(PAGE), Protection::READ).unwrap();
            let asked = manager.requests();
            (0..10).for_each(|_| assert_eq!(read(&task, 0), Ok(1)));
            let same = manager.requests() == asked;
            vm_wire(&host, &me, Address(FREE), Size(PAGE), Protection::NONE).unwrap();
            same
        });
        let file = cast.file.clone();
        let cleans = cast.manager.task.spawn("cleans", move |_| {
            file.clean(0, PAGE, Clean { flush: true, ..Clean::default() });
        });
        cast.run();
        cleans.join().unwrap();
        assert!(wires.join().unwrap(), "seed {seed}: a wired page is not asked for again");
        let lines: Vec<String> = cast.manager.heard().iter().map(ToString::to_string).collect();
        assert_eq!(lines.iter().filter(|it| it.starts_with("lock_completed")).count(), 1, "seed {seed}: {lines:?}");
        cast.end();
        lines.len()
    });
}
