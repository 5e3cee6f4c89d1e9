//! What a kernel holds, counted from what can be reached: the books of ports are compared with it.
//!
//! The walk starts at tasks' spaces and at what the kernel itself keeps, and goes on through queued messages, messages of
//! blocked senders and armed requests. It holds one lock at a time, so it is exact only while nothing runs: what a
//! running thread has in its hands is in no place where the walk looks.

mod check;
mod local;
#[cfg(all(test, not(loom)))]
mod tests;
mod walk;

use std::fmt;

pub(crate) use check::check;
pub(crate) use walk::Walk;

/// How much a kernel holds, from [`Kernel::census`](crate::Kernel::census): to say that it is as empty as before.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Census {
    /// Tasks that have not ended.
    pub tasks: usize,
    /// Names of all tasks.
    pub names: usize,
    /// Ports that live, the kernel's own among them.
    pub ports: usize,
    /// Dead ports that some name which nobody has looked at since still stands for.
    pub dead_ports: usize,
    /// Port sets.
    pub sets: usize,
    /// Send rights to ports that live, wherever they are: one for each name whatever its user references.
    pub sends: usize,
    /// Send-once rights to ports that live, wherever they are.
    pub send_onces: usize,
    /// Messages in queues.
    pub messages: usize,
    /// Threads that wait for room, each with a message.
    pub senders: usize,
    /// Threads that wait for a message.
    pub receivers: usize,
    /// Regions of memory of all tasks.
    pub regions: usize,
    /// Pages of memory that exist, in tasks, in messages and in memory entries: those that copies share count once.
    pub pages: usize,
    /// Bytes of memory that messages carry out of line.
    pub carried_bytes: usize,
}

impl fmt::Display for Census {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Census { tasks, names, ports, dead_ports, sets, sends, .. } = self;
        let Census { send_onces, messages, senders, receivers, regions, pages, carried_bytes, .. } = self;
        write!(
            f,
            "{tasks} tasks, {names} names, {ports} ports ({dead_ports} dead), {sets} sets, {sends} send rights, "
        )?;
        write!(f, "{send_onces} send-once rights, {messages} messages, {senders} blocked senders, ")?;
        write!(f, "{receivers} receivers, {regions} regions, {pages} pages, {carried_bytes} bytes in messages")
    }
}
