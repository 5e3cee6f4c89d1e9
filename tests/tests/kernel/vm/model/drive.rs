//! The kernel and plain pages side by side.

use std::fmt::Debug;
use std::ops::Range;

use default_pager::{Compressed, Running};
use generated::darwin::types::VM_FLAGS_OVERWRITE;
use mig_rt::{
    AbiId, Address, Error, ErrorKind, Inherit, KernReturn, MsgReturn, Operation as Traps, PortName, Protection,
    ReceiveRight, SendRight, Timeout,
};
use runtime_kernel::{Config, Kernel, Task};

use super::plain::{Code, Page, Plain, touched};
use super::{Act, BASE, Memory, Operation, PAGES, TASKS};
use crate::vm::{Calls, Form, PAGE};
use crate::world::port;

/// A task, and what its memory should be.
struct Slot {
    task: Task,
    me: SendRight<Task>,
    calls: Calls,
    plain: Plain,
}

pub(super) struct Pair {
    kernel: Kernel,
    slots: Vec<Slot>,
    made: u64,
    /// Who has the pages for which the kernel has no room.
    pager: Option<Running>,
}

/// Pages that a kernel has which pages out: a quarter of what its tasks could use.
const ROOM: u64 = TASKS as u64 * PAGES / 4;

pub(super) type Checked = Result<(), String>;

fn same<X: PartialEq + Debug>(what: &str, kernel: X, plain: X) -> Checked {
    if kernel == plain { Ok(()) } else { Err(format!("{what}: the kernel says {kernel:x?}, and it is {plain:x?}")) }
}

/// The kernel's code of a call.
fn code<X>(result: Result<X, Error>) -> Code<X> {
    result.map_err(|it| match it.kind() {
        ErrorKind::Kern(it) => it,
        other => panic!("{other:?}"),
    })
}

fn whole(it: u64) -> bool {
    it.is_multiple_of(PAGE)
}

fn size(range: &Range<u64>) -> u64 {
    range.end - range.start
}

impl Pair {
    pub(super) fn new(seed: u64, memory: Memory) -> Pair {
        let most_pages = (memory == Memory::Short).then_some(ROOM);
        let kernel = Kernel::new(Config { most_pages, ..Config::default() });
        let store = || Compressed::new(1 << 24);
        let pager = most_pages.map(|_| default_pager::start(&kernel, AbiId::GnumachX8664, store()).unwrap());
        let mut pair = Pair { kernel, slots: Vec::new(), made: seed, pager };
        for _ in 0..TASKS {
            let slot = pair.slot();
            pair.slots.push(slot);
        }
        pair
    }

    /// A task of any kind.
    fn slot(&mut self) -> Slot {
        self.made += 1;
        let abi = AbiId::ALL[(self.made % 5) as usize];
        let form = match abi {
            AbiId::DarwinLp64 | AbiId::DarwinIlp32 if self.made.is_multiple_of(2) => Form::VmMap,
            AbiId::DarwinLp64 | AbiId::DarwinIlp32 => Form::MachVm,
            _ => Form::Mach3,
        };
        let task = self.kernel.task("task", abi);
        Slot { me: task.self_port(), task, calls: Calls { abi, form }, plain: Plain::new() }
    }

    pub(super) fn step(&mut self, operation: &Operation) -> Checked {
        let which = operation.task;
        match &operation.act {
            Act::Send(to, range, deallocate) => return self.send((which, *to), range, *deallocate),
            Act::Remap(to, range, at, copy) => return self.remap((which, *to), range, *at, *copy),
            Act::Fork(to) => return self.fork(which, *to),
            Act::Kill => {
                let slot = self.slot();
                std::mem::replace(&mut self.slots[which], slot).task.terminate();
                return Ok(());
            }
            Act::Wire(range, access) => return self.wire(which, range, *access),
            _ => {}
        }
        self.slots[which].step(&operation.act)
    }

    /// The whole of it.
    pub(super) fn check(&self) -> Checked {
        let mut tries = if self.pager.is_some() { 100_000 } else { 0 };
        loop {
            let checked = self.kernel.check();
            // What the pager has in its hands is not found. It puts it down again.
            if checked.is_ok() || tries == 0 {
                return checked;
            }
            tries -= 1;
            std::thread::yield_now();
        }
    }

    /// Every byte, and nothing is left when everything is gone.
    pub(super) fn finish(mut self) -> Checked {
        for slot in &mut self.slots {
            for page in 0..PAGES {
                let at = BASE + page * PAGE;
                slot.step(&Act::Read(at..at + PAGE))?;
                slot.step(&Act::Region(at))?;
            }
        }
        self.check()?;
        self.slots.iter().for_each(|it| it.task.terminate());
        self.check()?;
        if let Some(Running { task, thread, .. }) = self.pager.take() {
            task.terminate();
            // It unwinds.
            drop(thread.join());
            self.check()?;
        }
        same("pages that are left", self.kernel.census().pages, 0)
    }

    fn wire(&mut self, which: usize, range: &Range<u64>, access: Protection) -> Checked {
        let slot = &mut self.slots[which];
        if range.is_empty() {
            return Ok(());
        }
        let host = self.kernel.host_priv_port(&slot.task);
        let kernel = code(slot.calls.wire(&host, &slot.me, (range.start, size(range)), access));
        let expected = slot.plain.wire(range, access).map_err(|it| match (slot.calls.is_mach3(), access) {
            (true, Protection::NONE) => KernReturn::INVALID_ARGUMENT,
            (true, _) => KernReturn::FAILURE,
            _ => it,
        });
        same("wiring", kernel, expected)
    }

    fn fork(&mut self, parent: usize, to: usize) -> Checked {
        if parent == to {
            return Ok(());
        }
        let from = &self.slots[parent];
        let task = self.kernel.fork(&from.task, "child").unwrap();
        let child = Slot { me: task.self_port(), task, calls: from.calls, plain: from.plain.fork() };
        std::mem::replace(&mut self.slots[to], child).task.terminate();
        Ok(())
    }

    fn remap(&mut self, (from, to): (usize, usize), range: &Range<u64>, at: u64, copy: bool) -> Checked {
        let pages = touched(range);
        let room = (BASE + PAGES * PAGE - at) / PAGE;
        let (source, target) = (&self.slots[from], &self.slots[to]);
        if target.calls.is_mach3() || pages.is_empty() || pages.len() as u64 > room {
            return Ok(());
        }
        let parent = source.me.name();
        let name = give_task(&source.task, parent, &target.task);
        let place = (at, size(range), 0, VM_FLAGS_OVERWRITE);
        let kernel = target.calls.remap(&target.me, place, (&name, range.start), copy, Inherit::COPY);
        let expected = source.plain.parts(range, copy);
        let mut common = (Protection::ALL, Protection::ALL);
        for Page { protection, maximum, .. } in expected.iter().flatten() {
            common = (Protection(common.0.0 & protection.0), Protection(common.1.0 & maximum.0));
        }
        let told = expected.as_ref().map(|_| (at, common.0, common.1)).map_err(|it| *it);
        same("remapping", code(kernel), told)?;
        for (index, page) in expected.into_iter().flatten().enumerate() {
            let page = Page { inheritance: Inherit::COPY, ..page };
            self.slots[to].plain.pages[((at - BASE) / PAGE) as usize + index] = Some(page);
        }
        Ok(())
    }

    /// Sends memory by hand, in a message of 32 bits, which every task can send.
    fn send(&mut self, (from, to): (usize, usize), range: &Range<u64>, deallocate: bool) -> Checked {
        let there = port(&self.slots[to].task);
        let here = give(&self.slots[to].task, there, &self.slots[from].task);
        let flags = 0x2000_0000 | u32::from(deallocate) << 30;
        let at = range.start as u32;
        let words = [0x8000_0011, 40, here.0, 0, 0, 1, flags, 8 << 16 | 9, size(range) as u32, at];
        let mut bytes: Vec<u8> = words.iter().flat_map(|it| it.to_le_bytes()).collect();
        let sends = Traps { send: true, send_timeout: Some(Timeout(0)), ..Traps::default() };
        let sent = self.slots[from].task.mach_msg(AbiId::GnumachI386, sends, PortName::NULL, &mut bytes, 0);
        let pages = whole_pages(range);
        let expected = match self.slots[from].plain.permit(&pages, Protection::READ) {
            Ok(()) => Ok(self.slots[from].plain.read(range).unwrap()),
            Err(_) if range.is_empty() => Ok(Vec::new()),
            Err(_) => Err(MsgReturn::SEND_INVALID_MEMORY),
        };
        same("sending", sent.map(drop).map_err(|it| it.code), expected.as_ref().map(drop).map_err(|it| *it))?;
        let result = expected.map_or(Ok(()), |expected| self.receive(to, there, range, &expected));
        if deallocate && result.is_ok() && self.slots[from].plain.permit(&pages, Protection::READ).is_ok() {
            self.slots[from].plain.deallocate(&pages);
        }
        let port = self.slots[to].task.clone();
        // SAFETY: the receive right was made above.
        #[allow(unsafe_code, reason = "names as in C")]
        drop(unsafe { ReceiveRight::from_raw(there, port) });
        result
    }

    /// Reads what has arrived, changes it, and throws it away.
    fn receive(&mut self, to: usize, there: PortName, range: &Range<u64>, expected: &[u8]) -> Checked {
        let slot = &self.slots[to];
        let takes = Traps { receive: Some(there), receive_timeout: Some(Timeout(0)), ..Traps::default() };
        let mut bytes = Vec::new();
        slot.task.mach_msg(AbiId::GnumachI386, takes, PortName::NULL, &mut bytes, 100).unwrap();
        let at = u64::from(u32::from_le_bytes(bytes[36..40].try_into().unwrap()));
        if expected.is_empty() {
            return same("an address of nothing", at, 0);
        }
        same("place in the page", at % PAGE, range.start % PAGE)?;
        let memory = slot.task.memory();
        if memory.read_bytes(Address(at), expected.len()) != Ok(expected.to_vec()) {
            return Err("other bytes have arrived".to_owned());
        }
        memory.write_bytes(Address(at), &vec![0xee; expected.len()]).unwrap();
        code(slot.calls.deallocate(&slot.me, at, expected.len() as u64)).map_err(|it| it.to_string())
    }
}

/// The pages that bytes touch.
fn whole_pages(range: &Range<u64>) -> Range<u64> {
    if range.is_empty() { range.clone() } else { range.start / PAGE * PAGE..range.end.next_multiple_of(PAGE) }
}

/// A send right to a port of a task's own, given to another.
fn give(from: &Task, name: PortName, to: &Task) -> PortName {
    crate::world::give(from, name, to)
}

/// What a task calls another task's port.
fn give_task(of: &Task, name: PortName, to: &Task) -> SendRight<Task> {
    if of == to {
        return to.self_port();
    }
    let sender = port(to);
    let reach = crate::world::give(to, sender, of);
    let words = [0x8000_0011, 32, reach.0, 0, 0, 1, 0x1001_2013, name.0];
    let mut bytes: Vec<u8> = words.iter().flat_map(|it: &u32| it.to_le_bytes()).collect();
    let sends = Traps { send: true, ..Traps::default() };
    of.mach_msg(AbiId::GnumachI386, sends, PortName::NULL, &mut bytes, 0).unwrap();
    let takes = Traps { receive: Some(sender), ..Traps::default() };
    to.mach_msg(AbiId::GnumachI386, takes, PortName::NULL, &mut bytes, 100).unwrap();
    let got = PortName(u32::from_le_bytes(bytes[28..32].try_into().unwrap()));
    // SAFETY: both rights came just now.
    #[allow(unsafe_code, reason = "names as in C")]
    unsafe {
        drop(ReceiveRight::from_raw(sender, to.clone()));
        SendRight::from_raw(got, to.clone())
    }
}

impl Slot {
    fn step(&mut self, act: &Act) -> Checked {
        let Slot { task, me, calls, plain } = self;
        let is_mach3 = calls.is_mach3();
        match act {
            Act::Allocate(range) => {
                let range = whole_pages(&(range.start / PAGE * PAGE..range.start / PAGE * PAGE + size(range)));
                let kernel = code(calls.allocate(me, range.start, size(&range), false)).map(drop);
                same("allocation", kernel, if range.is_empty() { Ok(()) } else { plain.allocate(&range) })
            }
            Act::Deallocate(range) => {
                plain.deallocate(range);
                same("deallocation", code(calls.deallocate(me, range.start, size(range))), Ok(()))
            }
            Act::Protect(range, maximum, to) => {
                let nothing = !is_mach3 && range.is_empty();
                let expected = if nothing { Ok(()) } else { plain.protect(range, *maximum, *to, is_mach3) };
                same("protection", code(calls.protect(me, (range.start, size(range)), *maximum, *to)), expected)
            }
            Act::Inherit(range, to) => {
                if is_mach3 || !range.is_empty() {
                    plain.inherit(range, *to);
                }
                same("inheritance", code(calls.inherit(me, (range.start, size(range)), *to)), Ok(()))
            }
            Act::Read(range) => {
                let kernel = task.memory().read_bytes(Address(range.start), size(range) as usize);
                bytes("a read", kernel, plain.read(range))
            }
            Act::Write(range, byte) => {
                let data = vec![*byte; size(range) as usize];
                let kernel = task.memory().write_bytes(Address(range.start), &data);
                same("a write", kernel, plain.write(range.start, &data))
            }
            Act::ReadByMessage(range) => {
                let expected = plain.permit(&whole_pages(range), Protection::READ).and_then(|()| plain.read(range));
                bytes("vm_read", code(calls.read(me, range.start, size(range))), expected)
            }
            Act::Copy(range, to) => self.copy(range, *to),
            Act::WriteByMessage(range, byte) => self.write(range, *byte),
            Act::Region(at) => self.region(*at),
            _ => Ok(()),
        }
    }

    fn write(&mut self, range: &Range<u64>, byte: u8) -> Checked {
        let data = vec![byte; size(range) as usize];
        let pages = whole(range.start) && whole(size(range));
        let expected = match () {
            () if data.is_empty() => Ok(()),
            () if self.calls.is_mach3() && !pages => Err(KernReturn::INVALID_ARGUMENT),
            () => self.plain.write(range.start, &data),
        };
        same("vm_write", code(self.calls.write(&self.me, range.start, &data)), expected)
    }

    fn copy(&mut self, range: &Range<u64>, to: u64) -> Checked {
        if to + size(range) > BASE + PAGES * PAGE {
            return Ok(());
        }
        let pages = whole(range.start) && whole(size(range)) && whole(to);
        let source = self.plain.permit(&whole_pages(range), Protection::READ).and_then(|()| self.plain.read(range));
        let expected = source.and_then(|data| match () {
            () if data.is_empty() => Ok(()),
            () if self.calls.is_mach3() && !pages => Err(KernReturn::INVALID_ARGUMENT),
            () => self.plain.write(to, &data),
        });
        same("vm_copy", code(self.calls.copy(&self.me, range.start, size(range), to)), expected)
    }

    /// The region of a page is at least that page, and says what the page's rights are.
    fn region(&self, at: u64) -> Checked {
        let found = code(self.calls.region(&self.me, at)).ok().filter(|it| it.at <= at);
        let told = found.map(|it| (it.protection, it.maximum, it.inheritance));
        let page = self.plain.pages[((at - BASE) / PAGE) as usize].as_ref();
        same("region", told, page.map(|it| (it.protection, it.maximum, it.inheritance)))
    }
}

/// Bytes are not printed.
fn bytes(what: &str, kernel: Code<Vec<u8>>, plain: Code<Vec<u8>>) -> Checked {
    match (kernel, plain) {
        (Ok(kernel), Ok(plain)) if kernel == plain => Ok(()),
        (Ok(kernel), Ok(plain)) => {
            let at = kernel.iter().zip(&plain).position(|it| it.0 != it.1);
            Err(format!("{what}: {} bytes of {}, other ones from {at:?} on", kernel.len(), plain.len()))
        }
        (kernel, plain) => same(what, kernel.map(drop), plain.map(drop)),
    }
}
