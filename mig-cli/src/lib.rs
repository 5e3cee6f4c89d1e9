//! The MIG compiler on the command line.
//!
//! [`run`] is the whole program as a function of its arguments and a [`Console`]: standard streams, environment and
//! working directory come from outside, so that tests need no process. Commands return what happened; this is the only
//! crate of the compiler that prints or exits.
//!
//! Exit codes: 0 for success, 1 for mistakes in the input and for output that `--check` finds out of date, 2 for
//! mistakes on the command line, 3 for files that cannot be read or written.

pub mod args;
mod classic;
mod commands;
mod console;
mod disk;
mod fault;
mod parallel;
mod report;

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

pub use console::Console;
pub use fault::Exit;

/// The program: arguments and streams of this process.
pub fn main() -> ExitCode {
    let (mut stdin, mut stdout, mut stderr) = (io::stdin(), io::stdout(), io::stderr());
    let mut console = Console::of_process(&mut stdin, &mut stdout, &mut stderr);
    run(std::env::args_os().collect(), &mut console).into()
}

/// Runs the program. The first argument is the name it was called by: as `mig` or `migcom` it takes the command lines of
/// the classic compilers.
pub fn run(args: Vec<OsString>, console: &mut Console<'_>) -> Exit {
    let name = args.first().map(|it| program_name(Path::new(it))).unwrap_or_default();
    let result = match classic::Program::find(&name) {
        Some(program) => {
            console.choose_colour(args::Color::Auto);
            classic::run(program, &name, args[1..].to_vec(), console)
        }
        None => commands::run(args, console),
    };
    let result = result.and_then(|exit| console.flush().map(|()| exit));
    result.unwrap_or_else(|fault| fault.tell(console))
}

/// The name of a program without its folder and the suffix that some systems give it.
fn program_name(path: &Path) -> String {
    let name = path.file_name().map(PathBuf::from).unwrap_or_default();
    let name = name.to_string_lossy().into_owned();
    name.strip_suffix(".exe").map(str::to_owned).unwrap_or(name)
}
