//! Integer expressions.

use super::grammar::{Node, Rule};
use super::report::Report;
use super::words::number;
use crate::ast::{Expr, ExprKind, Operator};
use crate::span::Spanned;

/// `product + product - …`
pub(super) fn expression(report: &mut Report, node: Node) -> Expr {
    chain(report, node, product)
}

/// `factor * factor / …`
fn product(report: &mut Report, node: Node) -> Expr {
    chain(report, node, factor)
}

fn factor(report: &mut Report, node: Node) -> Expr {
    let span = node.span();
    let kind = match node.rule() {
        Rule::parenthesis => ExprKind::Paren(Box::new(expression(report, node.only()))),
        _ => ExprKind::Number(number(report, &node).value),
    };
    Expr { span, kind }
}

/// Operands with operators between them, grouped from the left.
fn chain(report: &mut Report, node: Node, operand: fn(&mut Report, Node) -> Expr) -> Expr {
    let mut parts = node.parts();
    let mut left = operand(report, parts.next().expect("an expression has an operand"));
    while let Some(it) = parts.next() {
        let operator = operator(&it);
        let right = operand(report, parts.next().expect("an operand follows an operator"));
        let span = left.span.to(right.span);
        left = Expr { span, kind: ExprKind::Binary(Box::new(left), operator, Box::new(right)) };
    }
    left
}

fn operator(node: &Node) -> Spanned<Operator> {
    node.spanned(Operator::find(node.text()).expect("the grammar has the same operators"))
}
