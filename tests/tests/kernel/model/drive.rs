//! One operation at a time, on the kernel and on the model, and a comparison of everything that can be seen.

use std::collections::BTreeSet;

use generated::{darwin, mach3};
use mig_rt::{
    AbiId, Arrived, Disposition, Failed, MsgOptions, PortName, ReceiveRight, RightKind, SendRight, Timeout,
    TrailerElements, Transport,
};
use runtime_kernel::{Census, Kernel, Task};

use super::calls::{Status, can_allocate};
use super::messages::Named;
use super::operation::{Act, Name, Operation, TASKS};
use super::ports::{Model, What};
use super::wire::is_untyped;

/// Names of a task, beyond which it makes no new ones.
const MOST_NAMES: usize = 24;

/// A call of a task in its own ABI.
macro_rules! call {
    ($abi:expr, $routine:ident($($argument:expr),*)) => {
        match $abi {
            abi if is_untyped(abi) => darwin::mach_port::any::$routine(abi, $($argument),*),
            abi => mach3::mach_port::any::$routine(abi, $($argument),*),
        }
    };
}

/// The ABI for a call that Darwin has in another form.
fn typed(abi: AbiId) -> AbiId {
    if is_untyped(abi) { AbiId::GnumachI386 } else { abi }
}

/// How often to look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Watch {
    /// Steps between two censuses.
    pub(crate) census: usize,
    /// Whether names are looked at after each step, so that none stays stale.
    pub(crate) eager: bool,
    /// Whether chosen names are those that the kernel would choose.
    pub(crate) low_names: bool,
    /// Of each task: what it writes, and what the kernel writes to it.
    pub(crate) abis: [AbiId; TASKS],
}

/// A task of the kernel that the model knows too.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) task: Task,
    pub(super) me: SendRight<Task>,
    pub(super) reply: PortName,
    /// Names that belong to stubs.
    reserved: BTreeSet<u32>,
}

impl Slot {
    fn new(kernel: &Kernel, abi: AbiId) -> Slot {
        let task = kernel.task("task", abi);
        let me = task.self_port();
        let reply = task.reply_port().unwrap();
        let reserved = task.rights().into_iter().map(|it| it.0.0).collect();
        Slot { task, me, reply, reserved }
    }
}

/// The kernel and the model of it.
pub(crate) struct Pair {
    pub(super) kernel: Kernel,
    pub(super) slots: Vec<Slot>,
    pub(super) model: Model,
    watch: Watch,
    /// What there is when the model has nothing.
    empty: Census,
    step: usize,
}

pub(super) type Checked<X = ()> = Result<X, String>;

/// The same, or what differs.
pub(super) fn same<X: PartialEq + std::fmt::Debug>(what: &str, kernel: X, model: X) -> Checked {
    if kernel == model { Ok(()) } else { Err(format!("{what}: the kernel says {kernel:x?}, and the model {model:x?}")) }
}

pub(super) fn code<X>(it: Result<X, mig_rt::Error>) -> Result<X, i32> {
    it.map_err(|it| it.code())
}

impl Pair {
    pub(crate) fn new(watch: Watch) -> Pair {
        let kernel = Kernel::default();
        let slots: Vec<Slot> = watch.abis.iter().map(|abi| Slot::new(&kernel, *abi)).collect();
        let model = Model::of_tasks(&watch.abis);
        let empty = kernel.census();
        Pair { kernel, slots, model, watch, empty, step: 0 }
    }

    /// Does an operation and compares.
    pub(crate) fn step(&mut self, operation: &Operation) -> Checked {
        let task = operation.task;
        self.step += 1;
        let full = self.model.tasks[task].len() > MOST_NAMES;
        match &operation.act {
            Act::Allocate(_) | Act::AllocateName(..) | Act::Extract(_) | Act::Give(..) if full => {
                self.act(task, &Act::Destroy(Name::Any(self.step as u8)))?;
            }
            act => self.act(task, act)?,
        }
        self.model.settle();
        if self.watch.eager {
            self.compare_names(task)?;
        }
        if self.step.is_multiple_of(self.watch.census) {
            self.compare_census()?;
        }
        Ok(())
    }

    /// The end: every task is looked at, and dies.
    pub(crate) fn finish(&mut self) -> Checked {
        for task in 0..TASKS {
            self.look(task)?;
        }
        for task in 0..TASKS {
            self.kill(task);
            self.compare_census()?;
        }
        same("ports at the end", 0, self.model.ports.len())
    }

    /// The name that is meant.
    pub(super) fn pick(&self, task: usize, name: Name) -> u32 {
        let names = &self.model.tasks[task];
        let is = |what: What| match name {
            Name::Send(_) => matches!(what, What::Send(_) | What::Both(_)),
            Name::Receive(_) => matches!(what, What::Receive(_) | What::Both(_)),
            Name::Once(_) => matches!(what, What::Once(_)),
            Name::Set(_) => matches!(what, What::Set(_)),
            Name::Dead(_) => matches!(what, What::Dead),
            _ => true,
        };
        match name {
            Name::Null => 0,
            Name::Invalid => u32::MAX,
            Name::Chosen(n) if self.watch.low_names => (u32::from(n) + 3) << 8 | u32::from(n % 4),
            Name::Chosen(n) => 0x7000_0000 + u32::from(n) * 0x101,
            Name::Any(n) | Name::Send(n) | Name::Receive(n) | Name::Once(n) | Name::Set(n) | Name::Dead(n) => {
                let such: Vec<u32> = names.iter().filter(|it| is(it.1.what)).map(|it| *it.0).collect();
                let n = usize::from(n);
                match (such.len(), names.len()) {
                    (0, 0) => 0x7000_ffff,
                    (0, all) => *names.keys().nth(n % all).expect("it is below their number"),
                    (some, _) => such[n % some],
                }
            }
        }
    }

    fn act(&mut self, task: usize, act: &Act) -> Checked {
        match act {
            Act::Allocate(kind) => self.allocate(task, *kind),
            Act::Give(name, to) => self.give(task, *name, *to),
            Act::Request { name, id, sync, notify } => self.request(task, *name, (*id, *sync), *notify),
            Act::Insert(name, right) => self.insert(task, *name, *right),
            Act::Extract(right) => self.extract(task, *right),
            Act::Send { to, reply, rights, memory, notify } => self.send(task, (*to, *reply), rights, *memory, *notify),
            Act::Receive { name, limit, large } => self.receive(task, *name, (*limit, *large)),
            // The order in which a task's rights go is that of its names, where the kernel has chosen them all.
            Act::Kill if self.watch.low_names => Ok(()),
            Act::Kill => {
                self.kill(task);
                Ok(())
            }
            Act::Look => self.look(task),
            Act::Status(name) => self.status(task, *name),
            Act::Members(name) => self.members(task, *name),
            simple => self.simple(task, simple),
        }
    }

    /// Calls that answer with a code, or with a number.
    fn simple(&mut self, task: usize, act: &Act) -> Checked {
        let pick = |it: Name| self.pick(task, it);
        let port = |it: Name| PortName(pick(it));
        let (me, abi) = (&self.slots[task].me, self.model.abis[task]);
        let (kernel, model) = match *act {
            Act::AllocateName(kind, name) => {
                let kernel = call!(abi, mach_port_allocate_name(me, kind, port(name)));
                (kernel, self.model.allocate_name(task, kind, self.pick(task, name)))
            }
            Act::Rename(old, new) => {
                let (old, new) = (pick(old), pick(new));
                let kernel = call!(abi, mach_port_rename(me, PortName(old), PortName(new)));
                (kernel, self.model.rename(task, old, new))
            }
            Act::Destroy(name) => {
                let name = pick(name);
                (call!(abi, mach_port_destroy(me, PortName(name))), self.model.destroy(task, name))
            }
            Act::Deallocate(name) => {
                let name = pick(name);
                (call!(abi, mach_port_deallocate(me, PortName(name))), self.model.deallocate(task, name))
            }
            Act::ModRefs(name, kind, delta) => {
                let name = pick(name);
                let kernel = call!(abi, mach_port_mod_refs(me, PortName(name), kind, delta));
                (kernel, self.model.mod_refs(task, name, kind, delta))
            }
            Act::GetRefs(name, kind) => {
                let name = pick(name);
                let kernel = call!(abi, mach_port_get_refs(me, PortName(name), kind));
                let model = self.model.get_refs(task, name, kind);
                return same("references", code(kernel), model.map_err(|it| it.code()));
            }
            _ => return self.receiving(task, act),
        };
        same("result", code(kernel), model.map_err(|it| it.code()))
    }

    /// The same of receive rights and sets.
    fn receiving(&mut self, task: usize, act: &Act) -> Checked {
        let pick = |it: Name| self.pick(task, it);
        let (me, abi) = (&self.slots[task].me, self.model.abis[task]);
        let (kernel, model) = match *act {
            Act::SetLimit(name, limit) => {
                let name = pick(name);
                let kernel = mach3::mach_port::any::mach_port_set_qlimit(typed(abi), me, PortName(name), limit);
                (kernel, self.model.set_limit(task, name, limit))
            }
            Act::SetMade(name, count) => {
                let name = pick(name);
                let kernel = call!(abi, mach_port_set_mscount(me, PortName(name), count));
                (kernel, self.model.set_made(task, name, count))
            }
            Act::SetSequence(name, number) => {
                let name = pick(name);
                let kernel = call!(abi, mach_port_set_seqno(me, PortName(name), number));
                (kernel, self.model.set_sequence(task, name, number))
            }
            Act::MoveMember(member, after) => {
                let (member, after) = (pick(member), pick(after));
                let kernel = call!(abi, mach_port_move_member(me, PortName(member), PortName(after)));
                (kernel, self.model.move_member(task, member, after))
            }
            _ => return Ok(()),
        };
        same("result", code(kernel), model.map_err(|it| it.code()))
    }

    fn allocate(&mut self, task: usize, kind: RightKind) -> Checked {
        let kernel = code(call!(self.model.abis[task], mach_port_allocate(&self.slots[task].me, kind)));
        let model = can_allocate(kind).map_err(|it| it.code());
        same("result", kernel.map(drop), model)?;
        if let Ok(PortName(name)) = kernel {
            if name == 0 || name == u32::MAX || self.model.tasks[task].contains_key(&name) {
                return Err(format!("{name:#x} is no new name"));
            }
            self.model.allocate(task, kind, name);
        }
        Ok(())
    }

    fn status(&mut self, task: usize, name: Name) -> Checked {
        let name = self.pick(task, name);
        let kernel = mach3::mach_port::any::mach_port_get_receive_status(
            typed(self.model.abis[task]),
            &self.slots[task].me,
            PortName(name),
        );
        let kernel = kernel.map(|it| Status {
            set: it.mps_pset.0,
            sequence: it.mps_seqno,
            made: it.mps_mscount,
            limit: it.mps_qlimit,
            queued: it.mps_msgcount,
            onces: it.mps_sorights,
            sends: it.mps_srights,
            destroyed: it.mps_pdrequest,
            no_senders: it.mps_nsrequest,
        });
        same("status", code(kernel), self.model.status(task, name).map_err(|it| it.code()))
    }

    fn members(&mut self, task: usize, name: Name) -> Checked {
        let name = self.pick(task, name);
        let kernel = mach3::mach_port::any::mach_port_get_set_status(
            typed(self.model.abis[task]),
            &self.slots[task].me,
            PortName(name),
        );
        let kernel = kernel.and_then(|it| {
            let mut names: Vec<u32> = it.iter()?.map(|it| it.0).collect();
            names.sort_unstable();
            Ok(names)
        });
        same("members", code(kernel), self.model.members(task, name).map_err(|it| it.code()))
    }

    fn give(&mut self, task: usize, name: Name, to: usize) -> Checked {
        let name = self.pick(task, name);
        if self.model.tasks[to].len() > MOST_NAMES {
            return Ok(());
        }
        // SAFETY: whatever the name stands for, the value is given up before it could release it.
        #[allow(unsafe_code, reason = "names as in C")]
        let right = unsafe { ReceiveRight::from_raw(PortName(name), self.slots[task].task.clone()) };
        let kernel = self.slots[task].task.give_send(&right, &self.slots[to].task).map(SendRight::into_raw);
        right.into_raw();
        let model = self.model.make_for(task, name);
        same("result", kernel.map(drop), model.map(drop))?;
        if let (Ok(name), Ok(right)) = (kernel, model) {
            self.model.give(to, right, name.0)?;
        }
        if self.watch.eager { self.compare_names(to) } else { Ok(()) }
    }

    fn kill(&mut self, task: usize) {
        self.slots[task].task.terminate();
        self.model.kill(task);
        self.slots[task] = Slot::new(&self.kernel, self.model.abis[task]);
    }

    /// Names and their bits.
    fn compare_names(&self, task: usize) -> Checked {
        let slot = &self.slots[task];
        let own = |it: &(PortName, u32)| !slot.reserved.contains(&it.0.0);
        let mut kernel: Vec<(u32, u32)> = slot.task.rights().into_iter().filter(own).map(|it| (it.0.0, it.1)).collect();
        kernel.sort_unstable();
        let names = self.model.tasks[task].keys();
        same(&format!("names of task {task}"), kernel, names.map(|it| (*it, self.model.bits(task, *it))).collect())
    }

    /// Names, bits and references.
    fn look(&self, task: usize) -> Checked {
        self.compare_names(task)?;
        for (name, entry) in &self.model.tasks[task] {
            let kind = if entry.what == What::Dead { RightKind::DEAD_NAME } else { RightKind::SEND };
            let kernel = call!(self.model.abis[task], mach_port_get_refs(&self.slots[task].me, PortName(*name), kind));
            same(&format!("references of {name:#x} in task {task}"), code(kernel), Ok(entry.references))?;
        }
        Ok(())
    }

    fn compare_census(&self) -> Checked {
        self.model.conserved()?;
        self.kernel.check()?;
        let (now, empty, ports) = (self.kernel.census(), self.empty, self.model.ports.values());
        let kernel = [
            now.names - empty.names,
            now.ports - empty.ports,
            now.sets,
            now.sends - empty.sends,
            now.send_onces,
            now.messages,
            now.regions,
        ];
        let (mut sends, mut onces, mut messages) = (0, 0, 0);
        for it in ports {
            sends += it.sends as usize;
            onces += it.onces as usize;
            messages += it.queue.len();
        }
        let names = self.model.tasks.iter().map(|it| it.len()).sum();
        let model = [names, self.model.ports.len(), self.model.sets.len(), sends, onces, messages, 0];
        same("names, ports, sets, send rights, send-once rights, messages and regions", kernel, model)
    }

    /// `mach_msg` without waiting.
    pub(super) fn msg(
        &self,
        task: usize,
        bytes: &mut Vec<u8>,
        (send, receive): (bool, Option<PortName>),
        (limit, large): (usize, bool),
        notify: Option<u32>,
    ) -> Result<Arrived, Failed> {
        let abi = self.model.abis[task];
        let option = if is_untyped(abi) { MsgOptions::DARWIN_SEND_NOTIFY } else { MsgOptions::SEND_NOTIFY };
        let operation = mig_rt::Operation {
            send,
            receive,
            send_timeout: Some(Timeout(0)),
            receive_timeout: Some(Timeout(0)),
            large,
            options: if notify.is_some() { option } else { MsgOptions::NONE },
            trailer: TrailerElements::Sequence,
            ..mig_rt::Operation::default()
        };
        self.slots[task].task.mach_msg(abi, operation, PortName(notify.unwrap_or(0)), bytes, limit)
    }

    pub(super) fn named(&self, task: usize, (name, how): (Name, Disposition)) -> Named {
        (self.pick(task, name), how)
    }
}
