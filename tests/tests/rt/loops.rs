//! Forms of the server's loop: one request, a time limit, buffers that grow, and who is let in.

use mig_rt::raw::{mach_msg_receive, mach_msg_send};
use mig_rt::serve::{Came, Receive, Subsystem, serve, serve_once};
use mig_rt::typed::{Outgoing, Row};
use mig_rt::{Buffer, KernReturn, MsgId, MsgReturn, Right, RightKind, Timeout};

use crate::kernel::{Kernel, failed};
use crate::probe::{each_abi, word};
use crate::serving::{Service, World, first, right};

const BAD_ID: i32 = KernReturn::MIG_BAD_ID.code();
const BAD_ARGUMENTS: i32 = KernReturn::MIG_BAD_ARGUMENTS.code();

fn subsystem<W: Row>() -> Subsystem<Kernel, Service> {
    Subsystem::new(MsgId(10)..=MsgId(12), W::dispatcher(first::<W>))
}

impl World {
    /// A request with so many bytes behind its right, which nobody serves.
    fn long_request<W: Row>(&self, id: i32, bytes: usize) {
        let mut buffer = Buffer::<4096>::new();
        let mut request = Outgoing::<_, W>::new(&mut buffer, &self.to, MsgId(id));
        request.move_send(right::<W>().ty::<W>(), self.kernel.send_right(&self.thing));
        request.counted(word(9, 8, 0).ty::<W>(), bytes, &vec![0u8; bytes]).expect("it fits");
        request.reply_to(self.client.make_send_once());
        request.send().expect("there is room in the queue");
    }
}

#[test]
fn one_request_at_a_time() {
    fn of<W: Row>() {
        let world = World::new();
        let mut service = Service::new(|_| Ok(()));
        [10, 9, 12].into_iter().for_each(|id| world.request::<W>(id));
        world.kernel.received();
        for answers in [(110, 0), (109, BAD_ID), (112, 0)] {
            assert_eq!(serve_once::<_, _, 256>(&world.port, &[subsystem::<W>()], &mut service), Ok(()));
            assert_eq!(world.answers::<W>(), [answers]);
        }
        let none = Receive::from(&world.port).within(Timeout(0));
        assert_eq!(serve_once::<_, _, 256>(none, &[subsystem::<W>()], &mut service), Err(MsgReturn::RCV_TIMED_OUT));
        assert_eq!(service.calls, [10, 12]);
        world.assert_balanced(service);
    }
    each_abi!(of);
}

/// A reply that cannot be sent is released, and the caller hears of it.
#[test]
fn one_request_whose_answer_is_not_sent() {
    fn of<W: Row>() {
        let world = World::new();
        let mut service = Service::new(|_| Ok(()));
        world.request::<W>(10);
        world.kernel.fail([None, failed(MsgReturn::SEND_INVALID_DEST, mig_rt::Left::Untouched)]);
        let served = serve_once::<_, _, 256>(&world.port, &[subsystem::<W>()], &mut service);
        assert_eq!((served, &service.calls[..]), (Err(MsgReturn::SEND_INVALID_DEST), &[10][..]));
        world.assert_balanced(service);
    }
    each_abi!(of);
}

/// What is too long is dropped, unless the buffers may grow: then its sender is told.
#[test]
fn buffers_grow() {
    fn of<W: Row>() {
        let world = World::new();
        let mut service = Service::new(|_| Ok(()));
        let served = |from: Receive<'_, Kernel>, service: &mut Service| {
            serve_once::<_, _, 256>(from, &[subsystem::<W>()], service)
        };
        world.long_request::<W>(10, 2000);
        assert_eq!(served(Receive::from(&world.port), &mut service), Err(MsgReturn::RCV_TOO_LARGE));
        world.kernel.received();
        world.long_request::<W>(10, 2000);
        world.kernel.received();
        assert_eq!(served(Receive::from(&world.port).growing(4096), &mut service), Ok(()));
        assert_eq!(world.answers::<W>(), [(110, BAD_ARGUMENTS)]);
        // Longer than the longest buffer.
        world.long_request::<W>(10, 2000);
        let short = Receive::from(&world.port).growing(1024);
        assert_eq!(served(short, &mut service), Err(MsgReturn::RCV_TOO_LARGE));
        world.kernel.received();

        // The loop goes on where it was: requests of any length, one behind the other.
        for bytes in [0, 300, 2000, 300] {
            world.long_request::<W>(9, bytes);
            world.request::<W>(12);
        }
        world.kernel.received();
        let from = Receive::from(&world.port).growing(1024);
        let code = serve::<_, _, 256>(from, &[subsystem::<W>()], &mut service);
        assert_eq!(code, MsgReturn::RCV_TIMED_OUT);
        let both = [(109, BAD_ID), (112, 0)];
        // The one that was dropped is not answered: to its client, the server died.
        let [a, b] = both;
        assert_eq!(world.answers::<W>(), [a, b, a, b, b, a, b]);
        world.assert_balanced(service);
    }
    each_abi!(of);
}

/// How a request came decides who serves it; what one subsystem does not admit is for the next.
#[test]
fn only_what_is_let_in() {
    fn of<W: Row>() {
        let world = World::new();
        let mut service = Service::new(|_| Ok(()));
        world.request::<W>(10);
        let mut buffer = Buffer::<128>::new();
        let once = world.kernel.send_once_right(&world.port);
        let mut notice = Outgoing::<_, W>::new_move_send_once(&mut buffer, once, MsgId(10));
        notice.move_send(right::<W>().ty::<W>(), world.kernel.send_right(&world.thing));
        notice.send().expect("there is room in the queue");
        world.request::<W>(12);
        world.kernel.received();
        let note = |service: &mut Service, came: Came| {
            let kind = came.through.expect("there is no payload");
            service.calls.push(if kind == RightKind::SEND { -1 } else { -2 });
            came.id == MsgId(12) && came.port.is_valid()
        };
        let subsystems = [subsystem::<W>().through_send_once(), subsystem::<W>().admitting(note)];
        assert_eq!(serve::<_, _, 256>(&world.port, &subsystems, &mut service), MsgReturn::RCV_TIMED_OUT);
        // The first came through a send right, and the second subsystem wants only id 12.
        assert_eq!(service.calls, [-1, 10, -1, 12]);
        assert_eq!(world.answers::<W>(), [(110, BAD_ID), (112, 0)]);
        world.assert_balanced(service);
    }
    each_abi!(of);
}

/// Messages of a program without stubs.
#[test]
fn messages_by_hand() {
    fn of<W: Row>() {
        let world = World::new();
        let mut message = vec![0; W::HEADER];
        let put = |message: &mut Vec<u8>, at: usize, it: u32| message[at..at + 4].copy_from_slice(&it.to_le_bytes());
        let header = |disposition: u32, size: u32, to: u32, local: u32| {
            let mut message = vec![0; 64];
            put(&mut message, 0, disposition);
            put(&mut message, 4, size);
            put(&mut message, 8, to);
            put(&mut message, W::LOCAL, local);
            put(&mut message, W::ID, 77);
            message
        };
        let size = W::HEADER as u32;
        let to = world.port.name();
        message.copy_from_slice(&header(20, size, to.0, 0)[..W::HEADER]);
        // SAFETY: here and below, nothing is moved.
        unsafe { mach_msg_send(&world.kernel, W::ABI, &mut message) }.expect("there is a receive right");
        let mut room = header(0, 64, 0, to.0);
        let arrived = mach_msg_receive(&world.kernel, W::ABI, &mut room).expect("it was sent");
        assert_eq!((arrived.size, &room[W::ID..][..4]), (size, &77u32.to_le_bytes()[..]));
        assert_eq!(room[1], 17);
        // SAFETY: as above.
        let sent = unsafe { mach_msg_send(&world.kernel, W::ABI, &mut header(20, 65, to.0, 0)) };
        assert_eq!(sent.map_err(|it| it.code), Err(MsgReturn::SEND_MSG_TOO_SMALL));
        let code = |it: Result<mig_rt::Arrived, mig_rt::Failed>| it.map(drop).map_err(|it| it.code);
        let too_short = mach_msg_receive(&world.kernel, W::ABI, &mut header(0, 65, 0, to.0));
        assert_eq!(code(too_short), Err(MsgReturn::RCV_INVALID_DATA));
        let no_port = mach_msg_receive(&world.kernel, W::ABI, &mut header(0, 64, 0, 0));
        assert_eq!(code(no_port), Err(MsgReturn::RCV_INVALID_NAME));
        assert!(Right::<Kernel>::name(&world.to).is_valid());
        world.assert_balanced(Service::new(|_| Ok(())));
    }
    each_abi!(of);
}
