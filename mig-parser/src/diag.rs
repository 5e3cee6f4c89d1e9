//! Diagnostics as values.
//!
//! Whatever is wrong with a definition becomes a [`Diagnostic`]; nothing in the compiler prints. One function,
//! [`render`](render::render), turns them into text, and only there are spans resolved to files.

pub mod codes;
pub mod render;

pub use codes::{Code, Severity};

use crate::source::Place;
use crate::span::Span;

/// Where a label points.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum At {
    /// Preprocessed text: everything after the preprocessor.
    Text(Span),
    /// A file: the preprocessor itself.
    File(Place),
    /// No place at all: a command line, a type table.
    Nowhere,
}

impl From<Span> for At {
    fn from(span: Span) -> At {
        At::Text(span)
    }
}

impl From<Place> for At {
    fn from(place: Place) -> At {
        At::File(place)
    }
}

/// A place and what is to be said about it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Label {
    /// Where.
    pub at: At,
    /// A few words; may be empty.
    pub text: String,
}

/// One thing that is wrong, or odd, in a definition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnostic {
    /// Which kind of mistake this is.
    pub code: &'static Code,
    /// How serious it is here; a strict dialect makes some warnings errors.
    pub severity: Severity,
    /// What is wrong, in one line without a full stop.
    pub message: String,
    /// The exact token.
    pub primary: Label,
    /// Other places which explain it.
    pub secondary: Vec<Label>,
    /// Why it is wrong.
    pub notes: Vec<String>,
    /// What to do.
    pub help: Vec<String>,
}

impl Diagnostic {
    /// A diagnostic of the code's own severity, with an empty label.
    pub fn new(code: &'static Code, at: impl Into<At>, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            code,
            severity: code.severity,
            message: message.into(),
            primary: Label { at: at.into(), text: String::new() },
            secondary: Vec::new(),
            notes: Vec::new(),
            help: Vec::new(),
        }
    }

    /// Says something at the exact token.
    pub fn label(mut self, text: impl Into<String>) -> Diagnostic {
        self.primary.text = text.into();
        self
    }

    /// Points at another place.
    pub fn also(mut self, at: impl Into<At>, text: impl Into<String>) -> Diagnostic {
        self.secondary.push(Label { at: at.into(), text: text.into() });
        self
    }

    /// Says why.
    pub fn note(mut self, text: impl Into<String>) -> Diagnostic {
        self.notes.push(text.into());
        self
    }

    /// Says what to do.
    pub fn help(mut self, text: impl Into<String>) -> Diagnostic {
        self.help.push(text.into());
        self
    }

    /// Suggests the candidate which looks most like `wrong`, if one looks like it at all.
    pub fn suggest<'a>(self, wrong: &str, candidates: impl IntoIterator<Item = &'a str>) -> Diagnostic {
        match closest(wrong, candidates) {
            Some(it) => self.help(format!("did you mean `{it}`?")),
            None => self,
        }
    }

    /// Makes it an error, where a strict mode demands that.
    pub fn as_error(mut self) -> Diagnostic {
        self.severity = Severity::Error;
        self
    }
}

/// What a stage of the compiler has to say.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl Diagnostics {
    /// Adds one.
    pub fn push(&mut self, it: Diagnostic) {
        self.0.push(it);
    }

    /// Adds all of another stage.
    pub fn append(&mut self, mut other: Diagnostics) {
        self.0.append(&mut other.0);
    }

    /// Whether output must be withheld.
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|it| it.severity == Severity::Error)
    }

    /// How many there are of a severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.0.iter().filter(|it| it.severity == severity).count()
    }
}

/// The candidate nearest to a misspelt word: at most a third of its letters may differ.
pub fn closest<'a>(wrong: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if wrong.len() > LONGEST_WORD {
        return None;
    }
    let limit = wrong.len().div_ceil(3).max(1);
    candidates
        .into_iter()
        .filter(|it| *it != wrong && it.len() <= LONGEST_WORD)
        .map(|it| (edit_distance(&wrong.to_ascii_lowercase(), &it.to_ascii_lowercase()), it))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, it)| it)
}

/// Words beyond this are no misspelling of anything, and comparing them would cost their square.
const LONGEST_WORD: usize = 64;

/// Insertions, deletions, replacements and swaps of neighbours that lead from one word to the other.
fn edit_distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    for (j, cell) in rows[0].iter_mut().enumerate() {
        *cell = j;
    }
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let replace = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            rows[i][j] = replace.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                rows[i][j] = rows[i][j].min(rows[i - 2][j - 2] + 1);
            }
        }
    }
    rows[a.len()][b.len()]
}
