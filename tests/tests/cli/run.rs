//! One run of the program in a folder of its own.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use mig_cli::Console;

/// What a run left behind.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// What it tells its caller.
    pub(crate) code: u8,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
}

/// What a run is given besides its arguments.
#[derive(Debug, Default)]
pub(crate) struct Given {
    /// Standard input.
    pub(crate) stdin: Vec<u8>,
    /// The environment.
    pub(crate) env: Vec<(String, String)>,
    /// Whether standard output and standard error are terminals.
    pub(crate) terminal: bool,
}

/// Runs the program; the first argument is the name it is called by.
pub(crate) fn run(dir: &Path, args: &[&str], given: &Given) -> Outcome {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut stdin = given.stdin.as_slice();
    let env = |name: &str| given.env.iter().find(|it| it.0 == name).map(|it| OsString::from(&it.1));
    let mut console = Console::new(&mut stdin, &mut out, &mut err, dir.to_owned());
    console.env = &env;
    (console.stdout_is_terminal, console.stderr_is_terminal) = (given.terminal, given.terminal);
    let exit = mig_cli::run(args.iter().map(OsString::from).collect(), &mut console);
    let text = |it: Vec<u8>| String::from_utf8(it).expect("the program writes UTF-8 here");
    Outcome { code: exit as u8, out: text(out), err: text(err) }
}

/// Runs `mig-cli` with these arguments and nothing else.
pub(crate) fn mig_cli(dir: &Path, args: &[&str]) -> Outcome {
    run(dir, &[&["mig-cli"], args].concat(), &Given::default())
}

/// An empty folder for the test of this name.
pub(crate) fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cli").join(name);
    match fs::remove_dir_all(&path) {
        Err(it) if it.kind() != std::io::ErrorKind::NotFound => panic!("{}: {it}", path.display()),
        _ => fs::create_dir_all(&path).expect("a folder for the test"),
    }
    path
}

/// A folder with one definition, `demo.defs`.
pub(crate) fn demo(name: &str) -> PathBuf {
    let folder = folder(name);
    fs::write(folder.join("demo.defs"), DEMO).expect("a definition");
    folder
}

/// A definition without mistakes.
pub(crate) const DEMO: &str = "\
subsystem demo 4200;
type port_t = MACH_MSG_TYPE_COPY_SEND;
routine demo_store(server : port_t; level : int; out ticket : int);
simpleroutine demo_stop(server : port_t);
";
