//! A received request.

use core::marker::PhantomData;

use super::row::Row;
use crate::bytes::{u32_at, u64_at};
use crate::message::MsgId;
use crate::right::{Disposition, PortName};
use crate::serve::Came;
use crate::translate::PortIn;
use crate::transport::Transport;

/// A received request: a slice and a handle, passed in registers. The slice includes the trailer, if there is one.
///
/// It has no `Drop`. Before `end` only generated code runs, and a refusal leaves everything in the
/// message; after it nothing is left in the message.
#[derive(Debug)]
pub struct Request<'m, T: Transport, W: Row, F = <W as Row>::Family> {
    pub(crate) message: &'m [u8],
    pub(crate) via: T,
    abi: PhantomData<(W, F)>,
}

impl<'m, T: Transport, W: Row, F> Request<'m, T, W, F> {
    /// `None` if the message is shorter than a header.
    #[inline(always)]
    pub(crate) fn new(message: &'m [u8], via: T) -> Option<Self> {
        (message.len() >= W::HEADER).then_some(Request { message, via, abi: PhantomData })
    }

    /// A field of the header, which every request has.
    #[inline(always)]
    pub(crate) fn header(&self, at: usize) -> u32 {
        debug_assert!(at + 4 <= W::HEADER && W::HEADER <= self.message.len());
        // SAFETY: `new` refused messages shorter than the header, and every caller passes a place inside it.
        u32::from_le_bytes(unsafe { self.message.as_ptr().add(at).cast::<[u8; 4]>().read() })
    }

    /// Which routine.
    #[inline(always)]
    pub fn id(&self) -> MsgId {
        MsgId(self.header(W::ID) as i32)
    }

    /// The port it was sent to, as the receiver calls it: a name, no right.
    #[inline(always)]
    pub fn port(&self) -> PortName {
        PortName(self.header(W::LOCAL))
    }

    /// The port it was sent to, for a translation: its protected payload, where it has one.
    #[inline(always)]
    pub fn port_in(&self) -> PortIn<'m, T> {
        if (self.header(0) >> 8) as u8 == Disposition::PROTECTED_PAYLOAD.0 {
            return PortIn::Payload(if W::ADDRESS == 8 {
                u64_at(self.message, W::LOCAL)
            } else {
                self.header(W::LOCAL).into()
            });
        }
        PortIn::Local(self.port())
    }

    /// What kind of right it was sent to.
    #[inline(always)]
    pub fn port_disposition(&self) -> Disposition {
        Disposition((self.header(0) >> 8) as u8)
    }

    /// How it came.
    #[inline(always)]
    pub fn came(&self) -> Came {
        let (port, through) = match self.port_disposition() {
            Disposition::PROTECTED_PAYLOAD => (PortName::NULL, None),
            how => (self.port(), how.owned()),
        };
        Came { id: self.id(), port, through }
    }

    /// The port space that received it.
    #[inline(always)]
    pub fn via(&self) -> &T {
        &self.via
    }
}

/// Name and disposition of the reply right of a request, which must be at least a header long.
#[inline(always)]
pub(crate) fn reply_right(message: &[u8]) -> (PortName, Disposition) {
    (PortName(u32_at(message, 8)), Disposition(u32_at(message, 0) as u8))
}
