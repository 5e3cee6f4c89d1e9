//! What the kernel answers: the generated traits of both sets, a line or two for each routine.

mod darwin;
mod mach3;

use std::sync::{Arc, LazyLock};

use generated::mach3::notify::{MACH_NOTIFY_DEAD_NAME, MACH_NOTIFY_NO_SENDERS, MACH_NOTIFY_PORT_DESTROYED};
use mig_rt::{Disposition, KernReturn, MsgId, Outbound, PortIn, PortName, SendOnceRight, Subsystem, TrailerElements};

use crate::in_kernel::{InKernel, answer};
use crate::ipc::right::Carried;
use crate::ipc::space::Space;
use crate::kobject::KernelObject;

/// Serves every interface of the kernel.
#[derive(Debug)]
pub(crate) struct Server;

/// What a port was translated to. Null is legal until a routine asks.
#[derive(Debug)]
pub(crate) struct Maybe<O>(Option<Arc<O>>);

impl Maybe<Space> {
    /// The space.
    pub(crate) fn space(&self) -> Result<&Space, KernReturn> {
        self.0.as_deref().ok_or(KernReturn::INVALID_TASK)
    }
}

/// The kernel object of a port.
fn object(from: &PortIn<'_, InKernel>) -> Option<KernelObject> {
    let name = match from {
        PortIn::Local(name) => *name,
        PortIn::Right(right) => right.name(),
        // The kernel gives its own ports no payload.
        PortIn::Payload(_) => return None,
    };
    InKernel::port(name)?.object().cloned()
}

fn space(from: &PortIn<'_, InKernel>) -> Maybe<Space> {
    Maybe(object(from).and_then(|it| it.task()).map(|it| it.space.clone()))
}

/// `mach_port_request_notification`
fn request_notification(
    space: &Space,
    name: PortName,
    id: MsgId,
    sync: u32,
    notify: SendOnceRight<InKernel>,
) -> Result<Outbound<'static, InKernel>, KernReturn> {
    let before = request(space, name, id, sync, InKernel::take(notify))?;
    Ok(answer(before, Disposition::MOVE_SEND_ONCE))
}

fn request(space: &Space, name: PortName, id: MsgId, sync: u32, notify: Carried) -> Result<Carried, KernReturn> {
    match id {
        MACH_NOTIFY_PORT_DESTROYED => space.request_port_destroyed(name, sync, notify),
        MACH_NOTIFY_NO_SENDERS => space.request_no_senders(name, sync, notify),
        MACH_NOTIFY_DEAD_NAME => space.request_dead_name(name, sync, notify),
        _ => Err(KernReturn::INVALID_VALUE),
    }
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
