//! The numbers of the three ABIs, and type words.

use super::items;
use super::recovered::take_next;
use crate::abi::AbiId;
use crate::bytes::{u32_at, u64_at};
use crate::error::KernReturn;
use crate::exchange::{self, RecoveredItem, Typed};
use crate::memory::Wide;
use crate::right::Disposition;
use crate::serve::{Dispatch, Dispatcher};
use crate::transport::Transport;

/// A row of the table of typed ABIs. Sealed; generated code names one once, as `W`.
pub trait Row: exchange::Row<Family = Typed> {
    /// Bytes of a port in line. Out of line a port has four bytes everywhere.
    const CELL: usize;
    /// Type words have 64 bits in either form; otherwise 32, and 96 in the long form.
    const WIDE: bool;

    /// Bytes of a short type word.
    const WORD: usize = if Self::WIDE { 8 } else { 4 };
    /// Bytes of a long type word.
    const LONG: usize = if Self::WIDE { 8 } else { 12 };
    /// The type word of the code.
    const CODE_TYPE: Ty = Ty::new(if Self::WIDE { 0x1_2000_2002 } else { 0x1001_2002 });

    /// The in-line bit of a type word; long form and deallocate follow it.
    const INLINE: u64 = if Self::WIDE { 1 << 29 } else { 1 << 28 };
}

macro_rules! row {
    ($(#[$meta:meta])* $name:ident: header $header:literal, local $local:literal, align $align:literal,
     address $address:literal of $word:ty, cell $cell:literal, wide $wide:literal) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name;

        impl exchange::sealed::Sealed for $name {}

        impl exchange::Row for $name {
            type Family = Typed;
            type Word = $word;
            const ABI: AbiId = AbiId::$name;
            const HEADER: usize = $header;
            const LOCAL: usize = $local;
            const SEQUENCE: usize = $header - 8;
            const ID: usize = $header - 4;
            const ALIGN: usize = $align;
            const ADDRESS: usize = $address;
            const CODE: usize = $header + if $wide { 8 } else { 4 };
            const BARE: usize = Self::CODE + $align;
            const SUCCESS: [u8; 16] = success(<Self as Row>::CODE_TYPE);
            const TRAILER: usize = 0;

            fn dispatcher<T: Transport, S: ?Sized>(it: Dispatch<T, S, Self>) -> Dispatcher<T, S> {
                Dispatcher::$name(it)
            }

            #[inline(always)]
            fn dispatch<T: Transport, S: ?Sized>(it: &Dispatcher<T, S>) -> Option<Dispatch<T, S, Self>> {
                if let Dispatcher::$name(it) = it { Some(*it) } else { None }
            }

            #[inline(always)]
            fn is_silent(code: KernReturn) -> bool {
                matches!(code, KernReturn::MIG_NO_REPLY | KernReturn::MIG_DESTROY_REQUEST)
            }

            #[inline(always)]
            fn drop_unasked<T: Transport>(_: &[u8], _: &T) {}

            fn release<T: Transport>(message: &[u8], via: T) {
                items::release::<T, Self>(message, via);
            }

            fn abandon<T: Transport>(message: &[u8], via: T) {
                items::abandon::<T, Self>(message, via);
            }

            fn take_next<T: Transport>(
                message: &mut [u8],
                at: &mut usize,
                cell: &mut usize,
                via: &T,
            ) -> Option<RecoveredItem<T>> {
                take_next::<T, Self>(message, at, cell, via)
            }

            #[inline]
            fn word(it: $word) -> u64 {
                it.into()
            }

            #[inline]
            fn from_word(it: u64) -> Option<$word> {
                it.try_into().ok()
            }
        }

        impl Row for $name {
            const CELL: usize = $cell;
            const WIDE: bool = $wide;
        }
    };
}

row! {
    /// `gnumach-i386`
    GnumachI386: header 24, local 12, align 4, address 4 of u32, cell 4, wide false
}
row! {
    /// `gnumach-x86_64`
    GnumachX8664: header 32, local 16, align 8, address 8 of Wide<u64>, cell 8, wide true
}
row! {
    /// `gnumach-x86_64-2022`
    GnumachX8664v2022: header 32, local 16, align 4, address 8 of Wide<u64>, cell 4, wide false
}

/// The type word of the code, and a code of 0.
const fn success(word: Ty) -> [u8; 16] {
    let mut bytes = [0; 16];
    let word = word.word().to_le_bytes();
    let mut it = 0;
    while it < word.len() {
        bytes[it] = word[it];
        it += 1;
    }
    bytes
}

/// A type word as it stands on the wire.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ty {
    word: u64,
    rest: u64,
}

impl Ty {
    /// A word of the short form, or of either form where both are 64 bits.
    pub const fn new(word: u64) -> Ty {
        Ty { word, rest: 0 }
    }

    /// A word of the long form with 96 bits: flags, then name, size and number.
    pub const fn long(word: u32, rest: u64) -> Ty {
        Ty { word: word as u64, rest }
    }

    /// The first 32 or 64 bits.
    #[inline(always)]
    pub(super) const fn word(self) -> u64 {
        self.word
    }

    /// Name, size and number of the 96-bit form.
    #[inline(always)]
    pub(super) const fn rest(self) -> u64 {
        self.rest
    }

    /// Whether it is in the long form.
    #[inline(always)]
    pub(super) const fn is_long<W: Row>(self) -> bool {
        self.word & (W::INLINE << 1) != 0
    }

    /// Whether it has 96 bits.
    #[inline(always)]
    pub(super) const fn is_three_words<W: Row>(self) -> bool {
        !W::WIDE && self.is_long::<W>()
    }

    /// Its bytes.
    #[inline(always)]
    pub(super) const fn size<W: Row>(self) -> usize {
        if self.is_long::<W>() { W::LONG } else { W::WORD }
    }

    /// Bits of one wire element.
    #[inline(always)]
    pub(super) const fn bits<W: Row>(self) -> u32 {
        if W::WIDE {
            (self.word >> 8) as u32 & 0xffff
        } else if self.is_long::<W>() {
            (self.rest >> 16) as u32 & 0xffff
        } else {
            (self.word >> 8) as u32 & 0xff
        }
    }

    /// How many wire elements.
    #[inline(always)]
    pub(super) const fn number<W: Row>(self) -> u32 {
        if W::WIDE {
            (self.word >> 32) as u32
        } else if self.is_long::<W>() {
            (self.rest >> 32) as u32
        } else {
            (self.word >> 16) as u32 & 0xfff
        }
    }

    /// Whether data follow in line.
    #[inline(always)]
    pub(super) const fn is_inline<W: Row>(self) -> bool {
        self.word & W::INLINE != 0
    }

    /// Whether memory is taken from the sender.
    #[inline(always)]
    pub(super) const fn deallocates<W: Row>(self) -> bool {
        self.word & (W::INLINE << 2) != 0
    }

    /// The type name: a disposition, if it is a port.
    #[inline(always)]
    pub(super) const fn name<W: Row>(self) -> u32 {
        if self.is_three_words::<W>() { self.rest as u32 & 0xffff } else { self.word as u32 & 0xff }
    }

    /// The type name as a disposition; none if it is too large to be one.
    #[inline(always)]
    pub(super) const fn disposition<W: Row>(self) -> Disposition {
        let name = self.name::<W>();
        if name <= 0xff { Disposition(name as u8) } else { Disposition::NONE }
    }

    /// Whether a kernel takes it (`MACH_SEND_INVALID_TYPE` otherwise): a port is as long as a name, nothing in line is
    /// deallocated, the unused bit is clear, and a long form leaves the fields of the short one alone.
    pub(super) const fn is_legal<W: Row>(self) -> bool {
        let port = self.disposition::<W>().is_port();
        let name_bits = if self.is_inline::<W>() { W::CELL as u32 * 8 } else { 32 };
        let unused = self.word & if W::WIDE { 0x1f00_0000 } else { 0x8000_0000 } != 0;
        let mixed = self.is_three_words::<W>() && self.word & 0xfff_ffff != 0;
        !(unused || mixed || port && self.bits::<W>() != name_bits || self.is_inline::<W>() && self.deallocates::<W>())
    }

    /// With another number.
    #[inline(always)]
    pub(super) const fn with_number<W: Row>(mut self, number: u32) -> Ty {
        if W::WIDE {
            self.word = self.word & 0xffff_ffff | (number as u64) << 32;
        } else if self.is_long::<W>() {
            self.rest = self.rest & 0xffff_ffff | (number as u64) << 32;
        } else {
            self.word = self.word & !0xfff_0000 | ((number & 0xfff) as u64) << 16;
        }
        self
    }

    /// With the number of so many elements, which no bound of the definition keeps small: the short form of two ABIs
    /// has twelve bits for it.
    ///
    /// # Errors
    /// `MIG_ARRAY_TOO_LARGE` if the type word has no room for it.
    #[inline(always)]
    pub(super) const fn counting<W: Row>(self, elements: usize, per: u32) -> Result<Ty, KernReturn> {
        let most = if W::WIDE || self.is_long::<W>() { u32::MAX } else { 0xfff };
        let number = elements as u64 * per as u64;
        if number > most as u64 {
            return Err(KernReturn::MIG_ARRAY_TOO_LARGE);
        }
        Ok(self.with_number::<W>(number as u32))
    }

    /// With another type name.
    #[inline(always)]
    pub(super) const fn with_name<W: Row>(mut self, name: u32) -> Ty {
        if self.is_three_words::<W>() {
            self.rest = self.rest & !0xffff | name as u64;
        } else {
            self.word = self.word & !0xff | name as u64;
        }
        self
    }

    /// With another element size.
    #[inline(always)]
    pub(super) const fn with_bits<W: Row>(mut self, bits: u32) -> Ty {
        if W::WIDE {
            self.word = self.word & !0xffff00 | (bits as u64) << 8;
        } else if self.is_long::<W>() {
            self.rest = self.rest & !0xffff_0000 | (bits as u64) << 16;
        } else {
            self.word = self.word & !0xff00 | (bits as u64) << 8;
        }
        self
    }

    /// Out of line, taken from the sender or not.
    #[inline(always)]
    pub(super) const fn out_of_line<W: Row>(mut self, deallocate: bool) -> Ty {
        self.word = self.word & !W::INLINE & !(W::INLINE << 2);
        if deallocate {
            self.word |= W::INLINE << 2;
        }
        self
    }

    /// Without the deallocate bit, as an in-line item is delivered.
    #[inline(always)]
    pub(super) const fn kept<W: Row>(mut self) -> Ty {
        self.word &= !(W::INLINE << 2);
        self
    }

    /// The word at the start of these bytes; `None` if they are too few.
    pub(super) fn read<W: Row>(bytes: &[u8]) -> Option<Ty> {
        if bytes.len() < W::WORD {
            return None;
        }
        let ty = Ty::new(if W::WIDE { u64_at(bytes, 0) } else { u32_at(bytes, 0).into() });
        if !ty.is_three_words::<W>() {
            return Some(ty);
        }
        (bytes.len() >= W::LONG).then(|| Ty { rest: u64_at(bytes, 4), ..ty })
    }
}
