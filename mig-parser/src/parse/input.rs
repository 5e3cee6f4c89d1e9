//! The text that is parsed, and its tokens.

use std::ops::Range;

use super::tokens::{Stray, Token};
use crate::span::Span;

/// Text and tokens.
#[derive(Clone, Copy)]
pub(super) struct Input<'a> {
    /// The text; whatever is no token is blank in it.
    pub(super) text: &'a str,
    /// Its tokens.
    pub(super) tokens: &'a [Token],
    /// What was blanked, in the order of the text.
    pub(super) strays: &'a [Stray],
}

impl<'a> Input<'a> {
    /// Text of a token.
    pub(super) fn text_of(&self, token: usize) -> &'a str {
        &self.text[self.tokens[token].span.range()]
    }

    /// Where some tokens stand. The place of none is the end of the token before.
    pub(super) fn span_of(&self, tokens: Range<usize>) -> Span {
        match &self.tokens[tokens.clone()] {
            [] => self.end_before(tokens.start),
            [first, .., last] => first.span.to(last.span),
            [only] => only.span,
        }
    }

    /// The empty place after the token before this one.
    pub(super) fn end_before(&self, token: usize) -> Span {
        match token.checked_sub(1) {
            Some(it) => self.tokens[it].span.at_end(),
            None => Span::default(),
        }
    }

    /// The token at a place, or the next one after it.
    pub(super) fn token_at(&self, place: usize) -> usize {
        self.tokens.partition_point(|it| it.span.end as usize <= place)
    }

    /// How a message quotes a token: the end of the file is one, too.
    pub(super) fn quote(&self, token: usize) -> String {
        match self.tokens.get(token) {
            None => "the end of the file".to_owned(),
            Some(_) => format!("`{}`", shorten(self.text_of(token))),
        }
    }

    /// Whether something between these tokens was blanked, and reported for that.
    pub(super) fn is_damaged(&self, tokens: Range<usize>) -> bool {
        let span = self.span_of(tokens);
        let next = self.strays.partition_point(|it| it.span.end <= span.start);
        self.strays.get(next).is_some_and(|it| it.span.start < span.end)
    }
}

/// Long tokens are cut, because a message is one line.
pub(super) fn shorten(text: &str) -> String {
    const LONGEST: usize = 48;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
