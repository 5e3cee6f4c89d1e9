//! `check`: reports mistakes.

use std::path::Path;

use mig_codegen::{Abi, Config, wire};
use mig_parser::Parsed;
use mig_parser::diag::Diagnostics;
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
    if config.abis.is_empty() {
        config.abis.push(abi_of(config.dialect));
    }
    let work = |file: &Path, disk: &Files| check(file, &config, !args.no_layout, disk);
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

/// The ABI that a dialect is at home with.
fn abi_of(dialect: Option<Dialect>) -> Abi {
    match dialect {
        Some(Dialect::Osf | Dialect::Darwin) => Abi::DARWIN_LP64,
        Some(Dialect::Mach3 | Dialect::Gnu) | None => Abi::GNUMACH_I386,
    }
}

/// What is wrong with the type tables, and with the definition as each ABI sees it; also with its messages, if they are
/// to be laid out.
fn check(file: &Path, config: &Config, lay_out: bool, disk: &Files) -> (Diagnostics, Vec<Parsed>) {
    let mut tables = Diagnostics::default();
    let table = config.type_table(&mut |path| disk.read(path), &mut tables);
    let views = config.effective_abis().into_iter().map(|abi| {
        let mut parsed = config.parse(file, &abi, &mut |path| disk.read(path));
        let interface = mig_codegen::resolve(&parsed.ast, &abi, config.dialect, &mut parsed.diagnostics);
        if lay_out && !parsed.diagnostics.has_errors() {
            wire::lower(&interface, &abi, &table, &mut parsed.diagnostics);
        }
        config.silence(&mut parsed.diagnostics);
        parsed
    });
    let views = views.collect();
    (tables, views)
}
