//! `generate --manifest`: everything that a manifest lists.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use mig_codegen::manifest::{Manifest, Set};
use mig_parser::diag::codes::command as codes;
use mig_parser::diag::{At, Diagnostic, Diagnostics};

use super::finish;
use super::generate::{check_distinct, compare, up_to_date, withheld};
use crate::args::Generate;
use crate::console::Console;
use crate::disk::{Existing, Files, Output};
use crate::fault::{Exit, Fault};
use crate::report::Reports;

/// Files of an output folder that are looked at: a folder with more belongs to somebody else.
const MOST_FILES: usize = 10_000;
/// Files that are named one by one.
const MOST_NAMED: usize = 20;

pub(super) fn run(args: &Generate, path: &Path, console: &mut Console<'_>) -> Result<Exit, Fault> {
    let mut reports = Reports::new(console.style());
    let mut disk = Files::new(console);
    let path = disk.open(path, console).map_err(|it| Fault::Said(it, Exit::Disk))?;
    let mut diagnostics = Diagnostics::default();
    let manifest = Manifest::read(&path, &mut |path| disk.read(path), &mut diagnostics);
    diagnostics.0.iter().for_each(|it| reports.add_alone(it));
    let sets = manifest.map(|it| it.sets).unwrap_or_default();
    let outputs: Vec<Vec<Output>> = sets.iter().map(|it| outputs(it, &disk, &mut reports, console)).collect();
    let all: Vec<Output> = outputs.iter().flatten().cloned().collect();
    check_distinct(&all, &mut reports);
    if reports.failed() {
        return withheld(&reports, args.check, console);
    }
    report_stale(&sets, &all, args.check, &mut reports, console);
    if args.check {
        compare(&all, &mut reports, console)?;
        let exit = finish(&reports, console)?;
        return if exit == Exit::Success { up_to_date(all.len(), console) } else { Ok(exit) };
    }
    all.iter().try_for_each(|it| it.check_place(console))?;
    reports.tell(console)?;
    for (set, outputs) in sets.iter().zip(&outputs) {
        write(set, outputs, console)?;
    }
    Ok(Exit::Success)
}

/// Generates a set.
fn outputs(set: &Set, disk: &Files, reports: &mut Reports, console: &mut Console<'_>) -> Vec<Output> {
    let all = set.subsystems.len();
    let mut done = 0;
    let output = set.generate(&mut |path| disk.read(path), &mut |path| {
        done += 1;
        console.progress(done, all, &path.display().to_string());
    });
    console.end_progress(all);
    output.rows.iter().for_each(|(compilation, more)| reports.add_compilation(compilation, more));
    output.files.into_iter().map(|(path, text)| Output { path, text }).collect()
}

fn write(set: &Set, outputs: &[Output], console: &mut Console<'_>) -> Result<(), Fault> {
    let mut changed = 0;
    for (index, it) in outputs.iter().enumerate() {
        console.progress(index + 1, outputs.len(), &it.path.display().to_string());
        changed += usize::from(it.existing(console)? != Existing::Same);
        it.write(console)?;
    }
    console.end_progress(outputs.len());
    let count = |it: usize, word: &str| if it == 1 { format!("1 {word}") } else { format!("{it} {word}s") };
    let (subsystems, files) = (count(set.subsystems.len(), "subsystem"), count(outputs.len(), "file"));
    let bytes: usize = outputs.iter().map(|it| it.text.len()).sum();
    let line = format!("set {}: {subsystems}, {files}, {changed} changed, {bytes} bytes", set.name);
    console.out(&format!("{line} in {}\n", set.out.display()))
}

/// Says what stands in the output folders that no set produces. It is never deleted.
fn report_stale(sets: &[Set], outputs: &[Output], check: bool, reports: &mut Reports, console: &Console<'_>) {
    let produced: BTreeSet<&Path> = outputs.iter().map(|it| it.path.as_path()).collect();
    let mut stale = BTreeSet::new();
    for set in sets {
        let found = files_below(&set.out, &console.dir);
        stale.extend(found.into_iter().filter(|it| !produced.contains(it.as_path())));
    }
    for it in stale.iter().take(MOST_NAMED) {
        let message = format!("`{}` is not what the manifest produces", it.display());
        reports.add_alone(&graded(Diagnostic::new(&codes::STALE, At::Nowhere, message), check));
    }
    if stale.len() > MOST_NAMED {
        let message = format!("{} more files are not what the manifest produces", stale.len() - MOST_NAMED);
        reports.add_alone(&graded(Diagnostic::new(&codes::STALE, At::Nowhere, message), check));
    }
}

fn graded(it: Diagnostic, check: bool) -> Diagnostic {
    let it = it.note("the folder belongs to the generator").help("remove it, or keep it in another folder");
    if check { it.as_error() } else { it }
}

/// Every file below a folder. Links are not followed.
fn files_below(folder: &Path, dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(dir.join(&folder)) else { continue };
        for entry in entries.flatten() {
            let path = folder.join(entry.file_name());
            match entry.file_type() {
                Ok(it) if it.is_dir() => folders.push(path),
                _ => found.push(path),
            }
            if found.len() + folders.len() > MOST_FILES {
                return found;
            }
        }
    }
    found
}
