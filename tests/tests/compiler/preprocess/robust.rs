//! Random input: no panic, no endless run, and reports that can be rendered.

use std::fs;
use std::time::{Duration, Instant};

use mig_parser::diag::codes::preprocess as codes;
use mig_parser::diag::render::{Style, render};
use mig_parser::diag::{Diagnostic, Diagnostics};
use mig_parser::preprocess::{Limits, Options};
use mig_parser::source::Place;
use mig_parser::span::Span;
use tests::cases;

use super::Run;
use crate::stages::preprocessor_options;

/// A small generator of pseudo-random numbers; the same seed gives the same run everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % bound.max(1)
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

/// What definition files and their mistakes are made of.
const PIECES: [&str; 64] = [
    "#define F(x, ...) x __VA_ARGS__ #x ## x\n",
    "#define A F(A, 1) B\n",
    "#define B A ## A\n",
    "#undef A\n",
    "#define F(x) x x\n",
    "F(",
    "F",
    "A",
    "B",
    "(",
    ")",
    ",",
    "#",
    "##",
    "\n",
    "\n#",
    "\n#if ",
    "\n#elif ",
    "\n#else\n",
    "\n#endif\n",
    "\n#ifdef A\n",
    "\n#ifndef G\n",
    "\n#include ",
    "\n#include_next <self.defs>\n",
    "\"self.defs\"",
    "\n#line 7 \"x\"\n",
    "\n# 0 \"y\" 2\n",
    "\n#error ",
    "\n#warning w\n",
    "\n#pragma once\n",
    "defined",
    "defined(A)",
    "__LINE__",
    "__FILE__",
    "/*",
    "*/",
    "//",
    "\\\n",
    "\\ \r\n",
    "'",
    "\"",
    "'a'",
    "\"b\"",
    "\\",
    "1",
    "0x7f",
    "1u",
    "-",
    "/",
    "%",
    "? 1 :",
    "<<",
    "&&",
    "||",
    "==",
    " ",
    "\t",
    "\r",
    "\u{c}",
    "\u{feff}",
    "é",
    "\u{1b}",
    "routine r",
    ";",
];

/// Tight enough to be reached now and then, and to keep this test short.
fn options() -> Options {
    let limits = Limits {
        file: 4_000,
        input: 100_000,
        files: 50,
        include_depth: 20,
        output: 20_000,
        expansion: 2_000,
        nesting: 30,
        diagnostics: 20,
    };
    Options { limits, ..Options::default() }
}

/// Preprocesses bytes that may include themselves, and renders all there is to say.
fn survive(bytes: &[u8], options: &Options, random: &mut Random) {
    let run = Run::new("self.defs", options, |path| match path.to_str() {
        Some("self.defs") => Ok(bytes.to_vec()),
        _ => Err(std::io::ErrorKind::NotFound.into()),
    });
    let text = &run.preprocessed.text;
    assert!(!text.starts_with('\n') && !text.contains("\n\n\n"), "{text:?}");
    let mut diagnostics = Diagnostics(run.diagnostics.0.clone());
    let mut span = || {
        let start = random.below(text.len() + 3) as u32;
        Span::new(start, (start + random.below(40) as u32).saturating_sub(5))
    };
    for _ in 0..3 {
        diagnostics.push(Diagnostic::new(&codes::USER_ERROR, span(), "anywhere").also(span(), "also").label("here"));
    }
    if let Some(it) = run.preprocessed.comments.first() {
        let beyond = Place { start: it.place.start + 2, end: u32::MAX, ..it.place };
        diagnostics.push(Diagnostic::new(&codes::USER_ERROR, beyond, "beyond the end"));
    }
    for style in [Style::Plain, Style::Short] {
        render(&diagnostics.0, &run.sources, &run.preprocessed.origins, style);
    }
}

#[test]
fn random_pieces_are_survived() {
    let options = options();
    let mut random = Random(0x6d69_675f_6465_6673);
    let deadline = Instant::now() + Duration::from_secs(20);
    for round in 0..1_500 {
        let count = 1 + random.below(60);
        let text: String = (0..count).map(|_| *random.pick(&PIECES)).collect();
        survive(text.as_bytes(), &options, &mut random);
        assert!(Instant::now() < deadline, "round {round} took too long:\n{text}");
    }
}

#[test]
fn damaged_cases_are_survived() {
    let mut random = Random(0x7072_6570_726f_6365);
    let cases = cases("preprocess");
    let texts: Vec<Vec<u8>> = cases.iter().map(|it| fs::read(&it.path).expect("a readable case")).collect();
    for _ in 0..800 {
        let index = random.below(cases.len());
        let options = Options { limits: options().limits, ..preprocessor_options(&cases[index].options) };
        let mut bytes = texts[index].clone();
        for _ in 0..=random.below(4) {
            let (at, other) = (random.below(bytes.len()), random.pick(&texts));
            let from = random.below(other.len());
            let taken = &other[from..(from + random.below(80)).min(other.len())];
            match random.below(4) {
                0 => bytes.truncate(at),
                1 => drop(bytes.splice(at..at, taken.iter().copied())),
                2 => drop(bytes.drain(at..(at + random.below(30)).min(bytes.len()))),
                _ => bytes[at] = random.below(256) as u8,
            }
            bytes.push(b'\n');
        }
        survive(&bytes, &options, &mut random);
    }
}
