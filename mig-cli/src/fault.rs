//! How a run ends.

use std::io;
use std::process::ExitCode;

use mig_parser::diag::Diagnostic;

use crate::console::Console;
use crate::report;

/// What the program tells its caller.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Exit {
    /// Everything was done.
    Success = 0,
    /// The input has mistakes, or what `--check` compares differs.
    Mistakes = 1,
    /// The command line is wrong.
    Usage = 2,
    /// A file cannot be read or written.
    Disk = 3,
}

impl From<Exit> for ExitCode {
    fn from(it: Exit) -> ExitCode {
        ExitCode::from(it as u8)
    }
}

/// Why a command cannot go on.
#[derive(Debug)]
pub(crate) enum Fault {
    /// This has to be said, and the program ends so.
    Said(Box<Diagnostic>, Exit),
    /// The command line is wrong in a way that the parser of command lines reports.
    Clap(Box<clap::Error>),
    /// Standard output or standard error cannot be written to.
    Stream(io::Error),
}

impl Fault {
    pub(crate) fn said(it: Diagnostic, exit: Exit) -> Fault {
        Fault::Said(Box::new(it), exit)
    }

    /// Says what went wrong. Where that cannot be said either, the code must do.
    pub(crate) fn tell(self, console: &mut Console<'_>) -> Exit {
        match self {
            Fault::Said(it, exit) => {
                let text = report::alone(&it, console.style());
                let _ = console.err(&text);
                exit
            }
            Fault::Clap(it) => tell_clap(&it, console),
            // Whoever closed a pipe has read enough.
            Fault::Stream(it) if it.kind() == io::ErrorKind::BrokenPipe => Exit::Success,
            Fault::Stream(it) => {
                let _ = console.err(&format!("error: cannot write the output: {it}\n"));
                Exit::Disk
            }
        }
    }
}

/// Help and versions are answers, everything else is a mistake.
fn tell_clap(it: &clap::Error, console: &mut Console<'_>) -> Exit {
    let rendered = it.render();
    if it.use_stderr() {
        let text = if console.colour { rendered.ansi().to_string() } else { rendered.to_string() };
        let _ = console.err(&text);
        return Exit::Usage;
    }
    let text = if console.colour_out() { rendered.ansi().to_string() } else { rendered.to_string() };
    match console.out(&text).and_then(|()| console.flush()) {
        Ok(()) => Exit::Success,
        Err(fault) => fault.tell(console),
    }
}

impl From<clap::Error> for Fault {
    fn from(it: clap::Error) -> Fault {
        Fault::Clap(Box::new(it))
    }
}
