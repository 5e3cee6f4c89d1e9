//! What surrounds a run: streams, environment, working directory.

use std::ffi::OsString;
use std::fmt;
use std::io::{self, IsTerminal, Read, Write};
use std::path::PathBuf;

use mig_parser::diag::render::Style;

use crate::args::Color;
use crate::fault::Fault;

/// The standard streams and what else a run takes from its surroundings.
pub struct Console<'a> {
    /// Standard input.
    pub stdin: &'a mut dyn Read,
    /// Standard output: results.
    pub stdout: &'a mut dyn Write,
    /// Standard error: reports and progress.
    pub stderr: &'a mut dyn Write,
    /// Whether standard output is a terminal.
    pub stdout_is_terminal: bool,
    /// Whether standard error is a terminal.
    pub stderr_is_terminal: bool,
    /// The environment.
    pub env: &'a dyn Fn(&str) -> Option<OsString>,
    /// The directory that relative paths start from; empty for that of the process.
    pub dir: PathBuf,
    /// Whether reports are in colour.
    pub(crate) colour: bool,
    color: Color,
}

impl fmt::Debug for Console<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Console").field("dir", &self.dir).field("colour", &self.colour).finish_non_exhaustive()
    }
}

impl<'a> Console<'a> {
    /// Streams that are no terminals, no environment, and a working directory.
    pub fn new(
        stdin: &'a mut dyn Read,
        stdout: &'a mut dyn Write,
        stderr: &'a mut dyn Write,
        dir: PathBuf,
    ) -> Console<'a> {
        Console {
            stdin,
            stdout,
            stderr,
            stdout_is_terminal: false,
            stderr_is_terminal: false,
            env: &|_| None,
            dir,
            colour: false,
            color: Color::Auto,
        }
    }

    /// The surroundings of this process.
    pub(crate) fn of_process(
        stdin: &'a mut io::Stdin,
        stdout: &'a mut io::Stdout,
        stderr: &'a mut io::Stderr,
    ) -> Console<'a> {
        let (stdout_is_terminal, stderr_is_terminal) = (stdout.is_terminal(), stderr.is_terminal());
        Console {
            stdout_is_terminal,
            stderr_is_terminal,
            env: &|name| std::env::var_os(name),
            ..Console::new(stdin, stdout, stderr, PathBuf::new())
        }
    }

    /// Decides about colours. What the command line says wins over `NO_COLOR`, that over `CLICOLOR_FORCE`, and that over
    /// the terminal.
    pub(crate) fn choose_colour(&mut self, color: Color) {
        self.color = color;
        self.colour = self.colour_on(self.stderr_is_terminal);
    }

    /// Whether standard output is in colour.
    pub(crate) fn colour_out(&self) -> bool {
        self.colour_on(self.stdout_is_terminal)
    }

    fn colour_on(&self, terminal: bool) -> bool {
        let set = |name: &str| (self.env)(name).is_some_and(|it| !it.is_empty());
        let is = |name: &str, value: &str| (self.env)(name).is_some_and(|it| it == value);
        match self.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto if set("NO_COLOR") => false,
            Color::Auto if set("CLICOLOR_FORCE") && !is("CLICOLOR_FORCE", "0") => true,
            Color::Auto => terminal && !is("CLICOLOR", "0") && !is("TERM", "dumb"),
        }
    }

    /// How reports are rendered for people.
    pub(crate) fn style(&self) -> Style {
        if self.colour { Style::Colour } else { Style::Plain }
    }

    /// Writes to standard output.
    pub(crate) fn out(&mut self, text: &str) -> Result<(), Fault> {
        self.stdout.write_all(text.as_bytes()).map_err(Fault::Stream)
    }

    /// Writes bytes to standard output.
    pub(crate) fn out_bytes(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.stdout.write_all(bytes).map_err(Fault::Stream)
    }

    /// Writes to standard error.
    pub(crate) fn err(&mut self, text: &str) -> Result<(), Fault> {
        self.stderr.write_all(text.as_bytes()).map_err(Fault::Stream)
    }

    /// Makes sure that everything has been written.
    pub(crate) fn flush(&mut self) -> Result<(), Fault> {
        self.stdout.flush().and_then(|()| self.stderr.flush()).map_err(Fault::Stream)
    }

    /// Shows how far a long run has come, if somebody is watching: `[3/27] notify.defs`. Each call replaces what the one
    /// before has shown; [`end_progress`](Console::end_progress) takes it away.
    pub(crate) fn progress(&mut self, done: usize, all: usize, what: &str) {
        if self.stderr_is_terminal && all > 1 {
            // A line that cannot be shown is no reason to stop.
            let _ = write!(self.stderr, "\r\x1b[K[{done}/{all}] {what}").and_then(|()| self.stderr.flush());
        }
    }

    /// Takes the line of [`progress`](Console::progress) away.
    pub(crate) fn end_progress(&mut self, all: usize) {
        if self.stderr_is_terminal && all > 1 {
            let _ = write!(self.stderr, "\r\x1b[K").and_then(|()| self.stderr.flush());
        }
    }
}
