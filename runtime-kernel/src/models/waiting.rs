//! Waiting for messages and for room: nobody sleeps through what it waits for, and what is given up is not lost.

use loom::thread::spawn;
use mig_rt::MsgReturn;

use super::*;
use crate::ipc::queue::Patience;
use crate::ipc::right::{ReceiveRef, SendRef};
use crate::ipc::set::{Membership, PortSet};
use crate::thread::interrupts;

/// Any time at all: the checker ends it whenever it likes.
const A_WHILE: Option<Duration> = Some(Duration::from_secs(1));
const FOR_EVER: Patience = Patience::Wait(None);

fn send(port: &Arc<Port>, patience: Patience) -> Result<(), MsgReturn> {
    let message = letter(Carried::Send(SendRef::make(port)), vec![]);
    queue::send(message, patience).map(|answer| assert!(answer.is_none())).map_err(|(code, _)| code)
}

#[test]
fn a_receiver_is_woken() {
    in_every_order(|| {
        let _scope = Scope::open();
        let port = port(1);
        let to = port.clone();
        let receiver = enter(move || receive(&to, None).is_ok());
        assert_eq!(send(&port, FOR_EVER), Ok(()));
        assert!(end(receiver));
        assert_eq!(queued(&port), 0);
    });
}

/// A message is received, or still there.
#[test]
fn a_receiver_gives_up() {
    in_every_order(|| {
        let _scope = Scope::open();
        let port = port(1);
        let to = port.clone();
        let receiver = enter(move || receive(&to, A_WHILE));
        assert_eq!(send(&port, FOR_EVER), Ok(()));
        let left = match end(receiver) {
            Ok(_) => 0,
            Err(why) => {
                assert_eq!(why, MsgReturn::RCV_TIMED_OUT);
                1
            }
        };
        assert_eq!(queued(&port), left);
        assert!(port.lock().rare.receivers.is_empty());
    });
}

/// An interruption ends the wait, wherever it comes; the message that may have come before stays whole.
#[test]
fn a_receiver_is_interrupted() {
    in_every_order(|| {
        let _scope = Scope::open();
        let port = port(1);
        let to = port.clone();
        let receiver = enter(move || {
            let mine = interrupts();
            let other = spawn(move || mine.interrupt());
            let received = receive(&to, None);
            end(other);
            received
        });
        let to = port.clone();
        let sender = enter(move || send(&to, FOR_EVER));
        let received = end(receiver);
        assert_eq!(end(sender), Ok(()));
        assert!(received.is_ok() || received == Err(MsgReturn::RCV_INTERRUPTED));
        assert_eq!(queued(&port), usize::from(received.is_err()));
    });
}

/// Nobody sends: only the interruption can end the wait.
#[test]
fn an_interruption_is_not_missed() {
    in_every_order(|| {
        let _scope = Scope::open();
        let port = port(1);
        let mine = interrupts();
        let other = spawn(move || mine.interrupt());
        assert_eq!(receive(&port, None), Err(MsgReturn::RCV_INTERRUPTED));
        end(other);
    });
}

/// An abort of a wait ends it, if it says so, and nothing that is waited for later.
#[test]
fn an_abort_ends_one_wait_at_most() {
    in_every_order(|| {
        let _scope = Scope::open();
        let port = port(2);
        let to = port.clone();
        let receiver = enter(move || {
            let mine = interrupts();
            let other = spawn(move || mine.interrupt_waiting());
            let received = receive(&to, None);
            let aborted = end(other);
            (received, aborted, receive(&to, None))
        });
        let sent = [(); 2].map(|()| send(&port, FOR_EVER));
        assert_eq!(sent, [Ok(()); 2]);
        let (received, aborted, later) = end(receiver);
        assert!(received.is_ok() || aborted && received == Err(MsgReturn::RCV_INTERRUPTED));
        assert_eq!(later, Ok(()));
        assert_eq!(queued(&port), usize::from(received.is_err()));
    });
}

/// A sender who waits for room gets it, or has its message back.
#[test]
fn a_sender_waits_for_room() {
    for patience in [FOR_EVER, Patience::Wait(A_WHILE)] {
        in_every_order(move || {
            let _scope = Scope::open();
            let port = port(1);
            assert_eq!(send(&port, FOR_EVER), Ok(()));
            let to = port.clone();
            let sender = enter(move || send(&to, patience));
            assert!(receive(&port, None).is_ok());
            let sent = end(sender);
            assert!(sent.is_ok() || patience != FOR_EVER && sent == Err(MsgReturn::SEND_TIMED_OUT));
            assert_eq!(queued(&port), usize::from(sent.is_ok()));
            assert!(port.lock().rare.blocked.is_empty());
        });
    }
}

/// Whoever waits at a port that dies is told, and no message of it is left over.
#[test]
fn nobody_waits_at_a_dead_port() {
    in_every_order(|| {
        let scope = Scope::open();
        let port = port(0);
        let to = port.clone();
        let sender = enter(move || send(&to, FOR_EVER));
        let from = port.clone();
        let receiver = enter(move || receive(&from, None));
        drop(ReceiveRef::of(port.clone()));
        drop(scope);
        assert_eq!(end(sender), Ok(()));
        assert_eq!(end(receiver).err(), Some(MsgReturn::RCV_PORT_DIED));
        assert_eq!((queued(&port), port.send_count()), (0, 0));
    });
}

fn set_of(ports: &[Arc<Port>]) -> Arc<PortSet> {
    let set = PortSet::new(HOME.1);
    for port in ports {
        port.lock().sets.push(Membership { set: set.clone(), listed: false });
        set.lock().members.insert(port.id, port.clone());
    }
    set
}

/// Whoever receives from a set has what comes to any member.
#[test]
fn a_set_is_received_from() {
    in_every_order(|| {
        let _scope = Scope::open();
        let ports = [port(1), port(1)];
        let set = set_of(&ports);
        let [one, other] = ports.clone();
        let sender = enter(move || send(&one, FOR_EVER));
        let other = enter(move || send(&other, FOR_EVER));
        let source = Source::Set(set.clone());
        assert_eq!((receive_from(&source, None), receive_from(&source, None)), (Ok(()), Ok(())));
        assert_eq!((end(sender), end(other)), (Ok(()), Ok(())));
        assert!(ports.iter().all(|it| queued(it) == 0));
        assert_eq!(receive_from(&source, Some(Duration::ZERO)), Err(MsgReturn::RCV_TIMED_OUT));
    });
}

/// A set ends: its receiver is told, or has a message; one that came later waits in its port.
#[test]
fn a_set_ends_under_its_receiver() {
    in_every_order(|| {
        let _scope = Scope::open();
        let port = port(1);
        let set = set_of(std::slice::from_ref(&port));
        let (to, source) = (port.clone(), Source::Set(set.clone()));
        let sender = enter(move || send(&to, FOR_EVER));
        let receiver = enter(move || receive_from(&source, None));
        set.destroy();
        let received = end(receiver);
        assert_eq!(end(sender), Ok(()));
        assert!(received.is_ok() || received == Err(MsgReturn::RCV_PORT_DIED));
        assert_eq!(queued(&port), usize::from(received.is_err()));
        assert!(port.lock().sets.is_empty());
    });
}
