//! Layouts against those measured from C stubs: `vectors/typed/layouts/*.json`.
//!
//! A field is one line: name, role, offset, size, and the bytes of a type word. Offsets assume full arrays.

use std::path::{Path, PathBuf};

use mig_codegen::{Abi, Config, wire};
use mig_parser::diag::Diagnostics;
use mig_parser::diag::render::Style;
use mig_parser::source::from_disk;
use serde_json::{Value, json};

/// Where Debian's `gnumach-dev` puts definitions, by architecture.
const PACKAGE: [&str; 2] = ["/usr/include/x86_64-linux-gnu", "/usr/include/i386-linux-gnu"];

fn vectors(prefix: &str) -> Vec<(PathBuf, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/typed/layouts");
    let entries = std::fs::read_dir(&folder).expect("the vectors are checked in");
    let mut files: Vec<PathBuf> = entries.map(|it| it.expect("a readable folder").path()).collect();
    files.retain(|it| it.file_name().is_some_and(|it| it.to_string_lossy().starts_with(prefix)));
    files.sort();
    assert!(!files.is_empty(), "no vectors for {prefix}");
    let read = |it: &PathBuf| serde_json::from_slice(&std::fs::read(it).expect("readable")).expect("JSON");
    files.into_iter().map(|it| (it.clone(), read(&it))).collect()
}

/// Compares every routine of a set of vectors; how many there were. Ours may have more.
fn compare(prefix: &str, config: &Config, folder: &Path) -> usize {
    let mut wrong = Vec::new();
    let mut count = 0;
    for (path, vector) in vectors(prefix) {
        let definition = folder.join(vector["definition"].as_str().expect("a definition"));
        for (name, routines) in vector["abis"].as_object().expect("ABIs") {
            let mut config = config.clone();
            config.abis = vec![Abi::find(name).expect("an ABI")];
            let ours = layout(&config, &definition);
            assert_eq!(ours["base"], vector["base"], "{}", path.display());
            let theirs = routines.as_array().expect("routines");
            let ours = ours["routines"].as_array().expect("routines");
            wrong.extend(theirs.iter().flat_map(|it| differences(name, ours, it)));
            count += theirs.len();
        }
    }
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
    count
}

/// What `mig-cli layout --format json` prints of one definition in one ABI.
fn layout(config: &Config, definition: &Path) -> Value {
    let compilation = config.read(definition, &mut from_disk);
    let report = compilation.render(&Diagnostics::default(), Style::Plain);
    assert!(!compilation.has_errors(), "{report}");
    let unit = &compilation.units[0];
    wire::json::subsystem(&unit.interface, &unit.abi, &unit.exchanges)
}

fn differences(abi: &str, ours: &[Value], theirs: &Value) -> Vec<String> {
    let name = theirs["name"].as_str().expect("a name");
    let Some(ours) = ours.iter().find(|it| it["name"] == theirs["name"]) else {
        return vec![format!("{abi}: {name} is missing")];
    };
    let mut found = Vec::new();
    for key in ["kind", "msgh_id", "reply_id"] {
        if ours[key] != theirs[key] {
            found.push(format!("{abi}: {name}: {key} is {}, not {}", ours[key], theirs[key]));
        }
    }
    for part in ["request", "reply"] {
        let (ours, theirs) = (lines(&ours[part]), &theirs[part]);
        for (key, value) in theirs.as_object().expect("a message") {
            found.extend(difference(&ours, theirs, key, value).map(|it| format!("{abi}: {name}: {part}: {it}")));
        }
    }
    found
}

/// One property of a message.
fn difference(ours: &Value, theirs: &Value, key: &str, value: &Value) -> Option<String> {
    // Five routines of 2022 have a structure that C makes larger than the type word says: C refuses to compile them.
    // Ours are as the definition says, with the minimum that the C stub means to check.
    let refused = theirs["c_refuses"] == true;
    let ours = match key {
        "intended_min_size" => &ours["min_size"],
        "c_refuses" => return None,
        "min_size" | "max_size" | "fields" if refused => return None,
        other => &ours[other],
    };
    (ours != value).then(|| format!("{key} is {ours}, not {value}"))
}

/// A message of ours in the vectors' form.
fn lines(message: &Value) -> Value {
    let line = |it: &Value| {
        let text = |key: &str| it[key].as_str().map(str::to_owned).unwrap_or_else(|| it[key].to_string());
        let sent = it.get("sent").map(|_| text("sent"));
        [text("name"), text("role"), text("offset"), text("size")].into_iter().chain(sent).collect::<Vec<_>>().join(" ")
    };
    let fields: Vec<String> = message["fields"].as_array().expect("fields").iter().map(line).collect();
    let mut message = message.clone();
    message["fields"] = json!(fields);
    message
}

#[test]
fn our_definitions_are_laid_out_as_mach_3_has_them() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../defs/mach3");
    let config = Config::default().include(&folder).define("CMU", "1");
    assert_eq!(compare("mach30-", &config, &folder), 227);
}

/// The package has definitions only; no compiler of C is needed.
#[test]
fn debians_definitions_are_laid_out_as_their_c_stubs() {
    let Some(folder) = PACKAGE.iter().map(Path::new).find(|it| it.join("mach/mach.defs").is_file()) else {
        return tests::left_out("MIG_ORACLE", "gnumach-dev is not installed: its definitions are not compared");
    };
    assert_eq!(compare("gnumach-dev-", &Config::default().include(folder), folder), 558);
}
