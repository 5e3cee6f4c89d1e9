//! The transport of tasks on GNU Mach, i386 and x86_64: its traps, and three functions of the Hurd's C library.
//!
//! **It has never run on hardware, nor on the Hurd.** On both machines a task that stood in for the C library has run it
//! on GNU Mach 1.8 in an emulator: rights, memory, calls, time limits, the loop, and what is left after each refusal
//! that a client can provoke. It is compiled for the Hurd's targets and for Linux; what is decided about messages is
//! tested with a kernel that the tests play; numbers of traps, options and codes are compared with GNU Mach's headers.
//!
//! What GNU Mach does by a trap is done by it. Two things have none:
//! - `mach_port_mod_refs` is a message to the kernel, so it costs as much as a call. It is needed to clone a send right
//!   and to drop a receive right. The kernel answers at once: nobody else is waited for.
//! - A thread has one reply port, and only the C library knows threads: its cache is used, by C's stubs on the same
//!   thread too. A reply port costs one trap per thread, and another port after a call that failed.
//!
//! A debugger that has put itself between a task and its kernel port makes traps fail with code `0x10000007`, after
//! which C's stubs send a message instead. This transport does not.

use core::arch::asm;

use crate::abi::AbiId;
use crate::error::KernReturn;
use crate::mach::Mach;
use crate::mach::dialect::{Call, Dialect};
use crate::mach::traps::{self, Trap};
use crate::right::{PortName, RightKind, SendRight};

// SAFETY: these are the C library's declarations. It sets the variable before `main` and in a fork, where there is one
// thread, and the functions touch no memory of the caller.
unsafe extern "C" {
    safe static __mach_task_self_: u32;
    safe fn mach_port_mod_refs(task: u32, name: u32, right: u32, delta: i32) -> i32;
    safe fn mig_get_reply_port() -> u32;
    safe fn mig_dealloc_reply_port(port: u32);
}

/// The handle of the calling task's port space.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Hurd;

impl Hurd {
    /// A send right to the calling task.
    pub fn task_self() -> SendRight<Hurd> {
        own(traps::MACH_TASK_SELF)
    }

    /// A send right to the calling thread.
    pub fn thread_self() -> SendRight<Hurd> {
        own(traps::MACH_THREAD_SELF)
    }

    /// A send right to the host.
    pub fn host_self() -> SendRight<Hurd> {
        own(traps::MACH_HOST_SELF)
    }
}

fn own(trap: Trap<0>) -> SendRight<Hurd> {
    // SAFETY: the trap touches no memory of the caller.
    let name = unsafe { enter(trap, []) };
    // SAFETY: such a trap makes a reference of its own for each caller, or returns null.
    unsafe { SendRight::from_raw(PortName(name as u32), Hurd) }
}

// SAFETY: traps and functions of these names do what Mach's do.
unsafe impl Mach for Hurd {
    const ABI: AbiId = if cfg!(target_arch = "x86") { AbiId::GnumachI386 } else { AbiId::GnumachX8664 };
    const DIALECT: Dialect = Dialect::MACH3;

    unsafe fn mach_msg(message: *mut u8, call: Call) -> i32 {
        call.restarting(|it| {
            let sizes = (it.send_size as usize, it.receive_size as usize);
            let (name, timeout, notify) = (it.receive_name.0 as usize, it.timeout as usize, 0);
            let message = message.expose_provenance();
            // SAFETY: the caller's contract is the kernel's; a call that is made again is smaller, or its message is in
            // the buffer again.
            unsafe { enter(traps::MACH_MSG, [message, it.option as usize, sizes.0, sizes.1, name, timeout, notify]) }
        })
    }

    fn mach_port_allocate(right: RightKind) -> Result<PortName, KernReturn> {
        let mut name = 0_u32;
        let to = (&raw mut name).expose_provenance();
        // SAFETY: the trap writes one name.
        KernReturn::check(unsafe { enter(traps::MACH_PORT_ALLOCATE, [task(), right.0 as usize, to]) })?;
        Ok(PortName(name))
    }

    fn mach_port_mod_refs(name: PortName, right: RightKind, delta: i32) -> Result<(), KernReturn> {
        KernReturn::check(mach_port_mod_refs(__mach_task_self_, name.0, right.0, delta))
    }

    fn mach_port_deallocate(name: PortName) -> Result<(), KernReturn> {
        // SAFETY: the trap touches no memory of the caller.
        KernReturn::check(unsafe { enter(traps::MACH_PORT_DEALLOCATE, [task(), name.0 as usize]) })
    }

    fn vm_allocate(size: usize) -> Result<usize, KernReturn> {
        let (mut at, anywhere) = (0_usize, 1);
        let to = (&raw mut at).expose_provenance();
        // SAFETY: the trap writes one address; memory that was in use stays as it is.
        KernReturn::check(unsafe { enter(traps::VM_ALLOCATE, [task(), to, size, anywhere]) })?;
        Ok(at)
    }

    unsafe fn vm_deallocate(address: usize, size: usize) {
        // SAFETY: the caller owns the range. A code says that it is gone already, and nobody can be told.
        let _ = unsafe { enter(traps::VM_DEALLOCATE, [task(), address, size]) };
    }

    fn mig_get_reply_port() -> PortName {
        PortName(mig_get_reply_port())
    }

    fn mig_dealloc_reply_port(name: PortName) {
        mig_dealloc_reply_port(name.0);
    }
}

/// The calling task, without a reference.
fn task() -> usize {
    __mach_task_self_ as usize
}

/// Makes a trap. The kernel copies as many arguments as its table says, which [`Trap`] says too.
///
/// # Safety
/// The arguments are what the trap asks for.
unsafe fn enter<const N: usize>(trap: Trap<N>, arguments: [usize; N]) -> i32 {
    let mut seven = [0; 7];
    seven[..N].copy_from_slice(&arguments);
    // SAFETY: the caller's contract, and as many arguments as any trap takes.
    unsafe { enter_with(trap.number, &seven) }
}

/// On i386 the trap is a far call through a gate: number in `eax`, arguments on the stack behind a return address, which
/// the kernel skips. It leaves its result in `eax`.
#[cfg(target_arch = "x86")]
unsafe fn enter_with(number: i32, arguments: &[usize; 7]) -> i32 {
    let result;
    // SAFETY: the stack is left as it was found. The kernel restores all registers but `eax`; those that a C function
    // may change are not counted on. What it reads and writes in memory is the caller's contract.
    unsafe {
        asm!(
            "pushl 24({arguments})",
            "pushl 20({arguments})",
            "pushl 16({arguments})",
            "pushl 12({arguments})",
            "pushl 8({arguments})",
            "pushl 4({arguments})",
            "pushl ({arguments})",
            "pushl $0",
            "lcall $7, $0",
            "addl $32, %esp",
            arguments = in(reg) arguments,
            inlateout("eax") number => result,
            clobber_abi("C"),
            options(att_syntax),
        );
    }
    result
}

/// On x86_64 the trap is `syscall`: number in `eax`, six arguments in registers, the seventh on the stack behind a return
/// address, which the kernel skips. It leaves its result in `eax`.
#[cfg(target_arch = "x86_64")]
unsafe fn enter_with(number: i32, arguments: &[usize; 7]) -> i32 {
    let result;
    let [first, second, third, fourth, fifth, sixth, seventh] = *arguments;
    // SAFETY: the stack is left as it was found. `syscall` changes `rcx` and `r11`; those and all others that a C
    // function may change are not counted on. What the kernel reads and writes in memory is the caller's contract.
    unsafe {
        asm!(
            "push {seventh}",
            "push 0",
            "syscall",
            "add rsp, 16",
            seventh = in(reg) seventh,
            in("rdi") first,
            in("rsi") second,
            in("rdx") third,
            in("r10") fourth,
            in("r8") fifth,
            in("r9") sixth,
            inlateout("eax") number => result,
            clobber_abi("C"),
        );
    }
    result
}
