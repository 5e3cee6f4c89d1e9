//! Stubs of the interface sets in `defs`, as the compiler emits them: `manifest.toml` says what, and a test that it is
//! what the compiler emits today. [`special_ports`] alone is written by hand: what C has as macros.

#![no_std]

// The compiler formats its output itself.
#[cfg(feature = "darwin")]
#[rustfmt::skip]
pub mod darwin;
#[cfg(feature = "mach3")]
#[rustfmt::skip]
pub mod mach3;
#[cfg(feature = "mach3")]
pub mod special_ports;
