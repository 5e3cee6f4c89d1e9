//! Notifications: what the kernel tells a task about its port rights, and when.
//!
//! Each is a message of the interface `notify`, written by the generated client functions in the ABI of whoever receives
//! from the port it goes to. It takes over the send-once right that was given for it.

use std::sync::Arc;

use generated::{darwin, mach3};
use mig_rt::{AbiId, PortName, SendOnceRight};

use super::port::Port;
use super::right::{ReceiveRef, SendOnceRef};
use crate::effect::{self, Effect};
use crate::in_kernel::InKernel;

/// A notification, and where it goes.
#[derive(Debug)]
pub(crate) struct Notification {
    to: SendOnceRef,
    what: What,
}

/// What a task is told.
#[derive(Debug)]
pub(crate) enum What {
    /// A name for which a dead-name notification was asked for is no longer in use.
    PortDeleted(PortName),
    /// A message that was sent past the queue limit has left the queue.
    MsgAccepted(PortName),
    /// Here is a receive right that would have been destroyed.
    PortDestroyed(ReceiveRef),
    /// No send right exists; so many had been made.
    NoSenders(u32),
    /// A send-once right was destroyed unused.
    SendOnce,
    /// A name has become a dead name.
    DeadName(PortName),
}

impl Notification {
    pub(crate) fn to(to: SendOnceRef, what: What) -> Notification {
        Notification { to, what }
    }

    /// The right it goes through.
    pub(crate) fn right(&self) -> &SendOnceRef {
        &self.to
    }

    /// What it tells.
    pub(crate) fn what(&self) -> &What {
        &self.what
    }

    /// Sends it as soon as no lock is held.
    pub(crate) fn note(self) {
        effect::push(Effect::Notify(self));
    }

    /// Sends it. What cannot be sent is lost, and what it held is released.
    pub(crate) fn send(self) {
        let port = self.to.port().clone();
        if !port.is_alive() {
            return;
        }
        let to = InKernel::send_once(self.to);
        // The one error is a port that died meanwhile.
        let _ = match port.abi() {
            abi @ (AbiId::DarwinLp64 | AbiId::DarwinIlp32) => send_darwin(abi, to, self.what),
            abi => send_mach3(abi, to, self.what),
        };
    }
}

/// A notification that is sent when this is dropped.
#[derive(Debug)]
pub(crate) struct OnDrop(Option<Notification>);

impl OnDrop {
    pub(crate) fn new(it: Notification) -> OnDrop {
        OnDrop(Some(it))
    }

    /// What will be sent.
    pub(crate) fn notification(&self) -> Option<&Notification> {
        self.0.as_ref()
    }
}

impl OnDrop {
    /// Nobody is told after all, if it is the receiver of this port that would be.
    pub(crate) fn silence(&mut self, watcher: &Arc<Port>) {
        if let Some(it) = self.0.take_if(|it| Arc::ptr_eq(it.to.port(), watcher)) {
            it.to.spend();
        }
    }
}

impl Drop for OnDrop {
    fn drop(&mut self) {
        if let Some(it) = self.0.take() {
            it.note();
        }
    }
}

fn send_mach3(abi: AbiId, to: SendOnceRight<InKernel>, what: What) -> mig_rt::Result<()> {
    use mach3::notify::any;
    match what {
        What::PortDeleted(name) => any::mach_notify_port_deleted(abi, to, name),
        What::MsgAccepted(name) => any::mach_notify_msg_accepted(abi, to, name),
        What::PortDestroyed(right) => any::mach_notify_port_destroyed(abi, to, InKernel::receive(right).into()),
        What::NoSenders(count) => any::mach_notify_no_senders(abi, to, count),
        What::SendOnce => any::mach_notify_send_once(abi, to),
        What::DeadName(name) => any::mach_notify_dead_name(abi, to, name),
    }
}

fn send_darwin(abi: AbiId, to: SendOnceRight<InKernel>, what: What) -> mig_rt::Result<()> {
    use darwin::notify::any;
    match what {
        What::PortDeleted(name) => any::mach_notify_port_deleted(abi, to, name),
        What::MsgAccepted(name) => any::mach_notify_send_possible(abi, to, name),
        What::PortDestroyed(right) => any::mach_notify_port_destroyed(abi, to, InKernel::receive(right)),
        What::NoSenders(count) => any::mach_notify_no_senders(abi, to, count),
        What::SendOnce => any::mach_notify_send_once(abi, to),
        What::DeadName(name) => any::mach_notify_dead_name(abi, to, name),
    }
}

/// The last send right to a port may be gone.
pub(crate) fn no_senders(port: &Arc<Port>) {
    let mut state = port.lock();
    let Some(made) = port.nobody_sends() else { return };
    let Some(to) = state.no_senders.take() else {
        drop(state);
        if let Some(object) = port.object() {
            object.no_senders(port);
        }
        return;
    };
    drop(state);
    Notification::to(to, What::NoSenders(made)).send();
}

/// A send-once right to a port was destroyed unused.
pub(crate) fn send_once(port: &Arc<Port>) {
    let right = SendOnceRef::unused(port);
    if let Some(object) = port.object() {
        right.spend();
        object.send_once();
        return;
    }
    if !port.is_alive() {
        right.spend();
        return;
    }
    Notification::to(right, What::SendOnce).send();
}
