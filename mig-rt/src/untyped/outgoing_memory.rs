//! Memory in a message being built, and elements that are no plain ones.

use core::mem::MaybeUninit;

use super::descriptor::Kind;
use super::row::Row;
use crate::element::{Layout, PackedRoom};
use crate::error::{Error, KernReturn, Result};
use crate::exchange::{Outgoing, Untyped, drop_memory, round};
use crate::memory::{Address, Memory, Plain, as_bytes};
use crate::region::{Give, Region};
use crate::right::Disposition;
use crate::transport::Transport;

/// Memory is copied when it is written to.
const VIRTUAL_COPY: u8 = 1;
/// Memory is copied at once.
const PHYSICAL_COPY: u8 = 0;

impl<'b, T: Transport, W: Row> Outgoing<'b, T, W, Untyped> {
    /// Data which the receiver gets a copy of; how many elements.
    ///
    /// # Errors
    /// As [`Transport::lend`]; `KERN_INVALID_ADDRESS` if the ABI's addresses are too short for it;
    /// `MIG_ARRAY_TOO_LARGE` if they have 2³² bytes or more.
    #[inline(always)]
    pub fn lend<E: Plain>(&mut self, data: &'b [E]) -> Result<u32, KernReturn> {
        let bytes = as_bytes(data);
        let size = size_of_memory(bytes.len())?;
        let at = self.via.lend(bytes)?;
        self.memory(at, false, size)?;
        Ok(data.len() as u32)
    }

    /// A region which the receiver gets; how many elements.
    ///
    /// # Errors
    /// `KERN_INVALID_ADDRESS` if the ABI's addresses are too short for it; `MIG_ARRAY_TOO_LARGE` if it has 2³² bytes or
    /// more.
    #[inline(always)]
    pub fn surrender<E>(&mut self, region: Region<T, E>) -> Result<u32, KernReturn> {
        let count = region.len();
        let memory = region.into_memory();
        let size = size_of_memory(memory.len())?;
        let at = self.via.surrender(memory);
        self.memory(at, true, size)?;
        Ok(count as u32)
    }

    /// Data of which the sender decides whether it keeps the memory (`Dealloc[]`); how many elements.
    ///
    /// # Errors
    /// As [`lend`](Outgoing::lend) and [`surrender`](Outgoing::surrender).
    #[inline(always)]
    pub fn give<E: Plain>(&mut self, data: Give<'b, T, E>) -> Result<u32, KernReturn> {
        match data {
            Give::Lend(it) => self.lend(it),
            Give::Move(it) => self.surrender(it),
        }
    }

    /// Lets the kernel copy the memory of the descriptor before at once (`PhysicalCopy`).
    #[inline]
    pub fn physical_copy(&mut self) {
        self.put_at(self.at - W::MEMORY + 9, [PHYSICAL_COPY]);
    }

    /// Writes a descriptor of memory.
    #[inline(always)]
    fn memory(&mut self, at: Address, deallocate: bool, size: u32) -> Result<(), KernReturn> {
        self.describe(Kind::Memory, at, [deallocate.into(), VIRTUAL_COPY, 0], size, size as usize)
    }

    /// Writes a descriptor of an array of rights, which are in a region of their own.
    pub(super) fn names(&mut self, at: Address, disposition: Disposition, count: u32) -> Result<(), KernReturn> {
        let size = count as usize * crate::rights::NAME;
        self.describe(Kind::Rights, at, [1, 0, disposition.0], count, size)
    }

    /// Writes a descriptor of nothing.
    pub(super) fn nothing(&mut self, kind: Kind, disposition: Disposition) -> Result<(), KernReturn> {
        let copy = if kind == Kind::Rights { PHYSICAL_COPY } else { VIRTUAL_COPY };
        self.describe(kind, Address(0), [0, copy, disposition.0], 0, 0)
    }

    /// Writes a descriptor, whose memory it takes back if the address does not fit.
    #[inline(always)]
    fn describe(
        &mut self,
        kind: Kind,
        at: Address,
        [deallocate, copy, disposition]: [u8; 3],
        extent: u32,
        size: usize,
    ) -> Result<(), KernReturn> {
        let flags = [deallocate, copy, disposition, kind.byte()];
        if W::ADDRESS == 8 {
            self.put(at.0.to_le_bytes());
            self.put(flags);
            self.put(extent.to_le_bytes());
            return Ok(());
        }
        let Ok(short) = u32::try_from(at.0) else {
            take_back(at, size, deallocate != 0, Disposition(disposition), &self.via);
            return Err(KernReturn::INVALID_ADDRESS);
        };
        self.put(short.to_le_bytes());
        self.put(extent.to_le_bytes());
        self.put(flags);
        Ok(())
    }

    /// A counted array of elements that are no plain ones.
    ///
    /// # Errors
    /// `MIG_ARRAY_TOO_LARGE` if it has more than `max` elements; `KERN_INVALID_ARGUMENT` if the ABI has no room for a
    /// value.
    pub fn packed<E>(&mut self, layout: Layout<E>, max: usize, data: &[E]) -> Result<()> {
        if data.len() > max {
            return Err(Error::ARRAY_TOO_LARGE);
        }
        self.u32(data.len() as u32);
        Ok(self.packed_elements(layout, data)?)
    }

    /// An array of elements that are no plain ones, and that an earlier array's count counts too (`SameCount`).
    ///
    /// # Errors
    /// As [`packed`](Outgoing::packed); `MIG_ARRAY_TOO_LARGE` also if it has another number of elements.
    pub fn same_packed<E>(&mut self, layout: Layout<E>, count: usize, max: usize, data: &[E]) -> Result<()> {
        if data.len() != count || count > max {
            return Err(Error::ARRAY_TOO_LARGE);
        }
        Ok(self.packed_elements(layout, data)?)
    }

    fn packed_elements<E>(&mut self, layout: Layout<E>, data: &[E]) -> Result<(), KernReturn> {
        let end = self.at + round::<W>(data.len() * layout.size());
        let place = &mut self.buffer[self.at..end];
        place.fill(MaybeUninit::new(0));
        // SAFETY: every byte of the place was written just now.
        let place: &mut [u8] = unsafe { core::slice::from_raw_parts_mut(place.as_mut_ptr().cast(), place.len()) };
        if !place.chunks_exact_mut(layout.size()).zip(data).all(|(place, it)| layout.write(it, place)) {
            return Err(KernReturn::INVALID_ARGUMENT);
        }
        self.at = end;
        Ok(())
    }

    /// Elements that are no plain ones, in a region of their own; how many.
    ///
    /// # Errors
    /// As [`Transport::allocate`]; `KERN_INVALID_ARGUMENT` if the ABI has no room for a value; as
    /// [`surrender`](Outgoing::surrender).
    pub fn packed_memory<E: Copy>(&mut self, layout: Layout<E>, data: &[E]) -> Result<u32, KernReturn> {
        let region = Region::with_layout(&self.via, data.iter().copied(), layout)?;
        self.surrender(region)
    }

    /// A region of elements that are no plain ones, which the receiver gets as its ABI has them; how many.
    ///
    /// # Errors
    /// As [`packed_memory`](Outgoing::packed_memory), if the region must be made anew.
    pub fn packed_surrender<E>(&mut self, layout: Layout<E>, region: Region<T, E>) -> Result<u32, KernReturn> {
        let region = region.for_abi(&self.via, W::ABI, layout)?;
        self.surrender(region)
    }

    /// Elements that are no plain ones: the sender decides whether it keeps the memory (`Dealloc[]`); how many.
    ///
    /// # Errors
    /// As [`packed_memory`](Outgoing::packed_memory).
    pub fn packed_give<E: Copy>(&mut self, layout: Layout<E>, data: Give<'_, T, E>) -> Result<u32, KernReturn> {
        match data {
            Give::Lend(it) => self.packed_memory(layout, it),
            Give::Move(it) => self.packed_surrender(layout, it),
        }
    }

    /// What a room outside the message took, in a region of its own, or the region that the server gave instead; how
    /// many elements.
    ///
    /// # Errors
    /// As [`packed_memory`](Outgoing::packed_memory).
    pub fn packed_gather<E>(
        &mut self,
        layout: Layout<E>,
        room: PackedRoom<'_, E>,
        region: Option<Region<T, E>>,
    ) -> Result<u32, KernReturn> {
        if let Some(it) = region {
            return self.packed_surrender(layout, it);
        }
        let bytes = room.written();
        let memory = self.via.allocate(bytes.len(), &mut |to| to.copy_from_slice(bytes))?;
        self.surrender(Region::received(memory, layout))
    }
}

/// Bytes of memory, which a descriptor has 32 bits for.
#[inline(always)]
fn size_of_memory(bytes: usize) -> Result<u32, KernReturn> {
    u32::try_from(bytes).map_err(|_| KernReturn::MIG_ARRAY_TOO_LARGE)
}

#[cold]
fn take_back<T: Transport>(at: Address, size: usize, deallocate: bool, disposition: Disposition, via: &T) {
    if deallocate {
        // SAFETY: the address was surrendered a moment ago, and no descriptor carries it.
        unsafe { drop_memory(at, size, disposition, via) };
    } else {
        via.unlend(at, size);
    }
}
