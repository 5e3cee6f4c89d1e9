//! Reads MIG interface definitions.
//!
//! Text → tokens → syntax tree, for every dialect of the Mach Interface Generator: CMU Mach 2.5 and 3.0, GNU, OSF and
//! Darwin. This crate knows files and grammar and nothing about messages; what the definitions mean is the business
//! of `mig-codegen`.

use std::path::Path;

pub mod ast;
pub mod diag;
pub mod dialect;
pub mod format;
pub mod parse;
pub mod preprocess;
pub mod print;
pub mod source;
pub mod span;

use ast::Ast;
use diag::Diagnostics;
use dialect::Dialect;
use preprocess::Origins;
use source::{Loader, Sources};

/// How a definition file is read.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Macros and include directories.
    pub preprocess: preprocess::Options,
    /// The dialect whose limits are errors; without one everything is accepted that any dialect accepts.
    pub dialect: Option<Dialect>,
}

/// A definition file as far as it could be read, and what is wrong with it.
#[derive(Clone, Debug, Default)]
pub struct Parsed {
    /// The text after preprocessing; every span points into it.
    pub text: String,
    /// The syntax tree.
    pub ast: Ast,
    /// Every file that was read.
    pub sources: Sources,
    /// From spans back to files.
    pub origins: Origins,
    /// What is wrong.
    pub diagnostics: Diagnostics,
}

/// Reads a definition file and what it includes.
///
/// ```
/// use std::path::Path;
///
/// let mut files = |path: &Path| match path.to_str() {
///     Some("demo.defs") => Ok(b"subsystem demo 4200;\ntype int = MACH_MSG_TYPE_INTEGER_32;\n".to_vec()),
///     _ => Err(std::io::ErrorKind::NotFound.into()),
/// };
/// let parsed = mig_parser::parse(Path::new("demo.defs"), &Default::default(), &mut files);
/// assert!(!parsed.diagnostics.has_errors());
/// assert_eq!(parsed.ast.statements.len(), 2);
/// ```
pub fn parse(root: &Path, options: &Options, loader: &mut Loader<'_>) -> Parsed {
    let mut sources = Sources::default();
    let mut diagnostics = Diagnostics::default();
    let preprocessed = preprocess::preprocess(root, &options.preprocess, loader, &mut sources, &mut diagnostics);
    let mut ast = Ast::default();
    if preprocessed.complete {
        ast = parse::parse(&preprocessed.text, &preprocessed.comments, &mut diagnostics);
        if let Some(dialect) = options.dialect {
            dialect::check(&ast, dialect, &mut diagnostics);
        }
    }
    Parsed { text: preprocessed.text, ast, sources, origins: preprocessed.origins, diagnostics }
}
