//! Tokens → text: imports, formatting, banner.

use std::collections::BTreeSet;

use proc_macro2::{TokenStream, TokenTree};
use quote::quote;

use super::names;

/// What generated code may use of the support crate.
const SUPPORT: &[&str] = &[
    "AbiId",
    "Address",
    "Answer",
    "Answers",
    "AnyRight",
    "Buffer",
    "Complex",
    "Data",
    "Deferred",
    "Dispatcher",
    "Disposition",
    "Element",
    "Elements",
    "Flavor",
    "Form",
    "Give",
    "Inherit",
    "KernReturn",
    "Layout",
    "MsgId",
    "MsgOptions",
    "MsgReturn",
    "Obj",
    "Operation",
    "OutObj",
    "Outbound",
    "Outbounds",
    "Outtran",
    "PackedRoom",
    "PortIn",
    "PortName",
    "Protection",
    "ReceiveRight",
    "Region",
    "ReplyTo",
    "RightKind",
    "Rights",
    "RightsRoom",
    "Room",
    "Routine",
    "SendOnceRight",
    "SendRight",
    "Served",
    "Shape",
    "Size",
    "Subsystem",
    "Text",
    "Timeout",
    "Translate",
    "Translated",
    "Transport",
    "Unserved",
    "Wide",
    "assert_speaks",
    "narrow",
];

/// And of its module for typed messages.
const TYPED: &[&str] =
    &["GnumachI386", "GnumachX8664", "GnumachX8664v2022", "Outgoing", "Reply", "ReplyHead", "Request", "Ty"];

/// And of its module for structures.
const FORM: &[&str] = &["field", "put"];

/// Whether generated code may have this name from the support crate.
pub(super) fn is_imported(name: &str) -> bool {
    [SUPPORT, TYPED, FORM].iter().any(|it| it.contains(&name))
}

/// The tokens with the imports they need in front, and no others.
pub(super) fn with_imports(tokens: TokenStream, more: &[TokenStream]) -> TokenStream {
    let mut used = Used::default();
    used.scan(tokens.clone());
    let list = |known: &[&str]| -> Vec<proc_macro2::Ident> {
        known
            .iter()
            .filter(|it| used.free.contains(**it) && !used.declared.contains(**it))
            .map(|it| names::ident(it))
            .collect()
    };
    let (support, typed, form) = (list(SUPPORT), list(TYPED), list(FORM));
    let support = (!support.is_empty()).then(|| quote!(use rt::{#(#support),*};));
    let typed = (!typed.is_empty()).then(|| quote!(use rt::typed::{#(#typed),*};));
    let form = (!form.is_empty()).then(|| quote!(use rt::form::{#(#form),*};));
    let rows = used.paths.contains("typed").then(|| {
        quote!(
            use rt::typed;
        )
    });
    let any = support.is_some() || typed.is_some() || form.is_some() || rows.is_some() || used.free.contains("rt");
    let rt = any.then(|| {
        quote!(
            use mig_rt as rt;
        )
    });
    quote! {
        #rt
        #support
        #form
        #rows
        #typed
        #(#more)*
        #tokens
    }
}

/// Whether some path begins with this segment.
pub(super) fn uses_path(tokens: &TokenStream, first: &str) -> bool {
    let mut used = Used::default();
    used.scan(tokens.clone());
    used.paths.contains(first)
}

/// Identifiers of a token stream, by how they are used.
#[derive(Default)]
struct Used {
    /// Not behind a `.` or a `::`.
    free: BTreeSet<String>,
    /// First segments of a path.
    paths: BTreeSet<String>,
    /// Declared here.
    declared: BTreeSet<String>,
}

impl Used {
    fn scan(&mut self, tokens: TokenStream) {
        let (mut before, mut before_name) = (String::new(), String::new());
        let mut last_ident: Option<String> = None;
        let mut pending_colon = false;
        for token in tokens {
            match token {
                TokenTree::Ident(it) => {
                    let name = it.to_string();
                    if before != "." && before != "::" {
                        self.free.insert(name.clone());
                    }
                    if matches!(before.as_str(), "struct" | "trait" | "mod" | "fn") {
                        self.declared.insert(name.clone());
                    }
                    before_name = std::mem::replace(&mut before, name.clone());
                    last_ident = Some(name);
                    pending_colon = false;
                }
                TokenTree::Punct(it) => {
                    let second_colon = it.as_char() == ':' && pending_colon;
                    if second_colon {
                        self.paths.extend(last_ident.take());
                    }
                    pending_colon = it.as_char() == ':' && !pending_colon;
                    before = if second_colon { "::".to_owned() } else { it.as_char().to_string() };
                }
                TokenTree::Group(it) => {
                    // A module with imports of its own needs none of its parent's.
                    let independent = before_name == "mod" && super::api::mentions(&it.stream(), "mig_rt");
                    if !independent {
                        self.scan_group(it.stream());
                    }
                    before = String::new();
                    pending_colon = false;
                }
                TokenTree::Literal(_) => {
                    before = String::new();
                    pending_colon = false;
                }
            }
        }
    }

    /// A group's own declarations are no declarations of this file; its uses are.
    fn scan_group(&mut self, tokens: TokenStream) {
        let mut inner = Used::default();
        inner.scan(tokens);
        self.free.extend(inner.free);
        self.paths.extend(inner.paths);
    }
}

/// The file's text. Tokens that are no Rust are a bug of this crate, which is then shown.
///
/// # Panics
/// If the tokens do not parse.
pub(crate) fn text(banner: &str, tokens: &TokenStream) -> String {
    let parsed = syn::parse2::<syn::File>(tokens.clone())
        .unwrap_or_else(|it| panic!("generated tokens are no Rust: {it}\n{tokens}"));
    format!("{banner}\n{}", spread(&prettyplease::unparse(&parsed)))
}

/// A blank line between items that have documentation or bodies: what the formatter leaves out.
fn spread(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 16);
    let mut previous = "";
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        let begins = ["///", "#[", "pub ", "fn ", "impl", "trait ", "struct "]
            .iter()
            .any(|it| line.trim_start().starts_with(it));
        let code = !previous.trim_start().starts_with("//");
        let ended = previous.trim_start() == "}" || previous.trim_start().starts_with("} ") || previous.ends_with(';');
        let same = previous.len() - previous.trim_start().len() == indent;
        let plain = |it: &str| it.trim_start().starts_with("use ") || it.trim_start().starts_with("const ");
        if begins && code && ended && same && !(plain(previous) && plain(line)) {
            out.push('\n');
        }
        out.push_str(line);
        out.push('\n');
        previous = line;
    }
    out
}
