//! Taking a message in: names become rights, addresses become memory.
//!
//! The header is taken whole or not at all, and before the body. If an item of the body is refused, what was taken until
//! then is released: it does not go back one for one.

use std::sync::{Arc, OnceLock};

use mig_rt::carried::{COMPLEX, Carries, Sender, is_complex, names, put, u32_at};
use mig_rt::{AbiId, Address, Disposition, Failed, Left, MsgReturn, PortName, by_row};

use super::message::{Destination, Item, Message};
use super::pool;
use super::port::Port;
use super::right::Carried;
use crate::trace;
use crate::vm::MapCopy;

/// Whatever names rights and addresses memory: a task, or the kernel itself.
pub(crate) trait Names {
    /// Takes the rights of a header: where the message goes, and where the answer comes.
    fn take_header(&self, header: Header<'_>) -> Result<Ends, MsgReturn>;
    /// Takes the rights of an item; those before one that is refused are released.
    fn take_rights(
        &self,
        names: &mut dyn Iterator<Item = PortName>,
        disposition: Disposition,
    ) -> Result<Vec<Carried>, MsgReturn>;
    /// Reads memory, and takes it away if `deallocate` says so.
    fn take_memory(&self, at: Address, size: usize, deallocate: bool) -> Result<MapCopy, MsgReturn>;
    /// Gives a name to a right that has arrived, which may be none or dead; null with a code if that cannot be done.
    fn give_right(&self, right: Carried) -> Result<PortName, MsgReturn>;
    /// Gives names to rights of an item, as [`give_right`](Names::give_right) does.
    fn give_rights(&self, rights: Vec<Carried>, named: &mut dyn FnMut(Result<PortName, MsgReturn>)) {
        rights.into_iter().for_each(|it| named(self.give_right(it)));
    }
    /// Gives an address to memory that has arrived.
    fn give_memory(&self, abi: AbiId, data: MapCopy) -> Result<Address, MsgReturn>;
    /// What the receiver calls the port that a message came through.
    fn name_of_port(&self, to: Destination) -> PortName;
    /// What the kernel says of a sender.
    fn sender(&self) -> Sender;
}

/// Names and dispositions of a header that are legal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Header<'a> {
    /// `MACH_SEND_CANCEL`: if the destination's name goes, this port's receiver is not told.
    pub(crate) cancel: Option<&'a Arc<Port>>,
    pub(crate) remote: PortName,
    pub(crate) remote_disposition: Disposition,
    pub(crate) local: PortName,
    pub(crate) local_disposition: Disposition,
}

const fn untouched(code: MsgReturn) -> Failed {
    Failed { code, left: Left::Untouched }
}

/// Takes a message in.
pub(crate) fn copy_in(names: &dyn Names, abi: AbiId, message: &[u8]) -> Result<Box<Message>, Failed> {
    by_row!(abi, copy_in_as(names, message))
}

fn copy_in_as<W: Carries>(names: &dyn Names, message: &[u8], _: W) -> Result<Box<Message>, Failed> {
    let ends = take_header::<W>(names, message, None)?;
    take_rest::<W>(names, message, ends)
}

/// Where a message goes, and where the answer comes.
pub(crate) type Ends = (Destination, Carried);

/// Takes the header of a message in. `cancel` is for its [`Header`].
pub(crate) fn take_header<W: Carries>(
    names: &dyn Names,
    message: &[u8],
    cancel: Option<&Arc<Port>>,
) -> Result<Ends, Failed> {
    let header = Header { cancel, ..header_of::<W>(message).map_err(untouched)? };
    names.take_header(header).map_err(untouched)
}

/// Takes the body of a message in, whose header was taken.
pub(crate) fn take_rest<W: Carries>(
    names: &dyn Names,
    original: &[u8],
    (to, reply): Ends,
) -> Result<Box<Message>, Failed> {
    let mut message = pool::take(W::ABI);
    (message.to, message.reply, message.sender) = (Some(to), reply, names.sender());
    message.bytes.extend_from_slice(original);
    prepare::<W>(&mut message.bytes);
    if is_complex(original) {
        // An error releases what the header held, here.
        let taken = take_body::<W>(names, &mut message.bytes);
        message.items = taken.map_err(|code| Failed { code, left: Left::Unknown })?;
    }
    let complex = W::TRAILER > 0 && is_complex(original) || message.items.iter().any(|it| !matches!(it, Item::Data));
    put(&mut message.bytes, 0, if complex { COMPLEX } else { 0 });
    message.flight = trace::sent::<W>(original, &message);
    Ok(message)
}

/// Makes the header of a message that was taken in ready for its receiver's names.
pub(crate) fn prepare<W: Carries>(bytes: &mut [u8]) {
    // The trap knows how long the message is; what the sender wrote does not count.
    put(bytes, 4, bytes.len() as u32);
    bytes[8..W::ID].fill(0);
}

/// Whether a message is one whose header a kernel looks at.
pub(crate) fn check<W: Carries>(message: &[u8]) -> Result<(), Failed> {
    header_of::<W>(message).map(drop).map_err(untouched)
}

fn header_of<W: Carries>(message: &[u8]) -> Result<Header<'static>, MsgReturn> {
    if message.len() < W::HEADER || !message.len().is_multiple_of(4) {
        return Err(MsgReturn::SEND_MSG_TOO_SMALL);
    }
    let bits = u32_at(message, 0);
    let header = Header {
        cancel: None,
        remote: PortName(u32_at(message, 8)),
        remote_disposition: Disposition(bits as u8),
        local: PortName(u32_at(message, W::LOCAL)),
        local_disposition: Disposition((bits >> 8) as u8),
    };
    let sends = |it: Disposition| (17..=21).contains(&it.0);
    let absent = header.local_disposition == Disposition::NONE && header.local == PortName::NULL;
    if !sends(header.remote_disposition) || !absent && !sends(header.local_disposition) {
        return Err(MsgReturn::SEND_INVALID_HEADER);
    }
    Ok(header)
}

fn take_body<W: Carries>(names: &dyn Names, bytes: &mut [u8]) -> Result<Vec<Item>, MsgReturn> {
    let (found, whole) = W::items(bytes);
    let mut items = Vec::with_capacity(found.len());
    for it in &found {
        if !W::is_legal(it, bytes) {
            return Err(MsgReturn::SEND_INVALID_TYPE);
        }
        items.push(take_item::<W>(names, bytes, it)?);
        W::deliver(it, bytes);
    }
    if !whole {
        return Err(W::misfit(bytes));
    }
    Ok(items)
}

fn take_item<W: Carries>(taken: &dyn Names, bytes: &mut [u8], item: &W::Item) -> Result<Item, MsgReturn> {
    let disposition = W::disposition(item, bytes);
    let Some((at, size, deallocate)) = W::memory(item, bytes) else {
        if !disposition.is_port() {
            return Ok(Item::Data);
        }
        let places = W::places(item);
        let mut found = places.iter().map(|it| PortName(u32_at(bytes, *it)));
        return Ok(Item::Rights(taken.take_rights(&mut found, disposition)?));
    };
    let data = if size == 0 { MapCopy::default() } else { taken.take_memory(at, size, deallocate)? };
    W::write_address(item, bytes, Address(0));
    if !disposition.is_port() {
        return Ok(Item::Memory(data));
    }
    let seen = OnceLock::new();
    let bytes = data.bytes(&seen).map_err(|_| MsgReturn::SEND_INVALID_MEMORY)?;
    Ok(Item::RightsInMemory(taken.take_rights(&mut names(bytes), disposition)?))
}

/// What a name stands for that is null or dead.
pub(crate) fn invalid(name: PortName) -> Option<Carried> {
    match name {
        PortName::NULL => Some(Carried::Null),
        PortName::DEAD => Some(Carried::Dead),
        _ => None,
    }
}
