//! Every recorded message, damaged in every recorded way and in more.

use mig_rt::loopback::Stage;
use mig_rt::{KernReturn, TrailerElements};

use crate::exchange::{all, descriptors, every_replay};
use crate::recorded::{Mutation, Values};
use crate::run::{Meddle, Message, Plan, Replay, Seen};

/// The recorded ways. What a server refused, or a client, is the same; what ours refuses besides is in a snapshot.
fn compare(request: bool) -> String {
    let (mut stricter, mut wrong) = (Vec::new(), Vec::new());
    let mut count = 0;
    for replay in all().replays {
        let known = |it: &Mutation| replay.table.routines.iter().any(|routine| Some(routine.id) == it.id());
        // An id that was nobody's when it was recorded can be that of a routine now.
        for mutation in replay.case.mutations(request).filter(|it| !known(it)) {
            count += 1;
            let (name, theirs) = (format!("{}: {}", replay.name(), mutation.name), mutation.code);
            let seen = replay.run(on_its_way(request, move |message| mutation.apply(message)));
            assert!(seen.leaks.is_empty(), "{name}: {:?}", seen.leaks);
            let ours = if request { request_code(&replay, &seen, theirs) } else { seen.code };
            match (theirs, ours) {
                _ if ours == theirs => {}
                (_, 0) => wrong.push(format!("{name}: accepted, not {theirs}")),
                (0, _) => stricter.push(format!("{name}: {ours}, C accepts it")),
                _ => stricter.push(format!("{name}: {ours}, C answers {theirs}")),
            }
        }
    }
    assert!(count > 1000, "only {count} damaged messages");
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
    stricter.join("\n")
}

/// Damages a message when its receiver is about to see it.
fn on_its_way(request: bool, damage: impl Fn(&mut Vec<u8>) + Send + 'static) -> Meddle {
    let mut asked = TrailerElements::None;
    Box::new(move |message| {
        asked = asked.max(message.operation.trailer);
        if message.request == request && message.stage == Stage::Received {
            if !request {
                cut_trailer(message, asked);
            }
            damage(&mut message.bytes);
        }
        Ok(())
    })
}

/// As the kernel does it, which cannot tell any more where a message ends once its size is damaged.
fn cut_trailer(message: &mut Message, asked: TrailerElements) {
    let at = message.size().next_multiple_of(4);
    message.bytes.truncate(at + asked.size());
    message.bytes[at + 4..at + 8].copy_from_slice(&(asked.size() as u32).to_le_bytes());
}

/// The code of the server's answer. Nobody sees that of a one-way routine: only whether it was served.
fn request_code(replay: &Replay, seen: &Seen, theirs: i32) -> i32 {
    let refused = seen.served == 0;
    if replay.case.one_way {
        return match (refused, theirs) {
            (false, _) => 0,
            (true, 0) => KernReturn::MIG_BAD_ARGUMENTS.code(),
            (true, _) => theirs,
        };
    }
    let reply = &seen.message(false, Stage::Sent).expect("a request is answered").bytes;
    let code = if reply[3] & 0x80 == 0 { i32::from_le_bytes([32, 33, 34, 35].map(|it| reply[it])) } else { 0 };
    assert_eq!(code != 0, refused, "{}: a request is served or refused", replay.name());
    code
}

#[test]
fn damaged_requests_are_refused() {
    insta::assert_snapshot!(compare(true));
}

#[test]
fn damaged_replies_are_refused() {
    insta::assert_snapshot!(compare(false));
}

/// A change that no recording has.
#[derive(Clone, Copy, Debug)]
enum Damage {
    /// The message ends here.
    Cut(usize),
    /// This bit is another.
    Flipped(usize),
}

impl Damage {
    fn apply(self, message: &mut Vec<u8>) {
        match self {
            Damage::Cut(size) => {
                let end = [4, 5, 6, 7].map(|it| message[it]);
                let end = (u32::from_le_bytes(end) as usize).next_multiple_of(4);
                message.drain(size.next_multiple_of(4)..end);
                message[4..8].copy_from_slice(&(size as u32).to_le_bytes());
            }
            Damage::Flipped(bit) => message[bit / 8] ^= 1 << (bit % 8),
        }
    }
}

/// Every message, cut off at each byte, and with each bit of its header and descriptors flipped.
#[test]
fn no_damage_leaks() {
    every_replay(|replay| {
        let mut wrong = Vec::new();
        for request in [true, false] {
            let name = if request { "request_received" } else { "reply_received" };
            let Some(message) = replay.case.message(name) else { continue };
            let end = descriptors(replay.case.abi, &message).last().map_or(24, |it| it.0 + 16);
            let cut = (24..message.len().min(300)).map(Damage::Cut);
            let flipped = (24 * 8..end.min(message.len()) * 8).map(Damage::Flipped);
            for damage in cut.chain(flipped) {
                let seen = replay.run(on_its_way(request, move |message| damage.apply(message)));
                wrong.extend(seen.leaks.iter().map(|it| format!("{name} {damage:?}: {it}")));
            }
        }
        wrong
    });
}

/// The body of every request under the id of every other routine: well formed, and wrong.
#[test]
fn requests_of_other_routines_leak_nothing() {
    every_replay(|replay| {
        let mut wrong = Vec::new();
        for served in replay.table.routines {
            let (id, answers) = (served.id, Values::new());
            let meddle = on_its_way(true, move |message| message[20..24].copy_from_slice(&id.to_le_bytes()));
            let seen = replay.run_as(Plan { answers, served, ..replay.plan() }, meddle);
            wrong.extend(seen.leaks.iter().map(|it| format!("as {id}: {it}")));
        }
        wrong
    });
}
