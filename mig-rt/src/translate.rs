//! Translation: from a port or number in a message to an object of the server, and back.

use crate::right::{PortName, SendRight};
use crate::transport::Transport;

/// A type that a definition translates (`intran`, `outtran`); generated markers implement it.
pub trait Translated<T: Transport> {
    /// What arrives: a port, or a number.
    type In<'a>
    where
        T: 'a;
    /// What is sent.
    type Out;
}

/// A port to be translated.
#[derive(Debug)]
pub enum PortIn<'a, T: Transport> {
    /// The port that the request was sent to, by the receiver's name for it.
    Local(PortName),
    /// The port that the request was sent to, by its protected payload.
    Payload(u64),
    /// A right of the body. It lives until the method has returned.
    Right(&'a SendRight<T>),
}

/// Makes the object that a method gets (`intran`).
///
/// It cannot fail: only the routine knows the order of its checks, so null must reach it. The object is owned; its
/// `Drop` is the definition's destructor, and runs on every outcome.
pub trait Translate<T: Transport, K: Translated<T>> {
    /// The object.
    type Object;

    /// From what arrived.
    fn intran(&self, from: K::In<'_>) -> Self::Object;
}

/// Makes what is sent of the object that a method returns (`outtran`).
pub trait Outtran<T: Transport, K: Translated<T>> {
    /// The object.
    type Object;

    /// To what is sent.
    fn outtran(&self, object: Self::Object) -> K::Out;
}

/// The object that a method of `S` gets for the translated type `K`.
pub type Obj<S, T, K> = <S as Translate<T, K>>::Object;

/// The object that a method of `S` returns for the translated type `K`.
pub type OutObj<S, T, K> = <S as Outtran<T, K>>::Object;
