//! How the elements of an array stand in memory.

use core::fmt;
use core::mem::{MaybeUninit, size_of};

use crate::abi::AbiId;
use crate::error::KernReturn;
use crate::form::Form;
use crate::memory::{Address, Plain, Size, Wide, as_bytes, read_element};

/// A type that arrays are made of.
///
/// A plain element stands in messages as it stands in Rust. A structure has a [`Layout`] for each ABI, and is read
/// and written one by one.
pub trait Element: Copy + 'static {
    /// How it stands in memory that no message has fixed yet: a region that a server makes.
    const LAYOUT: Layout<Self>;
}

impl<E: Plain> Element for E {
    const LAYOUT: Layout<E> = Layout { size: size_of::<E>(), abis: ALL, read: read_element, write: write_element };
}

/// As in an ABI of 64 bits.
impl Element for Address {
    const LAYOUT: Layout<Address> = Layout {
        size: 8,
        abis: bit(AbiId::GnumachX8664) | bit(AbiId::GnumachX8664v2022) | bit(AbiId::DarwinLp64),
        read: |it| Address(read_element::<Wide<u64>>(it).get()),
        write: |it, to| write_element(&Wide::new(it.0), to),
    };
}

/// As in an ABI of 64 bits.
impl Element for Size {
    const LAYOUT: Layout<Size> = Layout {
        size: 8,
        abis: Address::LAYOUT.abis,
        read: |it| Size(read_element::<Wide<u64>>(it).get()),
        write: |it, to| write_element(&Wide::new(it.0), to),
    };
}

/// How an element stands in memory: its bytes, and how to read and write them.
pub struct Layout<E> {
    size: usize,
    /// The ABIs that lay it out so, a bit for each.
    abis: u8,
    read: fn(&[u8]) -> E,
    /// `false` if the layout has no room for the value.
    write: fn(&E, &mut [u8]) -> bool,
}

const ALL: u8 = u8::MAX;

const fn bit(abi: AbiId) -> u8 {
    1 << abi as u8
}

impl<E> Layout<E> {
    /// The layout of one ABI.
    pub const fn of<W>(abi: AbiId) -> Layout<E>
    where
        E: Form<W>,
    {
        Layout {
            size: size_of::<E::Base>(),
            abis: bit(abi),
            read: |it| E::read(&read_element(it)),
            write: |it, to| it.write().is_some_and(|it| write_element(&it, to)),
        }
    }

    /// The layout of every ABI, which is that of `W`.
    pub const fn everywhere<W>() -> Layout<E>
    where
        E: Form<W>,
    {
        Layout { abis: ALL, ..Layout::of::<W>(AbiId::GnumachI386) }
    }

    /// Bytes of an element.
    #[inline(always)]
    pub const fn size(&self) -> usize {
        self.size
    }

    /// Whether messages of this ABI have elements laid out so.
    #[inline]
    pub(crate) const fn is_of(&self, abi: AbiId) -> bool {
        self.abis & bit(abi) != 0
    }

    #[inline]
    pub(crate) fn read(&self, from: &[u8]) -> E {
        (self.read)(from)
    }

    #[inline]
    pub(crate) fn write(&self, it: &E, to: &mut [u8]) -> bool {
        (self.write)(it, to)
    }
}

impl<E> Clone for Layout<E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for Layout<E> {}

impl<E> fmt::Debug for Layout<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Layout of {} bytes", self.size)
    }
}

fn write_element<E: Plain>(it: &E, to: &mut [u8]) -> bool {
    to[..size_of::<E>()].copy_from_slice(as_bytes(core::slice::from_ref(it)));
    true
}

/// Elements where they stand in a message or region: they are copied out, because the sender chose their alignment.
#[derive(Clone, Debug)]
pub struct Elements<'a, E> {
    rest: &'a [u8],
    layout: Layout<E>,
}

impl<'a, E> Elements<'a, E> {
    /// No elements.
    pub fn none(layout: Layout<E>) -> Elements<'static, E> {
        Elements::new(&[], layout)
    }

    #[inline]
    pub(crate) fn new(bytes: &'a [u8], layout: Layout<E>) -> Elements<'a, E> {
        Elements { rest: bytes, layout }
    }

    /// All bytes of what is left.
    pub fn bytes(&self) -> &'a [u8] {
        self.rest
    }

    /// How many are left.
    pub fn len(&self) -> usize {
        self.rest.len() / self.layout.size
    }

    /// Whether none is left.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Copies as many as both sides have, and says how many that were.
    pub fn copy_to(self, to: &mut [E]) -> usize {
        let count = self.len().min(to.len());
        to.iter_mut().zip(self).for_each(|(to, it)| *to = it);
        count
    }
}

impl<E> Iterator for Elements<'_, E> {
    type Item = E;

    fn next(&mut self) -> Option<E> {
        let (first, rest) = self.rest.split_at_checked(self.layout.size)?;
        self.rest = rest;
        Some(self.layout.read(first))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.len(), Some(self.len()))
    }
}

impl<E> ExactSizeIterator for Elements<'_, E> {}

/// An array of results that are no plain elements, filled where it will be sent from.
#[derive(Debug)]
pub struct PackedRoom<'r, E> {
    room: &'r mut [MaybeUninit<u8>],
    len: usize,
    layout: Layout<E>,
}

impl<'r, E> PackedRoom<'r, E> {
    #[inline]
    pub(crate) fn new(room: &'r mut [MaybeUninit<u8>], layout: Layout<E>) -> PackedRoom<'r, E> {
        PackedRoom { room, len: 0, layout }
    }

    /// Elements that fit, or fewer if the client has asked for fewer.
    pub fn capacity(&self) -> usize {
        self.room.len() / self.layout.size
    }

    /// Elements written so far.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether none is written.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Makes it smaller.
    pub fn limit(mut self, max: usize) -> Self {
        if max < self.capacity() {
            let room = core::mem::take(&mut self.room);
            self.room = &mut room[..max * self.layout.size];
        }
        self
    }

    /// Adds an element; `false` if there is no room, or if the ABI has none for its value.
    #[must_use = "an element that does not fit is not sent"]
    pub fn push(&mut self, element: &E) -> bool {
        let Some(place) =
            self.room.get_mut(self.len * self.layout.size..).and_then(|it| it.get_mut(..self.layout.size))
        else {
            return false;
        };
        place.fill(MaybeUninit::new(0));
        // SAFETY: every byte of the place was written just now.
        let place = unsafe { core::slice::from_raw_parts_mut(place.as_mut_ptr().cast(), place.len()) };
        let fits = self.layout.write(element, place);
        self.len += usize::from(fits);
        fits
    }

    /// Adds elements, all or none.
    ///
    /// # Errors
    /// `MIG_ARRAY_TOO_LARGE` if they do not all fit; `KERN_INVALID_ARGUMENT` if the ABI has no room for a value.
    pub fn extend(&mut self, elements: &[E]) -> Result<(), KernReturn> {
        if elements.len() > self.capacity() - self.len {
            return Err(KernReturn::MIG_ARRAY_TOO_LARGE);
        }
        if elements.iter().all(|it| self.push(it)) { Ok(()) } else { Err(KernReturn::INVALID_ARGUMENT) }
    }

    /// The bytes of the elements written so far.
    pub(crate) fn written(&self) -> &[u8] {
        // SAFETY: `push` wrote every byte of the first `len` elements.
        unsafe { core::slice::from_raw_parts(self.room.as_ptr().cast(), self.len * self.layout.size) }
    }

    /// How many are to be sent; the borrow of the reply ends.
    pub fn filled(self) -> usize {
        self.len
    }
}
