//! The server's side of an exchange: the reply that is being made while a request is served.

use core::marker::PhantomData;
use core::mem::{ManuallyDrop, MaybeUninit};

use super::outgoing::Outgoing;
use super::request::reply_right;
use super::row::Row;
use crate::bytes::u32_at;
use crate::error::KernReturn;
use crate::message::{MsgId, Rooms};
use crate::right::{AnyRight, Disposition, PortName};
use crate::serve::Unserved;
use crate::transport::{Left, Transport, Wire};

/// A reply as the loop holds it: a message which owns the reply right of its request from the beginning.
///
/// Its header is written before dispatch and says success. Dropping it releases what it holds, so that a server that
/// panics leaves its client with `MIG_SERVER_DIED`.
#[derive(Debug)]
pub(crate) struct ReplyBuffer<'b, T: Transport, W: Row> {
    buffer: &'b mut [MaybeUninit<u8>],
    via: T,
    abi: PhantomData<W>,
}

impl<'b, T: Transport, W: Row> ReplyBuffer<'b, T, W> {
    /// A reply of success with this header, as every C demultiplexer begins it. The buffer has room for it.
    #[inline(always)]
    pub(crate) fn begin(
        buffer: &'b mut [MaybeUninit<u8>],
        to: PortName,
        disposition: Disposition,
        id: MsgId,
        via: T,
    ) -> Self {
        let mut this = ReplyBuffer { buffer, via, abi: PhantomData };
        this.put(0, (u64::from(disposition.0) | (W::BARE as u64) << 32).to_le_bytes());
        this.put(8, u64::from(to.0).to_le_bytes());
        if W::LOCAL == 16 {
            this.put(16, [0; 8]);
        }
        this.put(W::SEQUENCE, (u64::from(id.0 as u32) << 32).to_le_bytes());
        // In pieces of a constant size: the buffer may be no longer than the reply.
        let [a @ .., _, _, _, _, _, _, _, _] = W::SUCCESS;
        this.put::<8>(W::HEADER, a);
        let [_, _, _, _, _, _, _, _, b @ ..] = W::SUCCESS;
        match W::BARE - W::HEADER {
            8 => {}
            12 => this.put::<4>(W::HEADER + 8, [b[0], b[1], b[2], b[3]]),
            _ => this.put::<8>(W::HEADER + 8, b),
        }
        this
    }

    #[inline(always)]
    fn put<const K: usize>(&mut self, at: usize, bytes: [u8; K]) {
        debug_assert!(at + K <= W::BARE && W::BARE <= self.buffer.len());
        // SAFETY: every caller writes inside a bare reply, and the constructors' callers have room for that.
        unsafe { self.buffer.as_mut_ptr().add(at).cast::<[u8; K]>().write(bytes) }
    }

    /// Where the dispatcher writes.
    #[inline(always)]
    pub(crate) fn head(&mut self) -> ReplyHead<'_, T, W> {
        ReplyHead { buffer: self.buffer, via: self.via.clone(), abi: PhantomData }
    }

    /// Makes it an error reply, which holds nothing but its code. Whatever was written behind it has been released.
    #[inline(always)]
    pub(crate) fn fail(&mut self, code: KernReturn) {
        // The buffer and not `self`: an address of it would keep it out of registers on every path.
        fail::<W>(self.buffer, code);
    }

    /// The message.
    #[inline(always)]
    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: the header was written first. Its size is that of a bare reply, which `begin` wrote, or of what
        // `finish` had written.
        unsafe {
            let size = self.buffer.as_ptr().add(4).cast::<[u8; 4]>().read();
            core::slice::from_raw_parts(self.buffer.as_ptr().cast(), u32::from_le_bytes(size) as usize)
        }
    }

    /// The right that the answer goes to; not valid if nobody waits for one.
    #[inline(always)]
    pub(crate) fn to(&self) -> PortName {
        // SAFETY: the header was written first, and the name stands in it.
        PortName(u32::from_le_bytes(unsafe { self.buffer.as_ptr().add(8).cast::<[u8; 4]>().read() }))
    }

    /// Gives the message up to a send: the buffer, how long the message is, and the handle.
    #[inline(always)]
    pub(crate) fn into_parts(self) -> (&'b mut [MaybeUninit<u8>], usize, T) {
        let size = self.bytes().len();
        let this = ManuallyDrop::new(self);
        // SAFETY: `this` is never dropped, so both are read out once.
        unsafe { (core::ptr::read(&this.buffer), size, core::ptr::read(&this.via)) }
    }

    /// Gives the message up to a send; how long it is.
    #[inline(always)]
    pub(crate) fn into_sent(self) -> usize {
        self.into_parts().1
    }
}

#[cold]
#[inline(never)]
fn fail<W: Row>(buffer: &mut [MaybeUninit<u8>], code: KernReturn) {
    let mut put = |at: usize, bytes: &[u8]| {
        for (to, from) in buffer[at..].iter_mut().zip(bytes) {
            to.write(*from);
        }
    };
    put(3, &[0]);
    put(4, &(W::BARE as u32).to_le_bytes());
    put(W::HEADER, &W::SUCCESS[..W::BARE - W::HEADER]);
    put(W::CODE, &code.code().to_le_bytes());
}

impl<T: Transport, W: Row> Drop for ReplyBuffer<'_, T, W> {
    #[inline]
    fn drop(&mut self) {
        drop_message::<T, W>(self.bytes(), self.via.clone());
    }
}

/// Releases a reply that will not be sent, or a request that cannot be answered: body, then reply right.
#[cold]
#[inline(never)]
pub(crate) fn drop_message<T: Transport, W: Row>(message: &[u8], via: T) {
    W::release(message, via.clone());
    let (name, disposition) = reply_right(message);
    // SAFETY: the message owned its reply right, and is not used again.
    drop(unsafe { AnyRight::from_raw(name, disposition, via) });
}

/// What became of a reply whose send failed.
#[cold]
#[inline(never)]
pub(crate) fn drop_unsent<T: Transport, W: Row>(wire: Wire<'_>, left: Left, via: T) {
    if matches!(left, Left::Untouched | Left::TakenBack) && wire.bytes().len() >= W::HEADER {
        drop_message::<T, W>(wire.bytes(), via);
    }
}

/// Where a dispatcher makes its reply: a slice and a handle, passed in registers. The header is written, and success
/// assumed.
#[derive(Debug)]
pub struct ReplyHead<'b, T: Transport, W: Row> {
    buffer: &'b mut [MaybeUninit<u8>],
    via: T,
    abi: PhantomData<W>,
}

impl<'b, T: Transport, W: Row> ReplyHead<'b, T, W> {
    /// Room for `MAX` bytes: the one room check, before anything is taken.
    ///
    /// # Errors
    /// If the loop's buffer is smaller.
    #[inline(always)]
    pub fn reserve<const MAX: usize>(self) -> Result<Reserved<'b, T, W, MAX>, Unserved> {
        match self.buffer.first_chunk_mut() {
            Some(buffer) => Ok(Reserved { buffer, via: self.via, abi: PhantomData }),
            None => Err(Unserved::refused(KernReturn::MIG_BAD_ARGUMENTS)),
        }
    }

    /// Takes the reply right out: the loop will send nothing.
    pub(crate) fn take_right(&mut self) -> (AnyRight<T>, MsgId) {
        // SAFETY: only a `ReplyBuffer` makes one of these, after it has written the header.
        let header: &[u8] = unsafe { core::slice::from_raw_parts(self.buffer.as_ptr().cast(), W::HEADER) };
        let (name, disposition) = reply_right(header);
        let id = MsgId(u32_at(header, W::ID) as i32);
        self.buffer[0] = MaybeUninit::new(0);
        self.buffer[8..12].fill(MaybeUninit::new(0));
        // SAFETY: the reply owned the right, and null stands there now.
        (unsafe { AnyRight::from_raw(name, disposition, self.via.clone()) }, id)
    }

    /// Takes the reply right, for a one-way routine that wants it: the loop will send nothing.
    pub fn into_right(mut self) -> AnyRight<T> {
        self.take_right().0
    }

    /// The buffer and the handle.
    pub(crate) fn into_parts(self) -> (&'b mut [MaybeUninit<u8>], T) {
        (self.buffer, self.via)
    }

    /// # Safety
    /// The parts come from [`into_parts`](ReplyHead::into_parts) of the same ABI.
    pub(crate) unsafe fn from_parts(buffer: &'b mut [MaybeUninit<u8>], via: T) -> Self {
        ReplyHead { buffer, via, abi: PhantomData }
    }
}

/// Room for a reply of up to `MAX` bytes, while the request is served.
///
/// It has no `Drop`, so that nothing of it needs an address while the server's method runs: the message begins when the
/// method has returned.
#[derive(Debug)]
pub struct Reserved<'b, T: Transport, W: Row, const MAX: usize> {
    buffer: &'b mut [MaybeUninit<u8>; MAX],
    via: T,
    abi: PhantomData<W>,
}

impl<'b, T: Transport, W: Row, const MAX: usize> Reserved<'b, T, W, MAX> {
    /// The places where arrays will stand.
    #[inline(always)]
    pub fn rooms(&mut self) -> Rooms<'_> {
        Rooms::new(self.buffer, W::ABI)
    }

    /// The port space.
    #[inline(always)]
    pub fn via(&self) -> &T {
        &self.via
    }

    /// The message, behind its code.
    #[inline(always)]
    pub fn begin(self) -> Outgoing<'b, T, W> {
        const { assert!(MAX >= W::BARE) };
        Outgoing::resume(self.buffer, W::BARE, Disposition::NONE, self.via)
    }
}
