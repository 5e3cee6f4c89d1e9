//! Makes every call of every subsystem in each pairing of languages, and compares what was sent and what was got.

mod c;
mod call;
mod glue;
mod kernel;
mod message;
mod server;
#[allow(dead_code, unused_imports, clippy::all)]
mod stubs;

use call::{Call, Routine, Subsystem, VARIANTS, Variant};
use kernel::Server;
use message::Message;

#[cfg(target_pointer_width = "64")]
pub type W = mig_rt::typed::GnumachX8664v2022;
#[cfg(target_pointer_width = "32")]
pub type W = mig_rt::typed::GnumachI386;
pub const ABI: mig_rt::AbiId = <W as mig_rt::exchange::Row>::ABI;

/// What an exchange shows.
#[derive(Debug)]
struct Seen {
    code: i32,
    server: Vec<String>,
    client: Vec<String>,
    messages: Vec<Message>,
    faults: Vec<String>,
}

#[derive(Default)]
struct Figures {
    routines: usize,
    exchanges: usize,
    bytes: usize,
    wrong: Vec<String>,
}

fn main() {
    let mut figures = Figures::default();
    for subsystem in glue::SUBSYSTEMS {
        for routine in subsystem.routines {
            figures.routines += 1;
            for variant in VARIANTS {
                if let Some(code) = routine.expects(variant) {
                    compare(subsystem, routine, variant, code, &mut figures);
                }
            }
            println!("routine {} {}", subsystem.name, routine.name);
        }
    }
    figures.wrong.iter().for_each(|it| println!("wrong {it}"));
    println!("figures {} {} {} {}", ABI, figures.routines, figures.exchanges, figures.bytes);
    std::process::exit(i32::from(!figures.wrong.is_empty()));
}

fn compare(subsystem: &Subsystem, routine: &'static Routine, variant: Variant, code: i32, figures: &mut Figures) {
    let (c, rust) = (Server::C(subsystem.demux), (subsystem.rust)());
    let truth = exchange(routine, variant, routine.c, c, 0xa5);
    let again = exchange(routine, variant, routine.c, c, 0x5a);
    let mut wrong = Vec::new();
    if truth.code != code || truth.server.is_empty() {
        wrong.push(format!("C to C: {} in place of {code}", truth.code));
    }
    truth.faults.iter().for_each(|it| wrong.push(format!("C to C: {it}")));
    // The pairing, and which of its messages are ours: requests, replies.
    let pairs = [
        ("Rust to C", [true, false], exchange(routine, variant, routine.rust, c, 0xa5)),
        ("C to Rust", [false, true], exchange(routine, variant, routine.c, rust, 0xa5)),
        ("Rust to Rust", [true, true], exchange(routine, variant, routine.rust, rust, 0xa5)),
    ];
    for (name, own, seen) in &pairs {
        wrong.extend(seen.differences(routine, *own, &truth, &again).iter().map(|it| format!("{name}: {it}")));
    }
    figures.exchanges += pairs.len();
    let bytes = |it: &Message| it.bytes.len() + it.regions.iter().map(Vec::len).sum::<usize>();
    figures.bytes += pairs.len() * truth.messages.iter().map(bytes).sum::<usize>();
    figures.wrong.extend(wrong.iter().map(|it| format!("{} {variant:?}: {it}", routine.name)));
}

impl Seen {
    /// What is not as in the same exchange between C and C. `own` says whether requests and replies are ours.
    fn differences(&self, routine: &Routine, own: [bool; 2], truth: &Seen, again: &Seen) -> Vec<String> {
        let mut wrong = self.faults.clone();
        wrong.extend(difference("the code", &truth.code, &self.code));
        wrong.extend(difference("the server", &truth.server, &self.server));
        wrong.extend(difference("the client", &truth.client, &self.client));
        wrong.extend(difference("the number of messages", &truth.messages.len(), &self.messages.len()));
        let messages = truth.messages.iter().zip(&again.messages).zip(&self.messages).enumerate();
        for (at, ((truth, again), ours)) in messages {
            wrong.extend(Pair { routine, at, own: own[at / 2 % 2], truth, again, ours }.difference());
        }
        wrong
    }
}

fn difference<X: PartialEq + std::fmt::Debug>(what: &str, truth: &X, ours: &X) -> Option<String> {
    (truth != ours).then(|| format!("{what} differs\n  C     {truth:?}\n  ours  {ours:?}"))
}

/// A message of C's, the same with other bytes on the stack, and the message to compare with it.
struct Pair<'a> {
    routine: &'a Routine,
    at: usize,
    /// Rust sent it.
    own: bool,
    truth: &'a Message,
    again: &'a Message,
    ours: &'a Message,
}

impl Pair<'_> {
    /// Compares the bytes that C defines: those that do not depend on what its stack held before. In our messages the
    /// others are zero.
    fn difference(&self) -> Option<String> {
        let name = ["request sent", "request received", "reply sent", "reply received"][self.at.min(3)];
        let (truth, ours) = (self.normal(self.truth, false), self.normal(self.ours, self.own));
        if truth.regions != ours.regions {
            return Some(format!("{name}: other memory"));
        }
        if truth.bytes.len() != ours.bytes.len() {
            return Some(format!("{name}: {} bytes, not {}", ours.bytes.len(), truth.bytes.len()));
        }
        let defined = |it: &usize| self.truth.bytes[*it] == self.again.bytes[*it];
        let wrong = (0..ours.bytes.len()).find(|it| match defined(it) {
            true => truth.bytes[*it] != ours.bytes[*it],
            false => self.own && ours.bytes[*it] != 0,
        })?;
        Some(format!("{name}: byte {wrong} differs\n  C     {:02x?}\n  ours  {:02x?}", truth.bytes, ours.bytes))
    }

    /// Without the differences that are meant.
    fn normal(&self, message: &Message, own: bool) -> Message {
        let message = message.clone();
        match self.at {
            0 => {
                let packed = self.routine.args.iter().any(|it| it.sent && (it.packed)());
                let message = message.with_loans_moved(packed);
                if own { message } else { message.with_true_mark() }
            }
            2 => message.with_all_moved(),
            _ => message,
        }
    }
}

fn exchange(
    routine: &'static Routine,
    variant: Variant,
    client: fn(call::Side) -> i32,
    server: Server,
    pattern: u8,
) -> Seen {
    kernel::begin(server, pattern);
    let side = Call::begin(routine, variant);
    let code = client(side);
    let [server, client] = side.call.end();
    let (messages, faults) = kernel::end();
    Seen { code, server, client, messages, faults }
}
