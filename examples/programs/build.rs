//! Compiles the definitions of the programs.

use mig_codegen::{Abi, Config};

fn main() {
    let typed = || Config::default().abi(Abi::GNUMACH_X86_64).include("../../defs/mach3");
    let compile = |config: Config, names: &[&str]| {
        let definitions: Vec<String> = names.iter().map(|it| format!("defs/{it}.defs")).collect();
        config.compile(&definitions).unwrap_or_else(|failed| panic!("{failed}"));
    };
    compile(typed().abi(Abi::DARWIN_LP64), &["calculator"]);
    compile(typed(), &["backup", "bank", "diary", "filing", "library", "oven", "shift"]);
    let darwin =
        Config::default().abi(Abi::DARWIN_LP64).include("../../defs/darwin").types("../../defs/darwin/types.toml");
    compile(darwin, &["sharing", "thread_policy"]);
}
