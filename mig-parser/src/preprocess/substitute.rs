//! What a macro stands for: its body with the arguments in place, `#` and `##` done.

use super::buffers::Token;
use super::expand::Arguments;
use super::lex::{self, Kind};
use super::macros::{Macro, Params, Piece, PieceKind};
use super::{Preprocessor, Run};
use crate::diag::Diagnostic;
use crate::diag::codes::preprocess as codes;
use crate::source::Place;

impl Preprocessor<'_, '_> {
    /// The tokens of a body, brought here by `step`.
    pub(super) fn substitute(&mut self, found: &Macro, arguments: Option<&Arguments>, step: u32) -> Run<Vec<Token>> {
        let mut tokens = Vec::with_capacity(found.body.len());
        let mut expanded: Vec<Option<Vec<Token>>> = Vec::new();
        expanded.resize_with(arguments.map_or(0, Arguments::count), || None);
        // Whether the operands of `##` up to here are all empty.
        let mut nothing_to_paste = false;
        for (index, piece) in found.body.iter().enumerate() {
            let before = index.checked_sub(1).map(|it| &found.body[it]).filter(|it| it.pasted);
            let made = tokens.len();
            match (piece.kind, arguments) {
                (PieceKind::Param(param), Some(arguments)) => {
                    let list = if piece.pasted || before.is_some() {
                        arguments.get(param)
                    } else {
                        self.expanded_argument(arguments, param, &mut expanded)?
                    };
                    self.spend_tokens(list.len())?;
                    self.append_argument(&mut tokens, list, piece, step);
                }
                (PieceKind::Stringized(param), Some(arguments)) => {
                    let text = self.stringized(arguments.get(param));
                    let token = self.make_token(&text, Kind::Text, self.buffers.place(&piece.token), step)?;
                    tokens.push(Token { space: piece.token.space, ..token });
                }
                _ => tokens.push(Token { step, ..piece.token }),
            }
            let empty = tokens.len() == made;
            if let Some(before) = before {
                let comma = tokens[..made].last().is_some_and(|it| self.buffers.is(it, ","));
                if let Some(rest) = rest_of_arguments(before, piece, found.params.as_ref()).filter(|_| comma) {
                    // `, ## __VA_ARGS__` is not pasted; the comma goes if there is no such argument.
                    let given = arguments.map_or(0, Arguments::count);
                    if empty && (given <= rest || rest == 0) {
                        tokens.pop();
                    }
                } else if !empty && !nothing_to_paste {
                    self.paste(&mut tokens, made, (before, piece), step)?;
                }
                nothing_to_paste &= empty;
            } else {
                nothing_to_paste = empty;
            }
        }
        Ok(tokens)
    }

    /// An argument with its macros expanded, which is done once for each call.
    fn expanded_argument<'e>(
        &mut self,
        arguments: &Arguments,
        param: usize,
        expanded: &'e mut [Option<Vec<Token>>],
    ) -> Run<&'e [Token]> {
        let Some(slot) = expanded.get_mut(param) else { return Ok(&[]) };
        if slot.is_none() {
            *slot = Some(self.expand_list(arguments.get(param))?);
        }
        Ok(slot.as_deref().unwrap_or_default())
    }

    fn append_argument(&mut self, tokens: &mut Vec<Token>, list: &[Token], piece: &Piece, call: u32) {
        // Neighbours have mostly come the same way, and share the step through this call.
        let mut shared = None;
        for (index, token) in list.iter().enumerate() {
            let step = match shared {
                Some((from, step)) if from == token.step => step,
                _ => self.steps.argument(call, token.step),
            };
            shared = Some((token.step, step));
            let space = if index == 0 { piece.token.space } else { token.space };
            tokens.push(Token { step, space, ..*token });
        }
    }

    /// An argument as a string: blanks become one space, quotes and backslashes of literals are escaped.
    fn stringized(&self, list: &[Token]) -> String {
        let mut text = String::from("\"");
        for (index, token) in list.iter().enumerate() {
            // The limit will be noticed when the string becomes a token.
            if text.len() > self.options.limits.output {
                break;
            }
            if index > 0 && token.space {
                text.push(' ');
            }
            match token.kind {
                Kind::Text | Kind::Character => push_escaped(&mut text, self.buffers.text(token)),
                _ => text.push_str(self.buffers.text(token)),
            }
        }
        // A lone backslash at the end would hide the quote.
        let backslashes = text.len() - text.trim_end_matches('\\').len();
        text.truncate(text.len() - backslashes % 2);
        text.push('"');
        text
    }

    /// Joins the token before `made` with the one at it.
    fn paste(&mut self, tokens: &mut Vec<Token>, made: usize, pieces: (&Piece, &Piece), step: u32) -> Run {
        let (left, right) = (tokens[made - 1], tokens[made]);
        let text = [self.buffers.text(&left), self.buffers.text(&right)].concat();
        let (from, to) = (self.buffers.place(&pieces.0.token), self.buffers.place(&pieces.1.token));
        let place = if from.file == to.file { Place { end: to.end, ..from } } else { from };
        let comment = text.starts_with("//") || text.starts_with("/*");
        let (kind, end) = lex::token(text.as_bytes(), 0);
        if comment || end < text.len() || kind == Kind::Unterminated {
            return self.report_paste((&left, &right), place);
        }
        let token = self.make_token(&text, kind, place, step)?;
        tokens[made - 1] = Token { space: left.space, ..token };
        tokens.remove(made);
        Ok(())
    }

    fn report_paste(&mut self, tokens: (&Token, &Token), place: Place) -> Run {
        let (left, right) = (self.buffers.text(tokens.0), self.buffers.text(tokens.1));
        let message = format!("`{left}` and `{right}` cannot be pasted together");
        let it = Diagnostic::new(&codes::BAD_PASTE, place, message).label("makes no single token");
        let it = match self.spent.call {
            Some(call) => it.also(self.buffers.place(&call), "in the expansion of this macro"),
            None => it,
        };
        self.report(it.help("write them side by side, without `##`"))
    }

    pub(super) fn report_unterminated_call(&mut self, name: &Token, found: &Macro) -> Run {
        let message = format!("the call of macro `{}` does not end", found.name);
        let it = self.at_token(&codes::UNTERMINATED_CALL, name, message).label("its `)` is missing");
        let it = self.also_definition(it, found);
        self.report(it.note("arguments end at the latest with the file, or with the directive"))
    }

    /// Says so if a call has too many or too few arguments. What is missing counts as empty, the rest is ignored.
    pub(super) fn check_arity(&mut self, name: &Token, found: &Macro, arguments: &Arguments) -> Run {
        let Some(params) = &found.params else { return Ok(()) };
        let (wanted, given) = (params.names.len(), arguments.count());
        let nothing = given == 1 && arguments.get(0).is_empty();
        let fits = match wanted {
            0 => nothing,
            _ if params.variadic => given + 1 >= wanted,
            _ => given == wanted,
        };
        if fits {
            return Ok(());
        }
        let given = if nothing && wanted != 1 { 0 } else { given };
        let least = if params.variadic { wanted - 1 } else { wanted };
        let count = |it: usize| format!("{it} argument{}", if it == 1 { "" } else { "s" });
        let at_least = if params.variadic { "at least " } else { "" };
        let message = format!("macro `{}` takes {at_least}{}, not {given}", found.name, count(least));
        let it = self.at_token(&codes::WRONG_ARITY, name, message).label(format!("called with {}", count(given)));
        let it = self.also_definition(it, found);
        self.report(it.help("parentheses around an argument keep its commas together"))
    }

    fn also_definition(&self, it: Diagnostic, found: &Macro) -> Diagnostic {
        match found.place {
            Some(place) => it.also(place, format!("`{}` is defined here", found.name)),
            None => it,
        }
    }
}

/// The parameter that takes all arguments which are left, if this piece is that and a plain token stands before it.
fn rest_of_arguments(before: &Piece, piece: &Piece, params: Option<&Params>) -> Option<usize> {
    let rest = params.filter(|it| it.variadic)?.names.len() - 1;
    (piece.kind == PieceKind::Param(rest) && before.kind == PieceKind::Plain).then_some(rest)
}

/// A text as the literal that stands for it.
pub(super) fn quoted(text: &str) -> String {
    let mut literal = String::from("\"");
    push_escaped(&mut literal, text);
    literal.push('"');
    literal
}

fn push_escaped(text: &mut String, piece: &str) {
    for it in piece.chars() {
        if matches!(it, '"' | '\\') {
            text.push('\\');
        }
        text.push(it);
    }
}
