//! What both families of messages share: whose the rights and the memory of a message are, and how it is sent,
//! received and answered.
//!
//! The families differ in how items are written and read. A cursor has its family as its last parameter, which its ABI
//! decides, and so each family adds its own methods to the same cursors.
//!
//! Who owns what: *a right is in exactly one of a Rust value, a message, a port space.* [`Outgoing`] and a client's
//! body of a reply release what they still hold. A [`Request`] has no `Drop`: [`Served`](crate::serve::Served) says who
//! owns, and before `end` no foreign code runs.

mod answering;
mod outgoing;
mod owned;
mod reply;
mod request;
mod row;
mod send;

pub(crate) use answering::{ReplyBuffer, drop_message, drop_unsent};
pub use answering::{ReplyHead, Reserved};
pub use outgoing::Outgoing;
pub(crate) use outgoing::until_nul;
pub use owned::{Held, HeldAny, HeldData, HeldMemory, HeldPacked, HeldRights, Owned, Recovered, RecoveredItem};
pub(crate) use owned::{drop_memory, release_name};
pub use reply::Reply;
pub(crate) use reply::{copy_prefix, refused_id};
pub use request::Request;
pub(crate) use request::reply_right;
pub use row::{Row, Typed, Untyped};
pub(crate) use row::{by_row, round, sealed};
pub use send::Unsent;
