//! What was recorded: plain values, in the order of events.

use std::thread::ThreadId;
use std::time::Duration;

use mig_rt::{MsgId, MsgReturn};

use super::text;
use crate::thread;

/// Who is told of each message.
type Live = Box<dyn FnMut(&str) + Send>;

/// The record.
pub(super) struct Log {
    /// Names of routines that users have added.
    pub(super) routines: Vec<(MsgId, &'static str)>,
    pub(super) rows: Vec<Row>,
    pub(super) messages: Vec<Sent>,
    pub(super) events: Vec<Event>,
    live: Option<Live>,
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

/// What happened. Messages are told by their places in the list.
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
    pub(super) fn new(live: Option<Live>) -> Log {
        Log { routines: Vec::new(), rows: Vec::new(), messages: Vec::new(), events: Vec::new(), live }
    }

    /// Notes what the current thread does. The row it does it in.
    pub(super) fn event(&mut self, moment: Moment<'_>, what: What) -> usize {
        let row = self.row(moment.space, moment.task);
        let least = self.events.last().map_or(Duration::ZERO, |it| it.at + moment.step);
        self.events.push(Event { at: moment.now.max(least), row, what });
        row
    }

    /// Notes a message of the current thread's, and says which it is.
    pub(super) fn sent(&mut self, moment: Moment<'_>, sent: Sent) -> usize {
        let number = self.messages.len();
        let row = self.event(moment, What::Sent(number));
        self.messages.push(Sent { at: moment.now, from: self.rows[row].label(), ..sent });
        number
    }

    /// Notes what became of a message.
    pub(super) fn end(&mut self, moment: Moment<'_>, number: usize, mut end: End) {
        let row = self.event(moment, What::End(number));
        if let End::Received { by, .. } = &mut end {
            *by = self.rows[row].label();
        }
        self.messages[number].end = Some((moment.now, end));
        if let Some(live) = &mut self.live {
            live(&text::line(number, &self.messages[number], text::LIVE));
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
