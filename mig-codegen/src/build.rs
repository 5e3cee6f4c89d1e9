//! Files in, files out: the face of the compiler for build scripts and the command line.
//!
//! ```no_run
//! // build.rs
//! mig_codegen::Config::default()
//!     .include("defs")
//!     .compile(&["defs/demo.defs"])
//!     .unwrap_or_else(|failed| panic!("{failed}"));
//! ```
//!
//! and in the crate: `mod demo { include!(concat!(env!("OUT_DIR"), "/demo.rs")); }`

use std::fmt;
use std::path::{Path, PathBuf};

use mig_parser::diag::render::Style;
use mig_parser::source::{Loader, from_disk};

use crate::abi::Abi;
use crate::compilation::Compilation;
use crate::config::Config;

impl Config {
    /// Reads a definition for every ABI: everything up to layouts.
    pub fn read(&self, file: &Path, loader: &mut Loader<'_>) -> Compilation {
        Compilation::read(self, file, loader)
    }

    /// What a build script calls: generates `NAME.rs` for each definition, `NAME` being its subsystem, into
    /// `$OUT_DIR`, and tells Cargo to run again when any file changes that was read.
    ///
    /// Without an ABI, that of Cargo's target is taken, or `gnumach-i386` if the target is no Mach.
    ///
    /// # Errors
    /// [`Failed`], whose text is the rendered report. No file is written then.
    pub fn compile(&self, definitions: &[impl AsRef<Path>]) -> Result<(), Failed> {
        let mut config = self.clone();
        if config.abis.is_empty() {
            config.abis.extend(abi_of_cargo());
        }
        let out = config.out_dir.clone().or_else(|| std::env::var_os("OUT_DIR").map(PathBuf::from));
        let out = out.ok_or_else(|| {
            Failed("no output directory: `OUT_DIR` is not set, and `out_dir` was not called".to_owned())
        })?;
        let mut files = Vec::new();
        let mut report = String::new();
        for definition in definitions {
            let compilation = config.read(definition.as_ref(), &mut from_disk);
            tell_cargo(&compilation);
            let single = compilation.single_file(&config);
            report += &compilation.render(&single.diagnostics, Style::Plain);
            if compilation.has_errors() || single.diagnostics.has_errors() {
                return Err(Failed(report));
            }
            files.extend(single.files);
        }
        files.sort();
        if let Some(pair) = files.windows(2).find(|it| it[0].0 == it[1].0) {
            let name = pair[0].0.display();
            return Err(Failed(format!("two definitions make {name}: give one of them another module or directory")));
        }
        for (name, text) in files {
            let path = out.join(name);
            write_if_changed(&path, &text).map_err(|it| Failed(format!("cannot write {}: {it}", path.display())))?;
        }
        for line in report.lines() {
            cargo_line(&format!("cargo::warning={line}"));
        }
        Ok(())
    }
}

/// The ABI of the target that Cargo builds for.
fn abi_of_cargo() -> Option<Abi> {
    let get = |name: &str| std::env::var(format!("CARGO_CFG_TARGET_{name}")).unwrap_or_default();
    Abi::of_target(&get("ARCH"), &get("OS"), &get("POINTER_WIDTH"))
}

/// Build scripts talk to Cargo by standard output.
#[allow(clippy::print_stdout, reason = "the only way to tell Cargo something")]
fn cargo_line(line: &str) {
    println!("{line}");
}

fn tell_cargo(compilation: &Compilation) {
    for path in compilation.files_read() {
        cargo_line(&format!("cargo::rerun-if-changed={}", path.display()));
    }
}

/// Writes a file whole or not at all, and not if it is the same already: whoever watches it is left alone.
///
/// # Errors
/// The disk's.
pub fn write_if_changed(path: &Path, text: impl AsRef<[u8]>) -> std::io::Result<()> {
    if std::fs::read(path).is_ok_and(|it| it == text.as_ref()) {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(format!(".{}.tmp", std::process::id()));
    let temporary = PathBuf::from(temporary);
    let written = std::fs::write(&temporary, text).and_then(|()| std::fs::rename(&temporary, path));
    if written.is_err() {
        // The first error is the one to tell.
        let _ = std::fs::remove_file(&temporary);
    }
    written
}

/// Why a build script's call failed: the rendered report.
#[derive(Clone, PartialEq, Eq)]
pub struct Failed(String);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The report itself: build scripts end with `unwrap`.
impl fmt::Debug for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{}", self.0)
    }
}

impl std::error::Error for Failed {}
