//! `processor_set` of Darwin.

use generated::darwin::processor_set::ProcessorSetServer;
use mig_rt::KernReturn;

use crate::host::Host;
use crate::in_kernel::InKernel;
use crate::server::processor_set::policy_calls;
use crate::server::{Maybe, Server};

impl ProcessorSetServer<InKernel> for Server {
    policy_calls!();
}
