//! What a kernel does to a message between its sender and its receiver.

use std::vec::Vec;

use super::Loopback;
use super::space::{Queued, Space};
use crate::abi::AbiId;
use crate::bytes::u32_at;
use crate::carried::{Carries, Sender, put};
use crate::error::MsgReturn;
use crate::exchange::{by_row, drop_message};
use crate::message::{COMPLEX, MsgId};
use crate::right::{Disposition, PortName};
use crate::trailer::TrailerElements;
use crate::transport::{Arrived, Failed, Left};

const fn untouched(code: MsgReturn) -> Failed {
    Failed { code, left: Left::Untouched }
}

/// Where a message goes, if it has a header: the same place in every ABI.
pub(super) fn destination(message: &[u8]) -> Option<PortName> {
    (message.len() >= 12).then(|| PortName(u32_at(message, 8)))
}

/// Takes a message in: rights are found and dispositions converted, ports of the header swapped. Where it goes.
///
/// If it fails halfway, `message` is what was taken until then, to be destroyed.
pub(super) fn copy_in(space: &mut Space, abi: AbiId, message: &mut Vec<u8>) -> Result<PortName, Failed> {
    by_row!(abi, copy_in_as(space, message))
}

fn copy_in_as<W: Carries>(space: &mut Space, message: &mut Vec<u8>, _: W) -> Result<PortName, Failed> {
    if message.len() < W::HEADER || message.len() % W::ALIGN != 0 {
        return Err(untouched(MsgReturn::SEND_MSG_TOO_SMALL));
    }
    // The trap knows how long the message is; what the sender wrote does not count.
    let size = message.len() as u32;
    put(message, 4, size);
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
    message[8..W::SEQUENCE].fill(0);
    put(message, 8, reply.0);
    put(message, W::LOCAL, to.0);
    Ok(to)
}

/// Whether the message is delivered as a complex one.
fn copy_in_body<W: Carries>(space: &mut Space, message: &mut Vec<u8>) -> Result<bool, Failed> {
    let (found, whole) = W::items(message);
    if !whole {
        return Err(untouched(MsgReturn::SEND_MSG_TOO_SMALL));
    }
    let mut complex = false;
    for (index, item) in found.iter().enumerate() {
        match copy_in_item::<W>(space, message, item) {
            Ok(it) => complex |= it,
            Err(code) => {
                W::cut(message, item, index);
                return Err(Failed { code, left: Left::Unknown });
            }
        }
    }
    Ok(complex || W::TRAILER > 0)
}

/// All of an item or nothing. Whether it holds any right or memory.
fn copy_in_item<W: Carries>(space: &mut Space, message: &mut [u8], item: &W::Item) -> Result<bool, MsgReturn> {
    let disposition = W::disposition(item, message);
    let memory = W::memory(item, message);
    if let Some((at, size, _)) = memory {
        if size > 0 && !space.has_region(at) {
            return Err(MsgReturn::SEND_INVALID_MEMORY);
        }
        if disposition.is_port() && !space.carry_names(at, disposition) {
            return Err(MsgReturn::SEND_INVALID_RIGHT);
        }
    } else {
        let places = W::places(item);
        let names = || places.iter().map(|it| PortName(u32_at(message, *it))).filter(|it| it.is_valid());
        if !names().all(|it| space.can_carry(it, disposition)) {
            return Err(MsgReturn::SEND_INVALID_RIGHT);
        }
        names().for_each(|it| space.carry(it, disposition));
    }
    W::deliver(item, message);
    Ok(disposition.is_port() || memory.is_some())
}

/// Numbers a message for its receiver, and says who sent it.
pub(super) fn stamp(space: &mut Space, abi: AbiId, to: PortName, message: &mut Vec<u8>) {
    let number = space.next_sequence(to);
    let sender = space.sender;
    by_row!(abi, stamp_as(message, number, &sender));
}

fn stamp_as<W: Carries>(message: &mut Vec<u8>, number: u32, sender: &Sender, _: W) {
    W::stamp(message, number, sender);
}

/// Cuts a trailer down to what the receiver asked for.
pub(super) fn fit_trailer(abi: AbiId, message: &mut Vec<u8>, elements: TrailerElements) {
    by_row!(abi, fit_trailer_as(message, elements));
}

fn fit_trailer_as<W: Carries>(message: &mut Vec<u8>, elements: TrailerElements, _: W) {
    W::fit_trailer(message, elements);
}

/// What a receiver is told of a message: its size without the trailer, and the trailer's.
pub(super) fn arrived(message: &Queued) -> Arrived {
    by_row!(message.abi, arrived_as(&message.bytes))
}

fn arrived_as<W: Carries>(message: &[u8], _: W) -> Arrived {
    let size = match message.get(4..8) {
        Some(it) if W::TRAILER > 0 => (u32_at(it, 0) as usize).min(message.len()),
        _ => message.len(),
    };
    Arrived { abi: W::ABI, size: size as u32, trailer: message.len().saturating_sub(size.next_multiple_of(4)) as u32 }
}

/// What the receiver of a message reads that is too long for it: a header with the size.
pub(super) fn size_of(message: &Queued) -> Vec<u8> {
    by_row!(message.abi, size_as(message.bytes.len()))
}

fn size_as<W: Carries>(size: usize, _: W) -> Vec<u8> {
    let mut header = std::vec![0; W::HEADER];
    put(&mut header, 4, size as u32);
    header
}

/// What the receiver of a port reads when a send-once right to it was destroyed unused.
pub(super) fn send_once_notification(abi: AbiId) -> Queued {
    let mut bytes = Vec::new();
    by_row!(abi, send_once_as(&mut bytes));
    Queued { abi, bytes }
}

fn send_once_as<W: Carries>(bytes: &mut Vec<u8>, _: W) {
    bytes.resize(W::HEADER, 0);
    put(bytes, 0, u32::from(Disposition::MOVE_SEND_ONCE.0) << 8);
    put(bytes, 4, W::HEADER as u32);
    put(bytes, W::ID, MsgId::SEND_ONCE.0 as u32);
    W::stamp(bytes, 0, &Sender::default());
}

/// Releases a message that nobody will receive.
pub(super) fn destroy<S>(message: &Queued, via: Loopback<S>) {
    by_row!(message.abi, destroy_as(&message.bytes, via));
}

fn destroy_as<S, W: Carries>(message: &[u8], via: Loopback<S>, _: W) {
    drop_message::<_, W>(message, via);
}

/// Releases what was taken of a message before taking it failed.
pub(super) fn destroy_taken<S>(abi: AbiId, message: &[u8], via: Loopback<S>) {
    by_row!(abi, release_as(message, via));
}

fn release_as<S, W: Carries>(message: &[u8], via: Loopback<S>, _: W) {
    W::release(message, via);
}

/// Releases a reply that could not be sent, as far as it is still there.
pub(super) fn destroy_unsent<S>(abi: AbiId, message: &[u8], left: Left, via: Loopback<S>) {
    if matches!(left, Left::Untouched | Left::TakenBack) {
        destroy(&Queued { abi, bytes: message.to_vec() }, via);
    }
}
