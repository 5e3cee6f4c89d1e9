//! Reports as JSON: what `check --format json` prints.
//!
//! ```json
//! { "schema": "mig-report/1",
//!   "errors": 1, "warnings": 0,
//!   "diagnostics": [{
//!     "code": "M0301", "severity": "error", "message": "type `in_t` is not declared",
//!     "file": "demo.defs", "line": 3, "column": 12, "end_line": 3, "end_column": 16,
//!     "labels": [{ "primary": true, "text": "not found", "file": "demo.defs",
//!                  "line": 3, "column": 12, "end_line": 3, "end_column": 16 }],
//!     "notes": [], "helps": ["did you mean `int_t`?"],
//!     "suggestions": [{ "replacement": "int_t", "file": "demo.defs",
//!                       "line": 3, "column": 12, "end_line": 3, "end_column": 16 }],
//!     "macros": [{ "name": "ARG", "file": "demo.defs", "line": 1, "column": 13 }],
//!     "includes": [{ "file": "main.defs", "line": 2 }],
//!     "explain": "mig-cli explain M0301" }] }
//! ```
//!
//! Lines and columns count from 1, columns in characters; `end_column` is behind the last one. `file` and the four
//! numbers are null where a mistake is in no file. A suggestion says what to write in a place instead of what stands
//! there. `macros` are the expansions that brought the token there, the innermost first, with the place in the macro's
//! body, or nulls if the token was an argument; `includes` how the file came to be read, the nearest first.

use mig_parser::diag::render::{ResolvedInclude, ResolvedLabel, ResolvedMacro};
use mig_parser::diag::{Severity, closest};
use serde_json::{Map, Value, json};

use super::Item;

/// Name and version of the form.
const SCHEMA: &str = "mig-report/1";

/// The document for these reports.
pub(crate) fn document(reports: &[Item]) -> Value {
    let count = |severity| reports.iter().filter(|it| it.resolved.severity == severity).count();
    json!({
        "schema": SCHEMA,
        "errors": count(Severity::Error),
        "warnings": count(Severity::Warning),
        "diagnostics": reports.iter().map(diagnostic).collect::<Vec<_>>(),
    })
}

fn diagnostic(item: &Item) -> Value {
    let it = &item.resolved;
    let severity = match it.severity {
        Severity::Warning => "warning",
        Severity::Error => "error",
    };
    let labels = it.primary.iter().map(|it| label(it, true)).chain(it.secondary.iter().map(|it| label(it, false)));
    let mut object = Map::new();
    object.insert("code".to_owned(), json!(it.code.to_string()));
    object.insert("severity".to_owned(), json!(severity));
    object.insert("message".to_owned(), json!(it.message));
    place(&mut object, it.primary.as_ref());
    object.insert("labels".to_owned(), labels.collect());
    object.insert("notes".to_owned(), json!(it.notes));
    object.insert("helps".to_owned(), json!(it.help));
    object.insert("suggestions".to_owned(), it.help.iter().filter_map(|it| suggestion(item, it)).collect());
    object.insert("macros".to_owned(), it.macros.iter().map(expansion).collect());
    object.insert("includes".to_owned(), it.includes.iter().map(include).collect());
    object.insert("explain".to_owned(), json!(format!("mig-cli explain {}", it.code)));
    Value::Object(object)
}

fn place(object: &mut Map<String, Value>, at: Option<&ResolvedLabel>) {
    object.insert("file".to_owned(), json!(at.map(|it| &it.file)));
    let numbers = [
        ("line", at.map(|it| it.line)),
        ("column", at.map(|it| it.column)),
        ("end_line", at.map(|it| it.end_line)),
        ("end_column", at.map(|it| it.end_column)),
    ];
    for (name, number) in numbers {
        object.insert(name.to_owned(), json!(number));
    }
}

fn label(it: &ResolvedLabel, primary: bool) -> Value {
    let mut object = Map::new();
    object.insert("primary".to_owned(), json!(primary));
    object.insert("text".to_owned(), json!(it.text));
    place(&mut object, Some(it));
    Value::Object(object)
}

/// The replacement that a help text proposes, as [`suggest`](mig_parser::diag::Diagnostic::suggest) words it.
/// Inside macros another word may stand at the place, which must not be replaced.
fn suggestion(item: &Item, help: &str) -> Option<Value> {
    let replacement = help.strip_prefix("did you mean `")?.strip_suffix("`?")?;
    let at = item.resolved.primary.as_ref()?;
    closest(&item.marked, [replacement])?;
    let mut object = Map::new();
    object.insert("replacement".to_owned(), json!(replacement));
    place(&mut object, Some(at));
    Some(Value::Object(object))
}

fn expansion(it: &ResolvedMacro) -> Value {
    let at = it.inside.as_ref();
    json!({
        "name": it.name,
        "file": at.map(|it| &it.file),
        "line": at.map(|it| it.line),
        "column": at.map(|it| it.column),
    })
}

fn include(it: &ResolvedInclude) -> Value {
    json!({ "file": it.file, "line": it.line })
}
