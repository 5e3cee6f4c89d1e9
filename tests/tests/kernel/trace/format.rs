//! The trace event format, as strictly as its readers take it: which events there are, what each has, and how they fit.

use std::collections::{BTreeMap, BTreeSet};

use runtime_kernel::Trace;
use serde_json::{Map, Value};

use super::{exchange, many_calls, traced};
use crate::world::World;

type Event = Map<String, Value>;

/// What was read of a file: how many events of each phase.
pub(super) type Counts = BTreeMap<String, usize>;

/// Reads a file as a viewer does.
///
/// # Panics
/// If it breaks a rule of the format.
pub(super) fn check(trace: &Trace) -> Counts {
    let file: Value = serde_json::from_str(&trace.perfetto()).expect("the record is JSON");
    let file = file.as_object().expect("an object");
    assert_eq!(file.keys().collect::<Vec<_>>(), ["displayTimeUnit", "traceEvents"]);
    assert_eq!(file["displayTimeUnit"], "ns");
    let events: Vec<&Event> =
        file["traceEvents"].as_array().unwrap().iter().map(|it| it.as_object().unwrap()).collect();
    let mut counts = Counts::new();
    for it in &events {
        *counts.entry(phase(it).to_owned()).or_default() += 1;
        members(it);
    }
    names(&events);
    arrows(&events);
    counts
}

fn phase(it: &Event) -> &str {
    it["ph"].as_str().expect("a phase")
}

fn number(it: &Event, key: &str) -> u64 {
    it[key].as_u64().unwrap_or_else(|| panic!("{key} of {it:?} is a whole number"))
}

/// Nanoseconds of a time in microseconds.
fn time(it: &Event, key: &str) -> u64 {
    let time = it[key].as_f64().unwrap_or_else(|| panic!("{key} of {it:?} is a number"));
    assert!(time >= 0.0 && time.is_finite(), "{it:?}");
    (time * 1000.0).round() as u64
}

/// Each event has what its phase must have, and nothing that no reader knows.
fn members(it: &Event) {
    let (must, may): (&[&str], &[&str]) = match phase(it) {
        "M" => (&["name", "pid", "args"], &["tid"]),
        "X" => (&["name", "pid", "tid", "ts", "dur"], &["args"]),
        "i" => (&["name", "pid", "tid", "ts", "s"], &["args"]),
        "s" | "f" => (&["name", "cat", "id", "bp", "pid", "tid", "ts"], &[]),
        other => panic!("no phase of ours: {other}"),
    };
    assert!(must.iter().all(|key| it.contains_key(*key)), "{it:?} lacks something");
    let known = |key: &str| key == "ph" || must.contains(&key) || may.contains(&key);
    assert!(it.keys().all(|key| known(key)), "{it:?} has something more");
    assert!(!it["name"].as_str().expect("a name").is_empty());
    ["pid", "tid", "id"].iter().filter(|key| it.contains_key(**key)).for_each(|key| assert!(number(it, key) > 0));
    assert!(["ts", "dur"].iter().all(|key| !it.contains_key(*key) || time(it, key) < u64::MAX));
    if let Some(args) = it.get("args") {
        assert!(args.as_object().unwrap().values().all(Value::is_string), "{it:?}");
    }
    if phase(it) == "i" {
        assert!(["t", "p", "g"].contains(&it["s"].as_str().unwrap()), "{it:?}");
    }
}

/// Each process and thread is named once, and before anything happens in it; no thread is in two processes.
fn names(events: &[&Event]) {
    let (mut processes, mut threads) = (BTreeSet::new(), BTreeMap::new());
    for it in events {
        let pid = number(it, "pid");
        match (phase(it), it["name"].as_str().unwrap()) {
            ("M", "process_name") => assert!(processes.insert(pid), "process {pid} has two names"),
            ("M", "thread_name") => {
                assert_eq!(threads.insert(number(it, "tid"), pid), None, "a thread with two names");
            }
            ("M", other) => panic!("{other} is nobody's name"),
            _ => assert_eq!(threads.get(&number(it, "tid")), Some(&pid), "{it:?} is in no thread that has a name"),
        }
        assert!(phase(it) != "M" || it["args"]["name"].is_string(), "{it:?}");
    }
    assert!(threads.values().all(|it| processes.contains(it)), "a thread is in no process that has a name");
    assert!(threads.keys().all(|it| !processes.contains(it)), "a thread has the number of a process");
}

/// Arrows end where they have begun, once and not earlier, each end at the beginning of a slice of its thread.
fn arrows(events: &[&Event]) {
    let slices: BTreeSet<(u64, u64)> =
        events.iter().filter(|it| phase(it) == "X").map(|it| (number(it, "tid"), time(it, "ts"))).collect();
    assert_eq!(slices.len(), events.iter().filter(|it| phase(it) == "X").count(), "two slices begin at once");
    let ends = |wanted: &str| {
        let mut found = BTreeMap::new();
        for it in events.iter().filter(|it| phase(it) == wanted) {
            assert_eq!((&it["bp"], &it["cat"], &it["name"]), (&"e".into(), &"message".into(), &"message".into()));
            assert!(slices.contains(&(number(it, "tid"), time(it, "ts"))), "{it:?} is at no slice");
            assert_eq!(found.insert(number(it, "id"), time(it, "ts")), None, "an arrow with two {wanted}");
        }
        found
    };
    let (begins, ends) = (ends("s"), ends("f"));
    for (id, at) in ends {
        assert!(begins.get(&id).is_some_and(|begin| *begin < at), "the arrow {id} has no beginning");
    }
}

#[test]
fn a_file_is_what_viewers_read() {
    let world = World::seeded(3);
    let trace = traced(&world);
    exchange(&world);
    let counts = check(&trace);
    assert_eq!((counts["s"], counts["f"]), (2, 2));
}

#[test]
fn so_is_one_of_threads_that_run_at_once() {
    let world = World::new();
    let trace = traced(&world);
    many_calls(&world, 50);
    let counts = check(&trace);
    assert_eq!(counts["s"], 4 * 50 * 4);
}

/// Names that are no JSON as they stand.
#[test]
fn names_are_quoted() {
    let world = World::seeded(1);
    let trace = traced(&world);
    let task = world.task("\"a\\b\"\n\u{1}\u{7f} \u{2028} ü");
    task.spawn("\t{}[]", |task| drop(crate::world::poll(&task, mig_rt::PortName::NULL)));
    world.kernel.run();
    check(&trace);
    assert!(trace.perfetto().contains(r#""name":"\u0009{}[]""#));
}
