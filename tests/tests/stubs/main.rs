//! Generated stubs against recorded exchanges of C stubs: the same bytes, the same answers, the same refusals, and
//! nothing leaks.

mod both;
mod client;
mod each;
mod exchange;
mod mutation;
mod named;
mod recorded;
mod server;

/// Stubs of `vectors/typed/shapes.defs` in every ABI, as this crate's build script makes them.
#[allow(unreachable_pub, dead_code, reason = "not every stub is called")]
mod shapes {
    include!(concat!(env!("OUT_DIR"), "/shapes.rs"));
}

/// Stubs of `cases/stubs/names.defs`.
#[allow(unreachable_pub, dead_code, reason = "not every stub is called")]
mod names {
    include!(concat!(env!("OUT_DIR"), "/names.rs"));
}

/// Stubs of `cases/stubs/nested.defs`.
#[allow(unreachable_pub, dead_code, reason = "not every stub is called")]
mod nested {
    include!(concat!(env!("OUT_DIR"), "/untyped/nested.rs"));
}
