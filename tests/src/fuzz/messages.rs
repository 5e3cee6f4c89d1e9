//! Messages of any content, as a kernel could deliver them: to a server, to a client, to nobody.
//!
//! An input is `[ABI, routine, flags]` and a body. The header is the loopback's own: no sender writes it.

use std::sync::{Arc, Mutex};

use mig_rt::loopback::{PortAccounts, Stage};
use mig_rt::typed::{self, Items, Row};
use mig_rt::untyped::{self, Descriptors};
use mig_rt::{AbiId, ErrorKind, KernReturn, MigError, PortName, SendRight, Subsystem};

use super::calls::call;
use super::server::{Port, Reader};
use super::shapes;
use super::words::{Layouts, is_complex};

/// The service's port, and the one that answers come to.
const SERVICE: PortName = PortName(1234);
const ANSWERS: PortName = PortName(2457);

/// Id of the first routine, and the number that no routine has.
const BASE: u32 = 7000;
const SKIPPED: u32 = 7;

/// An input taken apart.
struct Input<'a> {
    layouts: &'static Layouts,
    id: u32,
    complex: bool,
    /// Makes the rest of the message another than the header says.
    body: &'a [u8],
}

impl<'a> Input<'a> {
    fn of(bytes: &'a [u8]) -> Option<Input<'a>> {
        let ([abi, routine, flags], body) = bytes.split_first_chunk::<3>()?;
        let all = Layouts::all();
        let layouts = &all[usize::from(*abi) % all.len()];
        let id = BASE + u32::from(*routine) % 52;
        (body.len() < 1 << 16).then_some(Input { layouts, id, complex: flags & 1 != 0, body })
    }

    /// The message with this header, id and body.
    fn message(&self, header: &[u8], id: u32) -> Vec<u8> {
        let size = self.layouts.abi.header as usize;
        let mut message = [&header[..size], self.body].concat();
        message[3] = if self.complex { 0x80 } else { 0 };
        let length = message.len() as u32;
        message[4..8].copy_from_slice(&length.to_le_bytes());
        message[size - 4..size].copy_from_slice(&id.to_le_bytes());
        message
    }

    /// A received message without what the kernel says behind it.
    fn without_trailer(&self, bytes: &[u8]) -> Vec<u8> {
        let size = u32::from_le_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]) as usize;
        let end = if self.layouts.is_typed() { bytes.len() } else { size.min(bytes.len()) };
        bytes[..end].to_vec()
    }
}

/// What happened to one message.
#[derive(PartialEq, Eq, Debug, Default)]
struct Seen {
    /// What the client was told: 0 is success.
    code: i32,
    /// What the server's method was given, if it was called.
    served: Option<String>,
    /// The answer as the client received it.
    reply: Option<Vec<u8>>,
}

/// A port space with the server in it, to be looked at when all is over.
struct World {
    via: Port,
    service: SendRight<Port>,
}

impl World {
    fn new() -> World {
        // One service for all.
        let subsystems: [Subsystem<Port, Reader>; 5] = [
            shapes::gnumach_i386::subsystem(),
            shapes::gnumach_x86_64::subsystem(),
            shapes::gnumach_x86_64_2022::subsystem(),
            shapes::darwin_lp64::subsystem(),
            shapes::darwin_ilp32::subsystem(),
        ];
        let via = Port::named(Reader::default(), &subsystems, SERVICE, ANSWERS);
        via.with_service(|it| it.via = Some(via.clone()));
        World { service: via.port(), via }
    }

    /// Lets everything go; only the service's port may be left.
    fn finish(self) -> Reader {
        let World { via, service } = self;
        drop(service);
        // A right to it may have been a part of the message, and then something answered that is no reply.
        mig_rt::Transport::retire_reply_port(&via, ANSWERS);
        let mut reader = via.with_service(std::mem::take);
        reader.via = None;
        let accounts = via.accounts();
        let idle = PortAccounts { receive: true, ..PortAccounts::default() };
        let left = accounts.ports.iter().filter(|it| it != &(&SERVICE, &idle)).count();
        assert!(accounts.faults.is_empty() && accounts.regions.is_empty() && left == 0, "not balanced: {accounts:?}");
        reader
    }
}

/// Delivers the message to the server.
fn deliver(input: &Input<'_>) -> Seen {
    let world = World::new();
    let reply: Arc<Mutex<Option<Vec<u8>>>> = Arc::default();
    let (log, input_id) = (reply.clone(), input.id);
    let (complex, layouts, body) = (input.complex, input.layouts, input.body.to_vec());
    world.via.tap(move |tapped| {
        let input = Input { layouts, id: input_id, complex, body: &body };
        match (tapped.request, tapped.stage) {
            (true, Stage::Received) => *tapped.bytes = answerable(&input, tapped.bytes),
            (false, Stage::Received) => {
                *log.lock().expect("nothing panics with it") = Some(input.without_trailer(tapped.bytes));
            }
            _ => {}
        }
        Ok(())
    });
    let result = shapes::any::r_noargs(input.layouts.id, &world.service);
    let reader = world.finish();
    let served = (reader.calls > 0).then_some(reader.seen);
    let reply = reply.lock().expect("as above").take();
    Seen { code: result.map_or_else(|it| it.code(), |()| 0), served, reply }
}

/// The message with the ports of the header, which stay as they were, and with its trailer.
fn answerable(input: &Input<'_>, header: &[u8]) -> Vec<u8> {
    let ports = [header[0], header[1], header[2]];
    let trailer = &header[input.without_trailer(header).len().next_multiple_of(4).min(header.len())..];
    let mut message = input.message(header, input.id);
    message[..3].copy_from_slice(&ports);
    if !trailer.is_empty() {
        message.resize(message.len().next_multiple_of(4), 0);
        message.extend_from_slice(trailer);
    }
    message
}

/// Every routine called in every ABI as it should be: it is served, and nothing is left over. Where each step is
/// interpreted, in one ABI, which takes turns.
///
/// # Panics
/// If not.
pub fn calls() {
    for (turn, abi) in AbiId::ALL.into_iter().enumerate() {
        for number in (0..49).filter(|it| *it != SKIPPED && (!cfg!(miri) || *it as usize % AbiId::ALL.len() == turn)) {
            let world = World::new();
            call(abi, number, &world.via, &world.service).unwrap_or_else(|it| panic!("{number} in {abi}: {it}"));
            assert_eq!(world.finish().calls, 1);
        }
    }
}

/// A request of any content: served exactly if its layout says so, and then answered by a well-formed reply; nothing is
/// left over and nothing is given back twice.
///
/// # Panics
/// If one of these does not hold.
pub fn request(bytes: &[u8]) {
    let Some(input) = Input::of(bytes) else { return };
    let seen = deliver(&input);
    assert_eq!(deliver(&input), seen, "one message, two outcomes");
    let layouts = input.layouts;
    let exchange = layouts.exchange(input.id);
    let expected = exchange.is_some_and(|it| layouts.accepts(&it.request, &input.message(&[0; 32], input.id), true));
    assert_eq!(seen.served.is_some(), expected, "{} of {}: {:?}", input.id, layouts.id, seen);
    let Some(reply) = &seen.reply else {
        // Only a right of the body that goes to the client's port can stand in an answer's way.
        return;
    };
    if expected {
        // A complex answer of the untyped family has no code.
        let formed = exchange.is_some_and(|it| layouts.accepts(&it.reply, reply, false));
        return assert!(formed, "a malformed answer: {reply:?}");
    }
    let code = reply.get(layouts.code()..layouts.code() + 4).map(|it| [it[0], it[1], it[2], it[3]]);
    let code = i32::from_le_bytes(code.expect("a reply has a code"));
    match exchange {
        // A descriptor that is another has a code of its own.
        Some(_) if !layouts.is_typed() && code == KernReturn::MIG_TYPE_ERROR.code() => {}
        Some(_) => assert_eq!((code, reply.len()), (KernReturn::MIG_BAD_ARGUMENTS.code(), layouts.bare())),
        None => assert_eq!((code, reply.len()), (KernReturn::MIG_BAD_ID.code(), layouts.bare())),
    }
}

/// An answer of any content to a call of any routine: a result exactly if its layout says so; nothing is left over and
/// nothing is given back twice.
///
/// # Panics
/// If one of these does not hold.
pub fn reply(bytes: &[u8]) {
    let Some(input) = Input::of(bytes) else { return };
    let Some(exchange) = input.layouts.exchange(input.id) else { return };
    let world = World::new();
    let message: Arc<Mutex<Option<Vec<u8>>>> = Arc::default();
    let (log, id) = (message.clone(), exchange.reply.id);
    let (complex, layouts, body) = (input.complex, input.layouts, input.body.to_vec());
    world.via.tap(move |tapped| {
        let input = Input { layouts, id, complex, body: &body };
        if !tapped.request && tapped.stage == Stage::Received {
            *tapped.bytes = answerable(&input, tapped.bytes);
            *log.lock().expect("nothing panics with it") = Some(input.without_trailer(tapped.bytes));
        }
        Ok(())
    });
    let result = call(input.layouts.id, input.id - BASE, &world.via, &world.service);
    world.finish();
    let Some(message) = message.lock().expect("as above").take() else { return };
    let one_way = exchange.local == mig_codegen::wire::HeaderPort::Fixed(0);
    let accepted = layouts.accepts(&exchange.reply, &message, false);
    match result.map_err(|it| it.kind()) {
        Ok(_) => assert!(accepted || one_way, "accepted by {} of {}: {message:?}", input.id, layouts.id),
        // Whoever has less room than there are elements stops there.
        Err(ErrorKind::Mig(MigError::ARRAY_TOO_LARGE)) => {}
        // Nobody waits for more than the largest answer there can be.
        Err(ErrorKind::Msg(mig_rt::MsgReturn::RCV_TOO_LARGE)) => {
            assert!(message.len() as u32 > exchange.reply.max, "{message:?} is not too large");
        }
        Err(it) => assert!(!accepted, "{it:?} by {} of {}: {message:?}", input.id, layouts.id),
    }
}

/// A message of any content that nobody serves: in a queue whose port dies, refused, and walked item by item. Exactly
/// what it holds is given back.
///
/// # Panics
/// If one of these does not hold.
pub fn destroy(bytes: &[u8]) {
    let Some(input) = Input::of(bytes) else { return };
    let message = Input { complex: true, ..input }.message(&[0; 32], BASE);
    let found = match input.layouts.id {
        AbiId::GnumachI386 => items::<typed::GnumachI386>(&message),
        AbiId::GnumachX8664 => items::<typed::GnumachX8664>(&message),
        AbiId::GnumachX8664v2022 => items::<typed::GnumachX8664v2022>(&message),
        AbiId::DarwinLp64 => descriptors::<untyped::DarwinLp64>(&message),
        _ => descriptors::<untyped::DarwinIlp32>(&message),
    };
    assert_eq!(found, input.layouts.walk(&message), "{} {message:?}", input.layouts.id);
    // Refused by a server that knows no such routine.
    let refused = deliver(&Input { id: BASE - 1, complex: true, ..input });
    assert!(refused.served.is_none());
    die_in_queue(&input);
}

fn items<W: Row>(message: &[u8]) -> Vec<(usize, std::ops::Range<usize>)> {
    Items::<W>::new(message).map(|it| (it.at, it.data)).collect()
}

fn descriptors<W: untyped::Row>(message: &[u8]) -> Vec<(usize, std::ops::Range<usize>)> {
    let found = Descriptors::<W>::new(message);
    found.map(|it| (it.at, it.at..it.at + it.kind.size::<W>())).collect()
}

/// Every message of both kinds that calls in an ABI bring, as inputs.
pub(crate) fn received(abi: AbiId, requests: bool) -> Vec<Vec<u8>> {
    let found: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
    let number = AbiId::ALL.iter().position(|it| *it == abi).expect("it is one of them");
    let layouts = &Layouts::all()[number];
    for routine in (0..49).filter(|it| *it != SKIPPED) {
        let world = World::new();
        let log = found.clone();
        world.via.tap(move |tapped| {
            if tapped.request == requests && tapped.stage == Stage::Received {
                let input = Input { layouts, id: BASE, complex: false, body: &[] };
                let message = input.without_trailer(tapped.bytes);
                let body = &message[layouts.abi.header as usize..];
                let input = [&[number as u8, routine as u8, message[3] >> 7], body].concat();
                log.lock().expect("nothing panics with it").push(input);
            }
            Ok(())
        });
        call(abi, routine, &world.via, &world.service).unwrap_or_else(|it| panic!("{routine} in {abi}: {it}"));
        world.finish();
    }
    let found = std::mem::take(&mut *found.lock().expect("as above"));
    found.into_iter().filter(|it| it.len() < 4096).collect()
}

/// The message waits in a queue when its port dies.
fn die_in_queue(input: &Input<'_>) {
    let world = World::new();
    let port = world.via.port_named(PortName(77));
    let to = world.via.make_send(&port);
    let (layouts, body) = (input.layouts, input.body.to_vec());
    world.via.tap(move |tapped| {
        if tapped.stage == Stage::Received {
            let input = Input { layouts, id: BASE, complex: true, body: &body };
            assert!(is_complex(&input.message(tapped.bytes, BASE)));
            *tapped.bytes = answerable(&input, tapped.bytes);
        }
        Ok(())
    });
    shapes::any::s_simple(input.layouts.id, &to, 1, 2).expect("there is room in the queue");
    drop((port, to));
    world.finish();
}
