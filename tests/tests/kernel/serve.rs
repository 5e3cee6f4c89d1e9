//! The server's loop over the kernel: requests and notifications on one port, sets, time limits, long requests.

use generated::mach3::bootstrap::{self, BootstrapServer, bootstrap_privileged_ports};
use generated::mach3::notify::MACH_NOTIFY_DEAD_NAME;
use generated::mach3::seqnos_notify::{self, SeqnosNotifyServer};
use generated::{darwin, mach3};
use mig_rt::raw::{mach_msg_receive, mach_msg_send};
use mig_rt::{
    AbiId, Disposition, ErrorKind, KernReturn, MigError, MsgReturn, PortName, Receive, ReceiveRight, RightKind,
    SendRight, Subsystem, Timeout, serve, serve_once,
};
use runtime_kernel::{Resource, Task};

use crate::world::{Simple, World, poll, release, type_of};

/// Counts requests and writes down whatever it is told.
#[derive(Default)]
struct Service {
    requests: u32,
    told: Vec<(&'static str, PortName, u32)>,
}

impl BootstrapServer<Task> for Service {
    fn bootstrap_privileged_ports(
        &mut self,
        port: PortName,
    ) -> Result<bootstrap_privileged_ports::Out<Task>, KernReturn> {
        self.requests += 1;
        self.told.push(("request", port, self.requests));
        Err(KernReturn::NO_ACCESS)
    }
}

macro_rules! hears {
    ($trait:path) => {
        impl $trait for Service {
            fn mach_notify_dead_name(&mut self, notify: PortName, name: PortName) -> Result<(), KernReturn> {
                self.told.push(("dead name", notify, name.0));
                Ok(())
            }

            fn mach_notify_no_senders(&mut self, notify: PortName, made: u32) -> Result<(), KernReturn> {
                self.told.push(("no senders", notify, made));
                Ok(())
            }
        }
    };
}
hears!(mach3::notify::NotifyServer<Task>);
hears!(darwin::notify::NotifyServer<Task>);

impl SeqnosNotifyServer<Task> for Service {
    fn mach_notify_dead_name(&mut self, _: PortName, number: u32, name: PortName) -> Result<(), KernReturn> {
        self.told.push(("dead name, numbered", name, number));
        Ok(())
    }
}

/// Requests by whichever right, notifications only from the kernel.
fn subsystems() -> Vec<Subsystem<Task, Service>> {
    let notifications = [
        mach3::notify::gnumach_i386::subsystem(),
        mach3::notify::gnumach_x86_64::subsystem(),
        mach3::notify::gnumach_x86_64_2022::subsystem(),
        darwin::notify::darwin_lp64::subsystem(),
        darwin::notify::darwin_ilp32::subsystem(),
    ];
    let requests = [
        bootstrap::gnumach_i386::subsystem(),
        bootstrap::gnumach_x86_64::subsystem(),
        bootstrap::gnumach_x86_64_2022::subsystem(),
    ];
    notifications.map(Subsystem::through_send_once).into_iter().chain(requests).collect()
}

const MAX: usize = 512;

/// Asks for a notification to `notify` in whatever the task speaks.
fn request(task: &Task, name: PortName, notify: &ReceiveRight<Task>) {
    let once = notify.make_send_once();
    let (own, id) = (task.self_port(), MACH_NOTIFY_DEAD_NAME);
    let before = match task.abi() {
        abi @ (AbiId::DarwinLp64 | AbiId::DarwinIlp32) => {
            darwin::mach_port::any::mach_port_request_notification(abi, &own, name, id, 0, once)
        }
        abi => mach3::mach_port::any::mach_port_request_notification(abi, &own, name, id, 0, once),
    };
    assert!(!before.unwrap().is_valid());
}

/// A dead-name notification as a program writes it that is not the kernel.
fn forged(abi: AbiId, to: &SendRight<Task>, name: PortName) -> Vec<u8> {
    let wide = matches!(abi, AbiId::GnumachX8664 | AbiId::GnumachX8664v2022);
    let head = [u32::from(Disposition::COPY_SEND.0), 0, to.name().0];
    let mut words = head.to_vec();
    words.resize(if wide { 7 } else { 5 }, 0);
    words.push(MACH_NOTIFY_DEAD_NAME.0 as u32);
    match abi {
        AbiId::DarwinLp64 | AbiId::DarwinIlp32 => words.extend([0, 1, name.0]),
        _ if wide => words.extend([0x2000_200f, 1, name.0, 0]),
        _ => words.extend([0x1001_200f, name.0]),
    }
    words[1] = words.len() as u32 * 4;
    words.iter().flat_map(|it| it.to_le_bytes()).collect()
}

#[test]
fn requests_and_notifications_come_to_one_port() {
    for abi in AbiId::ALL {
        let world = World::new();
        let server = world.kernel.task("server", abi);
        let clients = [world.task("first"), world.task("second")];
        let port = ReceiveRight::new(&server).unwrap();
        let [watched, other] = clients.each_ref().map(|client| {
            let theirs = ReceiveRight::new(client).unwrap();
            (client.give_send(&theirs, &server).unwrap(), theirs)
        });
        request(&server, watched.0.name(), &port);
        let to = server.give_send(&port, &clients[0]).unwrap();
        let mut service = Service::default();
        // SAFETY: the message moves nothing.
        #[allow(unsafe_code, reason = "a program without stubs")]
        unsafe { mach_msg_send(&clients[0], abi, &mut forged(abi, &to, other.0.name())) }.unwrap();
        Simple::to(to.name(), Disposition::COPY_SEND, 1_000_000).send(&clients[0]).unwrap();
        drop(watched.1);
        let from = Receive::from(&port).within(Timeout(0));
        assert_eq!(serve::<_, _, MAX>(from, &subsystems(), &mut service), MsgReturn::RCV_TIMED_OUT);
        let dead = watched.0.name();
        assert_eq!(service.told, [("request", port.name(), 1), ("dead name", port.name(), dead.0)], "{abi}");
        // The notification has brought a reference.
        release(&server, dead, RightKind::DEAD_NAME);
        drop(watched.0);
        assert_eq!(type_of(&server, dead), 0);
    }
}

/// The same message through the kernel's right and through a client's, to the same server without a guard.
#[test]
fn without_a_guard_a_forgery_is_believed() {
    let world = World::new();
    let (server, client) = (world.task("server"), world.task("client"));
    let port = ReceiveRight::new(&server).unwrap();
    let to = server.give_send(&port, &client).unwrap();
    let abi = AbiId::GnumachI386;
    covers!("mach_msg_send", "MACH_MSG_SUCCESS");
    // SAFETY: the message moves nothing.
    #[allow(unsafe_code, reason = "a program without stubs")]
    unsafe { mach_msg_send(&client, abi, &mut forged(abi, &to, PortName(1))) }.unwrap();
    let (mut service, believing) = (Service::default(), [mach3::notify::gnumach_i386::subsystem()]);
    assert_eq!(serve_once::<_, _, MAX>(&port, &believing, &mut service), Ok(()));
    assert_eq!(service.told, [("dead name", port.name(), 1)]);
}

#[test]
fn numbered_notifications() {
    let world = World::new();
    let (server, client) = (world.task("server"), world.task("client"));
    let port = ReceiveRight::new(&server).unwrap();
    let to = server.give_send(&port, &client).unwrap();
    let theirs: Vec<_> = (0..3).map(|_| ReceiveRight::new(&client).unwrap()).collect();
    let rights: Vec<_> = theirs.iter().map(|it| client.give_send(it, &server).unwrap()).collect();
    rights.iter().for_each(|it| request(&server, it.name(), &port));
    let mut theirs = theirs.into_iter();
    drop(theirs.next());
    Simple::to(to.name(), Disposition::COPY_SEND, 1_000_000).send(&client).unwrap();
    drop(theirs);
    let mut service = Service::default();
    let subsystems =
        [seqnos_notify::gnumach_i386::subsystem().through_send_once(), bootstrap::gnumach_i386::subsystem()];
    let from = Receive::from(&port).within(Timeout(0));
    assert_eq!(serve::<_, _, MAX>(from, &subsystems, &mut service), MsgReturn::RCV_TIMED_OUT);
    let numbered = |at: usize, number| ("dead name, numbered", rights[at].name(), number);
    assert_eq!(service.told, [numbered(0, 0), ("request", port.name(), 1), numbered(1, 2), numbered(2, 3)]);
    rights.iter().for_each(|it| release(&server, it.name(), RightKind::DEAD_NAME));
}

#[test]
fn a_call_is_answered_and_the_server_ends_when_nobody_calls() {
    let world = World::seeded(3);
    let (server, client) = (world.task("server"), world.task("client"));
    let port = ReceiveRight::new(&server).unwrap();
    let to = server.give_send(&port, &client).unwrap();
    let serving = server.spawn("server", move |_| {
        let mut service = Service::default();
        let code = serve::<_, _, MAX>(Receive::from(&port).within(Timeout(60_000)), &subsystems(), &mut service);
        (code, service.requests)
    });
    let calling = client.spawn("client", move |_| {
        AbiId::ALL[..3].iter().map(|abi| bootstrap::any::bootstrap_privileged_ports(*abi, &to).map(drop)).collect()
    });
    assert_eq!(world.kernel.run(), Vec::<String>::new());
    let answers: Vec<mig_rt::Result<()>> = calling.join().unwrap();
    assert_eq!(answers, [Err(KernReturn::NO_ACCESS.into()); 3]);
    assert_eq!(serving.join().unwrap(), (MsgReturn::RCV_TIMED_OUT, 3));
}

/// One server for the ports of a set; each request says to which of them it came.
#[test]
fn a_set_is_served() {
    use mach3::mach_port::gnumach_i386 as mach_port;
    let world = World::new();
    let (server, client) = (world.task("server"), world.task("client"));
    let own = server.self_port();
    let set = mach_port::mach_port_allocate(&own, RightKind::PORT_SET).unwrap();
    let ports: Vec<_> = (0..3).map(|_| ReceiveRight::new(&server).unwrap()).collect();
    for port in &ports {
        mach_port::mach_port_move_member(&own, port.name(), set).unwrap();
        let to = server.give_send(port, &client).unwrap();
        Simple::to(to.name(), Disposition::COPY_SEND, 1_000_000).send(&client).unwrap();
    }
    let mut service = Service::default();
    for served in 1..=3 {
        assert_eq!(serve_once::<_, _, MAX>(Receive::from_set(&server, set), &subsystems(), &mut service), Ok(()));
        assert_eq!(service.told.last(), Some(&("request", ports[served - 1].name(), served as u32)));
    }
    let none = Receive::from_set(&server, set).within(Timeout(0));
    assert_eq!(serve_once::<_, _, MAX>(none, &subsystems(), &mut service), Err(MsgReturn::RCV_TIMED_OUT));
    assert_eq!(serve_once::<_, _, MAX>(&ports[0], &subsystems(), &mut service), Err(MsgReturn::RCV_IN_SET));
}

/// To the sender of a request that is too long for its server, the server died; unless the server can read it.
#[test]
fn long_requests() {
    for abi in AbiId::ALL {
        let world = World::new();
        let (server, client) = (world.task("server"), world.task("client"));
        let port = ReceiveRight::new(&server).unwrap();
        let to = server.give_send(&port, &client).unwrap();
        let reply = ReceiveRight::new(&client).unwrap();
        let send = |id| {
            let mut request = Simple::to(to.name(), Disposition::COPY_SEND, id);
            request.words = vec![0; 1000];
            request.reply_to(reply.name(), Disposition::MAKE_SEND_ONCE).send(&client).unwrap();
        };
        let mut service = Service::default();
        send(7);
        let once = |from: Receive<'_, Task>, service: &mut Service| {
            serve_once::<_, _, MAX>(from, &[bootstrap::gnumach_i386::subsystem()], service)
        };
        assert_eq!(once(Receive::from(&port), &mut service), Err(MsgReturn::RCV_TOO_LARGE));
        assert_eq!(poll(&client, reply.name()).unwrap().id(), 71);
        send(7);
        assert_eq!(once(Receive::from(&port).growing(8192), &mut service), Ok(()));
        let answer = poll(&client, reply.name()).unwrap();
        assert_eq!((answer.id(), answer.body()[1] as i32), (107, KernReturn::MIG_BAD_ID.code()), "{abi}");
        send(1_000_000);
        send(1_000_000);
        let from = Receive::from(&port).growing(8192).within(Timeout(0));
        let code = serve::<_, _, MAX>(from, &[bootstrap::gnumach_i386::subsystem()], &mut service);
        assert_eq!(code, MsgReturn::RCV_TIMED_OUT);
        for _ in 0..2 {
            assert_eq!(poll(&client, reply.name()).unwrap().body()[1] as i32, KernReturn::MIG_BAD_ARGUMENTS.code());
        }
        assert_eq!(service.requests, 0);
    }
}

/// With the trailer, a message is longer than its sender wrote it.
#[test]
fn long_requests_with_trailers() {
    use darwin::netname::{NetnameServer, darwin_lp64};
    struct Names(Vec<usize>);
    impl NetnameServer<Task> for Names {
        fn netname_check_out(
            &mut self,
            _: PortName,
            name: mig_rt::Text<'_>,
            _: SendRight<Task>,
        ) -> Result<(), KernReturn> {
            self.0.push(name.bytes().len());
            Ok(())
        }
    }
    let world = World::seeded(11);
    let (server, client) = (world.kernel.task("server", AbiId::DarwinLp64), world.task("client"));
    let port = ReceiveRight::new(&server).unwrap();
    let to = server.give_send(&port, &client).unwrap();
    let serving = server.spawn("server", move |_| {
        let mut names = Names(Vec::new());
        let from = Receive::from(&port).growing(256).within(Timeout(1000));
        let code = serve::<_, _, 64>(from, &[darwin_lp64::subsystem()], &mut names);
        (code, names.0)
    });
    let calling = client.spawn("client", move |_| {
        let signature = SendRight::null(to.via());
        [3, 20, 90, 100, 3].map(|size| darwin_lp64::netname_check_out(&to, &vec![b'a'; size], &signature))
    });
    assert_eq!(world.kernel.run(), Vec::<String>::new());
    assert_eq!(calling.join().unwrap(), [Ok(()); 5]);
    assert_eq!(serving.join().unwrap(), (MsgReturn::RCV_TIMED_OUT, vec![3, 20, 90, 100, 3]));
}

/// A message of a program without stubs, in every ABI, from one task to another.
#[test]
fn messages_by_hand() {
    for abi in AbiId::ALL {
        let world = World::new();
        let (server, client) = (world.task("server"), world.task("client"));
        let port = ReceiveRight::new(&server).unwrap();
        let to = server.give_send(&port, &client).unwrap();
        let mut message = forged(abi, &to, PortName(7));
        // SAFETY: the message moves nothing.
        #[allow(unsafe_code, reason = "a program without stubs")]
        let sent = unsafe { mach_msg_send(&client, abi, &mut message) };
        covers!("mach_msg_send", "MACH_MSG_SUCCESS", sent.map_err(|it| it.code)).unwrap();
        let mut room = vec![0; 128];
        let local = if matches!(abi, AbiId::GnumachX8664 | AbiId::GnumachX8664v2022) { 16 } else { 12 };
        room[4] = 128;
        room[local..local + 4].copy_from_slice(&port.name().0.to_le_bytes());
        let arrived = mach_msg_receive(&server, abi, &mut room).map_err(|it| it.code);
        let arrived = covers!("mach_msg_receive", "MACH_MSG_SUCCESS", arrived).unwrap();
        assert_eq!((arrived.abi, arrived.size as usize), (abi, message.len()));
        assert_eq!(room[local + 12..message.len()], message[local + 12..], "{abi}");
    }
}

/// A server that goes away with a request in its queue, and one that goes away before.
#[test]
fn a_server_that_is_gone() {
    let world = World::seeded(5);
    let (server, client) = (world.task("server"), world.task("client"));
    let port = ReceiveRight::new(&server).unwrap();
    let to = server.give_send(&port, &client).unwrap();
    let calling = client.spawn("client", move |_| {
        let call = || bootstrap::any::bootstrap_privileged_ports(AbiId::GnumachI386, &to).map(drop);
        [call(), call()].map(|it| it.map_err(|it| it.kind()))
    });
    let ending = server.spawn("server", move |task| {
        let mut header = vec![0; 64];
        header[4] = 64;
        header[12..16].copy_from_slice(&port.name().0.to_le_bytes());
        covers!("mach_msg_receive", "MACH_MSG_SUCCESS");
        let arrived = mach_msg_receive(&task, AbiId::GnumachI386, &mut header).unwrap();
        task.terminate();
        arrived.size
    });
    assert_eq!(world.kernel.run(), Vec::<String>::new());
    assert_eq!(ending.join().unwrap(), 24);
    let died = Err(ErrorKind::Mig(MigError::SERVER_DIED));
    assert_eq!(calling.join().unwrap(), [died, Err(ErrorKind::Msg(MsgReturn::SEND_INVALID_DEST))]);
}

/// A server that has no room for the rights of a message loses that message, keeps nothing of it, and goes on.
#[test]
fn shortage_does_not_end_a_server() {
    for room in 0..4 {
        let world = World::new();
        let (server, client) = (world.task("server"), world.task("client"));
        let (port, reply) = (ReceiveRight::new(&server).unwrap(), ReceiveRight::new(&client).unwrap());
        let to = server.give_send(&port, &client).unwrap();
        let before = server.rights();
        let inner = [ReceiveRight::new(&client).unwrap(), ReceiveRight::new(&client).unwrap()];
        Simple::to(to.name(), Disposition::COPY_SEND, 1_000_000)
            .reply_to(reply.name(), Disposition::MAKE_SEND_ONCE)
            .carrying(inner[0].name(), Disposition::MAKE_SEND)
            .carrying(inner[1].name(), Disposition::MAKE_SEND_ONCE)
            .send(&client)
            .unwrap();
        Simple::to(to.name(), Disposition::COPY_SEND, 1_000_000).send(&client).unwrap();
        let mut service = Service::default();
        world.kernel.limit(Resource::Names, Some(room));
        let from = Receive::from(&port).within(Timeout(0));
        let code = serve::<_, _, MAX>(from, &[bootstrap::gnumach_i386::subsystem()], &mut service);
        world.kernel.limit(Resource::Names, None);
        assert_eq!((code, service.requests), (MsgReturn::RCV_TIMED_OUT, 1), "room for {room} names");
        // To the client of a lost request the server died; one that arrived whole is answered.
        let answer = poll(&client, reply.name()).unwrap();
        assert_eq!(answer.id(), if room < 3 { 71 } else { 1_000_100 }, "room for {room} names");
        assert_eq!(server.rights(), before, "room for {room} names");
    }
}
