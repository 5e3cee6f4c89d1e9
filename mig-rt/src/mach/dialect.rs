//! What kernels call the options of `mach_msg`, and what its codes mean for the message: tables, and two functions that
//! read them.

use crate::error::MsgReturn;
use crate::right::PortName;
use crate::transport::{Failed, Left, MsgOptions, Operation, Timeout};

/// `MACH_SEND_MSG`
const SEND: u32 = 0x1;
/// `MACH_RCV_MSG`
const RECEIVE: u32 = 0x2;
/// `MACH_MSG_IPC_SPACE`, `_VM_SPACE`, `_IPC_KERNEL` and `_VM_KERNEL`: what else went wrong on the way back.
const SPECIAL: i32 = 0x3c00;

/// The arguments of `mach_msg` behind the message.
///
/// The last one, `notify`, is missing: it is `MACH_PORT_NULL`. Options that use it are refused by the kernel:
/// `MACH_SEND_CANCEL`, `MACH_RCV_NOTIFY`, and `MACH_SEND_NOTIFY` of Mach 3.0 once the queue is full.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Call {
    /// Bits.
    pub option: u32,
    /// Bytes to send.
    pub send_size: u32,
    /// Bytes that may be received, trailer included.
    pub receive_size: u32,
    /// Port or port set to receive on.
    pub receive_name: PortName,
    /// Milliseconds, if one of the time-out options is set.
    pub timeout: u32,
}

impl Call {
    fn limit(&mut self, limit: Option<Timeout>, option: MsgOptions) {
        if let Some(Timeout(milliseconds)) = limit {
            self.option |= option.0;
            self.timeout = milliseconds;
        }
    }

    /// Makes the call by a trap which returns when it is interrupted, until the call is done: what `mach_msg` of the C
    /// library does. A message whose send was interrupted is in the buffer again, and one that was sent is not sent
    /// twice. A time limit begins anew.
    pub fn restarting(mut self, mut mach_msg_trap: impl FnMut(Call) -> i32) -> i32 {
        let wanted = MsgOptions(self.option);
        loop {
            let code = mach_msg_trap(self);
            match MsgReturn::new(code) {
                Some(MsgReturn::SEND_INTERRUPTED) if !wanted.has(MsgOptions::SEND_INTERRUPT) => {}
                Some(MsgReturn::RCV_INTERRUPTED) if !wanted.has(MsgOptions::RCV_INTERRUPT) => {
                    self.option &= !SEND;
                    self.send_size = 0;
                }
                _ => return code,
            }
        }
    }
}

/// What a family of kernels calls things.
#[derive(Clone, Copy, Debug)]
pub struct Dialect {
    /// `MACH_RCV_LARGE`
    pub large: MsgOptions,
    /// Options of a call whose reply comes on the special reply port.
    pub special_reply: MsgOptions,
    /// Whether trailers stand behind messages. Their elements are asked for in bits 24 to 27, and their type, in those
    /// above, is 0.
    pub trailers: bool,
    /// The codes of a send that failed.
    pub refusals: &'static [Refusal],
}

/// What a code means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// The kernel's number.
    pub number: i32,
    /// Mach 3.0's code for it.
    pub code: MsgReturn,
    /// What became of the message.
    pub left: Left,
}

/// A code that every kernel calls the same.
const fn refusal(code: MsgReturn, left: Left) -> Refusal {
    Refusal { number: code.code(), code, left }
}

impl Dialect {
    /// CMU Mach 3.0 and GNU Mach.
    pub const MACH3: Dialect = Dialect {
        large: MsgOptions::RCV_LARGE,
        special_reply: MsgOptions::NONE,
        trailers: false,
        refusals: &[
            // The copy of the message into the kernel failed.
            refusal(MsgReturn::SEND_NO_BUFFER, Left::Untouched),
            refusal(MsgReturn::SEND_INVALID_DATA, Left::Untouched),
            // The header is taken whole or not at all, and before the body.
            refusal(MsgReturn::SEND_INVALID_HEADER, Left::Untouched),
            refusal(MsgReturn::SEND_INVALID_DEST, Left::Untouched),
            refusal(MsgReturn::SEND_INVALID_REPLY, Left::Untouched),
            // A message could also be too small as a whole, but it is not, so some item of the body was.
            refusal(MsgReturn::SEND_MSG_TOO_SMALL, Left::Unknown),
            // The kernel destroys the header's rights and the items before the one that it refuses.
            refusal(MsgReturn::SEND_INVALID_TYPE, Left::Unknown),
            refusal(MsgReturn::SEND_INVALID_RIGHT, Left::Unknown),
            refusal(MsgReturn::SEND_INVALID_MEMORY, Left::Unknown),
            // The whole message was taken, and the queue would not have it.
            refusal(MsgReturn::SEND_TIMED_OUT, Left::TakenBack),
            refusal(MsgReturn::SEND_INTERRUPTED, Left::TakenBack),
            refusal(MsgReturn::SEND_NO_NOTIFY, Left::TakenBack),
            refusal(MsgReturn::SEND_NOTIFY_IN_PROGRESS, Left::TakenBack),
            // That too, or `MACH_SEND_CANCEL` was refused before anything was taken: the buffer reads the same.
            refusal(MsgReturn::SEND_INVALID_NOTIFY, Left::TakenBack),
            // Queued beyond the limit.
            refusal(MsgReturn::SEND_WILL_NOTIFY, Left::Sent),
        ],
    };

    /// Darwin. What a kernel of one year finds before it takes anything, one of another year finds in the body: such
    /// codes are `Unknown`, and so are those of its policies, which have no place here.
    pub const DARWIN: Dialect = Dialect {
        large: MsgOptions::DARWIN_RCV_LARGE,
        // MACH_SEND_SYNC_OVERRIDE, MACH_SEND_SYNC_USE_THRPRI, MACH_RCV_SYNC_WAIT
        special_reply: MsgOptions(0x10_0000 | 0x20_0000 | 0x4000),
        trailers: true,
        refusals: &[
            // The copy of the message into the kernel failed.
            refusal(MsgReturn::SEND_INVALID_DATA, Left::Untouched),
            // Found when that copy was made.
            refusal(MsgReturn::SEND_INVALID_TRAILER, Left::Untouched),
            // The header is taken whole or not at all, and before the body.
            refusal(MsgReturn::SEND_INVALID_HEADER, Left::Untouched),
            refusal(MsgReturn::SEND_INVALID_DEST, Left::Untouched),
            // MACH_SEND_INVALID_VOUCHER: a field of the header.
            Refusal { number: 0x1000_0005, code: MsgReturn::SEND_INVALID_HEADER, left: Left::Untouched },
            // `MACH_MSG_STRICT_REPLY` finds it when the header is taken.
            refusal(MsgReturn::SEND_INVALID_REPLY, Left::Unknown),
            // No buffer for the message, for an array of rights in it, or in the queue.
            refusal(MsgReturn::SEND_NO_BUFFER, Left::Unknown),
            // MACH_SEND_TOO_LARGE: the message, or what its descriptors ask for.
            Refusal { number: 0x1000_000e, code: MsgReturn::SEND_NO_BUFFER, left: Left::Unknown },
            // A message could also be too small as a whole, but it is not, so some descriptor was.
            refusal(MsgReturn::SEND_MSG_TOO_SMALL, Left::Unknown),
            // The kernel destroys the header's rights and the items before the one that it refuses.
            refusal(MsgReturn::SEND_INVALID_TYPE, Left::Unknown),
            refusal(MsgReturn::SEND_INVALID_RIGHT, Left::Unknown),
            refusal(MsgReturn::SEND_INVALID_MEMORY, Left::Unknown),
            // The whole message was taken, and the queue would not have it.
            refusal(MsgReturn::SEND_TIMED_OUT, Left::TakenBack),
            refusal(MsgReturn::SEND_INTERRUPTED, Left::TakenBack),
            // MACH_SEND_INVALID_CONTEXT, found at the queue.
            refusal(MsgReturn::known(0x1000_0012), Left::TakenBack),
        ],
    };

    /// The arguments of a call that does this.
    pub fn call(&self, operation: Operation, send_size: usize, receive_size: usize) -> Call {
        let size = |it: usize| u32::try_from(it).unwrap_or(u32::MAX);
        let mut call = Call { option: operation.options.0, ..Call::default() };
        if operation.send {
            call.option |= SEND;
            call.send_size = size(send_size);
            call.limit(operation.send_timeout, MsgOptions::SEND_TIMEOUT);
        }
        if let Some(name) = operation.receive {
            call.option |= RECEIVE;
            call.receive_name = name;
            call.receive_size = size(receive_size);
            call.limit(operation.receive_timeout, MsgOptions::RCV_TIMEOUT);
            call.option |= if operation.large { self.large.0 } else { 0 };
            call.option |= if self.trailers { operation.trailer.number() << 24 } else { 0 };
            // Only from the send does the kernel learn who is waited for.
            call.option |= if operation.send && operation.special_reply { self.special_reply.0 } else { 0 };
        }
        call
    }

    /// What a code other than success means.
    ///
    /// After a receive that failed the message is its receiver's. A code that is not in the table says nothing about
    /// the message, so it is not looked at.
    pub fn failed(&self, code: MsgReturn) -> Failed {
        if code.was_sent() {
            return Failed { code, left: Left::Sent };
        }
        let number = code.code() & !SPECIAL;
        match self.refusals.iter().find(|it| it.number == number) {
            // The special bits speak of a message that came back, and are the caller's to see.
            Some(it) if number == code.code() => Failed { code: it.code, left: it.left },
            Some(it) => Failed { code, left: it.left },
            None => Failed { code, left: Left::Unknown },
        }
    }
}
