//! `mach_host` of Darwin: what the host tells everybody.

use generated::darwin::mach_host::MachHostServer;
use mig_rt::{KernReturn, SendRight};

use crate::host::Host;
use crate::in_kernel::InKernel;
use crate::server::{Maybe, Server};

impl MachHostServer<InKernel> for Server {
    fn processor_set_default(&mut self, host: Maybe<Host>) -> Result<SendRight<InKernel>, KernReturn> {
        Ok(InKernel::send(host.host()?.processor_set.named()))
    }
}
