//! How the preprocessor says that something is wrong.

use super::buffers::Token;
use super::{Preprocessor, Run, Stop};
use crate::diag::codes::{Severity, preprocess as codes};
use crate::diag::{Code, Diagnostic};

/// Bytes of a message or label; what they quote may be as long as a file.
const LONGEST_MESSAGE: usize = 400;

/// Macros that are shown on the way to a token.
const MOST_MACROS: usize = 4;

impl Preprocessor<'_, '_> {
    /// Adds a diagnostic, unless there are too many.
    pub(super) fn report(&mut self, mut it: Diagnostic) -> Run {
        self.spent.diagnostics += 1;
        if self.spent.diagnostics <= self.options.limits.diagnostics {
            shorten(&mut it.message);
            shorten(&mut it.primary.text);
            self.diagnostics.push(it);
            return Ok(());
        }
        let message = format!("more than {} diagnostics", self.options.limits.diagnostics);
        let next = Diagnostic::new(&codes::TOO_MANY_DIAGNOSTICS, it.primary.at, message);
        self.stop(next.label("the next one is here").help("mend the first ones; the others may follow from them"))
    }

    /// Adds the last diagnostic.
    pub(super) fn stop<T>(&mut self, it: Diagnostic) -> Run<T> {
        debug_assert!(it.severity == Severity::Error, "a run that stops has failed");
        self.diagnostics.push(it);
        Err(Stop)
    }

    /// A diagnostic about a token: where the file shows it, and the macros that brought it there.
    pub(super) fn at_token(&self, code: &'static Code, token: &Token, message: impl Into<String>) -> Diagnostic {
        let mut path = self.steps.path(self.buffers.place(token), token.step).into_iter();
        let in_file = path.next().expect("a path begins in a file");
        let it = Diagnostic::new(code, in_file.place, message);
        path.filter(|it| !it.argument).take(MOST_MACROS).fold(it, |it, station| match &station.through {
            Some(name) => it.also(station.place, format!("in the expansion of macro `{name}`")),
            None => it,
        })
    }
}

fn shorten(text: &mut String) {
    if text.len() > LONGEST_MESSAGE {
        text.truncate(text.floor_char_boundary(LONGEST_MESSAGE));
        text.push('…');
    }
}
