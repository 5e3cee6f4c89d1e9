//! A task makes a child, which inherits its memory: some of it is shared, some copied, some not there at all.
//!
//! `vm_inherit` says what a child gets of each region; new memory is copied unless somebody says otherwise. No page is
//! copied before one of the two writes to it. A child has no thread: who made it gives it one, with a program.
//!
//! ```text
//! $ cargo run -p programs --bin fork
//! parent: writes 1, makes a child, and writes 2
//! child: in what is shared: 2
//! child: in its copy: 1
//! child: in what it did not inherit: KERN_INVALID_ADDRESS (1)
//! child: writes 3 where it can
//! parent: in what is shared: 3
//! parent: in what was copied: 2
//! parent: in what is its own: 2
//! ```

#![allow(clippy::print_stdout, unused_crate_dependencies, reason = "it shows what happens")]

use generated::mach3::mach::gnumach_x86_64 as mach;
use mig_rt::{AbiId, Address, Inherit, KernReturn, Size};
use runtime_kernel::{Kernel, Task};

const PAGE: Size = Size(4096);

/// What a task has at an address, as text. It only looks: where nothing is, use by a program would be an exception.
fn seen(task: &Task, at: Address) -> String {
    task.read(at, 1).map_or_else(|it| it.to_string(), |it| it[0].to_string())
}

fn write(task: &Task, places: &[Address], number: u8) -> Result<(), KernReturn> {
    places.iter().try_for_each(|at| task.memory().write(*at, number))
}

/// A region of which a child gets so much.
fn region(task: &Task, inheritance: Inherit) -> mig_rt::Result<Address> {
    let own = task.self_port();
    let at = mach::vm_allocate(&own, Address(0), PAGE, true)?;
    mach::vm_inherit(&own, at, PAGE, inheritance)?;
    Ok(at)
}

/// The child's program. Its regions are where its parent's are.
fn grow_up(child: &Task, [shared, copied, private]: [Address; 3]) -> mig_rt::Result<()> {
    println!("child: in what is shared: {}", seen(child, shared));
    println!("child: in its copy: {}", seen(child, copied));
    println!("child: in what it did not inherit: {}", seen(child, private));
    println!("child: writes 3 where it can");
    Ok(write(child, &[shared, copied], 3)?)
}

fn raise(parent: &Task) -> mig_rt::Result<()> {
    let [shared, copied, private] = [Inherit::SHARE, Inherit::COPY, Inherit::NONE].map(|it| region(parent, it));
    let places = [shared?, copied?, private?];
    println!("parent: writes 1, makes a child, and writes 2");
    write(parent, &places, 1)?;
    let child = mach::task_create(&parent.self_port(), true)?;
    write(parent, &places, 2)?;
    // It begins when it is resumed.
    let thread = mach::thread_create(&child)?;
    let program = parent.start(&thread, move |child| grow_up(&child, places))?;
    mach::thread_resume(&thread)?;
    program.join().expect("the child does not panic")?;
    let whose = ["what is shared", "what was copied", "what is its own"];
    whose.iter().zip(places).for_each(|(it, at)| println!("parent: in {it}: {}", seen(parent, at)));
    mach::task_terminate(&child)
}

fn main() -> mig_rt::Result<()> {
    let kernel = Kernel::default();
    let parent = kernel.task("parent", AbiId::GnumachX8664);
    parent.spawn("parent", |it| raise(&it)).join().expect("the parent does not panic")
}
