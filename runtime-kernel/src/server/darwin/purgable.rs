//! Memory that its program can do without: while it is volatile, the kernel may throw what is in it away.
//!
//! It does so when it is asked to (`VM_PURGABLE_PURGE_ALL`), and not by itself. What is thrown away is zero.

use std::sync::Arc;

use generated::darwin::types::VmPurgable;
use mig_rt::{Address, KernReturn, Protection};

use crate::host::Host;
use crate::task::TaskObject;
use crate::vm::copy::Part;
use crate::vm::entry::Attributes;
use crate::vm::walk::walk;
use crate::vm::{Object, PAGE, Place};

/// `VM_PURGABLE_NONVOLATILE`, `VM_PURGABLE_VOLATILE`, `VM_PURGABLE_EMPTY`.
const KEPT: u8 = 0;
const VOLATILE: u8 = 1;
const EMPTY: u8 = 2;
/// Bits of a state; the others say which volatile memory goes first, which nothing here asks.
const STATE: i32 = 0x3;
const BITS: i32 = STATE | 0x70 | 0x700 | 0x3000 | 0x1_0000;

/// `vm_allocate` with `VM_FLAGS_PURGABLE`, of whole pages.
pub(super) fn allocate(task: &TaskObject, place: Place, size: u64) -> Result<Address, KernReturn> {
    let object = Object::zero(task.map.frames(), size / PAGE);
    object.purgable.set(KEPT);
    task.map.enter(place, vec![(Part { object: Some(object), offset: 0, size }, Attributes::NEW)]).map(Address)
}

/// `vm_purgable_control`: the state that the memory had.
pub(super) fn control(task: &TaskObject, at: Address, what: VmPurgable, state: i32) -> Result<i32, KernReturn> {
    match what {
        VmPurgable::PURGE_ALL => {
            purge_all(&*task.host.upgrade().ok_or(KernReturn::FAILURE)?)?;
            return Ok(state);
        }
        VmPurgable::SET_STATE if state & !BITS == 0 => {}
        VmPurgable::GET_STATE => {}
        _ => return Err(KernReturn::INVALID_ARGUMENT),
    }
    let found = task.map.region(at.0).ok().filter(|it| it.range.contains(&at.0));
    let entry = found.ok_or(KernReturn::INVALID_ADDRESS)?.entry;
    if !entry.attributes.protection.has(Protection::WRITE) {
        return Err(KernReturn::PROTECTION_FAILURE);
    }
    let object = entry.object.ok_or(KernReturn::INVALID_ARGUMENT)?;
    let old = object.purgable.get().ok_or(KernReturn::INVALID_ARGUMENT)?;
    if what == VmPurgable::SET_STATE {
        let new = (state & STATE) as u8;
        if new > EMPTY {
            return Err(KernReturn::INVALID_ARGUMENT);
        }
        object.purgable.set(new);
        if new == EMPTY {
            empty(&object)?;
        }
    }
    Ok(old.into())
}

fn empty(object: &Arc<Object>) -> Result<(), KernReturn> {
    walk(|_| object.replace(0..object.size(), None, false))
}

/// Throws away what is in all volatile memory.
fn purge_all(host: &Host) -> Result<(), KernReturn> {
    let tasks = host.tasks.lock().clone();
    let mut volatile = Vec::new();
    for task in &tasks {
        task.map
            .each_object(&mut |it| volatile.extend(Some(it.clone()).filter(|it| it.purgable.get() == Some(VOLATILE))));
    }
    volatile.iter().try_for_each(|it| {
        it.purgable.set(EMPTY);
        empty(it)
    })
}
