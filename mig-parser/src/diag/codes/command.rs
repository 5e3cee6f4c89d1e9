//! Codes M06xx: the command line.

use super::codes;

codes! {}
