//! Recorded exchanges: `vectors/untyped/exchanges/CORPUS-SUBSYSTEM.jsonl`, a routine in each line.
//!
//! Bytes that C left as they were are zeros here, and must be so in our messages.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use mig_rt::AbiId;
use serde_json::Value;

/// Values of arguments by the names that C gives them: numbers in the machine's order, memory as what stands in it. An
/// array that shares the count of another has a count here, which it has not in C.
pub(crate) type Values = BTreeMap<String, Vec<u8>>;

/// One call.
#[derive(Clone)]
pub(crate) struct Case {
    pub(crate) abi: AbiId,
    pub(crate) routine: String,
    pub(crate) id: u32,
    pub(crate) one_way: bool,
    /// Options of `mach_msg`, its time limit, and bytes of the receive buffer.
    pub(crate) trap: [u32; 3],
    pub(crate) inputs: Values,
    /// What the server's function saw, where it is not what the client gave.
    pub(crate) server: Values,
    /// What the server's function made.
    pub(crate) answers: Values,
    /// Elements in every array, and the request then, or the code.
    pub(crate) counts: Vec<(u32, Result<Vec<u8>, i32>)>,
    /// The request with 7 for the code that may stand in its place.
    pub(crate) code_7: Option<Vec<u8>>,
    data: Value,
}

/// Damage to a received message.
pub(crate) struct Mutation {
    pub(crate) name: String,
    /// What C makes of it: 0 if it accepts the message.
    pub(crate) code: i32,
    patch: Vec<(usize, Vec<u8>)>,
}

impl Mutation {
    fn of(text: &str) -> Mutation {
        let mut words = text.split(' ');
        let mut next = || words.next().expect("a name and a code");
        let (name, code) = (next().to_owned(), next().parse().expect("a code"));
        let patch = words.map(|it| it.split_once(':').expect("a place and bytes"));
        let patch = patch.map(|(at, bytes)| (at.parse().expect("a place"), from_hex(bytes)));
        Mutation { name, code, patch: patch.collect() }
    }

    /// The id that the message gets.
    pub(crate) fn id(&self) -> Option<u32> {
        let (_, bytes) = self.patch.iter().find(|it| it.0 == 20)?;
        Some(u32::from_le_bytes(bytes.as_slice().try_into().ok()?))
    }

    pub(crate) fn apply(&self, message: &mut [u8]) {
        for (at, bytes) in &self.patch {
            message[*at..][..bytes.len()].copy_from_slice(bytes);
        }
    }
}

impl Case {
    /// The cases of a line, one for each ABI in which all is the same.
    fn all_of(line: &str) -> impl Iterator<Item = Case> {
        let data: Value = serde_json::from_str(line).expect("a line of a vector file is JSON");
        let abis = data["abis"].as_array().expect("the ABIs").clone();
        abis.into_iter().map(move |it| Case::of(&it, data.clone()))
    }

    fn of(abi: &Value, data: Value) -> Case {
        let abi = AbiId::ALL.into_iter().find(|it| it.to_string() == *abi).expect("an ABI");
        let counts = array(&data, "counts").iter().map(|it| {
            let result = it[1].as_str().map_or_else(|| Err(number(&it[1]) as i32), |it| Ok(from_hex(it)));
            (number(&it[0]) as u32, result)
        });
        Case {
            abi,
            routine: data["routine"].as_str().expect("a routine").to_owned(),
            id: number(&data["id"]) as u32,
            one_way: data["one_way"] == true,
            trap: [0, 1, 2].map(|it| number(&data["trap"][it]) as u32),
            inputs: values(&data["in"]),
            server: values(&data["server"]),
            answers: values(&data["out"]),
            counts: counts.collect(),
            code_7: data["code_7"].as_str().map(from_hex),
            data,
        }
    }

    /// A recorded message, if there is one.
    pub(crate) fn message(&self, name: &str) -> Option<Vec<u8>> {
        self.data[name].as_str().map(from_hex)
    }

    pub(crate) fn mutations(&self, request: bool) -> impl Iterator<Item = Mutation> {
        let list = array(&self.data, if request { "request_mutations" } else { "reply_mutations" });
        list.iter().map(|it| Mutation::of(it.as_str().expect("a text")))
    }
}

/// The vector files: corpus and subsystem, and where.
pub(crate) fn files() -> Vec<(String, PathBuf)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/untyped/exchanges");
    let entries = std::fs::read_dir(folder).expect("the vectors are checked in");
    let paths = entries.map(|it| it.expect("a readable folder").path());
    let mut files: Vec<(String, PathBuf)> = paths
        .filter(|it| it.extension().is_some_and(|it| it == "jsonl"))
        .map(|it| (it.file_stem().unwrap_or_default().to_string_lossy().into_owned(), it))
        .collect();
    files.sort();
    files
}

/// The cases of a file.
pub(crate) fn cases(path: &Path) -> Vec<Case> {
    let text = std::fs::read_to_string(path).unwrap_or_else(|it| panic!("{}: {it}", path.display()));
    text.lines().flat_map(Case::all_of).collect()
}

fn values(value: &Value) -> Values {
    let entries = value.as_object().into_iter().flatten();
    entries.map(|(name, it)| (name.clone(), from_hex(it.as_str().expect("hexadecimal")))).collect()
}

fn array<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().map_or(&[], |it| it)
}

fn number(value: &Value) -> i64 {
    value.as_i64().unwrap_or_else(|| panic!("no number: {value}"))
}

fn from_hex(text: &str) -> Vec<u8> {
    let digits = |it: &[u8]| u8::from_str_radix(std::str::from_utf8(it).expect("ASCII"), 16).expect("hexadecimal");
    text.as_bytes().chunks(2).map(digits).collect()
}

pub(crate) fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|it| format!("{it:02x}")).collect()
}
