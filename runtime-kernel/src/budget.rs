//! What a kernel can run out of, and how tests make it.

use std::sync::atomic::{AtomicU32, Ordering};

/// Something that can run short.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Resource {
    /// Buffers for messages: `MACH_SEND_NO_BUFFER`.
    Buffers,
    /// Requests for notifications: `MACH_SEND_NO_NOTIFY`, `KERN_RESOURCE_SHORTAGE`.
    Requests,
    /// Names of a space: `MACH_MSG_IPC_SPACE`, `KERN_NO_SPACE`.
    Names,
    /// Kernel memory for tables of names: `MACH_MSG_IPC_KERNEL`, `KERN_RESOURCE_SHORTAGE`.
    Tables,
    /// Addresses of a task: `MACH_MSG_VM_SPACE`, `KERN_NO_SPACE`.
    Addresses,
    /// Kernel memory for maps: `MACH_MSG_VM_KERNEL`, `KERN_RESOURCE_SHORTAGE`.
    Maps,
}

/// What is left of each resource.
#[derive(Debug)]
pub(crate) struct Budget([AtomicU32; 6]);

/// A resource that does not run short.
const UNLIMITED: u32 = u32::MAX;

impl Budget {
    pub(crate) fn new() -> Budget {
        Budget([const { AtomicU32::new(UNLIMITED) }; 6])
    }

    pub(crate) fn limit(&self, resource: Resource, uses: Option<u32>) {
        self.0[resource as usize].store(uses.unwrap_or(UNLIMITED), Ordering::Release);
    }

    /// Uses one; `false` if there is none.
    pub(crate) fn spend(&self, resource: Resource) -> bool {
        let left = &self.0[resource as usize];
        if left.load(Ordering::Relaxed) == UNLIMITED {
            return true;
        }
        left.fetch_update(Ordering::AcqRel, Ordering::Acquire, |it| match it {
            UNLIMITED => Some(UNLIMITED),
            it => it.checked_sub(1),
        })
        .is_ok()
    }
}
