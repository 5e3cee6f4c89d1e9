//! A received reply.

use core::marker::PhantomData;

use super::row::Row;
use crate::bytes::u32_at;
use crate::error::{Error, Result};
use crate::memory::Plain;
use crate::message::MsgId;
use crate::right::PortName;
use crate::transport::Transport;

/// A received reply, not yet looked at.
#[derive(Debug)]
pub struct Reply<'m, T: Transport, W: Row, F = <W as Row>::Family> {
    pub(crate) message: &'m [u8],
    pub(crate) via: T,
    /// Whether it came on the transport's reply port.
    pub(crate) own: bool,
    family: PhantomData<(W, F)>,
}

impl<'m, T: Transport, W: Row, F> Reply<'m, T, W, F> {
    #[inline(always)]
    pub(super) fn new(message: &'m mut [u8], via: T, own: bool) -> Self {
        Reply { message, via, own, family: PhantomData }
    }
}

/// What a reply with another id than that of the answer is.
#[cold]
pub(crate) fn refused_id<T: Transport, W: Row>(message: &[u8], via: &T, request: MsgId, own: bool) -> Option<Error> {
    let id = MsgId(u32_at(message, W::ID) as i32);
    if id == request.reply() {
        return None;
    }
    if id == MsgId::SEND_ONCE {
        return Some(Error::SERVER_DIED);
    }
    if own {
        // The answer that was waited for may still come, and must not meet the next call.
        via.retire_reply_port(PortName(u32_at(message, W::LOCAL)));
    }
    Some(Error::REPLY_MISMATCH)
}

/// As much as fits.
#[inline(always)]
pub(crate) fn copy_prefix<E: Plain>(from: &[E], to: &mut [E]) -> Result<usize> {
    match to.get_mut(..from.len()) {
        Some(to) => {
            to.copy_from_slice(from);
            Ok(from.len())
        }
        None => {
            to.copy_from_slice(&from[..to.len()]);
            Err(Error::ARRAY_TOO_LARGE)
        }
    }
}
