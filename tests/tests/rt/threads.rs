//! Threads: rights, regions and the loopback are shared; each thread has a reply port of its own.

use std::mem::ManuallyDrop;
use std::thread;

use mig_rt::{
    AbiId, KernReturn, Loopback, MsgReturn, Outtran, PortName, ReceiveRight, Region, RightKind, Rights, SendRight,
    Subsystem, Translate, Transport, serve,
};
use tests::fuzz::shapes::{self, Handle, ShapesServer, any};

type Space = Loopback<()>;

/// Answers with what it was given.
struct Echo(u32);

impl Translate<Space, Handle> for Echo {
    type Object = i32;

    fn intran(&self, handle: i32) -> i32 {
        handle
    }
}

impl Outtran<Space, Handle> for Echo {
    type Object = i32;

    fn outtran(&self, object: i32) -> i32 {
        object
    }
}

impl ShapesServer<Space> for Echo {
    fn r_islong(&mut self, _: PortName, a: i32) -> Result<i32, KernReturn> {
        self.0 += 1;
        Ok(a + 1)
    }

    fn r_notlong(&mut self, _: PortName, d: Region<Space, u8>) -> Result<Region<Space, u8>, KernReturn> {
        self.0 += 1;
        Ok(d)
    }

    fn r_portarr_ool_in(&mut self, _: PortName, d: Rights<'_, Space, SendRight<Space>>) -> Result<(), KernReturn> {
        self.0 += d.len() as u32;
        Ok(())
    }
}

const CLIENTS: u32 = if cfg!(miri) { 2 } else { 4 };
const CALLS: u32 = if cfg!(miri) { 3 } else { 300 };

/// Clients of every ABI call one server, whose port then dies under it.
#[test]
fn many_clients_and_one_server() {
    let space = Space::new((), &[]);
    // The scope's end, not this value, gives the right back: the server borrows it until its port is gone.
    let port = ManuallyDrop::new(ReceiveRight::new(&space).expect("there are ports"));
    let to = space.make_send(&port);
    let mut echo = Echo(0);
    let ended = thread::scope(|scope| {
        let server = scope.spawn(|| {
            let subsystems: [Subsystem<Space, Echo>; 3] = [
                shapes::gnumach_i386::subsystem(),
                shapes::gnumach_x86_64::subsystem(),
                shapes::gnumach_x86_64_2022::subsystem(),
            ];
            serve::serve::<_, _, 4096>(&*port, &subsystems, &mut echo)
        });
        let clients: Vec<_> = (0..CLIENTS)
            .map(|it| {
                scope.spawn({
                    let to = &to;
                    move || client(it, to)
                })
            })
            .collect();
        for it in clients {
            it.join().expect("no client panics");
        }
        space.release(port.name(), RightKind::RECEIVE);
        server.join().expect("the server does not panic")
    });
    assert_eq!((ended, echo.0), (MsgReturn::RCV_INVALID_NAME, CLIENTS * CALLS * 4));
    // Only the handle is left of it.
    ManuallyDrop::into_inner(port).into_raw();
    drop(to);
    let accounts = space.accounts();
    assert_eq!((accounts.faults.len(), accounts.regions.len()), (0, 0));
    // What is left are the loopback's own port and the clients' reply ports, which are idle.
    assert_eq!(accounts.ports.len(), 1, "{accounts:?}");
}

fn client(number: u32, to: &SendRight<Space>) {
    let abis = [AbiId::GnumachI386, AbiId::GnumachX8664, AbiId::GnumachX8664v2022];
    for call in 0..CALLS {
        let abi = abis[((number + call) % 3) as usize];
        let value = (number * CALLS + call) as i32;
        assert_eq!(any::r_islong(abi, to, value), Ok(value + 1));
        let bytes = vec![number as u8; call as usize % 40];
        let back = any::r_notlong(abi, to, &bytes).expect("it is echoed");
        assert_eq!(back.bytes(), Ok(&bytes[..]));
        let rights = [to.try_clone().expect("it can be had twice"), SendRight::null(to.via())];
        assert_eq!(any::r_portarr_ool_in(abi, to, &rights), Ok(()));
    }
}

/// The stubs by themselves, every one of them in every ABI: what is unsafe about them is the support crate's.
#[test]
fn every_stub() {
    tests::fuzz::calls();
}

/// Rights go where their handle goes.
#[test]
fn rights_go_to_other_threads() {
    fn shared<X: Send + Sync>() {}
    shared::<SendRight<Space>>();
    shared::<ReceiveRight<Space>>();
    shared::<Region<Space, u8>>();
    shared::<Rights<'static, Space, SendRight<Space>>>();
    let space = Space::new((), &[]);
    let port = ReceiveRight::new(&space).expect("there are ports");
    let rights: Vec<_> = (0..CLIENTS).map(|_| space.make_send(&port)).collect();
    let others = rights.into_iter().map(|it| {
        thread::spawn(move || {
            for _ in 0..CALLS {
                drop(it.try_clone().expect("it can be had twice"));
            }
        })
    });
    for it in others.collect::<Vec<_>>() {
        it.join().expect("it does not panic");
    }
    assert_eq!(space.accounts().ports[&port.name()].send, 0);
    assert!(space.accounts().faults.is_empty());
}

/// A call from inside of a method: the service is busy, and says so at once instead of waiting for itself.
#[test]
fn a_service_does_not_wait_for_itself() {
    struct Caller(Option<SendRight<Loopback<Caller>>>);
    impl Translate<Loopback<Caller>, Handle> for Caller {
        type Object = i32;

        fn intran(&self, handle: i32) -> i32 {
            handle
        }
    }
    impl Outtran<Loopback<Caller>, Handle> for Caller {
        type Object = i32;

        fn outtran(&self, object: i32) -> i32 {
            object
        }
    }
    impl ShapesServer<Loopback<Caller>> for Caller {
        fn r_noargs(&mut self, _: PortName) -> Result<(), KernReturn> {
            let own = self.0.as_ref().expect("set before the first call");
            any::r_noargs(AbiId::GnumachI386, own).map_err(|it| it.to_kern())
        }
    }
    let space = Loopback::new(Caller(None), &[shapes::gnumach_i386::subsystem()]);
    space.with_service(|it| it.0 = Some(space.port()));
    let result = any::r_noargs(AbiId::GnumachI386, &space.port());
    assert_eq!(result, Err(KernReturn::MIG_SERVER_DIED.into()));
    space.with_service(|it| it.0 = None);
    assert!(space.accounts().faults.is_empty());
}
