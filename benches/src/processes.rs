//! Whole processes, cold, in turns.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

const HEADERS: &str = "/usr/include/x86_64-linux-gnu";
const MIG: &str = "x86_64-gnu-mig";
const MIGCOM: &str = "/usr/lib/mig/x86_64-gnu-migcom";
const ROUNDS: usize = 21;

/// A way to do the work.
type Work<'a> = (&'a str, Box<dyn Fn() -> Command + 'a>);

/// Milliseconds of each, in turns; ratios to the first.
fn race(title: &str, all: &[Work<'_>]) {
    let mut taken: Vec<Vec<f64>> = vec![Vec::new(); all.len()];
    for round in 0..ROUNDS {
        for turn in 0..all.len() {
            let index = (round + turn) % all.len();
            let mut command = all[index].1();
            let start = Instant::now();
            let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("it starts");
            taken[index].push(start.elapsed().as_secs_f64() * 1e3);
            assert!(status.success(), "{} fails: {command:?}", all[index].0);
        }
    }
    println!("{title}");
    let median = |it: &Vec<f64>| {
        let mut sorted = it.clone();
        sorted.sort_by(f64::total_cmp);
        sorted[sorted.len() / 2]
    };
    let ours = median(&taken[0]);
    for ((name, _), times) in all.iter().zip(&taken) {
        let (best, median) = (times.iter().copied().fold(f64::MAX, f64::min), median(times));
        println!("  {name:34}{best:9.1} ms best{median:9.1} ms median   ours is {:.2} of it", ours / median);
    }
}

/// A folder for what is written.
fn scratch() -> PathBuf {
    let dir = std::env::temp_dir().join(format!("mig-benches-{}", std::process::id()));
    fs::create_dir_all(&dir).expect("a folder");
    dir
}

/// Definitions of the package that have a subsystem and that GNU's compiler accepts alone.
fn definitions(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in ["mach", "device", "mach_debug", "mach/x86_64"] {
        let Ok(entries) = fs::read_dir(Path::new(HEADERS).join(folder)) else { continue };
        found.extend(entries.flatten().map(|it| it.path()).filter(|it| it.extension().is_some_and(|it| it == "defs")));
    }
    found.sort();
    let has_subsystem = |it: &PathBuf| {
        fs::read_to_string(it).is_ok_and(|it| it.lines().any(|it| it.trim_start().starts_with("subsystem")))
    };
    found.retain(|it| has_subsystem(it) && gnu(it, dir).output().is_ok_and(|it| it.status.success()));
    found
}

/// GNU's driver, for both sides.
fn gnu(file: &Path, dir: &Path) -> Command {
    let mut command = Command::new(MIG);
    command.arg(format!("-I{HEADERS}"));
    for (flag, name) in [("-user", "u.c"), ("-server", "s.c"), ("-header", "u.h"), ("-sheader", "s.h")] {
        command.arg(flag).arg(dir.join(name));
    }
    command.arg(file);
    command
}

/// The pipeline without the driver's shell script.
fn pipeline(file: &Path, dir: &Path) -> Command {
    let (dir, file) = (dir.display(), file.display());
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!(
        "cpp -x c -undef -ansi -I{HEADERS} {file} | {MIGCOM} -user {dir}/u.c -server {dir}/s.c -header {dir}/u.h -sheader {dir}/s.h"
    ));
    command
}

/// Ours, for both sides of all files.
fn ours(mig_cli: &Path, files: &[PathBuf], dir: &Path) -> Command {
    let mut command = Command::new(mig_cli);
    command.args(["generate", "--abi", "gnumach-x86_64-2022", "-I", HEADERS, "--out"]).arg(dir).args(files);
    command
}

/// Removes what was written: each run is the first one.
fn empty(dir: &Path) {
    fs::remove_dir_all(dir).expect("it was made here");
    fs::create_dir_all(dir).expect("a folder");
}

pub(crate) fn compile(mig_cli: &Path) {
    let dir = scratch();
    let all = definitions(&dir);
    let one = Path::new(HEADERS).join("mach/mach_port.defs");
    let alone = [one.clone()];
    let fresh = |it: Command| {
        empty(&dir);
        it
    };
    race(
        "mach_port.defs, both sides",
        &[
            ("ours", Box::new(|| fresh(ours(mig_cli, &alone, &dir)))),
            ("GNU's driver", Box::new(|| fresh(gnu(&one, &dir)))),
            ("cpp | migcom", Box::new(|| fresh(pipeline(&one, &dir)))),
        ],
    );
    let script = |each: &dyn Fn(&Path) -> Command| {
        let lines = all.iter().map(|it| {
            let command = each(it);
            let words = std::iter::once(command.get_program()).chain(command.get_args());
            words.map(|it| format!("'{}'", it.to_string_lossy())).collect::<Vec<_>>().join(" ")
        });
        let mut shell = Command::new("sh");
        shell.arg("-ec").arg(lines.collect::<Vec<_>>().join("\n"));
        shell
    };
    race(
        &format!("all {} definitions of gnumach-dev", all.len()),
        &[
            ("ours, one process", Box::new(|| fresh(ours(mig_cli, &all, &dir)))),
            ("GNU's driver, one by one", Box::new(|| fresh(script(&|it| gnu(it, &dir))))),
        ],
    );
    fs::remove_dir_all(dir).expect("it was made here");
}

/// A crate of one subsystem, checked again and again.
pub(crate) fn check(mig_cli: &Path) {
    let dir = scratch();
    let support = Path::new(env!("CARGO_MANIFEST_DIR")).join("../mig-rt");
    fs::create_dir_all(dir.join("src")).expect("a folder");
    let manifest = format!(
        "[package]\nname = \"checked\"\nedition = \"2024\"\n[dependencies]\nmig-rt = {{ path = {support:?} }}\n[workspace]\n"
    );
    fs::write(dir.join("Cargo.toml"), manifest).expect("a file");
    fs::write(dir.join("src/lib.rs"), "pub mod mach_port;\n").expect("a file");
    let source = [Path::new(HEADERS).join("mach/mach_port.defs")];
    let made = ours(mig_cli, &source, &dir.join("src")).output().expect("it starts");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let cargo = || {
        let text = fs::read_to_string(dir.join("src/mach_port.rs")).expect("generated");
        fs::write(dir.join("src/mach_port.rs"), text + "\n").expect("a file");
        let mut command = Command::new("cargo");
        command.args(["check", "--quiet", "--offline"]).current_dir(&dir).env("CARGO_TARGET_DIR", dir.join("target"));
        command
    };
    cargo().status().expect("cargo runs");
    race("mach_port for one ABI, after a change", &[("cargo check", Box::new(cargo))]);
    fs::remove_dir_all(dir).expect("it was made here");
}
