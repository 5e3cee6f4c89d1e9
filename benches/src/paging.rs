//! Faults that a memory manager serves, beside what a message and its answer cost, and beside the host.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;

use generated::mach3::mach::gnumach_x86_64 as mach;
use generated::mach3::memory_object::{MemoryObjectServer, gnumach_x86_64 as memory_object};
use generated::mach3::types::CopyStrategy;
use mig_rt::{AbiId, Address, Inherit, KernReturn, PortName, Protection, ReceiveRight, SendRight, Size, serve_once};
use runtime_kernel::{Kernel, Task};

use crate::kernel::rpc;
use crate::memory::{report_rows, row};

const ABI: AbiId = AbiId::GnumachX8664;
const PAGE: usize = 4096;

/// It has the same page everywhere.
struct Manager {
    nobody: ReceiveRight<Task>,
    page: [u8; PAGE],
}

impl MemoryObjectServer<Task> for Manager {
    fn memory_object_init(
        &mut self,
        _: PortName,
        control: SendRight<Task>,
        _: SendRight<Task>,
        _: Size,
    ) -> Result<(), KernReturn> {
        mach::memory_object_ready(&control, false, CopyStrategy::DELAY).map_err(|it| it.to_kern())
    }

    fn memory_object_data_request(
        &mut self,
        _: PortName,
        control: SendRight<Task>,
        offset: Address,
        _: Size,
        _: Protection,
    ) -> Result<(), KernReturn> {
        let page = (&self.page[..]).into();
        mach::memory_object_data_supply(&control, offset, page, Protection::NONE, false, &self.nobody)
            .map_err(|it| it.to_kern())
    }

    fn memory_object_terminate(
        &mut self,
        _: PortName,
        _: ReceiveRight<Task>,
        _: ReceiveRight<Task>,
    ) -> Result<(), KernReturn> {
        Ok(())
    }
}

/// Serves until its task ends.
fn manage(task: &Task, port: ReceiveRight<Task>) {
    let mut manager = Manager { nobody: ReceiveRight::null(task), page: [7; PAGE] };
    while serve_once::<_, _, { memory_object::MAX }>(&port, &[memory_object::subsystem()], &mut manager).is_ok() {}
}

fn map(task: &Task, object: &SendRight<Task>, pages: usize, copy: bool) -> Address {
    let (size, all) = (Size((pages * PAGE) as u64), Protection::ALL);
    let (at, none) = (Address(0), Address(0));
    mach::vm_map(&task.self_port(), at, size, none, true, object, none, copy, Protection::DEFAULT, all, Inherit::COPY)
        .expect("there is room")
}

pub(crate) fn report() {
    const PAGES: usize = 512;
    let kernel = Kernel::default();
    let (task, manager) = (kernel.task("bench", ABI), kernel.task("manager", ABI));
    let port = ReceiveRight::new(&manager).expect("a port");
    let object = manager.give_send(&port, &task).expect("a right");
    // What one message and its answer cost between two threads, without any memory.
    let (mut call, end) = rpc();
    let serving = manager.spawn("manager", move |task| manage(&task, port));
    let touch = |copy: bool, writes: bool| {
        let at = map(&task, &object, PAGES, copy);
        for page in 0..PAGES {
            let at = Address(at.0 + (page * PAGE) as u64);
            match writes {
                true => task.memory().write(at, 1u64).expect("its manager brings it"),
                false => drop(task.memory().read::<u64>(at).expect("its manager brings it")),
            }
        }
        mach::vm_deallocate(&task.self_port(), at, Size((PAGES * PAGE) as u64)).expect("it was there");
    };
    let (mut file, mut page) = (tempfile(), [0; PAGE]);
    file.write_all(&vec![7; PAGES * PAGE]).expect("room in a file");
    let mut rows = [
        row("host: a page read from a file in memory", PAGES, || {
            (0..PAGES).for_each(|it| file.read_exact_at(&mut page, (it * PAGE) as u64).expect("it is there"));
        }),
        row("a message and its answer between threads", PAGES, || (0..PAGES).for_each(|_| call())),
        row("a page that a manager brings, read", PAGES, || touch(false, false)),
        row("a page that a manager brings, written", PAGES, || touch(false, true)),
        row("a page of a copy, read", PAGES, || touch(true, false)),
        row("a page of a copy, written", PAGES, || touch(true, true)),
    ];
    report_rows("a fault that another thread serves", 9, &mut rows, 1);
    drop(rows);
    drop(call);
    end();
    manager.terminate();
    drop(serving.join());
}

/// A file that nobody else sees.
fn tempfile() -> File {
    let path = std::env::temp_dir().join(format!("benches-{}", std::process::id()));
    let file = File::options().read(true).write(true).create_new(true).open(&path).expect("a temporary file");
    std::fs::remove_file(path).expect("it was made just now");
    file
}
