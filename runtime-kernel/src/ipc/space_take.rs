//! Rights leave a space in messages: which right gives what, and what that does to the name.

use mig_rt::{Disposition, KernReturn, MsgReturn, PortName};

use super::copyin::{Header, invalid};
use super::message::Destination;
use super::notify::OnDrop;
use super::right::{Carried, SendOnceRef, SendRef};
use super::space::{Entry, Held, MOST_REFERENCES, Space, SpaceState};
use crate::budget::Resource;

/// A right on its way out of a space, and what somebody is told if it was its name's last.
type Taken = (Carried, Option<Box<OnDrop>>);

impl Space {
    /// Takes rights of a body out. Those before one that is refused are released.
    pub(crate) fn take_rights(
        &self,
        names: &mut dyn Iterator<Item = PortName>,
        disposition: Disposition,
    ) -> Result<Vec<Carried>, MsgReturn> {
        let mut rights = Vec::new();
        // A lock is not held for longer than a number of rights takes.
        while !self.take_some(names, disposition, &mut rights)? {}
        Ok(rights)
    }

    /// Whether that were all.
    fn take_some(
        &self,
        names: &mut dyn Iterator<Item = PortName>,
        disposition: Disposition,
        rights: &mut Vec<Carried>,
    ) -> Result<bool, MsgReturn> {
        let mut state = self.lock();
        for _ in 0..256 {
            let Some(name) = names.next() else { return Ok(true) };
            let right = match invalid(name) {
                Some(it) => it,
                None => state.take(name, disposition).ok_or(MsgReturn::SEND_INVALID_RIGHT)?.0,
            };
            rights.push(right);
        }
        Ok(false)
    }

    /// Takes the rights of a header out: both or none.
    pub(crate) fn take_header(&self, header: Header<'_>) -> Result<(Destination, Carried), MsgReturn> {
        let mut state = self.lock();
        if !state.alive || !header.remote.is_valid() {
            return Err(MsgReturn::SEND_INVALID_DEST);
        }
        let taken = if header.remote == header.local { state.take_twice(header) } else { state.take_both(header) };
        drop(state);
        let (mut to, reply) = taken?;
        if let (Some(watcher), Some(told)) = (header.cancel, &mut to.1) {
            told.silence(watcher);
        }
        let to = Destination::of(to.0).ok_or(MsgReturn::SEND_INVALID_DEST)?;
        Ok((to, reply.0))
    }
}

impl SpaceState {
    /// Different names: the reply is checked before the destination is taken.
    fn take_both(&mut self, header: Header<'_>) -> Result<(Taken, Taken), MsgReturn> {
        let Header { remote, remote_disposition, local, local_disposition, .. } = header;
        let entry = self.get(remote).ok_or(MsgReturn::SEND_INVALID_DEST)?;
        // A dead destination is worse than a reply that cannot be had only once that one can.
        let dead = matches!(entry.held, Held::Dead);
        if local.is_valid() && !self.can_take(local, local_disposition) {
            return Err(MsgReturn::SEND_INVALID_REPLY);
        }
        if dead {
            return Err(MsgReturn::SEND_INVALID_DEST);
        }
        let to = self.take(remote, remote_disposition).ok_or(MsgReturn::SEND_INVALID_DEST)?;
        let reply = match local {
            PortName::NULL => (Carried::Null, None),
            PortName::DEAD => (Carried::Dead, None),
            // Checked just now, and the lock is still held.
            local => self.take(local, local_disposition).unwrap_or((Carried::Dead, None)),
        };
        Ok((to, reply))
    }

    /// One name for both.
    fn take_twice(&mut self, header: Header<'_>) -> Result<(Taken, Taken), MsgReturn> {
        let Header { remote: name, remote_disposition, local_disposition, .. } = header;
        self.get(name).ok_or(MsgReturn::SEND_INVALID_DEST)?;
        if !self.can_take(name, local_disposition) {
            return Err(MsgReturn::SEND_INVALID_REPLY);
        }
        if !self.can_send_to(name, remote_disposition) {
            return Err(MsgReturn::SEND_INVALID_DEST);
        }
        let moved = |it| [remote_disposition, local_disposition].iter().filter(|at| **at == it).count() as u32;
        let entry = self.get(name).ok_or(MsgReturn::SEND_INVALID_DEST)?;
        if moved(Disposition::MOVE_SEND_ONCE) > 0 || moved(Disposition::MOVE_SEND) > entry.references {
            return Err(MsgReturn::SEND_INVALID_DEST);
        }
        // What moves goes last: with the last reference the name goes.
        let moves = |it: Disposition| it == Disposition::MOVE_SEND;
        let missing = MsgReturn::SEND_INVALID_DEST;
        if moves(remote_disposition) {
            let reply = self.take(name, local_disposition).ok_or(missing)?;
            Ok((self.take(name, remote_disposition).ok_or(missing)?, reply))
        } else {
            let to = self.take(name, remote_disposition).ok_or(missing)?;
            Ok((to, self.take(name, local_disposition).ok_or(missing)?))
        }
    }

    fn can_send_to(&mut self, name: PortName, disposition: Disposition) -> bool {
        let dead = self.get(name).is_none_or(|it| matches!(it.held, Held::Dead));
        !dead && self.can_take(name, disposition)
    }

    /// Whether a name can give what a disposition says.
    pub(crate) fn can_take(&mut self, name: PortName, disposition: Disposition) -> bool {
        self.get(name).is_some_and(|it| it.can_give(disposition))
    }
}

impl Entry {
    /// Whether it can give what a disposition says.
    fn can_give(&self, disposition: Disposition) -> bool {
        match disposition {
            Disposition::MOVE_RECEIVE | Disposition::MAKE_SEND | Disposition::MAKE_SEND_ONCE => {
                let moves = disposition == Disposition::MOVE_RECEIVE;
                self.held.receiving().is_some() && !(moves && self.held.is_immovable())
            }
            Disposition::MOVE_SEND | Disposition::COPY_SEND => {
                self.held.sending().is_some() || matches!(self.held, Held::Dead)
            }
            Disposition::MOVE_SEND_ONCE => matches!(self.held, Held::SendOnce(_) | Held::Dead),
            _ => false,
        }
    }
}

impl SpaceState {
    /// Takes what a disposition says.
    pub(crate) fn take(&mut self, name: PortName, disposition: Disposition) -> Option<Taken> {
        let entry = self.get(name).filter(|it| it.can_give(disposition))?;
        let right = match (disposition, &entry.held) {
            (Disposition::COPY_SEND, Held::Dead) => Carried::Dead,
            (Disposition::MOVE_SEND | Disposition::MOVE_SEND_ONCE, Held::Dead) if entry.references > 1 => {
                entry.references -= 1;
                Carried::Dead
            }
            (Disposition::MOVE_SEND | Disposition::MOVE_SEND_ONCE, Held::Dead) => {
                drop(self.remove(name));
                Carried::Dead
            }
            (Disposition::COPY_SEND, held) => Carried::Send(held.sending()?.copy()),
            (Disposition::MAKE_SEND, held) => Carried::Send(SendRef::make(held.receiving()?)),
            (Disposition::MAKE_SEND_ONCE, held) => Carried::SendOnce(SendOnceRef::make(held.receiving()?)),
            (Disposition::MOVE_SEND, held) if entry.references > 1 => {
                let right = Carried::Send(held.sending()?.copy());
                entry.references -= 1;
                right
            }
            (Disposition::MOVE_SEND, _) => {
                return self.drop_send(name).map(|it| (Carried::Send(it.right), it.told));
            }
            (Disposition::MOVE_RECEIVE, _) => {
                return self.drop_receive(name).map(|it| (Carried::Receive(it.right), it.told));
            }
            _ => match self.remove(name)? {
                Entry { held: Held::SendOnce(it), told, .. } => return Some((Carried::SendOnce(it), told)),
                _ => return None,
            },
        };
        Some((right, None))
    }

    /// Puts a right under a name of somebody's choice, as `mach_port_insert_right` does.
    pub(crate) fn insert(&mut self, name: PortName, right: Carried) -> Result<(), KernReturn> {
        let Some(port) = right.port().cloned() else { return Err(KernReturn::INVALID_CAPABILITY) };
        let once = matches!(right, Carried::SendOnce(_));
        let known = if once { None } else { self.name_of(&port) };
        match known {
            Some(it) if it != name => return Err(KernReturn::RIGHT_EXISTS),
            Some(_) => {}
            None if self.get(name).is_some() => return Err(KernReturn::NAME_EXISTS),
            None => {}
        }
        if !port.is_alive() {
            return Err(KernReturn::INVALID_CAPABILITY);
        }
        if let (Some(_), Carried::Send(_)) = (known, &right)
            && self.get(name).is_some_and(|it| it.references + 2 > MOST_REFERENCES)
        {
            return Err(KernReturn::UREFS_OVERFLOW);
        }
        if known.is_some() {
            return self.receive(right).map(drop);
        }
        if self.is_full() {
            return Err(KernReturn::RESOURCE_SHORTAGE);
        }
        self.budget.afford(Resource::Objects)?;
        self.put(name, Entry::new(held(right)?));
        Ok(())
    }
}

fn held(right: Carried) -> Result<Held, KernReturn> {
    Ok(match right {
        Carried::Send(it) => Held::Send(it),
        Carried::SendOnce(it) => Held::SendOnce(it),
        Carried::Receive(it) => Held::Receive(it),
        Carried::Null | Carried::Dead => return Err(KernReturn::INVALID_CAPABILITY),
    })
}
