//! What to generate, and how definitions are read.

use std::path::{Path, PathBuf};

use mig_parser::diag::codes::output;
use mig_parser::diag::{At, Diagnostic, Diagnostics, Severity};
use mig_parser::dialect::Dialect;
use mig_parser::preprocess::{self, MacroOption};
use mig_parser::source::Loader;
use mig_parser::{Options, Parsed};

use crate::abi::Abi;
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
    /// Sizes of types in C, in order; they override the type tables.
    pub sizes: Vec<TypeSize>,
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

/// How many bytes C gives a type.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TypeSize {
    /// Its name in the definition, or the C type that `PointerTo` or `ValueOf` names.
    pub name: String,
    /// Where; `None`: in every ABI.
    pub abi: Option<Abi>,
    /// Bytes.
    pub bytes: u32,
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

    /// States how many bytes C gives a type, in every ABI: one whose definition is known to be wrong, or the C type that
    /// `PointerTo` or `ValueOf` names.
    pub fn size(mut self, name: impl Into<String>, bytes: u32) -> Config {
        self.sizes.push(TypeSize { name: name.into(), abi: None, bytes });
        self
    }

    /// States how many bytes C gives a type in one ABI.
    pub fn size_in(mut self, abi: Abi, name: impl Into<String>, bytes: u32) -> Config {
        self.sizes.push(TypeSize { name: name.into(), abi: Some(abi), bytes });
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
        let preprocess = preprocess::Options {
            predefined: abi.macros(&self.macros),
            macros: self.macros.clone(),
            include: self.include.clone(),
            system: self.system.clone(),
            imacros: self.imacros.clone(),
            preinclude: self.preinclude.clone(),
            ..preprocess::Options::default()
        };
        mig_parser::parse(file, &Options { preprocess, dialect: self.dialect }, loader)
    }

    /// The type tables, put together, and sizes that were stated by themselves.
    pub fn type_table(&self, loader: &mut Loader<'_>, diagnostics: &mut Diagnostics) -> TypeTable {
        let mut table = TypeTable::standard();
        for path in &self.types {
            match loader(path).map(String::from_utf8) {
                Ok(Ok(text)) => table.add(&path.display().to_string(), &text, diagnostics),
                Ok(Err(_)) => diagnostics.push(unreadable(path, "it is not UTF-8")),
                Err(it) => diagnostics.push(unreadable(path, &it.to_string())),
            }
        }
        for TypeSize { name, abi, bytes } in &self.sizes {
            table.set_size(name, abi.as_ref().map(|it| it.name), *bytes);
        }
        table
    }
}

fn unreadable(path: &Path, why: &str) -> Diagnostic {
    Diagnostic::new(&output::TYPE_TABLE, At::Nowhere, format!("cannot read type table {}: {why}", path.display()))
}
