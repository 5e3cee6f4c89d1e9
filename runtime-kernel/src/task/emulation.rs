//! System calls of a task that its own program handles: where each is handled. Nothing here makes system calls by number,
//! so the table is kept, told and inherited, and no more.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use generated::mach3::types::EML_BAD_CNT;
use mig_rt::{Address, KernReturn};

use crate::sync::{Mutex, Rank};

/// Numbers between the lowest and the highest that are redirected, at most.
const MOST: i64 = 4096;

/// The table of a task. Its child shares it until one of them changes it.
#[derive(Debug)]
pub(crate) struct Emulation(Mutex<Arc<BTreeMap<i32, Address>>>);

impl Emulation {
    pub(crate) fn new() -> Emulation {
        Emulation(Mutex::new(Rank::Task, Arc::default()))
    }

    /// Redirects a run of calls.
    ///
    /// # Errors
    /// `EML_BAD_CNT` if numbers would be too far apart.
    pub(crate) fn set(
        &self,
        start: i32,
        entries: &mut dyn ExactSizeIterator<Item = Address>,
    ) -> Result<(), KernReturn> {
        let mut table = self.0.lock();
        let end = i64::from(start) + entries.len() as i64;
        let all = union(&table, i64::from(start)..end);
        if all.end - all.start > MOST || end > i64::from(i32::MAX) {
            return Err(EML_BAD_CNT);
        }
        Arc::make_mut(&mut table).extend((start..).zip(entries));
        Ok(())
    }

    /// The number of the first call that is redirected, and where each from there on is: 0 where one is not.
    pub(crate) fn get(&self) -> (i32, Vec<Address>) {
        let table = self.0.lock();
        let all = union(&table, 0..0);
        let entry = |number: i64| table.get(&(number as i32)).copied().unwrap_or(Address(0));
        (all.start as i32, all.map(entry).collect())
    }

    /// A child has its parent's.
    pub(crate) fn inherit(&self, from: &Emulation) {
        let table = from.0.lock().clone();
        *self.0.lock() = table;
    }
}

/// The numbers of a table together with others.
fn union(table: &BTreeMap<i32, Address>, with: Range<i64>) -> Range<i64> {
    let ends = table.first_key_value().zip(table.last_key_value());
    match ends.map(|(first, last)| i64::from(*first.0)..i64::from(*last.0) + 1) {
        Some(own) if with.is_empty() => own,
        Some(own) => own.start.min(with.start)..own.end.max(with.end),
        None => with,
    }
}
