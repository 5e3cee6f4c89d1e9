//! The catalogue of diagnostics: a row for each kind of mistake.
//!
//! Numbers are stable: a retired number is not given to anything else. Rows stand in one file for each part of the
//! compiler, and each has a case in `tests/cases/bad` named after its code.

pub mod command;
pub mod constructors;
pub mod messages;
pub mod output;
pub mod preprocess;
pub mod routines;
pub mod syntax;
pub mod types;

use std::fmt;

/// How serious a diagnostic is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Severity {
    /// Output is written all the same.
    Warning,
    /// Nothing is written.
    Error,
}

/// A row of the catalogue.
#[derive(PartialEq, Eq, Debug)]
pub struct Code {
    /// Its stable number.
    pub number: u16,
    /// What it is unless a dialect is stricter.
    pub severity: Severity,
    /// The mistake in a few words.
    pub title: &'static str,
    /// What `mig-cli explain` prints: why it is a mistake, an example, and how to mend it. Markdown.
    pub explanation: &'static str,
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "M{:04}", self.number)
    }
}

/// The whole catalogue, in the order of the numbers.
pub fn all() -> impl Iterator<Item = &'static Code> {
    let parts = [
        preprocess::ALL,
        syntax::ALL,
        types::ALL,
        constructors::ALL,
        routines::ALL,
        messages::ALL,
        output::ALL,
        command::ALL,
    ];
    parts.into_iter().flatten().copied()
}

/// The row of a code as it is printed, `M0301`; the letter and leading zeros may be left out.
pub fn find(name: &str) -> Option<&'static Code> {
    let digits = name.strip_prefix(['M', 'm']).unwrap_or(name);
    let number = digits.parse::<u16>().ok()?;
    all().find(|it| it.number == number)
}

/// Declares rows: `NAME = number, severity, "title", "explanation";`.
macro_rules! codes {
    ($($name:ident = $number:literal, $severity:ident, $title:literal, $explanation:literal;)*) => {
        $(
            #[doc = $title]
            pub static $name: $crate::diag::codes::Code = $crate::diag::codes::Code {
                number: $number,
                severity: $crate::diag::codes::Severity::$severity,
                title: $title,
                explanation: $explanation,
            };
        )*
        /// Every row of this part.
        pub static ALL: &[&$crate::diag::codes::Code] = &[$(&$name),*];
    };
}
pub(crate) use codes;
