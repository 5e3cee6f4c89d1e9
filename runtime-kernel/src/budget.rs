//! What a kernel has to give, so that running out of it can be tried.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use mig_rt::KernReturn;

use crate::vm::Frames;

/// Something that can run short.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Resource {
    /// Kernel objects that a call makes: `KERN_RESOURCE_SHORTAGE`.
    Objects,
    /// Buffers for messages: `MACH_SEND_NO_BUFFER`.
    Buffers,
    /// Requests of `MACH_SEND_NOTIFY`: `MACH_SEND_NO_NOTIFY`.
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
pub(crate) struct Budget {
    /// Names of one task.
    pub(crate) most_names: usize,
    /// Pages of its tasks' memory.
    pub(crate) frames: Arc<Frames>,
    left: [AtomicU32; 7],
}

/// A resource that does not run short.
const UNLIMITED: u32 = u32::MAX;

impl Budget {
    pub(crate) fn new(most_names: usize, most_pages: Option<u64>) -> Budget {
        Budget { most_names, frames: Frames::new(most_pages), left: [const { AtomicU32::new(UNLIMITED) }; 7] }
    }

    pub(crate) fn limit(&self, resource: Resource, uses: Option<u32>) {
        self.left[resource as usize].store(uses.unwrap_or(UNLIMITED), Ordering::Release);
    }

    /// Uses one, before anything is changed.
    pub(crate) fn afford(&self, resource: Resource) -> Result<(), KernReturn> {
        match resource {
            _ if self.spend(resource) => Ok(()),
            Resource::Names | Resource::Addresses => Err(KernReturn::NO_SPACE),
            _ => Err(KernReturn::RESOURCE_SHORTAGE),
        }
    }

    /// Uses one; `false` if there is none.
    pub(crate) fn spend(&self, resource: Resource) -> bool {
        let left = &self.left[resource as usize];
        let mut now = left.load(Ordering::Relaxed);
        loop {
            let next = match now {
                UNLIMITED => return true,
                it => it.checked_sub(1),
            };
            let Some(next) = next else { return false };
            match left.compare_exchange_weak(now, next, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(it) => now = it,
            }
        }
    }
}
