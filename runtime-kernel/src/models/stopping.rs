//! Threads that are suspended, resumed and ended: none stops for ever that may go on, and none goes on that has ended.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Weak;

use loom::thread::spawn;

use super::*;
use crate::thread::{Machine, Priority, Scale, Terminated, ThreadObject, set_current, stop, trap};

fn thread() -> Arc<ThreadObject> {
    let priority = Priority::of_users(Scale::Mach3);
    ThreadObject::of("thread", Weak::new(), AbiId::GnumachI386, Machine::I386, priority)
}

/// A thread with a program.
fn start<X: 'static>(thread: &Arc<ThreadObject>, program: impl FnOnce() -> X + 'static) -> JoinHandle<X> {
    let thread = thread.clone();
    spawn(|| {
        set_current(Some(thread));
        let result = program();
        set_current(None);
        result
    })
}

#[test]
fn a_resumed_thread_goes_on() {
    in_every_order(|| {
        let _scope = Scope::open();
        let thread = thread();
        let program = start(&thread, stop);
        assert_eq!((thread.run.suspend(), thread.run.resume()), (Ok(()), Ok(())));
        end(program);
    });
}

/// However often it is suspended, it goes on when it has been resumed as often.
#[test]
fn two_suspend_and_resume() {
    in_every_order(|| {
        let _scope = Scope::open();
        let thread = thread();
        let program = start(&thread, stop);
        let same = thread.clone();
        let other = spawn(move || (same.run.suspend(), same.run.resume()));
        assert_eq!((thread.run.suspend(), thread.run.resume()), (Ok(()), Ok(())));
        assert_eq!(end(other), (Ok(()), Ok(())));
        end(program);
    });
}

/// Wherever it is, at a door or waiting, suspended or not: it ends.
#[test]
fn an_ended_thread_ends() {
    for suspended in [false, true] {
        in_every_order(move || {
            let _scope = Scope::open();
            let (thread, port) = (thread(), port(1));
            let program = start(&thread, move || {
                let call = || trap(|| receive(&port, None));
                let payload = catch_unwind(AssertUnwindSafe(call)).expect_err("nobody sends");
                payload.downcast::<Terminated>().is_ok()
            });
            if suspended {
                assert_eq!(thread.run.suspend(), Ok(()));
            }
            assert!(thread.run.end());
            assert!(end(program));
            assert!(!thread.run.end());
        });
    }
}
