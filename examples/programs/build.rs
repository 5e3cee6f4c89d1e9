//! Compiles the definitions of the programs.

use mig_codegen::{Abi, Config};

fn main() {
    let typed = || Config::default().abi(Abi::GNUMACH_X86_64).include("../../defs/mach3");
    let compile = |config: Config, definitions: &[&str]| {
        config.compile(definitions).unwrap_or_else(|failed| panic!("{failed}"));
    };
    compile(typed().abi(Abi::DARWIN_LP64), &["defs/calculator.defs"]);
    compile(
        typed(),
        &[
            "defs/backup.defs",
            "defs/bank.defs",
            "defs/diary.defs",
            "defs/library.defs",
            "defs/oven.defs",
            "defs/shift.defs",
        ],
    );
    let darwin =
        Config::default().abi(Abi::DARWIN_LP64).include("../../defs/darwin").types("../../defs/darwin/types.toml");
    compile(darwin, &["defs/thread_policy.defs"]);
}
