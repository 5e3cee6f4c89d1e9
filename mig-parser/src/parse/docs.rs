//! Comments above statements.

use crate::preprocess::Comment;

/// The comment block directly above the token at a place. Places must be asked for in their order.
pub(super) struct Docs<'a> {
    comments: &'a [Comment],
}

impl<'a> Docs<'a> {
    pub(super) fn new(comments: &'a [Comment]) -> Docs<'a> {
        Docs { comments }
    }

    pub(super) fn above(&mut self, token: u32) -> Option<String> {
        let end = self.comments.partition_point(|it| it.next <= token);
        let (before, after) = self.comments.split_at(end);
        self.comments = after;
        let count = before.iter().rev().take_while(|it| it.next == token && it.attached).count();
        let lines: Vec<&str> = before[end - count..].iter().flat_map(|it| undecorated(&it.text)).collect();
        let first = lines.iter().position(|it| !it.is_empty())?;
        let last = lines.iter().rposition(|it| !it.is_empty())?;
        Some(lines[first..=last].join("\n"))
    }
}

/// Lines of a comment without what only makes it look like one.
fn undecorated(comment: &str) -> impl Iterator<Item = &str> {
    let boxed = comment.starts_with("/***");
    let text = match comment.strip_prefix("/*") {
        Some(it) => it.strip_suffix("*/").unwrap_or(it).trim_end_matches('*').trim_start_matches('*'),
        None => comment.trim_start_matches('/'),
    };
    text.lines().enumerate().map(move |(index, line)| match index {
        0 => without_blank(line),
        _ => inner(line, boxed),
    })
}

/// Any line of a block but its first: often there is a star at its left, and in a box at its right.
fn inner(line: &str, boxed: bool) -> &str {
    let line = line.trim();
    match line.strip_prefix('*') {
        Some(rest) if rest.bytes().all(|it| it == b'*') => "",
        Some(rest) if boxed => without_blank(rest.trim_end_matches('*')),
        Some(rest) => without_blank(rest),
        None => line,
    }
}

fn without_blank(line: &str) -> &str {
    line.strip_prefix(' ').unwrap_or(line).trim_end()
}
