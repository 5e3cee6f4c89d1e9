//! `mach_port` of Mach 3.

use generated::mach3::mach_port::{MachPortServer, PortKernelType, mach_port_names};
use generated::mach3::types::{MachPortStatus, OldMachPortStatus, PortType};
use mig_rt::{AnyRight, Disposition, KernReturn, MsgId, Outbound, PortName, Region, RightKind, SendOnceRight};

use crate::host::Host;
use crate::in_kernel::{InKernel, answer};
use crate::server::both::calls_of_both_sets;
use crate::server::{Maybe, Server, request};
use crate::task::TaskObject;

/// `MACH_PORT_QLIMIT_MAX`
const MOST_QUEUED: u32 = 16;

impl MachPortServer<InKernel> for Server {
    calls_of_both_sets!();

    fn mach_port_names(&mut self, task: Maybe<TaskObject>) -> Result<mach_port_names::Out<InKernel>, KernReturn> {
        let (names, types): (Vec<PortName>, Vec<u32>) = task.space()?.list_names()?.into_iter().unzip();
        Ok(mach_port_names::Out { names: Region::new(&InKernel, &names)?, types: Region::new(&InKernel, &types)? })
    }

    fn old_mach_port_get_receive_status(
        &mut self,
        task: Maybe<TaskObject>,
        name: PortName,
    ) -> Result<OldMachPortStatus, KernReturn> {
        let it = task.space()?.status(name)?;
        Ok(OldMachPortStatus {
            mps_pset: it.set,
            mps_mscount: it.made,
            mps_qlimit: it.limit,
            mps_msgcount: it.queued,
            mps_sorights: it.send_onces,
            mps_srights: it.has_sends,
            mps_pdrequest: it.port_destroyed,
            mps_nsrequest: it.no_senders,
        })
    }

    fn mach_port_set_qlimit(&mut self, task: Maybe<TaskObject>, name: PortName, qlimit: u32) -> Result<(), KernReturn> {
        task.space()?.set_limit(name, qlimit, MOST_QUEUED)
    }

    fn mach_port_get_receive_status(
        &mut self,
        task: Maybe<TaskObject>,
        name: PortName,
    ) -> Result<MachPortStatus, KernReturn> {
        let it = task.space()?.status(name)?;
        Ok(MachPortStatus {
            mps_pset: it.set,
            mps_seqno: it.sequence,
            mps_mscount: it.made,
            mps_qlimit: it.limit,
            mps_msgcount: it.queued,
            mps_sorights: it.send_onces,
            mps_srights: it.has_sends,
            mps_pdrequest: it.port_destroyed,
            mps_nsrequest: it.no_senders,
        })
    }

    fn mach_port_get_set_status(
        &mut self,
        task: Maybe<TaskObject>,
        name: PortName,
    ) -> Result<Region<InKernel, PortName>, KernReturn> {
        Region::new(&InKernel, &task.space()?.members(name)?)
    }

    fn mach_port_request_notification(
        &mut self,
        task: Maybe<TaskObject>,
        name: PortName,
        id: MsgId,
        sync: u32,
        notify: SendOnceRight<InKernel>,
    ) -> Result<Outbound<'static, InKernel>, KernReturn> {
        let before = request(task.space()?, name, id, sync, InKernel::take(notify))?;
        Ok(answer(before, Disposition::MOVE_SEND_ONCE))
    }

    fn mach_port_set_protected_payload(
        &mut self,
        task: Maybe<TaskObject>,
        name: PortName,
        payload: u64,
    ) -> Result<(), KernReturn> {
        task.space()?.set_payload(name, Some(payload))
    }

    fn mach_port_set_ktype(
        &mut self,
        host: Maybe<Host>,
        task: Maybe<TaskObject>,
        name: PortName,
        right: RightKind,
        ktype: PortKernelType,
    ) -> Result<(), KernReturn> {
        host.privileged()?;
        let space = task.space()?;
        if !matches!(ktype, PortKernelType::NONE | PortKernelType::USER_DEVICE) {
            return Err(KernReturn::INVALID_ARGUMENT);
        }
        space.set_kind(name, right, ktype.0)
    }

    fn mach_port_clear_protected_payload(&mut self, task: Maybe<TaskObject>, name: PortName) -> Result<(), KernReturn> {
        task.space()?.set_payload(name, None)
    }
}
