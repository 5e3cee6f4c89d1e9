//! Untyped messages: OSF Mach and Darwin.
//!
//! A message is a header, descriptors of the rights and the memory that it carries, and then plain data behind an NDR
//! record, which says how the sender writes numbers. Generated code has one statement for each of these, in the order
//! of the message. Nothing but the descriptors describes itself: sizes and counts are the receiver's to check.
//!
//! The two ABIs of the family share these cursors; [`Row`] has their numbers.

mod body;
mod descriptor;
mod each;
mod outgoing;
mod outgoing_memory;
mod outgoing_rights;
mod recovered;
mod reply;
mod request;
mod row;

pub use body::{Bad, Body};
pub use descriptor::{Descriptor, Descriptors, Kind, release};
pub use each::Counts;
pub use reply::ReplyBody;
pub use row::{DarwinIlp32, DarwinLp64, Row};

pub use crate::exchange::{
    Held, HeldAny, HeldData, HeldMemory, HeldPacked, HeldRights, Owned, Recovered, RecoveredItem, Reply, ReplyHead,
    Request, Reserved, Unsent,
};

/// A message of this family being built.
pub type Outgoing<'b, T, W> = crate::exchange::Outgoing<'b, T, W, crate::exchange::Untyped>;

/// Compares how many elements were written with how many the definition says.
///
/// # Errors
/// `MIG_ARRAY_TOO_LARGE` if they differ.
#[inline]
pub fn agree(written: u32, expected: u32) -> Result<(), crate::KernReturn> {
    if written == expected { Ok(()) } else { Err(crate::KernReturn::MIG_ARRAY_TOO_LARGE) }
}
