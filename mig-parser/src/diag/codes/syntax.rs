//! Codes M02xx: lexing, grammar and dialects.

use super::codes;

codes! {}
