//! The preprocessed text while it grows.
//!
//! Live text is copied as it stands, in runs as long as possible. Directives and skipped groups leave nothing behind,
//! comments a blank, and of several empty lines one remains. Where a macro was expanded, a blank keeps apart what
//! would otherwise be read as one token.

use std::mem;

use super::buffers::Token;
use super::lex::{self, Kind};
use super::origins::Segment;
use super::{Comment, Origins};
use crate::source::Place;

#[derive(Default)]
pub(super) struct Output {
    text: String,
    segments: Vec<Segment>,
    comments: Vec<Comment>,
    /// Comments from this one on wait for the token that follows them.
    unsettled: usize,
    /// Comments before this one are not directly above the next token.
    detached: usize,
    /// Start of the current line in `text`.
    line: usize,
    /// Kind of the last token; of interest only beside an expansion.
    pub(super) last: Option<Kind>,
    /// Whether an expansion, perhaps an empty one, lies between the text so far and what follows.
    pub(super) seam: bool,
    /// Nothing is written: only the macros of a file are wanted.
    pub(super) muted: bool,
}

impl Output {
    /// Copies a stretch of a file.
    pub(super) fn verbatim(&mut self, text: &str, place: Place) {
        if self.muted || text.is_empty() {
            return;
        }
        let blanks = text.len() - text.trim_ascii_start().len();
        if blanks < text.len() {
            // Within a file only a splice can separate two stretches, and then they belong together.
            if mem::take(&mut self.seam) && blanks == 0 {
                let (kind, _) = lex::token(text.as_bytes(), 0);
                self.keep_apart((kind, text.as_bytes()[0]));
            }
            self.settle(blanks);
        }
        self.push(text, Segment::copy_of(place));
    }

    /// Writes a token of an expansion, with its text and where that comes from.
    pub(super) fn token(&mut self, token: &Token, text: &str, place: Place) {
        if self.muted {
            return;
        }
        if token.space {
            self.blank();
        }
        // A token which goes over a continued line is as little a copy as one that was made.
        let made = token.is_made() || (place.end - place.start) as usize != text.len();
        let segment = Segment { made, step: token.step, ..Segment::copy_of(place) };
        if !self.is_continued_by(&segment) {
            self.keep_apart((token.kind, text.as_bytes()[0]));
        }
        self.settle(0);
        self.push(text, segment);
        self.last = Some(token.kind);
        self.seam = true;
    }

    /// Writes a blank unless there is one, or the line is still empty.
    pub(super) fn blank(&mut self) {
        if !self.muted && self.text.len() > self.line && !self.text.ends_with([' ', '\t']) {
            self.text.push(' ');
        }
    }

    fn keep_apart(&mut self, next: (Kind, u8)) {
        let last = self.text.as_bytes()[self.line..].last();
        if let (Some(kind), Some(last)) = (self.last, last)
            && !last.is_ascii_whitespace()
            && lex::would_join((kind, *last), next)
        {
            self.text.push(' ');
        }
    }

    /// Whether a copy stood directly behind the text so far in a file, too.
    fn is_continued_by(&self, next: &Segment) -> bool {
        self.segments.last().is_some_and(|it| {
            !it.made
                && !next.made
                && it.end() as usize == self.text.len()
                && it.place.file == next.place.file
                && it.place.end == next.place.start
        })
    }

    /// Appends text, to the last segment if it goes on where that ends.
    fn push(&mut self, text: &str, mut next: Segment) {
        (next.at, next.len) = (self.text.len() as u32, text.len() as u32);
        let continued = self.is_continued_by(&next);
        self.text.push_str(text);
        match self.segments.last_mut() {
            Some(last) if continued && last.step == next.step => {
                last.len += next.len;
                last.place.end = next.place.end;
            }
            _ => self.segments.push(next),
        }
    }

    /// Ends the line with the newline at `place`. An empty line disappears if it is the second one in a row.
    pub(super) fn end_line(&mut self, place: Place) {
        self.last = None;
        self.seam = false;
        if self.muted {
            return;
        }
        let kept = self.text[self.line..].trim_ascii_end().len();
        let trimmed = self.line + kept < self.text.len();
        if trimmed {
            self.truncate(self.line + kept);
        }
        if kept == 0 && (self.text.is_empty() || self.text.ends_with("\n\n")) {
            return;
        }
        if trimmed {
            self.text.push('\n');
        } else {
            self.push("\n", Segment::copy_of(place));
        }
        self.line = self.text.len();
    }

    /// Ends the line if there is anything on it: what follows comes from elsewhere.
    pub(super) fn end_started_line(&mut self, place: Place) {
        if self.text.len() > self.line {
            self.end_line(place);
        }
    }

    /// Forgets the blanks of a line on which a directive stands.
    pub(super) fn drop_line(&mut self) {
        if !self.muted {
            self.truncate(self.line);
        }
    }

    fn truncate(&mut self, len: usize) {
        self.text.truncate(len);
        while self.segments.last().is_some_and(|it| it.at as usize >= len) {
            self.segments.pop();
        }
        if let Some(last) = self.segments.last_mut()
            && last.end() as usize > len
        {
            let cut = last.end() - len as u32;
            last.len -= cut;
            if !last.made {
                last.place.end -= cut;
            }
        }
        for comment in self.comments.iter_mut().rev().take_while(|it| it.at as usize > len) {
            comment.at = len as u32;
        }
    }

    /// Keeps a comment. One that follows a token on its line is not above anything.
    pub(super) fn comment(&mut self, text: &str, place: Place, own_line: bool) {
        if self.muted {
            return;
        }
        if !own_line {
            self.detached = self.comments.len() + 1;
        }
        let at = self.text.len() as u32;
        let text = text.trim_ascii_end().to_owned();
        self.comments.push(Comment { at, next: 0, text, place, attached: false });
    }

    /// The comments so far are not directly above what follows.
    pub(super) fn detach_comments(&mut self) {
        self.detached = self.comments.len();
    }

    /// A token comes after so many bytes of blanks: the comments before it are complete.
    fn settle(&mut self, blanks: usize) {
        let next = (self.text.len() + blanks) as u32;
        for index in mem::replace(&mut self.unsettled, self.comments.len())..self.comments.len() {
            self.comments[index].next = next;
            self.comments[index].attached = index >= self.detached;
        }
    }

    /// Bytes so far.
    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    /// The text, where it comes from except for the macros, and the comments.
    pub(super) fn finish(mut self) -> (String, Origins, Vec<Comment>) {
        let kept = self.text.trim_ascii_end().len();
        if kept < self.text.len() {
            self.truncate(kept);
            self.text.push('\n');
        }
        self.detach_comments();
        self.settle(0);
        (self.text, Origins { segments: self.segments, ..Origins::default() }, self.comments)
    }
}
