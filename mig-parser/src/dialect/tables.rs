//! Who knows what. A row that a dialect lacks is a mistake there.
//!
//! `mach3` stands for three compilers: that of Mach 2.5, that of 1990 and the last one of Mach 3.0. It accepts what
//! one of them accepts and reserves what those of Mach 3.0 reserve.

use super::Dialects;
use crate::ast::{Direction, FlagKind, ImportKind, NativeKind, RoutineKind, SettingKey, SubsystemMode};

/// What a table says of one word or form.
pub(super) type Row<T> = (T, Dialects);

const ALL: Dialects = Dialects::ALL;
const MACH3: Dialects = Dialects::MACH3;
const GNU: Dialects = Dialects::GNU;
const OSF: Dialects = Dialects::OSF;
const DARWIN: Dialects = Dialects::DARWIN;
/// Typed messages.
const TYPED: Dialects = MACH3.or(GNU);
/// Untyped messages.
const UNTYPED: Dialects = OSF.or(DARWIN);

pub(super) const MODES: &[Row<SubsystemMode>] = &[
    (SubsystemMode::KernelUser, ALL),
    (SubsystemMode::KernelServer, ALL),
    (SubsystemMode::Kernel, MACH3),
    (SubsystemMode::Camelot, MACH3),
];

pub(super) const SETTINGS: &[Row<SettingKey>] = &[
    (SettingKey::WaitTime, ALL),
    (SettingKey::NoWaitTime, ALL),
    (SettingKey::SendTime, DARWIN),
    (SettingKey::NoSendTime, DARWIN),
    (SettingKey::MsgOption, ALL),
    (SettingKey::MsgType, MACH3),
    (SettingKey::MsgKind, MACH3),
    (SettingKey::ServerPrefix, ALL),
    (SettingKey::UserPrefix, ALL),
    (SettingKey::ServerDemux, ALL),
    (SettingKey::Error, ALL),
    (SettingKey::UserTypeLimit, UNTYPED),
    (SettingKey::OnStackLimit, UNTYPED),
    (SettingKey::UseSpecialReplyPort, DARWIN),
    (SettingKey::ConsumeOnSendError, DARWIN),
];

pub(super) const IMPORTS: &[Row<ImportKind>] = &[
    (ImportKind::Import, ALL),
    (ImportKind::UImport, ALL),
    (ImportKind::SImport, ALL),
    (ImportKind::IImport, UNTYPED),
    (ImportKind::DImport, UNTYPED),
];

pub(super) const ROUTINES: &[Row<RoutineKind>] = &[
    (RoutineKind::Routine, ALL),
    (RoutineKind::SimpleRoutine, ALL),
    (RoutineKind::Procedure, MACH3),
    (RoutineKind::SimpleProcedure, MACH3),
    (RoutineKind::Function, MACH3),
    (RoutineKind::CamelotRoutine, MACH3),
    (RoutineKind::TrapRoutine, MACH3),
    (RoutineKind::TrapSimpleRoutine, MACH3),
];

pub(super) const DIRECTIONS: &[Row<Direction>] = &[
    (Direction::In, ALL),
    (Direction::Out, ALL),
    (Direction::InOut, ALL),
    (Direction::RequestPort, ALL),
    (Direction::ReplyPort, ALL),
    (Direction::SReplyPort, ALL),
    (Direction::UReplyPort, ALL),
    (Direction::WaitTime, ALL),
    (Direction::MsgOption, ALL),
    (Direction::MsgSeqNo, ALL),
    (Direction::SendTime, DARWIN),
    (Direction::SecToken, DARWIN),
    (Direction::ServerSecToken, UNTYPED),
    (Direction::UserSecToken, UNTYPED),
    (Direction::AuditToken, DARWIN),
    (Direction::ServerAuditToken, DARWIN),
    (Direction::UserAuditToken, DARWIN),
    (Direction::ServerContextToken, DARWIN),
    (Direction::ServerImpl, UNTYPED),
    (Direction::UserImpl, UNTYPED),
];

/// Arguments after which flags may stand. All others are fields of the trailer there.
pub(super) const FLAGGED: &[Row<Direction>] = &[
    (Direction::MsgSeqNo, TYPED.or(DARWIN)),
    (Direction::ServerSecToken, DARWIN),
    (Direction::UserSecToken, DARWIN),
    (Direction::ServerImpl, Dialects(0)),
    (Direction::UserImpl, Dialects(0)),
];

/// `serverimpl x : t, field`
pub(super) const TRAILER_FIELD: Dialects = OSF;

pub(super) const FLAGS: &[Row<FlagKind>] = &[
    (FlagKind::IsLong, TYPED),
    (FlagKind::IsNotLong, TYPED),
    (FlagKind::Dealloc, ALL),
    (FlagKind::NotDealloc, ALL),
    (FlagKind::ServerCopy, TYPED),
    (FlagKind::CountInOut, ALL),
    (FlagKind::RetCode, GNU.or(UNTYPED)),
    (FlagKind::SameCount, UNTYPED),
    (FlagKind::PhysicalCopy, UNTYPED),
    (FlagKind::Overwrite, UNTYPED),
    (FlagKind::Auto, UNTYPED),
    (FlagKind::Const, UNTYPED),
];

pub(super) const NATIVES: &[Row<NativeKind>] =
    &[(NativeKind::PointerTo, UNTYPED), (NativeKind::PointerToIfNot, UNTYPED), (NativeKind::ValueOf, UNTYPED)];

/// `skip 3;`
pub(super) const SKIP_NUMBER: Dialects = TYPED;
/// `struct { … }`
pub(super) const MEMBERS: Dialects = GNU;
/// `(MACH_MSG_TYPE_X, bits, flags)`
pub(super) const LONG_FORM: Dialects = TYPED;
/// `intranpayload: …`
pub(super) const PAYLOAD: Dialects = GNU;

/// The one symbol that is written in any case.
pub(super) const POLYMORPHIC: &str = "polymorphic";

pub(super) const SYMBOLS: &[Row<&str>] = &[
    (POLYMORPHIC, ALL),
    ("MACH_MSG_TYPE_UNSTRUCTURED", ALL),
    ("MACH_MSG_TYPE_BIT", ALL),
    ("MACH_MSG_TYPE_BOOLEAN", ALL),
    ("MACH_MSG_TYPE_INTEGER_8", ALL),
    ("MACH_MSG_TYPE_INTEGER_16", ALL),
    ("MACH_MSG_TYPE_INTEGER_32", ALL),
    ("MACH_MSG_TYPE_INTEGER_64", ALL),
    ("MACH_MSG_TYPE_REAL", TYPED),
    ("MACH_MSG_TYPE_REAL_32", UNTYPED),
    ("MACH_MSG_TYPE_REAL_64", UNTYPED),
    ("MACH_MSG_TYPE_CHAR", ALL),
    ("MACH_MSG_TYPE_BYTE", ALL),
    ("MACH_MSG_TYPE_STRING", TYPED),
    ("MACH_MSG_TYPE_STRING_C", TYPED),
    ("MACH_MSG_TYPE_MOVE_RECEIVE", ALL),
    ("MACH_MSG_TYPE_MOVE_SEND", ALL),
    ("MACH_MSG_TYPE_MOVE_SEND_ONCE", ALL),
    ("MACH_MSG_TYPE_COPY_SEND", ALL),
    ("MACH_MSG_TYPE_MAKE_SEND", ALL),
    ("MACH_MSG_TYPE_MAKE_SEND_ONCE", ALL),
    ("MACH_MSG_TYPE_PORT_NAME", ALL),
    ("MACH_MSG_TYPE_PORT_RECEIVE", ALL),
    ("MACH_MSG_TYPE_PORT_SEND", ALL),
    ("MACH_MSG_TYPE_PORT_SEND_ONCE", ALL),
    ("MACH_MSG_TYPE_POLYMORPHIC", ALL),
    ("MSG_TYPE_UNSTRUCTURED", MACH3),
    ("MSG_TYPE_BIT", MACH3),
    ("MSG_TYPE_BOOLEAN", MACH3),
    ("MSG_TYPE_INTEGER_8", MACH3),
    ("MSG_TYPE_INTEGER_16", MACH3),
    ("MSG_TYPE_INTEGER_32", MACH3),
    ("MSG_TYPE_CHAR", MACH3),
    ("MSG_TYPE_BYTE", MACH3),
    ("MSG_TYPE_REAL", MACH3),
    ("MSG_TYPE_STRING", MACH3),
    ("MSG_TYPE_STRING_C", MACH3),
    ("MSG_TYPE_PORT", MACH3),
    ("MSG_TYPE_PORT_ALL", MACH3),
    ("MSG_TYPE_PORT_NAME", MACH3),
    ("MSG_TYPE_INTERNAL_MEMORY", MACH3),
    ("MSG_TYPE_POLYMORPHIC", MACH3),
];

/// Words that can be no name, written in any case. The symbols are reserved too.
pub(super) const RESERVED: &[Row<&str>] = &[
    ("routine", ALL),
    ("simpleroutine", ALL),
    ("subsystem", ALL),
    ("kerneluser", ALL),
    ("kernelserver", ALL),
    ("msgoption", ALL),
    ("msgseqno", ALL),
    ("waittime", ALL),
    ("nowaittime", ALL),
    ("in", ALL),
    ("out", ALL),
    ("inout", ALL),
    ("requestport", ALL),
    ("replyport", ALL),
    ("ureplyport", ALL),
    ("sreplyport", ALL),
    ("array", ALL),
    ("of", ALL),
    ("struct", ALL),
    ("serverprefix", ALL),
    ("userprefix", ALL),
    ("serverdemux", ALL),
    ("rcsid", ALL),
    ("import", ALL),
    ("uimport", ALL),
    ("simport", ALL),
    ("type", ALL),
    ("skip", ALL),
    ("intran", ALL),
    ("outtran", ALL),
    ("destructor", ALL),
    ("ctype", ALL),
    ("cusertype", ALL),
    ("cservertype", ALL),
    ("c_string", ALL),
    ("dealloc", ALL),
    ("notdealloc", ALL),
    ("countinout", ALL),
    ("procedure", MACH3),
    ("simpleprocedure", MACH3),
    ("function", MACH3),
    ("camelotroutine", MACH3),
    ("traproutine", MACH3),
    ("trapsimpleroutine", MACH3),
    ("camelot", MACH3),
    ("msgkind", MACH3),
    // The GNU compiler knew `error` until it was removed.
    ("error", MACH3.or(UNTYPED)),
    ("islong", TYPED),
    ("isnotlong", TYPED),
    ("servercopy", TYPED),
    ("retcode", GNU.or(UNTYPED)),
    ("intranpayload", GNU),
    ("iimport", UNTYPED),
    ("dimport", UNTYPED),
    ("userimpl", UNTYPED),
    ("serverimpl", UNTYPED),
    ("serversectoken", UNTYPED),
    ("usersectoken", UNTYPED),
    ("samecount", UNTYPED),
    ("physicalcopy", UNTYPED),
    ("overwrite", UNTYPED),
    ("auto", UNTYPED),
    ("const", UNTYPED),
    ("sendtime", DARWIN),
    ("nosendtime", DARWIN),
    ("usespecialreplyport", DARWIN),
    ("consumeonsenderror", DARWIN),
    ("sectoken", DARWIN),
    ("audittoken", DARWIN),
    ("serveraudittoken", DARWIN),
    ("useraudittoken", DARWIN),
    ("servercontexttoken", DARWIN),
];

/// Words that can be no name when they are written just so.
pub(super) const RESERVED_EXACTLY: &[Row<&str>] = &[
    ("PointerTo", UNTYPED),
    ("PointerToIfNot", UNTYPED),
    ("ValueOf", UNTYPED),
    ("UserTypeLimit", UNTYPED),
    ("OnStackLimit", UNTYPED),
];
