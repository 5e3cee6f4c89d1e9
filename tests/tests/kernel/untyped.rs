//! Untyped messages: descriptors, trailers, and both families side by side.

use mig_rt::{AbiId, Disposition, MsgReturn, Operation, PortName, RightKind, Timeout, TrailerElements, Transport};
use runtime_kernel::Task;

use crate::world::{Simple, World, give, port, release, type_of};

/// A message of `darwin-lp64` or `darwin-ilp32`, put together by hand.
pub(crate) struct Untyped {
    pub(crate) abi: AbiId,
    pub(crate) remote: (PortName, Disposition),
    pub(crate) descriptors: Vec<Vec<u8>>,
    pub(crate) data: Vec<u32>,
}

impl Untyped {
    pub(crate) fn to(abi: AbiId, name: PortName, disposition: Disposition) -> Untyped {
        Untyped { abi, remote: (name, disposition), descriptors: Vec::new(), data: Vec::new() }
    }

    pub(crate) fn right(mut self, name: PortName, disposition: Disposition) -> Untyped {
        let kind = 0;
        self.descriptors.push([&name.0.to_le_bytes()[..], &[0; 6], &[disposition.0, kind]].concat());
        self
    }

    /// Memory at an address, or an array of so many rights there.
    pub(crate) fn memory(mut self, at: u64, size: u32, deallocate: bool, rights: Disposition) -> Untyped {
        let kind = if rights.is_port() { 2 } else { 1 };
        let flags = [deallocate.into(), 0, rights.0, kind];
        self.descriptors.push(match self.abi {
            AbiId::DarwinLp64 => [&at.to_le_bytes()[..], &flags, &size.to_le_bytes()].concat(),
            _ => [&(at as u32).to_le_bytes()[..], &size.to_le_bytes(), &flags].concat(),
        });
        self
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let complex = u32::from(!self.descriptors.is_empty()) << 31;
        let head = [u32::from(self.remote.1.0) | complex, 0, self.remote.0.0, 0, 0, 1234];
        let mut bytes: Vec<u8> = head.iter().flat_map(|it| it.to_le_bytes()).collect();
        if complex != 0 {
            bytes.extend((self.descriptors.len() as u32).to_le_bytes());
            bytes.extend(self.descriptors.concat());
        }
        bytes.extend(self.data.iter().flat_map(|it| it.to_le_bytes()));
        bytes
    }

    pub(crate) fn send(&self, task: &Task) -> Result<(), MsgReturn> {
        let operation = Operation { send: true, send_timeout: Some(Timeout(0)), ..Operation::default() };
        let sent = task.mach_msg(self.abi, operation, PortName::NULL, &mut self.bytes(), 0);
        sent.map(drop).map_err(|it| it.code)
    }
}

/// A received message with the trailer asked for, and the size of that.
pub(crate) fn poll(task: &Task, name: PortName, trailer: TrailerElements) -> Result<(Vec<u8>, usize), MsgReturn> {
    let timeout = Some(Timeout(0));
    let operation = Operation { receive: Some(name), receive_timeout: timeout, trailer, ..Operation::default() };
    let mut bytes = Vec::new();
    let arrived = task.mach_msg(AbiId::DarwinLp64, operation, PortName::NULL, &mut bytes, 4096);
    let arrived = arrived.map_err(|it| it.code)?;
    assert_eq!(arrived.size as usize + arrived.trailer as usize, bytes.len());
    Ok((bytes, arrived.trailer as usize))
}

pub(crate) fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}

pub(crate) const ABIS: [AbiId; 2] = [AbiId::DarwinLp64, AbiId::DarwinIlp32];

#[test]
fn trailers_say_what_was_asked_for() {
    let world = World::new();
    let (client, server) = (world.task("client"), world.task("server"));
    let service = port(&server);
    let name = give(&server, service, &client);
    let elements = [
        (TrailerElements::None, 8),
        (TrailerElements::Sequence, 12),
        (TrailerElements::Sender, 20),
        (TrailerElements::Audit, 52),
        (TrailerElements::Context, 60),
        (TrailerElements::AccessControl, 68),
    ];
    for (number, (asked, size)) in elements.into_iter().enumerate() {
        for (abi, twice) in ABIS.into_iter().zip(0..) {
            Untyped::to(abi, name, Disposition::COPY_SEND).send(&client).unwrap();
            let (bytes, trailer) = poll(&server, service, asked).unwrap();
            assert_eq!((trailer, word(&bytes, 24), word(&bytes, 28)), (size, 0, size as u32));
            assert_eq!(word(&bytes, 4), 24, "the size is without it");
            if size > 8 {
                assert_eq!(word(&bytes, 32), number as u32 * 2 + twice);
            }
        }
    }
}

#[test]
fn a_message_without_room_for_its_trailer_is_too_large() {
    let world = World::new();
    let task = world.task("task");
    let name = port(&task);
    Untyped::to(AbiId::DarwinLp64, name, Disposition::MAKE_SEND).send(&task).unwrap();
    let timeout = Some(Timeout(0));
    let operation = Operation { receive: Some(name), receive_timeout: timeout, large: true, ..Operation::default() };
    let mut bytes = Vec::new();
    let refused = task.mach_msg(AbiId::DarwinLp64, operation, PortName::NULL, &mut bytes, 28).unwrap_err();
    assert_eq!((refused.code, word(&bytes, 4)), (MsgReturn::RCV_TOO_LARGE, 32));
    assert!(task.mach_msg(AbiId::DarwinLp64, operation, PortName::NULL, &mut bytes, 32).is_ok());
}

#[test]
fn rights_and_memory_cross_in_descriptors() {
    for abi in ABIS {
        let world = World::new();
        let (client, server) = (world.task("client"), world.task("server"));
        let service = port(&server);
        let name = give(&server, service, &client);
        let (inner, other) = (port(&client), port(&client));
        let text = client.lend(b"hello, world").unwrap();
        let rights: Vec<u8> = [inner.0, 0, other.0].iter().flat_map(|it| it.to_le_bytes()).collect();
        let rights = client.lend(&rights).unwrap();
        Untyped::to(abi, name, Disposition::COPY_SEND)
            .right(inner, Disposition::MAKE_SEND)
            .memory(text.0, 12, true, Disposition::NONE)
            .memory(rights.0, 3, true, Disposition::MAKE_SEND_ONCE)
            .right(other, Disposition::MOVE_RECEIVE)
            .send(&client)
            .unwrap();
        assert_eq!((client.regions(), type_of(&client, other)), (0, 0));
        let (bytes, _) = poll(&server, service, TrailerElements::None).unwrap();
        let memory = if abi == AbiId::DarwinLp64 { 16 } else { 12 };
        let at = |index: usize| 28 + [0, 12, 12 + memory, 12 + memory * 2][index];
        assert_eq!((bytes[at(0) + 10], type_of(&server, PortName(word(&bytes, at(0))))), (17, 0x1_0000));
        assert_eq!((bytes[at(3) + 10], type_of(&server, PortName(word(&bytes, at(3))))), (16, 0x2_0000));
        let address = |index| mig_rt::Address(word(&bytes, at(index)).into());
        assert_eq!(server.read(address(1), 12).unwrap(), b"hello, world");
        let names = server.read(address(2), 12).unwrap();
        let kinds: Vec<u32> = (0..3).map(|it| type_of(&server, PortName(word(&names, it * 4)))).collect();
        assert_eq!(kinds, [0x4_0000, 0, 0x4_0000]);
        assert_eq!(server.regions(), 2);
    }
}

#[test]
fn descriptors_are_not_believed() {
    for abi in ABIS {
        let world = World::new();
        let task = world.task("task");
        let name = port(&task);
        let to = || Untyped::to(abi, name, Disposition::MAKE_SEND);
        let refused = |bytes: &[u8]| {
            let operation = Operation { send: true, send_timeout: Some(Timeout(0)), ..Operation::default() };
            task.mach_msg(abi, operation, PortName::NULL, &mut bytes.to_vec(), 0).unwrap_err().code
        };
        let good = to().right(name, Disposition::MAKE_SEND).bytes();
        let with = |at: usize, byte: u8| {
            let mut bytes = good.clone();
            bytes[at] = byte;
            bytes
        };
        assert_eq!(refused(&with(28 + 11, 9)), MsgReturn::SEND_INVALID_TYPE, "a kind of descriptor that is none");
        assert_eq!(refused(&with(28 + 10, 15)), MsgReturn::SEND_INVALID_TYPE, "a disposition that is none");
        assert_eq!(refused(&with(28 + 10, 17)), MsgReturn::SEND_INVALID_RIGHT, "a right that is not there");
        assert_eq!(refused(&with(24, 2)), MsgReturn::SEND_MSG_TOO_SMALL, "more descriptors than there are");
        assert_eq!(refused(&with(27, 0xff)), MsgReturn::SEND_MSG_TOO_SMALL);
        let nowhere = to().memory(0x7777_0000, 10, false, Disposition::NONE);
        assert_eq!(refused(&nowhere.bytes()), MsgReturn::SEND_INVALID_MEMORY);
        let huge = to().memory(0x7777_0000, u32::MAX, false, Disposition::MAKE_SEND);
        assert_eq!(refused(&huge.bytes()), MsgReturn::SEND_INVALID_MEMORY);
        assert_eq!(world.kernel.check(), Ok(()));
        assert_eq!(type_of(&task, name), 0x2_0000, "what was made of it is released");
    }
}

#[test]
fn a_reply_can_go_elsewhere_than_the_request() {
    let world = World::new();
    let task = world.task("task");
    let name = port(&task);
    let mut request = Untyped::to(AbiId::DarwinLp64, name, Disposition::MAKE_SEND).bytes();
    let (before, mut reply) = (request.clone(), Vec::new());
    let operation = Operation { send: true, receive: Some(name), ..Operation::default() };
    let room = (&mut reply, 4096);
    covers!("mach_msg_overwrite", "MACH_MSG_SUCCESS");
    task.mach_msg_overwrite(AbiId::DarwinLp64, operation, PortName::NULL, &mut request, room).unwrap();
    assert_eq!(request, before);
    assert_eq!(word(&reply, 20), 1234);
}

#[test]
fn one_call_in_every_abi_at_once() {
    use generated::darwin::mach_port::any as darwin;
    use generated::mach3::mach_port::any as mach3;
    let world = World::new();
    let task = world.task("task");
    let myself = task.self_port();
    for abi in AbiId::ALL {
        let untyped = ABIS.contains(&abi);
        let name = if untyped {
            darwin::mach_port_allocate(abi, &myself, RightKind::RECEIVE)
        } else {
            mach3::mach_port_allocate(abi, &myself, RightKind::RECEIVE)
        };
        assert_eq!(type_of(&task, name.unwrap()), 0x2_0000);
        release(&task, name.unwrap(), RightKind::RECEIVE);
    }
}

#[test]
fn a_message_keeps_its_abi_whoever_receives_it() {
    let world = World::new();
    let (client, server) = (world.task("client"), world.kernel.task("server", AbiId::DarwinLp64));
    let service = port(&server);
    let name = give(&server, service, &client);
    Simple::to(name, Disposition::COPY_SEND, 7).send(&client).unwrap();
    let operation = Operation { receive: Some(service), ..Operation::default() };
    let mut bytes = Vec::new();
    let arrived = server.mach_msg(AbiId::DarwinLp64, operation, PortName::NULL, &mut bytes, 4096).unwrap();
    assert_eq!((arrived.abi, arrived.size, arrived.trailer), (AbiId::GnumachI386, 24, 0));
}
