//! The numbers of the two ABIs.

use super::descriptor;
use super::recovered::take_next;
use crate::abi::AbiId;
use crate::bytes::u32_at;
use crate::error::KernReturn;
use crate::exchange::{self, RecoveredItem, Untyped, release_name};
use crate::memory::Wide;
use crate::right::{Disposition, PortName};
use crate::serve::{Dispatch, Dispatcher};
use crate::trailer::MAX_TRAILER;
use crate::transport::Transport;

/// A row of the table of untyped ABIs. Sealed; generated code names one once, as `W`.
pub trait Row: exchange::Row<Family = Untyped> {
    /// Bytes of a descriptor of memory.
    const MEMORY: usize;
    /// Where the size stands in it; the address stands first.
    const SIZE: usize;
}

/// Bytes of a descriptor of one right.
pub(super) const PORT: usize = 12;
/// Where the number of descriptors stands, if a message is complex; the descriptors follow.
pub(super) const COUNT: usize = 24;
/// Little-endian integers, ASCII, IEEE floats: what `NDR_record` is on every machine of Darwin.
pub(super) const NDR: [u8; 8] = [0, 0, 0, 0, 1, 0, 0, 0];

macro_rules! row {
    ($(#[$meta:meta])* $name:ident: address $address:literal of $word:ty, memory $memory:literal, size $size:literal) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name;

        impl exchange::sealed::Sealed for $name {}

        impl exchange::Row for $name {
            type Family = Untyped;
            type Word = $word;
            const ABI: AbiId = AbiId::$name;
            const HEADER: usize = 24;
            const LOCAL: usize = 12;
            const SEQUENCE: usize = 16;
            const ID: usize = 20;
            const ALIGN: usize = 4;
            const ADDRESS: usize = $address;
            const CODE: usize = 32;
            const BARE: usize = 36;
            const SUCCESS: [u8; 16] = {
                let [a, b, c, d, e, f, g, h] = NDR;
                [a, b, c, d, e, f, g, h, 0, 0, 0, 0, 0, 0, 0, 0]
            };
            const TRAILER: usize = MAX_TRAILER;

            fn dispatcher<T: Transport, S: ?Sized>(it: Dispatch<T, S, Self>) -> Dispatcher<T, S> {
                Dispatcher::$name(it)
            }

            #[inline(always)]
            fn dispatch<T: Transport, S: ?Sized>(it: &Dispatcher<T, S>) -> Option<Dispatch<T, S, Self>> {
                if let Dispatcher::$name(it) = it { Some(*it) } else { None }
            }

            // Code -309 is `MIG_DESTROY_REQUEST` in the other family only.
            #[inline(always)]
            fn is_silent(code: KernReturn) -> bool {
                code == KernReturn::MIG_NO_REPLY
            }

            #[inline(always)]
            fn drop_unasked<T: Transport>(message: &[u8], via: &T) {
                drop_voucher(message, via);
            }

            fn release<T: Transport>(message: &[u8], via: T) {
                descriptor::release::<T, Self>(message, via);
            }

            fn abandon<T: Transport>(message: &[u8], via: T) {
                descriptor::abandon::<T, Self>(message, via);
            }

            fn take_next<T: Transport>(
                message: &mut [u8],
                _: &mut usize,
                index: &mut usize,
                via: &T,
            ) -> Option<RecoveredItem<T>> {
                take_next::<T, Self>(message, index, via)
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
            const MEMORY: usize = $memory;
            const SIZE: usize = $size;
        }
    };
}

row! {
    /// `darwin-lp64`
    DarwinLp64: address 8 of Wide<u64>, memory 16, size 12
}
row! {
    /// `darwin-ilp32`
    DarwinIlp32: address 4 of u32, memory 12, size 4
}

/// The voucher of a received message: kernels deliver one only to those who ask, and nothing here keeps it.
#[inline(always)]
fn drop_voucher<T: Transport>(message: &[u8], via: &T) {
    if u32_at(message, 0) & 0x1f_0000 != 0 {
        drop_voucher_right(message, via.clone());
    }
}

/// By value: an address of the handle would keep what it is a part of out of registers on every path.
#[cold]
#[inline(never)]
fn drop_voucher_right<T: Transport>(message: &[u8], via: T) {
    let disposition = Disposition((u32_at(message, 0) >> 16) as u8 & 0x1f);
    if let Some(kind) = disposition.owned() {
        release_name(PortName(u32_at(message, 16)), kind, &via);
    }
}
