//! Return codes, and who is to blame.
//!
//! Mach's codes are open sets: any server may answer any number. So they are newtypes with constants, not enums, and
//! success is not one of them: `Result<(), KernReturn>` is C's `kern_return_t`, in one register.

use core::fmt;
use core::num::{NonZeroI32, NonZeroU64};

/// What a stub returns.
pub type Result<X, E = Error> = core::result::Result<X, E>;

/// Declares a newtype of codes: constants, and the table behind `Debug` and `Display`.
macro_rules! codes {
    ($(#[$meta:meta])* $type:ident { $($(#[$doc:meta])* $name:ident = $value:expr, $c:literal;)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(transparent)]
        pub struct $type(NonZeroI32);

        impl $type {
            $($(#[$doc])* pub const $name: $type = $type::known($value);)*

            /// The code, known not to be zero: for constants.
            ///
            /// # Panics
            /// If it is zero, which is success; at compile time, in a constant.
            pub const fn known(code: i32) -> $type {
                match NonZeroI32::new(code) {
                    Some(it) => $type(it),
                    None => panic!("zero is success"),
                }
            }

            /// The code as C has it; `None` for zero, which is success.
            pub const fn new(code: i32) -> Option<$type> {
                match NonZeroI32::new(code) {
                    Some(it) => Some($type(it)),
                    None => None,
                }
            }

            /// C's value as a result.
            #[inline]
            pub const fn check(code: i32) -> core::result::Result<(), $type> {
                match $type::new(code) {
                    Some(it) => Err(it),
                    None => Ok(()),
                }
            }

            /// C's integer.
            #[inline]
            pub const fn code(self) -> i32 {
                self.0.get()
            }

            /// C's name, if it is one of the constants above.
            pub const fn name(self) -> Option<&'static str> {
                match self {
                    $($type::$name => Some($c),)*
                    _ => None,
                }
            }
        }
    };
}

codes! {
    /// What a server answers other than success (`kern_return_t`).
    KernReturn {
        /// The address is not in use, or its protection forbids the access.
        INVALID_ADDRESS = 1, "KERN_INVALID_ADDRESS";
        /// The memory exists, but not with the protection asked for.
        PROTECTION_FAILURE = 2, "KERN_PROTECTION_FAILURE";
        /// The address range is already in use, or none is free.
        NO_SPACE = 3, "KERN_NO_SPACE";
        /// An argument makes no sense to this routine.
        INVALID_ARGUMENT = 4, "KERN_INVALID_ARGUMENT";
        /// The routine could not do it, and has no better code.
        FAILURE = 5, "KERN_FAILURE";
        /// A system resource could not be had.
        RESOURCE_SHORTAGE = 6, "KERN_RESOURCE_SHORTAGE";
        /// The task has no receive right for the port.
        NOT_RECEIVER = 7, "KERN_NOT_RECEIVER";
        /// Access to the object was denied.
        NO_ACCESS = 8, "KERN_NO_ACCESS";
        /// The memory object failed during a fault.
        MEMORY_FAILURE = 9, "KERN_MEMORY_FAILURE";
        /// The memory object could not supply the data.
        MEMORY_ERROR = 10, "KERN_MEMORY_ERROR";
        /// The receive right is already in a set.
        ALREADY_IN_SET = 11, "KERN_ALREADY_IN_SET";
        /// The receive right is not in this set.
        NOT_IN_SET = 12, "KERN_NOT_IN_SET";
        /// The name already stands for another right.
        NAME_EXISTS = 13, "KERN_NAME_EXISTS";
        /// The operation was interrupted.
        ABORTED = 14, "KERN_ABORTED";
        /// The name stands for nothing.
        INVALID_NAME = 15, "KERN_INVALID_NAME";
        /// The task argument is no task.
        INVALID_TASK = 16, "KERN_INVALID_TASK";
        /// The name stands for another kind of right.
        INVALID_RIGHT = 17, "KERN_INVALID_RIGHT";
        /// A number is outside its range.
        INVALID_VALUE = 18, "KERN_INVALID_VALUE";
        /// A count of user references would overflow.
        UREFS_OVERFLOW = 19, "KERN_UREFS_OVERFLOW";
        /// The right is null or dead.
        INVALID_CAPABILITY = 20, "KERN_INVALID_CAPABILITY";
        /// The task already has this right under another name.
        RIGHT_EXISTS = 21, "KERN_RIGHT_EXISTS";
        /// The host argument is no host.
        INVALID_HOST = 22, "KERN_INVALID_HOST";
        /// The memory is present, and nothing was done.
        MEMORY_PRESENT = 23, "KERN_MEMORY_PRESENT";
        /// The page belongs to a write in progress.
        WRITE_PROTECTION_FAILURE = 24, "KERN_WRITE_PROTECTION_FAILURE";
        /// The object has been terminated.
        TERMINATED = 26, "KERN_TERMINATED";
        /// The priority is better than the thread's or task's limit (Darwin).
        POLICY_LIMIT = 27, "KERN_POLICY_LIMIT";
        /// There is no such scheduling policy, or it is not allowed (Darwin).
        INVALID_POLICY = 28, "KERN_INVALID_POLICY";
        /// The thread has not given up its priority (Darwin).
        NOT_DEPRESSED = 36, "KERN_NOT_DEPRESSED";
        /// The object has been terminated, as Darwin says it.
        DARWIN_TERMINATED = 37, "KERN_TERMINATED";

        /// A reply had the wrong form. A server that is also a client may pass it on.
        MIG_TYPE_ERROR = -300, "MIG_TYPE_ERROR";
        /// A reply had the wrong id.
        MIG_REPLY_MISMATCH = -301, "MIG_REPLY_MISMATCH";
        /// The server found an error and says no more.
        MIG_REMOTE_ERROR = -302, "MIG_REMOTE_ERROR";
        /// Nobody serves this id.
        MIG_BAD_ID = -303, "MIG_BAD_ID";
        /// The request had the wrong form.
        MIG_BAD_ARGUMENTS = -304, "MIG_BAD_ARGUMENTS";
        /// The answer comes later, or never: the loop sends none.
        MIG_NO_REPLY = -305, "MIG_NO_REPLY";
        /// The server found an exception.
        MIG_EXCEPTION = -306, "MIG_EXCEPTION";
        /// An array does not fit where it should go.
        MIG_ARRAY_TOO_LARGE = -307, "MIG_ARRAY_TOO_LARGE";
        /// The server died before it answered.
        MIG_SERVER_DIED = -308, "MIG_SERVER_DIED";
        /// Typed messages: destroy the request, reply right included, and send no answer.
        MIG_DESTROY_REQUEST = -309, "MIG_DESTROY_REQUEST";
    }
}

codes! {
    /// Why the kernel did not send or receive a message (`mach_msg_return_t`).
    ///
    /// Values are those of Mach 3.0; where Darwin's kernel gives a code another number, its transport converts.
    MsgReturn {
        /// A send is in progress on this thread's behalf.
        SEND_IN_PROGRESS = 0x1000_0001, "MACH_SEND_IN_PROGRESS";
        /// The message could not be read.
        SEND_INVALID_DATA = 0x1000_0002, "MACH_SEND_INVALID_DATA";
        /// The destination names no send or send-once right.
        SEND_INVALID_DEST = 0x1000_0003, "MACH_SEND_INVALID_DEST";
        /// The time limit ran out while the queue was full.
        SEND_TIMED_OUT = 0x1000_0004, "MACH_SEND_TIMED_OUT";
        /// The queue was full, and a notification will come.
        SEND_WILL_NOTIFY = 0x1000_0005, "MACH_SEND_WILL_NOTIFY";
        /// The queue was full, and a notification is already pending.
        SEND_NOTIFY_IN_PROGRESS = 0x1000_0006, "MACH_SEND_NOTIFY_IN_PROGRESS";
        /// The send was interrupted.
        SEND_INTERRUPTED = 0x1000_0007, "MACH_SEND_INTERRUPTED";
        /// The message is shorter than its header or items say.
        SEND_MSG_TOO_SMALL = 0x1000_0008, "MACH_SEND_MSG_TOO_SMALL";
        /// The reply port names no right that the disposition needs.
        SEND_INVALID_REPLY = 0x1000_0009, "MACH_SEND_INVALID_REPLY";
        /// A right in the body is not one that its disposition needs.
        SEND_INVALID_RIGHT = 0x1000_000a, "MACH_SEND_INVALID_RIGHT";
        /// The port for the notification is no receive right.
        SEND_INVALID_NOTIFY = 0x1000_000b, "MACH_SEND_INVALID_NOTIFY";
        /// Out-of-line memory could not be read.
        SEND_INVALID_MEMORY = 0x1000_000c, "MACH_SEND_INVALID_MEMORY";
        /// The kernel had no room for the message.
        SEND_NO_BUFFER = 0x1000_000d, "MACH_SEND_NO_BUFFER";
        /// The notification could not be registered.
        SEND_NO_NOTIFY = 0x1000_000e, "MACH_SEND_NO_NOTIFY";
        /// A type descriptor is wrong.
        SEND_INVALID_TYPE = 0x1000_000f, "MACH_SEND_INVALID_TYPE";
        /// A field of the header is wrong.
        SEND_INVALID_HEADER = 0x1000_0010, "MACH_SEND_INVALID_HEADER";
        /// Untyped messages: the message brought a trailer that the kernel does not take from its sender.
        SEND_INVALID_TRAILER = 0x1000_0011, "MACH_SEND_INVALID_TRAILER";
        /// The port names no receive right or port set.
        RCV_INVALID_NAME = 0x1000_4002, "MACH_RCV_INVALID_NAME";
        /// The time limit ran out before a message came.
        RCV_TIMED_OUT = 0x1000_4003, "MACH_RCV_TIMED_OUT";
        /// The message is longer than the buffer.
        RCV_TOO_LARGE = 0x1000_4004, "MACH_RCV_TOO_LARGE";
        /// The receive was interrupted.
        RCV_INTERRUPTED = 0x1000_4005, "MACH_RCV_INTERRUPTED";
        /// The receive right moved into a set during the receive.
        RCV_PORT_CHANGED = 0x1000_4006, "MACH_RCV_PORT_CHANGED";
        /// The port for the notification is no receive right.
        RCV_INVALID_NOTIFY = 0x1000_4007, "MACH_RCV_INVALID_NOTIFY";
        /// The buffer could not be written.
        RCV_INVALID_DATA = 0x1000_4008, "MACH_RCV_INVALID_DATA";
        /// The receive right went away during the receive.
        RCV_PORT_DIED = 0x1000_4009, "MACH_RCV_PORT_DIED";
        /// The receive right is in a set, which must be received from instead.
        RCV_IN_SET = 0x1000_400a, "MACH_RCV_IN_SET";
        /// The rights of the header could not be given to the receiver.
        RCV_HEADER_ERROR = 0x1000_400b, "MACH_RCV_HEADER_ERROR";
        /// Some right or memory of the body could not be given to the receiver.
        RCV_BODY_ERROR = 0x1000_400c, "MACH_RCV_BODY_ERROR";
        /// Untyped messages: the receiver asked for a trailer, or for elements of one, that the kernel does not know.
        RCV_INVALID_TRAILER = 0x1000_400f, "MACH_RCV_INVALID_TRAILER";
    }
}

impl MsgReturn {
    /// Whether the send part was done: codes of the receive part have this bit.
    #[inline]
    pub const fn was_sent(self) -> bool {
        self.code() & 0x4000 != 0
    }
}

codes! {
    /// Why a client stub refused a reply, or one of its own arguments.
    MigError {
        /// The reply had the wrong form.
        TYPE_ERROR = -300, "MIG_TYPE_ERROR";
        /// The reply had the wrong id.
        REPLY_MISMATCH = -301, "MIG_REPLY_MISMATCH";
        /// An array does not fit: an argument into the message, or a result into the caller's slice.
        ARRAY_TOO_LARGE = -307, "MIG_ARRAY_TOO_LARGE";
        /// The server died before it answered: the reply right was destroyed unused.
        SERVER_DIED = -308, "MIG_SERVER_DIED";
        /// Untyped messages: the trailer lacks what the definition asks for.
        TRAILER_ERROR = -309, "MIG_TRAILER_ERROR";
    }
}

/// Why a call failed.
///
/// The high half says who is to blame, the low half is C's integer.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct Error(NonZeroU64);

/// Who is to blame for an [`Error`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ErrorKind {
    /// The kernel refused the message.
    Msg(MsgReturn),
    /// This stub refused the reply or an argument.
    Mig(MigError),
    /// The server answered with a code of its own, whatever its number.
    Kern(KernReturn),
}

const MSG: u64 = 1 << 32;
const MIG: u64 = 2 << 32;
const KERN: u64 = 3 << 32;

impl Error {
    /// A reply of the wrong form.
    pub const TYPE_ERROR: Error = Error::mig(MigError::TYPE_ERROR);
    /// A reply with the wrong id.
    pub const REPLY_MISMATCH: Error = Error::mig(MigError::REPLY_MISMATCH);
    /// An array that does not fit.
    pub const ARRAY_TOO_LARGE: Error = Error::mig(MigError::ARRAY_TOO_LARGE);
    /// No reply will ever come.
    pub const SERVER_DIED: Error = Error::mig(MigError::SERVER_DIED);

    // Inlined, so that callers see that it does not unwind.
    #[inline(always)]
    const fn pack(who: u64, code: i32) -> Error {
        match NonZeroU64::new(who | code as u32 as u64) {
            Some(it) => Error(it),
            None => panic!("the high half is never zero"),
        }
    }

    #[inline(always)]
    const fn mig(code: MigError) -> Error {
        Error::pack(MIG, code.code())
    }

    /// C's integer.
    #[inline]
    pub const fn code(self) -> i32 {
        self.0.get() as u32 as i32
    }

    /// The code with who is to blame.
    pub const fn kind(self) -> ErrorKind {
        // Zero never gets in here: every constructor takes a code, and a code is not zero.
        let Some(code) = NonZeroI32::new(self.code()) else { panic!("an error without a code") };
        match self.0.get() & !0xffff_ffff {
            MSG => ErrorKind::Msg(MsgReturn(code)),
            MIG => ErrorKind::Mig(MigError(code)),
            _ => ErrorKind::Kern(KernReturn(code)),
        }
    }

    /// As a server returns it which was a client a moment ago: C's integer, whoever is to blame.
    pub const fn to_kern(self) -> KernReturn {
        match KernReturn::new(self.code()) {
            Some(it) => it,
            None => KernReturn::FAILURE,
        }
    }
}

impl From<MsgReturn> for Error {
    #[inline]
    fn from(code: MsgReturn) -> Error {
        Error::pack(MSG, code.code())
    }
}

impl From<MigError> for Error {
    #[inline]
    fn from(code: MigError) -> Error {
        Error::mig(code)
    }
}

impl From<KernReturn> for Error {
    #[inline]
    fn from(code: KernReturn) -> Error {
        Error::pack(KERN, code.code())
    }
}

/// `name (number)`, or the number alone.
fn describe(f: &mut fmt::Formatter<'_>, name: Option<&str>, code: i32) -> fmt::Result {
    // Message codes are bit patterns, the others are small numbers.
    match (name, code >= 0x1000_0000) {
        (Some(name), true) => write!(f, "{name} ({code:#x})"),
        (Some(name), false) => write!(f, "{name} ({code})"),
        (None, true) => write!(f, "{code:#x}"),
        (None, false) => write!(f, "{code}"),
    }
}

/// `Debug`, `Display` and `Error` by [`describe`].
macro_rules! described {
    ($($type:ident)*) => { $(
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                describe(f, self.name(), self.code())
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                describe(f, self.name(), self.code())
            }
        }

        impl core::error::Error for $type {}
    )* };
}
described! { KernReturn MsgReturn MigError }

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind().fmt(f)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind() {
            ErrorKind::Msg(it) => write!(f, "the kernel refused the message: {it}"),
            ErrorKind::Mig(it) => write!(f, "the stub refused the call: {it}"),
            ErrorKind::Kern(it) => write!(f, "the server answered {it}"),
        }
    }
}

impl core::error::Error for Error {}
