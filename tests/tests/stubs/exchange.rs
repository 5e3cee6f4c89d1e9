//! Every recorded call, as it was and damaged in every recorded way.

use std::sync::{Arc, Mutex};

use mig_rt::loopback::Stage;
use mig_rt::transport::{Failed, Left};
use mig_rt::{AbiId, KernReturn, MsgReturn, Operation};
use serde_json::Value;

use crate::client::World;
use crate::mutation::mutate;
use crate::recorded::{Case, Masked, array, cases, number};

const ABIS: [AbiId; 3] = [AbiId::GnumachI386, AbiId::GnumachX8664v2022, AbiId::GnumachX8664];

/// What was seen of one call.
struct Seen {
    code: i32,
    outputs: Value,
    served: Vec<Value>,
    messages: Vec<Message>,
    leaks: Vec<String>,
}

struct Message {
    request: bool,
    stage: Stage,
    operation: Operation,
    bytes: Vec<u8>,
}

impl Seen {
    fn message(&self, name: &str) -> Option<&Message> {
        let stage = if name.ends_with("_sent") { Stage::Sent } else { Stage::Received };
        self.messages.iter().find(|it| it.request == name.starts_with("request") && it.stage == stage)
    }
}

/// What a tap does to a message.
type Meddle = Box<dyn FnMut(&mut Message) -> Result<(), Failed> + Send>;

fn untouched() -> Meddle {
    Box::new(|_| Ok(()))
}

/// Makes a case's call.
fn run(case: &Case, fails: Option<KernReturn>, mut meddle: Meddle) -> Seen {
    let mut world = World::of(case);
    world.via.with_service(|it| it.fails = fails);
    let messages: Arc<Mutex<Vec<Message>>> = Arc::default();
    let log = messages.clone();
    world.via.tap(move |tapped| {
        let (request, stage, operation) = (tapped.request, tapped.stage, tapped.operation);
        let mut message = Message { request, stage, operation, bytes: tapped.bytes.clone() };
        let result = meddle(&mut message);
        tapped.bytes.clone_from(&message.bytes);
        log.lock().expect("no test panics with it").push(message);
        result
    });
    let (code, outputs) = world.call(case);
    let served = world.via.with_service(|it| std::mem::take(&mut it.calls));
    let leaks = world.leaks();
    let messages = std::mem::take(&mut *messages.lock().expect("as above"));
    Seen { code, outputs, served, messages, leaks }
}

/// The recorded calls. C's stubs of `r_odd` misplace a field in one ABI, and only talk to each other.
fn all() -> impl Iterator<Item = Case> {
    let cases = ABIS.iter().flat_map(|it| cases(*it));
    cases.filter(|it| it.abi != AbiId::GnumachX8664 || it.routine() != "r_odd")
}

fn every_case(mut check: impl FnMut(&Case) -> Vec<String>) {
    let mut wrong = Vec::new();
    let mut count = 0;
    for case in all() {
        wrong.extend(check(&case).into_iter().map(|it| format!("{}: {it}", case.name())));
        count += 1;
    }
    assert!(count > 200, "only {count} cases were found");
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}

/// `size` is the only number of a reply that our stubs let the loop choose; all else must agree.
#[test]
fn messages_and_results_are_those_of_c() {
    every_case(|case| {
        let seen = run(case, None, untouched());
        let mut wrong = Vec::new();
        let expected = number(&case.data["return"]) as i32;
        if seen.code != expected {
            wrong.push(format!("returned {}, not {expected}", seen.code));
        }
        if expected == 0 {
            wrong.extend(differences(&seen.outputs, &case.data["outputs"]));
        }
        for (ours, theirs) in seen.served.iter().zip(case.list("served")) {
            wrong.extend(differences(ours, theirs));
        }
        if seen.served.len() != case.list("served").len() {
            wrong.push(format!("served {} calls", seen.served.len()));
        }
        for name in ["request_sent", "request_received", "reply_sent", "reply_received"] {
            // The recording harness answers one-way routines, too.
            if name.starts_with("request") || !case.routine().starts_with("s_") {
                wrong.extend(message_difference(case, &seen, name));
            }
        }
        wrong.extend(operation_difference(case, &seen));
        wrong.extend(seen.leaks);
        wrong
    });
}

/// Our values against the recorded ones of the same names.
fn differences(ours: &Value, theirs: &Value) -> Vec<String> {
    let ours = ours.as_object().expect("an object");
    let differ = ours.iter().filter(|(name, it)| theirs[name.as_str()] != **it);
    differ.map(|(name, it)| format!("`{name}` is {it}, not {}", theirs[name.as_str()])).collect()
}

fn message_difference(case: &Case, seen: &Seen, name: &str) -> Option<String> {
    let recorded = case.message(name);
    let ours = seen.message(name);
    let (recorded, ours) = match (recorded, ours) {
        (None, None) => return None,
        (Some(_), None) => return Some(format!("no {name}")),
        // C's stubs see the request before the transport fails; ours see no reply of a one-way routine.
        (None, Some(_)) => return Some(format!("an unexpected {name}")),
        (Some(it), Some(ours)) => (it, ours),
    };
    let difference = moved(case, name, recorded).difference(&ours.bytes)?;
    Some(format!("{name} differs {difference}"))
}

/// Messages own what they carry where C's type word says that the sender keeps it: what a server has given away, and
/// the copy of a client's array of rights that does not fit in line. The kernel tells the receiver the same of both.
fn moved(case: &Case, name: &str, recorded: Masked) -> Masked {
    let header = if case.abi == AbiId::GnumachI386 { 24 } else { 32 };
    let item = if case.abi == AbiId::GnumachX8664 { header + 16 } else { header + 8 };
    match (name, case.routine()) {
        ("reply_sent", "r_ool_out" | "r_ool_out_maybe" | "r_ind_out") => recorded.ignoring(item + 3..item + 4),
        ("request_sent", "r_portarr_ind_in") if case.input("dCnt") > 256 => recorded.ignoring(header + 3..header + 4),
        ("reply_sent", "r_portarr_ool_out") => recorded.ignoring(item..item + 5),
        ("reply_sent", "r_poly_out") => recorded.ignoring(item..item + 5),
        _ => recorded,
    }
}

/// The options of the trap, as bits of C's `mach_msg`.
fn operation_difference(case: &Case, seen: &Seen) -> Option<String> {
    let recorded = &case.data["mach_msg"];
    let operation = seen.message("request_sent")?.operation;
    let bit = |it: bool, bit: u32| if it { bit } else { 0 };
    let bits = bit(operation.send, 1)
        | bit(operation.receive.is_some(), 2)
        | bit(operation.send_timeout.is_some(), 0x10)
        | bit(operation.receive_timeout.is_some(), 0x100)
        | operation.options.0;
    let limit = operation.receive_timeout.map_or(0, |it| it.0);
    let ours = (i64::from(bits), i64::from(limit));
    let theirs = (number(&recorded["option"]), number(&recorded["timeout"]));
    (ours != theirs).then(|| format!("mach_msg with {ours:x?}, not {theirs:x?}"))
}

/// `MIG_NO_REPLY` and `MIG_DESTROY_REQUEST` are not answered: the client learns that its reply right is gone.
#[test]
fn errors_of_servers_arrive() {
    every_case(|case| {
        let mut wrong = Vec::new();
        for error in case.list("server_errors") {
            let code = KernReturn::new(number(&error["server_returns"]) as i32).expect("an error");
            let seen = run(case, Some(code), untouched());
            let silent = matches!(code, KernReturn::MIG_NO_REPLY | KernReturn::MIG_DESTROY_REQUEST);
            let mut expected = number(&error["return"]) as i32;
            if silent && expected == code.code() {
                expected = mig_rt::MigError::SERVER_DIED.code();
            }
            if seen.code != expected {
                wrong.push(format!("{code} became {}, not {expected}", seen.code));
            }
            let answered = !silent && !case.routine().starts_with("s_");
            if let (Some(recorded), true) = (Masked::of(&error["reply_sent"]), answered) {
                let ours = seen.message("reply_sent").map_or(&[][..], |it| &it.bytes);
                wrong.extend(recorded.difference(ours).map(|it| format!("reply with {code} differs {it}")));
            }
            wrong.extend(seen.leaks.iter().map(|it| format!("after {code}: {it}")));
        }
        wrong
    });
}

#[test]
fn errors_of_the_transport_arrive() {
    every_case(|case| {
        let mut wrong = Vec::new();
        for error in case.list("transport_errors") {
            let code = MsgReturn::new(number(&error["mach_msg_returns"]) as i32).expect("an error");
            let sent = code.was_sent();
            let seen = run(
                case,
                None,
                Box::new(move |message| match (message.request, message.stage) {
                    (true, Stage::Sent) if !sent => Err(Failed { code, left: Left::Untouched }),
                    (true, Stage::Received) if sent => Err(Failed { code, left: Left::Sent }),
                    _ => Ok(()),
                }),
            );
            if i64::from(seen.code) != number(&error["return"]) {
                wrong.push(format!("{code} became {}", seen.code));
            }
            wrong.extend(seen.leaks.iter().map(|it| format!("after {code}: {it}")));
        }
        wrong
    });
}

/// What a damaged message came to.
struct Verdict {
    name: String,
    mutation: String,
    theirs: i32,
    ours: i32,
}

/// Damages every message in every recorded way, on its way to the stub under test.
fn verdicts(request: bool) -> Vec<Verdict> {
    let (list, code) = if request { ("corrupt_requests", "RetCode") } else { ("corrupt_replies", "return") };
    let mut verdicts = Vec::new();
    for case in all() {
        for recorded in array(&case.data, list) {
            // What C does with bytes that it never wrote is not recorded.
            let (Some(theirs), Some(mutation)) = (recorded.get(code), recorded["mutation"].as_str()) else { continue };
            // No kernel delivers less than a header.
            let header = if case.abi == AbiId::GnumachI386 { 24 } else { 32 };
            if request
                && mutation == "size-minus-align"
                && case.message("request_received").is_some_and(|it| it.len() == header)
            {
                continue;
            }
            let (abi, what) = (case.abi, mutation.to_owned());
            let seen = run(
                &case,
                None,
                Box::new(move |message| {
                    if message.request == request && message.stage == Stage::Received {
                        mutate(abi, &mut message.bytes, &what);
                    }
                    Ok(())
                }),
            );
            let theirs = number(theirs) as i32;
            let ours = if request { request_code(&case, &seen, theirs) } else { seen.code };
            assert!(seen.leaks.is_empty(), "{} {mutation}: {:?}", case.name(), seen.leaks);
            let (name, mutation) = (case.name(), mutation.to_owned());
            verdicts.push(Verdict { name, mutation, theirs, ours });
        }
    }
    assert!(verdicts.len() > 1000, "only {} damaged messages", verdicts.len());
    verdicts
}

/// The code of the server's answer. Nobody sees that of a one-way routine: only whether it was served.
fn request_code(case: &Case, seen: &Seen, theirs: i32) -> i32 {
    let refused = seen.served.is_empty();
    if case.routine().starts_with("s_") {
        return match (refused, theirs) {
            (false, _) => 0,
            (true, 0) => KernReturn::MIG_BAD_ARGUMENTS.code(),
            (true, _) => theirs,
        };
    }
    let at = match case.abi {
        AbiId::GnumachI386 => 28,
        AbiId::GnumachX8664 => 40,
        _ => 36,
    };
    let reply = seen.message("reply_sent").map(|it| &it.bytes[at..at + 4]);
    let code = reply.map_or(0, |it| i32::from_le_bytes([it[0], it[1], it[2], it[3]]));
    assert_eq!(code != 0, refused, "{}: a request is served or refused", case.name());
    code
}

/// Same code, or refused where C accepts or refuses otherwise; these are in the snapshot.
fn compare(request: bool) -> String {
    let mut stricter = Vec::new();
    let mut wrong = Vec::new();
    for Verdict { name, mutation, theirs, ours } in verdicts(request) {
        match (theirs, ours) {
            _ if ours == theirs => {}
            (_, 0) => wrong.push(format!("{name}: {mutation}: accepted, not {theirs}")),
            (0, _) => stricter.push(format!("{name}: {mutation}: {ours}, C accepts it")),
            _ => stricter.push(format!("{name}: {mutation}: {ours}, C answers {theirs}")),
        }
    }
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
    stricter.join("\n")
}

/// Every message of every case, cut off at each byte and at each word, and with each bit of its first item flipped.
#[test]
fn no_damage_leaks() {
    for case in all().filter(|it| it.variant() != "n256" && it.routine() != "r_big") {
        for request in [true, false] {
            let name = if request { "request_received" } else { "reply_received" };
            let Some(message) = case.message(name) else { continue };
            let header = if case.abi == AbiId::GnumachI386 { 24 } else { 32 };
            let cut = (header..message.len().min(300)).map(Damage::Cut);
            let flipped = (header * 8..message.len().min(header + 40) * 8).map(Damage::Flipped);
            for damage in cut.chain(flipped) {
                let seen = run(
                    &case,
                    None,
                    Box::new(move |message| {
                        if message.request == request && message.stage == Stage::Received {
                            damage.apply(&mut message.bytes);
                        }
                        Ok(())
                    }),
                );
                assert!(seen.leaks.is_empty(), "{} {name} {damage:?}: {:?}", case.name(), seen.leaks);
            }
        }
    }
}

/// A change that no recording has.
#[derive(Clone, Copy, Debug)]
enum Damage {
    Cut(usize),
    Flipped(usize),
}

impl Damage {
    fn apply(self, message: &mut Vec<u8>) {
        match self {
            Damage::Cut(size) => {
                message.truncate(size);
                message[4..8].copy_from_slice(&(size as u32).to_le_bytes());
            }
            Damage::Flipped(bit) => message[bit / 8] ^= 1 << (bit % 8),
        }
    }
}

/// The body of every request under the id of every other routine: well formed, and wrong.
#[test]
fn requests_of_other_routines_leak_nothing() {
    for case in all().filter(|it| it.variant() != "n256" && it.routine() != "r_big") {
        for id in 7000u32..7049 {
            let at = if case.abi == AbiId::GnumachI386 { 20 } else { 28 };
            let seen = run(
                &case,
                None,
                Box::new(move |message| {
                    if message.request && message.stage == Stage::Received {
                        message.bytes[at..at + 4].copy_from_slice(&id.to_le_bytes());
                    }
                    Ok(())
                }),
            );
            assert!(seen.leaks.is_empty(), "{} as {id}: {:?}", case.name(), seen.leaks);
        }
    }
}

#[test]
fn damaged_requests_are_refused() {
    insta::assert_snapshot!(compare(true));
}

#[test]
fn damaged_replies_are_refused() {
    insta::assert_snapshot!(compare(false));
}
