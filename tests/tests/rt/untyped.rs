//! The untyped family: which of several faults is told, what is released, and what comes back.

use mig_rt::serve::{Served, answer};
use mig_rt::transport::Left;
use mig_rt::untyped::{Bad, Body, DarwinIlp32, DarwinLp64, Outgoing, RecoveredItem, ReplyHead, Request, Row};
use mig_rt::{
    AuditToken, Buffer, Disposition, Error, KernReturn, MsgId, MsgReturn, Outbound, Outbounds, PortName, ReceiveRight,
    Region, SecurityToken, SendRight, Shape, Subsystem, Transport,
};

use crate::kernel::{Kernel, failed};
use crate::probe::{ID, aligned};

/// Calls a generic function once for each ABI.
macro_rules! each {
    ($function:ident) => {{
        $function::<DarwinLp64>();
        $function::<DarwinIlp32>();
    }};
}

const NDR: [u8; 8] = [0, 0, 0, 0, 1, 0, 0, 0];
const TYPE: Result<String, KernReturn> = Err(KernReturn::MIG_TYPE_ERROR);
const ARGUMENTS: Result<String, KernReturn> = Err(KernReturn::MIG_BAD_ARGUMENTS);

/// A message being written by hand.
#[derive(Clone, Default)]
struct Bytes(Vec<u8>);

impl Bytes {
    fn u32(mut self, it: u32) -> Bytes {
        self.0.extend(it.to_le_bytes());
        self
    }

    fn bytes(mut self, it: &[u8]) -> Bytes {
        self.0.extend(it);
        self
    }

    fn right(self, name: PortName, disposition: Disposition) -> Bytes {
        self.u32(name.0).u32(0).u32(u32::from(disposition.0) << 16)
    }

    fn memory<W: Row>(self, at: u64, size: u32, flags: [u8; 4]) -> Bytes {
        if W::ADDRESS == 8 {
            self.bytes(&at.to_le_bytes()).bytes(&flags).u32(size)
        } else {
            self.u32(at as u32).u32(size).bytes(&flags)
        }
    }
}

type Read<W> = for<'m> fn(Request<'m, Kernel, W>, Body<'m, W>) -> Result<String, Bad>;

struct Probe<W: Row> {
    shape: Shape,
    read: Read<W>,
    saw: Option<String>,
}

fn dispatch<W: Row>(probe: &mut Probe<W>, request: Request<'_, Kernel, W>, _: ReplyHead<'_, Kernel, W>) -> Served {
    let body = request.body(probe.shape)?;
    probe.saw = Some((probe.read)(request, body)?);
    Ok(())
}

/// What a reader made of a request with these bits, or what its client is told. Behind it stands a trailer.
fn probe<W: Row>(
    kernel: &Kernel,
    bits: u32,
    shape: Shape,
    body: &Bytes,
    trailer: &Bytes,
    read: Read<W>,
) -> Result<String, KernReturn> {
    let size = 24 + body.0.len() as u32;
    let (client, _) = kernel.port();
    let reply = kernel.send_once_right(&client).into_raw();
    let head = Bytes::default().u32(bits | 18 | 17 << 8).u32(size).u32(reply.0).u32(0).u32(0).u32(ID.0 as u32);
    let request = head.bytes(&body.0).bytes(&trailer.0);
    let mut room = Buffer::<64>::new();
    let mut probe = Probe { shape, read, saw: None };
    let subsystem = Subsystem::new(ID..=ID, W::dispatcher(dispatch::<W>));
    let size = aligned(&request.0, |request| {
        // SAFETY: the reply right was made above, and whoever made the body made what it carries.
        unsafe { answer(W::ABI, request, room.bytes(), &[subsystem], &mut probe, kernel.clone()) }
    });
    let size = size.expect("there is a reply right");
    // SAFETY: the answer has this size.
    let answer = unsafe { std::slice::from_raw_parts(room.bytes().as_ptr().cast::<u8>(), size) };
    assert_eq!((size, &answer[24..32]), (36, &NDR[..]));
    // SAFETY: the answer owns the right, and is not used again.
    drop(unsafe { mig_rt::SendOnceRight::from_raw(reply, kernel.clone()) });
    let code = i32::from_le_bytes([answer[32], answer[33], answer[34], answer[35]]);
    match KernReturn::new(code) {
        Some(code) => Err(code),
        None => Ok(probe.saw.expect("success is what the reader said")),
    }
}

const COMPLEX: u32 = 0x8000_0000;

fn memory(kernel: &Kernel, bytes: &[u8]) -> u64 {
    let region = kernel.allocate(bytes.len(), &mut |to| to.copy_from_slice(bytes)).expect("there is memory");
    kernel.surrender(region).0
}

/// Descriptors are looked at first, then counts of what is in line and the length, then counts of memory, then texts.
#[test]
fn faults_are_told_in_rounds() {
    fn of<W: Row>() {
        let read: Read<W> = |request, mut body| {
            let right = body.send()?;
            let region = body.memory()?;
            body.ndr()?;
            body.count_within(&region, 2, 4)?;
            let text = body.text(8)?;
            let array = body.counted::<u16>(3)?;
            let own = request.end(body)?;
            let (right, region) = (own.send(right), own.region::<u16>(region));
            let bytes = region.bytes().expect("it can be read");
            Ok(format!("{} {bytes:?} {text:?} {array:?}", right.is_valid()))
        };
        // Which of the four is wrong.
        let told = |wrong: [bool; 4]| {
            let kernel = Kernel::new();
            let (port, right) = kernel.port();
            let name = kernel.send_right(&port).into_raw();
            let kind = if wrong[0] { Disposition::MOVE_SEND_ONCE } else { Disposition::MOVE_SEND };
            let name = if wrong[0] { kernel.send_once_right(&port).into_raw() } else { name };
            let at = memory(&kernel, &[1, 2, 3, 4]);
            let body = Bytes::default().u32(2).right(name, kind).memory::<W>(at, 4, [1, 1, 0, 1]).bytes(&NDR);
            let body = body.u32(if wrong[2] { 3 } else { 2 });
            let body = body.u32(0).u32(3).bytes(if wrong[3] { b"abc\0" } else { b"ab\0\0" });
            let body = body.u32(if wrong[1] { 4 } else { 1 }).u32(7);
            let shape = Shape::described(2, 28, 200);
            let told = probe::<W>(&kernel, COMPLEX, shape, &body, &Bytes::default(), read);
            if wrong[0] {
                // What was not needed.
                // SAFETY: it was made above and given to nobody.
                drop(unsafe { SendRight::from_raw(PortName(name.0), kernel.clone()) });
            }
            drop((port, right));
            kernel.assert_empty();
            told
        };
        assert_eq!(told([false; 4]).as_deref(), Ok("true [1, 2, 3, 4] \"ab\" [7]"));
        for wrong in 1..16u32 {
            let wrong = [0, 1, 2, 3].map(|it| wrong >> it & 1 == 1);
            let expected = if wrong[0] || wrong[2] && !wrong[1] { TYPE } else { ARGUMENTS };
            assert_eq!(told(wrong), expected, "{wrong:?}");
        }
    }
    each!(of);
}

/// Complex bit, number of descriptors and size are those of the definition.
#[test]
fn shapes_are_compared() {
    fn of<W: Row>() {
        let read: Read<W> = |request, mut body| {
            body.ndr()?;
            let it = body.u16()?;
            request.end(body)?;
            Ok(it.to_string())
        };
        let kernel = Kernel::new();
        let simple = Bytes::default().bytes(&NDR).u32(5);
        let shape = Shape::described(0, 36, 36);
        let probe = |bits, body: &Bytes| probe::<W>(&kernel, bits, shape, body, &Bytes::default(), read);
        assert_eq!(probe(0, &simple).as_deref(), Ok("5"));
        assert_eq!(probe(COMPLEX, &simple), ARGUMENTS);
        assert_eq!(probe(0, &simple.clone().u32(0)), ARGUMENTS);
        assert_eq!(probe(0, &Bytes::default().bytes(&NDR)), ARGUMENTS);
        kernel.assert_empty();
    }
    each!(of);
}

#[test]
fn arrays_of_rights_are_counted() {
    fn of<W: Row>() {
        let read: Read<W> = |request, mut body| {
            let mut held = body.rights(Disposition::MOVE_SEND, 3)?;
            body.ndr()?;
            body.count_of_rights(&mut held)?;
            let rights = request.end(body)?.rights::<SendRight<Kernel>>(held);
            Ok(rights.len().to_string())
        };
        let told = |count: u32, rights: [Option<Disposition>; 3]| {
            let kernel = Kernel::new();
            let (port, right) = kernel.port();
            let mut body = Bytes::default().u32(3);
            for it in rights {
                let name = match it {
                    Some(Disposition::MOVE_SEND) => kernel.send_right(&port).into_raw(),
                    Some(_) => kernel.send_once_right(&port).into_raw(),
                    None => PortName::NULL,
                };
                body = body.right(name, it.unwrap_or(Disposition(0x55)));
            }
            let shape = Shape::described(3, 76, 76);
            let body = body.bytes(&NDR).u32(count);
            let told = probe::<W>(&kernel, COMPLEX, shape, &body, &Bytes::default(), read);
            drop((port, right));
            kernel.assert_empty();
            told
        };
        let (send, once) = (Some(Disposition::MOVE_SEND), Some(Disposition::MOVE_SEND_ONCE));
        assert_eq!(told(2, [send, send, None]).as_deref(), Ok("2"));
        assert_eq!(told(3, [send, None, send]).as_deref(), Ok("3"));
        assert_eq!(told(1, [send, send, None]), TYPE);
        assert_eq!(told(4, [send; 3]), TYPE);
        assert_eq!(told(u32::MAX, [send; 3]), TYPE);
        assert_eq!(told(2, [send, once, None]), TYPE);
    }
    each!(of);
}

#[test]
fn trailers_say_who_sent() {
    fn of<W: Row>() {
        let read: Read<W> = |request, body| {
            let seen = (body.sequence()?, body.security_token()?, body.audit_token()?, body.context()?);
            request.end(body)?;
            Ok(format!("{seen:?}"))
        };
        let kernel = Kernel::new();
        let full = |kind: u32, size: u32| {
            let it = Bytes::default().u32(kind).u32(size).u32(42).u32(501).u32(20);
            (0..8).fold(it, Bytes::u32).u32(7).u32(0)
        };
        let shape = Shape::described(0, 24, 24);
        let probe = |trailer: &Bytes| probe::<W>(&kernel, 0, shape, &Bytes::default(), trailer, read);
        let expected = (42, SecurityToken { user: 501, group: 20 }, AuditToken([0, 1, 2, 3, 4, 5, 6, 7]), 7u64);
        assert_eq!(probe(&full(0, 60)), Ok(format!("{expected:?}")));
        let refused = KernReturn::new(-309).map_or(Ok(String::new()), Err);
        for trailer in [full(1, 60), full(0, 59), full(0, 8), Bytes::default(), Bytes(full(0, 60).0[..56].to_vec())] {
            assert_eq!(probe(&trailer), refused);
        }
        kernel.assert_empty();
    }
    each!(of);
}

/// A kernel delivers a voucher only to those who ask: nobody here does, and it is not kept.
#[test]
fn vouchers_are_let_go() {
    fn of<W: Row>() {
        let kernel = Kernel::new();
        let (port, right) = kernel.port();
        let voucher = kernel.send_right(&port).into_raw();
        let (client, _) = kernel.port();
        let reply = kernel.send_once_right(&client).into_raw();
        let head = Bytes::default().u32(18 | 17 << 8 | 17 << 16).u32(24).u32(reply.0).u32(0);
        let request = head.u32(voucher.0).u32(99);
        let mut room = Buffer::<64>::new();
        let size = aligned(&request.0, |it| {
            // SAFETY: as in `probe`.
            unsafe { answer::<Kernel, ()>(W::ABI, it, room.bytes(), &[], &mut (), kernel.clone()) }
        });
        assert_eq!(size, Some(36));
        // SAFETY: the answer owns the right, and is not used again.
        drop(unsafe { mig_rt::SendOnceRight::from_raw(reply, kernel.clone()) });
        drop((port, right, client));
        kernel.assert_empty();
    }
    each!(of);
}

/// A message with something of everything, on its way to nowhere.
fn everything<'b, W: Row>(
    kernel: &Kernel,
    buffer: &'b mut Buffer<512>,
    to: &SendRight<Kernel>,
    port: &'b ReceiveRight<Kernel>,
    lent: &'b [u8],
    moved: &'b mut [SendRight<Kernel>],
) -> mig_rt::Result<Outgoing<'b, Kernel, W>> {
    let mut message = Outgoing::new(buffer, to, MsgId(5));
    message.descriptors(9);
    message.copy_send(to);
    message.move_send(kernel.send_right(port));
    message.move_send_once(kernel.send_once_right(port));
    message.make_send(port);
    message.outbound(Outbound::from(ReceiveRight::new(kernel)?));
    message.lend(lent)?;
    message.surrender(Region::<_, u8>::new(kernel, &[1, 2, 3])?)?;
    message.physical_copy();
    message.rights_out_of_line(Outbounds::MoveSend(moved))?;
    message.rights(1, Outbounds::Copy(std::slice::from_ref(to)))?;
    message.ndr();
    message.counted(4, &[1u16, 2, 3])?;
    Ok(message)
}

#[test]
fn what_is_not_sent_is_given_back() {
    fn of<W: Row>() {
        let kernel = Kernel::new();
        let (port, right) = kernel.port();
        for failure in [None, Some(Left::Untouched), Some(Left::TakenBack), Some(Left::Sent)] {
            let mut buffer = Buffer::new();
            let mut moved = [kernel.send_right(&port), kernel.send_right(&port)];
            let made = everything::<W>(&kernel, &mut buffer, &right, &port, &[9; 10], &mut moved);
            let message = made.expect("there is room");
            match failure {
                None => drop(message),
                Some(left) => {
                    let code = if left == Left::Sent { MsgReturn::RCV_TIMED_OUT } else { MsgReturn::SEND_TIMED_OUT };
                    kernel.fail([failed(code, left)]);
                    assert_eq!(message.call(100).map(|_| ()), Err(Error::from(code)));
                }
            }
        }
        drop((port, right));
        kernel.assert_empty();
    }
    each!(of);
}

#[test]
fn what_came_back_can_be_had() {
    fn of<W: Row>() {
        let kernel = Kernel::new();
        let (port, right) = kernel.port();
        let mut buffer = Buffer::new();
        let mut moved = [kernel.send_right(&port), kernel.send_right(&port)];
        let made = everything::<W>(&kernel, &mut buffer, &right, &port, &[9; 10], &mut moved);
        kernel.fail([failed(MsgReturn::SEND_TIMED_OUT, Left::TakenBack)]);
        let unsent = made.expect("there is room").try_call(100, mig_rt::Operation::default()).map(|_| ());
        let items: Vec<String> = unsent
            .expect_err("it failed")
            .items()
            .map(|it| match it {
                RecoveredItem::Right(it) => format!("{:?}", it.disposition()),
                RecoveredItem::Memory(it) => format!("{} bytes", it.len()),
            })
            .collect();
        let names = |it: Disposition| format!("{it:?}");
        let (send, once) = (names(Disposition::MOVE_SEND), names(Disposition::MOVE_SEND_ONCE));
        let receive = names(Disposition::MOVE_RECEIVE);
        // The kernel has made memory of the loan; an array of rights stays in its memory.
        assert_eq!(items, [&send, &send, &once, &send, &receive, "10 bytes", "3 bytes", &send]);
        drop((moved, port, right));
        kernel.assert_empty();
    }
    each!(of);
}

/// An address that the ABI has no room for is an error of the sender, who has its memory again.
#[test]
fn addresses_that_are_too_wide_come_back() {
    let kernel = Kernel::new();
    let (port, right) = kernel.port();
    kernel.inner.set_next_address(mig_rt::Address(0x1_0000_0000));
    let region = Region::<_, u8>::new(&kernel, &[1, 2, 3]).expect("there is memory");
    let mut buffer = Buffer::<512>::new();
    let mut message = Outgoing::<_, DarwinIlp32>::new(&mut buffer, &right, MsgId(5));
    message.descriptors(2);
    assert_eq!(message.surrender(region), Err(KernReturn::INVALID_ADDRESS));
    assert_eq!(message.lend(&[1u32]), Err(KernReturn::INVALID_ADDRESS));
    drop(message);
    drop((port, right));
    kernel.assert_empty();
}
