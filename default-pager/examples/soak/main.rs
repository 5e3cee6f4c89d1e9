//! Programs that use more memory than there is, for an hour of the kernel's time: every byte is right, and in the end
//! nothing is left.
//!
//! `cargo run --release -p default-pager --example soak [SECONDS [SEED]]`
//!
//! The kernel has 256 pages. Behind it is a default pager with a file on a slow disk, whose delays are of virtual time,
//! like everything here: the seed decides who runs when, and the same seed is the same hour. A few programs allocate
//! memory and free parts of it, map memory of the pager, write, read, copy, send memory to each other, and fork children
//! that share some of it. Each compares what it reads with an array of bytes of its own.
//!
//! Then all programs end. The kernel's books are checked, the pager must be empty, and the census is what it was before.
#![allow(clippy::print_stdout, reason = "an example tells what it does")]

mod calls;
mod disk;
mod operations;
mod program;

use std::error::Error;
use std::io::{IsTerminal, Write, stdout};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use default_pager::{Figures, OnDisk, Pager};
use generated::mach3::default_pager::gnumach_x86_64 as default_pager_calls;
use generated::mach3::mach::gnumach_x86_64 as mach;
use mig_rt::{AbiId, ReceiveRight, Size};
use runtime_kernel::{Config, Kernel, Order, Task};

use disk::SlowDisk;
use program::{Program, Shared};

/// Pages of memory of the kernel, and of the file behind it.
const PAGES: u64 = 256;
const FILE_PAGES: u64 = 16 * 1024;
const PROGRAMS: u64 = 4;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let seconds: u64 = arguments.next().map_or(Ok(3600), |it| it.parse())?;
    let seed: u64 = arguments.next().map_or(Ok(1), |it| it.parse())?;
    run(seconds, seed)
}

/// Uses memory for so many seconds of virtual time.
pub(crate) fn run(seconds: u64, seed: u64) -> Result<(), Box<dyn Error>> {
    let started = std::time::Instant::now();
    let order = Order::Seeded(seed);
    let kernel = Arc::new(Kernel::new(Config { order, most_pages: Some(PAGES), ..Config::default() }));
    let pager = kernel.task("default pager", AbiId::GnumachX8664);
    let server = Pager::new(&pager, OnDisk::new(Arc::new(SlowDisk::new(&pager)?), 0..FILE_PAGES * 4096))?;
    let host = kernel.host_priv_port(&pager);
    drop(mach::vm_set_default_memory_manager(&host, server.port())?);
    let watch = server.watch();
    let serving = pager.spawn("default pager", move |_| server.serve());
    warm_up(&kernel);
    let before = kernel.census();
    let shared = Arc::new(Shared::new(kernel.clone()));
    let tasks = start_programs(&shared, seed)?;
    for second in 1..=seconds {
        kernel.advance(Duration::from_secs(1));
        progress(second, seconds, shared.operations.load(Relaxed), &watch.figures());
        if !shared.errors().is_empty() {
            break;
        }
    }
    shared.over.store(true, Relaxed);
    let waiting = kernel.run();
    tasks.iter().for_each(Task::terminate);
    let still = kernel.run();
    drop(tasks);
    println!("{} operations in {:.1} s", shared.operations.load(Relaxed), started.elapsed().as_secs_f64());
    let errors = shared.errors();
    if !errors.is_empty() {
        return Err(errors.join("\n").into());
    }
    if waiting != ["default pager"] || still != ["default pager"] {
        return Err(format!("some wait for ever: {waiting:?} {still:?}").into());
    }
    kernel.check()?;
    let (after, figures) = (kernel.census(), watch.figures());
    println!("{} pages out, {} pages in, {} zeroed", figures.pages_out, figures.pages_in, figures.pages_unavailable);
    println!("before: {before}");
    println!("after:  {after}");
    if before != after || figures.objects != 0 || figures.pages != 0 || figures.space.free != figures.space.total {
        return Err(format!("something is left: {figures:?}").into());
    }
    pager.terminate();
    kernel.run();
    drop(serving.join());
    Ok(())
}

/// Lets the pager's thread make the port that it keeps for answers of the kernel.
fn warm_up(kernel: &Arc<Kernel>) {
    let task = kernel.task("first", AbiId::GnumachX8664);
    let host = kernel.host_priv_port(&task);
    let first = task.spawn("first", move |task| {
        let to_pager = mach::vm_set_default_memory_manager(&host, &ReceiveRight::null(&task))?;
        default_pager_calls::default_pager_object_create(&to_pager, Size(1)).map(drop)
    });
    kernel.run();
    drop(first.join());
    task.terminate();
    kernel.run();
}

/// Programs that know each other, and the pager.
fn start_programs(shared: &Arc<Shared>, seed: u64) -> Result<Vec<Task>, Box<dyn Error>> {
    let tasks: Vec<Task> = (0..PROGRAMS)
        .map(|it| shared.kernel.task(&format!("program {it}"), AbiId::ALL[it as usize % AbiId::ALL.len()]))
        .collect();
    let inboxes = tasks.iter().map(ReceiveRight::new).collect::<Result<Vec<_>, _>>()?;
    let mut programs = Vec::new();
    for (number, task) in tasks.iter().enumerate() {
        let others = inboxes.iter().filter(|it| it.via() != task);
        let others = others.map(|it| it.via().give_send(it, task)).collect::<Result<Vec<_>, _>>()?;
        // No new manager: the kernel only says which there is.
        let to_pager =
            mach::vm_set_default_memory_manager(&shared.kernel.host_priv_port(task), &ReceiveRight::null(task))?;
        programs.push(Program::new(shared, task, others, to_pager, seed.wrapping_mul(31) + number as u64 + 1)?);
    }
    for (mut program, inbox) in programs.into_iter().zip(inboxes) {
        let task = program.task.clone();
        drop(task.spawn(task.name(), move |_| program.run(inbox)));
    }
    Ok(tasks)
}

/// A line that tells how far it is, where somebody can see it.
fn progress(second: u64, of: u64, operations: u64, figures: &Figures) {
    if stdout().is_terminal() {
        let Figures { pages_out, pages_in, objects, pages, .. } = figures;
        print!("\r{second} s of {of}: {operations} operations, {pages_out} pages out, {pages_in} in; ");
        print!("{pages} pages of {objects} objects on disk   ");
        if second == of {
            println!();
        }
        // It is only for the eye.
        let _ = stdout().flush();
    }
}
