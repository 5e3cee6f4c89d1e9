//! Text → tokens, comments and directives, with what stood between them.

use crate::ast::ImportKind;
use crate::preprocess::lex::{self, Class, Comment};

/// What a piece is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// A name or a keyword.
    Word,
    /// A mark of punctuation.
    Mark,
    /// A number, a text in quotes, or whatever else the preprocessor takes for a token.
    Other,
    /// A quote or `import <` without its partner, and the rest of the line.
    Rest,
    /// `/* … */`
    Block,
    /// `// …`
    Line,
    /// `#` and what belongs to it; may go over several lines.
    Directive,
    /// Lines that `#if 0` leaves out, as they stand.
    Verbatim,
}

/// A piece of the text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece<'a> {
    pub(super) kind: Kind,
    pub(super) text: &'a str,
    /// Ends of lines between the piece before and this one.
    pub(super) newlines: usize,
    /// Whether anything stood between them.
    pub(super) space: bool,
    /// The column in which it begins, from 0; a tab goes to the next multiple of 8.
    pub(super) column: usize,
}

impl Piece<'_> {
    /// Whether it is a token with this text.
    pub(super) fn is(&self, text: &str) -> bool {
        self.is_token() && self.text == text
    }

    pub(super) fn is_word(&self) -> bool {
        self.kind == Kind::Word
    }

    pub(super) fn is_token(&self) -> bool {
        matches!(self.kind, Kind::Word | Kind::Mark | Kind::Other | Kind::Rest)
    }
}

/// Why a text cannot be cut, and the offset of the culprit.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stuck {
    /// A comment does not end.
    Comment(usize),
    /// A backslash continues a line of ordinary text.
    Continued(usize),
    /// A backslash continues the last line.
    Unfinished(usize),
}

/// Cuts a text. Nothing is lost but blanks and ends of lines.
pub(super) fn cut(text: &str) -> Result<Vec<Piece<'_>>, Stuck> {
    let mut cutter =
        Cutter { text, at: 0, line: 0, measured: (0, 0), newlines: 0, space: false, fresh: true, pieces: Vec::new() };
    if text.starts_with('\u{feff}') {
        cutter.at = '\u{feff}'.len_utf8();
    }
    while cutter.at < text.len() {
        cutter.step()?;
    }
    Ok(cutter.pieces)
}

/// The column at the end of a line's beginning.
pub(super) fn width(text: &str) -> usize {
    advance(0, text)
}

/// The column behind a text that begins in one.
fn advance(column: usize, text: &str) -> usize {
    text.chars().fold(column, |column, it| if it == '\t' { (column / 8 + 1) * 8 } else { column + 1 })
}

struct Cutter<'a> {
    text: &'a str,
    at: usize,
    /// Where the current line begins.
    line: usize,
    /// An offset and its column, from which others in its line are counted.
    measured: (usize, usize),
    newlines: usize,
    space: bool,
    /// Whether the line has no token yet, so that a `#` begins a directive.
    fresh: bool,
    pieces: Vec<Piece<'a>>,
}

impl<'a> Cutter<'a> {
    fn step(&mut self) -> Result<(), Stuck> {
        let bytes = self.text.as_bytes();
        match lex::class(bytes[self.at]) {
            Class::Newline => {
                self.at += 1;
                self.line = self.at;
                self.newlines += 1;
                self.space = true;
                self.fresh = true;
            }
            Class::Blank | Class::OddBlank => {
                self.at += 1;
                self.space = true;
            }
            Class::Hash if self.fresh && lex::is_hash(bytes, self.at) => self.directive()?,
            Class::Slash if matches!(bytes.get(self.at + 1), Some(b'/' | b'*')) => self.comment()?,
            _ => self.token()?,
        }
        Ok(())
    }

    fn push(&mut self, kind: Kind, end: usize) {
        let text = &self.text[self.at..end];
        let column = self.column();
        let (newlines, space) = (self.newlines, self.space);
        self.pieces.push(Piece { kind, text, newlines, space, column });
        if let Some(last) = text.rfind('\n') {
            self.line = self.at + last + 1;
        }
        (self.at, self.newlines, self.space) = (end, 0, false);
    }

    /// The column of the next piece. A line may be as long as the file, so it is not counted from its beginning.
    fn column(&mut self) -> usize {
        if self.measured.0 < self.line {
            self.measured = (self.line, 0);
        }
        let (at, column) = self.measured;
        self.measured = (self.at, advance(column, &self.text[at..self.at]));
        self.measured.1
    }

    fn comment(&mut self) -> Result<(), Stuck> {
        let end = self.comment_end(self.at)?;
        let block = self.text[self.at..].starts_with("/*");
        let text = if block { end } else { self.at + without_blanks(&self.text[self.at..end]).len() };
        self.push(if block { Kind::Block } else { Kind::Line }, text);
        self.at = end;
        Ok(())
    }

    /// Where the comment at an offset ends, continued lines included.
    fn comment_end(&self, at: usize) -> Result<usize, Stuck> {
        match lex::comment_end(self.text.as_bytes(), at) {
            Comment::Unterminated => Err(Stuck::Comment(at)),
            Comment::Ends(mut end) => {
                let block = self.text[at..].starts_with("/*");
                while !block && end < self.text.len() && is_continued(&self.text[at..end]) {
                    end = self.line_end(end + 1);
                }
                Ok(end)
            }
            Comment::None => Ok(at + 1),
        }
    }

    fn line_end(&self, at: usize) -> usize {
        self.text[at..].find('\n').map_or(self.text.len(), |it| at + it)
    }

    fn token(&mut self) -> Result<(), Stuck> {
        let bytes = self.text.as_bytes();
        let (kind, end) = self.imported().unwrap_or_else(|| {
            let (kind, end) = lex::token(bytes, self.at);
            let kind = match kind {
                lex::Kind::Name => Kind::Word,
                lex::Kind::Mark if end == self.at + 1 => Kind::Mark,
                lex::Kind::Unterminated => Kind::Rest,
                _ => Kind::Other,
            };
            (kind, end)
        });
        if self.text[self.at..end].ends_with('\\') {
            let behind = self.text[end..].trim_start_matches(|it: char| it.is_whitespace() && it != '\n');
            // It would be continued by the end of line that every file gets.
            if behind.trim().is_empty() {
                return Err(Stuck::Unfinished(end - 1));
            }
            if behind.starts_with('\n') {
                return Err(Stuck::Continued(end - 1));
            }
        }
        self.push(kind, end);
        self.fresh = false;
        Ok(())
    }

    /// The file name between angle brackets which `import` announced.
    fn imported(&self) -> Option<(Kind, usize)> {
        let rest = self.text[self.at..].strip_prefix('<')?;
        self.pieces.last().filter(|it| it.is_word() && ImportKind::find(it.text).is_some())?;
        let end = rest.find(['>', '\n']).unwrap_or(rest.len());
        let name = &rest[..end];
        let comment = name.find("//").into_iter().chain(name.find("/*")).min();
        Some(match comment {
            None if rest[end..].starts_with('>') => (Kind::Other, self.at + end + 2),
            None => (Kind::Rest, self.at + 1 + name.trim_end().len()),
            Some(at) => (Kind::Rest, self.at + 1 + name[..at].trim_end().len()),
        })
    }

    fn directive(&mut self) -> Result<(), Stuck> {
        let end = self.directive_end()?;
        let text = &self.text[self.at..end];
        let written = without_blanks(text);
        if end == self.text.len() && written.ends_with('\\') {
            return Err(Stuck::Unfinished(self.at + written.len() - 1));
        }
        let leaves_out = words_of(text) == ["if", "0"];
        self.push(Kind::Directive, self.at + written.len());
        self.at = end;
        if leaves_out && end < self.text.len() {
            self.left_out(end + 1)?;
        }
        Ok(())
    }

    fn directive_end(&self) -> Result<usize, Stuck> {
        let bytes = self.text.as_bytes();
        let mut at = self.at;
        while at < bytes.len() {
            at = match lex::class(bytes[at]) {
                Class::Newline if !is_continued(&self.text[self.at..at]) => break,
                Class::Quote => lex::literal(bytes, at).1,
                Class::Slash => self.comment_end(at)?,
                _ => at + 1,
            };
        }
        Ok(at)
    }

    /// The lines from `start` up to the directive that ends what `#if 0` leaves out.
    fn left_out(&mut self, start: usize) -> Result<(), Stuck> {
        let bytes = self.text.as_bytes();
        let (mut at, mut depth) = (start, 0);
        let mut end = bytes.len();
        while at < bytes.len() {
            let line = at;
            at += self.text[at..].len() - self.text[at..].trim_start_matches([' ', '\t', '\r', '\x0b', '\x0c']).len();
            if lex::is_hash(bytes, at) {
                let words = words_of(&self.text[at..self.line_end(at)]);
                match words.first().map_or("", String::as_str) {
                    "if" | "ifdef" | "ifndef" => depth += 1,
                    "else" | "elif" | "elifdef" | "elifndef" | "endif" if depth == 0 => {
                        end = line;
                        break;
                    }
                    "endif" => depth -= 1,
                    _ => {}
                }
            }
            at = self.left_out_line_end(at)? + 1;
        }
        let text = self.text[start..end].trim_end_matches('\n');
        let empty = end - start - text.len();
        (self.at, self.line, self.newlines, self.space) = (start, start, 1, true);
        if text.is_empty() {
            self.newlines += empty;
        } else {
            self.push(Kind::Verbatim, start + text.len());
            // The ends of lines that were cut off stand before whatever comes next.
            (self.newlines, self.space) = (empty, true);
        }
        (self.at, self.line, self.fresh) = (end, end, true);
        Ok(())
    }

    /// The end of a line that is left out; only comments go over several lines.
    fn left_out_line_end(&self, mut at: usize) -> Result<usize, Stuck> {
        let bytes = self.text.as_bytes();
        while at < bytes.len() {
            at = match lex::class(bytes[at]) {
                Class::Newline => break,
                Class::Quote => lex::literal(bytes, at).1,
                Class::Slash => self.comment_end(at)?,
                _ => at + 1,
            };
        }
        Ok(at)
    }
}

/// Whether a line goes on behind its end.
fn is_continued(line: &str) -> bool {
    without_blanks(line).ends_with('\\')
}

/// A text without the blanks at its end. An empty line that a backslash joined to it remains.
fn without_blanks(text: &str) -> &str {
    text.trim_end_matches([' ', '\t', '\r', '\x0b', '\x0c'])
}

/// The words of a directive without its `#` and comments.
fn words_of(directive: &str) -> Vec<String> {
    let mut words = Vec::new();
    let bytes = directive.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        at = match lex::class(bytes[at]) {
            Class::Newline | Class::Blank | Class::OddBlank => at + 1,
            Class::Slash if matches!(bytes.get(at + 1), Some(b'/' | b'*')) => match lex::comment_end(bytes, at) {
                Comment::Ends(end) => end,
                _ => bytes.len(),
            },
            _ => {
                let (_, end) = lex::token(bytes, at);
                words.push(directive[at..end].to_owned());
                end
            }
        }
    }
    words
}
