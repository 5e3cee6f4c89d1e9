//! How a task's exceptions come to a handler.

use generated::darwin::types::{ExceptionBehavior, ExceptionMask, MACH_EXCEPTION_CODES};
use generated::darwin::{mach_port, task};
use mig_rt::{AbiId, AnyRight, Disposition, KernReturn, ReceiveRight, Result, SendRight, Transport};

/// Lets the exceptions of the task `of` that `mask` names come to `port`, with thread and task and in the wide form.
///
/// # Errors
/// The kernel's code, or this stub's.
pub fn guard<T: Transport>(abi: AbiId, of: &SendRight<T>, port: &ReceiveRight<T>, mask: ExceptionMask) -> Result<()> {
    let made = mach_port::any::mach_port_extract_right(abi, of, port.name(), Disposition::MAKE_SEND)?;
    let AnyRight::Send(handler) = made else { return Err(KernReturn::INVALID_RIGHT.into()) };
    let behavior = ExceptionBehavior(ExceptionBehavior::DEFAULT.0 | MACH_EXCEPTION_CODES);
    task::any::task_set_exception_ports(abi, of, mask, &handler, behavior, 0)
}
