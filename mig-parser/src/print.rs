//! Syntax tree → canonical text.
//!
//! The text parses to the same tree, but for its spans. Keywords are written in one way, a statement begins a line,
//! and what does not fit a line is broken in one way.

mod types;

use crate::ast::*;

/// Columns of a line; a routine that needs more has a line for each argument.
const WIDTH: usize = 100;

/// The canonical text of a tree.
pub fn print(ast: &Ast) -> String {
    let mut out = String::new();
    let mut before: Option<&Statement> = None;
    for it in &ast.statements {
        let text = statement(it);
        if before.is_some_and(|before| !stand_together(before, it)) {
            out.push('\n');
        }
        out.push_str(&text);
        out.push('\n');
        before = Some(it);
    }
    out
}

/// Whether no empty line stands between two statements: small ones of one kind follow each other closely.
fn stand_together(before: &Statement, it: &Statement) -> bool {
    use StatementKind::*;
    let alike = match (&before.kind, &it.kind) {
        (Skip(_), Skip(_)) | (Setting(_), Setting(_)) | (Import(_), Import(_)) => true,
        (Type(before), Type(it)) => before.annotations.is_empty() && it.annotations.is_empty(),
        _ => false,
    };
    alike && before.doc.is_none() && it.doc.is_none()
}

fn statement(statement: &Statement) -> String {
    let text = match &statement.kind {
        StatementKind::Subsystem(it) => subsystem(it),
        StatementKind::Skip(None) => "skip".to_owned(),
        StatementKind::Skip(Some(it)) => format!("skip {}", it.value),
        StatementKind::Setting(it) => match &it.value {
            Some(value) => format!("{} {}", it.key.value.text(), value.text),
            None => it.key.value.text().to_owned(),
        },
        StatementKind::Import(it) => format!("{} {}", it.kind.value.text(), it.file.text),
        StatementKind::RcsId(it) => format!("rcsid {}", it.text),
        StatementKind::Type(it) => format!("type {}", types::named_type(it, 1)),
        StatementKind::Routine(it) => routine(it),
    };
    let doc = statement.doc.as_deref().map(doc).unwrap_or_default();
    format!("{doc}{text};")
}

/// A comment: a block, unless the text would end it.
fn doc(text: &str) -> String {
    let lines =
        |left: &str| -> String { text.lines().map(|it| format!("{left} {it}").trim_end().to_owned() + "\n").collect() };
    match text {
        _ if text.contains("*/") => lines("//"),
        _ if text.contains('\n') => format!("/*\n{} */\n", lines(" *")),
        _ => format!("/* {text} */\n"),
    }
}

fn subsystem(it: &Subsystem) -> String {
    let modes: String = it.modes.iter().map(|it| format!("{} ", it.value.text())).collect();
    format!("subsystem {modes}{} {}", it.name.text, it.base.value)
}

/// One line if it fits, else a line for each argument.
fn routine(it: &Routine) -> String {
    let head = format!("{} {}", it.kind.value.text(), it.name.text);
    let result = it.result.as_ref().map(|it| format!(" : {}", types::arg_type(it, 1))).unwrap_or_default();
    let args: Vec<String> = it.args.iter().map(|it| arg(it, 2)).collect();
    let line = format!("{head}({}){result}", args.join("; "));
    if line.len() < WIDTH && !line.contains('\n') {
        return line;
    }
    format!("{head}(\n    {}){result}", args.join(";\n    "))
}

/// `depth`: where its annotations stand, in steps of indentation.
fn arg(it: &Arg, depth: usize) -> String {
    let direction = it.direction.map(|it| format!("{} ", it.value.text())).unwrap_or_default();
    let field = it.trailer_field.as_ref().map(|it| format!(", {}", it.text)).unwrap_or_default();
    let flags: String = it.flags.iter().map(types::flag).collect();
    format!("{direction}{} : {}{field}{flags}", it.name.text, types::arg_type(&it.ty, depth))
}
