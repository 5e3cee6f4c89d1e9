//! Rights on their way into a message, where the sender chooses how they travel.

use core::marker::PhantomData;
use core::mem::ManuallyDrop;

use crate::right::{AnyRight, Disposition, PortName, ReceiveRight, Right, SendOnceRight, SendRight};
use crate::transport::Transport;

/// A right for a place in a message whose disposition the sender chooses.
///
/// Made by [`SendRight::copy`], [`ReceiveRight::make_send`], [`ReceiveRight::make_send_once`], [`Outbound::null`],
/// [`Outbound::number`], and `From` a right, which is then moved.
#[derive(Debug)]
pub struct Outbound<'a, T: Transport> {
    name: PortName,
    disposition: Disposition,
    via: Option<T>,
    lender: PhantomData<&'a ()>,
}

impl<'a, T: Transport> Outbound<'a, T> {
    #[inline]
    pub(crate) fn borrowed<R: Right<T>>(right: &'a R, disposition: Disposition) -> Outbound<'a, T> {
        Outbound { name: right.name(), disposition, via: Some(right.via().clone()), lender: PhantomData }
    }

    /// No port, as a send right.
    pub const fn null() -> Outbound<'a, T> {
        Outbound { name: PortName::NULL, disposition: Disposition::MOVE_SEND, via: None, lender: PhantomData }
    }

    /// A number that is no right (`MACH_MSG_TYPE_PORT_NAME`).
    pub const fn number(name: PortName) -> Outbound<'a, T> {
        Outbound { name, disposition: Disposition::PORT_NAME, via: None, lender: PhantomData }
    }

    /// How it will travel.
    pub fn disposition(&self) -> Disposition {
        self.disposition
    }

    /// What the port space calls it.
    pub fn name(&self) -> PortName {
        self.name
    }

    /// The same without its lender's lifetime, for a server's result: the reply is sent after the method returned.
    /// If the lender is gone by then, the kernel refuses the reply.
    pub fn detached(self) -> Outbound<'static, T> {
        let (name, disposition, via) = self.into_raw();
        Outbound { name, disposition, via, lender: PhantomData }
    }

    /// Name, disposition and port space; the right is the caller's.
    #[inline]
    pub(crate) fn into_raw(self) -> (PortName, Disposition, Option<T>) {
        let mut this = ManuallyDrop::new(self);
        (this.name, this.disposition, this.via.take())
    }
}

impl<T: Transport> Drop for Outbound<'_, T> {
    fn drop(&mut self) {
        if let (Some(via), Some(kind), true) = (&self.via, self.disposition.owned(), self.name.is_valid()) {
            via.release(self.name, kind);
        }
    }
}

macro_rules! moved {
    ($($name:ident)*) => { $(
        impl<T: Transport> From<$name<T>> for Outbound<'_, T> {
            #[inline]
            fn from(right: $name<T>) -> Self {
                let via = right.via().clone();
                let name = right.into_raw();
                Outbound { name, disposition: <$name<T> as Right<T>>::MOVED, via: Some(via), lender: PhantomData }
            }
        }

        impl<T: Transport> From<$name<T>> for AnyRight<T> {
            #[inline]
            fn from(right: $name<T>) -> Self {
                AnyRight::from_right(right)
            }
        }
    )* };
}
moved! { SendRight SendOnceRight ReceiveRight }

impl<T: Transport> AnyRight<T> {
    fn from_right<R: Right<T>>(right: R) -> AnyRight<T> {
        let via = right.via().clone();
        // SAFETY: the reference comes out of `right`, whose kind `R::MOVED` names.
        unsafe { AnyRight::from_raw(right.into_raw(), R::MOVED, via) }
    }
}

impl<T: Transport> From<AnyRight<T>> for Outbound<'_, T> {
    fn from(right: AnyRight<T>) -> Self {
        match right {
            AnyRight::Send(it) => it.into(),
            AnyRight::SendOnce(it) => it.into(),
            AnyRight::Receive(it) => it.into(),
            AnyRight::Number(name, disposition) => Outbound { name, disposition, via: None, lender: PhantomData },
        }
    }
}

/// Rights for an array whose disposition the sender chooses: one for all.
#[derive(Debug)]
pub enum Outbounds<'a, T: Transport> {
    /// Send rights, copied.
    Copy(&'a [SendRight<T>]),
    /// Send rights, made.
    MakeSend(&'a [ReceiveRight<T>]),
    /// Send-once rights, made.
    MakeSendOnce(&'a [ReceiveRight<T>]),
    /// Send rights, moved: nulls stay.
    MoveSend(&'a mut [SendRight<T>]),
    /// Send-once rights, moved: nulls stay.
    MoveSendOnce(&'a mut [SendOnceRight<T>]),
    /// Receive rights, moved: nulls stay.
    MoveReceive(&'a mut [ReceiveRight<T>]),
}

impl<T: Transport> Outbounds<'_, T> {
    pub(crate) fn len(&self) -> usize {
        match self {
            Outbounds::Copy(it) => it.len(),
            Outbounds::MakeSend(it) | Outbounds::MakeSendOnce(it) => it.len(),
            Outbounds::MoveSend(it) => it.len(),
            Outbounds::MoveSendOnce(it) => it.len(),
            Outbounds::MoveReceive(it) => it.len(),
        }
    }

    pub(crate) fn disposition(&self) -> Disposition {
        match self {
            Outbounds::Copy(_) => Disposition::COPY_SEND,
            Outbounds::MakeSend(_) => Disposition::MAKE_SEND,
            Outbounds::MakeSendOnce(_) => Disposition::MAKE_SEND_ONCE,
            Outbounds::MoveSend(_) => Disposition::MOVE_SEND,
            Outbounds::MoveSendOnce(_) => Disposition::MOVE_SEND_ONCE,
            Outbounds::MoveReceive(_) => Disposition::MOVE_RECEIVE,
        }
    }

    /// The name for one cell; a right that moves leaves null behind. `foreign` becomes true, and the name null, if
    /// the right belongs to another port space.
    pub(crate) fn take(&mut self, index: usize, via: &T, foreign: &mut bool) -> PortName {
        fn kept<T: Transport, R: Right<T>>(right: &R, via: &T, foreign: &mut bool) -> PortName {
            let own = right.via() == via;
            *foreign |= !own;
            if own { right.name() } else { PortName::NULL }
        }
        fn moved<T: Transport, R: Right<T>>(right: &mut R, via: &T, foreign: &mut bool) -> PortName {
            let own = right.via() == via;
            *foreign |= !own;
            if own { right.take().into_raw() } else { PortName::NULL }
        }
        match self {
            Outbounds::Copy(it) => kept(&it[index], via, foreign),
            Outbounds::MakeSend(it) | Outbounds::MakeSendOnce(it) => kept(&it[index], via, foreign),
            Outbounds::MoveSend(it) => moved(&mut it[index], via, foreign),
            Outbounds::MoveSendOnce(it) => moved(&mut it[index], via, foreign),
            Outbounds::MoveReceive(it) => moved(&mut it[index], via, foreign),
        }
    }
}
