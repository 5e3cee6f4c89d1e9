//! The calls about memory: what each does, and each code that it answers, in every ABI and under every name that it has.

mod forms;
mod inherit;
mod limits;
mod lists;
mod managers;
mod map;
mod messages;
mod model;
mod protect;
mod purgable;
mod races;
mod read;
mod region;
mod regions;
mod space;
mod wire;

use std::ops::Deref;

use mig_rt::{AbiId, Address, KernReturn, SendRight};
use runtime_kernel::{ProgramMemory, Task};

use crate::ports::{self, Side};

/// Under which names calls are made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    /// `vm_allocate` and so on of Mach 3.
    Mach3,
    /// `vm_allocate` and so on of Darwin.
    VmMap,
    /// `mach_vm_allocate` and so on.
    MachVm,
}

/// How calls are made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Calls {
    pub(crate) abi: AbiId,
    pub(crate) form: Form,
}

/// A task that calls under some names.
pub(crate) struct Vm<'a> {
    pub(crate) side: &'a Side,
    calls: Calls,
}

impl<'a> Vm<'a> {
    fn new(side: &'a Side, form: Form) -> Vm<'a> {
        Vm { side, calls: Calls { abi: side.abi, form } }
    }
}

impl Deref for Vm<'_> {
    type Target = Calls;
    fn deref(&self) -> &Calls {
        &self.calls
    }
}

pub(crate) const PAGE: u64 = 4096;
/// Addresses that nothing else is at.
pub(crate) const FREE: u64 = 0x2000_0000;

/// Every ABI, under every name.
pub(crate) fn each(test: impl Fn(&Vm<'_>)) {
    mach3(&test);
    darwin(&test);
}

pub(crate) fn mach3(test: impl Fn(&Vm<'_>)) {
    ports::mach3(|side| test(&Vm::new(side, Form::Mach3)));
}

pub(crate) fn darwin(test: impl Fn(&Vm<'_>)) {
    for form in [Form::VmMap, Form::MachVm] {
        ports::darwin(|side| test(&Vm::new(side, form)));
    }
}

impl Calls {
    pub(crate) fn is_mach3(&self) -> bool {
        self.form == Form::Mach3
    }

    /// Whether addresses of its messages have 32 bits.
    pub(crate) fn is_narrow(&self) -> bool {
        self.abi == AbiId::GnumachI386 || self.abi == AbiId::DarwinIlp32 && self.form == Form::VmMap
    }

    /// The highest address that its messages can name.
    pub(crate) fn highest(&self) -> u64 {
        if self.is_narrow() { u64::from(u32::MAX) } else { u64::MAX }
    }
}

impl Vm<'_> {
    /// The task's own port.
    pub(crate) fn me(&self) -> &SendRight<Task> {
        &self.side.me
    }

    /// A port that stands for no task.
    pub(crate) fn no_task(&self) -> &SendRight<Task> {
        &self.side.host
    }

    pub(crate) fn memory(&self) -> ProgramMemory<'_> {
        self.side.task.memory()
    }

    /// Pages of its own, at a place of its choice.
    pub(crate) fn pages(&self, at: u64, count: u64) -> u64 {
        self.allocate(self.me(), at, count * PAGE, false).unwrap();
        at
    }

    pub(crate) fn free(&self, at: u64, count: u64) {
        self.deallocate(self.me(), at, count * PAGE).unwrap();
    }

    /// What one byte is, or why it cannot be read.
    pub(crate) fn byte(&self, at: u64) -> Result<u8, KernReturn> {
        self.memory().read(Address(at))
    }

    pub(crate) fn fill(&self, at: u64, count: u64, byte: u8) {
        self.memory().write_bytes(Address(at), &vec![byte; (count * PAGE) as usize]).unwrap();
    }
}
