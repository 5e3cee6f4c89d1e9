//! Every identifier of the output.

use std::collections::BTreeSet;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};

use crate::Abi;
use crate::model::{Arg, Routine};

/// Words that Rust keeps for itself, in any edition; sorted.
const KEYWORDS: &[&str] = &[
    "Self", "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro",
    "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static", "struct", "super",
    "trait", "true", "try", "type", "typeof", "union", "unsafe", "unsized", "use", "virtual", "where", "while",
    "yield",
];

fn is_keyword(name: &str) -> bool {
    KEYWORDS.binary_search(&name).is_ok()
}

/// An identifier: the name itself, with an underscore behind it if Rust keeps the word.
pub(crate) fn ident(name: &str) -> Ident {
    Ident::new(&legal(name), Span::call_site())
}

/// The name itself, with an underscore behind it if Rust keeps the word.
pub(crate) fn legal(name: &str) -> String {
    if name == "_" || is_keyword(name) { format!("{name}_") } else { name.to_owned() }
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

/// An argument.
pub(crate) fn variable(name: &str) -> Ident {
    ident(&snake(name))
}

/// A local beside an argument: `regions_count` for `regions`, apart from every argument.
pub(crate) fn beside(routine: &Routine, arg: &Arg, what: &str) -> Ident {
    let mut name = format_ident!("{}_{what}", variable(&arg.name));
    while routine.args.iter().any(|it| variable(&it.name) == name) {
        name = format_ident!("{name}_");
    }
    name
}

/// Constants that generated code declares for itself.
const CONSTANTS: &[&str] = &["ABI", "MAX", "REPLY", "REPLY_MAX", "REQUEST", "ROUTINES"];

/// Modules that a file has or uses.
const MODULES: &[&str] = &["any", "rt", "typed", "types"];

/// Type names of generated code which are not the support crate's.
const TYPES: &[&str] = &["Err", "None", "Ok", "Option", "Out", "Result", "Results", "S", "Self", "Some", "T", "W"];

/// The constant for a routine's id, or for a place in its messages: `demo_store` → `DEMO_STORE`.
pub(crate) fn constant(name: &str) -> Ident {
    let name = snake(name).to_ascii_uppercase();
    ident(&if CONSTANTS.contains(&name.as_str()) { name + "_" } else { name })
}

/// A routine's functions and its module. Wire halves and the functions of a dispatcher are named before it.
pub(crate) fn routine(name: &str) -> Ident {
    let name = snake(name);
    let is_half = Abi::ALL.iter().any(|it| it.module() == name);
    let taken = is_half || MODULES.contains(&name.as_str()) || name.trim_start_matches('_').starts_with("serve_");
    ident(&if taken { name + "_" } else { name })
}

/// The function of a dispatcher that serves a routine. Underscores stay in front: two in a row are no snake.
pub(crate) fn serve(routine: &Ident) -> Ident {
    let routine = routine.to_string();
    let rest = routine.trim_start_matches('_');
    format_ident!("{}serve_{rest}", routine[..routine.len() - rest.len()])
}

/// A module, a function or an argument: `doFoo` → `do_foo`.
pub(crate) fn snake(name: &str) -> String {
    let mut out = String::new();
    let mut small_before = false;
    for it in name.chars() {
        if it.is_ascii_uppercase() && small_before {
            out.push('_');
        }
        // The compiler counts two underscores in a row as no snake.
        if it == '_' && out.len() > 1 && out.ends_with('_') {
            continue;
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

/// A type of a definition's own: as [`camel`], with a letter behind it if generated code uses the name already.
pub(crate) fn type_name(name: &str) -> String {
    let camel = camel(name);
    let taken = TYPES.contains(&camel.as_str()) || super::support::is_imported(&camel) || camel.ends_with("Server");
    if taken { camel + "T" } else { camel }
}

/// Names that are taken in one scope.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope(BTreeSet<String>);

impl Scope {
    /// A scope in which these are taken.
    pub(crate) fn with(taken: impl IntoIterator<Item = Ident>) -> Scope {
        Scope(taken.into_iter().map(|it| it.to_string()).collect())
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
