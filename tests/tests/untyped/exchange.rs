//! Every recorded call as it was.

use std::panic::AssertUnwindSafe;

use mig_rt::loopback::Stage;
use mig_rt::transport::{Failed, Left};
use mig_rt::{AbiId, MigError, MsgReturn};

use crate::recorded::{Case, Values, cases, files, to_hex};
use crate::replay::SUBSYSTEMS;
use crate::run::{Message, Plan, Replay, Seen, untouched};
use crate::side::{ANSWERS, Routine, Table};

/// The recorded calls.
#[derive(Default)]
pub(crate) struct Calls {
    /// Those of routines that our definitions have, with each definition.
    pub(crate) replays: Vec<Replay>,
    /// How many those are.
    found: usize,
    /// The names of the others.
    lacking: Vec<String>,
}

pub(crate) fn all() -> Calls {
    let mut calls = Calls::default();
    for (file, path) in files() {
        for case in cases(&path) {
            match find(&file, &case) {
                Ok(found) => {
                    let of = |(table, routine)| Replay { table, routine, case: case.clone() };
                    calls.replays.extend(found.into_iter().map(of));
                    calls.found += 1;
                }
                Err(why) => calls.lacking.push(format!("{file} {} {}: {why}", case.abi, case.routine)),
            }
        }
    }
    calls
}

/// The routines of a recording, one in each set: by id and name, since our files are not always those that were
/// recorded. Where systems or their releases disagree, a set has one form of them.
fn find(file: &str, case: &Case) -> Result<Vec<(&'static Table, &'static Routine)>, &'static str> {
    let (corpus, subsystem) = file.split_once('-').unwrap_or((file, file));
    let name = case.routine.trim_start_matches("_kernelrpc").trim_start_matches('_');
    let is_it = |it: &&Routine| it.id == case.id && it.name == name;
    // OSF's definitions are of its own calls; in the others there are some that XNU still has.
    let is_known = |it: &&Table| it.abi == case.abi && (corpus == "osfmk" || it.set != "osf");
    let tables = SUBSYSTEMS.iter().copied().flatten().filter(is_known);
    let found = tables.filter_map(|table| Some((table, table.routines.iter().find(is_it)?)));
    let found: Vec<(&Table, &Routine)> = found.collect();
    let is_better = |it: &Table, than: &Table| it.set == than.set && it.name == subsystem && than.name != subsystem;
    let best = found.iter().filter(|than| !found.iter().any(|it| is_better(it.0, than.0)));
    let of_form: Vec<_> = best.filter(|it| is_of_form(case, it.1)).copied().collect();
    match (found.is_empty(), of_form.is_empty()) {
        (true, _) => Err("not in our definitions"),
        (_, true) => Err("in another form"),
        _ => Ok(of_form),
    }
}

fn is_of_form(case: &Case, routine: &Routine) -> bool {
    let is_argument = |name: &str| routine.args.iter().any(|it| it.name == name);
    let known = |name: &String| {
        let companion = ["", "Cnt", "Poly", "Dealloc"].into_iter().filter_map(|it| name.strip_suffix(it));
        companion.into_iter().any(is_argument)
    };
    routine.reply_limit == case.trap[2] as usize && case.inputs.keys().all(known)
}

pub(crate) fn every_replay(mut check: impl FnMut(&Replay) -> Vec<String>) {
    let all = all().replays;
    let mut wrong = Vec::new();
    for it in &all {
        let result = std::panic::catch_unwind(AssertUnwindSafe(|| check(it)));
        let result = result.unwrap_or_else(|_| vec!["panics".to_owned()]);
        wrong.extend(result.into_iter().map(|what| format!("{}: {what}", it.name())));
    }
    assert!(all.len() > 100, "only {} calls were found", all.len());
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn messages_and_results_are_those_of_c() {
    every_replay(|replay| {
        let (case, seen) = (&replay.case, replay.run(untouched()));
        let mut wrong = Vec::new();
        if (seen.code, seen.served) != (0, 1) {
            wrong.push(format!("returned {} after {} calls", seen.code, seen.served));
        }
        wrong.extend(outputs_difference(&seen));
        wrong.extend(server_difference(case, &seen));
        wrong.extend(difference(case, &seen, "request_sent"));
        wrong.extend(difference(case, &seen, "request_received"));
        wrong.extend(difference(case, &seen, "reply_built"));
        wrong.extend(difference(case, &seen, "reply_received"));
        wrong.extend(trap_difference(replay, &seen));
        wrong.extend(seen.leaks);
        wrong
    });
}

/// What the client got against what the server gave.
fn outputs_difference(seen: &Seen) -> Vec<String> {
    let (given, got) = (&seen.gave[1], &seen.got[0]);
    let wrong = given.iter().filter(|(name, it)| !is_same(given, got, name, it));
    wrong.map(|(name, it)| format!("client: `{name}` is {}, not {}", shown(got, name), to_hex(it))).collect()
}

/// What the server got against what the client gave, or what the recording has instead.
fn server_difference(case: &Case, seen: &Seen) -> Vec<String> {
    let (given, got) = (&seen.gave[0], &seen.got[1]);
    let mut expected: Values = case.server.clone();
    for (name, it) in given.iter().filter(|(name, _)| got.contains_key(*name)) {
        expected.entry(name.clone()).or_insert_with(|| it.clone());
    }
    // Rust does not say which right an answer goes to, only that it does.
    expected.retain(|_, it| *it != ANSWERS.0.to_le_bytes());
    let wrong = expected.iter().filter(|(name, it)| !is_same(&expected, got, name, it));
    let mut wrong: Vec<String> =
        wrong.map(|(name, it)| format!("server: `{name}` is {}, not {}", shown(got, name), to_hex(it))).collect();
    let unknown = got.keys().filter(|it| !expected.contains_key(*it) && !it.ends_with("Cnt") && !it.ends_with("Poly"));
    wrong.extend(unknown.map(|it| format!("server: an unexpected `{it}`")));
    wrong
}

fn shown(values: &Values, name: &str) -> String {
    values.get(name).map_or("missing".to_owned(), |it| to_hex(it))
}

/// C's array may have more elements than count, and its server is told that memory, which it is to make, is empty.
fn is_same(expected: &Values, got: &Values, name: &str, value: &[u8]) -> bool {
    match got.get(name) {
        Some(it) if expected.contains_key(&format!("{name}Cnt")) => value.starts_with(it),
        Some(it) => it == value,
        None => name.ends_with("Cnt") && value == [0; 4],
    }
}

/// A message against the recorded one.
pub(crate) fn difference(case: &Case, seen: &Seen, name: &str) -> Option<String> {
    let stage = if name.ends_with("received") { Stage::Received } else { Stage::Sent };
    let ours = seen.message(name.starts_with("request"), stage);
    let (recorded, ours) = match (case.message(name), ours) {
        // If a request without an answer has a reply right, that is answered all the same; it is not recorded.
        (None, _) => return None,
        (Some(_), None) => return Some(format!("no {name}")),
        (Some(it), Some(ours)) => (it, ours),
    };
    message_difference(case.abi, seen, recorded, ours).map(|it| format!("{name} differs {it}"))
}

/// The size that a sender writes is no one's business, and neither is where memory lies.
pub(crate) fn message_difference(abi: AbiId, seen: &Seen, recorded: Vec<u8>, ours: &Message) -> Option<String> {
    let mut recorded = normal(abi, ours, &replaced(seen, recorded, &ours.bytes));
    let ours = normal(abi, ours, &ours.bytes[..ours.size()]);
    if recorded.len() != ours.len() {
        return Some(format!("{} bytes, not {}", ours.len(), recorded.len()));
    }
    // What Rust has in another form than messages is lent as a copy, which travels as a region of its own.
    for (at, _) in descriptors(abi, &ours).into_iter().filter(|it| it.1 == 1) {
        recorded[at + 8] |= ours[at + 8];
    }
    let at = (0..ours.len()).find(|it| ours[*it] != recorded[*it])?;
    let near = |it: &[u8]| to_hex(&it[at..(at + 8).min(it.len())]);
    Some(format!("at {at}: {} instead of {}", near(&ours), near(&recorded)))
}

/// A message with the values that Rust has in place of C's, where ours has them.
fn replaced(seen: &Seen, mut message: Vec<u8>, ours: &[u8]) -> Vec<u8> {
    for [old, new] in &seen.replaced {
        let is_here =
            |at: &usize| message[*at..].starts_with(old) && ours.get(*at..).is_some_and(|it| it.starts_with(new));
        let places: Vec<usize> = (24..message.len()).step_by(4).filter(is_here).collect();
        places.into_iter().for_each(|it| message[it..it + new.len()].copy_from_slice(new));
    }
    message
}

/// A message without what ours does otherwise on purpose: a server's reply *moves* what it carries, and an array of
/// rights that a client lends travels as a region of its own. Without what kernels do as they like, too: which copy
/// they say that memory is, and what a null right is.
fn normal(abi: AbiId, of: &Message, message: &[u8]) -> Vec<u8> {
    let mut message = message.to_vec();
    let (sent, replied) = (of.stage == Stage::Sent, of.stage == Stage::Sent && !of.request);
    if sent {
        message[4..8].fill(0);
    }
    for (at, kind) in descriptors(abi, &message) {
        let (deallocate, copy, disposition) = (at + 8, at + 9, at + 10);
        let null = kind == 0 && message[at..at + 4] == [0; 4];
        if kind != 0 {
            message[at..at + if abi == AbiId::DarwinLp64 { 8 } else { 4 }].fill(0);
            message[deallocate] |= u8::from(replied || kind == 2);
            message[copy] |= u8::from(!sent);
        }
        if kind != 1 && (replied || !sent && null) {
            let received = mig_rt::Disposition(message[disposition]).received().0;
            message[disposition] = if null { 0 } else { received };
        }
    }
    message
}

/// Where descriptors stand, and of which kind they are; written down apart from the crate under test.
pub(crate) fn descriptors(abi: AbiId, message: &[u8]) -> Vec<(usize, u8)> {
    let mut found = Vec::new();
    if message[3] & 0x80 == 0 {
        return found;
    }
    let mut at = 28;
    for _ in 0..message[24] {
        let kind = message[at + 11];
        found.push((at, kind));
        at += if kind == 0 || abi == AbiId::DarwinIlp32 { 12 } else { 16 };
    }
    found
}

/// The options of the trap, as bits of C's `mach_msg`, its time limit, and the room for an answer.
fn trap_difference(replay: &Replay, seen: &Seen) -> Option<String> {
    let operation = seen.message(true, Stage::Sent)?.operation;
    let bit = |it: bool, bit: u32| if it { bit } else { 0 };
    let bits = bit(operation.send, 1)
        | bit(operation.receive.is_some(), 2)
        | bit(operation.send_timeout.is_some(), 0x10)
        | bit(operation.receive_timeout.is_some(), 0x100)
        | operation.trailer.number() << 24
        | operation.options.0;
    let limit = operation.receive_timeout.or(operation.send_timeout).map_or(0, |it| it.0);
    let ours = [bits, limit, replay.routine.reply_limit as u32];
    let theirs = replay.case.trap;
    (ours != theirs).then(|| format!("mach_msg with {ours:x?}, not {theirs:x?}"))
}

/// `MIG_NO_REPLY` is not answered: the client learns that its reply right is gone.
#[test]
fn errors_of_servers_arrive() {
    every_replay(|replay| {
        let mut wrong = Vec::new();
        let silent = mig_rt::KernReturn::MIG_NO_REPLY.code();
        for (code, expected) in [(5, 5), (silent, MigError::SERVER_DIED.code())] {
            let seen = replay.run_as(Plan { code, ..replay.plan() }, untouched());
            let expected = if replay.case.one_way { 0 } else { expected };
            if (seen.code, seen.served) != (expected, 1) {
                wrong.push(format!("{code} became {}, not {expected}", seen.code));
            }
            let reply = seen.message(false, Stage::Sent).map(|it| it.bytes.clone());
            let request = replay.case.message("request_received").expect("there is one");
            let answer = (code == 5 && request[0] != 0).then(|| error_reply(&request, &replay.case, code));
            if reply != answer {
                wrong.push(format!("the reply with {code} is {reply:02x?}, not {answer:02x?}"));
            }
            wrong.extend(seen.leaks.iter().map(|it| format!("after {code}: {it}")));
        }
        wrong
    });
}

/// The reply that every C stub builds from its request.
fn error_reply(request: &[u8], case: &Case, code: i32) -> Vec<u8> {
    let mut reply = vec![0; 36];
    reply[0] = request[0];
    reply[4] = 36;
    reply[8..12].copy_from_slice(&request[8..12]);
    reply[20..24].copy_from_slice(&(case.id + 100).to_le_bytes());
    reply[28] = 1;
    reply[32..].copy_from_slice(&code.to_le_bytes());
    reply
}

/// C's stubs return what `mach_msg` returns.
#[test]
fn errors_of_the_transport_arrive() {
    every_replay(|replay| {
        let mut wrong = Vec::new();
        for code in [0x1000_0002, 0x1000_0003, 0x1000_0004, 0x1000_000a, 0x1000_4003, 0x1000_4009] {
            let code = MsgReturn::new(code).expect("an error");
            let sent = code.was_sent();
            let seen = replay.run(Box::new(move |message| match (message.request, message.stage) {
                (true, Stage::Sent) if !sent => Err(Failed { code, left: Left::Untouched }),
                (true, Stage::Received) if sent => Err(Failed { code, left: Left::Sent }),
                _ => Ok(()),
            }));
            if seen.code != code.code() {
                wrong.push(format!("{code} became {}", seen.code));
            }
            wrong.extend(seen.leaks.iter().map(|it| format!("after {code}: {it}")));
        }
        wrong
    });
}

/// Every array with other counts: none, few and too many elements.
#[test]
fn other_counts_are_those_of_c() {
    every_replay(|replay| {
        let mut wrong = Vec::new();
        for (count, expected) in &replay.case.counts {
            let seen = replay.run_as(Plan { inputs: with_counts(&replay.case, *count), ..replay.plan() }, untouched());
            let request = seen.message(true, Stage::Sent);
            let difference = match (expected, request) {
                (Err(code), None) => (seen.code != *code).then(|| format!("returned {}, not {code}", seen.code)),
                (Err(code), Some(_)) => Some(format!("was sent, not refused with {code}")),
                (Ok(_), None) => Some(format!("was refused with {}", seen.code)),
                (Ok(it), Some(ours)) => message_difference(replay.case.abi, &seen, it.clone(), ours),
            };
            wrong.extend(difference.into_iter().chain(seen.leaks).map(|it| format!("{count} elements: {it}")));
        }
        wrong
    });
}

/// The inputs with so many elements in each array: those that are recorded, and zeros.
fn with_counts(case: &Case, count: u32) -> Values {
    let mut inputs = case.inputs.clone();
    let counted: Vec<(String, usize)> = case
        .inputs
        .iter()
        .filter_map(|(name, it)| {
            let count = u32::from_le_bytes(case.inputs.get(&format!("{name}Cnt"))?.as_slice().try_into().ok()?);
            Some((name.clone(), it.len().checked_div(count as usize)?))
        })
        .collect();
    for (name, element) in counted {
        inputs.entry(format!("{name}Cnt")).and_modify(|it| *it = count.to_le_bytes().into());
        inputs.entry(name).and_modify(|it| it.resize(element * count as usize, 0));
    }
    inputs
}

/// A code may stand in place of a request.
#[test]
fn codes_stand_in_place_of_requests() {
    every_replay(|replay| {
        let Some(recorded) = &replay.case.code_7 else { return Vec::new() };
        let mut inputs = replay.case.inputs.clone();
        inputs.insert("kr".to_owned(), 7u32.to_le_bytes().into());
        let seen = replay.run_as(Plan { inputs, ..replay.plan() }, untouched());
        let sent = seen.message(true, Stage::Sent).expect("a request");
        let mut wrong: Vec<String> =
            message_difference(replay.case.abi, &seen, recorded.clone(), sent).into_iter().collect();
        if shown(&seen.got[1], "kr") != "07000000" {
            wrong.push(format!("the server got {:?}", seen.got[1]));
        }
        wrong.extend(seen.leaks);
        wrong
    });
}

/// What is recorded of routines that our definitions do not have, as a list.
#[test]
fn what_is_not_replayed() {
    let Calls { replays, found, lacking } = all();
    let twice = replays.len() - found;
    insta::assert_snapshot!(format!(
        "{found} replayed, {twice} of them by two definitions, {} not\n{}",
        lacking.len(),
        lacking.join("\n")
    ));
}
