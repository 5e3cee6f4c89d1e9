//! A received request.

use core::marker::PhantomData;

use super::body::{Bad, Body};
use super::owned::Owned;
use super::row::Row;
use crate::bytes::{u32_at, u64_at};
use crate::message::{COMPLEX, Complex, MsgId, Shape};
use crate::right::{Disposition, PortName};
use crate::translate::PortIn;
use crate::transport::Transport;

/// A received request: a slice and a handle, passed in registers.
///
/// It has no `Drop`. Before [`end`](Request::end) only generated code runs, and a refusal leaves everything in the
/// message; after it nothing is left in the message.
#[derive(Debug)]
pub struct Request<'m, T: Transport, W: Row> {
    message: &'m [u8],
    via: T,
    abi: PhantomData<W>,
}

impl<'m, T: Transport, W: Row> Request<'m, T, W> {
    /// `None` if the message is shorter than a header.
    #[inline(always)]
    pub(crate) fn new(message: &'m [u8], via: T) -> Option<Self> {
        (message.len() >= W::HEADER).then_some(Request { message, via, abi: PhantomData })
    }

    /// A field of the header, which every request has.
    #[inline(always)]
    fn header(&self, at: usize) -> u32 {
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

    /// Its number among the messages that were received from that port (`msgseqno`).
    #[inline(always)]
    pub fn sequence(&self) -> u32 {
        self.header(W::SEQUENCE)
    }

    /// The port space that received it.
    #[inline(always)]
    pub fn via(&self) -> &T {
        &self.via
    }

    /// The body, if complex bit and size are right.
    ///
    /// # Errors
    /// If they are not.
    #[inline(always)]
    pub fn body(&self, shape: Shape) -> Result<Body<'m, W>, Bad> {
        let complex = self.header(0) & COMPLEX != 0;
        let form = match shape.complex {
            Complex::Never => !complex,
            Complex::Always => complex,
            Complex::Maybe => true,
        };
        if form && shape.fits(self.message.len()) { Ok(Body::new(self.message, W::HEADER)) } else { Err(Bad) }
    }

    /// Passes ownership on: everything was checked, and nothing is left in the message.
    ///
    /// # Errors
    /// If the message does not end where the last item does.
    #[inline(always)]
    pub fn end(self, body: Body<'m, W>) -> Result<Owned<T>, Bad> {
        if body.at == self.message.len() { Ok(Owned(self.via)) } else { Err(Bad) }
    }
}

/// Name and disposition of the reply right of a request, which must be at least a header long.
#[inline(always)]
pub(crate) fn reply_right(message: &[u8]) -> (PortName, Disposition) {
    (PortName(u32_at(message, 8)), Disposition(u32_at(message, 0) as u8))
}
