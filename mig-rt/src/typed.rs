//! Typed messages: CMU Mach 3.0 and GNU Mach.
//!
//! A message is a header and items. Each item is a type word (what, how many, in line or not), the data, and padding.
//! Generated code has one statement for each item, in the order of the message, and the type word is its first
//! argument, because the number of a variable array lives in it.
//!
//! The three ABIs of the family share these cursors; [`Row`] has their numbers.
//!
//! Who owns what: *a right is in exactly one of a Rust value, a message, a port space.* [`Outgoing`] and a client's
//! [`ReplyBody`] release what they still hold. A [`Request`] has no `Drop`: [`Served`](crate::serve::Served) says who
//! owns, and before [`Request::end`] no foreign code runs.

mod body;
mod exchange;
mod items;
mod outgoing;
mod outgoing_memory;
mod outgoing_rights;
mod owned;
mod reply;
mod request;
mod row;
mod send;

pub use body::{Bad, Body};
pub(crate) use exchange::{ReplyBuffer, drop_message, drop_unsent};
pub use exchange::{ReplyHead, Reserved};
pub use items::{Item, Items, release};
pub use outgoing::Outgoing;
pub use owned::{Held, HeldAny, HeldData, HeldMemory, HeldPacked, HeldRights, Owned, Recovered, RecoveredItem};
pub use reply::{Reply, ReplyBody};
pub use request::Request;
pub(crate) use request::reply_right;
pub use row::{GnumachI386, GnumachX8664, GnumachX8664v2022, Row, Ty};
pub use send::Unsent;
