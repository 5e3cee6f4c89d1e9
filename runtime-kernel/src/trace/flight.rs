//! Where the kernel tells of messages. All of it returns at once unless some kernel is traced: what is inlined only looks
//! whether, and the rest stands apart.

use std::fmt;
use std::sync::Arc;

use mig_rt::carried::{Carries, is_complex, u32_at};
use mig_rt::{AbiId, Disposition, Failed, KernReturn, Left, MsgReturn};

use super::log::{End, Moment, Sent, What};
use super::{Trace, Tracing, is_on, routine};
use crate::ipc::message::{Item, Message, id_in};
use crate::ipc::right::Carried;

/// Goes with a message and tells what becomes of it. Dropped with the message: it was destroyed.
#[derive(Default)]
pub(crate) struct Flight(Option<Box<Aloft>>);

struct Aloft {
    kernel: Arc<Tracing>,
    trace: Trace,
    number: usize,
}

impl Tracing {
    fn with_moment<X>(&self, space: u32, act: impl FnOnce(Moment<'_>) -> X) -> X {
        let task = if space == 0 { "kernel".to_owned() } else { self.task_name(space) };
        let (now, step) = self.now();
        act(Moment { now, step, space, task: &task })
    }
}

impl Flight {
    /// The task with this space has received the message.
    #[inline]
    pub(crate) fn received(&mut self, space: u32, sequence: u32) {
        if let Some(it) = self.0.take() {
            (*it).end(space, End::Received { by: String::new(), sequence });
        }
    }

    /// The message went back to its sender.
    #[inline]
    pub(crate) fn taken_back(&mut self, space: u32, code: MsgReturn) {
        if let Some(it) = self.0.take() {
            (*it).end(space, End::TakenBack(code));
        }
    }

    /// The kernel serves the request, until what this returns is dropped.
    #[inline]
    pub(crate) fn serve(&mut self) -> Span {
        Span(self.0.take().map(|it| (*it).serve()))
    }
}

impl Aloft {
    #[cold]
    fn end(self, space: u32, end: End) {
        self.kernel.with_moment(space, |moment| self.trace.0.lock().end(moment, self.number, end));
    }

    #[cold]
    fn serve(self) -> Box<Open> {
        self.kernel.with_moment(0, |moment| self.trace.0.lock().end(moment, self.number, End::Served));
        Box::new(Open { kernel: self.kernel, trace: self.trace, space: 0, last: What::ServeOver })
    }
}

impl Drop for Flight {
    #[inline]
    fn drop(&mut self) {
        if let Some(it) = self.0.take() {
            (*it).end(0, End::Destroyed);
        }
    }
}

/// Something that takes a while. Its end is noted when it is dropped.
pub(crate) struct Span(Option<Box<Open>>);

struct Open {
    kernel: Arc<Tracing>,
    trace: Trace,
    space: u32,
    last: What,
}

/// A thread of the task with this space calls `mach_msg`.
#[inline]
pub(crate) fn call(space: u32, send: bool, receive: bool) -> Span {
    Span(if is_on() { open(space, send, receive) } else { None })
}

#[cold]
fn open(space: u32, send: bool, receive: bool) -> Option<Box<Open>> {
    let (kernel, trace) = Tracing::of_space(space)?;
    kernel.with_moment(space, |moment| trace.0.lock().event(moment, What::Call { send, receive }));
    Some(Box::new(Open { kernel, trace, space, last: What::Return(None) }))
}

impl Span {
    /// Whether somebody looks.
    #[inline]
    pub(crate) fn is_open(&self) -> bool {
        self.0.is_some()
    }

    /// The call has sent its message, or failed to: then this was in its buffer.
    #[cold]
    pub(crate) fn send_over(&mut self, abi: AbiId, message: &[u8], failed: Option<&Failed>) {
        let Some(it) = &mut self.0 else { return };
        let refused = failed.filter(|it| matches!(it.left, Left::Untouched | Left::Unknown));
        it.kernel.with_moment(it.space, |moment| {
            let mut log = it.trace.0.lock();
            if let Some(failed) = refused {
                let name = routine(abi, id_in(abi, message), false, &log.routines).0;
                let to = "?".to_owned();
                let carries = vec![size(message.len())];
                let number = log.sent(moment, Sent { to, name, carries, ..Sent::default() });
                log.end(moment, number, End::Refused(failed.code));
            }
            log.event(moment, What::SendOver);
        });
    }

    /// The call returns.
    #[inline]
    pub(crate) fn returns(&mut self, code: Option<MsgReturn>) {
        if let Some(it) = &mut self.0 {
            it.last = What::Return(code);
        }
    }
}

impl Open {
    #[cold]
    fn close(self) {
        self.kernel.with_moment(self.space, |moment| self.trace.0.lock().event(moment, self.last));
    }
}

impl Drop for Span {
    #[inline]
    fn drop(&mut self) {
        if let Some(it) = self.0.take() {
            (*it).close();
        }
    }
}

fn size(bytes: usize) -> String {
    format!("{bytes} bytes")
}

/// A message was taken in: these were its bytes.
#[inline]
pub(crate) fn sent<W: Carries>(original: &[u8], message: &Message) -> Flight {
    Flight(if is_on() { take_off::<W>(original, message) } else { None })
}

#[cold]
fn take_off<W: Carries>(original: &[u8], message: &Message) -> Option<Box<Aloft>> {
    let (kernel, trace) = Tracing::of_message(message)?;
    let known = trace.0.lock().routines.clone();
    let once = message.to.as_ref().is_some_and(|it| it.is_once());
    let (name, is_reply) = routine(W::ABI, message.id(), once, &known);
    let to = message.port().map_or_else(String::new, |it| kernel.tag(it));
    let to = if once { format!("{to} once") } else { to };
    let mut carries = vec![size(original.len())];
    let has_code = original.len() >= W::CODE + 4 && (W::TRAILER == 0 || !is_complex(original));
    if is_reply && has_code {
        let code = KernReturn::new(u32_at(original, W::CODE) as i32);
        carries.push(code.map_or("KERN_SUCCESS".to_owned(), |it| it.to_string()));
    }
    if !matches!(message.reply, Carried::Null) {
        let disposition = Disposition((u32_at(original, 0) >> 8) as u8);
        carries.push(format!("reply {}", rights(&kernel, disposition, std::slice::from_ref(&message.reply))));
    }
    let (places, _) = W::items(original);
    for (place, item) in places.iter().zip(&message.items) {
        let disposition = W::disposition(place, original);
        carries.extend(match item {
            Item::Data => None,
            Item::Rights(it) => Some(rights(&kernel, disposition, it)),
            Item::RightsInMemory(it) => Some(format!("in memory {}", rights(&kernel, disposition, it))),
            Item::Memory(data) => Some(format!("memory of {}", size(data.len()))),
        });
    }
    let sent = Sent { to, name, carries, ..Sent::default() };
    let number = kernel.with_moment(message.sender_number(), |moment| trace.0.lock().sent(moment, sent));
    Some(Box::new(Aloft { kernel, trace, number }))
}

/// Rights that travel in one way.
fn rights(kernel: &Tracing, disposition: Disposition, all: &[Carried]) -> String {
    let how = match disposition {
        Disposition::MOVE_RECEIVE => "move receive",
        Disposition::MOVE_SEND => "move send",
        Disposition::MOVE_SEND_ONCE => "move send-once",
        Disposition::COPY_SEND => "copy send",
        Disposition::MAKE_SEND => "make send",
        Disposition::MAKE_SEND_ONCE => "make send-once",
        _ => "no right",
    };
    let ports = all.iter().map(|it| match (it, it.port()) {
        (_, Some(port)) => kernel.tag(port),
        (Carried::Dead, None) => "dead".to_owned(),
        (_, None) => "null".to_owned(),
    });
    format!("{how} {}", ports.collect::<Vec<_>>().join(" "))
}

impl fmt::Debug for Flight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Flight({:?})", self.0.as_ref().map(|it| it.number))
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Span")
    }
}
