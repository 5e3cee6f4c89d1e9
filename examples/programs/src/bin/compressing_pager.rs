//! A program uses ten times as much memory as there is, and none of it is on a disk: the default pager compresses it.
//!
//! The kernel has 256 pages. When there are more it asks its default memory manager to take some, and for them again
//! when the program touches them; the program knows nothing of it. The manager is a program too, which keeps the pages
//! compressed in memory of its own.
//!
//! ```text
//! $ cargo run -p programs --bin compressing_pager
//! kernel: has 256 pages
//! program: writes 2560 pages
//! program: every byte of 2560 pages is right
//! pager: more than 2500 pages went out, and more than 2500 came in again
//! pager: has more than 2500 pages, more than 6 to 1 compressed
//! pager: has 0 pages when the program has ended
//! ```

#![allow(clippy::print_stdout, unused_crate_dependencies, reason = "it shows what happens")]

use default_pager::{Compressed, PAGE};
use generated::darwin::mach_vm::darwin_lp64 as mach_vm;
use generated::darwin::types::VM_FLAGS_ANYWHERE;
use mig_rt::{AbiId, Address, KernReturn, Size};
use runtime_kernel::{Config, Kernel, Order, Task};

const PAGES: u64 = 256;
const WRITTEN: u64 = 10 * PAGES;

/// What is on a page: lines as a program that logs has them.
fn contents(page: u64) -> Vec<u8> {
    let lines: String = (0..).map(|line| format!("page {page}, line {line}: all is well\n")).take(PAGE / 20).collect();
    lines.into_bytes()[..PAGE].to_vec()
}

/// Writes everything, and says how many pages are right when it reads them.
fn work(task: &Task) -> mig_rt::Result<u64> {
    let size = Size(WRITTEN * PAGE as u64);
    let start = mach_vm::mach_vm_allocate(&task.self_port(), Address(0), size, VM_FLAGS_ANYWHERE)?;
    let at = |page| Address(start.0 + page * PAGE as u64);
    println!("program: writes {WRITTEN} pages");
    (0..WRITTEN).try_for_each(|page| task.memory().write_bytes(at(page), &contents(page)))?;
    let mut right = 0;
    for page in 0..WRITTEN {
        right += u64::from(task.memory().read_bytes(at(page), PAGE)? == contents(page));
    }
    println!("program: every byte of {right} pages is right");
    Ok(right)
}

/// A number that is a little less, since it is not always the same.
fn about(number: u64) -> String {
    format!("more than {}", number.saturating_sub(1) / 100 * 100)
}

fn main() -> Result<(), KernReturn> {
    // One thread at a time, so that it is the same each time.
    let order = Order::Seeded(1);
    let kernel = Kernel::new(Config { order, most_pages: Some(PAGES), ..Config::default() });
    let pager = default_pager::start(&kernel, AbiId::GnumachX8664, Compressed::new(16 << 20))?;
    println!("kernel: has {PAGES} pages");
    let program = kernel.task("program", AbiId::DarwinLp64);
    let working = program.spawn("program", |task| work(&task));
    kernel.run();
    working.join().expect("the program does not panic").map_err(|it| it.to_kern())?;

    let figures = pager.watch.figures();
    println!("pager: {} pages went out, and {} came in again", about(figures.pages_out), about(figures.pages_in));
    let used = figures.space.total - figures.space.free;
    let ratio = figures.pages * PAGE as u64 / used;
    println!("pager: has {} pages, more than {ratio} to 1 compressed", about(figures.pages));
    program.terminate();
    kernel.run();
    println!("pager: has {} pages when the program has ended", pager.watch.figures().pages);
    Ok(())
}
