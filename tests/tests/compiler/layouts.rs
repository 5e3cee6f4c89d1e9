//! Layouts against those measured from C stubs: `vectors/{typed,untyped}/layouts/*.json`.
//!
//! A field is one line: name, role, offset, size, and the bytes of a type word; or name, kind, offset, size, and the
//! facts that the kind has. Offsets assume full arrays. A vector may say which macros its definition was read with, and
//! which sizes C has where they are not those of the definition.

use std::path::{Path, PathBuf};

use mig_codegen::{Abi, Config, wire};
use mig_parser::diag::Diagnostics;
use mig_parser::diag::render::Style;
use mig_parser::source::from_disk;
use serde_json::{Value, json};

/// Where Debian's `gnumach-dev` puts definitions, by architecture.
const PACKAGE: [&str; 2] = ["/usr/include/x86_64-linux-gnu", "/usr/include/i386-linux-gnu"];

/// The vectors of a family whose names begin so.
fn vectors(family: &str, prefix: &str) -> Vec<(PathBuf, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors").join(family).join("layouts");
    let entries = std::fs::read_dir(&folder).expect("the vectors are checked in");
    let mut files: Vec<PathBuf> = entries.map(|it| it.expect("a readable folder").path()).collect();
    files.retain(|it| it.file_name().is_some_and(|it| it.to_string_lossy().starts_with(prefix)));
    files.sort();
    let read = |it: &PathBuf| serde_json::from_slice(&std::fs::read(it).expect("readable")).expect("JSON");
    files.into_iter().map(|it| (it.clone(), read(&it))).collect()
}

/// Compares every routine of those vectors whose definition is in a folder; how many there were. Ours may have more.
fn compare(family: &str, prefix: &str, config: &Config, folder: &Path) -> usize {
    let mut wrong = Vec::new();
    let mut count = 0;
    for (path, vector) in vectors(family, prefix) {
        let definition = folder.join(vector["definition"].as_str().expect("a definition"));
        if !definition.is_file() {
            continue;
        }
        let config = with_options(config, &vector);
        for (name, routines) in vector["abis"].as_object().expect("ABIs") {
            let config = Config { abis: vec![Abi::find(name).expect("an ABI")], ..config.clone() };
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

/// What a vector says of how its definition is read.
fn with_options(config: &Config, vector: &Value) -> Config {
    let mut config = config.clone();
    for define in vector["defines"].as_array().into_iter().flatten() {
        let (name, body) = define.as_str().and_then(|it| it.split_once('=')).expect("NAME=BODY");
        config = config.define(name, body);
    }
    for (name, sizes) in vector["sizes"].as_object().into_iter().flatten() {
        for (abi, bytes) in sizes.as_object().expect("sizes by ABI") {
            let bytes = bytes.as_u64().and_then(|it| u32::try_from(it).ok()).expect("bytes");
            config = config.size_in(Abi::find(abi).expect("an ABI"), name, bytes);
        }
    }
    config
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
    for (key, value) in theirs.as_object().expect("a routine") {
        if let Some(message) = value.as_object()
            && message.contains_key("fields")
        {
            let ours = lines(&ours[key]);
            let differences = message.iter().filter_map(|(part, it)| difference(&ours, value, part, it));
            found.extend(differences.map(|it| format!("{abi}: {name}: {key}: {it}")));
        } else if ours[key] != *value {
            found.push(format!("{abi}: {name}: {key} is {}, not {value}", ours[key]));
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
    let text = |it: &Value| it.as_str().map_or_else(|| it.to_string(), str::to_owned);
    let line = |it: &Value| {
        let what = if it.get("kind").is_some() { "kind" } else { "role" };
        let plain = ["name", what, "offset", "size", "sent"];
        let facts = it.as_object().into_iter().flatten().filter(|fact| !plain.contains(&fact.0.as_str()));
        let facts = facts.filter(|fact| fact.0 != "role").map(|(key, value)| format!("{key}={}", text(value)));
        plain.iter().filter_map(|key| it.get(key)).map(text).chain(facts).collect::<Vec<_>>().join(" ")
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
    assert_eq!(compare("typed", "mach30-", &config, &folder), 227);
}

/// Compares the vectors of one of our sets of untyped definitions.
fn compare_untyped(set: &str, prefix: &str) -> usize {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../defs").join(set);
    let config = Config::default().include(&folder).types(folder.join("types.toml"));
    compare("untyped", prefix, &config, &folder)
}

/// XNU's routines in both ABIs; of OSF's, which was a system of 32 bits, those that XNU does not have.
#[test]
fn our_definitions_are_laid_out_as_darwin_has_them() {
    let counts = ["xnu-", "darlingserver-", "osfmk-"].map(|it| compare_untyped("darwin", it));
    assert_eq!(counts, [680, 12, 50]);
}

/// All routines of OSF's that this set has.
#[test]
fn our_definitions_are_laid_out_as_osf_has_them() {
    assert_eq!(compare_untyped("osf", "osf-"), 201);
}

/// What only the replay of exchanges needs.
#[test]
fn variants_of_our_definitions_are_laid_out_as_darwin_has_them() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let config = Config::default().include(root.join("../defs/darwin"));
    assert_eq!(compare("untyped", "variants", &config, &root.join("vectors/untyped")), 4);
}

/// The package has definitions only; no compiler of C is needed.
#[test]
fn debians_definitions_are_laid_out_as_their_c_stubs() {
    let Some(folder) = PACKAGE.iter().map(Path::new).find(|it| it.join("mach/mach.defs").is_file()) else {
        return tests::left_out("MIG_ORACLE", "gnumach-dev is not installed: its definitions are not compared");
    };
    assert_eq!(compare("typed", "gnumach-dev-", &Config::default().include(folder), folder), 558);
}

/// One routine for each form that an argument can have.
#[test]
fn every_form_of_an_untyped_argument_is_laid_out_as_apple_has_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/untyped");
    assert_eq!(compare("untyped", "shapes", &Config::default(), &folder), 118);
}
