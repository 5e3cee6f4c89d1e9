//! What is bounded before pest sees a text: its functions call each other once per level of nesting, and the syntax
//! tree is as deep as an expression is long.

use std::ops::Range;

use super::input::Input;
use super::tokens::TokenKind;

/// The deepest nesting of parentheses and brackets, of types, and of an expression.
pub(super) const DEEPEST: u32 = 100;

/// The first token which is nested too deeply.
pub(super) fn first_too_deep(input: &Input, mut tokens: Range<usize>) -> Option<usize> {
    let mut depth = Depth::default();
    tokens.find(|it| !depth.takes(input.tokens[*it].kind, || input.text_of(*it)))
}

#[derive(Default)]
struct Depth {
    parentheses: u32,
    types: u32,
    operators: u32,
}

impl Depth {
    /// Counts a token; false when it is one too many.
    fn takes<'a>(&mut self, kind: TokenKind, text: impl FnOnce() -> &'a str) -> bool {
        match kind {
            TokenKind::Punctuation(b'(' | b'[') => self.parentheses += 1,
            TokenKind::Punctuation(b')' | b']') => self.parentheses = self.parentheses.saturating_sub(1),
            TokenKind::Punctuation(b'^') => self.types += 1,
            TokenKind::Punctuation(b'+' | b'-' | b'*' | b'/') => self.operators += 1,
            TokenKind::Punctuation(b'=' | b';') => *self = Depth { parentheses: self.parentheses, ..Depth::default() },
            TokenKind::Word if text().eq_ignore_ascii_case("of") => {
                self.types += 1;
                self.operators = 0;
            }
            _ => {}
        }
        self.parentheses.max(self.types).max(self.operators) <= DEEPEST
    }
}
