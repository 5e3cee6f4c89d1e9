//! What was recorded: plain values, in the order of events.

use std::collections::{BTreeMap, VecDeque};
use std::thread::ThreadId;
use std::time::Duration;

use mig_rt::{MsgId, MsgReturn};

use super::text;
use crate::thread;

/// Who is told of each message.
type Live = Box<dyn FnMut(&str) + Send>;

/// The record: the last events that there were, and the messages that they are about or that have not ended yet.
pub(super) struct Log {
    /// Names of routines that users have added.
    pub(super) routines: Vec<(MsgId, &'static str)>,
    pub(super) rows: Vec<Row>,
    /// By their numbers.
    pub(super) messages: BTreeMap<usize, Sent>,
    pub(super) events: VecDeque<Event>,
    pub(super) dropped: Dropped,
    /// How many messages there were.
    sent: usize,
    /// Events that are kept.
    limit: usize,
    live: Option<Live>,
}

/// What was recorded and is no longer kept.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Dropped {
    pub(super) events: usize,
    pub(super) messages: usize,
}

/// A thread as part of a task, or as part of the kernel: where events happen.
#[derive(Debug)]
pub(super) struct Row {
    /// The number of the task's space; 0 is the kernel.
    pub(super) space: u32,
    pub(super) task: String,
    /// Empty if no task has started it.
    pub(super) thread: String,
    host: ThreadId,
}

/// A message.
#[derive(Debug, Default)]
pub(super) struct Sent {
    pub(super) at: Duration,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) name: String,
    /// What it carried: size, code, rights, memory.
    pub(super) carries: Vec<String>,
    pub(super) end: Option<(Duration, End)>,
}

/// What became of a message.
#[derive(Debug)]
pub(super) enum End {
    /// The kernel took up the request.
    Served,
    /// Somebody received it, as that number of its port.
    Received { by: String, sequence: u32 },
    /// It went back to its sender, who could not send it.
    TakenBack(MsgReturn),
    /// The kernel refused to take it.
    Refused(MsgReturn),
    /// Nobody could receive it any more.
    Destroyed,
}

/// Something that happened.
#[derive(Debug)]
pub(super) struct Event {
    /// Later than every event before.
    pub(super) at: Duration,
    pub(super) row: usize,
    pub(super) what: What,
}

/// What happened. Messages are told by their numbers.
#[derive(Clone, Copy, Debug)]
pub(super) enum What {
    /// A thread calls `mach_msg`.
    Call { send: bool, receive: bool },
    /// A message was taken in.
    Sent(usize),
    /// It is on its way, or its sender has given up.
    SendOver,
    /// This became of a message.
    End(usize),
    /// The kernel has served a request.
    ServeOver,
    /// The call returns.
    Return(Option<MsgReturn>),
}

/// When and where something happens.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment<'a> {
    pub(super) now: Duration,
    /// The least that lies between two events.
    pub(super) step: Duration,
    pub(super) space: u32,
    pub(super) task: &'a str,
}

impl Log {
    pub(super) fn new(limit: usize, live: Option<Live>) -> Log {
        let (rows, messages, events) = (Vec::new(), BTreeMap::new(), VecDeque::new());
        Log { routines: Vec::new(), rows, messages, events, dropped: Dropped::default(), sent: 0, limit, live }
    }

    /// Notes what the current thread does.
    pub(super) fn event(&mut self, moment: Moment<'_>, what: What) {
        self.note(moment, what);
        self.trim();
    }

    /// Notes a message of the current thread's, and says which it is.
    pub(super) fn sent(&mut self, moment: Moment<'_>, sent: Sent) -> usize {
        let number = self.sent;
        self.sent += 1;
        let row = self.note(moment, What::Sent(number));
        self.messages.insert(number, Sent { at: moment.now, from: self.rows[row].label(), ..sent });
        self.trim();
        number
    }

    /// Notes what became of a message.
    pub(super) fn end(&mut self, moment: Moment<'_>, number: usize, mut end: End) {
        let row = self.note(moment, What::End(number));
        if let End::Received { by, .. } = &mut end {
            *by = self.rows[row].label();
        }
        let message = self.messages.get_mut(&number).expect("a message is kept until its end is dropped");
        message.end = Some((moment.now, end));
        if let Some(live) = &mut self.live {
            live(&text::line(number, message, text::LIVE));
        }
        self.trim();
    }

    /// The message that an event is about.
    pub(super) fn message(&self, number: usize) -> &Sent {
        self.messages.get(&number).expect("a message is kept for as long as its events")
    }

    /// The row that an event is noted in.
    fn note(&mut self, moment: Moment<'_>, what: What) -> usize {
        let row = self.row(moment.space, moment.task);
        let least = self.events.back().map_or(Duration::ZERO, |it| it.at + moment.step);
        self.events.push_back(Event { at: moment.now.max(least), row, what });
        row
    }

    /// Drops the oldest events beyond the limit, and each message with its end: so no event is left of a message that
    /// is gone, and a message that waits is kept.
    fn trim(&mut self) {
        while self.events.len() > self.limit {
            let Some(oldest) = self.events.pop_front() else { return };
            self.dropped.events += 1;
            if let What::End(number) = oldest.what {
                self.messages.remove(&number);
                self.dropped.messages += 1;
            }
        }
    }

    fn row(&mut self, space: u32, task: &str) -> usize {
        let host = std::thread::current().id();
        let known = self.rows.iter().position(|it| it.space == space && it.host == host);
        known.unwrap_or_else(|| {
            self.rows.push(Row {
                space,
                task: task.to_owned(),
                thread: thread::current().map(|it| it.name.clone()).unwrap_or_default(),
                host,
            });
            self.rows.len() - 1
        })
    }
}

impl Row {
    fn label(&self) -> String {
        match (self.space, &*self.thread) {
            (0, _) | (_, "") => self.task.clone(),
            (_, thread) => format!("{}/{thread}", self.task),
        }
    }
}
