//! Giving a message out: rights get the receiver's names, memory gets addresses.
//!
//! A right that cannot be given becomes null and memory that cannot be mapped becomes empty; the code says so, and the
//! rest of the message is delivered.

use mig_rt::carried::{COMPLEX, Carries, Sender, put, u32_at};
use mig_rt::{Disposition, MsgReturn, PortName, TrailerElements, by_row};

use super::copyin::Names;
use super::message::{Destination, Item, Message};
use super::right::Carried;
use crate::vm::MapCopy;

/// What goes with a received message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Envelope {
    pub(crate) sequence: u32,
    pub(crate) context: u64,
    pub(crate) payload: Option<u64>,
    pub(crate) trailer: TrailerElements,
    /// What the port is called, where its name is not in a space.
    pub(crate) name: Option<PortName>,
}

/// Bits of a code that says that some right has no name (`MACH_MSG_IPC_SPACE`), or some memory no address.
pub(crate) const SPECIAL: i32 = 0x3c00;

/// Makes a message what its receiver reads: its bytes. A code if something could not be given.
pub(crate) fn copy_out(names: &dyn Names, message: &mut Message, envelope: Envelope) -> Option<MsgReturn> {
    by_row!(message.abi, copy_out_as(names, message, envelope))
}

fn copy_out_as<W: Carries>(names: &dyn Names, message: &mut Message, envelope: Envelope, _: W) -> Option<MsgReturn> {
    let to = message.to.take();
    let local = to.as_ref().map_or(Disposition::NONE, disposition_of);
    let name = to.map_or(PortName::NULL, |it| names.name_of_port(it));
    let name = envelope.name.unwrap_or(name);
    let (reply, remote) = give(names, std::mem::replace(&mut message.reply, Carried::Null));
    let Message { bytes, items, sender, .. } = message;
    put_header::<W>(bytes, (remote, reply.unwrap_or(PortName::NULL)), (local, name), envelope.payload);
    let code = match reply {
        Ok(_) => with_special(MsgReturn::RCV_BODY_ERROR, give_body::<W>(names, bytes, items)),
        Err(special) => {
            // Nothing but the header is delivered; the rest is released.
            items.clear();
            bytes.truncate(W::HEADER);
            put(bytes, 0, u32::from(local.0) << 8);
            put(bytes, 4, W::HEADER as u32);
            with_special(MsgReturn::RCV_HEADER_ERROR, special.code())
        }
    };
    W::stamp(bytes, envelope.sequence, &Sender { context: envelope.context, ..*sender });
    W::fit_trailer(bytes, envelope.trailer);
    code
}

/// Writes a header as its receiver reads it: where the answer goes, and what the message came through.
pub(crate) fn put_header<W: Carries>(
    bytes: &mut [u8],
    (remote, reply): (Disposition, PortName),
    (local, name): (Disposition, PortName),
    payload: Option<u64>,
) {
    let bits = u32_at(bytes, 0) & COMPLEX | u32::from(remote.0);
    put(bytes, 8, reply.0);
    match payload {
        Some(payload) if W::TRAILER == 0 => {
            put(bytes, 0, bits | u32::from(Disposition::PROTECTED_PAYLOAD.0) << 8);
            bytes[W::LOCAL..][..W::ADDRESS].copy_from_slice(&payload.to_le_bytes()[..W::ADDRESS]);
        }
        _ => {
            put(bytes, 0, bits | u32::from(local.0) << 8);
            put(bytes, W::LOCAL, name.0);
        }
    }
}

fn with_special(code: MsgReturn, special: i32) -> Option<MsgReturn> {
    (special & SPECIAL != 0).then(|| MsgReturn::known(code.code() | special & SPECIAL))
}

/// Gives a message back to its sender, who could not send it: the header is not swapped. What could not be given.
pub(crate) fn take_back(names: &dyn Names, message: &mut Message) -> i32 {
    by_row!(message.abi, take_back_as(names, message))
}

fn take_back_as<W: Carries>(names: &dyn Names, message: &mut Message, _: W) -> i32 {
    let to = message.to.take().map_or(Carried::Null, Destination::into_right);
    let (to, remote) = give(names, to);
    let (reply, local) = give(names, std::mem::replace(&mut message.reply, Carried::Null));
    let Message { bytes, items, .. } = message;
    let bits = u32_at(bytes, 0) & COMPLEX | u32::from(remote.0) | u32::from(local.0) << 8;
    put(bytes, 0, bits);
    let mut special = 0;
    for (at, name) in [(8, to), (W::LOCAL, reply)] {
        special |= name.as_ref().err().map_or(0, |it| it.code());
        put(bytes, at, name.unwrap_or(PortName::NULL).0);
    }
    special |= give_body::<W>(names, bytes, items);
    special & SPECIAL
}

fn disposition_of(it: &Destination) -> Disposition {
    if it.is_once() { Disposition::MOVE_SEND_ONCE } else { Disposition::MOVE_SEND }
}

/// A name for a right, and how its receiver sees it.
fn give(names: &dyn Names, right: Carried) -> (Result<PortName, MsgReturn>, Disposition) {
    let disposition = right.disposition();
    let name = match right.or_dead() {
        Carried::Null => Ok(PortName::NULL),
        Carried::Dead => Ok(PortName::DEAD),
        right => names.give_right(right),
    };
    (name, disposition)
}

fn give_body<W: Carries>(names: &dyn Names, bytes: &mut [u8], items: &mut Vec<Item>) -> i32 {
    if items.is_empty() {
        return 0;
    }
    // The walk of the copy-in, over bytes that it left well formed.
    let (found, _) = W::items(bytes);
    let mut special = 0;
    for (place, item) in found.iter().zip(items.drain(..)) {
        match item {
            Item::Data => {}
            Item::Rights(rights) => {
                let mut places = W::places(place).into_iter();
                special |= give_rights(names, rights, &mut |name| {
                    if let Some(at) = places.next() {
                        put(bytes, at, name.0);
                    }
                });
            }
            Item::Memory(data) => special |= give_memory::<W>(names, bytes, place, data),
            Item::RightsInMemory(rights) => {
                let mut data = Vec::with_capacity(rights.len() * 4);
                special |= give_rights(names, rights, &mut |name| data.extend(name.0.to_le_bytes()));
                special |= give_memory::<W>(names, bytes, place, MapCopy::Bytes(data));
            }
        }
    }
    special
}

/// Names for the rights of an item; null for those that find none, and what the receiver is told of that.
fn give_rights(names: &dyn Names, rights: Vec<Carried>, named: &mut dyn FnMut(PortName)) -> i32 {
    let mut special = 0;
    names.give_rights(rights, &mut |name| {
        special |= name.as_ref().err().map_or(0, |it| it.code());
        named(name.unwrap_or(PortName::NULL));
    });
    special
}

fn give_memory<W: Carries>(names: &dyn Names, bytes: &mut [u8], place: &W::Item, data: MapCopy) -> i32 {
    if data.is_empty() {
        return 0;
    }
    match names.give_memory(W::ABI, data) {
        Ok(at) => {
            W::write_address(place, bytes, at);
            0
        }
        Err(code) => {
            W::empty(place, bytes);
            code.code()
        }
    }
}

/// A message that was too long for its receiver, as far as it is told: the header without a reply right.
pub(crate) fn cut_off(names: &dyn Names, message: &mut Message) {
    by_row!(message.abi, cut_off_as(names, message));
}

fn cut_off_as<W: Carries>(names: &dyn Names, message: &mut Message, _: W) {
    let to = message.to.take();
    let local = to.as_ref().map_or(Disposition::NONE, disposition_of);
    let name = to.map_or(PortName::NULL, |it| names.name_of_port(it));
    let bytes = &mut message.bytes;
    bytes.truncate(W::HEADER);
    put(bytes, 0, u32::from(local.0) << 8);
    put(bytes, W::LOCAL, name.0);
}
