//! Type tables and manifests: TOML that steers the compiler.

use std::io;
use std::path::Path;

use mig_codegen::manifest::{Manifest, Output};
use mig_codegen::{Abi, Config};
use mig_parser::diag::Diagnostics;
use mig_parser::diag::render::Style;

/// A definition that uses a type of every kind, by names that tables speak of.
const DEFINITION: &str = "\
subsystem demo 4200;
type port_t = MACH_MSG_TYPE_COPY_SEND;
type demo_t = struct[6] of int;
type name_t = array[*:64] of char;
type level_t = int;
type page_t = ^array[] of demo_t;
type task_t = port_t;
type mode_t = int;
type vm_size_t = unsigned;
type vm_statistics_t = struct[13] of int;
routine demo_store(server : port_t; level : level_t; name : name_t; task : task_t; data : page_t);
routine demo_list(server : port_t; in size : vm_size_t; out mode : mode_t; out demo : demo_t; out v : vm_statistics_t);
";

/// Reads a type table and compiles a definition with it; reads the same text as a manifest, and generates what it asks
/// for.
///
/// # Panics
/// If something goes wrong that is not a diagnostic.
pub fn tables(bytes: &[u8]) {
    type_table(bytes);
    manifest(bytes);
}

fn type_table(bytes: &[u8]) {
    let mut loader = |path: &Path| match path.to_str() {
        Some("demo.defs") => Ok(DEFINITION.into()),
        Some("types.toml") => Ok(bytes.to_vec()),
        _ => Err(io::ErrorKind::NotFound.into()),
    };
    let abis = [Abi::GNUMACH_I386, Abi::GNUMACH_X86_64];
    let config = Config { abis: abis.to_vec(), types: vec!["types.toml".into()], ..Config::default() };
    let compilation = config.read(Path::new("demo.defs"), &mut loader);
    let generated = compilation.single_file(&config);
    let failed = compilation.has_errors() || generated.diagnostics.has_errors();
    assert_eq!(failed, generated.files.is_empty(), "files and errors");
    compilation.render(&generated.diagnostics, Style::Plain);
}

/// Every definition that a manifest names is the same.
fn manifest(bytes: &[u8]) {
    let mut loader = |path: &Path| match path.extension().and_then(|it| it.to_str()) {
        _ if path == Path::new("dir/manifest.toml") => Ok(bytes.to_vec()),
        Some("defs") => Ok(DEFINITION.into()),
        Some("toml") => Ok(Vec::new()),
        _ => Err(io::ErrorKind::NotFound.into()),
    };
    let mut diagnostics = Diagnostics::default();
    let manifest = Manifest::read(Path::new("dir/manifest.toml"), &mut loader, &mut diagnostics);
    assert_eq!(manifest.is_none(), diagnostics.has_errors(), "a manifest or errors");
    for set in manifest.iter().flat_map(|it| &it.sets).filter(|it| it.subsystems.len() <= 4) {
        let Output { files, rows } = set.generate(&mut loader, &mut |_| {});
        let failed = rows.iter().any(|(it, more)| it.has_errors() || more.has_errors());
        assert_eq!(failed, files.is_empty(), "files and errors");
        for (compilation, more) in &rows {
            compilation.render(more, Style::Plain);
        }
    }
}
