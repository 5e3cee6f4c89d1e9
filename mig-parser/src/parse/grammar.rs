//! The pest grammar behind a function that cannot overflow the stack, and its pairs with places in the whole text.

use std::ops::Range;

use pest::Parser;
use pest::error::{Error, ErrorVariant, InputLocation};
use pest::iterators::Pair;
use pest_derive::Parser;

use super::input::Input;
use super::limits;
use crate::span::{Span, Spanned};

// The derived enumeration is public and cannot say so only inside this crate.
#[allow(unreachable_pub, missing_docs)]
mod generated {
    use super::*;

    #[derive(Parser)]
    #[grammar = "grammar.pest"]
    pub struct Grammar;
}
use generated::Grammar;
pub(super) use generated::Rule;

/// A grammar rule with its text.
#[derive(Clone)]
pub(super) struct Node<'a> {
    pair: Pair<'a, Rule>,
    base: u32,
}

/// Why tokens do not form a rule.
pub(super) enum Mismatch {
    /// At a place, something else was expected.
    Expected(usize, Vec<Rule>),
    /// A token nests deeper than pest may be allowed to go.
    TooDeep(usize),
}

/// Parses tokens as one rule.
pub(super) fn parse_rule<'a>(input: &Input<'a>, rule: Rule, tokens: Range<usize>) -> Result<Node<'a>, Mismatch> {
    if let Some(it) = limits::first_too_deep(input, tokens.clone()) {
        return Err(Mismatch::TooDeep(it));
    }
    let span = input.span_of(tokens);
    match Grammar::parse(rule, &input.text[span.range()]) {
        Ok(mut it) => Ok(Node { pair: it.next().expect("a rule that matches is a pair"), base: span.start }),
        Err(it) => Err(mismatch(it, span.start as usize)),
    }
}

fn mismatch(error: Error<Rule>, base: usize) -> Mismatch {
    let (InputLocation::Pos(at) | InputLocation::Span((at, _))) = error.location;
    match error.variant {
        ErrorVariant::ParsingError { positives, .. } => Mismatch::Expected(base + at, positives),
        ErrorVariant::CustomError { .. } => Mismatch::Expected(base + at, vec![]),
    }
}

impl<'a> Node<'a> {
    pub(super) fn rule(&self) -> Rule {
        self.pair.as_rule()
    }

    /// Its text; blanks that the grammar skipped behind it are no part of it.
    pub(super) fn text(&self) -> &'a str {
        self.pair.as_str().trim_end()
    }

    pub(super) fn span(&self) -> Span {
        let start = self.base + self.pair.as_span().start() as u32;
        Span::new(start, start + self.text().len() as u32)
    }

    /// A value that was written here.
    pub(super) fn spanned<T>(&self, value: T) -> Spanned<T> {
        Spanned { value, span: self.span() }
    }

    /// Its parts, without the punctuation between them.
    pub(super) fn parts(self) -> impl Iterator<Item = Node<'a>> {
        let base = self.base;
        self.pair.into_inner().filter(|it| !is_punctuation(it.as_rule())).map(move |pair| Node { pair, base })
    }

    /// Its parts when their number is fixed.
    pub(super) fn exactly<const N: usize>(self) -> [Node<'a>; N] {
        let mut parts = self.parts();
        std::array::from_fn(|_| parts.next().expect("the grammar fixes the number of parts"))
    }

    /// Its only part.
    pub(super) fn only(self) -> Node<'a> {
        let [it] = self.exactly();
        it
    }
}

fn is_punctuation(rule: Rule) -> bool {
    use Rule::*;
    matches!(
        rule,
        colon
            | semicolon
            | comma
            | equals
            | pipe
            | caret
            | left_paren
            | right_paren
            | left_bracket
            | right_bracket
            | left_brace
            | right_brace
            | kw_array
            | kw_struct
            | kw_of
            | kw_c_string
            | EOI
    )
}
