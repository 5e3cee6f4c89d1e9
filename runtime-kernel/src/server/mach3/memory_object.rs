//! What memory managers say of their objects.

use std::sync::Arc;

use generated::mach3::mach::memory_object_get_attributes;
use generated::mach3::types::{CopyStrategy, MemoryObjectReturn};
use mig_rt::{Address, AnyRight, KernReturn, Protection, Region, Size};

use crate::in_kernel::InKernel;
use crate::ipc::right::Carried;
use crate::vm::Object;
use crate::vm::pager::{Attributes, Changed, Dialect, Request, Supply};

/// Who is to be told, if anybody.
fn told(to: AnyRight<InKernel>) -> Carried {
    InKernel::take_any(to).or_dead()
}

pub(super) fn supply(
    object: &Arc<Object>,
    (offset, data): (Address, Region<InKernel, u8>),
    lock: Protection,
    precious: bool,
    reply: Option<AnyRight<InKernel>>,
) -> Result<(), KernReturn> {
    let supply = Supply { offset: offset.0, data: data.into_memory().data, lock, precious };
    object.supply(supply, || reply.map_or(Carried::Null, told))
}

pub(super) fn lock(
    object: &Arc<Object>,
    (offset, size): (Address, Size),
    (give_back, flush, lock): (MemoryObjectReturn, bool, Protection),
    reply: AnyRight<InKernel>,
) -> Result<(), KernReturn> {
    object.lock_request((offset.0, size.0), Request { give_back, flush, lock }, || told(reply))
}

/// `memory_object_ready`, `memory_object_set_attributes`
pub(super) fn set(
    object: &Arc<Object>,
    ready: bool,
    may_cache: bool,
    strategy: CopyStrategy,
    dialect: Dialect,
) -> Result<(), KernReturn> {
    object.set_attributes(Attributes { ready, may_cache, strategy }, Some(dialect))
}

/// Whoever has asked is told what was asked for, also if it was refused.
pub(super) fn change(
    object: Arc<Object>,
    may_cache: bool,
    strategy: CopyStrategy,
    reply: AnyRight<InKernel>,
) -> Result<(), KernReturn> {
    let changed = object.set_attributes(Attributes { ready: true, may_cache, strategy }, None);
    let completed = object.changed(told(reply), may_cache, strategy);
    // With the last of those who have it the object may go.
    drop(object);
    completed.into_iter().for_each(Changed::say);
    changed
}

pub(super) fn attributes(object: &Object) -> Result<memory_object_get_attributes::Out, KernReturn> {
    let Attributes { ready, may_cache, strategy } = object.attributes()?;
    Ok(memory_object_get_attributes::Out { object_ready: ready, may_cache, copy_strategy: strategy })
}

/// The routines, each of which does what the function above says.
macro_rules! memory_object_calls {
    () => {
        fn memory_object_data_provided(
            &mut self,
            memory_control: Maybe<Object>,
            offset: Address,
            data: Region<InKernel, u8>,
            lock_value: Protection,
        ) -> Result<(), KernReturn> {
            memory_object::supply(memory_control.object()?, (offset, data), lock_value, false, None)
        }

        fn memory_object_data_supply(
            &mut self,
            memory_control: Maybe<Object>,
            offset: Address,
            data: Region<InKernel, u8>,
            lock_value: Protection,
            precious: bool,
            reply_to: AnyRight<InKernel>,
        ) -> Result<(), KernReturn> {
            memory_object::supply(memory_control.object()?, (offset, data), lock_value, precious, Some(reply_to))
        }

        fn memory_object_data_unavailable(
            &mut self,
            memory_control: Maybe<Object>,
            offset: Address,
            size: Size,
        ) -> Result<(), KernReturn> {
            memory_control.object()?.unavailable(offset.0, size.0)
        }

        fn memory_object_data_error(
            &mut self,
            memory_control: Maybe<Object>,
            offset: Address,
            size: Size,
            _: Result<(), KernReturn>,
        ) -> Result<(), KernReturn> {
            memory_control.object()?.fail(offset.0, size.0)
        }

        fn memory_object_lock_request(
            &mut self,
            memory_control: Maybe<Object>,
            offset: Address,
            size: Size,
            should_return: MemoryObjectReturn,
            should_flush: bool,
            lock_value: Protection,
            reply_to: AnyRight<InKernel>,
        ) -> Result<(), KernReturn> {
            let what = (should_return, should_flush, lock_value);
            memory_object::lock(memory_control.object()?, (offset, size), what, reply_to)
        }

        fn xxx_memory_object_lock_request(
            &mut self,
            memory_control: Maybe<Object>,
            offset: Address,
            size: Size,
            should_clean: bool,
            should_flush: bool,
            lock_value: Protection,
            reply_to: AnyRight<InKernel>,
        ) -> Result<(), KernReturn> {
            let give_back = if should_clean { MemoryObjectReturn::DIRTY } else { MemoryObjectReturn::NONE };
            let what = (give_back, should_flush, lock_value);
            memory_object::lock(memory_control.object()?, (offset, size), what, reply_to)
        }

        fn memory_object_ready(
            &mut self,
            memory_control: Maybe<Object>,
            may_cache: bool,
            copy_strategy: CopyStrategy,
        ) -> Result<(), KernReturn> {
            memory_object::set(memory_control.object()?, true, may_cache, copy_strategy, Dialect::New)
        }

        fn memory_object_set_attributes(
            &mut self,
            memory_control: Maybe<Object>,
            object_ready: bool,
            may_cache: bool,
            copy_strategy: CopyStrategy,
        ) -> Result<(), KernReturn> {
            memory_object::set(memory_control.object()?, object_ready, may_cache, copy_strategy, Dialect::Old)
        }

        fn memory_object_change_attributes(
            &mut self,
            memory_control: Maybe<Object>,
            may_cache: bool,
            copy_strategy: CopyStrategy,
            reply_to: AnyRight<InKernel>,
        ) -> Result<(), KernReturn> {
            memory_object::change(memory_control.into_object()?, may_cache, copy_strategy, reply_to)
        }

        fn memory_object_get_attributes(
            &mut self,
            memory_control: Maybe<Object>,
        ) -> Result<memory_object_get_attributes::Out, KernReturn> {
            memory_object::attributes(memory_control.object()?)
        }

        fn memory_object_destroy(
            &mut self,
            memory_control: Maybe<Object>,
            _: Result<(), KernReturn>,
        ) -> Result<(), KernReturn> {
            memory_control.object()?.destroy();
            Ok(())
        }
    };
}
pub(super) use memory_object_calls;
