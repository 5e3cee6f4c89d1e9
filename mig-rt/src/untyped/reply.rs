//! Reading a reply.

use core::ops::{Deref, DerefMut};

use super::body::Body;
use super::descriptor::release;
use super::row::{COUNT, Row};
use crate::bytes::u32_at;
use crate::element::Layout;
use crate::error::{Error, KernReturn, Result};
use crate::exchange::{Owned, Reply, Untyped, copy_prefix, refused_id};
use crate::memory::Plain;
use crate::message::{COMPLEX, MsgId, Shape};
use crate::transport::Transport;

/// The body of a reply. It releases what the reply holds when a check fails.
#[derive(Debug)]
pub struct ReplyBody<'m, T: Transport, W: Row> {
    body: Body<'m, W>,
    holds: bool,
    /// An array has more elements than the caller's slice takes, which is said when everything was checked.
    short: bool,
    via: T,
}

impl<'m, T: Transport, W: Row> Reply<'m, T, W, Untyped> {
    /// The body of a successful reply.
    ///
    /// # Errors
    /// `MIG_SERVER_DIED` or `MIG_REPLY_MISMATCH` for another id; the server's code; `MIG_TYPE_ERROR` if complex bit,
    /// number of descriptors or size are wrong.
    #[inline(always)]
    pub fn body(self, request: MsgId, shape: Shape) -> Result<ReplyBody<'m, T, W>> {
        if self.message.len() >= W::HEADER {
            W::drop_unasked(self.message, &self.via);
        }
        if let Some(message) = self.success(request, shape) {
            let holds = shape.descriptors > 0;
            let at = if holds { COUNT + 4 } else { W::BARE };
            let body = Body::new(message, at, self.message);
            return Ok(ReplyBody { body, holds, short: false, via: self.via });
        }
        // Numbers and not the shape, which would be put on the stack on every path.
        let Shape { descriptors, min, max, .. } = shape;
        Err(refuse::<T, W>(self.message, self.via, (request, self.own), descriptors, min, max))
    }

    /// The hot path: the message, if size, id, complex bit and code are right.
    #[inline(always)]
    fn success(&self, request: MsgId, shape: Shape) -> Option<&'m [u8]> {
        let head = self.message.get(..W::HEADER)?;
        let message = self.message.get(..u32_at(head, 4) as usize)?;
        let bits = u32_at(head, 0);
        let form = shape.fits(message.len()) && message.len() <= shape.max as usize && message.len() >= COUNT + 4;
        let is_answer = u32_at(head, W::ID) == request.reply().0 as u32 && u32_at(head, 8) == 0;
        if !form || !is_answer || (bits & COMPLEX != 0) != (shape.descriptors > 0) {
            return None;
        }
        let right = match shape.descriptors {
            0 => message.len() >= W::BARE && u32_at(message, W::CODE) == 0,
            count => u32_at(message, COUNT) == count,
        };
        right.then_some(message)
    }
}

/// Why a reply is no success. It releases what the reply holds.
#[cold]
#[inline(never)]
fn refuse<T: Transport, W: Row>(
    received: &[u8],
    via: T,
    (request, own): (MsgId, bool),
    descriptors: u32,
    min: u32,
    max: u32,
) -> Error {
    if received.len() < W::HEADER {
        return Error::TYPE_ERROR;
    }
    release::<T, W>(received, via.clone());
    if let Some(error) = refused_id::<T, W>(received, &via, request, own) {
        return error;
    }
    match code_of_error::<W>(received, descriptors, min, max) {
        Some(code) => code.into(),
        None => Error::TYPE_ERROR,
    }
}

/// The code of an error reply in one of its two forms: the full size with a code, which a complex reply has no place
/// for, or nothing but a code.
fn code_of_error<W: Row>(received: &[u8], descriptors: u32, min: u32, max: u32) -> Option<KernReturn> {
    let size = u32_at(received, 4);
    let simple = u32_at(received, 0) & COMPLEX == 0 && received.len() >= W::BARE;
    let full = descriptors == 0 && (min..=max).contains(&size);
    if !simple || !full && size as usize != W::BARE || u32_at(received, 8) != 0 {
        return None;
    }
    KernReturn::new(u32_at(received, W::CODE) as i32)
}

impl<T: Transport, W: Row> ReplyBody<'_, T, W> {
    /// Passes ownership on: everything was checked, and nothing is left in the message.
    ///
    /// # Errors
    /// `MIG_TYPE_ERROR` if the message does not end where the last field does, or a count is wrong.
    /// `MIG_ARRAY_TOO_LARGE` if an array had more elements than the caller's slice took.
    #[inline(always)]
    pub fn end(mut self) -> Result<Owned<T>> {
        self.body.complete()?;
        if self.short {
            return Err(Error::ARRAY_TOO_LARGE);
        }
        self.holds = false;
        Ok(Owned(self.via.clone()))
    }

    #[inline(always)]
    fn prefix<E: Plain>(&mut self, from: &[E], to: &mut [E]) -> usize {
        match copy_prefix(from, to) {
            Ok(count) => count,
            Err(_) => {
                self.short = true;
                // What it counts besides must still be read as it stands.
                from.len()
            }
        }
    }

    /// A counted array of up to `max` elements into the caller's slice; how many elements.
    ///
    /// # Errors
    /// `MIG_TYPE_ERROR` if there are more than `max`, or the message ends before. Those that the slice does not take are
    /// reported by [`end`](ReplyBody::end); it is full then.
    #[inline(always)]
    pub fn counted_into<E: Plain>(&mut self, max: usize, to: &mut [E]) -> Result<usize> {
        let from = self.body.counted::<E>(max)?;
        Ok(self.prefix(from, to))
    }

    /// An array of `count` elements, at most `max`, into the caller's slice (`SameCount`); how many elements.
    ///
    /// # Errors
    /// As [`counted_into`](ReplyBody::counted_into).
    #[inline(always)]
    pub fn same_into<E: Plain>(&mut self, count: usize, max: usize, to: &mut [E]) -> Result<usize> {
        let from = self.body.same::<E>(count, max)?;
        Ok(self.prefix(from, to))
    }

    /// A counted array of up to `max` elements that are no plain ones into the caller's slice; how many elements.
    ///
    /// # Errors
    /// As [`counted_into`](ReplyBody::counted_into).
    pub fn packed_into<E>(&mut self, layout: Layout<E>, max: usize, to: &mut [E]) -> Result<usize> {
        let from = self.body.packed(layout, max)?;
        let there = from.len();
        self.short |= from.copy_to(to) < there;
        Ok(there)
    }

    /// As [`packed_into`](ReplyBody::packed_into) for an array of `count` elements (`SameCount`).
    ///
    /// # Errors
    /// As [`counted_into`](ReplyBody::counted_into).
    pub fn same_packed_into<E>(&mut self, layout: Layout<E>, count: usize, max: usize, to: &mut [E]) -> Result<usize> {
        let from = self.body.same_packed(layout, count, max)?;
        self.short |= from.copy_to(to) < count;
        Ok(count)
    }

    /// An array of constant length into the caller's.
    ///
    /// # Errors
    /// `MIG_TYPE_ERROR` if the message ends before.
    #[inline(always)]
    pub fn array_into<E: Plain>(&mut self, to: &mut E) -> Result<()> {
        *to = *self.body.array::<E>()?;
        Ok(())
    }

    /// The text of `c_string[*:max]` into the caller's slice; how many bytes.
    ///
    /// # Errors
    /// As [`counted_into`](ReplyBody::counted_into).
    #[inline(always)]
    pub fn text_into(&mut self, max: usize, to: &mut [u8]) -> Result<usize> {
        let from = self.body.loose_text(max)?;
        Ok(self.prefix(from.bytes(), to))
    }

    /// The text of `c_string[size]` into the caller's slice; how many bytes.
    ///
    /// # Errors
    /// As [`counted_into`](ReplyBody::counted_into).
    #[inline(always)]
    pub fn fixed_text_into(&mut self, size: usize, to: &mut [u8]) -> Result<usize> {
        let from = self.body.loose_fixed_text(size)?;
        Ok(self.prefix(from.bytes(), to))
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
            release::<T, W>(self.body.received(), self.via.clone());
        }
    }
}
