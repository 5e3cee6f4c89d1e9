//! Generates the stubs that tests call.

use mig_codegen::{Abi, Config};

fn main() {
    Config::default()
        .abi(Abi::GNUMACH_I386)
        .abi(Abi::GNUMACH_X86_64)
        .abi(Abi::GNUMACH_X86_64_2022)
        // Odd forms are what these definitions are for.
        .allow("M0316")
        .allow("M0502")
        .compile(&["vectors/typed/shapes.defs", "cases/stubs/names.defs"])
        .unwrap_or_else(|failed| panic!("{failed}"));
}
