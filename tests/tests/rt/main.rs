//! The support crate by itself: rights, memory, messages, the serve loop, and the accounts that the other tests rely on.
//!
//! These tests run natively, on a 32-bit target and under Miri, where every `unsafe` of the support crate is passed.

#![allow(unsafe_code, reason = "rights are made from names, as a transport does")]

mod accounts;
#[cfg(not(miri))]
mod bare;
mod errors;
mod holdings;
mod incoming;
mod kernel;
mod loops;
mod mach;
mod outgoing;
mod probe;
mod replies;
mod rights;
mod serving;
mod threads;
mod traps;
mod untyped;
mod values;
