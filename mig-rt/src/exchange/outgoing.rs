//! A message being built: what it owns, and what becomes of that.

use core::marker::PhantomData;
use core::mem::{ManuallyDrop, MaybeUninit};

use super::row::Row;
use crate::bytes::u32_at;
use crate::error::{KernReturn, MsgReturn, Result};
use crate::message::{Buffer, COMPLEX, MsgId};
use crate::outbound::Outbound;
use crate::right::{Disposition, PortName, ReceiveRight, RightKind, SendOnceRight, SendRight};
use crate::serve::Served;
use crate::transport::Transport;

/// A message being built: a client's request or a server's reply.
///
/// It owns the rights and the memory that went into it; dropping it gives them back. What it was lent must outlive
/// it. Everything between the header and `at` is written; the header is completed by the call that sends.
#[derive(Debug)]
pub struct Outgoing<'b, T: Transport, W: Row, F = <W as Row>::Family> {
    pub(crate) buffer: &'b mut [MaybeUninit<u8>],
    pub(crate) at: usize,
    /// Some item carries a right or memory.
    pub(crate) complex: bool,
    /// Some right belongs to another port space: nothing will be sent.
    pub(crate) foreign: bool,
    /// How the two ports of the header travel; a server's reply leaves its header to the loop.
    pub(crate) remote: Disposition,
    pub(crate) local: Disposition,
    pub(crate) via: T,
    family: PhantomData<(W, F)>,
}

impl<'b, T: Transport, W: Row, F> Outgoing<'b, T, W, F> {
    /// A request to a port of which the caller keeps its send right.
    #[inline(always)]
    pub fn new<const N: usize>(buffer: &'b mut Buffer<N>, to: &SendRight<T>, id: MsgId) -> Self {
        Self::start(buffer.bytes(), to.name(), Disposition::COPY_SEND, to.via().clone(), id)
    }

    /// A request which takes the send right along.
    #[inline(always)]
    pub fn new_move_send<const N: usize>(buffer: &'b mut Buffer<N>, to: SendRight<T>, id: MsgId) -> Self {
        let via = to.via().clone();
        Self::start(buffer.bytes(), to.into_raw(), Disposition::MOVE_SEND, via, id)
    }

    /// A request which takes the send-once right along.
    #[inline(always)]
    pub fn new_move_send_once<const N: usize>(buffer: &'b mut Buffer<N>, to: SendOnceRight<T>, id: MsgId) -> Self {
        let via = to.via().clone();
        Self::start(buffer.bytes(), to.into_raw(), Disposition::MOVE_SEND_ONCE, via, id)
    }

    /// A request to a port of the caller's own, by a send right made for it.
    #[inline(always)]
    pub fn new_make_send<const N: usize>(buffer: &'b mut Buffer<N>, to: &'b ReceiveRight<T>, id: MsgId) -> Self {
        Self::start(buffer.bytes(), to.name(), Disposition::MAKE_SEND, to.via().clone(), id)
    }

    /// A request to a port of the caller's own, by a send-once right made for it.
    #[inline(always)]
    pub fn new_make_send_once<const N: usize>(buffer: &'b mut Buffer<N>, to: &'b ReceiveRight<T>, id: MsgId) -> Self {
        Self::start(buffer.bytes(), to.name(), Disposition::MAKE_SEND_ONCE, to.via().clone(), id)
    }

    /// A request whose caller chooses the disposition of its port.
    ///
    /// # Errors
    /// `MACH_SEND_INVALID_DEST` for a null port made by [`Outbound::null`], which belongs to no port space.
    #[inline(always)]
    pub fn new_outbound<const N: usize>(buffer: &'b mut Buffer<N>, to: Outbound<'b, T>, id: MsgId) -> Result<Self> {
        let (name, disposition, via) = to.into_raw();
        let Some(via) = via else { return Err(MsgReturn::SEND_INVALID_DEST.into()) };
        Ok(Self::start(buffer.bytes(), name, disposition, via, id))
    }

    #[inline(always)]
    fn start(buffer: &'b mut [MaybeUninit<u8>], name: PortName, remote: Disposition, via: T, id: MsgId) -> Self {
        let mut this = Outgoing::resume(buffer, W::HEADER, remote, via);
        this.put_at(8, u64::from(name.0).to_le_bytes());
        this.put_at(W::SEQUENCE, (u64::from(id.0 as u32) << 32).to_le_bytes());
        this
    }

    /// A message whose header stands in the buffer already.
    #[inline(always)]
    pub(crate) fn resume(buffer: &'b mut [MaybeUninit<u8>], at: usize, remote: Disposition, via: T) -> Self {
        let local = Disposition::NONE;
        Outgoing { buffer, at, complex: false, foreign: false, remote, local, via, family: PhantomData }
    }

    /// Writes bytes of a constant number at a position; the capacity is a constant too, so no test remains.
    #[inline(always)]
    pub(crate) fn put_at<const K: usize>(&mut self, at: usize, bytes: [u8; K]) {
        let place = &mut self.buffer[at..][..K];
        // SAFETY: `place` has K bytes, and byte arrays are aligned to one.
        unsafe { place.as_mut_ptr().cast::<[u8; K]>().write(bytes) }
    }

    #[inline(always)]
    pub(crate) fn put<const K: usize>(&mut self, bytes: [u8; K]) {
        self.put_at(self.at, bytes);
        self.at += K;
    }

    #[inline(always)]
    pub(crate) fn copy_at(&mut self, at: usize, bytes: &[u8]) {
        let place = &mut self.buffer[at..][..bytes.len()];
        // SAFETY: `place` has as many bytes, and an exclusive borrow cannot overlap a shared one.
        unsafe { core::ptr::copy_nonoverlapping(bytes.as_ptr(), place.as_mut_ptr().cast(), bytes.len()) }
    }

    /// Completes a reply, which the loop then sends.
    ///
    /// # Errors
    /// `KERN_INVALID_RIGHT` if a right in it belongs to another port space; everything is released.
    #[inline(always)]
    pub fn finish(self) -> Served {
        if self.foreign {
            return Err(KernReturn::INVALID_RIGHT.into());
        }
        let mut this = ManuallyDrop::new(self);
        let at = this.at as u32;
        this.put_at(4, at.to_le_bytes());
        if this.complex {
            // Bits 24 to 31 of a reply's header: nothing but the complex bit is ever set there.
            this.put_at(3, [(COMPLEX >> 24) as u8]);
        }
        // SAFETY: `this` is never dropped, so its handle is dropped once, here.
        unsafe { core::ptr::drop_in_place(&mut this.via) };
        Ok(())
    }

    /// Lets a right into the message if it belongs to the message's port space.
    #[inline(always)]
    pub(crate) fn admit(&mut self, name: PortName, disposition: Disposition, via: Option<T>) -> PortName {
        match via {
            Some(via) if via != self.via => {
                self.foreign = true;
                release_elsewhere(name, disposition.owned(), via);
                PortName::NULL
            }
            _ => name,
        }
    }
}

#[cold]
#[inline(never)]
fn release_elsewhere<T: Transport>(name: PortName, kind: Option<RightKind>, via: T) {
    if let (Some(kind), true) = (kind, name.is_valid()) {
        via.release(name, kind);
    }
}

impl<T: Transport, W: Row, F> Outgoing<'_, T, W, F> {
    /// Forgets everything: the receiver owns it, or nobody.
    #[inline]
    pub(crate) fn disown(&mut self) {
        (self.complex, self.remote, self.local) = (false, Disposition::NONE, Disposition::NONE);
    }
}

impl<T: Transport, W: Row, F> Drop for Outgoing<'_, T, W, F> {
    #[inline(always)]
    fn drop(&mut self) {
        if self.complex || self.remote.owned().is_some() || self.local.owned().is_some() {
            let header = (self.remote, self.local);
            give_up::<T, W>(self.buffer, self.at, header, self.complex, self.via.clone());
        }
    }
}

/// Releases the header's own rights and the body's, of a message that was not sent. By value: an address of the
/// cursor in this path would keep it out of registers on every other.
#[cold]
#[inline(never)]
fn give_up<T: Transport, W: Row>(
    buffer: &mut [MaybeUninit<u8>],
    at: usize,
    (remote, local): (Disposition, Disposition),
    complex: bool,
    via: T,
) {
    if remote != Disposition::NONE {
        // What a send would have completed.
        buffer[..8].fill(MaybeUninit::new(0));
    }
    if remote != Disposition::NONE && local == Disposition::NONE {
        buffer[W::LOCAL..W::SEQUENCE].fill(MaybeUninit::new(0));
    }
    // SAFETY: the header is written, a reply's by the loop, a request's by `start` and the lines above; so is the
    // body up to `at`.
    let message: &[u8] = unsafe { core::slice::from_raw_parts(buffer.as_ptr().cast(), at) };
    for (at, disposition) in [(8, remote), (W::LOCAL, local)] {
        if disposition.owned().is_some() {
            release_elsewhere(PortName(u32_at(message, at)), disposition.owned(), via.clone());
        }
    }
    if complex {
        W::abandon(message, via);
    }
}

/// A text ends at its first NUL.
#[inline(always)]
pub(crate) fn until_nul(text: &[u8]) -> &[u8] {
    text.split(|it| *it == 0).next().unwrap_or(text)
}
