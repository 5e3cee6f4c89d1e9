//! `explain`: the catalogue of diagnostics.

use mig_parser::diag::codes::{self, Code, Severity, command};
use mig_parser::diag::{At, Diagnostic};

use super::usage;
use crate::args::Explain;
use crate::console::Console;
use crate::fault::{Exit, Fault};

pub(super) fn run(args: &Explain, console: &mut Console<'_>) -> Result<Exit, Fault> {
    let text = match &args.code {
        None => codes::all().map(row).collect(),
        Some(name) => match codes::find(name.trim()) {
            Some(it) => explanation(it),
            None => return Err(usage(unknown(name))),
        },
    };
    console.out(&text)?;
    Ok(Exit::Success)
}

fn severity(it: &Code) -> &'static str {
    match it.severity {
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

fn row(it: &Code) -> String {
    format!("{it}  {:<7}  {}\n", severity(it), it.title)
}

fn explanation(it: &Code) -> String {
    let body = it.explanation.trim();
    let body = if body.is_empty() { String::new() } else { format!("\n{body}\n") };
    format!("{it}: {} ({})\n{body}", it.title, severity(it))
}

fn unknown(name: &str) -> Diagnostic {
    let names: Vec<String> = codes::all().map(Code::to_string).collect();
    Diagnostic::new(&command::UNKNOWN_CODE, At::Nowhere, format!("there is no code `{name}`"))
        .suggest(&name.to_uppercase(), names.iter().map(String::as_str))
        .help("`mig-cli explain --all` lists every code")
}
