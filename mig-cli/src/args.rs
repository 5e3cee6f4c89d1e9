//! The command line.

mod cpp;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use mig_codegen::{Abi, Config, Sides, TypeSize};
use mig_parser::diag::Severity;
use mig_parser::diag::codes;
use mig_parser::dialect::Dialect;

pub use cpp::Cpp;
pub(crate) use cpp::with_long_options;

use crate::classic;

const ABOUT: &str = "Compiles MIG interface definitions to Rust";

const LONG_ABOUT: &str = "\
Compiles MIG interface definitions to Rust: client functions, server traits and dispatchers for the messages of Mach.
Definitions of every dialect are read as they stand, by a preprocessor of its own.";

const AFTER: &str = "\
Examples:
  mig-cli generate demo.defs              write demo.rs
  mig-cli check -I include *.defs         only report mistakes
  mig-cli layout demo.defs                where every byte of every message is
  mig-cli explain M0301                   what a code in a report means

Under the names `mig` and `migcom` this program takes the command lines of the classic compilers.

Exit status: 0 success; 1 mistakes in the input, or `--check` found differences; 2 mistakes on the command line;
3 a file cannot be read or written.";

/// The program.
#[derive(Debug, Parser)]
#[command(name = "mig-cli", version, about = ABOUT, long_about = LONG_ABOUT, after_help = AFTER)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct Cli {
    /// When reports are coloured
    ///
    /// With `auto` they are if they go to a terminal. `NO_COLOR` and `CLICOLOR_FORCE` are respected.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub color: Color,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// When to use colours.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum)]
pub enum Color {
    /// On terminals.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What `--color` says, for reports about the command line itself.
pub(crate) fn early_color(args: &[OsString]) -> Color {
    let next = args.iter().position(|it| it == "--color").and_then(|it| args.get(it + 1));
    let attached = args.iter().find_map(|it| it.to_str()?.strip_prefix("--color="));
    let word = next.and_then(|it| it.to_str()).or(attached).unwrap_or_default();
    Color::from_str(word, false).unwrap_or_default()
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write Rust for definition files, or for everything in a manifest
    #[command(after_long_help = GENERATE)]
    Generate(Box<Generate>),
    /// Report mistakes and write nothing
    #[command(after_long_help = CHECK)]
    Check(Check),
    /// Show where every byte of every message is
    #[command(after_long_help = LAYOUT)]
    Layout(Layout),
    /// Lay out definition files in one style
    #[command(after_long_help = FMT)]
    Fmt(Fmt),
    /// Explain a code of a report
    #[command(after_long_help = EXPLAIN)]
    Explain(Explain),
    /// Print what one stage of the compiler makes of a definition
    #[command(after_long_help = EMIT)]
    Emit(Emit),
    /// Print a script that completes command lines
    #[command(after_long_help = COMPLETIONS)]
    Completions(Completions),
    /// Print the manual page, or write all of them
    #[command(after_long_help = MAN)]
    Man(Man),
    /// Take the command line of the classic driver `mig`
    #[command(disable_help_flag = true, after_long_help = classic::help(classic::Program::Mig))]
    Mig(Classic),
    /// Take the command line of the classic compiler proper, `migcom`
    #[command(disable_help_flag = true, after_long_help = classic::help(classic::Program::Migcom))]
    Migcom(Classic),
}

const GENERATE: &str = "\
Examples:
  mig-cli generate demo.defs
  mig-cli generate --abi gnumach-i386 --abi gnumach-x86_64 --out src --folder demo.defs
  mig-cli generate --check --out src demo.defs
  mig-cli generate --manifest manifest.toml

Each definition becomes `NAME.rs`, or with --folder `NAME/mod.rs` and a file for each ABI, where NAME is that of its
subsystem. Nothing is written unless everything could be generated. `-isystem`, `-include` and `-imacros` may be written
with one dash.";

const CHECK: &str = "\
Examples:
  mig-cli check demo.defs
  mig-cli check --dialect gnu --abi gnumach-x86_64 *.defs
  mig-cli check --format json demo.defs

Without --abi, messages are laid out as gnumach-i386 does, or as darwin-lp64 does if --dialect is osf or darwin.

The JSON document has the members `schema` (\"mig-report/1\"), `errors`, `warnings` and `diagnostics`, an array of objects
with `code`, `severity`, `message`, `file`, `line`, `column`, `end_line`, `end_column`, `labels`, `notes`, `helps`,
`suggestions`, `macros`, `includes` and `explain`. Lines and columns count from 1, columns in characters; `end_column` is
behind the last one. A label has `primary`, `text` and a place; a suggestion has `replacement` and the place of what it
replaces.";

const LAYOUT: &str = "\
Examples:
  mig-cli layout demo.defs
  mig-cli layout --routine demo_store --abi gnumach-x86_64 demo.defs
  mig-cli layout --format svg --out demo.svg demo.defs

The JSON document has the schema \"mig-layout/1\": subsystems, their routines, and for request and reply the fields with
name, role, offset and size, and of untyped messages also with kind. Offsets in JSON assume that variable fields before
are full.";

const FMT: &str = "\
Examples:
  mig-cli fmt *.defs
  mig-cli fmt --check *.defs
  mig-cli fmt --stdin < demo.defs

Comments, directives and conditionals stay where they are, and the tokens remain the same. A file that cannot be cut into
tokens is reported and left as it is.";

const EXPLAIN: &str = "\
Examples:
  mig-cli explain M0301
  mig-cli explain --all";

const EMIT: &str = "\
Examples:
  mig-cli emit preprocessed -I include demo.defs
  mig-cli emit wire --abi gnumach-x86_64 demo.defs";

const COMPLETIONS: &str = "\
Examples:
  mig-cli completions bash > ~/.local/share/bash-completion/completions/mig-cli
  mig-cli completions fish > ~/.config/fish/completions/mig-cli.fish";

const MAN: &str = "\
Examples:
  mig-cli man | man -l -
  mig-cli man --out ~/.local/share/man/man1";

/// How definitions are read.
#[derive(Clone, Debug, Default, Args)]
pub struct Definitions {
    /// The ABI of the messages; may be given several times
    #[arg(long = "abi", value_name = "ABI", value_parser = abi())]
    pub abis: Vec<Abi>,
    /// Take only what this dialect of the language has
    #[arg(long, value_name = "DIALECT", value_parser = dialect())]
    pub dialect: Option<Dialect>,
    /// A type table: names, structures, signs and sizes that definitions do not know
    #[arg(long = "types", value_name = "FILE")]
    pub types: Vec<PathBuf>,
    /// How many bytes C gives a type; may be given several times
    ///
    /// For a type whose definition is known to be wrong, and for a C type that `PointerTo` or `ValueOf` names.
    #[arg(long = "type-size", value_name = "NAME=BYTES[@ABI]", value_parser = type_size)]
    pub type_sizes: Vec<TypeSize>,
    /// Do not report this warning; may be given several times
    #[arg(long, value_name = "CODE", value_parser = warning)]
    pub allow: Vec<String>,
    /// What the preprocessor is told.
    #[command(flatten)]
    pub cpp: Cpp,
}

/// The code of something that can be a warning.
fn warning(text: &str) -> Result<String, String> {
    let found = codes::all().find(|it| it.to_string().eq_ignore_ascii_case(text));
    let found = found.ok_or("there is no such code; `mig-cli explain --all` lists them")?;
    if found.severity == Severity::Error {
        Err("it is an error, and not to be ignored".to_owned())
    } else {
        Ok(found.to_string())
    }
}

/// `NAME=BYTES` or `NAME=BYTES@ABI`. Names of C types may have blanks.
fn type_size(text: &str) -> Result<TypeSize, String> {
    let parts = text.rsplit_once('=').filter(|it| !it.0.is_empty());
    let (name, size) = parts.ok_or("write NAME=BYTES or NAME=BYTES@ABI")?;
    let (bytes, abi) = size.split_once('@').map_or((size, None), |(bytes, abi)| (bytes, Some(abi)));
    let find =
        |it: &str| Abi::find(it).ok_or_else(|| format!("`{it}` is no ABI; those are {}", abi_names().join(", ")));
    let bytes = bytes.parse().map_err(|_| format!("`{bytes}` is no number of bytes"))?;
    Ok(TypeSize { name: name.to_owned(), abi: abi.map(find).transpose()?, bytes })
}

fn abi_names() -> [&'static str; Abi::ALL.len()] {
    Abi::ALL.map(|it| it.name)
}

/// Names of ABIs; clap says which there are, and which one is near.
fn abi() -> impl TypedValueParser<Value = Abi> {
    PossibleValuesParser::new(abi_names()).map(|it| Abi::find(&it).expect("only names of ABIs are possible"))
}

fn dialect() -> impl TypedValueParser<Value = Dialect> {
    let names = Dialect::ALL.iter().map(|it| it.name());
    PossibleValuesParser::new(names).map(|it| Dialect::find(&it).expect("only names of dialects are possible"))
}

impl From<&Definitions> for Config {
    fn from(it: &Definitions) -> Config {
        let mut config = Config {
            dialect: it.dialect,
            types: it.types.clone(),
            sizes: it.type_sizes.clone(),
            allow: it.allow.clone(),
            ..Config::default()
        };
        for abi in &it.abis {
            if !config.abis.contains(abi) {
                config.abis.push(*abi);
            }
        }
        it.cpp.apply(&mut config);
        config
    }
}

/// `generate`
#[derive(Debug, Args)]
pub struct Generate {
    /// Definition files; `-` is standard input
    #[arg(value_name = "FILE", required_unless_present = "manifest", conflicts_with = "manifest")]
    pub files: Vec<PathBuf>,
    /// How they are read.
    #[command(flatten)]
    pub definitions: Definitions,
    /// Only client functions
    #[arg(long, conflicts_with = "server")]
    pub client: bool,
    /// Only the server's trait and the dispatcher
    #[arg(long)]
    pub server: bool,
    /// Directory to write into
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub out: PathBuf,
    /// Write a folder for each definition, with a file for each ABI
    #[arg(long)]
    pub folder: bool,
    /// Name of the module, if it is not the subsystem's
    #[arg(long, value_name = "NAME")]
    pub module: Option<String>,
    /// Generate what a manifest lists
    ///
    /// A manifest is a TOML file that describes sets of subsystems which share their types.
    #[arg(long, value_name = "FILE", conflicts_with_all = MANIFEST_EXCLUDES)]
    pub manifest: Option<PathBuf>,
    /// Write nothing; fail if a file is missing or differs from what would be written
    #[arg(long)]
    pub check: bool,
    /// Write a rule for `make` that names every file that was read
    #[arg(long, value_name = "FILE", conflicts_with = "check")]
    pub dep_file: Option<PathBuf>,
}

/// What a manifest says itself.
const MANIFEST_EXCLUDES: [&str; 15] = [
    "abis",
    "dialect",
    "types",
    "type_sizes",
    "include",
    "system",
    "define",
    "undefine",
    "preinclude",
    "imacros",
    "client",
    "server",
    "folder",
    "module",
    "dep_file",
];

impl Generate {
    pub(crate) fn sides(&self) -> Sides {
        match (self.client, self.server) {
            (true, _) => Sides::Client,
            (_, true) => Sides::Server,
            _ => Sides::Both,
        }
    }
}

/// `check`
#[derive(Debug, Args)]
pub struct Check {
    /// Definition files; `-` is standard input
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// How they are read.
    #[command(flatten)]
    pub definitions: Definitions,
    /// Do not lay out messages
    #[arg(long)]
    pub no_layout: bool,
    /// How reports are written
    #[arg(long, value_enum, default_value_t = ReportFormat::Human)]
    pub format: ReportFormat,
}

/// How reports are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum ReportFormat {
    /// With excerpts of the source
    Human,
    /// One line each: `file:line:column: error[M0301]: message`
    Short,
    /// One document, on standard output
    Json,
}

/// `layout`
#[derive(Debug, Args)]
pub struct Layout {
    /// Definition files; `-` is standard input
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// How they are read.
    #[command(flatten)]
    pub definitions: Definitions,
    /// How layouts are written
    #[arg(long, value_enum, default_value_t = LayoutFormat::Text)]
    pub format: LayoutFormat,
    /// Only this routine; may be given several times
    #[arg(long = "routine", value_name = "NAME")]
    pub routines: Vec<String>,
    /// Write to a file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// How layouts are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum LayoutFormat {
    /// Tables
    Text,
    /// One document with everything
    Json,
    /// A picture of one definition in one ABI
    Svg,
}

/// `fmt`
#[derive(Debug, Args)]
pub struct Fmt {
    /// Definition files, which are rewritten in place
    #[arg(value_name = "FILE", required_unless_present = "stdin", conflicts_with = "stdin")]
    pub files: Vec<PathBuf>,
    /// Write nothing; fail if a file is not laid out like that
    #[arg(long)]
    pub check: bool,
    /// Format standard input to standard output
    #[arg(long)]
    pub stdin: bool,
}

/// `explain`
#[derive(Debug, Args)]
pub struct Explain {
    /// The code, such as `M0301`
    #[arg(value_name = "CODE", required_unless_present = "all", conflicts_with = "all")]
    pub code: Option<String>,
    /// List all codes
    #[arg(long)]
    pub all: bool,
}

/// `emit`
#[derive(Debug, Args)]
pub struct Emit {
    /// Which stage
    #[arg(value_enum)]
    pub stage: Stage,
    /// A definition file; `-` is standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// How it is read.
    #[command(flatten)]
    pub definitions: Definitions,
}

/// A stage of the compiler.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Stage {
    /// The text after the preprocessor
    Preprocessed,
    /// The syntax tree, as canonical text
    Ast,
    /// The interface with every name looked up and every default made explicit
    Model,
    /// The layouts of messages, as tables
    Wire,
    /// Rust
    Rust,
}

/// `completions`
#[derive(Debug, Args)]
pub struct Completions {
    /// For which shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// `man`
#[derive(Debug, Args)]
pub struct Man {
    /// Write a page for the program and one for each command into this directory
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// A classic command line, which is taken apart elsewhere.
#[derive(Debug, Args)]
pub struct Classic {
    /// Options and files as the classic programs take them
    #[arg(value_name = "ARGUMENT", trailing_var_arg = true, allow_hyphen_values = true)]
    pub args: Vec<OsString>,
}
