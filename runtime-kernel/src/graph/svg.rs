//! A graph as a picture. It needs no fonts and no scripts, and brings its own background.

use std::fmt::{Arguments, Write};

use super::layout::{Arrow, Frame, HEAD, Kind, Layout, MARGIN, ROW, layout, message_row, row};
use super::{Graph, Port, Task};

const STYLE: &str = "\
text { fill: #22262b; font: 12px ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace; }
.sans { font-family: system-ui, 'DejaVu Sans', Helvetica, Arial, sans-serif; }
.title { font-size: 17px; font-weight: 600; }
.name { font-size: 14px; font-weight: 600; }
.quiet { fill: #5b636d; font-size: 11px; }
.count { font-size: 11px; font-weight: 600; fill: #2a62b0; paint-order: stroke; stroke: #fcfbf8; stroke-width: 4; }
.box { stroke: #3d444d; stroke-width: 1; }
.rule { stroke: #c5cbd3; stroke-width: 1; }
path { fill: none; stroke-width: 1.6; }
";

/// How each kind of arrow looks: its colour, its strokes, and what the legend calls it.
const KINDS: [(Kind, &str, &str, &str); 5] = [
    (Kind::Send, "#2a62b0", "", "send right"),
    (Kind::SendOnce, "#c76b15", " stroke-dasharray=\"7 3\"", "send-once right"),
    (Kind::Receive, "#2e7d4f", " stroke-width=\"2.6\" style=\"stroke-width:2.6\"", "receive right"),
    (Kind::Member, "#7b838d", " stroke-dasharray=\"2 4\"", "member of a set"),
    (Kind::Carried, "#8a3fa0", " stroke-dasharray=\"5 3 1 3\"", "right in a message"),
];

/// Squares of a queue that are drawn at most.
const SQUARES: u32 = 8;

pub(super) fn svg(graph: &Graph) -> String {
    let layout = layout(graph);
    let Layout { width, height, .. } = layout;
    let mut body = String::new();
    title(&mut body, graph);
    layout.arrows.iter().for_each(|it| arrow(&mut body, it));
    graph.tasks.iter().zip(&layout.tasks).for_each(|(it, frame)| task(&mut body, it, frame));
    graph.ports.iter().zip(&layout.ports).for_each(|(it, frame)| port(&mut body, it, frame));
    layout.arrows.iter().for_each(|it| count(&mut body, it));
    legend(&mut body, height - 22);
    let markers: String = KINDS.iter().map(|it| marker(it.0, it.1)).collect();
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\">\n<title>Tasks, ports and rights</title>\n\
         <style>\n{STYLE}</style>\n<defs>{markers}</defs>\n\
         <rect width=\"{width}\" height=\"{height}\" rx=\"8\" fill=\"#fcfbf8\"/>\n{body}</svg>\n"
    )
}

/// Writing to a `String` never fails.
fn put(out: &mut String, what: Arguments<'_>) {
    let _ = writeln!(out, "{what}");
}

fn label(out: &mut String, class: &str, (x, y): (i32, i32), text: &str) {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let text: String = text.chars().filter(|it| !it.is_control()).collect();
    put(out, format_args!("<text class=\"{class}\" x=\"{x}\" y=\"{y}\">{text}</text>"));
}

fn title(out: &mut String, graph: &Graph) {
    let some = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let queued = graph.ports.iter().map(|it| it.queue.len()).sum();
    let text = [some(graph.tasks.len(), "task"), some(graph.ports.len(), "port"), some(queued, "queued message")];
    label(out, "sans title", (MARGIN, 36), &text.join(", "));
}

fn marker(kind: Kind, colour: &str) -> String {
    if kind == Kind::Member {
        return String::new();
    }
    format!(
        "<marker id=\"{kind:?}\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" markerWidth=\"9\" markerHeight=\"9\" \
         markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path d=\"M 0 1 L 10 5 L 0 9 z\" style=\"fill:{colour};stroke:none\"/></marker>"
    )
}

/// Messages go along it: to the port from who can send, to the name of who receives.
fn arrow(out: &mut String, it: &Arrow) {
    let look = KINDS.iter().find(|known| known.0 == it.kind).unwrap_or(&KINDS[0]);
    let (mut from, mut to, mut bend) = (it.from, it.to, it.bend);
    if it.kind == Kind::Receive {
        (from, to, bend) = (to, from, (bend.1, bend.0));
    }
    let ((x1, y1), (x2, y2)) = (from, to);
    let path = format!("M {x1} {y1} C {} {y1} {} {y2} {x2} {y2}", x1 + bend.0, x2 + bend.1);
    stroke(out, look, &path);
}

fn stroke(out: &mut String, (kind, colour, strokes, _): &(Kind, &str, &str, &str), path: &str) {
    let end = if *kind == Kind::Member { String::new() } else { format!(" marker-end=\"url(#{kind:?})\"") };
    put(out, format_args!("<path d=\"{path}\" stroke=\"{colour}\"{strokes}{end}/>"));
}

/// How many references a name has, where its arrow begins.
fn count(out: &mut String, it: &Arrow) {
    if !it.count.is_empty() {
        let x = if it.bend.0 > 0 { it.from.0 + 8 } else { it.from.0 - 28 };
        label(out, "sans count", (x, it.from.1 + 4), it.count.trim());
    }
}

fn rect(out: &mut String, frame: &Frame, radius: i32, fill: &str) {
    let Frame { x, y, width, height } = frame;
    put(
        out,
        format_args!(
            "<rect class=\"box\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"{radius}\" fill=\"{fill}\"/>"
        ),
    );
}

fn task(out: &mut String, it: &Task, frame: &Frame) {
    rect(out, frame, 4, "#eef2f7");
    label(out, "sans name", (frame.x + 12, frame.y + 20), &it.name);
    let (left, right, y) = (frame.x, frame.x + frame.width, frame.y + HEAD - 3);
    put(out, format_args!("<line class=\"rule\" x1=\"{left}\" y1=\"{y}\" x2=\"{right}\" y2=\"{y}\"/>"));
    for (index, name) in it.names.iter().enumerate() {
        label(out, "", (frame.x + 12, row(frame, index) + 4), &name.label());
    }
    if it.names.is_empty() {
        label(out, "sans quiet", (frame.x + 12, frame.y + HEAD + ROW - 6), "no names");
    }
}

fn port(out: &mut String, it: &Port, frame: &Frame) {
    let fill = if it.object.is_some() { "#e6e6f5" } else { "#fbf3dc" };
    rect(out, frame, 12, fill);
    let x = frame.x + 14;
    label(out, "sans name", (x, frame.y + 19), &it.title());
    label(out, "sans quiet", (x, frame.y + 35), &it.counts());
    if it.object.is_some() {
        return;
    }
    queue(out, it, (x, frame.y + 42));
    for (index, (_, message)) in it.shown().iter().enumerate() {
        let class = if index < it.queue.len() { "" } else { "quiet" };
        label(out, class, (x, message_row(frame, index) + 4), message);
    }
    for (index, line) in it.rest().iter().enumerate() {
        label(out, "sans quiet", (x, message_row(frame, it.shown().len() + index) + 4), line);
    }
}

/// A square for each place in the queue, filled where a message is.
fn queue(out: &mut String, it: &Port, (x, y): (i32, i32)) {
    let (queued, limit) = (it.queue.len(), it.limit);
    let squares = limit.min(SQUARES) as i32;
    for index in 0..squares {
        let fill = if (index as usize) < queued { "#b8860b" } else { "#ffffff" };
        let x = x + 11 * index;
        put(out, format_args!("<rect class=\"box\" x=\"{x}\" y=\"{y}\" width=\"9\" height=\"9\" fill=\"{fill}\"/>"));
    }
    label(out, "sans quiet", (x + 11 * squares + 5, y + 9), &format!("{queued} of {limit}"));
}

fn legend(out: &mut String, y: i32) {
    let mut x = MARGIN;
    for look in &KINDS {
        stroke(out, look, &format!("M {x} {y} L {} {y}", x + 26));
        label(out, "sans quiet", (x + 32, y + 4), look.3);
        x += 46 + 6 * look.3.len() as i32;
    }
}
