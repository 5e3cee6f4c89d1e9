//! From the text back to the files, and how that is shown.

use std::fmt::Write;

use mig_parser::diag::codes::preprocess as codes;
use mig_parser::diag::render::{Style, render, resolve};
use mig_parser::diag::{At, Diagnostic};
use mig_parser::preprocess::Options;
use mig_parser::source::Place;
use mig_parser::span::Span;
use tests::cases;

use super::Run;

/// The span of the `nth` occurrence of a word in the text.
fn find(run: &Run, word: &str, nth: usize) -> Span {
    let text = &run.preprocessed.text;
    let (at, _) = text.match_indices(word).nth(nth).unwrap_or_else(|| panic!("no `{word}` in {text}"));
    Span::new(at as u32, (at + word.len()) as u32)
}

/// What a diagnostic about a span would point at: the source text and the macros.
fn pointed_at(run: &Run, span: Span) -> String {
    let origin = run.preprocessed.origins.resolve(span).expect("there is text");
    let source = |it: Place| {
        let (line, column) = run.sources.line_column(it.file, it.start);
        let file = run.sources.get(it.file);
        format!("{}:{line}:{column} `{}`", file.name, &file.text[it.start as usize..it.end as usize])
    };
    let mut shown = source(origin.place);
    for it in origin.macros {
        let inside = it.inside.map_or("argument".to_owned(), source);
        let _ = write!(shown, ", {} ({inside})", it.name);
    }
    shown
}

const MACROS: &str = "\
#define OUTER(x) before INNER(x) after
#define INNER(y) left y right
#define JOIN(a, b) a ## b
#define TEXT(a) #a
one OUTER(argument) two
JOIN(pa, ste) TEXT(some text)
three /* gap */ four \\
  five
";

#[test]
fn macros_are_listed_from_the_innermost_outwards() {
    let run = Run::of(MACROS);
    let shown = |word| pointed_at(&run, find(&run, word, 0));
    assert_eq!(shown("one"), "test.defs:5:1 `one`");
    assert_eq!(shown("before"), "test.defs:5:5 `OUTER`, OUTER (test.defs:1:18 `before`)");
    let left = "test.defs:5:5 `OUTER`, INNER (test.defs:2:18 `left`), OUTER (test.defs:1:25 `INNER`)";
    assert_eq!(shown("left"), left);
    assert_eq!(shown("argument"), "test.defs:5:11 `argument`, INNER (argument), OUTER (argument)");
    assert_eq!(shown("paste"), "test.defs:6:1 `JOIN`, JOIN (test.defs:3:20 `a ## b`)");
    assert_eq!(shown("\"some text\""), "test.defs:6:15 `TEXT`, TEXT (test.defs:4:17 `#a`)");
}

#[test]
fn a_span_of_several_tokens_covers_what_they_have_in_common() {
    let run = Run::of(MACROS);
    let shown = |from, to| pointed_at(&run, find(&run, from, 0).to(find(&run, to, 0)));
    assert_eq!(shown("one", "two"), "test.defs:5:1 `one OUTER(argument) two`");
    assert_eq!(shown("before", "after"), "test.defs:5:5 `OUTER`, OUTER (test.defs:1:18 `before INNER(x) after`)");
    assert_eq!(shown("before", "right"), "test.defs:5:5 `OUTER`, OUTER (test.defs:1:18 `before INNER`)");
    assert_eq!(shown("one", "before"), "test.defs:5:1 `one OUTER`");
    assert_eq!(shown("three", "four"), "test.defs:7:1 `three /* gap */ four`");
    assert_eq!(shown("four", "five"), "test.defs:7:17 `four \\\n  five`");
    assert_eq!(pointed_at(&run, find(&run, "one", 0).at_end()), "test.defs:5:4 ``");
    assert_eq!(pointed_at(&run, find(&run, "five", 0).at_end()), "test.defs:8:7 ``");
    assert_eq!(pointed_at(&run, Span::new(9_000, 10_000)), "test.defs:8:7 ``");
}

#[test]
fn every_word_of_every_case_leads_back_to_itself() {
    for case in cases("preprocess") {
        let run = Run::of_case(&case);
        let text = &run.preprocessed.text;
        let is_word = |it: char| it.is_alphanumeric() || it == '_';
        let mut at = 0;
        for piece in text.split_inclusive(|it| !is_word(it)) {
            let word = piece.trim_end_matches(|it| !is_word(it));
            let span = Span::new(at as u32, (at + word.len()) as u32);
            at += piece.len();
            if word.is_empty() {
                continue;
            }
            let origin = run.preprocessed.origins.resolve(span).expect("there is text");
            let place = origin.macros.iter().find_map(|it| it.inside).unwrap_or(origin.place);
            let source = &run.sources.get(place.file).text[place.start as usize..place.end as usize];
            let joined: String = source.split('\\').map(|it| it.trim_start()).collect();
            let made = source.contains('#') || ["__LINE__", "__FILE__"].contains(&source);
            assert!(made || joined == word, "{}: `{word}` leads to `{source}`", case.name);
        }
    }
}

const TWO_FILES: [(&str, &str); 3] = [
    ("test.defs", "/* é */\n#include \"types.h\"\n\tDECLARE(port)\n"),
    ("types.h", "# 1 \"generated from.src\"\n#include \"macros.h\"\ntype missing = int;\n"),
    ("macros.h", "#define TYPE(n) type n = mach_ ## n\n#define DECLARE(n) TYPE(n);\n"),
];

#[test]
fn reports_show_macros_and_includes() {
    let run = Run::of_files(&Options::default(), &TWO_FILES);
    let report = |word, style| {
        let it = Diagnostic::new(&codes::USER_ERROR, find(&run, word, 0), format!("what is `{word}`?"));
        let it = it.label("here").note("it is odd").help("change it").also(find(&run, "type", 0), "and there");
        render(&[it], &run.sources, &run.preprocessed.origins, style)
    };
    assert_eq!(report("mach_port", Style::Short), "test.defs:3:2: error[M0120]: what is `mach_port`?\n");
    assert_eq!(report("missing", Style::Short), "generated from.src:2:6: error[M0120]: what is `missing`?\n");
    insta::assert_snapshot!(report("mach_port", Style::Plain), @r"
    error[M0120]: what is `mach_port`?
      --> test.defs:3:2
      |
    3 |     DECLARE(port)
      |     ^^^^^^^ here
      |
      --> generated from.src:2:1
      |
    2 | type missing = int;
      | ---- and there
      |
      --> macros.h:1:26
      |
    1 | #define TYPE(n) type n = mach_ ## n
      |                          ---------- in the expansion of macro `TYPE`
    2 | #define DECLARE(n) TYPE(n);
      |                    ---- in the expansion of macro `DECLARE`
      |
      = note: it is odd
      = help: change it
    ");
    insta::assert_snapshot!(report("missing", Style::Plain), @r"
    error[M0120]: what is `missing`?
      --> generated from.src:2:6
      |
    2 | type missing = int;
      | ---- ^^^^^^^ here
      | |
      | and there
      |
      = note: it is odd
      = note: included from test.defs:2
      = help: change it
    ");
    let coloured = report("missing", Style::Colour);
    assert!(coloured.contains("\u{1b}["), "{coloured:?}");
}

#[test]
fn data_has_the_same_places() {
    let run = Run::of_files(&Options::default(), &TWO_FILES);
    let it = Diagnostic::new(&codes::USER_ERROR, find(&run, "mach_port", 0), "what?").label("here");
    let it = resolve(&it, &run.sources, &run.preprocessed.origins);
    let primary = it.primary.expect("there is a place");
    assert_eq!((primary.line, primary.column, primary.end_line, primary.end_column), (3, 2, 3, 9));
    assert_eq!((&*primary.file, &*primary.text), ("test.defs", "here"));
    let macros: Vec<&str> = it.macros.iter().map(|it| &*it.name).collect();
    assert_eq!(macros, ["TYPE", "DECLARE"]);
    assert!(it.includes.is_empty());
    let nowhere = Diagnostic::new(&codes::USER_ERROR, At::Nowhere, "bad\noption");
    let it = resolve(&nowhere, &run.sources, &run.preprocessed.origins);
    assert_eq!((it.primary, &*it.message), (None, "bad option"));
}

#[test]
fn a_report_cannot_steer_the_terminal() {
    let run = Run::of("type a\u{1b}[31m \u{202e}b\u{9b}\tc\r;\n");
    let it = Diagnostic::new(&codes::USER_ERROR, find(&run, "c", 0), "an \u{1b}[1m escape");
    let report = render(&[it], &run.sources, &run.preprocessed.origins, Style::Plain);
    assert!(!report.contains(|it: char| it.is_control() && it != '\n'), "{report:?}");
    assert!(!report.contains('\u{202e}'), "{report:?}");
}

#[test]
fn long_lines_and_long_labels_are_cut() {
    let wide = format!("{} middle {}\n", "x".repeat(5_000), "y".repeat(5_000));
    let run = Run::of(&format!("{wide}{}end\n", "line\n".repeat(500)));
    let report = |span: Span| {
        let it = Diagnostic::new(&codes::USER_ERROR, span, "long").label("here");
        render(&[it], &run.sources, &run.preprocessed.origins, Style::Plain)
    };
    let middle = find(&run, "middle", 0);
    assert!(report(middle).contains(" middle ") && report(middle).len() < 1_000);
    assert!(report(middle.to(find(&run, "end", 0))).len() < 1_000);
    let many_lines = report(find(&run, "line", 0).to(find(&run, "end", 0)));
    assert!(many_lines.len() < 400, "{many_lines}");
}
