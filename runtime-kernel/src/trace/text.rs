//! A record as text: a line for each message.

use std::fmt::Write;
use std::time::Duration;

use super::log::{End, Log, Sent};

/// How wide the columns are: sender, destination, name, and what became of it.
pub(super) type Widths = [usize; 4];

/// Where lines are written before the others are known.
pub(super) const LIVE: Widths = [16, 20, 34, 28];

pub(super) fn text(log: &Log) -> String {
    let mut widths = [4, 2, 7, 4];
    for (number, sent) in &log.messages {
        let columns = columns(*number, sent);
        widths.iter_mut().zip(&columns[2..]).for_each(|(width, it)| *width = it.chars().count().max(*width));
    }
    let head = ["time", "no", "from", "to", "message", "then", "carrying"].map(str::to_owned);
    let mut out = row(&head, widths);
    if log.dropped.messages > 0 {
        // Writing to a `String` never fails.
        let _ = write!(out, "\n{}", dropped("message", log.dropped.messages));
    }
    for (number, sent) in &log.messages {
        out.push('\n');
        out.push_str(&line(*number, sent, widths));
    }
    out.push('\n');
    out
}

/// What a reader is told of what is no longer kept.
pub(super) fn dropped(what: &str, count: usize) -> String {
    format!("{count} earlier {what}{} dropped", if count == 1 { " was" } else { "s were" })
}

/// The line of a message, without its end.
pub(super) fn line(number: usize, sent: &Sent, widths: Widths) -> String {
    row(&columns(number, sent), widths)
}

fn columns(number: usize, sent: &Sent) -> [String; 7] {
    [
        time(sent.at),
        (number + 1).to_string(),
        sent.from.clone(),
        sent.to.clone(),
        sent.name.clone(),
        outcome(sent),
        sent.carries.join(", "),
    ]
}

fn row(it: &[String; 7], widths: Widths) -> String {
    let [a, b, c, d] = widths;
    let mut out = String::new();
    // Writing to a `String` never fails.
    let _ =
        write!(out, "{:>12} {:>5}  {:a$}  {:b$}  {:c$}  {:d$}  {}", it[0], it[1], it[2], it[3], it[4], it[5], it[6]);
    out.truncate(out.trim_end().len());
    out
}

fn time(it: Duration) -> String {
    format!("{}.{:06}", it.as_secs(), it.subsec_micros())
}

/// What became of a message, and when, if that was later.
pub(super) fn outcome(sent: &Sent) -> String {
    let Some((at, end)) = &sent.end else { return "waits".to_owned() };
    let what = match end {
        End::Served => "served".to_owned(),
        End::Received { by, sequence } => format!("received by {by}, seqno {sequence}"),
        End::TakenBack(code) => format!("taken back: {code}"),
        End::Refused(code) => format!("refused: {code}"),
        End::Destroyed => "destroyed".to_owned(),
    };
    if time(*at) == time(sent.at) { what } else { format!("{what} at {}", time(*at)) }
}
