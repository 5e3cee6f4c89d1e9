//! Processors, as C compilers tell them apart.

use mig_parser::preprocess::MacroOption;

use super::Abi;

/// How names of processors begin, and the macros that a compiler for one of them defines. A name that is the beginning of
/// another one stands behind it.
const MACHINES: &[(&str, &[&str])] = &[
    ("i386", &["__i386__", "__i386"]),
    ("x86_64", &["__x86_64__", "__x86_64"]),
    ("arm64", &["__arm64__", "__arm64", "__aarch64__"]),
    ("aarch64", &["__arm64__", "__arm64", "__aarch64__"]),
    ("arm", &["__arm__", "__arm"]),
    ("ppc64", &["__ppc64__", "__powerpc64__"]),
    ("powerpc64", &["__ppc64__", "__powerpc64__"]),
    ("ppc", &["__ppc__", "__powerpc__"]),
    ("powerpc", &["__ppc__", "__powerpc__"]),
];

/// The macros that a C compiler defines for a processor, by its name on a command line: `x86_64`, `arm64e`. None for
/// others than those that Mach ABIs are about.
pub fn machine_macros(machine: &str) -> &'static [&'static str] {
    MACHINES.iter().find(|it| machine.starts_with(it.0)).map_or(&[], |it| it.1)
}

impl Abi {
    /// The macros that are there before any file is read, with their bodies: those of the ABI, and those of its machine
    /// unless the command line is about one. Definitions ask for the machine, and stop with `#error` if there is none.
    pub fn macros(&self, command_line: &[MacroOption]) -> Vec<(String, String)> {
        let names_machine = |it: &MacroOption| match it {
            MacroOption::Define { name, .. } => MACHINES.iter().any(|it| it.1.contains(&name.as_str())),
            MacroOption::Undef(_) => false,
        };
        let machine = if command_line.iter().any(names_machine) { &[] } else { machine_macros(self.machine) };
        let all = self.predefined.iter().chain(machine);
        all.map(|it| ((*it).to_owned(), "1".to_owned())).collect()
    }
}
