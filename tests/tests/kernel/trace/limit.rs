//! A trace that keeps only so much.

use mig_rt::Disposition;
use runtime_kernel::Trace;

use super::format::check;
use super::many_calls;
use crate::world::{Simple, World, poll, port};

fn limited(world: &World, events: usize) -> Trace {
    let trace = Trace::with_limit(events);
    world.kernel.trace(Some(&trace));
    trace
}

/// The numbers of the messages in a text.
fn numbers(trace: &Trace) -> Vec<usize> {
    trace.text().lines().filter_map(|it| it.split_whitespace().nth(1)?.parse().ok()).collect()
}

#[test]
fn the_last_events_are_kept() {
    let world = World::seeded(1);
    let trace = limited(&world, 40);
    let task = world.task("task");
    let name = port(&task);
    for id in 0..100 {
        Simple::to(name, Disposition::MAKE_SEND, id).send(&task).unwrap();
        poll(&task, name).unwrap();
    }
    // Six events of a message: the call that sends it, the sending, its end, and the same of the one that receives.
    let kept = numbers(&trace);
    assert_eq!(kept.last(), Some(&100));
    assert_eq!(kept, (100 - kept.len() + 1..=100).collect::<Vec<_>>());
    assert!((6..=8).contains(&kept.len()), "{kept:?}");
    let gone = 100 - kept.len();
    assert_eq!(trace.text().lines().nth(1), Some(&*format!("{gone} earlier messages were dropped")));
    check(&trace);
    assert!(trace.perfetto().contains(" earlier events were dropped"), "{}", trace.perfetto());
}

/// What waits is told when it is over, however much came in between.
#[test]
fn a_message_that_waits_is_kept() {
    let world = World::seeded(1);
    let trace = limited(&world, 12);
    let task = world.task("task");
    let (slow, name) = (port(&task), port(&task));
    Simple::to(slow, Disposition::MAKE_SEND, 7).send(&task).unwrap();
    for id in 0..50 {
        Simple::to(name, Disposition::MAKE_SEND, id).send(&task).unwrap();
        poll(&task, name).unwrap();
    }
    assert_eq!(numbers(&trace)[0], 1);
    poll(&task, slow).unwrap();
    let text = trace.text();
    assert!(text.lines().nth(2).is_some_and(|it| it.contains("received by task")), "{text}");
    check(&trace);
}

/// Whatever the limit, and wherever it cuts.
#[test]
fn any_limit_leaves_a_file_that_can_be_read() {
    for limit in (0..60).chain([200, 399]) {
        let world = World::new();
        let trace = limited(&world, limit);
        many_calls(&world, 5);
        check(&trace);
        let kept = numbers(&trace).len();
        assert!(kept <= limit, "{kept} messages of {limit} events");
    }
}

#[test]
fn nothing_is_said_of_what_is_not_dropped() {
    let world = World::seeded(1);
    let trace = limited(&world, Trace::LIMIT);
    let task = world.task("task");
    Simple::to(port(&task), Disposition::MAKE_SEND, 1).send(&task).unwrap();
    assert!(!trace.text().contains("dropped") && !trace.perfetto().contains("dropped"));
    drop(trace);
}
