//! What a kernel's threads do to each other: every message, from whoever sends it to whoever gets it.
//!
//! [`Trace`] is what users see. [`Tracing`] belongs to a kernel and knows its tasks and ports by names that do not
//! depend on what else the process does. [`Flight`] goes with a message and tells what became of it.
//!
//! Nothing here takes a lock of the kernel or lets another thread run, so a traced run is the same run.

mod flight;
mod log;
mod names;
mod perfetto;
mod text;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use mig_rt::MsgId;
use parking_lot::Mutex;

pub(crate) use flight::{Flight, Span, call, sent};
use log::Log;
pub(crate) use names::routine;

use crate::ipc::message::Message;
use crate::ipc::port::Port;
use crate::kobject::KernelObject;
use crate::schedule::Schedule;

/// A record of messages: who sent them, to whom, what they carried, and what became of them.
///
/// ```
/// use generated::mach3::mach_port::gnumach_i386 as mach_port;
/// use mig_rt::{AbiId, RightKind};
/// use runtime_kernel::{Kernel, Trace};
///
/// let (kernel, trace) = (Kernel::default(), Trace::new());
/// kernel.trace(Some(&trace));
/// let task = kernel.task("demo", AbiId::GnumachI386);
/// mach_port::mach_port_allocate(&task.self_port(), RightKind::RECEIVE)?;
/// assert!(trace.text().contains("mach_port_allocate reply"));
/// # Ok::<(), mig_rt::Error>(())
/// ```
///
/// [`text`](Trace::text) has a line for each message; [`perfetto`](Trace::perfetto) is a file for a viewer of traces.
/// Clones are the same record. It keeps the last events that there were, [`LIMIT`](Trace::LIMIT) or as many as
/// [`with_limit`](Trace::with_limit) says, and says how many it has dropped. Of a message there are four or five: the
/// call, the sending, its end, and what ends with it. A message that still waits is kept however old it is.
#[derive(Clone)]
pub struct Trace(Arc<Mutex<Log>>);

impl Trace {
    /// Events that a trace keeps that is not told how many.
    pub const LIMIT: usize = 500_000;

    /// An empty one. [`Kernel::trace`](crate::Kernel::trace) says of what.
    pub fn new() -> Trace {
        Trace::with_limit(Trace::LIMIT)
    }

    /// An empty one that keeps so many events: those that come after them push the oldest out.
    pub fn with_limit(events: usize) -> Trace {
        Trace(Arc::new(Mutex::new(Log::new(events, None))))
    }

    /// One that tells of each message as soon as it is over: `line` gets what would be a line of [`text`](Trace::text).
    /// It is called wherever that happens in the kernel, so it must use neither a kernel nor the trace.
    pub fn live(line: impl FnMut(&str) + Send + 'static) -> Trace {
        Trace(Arc::new(Mutex::new(Log::new(Trace::LIMIT, Some(Box::new(line))))))
    }

    /// Adds names of routines, as generated code lists them in `ROUTINES`. Those of the kernel's own interfaces are
    /// known.
    pub fn name_routines(&self, routines: &[(MsgId, &'static str)]) {
        self.0.lock().routines.extend(routines);
    }

    /// A line for each message, in the order in which they were sent: when, from whom, to whom, which routine, what
    /// became of it, and what it carried. Ports have numbers in the order in which the trace saw them, and in brackets
    /// whose they were then.
    pub fn text(&self) -> String {
        text::text(&self.0.lock())
    }

    /// The record as JSON in the trace event format, which Perfetto and Chrome's tracer open: tasks are processes, calls
    /// are slices, and arrows lead from where a message is sent to where it is received.
    ///
    /// Where time is virtual, events of one moment stand a microsecond apart, so that their order can be seen.
    pub fn perfetto(&self) -> String {
        perfetto::json(&self.0.lock())
    }
}

impl Default for Trace {
    fn default() -> Trace {
        Trace::new()
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Trace of {} messages", self.0.lock().messages.len())
    }
}

/// What a kernel knows of its tasks and ports for the sake of those who look at it.
pub(crate) struct Tracing {
    schedule: Option<Arc<Schedule>>,
    began: Instant,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    to: Option<Trace>,
    /// By the number of the space.
    tasks: BTreeMap<u32, String>,
    /// By a port's number in the process.
    numbers: HashMap<u64, u32>,
}

/// Kernels that are traced: looked at by everyone who sends or receives, and nearly always zero.
static TRACED: AtomicUsize = AtomicUsize::new(0);
static KERNELS: Mutex<Vec<Arc<Tracing>>> = Mutex::new(Vec::new());

/// Whether any kernel is traced.
#[inline]
pub(crate) fn is_on() -> bool {
    TRACED.load(Ordering::Relaxed) != 0
}

impl Tracing {
    pub(crate) fn new(schedule: Option<Arc<Schedule>>) -> Arc<Tracing> {
        Arc::new(Tracing { schedule, began: Instant::now(), state: Mutex::default() })
    }

    /// A task has come into being.
    pub(crate) fn add_task(&self, space: u32, name: &str) {
        self.state.lock().tasks.insert(space, name.to_owned());
    }

    /// Starts, goes on elsewhere, or stops.
    pub(crate) fn record(self: &Arc<Tracing>, to: Option<&Trace>) {
        let mut kernels = KERNELS.lock();
        kernels.retain(|it| !Arc::ptr_eq(it, self));
        self.state.lock().to = to.cloned();
        if to.is_some() {
            kernels.push(self.clone());
        }
        TRACED.store(kernels.len(), Ordering::Relaxed);
    }

    /// The number that a port has for those who look at this kernel: in the order in which they see them.
    pub(crate) fn number(&self, port: &Port) -> u32 {
        let numbers = &mut self.state.lock().numbers;
        let next = numbers.len() as u32 + 1;
        *numbers.entry(port.id).or_insert(next)
    }

    /// Names of routines that users have added.
    pub(crate) fn routines(&self) -> Vec<(MsgId, &'static str)> {
        let to = self.state.lock().to.clone();
        to.map(|it| it.0.lock().routines.clone()).unwrap_or_default()
    }

    /// A port's number, and whose it is.
    fn tag(&self, port: &Port) -> String {
        let whose = match (port.object(), port.home()) {
            _ if !port.is_alive() => "dead".to_owned(),
            (Some(object), _) => object_name(object),
            (None, Some((space, _))) => self.task_name(space),
            (None, None) => "in transit".to_owned(),
        };
        format!("p{}({whose})", self.number(port))
    }

    fn task_name(&self, space: u32) -> String {
        self.state.lock().tasks.get(&space).cloned().unwrap_or_default()
    }

    /// Time since the kernel's beginning, and the least that lies between two events.
    fn now(&self) -> (Duration, Duration) {
        match &self.schedule {
            Some(it) => (it.now(), Duration::from_micros(1)),
            None => (self.began.elapsed(), Duration::from_nanos(1)),
        }
    }

    /// The traced kernel that a task belongs to, and where it is recorded.
    fn of_space(space: u32) -> Option<(Arc<Tracing>, Trace)> {
        Tracing::find(|it| it.tasks.contains_key(&space))
    }

    /// The same of a message. The kernel's own are told by whoever receives them, or by a port that was seen before.
    fn of_message(message: &Message) -> Option<(Arc<Tracing>, Trace)> {
        match message.sender_number() {
            0 => {
                let port = message.port()?;
                let space = port.home().map_or(0, |it| it.0);
                Tracing::find(|it| it.tasks.contains_key(&space) || it.numbers.contains_key(&port.id))
            }
            space => Tracing::of_space(space),
        }
    }

    fn find(is: impl Fn(&State) -> bool) -> Option<(Arc<Tracing>, Trace)> {
        let kernels = KERNELS.lock();
        kernels.iter().find_map(|it| {
            let state = it.state.lock();
            let found = is(&state).then(|| state.to.clone())??;
            Some((it.clone(), found))
        })
    }
}

/// What a port of the kernel stands for.
pub(crate) fn object_name(object: &KernelObject) -> String {
    match object.task() {
        Some(it) => format!("task {}", it.name),
        None => format!("{object:?}"),
    }
}

impl fmt::Debug for Tracing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tracing")
    }
}

/// A kernel's hold on its [`Tracing`]: with the kernel the record ends, behind everything its end gives rise to.
#[derive(Debug)]
pub(crate) struct Traced(pub(crate) Arc<Tracing>);

impl Drop for Traced {
    fn drop(&mut self) {
        self.0.record(None);
    }
}
