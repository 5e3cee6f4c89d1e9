//! The files that a classic command line asks for.

use std::path::{Path, PathBuf};

use mig_codegen::Compilation;

use super::line::Line;
use crate::disk::Output;

/// The name by which a file is not wanted.
pub(super) const NOWHERE: &str = "/dev/null";

/// Where a half goes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Want {
    File(PathBuf),
    Nothing,
}

/// Where both halves go.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Wanted {
    pub(super) user: Want,
    pub(super) server: Want,
}

impl Wanted {
    pub(super) fn of(line: &Line, compilation: &Compilation) -> Wanted {
        let subsystem = compilation.units.iter().find_map(|it| it.interface.subsystem.as_ref());
        let name = subsystem.map_or("", |it| &it.name);
        let prefix = line.one_per_routine.as_deref();
        let user = match prefix {
            Some(prefix) => Want::File(PathBuf::from(format!("{prefix}{name}User.rs"))),
            None => want(line, &line.user, format!("{name}User.rs")),
        };
        Wanted { user, server: want(line, &line.server, format!("{name}Server.rs")) }
    }
}

fn want(line: &Line, named: &Option<PathBuf>, default: String) -> Want {
    match named {
        Some(it) if it == Path::new(NOWHERE) => Want::Nothing,
        Some(it) => Want::File(it.clone()),
        None if line.only_named() => Want::Nothing,
        None => Want::File(PathBuf::from(default)),
    }
}

/// A line for each routine: subsystem, base, name, number, id of the request, id of the reply or 0.
pub(super) fn list(compilation: &Compilation) -> String {
    let mut text = String::new();
    let interface = &compilation.units[0].interface;
    let Some(subsystem) = &interface.subsystem else { return text };
    for it in &interface.routines {
        let id = u64::from(subsystem.base) + u64::from(it.number);
        let reply = if it.one_way { 0 } else { id + 100 };
        text += &format!("{} {} {} {} {id} {reply}\n", subsystem.name, subsystem.base, it.name, it.number);
    }
    text
}

/// The dependency files; `rule` writes the rule for some targets.
pub(super) fn dependencies<'a>(
    line: &Line,
    file: &Path,
    made: &'a [Output],
    rule: impl Fn(std::vec::IntoIter<&'a Path>) -> String,
) -> Vec<Output> {
    let targets: Vec<&Path> = made.iter().map(|it| it.path.as_path()).filter(|it| *it != Path::new(NOWHERE)).collect();
    if line.depends_by_output() && line.depend_file.is_none() {
        let with_suffix = |it: &Path| PathBuf::from(format!("{}.d", it.display()));
        return targets.iter().map(|it| Output { path: with_suffix(it), text: rule(vec![*it].into_iter()) }).collect();
    }
    let stem = file.file_stem().map(|it| it.to_string_lossy().into_owned()).unwrap_or_default();
    let path = line.depend_file.clone().unwrap_or_else(|| PathBuf::from(format!("{stem}-mig.d")));
    vec![Output { path, text: rule(targets.into_iter()) }]
}
