//! Messages whose rights and regions are granted, and then released.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tests::fuzz::destroy(bytes));
