//! The program as a process: what only the real streams, the real name and the real status can show. Everything else
//! is tested in the crate `tests`, in one process.
//!
//! These tests are here because Cargo builds a program for the tests of its own package only.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command as Plain, Stdio};

use assert_cmd::Command;

const DEMO: &str = "\
subsystem demo 4200;
type port_t = MACH_MSG_TYPE_COPY_SEND;
simpleroutine demo_stop(server : port_t);
";

const PROGRAM: &str = env!("CARGO_BIN_EXE_mig-cli");

fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("process").join(name);
    if path.exists() {
        fs::remove_dir_all(&path).expect("an old folder can be removed");
    }
    fs::create_dir_all(&path).expect("a folder for the test");
    fs::write(path.join("demo.defs"), DEMO).expect("a definition");
    path
}

fn mig_cli(dir: &Path) -> Command {
    let mut command = Command::new(PROGRAM);
    command.current_dir(dir);
    command
}

#[test]
fn every_status_reaches_the_caller() {
    let dir = folder("status");
    let statuses: [(&[&str], i32); 4] = [
        (&["generate", "demo.defs"], 0),
        (&["generate", "--check", "--folder", "demo.defs"], 1),
        (&["generate", "--nonsense"], 2),
        (&["generate", "nosuch.defs"], 3),
    ];
    for (args, status) in statuses {
        mig_cli(&dir).args(args).assert().code(status);
    }
    assert!(dir.join("demo.rs").is_file());
}

#[test]
fn standard_input_and_environment_are_read() {
    let dir = folder("stdin");
    mig_cli(&dir).args(["emit", "ast", "-"]).write_stdin(DEMO).assert().success();
    let run = mig_cli(&dir).args(["mig", "-user", "-"]).env("MIG_ABI", "nonsense").assert();
    run.code(2);
    let forced = mig_cli(&dir).args(["check", "nosuch.defs"]).env("CLICOLOR_FORCE", "1").assert().code(3);
    assert!(forced.get_output().stderr.contains(&0x1b));
    let plain = mig_cli(&dir).args(["check", "nosuch.defs"]).env("NO_COLOR", "1").assert().code(3);
    assert!(!plain.get_output().stderr.contains(&0x1b));
}

/// `mig-cli explain --all | head -1`
#[test]
fn a_reader_may_leave() {
    let dir = folder("pipe");
    let mut child = Plain::new(PROGRAM)
        .args(["explain", "--all"])
        .current_dir(dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    drop(child.stdout.take());
    let mut said = String::new();
    child.stderr.take().expect("a pipe").read_to_string(&mut said).expect("text");
    assert!(child.wait().expect("it ends").success(), "{said}");
    assert_eq!(said, "");
}

/// Links decide what the program is.
#[cfg(unix)]
#[test]
fn a_link_named_mig_is_the_classic_driver() {
    let dir = folder("links");
    for name in ["mig", "x86_64-gnu-mig"] {
        std::os::unix::fs::symlink(PROGRAM, dir.join(name)).expect("a link");
        let mut command = Command::new(dir.join(name));
        command.current_dir(&dir).args(["-n", "-user", &format!("{name}.rs"), "demo.defs"]).assert().success();
    }
    let text = |name: &str| fs::read_to_string(dir.join(name)).expect("an output");
    assert!(text("mig.rs").contains("gnumach_i386"));
    assert!(text("x86_64-gnu-mig.rs").contains("gnumach_x86_64"));
}

/// A link to an output stays one, and rights stay what they are.
#[cfg(unix)]
#[test]
fn links_and_rights_of_outputs_remain() {
    use std::os::unix::fs::PermissionsExt;
    let dir = folder("rights");
    let target = dir.join("real.rs");
    fs::write(&target, "").expect("a file");
    fs::set_permissions(&target, fs::Permissions::from_mode(0o640)).expect("rights");
    std::os::unix::fs::symlink("real.rs", dir.join("demo.rs")).expect("a link");
    mig_cli(&dir).args(["generate", "demo.defs"]).assert().success();
    assert!(fs::symlink_metadata(dir.join("demo.rs")).expect("a link").is_symlink());
    let mode = fs::metadata(&target).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    assert!(fs::read_to_string(&target).expect("a file").contains("demo_stop"));
}
