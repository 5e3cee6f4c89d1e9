//! The laws of `tests::fuzz` on mutants of their seeds: the same ones each time, and enough of them in seconds to see
//! whether the laws hold at all. The fuzz targets in `fuzz` go on from there.

mod mutate;

use std::panic::{AssertUnwindSafe, catch_unwind};

use mutate::Mutator;
use tests::fuzz;

/// Runs a law on every seed and on mutants of them.
fn run(target: &str, law: fn(&[u8]), mutants: usize) {
    let mut seeds = fuzz::seeds(target);
    assert!(seeds.len() > 1, "there is nothing to begin with");
    if cfg!(miri) {
        seeds = seeds.into_iter().filter(|it| it.len() < 1000).step_by(16).collect();
    }
    let mut mutator = Mutator::new(&seeds);
    let mutants = (0..mutants).map(|_| mutator.mutant());
    for input in seeds.iter().cloned().chain(mutants) {
        let held = catch_unwind(AssertUnwindSafe(|| law(&input)));
        // What was broken has been said; whoever mends it needs the input.
        assert!(held.is_ok(), "the input was: {}", input.escape_ascii());
    }
}

/// Fewer where each step is interpreted.
const fn times(count: usize) -> usize {
    if cfg!(miri) { count / 200 } else { count }
}

#[test]
fn front_end() {
    run("front_end", fuzz::front_end, times(1500));
}

#[test]
fn tables() {
    run("tables", fuzz::tables, times(1000));
}

#[test]
fn request() {
    run("request", fuzz::request, times(5000));
}

#[test]
fn reply() {
    run("reply", fuzz::reply, times(5000));
}

#[test]
fn destroy() {
    run("destroy", fuzz::destroy, times(5000));
}
