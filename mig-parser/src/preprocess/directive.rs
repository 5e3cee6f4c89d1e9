//! Directives other than conditionals.

use super::buffers::{Buffers, Token};
use super::lex::Kind;
use super::reader::Reader;
use super::{Preprocessor, Run};
use crate::diag::codes::preprocess as codes;
use crate::diag::{Code, Diagnostic};
use crate::source::{Place, SourceFile};

/// Every directive, for suggestions.
const DIRECTIVES: [&str; 18] = [
    "define",
    "elif",
    "elifdef",
    "elifndef",
    "else",
    "endif",
    "error",
    "ident",
    "if",
    "ifdef",
    "ifndef",
    "include",
    "include_next",
    "line",
    "pragma",
    "sccs",
    "undef",
    "warning",
];

impl Preprocessor<'_, '_> {
    /// Obeys the directive whose `#` is next. `in_call`: it stands between the arguments of a macro call.
    pub(super) fn directive(&mut self, reader: &mut Reader, in_call: bool) -> Run {
        let text = reader.logical.text.clone();
        let bytes = text.as_bytes();
        let hash = reader.at;
        reader.at += 1;
        self.skip_blanks(reader, false)?;
        if matches!(bytes.get(reader.at), None | Some(b'\n')) {
            // A lone `#` says nothing.
            reader.end_line();
            return Ok(());
        }
        let keyword = Buffers::lex(bytes, reader.buffer, reader.at, false);
        if keyword.kind == Kind::Number {
            reader.note_content();
            return self.line_directive(reader, &keyword);
        }
        let word = keyword.start as usize..keyword.end as usize;
        reader.at = word.end;
        if self.conditional(reader, hash, &bytes[word.clone()])? {
            return Ok(());
        }
        reader.note_content();
        self.output.detach_comments();
        let word = &text[word];
        if matches!(word, "include" | "include_next") {
            return self.include_directive(reader, &keyword, in_call);
        }
        if word == "line" {
            return self.line_directive(reader, &keyword);
        }
        let tokens = self.rest_of_line(reader)?;
        match word {
            "define" => self.define(&keyword, &tokens),
            "undef" => self.undef(&keyword, &tokens),
            "error" => self.user_message(&codes::USER_ERROR, (reader, &text), hash, &keyword, &tokens),
            "warning" => self.user_message(&codes::USER_WARNING, (reader, &text), hash, &keyword, &tokens),
            "pragma" => {
                if tokens.first().is_some_and(|it| self.buffers.is(it, "once")) {
                    self.include_once();
                }
                Ok(())
            }
            "ident" | "sccs" => Ok(()),
            _ => self.unknown_directive(&keyword, word),
        }
    }

    /// `#error` and `#warning`.
    fn user_message(
        &mut self,
        code: &'static Code,
        (reader, text): (&Reader, &str),
        hash: usize,
        keyword: &Token,
        tokens: &[Token],
    ) -> Run {
        let place = self.place_of(reader, hash, keyword.end as usize);
        let message = match (tokens.first(), tokens.last()) {
            (Some(first), Some(last)) => text[first.start as usize..last.end as usize].to_owned(),
            _ => format!("`#{}` without a text", self.buffers.text(keyword)),
        };
        self.report(Diagnostic::new(code, place, message).label("the file itself says so"))
    }

    fn unknown_directive(&mut self, keyword: &Token, word: &str) -> Run {
        let place = self.buffers.place(keyword);
        let it = Diagnostic::new(&codes::UNKNOWN_DIRECTIVE, place, format!("`#{word}` is not a directive"));
        let it = match word {
            "import" => it.help("to import a header, write `import` without the `#`; for definitions, `#include`"),
            "ifdefined" => it.help("write `#ifdef NAME` or `#if defined(NAME)`"),
            _ => it.suggest(word, DIRECTIVES),
        };
        self.report(it.label("unknown directive"))
    }

    /// `#line 12 "file"` and the line markers of preprocessors, `# 12 "file" 1 3`: what follows is part of a file of
    /// that name. `first` is the keyword, or the number of a marker.
    fn line_directive(&mut self, reader: &mut Reader, first: &Token) -> Run {
        let mut tokens = self.rest_of_line(reader)?;
        let marker = first.kind == Kind::Number;
        if !marker && tokens.first().is_none_or(|it| it.kind == Kind::Name) {
            tokens = self.expand_operand(&tokens)?;
        }
        let Some(number) = tokens.first().copied() else {
            return self.bad_line(first, "expected a line number");
        };
        let text = self.buffers.text(&number);
        let line = text.parse::<u32>().ok().filter(|it| *it <= i32::MAX as u32 && number.kind == Kind::Number);
        let Some(line) = line else { return self.bad_line(&number, "not a line number") };
        let name = match tokens.get(1) {
            None => self.sources.get(self.buffers.current_part(reader.buffer)).name.clone(),
            Some(it) if it.kind == Kind::Text && self.buffers.text(it).starts_with('"') => {
                unquoted(self.buffers.text(it))
            }
            Some(it) => {
                let it = *it;
                return self.bad_line(&it, "expected the name of a file in quotes");
            }
        };
        if !marker {
            self.check_extra_tokens(first, &tokens[tokens.len().min(2)..])?;
        }
        self.begin_part(reader, first, name, line)
    }

    fn bad_line(&mut self, token: &Token, label: &str) -> Run {
        let it = self.at_token(&codes::BAD_LINE, token, "malformed line directive").label(label);
        self.report(it.help("write `#line 12 \"name.defs\"`, where the name may be missing"))
    }

    /// The text from here on is a part of the file `name` and begins with this line of it.
    fn begin_part(&mut self, reader: &Reader, directive: &Token, name: String, line: u32) -> Run {
        let place = self.buffers.place(directive);
        self.spend_file(0, place.into())?;
        let whole = self.sources.get(place.file);
        let begin = self.buffers.place_in(reader.buffer, reader.at, reader.at).start;
        let (text, included_from) = (whole.text.clone(), whole.included_from);
        let part = self.sources.add(SourceFile { name, text, begin, first_line: line, included_from });
        self.buffers.begin_part(reader.buffer, reader.at, part);
        Ok(())
    }

    /// The line number of a place in the file that is being read, counted from where the last one was.
    pub(super) fn line_of(&mut self, place: Place) -> u32 {
        let file = self.sources.get(place.file);
        let mut from = (place.file, file.begin, file.first_line);
        if let Some(open) = self.open.last_mut() {
            if let Some(last) = open.line.filter(|it| it.0 == place.file && it.1 <= place.start) {
                from = last;
            }
            let passed = &file.text.as_bytes()[from.1.min(place.start) as usize..place.start as usize];
            from.2 = from.2.saturating_add(passed.iter().filter(|it| **it == b'\n').count() as u32);
            open.line = Some((place.file, place.start, from.2));
        }
        from.2
    }
}

/// What stands between the quotes of a file name.
fn unquoted(text: &str) -> String {
    let mut name = String::new();
    let mut chars = text[1..text.len() - 1].chars();
    while let Some(it) = chars.next() {
        match it {
            '\\' => name.extend(chars.next()),
            _ => name.push(it),
        }
    }
    name
}
