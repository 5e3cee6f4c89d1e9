//! Replies: the room for results, and what a server's failures leave.

use mig_rt::serve::{Served, answer};
use mig_rt::typed::{ReplyHead, Request, Reserved, Row};
use mig_rt::{
    Buffer, Disposition, KernReturn, Layout, PortName, Region, Rights, Room, SendOnceRight, SendRight, Subsystem, Wide,
};

use crate::kernel::Kernel;
use crate::probe::{ID, Word, aligned, each_abi, message, port, word};

/// Writes the results behind the head of a reply.
type Write<W> = fn(&Kernel, Space<'_, W>) -> Served;

struct Writer<W: Row>(Kernel, Write<W>);

/// Room that every writer here asks for.
const MAX: usize = 200;
type Space<'b, W> = Reserved<'b, Kernel, W, MAX>;

fn dispatch<W: Row>(writer: &mut Writer<W>, _: Request<'_, Kernel, W>, reply: ReplyHead<'_, Kernel, W>) -> Served {
    (writer.1)(&writer.0, reply.reserve::<MAX>()?)
}

/// The answer that a writer makes in so many bytes; the reply right is released, and what the body holds stays.
fn answered<W: Row, const N: usize>(kernel: &Kernel, write: Write<W>) -> Vec<u8> {
    let (client, _) = kernel.port();
    let reply = kernel.send_once_right(&client).into_raw();
    let request = message::<W>(ID, false, reply, &[]);
    let mut room = Buffer::<N>::new();
    let subsystem = Subsystem::new(ID..=ID, W::dispatcher(dispatch::<W>));
    let mut writer = Writer(kernel.clone(), write);
    let size = aligned(&request, |request| {
        // SAFETY: the reply right was made above, and the request holds nothing else.
        unsafe { answer(W::ABI, request, room.bytes(), &[subsystem], &mut writer, kernel.clone()) }
    });
    // SAFETY: the answer owns the right, and only its body is looked at from here.
    drop(unsafe { SendOnceRight::from_raw(reply, kernel.clone()) });
    let size = size.expect("there is a reply right");
    // SAFETY: the answer has this size.
    unsafe { std::slice::from_raw_parts(room.bytes().as_ptr().cast::<u8>(), size) }.to_vec()
}

fn code<W: Row>(answer: &[u8]) -> i32 {
    i32::from_le_bytes([answer[W::CODE], answer[W::CODE + 1], answer[W::CODE + 2], answer[W::CODE + 3]])
}

const BYTES: Word = word(9, 8, 0);
const INTS: Word = word(2, 32, 0);
const LONGS: Word = word(11, 64, 0);

#[test]
fn the_room_is_checked_before_anything_runs() {
    fn of<W: Row>() {
        let kernel = Kernel::new();
        let write: Write<W> = |_, reply| reply.begin().finish();
        assert_eq!(answered::<W, MAX>(&kernel, write).len(), W::BARE);
        let refused = answered::<W, { MAX - 1 }>(&kernel, |_, _| panic!("there is no room"));
        assert_eq!((code::<W>(&refused), refused.len()), (KernReturn::MIG_BAD_ARGUMENTS.code(), W::BARE));
        kernel.assert_empty();
    }
    each_abi!(of);
}

/// Without room for so much as an error there is no answer, and the client learns that its right is gone.
#[test]
fn no_room_at_all() {
    fn of<W: Row>() {
        let kernel = Kernel::new();
        let (client, right) = kernel.port();
        for size in [0, 8, W::BARE - 1] {
            let reply = kernel.send_once_right(&client).into_raw();
            let item =
                port::<W>(Disposition::MOVE_SEND, 1).names::<W>(&[right.try_clone().expect("it can").into_raw().0]);
            let request = message::<W>(ID, true, reply, &item);
            let mut room = Buffer::<256>::new();
            let subsystem = Subsystem::new(ID..=ID, W::dispatcher(dispatch::<W>));
            let mut writer = Writer::<W>(kernel.clone(), |_, _| panic!("there is no room"));
            let sent = aligned(&request, |request| {
                // SAFETY: both rights were made above.
                unsafe { answer(W::ABI, request, &mut room.bytes()[..size], &[subsystem], &mut writer, kernel.clone()) }
            });
            assert_eq!(sent, None);
            assert_eq!((kernel.rights(client.name()).send, kernel.rights(client.name()).send_once), (1, 0));
        }
        // Less than a header is no message, and has no right to release.
        for size in [0, W::HEADER - 1] {
            let (mut room, request) = (Buffer::<256>::new(), message::<W>(ID, true, right.name(), &[]));
            let mut writer = Writer::<W>(kernel.clone(), |_, _| panic!("there is no request"));
            let subsystem = Subsystem::new(ID..=ID, W::dispatcher(dispatch::<W>));
            let sent = aligned(&request[..size], |request| {
                // SAFETY: it holds nothing.
                unsafe { answer(W::ABI, request, room.bytes(), &[subsystem], &mut writer, kernel.clone()) }
            });
            assert_eq!(sent, None);
        }
        drop((client, right));
        kernel.assert_empty();
    }
    each_abi!(of);
}

/// Two arrays: each is filled where it stands if both are full, and the second moves down behind a shorter first.
#[test]
fn arrays_move_together() {
    fn of<W: Row>() {
        const FIRST: usize = 8;
        const SECOND: usize = 4;
        fn two<W: Row>(reply: Space<'_, W>, counts: (usize, usize)) -> Served {
            let mut reply = reply;
            let first = W::BARE + W::WORD;
            let second = first + FIRST + W::WORD;
            let mut rooms = reply.rooms();
            let mut bytes = rooms.array::<u8>(first, FIRST);
            let mut ints = rooms.array::<i32>(second, SECOND);
            assert_eq!((bytes.capacity(), ints.capacity(), bytes.abi()), (FIRST, SECOND, W::ABI));
            assert!(bytes.fill(1..=counts.0 as u8) && ints.fill(1..=counts.1 as i32));
            assert_eq!(bytes.push(9), counts.0 < FIRST);
            bytes.truncate(counts.0);
            assert_eq!((bytes.written().len(), ints.written_mut().len()), counts);
            let (bytes, ints) = (bytes.filled(), ints.filled());
            let mut reply = reply.begin();
            reply.counted_in_place::<u8>(BYTES.ty::<W>(), first, bytes);
            reply.counted_in_place::<i32>(INTS.ty::<W>(), second, ints);
            reply.finish()
        }
        let kernel = Kernel::new();
        let writes: [(Write<W>, usize, usize); 5] = [
            (|_, it| two(it, (0, 0)), 0, 0),
            (|_, it| two(it, (1, 1)), 1, 1),
            (|_, it| two(it, (FIRST, SECOND)), FIRST, SECOND),
            (|_, it| two(it, (0, SECOND)), 0, SECOND),
            (|_, it| two(it, (5, 3)), 5, 3),
        ];
        for (write, bytes, ints) in writes {
            let answer = answered::<W, MAX>(&kernel, write);
            let first = Word { number: bytes as u32, ..BYTES }.item::<W>(&(1..=bytes as u8).collect::<Vec<_>>());
            let second: Vec<u8> = (1..=ints as i32).flat_map(i32::to_le_bytes).collect();
            let second = Word { number: ints as u32, ..INTS }.item::<W>(&second);
            assert_eq!(answer[W::BARE..], [first, second].concat(), "{bytes} and {ints}");
        }
        kernel.assert_empty();
    }
    each_abi!(of);
}

/// A room of the caller's own: all or nothing, and nothing beyond the end.
#[test]
fn rooms_are_not_overrun() {
    let abi = mig_rt::AbiId::GnumachI386;
    let mut storage = [const { std::mem::MaybeUninit::<u32>::uninit() }; 4];
    let mut room = Room::new(&mut storage, abi);
    assert!(room.is_empty());
    assert_eq!(room.extend(&[1, 2, 3, 4, 5]), Err(KernReturn::MIG_ARRAY_TOO_LARGE));
    assert_eq!((room.len(), room.extend(&[1, 2]), room.extend(&[])), (0, Ok(()), Ok(())));
    assert_eq!(room.extend(&[3, 4, 5]), Err(KernReturn::MIG_ARRAY_TOO_LARGE));
    assert!(!room.fill(5..9), "the room is full before the iterator is");
    assert_eq!(room.written(), [1, 2, 5, 6]);
    assert!(!room.push(9));
    room.truncate(7);
    room.truncate(1);
    room.written_mut()[0] = 8;
    assert_eq!(room.written(), [8]);
    assert_eq!(room.filled(), 1);
    let room = Room::new(&mut storage, abi).limit(9).limit(2);
    assert_eq!(room.capacity(), 2);
    let mut room = Room::new(&mut storage, abi);
    assert!(room.push(7));
    room.pad();
    // SAFETY: one was pushed, the rest were padded.
    assert_eq!(storage.map(|it| unsafe { it.assume_init() }), [7, 0, 0, 0]);
    let mut none = Room::<u32>::new(&mut [], abi);
    assert!(!none.push(1) && none.extend(&[]).is_ok() && none.written().is_empty() && none.written_mut().is_empty());
    assert_eq!(none.limit(0).filled(), 0);
}

/// Elements that no message has as Rust has them: addresses.
#[test]
fn packed_rooms_know_what_an_abi_has_room_for() {
    fn of<W: Row>() {
        use mig_rt::Address;
        let write: Write<W> = |_, mut reply| {
            let layout = Layout::<Address>::of::<W>(W::ABI);
            let at = W::BARE + W::WORD;
            let mut rooms = reply.rooms();
            let mut room = rooms.packed(layout, at, 3);
            assert_eq!((room.capacity(), room.len()), (3, 0));
            assert_eq!(room.push(&Address(1 << 40)), W::ADDRESS == 8);
            assert_eq!(room.extend(&[Address(1); 4]), Err(KernReturn::MIG_ARRAY_TOO_LARGE));
            if W::ADDRESS == 4 {
                assert_eq!(room.extend(&[Address(2), Address(1 << 40)]), Err(KernReturn::INVALID_ARGUMENT));
                assert!(!room.is_empty(), "the one before it is in");
            }
            while room.push(&Address(5)) {}
            let room = room.limit(7);
            let count = room.filled();
            let ty = if W::ADDRESS == 8 { LONGS } else { INTS };
            let mut reply = reply.begin();
            reply.packed_in_place(ty.ty::<W>(), layout, at, count);
            reply.finish()
        };
        let kernel = Kernel::new();
        let answer = answered::<W, MAX>(&kernel, write);
        let count = u32::from_le_bytes(Word { number: 3, ..INTS }.bytes::<W>()[..4].try_into().expect("four"));
        assert_eq!((answer.len(), count != 0), (W::BARE + W::WORD + 3usize * W::ADDRESS, true));
        kernel.assert_empty();
    }
    // Of addresses of 32 bits three end where an item may begin; so do three of 64.
    each_abi!(of);
}

/// Rights in a room are the room's until they are the reply's.
#[test]
fn rooms_of_rights_own_them() {
    fn of<W: Row>() {
        let kernel = Kernel::new();
        let abandoned: Write<W> = |kernel, mut reply| {
            let via = reply.via().clone();
            let mut rooms = reply.rooms();
            let mut room = rooms.rights::<Kernel, SendRight<Kernel>>(&via, W::BARE + W::WORD, 3, W::CELL);
            let (receive, right) = kernel.port();
            assert_eq!((room.push(right), room.len(), room.capacity()), (Ok(()), 1, 3));
            let mut room = room.limit(2);
            assert_eq!(room.push(kernel.send_right(&receive)), Ok(()));
            let one_more = room.push(kernel.send_right(&receive));
            assert!(one_more.is_err_and(|it| it.is_valid()), "the right itself comes back");
            assert!(!room.is_empty() && format!("{room:?}").contains("2 of 2"));
            Err(KernReturn::FAILURE.into())
        };
        let answer = answered::<W, MAX>(&kernel, abandoned);
        assert_eq!(code::<W>(&answer), KernReturn::FAILURE.code());
        kernel.assert_empty();

        let foreign: Write<W> = |_, mut reply| {
            let (elsewhere, via) = (Kernel::new(), reply.via().clone());
            let mut rooms = reply.rooms();
            let mut room = rooms.rights(&via, W::BARE + W::WORD, 3, W::CELL);
            assert!(room.push(elsewhere.port().1).is_ok());
            assert_eq!(room.filled(), Err(KernReturn::INVALID_RIGHT));
            elsewhere.assert_empty();
            Err(KernReturn::INVALID_RIGHT.into())
        };
        let answer = answered::<W, MAX>(&kernel, foreign);
        assert_eq!(code::<W>(&answer), KernReturn::INVALID_RIGHT.code());
        kernel.assert_empty();
    }
    each_abi!(of);
}

/// Rights in a reply whose later items cannot be sent are lost with it, padding with null before that or not.
#[test]
fn rights_are_lost_with_their_reply() {
    fn of<W: Row>() {
        let kernel = Kernel::new();
        let lost: Write<W> = |kernel, mut reply| {
            let via = reply.via().clone();
            let mut rooms = reply.rooms();
            let mut room = rooms.rights(&via, W::BARE + W::WORD, 3, W::CELL);
            assert!(room.push(kernel.port().1).is_ok());
            room.pad();
            let count = room.filled()?;
            let mut reply = reply.begin();
            reply.rights_in_place(port::<W>(Disposition::MOVE_SEND, 0).ty::<W>(), W::BARE + W::WORD, count);
            reply.move_send(port::<W>(Disposition::MOVE_SEND, 1).ty::<W>(), Kernel::new().port().1);
            reply.finish()
        };
        let answer = answered::<W, MAX>(&kernel, lost);
        assert_eq!((code::<W>(&answer), answer.len()), (KernReturn::INVALID_RIGHT.code(), W::BARE));
        kernel.assert_empty();
    }
    each_abi!(of);
}

/// Memory and rights that a method returned, in a reply that fails behind them.
#[test]
fn failed_replies_release_what_is_in_them() {
    fn of<W: Row>() {
        let kernel = Kernel::new();
        let write: Write<W> = |kernel, reply| {
            let mut reply = reply.begin();
            let region = Region::new(kernel, &[1u8, 2, 3])?;
            reply.surrender(BYTES.out_of_line().ty::<W>(), region)?;
            let (receive, right) = kernel.port();
            let rights = Rights::collect(kernel, [right, kernel.send_right(&receive)])?;
            reply.surrender_rights(port::<W>(Disposition::MOVE_SEND, 0).long().ty::<W>(), rights)?;
            let rights = Rights::collect(kernel, [kernel.send_right(&receive)])?;
            reply.rights_moved(port::<W>(Disposition::MOVE_SEND, 0).long().ty::<W>(), 1, rights)?;
            let rights = Rights::collect(kernel, [kernel.send_right(&receive), kernel.send_right(&receive)])?;
            reply.rights_moved(port::<W>(Disposition::MOVE_SEND, 0).long().ty::<W>(), 1, rights)?;
            unreachable!("two are more than one");
        };
        let answer = answered::<W, MAX>(&kernel, write);
        assert_eq!((code::<W>(&answer), answer.len()), (KernReturn::MIG_ARRAY_TOO_LARGE.code(), W::BARE));
        kernel.assert_empty();
    }
    each_abi!(of);
}

/// Elements of 64 bits stand at multiples of four.
#[test]
fn wide_elements() {
    fn of<W: Row>() {
        let write: Write<W> = |_, mut reply| {
            let at = W::BARE + W::WORD;
            let mut rooms = reply.rooms();
            let mut room = rooms.array::<Wide<u64>>(at, 2);
            assert!(room.push(Wide::new(u64::MAX)) && room.push(1.into()) && !room.push(2.into()));
            assert_eq!(room.written(), [Wide::new(u64::MAX), Wide::new(1)]);
            let count = room.filled();
            let mut reply = reply.begin();
            reply.counted_in_place::<Wide<u64>>(LONGS.ty::<W>(), at, count);
            reply.finish()
        };
        let kernel = Kernel::new();
        let answer = answered::<W, MAX>(&kernel, write);
        let data = [u64::MAX.to_le_bytes(), 1u64.to_le_bytes()].concat();
        assert_eq!(answer[W::BARE..], Word { number: 2, ..LONGS }.item::<W>(&data));
        assert_eq!(PortName::default(), PortName::NULL);
        kernel.assert_empty();
    }
    each_abi!(of);
}
