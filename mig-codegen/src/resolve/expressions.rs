//! Numbers between brackets.

use mig_parser::ast::{Expr, ExprKind, Operator};
use mig_parser::diag::Diagnostic;
use mig_parser::diag::codes::constructors as codes;

use super::Resolver;

impl Resolver<'_> {
    /// The value of an expression; `None` after a diagnostic. C's unsigned arithmetic, except that nothing wraps
    /// around silently.
    pub(super) fn number(&mut self, expr: &Expr) -> Option<u32> {
        let (left, operator, right) = match &expr.kind {
            ExprKind::Number(it) => return Some(*it),
            ExprKind::Paren(it) => return self.number(it),
            ExprKind::Binary(left, operator, right) => (self.number(left)?, operator.value, self.number(right)?),
        };
        let result = match operator {
            Operator::Add => left.checked_add(right),
            Operator::Subtract => left.checked_sub(right),
            Operator::Multiply => left.checked_mul(right),
            Operator::Divide => left.checked_div(right),
        };
        if result.is_none() {
            self.report.push(no_result(expr, left, operator, right));
        }
        result
    }
}

fn no_result(expr: &Expr, left: u32, operator: Operator, right: u32) -> Diagnostic {
    let wrong = match operator {
        Operator::Divide => {
            return Diagnostic::new(&codes::DIVISION_BY_ZERO, expr.span, "division by zero")
                .label("has no value")
                .note("the classic compilers crash here")
                .help("divide by something else");
        }
        Operator::Subtract => "negative",
        Operator::Add | Operator::Multiply => "too large",
    };
    Diagnostic::new(&codes::TOO_LARGE, expr.span, "this number has no place in 32 bits")
        .label(format!("{left} {} {right} is {wrong}", operator.text()))
        .note("the classic compilers wrap around silently")
        .help(format!("numbers go from 0 to {}", u32::MAX))
}
