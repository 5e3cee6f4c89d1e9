//! Room in a queue: who asked for it hears of it, on Darwin.

use generated::darwin::notify::MACH_NOTIFY_SEND_POSSIBLE;
use generated::mach3::notify::MACH_NOTIFY_DEAD_NAME;
use mig_rt::{Disposition, Left, MsgOptions, MsgReturn, Operation, PortName, RightKind, Timeout};

use super::by_hand::{ByHand, id, poll, word};
use crate::covers::Outcome;
use crate::ports::{Side, darwin, mach3, right};
use crate::world::{Simple, World, give, port, release, type_of};

const POSSIBLE: u32 = MACH_NOTIFY_SEND_POSSIBLE.0 as u32;
const REQUEST: u32 = 0x8000_0000;
const ROOM: u32 = 0x4000_0000;
const DELAYED: u32 = 0x2000_0000;

/// A port of another task with so many messages in its queue, and a send right to it.
struct Full {
    other: runtime_kernel::Task,
    service: PortName,
    to: PortName,
}

fn full(side: &Side, count: u32) -> Full {
    let other = side.world.kernel.task("other", side.abi);
    let service = port(&other);
    let to = give(&other, service, &side.task);
    (0..count).for_each(|id| ByHand::to(side.abi, to, Disposition::COPY_SEND, id).send(&side.task).unwrap());
    Full { other, service, to }
}

impl Full {
    fn take(&self, side: &Side) {
        poll(&self.other, side.abi, self.service).unwrap();
    }
}

/// Asks to hear of room; whether there was a request before.
fn ask(side: &Side, name: PortName, sync: u32, notify: PortName) -> mig_rt::Result<bool> {
    let made = right(notify, Disposition::MAKE_SEND_ONCE);
    let before = side.mach_port_request_notification(&side.me, name, MACH_NOTIFY_SEND_POSSIBLE, sync, made)?;
    Ok(before.name().is_valid())
}

/// What waits at a port: its number, and the name in it if there is one.
fn told(side: &Side, notify: PortName) -> Option<(u32, u32)> {
    let bytes = poll(&side.task, side.abi, notify).ok()?;
    Some((id(side.abi, &bytes), if bytes.len() > 32 { word(&bytes, 32) } else { 0 }))
}

/// Sends without waiting, and asks to be told if there is no room.
fn try_send(side: &Side, to: PortName) -> Result<(), (MsgReturn, Left)> {
    let mut bytes = ByHand::to(side.abi, to, Disposition::COPY_SEND, 9).bytes();
    let options = MsgOptions::DARWIN_SEND_NOTIFY;
    let operation = Operation { send: true, send_timeout: Some(Timeout(0)), options, ..Operation::default() };
    let sent = side.task.mach_msg(side.abi, operation, PortName::NULL, &mut bytes, 0);
    if sent.is_err() {
        // What came back brought a reference.
        release(&side.task, to, RightKind::SEND);
    }
    sent.map(drop).map_err(|it| (it.code, it.left))
}

const NO_ROOM: Result<(), (MsgReturn, Left)> = Err((MsgReturn::SEND_TIMED_OUT, Left::TakenBack));

/// A message that finds no room is not sent: its sender hears when there is some, once.
#[test]
fn a_send_that_failed_is_followed_by_room() {
    darwin(|side| {
        let (it, notify) = (full(side, 5), side.port());
        assert_eq!(try_send(side, it.to), NO_ROOM, "nobody has asked to hear of it");
        it.take(side);
        ByHand::to(side.abi, it.to, Disposition::COPY_SEND, 1).send(&side.task).unwrap();
        assert_eq!(ask(side, it.to, 0, notify), Ok(false));
        assert_eq!(type_of(&side.task, it.to), 0x1_0000 | REQUEST | ROOM | DELAYED);
        it.take(side);
        assert_eq!(told(side, notify), None, "no send has failed yet");
        assert_eq!(try_send(side, it.to), Ok(()));
        assert_eq!(try_send(side, it.to), NO_ROOM);
        assert_eq!(type_of(&side.task, it.to), 0x1_0000 | REQUEST | ROOM);
        assert_eq!(told(side, notify), None);
        it.take(side);
        assert_eq!(told(side, notify), Some((POSSIBLE, it.to.0)));
        // The request is used up: neither room nor death is told of.
        assert_eq!(type_of(&side.task, it.to), 0x1_0000);
        assert_eq!(try_send(side, it.to), Ok(()));
        assert_eq!(try_send(side, it.to), NO_ROOM);
        it.take(side);
        it.other.terminate();
        assert_eq!(told(side, notify), None);
        assert_eq!(side.mach_port_get_refs(&side.me, it.to, RightKind::DEAD_NAME), Ok(1));
        side.destroy(&[it.to, notify]);
    });
}

/// Who asks with `sync` hears at once if there is room, and else as soon as there is.
#[test]
fn room_can_be_asked_for_at_once() {
    darwin(|side| {
        let (it, notify) = (full(side, 4), side.port());
        assert_eq!(ask(side, it.to, 1, notify), Ok(false));
        assert_eq!(told(side, notify), Some((POSSIBLE, it.to.0)));
        assert_eq!(type_of(&side.task, it.to), 0x1_0000);
        ByHand::to(side.abi, it.to, Disposition::COPY_SEND, 1).send(&side.task).unwrap();
        assert_eq!(ask(side, it.to, 1, notify), Ok(false));
        assert_eq!((told(side, notify), type_of(&side.task, it.to)), (None, 0x1_0000 | REQUEST | ROOM));
        it.take(side);
        assert_eq!(told(side, notify), Some((POSSIBLE, it.to.0)));
        // A larger limit makes room too, and a message through a right to answer needs none.
        ByHand::to(side.abi, it.to, Disposition::COPY_SEND, 1).send(&side.task).unwrap();
        assert_eq!(ask(side, it.to, 1, notify), Ok(false));
        let theirs = it.other.self_port();
        let limit = generated::darwin::mach_port::any::mach_port_set_attributes(side.abi, &theirs, it.service, 1, &[6]);
        assert_eq!((limit, told(side, notify)), (Ok(()), Some((POSSIBLE, it.to.0))));
        let (full, once) = side.once();
        (0..5).for_each(|id| Simple::to(full, Disposition::MAKE_SEND, id).send(&side.task).unwrap());
        assert_eq!(ask(side, once, 1, notify), Ok(false));
        assert_eq!(told(side, notify), Some((POSSIBLE, once.0)));
        side.destroy(&[once, full, it.to, notify]);
    });
}

/// Until it is used the request is one of a dead name, and each takes the other's place.
#[test]
fn a_port_that_dies_gives_no_room() {
    darwin(|side| {
        for sync in [0, 1] {
            let (it, notify, other) = (full(side, 5), side.port(), side.port());
            assert_eq!(ask(side, it.to, sync, notify), Ok(false));
            assert_eq!(ask(side, it.to, sync, notify), Ok(true));
            assert_eq!(told(side, notify).map(|it| it.0), Some(71));
            let made = right(other, Disposition::MAKE_SEND_ONCE);
            let before = side.mach_port_request_notification(&side.me, it.to, MACH_NOTIFY_DEAD_NAME, 0, made);
            drop(before.unwrap());
            assert_eq!(told(side, notify).map(|it| it.0), Some(71));
            assert_eq!(ask(side, it.to, sync, notify), Ok(true));
            assert_eq!(told(side, other).map(|it| it.0), Some(71));
            it.other.terminate();
            assert_eq!(told(side, notify), Some((72, it.to.0)));
            assert_eq!(side.mach_port_get_refs(&side.me, it.to, RightKind::DEAD_NAME), Ok(2));
            // Of a dead name it is the request of a dead name.
            assert_eq!(ask(side, it.to, 0, notify).code(), "KERN_INVALID_ARGUMENT");
            assert_eq!(told(side, notify).map(|it| it.0), Some(71));
            assert_eq!(ask(side, it.to, 1, notify), Ok(false));
            assert_eq!(told(side, notify), Some((72, it.to.0)));
            side.destroy(&[it.to, notify, other]);
        }
    });
}

/// A request follows its name, and a name that goes says so.
#[test]
fn a_request_for_room_follows_its_name() {
    darwin(|side| {
        let (it, notify) = (full(side, 5), side.port());
        assert_eq!(ask(side, it.to, 1, notify), Ok(false));
        side.mach_port_rename(&side.me, it.to, side.none).unwrap();
        it.take(side);
        assert_eq!(told(side, notify), Some((POSSIBLE, side.none.0)));
        assert_eq!(ask(side, side.none, 0, notify), Ok(false));
        side.destroy(&[side.none]);
        assert_eq!(told(side, notify), Some((65, side.none.0)));
        assert_eq!(ask(side, side.none, 0, notify).code(), "KERN_INVALID_NAME");
        assert_eq!(told(side, notify).map(|it| it.0), Some(71));
        side.destroy(&[notify]);
    });
}

/// Mach 3.0 has no such request.
#[test]
fn elsewhere_nobody_asks_for_room() {
    mach3(|side| {
        let (name, notify) = (side.sendable(), side.port());
        assert_eq!(ask(side, name, 0, notify).code(), "KERN_INVALID_VALUE");
        side.destroy(&[name, notify]);
    });
}

/// Room comes while a send fails: it is told of, in whichever order the two happen.
#[test]
fn room_is_not_missed() {
    crate::races::in_many_orders(|world: &World, seed| {
        use generated::darwin::mach_port::darwin_lp64 as mach_port;
        let abi = mig_rt::AbiId::DarwinLp64;
        let (client, server) = (world.kernel.task("client", abi), world.kernel.task("server", abi));
        let service = port(&server);
        let to = give(&server, service, &client);
        (0..5).for_each(|id| ByHand::to(abi, to, Disposition::COPY_SEND, id).send(&client).unwrap());
        let notify = mig_rt::ReceiveRight::new(&client).unwrap();
        let once = notify.make_send_once();
        let before =
            mach_port::mach_port_request_notification(&client.self_port(), to, MACH_NOTIFY_SEND_POSSIBLE, 0, once);
        assert!(!before.unwrap().is_valid());
        let sends = client.spawn("sends", move |task| {
            let mut bytes = ByHand::to(abi, to, Disposition::COPY_SEND, 9).bytes();
            let options = MsgOptions::DARWIN_SEND_NOTIFY;
            let operation = Operation { send: true, send_timeout: Some(Timeout(0)), options, ..Operation::default() };
            task.mach_msg(abi, operation, PortName::NULL, &mut bytes, 0).map_err(|it| it.code)
        });
        let takes = server.spawn("takes", move |task| poll(&task, abi, service).map(drop));
        crate::races::run(world, seed);
        assert_eq!(takes.join().unwrap(), Ok(()));
        let told = poll(&client, abi, notify.name()).map(|it| id(abi, &it));
        match sends.join().unwrap() {
            Ok(_) => assert_eq!(told, Err(MsgReturn::RCV_TIMED_OUT), "seed {seed}"),
            Err(code) => assert_eq!((code, told), (MsgReturn::SEND_TIMED_OUT, Ok(POSSIBLE)), "seed {seed}"),
        }
        usize::from(told.is_ok())
    });
}
