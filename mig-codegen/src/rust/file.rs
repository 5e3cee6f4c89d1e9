//! Tokens → text: imports, formatting, banner.

use std::collections::BTreeSet;

use proc_macro2::{TokenStream, TokenTree};
use quote::quote;

use super::names;
use super::support::{FORM, SUPPORT, TYPED, UNTYPED, UNTYPED_ROWS, known};

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
    let untyped = UNTYPED_ROWS.iter().any(|it| used.free.contains(*it));
    let (support, form) = (list(SUPPORT), list(FORM));
    let (family, cursors) = if untyped { (quote!(untyped), list(UNTYPED)) } else { (quote!(typed), list(TYPED)) };
    let support = (!support.is_empty()).then(|| quote!(use rt::{#(#support),*};));
    let cursors = (!cursors.is_empty()).then(|| quote!(use rt::#family::{#(#cursors),*};));
    let form = (!form.is_empty()).then(|| quote!(use rt::form::{#(#form),*};));
    let families = ["typed", "untyped"].into_iter().filter(|it| used.paths.contains(it));
    let families: Vec<_> = families.map(names::ident).collect();
    let rows = match families.as_slice() {
        [] => None,
        [one] => Some(quote!(
            use rt::#one;
        )),
        more => Some(quote!(use rt::{#(#more),*};)),
    };
    let any = support.is_some() || cursors.is_some() || form.is_some() || rows.is_some() || used.free.contains("rt");
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
        #cursors
        #(#more)*
        #tokens
    }
}

/// The same for a module that sees what its parent has.
pub(super) fn inside(tokens: TokenStream) -> TokenStream {
    with_imports(
        tokens,
        &[quote!(
            use super::*;
        )],
    )
}

/// Whether some path begins with this segment.
pub(super) fn uses_path(tokens: &TokenStream, first: &str) -> bool {
    let mut used = Used::default();
    used.scan(tokens.clone());
    used.paths.contains(first)
}

/// Known names of a token stream, by how they are used.
#[derive(Default)]
struct Used {
    /// Not behind a `.` or a `::`.
    free: BTreeSet<&'static str>,
    /// First segments of a path.
    paths: BTreeSet<&'static str>,
    /// Declared here.
    declared: BTreeSet<&'static str>,
}

/// What stands before a token.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    /// A `.` or a `::`.
    Qualifier,
    /// The first half of a `::`.
    Colon,
    /// A word that declares what follows.
    Declares {
        module: bool,
    },
    /// The name of a module.
    ModuleName,
    Other,
}

impl Used {
    fn scan(&mut self, tokens: TokenStream) {
        let mut before = Before::Other;
        let mut last = None;
        for token in tokens {
            before = match token {
                TokenTree::Ident(it) => {
                    let declares = ["struct", "trait", "mod", "fn"].iter().any(|word| it == word);
                    let module = it == "mod";
                    last = known(&it.to_string());
                    let is_module = before == Before::Declares { module: true };
                    if matches!(before, Before::Declares { .. }) {
                        self.declared.extend(last);
                    }
                    if before != Before::Qualifier {
                        self.free.extend(last);
                    }
                    match (declares, is_module) {
                        (true, _) => Before::Declares { module },
                        (_, true) => Before::ModuleName,
                        _ => Before::Other,
                    }
                }
                TokenTree::Punct(it) if it.as_char() == ':' && before == Before::Colon => {
                    self.paths.extend(last.take());
                    Before::Qualifier
                }
                TokenTree::Punct(it) => match it.as_char() {
                    ':' => Before::Colon,
                    '.' => Before::Qualifier,
                    _ => Before::Other,
                },
                TokenTree::Group(it) => {
                    self.scan_group(it.stream(), before == Before::ModuleName);
                    Before::Other
                }
                TokenTree::Literal(_) => Before::Other,
            };
        }
    }

    /// A group's own declarations are no declarations of this file; its uses are, unless it is a module with imports of
    /// its own.
    fn scan_group(&mut self, tokens: TokenStream, module: bool) {
        if module && has_imports(&tokens) {
            return;
        }
        let mut inner = Used::default();
        inner.scan(tokens);
        self.free.extend(inner.free);
        self.paths.extend(inner.paths);
    }
}

/// Whether [`with_imports`] made these tokens: the support crate's name is outside of all brackets then.
fn has_imports(tokens: &TokenStream) -> bool {
    tokens.clone().into_iter().any(|it| matches!(it, TokenTree::Ident(it) if it == "mig_rt"))
}

/// The file's text. Tokens that are no Rust are a bug of this crate, which is then shown.
///
/// # Panics
/// If the tokens do not parse.
pub(crate) fn text(banner: &str, tokens: TokenStream) -> String {
    // Tokens that somebody else holds would be copied one by one: only those who look for bugs of this crate do.
    let shown = cfg!(debug_assertions).then(|| tokens.clone());
    let parsed = syn::parse2::<syn::File>(tokens).unwrap_or_else(|it| {
        panic!("generated tokens are no Rust: {it}\n{}", shown.map(|it| it.to_string()).unwrap_or_default())
    });
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

/// Whether a stream has this identifier anywhere.
pub(super) fn mentions(tokens: &TokenStream, name: &str) -> bool {
    tokens.clone().into_iter().any(|it| match it {
        TokenTree::Ident(it) => it == name,
        TokenTree::Group(it) => mentions(&it.stream(), name),
        _ => false,
    })
}
