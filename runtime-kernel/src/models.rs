//! What threads can do to each other where no lock or no one lock is between them, in every order there is.
//!
//! Each test is a scene of two or three threads; the checker `loom` plays it in every order of their steps, and with every
//! value that an atomic load may see. A thread that is never woken is found as a deadlock. `CONTRIBUTING.md` says how to
//! run them.
//!
//! The scenes are small. Whole programs are played in random orders, which seeds choose, by `crate::schedule`.

mod rights;
mod stopping;
mod waiting;

use std::sync::Arc;
use std::time::Duration;

use loom::thread::{JoinHandle, spawn};
use mig_rt::{AbiId, MsgReturn, PortName, TrailerElements};

use crate::effect::Scope;
use crate::ipc::message::{Destination, Item, Message};
use crate::ipc::pool;
use crate::ipc::port::Port;
use crate::ipc::queue::{self, Room, Source, Taken};
use crate::ipc::right::Carried;

/// Plays a scene in every order.
fn in_every_order(scene: impl Fn() + Send + Sync + 'static) {
    let mut model = loom::model::Builder::new();
    model.max_branches = 100_000;
    model.check(scene);
}

/// A thread that comes in by a door of the kernel.
fn enter<X: 'static>(body: impl FnOnce() -> X + 'static) -> JoinHandle<X> {
    spawn(|| {
        let _scope = Scope::open();
        body()
    })
}

fn end<X>(thread: JoinHandle<X>) -> X {
    thread.join().expect("it does not panic")
}

/// Where the ports of a scene are received from.
const HOME: (u32, PortName) = (1, PortName(0x100));

/// A port with room for so many messages, in a space.
fn port(limit: u32) -> Arc<Port> {
    let port = Port::new(AbiId::GnumachI386);
    port.set_home(Some(HOME));
    port.lock().limit = limit;
    port
}

/// A message that carries some rights.
fn letter(to: Carried, rights: Vec<Carried>) -> Box<Message> {
    let mut message = pool::take(AbiId::GnumachI386);
    message.bytes.resize(24, 0);
    message.to = Destination::of(to);
    message.items = vec![Item::Rights(rights)];
    message
}

/// Receives from a port.
fn receive(port: &Arc<Port>, limit: Option<Duration>) -> Result<(), MsgReturn> {
    receive_from(&Source::Port(port.clone(), HOME), limit)
}

fn receive_from(source: &Source, limit: Option<Duration>) -> Result<(), MsgReturn> {
    let room = Room { limit: 4096, large: false, trailer: TrailerElements::default() };
    match queue::receive(source, room, limit)? {
        Taken::Message(mut message, _) => {
            if let Some(it) = message.to.take() {
                it.spend();
            }
            Ok(())
        }
        Taken::TooLarge(_) => unreachable!("nothing is so large"),
    }
}

/// Messages that wait at a port.
fn queued(port: &Arc<Port>) -> usize {
    port.lock().queue.len()
}
