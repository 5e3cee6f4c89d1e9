//! The commands: a file for each.

mod check;
mod emit;
mod explain;
mod fmt;
pub(crate) mod generate;
mod layout;
mod manifest;
mod shell;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use mig_parser::diag::Diagnostic;

use crate::args::{self, Cli, Command, Definitions};
use crate::classic;
use crate::console::Console;
use crate::disk::Files;
use crate::fault::{Exit, Fault};
use crate::parallel;
use crate::report::Reports;

/// Takes the command line apart and does what it says.
pub(crate) fn run(args: Vec<OsString>, console: &mut Console<'_>) -> Result<Exit, Fault> {
    console.choose_colour(args::early_color(&args));
    let cli =
        Cli::try_parse_from(args::with_long_options(args.clone())).map_err(|it| with_advice(it, &args, console))?;
    console.choose_colour(cli.color);
    match cli.command {
        Command::Generate(it) => match &it.manifest {
            Some(manifest) => manifest::run(&it, manifest, console),
            None => generate::run(&it, console),
        },
        Command::Check(it) => check::run(&it, console),
        Command::Layout(it) => layout::run(&it, console),
        Command::Fmt(it) => fmt::run(&it, console),
        Command::Explain(it) => explain::run(&it, console),
        Command::Emit(it) => emit::run(&it, console),
        Command::Completions(it) => shell::completions(&it, console),
        Command::Man(it) => shell::man(&it, console),
        Command::Mig(it) => classic::run(classic::Program::Mig, "mig", it.args, console),
        Command::Migcom(it) => classic::run(classic::Program::Migcom, "migcom", it.args, console),
    }
}

/// A file where a command belongs: says how to generate from it.
fn with_advice(it: clap::Error, args: &[OsString], console: &Console<'_>) -> Fault {
    let first = args.iter().skip(1).find(|it| !it.to_string_lossy().starts_with('-'));
    let is_file =
        |it: &&OsString| Path::new(it).extension().is_some_and(|it| it == "defs") || console.dir.join(it).is_file();
    match first.filter(is_file) {
        Some(file) if it.kind() == ErrorKind::InvalidSubcommand => {
            let file = file.to_string_lossy();
            let message = format!("`{file}` is no command\n\n  to generate Rust from it: mig-cli generate {file}");
            Cli::command().error(ErrorKind::InvalidSubcommand, message).into()
        }
        _ => it.into(),
    }
}

/// Says what was collected, and how the run ends.
fn finish(reports: &Reports, console: &mut Console<'_>) -> Result<Exit, Fault> {
    reports.tell(console)?;
    Ok(reports.exit())
}

/// Does `work` on each file that can be read, on all processors, and `tell`s of it in the order of the files; about the
/// others, and about type tables, that is said.
fn each_file<X: Send>(
    files: &[PathBuf],
    definitions: &Definitions,
    reports: &mut Reports,
    console: &mut Console<'_>,
    work: impl Fn(&Path, &Files) -> X + Sync,
    mut tell: impl FnMut(X, &mut Reports),
) {
    let mut disk = Files::new(console);
    if !disk.has_tables(&definitions.types, reports) {
        return;
    }
    let opened: Vec<_> = files.iter().map(|it| (it, disk.open(it, console))).collect();
    let mut done = 0;
    let results = parallel::map(
        &opened,
        |(_, path)| path.as_ref().map(|it| work(it, &disk)),
        |(file, _)| {
            done += 1;
            console.progress(done, files.len(), &file.display().to_string());
        },
    );
    console.end_progress(files.len());
    for it in results {
        match it {
            Ok(it) => tell(it, reports),
            Err(it) => reports.add_disk(it),
        }
    }
}

/// A mistake on the command line that clap cannot know.
fn usage(it: Diagnostic) -> Fault {
    Fault::said(it, Exit::Usage)
}
