//! Races of those who stop and end tasks and threads. Whoever is too late is told so, and nothing is left behind.

use mig_rt::{AbiId, ReceiveRight};
use runtime_kernel::{Task, Terminated};

use super::rescue::{Guarded, Rescue, guard};
use super::{Calls, state};
use crate::covers::Outcome;
use crate::ports::carry;
use crate::races::in_many_orders;

/// A program that works until somebody ends it.
fn works(task: Task) {
    loop {
        task.checkpoint();
    }
}

/// The codes that two who end the same task see, and one who asks for its threads.
#[test]
fn a_task_is_ended_twice() {
    in_many_orders(|world, seed| {
        let abi = AbiId::ALL[seed as usize % 5];
        let calls = Calls(abi);
        let (task, other) = (world.kernel.task("task", abi), world.kernel.task("other", abi));
        let port = carry(&other, &other.self_port(), &task);
        let idle = other.spawn::<()>("idle", works);
        let ending = [(); 2].map(|()| {
            let port = port.try_clone().unwrap();
            task.spawn("ends", move |_| calls.task_terminate(&port).code())
        });
        let asking = task.spawn("asks", move |_| {
            let created = calls.task_create(&port, false);
            let codes = [
                created.code(),
                calls.thread_create(&port).code(),
                calls.task_threads(&port).code(),
                calls.task_suspend(&port).code(),
                calls.task_resume(&port).code(),
            ];
            created.into_iter().for_each(|it| calls.task_terminate(&it).unwrap());
            codes
        });
        assert_eq!(world.kernel.run(), Vec::<String>::new(), "seed {seed}");
        assert!(idle.join().unwrap_err().is::<Terminated>());
        let mut codes = ending.map(|it| it.join().unwrap());
        codes.sort_unstable();
        assert_eq!(codes[0] == "KERN_FAILURE", codes[1] == "KERN_SUCCESS", "seed {seed}");
        assert!(codes.iter().any(|it| it == "KERN_SUCCESS"), "seed {seed}: {codes:?}");
        covers!("task_terminate", "KERN_FAILURE");
        covers!("task_create", "KERN_FAILURE");
        covers!("thread_create", "KERN_FAILURE");
        covers!("task_threads", "KERN_FAILURE");
        covers!("task_suspend", "KERN_FAILURE");
        let asked = asking.join().unwrap();
        for code in &asked {
            assert!(
                ["KERN_SUCCESS", "KERN_FAILURE", "MACH_SEND_INVALID_DEST"].contains(&&**code),
                "seed {seed}: {code}"
            );
        }
        // A child that could not be finished is not left behind.
        let living: Vec<String> = world.kernel.tasks().iter().map(|it| it.name().to_owned()).collect();
        assert_eq!(living, ["task"], "seed {seed}");
        let late = asked.iter().position(|it| it != "KERN_SUCCESS").unwrap_or(5);
        late * 2 + usize::from(codes[0] == "KERN_FAILURE")
    });
}

/// A thread is stopped, let go and ended, by three who do not know of each other, while it works.
#[test]
fn a_thread_is_ended_while_it_is_suspended() {
    in_many_orders(|world, seed| {
        let abi = AbiId::ALL[seed as usize % 5];
        let calls = Calls(abi);
        let (task, other) = (world.kernel.task("task", abi), world.kernel.task("other", abi));
        let busy = other.spawn::<()>("busy", works);
        let port = carry(&other, &busy.port(), &task);
        let thread = || port.try_clone().unwrap();
        let (one, two, three) = (thread(), thread(), thread());
        let stopping = task.spawn("stops", move |_| {
            let stopped = calls.thread_suspend(&one).code();
            let then = [calls.thread_resume(&one).code(), calls.thread_abort(&one).code()];
            let state = state::get(abi, &one, state::general(abi));
            let set = state::set(abi, &one, state::general(abi), &[0; 128]);
            let safely = if calls.is_typed() { Ok(()) } else { calls.thread_abort_safely(&one) };
            let [resumed, aborted] = then;
            [stopped, resumed, aborted, state.code(), set.code(), safely.code()]
        });
        let ending = [two, three].map(|it| task.spawn("ends", move |_| calls.thread_terminate(&it).code()));
        assert_eq!(world.kernel.run(), Vec::<String>::new(), "seed {seed}");
        assert!(busy.join().unwrap_err().is::<Terminated>());
        let allowed = ["KERN_SUCCESS", calls.ended(), "MACH_SEND_INVALID_DEST"];
        let stopped = stopping.join().unwrap();
        let ended = ending.map(|it| it.join().unwrap());
        for code in stopped.iter().chain(&ended) {
            assert!(allowed.contains(&&**code), "seed {seed}: {code}");
        }
        assert_eq!(ended.iter().filter(|it| *it == "KERN_SUCCESS").count(), 1, "seed {seed}");
        covers!("thread_suspend", "KERN_TERMINATED");
        covers!("thread_resume", "KERN_TERMINATED");
        covers!("thread_abort", "KERN_TERMINATED");
        covers!("thread_abort_safely", "KERN_TERMINATED");
        covers!("thread_get_state", "KERN_TERMINATED");
        covers!("thread_set_state", "KERN_TERMINATED");
        covers!("thread_get_state", "KERN_FAILURE");
        covers!("thread_set_state", "KERN_FAILURE");
        covers!("thread_terminate", "KERN_TERMINATED");
        covers!("thread_terminate", "KERN_FAILURE");
        covers!("thread_suspend", "KERN_FAILURE");
        covers!("thread_abort", "KERN_FAILURE");
        stopped.iter().position(|it| it != "KERN_SUCCESS").unwrap_or(6)
    });
}

/// A thread asks its handler, and is aborted, suspended and ended meanwhile: it goes on at most once for each question,
/// and no answer is taken for another.
#[test]
fn a_handler_answers_while_the_wait_is_aborted() {
    in_many_orders(|world, seed| {
        let abi = AbiId::ALL[seed as usize % 5];
        let calls = Calls(abi);
        let (task, debugger) = (world.kernel.task("task", abi), world.kernel.task("debugger", abi));
        let port = ReceiveRight::new(&debugger).unwrap();
        let handler = debugger.give_send(&port, &task).unwrap();
        let rescue = Rescue::new(&[2, 4]);
        rescue.start(&debugger, port);
        guard(abi, Guarded::Task(&task.self_port()), &handler, 1, 0);
        let other = world.kernel.task("other", abi);
        let thread = task.spawn("fails", |task| [2, 3, 4].map(|kind| task.raise(kind, 0, 0).is_ok()));
        let name = carry(&task, &thread.port(), &other);
        let aborts = other.spawn("aborts", move |_| {
            for _ in 0..4 {
                let _ = calls.thread_suspend(&name);
                let _ = calls.thread_abort(&name);
                let _ = calls.thread_resume(&name);
            }
        });
        assert_eq!(world.kernel.run(), ["rescue"], "seed {seed}");
        assert_eq!(world.kernel.check(), Ok(()), "seed {seed}");
        aborts.join().unwrap();
        let asked: Vec<i32> = rescue.heard().iter().map(|it| it.kind).collect();
        match thread.join() {
            // The second is not handled: somebody has ended the wait before the answer came.
            Ok(it) => assert_eq!((it, &*asked), ([true; 3], &[2, 3, 4][..]), "seed {seed}"),
            Err(_) => assert_eq!(asked, [2, 3], "seed {seed}"),
        }
        asked.len()
    });
}

/// A thread that asks its handler is ended, or its task is, or the handler's.
#[test]
fn an_end_while_a_handler_is_asked() {
    in_many_orders(|world, seed| {
        let abi = AbiId::ALL[seed as usize % 5];
        let calls = Calls(abi);
        let (task, debugger) = (world.kernel.task("task", abi), world.kernel.task("debugger", abi));
        let port = ReceiveRight::new(&debugger).unwrap();
        let handler = debugger.give_send(&port, &task).unwrap();
        let rescue = Rescue::new(&[2]);
        rescue.start(&debugger, port);
        guard(abi, Guarded::Task(&task.self_port()), &handler, 1, 0);
        let other = world.kernel.task("other", abi);
        let thread = task.spawn("fails", |task| task.raise(2, 0, 0));
        let name = carry(&task, &thread.port(), &other);
        let owner = carry(&task, &task.self_port(), &other);
        let ends = other.spawn("ends", move |_| match seed % 3 {
            0 => calls.thread_terminate(&name).code(),
            1 => calls.task_terminate(&owner).code(),
            _ => {
                debugger.terminate();
                "KERN_SUCCESS".to_owned()
            }
        });
        world.kernel.run();
        assert_eq!(world.kernel.check(), Ok(()), "seed {seed}");
        let code = ends.join().unwrap();
        assert!(["KERN_SUCCESS", "MACH_SEND_INVALID_DEST"].contains(&&*code), "seed {seed}: {code}");
        let (asked, result) = (rescue.heard().len(), thread.join());
        assert!(asked <= 1, "seed {seed}");
        assert!(result.is_ok() || seed % 3 < 2 || asked == 0 || task.rights().is_empty(), "seed {seed}");
        asked * 2 + usize::from(result.is_ok())
    });
}
