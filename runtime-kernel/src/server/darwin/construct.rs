//! Ports made with everything at once: what the words of a request mean.

use generated::darwin::mach_port::{MachPortOptions, MachPortQos};
use generated::darwin::types::{
    MACH_PORT_QLIMIT_LARGE, MPO_CONTEXT_AS_GUARD, MPO_DENAP_RECEIVER, MPO_IMMOVABLE_RECEIVE, MPO_IMPORTANCE_RECEIVER,
    MPO_INSERT_SEND_RIGHT, MPO_QLIMIT, MPO_STRICT, MPO_TEMPOWNER,
};
use mig_rt::{Form, KernReturn, PortName, RightKind, untyped};

use crate::ipc::guard::{Construction, Guard};
use crate::ipc::space::Space;

/// Options that this kernel knows. Those about the importance and the sleep of programs have nothing to act on here;
/// what would make a port one of a service is refused.
const KNOWN: u32 = MPO_CONTEXT_AS_GUARD
    | MPO_QLIMIT
    | MPO_TEMPOWNER
    | MPO_IMPORTANCE_RECEIVER
    | MPO_INSERT_SEND_RIGHT
    | MPO_STRICT
    | MPO_DENAP_RECEIVER
    | MPO_IMMOVABLE_RECEIVE;

/// Bits of `mach_port_guard_with_flags`: `MPG_STRICT` and `MPG_IMMOVABLE_RECEIVE`.
const STRICT: u64 = 1;
const IMMOVABLE: u64 = 2;

/// Bits of `mach_port_qos_t`: a name of the caller's choice, and a message that always has room.
const NAMED: u32 = 1;
const PREALLOCATED: u32 = 2;
/// Bytes of such a message, at most.
const MOST_PREALLOCATED: u32 = 1 << 16;

/// `mach_port_construct`
pub(super) fn construction(options: &[u8], context: u64) -> Result<Construction, KernReturn> {
    let options = options.first_chunk().ok_or(KernReturn::INVALID_ARGUMENT)?;
    let options = <MachPortOptions as Form<untyped::DarwinLp64>>::read(options);
    let has = |it: u32| options.flags & it != 0;
    if has(!KNOWN) {
        return Err(KernReturn::INVALID_ARGUMENT);
    }
    if has(MPO_QLIMIT) && options.mpl_qlimit > MACH_PORT_QLIMIT_LARGE {
        return Err(KernReturn::INVALID_VALUE);
    }
    let guard = Guard { strict: has(MPO_STRICT), immovable: has(MPO_IMMOVABLE_RECEIVE) };
    Ok(Construction {
        limit: has(MPO_QLIMIT).then_some(options.mpl_qlimit),
        guard: (has(MPO_CONTEXT_AS_GUARD) || guard.immovable).then_some(guard),
        send: has(MPO_INSERT_SEND_RIGHT),
        context,
    })
}

/// `mach_port_guard_with_flags`
pub(super) fn guard(flags: u64) -> Result<Guard, KernReturn> {
    if flags & !(STRICT | IMMOVABLE) != 0 {
        return Err(KernReturn::INVALID_ARGUMENT);
    }
    Ok(Guard { strict: flags & STRICT != 0, immovable: flags & IMMOVABLE != 0 })
}

/// `mach_port_allocate_qos`, and with a name of the caller's choice `mach_port_allocate_full`. Messages here always have
/// room, so that none has to be set aside.
pub(super) fn allocate(
    space: &Space,
    right: RightKind,
    qos: MachPortQos,
    name: Option<PortName>,
) -> Result<PortName, KernReturn> {
    drop(space.alive()?);
    let named = qos.flags & NAMED != 0;
    if qos.flags & PREALLOCATED != 0 {
        if right != RightKind::RECEIVE {
            return Err(KernReturn::INVALID_VALUE);
        }
        if qos.len > MOST_PREALLOCATED {
            return Err(KernReturn::RESOURCE_SHORTAGE);
        }
    }
    match name {
        Some(name) if named => space.allocate_name(right, name).map(|()| name),
        None if named => Err(KernReturn::INVALID_ARGUMENT),
        _ => space.allocate(right),
    }
}
