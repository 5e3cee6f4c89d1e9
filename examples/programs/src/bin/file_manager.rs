//! A memory manager: two tasks have a file in their memory, and a third brings it in page by page.
//!
//! Whoever has a right to a memory object's port can map it. The kernel then asks whoever receives from that port for
//! each page that somebody touches, and gives back the pages that have changed: when the manager asks for them, or when
//! nobody has the object mapped any more. Both tasks see the same pages, so that what one writes the other reads at once,
//! and the manager hears nothing of it.
//!
//! The port has an interface of its own beside, by which its clients ask for the file to be brought up to date. That
//! takes until the kernel has returned what has changed, so the answer comes later.
//!
//! ```text
//! $ cargo run -p programs --bin file_manager
//! pager: somebody maps the file
//! pager: brings 4096 bytes at 0
//! ada: finds "apples"
//! pager: brings 4096 bytes at 4096
//! ada: writes "plums." over "pears."
//! bob: finds "plums.", and writes "cherry" over "apples"
//! pager: saves 8192 bytes at 0
//! ada: the file has "cherry", "plums." and "grapes"
//! pager: brings 8 bytes at 8192
//! bob: writes "olives" over "grapes"
//! pager: saves 8 bytes at 8192
//! pager: nobody has the file mapped any more
//! main: the file has "cherry", "plums." and "olives"
//! ```

#![allow(clippy::print_stdout, unused_crate_dependencies, reason = "it shows what happens")]

use std::error::Error;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use generated::mach3::mach::gnumach_x86_64 as mach;
use generated::mach3::memory_object::{MemoryObjectServer, gnumach_x86_64 as memory_object};
use generated::mach3::types::{CopyStrategy, MemoryObjectReturn};
use mig_rt::{
    AbiId, Address, Answer, Inherit, KernReturn, Later, MsgReturn, PortName, Protection, Receive, ReceiveRight, Region,
    ReplyTo, SendRight, Size, serve_once,
};
use programs::filing::{FilingServer, file_sync, gnumach_x86_64 as filing};
use runtime_kernel::{Kernel, Task};

/// What a program of a task comes to.
type Program<X> = Result<X, Box<dyn Error + Send + Sync>>;

const PAGE: usize = 4096;
/// The last page of the file is not a whole one.
const LENGTH: usize = 2 * PAGE + 8;
const MAX: usize = if memory_object::MAX > filing::MAX { memory_object::MAX } else { filing::MAX };
/// Leaves what may be done to pages as it is.
const NO_CHANGE: Protection = Protection(8);

struct Pager {
    file: File,
    port: ReceiveRight<Task>,
    /// By which the kernel is asked to do something with pages that it has.
    control: Option<SendRight<Task>>,
    /// Who waits for the file to be up to date.
    waiting: Vec<Later<Task, file_sync::Reply>>,
    ended: bool,
}

impl Pager {
    /// The bytes of a page that are in the file.
    fn load(&mut self, offset: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.file.seek(SeekFrom::Start(offset))?;
        (&mut self.file).take(PAGE as u64).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Bytes behind the end of the file are nowhere.
    fn save(&mut self, offset: u64, pages: &[u8]) -> io::Result<()> {
        let some = pages.len().min(LENGTH.saturating_sub(offset as usize));
        println!("pager: saves {some} bytes at {offset}");
        self.file.seek(SeekFrom::Start(offset))?;
        self.file.write_all(&pages[..some])
    }
}

fn failed(error: mig_rt::Error) -> KernReturn {
    error.to_kern()
}

impl MemoryObjectServer<Task> for Pager {
    fn memory_object_init(
        &mut self,
        _: PortName,
        control: SendRight<Task>,
        _: SendRight<Task>,
        _: Size,
    ) -> Result<(), KernReturn> {
        println!("pager: somebody maps the file");
        mach::memory_object_ready(&control, false, CopyStrategy::DELAY).map_err(failed)?;
        self.control = Some(control);
        Ok(())
    }

    fn memory_object_data_request(
        &mut self,
        _: PortName,
        control: SendRight<Task>,
        offset: Address,
        length: Size,
        _: Protection,
    ) -> Result<(), KernReturn> {
        let Ok(mut page) = self.load(offset.0) else {
            // Whoever touched the page has an exception.
            return mach::memory_object_data_error(&control, offset, length, Err(KernReturn::FAILURE)).map_err(failed);
        };
        println!("pager: brings {} bytes at {}", page.len(), offset.0);
        page.resize(PAGE, 0);
        let nobody = ReceiveRight::null(self.port.via());
        mach::memory_object_data_supply(&control, offset, (&page[..]).into(), Protection::NONE, false, &nobody)
            .map_err(failed)
    }

    fn memory_object_data_return(
        &mut self,
        _: PortName,
        _: SendRight<Task>,
        offset: Address,
        data: Region<Task, u8>,
        _: bool,
        _: bool,
    ) -> Result<(), KernReturn> {
        self.save(offset.0, data.bytes()?).map_err(|_| KernReturn::FAILURE)
    }

    fn memory_object_lock_completed(
        &mut self,
        _: PortName,
        _: SendRight<Task>,
        _: Address,
        _: Size,
    ) -> Result<(), KernReturn> {
        // What has changed was returned before.
        self.waiting.drain(..).try_for_each(|it| it.send(Ok(()))).map_err(failed)
    }

    fn memory_object_terminate(
        &mut self,
        _: PortName,
        _: ReceiveRight<Task>,
        _: ReceiveRight<Task>,
    ) -> Result<(), KernReturn> {
        println!("pager: nobody has the file mapped any more");
        self.ended = true;
        Ok(())
    }
}

impl FilingServer<Task> for Pager {
    fn file_sync(&mut self, _: PortName, reply: ReplyTo<'_, Task, file_sync::Reply>) -> Answer {
        let Some(control) = &self.control else {
            return reply.now(Err(KernReturn::FAILURE));
        };
        let (waits, answer) = reply.later();
        let (all, dirty) = (Size((LENGTH.div_ceil(PAGE) * PAGE) as u64), MemoryObjectReturn::DIRTY);
        let asked = mach::memory_object_lock_request(control, Address(0), all, dirty, false, NO_CHANGE, &self.port);
        if asked.is_ok() {
            self.waiting.push(waits);
        }
        answer
    }
}

/// Serves until nobody has the file mapped.
fn serve_all(task: &Task, mut pager: Pager) -> Result<(), MsgReturn> {
    let (port, subsystems) = (pager.port.name(), [memory_object::subsystem(), filing::subsystem()]);
    while !pager.ended {
        serve_once::<_, _, MAX>(Receive::from_set(task, port), &subsystems, &mut pager)?;
    }
    Ok(())
}

/// Has the whole file in memory: where it is.
fn map(task: &Task, file: &SendRight<Task>) -> mig_rt::Result<Address> {
    let (zero, copy, allowed) = (Address(0), false, Protection::DEFAULT);
    let (own, size) = (task.self_port(), Size(LENGTH as u64));
    mach::vm_map(&own, zero, size, zero, true, file, zero, copy, allowed, allowed, Inherit::NONE)
}

/// Six letters at the start of a page.
fn word(task: &Task, at: Address, page: usize) -> Result<String, KernReturn> {
    let bytes = task.memory().read_bytes(Address(at.0 + (page * PAGE) as u64), 6)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Puts other letters there, and returns those that were.
fn replace(task: &Task, at: Address, page: usize, by: &str) -> Result<String, KernReturn> {
    let before = word(task, at, page)?;
    task.memory().write_bytes(Address(at.0 + (page * PAGE) as u64), by.as_bytes())?;
    Ok(before)
}

/// The same letters of the file.
fn words(path: &Path) -> io::Result<String> {
    let bytes = fs::read(path)?;
    let word = |page: usize| String::from_utf8_lossy(&bytes[page * PAGE..][..6]).into_owned();
    Ok(format!("{:?}, {:?} and {:?}", word(0), word(1), word(2)))
}

fn new_file() -> io::Result<(PathBuf, File)> {
    let path = std::env::temp_dir().join(format!("file_manager-{}", std::process::id()));
    let mut bytes = vec![b'.'; LENGTH];
    for (page, word) in ["apples", "pears.", "grapes"].iter().enumerate() {
        bytes[page * PAGE..][..6].copy_from_slice(word.as_bytes());
    }
    fs::write(&path, bytes)?;
    let file = File::options().read(true).write(true).open(&path)?;
    Ok((path, file))
}

/// Lets a program run in a task to its end.
fn in_task<X: Send + 'static>(task: &Task, program: impl FnOnce(&Task) -> Program<X> + Send + 'static) -> Program<X> {
    task.spawn("program", move |task| program(&task)).join().expect("the program does not panic")
}

fn use_it(ada: &Task, bob: &Task, [for_ada, for_bob]: [SendRight<Task>; 2], path: PathBuf) -> Program<()> {
    let for_ada = in_task(ada, move |task| {
        let here = map(task, &for_ada)?;
        println!("ada: finds {:?}", word(task, here, 0)?);
        println!("ada: writes \"plums.\" over {:?}", replace(task, here, 1, "plums.")?);
        Ok(for_ada)
    })?;
    let there = in_task(bob, move |task| {
        let there = map(task, &for_bob)?;
        let (finds, before) = (word(task, there, 1)?, replace(task, there, 0, "cherry")?);
        println!("bob: finds {finds:?}, and writes \"cherry\" over {before:?}");
        Ok(there)
    })?;
    in_task(ada, move |_| {
        filing::file_sync(&for_ada)?;
        println!("ada: the file has {}", words(&path)?);
        Ok(())
    })?;
    ada.terminate();
    in_task(bob, move |task| {
        println!("bob: writes \"olives\" over {:?}", replace(task, there, 2, "olives")?);
        Ok(())
    })?;
    // With the task goes the last mapping.
    bob.terminate();
    Ok(())
}

fn main() -> Program<()> {
    let kernel = Kernel::default();
    let [manager, ada, bob] = ["pager", "ada", "bob"].map(|name| kernel.task(name, AbiId::GnumachX8664));
    let (path, file) = new_file()?;
    let port = ReceiveRight::new(&manager)?;
    let rights = [manager.give_send(&port, &ada)?, manager.give_send(&port, &bob)?];
    let pager = Pager { file, port, control: None, waiting: Vec::new(), ended: false };
    let paging = manager.spawn("pager", move |task| serve_all(&task, pager));
    use_it(&ada, &bob, rights, path.clone())?;
    paging.join().expect("the pager does not panic")?;
    println!("main: the file has {}", words(&path)?);
    fs::remove_file(&path)?;
    Ok(())
}
