//! Reading a request.

use super::body::{Bad, Body};
use super::row::Row;
use crate::exchange::{Owned, Request, Typed};
use crate::message::{COMPLEX, Complex, Shape};
use crate::transport::Transport;

impl<'m, T: Transport, W: Row> Request<'m, T, W, Typed> {
    /// Its number among the messages that were received from that port (`msgseqno`).
    #[inline(always)]
    pub fn sequence(&self) -> u32 {
        self.header(W::SEQUENCE)
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
