//! Attributes in arrays of words, and messages seen without being received.

use generated::darwin::mach_port::any;
use generated::darwin::types::{MachPortDnrequestsSize, MachPortLimits, MachPortStatus};
use mig_rt::flavor::{Flavor, flavored};
use mig_rt::{Disposition, MsgId, PortName, SendRight, TrailerElements};
use runtime_kernel::Task;

use super::{Side, darwin};
use crate::covers::Outcome;
use crate::world::{Simple, poll};

const LIMITS: i32 = MachPortLimits::NUMBER;
const STATUS: i32 = MachPortStatus::NUMBER;
const REQUESTS: i32 = MachPortDnrequestsSize::NUMBER;
/// `MACH_PORT_GUARD_INFO`
const GUARD: i32 = 8;

impl Side {
    fn get<F: Flavor>(&self, name: PortName) -> mig_rt::Result<F> {
        flavored(self.abi, |number, room| any::mach_port_get_attributes(self.abi, &self.me, name, number, room))
    }

    /// What Darwin tells of a receive right.
    pub(super) fn status(&self, name: PortName) -> MachPortStatus {
        self.get(name).unwrap()
    }
}

#[test]
fn get_attributes() {
    darwin(|side| {
        let (me, name, set) = (&side.me, side.sendable(), side.set());
        side.mach_port_move_member(me, name, set).unwrap();
        let it = covers!("mach_port_get_attributes", "KERN_SUCCESS", side.get::<MachPortLimits>(name)).unwrap();
        assert_eq!(it.mpl_qlimit, 5);
        let it = covers!("mach_port_get_attributes", "KERN_SUCCESS", side.get::<MachPortStatus>(name)).unwrap();
        assert_eq!((it.mps_pset, it.mps_mscount, it.mps_qlimit, it.mps_msgcount), (1, 1, 5, 0));
        assert_eq!((it.mps_sorights, it.mps_srights, it.mps_pdrequest, it.mps_nsrequest), (0, true, false, false));
        let it = side.get::<MachPortDnrequestsSize>(name);
        assert_eq!(covers!("mach_port_get_attributes", "KERN_SUCCESS", it).unwrap().size, 0);
        let get = |task: &SendRight<Task>, name, flavor, words: usize| {
            any::mach_port_get_attributes(side.abi, task, name, flavor, &mut [0; 17][..words])
        };
        covers!("mach_port_get_attributes", "KERN_INVALID_TASK", get(&side.host, name, LIMITS, 1));
        for (flavor, words) in [(LIMITS, 0), (STATUS, 9), (REQUESTS, 0)] {
            covers!("mach_port_get_attributes", "KERN_FAILURE", get(me, side.none, flavor, words));
        }
        for flavor in [0, 17, -1] {
            covers!("mach_port_get_attributes", "KERN_INVALID_ARGUMENT", get(me, side.none, flavor, 17));
        }
        for flavor in [LIMITS, STATUS, REQUESTS] {
            covers!("mach_port_get_attributes", "KERN_INVALID_NAME", get(me, side.none, flavor, 17));
            covers!("mach_port_get_attributes", "KERN_INVALID_RIGHT", get(me, set, flavor, 17));
        }
        side.destroy(&[name, set]);
    });
}

#[test]
fn set_attributes() {
    darwin(|side| {
        let (me, name) = (&side.me, side.port());
        let set =
            |task, name, flavor, words: &[u32]| any::mach_port_set_attributes(side.abi, task, name, flavor, words);
        for limit in [0, 1024] {
            covers!("mach_port_set_attributes", "KERN_SUCCESS", set(me, name, LIMITS, &[limit]));
            assert_eq!(side.status(name).mps_qlimit, limit);
        }
        covers!("mach_port_set_attributes", "KERN_SUCCESS", set(me, name, REQUESTS, &[100]));
        assert!(side.get::<MachPortDnrequestsSize>(name).unwrap().size >= 100);
        covers!("mach_port_set_attributes", "KERN_INVALID_TASK", set(&side.host, name, LIMITS, &[1]));
        for flavor in [LIMITS, REQUESTS] {
            covers!("mach_port_set_attributes", "KERN_FAILURE", set(me, side.none, flavor, &[]));
            covers!("mach_port_set_attributes", "KERN_INVALID_VALUE", set(me, side.none, flavor, &[1025]));
            covers!("mach_port_set_attributes", "KERN_INVALID_NAME", set(me, side.none, flavor, &[1]));
            covers!("mach_port_set_attributes", "KERN_INVALID_RIGHT", set(me, me.name(), flavor, &[1]));
        }
        for flavor in [STATUS, 0, -1] {
            covers!("mach_port_set_attributes", "KERN_INVALID_ARGUMENT", set(me, name, flavor, &[1]));
        }
        side.destroy(&[name]);
    });
}

#[test]
fn a_task_that_is_wrong_about_a_guard_ends() {
    darwin(|side| {
        let (other, port) = side.other();
        let name = side.mach_port_allocate(&port, mig_rt::RightKind::RECEIVE).unwrap();
        any::mach_port_guard(side.abi, &port, name, 0x5_0000_0001, false).unwrap();
        let hold =
            |task, name, flavor, words: &[u32]| any::mach_port_assert_attributes(side.abi, task, name, flavor, words);
        covers!("mach_port_assert_attributes", "KERN_SUCCESS", hold(&port, name, GUARD, &[1, 5]));
        covers!("mach_port_assert_attributes", "KERN_INVALID_TASK", hold(&side.host, name, GUARD, &[1, 5]));
        covers!("mach_port_assert_attributes", "KERN_FAILURE", hold(&port, name, GUARD, &[1]));
        covers!("mach_port_assert_attributes", "KERN_INVALID_ARGUMENT", hold(&port, name, LIMITS, &[5]));
        covers!("mach_port_assert_attributes", "KERN_INVALID_NAME", hold(&port, side.none, GUARD, &[1, 5]));
        let of_set = side.mach_port_allocate(&port, mig_rt::RightKind::PORT_SET).unwrap();
        covers!("mach_port_assert_attributes", "KERN_INVALID_RIGHT", hold(&port, of_set, GUARD, &[1, 5]));
        assert!(!other.rights().is_empty());
        covers!("mach_port_assert_attributes", "KERN_INVALID_ARGUMENT", hold(&port, name, GUARD, &[2, 5]));
        assert_eq!(other.rights(), []);
        assert_eq!(hold(&port, name, GUARD, &[1, 5]).code(), "MACH_SEND_INVALID_DEST");
    });
}

#[test]
fn peek() {
    darwin(|side| {
        let (me, name) = (&side.me, side.port());
        let peek = |task, name, elements: u32, number, room: usize| {
            let mut trailer = [0xee; 68];
            let it = any::mach_port_peek(side.abi, task, name, elements << 24, number, &mut trailer[..room])?;
            Ok::<_, mig_rt::Error>((it.request_seqnop, it.msg_sizep, it.msg_idp, trailer[..it.trailer_infop].to_vec()))
        };
        covers!("mach_port_peek", "KERN_FAILURE", peek(me, name, 0, 0, 68));
        side.mach_port_set_seqno(me, name, 40).unwrap();
        for id in [7, 8] {
            Simple::to(name, Disposition::MAKE_SEND, id).send(&side.task).unwrap();
        }
        for (number, told, id) in [(0, 40, 7), (40, 40, 7), (41, 41, 8)] {
            let it = covers!("mach_port_peek", "KERN_SUCCESS", peek(me, name, 1, number, 68)).unwrap();
            assert_eq!((it.0, it.1, it.2), (told, 24, MsgId(id)));
            assert_eq!(it.3, [0, 0, 0, 0, 12, 0, 0, 0, told as u8, 0, 0, 0]);
        }
        for elements in 0..=4 {
            let it = covers!("mach_port_peek", "KERN_SUCCESS", peek(me, name, elements, 0, 68)).unwrap();
            assert_eq!(it.3.len(), [8, 12, 20, 52, 60][elements as usize]);
        }
        // What was seen is still there, with its number.
        assert_eq!(side.waiting(name), 2);
        assert_eq!(poll(&side.task, name).unwrap().sequence(), 40);
        covers!("mach_port_peek", "KERN_FAILURE", peek(me, name, 0, 40, 68));
        covers!("mach_port_peek", "KERN_FAILURE", peek(me, name, 0, 42, 68));
        covers!("mach_port_peek", "KERN_FAILURE", peek(me, name, 4, 0, TrailerElements::Context.size() - 1));
        covers!("mach_port_peek", "KERN_INVALID_VALUE", peek(me, name, 5, 0, 68));
        covers!("mach_port_peek", "KERN_INVALID_NAME", peek(me, side.none, 0, 0, 68));
        covers!("mach_port_peek", "KERN_INVALID_RIGHT", peek(me, me.name(), 0, 0, 68));
        covers!("mach_port_peek", "KERN_INVALID_TASK", peek(&side.host, name, 0, 0, 68));
        side.destroy(&[name]);
    });
}
