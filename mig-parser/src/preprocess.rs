//! The built-in C preprocessor: directives, macros, includes.
//!
//! It does what C89 and C99 say, with the extensions that definition files and the headers they reach make use of,
//! and knows no compiler: nothing is predefined but `__FILE__` and `__LINE__`. `__DATE__` and `__TIME__` are missing
//! on purpose, so that output never depends on the day.
//!
//! The output keeps the spacing of the source. Directives and skipped groups disappear, a comment becomes a blank, of
//! several empty lines one remains, and a macro call that goes over several lines becomes one. An apostrophe without
//! a partner is text like any other.
//!
//! Deviations from common compilers: a directive between the name of a function-like macro and its `(` ends the search
//! for the parenthesis, `#include` inside the arguments of a call is an error, `#pragma` leaves nothing in the output,
//! there are no digraphs, and what follows a malformed number in a condition is not calculated.

mod buffers;
mod conditional;
mod define;
mod directive;
mod expand;
mod expr;
mod include;
pub(crate) mod lex;
mod limits;
mod macros;
mod origins;
mod output;
mod reader;
mod report;
mod substitute;

use std::path::{Path, PathBuf};

pub use limits::Limits;
pub use origins::{Expansion, Origin, Origins};

use crate::diag::Diagnostics;
use crate::source::{Loader, Place, SourceFile, Sources};

/// What the command line says to the preprocessor.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Options {
    /// Macros of the target, defined before everything else: name and body.
    pub predefined: Vec<(String, String)>,
    /// `-D` and `-U`, in their order.
    pub macros: Vec<MacroOption>,
    /// `-I`: where included files are looked for, after the folder of the including file for the quoted form.
    pub include: Vec<PathBuf>,
    /// `-isystem`: where included files are looked for last.
    pub system: Vec<PathBuf>,
    /// `-imacros`: files of which only the macros are wanted.
    pub imacros: Vec<PathBuf>,
    /// `-include`: files which come before the text, after those of `imacros`.
    pub preinclude: Vec<PathBuf>,
    /// What input may cost.
    pub limits: Limits,
}

/// `-D` or `-U`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum MacroOption {
    /// `-DX`, whose body is `1`, and `-DX=body`. The name may have parameters.
    Define {
        /// Name, with parameters if there are any.
        name: String,
        /// What it stands for.
        body: String,
    },
    /// `-UX`.
    Undef(String),
}

/// What the preprocessor makes of a file.
#[derive(Clone, Debug, Default)]
pub struct Preprocessed {
    /// The text; what `emit preprocessed` prints.
    pub text: String,
    /// Where each byte of it comes from.
    pub origins: Origins,
    /// The comments of live text in its order; not those of skipped groups, directives and macro calls.
    pub comments: Vec<Comment>,
    /// Whether everything was read. If not, an error says why, and what seems to be missing from the text proves
    /// nothing.
    pub complete: bool,
}

/// A comment which stood in live text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Comment {
    /// Where in the text it stood.
    pub at: u32,
    /// Where in the text the token begins that follows; the length of the text if none does.
    pub next: u32,
    /// The comment as it was written, from `/*` to `*/` or from `//` to the end of the line.
    pub text: String,
    /// Where it was written.
    pub place: Place,
    /// Whether it stands directly above the token at `next`, or before it on its line: nothing comes between but
    /// other comments and the beginnings of conditionals (`#if` to `#else`), not even an empty line.
    pub attached: bool,
}

impl Preprocessed {
    /// The comments directly above the token which begins at this offset of the text.
    pub fn comments_above(&self, token: u32) -> &[Comment] {
        let end = self.comments.partition_point(|it| it.next <= token);
        let before = &self.comments[..end];
        let count = before.iter().rev().take_while(|it| it.next == token && it.attached).count();
        &before[end - count..]
    }
}

/// Preprocesses the file `root`, which the loader reads like every other.
///
/// For standard input, `root` is [`STDIN`](crate::source::STDIN) and the loader serves the text under that path.
pub fn preprocess(
    root: &Path,
    options: &Options,
    loader: &mut Loader<'_>,
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) -> Preprocessed {
    let mut it = Preprocessor {
        options,
        loader,
        sources,
        diagnostics,
        buffers: buffers::Buffers::default(),
        cache: include::Cache::default(),
        open: Vec::new(),
        entered: None,
        macros: macros::Macros::default(),
        contexts: Vec::new(),
        steps: origins::Steps::default(),
        output: output::Output::default(),
        spent: limits::Spent::default(),
    };
    let complete = it.run(root).is_ok() && !it.spent.missing;
    let (text, mut origins, comments) = it.output.finish();
    origins.steps = it.steps;
    Preprocessed { text, origins, comments, complete }
}

/// A limit was reached, or the input cannot be read: this has been reported, and nothing more is to be done.
#[derive(Debug)]
struct Stop;

type Run<T = ()> = Result<T, Stop>;

struct Preprocessor<'a, 'loader> {
    options: &'a Options,
    loader: &'a mut Loader<'loader>,
    sources: &'a mut Sources,
    diagnostics: &'a mut Diagnostics,
    buffers: buffers::Buffers,
    cache: include::Cache,
    /// The files that are being read, the root first.
    open: Vec<include::Open>,
    /// The file that an include has found, and that is to be read before what follows.
    entered: Option<reader::Reader>,
    macros: macros::Macros,
    /// The expansions that are being read, the innermost last.
    contexts: Vec<expand::Context>,
    steps: origins::Steps,
    output: output::Output,
    spent: limits::Spent,
}

impl Preprocessor<'_, '_> {
    fn run(&mut self, root: &Path) -> Run {
        self.output.muted = true;
        for (name, body) in &self.options.predefined {
            self.define_option("<predefined>", format!("#define {name} {body}"))?;
        }
        for it in &self.options.macros {
            self.define_option(
                "<command line>",
                match it {
                    MacroOption::Define { name, body } => format!("#define {name} {body}"),
                    MacroOption::Undef(name) => format!("#undef {name}"),
                },
            )?;
        }
        for it in &self.options.imacros {
            self.include_option(it)?;
        }
        self.output.muted = false;
        for it in &self.options.preinclude {
            self.include_option(it)?;
        }
        self.read_root(root)
    }

    /// Obeys a directive from the command line: a file of one line, so that diagnostics can show it.
    fn define_option(&mut self, name: &str, line: String) -> Run {
        let text = line.replace('\n', " ").into();
        let logical = buffers::Logical::of(&text);
        let file = self.sources.add(SourceFile::new(name, text));
        let buffer = self.buffers.add(logical.clone(), file);
        self.read(&mut reader::Reader::new(buffer, logical, PathBuf::new(), None))
    }
}
