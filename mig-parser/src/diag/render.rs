//! Diagnostics as text.
//!
//! [`resolve`] leads a diagnostic from spans back to files, lines and columns; [`render`] makes text of that. Nothing
//! here depends on the terminal or the clock: the same input gives the same text.

mod excerpt;

use std::fmt::Write;

use super::{At, Code, Diagnostic, Label, Severity};
use crate::preprocess::{Origin, Origins};
use crate::source::{FileId, Place, Sources};

/// How diagnostics are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Style {
    /// With an excerpt of the source, for people.
    #[default]
    Plain,
    /// The same, with ANSI colours.
    Colour,
    /// `file:line:column: error[M0301]: message`, a line each, for editors.
    Short,
}

/// Writes diagnostics in their order.
pub fn render(diagnostics: &[Diagnostic], sources: &Sources, origins: &Origins, style: Style) -> String {
    let mut text = String::new();
    let mut excerpts = excerpt::Excerpts::new(sources);
    for it in diagnostics {
        let it = resolve(it, sources, origins);
        match style {
            Style::Plain | Style::Colour => excerpts.write(&mut text, &it, style == Style::Colour),
            Style::Short => text.push_str(&short(&it)),
        }
    }
    text
}

/// A diagnostic whose places are known: plain data, for instance for JSON.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Resolved {
    /// Which kind of mistake this is.
    pub code: &'static Code,
    /// How serious it is.
    pub severity: Severity,
    /// What is wrong, in one line.
    pub message: String,
    /// The exact token; `None` if the mistake is not in a file.
    pub primary: Option<ResolvedLabel>,
    /// Other places which explain it.
    pub secondary: Vec<ResolvedLabel>,
    /// Why it is wrong.
    pub notes: Vec<String>,
    /// What to do.
    pub help: Vec<String>,
    /// The macros which brought the token of `primary` there, the innermost first.
    pub macros: Vec<ResolvedMacro>,
    /// How the file of `primary` came to be read: the nearest `#include` first.
    pub includes: Vec<ResolvedInclude>,
}

/// A place in a file, and what is to be said about it. Lines and columns count from 1, columns in characters.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ResolvedLabel {
    /// The place in bytes, within the text and between characters.
    pub place: Place,
    /// Name of the file.
    pub file: String,
    /// Line of the first character.
    pub line: u32,
    /// Column of the first character.
    pub column: u32,
    /// Line of the end.
    pub end_line: u32,
    /// Column behind the last character.
    pub end_column: u32,
    /// A few words; may be empty.
    pub text: String,
}

/// A macro on the way to a token.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ResolvedMacro {
    /// Its name.
    pub name: String,
    /// The token in its body; `None` if the token was an argument.
    pub inside: Option<ResolvedLabel>,
}

/// Where a file was included from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ResolvedInclude {
    /// Name of the including file.
    pub file: String,
    /// The line of the `#include`.
    pub line: u32,
}

/// Finds the places of a diagnostic.
pub fn resolve(it: &Diagnostic, sources: &Sources, origins: &Origins) -> Resolved {
    let (place, macros) = origin(&it.primary, origins).map_or((None, Vec::new()), |it| (Some(it.place), it.macros));
    let in_expansion = |name: &str| format!("in the expansion of macro `{name}`");
    let macros = macros.into_iter().map(|it| ResolvedMacro {
        inside: it.inside.map(|place| label(place, in_expansion(&it.name), sources)),
        name: it.name,
    });
    let secondary = it.secondary.iter().filter_map(|it| {
        let origin = origin(it, origins)?;
        Some(label(origin.place, clean(&it.text), sources))
    });
    Resolved {
        code: it.code,
        severity: it.severity,
        message: clean(&it.message).replace('\n', " "),
        primary: place.map(|place| label(place, clean(&it.primary.text), sources)),
        secondary: secondary.collect(),
        notes: it.notes.iter().map(|it| clean(it)).collect(),
        help: it.help.iter().map(|it| clean(it)).collect(),
        macros: macros.collect(),
        includes: place.map_or(Vec::new(), |it| includes(it.file, sources)),
    }
}

fn origin(label: &Label, origins: &Origins) -> Option<Origin> {
    match label.at {
        At::Text(span) => origins.resolve(span),
        At::File(place) => Some(Origin { place, macros: Vec::new() }),
        At::Nowhere => None,
    }
}

/// A label at a place, which need not be within the text.
fn label(place: Place, text: String, sources: &Sources) -> ResolvedLabel {
    let file = sources.get(place.file);
    let mut start = file.text.floor_char_boundary(place.start as usize);
    let mut end = file.text.ceil_char_boundary(place.end as usize).max(start);
    if start == file.text.len() {
        // The end of a file is shown behind its last line, not on the empty one that follows it.
        start = file.text.trim_end().len().max(file.begin as usize);
        end = start;
    }
    let (line, column) = sources.line_column(place.file, start as u32);
    let (end_line, end_column) = sources.line_column(place.file, end as u32);
    let place = Place { start: start as u32, end: end as u32, ..place };
    ResolvedLabel { place, file: file.name.clone(), line, column, end_line, end_column, text }
}

fn includes(file: FileId, sources: &Sources) -> Vec<ResolvedInclude> {
    let mut chain = Vec::new();
    let mut next = sources.get(file).included_from;
    while let Some(place) = next {
        let file = sources.get(place.file);
        let (line, _) = sources.line_column(place.file, place.start);
        chain.push(ResolvedInclude { file: file.name.clone(), line });
        next = file.included_from;
    }
    chain
}

/// A text without characters which would do something to a terminal; what it quotes may come from any file.
fn clean(text: &str) -> String {
    text.replace(|it: char| it != '\n' && is_harmful(it), " ")
}

/// Whether a character controls a terminal or the direction of what follows it.
fn is_harmful(it: char) -> bool {
    it.is_control() || matches!(it, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The word for a severity.
fn severity_name(it: Severity) -> &'static str {
    match it {
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

fn short(it: &Resolved) -> String {
    let mut line = String::new();
    if let Some(at) = &it.primary {
        let _ = write!(line, "{}:{}:{}: ", clean(&at.file), at.line, at.column);
    }
    let _ = writeln!(line, "{}[{}]: {}", severity_name(it.severity), it.code, it.message);
    line
}
