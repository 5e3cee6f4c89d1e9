//! What must hold of one space and of one port by itself.

use std::sync::Arc;

use mig_rt::PortName;

use crate::ipc::message::Message;
use crate::ipc::port::{Port, PortState};
use crate::ipc::space::{Entry, Held, MOST_REFERENCES, SpaceState};

impl SpaceState {
    /// References, the names of send rights, homes, and the names that are free.
    pub(crate) fn check(&self) -> Result<(), String> {
        let mut sending = 0;
        for (name, entry) in self.entries() {
            self.check_entry(name, entry).map_err(|why| format!("name {name} {why}"))?;
            sending += usize::from(entry.held.sending().is_some());
        }
        if sending != self.found() {
            return Err(format!("{} ports are found by their send right, and {sending} have one", self.found()));
        }
        self.table().check()
    }

    fn check_entry(&self, name: PortName, entry: &Entry) -> Result<(), String> {
        let counted = matches!(entry.held, Held::Send(_) | Held::Both(_) | Held::Dead);
        // A send right keeps one reference free for the notification of its port's death.
        let most = MOST_REFERENCES - u32::from(!matches!(entry.held, Held::Dead));
        if counted != (entry.references > 0) || entry.references > most {
            return Err(format!("has {} references to {:?}", entry.references, entry.held));
        }
        if entry.held.sending().is_some_and(|it| self.name_of_send(it) != Some(name)) {
            return Err("is not found by its port".to_owned());
        }
        if entry.held.receiving().is_some_and(|it| it.home() != Some((self.number, name))) {
            return Err(format!("receives from a port that thinks it is elsewhere: {:?}", entry.held));
        }
        Ok(())
    }
}

impl PortState {
    /// Every message that waits here, or for room.
    pub(crate) fn messages(&self) -> impl Iterator<Item = &Message> {
        self.queue.iter().map(|it| &**it).chain(self.rare.blocked.iter().map(|it| it.message()))
    }

    /// Who waits, and for what.
    pub(crate) fn check(&self, port: &Arc<Port>) -> Result<(), String> {
        let (queued, blocked, waiting) = (self.queue.len(), self.rare.blocked.len(), self.rare.receivers.len());
        if !port.is_alive() {
            let dead_names = self.rare.dead_names.iter().filter(|it| it.notify.is_some()).count();
            let requests = dead_names + self.no_senders.iter().count() + self.rare.port_destroyed.iter().count();
            let nothing = queued + blocked + waiting + requests == 0;
            return if nothing { Ok(()) } else { Err("it is dead, and something waits at it".to_owned()) };
        }
        if queued > 0 && waiting > 0 {
            return Err(format!("{queued} messages and {waiting} receivers wait for each other"));
        }
        if blocked > 0 && queued < self.limit as usize {
            return Err(format!("{blocked} senders wait, and there is room"));
        }
        if self.messages().any(|it| it.port().is_none_or(|it| !Arc::ptr_eq(it, port))) {
            return Err("a message to another port is in its queue".to_owned());
        }
        Ok(())
    }
}
