//! Sending what was written, and what becomes of it if that fails.

use core::mem::{ManuallyDrop, MaybeUninit};

use super::outgoing::Outgoing;
use super::reply::Reply;
use super::row::Row;
use crate::bytes::u32_at;
use crate::error::{Error, MsgReturn, Result};
use crate::message::COMPLEX;
use crate::outbound::Outbound;
use crate::right::{Disposition, PortName, ReceiveRight};
use crate::trailer::TrailerElements;
use crate::transport::{Failed, Left, MsgOptions, Operation, Timeout, Transport, Wire};

impl<'b, T: Transport, W: Row, F> Outgoing<'b, T, W, F> {
    /// Names the port for an answer to a one-way message; a right that was named before is given back.
    #[inline]
    pub fn reply_to(&mut self, right: Outbound<'b, T>) {
        let (name, disposition, via) = right.into_raw();
        let name = self.admit(name, disposition, via);
        self.drop_reply_right();
        self.local = if name == PortName::NULL { Disposition::NONE } else { disposition };
        self.put_local(name);
    }

    #[inline(always)]
    fn put_local(&mut self, name: PortName) {
        if W::LOCAL == 16 {
            self.put_at(16, u64::from(name.0).to_le_bytes());
        } else {
            self.put_at(W::LOCAL, name.0.to_le_bytes());
        }
    }

    /// Sends, and waits for a reply of up to `limit` bytes, which takes the buffer over.
    ///
    /// # Errors
    /// The kernel's code. What the message owned is released, after a time-out too.
    #[inline(always)]
    pub fn call(self, limit: usize) -> Result<Reply<'b, T, W, F>> {
        self.call_with(limit, Operation::default())
    }

    /// [`call`](Outgoing::call) with time limits or options. A port in `operation.receive` is the caller's own reply
    /// port; otherwise the transport's is used.
    ///
    /// # Errors
    /// As [`call`](Outgoing::call).
    #[inline(always)]
    pub fn call_with(mut self, limit: usize, operation: Operation) -> Result<Reply<'b, T, W, F>> {
        let (operation, own) = self.prepare(operation, false)?;
        let (buffer, at, via) = self.complete(Disposition::MAKE_SEND_ONCE);
        // SAFETY: everything up to `at` is written: the header just now, each item by the method that moved `at`.
        let mut wire = unsafe { Wire::new(buffer, at, limit) };
        match via.msg(W::ABI, operation, &mut wire) {
            Ok(_) => Ok(Reply::new(wire.into_bytes(), via, own)),
            Err(it) => Err(failed::<T, W>(wire, it, own.then_some(operation.receive).flatten(), via)),
        }
    }

    /// [`call_with`](Outgoing::call_with) whose failure gives back what was not sent.
    ///
    /// # Errors
    /// The kernel's code with the message, if the kernel refused it.
    #[allow(clippy::result_large_err, reason = "it is the message itself, and this is not the hot path")]
    pub fn try_call(self, limit: usize, operation: Operation) -> Result<Reply<'b, T, W, F>, Unsent<'b, T, W, F>> {
        self.try_call_keeping(limit, operation, false)
    }

    /// [`try_call`](Outgoing::try_call), whose answer comes by the right that the header has already if `keep` says so.
    #[allow(clippy::result_large_err, reason = "as above")]
    fn try_call_keeping(
        mut self,
        limit: usize,
        operation: Operation,
        keep: bool,
    ) -> Result<Reply<'b, T, W, F>, Unsent<'b, T, W, F>> {
        let (operation, own) = match self.prepare(operation, keep) {
            Ok(it) => it,
            Err(error) => return Err(Unsent { error, limit, reply: None, message: None }),
        };
        let local = if keep { self.local } else { Disposition::MAKE_SEND_ONCE };
        let (buffer, at, via) = self.complete(local);
        // SAFETY: as in `call_with`.
        let mut wire = unsafe { Wire::new(buffer, at, limit) };
        match via.msg(W::ABI, operation, &mut wire) {
            Ok(_) => Ok(Reply::new(wire.into_bytes(), via, own)),
            Err(it) => {
                let message = recover::<T, W, F>(wire, it.left, own.then_some(operation.receive).flatten(), via);
                Err(Unsent { error: it.code.into(), limit, reply: operation.receive, message })
            }
        }
    }

    /// The operation of a call, and whether its reply port is the transport's. `keep`: the header's reply right stays.
    #[inline(always)]
    fn prepare(&mut self, mut operation: Operation, keep: bool) -> Result<(Operation, bool)> {
        if self.foreign {
            return Err(MsgReturn::SEND_INVALID_RIGHT.into());
        }
        operation.send = true;
        let own = operation.receive.is_none();
        // The kernel refuses to see who waits for whom on any other port.
        operation.special_reply &= own;
        let port = match operation.receive {
            Some(it) => it,
            None if operation.special_reply => {
                self.via.special_reply_port().map_err(|_| MsgReturn::SEND_INVALID_REPLY)?
            }
            None => self.via.reply_port().map_err(|_| MsgReturn::SEND_INVALID_REPLY)?,
        };
        operation.receive = Some(port);
        if !keep {
            self.drop_reply_right();
            self.put_local(port);
        }
        Ok((operation, own))
    }

    /// Gives the reply right back that the message owns, if any: another is about to stand in its place.
    #[inline(always)]
    fn drop_reply_right(&mut self) {
        let local = core::mem::replace(&mut self.local, Disposition::NONE);
        if local.owned().is_some() {
            release_local::<T, W>(self.buffer, local, &self.via);
        }
    }

    /// Sends, and waits for nothing.
    ///
    /// # Errors
    /// The kernel's code. What the message owned is released.
    #[inline(always)]
    pub fn send(self) -> Result<()> {
        self.send_with(Operation::default())
    }

    /// [`send`](Outgoing::send) with a time limit or options.
    ///
    /// # Errors
    /// As [`send`](Outgoing::send).
    #[inline(always)]
    pub fn send_with(mut self, mut operation: Operation) -> Result<()> {
        if self.foreign {
            return Err(MsgReturn::SEND_INVALID_RIGHT.into());
        }
        operation.send = true;
        operation.receive = None;
        let local = self.local;
        if local == Disposition::NONE {
            self.put_local(PortName::NULL);
        }
        let (buffer, at, via) = self.complete(local);
        // SAFETY: as in `call_with`.
        let mut wire = unsafe { Wire::new(buffer, at, at) };
        match via.msg(W::ABI, operation, &mut wire) {
            Ok(_) => Ok(()),
            Err(it) => Err(failed::<T, W>(wire, it, None, via)),
        }
    }

    /// Completes the header; from here on the caller answers for what the message holds.
    #[inline(always)]
    fn complete(mut self, local: Disposition) -> (&'b mut [MaybeUninit<u8>], usize, T) {
        let bits = u32::from(self.remote.0) | u32::from(local.0) << 8 | if self.complex { COMPLEX } else { 0 };
        self.put_at(0, (u64::from(bits) | (self.at as u64) << 32).to_le_bytes());
        let this = ManuallyDrop::new(self);
        // SAFETY: `this` is never dropped, so both are read out once.
        unsafe { (core::ptr::read(&this.buffer), this.at, core::ptr::read(&this.via)) }
    }
}

#[cold]
#[inline(never)]
fn release_local<T: Transport, W: Row>(buffer: &[MaybeUninit<u8>], local: Disposition, via: &T) {
    // SAFETY: a message that has a reply right has its name, which `reply_to` or an earlier call has written.
    let name = unsafe { buffer[W::LOCAL..][..4].as_ptr().cast::<[u8; 4]>().read() };
    let name = PortName(u32::from_le_bytes(name));
    if let (Some(kind), true) = (local.owned(), name.is_valid()) {
        via.release(name, kind);
    }
}

/// A request that the kernel refused.
///
/// Dropping it releases what it holds, as the plain call does.
#[derive(Debug)]
pub struct Unsent<'b, T: Transport, W: Row, F = <W as Row>::Family> {
    error: Error,
    limit: usize,
    /// Where the answer was to come.
    reply: Option<PortName>,
    message: Option<Outgoing<'b, T, W, F>>,
}

impl<'b, T: Transport, W: Row, F> Unsent<'b, T, W, F> {
    /// Why.
    pub fn error(&self) -> Error {
        self.error
    }

    /// Whether the message came back. It did not if it was sent and the receive failed, if the kernel kept half of
    /// it, or if it held a right of another port space.
    pub fn came_back(&self) -> bool {
        self.message.is_some()
    }

    /// Tries once more.
    ///
    /// # Errors
    /// As [`Outgoing::try_call`]; at once and with the same error if the message did not come back.
    #[allow(clippy::result_large_err, reason = "it is the message itself, and this is not the hot path")]
    pub fn retry(self, operation: Operation) -> Result<Reply<'b, T, W, F>, Unsent<'b, T, W, F>> {
        match self.message {
            Some(it) => {
                // A right that was made for the same port and came back is used: releasing it would be an answer.
                let keep = it.local.owned().is_some() && self.reply.is_some() && operation.receive == self.reply;
                it.try_call_keeping(self.limit, operation, keep)
            }
            None => Err(self),
        }
    }

    /// Every right and region that came back, in the order of the message.
    pub fn items(self) -> super::owned::Recovered<'b, T, W, F> {
        super::owned::Recovered::new(self.message)
    }
}

#[cold]
#[inline(never)]
fn failed<T: Transport, W: Row>(wire: Wire<'_>, why: Failed, reply: Option<PortName>, via: T) -> Error {
    drop(recover::<T, W, W::Family>(wire, why.left, reply, via));
    why.code.into()
}

/// The message as far as it still belongs to the sender. `reply` is the transport's reply port, if that was used.
///
/// The reply port goes first: a right made for it may have come back, and releasing that would be an answer.
#[cold]
fn recover<'b, T: Transport, W: Row, F>(
    wire: Wire<'b>,
    left: Left,
    reply: Option<PortName>,
    via: T,
) -> Option<Outgoing<'b, T, W, F>> {
    if let Some(port) = reply {
        via.retire_reply_port(port);
    }
    let bits = u32_at(wire.bytes().get(..W::HEADER)?, 0);
    let (remote, local) = (Disposition(bits as u8), Disposition((bits >> 8) as u8));
    let local_name = PortName(u32_at(wire.bytes(), W::LOCAL));
    let (buffer, at) = wire.into_parts();
    let mut message = Outgoing::resume(buffer, at, remote, via);
    message.complex = bits & COMPLEX != 0;
    message.local = local;
    match left {
        Left::Unknown | Left::Sent => {
            message.disown();
            None
        }
        Left::Untouched => Some(message),
        Left::TakenBack => {
            if let (Some(kind), Some(_), true) = (local.owned(), reply, local_name.is_valid()) {
                message.via.release(local_name, kind);
                message.local = Disposition::NONE;
            }
            Some(message)
        }
    }
}

impl<T: Transport, W: Row, F> Outgoing<'_, T, W, F> {
    /// The bytes of a message that came back.
    pub(super) fn written_mut(&mut self) -> &mut [u8] {
        // SAFETY: only `recover` makes messages that come here, of buffers whose first `at` bytes were sent.
        unsafe { core::slice::from_raw_parts_mut(self.buffer.as_mut_ptr().cast(), self.at) }
    }
}

/// What a definition or a caller adds to a call.
impl Operation {
    /// With a time limit for the receive.
    #[inline]
    pub fn receive_within(mut self, limit: Timeout) -> Operation {
        self.receive_timeout = Some(limit);
        self
    }

    /// With a time limit for the send.
    #[inline]
    pub fn send_within(mut self, limit: Timeout) -> Operation {
        self.send_timeout = Some(limit);
        self
    }

    /// With options of `mach_msg`.
    #[inline]
    pub fn with(mut self, options: MsgOptions) -> Operation {
        self.options = self.options.with(options);
        self
    }

    /// With the thread's special reply port, if the caller has none of its own.
    #[inline]
    pub fn special_reply(mut self) -> Operation {
        self.special_reply = true;
        self
    }

    /// With a trailer behind what is received.
    #[inline]
    pub fn with_trailer(mut self, elements: TrailerElements) -> Operation {
        self.trailer = self.trailer.max(elements);
        self
    }

    /// With the caller's own reply port.
    #[inline]
    pub fn reply_on<T: Transport>(mut self, port: &ReceiveRight<T>) -> Operation {
        self.receive = Some(port.name());
        self
    }
}
