//! A case of the command line as a file: what is in its folder, and the commands that are run there.
//!
//! ```text
//! Sentences that say what the case shows.
//!
//! >>> demo.defs
//! subsystem demo 4200;
//! <<<
//! $ mig-cli generate demo.defs
//! $ MIG_ABI=gnumach-x86_64 migcom -n -user demo.rs < demo.i
//! $ cat demo.rs
//! ```
//!
//! The transcript repeats each command, and says behind it what it printed, how it ended, and which files it wrote.
//! Lines of standard error begin with `! `. Words with blanks are put between `'`. Numbers of bytes are left out of
//! reports, because they change with every improvement of the output.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::run::{Given, Outcome, folder, run};

/// Runs a case; the transcript.
pub(crate) fn play(name: &str, case: &str) -> String {
    let dir = folder(&format!("transcript-{name}"));
    let mut transcript = String::new();
    let mut lines = case.lines();
    while let Some(line) = lines.next() {
        if let Some(path) = line.strip_prefix(">>> ") {
            let text: String = lines.by_ref().take_while(|it| *it != "<<<").map(|it| format!("{it}\n")).collect();
            write(&dir.join(path), &text);
        } else if let Some(command) = line.strip_prefix("$ ") {
            transcript += &format!("$ {command}\n{}\n", step(&dir, command));
        } else {
            assert!(!line.starts_with(['>', '<', '$']), "{name}: what is `{line}`?");
        }
    }
    assert!(!transcript.is_empty(), "{name} runs nothing");
    transcript
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("a folder");
    fs::write(path, text).expect("a file of the case");
}

/// Runs a command; what there is to say about it.
fn step(dir: &Path, command: &str) -> String {
    let words = words(command);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    if let ["cat", file] = words[..] {
        return fs::read_to_string(dir.join(file)).unwrap_or_else(|it| panic!("{file}: {it}"));
    }
    let (words, stdin) = match words[..] {
        [.., "<", file] => (&words[..words.len() - 2], fs::read(dir.join(file)).expect("a file to read")),
        _ => (&words[..], Vec::new()),
    };
    let settings = words.iter().take_while(|it| it.contains('=')).count();
    let env = words[..settings].iter().filter_map(|it| it.split_once('='));
    let env = env.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let before = files(dir);
    let Outcome { code, out, err } = run(dir, &words[settings..], &Given { stdin, env, terminal: false });
    let mut text = without_sizes(&out);
    text.extend(without_sizes(&err).lines().map(|it| format!("! {it}").trim_end().to_owned() + "\n"));
    if !text.is_empty() && !text.ends_with('\n') {
        text += "(no end of line)\n";
    }
    text += &format!("status {code}\n");
    let after = files(dir);
    for (path, bytes) in &after {
        match before.get(path) {
            None => text += &format!("new file {}\n", path.display()),
            Some(it) if it != bytes => text += &format!("changed file {}\n", path.display()),
            Some(_) => {}
        }
    }
    let gone = before.keys().filter(|it| !after.contains_key(*it));
    gone.for_each(|it| text += &format!("lost file {}\n", it.display()));
    text
}

/// The words of a command, as a shell would divide them.
fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quoted = false;
    for it in command.chars() {
        match it {
            '\'' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            ' ' if !quoted => words.extend(word.take()),
            it => word.get_or_insert_default().push(it),
        }
    }
    words.extend(word);
    words
}

/// Every file below a folder, and what is in it.
fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(dir.join(&folder)).expect("a readable folder") {
            let name = folder.join(entry.expect("a readable folder").file_name());
            let path = dir.join(&name);
            if path.is_dir() {
                folders.push(name);
            } else {
                found.insert(name, fs::read(&path).expect("a readable file"));
            }
        }
    }
    found
}

/// Reports about generated files without their sizes: `1234 bytes` becomes `N bytes`.
fn without_sizes(text: &str) -> String {
    let line = |line: &str| {
        let reports = ["wrote ", "unchanged ", "set "];
        if !reports.iter().any(|it| line.starts_with(it)) {
            return line.to_owned();
        }
        let words: Vec<&str> = line.split(' ').collect();
        let is_size = |index: usize| words.get(index + 1).is_some_and(|it| *it == "bytes");
        let words = words.iter().enumerate().map(|(index, it)| if is_size(index) { "N" } else { it });
        words.collect::<Vec<_>>().join(" ")
    };
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}
