//! Rights are made and given up under no lock of their port: the counts are right, and who is told of their ends is told
//! the truth.

use mig_rt::carried::u32_at;

use super::*;
use crate::ipc::queue::Patience;
use crate::ipc::right::{ReceiveRef, SendOnceRef, SendRef};

/// What the kernel has told at a port: of no-senders notifications the make-send count.
fn told(port: &Arc<Port>) -> Vec<u32> {
    port.lock().queue.iter().map(|it| u32_at(&it.bytes, 28)).collect()
}

/// A port whose receiver asks to be told at another when nobody can send.
fn watched() -> (Arc<Port>, Arc<Port>) {
    let (port, notify) = (port(5), port(5));
    port.lock().no_senders = Some(SendOnceRef::make(&notify));
    (port, notify)
}

/// The last right goes while another is made: whoever is told of an end is not told a number that counts the new one.
#[test]
fn no_senders_against_make() {
    in_every_order(|| {
        let port = port(5);
        let (old, made) = (SendRef::make(&port), port.clone());
        let maker = enter(move || SendRef::make(&made));
        let scope = Scope::open();
        drop(old);
        let told = port.nobody_sends();
        assert!(told.is_none_or(|it| it == 1), "{told:?}");
        let right = end(maker);
        assert_eq!((port.nobody_sends(), port.make_count()), (None, 2));
        drop(right);
        assert_eq!(port.nobody_sends(), Some(2));
        drop(scope);
    });
}

/// The same, with the notification that is sent.
#[test]
fn a_notification_against_make() {
    in_every_order(|| {
        let (port, notify) = watched();
        let (old, made) = (SendRef::make(&port), port.clone());
        let maker = enter(move || SendRef::make(&made));
        let other = enter(move || drop(old));
        end(other);
        let right = end(maker);
        let before = told(&notify);
        assert!(before.is_empty() || before == [1], "{before:?}");
        let _scope = Scope::open();
        drop(right);
        crate::effect::settle();
        let after = told(&notify);
        assert!(after == [1] || before.is_empty() && after == [2], "{before:?} {after:?}");
    });
}

/// Two last rights: one end, of which the receiver is told once.
#[test]
fn no_senders_are_told_once() {
    in_every_order(|| {
        let (port, notify) = watched();
        let rights = [SendRef::make(&port), SendRef::make(&port)];
        let threads = rights.map(|it| enter(move || drop(it)));
        threads.into_iter().for_each(end);
        assert_eq!(told(&notify), [2]);
        assert_eq!(notify.send_once_count(), 1);
    });
}

/// A message that goes to a dying port is destroyed with it, or before: what it carried is given back, once.
#[test]
fn destroy_against_send() {
    in_every_order(|| {
        let (dying, carried) = (port(5), port(5));
        let to = SendOnceRef::make(&dying);
        let right = Carried::Send(SendRef::make(&carried));
        let sender = enter(move || {
            let message = letter(Carried::SendOnce(to), vec![right]);
            assert!(queue::send(message, Patience::Wait(None)).is_ok());
        });
        let receive = ReceiveRef::of(dying.clone());
        let destroyer = enter(move || drop(receive));
        end(sender);
        end(destroyer);
        assert!(!dying.is_alive());
        assert_eq!((queued(&dying), dying.send_once_count(), carried.send_count()), (0, 0, 0));
    });
}

/// A send-once right that is given up unused says so, unless there is nobody left to be told; it counts until then.
#[test]
fn destroy_against_send_once() {
    in_every_order(|| {
        let dying = port(5);
        let unused = SendOnceRef::make(&dying);
        let dropper = enter(move || drop(unused));
        let receive = ReceiveRef::of(dying.clone());
        let destroyer = enter(move || drop(receive));
        end(dropper);
        end(destroyer);
        assert_eq!((queued(&dying), dying.send_once_count()), (0, 0));
    });
}

/// Two receive rights that are sent into each other's ports: one message arrives, and the other is destroyed.
#[test]
fn receive_rights_form_no_circle() {
    in_every_order(|| {
        let (one, other) = (port(5), port(5));
        let threads = [(one.clone(), other.clone()), (other.clone(), one.clone())].map(|(to, inner)| {
            enter(move || {
                inner.set_home(None);
                let message =
                    letter(Carried::SendOnce(SendOnceRef::make(&to)), vec![Carried::Receive(ReceiveRef::of(inner))]);
                assert!(queue::send(message, Patience::Wait(None)).is_ok());
            })
        });
        threads.into_iter().for_each(end);
        // The message that closed the circle died, and with it the port that it carried, and what waited there.
        assert!(!one.is_alive() && !other.is_alive());
        assert_eq!((queued(&one), queued(&other)), (0, 0));
    });
}
