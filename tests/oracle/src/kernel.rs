//! The kernel that both sides talk to: one port space, in which names do not change on the way, with exact accounts.
//! Regions are memory of this process, so that C can look into them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::mem::MaybeUninit;

use mig_rt::transport::Left;
use mig_rt::{
    AbiId, Address, Arrived, Disposition, Failed, KernReturn, Memory, MsgReturn, Operation, PortName, RightKind,
    Subsystem, Transport, Wire,
};

use crate::ABI;
use crate::message::{self, HEADER, Item, Message, word};
use crate::server::Service;

/// The port that is served; its receive right is nobody's.
pub const SERVICE: u32 = 1234;
/// Where replies come, unless the caller brings a port.
pub const REPLY: u32 = 2457;
const SEQUENCE: u32 = 42;
const SEND_ONCE_NOTIFICATION: u32 = 71;
const MIG_NO_REPLY: i32 = -305;
const MIG_DESTROY_REQUEST: i32 = -309;
/// Larger than every reply.
const ROOM: usize = 64 * 1024;

/// The handle.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Kernel;

/// A C dispatcher.
pub type Demux = unsafe extern "C" fn(*mut u8, *mut u8) -> i32;

/// Who serves.
#[derive(Clone, Copy)]
pub enum Server {
    C(Demux),
    Rust(Subsystem<Kernel, Service>),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Rights {
    receive: bool,
    send: u32,
    send_once: u32,
}

#[derive(Default)]
struct State {
    rights: BTreeMap<u32, Rights>,
    regions: BTreeMap<usize, Box<[u8]>>,
    server: Option<Server>,
    /// Where the caller will receive.
    awaited: Option<u32>,
    /// Messages that nobody received yet.
    queue: Vec<(u32, Vec<u8>)>,
    /// Every message as it was sent, and as it was received.
    messages: Vec<Message>,
    faults: Vec<String>,
    pattern: u8,
}

thread_local! {
    static STATE: RefCell<State> = RefCell::default();
}

fn with<X>(act: impl FnOnce(&mut State) -> X) -> X {
    STATE.with(|it| act(&mut it.borrow_mut()))
}

/// Begins an exchange.
pub fn begin(server: Server, pattern: u8) {
    with(|it| *it = State { server: Some(server), pattern, ..State::default() });
}

/// Ends it: its messages, what is left over, and what was done wrong.
pub fn end() -> (Vec<Message>, Vec<String>) {
    let mut it = with(std::mem::take);
    let mut faults = std::mem::take(&mut it.faults);
    faults.extend(it.rights.iter().map(|it| format!("left over: {it:x?}")));
    faults.extend(it.regions.values().map(|it| format!("left over: {} bytes of memory", it.len())));
    // Nobody waits for what a one-way request is answered.
    let waiting = it.queue.iter().filter(|one| it.awaited == Some(one.0));
    faults.extend(waiting.map(|it| format!("left over: a message to {}", it.0)));
    (it.messages, faults)
}

pub fn fault(text: String) {
    with(|it| it.faults.push(text));
}

/// What buffers and the stack hold before a C stub writes to them.
pub fn pattern() -> u8 {
    with(|it| it.pattern)
}

/// One more right.
pub fn add(name: u32, kind: RightKind) {
    with(|it| it.add(name, kind));
}

/// One less.
pub fn release(name: u32, kind: RightKind) {
    with(|it| it.release(name, kind));
}

/// New memory.
pub fn allocate(bytes: &[u8]) -> usize {
    with(|it| it.allocate(bytes))
}

/// Memory goes.
pub fn free(at: usize, size: usize) {
    with(|it| it.free(at, size));
}

/// The bytes at an address.
///
/// # Safety
/// They must be there.
pub unsafe fn bytes_at(at: usize, size: usize) -> Vec<u8> {
    if size == 0 {
        return Vec::new();
    }
    // SAFETY: the caller's contract.
    unsafe { std::slice::from_raw_parts(at as *const u8, size) }.to_vec()
}

/// Makes the call: sends a message, serves it, and gives what the caller receives.
///
/// # Errors
/// The kernel's code, and what became of the message.
pub fn trap(message: &[u8], receive: Option<u32>) -> Result<Vec<u8>, (u32, Left)> {
    let request = with(|it| {
        it.awaited = receive;
        it.send(message)
    })?;
    let server = with(|it| it.server).expect("an exchange has begun");
    let sent = match server {
        Server::C(demux) => serve_c(demux, request),
        Server::Rust(subsystem) => serve_rust(subsystem, &request),
    };
    if let Some(reply) = sent {
        let port = word(&reply, message::REMOTE);
        match with(|it| it.send(&reply)) {
            Ok(reply) => with(|it| it.queue.push((port, reply))),
            Err(it) => fault(format!("the reply could not be sent: {it:x?}")),
        }
    }
    let Some(port) = receive else { return Ok(Vec::new()) };
    with(|it| match it.queue.iter().position(|it| it.0 == port) {
        Some(at) => Ok(it.queue.remove(at).1),
        None => Err((MsgReturn::RCV_TIMED_OUT.code() as u32, Left::Sent)),
    })
}

fn serve_rust(subsystem: Subsystem<Kernel, Service>, request: &[u8]) -> Option<Vec<u8>> {
    let mut room = vec![MaybeUninit::<u8>::uninit(); ROOM];
    // SAFETY: this kernel delivers the request, once.
    let sent = unsafe { mig_rt::serve::answer(ABI, request, &mut room, &[subsystem], &mut Service, Kernel) };
    // SAFETY: `answer` wrote so many bytes.
    sent.map(|size| room[..size].iter().map(|it| unsafe { it.assume_init() }).collect())
}

/// The loop that a C server has: what its code does to request and reply.
fn serve_c(demux: Demux, request: Vec<u8>) -> Option<Vec<u8>> {
    let (mut input, mut output) = (aligned(&request, 0), aligned(&[], pattern()));
    crate::c::paint_stack();
    // SAFETY: both buffers are larger than every message.
    unsafe { demux(input.as_mut_ptr().cast(), output.as_mut_ptr().cast()) };
    let (input, reply) = (bytes(&input), bytes(&output));
    let reply = reply[..word(reply, message::SIZE) as usize].to_vec();
    let code = word(&reply, HEADER + 4) as i32;
    match code {
        0 => {}
        MIG_NO_REPLY => {
            // Whoever serves has kept it, and lets it go.
            release_reply(input);
            return None;
        }
        MIG_DESTROY_REQUEST => {
            destroy(&input[..request.len()], true);
            return None;
        }
        _ => destroy(&input[..request.len()], false),
    }
    (word(&reply, message::REMOTE) != 0).then_some(reply)
}

fn aligned(message: &[u8], fill: u8) -> Vec<u64> {
    let mut room = vec![u64::from_ne_bytes([fill; 8]); ROOM / 8];
    for (to, from) in room.iter_mut().zip(message.chunks(8)) {
        let mut cell = [fill; 8];
        cell[..from.len()].copy_from_slice(from);
        *to = u64::from_ne_bytes(cell);
    }
    room
}

fn bytes(room: &[u64]) -> &[u8] {
    // SAFETY: numbers are bytes.
    unsafe { std::slice::from_raw_parts(room.as_ptr().cast(), room.len() * 8) }
}

/// `mach_msg_destroy` of a received message.
fn destroy(message: &[u8], head: bool) {
    if head {
        release_reply(message);
    }
    for item in message::items(message) {
        // SAFETY: this kernel has put the address there.
        let names = unsafe { item.names(message) };
        names.iter().for_each(|it| Disposition(item.name).owned().into_iter().for_each(|kind| release(*it, kind)));
        if !item.inline {
            free(item.address(message), item.size());
        }
    }
}

fn release_reply(request: &[u8]) {
    let kind = Disposition(request[0]).owned();
    kind.into_iter().for_each(|kind| release(word(request, message::REMOTE), kind));
}

impl State {
    fn add(&mut self, name: u32, kind: RightKind) {
        if !PortName(name).is_valid() {
            return;
        }
        let it = self.rights.entry(name).or_default();
        match kind {
            RightKind::RECEIVE if it.receive => self.faults.push(format!("a second receive right {name:#x}")),
            RightKind::RECEIVE => it.receive = true,
            RightKind::SEND => it.send += 1,
            _ => it.send_once += 1,
        }
    }

    /// Takes a right away; whether there was one.
    fn spend(&mut self, name: u32, kind: RightKind) -> bool {
        if name == SERVICE && kind == RightKind::RECEIVE {
            return true;
        }
        let it = self.rights.entry(name).or_default();
        let existed = match kind {
            RightKind::RECEIVE => std::mem::take(&mut it.receive),
            RightKind::SEND => it.send.checked_sub(1).map(|left| it.send = left).is_some(),
            _ => it.send_once.checked_sub(1).map(|left| it.send_once = left).is_some(),
        };
        if *it == Rights::default() {
            self.rights.remove(&name);
        }
        existed
    }

    fn release(&mut self, name: u32, kind: RightKind) {
        if !PortName(name).is_valid() {
            return;
        }
        if !self.spend(name, kind) {
            self.faults.push(format!("released {kind:?} of {name:#x} once too often"));
        } else if kind == RightKind::SEND_ONCE && self.awaited == Some(name) {
            let mut message = vec![0; HEADER];
            message::put(&mut message, 0, 18 << 8);
            message::put(&mut message, message::SIZE, HEADER as u32);
            message::put(&mut message, message::ID, SEND_ONCE_NOTIFICATION);
            self.queue.push((name, message));
        }
    }

    /// Carries a right: what a message owns once it has been sent.
    fn carry(&mut self, name: u32, disposition: u8) -> Result<(), u32> {
        let (has, makes) = {
            let it = self.rights.get(&name).copied().unwrap_or_default();
            let receive = it.receive || name == SERVICE || name == REPLY;
            match disposition {
                16 => (receive, None),
                17 => (it.send > 0, None),
                18 => (it.send_once > 0, None),
                19 => (it.send > 0, Some(RightKind::SEND)),
                20 => (receive, Some(RightKind::SEND)),
                _ => (receive, Some(RightKind::SEND_ONCE)),
            }
        };
        if !PortName(name).is_valid() {
            return Ok(());
        }
        if !has {
            self.faults.push(format!("sent {name:#x} as {disposition}, which the sender does not have"));
            return Err(MsgReturn::SEND_INVALID_RIGHT.code() as u32);
        }
        makes.into_iter().for_each(|kind| self.add(name, kind));
        Ok(())
    }

    fn allocate(&mut self, bytes: &[u8]) -> usize {
        if bytes.is_empty() {
            return 0;
        }
        let region: Box<[u8]> = bytes.into();
        let at = region.as_ptr() as usize;
        self.regions.insert(at, region);
        at
    }

    fn free(&mut self, at: usize, size: usize) {
        if size > 0 && self.regions.remove(&at).is_none_or(|it| it.len() != size) {
            self.faults.push(format!("freed {size} bytes that do not exist"));
        }
    }

    /// Takes a message from its sender: what the receiver sees.
    fn send(&mut self, sent: &[u8]) -> Result<Vec<u8>, (u32, Left)> {
        // SAFETY: regions belong to the sender.
        self.messages.push(unsafe { Message::new(sent) });
        let mut bytes = sent.to_vec();
        let (remote, local) = (sent[0], sent[1]);
        let (to, from) = (word(sent, message::REMOTE), word(sent, message::LOCAL));
        let header = self.carry(to, remote).and_then(|()| if local == 0 { Ok(()) } else { self.carry(from, local) });
        header.map_err(|it| (it, Left::Untouched))?;
        let mut complex = false;
        for item in message::items(sent) {
            complex |= self.deliver(&item, &mut bytes).map_err(|it| (it, Left::Unknown))?;
        }
        let (reply, own) = (Disposition(local).received(), Disposition(remote).received());
        let bits = u32::from(reply.0) | u32::from(own.0) << 8 | if complex { message::COMPLEX } else { 0 };
        message::put(&mut bytes, 0, bits);
        message::put(&mut bytes, message::SIZE, sent.len() as u32);
        message::put(&mut bytes, message::REMOTE, from);
        message::put(&mut bytes, message::LOCAL, to);
        message::put(&mut bytes, message::SEQUENCE, SEQUENCE);
        // Sending uses the right up.
        own.owned().into_iter().for_each(|kind| self.release_sent(to, kind));
        // SAFETY: regions are this kernel's.
        self.messages.push(unsafe { Message::new(&bytes) });
        Ok(bytes)
    }

    fn release_sent(&mut self, name: u32, kind: RightKind) {
        if !self.spend(name, kind) {
            self.faults.push(format!("sent to {name:#x} without a right"));
        }
    }

    /// One item of a complex message; whether it keeps the message complex.
    fn deliver(&mut self, item: &Item, message: &mut [u8]) -> Result<bool, u32> {
        let port = item.is_port();
        if port {
            // SAFETY: the sender's memory is there.
            for name in unsafe { item.names(message) } {
                self.carry(name, item.name)?;
            }
        }
        if !item.inline {
            let at = item.address(message);
            // SAFETY: as above.
            let bytes = unsafe { bytes_at(at, item.size()) };
            if item.deallocate {
                self.free(at, item.size());
            }
            let at = self.allocate(&bytes);
            item.put_address(message, at);
        }
        item.put_received(message);
        Ok(port || !item.inline)
    }
}

/// A region.
#[derive(Debug)]
pub struct Region {
    at: usize,
    size: usize,
}

impl Memory for Region {
    fn len(&self) -> usize {
        self.size
    }

    fn bytes(&self) -> Result<&[u8], KernReturn> {
        if self.size == 0 {
            return Ok(&[]);
        }
        // SAFETY: the region is this value's until it is dropped.
        Ok(unsafe { std::slice::from_raw_parts(self.at as *const u8, self.size) })
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        free(self.at, self.size);
    }
}

impl Transport for Kernel {
    const ABIS: &'static [AbiId] = &[ABI];

    type Memory = Region;

    fn msg(&self, abi: AbiId, operation: Operation, message: &mut Wire<'_>) -> Result<Arrived, Failed> {
        let received = trap(message.bytes(), operation.receive.map(|it| it.0));
        let received = received.map_err(|(code, left)| Failed { code: MsgReturn::known(code as i32), left })?;
        if !message.receive(&received) {
            return Err(Failed { code: MsgReturn::RCV_TOO_LARGE, left: Left::Sent });
        }
        Ok(Arrived { abi, size: received.len() as u32, trailer: 0 })
    }

    fn make_port(&self) -> Result<PortName, KernReturn> {
        Err(KernReturn::FAILURE)
    }

    fn reply_port(&self) -> Result<PortName, KernReturn> {
        Ok(PortName(REPLY))
    }

    fn retire_reply_port(&self, _name: PortName) {}

    fn retain(&self, name: PortName, kind: RightKind) -> Result<(), KernReturn> {
        add(name.0, kind);
        Ok(())
    }

    fn release(&self, name: PortName, kind: RightKind) {
        release(name.0, kind);
    }

    fn allocate(&self, size: usize, fill: &mut dyn FnMut(&mut [u8])) -> Result<Region, KernReturn> {
        let mut bytes = vec![0; size];
        fill(&mut bytes);
        Ok(Region { at: allocate(&bytes), size })
    }

    fn lend(&self, data: &[u8]) -> Result<Address, KernReturn> {
        Ok(Address(data.as_ptr() as u64))
    }

    fn unlend(&self, _at: Address, _size: usize) {}

    fn surrender(&self, memory: Region) -> Address {
        Address(std::mem::ManuallyDrop::new(memory).at as u64)
    }

    unsafe fn adopt(&self, at: Address, size: usize) -> Region {
        Region { at: at.0 as usize, size: if at.0 == 0 { 0 } else { size } }
    }
}
