//! Rights put into a task, taken out of it, and watched.

use generated::mach3::notify::{MACH_NOTIFY_DEAD_NAME, MACH_NOTIFY_NO_SENDERS, MACH_NOTIFY_PORT_DESTROYED};
use mig_rt::{Disposition, MsgId, Outbound, PortName, RightKind};
use runtime_kernel::{Resource, Task};

use super::{Side, each, right};
use crate::covers::Outcome;

#[test]
fn insert_right() {
    each(|side| {
        let (me, name) = (&side.me, side.port());
        let insert = |name, it| side.mach_port_insert_right(me, name, it);
        let made = || right(name, Disposition::MAKE_SEND);
        covers!("mach_port_insert_right", "KERN_SUCCESS", insert(name, made()));
        covers!("mach_port_insert_right", "KERN_SUCCESS", insert(name, made()));
        assert_eq!(side.mach_port_get_refs(me, name, RightKind::SEND), Ok(2));
        covers!("mach_port_insert_right", "KERN_RIGHT_EXISTS", insert(side.none, made()));
        let once = || right(name, Disposition::MAKE_SEND_ONCE);
        covers!("mach_port_insert_right", "KERN_SUCCESS", insert(side.none, once()));
        covers!("mach_port_insert_right", "KERN_NAME_EXISTS", insert(side.none, once()));
        covers!("mach_port_insert_right", "KERN_NAME_EXISTS", insert(name, once()));
        for bad in [PortName::NULL, PortName::DEAD] {
            covers!("mach_port_insert_right", "KERN_INVALID_VALUE", insert(bad, made()));
        }
        let elsewhere = side.mach_port_insert_right(&side.host, name, made());
        covers!("mach_port_insert_right", "KERN_INVALID_TASK", elsewhere);
        let null = right(PortName::NULL, Disposition::COPY_SEND);
        covers!("mach_port_insert_right", "KERN_INVALID_CAPABILITY", insert(name, null));
        let dead = side.dead();
        let died = right(dead, Disposition::COPY_SEND);
        covers!("mach_port_insert_right", "KERN_INVALID_CAPABILITY", insert(name, died));
        side.mach_port_mod_refs(me, name, RightKind::SEND, 65532).unwrap();
        covers!("mach_port_insert_right", "KERN_UREFS_OVERFLOW", insert(name, made()));
        side.destroy(&[side.none, dead, name]);
    });
}

/// What the names of a request are not is found by the kernel before the call is.
#[test]
fn a_right_that_a_task_has_not_got_is_not_sent() {
    each(|side| {
        let insert = |it| side.mach_port_insert_right(&side.me, side.none, it);
        assert_eq!(insert(right(side.none, Disposition::COPY_SEND)).code(), "MACH_SEND_INVALID_RIGHT");
        let name = side.port();
        assert_eq!(insert(right(name, Disposition::MOVE_SEND)).code(), "MACH_SEND_INVALID_RIGHT");
        side.destroy(&[name]);
    });
}

#[test]
fn insert_right_needs_room() {
    each(|side| {
        let (name, (other, port)) = (side.sendable(), side.other());
        let insert = || side.mach_port_insert_right(&port, side.none, right(name, Disposition::COPY_SEND));
        // The request is taken in and the reply given out without new names; the right needs one.
        covers!("mach_port_insert_right", "KERN_RESOURCE_SHORTAGE", side.without(Resource::Objects, insert));
        covers!("mach_port_insert_right", "KERN_SUCCESS", insert());
        assert!(other.rights().contains(&(side.none, 0x1_0000)));
        side.destroy(&[name]);
    });
}

#[test]
fn a_receive_right_that_is_inserted_begins_anew() {
    each(|side| {
        let (name, (other, port)) = (side.port(), side.other());
        side.mach_port_set_mscount(&side.me, name, 7).unwrap();
        side.mach_port_set_seqno(&side.me, name, 9).unwrap();
        side.mach_port_insert_right(&port, side.none, right(name, Disposition::MOVE_RECEIVE)).unwrap();
        assert!(other.rights().contains(&(side.none, 0x2_0000)));
        let back = side.mach_port_extract_right(&port, side.none, Disposition::MOVE_RECEIVE).unwrap().into_raw();
        let counts = side.counts(back);
        assert_eq!((counts.made, counts.sequence), (0, 0));
        side.destroy(&[back]);
    });
}

#[test]
fn extract_right() {
    each(|side| {
        let (me, name, dead) = (&side.me, side.sendable(), side.dead());
        let extract = |name, how| side.mach_port_extract_right(me, name, how);
        for how in [Disposition::COPY_SEND, Disposition::MAKE_SEND, Disposition::MAKE_SEND_ONCE] {
            let got = covers!("mach_port_extract_right", "KERN_SUCCESS", extract(name, how)).unwrap();
            let bits = if how == Disposition::MAKE_SEND_ONCE { 0x4_0000 } else { 0x3_0000 };
            assert_eq!(side.mach_port_type(me, got.name()), Ok(bits));
        }
        for how in [Disposition::COPY_SEND, Disposition::MOVE_SEND] {
            side.mach_port_mod_refs(me, dead, RightKind::DEAD_NAME, 1).unwrap();
            let got = covers!("mach_port_extract_right", "KERN_SUCCESS", extract(dead, how)).unwrap();
            assert_eq!(got.name(), PortName::DEAD);
        }
        assert_eq!(side.mach_port_get_refs(me, dead, RightKind::DEAD_NAME), Ok(2));
        for how in [Disposition::MOVE_RECEIVE, Disposition::MAKE_SEND] {
            covers!("mach_port_extract_right", "KERN_INVALID_RIGHT", extract(dead, how));
        }
        covers!("mach_port_extract_right", "KERN_INVALID_RIGHT", extract(name, Disposition::MOVE_SEND_ONCE));
        let set = side.set();
        covers!("mach_port_extract_right", "KERN_INVALID_RIGHT", extract(set, Disposition::COPY_SEND));
        for how in [Disposition(15), Disposition(22), Disposition::NONE] {
            covers!("mach_port_extract_right", "KERN_INVALID_VALUE", extract(side.none, how));
        }
        covers!("mach_port_extract_right", "KERN_INVALID_NAME", extract(side.none, Disposition::COPY_SEND));
        let elsewhere = side.mach_port_extract_right(&side.host, name, Disposition::COPY_SEND);
        covers!("mach_port_extract_right", "KERN_INVALID_TASK", elsewhere);
        side.destroy(&[name, dead, set]);
    });
}

/// Requests that are made in one name, and what each kind says to a notify right that is none.
fn request(side: &Side, name: PortName, id: MsgId, sync: u32, notify: Outbound<'_, Task>) -> mig_rt::Result<PortName> {
    side.mach_port_request_notification(&side.me, name, id, sync, notify).map(|it| it.into_raw())
}

const IDS: [MsgId; 3] = [MACH_NOTIFY_PORT_DESTROYED, MACH_NOTIFY_NO_SENDERS, MACH_NOTIFY_DEAD_NAME];

#[test]
fn request_notification() {
    each(|side| {
        let (me, name, notify) = (&side.me, side.sendable(), side.port());
        let made = || right(notify, Disposition::MAKE_SEND_ONCE);
        let cancelled = || right(PortName::NULL, Disposition::MAKE_SEND_ONCE);
        for id in IDS {
            let ask = |it| request(side, name, id, 0, it);
            let before = covers!("mach_port_request_notification", "KERN_SUCCESS", ask(made()));
            assert_eq!(before, Some(PortName::NULL));
            // The one that was armed comes back, and null cancels.
            for it in [made(), cancelled()] {
                let before = covers!("mach_port_request_notification", "KERN_SUCCESS", ask(it)).unwrap();
                assert_eq!(side.mach_port_type(me, before), Ok(0x4_0000));
                side.mach_port_deallocate(me, before).unwrap();
                assert_eq!(side.told(notify), Ok(71));
            }
        }
        assert_eq!(side.mach_port_type(me, name), Ok(0x3_0000));
        side.destroy(&[name, notify]);
    });
}

#[test]
fn request_notification_refuses() {
    each(|side| {
        let (me, name, notify, dead) = (&side.me, side.sendable(), side.port(), side.dead());
        let made = || right(notify, Disposition::MAKE_SEND_ONCE);
        for id in IDS {
            let ask = |name, it| request(side, name, id, 0, it);
            let elsewhere = side.mach_port_request_notification(&side.host, name, id, 0, made());
            covers!("mach_port_request_notification", "KERN_INVALID_TASK", elsewhere);
            covers!("mach_port_request_notification", "KERN_INVALID_NAME", ask(side.none, made()));
            let died = right(dead, Disposition::MOVE_SEND_ONCE);
            side.mach_port_mod_refs(me, dead, RightKind::DEAD_NAME, 1).unwrap();
            covers!("mach_port_request_notification", "KERN_INVALID_CAPABILITY", ask(name, died));
            let short = side.without(Resource::Objects, || ask(name, made()));
            covers!("mach_port_request_notification", "KERN_RESOURCE_SHORTAGE", short);
        }
        for id in [MACH_NOTIFY_PORT_DESTROYED, MACH_NOTIFY_NO_SENDERS] {
            covers!("mach_port_request_notification", "KERN_INVALID_RIGHT", request(side, me.name(), id, 0, made()));
        }
        let set = side.set();
        let of_set = request(side, set, MACH_NOTIFY_DEAD_NAME, 0, made());
        covers!("mach_port_request_notification", "KERN_INVALID_RIGHT", of_set);
        let counted = request(side, name, MACH_NOTIFY_PORT_DESTROYED, 1, made());
        covers!("mach_port_request_notification", "KERN_INVALID_VALUE", counted);
        for id in [64, 65, 71, 73, -1] {
            covers!("mach_port_request_notification", "KERN_INVALID_VALUE", request(side, name, MsgId(id), 0, made()));
        }
        side.destroy(&[name, notify, dead, set]);
    });
}

#[test]
fn a_dead_name_can_be_asked_about_afterwards() {
    each(|side| {
        let (me, dead, notify) = (&side.me, side.dead(), side.port());
        let made = || right(notify, Disposition::MAKE_SEND_ONCE);
        let ask = |sync, it| request(side, dead, MACH_NOTIFY_DEAD_NAME, sync, it);
        covers!("mach_port_request_notification", "KERN_INVALID_ARGUMENT", ask(0, made()));
        let null = right(PortName::NULL, Disposition::MAKE_SEND_ONCE);
        covers!("mach_port_request_notification", "KERN_INVALID_ARGUMENT", ask(1, null));
        assert_eq!(side.told(notify), Ok(71));
        covers!("mach_port_request_notification", "KERN_SUCCESS", ask(1, made()));
        assert_eq!(side.told(notify), Ok(72));
        assert_eq!(side.mach_port_get_refs(me, dead, RightKind::DEAD_NAME), Ok(2));
        side.mach_port_mod_refs(me, dead, RightKind::DEAD_NAME, 65533).unwrap();
        covers!("mach_port_request_notification", "KERN_UREFS_OVERFLOW", ask(1, made()));
        side.destroy(&[dead, notify]);
    });
}

/// Without senders the notification comes at once, unless a right that was made later is waited for.
#[test]
fn no_senders_may_be_true_already() {
    each(|side| {
        let (name, notify) = (side.port(), side.port());
        let ask = |sync| request(side, name, MACH_NOTIFY_NO_SENDERS, sync, right(notify, Disposition::MAKE_SEND_ONCE));
        covers!("mach_port_request_notification", "KERN_SUCCESS", ask(0));
        assert_eq!(side.told(notify), Ok(70));
        covers!("mach_port_request_notification", "KERN_SUCCESS", ask(1));
        assert!(side.told(notify).is_err());
        side.destroy(&[name, notify]);
    });
}
