//! Writing data.

use core::mem::{MaybeUninit, size_of};

use super::row::{COUNT, NDR, Row};
use crate::error::{Error, KernReturn, Result};
use crate::exchange::{Outgoing, Untyped, round, until_nul};
use crate::form::Form;
use crate::memory::{Plain, as_bytes};
use crate::message::Room;
use crate::transport::Transport;

impl<T: Transport, W: Row> Outgoing<'_, T, W, Untyped> {
    /// How many descriptors follow, where there are any: the message carries rights or memory. A reply that does has no
    /// place for a code.
    #[inline(always)]
    pub fn descriptors(&mut self, count: u32) {
        self.put_at(COUNT, count.to_le_bytes());
        self.at = COUNT + 4;
        self.complex = true;
    }

    /// How numbers are written.
    #[inline(always)]
    pub fn ndr(&mut self) {
        self.put(NDR);
    }

    /// The code that stands in place of a whole request (`RetCode`).
    #[inline]
    pub fn code(&mut self, code: KernReturn) {
        self.ndr();
        self.i32(code.code());
    }
}

/// One method for each kind of number.
macro_rules! numbers {
    ($($name:ident)*) => {
        impl<T: Transport, W: Row> Outgoing<'_, T, W, Untyped> { $(
            /// A number.
            #[inline(always)]
            pub fn $name(&mut self, it: $name) {
                let mut whole = [0; size_of::<$name>().next_multiple_of(4)];
                whole[..size_of::<$name>()].copy_from_slice(&it.to_le_bytes());
                self.put(whole);
            }
        )* }
    };
}
numbers! { u8 i8 u16 i16 u32 i32 u64 i64 f32 f64 }

impl<T: Transport, W: Row> Outgoing<'_, T, W, Untyped> {
    /// A truth value: 0 or 1.
    #[inline(always)]
    pub fn bool(&mut self, it: bool) {
        self.u32(it.into());
    }

    /// A port name, which is a number and carries no right.
    #[inline(always)]
    pub fn name(&mut self, it: crate::PortName) {
        self.u32(it.0);
    }

    /// An array or structure of constant length.
    #[inline(always)]
    pub fn array<E: Plain>(&mut self, it: &E) {
        self.bytes(as_bytes(core::slice::from_ref(it)), size_of::<E>());
    }

    /// A structure, or a number with a type of its own.
    ///
    /// # Errors
    /// `KERN_INVALID_ARGUMENT` if the ABI has no room for its value.
    #[inline(always)]
    pub fn form<S: Form<W>>(&mut self, it: &S) -> Result<(), KernReturn> {
        let base = it.write().ok_or(KernReturn::INVALID_ARGUMENT)?;
        self.array(&base);
        Ok(())
    }

    /// Bytes of elements of a constant size, and zeros up to the next field.
    #[inline(always)]
    fn bytes(&mut self, bytes: &[u8], element: usize) {
        let end = self.at + round::<W>(bytes.len());
        if element % 4 != 0 && !bytes.is_empty() {
            self.put_at(end - 4, [0; 4]);
        }
        self.copy_at(self.at, bytes);
        self.at = end;
    }

    /// A counted array.
    ///
    /// # Errors
    /// `MIG_ARRAY_TOO_LARGE` if it has more than `max` elements.
    #[inline(always)]
    pub fn counted<E: Plain>(&mut self, max: usize, it: &[E]) -> Result<()> {
        if it.len() > max {
            return Err(Error::ARRAY_TOO_LARGE);
        }
        let (at, bytes) = (self.at, as_bytes(it));
        let end = at + 4 + round::<W>(bytes.len());
        if size_of::<E>() % 4 != 0 {
            // Without a test: where there are no elements, the count overwrites it.
            self.put_at(end - 4, [0; 4]);
        }
        self.put_at(at, (it.len() as u32).to_le_bytes());
        self.copy_at(at + 4, bytes);
        self.at = end;
        Ok(())
    }

    /// An array that an earlier array's count counts too (`SameCount`).
    ///
    /// # Errors
    /// `MIG_ARRAY_TOO_LARGE` if it has another number of elements, or more than `max`.
    #[inline(always)]
    pub fn same<E: Plain>(&mut self, count: usize, max: usize, it: &[E]) -> Result<()> {
        if it.len() != count || count > max {
            return Err(Error::ARRAY_TOO_LARGE);
        }
        self.bytes(as_bytes(it), size_of::<E>());
        Ok(())
    }

    /// `c_string[*:max]`: the text and a NUL. An interior NUL ends it.
    ///
    /// # Errors
    /// `MIG_ARRAY_TOO_LARGE` if the text and the NUL have more than `max` bytes; [`Text::cut`](crate::Text::cut)
    /// shortens as C does.
    #[inline(always)]
    pub fn text(&mut self, max: usize, text: &[u8]) -> Result<()> {
        let text = until_nul(text);
        if text.len() >= max {
            return Err(Error::ARRAY_TOO_LARGE);
        }
        // The offset, which nobody reads.
        self.u32(0);
        self.u32(text.len() as u32 + 1);
        let end = self.at + round::<W>(text.len() + 1);
        self.put_at(end - 4, [0; 4]);
        self.copy_at(self.at, text);
        self.at = end;
        Ok(())
    }

    /// `c_string[size]`: the text and NULs up to `size` bytes.
    ///
    /// # Errors
    /// As [`text`](Outgoing::text).
    #[inline(always)]
    pub fn fixed_text(&mut self, size: usize, text: &[u8]) -> Result<()> {
        let text = until_nul(text);
        if text.len() >= size {
            return Err(Error::ARRAY_TOO_LARGE);
        }
        let end = self.at + round::<W>(size);
        self.copy_at(self.at, text);
        self.zero(self.at + text.len(), end);
        self.at = end;
        Ok(())
    }

    /// How many elements of an array the caller has room for (`CountInOut`).
    #[inline(always)]
    pub fn room(&mut self, max: usize, len: usize) {
        self.u32(len.min(max) as u32);
    }

    #[inline(always)]
    pub(super) fn zero(&mut self, from: usize, to: usize) {
        self.buffer[from..to].fill(MaybeUninit::new(0));
    }
}

/// Results that stand in a reply already.
impl<T: Transport, W: Row> Outgoing<'_, T, W, Untyped> {
    /// Bytes that stand at `from`, in place or to be moved down, and zeros up to the next field.
    #[inline(always)]
    fn bytes_in_place(&mut self, from: usize, size: usize) {
        let end = self.at + round::<W>(size);
        if from != self.at {
            self.buffer.copy_within(from..from + size, self.at);
        }
        self.zero(self.at + size, end);
        self.at = end;
    }

    /// An array that a [`Room`](crate::Room) at `from` took.
    #[inline(always)]
    pub fn counted_in_place<E: Plain>(&mut self, from: usize, count: usize) {
        self.u32(count as u32);
        self.bytes_in_place(from, count * size_of::<E>());
    }

    /// An array that a [`Room`](crate::Room) at `from` took, and that an earlier array's count counts too.
    ///
    /// # Errors
    /// `KERN_FAILURE` if the server gave another number of elements.
    #[inline(always)]
    pub fn same_in_place<E: Plain>(&mut self, same: usize, from: usize, count: usize) -> Result<(), KernReturn> {
        if same != count {
            return Err(KernReturn::FAILURE);
        }
        self.bytes_in_place(from, count * size_of::<E>());
        Ok(())
    }

    /// `c_string[*:n]` whose text, without a NUL, a [`Room`](crate::Room) at `from` took.
    #[inline]
    pub fn text_in_place(&mut self, from: usize, count: usize) {
        self.buffer[from + count] = MaybeUninit::new(0);
        self.u32(0);
        self.u32(count as u32 + 1);
        self.bytes_in_place(from, count + 1);
    }

    /// `c_string[size]` whose text, without a NUL, a [`Room`](crate::Room) at `from` took.
    #[inline]
    pub fn fixed_text_in_place(&mut self, from: usize, size: usize, count: usize) {
        self.zero(from + count, from + size);
        self.bytes_in_place(from, size);
    }

    /// An array of constant length that a [`Room`](crate::Room) at `from` took.
    #[inline(always)]
    pub fn array_in_place<E: Plain>(&mut self, from: usize) {
        self.bytes_in_place(from, size_of::<E>());
    }

    /// An array of elements that are no plain ones, which a [`PackedRoom`](crate::PackedRoom) at `from` took.
    pub fn packed_in_place<E>(&mut self, layout: crate::Layout<E>, from: usize, count: usize) {
        self.u32(count as u32);
        self.bytes_in_place(from, count * layout.size());
    }

    /// As [`packed_in_place`](Outgoing::packed_in_place), where an earlier array's count counts it too.
    ///
    /// # Errors
    /// As [`same_in_place`](Outgoing::same_in_place).
    pub fn same_packed_in_place<E>(
        &mut self,
        layout: crate::Layout<E>,
        same: usize,
        from: usize,
        count: usize,
    ) -> Result<(), KernReturn> {
        if same != count {
            return Err(KernReturn::FAILURE);
        }
        self.bytes_in_place(from, count * layout.size());
        Ok(())
    }

    /// What a room outside the message took, in a region of its own, or the region that the server gave instead; how
    /// many elements.
    ///
    /// # Errors
    /// As [`Transport::allocate`].
    pub fn gather<E: Plain>(
        &mut self,
        room: Room<'_, E>,
        region: Option<crate::Region<T, E>>,
    ) -> Result<u32, KernReturn> {
        let region = match region {
            Some(it) => it,
            None => crate::Region::new(&self.via, room.written())?,
        };
        self.surrender(region)
    }
}
