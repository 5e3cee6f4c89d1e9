//! One mistake each: what reports look like.

use mig_codegen::Generated;
use mig_parser::diag::Diagnostics;
use mig_parser::diag::codes::{self, Code};
use mig_parser::diag::render::Style;
use tests::{Case, cases, check};

use crate::stages::{abis, compile, config, parse, resolved};

/// Mistakes that are in no definition file: in manifests, and, from 600 on, on command lines.
fn is_elsewhere(code: &Code) -> bool {
    code.number == 511 || code.number >= 600
}

/// The report of a case: of every stage that it reaches.
fn show(case: &Case) -> String {
    let config = config(case);
    let compilation = compile(case, &config);
    let code = format!("[{}]", &case.name[..5]);
    let mut report = compilation.render(&Diagnostics::default(), Style::Plain);
    if !report.contains(&code) {
        let Generated { diagnostics, .. } = compilation.single_file(&config);
        report = compilation.render(&diagnostics, Style::Plain);
    }
    assert!(report.contains(&code), "{} does not show its mistake:\n{report}", case.name);
    report
}

#[test]
fn every_mistake_is_reported() {
    check("bad", show);
}

#[test]
fn every_code_has_a_case_and_an_explanation() {
    let cases = cases("bad");
    let untested = |it: &&Code| {
        let name = it.to_string();
        !is_elsewhere(it) && !cases.iter().any(|it| it.name == name || it.name.starts_with(&format!("{name}_")))
    };
    let missing: Vec<String> = codes::all().filter(untested).map(Code::to_string).collect();
    assert!(missing.is_empty(), "these codes have no case in cases/bad: {}", missing.join(", "));
    let unexplained: Vec<String> =
        codes::all().filter(|it| it.explanation.trim().is_empty()).map(Code::to_string).collect();
    assert!(unexplained.is_empty(), "these codes have no explanation: {}", unexplained.join(", "));
}

/// `all` is in the order of the numbers, and each number is there once.
#[test]
fn the_catalogue_is_in_order() {
    let numbers: Vec<u16> = codes::all().map(|it| it.number).collect();
    assert!(numbers.is_sorted_by(|one, other| one < other), "{numbers:?}");
}

/// What is missing in the tree after a mistake of syntax may look like one of these: a type, the subsystem, the request
/// port, the array before.
const FOLLOW_UPS: [u16; 6] = [301, 401, 404, 408, 409, 429];

#[test]
fn mistakes_of_syntax_have_no_follow_ups() {
    // What a dialect lacks is in the tree all the same, so nothing is missing there.
    for case in cases("bad").into_iter().filter(|it| it.options.dialect.is_none()) {
        let abi = abis(&case)[0];
        let mut parsed = parse(&case, &abi);
        let before = parsed.diagnostics.0.len();
        if parsed.diagnostics.has_errors() {
            resolved(&case, &mut parsed, &abi);
            let later = parsed.diagnostics.0[before..].iter().map(|it| it.code.number);
            let found: Vec<u16> = later.filter(|it| FOLLOW_UPS.contains(it)).collect();
            assert!(found.is_empty(), "{}: {found:?}", case.name);
        }
    }
}
