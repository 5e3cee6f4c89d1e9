//! Reading a reply.

use core::ops::{Deref, DerefMut};

use super::body::Body;
use super::items::release;
use super::row::{Row, Ty};
use crate::bytes::{u32_at, u64_at};
use crate::element::Layout;
use crate::error::{Error, KernReturn, MigError, Result};
use crate::exchange::{Owned, Reply, Typed, copy_prefix, refused_id};
use crate::memory::Plain;
use crate::message::{COMPLEX, Complex, MsgId, Shape};
use crate::transport::Transport;

/// The body of a reply. It releases what the reply holds when a check fails.
#[derive(Debug)]
pub struct ReplyBody<'m, T: Transport, W: Row> {
    body: Body<'m, W>,
    holds: bool,
    via: T,
}

impl<'m, T: Transport, W: Row> Reply<'m, T, W, Typed> {
    /// The body of a successful reply.
    ///
    /// # Errors
    /// `MIG_SERVER_DIED` or `MIG_REPLY_MISMATCH` for another id; the server's code; `MIG_TYPE_ERROR` if complex bit
    /// or size are wrong.
    #[inline(always)]
    pub fn body(self, request: MsgId, shape: Shape) -> Result<ReplyBody<'m, T, W>> {
        if self.is_success(request, shape) {
            let holds = shape.complex != Complex::Never;
            return Ok(ReplyBody { body: Body::new(self.message, W::BARE), holds, via: self.via });
        }
        // Numbers and not the shape, which would be put on the stack on every path.
        let Shape { complex, min, max, .. } = shape;
        Err(refuse::<T, W>(self.message, self.via, (request, self.own), complex, min, max))
    }

    /// The hot path: size, id, complex bit, and the code with its type word.
    #[inline(always)]
    fn is_success(&self, request: MsgId, shape: Shape) -> bool {
        let message = self.message;
        // Every shape is at least a bare reply long, so the fields below are there.
        if !shape.fits(message.len()) || message.len() < W::BARE || u32_at(message, W::ID) != request.reply().0 as u32 {
            return false;
        }
        let complex = u32_at(message, 0) & COMPLEX != 0;
        if shape.complex != Complex::Maybe && complex != (shape.complex == Complex::Always) {
            return false;
        }
        if W::WIDE {
            u64_at(message, W::HEADER) == W::CODE_TYPE.word() && u32_at(message, W::CODE) == 0
        } else {
            // Type word and a code of zero at once.
            u64_at(message, W::HEADER) == W::CODE_TYPE.word()
        }
    }
}

/// Why a reply is no success. It releases what the reply holds.
#[cold]
#[inline(never)]
fn refuse<T: Transport, W: Row>(
    message: &[u8],
    via: T,
    (request, own): (MsgId, bool),
    complex: Complex,
    min: u32,
    max: u32,
) -> Error {
    if message.len() < W::HEADER {
        return Error::TYPE_ERROR;
    }
    release::<T, W>(message, via.clone());
    if let Some(error) = refused_id::<T, W>(message, &via, request, own) {
        return error;
    }
    match code_of_error::<W>(message, Shape::new(complex, min, max)) {
        Some(code) => code.into(),
        None => MigError::TYPE_ERROR.into(),
    }
}

/// The code of an error reply in one of its two forms: the full size with a code, or nothing but a code.
fn code_of_error<W: Row>(message: &[u8], shape: Shape) -> Option<KernReturn> {
    if message.len() < W::BARE {
        return None;
    }
    let complex = u32_at(message, 0) & COMPLEX != 0;
    let (full, bare) = (shape.fits(message.len()), message.len() == W::BARE && !complex);
    let form = match shape.complex {
        Complex::Never => !complex && (full || bare),
        Complex::Always => full && complex || bare,
        Complex::Maybe => full || bare,
    };
    let ty = Ty::read::<W>(&message[W::HEADER..])?;
    if !form || ty != W::CODE_TYPE {
        return None;
    }
    KernReturn::new(u32_at(message, W::CODE) as i32)
}

impl<'m, T: Transport, W: Row> ReplyBody<'m, T, W> {
    /// Passes ownership on: everything was checked, and nothing is left in the message.
    ///
    /// # Errors
    /// `MIG_TYPE_ERROR` if the message does not end where the last item does.
    #[inline(always)]
    pub fn end(mut self) -> Result<Owned<T>> {
        if self.body.at != self.body.message.len() {
            return Err(Error::TYPE_ERROR);
        }
        self.holds = false;
        Ok(Owned(self.via.clone()))
    }

    /// A counted array into the caller's slice; how many elements.
    ///
    /// # Errors
    /// `MIG_TYPE_ERROR` if the item is another. `MIG_ARRAY_TOO_LARGE` if there are more than the slice takes; it is
    /// full then, and the items behind this one are not delivered.
    #[inline(always)]
    pub fn counted_into<E: Plain>(&mut self, ty: Ty, to: &mut [E]) -> Result<usize> {
        let from = self.body.counted::<E>(ty)?;
        copy_prefix(from, to)
    }

    /// A counted array of elements that are no plain ones into the caller's slice; how many elements.
    ///
    /// # Errors
    /// As [`counted_into`](ReplyBody::counted_into).
    pub fn packed_into<E>(&mut self, ty: Ty, layout: Layout<E>, to: &mut [E]) -> Result<usize> {
        let from = self.body.packed(ty, layout)?;
        let there = from.len();
        let count = from.copy_to(to);
        if count < there { Err(Error::ARRAY_TOO_LARGE) } else { Ok(count) }
    }

    /// An array of constant length into the caller's.
    ///
    /// # Errors
    /// `MIG_TYPE_ERROR` if the item is another.
    #[inline(always)]
    pub fn array_into<E: Plain>(&mut self, ty: Ty, to: &mut E) -> Result<()> {
        *to = *self.body.array::<E>(ty)?;
        Ok(())
    }

    /// The text of `c_string[*:n]` into the caller's slice; how many bytes.
    ///
    /// # Errors
    /// As [`counted_into`](ReplyBody::counted_into).
    #[inline(always)]
    pub fn text_into(&mut self, ty: Ty, to: &mut [u8]) -> Result<usize> {
        let from = self.body.text(ty)?;
        copy_prefix(from.bytes(), to)
    }

    /// The text of `c_string[size]` into the caller's slice; how many bytes.
    ///
    /// # Errors
    /// As [`counted_into`](ReplyBody::counted_into).
    #[inline(always)]
    pub fn fixed_text_into(&mut self, ty: Ty, size: usize, to: &mut [u8]) -> Result<usize> {
        let from = self.body.fixed_text(ty, size)?;
        copy_prefix(from.bytes(), to)
    }
}

impl<'m, T: Transport, W: Row> Deref for ReplyBody<'m, T, W> {
    type Target = Body<'m, W>;

    #[inline(always)]
    fn deref(&self) -> &Body<'m, W> {
        &self.body
    }
}

impl<T: Transport, W: Row> DerefMut for ReplyBody<'_, T, W> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.body
    }
}

impl<T: Transport, W: Row> Drop for ReplyBody<'_, T, W> {
    #[inline(always)]
    fn drop(&mut self) {
        if self.holds {
            release::<T, W>(self.body.message, self.via.clone());
        }
    }
}
