//! The runtime kernel: programs in tasks, whatever they do to each other.
#![allow(clippy::unwrap_used, unused_crate_dependencies, reason = "tests say what they expect by failing")]

#[macro_use]
mod covers;

mod census;
mod conformance;
mod coverage;
mod ends;
mod graph;
mod looking;
mod messages;
mod model;
mod names;
mod notifications;
mod paging;
mod ports;
mod races;
mod refusals;
mod serve;
mod tasks;
mod time;
mod trace;
mod untyped;
mod vm;
mod world;
