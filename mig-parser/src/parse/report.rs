//! The mistakes of one run, bounded in number and in the order of the text.

use crate::diag::codes::syntax;
use crate::diag::{At, Diagnostic, Diagnostics};
use crate::span::Span;

/// Takes the mistakes of a run and keeps their number bounded.
pub(crate) struct Report<'a> {
    diagnostics: &'a mut Diagnostics,
    /// How many diagnostics of earlier stages there are.
    before: usize,
    found: usize,
}

/// Nobody reads more, and garbage would fill the memory with them.
const MOST_MISTAKES: usize = 50;

impl<'a> Report<'a> {
    pub(crate) fn new(diagnostics: &'a mut Diagnostics) -> Report<'a> {
        Report { before: diagnostics.0.len(), diagnostics, found: 0 }
    }

    /// Adds a mistake; it is not even made when there are too many.
    pub(crate) fn push(&mut self, mistake: impl FnOnce() -> Diagnostic) {
        self.found += 1;
        if self.found <= MOST_MISTAKES {
            self.diagnostics.push(mistake());
        }
    }

    /// Whether the last mistake so far stands at a place or behind it.
    pub(crate) fn reaches(&self, place: Span) -> bool {
        let last = self.diagnostics.0.last().map(|it| it.primary.at);
        self.found > 0 && matches!(last, Some(At::Text(it)) if it.end >= place.end)
    }

    /// Puts them into the order of the text, and says how many were left out.
    pub(crate) fn finish(self) {
        self.diagnostics.0[self.before..].sort_by_key(|it| match it.primary.at {
            At::Text(it) => it.start,
            At::File(_) | At::Nowhere => 0,
        });
        let omitted = self.found.saturating_sub(MOST_MISTAKES);
        if omitted > 0 {
            let last = self.diagnostics.0.last().expect("there are more mistakes than are shown").primary.at;
            let message = format!("{omitted} more errors are not shown");
            self.diagnostics.push(Diagnostic::new(&syntax::TOO_MANY_ERRORS, last, message).label("the last one shown"));
        }
    }
}
