//! Exceptions: who is asked, in which form, and what becomes of the thread.

use generated::darwin::types::{ExceptionBehavior, MACH_EXCEPTION_CODES};
use mig_rt::{AbiId, Disposition, KernReturn, ReceiveRight, RightKind, SendRight};
use runtime_kernel::{Task, Terminated, Thread};

use super::rescue::{Guarded, Heard, Rescue, guard};
use super::{Calls, state};
use crate::covers::Outcome;
use crate::ports::carry;
use crate::world::{Simple, World, give, port, release, type_of, wait};

const TYPED: [AbiId; 3] = [AbiId::GnumachI386, AbiId::GnumachX8664, AbiId::GnumachX8664v2022];
const DARWIN: [AbiId; 2] = [AbiId::DarwinLp64, AbiId::DarwinIlp32];
const WIDE: i32 = MACH_EXCEPTION_CODES;
const ADDRESS: i64 = 0x1234_5678;

/// A handler of its own task, and how another task calls it.
fn rescue(world: &World, abi: AbiId, of: &Task, handles: &'static [i32]) -> (Rescue, SendRight<Task>, Task) {
    let task = world.kernel.task("debugger", abi);
    let port = ReceiveRight::new(&task).unwrap();
    let handler = task.give_send(&port, of).unwrap();
    let rescue = Rescue::new(handles);
    rescue.start(&task, port);
    (rescue, handler, task)
}

fn heard(form: &'static str, kind: i32, codes: [i64; 2]) -> Heard {
    Heard { form, kind, codes }
}

/// Has a thread raise an exception, and says how that ends.
fn raise(task: &Task, kind: i32) -> Thread<Result<(), KernReturn>> {
    task.spawn("fails", move |task| task.raise(kind, 1, ADDRESS))
}

#[test]
fn a_handler_lets_the_thread_go_on() {
    for abi in AbiId::ALL {
        let world = World::seeded(11);
        let task = world.kernel.task("task", abi);
        let (rescue, handler, _debugger) = rescue(&world, abi, &task, &[1]);
        guard(abi, Guarded::Task(&task.self_port()), &handler, 1, 0);
        let thread = raise(&task, 1);
        assert_eq!(world.kernel.run(), ["rescue"]);
        covers!("exception_raise", "KERN_SUCCESS");
        assert_eq!(thread.join().unwrap(), Ok(()));
        assert_eq!(rescue.heard(), [heard("exception_raise", 1, [1, ADDRESS])], "{abi}");
        assert_eq!(world.kernel.check(), Ok(()));
    }
}

/// What is asked first is the thread's handler, then the task's, then the host's; if nobody handles it the task ends.
#[test]
fn one_handler_after_the_other() {
    for abi in AbiId::ALL {
        let levels = if TYPED.contains(&abi) { 2 } else { 3 };
        for handles in 0..=levels {
            let world = World::seeded(handles as u64);
            let task = world.kernel.task("task", abi);
            let kinds = |level| if level == handles { &[1][..] } else { &[6][..] };
            let handlers = [0, 1, 2].map(|level| rescue(&world, abi, &task, kinds(level)));
            let host = world.kernel.host_priv_port(&task);
            guard(abi, Guarded::Task(&task.self_port()), &handlers[1].1, 1, 0);
            if levels == 3 {
                guard(abi, Guarded::Host(&host), &handlers[2].1, 1, 0);
            }
            let first = handlers[0].1.try_clone().unwrap();
            let thread = task.spawn("fails", move |task| {
                guard(abi, Guarded::Thread(&task.thread_port()), &first, 1, 0);
                task.raise(1, 1, ADDRESS)
            });
            world.kernel.run();
            let asked = handlers.each_ref().map(|it| it.0.heard().len());
            assert_eq!(asked, [1, usize::from(handles >= 1), usize::from(handles >= 2 && levels == 3)], "{abi}");
            match thread.join() {
                Ok(it) => assert_eq!((it, handles < levels), (Ok(()), true), "{abi}"),
                Err(it) => assert!(it.is::<Terminated>() && handles == levels, "{abi}"),
            }
            assert_eq!(task.rights().is_empty(), handles == levels);
            assert_eq!(world.kernel.check(), Ok(()));
        }
    }
}

#[test]
fn nobody_handles_it() {
    let world = World::seeded(2);
    let task = world.task("task");
    let other = task.spawn::<()>("other", |task| {
        loop {
            task.checkpoint();
        }
    });
    let thread = raise(&task, 3);
    assert_eq!(world.kernel.run(), Vec::<String>::new());
    assert!(thread.join().unwrap_err().is::<Terminated>());
    assert!(other.join().unwrap_err().is::<Terminated>());
}

/// Only threads of tasks have exceptions, of kinds that there are.
#[test]
fn who_can_raise_what() {
    let world = World::new();
    let task = world.task("task");
    assert_eq!(task.raise(1, 0, 0), Err(KernReturn::INVALID_ARGUMENT));
    for kind in [0, -1, 14, i32::MAX] {
        assert_eq!(raise(&task, kind).join().unwrap(), Err(KernReturn::INVALID_ARGUMENT), "{kind}");
    }
}

/// Darwin's forms: with whom it is, with the state, or both; codes of 32 bits or of 64.
#[test]
fn forms_of_darwin() {
    covers!("exception_raise_state", "KERN_SUCCESS");
    covers!("exception_raise_state_identity", "KERN_SUCCESS");
    covers!("mach_exception_raise", "KERN_SUCCESS");
    covers!("mach_exception_raise_state", "KERN_SUCCESS");
    covers!("mach_exception_raise_state_identity", "KERN_SUCCESS");
    let forms = ["exception_raise", "exception_raise_state", "exception_raise_state_identity"];
    let address = 0x7fff_0000_1234;
    for abi in DARWIN {
        for (number, narrow) in (1..).zip(forms) {
            for behavior in [number, number | WIDE] {
                let world = World::seeded(number as u64);
                let task = world.kernel.task("task", abi);
                let (rescue, handler, _debugger) = rescue(&world, abi, &task, &[5]);
                guard(abi, Guarded::Task(&task.self_port()), &handler, behavior, state::GENERAL);
                let thread = task.spawn("fails", move |task| {
                    let myself = task.thread_port();
                    state::set(abi, &myself, state::GENERAL, &[7; state::WORDS]).unwrap();
                    task.raise(5, -2, address).unwrap();
                    state::get(abi, &myself, state::GENERAL).unwrap()
                });
                world.kernel.run();
                let wide = format!("mach_{narrow}");
                let (form, subcode) =
                    if behavior & WIDE == 0 { (narrow, address as i32 as i64) } else { (&*wide, address) };
                let told = rescue.heard();
                assert_eq!((told.len(), told[0].form, told[0].codes), (1, form, [-2, subcode]), "{abi}");
                let changed = if number == ExceptionBehavior::DEFAULT.0 { 7 } else { 8 };
                assert_eq!(thread.join().unwrap(), [changed; state::WORDS], "{abi}");
                assert_eq!(world.kernel.check(), Ok(()));
            }
        }
    }
}

/// The handler looks at the thread while it waits, and sets another state.
#[test]
fn a_handler_mends_the_state() {
    for abi in TYPED {
        let world = World::seeded(4);
        let task = world.kernel.task("task", abi);
        let debugger = world.kernel.task("debugger", abi);
        let port = ReceiveRight::new(&debugger).unwrap();
        let handler = debugger.give_send(&port, &task).unwrap();
        let mut rescue = Rescue::new(&[1]);
        rescue.act = |thread, of| {
            let (abi, calls) = (thread.via().abi(), Calls(thread.via().abi()));
            calls.thread_suspend(thread).unwrap();
            let mut state = state::get(abi, thread, 1).unwrap();
            state[2] += 0x10;
            state::set(abi, thread, 1, &state).unwrap();
            assert_eq!(calls.task_threads(of).unwrap().len(), 1);
            calls.thread_resume(thread).unwrap();
        };
        rescue.start(&debugger, port);
        guard(abi, Guarded::Task(&task.self_port()), &handler, 1, 0);
        let thread = raise(&task, 1);
        let name = thread.port();
        world.kernel.run();
        assert_eq!(thread.join().unwrap(), Ok(()));
        drop(name);
    }
}

/// A handler that throws the right to answer away, or answers something else, has not handled it.
#[test]
fn answers_that_are_none() {
    for answer in ["released", "another", "long", "dead"] {
        let world = World::seeded(6);
        let (task, debugger) = (world.task("task"), world.task("debugger"));
        let (rescue, second, _other) = rescue(&world, AbiId::GnumachI386, &task, &[2]);
        let service = port(&debugger);
        let first = give(&debugger, service, &task);
        let asked = debugger.spawn("answers", move |task| {
            if answer == "dead" {
                // The question is in the queue by then.
                (0..200).for_each(|_| task.checkpoint());
                return release(&task, service, RightKind::RECEIVE);
            }
            let got = wait(&task, service).unwrap();
            let (reply, _) = got.remote();
            let success = [0x1001_2002, 0];
            let mut letter = Simple::to(reply, Disposition::MOVE_SEND_ONCE, 2500);
            letter.words.extend(success);
            match answer {
                "released" => return release(&task, reply, RightKind::SEND_ONCE),
                "another" => letter.id = 2501,
                _ => letter.words.extend(success),
            }
            letter.send(&task).unwrap();
        });
        let thread = task.spawn("fails", move |task| {
            // SAFETY: the name is that of a send right which nothing else owns.
            #[allow(unsafe_code, reason = "names as in C")]
            let first = unsafe { SendRight::from_raw(first, task.clone()) };
            let abi = AbiId::GnumachI386;
            guard(abi, Guarded::Thread(&task.thread_port()), &first, 1, 0);
            guard(abi, Guarded::Task(&task.self_port()), &second, 1, 0);
            task.raise(2, 0, 0)
        });
        world.kernel.run();
        asked.join().unwrap();
        assert_eq!(thread.join().unwrap(), Ok(()), "{answer}");
        assert_eq!(rescue.heard().len(), 1, "{answer}");
    }
}

/// A wait for a handler ends by `thread_abort`, as if it had been handled; `thread_abort_safely` leaves it. The answer
/// that comes later is nobody's, and the next question gets its own.
#[test]
fn a_wait_for_a_handler_is_aborted() {
    for abi in DARWIN {
        let world = World::seeded(8);
        let (task, debugger) = (world.kernel.task("task", abi), world.kernel.task("debugger", abi));
        let port = ReceiveRight::new(&debugger).unwrap();
        let handler = debugger.give_send(&port, &task).unwrap();
        guard(abi, Guarded::Task(&task.self_port()), &handler, 1, 0);
        let thread = task.spawn("fails", |task| (task.raise(4, 1, 1), task.raise(5, 2, 2)));
        let name = thread.port();
        assert_eq!(world.kernel.run(), ["fails"]);
        assert_eq!(world.kernel.check(), Ok(()), "{abi}: what waits in the kernel is counted");
        let calls = Calls(abi);
        covers!("thread_abort_safely", "KERN_FAILURE", calls.thread_abort_safely(&name));
        covers!("thread_abort", "KERN_SUCCESS", calls.thread_abort(&name));
        assert_eq!(world.kernel.run(), ["fails"]);
        let rescue = Rescue::new(&[5]);
        rescue.start(&debugger, port);
        world.kernel.run();
        assert_eq!(thread.join().unwrap(), (Ok(()), Ok(())));
        let told = rescue.heard();
        assert_eq!(told.iter().map(|it| it.kind).collect::<Vec<_>>(), [4, 5], "{abi}");
        assert!(!task.rights().is_empty(), "the first answer, a failure, came too late");
    }
}

/// What has been put in place of a thread's port is what its handler sees.
#[test]
fn a_handler_sees_what_the_thread_calls_itself() {
    let world = World::seeded(9);
    let (task, debugger) = (world.task("task"), world.task("debugger"));
    let (service, fake) = (port(&debugger), port(&debugger));
    let handler = give(&debugger, service, &task);
    // SAFETY: the name is that of a send right which nothing else owns.
    #[allow(unsafe_code, reason = "names as in C")]
    let handler = unsafe { SendRight::from_raw(handler, task.clone()) };
    guard(AbiId::GnumachI386, Guarded::Task(&task.self_port()), &handler, 1, 0);
    let stranger = give(&debugger, fake, &task);
    let thread = task.spawn("fails", move |task| {
        // SAFETY: as above.
        #[allow(unsafe_code, reason = "names as in C")]
        let stranger = unsafe { SendRight::from_raw(stranger, task.clone()) };
        generated::mach3::mach::gnumach_i386::thread_set_special_port(&task.thread_port(), 1, &stranger).unwrap();
        task.raise(1, 0, 0)
    });
    let answering = debugger.spawn("answers", move |task| {
        let got = wait(&task, service).unwrap();
        let (thread, of) = (got.body()[1], got.body()[3]);
        let own = (mig_rt::PortName(thread), type_of(&task, mig_rt::PortName(of)));
        let mut letter = Simple::to(got.remote().0, Disposition::MOVE_SEND_ONCE, 2500);
        letter.words.extend([0x1001_2002, 0]);
        letter.send(&task).unwrap();
        own
    });
    world.kernel.run();
    assert_eq!(thread.join().unwrap(), Ok(()));
    assert_eq!(answering.join().unwrap(), (fake, 0x1_0000));
}

/// A handler in a task that reads otherwise is asked in its own way.
#[test]
fn handlers_of_other_systems() {
    for (abi, of) in [(AbiId::DarwinLp64, AbiId::GnumachI386), (AbiId::GnumachX8664, AbiId::DarwinIlp32)] {
        let world = World::seeded(10);
        let task = world.kernel.task("task", of);
        let (rescue, handler, debugger) = rescue(&world, abi, &task, &[1]);
        guard(of, Guarded::Task(&task.self_port()), &handler, 1, 0);
        let thread = raise(&task, 1);
        world.kernel.run();
        assert_eq!(thread.join().unwrap(), Ok(()));
        assert_eq!(rescue.heard(), [heard("exception_raise", 1, [1, ADDRESS])]);
        // A form that its receiver has no message for is not asked.
        if of == AbiId::DarwinIlp32 {
            guard(of, Guarded::Task(&task.self_port()), &handler, 2, state::GENERAL);
            let thread = raise(&task, 1);
            world.kernel.run();
            assert!(thread.join().unwrap_err().is::<Terminated>());
            assert_eq!(rescue.heard(), []);
        }
        let back = carry(&debugger, &debugger.self_port(), &world.kernel.task("last", abi));
        assert_eq!(Calls(abi).thread_abort(&back).code(), "KERN_INVALID_ARGUMENT");
    }
}
