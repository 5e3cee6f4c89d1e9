//! Compiles the subsystem as it was, and as it is now.

use mig_codegen::{Abi, Config};

fn main() {
    let mut config = Config::default().abi(Abi::GNUMACH_I386).include("../../../defs/mach3");
    let mut compile = |module: &str, definition| {
        config.module = Some(module.to_owned());
        config.compile(&[definition]).unwrap_or_else(|failed| panic!("{failed}"));
    };
    compile("before", "../../../defs/mach3/exc.defs");
    compile("after", "defs/exc_more.defs");
}
