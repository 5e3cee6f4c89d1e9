//! What input may cost, so that no input takes for ever or fills the memory.

use super::buffers::Token;
use super::reader::Reader;
use super::{Preprocessor, Run};
use crate::diag::codes::preprocess as codes;
use crate::diag::{At, Code, Diagnostic};
use crate::source::LARGEST_FILE;

/// Bounds for one run of the preprocessor. Reaching one is an error which ends the run.
///
/// The defaults are far beyond every known definition and keep the worst input to seconds and some hundred
/// megabytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Bytes of a file: 16 MiB. Values beyond 1 GiB count as 1 GiB, because offsets have 32 bits.
    pub file: usize,
    /// Bytes read from all files together, each as often as it is included: 256 MiB.
    pub input: usize,
    /// Files and parts of files between line markers, each as often as it is included: 65,536.
    pub files: usize,
    /// How deep files may include each other: 200.
    pub include_depth: usize,
    /// Bytes of the preprocessed text, and of all tokens that `#` and `##` make: 16 MiB, at most 1 GiB.
    pub output: usize,
    /// Tokens that macros stand for, counted anew on each step of an expansion: 1,048,576.
    pub expansion: usize,
    /// How deep macro calls may be nested in arguments, and parentheses and operands in `#if`: 200. Values beyond
    /// 200 count as 200, because each level takes stack.
    pub nesting: usize,
    /// Diagnostics: 200.
    pub diagnostics: usize,
}

/// Offsets must fit 32 bits, with room for what is appended before the check.
const LARGEST_TEXT: usize = 1 << 30;

/// What recurses may not go deeper; a thread may have as little as 1 MiB of stack.
const DEEPEST: usize = 200;

impl Limits {
    pub(super) fn nesting(&self) -> usize {
        self.nesting.min(DEEPEST)
    }
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            file: LARGEST_FILE,
            input: 256 << 20,
            files: 1 << 16,
            include_depth: 200,
            output: 16 << 20,
            expansion: 1 << 20,
            nesting: 200,
            diagnostics: 200,
        }
    }
}

/// What a run has cost so far.
#[derive(Default)]
pub(super) struct Spent {
    input: usize,
    files: usize,
    expansion: usize,
    pub(super) diagnostics: usize,
    /// How deep the expansion of arguments is nested.
    pub(super) nesting: usize,
    /// The name of the macro in live text or in a directive whose expansion is going on.
    pub(super) call: Option<Token>,
    /// Whether an included file was not found, so that the text has gaps.
    pub(super) missing: bool,
}

impl Preprocessor<'_, '_> {
    /// Accounts for a file, or a part of one, that is about to be read.
    pub(super) fn spend_file(&mut self, bytes: usize, at: At) -> Run {
        let limits = &self.options.limits;
        self.spent.files += 1;
        self.spent.input += bytes;
        let (code, message): (&'static Code, _) = if self.spent.files > limits.files {
            (&codes::TOO_MANY_FILES, format!("more than {} files are included", limits.files))
        } else if self.spent.input > limits.input {
            (&codes::TOO_MANY_FILES, format!("the included files have more than {} bytes", limits.input))
        } else {
            return Ok(());
        };
        let it = Diagnostic::new(code, at, message).label("reading stops here");
        self.stop(it.note("each file counts as often as it is included").help("give the files include guards"))
    }

    /// Refuses a file that is too large.
    pub(super) fn check_size(&mut self, name: &str, bytes: usize, at: At) -> Run {
        let limit = self.options.limits.file.min(LARGEST_TEXT);
        if bytes <= limit {
            return Ok(());
        }
        let it = Diagnostic::new(&codes::FILE_TOO_LARGE, at, format!("`{name}` is larger than {limit} bytes"));
        self.stop(it.help("is this really a definition file?"))
    }

    /// Accounts for tokens that an expansion read or made.
    pub(super) fn spend_tokens(&mut self, count: usize) -> Run {
        self.spent.expansion += count;
        if self.buffers.made_bytes() > self.options.limits.output.min(LARGEST_TEXT) {
            let message = format!("`#` and `##` make more than {} bytes", self.options.limits.output);
            let it = Diagnostic::new(&codes::OUTPUT_TOO_LARGE, self.call_place(), message);
            return self.stop(it.label("in the expansion of this macro"));
        }
        if self.spent.expansion <= self.options.limits.expansion {
            return Ok(());
        }
        let message = format!("macros expand to more than {} tokens", self.options.limits.expansion);
        let it = Diagnostic::new(&codes::TOO_MUCH_EXPANSION, self.call_place(), message);
        self.stop(it.label("in the expansion of this macro").note("the tokens of every step count, in the whole file"))
    }

    fn call_place(&self) -> At {
        self.spent.call.map_or(At::Nowhere, |it| self.buffers.place(&it).into())
    }

    /// Ends the run if the text has become too long.
    pub(super) fn check_output(&mut self, reader: &Reader) -> Run {
        let limit = self.options.limits.output.min(LARGEST_TEXT);
        if self.output.len() <= limit {
            return Ok(());
        }
        let at = reader.at.saturating_sub(1);
        let message = format!("the preprocessed text is longer than {limit} bytes");
        let it = Diagnostic::new(&codes::OUTPUT_TOO_LARGE, self.place_of(reader, at, at), message);
        self.stop(it.label("up to here"))
    }

    /// Goes one level deeper into something that recurses; `leave` comes back.
    pub(super) fn enter(&mut self, at: impl Into<At>, what: &str) -> Run {
        self.spent.nesting += 1;
        let limit = self.options.limits.nesting();
        if self.spent.nesting <= limit {
            return Ok(());
        }
        let message = format!("{what} nested deeper than {limit}");
        self.stop(Diagnostic::new(&codes::NESTED_TOO_DEEP, at, message))
    }

    pub(super) fn leave(&mut self) {
        self.spent.nesting -= 1;
    }
}
