//! Arrays of received rights.

use core::fmt;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;

use crate::bytes::u32_at;
use crate::error::{KernReturn, MigError};
use crate::memory::Memory;
use crate::right::{PortName, Right};
use crate::transport::Transport;

/// Rights of an array, in line or out of line: an iterator which owns what it has not yielded, the region included.
///
/// If the region cannot be read, because a memory manager fails, the iterator ends early; the rights that it names
/// are then beyond reach.
pub struct Rights<'m, T: Transport, R: Right<T>> {
    cells: Cells<'m, T>,
    next: usize,
    len: usize,
    via: T,
    right: PhantomData<R>,
}

enum Cells<'m, T: Transport> {
    Inline { bytes: &'m [u8], cell: usize },
    Memory(T::Memory),
}

/// Out of line, a name has four bytes in every ABI.
pub(crate) const NAME: usize = 4;

impl<'m, T: Transport, R: Right<T>> Rights<'m, T, R> {
    /// # Safety
    /// Each cell of `cell` bytes, at least four, begins with a name of which the caller gives one reference up.
    #[inline]
    pub(crate) unsafe fn inline(bytes: &'m [u8], cell: usize, via: T) -> Self {
        Rights { len: bytes.len() / cell, cells: Cells::Inline { bytes, cell }, next: 0, via, right: PhantomData }
    }

    /// # Safety
    /// The region holds names, of which the caller gives one reference each up.
    #[inline]
    pub(crate) unsafe fn memory(memory: T::Memory, via: T) -> Self {
        Rights { len: memory.len() / NAME, cells: Cells::Memory(memory), next: 0, via, right: PhantomData }
    }

    /// No rights.
    pub fn none(via: &T) -> Self {
        // SAFETY: there is no cell.
        unsafe { Rights::inline(&[], NAME, via.clone()) }
    }

    /// Puts rights into a region, from where they can be sent.
    ///
    /// # Errors
    /// As [`Transport::allocate`], before any right is taken; `KERN_INVALID_RIGHT`, after all are released, if one
    /// belongs to another port space.
    pub fn collect<I>(via: &T, rights: I) -> Result<Rights<'static, T, R>, KernReturn>
    where
        I: IntoIterator<Item = R, IntoIter: ExactSizeIterator>,
    {
        let mut rights = rights.into_iter();
        let mut foreign = false;
        let memory = via.allocate(rights.len() * NAME, &mut |to| {
            for cell in to.chunks_exact_mut(NAME) {
                let name = match rights.next() {
                    Some(it) if it.via() == via => it.into_raw(),
                    // Dropped: released where it belongs.
                    Some(_) => {
                        foreign = true;
                        PortName::NULL
                    }
                    None => PortName::NULL,
                };
                cell.copy_from_slice(&name.0.to_le_bytes());
            }
        })?;
        // SAFETY: the region was filled with names that came out of rights of this kind and space, or null.
        let collected = unsafe { Rights::memory(memory, via.clone()) };
        if foreign { Err(KernReturn::INVALID_RIGHT) } else { Ok(collected) }
    }

    /// Moves the rights into the caller's slice, and says how many. What was in their places is dropped.
    ///
    /// # Errors
    /// `MIG_ARRAY_TOO_LARGE` if there are more; the slice is full then, and the rest is released.
    pub fn store(self, to: &mut [R]) -> Result<usize, MigError> {
        let there = self.len();
        let stored = to.iter_mut().zip(self).map(|(to, it)| *to = it).count();
        if stored < there { Err(MigError::ARRAY_TOO_LARGE) } else { Ok(stored) }
    }

    /// The same in a region of their own, if they are not in one already.
    ///
    /// # Errors
    /// As [`Transport::allocate`]; the rights are released then.
    pub fn into_region(self, via: &T) -> Result<Rights<'static, T, R>, KernReturn> {
        match self.into_memory() {
            // SAFETY: the region and its names were this iterator's, which is gone.
            Ok(memory) => Ok(unsafe { Rights::memory(memory, via.clone()) }),
            Err(rights) => Rights::collect(via, rights),
        }
    }

    /// The names not yet yielded, still owned here.
    pub fn names(&self) -> impl Iterator<Item = PortName> + '_ {
        (self.next..self.len).map_while(|it| self.name(it))
    }

    #[inline]
    fn name(&self, index: usize) -> Option<PortName> {
        match &self.cells {
            Cells::Inline { bytes, cell } => Some(PortName(u32_at(bytes, index * cell))),
            Cells::Memory(it) => it.bytes().ok().map(|it| PortName(u32_at(it, index * NAME))),
        }
    }

    /// A region with the names, collected if they are not in one yet; the rights are the caller's from now on.
    ///
    /// # Errors
    /// As [`Transport::allocate`]; the rights are released then.
    pub(crate) fn into_names(self, via: &T) -> Result<T::Memory, KernReturn> {
        let rights = match self.into_memory() {
            Ok(it) => return Ok(it),
            Err(rights) => Rights::collect(via, rights)?,
        };
        // What was collected is in a region, and nothing of it was yielded.
        rights.into_memory().map_err(|_| KernReturn::FAILURE)
    }

    /// The region with its names, which the caller owns from now on; `None` if they are in line.
    pub(crate) fn into_memory(self) -> Result<T::Memory, Self> {
        if self.next != 0 || !matches!(self.cells, Cells::Memory(_)) {
            return Err(self);
        }
        match self.disarm() {
            Some(it) => Ok(it),
            None => unreachable!("it was tested to be a region"),
        }
    }

    /// Forgets the rights but not the handle and the region.
    fn disarm(self) -> Option<T::Memory> {
        let mut this = ManuallyDrop::new(self);
        // SAFETY: `this` is never dropped, so its handle is dropped once, here.
        unsafe { core::ptr::drop_in_place(&mut this.via) };
        // SAFETY: likewise: the cells are read out once, and what owns memory in them is given to the caller.
        match unsafe { core::ptr::read(&this.cells) } {
            Cells::Inline { .. } => None,
            Cells::Memory(it) => Some(it),
        }
    }
}

impl<T: Transport, R: Right<T>> Iterator for Rights<'_, T, R> {
    type Item = R;

    #[inline]
    fn next(&mut self) -> Option<R> {
        if self.next == self.len {
            return None;
        }
        let Some(name) = self.name(self.next) else {
            self.next = self.len;
            return None;
        };
        self.next += 1;
        // SAFETY: the constructor's caller gave up one reference for each cell, and each cell is passed once.
        Some(unsafe { R::from_raw(name, self.via.clone()) })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.len - self.next, Some(self.len - self.next))
    }
}

impl<T: Transport, R: Right<T>> ExactSizeIterator for Rights<'_, T, R> {}

impl<T: Transport, R: Right<T>> Drop for Rights<'_, T, R> {
    fn drop(&mut self) {
        self.for_each(drop);
    }
}

impl<T: Transport, R: Right<T>> fmt::Debug for Rights<'_, T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}
