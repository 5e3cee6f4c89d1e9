//! The flags of the classic programs: what each takes and what it means here.

use super::Program;

/// A flag.
#[derive(Debug)]
pub(super) struct Flag {
    /// As it is written.
    pub(super) word: &'static str,
    /// What follows it; empty if nothing does.
    pub(super) operand: &'static str,
    /// What it does.
    pub(super) effect: Effect,
    /// What it means here, in the words of the manual and of warnings.
    pub(super) about: &'static str,
}

/// What a flag does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Effect {
    User,
    Server,
    /// The name of a header.
    Header,
    List,
    OnePerRoutine,
    /// `-n`: only files that are named.
    NamedOnly,
    Quiet,
    Loud,
    Verbose,
    /// It asks for what is the case anyway.
    Default,
    /// It asks for something that Rust stubs do not have.
    Meaningless,
    Abi,
    Types,
    Arch,
    Target,
    /// The command that preprocesses.
    Cc,
    Sysroot,
    Depend,
    DependFile,
    /// `-nostdinc`
    NoSystem,
    Define,
    Undefine,
    Include,
    System,
    Imacros,
    Preinclude,
}

use Effect::*;

const fn flag(word: &'static str, operand: &'static str, effect: Effect, about: &'static str) -> Flag {
    Flag { word, operand, effect, about }
}

/// What both programs know.
const BOTH: &[Flag] = &[
    flag("-user", "FILE", User, "the client half, as Rust"),
    flag("-server", "FILE", Server, "the server half, as Rust"),
    flag("-header", "FILE", Header, "nothing is written: the client half declares what it uses"),
    flag("-sheader", "FILE", Header, "nothing is written: the server half declares what it uses"),
    flag("-iheader", "FILE", Header, "nothing is written: each half declares what it uses"),
    flag("-dheader", "FILE", Header, "nothing is written: each half has the ids of the messages"),
    flag("-list", "FILE", List, "subsystem, base, name, number and ids of each routine, a line each"),
    flag("-i", "PREFIX", OnePerRoutine, "one client half named PREFIX and the subsystem, not a file for each routine"),
    flag(
        "-n",
        "",
        NamedOnly,
        "write only files that are named; for Darwin it asks for NDR conversion and means nothing",
    ),
    flag("-q", "", Quiet, "no warnings"),
    flag("-Q", "", Loud, "warnings; the default"),
    flag("-v", "", Verbose, "print the interface as it was understood"),
    flag("-V", "", Default, "do not"),
    flag("-r", "", Default, "one call sends and receives"),
    flag("-S", "", Default, "no symbol table"),
    flag("-l", "", Default, "no logging"),
    flag("-k", "", Default, "the language of the stubs is not old C"),
    flag("-N", "", Default, "no NDR conversion"),
    flag("-B", "", Default, "no bounds annotations"),
    flag("-T", "", Default, "no system calls"),
    flag("-X", "", Default, "no short circuit"),
    flag("-R", "", Meaningless, "a call is always sent and received at once"),
    flag("-s", "", Meaningless, "instead of a symbol table the ids are constants"),
    flag("-L", "", Meaningless, "stubs do not log"),
    flag("-K", "", Meaningless, "stubs are not in C"),
    flag("-b", "", Meaningless, "slices know their bounds"),
    flag("-t", "", Meaningless, "stubs make no system calls of their own"),
    flag("-x", "", Meaningless, "stubs make no short circuits"),
    flag("-d", "", Meaningless, "there is nothing to debug in the driver"),
    flag("-prefix", "PREFIX", Meaningless, "functions are in a module instead"),
    flag("-subrprefix", "PREFIX", Meaningless, "stubs call the support crate, whose names are fixed"),
    flag("-split", "", Meaningless, "there are no headers to split"),
    flag("-maxonstack", "BYTES", Meaningless, "the transport decides where messages are built"),
    flag("-novouchers", "", Meaningless, "stubs leave vouchers alone"),
    flag("-mach_msg2", "", Meaningless, "stubs serve kernel and tasks alike"),
    flag("-max_descrs", "NUMBER", Meaningless, "what a message carries is not limited by the stub"),
    flag("-max_reply_descrs", "NUMBER", Meaningless, "what a message carries is not limited by the stub"),
    flag("--abi", "ABI", Abi, "the ABI of the messages; not classic"),
    flag("--types", "FILE", Types, "a type table; not classic"),
];

/// What the driver knows besides.
const DRIVER: &[Flag] = &[
    flag("-D", "NAME[=BODY]", Define, "define a macro"),
    flag("-U", "NAME", Undefine, "forget a macro"),
    flag("-I", "DIR", Include, "look for included files here"),
    flag("-iquote", "DIR", Include, "the same"),
    flag("-isystem", "DIR", System, "look for included files here last"),
    flag("-idirafter", "DIR", System, "the same"),
    flag("-imacros", "FILE", Imacros, "take the macros of a file, but not its text"),
    flag("-include", "FILE", Preinclude, "include a file before the definition"),
    flag("-nostdinc", "", NoSystem, "do not look for included files in the directories of the system"),
    flag("-isysroot", "DIR", Sysroot, "the system's directory is `usr/include` in here"),
    flag("-arch", "ARCH", Arch, "the architecture of a Darwin task: chooses the ABI, and macros such as `__arm64__`"),
    flag("-target", "TARGET", Target, "the same for a target such as `i686-gnu` or `x86_64-apple-darwin`"),
    flag("-MD", "", Depend, "write a rule for `make`: `NAME-mig.d`; for Darwin a file `OUTPUT.d` for each output"),
    flag("-MF", "FILE", DependFile, "write that rule into this file"),
    flag("-cc", "COMMAND", Cc, "the preprocessor is built in, `cat` is what it does to preprocessed text"),
    flag("-cpp", "COMMAND", Meaningless, "the preprocessor is built in"),
    flag("-migcom", "PATH", Meaningless, "the compiler proper is built in"),
    flag("-E", "", Default, "preprocess"),
    flag("-undef", "", Default, "no macros but those of the ABI"),
    flag("-P", "", Default, "no line markers"),
];

/// The flags of a program.
pub(super) fn all(program: Program) -> impl Iterator<Item = &'static Flag> {
    let driver: &[Flag] = if program == Program::Mig { DRIVER } else { &[] };
    BOTH.iter().chain(driver)
}

const MIG: &str = "\
Usage:
  mig [FLAG]… FILE…        flags and files in any order; `-` is standard input

Each file is preprocessed and compiled. Unless -n is given, halves without a name go to `<subsystem>User.rs` and
`<subsystem>Server.rs`; `/dev/null` says that a half is not wanted. A name is taken as it stands, also if it ends in `.c`.";

const MIGCOM: &str = "\
Usage:
  migcom [FLAG]… < TEXT    preprocessed text with line markers, on standard input

Unless -n is given, halves without a name go to `<subsystem>User.rs` and `<subsystem>Server.rs`; `/dev/null` says that a
half is not wanted. A name is taken as it stands, also if it ends in `.c`.";

const AFTER: &str = "\
The ABI is the first of these that is given: --abi, -target, -arch, the environment variable MIG_ABI, the target in the
program's name (`i686-gnu-mig` is gnumach-i386, `x86_64-gnu-mig` gnumach-x86_64); gnumach-i386 otherwise.

Examples:
  mig -DKERNEL_SERVER=1 -I include -server demo_server.rs -user /dev/null -header /dev/null demo.defs
  cpp demo.defs | migcom -n -user demo_user.rs";

/// The manual of a program: usage, and every flag with what it means here.
pub(crate) fn help(program: Program) -> String {
    let usage = if program == Program::Mig { MIG } else { MIGCOM };
    let name = |it: &Flag| format!("{} {}", it.word, it.operand).trim_end().to_owned();
    let width = all(program).map(|it| name(it).len()).max().unwrap_or(0);
    let mut text = format!("{usage}\n\nFlags:\n");
    for it in all(program) {
        let ignored = if it.effect == Meaningless { "ignored, with a warning: " } else { "" };
        text += &format!("  {:<width$}  {ignored}{}\n", name(it), it.about);
    }
    if program == Program::Mig {
        text += "Other flags are those of a C compiler, and ignored with a warning.\n";
    }
    format!("{text}\n{AFTER}")
}
