//! Buffers of messages that have arrived, for those that are sent next: a small call allocates nothing.

use std::cell::RefCell;

/// Buffers that a thread keeps.
const MOST: usize = 8;
/// Bytes of the largest that it keeps.
const LARGEST: usize = 4096;

thread_local! {
    static POOL: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// An empty buffer.
pub(crate) fn take() -> Vec<u8> {
    POOL.with_borrow_mut(Vec::pop).unwrap_or_default()
}

/// A buffer that nobody needs any more.
pub(crate) fn give(mut buffer: Vec<u8>) {
    if buffer.capacity() > LARGEST {
        return;
    }
    buffer.clear();
    POOL.with_borrow_mut(|it| {
        if it.len() < MOST {
            it.push(buffer);
        }
    });
}
