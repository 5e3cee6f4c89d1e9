//! Recorded exchanges: `vectors/typed/exchanges-ABI.json`.
//!
//! Each case has the inputs, results and messages of one call. A message has a mask: bytes under 00 were never
//! written by the C stub, and differ from run to run.

use mig_rt::AbiId;
use serde_json::Value;

/// One call.
pub(crate) struct Case {
    pub(crate) abi: AbiId,
    pub(crate) data: Value,
}

/// The exchanges of an ABI.
pub(crate) fn cases(abi: AbiId) -> Vec<Case> {
    let path = format!("{}/vectors/typed/exchanges-{abi}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|it| panic!("{path}: {it}"));
    let data: Value = serde_json::from_str(&text).expect("a vector file is JSON");
    array(&data, "cases").iter().map(|it| Case { abi, data: it.clone() }).collect()
}

impl Case {
    pub(crate) fn name(&self) -> String {
        format!("{} {} {}", self.abi, self.routine(), self.variant())
    }

    pub(crate) fn routine(&self) -> &str {
        self.data["routine"].as_str().expect("a routine")
    }

    pub(crate) fn variant(&self) -> &str {
        self.data["variant"].as_str().expect("a variant")
    }

    pub(crate) fn input(&self, name: &str) -> i64 {
        number(&self.data["inputs"][name])
    }

    pub(crate) fn text(&self, name: &str) -> &str {
        self.data["inputs"][name].as_str().expect("a text")
    }

    /// A recorded message, if the call came so far.
    pub(crate) fn message(&self, name: &str) -> Option<Masked> {
        Masked::of(&self.data[name])
    }

    pub(crate) fn list(&self, name: &str) -> &[Value] {
        array(&self.data, name)
    }
}

pub(crate) fn array<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().map_or(&[], |it| it)
}

/// A number, or a hexadecimal one in a string.
pub(crate) fn number(value: &Value) -> i64 {
    match value {
        Value::String(it) => u64::from_str_radix(it.trim_start_matches("0x"), 16).expect("hexadecimal") as i64,
        other => other.as_i64().unwrap_or_else(|| panic!("no number: {other}")),
    }
}

/// A message of which only some bytes count.
pub(crate) struct Masked {
    bytes: Vec<u8>,
    mask: Vec<u8>,
}

impl Masked {
    pub(crate) fn of(value: &Value) -> Option<Masked> {
        let part = |name: &str| value[name].as_str().map(from_hex);
        Some(Masked { bytes: part("hex")?, mask: part("mask")? })
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Bytes that never differ in the recording, besides masked ones: what a kernel rewrites on the way.
    pub(crate) fn ignoring(mut self, at: std::ops::Range<usize>) -> Masked {
        self.mask[at].fill(0);
        self
    }

    /// Where the first difference is, unless there is none. Bytes that C left as they were must be zero.
    pub(crate) fn difference(&self, bytes: &[u8]) -> Option<String> {
        if bytes.len() != self.bytes.len() {
            return Some(format!("{} bytes, not {}", bytes.len(), self.bytes.len()));
        }
        let differs = |it: &usize| (bytes[*it] ^ self.bytes[*it]) & self.mask[*it] != 0;
        let at = (0..bytes.len()).find(differs)?;
        let shown = |it: &[u8]| to_hex(&it[at..(at + 8).min(it.len())]);
        Some(format!("at {at}: {} instead of {}", shown(bytes), shown(&self.bytes)))
    }
}

fn from_hex(text: &str) -> Vec<u8> {
    let digit = |it: &[u8]| u8::from_str_radix(std::str::from_utf8(it).expect("ASCII"), 16).expect("hexadecimal");
    text.as_bytes().chunks(2).map(digit).collect()
}

pub(crate) fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|it| format!("{it:02x}")).collect()
}
