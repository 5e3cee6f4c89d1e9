//! Data in and out of messages: plain elements, regions of memory, and data that may be either.

use core::fmt;
use core::mem::{align_of, size_of};

use crate::error::KernReturn;
use crate::message::MsgId;
use crate::right::{PortName, RightKind};

/// An address or offset in some task, whatever its size (`vm_offset_t`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
#[repr(transparent)]
pub struct Address(pub u64);

/// A number of bytes in some task (`vm_size_t`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
#[repr(transparent)]
pub struct Size(pub u64);

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({:#x})", self.0)
    }
}

impl fmt::Debug for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Size({:#x})", self.0)
    }
}

/// What may be done with memory (`vm_prot_t`): bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default)]
#[repr(transparent)]
pub struct Protection(pub i32);

impl Protection {
    /// Nothing.
    pub const NONE: Protection = Protection(0);
    /// Read.
    pub const READ: Protection = Protection(1);
    /// Write.
    pub const WRITE: Protection = Protection(2);
    /// Execute.
    pub const EXECUTE: Protection = Protection(4);
    /// Read and write: what new memory has.
    pub const DEFAULT: Protection = Protection(3);
    /// Everything.
    pub const ALL: Protection = Protection(7);
    /// As it was (`VM_PROT_NO_CHANGE`); only where a pager says what to lock.
    pub const NO_CHANGE: Protection = Protection(8);

    /// Both.
    pub const fn with(self, other: Protection) -> Protection {
        Protection(self.0 | other.0)
    }

    /// Whether every bit of `other` is set.
    pub const fn has(self, other: Protection) -> bool {
        self.0 & other.0 == other.0
    }
}

/// What a new task gets of its parent's memory (`vm_inherit_t`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[repr(transparent)]
pub struct Inherit(pub i32);

impl Inherit {
    /// The memory itself.
    pub const SHARE: Inherit = Inherit(0);
    /// A copy: what new memory has.
    pub const COPY: Inherit = Inherit(1);
    /// Nothing.
    pub const NONE: Inherit = Inherit(2);
}

/// Received memory. Dropping it gives it back.
pub trait Memory {
    /// Bytes.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All of it, brought in and contiguous. Pages seen through it do not change: writers get copies.
    ///
    /// # Errors
    /// The kernel's code, if a memory manager does not supply a page.
    fn bytes(&self) -> Result<&[u8], KernReturn>;
}

mod sealed {
    pub trait Sealed {}
}

/// An element that arrays of a message are made of: no padding, every bit pattern valid, aligned to at most four
/// bytes, since nothing in a message is aligned to more. Sealed.
pub trait Plain: Copy + sealed::Sealed + 'static {
    /// All bits zero.
    const ZERO: Self;
}

/// A 64-bit element: messages align it to four bytes only.
#[derive(Clone, Copy, Default)]
#[repr(C, packed(4))]
pub struct Wide<E>(E);

impl<E: Copy> Wide<E> {
    /// Wraps a number.
    #[inline(always)]
    pub const fn new(it: E) -> Wide<E> {
        Wide(it)
    }

    /// The number.
    #[inline(always)]
    pub const fn get(self) -> E {
        self.0
    }
}

impl<E: Copy> From<E> for Wide<E> {
    #[inline(always)]
    fn from(it: E) -> Wide<E> {
        Wide(it)
    }
}

impl From<Wide<u64>> for u64 {
    #[inline(always)]
    fn from(it: Wide<u64>) -> u64 {
        it.get()
    }
}

impl<E: Copy + PartialEq> PartialEq for Wide<E> {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl<E: Copy + Eq> Eq for Wide<E> {}

impl<E: Copy + fmt::Debug> fmt::Debug for Wide<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

macro_rules! plain {
    ($($type:ty = $zero:expr;)*) => { $(
        impl sealed::Sealed for $type {}
        impl Plain for $type {
            const ZERO: $type = $zero;
        }
    )* };
}
plain! {
    u8 = 0; i8 = 0; u16 = 0; i16 = 0; u32 = 0; i32 = 0; f32 = 0.0;
    Wide<u64> = Wide(0); Wide<i64> = Wide(0); Wide<f64> = Wide(0.0);
    PortName = PortName::NULL; RightKind = RightKind(0); MsgId = MsgId(0);
    Protection = Protection(0); Inherit = Inherit(0);
}

impl<E: Plain, const N: usize> sealed::Sealed for [E; N] {}
impl<E: Plain, const N: usize> Plain for [E; N] {
    const ZERO: [E; N] = [E::ZERO; N];
}

/// The bytes of plain elements.
#[inline(always)]
pub(crate) fn as_bytes<E: Plain>(elements: &[E]) -> &[u8] {
    // SAFETY: `Plain` has no padding, so every byte is initialised; the lifetime is that of the elements.
    unsafe { core::slice::from_raw_parts(elements.as_ptr().cast(), size_of_val(elements)) }
}

/// The bytes of plain elements, to be written.
#[inline(always)]
pub(crate) fn as_bytes_mut<E: Plain>(elements: &mut [E]) -> &mut [u8] {
    let size = size_of_val(elements);
    // SAFETY: as above, and every bit pattern is a valid element.
    unsafe { core::slice::from_raw_parts_mut(elements.as_mut_ptr().cast(), size) }
}

/// Plain elements where they stand; `None` if they are not aligned there. A tail shorter than an element is left out.
#[inline(always)]
pub(crate) fn as_elements<E: Plain>(bytes: &[u8]) -> Option<&[E]> {
    if bytes.as_ptr() as usize & (align_of::<E>() - 1) != 0 {
        return None;
    }
    // SAFETY: `Plain` accepts every bit pattern; the alignment was tested, and the length rounds down.
    Some(unsafe { core::slice::from_raw_parts(bytes.as_ptr().cast(), bytes.len() / size_of::<E>()) })
}

/// One element at the start of bytes which may be aligned to nothing.
pub(crate) fn read_element<E: Plain>(bytes: &[u8]) -> E {
    assert!(bytes.len() >= size_of::<E>(), "an element is cut off");
    // SAFETY: there are enough bytes, and `Plain` accepts every bit pattern.
    unsafe { bytes.as_ptr().cast::<E>().read_unaligned() }
}
