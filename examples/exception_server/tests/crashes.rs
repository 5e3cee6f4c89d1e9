//! The handler over the transport in memory, asked by generated clients as a kernel would.

use exception_server::{Catcher, Crash, Handler, guard, subsystems};
use generated::darwin::mach_port::{self, MachPortServer};
use generated::darwin::task::{self, TaskServer};
use generated::darwin::types::{ExceptionBehavior, ExceptionMask, ExceptionType, MACH_EXCEPTION_CODES};
use generated::darwin::{exc, mach_exc};
use mig_rt::{
    AbiId, Disposition, ErrorKind, KernReturn, Loopback, Outbound, Outtran, PortName, ReceiveRight, SendRight,
    Translate, Translated, Wide,
};

const ABIS: [AbiId; 2] = [AbiId::DarwinLp64, AbiId::DarwinIlp32];

/// Writes down what it hears of, steps over bad accesses, and declines everything else.
#[derive(Default)]
struct Rescue(Vec<String>);

type Space = Loopback<Catcher<Rescue>>;

impl Handler<Space> for Rescue {
    fn handle(&mut self, crash: &mut Crash<'_, Space>) -> bool {
        let known = crash.identity.is_some();
        self.0.push(format!("{:?} {:x?} identity: {known} state: {:?}", crash.kind, crash.codes, crash.state));
        if let Some((_, words)) = &mut crash.state {
            words[0] += 4;
        }
        crash.kind == ExceptionType::BAD_ACCESS
    }
}

/// A port space with the handler; when all is over, what it heard of.
fn with_handler(raise: impl FnOnce(&SendRight<Space>, &ReceiveRight<Space>)) -> Vec<String> {
    let space = Space::new(Catcher(Rescue::default()), &subsystems());
    let thread = ReceiveRight::new(&space).expect("there are ports");
    raise(&space.port(), &thread);
    drop(thread);
    let accounts = space.accounts();
    assert!(accounts.faults.is_empty() && accounts.regions.is_empty() && accounts.ports.len() == 1, "{accounts:?}");
    space.with_service(|it| std::mem::take(&mut it.0.0))
}

#[test]
fn every_behaviour_in_both_widths() {
    for abi in ABIS {
        let heard = with_handler(|port, of| {
            let thread = of.via().make_send(of);
            let (narrow, wide) = ([1, 0x10], [1, 0x7fff_0000_0010].map(Wide::new));
            let bad = ExceptionType::BAD_ACCESS;
            let (mut state, old) = ([0; 144], [100, 7]);
            assert_eq!(exc::any::exception_raise(abi, port, &thread, &thread, bad, &narrow), Ok(()));
            assert_eq!(mach_exc::any::mach_exception_raise(abi, port, &thread, &thread, bad, &wide), Ok(()));
            let out = exc::any::exception_raise_state(abi, port, bad, &narrow, 6, &old, &mut state);
            assert_eq!(out.map(|it| (it.flavor, it.new_state)), Ok((6, 2)));
            assert_eq!(state[..2], [104, 7]);
            let out = mach_exc::any::mach_exception_raise_state_identity(
                abi, port, &thread, &thread, bad, &wide, 6, &old, &mut state,
            );
            assert_eq!(out.map(|it| (it.flavor, it.new_state)), Ok((6, 2)));
        });
        assert_eq!(
            heard,
            [
                "ExceptionType(1) [1, 10] identity: true state: None",
                "ExceptionType(1) [1, 7fff00000010] identity: true state: None",
                "ExceptionType(1) [1, 10] identity: false state: Some((6, [100, 7]))",
                "ExceptionType(1) [1, 7fff00000010] identity: true state: Some((6, [100, 7]))",
            ]
        );
    }
}

/// What a handler declines is answered with an error, and its rights are given back: the next handler is asked.
#[test]
fn what_is_declined_goes_on() {
    for abi in ABIS {
        let heard = with_handler(|port, of| {
            let thread = of.via().make_send(of);
            let kind = ExceptionType::ARITHMETIC;
            let result = mach_exc::any::mach_exception_raise(abi, port, &thread, &thread, kind, &[Wide::new(8)]);
            assert_eq!(result.map_err(|it| it.kind()), Err(ErrorKind::Kern(KernReturn::FAILURE)));
        });
        assert_eq!(heard, ["ExceptionType(3) [8] identity: true state: None"]);
    }
}

/// A kernel as far as `guard` needs one.
#[derive(Default)]
struct Mock {
    /// What is made of the handler's port.
    right: Option<SendRight<Loopback<Mock>>>,
    guarded: Option<(ExceptionMask, PortName, ExceptionBehavior)>,
}

type Kernel = Loopback<Mock>;

/// There is one task, and nothing else.
impl<K: Translated<Kernel>> Translate<Kernel, K> for Mock {
    type Object = ();

    fn intran(&self, _: K::In<'_>) {}
}

impl<K: Translated<Kernel>> Outtran<Kernel, K> for Mock {
    type Object = std::convert::Infallible;

    fn outtran(&self, it: Self::Object) -> K::Out {
        match it {}
    }
}

impl MachPortServer<Kernel> for Mock {
    fn mach_port_extract_right(
        &mut self,
        _: (),
        name: PortName,
        how: Disposition,
    ) -> Result<Outbound<'static, Kernel>, KernReturn> {
        let right = self.right.take().filter(|it| it.name() == name && how == Disposition::MAKE_SEND);
        right.map(Outbound::from).ok_or(KernReturn::INVALID_NAME)
    }
}

impl TaskServer<Kernel> for Mock {
    fn task_set_exception_ports(
        &mut self,
        _: (),
        mask: ExceptionMask,
        port: SendRight<Kernel>,
        behavior: ExceptionBehavior,
        _: i32,
    ) -> Result<(), KernReturn> {
        self.guarded = Some((mask, port.name(), behavior));
        Ok(())
    }
}

#[test]
fn a_task_is_guarded() {
    for abi in ABIS {
        let subsystems = [
            mach_port::darwin_lp64::subsystem(),
            task::darwin_lp64::subsystem(),
            mach_port::darwin_ilp32::subsystem(),
            task::darwin_ilp32::subsystem(),
        ];
        let kernel = Kernel::new(Mock::default(), &subsystems);
        let port = ReceiveRight::new(&kernel).expect("there are ports");
        let right = kernel.make_send(&port);
        kernel.with_service(|it| it.right = Some(right));
        assert_eq!(guard(abi, &kernel.port(), &port, ExceptionMask::BAD_ACCESS), Ok(()));
        let wide = ExceptionBehavior(ExceptionBehavior::DEFAULT.0 | MACH_EXCEPTION_CODES);
        let guarded = kernel.with_service(|it| it.guarded.take());
        assert_eq!(guarded, Some((ExceptionMask::BAD_ACCESS, port.name(), wide)));
        // The kernel knows no such port.
        let refused = guard(abi, &kernel.port(), &port, ExceptionMask::BAD_ACCESS);
        assert_eq!(refused.map_err(|it| it.kind()), Err(ErrorKind::Kern(KernReturn::INVALID_NAME)));
        drop(port);
        let accounts = kernel.accounts();
        assert!(accounts.faults.is_empty() && accounts.ports.len() == 1, "{accounts:?}");
    }
}
