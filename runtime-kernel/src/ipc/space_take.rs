//! Rights leave a space in messages: which right gives what, and what that does to the name.

use mig_rt::{Disposition, KernReturn, MsgReturn, PortName};

use super::copyin::{Header, invalid};
use super::message::Destination;
use super::notify::OnDrop;
use super::right::{Carried, SendOnceRef, SendRef};
use super::space::{Entry, Held, MOST_REFERENCES, Space, SpaceState};
use super::space_give::Dropped;
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
    /// Different names: nothing moves before both can be given.
    fn take_both(&mut self, header: Header<'_>) -> Result<(Taken, Taken), MsgReturn> {
        let Header { remote, remote_disposition, local, local_disposition, .. } = header;
        let entry = self.get(remote).ok_or(MsgReturn::SEND_INVALID_DEST)?;
        let good = !matches!(entry.held, Held::Dead) && entry.can_give(remote_disposition);
        // A dead destination is worse than a reply that cannot be had only once that one can.
        if local.is_valid() && !self.can_take(local, local_disposition) {
            return Err(MsgReturn::SEND_INVALID_REPLY);
        }
        if !good {
            return Err(MsgReturn::SEND_INVALID_DEST);
        }
        let to = self.take_known(remote, remote_disposition).ok_or(MsgReturn::SEND_INVALID_DEST)?;
        let reply = match invalid(local) {
            Some(it) => (it, None),
            // Checked just now, and the lock is still held.
            None => self.take_known(local, local_disposition).unwrap_or((Carried::Dead, None)),
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
    fn can_take(&mut self, name: PortName, disposition: Disposition) -> bool {
        self.get(name).is_some_and(|it| it.can_give(disposition))
    }
}

impl Entry {
    /// Whether it can give what a disposition says.
    fn can_give(&self, disposition: Disposition) -> bool {
        match (disposition, &self.held) {
            (Disposition::MAKE_SEND | Disposition::MAKE_SEND_ONCE, held) => held.receiving().is_some(),
            (Disposition::MOVE_RECEIVE, held) => held.receiving().is_some() && !held.is_immovable(),
            (Disposition::MOVE_SEND | Disposition::COPY_SEND, held) => {
                matches!(held, Held::Send(_) | Held::Both(_) | Held::Dead)
            }
            (Disposition::MOVE_SEND_ONCE, held) => matches!(held, Held::SendOnce(_) | Held::Dead),
            _ => false,
        }
    }
}

impl SpaceState {
    /// Takes what a disposition says.
    pub(crate) fn take(&mut self, name: PortName, disposition: Disposition) -> Option<Taken> {
        self.get(name).filter(|it| it.can_give(disposition))?;
        self.take_known(name, disposition)
    }

    /// Takes what a name is known to have.
    #[inline]
    fn take_known(&mut self, name: PortName, disposition: Disposition) -> Option<Taken> {
        let held = &self.peek(name)?.held;
        let right = match disposition {
            Disposition::COPY_SEND => match held.sending() {
                Some(it) => Carried::Send(SendRef::uncounted(it)),
                None => Carried::Dead,
            },
            Disposition::MAKE_SEND => Carried::Send(SendRef::make(held.receiving()?)),
            Disposition::MAKE_SEND_ONCE => Carried::SendOnce(SendOnceRef::make(held.receiving()?)),
            _ => return self.move_out(name, disposition),
        };
        Some((right, None))
    }

    fn move_out(&mut self, name: PortName, disposition: Disposition) -> Option<Taken> {
        let entry = self.entry_mut(name)?;
        let last = entry.references <= 1;
        match (disposition, &entry.held) {
            (Disposition::MOVE_SEND | Disposition::MOVE_SEND_ONCE, Held::Dead) => {
                if last {
                    drop(self.remove(name));
                } else {
                    entry.references -= 1;
                }
                Some((Carried::Dead, None))
            }
            (Disposition::MOVE_SEND, held) if !last => {
                let right = Carried::Send(SendRef::uncounted(held.sending()?));
                entry.references -= 1;
                Some((right, None))
            }
            (Disposition::MOVE_SEND, _) => self.drop_send(name).map(|it| (Carried::Send(it.right), it.told)),
            (Disposition::MOVE_RECEIVE, _) => self.drop_receive(name).map(|it| (Carried::Receive(it.right), it.told)),
            _ => match self.remove(name)? {
                Dropped { right: Held::SendOnce(it), told } => Some((Carried::SendOnce(it), told)),
                _ => None,
            },
        }
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
