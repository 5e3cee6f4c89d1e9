//! The transport over a real kernel, with a kernel that the test plays: what it is asked, and what its answers mean.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};

use mig_rt::exchange::Row;
use mig_rt::mach::Mach;
use mig_rt::mach::dialect::{Call, Dialect};
use mig_rt::typed::{GnumachI386, GnumachX8664};
use mig_rt::untyped::DarwinLp64;
use mig_rt::{
    AbiId, Address, AuditToken, Buffer, Complex, Disposition, Error, KernReturn, MAX_TRAILER, Memory, MsgId, MsgReturn,
    Operation, PortName, ReceiveRight, RightKind, SendRight, Shape, Timeout, TrailerElements, Transport, typed,
    untyped,
};

const ID: MsgId = MsgId(500);
const TO: PortName = PortName(0x103);
const REPLY: PortName = PortName(0x207);
const SPECIAL: PortName = PortName(0x20b);
const MADE: PortName = PortName(0x30f);

/// The kernel of one test.
#[derive(Default)]
struct Played {
    /// What the next calls of `mach_msg` answer, and write over the message.
    answers: VecDeque<(i32, Vec<u8>)>,
    calls: Vec<Call>,
    /// The other calls.
    said: Vec<String>,
    /// Regions by address, with their sizes.
    memory: BTreeMap<usize, usize>,
    /// Nothing is to be had.
    short: bool,
}

thread_local! {
    static PLAYED: RefCell<Played> = RefCell::default();
}

fn played<X>(look: impl FnOnce(&mut Played) -> X) -> X {
    PLAYED.with_borrow_mut(look)
}

fn say(said: String) -> Result<(), KernReturn> {
    played(|it| {
        it.said.push(said);
        if it.short { Err(KernReturn::RESOURCE_SHORTAGE) } else { Ok(()) }
    })
}

/// What was said since the last time.
fn said() -> Vec<String> {
    played(|it| std::mem::take(&mut it.said))
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Task<const DARWIN: bool>;

type Gnu = Task<false>;
type Apple = Task<true>;

// SAFETY: messages are written within their limits, which is asserted; memory is the allocator's, zeroed.
unsafe impl<const DARWIN: bool> Mach for Task<DARWIN> {
    const ABI: AbiId = if DARWIN { AbiId::DarwinLp64 } else { AbiId::GnumachX8664 };
    const DIALECT: Dialect = if DARWIN { Dialect::DARWIN } else { Dialect::MACH3 };

    unsafe fn mach_msg(message: *mut u8, call: Call) -> i32 {
        played(|it| {
            it.calls.push(call);
            let (code, bytes) = it.answers.pop_front().expect("a call too many");
            assert!(bytes.len() <= call.receive_size.max(call.send_size) as usize, "the answer is too long");
            // SAFETY: the message has room for as much as it sends, or may receive.
            unsafe { message.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
            code
        })
    }

    fn mach_port_allocate(right: RightKind) -> Result<PortName, KernReturn> {
        say(format!("allocate {}", right.0)).map(|()| MADE)
    }

    fn mach_port_mod_refs(name: PortName, right: RightKind, delta: i32) -> Result<(), KernReturn> {
        say(format!("mod_refs {name} {} {delta:+}", right.0))
    }

    fn mach_port_deallocate(name: PortName) -> Result<(), KernReturn> {
        say(format!("deallocate {name}"))
    }

    fn vm_allocate(size: usize) -> Result<usize, KernReturn> {
        say(format!("vm_allocate {size}"))?;
        let at = Box::into_raw(vec![0u8; size].into_boxed_slice()).cast::<u8>().expose_provenance();
        played(|it| it.memory.insert(at, size));
        Ok(at)
    }

    unsafe fn vm_deallocate(address: usize, size: usize) {
        let _ = say(format!("vm_deallocate {size}"));
        assert_eq!(played(|it| it.memory.remove(&address)), Some(size), "not what was allocated");
        let all = std::ptr::slice_from_raw_parts_mut(std::ptr::with_exposed_provenance_mut::<u8>(address), size);
        // SAFETY: `vm_allocate` leaked a box of this size at this address, and it was not taken out before.
        drop(unsafe { Box::from_raw(all) });
    }

    fn mig_get_reply_port() -> PortName {
        if played(|it| it.short) { PortName::NULL } else { REPLY }
    }

    fn mig_get_special_reply_port() -> PortName {
        SPECIAL
    }

    fn mig_dealloc_reply_port(name: PortName) {
        let _ = say(format!("retire {name}"));
    }
}

fn answer(code: i32, bytes: Vec<u8>) {
    played(|it| it.answers.push_back((code, bytes)));
}

/// Option bits, sizes to send, time limits.
fn calls() -> Vec<(u32, u32, u32)> {
    assert!(played(|it| it.answers.is_empty()), "a call too few");
    let calls = played(|it| std::mem::take(&mut it.calls));
    calls.iter().map(|it| (it.option, it.send_size, it.timeout)).collect()
}

fn to<M: Mach>(task: M) -> SendRight<M> {
    // SAFETY: the name stands for nothing.
    unsafe { SendRight::from_raw(TO, task) }
}

/// A message with this header, up to the id.
fn header<W: Row>(bits: u32, size: usize, remote: PortName, local: PortName, id: MsgId) -> Vec<u8> {
    let mut message = vec![0; size];
    let words = [(0, bits), (4, size as u32), (8, remote.0), (W::LOCAL, local.0), (W::ID, id.0 as u32)];
    words.iter().for_each(|(at, word)| message[*at..*at + 4].copy_from_slice(&word.to_le_bytes()));
    message
}

/// A reply that holds nothing but success.
fn reply<W: Row>() -> Vec<u8> {
    let mut reply = header::<W>(0x1200, W::BARE, PortName::NULL, REPLY, ID.reply());
    let rest = W::BARE - W::HEADER;
    reply[W::HEADER..].copy_from_slice(&W::SUCCESS[..rest]);
    reply
}

#[test]
fn a_call_is_one_call() {
    let (mut buffer, to) = (Buffer::<128>::new(), to(Task::<false>));
    answer(0, reply::<GnumachX8664>());
    let answered = typed::Outgoing::<Gnu, GnumachX8664>::new(&mut buffer, &to, ID).call(64).expect("it is answered");
    let body = answered.body(ID, Shape::new(Complex::Never, 48, 48)).expect("a success");
    body.end().expect("nothing more");
    assert_eq!(calls(), [(0x3, 32, 0)]);
    answer(0, Vec::new());
    typed::Outgoing::<Gnu, GnumachX8664>::new(&mut buffer, &to, ID).send().expect("it is sent");
    assert_eq!(calls(), [(0x1, 32, 0)]);
    assert!(said().is_empty());
}

#[test]
fn a_trailer_stands_behind_the_message() {
    let (mut buffer, to) = (Buffer::<128>::new(), to(Task::<true>));
    let audit = [11, 12, 13, 14, 15, 16, 17, 18];
    let mut message = reply::<DarwinLp64>();
    let trailer = [0, 52, 3, 501, 20].into_iter().chain(audit);
    message.extend(trailer.flat_map(u32::to_le_bytes));
    answer(0, message);
    let operation = Operation { trailer: TrailerElements::Audit, ..Operation::default() };
    let request = untyped::Outgoing::<Apple, DarwinLp64>::new(&mut buffer, &to, ID);
    let answered = request.call_with(36 + MAX_TRAILER, operation).expect("it is answered");
    let body = answered.body(ID, Shape::described(0, 36, 36)).expect("a success");
    assert_eq!(body.audit_token().ok(), Some(AuditToken(audit)));
    assert_eq!(body.sequence().ok(), Some(3));
    assert!(body.context().is_err(), "nobody asked for it");
    body.end().expect("nothing more");
    assert_eq!(calls(), [(0x0300_0003, 24, 0)]);
}

#[test]
fn two_time_limits_are_two_calls() {
    let (mut buffer, to) = (Buffer::<128>::new(), to(Task::<true>));
    let limits = |send, receive| Operation {
        send_timeout: Some(Timeout(send)),
        receive_timeout: Some(Timeout(receive)),
        special_reply: true,
        ..Operation::default()
    };
    let mut call = |operation| {
        let request = untyped::Outgoing::<Apple, DarwinLp64>::new(&mut buffer, &to, ID);
        request.call_with(36 + MAX_TRAILER, operation).map(|_| ())
    };
    let timed_out = Err(MsgReturn::RCV_TIMED_OUT.into());
    answer(MsgReturn::RCV_TIMED_OUT.code(), Vec::new());
    assert_eq!(call(limits(5, 5)), timed_out);
    assert_eq!(calls(), [(0x0030_4113, 24, 5)]);
    assert_eq!(said(), ["retire 0x20b"]);
    answer(0, Vec::new());
    answer(MsgReturn::RCV_TIMED_OUT.code(), Vec::new());
    assert_eq!(call(limits(5, 6)), timed_out);
    assert_eq!(calls(), [(0x11, 24, 5), (0x102, 0, 6)]);
    assert_eq!(said(), ["retire 0x20b"]);
    answer(MsgReturn::SEND_INVALID_DEST.code(), Vec::new());
    assert_eq!(call(limits(5, 6)), Err(MsgReturn::SEND_INVALID_DEST.into()));
    assert_eq!(calls(), [(0x11, 24, 5)]);
}

/// What is released after a failure: the reply port first, and then what the table says is the caller's.
#[test]
fn a_refused_message_is_whose_the_table_says() {
    let mut buffer = Buffer::<128>::new();
    let mut call = |code: i32, bytes| {
        answer(code, bytes);
        let request = typed::Outgoing::<Gnu, GnumachX8664>::new_move_send(&mut buffer, to(Task), ID);
        let error = request.call(64).map(|_| ()).expect_err("it is refused");
        assert_eq!(error.code(), code);
        calls();
        said()
    };
    assert_eq!(call(0x1000_0003, Vec::new()), ["retire 0x207", "deallocate 0x103"]);
    assert_eq!(call(0x1000_000a, Vec::new()), ["retire 0x207"]);
    assert_eq!(call(0x1000_4003, Vec::new()), ["retire 0x207"]);
    assert_eq!(call(46, Vec::new()), ["retire 0x207"]);
    let bits = u32::from(Disposition::MOVE_SEND.0) | u32::from(Disposition::MOVE_SEND_ONCE.0) << 8;
    let back = header::<GnumachX8664>(bits, 32, PortName(0x401), PortName(0x402), ID);
    let released = ["retire 0x207", "deallocate 0x402", "deallocate 0x401"];
    assert_eq!(call(0x1000_0004, back.clone()), released);
    assert_eq!(call(0x1000_2004, back), released);
}

/// The kernel would read addresses where there are none.
#[test]
fn no_message_of_another_abi_is_sent() {
    let mut buffer = Buffer::<128>::new();
    let request = typed::Outgoing::<Gnu, GnumachI386>::new_move_send(&mut buffer, to(Task), ID);
    assert_eq!(request.send(), Err(MsgReturn::SEND_INVALID_HEADER.into()));
    assert!(calls().is_empty());
    assert_eq!(said(), ["deallocate 0x103"]);
}

#[test]
fn rights_are_counted() {
    let port = ReceiveRight::new(&Task::<false>).expect("there are ports");
    assert_eq!(port.name(), MADE);
    let right = to(Task::<false>);
    drop(right.try_clone().expect("there are references"));
    drop((port, right));
    Task::<false>.release(PortName(0x501), RightKind::SEND_ONCE);
    Task::<false>.release(PortName(0x502), RightKind::PORT_SET);
    let expected = ["allocate 1", "mod_refs 0x103 0 +1", "deallocate 0x103", "mod_refs 0x30f 1 -1", "deallocate 0x103"];
    assert_eq!(said(), expected.into_iter().chain(["deallocate 0x501", "mod_refs 0x502 3 -1"]).collect::<Vec<_>>());
    let right = to(Task::<false>);
    played(|it| it.short = true);
    assert_eq!(ReceiveRight::new(&Task::<false>).map(|_| ()), Err(KernReturn::RESOURCE_SHORTAGE));
    assert_eq!(right.try_clone().map(|_| ()), Err(KernReturn::RESOURCE_SHORTAGE));
    let error = typed::Outgoing::<Gnu, GnumachX8664>::new(&mut Buffer::<64>::new(), &right, ID).call(64).map(|_| ());
    assert_eq!(error, Err(Error::from(MsgReturn::SEND_INVALID_REPLY)));
}

#[test]
fn memory_is_given_back_once() {
    let task = Task::<true>;
    let fill = &mut |to: &mut [u8]| {
        assert!(to.iter().all(|it| *it == 0), "new memory is zero");
        to.iter_mut().zip(1..).for_each(|(to, it)| *to = it);
    };
    let memory = task.allocate(5, fill).expect("there is memory");
    assert_eq!((memory.bytes(), memory.len()), (Ok(&[1, 2, 3, 4, 5][..]), 5));
    let at = task.surrender(memory);
    assert_eq!(said(), ["vm_allocate 5"]);
    // SAFETY: the region was surrendered just now, as by a message that was not sent.
    let memory = unsafe { task.adopt(at, 5) };
    assert_eq!(memory.bytes(), Ok(&[1, 2, 3, 4, 5][..]));
    drop(memory);
    assert_eq!(said(), ["vm_deallocate 5"]);
    let empty = task.allocate(0, fill).expect("nothing is needed");
    assert_eq!(empty.bytes(), Ok(&[][..]));
    assert_eq!(task.surrender(empty), Address(0));
    // SAFETY: address 0 is an empty region, whatever its size is said to be.
    let empty = unsafe { task.adopt(Address(0), 7) };
    assert_eq!(empty.len(), 0);
    drop(empty);
    let lent = [1, 2, 3];
    assert_eq!(task.lend(&lent), Ok(Address(lent.as_ptr() as u64)));
    task.unlend(Address(lent.as_ptr() as u64), 3);
    assert!(said().is_empty());
    played(|it| it.short = true);
    let shortage = task.allocate(5, &mut |_| unreachable!("there is no memory")).map(|_| ());
    assert_eq!(shortage, Err(KernReturn::RESOURCE_SHORTAGE));
    assert!(played(|it| it.memory.is_empty()));
}
