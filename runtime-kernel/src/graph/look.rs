//! Looking at a kernel: spaces first, then the ports that are found, and those that messages in their queues lead to.

use std::collections::HashSet;
use std::sync::Arc;

use mig_rt::{Address, MsgId, PortName, RightKind};

use super::{Graph, Message, Name, Port, Region, Task};
use crate::ipc::message;
use crate::ipc::port;
use crate::ipc::space::{Entry, Held, SpaceState};
use crate::task::TaskObject;
use crate::trace::{Tracing, object_name, routine};
use crate::vm::map::Found;

/// Looks at everything, taking one space or port at a time.
pub(crate) fn look(tasks: &[Arc<TaskObject>], tracing: &Tracing) -> Graph {
    let mut walk =
        Walk { tracing, routines: tracing.routines(), found: Vec::new(), seen: HashSet::new(), objects: Vec::new() };
    let tasks = tasks.iter().filter_map(|it| {
        let names = walk.space(&it.space.lock())?;
        let memory = it.map.regions().into_iter().map(|it| walk.region(&it)).collect();
        Some(Task { name: it.name.clone(), names, memory })
    });
    let tasks = tasks.collect();
    let mut ports = Vec::new();
    // The queues of ports lead to others.
    while let Some(port) = walk.found.get(ports.len()).cloned() {
        ports.push(walk.port(&port));
    }
    Graph { tasks, ports }
}

struct Walk<'a> {
    tracing: &'a Tracing,
    /// Names of routines that the kernel does not know by itself.
    routines: Vec<(MsgId, &'static str)>,
    found: Vec<Arc<port::Port>>,
    seen: HashSet<u64>,
    /// Numbers of objects of memory.
    objects: Vec<u32>,
}

impl Walk<'_> {
    fn find(&mut self, port: &Arc<port::Port>) -> u32 {
        if self.seen.insert(port.id) {
            self.found.push(port.clone());
        }
        self.tracing.number(port)
    }

    /// The names of a space; nothing if its task has ended.
    fn space(&mut self, space: &SpaceState) -> Option<Vec<Name>> {
        if !space.alive {
            return None;
        }
        let names = space.names().filter_map(|name| {
            let entry = space.peek(name)?;
            let (rights, references, ports) = self.entry((space.number, name), entry);
            let receivers = match &entry.held {
                Held::Set(set) => set.lock().receivers.len(),
                _ => 0,
            };
            Some(Name { name, rights, references, ports, receivers })
        });
        Some(names.collect())
    }

    fn region(&mut self, found: &Found) -> Region {
        let (entry, it) = (&found.entry, found.entry.attributes);
        let object =
            entry.object.as_ref().map(|object| match self.objects.iter().position(|it| *it == object.number) {
                Some(at) => at as u32 + 1,
                None => {
                    self.objects.push(object.number);
                    self.objects.len() as u32
                }
            });
        Region {
            start: Address(found.range.start),
            end: Address(found.range.end),
            protection: it.protection,
            maximum: it.maximum,
            inheritance: it.inheritance,
            object,
            offset: entry.offset,
            resident: entry.resident(&found.range),
            away: entry.object.as_ref().map_or(0, |it| it.away(entry.offsets(found.range.start, &found.range))),
            manager: entry.object.as_ref().and_then(|it| it.ports().manager).map(|it| self.find(&it)),
            wired: it.wired,
            shared: entry.is_shared(),
        }
    }

    fn entry(&mut self, (space, name): (u32, PortName), entry: &Entry) -> (Vec<RightKind>, u32, Vec<u32>) {
        let rights = match &entry.held {
            Held::Send(_) => vec![RightKind::SEND],
            Held::Receive(_) => vec![RightKind::RECEIVE],
            Held::Both(_) => vec![RightKind::RECEIVE, RightKind::SEND],
            Held::SendOnce(_) => vec![RightKind::SEND_ONCE],
            Held::Dead => vec![RightKind::DEAD_NAME],
            Held::Set(set) => {
                let members = set.lock().members.values().map(|it| self.find(it)).collect();
                return (vec![RightKind::PORT_SET], 0, members);
            }
        };
        match entry.held.port() {
            Some(port) if port.is_alive() => (rights, entry.references, vec![self.find(port)]),
            // What it becomes as soon as its task looks at it.
            Some(_) => (vec![RightKind::DEAD_NAME], entry.dead_references(space, name), Vec::new()),
            None => (rights, entry.references, Vec::new()),
        }
    }

    fn port(&mut self, port: &Arc<port::Port>) -> Port {
        let number = self.tracing.number(port);
        let object = port.object().map(object_name);
        let state = port.lock();
        Port {
            number,
            object,
            sends: port.send_count(),
            send_onces: port.send_once_count(),
            limit: state.limit,
            queue: state.queue.iter().map(|it| self.message(it)).collect(),
            senders: state.rare.blocked.iter().map(|it| self.message(it.message())).collect(),
            receivers: state.rare.receivers.len(),
        }
    }

    fn message(&mut self, it: &message::Message) -> Message {
        let once = it.to.as_ref().is_some_and(|it| it.is_once());
        let rights = std::iter::once(&it.reply).chain(it.rights()).filter_map(|it| {
            let port = it.port().filter(|it| it.is_alive())?;
            Some((it.disposition().owned()?, self.find(port)))
        });
        let rights = rights.collect();
        Message { name: routine(it.abi, it.id(), once, &self.routines).0, rights, memory: it.memory() }
    }
}
