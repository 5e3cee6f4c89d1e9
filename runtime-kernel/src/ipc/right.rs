//! Rights as values: a port counts those that exist, in spaces, in messages and in the kernel.
//!
//! Dropping one gives it back; what follows from that is an [`Effect`].

use std::sync::Arc;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};

use mig_rt::Disposition;

use super::port::Port;
use crate::effect::{self, Effect};

/// A send right.
#[derive(Debug)]
pub(crate) struct SendRef(Option<Arc<Port>>);

impl SendRef {
    /// A new one, made from the receive right. It exists before it counts as made: see [`Port::nobody_sends`].
    pub(crate) fn make(port: &Arc<Port>) -> SendRef {
        let it = SendRef::uncounted(port);
        port.made.fetch_add(1, AcqRel);
        it
    }

    /// Another one, which no receiver made: a copy, or a kernel's.
    pub(crate) fn uncounted(port: &Arc<Port>) -> SendRef {
        port.sends.fetch_add(1, AcqRel);
        SendRef(Some(port.clone()))
    }

    pub(crate) fn copy(&self) -> SendRef {
        SendRef::uncounted(self.port())
    }

    pub(crate) fn port(&self) -> &Arc<Port> {
        self.0.as_ref().expect("only `BothRef` and `drop` take it, and both end the value")
    }
}

impl Drop for SendRef {
    fn drop(&mut self) {
        let Some(port) = self.0.take() else { return };
        if port.sends.fetch_sub(1, AcqRel) == 1 && port.is_alive() {
            effect::push(Effect::NoSenders(port));
        }
    }
}

/// A send-once right.
#[derive(Debug)]
pub(crate) struct SendOnceRef(Option<Arc<Port>>);

impl SendOnceRef {
    pub(crate) fn make(port: &Arc<Port>) -> SendOnceRef {
        port.send_onces.fetch_add(1, AcqRel);
        SendOnceRef(Some(port.clone()))
    }

    /// The right of an [`Effect::SendOnce`], which still counts.
    pub(crate) fn unused(port: &Arc<Port>) -> SendOnceRef {
        SendOnceRef(Some(port.clone()))
    }

    pub(crate) fn port(&self) -> &Arc<Port> {
        self.0.as_ref().expect("only `spend` and `drop` take it, and both end the value")
    }

    /// A message went through it.
    pub(crate) fn spend(mut self) {
        if let Some(port) = self.0.take() {
            port.send_onces.fetch_sub(1, AcqRel);
        }
    }
}

impl Drop for SendOnceRef {
    fn drop(&mut self) {
        let Some(port) = self.0.take() else { return };
        if port.is_alive() {
            effect::push(Effect::SendOnce(port));
        } else {
            port.send_onces.fetch_sub(1, AcqRel);
        }
    }
}

/// The receive right.
#[derive(Debug)]
pub(crate) struct ReceiveRef(Option<Arc<Port>>);

impl ReceiveRef {
    /// Of a port that nobody receives from: a new one, or one that has just left a space.
    pub(crate) fn of(port: Arc<Port>) -> ReceiveRef {
        ReceiveRef(Some(port))
    }

    pub(crate) fn port(&self) -> &Arc<Port> {
        self.0.as_ref().expect("only `into_port` and `drop` take it, and both end the value")
    }

    fn into_port(mut self) -> Option<Arc<Port>> {
        self.0.take()
    }

    /// The right was only shown: whoever has the port keeps it.
    pub(crate) fn keep(self) {
        drop(self.into_port());
    }
}

impl Drop for ReceiveRef {
    fn drop(&mut self) {
        if let Some(port) = self.0.take() {
            effect::push(Effect::Destroy(port));
        }
    }
}

/// The receive right and a send right of one port.
#[derive(Debug)]
pub(crate) struct BothRef(Option<Arc<Port>>);

impl BothRef {
    /// Of two rights of one port.
    pub(crate) fn join(receive: ReceiveRef, mut send: SendRef) -> BothRef {
        drop(send.0.take());
        BothRef(receive.into_port())
    }

    pub(crate) fn split(mut self) -> (ReceiveRef, SendRef) {
        let port = self.0.take().expect("only `split` and `drop` take it, and both end the value");
        (ReceiveRef::of(port.clone()), SendRef(Some(port)))
    }

    pub(crate) fn port(&self) -> &Arc<Port> {
        self.0.as_ref().expect("as in `split`")
    }
}

impl Drop for BothRef {
    fn drop(&mut self) {
        if let Some(port) = self.0.take() {
            drop(ReceiveRef::of(port.clone()));
            drop(SendRef(Some(port)));
        }
    }
}

/// A right on its way.
#[derive(Debug)]
pub(crate) enum Carried {
    /// `MACH_PORT_NULL`
    Null,
    /// `MACH_PORT_DEAD`
    Dead,
    /// A send right.
    Send(SendRef),
    /// A send-once right.
    SendOnce(SendOnceRef),
    /// A receive right.
    Receive(ReceiveRef),
}

impl Carried {
    /// The port, if there is one.
    pub(crate) fn port(&self) -> Option<&Arc<Port>> {
        match self {
            Carried::Null | Carried::Dead => None,
            Carried::Send(it) => Some(it.port()),
            Carried::SendOnce(it) => Some(it.port()),
            Carried::Receive(it) => Some(it.port()),
        }
    }

    /// How its receiver sees it; that of nothing if there is no port.
    pub(crate) fn disposition(&self) -> Disposition {
        match self {
            Carried::Null | Carried::Dead => Disposition::NONE,
            Carried::Send(_) => Disposition::MOVE_SEND,
            Carried::SendOnce(_) => Disposition::MOVE_SEND_ONCE,
            Carried::Receive(_) => Disposition::MOVE_RECEIVE,
        }
    }

    /// A right whose port has died arrives as a dead name.
    pub(crate) fn or_dead(self) -> Carried {
        match self.port() {
            Some(port) if !port.is_alive() => Carried::Dead,
            _ => self,
        }
    }
}

impl Port {
    /// Send rights that exist.
    pub(crate) fn send_count(&self) -> u32 {
        self.sends.load(Acquire)
    }

    /// Send-once rights that exist.
    pub(crate) fn send_once_count(&self) -> u32 {
        self.send_onces.load(Acquire)
    }

    /// Send rights that its receivers have made since the count was set.
    pub(crate) fn make_count(&self) -> u32 {
        self.made.load(Acquire)
    }

    /// If no send right exists: how many had been made by a moment at which that was so. Rights are made under no lock
    /// of the port, so the order of the two looks matters: whoever is told this number and has made no more knows that
    /// nobody can send.
    pub(crate) fn nobody_sends(&self) -> Option<u32> {
        let made = self.make_count();
        (self.send_count() == 0).then_some(made)
    }

    pub(crate) fn set_make_count(&self, count: u32) {
        self.made.store(count, Relaxed);
    }
}
