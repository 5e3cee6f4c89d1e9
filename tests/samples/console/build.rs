//! Compiles the definition of Mach's devices.

use mig_codegen::{Abi, Config};

fn main() {
    let defs = "../../../defs/mach3";
    Config::default()
        .abi(Abi::GNUMACH_I386)
        .types(format!("{defs}/types.toml"))
        .compile(&[format!("{defs}/device.defs")])
        .unwrap_or_else(|failed| panic!("{failed}"));
}
