//! Two programs share memory that is larger than the kernel's, on a file that grows while it is used.
//!
//! The default pager makes memory objects for programs that ask it: such an object can be mapped by several tasks, and it
//! is gone when nobody has a right to it. Its pages are in the pager's backing stores. One of them is full here, and so
//! the system's operator adds another one, on a second disk; when that one is to go, its pages move.
//!
//! ```text
//! $ cargo run -p programs --bin backing_stores
//! operator: 1200 pages of backing store
//! writer: makes memory of 1000 pages, and writes it
//! reader: maps it, and adds up 499500 as it must be
//! operator: 200 pages of backing store without the second disk: the server answered KERN_FAILURE (5)
//! writer and reader: have ended
//! operator: 1200 pages of 1200 are free
//! operator: 200 pages of backing store without the second disk: it is gone
//! ```

#![allow(clippy::print_stdout, unused_crate_dependencies, reason = "it shows what happens")]

use std::fs::{File, OpenOptions, remove_file};

use default_pager::{OnDisk, PAGE, Pager};
use generated::darwin::default_pager_object::darwin_lp64 as default_pager_object;
use generated::darwin::host_priv::darwin_lp64 as host_priv;
use generated::mach3::default_pager::gnumach_x86_64 as default_pager_calls;
use generated::mach3::mach::gnumach_x86_64 as mach;
use mig_rt::{AbiId, Address, Inherit, Protection, ReceiveRight, SendRight, Size};
use runtime_kernel::{Config, Kernel, Task};

/// Of the kernel, of the first store, of the second disk, and of the memory that is shared.
const PAGES: u64 = 100;
const FIRST: u64 = 200;
const SECOND: u64 = 1000;
const SHARED: u64 = 1000;

const BYTES: u64 = PAGE as u64;

/// A right to the pager, for a task that may do whatever can be done to the host.
fn pager_of(kernel: &Kernel, task: &Task) -> mig_rt::Result<SendRight<Task>> {
    let host = kernel.host_priv_port(task);
    // No new one: which it is.
    host_priv::host_default_memory_manager(&host, &ReceiveRight::null(task), 0)
}

fn map(task: &Task, object: &SendRight<Task>) -> mig_rt::Result<Address> {
    let (own, zero, size) = (task.self_port(), Address(0), Size(SHARED * BYTES));
    let (copy, allowed) = (false, Protection::DEFAULT);
    mach::vm_map(&own, zero, size, zero, true, object, zero, copy, allowed, allowed, Inherit::SHARE)
}

/// Makes memory, writes a number on each page, and makes a port which a right to the memory is sent to.
fn write(task: &Task, pager: &SendRight<Task>, reader: &SendRight<Task>) -> mig_rt::Result<()> {
    let memory = default_pager_calls::default_pager_object_create(pager, Size(SHARED * BYTES))?;
    println!("writer: makes memory of {SHARED} pages, and writes it");
    let start = map(task, &memory)?;
    for page in 0..SHARED {
        task.memory().write(Address(start.0 + page * BYTES), page as u32)?;
    }
    programs::sharing::darwin_lp64::sharing_offer(reader, &memory)
}

struct Reader(Task);

impl programs::sharing::SharingServer<Task> for Reader {
    fn sharing_offer(&mut self, _: mig_rt::PortName, memory: SendRight<Task>) -> Result<(), mig_rt::KernReturn> {
        let Reader(task) = self;
        let start = map(task, &memory).map_err(|it| it.to_kern())?;
        let mut sum = 0;
        for page in 0..SHARED {
            sum += task.memory().read::<u32>(Address(start.0 + page * BYTES))?;
        }
        println!("reader: maps it, and adds up {sum} as it must be");
        Ok(())
    }
}

/// A new file without a name.
fn disk() -> std::io::Result<File> {
    let path = std::env::temp_dir().join(format!("second-disk-{}", std::process::id()));
    let file = OpenOptions::new().read(true).write(true).create_new(true).open(&path)?;
    remove_file(path)?;
    Ok(file)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let kernel = Kernel::new(Config { most_pages: Some(PAGES), ..Config::default() });
    let operator = kernel.task("operator", AbiId::DarwinLp64);
    // What `default_pager::start` does, and one thing more: the pager gets a device.
    let task = kernel.task("default pager", AbiId::GnumachX8664);
    let mut pager = Pager::new(&task, OnDisk::temporary(FIRST)?)?;
    drop(mach::vm_set_default_memory_manager(&kernel.host_priv_port(&task), pager.port())?);
    let device = task.give_send(pager.device(disk()?)?, &operator)?;
    let watch = pager.watch();
    task.spawn("default pager", |_| pager.serve());

    let to_pager = pager_of(&kernel, &operator)?;
    let store = default_pager_object::default_pager_backing_store_create(&to_pager, 1, 1)?;
    default_pager_object::default_pager_add_segment(&store, &device, 0, SECOND as u32, PAGE as i32)?;
    let info = default_pager_object::default_pager_info(&to_pager)?;
    println!("operator: {} pages of backing store", info.dpi_total_space / info.dpi_page_size);

    let [writer, reader] = ["writer", "reader"].map(|name| kernel.task(name, AbiId::DarwinLp64));
    let port = ReceiveRight::new(&reader)?;
    let (to_reader, to_pager_too) = (reader.give_send(&port, &writer)?, pager_of(&kernel, &writer)?);
    let reading = reader.spawn("reader", move |task| {
        let subsystem = programs::sharing::darwin_lp64::subsystem();
        mig_rt::serve_once::<_, _, { programs::sharing::darwin_lp64::MAX }>(&port, &[subsystem], &mut Reader(task))
    });
    let writing = writer.spawn("writer", move |task| write(&task, &to_pager_too, &to_reader));
    writing.join().expect("the writer does not panic")?;
    reading.join().expect("the reader does not panic")?;
    let without = format!("operator: {FIRST} pages of backing store without the second disk");
    if let Err(code) = default_pager_object::default_pager_backing_store_delete(&store) {
        println!("{without}: {code}");
    }
    writer.terminate();
    reader.terminate();
    println!("writer and reader: have ended");
    // The kernel tells the pager in its own time.
    while watch.figures().pages > 0 {
        std::thread::yield_now();
    }
    let info = default_pager_object::default_pager_info(&to_pager)?;
    let [free, total] = [info.dpi_free_space, info.dpi_total_space].map(|it| it / info.dpi_page_size);
    println!("operator: {free} pages of {total} are free");
    default_pager_object::default_pager_backing_store_delete(&store)?;
    println!("{without}: it is gone");
    Ok(())
}
