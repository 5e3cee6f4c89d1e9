//! Preprocessed text → syntax tree → canonical text.

mod dialects;
mod generate;
mod printer;
mod robust;

use std::path::Path;

pub(crate) use generate::Random;
use mig_parser::diag::render::{Style, render};
use mig_parser::diag::{At, Diagnostics};
use mig_parser::dialect::Dialect;
use mig_parser::print::print;
use mig_parser::source::from_disk;
use mig_parser::span::Span;
use mig_parser::{Options, Parsed};
use tests::{Case, check};

/// Reads a case.
fn read(case: &Case) -> Parsed {
    let folder = case.path.parent().expect("a case is in a folder");
    let name = case.path.file_name().expect("a case has a name");
    let dialect = |name: &String| Dialect::find(name).unwrap_or_else(|| panic!("`{name}` is no dialect"));
    let options = Options { dialect: case.options.dialect.as_ref().map(dialect), ..Options::default() };
    mig_parser::parse(Path::new(name), &options, &mut |path| from_disk(&folder.join(path)))
}

fn report(it: &Parsed) -> String {
    render(&it.diagnostics.0, &it.sources, &it.origins, Style::Plain)
}

/// Each case: its tree as canonical text, then what is wrong with it.
#[test]
fn trees() {
    check("parse", |case| {
        let it = read(case);
        format!("{}----\n{}", print(&it.ast), report(&it))
    });
}

/// Our preprocessor leaves no comments behind, but others do.
#[test]
fn comments_are_reported_where_they_begin() {
    let text = "skip; // one\ntype a /* two */ = int; /* three";
    let mut diagnostics = Diagnostics::default();
    let ast = mig_parser::parse::parse(text, &[], &mut diagnostics);
    let found: Vec<_> = diagnostics.0.iter().map(|it| (it.code.number, it.primary.at)).collect();
    assert_eq!(found, [6, 20, 37].map(|it| (201, At::Text(Span::new(it, it + 2)))));
    assert_eq!(print(&ast), "skip;\n\ntype a = int;\n");
}
