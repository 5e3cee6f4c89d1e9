//! A census finds what is wrong: here somebody spoils the books.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use mig_rt::{AbiId, PortName, RightKind, Transport};

use crate::effect::Scope;
use crate::ipc::port::Port;
use crate::ipc::right::SendRef;
use crate::{Kernel, Task};

struct World {
    kernel: Kernel,
    task: Task,
    name: PortName,
    port: Arc<Port>,
}

impl World {
    fn new() -> World {
        let kernel = Kernel::default();
        let task = kernel.task("task", AbiId::GnumachI386);
        let name = task.make_port().expect("there is room");
        let port = task.0.space.receiving(name).expect("it was made just now");
        assert_eq!(kernel.check(), Ok(()));
        World { kernel, task, name, port }
    }

    fn finds(&self, what: &str) {
        let found = self.kernel.check().expect_err("something is wrong");
        assert!(found.contains(what), "{found}");
    }
}

#[test]
fn a_right_that_is_counted_and_nowhere() {
    let world = World::new();
    let forgotten = SendRef::make(&world.port);
    world.finds("1 send rights are counted, and 0 found: []");
    let scope = Scope::open();
    drop(forgotten);
    world.finds("1 effects have not been done");
    drop(scope);
    world.port.send_onces.fetch_add(1, Relaxed);
    world.finds("1 send-once rights are counted, and 0 found: []");
}

#[test]
fn a_port_that_thinks_it_is_elsewhere() {
    let world = World::new();
    world.port.set_home(Some((7, PortName(7))));
    world.finds("thinks it is elsewhere");
}

#[test]
fn a_request_on_one_side_only() {
    let world = World::new();
    world.task.0.space.lock().get(world.name).expect("it was made just now").armed = true;
    world.finds("has a request that its port does not know");
}

#[test]
fn members_on_one_side_only() {
    let world = World::new();
    let space = &world.task.0.space;
    let set = space.allocate(RightKind::PORT_SET).expect("there is room");
    let set = space.set(set).expect("it was made just now");
    set.lock().members.insert(world.port.id, world.port.clone());
    world.finds("is not where it is a member");
    set.lock().members.clear();
    set.lock().ready.push_back(world.port.clone());
    world.finds("is listed and is no member");
}

#[cfg(debug_assertions)]
#[test]
fn a_port_that_nothing_reaches() {
    let world = World::new();
    let entry = world.task.0.space.lock().remove(world.name);
    world.finds("live, and nothing reaches them");
    let _scope = Scope::open();
    entry.into_iter().for_each(crate::ipc::space_give::Dropped::release);
}
