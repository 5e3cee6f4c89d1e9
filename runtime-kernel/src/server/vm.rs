//! Virtual memory: what both sets ask of a map.

use std::ops::Range;
use std::sync::Arc;

use mig_rt::{Address, Inherit, KernReturn, PortIn, PortName, Protection, Region, SendRight, Size};

use crate::in_kernel::{InKernel, KernelMemory};
use crate::ipc::port::Port;
use crate::ipc::right::Carried;
use crate::kobject::KernelObject;
use crate::task::TaskObject;
use crate::vm::copy::Part;
use crate::vm::entry::{Attributes, Entry};
use crate::vm::pager::object_of;
use crate::vm::walk::walk;
use crate::vm::{Frames, Map, MapCopy, MemoryEntry, PAGE, Place, pages_of, round_up, truncate};

/// A port that is to be mapped.
#[derive(Debug)]
pub(crate) enum Source {
    /// None, or a dead one: zeros.
    Zero,
    Memory(Arc<MemoryEntry>),
    /// The port of a memory manager, maybe.
    Manager(Arc<Port>),
    /// No memory.
    Other,
}

impl Source {
    /// What a name stands for.
    pub(super) fn named(name: PortName) -> Source {
        if !name.is_valid() {
            return Source::Zero;
        }
        let source = InKernel::with_port(name, |port| match port.object() {
            Some(KernelObject::MemoryEntry(it)) => Source::Memory(it.clone()),
            Some(_) => Source::Other,
            None => Source::Manager(port.clone()),
        });
        source.unwrap_or(Source::Other)
    }

    /// What a port stands for.
    pub(super) fn of(from: &PortIn<'_, InKernel>) -> Source {
        match from {
            PortIn::Right(right) => Source::named(right.name()),
            PortIn::Local(name) => Source::named(*name),
            PortIn::Payload(_) => Source::Other,
        }
    }

    /// Pages of it, and what may be done with them at most.
    fn part(&self, offset: u64, size: u64, copy: bool, frames: &Arc<Frames>) -> Result<(Part, Protection), KernReturn> {
        match self {
            Source::Zero => Ok((Part { object: None, offset: 0, size }, Protection::ALL)),
            // Who writes to a copy does not write to the memory itself.
            Source::Memory(it) if copy => Ok((it.part(truncate(offset), size, true)?, Protection::ALL)),
            Source::Memory(it) => Ok((it.part(truncate(offset), size, false)?, it.protection)),
            Source::Manager(port) => {
                let offset = truncate(offset);
                let end = offset.checked_add(size).ok_or(KernReturn::INVALID_ARGUMENT)?;
                let object = object_of(port, frames)?;
                let object = if copy { walk(|copies| copies.of(&object, offset..end))? } else { object };
                Ok((Part { object: Some(object), offset, size }, Protection::ALL))
            }
            Source::Other => Err(KernReturn::INVALID_ARGUMENT),
        }
    }
}

/// How arithmetic of addresses goes that does not fit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Arithmetic {
    /// It wraps, as wide as the machine counts, and a range that ends before it begins is nothing (Mach 3).
    Wraps,
    /// It is an invalid argument (Darwin).
    Checked,
}

impl Arithmetic {
    /// The pages of a range; where arithmetic wraps, as far as they are in the map's bounds.
    pub(super) fn pages(self, map: &Map, at: Address, size: Size) -> Result<Range<u64>, KernReturn> {
        if self == Arithmetic::Checked {
            return pages_of(at.0, size.0).ok_or(KernReturn::INVALID_ARGUMENT);
        }
        let widest = if map.is_narrow() { u64::from(u32::MAX) } else { u64::MAX };
        let end = truncate((at.0.wrapping_add(size.0) & widest).wrapping_add(PAGE - 1) & widest);
        let end = end.clamp(map.bounds.start, map.bounds.end);
        Ok(truncate(at.0).clamp(map.bounds.start, end)..end)
    }

    /// Bytes of whole pages; none if they are more than the machine can say.
    pub(super) fn size(self, map: &Map, size: Size) -> Option<u64> {
        let size = round_up(size.0)?;
        (self == Arithmetic::Checked || !map.is_narrow() || size <= u64::from(u32::MAX)).then_some(size)
    }
}

/// Bits that no protection has.
pub(super) fn check_protection(it: Protection) -> Result<(), KernReturn> {
    if Protection::ALL.has(it) { Ok(()) } else { Err(KernReturn::INVALID_ARGUMENT) }
}

pub(super) fn check_inheritance(it: Inherit) -> Result<(), KernReturn> {
    if (0..=2).contains(&it.0) { Ok(()) } else { Err(KernReturn::INVALID_ARGUMENT) }
}

/// `vm_allocate`
pub(super) fn allocate(task: &TaskObject, at: Place, size: Size, how: Arithmetic) -> Result<Address, KernReturn> {
    if size.0 == 0 {
        return Ok(Address(0));
    }
    let size = how.size(&task.map, size).ok_or(KernReturn::INVALID_ARGUMENT)?;
    task.map.allocate(at, size).map(Address)
}

/// `vm_deallocate`
pub(super) fn deallocate(task: &TaskObject, at: Address, size: Size, how: Arithmetic) -> Result<(), KernReturn> {
    if size.0 > 0 {
        task.map.deallocate(&how.pages(&task.map, at, size)?);
    }
    Ok(())
}

/// What `vm_map` is told beside what is mapped where.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mapping {
    pub(super) offset: Address,
    pub(super) copy: bool,
    pub(super) protection: Protection,
    pub(super) maximum: Protection,
    pub(super) inheritance: Inherit,
}

impl Mapping {
    /// Whether its arguments mean anything.
    pub(super) fn check(&self) -> Result<(), KernReturn> {
        check_protection(self.protection)?;
        check_protection(self.maximum)?;
        check_inheritance(self.inheritance)
    }

    /// `vm_map`, of whole pages.
    pub(super) fn enter(&self, map: &Map, at: Place, size: u64, source: &Source) -> Result<Address, KernReturn> {
        let (part, most) = source.part(self.offset.0, size, self.copy, map.frames())?;
        if !most.has(self.protection) {
            return Err(KernReturn::INVALID_ARGUMENT);
        }
        let Mapping { protection, inheritance, .. } = *self;
        let maximum = Protection(self.maximum.0 & most.0);
        let attributes = Attributes { protection, maximum, inheritance, ..Attributes::NEW };
        map.enter(at, vec![(part, attributes)]).map(Address)
    }
}

/// By what others know the memory of an entry again: a right if it has a manager, null otherwise.
pub(super) fn name_of(entry: &Entry) -> SendRight<InKernel> {
    InKernel::send(entry.object.as_ref().map_or(Carried::Null, |it| it.name_right()))
}

/// `vm_read`
pub(super) fn read(task: &TaskObject, at: Address, size: Size) -> Result<Region<InKernel, u8>, KernReturn> {
    // Counts of messages have 32 bits.
    let size = u32::try_from(size.0).map_err(|_| KernReturn::INVALID_ARGUMENT)?;
    let copy = task.map.copy_in(at.0, size as usize, false)?;
    Ok(Region::from_memory(KernelMemory::from(copy)))
}

/// `vm_write`
pub(super) fn write(task: &TaskObject, at: Address, data: Region<InKernel, u8>, whole: bool) -> Result<(), KernReturn> {
    overwrite(&task.map, at, data.into_memory().data, whole)
}

/// `vm_copy`
pub(super) fn copy(task: &TaskObject, from: Address, size: Size, to: Address, whole: bool) -> Result<(), KernReturn> {
    let size = usize::try_from(size.0).map_err(|_| KernReturn::INVALID_ADDRESS)?;
    overwrite(&task.map, to, task.map.copy_in(from.0, size, false)?, whole)
}

/// Only of whole pages, if that is asked for.
fn overwrite(map: &Map, at: Address, copy: MapCopy, whole: bool) -> Result<(), KernReturn> {
    let pages = at.0.is_multiple_of(PAGE) && copy.is_whole_pages();
    match () {
        () if copy.is_empty() => Ok(()),
        () if whole && !pages => Err(KernReturn::INVALID_ARGUMENT),
        () => map.overwrite(at.0, copy),
    }
}

/// What both sets have in their statistics, in their order from the free pages on to the hits.
pub(super) fn statistics(frames: &Frames) -> [i32; 12] {
    use crate::vm::frame::Fault::{CopyOnWrite, Hit, PageIn, PageOut, ZeroFill};
    let number = |it: u64| i32::try_from(it).unwrap_or(i32::MAX);
    let active = number(frames.pages());
    let counted = |it| number(frames.counted(it));
    // Without a limit there are as many as one can count.
    let free = number(frames.free()).min(i32::MAX - active);
    let wired = number(frames.wired());
    let (zeros, copies, hits) = (counted(ZeroFill), counted(CopyOnWrite), counted(Hit));
    let faults = zeros.saturating_add(copies).saturating_add(hits);
    let (ins, outs) = (counted(PageIn), counted(PageOut));
    [free, active, 0, wired, zeros, 0, ins, outs, faults, copies, faults, hits]
}

/// Calls on memory that all interfaces have in the same form, under the names that they give them: how they say where
/// memory is wanted, then `allocate`, `deallocate`, `protect`, `inherit`, `read`, `write`, `copy`, `machine_attribute`.
/// What they mean is the set's, in the module `vm` of whoever includes them; so are the types.
macro_rules! memory_calls {
    ($place:ty; $allocate:ident $deallocate:ident $protect:ident $inherit:ident
        $read:ident $write:ident $copy:ident $machine_attribute:ident) => {
        fn $allocate(
            &mut self,
            target_task: Maybe<TaskObject>,
            address: Address,
            size: Size,
            place: $place,
        ) -> Result<Address, KernReturn> {
            vm::allocate(target_task.task()?, address, size, place)
        }

        fn $deallocate(
            &mut self,
            target_task: Maybe<TaskObject>,
            address: Address,
            size: Size,
        ) -> Result<(), KernReturn> {
            vm::deallocate(target_task.task()?, address, size)
        }

        fn $protect(
            &mut self,
            target_task: Maybe<TaskObject>,
            address: Address,
            size: Size,
            set_maximum: bool,
            new_protection: Protection,
        ) -> Result<(), KernReturn> {
            vm::protect(target_task.task()?, (address, size), set_maximum, new_protection)
        }

        fn $inherit(
            &mut self,
            target_task: Maybe<TaskObject>,
            address: Address,
            size: Size,
            new_inheritance: Inherit,
        ) -> Result<(), KernReturn> {
            vm::inherit(target_task.task()?, (address, size), new_inheritance)
        }

        fn $read(
            &mut self,
            target_task: Maybe<TaskObject>,
            address: Address,
            size: Size,
        ) -> Result<Region<InKernel, u8>, KernReturn> {
            $crate::server::vm::read(target_task.task()?, address, size)
        }

        fn $write(
            &mut self,
            target_task: Maybe<TaskObject>,
            address: Address,
            data: Region<InKernel, u8>,
        ) -> Result<(), KernReturn> {
            $crate::server::vm::write(target_task.task()?, address, data, vm::ONLY_WHOLE_PAGES)
        }

        fn $copy(
            &mut self,
            target_task: Maybe<TaskObject>,
            source_address: Address,
            size: Size,
            dest_address: Address,
        ) -> Result<(), KernReturn> {
            let task = target_task.task()?;
            $crate::server::vm::copy(task, source_address, size, dest_address, vm::ONLY_WHOLE_PAGES)
        }

        fn $machine_attribute(
            &mut self,
            target_task: Maybe<TaskObject>,
            address: Address,
            size: Size,
            attribute: MachineAttribute,
            value: MachineAttributeValue,
        ) -> Result<MachineAttributeValue, KernReturn> {
            vm::machine_attribute(target_task.task()?, (address, size), attribute, value)
        }
    };
}
pub(super) use memory_calls;
