//! The transport of the benchmark: the same C functions that carry C's stubs.

use std::mem::{ManuallyDrop, MaybeUninit};

use mig_rt::{
    AbiId, Address, Arrived, Failed, KernReturn, Left, Memory, MsgReturn, Operation, PortName, RightKind, Subsystem,
    Transport, Wire, serve,
};

use crate::bench::{darwin_lp64, gnumach_x86_64_2022};
use crate::service::Service;

/// C's demultiplexers, of either family.
type Demux = unsafe extern "C" fn(*mut u8, *mut u8) -> i32;

unsafe extern "C" {
    fn mach_msg(message: *mut u8, option: u32, send: u32, room: u32, port: u32, timeout: u32, notify: u32) -> i32;
    fn untyped_mach_msg(
        message: *mut u8,
        option: u32,
        send: u32,
        room: u32,
        port: u32,
        timeout: u32,
        notify: u32,
    ) -> i32;
    fn typed_serve_with(demux: Demux);
    fn untyped_serve_with(demux: Demux);
    fn bench_server(request: *mut u8, reply: *mut u8) -> i32;
    fn untyped_bench_server(request: *mut u8, reply: *mut u8) -> i32;
    fn mig_get_reply_port() -> u32;
    fn mig_dealloc_reply_port(port: u32);
    fn kernel_release(port: u32);
    fn kernel_free(memory: *const u8, size: usize);
    static typed_request: [u8; ROOM];
    static typed_reply: [u8; ROOM];
    static untyped_request: [u8; ROOM];
    static untyped_reply: [u8; ROOM];
}

/// Which stubs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Side {
    C,
    Rust,
}

/// Which messages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Family {
    Typed,
    Untyped,
}

/// Lets the servers of a side answer.
pub(crate) fn serve_with(side: Side) {
    // SAFETY: all are demultiplexers of their family, and nobody calls at this moment.
    unsafe {
        typed_serve_with(if side == Side::C { bench_server } else { typed_server });
        untyped_serve_with(if side == Side::C { untyped_bench_server } else { untyped_server });
    }
}

/// The last request as it was delivered, and the reply as it was sent.
pub(crate) fn carried(family: Family) -> [Vec<u8>; 2] {
    // SAFETY: nobody calls at this moment, so nobody writes.
    let both = unsafe {
        match family {
            Family::Typed => [&typed_request, &typed_reply],
            Family::Untyped => [&untyped_request, &untyped_reply],
        }
    };
    both.map(|it| {
        let size = u32::from_le_bytes(it[4..8].try_into().expect("four bytes"));
        let mut message = it[..size as usize].to_vec();
        if family == Family::Typed {
            // The upper halves of the header's names, which GNU's stubs do not write.
            message[12..16].fill(0);
            message[20..24].fill(0);
        }
        message
    })
}

const ROOM: usize = 16384;
/// Of the trailer that Darwin's kernels append.
const TRAILER: usize = 8;

/// What a C loop calls for each typed request.
unsafe extern "C" fn typed_server(request: *mut u8, reply: *mut u8) -> i32 {
    const SUBSYSTEMS: [Subsystem<Direct, Service>; 1] = [gnumach_x86_64_2022::subsystem()];
    // SAFETY: this is how the kernel calls.
    unsafe { answer(AbiId::GnumachX8664v2022, &SUBSYSTEMS, request, 0, reply) }
}

/// The same for untyped ones.
unsafe extern "C" fn untyped_server(request: *mut u8, reply: *mut u8) -> i32 {
    const SUBSYSTEMS: [Subsystem<Direct, Service>; 1] = [darwin_lp64::subsystem()];
    // SAFETY: this is how the kernel calls.
    unsafe { answer(AbiId::DarwinLp64, &SUBSYSTEMS, request, TRAILER, reply) }
}

/// # Safety
/// `request` is a message that was carried just now, with its trailer, and is answered once; `reply` has room.
#[inline(always)]
unsafe fn answer(
    abi: AbiId,
    subsystems: &[Subsystem<Direct, Service>],
    request: *mut u8,
    trailer: usize,
    reply: *mut u8,
) -> i32 {
    // SAFETY: the kernel gives a message of the size that it says, aligned, and room for a reply.
    let answered = unsafe {
        let size = request.add(4).cast::<u32>().read() as usize + trailer;
        let request = std::slice::from_raw_parts(request, size);
        let reply = std::slice::from_raw_parts_mut(reply.cast::<MaybeUninit<u8>>(), ROOM);
        serve::answer(abi, request, reply, subsystems, &mut Service, Direct)
    };
    i32::from(answered.is_some())
}

/// The handle.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Direct;

/// Memory that the kernel delivered.
pub(crate) struct Mapped {
    at: *const u8,
    size: usize,
}

impl Mapped {
    /// A static array, as if it had been delivered.
    #[inline(always)]
    pub(crate) fn of(it: &'static [i32]) -> Mapped {
        Mapped { at: it.as_ptr().cast(), size: size_of_val(it) }
    }
}

impl Memory for Mapped {
    #[inline(always)]
    fn len(&self) -> usize {
        self.size
    }

    #[inline(always)]
    fn bytes(&self) -> Result<&[u8], KernReturn> {
        if self.size == 0 {
            return Ok(&[]);
        }
        // SAFETY: the benchmark sends nothing but static arrays.
        Ok(unsafe { std::slice::from_raw_parts(self.at, self.size) })
    }
}

impl Drop for Mapped {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: it has no preconditions.
        unsafe { kernel_free(self.at, self.size) }
    }
}

const SEND_AND_RECEIVE: u32 = 3;

impl Transport for Direct {
    const ABIS: &'static [AbiId] = &[AbiId::GnumachX8664v2022, AbiId::DarwinLp64];

    type Memory = Mapped;

    // As near to the stub as C's `mach_msg` is.
    #[inline(always)]
    fn msg(&self, abi: AbiId, operation: Operation, message: &mut Wire<'_>) -> Result<Arrived, Failed> {
        let failed = |code| Failed { code, left: Left::Sent };
        let Some(port) = operation.receive else { return Err(failed(MsgReturn::RCV_INVALID_NAME)) };
        let (send, room) = (message.bytes().len() as u32, message.capacity() as u32);
        let untyped = abi == AbiId::DarwinLp64;
        let trailer = if untyped { TRAILER as u32 } else { 0 };
        let carry = if untyped { untyped_mach_msg } else { mach_msg };
        // SAFETY: the message has `room` bytes of space; the kernel writes as many as its header says then, and the
        // trailer.
        unsafe {
            let code = carry(message.as_mut_ptr(), SEND_AND_RECEIVE, send, room, port.0, 0, 0);
            if code != 0 {
                return Err(failed(MsgReturn::RCV_TOO_LARGE));
            }
            let size = message.as_mut_ptr().add(4).cast::<u32>().read();
            message.assume_received((size + trailer) as usize);
            Ok(Arrived { abi, size, trailer })
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

    fn allocate(&self, _size: usize, _fill: &mut dyn FnMut(&mut [u8])) -> Result<Mapped, KernReturn> {
        Err(KernReturn::NO_SPACE)
    }

    #[inline(always)]
    fn lend(&self, data: &[u8]) -> Result<Address, KernReturn> {
        Ok(Address(data.as_ptr().expose_provenance() as u64))
    }

    fn unlend(&self, _at: Address, _size: usize) {}

    #[inline(always)]
    fn surrender(&self, memory: Mapped) -> Address {
        Address(ManuallyDrop::new(memory).at.expose_provenance() as u64)
    }

    #[inline(always)]
    unsafe fn adopt(&self, at: Address, size: usize) -> Mapped {
        Mapped { at: std::ptr::with_exposed_provenance(at.0 as usize), size }
    }
}
