//! Codes M03xx: types.

use super::codes;

codes! {}
