//! `generated/` is what the compiler makes of `defs/` today.

use crate::{mig_cli, root};

#[test]
fn generated_is_fresh() {
    let checked = mig_cli(&root(), &["mig-cli", "generate", "--manifest", "generated/manifest.toml", "--check"]);
    if let Err(said) = checked {
        panic!("run `cargo run -p mig-cli -- generate --manifest generated/manifest.toml`:\n{said}");
    }
}

/// Definitions of ours are in the style of our own formatter.
#[test]
fn definitions_are_formatted() {
    let dir = root().join("defs/mach3");
    let files = std::fs::read_dir(dir).expect("our definitions");
    let files: Vec<String> = files
        .map(|it| it.expect("a readable folder").path().display().to_string())
        .filter(|it| it.ends_with(".defs"))
        .collect();
    assert!(files.len() > 20, "our definitions have moved");
    let args: Vec<&str> = ["mig-cli", "fmt", "--check"].into_iter().chain(files.iter().map(String::as_str)).collect();
    if let Err(said) = mig_cli(&root(), &args) {
        panic!("run `cargo run -p mig-cli -- fmt defs/mach3/*.defs`:\n{said}");
    }
}
