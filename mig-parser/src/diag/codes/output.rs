//! Codes M05xx: layouts, type tables and output.

use super::codes;

codes! {}
