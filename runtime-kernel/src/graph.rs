//! Tasks, ports, rights and memory at a moment: a plain value, and pictures of it.
//!
//! [`Kernel::graph`](crate::Kernel::graph) takes it. It is of one moment if no thread runs meanwhile, and always in a
//! seeded kernel; otherwise each task and each port is as it was when it was looked at.
//!
//! The same history gives the same graph, byte for byte: tasks stand in the order of their making, names in the order of
//! their spaces, and ports have numbers in the order in which they were first seen, by a [`Trace`](crate::Trace) or here.

mod dot;
mod layout;
mod look;
mod svg;

use std::fmt;

use mig_rt::{Address, Inherit, PortName, Protection, RightKind};

use crate::vm::PAGE;

pub(crate) use look::look;

/// Messages of a queue that pictures show, at most.
const SHOWN: usize = 8;

/// What [`Kernel::graph`](crate::Kernel::graph) saw.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Graph {
    /// The tasks that live.
    pub tasks: Vec<Task>,
    /// Every port that a name, or a right in a message, leads to.
    pub ports: Vec<Port>,
}

/// A task, its names and its memory.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Task {
    /// What it was called when it was made.
    pub name: String,
    /// What it calls its rights.
    pub names: Vec<Name>,
    /// What its addresses mean.
    pub memory: Vec<Region>,
}

/// Addresses of a task that mean a part of one object, with the same rights.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Region {
    /// The first address.
    pub start: Address,
    /// The first address behind it.
    pub end: Address,
    /// What may be done now.
    pub protection: Protection,
    /// What may be done at most.
    pub maximum: Protection,
    /// What a new task gets of it.
    pub inheritance: Inherit,
    /// The object, numbered in the order in which objects were found; none if nobody has touched the memory.
    pub object: Option<u32>,
    /// Of the first address, in the object.
    pub offset: u64,
    /// Pages that are there.
    pub resident: u64,
    /// Pages that are elsewhere, and are fetched when somebody wants them: a copy's, which its origin has, or those that
    /// were paged out.
    pub away: u64,
    /// The port of the memory manager that has the object, if it has one that lives.
    pub manager: Option<u32>,
    /// How often it is wired.
    pub wired: u32,
    /// Whether others may see the same memory.
    pub shared: bool,
}

/// A name in a task.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Name {
    /// The name.
    pub name: PortName,
    /// The rights it stands for.
    pub rights: Vec<RightKind>,
    /// User references of its send right, or of the dead name.
    pub references: u32,
    /// The number of the port; of a set, the numbers of its members.
    pub ports: Vec<u32>,
    /// Threads that wait for a message of the set.
    pub receivers: usize,
}

/// A port.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Port {
    /// What it is called in traces and pictures.
    pub number: u32,
    /// What it stands for, if the kernel receives from it.
    pub object: Option<String>,
    /// Send rights that exist, in tasks, in messages and in the kernel.
    pub sends: u32,
    /// Send-once rights that exist.
    pub send_onces: u32,
    /// Messages that its queue holds before senders must wait.
    pub limit: u32,
    /// Messages in the queue.
    pub queue: Vec<Message>,
    /// Messages of threads that wait for room in the queue.
    pub senders: Vec<Message>,
    /// Threads that wait for a message of this port itself.
    pub receivers: usize,
}

/// A message in a queue.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Message {
    /// The routine it belongs to, or its number.
    pub name: String,
    /// Rights that it carries, the reply's first, and the numbers of their ports.
    pub rights: Vec<(RightKind, u32)>,
    /// Bytes of memory that it carries.
    pub memory: usize,
}

impl Graph {
    /// As a graph in the language of Graphviz.
    pub fn dot(&self) -> String {
        dot::dot(self)
    }

    /// As a picture, complete in itself.
    pub fn svg(&self) -> String {
        svg::svg(self)
    }
}

impl Name {
    /// The name and its rights in words.
    fn label(&self) -> String {
        let rights: Vec<&str> = self.rights.iter().map(|it| kind(*it)).collect();
        let dead = if self.rights == [RightKind::DEAD_NAME] { counted(self.references) } else { String::new() };
        let waiting = if self.receivers > 0 { format!(", {} waiting", self.receivers) } else { String::new() };
        format!("{} {}{dead}{waiting}", self.name, rights.join(" + "))
    }
}

impl Port {
    /// Its number, and what it stands for.
    fn title(&self) -> String {
        match &self.object {
            Some(it) => format!("p{} {it}", self.number),
            None => format!("p{}", self.number),
        }
    }

    /// How many rights to it exist.
    fn counts(&self) -> String {
        match (self.sends, self.send_onces) {
            (0, 0) => "no senders".to_owned(),
            (sends, 0) => format!("{sends} send"),
            (0, onces) => format!("{onces} send-once"),
            (sends, onces) => format!("{sends} send, {onces} send-once"),
        }
    }

    /// The messages that pictures show and what they call them: those of the queue first, then those of threads that wait
    /// for room.
    fn shown(&self) -> Vec<(&Message, String)> {
        let queued = self.queue.iter().map(|it| (it, it.label()));
        let waiting = self.senders.iter().map(|it| (it, format!("waits: {}", it.label())));
        queued.chain(waiting).take(SHOWN).collect()
    }

    /// What pictures say below the messages: how many more there are, and who waits for one.
    fn rest(&self) -> Vec<String> {
        let more = (self.queue.len() + self.senders.len()).saturating_sub(SHOWN);
        let more = (more > 0).then(|| format!("and {more} more"));
        more.into_iter().chain(self.waiting()).collect()
    }

    /// Who waits for a message, in words.
    fn waiting(&self) -> Option<String> {
        match self.receivers {
            0 => None,
            1 => Some("1 thread waits to receive".to_owned()),
            more => Some(format!("{more} threads wait to receive")),
        }
    }
}

/// Addresses, rights and the object in one line.
impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rights = |it: Protection| {
            let bit = |bit, letter| if it.has(bit) { letter } else { '-' };
            [bit(Protection::READ, 'r'), bit(Protection::WRITE, 'w'), bit(Protection::EXECUTE, 'x')]
        };
        let (now, most) = (rights(self.protection), rights(self.maximum));
        let inheritance = match self.inheritance {
            Inherit::SHARE => "share",
            Inherit::COPY => "copy",
            _ => "none",
        };
        write!(f, "{:#x}-{:#x} {}/{} {inheritance}", self.start.0, self.end.0, text(now), text(most))?;
        match self.object {
            Some(number) => write!(f, ", object {number} at {:#x}", self.offset)?,
            None => f.write_str(", untouched")?,
        }
        write!(f, ", {} of {} pages", self.resident, (self.end.0 - self.start.0) / PAGE)?;
        if self.away > 0 {
            write!(f, ", {} away", self.away)?;
        }
        if let Some(port) = self.manager {
            write!(f, ", managed at p{port}")?;
        }
        if self.shared {
            f.write_str(", shared")?;
        }
        if self.wired > 0 { write!(f, ", wired{}", counted(self.wired)) } else { Ok(()) }
    }
}

fn text(letters: [char; 3]) -> String {
    letters.iter().collect()
}

impl Message {
    fn label(&self) -> String {
        if self.memory == 0 { self.name.clone() } else { format!("{}, {} bytes", self.name, self.memory) }
    }
}

fn kind(it: RightKind) -> &'static str {
    match it {
        RightKind::SEND => "send",
        RightKind::RECEIVE => "receive",
        RightKind::SEND_ONCE => "send-once",
        RightKind::PORT_SET => "set",
        _ => "dead",
    }
}

/// A count where it says anything.
fn counted(count: u32) -> String {
    if count > 1 { format!(" ×{count}") } else { String::new() }
}

/// A line for each name, region of memory, port and message.
impl fmt::Display for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers = |it: &[u32]| it.iter().map(|it| format!(" p{it}")).collect::<String>();
        for task in &self.tasks {
            writeln!(f, "task {}", task.name)?;
            for it in &task.names {
                let sends = it.rights.contains(&RightKind::SEND);
                let count = if sends { counted(it.references) } else { String::new() };
                writeln!(f, "    {}{count}{}", it.label(), numbers(&it.ports))?;
            }
            task.memory.iter().try_for_each(|it| writeln!(f, "    memory {it}"))?;
        }
        for port in &self.ports {
            writeln!(f, "port {}: {}", port.title(), port.counts())?;
            let waiting = port.senders.iter().map(|it| ("waits: ", it));
            for (state, it) in port.queue.iter().map(|it| ("", it)).chain(waiting) {
                let rights = it.rights.iter().map(|(right, port)| format!(", {} p{port}", kind(*right)));
                writeln!(f, "    {state}{}{}", it.label(), rights.collect::<String>())?;
            }
            if let Some(it) = port.waiting() {
                writeln!(f, "    {it}")?;
            }
        }
        Ok(())
    }
}
