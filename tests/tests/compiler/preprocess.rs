//! Definition files → preprocessed text.

mod limits;
mod origins;
mod robust;
mod text;

use std::io;
use std::path::Path;

use mig_parser::diag::Diagnostics;
use mig_parser::diag::render::{Style, render};
use mig_parser::preprocess::{Options, Preprocessed, preprocess};
use mig_parser::source::{Sources, from_disk};
use tests::{Case, check};

use crate::stages::preprocessor_options;

/// What a run of the preprocessor leaves behind.
struct Run {
    preprocessed: Preprocessed,
    sources: Sources,
    diagnostics: Diagnostics,
}

impl Run {
    /// Preprocesses `root`; `read` is the disk.
    fn new(root: &str, options: &Options, mut read: impl FnMut(&Path) -> io::Result<Vec<u8>>) -> Run {
        let mut sources = Sources::default();
        let mut diagnostics = Diagnostics::default();
        let preprocessed = preprocess(Path::new(root), options, &mut read, &mut sources, &mut diagnostics);
        Run { preprocessed, sources, diagnostics }
    }

    /// Preprocesses the first of some files which exist in memory only.
    fn of_files(options: &Options, files: &[(&str, &str)]) -> Run {
        Run::new(files[0].0, options, |path| {
            let file = files.iter().find(|it| Path::new(it.0) == path);
            file.map(|it| it.1.as_bytes().to_vec()).ok_or_else(|| io::ErrorKind::NotFound.into())
        })
    }

    /// Preprocesses a text in memory.
    fn of(text: &str) -> Run {
        Run::of_files(&Options::default(), &[("test.defs", text)])
    }

    /// Preprocesses a case; files are named relative to its folder.
    fn of_case(case: &Case) -> Run {
        let folder = case.path.parent().expect("a case lies in a folder").to_owned();
        let root = format!("{}.defs", case.name);
        Run::new(&root, &preprocessor_options(&case.options), |path| from_disk(&folder.join(path)))
    }

    fn report(&self, style: Style) -> String {
        render(&self.diagnostics.0, &self.sources, &self.preprocessed.origins, style)
    }
}

/// The text, and below it the report if there is one.
fn show(case: &Case) -> String {
    let run = Run::of_case(case);
    let report = run.report(Style::Plain);
    match report.is_empty() {
        true => run.preprocessed.text,
        false => format!("{}---- report ----\n{report}", run.preprocessed.text),
    }
}

#[test]
fn every_case_becomes_its_text() {
    check("preprocess", show);
}
