//! A definition as far as it was compiled: one view for each ABI, because ABIs preprocess differently.

use std::path::{Path, PathBuf};

use mig_parser::Parsed;
use mig_parser::diag::render::{Style, render};
use mig_parser::diag::{Diagnostic, Diagnostics};
use mig_parser::source::Loader;

use crate::abi::Abi;
use crate::config::Config;
use crate::model::Interface;
use crate::rust;
use crate::types::TypeTable;
use crate::wire::{self, Exchange};

/// A definition, read for every ABI of a configuration.
#[derive(Clone, Debug)]
pub struct Compilation {
    /// One for each ABI, in the order of the configuration; never empty.
    pub units: Vec<Unit>,
    /// The type tables.
    pub table: TypeTable,
    /// What is wrong with the type tables.
    pub diagnostics: Diagnostics,
    types: Vec<PathBuf>,
}

/// A definition as one ABI sees it.
#[derive(Clone, Debug)]
pub struct Unit {
    /// Which ABI.
    pub abi: Abi,
    /// Text, tree, sources and what is wrong, later stages included.
    pub parsed: Parsed,
    /// The model.
    pub interface: Interface,
    /// The layouts.
    pub exchanges: Vec<Exchange>,
}

/// Output that is not on disk yet.
#[derive(Clone, Debug, Default)]
pub struct Generated {
    /// Paths below the output directory, and texts.
    pub files: Vec<(PathBuf, String)>,
    /// What only shows when Rust is made: by unit. Empty files if there are errors.
    pub diagnostics: Diagnostics,
}

impl Compilation {
    /// Reads a definition for every ABI of the configuration.
    pub fn read(config: &Config, file: &Path, loader: &mut Loader<'_>) -> Compilation {
        let mut diagnostics = Diagnostics::default();
        let table = config.type_table(loader, &mut diagnostics);
        let units =
            config.effective_abis().into_iter().map(|abi| Unit::read(config, file, abi, &table, loader)).collect();
        Compilation { units, table, diagnostics, types: config.types.clone() }
    }

    /// Whether nothing may be generated.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.has_errors() || self.units.iter().any(|it| it.parsed.diagnostics.has_errors())
    }

    /// Everything that is to be said, once: what all ABIs have in common is not repeated.
    pub fn render(&self, more: &Diagnostics, style: Style) -> String {
        let mut said: Vec<String> = Vec::new();
        let first = &self.units[0].parsed;
        let general = self.diagnostics.0.iter().chain(&more.0).map(|it| (it, first));
        let by_unit = self.units.iter().flat_map(|it| it.parsed.diagnostics.0.iter().map(|one| (one, &it.parsed)));
        for (one, parsed) in by_unit.chain(general) {
            let text = render_one(one, parsed, style);
            if !said.contains(&text) {
                said.push(text);
            }
        }
        said.concat()
    }

    /// Every file that was read: definitions, headers, type tables.
    pub fn files_read(&self) -> Vec<&Path> {
        let mut files: Vec<&Path> = Vec::new();
        let sources = self.units.iter().flat_map(|it| it.parsed.sources.read());
        for path in sources.chain(&self.types) {
            if !files.contains(&path.as_path()) {
                files.push(path);
            }
        }
        files
    }

    /// The subsystem's name as a Rust module, or the configured one.
    pub fn module(&self, config: &Config) -> Option<String> {
        let subsystem = self.units.iter().find_map(|it| it.interface.subsystem.as_ref())?;
        Some(config.module.clone().unwrap_or_else(|| rust::names::snake(&subsystem.name)))
    }

    /// Rust as one file, for `include!`.
    pub fn single_file(&self, config: &Config) -> Generated {
        rust::generate(self, config, rust::Form::SingleFile)
    }

    /// Rust as a folder: `NAME/mod.rs` and a file for each ABI.
    pub fn folder(&self, config: &Config) -> Generated {
        rust::generate(self, config, rust::Form::Folder)
    }
}

fn render_one(one: &Diagnostic, parsed: &Parsed, style: Style) -> String {
    render(std::slice::from_ref(one), &parsed.sources, &parsed.origins, style)
}

impl Unit {
    fn read(config: &Config, file: &Path, abi: Abi, table: &TypeTable, loader: &mut Loader<'_>) -> Unit {
        let mut parsed = config.parse(file, &abi, loader);
        let mut diagnostics = std::mem::take(&mut parsed.diagnostics);
        let interface = crate::resolve(&parsed.ast, &abi, config.dialect, &mut diagnostics);
        let mut exchanges = Vec::new();
        if !diagnostics.has_errors() {
            exchanges = wire::lower(&interface, &abi, table, &mut diagnostics);
        }
        config.silence(&mut diagnostics);
        parsed.diagnostics = diagnostics;
        Unit { abi, parsed, interface, exchanges }
    }
}
