//! A Mach kernel as a library.
//!
//! A [`Kernel`] has tasks; a [`Task`] is a space of port names, some memory, and the [`Transport`](mig_rt::Transport)
//! of every generated stub. Threads of a task are closures on host threads. What tasks do to each other, they do by
//! messages; what they ask of the kernel, they ask by messages too, and generated code answers. The bytes of its memory a
//! program reads and writes by [`Task::memory`].
//!
//! ```
//! use generated::mach3::mach_port::gnumach_i386 as mach_port;
//! use mig_rt::{AbiId, RightKind};
//! use runtime_kernel::Kernel;
//!
//! let kernel = Kernel::default();
//! let task = kernel.task("demo", AbiId::GnumachI386);
//! let myself = task.self_port();
//! let name = mach_port::mach_port_allocate(&myself, RightKind::RECEIVE)?;
//! assert_eq!(mach_port::mach_port_get_refs(&myself, name, RightKind::RECEIVE)?, 1);
//! # Ok::<(), mig_rt::Error>(())
//! ```
//!
//! # Looking at it
//! A [`Trace`] has every message that is sent, as text or for Perfetto; [`Kernel::graph`] has tasks, ports, rights and
//! memory, as text and in pictures. `docs/looking.md` shows both.
//!
//! # Threads
//! The program of a thread is a closure on a host thread, which nothing can stop but itself: it stops, or ends, where it
//! calls the kernel and at [`Task::checkpoint`]. In a seeded kernel `thread_suspend` returns when the thread has come
//! there; in a parallel one the thread may still be on its way. A thread that was terminated, or whose task was, unwinds
//! with [`Terminated`]. A thread that a message has made gets its program by [`Task::start`]; until then it has a state,
//! ports and a priority, and does nothing. States of processors are kept as they were set, and no machine code runs.
//! Priorities and policies are told, and do not decide who runs; their numbers are those of the task's system, from 0,
//! the best, to 31, or in Darwin from 127 to 0. Processor time is what the host says of its threads, where it says so
//! (Linux), and none in a seeded kernel. Samples of program counters are taken where a thread calls the kernel: in a
//! parallel kernel one for each hundredth of a second of that time, in a seeded one at each call; what is sampled is the
//! state that the thread was given.
//!
//! # Memory managers
//! Any port can be mapped (`vm_map`), if its receiver reads messages of Mach 3: it manages that memory from then on, by the
//! protocol of that system's subsystems `memory_object` and `mach`. Pages are asked for one by one, and come back up to 32
//! in a message. Nobody waits for a manager but who touches its memory, for as long as it takes: a thread that is terminated
//! or aborted waits no more. With [`Config::most_pages`] a kernel pages out: what has a manager to that, everything else to
//! the default one (`vm_set_default_memory_manager`), for instance of the crate `default-pager`. A thread that makes more
//! pages than that manager takes waits for it, unless it is wired (`thread_wire`) or the manager's own.
//!
//! # What is otherwise than in Darwin
//! - Exceptions go to handlers in the forms `EXCEPTION_DEFAULT`, `EXCEPTION_STATE` and `EXCEPTION_STATE_IDENTITY`; those
//!   without control of the task are refused.
//! - A task has one port, whatever flavor is asked for: a right to a task is a right to all of it. The same of threads.
//! - Who is wrong about a guard is told `KERN_INVALID_ARGUMENT` or, where it would have destroyed the right,
//!   `KERN_INVALID_RIGHT`, and gets no exception. `mach_port_assert_attributes` does end the task.
//! - No port is one of a service, and waiting for a reply lends nothing, so that no port is linked to whoever answers:
//!   the calls about those answer `KERN_INVALID_CAPABILITY` and `KERN_INVALID_ARGUMENT`, as they do for other ports.
//! - Servers that the kernel calls without messages (`mach_subsystem_create`, and the prototype of
//!   `mach_port_allocate_full`) do not exist: `MIG_BAD_ID` and `KERN_INVALID_VALUE`, as in Darwin today.
//! - Darwin's `vm_map` takes memory entries, and the port of a memory manager as Mach 3's does; `vm_msync` does not wait
//!   for the manager, which gives no answer.
//! - Volatile memory is thrown away when somebody asks for it (`VM_PURGABLE_PURGE_ALL`), and never otherwise.
//! - Maps are not nested, and no object has others behind it: every depth that is told is 0.
//! - A program of 32 bits calls `vm_map`, whose messages are those of `vm32_map` there; in the wide ABI, where the two
//!   differ and have the same identifiers, `vm_map` is what is served.
//! - Options of ports about the importance and the sleep of programs are accepted, and have nothing to act on.
//!
//! # Reading order
//! `ipc` is ports, rights, names and messages; `trap` the doors that a task comes in by; `kobject` how the kernel serves
//! requests to its own ports; `server` what it answers; `vm` is memory; `exception` what becomes of a thread that cannot
//! go on. `effect` is how anything follows from anything. [`names`] is a program that most others want.

mod budget;
mod buffer;
mod census;
mod effect;
mod event_counter;
mod events;
mod exception;
pub mod graph;
mod host;
mod in_kernel;
mod ipc;
mod kernel;
mod kobject;
#[cfg(all(test, loom))]
mod models;
pub mod names;
mod processor_set;
mod sampling;
mod schedule;
mod server;
mod special;
mod sync;
mod task;
mod thread;
mod trace;
mod trap;
mod vm;

pub use budget::Resource;
pub use census::Census;
pub use event_counter::EventCounter;
pub use kernel::{Config, Kernel, Order};
pub use task::{ProgramMemory, Task, TaskMemory, Word};
pub use thread::{Processor, Terminated, Thread};
pub use trace::Trace;
