//! The server's loop: who is asked, what is answered, and who owns what when nothing is.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use mig_rt::serve::{self, Dispatcher, Served, Subsystem, Unserved};
use mig_rt::typed::{Outgoing, ReplyHead, Request, Row};
use mig_rt::{
    AbiId, Answer, Buffer, Complex, Deferred, Disposition, KernReturn, Later, Left, MsgId, MsgReturn, ReceiveRight,
    ReplyTo, Routine, SendRight, Shape, Timeout,
};

use crate::kernel::{Kernel, failed};
use crate::probe::{Word, each_abi, port, word};

/// A routine without arguments, which may be answered later.
#[derive(Debug)]
struct Ask;

impl Routine<Kernel> for Ask {
    type Out<'a> = ();
}

impl<W: Row> mig_rt::Answers<Kernel, W> for Ask {
    fn write<'a>(reply: ReplyHead<'_, Kernel, W>, (): ()) -> Served
    where
        Kernel: 'a,
    {
        reply.reserve::<64>()?.begin().finish()
    }

    fn send<'a>(reply: Deferred<Kernel, W>, result: Result<(), KernReturn>) -> mig_rt::Result<()>
    where
        Kernel: 'a,
    {
        reply.send::<Ask, 64>(&mut Buffer::new(), result)
    }
}

/// What the method of the first subsystem does with the right that it is given.
type Method = Box<dyn FnMut(SendRight<Kernel>) -> Result<(), KernReturn>>;

pub(crate) struct Service {
    method: Method,
    /// Whether the second subsystem's routine answers later.
    later: bool,
    owed: Vec<Later<Kernel, Ask>>,
    pub(crate) calls: Vec<i32>,
}

impl Service {
    pub(crate) fn new(method: impl FnMut(SendRight<Kernel>) -> Result<(), KernReturn> + 'static) -> Service {
        Service { method: Box::new(method), later: true, owed: Vec::new(), calls: Vec::new() }
    }
}

pub(crate) fn right<W: Row>() -> Word {
    port::<W>(Disposition::MOVE_SEND, 1)
}

/// Ids 10 to 12, of which 11 is skipped: a right comes in.
pub(crate) fn first<W: Row>(
    service: &mut Service,
    request: Request<'_, Kernel, W>,
    reply: ReplyHead<'_, Kernel, W>,
) -> Served {
    let id = request.id();
    if id == MsgId(11) {
        return Err(Unserved::BAD_ID);
    }
    let size = (W::HEADER + right::<W>().names::<W>(&[0]).len()) as u32;
    let mut body = request.body(Shape::new(Complex::Always, size, size))?;
    let held = body.right(right::<W>().ty::<W>())?;
    let reply = reply.reserve::<64>()?;
    let own = request.end(body)?;
    service.calls.push(id.0);
    (service.method)(own.send(held))?;
    reply.begin().finish()
}

/// Id 20: nothing comes in, and the answer may come later.
fn second<W: Row>(service: &mut Service, request: Request<'_, Kernel, W>, reply: ReplyHead<'_, Kernel, W>) -> Served {
    let size = W::HEADER as u32;
    let body = request.body(Shape::new(Complex::Never, size, size))?;
    let id = request.id();
    request.end(body)?;
    service.calls.push(id.0);
    ask(service, ReplyTo::new::<W>(reply)).into_served()
}

fn ask(service: &mut Service, reply: ReplyTo<'_, Kernel, Ask>) -> Answer {
    if !service.later {
        return reply.now(Ok(()));
    }
    let (later, answer) = reply.later();
    service.owed.push(later);
    answer
}

/// A kernel with a server's port, a client's, and one that rights are sent of.
pub(crate) struct World {
    pub(crate) kernel: Kernel,
    pub(crate) port: ReceiveRight<Kernel>,
    pub(crate) to: SendRight<Kernel>,
    pub(crate) client: ReceiveRight<Kernel>,
    pub(crate) thing: ReceiveRight<Kernel>,
}

impl World {
    pub(crate) fn new() -> World {
        let kernel = Kernel::new();
        let (port, to) = kernel.port();
        let [client, thing] = [(); 2].map(|()| ReceiveRight::new(&kernel).expect("there are ports"));
        World { kernel, port, to, client, thing }
    }

    /// A request with a right in it, which asks for an answer.
    pub(crate) fn request<W: Row>(&self, id: i32) {
        let mut buffer = Buffer::<128>::new();
        let mut request = Outgoing::<_, W>::new(&mut buffer, &self.to, MsgId(id));
        if id != 20 {
            request.move_send(right::<W>().ty::<W>(), self.kernel.send_right(&self.thing));
        }
        request.reply_to(self.client.make_send_once());
        request.send().expect("there is room in the queue");
    }

    /// Serves what is in the queue, in this order of subsystems.
    fn serve<W: Row>(&self, service: &mut Service) -> MsgReturn {
        let subsystems = [
            Subsystem::new(MsgId(20)..=MsgId(20), W::dispatcher(second::<W>)),
            Subsystem::new(MsgId(10)..=MsgId(12), W::dispatcher(first::<W>)),
        ];
        self.kernel.received();
        serve::serve::<_, _, 256>(&self.port, &subsystems, service)
    }

    /// Ids and codes of the answers since then.
    pub(crate) fn answers<W: Row>(&self) -> Vec<(i32, i32)> {
        let number = |it: &[u8], at: usize| i32::from_le_bytes([it[at], it[at + 1], it[at + 2], it[at + 3]]);
        self.kernel.received().iter().map(|it| (number(it, W::ID), number(it, W::CODE))).collect()
    }

    #[track_caller]
    pub(crate) fn assert_balanced(self, service: Service) {
        let World { kernel, port, to, client, thing } = self;
        drop(service);
        assert_eq!(kernel.rights(thing.name()).send, 0, "a right of a request is left");
        assert_eq!(kernel.rights(client.name()).send_once, 0, "a reply right is left");
        drop((port, to, client, thing));
        kernel.assert_empty();
    }
}

const BAD_ID: i32 = KernReturn::MIG_BAD_ID.code();
const BAD_ARGUMENTS: i32 = KernReturn::MIG_BAD_ARGUMENTS.code();

/// Several subsystems, ids in none of them or skipped: each request is answered once.
#[test]
fn subsystems_side_by_side() {
    fn of<W: Row>() {
        let world = World::new();
        for id in [10, 20, 9, 11, 12, 13, 19, 21, -1, i32::MAX] {
            world.request::<W>(id);
        }
        let mut service = Service::new(|_| Ok(()));
        service.later = false;
        assert_eq!(world.serve::<W>(&mut service), MsgReturn::RCV_TIMED_OUT);
        assert_eq!(service.calls, [10, 20, 12]);
        let answers = [(110, 0), (120, 0), (109, BAD_ID), (111, BAD_ID), (112, 0), (113, BAD_ID)];
        let more = [(119, BAD_ID), (121, BAD_ID), (99, BAD_ID), (i32::MAX.wrapping_add(100), BAD_ID)];
        assert_eq!(world.answers::<W>(), [&answers[..], &more].concat());
        world.assert_balanced(service);
    }
    each_abi!(of);
}

/// A request in an ABI of which no subsystem is served.
#[test]
fn other_abis_are_not_served() {
    let world = World::new();
    world.request::<mig_rt::typed::GnumachX8664>(10);
    let mut service = Service::new(|_| Ok(()));
    assert_eq!(world.serve::<mig_rt::typed::GnumachI386>(&mut service), MsgReturn::RCV_TIMED_OUT);
    assert_eq!(world.answers::<mig_rt::typed::GnumachX8664>(), [(110, BAD_ID)]);
    let other: Subsystem<Kernel, Service> = Subsystem::new(MsgId(10)..=MsgId(12), Dispatcher::GnumachX8664v2022(first));
    assert_eq!((other.abi(), other.ids()), (AbiId::GnumachX8664v2022, MsgId(10)..=MsgId(12)));
    assert_eq!(format!("{other:?}"), "Subsystem 10..=12 of gnumach-x86_64-2022");
    assert!(service.calls.is_empty());
    world.assert_balanced(service);
}

/// What a method returns, and what the client is told.
#[test]
fn codes_of_methods() {
    fn of<W: Row>() {
        for (code, told) in [
            (KernReturn::FAILURE, Some(KernReturn::FAILURE.code())),
            (KernReturn::known(-1), Some(-1)),
            (KernReturn::MIG_BAD_ID, Some(BAD_ID)),
            (KernReturn::MIG_NO_REPLY, None),
            (KernReturn::MIG_DESTROY_REQUEST, None),
        ] {
            let world = World::new();
            world.request::<W>(10);
            let mut service = Service::new(move |_| Err(code));
            assert_eq!(world.serve::<W>(&mut service), MsgReturn::RCV_TIMED_OUT);
            // Without an answer the reply right is released: to a client that waits, its server died.
            let expected: Vec<_> = told.into_iter().map(|it| (110, it)).collect();
            assert_eq!(world.answers::<W>(), expected, "{code}");
            world.assert_balanced(service);
        }
    }
    each_abi!(of);
}

/// Whoever asks for no answer gets none, whatever happens to the request.
#[test]
fn nobody_waits() {
    fn of<W: Row>() {
        let world = World::new();
        for id in [10, 11, 20] {
            let mut buffer = Buffer::<128>::new();
            let mut request = Outgoing::<_, W>::new(&mut buffer, &world.to, MsgId(id));
            request.move_send(right::<W>().ty::<W>(), world.kernel.send_right(&world.thing));
            request.send().expect("there is room in the queue");
        }
        let mut service = Service::new(|_| Err(KernReturn::FAILURE));
        assert_eq!(world.serve::<W>(&mut service), MsgReturn::RCV_TIMED_OUT);
        assert_eq!((world.answers::<W>(), &service.calls[..]), (vec![], &[10][..]));
        world.assert_balanced(service);
    }
    each_abi!(of);
}

/// The client is gone before it is answered.
#[test]
fn the_reply_port_is_dead() {
    fn of<W: Row>() {
        let mut world = World::new();
        world.request::<W>(10);
        world.request::<W>(20);
        world.request::<W>(11);
        let client = std::mem::replace(&mut world.client, ReceiveRight::new(&world.kernel).expect("there are ports"));
        let name = client.name();
        drop(client);
        let mut service = Service::new(|_| Ok(()));
        assert_eq!(world.serve::<W>(&mut service), MsgReturn::RCV_TIMED_OUT);
        let later = service.owed.pop().expect("one was put off");
        assert!(format!("{later:?}").contains("Later(MsgId(120)"));
        let _ = later.send(Ok(()));
        assert_eq!(world.kernel.rights(name).send_once, 0);
        world.assert_balanced(service);
    }
    each_abi!(of);
}

/// Answers that come later: with success, with a code, never.
#[test]
fn late_answers() {
    fn of<W: Row>() {
        let world = World::new();
        (0..4).for_each(|_| world.request::<W>(20));
        let mut service = Service::new(|_| Ok(()));
        assert_eq!(world.serve::<W>(&mut service), MsgReturn::RCV_TIMED_OUT);
        assert_eq!((world.answers::<W>(), world.kernel.rights(world.client.name()).send_once), (vec![], 4));
        let mut owed = std::mem::take(&mut service.owed).into_iter();
        let mut next = || owed.next().expect("four were put off");
        assert_eq!(next().send(Ok(())), Ok(()));
        assert_eq!(next().send(Err(KernReturn::NO_SPACE)), Ok(()));
        assert_eq!(world.answers::<W>(), [(120, 0), (120, KernReturn::NO_SPACE.code())]);
        drop(next());
        assert_eq!((world.answers::<W>(), world.kernel.rights(world.client.name()).send_once), (vec![], 1));
        // The transport fails, and the answer is released with its right.
        world.kernel.fail([failed(MsgReturn::SEND_INVALID_DEST, Left::Untouched)]);
        assert_eq!(next().send(Ok(())), Err(MsgReturn::SEND_INVALID_DEST.into()));
        world.assert_balanced(service);
    }
    each_abi!(of);
}

/// A reply that is not sent is released, as far as it is known to be there, and the loop goes on.
#[test]
fn replies_that_are_not_sent() {
    fn of<W: Row>() {
        for left in [Left::Untouched, Left::TakenBack] {
            let world = World::new();
            (0..3).for_each(|_| world.request::<W>(10));
            let mut service = Service::new(|_| Ok(()));
            // Receive; send the first answer, which fails; receive again.
            world.kernel.fail([None, failed(MsgReturn::SEND_TIMED_OUT, left)]);
            assert_eq!(world.serve::<W>(&mut service), MsgReturn::RCV_TIMED_OUT);
            assert_eq!((service.calls.len(), world.answers::<W>()), (3, vec![(110, 0), (110, 0)]), "{left:?}");
            world.assert_balanced(service);
        }
        let world = World::new();
        world.request::<W>(10);
        let mut service = Service::new(|_| Ok(()));
        world.kernel.fail([None, failed(MsgReturn::SEND_INVALID_RIGHT, Left::Unknown)]);
        assert_eq!(world.serve::<W>(&mut service), MsgReturn::RCV_TIMED_OUT);
        // Nobody knows whether the reply right is still there: it is lost, and not given back twice.
        assert_eq!(world.kernel.rights(world.client.name()).send_once, 1);
        assert!(world.kernel.accounts().faults.is_empty());
    }
    each_abi!(of);
}

/// What is too large is dropped by the kernel; any other failure to receive ends the loop.
#[test]
fn receiving_fails() {
    fn of<W: Row>() {
        let world = World::new();
        world.request::<W>(10);
        let mut buffer = Buffer::<512>::new();
        let mut large = Outgoing::<_, W>::new(&mut buffer, &world.to, MsgId(10));
        large.move_send(right::<W>().ty::<W>(), world.kernel.send_right(&world.thing));
        large.counted(word(9, 8, 0).ty::<W>(), 300, &[0u8; 300]).expect("it fits");
        large.reply_to(world.client.make_send_once());
        large.send().expect("there is room in the queue");
        world.request::<W>(10);
        let mut service = Service::new(|_| Ok(()));
        assert_eq!(world.serve::<W>(&mut service), MsgReturn::RCV_TIMED_OUT);
        assert_eq!((service.calls.len(), world.answers::<W>()), (2, vec![(110, 0), (110, 0)]));

        world.request::<W>(10);
        world.kernel.fail([failed(MsgReturn::RCV_PORT_DIED, Left::Sent)]);
        assert_eq!(world.serve::<W>(&mut service), MsgReturn::RCV_PORT_DIED);
        // With an answer on its way: it was sent, and the receive behind it failed.
        world.kernel.fail([None, failed(MsgReturn::RCV_INTERRUPTED, Left::Sent)]);
        assert_eq!(world.serve::<W>(&mut service), MsgReturn::RCV_INTERRUPTED);
        assert_eq!((service.calls.len(), world.answers::<W>()), (3, vec![(110, 0)]));
        world.assert_balanced(service);
    }
    each_abi!(of);
}

/// A method that panics leaves nothing behind: not the request's right, not the reply's.
#[test]
fn methods_that_panic() {
    fn of<W: Row>() {
        let world = World::new();
        world.request::<W>(10);
        world.request::<W>(10);
        let dropped = Arc::new(Mutex::new(0));
        let count = dropped.clone();
        let mut service = Service::new(move |right| {
            *count.lock().expect("nobody panics with it") += 1;
            drop(right);
            panic!("the method is broken");
        });
        for served in 1..=2 {
            let panicked = catch_unwind(AssertUnwindSafe(|| world.serve::<W>(&mut service)));
            assert!(panicked.is_err());
            assert_eq!(*dropped.lock().expect("as above"), served);
        }
        assert_eq!(world.answers::<W>(), []);
        assert_eq!(world.serve::<W>(&mut service), MsgReturn::RCV_TIMED_OUT);
        world.assert_balanced(service);
    }
    each_abi!(of);
}

/// A reply to a right that can be used again could block: it is sent without waiting.
#[test]
fn only_send_once_rights_never_block() {
    fn of<W: Row>() {
        let world = World::new();
        let limits: Arc<Mutex<Vec<Option<Timeout>>>> = Arc::default();
        let log = limits.clone();
        world.kernel.inner.tap(move |tapped| {
            if tapped.operation.send && tapped.stage == mig_rt::loopback::Stage::Sent {
                log.lock().expect("nobody panics with it").push(tapped.operation.send_timeout);
            }
            Ok(())
        });
        world.request::<W>(10);
        let mut buffer = Buffer::<128>::new();
        let mut request = Outgoing::<_, W>::new(&mut buffer, &world.to, MsgId(11));
        request.reply_to(world.client.make_send());
        request.send().expect("there is room in the queue");
        let mut service = Service::new(|_| Ok(()));
        assert_eq!(world.serve::<W>(&mut service), MsgReturn::RCV_TIMED_OUT);
        let limits = limits.lock().expect("as above").split_off(2);
        assert_eq!(limits, [None, Some(Timeout(0))]);
        assert_eq!(world.kernel.rights(world.client.name()).send, 0);
        world.assert_balanced(service);
    }
    each_abi!(of);
}

/// Refused requests: wrong forms of a known routine.
#[test]
fn refused_requests_are_destroyed() {
    fn of<W: Row>() {
        let world = World::new();
        let mut buffer = Buffer::<128>::new();
        let mut request = Outgoing::<_, W>::new(&mut buffer, &world.to, MsgId(10));
        request.move_send(right::<W>().ty::<W>(), world.kernel.send_right(&world.thing));
        request.move_send(right::<W>().ty::<W>(), world.kernel.send_right(&world.thing));
        request.reply_to(world.client.make_send_once());
        request.send().expect("there is room in the queue");
        let mut buffer = Buffer::<128>::new();
        let mut request = Outgoing::<_, W>::new(&mut buffer, &world.to, MsgId(10));
        request.i32(word(2, 32, 1).ty::<W>(), 1);
        request.reply_to(world.client.make_send_once());
        request.send().expect("there is room in the queue");
        let mut service = Service::new(|_| Ok(()));
        assert_eq!(world.serve::<W>(&mut service), MsgReturn::RCV_TIMED_OUT);
        assert_eq!((world.answers::<W>(), service.calls.len()), (vec![(110, BAD_ARGUMENTS); 2], 0));
        world.assert_balanced(service);
    }
    each_abi!(of);
}
