//! What a kernel does to a typed message between its sender and its receiver.

use std::vec::Vec;

use super::Loopback;
use super::space::{Queued, Space};
use crate::abi::AbiId;
use crate::bytes::u32_at;
use crate::error::MsgReturn;
use crate::message::{COMPLEX, MsgId};
use crate::right::{Disposition, PortName};
use crate::transport::{Failed, Left};
use crate::typed::{GnumachI386, GnumachX8664, GnumachX8664v2022, Item, Items, Row, drop_message, release};

/// Calls a function for the row of an ABI.
macro_rules! by_row {
    ($abi:expr, $function:ident ( $($arg:expr),* ), $otherwise:expr) => {
        match $abi {
            AbiId::GnumachI386 => $function::<GnumachI386>($($arg),*),
            AbiId::GnumachX8664 => $function::<GnumachX8664>($($arg),*),
            AbiId::GnumachX8664v2022 => $function::<GnumachX8664v2022>($($arg),*),
            AbiId::DarwinLp64 | AbiId::DarwinIlp32 => $otherwise,
        }
    };
}
pub(super) use by_row;

const fn untouched(code: MsgReturn) -> Failed {
    Failed { code, left: Left::Untouched }
}

/// Where a message goes, if it has a header.
pub(super) fn destination(abi: AbiId, message: &[u8]) -> Option<PortName> {
    let _ = abi;
    (message.len() >= 12).then(|| PortName(u32_at(message, 8)))
}

/// Takes a message in: rights are found and dispositions converted, ports of the header swapped. Where it goes.
///
/// If it fails halfway, `message` is what was taken until then, to be destroyed.
pub(super) fn copy_in(space: &mut Space, abi: AbiId, message: &mut Vec<u8>) -> Result<PortName, Failed> {
    by_row!(abi, copy_in_row(space, message), Err(untouched(MsgReturn::SEND_INVALID_HEADER)))
}

fn copy_in_row<W: Row>(space: &mut Space, message: &mut Vec<u8>) -> Result<PortName, Failed> {
    if message.len() < W::HEADER || message.len() % W::ALIGN != 0 {
        return Err(untouched(MsgReturn::SEND_MSG_TOO_SMALL));
    }
    let bits = u32_at(message, 0);
    let (remote, local) = (Disposition(bits as u8), Disposition((bits >> 8) as u8));
    let (to, reply) = (PortName(u32_at(message, 8)), PortName(u32_at(message, W::LOCAL)));
    if !(17..=21).contains(&remote.0) || local != Disposition::NONE && !(17..=21).contains(&local.0) {
        return Err(untouched(MsgReturn::SEND_INVALID_HEADER));
    }
    // A right to a dead port is a dead name, and nothing is sent to those.
    if !space.can_carry(to, remote) || !space.has_receiver(to) {
        return Err(untouched(MsgReturn::SEND_INVALID_DEST));
    }
    if reply.is_valid() && !space.can_carry(reply, local) {
        return Err(untouched(MsgReturn::SEND_INVALID_REPLY));
    }
    let complex = if bits & COMPLEX != 0 { copy_in_body::<W>(space, message)? } else { false };
    space.spend(to, remote.owned());
    if reply.is_valid() {
        space.carry(reply, local);
        space.expects(reply, W::ABI);
    }
    let bits = u32::from(remote.received().0) << 8 | u32::from(local.received().0) | if complex { COMPLEX } else { 0 };
    put(message, 0, bits);
    let size = message.len() as u32;
    put(message, 4, size);
    message[8..W::SEQUENCE].fill(0);
    put(message, 8, reply.0);
    put(message, W::LOCAL, to.0);
    Ok(to)
}

/// Whether the body holds any right or memory.
fn copy_in_body<W: Row>(space: &mut Space, message: &mut Vec<u8>) -> Result<bool, Failed> {
    let mut items = Items::<W>::new(message);
    let found: Vec<Item> = items.by_ref().collect();
    if items.position() != message.len() {
        return Err(untouched(MsgReturn::SEND_MSG_TOO_SMALL));
    }
    let mut complex = false;
    for item in &found {
        match copy_in_item::<W>(space, message, item) {
            Ok(it) => complex |= it,
            Err(code) => {
                message.truncate(item.at);
                return Err(Failed { code, left: Left::Unknown });
            }
        }
    }
    Ok(complex)
}

/// All of an item or nothing. Whether it holds any right or memory.
fn copy_in_item<W: Row>(space: &mut Space, message: &mut [u8], item: &Item) -> Result<bool, MsgReturn> {
    let disposition = item.disposition::<W>();
    if !item.is_inline::<W>() {
        let at = item.address::<W>(message);
        if item.size::<W>() > 0 && !space.has_region(at) {
            return Err(MsgReturn::SEND_INVALID_MEMORY);
        }
        if disposition.is_port() && !space.carry_names(at, disposition) {
            return Err(MsgReturn::SEND_INVALID_RIGHT);
        }
    } else if disposition.is_port() {
        let names = || item.names::<W>(message).filter(|it| it.is_valid());
        if !names().all(|it| space.can_carry(it, disposition)) {
            return Err(MsgReturn::SEND_INVALID_RIGHT);
        }
        names().for_each(|it| space.carry(it, disposition));
    }
    let complex = disposition.is_port() || !item.is_inline::<W>();
    item.rewrite::<W>(message, disposition.received(), true);
    Ok(complex)
}

/// Numbers a message for its receiver.
pub(super) fn stamp(space: &mut Space, abi: AbiId, to: PortName, message: &mut [u8]) {
    let number = space.next_sequence(to);
    by_row!(abi, stamp_row(message, number), ());
}

fn stamp_row<W: Row>(message: &mut [u8], number: u32) {
    put(message, W::SEQUENCE, number);
}

/// What the receiver of a port reads when a send-once right to it was destroyed unused.
pub(super) fn send_once_notification(abi: AbiId) -> Queued {
    let bytes = by_row!(abi, send_once_row(), Vec::new());
    Queued { abi, bytes }
}

fn send_once_row<W: Row>() -> Vec<u8> {
    let mut bytes = std::vec![0; W::HEADER];
    put(&mut bytes, 0, u32::from(Disposition::MOVE_SEND_ONCE.0) << 8);
    put(&mut bytes, 4, W::HEADER as u32);
    put(&mut bytes, W::ID, MsgId::SEND_ONCE.0 as u32);
    bytes
}

/// Releases a message that nobody will receive.
pub(super) fn destroy<S>(message: &Queued, via: Loopback<S>) {
    match message.abi {
        AbiId::GnumachI386 => drop_message::<_, GnumachI386>(&message.bytes, via),
        AbiId::GnumachX8664 => drop_message::<_, GnumachX8664>(&message.bytes, via),
        AbiId::GnumachX8664v2022 => drop_message::<_, GnumachX8664v2022>(&message.bytes, via),
        AbiId::DarwinLp64 | AbiId::DarwinIlp32 => {}
    }
}

/// Releases what was taken of a message before taking it failed.
pub(super) fn destroy_taken<S>(abi: AbiId, message: &[u8], via: Loopback<S>) {
    by_row!(abi, release_body(message, via), ());
}

fn release_body<W: Row>(message: &[u8], via: Loopback<impl Sized>) {
    release::<_, W>(message, via);
}

/// Releases a reply that could not be sent, as far as it is still there.
pub(super) fn destroy_unsent<S>(abi: AbiId, message: &[u8], left: Left, via: Loopback<S>) {
    if matches!(left, Left::Untouched | Left::TakenBack) {
        destroy(&Queued { abi, bytes: message.to_vec() }, via);
    }
}

pub(super) fn put(message: &mut [u8], at: usize, number: u32) {
    message[at..at + 4].copy_from_slice(&number.to_le_bytes());
}
