//! Arrays of which each element is out of line: a descriptor for each, and their counts among the data.
//!
//! C's functions have three arguments for them: pointers, counts, and how many. Here an element is what a single
//! argument of its type would be.

use arrayvec::ArrayVec;

use super::body::{Bad, Body};
use super::descriptor::Kind;
use super::row::Row;
use crate::error::KernReturn;
use crate::exchange::{HeldMemory, Outgoing, Owned, Untyped};
use crate::right::Disposition;
use crate::transport::Transport;

/// How many elements each array has of an array of arrays.
pub type Counts<const N: usize> = ArrayVec<u32, N>;

impl<T: Transport, W: Row> Outgoing<'_, T, W, Untyped> {
    /// `N` descriptors of memory: one for each item, which `put` writes and counts; the rest describe nothing.
    ///
    /// # Errors
    /// What `put` says; `MIG_ARRAY_TOO_LARGE` if there are more than `N`. What `put` did not take is dropped.
    pub fn each_memory<const N: usize, I>(
        &mut self,
        items: impl IntoIterator<Item = I>,
        put: impl FnMut(&mut Self, I) -> Result<u32, KernReturn>,
    ) -> Result<Counts<N>, KernReturn> {
        let counts = self.each(items, put)?;
        (counts.len()..N).try_for_each(|_| self.nothing(Kind::Memory, Disposition::NONE))?;
        Ok(counts)
    }

    /// `N` descriptors of arrays of rights, as [`each_memory`](Outgoing::each_memory) writes those of memory. Those that
    /// describe nothing have this disposition.
    ///
    /// # Errors
    /// As [`each_memory`](Outgoing::each_memory).
    pub fn each_rights<const N: usize, I>(
        &mut self,
        disposition: Disposition,
        items: impl IntoIterator<Item = I>,
        put: impl FnMut(&mut Self, I) -> Result<u32, KernReturn>,
    ) -> Result<Counts<N>, KernReturn> {
        let counts = self.each(items, put)?;
        (counts.len()..N).try_for_each(|_| self.nothing(Kind::Rights, disposition))?;
        Ok(counts)
    }

    fn each<const N: usize, I>(
        &mut self,
        items: impl IntoIterator<Item = I>,
        mut put: impl FnMut(&mut Self, I) -> Result<u32, KernReturn>,
    ) -> Result<Counts<N>, KernReturn> {
        let mut counts = Counts::new();
        for item in items {
            if counts.is_full() {
                return Err(KernReturn::MIG_ARRAY_TOO_LARGE);
            }
            counts.push(put(self, item)?);
        }
        Ok(counts)
    }

    /// The counts of a constant number of arrays.
    pub fn counts_exactly<const N: usize>(&mut self, counts: &Counts<N>) {
        counts.iter().for_each(|it| self.u32(*it));
    }

    /// How many arrays there are, and the counts of those.
    pub fn counts<const N: usize>(&mut self, counts: &Counts<N>) {
        self.u32(counts.len() as u32);
        self.counts_exactly(counts);
    }
}

impl<W: Row> Body<'_, W> {
    /// So many descriptors.
    ///
    /// # Errors
    /// What `read` says of one of them.
    pub fn each<const N: usize>(
        &mut self,
        mut read: impl FnMut(&mut Self) -> Result<HeldMemory, Bad>,
    ) -> Result<ArrayVec<HeldMemory, N>, Bad> {
        (0..N).map(|_| read(self)).collect()
    }

    /// The counts of a constant number of arrays: `compare` reads each.
    ///
    /// # Errors
    /// If the message ends before; another count than the descriptor's is refused by `end`.
    pub fn each_count(
        &mut self,
        held: &[HeldMemory],
        mut compare: impl FnMut(&mut Self, &HeldMemory) -> Result<(), Bad>,
    ) -> Result<(), Bad> {
        held.iter().try_for_each(|it| compare(self, it))
    }

    /// How many arrays there are, and the counts of those: `compare` reads each. What the other descriptors describe is
    /// nobody's, so `end` refuses them unless that is nothing; C compares them with what happens to stand behind the
    /// counts.
    ///
    /// # Errors
    /// If there are more than `N`; as [`each_count`](Body::each_count).
    pub fn each_counts<const N: usize>(
        &mut self,
        held: &mut ArrayVec<HeldMemory, N>,
        compare: impl FnMut(&mut Self, &HeldMemory) -> Result<(), Bad>,
    ) -> Result<(), Bad> {
        let count = self.u32()? as usize;
        if count > N {
            return Err(Bad::ARGUMENTS);
        }
        self.check_count(held.iter().skip(count).all(|it| it.1 == 0));
        held.truncate(count);
        self.each_count(held, compare)
    }
}

impl<T: Transport> Owned<T> {
    /// What up to `N` descriptors describe: `take` takes each.
    pub fn each<X, const N: usize>(
        &self,
        held: ArrayVec<HeldMemory, N>,
        take: impl Fn(&Self, HeldMemory) -> X,
    ) -> ArrayVec<X, N> {
        held.into_iter().map(|it| take(self, it)).collect()
    }

    /// What `N` descriptors describe: `take` takes each.
    ///
    /// # Panics
    /// If some of the `N` that [`Body::each`] read were left out; generated code leaves out none.
    pub fn each_exactly<X, const N: usize>(
        &self,
        held: ArrayVec<HeldMemory, N>,
        take: impl Fn(&Self, HeldMemory) -> X,
    ) -> [X; N] {
        self.each(held, take).into_inner().ok().expect("each of the descriptors was read")
    }
}
