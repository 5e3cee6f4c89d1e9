//! The ABI that a classic command line is about.

use mig_codegen::abi::{Abi, Family, machine_macros};
use mig_parser::diag::codes::command as codes;
use mig_parser::diag::{At, Diagnostic};
use mig_parser::preprocess::MacroOption;

use super::line::Line;
use crate::console::Console;
use crate::fault::{Exit, Fault};

/// A program's name in two: the target, which may be empty, and the rest.
pub(super) fn without_prefix(name: &str) -> (&str, &str) {
    name.rsplit_once('-').filter(|it| matches!(it.1, "mig" | "migcom")).unwrap_or(("", name))
}

/// The ABI, and what named a target that none is for.
pub(super) fn choose(line: &Line, name: &str, console: &Console<'_>) -> Result<(Abi, Option<(String, String)>), Fault> {
    if let Some(it) = &line.abi {
        return find(it, "--abi").map(|it| (it, None));
    }
    let unknown = |what: String| (what, format!("no ABI is for it, so {} is taken", Abi::GNUMACH_I386.name));
    let chosen = |abi: Option<Abi>, what: String| match abi {
        Some(it) => Ok((it, None)),
        None => Ok((Abi::GNUMACH_I386, Some(unknown(what)))),
    };
    if let Some(it) = &line.target {
        return chosen(of_triple(it), format!("-target {it}"));
    }
    if let Some(it) = &line.arch {
        return chosen(of_arch(it, Family::Untyped), format!("-arch {it}"));
    }
    if let Some(it) = (console.env)("MIG_ABI").filter(|it| !it.is_empty()) {
        return find(&it.to_string_lossy(), "MIG_ABI").map(|it| (it, None));
    }
    match without_prefix(name).0 {
        "" => Ok((Abi::GNUMACH_I386, None)),
        prefix => chosen(of_triple(prefix), format!("the target `{prefix}`")),
    }
}

/// What a C compiler for the machine of the command line would define, if it names one.
pub(super) fn macros(line: &Line) -> Vec<MacroOption> {
    let target = line.target.as_deref().and_then(|it| it.split('-').next());
    let names = machine_macros(target.or(line.arch.as_deref()).unwrap_or_default());
    names.iter().map(|it| MacroOption::Define { name: (*it).to_owned(), body: "1".to_owned() }).collect()
}

fn find(name: &str, origin: &str) -> Result<Abi, Fault> {
    Abi::find(name).ok_or_else(|| {
        let names = Abi::ALL.map(|it| it.name);
        let it = Diagnostic::new(&codes::BAD_LINE, At::Nowhere, format!("{origin}: there is no ABI `{name}`"));
        let it = it.suggest(name, names).note(format!("those are {}", names.join(", ")));
        Fault::said(it, Exit::Usage)
    })
}

/// The ABI of a target such as `x86_64-apple-darwin` or `i686-gnu`.
fn of_triple(triple: &str) -> Option<Abi> {
    let darwin = ["apple", "darwin", "macos", "ios"].iter().any(|it| triple.contains(it));
    let arch = triple.split('-').next().unwrap_or_default();
    of_arch(arch, if darwin { Family::Untyped } else { Family::Typed })
}

fn of_arch(arch: &str, family: Family) -> Option<Abi> {
    let is_i386 = matches!(arch, "i386" | "i486" | "i586" | "i686" | "x86");
    let is_x86_64 = matches!(arch, "x86_64" | "x86_64h" | "amd64");
    match family {
        Family::Typed if is_i386 => Some(Abi::GNUMACH_I386),
        Family::Typed if is_x86_64 => Some(Abi::GNUMACH_X86_64),
        Family::Typed => None,
        Family::Untyped if is_i386 || matches!(arch, "arm64_32" | "ppc" | "powerpc") => Some(Abi::DARWIN_ILP32),
        Family::Untyped if is_x86_64 || arch.starts_with("arm64") || matches!(arch, "aarch64" | "ppc64") => {
            Some(Abi::DARWIN_LP64)
        }
        Family::Untyped => arch.starts_with("arm").then_some(Abi::DARWIN_ILP32),
    }
}
