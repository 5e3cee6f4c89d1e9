//! Generated stubs of the untyped family against recorded exchanges of C stubs: the same bytes, the same answers, the
//! same refusals, and nothing leaks.
//!
//! Nothing here is written for one routine. The build script describes the arguments of every routine and writes its
//! call and its method (`glue`); the recording says which values go in, and what comes out.

mod damage;
mod exchange;
mod given;
mod recorded;
mod run;
mod side;
mod taken;

/// Stubs of `vectors/untyped/shapes.defs`, as this crate's build script makes them.
#[allow(unreachable_pub, dead_code, reason = "not every stub is called")]
mod shapes {
    include!(concat!(env!("OUT_DIR"), "/untyped/shapes.rs"));
}

/// Stubs of `vectors/untyped/manifest.toml`, as this crate's build script makes them.
#[allow(unreachable_pub, dead_code, reason = "not every stub is called")]
mod sets {
    include!(concat!(env!("OUT_DIR"), "/sets/index.rs"));
}

/// Calls and methods of every subsystem, as this crate's build script makes them.
#[allow(
    unused_imports,
    unused_variables,
    unused_mut,
    dead_code,
    non_snake_case,
    clippy::all,
    reason = "the same is written for arguments of every form"
)]
mod replay {
    include!(concat!(env!("OUT_DIR"), "/replay/index.rs"));
}
