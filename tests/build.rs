//! Generates the stubs that tests call, and what replays recorded exchanges through them.

use std::path::{Path, PathBuf};

use glue::Source;
use mig_codegen::{Abi, Config};
use mig_parser::source::from_disk;

fn main() {
    // One trait serves all five.
    let shared = Abi::ALL.into_iter().fold(Config::default(), Config::abi);
    // Odd forms are what these definitions are for, and what only one family has.
    let shared = shared.allow("M0316").allow("M0424").allow("M0502");
    compile(&shared, &["vectors/typed/shapes.defs", "cases/stubs/names.defs"]);
    let untyped = Config::default()
        .abi(Abi::DARWIN_LP64)
        .abi(Abi::DARWIN_ILP32)
        .types("vectors/untyped/shapes.toml")
        .out_dir(out().join("untyped"));
    compile(&untyped, &["vectors/untyped/shapes.defs"]);
    replay_shapes(&untyped);
}

fn compile(config: &Config, definitions: &[&str]) {
    config.compile(definitions).unwrap_or_else(|failed| panic!("{failed}"));
}

fn out() -> PathBuf {
    PathBuf::from(std::env::var_os("OUT_DIR").expect("Cargo sets it"))
}

/// Calls of the stubs that were made just now.
fn replay_shapes(config: &Config) {
    let units = config.read(Path::new("vectors/untyped/shapes.defs"), &mut from_disk).units;
    let text = std::fs::read_to_string(out().join("untyped/shapes.rs")).expect("it was written just now");
    let source = Source { path: "crate::shapes", uses: "", text: &text, wires: &[] };
    write("replay/shapes.rs", &glue::replay("shapes", &units, &source));
}

fn write(name: &str, text: &str) {
    mig_codegen::build::write_if_changed(&out().join(name), text).expect("Cargo's directory can be written");
}
