//! A mismatch with the grammar in human words.

use std::ops::Range;

use super::annotations;
use super::grammar::{Mismatch, Rule};
use super::input::Input;
use super::limits::DEEPEST;
use super::report::Report;
use super::tokens::TokenKind;
use crate::diag::Diagnostic;
use crate::diag::codes::syntax;

/// What the tokens were to be; decides what may follow the last of them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Statement,
    Argument,
}

/// Reports why tokens do not form a rule. Where something was blanked, that was the mistake.
pub(super) fn explain(report: &mut Report, input: &Input, tokens: Range<usize>, what: What, mismatch: Mismatch) {
    if input.is_damaged(tokens.clone()) {
        return;
    }
    match mismatch {
        Mismatch::TooDeep(at) => report.push(|| too_deep(input, tokens.start, at)),
        Mismatch::Expected(place, rules) => {
            let at = input.token_at(place).min(tokens.end);
            report.push(|| unexpected(input, at, &rules, what));
        }
    }
}

/// `found` stands where something of `expected` should.
pub(super) fn syntax_error(input: &Input, found: usize, expected: &[&str]) -> Diagnostic {
    let expected = one_of(expected);
    let span = match input.tokens.get(found) {
        Some(it) => it.span,
        None => input.end_before(found),
    };
    Diagnostic::new(&syntax::SYNTAX, span, format!("expected {expected}, found {}", input.quote(found)))
        .label(format!("expected {expected}"))
}

fn unexpected(input: &Input, at: usize, rules: &[Rule], what: What) -> Diagnostic {
    let mut expected: Vec<&str> = vec![];
    // Between operands a star is an operator like the others.
    let rules: Vec<Rule> =
        rules.iter().copied().filter(|it| *it != Rule::star || !rules.contains(&Rule::slash)).collect();
    for it in rules.iter().flat_map(|it| words(*it, what)) {
        if !expected.contains(it) {
            expected.push(it);
        }
    }
    let it = syntax_error(input, at, &expected);
    let found_word = input.tokens.get(at).filter(|it| it.kind == TokenKind::Word).map(|_| input.text_of(at));
    match found_word {
        Some(word) if rules.iter().any(is_number) => it
            .note("a word stands for a number only if it is a macro")
            .help(format!("define `{word}`, or include the file which does")),
        Some(word) => it.suggest(word, keywords(&rules)),
        None => it,
    }
}

fn is_number(rule: &Rule) -> bool {
    matches!(rule, Rule::number | Rule::expression | Rule::product | Rule::bound)
}

/// What may stand where a rule was tried.
fn words(rule: Rule, what: What) -> &'static [&'static str] {
    match rule {
        Rule::keyword => &["a keyword"],
        Rule::name | Rule::type_name | Rule::phrase | Rule::translator => &["a name"],
        Rule::number | Rule::parenthesis | Rule::expression | Rule::product => &["a number"],
        Rule::type_spec | Rule::argument_spec | Rule::basic | Rule::named_type | Rule::native => &["a type"],
        Rule::argument_type => &["`:` and a type"],
        Rule::argument => &["an argument"],
        Rule::arguments | Rule::left_paren => &["`(`"],
        Rule::annotation | Rule::annotation_name => &["an annotation"],
        Rule::bound => &["a number", "`*`"],
        Rule::member => &["a type and the name of a member"],
        Rule::flag => &["a flag"],
        Rule::no_bound | Rule::left_bracket => &["`[`"],
        Rule::kw_of => &["`of`"],
        Rule::plus | Rule::minus | Rule::slash => &["an operator"],
        Rule::star => &["`*`"],
        Rule::colon => &["`:`"],
        Rule::semicolon => &["`;`"],
        Rule::comma => &["`,`"],
        Rule::equals | Rule::no_equals => &["`=`"],
        Rule::pipe => &["`|`"],
        Rule::right_paren => &["`)`"],
        Rule::right_bracket => &["`]`"],
        Rule::left_brace => &["`{`"],
        Rule::right_brace => &["`}`"],
        Rule::EOI if what == What::Argument => &["`;`", "`)`"],
        Rule::EOI => &["`;`"],
        _ => &[],
    }
}

/// Keywords that begin what was expected, to be compared with a mistyped word.
fn keywords(rules: &[Rule]) -> impl Iterator<Item = &'static str> {
    let annotations = annotations::FORMS.iter().map(|it| it.0).filter(|_| rules.contains(&Rule::annotation));
    annotations.chain(rules.contains(&Rule::kw_of).then_some("of"))
}

/// `a`, `a or b`, `a, b or c`
fn one_of(words: &[&str]) -> String {
    match words {
        [] => "something else".to_owned(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

fn too_deep(input: &Input, start: usize, at: usize) -> Diagnostic {
    Diagnostic::new(&syntax::TOO_DEEP, input.tokens[at].span, "this is nested too deeply")
        .label(format!("more than {DEEPEST} levels or operators"))
        .also(input.tokens[start].span, "in what begins here")
        .help("declare parts of it as types of their own, or compute the number")
}
