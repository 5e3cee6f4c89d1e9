//! Ports, rights and regions of a [`Loopback`](super::Loopback), counted.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::format;
use std::string::String;
use std::thread::{self, ThreadId};
use std::vec::Vec;

use crate::abi::AbiId;
use crate::bytes::u32_at;
use crate::carried::Sender;
use crate::error::{KernReturn, MsgReturn};
use crate::memory::Address;
use crate::right::{Disposition, PortName, RightKind};

/// A message in a queue; it owns its rights and regions.
#[derive(Debug)]
pub(super) struct Queued {
    pub(super) abi: AbiId,
    pub(super) bytes: Vec<u8>,
}

/// What exists in a [`Loopback`](super::Loopback) at some moment: in Rust values, and in messages on their way.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Accounts {
    /// The ports with any right to them, by name. Ports that wait for replies are not listed.
    pub ports: BTreeMap<PortName, PortAccounts>,
    /// Regions and loans, by address.
    pub regions: Vec<Address>,
    /// What was released that did not exist, or taken twice; empty unless something is wrong.
    pub faults: Vec<String>,
}

/// A line for each port, region and fault.
impl fmt::Display for Accounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, it) in &self.ports {
            let receive = if it.receive { "a receive right, " } else { "" };
            writeln!(f, "port {name}: {receive}{} send, {} send-once, {} queued", it.send, it.send_once, it.queued)?;
        }
        self.regions.iter().try_for_each(|it| writeln!(f, "region at {:#x}", it.0))?;
        self.faults.iter().try_for_each(|it| writeln!(f, "fault: {it}"))
    }
}

/// The rights to one port.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct PortAccounts {
    /// Whether its receive right exists.
    pub receive: bool,
    /// Send rights.
    pub send: u32,
    /// Send-once rights.
    pub send_once: u32,
    /// Messages in its queue.
    pub queued: usize,
}

#[derive(Debug, Default)]
struct Port {
    rights: PortAccounts,
    queue: VecDeque<Queued>,
    sequence: u32,
    /// How to tell it that a send-once right was destroyed.
    abi: Option<AbiId>,
}

#[derive(Debug)]
pub(super) struct Space {
    ports: BTreeMap<PortName, Port>,
    next_name: u32,
    pub(super) next_reply_port: Option<PortName>,
    /// One for each thread, so that two calls never share one.
    reply_ports: Vec<(ThreadId, PortName)>,
    /// `None` while a Rust value holds the bytes.
    regions: BTreeMap<u64, Option<Vec<u8>>>,
    pub(super) next_address: u64,
    /// Who sends, to those who ask.
    pub(super) sender: Sender,
    faults: Vec<String>,
}

const PAGE: u64 = 4096;

impl Default for Space {
    fn default() -> Space {
        Space {
            ports: BTreeMap::new(),
            next_name: 0x103,
            next_reply_port: None,
            reply_ports: Vec::new(),
            regions: BTreeMap::new(),
            next_address: 0x1000_0000,
            sender: Sender::default(),
            faults: Vec::new(),
        }
    }
}

impl Space {
    pub(super) fn make_port(&mut self, name: Option<PortName>) -> PortName {
        let name = name.unwrap_or_else(|| self.free_name());
        let port = self.ports.entry(name).or_default();
        assert!(!port.rights.receive, "{name:?} is taken");
        port.rights.receive = true;
        name
    }

    fn free_name(&mut self) -> PortName {
        loop {
            self.next_name += 4;
            let name = PortName(self.next_name);
            if !self.ports.contains_key(&name) {
                return name;
            }
        }
    }

    pub(super) fn reply_port(&mut self) -> PortName {
        let thread = thread::current().id();
        if let Some((_, name)) = self.reply_ports.iter().find(|(it, _)| *it == thread) {
            return *name;
        }
        let name = self.next_reply_port.take();
        let name = self.make_port(name);
        self.reply_ports.push((thread, name));
        name
    }

    /// Whether it was one, and is the caller's to destroy now.
    pub(super) fn forget_reply_port(&mut self, name: PortName) -> bool {
        let count = self.reply_ports.len();
        self.reply_ports.retain(|(_, it)| *it != name);
        self.reply_ports.len() < count
    }

    pub(super) fn set_sequence(&mut self, name: PortName, number: u32) {
        self.ports.entry(name).or_default().sequence = number;
    }

    pub(super) fn next_sequence(&mut self, name: PortName) -> u32 {
        let Some(port) = self.ports.get_mut(&name) else { return 0 };
        port.sequence += 1;
        port.sequence - 1
    }

    /// One more right.
    pub(super) fn add(&mut self, name: PortName, kind: RightKind) {
        let rights = &mut self.ports.entry(name).or_default().rights;
        match kind {
            RightKind::SEND => rights.send += 1,
            RightKind::SEND_ONCE => rights.send_once += 1,
            RightKind::RECEIVE => rights.receive = true,
            _ => {}
        }
    }

    pub(super) fn retain(&mut self, name: PortName, kind: RightKind) -> Result<(), KernReturn> {
        let port = self.ports.get(&name).ok_or(KernReturn::INVALID_NAME)?;
        if kind != RightKind::SEND || port.rights.send == 0 {
            return Err(KernReturn::INVALID_RIGHT);
        }
        self.add(name, kind);
        Ok(())
    }

    /// Whether a right exists from which this disposition can be made or moved.
    pub(super) fn can_carry(&self, name: PortName, disposition: Disposition) -> bool {
        let Some(PortAccounts { receive, send, send_once, .. }) = self.ports.get(&name).map(|it| it.rights) else {
            return false;
        };
        match disposition {
            Disposition::MOVE_RECEIVE | Disposition::MAKE_SEND | Disposition::MAKE_SEND_ONCE => receive,
            Disposition::MOVE_SEND | Disposition::COPY_SEND => send > 0,
            Disposition::MOVE_SEND_ONCE => send_once > 0,
            _ => false,
        }
    }

    /// What a disposition adds to the rights that exist: nothing if it moves one.
    pub(super) fn carry(&mut self, name: PortName, disposition: Disposition) {
        match disposition {
            Disposition::COPY_SEND | Disposition::MAKE_SEND => self.add(name, RightKind::SEND),
            Disposition::MAKE_SEND_ONCE => self.add(name, RightKind::SEND_ONCE),
            _ => {}
        }
    }

    /// Uses a right up by sending to it. It was checked to exist.
    pub(super) fn spend(&mut self, name: PortName, kind: Option<RightKind>) {
        let Some(port) = self.ports.get_mut(&name) else { return };
        match kind {
            Some(RightKind::SEND) => port.rights.send = port.rights.send.saturating_sub(1),
            Some(RightKind::SEND_ONCE) => port.rights.send_once = port.rights.send_once.saturating_sub(1),
            _ => {}
        }
        self.forget_dead(name);
    }

    /// Gives a right back. Messages that lose their port must be destroyed by the caller.
    pub(super) fn release(&mut self, name: PortName, kind: RightKind) -> Vec<Queued> {
        let Some(port) = self.ports.get_mut(&name) else {
            self.faults.push(format!("released {kind:?} of {name:?}, which does not exist"));
            return Vec::new();
        };
        let mut orphans = Vec::new();
        let existed = match kind {
            RightKind::SEND => take_one(&mut port.rights.send),
            RightKind::SEND_ONCE => {
                let existed = take_one(&mut port.rights.send_once);
                if existed && port.rights.receive {
                    port.queue.extend(port.abi.map(super::message::send_once_notification));
                }
                existed
            }
            RightKind::RECEIVE => {
                orphans.extend(port.queue.drain(..));
                core::mem::take(&mut port.rights.receive)
            }
            _ => true,
        };
        if !existed {
            self.faults.push(format!("released {kind:?} of {name:?} once too often"));
        }
        self.forget_dead(name);
        orphans
    }

    /// A name without any right is free again.
    fn forget_dead(&mut self, name: PortName) {
        if self.ports.get(&name).is_some_and(|it| it.rights == PortAccounts::default()) {
            self.ports.remove(&name);
        }
    }

    /// Remembers how the owner of a reply port speaks.
    pub(super) fn expects(&mut self, name: PortName, abi: AbiId) {
        if let Some(port) = self.ports.get_mut(&name) {
            port.abi = Some(abi);
        }
    }

    /// Queues a message; gives it back if the port is dead.
    pub(super) fn enqueue(&mut self, name: PortName, message: Queued) -> Option<Queued> {
        match self.ports.get_mut(&name) {
            Some(port) if port.rights.receive => {
                port.queue.push_back(message);
                None
            }
            _ => Some(message),
        }
    }

    pub(super) fn dequeue(&mut self, name: PortName) -> Result<Option<Queued>, MsgReturn> {
        let port = self.ports.get_mut(&name).filter(|it| it.rights.receive).ok_or(MsgReturn::RCV_INVALID_NAME)?;
        Ok(port.queue.pop_front())
    }

    /// A message that was taken just now stays the first.
    pub(super) fn put_back(&mut self, name: PortName, message: Queued) {
        if let Some(port) = self.ports.get_mut(&name) {
            port.queue.push_front(message);
        }
    }

    /// A new region, whose bytes a Rust value holds; empty ones get no address.
    pub(super) fn allocate(&mut self, size: usize) -> Address {
        let at = self.next_address;
        self.next_address += (size as u64).next_multiple_of(PAGE).max(PAGE);
        self.regions.insert(at, None);
        Address(at)
    }

    /// The bytes of a region are a message's now.
    pub(super) fn put(&mut self, at: Address, bytes: Vec<u8>) {
        if at != Address(0) {
            self.regions.insert(at.0, Some(bytes));
        }
    }

    /// The bytes of a region are a Rust value's now.
    pub(super) fn take(&mut self, at: Address, size: usize) -> Option<Vec<u8>> {
        if at == Address(0) {
            return None;
        }
        match self.regions.get_mut(&at.0).and_then(Option::take) {
            Some(mut bytes) => {
                bytes.truncate(size);
                Some(bytes)
            }
            None => {
                self.faults.push(format!("took memory at {at:?}, where no message has any"));
                None
            }
        }
    }

    /// Whether a message may carry this region.
    pub(super) fn has_region(&self, at: Address) -> bool {
        matches!(self.regions.get(&at.0), Some(Some(_)))
    }

    /// Converts the rights that a region of names carries; `false` if one of them does not exist.
    pub(super) fn carry_names(&mut self, at: Address, disposition: Disposition) -> bool {
        let Some(Some(bytes)) = self.regions.get(&at.0) else { return true };
        let names: Vec<PortName> = bytes.chunks_exact(4).map(|it| PortName(u32_at(it, 0))).collect();
        let valid = || names.iter().copied().filter(|it| it.is_valid());
        if !valid().all(|it| self.can_carry(it, disposition)) {
            return false;
        }
        valid().for_each(|it| self.carry(it, disposition));
        true
    }

    /// Takes a region out, as if it had never been.
    pub(super) fn remove(&mut self, at: Address) -> Vec<u8> {
        self.regions.remove(&at.0).flatten().unwrap_or_default()
    }

    /// Takes a right out, as if it had never been.
    pub(super) fn forget(&mut self, name: PortName, kind: RightKind) {
        let Some(port) = self.ports.get_mut(&name) else { return };
        match kind {
            RightKind::RECEIVE => port.rights.receive = false,
            other => return self.spend(name, Some(other)),
        }
        self.forget_dead(name);
    }

    /// Whether the receive right of a port exists.
    pub(super) fn has_receiver(&self, name: PortName) -> bool {
        self.ports.get(&name).is_some_and(|it| it.rights.receive)
    }

    pub(super) fn free(&mut self, at: Address) {
        if self.regions.remove(&at.0).is_none() {
            self.faults.push(format!("freed memory at {at:?}, where there is none"));
        }
    }

    pub(super) fn accounts(&self) -> Accounts {
        let is_reply_port = |name: &PortName| self.reply_ports.iter().any(|(_, it)| it == name);
        let idle = PortAccounts { receive: true, ..PortAccounts::default() };
        let count = |port: &Port| PortAccounts { queued: port.queue.len(), ..port.rights };
        Accounts {
            ports: self
                .ports
                .iter()
                .filter(|(name, port)| count(port) != if is_reply_port(name) { idle } else { PortAccounts::default() })
                .map(|(name, port)| (*name, count(port)))
                .collect(),
            regions: self.regions.keys().copied().map(Address).collect(),
            faults: self.faults.clone(),
        }
    }
}

fn take_one(count: &mut u32) -> bool {
    let existed = *count > 0;
    *count = count.saturating_sub(1);
    existed
}
