//! Pieces → lines.

use super::gap::{Around, Sort, is_annotation, is_space};
use super::lines::Line;
use super::pieces::{Kind, Piece};
use super::{STEP, WIDTH};
use crate::ast::Direction;

/// Lists in lists, and conditionals in conditionals, whose structure is followed. What is deeper is no definition.
const DEEPEST: usize = 200;

/// Divides pieces into lines.
pub(super) fn lines<'a>(pieces: &'a [Piece<'a>]) -> Vec<Line<'a>> {
    let mut layout =
        Layout { pieces, lines: Vec::new(), state: State::default(), branches: Vec::new(), too_deep: 0, tables: 0 };
    let mut index = 0;
    while index < pieces.len() {
        index = layout.piece(index);
    }
    layout.lines
}

/// A list that is open.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum List {
    /// Arguments or members, each on a line of its own, in a table.
    Broken { table: usize, indent: usize, end_indent: usize, members: bool },
    /// Arguments or members on one line.
    Flat,
    /// `[`
    Bracket,
    /// Any other parenthesis.
    Other,
}

/// Where the layout is. The branches of a conditional begin with the same.
#[derive(Clone, Debug, Default)]
struct State {
    /// The statement that has begun.
    sort: Option<Sort>,
    lists: Vec<List>,
    /// Lists that are open inside of the deepest one that is followed.
    too_deep: usize,
    /// What comes next begins a line.
    line_ended: bool,
    /// Some token of the statement has been placed.
    placed: bool,
    /// Tokens of the current item of a broken list.
    item: usize,
    /// The item has its `:`.
    named: bool,
    /// The routine has had its arguments, the type its members.
    had_list: bool,
}

struct Layout<'a> {
    pieces: &'a [Piece<'a>],
    lines: Vec<Line<'a>>,
    state: State,
    /// The state before each open conditional.
    branches: Vec<State>,
    /// Conditionals that are open inside of the deepest one that is followed.
    too_deep: usize,
    tables: usize,
}

impl<'a> Layout<'a> {
    /// Places a piece, and perhaps those behind it; returns the next one.
    fn piece(&mut self, index: usize) -> usize {
        let piece = &self.pieces[index];
        match piece.kind {
            Kind::Directive | Kind::Verbatim => {
                self.directive(index);
                index + 1
            }
            Kind::Block | Kind::Line => {
                self.comment(index);
                index + 1
            }
            _ => self.token(index),
        }
    }

    fn before(&self, index: usize) -> Option<&'a Piece<'a>> {
        index.checked_sub(1).map(|it| &self.pieces[it])
    }

    fn begin_line(&mut self, index: usize, indent: usize) -> &mut Line<'a> {
        let opened = self.before(index).is_none_or(|it| it.is("(") || it.is("{"));
        let blank = self.pieces[index].newlines > 1 && !opened;
        self.state.line_ended = false;
        self.lines.push(Line { blank, indent, ..Line::default() });
        self.lines.last_mut().expect("a line was just added")
    }

    fn directive(&mut self, index: usize) {
        let piece = &self.pieces[index];
        self.begin_line(index, 0).cells.push(piece.text.to_owned());
        self.state.line_ended = true;
        if piece.kind == Kind::Verbatim {
            return;
        }
        let word = piece.text[1..].trim_start();
        let length = word.find(|it: char| !it.is_ascii_alphanumeric()).unwrap_or(word.len());
        match &word[..length] {
            "if" | "ifdef" | "ifndef" if self.branches.len() == DEEPEST => self.too_deep += 1,
            "if" | "ifdef" | "ifndef" => self.branches.push(self.state.clone()),
            "endif" if self.too_deep > 0 => self.too_deep -= 1,
            "endif" => {
                self.branches.pop();
            }
            "else" | "elif" | "elifdef" | "elifndef" if self.too_deep == 0 => {
                if let Some(it) = self.branches.last() {
                    self.state = it.clone();
                }
            }
            _ => {}
        }
        self.state.line_ended = true;
    }

    fn comment(&mut self, index: usize) {
        let piece = &self.pieces[index];
        let behind =
            piece.newlines == 0 && self.before(index).is_some_and(|it| it.is_token() || it.kind == Kind::Block);
        if !behind {
            let indent = self.indent(piece);
            self.begin_line(index, indent).comment = Some(piece);
        } else if let Some(line) = self.lines.last_mut() {
            take_up_comment(line);
            line.comment = Some(piece);
        }
        self.state.line_ended |= piece.kind == Kind::Line;
    }

    fn token(&mut self, index: usize) -> usize {
        let piece = &self.pieces[index];
        if self.begins_statement(index) {
            let line_ended = self.state.line_ended || self.before(index).is_some_and(Piece::is_token);
            self.state = State { sort: Some(Sort::of(piece)), line_ended, ..State::default() };
        }
        if self.in_broken_list() && !self.state.named && piece.newlines > 0 && self.keeps(index) {
            // What stands alone on a line before an argument is a macro.
            self.state.item = 0;
        }
        let starts_item = self.in_broken_list() && self.state.item == 0;
        let breaks = self.lines.is_empty() || self.breaks(index);
        if breaks {
            let indent = self.indent(piece);
            self.begin_line(index, indent);
            if starts_item && let Some(next) = self.item(index) {
                return next;
            }
        }
        self.state.line_ended = false;
        self.append(index, !breaks);
        self.note(index);
        index + 1
    }

    /// Whether a token begins a statement. A keyword at the beginning of a line does so even if no `;` stands before
    /// it: what was there may be a macro that brings its own.
    fn begins_statement(&self, index: usize) -> bool {
        let piece = &self.pieces[index];
        match self.state.sort {
            None => !piece.is(";"),
            Some(_) => self.state.lists.is_empty() && piece.newlines > 0 && Sort::of(piece) != Sort::Macro,
        }
    }

    fn in_broken_list(&self) -> bool {
        matches!(self.state.lists.last(), Some(List::Broken { .. }))
    }

    /// Columns before a token, or a comment, that begins a line.
    fn indent(&self, piece: &Piece<'_>) -> usize {
        match (self.state.lists.last(), self.state.sort) {
            (Some(List::Broken { end_indent, .. }), _) if piece.is("}") || piece.is(")") => *end_indent,
            (Some(List::Broken { indent, .. }), _) if self.state.item == 0 => *indent,
            (Some(List::Broken { indent, .. }), _) => indent + STEP,
            (Some(_), _) => STEP,
            (None, None | Some(Sort::Macro)) => 0,
            (None, Some(_)) => {
                if self.state.placed {
                    STEP
                } else {
                    0
                }
            }
        }
    }

    /// Whether a token begins a line.
    fn breaks(&self, index: usize) -> bool {
        let (piece, Some(before)) = (&self.pieces[index], self.before(index)) else { return true };
        if matches!(before.kind, Kind::Line | Kind::Rest | Kind::Directive | Kind::Verbatim) {
            return true;
        }
        // At the beginning of a line it would be a directive.
        if piece.text.starts_with('#') {
            return false;
        }
        if before.kind == Kind::Block {
            return self.state.line_ended || piece.newlines > 0;
        }
        let closes = matches!(self.state.lists.last(), Some(List::Broken { members: true, .. })) && piece.is("}");
        let ended = self.state.line_ended && !piece.is(")") && (!piece.is(";") || piece.newlines > 0);
        ended || closes && !before.is("{") || piece.newlines > 0 && self.keeps(index)
    }

    /// Whether a token that began a line of the input does so in the output.
    fn keeps(&self, index: usize) -> bool {
        let (piece, Some(before)) = (&self.pieces[index], self.before(index)) else { return true };
        match (self.state.sort, self.state.lists.last()) {
            (None | Some(Sort::Macro), _) => true,
            (Some(Sort::Plain), _) => false,
            (_, Some(List::Bracket | List::Other | List::Flat)) => false,
            (_, None) if Sort::of(before) == Sort::Routine => false,
            _ => !piece.joins_before() && !joins_next(before) && !self.is_direction(index),
        }
    }

    /// Whether the token before is the direction of the argument whose name this is.
    fn is_direction(&self, index: usize) -> bool {
        let before = self.before(index).filter(|it| Direction::find(it.text).is_some());
        let arguments = matches!(self.state.lists.last(), Some(List::Broken { members: false, .. }));
        before.is_some() && arguments && self.state.item == 1
    }

    /// Adds a token to the current line.
    fn append(&mut self, index: usize, continues: bool) {
        let piece = &self.pieces[index];
        let space = continues && self.is_space(index);
        let Some(line) = self.lines.last_mut() else { return };
        let commented = take_up_comment(line);
        if line.cells.is_empty() {
            line.cells.push(String::new());
        }
        let cell = line.cells.last_mut().expect("a line has a cell");
        if commented && !(piece.is(";") || piece.is(",")) || !commented && space {
            cell.push(' ');
        }
        cell.push_str(piece.text);
    }

    fn is_space(&self, index: usize) -> bool {
        let Some(before) = self.before(index) else { return false };
        is_space(before, &self.pieces[index], self.around())
    }

    fn around(&self) -> Around {
        let bracket = self.state.lists.last() == Some(&List::Bracket);
        Around { sort: self.state.sort.unwrap_or(Sort::Plain), bracket }
    }

    /// Places the columns of an argument or a member that begins here, if it looks like one; returns the next piece.
    fn item(&mut self, index: usize) -> Option<usize> {
        let Some(List::Broken { table, members, .. }) = self.state.lists.last().copied() else { return None };
        let cells = item_cells(&self.pieces[index..], members)?;
        let texts = self.pieces[index..index + cells].iter().map(|it| it.text.to_owned());
        let mut texts: Vec<String> = texts.collect();
        if !members && cells == 1 {
            texts.insert(0, String::new());
        }
        texts.push(String::new());
        let line = self.lines.last_mut()?;
        line.cells = texts;
        line.table = Some(table);
        (index..index + cells).for_each(|it| self.note(it));
        // What follows is the beginning of the last cell.
        let next = index + cells;
        let cell = self.lines.last_mut()?.cells.last_mut()?;
        cell.push_str(self.pieces[next].text);
        self.note(next);
        Some(next + 1)
    }

    /// Follows the structure past a token that was placed.
    fn note(&mut self, index: usize) {
        let piece = &self.pieces[index];
        self.state.item += 1;
        self.state.placed = true;
        match piece.text {
            ":" => self.state.named |= self.in_broken_list(),
            "(" | "{" | "[" if piece.kind == Kind::Mark => self.open(index),
            ")" | "}" | "]" if piece.kind == Kind::Mark => self.close(piece.text),
            ";" => self.end_item(),
            _ => {}
        }
    }

    fn open(&mut self, index: usize) {
        if self.state.lists.len() == DEEPEST {
            self.state.too_deep += 1;
            return;
        }
        let piece = &self.pieces[index];
        let in_members = self.state.lists.iter().any(|it| matches!(it, List::Broken { members: true, .. }));
        let list = match (piece.text, self.state.sort) {
            ("[", _) => List::Bracket,
            ("(", Some(Sort::Routine)) if self.state.lists.is_empty() && !self.state.had_list => {
                if self.is_in_name(index) {
                    self.state.lists.push(List::Other);
                    return;
                }
                self.list(index, false)
            }
            ("{", Some(Sort::Routine | Sort::Type)) if !in_members => self.list(index, true),
            _ => List::Other,
        };
        self.state.had_list |= self.state.lists.is_empty();
        self.state.lists.push(list);
        if matches!(list, List::Broken { .. }) {
            (self.state.line_ended, self.state.item, self.state.named) = (true, 0, false);
        }
    }

    /// Whether the parenthesis that opens here belongs to the name, as in `routine PREFIX(demo_store)(…)`.
    fn is_in_name(&self, open: usize) -> bool {
        let mut depth = 0usize;
        let mut pieces = self.pieces[open + 1..].iter().take_while(|it| it.kind != Kind::Directive && !it.is(";"));
        let close = pieces.position(|it| {
            let closes = it.is(")") && depth == 0;
            depth = if it.is("(") { depth + 1 } else { depth.saturating_sub(usize::from(it.is(")"))) };
            closes
        });
        close.is_some() && pieces.find(|it| it.is_token()).is_some_and(|it| it.is("("))
    }

    /// The list that opens here: on one line if it was written on one and fits.
    fn list(&mut self, index: usize, members: bool) -> List {
        if !self.is_broken(index) {
            return List::Flat;
        }
        let end_indent = if self.state.lists.is_empty() { 0 } else { STEP };
        self.tables += 1;
        List::Broken { table: self.tables - 1, indent: end_indent + STEP, end_indent, members }
    }

    fn is_broken(&self, open: usize) -> bool {
        let line = self.lines.last().map_or(0, |it| it.cells.iter().map(String::len).sum());
        let (mut width, mut depth) = (line, 0usize);
        let mut around = self.around();
        for (offset, piece) in self.pieces[open + 1..].iter().enumerate() {
            if piece.is("(") || piece.is("{") {
                depth += 1;
            } else if piece.is(")") || piece.is("}") {
                if depth == 0 {
                    // Nothing at all stands on one line.
                    return offset > 0 && piece.newlines > 0 || width + 2 > WIDTH;
                }
                depth -= 1;
            }
            width += piece.text.len() + usize::from(is_space(&self.pieces[open + offset], piece, around));
            around.bracket = !piece.is("]") && (around.bracket || piece.is("["));
            let ends_line =
                matches!(piece.kind, Kind::Directive | Kind::Line | Kind::Rest) || piece.text.contains('\n');
            if piece.newlines > 0 || ends_line || width > WIDTH {
                return true;
            }
        }
        false
    }

    fn close(&mut self, mark: &str) {
        if self.state.too_deep > 0 {
            self.state.too_deep -= 1;
            return;
        }
        let in_bracket = |it: &Self| it.state.lists.last() == Some(&List::Bracket);
        if mark == "]" && !in_bracket(self) {
            return;
        }
        while mark != "]" && in_bracket(self) {
            self.state.lists.pop();
        }
        let closed = self.state.lists.pop();
        self.state.line_ended = false;
        // What goes on behind members is the argument whose type has them.
        self.state.named |= matches!(closed, Some(List::Broken { .. }));
        self.state.item = self.state.item.max(1);
    }

    fn end_item(&mut self) {
        match self.state.lists.last() {
            Some(List::Broken { .. }) => {
                (self.state.item, self.state.named, self.state.line_ended) = (0, false, true);
            }
            Some(_) => {}
            None => self.state = State { line_ended: true, ..State::default() },
        }
    }
}

/// A comment behind which the line goes on is a part of its text.
fn take_up_comment(line: &mut Line<'_>) -> bool {
    let Some(comment) = line.comment.take() else { return false };
    let text: Vec<&str> = comment.text.split('\n').map(str::trim_end).collect();
    match line.cells.last_mut() {
        Some(cell) => {
            cell.push(' ');
            cell.push_str(&text.join("\n"));
        }
        None => line.cells.push(text.join("\n")),
    }
    true
}

/// How many tokens before the `:` of an argument, or the name of a member, have a column of their own.
fn item_cells(pieces: &[Piece<'_>], members: bool) -> Option<usize> {
    let is = |index: usize, text: &str| pieces.get(index).is_some_and(|it| it.is(text));
    let word = |index: usize| pieces.get(index).is_some_and(Piece::is_word);
    if word(0) && is(1, ":") && !members {
        return Some(1);
    }
    let (one, other) = (pieces.first()?, pieces.get(1)?);
    let direction = !members && Direction::find(one.text).is_some();
    let together = other.newlines == 0 || joins_next(one) || other.joins_before() || direction;
    match members {
        _ if !word(0) || !word(1) || !together => None,
        true => Some(1),
        false => is(2, ":").then_some(2),
    }
}

/// Tokens behind which a line does not end.
fn joins_next(piece: &Piece<'_>) -> bool {
    let marks = ["=", ":", "^", "|", "(", "[", ","];
    let words = ["type", "of", "array"];
    marks.iter().any(|it| piece.is(it))
        || piece.is_word() && words.iter().any(|it| piece.text.eq_ignore_ascii_case(it))
        || is_annotation(piece)
}

impl Piece<'_> {
    /// Tokens before which no line ends.
    fn joins_before(&self) -> bool {
        let marks = [";", ",", ":", "=", "|", "(", ")", "[", "]", "{"];
        marks.iter().any(|it| self.is(it)) || self.is_word() && self.text.eq_ignore_ascii_case("of")
    }
}
