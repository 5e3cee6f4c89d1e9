//! What the kernel answers: the generated traits of both sets, a line or two for each routine.

mod both;
mod darwin;
mod exceptions;
mod info;
mod mach3;
mod processor_set;
mod sampling;
mod tasks;
mod vm;

use std::sync::{Arc, LazyLock};

use generated::mach3::notify::{MACH_NOTIFY_DEAD_NAME, MACH_NOTIFY_NO_SENDERS, MACH_NOTIFY_PORT_DESTROYED};
use mig_rt::{
    Disposition, KernReturn, MsgId, Outbound, PortIn, PortName, Rights, SendRight, Subsystem, TrailerElements,
};

use crate::budget::Resource;
use crate::host::Host;
use crate::in_kernel::{InKernel, answer};
use crate::ipc::port_calls::notify_right;
use crate::ipc::right::Carried;
use crate::ipc::space::Space;
use crate::kobject::KernelObject;
use crate::special::{MOST_REGISTERED, Special, SpecialPorts};
use crate::task::TaskObject;
use crate::thread::ThreadObject;
use crate::vm::Object;

/// Serves every interface of the kernel.
#[derive(Debug)]
pub(crate) struct Server;

/// What a port was translated to. Null is legal until a routine asks.
#[derive(Debug)]
pub(crate) struct Maybe<O>(Option<Arc<O>>);

impl Maybe<TaskObject> {
    /// The space of its names.
    pub(crate) fn space(&self) -> Result<&Space, KernReturn> {
        self.0.as_deref().map(|it| &*it.space).ok_or(KernReturn::INVALID_TASK)
    }

    /// The task, for whoever keeps it.
    pub(crate) fn shared(&self) -> Result<&Arc<TaskObject>, KernReturn> {
        self.0.as_ref().ok_or(KernReturn::INVALID_ARGUMENT)
    }

    /// The task.
    pub(crate) fn task(&self) -> Result<&TaskObject, KernReturn> {
        self.0.as_deref().ok_or(KernReturn::INVALID_ARGUMENT)
    }
}

impl Maybe<ThreadObject> {
    /// The thread.
    pub(crate) fn thread(&self) -> Result<&ThreadObject, KernReturn> {
        self.0.as_deref().ok_or(KernReturn::INVALID_ARGUMENT)
    }
}

impl Maybe<Object> {
    /// The memory object.
    pub(crate) fn object(&self) -> Result<&Arc<Object>, KernReturn> {
        self.0.as_ref().ok_or(KernReturn::INVALID_ARGUMENT)
    }

    /// The memory object, for those who let it go.
    pub(crate) fn into_object(self) -> Result<Arc<Object>, KernReturn> {
        self.0.ok_or(KernReturn::INVALID_ARGUMENT)
    }
}

impl Maybe<Host> {
    /// The host, for those who may do anything to it.
    pub(crate) fn host(&self) -> Result<&Host, KernReturn> {
        self.0.as_deref().ok_or(KernReturn::INVALID_ARGUMENT)
    }

    /// The same where being somebody else has a code of its own.
    pub(crate) fn privileged(&self) -> Result<&Host, KernReturn> {
        self.0.as_deref().ok_or(KernReturn::INVALID_HOST)
    }
}

/// `vm_set_default_memory_manager`, `host_default_memory_manager`: null only asks.
fn set_default_manager(host: &Host, new: SendRight<InKernel>) -> Result<Outbound<'static, InKernel>, KernReturn> {
    let old = host.budget.frames.set_manager(InKernel::take(new))?;
    Ok(answer(old.or_dead(), Disposition::MOVE_SEND))
}

/// What ports are translated to: `Marker => function, Object`.
macro_rules! translate {
    ($($marker:ty => $make:path, $object:ty;)*) => { $(
        impl mig_rt::Translate<$crate::in_kernel::InKernel, $marker> for $crate::server::Server {
            type Object = $object;

            fn intran(&self, from: mig_rt::PortIn<'_, $crate::in_kernel::InKernel>) -> $object {
                $make(&from)
            }
        }
    )* };
}
/// Ports that results are: nothing makes any yet but the kernel's rights themselves.
macro_rules! outtran {
    ($($marker:ty)*) => { $(
        impl mig_rt::Outtran<$crate::in_kernel::InKernel, $marker> for $crate::server::Server {
            type Object = mig_rt::SendRight<$crate::in_kernel::InKernel>;

            fn outtran(&self, right: Self::Object) -> Self::Object {
                right
            }
        }
    )* };
}
use {outtran, translate};

/// Looks at the kernel object of a port.
fn object<X>(from: &PortIn<'_, InKernel>, look: impl FnOnce(&KernelObject) -> Option<X>) -> Option<X> {
    let name = match from {
        PortIn::Local(name) => *name,
        PortIn::Right(right) => right.name(),
        // The kernel gives its own ports no payload.
        PortIn::Payload(_) => return None,
    };
    InKernel::with_port(name, |it| it.object().and_then(look)).flatten()
}

fn task(from: &PortIn<'_, InKernel>) -> Maybe<TaskObject> {
    Maybe(object(from, KernelObject::task))
}

fn suspended_task(from: &PortIn<'_, InKernel>) -> Maybe<TaskObject> {
    Maybe(object(from, KernelObject::suspended_task))
}

fn thread(from: &PortIn<'_, InKernel>) -> Maybe<ThreadObject> {
    Maybe(object(from, KernelObject::thread))
}

fn cache(from: &PortIn<'_, InKernel>) -> Maybe<Object> {
    Maybe(object(from, KernelObject::cache))
}

fn host_control(from: &PortIn<'_, InKernel>) -> Maybe<Host> {
    Maybe(object(from, KernelObject::host_control))
}

fn host(from: &PortIn<'_, InKernel>) -> Maybe<Host> {
    Maybe(object(from, KernelObject::host))
}

/// The host whose processor set a port stands for.
fn processor_set(from: &PortIn<'_, InKernel>) -> Maybe<Host> {
    Maybe(object(from, KernelObject::processor_set))
}

/// The same of the name of one.
fn processor_set_name(from: &PortIn<'_, InKernel>) -> Maybe<Host> {
    Maybe(object(from, KernelObject::processor_set_name))
}

/// For objects that the kernel does not have yet: every port converts to null.
fn nothing(_: &PortIn<'_, InKernel>) {}

/// `mach_port_request_notification`
fn request(space: &Space, name: PortName, id: MsgId, sync: u32, notify: Carried) -> Result<Carried, KernReturn> {
    let notify = notify_right(notify)?;
    match id {
        MACH_NOTIFY_PORT_DESTROYED => space.request_port_destroyed(name, sync, notify),
        MACH_NOTIFY_NO_SENDERS => space.request_no_senders(name, sync, notify),
        MACH_NOTIFY_DEAD_NAME => space.request_dead_name(name, sync, notify),
        _ => Err(KernReturn::INVALID_VALUE),
    }
}

/// `task_get_special_port`, `thread_get_special_port`; `which` is none if the number means nothing.
fn special(ports: &SpecialPorts, which: Option<Special>) -> Result<SendRight<InKernel>, KernReturn> {
    ports.get(which.ok_or(KernReturn::INVALID_ARGUMENT)?).map(InKernel::send)
}

/// `task_set_special_port`, `thread_set_special_port`
fn set_special(ports: &SpecialPorts, which: Option<Special>, port: SendRight<InKernel>) -> Result<(), KernReturn> {
    let port = InKernel::take(port).or_dead();
    ports.set(which.ok_or(KernReturn::INVALID_ARGUMENT)?, port)
}

/// `mach_ports_register`; how many there are at most depends on the system.
fn register(
    ports: &SpecialPorts,
    rights: Rights<'_, InKernel, SendRight<InKernel>>,
    most: usize,
) -> Result<(), KernReturn> {
    if rights.len() > most {
        return Err(KernReturn::INVALID_ARGUMENT);
    }
    let mut registered = [const { Carried::Null }; MOST_REGISTERED];
    registered.iter_mut().zip(rights).for_each(|(to, it)| *to = InKernel::take(it).or_dead());
    ports.register(registered)
}

/// `mach_ports_lookup`
fn registered(task: &TaskObject, most: usize) -> Result<Rights<'static, InKernel, SendRight<InKernel>>, KernReturn> {
    task.space.budget.afford(Resource::Objects)?;
    let rights = task.special.registered()?.into_iter().take(most).map(InKernel::send);
    Rights::collect(&InKernel, rights.collect::<Vec<_>>())
}

static SUBSYSTEMS: LazyLock<Vec<Subsystem<InKernel, Server>>> =
    LazyLock::new(|| mach3::subsystems().into_iter().chain(darwin::subsystems()).collect());

/// Everything that is served, in every ABI.
pub(crate) fn subsystems() -> &'static [Subsystem<InKernel, Server>] {
    &SUBSYSTEMS
}

/// What the routines ask for of a trailer.
pub(crate) fn trailer() -> TrailerElements {
    static MOST: LazyLock<TrailerElements> =
        LazyLock::new(|| SUBSYSTEMS.iter().map(Subsystem::trailer).max().unwrap_or_default());
    *MOST
}
