//! The compiler, from text to Rust.

use std::io;
use std::path::Path;

use mig_codegen::model::dump;
use mig_codegen::{Abi, Compilation, Config, Generated, TypeTable, Unit, resolve, wire};
use mig_parser::Options;
use mig_parser::ast::Ast;
use mig_parser::diag::Diagnostics;
use mig_parser::diag::render::{Style, render};
use mig_parser::dialect::{self, Dialect};
use mig_parser::format::format;
use mig_parser::print::print;
use mig_parser::source::{SourceFile, Sources};

/// Names of the files that an input consists of; byte 0x1c stands between them. The first is the one that is compiled.
pub const FILES: [&str; 3] = ["a.defs", "b.defs", "c.h"];

/// Largest input of which Rust is made: prettier printing costs a thousand times what reading does.
const GENERATED: usize = 2048;

/// Most text after preprocessing that is read more than once: macros multiply, up to a limit that takes its time.
const EXPANDED: usize = 1 << 17;

/// Largest printed tree that is compared with its origin part by part.
const PRINTED: usize = 1 << 16;

/// Most routines and types of which Rust is made: macros multiply.
const LARGE: usize = 64;

/// Reads definitions, and does with them whatever can be done.
///
/// # Panics
/// If something goes wrong that is not a diagnostic; if a tree does not survive printing, or a text formatting.
pub fn front_end(bytes: &[u8]) {
    let config = Config::default().abi(Abi::GNUMACH_I386).abi(Abi::GNUMACH_X86_64).abi(Abi::GNUMACH_X86_64_2022);
    let alone = config.parse(Path::new(FILES[0]), &Abi::DARWIN_LP64, &mut |path| load(bytes, path));
    if alone.text.len() > EXPANDED {
        return;
    }
    let compilation = config.read(Path::new(FILES[0]), &mut |path| load(bytes, path));
    compilation.render(&Diagnostics::default(), Style::Plain);
    compilation.units.iter().for_each(show);
    let first = &compilation.units[0];
    resolve_all(&first.parsed.ast);
    if !first.parsed.diagnostics.has_errors() {
        survives_printing(&first.parsed.ast);
    }
    let interface = &first.interface;
    if bytes.len() <= GENERATED && interface.routines.len() + interface.types.len() <= LARGE {
        for generated in [compilation.single_file(&config), compilation.folder(&config)] {
            generates(&compilation, &generated);
        }
    }
    bytes.split(|it| *it == 0x1c).for_each(survives_formatting);
}

fn load(bytes: &[u8], path: &Path) -> io::Result<Vec<u8>> {
    let index = FILES.iter().position(|it| Path::new(it) == path);
    let text = index.and_then(|it| bytes.split(|it| *it == 0x1c).nth(it));
    text.map(<[u8]>::to_vec).ok_or_else(|| io::ErrorKind::NotFound.into())
}

/// Every stage can be printed, and so can what is wrong.
fn show(unit: &Unit) {
    let Unit { abi, parsed, interface, exchanges } = unit;
    for it in &parsed.diagnostics.0 {
        if let mig_parser::diag::At::Text(span) = it.primary.at {
            assert!(parsed.text.get(span.range()).is_some(), "{it:?} is outside of the text");
        }
    }
    render(&parsed.diagnostics.0, &parsed.sources, &parsed.origins, Style::Colour);
    dump(interface);
    wire::json::subsystem(interface, abi, exchanges);
    wire::dump::text(interface, abi, exchanges);
    if exchanges.len() <= LARGE {
        wire::svg::svg(interface, abi, exchanges);
    }
}

/// ABIs for which nothing is generated have models and layouts, and each dialect has an opinion.
fn resolve_all(ast: &Ast) {
    for abi in Abi::ALL.iter().filter(|it| !it.has_type_words()) {
        let mut diagnostics = Diagnostics::default();
        let interface = resolve(ast, abi, None, &mut diagnostics);
        dump(&interface);
        if !diagnostics.has_errors() {
            wire::lower(&interface, abi, &TypeTable::standard(), &mut diagnostics);
        }
    }
    for it in Dialect::ALL {
        dialect::check(ast, *it, &mut Diagnostics::default());
    }
}

/// Either there is an error, or there are files.
fn generates(compilation: &Compilation, generated: &Generated) {
    let failed = compilation.has_errors() || generated.diagnostics.has_errors();
    assert_eq!(failed, generated.files.is_empty(), "files and errors");
    compilation.render(&generated.diagnostics, Style::Plain);
}

/// A printed tree parses to the same tree, but for its spans, and prints the same again.
fn survives_printing(ast: &Ast) {
    let text = print(ast);
    let again = mig_parser::parse(Path::new(FILES[0]), &Options::default(), &mut |_| Ok(text.as_bytes().to_owned()));
    assert!(!again.diagnostics.has_errors(), "printed with mistakes:\n{text}");
    assert_eq!(print(&again.ast), text, "printed in two ways");
    if text.len() <= PRINTED {
        assert_eq!(without_spans(&again.ast), without_spans(ast), "printed as something else");
    }
}

fn without_spans(ast: &Ast) -> String {
    let debug = format!("{ast:?}");
    let mut parts = debug.split("Span { start: ");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, it| text + "_" + it.split_once('}').map_or(it, |it| it.1))
}

/// A formatted text is formatted already, and nothing but its layout has changed.
fn survives_formatting(text: &[u8]) {
    let Ok(text) = std::str::from_utf8(text) else { return };
    let file = Sources::default().add(SourceFile::new(FILES[0], text));
    match format(text, file) {
        Ok(once) => assert_eq!(format(&once, file).as_ref(), Ok(&once), "formatted in two ways"),
        Err(it) => {
            let defect = it.0.iter().any(|it| it.notes.iter().any(|it| it.contains("defect of the formatter")));
            assert!(!defect, "the formatter would change the tokens");
        }
    }
}
