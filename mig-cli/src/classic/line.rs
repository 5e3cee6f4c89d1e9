//! A classic command line, taken apart.

use std::path::{Path, PathBuf};

use mig_codegen::{Abi, Config, Family};
use mig_parser::diag::codes::command as codes;
use mig_parser::diag::{At, Diagnostic};

use super::flags::{self, Effect, Flag};
use super::outputs::NOWHERE;
use super::target;
use super::{Program, bad_line};
use crate::args::Cpp;
use crate::console::Console;
use crate::fault::Fault;
use crate::report::Reports;

/// What a classic command line says.
#[derive(Debug, Default)]
pub(super) struct Line {
    pub(super) files: Vec<PathBuf>,
    pub(super) user: Option<PathBuf>,
    pub(super) server: Option<PathBuf>,
    pub(super) list: Option<PathBuf>,
    /// `-i`
    pub(super) one_per_routine: Option<String>,
    /// Flags that name headers, and the names.
    headers: Vec<(&'static Flag, String)>,
    pub(super) named_only: bool,
    pub(super) quiet: bool,
    pub(super) verbose: bool,
    pub(super) depend: bool,
    pub(super) depend_file: Option<PathBuf>,
    pub(super) abi: Option<String>,
    pub(super) arch: Option<String>,
    pub(super) target: Option<String>,
    sysroot: Option<PathBuf>,
    no_system: bool,
    /// What was said and means nothing, and why.
    pub(super) meaningless: Vec<(String, String)>,
    /// How definitions are read.
    pub(super) config: Config,
}

impl Line {
    pub(super) fn parse(program: Program, args: &[String]) -> Result<Line, Fault> {
        let mut line = Line::default();
        let mut cpp = Cpp::default();
        let mut args = args.iter().map(String::as_str);
        while let Some(word) = args.next() {
            if !word.starts_with('-') || word == "-" {
                line.files.push(PathBuf::from(word));
                continue;
            }
            let Some((flag, attached)) = find(program, word) else {
                line.unknown(program, word)?;
                continue;
            };
            let operand = match (flag.operand, attached) {
                ("", _) => "",
                (_, Some(it)) => it,
                (what, None) => {
                    args.next().ok_or_else(|| bad_line(program, format!("`{}` needs a {what}", flag.word)))?
                }
            };
            line.take(flag, operand, &mut cpp);
        }
        cpp.apply(&mut line.config);
        line.check_files(program)?;
        Ok(line)
    }

    /// A flag that is not in the table: one for a C compiler, or a mistake.
    fn unknown(&mut self, program: Program, word: &str) -> Result<(), Fault> {
        // `migcom` looks no further than at the first letter.
        let letter =
            flags::all(program).find(|it| it.operand.is_empty() && it.word.len() == 2 && word.starts_with(it.word));
        match (program, letter) {
            (Program::Migcom, Some(flag)) => self.take(flag, "", &mut Cpp::default()),
            (Program::Migcom, None) => return Err(bad_line(program, format!("`{word}` is no flag of `migcom`"))),
            (Program::Mig, _) => {
                self.meaningless.push((word.to_owned(), "the built-in preprocessor does not know it".to_owned()));
            }
        }
        Ok(())
    }

    fn take(&mut self, flag: &'static Flag, operand: &str, cpp: &mut Cpp) {
        let path = || Some(PathBuf::from(operand));
        let text = || Some(operand.to_owned());
        match flag.effect {
            // The drivers drop it: the names of the single files are no business of theirs.
            Effect::User if self.one_per_routine.is_some() => self.drop_user(operand),
            Effect::User => self.user = path(),
            Effect::Server => self.server = path(),
            Effect::Header => self.headers.push((flag, operand.to_owned())),
            Effect::List => self.list = path(),
            Effect::OnePerRoutine => {
                self.one_per_routine = text();
                if let Some(it) = self.user.take() {
                    self.drop_user(&it.display().to_string());
                }
            }
            Effect::NamedOnly => self.named_only = true,
            Effect::Quiet => self.quiet = true,
            Effect::Loud => self.quiet = false,
            Effect::Verbose => self.verbose = true,
            Effect::Default => {}
            Effect::Meaningless => self.ignore(flag, operand),
            Effect::Abi => self.abi = text(),
            Effect::Types => self.config.types.push(PathBuf::from(operand)),
            Effect::Arch => self.arch = text(),
            Effect::Target => self.target = text(),
            Effect::Cc if operand == "cat" => {}
            Effect::Cc => self.ignore(flag, operand),
            Effect::Sysroot => self.sysroot = path(),
            Effect::Depend => self.depend = true,
            Effect::DependFile => (self.depend, self.depend_file) = (true, path()),
            Effect::NoSystem => self.no_system = true,
            Effect::Define => cpp.define(operand),
            Effect::Undefine => cpp.undefine(operand),
            Effect::Include => cpp.include.push(PathBuf::from(operand)),
            Effect::System => cpp.system.push(PathBuf::from(operand)),
            Effect::Imacros => cpp.imacros.push(PathBuf::from(operand)),
            Effect::Preinclude => cpp.preinclude.push(PathBuf::from(operand)),
        }
    }

    fn drop_user(&mut self, name: &str) {
        self.meaningless.push((format!("-user {name}"), "`-i` names the client half".to_owned()));
    }

    fn ignore(&mut self, flag: &Flag, operand: &str) {
        let said = format!("{} {operand}", flag.word).trim_end().to_owned();
        self.meaningless.push((said, flag.about.to_owned()));
    }

    fn check_files(&mut self, program: Program) -> Result<(), Fault> {
        if program == Program::Migcom {
            return match self.files.first() {
                Some(it) if *it != Path::new("-") => {
                    let what = format!("`migcom` reads standard input, and takes no file such as `{}`", it.display());
                    Err(bad_line(program, what))
                }
                _ => {
                    self.files = vec![PathBuf::from("-")];
                    Ok(())
                }
            };
        }
        if self.files.contains(&PathBuf::from("-")) {
            // `-cc cat - /dev/null`: an empty file for drivers that insist on one.
            self.files.retain(|it| it != Path::new(NOWHERE));
        }
        match self.files.is_empty() {
            true => Err(bad_line(program, "no definition file is given".to_owned())),
            false => Ok(()),
        }
    }

    /// Whether it is about Darwin, where some flags mean something else.
    fn is_darwin(&self) -> bool {
        self.config.abis.first().is_some_and(|it: &Abi| it.family == Family::Untyped)
    }

    /// Whether included files are looked for beside the definition last, as Apple's driver does.
    pub(super) fn searches_beside(&self) -> bool {
        self.is_darwin()
    }

    /// Whether each output has a dependency file of its own.
    pub(super) fn depends_by_output(&self) -> bool {
        self.is_darwin()
    }

    /// Whether outputs without a name have none.
    pub(super) fn only_named(&self) -> bool {
        self.named_only && !self.is_darwin()
    }

    /// Adds the directories that a C compiler would search.
    pub(super) fn search_system(&mut self, name: &str, console: &Console<'_>) {
        let sysroot = self.sysroot.clone().or_else(|| (console.env)("SDKROOT").map(PathBuf::from));
        if self.no_system || self.files == [Path::new("-")] {
            return;
        }
        let (prefix, _) = target::without_prefix(name);
        match sysroot {
            Some(it) => self.config.system.push(it.join("usr/include")),
            None if prefix.is_empty() => self.config.system.push(PathBuf::from("/usr/include")),
            None => self.config.system.push(Path::new("/usr").join(prefix).join("include")),
        }
    }

    /// Names what was asked for and will not happen.
    pub(super) fn warn(&self, reports: &mut Reports) {
        let headers: Vec<_> = self.headers.iter().filter(|it| it.1 != NOWHERE).collect();
        if !headers.is_empty() {
            let it = Diagnostic::new(&codes::NO_HEADERS, At::Nowhere, "no headers are written");
            let it =
                headers.iter().fold(it, |it, (flag, file)| it.note(format!("{} {file}: {}", flag.word, flag.about)));
            reports.add_alone(&it);
        }
        let ndr = (self.named_only && self.is_darwin())
            .then(|| ("-n".to_owned(), "numbers are read as their sender wrote them".to_owned()));
        let meaningless: Vec<_> = self.meaningless.iter().chain(&ndr).collect();
        if !meaningless.is_empty() {
            let it = Diagnostic::new(&codes::MEANINGLESS, At::Nowhere, "some flags mean nothing for Rust");
            let it = meaningless.iter().fold(it, |it, (said, why)| it.note(format!("{said}: {why}")));
            reports.add_alone(&it);
        }
        if let Some(prefix) = &self.one_per_routine {
            let it = Diagnostic::new(&codes::ONE_CLIENT, At::Nowhere, "the client half is one file");
            reports.add_alone(&it.note(format!("-i {prefix}: in Rust the functions of a client share their types")));
        }
        for it in
            [&self.user, &self.server].into_iter().flatten().filter(|it| it.extension().is_some_and(|it| it == "c"))
        {
            let message = format!("`{}` will hold Rust", it.display());
            let help = format!("name it `{}`", it.with_extension("rs").display());
            reports.add_alone(&Diagnostic::new(&codes::RUST_IN_C, At::Nowhere, message).help(help));
        }
    }
}

/// The flag that a word is, and its operand if that is attached.
fn find(program: Program, word: &str) -> Option<(&'static Flag, Option<&str>)> {
    let exact = flags::all(program).find(|it| it.word == word).map(|it| (it, None));
    exact.or_else(|| {
        let attached = |it: &'static Flag| {
            let takes = matches!(it.effect, Effect::Define | Effect::Undefine | Effect::Include | Effect::System);
            let operand = word.strip_prefix(it.word).filter(|_| takes)?;
            Some((it, Some(operand)))
        };
        let equals = |it: &'static Flag| {
            let operand = word.strip_prefix(it.word)?.strip_prefix('=').filter(|_| it.word.starts_with("--"))?;
            Some((it, Some(operand)))
        };
        flags::all(program).find_map(|it| attached(it).or_else(|| equals(it)))
    })
}
