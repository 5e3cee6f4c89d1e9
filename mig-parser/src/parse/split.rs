//! Tokens → statements, so that a mistake in one leaves the others alone.

use std::ops::Range;

use super::input::Input;
use super::tokens::TokenKind;
use crate::ast::{Direction, ImportKind, RoutineKind, SettingKey};

/// A statement of some kind, by its first word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Start {
    Subsystem,
    Skip,
    Type,
    RcsId,
    Setting(SettingKey),
    Import(ImportKind),
    Routine(RoutineKind),
}

impl Start {
    const PLAIN: [(&'static str, Start); 4] =
        [("subsystem", Start::Subsystem), ("skip", Start::Skip), ("type", Start::Type), ("rcsid", Start::RcsId)];

    /// What a word begins, in any case.
    pub(super) fn find(word: &str) -> Option<Start> {
        let plain = || Self::PLAIN.iter().find(|it| it.0.eq_ignore_ascii_case(word)).map(|it| it.1);
        (RoutineKind::find(word).map(Start::Routine))
            .or_else(plain)
            .or_else(|| SettingKey::find(word).map(Start::Setting))
            .or_else(|| ImportKind::find(word).map(Start::Import))
    }

    /// Every word that begins a statement.
    pub(super) fn words() -> impl Iterator<Item = &'static str> {
        (Self::PLAIN.iter().map(|it| it.0))
            .chain(RoutineKind::ALL.iter().map(|it| it.text()))
            .chain(SettingKey::ALL.iter().map(|it| it.text()))
            .chain(ImportKind::ALL.iter().map(|it| it.text()))
    }
}

/// The tokens of a statement, without its semicolon.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Piece {
    /// Indices of its tokens; never empty.
    pub(super) tokens: Range<usize>,
    /// Whether a semicolon follows.
    pub(super) ended: bool,
    /// The first parenthesis or brace which is not closed.
    pub(super) open: Option<usize>,
}

/// The next statement at or after a token; empty ones are skipped.
pub(super) fn next_piece(input: &Input, from: usize) -> Option<Piece> {
    let tokens = input.tokens;
    let start = from + tokens[from..].iter().position(|it| it.kind != TokenKind::Punctuation(b';'))?;
    let mut opened = Vec::new();
    for (at, token) in tokens.iter().enumerate().skip(start) {
        let open = opened.first().copied();
        if at > start && begins_statement(input, start, at, open.is_some()) {
            return Some(Piece { tokens: start..at, ended: false, open });
        }
        match token.kind {
            TokenKind::Punctuation(b'(' | b'{') => opened.push(at),
            TokenKind::Punctuation(it @ (b')' | b'}')) => close(input, &mut opened, it),
            TokenKind::Punctuation(b';') => {
                close_before_semicolon(input, &mut opened, start);
                if opened.is_empty() {
                    return Some(Piece { tokens: start..at, ended: true, open: None });
                }
            }
            _ => {}
        }
    }
    Some(Piece { tokens: start..tokens.len(), ended: false, open: opened.first().copied() })
}

/// Closes what a `)` or a `}` closes. A brace stands inside parentheses, never around them.
fn close(input: &Input, opened: &mut Vec<usize>, closing: u8) {
    if closing == b')' && is(input, opened.last(), b'{') && is(input, opened.iter().nth_back(1), b'(') {
        opened.pop();
    }
    if is(input, opened.last(), if closing == b')' { b'(' } else { b'{' }) {
        opened.pop();
    }
}

/// Only braces, and the parentheses of a list of arguments, have semicolons inside: others were left open.
fn close_before_semicolon(input: &Input, opened: &mut Vec<usize>, start: usize) {
    let list = start + 2;
    while is(input, opened.last().filter(|it| **it > list), b'(') {
        opened.pop();
    }
}

fn is(input: &Input, token: Option<&usize>, wanted: u8) -> bool {
    token.is_some_and(|it| input.tokens[*it].kind == TokenKind::Punctuation(wanted))
}

/// Whether the token can only be the first of a statement, although the one before lacks its end.
fn begins_statement(input: &Input, start: usize, at: usize, nested: bool) -> bool {
    use TokenKind::{Operand, Punctuation, Quoted, Word};
    let kind = |offset: usize| input.tokens.get(at + offset).map(|it| it.kind);
    let (next, third) = (kind(1), kind(2));
    if input.tokens[at].kind != Word || next.is_none_or(|it| it == Punctuation(b':')) || !stands_free(input, start, at)
    {
        return false;
    }
    let semicolon = Some(Punctuation(b';'));
    match Start::find(input.text_of(at)) {
        None => false,
        Some(Start::Subsystem) => next == Some(Word),
        // These are so short that they could be the end of something else.
        Some(Start::Skip | Start::Setting(_)) if !begins_line(input, at) => false,
        Some(Start::Skip) => next == semicolon || next == Some(TokenKind::Number) && third == semicolon,
        Some(Start::Type) => next == Some(Word) && third == Some(Punctuation(b'=')),
        Some(Start::RcsId | Start::Import(_)) => next == Some(Quoted),
        Some(Start::Routine(_)) => next == Some(Word) && third == Some(Punctuation(b'(')),
        Some(Start::Setting(SettingKey::NoWaitTime | SettingKey::NoSendTime)) => next == semicolon,
        Some(Start::Setting(_)) if nested && Direction::find(input.text_of(at)).is_some() => false,
        Some(Start::Setting(_)) => matches!(next, Some(Word | Operand | TokenKind::Number)) && third == semicolon,
    }
}

/// Whether the token before allows a statement to begin here.
fn stands_free(input: &Input, start: usize, at: usize) -> bool {
    let before = input.tokens[at - 1];
    let continues = matches!(before.kind, TokenKind::Punctuation(b':' | b',' | b'=' | b'|' | b'^' | b'['));
    !continues && (at > start + 1 || begins_line(input, at))
}

fn begins_line(input: &Input, at: usize) -> bool {
    let gap = input.tokens[at - 1].span.end as usize..input.tokens[at].span.start as usize;
    input.text[gap].contains('\n')
}
