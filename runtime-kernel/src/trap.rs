//! The doors of the kernel: what a task asks for other than by message.

mod direct;

use std::cell::RefCell;
use std::sync::{Arc, Weak};
use std::time::Duration;

use mig_rt::carried::{Carries, u32_at};
use mig_rt::{
    AbiId, Arrived, Failed, KernReturn, Left, MsgOptions, MsgReturn, Operation, PortName, RightKind, Timeout,
    TrailerElements, by_row,
};

use crate::budget::Resource;
use crate::buffer::MessageBuffer;
use crate::effect;
use crate::events::Event;
use crate::ipc::copyin::{self, Ends};
use crate::ipc::copyout::{self, Envelope, copy_out, cut_off};
use crate::ipc::message::{Accepted, Message, Numbers, numbers};
use crate::ipc::notify::{Notification, OnDrop, What};
use crate::ipc::pool;
use crate::ipc::port::Port;
use crate::ipc::queue::{self, Patience, Room, Source, Taken, Unsent};
use crate::ipc::right::SendOnceRef;
use crate::ipc::space::{Held, Space};
use crate::task::TaskObject;
use crate::thread;
use crate::trace::{self, Span};

/// `MACH_MSG_IPC_SPACE`: no room for another name.
pub(crate) const IPC_SPACE: i32 = 0x2000;
/// `MACH_MSG_IPC_KERNEL`: no kernel memory for another name.
pub(crate) const IPC_KERNEL: i32 = 0x800;
/// `MACH_MSG_VM_SPACE`: no room for more memory.
pub(crate) const VM_SPACE: i32 = 0x1000;
/// `MACH_MSG_VM_KERNEL`: no kernel memory for more memory.
pub(crate) const VM_KERNEL: i32 = 0x400;

/// The arguments of `mach_msg` other than the message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    pub(crate) abi: AbiId,
    pub(crate) operation: Operation,
    pub(crate) notify: PortName,
}

const fn sent(code: MsgReturn) -> Failed {
    Failed { code, left: Left::Sent }
}

fn duration(it: Timeout) -> Duration {
    Duration::from_millis(it.0.into())
}

impl Call {
    /// Whether an option is set, by its bit in Mach 3.0 and in Darwin; none where the system has no such option.
    fn asks(&self, mach3: MsgOptions, darwin: Option<MsgOptions>) -> bool {
        let option = if numbers(self.abi).trailer { darwin } else { Some(mach3) };
        option.is_some_and(|it| self.operation.options.has(it))
    }

    /// Whether a sender gives a trailer with a message. What the kernel says of a sender is nobody else's to say.
    fn brings_trailer(&self, message: &[u8]) -> bool {
        let Numbers { header, trailer, .. } = numbers(self.abi);
        let whole = message.len() >= header && message.len().is_multiple_of(4);
        trailer && whole && self.operation.options.has(MsgOptions::DARWIN_SEND_TRAILER)
    }

    /// Whether whoever asked to hear of room is to be told, if the message finds none.
    fn wants_room(&self) -> bool {
        numbers(self.abi).trailer && self.operation.options.has(MsgOptions::DARWIN_SEND_NOTIFY)
    }

    /// What is to stand behind a received message. The options can say it too: what of it in bits 24 to 27, and of
    /// which type, of which there is one, in those above.
    fn trailer(&self) -> Result<TrailerElements, MsgReturn> {
        let options = if numbers(self.abi).trailer { self.operation.options.0 } else { 0 };
        let asked = TrailerElements::from_number(options >> 24).ok_or(MsgReturn::RCV_INVALID_TRAILER)?;
        Ok(asked.max(self.operation.trailer))
    }
}

/// `mach_msg`: sends, then receives, and stops at the first failure.
pub(crate) fn mach_msg(task: &TaskObject, call: Call, buffer: &mut dyn MessageBuffer) -> Result<Arrived, Failed> {
    let mut span = trace::call(task.space.number, call.operation.send, call.operation.receive.is_some());
    let result = perform(task, call, buffer, &mut span);
    span.returns(result.as_ref().err().map(|it| it.code));
    count(task, call.operation, &result);
    result
}

/// Counts what was sent and what has arrived.
#[inline]
fn count(task: &TaskObject, operation: Operation, result: &Result<Arrived, Failed>) {
    let one = |what| {
        if !thread::count(what) {
            task.past.events.add_shared(what);
        }
    };
    if operation.send && result.as_ref().map_or_else(|it| it.left == Left::Sent, |_| true) {
        one(Event::Sent);
    }
    if operation.receive.is_some() && result.is_ok() {
        one(Event::Received);
    }
}

/// What became of a message that was sent.
enum Sent {
    /// It is on its way, and there is no answer yet.
    Away,
    /// The kernel has answered.
    Answered(Box<Message>),
    /// The kernel has answered, and the answer has arrived.
    Arrived(Arrived),
}

#[inline]
fn perform(task: &TaskObject, call: Call, buffer: &mut dyn MessageBuffer, span: &mut Span) -> Result<Arrived, Failed> {
    let result = if call.operation.send { by_row!(call.abi, send(task, call, buffer)) } else { Ok(Sent::Away) };
    if call.operation.send && span.is_open() {
        span.send_over(call.abi, buffer.message().unwrap_or_default(), result.as_ref().err());
    }
    let answer = match result? {
        Sent::Away => None,
        Sent::Answered(it) => Some(it),
        Sent::Arrived(it) => return Ok(it),
    };
    // Notifications come before anybody waits.
    effect::settle();
    let Some(name) = call.operation.receive else {
        answer.into_iter().for_each(queue::deliver);
        return Ok(Arrived { abi: call.abi, size: 0, trailer: 0 });
    };
    let room = room(call, buffer).map_err(sent);
    if let Some(answer) = answer {
        // A kernel's answer to a caller who waits for nothing else goes straight to it.
        let pass = |room: Room| {
            let size = answer.size_with(room.trailer);
            answer.port().and_then(|it| queue::pass_by(it, size, (task.space.number, name), room))
        };
        if let Some(envelope) = room.ok().and_then(pass) {
            return arrive(task, call, answer, envelope, buffer);
        }
        queue::deliver(answer);
        effect::settle();
    }
    receive(task, call, name, room?, buffer)
}

fn send<W: Carries>(task: &TaskObject, call: Call, buffer: &mut dyn MessageBuffer, _: W) -> Result<Sent, Failed> {
    let untouched = |code| Failed { code, left: Left::Untouched };
    let Some(bytes) = buffer.message() else { return Err(untouched(MsgReturn::SEND_INVALID_DATA)) };
    if call.brings_trailer(bytes) {
        return Err(untouched(MsgReturn::SEND_INVALID_TRAILER));
    }
    if bytes.len() >= W::HEADER && !task.budget.spend(Resource::Buffers) {
        return Err(untouched(MsgReturn::SEND_NO_BUFFER));
    }
    let mut cancel = None;
    if call.asks(MsgOptions::SEND_CANCEL, None) {
        copyin::check::<W>(bytes)?;
        let watcher = task.space.receiving(call.notify).map_err(|_| untouched(MsgReturn::SEND_INVALID_NOTIFY))?;
        cancel = Some(watcher);
    }
    let ends = copyin::take_header::<W>(task, bytes, cancel.as_ref())?;
    match direct::serve::<W>(task, call, ends, buffer) {
        Ok(it) => Ok(it),
        Err(ends) => send_message::<W>(task, call, ends, buffer),
    }
}

/// Sends a message whose header was taken in.
fn send_message<W: Carries>(
    task: &TaskObject,
    call: Call,
    ends: Ends,
    buffer: &mut dyn MessageBuffer,
) -> Result<Sent, Failed> {
    let message = copyin::take_rest::<W>(task, buffer.message().unwrap_or_default(), ends)?;
    let limit = call.operation.send_timeout.map(duration);
    let notifies = call.asks(MsgOptions::SEND_NOTIFY, None);
    // The request is the sender's for the port, whatever that is called by then.
    let patience = Patience::Wait(if notifies { Some(limit.unwrap_or(Duration::ZERO)) } else { limit });
    let (code, message) = match queue::send(message, patience) {
        Ok(answer) => return Ok(answer.map_or(Sent::Away, Sent::Answered)),
        Err(it) => it,
    };
    if notifies && code == MsgReturn::SEND_TIMED_OUT {
        let (code, message) = match send_beyond(task, call.notify, message) {
            Ok(_) => return Err(sent(MsgReturn::SEND_WILL_NOTIFY)),
            Err(it) => it,
        };
        return Err(take_back(task, message, code, buffer));
    }
    if let (true, Some(port), Some(bytes)) = (call.wants_room(), message.port(), buffer.message()) {
        task.space.want_room(PortName(u32_at(bytes, 8)), port);
    }
    Err(take_back(task, message, code, buffer))
}

/// Gives a message back that was taken and not sent.
fn take_back(task: &TaskObject, mut message: Box<Message>, code: MsgReturn, buffer: &mut dyn MessageBuffer) -> Failed {
    message.flight.taken_back(task.space.number, code);
    let special = copyout::take_back(task, &mut message);
    buffer.put(&message.bytes);
    Failed { code: MsgReturn::known(code.code() | special), left: Left::TakenBack }
}

/// Queues a message though the queue is full; `notify` is told when it leaves.
fn send_beyond(task: &TaskObject, notify: PortName, mut message: Box<Message>) -> Result<Option<Box<Message>>, Unsent> {
    if !notify.is_valid() {
        return Err((MsgReturn::SEND_INVALID_NOTIFY, message));
    }
    if !task.budget.spend(Resource::Requests) {
        return Err((MsgReturn::SEND_NO_NOTIFY, message));
    }
    let Some(port) = message.port().cloned() else { return Ok(None) };
    let mut state = task.space.lock();
    let name = state.name_of(&port);
    let mark = Arc::new(());
    if let Some(name) = name.filter(|it| state.get(*it).is_some()) {
        if state.is_accepting(name) {
            return Err((MsgReturn::SEND_NOTIFY_IN_PROGRESS, message));
        }
        state.accept(name, &mark);
    }
    let told = state.get(notify).and_then(|it| it.held.receiving().cloned());
    drop(state);
    let Some(told) = told else {
        return Err((MsgReturn::SEND_INVALID_NOTIFY, message));
    };
    let what = What::MsgAccepted(name.unwrap_or(PortName::NULL));
    let told = OnDrop::new(Notification::to(SendOnceRef::make(&told), what));
    message.accepted = Some(Box::new(Accepted::new(mark, told)));
    queue::send(message, Patience::Forced)
}

fn receive(
    task: &TaskObject,
    call: Call,
    name: PortName,
    room: Room,
    buffer: &mut dyn MessageBuffer,
) -> Result<Arrived, Failed> {
    let source = source(task, name).ok_or(sent(MsgReturn::RCV_INVALID_NAME))?;
    let limit = call.operation.receive_timeout.map(duration);
    match queue::receive(&source, room, limit).map_err(sent)? {
        Taken::Message(message, envelope) => arrive(task, call, message, envelope, buffer),
        Taken::TooLarge(size) => {
            say_size(call.abi, size, buffer);
            Err(sent(MsgReturn::RCV_TOO_LARGE))
        }
    }
}

/// What a receiver has room for.
fn room(call: Call, buffer: &dyn MessageBuffer) -> Result<Room, MsgReturn> {
    let large = call.operation.large || call.asks(MsgOptions::RCV_LARGE, Some(MsgOptions::DARWIN_RCV_LARGE));
    Ok(Room { limit: buffer.limit(), large, trailer: call.trailer()? })
}

/// Gives a message to the receiver that has taken it.
fn arrive(
    task: &TaskObject,
    call: Call,
    mut message: Box<Message>,
    envelope: Envelope,
    buffer: &mut dyn MessageBuffer,
) -> Result<Arrived, Failed> {
    let (abi, size, whole) = (message.abi, message.bytes.len(), message.size_with(envelope.trailer));
    if whole > buffer.limit() {
        cut_off(task, &mut message);
        buffer.put(&message.bytes);
        return Err(sent(MsgReturn::RCV_TOO_LARGE));
    }
    if !buffer.holds(whole) {
        return Err(sent(MsgReturn::RCV_INVALID_DATA));
    }
    let watch = watch(task, call, &message)?;
    message.flight.received(task.space.number, envelope.sequence);
    let code = copy_out(task, &mut message, envelope);
    if let Some(watch) = watch {
        arm(task, &message.bytes, watch);
    }
    buffer.put(&message.bytes);
    let trailer = message.bytes.len().saturating_sub(size.next_multiple_of(4)) as u32;
    pool::give(message);
    match code {
        Some(code) => {
            if code.code() & !copyout::SPECIAL == MsgReturn::RCV_BODY_ERROR.code() {
                buffer.spoil(abi);
            }
            Err(sent(code))
        }
        None => Ok(Arrived { abi, size: size as u32, trailer }),
    }
}

/// With `MACH_RCV_NOTIFY`: the port that is to be told of the death of a new reply right.
fn watch(task: &TaskObject, call: Call, message: &Message) -> Result<Option<Arc<Port>>, Failed> {
    if !call.asks(MsgOptions::RCV_NOTIFY, None) {
        return Ok(None);
    }
    let Some(reply) = message.reply.port() else { return Ok(None) };
    let watcher = task.space.receiving(call.notify).map_err(|_| sent(MsgReturn::RCV_INVALID_NOTIFY))?;
    // A name that is there already keeps the request that it has.
    let known = task.space.lock().name_of(reply).is_some();
    Ok((!known).then_some(watcher))
}

fn arm(task: &TaskObject, message: &[u8], watch: Arc<Port>) {
    let name = PortName(u32_at(message, 8));
    let notify = SendOnceRef::make(&watch);
    drop(task.space.request_dead_name(name, 0, Some(notify)));
}

fn source(task: &TaskObject, name: PortName) -> Option<Source> {
    let mut state = task.space.lock();
    match &state.get(name)?.held {
        Held::Set(set) => Some(Source::Set(set.clone())),
        held => Some(Source::Port(held.receiving()?.clone(), (task.space.number, name))),
    }
}

/// Tells how long a message is that stayed in the queue.
fn say_size(abi: AbiId, size: usize, buffer: &mut dyn MessageBuffer) {
    let mut header = vec![0; numbers(abi).header];
    header[4..8].copy_from_slice(&(size as u32).to_le_bytes());
    buffer.put(&header);
}

thread_local! {
    /// Reply ports of this host thread.
    static REPLY_PORTS: RefCell<Vec<ReplyPort>> = const { RefCell::new(Vec::new()) };
}

/// A port that waits for the next call.
struct ReplyPort {
    /// The number of its space.
    space: u32,
    name: PortName,
    /// Whether the task is still there.
    of: Weak<Space>,
}

/// A port that this thread's calls wait on (`mach_reply_port`, cached as the C library does).
pub(crate) fn reply_port(task: &TaskObject) -> Result<PortName, KernReturn> {
    thread::stop();
    if let Some(name) = cached_reply_port(task) {
        return Ok(name);
    }
    let name = task.space.allocate(RightKind::RECEIVE)?;
    let new = ReplyPort { space: task.space.number, name, of: Arc::downgrade(&task.space) };
    REPLY_PORTS.with_borrow_mut(|it| {
        // Their names went with their tasks. Who only calls where it has called before does not come here.
        it.retain(|it| it.of.upgrade().is_some_and(|it| it.alive().is_ok()));
        it.push(new);
    });
    Ok(name)
}

fn cached_reply_port(task: &TaskObject) -> Option<PortName> {
    let number = task.space.number;
    REPLY_PORTS.with_borrow(|it| it.iter().find(|it| it.space == number).map(|it| it.name))
}

pub(crate) fn retire_reply_port(task: &TaskObject, name: PortName) {
    let own = (task.space.number, name);
    let mine = REPLY_PORTS.with_borrow_mut(|it| {
        let at = it.iter().position(|it| (it.space, it.name) == own)?;
        Some(it.swap_remove(at))
    });
    if mine.is_some() {
        // It may be dead already, and then it is gone.
        let _ = task.space.mod_refs(name, RightKind::RECEIVE, -1);
    }
}

/// Names that this thread's calls to a task have left in it, to be told from those of programs.
pub(crate) fn forget_reply_port(task: &TaskObject) {
    if let Some(name) = cached_reply_port(task) {
        retire_reply_port(task, name);
    }
}

/// The same in every task that this thread has called from: it ends.
pub(crate) fn forget_reply_ports() {
    for it in REPLY_PORTS.take() {
        if let Some(space) = it.of.upgrade() {
            // It may be dead already, and then it is gone.
            let _ = space.mod_refs(it.name, RightKind::RECEIVE, -1);
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use mig_rt::Transport;

    use super::*;
    use crate::Kernel;

    fn kept() -> usize {
        REPLY_PORTS.with_borrow(Vec::len)
    }

    /// Whoever calls from task after task remembers no more of them than live.
    #[test]
    fn reply_ports_of_ended_tasks_are_forgotten() {
        let kernel = Kernel::default();
        let lives = kernel.task("lives", AbiId::GnumachI386);
        let first = lives.reply_port().expect("the task lives");
        for _ in 0..10 {
            let task = kernel.task("ends", AbiId::GnumachI386);
            task.reply_port().expect("the task lives");
            assert!(kept() <= 3, "{}", kept());
            // Its handle outlives it.
            task.terminate();
        }
        let last = kernel.task("last", AbiId::GnumachI386);
        last.reply_port().expect("the task lives");
        assert_eq!(kept(), 2);
        assert_eq!(lives.reply_port(), Ok(first));
    }

    /// A thread may call from other tasks than its own, and leaves no name there.
    #[test]
    fn reply_ports_go_with_the_thread() {
        let kernel = Kernel::default();
        let (own, other) = (kernel.task("own", AbiId::GnumachI386), kernel.task("other", AbiId::GnumachI386));
        let before = (own.rights().len(), other.rights().len());
        let calls = other.clone();
        let thread = own.spawn("calls", move |task| {
            assert!(task.reply_port().is_ok() && calls.reply_port().is_ok());
            (task.rights().len(), calls.rights().len())
        });
        assert_eq!(thread.join().expect("it does not panic"), (before.0 + 1, before.1 + 1));
        assert_eq!((own.rights().len(), other.rights().len()), before);
    }
}
