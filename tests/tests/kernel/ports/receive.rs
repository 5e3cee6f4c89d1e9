//! Receive rights and port sets: limits, counters, members.

use generated::darwin::mach_port::any as darwin_port;
use generated::mach3::mach_port::{PortKernelType, any as mach3_port};
use mig_rt::{Disposition, PortName, RightKind};
use runtime_kernel::Resource;

use super::{Side, darwin, each, mach3, right};
use crate::world::{Simple, poll};

/// What both sets tell of a receive right.
pub(super) struct Counts {
    pub(super) made: u32,
    pub(super) sequence: u32,
}

impl Side {
    pub(super) fn counts(&self, name: PortName) -> Counts {
        if self.is_typed() {
            let it = mach3_port::mach_port_get_receive_status(self.abi, &self.me, name).unwrap();
            return Counts { made: it.mps_mscount, sequence: it.mps_seqno };
        }
        let it = self.status(name);
        Counts { made: it.mps_mscount, sequence: it.mps_seqno }
    }

    fn send(&self, name: PortName, id: u32) -> Result<(), mig_rt::MsgReturn> {
        Simple::to(name, Disposition::MAKE_SEND, id).send(&self.task)
    }
}

#[test]
fn set_qlimit() {
    mach3(|side| {
        let (me, name) = (&side.me, side.port());
        let limit = |name, most| mach3_port::mach_port_set_qlimit(side.abi, me, name, most);
        covers!("mach_port_set_qlimit", "KERN_SUCCESS", limit(name, 0));
        assert!(side.send(name, 1).is_err());
        covers!("mach_port_set_qlimit", "KERN_SUCCESS", limit(name, 16));
        (0..16).for_each(|id| side.send(name, id).unwrap());
        assert!(side.send(name, 16).is_err());
        // Lowering drops nothing.
        covers!("mach_port_set_qlimit", "KERN_SUCCESS", limit(name, 1));
        assert_eq!(side.waiting(name), 16);
        covers!("mach_port_set_qlimit", "KERN_INVALID_VALUE", limit(name, 17));
        covers!("mach_port_set_qlimit", "KERN_INVALID_VALUE", limit(side.none, u32::MAX));
        covers!("mach_port_set_qlimit", "KERN_INVALID_NAME", limit(side.none, 1));
        covers!("mach_port_set_qlimit", "KERN_INVALID_RIGHT", limit(me.name(), 1));
        let elsewhere = mach3_port::mach_port_set_qlimit(side.abi, &side.host, name, 1);
        covers!("mach_port_set_qlimit", "KERN_INVALID_TASK", elsewhere);
        side.destroy(&[name]);
    });
}

#[test]
fn set_mscount() {
    each(|side| {
        let (me, name) = (&side.me, side.port());
        let set = |name, count| side.mach_port_set_mscount(me, name, count);
        covers!("mach_port_set_mscount", "KERN_SUCCESS", set(name, u32::MAX));
        assert_eq!(side.counts(name).made, u32::MAX);
        covers!("mach_port_set_mscount", "KERN_INVALID_NAME", set(side.none, 1));
        covers!("mach_port_set_mscount", "KERN_INVALID_RIGHT", set(me.name(), 1));
        covers!("mach_port_set_mscount", "KERN_INVALID_TASK", side.mach_port_set_mscount(&side.host, name, 1));
        side.destroy(&[name]);
    });
}

#[test]
fn set_seqno() {
    each(|side| {
        let (me, name) = (&side.me, side.port());
        let set = |name, number| side.mach_port_set_seqno(me, name, number);
        covers!("mach_port_set_seqno", "KERN_SUCCESS", set(name, u32::MAX));
        for number in [u32::MAX, 0, 1] {
            side.send(name, 5).unwrap();
            assert_eq!(poll(&side.task, name).unwrap().sequence(), number);
        }
        covers!("mach_port_set_seqno", "KERN_INVALID_NAME", set(side.none, 1));
        covers!("mach_port_set_seqno", "KERN_INVALID_RIGHT", set(me.name(), 1));
        covers!("mach_port_set_seqno", "KERN_INVALID_TASK", side.mach_port_set_seqno(&side.host, name, 1));
        side.destroy(&[name]);
    });
}

#[test]
fn get_receive_status() {
    mach3(|side| {
        let (me, name, set) = (&side.me, side.sendable(), side.set());
        side.mach_port_move_member(me, name, set).unwrap();
        side.send(name, 1).unwrap();
        let once = side.mach_port_extract_right(me, name, Disposition::MAKE_SEND_ONCE).unwrap();
        let status = |task, name| mach3_port::mach_port_get_receive_status(side.abi, task, name);
        let it = covers!("mach_port_get_receive_status", "KERN_SUCCESS", status(me, name)).unwrap();
        assert_eq!((it.mps_pset, it.mps_mscount, it.mps_qlimit), (set, 2, 5));
        assert_eq!((it.mps_msgcount, it.mps_sorights, it.mps_srights), (1, 1, true));
        assert_eq!((it.mps_pdrequest, it.mps_nsrequest, it.mps_seqno), (false, false, 0));
        covers!("mach_port_get_receive_status", "KERN_INVALID_NAME", status(me, side.none));
        covers!("mach_port_get_receive_status", "KERN_INVALID_RIGHT", status(me, set));
        covers!("mach_port_get_receive_status", "KERN_INVALID_TASK", status(&side.host, name));
        let old = |task, name| mach3_port::old_mach_port_get_receive_status(side.abi, task, name);
        let it = covers!("old_mach_port_get_receive_status", "KERN_SUCCESS", old(me, name)).unwrap();
        assert_eq!((it.mps_pset, it.mps_mscount, it.mps_msgcount, it.mps_sorights), (set, 2, 1, 1));
        covers!("old_mach_port_get_receive_status", "KERN_INVALID_NAME", old(me, side.none));
        covers!("old_mach_port_get_receive_status", "KERN_INVALID_RIGHT", old(me, me.name()));
        covers!("old_mach_port_get_receive_status", "KERN_INVALID_TASK", old(&side.host, name));
        drop(once);
        side.destroy(&[name, set]);
    });
}

#[test]
fn get_set_status() {
    each(|side| {
        let (me, set, ports) = (&side.me, side.set(), [side.port(), side.port(), side.port()]);
        let told = covers!("mach_port_get_set_status", "KERN_SUCCESS", side.mach_port_get_set_status(me, set));
        assert_eq!(told, Some(Vec::new()));
        ports.iter().for_each(|it| side.mach_port_move_member(me, *it, set).unwrap());
        let told = covers!("mach_port_get_set_status", "KERN_SUCCESS", side.mach_port_get_set_status(me, set));
        let mut told = told.unwrap();
        told.sort_unstable();
        let mut wanted = ports;
        wanted.sort_unstable();
        assert_eq!(told, wanted);
        let status = |task, name| side.mach_port_get_set_status(task, name);
        covers!("mach_port_get_set_status", "KERN_INVALID_NAME", status(me, side.none));
        covers!("mach_port_get_set_status", "KERN_INVALID_RIGHT", status(me, ports[0]));
        covers!("mach_port_get_set_status", "KERN_INVALID_TASK", status(&side.host, set));
        let short = side.without(Resource::Objects, || status(me, set));
        covers!("mach_port_get_set_status", "KERN_RESOURCE_SHORTAGE", short);
        side.destroy(&[set, ports[0], ports[1], ports[2]]);
    });
}

#[test]
fn move_member() {
    each(|side| {
        let (me, name, set, other) = (&side.me, side.port(), side.set(), side.set());
        let shift = |member, after| side.mach_port_move_member(me, member, after);
        side.send(name, 3).unwrap();
        for after in [set, set, other] {
            covers!("mach_port_move_member", "KERN_SUCCESS", shift(name, after));
            assert_eq!(side.mach_port_get_set_status(me, after), Ok(vec![name]));
        }
        assert_eq!(side.mach_port_get_set_status(me, set), Ok(Vec::new()));
        // Messages that were there are received from the set, and not past it.
        assert_eq!(poll(&side.task, name), Err(mig_rt::MsgReturn::RCV_IN_SET));
        assert_eq!(poll(&side.task, other).unwrap().id(), 3);
        covers!("mach_port_move_member", "KERN_SUCCESS", shift(name, PortName::NULL));
        covers!("mach_port_move_member", "KERN_NOT_IN_SET", shift(name, PortName::NULL));
        covers!("mach_port_move_member", "KERN_INVALID_NAME", shift(side.none, set));
        covers!("mach_port_move_member", "KERN_INVALID_NAME", shift(name, side.none));
        covers!("mach_port_move_member", "KERN_INVALID_RIGHT", shift(me.name(), set));
        covers!("mach_port_move_member", "KERN_INVALID_RIGHT", shift(name, me.name()));
        covers!("mach_port_move_member", "KERN_INVALID_TASK", side.mach_port_move_member(&side.host, name, set));
        side.destroy(&[name, set, other]);
    });
}

#[test]
fn protected_payload() {
    mach3(|side| {
        let (me, name) = (&side.me, side.port());
        let set = |task, name| mach3_port::mach_port_set_protected_payload(side.abi, task, name, 0x1234);
        let clear = |task, name| mach3_port::mach_port_clear_protected_payload(side.abi, task, name);
        covers!("mach_port_set_protected_payload", "KERN_SUCCESS", set(me, name));
        side.send(name, 1).unwrap();
        assert_eq!(poll(&side.task, name).unwrap().local(), (PortName(0x1234), Disposition::PROTECTED_PAYLOAD));
        covers!("mach_port_clear_protected_payload", "KERN_SUCCESS", clear(me, name));
        side.send(name, 1).unwrap();
        assert_eq!(poll(&side.task, name).unwrap().local(), (name, Disposition::MOVE_SEND));
        covers!("mach_port_set_protected_payload", "KERN_INVALID_NAME", set(me, side.none));
        covers!("mach_port_set_protected_payload", "KERN_INVALID_RIGHT", set(me, me.name()));
        covers!("mach_port_set_protected_payload", "KERN_INVALID_TASK", set(&side.host, name));
        covers!("mach_port_clear_protected_payload", "KERN_INVALID_NAME", clear(me, side.none));
        covers!("mach_port_clear_protected_payload", "KERN_INVALID_RIGHT", clear(me, me.name()));
        covers!("mach_port_clear_protected_payload", "KERN_INVALID_TASK", clear(&side.host, name));
        side.destroy(&[name]);
    });
}

#[test]
fn set_ktype() {
    mach3(|side| {
        let (me, name) = (&side.me, side.port());
        let privileged = side.world.kernel.host_priv_port(&side.task);
        let receive = RightKind::RECEIVE;
        let set = |name, right, kind| mach3_port::mach_port_set_ktype(side.abi, &privileged, me, name, right, kind);
        for kind in [PortKernelType::USER_DEVICE, PortKernelType::NONE] {
            covers!("mach_port_set_ktype", "KERN_SUCCESS", set(name, receive, kind));
        }
        let kind = PortKernelType::USER_DEVICE;
        let by = |host, task| mach3_port::mach_port_set_ktype(side.abi, host, task, name, receive, kind);
        covers!("mach_port_set_ktype", "KERN_INVALID_HOST", by(&side.host, me));
        covers!("mach_port_set_ktype", "KERN_INVALID_TASK", by(&privileged, &side.host));
        covers!("mach_port_set_ktype", "KERN_INVALID_ARGUMENT", set(side.none, receive, PortKernelType(2)));
        covers!("mach_port_set_ktype", "KERN_INVALID_ARGUMENT", set(me.name(), RightKind::SEND, kind));
        covers!("mach_port_set_ktype", "KERN_INVALID_NAME", set(side.none, receive, kind));
        covers!("mach_port_set_ktype", "KERN_INVALID_RIGHT", set(name, RightKind::SEND, kind));
        side.destroy(&[name]);
    });
}

#[test]
fn a_port_in_two_sets_is_received_from_either() {
    darwin(|side| {
        let (me, name, one, two) = (&side.me, side.port(), side.set(), side.set());
        let insert = |task, name, set| darwin_port::mach_port_insert_member(side.abi, task, name, set);
        let extract = |task, name, set| darwin_port::mach_port_extract_member(side.abi, task, name, set);
        side.send(name, 1).unwrap();
        for set in [one, two] {
            covers!("mach_port_insert_member", "KERN_SUCCESS", insert(me, name, set));
            covers!("mach_port_insert_member", "KERN_ALREADY_IN_SET", insert(me, name, set));
            assert_eq!(side.mach_port_get_set_status(me, set), Ok(vec![name]));
        }
        side.send(name, 2).unwrap();
        assert_eq!((poll(&side.task, two).unwrap().id(), poll(&side.task, one).unwrap().id()), (1, 2));
        assert!(poll(&side.task, one).is_err() && poll(&side.task, two).is_err());
        assert_eq!(side.status(name).mps_pset, 2);
        covers!("mach_port_extract_member", "KERN_SUCCESS", extract(me, name, one));
        covers!("mach_port_extract_member", "KERN_NOT_IN_SET", extract(me, name, one));
        side.send(name, 3).unwrap();
        assert_eq!(poll(&side.task, two).unwrap().id(), 3);
        for (member, set) in [(side.none, one), (name, side.none)] {
            covers!("mach_port_insert_member", "KERN_INVALID_NAME", insert(me, member, set));
            covers!("mach_port_extract_member", "KERN_INVALID_NAME", extract(me, member, set));
        }
        for (member, set) in [(me.name(), one), (name, me.name())] {
            covers!("mach_port_insert_member", "KERN_INVALID_RIGHT", insert(me, member, set));
            covers!("mach_port_extract_member", "KERN_INVALID_RIGHT", extract(me, member, set));
        }
        covers!("mach_port_insert_member", "KERN_INVALID_TASK", insert(&side.host, name, one));
        covers!("mach_port_extract_member", "KERN_INVALID_TASK", extract(&side.host, name, one));
        let short = side.without(Resource::Objects, || insert(me, name, one));
        covers!("mach_port_insert_member", "KERN_RESOURCE_SHORTAGE", short);
        side.destroy(&[name, one, two]);
    });
}

#[test]
fn get_srights() {
    darwin(|side| {
        let (me, name) = (&side.me, side.port());
        let count = |task, name| darwin_port::mach_port_get_srights(side.abi, task, name);
        assert_eq!(covers!("mach_port_get_srights", "KERN_SUCCESS", count(me, name)), Some(0));
        side.mach_port_insert_right(me, name, right(name, Disposition::MAKE_SEND)).unwrap();
        side.mach_port_mod_refs(me, name, RightKind::SEND, 3).unwrap();
        side.send(name, 1).unwrap();
        assert_eq!(covers!("mach_port_get_srights", "KERN_SUCCESS", count(me, name)), Some(2));
        covers!("mach_port_get_srights", "KERN_INVALID_NAME", count(me, side.none));
        covers!("mach_port_get_srights", "KERN_INVALID_RIGHT", count(me, me.name()));
        covers!("mach_port_get_srights", "KERN_INVALID_TASK", count(&side.host, name));
        side.destroy(&[name]);
    });
}
