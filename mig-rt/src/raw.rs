//! Messages that a program writes and reads byte by byte, as C's do.
//!
//! Names in them are numbers: whoever writes one answers for the right behind it, and whoever reads one owns it.

use core::mem::MaybeUninit;

use crate::abi::AbiId;
use crate::bytes::u32_at;
use crate::error::MsgReturn;
use crate::exchange::{Row, by_row};
use crate::right::PortName;
use crate::transport::{Arrived, Failed, Left, Operation, Transport, Wire};

/// `mach_msg_send`: sends a message whose header says how long it is, and waits until there is room for it.
///
/// # Errors
/// The kernel's code, and what became of the message; `MACH_SEND_MSG_TOO_SMALL` if there are fewer bytes than its header
/// says. What the kernel gives back stands in `message`.
///
/// # Safety
/// Rights that the message moves and memory that it gives away are the caller's: no value of this crate owns them too.
/// Addresses in it are those of memory that the kernel may read.
pub unsafe fn mach_msg_send<T: Transport>(via: &T, abi: AbiId, message: &mut [u8]) -> Result<(), Failed> {
    let (size, _) = by_row!(abi, header(message))
        .filter(|it| it.0 <= message.len())
        .ok_or(Failed { code: MsgReturn::SEND_MSG_TOO_SMALL, left: Left::Untouched })?;
    // SAFETY: every byte of the message is initialised.
    let mut wire = unsafe { Wire::new(room(&mut message[..size]), size, size) };
    via.msg(abi, Operation { send: true, ..Operation::default() }, &mut wire).map(drop)
}

/// `mach_msg_receive`: waits for a message to the port that `msgh_local_port` names, of no more bytes than `msgh_size`
/// says, trailer included. Both stand in the header that `message` begins with, and the message takes its place.
///
/// Rights and memory of the message are the caller's then, by their names and addresses.
///
/// # Errors
/// The kernel's code; `MACH_RCV_INVALID_DATA` if there is no header, or less room than it says.
pub fn mach_msg_receive<T: Transport>(via: &T, abi: AbiId, message: &mut [u8]) -> Result<Arrived, Failed> {
    let (size, port) = by_row!(abi, header(message))
        .filter(|it| it.0 <= message.len())
        .ok_or(Failed { code: MsgReturn::RCV_INVALID_DATA, left: Left::Sent })?;
    // SAFETY: nothing is sent.
    let mut wire = unsafe { Wire::new(room(&mut message[..size]), 0, size) };
    via.msg(abi, Operation { receive: Some(port), ..Operation::default() }, &mut wire)
}

/// Size and local port of a header.
fn header<W: Row>(message: &[u8], _: W) -> Option<(usize, PortName)> {
    let header = message.get(..W::HEADER)?;
    Some((u32_at(header, 4) as usize, PortName(u32_at(header, W::LOCAL))))
}

/// Bytes as a wire has them, which writes nothing but bytes there.
fn room(bytes: &mut [u8]) -> &mut [MaybeUninit<u8>] {
    // SAFETY: the same bytes, borrowed exclusively; every writer of a wire writes initialised ones.
    unsafe { core::slice::from_raw_parts_mut(bytes.as_mut_ptr().cast(), bytes.len()) }
}
