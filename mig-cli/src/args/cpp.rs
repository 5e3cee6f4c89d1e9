//! Options of the preprocessor, in the spelling of C compilers.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};
use mig_codegen::Config;
use mig_parser::preprocess::MacroOption;

/// What the preprocessor is told on the command line.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Cpp {
    /// `-D` and `-U`, in their order.
    pub macros: Vec<MacroOption>,
    /// `-I`
    pub include: Vec<PathBuf>,
    /// `-isystem`
    pub system: Vec<PathBuf>,
    /// `-include`
    pub preinclude: Vec<PathBuf>,
    /// `-imacros`
    pub imacros: Vec<PathBuf>,
}

impl Cpp {
    /// `-D` with its operand: a name, which stands for `1`, or `NAME=BODY`.
    pub(crate) fn define(&mut self, operand: &str) {
        let (name, body) = operand.split_once('=').unwrap_or((operand, "1"));
        self.macros.push(MacroOption::Define { name: name.to_owned(), body: body.to_owned() });
    }

    /// `-U` with its operand.
    pub(crate) fn undefine(&mut self, operand: &str) {
        self.macros.push(MacroOption::Undef(operand.to_owned()));
    }

    /// Adds all of it to a configuration.
    pub(crate) fn apply(&self, config: &mut Config) {
        config.macros.extend(self.macros.iter().cloned());
        config.include.extend(self.include.iter().cloned());
        config.system.extend(self.system.iter().cloned());
        config.preinclude.extend(self.preinclude.iter().cloned());
        config.imacros.extend(self.imacros.iter().cloned());
    }
}

/// Clap's own derivation would lose the order of `-D` and `-U`.
impl Args for Cpp {
    fn augment_args(command: Command) -> Command {
        let many = |name: &'static str, value: &'static str| {
            let arg = Arg::new(name).value_name(value).action(ArgAction::Append);
            arg.value_parser(clap::value_parser!(PathBuf)).help_heading("Preprocessor")
        };
        let text = |it: Arg| it.value_parser(clap::value_parser!(String));
        command
            .arg(many("include", "DIR").short('I').help("Look for included files here"))
            .arg(many("system", "DIR").long("isystem").help("Look for included files here last"))
            .arg(text(
                many("define", "NAME[=BODY]")
                    .short('D')
                    .help("Define a macro; one of a machine, like `__x86_64__`, replaces that of the ABI"),
            ))
            .arg(text(many("undefine", "NAME").short('U').help("Forget a macro")))
            .arg(many("preinclude", "FILE").long("include").help("Include a file before the definition"))
            .arg(many("imacros", "FILE").long("imacros").help("Take the macros of a file, but not its text"))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Cpp::augment_args(command)
    }
}

impl FromArgMatches for Cpp {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Cpp, clap::Error> {
        let mut cpp = Cpp::default();
        cpp.update_from_arg_matches(matches)?;
        Ok(cpp)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        let paths = |name: &str| matches.get_many::<PathBuf>(name).into_iter().flatten().cloned().collect();
        let texts = |name: &str, define: bool| {
            let places = matches.indices_of(name).into_iter().flatten();
            let texts = matches.get_many::<String>(name).into_iter().flatten();
            places.zip(texts).map(move |(at, it)| (at, define, it.clone())).collect::<Vec<_>>()
        };
        let mut macros = texts("define", true);
        macros.extend(texts("undefine", false));
        macros.sort();
        *self = Cpp {
            include: paths("include"),
            system: paths("system"),
            preinclude: paths("preinclude"),
            imacros: paths("imacros"),
            macros: Vec::new(),
        };
        for (_, define, operand) in macros {
            if define { self.define(&operand) } else { self.undefine(&operand) }
        }
        Ok(())
    }
}

/// The arguments with two dashes where C compilers write one: `-isystem`, `-include` and `-imacros`, with their operand
/// behind them or attached. A classic command line is left alone.
pub(crate) fn with_long_options(args: Vec<OsString>) -> Vec<OsString> {
    let texts: Vec<String> = args.iter().map(|it| it.to_string_lossy().into_owned()).collect();
    let is_command = |index: &usize| !texts[*index].starts_with('-') && texts[*index - 1] != "--color";
    let command = (1..texts.len()).find(is_command).map_or("", |it| texts[it].as_str());
    if command == "mig" || command == "migcom" {
        return args;
    }
    let options = texts.iter().position(|it| it == "--").unwrap_or(texts.len());
    let rewrite = |(index, it): (usize, OsString)| if index < options { long_option(it) } else { it };
    args.into_iter().enumerate().map(rewrite).collect()
}

fn long_option(arg: OsString) -> OsString {
    let Some(rest) = arg.to_str().and_then(|it| it.strip_prefix('-')) else { return arg };
    let names = ["isystem", "include", "imacros"];
    match names.into_iter().find_map(|name| Some((name, rest.strip_prefix(name)?))) {
        Some((name, "")) => format!("--{name}").into(),
        Some((name, operand)) => format!("--{name}={operand}").into(),
        None => arg,
    }
}
