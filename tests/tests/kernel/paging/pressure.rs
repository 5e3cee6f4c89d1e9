//! A kernel with less memory than its programs use, and a default pager behind it.

use default_pager::{Compressed, OnDisk, Running};
use generated::mach3::default_pager::any as default_pager_calls;
use generated::mach3::mach::any as mach;
use mig_rt::{AbiId, Address, Inherit, Protection, ReceiveRight, SendRight, Size, flavored};
use runtime_kernel::{Config, Kernel, Order, Task};

use super::{PAGE, TYPED, at, page};
use crate::world::World;

/// Pages that the kernel has.
const LIMIT: u64 = 32;

/// A kernel with a limit, and its pager.
struct Pressed {
    world: World,
    running: Option<Running>,
}

impl Pressed {
    fn new(abi: AbiId, compressed: bool) -> Pressed {
        let config = Config { order: Order::Seeded(7), most_pages: Some(LIMIT), ..Config::default() };
        let world = World { kernel: Kernel::new(config) };
        let running = match compressed {
            true => default_pager::start(&world.kernel, abi, Compressed::new(1 << 22)),
            false => default_pager::start(&world.kernel, abi, OnDisk::temporary(1000).unwrap()),
        };
        Pressed { world, running: Some(running.unwrap()) }
    }

    /// Runs a program in a task of its own, with a right to the pager, and ends the task. Nothing may be left then.
    fn program<X: Send + 'static>(
        self,
        abi: AbiId,
        program: impl FnOnce(&Task, &SendRight<Task>) -> X + Send + 'static,
    ) -> (X, default_pager::Figures) {
        let kernel = &self.world.kernel;
        let task = kernel.task("program", abi);
        let host = kernel.host_priv_port(&task);
        let thread = task.spawn("program", move |task| {
            let asked = AbiId::GnumachX8664;
            let to_pager = mach::vm_set_default_memory_manager(asked, &host, &ReceiveRight::null(&task)).unwrap();
            program(&task, &to_pager)
        });
        assert_eq!(kernel.run(), ["default pager"]);
        let result = thread.join().unwrap();
        let figures = self.running.as_ref().unwrap().watch.figures();
        task.terminate();
        self.end();
        (result, figures)
    }

    fn end(mut self) {
        let kernel = &self.world.kernel;
        assert_eq!(kernel.run(), ["default pager"]);
        kernel.check().unwrap();
        let Running { task, thread, watch } = self.running.take().unwrap();
        let left = watch.figures();
        assert_eq!((left.objects, left.pages, left.pages_lost), (0, 0, 0), "{left:?}");
        assert_eq!(left.space.free, left.space.total);
        task.terminate();
        kernel.run();
        assert!(thread.join().is_err());
    }
}

fn allocate(task: &Task, pages: u64) -> Address {
    let abi = AbiId::GnumachX8664;
    mach::vm_allocate(abi, &task.self_port(), Address(0), Size(pages * PAGE as u64), true).unwrap()
}

fn plus(address: Address, pages: u64) -> Address {
    Address(address.0 + at(pages).0)
}

/// Ten times as much as there is.
#[test]
fn more_memory_than_there_is() {
    for (number, abi) in TYPED.into_iter().enumerate() {
        let ((), figures) = Pressed::new(abi, number == 0).program(AbiId::ALL[number + 2], |task, _| {
            let start = allocate(task, 10 * LIMIT);
            for round in 0..2 {
                for it in 0..10 * LIMIT {
                    task.memory().write_bytes(plus(start, it), &page(it as u8 ^ round)).unwrap();
                }
                for it in 0..10 * LIMIT {
                    assert_eq!(task.memory().read_bytes(plus(start, it), PAGE).unwrap(), page(it as u8 ^ round));
                }
            }
        });
        assert!(figures.pages_out > 18 * LIMIT && figures.pages_in > 25 * LIMIT, "{figures:?}");
        assert!(figures.pages_init < 10 * LIMIT + 1, "a page is new once: {figures:?}");
    }
}

/// What is only read goes without being written again.
#[test]
fn pages_that_have_not_changed_are_not_returned_twice() {
    let ((), figures) = Pressed::new(AbiId::GnumachX8664, false).program(AbiId::DarwinLp64, |task, _| {
        let start = allocate(task, 3 * LIMIT);
        (0..3 * LIMIT).for_each(|it| task.memory().write(plus(start, it), it as u32).unwrap());
        for _ in 0..5 {
            (0..3 * LIMIT).for_each(|it| assert_eq!(task.memory().read::<u32>(plus(start, it)), Ok(it as u32)));
        }
    });
    assert!(figures.pages_out <= 4 * LIMIT && figures.pages_in > 8 * LIMIT, "{figures:?}");
}

/// Memory of the pager that two tasks map: both see one memory, however often it goes.
#[test]
fn memory_of_the_pager_is_shared() {
    let ((), figures) = Pressed::new(AbiId::GnumachI386, true).program(AbiId::GnumachI386, |task, to_pager| {
        let (abi, size) = (AbiId::GnumachI386, Size(2 * LIMIT * PAGE as u64));
        let object = default_pager_calls::default_pager_object_create(abi, to_pager, size).unwrap();
        let [first, second] = [(); 2].map(|()| map(task, &object, size));
        for it in 0..2 * LIMIT {
            task.memory().write_bytes(plus(first, it), &page(it as u8)).unwrap();
        }
        for it in 0..2 * LIMIT {
            assert_eq!(task.memory().read_bytes(plus(second, it), PAGE).unwrap(), page(it as u8));
        }
        for start in [first, second] {
            mach::vm_deallocate(abi, &task.self_port(), start, size).unwrap();
        }
        // Nobody has it mapped, and it stays, since the right does.
        let third = map(task, &object, size);
        for it in 0..2 * LIMIT {
            assert_eq!(task.memory().read_bytes(plus(third, it), PAGE).unwrap(), page(it as u8));
        }
    });
    assert!(figures.pages_in > 2 * LIMIT);
}

fn map(task: &Task, object: &SendRight<Task>, size: Size) -> Address {
    let (zero, all) = (Address(0), Protection::DEFAULT);
    let (abi, own) = (AbiId::GnumachX8664, task.self_port());
    mach::vm_map(abi, &own, zero, size, zero, true, object, zero, false, all, all, Inherit::COPY).unwrap()
}

/// A copy of the pager's memory is of the moment when it was made: also of pages that had changed before.
#[test]
fn copies_of_managed_memory_keep_pages_that_were_changed_before() {
    Pressed::new(AbiId::GnumachX8664, true).program(AbiId::GnumachX8664, |task, to_pager| {
        let (abi, size) = (AbiId::GnumachX8664, Size(4 * PAGE as u64));
        let object = default_pager_calls::default_pager_object_create(abi, to_pager, size).unwrap();
        let (start, own) = (map(task, &object, size), task.self_port());
        let mut copies = Vec::new();
        for round in 1..=4_u32 {
            (0..4).for_each(|it| task.memory().write(plus(start, it), round * 10 + it as u32).unwrap());
            let copy = allocate(task, 4);
            mach::vm_copy(abi, &own, start, size, copy).unwrap();
            copies.push((copy, round));
        }
        (0..4).for_each(|it| task.memory().write(plus(start, it), 0_u32).unwrap());
        for (copy, round) in copies {
            let seen = [0, 1, 2, 3].map(|it| task.memory().read::<u32>(plus(copy, it)).unwrap());
            assert_eq!(seen, [0, 1, 2, 3].map(|it| round * 10 + it));
        }
    });
}

/// Copies of memory that is partly away, and of which both sides change.
#[test]
fn copies_find_what_is_away() {
    Pressed::new(AbiId::GnumachX8664, false).program(AbiId::DarwinIlp32, |task, _| {
        let (abi, own) = (AbiId::GnumachX8664, task.self_port());
        let (pages, size) = (3 * LIMIT, Size(3 * LIMIT * PAGE as u64));
        let start = allocate(task, pages);
        (0..pages).for_each(|it| task.memory().write(plus(start, it), it as u32).unwrap());
        let copies: Vec<Address> = (0..4).map(|_| allocate(task, pages)).collect();
        for (number, copy) in copies.iter().enumerate() {
            mach::vm_copy(abi, &own, start, size, *copy).unwrap();
            (0..pages).for_each(|it| task.memory().write(plus(start, it), (number * 1000) as u32 + it as u32).unwrap());
        }
        for (number, copy) in copies.iter().enumerate() {
            let round = (number.saturating_sub(1) * 1000) as u32;
            (0..pages).for_each(|it| {
                assert_eq!(task.memory().read::<u32>(plus(*copy, it)).unwrap(), round + it as u32, "copy {number}");
            });
        }
    });
}

/// A task counts the pages that it had to wait for.
#[test]
fn pages_that_are_waited_for_are_counted() {
    use generated::mach3::types::TaskEventsInfo;
    let (events, figures) = Pressed::new(AbiId::GnumachX8664, false).program(AbiId::GnumachX8664, |task, _| {
        let start = allocate(task, 4 * LIMIT);
        (0..4 * LIMIT).for_each(|it| task.memory().write(plus(start, it), it as u32).unwrap());
        (0..4 * LIMIT).for_each(|it| assert_eq!(task.memory().read::<u32>(plus(start, it)), Ok(it as u32)));
        let (abi, own) = (AbiId::GnumachX8664, task.self_port());
        flavored::<TaskEventsInfo>(abi, |flavor, room| mach::task_info(abi, &own, flavor, room)).unwrap()
    });
    assert!(events.zero_fills >= 4 * LIMIT && events.pageins > 2 * LIMIT, "{events:?}");
    assert!(events.pageins <= figures.pages_in, "{events:?} {figures:?}");
}

/// Whether some of the pages of a region are paged out, as it is told of the region and of each of them.
fn away(abi: AbiId, own: &SendRight<Task>, start: Address) -> bool {
    use generated::darwin::mach_vm::any as mach_vm;
    use generated::darwin::types::VmRegionExtendedInfo;
    let mut size = Size(0);
    let told: VmRegionExtendedInfo = flavored(abi, |flavor, room| {
        let out = mach_vm::mach_vm_region(abi, own, start, flavor, room)?;
        size = out.size;
        Ok(out.info)
    })
    .unwrap();
    assert_eq!(told.external_pager, 0);
    let page = |it| mach_vm::mach_vm_page_query(abi, own, plus(start, it)).unwrap().disposition;
    let pages: Vec<i32> = (0..size.0 / PAGE as u64).map(page).collect();
    assert!(pages.iter().all(|it| [0, 0xd, 0x10].contains(it)), "{pages:?}");
    let out = pages.iter().filter(|it| **it == 0x10).count() as u32;
    assert_eq!((out, pages.len() as u32), (told.pages_swapped_out, told.pages_swapped_out + told.pages_resident));
    out > 0
}

/// Volatile memory goes wherever it is, and what the pager has of it too.
#[test]
fn volatile_memory_goes_from_the_pager() {
    use generated::darwin::mach_vm::any as mach_vm;
    use generated::darwin::types::{VM_FLAGS_ANYWHERE, VM_FLAGS_PURGABLE, VmPurgable};
    let (zeros, figures) = Pressed::new(AbiId::GnumachX8664, true).program(AbiId::DarwinLp64, |task, _| {
        let (abi, own, size) = (AbiId::DarwinLp64, task.self_port(), Size(3 * LIMIT * PAGE as u64));
        let flags = VM_FLAGS_ANYWHERE | VM_FLAGS_PURGABLE;
        let start = mach_vm::mach_vm_allocate(abi, &own, Address(0), size, flags).unwrap();
        (0..3 * LIMIT).for_each(|it| task.memory().write(plus(start, it), 7u32).unwrap());
        let control = |what, state| mach_vm::mach_vm_purgable_control(abi, &own, start, what, state).unwrap();
        assert_eq!(control(VmPurgable::SET_STATE, 1), 0);
        assert!(away(abi, &own, start), "some pages are the pager's");
        assert_eq!(task.memory().read::<u32>(plus(start, 1)), Ok(7), "nobody has asked for it");
        control(VmPurgable::PURGE_ALL, 0);
        assert_eq!(control(VmPurgable::SET_STATE, 0), 2);
        (0..3 * LIMIT).filter(|it| task.memory().read::<u32>(plus(start, *it)) == Ok(0)).count() as u64
    });
    assert_eq!(zeros, 3 * LIMIT);
    assert!(figures.pages_out > 0, "{figures:?}");
}
