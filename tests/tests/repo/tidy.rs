//! Files and functions of a size that people read, and no traces of one machine.

use std::fs;
use std::path::{Path, PathBuf};

use crate::root;

/// Lines of the longest file.
const FILE: usize = 500;
/// Lines of the longest function.
const FUNCTION: usize = 50;

/// Rust files that people write.
fn sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> =
        ["mig-parser", "mig-codegen", "mig-cli", "mig-rt", "runtime-kernel", "default-pager", "examples", "tests"]
            .iter()
            .map(|it| root().join(it))
            .collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder").map(|it| it.expect("a readable folder").path()) {
            let name = entry.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if entry.is_dir() && !matches!(name.as_str(), "target" | "corpus" | "artifacts") {
                folders.push(entry);
            } else if name.ends_with(".rs") {
                found.push(entry);
            }
        }
    }
    found.sort();
    assert!(found.len() > 100, "the sources have moved");
    found
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|it| panic!("{}: {it}", path.display()))
}

#[test]
fn files_are_short_and_say_what_they_are_for() {
    let mut wrong = Vec::new();
    for path in sources() {
        let text = text(&path);
        let lines = text.lines().count();
        if lines > FILE {
            wrong.push(format!("{}: {lines} lines", path.display()));
        }
        if !text.starts_with("//!") {
            wrong.push(format!("{}: no `//!` at the top", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The formatter puts a function's closing brace under its first letter, so lines are enough to see where it ends.
#[test]
fn functions_are_short() {
    let mut wrong = Vec::new();
    for path in sources() {
        let text = text(&path);
        let lines: Vec<&str> = text.lines().collect();
        for (index, line) in lines.iter().enumerate().filter(|it| begins_function(it.1)) {
            let indent = &line[..line.len() - line.trim_start().len()];
            let end = format!("{indent}}}");
            let length = lines[index..].iter().position(|it| *it == end).map_or(0, |it| it + 1);
            if length > FUNCTION {
                wrong.push(format!("{}:{}: {length} lines", path.display(), index + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Declarations, not calls; one-line functions and declarations without a body end on their line.
fn begins_function(line: &str) -> bool {
    let words = line.trim_start().split("fn ").next().unwrap_or_default();
    let qualifiers =
        |it: &str| it.starts_with("pub") || matches!(it, "const" | "async" | "unsafe" | "extern" | "\"C\"");
    line.contains("fn ") && words.split_whitespace().all(qualifiers) && !line.ends_with([';', '}'])
}

#[test]
fn nothing_speaks_of_one_machine() {
    let traces = [concat!("/ho", "me/"), concat!("/wo", "rk/"), concat!("TO", "DO"), concat!("FIX", "ME")];
    let mut documents = sources();
    documents.extend(["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "BENCHMARKS.md"].map(|it| root().join(it)));
    for path in documents {
        let text = text(&path);
        for trace in traces {
            assert!(!text.contains(trace), "{} contains `{trace}`", path.display());
        }
    }
}
