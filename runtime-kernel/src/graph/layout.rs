//! Where everything stands in a picture: tasks left and right, ports between them, each port near the names it has.

use std::collections::HashMap;

use mig_rt::RightKind;

use super::{Graph, Port, Task, counted};

/// Pixels around everything.
pub(super) const MARGIN: i32 = 24;
/// Pixels of a line of text in a box.
pub(super) const ROW: i32 = 20;
/// Pixels of a box above its first row.
pub(super) const HEAD: i32 = 32;
/// Pixels above the boxes, for the title.
const TOP: i32 = 62;
/// Pixels below the boxes, for the legend.
const BOTTOM: i32 = 44;
/// Pixels between columns, where the arrows are.
const BETWEEN: i32 = 130;
/// Pixels between boxes of a column.
const APART: i32 = 22;
/// Below everything else.
const LAST: i32 = i32::MAX;
/// The narrowest picture has room for the legend.
const NARROWEST: i32 = 700;

/// By the numbers of ports: their places in the list.
type Places = HashMap<u32, usize>;

/// A picture without colours.
pub(super) struct Layout {
    pub(super) width: i32,
    pub(super) height: i32,
    /// The boxes of tasks, in their order.
    pub(super) tasks: Vec<Frame>,
    /// The boxes of ports, in their order.
    pub(super) ports: Vec<Frame>,
    pub(super) arrows: Vec<Arrow>,
}

/// A box.
#[derive(Clone, Copy, Default)]
pub(super) struct Frame {
    pub(super) x: i32,
    pub(super) y: i32,
    pub(super) width: i32,
    pub(super) height: i32,
}

/// A line between two places.
pub(super) struct Arrow {
    pub(super) kind: Kind,
    pub(super) from: (i32, i32),
    pub(super) to: (i32, i32),
    /// How far it goes sideways from each end before it turns.
    pub(super) bend: (i32, i32),
    /// What stands at the name.
    pub(super) count: String,
}

/// What an arrow is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Kind {
    Receive,
    Send,
    SendOnce,
    Member,
    Carried,
}

/// An arrow before the place is known where it meets its port.
struct Link {
    kind: Kind,
    /// The place in the list of ports.
    port: usize,
    /// Where it leaves a task or a message.
    from: (i32, i32),
    /// Whether it meets the port at its right.
    right: bool,
    count: String,
}

/// About as wide as a text of the fixed font is.
pub(super) fn wide(text: &str) -> i32 {
    text.chars().count() as i32 * 22 / 3
}

/// About as wide as a small text is.
fn narrow(text: &str) -> i32 {
    text.chars().count() as i32 * 6
}

pub(super) fn layout(graph: &Graph) -> Layout {
    let right = right_column(graph);
    let column = |is_right: bool| {
        let of = graph.tasks.iter().zip(&right).filter(|it| *it.1 == is_right);
        of.map(|it| task_width(it.0)).max().unwrap_or(0)
    };
    let (left_width, right_width) = (column(false), column(true));
    let ports_width = graph.ports.iter().map(port_width).max().unwrap_or(0);
    let ports_x = MARGIN + left_width + if left_width > 0 { BETWEEN } else { 0 };
    let columns = [(MARGIN, left_width), (ports_x + ports_width + BETWEEN, right_width)];
    let mut tasks = place_tasks(graph, &right, columns);
    let places = graph.ports.iter().enumerate().map(|it| (it.1.number, it.0)).collect();
    let ports = place_ports(graph, &tasks, &places, (ports_x, ports_width));
    centre(&mut tasks, &right, ports.iter().map(|it| it.y + it.height).max().unwrap_or(TOP));
    let mut links = names(graph, &tasks, &right, &places);
    links.extend(messages(graph, &ports, &places));
    let arrows = join(links, &ports);
    let boxes = || tasks.iter().chain(&ports);
    // Arrows of messages turn at the right of the ports.
    let beside = if right_width > 0 { MARGIN } else { 3 * MARGIN };
    let width = boxes().map(|it| it.x + it.width).max().unwrap_or(0) + beside;
    let height = boxes().map(|it| it.y + it.height).max().unwrap_or(TOP) + BOTTOM;
    Layout { width: width.max(NARROWEST), height, tasks, ports, arrows }
}

/// Tasks stand below each other, each in its column.
fn place_tasks(graph: &Graph, right: &[bool], columns: [(i32, i32); 2]) -> Vec<Frame> {
    let mut next = [TOP; 2];
    let frames = graph.tasks.iter().zip(right).map(|(task, right)| {
        let ((x, width), y) = (columns[usize::from(*right)], next[usize::from(*right)]);
        let height = HEAD + ROW * task.names.len().max(1) as i32 + 6;
        next[usize::from(*right)] += height + APART;
        Frame { x, y, width, height }
    });
    frames.collect()
}

/// Moves each column of tasks down to the middle of the ports, if those need more room.
fn centre(tasks: &mut [Frame], right: &[bool], bottom: i32) {
    for side in [false, true] {
        let of = || right.iter().enumerate().filter(|it| *it.1 == side).map(|it| it.0);
        let end = of().map(|it| tasks[it].y + tasks[it].height).max().unwrap_or(bottom);
        let down = (bottom - end).max(0) / 2;
        of().for_each(|it| tasks[it].y += down);
    }
}

/// Which tasks stand at the right: the half that receives most, so that arrows lead from left to right.
fn right_column(graph: &Graph) -> Vec<bool> {
    let receives = |it: &Task| {
        let has = |kind| it.names.iter().filter(|it| it.rights.contains(&kind)).count() as i32;
        has(RightKind::RECEIVE) + has(RightKind::PORT_SET) - has(RightKind::SEND)
    };
    let mut order: Vec<usize> = (0..graph.tasks.len()).collect();
    order.sort_by_key(|it| (receives(&graph.tasks[*it]), *it));
    let mut right = vec![false; order.len()];
    order.iter().skip(order.len().div_ceil(2)).for_each(|it| right[*it] = true);
    right
}

fn task_width(it: &Task) -> i32 {
    let names = it.names.iter().map(|it| wide(&it.label()));
    names.chain([wide(&it.name)]).max().unwrap_or(0).max(110) + 40
}

fn port_width(it: &Port) -> i32 {
    let messages = it.shown().into_iter().map(|it| wide(&it.1));
    let small = it.rest().iter().map(|it| narrow(it)).max();
    let title = wide(&it.title()) + 10;
    messages.chain([title, narrow(&it.counts())]).chain(small).max().unwrap_or(0).max(130) + 32
}

/// The middle of a name's row.
pub(super) fn row(frame: &Frame, index: usize) -> i32 {
    frame.y + HEAD + ROW * index as i32 + ROW / 2
}

/// The middle of a queued message's row.
pub(super) fn message_row(frame: &Frame, index: usize) -> i32 {
    frame.y + 64 + 18 * index as i32
}

fn port_height(it: &Port) -> i32 {
    if it.object.is_some() {
        return 46;
    }
    60 + 18 * (it.shown().len() + it.rest().len()) as i32
}

/// Ports stand as high as the names that lead to them do on average, as far as there is room.
fn place_ports(graph: &Graph, tasks: &[Frame], places: &Places, (x, width): (i32, i32)) -> Vec<Frame> {
    let mut rows = vec![(0i64, 0i64); graph.ports.len()];
    for (task, frame) in graph.tasks.iter().zip(tasks) {
        for (index, name) in task.names.iter().enumerate() {
            for place in name.ports.iter().filter_map(|it| places.get(it)) {
                rows[*place] = (rows[*place].0 + i64::from(row(frame, index)), rows[*place].1 + 1);
            }
        }
    }
    let average = |(sum, count): &(i64, i64)| sum.checked_div(*count).map_or(LAST, |it| it as i32);
    let mut wanted: Vec<(i32, usize)> = rows.iter().enumerate().map(|(index, it)| (average(it), index)).collect();
    // What only a message leads to stands behind the port that has the message.
    for (holder, port) in graph.ports.iter().enumerate() {
        let before = wanted[holder].0;
        let held = port.queue.iter().chain(&port.senders).flat_map(|it| &it.rights).filter_map(|it| places.get(&it.1));
        held.for_each(|it| wanted[*it].0 = if rows[*it].1 == 0 { wanted[*it].0.min(before) } else { wanted[*it].0 });
    }
    wanted.sort_unstable();
    let mut frames = vec![Frame::default(); graph.ports.len()];
    let mut next = TOP;
    for (middle, index) in wanted {
        let height = port_height(&graph.ports[index]);
        // Where nothing says where, there is no reason to leave room.
        let y = if middle == LAST { next } else { next.max(middle - height / 2) };
        frames[index] = Frame { x, y, width, height };
        next = y + height + APART;
    }
    frames
}

/// The arrows of names.
fn names(graph: &Graph, tasks: &[Frame], right: &[bool], places: &Places) -> Vec<Link> {
    let mut links = Vec::new();
    for ((task, frame), right) in graph.tasks.iter().zip(tasks).zip(right) {
        let x = if *right { frame.x } else { frame.x + frame.width };
        for (index, name) in task.names.iter().enumerate() {
            let kinds: Vec<Kind> = name.rights.iter().filter_map(|it| kind(*it)).collect();
            for (port, kind) in name.ports.iter().flat_map(|port| kinds.iter().map(move |it| (port, *it))) {
                let Some(port) = places.get(port).copied() else { continue };
                // A receive right and a send right of one name leave it side by side.
                let aside = if kinds.len() < 2 { 0 } else { [-4, 4][usize::from(kind == Kind::Send)] };
                let count = if kind == Kind::Send { counted(name.references) } else { String::new() };
                links.push(Link { kind, port, from: (x, row(frame, index) + aside), right: *right, count });
            }
        }
    }
    links
}

fn kind(it: RightKind) -> Option<Kind> {
    match it {
        RightKind::RECEIVE => Some(Kind::Receive),
        RightKind::SEND => Some(Kind::Send),
        RightKind::SEND_ONCE => Some(Kind::SendOnce),
        RightKind::PORT_SET => Some(Kind::Member),
        _ => None,
    }
}

/// The arrows of rights in queued messages.
fn messages(graph: &Graph, ports: &[Frame], places: &Places) -> Vec<Link> {
    let mut links = Vec::new();
    for (port, frame) in graph.ports.iter().zip(ports) {
        for (index, (message, _)) in port.shown().into_iter().enumerate() {
            let from = (frame.x + frame.width, message_row(frame, index));
            let to = message.rights.iter().filter_map(|it| places.get(&it.1).copied());
            links.extend(to.map(|port| Link { kind: Kind::Carried, port, from, right: true, count: String::new() }));
        }
    }
    links
}

/// Spreads the ends of arrows over the side of each port, in the order of their other ends.
fn join(mut links: Vec<Link>, ports: &[Frame]) -> Vec<Arrow> {
    links.sort_by_key(|it| (it.port, it.right, it.from.1, it.kind));
    let mut arrows = Vec::new();
    for group in links.chunk_by(|a, b| (a.port, a.right) == (b.port, b.right)) {
        for (index, it) in group.iter().enumerate() {
            let frame = &ports[it.port];
            let y = frame.y + frame.height * (index as i32 + 1) / (group.len() as i32 + 1);
            let to = (if it.right { frame.x + frame.width } else { frame.x }, y);
            let bend = match (it.kind, it.right) {
                (Kind::Carried, _) => (BETWEEN / 2, BETWEEN / 2),
                (_, false) => (BETWEEN / 2, -BETWEEN / 2),
                (_, true) => (-BETWEEN / 2, BETWEEN / 2),
            };
            arrows.push(Arrow { kind: it.kind, from: it.from, to, bend, count: it.count.clone() });
        }
    }
    arrows
}
