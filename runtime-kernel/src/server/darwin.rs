//! The interfaces of Darwin.

mod mach_port;

use generated::darwin::{mach_port as wire, types};
use mig_rt::{PortIn, Subsystem, Translate};

use super::{Maybe, Server};
use crate::in_kernel::InKernel;
use crate::ipc::space::Space;

/// Task ports of every flavor name the same space here: a right to a task is a right to all of it.
macro_rules! spaces {
    ($($marker:ident)*) => { $(
        impl Translate<InKernel, types::$marker> for Server {
            type Object = Maybe<Space>;

            fn intran(&self, from: PortIn<'_, InKernel>) -> Maybe<Space> {
                super::space(&from)
            }
        }
    )* };
}
spaces! { IpcSpace IpcSpaceRead IpcSpaceInspect }

pub(super) fn subsystems() -> Vec<Subsystem<InKernel, Server>> {
    vec![wire::darwin_lp64::subsystem(), wire::darwin_ilp32::subsystem()]
}
