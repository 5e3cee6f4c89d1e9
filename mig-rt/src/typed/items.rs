//! The one walk over what a message holds.

use core::marker::PhantomData;
use core::ops::Range;

use super::row::{Row, Ty};
use crate::bytes::{u32_at, u64_at};
use crate::exchange::{drop_memory, release_name, round};
use crate::memory::Address;
use crate::message::COMPLEX;
use crate::right::{Disposition, PortName};
use crate::transport::Transport;

/// One item of a body, as its type word describes it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Item {
    /// Where its type word stands in the message.
    pub at: usize,
    /// The type word.
    pub ty: Ty,
    /// Where its data or its address stand, padding not included.
    pub data: Range<usize>,
}

impl Item {
    /// How the ports of this item travel; not a port if the item holds something else.
    pub fn disposition<W: Row>(&self) -> Disposition {
        self.ty.disposition::<W>()
    }

    /// Whether a kernel takes such an item: ports have the size of a port, and nothing in line is deallocated.
    pub fn is_legal<W: Row>(&self) -> bool {
        self.ty.is_legal::<W>()
    }

    /// Whether the data are in the message.
    pub fn is_inline<W: Row>(&self) -> bool {
        self.ty.is_inline::<W>()
    }

    /// Whether out-of-line memory is the message's own.
    pub fn deallocates<W: Row>(&self) -> bool {
        self.ty.deallocates::<W>()
    }

    /// Bytes of the data, in line or not.
    pub fn size<W: Row>(&self) -> usize {
        data_size::<W>(self.ty)
    }

    /// Address of an out-of-line item. `message` is the one that was walked.
    pub fn address<W: Row>(&self, message: &[u8]) -> Address {
        Address(if W::ADDRESS == 8 {
            u64_at(message, self.data.start)
        } else {
            u32_at(message, self.data.start).into()
        })
    }

    /// Puts another address into an out-of-line item.
    pub fn write_address<W: Row>(&self, message: &mut [u8], at: Address) {
        message[self.data.clone()].copy_from_slice(&at.0.to_le_bytes()[..W::ADDRESS]);
    }

    /// The names of an in-line item of ports. `message` is the one that was walked.
    pub fn names<W: Row>(&self, message: &[u8]) -> impl Iterator<Item = PortName> {
        message[self.data.clone()].chunks_exact(W::CELL).map(|it| PortName(u32_at(it, 0)))
    }

    /// Where the names of an in-line item of ports stand.
    pub fn name_places<W: Row>(&self) -> impl Iterator<Item = usize> + use<W> {
        let cells = self.data.len() / W::CELL;
        (self.data.start..).step_by(W::CELL).take(cells)
    }

    /// Makes an out-of-line item empty: its memory is somebody else's now.
    pub fn empty<W: Row>(&self, message: &mut [u8]) {
        self.write_ty::<W>(message, self.ty.with_number::<W>(0));
        message[self.data.clone()].fill(0);
    }

    /// Writes another type word in place of this one, as a kernel does on delivery.
    pub fn rewrite<W: Row>(&self, message: &mut [u8], disposition: Disposition, deallocate: bool) {
        let mut ty = if self.is_inline::<W>() { self.ty } else { self.ty.out_of_line::<W>(deallocate) };
        if self.is_inline::<W>() {
            ty = ty.kept::<W>();
        }
        if self.disposition::<W>().is_port() {
            ty = ty.with_name::<W>(disposition.0.into());
        }
        self.write_ty::<W>(message, ty);
    }

    fn write_ty<W: Row>(&self, message: &mut [u8], ty: Ty) {
        let word = ty.word().to_le_bytes();
        message[self.at..][..W::WORD].copy_from_slice(&word[..W::WORD]);
        if ty.is_three_words::<W>() {
            message[self.at + 4..][..8].copy_from_slice(&ty.rest().to_le_bytes());
        }
    }
}

/// Bytes that a type word describes: in 64 bits, so that no number wraps, and never more than an address space has.
#[inline(always)]
pub(super) fn data_size<W: Row>(ty: Ty) -> usize {
    let bits = u64::from(ty.number::<W>()) * u64::from(ty.bits::<W>());
    usize::try_from(bits.div_ceil(8)).unwrap_or(usize::MAX)
}

/// The items of a message, up to the first that does not fit into it.
#[derive(Clone, Debug)]
pub struct Items<'m, W> {
    message: &'m [u8],
    at: usize,
    abi: PhantomData<W>,
}

impl<'m, W: Row> Items<'m, W> {
    /// Walks a message of this ABI, header included. Without the complex bit its items own nothing.
    pub fn new(message: &'m [u8]) -> Items<'m, W> {
        Items { message, at: W::HEADER, abi: PhantomData }
    }

    /// Walks on from where an earlier walk stopped.
    pub(super) fn from(message: &'m [u8], at: usize) -> Items<'m, W> {
        Items { message, at, abi: PhantomData }
    }

    /// Where the next item starts. After the last one: the end of the message, if it is well formed.
    pub fn position(&self) -> usize {
        self.at
    }
}

impl<W: Row> Iterator for Items<'_, W> {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        let ty = Ty::read::<W>(self.message.get(self.at..)?)?;
        let start = self.at + ty.size::<W>();
        let size = if ty.is_inline::<W>() { data_size::<W>(ty) } else { W::ADDRESS };
        let end = start.checked_add(size).filter(|it| *it <= self.message.len())?;
        let item = Item { at: self.at, ty, data: start..end };
        self.at = round::<W>(end);
        Some(item)
    }
}

/// Releases everything the body of a received message owns. Nothing, if it is not complex.
#[cold]
#[inline(never)]
pub fn release<T: Transport, W: Row>(message: &[u8], via: T) {
    if message.len() < W::HEADER || u32_at(message, 0) & COMPLEX == 0 {
        return;
    }
    for item in Items::<W>::new(message) {
        drop_item::<T, W>(&item, message, &via);
    }
}

/// Releases what the body of a message owns that was built here and not sent, and ends its loans.
#[cold]
#[inline(never)]
pub(super) fn abandon<T: Transport, W: Row>(message: &[u8], via: T) {
    for item in Items::<W>::new(message) {
        if !item.is_inline::<W>() && !item.deallocates::<W>() {
            via.unlend(item.address::<W>(message), item.size::<W>());
        } else {
            drop_item::<T, W>(&item, message, &via);
        }
    }
}

fn drop_item<T: Transport, W: Row>(item: &Item, message: &[u8], via: &T) {
    if item.is_inline::<W>() {
        if let Some(kind) = item.disposition::<W>().owned() {
            item.names::<W>(message).for_each(|it| release_name(it, kind, via));
        }
    } else if item.deallocates::<W>() {
        // SAFETY: the address comes from an item of this message, which is walked once.
        unsafe { drop_memory(item.address::<W>(message), item.size::<W>(), item.disposition::<W>(), via) };
    }
}
