//! Reading the descriptors and the data of a message.

use core::marker::PhantomData;
use core::mem::size_of;

use super::descriptor::{Kind, address_at};
use super::row::{PORT, Row};
use crate::bytes::u32_at;
use crate::element::{Elements, Layout};
use crate::error::{Error, KernReturn, MigError};
use crate::exchange::{Held, HeldAny, HeldMemory, HeldRights, round};
use crate::form::Form;
use crate::memory::{Plain, as_elements};
use crate::message::Text;
use crate::right::{Disposition, PortName};
use crate::rights::NAME;
use crate::serve::Unserved;
use crate::trailer::{AuditToken, SecurityToken, Trailer};

/// A message is not what the definition says. In a client each is `MIG_TYPE_ERROR`, but for the trailer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bad(KernReturn);

impl Bad {
    /// A descriptor is another, or a count of what is out of line is.
    pub const TYPE: Bad = Bad(KernReturn::MIG_TYPE_ERROR);
    /// Complex bit, size, a count of what is in line, or a string is wrong.
    pub const ARGUMENTS: Bad = Bad(KernReturn::MIG_BAD_ARGUMENTS);
    /// The trailer lacks what the routine asks for.
    pub const TRAILER: Bad = Bad(KernReturn::known(MigError::TRAILER_ERROR.code()));
}

impl From<Bad> for Error {
    #[inline(always)]
    fn from(it: Bad) -> Error {
        if it == Bad::TRAILER { MigError::TRAILER_ERROR.into() } else { Error::TYPE_ERROR }
    }
}

impl From<Bad> for Unserved {
    #[inline(always)]
    fn from(it: Bad) -> Unserved {
        Unserved::refused(it.0)
    }
}

/// Reads descriptors and fields in the order of the message. It copies nothing and owns nothing: what it reads stays
/// the message's until `end`.
#[derive(Debug)]
pub struct Body<'m, W: Row> {
    message: &'m [u8],
    pub(super) at: usize,
    /// A check that failed, and that checks of later fields come before: C makes its checks in rounds.
    late: Option<Bad>,
    /// The message and its trailer.
    received: &'m [u8],
    abi: PhantomData<W>,
}

impl<'m, W: Row> Body<'m, W> {
    #[inline(always)]
    pub(super) fn new(message: &'m [u8], at: usize, received: &'m [u8]) -> Self {
        Body { message, at, late: None, received, abi: PhantomData }
    }

    /// A field. If what fills it up to a whole word is missing, the next field is, or `complete` says so.
    #[inline(always)]
    fn take(&mut self, size: usize) -> Result<&'m [u8], Bad> {
        let field = self.message.get(self.at..).and_then(|it| it.get(..size)).ok_or(Bad::ARGUMENTS)?;
        self.at += round::<W>(size);
        Ok(field)
    }

    /// The message, and its trailer behind it.
    #[inline(always)]
    pub(super) fn received(&self) -> &'m [u8] {
        self.received
    }

    /// What remains to be checked when every field was read: that nothing is left, and what had to wait.
    #[inline(always)]
    pub(super) fn complete(&self) -> Result<(), Bad> {
        if self.at != self.message.len() {
            return Err(Bad::ARGUMENTS);
        }
        self.late.map_or(Ok(()), Err)
    }

    /// Says that there is nothing more, where the message carries no rights and no memory.
    ///
    /// # Errors
    /// If there is more, or a check failed that had to wait.
    #[inline]
    pub fn end(self) -> Result<(), Bad> {
        self.complete()
    }

    /// Counts of what is out of line are compared after those of what is in line, and before strings.
    #[inline(always)]
    pub(super) fn check_count(&mut self, holds: bool) {
        if !holds {
            self.late = Some(Bad::TYPE);
        }
    }

    #[inline(always)]
    fn check_text(&mut self, holds: bool) {
        if !holds && self.late.is_none() {
            self.late = Some(Bad::ARGUMENTS);
        }
    }
}

/// Descriptors.
impl<'m, W: Row> Body<'m, W> {
    /// A right that travels so.
    #[inline(always)]
    fn right(&mut self, disposition: Disposition) -> Result<Held, Bad> {
        let it = self.take(PORT)?;
        // Disposition, and type 0 above it.
        if u32_at(it, 8) >> 16 == u32::from(disposition.0) { Ok(Held(PortName(u32_at(it, 0)))) } else { Err(Bad::TYPE) }
    }

    /// A send right.
    ///
    /// # Errors
    /// If the descriptor is another.
    #[inline(always)]
    pub fn send(&mut self) -> Result<Held, Bad> {
        self.right(Disposition::MOVE_SEND)
    }

    /// A send-once right.
    ///
    /// # Errors
    /// If the descriptor is another.
    #[inline(always)]
    pub fn send_once(&mut self) -> Result<Held, Bad> {
        self.right(Disposition::MOVE_SEND_ONCE)
    }

    /// A receive right.
    ///
    /// # Errors
    /// If the descriptor is another.
    #[inline(always)]
    pub fn receive(&mut self) -> Result<Held, Bad> {
        self.right(Disposition::MOVE_RECEIVE)
    }

    /// A right of any kind: the descriptor says which.
    ///
    /// # Errors
    /// If it describes no right.
    #[inline(always)]
    pub fn any_right(&mut self) -> Result<HeldAny, Bad> {
        let it = self.take(PORT)?;
        if it[11] != Kind::Right.byte() {
            return Err(Bad::TYPE);
        }
        Ok(HeldAny(PortName(u32_at(it, 0)), Disposition(it[10])))
    }

    /// An array of so many rights, each with a descriptor of its own.
    ///
    /// # Errors
    /// If one of the descriptors is another.
    #[inline]
    pub fn fixed_rights(&mut self, disposition: Disposition, count: usize) -> Result<HeldRights<'m>, Bad> {
        let cells = self.take(PORT * count)?;
        let expected = u32::from(disposition.0);
        if cells.chunks_exact(PORT).any(|it| u32_at(it, 8) >> 16 != expected) {
            return Err(Bad::TYPE);
        }
        Ok(HeldRights::Inline(cells, PORT))
    }

    /// The `count` descriptors of an array of up to so many rights. Those without a right may say anything of it.
    /// [`count_of_rights`](Body::count_of_rights) tells how many are meant.
    ///
    /// # Errors
    /// If one of the descriptors is another.
    #[inline]
    pub fn rights(&mut self, disposition: Disposition, count: usize) -> Result<HeldRights<'m>, Bad> {
        let cells = self.take(PORT * count)?;
        let is_other = |it: &[u8]| {
            let right = it[11] == Kind::Right.byte();
            !right || it[10] != disposition.0 && u32_at(it, 0) != PortName::NULL.0
        };
        if cells.chunks_exact(PORT).any(is_other) {
            return Err(Bad::TYPE);
        }
        Ok(HeldRights::Inline(cells, PORT))
    }

    #[inline(always)]
    fn described(&mut self, kind: Kind) -> Result<&'m [u8], Bad> {
        let it = self.take(W::MEMORY)?;
        if it[11] == kind.byte() { Ok(it) } else { Err(Bad::TYPE) }
    }

    /// Memory.
    ///
    /// # Errors
    /// If the descriptor is another.
    #[inline(always)]
    pub fn memory(&mut self) -> Result<HeldMemory, Bad> {
        let it = self.described(Kind::Memory)?;
        Ok(HeldMemory(address_at::<W>(it, 0), u32_at(it, W::SIZE) as usize))
    }

    /// Memory of so many bytes.
    ///
    /// # Errors
    /// If the descriptor is another.
    #[inline(always)]
    pub fn memory_of(&mut self, size: usize) -> Result<HeldMemory, Bad> {
        let it = self.memory()?;
        if it.1 == size { Ok(it) } else { Err(Bad::TYPE) }
    }

    /// An array of rights in memory.
    ///
    /// # Errors
    /// If the descriptor is another.
    #[inline(always)]
    pub fn rights_memory(&mut self, disposition: Disposition) -> Result<HeldMemory, Bad> {
        let it = self.described(Kind::Rights)?;
        let size = (u32_at(it, W::SIZE) as usize).checked_mul(NAME).ok_or(Bad::TYPE)?;
        if it[10] == disposition.0 { Ok(HeldMemory(address_at::<W>(it, 0), size)) } else { Err(Bad::TYPE) }
    }

    /// An array of so many rights in memory.
    ///
    /// # Errors
    /// If the descriptor is another.
    #[inline(always)]
    pub fn rights_memory_of(&mut self, disposition: Disposition, count: usize) -> Result<HeldMemory, Bad> {
        let it = self.rights_memory(disposition)?;
        if it.1 == count * NAME { Ok(it) } else { Err(Bad::TYPE) }
    }
}

/// One method for each kind of number.
macro_rules! numbers {
    ($($name:ident)*) => {
        impl<W: Row> Body<'_, W> { $(
            /// A number.
            ///
            /// # Errors
            /// If the message ends before.
            #[inline(always)]
            pub fn $name(&mut self) -> Result<$name, Bad> {
                let mut bytes = [0; size_of::<$name>()];
                bytes.copy_from_slice(self.take(size_of::<$name>())?);
                Ok($name::from_le_bytes(bytes))
            }
        )* }
    };
}
numbers! { u8 i8 u16 i16 u32 i32 u64 i64 f32 f64 }

/// Data.
impl<'m, W: Row> Body<'m, W> {
    /// The NDR record, whatever it says: every ABI here is little-endian, and C's stubs do not look at it either.
    ///
    /// # Errors
    /// If the message ends before.
    #[inline(always)]
    pub fn ndr(&mut self) -> Result<(), Bad> {
        self.take(8).map(|_| ())
    }

    /// A truth value: anything but 0 is true.
    ///
    /// # Errors
    /// If the message ends before.
    #[inline(always)]
    pub fn bool(&mut self) -> Result<bool, Bad> {
        Ok(self.u32()? != 0)
    }

    /// A port name, which is a number and carries no right.
    ///
    /// # Errors
    /// If the message ends before.
    #[inline(always)]
    pub fn name(&mut self) -> Result<PortName, Bad> {
        Ok(PortName(self.u32()?))
    }

    /// An array or structure of constant length, where it stands.
    ///
    /// # Errors
    /// If the message ends before.
    #[inline(always)]
    pub fn array<E: Plain>(&mut self) -> Result<&'m E, Bad> {
        let field = self.take(size_of::<E>())?;
        as_elements(field).and_then(<[E]>::first).ok_or(Bad::ARGUMENTS)
    }

    /// A structure, or a number with a type of its own.
    ///
    /// # Errors
    /// If the message ends before.
    #[inline(always)]
    pub fn form<S: Form<W>>(&mut self) -> Result<S, Bad> {
        self.array::<S::Base>().map(S::read)
    }

    #[inline(always)]
    fn count(&mut self, max: usize) -> Result<usize, Bad> {
        let count = self.u32()? as usize;
        if count <= max { Ok(count) } else { Err(Bad::ARGUMENTS) }
    }

    #[inline(always)]
    fn elements<E: Plain>(&mut self, count: usize) -> Result<&'m [E], Bad> {
        // `count` is at most a maximum of the definition, whose bytes fit into 32 bits.
        as_elements(self.take(count * size_of::<E>())?).ok_or(Bad::ARGUMENTS)
    }

    /// A counted array of up to `max` elements, where it stands.
    ///
    /// # Errors
    /// If there are more, or the message ends before.
    #[inline(always)]
    pub fn counted<E: Plain>(&mut self, max: usize) -> Result<&'m [E], Bad> {
        let count = self.count(max)?;
        self.elements(count)
    }

    /// An array of up to `max` elements that an earlier array's count counts too (`SameCount`).
    ///
    /// # Errors
    /// As [`counted`](Body::counted).
    #[inline(always)]
    pub fn same<E: Plain>(&mut self, count: usize, max: usize) -> Result<&'m [E], Bad> {
        if count > max { Err(Bad::ARGUMENTS) } else { self.elements(count) }
    }

    /// A counted array of up to `max` elements that are no plain ones, where it stands.
    ///
    /// # Errors
    /// As [`counted`](Body::counted).
    pub fn packed<E>(&mut self, layout: Layout<E>, max: usize) -> Result<Elements<'m, E>, Bad> {
        let count = self.count(max)?;
        self.same_packed(layout, count, max)
    }

    /// An array of up to `max` elements that are no plain ones, and that an earlier array's count counts too.
    ///
    /// # Errors
    /// As [`counted`](Body::counted).
    pub fn same_packed<E>(&mut self, layout: Layout<E>, count: usize, max: usize) -> Result<Elements<'m, E>, Bad> {
        if count > max {
            return Err(Bad::ARGUMENTS);
        }
        Ok(Elements::new(self.take(count * layout.size())?, layout))
    }

    #[inline(always)]
    fn bounded_text(&mut self, max: usize) -> Result<&'m [u8], Bad> {
        // Its offset is always 0, and nobody reads it.
        self.u32()?;
        self.counted(max)
    }

    /// `c_string[*:max]`: the text up to its NUL.
    ///
    /// # Errors
    /// If there are more bytes, or the message ends before; a text without a NUL is refused by `end`.
    #[inline(always)]
    pub fn text(&mut self, max: usize) -> Result<Text<'m>, Bad> {
        let field = self.bounded_text(max)?;
        self.check_text(field.contains(&0));
        Ok(Text::until_nul(field))
    }

    /// `c_string[size]`: the text up to its NUL.
    ///
    /// # Errors
    /// As [`text`](Body::text).
    #[inline(always)]
    pub fn fixed_text(&mut self, size: usize) -> Result<Text<'m>, Bad> {
        let field = self.take(size)?;
        self.check_text(field.contains(&0));
        Ok(Text::until_nul(field))
    }

    /// `c_string[*:max]` of a reply, which may lack its NUL.
    #[inline(always)]
    pub(super) fn loose_text(&mut self, max: usize) -> Result<Text<'m>, Bad> {
        self.bounded_text(max).map(Text::until_nul)
    }

    /// `c_string[size]` of a reply, which may lack its NUL.
    #[inline(always)]
    pub(super) fn loose_fixed_text(&mut self, size: usize) -> Result<Text<'m>, Bad> {
        self.take(size).map(Text::until_nul)
    }

    /// How many elements the client has room for, at most `max` (`CountInOut`).
    ///
    /// # Errors
    /// If the message ends before.
    #[inline(always)]
    pub fn room(&mut self, max: usize) -> Result<usize, Bad> {
        Ok((self.u32()? as usize).min(max))
    }

    /// The count of elements of `size` bytes in memory; another than the descriptor's is refused by `end`.
    ///
    /// # Errors
    /// If the message ends before.
    #[inline(always)]
    pub fn count_of(&mut self, held: &HeldMemory, size: usize) -> Result<(), Bad> {
        let count = u64::from(self.u32()?);
        self.check_count(count * size as u64 == held.1 as u64);
        Ok(())
    }

    /// [`count_of`](Body::count_of) for up to `max` elements.
    ///
    /// # Errors
    /// As [`count_of`](Body::count_of).
    #[inline(always)]
    pub fn count_within(&mut self, held: &HeldMemory, size: usize, max: usize) -> Result<(), Bad> {
        self.count_of(held, size)?;
        self.check_count(held.1 as u64 <= size as u64 * max as u64);
        Ok(())
    }

    /// How many rights the descriptors of an array are meant to carry. Too many, and rights in others, are refused by
    /// `end`.
    ///
    /// # Errors
    /// If the message ends before.
    pub fn count_of_rights(&mut self, held: &mut HeldRights<'m>) -> Result<(), Bad> {
        let count = self.u32()? as usize;
        self.same_rights(held, count);
        Ok(())
    }

    /// The same for rights that an earlier array's count counts too (`SameCount`).
    pub fn same_rights(&mut self, held: &mut HeldRights<'m>, count: usize) {
        if let HeldRights::Inline(cells, size) = held {
            let end = count.saturating_mul(*size);
            let rest = cells.get(end..);
            let unused = |it: &[u8]| it.chunks_exact(PORT).all(|it| u32_at(it, 0) == PortName::NULL.0);
            self.check_count(rest.is_some_and(unused));
            *cells = cells.get(..end).unwrap_or_default();
        }
    }
}

/// The trailer. It is looked at when everything before it was.
impl<'m, W: Row> Body<'m, W> {
    fn trailer(&self) -> Result<Trailer<'m>, Bad> {
        self.complete()?;
        let at = self.message.len().next_multiple_of(4);
        self.received.get(at..).map(Trailer::new).ok_or(Bad::TRAILER)
    }

    /// The message's number among those received from its port (`msgseqno`).
    ///
    /// # Errors
    /// If a check failed that had to wait; if the trailer lacks it.
    pub fn sequence(&self) -> Result<u32, Bad> {
        self.trailer()?.sequence().ok_or(Bad::TRAILER)
    }

    /// The sender's security token.
    ///
    /// # Errors
    /// As [`sequence`](Body::sequence).
    pub fn security_token(&self) -> Result<SecurityToken, Bad> {
        self.trailer()?.security().ok_or(Bad::TRAILER)
    }

    /// The sender's audit token.
    ///
    /// # Errors
    /// As [`sequence`](Body::sequence).
    pub fn audit_token(&self) -> Result<AuditToken, Bad> {
        self.trailer()?.audit().ok_or(Bad::TRAILER)
    }

    /// The context of the port that the message came to.
    ///
    /// # Errors
    /// As [`sequence`](Body::sequence).
    pub fn context(&self) -> Result<u64, Bad> {
        self.trailer()?.context().ok_or(Bad::TRAILER)
    }
}
