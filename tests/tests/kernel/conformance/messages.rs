//! `mach_msg`: its halves, its sizes and what bodies carry.

use mig_rt::{AbiId, Address, Disposition, Failed, Left, MsgReturn, Operation, PortName, RightKind, Timeout};
use runtime_kernel::Task;

use super::by_hand::{BODIES, ByHand, Item, header, id, memory, names, names_at, poll, send, trailer, word};
use crate::world::{World, give, port, release, type_of};

const POLL: Option<Timeout> = Some(Timeout(0));
const SEND: Operation = Operation { send: true, send_timeout: POLL, ..NEITHER };
const NEITHER: Operation = Operation {
    send: false,
    receive: None,
    send_timeout: None,
    receive_timeout: None,
    large: false,
    options: mig_rt::MsgOptions::NONE,
    trailer: mig_rt::TrailerElements::None,
    special_reply: false,
};

fn both(name: PortName) -> Operation {
    Operation { receive: Some(name), receive_timeout: POLL, ..SEND }
}

fn call(task: &Task, abi: AbiId, operation: Operation, bytes: &mut Vec<u8>) -> Result<u32, (MsgReturn, Left)> {
    let done = task.mach_msg(abi, operation, PortName::NULL, bytes, 4096);
    done.map(|it| it.size).map_err(|Failed { code, left }| (code, left))
}

/// Identifiers of what waits at a port.
fn waiting(task: &Task, abi: AbiId, name: PortName) -> Vec<u32> {
    std::iter::from_fn(|| poll(task, abi, name).ok()).map(|it| id(abi, &it)).collect()
}

#[test]
fn neither_half_does_nothing() {
    for abi in AbiId::ALL {
        let world = World::new();
        let task = world.task("task");
        let mut bytes = ByHand::to(abi, port(&task), Disposition::MAKE_SEND, 1).bytes();
        let before = bytes.clone();
        let limits = Operation { send_timeout: POLL, receive_timeout: POLL, large: true, ..NEITHER };
        for operation in [NEITHER, limits] {
            assert_eq!(call(&task, abi, operation, &mut bytes), Ok(0));
        }
        assert_eq!(call(&task, abi, NEITHER, &mut Vec::new()), Ok(0), "no message is looked for either");
        assert_eq!(bytes, before);
    }
}

#[test]
fn a_receive_follows_a_send_that_was_done() {
    for abi in AbiId::ALL {
        let world = World::new();
        let task = world.task("task");
        let (to, from) = (port(&task), port(&task));
        let message = |id| ByHand::to(abi, to, Disposition::MAKE_SEND, id).bytes();
        covers!("mach_msg", "MACH_MSG_SUCCESS");
        covers!("mach_msg", "MACH_RCV_TIMED_OUT");
        covers!("mach_msg", "MACH_RCV_INVALID_NAME");
        // To oneself and back in one call.
        let mut bytes = message(1);
        let size = bytes.len();
        assert_eq!(call(&task, abi, both(to), &mut bytes), Ok(size as u32));
        assert_eq!((id(abi, &bytes), bytes.len()), (1, size + trailer(abi)));
        // Nothing comes, or nothing can: the message was sent all the same.
        assert_eq!(call(&task, abi, both(from), &mut message(2)), Err((MsgReturn::RCV_TIMED_OUT, Left::Sent)));
        let nowhere = both(PortName(0x7777));
        assert_eq!(call(&task, abi, nowhere, &mut message(3)), Err((MsgReturn::RCV_INVALID_NAME, Left::Sent)));
        assert_eq!(waiting(&task, abi, to), [2, 3]);
    }
}

#[test]
fn no_receive_follows_a_send_that_failed() {
    for abi in AbiId::ALL {
        let world = World::new();
        let task = world.task("task");
        let (to, from) = (port(&task), port(&task));
        let message = |to, id| ByHand::to(abi, to, Disposition::MAKE_SEND, id).bytes();
        send(&task, abi, &mut message(from, 9)).unwrap();
        let mut nowhere = message(PortName(0x7777), 1);
        let before = nowhere.clone();
        covers!("mach_msg", "MACH_SEND_INVALID_DEST");
        assert_eq!(call(&task, abi, both(from), &mut nowhere), Err((MsgReturn::SEND_INVALID_DEST, Left::Untouched)));
        assert_eq!(nowhere, before);
        (0..5).for_each(|id| send(&task, abi, &mut message(to, id)).unwrap());
        let mut back = message(to, 7);
        covers!("mach_msg", "MACH_SEND_TIMED_OUT");
        assert_eq!(call(&task, abi, both(from), &mut back), Err((MsgReturn::SEND_TIMED_OUT, Left::TakenBack)));
        // What came back means the same when it is sent again.
        assert_eq!((id(abi, &back), back[0], word(&back, 8)), (7, Disposition::MOVE_SEND.0, to.0));
        assert_eq!(id(abi, &poll(&task, abi, to).unwrap()), 0);
        send(&task, abi, &mut back).unwrap();
        assert_eq!((waiting(&task, abi, to), waiting(&task, abi, from)), (vec![1, 2, 3, 4, 7], vec![9]));
        assert_eq!(type_of(&task, to), 0x2_0000, "the right that came back has gone again");
    }
}

/// A limit of every size, for a message that stays and for one that does not.
#[test]
fn a_message_arrives_whole_or_not_at_all() {
    for abi in AbiId::ALL {
        let world = World::new();
        let task = world.kernel.task("task", abi);
        let (name, reply) = (port(&task), port(&task));
        let send = || {
            let message = ByHand::to(abi, name, Disposition::MAKE_SEND, 5).data(&[7; 12]);
            message.reply_to(reply, Disposition::MAKE_SEND_ONCE).send(&task).unwrap();
        };
        let whole = header(abi) + 12 + trailer(abi);
        let mut numbers = 0;
        for limit in (0..=whole + 4).step_by(4) {
            let receive = |large| {
                let operation = Operation { receive: Some(name), receive_timeout: POLL, large, ..NEITHER };
                let mut bytes = Vec::new();
                let arrived = task.mach_msg(abi, operation, PortName::NULL, &mut bytes, limit);
                (arrived.map(|it| it.size).map_err(|it| it.code), bytes)
            };
            for large in [true, false] {
                send();
                let (arrived, bytes) = receive(large);
                if limit >= whole {
                    assert_eq!((arrived, bytes.len()), (Ok(whole as u32 - trailer(abi) as u32), whole));
                    release(&task, PortName(word(&bytes, 8)), RightKind::SEND_ONCE);
                } else {
                    covers!("mach_msg", "MACH_RCV_TOO_LARGE");
                    assert_eq!(arrived, Err(MsgReturn::RCV_TOO_LARGE), "{abi}, {limit}, {large}");
                    let stays = poll(&task, abi, name);
                    assert_eq!(stays.is_ok(), large, "{abi}, {limit}");
                    if large && limit >= header(abi) {
                        assert_eq!(word(&bytes, 4) as usize, whole, "how much room it needs");
                    }
                    stays.into_iter().for_each(|it| release(&task, PortName(word(&it, 8)), RightKind::SEND_ONCE));
                }
                // In each case the right to answer has gone, once.
                assert_eq!(id(abi, &poll(&task, abi, reply).unwrap()), 71);
                assert!(poll(&task, abi, reply).is_err());
                numbers += 1;
            }
        }
        let number = if trailer(abi) > 0 { None } else { Some(word_of_sequence(&task, abi, name)) };
        assert!(number.is_none_or(|it| it == numbers), "each message has used one number, received or lost");
    }
}

/// The number of the next message, which it takes.
fn word_of_sequence(task: &Task, abi: AbiId, name: PortName) -> u32 {
    ByHand::to(abi, name, Disposition::MAKE_SEND, 0).send(task).unwrap();
    word(&poll(task, abi, name).unwrap(), header(abi) - 8)
}

/// What a sender writes into the header of its size, its number and its flags is not believed.
#[test]
fn the_size_in_the_header_is_the_kernels() {
    for abi in AbiId::ALL {
        let world = World::new();
        let task = world.task("task");
        let name = port(&task);
        for said in [0, 4, 24, 36, 44, 1 << 20, u32::MAX] {
            let mut bytes = ByHand::to(abi, name, Disposition::MAKE_SEND, 5).data(&[1; 16]).bytes();
            bytes[4..8].copy_from_slice(&said.to_le_bytes());
            let whole = bytes.len();
            bytes[header(abi) - 8..header(abi) - 4].fill(0xff);
            send(&task, abi, &mut bytes).unwrap();
            let got = poll(&task, abi, name).unwrap();
            assert_eq!((word(&got, 4) as usize, got.len()), (whole, whole + trailer(abi)), "{abi}, {said}");
            assert!(word(&got, header(abi) - 8) < 7, "{abi}: a number of the kernel's");
        }
    }
}

/// No byte of an earlier message is seen in a later one, in no place that nobody writes.
#[test]
fn nothing_of_other_messages_is_seen() {
    for abi in AbiId::ALL {
        let world = World::new();
        let (task, other) = (world.task("task"), world.task("other"));
        let (name, secret) = (port(&task), port(&other));
        for size in [0, 4, 40, 400] {
            ByHand::to(abi, secret, Disposition::MAKE_SEND, u32::MAX).data(&[0xaa; 1000]).send(&other).unwrap();
            poll(&other, abi, secret).unwrap();
            ByHand::to(abi, name, Disposition::MAKE_SEND, 1).data(&vec![0; size]).send(&task).unwrap();
            let operation = Operation { receive: Some(name), trailer: ALL, ..NEITHER };
            let mut bytes = Vec::new();
            task.mach_msg(abi, operation, PortName::NULL, &mut bytes, 4096).unwrap();
            assert!(!bytes.contains(&0xaa), "{abi}: {bytes:x?}");
        }
    }
}

const ALL: mig_rt::TrailerElements = mig_rt::TrailerElements::AccessControl;

fn client_and_server(world: &World) -> (Task, Task, PortName, PortName) {
    let (client, server) = (world.task("client"), world.task("server"));
    let service = port(&server);
    let to = give(&server, service, &client);
    (client, server, to, service)
}

/// Texts of any length, in line and in memory.
#[test]
fn texts_arrive_as_they_were() {
    for abi in BODIES {
        let world = World::new();
        let (client, server, to, service) = client_and_server(&world);
        let text: Vec<u8> = (0..100_000u32).map(|it| (it * 7 + it / 256) as u8).collect();
        for size in [0, 1, 3, 4, 5, 255, 4095, 4096, 4097, 100_000] {
            let in_line = &text[..size / 4 * 4];
            ByHand::to(abi, to, Disposition::COPY_SEND, 1).data(in_line).send(&client).unwrap();
            let got = poll(&server, abi, service).unwrap();
            assert_eq!(&got[24..24 + in_line.len()], in_line);
            for deallocate in [false, true] {
                let at = if size == 0 { 0 } else { memory(&client, &text[..size]) };
                let item = Item::Memory { at, size: size as u32, deallocate };
                let message = ByHand::to(abi, to, Disposition::COPY_SEND, 2).with([item]);
                message.send(&client).unwrap();
                assert_eq!(client.regions(), usize::from(size > 0 && !deallocate), "{abi}, {size}");
                let got = poll(&server, abi, service).unwrap();
                let there = Address(word(&got, message.places()[0]).into());
                if size == 0 {
                    assert_eq!((there, server.regions()), (Address(0), 0), "nothing is nowhere");
                    continue;
                }
                assert_eq!(server.read(there, size).unwrap(), text[..size], "{abi}, {size}");
                take_away(&server, there, size);
                if !deallocate {
                    take_away(&client, Address(at), size);
                }
            }
        }
        assert_eq!((client.regions(), server.regions()), (0, 0));
    }
}

/// Ends memory of a task.
fn take_away(task: &Task, at: Address, size: usize) {
    // SAFETY: the address came from an item of a message, and is taken over once.
    #[allow(unsafe_code, reason = "addresses as in C")]
    drop(unsafe { mig_rt::Transport::adopt(task, at, size) });
}

/// Memory is what it was when it was sent, whatever becomes of it before somebody receives it, and each receiver's own.
#[test]
fn memory_is_a_copy_of_the_moment() {
    for abi in BODIES {
        let world = World::new();
        let (client, server, to, service) = client_and_server(&world);
        let at = memory(&client, &[1; 8192]);
        let item = Item::Memory { at, size: 8192, deallocate: false };
        let message = ByHand::to(abi, to, Disposition::COPY_SEND, 1).with([item, item]);
        for value in 1..=3 {
            message.send(&client).unwrap();
            client.write(Address(at), &[value + 1; 8192]).unwrap();
        }
        take_away(&client, Address(at), 8192);
        for value in 1..=3 {
            let got = poll(&server, abi, service).unwrap();
            let places = message.places();
            let [one, two] = [0, 1].map(|it| Address(word(&got, places[it]).into()));
            assert!(one != two);
            server.write(one, &[9; 100]).unwrap();
            assert_eq!(server.read(two, 8192).unwrap(), [value; 8192], "{abi}");
            take_away(&server, one, 8192);
            take_away(&server, two, 8192);
        }
    }
}

/// Arrays of rights of any length in memory, empty ones among them, and bodies that say they carry something and do not.
#[test]
fn arrays_of_rights_have_any_length() {
    for abi in BODIES {
        let world = World::new();
        let (client, server, to, service) = client_and_server(&world);
        for count in [0, 1, 2, 300] {
            let ports: Vec<PortName> = (0..count).map(|_| port(&client)).collect();
            let at = if count == 0 { 0 } else { names(&client, &ports) };
            let item = |disposition, deallocate| Item::Rights { at, count: count as u32, disposition, deallocate };
            let message = ByHand::to(abi, to, Disposition::COPY_SEND, 1);
            let message = message.with([item(Disposition::MAKE_SEND, false), item(Disposition::MOVE_RECEIVE, true)]);
            message.send(&client).unwrap();
            assert_eq!(client.regions(), 0);
            let got = poll(&server, abi, service).unwrap();
            let places = message.places();
            if count == 0 {
                assert_eq!([word(&got, places[0]), word(&got, places[1])], [0, 0]);
                continue;
            }
            let [sends, receives] = [0, 1].map(|it| names_at(&server, &got, places[it], count));
            assert_eq!(sends, receives, "a port has one name");
            assert!(sends.iter().all(|it| type_of(&server, *it) == 0x3_0000));
            sends.iter().for_each(|it| {
                release(&server, *it, RightKind::SEND);
                release(&server, *it, RightKind::RECEIVE);
            });
            places.iter().for_each(|it| take_away(&server, Address(word(&got, *it).into()), count * 4));
        }
        let empty = ByHand { complex: true, ..ByHand::to(abi, to, Disposition::COPY_SEND, 1) };
        empty.send(&client).unwrap();
        let got = poll(&server, abi, service).unwrap();
        assert_eq!(got.len(), empty.bytes().len() + trailer(abi));
    }
}

/// Without the bit that says so, a body is data, and names in it are numbers.
#[test]
fn what_is_not_said_to_carry_rights_is_data() {
    for abi in BODIES {
        let world = World::new();
        let (client, server, to, service) = client_and_server(&world);
        let own = port(&client);
        let items = [Item::Right(own, Disposition::MOVE_RECEIVE), Item::Unknown];
        let message = ByHand { complex: false, ..ByHand::to(abi, to, Disposition::COPY_SEND, 1).with(items) };
        message.send(&client).unwrap();
        let got = poll(&server, abi, service).unwrap();
        let sent = message.bytes();
        assert_eq!(got[24..sent.len()], sent[24..]);
        assert_eq!(type_of(&client, own), 0x2_0000);
    }
}

/// Messages at addresses that are none, that end too early, or that begin at the end of everything.
#[test]
fn addresses_of_messages_are_not_believed() {
    for abi in AbiId::ALL {
        let world = World::new();
        let task = world.task("task");
        let name = port(&task);
        let bytes = ByHand::to(abi, name, Disposition::MAKE_SEND, 5).bytes();
        let (size, at) = (bytes.len(), memory(&task, &bytes));
        let near = u64::MAX - size as u64;
        let addresses = [0, 1, at + 4096 - 4, at - 4, at + (1 << 40), near, near + 1, u64::MAX - 3, u64::MAX];
        covers!("mach_msg", "MACH_SEND_INVALID_DATA");
        for from in addresses {
            let sent = task.mach_msg_at(abi, SEND, PortName::NULL, Address(from), (size, 0));
            assert_eq!(sent, Err(Failed { code: MsgReturn::SEND_INVALID_DATA, left: Left::Untouched }), "{from:x}");
        }
        let huge = task.mach_msg_at(abi, SEND, PortName::NULL, Address(at), (usize::MAX - 3, 0));
        assert_eq!(huge.unwrap_err().code, MsgReturn::SEND_INVALID_DATA);
        assert!(waiting(&task, abi, name).is_empty());
        covers!("mach_msg", "MACH_RCV_INVALID_DATA");
        for to in addresses {
            task.mach_msg_at(abi, SEND, PortName::NULL, Address(at), (size, 0)).unwrap();
            let operation = Operation { receive: Some(name), receive_timeout: POLL, ..NEITHER };
            let received = task.mach_msg_at(abi, operation, PortName::NULL, Address(to), (0, usize::MAX));
            assert_eq!(received.unwrap_err().code, MsgReturn::RCV_INVALID_DATA, "{to:x}");
            assert!(waiting(&task, abi, name).is_empty(), "it was destroyed");
        }
        assert_eq!(task.read(Address(at), size).unwrap(), bytes, "nothing was written beside");
        take_away(&task, Address(at), size);
    }
}

/// A receive that was interrupted has taken nothing, and another one gets the message.
#[test]
fn an_interrupted_receive_takes_nothing() {
    for abi in AbiId::ALL {
        let world = World::new();
        let task = world.task("task");
        let name = port(&task);
        let operation = Operation { receive: Some(name), ..NEITHER };
        let waits = task.spawn("waits", move |task| call(&task, abi, operation, &mut Vec::new()));
        waits.abort();
        covers!("mach_msg", "MACH_RCV_INTERRUPTED");
        assert_eq!(waits.join().unwrap(), Err((MsgReturn::RCV_INTERRUPTED, Left::Sent)));
        ByHand::to(abi, name, Disposition::MAKE_SEND, 5).send(&task).unwrap();
        assert_eq!(waiting(&task, abi, name), [5]);
    }
}

/// Thousands of messages with memory leave nothing.
#[test]
fn memory_of_many_messages_is_given_back() {
    for abi in BODIES {
        let world = World::new();
        let (client, server, to, service) = client_and_server(&world);
        for round in 0..1500 {
            let bytes = vec![round as u8; 1 + round * 37 % 9000];
            let item = Item::Memory { at: memory(&client, &bytes), size: bytes.len() as u32, deallocate: true };
            let message = ByHand::to(abi, to, Disposition::COPY_SEND, 1).with([item]);
            message.send(&client).unwrap();
            let got = poll(&server, abi, service).unwrap();
            let there = Address(word(&got, message.places()[0]).into());
            assert_eq!(server.read(there, bytes.len()).unwrap(), bytes);
            take_away(&server, there, bytes.len());
        }
        assert_eq!((client.regions(), server.regions()), (0, 0));
    }
}
