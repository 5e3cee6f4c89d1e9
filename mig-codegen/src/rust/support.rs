//! The support crate's names, as generated code uses them.

/// What generated code may use of the support crate.
pub(super) const SUPPORT: &[&str] = &[
    "AbiId",
    "Address",
    "Answer",
    "Answers",
    "AnyRight",
    "ArrayVec",
    "AuditToken",
    "Buffer",
    "Complex",
    "Data",
    "Deferred",
    "Dispatcher",
    "Disposition",
    "Element",
    "Elements",
    "Flavor",
    "Form",
    "Give",
    "Inherit",
    "KernReturn",
    "Layout",
    "MsgId",
    "MsgOptions",
    "MsgReturn",
    "Obj",
    "Operation",
    "OutObj",
    "Outbound",
    "Outbounds",
    "Outtran",
    "PackedRoom",
    "PortIn",
    "PortName",
    "Protection",
    "ReceiveRight",
    "Region",
    "ReplyTo",
    "RightKind",
    "Rights",
    "RightsRoom",
    "Room",
    "Routine",
    "SecurityToken",
    "SendOnceRight",
    "SendRight",
    "Served",
    "Shape",
    "Size",
    "Subsystem",
    "Text",
    "Timeout",
    "TrailerElements",
    "Translate",
    "Translated",
    "Transport",
    "Unserved",
    "Wide",
    "assert_form",
    "assert_speaks",
    "narrow",
];

/// And of its module for typed messages.
pub(super) const TYPED: &[&str] =
    &["GnumachI386", "GnumachX8664", "GnumachX8664v2022", "Outgoing", "Reply", "ReplyHead", "Request", "Ty"];

/// And of its module for untyped messages.
pub(super) const UNTYPED: &[&str] =
    &["DarwinIlp32", "DarwinLp64", "Outgoing", "Reply", "ReplyHead", "Request", "agree"];

/// The names that only files with untyped messages have.
pub(super) const UNTYPED_ROWS: &[&str] = &["DarwinIlp32", "DarwinLp64"];

/// And of its module for structures.
pub(super) const FORM: &[&str] = &["field", "put"];

/// Whether generated code may have this name from the support crate.
pub(super) fn is_imported(name: &str) -> bool {
    [SUPPORT, TYPED, UNTYPED, FORM].iter().any(|it| it.contains(&name))
}

/// What is not imported but looked for.
const OTHERS: &[&str] = &["rt", "typed", "types", "untyped"];

/// The name as a constant, if it is one that imports depend on. All others are forgotten at once: a file has many.
pub(super) fn known(name: &str) -> Option<&'static str> {
    [SUPPORT, TYPED, UNTYPED, FORM, OTHERS].iter().find_map(|all| Some(all[all.binary_search(&name).ok()?]))
}
