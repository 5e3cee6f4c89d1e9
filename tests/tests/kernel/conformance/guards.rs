//! Receive rights that stay where they are.

use generated::darwin::mach_port::any;
use mig_rt::{Disposition, MsgReturn, PortName};

use super::by_hand::{BODIES, ByHand, Item, names, poll, word};
use crate::covers::Outcome;
use crate::ports::{Side, darwin, right};
use crate::world::{give, port, type_of};

const WORD: u64 = 0xfeed_f00d;

fn guarded(side: &Side, flags: u64) -> PortName {
    let name = side.port();
    any::mach_port_guard_with_flags(side.abi, &side.me, name, WORD, flags).unwrap();
    name
}

/// Alone, in an array, into another task: it does not move, and what stood before it in the message is gone.
#[test]
fn an_immovable_right_does_not_move() {
    darwin(|side| {
        let immovable = guarded(side, 2);
        let (other, at_other) = side.other();
        let service = port(&other);
        let to = give(&other, service, &side.task);
        for abi in BODIES {
            let gone = side.port();
            let at = names(&side.task, &[immovable]);
            let moves = Disposition::MOVE_RECEIVE;
            let array = Item::Rights { at, count: 1, disposition: moves, deallocate: true };
            for item in [Item::Right(immovable, moves), array] {
                let message = ByHand::to(abi, to, Disposition::COPY_SEND, 1);
                let refused = message.with([Item::Right(gone, Disposition::MAKE_SEND), item]).code(&side.task);
                assert_eq!(refused, Err(MsgReturn::SEND_INVALID_RIGHT));
                assert_eq!(type_of(&side.task, immovable), 0x2_0000);
                assert_eq!(any::mach_port_get_srights(side.abi, &side.me, gone), Ok(0));
            }
            assert_eq!(side.task.regions(), 0, "the array was taken before its rights were");
            side.destroy(&[gone]);
        }
        let inserted = side.mach_port_insert_right(&at_other, side.none, right(immovable, Disposition::MOVE_RECEIVE));
        assert_eq!(inserted.code(), "MACH_SEND_INVALID_RIGHT");
        // Everything else can be done with it.
        for disposition in [Disposition::MAKE_SEND, Disposition::MAKE_SEND_ONCE] {
            let message = ByHand::to(BODIES[1], to, Disposition::COPY_SEND, 1);
            message.with([Item::Right(immovable, disposition)]).send(&side.task).unwrap();
        }
        any::mach_port_unguard(side.abi, &side.me, immovable, WORD).unwrap();
        let message = ByHand::to(BODIES[1], to, Disposition::COPY_SEND, 1);
        let message = message.with([Item::Right(immovable, Disposition::MOVE_RECEIVE)]);
        message.send(&side.task).unwrap();
        let arrived = [(); 3].map(|()| PortName(word(&poll(&other, BODIES[1], service).unwrap(), 28)));
        assert_eq!(arrived.map(|it| type_of(&other, it)), [0x3_0000, 0x4_0000, 0x3_0000]);
        side.destroy(&[to]);
    });
}

/// Another guard does not forbid it, and ends with the move.
#[test]
fn a_guard_ends_where_its_right_does() {
    darwin(|side| {
        for flags in [0, 1] {
            let name = guarded(side, flags);
            assert_eq!(side.mach_port_destroy(&side.me, name).code(), "KERN_INVALID_RIGHT");
            let moved = side.mach_port_extract_right(&side.me, name, Disposition::MOVE_RECEIVE).unwrap().into_raw();
            side.destroy(&[moved]);
        }
    });
}

/// A guard does not outlive its task, movable or not.
#[test]
fn a_task_that_ends_takes_its_guarded_ports_along() {
    darwin(|side| {
        for flags in [0, 1, 2, 3] {
            let (other, at_other) = side.other();
            let name = port(&other);
            any::mach_port_guard_with_flags(side.abi, &at_other, name, WORD, flags).unwrap();
            let to = give(&other, name, &side.task);
            other.terminate();
            assert_eq!(type_of(&side.task, to), 0x10_0000);
            side.destroy(&[to]);
        }
    });
}
