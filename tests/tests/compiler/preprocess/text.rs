//! Options and comments: what a case file cannot say.

use std::path::{Path, PathBuf};

use mig_parser::diag::render::Style;
use mig_parser::preprocess::{MacroOption, Options};
use mig_parser::source::STDIN;

use super::Run;

fn define(name: &str, body: &str) -> MacroOption {
    MacroOption::Define { name: name.to_owned(), body: body.to_owned() }
}

#[test]
fn macro_options_are_obeyed_in_their_order() {
    let options = Options {
        predefined: vec![("TARGET".into(), "first".into()), ("GONE".into(), "1".into())],
        macros: vec![
            define("A", "1"),
            MacroOption::Undef("A".into()),
            define("A", "2"),
            define("CALL(x)", "[x]"),
            define("EMPTY", ""),
            define("LINES", "waittime 1000;\nskip;"),
            MacroOption::Undef("GONE".into()),
            define("AFTER", "TARGET"),
        ],
        ..Options::default()
    };
    let run = Run::of_files(&options, &[("test.defs", "A CALL(y) [EMPTY] LINES GONE AFTER\n")]);
    assert_eq!(run.preprocessed.text, "2 [y] [] waittime 1000; skip; GONE first\n");
    assert_eq!(run.report(Style::Plain), "");
}

#[test]
fn a_bad_option_is_shown_like_a_file() {
    let options = Options { macros: vec![define("3X", "1"), define("OPEN", "/* no end")], ..Options::default() };
    let run = Run::of_files(&options, &[("test.defs", "")]);
    let expected = "<command line>:1:9: error[M0112]: `3X` cannot be the name of a macro\n\
                    <command line>:1:14: error[M0123]: this comment does not end\n";
    assert_eq!(run.report(Style::Short), expected);
}

#[test]
fn imacros_leave_macros_and_preincludes_leave_text() {
    let options = Options {
        macros: vec![define("FROM", "\"option\"")],
        imacros: vec!["hooks.h".into()],
        preinclude: vec!["before.defs".into(), "missing.defs".into()],
        include: vec![PathBuf::from("inc")],
        ..Options::default()
    };
    let files = [
        ("test.defs", "HOOK\n"),
        ("inc/hooks.h", "#define HOOK hook FROM\nthis text is dropped\n"),
        ("before.defs", "before HOOK\n"),
    ];
    let run = Run::of_files(&options, &files);
    assert_eq!(run.preprocessed.text, "before hook \"option\"\nhook \"option\"\n");
    assert_eq!(run.report(Style::Short), "error[M0101]: `missing.defs` is not found\n");
    assert!(!run.preprocessed.complete);
    let read: Vec<&Path> = run.sources.read().iter().map(PathBuf::as_path).collect();
    assert_eq!(read, [Path::new("inc/hooks.h"), Path::new("before.defs"), Path::new("test.defs")]);
}

#[test]
fn standard_input_is_served_by_the_loader() {
    let files = [(STDIN, "#include \"beside.defs\"\n__FILE__\n"), ("beside.defs", "found\n")];
    let run = Run::of_files(&Options::default(), &files);
    assert_eq!(run.preprocessed.text, "found\n\"<stdin>\"\n");
    assert_eq!(run.sources.read(), [PathBuf::from("beside.defs")], "standard input is no dependency");
}

#[test]
fn a_missing_root_is_an_error_without_a_place() {
    let run = Run::of_files(&Options::default(), &[("other.defs", "")]);
    assert!(run.preprocessed.complete);
    let run = Run::new("absent.defs", &Options::default(), |_| Err(std::io::ErrorKind::NotFound.into()));
    assert_eq!(run.report(Style::Short), "error[M0100]: `absent.defs` cannot be read\n");
    assert!(!run.preprocessed.complete);
}

/// For each comment: whether it is attached, its text, and what follows it.
fn comments(text: &str) -> Vec<(bool, String, String)> {
    let run = Run::of(text);
    let preprocessed = &run.preprocessed;
    for it in &preprocessed.comments {
        assert!(it.at <= it.next && it.next as usize <= preprocessed.text.len());
        assert_eq!(preprocessed.comments_above(it.next).contains(it), it.attached);
    }
    let word = |at: u32| preprocessed.text[at as usize..].split_whitespace().next().unwrap_or("").to_owned();
    preprocessed.comments.iter().map(|it| (it.attached, it.text.clone(), word(it.next))).collect()
}

#[test]
fn a_comment_belongs_to_what_stands_directly_below() {
    let attached = |text: &str| comments(text).into_iter().map(|it| it.0).collect::<Vec<bool>>();
    assert_eq!(comments("/* doc */\nroutine r;\n"), [(true, "/* doc */".into(), "routine".into())]);
    assert_eq!(attached("/* above */\n\nroutine r;\n"), [false]);
    assert_eq!(attached("/* far */\n\n// near\n/* nearer\n\n with lines */ routine r;\n"), [false, true, true]);
    assert_eq!(attached("skip; /* behind */\nroutine r;\n"), [false]);
    assert_eq!(attached("a /* inside */ b // end\n// own\nc"), [false, false, true]);
    assert_eq!(attached("/* nothing below */\n"), [false]);
}

#[test]
fn conditionals_may_stand_below_a_comment_but_nothing_else() {
    let attached = |text: &str| comments(text).into_iter().map(|it| it.0).collect::<Vec<bool>>();
    assert_eq!(attached("/* doc */\n#if X\nroutine a;\n#else\nroutine b;\n#endif\n"), [true]);
    assert_eq!(attached("/* doc */\n#if X\nroutine a;\n#endif\nroutine b;\n"), [false]);
    assert_eq!(attached("/* of the macro */\n#define X 1\nroutine b;\n"), [false]);
    assert_eq!(attached("#if X\n/* skipped */\n#endif\n/* doc */\nroutine b;\n"), [true]);
    assert_eq!(attached("/* doc */\n#define_nothing"), [false]);
}

#[test]
fn comments_of_macros_and_directives_are_dropped() {
    assert_eq!(comments("#define M(x) x // body\n#if 1 /* if */\nM(a /* argument */)\n#endif /* end */\n"), []);
    let through_a_macro = comments("#define R routine\n/* doc */\nR r;\n");
    assert_eq!(through_a_macro, [(true, "/* doc */".into(), "routine".into())]);
}
