//! What serves which requests.

use core::fmt;
use core::ops::RangeInclusive;

use super::Dispatch;
use crate::abi::AbiId;
use crate::exchange::{Request, Row};
use crate::message::MsgId;
use crate::right::{PortName, RightKind};
use crate::trailer::TrailerElements;
use crate::transport::Transport;
use crate::{typed, untyped};

/// The dispatcher of a wire half, by ABI: the loop calls it with messages of that ABI only.
pub enum Dispatcher<T: Transport, S: ?Sized> {
    /// `gnumach-i386`
    GnumachI386(Dispatch<T, S, typed::GnumachI386>),
    /// `gnumach-x86_64`
    GnumachX8664(Dispatch<T, S, typed::GnumachX8664>),
    /// `gnumach-x86_64-2022`
    GnumachX8664v2022(Dispatch<T, S, typed::GnumachX8664v2022>),
    /// `darwin-lp64`
    DarwinLp64(Dispatch<T, S, untyped::DarwinLp64>),
    /// `darwin-ilp32`
    DarwinIlp32(Dispatch<T, S, untyped::DarwinIlp32>),
}

impl<T: Transport, S: ?Sized> Dispatcher<T, S> {
    const fn abi(&self) -> AbiId {
        match self {
            Dispatcher::GnumachI386(_) => AbiId::GnumachI386,
            Dispatcher::GnumachX8664(_) => AbiId::GnumachX8664,
            Dispatcher::GnumachX8664v2022(_) => AbiId::GnumachX8664v2022,
            Dispatcher::DarwinLp64(_) => AbiId::DarwinLp64,
            Dispatcher::DarwinIlp32(_) => AbiId::DarwinIlp32,
        }
    }
}

impl<T: Transport, S: ?Sized> Clone for Dispatcher<T, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Transport, S: ?Sized> Copy for Dispatcher<T, S> {}

impl<T: Transport, S: ?Sized> fmt::Debug for Dispatcher<T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dispatcher of {}", self.abi())
    }
}

/// What the loop needs to know of the wire half of a subsystem.
pub struct Subsystem<T: Transport, S: ?Sized> {
    first: MsgId,
    last: MsgId,
    pub(super) dispatcher: Dispatcher<T, S>,
    trailer: TrailerElements,
    admits: Option<Admits<S>>,
}

/// Whether a service serves a request that came so.
type Admits<S> = fn(&mut S, Came) -> bool;

/// How a request came: what its header says, which the kernel wrote and the sender could not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Came {
    /// Which routine it asks for.
    pub id: MsgId,
    /// The port it was sent to, as the receiver calls it; null if the port has a protected payload.
    pub port: PortName,
    /// The right it was sent through: [`SEND`](RightKind::SEND) or [`SEND_ONCE`](RightKind::SEND_ONCE). A protected
    /// payload stands in its place.
    pub through: Option<RightKind>,
}

impl<T: Transport, S: ?Sized> Subsystem<T, S> {
    /// The routines with these ids, and what dispatches to them.
    pub const fn new(ids: RangeInclusive<MsgId>, dispatcher: Dispatcher<T, S>) -> Subsystem<T, S> {
        let trailer = TrailerElements::None;
        Subsystem { first: *ids.start(), last: *ids.end(), dispatcher, trailer, admits: None }
    }

    /// Which serves only what `admits` lets in. The rest is for the subsystems behind it, or for nobody. A service may
    /// note there how a request came, for the method that is called next.
    pub const fn admitting(mut self, admits: fn(&mut S, Came) -> bool) -> Subsystem<T, S> {
        self.admits = Some(admits);
        self
    }

    /// Which serves only what came through a send-once right.
    ///
    /// For notifications: the kernel was given a send-once right for each, and whoever has send rights alone cannot
    /// forge one. On a port with a protected payload nothing is served so, since its messages do not tell.
    pub const fn through_send_once(self) -> Subsystem<T, S> {
        self.admitting(|_, came| came.through == Some(RightKind::SEND_ONCE))
    }

    /// Whose routines ask for these elements of the trailer.
    pub const fn with_trailer(mut self, elements: TrailerElements) -> Subsystem<T, S> {
        self.trailer = elements;
        self
    }

    /// What its routines ask for of the trailer; [`serve`](super::serve()) asks for the most that one of its subsystems needs.
    pub const fn trailer(&self) -> TrailerElements {
        self.trailer
    }

    /// Its ABI.
    pub const fn abi(&self) -> AbiId {
        self.dispatcher.abi()
    }

    /// Whether it serves a request of its ABI.
    #[inline(always)]
    pub(super) fn serves<W: Row>(&self, service: &mut S, request: &Request<'_, T, W>) -> bool {
        let id = request.id();
        self.first <= id && id <= self.last && self.admits.is_none_or(|admits| admits(service, request.came()))
    }

    /// Its ids, skipped ones included.
    pub fn ids(&self) -> RangeInclusive<MsgId> {
        self.first..=self.last
    }
}

impl<T: Transport, S: ?Sized> Clone for Subsystem<T, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Transport, S: ?Sized> Copy for Subsystem<T, S> {}

impl<T: Transport, S: ?Sized> fmt::Debug for Subsystem<T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Subsystem {}..={} of {}", self.first.0, self.last.0, self.abi())
    }
}
