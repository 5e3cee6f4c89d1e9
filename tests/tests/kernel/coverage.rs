//! What is shown of each call, and where: each code of each call of the table has a mark beside an assertion.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use generated::{darwin, mach3};
use serde_json::Value;

/// A call and what it may answer.
struct Row {
    chapter: String,
    call: String,
    sets: Vec<String>,
    /// By set: the identifier of its requests.
    ids: BTreeMap<String, i32>,
    codes: Vec<String>,
    /// Codes that are documented, and why no kernel of this kind answers them.
    never: Vec<(String, String)>,
}

struct Table {
    rows: Vec<Row>,
    /// What no test shows yet.
    pending: BTreeSet<(String, String)>,
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|it| it.as_str().unwrap().to_owned()).collect()
}

fn table() -> Table {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/kernel/interfaces.json");
    let json: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let pair = |it: &Value| texts(it).try_into().map(|[call, code]: [String; 2]| (call, code)).unwrap();
    let row = |it: &Value| Row {
        chapter: it["chapter"].as_str().unwrap().to_owned(),
        call: it["call"].as_str().unwrap().to_owned(),
        sets: texts(&it["sets"]),
        ids: it["ids"].as_object().unwrap().iter().map(|it| (it.0.clone(), it.1.as_i64().unwrap() as i32)).collect(),
        codes: texts(&it["codes"]),
        never: it["never"].as_array().map_or_else(Vec::new, |it| it.iter().map(pair).collect()),
    };
    Table {
        rows: json["rows"].as_array().unwrap().iter().map(row).collect(),
        pending: json["pending"].as_array().unwrap().iter().map(pair).collect(),
    }
}

/// The marks of all tests, and the files that they stand in.
fn marks() -> BTreeMap<(String, String), BTreeSet<String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kernel");
    let mut found: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
    for path in sources(&root) {
        let text = fs::read_to_string(&path).unwrap();
        let name = path.strip_prefix(&root).unwrap().display().to_string();
        for rest in text.split("covers!(").skip(1) {
            let Some(mark) = mark(rest) else { continue };
            found.entry(mark).or_default().insert(name.clone());
        }
    }
    found
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()) {
        if entry.is_dir() {
            found.extend(sources(&entry));
        } else if entry.extension().is_some_and(|it| it == "rs") {
            found.push(entry);
        }
    }
    found.sort();
    found
}

/// Call and code, the first two arguments of a mark.
fn mark(rest: &str) -> Option<(String, String)> {
    let mut literals = rest.split('"');
    let begins = literals.next()?.trim().is_empty();
    let call = literals.next()?;
    let between = literals.next()?.trim() == ",";
    let code = literals.next()?;
    (begins && between).then(|| (call.to_owned(), code.to_owned()))
}

#[test]
fn every_code_of_every_call_is_shown() {
    let (table, marks) = (table(), marks());
    let all: BTreeSet<(String, String)> =
        table.rows.iter().flat_map(|row| row.codes.iter().map(|it| (row.call.clone(), it.clone()))).collect();
    let missing: Vec<_> = all.iter().filter(|it| !marks.contains_key(it) && !table.pending.contains(it)).collect();
    assert!(missing.is_empty(), "no test shows {missing:?}");
    let unknown: Vec<_> = marks.iter().filter(|it| !all.contains(it.0)).collect();
    assert!(unknown.is_empty(), "marks of no row: {unknown:?}");
    let done: Vec<_> = table.pending.iter().filter(|it| marks.contains_key(it) || !all.contains(it)).collect();
    assert!(done.is_empty(), "no longer pending: {done:?}");
}

/// Rows have the numbers that generated code has, and no routine of `mach_port` is without a row.
#[test]
fn rows_are_the_routines_that_there_are() {
    let rows = table().rows;
    let sets = [("mach3", mach3::SUBSYSTEMS), ("darwin", darwin::SUBSYSTEMS)];
    for (set, subsystems) in sets {
        let routines: BTreeSet<i32> = subsystems.iter().flat_map(|it| it.1).map(|it| it.0.0).collect();
        for row in rows.iter().filter(|it| it.ids.contains_key(set)) {
            assert!(row.sets.iter().any(|it| it == set) && routines.contains(&row.ids[set]), "{}", row.call);
        }
        let (_, ports) = subsystems.iter().find(|it| it.0 == "mach_port").unwrap();
        for (id, name) in *ports {
            let found = rows.iter().any(|it| it.call == *name && it.ids.get(set) == Some(&id.0));
            assert!(found, "{name} of {set} has no row");
        }
    }
}

#[test]
fn the_document_is_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/coverage.md");
    let document = document();
    if std::env::var("INSTA_UPDATE").is_ok_and(|it| it == "always") {
        fs::write(&path, &document).unwrap();
    }
    let there = fs::read_to_string(&path).unwrap_or_default();
    assert!(there == document, "run `INSTA_UPDATE=always cargo test -p tests --test kernel coverage`");
}

const HEAD: &str = "# What tests show of the kernel's calls

Each code that a call may answer, and the files in `tests/tests/kernel` with a test that provokes it. Generated from
`tests/vectors/kernel/interfaces.json` and from the marks in those tests; a code without a mark fails a test.

Calls of both sets are made in every ABI of both.

";

fn chapter(number: &str) -> &'static str {
    match number {
        "2" => "Messages",
        "3" => "Ports",
        "4" => "Memory",
        "5" => "Memory managers",
        "6" => "Threads",
        "7" => "Tasks",
        "9" => "Processors",
        "A" => "Servers of what the kernel sends",
        _ => "Ports that tasks and threads carry",
    }
}

fn document() -> String {
    let (table, marks) = (table(), marks());
    let (mut text, mut before) = (HEAD.to_owned(), "");
    for row in &table.rows {
        if row.chapter != before {
            write!(
                text,
                "## {}\n\n| call | set | id | code | shown by |\n|---|---|---|---|---|\n",
                chapter(&row.chapter)
            )
            .unwrap();
            before = &row.chapter;
        }
        let ids: BTreeSet<String> = row.ids.values().map(i32::to_string).collect();
        let ids: Vec<String> = ids.into_iter().collect();
        for (index, code) in row.codes.iter().enumerate() {
            let files = marks.get(&(row.call.clone(), code.clone()));
            let files = files.map_or_else(|| "*nothing yet*".to_owned(), list);
            if index == 0 {
                write!(text, "| `{}` | {} | {} ", row.call, row.sets.join(", "), ids.join(", ")).unwrap();
            } else {
                text.push_str("| | | ");
            }
            writeln!(text, "| `{code}` | {files} |").unwrap();
        }
        for (code, why) in &row.never {
            writeln!(text, "| | | | `{code}` | never: {why} |").unwrap();
        }
        if table.rows.iter().rfind(|it| it.chapter == row.chapter).is_some_and(|it| it.call == row.call) {
            text.push('\n');
        }
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

fn list(files: &BTreeSet<String>) -> String {
    files.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}
