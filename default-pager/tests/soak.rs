//! The soak, for as long as a test may take.
#![allow(unused_crate_dependencies, reason = "the example uses them")]

#[allow(dead_code, reason = "the example's `main`")]
#[path = "../examples/soak/main.rs"]
mod soak;

#[test]
fn a_few_seconds_of_paging() {
    for seed in 100..104 {
        soak::run(10, seed).unwrap_or_else(|it| panic!("seed {seed}: {it}"));
    }
}
