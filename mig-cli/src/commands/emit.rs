//! `emit`: what one stage of the compiler makes of a definition.

use std::path::Path;

use mig_codegen::{Abi, Config, model, wire};
use mig_parser::{Parsed, print};

use super::{each_file, finish};
use crate::args::{Emit, Stage};
use crate::console::Console;
use crate::disk::Files;
use crate::fault::{Exit, Fault};
use crate::report::Reports;

/// Codes below are the preprocessor's.
const PREPROCESSOR_CODES: u16 = 200;

pub(super) fn run(args: &Emit, console: &mut Console<'_>) -> Result<Exit, Fault> {
    let mut reports = Reports::new(console.style());
    let config = Config::from(&args.definitions);
    let mut text = String::new();
    each_file(std::slice::from_ref(&args.file), &args.definitions, &mut reports, console, |file, disk, reports| {
        text = match args.stage {
            Stage::Rust => rust(file, &config, disk, reports),
            stage => views(file, &config, stage, disk, reports),
        };
    });
    let exit = finish(&reports, console)?;
    if exit == Exit::Success {
        console.out(&text)?;
    }
    Ok(exit)
}

/// What each ABI sees, under its name if there are several.
fn views(file: &Path, config: &Config, stage: Stage, disk: &Files, reports: &mut Reports) -> String {
    let abis = config.effective_abis();
    let mut text = String::new();
    for abi in &abis {
        if abis.len() > 1 {
            text += &format!("==== {} ====\n", abi.name);
        }
        let mut parsed = config.parse(file, abi, &mut |path| disk.read(path));
        text += &view(config, abi, &mut parsed, stage);
        config.silence(&mut parsed.diagnostics);
        reports.add_parsed(&parsed);
    }
    text
}

fn view(config: &Config, abi: &Abi, parsed: &mut Parsed, stage: Stage) -> String {
    match stage {
        Stage::Preprocessed => {
            parsed.diagnostics.0.retain(|it| it.code.number < PREPROCESSOR_CODES);
            return parsed.text.clone();
        }
        Stage::Ast => return print::print(&parsed.ast),
        Stage::Model | Stage::Wire | Stage::Rust => {}
    }
    let interface = mig_codegen::resolve(&parsed.ast, abi, config.dialect, &mut parsed.diagnostics);
    if stage == Stage::Model || parsed.diagnostics.has_errors() {
        return model::dump(&interface);
    }
    let exchanges = wire::lower(&interface, abi, &mut parsed.diagnostics);
    wire::dump::text(&interface, abi, &exchanges)
}

fn rust(file: &Path, config: &Config, disk: &Files, reports: &mut Reports) -> String {
    let compilation = config.read(file, &mut |path| disk.read(path));
    let generated = compilation.single_file(config);
    reports.add_compilation(&compilation, &generated.diagnostics);
    generated.files.into_iter().map(|it| it.1).collect()
}
