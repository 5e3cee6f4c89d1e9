//! The runtime kernel beside what the host has.

use std::hint::black_box;
use std::time::Instant;

use generated::mach3::mach_port::gnumach_i386 as mach_port;
use mig_rt::{AbiId, PortName, RightKind};
use runtime_kernel::Kernel;

/// Nanoseconds of one call: the best of some rounds.
fn best(rounds: u32, calls: u32, mut call: impl FnMut()) -> f64 {
    let mut best = f64::MAX;
    for _ in 0..rounds {
        let start = Instant::now();
        (0..calls).for_each(|_| call());
        best = best.min(start.elapsed().as_nanos() as f64 / f64::from(calls));
    }
    best
}

pub(crate) fn report() {
    let kernel = Kernel::default();
    let task = kernel.task("bench", AbiId::GnumachI386);
    let myself = task.self_port();
    let name = mach_port::mach_port_allocate(&myself, RightKind::RECEIVE).expect("a port");
    let refs = |name: PortName| mach_port::mach_port_get_refs(black_box(&myself), name, RightKind::RECEIVE);
    println!(
        "kernel null RPC: {:.0} ns",
        best(20, 20_000, || {
            black_box(refs(black_box(name))).expect("it is there");
        })
    );
}
