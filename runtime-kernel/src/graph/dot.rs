//! A graph in the language of Graphviz.

use std::fmt::Write;

use mig_rt::RightKind;

use super::{Graph, Port, Task, counted, kind};

pub(super) fn dot(graph: &Graph) -> String {
    let mut out = String::from(
        "digraph kernel {\n    rankdir=LR;\n    node [fontname=\"Helvetica\", fontsize=11];\n    edge [fontname=\"Helvetica\", fontsize=9];\n",
    );
    for (index, it) in graph.tasks.iter().enumerate() {
        task(&mut out, index, it);
    }
    for it in &graph.ports {
        port(&mut out, it);
    }
    for (index, task) in graph.tasks.iter().enumerate() {
        names(&mut out, index, task);
    }
    for it in &graph.ports {
        messages(&mut out, it);
    }
    out.push_str("}\n");
    out
}

/// A line of the body. Writing to a `String` never fails.
fn put(out: &mut String, line: std::fmt::Arguments<'_>) {
    let _ = writeln!(out, "    {line}");
}

fn task(out: &mut String, index: usize, it: &Task) {
    let names = it.names.iter().map(|it| format!("|<n{:x}> {}", it.name.0, field(&it.label())));
    let label = format!("{}{}", field(&it.name), names.collect::<String>());
    put(out, format_args!("t{index} [shape=record, style=filled, fillcolor=\"#eef2f7\", label=\"{label}\"];"));
}

fn port(out: &mut String, it: &Port) {
    let mut label = format!("{}\\n{}", text(&it.title()), it.counts());
    if it.object.is_none() {
        let _ = write!(label, "\\n{} of {} queued", it.queue.len(), it.limit);
    }
    for (place, (_, message)) in it.shown().iter().enumerate() {
        let _ = write!(label, "\\n{}. {}", place + 1, text(message));
    }
    for line in it.rest() {
        let _ = write!(label, "\\n{line}");
    }
    let fill = if it.object.is_some() { "#e6e6f5" } else { "#fbf3dc" };
    put(
        out,
        format_args!("p{} [shape=box, style=\"rounded,filled\", fillcolor=\"{fill}\", label=\"{label}\"];", it.number),
    );
}

fn names(out: &mut String, index: usize, task: &Task) {
    for it in &task.names {
        let from = format!("t{index}:n{:x}", it.name.0);
        for port in &it.ports {
            for right in &it.rights {
                match *right {
                    RightKind::RECEIVE => {
                        put(out, format_args!("p{port} -> {from} [label=\"receive\", color=\"#2e7d4f\", penwidth=2];"));
                    }
                    RightKind::PORT_SET => {
                        put(out, format_args!("{from} -> p{port} [label=\"member\", style=dotted, arrowhead=none];"));
                    }
                    RightKind::SEND_ONCE => {
                        put(out, format_args!("{from} -> p{port} [label=\"once\", color=\"#c76b15\", style=dashed];"));
                    }
                    _ => {
                        let count = counted(it.references);
                        put(out, format_args!("{from} -> p{port} [label=\"send{count}\", color=\"#2a62b0\"];"));
                    }
                }
            }
        }
    }
}

fn messages(out: &mut String, it: &Port) {
    for (place, (message, _)) in it.shown().iter().enumerate() {
        for (right, port) in &message.rights {
            let label = format!("{} in {}", kind(*right), place + 1);
            put(out, format_args!("p{} -> p{port} [label=\"{label}\", color=\"#8a3fa0\", style=dashed];", it.number));
        }
    }
}

/// Text between quotes.
fn text(it: &str) -> String {
    it.replace('\\', "\\\\").replace('"', "\\\"")
}

/// Text in a field of a record.
fn field(it: &str) -> String {
    let mut out = String::new();
    for letter in it.chars() {
        if matches!(letter, '{' | '}' | '|' | '<' | '>' | '"' | '\\') {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}
