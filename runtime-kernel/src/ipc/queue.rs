//! How a message gets into a queue and out of it, and who waits for that.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use mig_rt::{MsgReturn, PortName, TrailerElements};

use super::copyout::Envelope;
use super::message::Message;
use super::port::{Port, PortState};
use super::set::PortSet;
use super::transit;
use crate::effect::{self, Effect};
use crate::kobject;
use crate::sync::{GaveUp, Waiter};
use crate::thread;

/// A thread that waits for a message.
pub(crate) struct Receiving {
    pub(crate) waiter: Arc<Waiter<Result<Taken, MsgReturn>>>,
    room: Room,
}

/// A thread that waits for room, and the message it has.
pub(crate) struct Sending {
    pub(crate) waiter: Arc<Waiter<Result<(), MsgReturn>>>,
    message: Box<Message>,
}

impl Sending {
    /// The message that waits with the thread.
    pub(crate) fn message(&self) -> &Message {
        &self.message
    }
}

/// What a receiver has room for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room {
    pub(crate) limit: usize,
    /// Leave in the queue what is longer.
    pub(crate) large: bool,
    pub(crate) trailer: TrailerElements,
}

/// What a receiver gets.
#[derive(Debug)]
pub(crate) enum Taken {
    /// A message, and what goes with it.
    Message(Box<Message>, Envelope),
    /// It would need so many bytes, and is still in the queue.
    TooLarge(usize),
}

/// Where a thread receives.
#[derive(Debug)]
pub(crate) enum Source {
    /// A port, under its name in a space.
    Port(Arc<Port>, (u32, PortName)),
    Set(Arc<PortSet>),
}

/// How long a send or a receive may wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Patience {
    /// Not at all: a kernel's message goes beyond the limit.
    Forced,
    /// So long, or for ever.
    Wait(Option<Duration>),
}

impl Patience {
    const POLL: Patience = Patience::Wait(Some(Duration::ZERO));
}

/// Sends a message of the kernel's own.
pub(crate) fn deliver(message: Box<Message>) {
    // Nothing is refused that need not wait; an answer to it is delivered in its turn.
    if let Ok(Some(answer)) = send(message, Patience::Forced) {
        effect::push(Effect::Deliver(answer));
    }
}

/// Why a message was not sent, and the message.
pub(crate) type Unsent = (MsgReturn, Box<Message>);

/// Brings a message to its destination. If it must wait and cannot, it comes back with the reason. What the kernel
/// answers is the caller's to deliver.
pub(crate) fn send(message: Box<Message>, patience: Patience) -> Result<Option<Box<Message>>, Unsent> {
    let Some(port) = message.port().cloned() else { return Ok(None) };
    if port.object().is_some() {
        return Ok(kobject::serve(&port, message));
    }
    enqueue(&port, message, patience).map(|()| None)
}

/// A message of some size that arrives where its receiver is about to look, and need not go through the queue: its
/// number, and what else its receiver sees. `None` if it must queue after all.
pub(crate) fn pass_by(port: &Port, size: usize, home: (u32, PortName), room: Room) -> Option<Envelope> {
    if port.home() != Some(home) || size > room.limit {
        return None;
    }
    let mut state = port.lock();
    let free = state.sets.is_empty() && state.queue.is_empty() && state.rare.receivers.is_empty();
    if !free || !port.is_alive() {
        return None;
    }
    let sequence = state.sequence;
    state.sequence = sequence.wrapping_add(1);
    Some(Envelope {
        sequence,
        context: state.rare.context,
        payload: state.rare.payload,
        trailer: room.trailer,
        name: None,
    })
}

fn enqueue(port: &Arc<Port>, message: Box<Message>, patience: Patience) -> Result<(), Unsent> {
    let mut state = port.lock();
    // What goes to a dead port is destroyed, and so is what could never be received; by drop, after the unlocking.
    if !port.is_alive() || !transit::enter(&message) {
        drop(state);
        return Ok(());
    }
    let room = state.has_room();
    if room || patience == Patience::Forced || message.to.as_ref().is_some_and(|it| it.is_once()) {
        state.push(port, message);
        return Ok(());
    }
    if patience == Patience::POLL {
        transit::forget(&message);
        return Err((MsgReturn::SEND_TIMED_OUT, message));
    }
    let waiter = Waiter::new(thread::interrupts());
    state.rare.blocked.push_back(Sending { waiter: waiter.clone(), message });
    drop(state);
    wait_for_room(port, &waiter, patience)
}

fn wait_for_room(
    port: &Arc<Port>,
    waiter: &Arc<Waiter<Result<(), MsgReturn>>>,
    patience: Patience,
) -> Result<(), Unsent> {
    let Patience::Wait(limit) = patience else { return Ok(()) };
    let Err(why) = waiter.wait(limit) else { return Ok(()) };
    let mut state = port.lock();
    let Some(at) = state.rare.blocked.iter().position(|it| Arc::ptr_eq(&it.waiter, waiter)) else { return Ok(()) };
    let message = state.rare.blocked.remove(at).expect("its place was found just now").message;
    transit::forget(&message);
    let code = match why {
        GaveUp::TimedOut => MsgReturn::SEND_TIMED_OUT,
        GaveUp::Interrupted => MsgReturn::SEND_INTERRUPTED,
    };
    Err((code, message))
}

/// Takes the next message, waiting for it if need be.
pub(crate) fn receive(source: &Source, room: Room, limit: Option<Duration>) -> Result<Taken, MsgReturn> {
    let waiter = match source {
        Source::Port(port, home) => match take_from_port(port, *home, room, limit)? {
            Next::Taken(it) => return Ok(it),
            Next::Wait(it) => it,
        },
        Source::Set(set) => match take_from_set(set, room, limit)? {
            Next::Taken(it) => return Ok(it),
            Next::Wait(it) => it,
        },
    };
    let why = match waiter.wait(limit) {
        Ok(it) => return it,
        Err(it) => it,
    };
    let gave_up = match source {
        Source::Port(port, _) => remove(&mut port.lock().rare.receivers, &waiter),
        Source::Set(set) => remove(&mut set.lock().receivers, &waiter),
    };
    match waiter.outcome() {
        Some(it) if !gave_up => it,
        _ if why == GaveUp::TimedOut => Err(MsgReturn::RCV_TIMED_OUT),
        _ => Err(MsgReturn::RCV_INTERRUPTED),
    }
}

enum Next {
    Taken(Taken),
    Wait(Arc<Waiter<Result<Taken, MsgReturn>>>),
}

fn remove(receivers: &mut VecDeque<Receiving>, waiter: &Arc<Waiter<Result<Taken, MsgReturn>>>) -> bool {
    let Some(at) = receivers.iter().position(|it| Arc::ptr_eq(&it.waiter, waiter)) else { return false };
    receivers.remove(at);
    true
}

fn take_from_port(
    port: &Arc<Port>,
    home: (u32, PortName),
    room: Room,
    limit: Option<Duration>,
) -> Result<Next, MsgReturn> {
    let mut state = port.lock();
    if !port.is_alive() || port.home() != Some(home) {
        return Err(MsgReturn::RCV_PORT_DIED);
    }
    if !state.sets.is_empty() {
        return Err(MsgReturn::RCV_IN_SET);
    }
    if let Some(it) = state.take(room) {
        return Ok(Next::Taken(it));
    }
    Ok(Receiving::new(room, limit)?.wait_in(&mut state.rare.receivers))
}

impl Receiving {
    /// The calling thread, if it wants to wait at all.
    fn new(room: Room, limit: Option<Duration>) -> Result<Receiving, MsgReturn> {
        if limit == Some(Duration::ZERO) {
            return Err(MsgReturn::RCV_TIMED_OUT);
        }
        Ok(Receiving { waiter: Waiter::new(thread::interrupts()), room })
    }

    fn wait_in(self, receivers: &mut VecDeque<Receiving>) -> Next {
        let waiter = self.waiter.clone();
        receivers.push_back(self);
        Next::Wait(waiter)
    }
}

fn take_from_set(set: &Arc<PortSet>, room: Room, limit: Option<Duration>) -> Result<Next, MsgReturn> {
    loop {
        let mut state = set.lock();
        if !state.alive {
            return Err(MsgReturn::RCV_PORT_DIED);
        }
        let Some(port) = state.ready.front().cloned() else {
            return Ok(Receiving::new(room, limit)?.wait_in(&mut state.receivers));
        };
        drop(state);
        let mut state = port.lock();
        // It may have left since, or somebody else may have been served from it.
        let Some(place) = state.membership(set).filter(|it| it.listed) else { continue };
        if !set.lock().unlist(port.id) {
            continue;
        }
        place.listed = false;
        let Some(taken) = state.take(room) else { continue };
        if matches!(taken, Taken::TooLarge(_)) {
            // Whoever comes next finds it where it was.
            state.membership(set).expect("it was there just now").listed = true;
            set.lock().ready.push_front(port.clone());
        }
        state.offer(&port);
        return Ok(Next::Taken(taken));
    }
}

impl PortState {
    /// Puts a message at the end of the queue.
    fn push(&mut self, port: &Arc<Port>, message: Box<Message>) {
        self.queue.push_back(message);
        self.offer(port);
    }

    /// Gives messages to those who wait for them, or lists the port among the ready ones of its set.
    pub(crate) fn offer(&mut self, port: &Arc<Port>) {
        while !self.queue.is_empty() {
            let Some(Receiving { waiter, room }) = self.next_receiver(port) else { return };
            let taken = self.take(room).expect("the queue was not empty");
            waiter.wake(Ok(taken));
        }
    }

    /// Who waits for a message of the port; if it is in sets and nobody does, they list it as ready.
    fn next_receiver(&mut self, port: &Arc<Port>) -> Option<Receiving> {
        if self.sets.is_empty() {
            return self.rare.made()?.receivers.pop_front();
        }
        self.sets.iter_mut().find_map(|it| {
            let mut set = it.set.lock();
            let waiting = set.receivers.pop_front();
            if waiting.is_none() && !it.listed {
                it.listed = true;
                set.ready.push_back(port.clone());
            }
            waiting
        })
    }

    /// The first message, if there is one.
    fn take(&mut self, room: Room) -> Option<Taken> {
        let size = self.queue.front()?.size_with(room.trailer);
        if room.large && size > room.limit {
            return Some(Taken::TooLarge(size));
        }
        let mut message = self.queue.pop_front()?;
        transit::forget(&message);
        message.accepted = None;
        let sequence = self.sequence;
        self.sequence = sequence.wrapping_add(1);
        self.admit();
        let Room { trailer, .. } = room;
        let (context, payload) = (self.rare.context, self.rare.payload);
        Some(Taken::Message(message, Envelope { sequence, context, payload, trailer, name: None }))
    }

    /// Lets those in who wait for room.
    pub(crate) fn admit(&mut self) {
        while self.has_room() {
            let first = self.rare.made().and_then(|it| it.blocked.pop_front());
            let Some(Sending { waiter, message }) = first else { break };
            self.queue.push_back(message);
            waiter.wake(Ok(()));
        }
        self.tell_of_room();
    }
}

impl fmt::Debug for Receiving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Receiving({:?})", self.room)
    }
}

impl fmt::Debug for Sending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sending({:?})", self.message.id())
    }
}
