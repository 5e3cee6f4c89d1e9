//! Files in and files out.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use mig_codegen::build::write_if_changed;
use mig_parser::diag::codes::command as codes;
use mig_parser::diag::{At, Diagnostic};
use mig_parser::source::{LARGEST_FILE, STDIN, from_disk};

use crate::console::Console;
use crate::fault::{Exit, Fault};
use crate::report::Reports;

/// The files that a run may read: those of a directory, and standard input.
#[derive(Debug)]
pub(crate) struct Files {
    dir: PathBuf,
    stdin: Option<Vec<u8>>,
}

impl Files {
    pub(crate) fn new(console: &Console<'_>) -> Files {
        Files { dir: console.dir.clone(), stdin: None }
    }

    /// The path under which the compiler finds a definition file; `-` is standard input, which is read here.
    ///
    /// # Errors
    /// If it cannot be read: that is said now, and not where the preprocessor looks for it.
    pub(crate) fn open(&mut self, file: &Path, console: &mut Console<'_>) -> Result<PathBuf, Box<Diagnostic>> {
        if file != Path::new("-") {
            return self.check(file).map(|()| file.to_owned());
        }
        if self.stdin.is_none() {
            let mut bytes = Vec::new();
            let read = (&mut *console.stdin).take(LARGEST_FILE as u64 + 1).read_to_end(&mut bytes);
            read.map_err(|it| unreadable(Path::new("standard input"), &it.to_string()))?;
            self.stdin = Some(bytes);
        }
        Ok(PathBuf::from(STDIN))
    }

    /// Whether type tables can be read; about those that cannot, that is said.
    pub(crate) fn has_tables(&self, tables: &[PathBuf], reports: &mut Reports) -> bool {
        let wrong: Vec<_> = tables.iter().filter_map(|it| self.check(it).err()).collect();
        wrong.iter().for_each(|it| reports.add_disk(it));
        wrong.is_empty()
    }

    fn check(&self, file: &Path) -> Result<(), Box<Diagnostic>> {
        let path = self.dir.join(file);
        match fs::metadata(&path) {
            Ok(it) if it.is_dir() => Err(directory(file, &path)),
            Ok(_) => fs::File::open(&path).map(|_| ()).map_err(|it| unreadable(file, &it.to_string())),
            Err(it) => {
                let diagnostic = *unreadable(file, &it.to_string());
                Err(Box::new(suggest_neighbour(diagnostic, file, &path)))
            }
        }
    }

    /// Reads a file for the compiler.
    pub(crate) fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        match &self.stdin {
            Some(bytes) if path == Path::new(STDIN) => Ok(bytes.clone()),
            _ => from_disk(&self.dir.join(path)),
        }
    }
}

fn unreadable(file: &Path, why: &str) -> Box<Diagnostic> {
    let message = format!("`{}` cannot be read", file.display());
    Box::new(Diagnostic::new(&codes::UNREADABLE, At::Nowhere, message).note(why))
}

fn directory(file: &Path, path: &Path) -> Box<Diagnostic> {
    let it = Diagnostic::new(&codes::UNREADABLE, At::Nowhere, format!("`{}` is a directory", file.display()));
    let mut inside: Vec<String> = names_in(path).into_iter().filter(|it| it.ends_with(".defs")).collect();
    inside.sort();
    Box::new(match inside.first() {
        Some(first) => it.help(format!("name the files in it, such as `{}`", file.join(first).display())),
        None => it.help("name a definition file"),
    })
}

/// Suggests the file that the user may have meant.
fn suggest_neighbour(it: Diagnostic, file: &Path, path: &Path) -> Diagnostic {
    let (Some(name), Some(folder)) = (file.file_name(), path.parent()) else { return it };
    let name = name.to_string_lossy();
    let mut names = names_in(folder);
    names.sort();
    let with_suffix = format!("{name}.defs");
    if names.contains(&with_suffix) {
        return it.help(format!("did you mean `{}`?", file.with_file_name(with_suffix).display()));
    }
    it.suggest(&name, names.iter().map(String::as_str))
}

fn names_in(folder: &Path) -> Vec<String> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries.flatten().map(|it| it.file_name().to_string_lossy().into_owned()).collect()
}

/// A file that is to be written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Output {
    /// Its path as the user knows it.
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

/// What is on disk in the place of an output.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Existing {
    Same,
    Missing,
    Different(Vec<u8>),
}

impl Output {
    pub(crate) fn existing(&self, console: &Console<'_>) -> Result<Existing, Fault> {
        match fs::read(console.dir.join(&self.path)) {
            Ok(it) if it == self.text.as_bytes() => Ok(Existing::Same),
            Ok(it) => Ok(Existing::Different(it)),
            Err(it) if matches!(it.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                Ok(Existing::Missing)
            }
            Err(it) => Err(Fault::said(*unreadable(&self.path, &it.to_string()), Exit::Disk)),
        }
    }

    /// Writes it, whole or not at all, unless it is there already.
    pub(crate) fn write(&self, console: &Console<'_>) -> Result<(), Fault> {
        write(console, &self.path, self.text.as_bytes())
    }

    /// Whether its place can hold a file: nothing is written where that is foreseen to fail for one of several.
    pub(crate) fn check_place(&self, console: &Console<'_>) -> Result<(), Fault> {
        let path = console.dir.join(&self.path);
        let kind = match path.ancestors().skip(1).find_map(|it| fs::metadata(it).ok()) {
            _ if path.is_dir() => io::ErrorKind::IsADirectory,
            Some(it) if !it.is_dir() => io::ErrorKind::NotADirectory,
            _ => return Ok(()),
        };
        Err(unwritable(&self.path, &kind.into()))
    }
}

/// Writes several files, but none if the place of one is wrong.
pub(crate) fn write_all(outputs: &[Output], console: &Console<'_>) -> Result<(), Fault> {
    outputs.iter().try_for_each(|it| it.check_place(console))?;
    outputs.iter().try_for_each(|it| it.write(console))
}

/// Writes a file, whole or not at all, unless it is there already. A device or a pipe is written to, not replaced.
pub(crate) fn write(console: &Console<'_>, path: &Path, bytes: &[u8]) -> Result<(), Fault> {
    replace(&console.dir.join(path), bytes).map_err(|it| unwritable(path, &it))
}

fn unwritable(path: &Path, why: &io::Error) -> Fault {
    let message = format!("`{}` cannot be written", path.display());
    Fault::said(Diagnostic::new(&codes::UNWRITABLE, At::Nowhere, message).note(why.to_string()), Exit::Disk)
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A link stays one, and its target is what is replaced.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    match fs::metadata(&path) {
        Ok(it) if it.is_file() => {
            write_if_changed(&path, bytes)?;
            fs::set_permissions(&path, it.permissions())
        }
        Ok(it) if !it.is_dir() => fs::write(&path, bytes),
        _ => write_if_changed(&path, bytes),
    }
}
