//! Transports over a real kernel: what is the same of all of them.
//!
//! [`Mach`] lists the calls of a system under the names that C has for them; whoever implements it has a
//! [`Transport`]. `Darwin` and `Hurd` are lists of system calls and nothing else. Everything that is decided about a
//! message is decided here and in [`dialect`], where a test can play the kernel on any machine.
//!
//! A message of which the kernel could not deliver everything (`MACH_RCV_BODY_ERROR`) is an error like others, as for C's
//! stubs: the rest of it is lost to a task that has no names or no addresses left.

use core::fmt;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;

use crate::abi::AbiId;
use crate::bytes::u32_at;
use crate::error::{KernReturn, MsgReturn};
use crate::memory::{Address, Memory};
use crate::right::{PortName, RightKind};
use crate::transport::{Arrived, Failed, Left, Operation, Transport, Wire};

pub mod dialect;
pub mod traps;

use dialect::{Call, Dialect};

/// The calls of a system, for the task that makes them. Its handle is of no size: a task has one port space.
///
/// # Safety
/// The calls do what Mach's calls of these names do. In particular, `mach_msg` writes no more than the receive limit,
/// and if it succeeds, a message and, in dialects with trailers, a trailer behind it; a region from `vm_allocate` is
/// zeroed, can be written, and is nobody else's until `vm_deallocate`.
pub unsafe trait Mach: Copy + Eq + fmt::Debug + 'static {
    /// How its messages are written.
    const ABI: AbiId;
    /// What its kernel calls options and failures.
    const DIALECT: Dialect;

    /// `mach_msg`: it starts again after an interruption, unless the options say otherwise.
    ///
    /// # Safety
    /// At `message` there are `send_size` bytes of a message whose addresses the kernel may read and, where it says so,
    /// take away, and room for `receive_size` bytes.
    unsafe fn mach_msg(message: *mut u8, call: Call) -> i32;

    /// `mach_port_allocate`.
    ///
    /// # Errors
    /// The kernel's code.
    fn mach_port_allocate(right: RightKind) -> Result<PortName, KernReturn>;

    /// `mach_port_mod_refs`.
    ///
    /// # Errors
    /// The kernel's code.
    fn mach_port_mod_refs(name: PortName, right: RightKind, delta: i32) -> Result<(), KernReturn>;

    /// `mach_port_deallocate`.
    ///
    /// # Errors
    /// The kernel's code.
    fn mach_port_deallocate(name: PortName) -> Result<(), KernReturn>;

    /// `vm_allocate`, anywhere.
    ///
    /// # Errors
    /// The kernel's code.
    fn vm_allocate(size: usize) -> Result<usize, KernReturn>;

    /// `vm_deallocate`, of every page that the range touches.
    ///
    /// # Safety
    /// The range is a region that the caller owns, and nobody uses it afterwards.
    unsafe fn vm_deallocate(address: usize, size: usize);

    /// `mig_get_reply_port`: null if there is none.
    fn mig_get_reply_port() -> PortName;

    /// `mig_get_special_reply_port`: null if there is none.
    fn mig_get_special_reply_port() -> PortName {
        Self::mig_get_reply_port()
    }

    /// `mig_dealloc_reply_port`, or the like for the special one: the thread's port of this name.
    fn mig_dealloc_reply_port(name: PortName);
}

impl<M: Mach> Transport for M {
    const ABIS: &'static [AbiId] = &[M::ABI];

    type Memory = TaskMemory<M>;

    fn msg(&self, abi: AbiId, operation: Operation, message: &mut Wire<'_>) -> Result<Arrived, Failed> {
        // The kernel would read this message in another way than it was written, and take addresses from it.
        if abi != M::ABI {
            return Err(Failed { code: MsgReturn::SEND_INVALID_HEADER, left: Left::Untouched });
        }
        // A call has one time limit. Two different ones are two calls.
        let limits = (operation.receive, operation.send_timeout, operation.receive_timeout);
        match limits {
            (Some(_), Some(send), Some(receive)) if operation.send && send != receive => {
                mach_msg::<M>(Operation { receive: None, ..operation }, message)?;
                mach_msg::<M>(Operation { send: false, ..operation }, message)
            }
            _ => mach_msg::<M>(operation, message),
        }
    }

    fn make_port(&self) -> Result<PortName, KernReturn> {
        M::mach_port_allocate(RightKind::RECEIVE)
    }

    fn reply_port(&self) -> Result<PortName, KernReturn> {
        valid(M::mig_get_reply_port())
    }

    fn special_reply_port(&self) -> Result<PortName, KernReturn> {
        valid(M::mig_get_special_reply_port())
    }

    fn retire_reply_port(&self, name: PortName) {
        M::mig_dealloc_reply_port(name);
    }

    fn retain(&self, name: PortName, kind: RightKind) -> Result<(), KernReturn> {
        M::mach_port_mod_refs(name, kind, 1)
    }

    fn release(&self, name: PortName, kind: RightKind) {
        // A code says that the right is gone already, and nobody can be told.
        let _ = match kind {
            RightKind::RECEIVE | RightKind::PORT_SET => M::mach_port_mod_refs(name, kind, -1),
            // It also takes the dead name that a send right becomes when its port dies.
            _ => M::mach_port_deallocate(name),
        };
    }

    fn allocate(&self, size: usize, fill: &mut dyn FnMut(&mut [u8])) -> Result<TaskMemory<M>, KernReturn> {
        let at = if size == 0 { 0 } else { M::vm_allocate(size)? };
        let mut memory = TaskMemory::<M> { at, size, task: PhantomData };
        fill(memory.bytes_mut());
        Ok(memory)
    }

    fn lend(&self, data: &[u8]) -> Result<Address, KernReturn> {
        Ok(Address(data.as_ptr().expose_provenance() as u64))
    }

    fn unlend(&self, _: Address, _: usize) {}

    fn surrender(&self, memory: TaskMemory<M>) -> Address {
        Address(ManuallyDrop::new(memory).at as u64)
    }

    unsafe fn adopt(&self, at: Address, size: usize) -> TaskMemory<M> {
        // Addresses of this ABI are this task's: none is cut off.
        TaskMemory { at: at.0 as usize, size: if at.0 == 0 { 0 } else { size }, task: PhantomData }
    }
}

/// One call of the kernel.
fn mach_msg<M: Mach>(operation: Operation, message: &mut Wire<'_>) -> Result<Arrived, Failed> {
    let call = M::DIALECT.call(operation, message.bytes().len(), message.capacity());
    // SAFETY: `Wire` has the bytes and the room that `call` says; it comes from a cursor of this ABI, whose addresses
    // were lent or surrendered to it.
    let code = unsafe { M::mach_msg(message.as_mut_ptr(), call) };
    MsgReturn::check(code).map_err(|it| M::DIALECT.failed(it))?;
    let mut arrived = Arrived { abi: M::ABI, size: 0, trailer: 0 };
    if operation.receive.is_some() {
        // SAFETY: what arrived has a header at least, so these bytes were written, within the limit.
        unsafe { message.assume_received(8) };
        arrived.size = u32_at(message.bytes(), 4);
        let mut end = arrived.size as usize;
        if M::DIALECT.trailers {
            let trailer = end.next_multiple_of(4);
            // SAFETY: the kernel wrote that many bytes, and a trailer behind them, which is no shorter than this.
            unsafe { message.assume_received(trailer + 8) };
            arrived.trailer = u32_at(message.bytes(), trailer + 4);
            end = trailer + arrived.trailer as usize;
        }
        // SAFETY: the kernel wrote message and trailer whole, within the limit.
        unsafe { message.assume_received(end) };
    }
    Ok(arrived)
}

/// A name that is null says that there was nothing left.
fn valid(name: PortName) -> Result<PortName, KernReturn> {
    if name.is_valid() { Ok(name) } else { Err(KernReturn::RESOURCE_SHORTAGE) }
}

/// A region of the task's memory, which is given back when it is dropped.
///
/// The kernel copies what a message carries, at the latest when its sender writes: nobody changes what is seen here. A
/// page that its memory manager does not supply is a fault of the thread that reads it, as in C.
pub struct TaskMemory<M: Mach> {
    at: usize,
    /// Exactly what was received or asked for: `vm_deallocate` rounds to pages.
    size: usize,
    task: PhantomData<fn() -> M>,
}

impl<M: Mach> TaskMemory<M> {
    fn bytes_mut(&mut self) -> &mut [u8] {
        if self.size == 0 {
            return &mut [];
        }
        // SAFETY: as in `bytes`; only `allocate` calls this, and its pages are zeroed and can be written.
        unsafe { core::slice::from_raw_parts_mut(core::ptr::with_exposed_provenance_mut(self.at), self.size) }
    }
}

impl<M: Mach> Memory for TaskMemory<M> {
    fn len(&self) -> usize {
        self.size
    }

    fn bytes(&self) -> Result<&[u8], KernReturn> {
        if self.size == 0 {
            return Ok(&[]);
        }
        // SAFETY: the region is this value's until it is dropped or surrendered: it was allocated, or taken from a
        // message once, which is what `adopt` asks for.
        Ok(unsafe { core::slice::from_raw_parts(core::ptr::with_exposed_provenance(self.at), self.size) })
    }
}

impl<M: Mach> Drop for TaskMemory<M> {
    fn drop(&mut self) {
        if self.size > 0 {
            // SAFETY: as in `bytes`, and slices of it do not outlive it.
            unsafe { M::vm_deallocate(self.at, self.size) }
        }
    }
}

impl<M: Mach> fmt::Debug for TaskMemory<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TaskMemory of {} bytes", self.size)
    }
}
