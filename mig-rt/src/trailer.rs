//! What the kernel says of a received message, behind it: the trailer of the untyped family.
//!
//! Each element of the trailer includes those before it, so that a receiver asks for the last one that it needs.

use crate::bytes::{u32_at, u64_at};

/// Elements of a trailer, as a receiver asks for them: `MACH_RCV_TRAILER_ELEMENTS`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum TrailerElements {
    /// Type and size of the trailer, which are always there.
    #[default]
    None,
    /// The message's number among those received from its port.
    Sequence,
    /// The sender's security token.
    Sender,
    /// The sender's audit token.
    Audit,
    /// The context of the port.
    Context,
    /// What the system's access control says of the sender.
    AccessControl,
}

impl TrailerElements {
    /// The number that the kernel gives it.
    pub const fn number(self) -> u32 {
        match self {
            TrailerElements::None => 0,
            TrailerElements::Sequence => 1,
            TrailerElements::Sender => 2,
            TrailerElements::Audit => 3,
            TrailerElements::Context => 4,
            TrailerElements::AccessControl => 7,
        }
    }

    /// Those that the kernel gives a number; `None` where it gives it to none.
    pub const fn from_number(number: u32) -> Option<TrailerElements> {
        match number {
            0 => Some(TrailerElements::None),
            1 => Some(TrailerElements::Sequence),
            2 => Some(TrailerElements::Sender),
            3 => Some(TrailerElements::Audit),
            4 => Some(TrailerElements::Context),
            7 => Some(TrailerElements::AccessControl),
            _ => None,
        }
    }

    /// Bytes of a trailer with these elements.
    pub const fn size(self) -> usize {
        match self {
            TrailerElements::None => 8,
            TrailerElements::Sequence => 12,
            TrailerElements::Sender => 20,
            TrailerElements::Audit => 52,
            TrailerElements::Context => 60,
            TrailerElements::AccessControl => MAX_TRAILER,
        }
    }
}

/// Bytes of the largest trailer that a kernel appends.
pub const MAX_TRAILER: usize = 68;

/// Who sent a message: user and group.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct SecurityToken {
    /// Effective user.
    pub user: u32,
    /// Effective group.
    pub group: u32,
}

impl SecurityToken {
    /// The kernel's own.
    pub const KERNEL: SecurityToken = SecurityToken { user: 0, group: 1 };
}

/// Who sent a message, for audits. Its words are the kernel's; `audit_token_to_*` of the system take it apart.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct AuditToken(pub [u32; 8]);

/// A trailer as it stands behind a message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trailer<'m>(&'m [u8]);

impl<'m> Trailer<'m> {
    #[inline(always)]
    pub(crate) fn new(bytes: &'m [u8]) -> Trailer<'m> {
        Trailer(bytes)
    }

    /// The bytes `at..at + size`, if the trailer is of the known type and says that it has them.
    #[inline]
    fn element(self, at: usize, size: usize) -> Option<&'m [u8]> {
        let head = self.0.get(..8)?;
        let (kind, length) = (u32_at(head, 0), u32_at(head, 4) as usize);
        if kind != 0 || length < at + size {
            return None;
        }
        self.0.get(at..at + size)
    }

    /// The message's number.
    pub(crate) fn sequence(self) -> Option<u32> {
        self.element(8, 4).map(|it| u32_at(it, 0))
    }

    /// The sender's security token.
    pub(crate) fn security(self) -> Option<SecurityToken> {
        self.element(12, 8).map(|it| SecurityToken { user: u32_at(it, 0), group: u32_at(it, 4) })
    }

    /// The sender's audit token.
    pub(crate) fn audit(self) -> Option<AuditToken> {
        self.element(20, 32).map(|it| AuditToken(core::array::from_fn(|word| u32_at(it, word * 4))))
    }

    /// The context of the port.
    pub(crate) fn context(self) -> Option<u64> {
        self.element(52, 8).map(|it| u64_at(it, 0))
    }
}
