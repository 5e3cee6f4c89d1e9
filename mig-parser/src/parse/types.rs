//! Types and their annotations.

use super::annotations::annotations;
use super::expressions::expression;
use super::grammar::{Node, Rule};
use super::report::Report;
use super::routines::flag;
use super::words::{name, number, word};
use crate::ast::{
    Basic, Bound, IpcType, LongForm, Member, NamedType, Native, NativeKind, TypeSpec, TypeSpecKind, Word,
};
use crate::diag::Diagnostic;
use crate::diag::codes::syntax;
use crate::dialect;

/// Name, specification and annotations.
pub(super) fn named_type<'a>(report: &mut Report, name: Word, mut parts: impl Iterator<Item = Node<'a>>) -> NamedType {
    let spec = type_spec(report, parts.next().expect("a named type has a specification"));
    let annotations = annotations(report, parts);
    let span = name.span.to(annotations.last().map_or(spec.span, |it| it.span));
    NamedType { name, spec, annotations, span }
}

pub(super) fn type_spec(report: &mut Report, node: Node) -> TypeSpec {
    let span = node.span();
    let form = node.only();
    let kind = match form.rule() {
        Rule::array => array(report, form),
        Rule::structure => structure(report, form),
        Rule::out_of_line => TypeSpecKind::OutOfLine(Box::new(type_spec(report, form.only()))),
        Rule::c_string => c_string(report, form),
        Rule::native => TypeSpecKind::Native(native(report, form)),
        Rule::long_form => TypeSpecKind::Basic(long_form(report, form)),
        _ => basic_or_name(report, form),
    };
    TypeSpec { span, kind }
}

fn array(report: &mut Report, node: Node) -> TypeSpecKind {
    let mut parts = node.parts();
    let first = parts.next().expect("an array has elements");
    let (bound, element) = match first.rule() {
        Rule::bound => (bound(report, first), parts.next().expect("elements follow the bound")),
        _ => (Bound::Unbounded, first),
    };
    TypeSpecKind::Array { bound, element: Box::new(type_spec(report, element)) }
}

fn bound(report: &mut Report, node: Node) -> Bound {
    let mut parts = node.parts();
    let first = parts.next().expect("a bound is a star or an expression");
    match (first.rule(), parts.next()) {
        (Rule::star, None) => Bound::Star,
        (Rule::star, Some(it)) => Bound::UpTo(expression(report, it)),
        _ => Bound::Fixed(expression(report, first)),
    }
}

fn structure(report: &mut Report, node: Node) -> TypeSpecKind {
    let mut parts = node.parts().peekable();
    let is_array = parts.peek().is_some_and(|it| it.rule() == Rule::expression);
    if !is_array {
        return TypeSpecKind::Members(parts.map(|it| member(report, it)).collect());
    }
    let count = expression(report, parts.next().expect("a count was seen"));
    let element = type_spec(report, parts.next().expect("elements follow the count"));
    TypeSpecKind::Struct { count, element: Box::new(element) }
}

fn member(report: &mut Report, node: Node) -> Member {
    let [ty, member] = node.exactly();
    Member { ty: name(report, &ty), name: name(report, &member) }
}

fn c_string(report: &mut Report, node: Node) -> TypeSpecKind {
    let mut parts = node.parts().peekable();
    let variable = parts.next_if(|it| it.rule() == Rule::star).is_some();
    TypeSpecKind::CString { variable, size: expression(report, parts.next().expect("a string has a size")) }
}

pub(super) fn native(report: &mut Report, node: Node) -> Native {
    let mut parts = node.parts();
    let keyword = parts.next().expect("a native type begins with a keyword");
    let kind = NativeKind::find(keyword.text()).expect("the grammar has the same keywords");
    if keyword.text() != kind.text() {
        report.push(|| wrong_case(&word(&keyword), kind.text()));
    }
    let ty = phrase(report, parts.next().expect("a native type has a C type"));
    Native { kind: keyword.spanned(kind), ty, if_not: parts.next().map(|it| phrase(report, it)) }
}

/// Words of a C type; one blank stands between two.
fn phrase(report: &mut Report, node: Node) -> Word {
    let span = node.span();
    let words: Vec<String> = node.parts().map(|it| name(report, &it).text).collect();
    Word { text: words.join(" "), span }
}

/// A keyword that is written in one way only.
pub(super) fn wrong_case(written: &Word, keyword: &str) -> Diagnostic {
    Diagnostic::new(&syntax::WRONG_CASE, written.span, format!("`{}` must be written `{keyword}`", written.text))
        .label("upper and lower case matter here")
        .note("most keywords may be written in any case, this one may not")
        .help(format!("write `{keyword}`"))
}

fn long_form(report: &mut Report, node: Node) -> Basic {
    let mut parts = node.parts();
    let pair = basic(report, parts.next().expect("a long form has an IPC type"));
    let bits = expression(report, parts.next().expect("a long form has a size"));
    let flags = parts.filter_map(|it| flag(report, it)).collect();
    Basic { long: Some(LongForm { bits, flags }), ..pair }
}

/// One word which is no symbol is the name of a type.
fn basic_or_name(report: &mut Report, node: Node) -> TypeSpecKind {
    let mut parts = node.clone().parts();
    let first = parts.next().expect("a basic type is not empty");
    let alone = parts.next().is_none();
    if alone && first.rule() == Rule::type_name && !dialect::is_symbol(first.text()) && !looks_like_symbol(first.text())
    {
        return TypeSpecKind::Name(name(report, &first));
    }
    TypeSpecKind::Basic(basic(report, node))
}

fn basic(report: &mut Report, node: Node) -> Basic {
    let mut parts = node.parts();
    let sent = ipc_type(report, &parts.next().expect("a basic type is not empty"));
    Basic { sent, received: parts.next().map(|it| ipc_type(report, &it)), long: None }
}

fn ipc_type(report: &mut Report, node: &Node) -> IpcType {
    if node.rule() == Rule::number {
        return IpcType::Number(number(report, node));
    }
    let symbol = word(node);
    if !dialect::is_symbol(&symbol.text) {
        report.push(|| unknown_symbol(&symbol));
    }
    IpcType::Symbol(symbol)
}

fn looks_like_symbol(word: &str) -> bool {
    word.starts_with("MACH_MSG_TYPE_")
}

fn unknown_symbol(symbol: &Word) -> Diagnostic {
    let it = Diagnostic::new(&syntax::UNKNOWN_IPC_TYPE, symbol.span, format!("unknown IPC type `{}`", symbol.text))
        .label("no kind of data that a kernel knows")
        .suggest(&symbol.text, dialect::symbols());
    if looks_like_symbol(&symbol.text) {
        return it.note("names that begin with `MACH_MSG_TYPE_` are reserved for the kinds of data a kernel knows");
    }
    it.note(
        "on both sides of `|`, and in the long form, a `MACH_MSG_TYPE_…` name, `polymorphic` or a number must stand",
    )
}
