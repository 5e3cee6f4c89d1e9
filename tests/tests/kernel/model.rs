//! The kernel agrees with a model of ports, rights and names that is too simple to be wrong in the same way.
//!
//! A run is a list of operations that a seed chooses, and with them the ABI of each task: what it writes, and what the
//! kernel writes to it. So messages of five ABIs meet in the queues, and each is received in its own. Nobody waits: every
//! send and every receive has no time at all. If kernel and model disagree, the list is cut down to a short one
//! that still makes them disagree, and printed.

mod calls;
mod conserved;
mod drive;
mod letters;
mod messages;
mod operation;
mod ports;
mod wire;

use std::panic::{AssertUnwindSafe, catch_unwind};

use drive::{Pair, Watch};
use operation::{Operation, Random};

/// Operations of one run.
const LENGTH: usize = 1000;

/// Where kernel and model disagree first, and about what. In a thread of its own, which may end by a panic.
fn disagreement(operations: &[Operation], watch: Watch) -> Option<(usize, String)> {
    let run = move || {
        let mut pair = Pair::new(watch);
        for (at, operation) in operations.iter().enumerate() {
            match catch_unwind(AssertUnwindSafe(|| pair.step(operation))) {
                Ok(Ok(())) => {}
                Ok(Err(why)) => return Some((at, why)),
                Err(_) => {
                    // Whatever lock it holds, nobody takes it again.
                    std::mem::forget(pair);
                    return Some((at, "it panics".to_owned()));
                }
            }
        }
        pair.finish().err().map(|it| (operations.len(), it))
    };
    std::thread::scope(|scope| scope.spawn(run).join())
        .unwrap_or_else(|_| Some((operations.len(), "it panics".to_owned())))
}

/// After which operation, and about what.
type Disagreement = (usize, String);

/// The shortest list that can be had by leaving parts out. `disagreement` says where one disagrees first, if it does.
pub(crate) fn shortest<O: Clone>(
    mut operations: Vec<O>,
    disagreement: &dyn Fn(&[O]) -> Option<Disagreement>,
) -> Vec<O> {
    let mut part = operations.len().div_ceil(2);
    loop {
        let mut at = 0;
        while at < operations.len() {
            let mut shorter = operations.clone();
            shorter.drain(at..(at + part).min(operations.len()));
            if let Some((end, _)) = disagreement(&shorter) {
                shorter.truncate(end + 1);
                operations = shorter;
            } else {
                at += part;
            }
        }
        if part == 1 {
            return operations;
        }
        part = part.div_ceil(2);
    }
}

fn agree(seed: u64, census: usize) {
    let mut random = Random::new(seed);
    let mut operations: Vec<Operation> = (0..LENGTH).map(|_| random.operation()).collect();
    let watch = Watch { census, eager: seed.is_multiple_of(2), low_names: seed % 5 == 4, abis: random.abis() };
    let Some((at, why)) = disagreement(&operations, watch) else { return };
    operations.truncate(at + 1);
    let closely = Watch { census: 1, ..watch };
    let watched = |it: &[Operation]| disagreement(it, closely);
    let operations = shortest(operations, &watched);
    let (_, last) = watched(&operations).unwrap_or_default();
    let list: Vec<String> = operations.iter().map(|it| format!("    task {}: {:?}", it.task, it.act)).collect();
    panic!("seed {seed}: {why}\nshortest: {last}\n{:?}\n{}", watch.abis, list.join("\n"));
}

/// A hundred thousand operations; as many as the environment variable `MODEL_OPERATIONS` says, if it is there, and then
/// with a census after each of them.
#[test]
fn kernel_and_model_agree() {
    let asked = std::env::var("MODEL_OPERATIONS").ok().and_then(|it| it.parse::<u64>().ok());
    let census = if asked.is_some() { 1 } else { 16 };
    (0..asked.unwrap_or(100_000).div_ceil(LENGTH as u64)).for_each(|seed| agree(seed, census));
}
