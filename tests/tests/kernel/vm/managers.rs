//! Memory that managers supply: what the kernel asks of them, what they may ask of it, and what programs see of both.

mod asked;
mod at_once;
mod attributes;
mod begin;
mod copies;
mod darwin;
mod data;
mod desk;
mod dice;
mod ends;
mod forms;
mod hostile;
mod liar;
mod locks;
mod manager;
mod object;
mod races;
mod seen;
mod store;
mod told;
mod wiring;

use std::sync::Arc;

use generated::mach3::mach::any as mach;
use mig_rt::{AbiId, Address, Inherit, KernReturn, Protection, SendRight};
use runtime_kernel::{Task, Thread};

use super::forms::Mapping;
use super::{Calls, FREE, Form, PAGE};
use crate::world::World;
use manager::Manager;
use object::Object;

/// ABIs that a manager may have.
const TYPED: [AbiId; 3] = [AbiId::GnumachI386, AbiId::GnumachX8664, AbiId::GnumachX8664v2022];

/// A manager, and a task that maps its objects. Threads run one at a time, and only while somebody waits for them.
struct Scene {
    manager: Manager,
    client: Task,
    world: World,
    /// A thread waits in the middle of a message: what it has taken of that is not counted.
    sends: bool,
}

impl Scene {
    fn new() -> Scene {
        Scene::of(AbiId::GnumachI386, 1)
    }

    fn of(abi: AbiId, seed: u64) -> Scene {
        let world = World::seeded(seed);
        let [manager, client] = ["manager", "client"].map(|name| world.kernel.task(name, abi));
        Scene { manager: Manager::new(manager), client, world, sends: false }
    }

    /// With an object that is mapped, and a manager that is ready.
    fn ready(strategy: generated::mach3::types::CopyStrategy) -> (Scene, Arc<Object>) {
        let mut scene = Scene::new();
        scene.manager.is_ready(false, strategy);
        let file = scene.manager.object("file");
        scene.map(&file);
        scene.settle();
        assert_eq!(scene.lines(), ["init file 4096"]);
        (scene, file)
    }

    /// Maps the first pages of an object at the usual place.
    fn map(&self, object: &Object) {
        self.map_at(object, FREE, 8);
    }

    fn map_at(&self, object: &Object, at: u64, pages: u64) {
        let right = self.manager.give(object, &self.client);
        map(&self.client, mapping(&right, at, pages)).unwrap();
    }

    fn unmap(&self, at: u64, pages: u64) {
        let size = mig_rt::Size(pages * PAGE);
        mach::vm_deallocate(self.client.abi(), &self.client.self_port(), Address(at), size).unwrap();
    }

    /// Lets everybody do what can be done. The names of the threads that wait then.
    fn settle(&mut self) -> Vec<String> {
        loop {
            let waiting = self.world.kernel.run();
            if !self.sends {
                assert_eq!(self.world.kernel.check(), Ok(()), "while {waiting:?} wait");
            }
            if !self.manager.serve() {
                return waiting;
            }
        }
    }

    /// What the manager has heard since somebody looked last.
    fn lines(&self) -> Vec<String> {
        self.manager.heard().iter().map(ToString::to_string).collect()
    }

    /// A thread that reads the first byte of a page.
    fn reads(&self, page: u64) -> Thread<Result<u8, KernReturn>> {
        self.client.spawn("reads", move |task| read(&task, page))
    }

    /// A thread that fills a page.
    fn writes(&self, page: u64, byte: u8) -> Thread<Result<(), KernReturn>> {
        self.client.spawn("writes", move |task| write(&task, page, byte))
    }

    /// A thread that makes a call, or a few.
    fn calls<X: Send + 'static>(&self, call: impl FnOnce(Task) -> X + Send + 'static) -> Thread<X> {
        self.client.spawn("calls", call)
    }

    /// What a thread has come to, that nothing keeps.
    fn done<X>(&mut self, thread: Thread<X>) -> X {
        assert_eq!(self.settle(), Vec::<String>::new());
        thread.join().unwrap()
    }
}

/// Nothing is left of a manager and of those who had its memory.
impl Drop for Scene {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        self.client.terminate();
        self.settle();
        self.manager.task.terminate();
        self.settle();
        assert_eq!(self.world.kernel.check(), Ok(()));
        assert_eq!(self.world.kernel.census().pages, 0, "pages of no task");
    }
}

/// A page counted from the usual place; those before it have very high numbers.
fn place(page: u64) -> Address {
    Address(FREE.wrapping_add(page.wrapping_mul(PAGE)))
}

/// The first byte of a page at the usual place, for those who only look.
fn read(task: &Task, page: u64) -> Result<u8, KernReturn> {
    task.read(place(page), 1).map(|it| it[0])
}

/// Fills a page at the usual place.
fn write(task: &Task, page: u64, byte: u8) -> Result<(), KernReturn> {
    task.write(place(page), &[byte; PAGE as usize])
}

/// All of an object from its start.
fn mapping(object: &SendRight<Task>, at: u64, pages: u64) -> Mapping<'_> {
    Mapping {
        at,
        size: pages * PAGE,
        mask: 0,
        anywhere: false,
        object,
        offset: 0,
        copy: false,
        protection: Protection::DEFAULT,
        maximum: Protection::ALL,
        inheritance: Inherit::COPY,
    }
}

fn map(task: &Task, it: Mapping<'_>) -> mig_rt::Result<u64> {
    calls(task).map(&task.self_port(), it)
}

/// The calls on memory of a task, by the first names that they have in its ABI.
fn calls(task: &Task) -> Calls {
    let abi = task.abi();
    let form = if TYPED.contains(&abi) { Form::Mach3 } else { Form::MachVm };
    Calls { abi, form }
}
