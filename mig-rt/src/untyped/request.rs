//! Reading a request.

use super::body::{Bad, Body};
use super::row::{COUNT, Row};
use crate::bytes::u32_at;
use crate::error::KernReturn;
use crate::exchange::{Owned, Request, Untyped};
use crate::message::{COMPLEX, Shape};
use crate::transport::Transport;

impl<'m, T: Transport, W: Row> Request<'m, T, W, Untyped> {
    /// The body, if complex bit, number of descriptors and size are right.
    ///
    /// # Errors
    /// `MIG_BAD_ARGUMENTS` if they are not.
    #[inline(always)]
    pub fn body(&self, shape: Shape) -> Result<Body<'m, W>, Bad> {
        let size = self.header(4) as usize;
        let message = self.message.get(..size).ok_or(Bad::ARGUMENTS)?;
        let complex = self.header(0) & COMPLEX != 0;
        if complex != (shape.descriptors > 0) || !shape.fits(size) || size > shape.max as usize {
            return Err(Bad::ARGUMENTS);
        }
        // A shape with descriptors is long enough to have their number.
        if shape.descriptors > 0 && (size < COUNT + 4 || u32_at(message, COUNT) != shape.descriptors) {
            return Err(Bad::ARGUMENTS);
        }
        let at = if shape.descriptors > 0 { COUNT + 4 } else { COUNT };
        Ok(Body::new(message, at, self.message))
    }

    /// The code that stands in place of a request (`RetCode`), and a body with nothing but a trailer: a message of the
    /// form of an error reply.
    #[inline]
    pub fn code(&self) -> Option<(KernReturn, Body<'m, W>)> {
        let bare = self.header(0) & COMPLEX == 0 && self.header(4) as usize == W::BARE;
        let message = self.message.get(..W::BARE).filter(|_| bare)?;
        let code = KernReturn::new(u32_at(message, W::CODE) as i32)?;
        Some((code, Body::new(message, W::BARE, self.message)))
    }

    /// Passes ownership on: everything was checked, and nothing is left in the message.
    ///
    /// # Errors
    /// If the message does not end where the last field does, or a check failed that other checks come before.
    #[inline(always)]
    pub fn end(self, body: Body<'m, W>) -> Result<Owned<T>, Bad> {
        body.complete()?;
        Ok(Owned(self.via))
    }
}
