//! Generates the stubs that tests call, and what replays recorded exchanges through them.

use std::path::{Path, PathBuf};

use glue::Source;
use mig_codegen::manifest::{Manifest, Output, Set};
use mig_codegen::{Abi, Compilation, Config};
use mig_parser::diag::Diagnostics;
use mig_parser::source::from_disk;

/// What the crate `generated` is made of.
const MANIFEST: &str = "../generated/manifest.toml";

fn main() {
    let mut every = Config::default()
        // Odd forms are what these definitions are for.
        .allow("M0316")
        .allow("M0423")
        .allow("M0424")
        .allow("M0502");
    every.abis.extend(Abi::ALL);
    compile(&every, &["vectors/typed/shapes.defs", "cases/stubs/names.defs"]);
    let untyped = Config::default()
        .abi(Abi::DARWIN_LP64)
        .abi(Abi::DARWIN_ILP32)
        .types("vectors/untyped/shapes.toml")
        .out_dir(out().join("untyped"));
    compile(&untyped, &["vectors/untyped/shapes.defs", "cases/stubs/nested.defs"]);
    let mut index = Index::default();
    replay_shapes(&untyped, &mut index);
    let manifest = Manifest::read(Path::new(MANIFEST), &mut from_disk, &mut Diagnostics::default());
    let sets = manifest.expect("the manifest is checked in").sets;
    sets.iter().filter(|it| it.name == "darwin").for_each(|it| replay_set(it, &mut index));
    index.write();
    watch(Path::new(MANIFEST));
    watch(Path::new("build.rs"));
}

fn compile(config: &Config, definitions: &[&str]) {
    config.compile(definitions).unwrap_or_else(|failed| panic!("{failed}"));
}

fn out() -> PathBuf {
    PathBuf::from(std::env::var_os("OUT_DIR").expect("Cargo sets it"))
}

/// Calls of the stubs that were made just now.
fn replay_shapes(config: &Config, index: &mut Index) {
    let units = config.read(Path::new("vectors/untyped/shapes.defs"), &mut from_disk).units;
    let text = std::fs::read_to_string(out().join("untyped/shapes.rs")).expect("it was written just now");
    let source = Source { path: "crate::shapes", uses: "", text: &text, wires: &[] };
    index.add_subsystem("shapes", &glue::replay(&units, &source));
}

/// Calls of the stubs of a set of the crate `generated`.
fn replay_set(set: &Set, index: &mut Index) {
    let output = set.generate(&mut from_disk, &mut |_| {});
    let types = output.files.iter().find(|it| it.0 == set.out.join("types.rs"));
    let text = types.map_or("", |it| it.1.as_str());
    index.add("types", &glue::translations(&format!("generated::{}::types", set.name), text));
    for ((_, config), (compilation, _)) in set.subsystems.iter().zip(&output.rows) {
        compilation.files_read().into_iter().for_each(watch);
        if let Some(module) = compilation.module(config) {
            replay_subsystem(set, &output, compilation, &module, index);
        }
    }
}

fn replay_subsystem(set: &Set, output: &Output, compilation: &Compilation, module: &str, index: &mut Index) {
    let text = |file: &str| {
        let path = set.out.join(module).join(file);
        let file = output.files.iter().find(|it| it.0 == path);
        file.map(|it| it.1.clone()).unwrap_or_else(|| panic!("no {}", path.display()))
    };
    let units = &compilation.units;
    let wires: Vec<String> = units.iter().map(|it| text(&format!("{}.rs", it.abi.module()))).collect();
    let (path, uses) = (format!("generated::{}::{module}", set.name), format!("use generated::{}::types;", set.name));
    let source = Source { path: &path, uses: &uses, text: &text("mod.rs"), wires: &wires };
    index.add_subsystem(module, &glue::replay(units, &source));
}

/// The modules that replay exchanges, and those that list their subsystems.
#[derive(Default)]
struct Index {
    modules: String,
    subsystems: String,
}

impl Index {
    fn add(&mut self, name: &str, text: &str) {
        write(&format!("replay/{name}.rs"), text);
        let file = format!("concat!(env!(\"OUT_DIR\"), \"/replay/{name}.rs\")");
        self.modules += &format!("pub(crate) mod {name} {{ include!({file}); }}\n");
    }

    fn add_subsystem(&mut self, name: &str, text: &str) {
        self.add(name, text);
        self.subsystems += &format!("{name}::TABLES, ");
    }

    fn write(self) {
        let list = format!("pub(crate) const SUBSYSTEMS: &[&[crate::side::Table]] = &[{}];\n", self.subsystems);
        write("replay/index.rs", &(self.modules + &list));
    }
}

fn write(name: &str, text: &str) {
    mig_codegen::build::write_if_changed(&out().join(name), text).expect("Cargo's directory can be written");
}

/// Build scripts talk to Cargo by standard output.
#[allow(clippy::print_stdout, reason = "the only way to tell Cargo something")]
fn watch(path: &Path) {
    println!("cargo::rerun-if-changed={}", path.display());
}
