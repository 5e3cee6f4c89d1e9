//! Streams: colours, progress, pipes that close, and files that appear whole or not at all.

use std::fs;
use std::io::{self, ErrorKind, Write};

use mig_cli::{Console, Exit};

use crate::run::{DEMO, Given, demo, folder, mig_cli, run};

const MISTAKE: &str = "subsystem bad 1;\nroutine bad_get(server : prt_t);\n";

/// Options, environment, whether there is a terminal, and whether there are colours.
type Colours<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)], bool, bool);

/// Who decides about colours, the strongest first.
#[test]
fn colours_are_where_they_are_wanted() {
    let dir = folder("colours");
    fs::write(dir.join("bad.defs"), MISTAKE).expect("a definition");
    let cases: [Colours<'_>; 12] = [
        (&[], &[], false, false),
        (&[], &[], true, true),
        (&[], &[("NO_COLOR", "1")], true, false),
        (&[], &[("NO_COLOR", "")], true, true),
        (&[], &[("CLICOLOR_FORCE", "1")], false, true),
        (&[], &[("CLICOLOR_FORCE", "0")], false, false),
        (&[], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false, false),
        (&[], &[("CLICOLOR", "0")], true, false),
        (&[], &[("TERM", "dumb")], true, false),
        (&["--color", "always"], &[("NO_COLOR", "1")], false, true),
        (&["--color=never"], &[("CLICOLOR_FORCE", "1")], true, false),
        (&["--color", "auto"], &[], true, true),
    ];
    for (options, env, terminal, coloured) in cases {
        let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let given = Given { env, terminal, ..Given::default() };
        let args = [&["mig-cli", "check", "bad.defs"], options].concat();
        let outcome = run(&dir, &args, &given);
        assert_eq!(outcome.err.contains("\x1b[1m"), coloured, "{options:?} {given:?}");
        let bad_option = run(&dir, &[&["mig-cli", "chek"], options].concat(), &given);
        assert_eq!(bad_option.err.contains("\x1b["), coloured, "{options:?} {given:?}");
    }
    let given = Given { terminal: true, ..Given::default() };
    assert!(run(&dir, &["mig", "bad.defs"], &given).err.contains("\x1b[1m"));
    assert!(!run(&dir, &["mig-cli", "--color", "never", "mig", "bad.defs"], &given).err.contains('\x1b'));
}

/// What other programs read has no colours, whatever else is decided.
#[test]
fn documents_have_no_colours() {
    let dir = demo("documents");
    fs::write(dir.join("bad.defs"), MISTAKE).expect("a definition");
    let given = Given { terminal: true, ..Given::default() };
    let lines: [&[&str]; 4] = [
        &["check", "--format", "json", "bad.defs"],
        &["layout", "--format", "json", "demo.defs"],
        &["layout", "--format", "svg", "demo.defs"],
        &["emit", "rust", "demo.defs"],
    ];
    for line in lines {
        let outcome = run(&dir, &[&["mig-cli", "--color", "always"], line].concat(), &given);
        assert!(!outcome.out.is_empty() && !outcome.out.contains('\x1b'), "{line:?}");
    }
}

/// Progress is for those who watch.
#[test]
fn progress_is_shown_on_terminals_only() {
    let dir = demo("progress");
    fs::write(dir.join("more.defs"), "subsystem more 1;\n").expect("a definition");
    let line = ["mig-cli", "check", "demo.defs", "more.defs"];
    assert_eq!(run(&dir, &line, &Given::default()).err, "");
    let watched = run(&dir, &line, &Given { terminal: true, ..Given::default() });
    // Files are read at the same time: whichever is done first is counted first.
    let orders = [["[1/2] demo.defs", "[2/2] more.defs"], ["[1/2] more.defs", "[2/2] demo.defs"]];
    let in_order = |it: &[&str; 2]| it.iter().all(|it| watched.err.contains(it));
    assert!(orders.iter().any(in_order), "{}", watched.err);
    assert!(watched.err.ends_with("\r\x1b[K"), "the line is taken away: {:?}", watched.err);
    let one = run(&dir, &["mig-cli", "check", "demo.defs"], &Given { terminal: true, ..Given::default() });
    assert_eq!(one.err, "");
}

/// A stream that accepts some bytes and then fails.
struct Closing {
    room: usize,
    kind: ErrorKind,
}

impl Write for Closing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.room == 0 {
            return Err(self.kind.into());
        }
        let taken = bytes.len().min(self.room);
        self.room -= taken;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_closed_pipe_is_no_mistake_and_a_full_disk_is_one() {
    let dir = demo("pipes");
    let lines: [&[&str]; 5] = [
        &["explain", "--all"],
        &["emit", "rust", "demo.defs"],
        &["layout", "demo.defs"],
        &["check", "demo.defs"],
        &["--help"],
    ];
    for line in lines {
        for (kind, expected) in [(ErrorKind::BrokenPipe, Exit::Success), (ErrorKind::StorageFull, Exit::Disk)] {
            let args: Vec<_> = [&["mig-cli"], line].concat().iter().map(Into::into).collect();
            let (mut stdin, mut out, mut err) = (io::empty(), Closing { room: 5, kind }, Vec::new());
            let exit = mig_cli::run(args, &mut Console::new(&mut stdin, &mut out, &mut err, dir.clone()));
            assert_eq!(exit, expected, "{line:?} {kind:?}");
            assert_eq!(err.is_empty(), kind == ErrorKind::BrokenPipe, "{line:?} {kind:?}");
        }
    }
}

/// Standard error may be closed as well; then the status must do.
#[test]
fn without_standard_error_the_status_tells() {
    let dir = folder("no-stderr");
    fs::write(dir.join("bad.defs"), MISTAKE).expect("a definition");
    let args = ["mig-cli", "generate", "nosuch.defs"].iter().map(Into::into).collect();
    let (mut stdin, mut out) = (io::empty(), Vec::new());
    let mut err = Closing { room: 0, kind: ErrorKind::StorageFull };
    let exit = mig_cli::run(args, &mut Console::new(&mut stdin, &mut out, &mut err, dir));
    assert_ne!(exit, Exit::Success);
}

/// Names of everything in a folder.
fn names(dir: &std::path::Path) -> Vec<String> {
    let entries = fs::read_dir(dir).expect("a readable folder");
    let mut names: Vec<String> =
        entries.map(|it| it.expect("a readable folder").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// No file is left of what a write tries first, and one that is there keeps its rights.
#[test]
fn files_are_replaced_whole() {
    let dir = demo("whole");
    fs::write(dir.join("demo.rs"), "// from another time\n").expect("an output");
    assert_eq!(mig_cli(&dir, &["generate", "demo.defs"]).code, 0);
    assert_eq!(names(&dir), ["demo.defs", "demo.rs"]);
    let text = fs::read_to_string(dir.join("demo.rs")).expect("an output");
    assert!(text.contains("demo_store"));
    fs::write(dir.join("demo.defs"), DEMO.replace("port_t;", "prt_t;")).expect("a definition");
    assert_eq!(mig_cli(&dir, &["generate", "demo.defs"]).code, 1);
    assert_eq!(fs::read_to_string(dir.join("demo.rs")).expect("an output"), text);
}

/// What a run cannot read is said with status 3, and the rest is still reported.
#[test]
fn every_file_is_reported() {
    let dir = folder("several");
    fs::write(dir.join("bad.defs"), MISTAKE).expect("a definition");
    let outcome = mig_cli(&dir, &["check", "--format", "short", "nosuch.defs", "bad.defs"]);
    assert_eq!(outcome.code, 3);
    assert!(outcome.err.contains("M0601") && outcome.err.contains("M0301"), "{}", outcome.err);
}

/// Standard input that is no text at all.
#[test]
fn standard_input_may_be_anything() {
    let dir = folder("stdin");
    for stdin in [&b""[..], b"\0\0\0", b"\xff\xfe", &[b'('; 100_000][..]] {
        for line in [&["check", "-"][..], &["fmt", "--stdin"], &["generate", "-"], &["migcom"]] {
            let given = Given { stdin: stdin.to_vec(), ..Given::default() };
            let (mut out, mut err) = (Vec::new(), Vec::new());
            let mut input = given.stdin.as_slice();
            let args = [&["mig-cli"], line].concat().iter().map(Into::into).collect();
            mig_cli::run(args, &mut Console::new(&mut input, &mut out, &mut err, dir.clone()));
        }
    }
    assert_eq!(names(&dir), [""; 0]);
}
