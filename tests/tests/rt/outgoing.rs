//! Writing: what goes into a message comes back if the message is not sent, and goes once if it is.

use mig_rt::typed::{Outgoing, RecoveredItem, Row};
use mig_rt::{
    Address, Buffer, Disposition, Error, ErrorKind, KernReturn, Left, MsgId, MsgReturn, Operation, Outbound, Outbounds,
    PortName, ReceiveRight, Region, SendOnceRight, SendRight, Size, Transport,
};

use crate::kernel::{Kernel, failed};
use crate::probe::{Word, each_abi, port, word};

const ID: MsgId = MsgId(7);
const MEMORY: Word = word(9, 8, 0).out_of_line();

/// A message that holds a right of each disposition, arrays of rights, a loan and two regions.
fn everything<'b, W: Row>(
    buffer: &'b mut Buffer<512>,
    kernel: &Kernel,
    port_: &ReceiveRight<Kernel>,
    to: &SendRight<Kernel>,
    lent: &'b [u8],
) -> Outgoing<'b, Kernel, W> {
    let ty = |it: Disposition| port::<W>(it, 1).ty::<W>();
    let mut message = Outgoing::new(buffer, to, ID);
    message.copy_send(ty(Disposition::COPY_SEND), to);
    message.make_send(ty(Disposition::MAKE_SEND), port_);
    message.make_send_once(ty(Disposition::MAKE_SEND_ONCE), port_);
    message.move_send(ty(Disposition::MOVE_SEND), kernel.send_right(port_));
    message.move_send_once(ty(Disposition::MOVE_SEND_ONCE), kernel.send_once_right(port_));
    message.move_receive(ty(Disposition::MOVE_RECEIVE), kernel.port().0);
    message.outbound(ty(Disposition::NONE), Outbound::from(kernel.send_right(port_)));
    message.lend(MEMORY.ty::<W>(), lent).expect("there is memory");
    message.surrender(MEMORY.ty::<W>(), Region::new(kernel, &[1u8, 2]).expect("there is memory")).expect("it fits");
    let mut some = [kernel.send_right(port_), SendRight::null(kernel), kernel.send_right(port_)];
    let rights = port::<W>(Disposition::MOVE_SEND, 0).long().ty::<W>();
    message.rights(rights, 3, Outbounds::MoveSend(&mut some)).expect("they fit");
    let mut some = [kernel.send_right(port_), kernel.send_right(port_)];
    message.rights_out_of_line(rights, Outbounds::MoveSend(&mut some)).expect("there is memory");
    assert!(some.iter().all(|it| !it.is_valid()), "what moved is gone");
    message
}

#[test]
fn what_is_abandoned_comes_back() {
    fn of<W: Row>() {
        let kernel = Kernel::new();
        let (receive, to) = kernel.port();
        let lent = [7; 100];
        drop(everything::<W>(&mut Buffer::new(), &kernel, &receive, &to, &lent));
        let left = kernel.rights(receive.name());
        assert_eq!((left.send, left.send_once, left.receive), (1, 0, true));
        drop((receive, to));
        kernel.assert_empty();
    }
    each_abi!(of);
}

#[test]
fn what_is_sent_is_the_receivers() {
    fn of<W: Row>() {
        let kernel = Kernel::new();
        let (receive, to) = kernel.port();
        let lent = [7; 100];
        let before = kernel.rights(receive.name());
        everything::<W>(&mut Buffer::new(), &kernel, &receive, &to, &lent).send().expect("there is room in the queue");
        let now = kernel.rights(receive.name());
        assert_eq!((now.queued, now.send - before.send, now.send_once), (1, 8, 2));
        assert_eq!(kernel.accounts().regions.len(), 3);
        drop((receive, to));
        kernel.assert_empty();
    }
    each_abi!(of);
}

/// After a failure, by what became of the message.
#[test]
fn what_could_not_be_sent_comes_back() {
    fn of<W: Row>() {
        let lent = [7; 100];
        for left in [Left::Untouched, Left::TakenBack] {
            let kernel = Kernel::new();
            let (receive, to) = kernel.port();
            kernel.fail([failed(MsgReturn::SEND_TIMED_OUT, left)]);
            let result = everything::<W>(&mut Buffer::new(), &kernel, &receive, &to, &lent).send();
            assert_eq!(result, Err(MsgReturn::SEND_TIMED_OUT.into()));
            kernel.fail([failed(MsgReturn::SEND_TIMED_OUT, left)]);
            let result = everything::<W>(&mut Buffer::new(), &kernel, &receive, &to, &lent).call(512).map(drop);
            assert_eq!(result, Err(MsgReturn::SEND_TIMED_OUT.into()));
            let rights = kernel.rights(receive.name());
            assert_eq!((rights.send, rights.send_once, rights.receive), (1, 0, true), "{left:?}");
            drop((receive, to));
            kernel.assert_empty();
        }
        // Sent, and the receive failed: the receiver has it.
        let kernel = Kernel::new();
        let (receive, to) = kernel.port();
        kernel.fail([failed(MsgReturn::RCV_TIMED_OUT, Left::Sent)]);
        let result = everything::<W>(&mut Buffer::new(), &kernel, &receive, &to, &lent).call(512).map(drop);
        assert_eq!(result, Err(MsgReturn::RCV_TIMED_OUT.into()));
        assert_eq!(kernel.rights(receive.name()).queued, 1);
        drop((receive, to));
        kernel.assert_empty();
        // Half taken: nobody knows which half, so what it held is lost, and nothing is given back twice.
        let kernel = Kernel::new();
        let (receive, to) = kernel.port();
        kernel.fail([failed(MsgReturn::SEND_INVALID_RIGHT, Left::Unknown)]);
        let result = everything::<W>(&mut Buffer::new(), &kernel, &receive, &to, &lent).send();
        assert_eq!(result, Err(MsgReturn::SEND_INVALID_RIGHT.into()));
        assert_eq!((kernel.accounts().regions.len(), kernel.rights(receive.name()).send), (3, 7));
        assert!(kernel.accounts().faults.is_empty());
    }
    each_abi!(of);
}

/// What was not sent can be sent once more, or taken apart.
#[test]
fn a_refused_call_can_be_retried() {
    fn of<W: Row>() {
        for left in [Left::Untouched, Left::TakenBack] {
            let kernel = Kernel::new();
            let (receive, to) = kernel.port();
            let (lent, mut buffer) = ([7; 100], Buffer::new());
            let answers = ReceiveRight::new(&kernel).expect("there are ports");
            let operation = Operation::default().reply_on(&answers);
            kernel.fail([failed(MsgReturn::SEND_TIMED_OUT, left), failed(MsgReturn::SEND_TIMED_OUT, left), None]);
            let message = everything::<W>(&mut buffer, &kernel, &receive, &to, &lent);
            let unsent = message.try_call(512, operation).map(drop).expect_err("it fails");
            assert_eq!((unsent.error(), unsent.came_back()), (MsgReturn::SEND_TIMED_OUT.into(), true));
            let unsent = unsent.retry(operation).map(drop).expect_err("it fails again");
            // The third time it goes, and nobody answers.
            let unsent = unsent.retry(operation).map(drop).expect_err("no answer comes");
            assert_eq!((unsent.error(), unsent.came_back()), (MsgReturn::RCV_TIMED_OUT.into(), false));
            assert_eq!(kernel.rights(receive.name()).queued, 1, "{left:?}");
            assert_eq!(unsent.items().count(), 0);
            drop((receive, to, answers));
            kernel.assert_empty();
        }
    }
    each_abi!(of);
}

#[test]
fn a_refused_call_can_be_taken_apart() {
    fn of<W: Row>() {
        for (left, rights, regions) in [(Left::Untouched, 6, 1), (Left::TakenBack, 9, 2)] {
            for taken in [0, 1, 5, 100] {
                let kernel = Kernel::new();
                let (receive, to) = kernel.port();
                let (lent, mut buffer) = ([7; 100], Buffer::new());
                kernel.fail([failed(MsgReturn::SEND_TIMED_OUT, left)]);
                let message = everything::<W>(&mut buffer, &kernel, &receive, &to, &lent);
                let unsent = message.try_call(512, Operation::default()).map(drop).expect_err("it fails");
                let items: Vec<_> = unsent.items().take(taken).collect();
                let found = items.iter().filter(|it| matches!(it, RecoveredItem::Right(_))).count();
                if taken == 100 {
                    assert_eq!((found, items.len() - found), (rights, regions), "{left:?}");
                }
                // What was not taken is released already.
                drop(items);
                assert_eq!(kernel.rights(receive.name()).send, 1);
                drop((receive, to));
                kernel.assert_empty();
            }
        }
    }
    each_abi!(of);
}

/// The header's own rights come back, too.
#[test]
fn request_ports_come_back() {
    fn of<W: Row>() {
        let kernel = Kernel::new();
        let (receive, to) = kernel.port();
        let once = || kernel.send_once_right(&receive);
        let more = || kernel.send_right(&receive);
        drop(Outgoing::<_, W>::new_move_send(&mut Buffer::<64>::new(), more(), ID));
        drop(Outgoing::<_, W>::new_move_send_once(&mut Buffer::<64>::new(), once(), ID));
        drop(Outgoing::<_, W>::new_make_send(&mut Buffer::<64>::new(), &receive, ID));
        drop(Outgoing::<_, W>::new_make_send_once(&mut Buffer::<64>::new(), &receive, ID));
        drop(Outgoing::<_, W>::new_outbound(&mut Buffer::<64>::new(), more().into(), ID).expect("it has a space"));
        let nowhere = Outgoing::<Kernel, W>::new_outbound(&mut Buffer::<64>::new(), Outbound::null(), ID).map(drop);
        assert_eq!(nowhere, Err(MsgReturn::SEND_INVALID_DEST.into()));
        for left in [Left::Untouched, Left::TakenBack] {
            kernel.fail([failed(MsgReturn::SEND_TIMED_OUT, left)]);
            let mut buffer = Buffer::<64>::new();
            let mut message = Outgoing::<_, W>::new_move_send(&mut buffer, more(), ID);
            message.reply_to(once().into());
            assert_eq!(message.send(), Err(MsgReturn::SEND_TIMED_OUT.into()));
        }
        let mut buffer = Buffer::<64>::new();
        let mut message = Outgoing::<_, W>::new(&mut buffer, &to, ID);
        message.reply_to(more().into());
        drop(message);
        let left = kernel.rights(receive.name());
        assert_eq!((left.send, left.send_once), (1, 0));
        drop((receive, to));
        kernel.assert_empty();
    }
    each_abi!(of);
}

/// A right of another space is not sent, nor is what stands beside it; each goes back where it belongs.
#[test]
fn foreign_rights_do_not_travel() {
    fn of<W: Row>() {
        let (kernel, elsewhere) = (Kernel::new(), Kernel::new());
        let ((receive, to), (other, foreign)) = (kernel.port(), elsewhere.port());
        let ty = |it: Disposition| port::<W>(it, 1).ty::<W>();
        let rights = port::<W>(Disposition::MOVE_SEND, 0).long().ty::<W>();
        let refused = |write: &dyn Fn(&mut Outgoing<'_, Kernel, W>)| {
            for call in [false, true] {
                let mut buffer = Buffer::<512>::new();
                let mut message = Outgoing::<_, W>::new(&mut buffer, &to, ID);
                message.move_send(ty(Disposition::MOVE_SEND), kernel.send_right(&receive));
                write(&mut message);
                let result = if call { message.call(64).map(drop) } else { message.send() };
                assert_eq!(result.map_err(Error::kind), Err(ErrorKind::Msg(MsgReturn::SEND_INVALID_RIGHT)));
                assert_eq!((kernel.rights(receive.name()).send, kernel.rights(receive.name()).queued), (1, 0));
            }
        };
        refused(&|it| it.copy_send(ty(Disposition::COPY_SEND), &foreign));
        refused(&|it| it.make_send(ty(Disposition::MAKE_SEND), &other));
        refused(&|it| it.move_send(ty(Disposition::MOVE_SEND), elsewhere.send_right(&other)));
        refused(&|it| it.move_send_once(ty(Disposition::MOVE_SEND_ONCE), elsewhere.send_once_right(&other)));
        refused(&|it| it.move_receive(ty(Disposition::MOVE_RECEIVE), elsewhere.port().0));
        refused(&|it| it.outbound(ty(Disposition::NONE), foreign.copy()));
        refused(&|it| it.outbound(ty(Disposition::NONE), elsewhere.send_right(&other).into()));
        refused(&|it| it.reply_to(elsewhere.send_once_right(&other).into()));
        refused(&|it| {
            let mut some = [elsewhere.send_right(&other), kernel.send_right(&receive)];
            it.rights(rights, 2, Outbounds::MoveSend(&mut some)).expect("they fit");
        });
        refused(&|it| {
            let mut some = [elsewhere.send_right(&other), kernel.send_right(&receive)];
            it.rights_out_of_line(rights, Outbounds::MoveSend(&mut some)).expect("there is memory");
        });
        drop((receive, to, other, foreign));
        kernel.assert_empty();
        elsewhere.assert_empty();
    }
    each_abi!(of);
}

/// What an ABI's addresses cannot reach is refused, and the memory is not lost.
#[test]
fn addresses_must_fit() {
    fn of<W: Row>() {
        let kernel = Kernel::new();
        let (receive, to) = kernel.port();
        let lent = [1u8; 10];
        kernel.inner.set_next_address(Address(1 << 33));
        let mut buffer = Buffer::<256>::new();
        let mut message = Outgoing::<_, W>::new(&mut buffer, &to, ID);
        let expected = if W::ADDRESS == 8 { Ok(()) } else { Err(KernReturn::INVALID_ADDRESS) };
        assert_eq!(message.lend(MEMORY.ty::<W>(), &lent), expected);
        let region = Region::new(&kernel, &[1u8]).expect("there is memory");
        assert_eq!(message.surrender(MEMORY.ty::<W>(), region), expected);
        let mut some = [kernel.send_right(&receive)];
        let rights = port::<W>(Disposition::MOVE_SEND, 0).long().ty::<W>();
        assert_eq!(message.rights_out_of_line(rights, Outbounds::MoveSend(&mut some)), expected);
        assert_eq!(kernel.accounts().regions.len(), if W::ADDRESS == 8 { 3 } else { 0 });
        // Numbers as large, in words of 32 bits.
        let small = word(2, 32, 1).ty::<W>();
        assert_eq!(message.address(small, Address(1 << 32)), Err(KernReturn::INVALID_ARGUMENT));
        assert_eq!(message.size(small, Size(u64::from(u32::MAX))), Ok(()));
        assert_eq!(message.address(word(11, 64, 1).ty::<W>(), Address(u64::MAX)), Ok(()));
        message.send().expect("what was refused is not in it");
        drop((receive, to));
        kernel.assert_empty();
    }
    each_abi!(of);
}

#[test]
fn no_memory_can_be_had() {
    fn of<W: Row>() {
        let kernel = Kernel::new();
        let (receive, to) = kernel.port();
        let mut some = [kernel.send_right(&receive)];
        let mut buffer = Buffer::<256>::new();
        let mut message = Outgoing::<_, W>::new(&mut buffer, &to, ID);
        kernel.shortage(true);
        assert_eq!(message.lend(MEMORY.ty::<W>(), &[1u8]), Err(KernReturn::RESOURCE_SHORTAGE));
        let rights = port::<W>(Disposition::MOVE_SEND, 0).long().ty::<W>();
        let result = message.rights_out_of_line(rights, Outbounds::MoveSend(&mut some));
        assert_eq!((result, some[0].is_valid()), (Err(KernReturn::RESOURCE_SHORTAGE), true));
        // Nor a port for the reply.
        let result = message.call(64).map(drop);
        assert_eq!(result, Err(MsgReturn::SEND_INVALID_REPLY.into()));
        drop((receive, to, some));
        kernel.assert_empty();
    }
    each_abi!(of);
}

/// Arrays that do not fit are refused whole, and nothing of them is taken.
#[test]
fn arrays_must_fit() {
    fn of<W: Row>() {
        let kernel = Kernel::new();
        let (receive, to) = kernel.port();
        let mut buffer = Buffer::<256>::new();
        let mut message = Outgoing::<_, W>::new(&mut buffer, &to, ID);
        let bytes = word(9, 8, 0).ty::<W>();
        let text = word(12, 8, 0).ty::<W>();
        assert_eq!(message.counted(bytes, 3, &[1u8; 4]), Err(Error::ARRAY_TOO_LARGE));
        assert_eq!((message.counted(bytes, 3, &[1u8; 3]), message.counted(bytes, 0, &[0u8; 0])), (Ok(()), Ok(())));
        assert_eq!(message.text(text, 4, b"four"), Err(Error::ARRAY_TOO_LARGE));
        assert_eq!((message.text(text, 4, b"thr"), message.text(text, 4, b"a\0longer")), (Ok(()), Ok(())));
        assert_eq!(message.fixed_text(word(12, 8, 4).ty::<W>(), 4, b"four"), Err(Error::ARRAY_TOO_LARGE));
        assert_eq!(message.fixed_text(word(12, 8, 4).ty::<W>(), 4, b"thr"), Ok(()));
        let rights = port::<W>(Disposition::MOVE_SEND, 0).long().ty::<W>();
        let mut some = [kernel.send_right(&receive), kernel.send_right(&receive)];
        assert_eq!(message.rights(rights, 1, Outbounds::MoveSend(&mut some)), Err(Error::ARRAY_TOO_LARGE));
        assert_eq!(message.rights_exactly(rights, 3, Outbounds::MoveSend(&mut some)), Err(Error::ARRAY_TOO_LARGE));
        assert!(some.iter().all(SendRight::is_valid));
        message.rights_exactly(rights, 2, Outbounds::MoveSend(&mut some)).expect("they fit");
        message.send().expect("there is room in the queue");
        let sent = kernel.received().remove(0);
        assert_eq!(sent.len() % W::ALIGN, 0);
        drop((receive, to, some));
        kernel.assert_empty();
    }
    each_abi!(of);
}

/// A buffer that is exactly as long as its message will do.
#[test]
fn buffers_of_the_exact_size() {
    macro_rules! exactly {
        ($row:ty, $size:literal) => {{
            let kernel = Kernel::new();
            let (receive, to) = kernel.port();
            let mut buffer = Buffer::<$size>::new();
            let mut message = Outgoing::<_, $row>::new(&mut buffer, &to, ID);
            message.i32(word(2, 32, 1).ty::<$row>(), 1);
            message.counted(word(9, 8, 0).ty::<$row>(), 5, &[1u8, 2, 3, 4, 5]).expect("it fits");
            message.send().expect("there is room in the queue");
            assert_eq!(kernel.received()[0].len(), $size);
            // One byte less is a defect of whoever chose the size, and no write beyond the end.
            let short = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                let mut buffer = Buffer::<{ $size - 1 }>::new();
                let mut message = Outgoing::<_, $row>::new(&mut buffer, &to, ID);
                message.move_send(port::<$row>(Disposition::MOVE_SEND, 1).ty::<$row>(), kernel.send_right(&receive));
                let _ = message.counted(word(9, 8, 0).ty::<$row>(), 500, &[1u8; 500]);
            }));
            assert!(short.is_err());
            drop((receive, to));
            kernel.assert_empty();
        }};
    }
    exactly!(mig_rt::typed::GnumachI386, 44);
    exactly!(mig_rt::typed::GnumachX8664, 64);
    exactly!(mig_rt::typed::GnumachX8664v2022, 52);
}

/// A reply right that the message had already makes room for the call's own.
#[test]
fn a_call_has_one_reply_right() {
    fn of<W: Row>() {
        let kernel = Kernel::new();
        let (receive, to) = kernel.port();
        let (other, _) = kernel.port();
        let mut buffer = Buffer::<64>::new();
        let mut message = Outgoing::<_, W>::new(&mut buffer, &to, ID);
        message.reply_to(kernel.send_once_right(&other).into());
        message.reply_to(kernel.send_once_right(&other).into());
        assert_eq!(kernel.rights(other.name()).send_once, 1);
        assert_eq!(message.call(64).map(drop), Err(MsgReturn::RCV_TIMED_OUT.into()));
        assert_eq!(kernel.rights(other.name()).send_once, 0);

        // Retried with another port: the right to the first is given back.
        let mut buffer = Buffer::<64>::new();
        let message = Outgoing::<_, W>::new(&mut buffer, &to, ID);
        kernel.fail([failed(MsgReturn::SEND_TIMED_OUT, Left::TakenBack), None]);
        let unsent = message.try_call(64, Operation::default().reply_on(&other)).map(drop);
        let unsent = unsent.expect_err("it fails");
        assert_eq!(kernel.rights(other.name()).send_once, 1);
        assert!(unsent.retry(Operation::default()).is_err());
        assert_eq!(kernel.rights(other.name()).send_once, 0);
        drop((receive, to, other));
        kernel.assert_empty();
    }
    each_abi!(of);
}

/// A call to a port that nobody serves comes back by the reply port's own rules.
#[test]
fn reply_ports_are_retired_after_a_failure() {
    fn of<W: Row>() {
        let kernel = Kernel::new();
        let (receive, to) = kernel.port();
        let before = kernel.reply_port().expect("there is one");
        for (left, code) in [(Left::Untouched, MsgReturn::SEND_INTERRUPTED), (Left::Sent, MsgReturn::RCV_TIMED_OUT)] {
            let before = kernel.reply_port().expect("there is one");
            kernel.fail([failed(code, left)]);
            let mut buffer = Buffer::<64>::new();
            let result = Outgoing::<_, W>::new(&mut buffer, &to, ID).call(64).map(drop);
            assert_eq!(result, Err(code.into()));
            assert_ne!(kernel.reply_port(), Ok(before), "an answer that still comes must not meet the next call");
        }
        assert_ne!(kernel.reply_port(), Ok(before));
        let null: SendOnceRight<Kernel> = SendOnceRight::null(&kernel);
        assert_eq!(null.name(), PortName::NULL);
        drop((receive, to, null));
        kernel.assert_empty();
    }
    each_abi!(of);
}
