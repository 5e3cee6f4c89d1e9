//! The repository itself: what is checked in is what the sources say, and the sources are tidy.

mod freshness;
mod readme;
mod tidy;

use std::path::{Path, PathBuf};

use mig_cli::{Console, Exit};

/// The workspace's folder.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate is in the workspace").to_owned()
}

/// Runs the command in a folder; what it said, unless it succeeded.
fn mig_cli(dir: &Path, args: &[&str]) -> Result<(), String> {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let mut stdin = std::io::empty();
    let mut console = Console::new(&mut stdin, &mut stdout, &mut stderr, dir.to_owned());
    let exit = mig_cli::run(args.iter().map(Into::into).collect(), &mut console);
    if exit == Exit::Success { Ok(()) } else { Err(String::from_utf8_lossy(&stderr).into_owned()) }
}
