//! Syntax tree → model.

mod robust;

use mig_codegen::model::dump;
use tests::{Case, check};

use crate::stages::{abis, parse, report, resolved};

/// The model of a case for each ABI it asks for, and what is wrong with it.
fn show(case: &Case) -> String {
    let mut text = String::new();
    let abis = abis(case);
    for abi in &abis {
        let mut parsed = parse(case, abi);
        let interface = resolved(case, &mut parsed, abi);
        if abis.len() > 1 {
            text.push_str(&format!("==== {} ====\n", abi.name));
        }
        text.push_str(&dump(&interface));
        let report = report(&parsed);
        if !report.is_empty() {
            text.push_str(&format!("---- report ----\n{report}"));
        }
    }
    text
}

#[test]
fn every_case_becomes_its_model() {
    check("model", show);
}
