//! The loopback's accounts, on which the other tests rely: whoever leaks, frees twice or lies is found out.

use mig_rt::loopback::{PortAccounts, Stage};
use mig_rt::typed::{GnumachI386, Outgoing};
use mig_rt::{
    AbiId, Address, Buffer, Loopback, Memory, MsgId, MsgReturn, PortName, ReceiveRight, Region, RightKind, SendRight,
    Transport,
};

type Space = Loopback<()>;

fn space() -> Space {
    Loopback::new((), &[])
}

fn faults(space: &Space) -> Vec<String> {
    space.accounts().faults
}

#[test]
fn leaks_are_seen() {
    let space = space();
    let before = space.accounts();
    let port = ReceiveRight::new(&space).expect("there are ports");
    let name = space.make_send(&port).into_raw();
    let expected = PortAccounts { receive: true, send: 1, ..PortAccounts::default() };
    assert_eq!(space.accounts().ports[&name], expected);
    drop(port);
    // The port is dead, and the right to it is still somebody's.
    assert_eq!(space.accounts().ports[&name], PortAccounts { receive: false, ..expected });
    assert_ne!(space.accounts(), before);
    space.release(name, RightKind::SEND);
    assert_eq!(space.accounts(), before);

    // What was surrendered is a message's, and there is no message.
    let at = space.surrender(space.allocate(1, &mut |_| {}).expect("there is memory"));
    assert_eq!(space.accounts().regions, [at]);
    space.unlend(at, 1);
    assert_eq!(space.accounts(), before);
}

#[test]
fn giving_back_twice_is_a_fault() {
    let space = space();
    let port = ReceiveRight::new(&space).expect("there are ports");
    let name = port.name();
    for (kind, right) in [(RightKind::SEND, "RightKind(0)"), (RightKind::SEND_ONCE, "RightKind(2)")] {
        let before = faults(&space).len();
        space.release(name, kind);
        assert_eq!(faults(&space)[before..], [format!("released {right} of {name:?} once too often")]);
    }
    // SAFETY: none: the reference exists once and is given back twice, which is what must be noticed.
    drop(unsafe { ReceiveRight::from_raw(name, space.clone()) });
    drop(port);
    assert_eq!(faults(&space)[2..], [format!("released RightKind(1) of {name:?}, which does not exist")]);

    let region = Region::<Space, u8>::new(&space, &[1]).expect("there is memory").into_memory();
    let at = space.surrender(region);
    space.unlend(at, 1);
    space.unlend(at, 1);
    assert_eq!(faults(&space)[3..], [format!("freed memory at {at:?}, where there is none")]);
}

#[test]
fn taking_what_is_not_there_is_a_fault() {
    let space = space();
    let at = space.surrender(space.allocate(4, &mut |_| {}).expect("there is memory"));
    // SAFETY: the loopback's addresses are numbers; it is the accounts that must object, not the processor.
    let (first, second, never) =
        unsafe { (space.adopt(at, 4), space.adopt(at, 4), space.adopt(Address(0xdead_0000), 4)) };
    assert_eq!((first.len(), second.len(), never.len()), (4, 0, 0));
    drop((first, second, never));
    assert_eq!(
        faults(&space),
        [at, Address(0xdead_0000)].map(|it| format!("took memory at {it:?}, where no message has any"))
    );
    assert!(space.accounts().regions.is_empty());
    // SAFETY: address 0 is an empty region, any number of times.
    drop(unsafe { (space.adopt(Address(0), 0), space.adopt(Address(0), 4)) });
    assert_eq!(faults(&space).len(), 2);
}

/// A region that is shorter than its item says has the bytes that exist.
#[test]
fn regions_are_cut_to_their_items() {
    let space = space();
    let at = space.surrender(space.allocate(4, &mut |it| it.fill(7)).expect("there is memory"));
    // SAFETY: as above.
    let memory = unsafe { space.adopt(at, 2) };
    assert_eq!(memory.bytes(), Ok(&[7, 7][..]));
    drop(memory);
    let at = space.surrender(space.allocate(4, &mut |it| it.fill(7)).expect("there is memory"));
    // SAFETY: as above.
    let memory = unsafe { space.adopt(at, usize::MAX) };
    assert_eq!(memory.len(), 4);
    drop(memory);
    assert!(space.accounts().regions.is_empty() && faults(&space).is_empty());
}

#[test]
fn queues_are_counted_and_die_with_their_port() {
    let space = space();
    let before = space.accounts();
    let port = ReceiveRight::new(&space).expect("there are ports");
    let to = space.make_send(&port);
    let carried = space.port();
    for _ in 0..3 {
        let mut buffer = Buffer::<64>::new();
        let mut message = Outgoing::<_, GnumachI386>::new(&mut buffer, &to, MsgId(1));
        message.copy_send(mig_rt::typed::Ty::new(0x1001_2013), &carried);
        message.send().expect("there is room in the queue");
    }
    assert_eq!((space.accounts().ports[&port.name()].queued, space.accounts().ports[&carried.name()].send), (3, 4));
    drop(port);
    assert_eq!(space.accounts().ports[&carried.name()].send, 1);
    // To a dead port nothing is sent, and nothing is lost.
    let mut buffer = Buffer::<64>::new();
    let message = Outgoing::<_, GnumachI386>::new(&mut buffer, &to, MsgId(1));
    let refused = message.send().map_err(|it| it.kind());
    assert_eq!(refused, Err(mig_rt::ErrorKind::Msg(MsgReturn::SEND_INVALID_DEST)));
    drop((to, carried));
    assert_eq!(space.accounts(), before);
}

/// What is not a right is not sent, and says so with the kernel's code.
#[test]
fn copy_in_refuses() {
    let space = space();
    let to = space.port();
    let send = |word: u64, name: u32| {
        let mut buffer = Buffer::<64>::new();
        let mut message = Outgoing::<_, GnumachI386>::new(&mut buffer, &to, MsgId(1));
        // SAFETY: none: a name that nobody owns, which the kernel must notice.
        let wrong = unsafe { SendRight::from_raw(PortName(name), space.clone()) };
        message.copy_send(mig_rt::typed::Ty::new(word), &wrong);
        wrong.into_raw();
        message.send().map_err(|it| it.kind())
    };
    let refused = Err(mig_rt::ErrorKind::Msg(MsgReturn::SEND_INVALID_RIGHT));
    assert_eq!(send(0x1001_2013, 0x5555), refused);
    assert_eq!(send(0x1001_2011, 0x5555), refused);
    assert_eq!(send(0x1001_2014, 0x5555), refused);
    assert_eq!(send(0x1001_2012, to.name().0), refused);
    assert_eq!((send(0x1001_2013, 0), send(0x1001_2013, u32::MAX)), (Ok(()), Ok(())));
    // An item that is longer than its message.
    let too_small = Err(mig_rt::ErrorKind::Msg(MsgReturn::SEND_MSG_TOO_SMALL));
    assert_eq!(send(0x1fff_2013, 0), too_small);
    drop(to);
    assert!(faults(&space).is_empty() && space.accounts().regions.is_empty());
}

#[test]
fn names_and_addresses_are_the_callers_to_choose() {
    let space = Loopback::<()>::named((), &[], PortName(100), PortName(200));
    assert_eq!((space.port().name(), space.reply_port()), (PortName(100), Ok(PortName(200))));
    let port = space.port_named(PortName(300));
    let taken = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| space.port_named(PortName(300))));
    assert!(taken.is_err());
    drop(port);
    space.set_next_address(Address(0x5000));
    let regions = [Region::new(&space, &[1u8; 5000]), Region::new(&space, &[1u8])].map(|it| it.expect("memory"));
    assert_eq!(space.accounts().regions, [Address(0x5000), Address(0x7000)]);
    drop(regions);
    // The cached reply port is not listed while it is idle, and is gone for good when it is retired.
    assert_eq!(space.accounts().ports.keys().collect::<Vec<_>>(), [&PortName(100)]);
    space.retire_reply_port(PortName(200));
    space.retire_reply_port(PortName(200));
    assert!(faults(&space).is_empty());
    assert_ne!(space.reply_port(), Ok(PortName(200)));
}

/// A message that a tap changes is one that a kernel could have delivered: what it claims exists.
#[test]
fn accounts_follow_a_tap() {
    let space = space();
    let port = ReceiveRight::new(&space).expect("there are ports");
    let to = space.make_send(&port);
    space.tap(|tapped| {
        if tapped.stage == Stage::Received {
            // A send right becomes a send-once right to another port, and an item of three receive rights follows.
            tapped.bytes[24..32].copy_from_slice(&[0x12, 0x20, 0x01, 0x10, 0x99, 0, 0, 0]);
            tapped.bytes.extend([0x10, 0x20, 0x02, 0x10, 0x98, 0, 0, 0, 0x98, 0, 0, 0]);
        }
        Ok(())
    });
    let mut buffer = Buffer::<64>::new();
    let mut message = Outgoing::<_, GnumachI386>::new(&mut buffer, &to, MsgId(1));
    message.copy_send(mig_rt::typed::Ty::new(0x1001_2013), &to);
    message.send().expect("there is room in the queue");
    let ports = space.accounts().ports;
    assert_eq!((ports[&port.name()].send, ports[&PortName(0x99)].send_once), (1, 1));
    assert!(ports[&PortName(0x98)].receive);
    // The second right to receive from one port cannot be: it is to a port of its own.
    assert_eq!(ports.values().filter(|it| it.receive).count(), 4);
    drop((to, port));
    assert_eq!(space.accounts().ports.len(), 1);
    assert!(faults(&space).is_empty());
    assert_eq!(<Space as Transport>::ABIS.len(), AbiId::ALL.len());
}
