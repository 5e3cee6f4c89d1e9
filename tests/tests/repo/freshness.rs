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
    let files = ["defs/mach3", "defs/darwin", "defs/osf"]
        .map(|it| std::fs::read_dir(root().join(it)).expect("our definitions"));
    let files: Vec<String> = files
        .into_iter()
        .flatten()
        .map(|it| it.expect("a readable folder").path().display().to_string())
        .filter(|it| it.ends_with(".defs"))
        .collect();
    assert!(files.len() > 60, "our definitions have moved");
    let args: Vec<&str> = ["mig-cli", "fmt", "--check"].into_iter().chain(files.iter().map(String::as_str)).collect();
    if let Err(said) = mig_cli(&root(), &args) {
        panic!("run `cargo run -p mig-cli -- fmt defs/*/*.defs`:\n{said}");
    }
}
