//! A name server: how tasks meet that know nothing of each other.
//!
//! It is a program like any other, in a task of its own, and asks the kernel by the same messages. Its port is the
//! bootstrap port of every task that is made later. There it answers `netname`, by which a service is checked in under
//! a name and found by it, and `bootstrap`, by which the first programs get the ports of the machine; each in every ABI.
//! When a service dies, the kernel tells, and its names are free again. Tasks have no arguments here and no environment:
//! whoever asks for them is answered `MIG_BAD_ID`.
//!
//! ```
//! use generated::{darwin, mach3};
//! use mig_rt::{AbiId, ReceiveRight, SendRight};
//! use runtime_kernel::{Kernel, names};
//!
//! let kernel = Kernel::default();
//! names::start(&kernel, AbiId::GnumachI386)?;
//!
//! let server = kernel.task("server", AbiId::GnumachI386);
//! let port = ReceiveRight::new(&server)?;
//! let nobody = SendRight::null(&server);
//! mach3::netname::gnumach_i386::netname_check_in(&server.bootstrap_port(), b"clock", &nobody, &port)?;
//!
//! let client = kernel.task("client", AbiId::DarwinLp64);
//! let clock = darwin::netname::darwin_lp64::netname_look_up(&client.bootstrap_port(), b"", b"clock")?;
//! assert!(clock.is_valid());
//! # Ok::<(), mig_rt::Error>(())
//! ```

use std::collections::BTreeMap;

use generated::mach3::types::{NETNAME_INVALID_PORT, NETNAME_NO_SUCH_HOST, NETNAME_NOT_CHECKED_IN, NETNAME_NOT_YOURS};
use generated::{darwin, mach3};
use mig_rt::{
    AbiId, KernReturn, MsgReturn, PortIn, PortName, ReceiveRight, RightKind, Room, SendRight, Subsystem, Text,
    Translate, Transport, serve,
};

use crate::kernel::Kernel;
use crate::task::Task;
use crate::thread::Thread;

/// Names that one server knows, at most.
const MOST_NAMES: usize = 4096;

/// Starts a name server in a task of its own, whose port becomes the bootstrap port of every task made from now on.
///
/// It serves until its task is terminated, at the latest when the kernel is dropped.
///
/// # Errors
/// The kernel's code, if there is no port to be had.
///
/// # Panics
/// If the host has no thread left.
pub fn start(kernel: &Kernel, abi: AbiId) -> Result<(Task, Thread<MsgReturn>), KernReturn> {
    let task = kernel.task("name server", abi);
    let port = ReceiveRight::new(&task)?;
    kernel.set_bootstrap_port(&port)?;
    let host = kernel.host_priv_port(&task);
    let thread = task.spawn("name server", move |_| {
        let mut server = NameServer { port: &port, host, names: BTreeMap::new() };
        serve::<_, _, LARGEST>(&port, &subsystems(), &mut server)
    });
    Ok((task, thread))
}

/// The largest message of any of the interfaces in any ABI.
const LARGEST: usize = 1024;

/// Everything that is served: notifications only if they are the kernel's.
fn subsystems<'p>() -> Vec<Subsystem<Task, NameServer<'p>>> {
    macro_rules! of {
        ($set:ident: $($abi:ident)*) => {
            [$(
                $set::notify::$abi::subsystem().through_send_once(),
                $set::netname::$abi::subsystem(),
                $set::bootstrap::$abi::subsystem(),
            )*]
        };
    }
    let typed = of!(mach3: gnumach_i386 gnumach_x86_64 gnumach_x86_64_2022);
    typed.into_iter().chain(of!(darwin: darwin_lp64 darwin_ilp32)).collect()
}

struct NameServer<'p> {
    port: &'p ReceiveRight<Task>,
    /// What it gives to those who ask for the ports of the machine.
    host: SendRight<Task>,
    names: BTreeMap<Box<[u8]>, Entry>,
}

struct Entry {
    port: SendRight<Task>,
    /// Whoever shows it may change the entry.
    signature: SendRight<Task>,
}

impl NameServer<'_> {
    fn task(&self) -> &Task {
        self.port.via()
    }

    /// A right to the port of a name. If that has died, the name is free, whether or not the kernel has told it yet.
    fn find(&mut self, name: &[u8]) -> Result<SendRight<Task>, KernReturn> {
        let entry = self.names.get(name).ok_or(NETNAME_NOT_CHECKED_IN)?;
        match entry.port.try_clone() {
            Err(KernReturn::INVALID_RIGHT) => {
                self.names.remove(name);
                Err(NETNAME_NOT_CHECKED_IN)
            }
            result => result,
        }
    }

    fn check_in(
        &mut self,
        name: Text<'_>,
        signature: SendRight<Task>,
        port: SendRight<Task>,
    ) -> Result<(), KernReturn> {
        let name = name.bytes();
        if name.is_empty() {
            return Err(KernReturn::INVALID_ARGUMENT);
        }
        if !port.is_valid() {
            return Err(NETNAME_INVALID_PORT);
        }
        let taken = self.find(name).is_ok();
        if taken && self.names.get(name).is_some_and(|it| it.signature != signature) {
            return Err(NETNAME_NOT_YOURS);
        }
        if !taken && self.names.len() >= MOST_NAMES {
            return Err(KernReturn::RESOURCE_SHORTAGE);
        }
        if !self.names.values().any(|it| it.port == port) {
            self.watch(port.name())?;
        }
        self.names.insert(name.into(), Entry { port, signature });
        Ok(())
    }

    /// Asks to be told of the death of a port.
    fn watch(&self, name: PortName) -> Result<(), KernReturn> {
        let (task, told) = (self.task().self_port(), self.port.make_send_once());
        let (abi, id) = (self.task().abi(), mach3::notify::MACH_NOTIFY_DEAD_NAME);
        let before = match abi {
            AbiId::DarwinLp64 | AbiId::DarwinIlp32 => {
                darwin::mach_port::any::mach_port_request_notification(abi, &task, name, id, 0, told)
            }
            _ => mach3::mach_port::any::mach_port_request_notification(abi, &task, name, id, 0, told),
        };
        match before {
            Ok(_) => Ok(()),
            // It has died already.
            Err(it) if it == KernReturn::INVALID_ARGUMENT.into() => Err(NETNAME_INVALID_PORT),
            Err(it) => Err(it.to_kern()),
        }
    }

    fn look_up(&mut self, host: Text<'_>, name: Text<'_>) -> Result<SendRight<Task>, KernReturn> {
        // There is one host, which has no name; `*` asks all of them.
        if !matches!(host.bytes(), b"" | b"*") {
            return Err(NETNAME_NO_SUCH_HOST);
        }
        self.find(name.bytes())
    }

    fn check_out(&mut self, name: Text<'_>, signature: &SendRight<Task>) -> Result<(), KernReturn> {
        self.find(name.bytes())?;
        if self.names.get(name.bytes()).is_some_and(|it| it.signature != *signature) {
            return Err(NETNAME_NOT_YOURS);
        }
        self.names.remove(name.bytes());
        Ok(())
    }

    fn died(&mut self, name: PortName) {
        self.names.retain(|_, it| it.port.name() != name);
        // The notification has brought a reference.
        self.task().release(name, RightKind::DEAD_NAME);
    }
}

/// What both sets have under the same names.
macro_rules! serves {
    ($set:ident { $($more:item)* }) => {
        impl $set::netname::NetnameServer<Task> for NameServer<'_> {
            fn netname_check_in(
                &mut self,
                _: PortName,
                name: Text<'_>,
                signature: SendRight<Task>,
                port: SendRight<Task>,
            ) -> Result<(), KernReturn> {
                self.check_in(name, signature, port)
            }

            fn netname_look_up(
                &mut self,
                _: PortName,
                host: Text<'_>,
                name: Text<'_>,
            ) -> Result<SendRight<Task>, KernReturn> {
                self.look_up(host, name)
            }

            fn netname_check_out(
                &mut self,
                _: PortName,
                name: Text<'_>,
                signature: SendRight<Task>,
            ) -> Result<(), KernReturn> {
                self.check_out(name, &signature)
            }

            fn netname_version(&mut self, _: PortName, version: &mut Room<'_, u8>) -> Result<(), KernReturn> {
                version.extend(concat!("runtime-kernel ", env!("CARGO_PKG_VERSION"), "\0").as_bytes())
            }

            $($more)*
        }

        impl $set::notify::NotifyServer<Task> for NameServer<'_> {
            fn mach_notify_dead_name(&mut self, _: PortName, name: PortName) -> Result<(), KernReturn> {
                self.died(name);
                Ok(())
            }

            // A name was given back while it was watched.
            fn mach_notify_port_deleted(&mut self, _: PortName, _: PortName) -> Result<(), KernReturn> {
                Ok(())
            }
        }
    };
}
serves! { mach3 {} }
serves! { darwin {
    fn netname_register_send_right(
        &mut self,
        _: PortName,
        name: Text<'_>,
        signature: SendRight<Task>,
        port: SendRight<Task>,
    ) -> Result<(), KernReturn> {
        self.check_in(name, signature, port)
    }
} }

impl mach3::bootstrap::BootstrapServer<Task> for NameServer<'_> {
    fn bootstrap_privileged_ports(
        &mut self,
        _: PortName,
    ) -> Result<mach3::bootstrap::bootstrap_privileged_ports::Out<Task>, KernReturn> {
        let task = self.task();
        // There are no devices.
        Ok(mach3::bootstrap::bootstrap_privileged_ports::Out {
            priv_host: self.host.try_clone()?,
            priv_device: SendRight::null(task),
        })
    }
}

impl darwin::bootstrap::BootstrapServer<Task> for NameServer<'_> {
    fn bootstrap_ports(&mut self, _: PortName) -> Result<darwin::bootstrap::bootstrap_ports::Out<Task>, KernReturn> {
        let task = self.task();
        // Nor ledgers.
        Ok(darwin::bootstrap::bootstrap_ports::Out {
            priv_host: self.host.try_clone()?,
            priv_device: SendRight::null(task),
            wired_ledger: SendRight::null(task),
            paged_ledger: SendRight::null(task),
            host_security: SendRight::null(task),
        })
    }
}

/// The tasks that are argued about in `bootstrap` mean nothing to a server that has started none.
impl Translate<Task, darwin::types::Task> for NameServer<'_> {
    type Object = ();

    fn intran(&self, _: PortIn<'_, Task>) {}
}
