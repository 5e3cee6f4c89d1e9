//! Out-of-line and indefinite data in a message being built.

use core::mem::{MaybeUninit, size_of};

use super::items::data_size;
use super::outgoing::per;
use super::row::{Row, Ty};
use crate::element::Layout;
use crate::error::{Error, KernReturn, Result};
use crate::exchange::{Outgoing, Typed, drop_memory, round};
use crate::memory::{Address, Plain, as_bytes};
use crate::region::{Give, Region};
use crate::transport::Transport;

impl<'b, T: Transport, W: Row> Outgoing<'b, T, W, Typed> {
    /// Data out of line which the receiver gets a copy of.
    ///
    /// # Errors
    /// As [`Transport::lend`]; `KERN_INVALID_ADDRESS` if the ABI's addresses are too short for it;
    /// `MIG_ARRAY_TOO_LARGE` if the type word has no room for the number of elements.
    #[inline(always)]
    pub fn lend<E: Plain>(&mut self, ty: Ty, data: &'b [E]) -> Result<(), KernReturn> {
        let ty = ty.out_of_line::<W>(false).counting::<W>(data.len(), per::<E, W>(ty))?;
        let address = self.via.lend(as_bytes(data))?;
        self.memory_item(ty, address)
    }

    /// A region out of line which the receiver gets.
    ///
    /// # Errors
    /// `KERN_INVALID_ADDRESS` if the ABI's addresses are too short for it; `MIG_ARRAY_TOO_LARGE` if the type word has
    /// no room for the number of elements.
    #[inline(always)]
    pub fn surrender<E: Plain>(&mut self, ty: Ty, region: Region<T, E>) -> Result<(), KernReturn> {
        let ty = ty.out_of_line::<W>(true).counting::<W>(region.len(), per::<E, W>(ty))?;
        let address = self.via.surrender(region.into_memory());
        self.memory_item(ty, address)
    }

    /// Data out of line: the sender decides whether it keeps the memory (`Dealloc[]`).
    ///
    /// # Errors
    /// As [`lend`](Outgoing::lend) and [`surrender`](Outgoing::surrender).
    #[inline]
    pub fn give<E: Plain>(&mut self, ty: Ty, data: Give<'b, T, E>) -> Result<(), KernReturn> {
        match data {
            Give::Lend(it) => self.lend(ty, it),
            Give::Move(it) => self.surrender(ty, it),
        }
    }

    /// An indefinite array: in line up to `max` elements, lent out of line above.
    ///
    /// # Errors
    /// As [`lend`](Outgoing::lend).
    #[inline(always)]
    pub fn indefinite<E: Plain>(&mut self, ty: Ty, max: usize, data: &'b [E]) -> Result<(), KernReturn> {
        if data.len() > max {
            return self.lend(ty, data);
        }
        self.counted_unchecked(ty, data);
        Ok(())
    }

    /// An indefinite array of which a region may be given up; one that goes in line is freed here.
    ///
    /// # Errors
    /// As [`give`](Outgoing::give); [`Memory::bytes`](crate::Memory::bytes)'s for a region that goes in line.
    #[inline]
    pub fn indefinite_give<E: Plain>(&mut self, ty: Ty, max: usize, data: Give<'b, T, E>) -> Result<(), KernReturn> {
        match data {
            Give::Lend(it) => self.indefinite(ty, max, it),
            Give::Move(it) if it.len() > max => self.surrender(ty, it),
            Give::Move(it) => {
                let (data, end) = self.place_for(ty, it.len() * size_of::<E>());
                self.ty_at(self.at, ty.with_number::<W>(it.len() as u32 * per::<E, W>(ty)));
                self.copy_at(data, &it.bytes()?[..it.len() * size_of::<E>()]);
                self.at = end;
                Ok(())
            }
        }
    }

    /// An indefinite array of a reply: what the room at `from` took, or a region instead of it.
    ///
    /// # Errors
    /// As [`surrender`](Outgoing::surrender).
    #[inline]
    pub fn indefinite_in_place<E: Plain>(
        &mut self,
        ty: Ty,
        from: usize,
        count: usize,
        region: Option<Region<T, E>>,
    ) -> Result<(), KernReturn> {
        match region {
            Some(it) => self.surrender(ty, it),
            None => {
                self.counted_in_place::<E>(ty, from, count);
                Ok(())
            }
        }
    }

    /// A counted array of elements that are no plain ones.
    ///
    /// # Errors
    /// `MIG_ARRAY_TOO_LARGE` if it has more than `max` elements; `KERN_INVALID_ARGUMENT` if the ABI has no room for a
    /// value.
    pub fn packed<E>(&mut self, ty: Ty, layout: Layout<E>, max: usize, data: &[E]) -> Result<()> {
        if data.len() > max {
            return Err(Error::ARRAY_TOO_LARGE);
        }
        Ok(self.packed_unchecked(ty, layout, data)?)
    }

    fn packed_unchecked<E>(&mut self, ty: Ty, layout: Layout<E>, data: &[E]) -> Result<(), KernReturn> {
        let size = data.len() * layout.size();
        let start = self.at + ty.size::<W>();
        let end = start + round::<W>(size);
        let place = &mut self.buffer[start..end];
        place.fill(MaybeUninit::new(0));
        // SAFETY: every byte of the place was written just now.
        let place: &mut [u8] = unsafe { core::slice::from_raw_parts_mut(place.as_mut_ptr().cast(), place.len()) };
        if !place.chunks_exact_mut(layout.size()).zip(data).all(|(place, it)| layout.write(it, place)) {
            return Err(KernReturn::INVALID_ARGUMENT);
        }
        self.ty_at(self.at, ty.with_number::<W>(data.len() as u32 * packed_per::<E, W>(ty, layout)));
        self.at = end;
        Ok(())
    }

    /// An indefinite array of elements that are no plain ones: in line up to `max`, in a region of its own above.
    ///
    /// # Errors
    /// As [`Transport::allocate`]; `KERN_INVALID_ARGUMENT` if the ABI has no room for a value; `MIG_ARRAY_TOO_LARGE` as
    /// for [`surrender`](Outgoing::surrender).
    pub fn packed_indefinite<E: Copy>(
        &mut self,
        ty: Ty,
        layout: Layout<E>,
        max: usize,
        data: &[E],
    ) -> Result<(), KernReturn> {
        if data.len() > max {
            return self.packed_memory(ty, layout, data);
        }
        self.packed_unchecked(ty, layout, data)
    }

    /// Elements that are no plain ones, out of line in a region of their own.
    ///
    /// # Errors
    /// As [`packed_indefinite`](Outgoing::packed_indefinite).
    pub fn packed_memory<E: Copy>(&mut self, ty: Ty, layout: Layout<E>, data: &[E]) -> Result<(), KernReturn> {
        let region = Region::with_layout(&self.via, data.iter().copied(), layout)?;
        self.packed_surrender(ty, layout, region)
    }

    /// As [`packed_indefinite`](Outgoing::packed_indefinite), of which a region may be given up; one that goes in line
    /// is freed here.
    ///
    /// # Errors
    /// As [`packed_indefinite`](Outgoing::packed_indefinite); [`Memory::bytes`](crate::Memory::bytes)'s for a region
    /// that goes in line.
    pub fn packed_indefinite_give<E: Copy>(
        &mut self,
        ty: Ty,
        layout: Layout<E>,
        max: usize,
        data: Give<'_, T, E>,
    ) -> Result<(), KernReturn> {
        match data {
            Give::Lend(it) => self.packed_indefinite(ty, layout, max, it),
            Give::Move(it) if it.len() > max => self.packed_surrender(ty, layout, it),
            Give::Move(it) => {
                let size = it.len() * layout.size();
                let (data, end) = self.place_for(ty, size);
                let region = it.for_abi(&self.via, W::ABI, layout)?;
                self.ty_at(self.at, ty.with_number::<W>(region.len() as u32 * packed_per::<E, W>(ty, layout)));
                self.copy_at(data, &region.bytes()?[..size]);
                self.at = end;
                Ok(())
            }
        }
    }

    /// Elements that are no plain ones, out of line: the sender decides whether it keeps the memory (`Dealloc[]`).
    ///
    /// # Errors
    /// As [`packed_indefinite`](Outgoing::packed_indefinite).
    pub fn packed_give<E: Copy>(&mut self, ty: Ty, layout: Layout<E>, data: Give<'_, T, E>) -> Result<(), KernReturn> {
        match data {
            Give::Lend(it) => self.packed_memory(ty, layout, it),
            Give::Move(it) => self.packed_surrender(ty, layout, it),
        }
    }

    /// A region of elements that are no plain ones, which the receiver gets as its ABI has them.
    ///
    /// # Errors
    /// As [`packed_indefinite`](Outgoing::packed_indefinite), if the region must be made anew.
    pub fn packed_surrender<E>(&mut self, ty: Ty, layout: Layout<E>, region: Region<T, E>) -> Result<(), KernReturn> {
        let region = region.for_abi(&self.via, W::ABI, layout)?;
        let ty = ty.out_of_line::<W>(true).counting::<W>(region.len(), packed_per::<E, W>(ty, layout))?;
        let address = self.via.surrender(region.into_memory());
        self.memory_item(ty, address)
    }

    /// An array that a [`PackedRoom`](crate::PackedRoom) at `from` took.
    pub fn packed_in_place<E>(&mut self, ty: Ty, layout: Layout<E>, from: usize, count: usize) {
        let size = layout.size() * count;
        let (data, end) = self.place_for_moved(ty, from, size);
        self.buffer[data + size..end].fill(MaybeUninit::new(0));
        self.ty_at(self.at, ty.with_number::<W>(count as u32 * packed_per::<E, W>(ty, layout)));
        self.at = end;
    }

    fn place_for_moved(&mut self, ty: Ty, from: usize, size: usize) -> (usize, usize) {
        let data = self.at + ty.size::<W>();
        if from != data {
            self.buffer.copy_within(from..from + size, data);
        }
        (data, data + round::<W>(size))
    }

    /// An indefinite array of a reply: what the room at `from` took, or a region instead of it.
    ///
    /// # Errors
    /// As [`packed_surrender`](Outgoing::packed_surrender).
    pub fn packed_indefinite_in_place<E>(
        &mut self,
        ty: Ty,
        layout: Layout<E>,
        from: usize,
        count: usize,
        region: Option<Region<T, E>>,
    ) -> Result<(), KernReturn> {
        match region {
            Some(it) => self.packed_surrender(ty, layout, it),
            None => {
                self.packed_in_place(ty, layout, from, count);
                Ok(())
            }
        }
    }

    /// Address and type word of an out-of-line item. The word comes last: until both are there, nothing is.
    #[inline(always)]
    pub(super) fn memory_item(&mut self, ty: Ty, address: Address) -> Result<(), KernReturn> {
        let word = self.at;
        self.at += ty.size::<W>();
        match self.put_address(address) {
            Ok(()) => {
                self.ty_at(word, ty);
                self.complex = true;
                Ok(())
            }
            Err(code) => {
                self.at = word;
                self.take_back_memory(ty, address);
                Err(code)
            }
        }
    }

    #[cold]
    fn take_back_memory(&mut self, ty: Ty, address: Address) {
        let size = data_size::<W>(ty);
        if ty.deallocates::<W>() {
            // SAFETY: the address was surrendered a moment ago, and no item carries it.
            unsafe { drop_memory(address, size, ty.disposition::<W>(), &self.via) };
        } else {
            self.via.unlend(address, size);
        }
    }

    /// Where the data of an item of this size stand, and where it ends; its padding is zeroed.
    #[inline]
    pub(super) fn place_for(&mut self, ty: Ty, size: usize) -> (usize, usize) {
        let data = self.at + ty.size::<W>();
        let end = data + round::<W>(size);
        self.buffer[data + size..end].fill(MaybeUninit::new(0));
        (data, end)
    }
}

/// Wire elements in each element that is no plain one.
#[inline]
pub(super) fn packed_per<E, W: Row>(ty: Ty, layout: Layout<E>) -> u32 {
    layout.size() as u32 * 8 / ty.bits::<W>()
}
