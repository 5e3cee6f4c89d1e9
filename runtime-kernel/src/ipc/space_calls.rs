//! The calls about names: what `mach_port_*` of every system does, in the order in which it checks.

use std::sync::Arc;

use mig_rt::{Disposition, KernReturn, PortName, RightKind};

use super::port::{Port, SendPossible};
use super::right::{Carried, ReceiveRef};
use super::set::PortSet;
use super::space::{Entry, Held, MOST_REFERENCES, Space, SpaceState};
use super::space_give::Dropped;
use crate::budget::Resource;
use crate::sync::Guard;

/// `MACH_PORT_TYPE_DNREQUEST`
const ARMED: u32 = 0x8000_0000;
/// `MACH_PORT_TYPE_MAREQUEST`, and Darwin's `MACH_PORT_TYPE_SPREQUEST`
const ACCEPTING: u32 = 0x4000_0000;
/// `MACH_PORT_TYPE_SPREQUEST_DELAYED`
const DELAYED: u32 = 0x2000_0000;

/// Whether there is such a right by itself.
fn check_allocatable(right: RightKind) -> Result<(), KernReturn> {
    match right {
        RightKind::RECEIVE | RightKind::PORT_SET | RightKind::DEAD_NAME => Ok(()),
        _ => Err(KernReturn::INVALID_VALUE),
    }
}

/// An allocatable right with nothing in it.
fn fresh(right: RightKind, name: PortName, space: &Space) -> Held {
    match right {
        RightKind::RECEIVE => Held::Receive(ReceiveRef::of(space.make_port())),
        RightKind::PORT_SET => Held::Set(PortSet::new(name)),
        _ => Held::Dead,
    }
}

impl Space {
    /// `mach_port_allocate`
    pub(crate) fn allocate(&self, right: RightKind) -> Result<PortName, KernReturn> {
        let mut state = self.alive()?;
        // Before a name is looked for: a wrong kind is found even where no name is left.
        check_allocatable(right)?;
        self.budget.afford(Resource::Objects)?;
        let name = state.free_name()?;
        state.put(name, Entry::new(fresh(right, name, self)));
        Ok(name)
    }

    /// `mach_port_allocate_name`
    pub(crate) fn allocate_name(&self, right: RightKind, name: PortName) -> Result<(), KernReturn> {
        let mut state = self.alive()?;
        if !name.is_valid() {
            return Err(KernReturn::INVALID_VALUE);
        }
        check_allocatable(right)?;
        if state.get(name).is_some() {
            return Err(KernReturn::NAME_EXISTS);
        }
        if state.is_full() {
            return Err(KernReturn::RESOURCE_SHORTAGE);
        }
        self.budget.afford(Resource::Objects)?;
        state.put(name, Entry::new(fresh(right, name, self)));
        Ok(())
    }

    /// `mach_port_rename`
    pub(crate) fn rename(&self, old: PortName, new: PortName) -> Result<(), KernReturn> {
        let mut state = self.alive()?;
        if !new.is_valid() {
            return Err(KernReturn::INVALID_VALUE);
        }
        if state.get(new).is_some() {
            return Err(KernReturn::NAME_EXISTS);
        }
        state.get(old).ok_or(KernReturn::INVALID_NAME)?;
        self.budget.afford(Resource::Objects)?;
        state.rename(old, new)
    }

    /// `mach_port_destroy`
    pub(crate) fn destroy_name(&self, name: PortName) -> Result<(), KernReturn> {
        let mut state = self.alive()?;
        if state.get(name).ok_or(KernReturn::INVALID_NAME)?.held.is_guarded() {
            return Err(KernReturn::INVALID_RIGHT);
        }
        let entry = state.remove(name);
        drop(state);
        entry.into_iter().for_each(Dropped::release);
        Ok(())
    }

    /// `mach_port_deallocate`
    pub(crate) fn deallocate(&self, name: PortName) -> Result<(), KernReturn> {
        let mut state = self.alive()?;
        let kind = match state.get(name).ok_or(KernReturn::INVALID_NAME)?.held {
            Held::Send(_) | Held::Both(_) => RightKind::SEND,
            Held::SendOnce(_) => RightKind::SEND_ONCE,
            Held::Dead => RightKind::DEAD_NAME,
            Held::Receive(_) | Held::Set(_) => return Err(KernReturn::INVALID_RIGHT),
        };
        change(state, name, kind, -1)
    }

    /// `mach_port_mod_refs`
    pub(crate) fn mod_refs(&self, name: PortName, right: RightKind, delta: i32) -> Result<(), KernReturn> {
        let state = self.alive()?;
        if right.0 > RightKind::DEAD_NAME.0 {
            return Err(KernReturn::INVALID_VALUE);
        }
        change(state, name, right, delta)
    }

    /// `mach_port_get_refs`
    pub(crate) fn references(&self, name: PortName, right: RightKind) -> Result<u32, KernReturn> {
        let mut state = self.alive()?;
        if right.0 > RightKind::DEAD_NAME.0 {
            return Err(KernReturn::INVALID_VALUE);
        }
        let entry = state.get(name).ok_or(KernReturn::INVALID_NAME)?;
        Ok(match right {
            it if !entry.held.has(it) => 0,
            RightKind::SEND | RightKind::DEAD_NAME => entry.references,
            _ => 1,
        })
    }

    /// `mach_port_type`
    pub(crate) fn type_of(&self, name: PortName) -> Result<u32, KernReturn> {
        self.alive()?.type_of(name).ok_or(KernReturn::INVALID_NAME)
    }

    /// `mach_port_names`: names, and in the same order what they stand for.
    pub(crate) fn list_names(&self) -> Result<Vec<(PortName, u32)>, KernReturn> {
        drop(self.alive()?);
        self.budget.afford(Resource::Objects)?;
        self.names_and_types()
    }

    /// The same, for whoever looks from outside.
    pub(crate) fn names_and_types(&self) -> Result<Vec<(PortName, u32)>, KernReturn> {
        let mut state = self.alive()?;
        let names: Vec<PortName> = state.names().collect();
        Ok(names.into_iter().filter_map(|it| Some((it, state.type_of(it)?))).collect())
    }

    /// `mach_port_insert_right`. The right is one that arrived.
    pub(crate) fn insert_right(&self, name: PortName, right: Carried) -> Result<(), KernReturn> {
        let mut state = self.alive()?;
        if !name.is_valid() {
            drop(state);
            return Err(KernReturn::INVALID_VALUE);
        }
        if let Carried::Null | Carried::Dead = right {
            return Err(KernReturn::INVALID_CAPABILITY);
        }
        let result = state.insert(name, right);
        drop(state);
        result
    }

    /// `mach_port_extract_right`
    pub(crate) fn extract_right(&self, name: PortName, disposition: Disposition) -> Result<Carried, KernReturn> {
        let mut state = self.alive()?;
        if !disposition.is_port() {
            return Err(KernReturn::INVALID_VALUE);
        }
        state.get(name).ok_or(KernReturn::INVALID_NAME)?;
        let taken = state.take(name, disposition).ok_or(KernReturn::INVALID_RIGHT);
        drop(state);
        taken.map(|(right, _)| right)
    }

    /// The port that a name receives from.
    pub(crate) fn receiving(&self, name: PortName) -> Result<Arc<Port>, KernReturn> {
        let mut state = self.alive()?;
        let entry = state.get(name).ok_or(KernReturn::INVALID_NAME)?;
        entry.held.receiving().cloned().ok_or(KernReturn::INVALID_RIGHT)
    }

    /// The port set of a name.
    pub(crate) fn set(&self, name: PortName) -> Result<Arc<PortSet>, KernReturn> {
        let mut state = self.alive()?;
        match &state.get(name).ok_or(KernReturn::INVALID_NAME)?.held {
            Held::Set(it) => Ok(it.clone()),
            _ => Err(KernReturn::INVALID_RIGHT),
        }
    }
}

/// Changes the references of a right of a kind that there is.
fn change(mut state: Guard<'_, SpaceState>, name: PortName, right: RightKind, delta: i32) -> Result<(), KernReturn> {
    let entry = state.get(name).ok_or(KernReturn::INVALID_NAME)?;
    if !entry.held.has(right) {
        return Err(KernReturn::INVALID_RIGHT);
    }
    if matches!(right, RightKind::RECEIVE | RightKind::PORT_SET | RightKind::SEND_ONCE) {
        return match delta {
            0 => Ok(()),
            -1 if entry.held.is_guarded() => Err(KernReturn::INVALID_RIGHT),
            -1 => {
                release(state, name, right);
                Ok(())
            }
            _ => Err(KernReturn::INVALID_VALUE),
        };
    }
    // A send right keeps one reference free for the notification of its port's death.
    let most = if right == RightKind::SEND { MOST_REFERENCES - 1 } else { MOST_REFERENCES };
    let references = i64::from(entry.references) + i64::from(delta);
    if references < 0 {
        return Err(KernReturn::INVALID_VALUE);
    }
    if references > i64::from(most) {
        return Err(KernReturn::UREFS_OVERFLOW);
    }
    if references > 0 {
        entry.references = references as u32;
    } else {
        release(state, name, right);
    }
    Ok(())
}

/// Releases a right of a name with all its references, once the space is unlocked.
fn release(mut state: Guard<'_, SpaceState>, name: PortName, right: RightKind) {
    match right {
        RightKind::SEND => {
            let dropped = state.drop_send(name);
            drop(state);
            drop(dropped);
        }
        RightKind::RECEIVE => {
            let dropped = state.drop_receive(name);
            drop(state);
            drop(dropped);
        }
        _ => {
            let removed = state.remove(name);
            drop(state);
            removed.into_iter().for_each(Dropped::release);
        }
    }
}

impl SpaceState {
    pub(crate) fn type_of(&mut self, name: PortName) -> Option<u32> {
        let entry = self.get(name)?;
        let bits = entry.held.bits();
        let bits = if entry.armed { bits | self.request_bits(name) } else { bits };
        Some(if self.is_accepting(name) { bits | ACCEPTING } else { bits })
    }

    /// What is to be told of a name.
    fn request_bits(&self, name: PortName) -> u32 {
        let Some(port) = self.peek(name).and_then(|it| it.held.port()) else { return 0 };
        match port.lock().request(self.number, name).filter(|it| it.notify.is_some()).map(|it| it.possible) {
            None => 0,
            Some(SendPossible::Never) => ARMED,
            Some(SendPossible::Armed) => ARMED | ACCEPTING,
            Some(SendPossible::Delayed) => ARMED | ACCEPTING | DELAYED,
        }
    }
}
