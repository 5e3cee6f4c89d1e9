//! The kernel: its tasks, and what belongs to no task.

use std::fmt;
use std::sync::Arc;

use mig_rt::{AbiId, KernReturn, ReceiveRight, SendRight};

use crate::budget::{Budget, Resource};
use crate::effect::Scope;
use crate::graph::{self, Graph};
use crate::ipc::port::Port;
use crate::ipc::right::{Carried, ReceiveRef, SendRef};
use crate::ipc::space::MOST_NAMES;
use crate::kobject::KernelObject;
use crate::schedule::Schedule;
use crate::special::Special;
use crate::sync::{Mutex, Rank};
use crate::task::{Task, TaskObject};
use crate::trace::{Trace, Traced, Tracing};
use crate::trap;

/// How a kernel is to run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Config {
    /// In which order threads run.
    pub order: Order,
    /// Names that one task may have; `None`: as many as can be told apart.
    pub most_names: Option<usize>,
}

/// In which order the threads of a kernel run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Order {
    /// In parallel, as the host has it.
    #[default]
    Parallel,
    /// One at a time, in an order that this number chooses, and in virtual time. Threads start when [`Kernel::run`] is
    /// called, and the same number gives the same run.
    Seeded(u64),
}

/// A Mach kernel. Dropping it terminates its tasks.
pub struct Kernel {
    host: Arc<Port>,
    host_priv: Arc<Port>,
    budget: Arc<Budget>,
    schedule: Option<Arc<Schedule>>,
    tasks: Mutex<Vec<Arc<TaskObject>>>,
    /// To which new tasks get a right. No right itself: whoever receives there hears when the last of them is gone.
    bootstrap: Mutex<Option<Arc<Port>>>,
    traced: Traced,
}

impl Kernel {
    /// A kernel without tasks.
    pub fn new(config: Config) -> Kernel {
        let host = Port::of_object(AbiId::GnumachI386, KernelObject::Host);
        let host_priv = Port::of_object(AbiId::GnumachI386, KernelObject::HostPriv);
        let budget = Arc::new(Budget::new(config.most_names.unwrap_or(MOST_NAMES).min(MOST_NAMES)));
        let schedule = match config.order {
            Order::Parallel => None,
            Order::Seeded(seed) => Some(Schedule::new(seed)),
        };
        let traced = Traced(Tracing::new(schedule.clone()));
        let (tasks, bootstrap) = (Mutex::new(Rank::Kernel, Vec::new()), Mutex::new(Rank::Kernel, None));
        Kernel { host, host_priv, budget, schedule, tasks, bootstrap, traced }
    }

    /// A new task, to which the kernel writes in an ABI.
    pub fn task(&self, name: &str, abi: AbiId) -> Task {
        let task = TaskObject::new(name, abi, &self.host, self.schedule.clone(), self.budget.clone());
        let bootstrap = self.bootstrap.lock().clone();
        if let Some(port) = bootstrap {
            let _scope = Scope::open();
            // It is new, and so has not ended.
            let _ = task.special.set(Special::Bootstrap, Carried::Send(SendRef::make(&port)));
        }
        self.traced.0.add_task(task.space.number, name);
        self.tasks.lock().push(task.clone());
        Task(task)
    }

    /// Records every message from now on, or none any more. Nothing else changes: a traced run of a seeded kernel is the
    /// same run.
    pub fn trace(&self, to: Option<&Trace>) {
        self.traced.0.record(to);
    }

    /// Tasks, ports and rights as they are now.
    pub fn graph(&self) -> Graph {
        let _scope = Scope::open();
        // Threads that run one at a time keep their turn while they hold a lock: the graph is of one moment.
        let tasks = self.tasks.lock();
        graph::look(&tasks, &self.traced.0)
    }

    /// Makes a port the bootstrap port of every task made from now on (`TASK_BOOTSTRAP_PORT`).
    ///
    /// # Errors
    /// `KERN_INVALID_NAME` or `KERN_INVALID_RIGHT` if the name is not that of a receive right any more.
    pub fn set_bootstrap_port(&self, port: &ReceiveRight<Task>) -> Result<(), KernReturn> {
        let port = port.via().0.space.receiving(port.name())?;
        let before = self.bootstrap.lock().replace(port);
        drop(before);
        Ok(())
    }

    /// Runs the threads of a seeded kernel until none can go on. The names of those that still wait then: for ever, if
    /// nobody outside wakes them.
    ///
    /// In parallel kernels threads run by themselves, and this returns at once.
    pub fn run(&self) -> Vec<String> {
        self.schedule.as_ref().map_or_else(Vec::new, |it| it.run())
    }

    /// Makes a resource run short after so many uses from now on, or never. Every caller of an interface must be ready
    /// for that; here is how to try it.
    pub fn limit(&self, resource: Resource, uses: Option<u32>) {
        self.budget.limit(resource, uses);
    }

    /// Looks at everything and says what is wrong.
    ///
    /// # Errors
    /// The first invariant that does not hold.
    pub fn check(&self) -> Result<(), String> {
        let tasks = self.tasks.lock().clone();
        tasks.iter().try_for_each(|it| it.space.lock().check().map_err(|why| format!("task {}: {why}", it.name)))
    }

    /// Gives a task a send right to the host's privileged port. A task that has one may do to the host whatever can be
    /// done to it.
    pub fn host_priv_port(&self, task: &Task) -> SendRight<Task> {
        task.right_to(&self.host_priv)
    }

    /// Forgets what the calling thread's stubs keep in a task between calls.
    pub fn forget_caches(&self, task: &Task) {
        let _scope = Scope::open();
        trap::forget_reply_port(&task.0);
    }
}

impl Default for Kernel {
    fn default() -> Kernel {
        Kernel::new(Config::default())
    }
}

impl Drop for Kernel {
    fn drop(&mut self) {
        let _scope = Scope::open();
        let tasks = std::mem::take(&mut *self.tasks.lock());
        tasks.iter().for_each(|it| it.terminate());
        drop(ReceiveRef::of(self.host.clone()));
        drop(ReceiveRef::of(self.host_priv.clone()));
    }
}

impl fmt::Debug for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Kernel")
    }
}
