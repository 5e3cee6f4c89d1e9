//! Where the contents of pages are kept.

mod compressed;
mod disk;

use std::io;

use crate::PAGE;

pub use compressed::Compressed;
pub use disk::{Disk, OnDisk};

/// The contents of a page.
pub type Page = [u8; PAGE];

/// A place for a page in a [`Store`], which gives it out and knows what it means.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Slot(pub u64);

/// How much a store can hold, and how much of that is free, in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Space {
    /// Everything.
    pub total: u64,
    /// What nothing is kept in.
    pub free: u64,
}

/// What keeps pages for the pager: a file, memory, or whatever a program has.
///
/// The pager gives each slot back once, and asks for no slot that it has not got.
pub trait Store: Send {
    /// Keeps a page, in the place of an older one if there is one, and says where.
    ///
    /// # Errors
    /// The store is full, or what is behind it fails. The slot of the older page is then still the pager's, and what is
    /// in it may be lost.
    fn write(&mut self, over: Option<Slot>, page: &Page) -> io::Result<Slot>;

    /// Reads a page back.
    ///
    /// # Errors
    /// What is behind the store fails.
    fn read(&mut self, slot: Slot, page: &mut Page) -> io::Result<()>;

    /// Forgets a page.
    fn free(&mut self, slot: Slot);

    /// How much there is room for.
    fn space(&self) -> Space;
}

/// A store has no room for one more page.
fn full() -> io::Error {
    io::ErrorKind::StorageFull.into()
}

/// The pager asks for no such slot; a store need not fall over if somebody else does.
fn unknown() -> io::Error {
    io::ErrorKind::NotFound.into()
}
