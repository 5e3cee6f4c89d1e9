//! `mach_port` of Darwin.

use generated::darwin::mach_port::{MachPortServer, mach_port_names};
use generated::darwin::types::PortType;
use mig_rt::{
    Address, AnyRight, Disposition, KernReturn, MsgId, Outbound, PortName, Region, RightKind, Room, SendOnceRight,
};

use crate::in_kernel::{InKernel, answer};
use crate::ipc::right::Carried;
use crate::ipc::space::Space;
use crate::server::{Maybe, Server, request};

impl MachPortServer<InKernel> for Server {
    fn mach_port_names(
        &mut self,
        task: Maybe<Space>,
        _: &mut Room<'_, PortName>,
        _: &mut Room<'_, u32>,
    ) -> Result<mach_port_names::Results<InKernel>, KernReturn> {
        let (names, types): (Vec<PortName>, Vec<u32>) = task.space()?.names_and_types()?.into_iter().unzip();
        Ok(mach_port_names::Results {
            names: Some(Region::new(&InKernel, &names)?),
            types: Some(Region::new(&InKernel, &types)?),
        })
    }

    fn mach_port_type(&mut self, task: Maybe<Space>, name: PortName) -> Result<PortType, KernReturn> {
        task.space()?.type_of(name).map(PortType)
    }

    fn mach_port_rename(&mut self, task: Maybe<Space>, old: PortName, new: PortName) -> Result<(), KernReturn> {
        task.space()?.rename(old, new)
    }

    fn mach_port_allocate_name(
        &mut self,
        task: Maybe<Space>,
        right: RightKind,
        name: PortName,
    ) -> Result<(), KernReturn> {
        task.space()?.allocate_name(right, name)
    }

    fn mach_port_allocate(&mut self, task: Maybe<Space>, right: RightKind) -> Result<PortName, KernReturn> {
        task.space()?.allocate(right)
    }

    fn mach_port_destroy(&mut self, task: Maybe<Space>, name: PortName) -> Result<(), KernReturn> {
        task.space()?.destroy_name(name)
    }

    fn mach_port_deallocate(&mut self, task: Maybe<Space>, name: PortName) -> Result<(), KernReturn> {
        task.space()?.deallocate(name)
    }

    fn mach_port_get_refs(&mut self, task: Maybe<Space>, name: PortName, right: RightKind) -> Result<u32, KernReturn> {
        task.space()?.references(name, right)
    }

    fn mach_port_mod_refs(
        &mut self,
        task: Maybe<Space>,
        name: PortName,
        right: RightKind,
        delta: i32,
    ) -> Result<(), KernReturn> {
        task.space()?.mod_refs(name, right, delta)
    }

    fn mach_port_set_mscount(&mut self, task: Maybe<Space>, name: PortName, mscount: u32) -> Result<(), KernReturn> {
        task.space()?.set_made(name, mscount)
    }

    fn mach_port_set_seqno(&mut self, task: Maybe<Space>, name: PortName, seqno: u32) -> Result<(), KernReturn> {
        task.space()?.set_sequence(name, seqno)
    }

    fn mach_port_get_set_status(
        &mut self,
        task: Maybe<Space>,
        name: PortName,
        _: &mut Room<'_, PortName>,
    ) -> Result<Option<Region<InKernel, PortName>>, KernReturn> {
        Region::new(&InKernel, &task.space()?.members(name)?).map(Some)
    }

    fn mach_port_move_member(
        &mut self,
        task: Maybe<Space>,
        member: PortName,
        after: PortName,
    ) -> Result<(), KernReturn> {
        task.space()?.move_member(member, after)
    }

    fn mach_port_request_notification(
        &mut self,
        task: Maybe<Space>,
        name: PortName,
        msgid: MsgId,
        sync: u32,
        notify: SendOnceRight<InKernel>,
    ) -> Result<SendOnceRight<InKernel>, KernReturn> {
        match request(task.space()?, name, msgid, sync, InKernel::take(notify))? {
            Carried::SendOnce(it) => Ok(InKernel::send_once(it)),
            _ => Ok(SendOnceRight::null(&InKernel)),
        }
    }

    fn mach_port_insert_right(
        &mut self,
        task: Maybe<Space>,
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
        task: Maybe<Space>,
        name: PortName,
        msgt_name: Disposition,
    ) -> Result<Outbound<'static, InKernel>, KernReturn> {
        task.space()?.extract_right(name, msgt_name).map(|it| answer(it, msgt_name))
    }

    fn mach_port_get_srights(&mut self, task: Maybe<Space>, name: PortName) -> Result<u32, KernReturn> {
        task.space()?.receiving(name).map(|it| it.send_count())
    }

    fn mach_port_get_context(&mut self, task: Maybe<Space>, name: PortName) -> Result<Address, KernReturn> {
        task.space()?.receiving(name).map(|it| Address(it.lock().context))
    }

    fn mach_port_set_context(
        &mut self,
        task: Maybe<Space>,
        name: PortName,
        context: Address,
    ) -> Result<(), KernReturn> {
        task.space()?.receiving(name)?.lock().context = context.0;
        Ok(())
    }
}
