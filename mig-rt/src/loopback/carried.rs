//! What a message carries, in either family.

use std::vec::Vec;

use super::message::put;
use crate::bytes::u32_at;
use crate::exchange::Row;
use crate::memory::Address;
use crate::message::COMPLEX;
use crate::right::{Disposition, PortName};
use crate::trailer::{MAX_TRAILER, TrailerElements};
use crate::typed::{self, GnumachI386, GnumachX8664, GnumachX8664v2022};
use crate::untyped::{self, DarwinIlp32, DarwinLp64};

/// What the kernel says of a sender, in trailers.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sender {
    pub(super) security: [u32; 2],
    pub(super) audit: [u32; 8],
    pub(super) context: u64,
}

/// An ABI whose messages are taken in and delivered here.
pub(super) trait Carries: Row {
    /// Rights in the message, or memory: an item or a descriptor.
    type Item;

    /// Those of a message, and whether it is whole.
    fn items(message: &[u8]) -> (Vec<Self::Item>, bool);
    /// How its rights travel; none if it is no right.
    fn disposition(item: &Self::Item, message: &[u8]) -> Disposition;
    /// Where the names of its rights stand in the message.
    fn places(item: &Self::Item) -> Vec<usize>;
    /// Address and size of its memory, and whether that is the message's own.
    fn memory(item: &Self::Item, message: &[u8]) -> Option<(Address, usize, bool)>;
    /// Makes its memory empty.
    fn empty(item: &Self::Item, message: &mut [u8]);
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

            fn empty(item: &typed::Item, message: &mut [u8]) {
                item.empty::<$row>(message);
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

            fn empty(item: &untyped::Descriptor, message: &mut [u8]) {
                item.empty::<$row>(message);
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

fn is_complex(message: &[u8]) -> bool {
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
pub(super) fn names(bytes: &[u8]) -> impl Iterator<Item = PortName> {
    bytes.chunks_exact(crate::rights::NAME).map(|it| PortName(u32_at(it, 0)))
}
