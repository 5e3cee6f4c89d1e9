//! The calls about ports: what each does, and each code that it answers, in every ABI that has it.

mod attributes;
mod changes;
mod guards;
mod macros;
mod names;
mod notify;
mod receive;
mod rights;
mod space;
mod special;

use generated::{darwin, mach3};
use mig_rt::{
    AbiId, AnyRight, Disposition, MsgId, MsgReturn, Operation, Outbound, PortName, ReceiveRight, Result, RightKind,
    SendOnceRight, SendRight, Timeout, Transport,
};
use runtime_kernel::{Resource, Task};

use crate::covers::Outcome;
use crate::world::{Simple, World, give, poll, port};

/// A task that calls, in one ABI.
pub(crate) struct Side {
    pub(crate) world: World,
    pub(crate) abi: AbiId,
    pub(crate) task: Task,
    /// The task's own port.
    pub(crate) me: SendRight<Task>,
    /// A port of the kernel that is no task's.
    pub(crate) host: SendRight<Task>,
    /// A name that stands for nothing.
    pub(crate) none: PortName,
}

/// Every ABI.
pub(crate) fn each(test: impl Fn(&Side)) {
    in_abis(&AbiId::ALL, test);
}

/// Those of Mach 3.
pub(crate) fn mach3(test: impl Fn(&Side)) {
    in_abis(&[AbiId::GnumachI386, AbiId::GnumachX8664, AbiId::GnumachX8664v2022], test);
}

/// Those of Darwin.
pub(crate) fn darwin(test: impl Fn(&Side)) {
    in_abis(&[AbiId::DarwinLp64, AbiId::DarwinIlp32], test);
}

/// Runs a test in a world of its own for each ABI. It must leave the task as it was: nothing leaks.
fn in_abis(abis: &[AbiId], test: impl Fn(&Side)) {
    for abi in abis {
        let side = Side::new(*abi);
        let before = side.account();
        test(&side);
        assert_eq!(side.account(), before, "{abi} leaves something behind");
        assert_eq!(side.world.kernel.check(), Ok(()), "{abi}");
    }
}

impl Side {
    fn new(abi: AbiId) -> Side {
        let world = World::new();
        let task = world.kernel.task("task", abi);
        let (me, host) = (task.self_port(), task.host_port());
        Side { world, abi, task, me, host, none: PortName(0x00f0_0001) }
    }

    fn account(&self) -> (Vec<(PortName, u32, u32)>, usize) {
        // All but the reply port of this thread.
        let references = |name| self.mach_port_get_refs(&self.me, name, RightKind::SEND).unwrap_or(0);
        let mut rights: Vec<_> = self.task.rights().into_iter().map(|it| (it.0, it.1, references(it.0))).collect();
        self.world.kernel.forget_caches(&self.task);
        let left = self.task.rights();
        rights.retain(|it| left.contains(&(it.0, it.1)));
        rights.sort_unstable();
        (rights, self.task.regions())
    }

    pub(crate) fn is_typed(&self) -> bool {
        !matches!(self.abi, AbiId::DarwinLp64 | AbiId::DarwinIlp32)
    }

    /// The name of a new port.
    pub(crate) fn port(&self) -> PortName {
        port(&self.task)
    }

    /// The name of a new port with a send right.
    pub(crate) fn sendable(&self) -> PortName {
        let name = self.port();
        self.mach_port_insert_right(&self.me, name, right(name, Disposition::MAKE_SEND)).unwrap();
        name
    }

    /// A name whose port has died.
    pub(crate) fn dead(&self) -> PortName {
        let name = self.sendable();
        self.mach_port_mod_refs(&self.me, name, RightKind::RECEIVE, -1).unwrap();
        name
    }

    /// The name of a new port set.
    pub(crate) fn set(&self) -> PortName {
        self.mach_port_allocate(&self.me, RightKind::PORT_SET).unwrap()
    }

    /// A send-once right to a new port: the port, and the right.
    pub(crate) fn once(&self) -> (PortName, PortName) {
        let name = self.port();
        let given = self.mach_port_extract_right(&self.me, name, Disposition::MAKE_SEND_ONCE).unwrap();
        (name, given.into_raw())
    }

    /// Drops everything that names stand for.
    pub(crate) fn destroy(&self, names: &[PortName]) {
        names.iter().for_each(|it| self.mach_port_destroy(&self.me, *it).unwrap());
    }

    /// A task of the same kind, and how this one calls it.
    pub(crate) fn other(&self) -> (Task, SendRight<Task>) {
        let other = self.world.kernel.task("other", self.abi);
        let port = other.self_port();
        let name = carry(&other, &port, &self.task);
        (other, name)
    }

    /// The identifier of the message that waits in a port.
    pub(crate) fn told(&self, name: PortName) -> std::result::Result<u32, MsgReturn> {
        self.message(name).map(|it| it.1)
    }

    /// The message that waits in a port: its bytes, and its identifier.
    pub(crate) fn message(&self, name: PortName) -> std::result::Result<(Vec<u8>, u32), MsgReturn> {
        let mut bytes = Vec::new();
        let operation = Operation { receive: Some(name), receive_timeout: Some(Timeout(0)), ..Operation::default() };
        let arrived = self.task.mach_msg(self.abi, operation, PortName::NULL, &mut bytes, 4096);
        let wide = matches!(arrived.map_err(|it| it.code)?.abi, AbiId::GnumachX8664 | AbiId::GnumachX8664v2022);
        let at = if wide { 28 } else { 20 };
        let id = u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
        Ok((bytes, id))
    }

    /// Does something while a resource is short.
    pub(crate) fn without<X>(&self, resource: Resource, run: impl FnOnce() -> X) -> X {
        self.world.kernel.limit(resource, Some(0));
        let result = run();
        self.world.kernel.limit(resource, None);
        result
    }
}

/// Gives a task a send right of another one's, in a message.
pub(crate) fn carry(from: &Task, port: &SendRight<Task>, to: &Task) -> SendRight<Task> {
    let service = ReceiveRight::new(to).unwrap();
    let name = give(to, service.name(), from);
    let message = Simple::to(name, Disposition::MOVE_SEND, 1).carrying(port.name(), Disposition::COPY_SEND);
    message.send(from).unwrap();
    let name = PortName(poll(to, service.name()).unwrap().body()[1]);
    // SAFETY: the message brought this reference, and nothing else owns it.
    #[allow(unsafe_code, reason = "names as in C")]
    unsafe {
        SendRight::from_raw(name, to.clone())
    }
}

/// A right as a message names it, whoever owns it.
pub(crate) fn right(name: PortName, disposition: Disposition) -> Outbound<'static, Task> {
    AnyRight::Number(name, disposition).into()
}

macro_rules! calls {
    ($($call:ident($($arg:ident: $type:ty),*) -> $out:ty;)*) => {
        impl Side { $(
            pub(crate) fn $call(&self, task: &SendRight<Task>, $($arg: $type),*) -> Result<$out> {
                if self.is_typed() {
                    mach3::mach_port::any::$call(self.abi, task, $($arg),*)
                } else {
                    darwin::mach_port::any::$call(self.abi, task, $($arg),*)
                }
            }
        )* }
    };
}
calls! {
    mach_port_rename(old: PortName, new: PortName) -> ();
    mach_port_allocate_name(right: RightKind, name: PortName) -> ();
    mach_port_allocate(right: RightKind) -> PortName;
    mach_port_destroy(name: PortName) -> ();
    mach_port_deallocate(name: PortName) -> ();
    mach_port_get_refs(name: PortName, right: RightKind) -> u32;
    mach_port_mod_refs(name: PortName, right: RightKind, delta: i32) -> ();
    mach_port_set_mscount(name: PortName, count: u32) -> ();
    mach_port_set_seqno(name: PortName, number: u32) -> ();
    mach_port_move_member(member: PortName, after: PortName) -> ();
    mach_port_insert_right(name: PortName, right: Outbound<'_, Task>) -> ();
    mach_port_extract_right(name: PortName, disposition: Disposition) -> AnyRight<Task>;
    mach_port_request_notification(name: PortName, id: MsgId, sync: u32, notify: Outbound<'_, Task>)
        -> SendOnceRight<Task>;
}

/// Those whose results differ between the sets.
impl Side {
    pub(crate) fn mach_port_type(&self, task: &SendRight<Task>, name: PortName) -> Result<u32> {
        if self.is_typed() {
            mach3::mach_port::any::mach_port_type(self.abi, task, name).map(|it| it.0)
        } else {
            darwin::mach_port::any::mach_port_type(self.abi, task, name).map(|it| it.0)
        }
    }

    pub(crate) fn mach_port_names(&self, task: &SendRight<Task>) -> Result<Vec<(PortName, u32)>> {
        if self.is_typed() {
            let out = mach3::mach_port::any::mach_port_names(self.abi, task)?;
            return Ok(out.names.iter()?.zip(out.types.iter()?).collect());
        }
        let (mut names, mut types) = ([PortName::NULL; 64], [0; 64]);
        let out = darwin::mach_port::any::mach_port_names(self.abi, task, &mut names, &mut types)?;
        Ok(out.names.iter()?.zip(out.types.iter()?).collect())
    }

    pub(crate) fn mach_port_get_set_status(&self, task: &SendRight<Task>, name: PortName) -> Result<Vec<PortName>> {
        if self.is_typed() {
            return Ok(mach3::mach_port::any::mach_port_get_set_status(self.abi, task, name)?.iter()?.collect());
        }
        let mut members = [PortName::NULL; 64];
        Ok(darwin::mach_port::any::mach_port_get_set_status(self.abi, task, name, &mut members)?.iter()?.collect())
    }

    /// How many messages wait in a port.
    pub(crate) fn waiting(&self, name: PortName) -> u32 {
        if self.is_typed() {
            let status = mach3::mach_port::any::mach_port_get_receive_status(self.abi, &self.me, name);
            return status.unwrap().mps_msgcount;
        }
        self.status(name).mps_msgcount
    }
}

/// A task that lives no more cannot be called.
#[test]
fn a_dead_task_is_no_destination() {
    each(|side| {
        let (other, port) = side.other();
        let name = side.mach_port_allocate(&port, RightKind::RECEIVE).unwrap();
        assert!(other.rights().iter().any(|it| it.0 == name));
        other.terminate();
        assert_eq!(other.rights(), []);
        assert_eq!(side.mach_port_allocate(&port, RightKind::RECEIVE).code(), "MACH_SEND_INVALID_DEST");
        assert!(other.make_port().is_err());
    });
}
