//! Generates the stubs that tests call, and what replays recorded exchanges through them.

use std::path::{Path, PathBuf};

use glue::Source;
use mig_codegen::manifest::{Manifest, Output, Set};
use mig_codegen::{Abi, Compilation, Config};
use mig_parser::diag::Diagnostics;
use mig_parser::diag::render::Style;
use mig_parser::source::from_disk;

/// What the crate `generated` is made of, and what is generated for the replay alone.
const MANIFESTS: [&str; 2] = ["../generated/manifest.toml", "vectors/untyped/manifest.toml"];

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
    let [generated, replayed] = MANIFESTS.map(sets);
    for set in generated.iter().filter(|it| it.name == "darwin") {
        replay_set(set, &set.generate(&mut from_disk, &mut |_| {}), "generated", &mut index);
    }
    for mut set in replayed {
        set.out = out().join("sets").join(&set.name);
        let output = set.generate(&mut from_disk, &mut |_| {});
        output.files.iter().for_each(|(path, text)| write(path, text));
        index.sets += &format!("pub mod {};\n", set.name);
        replay_set(&set, &output, "crate::sets", &mut index);
    }
    index.write();
    MANIFESTS.iter().for_each(|it| watch(Path::new(it)));
    watch(Path::new("build.rs"));
}

fn sets(manifest: &str) -> Vec<Set> {
    let manifest = Manifest::read(Path::new(manifest), &mut from_disk, &mut Diagnostics::default());
    manifest.expect("the manifest is checked in").sets
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
    let source = Source { set: "shapes", path: "crate::shapes", uses: "", text: &text, wires: &[] };
    index.add_subsystem("shapes", &glue::replay(&units, &source));
}

/// Calls of the stubs of a set, which is a module of `parent`.
fn replay_set(set: &Set, output: &Output, parent: &str, index: &mut Index) {
    for ((definition, _), (compilation, diagnostics)) in set.subsystems.iter().zip(&output.rows) {
        let report = compilation.render(diagnostics, Style::Plain);
        assert!(!output.files.is_empty(), "{}: {report}", definition.display());
    }
    let path = format!("{parent}::{}", set.name);
    let types = output.files.iter().find(|it| it.0 == set.out.join("types.rs"));
    let text = types.map_or("", |it| it.1.as_str());
    index.add(&format!("{}_types", set.name), &glue::translations(&format!("{path}::types"), text));
    for ((_, config), (compilation, _)) in set.subsystems.iter().zip(&output.rows) {
        compilation.files_read().into_iter().for_each(watch);
        if let Some(module) = compilation.module(config) {
            replay_subsystem(set, output, compilation, &path, &module, index);
        }
    }
    set.subsystems.iter().flat_map(|it| &it.1.types).for_each(|it| watch(it));
}

fn replay_subsystem(
    set: &Set,
    output: &Output,
    compilation: &Compilation,
    path: &str,
    module: &str,
    index: &mut Index,
) {
    let text = |file: &str| {
        let path = set.out.join(module).join(file);
        let file = output.files.iter().find(|it| it.0 == path);
        file.map(|it| it.1.clone()).unwrap_or_else(|| panic!("no {}", path.display()))
    };
    let units = &compilation.units;
    let wires: Vec<String> = units.iter().map(|it| text(&format!("{}.rs", it.abi.module()))).collect();
    let (uses, path) = (format!("use {path}::types;"), format!("{path}::{module}"));
    let source = Source { set: &set.name, path: &path, uses: &uses, text: &text("mod.rs"), wires: &wires };
    index.add_subsystem(&format!("{}_{module}", set.name), &glue::replay(units, &source));
}

/// The sets that are generated here, the modules that replay exchanges, and the list of their subsystems.
#[derive(Default)]
struct Index {
    sets: String,
    modules: String,
    subsystems: String,
}

impl Index {
    fn add(&mut self, name: &str, text: &str) {
        write(&out().join(format!("replay/{name}.rs")), text);
        let file = format!("concat!(env!(\"OUT_DIR\"), \"/replay/{name}.rs\")");
        self.modules += &format!("pub(crate) mod {name} {{ include!({file}); }}\n");
    }

    fn add_subsystem(&mut self, name: &str, text: &str) {
        self.add(name, text);
        self.subsystems += &format!("{name}::TABLES, ");
    }

    fn write(self) {
        let list = format!("pub(crate) const SUBSYSTEMS: &[&[crate::side::Table]] = &[{}];\n", self.subsystems);
        write(&out().join("replay/index.rs"), &(self.modules + &list));
        write(&out().join("sets/index.rs"), &self.sets);
    }
}

fn write(path: &Path, text: &str) {
    mig_codegen::build::write_if_changed(path, text).expect("Cargo's directory can be written");
}

/// Build scripts talk to Cargo by standard output.
#[allow(clippy::print_stdout, reason = "the only way to tell Cargo something")]
fn watch(path: &Path) {
    println!("cargo::rerun-if-changed={}", path.display());
}
