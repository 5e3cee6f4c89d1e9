//! The kernel: its tasks, and what belongs to no task.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use mig_rt::{AbiId, KernReturn, ReceiveRight, SendRight};

use crate::budget::{Budget, Resource};
use crate::census::{self, Census, Walk};
use crate::effect::{self, Scope};
use crate::event_counter::EventCounter;
use crate::graph::{self, Graph};
use crate::host::Host;
use crate::in_kernel;
use crate::ipc::table::MOST_NAMES;
use crate::schedule::{self, Schedule};
use crate::task::{Task, TaskObject};
use crate::thread::{self, Processor};
use crate::trace::Trace;
use crate::trap;

/// How a kernel is to run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Config {
    /// In which order threads run.
    pub order: Order,
    /// Names that one task may have; `None`: as many as can be told apart.
    pub most_names: Option<usize>,
    /// The processor of tasks of Darwin.
    pub processor: Processor,
    /// Pages of memory; `None`: as many as the host has. When there are more, the kernel pages out: to memory managers
    /// what is theirs, and everything else to the default memory manager, if there is one. Memory that messages bring or
    /// that stubs have made stays, and so does what is wired, so that there may be more pages for a while.
    pub most_pages: Option<u64>,
}

/// In which order the threads of a kernel run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Order {
    /// In parallel, as the host has it.
    #[default]
    Parallel,
    /// One at a time, in an order that this number chooses, and in virtual time. Threads run while somebody is in
    /// [`Kernel::run`] or [`Kernel::advance`], and the same number gives the same run.
    ///
    /// Host threads that no task has started are not among them: they run beside, in the host's time.
    Seeded(u64),
}

/// A Mach kernel. Dropping it terminates its tasks, and so their threads.
///
/// Threads of a seeded kernel end at once: each unwinds from where it waits, or else from its next call, up to where it
/// was started, so that its values are dropped.
pub struct Kernel {
    host: Arc<Host>,
}

impl Kernel {
    /// A kernel without tasks.
    pub fn new(config: Config) -> Kernel {
        let budget = Budget::new(config.most_names.unwrap_or(MOST_NAMES).min(MOST_NAMES), config.most_pages);
        let schedule = match config.order {
            Order::Parallel => None,
            Order::Seeded(seed) => Some(Schedule::new(seed)),
        };
        Kernel { host: Host::new(budget, schedule, config.processor) }
    }

    /// A new task, to which the kernel writes in an ABI.
    pub fn task(&self, name: &str, abi: AbiId) -> Task {
        Task(self.host.add_task(name, abi))
    }

    /// A new task with what it inherits of another's memory, as `vm_inherit` has said: nothing, the memory itself or a
    /// copy. Of its ports it inherits none: a child that does is made by the message `task_create`.
    ///
    /// # Errors
    /// `KERN_RESOURCE_SHORTAGE`.
    pub fn fork(&self, parent: &Task, name: &str) -> Result<Task, KernReturn> {
        let task = self.task(name, parent.abi());
        let inherited = thread::trap(|| parent.0.map.fork(&task.0.map));
        inherited.inspect_err(|_| task.terminate())?;
        Ok(task)
    }

    /// Every task that has not ended, those that other tasks have made (`task_create`) among them.
    pub fn tasks(&self) -> Vec<Task> {
        let tasks = self.host.tasks.lock().clone();
        tasks.into_iter().filter(|it| it.is_active()).map(Task).collect()
    }

    /// Records every message from now on, or none any more. Nothing else changes: a traced run of a seeded kernel is the
    /// same run.
    pub fn trace(&self, to: Option<&Trace>) {
        self.host.traced.0.record(to);
    }

    /// Tasks, ports, rights and memory as they are now.
    pub fn graph(&self) -> Graph {
        let _scope = Scope::open();
        // Threads that run one at a time keep their turn while they hold a lock: the graph is of one moment.
        let tasks = self.host.tasks.lock();
        graph::look(&tasks, &self.host.traced.0)
    }

    /// Makes a port the bootstrap port of every task made from now on (`TASK_BOOTSTRAP_PORT`).
    ///
    /// # Errors
    /// `KERN_INVALID_NAME` or `KERN_INVALID_RIGHT` if the name is not that of a receive right any more.
    pub fn set_bootstrap_port(&self, port: &ReceiveRight<Task>) -> Result<(), KernReturn> {
        let port = port.via().0.space.receiving(port.name())?;
        let before = self.host.bootstrap.lock().replace(port);
        drop(before);
        Ok(())
    }

    /// Runs the threads of a seeded kernel until none can go on. The names of those that still wait then: for ever, if
    /// nobody outside wakes them. When none can go on, time moves to the next moment at which one's waiting is over.
    ///
    /// In parallel kernels threads run by themselves, and this returns at once.
    pub fn run(&self) -> Vec<String> {
        self.host.schedule.as_ref().map_or_else(Vec::new, |it| it.run())
    }

    /// Runs the threads of a seeded kernel while so much of its time passes, and no longer: a wait that ends in that time
    /// ends at its own moment, and later ones do not end. The names of those that have not ended then.
    ///
    /// So a test says what time it is: with `Duration::ZERO` threads run, and time stands still.
    ///
    /// In parallel kernels time passes by itself, and this returns at once.
    pub fn advance(&self, by: Duration) -> Vec<String> {
        self.host.schedule.as_ref().map_or_else(Vec::new, |it| it.advance(by))
    }

    /// Makes a resource run short after so many uses from now on, or never. Every caller of an interface must be ready
    /// for that; here is how to try it.
    pub fn limit(&self, resource: Resource, uses: Option<u32>) {
        self.host.budget.limit(resource, uses);
    }

    /// Counts everything that can be reached, and compares it with what ports, names, sets and queues say of themselves,
    /// and pages of memory with those that exist.
    ///
    /// Any thread may ask, but the answer is exact only while no thread of the kernel runs: what is in a running
    /// thread's hands is nowhere else. Threads that wait do not matter.
    ///
    /// # Errors
    /// Everything that does not hold, a line each.
    pub fn check(&self) -> Result<(), String> {
        let _scope = Scope::open();
        let _turn = schedule::keep_turn();
        let (tasks, walk) = self.walk();
        for task in &tasks {
            let lost = walk.lost(task.space.born());
            if !lost.is_empty() {
                return Err(format!("task {}: ports {lost:?} live, and nothing reaches them", task.name));
            }
        }
        // What a program looks at in place may be memory no more.
        let (found, exist) = (walk.census.pages as u64, self.host.budget.frames.pages());
        if found > exist || exist > found + self.host.budget.frames.pinned() {
            return Err(format!("{exist} pages exist, and {found} can be reached"));
        }
        effect::check()?;
        in_kernel::check()?;
        census::check(walk)
    }

    /// How much there is of everything. As exact as [`check`](Kernel::check).
    pub fn census(&self) -> Census {
        let _scope = Scope::open();
        let _turn = schedule::keep_turn();
        self.walk().1.census
    }

    fn walk(&self) -> (Vec<Arc<TaskObject>>, Walk) {
        let tasks = self.host.tasks.lock().clone();
        let walk = Walk::of(&tasks, &self.host);
        (tasks, walk)
    }

    /// A new event counter, for whoever plays a device's driver: programs wait for its events by `evc_wait`. Nothing if
    /// there are as many as a kernel can have, which is ten.
    pub fn event_counter(&self) -> Option<EventCounter> {
        EventCounter::new(&self.host)
    }

    /// Gives a task a send right to the host's privileged port. A task that has one may do to the host whatever can be
    /// done to it.
    pub fn host_priv_port(&self, task: &Task) -> SendRight<Task> {
        task.right_to(&self.host.control)
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
        let scope = Scope::open();
        self.host.end();
        drop(scope);
        if let Some(it) = &self.host.schedule {
            it.end();
        }
    }
}

impl fmt::Debug for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Kernel")
    }
}
