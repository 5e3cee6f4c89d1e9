//! What must hold for any input whatever: the functions that the fuzz targets in `tests/fuzz` and the seeded run of
//! `cargo test` share.
//!
//! Each takes bytes and panics if a law is broken. None of them touches the disk.

mod calls;
mod descriptors;
mod front_end;
mod kernel;
mod messages;
mod seeds;
mod server;
mod tables;
mod words;

pub use front_end::{FILES, front_end};
pub use kernel::kernel;
pub(crate) use messages::received;
pub use messages::{calls, destroy, reply, request};
pub use seeds::seeds;
pub use tables::tables;

/// Stubs of `vectors/typed/shapes.defs` in every ABI, as this crate's build script makes them.
#[allow(
    missing_docs,
    unreachable_pub,
    dead_code,
    reason = "what the compiler emits has documentation where the definition has comments, and not all is called"
)]
pub mod shapes {
    include!(concat!(env!("OUT_DIR"), "/shapes.rs"));
}
