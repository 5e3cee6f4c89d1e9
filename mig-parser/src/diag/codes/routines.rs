//! Codes M04xx: routines and the subsystem.

use super::codes;

codes! {}
