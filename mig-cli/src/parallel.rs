//! The same work on many inputs, on all processors.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread::{self, Builder};

/// Bytes of a worker's stack: as much as a program's first thread has.
const STACK: usize = 8 << 20;

/// Results in the order of the inputs. `done` is told of each input when its result is there, in any order.
///
/// # Panics
/// If `work` panics, or there is no memory for a thread.
pub(crate) fn map<'i, I: Sync, O: Send>(
    inputs: &'i [I],
    work: impl Fn(&'i I) -> O + Sync,
    mut done: impl FnMut(&I),
) -> Vec<O> {
    let workers = thread::available_parallelism().map_or(1, NonZero::get).min(inputs.len());
    if workers < 2 {
        let each = inputs.iter().map(|it| {
            let output = work(it);
            done(it);
            output
        });
        return each.collect();
    }
    let next = AtomicUsize::new(0);
    let mut outputs: Vec<Option<O>> = inputs.iter().map(|_| None).collect();
    thread::scope(|scope| {
        let (sender, results) = mpsc::channel();
        for _ in 0..workers {
            let (sender, next, work) = (sender.clone(), &next, &work);
            let worker = move || {
                while let Some((index, input)) = take(inputs, next) {
                    // Nobody listens any more if another worker has panicked.
                    let _ = sender.send((index, work(input)));
                }
            };
            Builder::new().stack_size(STACK).spawn_scoped(scope, worker).expect("a thread can be made");
        }
        drop(sender);
        for (index, output) in results {
            done(&inputs[index]);
            outputs[index] = Some(output);
        }
    });
    outputs.into_iter().map(|it| it.expect("a worker that fails ends the scope")).collect()
}

fn take<'i, I>(inputs: &'i [I], next: &AtomicUsize) -> Option<(usize, &'i I)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    inputs.get(index).map(|it| (index, it))
}
