//! Descriptors: what a message carries besides data, and the one walk that releases it.

use core::marker::PhantomData;

use super::row::{COUNT, PORT, Row};
use crate::bytes::{u32_at, u64_at};
use crate::exchange::{drop_memory, release_name};
use crate::memory::Address;
use crate::message::COMPLEX;
use crate::right::{Disposition, PortName};
use crate::rights::NAME;
use crate::transport::Transport;

/// What a descriptor describes: the byte at 11 of every descriptor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A right.
    Right,
    /// Memory.
    Memory,
    /// An array of rights in memory.
    Rights,
    /// Memory that its sender may still change.
    Volatile,
    /// A right with a guard.
    Guarded,
}

impl Kind {
    const fn of(byte: u8) -> Option<Kind> {
        Some(match byte {
            0 => Kind::Right,
            1 => Kind::Memory,
            2 => Kind::Rights,
            3 => Kind::Volatile,
            4 => Kind::Guarded,
            _ => return None,
        })
    }

    /// The byte.
    pub const fn byte(self) -> u8 {
        match self {
            Kind::Right => 0,
            Kind::Memory => 1,
            Kind::Rights => 2,
            Kind::Volatile => 3,
            Kind::Guarded => 4,
        }
    }

    /// Bytes of such a descriptor.
    pub const fn size<W: Row>(self) -> usize {
        match self {
            Kind::Right => PORT,
            _ => W::MEMORY,
        }
    }
}

/// One descriptor of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Descriptor {
    /// Where it stands.
    pub at: usize,
    /// What it describes.
    pub kind: Kind,
}

impl Descriptor {
    /// Whether a kernel takes such a descriptor: rights travel in one of the ways there are.
    pub fn is_legal(&self, message: &[u8]) -> bool {
        matches!(self.kind, Kind::Memory | Kind::Volatile) || self.disposition(message).is_port()
    }

    /// How the right travels, or each right of the array.
    pub fn disposition(&self, message: &[u8]) -> Disposition {
        match self.kind {
            Kind::Memory | Kind::Volatile => Disposition::NONE,
            _ => Disposition(message[self.at + 10]),
        }
    }

    /// The name of the right.
    pub fn name<W: Row>(&self, message: &[u8]) -> PortName {
        PortName(u32_at(message, self.name_at::<W>()))
    }

    /// Where the name of the right stands.
    pub fn name_at<W: Row>(&self) -> usize {
        match self.kind {
            // The context of the guard stands first.
            Kind::Guarded => self.at + if W::ADDRESS == 8 { 12 } else { 4 },
            _ => self.at,
        }
    }

    /// Whether it describes memory, of whatever.
    pub fn is_memory(&self) -> bool {
        matches!(self.kind, Kind::Memory | Kind::Rights | Kind::Volatile)
    }

    /// Whether the memory is the message's own.
    pub fn deallocates(&self, message: &[u8]) -> bool {
        message[self.at + 8] != 0
    }

    /// Address of the memory.
    pub fn address<W: Row>(&self, message: &[u8]) -> Address {
        address_at::<W>(message, self.at)
    }

    /// Bytes of the memory.
    pub fn size<W: Row>(&self, message: &[u8]) -> usize {
        let size = u64::from(u32_at(message, self.at + W::SIZE));
        let bytes = if self.kind == Kind::Rights { size * NAME as u64 } else { size };
        usize::try_from(bytes).unwrap_or(usize::MAX)
    }

    /// Makes it describe an empty region: the memory is somebody else's now.
    pub fn empty<W: Row>(&self, message: &mut [u8]) {
        message[self.at..][..W::ADDRESS].fill(0);
        message[self.at + W::SIZE..][..4].fill(0);
    }

    /// Puts another address into it.
    pub fn write_address<W: Row>(&self, message: &mut [u8], at: Address) {
        message[self.at..][..W::ADDRESS].copy_from_slice(&at.0.to_le_bytes()[..W::ADDRESS]);
    }

    /// Makes it what a kernel delivers.
    pub fn rewrite(&self, message: &mut [u8]) {
        if self.kind != Kind::Memory && self.kind != Kind::Volatile {
            message[self.at + 10] = self.disposition(message).received().0;
        } else {
            message[self.at + 10] = 0;
        }
        if self.is_memory() {
            message[self.at + 8] = 1;
        } else if self.kind == Kind::Right {
            message[self.at + 4..self.at + 10].fill(0);
        }
    }
}

#[inline(always)]
pub(super) fn address_at<W: Row>(bytes: &[u8], at: usize) -> Address {
    Address(if W::ADDRESS == 8 { u64_at(bytes, at) } else { u32_at(bytes, at).into() })
}

/// The descriptors of a message, up to the first that does not fit into it.
#[derive(Clone, Debug)]
pub struct Descriptors<'m, W> {
    message: &'m [u8],
    at: usize,
    left: u32,
    abi: PhantomData<W>,
}

impl<'m, W: Row> Descriptors<'m, W> {
    /// Walks a received message, header included; a trailer behind it is not looked at. Without the complex bit there
    /// are none.
    pub fn new(message: &'m [u8]) -> Descriptors<'m, W> {
        let size = message.get(4..8).map_or(0, |it| u32_at(it, 0) as usize);
        Descriptors::of(&message[..size.min(message.len())])
    }

    /// Walks a message whose header does not say how long it is.
    pub(super) fn of(message: &'m [u8]) -> Descriptors<'m, W> {
        let left = match message.get(..COUNT + 4) {
            Some(head) if u32_at(head, 0) & COMPLEX != 0 => u32_at(head, COUNT),
            _ => 0,
        };
        Descriptors { message, at: COUNT + 4, left, abi: PhantomData }
    }

    /// Where the next descriptor starts. After the last one: where the data begin.
    pub fn position(&self) -> usize {
        self.at
    }

    /// How many are still to come; after a walk: how many did not fit into the message.
    pub fn left(&self) -> u32 {
        self.left
    }
}

impl<W: Row> Iterator for Descriptors<'_, W> {
    type Item = Descriptor;

    fn next(&mut self) -> Option<Descriptor> {
        if self.left == 0 {
            return None;
        }
        let at = self.at;
        let kind = Kind::of(*self.message.get(at + 11)?)?;
        let end = at + kind.size::<W>();
        if end > self.message.len() {
            return None;
        }
        self.left -= 1;
        self.at = end;
        Some(Descriptor { at, kind })
    }
}

/// Releases everything the body of a received message owns.
#[cold]
#[inline(never)]
pub fn release<T: Transport, W: Row>(message: &[u8], via: T) {
    for it in Descriptors::<W>::new(message) {
        drop_described::<T, W>(it, message, &via);
    }
}

/// Releases what the body of a message owns that was built here and not sent, and ends its loans.
#[cold]
#[inline(never)]
pub(super) fn abandon<T: Transport, W: Row>(message: &[u8], via: T) {
    // Only complex messages come here, and their bits may not be written yet.
    let mut walk = Descriptors::<W>::of(message);
    walk.left = message.get(COUNT..COUNT + 4).map_or(0, |it| u32_at(it, 0));
    for it in walk {
        if it.is_memory() && !it.deallocates(message) {
            // At address 0 is nothing that was lent.
            if it.address::<W>(message) == Address(0) {
                continue;
            }
            via.unlend(it.address::<W>(message), it.size::<W>(message));
        } else {
            drop_described::<T, W>(it, message, &via);
        }
    }
}

fn drop_described<T: Transport, W: Row>(it: Descriptor, message: &[u8], via: &T) {
    if !it.is_memory() {
        if let Some(kind) = it.disposition(message).owned() {
            release_name(it.name::<W>(message), kind, via);
        }
    } else if it.deallocates(message) {
        // Volatile memory too, which C's `mach_msg_destroy` forgets: whoever received it has it.
        // SAFETY: the address comes from a descriptor of this message, which is walked once.
        unsafe { drop_memory(it.address::<W>(message), it.size::<W>(message), it.disposition(message), via) };
    }
}
