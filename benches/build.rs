//! Compiles `bench.defs` twice: with our compiler, and with Debian's GNU MIG and the C compiler. C's stubs for untyped
//! messages are in `c`, since their compiler cannot be had.

use std::path::PathBuf;
use std::process::Command;

use mig_codegen::{Abi, Config};

/// Of Debian's package `mig-for-host`; it speaks `gnumach-x86_64-2022`.
const MIG: &str = "x86_64-gnu-mig";

fn main() {
    Config::default()
        .abi(Abi::GNUMACH_X86_64_2022)
        .abi(Abi::DARWIN_LP64)
        .compile(&["bench.defs"])
        .unwrap_or_else(|failed| panic!("{failed}"));
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("Cargo sets it"));
    let file = |name: &str| out.join(name);
    let made = Command::new(MIG)
        .args(["-Ic", "-user"])
        .arg(file("bench_user.c"))
        .arg("-server")
        .arg(file("bench_server.c"))
        .arg("-header")
        .arg(file("bench.h"))
        .arg("-sheader")
        .arg(file("bench_server.h"))
        .arg("bench.defs")
        .status();
    let made = made.unwrap_or_else(|it| panic!("{MIG} is needed, of Debian's package mig-for-host: {it}"));
    assert!(made.success(), "{MIG} failed");
    cc::Build::new()
        .files([file("bench_user.c"), file("bench_server.c")])
        .files(["c/service.c", "c/kernel.c"])
        .files(["c/untyped_user.c", "c/untyped_server.c", "c/untyped_kernel.c"])
        .include(&out)
        .include("c")
        .opt_level(2)
        .warnings(false)
        .compile("bench");
    println!("cargo::rerun-if-changed=c");
}
