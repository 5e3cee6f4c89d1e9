//! Every file of `cases/cli` is a transcript.

use std::fs;
use std::path::PathBuf;

use mig_parser::diag::codes;
use tests::cases_dir;

use crate::transcript::play;

fn cases(extension: &str) -> Vec<PathBuf> {
    let dir = cases_dir("cli");
    let entries = fs::read_dir(&dir).unwrap_or_else(|it| panic!("{}: {it}", dir.display()));
    let mut found: Vec<PathBuf> = entries.map(|it| it.expect("a readable folder").path()).collect();
    found.retain(|it| it.extension().is_some_and(|it| it == extension));
    assert!(!found.is_empty(), "no cases in {}", dir.display());
    found.sort();
    found
}

#[test]
fn every_case_runs_as_it_did() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(cases_dir("cli"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for path in cases("txt") {
            let name = path.file_stem().expect("a file name").to_string_lossy().into_owned();
            let case = fs::read_to_string(&path).expect("a readable case");
            insta::assert_snapshot!(name.as_str(), play(&name, &case));
        }
    });
}

/// Mistakes on command lines have no definition in `cases/bad` that shows them.
#[test]
fn every_code_of_the_command_line_has_a_case() {
    let texts: Vec<String> = cases("snap").iter().map(|it| fs::read_to_string(it).expect("a snapshot")).collect();
    let shown = |code: &str| texts.iter().any(|it| it.contains(&format!("[{code}]")));
    let commands = codes::all().filter(|it| it.number >= 600).map(ToString::to_string);
    let missing: Vec<String> = commands.filter(|it| !shown(it)).collect();
    assert!(missing.is_empty(), "no case in cases/cli shows {}", missing.join(", "));
}
