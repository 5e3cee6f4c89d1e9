//! A transport in memory: one port space, a service, and exact accounts.
//!
//! [`Loopback`] plays the kernel for tests and mocks. A message to its service port is dispatched on the sender's
//! thread; one to any other port is queued there. It counts every right and region, converts dispositions as a kernel
//! does, and shows each message to a [`tap`](Loopback::tap), which may change it or make the send fail.
//!
//! Client and server share the port space, so names do not change on the way.

use std::boxed::Box;
use std::fmt;
use std::mem::ManuallyDrop;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::vec::Vec;

use crate::abi::AbiId;
use crate::error::{KernReturn, MsgReturn};
use crate::memory::{Address, Memory, as_bytes_mut};
use crate::right::{PortName, ReceiveRight, RightKind, SendRight};
use crate::serve::{self, Subsystem};
use crate::trailer::{AuditToken, SecurityToken};
use crate::transport::{Arrived, Failed, Left, Operation, Transport, Wire};

mod claims;
mod message;
mod space;

pub use space::{Accounts, PortAccounts};
use space::{Queued, Space};

/// Where a tap sees a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stage {
    /// As its sender wrote it.
    Sent,
    /// As its receiver will see it.
    Received,
}

/// A message that a tap sees.
#[derive(Debug)]
pub struct Tapped<'a> {
    /// Where.
    pub stage: Stage,
    /// How it is written.
    pub abi: AbiId,
    /// What its sender asked for.
    pub operation: Operation,
    /// Whether it goes to the service port.
    pub request: bool,
    /// The message, which may be changed. At [`Stage::Received`] the accounts follow: whatever rights and regions it
    /// claims exist then, so that a damaged message is still one that a kernel could have delivered.
    pub bytes: &'a mut Vec<u8>,
}

type Tap = Box<dyn FnMut(Tapped<'_>) -> Result<(), Failed> + Send>;

/// The handle; all clones are one port space.
pub struct Loopback<S>(Arc<Inner<S>>);

struct Inner<S> {
    space: Mutex<Space>,
    /// A message was queued, or a port is gone.
    changed: Condvar,
    /// Taken out while it serves.
    service: Mutex<Option<S>>,
    subsystems: Vec<Subsystem<Loopback<S>, S>>,
    port: PortName,
    tap: Mutex<Option<Tap>>,
}

/// Largest message that the service may answer with.
const LARGEST_REPLY: usize = 64 * 1024;

impl<S> Loopback<S> {
    /// A space in which `service` serves `subsystems`.
    pub fn new(service: S, subsystems: &[Subsystem<Loopback<S>, S>]) -> Loopback<S> {
        let mut space = Space::default();
        let port = space.make_port(None);
        Loopback::with(service, subsystems, space, port)
    }

    /// The same with names of the caller's choice for service port and reply port, to reproduce a recording.
    pub fn named(service: S, subsystems: &[Subsystem<Loopback<S>, S>], port: PortName, reply: PortName) -> Loopback<S> {
        let mut space = Space::default();
        space.make_port(Some(port));
        space.next_reply_port = Some(reply);
        Loopback::with(service, subsystems, space, port)
    }

    fn with(service: S, subsystems: &[Subsystem<Loopback<S>, S>], space: Space, port: PortName) -> Loopback<S> {
        Loopback(Arc::new(Inner {
            space: Mutex::new(space),
            changed: Condvar::new(),
            service: Mutex::new(Some(service)),
            subsystems: subsystems.to_vec(),
            port,
            tap: Mutex::new(None),
        }))
    }

    /// A send right to the service.
    pub fn port(&self) -> SendRight<Loopback<S>> {
        self.space().add(self.0.port, RightKind::SEND);
        // SAFETY: the reference was made just now.
        unsafe { SendRight::from_raw(self.0.port, self.clone()) }
    }

    /// Lends the receive right of the service's port.
    pub fn with_port<X>(&self, look: impl FnOnce(&ReceiveRight<Loopback<S>>) -> X) -> X {
        // SAFETY: the right stays the space's: this one is taken apart below, and not dropped if `look` panics.
        let port = ManuallyDrop::new(unsafe { ReceiveRight::from_raw(self.0.port, self.clone()) });
        let result = look(&port);
        ManuallyDrop::into_inner(port).into_raw();
        result
    }

    /// A receive right with a name of the caller's choice.
    ///
    /// # Panics
    /// If the name is taken.
    pub fn port_named(&self, name: PortName) -> ReceiveRight<Loopback<S>> {
        self.space().make_port(Some(name));
        // SAFETY: the port was made just now.
        unsafe { ReceiveRight::from_raw(name, self.clone()) }
    }

    /// A send right to the port of a receive right.
    pub fn make_send(&self, port: &ReceiveRight<Loopback<S>>) -> SendRight<Loopback<S>> {
        self.space().add(port.name(), RightKind::SEND);
        // SAFETY: the reference was made just now.
        unsafe { SendRight::from_raw(port.name(), self.clone()) }
    }

    /// A send-once right to the port of a receive right.
    pub fn make_send_once(&self, port: &ReceiveRight<Loopback<S>>) -> crate::SendOnceRight<Loopback<S>> {
        self.space().add(port.name(), RightKind::SEND_ONCE);
        // SAFETY: the reference was made just now.
        unsafe { crate::SendOnceRight::from_raw(port.name(), self.clone()) }
    }

    /// The address that the next region gets; later ones follow it.
    pub fn set_next_address(&self, at: Address) {
        self.space().next_address = at.0;
    }

    /// The sequence number that the next message from a port gets.
    pub fn set_sequence(&self, port: PortName, number: u32) {
        self.space().set_sequence(port, number);
    }

    /// What trailers say of senders from now on.
    pub fn set_sender(&self, security: SecurityToken, audit: AuditToken) {
        let mut space = self.space();
        space.sender.security = [security.user, security.group];
        space.sender.audit = audit.0;
    }

    /// What trailers say of the context of ports from now on.
    pub fn set_context(&self, context: u64) {
        self.space().sender.context = context;
    }

    /// Shows every message to `tap` from now on. What it returns as an error, the send fails with.
    pub fn tap(&self, tap: impl FnMut(Tapped<'_>) -> Result<(), Failed> + Send + 'static) {
        *lock(&self.0.tap) = Some(Box::new(tap));
    }

    /// Looks at the service, which must not be serving.
    ///
    /// # Panics
    /// If a method of it is running.
    pub fn with_service<X>(&self, look: impl FnOnce(&mut S) -> X) -> X {
        let mut service = lock(&self.0.service);
        look(service.as_mut().unwrap_or_else(|| panic!("the service is serving")))
    }

    /// What exists now.
    pub fn accounts(&self) -> Accounts {
        self.space().accounts()
    }

    fn space(&self) -> MutexGuard<'_, Space> {
        lock(&self.0.space)
    }

    fn show(
        &self,
        stage: Stage,
        abi: AbiId,
        operation: Operation,
        request: bool,
        bytes: &mut Vec<u8>,
    ) -> Result<(), Failed> {
        match lock(&self.0.tap).as_mut() {
            Some(tap) => tap(Tapped { stage, abi, operation, request, bytes }),
            None => Ok(()),
        }
    }

    /// Takes a message in, as a kernel's copy-in, and brings it where it goes.
    fn send(&self, abi: AbiId, operation: Operation, message: &[u8]) -> Result<(), Failed> {
        let mut bytes = message.to_vec();
        let to_service = |bytes: &[u8]| message::destination(bytes) == Some(self.0.port);
        let request = to_service(&bytes);
        self.show(Stage::Sent, abi, operation, request, &mut bytes)?;
        let to = message::copy_in(&mut self.space(), abi, &mut bytes);
        let to = to.inspect_err(|it| {
            if it.left == Left::Unknown {
                message::destroy_taken(abi, &bytes, self.clone());
            }
        })?;
        self.deliver(abi, operation, to, bytes, request)
    }

    fn deliver(
        &self,
        abi: AbiId,
        operation: Operation,
        to: PortName,
        mut bytes: Vec<u8>,
        request: bool,
    ) -> Result<(), Failed> {
        message::stamp(&mut self.space(), abi, to, &mut bytes);
        let before = bytes.clone();
        let shown = self.show(Stage::Received, abi, operation, request, &mut bytes);
        if bytes != before {
            claims::replace(&mut self.space(), abi, &before, &mut bytes);
        }
        if let Err(failed) = shown {
            message::destroy(&Queued { abi, bytes }, self.clone());
            return Err(failed);
        }
        if to == self.0.port {
            self.serve(abi, &bytes);
        } else {
            let dead = self.space().enqueue(to, Queued { abi, bytes });
            if let Some(message) = dead {
                message::destroy(&message, self.clone());
            }
            self.0.changed.notify_all();
        }
        Ok(())
    }

    /// Gives a request to the service and sends its answer.
    fn serve(&self, abi: AbiId, request: &[u8]) {
        let mut room = crate::Buffer::<LARGEST_REPLY>::new();
        let room = room.bytes();
        // A vector of bytes may stand anywhere, a message only where its items are aligned.
        let mut request = request.to_vec();
        let asked = self.0.subsystems.iter().filter(|it| it.abi() == abi).map(Subsystem::trailer).max();
        message::fit_trailer(abi, &mut request, asked.unwrap_or_default());
        let mut words = std::vec![0u32; request.len().div_ceil(4)];
        let aligned = &mut as_bytes_mut(&mut words)[..request.len()];
        aligned.copy_from_slice(&request);
        let serving = Serving { service: lock(&self.0.service).take(), home: &self.0.service };
        let mut serving = serving;
        let subsystems = if serving.service.is_some() { &self.0.subsystems[..] } else { &[] };
        let sent = match serving.service.as_mut() {
            // SAFETY: the message was taken in by this space, and is used once.
            Some(it) => unsafe { serve::answer(abi, aligned, room, subsystems, it, self.clone()) },
            // A call from inside a method: nobody serves it.
            None => {
                message::destroy(&Queued { abi, bytes: request }, self.clone());
                None
            }
        };
        drop(serving);
        if let Some(size) = sent {
            // SAFETY: `answer` completed a message of this size.
            let reply = unsafe { core::slice::from_raw_parts(room.as_ptr().cast::<u8>(), size) };
            let operation = Operation { send: true, ..Operation::default() };
            if let Err(it) = self.send(abi, operation, reply) {
                message::destroy_unsent(abi, reply, it.left, self.clone());
            }
        }
    }

    /// The next message of a port, waiting for it if need be.
    fn receive(&self, port: PortName, operation: Operation, wire: &mut Wire<'_>) -> Result<Arrived, Failed> {
        let failed = |code| Failed { code, left: Left::Sent };
        let until = operation.receive_timeout.map(|it| Instant::now() + Duration::from_millis(it.0.into()));
        let mut space = self.space();
        loop {
            match space.dequeue(port) {
                Err(code) => return Err(failed(code)),
                Ok(Some(mut message)) => {
                    let whole = operation.large.then(|| message.bytes.clone());
                    message::fit_trailer(message.abi, &mut message.bytes, operation.trailer);
                    if wire.receive(&message.bytes) {
                        return Ok(message::arrived(&message));
                    }
                    match whole {
                        Some(bytes) => {
                            wire.receive(&message::size_of(&message));
                            space.put_back(port, Queued { abi: message.abi, bytes });
                        }
                        None => {
                            drop(space);
                            message::destroy(&message, self.clone());
                        }
                    }
                    return Err(failed(MsgReturn::RCV_TOO_LARGE));
                }
                Ok(None) => space = self.wait(space, until).ok_or(failed(MsgReturn::RCV_TIMED_OUT))?,
            }
        }
    }

    fn wait<'a>(&'a self, space: MutexGuard<'a, Space>, until: Option<Instant>) -> Option<MutexGuard<'a, Space>> {
        let Some(until) = until else {
            return Some(self.0.changed.wait(space).unwrap_or_else(PoisonError::into_inner));
        };
        let left = until.checked_duration_since(Instant::now()).filter(|it| !it.is_zero())?;
        Some(self.0.changed.wait_timeout(space, left).unwrap_or_else(PoisonError::into_inner).0)
    }
}

/// Puts the service back, whatever its method does.
struct Serving<'a, S> {
    service: Option<S>,
    home: &'a Mutex<Option<S>>,
}

impl<S> Drop for Serving<'_, S> {
    fn drop(&mut self) {
        if let Some(it) = self.service.take() {
            *lock(self.home) = Some(it);
        }
    }
}

/// A panic of one test leaves the accounts readable.
fn lock<X>(mutex: &Mutex<X>) -> MutexGuard<'_, X> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<S> Transport for Loopback<S> {
    const ABIS: &'static [AbiId] = &AbiId::ALL;

    type Memory = LoopbackMemory<S>;

    fn msg(&self, abi: AbiId, operation: Operation, message: &mut Wire<'_>) -> Result<Arrived, Failed> {
        if operation.send {
            self.send(abi, operation, message.bytes())?;
        }
        match operation.receive {
            Some(port) => self.receive(port, operation, message),
            None => Ok(Arrived { abi, size: 0, trailer: 0 }),
        }
    }

    fn make_port(&self) -> Result<PortName, KernReturn> {
        Ok(self.space().make_port(None))
    }

    fn reply_port(&self) -> Result<PortName, KernReturn> {
        Ok(self.space().reply_port())
    }

    fn retire_reply_port(&self, name: PortName) {
        let mine = self.space().forget_reply_port(name);
        if mine {
            self.release(name, RightKind::RECEIVE);
        }
    }

    fn retain(&self, name: PortName, kind: RightKind) -> Result<(), KernReturn> {
        self.space().retain(name, kind)
    }

    fn release(&self, name: PortName, kind: RightKind) {
        let orphans = self.space().release(name, kind);
        self.0.changed.notify_all();
        orphans.iter().for_each(|it| message::destroy(it, self.clone()));
    }

    fn allocate(&self, size: usize, fill: &mut dyn FnMut(&mut [u8])) -> Result<Self::Memory, KernReturn> {
        let mut bytes = std::vec![0; size];
        fill(&mut bytes);
        let at = self.space().allocate(size);
        Ok(LoopbackMemory { bytes, at, via: self.clone() })
    }

    fn lend(&self, data: &[u8]) -> Result<Address, KernReturn> {
        let mut space = self.space();
        let at = space.allocate(data.len());
        space.put(at, data.to_vec());
        Ok(at)
    }

    fn unlend(&self, at: Address, _size: usize) {
        self.space().free(at);
    }

    fn surrender(&self, mut memory: Self::Memory) -> Address {
        let bytes = core::mem::take(&mut memory.bytes);
        let at = core::mem::take(&mut memory.at);
        self.space().put(at, bytes);
        at
    }

    unsafe fn adopt(&self, at: Address, size: usize) -> Self::Memory {
        let bytes = self.space().take(at, size);
        LoopbackMemory {
            at: if bytes.is_some() { at } else { Address(0) },
            bytes: bytes.unwrap_or_default(),
            via: self.clone(),
        }
    }
}

impl<S> Clone for Loopback<S> {
    fn clone(&self) -> Self {
        Loopback(self.0.clone())
    }
}

impl<S> PartialEq for Loopback<S> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl<S> Eq for Loopback<S> {}

impl<S> fmt::Debug for Loopback<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Loopback({:p})", self.0)
    }
}

/// A region of a [`Loopback`].
pub struct LoopbackMemory<S> {
    bytes: Vec<u8>,
    at: Address,
    via: Loopback<S>,
}

impl<S> Memory for LoopbackMemory<S> {
    fn len(&self) -> usize {
        self.bytes.len()
    }

    fn bytes(&self) -> Result<&[u8], KernReturn> {
        Ok(&self.bytes)
    }
}

impl<S> Drop for LoopbackMemory<S> {
    fn drop(&mut self) {
        if self.at != Address(0) {
            self.via.space().free(self.at);
        }
    }
}

impl<S> fmt::Debug for LoopbackMemory<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes at {:?}", self.bytes.len(), self.at)
    }
}
