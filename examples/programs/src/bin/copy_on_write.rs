//! A backup of a gigabyte that goes on changing: a message carries all of it, and costs a page for each page that is
//! written meanwhile.
//!
//! The database gives the backup its own task port. With it the backup asks the kernel for the database's memory, and
//! gets a copy that is as the memory was then. No page is copied until somebody writes to it, and nobody waits.
//!
//! ```text
//! $ cargo run -p programs --bin copy_on_write
//! database: 1024 MiB with 3 records, 3 pages exist
//! backup: has a copy, 3 pages exist
//! database: writes 2 records, 5 pages exist
//! database: "FIRST", "second", "THIRD"
//! backup: "first", "second", "third"
//! ```

#![allow(clippy::print_stdout, unused_crate_dependencies, reason = "it shows what happens")]

use std::sync::Arc;

use generated::mach3::mach::gnumach_x86_64 as mach;
use mig_rt::{AbiId, Address, KernReturn, PortName, ReceiveRight, Room, SendRight, Size, serve_once};
use programs::backup::BackupServer;
use programs::backup::gnumach_x86_64 as backup;
use runtime_kernel::{Kernel, Task, TaskMemory};

const SIZE: u64 = 1 << 30;
/// Where the records are: far from each other.
const RECORDS: [u64; 3] = [0, SIZE / 2, SIZE - 4096];
/// Bytes of a record.
const LENGTH: usize = 16;

/// Keeps a copy.
struct Backup {
    kernel: Arc<Kernel>,
    task: Task,
    copy: Option<TaskMemory>,
}

impl BackupServer<Task> for Backup {
    fn backup_take(&mut self, _: PortName, task: SendRight<Task>, at: u64, size: u64) -> Result<(), KernReturn> {
        let copy = mach::vm_read(&task, Address(at), Size(size)).map_err(|it| it.to_kern())?;
        println!("backup: has a copy, {} pages exist", self.kernel.census().pages);
        self.copy = Some(copy.into_memory());
        Ok(())
    }

    fn backup_look(&mut self, _: PortName, offset: u64, record: &mut Room<'_, u8>) -> Result<(), KernReturn> {
        let copy = self.copy.as_ref().ok_or(KernReturn::INVALID_ARGUMENT)?;
        let at = Address(copy.address().0.checked_add(offset).ok_or(KernReturn::INVALID_ADDRESS)?);
        let bytes = self.task.memory().read_bytes(at, LENGTH)?;
        let end = bytes.iter().position(|it| *it == 0).ok_or(KernReturn::INVALID_ARGUMENT)?;
        record.extend(&bytes[..=end])
    }
}

/// What a record says.
fn text(record: &[u8]) -> String {
    let end = record.iter().position(|it| *it == 0).unwrap_or(record.len());
    format!("{:?}", String::from_utf8_lossy(&record[..end]))
}

/// Writes records, each at its place.
fn write(database: &Task, at: Address, records: &[(usize, &str)]) -> Result<(), KernReturn> {
    records.iter().try_for_each(|(which, text)| {
        database.memory().write_bytes(Address(at.0 + RECORDS[*which]), format!("{text}\0").as_bytes())
    })
}

fn run(database: &Task, kernel: &Kernel, backup: &SendRight<Task>) -> mig_rt::Result<()> {
    let at = mach::vm_allocate(&database.self_port(), Address(0), Size(SIZE), true)?;
    write(database, at, &[(0, "first"), (1, "second"), (2, "third")])?;
    println!("database: {} MiB with 3 records, {} pages exist", SIZE >> 20, kernel.census().pages);
    backup::backup_take(backup, database.self_port(), at.0, SIZE)?;
    write(database, at, &[(0, "FIRST"), (2, "THIRD")])?;
    println!("database: writes 2 records, {} pages exist", kernel.census().pages);
    let (mut own, mut kept) = (Vec::new(), Vec::new());
    for record in RECORDS {
        own.push(text(&database.read(Address(at.0 + record), LENGTH)?));
        let mut room = [0; LENGTH];
        backup::backup_look(backup, record, &mut room)?;
        kept.push(text(&room));
    }
    println!("database: {}", own.join(", "));
    println!("backup: {}", kept.join(", "));
    Ok(())
}

fn main() -> mig_rt::Result<()> {
    let kernel = Arc::new(Kernel::default());
    let [database, server] = ["database", "backup"].map(|name| kernel.task(name, AbiId::GnumachX8664));
    let port = ReceiveRight::new(&server)?;
    let backup = server.give_send(&port, &database)?;
    let mut store = Backup { kernel: kernel.clone(), task: server.clone(), copy: None };
    let serving = server.spawn("backup", move |_| {
        // One copy, and as many looks at it as there are records.
        (0..=RECORDS.len())
            .try_for_each(|_| serve_once::<_, _, { backup::MAX }>(&port, &[backup::subsystem()], &mut store))
    });
    run(&database, &kernel, &backup)?;
    Ok(serving.join().expect("the backup does not panic")?)
}
