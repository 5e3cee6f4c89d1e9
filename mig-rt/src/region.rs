//! Memory that holds elements, and data that may be in line or not.

use core::fmt;

use crate::abi::AbiId;
use crate::element::{Element, Elements, Layout};
use crate::error::KernReturn;
use crate::memory::{Memory, Plain, as_bytes};
use crate::transport::Transport;

/// A region of received or own memory which holds elements.
pub struct Region<T: Transport, E> {
    memory: T::Memory,
    layout: Layout<E>,
}

impl<T: Transport, E: Element> Region<T, E> {
    /// A region of its own with a copy of `elements`.
    ///
    /// # Errors
    /// As [`Transport::allocate`].
    pub fn new(via: &T, elements: &[E]) -> Result<Region<T, E>, KernReturn> {
        Region::with_layout(via, elements.iter().copied(), E::LAYOUT)
    }

    /// No elements.
    pub fn none(via: &T) -> Region<T, E> {
        Region::none_of(via, E::LAYOUT)
    }

    /// The elements in this memory; a tail shorter than an element does not count.
    pub fn from_memory(memory: T::Memory) -> Region<T, E> {
        Region { memory, layout: E::LAYOUT }
    }
}

impl<T: Transport, E> Region<T, E> {
    /// No elements of this layout.
    pub fn none_of(via: &T, layout: Layout<E>) -> Region<T, E> {
        // SAFETY: at address 0 is the empty region, which belongs to no message.
        Region::received(unsafe { via.adopt(crate::Address(0), 0) }, layout)
    }

    pub(crate) fn received(memory: T::Memory, layout: Layout<E>) -> Region<T, E> {
        Region { memory, layout }
    }

    pub(crate) fn with_layout(
        via: &T,
        mut elements: impl ExactSizeIterator<Item = E>,
        layout: Layout<E>,
    ) -> Result<Region<T, E>, KernReturn> {
        let mut fits = true;
        let memory = via.allocate(elements.len() * layout.size(), &mut |to| {
            to.chunks_exact_mut(layout.size()).zip(&mut elements).for_each(|(to, it)| fits &= layout.write(&it, to));
        })?;
        if fits { Ok(Region { memory, layout }) } else { Err(KernReturn::INVALID_ARGUMENT) }
    }

    /// The same elements as messages of an ABI have them: this very region, if it has them so already.
    ///
    /// # Errors
    /// As [`Transport::allocate`] and [`Memory::bytes`]; `KERN_INVALID_ARGUMENT` for a value that does not fit.
    pub(crate) fn for_abi(self, via: &T, abi: AbiId, layout: Layout<E>) -> Result<Region<T, E>, KernReturn> {
        if self.layout.is_of(abi) { Ok(self) } else { Region::with_layout(via, self.iter()?, layout) }
    }

    /// The memory.
    pub fn into_memory(self) -> T::Memory {
        self.memory
    }

    /// Elements.
    pub fn len(&self) -> usize {
        self.memory.len() / self.layout.size()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All bytes.
    ///
    /// # Errors
    /// As [`Memory::bytes`].
    pub fn bytes(&self) -> Result<&[u8], KernReturn> {
        self.memory.bytes()
    }

    /// The elements, one by one.
    ///
    /// # Errors
    /// As [`Memory::bytes`].
    pub fn iter(&self) -> Result<Elements<'_, E>, KernReturn> {
        Ok(Elements::new(self.bytes()?, self.layout))
    }

    /// Copies as many elements as both sides have, and says how many that were.
    ///
    /// # Errors
    /// As [`Memory::bytes`].
    pub fn copy_to(&self, to: &mut [E]) -> Result<usize, KernReturn> {
        Ok(self.iter()?.copy_to(to))
    }
}

impl<T: Transport, E> fmt::Debug for Region<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Region of {} elements", self.len())
    }
}

/// Data that came in line or out of line, as its length decided.
pub enum Data<'m, T: Transport, E> {
    /// In line: where they stand in the message, or where they were copied to.
    Inline(&'m [E]),
    /// In line, as the message has them: elements that are no plain ones.
    Packed(Elements<'m, E>),
    /// Out of line: a region of its own.
    Region(Region<T, E>),
}

impl<'m, T: Transport, E: Element> Data<'m, T, E> {
    /// Elements.
    pub fn len(&self) -> usize {
        match self {
            Data::Inline(it) => it.len(),
            Data::Packed(it) => it.len(),
            Data::Region(it) => it.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The element at `index`, if there is one.
    ///
    /// # Errors
    /// As [`Memory::bytes`].
    pub fn get(&self, index: usize) -> Result<Option<E>, KernReturn> {
        Ok(match self {
            Data::Inline(it) => it.get(index).copied(),
            Data::Packed(it) => it.clone().nth(index),
            Data::Region(it) => it.iter()?.nth(index),
        })
    }

    /// Copies as many elements as both sides have, and says how many that were.
    ///
    /// # Errors
    /// As [`Memory::bytes`].
    pub fn copy_to(&self, to: &mut [E]) -> Result<usize, KernReturn> {
        match self {
            Data::Region(it) => it.copy_to(to),
            Data::Packed(it) => Ok(it.clone().copy_to(to)),
            Data::Inline(it) => {
                let count = it.len().min(to.len());
                to[..count].copy_from_slice(&it[..count]);
                Ok(count)
            }
        }
    }

    /// A region in any case: what came in line is copied into one.
    ///
    /// # Errors
    /// As [`Transport::allocate`].
    pub fn into_region(self, via: &T) -> Result<Region<T, E>, KernReturn> {
        match self {
            Data::Inline(it) => Region::new(via, it),
            Data::Packed(it) => Region::with_layout(via, it, E::LAYOUT),
            Data::Region(it) => Ok(it),
        }
    }

    /// Into the caller's slice, if it came in line and fits there; otherwise a region. Generated clients use it.
    ///
    /// # Errors
    /// As [`Transport::allocate`], if it came in line and does not fit.
    #[inline]
    pub fn store<'a>(self, via: &T, to: &'a mut [E]) -> Result<Data<'a, T, E>, KernReturn> {
        if self.len() > to.len() || matches!(self, Data::Region(_)) {
            return self.into_region(via).map(Data::Region);
        }
        let count = self.copy_to(to)?;
        Ok(Data::Inline(&to[..count]))
    }
}

impl<T: Transport, E: Plain> Data<'_, T, E> {
    /// All bytes.
    ///
    /// # Errors
    /// As [`Memory::bytes`].
    pub fn bytes(&self) -> Result<&[u8], KernReturn> {
        match self {
            Data::Inline(it) => Ok(as_bytes(it)),
            Data::Packed(it) => Ok(it.bytes()),
            Data::Region(it) => it.bytes(),
        }
    }

    /// The elements, one by one.
    ///
    /// # Errors
    /// As [`Memory::bytes`].
    pub fn iter(&self) -> Result<Elements<'_, E>, KernReturn> {
        Ok(Elements::new(self.bytes()?, E::LAYOUT))
    }
}

impl<T: Transport, E: Element> fmt::Debug for Data<'_, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if matches!(self, Data::Region(_)) { "out of line" } else { "in line" };
        write!(f, "Data of {} elements {place}", self.len())
    }
}

/// Data for a place where the sender decides whether it keeps the memory.
#[derive(Debug)]
pub enum Give<'a, T: Transport, E> {
    /// The receiver gets a copy.
    Lend(&'a [E]),
    /// The receiver gets the memory itself.
    Move(Region<T, E>),
}

impl<'a, T: Transport, E> From<&'a [E]> for Give<'a, T, E> {
    fn from(data: &'a [E]) -> Self {
        Give::Lend(data)
    }
}

impl<T: Transport, E> From<Region<T, E>> for Give<'_, T, E> {
    fn from(region: Region<T, E>) -> Self {
        Give::Move(region)
    }
}
