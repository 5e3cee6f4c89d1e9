//! The kernel as a user of stubs: the port space in which it serves requests and sends messages of its own.
//!
//! Names belong to the host thread and live as long as a call: a right that outlives it moves into the object that keeps
//! it. So the handle has no size, and no two threads of the kernel ever share a name.

mod wait;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use mig_rt::carried::Sender;
use mig_rt::{
    AbiId, Address, AnyRight, Arrived, Disposition, Failed, KernReturn, Memory, MsgReturn, Operation, Outbound,
    PortName, ReceiveRight, Right, RightKind, SendOnceRight, SendRight, Transport, Wire,
};

use crate::effect::{self, Effect};
use crate::ipc::copyin::{self, Header, Names, invalid};
use crate::ipc::message::{Destination, Message};
use crate::ipc::port::Port;
use crate::ipc::right::{Carried, ReceiveRef, SendOnceRef, SendRef};
#[cfg(loom)]
use crate::sync::host::RefCellKey as _;
use crate::sync::host::thread_local;
use crate::vm::MapCopy;
use crate::vm::copy::Gathered;

pub(crate) use wait::{Hands, hold, waiting};

/// The kernel's handle.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct InKernel;

/// Names and memory of one host thread inside the kernel.
struct Table {
    rights: Vec<Option<(Carried, u32)>>,
    free: Vec<u32>,
    memory: BTreeMap<u64, MapCopy>,
    next_address: u64,
    /// The number of the space of whoever has sent the request that is served.
    sender: u32,
    /// What is sent is only to be written, and stays here.
    composing: bool,
    composed: Option<Box<Message>>,
}

thread_local! {
    static TABLE: RefCell<Table> = const { RefCell::new(Table::new()) };
}

impl Table {
    const fn new() -> Table {
        Table {
            rights: Vec::new(),
            free: Vec::new(),
            memory: BTreeMap::new(),
            next_address: 0,
            sender: 0,
            composing: false,
            composed: None,
        }
    }

    fn add(&mut self, right: Carried) -> PortName {
        let entry = Some((right, 1));
        let index = match self.free.pop() {
            Some(index) => {
                self.rights[index as usize] = entry;
                index
            }
            None => {
                self.rights.push(entry);
                self.rights.len() as u32 - 1
            }
        };
        PortName(index + 1)
    }

    fn get(&mut self, name: PortName) -> Option<&mut (Carried, u32)> {
        self.rights.get_mut(name.0.wrapping_sub(1) as usize)?.as_mut()
    }

    /// One reference of a right; the name goes with the last.
    fn take(&mut self, name: PortName) -> Option<Carried> {
        let (right, count) = self.get(name)?;
        if *count > 1 {
            *count -= 1;
            return Some(match right {
                Carried::Send(it) => Carried::Send(it.copy()),
                _ => Carried::Null,
            });
        }
        let index = name.0 - 1;
        let (right, _) = self.rights[index as usize].take()?;
        self.free.push(index);
        Some(right)
    }

    fn put_memory(&mut self, data: MapCopy) -> Address {
        // No message takes what has no bytes.
        if data.is_empty() {
            return Address(0);
        }
        self.next_address += 0x1000;
        self.memory.insert(self.next_address, data);
        Address(self.next_address)
    }
}

fn add(right: Carried) -> PortName {
    TABLE.with_borrow_mut(|it| it.add(right))
}

impl InKernel {
    /// A right of the kernel's as the stubs want it.
    pub(crate) fn send_once(right: SendOnceRef) -> SendOnceRight<InKernel> {
        let name = add(Carried::SendOnce(right));
        // SAFETY: the name was made for this right just now.
        #[allow(unsafe_code, reason = "this transport is where the kernel's rights get names")]
        unsafe {
            SendOnceRight::from_raw(name, InKernel)
        }
    }

    /// A send right as the stubs want it, or null, or dead.
    pub(crate) fn send(right: Carried) -> SendRight<InKernel> {
        let name = match right.or_dead() {
            Carried::Null => PortName::NULL,
            Carried::Dead => PortName::DEAD,
            right => add(right),
        };
        // SAFETY: the name was made for this right just now, or is none.
        #[allow(unsafe_code, reason = "as above")]
        unsafe {
            SendRight::from_raw(name, InKernel)
        }
    }

    /// A receive right as the stubs want it.
    pub(crate) fn receive(right: ReceiveRef) -> ReceiveRight<InKernel> {
        let name = add(Carried::Receive(right));
        // SAFETY: the name was made for this right just now.
        #[allow(unsafe_code, reason = "as above")]
        unsafe {
            ReceiveRight::from_raw(name, InKernel)
        }
    }

    /// The message that a stub would send.
    pub(crate) fn compose(send: impl FnOnce() -> mig_rt::Result<()>) -> Option<Box<Message>> {
        TABLE.with_borrow_mut(|it| it.composing = true);
        // What cannot be sent is lost, as what is sent to a dead port.
        let _ = send();
        TABLE.with_borrow_mut(|it| {
            it.composing = false;
            it.composed.take()
        })
    }

    /// Takes a right out of the stubs' hands.
    pub(crate) fn take(right: impl Right<InKernel>) -> Carried {
        InKernel::take_name(right.into_raw())
    }

    /// The same, of whatever kind.
    pub(crate) fn take_any(right: AnyRight<InKernel>) -> Carried {
        InKernel::take_name(right.into_raw())
    }

    fn take_name(name: PortName) -> Carried {
        match name {
            PortName::NULL => Carried::Null,
            PortName::DEAD => Carried::Dead,
            name => TABLE.with_borrow_mut(|it| it.take(name)).unwrap_or(Carried::Null),
        }
    }

    /// Looks at the port that a name stands for.
    pub(crate) fn with_port<X>(name: PortName, look: impl FnOnce(&Arc<Port>) -> X) -> Option<X> {
        TABLE.with_borrow_mut(|it| it.get(name).and_then(|(right, _)| Some(look(right.port()?))))
    }

    /// A name for a port while a request to it is served, which the task of this number has sent.
    pub(crate) fn enter(to: SendRef, sender: u32) -> Entered {
        Entered(TABLE.with_borrow_mut(|it| {
            it.sender = sender;
            it.add(Carried::Send(to))
        }))
    }

    /// The number of the space of whoever has sent the request that is served. The kernel's is 0.
    pub(crate) fn sender_number() -> u32 {
        TABLE.with_borrow(|it| it.sender)
    }

    /// The send-once right of a name, which goes; nothing if it is another right, or dead.
    pub(crate) fn take_once(name: PortName) -> Option<SendOnceRef> {
        TABLE.with_borrow_mut(|it| match it.get(name)? {
            (Carried::SendOnce(right), 1) if right.port().is_alive() => match it.take(name)? {
                Carried::SendOnce(right) => Some(right),
                _ => None,
            },
            _ => None,
        })
    }
}

/// Whether no name is left of the calls that this thread has made. For checks.
pub(crate) fn check() -> Result<(), String> {
    TABLE.with_borrow(|it| match (it.rights.iter().flatten().next(), it.memory.len()) {
        (None, 0) => Ok(()),
        (Some((right, count)), _) => Err(format!("a call has left {right:?} in the kernel, {count} times")),
        (None, regions) => Err(format!("calls have left {regions} regions in the kernel")),
    })
}

/// A name of a request port, until the request is served.
pub(crate) struct Entered(pub(crate) PortName);

impl Drop for Entered {
    fn drop(&mut self) {
        InKernel.release(self.0, RightKind::SEND);
    }
}

impl Names for InKernel {
    fn take_header(&self, header: Header<'_>) -> Result<(Destination, Carried), MsgReturn> {
        let to = self.take_right(header.remote, header.remote_disposition);
        // Whatever the kernel sends is taken whole: what goes to a dead port is released with its message.
        let to = to.ok().and_then(Destination::of).ok_or(MsgReturn::SEND_INVALID_DEST)?;
        let reply = match header.local {
            PortName::NULL => Carried::Null,
            PortName::DEAD => Carried::Dead,
            name => self.take_right(name, header.local_disposition).map_err(|_| MsgReturn::SEND_INVALID_REPLY)?,
        };
        Ok((to, reply))
    }

    fn take_rights(
        &self,
        names: &mut dyn Iterator<Item = PortName>,
        disposition: Disposition,
    ) -> Result<Vec<Carried>, MsgReturn> {
        names.map(|it| invalid(it).map_or_else(|| self.take_right(it, disposition), Ok)).collect()
    }

    fn take_memory(&self, at: Address, size: usize, _: bool) -> Result<MapCopy, MsgReturn> {
        // Everything that the kernel sends is its own and is given away, loans included.
        let data = TABLE.with_borrow_mut(|it| it.memory.remove(&at.0));
        let mut data = data.filter(|it| it.len() >= size).ok_or(MsgReturn::SEND_INVALID_MEMORY)?;
        data.truncate(size);
        Ok(data)
    }

    fn give_right(&self, right: Carried) -> Result<PortName, MsgReturn> {
        Ok(match right.or_dead() {
            Carried::Null => PortName::NULL,
            Carried::Dead => PortName::DEAD,
            right => add(right),
        })
    }

    fn give_memory(&self, _: AbiId, data: MapCopy) -> Result<Address, MsgReturn> {
        Ok(TABLE.with_borrow_mut(|it| it.put_memory(data)))
    }

    fn name_of_port(&self, to: Destination) -> PortName {
        to.spend();
        PortName::NULL
    }

    fn sender(&self) -> Sender {
        // `KERNEL_SECURITY_TOKEN_VALUE`
        Sender { security: [0, 1], ..Sender::default() }
    }
}

impl InKernel {
    /// Takes a right, as its disposition says.
    fn take_right(&self, name: PortName, disposition: Disposition) -> Result<Carried, MsgReturn> {
        let mut made = None;
        TABLE.with_borrow_mut(|it| {
            let (right, _) = it.get(name)?;
            made = match (disposition, &*right) {
                (Disposition::COPY_SEND, Carried::Send(right)) => Some(Carried::Send(right.copy())),
                (Disposition::MAKE_SEND, Carried::Receive(right)) => Some(Carried::Send(SendRef::make(right.port()))),
                (Disposition::MAKE_SEND_ONCE, Carried::Receive(right)) => {
                    Some(Carried::SendOnce(SendOnceRef::make(right.port())))
                }
                (moved, right) if moved == right.disposition() => it.take(name),
                _ => None,
            };
            Some(())
        });
        made.ok_or(MsgReturn::SEND_INVALID_RIGHT)
    }
}

impl Transport for InKernel {
    const ABIS: &'static [AbiId] = &AbiId::ALL;

    type Memory = KernelMemory;

    /// Sends, and waits for the answer if there is one. A message to a port of the kernel is queued as an effect, so that
    /// no cascade of them uses up the stack.
    fn msg(&self, abi: AbiId, operation: Operation, message: &mut Wire<'_>) -> Result<Arrived, Failed> {
        let sent = copyin::copy_in(self, abi, message.bytes())?;
        if TABLE.with_borrow(|it| it.composing) {
            TABLE.with_borrow_mut(|it| it.composed = Some(sent));
            return Ok(Arrived { abi, size: 0, trailer: 0 });
        }
        effect::push(Effect::Deliver(sent));
        if let Some(name) = operation.receive {
            return wait::receive(abi, name, message);
        }
        Ok(Arrived { abi, size: 0, trailer: 0 })
    }

    fn make_port(&self) -> Result<PortName, KernReturn> {
        let port = Port::new(AbiId::ALL[0]);
        Ok(add(Carried::Receive(ReceiveRef::of(port))))
    }

    fn reply_port(&self) -> Result<PortName, KernReturn> {
        self.make_port()
    }

    fn retire_reply_port(&self, name: PortName) {
        self.release(name, RightKind::RECEIVE);
    }

    fn retain(&self, name: PortName, kind: RightKind) -> Result<(), KernReturn> {
        TABLE.with_borrow_mut(|it| match it.get(name) {
            Some((Carried::Send(_), count)) if kind == RightKind::SEND => {
                *count += 1;
                Ok(())
            }
            _ => Err(KernReturn::INVALID_RIGHT),
        })
    }

    fn release(&self, name: PortName, _: RightKind) {
        // Dropped after the borrow: what follows from it may look at the table.
        let right = TABLE.with_borrow_mut(|it| it.take(name));
        drop(right);
    }

    fn allocate(&self, size: usize, fill: &mut dyn FnMut(&mut [u8])) -> Result<KernelMemory, KernReturn> {
        let mut data = vec![0; size];
        fill(&mut data);
        Ok(KernelMemory::from(MapCopy::Bytes(data)))
    }

    fn lend(&self, data: &[u8]) -> Result<Address, KernReturn> {
        Ok(TABLE.with_borrow_mut(|it| it.put_memory(MapCopy::Bytes(data.to_vec()))))
    }

    fn unlend(&self, at: Address, _: usize) {
        TABLE.with_borrow_mut(|it| it.memory.remove(&at.0));
    }

    fn surrender(&self, memory: KernelMemory) -> Address {
        TABLE.with_borrow_mut(|it| it.put_memory(memory.data))
    }

    #[allow(unsafe_code, reason = "the trait has it so; nothing here depends on the contract")]
    unsafe fn adopt(&self, at: Address, size: usize) -> KernelMemory {
        let data = TABLE.with_borrow_mut(|it| it.memory.remove(&at.0));
        debug_assert!(data.is_some() || size == 0, "memory of a message was taken twice");
        KernelMemory::from(data.unwrap_or_default())
    }
}

/// Memory that has arrived in the kernel.
#[derive(Debug)]
pub(crate) struct KernelMemory {
    pub(crate) data: MapCopy,
    seen: OnceLock<Gathered>,
}

impl From<MapCopy> for KernelMemory {
    fn from(data: MapCopy) -> KernelMemory {
        KernelMemory { data, seen: OnceLock::new() }
    }
}

impl Memory for KernelMemory {
    fn len(&self) -> usize {
        self.data.len()
    }

    fn bytes(&self) -> Result<&[u8], KernReturn> {
        self.data.bytes(&self.seen)
    }
}

/// A right whose kind the message tells. A right that is not there is one of the kind asked for.
pub(crate) fn answer(right: Carried, asked: Disposition) -> Outbound<'static, InKernel> {
    let (name, disposition) = match right {
        Carried::Null => (PortName::NULL, asked.received()),
        Carried::Dead => (PortName::DEAD, asked.received()),
        right => {
            let disposition = right.disposition();
            (add(right), disposition)
        }
    };
    // SAFETY: the name was made for a right of this kind just now, or is none.
    #[allow(unsafe_code, reason = "as above")]
    unsafe { AnyRight::from_raw(name, disposition, InKernel) }.into()
}
