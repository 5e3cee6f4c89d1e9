//! What the tasks of one kernel share: the host, as they call it.

use std::sync::{Arc, Weak};

use mig_rt::AbiId;

use crate::budget::Budget;
use crate::effect::Scope;
use crate::event_counter::Counters;
use crate::exception::Handlers;
use crate::ipc::port::Port;
use crate::ipc::right::{Carried, ReceiveRef, SendRef};
use crate::kobject::KernelObject;
use crate::processor_set::ProcessorSet;
use crate::schedule::Schedule;
use crate::special::Special;
use crate::sync::{Mutex, Rank};
use crate::task::TaskObject;
use crate::thread::{Machine, Processor};
use crate::trace::{Traced, Tracing};

/// What belongs to no task.
pub(crate) struct Host {
    pub(crate) port: Arc<Port>,
    /// For those who may do more to it.
    pub(crate) control: Arc<Port>,
    pub(crate) budget: Arc<Budget>,
    pub(crate) schedule: Option<Arc<Schedule>>,
    pub(crate) tasks: Mutex<Vec<Arc<TaskObject>>>,
    /// To which new tasks get a right. No right itself: whoever receives there hears when the last of them is gone.
    pub(crate) bootstrap: Mutex<Option<Arc<Port>>>,
    pub(crate) traced: Traced,
    /// Who handles exceptions that neither threads nor tasks do.
    pub(crate) handlers: Handlers,
    pub(crate) processor: Processor,
    /// Of what flavors the states are that the host's handlers may ask for.
    pub(crate) machine: Machine,
    pub(crate) processor_set: ProcessorSet,
    pub(crate) counters: Counters,
}

impl Host {
    pub(crate) fn new(budget: Budget, schedule: Option<Arc<Schedule>>, processor: Processor) -> Arc<Host> {
        Arc::new_cyclic(|this: &Weak<Host>| Host {
            port: Port::of_object(AbiId::GnumachI386, KernelObject::Host(this.clone())),
            control: Port::of_object(AbiId::GnumachI386, KernelObject::HostPriv(this.clone())),
            budget: Arc::new(budget),
            schedule: schedule.clone(),
            tasks: Mutex::new(Rank::Kernel, Vec::new()),
            bootstrap: Mutex::new(Rank::Kernel, None),
            traced: Traced(Tracing::new(schedule)),
            handlers: Handlers::new(Rank::Kernel),
            processor,
            machine: Machine::Darwin(processor),
            processor_set: ProcessorSet::new(this),
            counters: Counters::new(),
        })
    }

    /// A new task, to which the kernel writes in an ABI.
    pub(crate) fn add_task(self: &Arc<Host>, name: &str, abi: AbiId) -> Arc<TaskObject> {
        let task = TaskObject::new(name, abi, self);
        let bootstrap = self.bootstrap.lock().clone();
        if let Some(port) = bootstrap {
            let _scope = Scope::open();
            // It is new, and so has not ended.
            let _ = task.special.set(Special::Bootstrap, Carried::Send(SendRef::make(&port)));
        }
        self.traced.0.add_task(task.space.number, name);
        let mut tasks = self.tasks.lock();
        // Of a task that has ended nothing is left but what its handles show.
        let ended: Vec<Arc<TaskObject>> =
            tasks.extract_if(.., |it| !it.is_active() && Arc::strong_count(it) == 1).collect();
        tasks.push(task.clone());
        drop(tasks);
        drop(ended);
        task
    }

    /// The kernel goes: everything ends.
    pub(crate) fn end(&self) {
        let tasks = std::mem::take(&mut *self.tasks.lock());
        for task in tasks {
            // It may have ended already.
            let _ = task.terminate();
        }
        self.handlers.end();
        self.budget.frames.end();
        drop(ReceiveRef::of(self.port.clone()));
        drop(ReceiveRef::of(self.control.clone()));
        self.processor_set.end();
    }
}
