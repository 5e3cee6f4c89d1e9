//! What this stage has to say: bounded in number, in the order of the text, and without follow-ups.

use mig_parser::diag::codes::{messages, routines, syntax, types};
use mig_parser::diag::{At, Code, Diagnostic, Diagnostics, Severity};

/// Nobody reads more errors than this, or more warnings, and garbage would fill the memory with them.
const MOST: usize = 50;

/// What may seem wrong only because something is missing in the tree: a type, the subsystem, an argument, a mode.
const FOLLOW_UPS: [&Code; 7] = [
    &types::UNDECLARED,
    &types::DEALLOC_IN_LINE,
    &routines::NO_SUBSYSTEM,
    &routines::BEFORE_SUBSYSTEM,
    &routines::NO_REQUEST_PORT,
    &routines::REQUEST_PORT_TYPE,
    &messages::SAME_COUNT,
];

/// Errors of the parser that leave no gaps: everything is in the tree, but a dialect lacks it.
const COMPLETE: [&Code; 3] = [&syntax::OTHER_DIALECT, &syntax::RESERVED_BY_DIALECT, &syntax::TRAILER];

/// Takes the mistakes of a run.
pub(super) struct Report<'a> {
    diagnostics: &'a mut Diagnostics,
    /// How many diagnostics of earlier stages there are.
    before: usize,
    /// Something is missing in the tree.
    gaps: bool,
    /// How many errors there were, shown or not.
    pub(super) errors: usize,
    warnings: usize,
    /// How many errors and warnings were left out because there were too many.
    omitted: (usize, usize),
}

impl<'a> Report<'a> {
    pub(super) fn new(diagnostics: &'a mut Diagnostics) -> Report<'a> {
        let leaves_gap = |it: &Diagnostic| it.severity == Severity::Error && !COMPLETE.contains(&it.code);
        let gaps = diagnostics.0.iter().any(leaves_gap);
        let before = diagnostics.0.len();
        Report { diagnostics, before, gaps, errors: 0, warnings: 0, omitted: (0, 0) }
    }

    pub(super) fn push(&mut self, it: Diagnostic) {
        let (count, omitted) = match it.severity {
            Severity::Error => (&mut self.errors, &mut self.omitted.0),
            Severity::Warning => (&mut self.warnings, &mut self.omitted.1),
        };
        *count += 1;
        if self.gaps && FOLLOW_UPS.contains(&it.code) {
            return;
        }
        if *count > MOST {
            *omitted += 1;
        } else {
            self.diagnostics.push(it);
        }
    }

    /// Whether another error would be shown. Whoever goes to some length for one asks before.
    pub(super) fn has_room(&self) -> bool {
        self.errors < MOST
    }

    /// Puts them into the order of the text, and says how many were left out.
    pub(super) fn finish(&mut self) {
        self.diagnostics.0[self.before..].sort_by_key(|it| match it.primary.at {
            At::Text(it) => it.start,
            At::File(_) | At::Nowhere => 0,
        });
        let (errors, warnings) = self.omitted;
        if errors + warnings == 0 {
            return;
        }
        let what = match (errors, warnings) {
            (errors, 0) => format!("{errors} more errors"),
            (0, warnings) => format!("{warnings} more warnings"),
            (errors, warnings) => format!("{errors} more errors and {warnings} more warnings"),
        };
        let last = self.diagnostics.0.last().expect("many are shown").primary.at;
        let it =
            Diagnostic::new(&messages::TOO_MANY, last, format!("{what} are not shown")).label("the last one shown");
        self.diagnostics.push(if errors > 0 { it.as_error() } else { it });
    }
}
