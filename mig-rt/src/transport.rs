//! How messages travel: the trait that kernels, in-memory transports and the real trap implement.

use core::fmt;
use core::mem::MaybeUninit;

use crate::abi::AbiId;
use crate::error::{KernReturn, MsgReturn};
use crate::memory::{Address, Memory};
use crate::right::{PortName, RightKind};
use crate::trailer::TrailerElements;

/// The handle of one port space, cheap to copy.
///
/// Mach has one trap and two resources, rights and memory, which come and go; the methods are no more than that.
/// Stubs cannot tell a real kernel from one in memory. A right remembers its handle, so no call names a transport.
///
/// Rights clone the handle once each: make it zero-sized or a reference.
pub trait Transport: Clone + Eq + fmt::Debug {
    /// What may be sent through here. A client function of another ABI does not compile.
    const ABIS: &'static [AbiId];

    /// A received region of memory; dropping it gives it back.
    type Memory: Memory;

    /// `mach_msg`: sends, receives, or both, in this order and with one buffer. If a receive fails, nothing of what may
    /// have arrived is the caller's.
    ///
    /// # Errors
    /// The kernel's code, and what became of the message.
    fn msg(&self, abi: AbiId, operation: Operation, message: &mut Wire<'_>) -> Result<Arrived, Failed>;

    /// Makes a port; the caller owns its receive right.
    ///
    /// # Errors
    /// The kernel's code, usually `KERN_RESOURCE_SHORTAGE` or `KERN_NO_SPACE`.
    fn make_port(&self) -> Result<PortName, KernReturn>;

    /// A receive right for the reply of one call, cached per thread where that is sound. It stays the transport's.
    ///
    /// # Errors
    /// As [`make_port`](Transport::make_port).
    fn reply_port(&self) -> Result<PortName, KernReturn>;

    /// The thread's special reply port, where there is such a thing; elsewhere an ordinary one. It stays the
    /// transport's.
    ///
    /// # Errors
    /// As [`make_port`](Transport::make_port).
    fn special_reply_port(&self) -> Result<PortName, KernReturn> {
        self.reply_port()
    }

    /// Forgets a reply port and then destroys it: an answer that still comes must not meet the next call. In this
    /// order, since destroying may itself be a call that needs a reply port.
    fn retire_reply_port(&self, name: PortName);

    /// Makes one more user reference to a right.
    ///
    /// # Errors
    /// `KERN_UREFS_OVERFLOW`, or what the kernel says of a name that is not such a right.
    fn retain(&self, name: PortName, kind: RightKind) -> Result<(), KernReturn>;

    /// Gives a right back. Called from `Drop`: it never blocks, panics or sends, and does nothing on a dead space.
    fn release(&self, name: PortName, kind: RightKind);

    /// Makes a region of `size` bytes, which `fill` writes; the slice that it gets is zeroed and has that length.
    ///
    /// # Errors
    /// The kernel's code if memory cannot be had; `fill` was not called then.
    fn allocate(&self, size: usize, fill: &mut dyn FnMut(&mut [u8])) -> Result<Self::Memory, KernReturn>;

    /// An address the kernel will copy `data` from while it is being sent.
    ///
    /// # Errors
    /// The kernel's code if the data must be copied first and cannot be.
    fn lend(&self, data: &[u8]) -> Result<Address, KernReturn>;

    /// Ends a loan whose message was not sent.
    fn unlend(&self, at: Address, size: usize);

    /// Gives a region up to a message, which owns it from now on.
    fn surrender(&self, memory: Self::Memory) -> Address;

    /// Takes a region over from a message.
    ///
    /// # Safety
    /// `at` and `size` come from one out-of-line item of a message that this handle received, or that it built and
    /// did not send; each item is taken once. Address 0 is an empty region.
    unsafe fn adopt(&self, at: Address, size: usize) -> Self::Memory;
}

/// What one call of [`Transport::msg`] is to do. Facts, not bits: the families disagree about the bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Operation {
    /// Send what the buffer holds.
    pub send: bool,
    /// Then receive on this port or port set.
    pub receive: Option<PortName>,
    /// Give the send up after so long.
    pub send_timeout: Option<Timeout>,
    /// Give the receive up after so long.
    pub receive_timeout: Option<Timeout>,
    /// Leave a message in the queue that is longer than the buffer.
    pub large: bool,
    /// Whatever else the caller or the definition asks for.
    pub options: MsgOptions,
    /// What is to stand behind a received message, in ABIs with trailers.
    pub trailer: TrailerElements,
    /// The reply comes on the thread's special reply port, which lets the kernel see who waits for whom.
    pub special_reply: bool,
}

/// Milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default)]
pub struct Timeout(pub u32);

/// Options of `mach_msg` that a definition or a caller adds: bits as the kernel of the message's ABI defines them.
///
/// The constants are those of Mach 3.0; where Darwin's differ, they are here too.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct MsgOptions(pub u32);

impl MsgOptions {
    /// No option.
    pub const NONE: MsgOptions = MsgOptions(0);
    /// `MACH_SEND_TIMEOUT`: the time limit holds for the send.
    pub const SEND_TIMEOUT: MsgOptions = MsgOptions(0x10);
    /// `MACH_SEND_NOTIFY`: accept the message beyond the queue limit and tell when there is room again.
    pub const SEND_NOTIFY: MsgOptions = MsgOptions(0x20);
    /// `MACH_SEND_INTERRUPT`: do not restart an interrupted send.
    pub const SEND_INTERRUPT: MsgOptions = MsgOptions(0x40);
    /// `MACH_SEND_CANCEL`: cancel a pending notification.
    pub const SEND_CANCEL: MsgOptions = MsgOptions(0x80);
    /// `MACH_RCV_TIMEOUT`: the time limit holds for the receive.
    pub const RCV_TIMEOUT: MsgOptions = MsgOptions(0x100);
    /// `MACH_RCV_NOTIFY`: make a reply port right that tells of its death.
    pub const RCV_NOTIFY: MsgOptions = MsgOptions(0x200);
    /// `MACH_RCV_INTERRUPT`: do not restart an interrupted receive.
    pub const RCV_INTERRUPT: MsgOptions = MsgOptions(0x400);
    /// `MACH_RCV_LARGE`: leave a message in the queue that is too long.
    pub const RCV_LARGE: MsgOptions = MsgOptions(0x800);

    /// Darwin's `MACH_RCV_LARGE`.
    pub const DARWIN_RCV_LARGE: MsgOptions = MsgOptions(0x4);
    /// Darwin's `MACH_SEND_OVERRIDE`: the receiver runs at the sender's priority.
    pub const DARWIN_SEND_OVERRIDE: MsgOptions = MsgOptions(0x20);
    /// Darwin's `MACH_SEND_NOTIFY`: if there is no room, tell whoever has asked for that when there is some.
    pub const DARWIN_SEND_NOTIFY: MsgOptions = MsgOptions(0x80);
    /// Darwin's `MACH_MSG_STRICT_REPLY`.
    pub const DARWIN_STRICT_REPLY: MsgOptions = MsgOptions(0x200);
    /// Darwin's `MACH_SEND_TRAILER`: a trailer stands behind the message.
    pub const DARWIN_SEND_TRAILER: MsgOptions = MsgOptions(0x2_0000);
    /// Darwin's `MACH_SEND_NOIMPORTANCE`.
    pub const DARWIN_SEND_NOIMPORTANCE: MsgOptions = MsgOptions(0x4_0000);

    /// Both.
    pub const fn with(self, other: MsgOptions) -> MsgOptions {
        MsgOptions(self.0 | other.0)
    }

    /// Whether every option of `other` is set.
    pub const fn has(self, other: MsgOptions) -> bool {
        self.0 & other.0 == other.0
    }
}

/// What [`Transport::msg`] received.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Arrived {
    /// How it is written.
    pub abi: AbiId,
    /// Bytes of the message: what its header says.
    pub size: u32,
    /// Bytes of the trailer behind it.
    pub trailer: u32,
}

/// Why [`Transport::msg`] failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Failed {
    /// The kernel's code.
    pub code: MsgReturn,
    /// What became of the message that was to be sent.
    pub left: Left,
}

/// Who owns a message after a failure.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Left {
    /// The caller: nothing was taken from it.
    Untouched,
    /// The caller, by pseudo-receive: the buffer holds the message with new names and dispositions, header included.
    TakenBack,
    /// Nobody knows: the body was half taken. It is not walked.
    Unknown,
    /// The receiver: the receive failed after the send.
    Sent,
}

/// A message buffer on its way through [`Transport::msg`]: the bytes to send, and the room to receive into.
///
/// Only this crate makes one, and only from it come messages: safe code cannot send bytes it invented.
#[derive(Debug)]
pub struct Wire<'b> {
    bytes: &'b mut [MaybeUninit<u8>],
    written: usize,
    limit: usize,
}

impl<'b> Wire<'b> {
    /// A buffer whose first `written` bytes are to be sent, and which takes a message of up to `limit` bytes.
    ///
    /// # Safety
    /// The first `written` bytes are initialised.
    #[inline(always)]
    pub(crate) unsafe fn new(bytes: &'b mut [MaybeUninit<u8>], written: usize, limit: usize) -> Wire<'b> {
        let limit = if limit < bytes.len() { limit } else { bytes.len() };
        Wire { bytes, written, limit }
    }

    /// The message to send; after a receive, the received one.
    #[inline(always)]
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: `written` bytes are initialised: by `new`'s contract at first, by `assume_received`'s later.
        unsafe { core::slice::from_raw_parts(self.bytes.as_ptr().cast(), self.written) }
    }

    /// The same, for a kernel that rewrites the message where it stands.
    #[inline(always)]
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `bytes`.
        unsafe { core::slice::from_raw_parts_mut(self.bytes.as_mut_ptr().cast(), self.written) }
    }

    /// Bytes that may be received, trailer included.
    #[inline(always)]
    pub fn capacity(&self) -> usize {
        self.limit
    }

    /// Writes a received message; `false`, and nothing else, if it is longer than [`capacity`](Wire::capacity).
    #[inline]
    pub fn receive(&mut self, message: &[u8]) -> bool {
        if message.len() > self.limit {
            return false;
        }
        // SAFETY: `limit` is at most the length of `bytes`; `message` cannot overlap what is borrowed mutably here.
        unsafe {
            core::ptr::copy_nonoverlapping(message.as_ptr(), self.bytes.as_mut_ptr().cast(), message.len());
        }
        self.written = message.len();
        true
    }

    /// Where a trap reads and writes the message.
    #[inline(always)]
    pub fn as_mut_ptr(&mut self) -> *mut u8 {
        self.bytes.as_mut_ptr().cast()
    }

    /// Says that a trap wrote a message.
    ///
    /// # Safety
    /// The first `size` bytes are initialised, and `size` is at most [`capacity`](Wire::capacity).
    #[inline(always)]
    pub unsafe fn assume_received(&mut self, size: usize) {
        self.written = size;
    }

    /// The bytes for as long as the buffer lives.
    #[inline(always)]
    pub(crate) fn into_bytes(self) -> &'b mut [u8] {
        // SAFETY: as in `bytes`; the buffer was borrowed for `'b` and is given up here.
        unsafe { core::slice::from_raw_parts_mut(self.bytes.as_mut_ptr().cast(), self.written) }
    }

    /// The buffer, and how many of its bytes are written.
    #[inline(always)]
    pub(crate) fn into_parts(self) -> (&'b mut [MaybeUninit<u8>], usize) {
        (self.bytes, self.written)
    }
}
