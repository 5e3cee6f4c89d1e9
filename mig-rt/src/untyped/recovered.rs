//! Taking a message apart that came back.

use super::descriptor::{Descriptors, Kind};
use super::row::Row;
use crate::exchange::RecoveredItem;
use crate::region::Region;
use crate::right::AnyRight;
use crate::transport::Transport;

/// The next right or region, from the descriptor with this index on.
pub(super) fn take_next<T: Transport, W: Row>(
    message: &mut [u8],
    index: &mut usize,
    via: &T,
) -> Option<RecoveredItem<T>> {
    loop {
        let it = Descriptors::<W>::new(message).nth(*index)?;
        *index += 1;
        let disposition = it.disposition(message);
        if !it.is_memory() {
            let name = it.name::<W>(message);
            if disposition.owned().is_some() && name.is_valid() {
                message[it.name_at::<W>()..][..4].fill(0);
                // SAFETY: the message owned the reference, and null stands there now.
                return Some(RecoveredItem::Right(unsafe { AnyRight::from_raw(name, disposition, via.clone()) }));
            }
        } else if it.kind == Kind::Memory && it.deallocates(message) && it.size::<W>(message) > 0 {
            let (at, size) = (it.address::<W>(message), it.size::<W>(message));
            it.empty::<W>(message);
            // SAFETY: the message owned the region, and an empty one stands there now.
            return Some(RecoveredItem::Memory(Region::from_memory(unsafe { via.adopt(at, size) })));
        }
    }
}
