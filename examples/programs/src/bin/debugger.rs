//! A debugger: it stops a program where it touches memory that it does not have, looks at it, mends it, and lets it go on.
//!
//! A thread that cannot go on raises an exception: the kernel asks whoever receives from the exception port of its task,
//! and the thread waits. The debugger gets rights to the thread and to its task, and with them it can do to the program
//! whatever the program can. When it answers that all is well, the program tries again.
//!
//! ```text
//! $ cargo run -p programs --bin debugger
//! debugger: bad access to 0x400008 at instruction 0x1000: KERN_INVALID_ADDRESS
//! debugger: there is nothing, and so here is a page
//! debugger: bad access to 0x401ffe at instruction 0x1004: KERN_PROTECTION_FAILURE
//! debugger: the page begins with 7 and may be written now
//! program: has seen 0 and written 258
//! ```

#![allow(clippy::print_stdout, unused_crate_dependencies, reason = "it shows what happens")]

use generated::mach3::exc::ExcServer;
use generated::mach3::exc::gnumach_i386 as exc;
use generated::mach3::mach::gnumach_i386 as mach;
use generated::mach3::types::i386::I386ThreadState;
use generated::mach3::types::{EXC_BAD_ACCESS, TASK_EXCEPTION_PORT};
use mig_rt::flavor::Words;
use mig_rt::{
    AbiId, Address, Error, Flavor, KernReturn, PortName, Protection, ReceiveRight, SendRight, Size, flavored,
    serve_once,
};
use runtime_kernel::{Kernel, Task};

const ABI: AbiId = AbiId::GnumachI386;
const PAGE: u64 = 4096;

struct Debugger;

impl Debugger {
    /// Gives the program a page, or the right to write to it.
    fn mend(task: &SendRight<Task>, code: KernReturn, page: Address) -> Result<(), Error> {
        if code == KernReturn::INVALID_ADDRESS {
            println!("debugger: there is nothing, and so here is a page");
            return mach::vm_allocate(task, page, Size(PAGE), false).map(drop);
        }
        let there = mach::vm_read(task, page, Size(PAGE))?;
        println!("debugger: the page begins with {} and may be written now", there.bytes()?[0]);
        mach::vm_protect(task, page, Size(PAGE), false, Protection::DEFAULT)
    }

    /// Moves a stopped thread to the next instruction, and says where it was.
    fn step(thread: &SendRight<Task>) -> Result<u32, Error> {
        let mut state: I386ThreadState = flavored(ABI, |number, room| mach::thread_get_state(thread, number, room))?;
        let at = state.eip;
        state.eip += 4;
        set_state(thread, &state).map(|()| at)
    }
}

fn set_state(thread: &SendRight<Task>, state: &I386ThreadState) -> Result<(), Error> {
    let words = Words::of(ABI, state).ok_or(Error::TYPE_ERROR)?;
    mach::thread_set_state(thread, I386ThreadState::NUMBER, &words)
}

impl ExcServer<Task> for Debugger {
    fn exception_raise(
        &mut self,
        _: PortName,
        thread: SendRight<Task>,
        task: SendRight<Task>,
        exception: i32,
        code: i32,
        subcode: i64,
    ) -> Result<(), KernReturn> {
        if exception != EXC_BAD_ACCESS {
            // The next handler, or the end of the program.
            return Err(KernReturn::FAILURE);
        }
        let code = KernReturn::known(code);
        let at = Debugger::step(&thread).map_err(Error::to_kern)?;
        println!("debugger: bad access to {subcode:#x} at instruction {at:#x}: {}", code.name().unwrap_or("?"));
        Debugger::mend(&task, code, Address(subcode as u64 / PAGE * PAGE)).map_err(Error::to_kern)
    }
}

/// What the debugged program does.
fn program(task: &Task) -> Result<(u32, u16), KernReturn> {
    let (memory, own) = (task.memory(), task.self_port());
    let seen = memory.read::<u32>(Address(0x40_0008))?;
    mach::vm_allocate(&own, Address(0x40_1000), Size(PAGE), false).map_err(Error::to_kern)?;
    memory.write(Address(0x40_1000), 7_u8)?;
    mach::vm_protect(&own, Address(0x40_1000), Size(PAGE), false, Protection::READ).map_err(Error::to_kern)?;
    memory.write(Address(0x40_1ffe), 258_u16)?;
    Ok((seen, memory.read(Address(0x40_1ffe))?))
}

fn main() -> mig_rt::Result<()> {
    let kernel = Kernel::default();
    let [task, debugger] = ["program", "debugger"].map(|name| kernel.task(name, ABI));
    let (own, port) = (task.self_port(), ReceiveRight::new(&debugger)?);
    mach::task_set_special_port(&own, TASK_EXCEPTION_PORT, &debugger.give_send(&port, &task)?)?;
    // A thread that is made by a message has a state, and is suspended until it is resumed.
    let thread = mach::thread_create(&own)?;
    let mut state: I386ThreadState = flavored(ABI, |number, room| mach::thread_get_state(&thread, number, room))?;
    state.eip = 0x1000;
    set_state(&thread, &state)?;
    let running = task.start(&thread, |task| program(&task))?;
    let debugging = debugger.spawn("debugger", move |_| {
        (0..2).try_for_each(|_| serve_once::<_, _, { exc::MAX }>(&port, &[exc::subsystem()], &mut Debugger))
    });
    mach::thread_resume(&thread)?;
    debugging.join().expect("the debugger does not panic")?;
    let (seen, written) = running.join().expect("the program is mended")?;
    println!("program: has seen {seen} and written {written}");
    Ok(())
}
