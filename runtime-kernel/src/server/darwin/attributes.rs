//! Attributes of ports in arrays of words, as a flavor selects them.

use generated::darwin::types::{MACH_PORT_QLIMIT_LARGE, MachPortDnrequestsSize, MachPortLimits, MachPortStatus};
use mig_rt::flavor::Flavor;
use mig_rt::{KernReturn, PortName, Room};

use crate::ipc::port_calls::Status;
use crate::ipc::space::Space;

/// `MACH_PORT_GUARD_INFO`: the word of a guard.
const GUARD: i32 = 8;

/// Bits of `mps_flags`.
const GUARDED: u32 = 0x02;
const STRICTLY: u32 = 0x04;
const IMMOVABLE: u32 = 0x40;

/// `mach_port_get_attributes`
pub(super) fn get(space: &Space, name: PortName, flavor: i32, out: &mut Room<'_, u32>) -> Result<(), KernReturn> {
    let words = match flavor {
        MachPortLimits::NUMBER => MachPortLimits::words(out.abi()),
        MachPortStatus::NUMBER => MachPortStatus::words(out.abi()),
        MachPortDnrequestsSize::NUMBER => MachPortDnrequestsSize::words(out.abi()),
        _ => return Err(KernReturn::INVALID_ARGUMENT),
    };
    if words.is_none_or(|it| it > out.capacity()) {
        return Err(KernReturn::FAILURE);
    }
    let fits = match flavor {
        MachPortLimits::NUMBER => out.put(&MachPortLimits { mpl_qlimit: space.status(name)?.limit }),
        MachPortStatus::NUMBER => out.put(&status(space.status(name)?)),
        _ => out.put(&MachPortDnrequestsSize { size: space.requests(name)?.0 }),
    };
    if fits { Ok(()) } else { Err(KernReturn::FAILURE) }
}

/// `mach_port_set_attributes`
pub(super) fn set(space: &Space, name: PortName, flavor: i32, words: &[u32]) -> Result<(), KernReturn> {
    if !matches!(flavor, MachPortLimits::NUMBER | MachPortDnrequestsSize::NUMBER) {
        return Err(KernReturn::INVALID_ARGUMENT);
    }
    // Both are one word.
    let word = *words.first().ok_or(KernReturn::FAILURE)?;
    if flavor == MachPortLimits::NUMBER {
        space.set_limit(name, word, MACH_PORT_QLIMIT_LARGE)
    } else {
        space.reserve_requests(name, word)
    }
}

/// `mach_port_assert_attributes`: whether the port is what the caller takes it for.
pub(super) fn hold(space: &Space, name: PortName, flavor: i32, words: &[u32]) -> Result<bool, KernReturn> {
    if flavor != GUARD {
        return Err(KernReturn::INVALID_ARGUMENT);
    }
    let [low, high, ..] = *words else { return Err(KernReturn::FAILURE) };
    space.is_guarded_by(name, u64::from(high) << 32 | u64::from(low))
}

fn status(it: Status) -> MachPortStatus {
    let guarded = |it: crate::ipc::guard::Guard| {
        GUARDED | if it.strict { STRICTLY } else { 0 } | if it.immovable { IMMOVABLE } else { 0 }
    };
    MachPortStatus {
        mps_pset: it.sets,
        mps_seqno: it.sequence,
        mps_mscount: it.made,
        mps_qlimit: it.limit,
        mps_msgcount: it.queued,
        mps_sorights: it.send_onces,
        mps_srights: it.has_sends,
        mps_pdrequest: it.port_destroyed,
        mps_nsrequest: it.no_senders,
        mps_flags: it.guard.map_or(0, guarded),
    }
}
