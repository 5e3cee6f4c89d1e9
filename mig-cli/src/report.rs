//! Reports: collected, each said once, counted, and written in one of several forms.

pub(crate) mod json;

use std::collections::HashSet;

use mig_codegen::Compilation;
use mig_parser::Parsed;
use mig_parser::diag::render::{Resolved, Style, render, resolve};
use mig_parser::diag::{Diagnostic, Diagnostics, Severity};
use mig_parser::preprocess::Origins;
use mig_parser::source::Sources;

use crate::console::Console;
use crate::fault::{Exit, Fault};

/// What there is to say about the input of a run.
#[derive(Debug)]
pub(crate) struct Reports {
    style: Style,
    /// Warnings are left out.
    pub(crate) quiet: bool,
    items: Vec<Item>,
    said: HashSet<String>,
    exit: Exit,
}

/// A diagnostic, rendered and as plain data.
#[derive(Debug)]
pub(crate) struct Item {
    text: String,
    pub(crate) resolved: Resolved,
    /// What stands at its place.
    pub(crate) marked: String,
}

impl Reports {
    pub(crate) fn new(style: Style) -> Reports {
        Reports { style, quiet: false, items: Vec::new(), said: HashSet::new(), exit: Exit::Success }
    }

    /// Adds a diagnostic about a text. What has been said before, perhaps for another ABI, is not said again.
    pub(crate) fn add(&mut self, it: &Diagnostic, sources: &Sources, origins: &Origins) {
        if it.severity == Severity::Error {
            self.exit = self.exit.max(Exit::Mistakes);
        } else if self.quiet {
            return;
        }
        let text = render(std::slice::from_ref(it), sources, origins, self.style);
        if self.said.insert(text.clone()) {
            let resolved = resolve(it, sources, origins);
            let marked = resolved.primary.as_ref().and_then(|it| {
                let place = it.place;
                sources.get(place.file).text.get(place.start as usize..place.end as usize)
            });
            let marked = marked.unwrap_or_default().to_owned();
            self.items.push(Item { text, resolved, marked });
        }
    }

    /// Adds a diagnostic that belongs to no text.
    pub(crate) fn add_alone(&mut self, it: &Diagnostic) {
        self.add(it, &Sources::default(), &Origins::default());
    }

    /// Adds that a file cannot be read or written.
    pub(crate) fn add_disk(&mut self, it: &Diagnostic) {
        self.add_alone(it);
        self.exit = Exit::Disk;
    }

    pub(crate) fn add_parsed(&mut self, parsed: &Parsed) {
        parsed.diagnostics.0.iter().for_each(|it| self.add(it, &parsed.sources, &parsed.origins));
    }

    /// Adds everything about a definition; `more` is what later stages found.
    pub(crate) fn add_compilation(&mut self, compilation: &Compilation, more: &Diagnostics) {
        compilation.units.iter().for_each(|it| self.add_parsed(&it.parsed));
        let first = &compilation.units[0].parsed;
        for it in compilation.diagnostics.0.iter().chain(&more.0) {
            self.add(it, &first.sources, &first.origins);
        }
    }

    /// How the run ends, as far as the reports are concerned.
    pub(crate) fn exit(&self) -> Exit {
        self.exit
    }

    pub(crate) fn failed(&self) -> bool {
        self.exit != Exit::Success
    }

    fn count(&self, severity: Severity) -> usize {
        self.items.iter().filter(|it| it.resolved.severity == severity).count()
    }

    /// `2 errors, 1 warning`
    pub(crate) fn summary(&self) -> String {
        let count = |severity, word: &str| match self.count(severity) {
            0 => None,
            1 => Some(format!("1 {word}")),
            it => Some(format!("{it} {word}s")),
        };
        let counts = [count(Severity::Error, "error"), count(Severity::Warning, "warning")];
        let counts: Vec<String> = counts.into_iter().flatten().collect();
        if counts.is_empty() { "no errors".to_owned() } else { counts.join(", ") }
    }

    /// Writes everything to standard error, and how to learn more about the first error.
    pub(crate) fn tell(&self, console: &mut Console<'_>) -> Result<(), Fault> {
        for it in &self.items {
            console.err(&it.text)?;
        }
        let error = self.items.iter().find(|it| it.resolved.severity == Severity::Error);
        match error {
            Some(it) if self.style != Style::Short => {
                console.err(&format!("for more about this, run `mig-cli explain {}`\n", it.resolved.code))
            }
            _ => Ok(()),
        }
    }

    /// What was collected.
    pub(crate) fn items(&self) -> &[Item] {
        &self.items
    }
}

/// A diagnostic that belongs to no text.
pub(crate) fn alone(it: &Diagnostic, style: Style) -> String {
    render(std::slice::from_ref(it), &Sources::default(), &Origins::default(), style)
}
