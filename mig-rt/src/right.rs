//! Rights as values: each exists once, and dropping it gives it back.

use core::borrow::Borrow;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::mem::ManuallyDrop;

use crate::error::KernReturn;
use crate::outbound::Outbound;
use crate::transport::Transport;

/// What a port space calls a right: a number, which owns nothing (`mach_port_name_t`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
#[repr(transparent)]
pub struct PortName(pub u32);

impl PortName {
    /// `MACH_PORT_NULL`: no port.
    pub const NULL: PortName = PortName(0);
    /// `MACH_PORT_DEAD`: a port that is gone.
    pub const DEAD: PortName = PortName(u32::MAX);

    /// Neither null nor dead (`MACH_PORT_VALID`).
    #[inline(always)]
    pub const fn is_valid(self) -> bool {
        self.0 != 0 && self.0 != u32::MAX
    }
}

impl fmt::Debug for PortName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            PortName::NULL => f.write_str("PortName(NULL)"),
            PortName::DEAD => f.write_str("PortName(DEAD)"),
            PortName(it) => write!(f, "PortName({it:#x})"),
        }
    }
}

/// `null`, `dead`, or the number in hexadecimal.
impl fmt::Display for PortName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            PortName::NULL => f.write_str("null"),
            PortName::DEAD => f.write_str("dead"),
            PortName(it) => write!(f, "{it:#x}"),
        }
    }
}

/// Kinds of rights, with the values of `mach_port_right_t`. An open set: a message may bring any number.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[repr(transparent)]
pub struct RightKind(pub u32);

impl RightKind {
    /// May be sent to, any number of times.
    pub const SEND: RightKind = RightKind(0);
    /// May be received from.
    pub const RECEIVE: RightKind = RightKind(1);
    /// May be sent to once.
    pub const SEND_ONCE: RightKind = RightKind(2);
    /// A set of receive rights.
    pub const PORT_SET: RightKind = RightKind(3);
    /// A name whose port is gone.
    pub const DEAD_NAME: RightKind = RightKind(4);
}

/// How a port travels in a message, with the values of `mach_msg_type_name_t`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[repr(transparent)]
pub struct Disposition(pub u8);

impl Disposition {
    /// No port.
    pub const NONE: Disposition = Disposition(0);
    /// A plain number.
    pub const PORT_NAME: Disposition = Disposition(15);
    /// Moves a receive right; also what a receiver of one sees.
    pub const MOVE_RECEIVE: Disposition = Disposition(16);
    /// Moves a send right; also what a receiver of one sees.
    pub const MOVE_SEND: Disposition = Disposition(17);
    /// Moves a send-once right; also what a receiver of one sees.
    pub const MOVE_SEND_ONCE: Disposition = Disposition(18);
    /// Copies a send right.
    pub const COPY_SEND: Disposition = Disposition(19);
    /// Makes a send right from a receive right.
    pub const MAKE_SEND: Disposition = Disposition(20);
    /// Makes a send-once right from a receive right.
    pub const MAKE_SEND_ONCE: Disposition = Disposition(21);
    /// Received header only: the receiver's payload stands where its name would.
    pub const PROTECTED_PAYLOAD: Disposition = Disposition(23);

    /// Whether it makes a message carry a right (`MACH_MSG_TYPE_PORT_ANY`).
    #[inline(always)]
    pub const fn is_port(self) -> bool {
        16 <= self.0 && self.0 <= 21
    }

    /// What the receiver sees of what was sent so.
    #[inline]
    pub const fn received(self) -> Disposition {
        match self.0 {
            17 | 19 | 20 => Disposition::MOVE_SEND,
            18 | 21 => Disposition::MOVE_SEND_ONCE,
            _ => self,
        }
    }

    /// The right that a message owns which carries this disposition: none while it is still to be copied or made.
    #[inline]
    pub const fn owned(self) -> Option<RightKind> {
        match self.0 {
            16 => Some(RightKind::RECEIVE),
            17 => Some(RightKind::SEND),
            18 => Some(RightKind::SEND_ONCE),
            _ => None,
        }
    }
}

mod sealed {
    pub trait Sealed {}
}

/// The three kinds of right that a message carries. Sealed.
pub trait Right<T: Transport>: sealed::Sealed + Sized {
    /// Which.
    const KIND: RightKind;
    /// How it is moved, and how a receiver sees it.
    const MOVED: Disposition;

    /// What the port space calls it.
    fn name(&self) -> PortName;

    /// The port space.
    fn via(&self) -> &T;

    /// No port.
    fn null(via: &T) -> Self;

    /// Makes a value of a name.
    ///
    /// # Safety
    /// The caller owns one reference of this kind and gives it up; or the name is null or dead.
    unsafe fn from_raw(name: PortName, via: T) -> Self;

    /// Gives the right up for its name.
    fn into_raw(self) -> PortName;

    /// Takes the right out and leaves null.
    fn take(&mut self) -> Self;
}

macro_rules! right {
    ($(#[$meta:meta])* $name:ident, $kind:ident, $moved:ident) => {
        $(#[$meta])*
        ///
        /// A name which is null or dead is a legal value; it releases nothing.
        pub struct $name<T: Transport> {
            name: PortName,
            via: T,
        }

        impl<T: Transport> sealed::Sealed for $name<T> {}

        impl<T: Transport> Right<T> for $name<T> {
            const KIND: RightKind = RightKind::$kind;
            const MOVED: Disposition = Disposition::$moved;

            #[inline(always)]
            fn name(&self) -> PortName {
                self.name
            }
            #[inline(always)]
            fn via(&self) -> &T {
                &self.via
            }
            #[inline]
            fn null(via: &T) -> Self {
                $name { name: PortName::NULL, via: via.clone() }
            }
            #[inline(always)]
            unsafe fn from_raw(name: PortName, via: T) -> Self {
                $name { name, via }
            }
            #[inline(always)]
            fn into_raw(self) -> PortName {
                let mut this = ManuallyDrop::new(self);
                let name = this.name;
                // SAFETY: `this` is never dropped nor used again, so its handle is dropped once, here.
                unsafe { core::ptr::drop_in_place(&mut this.via) };
                name
            }
            #[inline]
            fn take(&mut self) -> Self {
                $name { name: core::mem::replace(&mut self.name, PortName::NULL), via: self.via.clone() }
            }
        }

        impl<T: Transport> $name<T> {
            /// What the port space calls it.
            #[inline(always)]
            pub fn name(&self) -> PortName {
                self.name
            }

            /// The port space it belongs to.
            #[inline(always)]
            pub fn via(&self) -> &T {
                &self.via
            }

            /// No port.
            #[inline]
            pub fn null(via: &T) -> Self {
                Right::null(via)
            }

            /// A right to a port that is gone (`MACH_PORT_DEAD`).
            #[inline]
            pub fn dead(via: &T) -> Self {
                // SAFETY: the name is dead.
                unsafe { Right::from_raw(PortName::DEAD, via.clone()) }
            }

            /// Neither null nor dead.
            #[inline]
            pub fn is_valid(&self) -> bool {
                self.name.is_valid()
            }

            /// Makes a value of a name that the caller owns.
            ///
            /// # Safety
            /// The caller owns one reference of this kind in that port space and gives it up; or the name is null or
            /// dead. Two values of one reference would release it twice, and take another's right away.
            #[inline]
            pub unsafe fn from_raw(name: PortName, via: T) -> Self {
                // SAFETY: the caller's contract is the same.
                unsafe { Right::from_raw(name, via) }
            }

            /// Gives the right up for its name. The caller must release it.
            #[inline]
            pub fn into_raw(self) -> PortName {
                Right::into_raw(self)
            }

            /// Takes the right out and leaves null.
            #[inline]
            pub fn take(&mut self) -> Self {
                Right::take(self)
            }
        }

        impl<T: Transport> Drop for $name<T> {
            #[inline]
            fn drop(&mut self) {
                if self.name.is_valid() {
                    self.via.release(self.name, RightKind::$kind);
                }
            }
        }

        impl<T: Transport> PartialEq for $name<T> {
            fn eq(&self, other: &Self) -> bool {
                self.name == other.name && self.via == other.via
            }
        }

        impl<T: Transport> Eq for $name<T> {}

        /// As its name, so that a map of rights of one port space is searched by the name in a notification.
        impl<T: Transport> Hash for $name<T> {
            fn hash<H: Hasher>(&self, state: &mut H) {
                self.name.hash(state);
            }
        }

        impl<T: Transport> Borrow<PortName> for $name<T> {
            fn borrow(&self) -> &PortName {
                &self.name
            }
        }

        impl<T: Transport> fmt::Debug for $name<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({:?})"), self.name)
            }
        }
    };
}

right! {
    /// A send right: one user reference of it.
    SendRight, SEND, MOVE_SEND
}
right! {
    /// A send-once right.
    SendOnceRight, SEND_ONCE, MOVE_SEND_ONCE
}
right! {
    /// A receive right. Dropping it destroys the port.
    ReceiveRight, RECEIVE, MOVE_RECEIVE
}

impl<T: Transport> SendRight<T> {
    /// One more user reference to the same right.
    ///
    /// # Errors
    /// `KERN_UREFS_OVERFLOW`, or what the kernel says of a right that died in between.
    pub fn try_clone(&self) -> Result<SendRight<T>, KernReturn> {
        if self.is_valid() {
            self.via.retain(self.name, RightKind::SEND)?;
        }
        Ok(SendRight { name: self.name, via: self.via.clone() })
    }

    /// To be copied into a message.
    #[inline]
    pub fn copy(&self) -> Outbound<'_, T> {
        Outbound::borrowed(self, Disposition::COPY_SEND)
    }
}

impl<T: Transport> ReceiveRight<T> {
    /// Makes a port.
    ///
    /// # Errors
    /// As [`Transport::make_port`].
    pub fn new(via: &T) -> Result<ReceiveRight<T>, KernReturn> {
        Ok(ReceiveRight { name: via.make_port()?, via: via.clone() })
    }

    /// A send right to be made by the message that carries it.
    #[inline]
    pub fn make_send(&self) -> Outbound<'_, T> {
        Outbound::borrowed(self, Disposition::MAKE_SEND)
    }

    /// A send-once right to be made by the message that carries it.
    #[inline]
    pub fn make_send_once(&self) -> Outbound<'_, T> {
        Outbound::borrowed(self, Disposition::MAKE_SEND_ONCE)
    }
}

/// A received right whose kind the message tells. The kind is kept even of a null port.
#[derive(PartialEq, Eq, Debug)]
pub enum AnyRight<T: Transport> {
    /// A send right.
    Send(SendRight<T>),
    /// A send-once right.
    SendOnce(SendOnceRight<T>),
    /// A receive right.
    Receive(ReceiveRight<T>),
    /// No right: a number under some other type name.
    Number(PortName, Disposition),
}

impl<T: Transport> AnyRight<T> {
    /// What the port space calls it, or the number.
    pub fn name(&self) -> PortName {
        match self {
            AnyRight::Send(it) => it.name(),
            AnyRight::SendOnce(it) => it.name(),
            AnyRight::Receive(it) => it.name(),
            AnyRight::Number(it, _) => *it,
        }
    }

    /// How it came.
    pub fn disposition(&self) -> Disposition {
        match self {
            AnyRight::Send(_) => Disposition::MOVE_SEND,
            AnyRight::SendOnce(_) => Disposition::MOVE_SEND_ONCE,
            AnyRight::Receive(_) => Disposition::MOVE_RECEIVE,
            AnyRight::Number(_, it) => *it,
        }
    }

    /// Whether it is a right, be it null, and not a number.
    pub fn is_right(&self) -> bool {
        !matches!(self, AnyRight::Number(..))
    }

    /// Neither null nor dead.
    pub fn is_valid(&self) -> bool {
        self.name().is_valid()
    }

    /// Gives the right up for its name. The caller must release it.
    pub fn into_raw(self) -> PortName {
        match self {
            AnyRight::Send(it) => it.into_raw(),
            AnyRight::SendOnce(it) => it.into_raw(),
            AnyRight::Receive(it) => it.into_raw(),
            AnyRight::Number(it, _) => it,
        }
    }

    /// Makes a value of a name.
    ///
    /// # Safety
    /// As [`Right::from_raw`], for the kind that the disposition owns.
    #[inline]
    pub unsafe fn from_raw(name: PortName, kind: Disposition, via: T) -> AnyRight<T> {
        match kind.owned() {
            Some(RightKind::SEND) => AnyRight::Send(SendRight { name, via }),
            Some(RightKind::SEND_ONCE) => AnyRight::SendOnce(SendOnceRight { name, via }),
            Some(RightKind::RECEIVE) => AnyRight::Receive(ReceiveRight { name, via }),
            _ => AnyRight::Number(name, kind),
        }
    }
}
