//! The calls about receive rights, port sets and notifications.

use std::sync::Arc;

use mig_rt::carried::Sender;
use mig_rt::{KernReturn, MsgId, MsgReturn, PortName, RightKind};

use super::guard::Guard;
use super::notify::{Notification, What};
use super::port::{Armed, Port, PortState, SendPossible};
use super::right::{Carried, SendOnceRef};
use super::set::{Membership, PortSet};
use super::space::{Held, MOST_REFERENCES, Space};
use crate::budget::Resource;

/// Sets that a port is in, at most.
const MOST_SETS: usize = 64;
/// Requests that room is made for in advance, at most: a task does not pay for it.
const MOST_REQUESTS: u32 = 1024;

/// A message that waits, as far as it can be seen without taking it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peeked {
    pub(crate) sequence: u32,
    pub(crate) size: u32,
    pub(crate) id: MsgId,
    pub(crate) sender: Sender,
}

/// What a receiver may know of its port (`mach_port_status_t`).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Status {
    /// The first set that the port is in, and how many there are.
    pub(crate) set: PortName,
    pub(crate) sets: u32,
    pub(crate) sequence: u32,
    pub(crate) made: u32,
    pub(crate) limit: u32,
    pub(crate) queued: u32,
    pub(crate) send_onces: u32,
    pub(crate) has_sends: bool,
    pub(crate) port_destroyed: bool,
    pub(crate) no_senders: bool,
    pub(crate) guard: Option<Guard>,
}

impl Space {
    /// `mach_port_set_qlimit`; what the largest limit is depends on the system.
    pub(crate) fn set_limit(&self, name: PortName, limit: u32, most: u32) -> Result<(), KernReturn> {
        drop(self.alive()?);
        if limit > most {
            return Err(KernReturn::INVALID_VALUE);
        }
        self.with_receiver(name, |port, state| {
            state.limit = limit;
            state.admit();
            state.offer(port);
            Ok(())
        })
    }

    /// `mach_port_set_mscount`
    pub(crate) fn set_made(&self, name: PortName, count: u32) -> Result<(), KernReturn> {
        self.with_receiver(name, |port, _| {
            port.set_make_count(count);
            Ok(())
        })
    }

    /// `mach_port_set_seqno`
    pub(crate) fn set_sequence(&self, name: PortName, number: u32) -> Result<(), KernReturn> {
        self.with_receiver(name, |_, state| {
            state.sequence = number;
            Ok(())
        })
    }

    /// `mach_port_set_protected_payload`, and with nothing `mach_port_clear_protected_payload`
    pub(crate) fn set_payload(&self, name: PortName, payload: Option<u64>) -> Result<(), KernReturn> {
        self.with_receiver(name, |_, state| {
            state.rare.payload = payload;
            Ok(())
        })
    }

    /// `mach_port_get_receive_status`
    pub(crate) fn status(&self, name: PortName) -> Result<Status, KernReturn> {
        self.with_receiver(name, |port, state| {
            Ok(Status {
                set: state.sets.first().map_or(PortName::NULL, |it| it.set.name()),
                sets: state.sets.len() as u32,
                sequence: state.sequence,
                made: port.make_count(),
                limit: state.limit,
                queued: state.queue.len() as u32,
                send_onces: port.send_once_count(),
                has_sends: port.send_count() > 0,
                port_destroyed: state.rare.port_destroyed.is_some(),
                no_senders: state.no_senders.is_some(),
                guard: state.rare.guard,
            })
        })
    }

    /// `mach_port_get_set_status`
    pub(crate) fn members(&self, name: PortName) -> Result<Vec<PortName>, KernReturn> {
        let set = self.set(name)?;
        self.budget.afford(Resource::Objects)?;
        let state = set.lock();
        Ok(state.members.values().filter_map(|it| Some(it.home()?.1)).collect())
    }

    /// `mach_port_move_member`
    pub(crate) fn move_member(&self, member: PortName, after: PortName) -> Result<(), KernReturn> {
        drop(self.receiving(member)?);
        let after = if after == PortName::NULL { None } else { Some(self.set(after)?) };
        self.with_receiver(member, |port, state| {
            let Some(set) = after else {
                if state.sets.is_empty() {
                    return Err(KernReturn::NOT_IN_SET);
                }
                state.leave_sets(port.id);
                return Ok(());
            };
            if state.sets.len() == 1 && state.membership(&set).is_some() {
                return Ok(());
            }
            state.leave_sets(port.id);
            state.join(port, set)
        })
    }

    /// `mach_port_insert_member`
    pub(crate) fn insert_member(&self, member: PortName, set: PortName) -> Result<(), KernReturn> {
        drop(self.receiving(member)?);
        let set = self.set(set)?;
        self.with_receiver(member, |port, state| {
            if state.membership(&set).is_some() {
                return Err(KernReturn::ALREADY_IN_SET);
            }
            if state.sets.len() >= MOST_SETS {
                return Err(KernReturn::RESOURCE_SHORTAGE);
            }
            self.budget.afford(Resource::Objects)?;
            state.join(port, set)
        })
    }

    /// `mach_port_extract_member`
    pub(crate) fn extract_member(&self, member: PortName, set: PortName) -> Result<(), KernReturn> {
        drop(self.receiving(member)?);
        let set = self.set(set)?;
        self.with_receiver(member, |port, state| {
            let at = state.sets.iter().position(|it| Arc::ptr_eq(&it.set, &set)).ok_or(KernReturn::NOT_IN_SET)?;
            state.sets.remove(at).end(port.id);
            Ok(())
        })
    }

    /// `mach_port_peek`: a message that waits, by its number, or the first if that is 0.
    pub(crate) fn peek(&self, name: PortName, number: u32) -> Result<Peeked, KernReturn> {
        self.with_receiver(name, |_, state| {
            let first = state.sequence;
            let at = if number == 0 { 0 } else { number.wrapping_sub(first) };
            let message = state.queue.get(at as usize).ok_or(KernReturn::FAILURE)?;
            Ok(Peeked {
                sequence: first.wrapping_add(at),
                size: message.bytes.len() as u32,
                id: message.id(),
                sender: Sender { context: state.rare.context, ..message.sender },
            })
        })
    }

    /// `mach_port_set_ktype`
    pub(crate) fn set_kind(&self, name: PortName, right: RightKind, kind: u32) -> Result<(), KernReturn> {
        let mut state = self.alive()?;
        let entry = state.get(name).ok_or(KernReturn::INVALID_NAME)?;
        let port = entry.held.port().filter(|_| entry.held.has(right)).ok_or(KernReturn::INVALID_RIGHT)?;
        if port.object().is_some() {
            return Err(KernReturn::INVALID_ARGUMENT);
        }
        port.lock().rare.kind = kind;
        Ok(())
    }

    /// The port that a name has a send or receive right to.
    pub(crate) fn port(&self, name: PortName) -> Result<Arc<Port>, KernReturn> {
        let mut state = self.alive()?;
        match &state.get(name).ok_or(KernReturn::INVALID_NAME)?.held {
            Held::SendOnce(_) => Err(KernReturn::INVALID_RIGHT),
            held => held.port().cloned().ok_or(KernReturn::INVALID_RIGHT),
        }
    }

    /// `mach_port_dnrequest_info`: requests that a port has room for, and those that it has.
    pub(crate) fn requests(&self, name: PortName) -> Result<(u32, u32), KernReturn> {
        self.with_receiver(name, |_, state| {
            let there = state.rare.dead_names.iter().filter(|it| it.notify.is_some()).count();
            // What the vector has by chance beyond what was asked for is room as well.
            Ok((state.rare.dead_names.capacity() as u32, there as u32))
        })
    }

    /// Makes room for so many requests.
    pub(crate) fn reserve_requests(&self, name: PortName, room: u32) -> Result<(), KernReturn> {
        drop(self.alive()?);
        if room > MOST_REQUESTS {
            return Err(KernReturn::INVALID_VALUE);
        }
        self.with_receiver(name, |_, state| {
            let more = (room as usize).saturating_sub(state.rare.dead_names.len());
            state.rare.dead_names.reserve(more);
            Ok(())
        })
    }

    /// `mach_port_request_notification` for the death of a receive right: it survives in a message.
    pub(crate) fn request_port_destroyed(
        &self,
        name: PortName,
        sync: u32,
        notify: Option<SendOnceRef>,
    ) -> Result<Carried, KernReturn> {
        drop(self.alive()?);
        if sync != 0 {
            return Err(KernReturn::INVALID_VALUE);
        }
        self.with_receiver(name, |_, state| {
            self.budget.afford(Resource::Objects)?;
            let before = std::mem::replace(&mut state.rare.port_destroyed, notify);
            Ok(before.map_or(Carried::Null, Carried::SendOnce))
        })
    }

    /// The same for the end of the last send right.
    pub(crate) fn request_no_senders(
        &self,
        name: PortName,
        sync: u32,
        notify: Option<SendOnceRef>,
    ) -> Result<Carried, KernReturn> {
        self.with_receiver(name, |port, state| {
            self.budget.afford(Resource::Objects)?;
            let before = state.no_senders.take();
            match (notify, port.nobody_sends()) {
                (Some(it), Some(made)) if sync <= made => Notification::to(it, What::NoSenders(made)).note(),
                (it, _) => state.no_senders = it,
            }
            Ok(before.map_or(Carried::Null, Carried::SendOnce))
        })
    }

    /// The same for the death of the port that a name has a right to.
    pub(crate) fn request_dead_name(
        &self,
        name: PortName,
        sync: u32,
        notify: Option<SendOnceRef>,
    ) -> Result<Carried, KernReturn> {
        self.request_death(name, sync, notify, SendPossible::Never)
    }

    /// The same, and to be told of room in the port's queue: at once and as soon as there is some if `sync` says so, or
    /// when a send has failed for the lack of it. Whichever comes first uses the request up.
    pub(crate) fn request_send_possible(
        &self,
        name: PortName,
        sync: u32,
        notify: Option<SendOnceRef>,
    ) -> Result<Carried, KernReturn> {
        let possible = if sync == 0 { SendPossible::Delayed } else { SendPossible::Armed };
        self.request_death(name, sync, notify, possible)
    }

    fn request_death(
        &self,
        name: PortName,
        sync: u32,
        notify: Option<SendOnceRef>,
        possible: SendPossible,
    ) -> Result<Carried, KernReturn> {
        let mut state = self.alive()?;
        let space = state.number;
        let entry = state.get(name).ok_or(KernReturn::INVALID_NAME)?;
        let port = match &entry.held {
            Held::Set(_) => return Err(KernReturn::INVALID_RIGHT),
            Held::Dead => {
                let Some(notify) = notify.filter(|_| sync != 0) else { return Err(KernReturn::INVALID_ARGUMENT) };
                if entry.references >= MOST_REFERENCES {
                    return Err(KernReturn::UREFS_OVERFLOW);
                }
                entry.references += 1;
                drop(state);
                Notification::to(notify, What::DeadName(name)).note();
                return Ok(Carried::Null);
            }
            held => held.port().cloned().ok_or(KernReturn::INVALID_RIGHT)?,
        };
        self.budget.afford(Resource::Objects)?;
        // A message through a send-once right needs no room.
        let once = matches!(entry.held, Held::SendOnce(_));
        let mut locked = port.lock();
        let before = locked.disarm(space, name);
        entry.armed = notify.is_some();
        match notify {
            // It has died just now.
            Some(it) if !port.is_alive() => Notification::to(it, What::DeadName(name)).note(),
            Some(it) if possible == SendPossible::Armed && (once || locked.has_room()) => {
                entry.armed = false;
                Notification::to(it, What::MsgAccepted(name)).note();
            }
            notify => {
                locked.rare.dead_names.extend(notify.map(|it| Armed { space, name, notify: Some(it), possible }));
            }
        }
        drop(locked);
        drop(state);
        Ok(before.map_or(Carried::Null, Carried::SendOnce))
    }

    /// A send to a port has failed for the lack of room (`MACH_SEND_NOTIFY` of Darwin). The name may have gone since.
    pub(crate) fn want_room(&self, name: PortName, port: &Arc<Port>) {
        let mut state = self.lock();
        let number = state.number;
        if state.get(name).and_then(|it| it.held.port()).is_some_and(|it| Arc::ptr_eq(it, port)) {
            port.lock().want_room(number, name);
        }
    }
}

impl PortState {
    /// Puts a port into a set that it is not in.
    fn join(&mut self, port: &Arc<Port>, set: Arc<PortSet>) -> Result<(), KernReturn> {
        let mut members = set.lock();
        if !members.alive {
            return Err(KernReturn::INVALID_NAME);
        }
        members.members.insert(port.id, port.clone());
        drop(members);
        self.sets.push(Membership { set, listed: false });
        self.turn_away(MsgReturn::RCV_PORT_CHANGED);
        self.offer(port);
        Ok(())
    }
}

/// Who is to be notified; null cancels.
pub(crate) fn notify_right(right: Carried) -> Result<Option<SendOnceRef>, KernReturn> {
    match right.or_dead() {
        Carried::SendOnce(it) => Ok(Some(it)),
        Carried::Null => Ok(None),
        _ => Err(KernReturn::INVALID_CAPABILITY),
    }
}
