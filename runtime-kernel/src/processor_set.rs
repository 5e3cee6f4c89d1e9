//! The processor set: what may be done by the threads that run on some processors. There is one, to which all belong.

use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Weak};

use mig_rt::{AbiId, KernReturn};

use crate::host::Host;
use crate::ipc::port::Port;
use crate::ipc::right::{Carried, ReceiveRef, SendRef};
use crate::kobject::KernelObject;
use crate::thread::{FIFO, FIXED, TIMESHARE};

/// A processor set.
pub(crate) struct ProcessorSet {
    /// For whoever only asks.
    pub(crate) name: Arc<Port>,
    pub(crate) control: Arc<Port>,
    /// Policies that threads may have, a bit each.
    policies: AtomicI32,
}

impl ProcessorSet {
    pub(crate) fn new(host: &Weak<Host>) -> ProcessorSet {
        ProcessorSet {
            name: Port::of_object(AbiId::GnumachI386, KernelObject::ProcessorSetName(host.clone())),
            control: Port::of_object(AbiId::GnumachI386, KernelObject::ProcessorSet(host.clone())),
            policies: AtomicI32::new(TIMESHARE),
        }
    }

    /// A right to its name.
    pub(crate) fn named(&self) -> Carried {
        Carried::Send(SendRef::uncounted(&self.name))
    }

    /// A right to its control port.
    pub(crate) fn controlled(&self) -> Carried {
        Carried::Send(SendRef::uncounted(&self.control))
    }

    /// Policies that threads may have, a bit each.
    pub(crate) fn policies(&self) -> i32 {
        self.policies.load(Ordering::Acquire)
    }

    /// `processor_set_policy_enable`
    ///
    /// # Errors
    /// `KERN_INVALID_ARGUMENT` if there is no such policy.
    pub(crate) fn enable(&self, policy: i32) -> Result<(), KernReturn> {
        if ![TIMESHARE, FIXED, FIFO].contains(&policy) {
            return Err(KernReturn::INVALID_ARGUMENT);
        }
        self.policies.fetch_or(policy, Ordering::AcqRel);
        Ok(())
    }

    /// `processor_set_policy_disable`. Threads that have it may keep it.
    ///
    /// # Errors
    /// `KERN_INVALID_ARGUMENT` if there is no such policy, or if all threads fall back on it.
    pub(crate) fn disable(&self, policy: i32) -> Result<(), KernReturn> {
        if ![FIXED, FIFO].contains(&policy) {
            return Err(KernReturn::INVALID_ARGUMENT);
        }
        self.policies.fetch_and(!policy, Ordering::AcqRel);
        Ok(())
    }

    /// The kernel goes.
    pub(crate) fn end(&self) {
        drop(ReceiveRef::of(self.name.clone()));
        drop(ReceiveRef::of(self.control.clone()));
    }
}
