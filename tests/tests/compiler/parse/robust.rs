//! Whatever the text, the parser comes to an end with a tree.

use std::fs;

use mig_parser::diag::Diagnostics;
use mig_parser::dialect::{self, Dialect};
use mig_parser::parse::parse;
use mig_parser::print::print;
use tests::cases;

use super::generate::Random;

/// The parser, the printer and the check of dialects, one after the other.
fn run(text: &str) -> Diagnostics {
    let mut diagnostics = Diagnostics::default();
    let ast = parse(text, &[], &mut diagnostics);
    for it in &ast.statements {
        assert!(text.get(it.span.range()).is_some(), "a span of a statement is not in the text: {text:?}");
    }
    for it in Dialect::ALL {
        dialect::check(&ast, *it, &mut Diagnostics::default());
    }
    print(&ast);
    diagnostics
}

#[test]
fn mutations() {
    let mut random = Random::new(1);
    let bad = cases("bad");
    for case in cases("parse").iter().chain(bad.iter().filter(|it| it.name.starts_with("M02"))) {
        let text = String::from_utf8_lossy(&fs::read(&case.path).expect("a case can be read")).into_owned();
        for _ in 0..40 {
            let mut mutant = text.clone();
            for _ in 0..=random.below(4) {
                mutant = mutation(&mut random, &mutant);
            }
            run(&mutant);
        }
    }
}

/// Something is inserted, taken out, repeated, or put before the rest.
fn mutation(random: &mut Random, text: &str) -> String {
    const PIECES: [&str; 24] = [
        ";",
        ":",
        ",",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "=",
        "|",
        "^",
        "*",
        "-",
        "\"",
        "<",
        ">",
        "\n",
        "@",
        "/*",
        "type ",
        " of ",
        "routine x(",
        " 99999999999 ",
    ];
    let place = |random: &mut Random| text.floor_char_boundary(random.below(text.len() + 1));
    let (a, b) = (place(random), place(random));
    let (start, end) = (a.min(b), a.max(b));
    let near = text.floor_char_boundary(end.min(start + 12));
    match random.below(4) {
        0 => format!("{}{}{}", &text[..start], random.of(&PIECES), &text[start..]),
        1 => format!("{}{}", &text[..start], &text[near..]),
        2 => format!("{}{}", &text[..near], &text[start..]),
        _ => format!("{}{}", &text[start..], &text[..start]),
    }
}

#[test]
fn every_prefix() {
    for case in cases("parse") {
        let text = fs::read_to_string(&case.path).expect("a case is text");
        for end in (0..text.len()).step_by(7).filter(|it| text.is_char_boundary(*it)) {
            run(&text[..end]);
        }
    }
}

/// Text that would overflow the stack of a careless parser, or keep it busy for hours.
#[test]
fn large_and_monotonous() {
    const PATTERNS: [(&str, &str, &str); 32] = [
        ("", "(", ""),
        ("", ")", ""),
        ("", "({[)}]", ""),
        ("", "{", "}"),
        ("", ";", ""),
        ("", "@", ""),
        ("", ";@", ""),
        ("", "a;", ""),
        ("", "a ", ";"),
        ("", "ï", ""),
        ("", "/*", ""),
        ("", "\"", ""),
        ("", "import<;", ""),
        ("", "import \"", ""),
        ("", "routine f( ", ""),
        ("", "type x = ", ""),
        ("", "waittime ", ""),
        ("type x = ", "^", "int;"),
        ("type x = ", "array[] of ", "int;"),
        ("type x = ", "a|", ";"),
        ("type x = array[", "1+", "1] of int;"),
        ("type x = array[", "(", "1] of int;"),
        ("type x = int ", "ctype: a ", ";"),
        ("type x = struct {", "int a;", "};"),
        ("type x = PointerTo(", "a ", ");"),
        ("skip ", "9", ";"),
        ("subsystem ", "a ", "1;"),
        ("routine f(", "a:b ", ");"),
        ("routine f(", "a:b,", ");"),
        ("routine f(", "a:b;", ");"),
        ("routine f(a:b", ",d", ");"),
        ("routine f(", "x:t=array[3 of int;", ");"),
    ];
    for (head, repeated, tail) in PATTERNS {
        let text = format!("{head}{}{tail}", repeated.repeat(100_000 / repeated.len()));
        let found = run(&text).0.len();
        assert!(found <= 51, "{found} diagnostics for {head}{repeated}…{tail}");
    }
}
