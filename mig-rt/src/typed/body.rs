//! Reading the items of a message.

use core::marker::PhantomData;
use core::mem::size_of;

use super::items::data_size;
use super::outgoing::per;
use super::outgoing_memory::packed_per;
use super::row::{Row, Ty};
use crate::bytes::{u32_at, u64_at};
use crate::element::{Elements, Layout};
use crate::error::{Error, KernReturn};
use crate::exchange::{Held, HeldAny, HeldData, HeldMemory, HeldPacked, HeldRights, round};
use crate::form::Form;
use crate::memory::{Address, Plain, Size, as_elements};
use crate::message::{COMPLEX, Text};
use crate::right::PortName;
use crate::serve::Unserved;

/// An item is not what the definition says: `MIG_TYPE_ERROR` in a client, `MIG_BAD_ARGUMENTS` in a server.
///
/// All failures of a body are one, so each check is a comparison and a jump to one place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bad;

impl From<Bad> for Error {
    #[inline(always)]
    fn from(_: Bad) -> Error {
        Error::TYPE_ERROR
    }
}

impl From<Bad> for Unserved {
    #[inline(always)]
    fn from(_: Bad) -> Unserved {
        Unserved::refused(KernReturn::MIG_BAD_ARGUMENTS)
    }
}

/// Reads items in the order of the message. It copies nothing and owns nothing: what it reads stays the message's
/// until `end`.
#[derive(Debug)]
pub struct Body<'m, W: Row> {
    pub(super) message: &'m [u8],
    pub(super) at: usize,
    abi: PhantomData<W>,
}

/// Bits of a type word that are compared where the number may vary: in line, long form, size, name. The deallocate
/// bit and the unused ones are not.
const fn mask<W: Row>() -> u64 {
    if W::WIDE { 0x60ff_ffff } else { 0x3000_ffff }
}

impl<'m, W: Row> Body<'m, W> {
    #[inline(always)]
    pub(super) fn new(message: &'m [u8], at: usize) -> Self {
        Body { message, at, abi: PhantomData }
    }

    #[inline(always)]
    pub(super) fn take(&mut self, size: usize) -> Result<&'m [u8], Bad> {
        let item = self.message.get(self.at..).and_then(|it| it.get(..size)).ok_or(Bad)?;
        self.at += size;
        Ok(item)
    }

    /// A type word that must be exactly this one; in the long form all but the deallocate and unused bits.
    #[inline(always)]
    fn ty(&mut self, ty: Ty) -> Result<(), Bad> {
        if ty.is_long::<W>() {
            let got = self.loose(ty, 0)?;
            return if got.number::<W>() == ty.number::<W>() { Ok(()) } else { Err(Bad) };
        }
        let word = self.take(W::WORD)?;
        let word = if W::WIDE { u64_at(word, 0) } else { u32_at(word, 0).into() };
        if word == ty.word() { Ok(()) } else { Err(Bad) }
    }

    /// A type word of which the number is not compared, nor the bits `but` of its first word.
    #[inline(always)]
    fn loose(&mut self, ty: Ty, but: u64) -> Result<Ty, Bad> {
        let bytes = self.take(ty.size::<W>())?;
        let word = if W::WIDE { u64_at(bytes, 0) } else { u32_at(bytes, 0).into() };
        if (word ^ ty.word()) & mask::<W>() & !but != 0 {
            return Err(Bad);
        }
        if !ty.is_three_words::<W>() {
            return Ok(Ty::new(word));
        }
        let rest = u64_at(bytes, 4);
        // Name and size of the long form, without the name where `but` leaves it out.
        let names = if but & 0xff == 0 { 0xffff_ffff } else { 0xffff_0000 };
        if (rest ^ ty.rest()) & names != 0 { Err(Bad) } else { Ok(Ty::long(word as u32, rest)) }
    }

    /// Whether the message carries rights or memory: the sender's word, which a kernel has checked.
    #[inline(always)]
    fn is_complex(&self) -> bool {
        u32_at(self.message, 0) & COMPLEX != 0
    }
}

/// One method for each kind of number.
macro_rules! numbers {
    ($($name:ident)*) => {
        impl<W: Row> Body<'_, W> { $(
            /// A number.
            ///
            /// # Errors
            /// If the item is another.
            #[inline(always)]
            pub fn $name(&mut self, ty: Ty) -> Result<$name, Bad> {
                self.ty(ty)?;
                let item = self.take(round::<W>(size_of::<$name>()))?;
                let mut bytes = [0; size_of::<$name>()];
                bytes.copy_from_slice(&item[..size_of::<$name>()]);
                Ok($name::from_le_bytes(bytes))
            }
        )* }
    };
}
numbers! { u8 i8 u16 i16 u32 i32 u64 i64 f32 f64 }

impl<'m, W: Row> Body<'m, W> {
    /// A truth value: anything but 0 is true.
    ///
    /// # Errors
    /// If the item is another.
    #[inline(always)]
    pub fn bool(&mut self, ty: Ty) -> Result<bool, Bad> {
        Ok(self.u32(ty)? != 0)
    }

    /// A port name, which is a number and carries no right.
    ///
    /// # Errors
    /// If the item is another.
    #[inline(always)]
    pub fn name(&mut self, ty: Ty) -> Result<PortName, Bad> {
        Ok(PortName(self.u32(ty)?))
    }

    /// An address.
    ///
    /// # Errors
    /// If the item is another.
    #[inline(always)]
    pub fn address(&mut self, ty: Ty) -> Result<Address, Bad> {
        Ok(Address(self.word(ty)?))
    }

    /// A size.
    ///
    /// # Errors
    /// If the item is another.
    #[inline(always)]
    pub fn size(&mut self, ty: Ty) -> Result<Size, Bad> {
        Ok(Size(self.word(ty)?))
    }

    #[inline(always)]
    fn word(&mut self, ty: Ty) -> Result<u64, Bad> {
        if ty.bits::<W>() == 64 { self.u64(ty) } else { self.u32(ty).map(u64::from) }
    }

    /// An array or structure of constant length, where it stands.
    ///
    /// # Errors
    /// If the item is another.
    #[inline(always)]
    pub fn array<E: Plain>(&mut self, ty: Ty) -> Result<&'m E, Bad> {
        self.ty(ty)?;
        let item = self.take(round::<W>(size_of::<E>()))?;
        as_elements(item).and_then(<[E]>::first).ok_or(Bad)
    }

    /// A structure, or a number with a type of its own.
    ///
    /// # Errors
    /// If the item is another.
    #[inline(always)]
    pub fn form<S: Form<W>>(&mut self, ty: Ty) -> Result<S, Bad> {
        self.array::<S::Base>(ty).map(S::read)
    }

    /// A counted array, where it stands. Its length is bounded by the message, not by the definition.
    ///
    /// # Errors
    /// If the item is another, or does not fit into the message.
    #[inline(always)]
    pub fn counted<E: Plain>(&mut self, ty: Ty) -> Result<&'m [E], Bad> {
        let got = self.loose(ty, 0)?;
        self.elements(ty, got.number::<W>())
    }

    #[inline(always)]
    fn elements<E: Plain>(&mut self, ty: Ty, number: u32) -> Result<&'m [E], Bad> {
        let size = bytes_of(number, size_of::<E>() / per::<E, W>(ty) as usize)?;
        let item = self.take(round::<W>(size))?;
        as_elements(&item[..size]).ok_or(Bad)
    }

    /// `c_string[*:n]`: the text up to its NUL, or to the end of the item.
    ///
    /// # Errors
    /// If the item is another, or does not fit into the message.
    #[inline(always)]
    pub fn text(&mut self, ty: Ty) -> Result<Text<'m>, Bad> {
        Ok(Text::until_nul(self.counted(ty)?))
    }

    /// `c_string[size]`: the text up to its NUL, or to the end of the item.
    ///
    /// # Errors
    /// If the item is another.
    #[inline(always)]
    pub fn fixed_text(&mut self, ty: Ty, size: usize) -> Result<Text<'m>, Bad> {
        self.ty(ty)?;
        Ok(Text::until_nul(&self.take(round::<W>(size))?[..size]))
    }

    /// How many elements the client has room for, at most `max` (`CountInOut`).
    ///
    /// # Errors
    /// If the item is another.
    #[inline(always)]
    pub fn room(&mut self, ty: Ty, max: usize) -> Result<usize, Bad> {
        Ok((self.u32(ty)? as usize).min(max))
    }

    #[inline(always)]
    fn cell(&mut self) -> Result<PortName, Bad> {
        Ok(PortName(u32_at(self.take(W::CELL)?, 0)))
    }

    /// A right of the kind that the type word says.
    ///
    /// # Errors
    /// If the item is another.
    #[inline(always)]
    pub fn right(&mut self, ty: Ty) -> Result<Held, Bad> {
        self.ty(ty)?;
        Ok(Held(self.cell()?))
    }

    /// A right of any kind, or a number: the type word's name says which.
    ///
    /// # Errors
    /// If the item is another; if it is a right in a message that carries none.
    #[inline(always)]
    pub fn any_right(&mut self, ty: Ty) -> Result<HeldAny, Bad> {
        let got = self.loose(ty, 0xff)?;
        let kind = got.disposition::<W>();
        if got.number::<W>() != 1 || kind.is_port() && !self.is_complex() {
            return Err(Bad);
        }
        Ok(HeldAny(self.cell()?, kind))
    }

    /// Out-of-line memory.
    ///
    /// # Errors
    /// If the item is another; if the message carries no memory, so that no kernel has seen the address.
    #[inline(always)]
    pub fn memory(&mut self, ty: Ty) -> Result<HeldMemory, Bad> {
        let got = self.loose(ty, 0)?;
        self.held_memory(got)
    }

    #[inline(always)]
    fn held_memory(&mut self, ty: Ty) -> Result<HeldMemory, Bad> {
        let at = self.take(W::ADDRESS)?;
        if !self.is_complex() {
            return Err(Bad);
        }
        let at = if W::ADDRESS == 8 { u64_at(at, 0) } else { u32_at(at, 0).into() };
        Ok(HeldMemory(Address(at), data_size::<W>(ty)))
    }

    /// An indefinite array: where it stands, or out-of-line memory.
    ///
    /// # Errors
    /// If the item is another, or does not fit into the message.
    #[inline(always)]
    pub fn indefinite<E: Plain>(&mut self, ty: Ty) -> Result<HeldData<'m, E>, Bad> {
        let got = self.loose(ty, W::INLINE)?;
        if got.is_inline::<W>() {
            return Ok(HeldData::Inline(self.elements(ty, got.number::<W>())?));
        }
        self.held_memory(got).map(HeldData::Memory)
    }

    /// A counted array of elements that are no plain ones, where it stands.
    ///
    /// # Errors
    /// If the item is another, or does not fit into the message.
    pub fn packed<E>(&mut self, ty: Ty, layout: Layout<E>) -> Result<Elements<'m, E>, Bad> {
        let got = self.loose(ty, 0)?;
        self.packed_elements(ty, layout, got.number::<W>())
    }

    fn packed_elements<E>(&mut self, ty: Ty, layout: Layout<E>, number: u32) -> Result<Elements<'m, E>, Bad> {
        let size = bytes_of(number, layout.size() / packed_per::<E, W>(ty, layout) as usize)?;
        let item = self.take(round::<W>(size))?;
        Ok(Elements::new(&item[..size], layout))
    }

    /// An indefinite array of elements that are no plain ones.
    ///
    /// # Errors
    /// If the item is another, or does not fit into the message.
    pub fn packed_indefinite<E>(&mut self, ty: Ty, layout: Layout<E>) -> Result<HeldPacked<'m, E>, Bad> {
        let got = self.loose(ty, W::INLINE)?;
        if got.is_inline::<W>() {
            return Ok(HeldPacked::Inline(self.packed_elements(ty, layout, got.number::<W>())?));
        }
        Ok(HeldPacked::Memory(self.held_memory(got)?, layout))
    }

    /// A counted array of rights in line.
    ///
    /// # Errors
    /// If the item is another, or does not fit into the message.
    #[inline]
    pub fn rights(&mut self, ty: Ty) -> Result<HeldRights<'m>, Bad> {
        let got = self.loose(ty, 0)?;
        self.cells(got.number::<W>())
    }

    /// An array of a constant number of rights in line.
    ///
    /// # Errors
    /// If the item is another.
    #[inline]
    pub fn fixed_rights(&mut self, ty: Ty) -> Result<HeldRights<'m>, Bad> {
        self.ty(ty)?;
        self.cells(ty.number::<W>())
    }

    #[inline]
    fn cells(&mut self, number: u32) -> Result<HeldRights<'m>, Bad> {
        let size = bytes_of(number, W::CELL)?;
        Ok(HeldRights::Inline(self.take(size)?, W::CELL))
    }

    /// An indefinite array of rights.
    ///
    /// # Errors
    /// If the item is another, or does not fit into the message; if the message carries no rights.
    #[inline]
    pub fn rights_indefinite(&mut self, ty: Ty) -> Result<HeldRights<'m>, Bad> {
        // In line a right has the size of a cell, out of line that of a name: where these differ, so do the words.
        const SIZE: u64 = 0xff_ff00;
        let got = self.loose(ty, if W::WIDE { W::INLINE | SIZE } else { W::INLINE })?;
        let cell = if got.is_inline::<W>() { W::CELL as u32 * 8 } else { 32 };
        if got.bits::<W>() != cell || !self.is_complex() {
            return Err(Bad);
        }
        if got.is_inline::<W>() {
            return self.cells(got.number::<W>());
        }
        self.held_memory(got).map(HeldRights::Memory)
    }
}

/// Bytes of so many elements: in 64 bits, so that no number wraps, and never so many that rounding would.
#[inline(always)]
fn bytes_of(number: u32, each: usize) -> Result<usize, Bad> {
    match u64::from(number) * each as u64 {
        it if it <= isize::MAX as u64 => Ok(it as usize),
        _ => Err(Bad),
    }
}
