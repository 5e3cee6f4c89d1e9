//! Where a program has its message: in a stub's buffer, in bytes of its own, or in its task's memory.

use mig_rt::{AbiId, Address, Protection, Wire};

use crate::vm::Map;

/// Where a message comes from and where one goes.
pub(crate) trait MessageBuffer {
    /// What is to be sent; `None` if it cannot be read.
    fn message(&self) -> Option<&[u8]>;
    /// Bytes that may be received.
    fn limit(&self) -> usize;
    /// Whether so many bytes can be written.
    fn holds(&self, size: usize) -> bool;
    /// Takes what fits.
    fn put(&mut self, message: &[u8]);
    /// Something of the body that it took just now could not be given.
    fn spoil(&mut self, _: AbiId) {}
}

/// A stub's buffer.
pub(crate) struct InStub<'a, 'b> {
    pub(crate) wire: &'a mut Wire<'b>,
    /// How the message is written of which something is missing: no stub looks at it.
    pub(crate) spoilt: Option<AbiId>,
}

impl MessageBuffer for InStub<'_, '_> {
    fn message(&self) -> Option<&[u8]> {
        Some(self.wire.bytes())
    }

    fn limit(&self) -> usize {
        self.wire.capacity()
    }

    fn holds(&self, _: usize) -> bool {
        true
    }

    fn put(&mut self, message: &[u8]) {
        self.wire.receive(message);
    }

    fn spoil(&mut self, abi: AbiId) {
        self.spoilt = Some(abi);
    }
}

/// Bytes of the caller's own. What is received goes where the request was, or elsewhere.
pub(crate) struct Bytes<'a> {
    pub(crate) bytes: &'a mut Vec<u8>,
    pub(crate) received: Option<&'a mut Vec<u8>>,
    pub(crate) limit: usize,
}

impl MessageBuffer for Bytes<'_> {
    fn message(&self) -> Option<&[u8]> {
        Some(self.bytes)
    }

    fn limit(&self) -> usize {
        self.limit
    }

    fn holds(&self, _: usize) -> bool {
        true
    }

    fn put(&mut self, message: &[u8]) {
        let into = self.received.as_mut().unwrap_or(&mut self.bytes);
        if message.len() <= self.limit.max(into.len()) {
            into.clear();
            into.extend(message);
        }
    }
}

/// Memory of the task.
pub(crate) struct InMemory<'a> {
    map: &'a Map,
    at: Address,
    message: Option<Vec<u8>>,
    limit: usize,
}

impl<'a> InMemory<'a> {
    /// So many bytes at an address are to be sent; so many may be received there.
    pub(crate) fn new(map: &'a Map, at: Address, size: usize, limit: usize) -> InMemory<'a> {
        InMemory { map, at, message: map.read_new(at.0, size).ok(), limit }
    }
}

impl MessageBuffer for InMemory<'_> {
    fn message(&self) -> Option<&[u8]> {
        self.message.as_deref()
    }

    fn limit(&self) -> usize {
        self.limit
    }

    fn holds(&self, size: usize) -> bool {
        self.map.permit(self.at.0, size, Protection::WRITE).is_ok()
    }

    fn put(&mut self, message: &[u8]) {
        // It was there when the message was taken; if it has gone since, nobody reads it.
        let _ = self.map.write(self.at.0, message);
    }
}
