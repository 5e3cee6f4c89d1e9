//! A task as its stubs see it, and the memory that their messages bring.

use std::fmt;
use std::sync::Arc;

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
        let mut data = vec![0; size];
        fill(&mut data);
        let data: Arc<[u8]> = data.into();
        // No message takes what has no bytes.
        if data.is_empty() {
            return Ok(TaskMemory { task: None, at: Address(0), data });
        }
        let at = self.0.map.map(self.abi(), data.clone(), false)?;
        Ok(TaskMemory { task: Some(self.clone()), at, data })
    }

    fn lend(&self, data: &[u8]) -> Result<Address, KernReturn> {
        if data.is_empty() { Ok(Address(0)) } else { self.0.map.map(self.abi(), Arc::from(data), true) }
    }

    fn unlend(&self, at: Address, _: usize) {
        drop(self.0.map.unmap(at));
    }

    fn surrender(&self, mut memory: TaskMemory) -> Address {
        memory.task = None;
        memory.at
    }

    #[allow(unsafe_code, reason = "the trait has it so; nothing here depends on the contract")]
    unsafe fn adopt(&self, at: Address, _: usize) -> TaskMemory {
        match self.0.map.get(at) {
            Some(data) => TaskMemory { task: Some(self.clone()), at, data },
            None => TaskMemory { task: None, at: Address(0), data: Arc::from([]) },
        }
    }
}

/// Memory of a task that a message brought, or that it made. Dropping it frees it.
pub struct TaskMemory {
    /// `None` once somebody else frees it.
    task: Option<Task>,
    at: Address,
    data: Arc<[u8]>,
}

impl TaskMemory {
    /// Where it is.
    pub fn address(&self) -> Address {
        self.at
    }
}

impl Memory for TaskMemory {
    fn len(&self) -> usize {
        self.data.len()
    }

    fn bytes(&self) -> Result<&[u8], KernReturn> {
        Ok(&self.data)
    }
}

impl Drop for TaskMemory {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            drop(task.0.map.unmap(self.at));
        }
    }
}

impl fmt::Debug for TaskMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TaskMemory of {} bytes at {:?}", self.data.len(), self.at)
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
