//! The calls about receive rights, port sets and notifications.

use std::sync::Arc;

use mig_rt::{KernReturn, MsgReturn, PortName};

use super::notify::{Notification, What};
use super::port::{Armed, Port};
use super::right::{Carried, SendOnceRef};
use super::space::{Held, MOST_REFERENCES, Space};

/// What a receiver may know of its port (`mach_port_status_t`).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Status {
    pub(crate) set: PortName,
    pub(crate) sequence: u32,
    pub(crate) made: u32,
    pub(crate) limit: u32,
    pub(crate) queued: u32,
    pub(crate) send_onces: u32,
    pub(crate) has_sends: bool,
    pub(crate) port_destroyed: bool,
    pub(crate) no_senders: bool,
}

impl Space {
    /// `mach_port_set_qlimit`; what the largest limit is depends on the system.
    pub(crate) fn set_limit(&self, name: PortName, limit: u32, most: u32) -> Result<(), KernReturn> {
        drop(self.alive()?);
        if limit > most {
            return Err(KernReturn::INVALID_VALUE);
        }
        let port = self.receiving(name)?;
        let mut state = port.lock();
        state.limit = limit;
        state.admit();
        state.offer(&port);
        Ok(())
    }

    /// `mach_port_set_mscount`
    pub(crate) fn set_made(&self, name: PortName, count: u32) -> Result<(), KernReturn> {
        self.receiving(name)?.set_make_count(count);
        Ok(())
    }

    /// `mach_port_set_seqno`
    pub(crate) fn set_sequence(&self, name: PortName, number: u32) -> Result<(), KernReturn> {
        self.receiving(name)?.lock().sequence = number;
        Ok(())
    }

    /// `mach_port_set_protected_payload`, and with nothing `mach_port_clear_protected_payload`
    pub(crate) fn set_payload(&self, name: PortName, payload: Option<u64>) -> Result<(), KernReturn> {
        self.receiving(name)?.lock().payload = payload;
        Ok(())
    }

    /// `mach_port_get_receive_status`
    pub(crate) fn status(&self, name: PortName) -> Result<Status, KernReturn> {
        let port = self.receiving(name)?;
        let state = port.lock();
        Ok(Status {
            set: state.set.as_ref().map_or(PortName::NULL, |it| it.name()),
            sequence: state.sequence,
            made: port.make_count(),
            limit: state.limit,
            queued: state.queue.len() as u32,
            send_onces: port.send_once_count(),
            has_sends: port.send_count() > 0,
            port_destroyed: state.port_destroyed.is_some(),
            no_senders: state.no_senders.is_some(),
        })
    }

    /// `mach_port_get_set_status`
    pub(crate) fn members(&self, name: PortName) -> Result<Vec<PortName>, KernReturn> {
        let set = self.set(name)?;
        let state = set.lock();
        Ok(state.members.values().filter_map(|it| Some(it.home()?.1)).collect())
    }

    /// `mach_port_move_member`
    pub(crate) fn move_member(&self, member: PortName, after: PortName) -> Result<(), KernReturn> {
        let port = self.receiving(member)?;
        let after = if after == PortName::NULL { None } else { Some(self.set(after)?) };
        let mut state = port.lock();
        let Some(set) = after else {
            if state.set.is_none() {
                return Err(KernReturn::NOT_IN_SET);
            }
            state.leave_set(port.id);
            return Ok(());
        };
        if state.set.as_ref().is_some_and(|it| Arc::ptr_eq(it, &set)) {
            return Ok(());
        }
        state.leave_set(port.id);
        let mut members = set.lock();
        if !members.alive {
            return Err(KernReturn::INVALID_NAME);
        }
        members.members.insert(port.id, port.clone());
        drop(members);
        state.set = Some(set);
        state.turn_away(MsgReturn::RCV_PORT_CHANGED);
        state.offer(&port);
        Ok(())
    }

    /// `mach_port_request_notification` for the death of a receive right: it survives in a message.
    pub(crate) fn request_port_destroyed(
        &self,
        name: PortName,
        sync: u32,
        notify: Carried,
    ) -> Result<Carried, KernReturn> {
        let notify = notify_right(notify)?;
        drop(self.alive()?);
        if sync != 0 {
            return Err(KernReturn::INVALID_VALUE);
        }
        let port = self.receiving(name)?;
        let before = std::mem::replace(&mut port.lock().port_destroyed, notify);
        Ok(before.map_or(Carried::Null, Carried::SendOnce))
    }

    /// The same for the end of the last send right.
    pub(crate) fn request_no_senders(&self, name: PortName, sync: u32, notify: Carried) -> Result<Carried, KernReturn> {
        let notify = notify_right(notify)?;
        let port = self.receiving(name)?;
        let mut state = port.lock();
        let before = state.no_senders.take();
        match notify {
            Some(it) if port.send_count() == 0 && sync <= port.make_count() => {
                let count = port.make_count();
                drop(state);
                Notification::to(it, What::NoSenders(count)).note();
            }
            it => state.no_senders = it,
        }
        Ok(before.map_or(Carried::Null, Carried::SendOnce))
    }

    /// The same for the death of the port that a name has a right to.
    pub(crate) fn request_dead_name(&self, name: PortName, sync: u32, notify: Carried) -> Result<Carried, KernReturn> {
        let notify = notify_right(notify)?;
        let mut state = self.alive()?;
        let number = state.number;
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
        entry.armed = notify.is_some();
        let before = exchange_request(&port, number, name, notify);
        drop(state);
        Ok(before.map_or(Carried::Null, Carried::SendOnce))
    }
}

/// Replaces a request. If the port has died just now, the new one is answered at once.
fn exchange_request(port: &Arc<Port>, space: u32, name: PortName, notify: Option<SendOnceRef>) -> Option<SendOnceRef> {
    let mut state = port.lock();
    let before = state.disarm(space, name);
    let Some(notify) = notify else { return before };
    if port.is_alive() {
        state.dead_names.push(Armed { space, name, notify });
    } else {
        Notification::to(notify, What::DeadName(name)).note();
    }
    before
}

/// Who is to be notified; null cancels.
fn notify_right(right: Carried) -> Result<Option<SendOnceRef>, KernReturn> {
    match right.or_dead() {
        Carried::SendOnce(it) => Ok(Some(it)),
        Carried::Null => Ok(None),
        _ => Err(KernReturn::INVALID_CAPABILITY),
    }
}
