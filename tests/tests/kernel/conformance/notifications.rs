//! Notifications: when each comes, what it says, and what it leaves.

use generated::mach3::notify::{MACH_NOTIFY_DEAD_NAME, MACH_NOTIFY_NO_SENDERS, MACH_NOTIFY_PORT_DESTROYED};
use mig_rt::{AbiId, Disposition, MsgId, PortName, RightKind};

use super::by_hand::{ByHand, is_untyped};
use crate::ports::{Side, each, right};
use crate::world::{Simple, give, poll, port, release};

const RECEIVE: RightKind = RightKind::RECEIVE;

/// Asks to be told at a port; there was no such request before.
fn ask(side: &Side, name: PortName, id: MsgId, sync: u32, notify: PortName) {
    let made = right(notify, Disposition::MAKE_SEND_ONCE);
    let before = side.mach_port_request_notification(&side.me, name, id, sync, made).unwrap();
    assert_eq!(before.name(), PortName::NULL);
}

/// The one notification that waits: its number, and the word or name in it.
fn told(side: &Side, notify: PortName) -> Option<(u32, u32)> {
    let (bytes, id) = side.message(notify).ok()?;
    let at = match side.abi {
        AbiId::GnumachX8664 => 40,
        AbiId::GnumachX8664v2022 => 36,
        _ if is_untyped(side.abi) && id != 69 => 32,
        _ => 28,
    };
    assert!(side.message(notify).is_err(), "one is enough");
    Some((id, bytes.get(at..at + 4).map_or(0, |it| u32::from_le_bytes(it.try_into().unwrap()))))
}

/// Rights that were made before a request and are still on their way are waited for, if the count says so.
#[test]
fn rights_on_their_way_keep_no_senders_waiting() {
    each(|side| {
        let (name, notify) = (side.port(), side.port());
        let other = side.world.task("other");
        let service = port(&other);
        let to = give(&other, service, &side.task);
        let make = |id| {
            let it = Simple::to(to, Disposition::COPY_SEND, id).carrying(name, Disposition::MAKE_SEND);
            it.send(&side.task).unwrap();
        };
        let take = || PortName(poll(&other, service).unwrap().body()[1]);
        make(1);
        ask(side, name, MACH_NOTIFY_NO_SENDERS, 1, notify);
        let first = take();
        assert_eq!(told(side, notify), None);
        release(&other, first, RightKind::SEND);
        // While the server is told of one, it has made the next.
        make(2);
        assert_eq!(told(side, notify), Some((70, 1)));
        ask(side, name, MACH_NOTIFY_NO_SENDERS, 2, notify);
        assert_eq!(told(side, notify), None, "the second is on its way");
        let second = take();
        release(&other, second, RightKind::SEND);
        assert_eq!(told(side, notify), Some((70, 2)));
        // It has come and gone before anybody asks.
        make(3);
        let third = take();
        release(&other, third, RightKind::SEND);
        ask(side, name, MACH_NOTIFY_NO_SENDERS, 3, notify);
        assert_eq!(told(side, notify), Some((70, 3)));
        side.destroy(&[name, notify, to]);
    });
}

/// Copies are not made by the receiver: they do not count, and keep the port as long as they live.
#[test]
fn copies_are_senders_that_nobody_made() {
    each(|side| {
        let (name, notify) = (side.port(), side.port());
        let (one, two) = (side.world.task("one"), side.world.task("two"));
        let at_one = give(&side.task, name, &one);
        let service = port(&two);
        let to_two = give(&two, service, &one);
        ask(side, name, MACH_NOTIFY_NO_SENDERS, 0, notify);
        Simple::to(to_two, Disposition::COPY_SEND, 1).carrying(at_one, Disposition::COPY_SEND).send(&one).unwrap();
        release(&one, at_one, RightKind::SEND);
        assert_eq!(told(side, notify), None);
        two.terminate();
        assert_eq!(told(side, notify), Some((70, 1)), "the copy went with the message that it was in");
        side.destroy(&[name, notify]);
    });
}

/// What is told when a name that is watched loses its right, by the kind of right and how it goes.
#[test]
fn a_watched_name_tells_how_it_ends() {
    each(|side| {
        let me = &side.me;
        let notify = side.port();
        let watch = |name| ask(side, name, MACH_NOTIFY_DEAD_NAME, 0, notify);
        let dead = |name| side.mach_port_get_refs(me, name, RightKind::DEAD_NAME);
        // A receive right that goes frees its name; with a send right beside it the name stays, and is dead.
        let name = side.port();
        watch(name);
        side.mach_port_mod_refs(me, name, RECEIVE, -1).unwrap();
        assert_eq!(told(side, notify), Some((65, name.0)));
        let name = side.sendable();
        watch(name);
        side.mach_port_mod_refs(me, name, RECEIVE, -1).unwrap();
        assert_eq!((told(side, notify), dead(name)), (Some((72, name.0)), Ok(2)));
        side.destroy(&[name]);
        // Of both rights either can go, and the name is still in use.
        let name = side.sendable();
        watch(name);
        side.mach_port_deallocate(me, name).unwrap();
        assert_eq!(told(side, notify), None);
        side.destroy(&[name]);
        assert_eq!(told(side, notify), Some((65, name.0)));
        // A send right: not with one reference of two, and not with a copy.
        let (_other, it) = side.other();
        let name = it.into_raw();
        side.mach_port_mod_refs(me, name, RightKind::SEND, 1).unwrap();
        watch(name);
        side.mach_port_deallocate(me, name).unwrap();
        assert_eq!(told(side, notify), None);
        side.mach_port_deallocate(me, name).unwrap();
        assert_eq!(told(side, notify), Some((65, name.0)));
        side.destroy(&[notify]);
    });
}

#[test]
fn a_watched_right_to_answer_tells_how_it_ends() {
    each(|side| {
        let me = &side.me;
        let notify = side.port();
        let watch = |name| ask(side, name, MACH_NOTIFY_DEAD_NAME, 0, notify);
        let (port, once) = side.once();
        watch(once);
        Simple::to(once, Disposition::MOVE_SEND_ONCE, 5).send(&side.task).unwrap();
        assert_eq!((told(side, notify), side.told(port)), (Some((65, once.0)), Ok(5)));
        side.destroy(&[port]);
        let (port, once) = side.once();
        watch(once);
        side.destroy(&[port]);
        assert_eq!(told(side, notify), Some((72, once.0)));
        assert_eq!(side.mach_port_get_refs(me, once, RightKind::DEAD_NAME), Ok(2));
        side.destroy(&[once, notify]);
    });
}

/// Two tasks and two names of one port: each is told of its own.
#[test]
fn everybody_is_told_of_their_own_name() {
    each(|side| {
        let (name, notify, other) = (side.port(), side.port(), side.port());
        let once = side.mach_port_extract_right(&side.me, name, Disposition::MAKE_SEND_ONCE).unwrap().into_raw();
        side.mach_port_insert_right(&side.me, name, right(name, Disposition::MAKE_SEND)).unwrap();
        ask(side, name, MACH_NOTIFY_DEAD_NAME, 0, notify);
        ask(side, once, MACH_NOTIFY_DEAD_NAME, 0, other);
        side.mach_port_mod_refs(&side.me, name, RECEIVE, -1).unwrap();
        assert_eq!((told(side, notify), told(side, other)), (Some((72, name.0)), Some((72, once.0))));
        side.destroy(&[name, once, notify, other]);
    });
}

/// A queue that is full, or that takes nothing, takes what the kernel tells.
#[test]
fn notifications_do_not_wait_for_room() {
    each(|side| {
        let (name, notify) = (side.port(), side.port());
        (0..5).for_each(|id| Simple::to(notify, Disposition::MAKE_SEND, id).send(&side.task).unwrap());
        ask(side, name, MACH_NOTIFY_DEAD_NAME, 0, notify);
        side.destroy(&[name]);
        assert_eq!(side.waiting(notify), 6);
        let heard: Vec<u32> = std::iter::from_fn(|| side.told(notify).ok()).collect();
        assert_eq!(heard, [0, 1, 2, 3, 4, 65]);
        side.destroy(&[notify]);
    });
}

/// Nobody to tell, and nothing that is told instead.
#[test]
fn a_notification_to_a_dead_port_is_lost() {
    each(|side| {
        for id in [MACH_NOTIFY_DEAD_NAME, MACH_NOTIFY_NO_SENDERS, MACH_NOTIFY_PORT_DESTROYED] {
            let (name, notify) = (side.sendable(), side.port());
            ask(side, name, id, 0, notify);
            side.destroy(&[notify, name]);
            assert!(side.mach_port_type(&side.me, name).is_err());
        }
    });
}

/// With the port its requests end: who waited for its last sender hears of a right that nobody used.
#[test]
fn a_port_that_dies_ends_its_requests() {
    each(|side| {
        let (name, notify) = (side.sendable(), side.port());
        ask(side, name, MACH_NOTIFY_NO_SENDERS, 0, notify);
        side.mach_port_mod_refs(&side.me, name, RECEIVE, -1).unwrap();
        assert_eq!(told(side, notify).map(|it| it.0), Some(71));
        side.destroy(&[name, notify]);
    });
}

/// A receive right survives its task, a message that is destroyed, and its holder's change of mind; with its queue and
/// its limit, and with the request for the last sender.
#[test]
fn a_receive_right_comes_back() {
    each(|side| {
        let (me, notify, hidden) = (&side.me, side.port(), side.port());
        let (other, at_other) = side.other();
        let name = side.sendable();
        ask(side, name, MACH_NOTIFY_NO_SENDERS, 0, hidden);
        Simple::to(name, Disposition::COPY_SEND, 9).send(&side.task).unwrap();
        ask(side, name, MACH_NOTIFY_PORT_DESTROYED, 0, notify);
        side.mach_port_insert_right(&at_other, PortName(0x00f0_0301), right(name, Disposition::MOVE_RECEIVE)).unwrap();
        drop(at_other);
        other.terminate();
        assert_eq!(side.mach_port_type(me, name), Ok(0x1_0000));
        assert_eq!(told(side, notify), Some((69, name.0)), "it joins the send right that stayed");
        assert_eq!((side.mach_port_type(me, name), side.waiting(name)), (Ok(0x3_0000), 1));
        // The request was for once.
        ask(side, name, MACH_NOTIFY_PORT_DESTROYED, 0, notify);
        let carrier = side.port();
        let message = ByHand::to(side.abi, carrier, Disposition::MAKE_SEND, 1);
        if super::by_hand::BODIES.contains(&side.abi) {
            let it = super::by_hand::Item::Right(name, Disposition::MOVE_RECEIVE);
            message.with([it]).send(&side.task).unwrap();
            side.destroy(&[carrier]);
            assert_eq!(told(side, notify), Some((69, name.0)));
        } else {
            side.destroy(&[carrier]);
        }
        assert_eq!((side.told(name), told(side, hidden)), (Ok(9), None));
        side.mach_port_deallocate(me, name).unwrap();
        assert_eq!(told(side, hidden), Some((70, 0)), "the count began anew when the right moved");
        side.destroy(&[name, hidden]);
        side.destroy(&[notify]);
    });
}

/// A port that is to be sent to itself would never be received: it dies, and so does who would have been told.
#[test]
fn a_receive_right_does_not_come_back_in_itself() {
    each(|side| {
        let name = side.sendable();
        ask(side, name, MACH_NOTIFY_PORT_DESTROYED, 0, name);
        side.mach_port_mod_refs(&side.me, name, RECEIVE, -1).unwrap();
        assert_eq!(side.mach_port_type(&side.me, name), Ok(0x10_0000));
        side.destroy(&[name]);
        // The same by way of another port, which is in the queue of the first.
        let (one, two) = (side.port(), side.port());
        ask(side, one, MACH_NOTIFY_PORT_DESTROYED, 0, two);
        Simple::to(one, Disposition::MAKE_SEND, 1).carrying(two, Disposition::MOVE_RECEIVE).send(&side.task).unwrap();
        side.mach_port_mod_refs(&side.me, one, RECEIVE, -1).unwrap();
        assert!(side.mach_port_type(&side.me, one).is_err() && side.mach_port_type(&side.me, two).is_err());
    });
}

/// What only the kernel says is not believed by the kernel: a task's port takes no notifications.
#[test]
fn the_kernel_believes_no_notification() {
    each(|side| {
        let (name, reply) = (side.sendable(), side.port());
        let before = side.task.rights();
        for id in 64..80 {
            let request = ByHand::to(side.abi, side.me.name(), Disposition::COPY_SEND, id);
            let request = request.reply_to(reply, Disposition::MAKE_SEND_ONCE).data(&[0; 8]);
            request.send(&side.task).unwrap();
            assert_eq!(side.told(reply), Ok(id + 100));
        }
        assert_eq!(side.task.rights(), before);
        side.destroy(&[name, reply]);
    });
}
