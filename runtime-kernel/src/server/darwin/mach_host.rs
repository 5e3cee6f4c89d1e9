//! `mach_host` of Darwin: what the host tells everybody.

use generated::darwin::mach_host::MachHostServer;
use mig_rt::{KernReturn, SendRight, Size};

use crate::host::Host;
use crate::in_kernel::InKernel;
use crate::server::{Maybe, Server};
use crate::vm::PAGE;

impl MachHostServer<InKernel> for Server {
    fn host_page_size(&mut self, host: Maybe<Host>) -> Result<Size, KernReturn> {
        host.host()?;
        Ok(Size(PAGE))
    }

    fn processor_set_default(&mut self, host: Maybe<Host>) -> Result<SendRight<InKernel>, KernReturn> {
        Ok(InKernel::send(host.host()?.processor_set.named()))
    }
}
