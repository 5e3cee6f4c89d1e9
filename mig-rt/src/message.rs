//! What both families of messages share: ids, buffers, shapes, and the room for results.

use core::fmt;
use core::marker::PhantomData;
use core::mem::{MaybeUninit, align_of, size_of};

use crate::abi::AbiId;
use crate::element::{Layout, PackedRoom};
use crate::error::KernReturn;
use crate::memory::Plain;
use crate::right::{PortName, Right};
use crate::transport::Transport;

/// Which routine a message belongs to. The kernel never looks at it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(transparent)]
pub struct MsgId(pub i32);

impl MsgId {
    /// `MACH_NOTIFY_SEND_ONCE`: a send-once right was destroyed unused. In a reply's place, the server is dead.
    pub const SEND_ONCE: MsgId = MsgId(71);

    /// The id of the reply to a request with this id.
    #[inline(always)]
    pub const fn reply(self) -> MsgId {
        MsgId(self.0.wrapping_add(100))
    }
}

impl fmt::Debug for MsgId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MsgId({})", self.0)
    }
}

/// Bit of `msgh_bits`: the body carries rights or out-of-line memory.
pub const COMPLEX: u32 = 0x8000_0000;

/// Memory for one message, not written until it is used.
#[repr(C, align(8))]
pub struct Buffer<const N: usize>(MaybeUninit<[u8; N]>);

impl<const N: usize> Buffer<N> {
    /// A buffer with nothing in it.
    #[inline(always)]
    pub const fn new() -> Buffer<N> {
        Buffer(MaybeUninit::uninit())
    }

    /// Its bytes.
    #[inline(always)]
    pub fn bytes(&mut self) -> &mut [MaybeUninit<u8>] {
        // SAFETY: `MaybeUninit<[u8; N]>` and `[MaybeUninit<u8>; N]` are the same N bytes; the borrow is exclusive.
        unsafe { core::slice::from_raw_parts_mut((&raw mut self.0).cast(), N) }
    }

    /// Rooms for results that will be sent out of line, from memory that is made when it is known how many they are.
    #[inline]
    pub fn rooms(&mut self, abi: AbiId) -> Rooms<'_> {
        Rooms::new(self.bytes(), abi)
    }
}

impl<const N: usize> Default for Buffer<N> {
    fn default() -> Self {
        Buffer::new()
    }
}

impl<const N: usize> fmt::Debug for Buffer<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Buffer of {N} bytes")
    }
}

/// What a receiver expects of the complex bit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Complex {
    /// No rights, no out-of-line memory.
    Never,
    /// At least one of them, be it null or empty.
    Always,
    /// The sender decided.
    Maybe,
}

/// What a receiver expects of a message before it looks at the body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Shape {
    /// The complex bit.
    pub complex: Complex,
    /// Bytes with every variable part empty.
    pub min: u32,
    /// Bytes with every variable part full; equal to `min` if there is none.
    pub max: u32,
    /// Descriptors, in the family that has them.
    pub descriptors: u32,
}

impl Shape {
    /// A shape.
    pub const fn new(complex: Complex, min: u32, max: u32) -> Shape {
        Shape { complex, min, max, descriptors: 0 }
    }

    /// A shape with so many descriptors: a complex one, if there are any.
    pub const fn described(descriptors: u32, min: u32, max: u32) -> Shape {
        let complex = if descriptors > 0 { Complex::Always } else { Complex::Never };
        Shape { complex, min, max, descriptors }
    }

    /// Whether a message may have this size. A maximum is the sender's business: a receiver counts what it got.
    #[inline(always)]
    pub(crate) const fn fits(self, size: usize) -> bool {
        if self.min == self.max { size == self.min as usize } else { size >= self.min as usize }
    }
}

/// A string of a message: its bytes up to the first NUL, or all of them.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Text<'m>(&'m [u8]);

impl<'m> Text<'m> {
    #[inline]
    pub(crate) fn until_nul(item: &'m [u8]) -> Text<'m> {
        Text(item.split(|it| *it == 0).next().unwrap_or(item))
    }

    /// The bytes, without a NUL. Nothing says that they are UTF-8.
    #[inline]
    pub fn bytes(self) -> &'m [u8] {
        self.0
    }

    /// The text if it is UTF-8.
    ///
    /// # Errors
    /// Where it stops being that.
    pub fn to_str(self) -> Result<&'m str, core::str::Utf8Error> {
        core::str::from_utf8(self.0)
    }

    /// As much of a string as fits into `c_string[size]`, NUL included: what C sends of a longer one.
    pub fn cut(string: &[u8], size: usize) -> &[u8] {
        let end = string.iter().position(|it| *it == 0).unwrap_or(string.len());
        &string[..end.min(size.saturating_sub(1))]
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}

/// Hands out the places of a reply where arrays will stand.
#[derive(Debug)]
pub struct Rooms<'r> {
    rest: &'r mut [MaybeUninit<u8>],
    at: usize,
    abi: AbiId,
}

impl<'r> Rooms<'r> {
    #[inline(always)]
    pub(crate) fn new(reply: &'r mut [MaybeUninit<u8>], abi: AbiId) -> Rooms<'r> {
        Rooms { rest: reply, at: 0, abi }
    }

    /// The bytes `at..at + size` of the reply. Places come in rising order.
    #[inline(always)]
    fn place(&mut self, at: usize, size: usize) -> &'r mut [MaybeUninit<u8>] {
        let rest = core::mem::take(&mut self.rest);
        let (_, rest) = rest.split_at_mut(at - self.at);
        let (here, rest) = rest.split_at_mut(size);
        self.rest = rest;
        self.at = at + size;
        here
    }

    /// Room for up to `max` elements.
    #[inline(always)]
    pub fn array<E: Plain>(&mut self, at: usize, max: usize) -> Room<'r, E> {
        let here = self.place(at, max * size_of::<E>());
        assert!(here.as_ptr() as usize & (align_of::<E>() - 1) == 0, "items of a message are aligned to four bytes");
        // SAFETY: exactly `max` elements' bytes, aligned, borrowed exclusively, and not assumed to be written.
        let room = unsafe { core::slice::from_raw_parts_mut(here.as_mut_ptr().cast(), max) };
        Room { room, len: 0, abi: self.abi }
    }

    /// Room for up to `max` elements that are no plain ones.
    pub fn packed<E>(&mut self, layout: Layout<E>, at: usize, max: usize) -> PackedRoom<'r, E> {
        PackedRoom::new(self.place(at, max * layout.size()), layout)
    }

    /// Room for up to `max` rights, which stand in cells of `cell` bytes.
    #[inline(always)]
    pub fn rights<T: Transport, R: Right<T>>(
        &mut self,
        via: &T,
        at: usize,
        max: usize,
        cell: usize,
    ) -> RightsRoom<'r, T, R> {
        let room = self.place(at, max * cell);
        RightsRoom { room, cell, len: 0, via: via.clone(), foreign: false, right: PhantomData }
    }
}

/// An array of results, filled where it will be sent from.
#[derive(Debug)]
pub struct Room<'r, E> {
    room: &'r mut [MaybeUninit<E>],
    len: usize,
    abi: AbiId,
}

impl<'r, E: Plain> Room<'r, E> {
    /// Room of the caller's own, for calling a server's method without a message.
    pub fn new(room: &'r mut [MaybeUninit<E>], abi: AbiId) -> Room<'r, E> {
        Room { room, len: 0, abi }
    }

    /// The ABI of the message: that of the client.
    #[inline(always)]
    pub fn abi(&self) -> AbiId {
        self.abi
    }

    /// Elements that fit, or fewer if the client has asked for fewer.
    #[inline(always)]
    pub fn capacity(&self) -> usize {
        self.room.len()
    }

    /// Elements written so far.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether none is written.
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Makes it smaller.
    #[inline(always)]
    pub fn limit(mut self, max: usize) -> Self {
        if max < self.room.len() {
            let room = core::mem::take(&mut self.room);
            self.room = &mut room[..max];
        }
        self
    }

    /// Adds an element; `false` if there is no room.
    #[inline(always)]
    #[must_use = "an element that does not fit is not sent"]
    pub fn push(&mut self, element: E) -> bool {
        let Some(place) = self.room.get_mut(self.len) else { return false };
        place.write(element);
        self.len += 1;
        true
    }

    /// Adds elements, all or none.
    ///
    /// # Errors
    /// `MIG_ARRAY_TOO_LARGE` if they do not all fit.
    #[inline(always)]
    pub fn extend(&mut self, elements: &[E]) -> Result<(), KernReturn> {
        let place = self.room.get_mut(self.len..).and_then(|it| it.get_mut(..elements.len()));
        let Some(place) = place else { return Err(KernReturn::MIG_ARRAY_TOO_LARGE) };
        // SAFETY: `place` has as many elements, and an exclusive borrow cannot overlap a shared one.
        unsafe { core::ptr::copy_nonoverlapping(elements.as_ptr(), place.as_mut_ptr().cast(), elements.len()) }
        self.len += elements.len();
        Ok(())
    }

    /// Adds whatever an iterator yields, as long as there is room, and says whether all of it went in.
    pub fn fill(&mut self, elements: impl IntoIterator<Item = E>) -> bool {
        elements.into_iter().all(|it| self.push(it))
    }

    /// What is written.
    pub fn written(&self) -> &[E] {
        // SAFETY: the first `len` elements were written by `push` or `extend`.
        unsafe { core::slice::from_raw_parts(self.room.as_ptr().cast(), self.len) }
    }

    /// What is written, to be changed.
    pub fn written_mut(&mut self) -> &mut [E] {
        // SAFETY: as in `written`, and the borrow is exclusive.
        unsafe { core::slice::from_raw_parts_mut(self.room.as_mut_ptr().cast(), self.len) }
    }

    /// Takes back what is written beyond `len`.
    pub fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// Writes zeros where nothing is written yet: an array of fixed length is sent whole.
    #[inline(always)]
    pub fn pad(mut self) {
        for place in &mut self.room[self.len..] {
            // Every bit pattern of a plain element is valid, zeros among them.
            *place = MaybeUninit::zeroed();
        }
        self.len = self.room.len();
    }

    /// How many are to be sent; the borrow of the reply ends.
    #[inline(always)]
    pub fn filled(self) -> usize {
        self.len
    }
}

/// An array of rights, filled where it will be sent from. It owns them until the stub takes over.
pub struct RightsRoom<'r, T: Transport, R: Right<T>> {
    room: &'r mut [MaybeUninit<u8>],
    cell: usize,
    len: usize,
    via: T,
    foreign: bool,
    right: PhantomData<R>,
}

impl<T: Transport, R: Right<T>> RightsRoom<'_, T, R> {
    /// Makes it smaller.
    pub fn limit(mut self, max: usize) -> Self {
        if max < self.capacity() {
            let room = core::mem::take(&mut self.room);
            self.room = &mut room[..max * self.cell];
        }
        self
    }

    /// Rights that fit.
    pub fn capacity(&self) -> usize {
        self.room.len() / self.cell
    }

    /// Rights written so far.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether none is written.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds a right.
    ///
    /// # Errors
    /// The right itself, if there is no room.
    pub fn push(&mut self, right: R) -> Result<(), R> {
        if self.len == self.capacity() {
            return Err(right);
        }
        let own = *right.via() == self.via;
        // A right of another port space cannot travel here: it is released where it belongs.
        let name = if own { right.into_raw() } else { PortName::NULL };
        self.foreign |= !own;
        let cell = &mut self.room[self.len * self.cell..][..self.cell];
        let bytes = name.0.to_le_bytes().into_iter().chain(core::iter::repeat(0));
        cell.iter_mut().zip(bytes).for_each(|(place, byte)| *place = MaybeUninit::new(byte));
        self.len += 1;
        Ok(())
    }

    /// Adds null rights until it is full: an array of fixed length is sent whole.
    pub fn pad(&mut self) {
        while self.len < self.capacity() {
            let null = R::null(&self.via);
            if self.push(null).is_err() {
                return;
            }
        }
    }

    /// How many are to be sent, which the reply owns from now on.
    ///
    /// # Errors
    /// `KERN_INVALID_RIGHT` if one of them belongs to another port space.
    pub fn filled(self) -> Result<usize, KernReturn> {
        if self.foreign {
            return Err(KernReturn::INVALID_RIGHT);
        }
        let mut this = core::mem::ManuallyDrop::new(self);
        // SAFETY: `this` is never dropped, so its handle is dropped once, here; the rights are the reply's.
        unsafe { core::ptr::drop_in_place(&mut this.via) };
        Ok(this.len)
    }
}

impl<T: Transport, R: Right<T>> Drop for RightsRoom<'_, T, R> {
    fn drop(&mut self) {
        for cell in self.room.chunks_exact(self.cell).take(self.len) {
            // SAFETY: `push` wrote the first `len` cells whole.
            let name = unsafe { cell.as_ptr().cast::<[u8; 4]>().read() };
            // SAFETY: `push` took the reference out of a right of this kind, and nobody has taken it from here.
            drop(unsafe { R::from_raw(PortName(u32::from_le_bytes(name)), self.via.clone()) });
        }
    }
}

impl<T: Transport, R: Right<T>> fmt::Debug for RightsRoom<'_, T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RightsRoom with {} of {}", self.len, self.capacity())
    }
}
