//! A handler of exceptions in every form, for tests: it writes down what it hears of and answers as it is told.

use std::sync::{Arc, Mutex};

use generated::darwin::exc::{self, ExcServer};
use generated::darwin::mach_exc::{self, MachExcServer};
use generated::darwin::types::ExceptionType;
use generated::mach3;
use mig_rt::{AbiId, KernReturn, MsgReturn, PortName, ReceiveRight, Room, SendRight, Subsystem, Wide, serve};
use runtime_kernel::{Task, Thread};

use super::Calls;

/// What a handler has heard of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Heard {
    pub(crate) form: &'static str,
    pub(crate) kind: i32,
    pub(crate) codes: [i64; 2],
}

/// Answers exceptions of these kinds with success, and others with failure.
#[derive(Clone)]
pub(crate) struct Rescue {
    pub(crate) handles: &'static [i32],
    pub(crate) heard: Arc<Mutex<Vec<Heard>>>,
    /// What is done to the thread before success is said, where it is known.
    pub(crate) act: fn(&SendRight<Task>, &SendRight<Task>),
}

impl Rescue {
    pub(crate) fn new(handles: &'static [i32]) -> Rescue {
        Rescue { handles, heard: Arc::default(), act: |_, _| () }
    }

    /// Serves at a port of a task, in a thread of its own.
    pub(crate) fn start(&self, task: &Task, port: ReceiveRight<Task>) -> Thread<MsgReturn> {
        let mut own = self.clone();
        task.spawn("rescue", move |_| serve::<_, _, { mach_exc::darwin_lp64::MAX }>(&port, &subsystems(), &mut own))
    }

    pub(crate) fn heard(&self) -> Vec<Heard> {
        std::mem::take(&mut self.heard.lock().unwrap())
    }

    fn hear(&self, form: &'static str, kind: i32, codes: &[i64]) -> Result<(), KernReturn> {
        self.heard.lock().unwrap().push(Heard { form, kind, codes: codes.try_into().unwrap() });
        if self.handles.contains(&kind) { Ok(()) } else { Err(KernReturn::FAILURE) }
    }

    /// The state that the thread is to have: the next one.
    fn with_state(
        &self,
        form: &'static str,
        kind: ExceptionType,
        codes: &[i64],
        old: &[u32],
        new: &mut Room<'_, u32>,
    ) -> Result<(), KernReturn> {
        self.hear(form, kind.0, codes)?;
        assert!(new.fill(old.iter().map(|it| it + 1)));
        Ok(())
    }
}

fn subsystems() -> Vec<Subsystem<Task, Rescue>> {
    vec![
        mach3::exc::gnumach_i386::subsystem(),
        mach3::exc::gnumach_x86_64::subsystem(),
        mach3::exc::gnumach_x86_64_2022::subsystem(),
        exc::darwin_lp64::subsystem(),
        exc::darwin_ilp32::subsystem(),
        mach_exc::darwin_lp64::subsystem(),
        mach_exc::darwin_ilp32::subsystem(),
    ]
}

impl mach3::exc::ExcServer<Task> for Rescue {
    fn exception_raise(
        &mut self,
        _: PortName,
        thread: SendRight<Task>,
        task: SendRight<Task>,
        kind: i32,
        code: i32,
        subcode: i64,
    ) -> Result<(), KernReturn> {
        covers!("exc_server", "TRUE");
        covers!("catch_exception_raise", "KERN_SUCCESS");
        self.hear("exception_raise", kind, &[code.into(), subcode])?;
        (self.act)(&thread, &task);
        Ok(())
    }
}

fn wide(codes: &[i32]) -> Vec<i64> {
    codes.iter().map(|it| i64::from(*it)).collect()
}

fn broad(codes: &[Wide<i64>]) -> Vec<i64> {
    codes.iter().map(|it| it.get()).collect()
}

#[rustfmt::skip]
impl ExcServer<Task> for Rescue {
    fn exception_raise(&mut self, _: PortName, thread: SendRight<Task>, task: SendRight<Task>, kind: ExceptionType,
                       code: &[i32]) -> Result<(), KernReturn> {
        self.hear("exception_raise", kind.0, &wide(code))?;
        (self.act)(&thread, &task);
        Ok(())
    }

    fn exception_raise_state(&mut self, _: PortName, kind: ExceptionType, code: &[i32], flavor: i32, old: &[u32],
                             new: &mut Room<'_, u32>) -> Result<i32, KernReturn> {
        self.with_state("exception_raise_state", kind, &wide(code), old, new).map(|()| flavor)
    }

    fn exception_raise_state_identity(&mut self, _: PortName, thread: SendRight<Task>, task: SendRight<Task>,
                                      kind: ExceptionType, code: &[i32], flavor: i32, old: &[u32],
                                      new: &mut Room<'_, u32>) -> Result<i32, KernReturn> {
        self.with_state("exception_raise_state_identity", kind, &wide(code), old, new)?;
        (self.act)(&thread, &task);
        Ok(flavor)
    }
}

#[rustfmt::skip]
impl MachExcServer<Task> for Rescue {
    fn mach_exception_raise(&mut self, _: PortName, thread: SendRight<Task>, task: SendRight<Task>,
                            kind: ExceptionType, code: &[Wide<i64>]) -> Result<(), KernReturn> {
        self.hear("mach_exception_raise", kind.0, &broad(code))?;
        (self.act)(&thread, &task);
        Ok(())
    }

    fn mach_exception_raise_state(&mut self, _: PortName, kind: ExceptionType, code: &[Wide<i64>], flavor: i32,
                                  old: &[u32], new: &mut Room<'_, u32>) -> Result<i32, KernReturn> {
        self.with_state("mach_exception_raise_state", kind, &broad(code), old, new).map(|()| flavor)
    }

    fn mach_exception_raise_state_identity(&mut self, _: PortName, thread: SendRight<Task>, task: SendRight<Task>,
                                           kind: ExceptionType, code: &[Wide<i64>], flavor: i32, old: &[u32],
                                           new: &mut Room<'_, u32>) -> Result<i32, KernReturn> {
        self.with_state("mach_exception_raise_state_identity", kind, &broad(code), old, new)?;
        (self.act)(&thread, &task);
        Ok(flavor)
    }
}

/// Makes a port of one task the handler of another, or of a thread of it, for all kinds of exceptions; `behavior` and
/// `flavor` are Darwin's.
pub(crate) fn guard(abi: AbiId, of: Guarded<'_>, handler: &SendRight<Task>, behavior: i32, flavor: i32) {
    use generated::darwin::types::{ExceptionBehavior, ExceptionMask};
    use generated::darwin::{host_priv, task, thread_act};
    let (mask, behavior) = (ExceptionMask(0x3ffe), ExceptionBehavior(behavior));
    let typed = Calls(abi).is_typed();
    match of {
        Guarded::Task(it) if typed => mach3::mach::any::task_set_special_port(abi, it, 3, handler).unwrap(),
        Guarded::Thread(it) if typed => mach3::mach::any::thread_set_special_port(abi, it, 3, handler).unwrap(),
        Guarded::Task(it) => {
            task::any::task_set_exception_ports(abi, it, mask, handler, behavior, flavor).unwrap();
        }
        Guarded::Thread(it) => {
            thread_act::any::thread_set_exception_ports(abi, it, mask, handler, behavior, flavor).unwrap();
        }
        Guarded::Host(it) => {
            let abi = AbiId::DarwinLp64;
            host_priv::any::host_set_exception_ports(abi, it, mask, handler, behavior, flavor).unwrap();
        }
    }
}

/// Whose exceptions are handled.
#[derive(Clone, Copy)]
pub(crate) enum Guarded<'a> {
    Thread(&'a SendRight<Task>),
    Task(&'a SendRight<Task>),
    Host(&'a SendRight<Task>),
}
