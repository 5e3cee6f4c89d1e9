//! Rights as values: each exists once, and dropping it gives it back once.

use std::collections::{HashMap, HashSet};

use mig_rt::{
    AnyRight, Disposition, KernReturn, Outbound, PortName, ReceiveRight, Right, RightKind, Rights, SendOnceRight,
    SendRight, Transport,
};

use crate::kernel::Kernel;

#[test]
fn dropping_gives_back_once() {
    let kernel = Kernel::new();
    let (port, right) = kernel.port();
    let name = port.name();
    let once = kernel.send_once_right(&port);
    let rights = kernel.rights(name);
    assert_eq!((rights.receive, rights.send, rights.send_once), (true, 1, 1));
    drop(right);
    assert_eq!(kernel.rights(name).send, 0);
    drop(once);
    // The port is told that a send-once right died unused only if it waits for a reply.
    assert_eq!((kernel.rights(name).send_once, kernel.rights(name).queued), (0, 0));
    drop(port);
    kernel.assert_empty();
}

#[test]
fn raw_names_are_nobodys() {
    let kernel = Kernel::new();
    let (port, right) = kernel.port();
    let name = right.into_raw();
    assert_eq!(kernel.rights(name).send, 1, "giving up a value is not giving back the right");
    // SAFETY: the name came out of a value just now.
    let again = unsafe { SendRight::from_raw(name, kernel.clone()) };
    assert_eq!((again.into_raw(), kernel.rights(name).send), (name, 1));
    kernel.release(name, RightKind::SEND);
    drop(port);
    kernel.assert_empty();
}

#[test]
fn clones_are_references() {
    let kernel = Kernel::new();
    let (port, right) = kernel.port();
    let other = right.try_clone().expect("a right can be had twice");
    assert_eq!((kernel.rights(port.name()).send, &other), (2, &right));
    kernel.shortage(true);
    assert_eq!(right.try_clone(), Err(KernReturn::RESOURCE_SHORTAGE));
    kernel.shortage(false);
    // The port dies, the rights to it stay until they are given back.
    drop(port);
    assert_eq!(kernel.rights(right.name()).send, 2);
    drop((right, other));
    kernel.assert_empty();
}

#[test]
fn null_and_dead_own_nothing() {
    let kernel = Kernel::new();
    let (null, dead) = (SendRight::null(&kernel), SendRight::dead(&kernel));
    assert!(!null.is_valid() && !dead.is_valid() && null != dead);
    let clones = (null.try_clone(), dead.try_clone());
    assert_eq!(clones, (Ok(SendRight::null(&kernel)), Ok(SendRight::dead(&kernel))));
    drop((SendOnceRight::dead(&kernel), ReceiveRight::null(&kernel), ReceiveRight::dead(&kernel)));
    assert_eq!(format!("{null:?} {dead:?}"), "SendRight(PortName(NULL)) SendRight(PortName(DEAD))");
    drop((null, dead, clones));
    kernel.assert_empty();
}

#[test]
fn taking_leaves_null() {
    let kernel = Kernel::new();
    let (mut port, mut right) = kernel.port();
    let mut once = kernel.send_once_right(&port);
    let taken = (port.take(), right.take(), once.take());
    assert!(!port.is_valid() && !right.is_valid() && !once.is_valid());
    drop((port, right, once));
    assert!(kernel.rights(taken.0.name()).receive);
    drop(taken);
    kernel.assert_empty();
}

/// As a server looks an object up by the name in a notification.
#[test]
#[allow(clippy::mutable_key_type, reason = "hash and equality of a right are its name's, which does not change")]
fn rights_are_found_by_name() {
    let kernel = Kernel::new();
    let (port, right) = kernel.port();
    let (other, _) = kernel.port();
    let objects: HashMap<SendRight<Kernel>, u32> = HashMap::from([(right, 7)]);
    assert_eq!((objects.get(&port.name()), objects.get(&other.name())), (Some(&7), None));
    let ports = HashSet::from([port, other]);
    assert_eq!(ports.len(), 2);
    drop((objects, ports));
    kernel.assert_empty();
}

#[test]
fn spaces_do_not_mix() {
    let (one, two) = (Kernel::new(), Kernel::new());
    let ((port, right), (other, left)) = (one.port(), two.port());
    assert_eq!(right.name(), left.name());
    assert_ne!(right, left, "one name in two spaces");
    drop((port, right));
    assert_eq!(two.rights(left.name()).send, 1);
    drop((other, left));
    one.assert_empty();
    two.assert_empty();
}

#[test]
fn no_port_can_be_had() {
    let kernel = Kernel::new();
    kernel.shortage(true);
    assert_eq!(ReceiveRight::new(&kernel), Err(KernReturn::RESOURCE_SHORTAGE));
    kernel.assert_empty();
}

/// The kind is kept even of a null port, and decides what is given back.
#[test]
fn rights_of_any_kind() {
    let kernel = Kernel::new();
    let (port, right) = kernel.port();
    let name = port.name();
    let once = kernel.send_once_right(&port);
    let any: [AnyRight<Kernel>; 3] = [right.into(), once.into(), port.into()];
    let kinds = any.each_ref().map(|it| it.disposition());
    assert_eq!(kinds, [Disposition::MOVE_SEND, Disposition::MOVE_SEND_ONCE, Disposition::MOVE_RECEIVE]);
    assert!(any.iter().all(|it| it.is_right() && it.is_valid() && it.name() == name));
    for it in any {
        drop(Outbound::from(it));
    }
    kernel.assert_empty();

    let null = AnyRight::from(SendOnceRight::null(&kernel));
    assert!(null.is_right() && !null.is_valid() && null.disposition() == Disposition::MOVE_SEND_ONCE);
    let number = AnyRight::<Kernel>::Number(PortName(5), Disposition::PORT_NAME);
    assert!(!number.is_right() && number.is_valid());
    drop((null, Outbound::from(number)));
    kernel.assert_empty();
}

#[test]
fn outbound_rights_own_what_moves() {
    let kernel = Kernel::new();
    let (port, right) = kernel.port();
    let (copied, made, made_once) = (right.copy(), port.make_send(), port.make_send_once());
    let dispositions = [&copied, &made, &made_once].map(|it| it.disposition());
    assert_eq!(dispositions, [Disposition::COPY_SEND, Disposition::MAKE_SEND, Disposition::MAKE_SEND_ONCE]);
    drop((copied.detached(), made, made_once));
    assert_eq!(kernel.rights(port.name()).send, 1, "what is copied or made is not given back");
    let moved = Outbound::from(right);
    assert_eq!((moved.disposition(), moved.name()), (Disposition::MOVE_SEND, port.name()));
    drop(moved.detached());
    assert_eq!(kernel.rights(port.name()).send, 0, "what moves is");
    drop(Outbound::from(port));
    drop((Outbound::<Kernel>::null(), Outbound::<Kernel>::number(PortName(9))));
    kernel.assert_empty();
}

/// An array of rights owns what it has not yielded, wherever it is.
#[test]
fn arrays_own_the_rest() {
    let kernel = Kernel::new();
    let (port, _) = kernel.port();
    let some = |count: usize| (0..count).map(|_| kernel.send_right(&port)).collect::<Vec<_>>();
    let mut rights = Rights::collect(&kernel, some(4)).expect("there is memory");
    let first = rights.next();
    assert_eq!((rights.len(), rights.names().count(), kernel.rights(port.name()).send), (3, 3, 4));
    drop(rights);
    assert_eq!((kernel.rights(port.name()).send, kernel.accounts().regions.len()), (1, 0));
    drop(first);

    // Into a slice: what was there goes, and what does not fit goes too.
    let mut here = [SendRight::null(&kernel), kernel.send_right(&port)];
    let stored = Rights::collect(&kernel, some(3)).expect("there is memory").store(&mut here);
    assert_eq!((stored, kernel.rights(port.name()).send), (Err(mig_rt::MigError::ARRAY_TOO_LARGE), 2));
    let stored = Rights::collect(&kernel, some(1)).expect("there is memory").store(&mut here);
    assert_eq!((stored, kernel.rights(port.name()).send), (Ok(1), 2));
    drop(here);

    // Into a region of their own: the very same one, unless some are gone.
    let rights = Rights::collect(&kernel, some(2)).expect("there is memory");
    let before = kernel.accounts().regions;
    let mut rights = rights.into_region(&kernel).expect("it is in one");
    assert_eq!(kernel.accounts().regions, before);
    drop(rights.next());
    let rights = rights.into_region(&kernel).expect("there is memory");
    assert_eq!((rights.len(), kernel.accounts().regions.len()), (1, 1));
    assert_ne!(kernel.accounts().regions, before);
    assert_eq!(format!("{rights:?}"), format!("[{:?}]", port.name()));
    drop(rights);

    // Without memory they are given back.
    kernel.shortage(true);
    let refused = Rights::collect(&kernel, some(2));
    assert!(matches!(refused, Err(KernReturn::RESOURCE_SHORTAGE)));
    assert_eq!(kernel.rights(port.name()).send, 0);
    drop(port);
    kernel.assert_empty();
}

#[test]
fn arrays_refuse_rights_of_other_spaces() {
    let (kernel, elsewhere) = (Kernel::new(), Kernel::new());
    let ((port, right), (other, foreign)) = (kernel.port(), elsewhere.port());
    let refused = Rights::collect(&kernel, [right, foreign]);
    assert!(matches!(refused, Err(KernReturn::INVALID_RIGHT)));
    drop((port, other));
    kernel.assert_empty();
    elsewhere.assert_empty();
}

/// Whatever the disposition, what the message owns is what the receiver would release.
#[test]
fn dispositions() {
    for it in 0..=u8::MAX {
        let disposition = Disposition(it);
        let kind = disposition.received().owned();
        assert_eq!(disposition.is_port(), (16..=21).contains(&it));
        assert_eq!(kind.is_some(), disposition.is_port(), "{it}: a receiver owns rights and nothing else");
        assert_eq!(disposition.owned().is_some(), (16..=18).contains(&it), "{it}: a sender owns what it moves");
        if let Some(it) = disposition.owned() {
            assert_eq!(kind, Some(it));
        }
    }
    let kinds = [<SendRight<Kernel> as Right<Kernel>>::KIND, <ReceiveRight<Kernel> as Right<Kernel>>::KIND];
    assert_eq!(kinds, [RightKind::SEND, RightKind::RECEIVE]);
}
