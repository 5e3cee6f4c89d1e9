//! `fmt`: definition files in one style.

use std::path::{Path, PathBuf};

use mig_parser::diag::codes::command as codes;
use mig_parser::diag::{At, Diagnostic};
use mig_parser::format::format;
use mig_parser::preprocess::Origins;
use mig_parser::source::{SourceFile, Sources};

use super::finish;
use crate::args::Fmt;
use crate::console::Console;
use crate::disk::{self, Files};
use crate::fault::{Exit, Fault};
use crate::report::Reports;

pub(super) fn run(args: &Fmt, console: &mut Console<'_>) -> Result<Exit, Fault> {
    let mut reports = Reports::new(console.style());
    let mut disk = Files::new(console);
    let stdin = [PathBuf::from("-")];
    let files = if args.stdin { &stdin[..] } else { &args.files };
    for (index, file) in files.iter().enumerate() {
        console.progress(index + 1, files.len(), &file.display().to_string());
        let Some((before, after)) = formatted(file, &mut disk, &mut reports, console) else { continue };
        let is_stdin = file == Path::new("-");
        if args.check {
            if before != after {
                reports.add_alone(&differs(if is_stdin { Path::new("standard input") } else { file }));
            }
        } else if is_stdin {
            console.out_bytes(&after)?;
        } else if before != after {
            disk::write(console, file, &after)?;
        }
    }
    console.end_progress(files.len());
    finish(&reports, console)
}

/// The bytes of a file as they are and as they should be.
fn formatted(
    file: &Path,
    disk: &mut Files,
    reports: &mut Reports,
    console: &mut Console<'_>,
) -> Option<(Vec<u8>, Vec<u8>)> {
    let read = disk.open(file, console).map(|path| (disk.read(&path), path));
    let (bytes, path) = match read {
        Ok((Ok(bytes), path)) => (bytes, path),
        Ok((Err(it), _)) => {
            let message = format!("`{}` cannot be read", file.display());
            reports.add_disk(&Diagnostic::new(&codes::UNREADABLE, At::Nowhere, message).note(it.to_string()));
            return None;
        }
        Err(it) => {
            reports.add_disk(&it);
            return None;
        }
    };
    // Old files are in Latin-1, and stay so.
    let (text, latin) = match String::from_utf8(bytes.clone()) {
        Ok(text) => (text, false),
        Err(_) => (bytes.iter().copied().map(char::from).collect(), true),
    };
    let mut sources = Sources::default();
    let id = sources.add(SourceFile::new(path.display().to_string(), text.as_str()));
    match format(&text, id) {
        Ok(it) if latin => Some((bytes, it.chars().map(|it| it as u8).collect())),
        Ok(it) => Some((bytes, it.into_bytes())),
        Err(diagnostics) => {
            diagnostics.0.iter().for_each(|it| reports.add(it, &sources, &Origins::default()));
            None
        }
    }
}

fn differs(file: &Path) -> Diagnostic {
    let file = file.display();
    Diagnostic::new(&codes::NOT_FORMATTED, At::Nowhere, format!("`{file}` is not laid out in the common style"))
        .help("run `mig-cli fmt` on it")
}
