//! From preprocessed text back to files.

use crate::source::Place;
use crate::span::Span;

/// Where every byte of the preprocessed text comes from.
#[derive(Clone, Debug, Default)]
pub struct Origins {}

/// Where a span comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Origin {
    /// The outermost place: for text that a macro made, the macro's use.
    pub place: Place,
    /// The macros it came through, the innermost first.
    pub macros: Vec<Expansion>,
}

/// One macro on the way from a file to the text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Expansion {
    /// Its name.
    pub name: String,
    /// The token in its body, or where it was used inside another macro's body.
    pub inside: Option<Place>,
}

impl Origins {
    /// Where a span comes from.
    pub fn resolve(&self, _span: Span) -> Option<Origin> {
        None
    }
}
