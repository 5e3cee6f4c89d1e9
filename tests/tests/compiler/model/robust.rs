//! Whatever the tree, resolving it comes to an end soon, with a model that holds together.

use std::fmt::Write;
use std::fs;
use std::time::{Duration, Instant};

use mig_codegen::model::{Form, Interface, Role, Sides, TypeId, dump};
use mig_codegen::{Abi, resolve};
use mig_parser::diag::{At, Diagnostics};
use mig_parser::dialect::Dialect;
use tests::cases;

use crate::parse::Random;
use crate::stages::{parse_text, resolve_text};

/// What statements are mutated with.
const WORDS: [&str; 64] = [
    "in",
    "out",
    "inout",
    "requestport",
    "replyport",
    "sreplyport",
    "ureplyport",
    "waittime",
    "sendtime",
    "msgoption",
    "msgseqno",
    "sectoken",
    "serveraudittoken",
    "usersectoken",
    "servercontexttoken",
    "serverimpl",
    "islong",
    "isnotlong",
    "dealloc",
    "dealloc[]",
    "notdealloc",
    "servercopy",
    "countinout",
    "retcode",
    "samecount",
    "physicalcopy",
    "overwrite",
    "auto",
    "const",
    "array[]",
    "array[*:4]",
    "array[*:0]",
    "array[0]",
    "array[4294967295]",
    "struct[2]",
    "struct[1000000]",
    "^",
    "c_string[8]",
    "c_string[*:8]",
    "int",
    "char",
    "int64",
    "port_t",
    "port_t",
    "polymorphic",
    "MACH_MSG_TYPE_BIT",
    "MACH_MSG_TYPE_MOVE_RECEIVE",
    "MACH_MSG_TYPE_PORT_SEND",
    "0",
    "1",
    "2147483647",
    "4294967295",
    "routine",
    "simpleroutine",
    "function",
    "kernelserver",
    "kerneluser",
    "skip",
    "data_t",
    "value_t",
    ", 8)",
    ", 70000)",
    "PointerTo(a)",
    "ValueOf(a)",
];

/// Statements of all cases, mixed and changed.
#[test]
fn mutations() {
    let themes = [cases("model"), cases("bad")];
    let texts: Vec<String> = themes
        .iter()
        .flatten()
        .map(|it| String::from_utf8_lossy(&fs::read(&it.path).expect("a case can be read")).into_owned())
        .filter(|it| it.len() < 4000 && !it.contains("#include"))
        .collect();
    let statements: Vec<&str> =
        texts.iter().flat_map(|it| it.split_inclusive(';')).filter(|it| !it.contains("/*")).collect();
    let mut random = Random::new(1);
    for round in 0..3000 {
        let mut text = String::from("subsystem demo 4200;\ntype port_t = MACH_MSG_TYPE_COPY_SEND;\n");
        for _ in 0..random.below(12) {
            text.push_str(statements[random.below(statements.len())]);
        }
        for _ in 0..random.below(6) {
            text = mutation(&mut random, &text);
        }
        let abi = Abi::ALL[round % Abi::ALL.len()];
        let dialect = Dialect::ALL.get(random.below(8)).copied();
        check(&text, &abi, dialect);
    }
}

/// A word is replaced, taken out or repeated.
fn mutation(random: &mut Random, text: &str) -> String {
    let mut words: Vec<&str> = text.split_inclusive([' ', ';', '(', ',']).collect();
    let place = random.below(words.len());
    match random.below(4) {
        0 => words.insert(place, words[place]),
        1 => drop(words.remove(place)),
        2 => words.insert(place, WORDS[random.below(WORDS.len())]),
        _ => words[place] = WORDS[random.below(WORDS.len())],
    }
    words.join(" ")
}

/// Resolves a text, and looks whether the model holds together.
fn check(text: &str, abi: &Abi, dialect: Option<Dialect>) {
    let mut parsed = parse_text(text);
    let before = parsed.diagnostics.0.len();
    let interface = resolve(&parsed.ast, abi, dialect, &mut parsed.diagnostics);
    for it in &parsed.diagnostics.0[before..] {
        let At::Text(span) = it.primary.at else { panic!("{it:?} is nowhere in\n{text}") };
        assert!(parsed.text.get(span.range()).is_some(), "{it:?} is outside of\n{text}");
    }
    for (index, ty) in interface.types.iter().enumerate() {
        let parts = match &ty.form {
            Form::Alias(of) | Form::Fixed(of, _) | Form::UpTo(of, _) | Form::Unbounded(of) | Form::OutOfLine(of) => {
                vec![*of]
            }
            Form::Members(members) => members.iter().map(|it| it.ty).collect(),
            Form::Basic | Form::Truth | Form::Real | Form::Text(_) | Form::Native(_) => vec![],
        };
        assert!(parts.iter().all(|it| (it.0 as usize) < index), "a type is made of a later one:\n{text}");
        interface.descriptors(TypeId(index as u32));
        let _ = (ty.bytes(), ty.c_bytes());
    }
    for routine in &interface.routines {
        assert_eq!(routine.args.iter().filter(|it| it.role == Role::RequestPort).count(), 1, "{text}");
        for arg in &routine.args {
            interface.companions(arg, Sides::User);
            interface.companions(arg, Sides::Server);
        }
    }
    dump(&interface);
}

/// Resolves a long text in much less time than something quadratic would take.
fn in_no_time(what: &str, text: &str) -> (Interface, Diagnostics) {
    let mut parsed = parse_text(text);
    let start = Instant::now();
    let interface = resolve(&parsed.ast, &Abi::GNUMACH_I386, None, &mut parsed.diagnostics);
    dump(&interface);
    let time = start.elapsed();
    assert!(time < Duration::from_secs(1), "{what} take {time:?}");
    (interface, parsed.diagnostics)
}

/// A text of many lines, each made of its number, behind a subsystem and a type for ports.
fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    let mut text = String::from("subsystem demo 4200;\ntype port_t = MACH_MSG_TYPE_COPY_SEND;\n");
    for it in 0..count {
        writeln!(text, "{}", line(it)).expect("a string takes whatever is written");
    }
    text
}

#[test]
fn ten_thousand_of_everything() {
    let routine = |it| format!("routine demo_{it}(server : port_t; value : int; out size_{it} : int);");
    let (interface, diagnostics) = in_no_time("routines", &lines(10_000, routine));
    assert_eq!((interface.routines.len(), diagnostics.has_errors()), (10_000, false));

    let (interface, _) = in_no_time("types", &lines(10_000, |it| format!("type page_{it}_t = array[{it}] of int;")));
    assert_eq!(interface.declared.len(), 10_001);

    let argument = |it| format!("in value_{it} : int;");
    let text = lines(10_000, argument).replace("in value_0 :", "routine demo(server : port_t; in value_0 :");
    let (interface, _) = in_no_time("arguments", &text.replace("in value_9999 : int;", "in value_9999 : int);"));
    assert_eq!(interface.routines[0].args.len(), 10_001);

    in_no_time("request ports", &format!("routine f({} port : int);", "requestport port : int; ".repeat(10_000)));
    in_no_time("equal routines", &lines(10_000, |_| "routine demo(server : port_t);".to_owned()));
    in_no_time("unknown types", &lines(10_000, |it| format!("type a_{it} = array[2] of b_{it};")));
    in_no_time("members", &format!("type a_t = struct {{ {} }};", "int a; ".repeat(10_000)));
    in_no_time("flags", &lines(1, |_| format!("routine f(a : port_t{});", ", dealloc".repeat(10_000))));
    in_no_time("modes", &format!("subsystem {} demo 4200;", "kerneluser ".repeat(10_000)));
}

/// Types made of types made of types: neither deep recursion, nor the same work again for each way to a type.
#[test]
fn deep_types() {
    let chain = |it: usize| match it {
        0 => "type t_0 = int;".to_owned(),
        _ => format!("type t_{it} = t_{};", it - 1),
    };
    let (_, diagnostics) = in_no_time("aliases", &lines(10_000, chain));
    assert!(diagnostics.0.iter().all(|it| it.code.number == 331), "too deep, and nothing else");

    let nothing_twice = |it: usize| match it {
        0 => "type t_0 = array[0] of int;".to_owned(),
        _ => format!("type t_{it} = struct {{ t_{} a; t_{} b; }};", it - 1, it - 1),
    };
    in_no_time("structures of nothing", &lines(190, nothing_twice));

    let larger = |it: usize| match it {
        0 => "type t_0 = int64;".to_owned(),
        _ => format!("type t_{it} = struct {{ char a; t_{} b; t_{} c; }};", it - 1, it - 1),
    };
    in_no_time("growing structures", &lines(60, larger));
}

/// Sums of numbers that each fit.
#[test]
fn large_numbers() {
    let large = "type a_t = array[268435456] of char;\n";
    let ports = "type port_t = MACH_MSG_TYPE_COPY_SEND;\n";
    for (text, expected) in [
        (format!("{large}type b_t = struct {{ a_t a; a_t b; }};"), 330),
        (format!("{large}type b_t = array[4294967295] of a_t;"), 330),
        ("type b_t = (MACH_MSG_TYPE_BYTE, 4294967295);".to_owned(), 317),
        ("type b_t = c_string[4294967295];".to_owned(), 330),
        (format!("subsystem a 4294967295;\n{ports}routine f(p : port_t);"), 439),
        (format!("subsystem a 2147483600;\n{ports}skip 4294967295; skip 4294967295;\nroutine f(p : port_t);"), 439),
    ] {
        for abi in Abi::ALL {
            let (interface, diagnostics) = resolve_text(&text, &abi);
            dump(&interface);
            let found = diagnostics.0.iter().any(|it| it.code.number == expected);
            assert!(found || expected == 317 && !abi.has_type_words(), "{}: {text}", abi.name);
        }
    }
}
