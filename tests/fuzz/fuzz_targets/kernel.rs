//! Messages to every port of the kernel, from every ABI.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tests::fuzz::kernel(bytes));
