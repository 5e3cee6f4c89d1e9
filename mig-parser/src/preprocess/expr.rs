//! `#if` arithmetic: C integers of 64 bits.

use super::buffers::{Buffers, Token};
use super::lex::Kind;
use crate::diag::Code;
use crate::diag::codes::preprocess as codes;

/// What is wrong with an expression.
pub(super) struct Problem {
    pub(super) code: &'static Code,
    /// Which token; `None` for the end of the expression.
    pub(super) at: Option<usize>,
    pub(super) message: String,
    pub(super) label: String,
    pub(super) help: Option<String>,
}

/// A value, or what is wrong; in a box, because every level of nesting has room for one.
pub(super) type Checked<T> = Result<T, Box<Problem>>;

/// Whether an expression, in which macros and `defined` are expanded, is not zero.
pub(super) fn evaluate(tokens: &[Token], buffers: &Buffers, deepest: usize) -> Checked<bool> {
    let mut parser = Parser { tokens, buffers, at: 0, depth: 0, deepest };
    let value = parser.list(true)?;
    match parser.text() {
        None => Ok(value.truth()),
        Some(_) => Err(parser.unexpected("expected an operator")),
    }
}

/// A value of type `intmax_t` or `uintmax_t`.
#[derive(Clone, Copy)]
struct Value {
    bits: u64,
    unsigned: bool,
}

impl Value {
    fn signed(value: i64) -> Value {
        Value { bits: value as u64, unsigned: false }
    }

    fn truth(self) -> bool {
        self.bits != 0
    }
}

struct Parser<'a> {
    tokens: &'a [Token],
    buffers: &'a Buffers,
    at: usize,
    depth: usize,
    deepest: usize,
}

/// Binary operators and how strongly they bind.
const OPERATORS: [(&str, u8); 18] = [
    ("||", 1),
    ("&&", 2),
    ("|", 3),
    ("^", 4),
    ("&", 5),
    ("==", 6),
    ("!=", 6),
    ("<", 7),
    (">", 7),
    ("<=", 7),
    (">=", 7),
    ("<<", 8),
    (">>", 8),
    ("+", 9),
    ("-", 9),
    ("*", 10),
    ("/", 10),
    ("%", 10),
];

impl<'a> Parser<'a> {
    /// Expressions with commas between; the last one counts. If not `live`, nothing is calculated, only checked.
    fn list(&mut self, live: bool) -> Checked<Value> {
        let mut value = self.conditional(live)?;
        while self.take(",") {
            value = self.conditional(live)?;
        }
        Ok(value)
    }

    fn conditional(&mut self, live: bool) -> Checked<Value> {
        let condition = self.binary(1, live)?;
        let question = self.at;
        if !self.take("?") {
            return Ok(condition);
        }
        self.deeper()?;
        let yes = self.list(live && condition.truth())?;
        if !self.take(":") {
            return Err(self.problem(&codes::BAD_EXPRESSION, question, "`?` without `:`", "its `:` is missing"));
        }
        let no = self.conditional(live && !condition.truth())?;
        self.depth -= 1;
        let value = if condition.truth() { yes } else { no };
        Ok(Value { unsigned: yes.unsigned || no.unsigned, ..value })
    }

    /// Operators which bind at least as strongly as `least`.
    fn binary(&mut self, least: u8, live: bool) -> Checked<Value> {
        let mut left = self.unary(live)?;
        while let Some((operator, strength)) = self.operator().filter(|it| it.1 >= least) {
            let at = self.at;
            self.at += 1;
            let right_lives = match operator {
                "&&" => live && left.truth(),
                "||" => live && !left.truth(),
                _ => live,
            };
            self.deeper()?;
            let right = self.binary(strength + 1, right_lives)?;
            self.depth -= 1;
            if right_lives && matches!(operator, "/" | "%") && !right.truth() {
                let label = "the value behind this is 0";
                return Err(self.problem(&codes::DIVISION_BY_ZERO, at, "division by zero", label));
            }
            left = apply(operator, left, right);
        }
        Ok(left)
    }

    fn operator(&self) -> Option<(&'static str, u8)> {
        let text = self.text()?;
        OPERATORS.iter().find(|it| it.0 == text).copied()
    }

    fn unary(&mut self, live: bool) -> Checked<Value> {
        let first = self.at;
        while self.text().is_some_and(|it| matches!(it, "!" | "~" | "-" | "+")) {
            self.at += 1;
        }
        let operators = first..self.at;
        let mut value = self.primary(live)?;
        for at in operators.rev() {
            value = match self.buffers.text(&self.tokens[at]) {
                "!" => Value::signed(i64::from(!value.truth())),
                "~" => Value { bits: !value.bits, ..value },
                "-" => Value { bits: value.bits.wrapping_neg(), ..value },
                _ => value,
            };
        }
        Ok(value)
    }

    fn primary(&mut self, live: bool) -> Checked<Value> {
        let Some(token) = self.tokens.get(self.at) else { return Err(self.unexpected("expected a value")) };
        let text = self.buffers.text(token);
        match token.kind {
            Kind::Number => {
                let value = integer(text).map_err(|it| self.bad_literal(text, it))?;
                self.at += 1;
                Ok(value)
            }
            Kind::Character => {
                let value = character(text).ok_or_else(|| self.bad_literal(text, "not a character"))?;
                self.at += 1;
                Ok(value)
            }
            Kind::Defined(value) => {
                self.at += 1;
                Ok(Value::signed(i64::from(value)))
            }
            Kind::Name => self.undefined(text),
            _ if text == "(" => {
                let open = self.at;
                self.at += 1;
                self.deeper()?;
                let value = self.list(live)?;
                self.depth -= 1;
                if self.take(")") {
                    return Ok(value);
                }
                Err(match self.tokens.get(self.at) {
                    Some(_) => self.unexpected("expected an operator or `)`"),
                    None => self.problem(&codes::BAD_EXPRESSION, open, "this `(` is not closed", "its `)` is missing"),
                })
            }
            _ => Err(self.unexpected("expected a value")),
        }
    }

    /// A name which is no macro counts as 0.
    fn undefined(&mut self, name: &str) -> Checked<Value> {
        let at = self.at;
        self.at += 1;
        if self.text() != Some("(") {
            return Ok(Value::signed(0));
        }
        let message = format!("`{name}` is not defined and cannot be called");
        let help = match name {
            "__has_include" | "__has_attribute" | "__has_builtin" | "__has_feature" | "__has_extension" => {
                format!("test `defined({name})` first, in an `#if` of its own: compilers differ here")
            }
            _ => format!("a macro with parameters must be defined before; to test for that, write `defined({name})`"),
        };
        let mut problem = self.problem(&codes::BAD_EXPRESSION, at, &message, "no macro with parameters");
        problem.help = Some(help);
        Err(problem)
    }

    fn text(&self) -> Option<&'a str> {
        self.tokens.get(self.at).map(|it| self.buffers.text(it))
    }

    fn take(&mut self, text: &str) -> bool {
        let found = self.text() == Some(text);
        self.at += usize::from(found);
        found
    }

    fn deeper(&mut self) -> Checked<()> {
        self.depth += 1;
        if self.depth <= self.deepest {
            return Ok(());
        }
        let message = format!("the expression is nested deeper than {}", self.deepest);
        Err(self.problem(&codes::NESTED_TOO_DEEP, self.at - 1, &message, ""))
    }

    /// Another token should stand here.
    fn unexpected(&self, label: &str) -> Box<Problem> {
        let help = match self.text() {
            Some("=") => Some("to compare, write `==`".to_owned()),
            Some(it) if it.starts_with(['"']) => Some("text cannot be compared here".to_owned()),
            _ => None,
        };
        let message = match self.text() {
            None if self.tokens.is_empty() => "a condition is missing".to_owned(),
            None => "the condition ends too early".to_owned(),
            Some(it) => format!("`{it}` does not fit into the condition"),
        };
        let mut problem = self.problem(&codes::BAD_EXPRESSION, self.at, &message, label);
        problem.help = help;
        problem
    }

    fn bad_literal(&self, text: &str, label: &str) -> Box<Problem> {
        let message = format!("`{text}` is not an integer");
        self.problem(&codes::BAD_INTEGER, self.at, &message, label)
    }

    fn problem(&self, code: &'static Code, at: usize, message: &str, label: &str) -> Box<Problem> {
        let at = (at < self.tokens.len()).then_some(at);
        Box::new(Problem { code, at, message: message.to_owned(), label: label.to_owned(), help: None })
    }
}

/// Calculates as C does: unsigned if one side is, wrapping around. Division by zero, which nobody evaluates, is 0.
fn apply(operator: &str, left: Value, right: Value) -> Value {
    let unsigned = left.unsigned || right.unsigned;
    let (a, b) = (left.bits, right.bits);
    let (signed_a, signed_b) = (a as i64, b as i64);
    let number = |bits| Value { bits, unsigned };
    let truth = |it: bool| Value::signed(i64::from(it));
    let less = if unsigned { a < b } else { signed_a < signed_b };
    match operator {
        "||" => truth(a != 0 || b != 0),
        "&&" => truth(a != 0 && b != 0),
        "|" => number(a | b),
        "^" => number(a ^ b),
        "&" => number(a & b),
        "==" => truth(a == b),
        "!=" => truth(a != b),
        "<" => truth(less),
        ">=" => truth(!less),
        ">" => truth(!less && a != b),
        "<=" => truth(less || a == b),
        "<<" => shift(left, right, false),
        ">>" => shift(left, right, true),
        "+" => number(a.wrapping_add(b)),
        "-" => number(a.wrapping_sub(b)),
        "*" => number(a.wrapping_mul(b)),
        _ if b == 0 => number(0),
        "/" if unsigned => number(a / b),
        "/" => number(signed_a.wrapping_div(signed_b) as u64),
        _ if unsigned => number(a % b),
        _ => number(signed_a.wrapping_rem(signed_b) as u64),
    }
}

/// Shifts; a negative count shifts the other way.
fn shift(left: Value, right: Value, to_right: bool) -> Value {
    let backwards = !right.unsigned && (right.bits as i64) < 0;
    let count = if backwards { right.bits.wrapping_neg() } else { right.bits };
    let bits = match (to_right != backwards, u32::try_from(count).ok().filter(|it| *it < 64)) {
        (true, Some(count)) if left.unsigned => left.bits >> count,
        (true, count) if !left.unsigned => ((left.bits as i64) >> count.unwrap_or(63)) as u64,
        (false, Some(count)) => left.bits << count,
        _ => 0,
    };
    Value { bits, ..left }
}

/// The value of a literal, or what is wrong with it.
fn integer(text: &str) -> Result<Value, &'static str> {
    let lower = text.to_ascii_lowercase();
    let (base, digits) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, &lower[2..]),
        [b'0', b'b', ..] => (2, &lower[2..]),
        [b'0', ..] => (8, &lower[..]),
        _ => (10, &lower[..]),
    };
    let end = digits.find(|it: char| !it.is_digit(base)).unwrap_or(digits.len());
    let (digits, suffix) = digits.split_at(end);
    let unsigned = match suffix {
        "" | "l" | "ll" => false,
        "u" | "ul" | "ull" | "lu" | "llu" => true,
        _ if suffix.starts_with(['.', 'e', 'p']) => return Err("a floating-point number"),
        _ if suffix.starts_with(['8', '9']) => return Err("a leading 0 makes it octal, which has no 8 and 9"),
        _ => return Err("a malformed number"),
    };
    if digits.is_empty() {
        return Err("a malformed number");
    }
    let bits = u64::from_str_radix(digits, base).map_err(|_| "needs more than 64 bits")?;
    Ok(Value { bits, unsigned: unsigned || bits > i64::MAX as u64 })
}

/// The value of a character constant: of one character the value of a `signed char`, of more that of an `int`.
fn character(text: &str) -> Option<Value> {
    let (prefix, quoted) = text.split_at(text.find('\'')?);
    let mut rest = quoted.get(1..quoted.len() - 1)?;
    if prefix.is_empty() && !rest.is_ascii() {
        return None;
    }
    let (mut count, mut value) = (0, 0);
    while !rest.is_empty() {
        let unit = unit(&mut rest)?;
        value = if prefix.is_empty() { value << 8 | Some(unit).filter(|it| *it < 0x100)? } else { unit };
        count += 1;
    }
    match (prefix, count) {
        (_, 0) => None,
        ("", 1) => Some(Value::signed(i64::from(value as u8 as i8))),
        ("" | "L", _) => Some(Value::signed(i64::from(value as i32))),
        _ => Some(Value { bits: u64::from(value), unsigned: true }),
    }
}

/// Takes a character or an escape sequence from the front.
fn unit(rest: &mut &str) -> Option<u32> {
    let mut chars = rest.chars();
    let first = chars.next()?;
    let Some(escape) = (first == '\\').then(|| chars.next()).flatten() else {
        *rest = chars.as_str();
        return Some(u32::from(first));
    };
    let (base, from, most) = match escape {
        '0'..='7' => (8, &rest[1..], 3),
        'x' => (16, &rest[2..], usize::MAX),
        _ => {
            *rest = chars.as_str();
            return Some(NAMED_ESCAPES.iter().find(|it| it.0 == escape).map_or(u32::from(escape), |it| it.1));
        }
    };
    let count = from.chars().take(most).take_while(|it| it.is_digit(base)).count();
    *rest = &from[count..];
    u32::from_str_radix(&from[..count], base).ok()
}

const NAMED_ESCAPES: [(char, u32); 8] =
    [('a', 7), ('b', 8), ('t', 9), ('n', 10), ('v', 11), ('f', 12), ('r', 13), ('e', 27)];
