//! Rights and their names: what merges, what each name can give and lose, and what that leaves.

use mig_rt::{Disposition, MsgReturn, PortName, RightKind, SendRight};
use runtime_kernel::Task;

use super::by_hand::{BODIES, ByHand, Item, names, names_at, poll, word};
use crate::covers::Outcome;
use crate::ports::{Side, each};
use crate::world::{World, give, port, release, type_of};

/// What a name can stand for. References of each are 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Receive,
    Send,
    Both,
    SendOnce,
    Set,
    Dead,
}

const KINDS: [Kind; 6] = [Kind::Receive, Kind::Send, Kind::Both, Kind::SendOnce, Kind::Set, Kind::Dead];

/// A name, and what must live as long as it does.
struct Named {
    name: PortName,
    /// Other names that the test is to destroy.
    beside: Vec<PortName>,
    _owner: Option<(Task, SendRight<Task>)>,
}

fn named(side: &Side, kind: Kind) -> Named {
    let alone = |name| Named { name, beside: Vec::new(), _owner: None };
    match kind {
        Kind::Receive => alone(side.port()),
        Kind::Both => alone(side.sendable()),
        Kind::Set => alone(side.set()),
        Kind::Dead => alone(side.dead()),
        Kind::SendOnce => {
            let (port, once) = side.once();
            Named { beside: vec![port], ..alone(once) }
        }
        Kind::Send => {
            let (task, port) = side.other();
            Named { _owner: Some((task.clone(), SendRight::null(&task))), ..alone(port.into_raw()) }
        }
    }
}

fn end(side: &Side, it: &Named) {
    // Where the test has not.
    let _ = side.mach_port_destroy(&side.me, it.name);
    side.destroy(&it.beside);
}

const DELTAS: [i32; 6] = [i32::MIN, -2, -1, 0, 1, i32::MAX];
const RIGHT: [&str; 6] = ["KERN_INVALID_RIGHT"; 6];
const ONE: [&str; 6] = [
    "KERN_INVALID_VALUE",
    "KERN_INVALID_VALUE",
    "KERN_SUCCESS",
    "KERN_SUCCESS",
    "KERN_INVALID_VALUE",
    "KERN_INVALID_VALUE",
];
const COUNTED: [&str; 6] =
    ["KERN_INVALID_VALUE", "KERN_INVALID_VALUE", "KERN_SUCCESS", "KERN_SUCCESS", "KERN_SUCCESS", "KERN_UREFS_OVERFLOW"];

/// What `mach_port_mod_refs` answers: by the right that is asked for, in the order of their numbers, and the difference.
fn answers(kind: Kind) -> [[&'static str; 6]; 5] {
    match kind {
        Kind::Receive => [RIGHT, ONE, RIGHT, RIGHT, RIGHT],
        Kind::Send => [COUNTED, RIGHT, RIGHT, RIGHT, RIGHT],
        Kind::Both => [COUNTED, ONE, RIGHT, RIGHT, RIGHT],
        Kind::SendOnce => [RIGHT, RIGHT, ONE, RIGHT, RIGHT],
        Kind::Set => [RIGHT, RIGHT, RIGHT, ONE, RIGHT],
        Kind::Dead => [RIGHT, RIGHT, RIGHT, RIGHT, COUNTED],
    }
}

#[test]
fn references_of_every_right_change_by_every_difference() {
    each(|side| {
        for kind in KINDS {
            for (right, codes) in (0..).map(RightKind).zip(answers(kind)) {
                for (delta, code) in DELTAS.into_iter().zip(codes) {
                    let it = named(side, kind);
                    let before = side.mach_port_type(&side.me, it.name).unwrap();
                    let answer = side.mach_port_mod_refs(&side.me, it.name, right, delta);
                    assert_eq!(answer.code(), code, "{kind:?}, right {}, {delta}", right.0);
                    let after = side.mach_port_type(&side.me, it.name).unwrap_or(0);
                    let lost = code == "KERN_SUCCESS" && delta == -1;
                    let left = match (lost, kind, right) {
                        (false, ..) => before,
                        (true, Kind::Both, RightKind::SEND) => 0x2_0000,
                        (true, Kind::Both, _) => 0x10_0000,
                        (true, ..) => 0,
                    };
                    assert_eq!(after, left, "{kind:?}, right {}, {delta}", right.0);
                    end(side, &it);
                }
            }
        }
    });
}

#[test]
fn each_kind_of_name_is_deallocated_or_not() {
    each(|side| {
        for (kind, code, left) in [
            (Kind::Receive, "KERN_INVALID_RIGHT", 0x2_0000),
            (Kind::Send, "KERN_SUCCESS", 0),
            (Kind::Both, "KERN_SUCCESS", 0x2_0000),
            (Kind::SendOnce, "KERN_SUCCESS", 0),
            (Kind::Set, "KERN_INVALID_RIGHT", 0x8_0000),
            (Kind::Dead, "KERN_SUCCESS", 0),
        ] {
            let it = named(side, kind);
            assert_eq!(side.mach_port_deallocate(&side.me, it.name).code(), code, "{kind:?}");
            assert_eq!(side.mach_port_type(&side.me, it.name).unwrap_or(0), left, "{kind:?}");
            end(side, &it);
        }
    });
}

/// Many names at once, freed in another order than they were made in: each time the right one goes.
#[test]
fn many_names_are_deallocated_in_any_order() {
    each(|side| {
        let names: Vec<PortName> = (0..200).map(|_| side.sendable()).collect();
        for at in 0..names.len() {
            let name = names[(at * 77) % names.len()];
            assert_eq!(side.mach_port_deallocate(&side.me, name), Ok(()));
            assert_eq!(side.mach_port_deallocate(&side.me, name).code(), "KERN_INVALID_RIGHT");
            assert_eq!(side.mach_port_mod_refs(&side.me, name, RightKind::RECEIVE, -1), Ok(()));
            assert_eq!(side.mach_port_deallocate(&side.me, name).code(), "KERN_INVALID_NAME");
        }
    });
}

const DISPOSITIONS: [Disposition; 6] = [
    Disposition::MOVE_RECEIVE,
    Disposition::MOVE_SEND,
    Disposition::MOVE_SEND_ONCE,
    Disposition::COPY_SEND,
    Disposition::MAKE_SEND,
    Disposition::MAKE_SEND_ONCE,
];

/// What a body takes from a name: for each disposition what the name is afterwards and what arrives, or nothing if it is
/// refused. `DEAD` arrives as no name.
fn gives(kind: Kind) -> [Option<(u32, u32)>; 6] {
    const RECEIVE: u32 = 0x2_0000;
    const SEND: u32 = 0x1_0000;
    const ONCE: u32 = 0x4_0000;
    const DEAD: u32 = 0x10_0000;
    match kind {
        Kind::Receive => [Some((0, RECEIVE)), None, None, None, Some((RECEIVE, SEND)), Some((RECEIVE, ONCE))],
        Kind::Send => [None, Some((0, SEND)), None, Some((SEND, SEND)), None, None],
        Kind::Both => {
            let whole = RECEIVE | SEND;
            let made = Some((whole, SEND));
            [Some((SEND, RECEIVE)), Some((RECEIVE, SEND)), None, made, made, Some((whole, ONCE))]
        }
        Kind::SendOnce => [None, None, Some((0, ONCE)), None, None, None],
        Kind::Set => [None; 6],
        Kind::Dead => [None, Some((0, 0)), Some((0, 0)), Some((DEAD, 0)), None, None],
    }
}

#[test]
fn each_kind_of_name_gives_what_it_has() {
    each(|side| {
        for abi in BODIES {
            let receiver = side.world.task("receiver");
            let service = port(&receiver);
            let to = give(&receiver, service, &side.task);
            for kind in KINDS {
                for (disposition, given) in DISPOSITIONS.into_iter().zip(gives(kind)) {
                    let it = named(side, kind);
                    let before = side.mach_port_type(&side.me, it.name).unwrap();
                    let message = ByHand::to(abi, to, Disposition::COPY_SEND, 1);
                    let message = message.with([Item::Right(it.name, disposition)]);
                    let sent = message.code(&side.task);
                    let what = format!("{kind:?} as {}", disposition.0);
                    let Some((left, arrives)) = given else {
                        assert_eq!(sent, Err(MsgReturn::SEND_INVALID_RIGHT), "{what}");
                        assert_eq!(side.mach_port_type(&side.me, it.name), Ok(before), "{what}");
                        end(side, &it);
                        continue;
                    };
                    assert_eq!(sent, Ok(()), "{what}");
                    assert_eq!(side.mach_port_type(&side.me, it.name).unwrap_or(0), left, "{what}");
                    let bytes = poll(&receiver, abi, service).unwrap();
                    let name = PortName(word(&bytes, message.places()[0]));
                    assert_eq!(type_of(&receiver, name), arrives, "{what}");
                    assert_eq!(name == PortName::DEAD, arrives == 0, "{what}");
                    end(side, &it);
                }
            }
            side.destroy(&[to]);
        }
    });
}

/// Null and dead are no rights, and go as any of them: alone and in arrays.
#[test]
fn names_of_nothing_pass_unchanged() {
    for abi in BODIES {
        let world = World::new();
        let (client, server) = (world.task("client"), world.task("server"));
        let service = port(&server);
        let to = give(&server, service, &client);
        for disposition in DISPOSITIONS {
            let nothing = [PortName::NULL, PortName::DEAD, PortName::NULL];
            let at = names(&client, &nothing);
            let message = ByHand::to(abi, to, Disposition::COPY_SEND, 1).with([
                Item::Right(PortName::NULL, disposition),
                Item::Right(PortName::DEAD, disposition),
                Item::Rights { at, count: 3, disposition, deallocate: true },
            ]);
            message.send(&client).unwrap();
            let bytes = poll(&server, abi, service).unwrap();
            let places = message.places();
            assert_eq!([word(&bytes, places[0]), word(&bytes, places[1])], [PortName::NULL.0, PortName::DEAD.0]);
            assert_eq!(names_at(&server, &bytes, places[2], 3), nothing);
        }
        assert_eq!(client.regions(), 0);
    }
}

/// Send rights to one port share a name wherever they come from; send-once rights never do.
#[test]
fn rights_to_one_port_have_one_name() {
    for abi in BODIES {
        let world = World::new();
        let (client, server) = (world.task("client"), world.task("server"));
        let service = port(&server);
        let to = give(&server, service, &client);
        let shared = port(&client);
        let (make, once) = (Disposition::MAKE_SEND, Disposition::MAKE_SEND_ONCE);
        let at = names(&client, &[shared; 3]);
        let message = ByHand::to(abi, to, Disposition::COPY_SEND, 1).reply_to(shared, make).with([
            Item::Right(shared, make),
            Item::Right(shared, once),
            Item::Rights { at, count: 3, disposition: make, deallocate: true },
            Item::Right(shared, once),
        ]);
        message.send(&client).unwrap();
        let bytes = poll(&server, abi, service).unwrap();
        let places = message.places();
        let reply = PortName(word(&bytes, 8));
        let right = |at: usize| PortName(word(&bytes, places[at]));
        assert_eq!((right(0), names_at(&server, &bytes, places[2], 3)), (reply, vec![reply; 3]));
        assert_eq!(references(&server, reply), Ok(5));
        assert!(right(1) != right(3) && right(1) != reply && right(3) != reply);
        assert_eq!((type_of(&server, right(1)), type_of(&server, reply)), (0x4_0000, 0x1_0000));
        // Whoever receives from the port has the right under that name as well, however far it has come.
        let back = ByHand::to(abi, reply, Disposition::COPY_SEND, 2);
        let back = back.with([Item::Right(reply, Disposition::COPY_SEND)]);
        back.send(&server).unwrap();
        let bytes = poll(&client, abi, shared).unwrap();
        assert_eq!(PortName(word(&bytes, back.places()[0])), shared);
        assert_eq!((type_of(&client, shared), references(&client, shared)), (0x3_0000, Ok(1)));
        release(&client, shared, RightKind::RECEIVE);
        assert_eq!(type_of(&server, reply), 0x10_0000);
    }
}

fn references(task: &Task, name: PortName) -> Result<u32, mig_rt::Error> {
    use generated::mach3::mach_port::gnumach_i386::mach_port_get_refs;
    mach_port_get_refs(&task.self_port(), name, RightKind::SEND)
}

/// At the limit a right that arrives is absorbed: it still counts as delivered, and the port counts the rights that are.
#[test]
fn references_end_at_their_limit() {
    use generated::mach3::mach_port::gnumach_i386 as mach_port;
    let world = World::new();
    let (client, server) = (world.task("client"), world.task("server"));
    let service = port(&server);
    let to = give(&server, service, &client);
    let own = port(&client);
    let bring = || {
        let message = ByHand::to(BODIES[0], to, Disposition::COPY_SEND, 1);
        message.with([Item::Right(own, Disposition::MAKE_SEND)]).send(&client).unwrap();
        PortName(word(&poll(&server, BODIES[0], service).unwrap(), 28))
    };
    let name = bring();
    let me = server.self_port();
    mach_port::mach_port_mod_refs(&me, name, RightKind::SEND, 65532).unwrap();
    for wanted in [65534, 65534, 65534] {
        assert_eq!(bring(), name);
        assert_eq!(references(&server, name), Ok(wanted));
    }
    // What was absorbed is not there to be given back.
    mach_port::mach_port_mod_refs(&me, name, RightKind::SEND, -65533).unwrap();
    assert_eq!(references(&server, name), Ok(1));
    mach_port::mach_port_deallocate(&me, name).unwrap();
    let status = mach_port::mach_port_get_receive_status(&client.self_port(), own).unwrap();
    assert!(!status.mps_srights);
}

/// A name that was freed is not the next one: whoever still uses it finds nothing, and not somebody else's right.
#[test]
fn a_freed_name_is_not_given_out_at_once() {
    each(|side| {
        let first = side.port();
        side.destroy(&[first]);
        for _ in 0..100 {
            let name = side.sendable();
            assert_ne!(name, first);
            assert_eq!(side.mach_port_deallocate(&side.me, first).code(), "KERN_INVALID_NAME");
            assert_eq!(side.mach_port_get_refs(&side.me, name, RightKind::SEND), Ok(1));
            side.destroy(&[name]);
        }
    });
}

/// Tables grow and shrink; what fails on the way leaves nothing behind.
#[test]
fn a_table_of_names_grows() {
    use generated::mach3::mach_port::gnumach_i386 as mach_port;
    let world = World::new();
    let task = world.task("task");
    let me = task.self_port();
    let before = task.rights().len();
    let allocate = || mach_port::mach_port_allocate(&me, RightKind::RECEIVE);
    let names: Vec<PortName> = (0..20_000).map(|_| allocate().unwrap()).collect();
    assert_eq!(task.rights().len(), before + names.len() + 1, "and a reply port");
    world.kernel.limit(runtime_kernel::Resource::Names, Some(0));
    for _ in 0..100 {
        assert_eq!(allocate().code(), "KERN_NO_SPACE");
    }
    world.kernel.limit(runtime_kernel::Resource::Names, None);
    assert_eq!(task.rights().len(), before + names.len() + 1);
    names.iter().rev().for_each(|it| mach_port::mach_port_destroy(&me, *it).unwrap());
    assert_eq!(task.rights().len(), before + 1);
}
