//! Messages that are made to harm: what is refused leaves nothing behind, and what is counted is right afterwards.

use generated::mach3::mach_port::any as mach_port;
use generated::mach3::notify::{MACH_NOTIFY_DEAD_NAME, MACH_NOTIFY_NO_SENDERS};
use mig_rt::{AbiId, Disposition, KernReturn, MsgReturn, PortName, RightKind, SendRight};
use runtime_kernel::Task;

use super::by_hand::{BODIES, ByHand, Item, header, id, memory, names, poll, send, trailer, word};
use crate::covers::Outcome;
use crate::ports::{Side, each, right};
use crate::world::{World, give, port, release, type_of};

const TYPED: AbiId = AbiId::GnumachI386;

/// One of everything that a body can carry, and how to see that it is gone.
struct Goods {
    items: Vec<Item>,
    /// Receives what comes of a right to answer that nobody used.
    answer: PortName,
    /// A port that moves, and a send right to it that stays.
    moved: PortName,
    /// A port whose send rights are counted.
    counted: PortName,
}

fn goods(task: &Task) -> Goods {
    let me = task.self_port();
    let [answer, moved, counted] = [(); 3].map(|()| port(task));
    let once = mach_port::mach_port_extract_right(TYPED, &me, answer, Disposition::MAKE_SEND_ONCE).unwrap();
    give(task, moved, task);
    let at = names(task, &[counted; 4]);
    let items = vec![
        Item::Right(once.into_raw(), Disposition::MOVE_SEND_ONCE),
        Item::Memory { at: memory(task, &[1; 5000]), size: 5000, deallocate: true },
        Item::Right(moved, Disposition::MOVE_RECEIVE),
        Item::Rights { at, count: 4, disposition: Disposition::MAKE_SEND, deallocate: true },
        Item::Right(counted, Disposition::MAKE_SEND),
    ];
    Goods { items, answer, moved, counted }
}

fn has_senders(task: &Task, name: PortName) -> bool {
    mach_port::mach_port_get_receive_status(TYPED, &task.self_port(), name).unwrap().mps_srights
}

/// A bad item in each place, bad in each way: those before it are released, those behind it are not touched.
#[test]
fn a_bad_item_takes_down_what_stands_before_it() {
    let nothing = PortName(0x7777);
    let bad = [
        (Item::Right(nothing, Disposition::COPY_SEND), MsgReturn::SEND_INVALID_RIGHT),
        (Item::Right(nothing, Disposition(77)), MsgReturn::SEND_INVALID_TYPE),
        (Item::Unknown, MsgReturn::SEND_INVALID_TYPE),
        (Item::Memory { at: 0x6666_0000, size: 9, deallocate: true }, MsgReturn::SEND_INVALID_MEMORY),
        (rights_at(0x6666_0000, 3), MsgReturn::SEND_INVALID_MEMORY),
        (rights_at(0x6666_0000, u32::MAX), MsgReturn::SEND_INVALID_MEMORY),
    ];
    for abi in BODIES {
        for (number, (item, code)) in bad.iter().enumerate() {
            if abi == TYPED && number == 1 {
                // Among types a disposition that is none is a type of data.
                continue;
            }
            for place in 0..=5 {
                let world = World::new();
                let (client, server) = (world.task("client"), world.task("server"));
                let to = give(&server, port(&server), &client);
                let mut it = goods(&client);
                it.items.insert(place, *item);
                let message = ByHand::to(abi, to, Disposition::COPY_SEND, 1).with(it.items.iter().copied());
                covers!("mach_msg", "MACH_SEND_INVALID_RIGHT");
                covers!("mach_msg", "MACH_SEND_INVALID_TYPE");
                covers!("mach_msg", "MACH_SEND_INVALID_MEMORY");
                assert_eq!(message.code(&client), Err(*code), "{abi}, {item:?} at {place}");
                let what = format!("{abi}, {item:?} at {place}");
                assert_eq!(poll(&client, TYPED, it.answer).map(|it| id(TYPED, &it)).ok(), (place > 0).then_some(71));
                assert_eq!(client.regions(), [2, 2, 1, 1, 0, 0][place], "{what}");
                let left = if place > 2 { 0x10_0000 } else { 0x3_0000 };
                assert_eq!(type_of(&client, it.moved), left, "{what}");
                assert!(!has_senders(&client, it.counted), "{what}");
                assert_eq!(world.kernel.check(), Ok(()), "{what}");
            }
        }
    }
}

fn rights_at(at: u64, count: u32) -> Item {
    Item::Rights { at, count, disposition: Disposition::MAKE_SEND, deallocate: true }
}

/// A body that ends in the middle, wherever that is.
#[test]
fn a_body_that_ends_too_early_is_refused() {
    for abi in BODIES {
        let world = World::new();
        let (client, server) = (world.task("client"), world.task("server"));
        let service = port(&server);
        let to = give(&server, service, &client);
        let counted = port(&client);
        let items = [Item::Right(counted, Disposition::MAKE_SEND); 3];
        let whole = ByHand::to(abi, to, Disposition::COPY_SEND, 1).with(items).bytes();
        for end in (24..whole.len()).step_by(4) {
            let sent = send(&client, abi, &mut whole[..end].to_vec()).map_err(|it| it.code);
            // Items have no number among types, so that a message may end behind each of them.
            let complete = abi == TYPED && (end - 24).is_multiple_of(8);
            assert_eq!(sent.is_ok(), complete, "{abi}, {end}");
            if complete {
                let got = poll(&server, abi, service).unwrap();
                (24..end).step_by(8).for_each(|it| {
                    release(&server, PortName(word(&got, it + 4)), RightKind::SEND);
                });
            } else {
                covers!("mach_msg", "MACH_SEND_MSG_TOO_SMALL");
                assert_eq!(sent, Err(MsgReturn::SEND_MSG_TOO_SMALL));
            }
            assert!(!has_senders(&client, counted), "{abi}, {end}");
        }
    }
}

/// A call that fails has taken what it was given, and released it once.
#[test]
fn a_call_that_fails_releases_what_it_was_given_once() {
    each(|side| {
        let (me, name, told) = (&side.me, side.port(), side.port());
        let watch = || {
            let made = right(told, Disposition::MAKE_SEND_ONCE);
            let id = MACH_NOTIFY_NO_SENDERS;
            drop(side.mach_port_request_notification(me, name, id, u32::MAX, made).unwrap());
        };
        let taken = |code: String, wanted: &str| {
            assert_eq!((code.as_str(), side.told(told)), (wanted, Ok(70)));
            assert!(side.told(told).is_err(), "once");
        };
        let made = || right(name, Disposition::MAKE_SEND);
        let used = side.port();
        watch();
        taken(side.mach_port_insert_right(me, PortName::NULL, made()).code(), "KERN_INVALID_VALUE");
        watch();
        taken(side.mach_port_insert_right(me, side.none, made()).code(), "KERN_RIGHT_EXISTS");
        watch();
        taken(side.mach_port_insert_right(&side.host, side.none, made()).code(), "KERN_INVALID_TASK");
        let (other, at_other) = side.other();
        let taken_there = port(&other);
        watch();
        taken(side.mach_port_insert_right(&at_other, taken_there, made()).code(), "KERN_NAME_EXISTS");
        // A right to answer that no request came to own answers.
        for (at, id, code) in [
            (side.none, MACH_NOTIFY_DEAD_NAME, "KERN_INVALID_NAME"),
            (me.name(), MACH_NOTIFY_NO_SENDERS, "KERN_INVALID_RIGHT"),
            (name, mig_rt::MsgId(64), "KERN_INVALID_VALUE"),
        ] {
            let made = right(told, Disposition::MAKE_SEND_ONCE);
            let refused = side.mach_port_request_notification(me, at, id, 0, made);
            assert_eq!((refused.map(drop).code().as_str(), side.told(told)), (code, Ok(71)));
            assert!(side.told(told).is_err(), "once");
        }
        side.destroy(&[used, name, told]);
    });
}

/// A call that succeeds keeps one right, however often it is made.
#[test]
fn a_call_that_is_made_again_keeps_one_right() {
    each(|side| {
        let (me, name, notify) = (&side.me, side.sendable(), side.port());
        for _ in 0..100 {
            let made = right(notify, Disposition::MAKE_SEND_ONCE);
            let before = side.mach_port_request_notification(me, name, MACH_NOTIFY_DEAD_NAME, 0, made).unwrap();
            let was = before.name().is_valid();
            drop(before);
            assert_eq!(side.told(notify).ok(), was.then_some(71));
        }
        let own = |task: &SendRight<Task>| send_special(side, task, name);
        (0..100).for_each(|_| own(me));
        send_special(side, me, PortName::NULL);
        side.mach_port_deallocate(me, name).unwrap();
        let made = right(notify, Disposition::MAKE_SEND_ONCE);
        drop(side.mach_port_request_notification(me, name, MACH_NOTIFY_NO_SENDERS, 0, made).unwrap());
        assert_eq!(side.told(notify), Ok(70), "nobody has a right left");
        side.destroy(&[name, notify]);
    });
}

/// Sets the bootstrap port of a task.
fn send_special(side: &Side, task: &SendRight<Task>, name: PortName) {
    // SAFETY: the name is lent for the call, and given back.
    #[allow(unsafe_code, reason = "names as in C")]
    let port = unsafe { SendRight::from_raw(name, side.task.clone()) };
    if side.is_typed() {
        generated::mach3::mach::any::task_set_special_port(side.abi, task, 4, &port).unwrap();
    } else {
        generated::darwin::task::any::task_set_special_port(side.abi, task, 4, &port).unwrap();
    }
    let _ = port.into_raw();
}

/// Counts of an array that do not agree: in the descriptor, in the data, and in what there is.
#[test]
fn counts_that_disagree_are_refused() {
    let routine = 3403;
    for abi in [AbiId::DarwinLp64, AbiId::DarwinIlp32] {
        let world = World::new();
        let task = world.kernel.task("task", abi);
        let (own, reply) = (port(&task), port(&task));
        let me = task.self_port();
        let ndr = [0, 0, 0, 0, 1, 0, 0, 0];
        for (count, said) in [(1u32, 0u32), (1, 2), (0, 1), (2, 3), (3, u32::MAX), (4, 4), (300, 300), (1, 0x4000_0001)]
        {
            let at = if count == 0 { 0 } else { names(&task, &vec![own; count as usize]) };
            let item = Item::Rights { at, count, disposition: Disposition::MAKE_SEND, deallocate: true };
            let request = ByHand::to(abi, me.name(), Disposition::COPY_SEND, routine).with([item]);
            let request = request.reply_to(reply, Disposition::MAKE_SEND_ONCE).data(&ndr).data(&said.to_le_bytes());
            request.send(&task).unwrap();
            let got = poll(&task, abi, reply).unwrap();
            assert_eq!(id(abi, &got), routine + 100);
            let code = KernReturn::new(word(&got, 32) as i32).unwrap();
            // As many as were said are too many ports for a task to keep.
            let wanted = if count == said { KernReturn::INVALID_ARGUMENT } else { KernReturn::MIG_TYPE_ERROR };
            assert_eq!(code, wanted, "{count}, {said}");
            assert!(!has_senders(&task, own), "{count}, {said}");
            assert_eq!(task.regions(), 0);
        }
    }
}

/// What the header says of a request's size is not believed by the kernel's own servers either.
#[test]
fn requests_are_as_long_as_they_are() {
    for abi in AbiId::ALL {
        let world = World::new();
        let task = world.kernel.task("task", abi);
        let reply = port(&task);
        let me = task.self_port();
        // `mach_port_names`, which has no argument.
        let request = ByHand::to(abi, me.name(), Disposition::COPY_SEND, 3200);
        let request = request.reply_to(reply, Disposition::MAKE_SEND_ONCE);
        let mut shortest = None;
        for size in (0..64).step_by(4) {
            for said in [0, 24, 32, 40, u32::MAX] {
                let mut bytes = request.clone().data(&vec![0; size]).bytes();
                bytes[4..8].copy_from_slice(&said.to_le_bytes());
                send(&task, abi, &mut bytes).unwrap();
                let got = poll(&task, abi, reply).unwrap();
                let refused = got.len() - trailer(abi) - header(abi) <= 16;
                assert_eq!(refused, size > 0, "{abi}: {size}, {said}");
                shortest = shortest.or((!refused).then_some(size));
            }
        }
        assert_eq!(shortest, Some(0));
        // With it goes the memory that the names were in.
        task.terminate();
    }
}
