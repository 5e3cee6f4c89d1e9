//! Names: making, counting, changing and dropping them.

use mig_rt::{Disposition, PortName, RightKind};
use runtime_kernel::Resource;

use super::{Side, each, right};
use crate::covers::Outcome;
use crate::world::Simple;

const KINDS: [(RightKind, u32); 3] =
    [(RightKind::RECEIVE, 0x2_0000), (RightKind::PORT_SET, 0x8_0000), (RightKind::DEAD_NAME, 0x10_0000)];
const BAD: RightKind = RightKind(5);

#[test]
fn allocate() {
    each(|side| {
        let me = &side.me;
        for (kind, bits) in KINDS {
            let name = covers!("mach_port_allocate", "KERN_SUCCESS", side.mach_port_allocate(me, kind)).unwrap();
            assert_eq!(side.mach_port_type(me, name), Ok(bits));
            side.destroy(&[name]);
        }
        let allocate = |kind| side.mach_port_allocate(me, kind);
        let receive = RightKind::RECEIVE;
        covers!("mach_port_allocate", "KERN_INVALID_TASK", side.mach_port_allocate(&side.host, receive));
        for kind in [RightKind::SEND, RightKind::SEND_ONCE, BAD, RightKind(u32::MAX)] {
            covers!("mach_port_allocate", "KERN_INVALID_VALUE", allocate(kind));
        }
        covers!("mach_port_allocate", "KERN_NO_SPACE", side.without(Resource::Names, || allocate(receive)));
        let short = side.without(Resource::Objects, || allocate(receive));
        covers!("mach_port_allocate", "KERN_RESOURCE_SHORTAGE", short);
    });
}

#[test]
fn allocate_name() {
    each(|side| {
        let me = &side.me;
        let allocate = |kind, name| side.mach_port_allocate_name(me, kind, name);
        for (kind, bits) in KINDS {
            covers!("mach_port_allocate_name", "KERN_SUCCESS", allocate(kind, side.none));
            assert_eq!(side.mach_port_type(me, side.none), Ok(bits));
            covers!("mach_port_allocate_name", "KERN_NAME_EXISTS", allocate(kind, side.none));
            side.destroy(&[side.none]);
        }
        let receive = RightKind::RECEIVE;
        let elsewhere = side.mach_port_allocate_name(&side.host, receive, side.none);
        covers!("mach_port_allocate_name", "KERN_INVALID_TASK", elsewhere);
        for (kind, name) in [(receive, PortName::NULL), (receive, PortName::DEAD), (BAD, side.none)] {
            covers!("mach_port_allocate_name", "KERN_INVALID_VALUE", allocate(kind, name));
        }
        // A kind that is none is found before the name that exists.
        covers!("mach_port_allocate_name", "KERN_INVALID_VALUE", allocate(RightKind::SEND, me.name()));
        let short = side.without(Resource::Objects, || allocate(receive, side.none));
        covers!("mach_port_allocate_name", "KERN_RESOURCE_SHORTAGE", short);
    });
}

#[test]
fn rename() {
    each(|side| {
        let (me, name) = (&side.me, side.sendable());
        let rename = |old, new| side.mach_port_rename(me, old, new);
        covers!("mach_port_rename", "KERN_SUCCESS", rename(name, side.none));
        assert_eq!(side.mach_port_type(me, side.none), Ok(0x3_0000));
        assert!(side.mach_port_type(me, name).is_err());
        // The right is found under its new name, and messages are received there.
        Simple::to(side.none, Disposition::COPY_SEND, 7).send(&side.task).unwrap();
        assert_eq!(side.waiting(side.none), 1);
        covers!("mach_port_rename", "KERN_INVALID_TASK", side.mach_port_rename(&side.host, side.none, name));
        covers!("mach_port_rename", "KERN_INVALID_VALUE", rename(side.none, PortName::NULL));
        covers!("mach_port_rename", "KERN_INVALID_VALUE", rename(side.none, PortName::DEAD));
        covers!("mach_port_rename", "KERN_NAME_EXISTS", rename(side.none, me.name()));
        covers!("mach_port_rename", "KERN_NAME_EXISTS", rename(side.none, side.none));
        covers!("mach_port_rename", "KERN_INVALID_NAME", rename(name, PortName(0x00f0_0101)));
        let short = side.without(Resource::Objects, || rename(side.none, name));
        covers!("mach_port_rename", "KERN_RESOURCE_SHORTAGE", short);
        covers!("mach_port_rename", "KERN_SUCCESS", rename(side.none, name));
        side.destroy(&[name]);
    });
}

#[test]
fn names() {
    each(|side| {
        let (port, set, dead) = (side.sendable(), side.set(), side.dead());
        let told = covers!("mach_port_names", "KERN_SUCCESS", side.mach_port_names(&side.me)).unwrap();
        for it in [(port, 0x3_0000), (set, 0x8_0000), (dead, 0x10_0000)] {
            assert!(told.contains(&it), "{told:x?}");
        }
        assert_eq!(told.len(), side.task.rights().len());
        covers!("mach_port_names", "KERN_INVALID_TASK", side.mach_port_names(&side.host));
        let short = side.without(Resource::Objects, || side.mach_port_names(&side.me));
        covers!("mach_port_names", "KERN_RESOURCE_SHORTAGE", short);
        side.destroy(&[port, set, dead]);
    });
}

#[test]
fn types() {
    each(|side| {
        let (me, (port, once)) = (&side.me, side.once());
        for (name, bits) in [(port, 0x2_0000), (once, 0x4_0000), (me.name(), 0x1_0000)] {
            let told = covers!("mach_port_type", "KERN_SUCCESS", side.mach_port_type(me, name));
            assert_eq!(told, Some(bits));
        }
        covers!("mach_port_type", "KERN_INVALID_TASK", side.mach_port_type(&side.host, port));
        for name in [side.none, PortName::NULL, PortName::DEAD] {
            covers!("mach_port_type", "KERN_INVALID_NAME", side.mach_port_type(me, name));
        }
        side.destroy(&[port, once]);
    });
}

#[test]
fn destroy() {
    each(|side| {
        let (me, (port, once), set, dead) = (&side.me, side.once(), side.set(), side.dead());
        side.mach_port_move_member(me, port, set).unwrap();
        for name in [set, once, dead] {
            covers!("mach_port_destroy", "KERN_SUCCESS", side.mach_port_destroy(me, name));
        }
        // The set's member is received from by itself, and a message came from the right that nobody used.
        assert_eq!(side.told(port), Ok(71));
        covers!("mach_port_destroy", "KERN_SUCCESS", side.mach_port_destroy(me, port));
        covers!("mach_port_destroy", "KERN_INVALID_NAME", side.mach_port_destroy(me, port));
        covers!("mach_port_destroy", "KERN_INVALID_TASK", side.mach_port_destroy(&side.host, port));
    });
}

#[test]
fn deallocate() {
    each(|side| {
        let (me, (port, once), set) = (&side.me, side.once(), side.set());
        let (both, dead) = (side.sendable(), side.dead());
        for name in [once, both, dead] {
            covers!("mach_port_deallocate", "KERN_SUCCESS", side.mach_port_deallocate(me, name));
        }
        assert_eq!(side.mach_port_type(me, both), Ok(0x2_0000));
        for name in [port, set, both] {
            covers!("mach_port_deallocate", "KERN_INVALID_RIGHT", side.mach_port_deallocate(me, name));
        }
        covers!("mach_port_deallocate", "KERN_INVALID_NAME", side.mach_port_deallocate(me, dead));
        covers!("mach_port_deallocate", "KERN_INVALID_TASK", side.mach_port_deallocate(&side.host, port));
        side.destroy(&[port, set, both]);
    });
}

#[test]
fn get_refs() {
    each(|side| {
        let (me, name) = (&side.me, side.sendable());
        side.mach_port_mod_refs(me, name, RightKind::SEND, 4).unwrap();
        let wanted =
            [(RightKind::SEND, 5), (RightKind::RECEIVE, 1), (RightKind::SEND_ONCE, 0), (RightKind::PORT_SET, 0)];
        for (kind, count) in wanted {
            let told = covers!("mach_port_get_refs", "KERN_SUCCESS", side.mach_port_get_refs(me, name, kind));
            assert_eq!(told, Some(count));
        }
        let refs = |task, name, kind| side.mach_port_get_refs(task, name, kind);
        covers!("mach_port_get_refs", "KERN_INVALID_TASK", refs(&side.host, name, RightKind::SEND));
        covers!("mach_port_get_refs", "KERN_INVALID_VALUE", refs(me, name, BAD));
        covers!("mach_port_get_refs", "KERN_INVALID_VALUE", refs(me, side.none, BAD));
        covers!("mach_port_get_refs", "KERN_INVALID_NAME", refs(me, side.none, RightKind::SEND));
        side.destroy(&[name]);
    });
}

fn refused(side: &Side, name: PortName, kind: RightKind, deltas: &[i32]) {
    for delta in deltas {
        let answer = side.mach_port_mod_refs(&side.me, name, kind, *delta);
        covers!("mach_port_mod_refs", "KERN_INVALID_VALUE", answer);
    }
}

#[test]
fn mod_refs() {
    each(|side| {
        let (me, (port, once), set) = (&side.me, side.once(), side.set());
        let change = |name, kind, delta| side.mach_port_mod_refs(me, name, kind, delta);
        refused(side, port, RightKind::RECEIVE, &[1, -2, i32::MAX, i32::MIN]);
        refused(side, set, RightKind::PORT_SET, &[1, -2]);
        refused(side, once, RightKind::SEND_ONCE, &[1, -2]);
        refused(side, port, BAD, &[0, 1]);
        for kind in [RightKind::SEND, RightKind::SEND_ONCE, RightKind::PORT_SET, RightKind::DEAD_NAME] {
            covers!("mach_port_mod_refs", "KERN_INVALID_RIGHT", change(port, kind, 0));
        }
        covers!("mach_port_mod_refs", "KERN_INVALID_NAME", change(side.none, RightKind::SEND, 1));
        let elsewhere = side.mach_port_mod_refs(&side.host, port, RightKind::RECEIVE, 0);
        covers!("mach_port_mod_refs", "KERN_INVALID_TASK", elsewhere);
        for (name, kind) in [(port, RightKind::RECEIVE), (set, RightKind::PORT_SET), (once, RightKind::SEND_ONCE)] {
            covers!("mach_port_mod_refs", "KERN_SUCCESS", change(name, kind, 0));
        }
        for (name, kind) in [(once, RightKind::SEND_ONCE), (port, RightKind::RECEIVE), (set, RightKind::PORT_SET)] {
            covers!("mach_port_mod_refs", "KERN_SUCCESS", change(name, kind, -1));
            covers!("mach_port_mod_refs", "KERN_INVALID_NAME", change(name, kind, -1));
        }
    });
}

#[test]
fn mod_refs_counts_send_rights_and_dead_names() {
    each(|side| {
        let (me, name) = (&side.me, side.sendable());
        let change = |kind, delta| side.mach_port_mod_refs(me, name, kind, delta);
        // One reference is kept for the notification of the port's death.
        covers!("mach_port_mod_refs", "KERN_SUCCESS", change(RightKind::SEND, 65533));
        covers!("mach_port_mod_refs", "KERN_UREFS_OVERFLOW", change(RightKind::SEND, 1));
        covers!("mach_port_mod_refs", "KERN_UREFS_OVERFLOW", change(RightKind::SEND, i32::MAX));
        refused(side, name, RightKind::SEND, &[-65535, i32::MIN]);
        // At the limit a right that arrives is absorbed.
        let more = side.mach_port_insert_right(me, name, right(name, Disposition::MAKE_SEND));
        assert_eq!(more.code(), "KERN_UREFS_OVERFLOW");
        covers!("mach_port_mod_refs", "KERN_SUCCESS", change(RightKind::RECEIVE, -1));
        assert_eq!(side.mach_port_get_refs(me, name, RightKind::DEAD_NAME), Ok(65534));
        covers!("mach_port_mod_refs", "KERN_INVALID_RIGHT", change(RightKind::SEND, -1));
        covers!("mach_port_mod_refs", "KERN_SUCCESS", change(RightKind::DEAD_NAME, 1));
        covers!("mach_port_mod_refs", "KERN_UREFS_OVERFLOW", change(RightKind::DEAD_NAME, 1));
        refused(side, name, RightKind::DEAD_NAME, &[-65536]);
        covers!("mach_port_mod_refs", "KERN_SUCCESS", change(RightKind::DEAD_NAME, -65535));
        covers!("mach_port_mod_refs", "KERN_INVALID_NAME", change(RightKind::DEAD_NAME, 0));
    });
}
