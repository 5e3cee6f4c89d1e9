//! The laws of `tests::fuzz` on mutants of their seeds: the same ones each time, and enough of them in seconds to see
//! whether the laws hold at all. The fuzz targets in `fuzz` go on from there.

mod mutate;

use std::panic::{AssertUnwindSafe, catch_unwind};

use mutate::Mutator;
use tests::fuzz;

/// Runs a law on every seed and on mutants of them.
fn run(target: &str, law: fn(&[u8]), mutants: usize) {
    let seeds = fuzz::seeds(target);
    assert!(seeds.len() > 1, "there is nothing to begin with");
    let mut mutator = Mutator::new(&seeds);
    let mutants = (0..mutants).map(|_| mutator.mutant());
    for input in seeds.iter().cloned().chain(mutants) {
        let held = catch_unwind(AssertUnwindSafe(|| law(&input)));
        // What was broken has been said; whoever mends it needs the input.
        assert!(held.is_ok(), "the input was: {}", input.escape_ascii());
    }
}

#[test]
fn front_end() {
    run("front_end", fuzz::front_end, 1500);
}

#[test]
fn tables() {
    run("tables", fuzz::tables, 1000);
}

#[test]
fn request() {
    run("request", fuzz::request, 5000);
}

#[test]
fn reply() {
    run("reply", fuzz::reply, 5000);
}

#[test]
fn kernel() {
    run("kernel", fuzz::kernel, 5000);
}

#[test]
fn destroy() {
    run("destroy", fuzz::destroy, 5000);
}
