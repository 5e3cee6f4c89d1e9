//! Ports that tasks and threads carry, and how they find themselves.

use generated::darwin::task::any as darwin_task;
use generated::darwin::thread_act::any as darwin_thread;
use generated::mach3::mach::any as mach3_any;
use generated::{darwin, mach3};
use mig_rt::{PortName, ReceiveRight, Result, RightKind, SendRight};
use runtime_kernel::{Resource, Task};

use super::{Side, each};
use crate::world::type_of;

/// The calls of both sets.
impl Side {
    pub(crate) fn mach_ports_register(&self, task: &SendRight<Task>, ports: &[SendRight<Task>]) -> Result<()> {
        if self.is_typed() {
            mach3_any::mach_ports_register(self.abi, task, ports)
        } else {
            darwin_task::mach_ports_register(self.abi, task, ports)
        }
    }

    pub(crate) fn mach_ports_lookup(&self, task: &SendRight<Task>) -> Result<Vec<SendRight<Task>>> {
        if self.is_typed() {
            mach3_any::mach_ports_lookup(self.abi, task).map(Iterator::collect)
        } else {
            darwin_task::mach_ports_lookup(self.abi, task).map(Iterator::collect)
        }
    }

    pub(crate) fn task_get_special_port(&self, task: &SendRight<Task>, which: i32) -> Result<SendRight<Task>> {
        if self.is_typed() {
            mach3_any::task_get_special_port(self.abi, task, which)
        } else {
            darwin_task::task_get_special_port(self.abi, task, which)
        }
    }

    pub(crate) fn task_set_special_port(
        &self,
        task: &SendRight<Task>,
        which: i32,
        port: &SendRight<Task>,
    ) -> Result<()> {
        if self.is_typed() {
            mach3_any::task_set_special_port(self.abi, task, which, port)
        } else {
            darwin_task::task_set_special_port(self.abi, task, which, port)
        }
    }

    fn thread_get_special_port(&self, thread: &SendRight<Task>, which: i32) -> Result<SendRight<Task>> {
        if self.is_typed() {
            mach3_any::thread_get_special_port(self.abi, thread, which)
        } else {
            darwin_thread::thread_get_special_port(self.abi, thread, which)
        }
    }

    fn thread_set_special_port(&self, thread: &SendRight<Task>, which: i32, port: &SendRight<Task>) -> Result<()> {
        if self.is_typed() {
            mach3_any::thread_set_special_port(self.abi, thread, which, port)
        } else {
            darwin_thread::thread_set_special_port(self.abi, thread, which, port)
        }
    }

    /// Special ports of tasks that a program can set, and how many ports a task hands on.
    fn numbers(&self) -> (&'static [i32], usize) {
        if self.is_typed() {
            (&[1, 2, 3, 4], mach3::types::TASK_PORT_REGISTER_MAX as usize)
        } else {
            (&[1, 2, 4], darwin::types::TASK_PORT_REGISTER_MAX as usize)
        }
    }

    /// A port with a send right, both owned by values.
    pub(super) fn owned(&self) -> (ReceiveRight<Task>, SendRight<Task>) {
        let port = ReceiveRight::new(&self.task).unwrap();
        let send = self.task.make_send(&port).unwrap();
        (port, send)
    }
}

#[test]
fn registered_ports() {
    each(|side| {
        let (me, most) = (&side.me, side.numbers().1);
        let (port, send) = side.owned();
        let copies = |count| (0..count).map(|_| send.try_clone().unwrap()).collect::<Vec<_>>();
        let told = covers!("mach_ports_lookup", "KERN_SUCCESS", side.mach_ports_lookup(me)).unwrap();
        assert!(told.len() == most && told.iter().all(|it| it.name() == PortName::NULL));
        for count in [most, 1, 0] {
            let register = side.mach_ports_register(me, &copies(count));
            covers!("mach_ports_register", "KERN_SUCCESS", register);
            let told = covers!("mach_ports_lookup", "KERN_SUCCESS", side.mach_ports_lookup(me)).unwrap();
            let there = told.iter().filter(|it| it.name() == send.name()).count();
            assert_eq!((told.len(), there), (most, count));
        }
        let more = side.mach_ports_register(me, &copies(most + 1));
        covers!("mach_ports_register", "KERN_INVALID_ARGUMENT", more);
        let elsewhere = side.mach_ports_register(&side.host, &[]);
        covers!("mach_ports_register", "KERN_INVALID_ARGUMENT", elsewhere);
        covers!("mach_ports_lookup", "KERN_INVALID_ARGUMENT", side.mach_ports_lookup(&side.host));
        let short = side.without(Resource::Objects, || side.mach_ports_lookup(me));
        covers!("mach_ports_lookup", "KERN_RESOURCE_SHORTAGE", short);
        // What is registered counts as a right, and dies with its port.
        side.mach_ports_register(me, &copies(1)).unwrap();
        drop(port);
        assert_eq!(side.mach_ports_lookup(me).unwrap()[0].name(), PortName::DEAD);
        side.mach_ports_register(me, &[]).unwrap();
    });
}

#[test]
fn special_ports_of_tasks() {
    each(|side| {
        let me = &side.me;
        let (port, send) = side.owned();
        for which in side.numbers().0 {
            let before = covers!("task_get_special_port", "KERN_SUCCESS", side.task_get_special_port(me, *which));
            let before = before.unwrap();
            let set = |port| side.task_set_special_port(me, *which, port);
            covers!("task_set_special_port", "KERN_SUCCESS", set(&send));
            let now = side.task_get_special_port(me, *which).unwrap();
            assert_eq!(now.name(), send.name());
            covers!("task_set_special_port", "KERN_SUCCESS", set(&before));
        }
        for which in [0, 7, -1] {
            let got = side.task_get_special_port(me, which);
            covers!("task_get_special_port", "KERN_INVALID_ARGUMENT", got);
            covers!("task_set_special_port", "KERN_INVALID_ARGUMENT", side.task_set_special_port(me, which, &send));
        }
        let elsewhere = side.task_get_special_port(&side.host, 1);
        covers!("task_get_special_port", "KERN_INVALID_ARGUMENT", elsewhere);
        let elsewhere = side.task_set_special_port(&side.host, 1, &send);
        covers!("task_set_special_port", "KERN_INVALID_ARGUMENT", elsewhere);
        drop(port);
    });
}

/// Whoever asks for the task's port gets what stands in its place; the port itself goes on as before.
#[test]
fn a_debugger_can_stand_between() {
    each(|side| {
        let me = &side.me;
        let (port, send) = side.owned();
        side.task_set_special_port(me, 1, &send).unwrap();
        let shown = side.task.self_port();
        covers!("mach_task_self", "KERN_SUCCESS");
        assert_eq!(shown.name(), send.name());
        assert_eq!(side.mach_port_type(me, send.name()), Ok(0x3_0000));
        side.task_set_special_port(me, 1, &SendRight::null(&side.task)).unwrap();
        assert_eq!(side.task.self_port().name(), PortName::NULL);
        side.task_set_special_port(me, 1, &send).unwrap();
        drop(port);
        assert_eq!(side.task.self_port().name(), PortName::DEAD);
        side.task_set_special_port(me, 1, me).unwrap();
        assert_eq!(side.task.self_port().name(), me.name());
    });
}

#[test]
fn special_ports_of_threads() {
    each(|side| {
        let (port, send) = side.owned();
        // This thread was started by no task.
        assert_eq!(side.task.thread_port().name(), PortName::NULL);
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let worker = side.task.spawn("worker", move |task| {
            wait.recv().unwrap();
            task.thread_port().into_raw()
        });
        let thread = worker.port();
        let numbers: &[i32] = if side.is_typed() { &[2, 3, 1] } else { &[1] };
        for which in numbers {
            let before = side.thread_get_special_port(&thread, *which);
            let before = covers!("thread_get_special_port", "KERN_SUCCESS", before).unwrap();
            assert_eq!(before.name(), if *which == 1 { thread.name() } else { PortName::NULL });
            let set = side.thread_set_special_port(&thread, *which, &send);
            covers!("thread_set_special_port", "KERN_SUCCESS", set);
            assert_eq!(side.thread_get_special_port(&thread, *which).unwrap().name(), send.name());
        }
        for (port, which) in [(&thread, 0), (&thread, 4), (&thread, -1), (&side.host, 1), (&side.me, 1)] {
            let got = side.thread_get_special_port(port, which);
            covers!("thread_get_special_port", "KERN_INVALID_ARGUMENT", got);
            let set = side.thread_set_special_port(port, which, &send);
            covers!("thread_set_special_port", "KERN_INVALID_ARGUMENT", set);
        }
        // What the thread calls itself by is what was put in that place.
        go.send(()).unwrap();
        covers!("mach_thread_self", "KERN_SUCCESS");
        let own = worker.join().unwrap();
        assert_eq!(own, send.name());
        side.mach_port_deallocate(&side.me, own).unwrap();
        drop(port);
    });
}

#[test]
fn a_thread_has_a_port_until_it_ends() {
    each(|side| {
        let own = side.task.spawn("worker", |task| {
            let port = task.thread_port();
            (port.name(), type_of(&task, port.into_raw()))
        });
        let (name, bits) = own.join().unwrap();
        covers!("mach_thread_self", "KERN_SUCCESS");
        assert_eq!(bits, 0x1_0000);
        assert_eq!(type_of(&side.task, name), 0x10_0000);
        side.destroy(&[name]);
    });
}

#[test]
fn what_the_traps_give() {
    each(|side| {
        let reply = side.task.mach_reply_port();
        covers!("mach_reply_port", "KERN_SUCCESS");
        assert_eq!(type_of(&side.task, reply.name()), 0x2_0000);
        let none = side.without(Resource::Names, || side.task.mach_reply_port());
        covers!("mach_reply_port", "MACH_PORT_NULL");
        assert_eq!(none.name(), PortName::NULL);
        // One reference for each call.
        let (one, two) = (side.task.self_port(), side.task.host_port());
        covers!("mach_task_self", "KERN_SUCCESS");
        covers!("mach_host_self", "KERN_SUCCESS");
        assert_eq!((one.name(), two.name()), (side.me.name(), side.host.name()));
        for name in [one.name(), two.name()] {
            assert_eq!(side.mach_port_get_refs(&side.me, name, RightKind::SEND), Ok(2));
        }
    });
}
