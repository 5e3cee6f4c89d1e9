//! The transport of Darwin's tasks: the calls of libsystem.
//!
//! **It has never run.** It is compiled for Apple's targets; what is decided about messages is tested with a kernel that
//! the tests play; numbers and the meaning of codes were read in the sources of XNU, from 1228 to 11417.
//!
//! Reply ports are libsystem's, one per thread, which C's stubs on the same thread use as well. libsystem ends the
//! process if it cannot make one.
//!
//! From macOS 13 and iOS 16 on a sender must tell whether a message goes to the kernel or to a queue: libsystem's
//! `mach_msg` tells that it goes to a queue, and a task that sends it to an object of the kernel, such as a task or a
//! host, is ended by an exception of the class `EXC_GUARD`. So the kernel is asked what a send right is to, which costs
//! a call, and a message to an object of its own goes by the function that Apple's own stubs use. It is no public
//! interface, and is looked up when the program runs.

mod kernel;

use mach2::message::mach_msg_header_t;
use mach2::traps::mach_task_self;
use mach2::vm_statistics::VM_FLAGS_ANYWHERE;
use mach2::{mach_port, message, mig, task_special_ports, vm};

use crate::abi::AbiId;
use crate::error::KernReturn;
use crate::mach::Mach;
use crate::mach::dialect::{Call, Dialect};
use crate::right::{PortName, RightKind, SendRight};

// SAFETY: what `mach2` lacks, as libsystem declares it. None of them touches memory of the caller.
unsafe extern "C" {
    safe fn task_self_trap() -> u32;
    safe fn mig_get_special_reply_port() -> u32;
    safe fn mig_dealloc_special_reply_port(port: u32);
}

/// The handle of the calling task's port space.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Darwin;

impl Darwin {
    /// A send right to the calling task.
    pub fn task_self() -> SendRight<Darwin> {
        // SAFETY: the trap makes a reference of its own for each caller, or returns null.
        unsafe { SendRight::from_raw(PortName(task_self_trap()), Darwin) }
    }

    /// A send right to the bootstrap port, where launchd tells the ports of services.
    ///
    /// # Errors
    /// The kernel's code.
    pub fn bootstrap_port() -> Result<SendRight<Darwin>, KernReturn> {
        let mut name = 0;
        // SAFETY: the call writes one name.
        KernReturn::check(unsafe { task_special_ports::task_get_bootstrap_port(mach_task_self(), &mut name) })?;
        // SAFETY: the call made a reference for its caller.
        Ok(unsafe { SendRight::from_raw(PortName(name), Darwin) })
    }
}

// SAFETY: libsystem's functions of these names do what Mach's do.
unsafe impl Mach for Darwin {
    const ABI: AbiId = if size_of::<usize>() == 8 { AbiId::DarwinLp64 } else { AbiId::DarwinIlp32 };
    const DIALECT: Dialect = Dialect::DARWIN;

    unsafe fn mach_msg(message: *mut u8, call: Call) -> i32 {
        // SAFETY: the caller's contract is the kernel's, and a message that is sent has a header.
        if let Some(code) = unsafe { kernel::mach_msg(message, call) } {
            return code;
        }
        let header = message.cast::<mach_msg_header_t>();
        let (option, notify) = (call.option as i32, 0);
        // SAFETY: the caller's contract is the kernel's.
        unsafe {
            let Call { send_size, receive_size, receive_name, timeout, .. } = call;
            message::mach_msg(header, option, send_size, receive_size, receive_name.0, timeout, notify)
        }
    }

    fn mach_port_allocate(right: RightKind) -> Result<PortName, KernReturn> {
        let mut name = 0;
        // SAFETY: the call writes one name.
        KernReturn::check(unsafe { mach_port::mach_port_allocate(mach_task_self(), right.0, &mut name) })?;
        Ok(PortName(name))
    }

    fn mach_port_mod_refs(name: PortName, right: RightKind, delta: i32) -> Result<(), KernReturn> {
        // SAFETY: the call touches no memory of the caller.
        KernReturn::check(unsafe { mach_port::mach_port_mod_refs(mach_task_self(), name.0, right.0, delta) })
    }

    fn mach_port_deallocate(name: PortName) -> Result<(), KernReturn> {
        // SAFETY: as above.
        KernReturn::check(unsafe { mach_port::mach_port_deallocate(mach_task_self(), name.0) })
    }

    fn vm_allocate(size: usize) -> Result<usize, KernReturn> {
        let mut at = 0;
        // SAFETY: the call writes one address; memory that was in use stays as it is.
        KernReturn::check(unsafe { vm::mach_vm_allocate(mach_task_self(), &mut at, size as u64, VM_FLAGS_ANYWHERE) })?;
        // The memory is in this task, whose addresses are no wider.
        Ok(at as usize)
    }

    unsafe fn vm_deallocate(address: usize, size: usize) {
        // SAFETY: the caller owns the range. A code says that it is gone already, and nobody can be told.
        let _ = unsafe { vm::mach_vm_deallocate(mach_task_self(), address as u64, size as u64) };
    }

    fn mig_get_reply_port() -> PortName {
        // SAFETY: the call touches no memory of the caller.
        PortName(unsafe { mig::mig_get_reply_port() })
    }

    fn mig_get_special_reply_port() -> PortName {
        PortName(mig_get_special_reply_port())
    }

    fn mig_dealloc_reply_port(name: PortName) {
        // libsystem destroys the port that it has cached, whatever the name: the right function must be called.
        if name == Self::mig_get_reply_port() {
            // SAFETY: as above.
            unsafe { mig::mig_dealloc_reply_port(name.0) }
        } else {
            mig_dealloc_special_reply_port(name.0);
        }
    }
}
