//! The default pager: what it answers to kernels, which a task plays here, and to programs.

mod failures;
mod hostile;
mod lying;
mod manager;
mod pressure;
mod protocol;
mod requests;
mod stores;
mod together;

use default_pager::{Pager, Store, Watch};
use generated::mach3;
use generated::mach3::mach::MachServer;
use generated::mach3::types as mach3_types;
use mig_rt::{
    AbiId, Address, AnyRight, KernReturn, MsgReturn, Outtran, PortIn, Protection, Receive, ReceiveRight, Region,
    SendRight, Size, Subsystem, Timeout, Translate, serve_once,
};
use runtime_kernel::{Task, Thread};

use crate::world::World;

pub(crate) const PAGE: usize = default_pager::PAGE;
/// Those in which kernels speak to managers.
pub(crate) const TYPED: [AbiId; 3] = [AbiId::GnumachI386, AbiId::GnumachX8664, AbiId::GnumachX8664v2022];

/// A pager, and a task that asks it and plays the kernel.
pub(crate) struct Scene {
    pub(crate) world: World,
    pub(crate) abi: AbiId,
    pub(crate) pager: Task,
    thread: Option<Thread<MsgReturn>>,
    pub(crate) watch: Watch,
    pub(crate) client: Task,
    pub(crate) to_pager: SendRight<Task>,
}

impl Scene {
    pub(crate) fn new(abi: AbiId, store: impl Store + 'static) -> Scene {
        Scene::with(abi, store, |_, _| ()).0
    }

    /// With something to be done before the pager serves.
    pub(crate) fn with<X>(
        abi: AbiId,
        store: impl Store + 'static,
        prepare: impl FnOnce(&mut Pager, &Task) -> X,
    ) -> (Scene, X) {
        let world = World::seeded(1);
        let speaks = typed(abi);
        let [pager, client] = [("pager", speaks), ("client", abi)].map(|it| world.kernel.task(it.0, it.1));
        let mut server = Pager::new(&pager, store).unwrap();
        let prepared = prepare(&mut server, &client);
        let (watch, to_pager) = (server.watch(), pager.give_send(server.port(), &client).unwrap());
        let thread = Some(pager.spawn("pager", move |_| server.serve()));
        let scene = Scene { world, abi, pager, thread, watch, client, to_pager };
        scene.run();
        (scene, prepared)
    }

    /// Lets the pager do what it has to.
    pub(crate) fn run(&self) {
        assert_eq!(self.world.kernel.run(), ["pager"], "only the pager waits, for requests");
    }

    /// Asks the pager, in a thread of the client.
    pub(crate) fn ask<X: Send + 'static>(&self, ask: impl FnOnce(&SendRight<Task>) -> X + Send + 'static) -> X {
        let right = self.to_pager.try_clone().unwrap();
        self.call(move |_| ask(&right))
    }

    /// Does something that waits for the pager, in a thread of the client.
    pub(crate) fn call<X: Send + 'static>(&self, call: impl FnOnce(&Task) -> X + Send + 'static) -> X {
        let calling = self.client.spawn("client", move |task| call(&task));
        self.run();
        calling.join().unwrap()
    }

    /// Memory as a kernel gives it to the pager.
    pub(crate) fn memory(&self) -> Memory {
        let [object, control, name] = [(); 3].map(|()| ReceiveRight::new(&self.client).unwrap());
        let to_object = self.client.make_send(&object).unwrap();
        let (pager, size) = (self.to_pager.try_clone().unwrap(), Size(100 * PAGE as u64));
        let (abi, page) = (typed(self.abi), Size(PAGE as u64));
        mach3::memory_object_default::any::memory_object_create(abi, pager, object, size, &control, &name, page)
            .unwrap();
        self.run();
        Memory { abi, object: to_object, control, name }
    }

    /// Ends the pager, and looks whether everything is gone that it had for others.
    pub(crate) fn end(mut self) {
        self.run();
        let left = self.watch.figures();
        assert_eq!((left.objects, left.pages, left.space.free), (0, 0, left.space.total), "{left:?}");
        self.pager.terminate();
        assert_eq!(self.world.kernel.run(), Vec::<String>::new());
        assert!(self.thread.take().unwrap().join().is_err(), "it ends as its task does");
        self.world.kernel.check().unwrap();
    }
}

/// In which ABI kernels speak of the memory of tasks that speak this one.
fn typed(abi: AbiId) -> AbiId {
    if TYPED.contains(&abi) { abi } else { AbiId::GnumachX8664 }
}

/// Memory of a kernel that the client plays.
pub(crate) struct Memory {
    pub(crate) abi: AbiId,
    pub(crate) object: SendRight<Task>,
    pub(crate) control: ReceiveRight<Task>,
    pub(crate) name: ReceiveRight<Task>,
}

/// A page of which each byte is known.
pub(crate) fn page(of: u8) -> Vec<u8> {
    (0..PAGE).map(|it| of ^ (it as u8).wrapping_mul(it.div_ceil(256) as u8)).collect()
}

/// Where a page is.
pub(crate) fn at(page: u64) -> Address {
    Address(page * PAGE as u64)
}

impl Memory {
    pub(crate) fn initialize(&self, first: u64, data: &[u8]) {
        let (abi, object, control) = (self.abi, &self.object, &self.control);
        mach3::memory_object_default::any::memory_object_data_initialize(abi, object, control, at(first), data)
            .unwrap();
    }

    pub(crate) fn give_back(&self, first: u64, data: &[u8], dirty: bool) {
        let (abi, object, control) = (self.abi, &self.object, &self.control);
        mach3::memory_object::any::memory_object_data_return(abi, object, control, at(first), data, dirty, false)
            .unwrap();
    }

    pub(crate) fn request(&self, scene: &Scene, first: u64, pages: u64) -> Vec<String> {
        self.request_bytes(scene, at(first), Size(pages * PAGE as u64))
    }

    /// Asks for bytes, and says what comes.
    pub(crate) fn request_bytes(&self, scene: &Scene, offset: Address, size: Size) -> Vec<String> {
        let (abi, object, control) = (self.abi, &self.object, &self.control);
        let read = Protection::READ;
        mach3::memory_object::any::memory_object_data_request(abi, object, control, offset, size, read).unwrap();
        scene.run();
        heard(control)
    }

    pub(crate) fn terminate(self) {
        let Memory { abi, object, control, name } = self;
        mach3::memory_object::any::memory_object_terminate(abi, object, control, name).unwrap();
    }
}

/// What a kernel is told: a line for each message that waits at a control port.
pub(crate) fn heard(control: &ReceiveRight<Task>) -> Vec<String> {
    let mut told = Told { task: control.via().clone(), lines: Vec::new() };
    let subsystems: [Subsystem<Task, Told>; 1] = [mach3::mach::gnumach_x86_64::subsystem()];
    loop {
        let from = Receive::from(control).within(Timeout(0));
        match serve_once::<_, _, 9000>(from, &subsystems, &mut told) {
            Ok(()) => {}
            Err(code) => {
                assert_eq!(code, MsgReturn::RCV_TIMED_OUT);
                return told.lines;
            }
        }
    }
}

/// A kernel that only listens.
struct Told {
    task: Task,
    lines: Vec<String>,
}

impl Told {
    fn hears(&mut self, line: String) -> Result<(), KernReturn> {
        self.lines.push(line);
        Ok(())
    }
}

/// Ports are names here.
macro_rules! translated {
    ($($type:ident)*) => { $(
        impl Translate<Task, mach3_types::$type> for Told {
            type Object = ();

            fn intran(&self, _: PortIn<'_, Task>) {}
        }
    )* };
}
translated! { Task Thread VmTask MemoryObjectControl HostPriv }

macro_rules! never_sent {
    ($($type:ident)*) => { $(
        impl Outtran<Task, mach3_types::$type> for Told {
            type Object = ();

            fn outtran(&self, (): ()) -> SendRight<Task> {
                SendRight::null(&self.task)
            }
        }
    )* };
}
never_sent! { Task Thread }

impl MachServer<Task> for Told {
    fn memory_object_data_supply(
        &mut self,
        (): (),
        offset: Address,
        data: Region<Task, u8>,
        lock: Protection,
        precious: bool,
        reply: AnyRight<Task>,
    ) -> Result<(), KernReturn> {
        let bytes = data.bytes()?;
        let known = (0..=u8::MAX).find(|it| bytes.chunks(PAGE).all(|some| some == page(*it)));
        assert!(lock == Protection::NONE && !precious && !reply.is_valid());
        let what = known.map_or_else(|| "unknown data".to_owned(), |it| format!("data {it}"));
        self.hears(format!("supply {:#x} {:#x}: {what}", offset.0, bytes.len()))
    }

    fn memory_object_data_unavailable(&mut self, (): (), offset: Address, size: Size) -> Result<(), KernReturn> {
        self.hears(format!("unavailable {:#x} {:#x}", offset.0, size.0))
    }

    fn memory_object_data_error(
        &mut self,
        (): (),
        offset: Address,
        size: Size,
        reason: Result<(), KernReturn>,
    ) -> Result<(), KernReturn> {
        self.hears(format!("error {:#x} {:#x}: {:?}", offset.0, size.0, reason.err().and_then(|it| it.name())))
    }

    fn memory_object_ready(
        &mut self,
        (): (),
        may_cache: bool,
        strategy: mach3_types::CopyStrategy,
    ) -> Result<(), KernReturn> {
        self.hears(format!("ready, cache {may_cache}, strategy {}", strategy.0))
    }

    fn memory_object_lock_request(
        &mut self,
        (): (),
        offset: Address,
        size: Size,
        back: mach3_types::MemoryObjectReturn,
        flush: bool,
        lock: Protection,
        reply: AnyRight<Task>,
    ) -> Result<(), KernReturn> {
        assert!(back == mach3_types::MemoryObjectReturn::NONE && !flush && !reply.is_valid());
        self.hears(format!("lock {:#x} {:#x} {}", offset.0, size.0, lock.0))
    }
}
