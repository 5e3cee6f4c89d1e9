//! What fuzzing begins with: the cases, the definitions, the recorded messages.

use std::fs;
use std::path::{Path, PathBuf};

use mig_rt::AbiId;
use serde_json::Value;

/// Recordings and the number that the inputs of message targets give their ABI.
const RECORDED: [(&str, u8, usize); 3] =
    [("gnumach-i386", 0, 24), ("gnumach-x86_64", 1, 32), ("gnumach-x86_64-2022", 2, 32)];

/// Inputs for the target of this name, all of them good ones.
///
/// # Panics
/// If there is no such target, or if the tests' own files cannot be read.
pub fn seeds(target: &str) -> Vec<Vec<u8>> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = match target {
        "front_end" => texts(here, &["cases", "vectors", "../defs"], "defs"),
        "tables" => texts(here, &["cases", "../defs", "../generated", "../mig-codegen/src/types"], "toml"),
        "request" | "destroy" => messages(here, "request_received"),
        "reply" => messages(here, "reply_received"),
        "kernel" => super::kernel::seeds(here),
        other => panic!("no target `{other}`"),
    };
    found.extend(files(&here.join("fuzz/seeds").join(target), "").into_iter().map(read));
    found
}

fn texts(here: &Path, folders: &[&str], extension: &str) -> Vec<Vec<u8>> {
    folders.iter().flat_map(|it| files(&here.join(it), extension)).map(read).collect()
}

fn read(path: PathBuf) -> Vec<u8> {
    fs::read(&path).unwrap_or_else(|it| panic!("{}: {it}", path.display()))
}

/// Every file below a folder, which need not exist, in the order of their names.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).into_iter().flatten().flatten().map(|it| it.path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if extension.is_empty() || path.extension().is_some_and(|it| it == extension) {
            found.push(path);
        }
    }
    found
}

/// Recorded messages, as `[ABI, routine, flags]` and a body.
fn messages(here: &Path, name: &str) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for (abi, number, header) in RECORDED {
        let file = read(here.join(format!("vectors/typed/exchanges-{abi}.json")));
        let recorded: Value = serde_json::from_slice(&file).expect("a recording is JSON");
        for case in recorded["cases"].as_array().into_iter().flatten() {
            let hex = case[name]["hex"].as_str().unwrap_or_default();
            let message: Vec<u8> =
                (0..hex.len() / 2).filter_map(|it| u8::from_str_radix(hex.get(it * 2..it * 2 + 2)?, 16).ok()).collect();
            if message.len() < header || message.len() > 4096 {
                continue;
            }
            // The id's last byte counts the routines from 7000, or their answers from 7100.
            let id = u32::from(message[header - 4]) | u32::from(message[header - 3]) << 8;
            let routine = if id >= 7100 { id - 7100 } else { id - 7000 };
            let flags = message[3] >> 7;
            found.push([&[number, routine as u8, flags], &message[header..]].concat());
        }
    }
    // The other family's are those of our own calls.
    let requests = name == "request_received";
    found.extend([AbiId::DarwinLp64, AbiId::DarwinIlp32].into_iter().flat_map(|it| super::received(it, requests)));
    found
}
