//! The server's loop: receive, dispatch, reply.
//!
//! [`serve`] goes on for as long as there is a port, [`serve_once`] serves one request; both take where and for how
//! long they wait as a [`Receive`]. Several [`Subsystem`]s share a port, notifications among them. [`answer`] is for
//! loops that receive by themselves.

use core::mem::MaybeUninit;

use crate::abi::AbiId;
use crate::error::{Error, KernReturn};
use crate::exchange::{self, ReplyBuffer, ReplyHead, Request, Row, by_row};
use crate::transport::Transport;

mod looping;
mod subsystem;

pub use looping::{Receive, serve, serve_once};
pub use subsystem::{Came, Dispatcher, Subsystem};

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
    let mut serving = subsystems.iter().filter_map(|it| Some((it, W::dispatch(&it.dispatcher)?)));
    let dispatch = serving.find(|it| it.0.serves(service, &received)).map(|it| it.1);
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
