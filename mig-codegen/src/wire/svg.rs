//! Layouts as pictures: what `layout --format svg` prints.
//!
//! Each message is a column of rows as wide as what fields are aligned to, with offsets at its left. The picture needs no fonts and no
//! scripts, brings its own background, and is the same for the same input.

mod column;

use std::fmt::Write;

use self::column::Column;
use super::dump::{self, Role};
use super::{Exchange, Message};
use crate::abi::Abi;
use crate::model::{Interface, Routine};

/// Pixels around everything.
const MARGIN: u32 = 24;
/// Pixels for the offsets at the left of a column.
const GUTTER: u32 = 112;
/// Pixels between the request and the reply.
const BETWEEN: u32 = 40;
/// Pixels of the lines above the first row of a message.
const TITLE: u32 = 40;
/// Pixels between routines.
const APART: u32 = 44;

const STYLE: &str = "\
text { fill: #22262b; font: 12px ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace; }
.sans { font-family: system-ui, 'DejaVu Sans', Helvetica, Arial, sans-serif; }
.title { font-size: 17px; font-weight: 600; }
.routine { font-size: 15px; font-weight: 600; }
.quiet { fill: #5b636d; font-size: 11px; }
.right { text-anchor: end; }
.box { stroke: #3d444d; stroke-width: 1; stroke-linejoin: round; }
";

/// A picture of a subsystem's messages in one ABI: a complete SVG document.
pub fn svg(interface: &Interface, abi: &Abi, exchanges: &[Exchange]) -> String {
    let subsystem = interface.subsystem.as_ref().map_or("no subsystem".to_owned(), |it| {
        let base = it.base;
        format!("subsystem {} {base}", it.name)
    });
    let width = page_width(abi, interface, exchanges);
    let mut body = String::new();
    let mut y = MARGIN + 20;
    label(&mut body, "sans title", (MARGIN, y), &subsystem);
    y += 20;
    let (header, align) = (abi.header, abi.align);
    let about = format!("{}: header of {header} bytes, items at multiples of {align}", abi.name);
    label(&mut body, "sans quiet", (MARGIN, y), &about);
    y += 14;
    legend(&mut body, abi, y);
    y += 14;
    for exchange in exchanges {
        y += APART;
        y += routine(&mut body, interface, abi, exchange, y);
    }
    let height = y + MARGIN;
    document(&format!("{subsystem} in {}", abi.name), (width, height), &body)
}

fn document(title: &str, (width, height): (u32, u32), body: &str) -> String {
    let title = escape(title);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\">\n\
         <title>Messages of {title}</title>\n\
         <style>\n{STYLE}</style>\n\
         <defs><pattern id=\"pad\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">\
         <rect width=\"6\" height=\"6\" fill=\"{PAD_BACK}\"/><rect width=\"2\" height=\"6\" fill=\"{PAD_LINE}\"/></pattern></defs>\n\
         <rect width=\"{width}\" height=\"{height}\" rx=\"8\" fill=\"#fcfbf8\"/>\n\
         {body}</svg>\n"
    )
}

const PAD_BACK: &str = "#f1f1ef";
const PAD_LINE: &str = "#d4d6d9";

/// The colour of a role, and its name in the legend.
const ROLES: [(Role, &str, &str); 6] = [
    (Role::Header, "#cfd8e3", "header"),
    (Role::TypeWord, "#fbe3b0", "type word"),
    (Role::Port, "#bfe3c0", "port"),
    (Role::Data, "#c4def6", "data"),
    (Role::OutOfLine, "#dfcdf2", "out of line"),
    (Role::Padding, "url(#pad)", "padding"),
];

fn fill(role: Role) -> &'static str {
    ROLES.iter().find(|it| it.0 == role).map_or("none", |it| it.1)
}

fn legend(out: &mut String, abi: &Abi, y: u32) {
    let mut x = MARGIN;
    for (_, fill, name) in ROLES.iter().filter(|it| it.0 != Role::TypeWord || abi.has_type_words()) {
        put(
            out,
            format_args!("<rect class=\"box\" x=\"{x}\" y=\"{y}\" width=\"14\" height=\"14\" fill=\"{fill}\"/>\n"),
        );
        label(out, "sans quiet", (x + 20, y + 11), name);
        x += 40 + 6 * name.len() as u32;
    }
    put(out, format_args!("<path class=\"box\" fill=\"none\" d=\"M {x} {} {}\"/>\n", y + 10, column::zigzag(28, 1)));
    label(out, "sans quiet", (x + 36, y + 11), "size varies, or rows are left out");
}

fn page_width(abi: &Abi, interface: &Interface, exchanges: &[Exchange]) -> u32 {
    let both = exchanges.iter().any(|it| !interface.routines[it.routine].one_way);
    let one = GUTTER + column::width(abi);
    let columns = if both { 2 * one + BETWEEN } else { one };
    // The legend needs that much.
    2 * MARGIN + columns.max(660)
}

/// Draws the messages of a routine; returns its height.
fn routine(out: &mut String, interface: &Interface, abi: &Abi, exchange: &Exchange, y: u32) -> u32 {
    let routine = &interface.routines[exchange.routine];
    let kind = if routine.one_way { "simpleroutine" } else { "routine" };
    label(out, "sans routine", (MARGIN, y), &format!("{kind} {}", routine.name));
    let top = y + TITLE;
    let x = MARGIN + GUTTER;
    let ports = Some((dump::header_port(&exchange.remote), dump::header_port(&exchange.local)));
    let mut height = message(out, (interface, abi, routine), ("request", &exchange.request, ports), (x, top));
    if !routine.one_way {
        let x = x + column::width(abi) + BETWEEN + GUTTER;
        height = height.max(message(out, (interface, abi, routine), ("reply", &exchange.reply, None), (x, top)));
    }
    TITLE + height
}

/// What a message is called, its layout, and how its ports travel.
type Named<'a> = (&'a str, &'a Message, Option<(String, String)>);

fn message(
    out: &mut String,
    (interface, abi, routine): (&Interface, &Abi, &Routine),
    (what, message, ports): Named<'_>,
    (x, y): (u32, u32),
) -> u32 {
    let title = format!("{what} {}", message.id);
    label(out, "sans", (x, y - 10), &title);
    let end = x + column::width(abi);
    label(out, "sans quiet right", (end, y - 10), &dump::size_and_complexity(message));
    let mut column = Column::new(abi, x, y);
    for it in column::header(abi, message, ports) {
        column.field(out, &it);
    }
    for it in dump::rows(interface, abi, routine, message) {
        column.field(out, &it);
    }
    column.height()
}

fn label(out: &mut String, class: &str, (x, y): (u32, u32), text: &str) {
    put(out, format_args!("<text class=\"{class}\" x=\"{x}\" y=\"{y}\">{}</text>\n", escape(text)));
}

fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("a string takes whatever is written");
}

/// Text as it stands between tags or in an attribute. Characters that XML forbids are left out.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for it in text.chars() {
        match it {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            it if it.is_control() || matches!(it, '\u{fffe}' | '\u{ffff}') => {}
            it => escaped.push(it),
        }
    }
    escaped
}
