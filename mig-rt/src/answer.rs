//! Answers that are given now or later.
//!
//! A routine with a reply port argument gives its method a [`ReplyTo`] and wants an [`Answer`], which only two calls
//! make: so every request is answered once, and the compiler sees to it.

use core::fmt;
use core::marker::PhantomData;
use core::mem::MaybeUninit;

use crate::error::{KernReturn, Result};
use crate::exchange::{ReplyBuffer, ReplyHead, Row, drop_unsent};
use crate::message::{Buffer, MsgId};
use crate::right::AnyRight;
use crate::serve::{Served, Unserved};
use crate::transport::{Operation, Transport, Wire};

/// A routine whose answer may come later; generated markers implement it.
pub trait Routine<T: Transport> {
    /// What a successful answer holds, arrays as slices.
    type Out<'a>
    where
        T: 'a;
}

/// How such a routine's answer is written in one ABI; generated.
pub trait Answers<T: Transport, W: Row>: Routine<T> + Sized {
    /// Writes a successful reply behind its header.
    ///
    /// # Errors
    /// What a value that cannot be sent amounts to.
    fn write<'a>(reply: ReplyHead<'_, T, W>, out: Self::Out<'a>) -> Served
    where
        T: 'a;

    /// Sends an answer, with a buffer of the reply's maximal size.
    ///
    /// # Errors
    /// The kernel's code.
    fn send<'a>(reply: Deferred<T, W>, result: Result<Self::Out<'a>, KernReturn>) -> Result<()>
    where
        T: 'a;
}

/// Where a method answers.
pub struct ReplyTo<'b, T: Transport, R: Routine<T>> {
    buffer: &'b mut [MaybeUninit<u8>],
    via: T,
    calls: Calls<T, R>,
}

type SendAnswer<T, R> = fn(Owed<T>, Result<<R as Routine<T>>::Out<'_>, KernReturn>) -> Result<()>;

/// The ABI's part, by function so that a server need not know it.
struct Calls<T: Transport, R: Routine<T>> {
    write: fn(&mut [MaybeUninit<u8>], T, R::Out<'_>) -> Served,
    take: fn(&mut [MaybeUninit<u8>], T) -> Owed<T>,
    send: SendAnswer<T, R>,
}

/// Header of an answer that is still owed.
struct Owed<T: Transport> {
    right: AnyRight<T>,
    id: MsgId,
    via: T,
}

/// Proof that a request was answered, or will be.
#[derive(Debug)]
#[must_use = "a method returns it"]
pub struct Answer(Served);

impl Answer {
    /// For the dispatcher.
    #[inline]
    pub fn into_served(self) -> Served {
        self.0
    }
}

impl<'b, T: Transport, R: Routine<T>> ReplyTo<'b, T, R> {
    /// Made by a dispatcher.
    pub fn new<W: Row>(reply: ReplyHead<'b, T, W>) -> Self
    where
        R: Answers<T, W>,
    {
        let (buffer, via) = reply.into_parts();
        let calls = Calls {
            // SAFETY: here and below, the parts come from the head taken apart above.
            write: |buffer, via, out| R::write(unsafe { ReplyHead::<T, W>::from_parts(buffer, via) }, out),
            take: |buffer, via| {
                let (right, id) = unsafe { ReplyHead::<T, W>::from_parts(buffer, via.clone()) }.take_right();
                Owed { right, id, via }
            },
            send: |owed, result| R::send(Deferred { owed, abi: PhantomData }, result),
        };
        ReplyTo { buffer, via, calls }
    }

    /// Answers now: the loop sends it with its next receive.
    pub fn now(self, result: Result<R::Out<'_>, KernReturn>) -> Answer {
        Answer(match result {
            Ok(out) => (self.calls.write)(self.buffer, self.via, out),
            Err(code) => Err(code.into()),
        })
    }

    /// Answers later, from any thread.
    pub fn later(self) -> (Later<T, R>, Answer) {
        let owed = (self.calls.take)(self.buffer, self.via);
        (Later { owed, send: self.calls.send }, Answer(Err(Unserved::LATER)))
    }
}

impl<T: Transport, R: Routine<T>> fmt::Debug for ReplyTo<'_, T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReplyTo")
    }
}

/// An answer that is still owed. Dropping it releases the reply right, and the client reads `MIG_SERVER_DIED`.
#[must_use = "dropping it tells the client that the server died"]
pub struct Later<T: Transport, R: Routine<T>> {
    owed: Owed<T>,
    send: SendAnswer<T, R>,
}

impl<T: Transport, R: Routine<T>> Later<T, R> {
    /// Answers.
    ///
    /// # Errors
    /// The kernel's code; `MACH_SEND_INVALID_DEST` usually means that nobody waits any more.
    pub fn send(self, result: Result<R::Out<'_>, KernReturn>) -> Result<()> {
        (self.send)(self.owed, result)
    }
}

impl<T: Transport, R: Routine<T>> fmt::Debug for Later<T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Later({:?}, {:?})", self.owed.id, self.owed.right)
    }
}

/// A reply that is sent by itself.
pub struct Deferred<T: Transport, W: Row> {
    owed: Owed<T>,
    abi: PhantomData<W>,
}

impl<T: Transport, W: Row> Deferred<T, W> {
    /// Writes the answer into `buffer` and sends it.
    ///
    /// # Errors
    /// The kernel's code; what the answer held is released.
    pub fn send<R: Answers<T, W>, const N: usize>(
        self,
        buffer: &mut Buffer<N>,
        result: Result<R::Out<'_>, KernReturn>,
    ) -> Result<()> {
        const { assert!(N >= W::BARE) };
        let Owed { right, id, via } = self.owed;
        let disposition = right.disposition();
        let mut reply = ReplyBuffer::<T, W>::begin(buffer.bytes(), right.into_raw(), disposition, id, via);
        if let Err(it) = result.map_err(Unserved::from).and_then(|out| R::write(reply.head(), out)) {
            reply.fail(it.code);
        }
        reply.send(Operation { send: true, ..Operation::default() })
    }
}

impl<T: Transport, W: Row> fmt::Debug for Deferred<T, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Deferred({:?}, {:?})", self.owed.id, self.owed.right)
    }
}

impl<T: Transport, W: Row> ReplyBuffer<'_, T, W> {
    /// Sends it, and releases what it holds if that fails.
    pub(crate) fn send(self, operation: Operation) -> Result<()> {
        let (buffer, size, via) = self.into_parts();
        // SAFETY: `size` bytes are those of a complete message.
        let mut wire = unsafe { Wire::new(buffer, size, size) };
        match via.msg(W::ABI, operation, &mut wire) {
            Ok(_) => Ok(()),
            Err(it) => {
                drop_unsent::<T, W>(wire, it.left, via);
                Err(it.code.into())
            }
        }
    }
}
