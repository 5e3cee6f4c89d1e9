//! Writing a message.

use core::marker::PhantomData;
use core::mem::{ManuallyDrop, MaybeUninit, size_of};

use super::items::abandon;
use super::row::{Row, Ty, round};
use crate::bytes::u32_at;
use crate::error::{Error, KernReturn, MsgReturn, Result};
use crate::form::Form;
use crate::memory::{Address, Plain, Size, as_bytes};
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
pub struct Outgoing<'b, T: Transport, W: Row> {
    pub(super) buffer: &'b mut [MaybeUninit<u8>],
    pub(super) at: usize,
    /// Some item carries a right or memory.
    pub(super) complex: bool,
    /// Some right belongs to another port space: nothing will be sent.
    pub(super) foreign: bool,
    /// How the two ports of the header travel; a server's reply leaves its header to the loop.
    pub(super) remote: Disposition,
    pub(super) local: Disposition,
    pub(super) via: T,
    abi: PhantomData<W>,
}

impl<'b, T: Transport, W: Row> Outgoing<'b, T, W> {
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
    fn start(
        buffer: &'b mut [MaybeUninit<u8>],
        name: PortName,
        remote: Disposition,
        via: T,
        id: MsgId,
    ) -> Outgoing<'b, T, W> {
        let mut this = Outgoing::resume(buffer, W::HEADER, remote, via);
        this.put_at(8, u64::from(name.0).to_le_bytes());
        this.put_at(W::SEQUENCE, (u64::from(id.0 as u32) << 32).to_le_bytes());
        this
    }

    /// A message whose header stands in the buffer already.
    #[inline(always)]
    pub(super) fn resume(buffer: &'b mut [MaybeUninit<u8>], at: usize, remote: Disposition, via: T) -> Self {
        let local = Disposition::NONE;
        Outgoing { buffer, at, complex: false, foreign: false, remote, local, via, abi: PhantomData }
    }

    /// Writes bytes of a constant number at a position; the capacity is a constant too, so no test remains.
    #[inline(always)]
    pub(super) fn put_at<const K: usize>(&mut self, at: usize, bytes: [u8; K]) {
        let place = &mut self.buffer[at..][..K];
        // SAFETY: `place` has K bytes, and byte arrays are aligned to one.
        unsafe { place.as_mut_ptr().cast::<[u8; K]>().write(bytes) }
    }

    #[inline(always)]
    pub(super) fn put<const K: usize>(&mut self, bytes: [u8; K]) {
        self.put_at(self.at, bytes);
        self.at += K;
    }

    /// Writes a number and zeros up to the next position where an item may start.
    #[inline(always)]
    fn put_padded<const K: usize>(&mut self, bytes: [u8; K]) {
        if W::ALIGN == 8 && K < 8 {
            let mut whole = [0; 8];
            whole[..K].copy_from_slice(&bytes);
            self.put(whole);
        } else if K < 4 {
            let mut whole = [0; 4];
            whole[..K].copy_from_slice(&bytes);
            self.put(whole);
        } else {
            self.put(bytes);
        }
    }

    #[inline(always)]
    pub(super) fn ty_at(&mut self, at: usize, ty: Ty) {
        if W::WIDE {
            self.put_at(at, ty.word().to_le_bytes());
        } else {
            self.put_at(at, (ty.word() as u32).to_le_bytes());
            if ty.is_long::<W>() {
                self.put_at(at + 4, ty.rest().to_le_bytes());
            }
        }
    }

    #[inline(always)]
    pub(super) fn ty(&mut self, ty: Ty) {
        self.ty_at(self.at, ty);
        self.at += ty.size::<W>();
    }

    #[inline(always)]
    pub(super) fn put_address(&mut self, at: Address) -> Result<(), KernReturn> {
        if W::ADDRESS == 8 {
            self.put(at.0.to_le_bytes());
        } else {
            self.put(u32::try_from(at.0).map_err(|_| KernReturn::INVALID_ADDRESS)?.to_le_bytes());
        }
        Ok(())
    }
}

/// One method for each kind of number: type word, number, padding.
macro_rules! numbers {
    ($($name:ident)*) => {
        impl<T: Transport, W: Row> Outgoing<'_, T, W> { $(
            /// A number.
            #[inline(always)]
            pub fn $name(&mut self, ty: Ty, it: $name) {
                self.ty(ty);
                self.put_padded(it.to_le_bytes());
            }
        )* }
    };
}
numbers! { u8 i8 u16 i16 u32 i32 u64 i64 f32 f64 }

impl<T: Transport, W: Row> Outgoing<'_, T, W> {
    /// A truth value: 0 or 1.
    #[inline(always)]
    pub fn bool(&mut self, ty: Ty, it: bool) {
        self.u32(ty, it.into());
    }

    /// A port name, which is a number and carries no right.
    #[inline(always)]
    pub fn name(&mut self, ty: Ty, it: PortName) {
        self.u32(ty, it.0);
    }

    /// An address.
    ///
    /// # Errors
    /// `KERN_INVALID_ARGUMENT` if it has more bits than the ABI gives it.
    #[inline(always)]
    pub fn address(&mut self, ty: Ty, it: Address) -> Result<(), KernReturn> {
        self.word(ty, it.0)
    }

    /// A size.
    ///
    /// # Errors
    /// `KERN_INVALID_ARGUMENT` if it has more bits than the ABI gives it.
    #[inline(always)]
    pub fn size(&mut self, ty: Ty, it: Size) -> Result<(), KernReturn> {
        self.word(ty, it.0)
    }

    #[inline(always)]
    fn word(&mut self, ty: Ty, it: u64) -> Result<(), KernReturn> {
        if ty.bits::<W>() == 64 {
            self.u64(ty, it);
        } else {
            self.u32(ty, u32::try_from(it).map_err(|_| KernReturn::INVALID_ARGUMENT)?);
        }
        Ok(())
    }

    /// An array or structure of constant length.
    #[inline(always)]
    pub fn array<E: Plain>(&mut self, ty: Ty, it: &E) {
        self.ty(ty);
        let bytes = as_bytes(core::slice::from_ref(it));
        let end = self.at + round::<W>(bytes.len());
        if bytes.len() % W::ALIGN != 0 {
            self.zero_before(end);
        }
        self.copy_at(self.at, bytes);
        self.at = end;
    }

    /// A structure, or a number with a type of its own.
    ///
    /// # Errors
    /// `KERN_INVALID_ARGUMENT` if the ABI has no room for its value.
    #[inline(always)]
    pub fn form<S: Form<W>>(&mut self, ty: Ty, it: &S) -> Result<(), KernReturn> {
        let base = it.write().ok_or(KernReturn::INVALID_ARGUMENT)?;
        self.array(ty, &base);
        Ok(())
    }

    /// A counted array.
    ///
    /// # Errors
    /// `MIG_ARRAY_TOO_LARGE` if it has more than `max` elements.
    #[inline(always)]
    pub fn counted<E: Plain>(&mut self, ty: Ty, max: usize, it: &[E]) -> Result<()> {
        if it.len() > max {
            return Err(Error::ARRAY_TOO_LARGE);
        }
        self.counted_unchecked(ty, it);
        Ok(())
    }

    #[inline(always)]
    pub(super) fn counted_unchecked<E: Plain>(&mut self, ty: Ty, it: &[E]) {
        let bytes = as_bytes(it);
        let data = self.at + ty.size::<W>();
        let end = data + round::<W>(bytes.len());
        // Padding first, type word second: with no data the padding falls on the word's place, and no branch is
        // needed.
        if size_of::<E>() % W::ALIGN != 0 {
            self.zero_before(end);
        }
        self.ty_at(self.at, ty.with_number::<W>(it.len() as u32 * per::<E, W>(ty)));
        self.copy_at(data, bytes);
        self.at = end;
    }

    /// `c_string[*:max]`: the text and a NUL. An interior NUL ends it.
    ///
    /// # Errors
    /// `MIG_ARRAY_TOO_LARGE` if the text and the NUL have more than `max` bytes; [`Text::cut`](crate::Text::cut)
    /// shortens as C does.
    #[inline(always)]
    pub fn text(&mut self, ty: Ty, max: usize, text: &[u8]) -> Result<()> {
        let text = until_nul(text);
        if text.len() >= max {
            return Err(Error::ARRAY_TOO_LARGE);
        }
        let data = self.at + ty.size::<W>();
        let end = data + round::<W>(text.len() + 1);
        self.zero_before(end);
        self.ty_at(self.at, ty.with_number::<W>(text.len() as u32 + 1));
        self.copy_at(data, text);
        self.at = end;
        Ok(())
    }

    /// `c_string[size]`: the text and NULs up to `size` bytes.
    ///
    /// # Errors
    /// As [`text`](Outgoing::text).
    #[inline(always)]
    pub fn fixed_text(&mut self, ty: Ty, size: usize, text: &[u8]) -> Result<()> {
        let text = until_nul(text);
        if text.len() >= size {
            return Err(Error::ARRAY_TOO_LARGE);
        }
        self.ty(ty);
        let end = self.at + round::<W>(size);
        self.copy_at(self.at, text);
        self.buffer[self.at + text.len()..end].fill(MaybeUninit::new(0));
        self.at = end;
        Ok(())
    }

    /// How many elements of an array the caller has room for (`CountInOut`).
    #[inline(always)]
    pub fn room(&mut self, ty: Ty, max: usize, len: usize) {
        self.u32(ty, len.min(max) as u32);
    }

    #[inline(always)]
    fn zero_before(&mut self, end: usize) {
        if W::ALIGN == 8 { self.put_at(end - 8, [0; 8]) } else { self.put_at(end - 4, [0; 4]) }
    }

    #[inline(always)]
    pub(super) fn copy_at(&mut self, at: usize, bytes: &[u8]) {
        let place = &mut self.buffer[at..][..bytes.len()];
        // SAFETY: `place` has as many bytes, and an exclusive borrow cannot overlap a shared one.
        unsafe { core::ptr::copy_nonoverlapping(bytes.as_ptr(), place.as_mut_ptr().cast(), bytes.len()) }
    }
}

/// Wire elements in each element of an array.
#[inline(always)]
pub(super) const fn per<E, W: Row>(ty: Ty) -> u32 {
    size_of::<E>() as u32 * 8 / ty.bits::<W>()
}

#[inline(always)]
fn until_nul(text: &[u8]) -> &[u8] {
    text.split(|it| *it == 0).next().unwrap_or(text)
}

impl<'b, T: Transport, W: Row> Outgoing<'b, T, W> {
    /// An array that a [`Room`](crate::Room) at `from` took: in place already, or moved down behind a shorter one.
    #[inline(always)]
    pub fn counted_in_place<E: Plain>(&mut self, ty: Ty, from: usize, count: usize) {
        let size = size_of::<E>() * count;
        let data = self.at + ty.size::<W>();
        let end = data + round::<W>(size);
        if from != data {
            self.buffer.copy_within(from..from + size, data);
        }
        if size_of::<E>() % W::ALIGN != 0 {
            self.buffer[data + size..end].fill(MaybeUninit::new(0));
        }
        self.ty_at(self.at, ty.with_number::<W>(count as u32 * per::<E, W>(ty)));
        self.at = end;
    }

    /// `c_string[*:n]` whose text, without a NUL, a [`Room`](crate::Room) at `from` took.
    #[inline]
    pub fn text_in_place(&mut self, ty: Ty, from: usize, count: usize) {
        self.buffer[from + count] = MaybeUninit::new(0);
        self.counted_in_place::<u8>(ty, from, count + 1);
    }

    /// `c_string[size]` whose text, without a NUL, a [`Room`](crate::Room) at `from` took.
    #[inline]
    pub fn fixed_text_in_place(&mut self, ty: Ty, from: usize, size: usize, count: usize) {
        let data = self.at + ty.size::<W>();
        let end = data + round::<W>(size);
        if from != data {
            self.buffer.copy_within(from..from + count, data);
        }
        self.buffer[data + count..end].fill(MaybeUninit::new(0));
        self.ty_at(self.at, ty);
        self.at = end;
    }

    /// An array of constant length that a [`Room`](crate::Room) at `from` took.
    #[inline(always)]
    pub fn array_in_place<E: Plain>(&mut self, ty: Ty, from: usize) {
        let data = self.at + ty.size::<W>();
        let end = data + round::<W>(size_of::<E>());
        if from != data {
            self.buffer.copy_within(from..from + size_of::<E>(), data);
        }
        self.buffer[data + size_of::<E>()..end].fill(MaybeUninit::new(0));
        self.ty_at(self.at, ty);
        self.at = end;
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
    pub(super) fn admit(&mut self, name: PortName, disposition: Disposition, via: Option<T>) -> PortName {
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

impl<T: Transport, W: Row> Outgoing<'_, T, W> {
    /// Forgets everything: the receiver owns it, or nobody.
    #[inline]
    pub(super) fn disown(&mut self) {
        (self.complex, self.remote, self.local) = (false, Disposition::NONE, Disposition::NONE);
    }
}

impl<T: Transport, W: Row> Drop for Outgoing<'_, T, W> {
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
        abandon::<T, W>(message, via);
    }
}
