//! The table of a space: names, and the entry that each stands for.
//!
//! Most names are the kernel's choice: an index into a vector, and a generation that tells a name from those that had
//! the index before. Names that somebody chose stand beside them. A table may have a hundred thousand entries, so an
//! entry is small, and what few entries have is kept elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use mig_rt::PortName;

use super::space::Entry;

/// Names that can be told apart.
pub(crate) const MOST_NAMES: usize = 1 << 23;

/// Room that is made in advance, at most: a task does not pay for it.
const MOST_RESERVED: usize = 1 << 16;

/// Names and entries.
#[derive(Debug)]
pub(crate) struct Table {
    slots: Vec<Option<Entry>>,
    /// Low byte of the name of each slot: a name that was freed does not come back at once.
    generations: Vec<u8>,
    free: Vec<u32>,
    /// Entries under names that the kernel did not choose.
    chosen: BTreeMap<u32, Entry>,
}

impl Table {
    pub(crate) fn new() -> Table {
        // No name has the index 0.
        Table { slots: vec![None], generations: vec![0], free: Vec::new(), chosen: BTreeMap::new() }
    }

    /// The slot of a name that the kernel chose.
    #[inline]
    fn index(&self, name: PortName) -> Option<usize> {
        let index = (name.0 >> 8) as usize;
        (*self.generations.get(index)? == name.0 as u8 && self.slots.get(index)?.is_some()).then_some(index)
    }

    #[inline]
    pub(crate) fn get(&self, name: PortName) -> Option<&Entry> {
        match self.index(name) {
            Some(index) => self.slots[index].as_ref(),
            None => self.chosen.get(&name.0),
        }
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, name: PortName) -> Option<&mut Entry> {
        match self.index(name) {
            Some(index) => self.slots[index].as_mut(),
            None => self.chosen.get_mut(&name.0),
        }
    }

    /// A name that stands for nothing, and that [`put`](Table::put) will find; `None` if none is left.
    pub(crate) fn free_name(&mut self) -> Option<PortName> {
        let index = match self.free.pop() {
            Some(index) => index,
            None if self.slots.len() < MOST_NAMES => {
                self.slots.push(None);
                self.generations.push(0);
                self.slots.len() as u32 - 1
            }
            None => return None,
        };
        let generation = &mut self.generations[index as usize];
        // Somebody may have chosen the very name.
        while self.chosen.contains_key(&(index << 8 | u32::from(*generation))) {
            *generation = generation.wrapping_add(1);
        }
        let name = PortName(index << 8 | u32::from(*generation));
        // Nobody else has it until then.
        self.free.push(index);
        Some(name)
    }

    /// Puts an entry under a name that stands for nothing.
    pub(crate) fn put(&mut self, name: PortName, entry: Entry) {
        let index = name.0 >> 8;
        if self.free.last() == Some(&index) && self.generations[index as usize] == name.0 as u8 {
            self.free.pop();
            self.slots[index as usize] = Some(entry);
        } else {
            self.chosen.insert(name.0, entry);
        }
    }

    /// Takes an entry out and frees its name.
    pub(crate) fn take(&mut self, name: PortName) -> Option<Entry> {
        let Some(index) = self.index(name) else { return self.chosen.remove(&name.0) };
        self.generations[index] = self.generations[index].wrapping_add(1);
        self.free.push(index as u32);
        self.slots[index].take()
    }

    /// Every name.
    pub(crate) fn names(&self) -> impl Iterator<Item = PortName> {
        let slots = self.slots.iter().zip(&self.generations).enumerate().filter(|(_, it)| it.0.is_some());
        let given = slots.map(|(index, it)| PortName((index as u32) << 8 | u32::from(*it.1)));
        given.chain(self.chosen.keys().map(|it| PortName(*it)))
    }

    /// Names in use.
    pub(crate) fn len(&self) -> usize {
        // The first slot is never given out.
        self.slots.len() - 1 - self.free.len() + self.chosen.len()
    }

    /// Names that there is room for, and how many of them were given out at least once.
    pub(crate) fn room(&self) -> (usize, usize) {
        (self.slots.capacity(), self.slots.len())
    }

    /// Makes room for so many names.
    pub(crate) fn reserve(&mut self, names: usize) {
        let more = names.min(MOST_RESERVED).saturating_sub(self.slots.len());
        self.slots.reserve(more);
        self.generations.reserve(more);
    }

    /// Whether every slot is either in use or free, once.
    pub(crate) fn check(&self) -> Result<(), String> {
        let free: BTreeSet<u32> = self.free.iter().copied().collect();
        let empty = |(index, slot): (usize, &Option<Entry>)| slot.is_none().then_some(index as u32);
        // No name has the index 0.
        let unused: BTreeSet<u32> = self.slots.iter().enumerate().skip(1).filter_map(empty).collect();
        if free.len() != self.free.len() || free != unused {
            return Err(format!("the free slots are {unused:?}, and listed are {:?}", self.free));
        }
        let hidden = |it: &u32| self.index(PortName(*it)).is_some();
        match self.chosen.keys().find(|it| hidden(it)) {
            Some(name) => Err(format!("name {name:#x} stands for two things")),
            None => Ok(()),
        }
    }
}
