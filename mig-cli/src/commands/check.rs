//! `check`: reports mistakes.

use std::path::Path;

use mig_codegen::{Abi, Config, Family, wire};
use mig_parser::Parsed;
use mig_parser::diag::Diagnostics;
use mig_parser::diag::codes::output;
use mig_parser::diag::render::Style;
use mig_parser::dialect::Dialect;

use super::{each_file, finish};
use crate::args::{Check, ReportFormat};
use crate::console::Console;
use crate::disk::Files;
use crate::fault::{Exit, Fault};
use crate::report::{Reports, json};

pub(super) fn run(args: &Check, console: &mut Console<'_>) -> Result<Exit, Fault> {
    let style = if args.format == ReportFormat::Short { Style::Short } else { console.style() };
    let mut reports = Reports::new(style);
    let mut config = Config::from(&args.definitions);
    let implied = config.abis.is_empty();
    if implied {
        config.abis.push(abi_of(config.dialect));
    }
    let depth = match (args.no_layout, implied) {
        (true, _) => Depth::Model,
        (false, true) => Depth::LayoutIfPossible,
        (false, false) => Depth::Layout,
    };
    let work = |file: &Path, disk: &Files| check(file, &config, depth, disk);
    each_file(&args.files, &args.definitions, &mut reports, console, work, |(tables, views), reports| {
        tables.0.iter().for_each(|it| reports.add_alone(it));
        views.iter().for_each(|it| reports.add_parsed(it));
    });
    if args.format == ReportFormat::Json {
        console.out(&format!("{:#}\n", json::document(reports.items())))?;
        return Ok(reports.exit());
    }
    let exit = finish(&reports, console)?;
    let files = if args.files.len() == 1 { "1 file".to_owned() } else { format!("{} files", args.files.len()) };
    if args.format == ReportFormat::Human {
        let summary = format!("{files} checked: {}\n", reports.summary());
        if reports.failed() { console.err(&summary)? } else { console.out(&summary)? }
    }
    Ok(exit)
}

/// How far definitions are followed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    /// Not to their messages.
    Model,
    /// To their messages, in an ABI that nobody asked for.
    LayoutIfPossible,
    /// To their messages.
    Layout,
}

/// The ABI that a dialect is at home with.
fn abi_of(dialect: Option<Dialect>) -> Abi {
    match dialect {
        Some(Dialect::Osf | Dialect::Darwin) => Abi::DARWIN_LP64,
        Some(Dialect::Mach3 | Dialect::Gnu) | None => Abi::GNUMACH_I386,
    }
}

/// What is wrong with the type tables, and with the definition as each ABI sees it.
fn check(file: &Path, config: &Config, depth: Depth, disk: &Files) -> (Diagnostics, Vec<Parsed>) {
    let mut tables = Diagnostics::default();
    config.type_table(&mut |path| disk.read(path), &mut tables);
    let views = config.effective_abis().into_iter().map(|abi| {
        let mut parsed = config.parse(file, &abi, &mut |path| disk.read(path));
        let interface = mig_codegen::resolve(&parsed.ast, &abi, config.dialect, &mut parsed.diagnostics);
        if depth != Depth::Model && !parsed.diagnostics.has_errors() {
            wire::lower(&interface, &abi, &mut parsed.diagnostics);
        }
        if depth == Depth::LayoutIfPossible && abi.family == Family::Untyped {
            parsed.diagnostics.0.retain(|it| *it.code != output::UNTYPED);
        }
        config.silence(&mut parsed.diagnostics);
        parsed
    });
    (tables, views.collect())
}
