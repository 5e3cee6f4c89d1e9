//! What Darwin tells of regions, of the objects behind them and of their pages.
//!
//! Maps are not nested, and objects have no others behind them: every depth is 0, and at most one object is listed.

use generated::darwin::types::{VmInfoObject, VmInfoRegion, VmInfoRegion64};
use mig_rt::{Address, KernReturn, Region, Room, Size};

use super::vm::{caller, extended, page_query, references};
use crate::in_kernel::InKernel;
use crate::server::Maybe;
use crate::server::vm::Arithmetic;
use crate::task::TaskObject;
use crate::vm::map::Found;
use crate::vm::{MapCopy, Object, PAGE};

/// Words of a short description, of a long one in its oldest form, and of a narrow one.
const SHORT: usize = 12;
const LONG: usize = 16;
const NARROW: usize = 15;
/// `VM_PAGE_INFO_BASIC`, and how many words it has.
const PAGE_BASIC: i32 = 1;
const PAGE_WORDS: usize = 8;
/// Pages that one call tells of: those of a gigabyte.
const MOST_PAGES: u64 = 1 << 18;

fn low(it: u64) -> u32 {
    it as u32
}

fn halves(it: u64) -> [u32; 2] {
    [low(it), low(it >> 32)]
}

fn number(found: &Found) -> u32 {
    found.entry.object.as_ref().map_or(0, |it| it.number)
}

fn place(found: &Found) -> (Address, Size) {
    (Address(found.range.start), Size(found.range.end - found.range.start))
}

fn find(task: &TaskObject, at: Address) -> Result<Found, KernReturn> {
    task.map.region(at.0).map_err(|_| KernReturn::INVALID_ADDRESS)
}

/// Writes the words that there is room for, of which some must be.
fn put(room: &mut Room<'_, u32>, words: &[u32], least: usize) -> Result<(), KernReturn> {
    let some = words.get(..room.capacity().min(words.len())).filter(|it| it.len() >= least);
    room.extend(some.ok_or(KernReturn::INVALID_ARGUMENT)?).map_err(|_| KernReturn::INVALID_ARGUMENT)
}

/// The shape of what is behind a region, in one word: depth, whether somebody else supplies it, and who sees it.
fn shape(found: &Found) -> u32 {
    let it = extended(found);
    u32::from(it.shadow_depth) | u32::from(it.external_pager) << 16 | u32::from(it.share_mode) << 24
}

/// `vm_region_recurse_64`, `mach_vm_region_recurse`: short, long, or long with what was added since.
pub(super) fn recurse(task: &TaskObject, at: Address, room: &mut Room<'_, u32>) -> Result<(Address, Size), KernReturn> {
    let found = find(task, at)?;
    let (it, pages, attributes) = (found.entry.attributes, extended(&found), found.entry.attributes);
    let [offset, above] = halves(found.entry.offset);
    let rights = [it.protection.0.cast_unsigned(), it.maximum.0.cast_unsigned(), it.inheritance.0.cast_unsigned()];
    let counts = [pages.pages_resident, 0, pages.pages_swapped_out, pages.pages_dirtied];
    let kind = [shape(&found), 0, attributes.behavior.cast_unsigned(), number(&found), it.wired.min(0xffff)];
    let head = [rights[0], rights[1], rights[2], offset, above, pages.user_tag];
    let words: Vec<u32> = match room.capacity() {
        SHORT..LONG => [&head[..], &[pages.ref_count], &kind].concat(),
        // The number of the object is as wide as any, and once more at the end.
        _ => [&head[..], &counts, &[pages.ref_count], &kind, &[0, number(&found), 0]].concat(),
    };
    put(room, &words, if room.capacity() < LONG { SHORT } else { LONG })?;
    Ok(place(&found))
}

/// `vm_region_recurse`, with offsets of 32 bits.
pub(super) fn recurse_narrow(
    task: &TaskObject,
    at: Address,
    room: &mut Room<'_, u32>,
) -> Result<(Address, Size), KernReturn> {
    let found = find(task, at)?;
    let (it, pages) = (found.entry.attributes, extended(&found));
    let words = [
        it.protection.0.cast_unsigned(),
        it.maximum.0.cast_unsigned(),
        it.inheritance.0.cast_unsigned(),
        low(found.entry.offset),
        pages.user_tag,
        pages.pages_resident,
        0,
        pages.pages_swapped_out,
        pages.pages_dirtied,
        pages.ref_count,
        shape(&found),
        0,
        it.behavior.cast_unsigned(),
        number(&found),
        it.wired.min(0xffff),
    ];
    put(room, &words, NARROW)?;
    Ok(place(&found))
}

/// What is told of a region's entry, with the offset in two halves; and of its object, if it has one.
pub(super) fn info_64(task: &Maybe<TaskObject>, at: Address) -> Result<(VmInfoRegion64, Objects), KernReturn> {
    let found = task.task().map_err(|_| KernReturn::INVALID_TASK)?.map.region(at.0)?;
    let it = found.entry.attributes;
    let region = VmInfoRegion64 {
        vir_start: low(found.range.start),
        vir_end: low(found.range.end),
        vir_object: number(&found),
        vir_offset: halves(found.entry.offset),
        // A copy is made when it is asked for, and what is shared with it is the table's to know.
        vir_needs_copy: false,
        vir_protection: it.protection,
        vir_max_protection: it.maximum,
        vir_inheritance: it.inheritance,
        vir_wired_count: it.wired,
        vir_user_wired_count: it.wired,
    };
    let objects: Vec<VmInfoObject> = found.entry.object.iter().map(|it| object(it, &found)).collect();
    Ok((region, Region::new(&InKernel, &objects)?))
}

type Objects = Region<InKernel, VmInfoObject>;

/// The same with as much of the offset as there is room for.
pub(super) fn info(task: &Maybe<TaskObject>, at: Address) -> Result<(VmInfoRegion, Objects), KernReturn> {
    let (it, objects) = info_64(task, at)?;
    let region = VmInfoRegion {
        vir_start: it.vir_start,
        vir_end: it.vir_end,
        vir_object: it.vir_object,
        vir_offset: it.vir_offset[0],
        vir_needs_copy: it.vir_needs_copy,
        vir_protection: it.vir_protection,
        vir_max_protection: it.vir_max_protection,
        vir_inheritance: it.vir_inheritance,
        vir_wired_count: it.vir_wired_count,
        vir_user_wired_count: it.vir_user_wired_count,
    };
    Ok((region, objects))
}

fn object(it: &Object, found: &Found) -> VmInfoObject {
    let (managed, size) = (it.is_managed(), it.size());
    VmInfoObject {
        vio_object: it.number,
        vio_size: low(size),
        vio_ref_count: references(found),
        vio_resident_page_count: low(it.resident(0..size)),
        vio_absent_count: 0,
        vio_copy: 0,
        vio_shadow: 0,
        vio_shadow_offset: 0,
        vio_paging_offset: 0,
        vio_copy_strategy: 0,
        vio_last_alloc: 0,
        vio_paging_in_progress: 0,
        vio_pager_created: managed,
        vio_pager_initialized: managed,
        vio_pager_ready: managed,
        vio_can_persist: false,
        vio_internal: !managed,
        vio_temporary: !managed,
        vio_alive: true,
        vio_purgable: it.purgable.get().is_some(),
        vio_purgable_volatile: it.purgable.get().is_some_and(|it| it > 0),
    }
}

/// `vm_mapped_pages_info`: the addresses of all pages that are there, as far as 32 bits can say them.
pub(super) fn mapped_pages(task: &Maybe<TaskObject>) -> Result<Region<InKernel, i32>, KernReturn> {
    let task = task.task().map_err(|_| KernReturn::INVALID_TASK)?;
    let mut all = Vec::new();
    for found in task.map.regions() {
        let Some(object) = &found.entry.object else { continue };
        let offsets = found.entry.offsets(found.range.start, &found.range);
        for page in object.here(offsets.clone()) {
            all.push(low(found.range.start + (page * PAGE - offsets.start)).cast_signed());
        }
    }
    Region::new(&InKernel, &all)
}

/// `mach_vm_page_info`
pub(super) fn page_info(
    task: &TaskObject,
    at: Address,
    flavor: i32,
    room: &mut Room<'_, u32>,
) -> Result<(), KernReturn> {
    if flavor != PAGE_BASIC {
        return Err(KernReturn::INVALID_ARGUMENT);
    }
    let (disposition, references) = page_query(task, at)?;
    let found = task.map.region(at.0).ok().filter(|it| it.range.contains(&at.0));
    let (object, offset) = found.map_or((0, 0), |it| {
        let within = crate::vm::truncate(at.0) - it.range.start;
        (number(&it), it.entry.offset + within)
    });
    let [offset, above] = halves(offset);
    let words = [disposition.cast_unsigned(), references.cast_unsigned(), object, 0, offset, above, 0, 0];
    put(room, &words, PAGE_WORDS)
}

/// `mach_vm_page_range_query`: writes what is known of each page into the caller's memory, a word each. How many.
pub(super) fn page_range(
    task: &TaskObject,
    (at, size): (Address, Size),
    (to, count): (Address, Size),
) -> Result<Size, KernReturn> {
    let range = Arithmetic::Checked.pages(&task.map, at, size)?;
    let count = ((range.end - range.start) / PAGE).min(count.0).min(MOST_PAGES);
    let mut words = Vec::with_capacity(count as usize);
    for page in 0..count {
        words.push(page_query(task, Address(range.start + page * PAGE))?.0);
    }
    let bytes: Vec<u8> = words.iter().flat_map(|it| it.to_le_bytes()).collect();
    if !bytes.is_empty() {
        caller(task)?.map.overwrite(to.0, MapCopy::Bytes(bytes))?;
    }
    Ok(Size(count))
}
