//! From what a message holds to what Rust owns.

use super::outgoing::Outgoing;
use super::row::Row;
use crate::bytes::u32_at;
use crate::element::{Elements, Layout};
use crate::memory::{Address, Memory, Plain};
use crate::region::{Data, Region};
use crate::right::{AnyRight, Disposition, PortName, ReceiveRight, Right, RightKind, SendOnceRight, SendRight};
use crate::rights::{NAME, Rights};
use crate::transport::Transport;

/// A right that is still its message's.
#[derive(Debug)]
#[must_use = "its right is lost unless `Owned` takes it over"]
pub struct Held(pub(crate) PortName);

/// A right of some kind, or a number, that is still its message's.
#[derive(Debug)]
#[must_use = "its right is lost unless `Owned` takes it over"]
pub struct HeldAny(pub(crate) PortName, pub(crate) Disposition);

/// Out-of-line memory that is still its message's.
#[derive(Debug)]
#[must_use = "its memory is lost unless `Owned` takes it over"]
pub struct HeldMemory(pub(crate) Address, pub(crate) usize);

/// An indefinite array of which the memory, if it is out of line, is still its message's.
#[derive(Debug)]
#[must_use = "its memory is lost unless `Owned` takes it over"]
pub enum HeldData<'m, E> {
    /// In line.
    Inline(&'m [E]),
    /// Out of line.
    Memory(HeldMemory),
}

/// An indefinite array of elements that are no plain ones, of which the memory is still its message's.
#[derive(Debug)]
#[must_use = "its memory is lost unless `Owned` takes it over"]
pub enum HeldPacked<'m, E> {
    /// In line.
    Inline(Elements<'m, E>),
    /// Out of line.
    Memory(HeldMemory, Layout<E>),
}

/// An array of rights that are still their message's.
#[derive(Debug)]
#[must_use = "its rights are lost unless `Owned` takes them over"]
pub enum HeldRights<'m> {
    /// In line: cells of so many bytes.
    Inline(&'m [u8], usize),
    /// Out of line: names in memory.
    Memory(HeldMemory),
}

/// Proof that a message passed every check, and owns nothing any more: what it held is here to be taken.
#[derive(Debug)]
pub struct Owned<T: Transport>(pub(crate) T);

impl<T: Transport> Owned<T> {
    #[inline(always)]
    fn right<R: Right<T>>(&self, held: Held) -> R {
        // SAFETY: `held` was read from an item whose type word says this kind, and is used up here.
        unsafe { R::from_raw(held.0, self.0.clone()) }
    }

    /// A send right.
    #[inline(always)]
    pub fn send(&self, held: Held) -> SendRight<T> {
        self.right(held)
    }

    /// A send-once right.
    #[inline(always)]
    pub fn send_once(&self, held: Held) -> SendOnceRight<T> {
        self.right(held)
    }

    /// A receive right.
    #[inline(always)]
    pub fn receive(&self, held: Held) -> ReceiveRight<T> {
        self.right(held)
    }

    /// A right of the kind that the message said.
    #[inline(always)]
    pub fn any(&self, held: HeldAny) -> AnyRight<T> {
        // SAFETY: `held` has the kind of its type word, and is used up here.
        unsafe { AnyRight::from_raw(held.0, held.1, self.0.clone()) }
    }

    #[inline(always)]
    fn memory(&self, held: HeldMemory) -> T::Memory {
        // SAFETY: `held` was read from one item of a message that a kernel delivered, and is used up here.
        unsafe { self.0.adopt(held.0, held.1) }
    }

    /// A region.
    #[inline(always)]
    pub fn region<E: Plain>(&self, held: HeldMemory) -> Region<T, E> {
        Region::from_memory(self.memory(held))
    }

    /// An indefinite array.
    #[inline(always)]
    pub fn data<'m, E: Plain>(&self, held: HeldData<'m, E>) -> Data<'m, T, E> {
        match held {
            HeldData::Inline(it) => Data::Inline(it),
            HeldData::Memory(it) => Data::Region(self.region(it)),
        }
    }

    /// A region of elements that are no plain ones.
    pub fn packed_region<E>(&self, held: HeldMemory, layout: Layout<E>) -> Region<T, E> {
        Region::received(self.memory(held), layout)
    }

    /// An indefinite array of elements that are no plain ones.
    pub fn packed_data<'m, E>(&self, held: HeldPacked<'m, E>) -> Data<'m, T, E> {
        match held {
            HeldPacked::Inline(it) => Data::Packed(it),
            HeldPacked::Memory(it, layout) => Data::Region(self.packed_region(it, layout)),
        }
    }

    /// The port space.
    #[inline(always)]
    pub fn via(&self) -> &T {
        &self.0
    }

    /// An array of rights.
    #[inline]
    pub fn rights<'m, R: Right<T>>(&self, held: HeldRights<'m>) -> Rights<'m, T, R> {
        match held {
            // SAFETY: the cells were read from an item whose type word says this kind, and are used up here.
            HeldRights::Inline(bytes, cell) => unsafe { Rights::inline(bytes, cell, self.0.clone()) },
            HeldRights::Memory(it) => self.rights_region(it),
        }
    }

    /// An array of rights out of line.
    #[inline]
    pub fn rights_region<R: Right<T>>(&self, held: HeldMemory) -> Rights<'static, T, R> {
        // SAFETY: the memory is that of an item whose type word says this kind; the kernel wrote the names.
        unsafe { Rights::memory(self.memory(held), self.0.clone()) }
    }
}

/// The rights and regions of a request that came back, in the order of the message. What is not taken is released.
#[derive(Debug)]
pub struct Recovered<'b, T: Transport, W: Row, F = <W as Row>::Family> {
    message: Option<Outgoing<'b, T, W, F>>,
    at: usize,
    cell: usize,
}

/// One of [`Recovered`].
#[derive(Debug)]
pub enum RecoveredItem<T: Transport> {
    /// A right.
    Right(AnyRight<T>),
    /// Memory.
    Memory(Region<T, u8>),
}

impl<'b, T: Transport, W: Row, F> Recovered<'b, T, W, F> {
    pub(crate) fn new(message: Option<Outgoing<'b, T, W, F>>) -> Self {
        Recovered { message, at: W::HEADER, cell: 0 }
    }
}

impl<T: Transport, W: Row, F> Iterator for Recovered<'_, T, W, F> {
    type Item = RecoveredItem<T>;

    fn next(&mut self) -> Option<RecoveredItem<T>> {
        let message = self.message.as_mut()?;
        let via = message.via.clone();
        W::take_next(message.written_mut(), &mut self.at, &mut self.cell, &via)
    }
}

/// Frees out-of-line memory, and the rights whose names it holds.
///
/// # Safety
/// As [`Transport::adopt`].
pub(crate) unsafe fn drop_memory<T: Transport>(at: Address, size: usize, disposition: Disposition, via: &T) {
    // SAFETY: the caller's contract is the same.
    let memory = unsafe { via.adopt(at, size) };
    if let (Some(kind), Ok(names)) = (disposition.owned(), memory.bytes()) {
        names.chunks_exact(NAME).for_each(|it| release_name(PortName(u32_at(it, 0)), kind, via));
    }
}

/// Gives back a right that a message held.
pub(crate) fn release_name<T: Transport>(name: PortName, kind: RightKind, via: &T) {
    if name.is_valid() {
        via.release(name, kind);
    }
}
