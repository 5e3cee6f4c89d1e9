//! Numbers between brackets.

use mig_parser::ast::{Expr, ExprKind, Operator};
use mig_parser::diag::Diagnostic;
use mig_parser::diag::codes::types as codes;

use super::Resolver;

impl Resolver<'_> {
    /// The value of an expression; `None` after a diagnostic.
    pub(super) fn number(&mut self, expr: &Expr) -> Option<u32> {
        match value(expr) {
            Ok(it) => Some(it),
            Err(it) => {
                self.report(it);
                None
            }
        }
    }
}

/// C's unsigned arithmetic, except that nothing wraps around silently.
fn value(expr: &Expr) -> Result<u32, Diagnostic> {
    let (left, operator, right) = match &expr.kind {
        ExprKind::Number(it) => return Ok(*it),
        ExprKind::Paren(it) => return value(it),
        ExprKind::Binary(left, operator, right) => (value(left)?, operator, value(right)?),
    };
    let result = match operator.value {
        Operator::Add => left.checked_add(right),
        Operator::Subtract => left.checked_sub(right),
        Operator::Multiply => left.checked_mul(right),
        Operator::Divide if right == 0 => {
            return Err(Diagnostic::new(&codes::DIVISION_BY_ZERO, expr.span, "division by zero")
                .label("has no value")
                .note("the classic compilers crash here"));
        }
        Operator::Divide => left.checked_div(right),
    };
    result.ok_or_else(|| {
        Diagnostic::new(&codes::TOO_LARGE, expr.span, "this number has no place in 32 bits")
            .label(format!("{left} {} {right}", operator.value.text()))
            .note("the classic compilers wrap around silently")
    })
}
