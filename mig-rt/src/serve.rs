//! The server's loop: receive, dispatch, reply.

use core::fmt;
use core::mem::MaybeUninit;
use core::ops::RangeInclusive;

use crate::abi::AbiId;
use crate::error::{Error, KernReturn, MsgReturn};
use crate::exchange::{self, ReplyBuffer, ReplyHead, Request, Row, by_row};
use crate::message::{Buffer, MsgId};
use crate::right::{Disposition, ReceiveRight};
use crate::trailer::TrailerElements;
use crate::transport::{Left, Operation, Timeout, Transport, Wire};
use crate::{typed, untyped};

/// Why a request has no successful answer, and who owns what it held.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Unserved {
    /// Not a `bool`: a result of this type is one register only if success has its niche in the code.
    fate: u8,
    /// What the client is told.
    pub code: KernReturn,
}

const FAILED: u8 = 0;
const REFUSED: u8 = 1;
const ANSWERED_LATER: u8 = 2;

impl Unserved {
    /// No subsystem serves this id.
    pub const BAD_ID: Unserved = Unserved::refused(KernReturn::MIG_BAD_ID);
    /// The method keeps the reply right and answers later.
    pub(crate) const LATER: Unserved = Unserved { fate: ANSWERED_LATER, code: KernReturn::MIG_NO_REPLY };

    /// Refused before anything was taken: the request still owns everything.
    #[inline(always)]
    pub const fn refused(code: KernReturn) -> Unserved {
        Unserved { fate: REFUSED, code }
    }

    /// Whether the request still owns everything.
    #[inline(always)]
    pub const fn is_refused(self) -> bool {
        self.fate == REFUSED
    }
}

/// A method failed: everything was taken from the request.
impl From<KernReturn> for Unserved {
    #[inline(always)]
    fn from(code: KernReturn) -> Unserved {
        Unserved { fate: FAILED, code }
    }
}

/// A result could not be sent: everything was taken from the request.
impl From<Error> for Unserved {
    fn from(error: Error) -> Unserved {
        error.to_kern().into()
    }
}

/// How a request was served. *Refused*: nothing was taken, and the loop destroys the request. *Failed or served*:
/// everything was taken.
pub type Served = Result<(), Unserved>;

/// What serves a request: a function that generated code calls `dispatch`.
pub type Dispatch<T, S, W> = fn(&mut S, Request<'_, T, W>, ReplyHead<'_, T, W>) -> Served;

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
    dispatcher: Dispatcher<T, S>,
    trailer: TrailerElements,
}

impl<T: Transport, S: ?Sized> Subsystem<T, S> {
    /// The routines with these ids, and what dispatches to them.
    pub const fn new(ids: RangeInclusive<MsgId>, dispatcher: Dispatcher<T, S>) -> Subsystem<T, S> {
        let trailer = TrailerElements::None;
        Subsystem { first: *ids.start(), last: *ids.end(), dispatcher, trailer }
    }

    /// Whose routines ask for these elements of the trailer.
    pub const fn with_trailer(mut self, elements: TrailerElements) -> Subsystem<T, S> {
        self.trailer = elements;
        self
    }

    /// What its routines ask for of the trailer; [`serve`] asks for the most that one of its subsystems needs.
    pub const fn trailer(&self) -> TrailerElements {
        self.trailer
    }

    /// Its ABI.
    pub const fn abi(&self) -> AbiId {
        self.dispatcher.abi()
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

/// Serves until the port is gone, or receiving from it fails otherwise.
///
/// `MAX` is the size of the largest message, request or reply, of any of the subsystems, trailer included; longer ones are dropped by
/// the kernel. What each code does to request and reply is C's business rule: success and errors are answered if the
/// client waits; `MIG_NO_REPLY` and `MIG_DESTROY_REQUEST` are not, and release the reply right.
pub fn serve<T: Transport, S: ?Sized, const MAX: usize>(
    port: &ReceiveRight<T>,
    subsystems: &[Subsystem<T, S>],
    service: &mut S,
) -> MsgReturn {
    let (mut first, mut second) = (Buffer::<MAX>::new(), Buffer::<MAX>::new());
    let (mut here, mut there) = (&mut first, &mut second);
    let via = port.via();
    let trailer = subsystems.iter().map(Subsystem::trailer).max().unwrap_or_default();
    let receive = Operation { receive: Some(port.name()), trailer, ..Operation::default() };
    // The reply that goes out with the next receive: its ABI and size.
    let mut reply: Option<(AbiId, usize)> = None;
    loop {
        let (abi, size, operation) = match reply.take() {
            Some((abi, size)) => (abi, size, sending(here.bytes(), receive)),
            None => (T::ABIS[0], 0, receive),
        };
        // SAFETY: `size` bytes of `here` are a reply that `answer` completed, or none.
        let mut wire = unsafe { Wire::new(here.bytes(), size, MAX) };
        match via.msg(abi, operation, &mut wire) {
            Ok(arrived) => {
                let message = wire.into_bytes();
                // SAFETY: this handle received the message just now.
                let sent = unsafe { answer(arrived.abi, message, there.bytes(), subsystems, service, via.clone()) };
                reply = sent.map(|size| (arrived.abi, size));
                core::mem::swap(&mut here, &mut there);
            }
            Err(it) if it.left != Left::Sent && size > 0 => drop_unsent(abi, wire, it.left, via.clone()),
            Err(it) if it.code == MsgReturn::RCV_TOO_LARGE => {}
            Err(it) => return it.code,
        }
    }
}

/// The operation that sends a reply and receives the next request.
fn sending(reply: &[MaybeUninit<u8>], receive: Operation) -> Operation {
    // SAFETY: a completed reply begins with its bits.
    let disposition = Disposition(unsafe { reply[0].assume_init() });
    // A send-once right never blocks. Any other could, for as long as its owner likes.
    let limit = (disposition != Disposition::MOVE_SEND_ONCE).then_some(Timeout(0));
    Operation { send: true, send_timeout: limit, ..receive }
}

/// Serves one request, and says how long the reply is that must now be sent, if any. What foreign loops call.
///
/// # Safety
/// The transport received `request`, a whole message with its trailer, if its ABI has one, and nobody has used it before: rights and
/// memory in it are taken over, and so is its reply right, which the reply owns.
// Where the caller knows the ABI, nothing is left of the others.
#[inline(always)]
pub unsafe fn answer<T: Transport, S: ?Sized>(
    abi: AbiId,
    request: &[u8],
    reply: &mut [MaybeUninit<u8>],
    subsystems: &[Subsystem<T, S>],
    service: &mut S,
    via: T,
) -> Option<usize> {
    by_row!(abi, answer_in(request, reply, subsystems, service, via))
}

#[inline(always)]
fn answer_in<T: Transport, S: ?Sized, W: Row>(
    request: &[u8],
    room: &mut [MaybeUninit<u8>],
    subsystems: &[Subsystem<T, S>],
    service: &mut S,
    via: T,
    _: W,
) -> Option<usize> {
    let received = Request::<T, W>::new(request, via.clone())?;
    W::drop_unasked(request, &via);
    if room.len() < W::BARE {
        exchange::drop_message::<T, W>(request, via);
        return None;
    }
    // Everything is read before the reply is begun: the compiler need not suspect that one overwrites the other.
    let id = received.id();
    let (to, disposition) = exchange::reply_right(request);
    let mut serving = subsystems.iter().filter(|it| it.first <= id && id <= it.last);
    let dispatch = serving.find_map(|it| W::dispatch(&it.dispatcher));
    let mut reply = ReplyBuffer::<T, W>::begin(room, to, disposition, id.reply(), via.clone());
    let served = match dispatch {
        Some(dispatch) => dispatch(service, received, reply.head()),
        None => Err(Unserved::BAD_ID),
    };
    if let Err(why) = served {
        if give_back::<T, W>(request, why, via) {
            return None;
        }
        reply.fail(why.code);
    }
    // Nobody waits: what the reply holds is released with it.
    if reply.to().is_valid() { Some(reply.into_sent()) } else { None }
}

/// Releases what a request still owns that has no successful answer, and says whether it has none at all.
#[cold]
#[inline(never)]
fn give_back<T: Transport, W: Row>(request: &[u8], why: Unserved, via: T) -> bool {
    if why.is_refused() {
        W::release(request, via);
    }
    W::is_silent(why.code)
}

/// What became of a reply that was not sent.
#[cold]
fn drop_unsent<T: Transport>(abi: AbiId, wire: Wire<'_>, left: Left, via: T) {
    by_row!(abi, unsent_in(wire, left, via));
}

fn unsent_in<T: Transport, W: Row>(wire: Wire<'_>, left: Left, via: T, _: W) {
    exchange::drop_unsent::<T, W>(wire, left, via);
}
