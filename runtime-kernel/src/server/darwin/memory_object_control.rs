//! `memory_object_control` of Darwin: what may be said of a memory object by whoever has the right to its control port.
//!
//! Managers themselves speak Mach 3; these are the same calls in other words.

use std::sync::Arc;

use generated::darwin::memory_object_control::{MemoryObjectControlServer, memory_object_lock_request};
use generated::darwin::types::{CopyStrategy, MemoryObjectAttrInfo, MemoryObjectPerfInfo, MemoryObjectReturn};
use generated::mach3::types as mach3;
use mig_rt::{Address, Flavor, KernReturn, Protection, Room, Size};

use crate::in_kernel::InKernel;
use crate::ipc::right::Carried;
use crate::server::{Maybe, Server};
use crate::vm::pager::{Attributes, Request};
use crate::vm::{Object, PAGE};

/// `MEMORY_OBJECT_DATA_FLUSH`, and `MEMORY_OBJECT_DATA_PURGE`, which gives nothing back.
const FLUSH: i32 = 0x1;
const PURGE: i32 = 0x4;

/// Pages come one by one.
const CLUSTER: u32 = PAGE as u32;

fn change(object: &Arc<Object>, may_cache: bool, strategy: CopyStrategy) -> Result<(), KernReturn> {
    let strategy = mach3::CopyStrategy(strategy.0);
    object.set_attributes(Attributes { ready: true, may_cache, strategy }, None)
}

impl MemoryObjectControlServer<InKernel> for Server {
    fn memory_object_get_attributes(
        &mut self,
        memory_control: Maybe<Object>,
        flavor: i32,
        attributes: &mut Room<'_, u32>,
    ) -> Result<(), KernReturn> {
        let it = memory_control.object()?.attributes()?;
        let told = match flavor {
            MemoryObjectAttrInfo::NUMBER => attributes.put(&MemoryObjectAttrInfo {
                copy_strategy: CopyStrategy(it.strategy.0),
                cluster_size: CLUSTER,
                may_cache_object: it.may_cache,
                temporary: it.strategy == mach3::CopyStrategy::TEMPORARY,
            }),
            MemoryObjectPerfInfo::NUMBER => {
                attributes.put(&MemoryObjectPerfInfo { cluster_size: CLUSTER, may_cache: it.may_cache })
            }
            _ => false,
        };
        if told { Ok(()) } else { Err(KernReturn::INVALID_ARGUMENT) }
    }

    fn memory_object_change_attributes(
        &mut self,
        memory_control: Maybe<Object>,
        flavor: i32,
        attributes: &[u32],
    ) -> Result<(), KernReturn> {
        let object = memory_control.object()?;
        match (flavor, attributes) {
            // How they are laid out: `memory_object_attr_info` and `memory_object_perf_info`.
            (MemoryObjectAttrInfo::NUMBER, [strategy, _, may_cache, _]) => {
                change(object, *may_cache != 0, CopyStrategy(*strategy as i32))
            }
            (MemoryObjectPerfInfo::NUMBER, [_, may_cache]) => {
                change(object, *may_cache != 0, CopyStrategy(object.attributes()?.strategy.0))
            }
            _ => Err(KernReturn::INVALID_ARGUMENT),
        }
    }

    /// Nobody is ever asked for this: there is no `memory_object_synchronize` in Mach 3.
    fn memory_object_synchronize_completed(&mut self, _: Maybe<Object>, _: Address, _: Size) -> Result<(), KernReturn> {
        Err(KernReturn::INVALID_ARGUMENT)
    }

    fn memory_object_lock_request(
        &mut self,
        memory_control: Maybe<Object>,
        offset: Address,
        size: Size,
        should_return: MemoryObjectReturn,
        flags: i32,
        lock_value: Protection,
    ) -> Result<memory_object_lock_request::Out, KernReturn> {
        let give_back = if flags & PURGE != 0 { 0 } else { should_return.0 };
        let give_back = mach3::MemoryObjectReturn(give_back);
        let request = Request { give_back, flush: flags & (FLUSH | PURGE) != 0, lock: lock_value };
        memory_control.object()?.lock_request((offset.0, size.0), request, || Carried::Null)?;
        Ok(memory_object_lock_request::Out { resid_offset: Address(0), io_errno: 0 })
    }

    fn memory_object_destroy(
        &mut self,
        memory_control: Maybe<Object>,
        _: Result<(), KernReturn>,
    ) -> Result<(), KernReturn> {
        memory_control.object()?.destroy();
        Ok(())
    }
}
