//! Writing items.

use core::mem::{MaybeUninit, size_of};

use super::row::{Row, Ty};
use crate::error::{Error, KernReturn, Result};
use crate::exchange::{Outgoing, Typed, round, until_nul};
use crate::form::Form;
use crate::memory::{Address, Plain, Size, as_bytes};
use crate::right::PortName;
use crate::transport::Transport;

impl<T: Transport, W: Row> Outgoing<'_, T, W, Typed> {
    /// Writes a number and zeros up to the next position where an item may start.
    #[inline(always)]
    fn put_padded<const K: usize>(&mut self, bytes: [u8; K]) {
        if W::ALIGN == 8 && K < 8 {
            let mut whole = [0; 8];
            whole[..K].copy_from_slice(&bytes);
            self.put(whole);
        } else if K < 4 {
            let mut whole = [0; 4];
            whole[..K].copy_from_slice(&bytes);
            self.put(whole);
        } else {
            self.put(bytes);
        }
    }

    #[inline(always)]
    pub(super) fn ty_at(&mut self, at: usize, ty: Ty) {
        if W::WIDE {
            self.put_at(at, ty.word().to_le_bytes());
        } else {
            self.put_at(at, (ty.word() as u32).to_le_bytes());
            if ty.is_long::<W>() {
                self.put_at(at + 4, ty.rest().to_le_bytes());
            }
        }
    }

    #[inline(always)]
    pub(super) fn ty(&mut self, ty: Ty) {
        self.ty_at(self.at, ty);
        self.at += ty.size::<W>();
    }

    #[inline(always)]
    pub(super) fn put_address(&mut self, at: Address) -> Result<(), KernReturn> {
        if W::ADDRESS == 8 {
            self.put(at.0.to_le_bytes());
        } else {
            self.put(u32::try_from(at.0).map_err(|_| KernReturn::INVALID_ADDRESS)?.to_le_bytes());
        }
        Ok(())
    }
}

/// One method for each kind of number: type word, number, padding.
macro_rules! numbers {
    ($($name:ident)*) => {
        impl<T: Transport, W: Row> Outgoing<'_, T, W, Typed> { $(
            /// A number.
            #[inline(always)]
            pub fn $name(&mut self, ty: Ty, it: $name) {
                self.ty(ty);
                self.put_padded(it.to_le_bytes());
            }
        )* }
    };
}
numbers! { u8 i8 u16 i16 u32 i32 u64 i64 f32 f64 }

impl<T: Transport, W: Row> Outgoing<'_, T, W, Typed> {
    /// A truth value: 0 or 1.
    #[inline(always)]
    pub fn bool(&mut self, ty: Ty, it: bool) {
        self.u32(ty, it.into());
    }

    /// A port name, which is a number and carries no right.
    #[inline(always)]
    pub fn name(&mut self, ty: Ty, it: PortName) {
        self.u32(ty, it.0);
    }

    /// An address.
    ///
    /// # Errors
    /// `KERN_INVALID_ARGUMENT` if it has more bits than the ABI gives it.
    #[inline(always)]
    pub fn address(&mut self, ty: Ty, it: Address) -> Result<(), KernReturn> {
        self.word(ty, it.0)
    }

    /// A size.
    ///
    /// # Errors
    /// `KERN_INVALID_ARGUMENT` if it has more bits than the ABI gives it.
    #[inline(always)]
    pub fn size(&mut self, ty: Ty, it: Size) -> Result<(), KernReturn> {
        self.word(ty, it.0)
    }

    #[inline(always)]
    fn word(&mut self, ty: Ty, it: u64) -> Result<(), KernReturn> {
        if ty.bits::<W>() == 64 {
            self.u64(ty, it);
        } else {
            self.u32(ty, u32::try_from(it).map_err(|_| KernReturn::INVALID_ARGUMENT)?);
        }
        Ok(())
    }

    /// An array or structure of constant length.
    #[inline(always)]
    pub fn array<E: Plain>(&mut self, ty: Ty, it: &E) {
        self.ty(ty);
        let bytes = as_bytes(core::slice::from_ref(it));
        let end = self.at + round::<W>(bytes.len());
        if bytes.len() % W::ALIGN != 0 {
            self.zero_before(end);
        }
        self.copy_at(self.at, bytes);
        self.at = end;
    }

    /// A structure, or a number with a type of its own.
    ///
    /// # Errors
    /// `KERN_INVALID_ARGUMENT` if the ABI has no room for its value.
    #[inline(always)]
    pub fn form<S: Form<W>>(&mut self, ty: Ty, it: &S) -> Result<(), KernReturn> {
        let base = it.write().ok_or(KernReturn::INVALID_ARGUMENT)?;
        self.array(ty, &base);
        Ok(())
    }

    /// A counted array.
    ///
    /// # Errors
    /// `MIG_ARRAY_TOO_LARGE` if it has more than `max` elements.
    #[inline(always)]
    pub fn counted<E: Plain>(&mut self, ty: Ty, max: usize, it: &[E]) -> Result<()> {
        if it.len() > max {
            return Err(Error::ARRAY_TOO_LARGE);
        }
        self.counted_unchecked(ty, it);
        Ok(())
    }

    #[inline(always)]
    pub(super) fn counted_unchecked<E: Plain>(&mut self, ty: Ty, it: &[E]) {
        let bytes = as_bytes(it);
        let data = self.at + ty.size::<W>();
        let end = data + round::<W>(bytes.len());
        // Padding first, type word second: with no data the padding falls on the word's place, and no branch is
        // needed.
        if size_of::<E>() % W::ALIGN != 0 {
            self.zero_before(end);
        }
        self.ty_at(self.at, ty.with_number::<W>(it.len() as u32 * per::<E, W>(ty)));
        self.copy_at(data, bytes);
        self.at = end;
    }

    /// `c_string[*:max]`: the text and a NUL. An interior NUL ends it.
    ///
    /// # Errors
    /// `MIG_ARRAY_TOO_LARGE` if the text and the NUL have more than `max` bytes; [`Text::cut`](crate::Text::cut)
    /// shortens as C does.
    #[inline(always)]
    pub fn text(&mut self, ty: Ty, max: usize, text: &[u8]) -> Result<()> {
        let text = until_nul(text);
        if text.len() >= max {
            return Err(Error::ARRAY_TOO_LARGE);
        }
        let data = self.at + ty.size::<W>();
        let end = data + round::<W>(text.len() + 1);
        self.zero_before(end);
        self.ty_at(self.at, ty.with_number::<W>(text.len() as u32 + 1));
        self.copy_at(data, text);
        self.at = end;
        Ok(())
    }

    /// `c_string[size]`: the text and NULs up to `size` bytes.
    ///
    /// # Errors
    /// As [`text`](Outgoing::text).
    #[inline(always)]
    pub fn fixed_text(&mut self, ty: Ty, size: usize, text: &[u8]) -> Result<()> {
        let text = until_nul(text);
        if text.len() >= size {
            return Err(Error::ARRAY_TOO_LARGE);
        }
        self.ty(ty);
        let end = self.at + round::<W>(size);
        self.copy_at(self.at, text);
        self.buffer[self.at + text.len()..end].fill(MaybeUninit::new(0));
        self.at = end;
        Ok(())
    }

    /// How many elements of an array the caller has room for (`CountInOut`).
    #[inline(always)]
    pub fn room(&mut self, ty: Ty, max: usize, len: usize) {
        self.u32(ty, len.min(max) as u32);
    }

    #[inline(always)]
    fn zero_before(&mut self, end: usize) {
        if W::ALIGN == 8 { self.put_at(end - 8, [0; 8]) } else { self.put_at(end - 4, [0; 4]) }
    }
}

/// Wire elements in each element of an array.
#[inline(always)]
pub(super) const fn per<E, W: Row>(ty: Ty) -> u32 {
    size_of::<E>() as u32 * 8 / ty.bits::<W>()
}

impl<T: Transport, W: Row> Outgoing<'_, T, W, Typed> {
    /// An array that a [`Room`](crate::Room) at `from` took: in place already, or moved down behind a shorter one.
    #[inline(always)]
    pub fn counted_in_place<E: Plain>(&mut self, ty: Ty, from: usize, count: usize) {
        let size = size_of::<E>() * count;
        let data = self.at + ty.size::<W>();
        let end = data + round::<W>(size);
        if from != data {
            self.buffer.copy_within(from..from + size, data);
        }
        if size_of::<E>() % W::ALIGN != 0 {
            self.buffer[data + size..end].fill(MaybeUninit::new(0));
        }
        self.ty_at(self.at, ty.with_number::<W>(count as u32 * per::<E, W>(ty)));
        self.at = end;
    }

    /// `c_string[*:n]` whose text, without a NUL, a [`Room`](crate::Room) at `from` took.
    #[inline]
    pub fn text_in_place(&mut self, ty: Ty, from: usize, count: usize) {
        self.buffer[from + count] = MaybeUninit::new(0);
        self.counted_in_place::<u8>(ty, from, count + 1);
    }

    /// `c_string[size]` whose text, without a NUL, a [`Room`](crate::Room) at `from` took.
    #[inline]
    pub fn fixed_text_in_place(&mut self, ty: Ty, from: usize, size: usize, count: usize) {
        let data = self.at + ty.size::<W>();
        let end = data + round::<W>(size);
        if from != data {
            self.buffer.copy_within(from..from + count, data);
        }
        self.buffer[data + count..end].fill(MaybeUninit::new(0));
        self.ty_at(self.at, ty);
        self.at = end;
    }

    /// An array of constant length that a [`Room`](crate::Room) at `from` took.
    #[inline(always)]
    pub fn array_in_place<E: Plain>(&mut self, ty: Ty, from: usize) {
        let data = self.at + ty.size::<W>();
        let end = data + round::<W>(size_of::<E>());
        if from != data {
            self.buffer.copy_within(from..from + size_of::<E>(), data);
        }
        self.buffer[data + size_of::<E>()..end].fill(MaybeUninit::new(0));
        self.ty_at(self.at, ty);
        self.at = end;
    }
}
