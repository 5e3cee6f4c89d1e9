//! Memory of tasks: regions, each with bytes that do not change while they are shared.

use std::collections::BTreeMap;
use std::sync::Arc;

use mig_rt::{AbiId, Address, KernReturn};

use crate::budget::{Budget, Resource};
use crate::ipc::message::numbers;
use crate::sync::{Mutex, Rank};

/// Bytes of a page.
pub(crate) const PAGE: u64 = 4096;
/// The lowest address that is given out: null pointers and small numbers mean nothing.
const FIRST: u64 = 0x10_0000;

/// The memory of one task.
#[derive(Debug)]
pub(crate) struct Map {
    state: Mutex<State>,
    budget: Arc<Budget>,
}

struct State {
    regions: BTreeMap<u64, Region>,
    next: u64,
}

struct Region {
    data: Arc<[u8]>,
    /// It is the kernel's to take as soon as a message names it.
    lent: bool,
}

impl Region {
    fn end(&self, at: u64) -> u64 {
        at + pages(self.data.len())
    }
}

fn pages(size: usize) -> u64 {
    (size as u64).next_multiple_of(PAGE).max(PAGE)
}

/// The end of the addresses that a message of an ABI can name.
fn limit(abi: AbiId) -> u64 {
    if numbers(abi).address == 4 { 1 << 32 } else { 1 << 47 }
}

impl Map {
    pub(crate) fn new(budget: &Arc<Budget>) -> Map {
        let state = State { regions: BTreeMap::new(), next: FIRST };
        Map { state: Mutex::new(Rank::Map, state), budget: budget.clone() }
    }

    /// Puts bytes somewhere below the limit of an ABI. No bytes are nowhere: a message does not look at their address.
    pub(crate) fn map(&self, abi: AbiId, data: Arc<[u8]>, lent: bool) -> Result<Address, KernReturn> {
        if data.is_empty() {
            return Ok(Address(0));
        }
        self.budget.afford(Resource::Maps)?;
        self.budget.afford(Resource::Addresses)?;
        let mut state = self.state.lock();
        let at = state.find(pages(data.len()), limit(abi)).ok_or(KernReturn::NO_SPACE)?;
        state.next = at + pages(data.len());
        state.regions.insert(at, Region { data, lent });
        Ok(Address(at))
    }

    /// The bytes of a region that starts at an address.
    pub(crate) fn get(&self, at: Address) -> Option<Arc<[u8]>> {
        self.state.lock().regions.get(&at.0).map(|it| it.data.clone())
    }

    /// Takes a region away that starts at an address.
    pub(crate) fn unmap(&self, at: Address) -> Option<Arc<[u8]>> {
        self.state.lock().regions.remove(&at.0).map(|it| it.data)
    }

    /// Bytes for a message. What is deallocated, or was lent, goes.
    pub(crate) fn take(&self, at: Address, size: usize, deallocate: bool) -> Option<Arc<[u8]>> {
        let mut state = self.state.lock();
        let (start, region) = state.regions.range(..=at.0).next_back()?;
        let (start, offset) = (*start, usize::try_from(at.0 - start).ok()?);
        let end = offset.checked_add(size).filter(|it| *it <= region.data.len())?;
        let data = if size == region.data.len() { region.data.clone() } else { Arc::from(&region.data[offset..end]) };
        if deallocate || region.lent {
            state.cut(start, offset, end);
        }
        Some(data)
    }

    /// Bytes of one region.
    pub(crate) fn read(&self, at: Address, size: usize) -> Option<Vec<u8>> {
        let state = self.state.lock();
        let (start, region) = state.regions.range(..=at.0).next_back()?;
        let offset = usize::try_from(at.0 - start).ok()?;
        Some(region.data.get(offset..offset.checked_add(size)?)?.to_vec())
    }

    /// Whether one region has these bytes.
    pub(crate) fn holds(&self, at: Address, size: usize) -> bool {
        let state = self.state.lock();
        let Some((start, region)) = state.regions.range(..=at.0).next_back() else { return false };
        usize::try_from(at.0 - start).is_ok_and(|it| it.checked_add(size).is_some_and(|it| it <= region.data.len()))
    }

    /// Writes into one region; whoever shares its bytes keeps them as they were. `false` if it is not there.
    pub(crate) fn write(&self, at: Address, bytes: &[u8]) -> bool {
        let mut state = self.state.lock();
        let Some((start, region)) = state.regions.range_mut(..=at.0).next_back() else { return false };
        let range = usize::try_from(at.0 - start).ok().and_then(|it| Some(it..it.checked_add(bytes.len())?));
        let Some(range) = range.filter(|it| it.end <= region.data.len()) else { return false };
        Arc::make_mut(&mut region.data)[range].copy_from_slice(bytes);
        true
    }

    /// Takes a copy of everything that another map has: what is written later, either keeps to itself.
    pub(crate) fn inherit(&self, from: &Map) {
        let regions: Vec<(u64, Arc<[u8]>)> = {
            let state = from.state.lock();
            state.regions.iter().filter(|it| !it.1.lent).map(|(at, it)| (*at, it.data.clone())).collect()
        };
        let regions = regions.into_iter().map(|(at, data)| (at, Region { data, lent: false }));
        self.state.lock().regions.extend(regions);
    }

    /// Releases everything.
    pub(crate) fn clear(&self) {
        self.state.lock().regions.clear();
    }

    /// What must hold of regions: each at a page, and none in another.
    pub(crate) fn check(&self) -> Result<(), String> {
        let state = self.state.lock();
        let mut free = 0;
        for (at, region) in &state.regions {
            if !at.is_multiple_of(PAGE) || *at < free.max(FIRST) {
                return Err(format!("a region at {at:#x}, where something else is"));
            }
            free = region.end(*at);
        }
        Ok(())
    }

    /// Regions that exist.
    pub(crate) fn len(&self) -> usize {
        self.state.lock().regions.len()
    }
}

impl State {
    /// A free range: behind the last one that was given out, or else the first there is.
    fn find(&self, size: u64, limit: u64) -> Option<u64> {
        self.find_from(self.next, size, limit).or_else(|| self.find_from(FIRST, size, limit))
    }

    fn find_from(&self, from: u64, size: u64, limit: u64) -> Option<u64> {
        let before = self.regions.range(..from).next_back();
        let mut at = before.map_or(from, |(start, it)| it.end(*start).max(from));
        for (start, region) in self.regions.range(from..) {
            if at + size <= *start {
                break;
            }
            at = region.end(*start);
        }
        (at + size <= limit).then_some(at)
    }

    /// Takes the pages away that hold a part of a region.
    fn cut(&mut self, start: u64, from: usize, to: usize) {
        let Some(region) = self.regions.remove(&start) else { return };
        let page = PAGE as usize;
        let (from, to) = (from / page * page, to.next_multiple_of(page));
        if from > 0 {
            self.regions.insert(start, Region { data: Arc::from(&region.data[..from]), lent: false });
        }
        if to < region.data.len() {
            let rest = Region { data: Arc::from(&region.data[to..]), lent: false };
            self.regions.insert(start + to as u64, rest);
        }
    }
}
