//! `mach_port` of Darwin.

use generated::darwin::mach_port::{
    MachPortQos, MachPortServer, MachServicePortInfo, mach_port_allocate_full, mach_port_allocate_qos,
    mach_port_dnrequest_info, mach_port_kernel_object, mach_port_kobject, mach_port_kobject_description,
    mach_port_names, mach_port_peek, mach_port_space_info,
};
use generated::darwin::notify::MACH_NOTIFY_SEND_POSSIBLE;
use generated::darwin::types::{IpcInfoName, IpcInfoSpaceBasic, IpcInfoTreeName, PortType};
use mig_rt::{
    Address, AnyRight, Disposition, KernReturn, MsgId, Outbound, PackedRoom, PortName, Region, RightKind, Room,
    SendOnceRight, SendRight, TrailerElements,
};

use super::{attributes, construct, space_info};
use crate::in_kernel::{InKernel, answer};
use crate::ipc::guard::Guard;
use crate::ipc::port_calls::{Peeked, notify_right};
use crate::ipc::right::Carried;
use crate::server::both::calls_of_both_sets;
use crate::server::{Maybe, Server, request};
use crate::task::TaskObject;

impl MachPortServer<InKernel> for Server {
    calls_of_both_sets!();

    fn mach_port_names(
        &mut self,
        task: Maybe<TaskObject>,
        _: &mut Room<'_, PortName>,
        _: &mut Room<'_, u32>,
    ) -> Result<mach_port_names::Results<InKernel>, KernReturn> {
        let (names, types): (Vec<PortName>, Vec<u32>) = task.space()?.list_names()?.into_iter().unzip();
        Ok(mach_port_names::Results {
            names: Some(Region::new(&InKernel, &names)?),
            types: Some(Region::new(&InKernel, &types)?),
        })
    }

    fn mach_port_get_set_status(
        &mut self,
        task: Maybe<TaskObject>,
        name: PortName,
        _: &mut Room<'_, PortName>,
    ) -> Result<Option<Region<InKernel, PortName>>, KernReturn> {
        Region::new(&InKernel, &task.space()?.members(name)?).map(Some)
    }

    fn mach_port_request_notification(
        &mut self,
        task: Maybe<TaskObject>,
        name: PortName,
        msgid: MsgId,
        sync: u32,
        notify: SendOnceRight<InKernel>,
    ) -> Result<SendOnceRight<InKernel>, KernReturn> {
        let (space, notify) = (task.space()?, InKernel::take(notify));
        let before = match msgid {
            MACH_NOTIFY_SEND_POSSIBLE => space.request_send_possible(name, sync, notify_right(notify)?)?,
            _ => request(space, name, msgid, sync, notify)?,
        };
        match before {
            Carried::SendOnce(it) => Ok(InKernel::send_once(it)),
            _ => Ok(SendOnceRight::null(&InKernel)),
        }
    }

    fn mach_port_get_srights(&mut self, task: Maybe<TaskObject>, name: PortName) -> Result<u32, KernReturn> {
        task.space()?.receiving(name).map(|it| it.send_count())
    }

    fn mach_port_get_context(&mut self, task: Maybe<TaskObject>, name: PortName) -> Result<Address, KernReturn> {
        task.space()?.context(name).map(Address)
    }

    fn mach_port_set_context(
        &mut self,
        task: Maybe<TaskObject>,
        name: PortName,
        context: Address,
    ) -> Result<(), KernReturn> {
        task.space()?.set_context(name, context.0)
    }

    fn mach_port_peek(
        &mut self,
        task: Maybe<TaskObject>,
        name: PortName,
        trailer_type: u32,
        request_seqnop: u32,
        trailer_infop: &mut Room<'_, u8>,
    ) -> Result<mach_port_peek::Results, KernReturn> {
        let space = task.space()?;
        let elements = trailer_elements(trailer_type)?;
        let it = space.peek(name, request_seqnop)?;
        put_trailer(elements, &it, trailer_infop)?;
        Ok(mach_port_peek::Results { request_seqnop: it.sequence, msg_sizep: it.size, msg_idp: it.id })
    }

    fn mach_port_get_attributes(
        &mut self,
        task: Maybe<TaskObject>,
        name: PortName,
        flavor: i32,
        port_info_out: &mut Room<'_, u32>,
    ) -> Result<(), KernReturn> {
        attributes::get(task.space()?, name, flavor, port_info_out)
    }

    fn mach_port_set_attributes(
        &mut self,
        task: Maybe<TaskObject>,
        name: PortName,
        flavor: i32,
        port_info: &[u32],
    ) -> Result<(), KernReturn> {
        attributes::set(task.space()?, name, flavor, port_info)
    }

    /// Ends the task if the port is not what it takes it for.
    fn mach_port_assert_attributes(
        &mut self,
        task: Maybe<TaskObject>,
        name: PortName,
        flavor: i32,
        info: &[u32],
    ) -> Result<(), KernReturn> {
        if attributes::hold(task.space()?, name, flavor, info)? {
            return Ok(());
        }
        task.task()?.terminate()?;
        Err(KernReturn::INVALID_ARGUMENT)
    }

    fn mach_port_allocate_qos(
        &mut self,
        task: Maybe<TaskObject>,
        right: RightKind,
        qos: MachPortQos,
    ) -> Result<mach_port_allocate_qos::Out, KernReturn> {
        let name = construct::allocate(task.space()?, right, qos, None)?;
        Ok(mach_port_allocate_qos::Out { qos, name })
    }

    /// Ports of user-level subsystems do not exist here: `proto` is null.
    fn mach_port_allocate_full(
        &mut self,
        task: Maybe<TaskObject>,
        right: RightKind,
        proto: SendRight<InKernel>,
        qos: MachPortQos,
        name: PortName,
    ) -> Result<mach_port_allocate_full::Out, KernReturn> {
        let space = task.space()?;
        if proto.name() != PortName::NULL {
            return Err(KernReturn::INVALID_VALUE);
        }
        let name = construct::allocate(space, right, qos, Some(name))?;
        Ok(mach_port_allocate_full::Out { qos, name })
    }

    fn task_set_port_space(&mut self, task: Maybe<TaskObject>, table_entries: i32) -> Result<(), KernReturn> {
        task.space()?.alive()?.reserve(usize::try_from(table_entries).unwrap_or(0));
        Ok(())
    }

    fn mach_port_space_info(
        &mut self,
        space: Maybe<TaskObject>,
        _: &mut PackedRoom<'_, IpcInfoName>,
        _: &mut PackedRoom<'_, IpcInfoTreeName>,
    ) -> Result<mach_port_space_info::Results<InKernel>, KernReturn> {
        let (space_info, table) = space_info::info(space.space()?)?;
        Ok(mach_port_space_info::Results {
            space_info,
            table_info: Some(Region::new(&InKernel, &table)?),
            tree_info: None,
        })
    }

    fn mach_port_space_basic_info(&mut self, task: Maybe<TaskObject>) -> Result<IpcInfoSpaceBasic, KernReturn> {
        space_info::basic(task.space()?)
    }

    fn mach_port_dnrequest_info(
        &mut self,
        task: Maybe<TaskObject>,
        name: PortName,
    ) -> Result<mach_port_dnrequest_info::Out, KernReturn> {
        let (dnr_total, dnr_used) = task.space()?.requests(name)?;
        Ok(mach_port_dnrequest_info::Out { dnr_total, dnr_used })
    }

    fn mach_port_kernel_object(
        &mut self,
        task: Maybe<TaskObject>,
        name: PortName,
    ) -> Result<mach_port_kernel_object::Out, KernReturn> {
        let (object_type, at, _) = space_info::object(task.space()?, name)?;
        Ok(mach_port_kernel_object::Out { object_type, object_addr: at.0 as u32 })
    }

    fn mach_port_kobject(
        &mut self,
        task: Maybe<TaskObject>,
        name: PortName,
    ) -> Result<mach_port_kobject::Out, KernReturn> {
        let (object_type, object_addr, _) = space_info::object(task.space()?, name)?;
        Ok(mach_port_kobject::Out { object_type, object_addr })
    }

    fn mach_port_kobject_description(
        &mut self,
        task: Maybe<TaskObject>,
        name: PortName,
        description: &mut Room<'_, u8>,
    ) -> Result<mach_port_kobject_description::Results, KernReturn> {
        let (object_type, object_addr, words) = space_info::object(task.space()?, name)?;
        // What does not fit is left out, and a text has no zero inside.
        let _ = description.fill(words.bytes().take_while(|it| *it != 0));
        Ok(mach_port_kobject_description::Results { object_type, object_addr })
    }

    fn mach_port_insert_member(
        &mut self,
        task: Maybe<TaskObject>,
        name: PortName,
        pset: PortName,
    ) -> Result<(), KernReturn> {
        task.space()?.insert_member(name, pset)
    }

    fn mach_port_extract_member(
        &mut self,
        task: Maybe<TaskObject>,
        name: PortName,
        pset: PortName,
    ) -> Result<(), KernReturn> {
        task.space()?.extract_member(name, pset)
    }

    fn mach_port_construct(
        &mut self,
        task: Maybe<TaskObject>,
        options: Region<InKernel, u8>,
        context: u64,
    ) -> Result<PortName, KernReturn> {
        let space = task.space()?;
        space.construct(construct::construction(options.bytes()?, context)?)
    }

    fn mach_port_destruct(
        &mut self,
        task: Maybe<TaskObject>,
        name: PortName,
        srdelta: i32,
        guard: u64,
    ) -> Result<(), KernReturn> {
        task.space()?.destruct(name, srdelta, guard)
    }

    fn mach_port_guard(
        &mut self,
        task: Maybe<TaskObject>,
        name: PortName,
        guard: u64,
        strict: bool,
    ) -> Result<(), KernReturn> {
        task.space()?.guard(name, guard, Guard { strict, immovable: false })
    }

    fn mach_port_guard_with_flags(
        &mut self,
        task: Maybe<TaskObject>,
        name: PortName,
        guard: u64,
        flags: u64,
    ) -> Result<(), KernReturn> {
        let space = task.space()?;
        space.guard(name, guard, construct::guard(flags)?)
    }

    fn mach_port_unguard(&mut self, task: Maybe<TaskObject>, name: PortName, guard: u64) -> Result<(), KernReturn> {
        task.space()?.unguard(name, guard)
    }

    fn mach_port_swap_guard(
        &mut self,
        task: Maybe<TaskObject>,
        name: PortName,
        old_guard: u64,
        new_guard: u64,
    ) -> Result<(), KernReturn> {
        task.space()?.swap_guard(name, old_guard, new_guard)
    }

    /// Waiting for a reply lends nothing here, so that no port is linked to whoever answers.
    fn mach_port_special_reply_port_reset_link(
        &mut self,
        task: Maybe<TaskObject>,
        name: PortName,
    ) -> Result<bool, KernReturn> {
        task.space()?.receiving(name)?;
        Err(KernReturn::INVALID_ARGUMENT)
    }

    /// No port is one of a service: that is for a program that starts others to say.
    fn mach_port_is_connection_for_service(
        &mut self,
        task: Maybe<TaskObject>,
        connection_port: PortName,
        service_port: PortName,
    ) -> Result<u64, KernReturn> {
        let space = task.space()?;
        space.receiving(connection_port)?;
        space.receiving(service_port)?;
        Err(KernReturn::INVALID_CAPABILITY)
    }

    /// As above.
    fn mach_port_get_service_port_info(
        &mut self,
        task: Maybe<TaskObject>,
        name: PortName,
    ) -> Result<MachServicePortInfo, KernReturn> {
        task.space()?.receiving(name)?;
        Err(KernReturn::INVALID_CAPABILITY)
    }
}

/// Which elements of a trailer an option word asks for.
fn trailer_elements(option: u32) -> Result<TrailerElements, KernReturn> {
    let known = TrailerElements::from_number(option >> 24).filter(|it| *it <= TrailerElements::Context);
    known.filter(|it| it.number() << 24 == option).ok_or(KernReturn::INVALID_VALUE)
}

/// The trailer that a message would be received with.
fn put_trailer(elements: TrailerElements, it: &Peeked, to: &mut Room<'_, u8>) -> Result<(), KernReturn> {
    let head = [0, elements.size() as u32, it.sequence];
    let words = head.into_iter().chain(it.sender.security).chain(it.sender.audit);
    let words = words.chain([it.sender.context as u32, (it.sender.context >> 32) as u32]);
    let bytes: Vec<u8> = words.flat_map(u32::to_le_bytes).take(elements.size()).collect();
    to.extend(&bytes).map_err(|_| KernReturn::FAILURE)
}
