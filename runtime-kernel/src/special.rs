//! Ports that a task or a thread carries for the kernel's use, and ports that it hands on to others.
//!
//! What is kept here is a right like any other: it may die, and replacing it releases it. The port that an object
//! answers on is another matter and cannot be replaced: a debugger that puts its own port in place of a task's sees what
//! the task asks for, and passes it on to the real one.

use mig_rt::KernReturn;

use crate::ipc::right::Carried;
use crate::sync::{Mutex, Rank};

/// Which of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Special {
    /// What the object calls itself by.
    Kernel,
    /// Where its exceptions go.
    Exception,
    /// What it calls the host by (Darwin).
    Host,
    /// Where it finds others.
    Bootstrap,
    /// Where notifications of old kernels went (Mach 3.0).
    Notify,
    /// Where replies to old kernels' messages went (Mach 3.0).
    Reply,
}

/// Kinds of special ports.
const SPECIALS: usize = 6;
/// Ports that a task hands on, at most (`TASK_PORT_REGISTER_MAX` of Mach 3.0; Darwin's is less).
pub(crate) const MOST_REGISTERED: usize = 4;

/// The special ports of one task or thread.
#[derive(Debug)]
pub(crate) struct SpecialPorts(Mutex<State>);

#[derive(Debug)]
struct State {
    /// Nothing can be put in once the object has ended.
    alive: bool,
    ports: [Carried; SPECIALS],
    registered: [Carried; MOST_REGISTERED],
}

impl SpecialPorts {
    pub(crate) fn new(rank: Rank) -> SpecialPorts {
        let ports = [const { Carried::Null }; SPECIALS];
        let registered = [const { Carried::Null }; MOST_REGISTERED];
        SpecialPorts(Mutex::new(rank, State { alive: true, ports, registered }))
    }

    /// Another right to one of them, or null.
    ///
    /// # Errors
    /// `KERN_FAILURE` if the object has ended.
    pub(crate) fn get(&self, which: Special) -> Result<Carried, KernReturn> {
        let state = self.0.lock();
        if state.alive { Ok(copy(&state.ports[which as usize])) } else { Err(KernReturn::FAILURE) }
    }

    /// Replaces one of them. The old one is released.
    ///
    /// # Errors
    /// `KERN_FAILURE` if the object has ended.
    pub(crate) fn set(&self, which: Special, port: Carried) -> Result<(), KernReturn> {
        let mut state = self.0.lock();
        if !state.alive {
            return Err(KernReturn::FAILURE);
        }
        let old = std::mem::replace(&mut state.ports[which as usize], port);
        drop(state);
        drop(old);
        Ok(())
    }

    /// `mach_ports_lookup`
    ///
    /// # Errors
    /// `KERN_FAILURE` if the object has ended.
    pub(crate) fn registered(&self) -> Result<[Carried; MOST_REGISTERED], KernReturn> {
        let state = self.0.lock();
        if state.alive { Ok(state.registered.each_ref().map(copy)) } else { Err(KernReturn::FAILURE) }
    }

    /// `mach_ports_register`: all of them are replaced, those that are missing by null.
    ///
    /// # Errors
    /// `KERN_FAILURE` if the object has ended.
    pub(crate) fn register(&self, ports: [Carried; MOST_REGISTERED]) -> Result<(), KernReturn> {
        let mut state = self.0.lock();
        if !state.alive {
            return Err(KernReturn::FAILURE);
        }
        let old = std::mem::replace(&mut state.registered, ports);
        drop(state);
        drop(old);
        Ok(())
    }

    /// Looks at every right that is kept here.
    pub(crate) fn each(&self, look: &mut dyn FnMut(&Carried)) {
        let state = self.0.lock();
        state.ports.iter().chain(&state.registered).for_each(look);
    }

    /// Releases everything: the object ends.
    pub(crate) fn end(&self) {
        let mut state = self.0.lock();
        state.alive = false;
        let ports = std::mem::replace(&mut state.ports, [const { Carried::Null }; SPECIALS]);
        let registered = std::mem::replace(&mut state.registered, [const { Carried::Null }; MOST_REGISTERED]);
        drop(state);
        drop((ports, registered));
    }
}

/// Another right of the same kind, for what may be kept: send rights, dead names and nothing.
pub(crate) fn copy(right: &Carried) -> Carried {
    match right {
        Carried::Send(it) => Carried::Send(it.copy()).or_dead(),
        Carried::Dead => Carried::Dead,
        // Nothing else is ever put in.
        _ => Carried::Null,
    }
}
