//! The pager: a server of many ports, and what it knows.

use std::collections::BTreeMap;
use std::sync::Arc;

use generated::mach3::mach_port::gnumach_x86_64 as mach_port;
use generated::mach3::notify::{MACH_NOTIFY_NO_SENDERS, NotifyServer};
use generated::{darwin, mach3};
use mig_rt::{
    AbiId, KernReturn, MsgReturn, PortName, Receive, ReceiveRight, RightKind, SendOnceRight, SendRight, Subsystem,
    serve,
};
use runtime_kernel::Task;

use crate::figures::{Figures, Watch};
use crate::object::{Kept, Object};
use crate::store::{Disk, Store};
use crate::stores::Stores;

/// Bytes of the largest message of all interfaces.
const LARGEST: usize = 8192;

/// A default pager that does not serve yet: see [`serve`](Pager::serve). Most programs want [`start`](crate::start).
pub struct Pager {
    pub(crate) task: Task,
    /// The port of the task.
    own: SendRight<Task>,
    /// By which the kernel and programs ask the pager itself.
    port: ReceiveRight<Task>,
    /// Everything that it receives from is in this set.
    set: PortName,
    pub(crate) objects: BTreeMap<PortName, Object>,
    pub(crate) stores: Stores,
    /// What parts of backing stores can be on, by the port that stands for it.
    pub(crate) devices: BTreeMap<PortName, (ReceiveRight<Task>, Arc<dyn Disk>)>,
    /// Pages that objects have here.
    pub(crate) pages: u64,
    watch: Watch,
}

impl Pager {
    /// A pager in a task, which keeps pages in a store.
    ///
    /// # Errors
    /// `KERN_INVALID_ARGUMENT` if the task speaks no ABI of Mach 3, so that no kernel could tell it anything; the kernel's
    /// code, if there are no ports to be had.
    pub fn new(task: &Task, store: impl Store + 'static) -> Result<Pager, KernReturn> {
        if matches!(task.abi(), AbiId::DarwinLp64 | AbiId::DarwinIlp32) {
            return Err(KernReturn::INVALID_ARGUMENT);
        }
        let (own, port) = (task.self_port(), ReceiveRight::new(task)?);
        let set = mach_port::mach_port_allocate(&own, RightKind::PORT_SET).map_err(|it| it.to_kern())?;
        let mut stores = Stores::default();
        stores.add_first(Box::new(store));
        let (objects, devices) = (BTreeMap::new(), BTreeMap::new());
        let task = task.clone();
        let mut pager = Pager { task, own, port, set, objects, stores, devices, pages: 0, watch: Watch::default() };
        pager.receive_from(pager.port.name())?;
        pager.count(|_| {});
        Ok(pager)
    }

    /// The port that the kernel is to be told of (`vm_set_default_memory_manager`), and that programs ask.
    pub fn port(&self) -> &ReceiveRight<Task> {
        &self.port
    }

    /// A look at what the pager does.
    pub fn watch(&self) -> Watch {
        self.watch.clone()
    }

    /// Makes a port that stands for a disk, so that backing stores can have parts of it (`default_pager_add_segment`).
    /// The right is the pager's own: a program gets it by [`Task::give_send`] or in a message.
    ///
    /// # Errors
    /// The kernel's code, if there is no port to be had.
    pub fn device(&mut self, disk: impl Disk + 'static) -> Result<&ReceiveRight<Task>, KernReturn> {
        let port = ReceiveRight::new(&self.task)?;
        let (port, _) = self.devices.entry(port.name()).or_insert((port, Arc::new(disk)));
        Ok(port)
    }

    /// Serves until the task ends.
    pub fn serve(mut self) -> MsgReturn {
        let (task, set) = (self.task.clone(), self.set);
        serve::<_, _, LARGEST>(Receive::from_set(&task, set), &subsystems(), &mut self)
    }

    /// Asks only the pager itself, not one of its objects.
    pub(crate) fn is_asked(&self, port: PortName) -> Result<(), KernReturn> {
        if port == self.port.name() { Ok(()) } else { Err(KernReturn::INVALID_ARGUMENT) }
    }

    /// Serves what comes to a port, too.
    pub(crate) fn receive_from(&self, port: PortName) -> Result<(), KernReturn> {
        mach_port::mach_port_move_member(&self.own, port, self.set).map_err(|it| it.to_kern())
    }

    /// A right to a port, made here so that it is gone if nobody receives it; and the pager is told when all are.
    pub(crate) fn give(&self, port: &ReceiveRight<Task>) -> Result<SendRight<Task>, KernReturn> {
        let right = self.task.make_send(port)?;
        self.tell_when_unknown(port)?;
        Ok(right)
    }

    /// Wants to be told when nobody has a right to a port to which there has been one.
    pub(crate) fn tell_when_unknown(&self, port: &ReceiveRight<Task>) -> Result<(), KernReturn> {
        let (name, told) = (port.name(), port.make_send_once());
        let before = mach_port::mach_port_request_notification(&self.own, name, MACH_NOTIFY_NO_SENDERS, 0, told);
        before.map(|it: SendOnceRight<Task>| drop(it)).map_err(|it| it.to_kern())
    }

    /// Forgets an object and its pages.
    pub(crate) fn forget(&mut self, name: PortName) {
        let Some(mut object) = self.objects.remove(&name) else { return };
        object.places().for_each(|it| self.stores.free(*it));
        self.pages -= object.pages.values().filter(|it| matches!(it, Kept::At(_))).count() as u64;
        self.count(|_| {});
    }

    /// Counts something, and everything that can be counted at any time.
    pub(crate) fn count(&mut self, what: impl FnOnce(&mut Figures)) {
        let mut figures = self.watch.lock();
        what(&mut figures);
        figures.objects = self.objects.len() as u64;
        figures.pages = self.pages;
        figures.space = self.stores.space();
    }
}

impl NotifyServer<Task> for Pager {
    fn mach_notify_no_senders(&mut self, port: PortName, _: u32) -> Result<(), KernReturn> {
        self.forget(port);
        self.stores.forget(port);
        Ok(())
    }
}

/// Everything that is served: notifications only if they are the kernel's.
fn subsystems() -> Vec<Subsystem<Task, Pager>> {
    macro_rules! of {
        ($($abi:ident)*) => {
            [$(
                mach3::notify::$abi::subsystem().through_send_once(),
                mach3::memory_object::$abi::subsystem(),
                mach3::memory_object_default::$abi::subsystem(),
                mach3::default_pager::$abi::subsystem(),
            )*]
        };
    }
    let typed = of!(gnumach_i386 gnumach_x86_64 gnumach_x86_64_2022);
    let untyped = [
        darwin::default_pager_object::darwin_lp64::subsystem(),
        darwin::default_pager_object::darwin_ilp32::subsystem(),
    ];
    typed.into_iter().chain(untyped).collect()
}

impl std::fmt::Debug for Pager {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pager of {} objects", self.objects.len())
    }
}
