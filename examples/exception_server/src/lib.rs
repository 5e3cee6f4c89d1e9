//! A crash handler: it hears of every exception of a task, in the narrow form (`exc`) and in the wide one (`mach_exc`)
//! with codes of 64 bits, with and without the machine state of the thread. It is the same over any transport.

mod guard;

use std::result::Result;

use generated::darwin::exc::{self, ExcServer};
use generated::darwin::mach_exc::{self, MachExcServer};
use generated::darwin::types::ExceptionType;
pub use guard::guard;
use mig_rt::{KernReturn, MsgReturn, PortName, ReceiveRight, Room, SendRight, Subsystem, Transport, Wide, serve};

/// An exception.
#[derive(Debug)]
pub struct Crash<'a, T: Transport> {
    /// The thread and its task, if the behaviour tells them.
    pub identity: Option<[&'a SendRight<T>; 2]>,
    /// What happened.
    pub kind: ExceptionType,
    /// Its codes: for a bad access the kernel's code and the address.
    pub codes: Vec<i64>,
    /// Flavor and words of the thread's machine state, if the behaviour tells them; the words may be changed.
    pub state: Option<(i32, Vec<u32>)>,
}

/// Whoever decides about exceptions.
pub trait Handler<T: Transport> {
    /// Whether the thread goes on; otherwise the next handler is asked.
    fn handle(&mut self, crash: &mut Crash<'_, T>) -> bool;
}

/// Serves both forms.
#[derive(Debug)]
pub struct Catcher<H>(pub H);

impl<H> Catcher<H> {
    /// The words of the machine state, if the exception is handled.
    fn ask<T: Transport>(&mut self, mut crash: Crash<'_, T>) -> Result<Vec<u32>, KernReturn>
    where
        H: Handler<T>,
    {
        if self.0.handle(&mut crash) { Ok(crash.state.unwrap_or_default().1) } else { Err(KernReturn::FAILURE) }
    }
}

/// The methods of one form.
macro_rules! catch {
    ($server:ident: $code:ty as $wide:expr; $plain:ident $state:ident $both:ident) => {
        #[rustfmt::skip]
        impl<T: Transport, H: Handler<T>> $server<T> for Catcher<H> {
            fn $plain(&mut self, _: PortName, thread: SendRight<T>, task: SendRight<T>, kind: ExceptionType,
                      codes: &[$code]) -> Result<(), KernReturn> {
                let codes = codes.iter().map($wide).collect();
                self.ask(Crash { identity: Some([&thread, &task]), kind, codes, state: None }).map(drop)
            }

            fn $state(&mut self, _: PortName, kind: ExceptionType, codes: &[$code], flavor: i32, old: &[u32],
                      new: &mut Room<'_, u32>) -> Result<i32, KernReturn> {
                let codes = codes.iter().map($wide).collect();
                new.extend(&self.ask::<T>(Crash { identity: None, kind, codes, state: Some((flavor, old.into())) })?)?;
                Ok(flavor)
            }

            fn $both(&mut self, _: PortName, thread: SendRight<T>, task: SendRight<T>, kind: ExceptionType,
                     codes: &[$code], flavor: i32, old: &[u32], new: &mut Room<'_, u32>) -> Result<i32, KernReturn> {
                let (identity, codes) = (Some([&thread, &task]), codes.iter().map($wide).collect());
                new.extend(&self.ask(Crash { identity, kind, codes, state: Some((flavor, old.into())) })?)?;
                Ok(flavor)
            }
        }
    };
}
catch! { ExcServer: i32 as |it| i64::from(*it);
exception_raise exception_raise_state exception_raise_state_identity }
catch! { MachExcServer: Wide<i64> as |it| it.get();
mach_exception_raise mach_exception_raise_state mach_exception_raise_state_identity }

/// Both forms in both ABIs, for a server's loop.
pub fn subsystems<T: Transport, H: Handler<T>>() -> [Subsystem<T, Catcher<H>>; 4] {
    let (narrow, wide) = (exc::darwin_lp64::subsystem(), mach_exc::darwin_lp64::subsystem());
    [narrow, wide, exc::darwin_ilp32::subsystem(), mach_exc::darwin_ilp32::subsystem()]
}

/// Asks about every exception that comes to `port`, until the port is gone.
pub fn catch<T: Transport>(port: &ReceiveRight<T>, handler: impl Handler<T>) -> MsgReturn {
    const LARGEST: usize = mach_exc::darwin_lp64::MAX;
    serve::<T, _, LARGEST>(port, &subsystems(), &mut Catcher(handler))
}
