//! `#define` and `#undef`.

use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;

use super::buffers::Token;
use super::lex::Kind;
use super::macros::{Macro, Params, Piece, PieceKind};
use super::{Preprocessor, Run};
use crate::diag::codes::preprocess as codes;
use crate::diag::{Code, Diagnostic};
use crate::source::Place;

/// Parameters of a macro; C promises 127.
const MOST_PARAMETERS: usize = 1000;

/// What stands in the definition of a macro cannot be one; it has been reported.
struct Malformed;

impl Preprocessor<'_, '_> {
    /// Obeys `#define`, of which the tokens behind the keyword are given.
    pub(super) fn define(&mut self, keyword: &Token, tokens: &[Token]) -> Run {
        let Some(name) = self.macro_name(keyword, tokens)? else { return Ok(()) };
        let (params, body) = match tokens.get(1) {
            Some(open) if !open.space && self.buffers.is(open, "(") => match self.params(&tokens[1..])? {
                Ok((params, rest)) => (Some(params), rest),
                Err(Malformed) => return Ok(()),
            },
            _ => (None, &tokens[1..]),
        };
        let Ok(body) = self.body(params.as_ref(), body)? else { return Ok(()) };
        let place = self.buffers.place(&name);
        let name = self.buffers.text(&name).into();
        let new = Rc::new(Macro { name, params, body, place: Some(place), active: Cell::new(0), builtin: None });
        match self.macros.insert(new.clone()) {
            Some(old) if !old.is_same(&new, &self.buffers) => self.report_redefinition(&old, place),
            _ => Ok(()),
        }
    }

    /// Obeys `#undef`.
    pub(super) fn undef(&mut self, keyword: &Token, tokens: &[Token]) -> Run {
        let Some(name) = self.macro_name(keyword, tokens)? else { return Ok(()) };
        self.macros.remove(self.buffers.text(&name));
        self.check_extra_tokens(keyword, &tokens[1..])
    }

    /// The name of a macro, which must be the first token behind a directive's keyword.
    pub(super) fn macro_name(&mut self, keyword: &Token, tokens: &[Token]) -> Run<Option<Token>> {
        let directive = self.buffers.text(keyword).to_owned();
        let Some(name) = tokens.first() else {
            let place = self.buffers.place(keyword);
            let it = Diagnostic::new(&codes::NO_MACRO_NAME, place, format!("`#{directive}` without a macro name"));
            self.report(it.label("a name must follow"))?;
            return Ok(None);
        };
        let (place, text) = (self.buffers.place(name), self.buffers.text(name));
        if name.kind != Kind::Name {
            let it = Diagnostic::new(&codes::NO_MACRO_NAME, place, format!("`{text}` cannot be the name of a macro"));
            let it = it.label("not a name").note("a name begins with a letter or `_`");
            self.report(it)?;
            return Ok(None);
        }
        let changes = matches!(&*directive, "define" | "undef");
        if changes && matches!(text, "defined" | "__VA_ARGS__") {
            let message = format!("`{text}` cannot be the name of a macro");
            let it = Diagnostic::new(&codes::RESERVED_NAME, place, message).label("the preprocessor's own word");
            self.report(it)?;
            return Ok(None);
        }
        Ok(Some(*name))
    }

    /// Says that tokens behind the end of a directive are ignored, if there are any.
    pub(super) fn check_extra_tokens(&mut self, keyword: &Token, rest: &[Token]) -> Run {
        let (Some(first), Some(last)) = (rest.first(), rest.last()) else { return Ok(()) };
        let (first, last) = (self.buffers.place(first), self.buffers.place(last));
        let directive = self.buffers.text(keyword);
        let message = format!("extra text behind `#{directive}` is ignored");
        let it = Diagnostic::new(&codes::EXTRA_TOKENS, Place { end: last.end, ..first }, message).label("ignored");
        let it = match directive {
            "ifdef" | "ifndef" => it.help("to test more than one macro, write `#if defined(A) || defined(B)`"),
            "undef" => it.help("write an `#undef` for each macro"),
            _ => it.help("make it a comment"),
        };
        self.report(it)
    }

    fn report_redefinition(&mut self, old: &Macro, place: Place) -> Run {
        let message = format!("macro `{}` is redefined", old.name);
        let it = Diagnostic::new(&codes::REDEFINED, place, message).label("a different definition");
        let it = match old.place {
            Some(it_was) => it.also(it_was, "the first definition is here"),
            None => it.note("the first definition is built in"),
        };
        self.report(it.note("the new definition is the one in force").help("write `#undef` first if this is intended"))
    }

    /// The parameters from the `(` on, and what comes behind them.
    fn params<'t>(&mut self, tokens: &'t [Token]) -> Run<Result<(Params, &'t [Token]), Malformed>> {
        let mut params = Params { names: Vec::new(), variadic: false };
        let mut at = 1;
        if tokens.get(at).is_some_and(|it| self.buffers.is(it, ")")) {
            return Ok(Ok((params, &tokens[2..])));
        }
        loop {
            match tokens.get(at) {
                Some(it) if it.kind == Kind::Name => params.names.push(self.buffers.text(it).to_owned()),
                Some(it) if self.buffers.is(it, "...") => {
                    params.names.push("__VA_ARGS__".to_owned());
                    params.variadic = true;
                }
                _ => return self.bad_params(tokens, at, "expected a parameter"),
            }
            let name = params.names.last().expect("one was just added");
            if params.names.len() > MOST_PARAMETERS {
                return self.bad_params(tokens, at, "there are too many");
            }
            if name == "__VA_ARGS__" && !params.variadic || params.names[..params.names.len() - 1].contains(name) {
                return self.bad_params(tokens, at, "a second parameter of this name");
            }
            at += 1;
            if !params.variadic && tokens.get(at).is_some_and(|it| self.buffers.is(it, "...")) {
                params.variadic = true;
                at += 1;
            }
            match tokens.get(at) {
                Some(it) if self.buffers.is(it, ")") => return Ok(Ok((params, &tokens[at + 1..]))),
                Some(it) if !params.variadic && self.buffers.is(it, ",") => at += 1,
                _ if params.variadic => return self.bad_params(tokens, at, "expected `)` behind `...`"),
                _ => return self.bad_params(tokens, at, "expected `,` or `)`"),
            }
        }
    }

    fn bad_params<T>(&mut self, tokens: &[Token], at: usize, label: &str) -> Run<Result<T, Malformed>> {
        let place = match tokens.get(at) {
            Some(it) => self.buffers.place(it),
            None => end_of(self.buffers.place(&tokens[at - 1])),
        };
        let it = Diagnostic::new(&codes::BAD_PARAMETERS, place, "malformed parameters of a macro").label(label);
        let it = it.note("a `(` directly behind the name of a macro begins its parameters");
        self.report(it.help("write `(a, b)` or `(a, ...)`, or put a blank before the `(` if it belongs to the body"))?;
        Ok(Err(Malformed))
    }

    /// The body of a macro.
    fn body(&mut self, params: Option<&Params>, tokens: &[Token]) -> Run<Result<Vec<Piece>, Malformed>> {
        let index: HashMap<&str, usize> =
            params.iter().flat_map(|it| &it.names).enumerate().map(|(index, it)| (it.as_str(), index)).collect();
        let mut body: Vec<Piece> = Vec::with_capacity(tokens.len());
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            let text = self.buffers.text(token);
            let mut piece = Piece { token: *token, kind: PieceKind::Plain, pasted: false };
            if token.kind == Kind::Name {
                if let Some(it) = index.get(text) {
                    piece.kind = PieceKind::Param(*it);
                } else if text == "__VA_ARGS__" {
                    let message = "`__VA_ARGS__` outside of a variadic macro";
                    let label = "only a macro whose parameters end with `...` has it";
                    return self.bad_body(&codes::RESERVED_NAME, token, message, label);
                }
            } else if text == "##" {
                match body.last_mut() {
                    Some(last) if at + 1 < tokens.len() => last.pasted = true,
                    _ => {
                        let message = "`##` at the edge of a macro's body";
                        return self.bad_body(&codes::MISPLACED_OPERATOR, token, message, "one side is missing");
                    }
                }
                at += 1;
                continue;
            } else if text == "#" && params.is_some() {
                at += 1;
                let param = tokens.get(at).and_then(|it| index.get(self.buffers.text(it)));
                let Some(param) = param else {
                    let message = "`#` is not followed by a parameter";
                    return self.bad_body(&codes::MISPLACED_OPERATOR, token, message, "makes a string of a parameter");
                };
                piece.token.end = tokens[at].end;
                piece.kind = PieceKind::Stringized(*param);
            }
            body.push(piece);
            at += 1;
        }
        if let Some(first) = body.first_mut() {
            first.token.space = false;
        }
        Ok(Ok(body))
    }

    fn bad_body<T>(
        &mut self,
        code: &'static Code,
        token: &Token,
        message: &str,
        label: &str,
    ) -> Run<Result<T, Malformed>> {
        let place = self.buffers.place(token);
        self.report(Diagnostic::new(code, place, message).label(label))?;
        Ok(Err(Malformed))
    }
}

/// The empty place behind another one.
pub(super) fn end_of(place: Place) -> Place {
    Place { start: place.end, ..place }
}
