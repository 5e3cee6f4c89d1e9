//! Typed messages: CMU Mach 3.0 and GNU Mach.
//!
//! A message is a header and items. Each item is a type word (what, how many, in line or not), the data, and padding.
//! Generated code has one statement for each item, in the order of the message, and the type word is its first
//! argument, because the number of a variable array lives in it.
//!
//! The three ABIs of the family share these cursors; [`Row`] has their numbers.

mod body;
mod items;
mod outgoing;
mod outgoing_memory;
mod outgoing_rights;
mod recovered;
mod reply;
mod request;
mod row;

pub use body::{Bad, Body};
pub use items::{Item, Items, release};
pub use reply::ReplyBody;
pub use row::{GnumachI386, GnumachX8664, GnumachX8664v2022, Row, Ty};

pub use crate::exchange::{
    Held, HeldAny, HeldData, HeldMemory, HeldPacked, HeldRights, Owned, Recovered, RecoveredItem, Reply, ReplyHead,
    Request, Reserved, Unsent,
};

/// A message of this family being built.
pub type Outgoing<'b, T, W> = crate::exchange::Outgoing<'b, T, W, crate::exchange::Typed>;
