//! A routine that is wrong somewhere, part by part: each bad argument is reported, and the good ones are kept.

use std::ops::Range;

use super::annotations;
use super::explain::{What, explain, syntax_error};
use super::grammar::{Mismatch, Rule, parse_rule};
use super::input::Input;
use super::report::Report;
use super::routines::{argument, argument_type, check_result};
use super::split::Piece;
use super::tokens::TokenKind::{self, Number, Operand, Punctuation};
use crate::ast::{Arg, ArgType, FlagKind, Routine, RoutineKind, Word};
use crate::diag::Diagnostic;
use crate::diag::codes::syntax;
use crate::dialect;
use crate::span::Spanned;

/// What can be had of a routine; none if it has no arguments at all.
pub(super) fn routine(report: &mut Report, input: &Input, piece: &Piece, kind: RoutineKind) -> Option<Routine> {
    let Range { start, end } = piece.tokens;
    if !input.tokens.get(start + 1).is_some_and(|it| it.kind == TokenKind::Word && start + 1 < end) {
        report.push(|| syntax_error(input, start + 1, &["the name of the routine"]));
        return None;
    }
    let name = routine_name(report, input, start + 1);
    let kind = Spanned { value: kind, span: input.tokens[start].span };
    let open = start + 2;
    if open >= end {
        report.push(|| no_arguments(input, open, &name));
        return None;
    }
    if input.tokens[open].kind != Punctuation(b'(') {
        if !input.is_damaged(piece.tokens.clone()) {
            report.push(|| syntax_error(input, open, &["`(`"]));
        }
        return None;
    }
    let close = closing(input, open, end);
    let last =
        close.unwrap_or(if piece.ended || input.tokens[end - 1].kind != Punctuation(b';') { end } else { end - 1 });
    let args = arguments(report, input, open + 1..last, close.is_some() || end < input.tokens.len());
    let result = result(report, input, close.map_or(end, |it| it + 1)..end);
    if let Ok(result) = &result {
        check_result(report, kind, &name, result.as_ref());
    }
    Some(Routine { kind, name, args, result: result.ok().flatten() })
}

fn routine_name(report: &mut Report, input: &Input, at: usize) -> Word {
    let name = Word { text: input.text_of(at).to_owned(), span: input.tokens[at].span };
    if dialect::is_reserved(&name.text) {
        report.push(|| super::words::keyword_as_name(&name));
    }
    name
}

fn no_arguments(input: &Input, open: usize, name: &Word) -> Diagnostic {
    let message = format!("the routine `{}` has no argument list", name.text);
    Diagnostic::new(&syntax::NO_ARGUMENTS, input.end_before(open), message)
        .label("`(` is expected here")
        .help(format!("write `{}(server : mach_port_t)`: a routine has at least the port it is sent to", name.text))
}

/// The parenthesis that closes the one at `open`. Others do not stay open beyond their argument.
fn closing(input: &Input, open: usize, end: usize) -> Option<usize> {
    let mut depth = 0usize;
    (open..end).find(|at| {
        match input.tokens[*at].kind {
            Punctuation(b'(') => depth += 1,
            Punctuation(b')') => depth -= 1,
            Punctuation(b';') => depth = 1,
            _ => {}
        }
        depth == 0
    })
}

/// What stands behind the arguments: nothing, or the result of a function. Fails if it is something else.
fn result(report: &mut Report, input: &Input, tokens: Range<usize>) -> Result<Option<ArgType>, ()> {
    if tokens.is_empty() {
        return Ok(None);
    }
    if input.tokens[tokens.start].kind != Punctuation(b':') {
        let expected = Mismatch::Expected(input.tokens[tokens.start].span.start as usize, vec![Rule::EOI]);
        explain(report, input, tokens, What::Statement, expected);
        return Err(());
    }
    match parse_rule(input, Rule::lone_result, tokens.clone()) {
        Ok(it) => Ok(it.parts().next().map(|it| argument_type(report, it, "result"))),
        Err(it) => {
            explain(report, input, tokens, What::Statement, it);
            Err(())
        }
    }
}

/// The arguments between the parentheses. `reliable`: they end where they were meant to end.
fn arguments(report: &mut Report, input: &Input, tokens: Range<usize>, reliable: bool) -> Vec<Arg> {
    let mut args = Vec::new();
    if tokens.is_empty() {
        return args;
    }
    let mut commas = 0;
    for part in parts(input, tokens.clone()) {
        if !reliable && parse_rule(input, Rule::lone_argument, part.tokens.clone()).is_err() {
            break;
        }
        match part.end {
            End::Comma if commas > 0 => {}
            End::Comma => {
                commas += 1;
                report.push(|| wrong_separator(input, part.tokens.end));
            }
            End::Missing => report.push(|| missing_separator(input, part.tokens.end)),
            End::Semicolon | End::List => {}
        }
        args.extend(one_argument(report, input, &part, &tokens));
    }
    args
}

fn one_argument(report: &mut Report, input: &Input, part: &Part, list: &Range<usize>) -> Option<Arg> {
    if part.tokens.is_empty() {
        if !input.is_damaged(part.tokens.start - 1..(part.tokens.end + 1).min(input.tokens.len())) {
            report.push(|| empty_argument(input, part, list));
        }
        return None;
    }
    match parse_rule(input, Rule::lone_argument, part.tokens.clone()) {
        Ok(it) => argument(report, it.parts().next().expect("an argument was parsed")),
        Err(it) => {
            explain(report, input, part.tokens.clone(), What::Argument, it);
            None
        }
    }
}

fn empty_argument(input: &Input, part: &Part, list: &Range<usize>) -> Diagnostic {
    let at = |token: usize| input.tokens.get(token).map_or(input.end_before(token), |it| it.span);
    let it = |place, message: &str| Diagnostic::new(&syntax::EMPTY_ARGUMENT, place, message);
    if part.tokens.end == list.end {
        return it(at(part.tokens.start - 1), "the last argument is followed by `;`")
            .label("another argument is expected after this")
            .help("leave the `;` before `)` out: it separates arguments and does not end them");
    }
    it(at(part.tokens.end), "an argument is missing")
        .label("an argument is expected before this")
        .help("leave this `;` out")
}

fn wrong_separator(input: &Input, comma: usize) -> Diagnostic {
    Diagnostic::new(&syntax::WRONG_SEPARATOR, input.tokens[comma].span, "arguments are separated by `;`, not by `,`")
        .label("a flag is expected after a comma, and an argument follows")
        .help("write `;` between arguments")
}

fn missing_separator(input: &Input, next: usize) -> Diagnostic {
    Diagnostic::new(&syntax::NO_SEMICOLON, input.end_before(next), "`;` is missing between two arguments")
        .label("`;` is expected here")
        .also(input.tokens[next].span, "the next argument begins here")
}

/// The tokens of one argument.
struct Part {
    tokens: Range<usize>,
    end: End,
}

/// Why an argument ends.
enum End {
    Semicolon,
    /// The list ends.
    List,
    /// At a comma with another argument behind it.
    Comma,
    /// With another argument behind it.
    Missing,
}

/// Cuts a list at its semicolons, and where one is obviously missing.
fn parts(input: &Input, list: Range<usize>) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut start = list.start;
    let mut braces = 0usize;
    let mut typed = false;
    for at in list.clone() {
        let end = match input.tokens[at].kind {
            Punctuation(b'{') => {
                braces += 1;
                continue;
            }
            Punctuation(b'}') => {
                braces = braces.saturating_sub(1);
                continue;
            }
            _ if braces > 0 => continue,
            Punctuation(b';') => End::Semicolon,
            Punctuation(b',') if at > start && follows_comma(input, at + 1, list.end) => End::Comma,
            _ if typed && at > start && follows_nothing(input, at, list.end) => End::Missing,
            it => {
                typed |= it == Punctuation(b':');
                continue;
            }
        };
        let skipped = usize::from(!matches!(end, End::Missing));
        parts.push(Part { tokens: start..at, end });
        start = at + skipped;
        typed = false;
    }
    parts.push(Part { tokens: start..list.end, end: End::List });
    parts
}

/// Whether an argument begins here although a comma stands before it.
fn follows_comma(input: &Input, at: usize, end: usize) -> bool {
    let is_flag = FlagKind::find(text(input, at, end)).is_some();
    let two_words = is_word(input, at, end) && is_word(input, at + 1, end);
    !is_flag && (two_words || begins_argument(input, at, end))
}

/// Whether an argument begins here although no `;` stands before it.
fn follows_nothing(input: &Input, at: usize, end: usize) -> bool {
    let ended = is_word(input, at - 1, end) || matches!(input.tokens[at - 1].kind, Number | Punctuation(b')' | b']'));
    ended && begins_argument(input, at, end)
}

/// `name :` or `direction name :`, but no annotation.
fn begins_argument(input: &Input, at: usize, end: usize) -> bool {
    let is_colon = |at: usize| at < end && input.tokens[at].kind == Punctuation(b':');
    let is_name = |at: usize| is_word(input, at, end) && is_colon(at + 1) && !is_annotation(text(input, at, end));
    is_name(at) || is_word(input, at, end) && is_name(at + 1)
}

fn is_annotation(word: &str) -> bool {
    annotations::FORMS.iter().any(|it| it.0.eq_ignore_ascii_case(word))
}

fn is_word(input: &Input, at: usize, end: usize) -> bool {
    at < end && matches!(input.tokens[at].kind, TokenKind::Word | Operand)
}

fn text<'a>(input: &Input<'a>, at: usize, end: usize) -> &'a str {
    if at < end { input.text_of(at) } else { "" }
}
