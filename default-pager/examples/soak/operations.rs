//! What a program does with its memory.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use generated::mach3::default_pager::gnumach_x86_64 as default_pager;
use generated::mach3::mach::gnumach_x86_64 as mach;
use mig_rt::{Address, Inherit, Protection, ReceiveRight, Size, Timeout};
use runtime_kernel::Task;

use super::calls;
use super::program::{PAGE, Program, Random, Region, Shared, called, free};

/// Pages that one program has, at most, and one region.
const MOST: u64 = 256;
const LARGEST: u64 = 48;
/// Children of all programs that live at a time.
const CHILDREN: u64 = 3;

type Step = Result<(), String>;

impl Program {
    /// One operation, and what other programs have sent.
    pub(crate) fn step(&mut self, inbox: &ReceiveRight<Task>) -> Step {
        self.receive(inbox)?;
        if self.regions.is_empty() {
            return self.allocate();
        }
        match self.random.below(20) {
            0 | 1 => self.allocate(),
            2 => self.map(),
            3..=8 => self.write(),
            9..=14 => self.read(),
            15 => self.free_some(),
            16 => self.copy(),
            17 => self.send(),
            18 => self.fork(),
            _ => self.share(),
        }
    }

    /// One of its regions, and some bytes of that.
    fn some(&mut self) -> (usize, usize, usize) {
        let index = self.random.below(self.regions.len() as u64) as usize;
        let size = self.regions[index].bytes.len() as u64;
        let start = self.random.below(size);
        let count = self.random.below((size - start).min(4 * PAGE)) + 1;
        (index, start as usize, count as usize)
    }

    /// Pages for one more region; none if there are too many.
    fn room(&mut self) -> Option<u64> {
        let left = MOST.saturating_sub(self.regions.iter().map(Region::pages).sum());
        (left > 0).then(|| self.random.below(left.min(LARGEST)) + 1)
    }

    fn allocate(&mut self) -> Step {
        let Some(pages) = self.room() else { return self.free_some() };
        let made = mach::vm_allocate(&self.own, Address(0), Size(pages * PAGE), true);
        let at = made.map_err(|it| format!("vm_allocate: {it}"))?.0;
        self.regions.push(Region { at, bytes: vec![0; (pages * PAGE) as usize], object: None });
        Ok(())
    }

    /// Maps memory that the pager makes.
    fn map(&mut self) -> Step {
        let Some(pages) = self.room() else { return self.free_some() };
        let size = Size(pages * PAGE);
        let object = default_pager::default_pager_object_create(&self.to_pager, size);
        let object = object.map_err(|it| format!("default_pager_object_create: {it}"))?;
        let (zero, all) = (Address(0), Protection::DEFAULT);
        let at = mach::vm_map(&self.own, zero, size, zero, true, &object, zero, false, all, all, Inherit::COPY)
            .map_err(|it| format!("vm_map: {it}"))?
            .0;
        self.regions.push(Region { at, bytes: vec![0; size.0 as usize], object: Some(Arc::new(object)) });
        Ok(())
    }

    fn write(&mut self) -> Step {
        let (index, start, count) = self.some();
        let bytes = self.random.bytes(count);
        let region = &mut self.regions[index];
        region.bytes[start..start + count].copy_from_slice(&bytes);
        called("write", self.task.memory().write_bytes(Address(region.at + start as u64), &bytes))
    }

    fn read(&mut self) -> Step {
        let (index, start, count) = self.some();
        self.compare(index, start, count)
    }

    /// Compares bytes of a region with what must be there.
    pub(crate) fn compare(&self, index: usize, start: usize, count: usize) -> Step {
        let Region { at, bytes, .. } = &self.regions[index];
        same(&self.task, at + start as u64, &bytes[start..start.saturating_add(count).min(bytes.len())])
    }

    /// Frees pages anywhere in a region; what is before and behind them stays.
    fn free_some(&mut self) -> Step {
        let (index, ..) = self.some();
        let Region { at, bytes, object } = self.regions.swap_remove(index);
        let pages = bytes.len() as u64 / PAGE;
        let first = self.random.below(pages);
        let first = if self.random.below(2) == 0 { 0 } else { first };
        let last = first + self.random.below(pages - first) + 1;
        free(&self.own, at + first * PAGE, last - first)?;
        for (first, last) in [(0, first), (last, pages)] {
            if first < last {
                let bytes = bytes[(first * PAGE) as usize..(last * PAGE) as usize].to_vec();
                self.regions.push(Region { at: at + first * PAGE, bytes, object: object.clone() });
            }
        }
        Ok(())
    }

    /// Copies pages of one region to another, or within one.
    fn copy(&mut self) -> Step {
        let ((from, ..), (to, ..)) = (self.some(), self.some());
        let pages = self.regions[from].pages().min(self.regions[to].pages());
        let pages = self.random.below(pages) + 1;
        let first = self.random.below(self.regions[from].pages() - pages + 1);
        let second = self.random.below(self.regions[to].pages() - pages + 1);
        if from == to && first.abs_diff(second) < pages {
            return Ok(());
        }
        let bytes = self.regions[from].bytes[(first * PAGE) as usize..][..(pages * PAGE) as usize].to_vec();
        let source = Address(self.regions[from].at + first * PAGE);
        let target = Address(self.regions[to].at + second * PAGE);
        self.regions[to].bytes[(second * PAGE) as usize..][..bytes.len()].copy_from_slice(&bytes);
        mach::vm_copy(&self.own, source, Size(pages * PAGE), target).map_err(|it| format!("vm_copy: {it}"))
    }

    /// Sends a region to another program, which has a copy then, or the memory itself.
    fn send(&mut self) -> Step {
        let (index, ..) = self.some();
        let moves = self.random.below(2) == 0;
        let other = self.random.below(self.others.len() as u64) as usize;
        let Region { at, bytes, .. } = &self.regions[index];
        let (id, pages) = (self.shared.post(bytes.clone()), bytes.len() as u64 / PAGE);
        match calls::send_memory(&self.others[other], id, (*at, bytes.len()), moves) {
            Ok(()) if moves => drop(self.regions.swap_remove(index)),
            Ok(()) => {}
            Err(back) => {
                self.shared.open(id);
                if !moves {
                    return free(&self.own, back, pages);
                }
                // It is private memory now, whatever it was.
                (self.regions[index].at, self.regions[index].object) = (back, None);
            }
        }
        Ok(())
    }

    fn receive(&mut self, inbox: &ReceiveRight<Task>) -> Step {
        while let Some((id, at, size)) = calls::receive_memory(inbox, Some(Timeout(0))) {
            let bytes = self.shared.open(id);
            if bytes.len() != size {
                return Err(format!("{size} bytes came instead of {}", bytes.len()));
            }
            let pages = size as u64 / PAGE;
            if self.regions.iter().map(Region::pages).sum::<u64>() + pages > MOST {
                same(&self.task, at, &bytes)?;
                free(&self.own, at, pages)?;
            } else {
                self.regions.push(Region { at, bytes, object: None });
            }
        }
        Ok(())
    }

    /// Makes a child that has a copy of all memory, and looks at it and changes it while its parent goes on.
    fn fork(&mut self) -> Step {
        if self.shared.children.load(Relaxed) >= CHILDREN {
            return Ok(());
        }
        let child = called("fork", self.shared.kernel.fork(&self.task, "child"))?;
        self.shared.children.fetch_add(1, Relaxed);
        let regions: Vec<(u64, Vec<u8>)> = self.regions.iter().map(|it| (it.at, it.bytes.clone())).collect();
        let (shared, seed) = (self.shared.clone(), self.random.below(1 << 30));
        drop(child.spawn("child", move |task| live(&shared, &task, regions, Random(seed))));
        Ok(())
    }

    /// Makes a child that has one region itself and no copy, waits until the child has written there, and looks.
    fn share(&mut self) -> Step {
        let (index, start, count) = self.some();
        let region = &self.regions[index];
        let (at, size) = (Address(region.at), Size(region.bytes.len() as u64));
        let inherit = |how| mach::vm_inherit(&self.own, at, size, how).map_err(|it| format!("vm_inherit: {it}"));
        inherit(Inherit::SHARE)?;
        let child = called("fork", self.shared.kernel.fork(&self.task, "partner"))?;
        inherit(Inherit::COPY)?;
        let to_parent = called("give_send", self.task.give_send(&self.answers, &child))?;
        let (before, bytes) = (region.bytes.clone(), self.random.bytes(count));
        let (shared, written) = (self.shared.clone(), bytes.clone());
        drop(child.spawn("partner", move |task| {
            let seen = same(&task, at.0, &before);
            let wrote = called("write", task.memory().write_bytes(Address(at.0 + start as u64), &written));
            seen.and(wrote).unwrap_or_else(|it| shared.wrong(format!("a partner: {it}")));
            calls::tell(&to_parent, 1);
            drop(to_parent);
            task.terminate();
        }));
        if calls::receive_memory(&self.answers, None).is_none() {
            return Err("a partner did not answer".to_owned());
        }
        self.regions[index].bytes[start..start + count].copy_from_slice(&bytes);
        self.compare(index, 0, usize::MAX)
    }
}

/// What a child does with its copy of memory.
fn live(shared: &Shared, task: &Task, mut regions: Vec<(u64, Vec<u8>)>, mut random: Random) {
    for (at, bytes) in &mut regions {
        let start = random.below(bytes.len() as u64) as usize;
        let count = random.below((bytes.len() - start) as u64) as usize + 1;
        let new = random.bytes(count);
        let seen = same(task, *at, bytes);
        let wrote = called("write", task.memory().write_bytes(Address(*at + start as u64), &new));
        bytes[start..start + count].copy_from_slice(&new);
        seen.and(wrote).unwrap_or_else(|it| shared.wrong(format!("a child: {it}")));
    }
    for (at, bytes) in &regions {
        same(task, *at, bytes).unwrap_or_else(|it| shared.wrong(format!("a child that has written: {it}")));
    }
    shared.children.fetch_sub(1, Relaxed);
    task.terminate();
}

/// Compares memory with what must be there.
fn same(task: &Task, at: u64, bytes: &[u8]) -> Step {
    let read = called("read", task.memory().read_bytes(Address(at), bytes.len()))?;
    match read.iter().zip(bytes).position(|it| it.0 != it.1) {
        None => Ok(()),
        Some(it) => Err(format!("at {:#x} there is {} instead of {}", at + it as u64, read[it], bytes[it])),
    }
}
