//! Virtual memory of the runtime kernel beside what the host has for the same.
//!
//! As in `kernel`: rows take turns, and the best round of each counts.

use std::fs::File;
use std::hint::black_box;
use std::time::Instant;

use generated::mach3::mach::gnumach_x86_64 as mach;
use memmap2::{Mmap, MmapMut};
use mig_rt::{AbiId, Address, Disposition, Inherit, Operation, PortName, ReceiveRight, SendRight, Size};
use runtime_kernel::{Kernel, Task};

const ABI: AbiId = AbiId::DarwinLp64;
const PAGE: usize = 4096;
/// What programs read and write at once.
const CHUNK: usize = 64 << 10;

pub(crate) fn report() {
    transfers();
    faults();
    allocation();
    look_up();
    creation();
}

/// A row of the report: what is measured, and how often a call does it.
pub(crate) struct Row<'a> {
    name: &'a str,
    times: usize,
    call: Box<dyn FnMut() + 'a>,
}

pub(crate) fn row<'a>(name: &'a str, times: usize, call: impl FnMut() + 'a) -> Row<'a> {
    Row { name, times, call: Box::new(call) }
}

/// Prints the best of some rounds of each row, which take turns, and how many times the time of one of them that is.
pub(crate) fn report_rows(title: &str, rounds: usize, rows: &mut [Row<'_>], beside: usize) {
    let mut best = vec![f64::MAX; rows.len()];
    for _ in 0..rounds {
        for (best, row) in best.iter_mut().zip(rows.iter_mut()) {
            let start = Instant::now();
            (row.call)();
            *best = best.min(start.elapsed().as_nanos() as f64 / row.times as f64);
        }
    }
    println!("{title:<56} {:>17} {:>8}", "", "ratio");
    for (row, time) in rows.iter().zip(&best) {
        println!("{:<56} {time:>14.0} ns {:>8.2}", row.name, time / best[beside]);
    }
}

fn size_name(bytes: usize) -> String {
    match bytes {
        it if it >= 1 << 30 => format!("{} GiB", it >> 30),
        it if it >= 1 << 20 => format!("{} MiB", it >> 20),
        it => format!("{} KiB", it >> 10),
    }
}

/// A sender with memory, and where it sends it.
struct Mail {
    sender: Task,
    receiver: Task,
    _kernel: Kernel,
    at: Address,
    to: SendRight<Task>,
    port: ReceiveRight<Task>,
    size: usize,
}

impl Mail {
    fn new(size: usize) -> Mail {
        let kernel = Kernel::default();
        let (sender, receiver) = (kernel.task("sender", ABI), kernel.task("receiver", ABI));
        let at = allocate(&sender, size);
        let page = vec![7; CHUNK.min(size)];
        for from in (0..size).step_by(page.len()) {
            sender.write(Address(at.0 + from as u64), &page).expect("its own memory");
        }
        let port = ReceiveRight::new(&receiver).expect("a port");
        let to = receiver.give_send(&port, &sender).expect("a right");
        Mail { sender, receiver, _kernel: kernel, at, to, port, size }
    }

    /// Sends all of it in a message. Where it has arrived.
    fn send(&self) -> Address {
        let mut message = Vec::with_capacity(64);
        let complex = 1 << 31 | u32::from(Disposition::COPY_SEND.0);
        for word in [complex, 44, self.to.name().0, 0, 0, 1, 1] {
            message.extend(u32::to_le_bytes(word));
        }
        message.extend(self.at.0.to_le_bytes());
        // Not deallocated, to be copied virtually, memory (`MACH_MSG_OOL_DESCRIPTOR`).
        message.extend([0, 1, 0, 1]);
        message.extend((self.size as u32).to_le_bytes());
        let send = Operation { send: true, ..Operation::default() };
        self.sender.mach_msg(ABI, send, PortName::NULL, &mut message, 0).expect("it goes");
        let receive = Operation { receive: Some(self.port.name()), ..Operation::default() };
        self.receiver.mach_msg(ABI, receive, PortName::NULL, &mut message, 256).expect("it comes");
        Address(u64::from_le_bytes(message[28..36].try_into().expect("eight bytes")))
    }

    fn free(&self, at: Address) {
        mach::vm_deallocate(&self.receiver.self_port(), at, Size(self.size as u64)).expect("it was there");
    }

    fn read(&self, at: Address, to: &mut [u8]) {
        for from in (0..self.size).step_by(to.len()) {
            self.receiver.memory().read_into(Address(at.0 + from as u64), to).expect("it is there");
        }
        black_box(to);
    }

    fn write(&self, at: Address, bytes: &[u8]) {
        for from in (0..self.size).step_by(bytes.len()) {
            self.receiver.memory().write_bytes(Address(at.0 + from as u64), bytes).expect("it is there");
        }
    }
}

fn allocate(task: &Task, size: usize) -> Address {
    mach::vm_allocate(&task.self_port(), Address(0), Size(size as u64), true).expect("memory")
}

/// Memory in messages, beside a copy into memory that is in use, one into new memory, and a mapping of a file in memory.
fn transfers() {
    /// How often, where nothing is touched: else the caches are as the row before has left them.
    const TIMES: usize = 100;
    for size in [4 << 10, 64 << 10, 1 << 20, 16 << 20, 256 << 20, 1 << 30] {
        let mail = Mail::new(size);
        let chunk = CHUNK.min(size);
        let (mut to, from) = (vec![0; chunk], vec![9; chunk]);
        let original = vec![7u8; size];
        let mut warm = vec![1u8; size];
        let file = File::from(rustix::fs::memfd_create("bench", rustix::fs::MemfdFlags::CLOEXEC).expect("a file"));
        file.set_len(size as u64).expect("room");
        {
            // SAFETY: nobody else has the file.
            let mut map = unsafe { MmapMut::map_mut(&file) }.expect("a mapping");
            map.copy_from_slice(&original);
        }
        let mapped = || {
            // SAFETY: nobody writes the file any more.
            unsafe { Mmap::map(&file) }.expect("a mapping")
        };
        let mut rows = [
            row("copied into warm memory", 1, || warm.copy_from_slice(black_box(&original))),
            row("copied into fresh memory", 1, || drop(black_box(original.clone()))),
            row("mapped from a memfd, untouched", TIMES, || (0..TIMES).for_each(|_| drop(black_box(mapped())))),
            row("mapped from a memfd, read once", 1, || {
                let map = mapped();
                black_box(map.chunks(PAGE).map(|it| u64::from(it[0])).sum::<u64>());
            }),
            row("in a message, untouched", TIMES, || (0..TIMES).for_each(|_| mail.free(mail.send()))),
            row("in a message, copied out once", 1, || {
                let at = mail.send();
                mail.read(at, &mut to);
                mail.free(at);
            }),
            row("in a message, written once", 1, || {
                let at = mail.send();
                mail.write(at, &from);
                mail.free(at);
            }),
        ];
        let rounds = ((1 << 30) / size).clamp(3, 200);
        report_rows(&size_name(size), rounds, &mut rows, 1);
    }
}

/// What a page costs that is touched for the first time.
fn faults() {
    const PAGES: usize = 4096;
    let kernel = Kernel::default();
    let task = kernel.task("bench", ABI);
    let size = PAGES * PAGE;
    let (from, copy) = (allocate(&task, size), allocate(&task, size));
    for at in (0..size).step_by(PAGE) {
        task.write(Address(from.0 + at as u64), &[7; PAGE]).expect("its own memory");
    }
    let me = task.self_port();
    let touch = |at: Address| {
        let memory = task.memory();
        (0..PAGES).for_each(|it| memory.write(Address(at.0 + (it * PAGE) as u64), 1u64).expect("its own memory"));
    };
    let page = [7u8; PAGE];
    let mut kept: Vec<Box<[u8]>> = Vec::with_capacity(PAGES);
    let mut rows = [
        row("host: a page, made and copied", PAGES, || {
            kept.clear();
            kept.extend((0..PAGES).map(|_| Box::<[u8]>::from(black_box(&page[..]))));
        }),
        row("host: a page of new memory, written", PAGES, || {
            let mut map = MmapMut::map_anon(size).expect("memory");
            map.chunks_mut(PAGE).for_each(|it| it[0] = 1);
            black_box(&map);
        }),
        row("zero-filled", PAGES, || {
            let at = allocate(&task, size);
            touch(at);
            mach::vm_deallocate(&me, at, Size(size as u64)).expect("it was there");
        }),
        row("copied on write", PAGES, || {
            mach::vm_copy(&me, from, Size(size as u64), copy).expect("both are there");
            touch(copy);
        }),
    ];
    report_rows("a page", 15, &mut rows, 0);
}

/// Memory that nobody touches.
fn allocation() {
    const TIMES: usize = 2000;
    let kernel = Kernel::default();
    let task = kernel.task("bench", ABI);
    let me = task.self_port();
    let mut rows = [
        row("mmap and munmap of 64 KiB", TIMES, || {
            (0..TIMES).for_each(|_| drop(black_box(MmapMut::map_anon(64 << 10).expect("memory"))));
        }),
        row("vm_allocate and vm_deallocate", TIMES, || {
            for _ in 0..TIMES {
                let at = mach::vm_allocate(&me, Address(0), Size(64 << 10), true).expect("memory");
                mach::vm_deallocate(&me, at, Size(64 << 10)).expect("it was there");
            }
        }),
    ];
    report_rows("untouched memory", 15, &mut rows, 0);
}

/// A task with so many entries in its map: every other page is there.
fn with_entries(kernel: &Kernel, entries: usize) -> (Task, u64) {
    const FIRST: u64 = 0x1_0000_0000;
    let task = kernel.task("entries", ABI);
    let me = task.self_port();
    for it in 0..entries {
        let at = Address(FIRST + (2 * it * PAGE) as u64);
        mach::vm_allocate(&me, at, Size(PAGE as u64), false).expect("memory");
        task.write(at, &[1]).expect("its own memory");
    }
    (task, FIRST)
}

/// Finding an address among many entries.
fn look_up() {
    const TIMES: usize = 20_000;
    let kernel = Kernel::default();
    let counts = [10, 100, 1000, 10_000, 100_000];
    let tasks = counts.map(|it| with_entries(&kernel, it));
    let names = counts.map(|it| format!("a word of a map of {it} entries"));
    let mut rows: Vec<Row<'_>> = Vec::new();
    for ((name, count), (task, first)) in names.iter().zip(counts).zip(&tasks) {
        rows.push(row(name, TIMES, move || {
            let memory = task.memory();
            let mut at = 1u64;
            for _ in 0..TIMES {
                at = at.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let page = (at >> 33) % count as u64;
                let word: u64 = memory.read(Address(first + 2 * page * PAGE as u64)).expect("it is there");
                black_box(word);
            }
        }));
    }
    report_rows("look-up", 15, &mut rows, 0);
}

/// A new task with the memory of another.
fn creation() {
    let kernel = Kernel::default();
    let counts = [0, 100, 10_000];
    let tasks = counts.map(|it| with_entries(&kernel, it).0);
    tasks.iter().for_each(|it| {
        let all = Size(1 << 40);
        mach::vm_inherit(&it.self_port(), Address(0x1_0000_0000), all, Inherit::COPY).expect("a legal range");
    });
    let names = counts.map(|it| format!("task_create and task_terminate, {it} entries inherited"));
    let mut rows: Vec<Row<'_>> = Vec::new();
    for (name, task) in names.iter().zip(&tasks) {
        rows.push(row(name, 1, move || {
            let child = mach::task_create(&task.self_port(), true).expect("a task");
            mach::task_terminate(&child).expect("it was there");
        }));
    }
    report_rows("creation", 15, &mut rows, 0);
}
