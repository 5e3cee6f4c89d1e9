//! The transport of the benchmark: the same C function that carries C's stubs.

use std::mem::MaybeUninit;

use mig_rt::{
    AbiId, Address, Arrived, Failed, KernReturn, Left, Memory, MsgReturn, Operation, PortName, RightKind, Transport,
    Wire, serve,
};

use crate::bench::gnumach_x86_64_2022 as stubs;
use crate::service::Service;

unsafe extern "C" {
    fn mach_msg(message: *mut u8, option: u32, send: u32, room: u32, port: u32, timeout: u32, notify: u32) -> i32;
    fn mig_get_reply_port() -> u32;
    fn mig_dealloc_reply_port(port: u32);
    fn kernel_release(port: u32);
    fn kernel_serve_with(demux: unsafe extern "C" fn(*mut u8, *mut u8) -> i32);
    fn bench_server(request: *mut u8, reply: *mut u8) -> i32;
}

/// Whose server the kernel calls.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Side {
    C,
    Rust,
}

/// Lets the server of a side answer.
pub(crate) fn serve_with(side: Side) {
    // SAFETY: both are demultiplexers, and nobody calls at this moment.
    unsafe { kernel_serve_with(if side == Side::C { bench_server } else { rust_server }) }
}

const ROOM: usize = 16384;

/// What a C loop calls for each request.
unsafe extern "C" fn rust_server(request: *mut u8, reply: *mut u8) -> i32 {
    // SAFETY: the kernel gives a message of the size that it says, aligned, and room for a reply.
    let (request, reply) = unsafe {
        let size = request.add(4).cast::<u32>().read() as usize;
        (
            std::slice::from_raw_parts(request, size),
            std::slice::from_raw_parts_mut(reply.cast::<MaybeUninit<u8>>(), ROOM),
        )
    };
    const SUBSYSTEMS: [mig_rt::Subsystem<Direct, Service>; 1] = [stubs::subsystem()];
    // SAFETY: the message was carried just now, and is answered once.
    let answered = unsafe { serve::answer(stubs::ABI, request, reply, &SUBSYSTEMS, &mut Service, Direct) };
    i32::from(answered.is_some())
}

/// The handle.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Direct;

/// Nothing here is out of line.
pub(crate) struct NoMemory;

impl Memory for NoMemory {
    fn len(&self) -> usize {
        0
    }

    fn bytes(&self) -> Result<&[u8], KernReturn> {
        Ok(&[])
    }
}

const SEND_AND_RECEIVE: u32 = 3;

impl Transport for Direct {
    const ABIS: &'static [AbiId] = &[AbiId::GnumachX8664v2022];

    type Memory = NoMemory;

    // As near to the stub as C's `mach_msg` is.
    #[inline(always)]
    fn msg(&self, abi: AbiId, operation: Operation, message: &mut Wire<'_>) -> Result<Arrived, Failed> {
        let failed = |code| Failed { code, left: Left::Sent };
        let Some(port) = operation.receive else { return Err(failed(MsgReturn::RCV_INVALID_NAME)) };
        let (send, room) = (message.bytes().len() as u32, message.capacity() as u32);
        // SAFETY: the message has `room` bytes of space; the kernel writes as many as its header says then.
        unsafe {
            let code = mach_msg(message.as_mut_ptr(), SEND_AND_RECEIVE, send, room, port.0, 0, 0);
            if code != 0 {
                return Err(failed(MsgReturn::RCV_TOO_LARGE));
            }
            let size = message.as_mut_ptr().add(4).cast::<u32>().read();
            message.assume_received(size as usize);
            Ok(Arrived { abi, size, trailer: 0 })
        }
    }

    #[inline]
    fn reply_port(&self) -> Result<PortName, KernReturn> {
        // SAFETY: it has no preconditions.
        Ok(PortName(unsafe { mig_get_reply_port() }))
    }

    fn retire_reply_port(&self, name: PortName) {
        // SAFETY: it has no preconditions.
        unsafe { mig_dealloc_reply_port(name.0) }
    }

    #[inline]
    fn release(&self, name: PortName, _kind: RightKind) {
        // SAFETY: it has no preconditions.
        unsafe { kernel_release(name.0) }
    }

    fn make_port(&self) -> Result<PortName, KernReturn> {
        Err(KernReturn::NO_SPACE)
    }

    fn retain(&self, _name: PortName, _kind: RightKind) -> Result<(), KernReturn> {
        Ok(())
    }

    fn allocate(&self, _size: usize, _fill: &mut dyn FnMut(&mut [u8])) -> Result<NoMemory, KernReturn> {
        Err(KernReturn::NO_SPACE)
    }

    fn lend(&self, _data: &[u8]) -> Result<Address, KernReturn> {
        Err(KernReturn::NO_SPACE)
    }

    fn unlend(&self, _at: Address, _size: usize) {}

    fn surrender(&self, _memory: NoMemory) -> Address {
        Address(0)
    }

    unsafe fn adopt(&self, _at: Address, _size: usize) -> NoMemory {
        NoMemory
    }
}
