//! Waking, giving up and being interrupted, each against each. Small enough for Miri, which runs them in many orders:
//! `cargo +nightly miri test -p runtime-kernel --lib sync`, with
//! `MIRIFLAGS="-Zmiri-many-seeds=0..32 -Zmiri-disable-isolation"`.

use std::collections::VecDeque;
use std::thread;

use super::*;

type Queue = host::Mutex<VecDeque<Arc<Waiter<u32>>>>;

/// Wakes who stands in a queue first, as every queue does: under its lock, after taking the waiter out.
fn wake_first(queue: &Queue, outcome: u32) -> bool {
    let mut queue = queue.lock();
    queue.pop_front().is_some_and(|it| {
        it.wake(outcome);
        true
    })
}

/// Stands in a queue and waits. If it gives up it takes itself out, or has been woken after all.
fn wait_in(queue: &Queue, interrupts: &Arc<Interrupts>, limit: Option<Duration>) -> Result<u32, GaveUp> {
    let waiter = Waiter::new(interrupts.clone());
    queue.lock().push_back(waiter.clone());
    waiter.wait(limit).or_else(|why| {
        let mut queue = queue.lock();
        let at = queue.iter().position(|it| Arc::ptr_eq(it, &waiter));
        match at {
            Some(at) => {
                queue.remove(at);
                Err(why)
            }
            None => Ok(waiter.outcome().expect("whoever took it out has woken it")),
        }
    })
}

#[test]
fn nobody_sleeps_through_a_wake() {
    let (queue, interrupts) = (Queue::default(), Arc::default());
    thread::scope(|scope| {
        let waiting = scope.spawn(|| wait_in(&queue, &interrupts, None));
        while !wake_first(&queue, 5) {
            thread::yield_now();
        }
        assert_eq!(waiting.join().expect("it does not panic"), Ok(5));
    });
}

#[test]
fn an_interruption_ends_a_wait_or_the_next() {
    let (queue, interrupts) = (Queue::default(), Arc::<Interrupts>::default());
    thread::scope(|scope| {
        let waiting = scope.spawn(|| wait_in(&queue, &interrupts, None));
        interrupts.interrupt();
        assert_eq!(waiting.join().expect("it does not panic"), Err(GaveUp::Interrupted));
    });
    assert!(queue.lock().is_empty());
}

/// What was given to a waiter is never lost: it has it, or whoever gave it was told that nobody waits.
#[test]
fn giving_up_and_being_woken_exclude_each_other() {
    for limit in [None, Some(Duration::from_micros(1))] {
        let (queue, interrupts) = (Queue::default(), Arc::<Interrupts>::default());
        thread::scope(|scope| {
            let waiting = scope.spawn(|| wait_in(&queue, &interrupts, limit));
            let waking = scope.spawn(|| wake_first(&queue, 7));
            interrupts.interrupt();
            let woken = waking.join().expect("it does not panic");
            let outcome = waiting.join().expect("it does not panic");
            assert_eq!(outcome.is_ok(), woken, "{outcome:?}");
        });
        assert!(queue.lock().is_empty());
    }
}

/// Two threads hand a value to and fro under locks of rising rank.
#[test]
fn a_lock_is_handed_over() {
    let (outer, inner) = (Mutex::new(Rank::Space, 0), Mutex::new(Rank::Port, 0));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..5 {
                    let mut space = outer.lock();
                    *inner.lock() += 1;
                    *space += 1;
                }
            });
        }
    });
    assert_eq!((*outer.lock(), *inner.lock()), (10, 10));
    assert!(holds_none());
}

/// Somebody outside of the schedule wakes a thread of it, just before it sleeps or just after.
#[test]
fn a_thread_with_a_turn_is_woken_from_outside() {
    let schedule = schedule::Schedule::new(1);
    let turn = schedule.add("waiting");
    let (queue, interrupts) = (Queue::default(), Arc::default());
    thread::scope(|scope| {
        let waiting = scope.spawn(|| turn.enter(|| wait_in(&queue, &interrupts, None)));
        let driver = scope.spawn(|| while schedule.run() != Vec::<String>::new() {});
        while !wake_first(&queue, 9) {
            thread::yield_now();
        }
        assert_eq!(waiting.join().expect("it does not panic"), Ok(9));
        driver.join().expect("it does not panic");
    });
}
