//! The support crate and generated stubs for no operating system: see `tests/bare`.

use std::path::{Path, PathBuf};
use std::process::Command;

const TARGET: &str = "x86_64-unknown-none";

/// It links: nothing in it needs `std`, an allocator or unwinding. Where the target is not installed there is a note,
/// and a failure with `MIG_BARE=required` in the environment.
#[test]
fn links_without_std() {
    let sysroot = Command::new("rustc").args(["--print", "target-libdir", "--target", TARGET]).output();
    let libraries = sysroot.map(|it| PathBuf::from(String::from_utf8_lossy(&it.stdout).trim()));
    if !libraries.is_ok_and(|it| it.is_dir()) {
        let why = format!("nothing is built for {TARGET}: `rustup target add {TARGET}` changes that");
        return tests::left_out("MIG_BARE", &why);
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--release", "--offline", "--target", TARGET])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("bare"))
        .env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("bare"))
        // A warning of the support crate that only shows without `std` is one all the same.
        .env("RUSTFLAGS", "-D warnings")
        .output()
        .expect("cargo can be started");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
}
