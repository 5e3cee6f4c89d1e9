//! The command lines of the classic programs: `mig`, the driver, and `migcom`, the compiler proper.
//!
//! Where those write C, this program writes Rust: the client half where the user side goes, the server half where the
//! server side goes. What has no counterpart is named in a warning, never silently dropped.

mod flags;
mod line;
mod outputs;
mod target;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::CommandFactory;
use mig_codegen::{Compilation, Config, Sides, model};
use mig_parser::diag::codes::command as codes;
use mig_parser::diag::{At, Diagnostic};

use self::line::Line;
use self::outputs::{Want, Wanted};
use crate::args::Cli;
use crate::commands::generate::{check_distinct, rule, withheld};
use crate::console::Console;
use crate::disk::{self, Files, Output};
use crate::fault::{Exit, Fault};
use crate::report::Reports;

pub(crate) use flags::help;

/// One of the classic programs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Program {
    /// The driver: preprocesses files and compiles them.
    Mig,
    /// The compiler proper: reads preprocessed text from standard input.
    Migcom,
}

impl Program {
    /// The program that a name stands for, which may begin with a target: `i686-gnu-mig`.
    pub(crate) fn find(name: &str) -> Option<Program> {
        match target::without_prefix(name).1 {
            "mig" => Some(Program::Mig),
            "migcom" => Some(Program::Migcom),
            _ => None,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Program::Mig => "mig",
            Program::Migcom => "migcom",
        }
    }
}

/// Does what a classic command line says. `name` is how the program was called.
pub(crate) fn run(program: Program, name: &str, args: Vec<OsString>, console: &mut Console<'_>) -> Result<Exit, Fault> {
    let args: Vec<String> = args.iter().map(|it| it.to_string_lossy().into_owned()).collect();
    match args.first().map(String::as_str) {
        Some("--help") => return print_help(program, console),
        Some("--version") => return print_version(console),
        // As the only argument; anywhere else it is another word for `-v`.
        Some("-version") if args.len() == 1 => return print_version(console),
        _ => {}
    }
    let mut line = Line::parse(program, &args)?;
    let (abi, unknown) = target::choose(&line, name, console)?;
    line.meaningless.extend(unknown);
    line.config.abis = vec![abi];
    line.config.macros.splice(0..0, target::macros(&line));
    line.search_system(name, console);
    let mut reports = Reports::new(console.style());
    reports.quiet = line.quiet;
    line.warn(&mut reports);
    let mut disk = Files::new(console);
    let mut outputs = Vec::new();
    let mut listings = String::new();
    let files = if disk.has_tables(&line.config.types, &mut reports) { &line.files[..] } else { &[] };
    for file in files {
        match disk.open(file, console) {
            Ok(path) => compile(&line, &path, &disk, &mut reports, &mut outputs, &mut listings),
            Err(it) => reports.add_disk(&it),
        }
    }
    check_distinct(&outputs, &mut reports);
    if reports.failed() {
        return withheld(&reports, false, console);
    }
    reports.tell(console)?;
    disk::write_all(&outputs, console)?;
    console.out(&listings)?;
    Ok(Exit::Success)
}

fn print_help(program: Program, console: &mut Console<'_>) -> Result<Exit, Fault> {
    let what = "Compiles MIG interface definitions to Rust, with the command line of the classic compilers.";
    console.out(&format!("{what}\n\n{}\n", help(program)))?;
    Ok(Exit::Success)
}

fn print_version(console: &mut Console<'_>) -> Result<Exit, Fault> {
    console.out(&Cli::command().render_version())?;
    Ok(Exit::Success)
}

/// Compiles one definition.
fn compile(
    line: &Line,
    file: &Path,
    disk: &Files,
    reports: &mut Reports,
    outputs: &mut Vec<Output>,
    listings: &mut String,
) {
    let mut config = line.config.clone();
    if line.searches_beside() {
        config.include.push(file.parent().unwrap_or(Path::new("")).to_owned());
    }
    let compilation = config.read(file, &mut |path| disk.read(path));
    let wanted = Wanted::of(line, &compilation);
    let mut made = Vec::new();
    // A definition of which nothing is wanted is checked all the same.
    let sides = [(Sides::Client, &wanted.user), (Sides::Server, &wanted.server)];
    for (sides, want) in sides {
        let Want::File(path) = want else { continue };
        made.push(Output { path: path.clone(), text: half(&compilation, &config, sides, reports) });
    }
    if made.is_empty() {
        half(&compilation, &config, Sides::Both, reports);
    }
    if let Some(path) = &line.list {
        made.push(Output { path: path.clone(), text: outputs::list(&compilation) });
    }
    if line.verbose {
        compilation.units.iter().for_each(|it| *listings += &model::dump(&it.interface));
    }
    if line.depend {
        let inputs: Vec<PathBuf> = compilation.files_read().into_iter().map(Path::to_owned).collect();
        made.extend(outputs::dependencies(line, file, &made, |targets| rule(targets, &inputs)));
    }
    outputs.extend(made.into_iter().filter(|it| it.path != Path::new(outputs::NOWHERE)));
}

fn half(compilation: &Compilation, config: &Config, sides: Sides, reports: &mut Reports) -> String {
    let generated = compilation.single_file(&Config { sides, ..config.clone() });
    reports.add_compilation(compilation, &generated.diagnostics);
    generated.files.into_iter().map(|it| it.1).collect()
}

/// A mistake in a classic command line.
fn bad_line(program: Program, what: String) -> Fault {
    let help = format!("`{} --help` lists what is known", program.name());
    Fault::said(Diagnostic::new(&codes::BAD_LINE, At::Nowhere, what).help(help), Exit::Usage)
}
