//! Values that travel in a plain form: structures, and numbers with a type of their own.

use core::mem::size_of;

use crate::error::KernReturn;
use crate::exchange::Row;
use crate::memory::{Address, Inherit, Plain, Protection, Size, Wide, as_bytes, read_element};
use crate::message::MsgId;
use crate::right::{Disposition, PortName, RightKind};

/// How a value stands in messages of the ABI `W`.
///
/// Generated structures implement it. A type of your own that is mapped to a type of a definition implements it by
/// hand; nothing is cast, so neither size nor layout of the Rust type matter.
pub trait Form<W>: Sized {
    /// The form that the definition gives it: a number, or an array of numbers.
    type Base: Plain;

    /// From a message.
    fn read(base: &Self::Base) -> Self;

    /// Into a message; `None` if the ABI has no room for the value, as for an address of 64 bits in one of 32.
    fn write(&self) -> Option<Self::Base>;
}

/// Fails to compile unless a mapped type has the form that the definition gives it. Generated code calls it in a
/// constant.
///
/// ```
/// struct Level(i32);
///
/// impl<W> mig_rt::Form<W> for Level {
///     type Base = i32;
///
///     fn read(base: &i32) -> Level {
///         Level(*base)
///     }
///
///     fn write(&self) -> Option<i32> {
///         Some(self.0)
///     }
/// }
///
/// // The definition says `MACH_MSG_TYPE_INTEGER_32`.
/// const _: () = mig_rt::assert_form::<mig_rt::typed::GnumachI386, Level, i32>();
/// ```
///
/// A type of another size is refused:
///
/// ```compile_fail,E0271
/// # struct Level(i64);
/// # impl<W> mig_rt::Form<W> for Level {
/// #     type Base = i64;
/// #     fn read(base: &i64) -> Level { Level(*base) }
/// #     fn write(&self) -> Option<i64> { Some(self.0) }
/// # }
/// const _: () = mig_rt::assert_form::<mig_rt::typed::GnumachI386, Level, i32>();
/// ```
pub const fn assert_form<W, S: Form<W, Base = B>, B: Plain>() {}

/// A number or array inside the plain form of a structure. Generated code reads structures with it.
///
/// # Panics
/// If it does not lie inside; generated code passes constants that do.
#[inline(always)]
pub fn field<F: Plain>(base: &[u8], at: usize) -> F {
    read_element(&base[at..])
}

/// Writes a number or array into the plain form of a structure. Generated code writes structures with it.
///
/// # Panics
/// As [`field`].
#[inline(always)]
pub fn put<F: Plain>(base: &mut [u8], at: usize, it: F) {
    base[at..][..size_of::<F>()].copy_from_slice(as_bytes(core::slice::from_ref(&it)));
}

/// The value that zeros stand for, where a message has none.
pub fn zero<W, S: Form<W>>() -> S {
    S::read(&S::Base::ZERO)
}

/// An integer of fewer bits.
///
/// # Errors
/// `KERN_INVALID_ARGUMENT` if it does not fit.
#[inline(always)]
pub fn narrow<A: TryInto<B>, B>(it: A) -> Result<B, KernReturn> {
    it.try_into().map_err(|_| KernReturn::INVALID_ARGUMENT)
}

/// A slice as an array of constant length.
///
/// # Errors
/// `MIG_ARRAY_TOO_LARGE` if it has another length.
pub fn exactly<E, const N: usize>(it: &[E]) -> Result<&[E; N], KernReturn> {
    it.try_into().map_err(|_| KernReturn::MIG_ARRAY_TOO_LARGE)
}

macro_rules! forms {
    ($($type:ty as $base:ty: |$read:ident| $to:expr, |$write:ident| $from:expr;)*) => { $(
        impl<W> Form<W> for $type {
            type Base = $base;

            #[inline(always)]
            fn read($read: &$base) -> Self {
                $to
            }

            #[inline(always)]
            fn write(&self) -> Option<$base> {
                let $write = self;
                Some($from)
            }
        }
    )* };
}

forms! {
    u8 as u8: |it| *it, |it| *it;
    i8 as i8: |it| *it, |it| *it;
    u16 as u16: |it| *it, |it| *it;
    i16 as i16: |it| *it, |it| *it;
    u32 as u32: |it| *it, |it| *it;
    i32 as i32: |it| *it, |it| *it;
    f32 as f32: |it| *it, |it| *it;
    u64 as Wide<u64>: |it| it.get(), |it| Wide::new(*it);
    i64 as Wide<i64>: |it| it.get(), |it| Wide::new(*it);
    f64 as Wide<f64>: |it| it.get(), |it| Wide::new(*it);
    Wide<u64> as Wide<u64>: |it| *it, |it| *it;
    Wide<i64> as Wide<i64>: |it| *it, |it| *it;
    Wide<f64> as Wide<f64>: |it| *it, |it| *it;
    bool as u32: |it| *it != 0, |it| (*it).into();
    PortName as u32: |it| PortName(*it), |it| it.0;
    RightKind as u32: |it| RightKind(*it), |it| it.0;
    MsgId as i32: |it| MsgId(*it), |it| it.0;
    Protection as i32: |it| Protection(*it), |it| it.0;
    Inherit as i32: |it| Inherit(*it), |it| it.0;
    Disposition as u32: |it| Disposition(*it as u8), |it| it.0.into();
    // C's `kern_return_t` where it is an argument: the code of an answer that comes as a message of its own.
    Result<(), KernReturn> as i32: |it| KernReturn::check(*it), |it| it.err().map_or(0, KernReturn::code);
}

impl<W, S: Form<W>, const N: usize> Form<W> for [S; N] {
    type Base = [S::Base; N];

    #[inline]
    fn read(base: &Self::Base) -> Self {
        core::array::from_fn(|it| S::read(&base[it]))
    }

    #[inline]
    fn write(&self) -> Option<Self::Base> {
        let mut fits = true;
        let base = core::array::from_fn(|it| {
            let base = self[it].write();
            fits &= base.is_some();
            // What stands in for it is never sent.
            base.unwrap_or(S::Base::ZERO)
        });
        fits.then_some(base)
    }
}

/// A pointer-sized number as an element of an array, by the size of the ABI's pointers.
macro_rules! words {
    ($($type:ident)*) => { $(
        impl<W: Row> Form<W> for $type {
            type Base = W::Word;

            #[inline]
            fn read(base: &W::Word) -> Self {
                $type(W::word(*base))
            }

            #[inline]
            fn write(&self) -> Option<W::Word> {
                W::from_word(self.0)
            }
        }
    )* };
}
words! { Address Size }
