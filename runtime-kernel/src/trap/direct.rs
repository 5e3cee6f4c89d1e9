//! Calls of the kernel that carry nothing: the request is served where it stands, and the answer goes straight back.
//!
//! Most calls are such: a request without rights or memory to a port of the kernel, and an answer like it to a thread
//! that waits for nothing else. They pass through the same stubs in the same order as any message, and whoever looks
//! cannot tell; all that is saved is to make messages that nobody would ever find in a queue.

use std::cell::Cell;

use mig_rt::carried::{COMPLEX, Carries, Sender, put, u32_at};
use mig_rt::{Arrived, Buffer, Disposition, PortName};

use super::{Call, Sent, room};
use crate::buffer::MessageBuffer;
use crate::effect;
use crate::in_kernel::InKernel;
use crate::ipc::copyin::{self, Ends, Names};
use crate::ipc::copyout::put_header;
use crate::ipc::message::{Destination, size_with};
use crate::ipc::queue;
use crate::kobject::{self, LARGEST_REPLY};
use crate::server;
use crate::task::TaskObject;
use crate::trace;

thread_local! {
    /// Room in which messages are made what their receivers read.
    static ROOM: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Serves a request whose header was taken in, if it is such a call; otherwise gives the header back.
pub(super) fn serve<W: Carries>(
    task: &TaskObject,
    call: Call,
    (to, reply): Ends,
    buffer: &mut dyn MessageBuffer,
) -> Result<Sent, Ends> {
    let request = buffer.message().unwrap_or_default();
    let to = match to {
        Destination::Send(to) if to.port().object().is_some() && is_plain(request) && !trace::is_on() => to,
        to => return Err((to, reply)),
    };
    let mut bytes = ROOM.take();
    bytes.clear();
    bytes.extend_from_slice(request);
    let entered = InKernel::enter(to, task.space.number);
    let remote = reply.disposition();
    let reply = InKernel.give_right(reply).unwrap_or(PortName::NULL);
    head::<W>(&mut bytes, (remote, reply), (Disposition::MOVE_SEND, entered.0), None);
    W::stamp(&mut bytes, 0, &task.sender());
    W::fit_trailer(&mut bytes, server::trailer());
    let mut answer = Buffer::<LARGEST_REPLY>::new();
    let answer = kobject::dispatch(W::ABI, &bytes, answer.bytes());
    drop(entered);
    // Notifications come before anybody waits.
    effect::settle();
    let sent = answer.map_or(Sent::Away, |answer| match pass::<W>(task, call, answer, &mut bytes, buffer) {
        Some(it) => Sent::Arrived(it),
        None => copyin::copy_in(&InKernel, W::ABI, answer).map_or(Sent::Away, Sent::Answered),
    });
    ROOM.set(bytes);
    Ok(sent)
}

fn is_plain(message: &[u8]) -> bool {
    u32_at(message, 0) & COMPLEX == 0
}

/// Writes the header of a plain message as its receiver reads it.
fn head<W: Carries>(
    bytes: &mut [u8],
    reply: (Disposition, PortName),
    through: (Disposition, PortName),
    payload: Option<u64>,
) {
    copyin::prepare::<W>(bytes);
    put(bytes, 0, 0);
    put_header::<W>(bytes, reply, through, payload);
}

/// Gives an answer to the caller, by way of `bytes`. If it carries something, or must queue, nothing happens.
fn pass<W: Carries>(
    task: &TaskObject,
    call: Call,
    answer: &mut [u8],
    bytes: &mut Vec<u8>,
    buffer: &mut dyn MessageBuffer,
) -> Option<Arrived> {
    let (name, room) = (call.operation.receive?, room(call, buffer).ok()?);
    let size = size_with(W::ABI, answer.len(), room.trailer);
    if !is_plain(answer) || !buffer.holds(size) {
        return None;
    }
    let right = InKernel::take_once(PortName(u32_at(answer, 8)))?;
    let Some(envelope) = queue::pass_by(right.port(), size, (task.space.number, name), room) else {
        put(answer, 8, InKernel::send_once(right).into_raw().0);
        return None;
    };
    right.spend();
    bytes.clear();
    bytes.extend_from_slice(answer);
    let through = (Disposition::MOVE_SEND_ONCE, name);
    head::<W>(bytes, (Disposition::NONE, PortName::NULL), through, envelope.payload);
    W::stamp(bytes, envelope.sequence, &Sender { context: envelope.context, ..InKernel.sender() });
    W::fit_trailer(bytes, envelope.trailer);
    buffer.put(bytes);
    Some(Arrived { abi: W::ABI, size: answer.len() as u32, trailer: (bytes.len() - answer.len()) as u32 })
}
