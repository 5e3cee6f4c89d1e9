//! Virtual memory: an address map for each task, and the objects that its addresses mean.
//!
//! An [`entry`] of a [`map`] says which part of which [`object`] some addresses mean. An object finds its pages in a
//! [`table`], which shares its parts with those of copies until somebody writes. Memory in messages is a [`copy`]: parts
//! of objects without addresses. [`share`] is how more than one map sees the same. [`user_memory`] is the only way to the
//! bytes. Objects may have a memory manager: the [`pager`] module is the kernel's part of that protocol, [`page`] what is
//! known of their pages, [`walk`] how an operation waits for them, and [`pageout`] what happens when there are too
//! many.

pub(crate) mod copy;
pub(crate) mod entry;
pub(crate) mod frame;
pub(crate) mod map;
mod object;
mod page;
mod pageout;
pub(crate) mod pager;
mod share;
mod table;
#[cfg(test)]
mod tests;
mod user_memory;
pub(crate) mod walk;

use std::ops::Range;

use mig_rt::AbiId;

pub(crate) use copy::MapCopy;
pub(crate) use frame::{Frames, PAGE};
pub(crate) use map::{Map, Place};
pub(crate) use object::Object;
pub(crate) use share::MemoryEntry;

/// Where free addresses are looked for first: small numbers that a program takes for addresses should mean nothing.
pub(crate) const FIRST: u64 = 0x10_0000;

/// The addresses of tasks of an ABI: what their machine and their kernel leave to programs. The first page is never
/// among them, so that a null pointer means nothing.
pub(crate) fn bounds(abi: AbiId) -> Range<u64> {
    PAGE..match abi {
        // The kernel has the highest gigabyte.
        AbiId::GnumachI386 => 0xc000_0000,
        AbiId::DarwinIlp32 => 0xffe0_0000,
        _ => (1 << 47) - PAGE,
    }
}

/// The end of the page of a byte.
pub(crate) fn round_up(at: u64) -> Option<u64> {
    at.checked_next_multiple_of(PAGE)
}

/// The page of a byte.
pub(crate) fn truncate(at: u64) -> u64 {
    at & !(PAGE - 1)
}

/// The pages of so many bytes; `None` if they go beyond what 64 bits can say.
pub(crate) fn pages_of(at: u64, size: u64) -> Option<Range<u64>> {
    Some(truncate(at)..round_up(at.checked_add(size)?)?)
}
