//! Statements of a keyword and an operand.

use std::ops::Range;

use super::grammar::{Mismatch, Node, Rule, parse_rule};
use super::input::{Input, shorten};
use super::report::Report;
use super::split::Piece;
use super::tokens::TokenKind;
use crate::diag::Diagnostic;
use crate::diag::codes::syntax;

/// What a keyword takes.
pub(super) struct Takes {
    /// In a sentence.
    takes: &'static str,
    /// What is expected behind the keyword.
    expected: &'static str,
    /// The quotes around it, if it has any.
    quotes: Option<(char, char)>,
}

impl Takes {
    const fn plain(takes: &'static str, expected: &'static str) -> Takes {
        Takes { takes, expected, quotes: None }
    }
}

pub(super) const NOTHING: Takes = Takes::plain("no operand", "`;`");
pub(super) const NUMBER_OR_NOTHING: Takes = Takes::plain("a number or nothing", "a number or `;`");
pub(super) const NUMBER: Takes = Takes::plain("a number", "a number");
pub(super) const NAME: Takes = Takes::plain("a name", "a name");
pub(super) const TEXT: Takes = Takes::plain("one word of letters, digits and `-/._$`", "one word");
pub(super) const FILE: Takes =
    Takes { takes: "a file name in quotes or angle brackets", expected: "`\"` or `<`", quotes: Some(('<', '>')) };
pub(super) const QUOTED: Takes = Takes { takes: "a text in quotes", expected: "`\"`", quotes: Some(('"', '"')) };

/// Parses the statement, and says what is wrong with its operand.
pub(super) fn operand<'a>(
    report: &mut Report,
    input: &Input<'a>,
    piece: &Piece,
    rule: Rule,
    takes: &Takes,
) -> Option<Node<'a>> {
    let tokens = piece.tokens.clone();
    let found = match parse_rule(input, rule, tokens.clone()) {
        Ok(it) => return Some(it),
        Err(_) if input.is_damaged(tokens.clone()) => return None,
        Err(Mismatch::Expected(it, _)) => input.token_at(it),
        Err(Mismatch::TooDeep(it)) => it,
    };
    report.push(|| wrong_operand(input, tokens, found, takes));
    None
}

fn wrong_operand(input: &Input, tokens: Range<usize>, found: usize, takes: &Takes) -> Diagnostic {
    let keyword = input.text_of(tokens.start);
    let message = format!("`{keyword}` takes {}", takes.takes);
    if found >= tokens.end {
        let it = Diagnostic::new(&syntax::WRONG_OPERAND, input.end_before(tokens.end), message);
        return it.label(format!("{} is expected here", takes.expected));
    }
    let it = Diagnostic::new(&syntax::WRONG_OPERAND, input.tokens[found].span, message);
    if found > tokens.start + 1 {
        return it.label("`;` is expected here");
    }
    let text = input.text_of(found);
    let opened = input.tokens[found].kind == TokenKind::Quoted;
    match (takes.quotes, text.as_bytes()[0]) {
        (Some(_), b'"') if opened => it.label("the closing `\"` is missing"),
        (Some(_), b'<') if opened => it.label("the closing `>` is missing"),
        (Some((open, close)), _) => {
            let operand = &input.text[input.span_of(found..tokens.end).range()];
            let operand = shorten(operand.trim_matches(['<', '>', '"', '\'']));
            it.label(format!("{} is expected here", takes.expected))
                .help(format!("write `{keyword} {open}{operand}{close};`"))
        }
        (None, _) => it.label(format!("{} is expected here", takes.expected)),
    }
}
