//! The model's `mach_msg`: what is taken of a task, and what it is given.

use mig_rt::{Disposition, MsgReturn};

use super::ports::{Entry, Id, Item, MOST, Message, Model, Right, Told, What};
use super::wire;

/// Bytes of a trailer with a sequence number.
pub(crate) const TRAILER: usize = 12;

/// A name and what is done with it.
pub(crate) type Named = (u32, Disposition);

/// What a task sends.
#[derive(Clone, Debug)]
pub(crate) struct Letter {
    pub(crate) to: Named,
    pub(crate) reply: Named,
    pub(crate) id: u32,
    pub(crate) body: Vec<Enclosed>,
    /// With `MACH_SEND_NOTIFY`, and who is told where the ABI has that.
    pub(crate) notify: Option<u32>,
}

#[derive(Clone, Debug)]
pub(crate) enum Enclosed {
    Right(Named),
    /// So many bytes, all the same.
    Memory(usize, u8),
}

/// What becomes of a message.
#[derive(Debug)]
pub(crate) enum Sent {
    Done,
    /// Beyond the limit.
    WillNotify,
    Refused(MsgReturn),
    /// It comes back.
    Back(MsgReturn, Message),
}

fn sends(it: Disposition) -> bool {
    (17..=21).contains(&it.0)
}

const fn valid(name: u32) -> bool {
    name != 0 && name != u32::MAX
}

impl Model {
    pub(crate) fn can_take(&self, task: usize, (name, how): Named) -> bool {
        let Some(entry) = self.tasks[task].get(&name) else { return false };
        match how {
            Disposition::MOVE_RECEIVE | Disposition::MAKE_SEND | Disposition::MAKE_SEND_ONCE => {
                matches!(entry.what, What::Receive(_) | What::Both(_))
            }
            Disposition::MOVE_SEND | Disposition::COPY_SEND => {
                matches!(entry.what, What::Send(_) | What::Both(_) | What::Dead)
            }
            Disposition::MOVE_SEND_ONCE => matches!(entry.what, What::Once(_) | What::Dead),
            _ => false,
        }
    }

    /// Takes what a disposition says, which can be taken.
    pub(crate) fn take(&mut self, task: usize, (name, how): Named) -> Right {
        let entry = self.tasks[task].get_mut(&name).expect("it can be taken");
        let last = entry.references <= 1;
        match (how, entry.what) {
            (Disposition::COPY_SEND, What::Dead) => Right::Dead,
            (_, What::Dead) => {
                self.drop_reference(task, name);
                Right::Dead
            }
            (Disposition::COPY_SEND, What::Send(id) | What::Both(id)) => self.one_more_send(id),
            (Disposition::MAKE_SEND, What::Receive(id) | What::Both(id)) => self.make_send(id),
            (Disposition::MAKE_SEND_ONCE, What::Receive(id) | What::Both(id)) => self.make_once(id),
            (Disposition::MOVE_SEND, What::Send(id) | What::Both(id)) if !last => {
                entry.references -= 1;
                self.one_more_send(id)
            }
            (Disposition::MOVE_SEND, What::Both(id)) => {
                (entry.what, entry.references) = (What::Receive(id), 0);
                Right::Send(id)
            }
            (Disposition::MOVE_RECEIVE, What::Both(id)) => {
                entry.what = What::Send(id);
                self.leave_home(id);
                Right::Receive(id)
            }
            (Disposition::MOVE_SEND, What::Send(id)) => self.take_last(task, name, Right::Send(id)),
            (Disposition::MOVE_SEND_ONCE, What::Once(id)) => self.take_last(task, name, Right::Once(id)),
            (Disposition::MOVE_RECEIVE, What::Receive(id)) => self.take_last(task, name, Right::Receive(id)),
            other => panic!("{other:?} cannot be taken"),
        }
    }

    fn one_more_send(&mut self, id: Id) -> Right {
        self.port(id).sends += 1;
        Right::Send(id)
    }

    pub(crate) fn make_send(&mut self, id: Id) -> Right {
        self.port(id).made = self.port(id).made.wrapping_add(1);
        self.one_more_send(id)
    }

    pub(crate) fn make_once(&mut self, id: Id) -> Right {
        self.port(id).onces += 1;
        Right::Once(id)
    }

    /// The name goes with the right.
    fn take_last(&mut self, task: usize, name: u32, right: Right) -> Right {
        let (_, told) = self.remove(task, name);
        if let Some(it) = told {
            self.tell(it, Told::PortDeleted(name));
        }
        right
    }

    pub(crate) fn drop_reference(&mut self, task: usize, name: u32) {
        let entry = self.tasks[task].get_mut(&name).expect("it exists");
        entry.references -= 1;
        if entry.references == 0 {
            self.tasks[task].remove(&name);
        }
    }

    /// Gives a right to a task, which calls it `name`.
    pub(crate) fn give(&mut self, task: usize, right: Right, name: u32) -> Result<(), String> {
        let expect = |expected: u32| {
            if name == expected {
                Ok(())
            } else {
                Err(format!("{right:?} arrived as {name:#x}, and not {expected:#x}"))
            }
        };
        match right {
            Right::Null => return expect(0),
            Right::Dead => return expect(u32::MAX),
            _ if !self.lives(right) => return expect(u32::MAX),
            _ => {}
        }
        let known = match right {
            Right::Send(id) | Right::Receive(id) => self.name_of(task, id),
            _ => None,
        };
        if let Some(known) = known {
            expect(known)?;
        } else if !valid(name) || self.tasks[task].contains_key(&name) {
            return Err(format!("{right:?} arrived as {name:#x}, which is no new name"));
        }
        self.join(task, right, name);
        Ok(())
    }

    /// Puts a right under a name, which is new or its port's.
    pub(crate) fn join(&mut self, task: usize, right: Right, name: u32) {
        let entry = self.tasks[task].get_mut(&name);
        let fresh = |what, references| Entry { what, references, accepting: None };
        match (right, entry) {
            (Right::Send(id), Some(entry)) => {
                entry.references = (entry.references + 1).min(MOST - 1);
                if let What::Receive(_) = entry.what {
                    entry.what = What::Both(id);
                } else {
                    self.port(id).sends -= 1;
                }
            }
            (Right::Receive(id), Some(entry)) => entry.what = What::Both(id),
            (Right::Send(id), None) => drop(self.tasks[task].insert(name, fresh(What::Send(id), 1))),
            (Right::Once(id), _) => drop(self.tasks[task].insert(name, fresh(What::Once(id), 0))),
            (Right::Receive(id), None) => drop(self.tasks[task].insert(name, fresh(What::Receive(id), 0))),
            (Right::Null | Right::Dead, _) => {}
        }
        if let Right::Receive(id) = right {
            let abi = self.abis[task];
            let port = self.port(id);
            (port.home, port.abi) = (Some((task, name)), abi);
        }
    }

    /// Sends without waiting.
    pub(crate) fn send(&mut self, task: usize, letter: &Letter) -> Sent {
        let (to, reply) = match self.take_header(task, letter.to, letter.reply) {
            Ok(it) => it,
            Err(code) => return Sent::Refused(code),
        };
        let mut body = Vec::new();
        for it in &letter.body {
            match it {
                Enclosed::Memory(size, byte) => body.push(Item::Memory(vec![*byte; *size])),
                Enclosed::Right((0, _)) => body.push(Item::Right(Right::Null)),
                Enclosed::Right((u32::MAX, _)) => body.push(Item::Right(Right::Dead)),
                Enclosed::Right(it) if self.can_take(task, *it) => body.push(Item::Right(self.take(task, *it))),
                Enclosed::Right(_) => {
                    let rights =
                        body.into_iter().filter_map(|it| if let Item::Right(it) = it { Some(it) } else { None });
                    rights.chain([to, reply]).for_each(|it| self.release(it));
                    return Sent::Refused(MsgReturn::SEND_INVALID_RIGHT);
                }
            }
        }
        let serial = self.number();
        let abi = self.abis[task];
        let message = Message { serial, abi, to, reply, id: letter.id, body, accepted: None };
        match (self.deliver(message, false), letter.notify) {
            (None, _) => Sent::Done,
            // Darwin sends nothing beyond the limit, and tells whoever has asked to hear of room.
            (Some(it), Some(_)) if wire::is_untyped(abi) => {
                let Right::Send(id) = it.to else { panic!("what goes through a send-once right has room") };
                if let Some(armed) = self.port(id).rooms.get_mut(&(task, letter.to.0)) {
                    *armed = true;
                }
                Sent::Back(MsgReturn::SEND_TIMED_OUT, it)
            }
            (Some(it), None) => Sent::Back(MsgReturn::SEND_TIMED_OUT, it),
            (Some(it), Some(notify)) => self.send_beyond(task, it, notify),
        }
    }

    fn send_beyond(&mut self, task: usize, mut message: Message, notify: u32) -> Sent {
        let Right::Send(id) = message.to else { panic!("what goes through a send-once right has room") };
        let name = self.name_of(task, id);
        if !valid(notify) {
            return Sent::Back(MsgReturn::SEND_INVALID_NOTIFY, message);
        }
        if name.is_some_and(|it| self.is_accepting(&self.tasks[task][&it])) {
            return Sent::Back(MsgReturn::SEND_NOTIFY_IN_PROGRESS, message);
        }
        let Some(Entry { what: What::Receive(told) | What::Both(told), .. }) = self.tasks[task].get(&notify) else {
            return Sent::Back(MsgReturn::SEND_INVALID_NOTIFY, message);
        };
        let told = *told;
        self.make_once(told);
        message.accepted = Some((told, name.unwrap_or(0)));
        if let Some(name) = name {
            self.tasks[task].get_mut(&name).expect("it was found").accepting = Some(message.serial);
        }
        drop(self.deliver(message, true));
        Sent::WillNotify
    }

    fn take_header(&mut self, task: usize, to: Named, reply: Named) -> Result<(Right, Right), MsgReturn> {
        let absent = reply == (0, Disposition::NONE);
        if !sends(to.1) || !absent && !sends(reply.1) {
            return Err(MsgReturn::SEND_INVALID_HEADER);
        }
        if !self.tasks[task].contains_key(&to.0) {
            return Err(MsgReturn::SEND_INVALID_DEST);
        }
        if valid(reply.0) && !self.can_take(task, reply) {
            return Err(MsgReturn::SEND_INVALID_REPLY);
        }
        let entry = &self.tasks[task][&to.0];
        if matches!(entry.what, What::Dead) || !self.can_take(task, to) {
            return Err(MsgReturn::SEND_INVALID_DEST);
        }
        if to.0 == reply.0 {
            let moves = u32::from(to.1 == Disposition::MOVE_SEND) + u32::from(reply.1 == Disposition::MOVE_SEND);
            let once = [to.1, reply.1].contains(&Disposition::MOVE_SEND_ONCE);
            if once || moves > entry.references {
                return Err(MsgReturn::SEND_INVALID_DEST);
            }
        }
        // Of one name, what moves goes last.
        if to.0 == reply.0 && to.1 == Disposition::MOVE_SEND {
            let reply = self.take(task, reply);
            return Ok((self.take(task, to), reply));
        }
        let to = self.take(task, to);
        let reply = match reply.0 {
            0 => Right::Null,
            u32::MAX => Right::Dead,
            _ => self.take(task, reply),
        };
        Ok((to, reply))
    }

    /// Takes the next message of a name, if it is not longer than `limit`; what number it has.
    pub(crate) fn receive(
        &mut self,
        task: usize,
        name: u32,
        (limit, large): (usize, bool),
    ) -> Result<(Message, u32), MsgReturn> {
        let id = match self.tasks[task].get(&name).map(|it| it.what) {
            Some(What::Receive(id) | What::Both(id)) if self.port(id).set.is_some() => {
                return Err(MsgReturn::RCV_IN_SET);
            }
            Some(What::Receive(id) | What::Both(id)) => id,
            Some(What::Set(set)) => *self.sets[&set].ready.front().ok_or(MsgReturn::RCV_TIMED_OUT)?,
            _ => return Err(MsgReturn::RCV_INVALID_NAME),
        };
        let port = self.port(id);
        let first = port.queue.front().ok_or(MsgReturn::RCV_TIMED_OUT)?;
        // Trailers are received with it.
        let size = size(first) + if wire::is_untyped(first.abi) { TRAILER } else { 0 };
        if large && size > limit {
            return Err(MsgReturn::RCV_TOO_LARGE);
        }
        let mut message = port.queue.pop_front().expect("it was seen just now");
        let sequence = port.sequence;
        port.sequence = sequence.wrapping_add(1);
        if let Some(set) = port.set {
            self.sets.get_mut(&set).expect("a member's set exists").ready.retain(|it| *it != id);
            self.list(id);
        }
        self.accept(message.accepted.take());
        self.tell_of_room(id);
        if size > limit {
            self.arrive(message.to);
            message.to = Right::Null;
            self.release_message(message);
            return Err(MsgReturn::RCV_TOO_LARGE);
        }
        Ok((message, sequence))
    }

    /// The right that a message came through is used up.
    pub(crate) fn arrive(&mut self, to: Right) {
        match to {
            Right::Once(id) => self.port(id).onces -= 1,
            other => self.release(other),
        }
    }
}

/// Bytes of a message.
pub(crate) fn size(message: &Message) -> usize {
    let count = |is: fn(&Item) -> bool| message.body.iter().filter(|it| is(it)).count();
    let rights = count(|it| matches!(it, Item::Right(_)));
    let regions = count(|it| matches!(it, Item::Memory(_)));
    wire::size(message.abi, rights, regions, count(|it| matches!(it, Item::Word(_))))
}
