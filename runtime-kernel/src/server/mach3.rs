//! The interfaces of Mach 3.

mod mach_port;

use generated::mach3::{mach_port as wire, types};
use mig_rt::{PortIn, Subsystem, Translate};

use super::{Maybe, Server};
use crate::in_kernel::InKernel;
use crate::ipc::space::Space;

impl Translate<InKernel, types::IpcSpace> for Server {
    type Object = Maybe<Space>;

    fn intran(&self, from: PortIn<'_, InKernel>) -> Maybe<Space> {
        super::space(&from)
    }
}

impl Translate<InKernel, types::HostPriv> for Server {
    type Object = ();

    fn intran(&self, _: PortIn<'_, InKernel>) {}
}

pub(super) fn subsystems() -> Vec<Subsystem<InKernel, Server>> {
    vec![wire::gnumach_i386::subsystem(), wire::gnumach_x86_64::subsystem(), wire::gnumach_x86_64_2022::subsystem()]
}
