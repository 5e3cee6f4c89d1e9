//! The law of the printer: its text parses to the same tree, but for the spans, and prints the same again.

use std::fs;
use std::path::Path;

use mig_parser::Options;
use mig_parser::ast::Ast;
use mig_parser::print::print;
use mig_parser::source::from_disk;
use tests::cases;

use super::generate::Generator;
use super::{read, report};

#[test]
fn cases_survive_printing() {
    for case in cases("parse") {
        let it = read(&case);
        if !it.diagnostics.has_errors() {
            assert_survives(&it.ast, &case.name);
        }
    }
}

#[test]
fn definitions_survive_printing() {
    let defs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../defs");
    for set in ["mach3", "darwin"] {
        let folder = defs.join(set);
        for file in fs::read_dir(&folder).into_iter().flatten() {
            let name = file.expect("a readable folder").file_name();
            if Path::new(&name).extension().is_none_or(|it| it != "defs") {
                continue;
            }
            let it =
                mig_parser::parse(Path::new(&name), &Options::default(), &mut |path| from_disk(&folder.join(path)));
            assert_eq!(report(&it), "", "{set} has mistakes");
            assert_survives(&it.ast, &name.to_string_lossy());
        }
    }
}

#[test]
fn generated_trees_survive_printing() {
    for seed in 0..300 {
        assert_survives(&Generator::new(seed).ast(), &format!("seed {seed}"));
    }
}

fn assert_survives(ast: &Ast, name: &str) {
    let text = print(ast);
    let again =
        mig_parser::parse(Path::new("printed.defs"), &Options::default(), &mut |_| Ok(text.as_bytes().to_owned()));
    assert_eq!(report(&again), "", "{name} was printed with mistakes");
    assert_eq!(without_spans(&again.ast), without_spans(ast), "{name} became something else");
    assert_eq!(print(&again.ast), text, "{name} is printed in two ways");
}

/// A statement a line, so that a difference is found.
fn without_spans(ast: &Ast) -> Vec<String> {
    ast.statements.iter().map(|it| erased(&format!("{:?} {:?}", it.doc, it.kind))).collect()
}

fn erased(debug: &str) -> String {
    let mut parts = debug.split("Span { start: ");
    let first = parts.next().unwrap_or_default().to_owned();
    let tail = |it: &str| it.split_once('}').expect("a span ends").1.to_owned();
    parts.fold(first, |text, it| text + "_" + &tail(it))
}
