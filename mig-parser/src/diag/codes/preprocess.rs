//! Codes M01xx: the preprocessor.

use super::codes;

codes! {}
