//! Client stub, kernel, demultiplexer, server, and back.

use std::process::Command;
use std::time::Instant;

use crate::cases::{Case, all};
use crate::direct::{Family, Side, carried};

const SIDES: [Side; 2] = [Side::C, Side::Rust];
const ROUNDS: usize = 41;
const CALLS: u64 = 50_000;

/// The families as `call` names them.
const FAMILIES: [(&str, Family); 2] = [("typed", Family::Typed), ("untyped", Family::Untyped)];

/// What is compared does the same: stubs of either side understand each other, and send the same bytes.
///
/// # Panics
/// If they do not.
fn check() {
    for (name, family) in FAMILIES {
        for case in all(family) {
            let carried = SIDES.map(|client| {
                SIDES.map(|server| {
                    case.run(client, server, 1);
                    carried(family)
                })
            });
            let [[one, ..], ..] = &carried;
            assert!(carried.iter().flatten().all(|it| it == one), "{name} {}: {carried:02x?}", case.name);
        }
    }
}

/// Nanoseconds of a call: the best of many rounds, in which the sides take turns.
pub(crate) fn times() {
    check();
    for (name, family) in FAMILIES {
        println!("{name:24}{:>9}{:>9}{:>8}{:>8}", "C, ns", "ours", "best", "median");
        for case in all(family) {
            let mut rounds: Vec<[f64; 2]> = Vec::new();
            for round in 0..ROUNDS {
                let mut taken = [0.0; 2];
                for turn in 0..2 {
                    let index = (round + turn) % 2;
                    taken[index] = nanoseconds(case, SIDES[index]);
                }
                rounds.push(taken);
            }
            let best = |side: usize| rounds.iter().map(|it| it[side]).fold(f64::MAX, f64::min);
            let mut ratios: Vec<f64> = rounds.iter().map(|it| it[1] / it[0]).collect();
            ratios.sort_by(f64::total_cmp);
            let (c, rust, median) = (best(0), best(1), ratios[ROUNDS / 2]);
            println!("{:24}{c:9.1}{rust:9.1}{:8.2}{median:8.2}", case.name, rust / c);
        }
    }
}

fn nanoseconds(case: &Case, side: Side) -> f64 {
    let start = Instant::now();
    case.run(side, side, CALLS);
    start.elapsed().as_nanos() as f64 / CALLS as f64
}

/// What `instructions` runs under valgrind.
pub(crate) fn call(family: &str, case: &str, side: &str, times: u64) {
    let (_, family) = FAMILIES.into_iter().find(|it| it.0 == family).expect("a family of this name");
    let case = all(family).iter().find(|it| it.name == case).expect("a case of this name");
    let side = if side == "c" { Side::C } else { Side::Rust };
    case.run(side, side, times);
}

/// Instructions of a call: the difference between two runs, divided by the calls that the longer one has more.
pub(crate) fn instructions() {
    check();
    for (name, family) in FAMILIES {
        println!("{name:24}{:>9}{:>9}{:>8}", "C", "ours", "ratio");
        for case in all(family) {
            let [c, rust] = ["c", "rust"].map(|side| {
                let count = |times| counted(["call", name, case.name, side], times);
                (count(3000) - count(1000)) as f64 / 2000.0
            });
            println!("{:24}{c:9.0}{rust:9.0}{:8.2}", case.name, rust / c);
        }
    }
}

/// Instructions of a whole run.
fn counted(call: [&str; 4], times: u64) -> u64 {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe().expect("this program"))
        .args(call)
        .arg(times.to_string())
        .output()
        .expect("valgrind runs");
    let said = String::from_utf8_lossy(&output.stderr);
    let count = said.lines().find_map(|it| it.split_once("Collected : ")).expect("valgrind counts");
    count.1.trim().parse().expect("a number")
}

/// Bytes of machine code of client and server stub, as the symbol table has them.
pub(crate) fn sizes() {
    let output = Command::new("nm").args(["-S", "-C"]).arg(std::env::current_exe().expect("this program")).output();
    let output = String::from_utf8_lossy(&output.expect("nm runs").stdout).into_owned();
    let size = |wanted: &dyn Fn(&str) -> bool| -> u64 {
        let found = output.lines().filter_map(|it| {
            let mut words = it.splitn(4, ' ');
            let (_, size, kind, name) = (words.next()?, words.next()?, words.next()?, words.next()?);
            (matches!(kind, "t" | "T") && wanted(name)).then(|| u64::from_str_radix(size, 16).unwrap_or(0))
        });
        found.sum()
    };
    let routines = [
        "b_null",
        "b_scalars",
        "b_in_few",
        "b_in_some",
        "b_in_many",
        "b_in_ints",
        "b_in_bytes",
        "b_in_two",
        "b_rights",
        "b_in_region",
        "b_out_few",
        "b_out_some",
        "b_out_many",
        "b_out_ints",
        "b_out_two",
        "b_out_region",
    ];
    for (name, prefixes, abi) in
        [("typed", ["", "_X"], "gnumach_x86_64_2022"), ("untyped", ["untyped_", "untyped_X"], "darwin_lp64")]
    {
        println!("{name:16}{:>8}{:>8}{:>8}", "C", "ours", "ratio");
        for routine in routines {
            let c = size(&|it| prefixes.iter().any(|prefix| it == format!("{prefix}{routine}")));
            let (client, server) = (format!("{abi}::{routine}"), format!("{abi}::serve_{routine}"));
            let rust = size(&|it| it.ends_with(&client) || it.contains(&server));
            println!("{routine:16}{c:8}{rust:8}{:8.2}", rust as f64 / c as f64);
        }
    }
}
