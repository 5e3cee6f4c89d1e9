//! Ports that are guarded, and ports that are made with everything at once.

use generated::darwin::mach_port::{MachPortOptions, MachPortQos, any};
use generated::darwin::types::{
    MPO_CONTEXT_AS_GUARD, MPO_IMMOVABLE_RECEIVE, MPO_INSERT_SEND_RIGHT, MPO_QLIMIT, MPO_STRICT, MPO_TEMPOWNER,
};
use mig_rt::{Address, Disposition, Form, PortName, RightKind, SendRight, untyped};
use runtime_kernel::{Resource, Task};

use super::{Side, darwin, right};
use crate::covers::Outcome;

const WORD: u64 = 0x0123_4567_89ab_cdef;

fn options(flags: u32, limit: u32) -> [u8; 24] {
    let options = MachPortOptions { flags, mpl_qlimit: limit, reserved: [0; 2] };
    <MachPortOptions as Form<untyped::DarwinLp64>>::write(&options).unwrap()
}

fn construct(side: &Side, flags: u32, limit: u32) -> mig_rt::Result<PortName> {
    any::mach_port_construct(side.abi, &side.me, &options(flags, limit), WORD)
}

fn destruct(side: &Side, name: PortName, delta: i32, word: u64) -> mig_rt::Result<()> {
    any::mach_port_destruct(side.abi, &side.me, name, delta, word)
}

fn context(side: &Side, task: &SendRight<Task>, name: PortName) -> mig_rt::Result<u64> {
    any::mach_port_get_context(side.abi, task, name).map(|it| it.0)
}

#[test]
fn construction() {
    darwin(|side| {
        let flags = MPO_QLIMIT | MPO_INSERT_SEND_RIGHT | MPO_TEMPOWNER;
        let name = covers!("mach_port_construct", "KERN_SUCCESS", construct(side, flags, 7)).unwrap();
        let it = side.status(name);
        assert_eq!((it.mps_qlimit, it.mps_srights, it.mps_mscount, it.mps_flags), (7, true, 1, 0));
        assert_eq!(context(side, &side.me, name), Ok(WORD));
        let flags = MPO_CONTEXT_AS_GUARD | MPO_STRICT | MPO_IMMOVABLE_RECEIVE;
        let guarded = covers!("mach_port_construct", "KERN_SUCCESS", construct(side, flags, 7)).unwrap();
        let it = side.status(guarded);
        assert_eq!((it.mps_qlimit, it.mps_srights, it.mps_flags), (5, false, 0x46));
        covers!("mach_port_construct", "KERN_INVALID_VALUE", construct(side, MPO_QLIMIT, 1025));
        for flags in [0x400, 0x800, 0x8000_0000] {
            covers!("mach_port_construct", "KERN_INVALID_ARGUMENT", construct(side, flags, 0));
        }
        let elsewhere = any::mach_port_construct(side.abi, &side.host, &options(0, 0), WORD);
        covers!("mach_port_construct", "KERN_INVALID_TASK", elsewhere);
        let without = |it| side.without(it, || construct(side, 0, 0));
        covers!("mach_port_construct", "KERN_NO_SPACE", without(Resource::Names));
        covers!("mach_port_construct", "KERN_RESOURCE_SHORTAGE", without(Resource::Objects));
        covers!("mach_port_destruct", "KERN_SUCCESS", destruct(side, guarded, 0, WORD));
        covers!("mach_port_destruct", "KERN_SUCCESS", destruct(side, name, -1, 0));
    });
}

#[test]
fn destruction() {
    darwin(|side| {
        let name = construct(side, MPO_CONTEXT_AS_GUARD | MPO_INSERT_SEND_RIGHT, 0).unwrap();
        covers!("mach_port_destruct", "KERN_INVALID_NAME", destruct(side, side.none, 0, WORD));
        covers!("mach_port_destruct", "KERN_INVALID_RIGHT", destruct(side, side.me.name(), 0, WORD));
        covers!("mach_port_destruct", "KERN_INVALID_VALUE", destruct(side, name, 1, WORD));
        covers!("mach_port_destruct", "KERN_INVALID_VALUE", destruct(side, name, -2, WORD));
        covers!("mach_port_destruct", "KERN_INVALID_ARGUMENT", destruct(side, name, 0, WORD + 1));
        let elsewhere = any::mach_port_destruct(side.abi, &side.host, name, 0, WORD);
        covers!("mach_port_destruct", "KERN_INVALID_TASK", elsewhere);
        let bare = side.port();
        covers!("mach_port_destruct", "KERN_INVALID_RIGHT", destruct(side, bare, -1, 0));
        covers!("mach_port_destruct", "KERN_SUCCESS", destruct(side, bare, 0, 0));
        // Send rights that are not dropped with it outlive the port as a dead name.
        covers!("mach_port_destruct", "KERN_SUCCESS", destruct(side, name, 0, WORD));
        assert_eq!(side.mach_port_type(&side.me, name), Ok(0x10_0000));
        side.destroy(&[name]);
    });
}

#[test]
fn guards() {
    darwin(|side| {
        let (me, name) = (&side.me, side.port());
        let guard = |task, name, strict| any::mach_port_guard(side.abi, task, name, WORD, strict);
        let unguard = |task, name, word| any::mach_port_unguard(side.abi, task, name, word);
        covers!("mach_port_guard", "KERN_SUCCESS", guard(me, name, false));
        covers!("mach_port_guard", "KERN_INVALID_ARGUMENT", guard(me, name, false));
        assert_eq!((context(side, me, name), side.status(name).mps_flags), (Ok(WORD), 2));
        // Nobody destroys it in passing.
        let gone = side.mach_port_mod_refs(me, name, RightKind::RECEIVE, -1);
        covers!("mach_port_mod_refs", "KERN_INVALID_RIGHT", gone);
        assert_eq!(side.mach_port_destroy(me, name).code(), "KERN_INVALID_RIGHT");
        covers!("mach_port_unguard", "KERN_INVALID_ARGUMENT", unguard(me, name, WORD + 1));
        covers!("mach_port_unguard", "KERN_SUCCESS", unguard(me, name, WORD));
        covers!("mach_port_unguard", "KERN_INVALID_ARGUMENT", unguard(me, name, WORD));
        assert_eq!((context(side, me, name), side.status(name).mps_flags), (Ok(0), 0));
        covers!("mach_port_guard", "KERN_SUCCESS", guard(me, name, true));
        assert_eq!((context(side, me, name), side.status(name).mps_flags), (Ok(0), 6));
        covers!("mach_port_unguard", "KERN_SUCCESS", unguard(me, name, WORD));
        covers!("mach_port_guard", "KERN_INVALID_NAME", guard(me, side.none, true));
        covers!("mach_port_guard", "KERN_INVALID_RIGHT", guard(me, me.name(), true));
        covers!("mach_port_guard", "KERN_INVALID_TASK", guard(&side.host, name, true));
        covers!("mach_port_unguard", "KERN_INVALID_NAME", unguard(me, side.none, 1));
        covers!("mach_port_unguard", "KERN_INVALID_RIGHT", unguard(me, me.name(), 1));
        covers!("mach_port_unguard", "KERN_INVALID_TASK", unguard(&side.host, name, 1));
        side.destroy(&[name]);
    });
}

#[test]
fn guards_with_flags() {
    darwin(|side| {
        let (me, name) = (&side.me, side.port());
        let guard = |task, name, flags| any::mach_port_guard_with_flags(side.abi, task, name, WORD, flags);
        covers!("mach_port_guard_with_flags", "KERN_SUCCESS", guard(me, name, 2));
        covers!("mach_port_guard_with_flags", "KERN_INVALID_ARGUMENT", guard(me, name, 2));
        covers!("mach_port_guard_with_flags", "KERN_INVALID_ARGUMENT", guard(me, name, 4));
        // It stays where it is.
        let moved = side.mach_port_extract_right(me, name, Disposition::MOVE_RECEIVE);
        covers!("mach_port_extract_right", "KERN_INVALID_RIGHT", moved);
        let moved = side.mach_port_insert_right(me, side.none, right(name, Disposition::MOVE_RECEIVE));
        assert_eq!(moved.code(), "MACH_SEND_INVALID_RIGHT");
        covers!("mach_port_guard_with_flags", "KERN_INVALID_NAME", guard(me, side.none, 0));
        covers!("mach_port_guard_with_flags", "KERN_INVALID_RIGHT", guard(me, me.name(), 0));
        covers!("mach_port_guard_with_flags", "KERN_INVALID_TASK", guard(&side.host, name, 0));
        let swap = |task, name, old, new| any::mach_port_swap_guard(side.abi, task, name, old, new);
        covers!("mach_port_swap_guard", "KERN_SUCCESS", swap(me, name, WORD, 9));
        covers!("mach_port_swap_guard", "KERN_INVALID_ARGUMENT", swap(me, name, WORD, 9));
        covers!("mach_port_swap_guard", "KERN_INVALID_NAME", swap(me, side.none, 9, 1));
        covers!("mach_port_swap_guard", "KERN_INVALID_RIGHT", swap(me, me.name(), 9, 1));
        covers!("mach_port_swap_guard", "KERN_INVALID_TASK", swap(&side.host, name, 9, 1));
        any::mach_port_unguard(side.abi, me, name, 9).unwrap();
        covers!("mach_port_swap_guard", "KERN_INVALID_ARGUMENT", swap(me, name, 0, 1));
        // A guard that allows it ends when the right moves; the word stays with the port.
        covers!("mach_port_guard_with_flags", "KERN_SUCCESS", guard(me, name, 1));
        let moved = side.mach_port_extract_right(me, name, Disposition::MOVE_RECEIVE).unwrap().into_raw();
        assert_eq!((context(side, me, moved), side.status(moved).mps_flags), (Ok(WORD), 0));
        side.destroy(&[moved]);
    });
}

#[test]
fn contexts() {
    darwin(|side| {
        let (me, name) = (&side.me, side.port());
        let set = |task, name, word| any::mach_port_set_context(side.abi, task, name, Address(word));
        covers!("mach_port_set_context", "KERN_SUCCESS", set(me, name, WORD));
        assert_eq!(covers!("mach_port_get_context", "KERN_SUCCESS", context(side, me, name)), Some(WORD));
        covers!("mach_port_get_context", "KERN_INVALID_NAME", context(side, me, side.none));
        covers!("mach_port_get_context", "KERN_INVALID_RIGHT", context(side, me, me.name()));
        covers!("mach_port_get_context", "KERN_INVALID_TASK", context(side, &side.host, name));
        covers!("mach_port_set_context", "KERN_INVALID_NAME", set(me, side.none, 1));
        covers!("mach_port_set_context", "KERN_INVALID_RIGHT", set(me, me.name(), 1));
        covers!("mach_port_set_context", "KERN_INVALID_TASK", set(&side.host, name, 1));
        // A port with a word cannot be guarded, and a strict guard hides its own.
        let guard = || any::mach_port_guard(side.abi, me, name, WORD, true);
        covers!("mach_port_guard", "KERN_INVALID_ARGUMENT", guard());
        set(me, name, 0).unwrap();
        guard().unwrap();
        covers!("mach_port_set_context", "KERN_INVALID_ARGUMENT", set(me, name, 1));
        destruct(side, name, 0, WORD).unwrap();
    });
}

#[test]
fn qualities_of_service() {
    darwin(|side| {
        let (me, receive, set) = (&side.me, RightKind::RECEIVE, RightKind::PORT_SET);
        let qos = |flags, len| MachPortQos { flags, len };
        let allocate = |task, right, it| any::mach_port_allocate_qos(side.abi, task, right, it);
        for it in [qos(0, 0), qos(2, 4096)] {
            let out = covers!("mach_port_allocate_qos", "KERN_SUCCESS", allocate(me, receive, it)).unwrap();
            assert_eq!((out.qos, side.mach_port_type(me, out.name)), (it, Ok(0x2_0000)));
            side.destroy(&[out.name]);
        }
        covers!("mach_port_allocate_qos", "KERN_INVALID_TASK", allocate(&side.host, receive, qos(0, 0)));
        covers!("mach_port_allocate_qos", "KERN_INVALID_VALUE", allocate(me, RightKind::SEND, qos(0, 0)));
        covers!("mach_port_allocate_qos", "KERN_INVALID_VALUE", allocate(me, set, qos(2, 8)));
        covers!("mach_port_allocate_qos", "KERN_INVALID_ARGUMENT", allocate(me, receive, qos(1, 0)));
        covers!("mach_port_allocate_qos", "KERN_RESOURCE_SHORTAGE", allocate(me, receive, qos(2, u32::MAX)));
        let short = side.without(Resource::Names, || allocate(me, receive, qos(0, 0)));
        covers!("mach_port_allocate_qos", "KERN_NO_SPACE", short);
    });
}

#[test]
fn allocation_in_full() {
    darwin(|side| {
        let (me, null, receive) = (&side.me, SendRight::null(&side.task), RightKind::RECEIVE);
        let qos = |flags, len| MachPortQos { flags, len };
        let allocate = |right, proto, it, name| any::mach_port_allocate_full(side.abi, me, right, proto, it, name);
        let out = covers!("mach_port_allocate_full", "KERN_SUCCESS", allocate(receive, &null, qos(0, 0), side.none));
        let given = out.unwrap().name;
        assert_ne!(given, side.none);
        let named = |name| allocate(receive, &null, qos(1, 0), name);
        let out = covers!("mach_port_allocate_full", "KERN_SUCCESS", named(side.none)).unwrap();
        assert_eq!((out.name, side.mach_port_type(me, side.none)), (side.none, Ok(0x2_0000)));
        covers!("mach_port_allocate_full", "KERN_NAME_EXISTS", named(side.none));
        covers!("mach_port_allocate_full", "KERN_INVALID_VALUE", named(PortName::NULL));
        covers!("mach_port_allocate_full", "KERN_INVALID_VALUE", named(PortName::DEAD));
        let proto = allocate(receive, me, qos(0, 0), PortName::NULL);
        covers!("mach_port_allocate_full", "KERN_INVALID_VALUE", proto);
        let set = allocate(RightKind::PORT_SET, &null, qos(2, 8), PortName::NULL);
        covers!("mach_port_allocate_full", "KERN_INVALID_VALUE", set);
        let large = allocate(receive, &null, qos(2, u32::MAX), PortName::NULL);
        covers!("mach_port_allocate_full", "KERN_RESOURCE_SHORTAGE", large);
        let short = side.without(Resource::Names, || allocate(receive, &null, qos(0, 0), PortName::NULL));
        covers!("mach_port_allocate_full", "KERN_NO_SPACE", short);
        let elsewhere = any::mach_port_allocate_full(side.abi, &side.host, receive, &null, qos(0, 0), PortName::NULL);
        covers!("mach_port_allocate_full", "KERN_INVALID_TASK", elsewhere);
        side.destroy(&[given, side.none]);
    });
}
