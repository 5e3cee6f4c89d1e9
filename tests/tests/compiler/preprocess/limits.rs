//! What input may cost.

use std::time::{Duration, Instant};

use mig_parser::diag::render::Style;
use mig_parser::preprocess::{Limits, Options};

use super::Run;

/// The report of the first of some files under tighter limits. Whoever hits a limit is told so, and the text ends.
fn report(tighten: impl Fn(&mut Limits), files: &[(&str, &str)]) -> String {
    let mut limits = Limits::default();
    tighten(&mut limits);
    let run = Run::of_files(&Options { limits, ..Options::default() }, files);
    assert!(!run.preprocessed.complete);
    run.report(Style::Short)
}

#[test]
fn files_are_limited_in_size_number_and_depth() {
    let two = [("a.defs", "#include \"b.defs\"\n#include \"b.defs\"\n"), ("b.defs", "some text\n")];
    let size = report(|it| it.file = 8, &[("a.defs", "123456789")]);
    assert_eq!(size, "error[M0130]: `a.defs` is larger than 8 bytes\n");
    let number = report(|it| it.files = 2, &two);
    assert_eq!(number, "a.defs:2:10: error[M0134]: more than 2 files are included\n");
    let input = report(|it| it.input = 50, &two);
    assert_eq!(input, "a.defs:2:10: error[M0134]: the included files have more than 50 bytes\n");
    let depth = report(|it| it.include_depth = 1, &two);
    assert_eq!(depth, "a.defs:1:10: error[M0103]: files include each other deeper than 1\n");
    let parts = report(|it| it.files = 3, &[("a.defs", "# 1 \"x\"\n# 2 \"y\"\n# 3 \"z\"\n")]);
    assert_eq!(parts, "y:2:3: error[M0134]: more than 3 files are included\n");
}

#[test]
fn text_and_expansion_are_limited() {
    let text = report(|it| it.output = 10, &[("a.defs", "12345\n678901\nnot read\n")]);
    assert_eq!(text, "a.defs:2:7: error[M0131]: the preprocessed text is longer than 10 bytes\n");
    let tokens = report(|it| it.expansion = 5, &[("a.defs", "#define A 1 2 3\nA A\n")]);
    assert_eq!(tokens, "a.defs:2:3: error[M0132]: macros expand to more than 5 tokens\n");
    let made = report(|it| it.output = 20, &[("a.defs", "#define S(x) #x #x\nS(1234567890)\n")]);
    assert_eq!(made, "a.defs:2:1: error[M0131]: `#` and `##` make more than 20 bytes\n");
    let nesting = report(|it| it.nesting = 2, &[("a.defs", "#define F(x) x\nF(F(F(1)))\n")]);
    assert_eq!(nesting, "a.defs:2:7: error[M0133]: macro calls are nested deeper than 2\n");
}

#[test]
fn diagnostics_are_limited() {
    let many = report(|it| it.diagnostics = 1, &[("a.defs", "#x\n#y\n#z\n")]);
    let expected = "a.defs:1:2: error[M0104]: `#x` is not a directive\n\
                    a.defs:2:2: error[M0135]: more than 1 diagnostics\n";
    assert_eq!(many, expected);
}

/// Inputs whose cost would grow with the square of their length, or worse, if something were done carelessly.
#[test]
fn cost_grows_with_the_length_of_the_input() {
    let repeated = |head: &str, it: &str| format!("{head}{}", it.repeat(20_000));
    let chain: String = (0..20_000).map(|it| format!("#define M{it} M{}\n", it + 1)).collect();
    let calls: String = (0..20_000).map(|it| format!("#define F{it}(x) F{}(x)\n", it + 1)).collect();
    let parameters: Vec<String> = (0..20_000).map(|it| format!("p{it}")).collect();
    let inputs = [
        repeated("", "__LINE__\n"),
        repeated("", "/* comment */\n\n"),
        repeated("#define f(x) x\n", "f\n\n"),
        repeated("#define f(x) x\n", "f(1 "),
        repeated("#define f(x) x\nf(", "(1,"),
        repeated("", "#if 0\n"),
        repeated("", "# 1 \"x\"\n__LINE__\n"),
        repeated("", "\\\n"),
        repeated("", "a\\\n"),
        repeated("", "'"),
        repeated("", "/*"),
        repeated("#define f(...) #__VA_ARGS__ __VA_ARGS__\nf(", "x,"),
        repeated("#if ", "1 + "),
        repeated("#if ", "!"),
        repeated("#if ", "1 ? "),
        repeated("#define x ", "a ## "),
        format!("{chain}M0 M0 M0\n"),
        format!("{calls}F0(1) F0(2)\n"),
        format!("#define f({}) p1\nf()\n", parameters.join(",")),
    ];
    for input in &inputs {
        let start = Instant::now();
        Run::of(input).report(Style::Plain);
        assert!(start.elapsed() < Duration::from_secs(5), "{:?} took {:?}", &input[..60], start.elapsed());
    }
}
