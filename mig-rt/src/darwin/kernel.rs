//! Messages to objects of the kernel.

use core::ffi::{CStr, c_char, c_void};
use core::sync::atomic::{AtomicUsize, Ordering};

use mach2::traps::mach_task_self;

use crate::bytes::{u32_at, u64_at};
use crate::mach::dialect::Call;
use crate::message::COMPLEX;

/// `mach_msg2_internal`: the fields of header and call in pairs, the first of each in the lower half.
type MachMsg2 = unsafe extern "C" fn(*mut c_void, u64, u64, u64, u64, u64, u64, u64) -> i32;

/// `MACH64_SEND_KOBJECT_CALL`
const KERNEL_OBJECT: u64 = 0x2_0000_0000;
/// `MACH_SEND_MSG`
const SEND: u32 = 1;
/// Bytes of the header, and of a complex message up to its first descriptor.
const HEADER: usize = 24;
const BASE: usize = 28;

// SAFETY: as libsystem declares them.
unsafe extern "C" {
    fn dlsym(library: *mut c_void, symbol: *const c_char) -> *mut c_void;
    fn mach_port_kobject(task: u32, name: u32, kind: *mut u32, at: *mut u64) -> i32;
}

/// Sends to an object of the kernel, and receives if the call says so; `None`, and nothing was done, if the message goes
/// elsewhere or the system does not tell the two apart.
///
/// # Safety
/// As [`Mach::mach_msg`](crate::mach::Mach::mach_msg).
pub(super) unsafe fn mach_msg(message: *mut u8, call: Call) -> Option<i32> {
    if call.option & SEND == 0 || (call.send_size as usize) < HEADER {
        return None;
    }
    let mach_msg2 = mach_msg2()?;
    // SAFETY: the caller has `send_size` bytes there.
    let sent = unsafe { core::slice::from_raw_parts(message, (call.send_size as usize).min(BASE)) };
    // Objects of the kernel are reached by send rights, which a sender copies or moves.
    let (bits, remote) = (u32_at(sent, 0), u32_at(sent, 8));
    if !matches!(bits & 0x1f, 17 | 19) || !is_kernel_object(remote) {
        return None;
    }
    let pair = |low: u32, high: u32| u64::from(high) << 32 | u64::from(low);
    let descriptors = if bits & COMPLEX != 0 && sent.len() == BASE { u32_at(sent, HEADER) } else { 0 };
    let (option, ports, voucher_and_id) = (u64::from(call.option) | KERNEL_OBJECT, u64_at(sent, 8), u64_at(sent, 16));
    let (bits, receive) = (pair(bits, call.send_size), pair(descriptors, call.receive_name.0));
    let (size, timeout) = (pair(call.receive_size, 0), u64::from(call.timeout));
    // SAFETY: the caller's contract is the kernel's; the fields are those of the message.
    Some(unsafe { mach_msg2(message.cast(), option, bits, ports, voucher_and_id, receive, size, timeout) })
}

/// Whether a right is to an object of the kernel.
fn is_kernel_object(name: u32) -> bool {
    let (mut kind, mut at) = (0, 0);
    // SAFETY: the call writes one number and one address. The first is 0 for a port that tasks receive from.
    let code = unsafe { mach_port_kobject(mach_task_self(), name, &mut kind, &mut at) };
    code == 0 && kind != 0
}

/// The function, if this system has it.
fn mach_msg2() -> Option<MachMsg2> {
    const NAME: &CStr = c"mach_msg2_internal";
    /// Not looked up yet; no function has either address.
    const UNKNOWN: usize = 0;
    const MISSING: usize = 1;
    static FOUND: AtomicUsize = AtomicUsize::new(UNKNOWN);
    if size_of::<usize>() == 4 {
        return None;
    }
    let mut at = FOUND.load(Ordering::Relaxed);
    if at == UNKNOWN {
        // `RTLD_DEFAULT` is -2.
        // SAFETY: the name is a string of C, and looking it up changes nothing.
        let symbol = unsafe { dlsym(core::ptr::without_provenance_mut(usize::MAX - 1), NAME.as_ptr()) };
        at = if symbol.is_null() { MISSING } else { symbol.expose_provenance() };
        FOUND.store(at, Ordering::Relaxed);
    }
    // SAFETY: libsystem's function of this name has this signature since it exists.
    (at != MISSING)
        .then(|| unsafe { core::mem::transmute::<*const c_void, MachMsg2>(core::ptr::with_exposed_provenance(at)) })
}
