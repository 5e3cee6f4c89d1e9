//! The model's calls about names, in the order in which they check.

use mig_rt::{Disposition, KernReturn, RightKind};

use super::messages::Named;
use super::ports::{Entry, Id, MOST, Model, Right, Set, Told, What};
use super::wire;

/// What `mach_port_get_receive_status` says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Status {
    pub(crate) set: u32,
    pub(crate) sequence: u32,
    pub(crate) made: u32,
    pub(crate) limit: u32,
    pub(crate) queued: u32,
    pub(crate) onces: u32,
    pub(crate) sends: bool,
    pub(crate) destroyed: bool,
    pub(crate) no_senders: bool,
}

type Result<X> = std::result::Result<X, KernReturn>;

/// A right of a kind that can be made from nothing.
pub(crate) fn can_allocate(kind: RightKind) -> Result<()> {
    let good = matches!(kind, RightKind::RECEIVE | RightKind::PORT_SET | RightKind::DEAD_NAME);
    if good { Ok(()) } else { Err(KernReturn::INVALID_VALUE) }
}

impl Model {
    fn entry(&self, task: usize, name: u32) -> Result<&Entry> {
        self.tasks[task].get(&name).ok_or(KernReturn::INVALID_NAME)
    }

    fn receiving(&self, task: usize, name: u32) -> Result<Id> {
        match self.entry(task, name)?.what {
            What::Receive(id) | What::Both(id) => Ok(id),
            _ => Err(KernReturn::INVALID_RIGHT),
        }
    }

    fn set(&self, task: usize, name: u32) -> Result<Id> {
        match self.entry(task, name)?.what {
            What::Set(id) => Ok(id),
            _ => Err(KernReturn::INVALID_RIGHT),
        }
    }

    /// Puts something new under a free name.
    pub(crate) fn allocate(&mut self, task: usize, kind: RightKind, name: u32) {
        let (what, references) = match kind {
            RightKind::RECEIVE => (What::Receive(self.new_port(task, name)), 0),
            RightKind::PORT_SET => {
                let id = self.number();
                self.sets.insert(id, Set::default());
                (What::Set(id), 0)
            }
            _ => (What::Dead, 1),
        };
        self.tasks[task].insert(name, Entry { what, references, accepting: None });
    }

    pub(crate) fn allocate_name(&mut self, task: usize, kind: RightKind, name: u32) -> Result<()> {
        if matches!(name, 0 | u32::MAX) {
            return Err(KernReturn::INVALID_VALUE);
        }
        can_allocate(kind)?;
        if self.tasks[task].contains_key(&name) {
            return Err(KernReturn::NAME_EXISTS);
        }
        self.allocate(task, kind, name);
        Ok(())
    }

    pub(crate) fn rename(&mut self, task: usize, old: u32, new: u32) -> Result<()> {
        if matches!(new, 0 | u32::MAX) {
            return Err(KernReturn::INVALID_VALUE);
        }
        if self.tasks[task].contains_key(&new) {
            return Err(KernReturn::NAME_EXISTS);
        }
        let entry = self.tasks[task].remove(&old).ok_or(KernReturn::INVALID_NAME)?;
        if let What::Receive(id) | What::Both(id) = entry.what {
            self.port(id).home = Some((task, new));
        }
        for port in self.ports.values_mut() {
            port.dead_names.iter_mut().filter(|it| (it.0, it.1) == (task, old)).for_each(|it| it.1 = new);
            if let Some(it) = port.rooms.remove(&(task, old)) {
                port.rooms.insert((task, new), it);
            }
        }
        self.tasks[task].insert(new, entry);
        Ok(())
    }

    pub(crate) fn destroy(&mut self, task: usize, name: u32) -> Result<()> {
        self.entry(task, name)?;
        self.end_entry(task, name);
        Ok(())
    }

    fn end_entry(&mut self, task: usize, name: u32) {
        let (entry, told) = self.remove(task, name);
        self.release_entry(name, &entry, told);
    }

    pub(crate) fn deallocate(&mut self, task: usize, name: u32) -> Result<()> {
        let kind = match self.entry(task, name)?.what {
            What::Send(_) | What::Both(_) => RightKind::SEND,
            What::Once(_) => RightKind::SEND_ONCE,
            What::Dead => RightKind::DEAD_NAME,
            What::Receive(_) | What::Set(_) => return Err(KernReturn::INVALID_RIGHT),
        };
        self.mod_refs(task, name, kind, -1)
    }

    pub(crate) fn mod_refs(&mut self, task: usize, name: u32, kind: RightKind, delta: i32) -> Result<()> {
        if kind.0 > 4 {
            return Err(KernReturn::INVALID_VALUE);
        }
        let entry = self.entry(task, name)?;
        match (kind, entry.what) {
            (RightKind::RECEIVE, What::Receive(_) | What::Both(_))
            | (RightKind::PORT_SET, What::Set(_))
            | (RightKind::SEND_ONCE, What::Once(_)) => match delta {
                0 => return Ok(()),
                -1 => {}
                _ => return Err(KernReturn::INVALID_VALUE),
            },
            (RightKind::SEND, What::Send(_) | What::Both(_)) | (RightKind::DEAD_NAME, What::Dead) => {
                let most = if kind == RightKind::SEND { MOST - 1 } else { MOST };
                let references = i64::from(entry.references) + i64::from(delta);
                if references < 0 {
                    return Err(KernReturn::INVALID_VALUE);
                }
                if references > i64::from(most) {
                    return Err(KernReturn::UREFS_OVERFLOW);
                }
                if references > 0 {
                    self.tasks[task].get_mut(&name).expect("it was found").references = references as u32;
                    return Ok(());
                }
            }
            _ => return Err(KernReturn::INVALID_RIGHT),
        }
        // One right of two goes, or the name.
        let what = self.tasks[task][&name].what;
        match (kind, what) {
            (RightKind::SEND, What::Both(id)) => {
                let entry = self.tasks[task].get_mut(&name).expect("it was found");
                (entry.what, entry.references) = (What::Receive(id), 0);
                self.release(Right::Send(id));
            }
            (RightKind::RECEIVE, What::Both(id)) => {
                self.tasks[task].get_mut(&name).expect("it was found").what = What::Send(id);
                self.leave_home(id);
                self.release(Right::Receive(id));
            }
            _ => self.end_entry(task, name),
        }
        Ok(())
    }

    pub(crate) fn get_refs(&self, task: usize, name: u32, kind: RightKind) -> Result<u32> {
        if kind.0 > 4 {
            return Err(KernReturn::INVALID_VALUE);
        }
        let entry = self.entry(task, name)?;
        Ok(match (kind, entry.what) {
            (RightKind::SEND, What::Send(_) | What::Both(_)) | (RightKind::DEAD_NAME, What::Dead) => entry.references,
            (RightKind::RECEIVE, What::Receive(_) | What::Both(_))
            | (RightKind::PORT_SET, What::Set(_))
            | (RightKind::SEND_ONCE, What::Once(_)) => 1,
            _ => 0,
        })
    }

    pub(crate) fn set_limit(&mut self, task: usize, name: u32, limit: u32) -> Result<()> {
        if limit > 16 {
            return Err(KernReturn::INVALID_VALUE);
        }
        let id = self.receiving(task, name)?;
        self.port(id).limit = limit;
        self.tell_of_room(id);
        Ok(())
    }

    pub(crate) fn set_made(&mut self, task: usize, name: u32, count: u32) -> Result<()> {
        let id = self.receiving(task, name)?;
        self.port(id).made = count;
        Ok(())
    }

    pub(crate) fn set_sequence(&mut self, task: usize, name: u32, number: u32) -> Result<()> {
        let id = self.receiving(task, name)?;
        self.port(id).sequence = number;
        Ok(())
    }

    pub(crate) fn status(&self, task: usize, name: u32) -> Result<Status> {
        let port = &self.ports[&self.receiving(task, name)?];
        let is_set = |it: &Entry| matches!(it.what, What::Set(id) if Some(id) == port.set);
        let set = self.tasks[task].iter().find(|it| is_set(it.1)).map_or(0, |it| *it.0);
        Ok(Status {
            set,
            sequence: port.sequence,
            made: port.made,
            limit: port.limit,
            queued: port.queue.len() as u32,
            onces: port.onces,
            sends: port.sends > 0,
            destroyed: port.destroyed.is_some(),
            no_senders: port.no_senders.is_some(),
        })
    }

    /// Names of a set's members, sorted.
    pub(crate) fn members(&self, task: usize, name: u32) -> Result<Vec<u32>> {
        let set = &self.sets[&self.set(task, name)?];
        let mut names: Vec<u32> = set.members.iter().filter_map(|it| Some(self.ports[it].home?.1)).collect();
        names.sort_unstable();
        Ok(names)
    }

    pub(crate) fn move_member(&mut self, task: usize, member: u32, after: u32) -> Result<()> {
        let id = self.receiving(task, member)?;
        if after == 0 {
            if self.port(id).set.is_none() {
                return Err(KernReturn::NOT_IN_SET);
            }
            self.leave_set(id);
            return Ok(());
        }
        let set = self.set(task, after)?;
        if self.port(id).set != Some(set) {
            self.leave_set(id);
            self.port(id).set = Some(set);
            self.sets.get_mut(&set).expect("it was found").members.insert(id);
            self.list(id);
        }
        Ok(())
    }

    /// `mach_port_request_notification`: the right that was there before. The new one has been taken.
    pub(crate) fn request(&mut self, task: usize, name: u32, id: u32, sync: u32, notify: Right) -> Result<Right> {
        let result = match notify {
            Right::Dead => Err(KernReturn::INVALID_CAPABILITY),
            Right::Null => self.exchange(task, name, id, sync, None),
            Right::Once(to) if self.lives(notify) => self.exchange(task, name, id, sync, Some(to)),
            _ => Err(KernReturn::INVALID_CAPABILITY),
        };
        if result.is_err() {
            self.release(notify);
        }
        result.map(|it| it.map_or(Right::Null, Right::Once))
    }

    fn exchange(&mut self, task: usize, name: u32, id: u32, sync: u32, notify: Option<Id>) -> Result<Option<Id>> {
        match id {
            69 if sync != 0 => Err(KernReturn::INVALID_VALUE),
            69 => {
                let port = self.receiving(task, name)?;
                Ok(std::mem::replace(&mut self.port(port).destroyed, notify))
            }
            70 => {
                let id = self.receiving(task, name)?;
                let port = self.port(id);
                let before = port.no_senders.take();
                let (made, now) = (port.made, port.sends == 0 && sync <= port.made);
                match notify {
                    Some(to) if now => self.tell(to, Told::NoSenders(made)),
                    notify => port.no_senders = notify,
                }
                Ok(before)
            }
            66 if wire::is_untyped(self.abis[task]) => self.exchange_dead_name(task, name, sync, notify, true),
            72 => self.exchange_dead_name(task, name, sync, notify, false),
            _ => Err(KernReturn::INVALID_VALUE),
        }
    }

    /// Of a request for room too, if `room` says so.
    fn exchange_dead_name(
        &mut self,
        task: usize,
        name: u32,
        sync: u32,
        notify: Option<Id>,
        room: bool,
    ) -> Result<Option<Id>> {
        let entry = self.entry(task, name)?;
        let id = match entry.what {
            What::Set(_) => return Err(KernReturn::INVALID_RIGHT),
            What::Dead => {
                let Some(to) = notify.filter(|_| sync != 0) else { return Err(KernReturn::INVALID_ARGUMENT) };
                if entry.references >= MOST {
                    return Err(KernReturn::UREFS_OVERFLOW);
                }
                self.tasks[task].get_mut(&name).expect("it was found").references += 1;
                self.tell(to, Told::DeadName(name));
                return Ok(None);
            }
            What::Send(id) | What::Receive(id) | What::Both(id) | What::Once(id) => id,
        };
        let once = matches!(entry.what, What::Once(_));
        let before = self.disarm(task, name);
        let port = self.port(id);
        let now = room && sync != 0 && (once || port.queue.len() < port.limit as usize);
        match notify {
            Some(to) if now => self.tell(to, Told::MsgAccepted(name)),
            Some(to) => {
                port.dead_names.push((task, name, to));
                if room {
                    port.rooms.insert((task, name), sync != 0);
                }
            }
            None => {}
        }
        Ok(before)
    }

    /// `mach_port_insert_right`. The right has been taken, and is released if it is refused.
    pub(crate) fn insert(&mut self, task: usize, name: u32, right: Right) -> Result<()> {
        let result = self.can_insert(task, name, right);
        match result {
            Ok(()) => self.join(task, right, name),
            Err(_) => self.release(right),
        }
        result
    }

    fn can_insert(&self, task: usize, name: u32, right: Right) -> Result<()> {
        if matches!(name, 0 | u32::MAX) {
            return Err(KernReturn::INVALID_VALUE);
        }
        let known = match right {
            Right::Null | Right::Dead => return Err(KernReturn::INVALID_CAPABILITY),
            Right::Once(_) => None,
            Right::Send(id) | Right::Receive(id) => self.name_of(task, id),
        };
        match (known, self.tasks[task].get(&name)) {
            (Some(it), _) if it != name => Err(KernReturn::RIGHT_EXISTS),
            (None, Some(_)) => Err(KernReturn::NAME_EXISTS),
            (Some(_), Some(it)) if matches!(right, Right::Send(_)) && it.references + 2 > MOST => {
                Err(KernReturn::UREFS_OVERFLOW)
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn extract(&mut self, task: usize, (name, how): Named) -> Result<Right> {
        if !(16..=21).contains(&how.0) {
            return Err(KernReturn::INVALID_VALUE);
        }
        self.entry(task, name)?;
        if !self.can_take(task, (name, how)) {
            return Err(KernReturn::INVALID_RIGHT);
        }
        Ok(self.take(task, (name, how)))
    }

    /// A send right to a port of a task, to be given to another.
    pub(crate) fn make_for(&mut self, task: usize, name: u32) -> Result<Right> {
        let id = self.receiving(task, name)?;
        Ok(self.make_send(id))
    }
}

/// What can be done to a right in a body.
pub(crate) const DISPOSITIONS: [Disposition; 6] = [
    Disposition::MOVE_RECEIVE,
    Disposition::MOVE_SEND,
    Disposition::MOVE_SEND_ONCE,
    Disposition::COPY_SEND,
    Disposition::MAKE_SEND,
    Disposition::MAKE_SEND_ONCE,
];
