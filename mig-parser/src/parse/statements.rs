//! Every statement but types and routines.

use super::explain::{What, explain, syntax_error};
use super::grammar::{Node, Rule, parse_rule};
use super::input::Input;
use super::operands::{FILE, NAME, NOTHING, NUMBER, NUMBER_OR_NOTHING, QUOTED, TEXT, operand};
use super::recover;
use super::report::Report;
use super::routines::routine;
use super::split::{Piece, Start};
use super::tokens::{TokenKind, takes_operand};
use super::types::{named_type, wrong_case};
use super::words::{name, number, word};
use crate::ast::{Import, ImportKind, RoutineKind, Setting, SettingKey, StatementKind, Subsystem, SubsystemMode, Word};
use crate::diag::Diagnostic;
use crate::diag::codes::syntax;
use crate::span::Spanned;

/// The statement in a piece of text, unless a mistake leaves nothing of it.
pub(super) fn statement(report: &mut Report, input: &Input, piece: &Piece) -> Option<StatementKind> {
    let first = piece.tokens.start;
    let Some(start) = Start::find(input.text_of(first)) else {
        report.push(|| no_statement(input, first));
        return None;
    };
    match start {
        Start::Subsystem => subsystem(report, input, piece).map(StatementKind::Subsystem),
        Start::Skip => skip(report, input, piece),
        Start::Type => type_statement(report, input, piece),
        Start::RcsId => rcsid(report, input, piece).map(StatementKind::RcsId),
        Start::Setting(key) => setting(report, input, piece, key).map(StatementKind::Setting),
        Start::Import(kind) => import(report, input, piece, kind).map(StatementKind::Import),
        Start::Routine(kind) => routine_statement(report, input, piece, kind),
    }
}

fn no_statement(input: &Input, first: usize) -> Diagnostic {
    let found = input.tokens[first];
    if found.kind != TokenKind::Word {
        return syntax_error(input, first, &["a statement"])
            .note("every statement begins with a keyword, such as `routine` or `type`");
    }
    let text = input.text_of(first);
    Diagnostic::new(&syntax::UNKNOWN_STATEMENT, found.span, format!("no statement begins with {}", input.quote(first)))
        .label("a keyword such as `routine` or `type` is expected here")
        .suggest(text, Start::words())
}

fn subsystem(report: &mut Report, input: &Input, piece: &Piece) -> Option<Subsystem> {
    let node = whole(report, input, piece, Rule::subsystem)?;
    let mut words: Vec<Node> = node.parts().skip(1).collect();
    let base = words.pop().expect("a subsystem has a number");
    let last = words.pop().expect("a subsystem has a name");
    let modes = words.iter().filter_map(|it| mode(report, it)).collect();
    Some(Subsystem { modes, name: name(report, &last), base: number(report, &base) })
}

fn mode(report: &mut Report, node: &Node) -> Option<Spanned<SubsystemMode>> {
    let found = SubsystemMode::find(node.text());
    if found.is_none() {
        report.push(|| {
            let message = format!("unknown mode `{}` of a subsystem", node.text());
            Diagnostic::new(&syntax::UNKNOWN_MODE, node.span(), message)
                .label("`kerneluser` or `kernelserver` may stand before the name")
                .suggest(node.text(), SubsystemMode::ALL.iter().map(|it| it.text()))
        });
    }
    found.map(|it| node.spanned(it))
}

fn skip(report: &mut Report, input: &Input, piece: &Piece) -> Option<StatementKind> {
    let node = operand(report, input, piece, Rule::skip, &NUMBER_OR_NOTHING)?;
    Some(StatementKind::Skip(node.parts().nth(1).map(|it| number(report, &it))))
}

fn setting(report: &mut Report, input: &Input, piece: &Piece, key: SettingKey) -> Option<Setting> {
    use SettingKey::*;
    let (rule, takes) = match key {
        NoWaitTime | NoSendTime => (Rule::setting_bare, &NOTHING),
        UserTypeLimit | OnStackLimit | UseSpecialReplyPort => (Rule::setting_number, &NUMBER),
        it if takes_operand(it) => (Rule::setting_text, &TEXT),
        _ => (Rule::setting_name, &NAME),
    };
    let node = operand(report, input, piece, rule, takes)?;
    let mut parts = node.parts();
    let keyword = parts.next().expect("a setting begins with a keyword");
    if matches!(key, UserTypeLimit | OnStackLimit) && keyword.text() != key.text() {
        report.push(|| wrong_case(&word(&keyword), key.text()));
    }
    let value = parts.next().map(|it| match it.rule() {
        Rule::number => Word { text: number(report, &it).value.to_string(), span: it.span() },
        Rule::name => name(report, &it),
        _ => word(&it),
    });
    if let (ConsumeOnSendError, Some(it)) = (key, &value) {
        check_policy(report, it);
    }
    Some(Setting { key: keyword.spanned(key), value })
}

fn check_policy(report: &mut Report, policy: &Word) {
    const POLICIES: [&str; 3] = ["none", "timeout", "any"];
    if POLICIES.iter().all(|it| !it.eq_ignore_ascii_case(&policy.text)) {
        report.push(|| {
            let message = format!("`consumeonsenderror` knows no policy `{}`", policy.text);
            Diagnostic::new(&syntax::UNKNOWN_POLICY, policy.span, message)
                .label("`none`, `timeout` or `any` is expected here")
                .suggest(&policy.text, POLICIES)
        });
    }
}

fn import(report: &mut Report, input: &Input, piece: &Piece, kind: ImportKind) -> Option<Import> {
    let [keyword, file] = operand(report, input, piece, Rule::import, &FILE)?.exactly();
    Some(Import { kind: keyword.spanned(kind), file: word(&file) })
}

fn rcsid(report: &mut Report, input: &Input, piece: &Piece) -> Option<Word> {
    let [_, text] = operand(report, input, piece, Rule::rcsid, &QUOTED)?.exactly();
    Some(word(&text))
}

fn type_statement(report: &mut Report, input: &Input, piece: &Piece) -> Option<StatementKind> {
    let mut parts = whole(report, input, piece, Rule::type_statement)?.parts().skip(1).peekable();
    let name = name(report, &parts.next().expect("a type has a name"));
    if let Some(it) = parts.next_if(|it| it.rule() == Rule::no_equals) {
        report.push(|| no_equals(&name, &it));
    }
    Some(StatementKind::Type(named_type(report, name, parts)))
}

fn no_equals(name: &Word, node: &Node) -> Diagnostic {
    let message = format!("`=` is missing after `type {}`", name.text);
    let place = if node.text().is_empty() { name.span.at_end() } else { node.span() };
    Diagnostic::new(&syntax::NO_EQUALS, place, message)
        .label("`=` is expected here")
        .help(format!("write `type {} = …;`", name.text))
}

fn routine_statement(report: &mut Report, input: &Input, piece: &Piece, kind: RoutineKind) -> Option<StatementKind> {
    match parse_rule(input, Rule::routine, piece.tokens.clone()) {
        Ok(it) => Some(StatementKind::Routine(routine(report, kind, it))),
        Err(_) => recover::routine(report, input, piece, kind).map(StatementKind::Routine),
    }
}

/// A statement which is right or wrong as a whole.
fn whole<'a>(report: &mut Report, input: &Input<'a>, piece: &Piece, rule: Rule) -> Option<Node<'a>> {
    let mismatch = match parse_rule(input, rule, piece.tokens.clone()) {
        Ok(it) => return Some(it),
        Err(it) => it,
    };
    if piece.open.is_none() {
        explain(report, input, piece.tokens.clone(), What::Statement, mismatch);
    }
    None
}
