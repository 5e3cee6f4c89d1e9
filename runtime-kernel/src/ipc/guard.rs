//! Guards: receive rights that only whoever knows a word can destroy, and ports that are made with everything at once.
//!
//! The word is the context of the port. A guard belongs to the task that has the right: it ends when the right moves,
//! unless it forbids that.

use std::sync::Arc;

use mig_rt::{KernReturn, PortName, RightKind};

use super::port::{Port, PortState};
use super::right::{BothRef, ReceiveRef, SendRef};
use super::space::{Entry, Held, Space};
use crate::budget::Resource;

/// How a receive right is guarded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Guard {
    /// Nobody reads or changes the word.
    pub(crate) strict: bool,
    /// The right stays in its task.
    pub(crate) immovable: bool,
}

/// What a port is made with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Construction {
    /// Messages that may wait, if it is not the usual number.
    pub(crate) limit: Option<u32>,
    pub(crate) guard: Option<Guard>,
    /// A send right comes with it, under the same name.
    pub(crate) send: bool,
    pub(crate) context: u64,
}

impl Space {
    /// `mach_port_construct`
    pub(crate) fn construct(&self, it: Construction) -> Result<PortName, KernReturn> {
        let mut state = self.alive()?;
        self.budget.afford(Resource::Objects)?;
        let name = state.free_name()?;
        let port = self.make_port();
        {
            let mut new = port.lock();
            new.limit = it.limit.unwrap_or(new.limit);
            new.rare.guard = it.guard;
            new.rare.context = it.context;
        }
        let receive = ReceiveRef::of(port.clone());
        let held =
            if it.send { Held::Both(BothRef::join(receive, SendRef::make(&port))) } else { Held::Receive(receive) };
        state.put(name, Entry::new(held));
        Ok(name)
    }

    /// `mach_port_destruct`
    pub(crate) fn destruct(&self, name: PortName, delta: i32, word: u64) -> Result<(), KernReturn> {
        let mut state = self.alive()?;
        let entry = state.get(name).ok_or(KernReturn::INVALID_NAME)?;
        let port = entry.held.receiving().ok_or(KernReturn::INVALID_RIGHT)?.clone();
        if delta > 0 {
            return Err(KernReturn::INVALID_VALUE);
        }
        if delta < 0 && !entry.held.has(RightKind::SEND) {
            return Err(KernReturn::INVALID_RIGHT);
        }
        let references = i64::from(entry.references) + i64::from(delta);
        let references = u32::try_from(references).map_err(|_| KernReturn::INVALID_VALUE)?;
        {
            let port = port.lock();
            if port.rare.guard.is_some() && port.rare.context != word {
                return Err(KernReturn::INVALID_ARGUMENT);
            }
        }
        entry.references = references;
        let sent = if delta < 0 && references == 0 { state.drop_send(name) } else { None };
        let received = state.drop_receive(name);
        drop(state);
        drop(sent);
        drop(received);
        Ok(())
    }

    /// `mach_port_guard`, `mach_port_guard_with_flags`
    pub(crate) fn guard(&self, name: PortName, word: u64, guard: Guard) -> Result<(), KernReturn> {
        self.with_receiver(name, |_, state| {
            if state.rare.guard.is_some() || state.rare.context != 0 {
                return Err(KernReturn::INVALID_ARGUMENT);
            }
            state.rare.guard = Some(guard);
            state.rare.context = word;
            Ok(())
        })
    }

    /// `mach_port_unguard`
    pub(crate) fn unguard(&self, name: PortName, word: u64) -> Result<(), KernReturn> {
        self.with_receiver(name, |_, state| {
            state.open_guard(word)?;
            state.rare.guard = None;
            state.rare.context = 0;
            Ok(())
        })
    }

    /// `mach_port_swap_guard`
    pub(crate) fn swap_guard(&self, name: PortName, word: u64, new: u64) -> Result<(), KernReturn> {
        self.with_receiver(name, |_, state| {
            state.open_guard(word)?;
            state.rare.context = new;
            Ok(())
        })
    }

    /// `mach_port_get_context`: 0 where a strict guard hides it.
    pub(crate) fn context(&self, name: PortName) -> Result<u64, KernReturn> {
        self.with_receiver(name, |_, state| Ok(if state.is_strict() { 0 } else { state.rare.context }))
    }

    /// `mach_port_set_context`
    pub(crate) fn set_context(&self, name: PortName, context: u64) -> Result<(), KernReturn> {
        self.with_receiver(name, |_, state| {
            if state.is_strict() {
                return Err(KernReturn::INVALID_ARGUMENT);
            }
            state.rare.context = context;
            Ok(())
        })
    }

    /// Whether a receive right is guarded with a word (`mach_port_assert_attributes`).
    pub(crate) fn is_guarded_by(&self, name: PortName, word: u64) -> Result<bool, KernReturn> {
        self.with_receiver(name, |_, state| Ok(state.rare.guard.is_some() && state.rare.context == word))
    }

    /// Does something to a port that the space receives from, under the port's lock.
    pub(crate) fn with_receiver<X>(
        &self,
        name: PortName,
        change: impl FnOnce(&Arc<Port>, &mut PortState) -> Result<X, KernReturn>,
    ) -> Result<X, KernReturn> {
        let mut state = self.alive()?;
        let entry = state.get(name).ok_or(KernReturn::INVALID_NAME)?;
        let port = entry.held.receiving().ok_or(KernReturn::INVALID_RIGHT)?.clone();
        // Before the space is unlocked: the right could leave, and the port die, with a change that nobody would undo.
        let mut locked = port.lock();
        drop(state);
        change(&port, &mut locked)
    }
}

impl PortState {
    fn is_strict(&self) -> bool {
        self.rare.guard.is_some_and(|it| it.strict)
    }

    /// Whether somebody knows the word of the guard.
    fn open_guard(&self, word: u64) -> Result<(), KernReturn> {
        match self.rare.guard {
            None => Err(KernReturn::INVALID_ARGUMENT),
            Some(_) if self.rare.context != word => Err(KernReturn::INVALID_ARGUMENT),
            Some(_) => Ok(()),
        }
    }
}

impl Held {
    /// Whether a guard forbids to destroy the receive right.
    pub(crate) fn is_guarded(&self) -> bool {
        self.receiving().is_some_and(|it| it.lock().rare.guard.is_some())
    }

    /// Whether a guard forbids to move the receive right.
    pub(crate) fn is_immovable(&self) -> bool {
        self.receiving().is_some_and(|it| it.lock().rare.guard.is_some_and(|it| it.immovable))
    }
}
