//! Messages of every ABI, put together without stubs.

use mig_rt::{AbiId, Address, Disposition, Failed, MsgReturn, Operation, PortName, Timeout};
use runtime_kernel::Task;

/// ABIs whose bodies are written here: one with types, and both without.
pub(super) const BODIES: [AbiId; 3] = [AbiId::GnumachI386, AbiId::DarwinLp64, AbiId::DarwinIlp32];

/// A message.
#[derive(Clone, Debug)]
pub(super) struct ByHand {
    pub(super) abi: AbiId,
    pub(super) remote: (PortName, Disposition),
    pub(super) local: (PortName, Disposition),
    pub(super) id: u32,
    pub(super) items: Vec<Item>,
    /// Behind the items.
    pub(super) data: Vec<u8>,
    /// Whether the header says that there are items.
    pub(super) complex: bool,
}

/// What a body carries.
#[derive(Clone, Copy, Debug)]
pub(super) enum Item {
    Right(PortName, Disposition),
    /// Rights whose names are in memory.
    Rights {
        at: u64,
        count: u32,
        disposition: Disposition,
        deallocate: bool,
    },
    Memory {
        at: u64,
        size: u32,
        deallocate: bool,
    },
    /// No item of any kind.
    Unknown,
}

pub(super) fn is_untyped(abi: AbiId) -> bool {
    matches!(abi, AbiId::DarwinLp64 | AbiId::DarwinIlp32)
}

fn is_wide(abi: AbiId) -> bool {
    matches!(abi, AbiId::GnumachX8664 | AbiId::GnumachX8664v2022)
}

/// Bytes of a header.
pub(super) fn header(abi: AbiId) -> usize {
    if is_wide(abi) { 32 } else { 24 }
}

/// Bytes behind a message, if its receiver has not asked for more.
pub(super) fn trailer(abi: AbiId) -> usize {
    if is_untyped(abi) { 8 } else { 0 }
}

pub(super) fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}

pub(super) fn id(abi: AbiId, bytes: &[u8]) -> u32 {
    word(bytes, header(abi) - 4)
}

fn words(it: &[u32]) -> Vec<u8> {
    it.iter().flat_map(|it| it.to_le_bytes()).collect()
}

impl ByHand {
    pub(super) fn to(abi: AbiId, name: PortName, disposition: Disposition, id: u32) -> ByHand {
        let local = (PortName::NULL, Disposition::NONE);
        ByHand { abi, remote: (name, disposition), local, id, items: Vec::new(), data: Vec::new(), complex: false }
    }

    pub(super) fn reply_to(mut self, name: PortName, disposition: Disposition) -> ByHand {
        self.local = (name, disposition);
        self
    }

    pub(super) fn with(mut self, items: impl IntoIterator<Item = Item>) -> ByHand {
        self.items.extend(items);
        self.complex = true;
        self
    }

    pub(super) fn data(mut self, bytes: &[u8]) -> ByHand {
        self.data.extend(bytes);
        self
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let dispositions = u32::from(self.remote.1.0) | u32::from(self.local.1.0) << 8;
        let bits = dispositions | u32::from(self.complex) << 31;
        let (remote, local) = (self.remote.0.0, self.local.0.0);
        let head = if is_wide(self.abi) {
            words(&[bits, 0, remote, 0, local, 0, 0, self.id])
        } else {
            words(&[bits, 0, remote, local, 0, self.id])
        };
        let count = if is_untyped(self.abi) && self.complex { words(&[self.items.len() as u32]) } else { Vec::new() };
        let items = self.items.iter().flat_map(|it| it.bytes(self.abi));
        head.into_iter().chain(count).chain(items).chain(self.data.iter().copied()).collect()
    }

    /// Where the name or the address of each item stands, for their receiver too.
    pub(super) fn places(&self) -> Vec<usize> {
        let untyped = is_untyped(self.abi);
        let mut at = header(self.abi) + if untyped { 4 } else { 0 };
        let mut places = Vec::new();
        for it in &self.items {
            let before = match it {
                _ if untyped => 0,
                Item::Right(..) => 4,
                _ => 12,
            };
            places.push(at + before);
            at += it.bytes(self.abi).len();
        }
        places
    }

    /// Sends it without waiting.
    pub(super) fn send(&self, task: &Task) -> Result<(), Failed> {
        send(task, self.abi, &mut self.bytes())
    }

    /// The code alone.
    pub(super) fn code(&self, task: &Task) -> Result<(), MsgReturn> {
        self.send(task).map_err(|it| it.code)
    }
}

impl Item {
    fn bytes(self, abi: AbiId) -> Vec<u8> {
        if is_untyped(abi) { self.descriptor(abi) } else { self.typed() }
    }

    /// A type word and what follows; memory in the long form.
    fn typed(self) -> Vec<u8> {
        let long = |kind: u32, bits: u32, count, at, deallocate| {
            words(&[0x2000_0000 | u32::from(deallocate) << 30, kind | bits << 16, count, at])
        };
        match self {
            Item::Right(name, disposition) => words(&[0x1001_2000 | u32::from(disposition.0), name.0]),
            Item::Rights { at, count, disposition, deallocate } => {
                long(disposition.0.into(), 32, count, at as u32, deallocate)
            }
            Item::Memory { at, size, deallocate } => long(8, 8, size, at as u32, deallocate),
            // A right of 16 bits.
            Item::Unknown => words(&[0x1001_1011, 0]),
        }
    }

    fn descriptor(self, abi: AbiId) -> Vec<u8> {
        let memory = |at: u64, size: u32, flags: [u8; 4]| {
            if abi == AbiId::DarwinLp64 {
                [&at.to_le_bytes()[..], &flags, &size.to_le_bytes()].concat()
            } else {
                [&(at as u32).to_le_bytes()[..], &size.to_le_bytes(), &flags].concat()
            }
        };
        match self {
            Item::Right(name, disposition) => [&name.0.to_le_bytes()[..], &[0; 6], &[disposition.0, 0]].concat(),
            Item::Rights { at, count, disposition, deallocate } => {
                memory(at, count, [deallocate.into(), 0, disposition.0, 2])
            }
            Item::Memory { at, size, deallocate } => memory(at, size, [deallocate.into(), 0, 0, 1]),
            Item::Unknown => [&[0; 11][..], &[9]].concat(),
        }
    }
}

/// Sends bytes without waiting. What the kernel gives back is in them.
pub(super) fn send(task: &Task, abi: AbiId, bytes: &mut Vec<u8>) -> Result<(), Failed> {
    let operation = Operation { send: true, send_timeout: Some(Timeout(0)), ..Operation::default() };
    task.mach_msg(abi, operation, PortName::NULL, bytes, 0).map(drop)
}

/// Receives without waiting.
pub(super) fn poll(task: &Task, abi: AbiId, name: PortName) -> Result<Vec<u8>, MsgReturn> {
    let timeout = Some(Timeout(0));
    let operation = Operation { receive: Some(name), receive_timeout: timeout, ..Operation::default() };
    let mut bytes = Vec::new();
    task.mach_msg(abi, operation, PortName::NULL, &mut bytes, 1 << 20).map_err(|it| it.code)?;
    Ok(bytes)
}

/// Memory of a task with these bytes in it.
pub(super) fn memory(task: &Task, bytes: &[u8]) -> u64 {
    use mig_rt::Transport;
    let memory = task.allocate(bytes.len(), &mut |room| room.copy_from_slice(bytes)).unwrap();
    task.surrender(memory).0
}

/// Memory of a task with these names in it.
pub(super) fn names(task: &Task, names: &[PortName]) -> u64 {
    memory(task, &words(&names.iter().map(|it| it.0).collect::<Vec<_>>()))
}

/// The names that an item of memory brought.
pub(super) fn names_at(task: &Task, bytes: &[u8], place: usize, count: usize) -> Vec<PortName> {
    let data = task.read(Address(word(bytes, place).into()), count * 4).unwrap();
    data.chunks_exact(4).map(|it| PortName(word(it, 0))).collect()
}
