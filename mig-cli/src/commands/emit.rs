//! `emit`: what one stage of the compiler makes of a definition.

use std::path::Path;

use mig_codegen::{Abi, Config, TypeTable, model, wire};
use mig_parser::diag::Diagnostics;
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
    let work = |file: &Path, disk: &Files| match args.stage {
        Stage::Rust => rust(file, &config, disk),
        stage => views(file, &config, stage, disk),
    };
    let file = std::slice::from_ref(&args.file);
    each_file(file, &args.definitions, &mut reports, console, work, |emitted, reports| {
        emitted.views.iter().for_each(|it| reports.add_parsed(it));
        let first = &emitted.views[0];
        emitted.more.0.iter().for_each(|it| reports.add(it, &first.sources, &first.origins));
        text = emitted.text;
    });
    let exit = finish(&reports, console)?;
    if exit == Exit::Success {
        console.out(&text)?;
    }
    Ok(exit)
}

/// What a stage makes of a definition, and what there is to say.
struct Emitted {
    text: String,
    /// One for each ABI.
    views: Vec<Parsed>,
    /// What only shows when Rust is made.
    more: Diagnostics,
}

/// What each ABI sees, under its name if there are several.
fn views(file: &Path, config: &Config, stage: Stage, disk: &Files) -> Emitted {
    let abis = config.effective_abis();
    let (mut text, mut views, mut more) = (String::new(), Vec::new(), Diagnostics::default());
    let table = config.type_table(&mut |path| disk.read(path), &mut more);
    for abi in &abis {
        if abis.len() > 1 {
            text += &format!("==== {} ====\n", abi.name);
        }
        let mut parsed = config.parse(file, abi, &mut |path| disk.read(path));
        text += &view(config, abi, &table, &mut parsed, stage);
        config.silence(&mut parsed.diagnostics);
        views.push(parsed);
    }
    Emitted { text, views, more }
}

fn view(config: &Config, abi: &Abi, table: &TypeTable, parsed: &mut Parsed, stage: Stage) -> String {
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
    let exchanges = wire::lower(&interface, abi, table, &mut parsed.diagnostics);
    wire::dump::text(&interface, abi, &exchanges)
}

fn rust(file: &Path, config: &Config, disk: &Files) -> Emitted {
    let compilation = config.read(file, &mut |path| disk.read(path));
    let generated = compilation.single_file(config);
    let mut more = compilation.diagnostics;
    more.0.extend(generated.diagnostics.0);
    let views = compilation.units.into_iter().map(|it| it.parsed).collect();
    Emitted { text: generated.files.into_iter().map(|it| it.1).collect(), views, more }
}
