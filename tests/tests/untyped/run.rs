//! Makes a recorded call in memory, with or without interference.

use std::sync::{Arc, Mutex};

use mig_rt::loopback::{PortAccounts, Stage};
use mig_rt::transport::{Failed, Left};
use mig_rt::{AuditToken, MsgReturn, Operation, SecurityToken};

use crate::recorded::{Case, Values};
use crate::side::{ANSWERS, Call, Kernel, Routine, SERVICE, Service, Table};

/// What was seen of one call.
pub(crate) struct Seen {
    pub(crate) code: i32,
    /// How often the server's method was called.
    pub(crate) served: usize,
    pub(crate) messages: Vec<Message>,
    /// What client and server gave, and what they got.
    pub(crate) gave: [Values; 2],
    pub(crate) got: [Values; 2],
    /// Values of C, and what Rust makes of them.
    pub(crate) replaced: Vec<[Vec<u8>; 2]>,
    pub(crate) leaks: Vec<String>,
}

pub(crate) struct Message {
    pub(crate) request: bool,
    pub(crate) stage: Stage,
    pub(crate) operation: Operation,
    pub(crate) bytes: Vec<u8>,
}

impl Message {
    /// Bytes of the message as its header has them, without what the kernel says behind it.
    pub(crate) fn size(&self) -> usize {
        let bytes = [4, 5, 6, 7].map(|it| self.bytes[it]);
        (u32::from_le_bytes(bytes) as usize).min(self.bytes.len())
    }
}

impl Seen {
    pub(crate) fn message(&self, request: bool, stage: Stage) -> Option<&Message> {
        self.messages.iter().find(|it| it.request == request && it.stage == stage)
    }
}

/// What a tap does to a message.
pub(crate) type Meddle = Box<dyn FnMut(&mut Message) -> Result<(), Failed> + Send>;

pub(crate) fn untouched() -> Meddle {
    Box::new(|_| Ok(()))
}

/// What a call gives.
pub(crate) struct Plan {
    pub(crate) inputs: Values,
    pub(crate) answers: Values,
    /// What the server's method returns.
    pub(crate) code: i32,
    /// The routine that is served.
    pub(crate) served: &'static Routine,
}

/// A call that can be made again and again.
pub(crate) struct Replay {
    pub(crate) table: &'static Table,
    pub(crate) routine: &'static Routine,
    pub(crate) case: Case,
}

impl Replay {
    pub(crate) fn name(&self) -> String {
        format!("{} {} {}", self.case.abi, self.table.set, self.case.routine)
    }

    /// The call as it was recorded.
    pub(crate) fn plan(&self) -> Plan {
        let (inputs, answers) = (self.case.inputs.clone(), self.case.answers.clone());
        Plan { inputs, answers, code: 0, served: self.routine }
    }

    /// Makes the call as it was recorded.
    pub(crate) fn run(&self, meddle: Meddle) -> Seen {
        self.run_as(self.plan(), meddle)
    }

    /// Makes the call otherwise.
    pub(crate) fn run_as(&self, plan: Plan, meddle: Meddle) -> Seen {
        let via = Kernel::named(Service, &[(self.table.subsystem)()], SERVICE, ANSWERS);
        via.set_sequence(SERVICE, 42);
        via.set_sender(SecurityToken { user: 501, group: 20 }, AuditToken(std::array::from_fn(|it| 0xa0 + it as u32)));
        via.set_context(0x1122_3344_5566_7788);
        let messages = log_messages(&via, meddle);
        let Plan { inputs, answers, code, served } = plan;
        let args = [self.routine.args, served.args];
        let side = Call::begin(&via, self.case.abi, args, [inputs, answers], code);
        let call = side.call.clone();
        let code = (self.routine.call)(side);
        call.end();
        Seen {
            code,
            served: call.served.get(),
            messages: std::mem::take(&mut *messages.lock().expect("no test panics with it")),
            gave: [call.gives[0].take(), call.gives[1].take()],
            got: [call.got[0].take(), call.got[1].take()],
            replaced: call.replaced.take(),
            leaks: leaks(&via),
        }
    }
}

/// Shows every message to `meddle`, and keeps it.
fn log_messages(via: &Kernel, mut meddle: Meddle) -> Arc<Mutex<Vec<Message>>> {
    let messages: Arc<Mutex<Vec<Message>>> = Arc::default();
    let log = messages.clone();
    let mut asked = false;
    via.tap(move |tapped| {
        asked |= tapped.request;
        if !asked {
            // Nobody would answer, and the call would wait for ever.
            return Err(Failed { code: MsgReturn::SEND_INVALID_DEST, left: Left::Untouched });
        }
        let (request, stage, operation) = (tapped.request, tapped.stage, tapped.operation);
        let mut message = Message { request, stage, operation, bytes: tapped.bytes.clone() };
        let result = meddle(&mut message);
        tapped.bytes.clone_from(&message.bytes);
        log.lock().expect("no test panics with it").push(message);
        result
    });
    messages
}

/// What still exists: the service's port alone, unless something leaked.
fn leaks(via: &Kernel) -> Vec<String> {
    let accounts = via.accounts();
    let mut leaks = accounts.faults.clone();
    let idle = PortAccounts { receive: true, ..Default::default() };
    let ports = accounts.ports.iter().filter(|(name, it)| **it != idle || **name != SERVICE);
    leaks.extend(ports.map(|it| format!("{it:?}")));
    leaks.extend(accounts.regions.iter().map(|it| format!("memory at {it:?}")));
    leaks
}
