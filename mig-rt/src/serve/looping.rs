//! Receiving requests and sending replies, as long as there are any.

use core::mem::{MaybeUninit, swap};

use super::{Subsystem, answer};
use crate::abi::AbiId;
use crate::error::MsgReturn;
use crate::exchange::{self, Row, by_row};
use crate::message::Buffer;
use crate::right::{Disposition, PortName, ReceiveRight};
use crate::transport::{Failed, Left, MsgOptions, Operation, Timeout, Transport, Wire};

/// Where a server receives, and how. A `&ReceiveRight` is one: for ever, and without options.
#[derive(Debug)]
pub struct Receive<'p, T: Transport> {
    via: &'p T,
    operation: Operation,
    /// Bytes that a message may have, if buffers may grow.
    most: usize,
}

impl<'p, T: Transport> Receive<'p, T> {
    /// From the ports of a set, which has this name in a port space.
    pub fn from_set(via: &'p T, set: PortName) -> Receive<'p, T> {
        Receive { via, operation: Operation { receive: Some(set), ..Operation::default() }, most: 0 }
    }

    /// Gives up when no request has come for so long: with `MACH_RCV_TIMED_OUT`.
    pub fn within(mut self, limit: Timeout) -> Receive<'p, T> {
        self.operation = self.operation.receive_within(limit);
        self
    }

    /// With options of `mach_msg`, for the receiving half.
    pub fn with(mut self, options: MsgOptions) -> Receive<'p, T> {
        self.operation = self.operation.with(options);
        self
    }

    /// With buffers that grow when a message comes which they are too small for: up to so many bytes, trailer included.
    /// What is longer is dropped by the kernel.
    ///
    /// So a client whose request is longer than anything that is served is told so, and does not find its server dead.
    #[cfg(feature = "std")]
    pub fn growing(mut self, most: usize) -> Receive<'p, T> {
        self.most = most;
        self
    }

    /// What is asked of the kernel with buffers of so many bytes.
    fn operation<S: ?Sized>(&self, subsystems: &[Subsystem<T, S>], size: usize) -> Operation {
        let trailer = subsystems.iter().map(Subsystem::trailer).max().unwrap_or_default();
        Operation { trailer, large: size < self.most, ..self.operation }
    }
}

impl<'p, T: Transport> From<&'p ReceiveRight<T>> for Receive<'p, T> {
    fn from(port: &'p ReceiveRight<T>) -> Receive<'p, T> {
        Receive::from_set(port.via(), port.name())
    }
}

/// Serves until the port is gone, or receiving from it fails otherwise (`mach_msg_server`). A message that the kernel
/// could not give whole is lost, and the loop goes on.
///
/// `MAX` is the size of the largest message, request or reply, of any of the subsystems, trailer included; longer ones
/// are dropped by the kernel, unless [`growing`](Receive::growing) says otherwise. What each code does to request and
/// reply is C's business rule: success and errors are answered if the client waits; `MIG_NO_REPLY` and
/// `MIG_DESTROY_REQUEST` are not, and release the reply right.
pub fn serve<'p, T: Transport + 'p, S: ?Sized, const MAX: usize>(
    from: impl Into<Receive<'p, T>>,
    subsystems: &[Subsystem<T, S>],
    service: &mut S,
) -> MsgReturn {
    let from = from.into();
    let (mut first, mut second) = (Buffer::<MAX>::new(), Buffer::<MAX>::new());
    let receive = from.operation(subsystems, MAX);
    let code = serve_all(from.via, receive, [first.bytes(), second.bytes()], subsystems, service);
    if code == MsgReturn::RCV_TOO_LARGE { grown::serve(&from, MAX, subsystems, service) } else { code }
}

/// Serves one request (`mach_msg_server_once`). `MAX` is as for [`serve`].
///
/// # Errors
/// Why none was received: `MACH_RCV_TIMED_OUT` with a time limit, `MACH_RCV_TOO_LARGE` for one that is too long and has
/// been dropped. Or why the reply was not sent, which is released then.
pub fn serve_once<'p, T: Transport + 'p, S: ?Sized, const MAX: usize>(
    from: impl Into<Receive<'p, T>>,
    subsystems: &[Subsystem<T, S>],
    service: &mut S,
) -> Result<(), MsgReturn> {
    let from = from.into();
    let (mut first, mut second) = (Buffer::<MAX>::new(), Buffer::<MAX>::new());
    let receive = from.operation(subsystems, MAX);
    match serve_next(from.via, receive, [first.bytes(), second.bytes()], subsystems, service) {
        Err(MsgReturn::RCV_TOO_LARGE) if receive.large => grown::serve_once(&from, MAX, subsystems, service),
        result => result,
    }
}

/// Serves until a receive fails. What is too large ends it only if that stays in the queue: it takes larger buffers.
fn serve_all<T: Transport, S: ?Sized>(
    via: &T,
    receive: Operation,
    [mut here, mut there]: [&mut [MaybeUninit<u8>]; 2],
    subsystems: &[Subsystem<T, S>],
    service: &mut S,
) -> MsgReturn {
    // The reply that goes out with the next receive: its ABI and size.
    let mut reply: Option<(AbiId, usize)> = None;
    loop {
        let (abi, size, operation) = match reply.take() {
            Some((abi, size)) => (abi, size, sending(here, receive)),
            None => (T::ABIS[0], 0, receive),
        };
        let limit = here.len();
        // SAFETY: `size` bytes of `here` are a reply that `answer` completed, or none.
        let mut wire = unsafe { Wire::new(here, size, limit) };
        match via.msg(abi, operation, &mut wire) {
            Ok(arrived) => {
                let message = wire.into_bytes();
                // SAFETY: this handle received the message just now.
                let sent = unsafe { answer(arrived.abi, message, there, subsystems, service, via.clone()) };
                reply = sent.map(|size| (arrived.abi, size));
                swap(&mut here, &mut there);
            }
            Err(it) if it.left != Left::Sent && size > 0 => drop_unsent(abi, wire, it.left, via.clone()),
            Err(it) if is_lost(it.code, receive.large) => {}
            Err(it) => return it.code,
        }
    }
}

/// Whether a receive failed with the message that it took, so that the next may succeed: one that is too large, or one
/// for whose rights or memory there was no room. Nobody ends a server by sending such a message.
fn is_lost(code: MsgReturn, large: bool) -> bool {
    // `MACH_MSG_MASK`: which resource was short.
    match MsgReturn::new(code.code() & !0x3c00) {
        Some(MsgReturn::RCV_TOO_LARGE) => !large,
        it => matches!(it, Some(MsgReturn::RCV_HEADER_ERROR | MsgReturn::RCV_BODY_ERROR)),
    }
}

fn serve_next<T: Transport, S: ?Sized>(
    via: &T,
    receive: Operation,
    [here, there]: [&mut [MaybeUninit<u8>]; 2],
    subsystems: &[Subsystem<T, S>],
    service: &mut S,
) -> Result<(), MsgReturn> {
    let limit = here.len();
    // SAFETY: nothing is sent.
    let mut wire = unsafe { Wire::new(here, 0, limit) };
    let arrived = via.msg(T::ABIS[0], receive, &mut wire).map_err(|it| it.code)?;
    let message = wire.into_bytes();
    // SAFETY: this handle received the message just now.
    let sent = unsafe { answer(arrived.abi, message, there, subsystems, service, via.clone()) };
    let Some(size) = sent else { return Ok(()) };
    let operation = Operation { receive: None, receive_timeout: None, ..sending(there, receive) };
    // SAFETY: `answer` completed a reply of this size.
    let mut wire = unsafe { Wire::new(there, size, size) };
    via.msg(arrived.abi, operation, &mut wire).map(drop).map_err(|Failed { code, left }| {
        drop_unsent(arrived.abi, wire, left, via.clone());
        code
    })
}

/// The operation that sends a reply and receives the next request.
fn sending(reply: &[MaybeUninit<u8>], receive: Operation) -> Operation {
    // SAFETY: a completed reply begins with its bits.
    let disposition = Disposition(unsafe { reply[0].assume_init() });
    // A send-once right never blocks. Any other could, for as long as its owner likes.
    let limit = (disposition != Disposition::MOVE_SEND_ONCE).then_some(Timeout(0));
    Operation { send: true, send_timeout: limit, ..receive }
}

/// What became of a reply that was not sent.
#[cold]
fn drop_unsent<T: Transport>(abi: AbiId, wire: Wire<'_>, left: Left, via: T) {
    by_row!(abi, unsent_in(wire, left, via));
}

fn unsent_in<T: Transport, W: Row>(wire: Wire<'_>, left: Left, via: T, _: W) {
    exchange::drop_unsent::<T, W>(wire, left, via);
}

/// The same with buffers of another size each time that one is too small.
#[cfg(feature = "std")]
mod grown {
    use std::vec::Vec;

    use super::{Buffer, MaybeUninit, MsgReturn, Receive, Subsystem, Transport, serve_all, serve_next};

    /// Two buffers, aligned as messages are.
    struct Buffers(Vec<Buffer<8>>);

    impl Buffers {
        /// Twice as long as the last ones: the kernel tells the size of what waits, but not in every system.
        fn grow(&mut self, size: &mut usize, most: usize) {
            *size = size.saturating_mul(2).clamp(64, most.max(64));
            self.0.resize_with(2 * size.div_ceil(8), Buffer::new);
        }

        fn pair(&mut self, size: usize) -> [&mut [MaybeUninit<u8>]; 2] {
            let words = self.0.len() / 2;
            let (first, second) = self.0.split_at_mut(words);
            [first, second].map(|it| {
                // SAFETY: so many bytes, borrowed exclusively; none is assumed to be written.
                unsafe { core::slice::from_raw_parts_mut(it.as_mut_ptr().cast(), size) }
            })
        }
    }

    #[cold]
    pub(super) fn serve<T: Transport, S: ?Sized>(
        from: &Receive<'_, T>,
        mut size: usize,
        subsystems: &[Subsystem<T, S>],
        service: &mut S,
    ) -> MsgReturn {
        let mut buffers = Buffers(Vec::new());
        loop {
            buffers.grow(&mut size, from.most);
            let receive = from.operation(subsystems, size);
            let code = serve_all(from.via, receive, buffers.pair(size), subsystems, service);
            if code != MsgReturn::RCV_TOO_LARGE {
                return code;
            }
        }
    }

    #[cold]
    pub(super) fn serve_once<T: Transport, S: ?Sized>(
        from: &Receive<'_, T>,
        mut size: usize,
        subsystems: &[Subsystem<T, S>],
        service: &mut S,
    ) -> Result<(), MsgReturn> {
        let mut buffers = Buffers(Vec::new());
        loop {
            buffers.grow(&mut size, from.most);
            let receive = from.operation(subsystems, size);
            let result = serve_next(from.via, receive, buffers.pair(size), subsystems, service);
            if result != Err(MsgReturn::RCV_TOO_LARGE) || !receive.large {
                return result;
            }
        }
    }
}

/// Without an allocator nothing grows, and nobody can ask for it.
#[cfg(not(feature = "std"))]
mod grown {
    use super::{MsgReturn, Receive, Subsystem, Transport};

    pub(super) fn serve<T: Transport, S: ?Sized>(
        _: &Receive<'_, T>,
        _: usize,
        _: &[Subsystem<T, S>],
        _: &mut S,
    ) -> MsgReturn {
        MsgReturn::RCV_TOO_LARGE
    }

    pub(super) fn serve_once<T: Transport, S: ?Sized>(
        _: &Receive<'_, T>,
        _: usize,
        _: &[Subsystem<T, S>],
        _: &mut S,
    ) -> Result<(), MsgReturn> {
        Err(MsgReturn::RCV_TOO_LARGE)
    }
}
