//! Excerpts of the source under a diagnostic, laid out by `codespan-reporting`.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use codespan_reporting::diagnostic as codespan;
use codespan_reporting::files::{Error, Files};
use codespan_reporting::term::{self, Chars, Config, termcolor::Ansi};

use super::{Resolved, ResolvedLabel, clean, is_harmful};
use crate::diag::Severity;
use crate::source::{FileId, Sources};

/// Lines that a label may cover; of a longer one only the first line is marked.
const MOST_LINES: usize = 12;

/// Bytes of a line that are shown; of a longer one only what is around the label.
const LONGEST_LINE: usize = 400;

/// Macros and includes that are listed.
const MOST_STEPS: usize = 4;

/// Writes diagnostics, and remembers the lines of the files it has shown.
pub(super) struct Excerpts<'a> {
    sources: &'a Sources,
    /// By the address of the text: parts of a file and its inclusions share one.
    texts: HashMap<*const u8, Text<'a>>,
    config: Config,
}

/// A text as it is shown.
struct Text<'a> {
    text: Cow<'a, str>,
    /// Where each line starts.
    lines: Vec<usize>,
}

impl<'a> Excerpts<'a> {
    pub(super) fn new(sources: &'a Sources) -> Excerpts<'a> {
        let config = Config { chars: Chars::ascii(), ..Config::default() };
        Excerpts { sources, texts: HashMap::new(), config }
    }

    /// Appends one diagnostic.
    pub(super) fn write(&mut self, out: &mut String, it: &Resolved, colour: bool) {
        let macros = it.macros.iter().filter_map(|it| it.inside.as_ref()).take(MOST_STEPS);
        let others = it.secondary.iter().chain(macros);
        let labels: Vec<&ResolvedLabel> = it.primary.iter().chain(others).collect();
        for label in &labels {
            self.prepare(label.place.file);
        }
        let view = View { excerpts: self, focus: &labels };
        let diagnostic = codespan::Diagnostic {
            severity: match it.severity {
                Severity::Warning => codespan::Severity::Warning,
                Severity::Error => codespan::Severity::Error,
            },
            code: Some(it.code.to_string()),
            message: it.message.clone(),
            labels: labels
                .iter()
                .enumerate()
                .filter_map(|(index, label)| view.label(label, index == 0 && it.primary.is_some()))
                .collect(),
            notes: footers(it),
        };
        let written = if colour {
            let mut bytes = Ansi::new(Vec::new());
            term::emit_to_write_style(&mut bytes, &self.config, &view, &diagnostic)
                .map(|()| out.push_str(&String::from_utf8_lossy(&bytes.into_inner())))
        } else {
            // The layout leaves blanks at the ends of lines, which nobody sees but in a comparison.
            term::emit_into_string(&self.config, &view, &diagnostic)
                .map(|it| it.lines().for_each(|line| out.extend([line.trim_end(), "\n"])))
        };
        written.expect("every label is within its file, and a string takes all that is written");
    }

    fn prepare(&mut self, file: FileId) {
        let text = &*self.sources.get(file).text;
        self.texts.entry(text.as_ptr()).or_insert_with(|| Text {
            text: displayable(text),
            lines: [0].into_iter().chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect(),
        });
    }

    fn text(&self, file: FileId) -> Result<&Text<'a>, Error> {
        self.texts.get(&self.sources.get(file).text.as_ptr()).ok_or(Error::FileMissing)
    }
}

/// The text with other characters of the same length for those that a terminal would obey.
fn displayable(text: &str) -> Cow<'_, str> {
    let harmful = |it: char| it != '\n' && it != '\t' && is_harmful(it);
    if !text.contains(|it| it != '\r' && harmful(it)) {
        return Cow::Borrowed(text);
    }
    let replace = |it: char| match it.len_utf8() {
        _ if !harmful(it) => it,
        1 => ' ',
        2 => '\u{b7}',
        _ => char::REPLACEMENT_CHARACTER,
    };
    Cow::Owned(text.chars().map(replace).collect())
}

/// What stands below the excerpt: notes, the macros and includes, help.
fn footers(it: &Resolved) -> Vec<String> {
    let mut footers: Vec<String> = it.notes.iter().map(|it| format!("note: {it}")).collect();
    for (index, it) in it.macros.iter().enumerate() {
        if it.inside.is_none() && index < MOST_STEPS {
            footers.push(format!("note: in an argument of macro `{}`", it.name));
        }
    }
    if it.macros.len() > MOST_STEPS {
        footers.push(format!("note: and inside {} more macros", it.macros.len() - MOST_STEPS));
    }
    let shown = if it.includes.len() > MOST_STEPS { MOST_STEPS - 1 } else { it.includes.len() };
    let hidden = it.includes.len().saturating_sub(MOST_STEPS);
    for (index, include) in it.includes.iter().enumerate() {
        if index == shown && hidden > 0 {
            footers.push(format!("note: through {hidden} more includes"));
        }
        if index < shown || index + 1 == it.includes.len() {
            footers.push(format!("note: included from {}:{}", clean(&include.file), include.line));
        }
    }
    footers.extend(it.help.iter().map(|it| format!("help: {it}")));
    footers
}

/// The files during one diagnostic.
struct View<'e, 'a> {
    excerpts: &'e Excerpts<'a>,
    /// What must be visible on lines that are too long.
    focus: &'e [&'e ResolvedLabel],
}

impl View<'_, '_> {
    /// The label as it is drawn; `None` if it is outside of what is shown of its line.
    fn label(&self, it: &ResolvedLabel, primary: bool) -> Option<codespan::Label<FileId>> {
        let text = self.excerpts.text(it.place.file).ok()?;
        let (start, mut end) = (it.place.start as usize, it.place.end as usize);
        // A range that ends with a line is not one that goes on in the next.
        while end > start && text.text.as_bytes()[end - 1] == b'\n' {
            end -= 1;
        }
        let lines = text.line_of(start)..=text.line_of(end);
        let shown = self.shown(text, it.place.file, *lines.start());
        let too_long = lines.clone().count() > MOST_LINES
            || [lines.start(), lines.end()].iter().any(|it| text.line(**it).len() > LONGEST_LINE);
        if too_long {
            let line = text.line(*lines.start());
            let line_end = line.start + text.text[line].trim_end_matches(['\r', '\n']).len();
            end = end.min(shown.end).min(line_end).max(start);
        }
        let style = if primary { codespan::LabelStyle::Primary } else { codespan::LabelStyle::Secondary };
        let visible = shown.start <= start && start <= shown.end;
        visible.then(|| codespan::Label {
            style,
            file_id: it.place.file,
            range: start..end,
            message: it.text.replace('\n', " "),
        })
    }

    /// The part of a line that is shown: all of it, or what is around the first label on it.
    fn shown(&self, text: &Text<'_>, file: FileId, line: usize) -> Range<usize> {
        let range = text.line(line);
        if range.len() <= LONGEST_LINE {
            return range;
        }
        let here = |it: &&&ResolvedLabel| it.place.file == file && range.contains(&(it.place.start as usize));
        let centre = self.focus.iter().find(here).map_or(range.start, |it| it.place.start as usize);
        let start = text.text.floor_char_boundary(centre.saturating_sub(LONGEST_LINE / 4)).max(range.start);
        let end = text.text.floor_char_boundary(centre + LONGEST_LINE / 2).min(range.end);
        start..end
    }
}

impl Text<'_> {
    fn line_of(&self, offset: usize) -> usize {
        self.lines.partition_point(|it| *it <= offset) - 1
    }

    /// A line with its newline.
    fn line(&self, index: usize) -> Range<usize> {
        self.lines[index]..self.lines.get(index + 1).copied().unwrap_or(self.text.len())
    }
}

impl<'f> Files<'f> for View<'_, '_> {
    type FileId = FileId;
    type Name = String;
    type Source = &'f str;

    fn name(&'f self, id: FileId) -> Result<String, Error> {
        Ok(clean(&self.excerpts.sources.get(id).name))
    }

    fn source(&'f self, id: FileId) -> Result<&'f str, Error> {
        Ok(&self.excerpts.text(id)?.text)
    }

    fn line_index(&'f self, id: FileId, offset: usize) -> Result<usize, Error> {
        Ok(self.excerpts.text(id)?.line_of(offset))
    }

    fn line_number(&'f self, id: FileId, index: usize) -> Result<usize, Error> {
        let offset = self.excerpts.text(id)?.line(index).start;
        Ok(self.excerpts.sources.line_column(id, offset as u32).0 as usize)
    }

    fn column_number(&'f self, id: FileId, _: usize, offset: usize) -> Result<usize, Error> {
        Ok(self.excerpts.sources.line_column(id, offset as u32).1 as usize)
    }

    fn line_range(&'f self, id: FileId, index: usize) -> Result<Range<usize>, Error> {
        let text = self.excerpts.text(id)?;
        if index >= text.lines.len() {
            return Err(Error::LineTooLarge { given: index, max: text.lines.len() - 1 });
        }
        Ok(self.shown(text, id, index))
    }
}
