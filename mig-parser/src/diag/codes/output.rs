//! Codes M05xx: layouts, type tables and output.

use super::codes;

codes! {
    UNTYPED = 501, Error, "the untyped family cannot be laid out yet",
        "";
    DISPLACED = 502, Warning, "GNU MIG's C stubs misplace a field",
        "";
    TYPE_TABLE = 503, Error, "a type table is wrong",
        "";
    FORM_MISMATCH = 504, Error, "a type table contradicts a definition",
        "";
    JOIN_CONFLICT = 505, Error, "an interface differs between ABIs in a way that no trait can have",
        "";
    UNKNOWN_CONSTANT = 506, Error, "a constant without a value",
        "";
    REPLY_PORT_DISPOSITION = 507, Error, "a reply port that Rust stubs cannot make",
        "";
    UNSUPPORTED_TYPE = 508, Error, "a type that has no form in Rust",
        "";
    SAME_NAME = 509, Error, "two things get the same name in Rust",
        "";
    NOTHING_TO_GENERATE = 510, Error, "there is nothing to generate",
        "";
}
