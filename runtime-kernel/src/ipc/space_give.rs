//! Rights come into a space and leave its names: what merges with what, and what stays.

use std::sync::Arc;

use mig_rt::{KernReturn, PortName};

use super::notify::OnDrop;
use super::right::{BothRef, Carried, ReceiveRef, SendRef};
use super::space::{Entry, Held, MOST_REFERENCES, SpaceState};

/// A right that a name has lost, and what somebody is told if that was the name's last.
#[derive(Debug)]
pub(crate) struct Dropped<R> {
    pub(crate) right: R,
    pub(crate) told: Option<Box<OnDrop>>,
}

impl Dropped<Held> {
    /// Releases it, when no lock is held.
    pub(crate) fn release(self) {
        match self.right {
            Held::Set(set) => set.destroy(),
            other => drop(other),
        }
        // What its rights give rise to comes first.
        drop(self.told);
    }
}

impl SpaceState {
    /// Gives a name to a right that has arrived. A send right joins the name that its port has; at the limit of
    /// references it is absorbed.
    pub(crate) fn receive(&mut self, right: Carried) -> Result<PortName, KernReturn> {
        if !self.alive {
            return Err(KernReturn::NO_SPACE);
        }
        let held = match right.or_dead() {
            Carried::Null => return Ok(PortName::NULL),
            Carried::Dead => return Ok(PortName::DEAD),
            Carried::SendOnce(it) => Held::SendOnce(it),
            Carried::Send(it) => match self.name_of(it.port()) {
                Some(name) => return Ok(self.join_send(name, it)),
                None => Held::Send(it),
            },
            Carried::Receive(it) => match self.name_of(it.port()) {
                Some(name) => return Ok(self.join_receive(name, it)),
                None => Held::Receive(it),
            },
        };
        self.add(Entry::new(held))
    }

    /// One more reference to the send right of a name.
    pub(crate) fn join_send(&mut self, name: PortName, right: SendRef) -> PortName {
        let Some(entry) = self.entry_mut(name) else { return name };
        entry.references = (entry.references + 1).min(MOST_REFERENCES - 1);
        if !matches!(entry.held, Held::Receive(_)) {
            return name;
        }
        let port = Arc::as_ptr(right.port());
        if let Held::Receive(it) = std::mem::replace(&mut entry.held, Held::Dead) {
            entry.held = Held::Both(BothRef::join(it, right));
        }
        self.show(name, port);
        name
    }

    fn join_receive(&mut self, name: PortName, right: ReceiveRef) -> PortName {
        let home = (self.number, name);
        right.port().set_home(Some(home));
        right.port().set_abi(self.abi);
        if let Some(entry) = self.entry_mut(name) {
            entry.held = match std::mem::replace(&mut entry.held, Held::Dead) {
                Held::Send(it) => Held::Both(BothRef::join(right, it)),
                other => other,
            };
        }
        name
    }

    /// Takes the send right away from a name, with all its references.
    pub(crate) fn drop_send(&mut self, name: PortName) -> Option<Dropped<SendRef>> {
        let entry = self.entry_mut(name)?;
        entry.references = 0;
        match std::mem::replace(&mut entry.held, Held::Dead) {
            Held::Both(both) => {
                let (receive, right) = both.split();
                entry.held = Held::Receive(receive);
                self.hide(name, right.port());
                Some(Dropped { right, told: None })
            }
            other => {
                entry.held = other;
                match self.remove(name)? {
                    Dropped { right: Held::Send(right), told } => Some(Dropped { right, told }),
                    _ => None,
                }
            }
        }
    }

    /// Takes the receive right away from a name; send references stay.
    pub(crate) fn drop_receive(&mut self, name: PortName) -> Option<Dropped<ReceiveRef>> {
        let entry = self.entry_mut(name)?;
        match std::mem::replace(&mut entry.held, Held::Dead) {
            Held::Both(both) => {
                let (right, send) = both.split();
                entry.held = Held::Send(send);
                right.port().leave_home();
                Some(Dropped { right, told: None })
            }
            other => {
                entry.held = other;
                match self.remove(name)? {
                    Dropped { right: Held::Receive(right), told } => Some(Dropped { right, told }),
                    _ => None,
                }
            }
        }
    }
}
