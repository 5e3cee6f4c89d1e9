//! Lines → text: columns, and comments behind them.

use super::pieces::{Kind, Piece, width};

/// A line of the output.
#[derive(Clone, Debug, Default)]
pub(super) struct Line<'a> {
    /// Whether an empty line stands before it.
    pub(super) blank: bool,
    /// Columns before its first cell.
    pub(super) indent: usize,
    /// Its text. All but the last are as wide as the widest of the table.
    pub(super) cells: Vec<String>,
    /// Lines of a table are laid out in columns.
    pub(super) table: Option<usize>,
    /// The comment at its end; or all of it, if there are no cells.
    pub(super) comment: Option<&'a Piece<'a>>,
}

/// The text of all lines.
pub(super) fn write(lines: &[Line<'_>]) -> String {
    let widths = column_widths(lines);
    let texts: Vec<String> = lines.iter().map(|it| text(it, &widths)).collect();
    let mut out = String::new();
    let mut at = 0;
    while at < lines.len() {
        let run = run_of_comments(&lines[at..], &texts[at..]);
        let column = texts[at..at + run].iter().map(|it| width(it)).max().unwrap_or(0) + 1;
        for index in at..at + run.max(1) {
            write_line(&mut out, &lines[index], &texts[index], if run > 1 { Some(column) } else { None });
        }
        at += run.max(1);
    }
    out
}

/// For each table the widths of its columns but the last.
fn column_widths(lines: &[Line<'_>]) -> Vec<Vec<usize>> {
    let mut tables: Vec<Vec<usize>> = Vec::new();
    for line in lines {
        let Some(table) = line.table else { continue };
        if tables.len() <= table {
            tables.resize(table + 1, Vec::new());
        }
        let columns = &mut tables[table];
        let cells = &line.cells[..line.cells.len().saturating_sub(1)];
        columns.resize(columns.len().max(cells.len()), 0);
        for (column, cell) in columns.iter_mut().zip(cells) {
            *column = (*column).max(width(cell));
        }
    }
    tables
}

/// A line without its comment.
fn text(line: &Line<'_>, tables: &[Vec<usize>]) -> String {
    let mut text = if line.cells.is_empty() { String::new() } else { " ".repeat(line.indent) };
    let none = Vec::new();
    let columns = line.table.and_then(|it| tables.get(it)).unwrap_or(&none);
    for (index, cell) in line.cells.iter().enumerate() {
        text.push_str(cell);
        if let Some(column) = columns.get(index).filter(|it| **it > 0 && index + 1 < line.cells.len()) {
            text.push_str(&" ".repeat(column + 1 - width(cell).min(*column)));
        }
    }
    text
}

/// How many lines from the first on have a comment at their end, and are neighbours of one kind.
fn run_of_comments(lines: &[Line<'_>], texts: &[String]) -> usize {
    let alike = |index: &usize| {
        let line = &lines[*index];
        !line.cells.is_empty()
            && line.comment.is_some_and(|it| !it.text.contains('\n'))
            && !texts[*index].contains('\n')
            && line.indent == lines[0].indent
            && line.table == lines[0].table
            && (*index == 0 || !line.blank)
    };
    (0..lines.len()).take_while(alike).count()
}

/// `column`: where a comment begins that is aligned with others.
fn write_line(out: &mut String, line: &Line<'_>, text: &str, column: Option<usize>) {
    if line.blank && !out.is_empty() {
        out.push('\n');
    }
    out.push_str(text);
    if let Some(comment) = line.comment {
        let before = if text.is_empty() { line.indent } else { 1 };
        let before = column.map_or(before, |it| it - width(text));
        out.push_str(&" ".repeat(before));
        let last = text.rfind('\n').map_or(text, |it| &text[it + 1..]);
        write_comment(out, comment, width(last) + before);
    }
    out.push('\n');
}

/// A comment that begins in a column; its other lines keep their place under the first.
fn write_comment(out: &mut String, comment: &Piece<'_>, column: usize) {
    let mut lines = comment.text.split('\n');
    out.push_str(lines.next().unwrap_or_default().trim_end());
    for line in lines {
        out.push('\n');
        let content = line.trim();
        if content.is_empty() {
            continue;
        }
        // What a backslash continues is code in some eyes: it stays where it is.
        if comment.kind == Kind::Line {
            out.push_str(line.trim_end());
            continue;
        }
        let indent = width(&line[..line.len() - line.trim_start().len()]);
        out.push_str(&" ".repeat((indent + column).saturating_sub(comment.column)));
        out.push_str(content);
    }
}
