//! Reading a file: live text, skipped groups, and the tokens of directives and macro calls.

use std::path::PathBuf;
use std::sync::Arc;

use super::buffers::{BufferId, Buffers, Logical, Token};
use super::conditional::Conditional;
use super::lex::{self, Class, Comment, Kind};
use super::{Preprocessor, Run};
use crate::diag::Diagnostic;
use crate::diag::codes::preprocess as codes;
use crate::source::Place;

/// A file that is being read.
pub(super) struct Reader {
    pub(super) buffer: BufferId,
    pub(super) logical: Logical,
    /// The next byte of the logical text.
    pub(super) at: usize,
    /// What the current line has shown up to here.
    pub(super) seen: Seen,
    /// The open conditionals, the innermost last.
    pub(super) conditionals: Vec<Conditional>,
    /// Where a quoted include is looked for first.
    pub(super) dir: PathBuf,
    /// Which directory of the search list this file was found in.
    pub(super) found_in: Option<usize>,
    pub(super) guard: Guard,
}

/// What stands on a line.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    Nothing,
    Comment,
    Token,
}

/// Whether the whole file is inside one `#ifndef`.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Guard {
    /// Nothing but blanks and comments so far.
    Possible,
    /// Inside the outermost conditional, which tests this macro.
    Open(Arc<str>),
    /// Behind the end of that conditional.
    Closed(Arc<str>),
    /// There is no guard.
    No,
}

impl Reader {
    pub(super) fn new(buffer: BufferId, logical: Logical, dir: PathBuf, found_in: Option<usize>) -> Reader {
        let byte_order_mark = if logical.text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        Reader {
            buffer,
            logical,
            at: byte_order_mark,
            seen: Seen::Nothing,
            conditionals: Vec::new(),
            dir,
            found_in,
            guard: Guard::Possible,
        }
    }

    /// Whether the innermost conditional leaves out what follows.
    pub(super) fn skipping(&self) -> bool {
        self.conditionals.last().is_some_and(|it| !it.live)
    }

    /// Steps over the newline, if this is not the end of the file.
    pub(super) fn end_line(&mut self) {
        self.at = (self.at + 1).min(self.logical.text.len());
        self.seen = Seen::Nothing;
    }

    /// Notes that something stands here which, outside of the guard, makes it none.
    pub(super) fn note_content(&mut self) {
        if matches!(self.guard, Guard::Possible | Guard::Closed(_)) {
            self.guard = Guard::No;
        }
    }
}

impl Preprocessor<'_, '_> {
    /// Reads a file to its end, or to an include that has entered another file.
    pub(super) fn read(&mut self, reader: &mut Reader) -> Run {
        let text = reader.logical.text.clone();
        while reader.at < text.len() && self.entered.is_none() {
            if reader.skipping() {
                self.skip_group(reader, text.as_bytes())?;
            } else {
                self.live_line(reader, &text)?;
            }
        }
        Ok(())
    }

    /// Copies a line of live text, expanding macros, or obeys the directive on it.
    fn live_line(&mut self, reader: &mut Reader, text: &str) -> Run {
        let bytes = text.as_bytes();
        // What is between here and `reader.at` has yet to be copied; its last token is of this kind.
        let mut copied = reader.at;
        let mut last = None;
        while let Some(byte) = bytes.get(reader.at) {
            match lex::class(*byte) {
                Class::Blank => reader.at += 1,
                Class::Newline => break,
                Class::OddBlank => {
                    self.copy(reader, text, copied, last.take());
                    self.output.blank();
                    reader.at += 1;
                    copied = reader.at;
                }
                Class::Slash if lex::begins_comment(bytes, reader.at) => {
                    self.copy(reader, text, copied, last.take());
                    self.keep_comment(reader, text)?;
                    copied = reader.at;
                }
                Class::Hash if reader.seen != Seen::Token && lex::is_hash(bytes, reader.at) => {
                    self.output.drop_line();
                    return self.directive(reader, false);
                }
                class => {
                    let (kind, end) = lex::token(bytes, reader.at);
                    reader.seen = Seen::Token;
                    reader.note_content();
                    if class == Class::Letter
                        && kind == Kind::Name
                        && let Some(found) = self.macros.find(&text[reader.at..end])
                    {
                        self.copy(reader, text, copied, last.take());
                        copied = reader.at;
                        let name = Buffers::lex(bytes, reader.buffer, reader.at, false);
                        reader.at = end;
                        if self.expand_live(reader, name, found)? {
                            copied = reader.at;
                            continue;
                        }
                    }
                    reader.at = end;
                    last = Some(kind);
                }
            }
        }
        self.copy(reader, text, copied, last);
        self.end_live_line(reader)
    }

    fn end_live_line(&mut self, reader: &mut Reader) -> Run {
        if reader.seen == Seen::Nothing {
            self.output.detach_comments();
        }
        if reader.at < reader.logical.text.len() {
            self.output.end_line(self.buffers.place_in(reader.buffer, reader.at, reader.at + 1));
        }
        reader.end_line();
        self.check_output(reader)
    }

    /// Copies the text up to the current position; `last` is the kind of the last token in it.
    fn copy(&mut self, reader: &Reader, text: &str, mut from: usize, last: Option<Kind>) {
        while from < reader.at {
            let to = reader.logical.next_splice(from).map_or(reader.at, |it| it.min(reader.at));
            self.output.verbatim(&text[from..to], self.buffers.place_in(reader.buffer, from, to));
            from = to;
        }
        self.output.last = last.or(self.output.last);
    }

    /// Puts the comment at the current position aside.
    fn keep_comment(&mut self, reader: &mut Reader, text: &str) -> Run {
        let start = reader.at;
        self.skip_blanks(reader, true)?;
        let own_line = reader.seen != Seen::Token;
        let place = self.buffers.place_in(reader.buffer, start, reader.at);
        self.output.comment(&text[start..reader.at], place, own_line);
        self.output.blank();
        if own_line {
            reader.seen = Seen::Comment;
        }
        Ok(())
    }

    /// Steps over blanks and comments, or over just the one comment that begins here.
    pub(super) fn skip_blanks(&mut self, reader: &mut Reader, one_comment: bool) -> Run {
        let bytes = reader.logical.text.as_bytes();
        let gap = match one_comment.then(|| lex::comment_end(bytes, reader.at)) {
            Some(Comment::Ends(end)) => lex::Gap { end, unterminated: None },
            _ => lex::gap(bytes, reader.at),
        };
        reader.at = gap.end;
        let Some(start) = gap.unterminated else { return Ok(()) };
        let place = self.buffers.place_in(reader.buffer, start, start + 2);
        let it = Diagnostic::new(&codes::UNTERMINATED_COMMENT, place, "this comment does not end");
        self.report(it.label("begins here").help("close it with `*/`; comments do not nest"))
    }

    /// Steps over lines that a conditional leaves out, up to the directive that ends them.
    pub(super) fn skip_group(&mut self, reader: &mut Reader, bytes: &[u8]) -> Run {
        while reader.at < bytes.len() && reader.skipping() {
            self.skip_blanks(reader, false)?;
            if lex::is_hash(bytes, reader.at) {
                let hash = reader.at;
                reader.at += 1;
                self.skip_blanks(reader, false)?;
                let word = reader.at..lex::word_end(bytes, reader.at);
                reader.at = word.end;
                if self.conditional(reader, hash, &bytes[word])? {
                    continue;
                }
            }
            self.skip_line(reader, bytes)?;
        }
        Ok(())
    }

    fn skip_line(&mut self, reader: &mut Reader, bytes: &[u8]) -> Run {
        while let Some(byte) = bytes.get(reader.at) {
            match lex::class(*byte) {
                Class::Newline => break,
                Class::Quote => reader.at = lex::literal(bytes, reader.at).1,
                Class::Slash if lex::begins_comment(bytes, reader.at) => {
                    self.skip_blanks(reader, true)?;
                }
                _ => reader.at += 1,
            }
        }
        reader.end_line();
        Ok(())
    }

    /// The tokens from here to the end of the line, which is stepped over.
    pub(super) fn rest_of_line(&mut self, reader: &mut Reader) -> Run<Vec<Token>> {
        let text = reader.logical.text.clone();
        let bytes = text.as_bytes();
        let mut tokens = Vec::new();
        loop {
            let before = reader.at;
            self.skip_blanks(reader, false)?;
            if matches!(bytes.get(reader.at), None | Some(b'\n')) {
                reader.end_line();
                return Ok(tokens);
            }
            let token = Buffers::lex(bytes, reader.buffer, reader.at, reader.at > before);
            reader.at = token.end as usize;
            tokens.push(token);
        }
    }

    /// Whether a `(` is the next token, perhaps on a later line, but not behind a directive.
    pub(super) fn call_follows(reader: &Reader) -> bool {
        let bytes = reader.logical.text.as_bytes();
        let mut at = lex::gap(bytes, reader.at).end;
        while bytes.get(at) == Some(&b'\n') {
            at = lex::gap(bytes, at + 1).end;
        }
        bytes.get(at) == Some(&b'(')
    }

    /// The next token of a call's arguments, on whatever line it stands. Directives between the lines are obeyed.
    pub(super) fn call_token(&mut self, reader: &mut Reader) -> Run<Option<Token>> {
        let text = reader.logical.text.clone();
        let bytes = text.as_bytes();
        let before = reader.at;
        loop {
            if reader.skipping() {
                self.skip_group(reader, bytes)?;
            }
            self.skip_blanks(reader, false)?;
            match bytes.get(reader.at) {
                None => return Ok(None),
                Some(b'\n') => reader.end_line(),
                Some(b'#') if reader.seen != Seen::Token && lex::is_hash(bytes, reader.at) => {
                    self.directive(reader, true)?;
                }
                Some(_) => {
                    reader.seen = Seen::Token;
                    let token = Buffers::lex(bytes, reader.buffer, reader.at, reader.at > before);
                    reader.at = token.end as usize;
                    return Ok(Some(token));
                }
            }
        }
    }

    /// Where a range of the file that is being read stands on disk.
    pub(super) fn place_of(&self, reader: &Reader, start: usize, end: usize) -> Place {
        self.buffers.place_in(reader.buffer, start, end)
    }
}
