//! Preprocessed text → syntax tree.
//!
//! The text is cut into statements before pest sees any of it, and each is parsed for itself; a routine that is wrong
//! is parsed once more, argument by argument. So one run finds every mistake, and a mistake spoils nothing but its
//! own statement or argument. What one of these functions says about a node it says at the exact token.
//!
//! For every rule of the grammar there is a function of its name which turns the rule's text into a part of the tree.
//! They are total: the grammar is permissive, and what it lets through is either turned into something or reported.

mod annotations;
mod docs;
mod explain;
mod expressions;
mod grammar;
mod input;
mod limits;
mod operands;
mod recover;
mod report;
mod routines;
mod split;
mod statements;
mod tokens;
mod types;
mod words;

use std::borrow::Cow;
use std::iter::Peekable;

use docs::Docs;
use input::Input;
pub(crate) use report::Report;
use split::Piece;
use tokens::{Stray, TokenKind};

use crate::ast::{Ast, Statement};
use crate::diag::codes::syntax;
use crate::diag::{Diagnostic, Diagnostics};
use crate::preprocess::Comment;
use crate::span::Span;

/// Parses preprocessed text of any dialect.
///
/// What could not be parsed is missing in the tree and an error among the diagnostics. `comments` are those of the
/// preprocessor, in the order of the text.
pub fn parse(text: &str, comments: &[Comment], diagnostics: &mut Diagnostics) -> Ast {
    let (tokens, strays) = tokens::tokens(text);
    let clean = without_strays(text, &strays);
    let input = Input { text: &clean, tokens: &tokens, strays: &strays };
    let mut report = Report::new(diagnostics);
    let mut strays = strays.iter().peekable();
    let mut docs = Docs::new(comments);
    let mut ast = Ast::default();
    let mut next = 0;
    while let Some(piece) = split::next_piece(&input, next) {
        next = piece.tokens.end + usize::from(piece.ended);
        let span = input.span_of(piece.tokens.start..next);
        report_strays(&mut report, text, &mut strays, span.end);
        let kind = statements::statement(&mut report, &input, &piece);
        report_end(&mut report, &input, &piece, kind.is_some());
        let doc = docs.above(span.start);
        ast.statements.extend(kind.map(|kind| Statement { span, doc, kind }));
    }
    report_strays(&mut report, text, &mut strays, u32::MAX);
    report.finish();
    ast
}

/// The text with blanks instead of what is no token, so that the rest can be parsed.
fn without_strays<'a>(text: &'a str, strays: &[Stray]) -> Cow<'a, str> {
    if strays.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len());
    let mut at = 0;
    for it in strays {
        clean.push_str(&text[at..it.span.start as usize]);
        clean.extend(it.span.range().map(|_| ' '));
        at = it.span.end as usize;
    }
    clean.push_str(&text[at..]);
    Cow::Owned(clean)
}

/// Reports what is no token, up to the end of a statement.
fn report_strays<'a>(
    report: &mut Report,
    text: &str,
    strays: &mut Peekable<impl Iterator<Item = &'a Stray>>,
    end: u32,
) {
    while let Some(it) = strays.next_if(|it| it.span.start < end) {
        report.push(|| if it.comment { raw_comment(it.span) } else { stray_character(text, it.span) });
    }
}

fn raw_comment(span: Span) -> Diagnostic {
    let opening = Span::new(span.start, span.start + 2);
    Diagnostic::new(&syntax::NO_TOKEN, opening, "a comment is not part of the language")
        .label("it begins here")
        .note("the preprocessor removes comments; this text has not been preprocessed, or not completely")
}

fn stray_character(text: &str, span: Span) -> Diagnostic {
    let found = text[span.range()].chars().next().expect("a stray is not empty");
    let quoted = match found {
        it if it.is_ascii_graphic() || it.is_alphanumeric() => format!("`{it}`"),
        it => format!("U+{:04X}", u32::from(it)),
    };
    let message = format!("the character {quoted} is not part of the language");
    let it = Diagnostic::new(&syntax::NO_TOKEN, span, message).label("it begins no word, number or text");
    match found {
        '#' => it.help("a directive must be the first on its line"),
        _ => it.help("take it out"),
    }
}

/// Reports what is missing at the end of a statement; if the statement is wrong, only what may be the reason.
fn report_end(report: &mut Report, input: &Input, piece: &Piece, good: bool) {
    if piece.ended {
        return;
    }
    let end = piece.tokens.end;
    if let Some(open) = piece.open {
        let last_is_semicolon = input.tokens[end - 1].kind == TokenKind::Punctuation(b';');
        let place = input.end_before(end - usize::from(last_is_semicolon && end - 1 > open));
        report.push(|| not_closed(input, open, place));
    } else if good && !report.reaches(input.end_before(end)) {
        report.push(|| no_semicolon(input, piece));
    }
}

fn not_closed(input: &Input, open: usize, place: Span) -> Diagnostic {
    let (opening, closing) = match input.text_of(open) {
        "{" => ("brace", "}"),
        _ => ("parenthesis", ")"),
    };
    Diagnostic::new(&syntax::NOT_CLOSED, place, format!("`{closing}` is missing"))
        .label(format!("`{closing}` is expected here at the latest"))
        .also(input.tokens[open].span, format!("this {opening} is not closed"))
}

fn no_semicolon(input: &Input, piece: &Piece) -> Diagnostic {
    Diagnostic::new(&syntax::NO_SEMICOLON, input.end_before(piece.tokens.end), "`;` is missing after a statement")
        .label("`;` is expected here")
        .also(input.tokens[piece.tokens.start].span, "this statement has no end")
}
