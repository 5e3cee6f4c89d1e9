//! Two tasks have the same memory, and count in it together without a message.
//!
//! A memory entry is a port that stands for memory: whoever has a right to it can map that memory, as far as the entry
//! allows. One task makes an entry of a page of its own and sends a right to it to the other. From then on both change
//! one number there, each by atomic operations, and no change is lost.
//!
//! ```text
//! $ cargo run -p programs --bin shared_memory
//! first: has written 100 into a page, and offers it
//! second: maps the page and finds 100
//! whoever is ready last: after 10000 additions by each there are 20100
//! ```

#![allow(clippy::print_stdout, unused_crate_dependencies, reason = "it shows what happens")]

use generated::darwin::mach_vm::darwin_lp64 as mach_vm;
use generated::darwin::types::VM_FLAGS_ANYWHERE;
use mig_rt::{AbiId, Address, Inherit, KernReturn, PortName, Protection, ReceiveRight, SendRight, Size, serve_once};
use programs::sharing::{SharingServer, darwin_lp64 as sharing};
use runtime_kernel::{Kernel, Task};

const PAGE: Size = Size(4096);
const ADDITIONS: u32 = 10_000;

/// The sum is the first number of the page; the second counts those who are ready.
fn ready_at(page: Address) -> Address {
    Address(page.0 + 4)
}

/// Says that one is ready, and what the sum is if the other was before.
fn be_ready(task: &Task, page: Address) -> Result<(), KernReturn> {
    if task.memory().update(ready_at(page), |it: u32| it + 1)? == 1 {
        let sum = task.memory().read::<u32>(page)?;
        println!("whoever is ready last: after {ADDITIONS} additions by each there are {sum}");
    }
    Ok(())
}

fn offer(first: &Task, neighbour: &SendRight<Task>) -> mig_rt::Result<()> {
    let own = first.self_port();
    let page = mach_vm::mach_vm_allocate(&own, Address(0), PAGE, VM_FLAGS_ANYWHERE)?;
    first.memory().write(page, 100_u32)?;
    println!("first: has written 100 into a page, and offers it");
    let no_parent = SendRight::null(first);
    let entry = mach_vm::mach_make_memory_entry(&own, PAGE, page, Protection::DEFAULT, &no_parent)?.object_handle;
    sharing::sharing_offer(neighbour, &entry)?;
    for _ in 0..ADDITIONS {
        first.memory().update(page, |it: u32| it + 1)?;
    }
    Ok(be_ready(first, page)?)
}

struct Second {
    task: Task,
    /// What it was offered.
    page: Option<Address>,
}

impl SharingServer<Task> for Second {
    fn sharing_offer(&mut self, _: PortName, memory: SendRight<Task>) -> Result<(), KernReturn> {
        let own = self.task.self_port();
        // Wherever there is room, from the start of the entry on; the memory itself and no copy.
        let (zero, copy, allowed) = (Address(0), false, Protection::DEFAULT);
        let (flags, inheritance) = (VM_FLAGS_ANYWHERE, Inherit::NONE);
        let page =
            mach_vm::mach_vm_map(&own, zero, PAGE, zero, flags, &memory, zero, copy, allowed, allowed, inheritance)
                .map_err(|it| it.to_kern())?;
        println!("second: maps the page and finds {}", self.task.memory().read::<u32>(page)?);
        self.page = Some(page);
        // The right can go: memory stays while somebody has it.
        Ok(())
    }
}

/// Adds 1, unless somebody comes in between.
fn add_if_alone(task: &Task, at: Address) -> Result<bool, KernReturn> {
    let seen = task.memory().read::<u32>(at)?;
    Ok(task.memory().compare_and_swap(at, seen, seen + 1)? == seen)
}

fn accept(mut second: Second, port: &ReceiveRight<Task>) -> mig_rt::Result<()> {
    serve_once::<_, _, { sharing::MAX }>(port, &[sharing::subsystem()], &mut second)?;
    let Second { task, page: Some(page) } = second else { return Ok(()) };
    for _ in 0..ADDITIONS {
        while !add_if_alone(&task, page)? {}
    }
    Ok(be_ready(&task, page)?)
}

fn main() -> mig_rt::Result<()> {
    let kernel = Kernel::default();
    let [first, second] = ["first", "second"].map(|name| kernel.task(name, AbiId::DarwinLp64));
    let port = ReceiveRight::new(&second)?;
    let neighbour = second.give_send(&port, &first)?;
    let accepting = second.spawn("second", move |task| accept(Second { task, page: None }, &port));
    first.spawn("first", move |task| offer(&task, &neighbour)).join().expect("the first does not panic")?;
    accepting.join().expect("the second does not panic")
}
