//! The kernel agrees with plain pages of bytes: on every code that is answered and on every byte that is read.

mod drive;
mod plain;

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use mig_rt::{Inherit, Protection};

use super::PAGE;
use crate::model::shortest;
use drive::Pair;

/// Tasks that live at once.
const TASKS: usize = 5;
/// Pages of a task that are looked at, and where they begin.
const PAGES: u64 = 20;
const BASE: u64 = 0x2000_0000;
/// Operations of one run.
const LENGTH: usize = 500;

/// What a task does.
#[derive(Clone, Debug)]
enum Act {
    Allocate(Range<u64>),
    Deallocate(Range<u64>),
    Protect(Range<u64>, bool, Protection),
    Inherit(Range<u64>, Inherit),
    /// By the program itself.
    Read(Range<u64>),
    Write(Range<u64>, u8),
    /// By messages to the task's port.
    ReadByMessage(Range<u64>),
    WriteByMessage(Range<u64>, u8),
    Copy(Range<u64>, u64),
    Wire(Range<u64>, Protection),
    Region(u64),
    /// Memory in a message to another task, which reads it there; the sender keeps it or not.
    Send(usize, Range<u64>, bool),
    /// Shows memory to another task too, or a copy of it, in place of what is there.
    Remap(usize, Range<u64>, u64, bool),
    /// Another task's place is taken by a child of this one.
    Fork(usize),
    Kill,
}

#[derive(Clone, Debug)]
struct Operation {
    task: usize,
    act: Act,
}

/// Numbers that a seed chooses (splitmix).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31) % limit
    }

    /// Bytes: mostly whole pages, otherwise some that begin or end near where pages do.
    fn range(&mut self) -> Range<u64> {
        let first = self.below(PAGES - 1);
        let count = 1 + self.below((PAGES - 1 - first).min(6));
        let (start, end) = (BASE + first * PAGE, BASE + (first + count) * PAGE);
        if self.below(3) > 0 {
            return start..end;
        }
        let start = start + [0, 1, 9, PAGE - 1][self.below(4) as usize];
        let end = end + [0, 1, PAGE - 1][self.below(3) as usize];
        start..end.max(start)
    }

    fn protection(&mut self) -> Protection {
        [Protection::DEFAULT, Protection::ALL, Protection::READ, Protection::DEFAULT, Protection::NONE]
            [self.below(5) as usize]
    }

    fn page(&mut self) -> u64 {
        BASE + self.below(PAGES) * PAGE
    }

    fn operation(&mut self) -> Operation {
        let (task, other) = (self.below(TASKS as u64) as usize, self.below(TASKS as u64) as usize);
        let (range, byte) = (self.range(), self.below(256) as u8);
        let act = match self.below(40) {
            0..=6 => Act::Allocate(range),
            7 | 8 => Act::Deallocate(range),
            9 | 10 => Act::Protect(range, self.below(20) == 0, self.protection()),
            11..=13 => Act::Inherit(range, Inherit(self.below(3) as i32)),
            14..=16 => Act::Read(range),
            17..=22 => Act::Write(range, byte),
            23 | 24 => Act::ReadByMessage(range),
            25..=27 => Act::WriteByMessage(range, byte),
            28..=30 => Act::Copy(range, self.page() + if self.below(5) == 0 { 3 } else { 0 }),
            31 => Act::Wire(range, [Protection::NONE, Protection::READ, Protection::DEFAULT][self.below(3) as usize]),
            32 => Act::Region(self.page()),
            33..=35 => Act::Send(other, range, self.below(2) == 0),
            36 | 37 => Act::Remap(other, range, self.page(), self.below(2) == 0),
            38 => Act::Fork(other),
            _ if self.below(8) == 0 => Act::Kill,
            _ => Act::Read(BASE..BASE + PAGES * PAGE),
        };
        Operation { task, act }
    }
}

/// How much memory a kernel has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Memory {
    Enough,
    /// So little that it pages out all the time, to a default pager that runs beside.
    Short,
}

/// Where kernel and pages disagree first, and about what.
fn disagreement(operations: &[Operation], seed: u64, memory: Memory, census: usize) -> Option<(usize, String)> {
    let run = move || {
        let mut pair = Pair::new(seed, memory);
        for (at, operation) in operations.iter().enumerate() {
            match catch_unwind(AssertUnwindSafe(|| pair.step(operation))) {
                Ok(Ok(())) if !at.is_multiple_of(census) => {}
                Ok(result) => {
                    if let Err(why) = result.and_then(|()| pair.check()) {
                        return Some((at, why));
                    }
                }
                Err(_) => {
                    // Whatever lock it holds, nobody takes it again.
                    std::mem::forget(pair);
                    return Some((at, "it panics".to_owned()));
                }
            }
        }
        pair.finish().err().map(|it| (operations.len(), it))
    };
    std::thread::scope(|scope| scope.spawn(run).join())
        .unwrap_or_else(|_| Some((operations.len(), "it panics".to_owned())))
}

fn agree(seed: u64, memory: Memory, census: usize) {
    let mut random = Random(seed);
    let mut operations: Vec<Operation> = (0..LENGTH).map(|_| random.operation()).collect();
    let Some((at, why)) = disagreement(&operations, seed, memory, census) else { return };
    operations.truncate(at + 1);
    let again = |it: &[Operation]| disagreement(it, seed, memory, 1);
    let operations = shortest(operations, &again);
    let (_, last) = again(&operations).unwrap_or_default();
    let list: Vec<String> = operations.iter().map(|it| format!("    task {}: {:x?}", it.task, it.act)).collect();
    panic!("seed {seed}, {memory:?}: {why}\nshortest: {last}\n{}", list.join("\n"));
}

/// So many operations, or as many as the environment variable `MEMORY_OPERATIONS` says.
fn agree_on(operations: u64, memory: Memory, census: usize) {
    let asked = std::env::var("MEMORY_OPERATIONS").ok().and_then(|it| it.parse::<u64>().ok());
    (0..asked.unwrap_or(operations).div_ceil(LENGTH as u64)).for_each(|seed| agree(seed, memory, census));
}

#[test]
fn kernel_and_plain_memory_agree() {
    agree_on(20_000, Memory::Enough, 16);
}

#[test]
fn kernel_and_plain_memory_agree_while_pages_go_out() {
    agree_on(5_000, Memory::Short, 50);
}
