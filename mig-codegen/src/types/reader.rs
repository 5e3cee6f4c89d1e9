//! TOML → entries of a type table.

use mig_parser::diag::codes::output as codes;
use mig_parser::diag::{At, Diagnostic, Diagnostics};
use toml::{Table, Value};

use super::{Constants, Entry, FieldEntry, FieldType, Flavor, Number, Open, Sizes};

/// Reads a table and collects what is wrong.
pub(super) struct Reader<'a> {
    pub(super) file: &'a str,
    pub(super) diagnostics: &'a mut Diagnostics,
}

impl Reader<'_> {
    pub(super) fn wrong(&mut self, what: &str) {
        let report = Diagnostic::new(&codes::TYPE_TABLE, At::Nowhere, format!("in {}: {what}", self.file));
        self.diagnostics.push(report);
    }

    pub(super) fn entry(&mut self, key: &str, table: &Table) -> Option<Entry> {
        self.check_keys(key, table, &["scalar", "rust", "base", "kind", "constants", "fields", "size"]);
        if table.contains_key("scalar") {
            return self.number(key, table, "scalar").map(Entry::Number);
        }
        if table.keys().all(|it| it == "size") {
            return None;
        }
        let rust = self.text(key, table, "rust")?;
        if table.contains_key("fields") {
            return Some(Entry::Structure { rust, fields: self.fields(key, table) });
        }
        // Numbers that the generator knows, in a table's own words.
        match rust.as_str() {
            "rt::Address" => return Some(Entry::Number(Number::Address)),
            "rt::Size" => return Some(Entry::Number(Number::Size)),
            "rt::PortName" => return Some(Entry::Number(Number::Name)),
            _ => {}
        }
        let base = self.number(key, table, "base")?;
        if rust == "rt::KernReturn" {
            // Zero is success, and no code.
            return Some(Entry::Path { rust: "Result<(), rt::KernReturn>".to_owned(), base });
        }
        // A type with a path exists already; its constants are documentation.
        if is_elsewhere(&rust) || !table.contains_key("constants") {
            return Some(Entry::Path { rust, base });
        }
        let flags = match self.text(key, table, "kind")?.as_str() {
            "flags" => true,
            "choice" => false,
            other => {
                self.wrong(&format!("`{key}.kind` is `{other}`; it must be `flags` or `choice`"));
                return None;
            }
        };
        let constants = self.values(key, table, "constants");
        Some(Entry::Open(Open { rust, flags, base, constants }))
    }

    pub(super) fn flavor(&mut self, key: &str, table: &Table) -> Option<Flavor> {
        self.check_keys(key, table, &["rust", "number", "routines", "words", "words_lp64", "fields", "list"]);
        let rust = self.text(key, table, "rust")?;
        let number = self.integer(key, table, "number")?;
        if table.contains_key("list") {
            // A list of words is what the array is already.
            return None;
        }
        let words = self.integer(key, table, "words")?;
        let words_lp64 = if table.contains_key("words_lp64") { self.integer(key, table, "words_lp64")? } else { words };
        let fields = self.fields(key, table);
        let words = (u32::try_from(words).ok()?, u32::try_from(words_lp64).ok()?);
        let routines = self.names(key, table, "routines");
        Some(Flavor { rust, number, routines, words: words.0, words_lp64: words.1, fields })
    }

    pub(super) fn constants(&mut self, key: &str, table: &Table) -> Option<Constants> {
        self.check_keys(key, table, &["rust", "base", "values"]);
        let codes = table.get("rust").is_some();
        if codes && self.text(key, table, "rust")? != "rt::KernReturn" {
            self.wrong(&format!("`{key}.rust` can only be `rt::KernReturn`"));
        }
        let base = self.number(key, table, "base")?;
        Some(Constants { codes, base, values: self.values(key, table, "values") })
    }

    pub(super) fn sizes(&mut self, key: &str, table: &Table) -> Option<Sizes> {
        match table.get("size")? {
            Value::Table(_) => {
                let values = self.values(key, table, "size");
                let sizes = values.into_iter().filter_map(|it| Some((it.0, u32::try_from(it.1).ok()?)));
                Some(Sizes { by_abi: sizes.collect(), elsewhere: None })
            }
            _ => {
                let size = self.integer(key, table, "size").and_then(|it| u32::try_from(it).ok())?;
                Some(Sizes { elsewhere: Some(size), ..Sizes::default() })
            }
        }
    }

    /// An array of strings; empty if there is none.
    fn names(&mut self, key: &str, table: &Table, name: &str) -> Vec<String> {
        let Some(value) = table.get(name) else { return Vec::new() };
        let names = value.as_array().and_then(|it| it.iter().map(|it| it.as_str().map(str::to_owned)).collect());
        names.unwrap_or_else(|| {
            self.wrong(&format!("`{key}.{name}` must be an array of strings"));
            Vec::new()
        })
    }

    fn check_keys(&mut self, key: &str, table: &Table, known: &[&str]) {
        for name in table.keys().filter(|it| !known.contains(&it.as_str())) {
            let hint = mig_parser::diag::closest(name, known.iter().copied());
            let hint = hint.map_or(String::new(), |it| format!("; did you mean `{it}`?"));
            self.wrong(&format!("`{key}` has no `{name}`{hint}"));
        }
    }

    fn text(&mut self, key: &str, table: &Table, name: &str) -> Option<String> {
        let found = table.get(name).and_then(Value::as_str).map(str::to_owned);
        if found.is_none() {
            self.wrong(&format!("`{key}.{name}` must be a string"));
        }
        found
    }

    fn integer(&mut self, key: &str, table: &Table, name: &str) -> Option<i64> {
        let found = table.get(name).and_then(Value::as_integer);
        if found.is_none() {
            self.wrong(&format!("`{key}.{name}` must be an integer"));
        }
        found
    }

    fn number(&mut self, key: &str, table: &Table, name: &str) -> Option<Number> {
        let text = self.text(key, table, name)?;
        let found = Number::find(&text);
        if found.is_none() {
            self.wrong(&format!("`{key}.{name}` is `{text}`, which is no number: u8 to u64, i8 to i64, f32, f64, bool, name, address, size"));
        }
        found
    }

    fn values(&mut self, key: &str, table: &Table, name: &str) -> Vec<(String, i64)> {
        let Some(values) = table.get(name).and_then(Value::as_table) else {
            self.wrong(&format!("`{key}.{name}` must be a table of integers"));
            return Vec::new();
        };
        let mut found = Vec::new();
        for (constant, value) in values {
            match value.as_integer() {
                Some(it) => found.push((constant.clone(), it)),
                None => self.wrong(&format!("`{key}.{name}.{constant}` must be an integer")),
            }
        }
        found.sort_by(|a, b| (a.1, &a.0).cmp(&(b.1, &b.0)));
        found
    }

    fn fields(&mut self, key: &str, table: &Table) -> Vec<FieldEntry> {
        let Some(fields) = table.get("fields").and_then(Value::as_array) else {
            self.wrong(&format!("`{key}.fields` must be an array"));
            return Vec::new();
        };
        fields.iter().filter_map(|it| self.field(key, it)).collect()
    }

    fn field(&mut self, key: &str, value: &Value) -> Option<FieldEntry> {
        let Some(table) = value.as_table() else {
            self.wrong(&format!("`{key}.fields` must hold tables with `name` and `type`"));
            return None;
        };
        self.check_keys(&format!("{key}.fields"), table, &["name", "type", "count"]);
        let name = self.text(&format!("{key}.fields"), table, "name")?;
        let ty = self.text(&format!("{key}.fields"), table, "type")?;
        let count = table.get("count").map_or(Some(1), |it| it.as_integer().and_then(|it| u32::try_from(it).ok()));
        let Some(count) = count else {
            self.wrong(&format!("`{key}.fields`: `count` of `{name}` must be a positive integer"));
            return None;
        };
        let ty = Number::find(&ty).map_or(FieldType::Named(ty), FieldType::Number);
        Some(FieldEntry { name, ty, count })
    }
}

/// Whether a path leads out of what is generated.
fn is_elsewhere(path: &str) -> bool {
    path.contains('<') || ["rt::", "crate::", "super::", "::", "self::"].iter().any(|it| path.starts_with(it))
}
