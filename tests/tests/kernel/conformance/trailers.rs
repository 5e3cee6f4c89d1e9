//! Trailers: which can be asked for, and that nobody but the kernel gives one.

use mig_rt::{AbiId, Disposition, Failed, Left, MsgOptions, MsgReturn, Operation, PortName, Timeout, TrailerElements};
use runtime_kernel::Task;

use crate::untyped::{ABIS, Untyped, poll, word};
use crate::world::{Simple, World, port, type_of};

const TRAILER: MsgOptions = MsgOptions::DARWIN_SEND_TRAILER;

/// What a receiver gets who asks for a trailer in the options alone: its size, or the code.
fn receive(task: &Task, abi: AbiId, name: PortName, options: u32) -> Result<u32, MsgReturn> {
    let options = MsgOptions(options);
    let operation =
        Operation { receive: Some(name), receive_timeout: Some(Timeout(0)), options, ..Operation::default() };
    let arrived = task.mach_msg(abi, operation, PortName::NULL, &mut Vec::new(), 4096);
    arrived.map(|it| it.trailer).map_err(|it| it.code)
}

fn send(task: &Task, abi: AbiId, options: MsgOptions, message: &[u8]) -> Result<(), Failed> {
    let operation = Operation { send: true, send_timeout: Some(Timeout(0)), options, ..Operation::default() };
    task.mach_msg(abi, operation, PortName::NULL, &mut message.to_vec(), 0).map(drop)
}

#[test]
fn options_ask_for_a_trailer() {
    for abi in ABIS {
        let world = World::new();
        let task = world.task("task");
        let name = port(&task);
        for (elements, size) in [(0, 8), (1, 12), (2, 20), (3, 52), (4, 60), (7, 68)] {
            Untyped::to(abi, name, Disposition::MAKE_SEND).send(&task).unwrap();
            assert_eq!(receive(&task, abi, name, elements << 24), Ok(size));
        }
        let both = Operation { trailer: TrailerElements::Audit, ..Operation::default() };
        Untyped::to(abi, name, Disposition::MAKE_SEND).send(&task).unwrap();
        let operation = Operation { receive: Some(name), options: MsgOptions(1 << 24), ..both };
        let arrived = task.mach_msg(abi, operation, PortName::NULL, &mut Vec::new(), 4096).unwrap();
        assert_eq!(arrived.trailer, 52, "whoever asks twice gets the larger");
    }
}

#[test]
fn a_trailer_that_no_kernel_has_is_not_given() {
    covers!("mach_msg", "MACH_RCV_INVALID_TRAILER");
    for abi in ABIS {
        let world = World::new();
        let task = world.task("task");
        let name = port(&task);
        Untyped::to(abi, name, Disposition::MAKE_SEND).send(&task).unwrap();
        let elements = [5, 6, 8, 9, 15].map(|it| it << 24);
        let kinds = [1 << 28, 15 << 28, 1 << 28 | 1 << 24];
        for options in elements.into_iter().chain(kinds) {
            assert_eq!(receive(&task, abi, name, options), Err(MsgReturn::RCV_INVALID_TRAILER), "{options:x}");
            assert_eq!(receive(&task, abi, PortName(0x7777), options), Err(MsgReturn::RCV_INVALID_TRAILER));
        }
        let (bytes, _) = poll(&task, name, TrailerElements::Sequence).unwrap();
        assert_eq!(word(&bytes, 32), 0, "the message stayed, and no number was used up");
    }
}

/// The answer of the kernel does not get lost with the receive that was refused.
#[test]
fn what_was_sent_is_answered_all_the_same() {
    let world = World::new();
    let task = world.kernel.task("task", AbiId::DarwinLp64);
    let (me, reply) = (task.self_port(), port(&task));
    // A request of `mach_port_allocate` without its argument, for which there is an answer too.
    let mut request = [0x1513, 0, me.name().0, reply.0, 0, 3204].map(u32::to_le_bytes).concat();
    let options = MsgOptions(5 << 24);
    let operation = Operation { send: true, receive: Some(reply), options, ..Operation::default() };
    let refused = task.mach_msg(AbiId::DarwinLp64, operation, PortName::NULL, &mut request, 4096);
    assert_eq!(refused, Err(Failed { code: MsgReturn::RCV_INVALID_TRAILER, left: Left::Sent }));
    let (answer, _) = poll(&task, reply, TrailerElements::None).unwrap();
    assert_eq!(word(&answer, 20), 3304);
}

#[test]
fn nobody_gives_a_trailer_but_the_kernel() {
    covers!("mach_msg", "MACH_SEND_INVALID_TRAILER");
    for abi in ABIS {
        let world = World::new();
        let task = world.task("task");
        let name = port(&task);
        let message = Untyped::to(abi, name, Disposition::MAKE_SEND).bytes();
        // As the kernel writes it, with the tokens of somebody else; cut short; of another type; and none at all.
        let words = |it: &[u32]| it.iter().flat_map(|it| it.to_le_bytes()).collect::<Vec<u8>>();
        let forged = words(&[&[0, 68, 0][..], &[0; 14]].concat());
        for trailer in [forged, words(&[0, 8]), words(&[1, 8]), words(&[0, 4]), words(&[0, 72]), Vec::new()] {
            let refused = send(&task, abi, TRAILER, &[&message[..], &trailer].concat());
            assert_eq!(refused, Err(Failed { code: MsgReturn::SEND_INVALID_TRAILER, left: Left::Untouched }));
        }
        let short = send(&task, abi, TRAILER, &message[..20]).unwrap_err();
        assert_eq!((short.code, short.left), (MsgReturn::SEND_MSG_TOO_SMALL, Left::Untouched));
        assert_eq!(poll(&task, name, TrailerElements::None).unwrap_err(), MsgReturn::RCV_TIMED_OUT);
        assert_eq!(type_of(&task, name), 0x2_0000, "no right was made");
    }
}

/// What looks like a trailer is data of the message, and the kernel's own stands behind it.
#[test]
fn a_trailer_in_the_data_is_not_believed() {
    for abi in ABIS {
        let world = World::new();
        let task = world.task("task");
        let name = port(&task);
        let mut message = Untyped::to(abi, name, Disposition::MAKE_SEND);
        message.data = [&[0, 52, 77, 0, 0][..], &[0; 8]].concat();
        message.send(&task).unwrap();
        let (bytes, trailer) = poll(&task, name, TrailerElements::Audit).unwrap();
        assert_eq!((word(&bytes, 4), bytes.len(), trailer), (24 + 52, 24 + 52 + 52, 52));
        let told = 24 + 52;
        assert_eq!((word(&bytes, told), word(&bytes, told + 4), word(&bytes, told + 8)), (0, 52, 0));
        let audit: Vec<u32> = (0..8).map(|it| word(&bytes, told + 20 + it * 4)).collect();
        assert_ne!(audit, [0; 8], "the sender is somebody");
    }
}

/// Messages of types have no trailer, whatever the bits of these options say there.
#[test]
fn typed_messages_have_none() {
    let world = World::new();
    let task = world.task("task");
    let name = port(&task);
    let message = Simple::to(name, Disposition::MAKE_SEND, 1).bytes();
    send(&task, AbiId::GnumachI386, TRAILER, &message).unwrap();
    assert_eq!(receive(&task, AbiId::GnumachI386, name, 5 << 24), Ok(0));
}
