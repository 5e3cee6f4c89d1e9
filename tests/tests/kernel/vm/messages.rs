//! Memory in messages: copies, pages that change hands, and what stays behind.

use mig_rt::{AbiId, Address, KernReturn, MsgReturn, Operation, PortName, Protection, SendRight, Timeout};
use runtime_kernel::Task;

use super::PAGE;
use crate::world::{World, give, port};

const ABI: AbiId = AbiId::GnumachI386;
/// A type word in the long form: bytes out of line follow.
const LONG: u32 = 0x2000_0000;
/// Their memory goes with the message.
const DEALLOCATE: u32 = 0x4000_0000;
/// Bytes, of 8 bits.
const BYTES: u32 = 8 << 16 | 9;

/// Two tasks of 32 bits, the port of the second, and what the first calls it.
struct Pair {
    world: World,
    from: Task,
    to: Task,
    there: PortName,
    here: PortName,
    me: SendRight<Task>,
}

fn pair() -> Pair {
    let world = World::new();
    let (from, to) = (world.task("from"), world.task("to"));
    let there = port(&to);
    let here = give(&to, there, &from);
    let me = from.self_port();
    Pair { world, from, to, there, here, me }
}

impl Pair {
    fn send(&self, at: u64, size: u64, flags: u32) -> Result<(), MsgReturn> {
        let words = [0x8000_0013, 40, self.here.0, 0, 0, 1, LONG | flags, BYTES, size as u32, at as u32];
        let mut bytes: Vec<u8> = words.iter().flat_map(|it| it.to_le_bytes()).collect();
        let operation = Operation { send: true, send_timeout: Some(Timeout(0)), ..Operation::default() };
        let sent = self.from.mach_msg(ABI, operation, PortName::NULL, &mut bytes, 0);
        sent.map(drop).map_err(|it| it.code)
    }

    /// Where the memory of the next message is.
    fn receive(&self) -> u64 {
        let mut bytes = Vec::new();
        let operation =
            Operation { receive: Some(self.there), receive_timeout: Some(Timeout(0)), ..Operation::default() };
        self.to.mach_msg(ABI, operation, PortName::NULL, &mut bytes, 100).unwrap();
        u32::from_le_bytes(bytes[36..40].try_into().unwrap()).into()
    }

    /// Pages of the sender, each filled with its number.
    fn pages(&self, count: u64) -> u64 {
        let at = generated::mach3::mach::any::vm_allocate(ABI, &self.me, Address(0), mig_rt::Size(count * PAGE), true);
        let at = at.unwrap().0;
        for page in 0..count {
            self.from.write(Address(at + page * PAGE), &[page as u8 + 1; PAGE as usize]).unwrap();
        }
        at
    }

    fn count(&self) -> usize {
        assert_eq!(self.world.kernel.check(), Ok(()));
        self.world.kernel.census().pages
    }
}

#[test]
fn a_message_is_a_copy_that_costs_no_page() {
    let pair = pair();
    let at = pair.pages(4);
    pair.send(at, 4 * PAGE, 0).unwrap();
    assert_eq!(pair.count(), 4, "on its way");
    pair.from.write(Address(at), &[9]).unwrap();
    let there = pair.receive();
    assert_eq!(pair.count(), 5, "the first page is two now");
    assert_eq!(pair.to.read(Address(there), 1).unwrap(), [1], "as it was when it was sent");
    pair.to.write(Address(there + PAGE), &[8]).unwrap();
    assert_eq!(pair.from.read(Address(at + PAGE), 1).unwrap(), [2]);
    assert_eq!(pair.count(), 6);
    pair.from.terminate();
    assert_eq!(pair.to.read(Address(there + 3 * PAGE), 1).unwrap(), [4], "a copy survives its origin");
    assert_eq!(pair.count(), 4);
}

#[test]
fn pages_change_hands() {
    let pair = pair();
    let at = pair.pages(4);
    pair.send(at + PAGE, 2 * PAGE, DEALLOCATE).unwrap();
    assert_eq!(pair.from.read(Address(at + PAGE), 1), Err(KernReturn::INVALID_ADDRESS));
    assert_eq!(pair.from.read(Address(at + 3 * PAGE), 1), Ok(vec![4]));
    let there = pair.receive();
    let statistics = || generated::mach3::mach::any::vm_statistics(ABI, &pair.me).unwrap();
    let before = statistics().cow_faults;
    pair.to.write(Address(there + PAGE), &[7]).unwrap();
    assert_eq!(pair.to.read(Address(there), 1), Ok(vec![2]));
    assert_eq!((pair.count(), statistics().cow_faults), (4, before), "nothing was copied");
}

#[test]
fn what_stands_beside_the_bytes_stays_behind() {
    for flags in [0, DEALLOCATE] {
        let pair = pair();
        let at = pair.pages(3);
        pair.send(at + PAGE - 10, PAGE + 20, flags).unwrap();
        let there = pair.receive();
        assert_eq!(there % PAGE, PAGE - 10, "as far behind the start of the page as it was");
        let seen = pair.to.read(Address(there - (PAGE - 10)), 3 * PAGE as usize).unwrap();
        let (before, rest) = seen.split_at(PAGE as usize - 10);
        let (bytes, behind) = rest.split_at(PAGE as usize + 20);
        assert!(before.iter().chain(behind).all(|it| *it == 0), "nobody's business");
        assert_eq!((bytes[9], bytes[10], bytes[PAGE as usize + 10]), (1, 2, 3));
        // All pages that the bytes touch go with them.
        let left = pair.from.read(Address(at), 1);
        assert_eq!(left, if flags == 0 { Ok(vec![1]) } else { Err(KernReturn::INVALID_ADDRESS) });
        pair.count();
    }
}

#[test]
fn nothing_is_nowhere() {
    let pair = pair();
    pair.send(0xdead_0000, 0, DEALLOCATE).unwrap();
    assert_eq!((pair.receive(), pair.to.regions()), (0, 0));
}

#[test]
fn memory_that_is_untouched_is_sent_too() {
    let pair = pair();
    let size = mig_rt::Size(1 << 30);
    let at = generated::mach3::mach::any::vm_allocate(ABI, &pair.me, Address(0), size, true).unwrap().0;
    pair.from.write(Address(at + 12_345 * PAGE), &[5]).unwrap();
    pair.send(at, size.0, 0).unwrap();
    let there = pair.receive();
    assert_eq!(pair.to.read(Address(there + 12_345 * PAGE), 1), Ok(vec![5]));
    assert_eq!(pair.to.read(Address(there + size.0 - 1), 1), Ok(vec![0]));
    assert_eq!(pair.count(), 2);
}

#[test]
fn what_cannot_be_read_cannot_be_sent() {
    let pair = pair();
    let at = pair.pages(3);
    let size = mig_rt::Size(PAGE);
    let protect = generated::mach3::mach::any::vm_protect;
    protect(ABI, &pair.me, Address(at + PAGE), size, false, Protection::NONE).unwrap();
    for (at, size) in [(at, 3 * PAGE), (at + PAGE, 1), (at + 2 * PAGE, PAGE + 1), (0xffff_f000, 0x2000)] {
        assert_eq!(pair.send(at, size, DEALLOCATE), Err(MsgReturn::SEND_INVALID_MEMORY));
    }
    assert_eq!(pair.from.read(Address(at), 1), Ok(vec![1]), "and stays");
}

#[test]
fn what_others_see_stays_theirs() {
    let pair = pair();
    let at = pair.pages(2);
    let inherit = generated::mach3::mach::any::vm_inherit;
    inherit(ABI, &pair.me, Address(at), mig_rt::Size(2 * PAGE), mig_rt::Inherit::SHARE).unwrap();
    let child = pair.world.kernel.fork(&pair.from, "child").unwrap();
    pair.send(at, 2 * PAGE, DEALLOCATE).unwrap();
    let there = pair.receive();
    pair.to.write(Address(there), &[9]).unwrap();
    assert_eq!(child.read(Address(at), 1), Ok(vec![1]));
    child.write(Address(at + PAGE), &[8]).unwrap();
    assert_eq!(pair.to.read(Address(there + PAGE), 1), Ok(vec![2]));
    pair.count();
}
