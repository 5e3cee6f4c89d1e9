//! Routines and their arguments.

use super::grammar::{Node, Rule};
use super::report::Report;
use super::types::{named_type, native};
use super::words::{name, word};
use crate::ast::{Arg, ArgType, Direction, Flag, FlagKind, Routine, RoutineKind, Word};
use crate::ast::{Basic, IpcType, NamedType, TypeSpec, TypeSpecKind};
use crate::diag::Diagnostic;
use crate::diag::codes::syntax;
use crate::dialect;
use crate::span::{Span, Spanned};

/// A routine without a mistake in its shape.
pub(super) fn routine(report: &mut Report, kind: RoutineKind, node: Node) -> Routine {
    let mut parts = node.parts();
    let kind = parts.next().expect("a routine begins with a keyword").spanned(kind);
    let name = name(report, &parts.next().expect("a routine has a name"));
    let arguments = parts.next().expect("a routine has arguments");
    let args = arguments.parts().filter_map(|it| argument(report, it)).collect();
    let result = parts.next().map(|it| argument_type(report, it, "result"));
    check_result(report, kind, &name, result.as_ref());
    Routine { kind, name, args, result }
}

/// A function has a result, and nothing else has one.
pub(super) fn check_result(report: &mut Report, kind: Spanned<RoutineKind>, name: &Word, result: Option<&ArgType>) {
    let keyword = kind.value.text();
    match (kind.value, result) {
        (RoutineKind::Function, None) => report.push(|| {
            let message = format!("the function `{}` has no result", name.text);
            Diagnostic::new(&syntax::RESULT, name.span, message)
                .help(format!("write its type behind the arguments: `function {}(…) : type;`", name.text))
        }),
        (RoutineKind::Function, Some(_)) | (_, None) => {}
        (_, Some(it)) => report.push(|| {
            Diagnostic::new(&syntax::RESULT, it.span(), format!("a `{keyword}` has no result"))
                .also(kind.span, "only a `function` has one")
                .help("make it an `out` argument")
        }),
    }
}

/// `direction name : type, flags`; none if it has no type.
pub(super) fn argument(report: &mut Report, node: Node) -> Option<Arg> {
    let span = node.span();
    let mut parts = node.parts().peekable();
    let first = parts.next().expect("an argument begins with a word");
    let second = parts.next_if(|it| it.rule() == Rule::name);
    let Some(ty) = parts.next_if(|it| it.rule() == Rule::argument_type) else {
        report.push(|| without_type(span, &first, second.as_ref()));
        return None;
    };
    let (direction, name_node) = match second {
        Some(it) => (direction(report, &first), it),
        None => (None, first),
    };
    let name = name(report, &name_node);
    let ty = argument_type(report, ty, &name.text);
    let mut arg = Arg { span, direction, name, ty, flags: vec![], trailer_field: None };
    for (index, it) in parts.enumerate() {
        match is_trailer_field(&arg, index, &it) {
            true => arg.trailer_field = Some(word(&it)),
            false => arg.flags.extend(flag(report, it)),
        }
    }
    Some(arg)
}

/// The first word behind `serverimpl x : t,` is no flag but a field of the trailer.
fn is_trailer_field(arg: &Arg, index: usize, node: &Node) -> bool {
    let implied = arg.direction.is_some_and(|it| matches!(it.value, Direction::ServerImpl | Direction::UserImpl));
    implied && index == 0 && !node.text().ends_with(']') && FlagKind::find(node.text()).is_none()
}

fn without_type(span: Span, first: &Node, second: Option<&Node>) -> Diagnostic {
    let (first, second) = (first.text(), second.map(Node::text));
    let it = |name: &str| {
        let message = format!("the argument `{name}` has no type");
        Diagnostic::new(&syntax::NO_TYPE, span.at_end(), message).label("`:` and a type are expected here")
    };
    match second {
        None => it(first).help(format!("write `{first} : type`")),
        Some(name) if Direction::find(first).is_some() => it(name).help(format!("write `{first} {name} : type`")),
        Some(second) => Diagnostic::new(&syntax::NO_TYPE, span, format!("`:` is missing in `{first} {second}`"))
            .label("an argument is written `name : type`")
            .help(format!("write `{first} : {second}`, or `{second} : {first}` if the type stands first here")),
    }
}

fn direction(report: &mut Report, node: &Node) -> Option<Spanned<Direction>> {
    let found = Direction::find(node.text());
    if found.is_none() {
        report.push(|| unknown_direction(node));
    }
    found.map(|it| node.spanned(it))
}

fn unknown_direction(node: &Node) -> Diagnostic {
    let text = node.text();
    let it = Diagnostic::new(&syntax::UNKNOWN_DIRECTION, node.span(), format!("unknown direction `{text}`"))
        .label("a direction such as `in` or `out` is expected before the name");
    match FlagKind::find(text) {
        Some(flag) => it.help(format!("`{}` is a flag: write it behind the type, after a comma", flag.text())),
        None => it.suggest(text, Direction::ALL.iter().map(|it| it.text())),
    }
}

/// The type behind the colon. `owner` is what the type belongs to.
pub(super) fn argument_type(report: &mut Report, node: Node, owner: &str) -> ArgType {
    let form = node.only().only();
    match form.rule() {
        Rule::native => ArgType::Native(native(report, form)),
        Rule::anonymous => ArgType::Declared(anonymous(report, form, owner)),
        _ => {
            let mut parts = form.parts().peekable();
            let first = parts.next().expect("a type has a name");
            match parts.peek() {
                None if dialect::is_symbol(first.text()) => ArgType::Declared(anonymous_symbol(report, &first, owner)),
                None => ArgType::Name(name(report, &first)),
                Some(_) => {
                    let name = name(report, &first);
                    ArgType::Declared(named_type(report, name, parts))
                }
            }
        }
    }
}

/// A type that should have a name is taken for one that is declared in place.
fn anonymous(report: &mut Report, node: Node, owner: &str) -> NamedType {
    let name = missing_name(report, node.span(), owner);
    named_type(report, name, node.parts())
}

fn anonymous_symbol(report: &mut Report, symbol: &Node, owner: &str) -> NamedType {
    let span = symbol.span();
    let basic = Basic { sent: IpcType::Symbol(word(symbol)), received: None, long: None };
    let spec = TypeSpec { span, kind: TypeSpecKind::Basic(basic) };
    NamedType { name: missing_name(report, span, owner), spec, annotations: vec![], span }
}

fn missing_name(report: &mut Report, span: Span, owner: &str) -> Word {
    report.push(|| anonymous_type(span, owner));
    Word { text: format!("{owner}_t"), span: span.at_start() }
}

fn anonymous_type(span: Span, owner: &str) -> Diagnostic {
    Diagnostic::new(&syntax::ANONYMOUS_TYPE, span, format!("the type of `{owner}` has no name"))
        .label("only the name of a type, or a declaration `name = …`, may stand here")
        .help(format!("name it in place: `: {owner}_t = …`"))
        .help(format!("or declare it before the routine: `type {owner}_t = …;`"))
}

/// A flag; none if no flag is called so.
pub(super) fn flag(report: &mut Report, node: Node) -> Option<Flag> {
    let mut parts = node.parts();
    let name = parts.next().expect("a flag is a word");
    let brackets = parts.next().is_some();
    let found = FlagKind::find(name.text());
    if found.is_none() {
        report.push(|| unknown_flag(&name));
    }
    Some(Flag { kind: name.spanned(found?), brackets })
}

fn unknown_flag(node: &Node) -> Diagnostic {
    let text = node.text();
    let it = Diagnostic::new(&syntax::UNKNOWN_FLAG, node.span(), format!("unknown flag `{text}`"))
        .label("a flag such as `dealloc` is expected after a comma");
    match Direction::find(text) {
        Some(direction) => it.help(format!("`{}` is a direction: write it before the name", direction.text())),
        None => it.suggest(text, FlagKind::ALL.iter().map(|it| it.text())),
    }
}
