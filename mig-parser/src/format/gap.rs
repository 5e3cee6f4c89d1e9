//! Whether a blank stands between two tokens of a line.

use super::pieces::Piece;
use crate::ast::{ImportKind, RoutineKind, SettingKey};

/// What a statement is, as far as its layout is concerned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Sort {
    /// With arguments.
    Routine,
    /// With annotations, perhaps with members.
    Type,
    /// A keyword and its operands.
    Plain,
    /// Begins with a word that is no keyword: a macro, which may stand for anything.
    Macro,
}

impl Sort {
    /// The sort of statement that a token begins.
    pub(super) fn of(piece: &Piece<'_>) -> Sort {
        let is = |word: &str| piece.text.eq_ignore_ascii_case(word);
        match piece.text {
            it if RoutineKind::find(it).is_some() => Sort::Routine,
            _ if is("type") => Sort::Type,
            it if SettingKey::find(it).is_some() || ImportKind::find(it).is_some() => Sort::Plain,
            _ if is("subsystem") || is("skip") || is("rcsid") => Sort::Plain,
            _ => Sort::Macro,
        }
    }
}

/// Where two tokens stand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Around {
    pub(super) sort: Sort,
    /// Between `[` and `]`.
    pub(super) bracket: bool,
}

/// Whether there is a blank. What is not known to be part of the language keeps the blank that it has.
pub(super) fn is_space(before: &Piece<'_>, piece: &Piece<'_>, around: Around) -> bool {
    let rule = match around.sort {
        Sort::Macro => None,
        Sort::Plain => punctuation(before, piece),
        Sort::Routine | Sort::Type => in_bracket(before, piece, around)
            .or_else(|| punctuation(before, piece))
            .or_else(|| colon(before, piece))
            .or_else(|| types(before, piece)),
    };
    rule.unwrap_or(piece.space)
}

fn in_bracket(before: &Piece<'_>, piece: &Piece<'_>, around: Around) -> Option<bool> {
    (around.bracket && (before.is(":") || piece.is(":"))).then_some(false)
}

fn punctuation(before: &Piece<'_>, piece: &Piece<'_>) -> Option<bool> {
    match () {
        _ if piece.is(";") || piece.is(",") || piece.is(")") || piece.is("]") => Some(false),
        _ if before.is("(") || before.is("[") => Some(false),
        _ if before.is(";") || before.is(",") => Some(true),
        _ => None,
    }
}

fn colon(before: &Piece<'_>, piece: &Piece<'_>) -> Option<bool> {
    match () {
        _ if piece.is(":") => Some(!is_annotation(before)),
        _ if before.is(":") => Some(true),
        _ => None,
    }
}

fn types(before: &Piece<'_>, piece: &Piece<'_>) -> Option<bool> {
    let spaced = ["=", "|", "{", "}"];
    match () {
        _ if spaced.iter().any(|it| before.is(it) || piece.is(it)) => Some(true),
        _ if before.is("^") || piece.is("[") => Some(false),
        _ if piece.is("^") => Some(true),
        _ if piece.is("(") && (before.is_word() || before.is(")")) => Some(before.text.eq_ignore_ascii_case("of")),
        _ if before.is("]") || before.is(")") => piece.is_word().then_some(true),
        _ => None,
    }
}

/// Whether a word introduces an annotation of a type.
pub(super) fn is_annotation(piece: &Piece<'_>) -> bool {
    const WORDS: [&str; 7] = ["intran", "outtran", "destructor", "intranpayload", "ctype", "cusertype", "cservertype"];
    piece.is_word() && WORDS.iter().any(|it| piece.text.eq_ignore_ascii_case(it))
}
