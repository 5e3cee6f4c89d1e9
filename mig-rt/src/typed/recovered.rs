//! Taking a message apart that came back.

use super::items::{Item, Items};
use super::row::Row;
use crate::exchange::RecoveredItem;
use crate::region::Region;
use crate::right::{AnyRight, PortName};
use crate::transport::Transport;

/// The next right or region behind `at`, and behind `cell` rights of the item there.
pub(super) fn take_next<T: Transport, W: Row>(
    message: &mut [u8],
    at: &mut usize,
    cell: &mut usize,
    via: &T,
) -> Option<RecoveredItem<T>> {
    loop {
        let mut items = Items::<W>::from(message, *at);
        let item = items.next()?;
        let next = items.position();
        let found = if item.is_inline::<W>() {
            take_cell::<T, W>(&item, message, cell, via)
        } else {
            take_memory::<T, W>(&item, message, via)
        };
        // Behind a right that was found there may be more in the same item.
        if found.is_none() || !item.is_inline::<W>() {
            (*at, *cell) = (next, 0);
        }
        if found.is_some() {
            return found;
        }
    }
}

/// The next right of an item of ports; null stays in its place.
fn take_cell<T: Transport, W: Row>(
    item: &Item,
    message: &mut [u8],
    cell: &mut usize,
    via: &T,
) -> Option<RecoveredItem<T>> {
    let disposition = item.disposition::<W>();
    disposition.owned()?;
    for place in item.name_places::<W>().skip(*cell) {
        *cell += 1;
        let name = PortName(crate::bytes::u32_at(message, place));
        if name.is_valid() {
            message[place..place + 4].fill(0);
            // SAFETY: the message owned the reference, and null stands there now.
            return Some(RecoveredItem::Right(unsafe { AnyRight::from_raw(name, disposition, via.clone()) }));
        }
    }
    None
}

/// The memory of an out-of-line item; an empty one stays in its place. Memory that was lent is not the message's.
fn take_memory<T: Transport, W: Row>(item: &Item, message: &mut [u8], via: &T) -> Option<RecoveredItem<T>> {
    let size = item.size::<W>();
    if !item.deallocates::<W>() || size == 0 || item.disposition::<W>().is_port() {
        return None;
    }
    let at = item.address::<W>(message);
    item.empty::<W>(message);
    // SAFETY: the message owned the region, and an empty one stands there now.
    Some(RecoveredItem::Memory(Region::from_memory(unsafe { via.adopt(at, size) })))
}
