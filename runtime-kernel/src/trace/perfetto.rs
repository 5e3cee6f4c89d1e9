//! A record as JSON in the trace event format.
//!
//! Slices are complete events, written when they end: readers sort by time, and no two slices begin at the same. The end
//! of an arrow belongs to the slice that was begun last, so it stands behind the one it is for.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{Arguments, Write};
use std::time::Duration;

use mig_rt::MsgReturn;

use super::log::{End, Event, Log, What};
use super::text;

/// The process that is the kernel.
const KERNEL: usize = 1;
/// Threads have numbers that no process has.
const FIRST_THREAD: usize = 1000;

pub(super) fn json(log: &Log) -> String {
    let open = log.rows.iter().map(|_| Open::default()).collect();
    let mut page = Page { log, processes: processes(log), events: Vec::new(), open, begun: BTreeSet::new() };
    page.names();
    page.dropped();
    for (index, it) in log.events.iter().enumerate() {
        let next = log.events.get(index + 1).map(|it| it.at);
        page.event(it, next.unwrap_or(it.at + Duration::from_micros(1)));
    }
    page.rest();
    format!("{{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n{}\n]}}\n", page.events.join(",\n"))
}

/// The process of each row: tasks in the order in which they first did something.
fn processes(log: &Log) -> Vec<usize> {
    let mut seen: Vec<u32> = vec![0];
    let mut number = |space| {
        let known = seen.iter().position(|it| *it == space);
        known.unwrap_or_else(|| {
            seen.push(space);
            seen.len() - 1
        })
    };
    log.rows.iter().map(|it| KERNEL + number(it.space)).collect()
}

struct Page<'a> {
    log: &'a Log,
    processes: Vec<usize>,
    events: Vec<String>,
    /// By row.
    open: Vec<Open>,
    /// Messages whose arrows have begun.
    begun: BTreeSet<usize>,
}

/// What has begun in a row and not ended.
#[derive(Default)]
struct Open {
    slices: Vec<Slice>,
    /// The call receives once it has sent.
    receives: bool,
    /// Since when it waits for a message.
    waits: Option<Duration>,
}

struct Slice {
    name: String,
    since: Duration,
    /// What a reader is told beside its name.
    details: String,
    /// The arrow that leaves it (`s`) or reaches it (`f`), and of which message.
    arrow: Option<(char, usize)>,
}

impl Page<'_> {
    /// Says what processes and threads are called.
    fn names(&mut self) {
        let tasks: BTreeMap<usize, &str> =
            self.processes.iter().zip(&self.log.rows).map(|(pid, row)| (*pid, &*row.task)).collect();
        for (pid, task) in tasks {
            let name = string(task);
            let place = format!("\"pid\":{pid},\"name\":\"process_name\"");
            self.events.push(format!("{{\"ph\":\"M\",{place},\"args\":{{\"name\":{name}}}}}"));
        }
        for (index, row) in self.log.rows.iter().enumerate() {
            let name = string(if row.thread.is_empty() { "outside" } else { &row.thread });
            let place = format!("{},\"name\":\"thread_name\"", self.place(index));
            self.events.push(format!("{{\"ph\":\"M\",{place},\"args\":{{\"name\":{name}}}}}"));
        }
    }

    /// Says where the record begins if that is not where the kernel does. A slice that has begun before is not drawn.
    fn dropped(&mut self) {
        let (count, first) = (self.log.dropped.events, self.log.events.front());
        if let (1.., Some(first)) = (count, first) {
            let name = string(&text::dropped("event", count));
            self.put(format_args!("\"ph\":\"i\",\"s\":\"g\",\"name\":{name}"), first.row, first.at);
        }
    }

    fn event(&mut self, it: &Event, next: Duration) {
        let (row, at) = (it.row, it.at);
        match it.what {
            What::Call { send, receive } => {
                let name = match (send, receive) {
                    (true, true) => "mach_msg: send and receive",
                    (true, false) => "mach_msg: send",
                    _ => "mach_msg: receive",
                };
                self.open[row].receives = send && receive;
                self.begin(row, at, name, String::new(), None);
            }
            What::Sent(number) => self.sent(row, at, next, number),
            What::SendOver => {
                self.close(row, at);
                let open = &mut self.open[row];
                open.waits = open.receives.then_some(at);
            }
            What::End(number) => self.end(row, at, number),
            What::ServeOver => self.close(row, at),
            What::Return(code) => self.returns(row, at, code),
        }
    }

    /// A task's send lasts until it is over; a kernel's takes no time.
    fn sent(&mut self, row: usize, at: Duration, next: Duration, number: usize) {
        let message = self.log.message(number);
        self.begun.insert(number);
        let details = format!("to {}: {}; {}", message.to, message.carries.join(", "), text::outcome(message));
        self.begin(row, at, &format!("send {}", message.name), details, Some(('s', number)));
        if self.log.rows[row].space == 0 {
            self.close(row, next);
        }
    }

    fn end(&mut self, row: usize, at: Duration, number: usize) {
        let message = self.log.message(number);
        let details = format!("from {}: {}", message.from, message.carries.join(", "));
        let arrow = self.begun.contains(&number).then_some(('f', number));
        match &message.end {
            Some((_, End::Received { .. })) => {
                self.waited(row, at);
                self.begin(row, at, &format!("receive {}", message.name), details, arrow);
            }
            Some((_, End::Served)) => {
                self.begin(row, at, &format!("serve {}", message.name), details, arrow);
            }
            _ => {
                let (name, args) = (string(&message.name), args(&text::outcome(message)));
                self.put(format_args!("\"ph\":\"i\",\"s\":\"t\",\"name\":{name}{args}"), row, at);
            }
        }
    }

    fn returns(&mut self, row: usize, at: Duration, code: Option<MsgReturn>) {
        if code.is_some_and(is_of_send) {
            // Nothing was to be received any more.
            self.open[row].waits = None;
        }
        self.waited(row, at);
        if let Some(call) = self.open[row].slices.first_mut() {
            call.details = code.map_or_else(|| "MACH_MSG_SUCCESS".to_owned(), |it| it.to_string());
        }
        while !self.open[row].slices.is_empty() {
            self.close(row, at);
        }
    }

    fn waited(&mut self, row: usize, until: Duration) {
        if let Some(since) = self.open[row].waits.take() {
            self.begin(row, since, "wait", String::new(), None);
            self.close(row, until);
        }
    }

    /// What had not ended when the record did.
    fn rest(&mut self) {
        let last = self.log.events.back().map_or(Duration::ZERO, |it| it.at);
        for row in 0..self.open.len() {
            while !self.open[row].slices.is_empty() {
                self.close(row, last);
            }
        }
    }

    fn begin(&mut self, row: usize, since: Duration, name: &str, details: String, arrow: Option<(char, usize)>) {
        self.open[row].slices.push(Slice { name: name.to_owned(), since, details, arrow });
    }

    fn close(&mut self, row: usize, at: Duration) {
        let Some(it) = self.open[row].slices.pop() else { return };
        let (name, duration, args) = (string(&it.name), microseconds(at - it.since), args(&it.details));
        self.put(format_args!("\"ph\":\"X\",\"name\":{name},\"dur\":{duration}{args}"), row, it.since);
        let Some((end, number)) = it.arrow else { return };
        let what = "\"cat\":\"message\",\"name\":\"message\"";
        self.put(format_args!("\"ph\":\"{end}\",\"bp\":\"e\",\"id\":{},{what}", number + 1), row, it.since);
    }

    fn put(&mut self, what: Arguments<'_>, row: usize, at: Duration) {
        let (place, at) = (self.place(row), microseconds(at));
        self.events.push(format!("{{{what},{place},\"ts\":{at}}}"));
    }

    fn place(&self, row: usize) -> String {
        format!("\"pid\":{},\"tid\":{}", self.processes[row], FIRST_THREAD + row)
    }
}

/// Codes of a send that failed.
fn is_of_send(code: MsgReturn) -> bool {
    code.code() & 0x7fff_c000 == 0x1000_0000
}

fn args(details: &str) -> String {
    if details.is_empty() { String::new() } else { format!(",\"args\":{{\"details\":{}}}", string(details)) }
}

fn microseconds(it: Duration) -> String {
    let it = it.as_nanos();
    format!("{}.{:03}", it / 1000, it % 1000)
}

fn string(text: &str) -> String {
    let mut out = String::from("\"");
    for it in text.chars() {
        match it {
            '"' | '\\' => out.extend(['\\', it]),
            // Writing to a `String` never fails.
            it if it < ' ' => drop(write!(out, "\\u{:04x}", u32::from(it))),
            it => out.push(it),
        }
    }
    out.push('"');
    out
}
