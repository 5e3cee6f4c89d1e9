//! Stubs of the interface sets in `defs`, as the compiler emits them: `manifest.toml` says what, and a test that it is
//! what the compiler emits today.

#![no_std]

// The compiler formats its output itself.
#[rustfmt::skip]
pub mod mach3;
