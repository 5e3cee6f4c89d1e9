//! One function for each call, whatever its name and its arguments are.

use generated::darwin::types::{
    MachineAttribute as DarwinAttribute, MachineAttributeValue as DarwinValue, VM_FLAGS_ANYWHERE, VmBehavior,
    VmRegionBasicInfo64, VmSync,
};
use generated::darwin::{host_priv, mach_vm, vm_map};
use generated::mach3::types::{MachineAttribute, MachineAttributeValue};
use generated::mach3::{mach, mach_host};
use mig_rt::{Address, Inherit, Memory, Protection, Result, SendRight, Size, flavored};
use runtime_kernel::Task;

use super::{Calls, Form};

/// What is mapped where, and how: [`Calls::map`].
#[derive(Clone, Copy)]
pub(crate) struct Mapping<'a> {
    pub(crate) at: u64,
    pub(crate) size: u64,
    pub(crate) mask: u64,
    pub(crate) anywhere: bool,
    pub(crate) object: &'a SendRight<Task>,
    pub(crate) offset: u64,
    pub(crate) copy: bool,
    pub(crate) protection: Protection,
    pub(crate) maximum: Protection,
    pub(crate) inheritance: Inherit,
}

/// What every form tells of a region.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Region {
    pub(crate) at: u64,
    pub(crate) size: u64,
    pub(crate) protection: Protection,
    pub(crate) maximum: Protection,
    pub(crate) inheritance: Inherit,
    pub(crate) shared: bool,
    pub(crate) offset: u64,
}

/// The call of each form by its name: `mach3`, `vm_map` of Darwin and `mach_vm`.
macro_rules! call {
    ($vm:expr, ($mach3:ident, $vm_map:ident, $mach_vm:ident), $($argument:expr),*) => {
        match $vm.form {
            Form::Mach3 => mach::any::$mach3($vm.abi, $($argument),*),
            Form::VmMap => vm_map::any::$vm_map($vm.abi, $($argument),*),
            Form::MachVm => mach_vm::any::$mach_vm($vm.abi, $($argument),*),
        }
    };
}

impl Calls {
    pub(crate) fn allocate(&self, to: &SendRight<Task>, at: u64, size: u64, anywhere: bool) -> Result<u64> {
        let (abi, at, size, flags) = (self.abi, Address(at), Size(size), i32::from(anywhere));
        let at = match self.form {
            Form::Mach3 => mach::any::vm_allocate(abi, to, at, size, anywhere),
            Form::VmMap => vm_map::any::vm_allocate(abi, to, at, size, flags),
            Form::MachVm => mach_vm::any::mach_vm_allocate(abi, to, at, size, flags),
        };
        at.map(|it| it.0)
    }

    pub(crate) fn deallocate(&self, to: &SendRight<Task>, at: u64, size: u64) -> Result<()> {
        call!(self, (vm_deallocate, vm_deallocate, mach_vm_deallocate), to, Address(at), Size(size))
    }

    pub(crate) fn protect(
        &self,
        to: &SendRight<Task>,
        (at, size): (u64, u64),
        maximum: bool,
        protection: Protection,
    ) -> Result<()> {
        let names = (to, Address(at), Size(size));
        call!(self, (vm_protect, vm_protect, mach_vm_protect), names.0, names.1, names.2, maximum, protection)
    }

    pub(crate) fn inherit(&self, to: &SendRight<Task>, (at, size): (u64, u64), inherit: Inherit) -> Result<()> {
        call!(self, (vm_inherit, vm_inherit, mach_vm_inherit), to, Address(at), Size(size), inherit)
    }

    pub(crate) fn read(&self, to: &SendRight<Task>, at: u64, size: u64) -> Result<Vec<u8>> {
        let data = call!(self, (vm_read, vm_read, mach_vm_read), to, Address(at), Size(size))?;
        let memory = data.into_memory();
        Ok(memory.bytes()?.to_vec())
    }

    pub(crate) fn write(&self, to: &SendRight<Task>, at: u64, data: &[u8]) -> Result<()> {
        call!(self, (vm_write, vm_write, mach_vm_write), to, Address(at), data)
    }

    pub(crate) fn copy(&self, to: &SendRight<Task>, from: u64, size: u64, at: u64) -> Result<()> {
        call!(self, (vm_copy, vm_copy, mach_vm_copy), to, Address(from), Size(size), Address(at))
    }

    pub(crate) fn map(&self, to: &SendRight<Task>, it: Mapping<'_>) -> Result<u64> {
        let (abi, at, size, mask) = (self.abi, Address(it.at), Size(it.size), Address(it.mask));
        let (object, offset, copy, now, most) = (it.object, Address(it.offset), it.copy, it.protection, it.maximum);
        let (inherit, flags) = (it.inheritance, if it.anywhere { VM_FLAGS_ANYWHERE } else { 0 });
        let at = match self.form {
            Form::Mach3 => {
                mach::any::vm_map(abi, to, at, size, mask, it.anywhere, object, offset, copy, now, most, inherit)
            }
            Form::VmMap => {
                vm_map::any::vm_map(abi, to, at, size, mask, flags, object, offset, copy, now, most, inherit)
            }
            Form::MachVm => {
                mach_vm::any::mach_vm_map(abi, to, at, size, mask, flags, object, offset, copy, now, most, inherit)
            }
        };
        at.map(|it| it.0)
    }

    pub(crate) fn region(&self, to: &SendRight<Task>, at: u64) -> Result<Region> {
        let abi = self.abi;
        if self.is_mach3() {
            let it = mach::any::vm_region(abi, to, Address(at))?;
            assert!(!it.object_name.is_valid(), "memory without a manager has no name");
            return Ok(Region {
                at: it.address.0,
                size: it.size.0,
                protection: it.protection,
                maximum: it.max_protection,
                inheritance: it.inheritance,
                shared: it.is_shared,
                offset: it.offset.0,
            });
        }
        let mut place = (0, 0);
        let it: VmRegionBasicInfo64 = flavored(abi, |flavor, room| {
            let (at, size, words) = self.region_words(to, at, flavor, room)?;
            place = (at, size);
            Ok(words)
        })?;
        Ok(Region {
            at: place.0,
            size: place.1,
            protection: it.protection,
            maximum: it.max_protection,
            inheritance: it.inheritance,
            shared: it.shared,
            offset: it.offset,
        })
    }

    /// Where the region is, and how many words were told of it.
    pub(crate) fn region_words(
        &self,
        to: &SendRight<Task>,
        at: u64,
        flavor: i32,
        room: &mut [u32],
    ) -> Result<(u64, u64, usize)> {
        let abi = self.abi;
        if self.form == Form::VmMap {
            let it = vm_map::any::vm_region(abi, to, Address(at), flavor, room)?;
            return Ok((it.address.0, it.size.0, it.info));
        }
        let it = mach_vm::any::mach_vm_region(abi, to, Address(at), flavor, room)?;
        Ok((it.address.0, it.size.0, it.info))
    }

    pub(crate) fn machine_attribute(
        &self,
        to: &SendRight<Task>,
        (at, size): (u64, u64),
        attribute: i32,
        value: i32,
    ) -> Result<i32> {
        let (abi, at, size) = (self.abi, Address(at), Size(size));
        let (darwin, darwin_value) = (DarwinAttribute(attribute), DarwinValue(value));
        match self.form {
            Form::Mach3 => {
                let (attribute, value) = (MachineAttribute(attribute), MachineAttributeValue(value));
                mach::any::vm_machine_attribute(abi, to, at, size, attribute, value).map(|it| it.0)
            }
            Form::VmMap => vm_map::any::vm_machine_attribute(abi, to, at, size, darwin, darwin_value).map(|it| it.0),
            Form::MachVm => {
                mach_vm::any::mach_vm_machine_attribute(abi, to, at, size, darwin, darwin_value).map(|it| it.0)
            }
        }
    }

    pub(crate) fn wire(
        &self,
        host: &SendRight<Task>,
        to: &SendRight<Task>,
        (at, size): (u64, u64),
        access: Protection,
    ) -> Result<()> {
        let (abi, at, size) = (self.abi, Address(at), Size(size));
        match self.form {
            Form::Mach3 => mach_host::any::vm_wire(abi, host, to, at, size, access),
            _ => host_priv::any::vm_wire(abi, host, to, at, size, access),
        }
    }

    /// Darwin's.
    pub(crate) fn msync(&self, to: &SendRight<Task>, (at, size): (u64, u64), flags: VmSync) -> Result<()> {
        let (abi, at, size) = (self.abi, Address(at), Size(size));
        match self.form {
            Form::MachVm => mach_vm::any::mach_vm_msync(abi, to, at, size, flags),
            _ => vm_map::any::vm_msync(abi, to, at, size, flags),
        }
    }

    /// Darwin's.
    pub(crate) fn behavior_set(&self, to: &SendRight<Task>, (at, size): (u64, u64), behavior: i32) -> Result<()> {
        let (abi, at, size) = (self.abi, Address(at), Size(size));
        match self.form {
            Form::MachVm => mach_vm::any::mach_vm_behavior_set(abi, to, at, size, VmBehavior(behavior)),
            _ => vm_map::any::vm_behavior_set(abi, to, at, size, VmBehavior(behavior)),
        }
    }

    /// Darwin's: where it is mapped, and what may be done there now and at most.
    pub(crate) fn remap(
        &self,
        to: &SendRight<Task>,
        (at, size, mask, flags): (u64, u64, u64, i32),
        (from, source): (&SendRight<Task>, u64),
        copy: bool,
        inherit: Inherit,
    ) -> Result<(u64, Protection, Protection)> {
        let (abi, at, size, mask, source) = (self.abi, Address(at), Size(size), Address(mask), Address(source));
        if self.form == Form::MachVm {
            let it = mach_vm::any::mach_vm_remap(abi, to, at, size, mask, flags, from, source, copy, inherit)?;
            return Ok((it.target_address.0, it.cur_protection, it.max_protection));
        }
        let it = vm_map::any::vm_remap(abi, to, at, size, mask, flags, from, source, copy, inherit)?;
        Ok((it.target_address.0, it.cur_protection, it.max_protection))
    }

    /// Darwin's: how much there is, and the port that stands for it.
    pub(crate) fn memory_entry(
        &self,
        to: &SendRight<Task>,
        (at, size): (u64, u64),
        permission: i32,
        parent: &SendRight<Task>,
    ) -> Result<(u64, SendRight<Task>)> {
        let (abi, at, size, permission) = (self.abi, Address(at), Size(size), Protection(permission));
        if self.form == Form::MachVm {
            let it = mach_vm::any::mach_make_memory_entry(abi, to, size, at, permission, parent)?;
            return Ok((it.size.0, it.object_handle));
        }
        let it = vm_map::any::mach_make_memory_entry(abi, to, size, at, permission, parent)?;
        Ok((it.size.0, it.object_handle))
    }
}
