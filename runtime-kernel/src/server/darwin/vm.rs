//! Virtual memory of Darwin: what does not fit is an invalid argument.

use std::ops::Range;
use std::sync::Arc;

use generated::darwin::types::{
    MachineAttribute, MachineAttributeValue, VM_FLAGS_ANYWHERE, VM_FLAGS_OVERWRITE, VM_FLAGS_PURGABLE, VmBehavior,
    VmRegionBasicInfo, VmRegionBasicInfo64, VmRegionExtendedInfo, VmRegionTopInfo, VmSync,
};
use mig_rt::{Address, Flavor, Inherit, KernReturn, Protection, Room, SendRight, Size};

use super::purgable;
use crate::in_kernel::InKernel;
use crate::ipc::port::Port;
use crate::ipc::right::{Carried, SendRef};
use crate::kobject::KernelObject;
use crate::server::Maybe;
use crate::server::vm::{self, Arithmetic, Mapping, Source};
use crate::task::TaskObject;
use crate::vm::copy::Part;
use crate::vm::map::Found;
use crate::vm::{Map, MapCopy, MemoryEntry, PAGE, Place, round_up, truncate};

/// Memory may be written and copied wherever it begins and ends.
pub(super) const ONLY_WHOLE_PAGES: bool = false;

/// Makes new memory instead of showing some (`MAP_MEM_NAMED_CREATE`).
const CREATE: i32 = 0x2_0000;
/// Shares of memory: two references to it in one map or in several (`SM_SHARED`, `SM_PRIVATE`, `SM_EMPTY`).
const SHARE_MODES: [u8; 3] = [3, 2, 4];

fn place(address: Address, mask: Address, flags: i32) -> Place {
    let address = truncate(address.0);
    match flags {
        it if it & VM_FLAGS_ANYWHERE != 0 => Place::Anywhere { mask: mask.0, limit: u64::MAX },
        it if it & VM_FLAGS_OVERWRITE != 0 => Place::Over { address },
        _ => Place::At { address, mask: mask.0 },
    }
}

pub(super) fn allocate(task: &TaskObject, at: Address, size: Size, flags: i32) -> Result<Address, KernReturn> {
    let place = place(at, Address(0), flags);
    if flags & VM_FLAGS_PURGABLE != 0 && size.0 > 0 {
        let size = Arithmetic::Checked.size(&task.map, size).ok_or(KernReturn::INVALID_ARGUMENT)?;
        return purgable::allocate(task, place, size);
    }
    vm::allocate(task, place, size, Arithmetic::Checked)
}

pub(super) fn deallocate(task: &TaskObject, address: Address, size: Size) -> Result<(), KernReturn> {
    vm::deallocate(task, address, size, Arithmetic::Checked)
}

pub(super) fn protect(
    task: &TaskObject,
    (address, size): (Address, Size),
    set_maximum: bool,
    to: Protection,
) -> Result<(), KernReturn> {
    vm::check_protection(to)?;
    if size.0 == 0 {
        return Ok(());
    }
    task.map.protect(&Arithmetic::Checked.pages(&task.map, address, size)?, set_maximum, to, false)
}

pub(super) fn inherit(task: &TaskObject, (address, size): (Address, Size), to: Inherit) -> Result<(), KernReturn> {
    vm::check_inheritance(to)?;
    if size.0 > 0 {
        task.map.inherit(&Arithmetic::Checked.pages(&task.map, address, size)?, to);
    }
    Ok(())
}

/// Pages that a memory manager has go back to it, as far as it does not know them; its answer is not waited for, because
/// it gives none. Other memory has nothing that it could be written to.
pub(super) fn msync(task: &Maybe<TaskObject>, at: Address, size: Size, flags: VmSync) -> Result<(), KernReturn> {
    if flags.has(VmSync::ASYNCHRONOUS.with(VmSync::SYNCHRONOUS)) {
        return Err(KernReturn::INVALID_ARGUMENT);
    }
    let task = task.task().map_err(|_| KernReturn::INVALID_TASK)?;
    if size.0 == 0 {
        return Ok(());
    }
    let range = Arithmetic::Checked.pages(&task.map, at, size)?;
    if flags.has(VmSync::CONTIGUOUS) {
        task.map.covers(&range)?;
    }
    let (kill, invalidate) = (flags.has(VmSync::KILLPAGES), flags.has(VmSync::INVALIDATE));
    task.map.sync(&range, !kill, kill || invalidate);
    Ok(())
}

/// Advice, which nothing follows; but what is to be zero is.
pub(super) fn behave(
    task: &Maybe<TaskObject>,
    (address, size): (Address, Size),
    behavior: VmBehavior,
) -> Result<(), KernReturn> {
    if !(VmBehavior::DEFAULT.0..=VmBehavior::ZERO.0).contains(&behavior.0) {
        return Err(KernReturn::INVALID_ARGUMENT);
    }
    let map = &task.task()?.map;
    if size.0 == 0 {
        return Ok(());
    }
    let range = Arithmetic::Checked.pages(map, address, size)?;
    if behavior == VmBehavior::ZERO {
        return zero(map, address.0..address.0 + size.0);
    }
    map.advise(&range, behavior.0)
}

/// Makes bytes zero: whole pages by giving up what they were.
fn zero(map: &Map, range: Range<u64>) -> Result<(), KernReturn> {
    let inner = range.start.next_multiple_of(PAGE)..truncate(range.end);
    let some = |part: Range<u64>| match part.end.saturating_sub(part.start) {
        0 => Ok(()),
        size => map.overwrite(part.start, MapCopy::Bytes(vec![0; size as usize])),
    };
    map.permit(range.start, (range.end - range.start) as usize, Protection::WRITE)?;
    if inner.is_empty() {
        return some(range);
    }
    let size = inner.end - inner.start;
    let parts = vec![Part { object: None, offset: 0, size }];
    map.overwrite(inner.start, MapCopy::Parts { within: 0, size: size as usize, parts })?;
    some(range.start..inner.start)?;
    some(inner.end..range.end)
}

pub(super) fn map(
    task: &TaskObject,
    (address, size, mask): (Address, Size, Address),
    flags: i32,
    object: &Source,
    mapping: Mapping,
) -> Result<Address, KernReturn> {
    mapping.check()?;
    if !mapping.maximum.has(mapping.protection) {
        return Err(KernReturn::INVALID_ARGUMENT);
    }
    let size = round_up(size.0).filter(|it| *it > 0).ok_or(KernReturn::INVALID_ARGUMENT)?;
    mapping.enter(&task.map, place(address, mask, flags), size, object)
}

/// Where memory was mapped again, and what may be done with all of it.
pub(super) type Remapped = (Address, Protection, Protection);

pub(super) fn remap(
    task: &TaskObject,
    (target, size, mask): (Address, Size, Address),
    flags: i32,
    (source, address): (&TaskObject, Address),
    copy: bool,
    inheritance: Inherit,
) -> Result<Remapped, KernReturn> {
    vm::check_inheritance(inheritance)?;
    let range = crate::vm::pages_of(address.0, size.0).filter(|_| size.0 > 0).ok_or(KernReturn::INVALID_ARGUMENT)?;
    let mut parts = source.map.parts(&range, copy)?;
    let (mut protection, mut maximum) = (Protection::ALL, Protection::ALL);
    for (_, it) in &mut parts {
        it.inheritance = inheritance;
        protection.0 &= it.protection.0;
        maximum.0 &= it.maximum.0;
    }
    let at = task.map.enter(place(target, mask, flags), parts)?;
    Ok((Address(at), protection, maximum))
}

/// The same with rights that the caller asks for, and no more.
pub(super) fn remap_with(
    task: &TaskObject,
    (target, size, mask): (Address, Size, Address),
    flags: i32,
    (source, address): (&TaskObject, Address),
    copy: bool,
    (protection, maximum, inheritance): (Protection, Protection, Inherit),
) -> Result<Remapped, KernReturn> {
    vm::check_inheritance(inheritance)?;
    if !Protection::ALL.has(maximum) || !maximum.has(protection) {
        return Err(KernReturn::INVALID_ARGUMENT);
    }
    let range = crate::vm::pages_of(address.0, size.0).filter(|_| size.0 > 0).ok_or(KernReturn::INVALID_ARGUMENT)?;
    source.map.permit(range.start, (range.end - range.start) as usize, protection)?;
    let mut parts = source.map.parts(&range, copy)?;
    for (_, it) in &mut parts {
        if !it.maximum.has(maximum) {
            return Err(KernReturn::PROTECTION_FAILURE);
        }
        (it.protection, it.maximum, it.inheritance) = (protection, maximum, inheritance);
    }
    let at = task.map.enter(place(target, mask, flags), parts)?;
    Ok((Address(at), protection, maximum))
}

/// Whoever has sent the request.
pub(super) fn caller(task: &TaskObject) -> Result<Arc<TaskObject>, KernReturn> {
    let (host, number) = (task.host.upgrade().ok_or(KernReturn::FAILURE)?, InKernel::sender_number());
    let found = host.tasks.lock().iter().find(|it| it.space.number == number).cloned();
    found.ok_or(KernReturn::INVALID_ARGUMENT)
}

/// `vm_read_overwrite`: how much was copied to the caller's memory.
pub(super) fn read_overwrite(task: &TaskObject, at: Address, size: Size, to: Address) -> Result<Size, KernReturn> {
    let wanted = usize::try_from(size.0).map_err(|_| KernReturn::INVALID_ADDRESS)?;
    let copy = task.map.copy_in(at.0, wanted, false)?;
    if !copy.is_empty() {
        caller(task)?.map.overwrite(to.0, copy)?;
    }
    Ok(size)
}

/// `vm_read_list`: where in the caller's memory copies of some ranges are. All of them or none.
pub(super) fn read_list(
    task: &TaskObject,
    ranges: &mut dyn ExactSizeIterator<Item = (u64, u64)>,
) -> Result<Vec<u64>, KernReturn> {
    let caller = caller(task)?;
    let (mut places, mut kept) = (Vec::with_capacity(ranges.len()), Vec::new());
    for (at, size) in ranges {
        let placed = usize::try_from(size)
            .map_err(|_| KernReturn::INVALID_ADDRESS)
            .and_then(|size| task.map.copy_in(at, size, false))
            .and_then(|copy| caller.map.copy_out(copy, u64::MAX, false));
        match placed {
            Ok(place) => {
                kept.extend(crate::vm::pages_of(place, size).filter(|_| size > 0));
                places.push(place);
            }
            Err(code) => {
                kept.iter().for_each(|it| caller.map.deallocate(it));
                return Err(code);
            }
        }
    }
    Ok(places)
}

/// What is told of a page (`VM_PAGE_QUERY_PAGE_…`): it is there, and has been read and written; it was paged out; a memory
/// manager has it too.
const QUERIED: i32 = 0x1 | 0x4 | 0x8;
const PAGED_OUT: i32 = 0x10;
const EXTERNAL: i32 = 0x80;

/// `vm_map_page_query`: whether a page is there, and how many entries and ports have its object.
pub(super) fn page_query(task: &TaskObject, at: Address) -> Result<(i32, i32), KernReturn> {
    let found = task.map.region(at.0).ok().filter(|it| it.range.contains(&at.0));
    Ok(found.map_or((0, 0), |it| {
        let offset = it.entry.offset + (at.0 - it.range.start);
        let told = it.entry.object.as_ref().map_or(0, |object| match object.is_here(offset) {
            Some(true) if object.is_managed() => QUERIED | EXTERNAL,
            Some(true) => QUERIED,
            Some(false) => PAGED_OUT,
            None => 0,
        });
        (told, references(&it) as i32)
    }))
}

/// What is told of a region: where it is, and words of a flavor.
pub(super) fn region(
    task: &TaskObject,
    at: Address,
    flavor: i32,
    info: &mut Room<'_, u32>,
) -> Result<(Address, Size), KernReturn> {
    let found = task.map.region(at.0).map_err(|_| KernReturn::INVALID_ADDRESS)?;
    let told = match flavor {
        VmRegionBasicInfo::NUMBER => info.put(&basic(&found)),
        VmRegionBasicInfo64::NUMBER => info.put(&basic_64(&found)),
        VmRegionExtendedInfo::NUMBER => info.put(&extended(&found)),
        VmRegionTopInfo::NUMBER => info.put(&top(&found)),
        _ => false,
    };
    let place = (Address(found.range.start), Size(found.range.end - found.range.start));
    if told { Ok(place) } else { Err(KernReturn::INVALID_ARGUMENT) }
}

fn basic(found: &Found) -> VmRegionBasicInfo {
    let it = basic_64(found);
    VmRegionBasicInfo {
        protection: it.protection,
        max_protection: it.max_protection,
        inheritance: it.inheritance,
        shared: it.shared,
        reserved: it.reserved,
        // As Darwin cuts it.
        offset: it.offset as u32,
        behavior: it.behavior,
        user_wired_count: it.user_wired_count,
    }
}

fn basic_64(found: &Found) -> VmRegionBasicInfo64 {
    let it = found.entry.attributes;
    VmRegionBasicInfo64 {
        protection: it.protection,
        max_protection: it.maximum,
        inheritance: it.inheritance,
        shared: found.entry.is_shared(),
        reserved: false,
        offset: found.entry.offset,
        behavior: VmBehavior(it.behavior),
        user_wired_count: u16::try_from(it.wired).unwrap_or(u16::MAX),
    }
}

pub(super) fn extended(found: &Found) -> VmRegionExtendedInfo {
    let (resident, object) = (resident(found), found.entry.object.as_ref());
    let offsets = found.entry.offsets(found.range.start, &found.range);
    VmRegionExtendedInfo {
        protection: found.entry.attributes.protection,
        user_tag: 0,
        pages_resident: resident,
        pages_shared_now_private: 0,
        pages_swapped_out: object.map_or(0, |it| u32::try_from(it.away(offsets)).unwrap_or(u32::MAX)),
        pages_dirtied: resident,
        ref_count: references(found),
        shadow_depth: 0,
        external_pager: u8::from(object.is_some_and(|it| it.is_managed())),
        share_mode: share_mode(found),
        pages_reusable: 0,
    }
}

fn top(found: &Found) -> VmRegionTopInfo {
    let (resident, shared) = (resident(found), found.entry.is_shared());
    VmRegionTopInfo {
        obj_id: found.entry.object.as_ref().map_or(0, |it| it.number),
        ref_count: references(found),
        private_pages_resident: if shared { 0 } else { resident },
        shared_pages_resident: if shared { resident } else { 0 },
        share_mode: share_mode(found),
    }
}

fn resident(found: &Found) -> u32 {
    let pages = found.entry.resident(&found.range);
    u32::try_from(pages).unwrap_or(u32::MAX)
}

/// Entries and ports that have the object; `found` does not count.
pub(super) fn references(found: &Found) -> u32 {
    found.entry.object.as_ref().map_or(0, |it| Arc::strong_count(it) as u32 - 1)
}

fn share_mode(found: &Found) -> u8 {
    let [shared, private, empty] = SHARE_MODES;
    match &found.entry.object {
        Some(it) if it.is_shared() => shared,
        Some(_) => private,
        None => empty,
    }
}

/// `mach_make_memory_entry`: a port for memory of the task, for a part of what another port has, or for new memory.
pub(super) fn memory_entry(
    task: &TaskObject,
    (offset, size): (u64, u64),
    permission: Protection,
    parent: &Source,
) -> Result<(u64, SendRight<InKernel>), KernReturn> {
    let access = Protection(permission.0 & Protection::ALL.0);
    if permission.0 & !(Protection::ALL.0 | CREATE) != 0 {
        return Err(KernReturn::INVALID_ARGUMENT);
    }
    let entry = match parent {
        _ if permission.0 & CREATE != 0 => task.map.new_memory(size, access)?,
        Source::Zero => task.map.memory_entry(offset, size, access)?,
        Source::Memory(it) => it.narrow(offset, size, access)?,
        Source::Manager(_) | Source::Other => return Err(KernReturn::INVALID_ARGUMENT),
    };
    let size = entry.size;
    Ok((size, right_to(task, entry)))
}

fn right_to(task: &TaskObject, entry: MemoryEntry) -> SendRight<InKernel> {
    let port = Port::of_object(task.space.abi, KernelObject::MemoryEntry(Arc::new(entry)));
    InKernel::send(Carried::Send(SendRef::make(&port)))
}

/// `vm_wire`
pub(super) fn wire(task: &TaskObject, at: Address, size: Size, access: Protection) -> Result<(), KernReturn> {
    vm::check_protection(access)?;
    if size.0 == 0 {
        return Ok(());
    }
    let range = Arithmetic::Checked.pages(&task.map, at, size)?;
    match access {
        Protection::NONE => task.map.unwire(&range),
        access => task.map.wire(&range, access),
    }
}

/// Caches are coherent, so there is nothing to flush, and nothing else that this machine could do.
pub(super) fn machine_attribute(
    task: &TaskObject,
    (address, size): (Address, Size),
    attribute: MachineAttribute,
    value: MachineAttributeValue,
) -> Result<MachineAttributeValue, KernReturn> {
    let end = address.0.checked_add(size.0).ok_or(KernReturn::INVALID_ARGUMENT)?;
    if size.0 == 0 {
        return Ok(value);
    }
    if address.0 < task.map.bounds.start || end > task.map.bounds.end {
        return Err(KernReturn::INVALID_ADDRESS);
    }
    let flushes = MachineAttributeValue::CACHE_FLUSH.0..=MachineAttributeValue::ICACHE_FLUSH.0;
    if attribute != MachineAttribute::CACHE || !flushes.contains(&value.0) {
        return Err(KernReturn::INVALID_ARGUMENT);
    }
    task.map.covers(&(truncate(address.0)..end.next_multiple_of(PAGE)))?;
    Ok(value)
}
