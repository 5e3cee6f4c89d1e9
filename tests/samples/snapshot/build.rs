//! Compiles `defs/counter.defs`. Without an ABI it would be that of the target which Cargo builds for.

fn main() {
    mig_codegen::Config::default()
        .abi(mig_codegen::Abi::GNUMACH_I386)
        .compile(&["defs/counter.defs"])
        .unwrap_or_else(|failed| panic!("{failed}"));
}
