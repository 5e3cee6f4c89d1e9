//! What a message carries, in either family: how kernels and in-memory transports take messages apart.
//!
//! Everything here believes the bytes it is given as little as a kernel does: what does not fit into a message is not
//! yielded, and a walk says whether it came to the end.

use std::vec::Vec;

pub use crate::bytes::u32_at;
use crate::error::MsgReturn;
use crate::exchange::Row;
use crate::memory::Address;
pub use crate::message::COMPLEX;
use crate::right::{Disposition, PortName};
use crate::trailer::{MAX_TRAILER, TrailerElements};
use crate::typed::{self, GnumachI386, GnumachX8664, GnumachX8664v2022};
use crate::untyped::{self, DarwinIlp32, DarwinLp64};

/// What the kernel says of a sender, in trailers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sender {
    /// User and group.
    pub security: [u32; 2],
    /// The words of the audit token.
    pub audit: [u32; 8],
    /// Of the port that the message was received from.
    pub context: u64,
}

/// An ABI whose messages can be taken in and delivered. Sealed, as rows are.
pub trait Carries: Row {
    /// Rights in the message, or memory: an item or a descriptor.
    type Item: core::fmt::Debug;

    /// Those of a message, and whether it is whole.
    fn items(message: &[u8]) -> (Vec<Self::Item>, bool);
    /// Whether a kernel takes an item that says this of itself.
    fn is_legal(item: &Self::Item, message: &[u8]) -> bool;
    /// How its rights travel; none if it is no right.
    fn disposition(item: &Self::Item, message: &[u8]) -> Disposition;
    /// Where the names of its rights stand in the message.
    fn places(item: &Self::Item) -> Vec<usize>;
    /// Address and size of its memory, and whether that is the message's own.
    fn memory(item: &Self::Item, message: &[u8]) -> Option<(Address, usize, bool)>;
    /// What a kernel says of a message whose items do not fit into it.
    fn misfit(message: &[u8]) -> MsgReturn;
    /// Makes its memory empty.
    fn empty(item: &Self::Item, message: &mut [u8]);
    /// Where the address of its memory stands.
    fn address_place(item: &Self::Item) -> usize;
    /// Puts another address in.
    fn write_address(item: &Self::Item, message: &mut [u8], at: Address);
    /// Makes it what a kernel delivers.
    fn deliver(item: &Self::Item, message: &mut [u8]);
    /// Makes the message own nothing from this one of its items on.
    fn cut(message: &mut Vec<u8>, item: &Self::Item, index: usize);
    /// Says which number the message has for its receiver, and who sent it.
    fn stamp(message: &mut Vec<u8>, number: u32, sender: &Sender);
    /// Cuts what was said down to what the receiver asked for.
    fn fit_trailer(message: &mut Vec<u8>, elements: TrailerElements);
}

macro_rules! typed {
    ($($row:ident)*) => { $(
        impl Carries for $row {
            type Item = typed::Item;

            fn items(message: &[u8]) -> (Vec<typed::Item>, bool) {
                let mut items = typed::Items::<$row>::new(message);
                let found = if is_complex(message) { items.by_ref().collect() } else { Vec::new() };
                (found, !is_complex(message) || items.position() == message.len())
            }

            fn is_legal(item: &typed::Item, _: &[u8]) -> bool {
                item.is_legal::<$row>()
            }

            fn disposition(item: &typed::Item, _: &[u8]) -> Disposition {
                item.disposition::<$row>()
            }

            fn places(item: &typed::Item) -> Vec<usize> {
                let holds = item.is_inline::<$row>() && item.disposition::<$row>().is_port();
                if holds { item.name_places::<$row>().collect() } else { Vec::new() }
            }

            fn memory(item: &typed::Item, message: &[u8]) -> Option<(Address, usize, bool)> {
                let memory = || (item.address::<$row>(message), item.size::<$row>(), item.deallocates::<$row>());
                (!item.is_inline::<$row>()).then(memory)
            }

            fn misfit(_: &[u8]) -> MsgReturn {
                MsgReturn::SEND_MSG_TOO_SMALL
            }

            fn empty(item: &typed::Item, message: &mut [u8]) {
                item.empty::<$row>(message);
            }

            fn address_place(item: &typed::Item) -> usize {
                item.data.start
            }

            fn write_address(item: &typed::Item, message: &mut [u8], at: Address) {
                item.write_address::<$row>(message, at);
            }

            fn deliver(item: &typed::Item, message: &mut [u8]) {
                item.rewrite::<$row>(message, item.disposition::<$row>().received(), true);
            }

            fn cut(message: &mut Vec<u8>, item: &typed::Item, _: usize) {
                message.truncate(item.at);
            }

            fn stamp(message: &mut Vec<u8>, number: u32, _: &Sender) {
                put(message, <$row as Row>::SEQUENCE, number);
            }

            fn fit_trailer(_: &mut Vec<u8>, _: TrailerElements) {}
        }
    )* };
}
typed! { GnumachI386 GnumachX8664 GnumachX8664v2022 }

macro_rules! untyped {
    ($($row:ident)*) => { $(
        impl Carries for $row {
            type Item = untyped::Descriptor;

            fn items(message: &[u8]) -> (Vec<untyped::Descriptor>, bool) {
                let mut descriptors = untyped::Descriptors::<$row>::new(message);
                let found = descriptors.by_ref().collect();
                let counted = !is_complex(message) || message.len() >= descriptors.position();
                (found, counted && descriptors.left() == 0)
            }

            fn is_legal(item: &untyped::Descriptor, message: &[u8]) -> bool {
                item.is_legal(message)
            }

            fn disposition(item: &untyped::Descriptor, message: &[u8]) -> Disposition {
                item.disposition(message)
            }

            fn places(item: &untyped::Descriptor) -> Vec<usize> {
                if item.is_memory() { Vec::new() } else { Vec::from([item.name_at::<$row>()]) }
            }

            fn memory(item: &untyped::Descriptor, message: &[u8]) -> Option<(Address, usize, bool)> {
                let memory = || (item.address::<$row>(message), item.size::<$row>(message), item.deallocates(message));
                item.is_memory().then(memory)
            }

            fn misfit(message: &[u8]) -> MsgReturn {
                let mut walk = untyped::Descriptors::<$row>::new(message);
                walk.by_ref().for_each(drop);
                // The byte that says what a descriptor describes is there, so it is one that nobody knows.
                let unknown = message.get(walk.position() + 11).is_some_and(|it| *it > untyped::Kind::Guarded.byte());
                if unknown { MsgReturn::SEND_INVALID_TYPE } else { MsgReturn::SEND_MSG_TOO_SMALL }
            }

            fn empty(item: &untyped::Descriptor, message: &mut [u8]) {
                item.empty::<$row>(message);
            }

            fn address_place(item: &untyped::Descriptor) -> usize {
                item.at
            }

            fn write_address(item: &untyped::Descriptor, message: &mut [u8], at: Address) {
                item.write_address::<$row>(message, at);
            }

            fn deliver(item: &untyped::Descriptor, message: &mut [u8]) {
                item.rewrite(message);
            }

            fn cut(message: &mut Vec<u8>, _: &untyped::Descriptor, index: usize) {
                put(message, <$row as Row>::HEADER, index as u32);
            }

            fn stamp(message: &mut Vec<u8>, number: u32, sender: &Sender) {
                append_trailer(message, number, sender);
            }

            fn fit_trailer(message: &mut Vec<u8>, elements: TrailerElements) {
                cut_trailer(message, elements);
            }
        }
    )* };
}
untyped! { DarwinLp64 DarwinIlp32 }

/// Whether the header says that the body carries rights or memory.
pub fn is_complex(message: &[u8]) -> bool {
    message.len() >= 4 && u32_at(message, 0) & COMPLEX != 0
}

/// A trailer with every element.
fn append_trailer(message: &mut Vec<u8>, number: u32, sender: &Sender) {
    message.resize(message.len().next_multiple_of(4), 0);
    let context = [sender.context as u32, (sender.context >> 32) as u32];
    let head = [0, MAX_TRAILER as u32, number];
    // Behind these, what access control says: nothing here.
    let words = head.iter().chain(&sender.security).chain(&sender.audit).chain(&context).chain(&[0, 0]);
    message.extend(words.flat_map(|it| it.to_le_bytes()));
}

/// The trailer begins behind what the header says, as far as that is there.
fn cut_trailer(message: &mut Vec<u8>, elements: TrailerElements) {
    let at = message.get(4..8).map_or(0, |it| u32_at(it, 0) as usize).next_multiple_of(4);
    let size = elements.size();
    if at.saturating_add(MAX_TRAILER) != message.len() {
        // A tap has changed what the header says: nobody can tell where the message ends.
        return;
    }
    message.truncate(at + size);
    let said = u32_at(message, at + 4);
    put(message, at + 4, said.min(size as u32));
}

/// The names in memory that holds an array of rights.
pub fn names(bytes: &[u8]) -> impl Iterator<Item = PortName> {
    bytes.chunks_exact(crate::rights::NAME).map(|it| PortName(u32_at(it, 0)))
}

/// Puts a number into a message.
///
/// # Panics
/// If the message is not that long.
pub fn put(message: &mut [u8], at: usize, number: u32) {
    message[at..at + 4].copy_from_slice(&number.to_le_bytes());
}
