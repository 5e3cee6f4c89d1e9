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

use mig_parser::diag::codes::output;
use mig_parser::diag::render::Style;
use mig_parser::diag::{At, Diagnostic, Diagnostics, Severity};
use mig_parser::dialect::Dialect;
use mig_parser::preprocess::{self, MacroOption};
use mig_parser::source::{Loader, from_disk};
use mig_parser::{Options, Parsed};

use crate::abi::Abi;
use crate::compilation::Compilation;
use crate::types::TypeTable;

/// What to generate, and how definitions are read.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The ABIs to generate a wire half for; `gnumach-i386` if there are none.
    pub abis: Vec<Abi>,
    /// The dialect whose limits are errors.
    pub dialect: Option<Dialect>,
    /// Macros, in order.
    pub macros: Vec<MacroOption>,
    /// Directories for `#include`, in order.
    pub include: Vec<PathBuf>,
    /// Directories that are searched after those.
    pub system: Vec<PathBuf>,
    /// Files whose macros are read first.
    pub imacros: Vec<PathBuf>,
    /// Files that are included first.
    pub preinclude: Vec<PathBuf>,
    /// Type tables, in order; later ones override earlier ones.
    pub types: Vec<PathBuf>,
    /// Codes of warnings that are not to be reported: `M0316`.
    pub allow: Vec<String>,
    /// Which halves.
    pub sides: Sides,
    /// Path of the module with the types that several subsystems share, as seen from a subsystem's module:
    /// `super::types`. `None`: they are generated into the subsystem's module.
    pub shared_types: Option<String>,
    /// Name of the module, if it is not the subsystem's.
    pub module: Option<String>,
    /// Where files are written; `None`: `$OUT_DIR`.
    pub out_dir: Option<PathBuf>,
}

/// Which halves of a subsystem are generated.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Sides {
    /// Client functions and the server's trait and dispatcher.
    #[default]
    Both,
    /// Client functions.
    Client,
    /// The server's trait and dispatcher.
    Server,
}

impl Config {
    /// Adds an ABI.
    pub fn abi(mut self, abi: Abi) -> Config {
        self.abis.push(abi);
        self
    }

    /// Takes only what a dialect has.
    pub fn dialect(mut self, dialect: Dialect) -> Config {
        self.dialect = Some(dialect);
        self
    }

    /// Adds a directory for `#include`.
    pub fn include(mut self, directory: impl Into<PathBuf>) -> Config {
        self.include.push(directory.into());
        self
    }

    /// Defines a macro.
    pub fn define(mut self, name: impl Into<String>, body: impl Into<String>) -> Config {
        self.macros.push(MacroOption::Define { name: name.into(), body: body.into() });
        self
    }

    /// Forgets a macro.
    pub fn undefine(mut self, name: impl Into<String>) -> Config {
        self.macros.push(MacroOption::Undef(name.into()));
        self
    }

    /// Adds a type table.
    pub fn types(mut self, file: impl Into<PathBuf>) -> Config {
        self.types.push(file.into());
        self
    }

    /// Does not report a warning, by its code. Errors cannot be silenced.
    pub fn allow(mut self, code: impl Into<String>) -> Config {
        self.allow.push(code.into());
        self
    }

    /// Takes the warnings out that are not to be reported.
    pub fn silence(&self, diagnostics: &mut Diagnostics) {
        let silenced = |it: &Diagnostic| {
            it.severity == Severity::Warning
                && self.allow.iter().any(|code| it.code.to_string().eq_ignore_ascii_case(code))
        };
        diagnostics.0.retain(|it| !silenced(it));
    }

    /// Generates one side only.
    pub fn sides(mut self, sides: Sides) -> Config {
        self.sides = sides;
        self
    }

    /// Writes somewhere else than into `$OUT_DIR`.
    pub fn out_dir(mut self, directory: impl Into<PathBuf>) -> Config {
        self.out_dir = Some(directory.into());
        self
    }

    /// The ABIs in force.
    pub fn effective_abis(&self) -> Vec<Abi> {
        if self.abis.is_empty() { vec![Abi::GNUMACH_I386] } else { self.abis.clone() }
    }

    /// Reads a definition as one ABI sees it.
    pub fn parse(&self, file: &Path, abi: &Abi, loader: &mut Loader<'_>) -> Parsed {
        let predefined = abi.predefined.iter().map(|(name, body)| ((*name).to_owned(), (*body).to_owned()));
        let preprocess = preprocess::Options {
            predefined: predefined.collect(),
            macros: self.macros.clone(),
            include: self.include.clone(),
            system: self.system.clone(),
            imacros: self.imacros.clone(),
            preinclude: self.preinclude.clone(),
            ..preprocess::Options::default()
        };
        mig_parser::parse(file, &Options { preprocess, dialect: self.dialect }, loader)
    }

    /// The type tables, put together.
    pub fn type_table(&self, loader: &mut Loader<'_>, diagnostics: &mut Diagnostics) -> TypeTable {
        let mut table = TypeTable::standard();
        for path in &self.types {
            match loader(path).map(String::from_utf8) {
                Ok(Ok(text)) => table.add(&path.display().to_string(), &text, diagnostics),
                Ok(Err(_)) => diagnostics.push(unreadable(path, "it is not UTF-8")),
                Err(it) => diagnostics.push(unreadable(path, &it.to_string())),
            }
        }
        table
    }
}

fn unreadable(path: &Path, why: &str) -> Diagnostic {
    Diagnostic::new(&output::TYPE_TABLE, At::Nowhere, format!("cannot read type table {}: {why}", path.display()))
}

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
