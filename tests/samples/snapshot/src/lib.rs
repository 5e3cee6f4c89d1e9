//! Stubs of `defs/counter.defs`, and a test that keeps an eye on them.
//!
//! A snapshot of generated code makes every change of a definition visible in a review: ids, sizes and places are in
//! the documentation of each function. `cargo insta review` accepts the new one.

/// What the build script made.
pub mod counter {
    include!(concat!(env!("OUT_DIR"), "/counter.rs"));
}

#[cfg(test)]
mod tests {
    #[test]
    fn stubs_are_as_reviewed() {
        insta::assert_snapshot!(include_str!(concat!(env!("OUT_DIR"), "/counter.rs")));
    }
}
