//! One message: rows of boxes.

use super::super::Message;
use super::super::dump::{Position, Role, Row};
use super::{escape, fill, label, put};
use crate::abi::Abi;

/// Pixels of a row.
const ROW: u32 = 24;
/// Pixels of padding whose size varies.
const LOOSE: u32 = 8;
/// Rows that a field of variable size gets.
const VARIABLE_ROWS: u32 = 3;
/// Rows from which on the middle of a field is left out, and what remains.
const TOO_MANY: u32 = 6;
const REMAIN: u32 = 4;
/// Pixels of a letter, and of one in details.
const LETTER: f32 = 7.3;
const SMALL_LETTER: f32 = 6.7;

/// Bytes of a row: fields begin at multiples of that.
fn unit(abi: &Abi) -> u32 {
    abi.align
}

/// Pixels of a byte.
fn byte(abi: &Abi) -> u32 {
    if unit(abi) == 8 { 46 } else { 84 }
}

/// Pixels of a row's width.
pub(super) fn width(abi: &Abi) -> u32 {
    unit(abi) * byte(abi)
}

/// The fields of the header; `ports`: how those of a request travel.
pub(super) fn header(abi: &Abi, message: &Message, ports: Option<(String, String)>) -> Vec<Row> {
    let wide = (abi.header - 16) / 2;
    let (remote, local) = ports.unwrap_or_default();
    let fifth = if abi.sequence_number { "msgh_seqno" } else { "msgh_voucher_port" };
    let fields = [
        ("msgh_bits", 0, 4, String::new()),
        ("msgh_size", 4, 4, String::new()),
        ("msgh_remote_port", 8, wide, remote),
        ("msgh_local_port", 8 + wide, wide, local),
        (fifth, 8 + 2 * wide, 4, String::new()),
        ("msgh_id", 12 + 2 * wide, 4, message.id.to_string()),
    ];
    let row = |(name, at, size, contents): (&str, u32, u32, String)| Row {
        at: Position::At(at),
        size: (size, size),
        role: Role::Header,
        kind: "header",
        name: name.to_owned(),
        contents,
        bytes: String::new(),
    };
    fields.map(row).into()
}

/// A column being drawn.
pub(super) struct Column<'a> {
    abi: &'a Abi,
    x: u32,
    y: u32,
    /// Pixels of the rows that are complete.
    done: u32,
    /// Bytes drawn in the current row.
    used: u32,
}

/// A box: rows from `top`, the first from byte `from` on, the last up to byte `to`.
struct Shape {
    top: u32,
    rows: u32,
    from: u32,
    to: u32,
    /// Its lower edge is torn.
    torn: bool,
    /// Something in its middle is left out.
    cut: bool,
}

impl<'a> Column<'a> {
    pub(super) fn new(abi: &'a Abi, x: u32, y: u32) -> Column<'a> {
        Column { abi, x, y, done: 0, used: 0 }
    }

    /// Pixels drawn so far.
    pub(super) fn height(&self) -> u32 {
        self.done + if self.used > 0 { ROW } else { 0 }
    }

    /// Draws the next field.
    pub(super) fn field(&mut self, out: &mut String, row: &Row) {
        if row.role == Role::Padding && row.size.0 < row.size.1 {
            return self.loose(out, row);
        }
        if self.used == 0 {
            self.offset(out, &row.at);
        }
        let shape = self.place(row);
        put(out, format_args!("<g><title>{}</title>\n", escape(&tooltip(row))));
        self.draw(out, &shape, fill(row.role));
        self.text(out, &shape, row);
        out.push_str("</g>\n");
        self.further_offsets(out, row, &shape);
    }

    /// Finds room for a field, and goes behind it.
    fn place(&mut self, row: &Row) -> Shape {
        let unit = unit(self.abi);
        let (from, top) = (self.used, self.done);
        let torn = row.size.0 < row.size.1;
        let bytes = if torn { VARIABLE_ROWS * unit - from } else { row.size.1.max(1) };
        let whole = (u64::from(from) + u64::from(bytes)).div_ceil(u64::from(unit)) as u32;
        let cut = whole > TOO_MANY;
        let rows = if cut { REMAIN } else { whole };
        let to = (from + bytes % unit + unit - 1) % unit + 1;
        self.done = top + (rows - 1) * ROW;
        self.used = to;
        if to == unit || torn {
            self.done += ROW + if torn { 6 } else { 0 };
            self.used = 0;
        }
        Shape { top, rows, from, to, torn, cut }
    }

    fn draw(&self, out: &mut String, shape: &Shape, fill: &str) {
        let byte = byte(self.abi);
        let (left, right) = (self.x, self.x + width(self.abi));
        let (top, bottom) = (self.y + shape.top, self.y + shape.top + shape.rows * ROW);
        let from = left + shape.from * byte;
        let path = match (shape.rows, shape.torn) {
            (_, true) => format!(
                "M {from} {top} H {right} V {bottom} {} V {} H {from} Z",
                zigzag(-((right - left) as i32), 1),
                top + if shape.from > 0 { ROW } else { 0 }
            ),
            (1, _) => format!("M {from} {top} H {} V {bottom} H {from} Z", left + shape.to * byte),
            _ => format!(
                "M {from} {top} H {right} V {} H {} V {bottom} H {left} V {} H {from} Z",
                bottom - ROW,
                left + shape.to * byte,
                top + if shape.from > 0 { ROW } else { 0 },
            ),
        };
        put(out, format_args!("<path class=\"box\" fill=\"{fill}\" d=\"{path}\"/>\n"));
        if shape.cut {
            self.cut(out, top + 2 * ROW);
        }
    }

    /// A gap where rows are left out.
    fn cut(&self, out: &mut String, y: u32) {
        let (left, width) = (self.x - 3, width(self.abi) + 6);
        let there = zigzag(width as i32, 1);
        let back = zigzag(-(width as i32), 1);
        put(out, format_args!("<path fill=\"#fcfbf8\" d=\"M {left} {} {there} v 6 {back} Z\"/>\n", y - 3));
        for edge in [y - 3, y + 3] {
            put(out, format_args!("<path class=\"box\" fill=\"none\" d=\"M {left} {edge} {there}\"/>\n"));
        }
    }

    /// Padding of which there may be none; too low for any text.
    fn loose(&mut self, out: &mut String, row: &Row) {
        let (x, y, width) = (self.x, self.y + self.done, width(self.abi));
        put(out, format_args!("<g><title>{}</title>", escape(&tooltip(row))));
        let fill = fill(row.role);
        put(
            out,
            format_args!(
                "<rect class=\"box\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{LOOSE}\" fill=\"{fill}\"/></g>\n"
            ),
        );
        self.done += LOOSE;
    }

    fn offset(&self, out: &mut String, at: &Position) {
        let text = match at {
            Position::At(it) => it.to_string(),
            Position::After(name, 0) => format!("after {name}"),
            Position::After(_, bytes) => format!("+ {bytes}"),
        };
        self.offset_at(out, self.done, &text);
    }

    fn offset_at(&self, out: &mut String, top: u32, text: &str) {
        let y = self.y + top + 16;
        label(out, "quiet right", (self.x - 8, y), &fitting(text, (super::GUTTER - 12) as f32, SMALL_LETTER));
    }

    /// The offsets of the rows of a field behind its first, as far as they can be told.
    fn further_offsets(&self, out: &mut String, row: &Row, shape: &Shape) {
        let unit = unit(self.abi);
        for index in 1..shape.rows {
            let skipped = if shape.cut && index >= 2 { shape.rows - index } else { 0 };
            let into = match skipped {
                0 => index * unit - shape.from,
                _ => row.size.1 + unit - shape.to - skipped * unit,
            };
            let text = match &row.at {
                _ if shape.torn => continue,
                Position::At(it) => (it + into).to_string(),
                Position::After(_, it) => format!("+ {}", it + into),
            };
            self.offset_at(out, shape.top + index * ROW, &text);
        }
    }

    /// The name, and at the right what the field is, if there is room.
    fn text(&self, out: &mut String, shape: &Shape, row: &Row) {
        let unit = unit(self.abi);
        let byte = byte(self.abi);
        let first = if shape.rows > 1 { unit } else { shape.to } - shape.from;
        // Of two parts of a field the longer one has the text.
        let second = shape.rows == 2 && shape.to > first && shape.from > 0;
        let (from, bytes, line) = if second { (0, shape.to, 1) } else { (shape.from, first, 0) };
        let (x, room) = (self.x + from * byte, (bytes * byte) as f32 - 14.0);
        let y = self.y + shape.top + line * ROW + 16;
        let name = if row.role == Role::Padding { "" } else { row.name.as_str() };
        let name = fitting(name, room, LETTER);
        label(out, "", (x + 7, y), &name);
        let used = name.chars().count() as f32 * LETTER + 12.0;
        let detail = detail(row);
        let shown = fitting(&detail, room - used, SMALL_LETTER);
        // Less than three letters of something longer say nothing.
        let is_of_use = shown == detail || shown.chars().count() > 3;
        if is_of_use && !detail.is_empty() {
            label(out, "quiet right", (x + bytes * byte - 7, y), &shown);
        }
    }
}

fn detail(row: &Row) -> String {
    match row.role {
        Role::Padding => String::new(),
        Role::OutOfLine => format!("→ {}", if row.contents.is_empty() { row.kind } else { &row.contents }),
        _ if row.contents.is_empty() && row.role != Role::Header => row.kind.to_owned(),
        _ => row.contents.clone(),
    }
}

fn tooltip(row: &Row) -> String {
    let size = match row.size {
        (min, max) if min == max => format!("{max} bytes"),
        (min, max) => format!("{min} to {max} bytes"),
    };
    let place = match &row.at {
        Position::At(it) => format!("at {it}"),
        it => it.to_string(),
    };
    let contents = if row.contents.is_empty() { String::new() } else { format!(": {}", row.contents) };
    let bytes = if row.bytes.is_empty() { String::new() } else { format!(" [{}]", row.bytes) };
    format!("{} {}, {size} {place}{contents}{bytes}", row.kind, row.name)
}

/// As much of a text as there is room for.
fn fitting(text: &str, room: f32, letter: f32) -> String {
    let most = (room / letter).max(0.0) as usize;
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    if kept.is_empty() { kept } else { format!("{}…", kept.trim_end()) }
}

/// A torn edge from the current point of a path, `length` pixels to the right, or to the left if it is negative.
pub(super) fn zigzag(length: i32, flip: i32) -> String {
    let teeth = (length.unsigned_abs() / 14).max(1) * 2;
    let step = f64::from(length) / f64::from(teeth);
    let mut path = String::new();
    for index in 0..teeth {
        let down = if index % 2 == 0 { 5 * flip } else { -5 * flip };
        path.push_str(&format!("l {step:.2} {down} "));
    }
    path.trim_end().to_owned()
}
