//! Documentation of generated functions: the definition's comment, the layout, C's names.

use proc_macro2::TokenStream;
use quote::quote;

use super::Context;
use super::client::Stub;
use super::names;
use crate::model::Routine;
use crate::wire::{FieldKind, Message};

impl Stub<'_> {
    /// Documentation of the client function: comment, layout, C's name.
    pub(super) fn client_docs(&self) -> TokenStream {
        let mut lines = comment(self.routine);
        lines.push(String::new());
        lines.extend(self.table());
        let errors = if self.routine.one_way {
            ["", "# Errors", "The kernel's code. What the message owned is released."]
        } else {
            ["", "# Errors", "The server's code, the kernel's or this stub's. What was not sent is released."]
        };
        lines.extend(errors.map(str::to_owned));
        attributes(&lines, alias(&self.routine.user_prefix, &self.routine.name))
    }

    /// The layout of request and reply side by side.
    fn table(&self) -> Vec<String> {
        let request = rows(&self.exchange.request);
        let reply = if self.routine.one_way { Vec::new() } else { rows(&self.exchange.reply) };
        let mut lines =
            vec!["| request | at | size | reply | at | size |".to_owned(), "|---|---|---|---|---|---|".to_owned()];
        let blank = (String::new(), String::new(), String::new());
        for index in 0..request.len().max(reply.len()) {
            let (a, b) = (request.get(index).unwrap_or(&blank), reply.get(index).unwrap_or(&blank));
            lines.push(format!("| {} | {} | {} | {} | {} | {} |", a.0, a.1, a.2, b.0, b.1, b.2));
        }
        lines
    }
}

/// Items of a message: name, position of the data, size. Behind a variable field, positions are relative to it.
fn rows(message: &Message) -> Vec<(String, String, String)> {
    let mut after: Option<String> = None;
    let mut rows = Vec::new();
    for item in message.items() {
        let field = item.data;
        let name = if field.kind == FieldKind::RetCode { "(code)".to_owned() } else { field.name.clone() };
        let at = after.as_ref().map_or(field.at.to_string(), |it| format!("after {it}"));
        let size = match field.variable {
            Some(it) => format!("0..{}", it.element * it.max),
            None => field.size.to_string(),
        };
        if field.variable.is_some() || after.is_some() {
            after = Some(name.clone());
        }
        rows.push((name, at, size));
    }
    if rows.is_empty() {
        rows.push(("(nothing)".to_owned(), String::new(), String::new()));
    }
    rows
}

impl Context<'_> {
    /// Documentation of a server's method.
    pub(super) fn method_docs(&self, routine: &Routine) -> TokenStream {
        attributes(&comment(routine), alias(&routine.server_prefix, &routine.name))
    }
}

/// The comment above the routine, or its name.
fn comment(routine: &Routine) -> Vec<String> {
    match &routine.doc {
        Some(it) => paragraphs(it),
        None => vec![format!("`{}`", routine.name)],
    }
}

/// Lines of a definition's comment, as documentation: what is indented by four columns or more would be an example.
pub(super) fn paragraphs(comment: &str) -> Vec<String> {
    let columns = |line: &str| -> usize {
        let indent = line.chars().take_while(|it| it.is_whitespace());
        indent.fold(0, |at, it| if it == '\t' { (at / 8 + 1) * 8 } else { at + 1 })
    };
    let common = comment.lines().filter(|it| !it.trim().is_empty()).map(columns).min().unwrap_or(0);
    let line = |it: &str| {
        let indent = columns(it).saturating_sub(common).min(3);
        format!("{:indent$}{}", "", it.trim().replace('\t', " ")).trim_end().to_owned()
    };
    comment.lines().map(line).collect()
}

/// What C calls the function, if that differs.
fn alias(prefix: &str, name: &str) -> Option<String> {
    let called = format!("{prefix}{name}");
    (names::routine(name) != called).then_some(called)
}

fn attributes(lines: &[String], alias: Option<String>) -> TokenStream {
    let lines = lines.iter().map(|it| if it.is_empty() { String::new() } else { format!(" {it}") });
    let alias = alias.map(|it| quote!(#[doc(alias = #it)]));
    quote!(#(#[doc = #lines])* #alias)
}
