//! Who handles exceptions: the calls of Darwin, which are the same for threads, tasks and the host.

use generated::darwin::types::ExceptionBehavior;
use mig_rt::{KernReturn, RightsRoom, Room, SendRight};

use crate::exception::Handler;
use crate::in_kernel::InKernel;
use crate::thread::Machine;

/// The calls of one kind of object, and how it is reached from what its port was translated to.
macro_rules! exception_calls {
    ($set:ident, $get:ident, $swap:ident, $object:ty, $reach:expr) => {
        fn $set(
            &mut self,
            object: $object,
            exception_mask: ExceptionMask,
            new_port: SendRight<InKernel>,
            behavior: ExceptionBehavior,
            new_flavor: i32,
        ) -> Result<(), KernReturn> {
            let object = $reach(&object)?;
            let handler = handler(object.machine, new_port, behavior, new_flavor)?;
            object.handlers.swap(exception_mask.0, &handler).map(drop)
        }

        fn $get(
            &mut self,
            object: $object,
            exception_mask: ExceptionMask,
            masks: &mut Room<'_, i32>,
            old_handlers: &mut RightsRoom<'_, InKernel, SendRight<InKernel>>,
            old_behaviors: &mut Room<'_, i32>,
            old_flavors: &mut Room<'_, i32>,
        ) -> Result<(), KernReturn> {
            let rows = $reach(&object)?.handlers.get(exception_mask.0)?;
            fill(rows, masks, old_handlers, old_behaviors, old_flavors);
            Ok(())
        }

        fn $swap(
            &mut self,
            object: $object,
            exception_mask: ExceptionMask,
            new_port: SendRight<InKernel>,
            behavior: ExceptionBehavior,
            new_flavor: i32,
            masks: &mut Room<'_, i32>,
            old_handlers: &mut RightsRoom<'_, InKernel, SendRight<InKernel>>,
            old_behaviors: &mut Room<'_, i32>,
            old_flavors: &mut Room<'_, i32>,
        ) -> Result<(), KernReturn> {
            let object = $reach(&object)?;
            let handler = handler(object.machine, new_port, behavior, new_flavor)?;
            let rows = object.handlers.swap(exception_mask.0, &handler)?;
            fill(rows, masks, old_handlers, old_behaviors, old_flavors);
            Ok(())
        }
    };
}
pub(super) use exception_calls;

/// A handler that somebody asks for. Its flavor is 0 or one of the machine's.
pub(super) fn handler(
    machine: Machine,
    port: SendRight<InKernel>,
    behavior: ExceptionBehavior,
    flavor: i32,
) -> Result<Handler, KernReturn> {
    let handler = Handler { port: InKernel::take(port).or_dead(), behavior: behavior.0, flavor };
    handler.check()?;
    if flavor != 0 {
        machine.words(flavor)?;
    }
    Ok(handler)
}

/// Writes rows of handlers into a reply, as far as there is room.
pub(super) fn fill(
    rows: Vec<(i32, Handler)>,
    masks: &mut Room<'_, i32>,
    ports: &mut RightsRoom<'_, InKernel, SendRight<InKernel>>,
    behaviors: &mut Room<'_, i32>,
    flavors: &mut Room<'_, i32>,
) {
    for (mask, handler) in rows {
        let fits = masks.push(mask) && behaviors.push(handler.behavior) && flavors.push(handler.flavor);
        if !fits || ports.push(InKernel::send(handler.port)).is_err() {
            return;
        }
    }
}
