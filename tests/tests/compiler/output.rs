//! What is made of a definition once it has no mistakes.

use mig_codegen::join::join;
use mig_codegen::model;
use mig_parser::diag::Diagnostics;
use mig_parser::diag::render::Style;
use tests::{Case, check};

use crate::stages::{compile, config};

#[test]
fn every_case_becomes_rust() {
    check("rust", |case| {
        let config = config(case);
        let compilation = compile(case, &config);
        let generated = compilation.single_file(&config);
        let report = compilation.render(&generated.diagnostics, Style::Plain);
        assert!(report.is_empty(), "{}:\n{report}", case.name);
        let texts: Vec<String> = generated.files.into_iter().map(|it| it.1).collect();
        texts.concat()
    });
}

/// The interface that one trait serves.
#[test]
fn interfaces_of_several_abis_are_joined() {
    check("join", |case: &Case| {
        let compilation = compile(case, &config(case));
        assert_eq!(compilation.render(&Diagnostics::default(), Style::Plain), "", "{}", case.name);
        let views: Vec<_> = compilation.units.iter().map(|it| (&it.abi, &it.interface)).collect();
        let mut diagnostics = Diagnostics::default();
        let joined = join(&views, &mut diagnostics);
        assert!(diagnostics.0.is_empty(), "{}: {diagnostics:?}", case.name);
        model::dump(&joined)
    });
}
