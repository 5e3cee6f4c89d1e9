//! Virtual memory of Mach 3: arithmetic of addresses wraps, and holes in a range do not matter.

use generated::mach3::mach::vm_region;
use generated::mach3::types::{MachineAttribute, MachineAttributeValue, VmStatistics, VmSync};
use mig_rt::{Address, Inherit, KernReturn, PortName, Protection, Size};

use crate::budget::Resource;
use crate::in_kernel::InKernel;
use crate::server::vm::{self, Arithmetic, Mapping, Source};
use crate::task::TaskObject;
use crate::vm::{Map, PAGE, Place, truncate};

/// What is written or copied from one task to another is of whole pages.
pub(super) const ONLY_WHOLE_PAGES: bool = true;

/// Where memory is wanted; a fixed address is that of its page.
fn place(address: Address, mask: Address, anywhere: bool) -> Place {
    match anywhere {
        true => Place::Anywhere { mask: mask.0, limit: u64::MAX },
        false => Place::At { address: truncate(address.0), mask: mask.0 },
    }
}

pub(super) fn allocate(task: &TaskObject, at: Address, size: Size, anywhere: bool) -> Result<Address, KernReturn> {
    vm::allocate(task, place(at, Address(0), anywhere), size, Arithmetic::Wraps)
}

pub(super) fn deallocate(task: &TaskObject, address: Address, size: Size) -> Result<(), KernReturn> {
    vm::deallocate(task, address, size, Arithmetic::Wraps)
}

pub(super) fn protect(
    task: &TaskObject,
    (address, size): (Address, Size),
    set_maximum: bool,
    to: Protection,
) -> Result<(), KernReturn> {
    vm::check_protection(to)?;
    task.map.protect(&Arithmetic::Wraps.pages(&task.map, address, size)?, set_maximum, to, true)
}

pub(super) fn inherit(task: &TaskObject, (address, size): (Address, Size), to: Inherit) -> Result<(), KernReturn> {
    vm::check_inheritance(to)?;
    task.map.inherit(&Arithmetic::Wraps.pages(&task.map, address, size)?, to);
    Ok(())
}

pub(super) fn region(task: &TaskObject, at: Address) -> Result<vm_region::Out<InKernel>, KernReturn> {
    let found = task.map.region(at.0)?;
    let attributes = found.entry.attributes;
    Ok(vm_region::Out {
        address: Address(found.range.start),
        size: Size(found.range.end - found.range.start),
        protection: attributes.protection,
        max_protection: attributes.maximum,
        inheritance: attributes.inheritance,
        is_shared: found.entry.is_shared(),
        object_name: vm::name_of(&found.entry),
        offset: Address(found.entry.offset),
    })
}

pub(super) fn statistics(task: &TaskObject) -> Result<VmStatistics, KernReturn> {
    task.budget.afford(Resource::Objects)?;
    let [free_count, active_count, inactive_count, wire_count, zero_fill_count, rest @ ..] =
        vm::statistics(task.map.frames());
    let [reactivations, pageins, pageouts, faults, cow_faults, lookups, hits] = rest;
    Ok(VmStatistics {
        pagesize: PAGE as i32,
        free_count,
        active_count,
        inactive_count,
        wire_count,
        zero_fill_count,
        reactivations,
        pageins,
        pageouts,
        faults,
        cow_faults,
        lookups,
        hits,
    })
}

pub(super) fn map(
    task: &TaskObject,
    (address, size, mask): (Address, Size, Address),
    anywhere: bool,
    object: PortName,
    mapping: Mapping,
) -> Result<Address, KernReturn> {
    mapping.check()?;
    let size = Arithmetic::Wraps.size(&task.map, size).filter(|it| *it > 0 || !anywhere);
    let size = size.ok_or(KernReturn::INVALID_ARGUMENT)?;
    mapping.enter(&task.map, place(address, mask, anywhere), size, &Source::named(object))
}

/// Pages that a memory manager has go back to it, as far as it does not know them; its answer is not waited for.
pub(super) fn msync(task: &TaskObject, (at, size): (Address, Size), flags: VmSync) -> Result<(), KernReturn> {
    if flags.has(VmSync::ASYNCHRONOUS.with(VmSync::SYNCHRONOUS)) {
        return Err(KernReturn::INVALID_ARGUMENT);
    }
    let range = Arithmetic::Wraps.pages(&task.map, at, size)?;
    task.map.sync(&range, true, flags.has(VmSync::INVALIDATE));
    Ok(())
}

/// `vm_wire`: what cannot be wired is a failure whatever the reason.
pub(super) fn wire(map: &Map, at: Address, size: Size, access: Protection) -> Result<(), KernReturn> {
    vm::check_protection(access)?;
    let range = Arithmetic::Wraps.pages(map, at, size)?;
    if access == Protection::NONE {
        return map.unwire(&range).map_err(|_| KernReturn::INVALID_ARGUMENT);
    }
    map.wire(&range, access).map_err(|it| match it {
        KernReturn::INVALID_ADDRESS | KernReturn::PROTECTION_FAILURE => KernReturn::FAILURE,
        // What a memory manager did not bring, and what there is too much of.
        _ => it,
    })
}

/// Caches are coherent, so there is nothing to flush, and nothing else that this machine could do.
pub(super) fn machine_attribute(
    task: &TaskObject,
    (address, size): (Address, Size),
    attribute: MachineAttribute,
    value: MachineAttributeValue,
) -> Result<MachineAttributeValue, KernReturn> {
    let bounds = &task.map.bounds;
    let inside = address.0.checked_add(size.0).is_some_and(|end| address.0 >= bounds.start && end <= bounds.end);
    let flushes = MachineAttributeValue::CACHE_FLUSH.0..=MachineAttributeValue::ICACHE_FLUSH.0;
    if inside && attribute == MachineAttribute::CACHE && flushes.contains(&value.0) {
        Ok(value)
    } else {
        Err(KernReturn::INVALID_ARGUMENT)
    }
}
