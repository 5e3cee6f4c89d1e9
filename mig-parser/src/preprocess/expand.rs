//! Macro expansion.
//!
//! Tokens that macros made wait on a stack of contexts. The name of a macro is left alone while a context of that
//! macro is on the stack; a token which was left alone once (`painted`) stays so for ever. Arguments are expanded on
//! a stack of their own, above a floor.

use std::mem;
use std::rc::Rc;

use super::buffers::Token;
use super::lex::Kind;
use super::macros::{Builtin, Macro};
use super::reader::Reader;
use super::substitute::quoted;
use super::{Preprocessor, Run};
use crate::diag::codes::preprocess as codes;
use crate::source::Place;

/// Tokens that are to be read before anything else.
pub(super) struct Context {
    tokens: Vec<Token>,
    next: usize,
    /// The macro that made them.
    of: Option<Rc<Macro>>,
}

/// Where tokens come from.
struct Input<'r> {
    /// Contexts from this one on.
    floor: usize,
    /// The file behind them, for the parentheses and arguments of calls only.
    reader: Option<&'r mut Reader>,
}

/// The arguments of a call: one list, and where each argument ends in it.
pub(super) struct Arguments {
    tokens: Vec<Token>,
    ends: Vec<usize>,
}

impl Arguments {
    /// How many there are; an empty pair of parentheses holds one.
    pub(super) fn count(&self) -> usize {
        self.ends.len()
    }

    /// The tokens of one; none if there is no such argument.
    pub(super) fn get(&self, index: usize) -> &[Token] {
        let Some(end) = self.ends.get(index) else { return &[] };
        let start = index.checked_sub(1).map_or(0, |it| self.ends[it]);
        &self.tokens[start..*end]
    }
}

impl Preprocessor<'_, '_> {
    /// Expands the macro whose name was just read in live text and writes the result. If it is function-like and no
    /// arguments follow, nothing is done.
    pub(super) fn expand_live(&mut self, reader: &mut Reader, name: Token, found: Rc<Macro>) -> Run<bool> {
        if found.params.is_some() && !Self::call_follows(reader) {
            return Ok(false);
        }
        self.output.seam = true;
        self.spent.call = Some(name);
        let mut input = Input { floor: self.contexts.len(), reader: Some(reader) };
        self.expand(&mut input, name, &found)?;
        let mut first = true;
        while let Some(mut token) = self.next_expanded(&mut input)? {
            // The blanks before the name of the macro are in the output already.
            token.space &= !mem::take(&mut first);
            self.output.token(&token, self.buffers.text(&token), self.buffers.place(&token));
            if let Some(reader) = &input.reader {
                self.check_output(reader)?;
            }
        }
        self.output.seam = true;
        Ok(true)
    }

    /// Expands all macros in the operand of a directive.
    pub(super) fn expand_operand(&mut self, tokens: &[Token]) -> Run<Vec<Token>> {
        let outer = mem::replace(&mut self.spent.call, tokens.first().copied());
        let expanded = self.expand_list(tokens)?;
        self.spent.call = outer;
        Ok(expanded)
    }

    /// Expands the condition of `#if`; each `defined` with its operand becomes 0 or 1. `None` if one has no operand.
    pub(super) fn expand_condition(&mut self, tokens: &[Token]) -> Run<Option<Vec<Token>>> {
        let outer = mem::replace(&mut self.spent.call, tokens.first().copied());
        let mut input = Input { floor: self.contexts.len(), reader: None };
        self.contexts.push(Context { tokens: tokens.to_vec(), next: 0, of: None });
        let mut expanded = Vec::with_capacity(tokens.len());
        let mut whole = true;
        while let Some(token) = self.next_expanded(&mut input)? {
            if !self.buffers.is(&token, "defined") {
                expanded.push(token);
                continue;
            }
            match self.expand_defined(&input, &token)? {
                Some(value) => expanded.push(Token { kind: Kind::Defined(value), ..token }),
                None => whole = false,
            }
        }
        self.spent.call = outer;
        Ok(whole.then_some(expanded))
    }

    /// Reads the operand of `defined`.
    fn expand_defined(&mut self, input: &Input, defined: &Token) -> Run<Option<bool>> {
        let mut name = self.next_of_contexts(input)?;
        let open = name.filter(|it| self.buffers.is(it, "("));
        if open.is_some() {
            name = self.next_of_contexts(input)?;
        }
        let Some(name) = name.filter(|it| it.kind == Kind::Name) else {
            let it = self.at_token(&codes::NO_MACRO_NAME, defined, "`defined` without a macro name");
            self.report(it.label("a name must follow").help("write `defined(NAME)`"))?;
            return Ok(None);
        };
        if let Some(open) = open
            && !self.next_of_contexts(input)?.is_some_and(|it| self.buffers.is(&it, ")"))
        {
            let it = self.at_token(&codes::BAD_EXPRESSION, &open, "this `(` is not closed");
            self.report(it.label("`)` is missing behind the name"))?;
            return Ok(None);
        }
        Ok(Some(self.macros.find(self.buffers.text(&name)).is_some()))
    }

    /// Expands all macros in a list that is complete in itself.
    pub(super) fn expand_list(&mut self, tokens: &[Token]) -> Run<Vec<Token>> {
        let Some(first) = tokens.first() else { return Ok(Vec::new()) };
        self.enter(self.buffers.place(first), "macro calls are")?;
        let mut input = Input { floor: self.contexts.len(), reader: None };
        self.contexts.push(Context { tokens: tokens.to_vec(), next: 0, of: None });
        let mut expanded = Vec::with_capacity(tokens.len());
        while let Some(token) = self.next_expanded(&mut input)? {
            expanded.push(token);
        }
        self.leave();
        Ok(expanded)
    }

    /// The next token which is not expanded any further.
    fn next_expanded(&mut self, input: &mut Input) -> Run<Option<Token>> {
        // What expands to nothing leaves the blank before it to the next token.
        let mut space = false;
        while let Some(mut token) = self.next_of_contexts(input)? {
            token.space |= mem::take(&mut space);
            if token.kind != Kind::Name || token.painted {
                return Ok(Some(token));
            }
            let Some(found) = self.macros.find(self.buffers.text(&token)) else { return Ok(Some(token)) };
            if found.params.is_some() && !self.opens_call(input) {
                return Ok(Some(token));
            }
            let empty = self.expand(input, token, &found)?;
            space = empty && token.space;
        }
        Ok(None)
    }

    /// The next token of the contexts. It is painted if it names a macro that is being expanded.
    fn next_of_contexts(&mut self, input: &Input) -> Run<Option<Token>> {
        self.drop_finished(input);
        if self.contexts.len() <= input.floor {
            return Ok(None);
        }
        let context = self.contexts.last_mut().expect("the stack is higher than its floor");
        let mut token = context.tokens[context.next];
        context.next += 1;
        if context.of.is_some() {
            self.spend_tokens(1)?;
        }
        token.painted |= token.kind == Kind::Name
            && self.macros.find(self.buffers.text(&token)).is_some_and(|it| it.active.get() > 0);
        Ok(Some(token))
    }

    /// Takes the contexts off the stack of which nothing is left; their macros may be expanded again.
    fn drop_finished(&mut self, input: &Input) {
        while self.contexts.len() > input.floor
            && let Some(context) = self.contexts.last()
            && context.next == context.tokens.len()
        {
            if let Some(it) = &context.of {
                it.active.set(it.active.get() - 1);
            }
            self.contexts.pop();
        }
    }

    /// Whether the next token is a `(`.
    fn opens_call(&mut self, input: &Input) -> bool {
        self.drop_finished(input);
        if self.contexts.len() > input.floor
            && let Some(context) = self.contexts.last()
        {
            return self.buffers.is(&context.tokens[context.next], "(");
        }
        input.reader.as_ref().is_some_and(|it| Self::call_follows(it))
    }

    /// Puts what a macro stands for in front of the input, and says whether that is nothing. The name was read; if
    /// there are parameters, `(` is next.
    fn expand(&mut self, input: &mut Input, name: Token, found: &Rc<Macro>) -> Run<bool> {
        let step = self.steps.body(&found.name, self.buffers.place(&name), name.step);
        let mut tokens = match (&found.params, found.builtin) {
            (_, Some(builtin)) => vec![self.expand_builtin(builtin, &name)?],
            (None, None) => self.substitute(found, None, step)?,
            (Some(_), None) => match self.arguments(input, &name, found)? {
                Some(arguments) => self.substitute(found, Some(&arguments), step)?,
                None => vec![Token { painted: true, ..name }],
            },
        };
        if let Some(first) = tokens.first_mut() {
            first.space |= name.space;
        }
        let empty = tokens.is_empty();
        found.active.set(found.active.get() + 1);
        self.contexts.push(Context { tokens, next: 0, of: Some(found.clone()) });
        Ok(empty)
    }

    fn expand_builtin(&mut self, builtin: Builtin, name: &Token) -> Run<Token> {
        let place = self.spent.call.map(|it| self.buffers.place(&it));
        let (kind, text) = match (builtin, place) {
            (Builtin::Line, Some(it)) => (Kind::Number, self.line_of(it).to_string()),
            (Builtin::File, Some(it)) => (Kind::Text, quoted(&self.sources.get(it.file).name)),
            (_, None) => (Kind::Number, "0".to_owned()),
        };
        self.make_token(&text, kind, self.buffers.place(name), name.step)
    }

    /// A token that no file contains.
    pub(super) fn make_token(&mut self, text: &str, kind: Kind, place: Place, step: u32) -> Run<Token> {
        let token = self.buffers.make(text, kind, place, step);
        self.spend_tokens(1)?;
        Ok(token)
    }

    /// Reads the arguments of a call, from the `(` on. `None` if the call does not end.
    fn arguments(&mut self, input: &mut Input, name: &Token, found: &Macro) -> Run<Option<Arguments>> {
        let params = found.params.as_ref().expect("only function-like macros have arguments");
        let mut arguments = Arguments { tokens: Vec::new(), ends: Vec::new() };
        let mut depth = 0;
        loop {
            let Some(token) = self.next_raw(input)? else {
                self.report_unterminated_call(name, found)?;
                return Ok(None);
            };
            let text = match token.kind {
                Kind::Mark => self.buffers.text(&token),
                _ => "",
            };
            match text {
                "(" => depth += 1,
                ")" => depth -= 1,
                "," if depth == 1 && !(params.variadic && arguments.ends.len() + 1 == params.names.len()) => {
                    arguments.ends.push(arguments.tokens.len());
                    continue;
                }
                _ => {}
            }
            match depth {
                0 => break,
                1 if text == "(" => {}
                _ => arguments.tokens.push(token),
            }
        }
        arguments.ends.push(arguments.tokens.len());
        self.check_arity(name, found, &arguments)?;
        Ok(Some(arguments))
    }

    /// The next token, whatever it is.
    fn next_raw(&mut self, input: &mut Input) -> Run<Option<Token>> {
        if let Some(token) = self.next_of_contexts(input)? {
            return Ok(Some(token));
        }
        match &mut input.reader {
            Some(reader) => self.call_token(reader),
            None => Ok(None),
        }
    }
}
