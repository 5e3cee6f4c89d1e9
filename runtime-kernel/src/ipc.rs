//! Ports, rights, names and messages.
//!
//! A [`Port`](port::Port) is a queue with one receiver. Rights to it are values ([`right`]): each is counted while it
//! exists, wherever it is. A [`Space`](space::Space) gives them names. A [`Message`](message::Message) carries them
//! from one space to another, and [`queue`] brings it there.

pub(crate) mod copyin;
pub(crate) mod copyout;
pub(crate) mod guard;
pub(crate) mod message;
pub(crate) mod notify;
pub(crate) mod pool;
pub(crate) mod port;
pub(crate) mod port_calls;
pub(crate) mod queue;
pub(crate) mod rare;
pub(crate) mod right;
pub(crate) mod set;
pub(crate) mod space;
pub(crate) mod space_calls;
pub(crate) mod space_give;
pub(crate) mod space_take;
pub(crate) mod table;
pub(crate) mod transit;
