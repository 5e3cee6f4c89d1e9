//! Structures in arrays of 32-bit words: what a call means by a flavor.
//!
//! Many calls of Mach take a number, the flavor, and an array of words whose meaning it selects.

use crate::abi::AbiId;
use crate::element::{Element, Layout};
use crate::error::{Error, Result};
use crate::memory::{as_bytes, as_bytes_mut};
use crate::message::Room;

/// Words of the largest flavor that [`flavored`] can ask for.
pub const MAX_WORDS: usize = 256;

/// A structure that a flavor selects. Type tables generate them.
pub trait Flavor: Element {
    /// The flavor.
    const NUMBER: i32;

    /// How it stands in messages of an ABI; `None` if no message of that ABI has it.
    fn layout(abi: AbiId) -> Option<Layout<Self>>;

    /// How many 32-bit words it has in messages of an ABI.
    fn words(abi: AbiId) -> Option<usize> {
        Self::layout(abi).map(|it| it.size().div_ceil(4))
    }
}

/// Reads a structure. Words behind it are ignored; `None` if there are too few, or if the ABI does not have it.
pub fn read<F: Flavor>(abi: AbiId, words: &[u32]) -> Option<F> {
    let layout = F::layout(abi)?;
    as_bytes(words).get(..layout.size()).map(|it| layout.read(it))
}

/// Writes a structure, and says how many words it takes; `None` if there are too few, or if the ABI has no room for
/// a value.
pub fn write<F: Flavor>(abi: AbiId, it: &F, words: &mut [u32]) -> Option<usize> {
    let layout = F::layout(abi)?;
    let count = layout.size().div_ceil(4);
    let words = words.get_mut(..count)?;
    words.fill(0);
    layout.write(it, as_bytes_mut(words)).then_some(count)
}

/// Calls a routine which takes a flavor and fills an array of words, and reads the structure from it.
///
/// # Errors
/// The call's; `MIG_TYPE_ERROR` if the answer has fewer words than the structure, or if the ABI does not have it.
///
/// # Panics
/// If the structure has more than [`MAX_WORDS`] words.
pub fn flavored<F: Flavor>(abi: AbiId, call: impl FnOnce(i32, &mut [u32]) -> Result<usize>) -> Result<F> {
    let mut room = [0; MAX_WORDS];
    let words = F::words(abi).ok_or(Error::TYPE_ERROR)?;
    let count = call(F::NUMBER, &mut room[..words])?;
    read(abi, &room[..count.min(words)]).ok_or(Error::TYPE_ERROR)
}

impl Room<'_, u32> {
    /// Adds a structure as words; `false` if there is no room, or if the ABI has none for a value.
    #[must_use = "a structure that does not fit is not sent"]
    pub fn put<F: Flavor>(&mut self, it: &F) -> bool {
        let Some(layout) = F::layout(self.abi()) else { return false };
        let before = self.len();
        // Flavors are small; the loop keeps the place of each word in one function.
        let fits = (0..layout.size().div_ceil(4)).all(|_| self.push(0));
        let written = fits && write(self.abi(), it, &mut self.written_mut()[before..]).is_some();
        if !written {
            self.truncate(before);
        }
        written
    }
}

/// A structure's words, to be passed to a routine that takes them.
#[derive(Clone, Debug)]
pub struct Words {
    words: [u32; MAX_WORDS],
    count: usize,
}

impl Words {
    /// The words of a structure; `None` if the ABI has no room for a value.
    pub fn of<F: Flavor>(abi: AbiId, it: &F) -> Option<Words> {
        let mut words = [0; MAX_WORDS];
        let count = write(abi, it, &mut words)?;
        Some(Words { words, count })
    }
}

impl core::ops::Deref for Words {
    type Target = [u32];

    fn deref(&self) -> &[u32] {
        &self.words[..self.count]
    }
}
