//! Cases through the first stages of the compiler.

use std::path::{Path, PathBuf};

use mig_codegen::model::Interface;
use mig_codegen::{Abi, Compilation, Config, resolve};
use mig_parser::diag::Diagnostics;
use mig_parser::diag::render::{Style, render};
use mig_parser::dialect::Dialect;
use mig_parser::preprocess::{self, MacroOption};
use mig_parser::source::from_disk;
use mig_parser::{Options, Parsed};
use tests::{Case, CaseOptions};

/// The ABIs that a case asks for: the default one if it names none.
pub(crate) fn abis(case: &Case) -> Vec<Abi> {
    let find = |it: &String| Abi::find(it).unwrap_or_else(|| panic!("`{it}` is no ABI"));
    match case.options.abis.is_empty() {
        true => vec![Abi::GNUMACH_I386],
        false => case.options.abis.iter().map(find).collect(),
    }
}

/// The dialect that a case asks for.
pub(crate) fn dialect(options: &CaseOptions) -> Option<Dialect> {
    let find = |it: &String| Dialect::find(it).unwrap_or_else(|| panic!("`{it}` is no dialect"));
    options.dialect.as_ref().map(find)
}

/// The macros that a case asks for. Its folders `inc` and `sys` are searched for what it includes.
pub(crate) fn preprocessor_options(options: &CaseOptions) -> preprocess::Options {
    let define = |it: &String| {
        let (name, body) = it.split_once('=').unwrap_or((it, "1"));
        MacroOption::Define { name: name.to_owned(), body: body.to_owned() }
    };
    preprocess::Options {
        macros: options.defines.iter().map(define).collect(),
        include: vec![PathBuf::from("inc")],
        system: vec![PathBuf::from("sys")],
        ..preprocess::Options::default()
    }
}

/// Reads a case for an ABI, whose macros are known if the case names it. Files are named relative to its folder.
pub(crate) fn parse(case: &Case, abi: &Abi) -> Parsed {
    let folder = case.path.parent().expect("a case is in a folder").to_owned();
    let name = case.path.file_name().expect("a case has a name");
    let mut preprocess = preprocessor_options(&case.options);
    if !case.options.abis.is_empty() {
        preprocess.predefined = abi.macros(&preprocess.macros);
    }
    let options = Options { preprocess, dialect: dialect(&case.options) };
    mig_parser::parse(Path::new(name), &options, &mut |path| from_disk(&folder.join(path)))
}

/// Resolves what was read, and adds what is wrong with it.
pub(crate) fn resolved(case: &Case, parsed: &mut Parsed, abi: &Abi) -> Interface {
    resolve(&parsed.ast, abi, dialect(&case.options), &mut parsed.diagnostics)
}

/// How a case is compiled as a whole. A type table beside it has its name.
pub(crate) fn config(case: &Case) -> Config {
    let options = preprocessor_options(&case.options);
    let table = case.path.with_extension("toml");
    let table = table.is_file().then(|| PathBuf::from(table.file_name().expect("it has one")));
    Config {
        abis: case.options.abis.iter().map(|it| Abi::find(it).unwrap_or_else(|| panic!("`{it}` is no ABI"))).collect(),
        dialect: dialect(&case.options),
        macros: options.macros,
        include: options.include,
        system: options.system,
        types: table.into_iter().collect(),
        ..Config::default()
    }
}

/// Compiles a case up to layouts. Files are named relative to its folder.
pub(crate) fn compile(case: &Case, config: &Config) -> Compilation {
    let folder = case.path.parent().expect("a case is in a folder").to_owned();
    let name = case.path.file_name().expect("a case has a name");
    config.read(Path::new(name), &mut |path| from_disk(&folder.join(path)))
}

/// Reads a text in memory.
pub(crate) fn parse_text(text: &str) -> Parsed {
    let name = Path::new("test.defs");
    mig_parser::parse(name, &Options::default(), &mut |path| match path == name {
        true => Ok(text.as_bytes().to_vec()),
        false => Err(std::io::ErrorKind::NotFound.into()),
    })
}

/// Reads and resolves a text in memory.
pub(crate) fn resolve_text(text: &str, abi: &Abi) -> (Interface, Diagnostics) {
    let mut parsed = parse_text(text);
    let interface = resolve(&parsed.ast, abi, None, &mut parsed.diagnostics);
    (interface, parsed.diagnostics)
}

/// What is wrong with a case, for people.
pub(crate) fn report(parsed: &Parsed) -> String {
    render(&parsed.diagnostics.0, &parsed.sources, &parsed.origins, Style::Plain)
}
