//! Names and numbers.

use super::grammar::Node;
use super::input::shorten;
use super::report::Report;
use crate::ast::{Number, Word};
use crate::diag::Diagnostic;
use crate::diag::codes::syntax;
use crate::dialect;

/// The text of a node as it stands.
pub(super) fn word(node: &Node) -> Word {
    Word { text: node.text().to_owned(), span: node.span() }
}

/// A word that names something, so no keyword.
pub(super) fn name(report: &mut Report, node: &Node) -> Word {
    let word = word(node);
    if dialect::is_reserved(&word.text) {
        report.push(|| keyword_as_name(&word));
    }
    word
}

pub(super) fn keyword_as_name(word: &Word) -> Diagnostic {
    let message = format!("`{}` is a keyword and cannot be a name", word.text);
    Diagnostic::new(&syntax::KEYWORD_AS_NAME, word.span, message)
        .label("a name is expected here")
        .note("every dialect reserves it")
        .help(format!("choose another name, such as `{}_`", word.text))
}

/// A decimal number that fits 32 bits.
pub(super) fn number(report: &mut Report, node: &Node) -> Number {
    let text = node.text();
    let value = match text.strip_prefix('-') {
        Some(rest) => {
            report.push(|| negative(node));
            rest.parse().unwrap_or(0)
        }
        None if !text.bytes().all(|it| it.is_ascii_digit()) => not_decimal(report, node),
        None => text.parse().unwrap_or_else(|_| too_large(report, node)),
    };
    Number { value, span: node.span() }
}

fn negative(node: &Node) -> Diagnostic {
    let message = format!("the number `{}` is negative", shorten(node.text()));
    Diagnostic::new(&syntax::NEGATIVE_NUMBER, node.span(), message)
        .label("numbers have no sign")
        .note("every number of the language is an unsigned 32-bit one")
        .help("leave the `-` out")
}

/// The classic compilers read `0x10` as the number 0 and the name `x10`.
fn not_decimal(report: &mut Report, node: &Node) -> u32 {
    let text = node.text();
    let digits = text.trim_end_matches(['u', 'U', 'l', 'L']);
    let hexadecimal = text.strip_prefix("0x").or(text.strip_prefix("0X"));
    let meant = match hexadecimal {
        Some(it) => u32::from_str_radix(it.trim_end_matches(['u', 'U', 'l', 'L']), 16).ok(),
        None => digits.parse().ok(),
    };
    report.push(|| {
        let message = format!("`{}` is not a decimal number", shorten(text));
        let it = Diagnostic::new(&syntax::NOT_DECIMAL, node.span(), message)
            .label("only the digits 0 to 9 may stand here")
            .note("the language knows neither hexadecimal numbers nor suffixes");
        match meant {
            Some(meant) => it.help(format!("write `{meant}`")),
            None => it,
        }
    });
    meant.unwrap_or(0)
}

fn too_large(report: &mut Report, node: &Node) -> u32 {
    let wrapped = node.text().bytes().fold(0u32, |it, digit| it.wrapping_mul(10).wrapping_add((digit - b'0').into()));
    report.push(|| {
        let message = format!("the number `{}` does not fit 32 bits", shorten(node.text()));
        Diagnostic::new(&syntax::NUMBER_TOO_LARGE, node.span(), message)
            .label(format!("the largest number is {}", u32::MAX))
            .note(format!("the classic compilers silently take {wrapped} instead"))
            .help("use a smaller number")
    });
    wrapped
}
