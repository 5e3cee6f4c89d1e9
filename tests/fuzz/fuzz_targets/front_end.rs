//! Definitions: everything up to generated Rust.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tests::fuzz::front_end(bytes));
