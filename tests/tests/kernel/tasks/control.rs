//! Making, stopping and ending tasks and threads.

use mig_rt::{AbiId, Disposition, KernReturn, MsgReturn, Operation, ReceiveRight, SendRight, Transport};
use runtime_kernel::{Resource, Terminated};

use super::Calls;
use crate::covers::Outcome;
use crate::ports::each;
use crate::world::{Simple, World, give, poll, port, wait};

#[test]
fn tasks_are_made_and_ended() {
    each(|side| {
        let calls = Calls(side.abi);
        let child = covers!("task_create", "KERN_SUCCESS", calls.task_create(&side.me, false)).unwrap();
        covers!("task_create", "KERN_INVALID_ARGUMENT", calls.task_create(&side.host, false));
        let short = side.without(Resource::Objects, || calls.task_create(&side.me, false));
        covers!("task_create", "KERN_RESOURCE_SHORTAGE", short);
        covers!("task_threads", "KERN_SUCCESS", calls.task_threads(&child)).unwrap();
        covers!("task_terminate", "KERN_SUCCESS", calls.task_terminate(&child));
        covers!("task_terminate", "KERN_INVALID_ARGUMENT", calls.task_terminate(&side.host));
        assert_eq!(calls.task_terminate(&child).code(), "MACH_SEND_INVALID_DEST");
    });
}

/// A child has its parent's ports but for its own, and a copy of its memory if that is asked for.
#[test]
fn what_a_child_inherits() {
    each(|side| {
        let calls = Calls(side.abi);
        let receive = ReceiveRight::new(&side.task).unwrap();
        let send = side.task.make_send(&receive).unwrap();
        side.task_set_special_port(&side.me, 4, &send).unwrap();
        side.mach_ports_register(&side.me, &[send.try_clone().unwrap()]).unwrap();
        let memory = side.task.allocate(6000, &mut |it| it.fill(7)).unwrap();
        for inherits in [true, false] {
            let child = calls.task_create(&side.me, inherits).unwrap();
            assert_eq!(side.task_get_special_port(&child, 4).unwrap(), send);
            assert_eq!(side.mach_ports_lookup(&child).unwrap()[0], send);
            assert_ne!(child, side.task_get_special_port(&side.me, 1).unwrap());
            let thread = calls.thread_create(&child).unwrap();
            let at = memory.address();
            let reading = side.task.start(&thread, move |task| {
                let bytes = task.read(at, 6000);
                // What a child writes, the parent does not see.
                let _ = task.write(at, &[8]);
                bytes.is_ok_and(|it| it == [7; 6000])
            });
            calls.thread_resume(&thread).unwrap();
            assert_eq!(reading.unwrap().join().unwrap(), inherits);
            assert_eq!(side.task.read(at, 1), Ok(vec![7]));
            calls.task_terminate(&child).unwrap();
        }
        side.mach_ports_register(&side.me, &[]).unwrap();
        side.task_set_special_port(&side.me, 4, &SendRight::null(&side.task)).unwrap();
    });
}

#[test]
fn counts_of_suspensions() {
    each(|side| {
        let calls = Calls(side.abi);
        let child = calls.task_create(&side.me, false).unwrap();
        covers!("task_resume", "KERN_FAILURE", calls.task_resume(&child));
        for _ in 0..2 {
            covers!("task_suspend", "KERN_SUCCESS", calls.task_suspend(&child));
        }
        for _ in 0..2 {
            covers!("task_resume", "KERN_SUCCESS", calls.task_resume(&child));
        }
        covers!("task_resume", "KERN_FAILURE", calls.task_resume(&child));
        covers!("task_suspend", "KERN_INVALID_ARGUMENT", calls.task_suspend(&side.host));
        covers!("task_resume", "KERN_INVALID_ARGUMENT", calls.task_resume(&side.host));

        let thread = covers!("thread_create", "KERN_SUCCESS", calls.thread_create(&child)).unwrap();
        covers!("thread_create", "KERN_INVALID_ARGUMENT", calls.thread_create(&side.host));
        let short = side.without(Resource::Objects, || calls.thread_create(&child));
        covers!("thread_create", "KERN_RESOURCE_SHORTAGE", short);
        covers!("thread_suspend", "KERN_SUCCESS", calls.thread_suspend(&thread));
        for _ in 0..2 {
            covers!("thread_resume", "KERN_SUCCESS", calls.thread_resume(&thread));
        }
        covers!("thread_resume", "KERN_FAILURE", calls.thread_resume(&thread));
        covers!("thread_suspend", "KERN_INVALID_ARGUMENT", calls.thread_suspend(&side.host));
        covers!("thread_resume", "KERN_INVALID_ARGUMENT", calls.thread_resume(&side.host));

        let threads = calls.task_threads(&child).unwrap();
        assert!(threads.len() == 1 && threads[0] == thread);
        covers!("task_threads", "KERN_INVALID_ARGUMENT", calls.task_threads(&side.host));
        let short = side.without(Resource::Objects, || calls.task_threads(&child));
        covers!("task_threads", "KERN_RESOURCE_SHORTAGE", short);
        covers!("thread_terminate", "KERN_SUCCESS", calls.thread_terminate(&thread));
        covers!("thread_terminate", "KERN_INVALID_ARGUMENT", calls.thread_terminate(&side.host));
        assert!(calls.task_threads(&child).unwrap().is_empty());
        calls.task_terminate(&child).unwrap();
    });
}

/// A thread has one program, which begins when nothing suspends the thread, and never if it has been ended before.
#[test]
fn programs_of_threads() {
    each(|side| {
        let calls = Calls(side.abi);
        let thread = calls.thread_create(&side.me).unwrap();
        calls.task_suspend(&side.me).unwrap();
        calls.thread_resume(&thread).unwrap();
        let program = side.task.start(&thread, |task| task.name().to_owned()).unwrap();
        assert_eq!(side.task.start(&thread, |_| ()).err(), Some(KernReturn::FAILURE));
        assert_eq!(side.task.start(&side.me, |_| ()).err(), Some(KernReturn::INVALID_ARGUMENT));
        calls.task_resume(&side.me).unwrap();
        assert_eq!(program.join().unwrap(), "task");
        assert!(calls.thread_resume(&thread).is_err());

        let thread = calls.thread_create(&side.me).unwrap();
        let program = side.task.start(&thread, |_| ()).unwrap();
        calls.thread_terminate(&thread).unwrap();
        assert!(program.join().unwrap_err().is::<Terminated>());
    });
}

/// A thread that suspends itself does not come back before it is resumed, one that ends itself or its task never does.
#[test]
fn a_thread_acts_on_itself() {
    for abi in AbiId::ALL {
        let (world, calls) = (World::seeded(1), Calls(abi));
        let (task, other) = (world.kernel.task("task", abi), world.kernel.task("other", abi));
        let suspended = task.spawn("suspends itself", move |task| {
            calls.thread_suspend(&task.thread_port()).unwrap();
            calls.task_suspend(&task.self_port()).unwrap();
        });
        let ended = task.spawn("ends itself", move |task| calls.thread_terminate(&task.thread_port()));
        let gone = other.spawn("ends its task", move |task| calls.task_terminate(&task.self_port()));
        assert_eq!(world.kernel.run(), ["suspends itself"], "{abi}");
        assert!(ended.join().unwrap_err().is::<Terminated>());
        assert!(gone.join().unwrap_err().is::<Terminated>());
        assert_eq!(other.rights(), []);
        calls.thread_resume(&suspended.port()).unwrap();
        assert_eq!(world.kernel.run(), ["suspends itself"], "{abi}");
        calls.task_resume(&task.self_port()).unwrap();
        assert_eq!(world.kernel.run(), Vec::<String>::new(), "{abi}");
        suspended.join().unwrap();
    }
}

/// While a thread is suspended nothing comes of it, and a message that was under way is not lost.
#[test]
fn a_suspended_thread_does_nothing() {
    for seed in 0..200 {
        let abi = AbiId::ALL[seed as usize % 5];
        let (world, calls) = (World::seeded(seed), Calls(abi));
        let (task, watch) = (world.kernel.task("task", abi), world.task("watch"));
        let mail = port(&watch);
        let to = give(&watch, mail, &task);
        let busy = task.spawn("busy", move |task| {
            for id in 0..20 {
                let letter = Simple::to(to, Disposition::COPY_SEND, id);
                letter.send_with(&task, Operation::default()).unwrap();
            }
        });
        let thread = busy.port();
        let control = task.spawn("control", move |_| {
            for _ in 0..3 {
                calls.thread_suspend(&thread).unwrap();
                let before = std::iter::from_fn(|| poll(&watch, mail).ok()).count();
                assert!(before <= 6);
                (0..20).for_each(|_| watch.checkpoint());
                assert_eq!(poll(&watch, mail), Err(MsgReturn::RCV_TIMED_OUT), "seed {seed}");
                calls.thread_resume(&thread).unwrap();
                (0..20).for_each(|_| watch.checkpoint());
            }
            drop(thread);
            watch
        });
        let waiting = world.kernel.run();
        let watch = control.join().unwrap();
        while poll(&watch, mail).is_ok() {
            world.kernel.run();
        }
        assert!(waiting.len() < 2, "seed {seed}");
        busy.join().unwrap();
    }
}

/// `thread_abort` ends a wait, and nothing that comes later.
#[test]
fn a_wait_is_aborted() {
    each(|side| {
        let calls = Calls(side.abi);
        covers!("thread_abort", "KERN_INVALID_ARGUMENT", calls.thread_abort(&side.host));
        let idle = calls.thread_create(&side.me).unwrap();
        covers!("thread_abort", "KERN_SUCCESS", calls.thread_abort(&idle));
        if !side.is_typed() {
            covers!("thread_abort_safely", "KERN_SUCCESS", calls.thread_abort_safely(&idle));
            covers!("thread_abort_safely", "KERN_INVALID_ARGUMENT", calls.thread_abort_safely(&side.host));
        }
        calls.thread_terminate(&idle).unwrap();
    });
    for abi in AbiId::ALL {
        let (world, calls) = (World::seeded(3), Calls(abi));
        let task = world.kernel.task("task", abi);
        let (own, later) = (port(&task), port(&task));
        let waiting = task.spawn("waits", move |task| {
            covers!("thread_abort", "KERN_INVALID_ARGUMENT", calls.thread_abort(&task.thread_port()));
            (wait(&task, own).err(), wait(&task, later).err())
        });
        let thread = waiting.port();
        assert_eq!(world.kernel.run(), ["waits"]);
        covers!("thread_abort", "KERN_SUCCESS", calls.thread_abort(&thread));
        assert_eq!(world.kernel.run(), ["waits"]);
        Simple::to(later, Disposition::MAKE_SEND, 1).send(&task).unwrap();
        assert_eq!(world.kernel.run(), Vec::<String>::new());
        assert_eq!(waiting.join().unwrap(), (Some(MsgReturn::RCV_INTERRUPTED), None));
    }
}

/// A thread ends with its task, wherever it is.
#[test]
fn no_thread_outlives_its_task() {
    let world = World::seeded(5);
    let (task, other) = (world.task("task"), world.task("other"));
    let (own, full) = (port(&task), port(&other));
    let to = give(&other, full, &task);
    let threads = [
        task.spawn("receives", move |task| drop(wait(&task, own))),
        task.spawn::<()>("sends", move |task| {
            for id in 0.. {
                let letter = Simple::to(to, Disposition::COPY_SEND, id);
                let _ = letter.send_with(&task, Operation::default());
            }
        }),
        task.spawn::<()>("computes", |task| {
            loop {
                task.checkpoint();
            }
        }),
    ];
    let ending = other.spawn("ends it", move |_| task.terminate());
    assert_eq!(world.kernel.run(), Vec::<String>::new());
    ending.join().unwrap();
    threads.into_iter().for_each(|it| assert!(it.join().unwrap_err().is::<Terminated>()));
}

/// Threads that wait, that have not begun, and that are suspended end with their kernel.
#[test]
fn no_thread_outlives_its_kernel() {
    let world = World::seeded(7);
    let task = world.task("task");
    let own = port(&task);
    let waiting = task.spawn("waits", move |task| drop(wait(&task, own)));
    let calls = Calls(AbiId::GnumachI386);
    let stopped = task.spawn("stops", move |task| calls.thread_suspend(&task.thread_port()).code());
    world.kernel.run();
    let unborn = task.spawn("never begins", |_| ());
    drop(world);
    assert!(waiting.join().unwrap_err().is::<Terminated>());
    assert!(stopped.join().unwrap_err().is::<Terminated>());
    assert!(unborn.join().unwrap_err().is::<Terminated>());
}
