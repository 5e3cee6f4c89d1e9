//! Text → tokens: enough of the language to find where a statement ends and what stands where it should not.

use crate::ast::{ImportKind, SettingKey};
use crate::span::Span;

/// What a token is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum TokenKind {
    /// An identifier or a keyword.
    Word,
    /// A run that begins with a digit: `10`, but `0x10` as well.
    Number,
    /// Text between quotes, or between angle brackets after `import`; also what lacks the closing one.
    Quoted,
    /// What follows a keyword such as `waittime`, where letters, digits and `-/._$` make one token. They do as well
    /// behind `import` and `rcsid`, so that a file name without quotes is one mistake.
    Operand,
    /// One character.
    Punctuation(u8),
}

/// A token and where it stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) span: Span,
}

/// Something that is no token of the language.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Stray {
    /// Whether it is a comment.
    pub(super) comment: bool,
    pub(super) span: Span,
}

/// Cuts text into tokens. What is none is returned apart, in the order of the text.
pub(super) fn tokens(text: &str) -> (Vec<Token>, Vec<Stray>) {
    let mut lexer = Lexer {
        text,
        at: 0,
        mode: Mode::Normal,
        open_until: 0,
        tokens: Vec::with_capacity(text.len() / 4),
        strays: vec![],
    };
    while lexer.at < text.len() {
        lexer.step();
    }
    (lexer.tokens, lexer.strays)
}

/// How the next token is read; the one after it is read normally.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Normal,
    /// After `waittime` and kin.
    Operand,
    /// After `import` and kin: like an operand, or between angle brackets.
    File,
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    mode: Mode,
    /// No bracket that opens before this place is closed: many of them must not be looked for to the same end.
    open_until: usize,
    tokens: Vec<Token>,
    strays: Vec<Stray>,
}

impl Lexer<'_> {
    fn rest(&self) -> &[u8] {
        &self.text.as_bytes()[self.at..]
    }

    fn step(&mut self) {
        let rest = self.rest();
        let mode = self.mode;
        match rest[0] {
            b' ' | b'\n' | b'\t' | b'\r' | 0x0b | 0x0c => self.at += 1,
            b'/' if matches!(rest.get(1), Some(b'/' | b'*')) => self.comment(),
            it if mode != Mode::Normal && is_operand(it) => self.push(TokenKind::Operand, run(rest, is_operand)),
            b'"' => self.quoted(b'"'),
            b'<' if mode == Mode::File => self.quoted(b'>'),
            it if is_letter(it) => self.word(run(rest, is_follower)),
            it if it.is_ascii_digit() => self.push(TokenKind::Number, run(rest, is_follower)),
            it if is_punctuation(it) => self.push(TokenKind::Punctuation(it), 1),
            _ => self.stray(),
        }
    }

    fn push(&mut self, kind: TokenKind, length: usize) {
        let span = self.take(length);
        self.tokens.push(Token { kind, span });
        self.mode = Mode::Normal;
    }

    fn take(&mut self, length: usize) -> Span {
        let start = self.at;
        self.at += length;
        Span::new(start as u32, self.at as u32)
    }

    fn word(&mut self, length: usize) {
        let word = &self.text[self.at..self.at + length];
        let mode = match SettingKey::find(word) {
            Some(it) if takes_operand(it) => Mode::Operand,
            _ if word.eq_ignore_ascii_case("rcsid") => Mode::Operand,
            _ if ImportKind::find(word).is_some() => Mode::File,
            _ => Mode::Normal,
        };
        self.push(TokenKind::Word, length);
        self.mode = mode;
    }

    /// Up to the closing quote; without one, up to the end of the statement or the line.
    fn quoted(&mut self, close: u8) {
        let length = self.closed_length(close).unwrap_or_else(|| run(self.rest(), |it| it != b';' && it != b'\n'));
        self.push(TokenKind::Quoted, length);
    }

    fn closed_length(&mut self, close: u8) -> Option<usize> {
        if close == b'>' && self.at < self.open_until {
            return None;
        }
        let inside = &self.rest()[1..];
        let end = inside.iter().position(|it| *it == close || *it == b'\n').unwrap_or(inside.len());
        if inside.get(end) == Some(&close) {
            return Some(end + 2);
        }
        if close == b'>' {
            self.open_until = self.at + 1 + end;
        }
        None
    }

    fn comment(&mut self) {
        let rest = &self.text[self.at..];
        let length = match rest.starts_with("//") {
            true => rest.find('\n'),
            false => rest[2..].find("*/").map(|it| it + 4),
        };
        let span = self.take(length.unwrap_or(rest.len()));
        self.strays.push(Stray { comment: true, span });
    }

    /// A run of characters which begin no token is one mistake.
    fn stray(&mut self) {
        let rest = &self.text[self.at..];
        let length = rest.find(|it: char| it.is_ascii() && !is_stray(it as u8)).unwrap_or(rest.len());
        let span = self.take(length);
        self.strays.push(Stray { comment: false, span });
    }
}

/// Settings whose operand is read in its own alphabet.
pub(super) fn takes_operand(key: SettingKey) -> bool {
    use SettingKey::*;
    matches!(key, WaitTime | SendTime | MsgOption | MsgType | MsgKind | ConsumeOnSendError)
}

fn is_punctuation(byte: u8) -> bool {
    matches!(byte, b':' | b';' | b',' | b'+' | b'-' | b'*' | b'/' | b'(' | b')' | b'=' | b'^')
        || matches!(byte, b'~' | b'<' | b'>' | b'[' | b']' | b'|' | b'{' | b'}')
}

fn run(bytes: &[u8], belongs: fn(u8) -> bool) -> usize {
    bytes.iter().position(|it| !belongs(*it)).unwrap_or(bytes.len())
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_'
}

fn is_follower(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn is_operand(byte: u8) -> bool {
    is_follower(byte) || b"-/.$".contains(&byte)
}

fn is_stray(byte: u8) -> bool {
    !(is_follower(byte) || is_punctuation(byte) || b" \n\t\r\x0b\x0c\"".contains(&byte))
}
