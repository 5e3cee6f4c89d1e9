//! Calls on memory that Darwin has in `vm_map` and in `mach_vm`, under the names that each gives them.

/// Those of both interfaces: `msync`, `behavior_set`, `remap`, `read_overwrite`, `page_query`, `remap_new`, and
/// `mach_make_memory_entry`, which has one name in both.
macro_rules! darwin_memory_calls {
    ($msync:ident $behavior_set:ident $remap:ident $read_overwrite:ident $page_query:ident $remap_new:ident) => {
        fn $msync(
            &mut self,
            target_task: Maybe<TaskObject>,
            address: Address,
            size: Size,
            sync_flags: VmSync,
        ) -> Result<(), KernReturn> {
            vm::msync(&target_task, address, size, sync_flags)
        }

        fn $behavior_set(
            &mut self,
            target_task: Maybe<TaskObject>,
            address: Address,
            size: Size,
            new_behavior: VmBehavior,
        ) -> Result<(), KernReturn> {
            vm::behave(&target_task, (address, size), new_behavior)
        }

        fn $remap(
            &mut self,
            target_task: Maybe<TaskObject>,
            target_address: Address,
            size: Size,
            mask: Address,
            flags: i32,
            src_task: Maybe<TaskObject>,
            src_address: Address,
            copy: bool,
            inheritance: Inherit,
        ) -> Result<$remap::Out, KernReturn> {
            let source = (src_task.task()?, src_address);
            let target = (target_address, size, mask);
            let (target_address, cur_protection, max_protection) =
                vm::remap(target_task.task()?, target, flags, source, copy, inheritance)?;
            Ok($remap::Out { target_address, cur_protection, max_protection })
        }

        fn $read_overwrite(
            &mut self,
            target_task: Maybe<TaskObject>,
            address: Address,
            size: Size,
            data: Address,
        ) -> Result<Size, KernReturn> {
            vm::read_overwrite(target_task.task()?, address, size, data)
        }

        fn $page_query(
            &mut self,
            target_map: Maybe<TaskObject>,
            offset: Address,
        ) -> Result<$page_query::Out, KernReturn> {
            let (disposition, ref_count) = vm::page_query(target_map.task()?, offset)?;
            Ok($page_query::Out { disposition, ref_count })
        }

        fn $remap_new(
            &mut self,
            target_task: Maybe<TaskObject>,
            target_address: Address,
            size: Size,
            mask: Address,
            flags: i32,
            src_task: Maybe<TaskObject>,
            src_address: Address,
            copy: bool,
            cur_protection: Protection,
            max_protection: Protection,
            inheritance: Inherit,
        ) -> Result<$remap_new::Out, KernReturn> {
            let source = (src_task.task()?, src_address);
            let (target, rights) = ((target_address, size, mask), (cur_protection, max_protection, inheritance));
            let (target_address, cur_protection, max_protection) =
                vm::remap_with(target_task.task()?, target, flags, source, copy, rights)?;
            Ok($remap_new::Out { target_address, cur_protection, max_protection })
        }

        fn mach_make_memory_entry(
            &mut self,
            target_task: Maybe<TaskObject>,
            size: Size,
            offset: Address,
            permission: Protection,
            parent: Source,
        ) -> Result<mach_make_memory_entry::Results<SendRight<InKernel>>, KernReturn> {
            let (size, object_handle) = vm::memory_entry(target_task.task()?, (offset.0, size.0), permission, &parent)?;
            Ok(mach_make_memory_entry::Results { size: Size(size), object_handle })
        }
    };
}
pub(super) use darwin_memory_calls;

/// `map` and `region`, which `vm_map` has twice.
macro_rules! mapping_calls {
    ($map:ident $region:ident) => {
        fn $map(
            &mut self,
            target_task: Maybe<TaskObject>,
            address: Address,
            size: Size,
            mask: Address,
            flags: i32,
            object: Source,
            offset: Address,
            copy: bool,
            protection: Protection,
            maximum: Protection,
            inheritance: Inherit,
        ) -> Result<Address, KernReturn> {
            let mapping = Mapping { offset, copy, protection, maximum, inheritance };
            vm::map(target_task.task()?, (address, size, mask), flags, &object, mapping)
        }

        fn $region(
            &mut self,
            target_task: Maybe<TaskObject>,
            address: Address,
            flavor: i32,
            info: &mut Room<'_, u32>,
        ) -> Result<$region::Results<InKernel>, KernReturn> {
            let (address, size) = vm::region(target_task.task()?, address, flavor, info)?;
            Ok($region::Results { address, size, object_name: SendRight::null(&InKernel) })
        }
    };
}
pub(super) use mapping_calls;
