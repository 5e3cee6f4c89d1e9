//! The formatter: its style, and that it changes nothing but blanks.

use std::fs;
use std::path::{Path, PathBuf};

use mig_parser::format::format;
use mig_parser::source::{FileId, SourceFile, Sources};
use tests::{cases_dir, check};

use crate::run::{Given, folder, mig_cli, run};

#[test]
fn every_case_is_laid_out() {
    check("fmt", |case| {
        let stdin = fs::read(&case.path).expect("a readable case");
        let given = Given { stdin, ..Given::default() };
        let outcome = run(Path::new(""), &["mig-cli", "fmt", "--stdin"], &given);
        assert_eq!((outcome.code, outcome.err.as_str()), (0, ""), "{}", case.name);
        outcome.out
    });
}

/// Every definition of the project, odd ones included: the same tokens in the same order, and nothing to do the second
/// time.
#[test]
fn tokens_remain_and_a_second_run_changes_nothing() {
    let mut formatted = 0;
    for path in definitions() {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let Ok(once) = format(&text, file()) else { continue };
        formatted += 1;
        assert_eq!(tokens(&text), tokens(&once), "{}", path.display());
        let twice = format(&once, file()).unwrap_or_else(|it| panic!("{}: {it:?}", path.display()));
        assert_eq!(once, twice, "{}", path.display());
    }
    assert!(formatted > 100, "only {formatted} files");
}

fn file() -> FileId {
    Sources::default().add(SourceFile::new("test.defs", ""))
}

/// What is not blank. Blanks inside tokens are in texts and comments, where a line may lose those at its end.
fn tokens(text: &str) -> String {
    text.split_whitespace().collect()
}

fn definitions() -> Vec<PathBuf> {
    let root = cases_dir("").join("../..");
    let mut found = Vec::new();
    let mut folders = vec![root.join("tests/cases"), root.join("tests/vectors"), root.join("defs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a readable folder") {
            let path = entry.expect("a readable folder").path();
            match path.extension() {
                _ if path.is_dir() => folders.push(path),
                Some(it) if it == "defs" => found.push(path),
                _ => {}
            }
        }
    }
    found.sort();
    found
}

/// What no definition looks like takes no more time than its length asks for, and is still stable.
#[test]
fn strange_texts_are_laid_out_too() {
    let many = |it: &str| it.repeat(20_000);
    let texts = [
        many("("),
        many("( "),
        many("x "),
        many("x /* a */ "),
        many("skip; // a\n"),
        many("#if X\n"),
        many("routine a(b;\n"),
        many("routine a(\n#else\n"),
        format!("routine a{}", many("(b)")),
        format!("routine a({}", many("a : t;\n")),
        format!("routine a({}", many("{")),
        format!("type a = struct {{{}", many("int x;\n")),
        format!("{}\n{}", many("("), many("#if X\n")),
        format!("/*{}*/", many(" \t*\n")),
    ];
    for text in texts {
        let start: String = text.chars().take(20).collect();
        let once = format(&text, file()).unwrap_or_else(|it| panic!("{start}: {it:?}"));
        assert!(tokens(&text) == tokens(&once), "{start}");
        assert!(format(&once, file()).is_ok_and(|it| it == once), "{start}");
    }
}

/// Files of old systems are in Latin-1, have other ends of lines, or begin with a mark.
#[test]
fn bytes_that_are_no_utf_8_stay_as_they_are() {
    let dir = folder("latin");
    let cases: [(&[u8], &[u8]); 4] = [
        (b"skip  ; /* caf\xe9 */\n", b"skip; /* caf\xe9 */\n"),
        (b"skip  ;\r\nskip ;\r\n", b"skip;\r\nskip;\r\n"),
        (b"\xef\xbb\xbfskip  ;\n", b"\xef\xbb\xbfskip;\n"),
        (b"", b""),
    ];
    for (before, after) in cases {
        fs::write(dir.join("old.defs"), before).expect("a file to format");
        assert_eq!(mig_cli(&dir, &["fmt", "old.defs"]).code, 0);
        assert_eq!(fs::read(dir.join("old.defs")).expect("a formatted file"), after);
    }
}

/// A file that is laid out already is not written again: tools that look at times would think that it changed.
#[test]
fn what_is_right_is_not_written() {
    let dir = folder("times");
    let path = dir.join("fine.defs");
    fs::write(&path, "skip;\n").expect("a file to format");
    let time = || fs::metadata(&path).and_then(|it| it.modified()).expect("a time");
    let before = time();
    assert_eq!(mig_cli(&dir, &["fmt", "fine.defs"]).code, 0);
    assert_eq!(time(), before);
}
