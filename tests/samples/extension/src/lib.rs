//! A subsystem of Mach with one routine more.
//!
//! `defs/exc_more.defs` includes the definition of the exception interface and goes on behind it: the new routine gets
//! the next id. The tests show that nothing else moved, so that old clients can call new servers.

/// The exception interface.
pub mod before {
    include!(concat!(env!("OUT_DIR"), "/before.rs"));
}

/// The same with the new routine.
pub mod after {
    include!(concat!(env!("OUT_DIR"), "/after.rs"));
}
