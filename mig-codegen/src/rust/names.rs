//! Every identifier of the output.

use std::collections::BTreeSet;

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

/// Words that Rust keeps for itself, in any edition.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn", "else",
    "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod",
    "move", "mut", "override", "priv", "pub", "ref", "return", "self", "Self", "static", "struct", "super", "trait",
    "true", "try", "type", "typeof", "union", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// An identifier: the name itself, with an underscore behind it if Rust keeps the word.
pub(crate) fn ident(name: &str) -> Ident {
    Ident::new(&legal(name), Span::call_site())
}

/// The name itself, with an underscore behind it if Rust keeps the word.
pub(crate) fn legal(name: &str) -> String {
    if name == "_" || KEYWORDS.contains(&name) { format!("{name}_") } else { name.to_owned() }
}

/// The identifier at the end of a path.
pub(crate) fn last(path: &str) -> Ident {
    ident(path.rsplit("::").next().unwrap_or(path))
}

/// A path of names.
pub(crate) fn path(path: &str) -> TokenStream {
    let parts = path.split("::").map(ident);
    quote!(#(#parts)::*)
}

/// A routine's id: `demo_store` → `DEMO_STORE`.
pub(crate) fn constant(name: &str) -> Ident {
    ident(&name.to_ascii_uppercase())
}

/// A module or function: capitals become small.
pub(crate) fn snake(name: &str) -> String {
    let mut out = String::new();
    let mut small_before = false;
    for it in name.chars() {
        if it.is_ascii_uppercase() && small_before {
            out.push('_');
        }
        small_before = it.is_ascii_lowercase() || it.is_ascii_digit();
        out.push(it.to_ascii_lowercase());
    }
    legal(&out)
}

/// A type: `vm_statistics_data_t` → `VmStatistics`.
pub(crate) fn camel(name: &str) -> String {
    let stem = name.strip_suffix("_data_t").or_else(|| name.strip_suffix("_t")).filter(|it| !it.is_empty());
    let mut out = String::new();
    for part in stem.unwrap_or(name).split('_') {
        let mut letters = part.chars();
        out.extend(letters.next().map(|it| it.to_ascii_uppercase()));
        out.extend(letters);
    }
    if out.is_empty() || out.starts_with(|it: char| it.is_ascii_digit()) {
        out.insert(0, 'T');
    }
    legal(&out)
}

/// Names that are taken in one scope.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope(BTreeSet<String>);

impl Scope {
    /// A scope in which these are taken.
    pub(crate) fn with(taken: impl IntoIterator<Item = String>) -> Scope {
        Scope(taken.into_iter().collect())
    }

    /// A name that is free, with underscores behind it if need be; it is taken from now on.
    pub(crate) fn take(&mut self, name: &str) -> Ident {
        let mut name = legal(name);
        while !self.0.insert(name.clone()) {
            name.push('_');
        }
        ident(&name)
    }
}
