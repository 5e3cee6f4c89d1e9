//! The harness: a file is a test, its output a snapshot beside it.

pub mod fuzz;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// One input file.
#[derive(Debug)]
pub struct Case {
    /// Where it is.
    pub path: PathBuf,
    /// File name without extension; also the name of the snapshot.
    pub name: String,
    /// What its first line asks for.
    pub options: CaseOptions,
}

/// `//@ dialect = gnu, abi = gnumach-i386, define = KERNEL_SERVER`: the only configuration a case has.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct CaseOptions {
    /// `dialect = …`
    pub dialect: Option<String>,
    /// `abi = …`, which may be repeated.
    pub abis: Vec<String>,
    /// `define = NAME` or `define = NAME=BODY`, which may be repeated.
    pub defines: Vec<String>,
}

/// Says that something is not tested, because a tool is missing.
///
/// # Panics
/// If the environment says that it is required: `VARIABLE=required`.
pub fn left_out(variable: &str, why: &str) {
    let required = std::env::var(variable).is_ok_and(|it| it == "required");
    assert!(!required, "{variable}=required, but {why}");
    note(why);
}

/// Writes a note past the harness, which swallows what passing tests print.
///
/// # Panics
/// If standard error is closed.
pub fn note(text: &str) {
    writeln!(std::io::stderr(), "note: {text}").expect("standard error is open");
}

/// The folder with the inputs of a theme.
pub fn cases_dir(theme: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("cases").join(theme)
}

/// The input files of a theme in the order of their names. Files in subfolders are what the inputs include.
///
/// # Panics
/// If the theme has no files: a test of nothing must not pass.
pub fn cases(theme: &str) -> Vec<Case> {
    let dir = cases_dir(theme);
    let mut found: Vec<Case> = fs::read_dir(&dir)
        .unwrap_or_else(|it| panic!("{}: {it}", dir.display()))
        .map(|it| it.expect("a readable folder").path())
        .filter(|it| it.extension().is_some_and(|it| it == "defs"))
        .map(|path| Case {
            name: path.file_stem().expect("a file name").to_string_lossy().into_owned(),
            options: CaseOptions::of(&fs::read(&path).expect("a readable case")),
            path,
        })
        .collect();
    assert!(!found.is_empty(), "no cases in {}", dir.display());
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

impl CaseOptions {
    fn of(text: &[u8]) -> CaseOptions {
        let text = String::from_utf8_lossy(text);
        let mut options = CaseOptions::default();
        let Some(line) = text.lines().next().and_then(|it| it.strip_prefix("//@")) else { return options };
        for item in line.split(',').map(str::trim).filter(|it| !it.is_empty()) {
            let (key, value) = item.split_once('=').unwrap_or_else(|| panic!("`{item}` is not `key = value`"));
            let value = value.trim().to_owned();
            match key.trim() {
                "dialect" => options.dialect = Some(value),
                "abi" => options.abis.push(value),
                "define" => options.defines.push(value),
                other => panic!("a case knows no option `{other}`"),
            }
        }
        options
    }
}

/// Runs every case of a theme through `run` and compares what it returns with the snapshot beside the input.
pub fn check(theme: &str, run: impl Fn(&Case) -> String) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(cases_dir(theme));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for case in cases(theme) {
            insta::assert_snapshot!(case.name.as_str(), run(&case));
        }
    });
}
