//! A task as its stubs see it, and the memory that their messages bring.

use std::fmt;
use std::sync::OnceLock;

use mig_rt::carried::u32_at;
use mig_rt::exchange::Row;
use mig_rt::{
    AbiId, Address, AnyRight, Arrived, Disposition, Failed, KernReturn, Memory, Operation, PortName, RightKind,
    Transport, Wire, by_row,
};

use super::Task;
use crate::buffer::InStub;
use crate::effect::Scope;
use crate::thread;
use crate::trap::{self, Call};
use crate::vm::copy::Gathered;
use crate::vm::{self, MapCopy, PAGE};

impl Transport for Task {
    const ABIS: &'static [AbiId] = &AbiId::ALL;

    type Memory = TaskMemory;

    fn msg(&self, abi: AbiId, operation: Operation, message: &mut Wire<'_>) -> Result<Arrived, Failed> {
        thread::trap(|| {
            let mut stub = InStub { wire: message, spoilt: None };
            let result = trap::mach_msg(&self.0, Call { abi, operation, notify: PortName::NULL }, &mut stub);
            if let Some(abi) = stub.spoilt {
                by_row!(abi, release_received(message.bytes(), self));
            }
            result
        })
    }

    fn make_port(&self) -> Result<PortName, KernReturn> {
        thread::stop();
        let _scope = Scope::open();
        self.0.space.allocate(RightKind::RECEIVE)
    }

    fn reply_port(&self) -> Result<PortName, KernReturn> {
        let _scope = Scope::open();
        trap::reply_port(&self.0)
    }

    fn retire_reply_port(&self, name: PortName) {
        let _scope = Scope::open();
        trap::retire_reply_port(&self.0, name);
    }

    fn retain(&self, name: PortName, kind: RightKind) -> Result<(), KernReturn> {
        let _scope = Scope::open();
        self.0.space.mod_refs(name, kind, 1)
    }

    fn release(&self, name: PortName, kind: RightKind) {
        let _scope = Scope::open();
        // A right whose port has died since is a dead name now, and goes as one.
        if self.0.space.mod_refs(name, kind, -1) == Err(KernReturn::INVALID_RIGHT) {
            let _ = self.0.space.mod_refs(name, RightKind::DEAD_NAME, -1);
        }
    }

    fn allocate(&self, size: usize, fill: &mut dyn FnMut(&mut [u8])) -> Result<TaskMemory, KernReturn> {
        let mut data = whole_pages(size);
        fill(&mut data);
        let _scope = Scope::open();
        // No message takes what has no bytes.
        let at = self.0.map.copy_out(MapCopy::Bytes(data), u64::MAX, false)?;
        Ok(TaskMemory::new(self, Address(at), size))
    }

    fn lend(&self, data: &[u8]) -> Result<Address, KernReturn> {
        let mut copy = whole_pages(data.len());
        copy.copy_from_slice(data);
        let _scope = Scope::open();
        self.0.map.copy_out(MapCopy::Bytes(copy), u64::MAX, true).map(Address)
    }

    fn unlend(&self, at: Address, size: usize) {
        free(self, at, size);
    }

    fn surrender(&self, mut memory: TaskMemory) -> Address {
        memory.task = None;
        memory.at
    }

    #[allow(unsafe_code, reason = "the trait has it so; nothing here depends on the contract")]
    unsafe fn adopt(&self, at: Address, size: usize) -> TaskMemory {
        TaskMemory::new(self, at, size)
    }
}

/// Memory of a task that a message brought, or that it made. Dropping it frees it.
pub struct TaskMemory {
    /// `None` once somebody else frees it.
    task: Option<Task>,
    at: Address,
    size: usize,
    /// What was there when somebody looked for the first time.
    seen: OnceLock<Gathered>,
}

impl TaskMemory {
    fn new(task: &Task, at: Address, size: usize) -> TaskMemory {
        let task = (size > 0).then(|| task.clone());
        TaskMemory { task, at, size, seen: OnceLock::new() }
    }

    /// Where it is.
    pub fn address(&self) -> Address {
        self.at
    }
}

impl Memory for TaskMemory {
    fn len(&self) -> usize {
        self.size
    }

    /// # Errors
    /// `KERN_INVALID_ADDRESS` or `KERN_PROTECTION_FAILURE` if a program has taken the memory away since.
    fn bytes(&self) -> Result<&[u8], KernReturn> {
        let Some(task) = &self.task else { return Ok(&[]) };
        if self.seen.get().is_none() {
            let _scope = Scope::open();
            // Whoever comes first decides.
            let _ = self.seen.set(task.0.map.look(self.at.0, self.size)?);
        }
        Ok(self.seen.get().map_or(&[], |it| it))
    }
}

impl Drop for TaskMemory {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            free(&task, self.at, self.size);
        }
    }
}

/// Zeros, with room for whole pages: what they become.
fn whole_pages(size: usize) -> Vec<u8> {
    let mut data = Vec::with_capacity(size.next_multiple_of(PAGE as usize));
    data.resize(size, 0);
    data
}

fn free(task: &Task, at: Address, size: usize) {
    if let Some(range) = vm::pages_of(at.0, size as u64).filter(|_| size > 0) {
        let _scope = Scope::open();
        task.0.map.deallocate(&range);
    }
}

impl fmt::Debug for TaskMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TaskMemory of {} bytes at {:?}", self.size, self.at)
    }
}

/// Releases a message that was received and that nobody will read.
#[cold]
fn release_received<W: Row>(message: &[u8], task: &Task, _: W) {
    let Some(header) = message.get(..W::HEADER) else { return };
    W::release(message, task.clone());
    let name = PortName(u32_at(header, 8));
    // SAFETY: the kernel gave the name to the reply right of this message just now.
    #[allow(unsafe_code, reason = "this transport is where names become rights")]
    drop(unsafe { AnyRight::from_raw(name, Disposition(header[0]), task.clone()) });
}
