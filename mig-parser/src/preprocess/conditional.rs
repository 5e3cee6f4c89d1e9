//! `#if` and its kin.

use super::buffers::{Buffers, Token};
use super::define::end_of;
use super::expr::{self, Problem};
use super::lex::Kind;
use super::reader::{Guard, Reader};
use super::{Preprocessor, Run};
use crate::diag::Diagnostic;
use crate::diag::codes::preprocess as codes;
use crate::source::Place;

/// A conditional that is open.
pub(super) struct Conditional {
    /// Where it began: the directive from the `#` to its keyword.
    place: Place,
    /// Whether the current group is read.
    pub(super) live: bool,
    /// Whether the groups from here on are left out, because one was read or because all of it is left out.
    done: bool,
    /// Where its `#else` was.
    other: Option<Place>,
}

/// The keyword of a conditional directive, and where it stands.
struct Line {
    place: Place,
    keyword: Token,
}

impl Preprocessor<'_, '_> {
    /// Obeys a directive if its keyword, which was just read, is that of a conditional.
    pub(super) fn conditional(&mut self, reader: &mut Reader, hash: usize, word: &[u8]) -> Run<bool> {
        let line = |it: &Self| Line {
            place: it.place_of(reader, hash, reader.at),
            keyword: Buffers::lex(reader.logical.text.as_bytes(), reader.buffer, reader.at - word.len(), false),
        };
        match word {
            b"if" | b"ifdef" | b"ifndef" => self.begin_conditional(line(self), reader, word)?,
            b"elif" | b"elifdef" | b"elifndef" => self.next_group(line(self), reader, word)?,
            b"else" => self.last_group(line(self), reader)?,
            b"endif" => self.end_conditional(line(self), reader)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn begin_conditional(&mut self, line: Line, reader: &mut Reader, word: &[u8]) -> Run {
        let outermost = reader.conditionals.is_empty();
        let tokens = self.rest_of_line(reader)?;
        if outermost {
            reader.guard = match (&reader.guard, tokens.first()) {
                (Guard::Possible, Some(name)) if word == b"ifndef" && name.kind == Kind::Name => {
                    Guard::Open(self.buffers.text(name).into())
                }
                _ => Guard::No,
            };
        }
        let skipped = reader.skipping();
        let live = !skipped && self.test(&line, word, &tokens)?;
        reader.conditionals.push(Conditional { place: line.place, live, done: live || skipped, other: None });
        Ok(())
    }

    /// Whether the condition of a directive holds.
    fn test(&mut self, line: &Line, word: &[u8], tokens: &[Token]) -> Run<bool> {
        if matches!(word, b"if" | b"elif") {
            return self.evaluate(&line.keyword, tokens);
        }
        let Some(name) = self.macro_name(&line.keyword, tokens)? else { return Ok(false) };
        self.check_extra_tokens(&line.keyword, &tokens[1..])?;
        let defined = self.macros.find(self.buffers.text(&name)).is_some();
        Ok(defined != matches!(word, b"ifndef" | b"elifndef"))
    }

    fn next_group(&mut self, line: Line, reader: &mut Reader, word: &[u8]) -> Run {
        let tokens = self.rest_of_line(reader)?;
        let Some(done) = self.leave_group(&line, reader)? else { return Ok(()) };
        let live = !done && self.test(&line, word, &tokens)?;
        if let Some(it) = reader.conditionals.last_mut() {
            it.live = live;
            it.done |= live;
        }
        Ok(())
    }

    fn last_group(&mut self, line: Line, reader: &mut Reader) -> Run {
        self.rest_of_line(reader)?;
        let Some(done) = self.leave_group(&line, reader)? else { return Ok(()) };
        if let Some(it) = reader.conditionals.last_mut() {
            it.live = !done;
            it.done = true;
            it.other = Some(line.place);
        }
        Ok(())
    }

    /// Ends a group, unless the directive cannot stand here. Returns whether the next group is left out in any case.
    fn leave_group(&mut self, line: &Line, reader: &mut Reader) -> Run<Option<bool>> {
        let directive = self.buffers.text(&line.keyword).to_owned();
        let depth = reader.conditionals.len();
        let Some(it) = reader.conditionals.last_mut() else {
            self.report_unopened(line)?;
            return Ok(None);
        };
        if let Some(other) = it.other {
            // What is behind the second `#else` is as dead as it would be in other compilers, which give up.
            it.live = false;
            let begin = it.place;
            let message = format!("`#{directive}` behind `#else`");
            let it = Diagnostic::new(&codes::AFTER_ELSE, line.place, message).label("one `#else` is the last group");
            self.report(it.also(other, "the `#else`").also(begin, "of this conditional"))?;
            return Ok(None);
        }
        if depth == 1 {
            reader.guard = Guard::No;
        }
        Ok(Some(it.done))
    }

    fn end_conditional(&mut self, line: Line, reader: &mut Reader) -> Run {
        self.rest_of_line(reader)?;
        self.output.detach_comments();
        if reader.conditionals.pop().is_none() {
            return self.report_unopened(&line);
        }
        if reader.conditionals.is_empty()
            && let Guard::Open(name) = &reader.guard
        {
            reader.guard = Guard::Closed(name.clone());
        }
        Ok(())
    }

    fn report_unopened(&mut self, line: &Line) -> Run {
        let message = format!("`#{}` without `#if`", self.buffers.text(&line.keyword));
        let it = Diagnostic::new(&codes::NO_OPEN_CONDITIONAL, line.place, message).label("nothing is open here");
        self.report(it.note("a conditional begins and ends in the same file"))
    }

    /// Reports the conditionals that are still open at the end of a file.
    pub(super) fn check_conditionals(&mut self, reader: &mut Reader) -> Run {
        for it in std::mem::take(&mut reader.conditionals) {
            let message = "this conditional has no `#endif`";
            let report = Diagnostic::new(&codes::UNTERMINATED_CONDITIONAL, it.place, message).label("begins here");
            let report = match it.other {
                Some(place) => report.also(place, "its `#else`"),
                None => report,
            };
            self.report(report.help("each `#if`, `#ifdef` and `#ifndef` needs an `#endif` in the same file"))?;
        }
        Ok(())
    }

    /// The value of the expression behind `#if` or `#elif`; one with a mistake is false.
    fn evaluate(&mut self, keyword: &Token, tokens: &[Token]) -> Run<bool> {
        let Some(expanded) = self.expand_condition(tokens)? else { return Ok(false) };
        match expr::evaluate(&expanded, &self.buffers, self.options.limits.nesting()) {
            Ok(it) => Ok(it),
            Err(problem) => {
                self.report_expression(keyword, tokens, &expanded, *problem)?;
                Ok(false)
            }
        }
    }

    fn report_expression(&mut self, keyword: &Token, tokens: &[Token], expanded: &[Token], problem: Problem) -> Run {
        let empty = tokens.iter().find_map(|it| {
            let found = (it.kind == Kind::Name).then(|| self.macros.find(self.buffers.text(it))).flatten();
            found.filter(|it| it.is_empty()).map(|found| (it, found))
        });
        if let Some((token, found)) = empty.filter(|_| problem.code == &codes::BAD_EXPRESSION) {
            let message = format!("macro `{}` is empty and has no value", found.name);
            let it =
                Diagnostic::new(&codes::EMPTY_MACRO, self.buffers.place(token), message).label("expands to nothing");
            let it = match found.place {
                Some(place) => it.also(place, "defined with an empty body"),
                None => it,
            };
            let name = &found.name;
            let it = it.help(format!("to give it a value, write `-D{name}=1` or `#define {name} 1`"));
            return self.report(it.help(format!("to ask only whether it is defined, write `defined({name})`")));
        }
        let it = match (problem.at.and_then(|it| expanded.get(it)), tokens.last()) {
            (Some(token), _) => self.at_token(problem.code, token, problem.message),
            (None, Some(last)) => Diagnostic::new(problem.code, end_of(self.buffers.place(last)), problem.message),
            (None, None) => Diagnostic::new(problem.code, self.buffers.place(keyword), problem.message),
        };
        let it = it.label(problem.label);
        self.report(match problem.help {
            Some(help) => it.help(help),
            None => it,
        })
    }
}
