//! Routines that both sets have in the same form. Names and types are those of the set that includes them.

/// Those of `mach_port`.
macro_rules! calls_of_both_sets {
    () => {
        fn mach_port_type(&mut self, task: Maybe<TaskObject>, name: PortName) -> Result<PortType, KernReturn> {
            task.space()?.type_of(name).map(PortType)
        }

        fn mach_port_rename(
            &mut self,
            task: Maybe<TaskObject>,
            old: PortName,
            new: PortName,
        ) -> Result<(), KernReturn> {
            task.space()?.rename(old, new)
        }

        fn mach_port_allocate_name(
            &mut self,
            task: Maybe<TaskObject>,
            right: RightKind,
            name: PortName,
        ) -> Result<(), KernReturn> {
            task.space()?.allocate_name(right, name)
        }

        fn mach_port_allocate(&mut self, task: Maybe<TaskObject>, right: RightKind) -> Result<PortName, KernReturn> {
            task.space()?.allocate(right)
        }

        fn mach_port_destroy(&mut self, task: Maybe<TaskObject>, name: PortName) -> Result<(), KernReturn> {
            task.space()?.destroy_name(name)
        }

        fn mach_port_deallocate(&mut self, task: Maybe<TaskObject>, name: PortName) -> Result<(), KernReturn> {
            task.space()?.deallocate(name)
        }

        fn mach_port_get_refs(
            &mut self,
            task: Maybe<TaskObject>,
            name: PortName,
            right: RightKind,
        ) -> Result<u32, KernReturn> {
            task.space()?.references(name, right)
        }

        fn mach_port_mod_refs(
            &mut self,
            task: Maybe<TaskObject>,
            name: PortName,
            right: RightKind,
            delta: i32,
        ) -> Result<(), KernReturn> {
            task.space()?.mod_refs(name, right, delta)
        }

        fn mach_port_set_mscount(
            &mut self,
            task: Maybe<TaskObject>,
            name: PortName,
            mscount: u32,
        ) -> Result<(), KernReturn> {
            task.space()?.set_made(name, mscount)
        }

        fn mach_port_set_seqno(
            &mut self,
            task: Maybe<TaskObject>,
            name: PortName,
            seqno: u32,
        ) -> Result<(), KernReturn> {
            task.space()?.set_sequence(name, seqno)
        }

        fn mach_port_move_member(
            &mut self,
            task: Maybe<TaskObject>,
            member: PortName,
            after: PortName,
        ) -> Result<(), KernReturn> {
            task.space()?.move_member(member, after)
        }

        fn mach_port_insert_right(
            &mut self,
            task: Maybe<TaskObject>,
            name: PortName,
            poly: AnyRight<InKernel>,
        ) -> Result<(), KernReturn> {
            let space = task.space()?;
            if !poly.is_right() {
                return Err(KernReturn::INVALID_VALUE);
            }
            space.insert_right(name, InKernel::take_any(poly))
        }

        fn mach_port_extract_right(
            &mut self,
            task: Maybe<TaskObject>,
            name: PortName,
            msgt_name: Disposition,
        ) -> Result<Outbound<'static, InKernel>, KernReturn> {
            task.space()?.extract_right(name, msgt_name).map(|it| answer(it, msgt_name))
        }
    };
}
pub(super) use calls_of_both_sets;
