//! `layout`: where every byte of every message is.

use std::path::Path;

use mig_codegen::{Config, Unit, wire};
use mig_parser::diag::codes::command as codes;
use mig_parser::diag::{At, Diagnostic, Diagnostics};

use super::{each_file, finish, usage};
use crate::args::{Layout, LayoutFormat};
use crate::console::Console;
use crate::disk::{Files, Output};
use crate::fault::{Exit, Fault};
use crate::report::Reports;

pub(super) fn run(args: &Layout, console: &mut Console<'_>) -> Result<Exit, Fault> {
    let config = Config::from(&args.definitions);
    if args.format == LayoutFormat::Svg && args.files.len() * config.effective_abis().len() > 1 {
        return Err(usage(one_picture()));
    }
    let mut reports = Reports::new(console.style());
    let mut units: Vec<Unit> = Vec::new();
    let compile = |file: &Path, disk: &Files| config.read(file, &mut |path| disk.read(path));
    each_file(&args.files, &args.definitions, &mut reports, console, compile, |compilation, reports| {
        reports.add_compilation(&compilation, &Diagnostics::default());
        units.extend(compilation.units);
    });
    if !reports.failed() {
        check_routines(&args.routines, &units, &mut reports);
    }
    let exit = finish(&reports, console)?;
    if exit != Exit::Success {
        return Ok(exit);
    }
    for unit in &mut units {
        let routines = &unit.interface.routines;
        let wanted = |name: &String| args.routines.is_empty() || args.routines.contains(name);
        unit.exchanges.retain(|it| wanted(&routines[it.routine].name));
    }
    // A definition without any of the routines has nothing to show.
    units.retain(|it| args.routines.is_empty() || !it.exchanges.is_empty());
    let text = text(args.format, &units);
    match &args.out {
        Some(path) => {
            Output { path: path.clone(), text }.write(console)?;
            console.out(&format!("wrote {}\n", path.display()))?;
        }
        None => console.out(&text)?,
    }
    Ok(exit)
}

fn text(format: LayoutFormat, units: &[Unit]) -> String {
    match format {
        LayoutFormat::Text => {
            let texts = units.iter().map(|it| wire::dump::text(&it.interface, &it.abi, &it.exchanges));
            texts.collect::<Vec<_>>().join("\n")
        }
        LayoutFormat::Json => {
            let subsystems = units.iter().map(|it| wire::json::subsystem(&it.interface, &it.abi, &it.exchanges));
            format!("{:#}\n", wire::json::document(subsystems.collect()))
        }
        LayoutFormat::Svg => units.iter().map(|it| wire::svg::svg(&it.interface, &it.abi, &it.exchanges)).collect(),
    }
}

/// Every routine that was asked for must be somewhere.
fn check_routines(names: &[String], units: &[Unit], reports: &mut Reports) {
    let known = || units.iter().flat_map(|it| &it.interface.routines).map(|it| it.name.as_str());
    for name in names.iter().filter(|name| !known().any(|it| it == name.as_str())) {
        let message = format!("there is no routine `{name}`");
        let it = Diagnostic::new(&codes::UNKNOWN_ROUTINE, At::Nowhere, message).suggest(name, known());
        let it = if it.help.is_empty() { it.help("without `--routine` all are shown") } else { it };
        reports.add_alone(&it);
    }
}

fn one_picture() -> Diagnostic {
    Diagnostic::new(&codes::ONE_PICTURE, At::Nowhere, "a picture shows one definition in one ABI")
        .help("run the command for each, with `--out`")
}
