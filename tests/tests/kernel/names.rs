//! The name server: tasks that know nothing of each other but their bootstrap port.

use generated::mach3::notify::MACH_NOTIFY_DEAD_NAME;
use generated::mach3::types::{
    NETNAME_INVALID_PORT, NETNAME_NO_SUCH_HOST, NETNAME_NOT_CHECKED_IN, NETNAME_NOT_YOURS, TASK_BOOTSTRAP_PORT,
};
use generated::{darwin, mach3};
use mig_rt::{AbiId, Disposition, KernReturn, PortName, ReceiveRight, Result, SendRight};
use runtime_kernel::{Task, Terminated, Thread, names};

use crate::world::{Simple, World, poll};

/// A world with a name server.
fn world() -> (World, Task, Thread<mig_rt::MsgReturn>) {
    let world = World::new();
    let (server, thread) = names::start(&world.kernel, AbiId::GnumachI386).unwrap();
    (world, server, thread)
}

fn is_untyped(task: &Task) -> bool {
    matches!(task.abi(), AbiId::DarwinLp64 | AbiId::DarwinIlp32)
}

/// The calls in whatever ABI a task speaks.
fn check_in(task: &Task, name: &[u8], signature: &SendRight<Task>, port: &ReceiveRight<Task>) -> Result<()> {
    let (abi, names) = (task.abi(), task.bootstrap_port());
    if is_untyped(task) {
        darwin::netname::any::netname_check_in(abi, &names, name, signature, port)
    } else {
        mach3::netname::any::netname_check_in(abi, &names, name, signature, port)
    }
}

fn look_up(task: &Task, name: &[u8]) -> Result<SendRight<Task>> {
    look_up_at(task, b"", name)
}

fn look_up_at(task: &Task, host: &[u8], name: &[u8]) -> Result<SendRight<Task>> {
    let (abi, names) = (task.abi(), task.bootstrap_port());
    if is_untyped(task) {
        darwin::netname::any::netname_look_up(abi, &names, host, name)
    } else {
        mach3::netname::any::netname_look_up(abi, &names, host, name)
    }
}

fn check_out(task: &Task, name: &[u8], signature: &SendRight<Task>) -> Result<()> {
    let (abi, names) = (task.abi(), task.bootstrap_port());
    if is_untyped(task) {
        darwin::netname::any::netname_check_out(abi, &names, name, signature)
    } else {
        mach3::netname::any::netname_check_out(abi, &names, name, signature)
    }
}

/// Lets the server make whatever it keeps from its first check-in on: the port for answers to its own calls.
fn warm_up(task: &Task) {
    let (nobody, port) = (SendRight::null(task), ReceiveRight::new(task).unwrap());
    check_in(task, b"first", &nobody, &port).unwrap();
    check_out(task, b"first", &nobody).unwrap();
    version(task);
}

/// A call that is answered after everything that is in the server's queue now.
fn version(task: &Task) -> String {
    let mut text = [0; 128];
    let (abi, names) = (task.abi(), task.bootstrap_port());
    let size = if is_untyped(task) {
        darwin::netname::any::netname_version(abi, &names, &mut text)
    } else {
        mach3::netname::any::netname_version(abi, &names, &mut text)
    };
    let text = &text[..size.unwrap()];
    String::from_utf8(text.split(|it| *it == 0).next().unwrap().to_vec()).unwrap()
}

#[test]
fn every_task_finds_every_service() {
    let (world, _, _) = world();
    let tasks = AbiId::ALL.map(|abi| world.kernel.task(abi.name(), abi));
    let ports = tasks.each_ref().map(|task| {
        let port = ReceiveRight::new(task).unwrap();
        check_in(task, task.name().as_bytes(), &SendRight::null(task), &port).unwrap();
        port
    });
    for client in &tasks {
        for (server, port) in tasks.iter().zip(&ports) {
            let found = look_up(client, server.name().as_bytes()).unwrap();
            Simple::to(found.name(), Disposition::COPY_SEND, 5).send(client).unwrap();
            assert_eq!(poll(server, port.name()).unwrap().id(), 5, "{client:?} to {server:?}");
        }
        assert_eq!(look_up(client, b"nobody").map(drop), Err(NETNAME_NOT_CHECKED_IN.into()));
        assert_eq!(look_up_at(client, b"*", b"gnumach-i386").map(drop), Ok(()));
        assert_eq!(look_up_at(client, b"elsewhere", b"gnumach-i386").map(drop), Err(NETNAME_NO_SUCH_HOST.into()));
        assert_eq!(version(client), "runtime-kernel 0.1.0");
    }
}

#[test]
fn a_signature_protects_a_name() {
    let (world, _, _) = world();
    for abi in [AbiId::GnumachX8664, AbiId::DarwinIlp32] {
        let (owner, other) = (world.kernel.task("owner", abi), world.kernel.task("other", abi));
        let (own, others) = (owner.self_port(), other.self_port());
        let (first, second) = (ReceiveRight::new(&owner).unwrap(), ReceiveRight::new(&other).unwrap());
        assert_eq!(check_in(&owner, b"clock", &own, &first), Ok(()));
        assert_eq!(check_in(&other, b"clock", &others, &second), Err(NETNAME_NOT_YOURS.into()));
        assert_eq!(check_out(&other, b"clock", &others), Err(NETNAME_NOT_YOURS.into()));
        // Whoever is shown the signature may do what its owner may.
        let shown = owner.give_send(&first, &other).unwrap();
        assert_eq!(check_out(&other, b"clock", &shown), Err(NETNAME_NOT_YOURS.into()));
        assert_eq!(check_in(&owner, b"clock", &own, &first), Ok(()));
        assert_eq!(check_out(&owner, b"clock", &own), Ok(()));
        assert_eq!(check_out(&owner, b"clock", &own), Err(NETNAME_NOT_CHECKED_IN.into()));
        assert_eq!(check_in(&other, b"clock", &others, &second), Ok(()));
        assert_eq!(check_in(&owner, b"", &own, &first), Err(KernReturn::INVALID_ARGUMENT.into()));
        assert_eq!(check_out(&other, b"clock", &others), Ok(()));
    }
}

#[test]
fn dead_services_disappear() {
    let (world, server, _) = world();
    let client = world.task("client");
    warm_up(&client);
    let before = server.rights().len();
    for abi in AbiId::ALL {
        let service = world.kernel.task("service", abi);
        let port = ReceiveRight::new(&service).unwrap();
        check_in(&service, b"one", &service.self_port(), &port).unwrap();
        check_in(&service, b"two", &service.self_port(), &port).unwrap();
        let found = look_up(&client, b"one").unwrap();
        assert!(found.is_valid());
        service.terminate();
        for name in [b"one", b"two"] {
            assert_eq!(look_up(&client, name).map(drop), Err(NETNAME_NOT_CHECKED_IN.into()), "{abi}");
        }
        version(&client);
        assert_eq!(server.rights().len(), before, "the server keeps no dead name");
        // The names are free for others, and what they had is not told twice.
        let port = ReceiveRight::new(&client).unwrap();
        check_in(&client, b"one", &SendRight::null(&client), &port).unwrap();
        check_out(&client, b"one", &SendRight::null(&client)).unwrap();
        assert_eq!(server.rights().len(), before);
    }
}

/// Whoever can send to the server cannot make it believe that a service died.
#[test]
fn deaths_cannot_be_forged() {
    let (world, server, _) = world();
    let client = world.task("client");
    warm_up(&client);
    let before = server.rights();
    let port = ReceiveRight::new(&client).unwrap();
    check_in(&client, b"service", &SendRight::null(&client), &port).unwrap();
    let new: Vec<PortName> = server.rights().iter().filter(|it| !before.contains(it)).map(|it| it.0).collect();
    let names = client.bootstrap_port();
    for name in &new {
        let mut forged = Simple::to(names.name(), Disposition::COPY_SEND, MACH_NOTIFY_DEAD_NAME.0 as u32);
        forged.words = vec![0x1001_200f, name.0];
        forged.send(&client).unwrap();
    }
    assert!(look_up(&client, b"service").is_ok_and(|it| it.is_valid()));
    assert_eq!(server.rights().len(), before.len() + new.len());
}

#[test]
fn ports_of_the_machine() {
    let (world, _, _) = world();
    let typed = world.task("typed");
    let out = mach3::bootstrap::any::bootstrap_privileged_ports(typed.abi(), &typed.bootstrap_port()).unwrap();
    assert!(out.priv_host.is_valid() && !out.priv_device.is_valid());
    let untyped = world.kernel.task("untyped", AbiId::DarwinLp64);
    let out = darwin::bootstrap::any::bootstrap_ports(untyped.abi(), &untyped.bootstrap_port()).unwrap();
    assert!(out.priv_host.is_valid() && !out.priv_device.is_valid());
}

/// Only send rights to living ports have names.
#[test]
fn a_port_that_is_dead_is_not_checked_in() {
    let (world, server, _) = world();
    let client = world.kernel.task("client", AbiId::DarwinLp64);
    warm_up(&client);
    let before = server.rights().len();
    let (abi, names) = (client.abi(), client.bootstrap_port());
    let null = SendRight::null(&client);
    let register = |port: &SendRight<Task>| {
        darwin::netname::any::netname_register_send_right(abi, &names, b"service", &null, port)
    };
    let port = ReceiveRight::new(&client).unwrap();
    let right = client.make_send(&port).unwrap();
    assert_eq!(register(&null), Err(NETNAME_INVALID_PORT.into()));
    assert_eq!(register(&right), Ok(()));
    drop(port);
    assert_eq!(register(&right), Err(NETNAME_INVALID_PORT.into()));
    version(&client);
    assert_eq!(server.rights().len(), before);
}

#[test]
fn without_a_server_nobody_is_found() {
    let world = World::new();
    let early = world.task("early");
    assert!(!early.bootstrap_port().is_valid());
    let (server, thread) = names::start(&world.kernel, AbiId::GnumachX8664).unwrap();
    assert!(!early.bootstrap_port().is_valid(), "it was made before");
    let late = world.task("late");
    assert!(look_up(&late, b"nobody").is_err());
    server.terminate();
    assert!(thread.join().unwrap_err().is::<Terminated>());
    assert_eq!(late.bootstrap_port().name(), PortName::DEAD);
    assert!(look_up(&late, b"nobody").is_err());
}

/// The bootstrap port is a special port of a task: whoever has the task can put another server in place of this one.
#[test]
fn another_server_in_between() {
    use darwin::task::any as untyped;
    use mach3::mach::any as typed;
    let (world, _, _) = world();
    for abi in AbiId::ALL {
        let (filter, task) = (world.task("filter"), world.kernel.task("task", abi));
        let port = ReceiveRight::new(&filter).unwrap();
        check_in(&filter, b"filter", &filter.self_port(), &port).unwrap();
        let (found, own, which) = (look_up(&task, b"filter").unwrap(), task.self_port(), TASK_BOOTSTRAP_PORT);
        let [before, after] = if is_untyped(&task) {
            let before = untyped::task_get_special_port(abi, &own, which).unwrap();
            untyped::task_set_special_port(abi, &own, which, &found).unwrap();
            [before, untyped::task_get_special_port(abi, &own, which).unwrap()]
        } else {
            let before = typed::task_get_special_port(abi, &own, which).unwrap();
            typed::task_set_special_port(abi, &own, which, &found).unwrap();
            [before, typed::task_get_special_port(abi, &own, which).unwrap()]
        };
        assert_eq!((before == found, after == found, task.bootstrap_port() == found), (false, true, true), "{abi}");
        Simple::to(task.bootstrap_port().into_raw(), Disposition::MOVE_SEND, 1041).send(&task).unwrap();
        assert_eq!(poll(&filter, port.name()).unwrap().id(), 1041, "{abi}");
        check_out(&filter, b"filter", &filter.self_port()).unwrap();
    }
}

/// Services come and go while others look for them, in many orders: whatever is found can be sent to or is dead, and
/// when all are gone the server has nothing left of them.
#[test]
fn services_come_and_go_in_any_order() {
    for seed in 0..300 {
        let world = World::seeded(seed);
        let (server, thread) = names::start(&world.kernel, AbiId::ALL[seed as usize % 5]).unwrap();
        let services = [AbiId::GnumachI386, AbiId::DarwinLp64, AbiId::GnumachX8664].map(|abi| {
            world.kernel.task("service", abi).spawn("service", |task| {
                let port = ReceiveRight::new(&task).unwrap();
                let result = check_in(&task, b"clock", &SendRight::null(&task), &port);
                task.terminate();
                result
            })
        });
        let looking = world.kernel.task("client", AbiId::DarwinIlp32).spawn("client", |task| {
            for _ in 0..4 {
                match look_up(&task, b"clock") {
                    Ok(found) if found.is_valid() => {
                        let _ = Simple::to(found.name(), Disposition::COPY_SEND, 5).send(&task);
                    }
                    Ok(_) => {}
                    Err(it) => assert_eq!(it, NETNAME_NOT_CHECKED_IN.into()),
                }
            }
        });
        assert_eq!(world.kernel.run(), ["name server"], "seed {seed}");
        services.into_iter().for_each(|it| assert_eq!(it.join().unwrap(), Ok(()), "seed {seed}"));
        looking.join().unwrap();
        let (dead, send) = (0x10_0000, 0x1_0000);
        let of = |bits: u32| server.rights().iter().filter(|it| it.1 & bits != 0).count();
        assert_eq!((of(dead), of(send)), (0, 1), "seed {seed}: only the right to the host is left");
        server.terminate();
        assert_eq!(world.kernel.run(), Vec::<String>::new(), "seed {seed}");
        assert!(thread.join().unwrap_err().is::<Terminated>(), "seed {seed}");
        assert_eq!(world.kernel.check(), Ok(()), "seed {seed}");
    }
}
