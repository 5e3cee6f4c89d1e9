//! Our stubs of every definition, in every ABI, compile where every warning is an error.

use std::fs;
use std::path::Path;
use std::process::Command;

use mig_codegen::Abi;
use mig_codegen::build::write_if_changed;
use mig_parser::source::from_disk;

use crate::program::{config, definitions, rust};
use crate::tools::{INCLUDE, finish};

const HEADER: &str = "//! Stubs of every definition.\n\n#![no_std]\n#![forbid(unsafe_code)]\n\
                      #![deny(warnings, missing_docs, rust_2018_idioms)]\n\n";

#[test]
fn stubs_compile_without_a_warning() {
    if !Path::new(INCLUDE).join("mach/mach.defs").exists() {
        let why = "the definitions of gnumach-dev are not compiled: the package is not installed";
        return tests::left_out("MIG_ORACLE", why);
    }
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("oracle/strict");
    let _ = fs::remove_dir_all(directory.join("src"));
    let write = |name: &str, text: &str| write_if_changed(&directory.join(name), text).expect("a writable folder");
    let mut library = HEADER.to_owned();
    for file in definitions() {
        let mut config = config(&Abi::GNUMACH_I386, &file);
        config.abis.extend([Abi::GNUMACH_X86_64, Abi::GNUMACH_X86_64_2022]);
        let compilation = config.read(&file, &mut from_disk);
        if compilation.units[0].interface.subsystem.is_none() {
            continue;
        }
        let key = file.file_stem().expect("a file").to_string_lossy().into_owned();
        write(&format!("src/{key}.rs"), &rust(&compilation, &config));
        library += &format!("/// Stubs of `{key}.defs`.\npub mod {key};\n");
    }
    write("src/lib.rs", &library);
    let support = Path::new(env!("CARGO_MANIFEST_DIR")).join("../mig-rt");
    let dependency = format!("mig-rt = {{ path = {support:?}, default-features = false }}");
    let package = "[package]\nname = \"strict\"\nversion = \"0.0.0\"\nedition = \"2024\"";
    write("Cargo.toml", &format!("{package}\n\n[dependencies]\n{dependency}\n\n[workspace]\n"));
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(&directory).env("CARGO_TARGET_DIR", directory.join("target"));
    finish(command.args(["check", "--quiet", "--offline"])).unwrap_or_else(|it| panic!("{it}"));
}
