//! Types, annotations and expressions.

use crate::ast::*;

pub(super) fn arg_type(ty: &ArgType, depth: usize) -> String {
    match ty {
        ArgType::Name(it) => it.text.clone(),
        ArgType::Declared(it) => named_type(it, depth),
        ArgType::Native(it) => native(it),
    }
}

/// `name = spec`, and each annotation on a line of its own.
pub(super) fn named_type(ty: &NamedType, depth: usize) -> String {
    let indent = "    ".repeat(depth);
    let annotations: String = ty.annotations.iter().map(|it| format!("\n{indent}{}", annotation(it))).collect();
    format!("{} = {}{annotations}", ty.name.text, type_spec(&ty.spec))
}

/// `, dealloc[]`
pub(super) fn flag(flag: &Flag) -> String {
    format!(", {}{}", flag.kind.value.text(), if flag.brackets { "[]" } else { "" })
}

fn type_spec(spec: &TypeSpec) -> String {
    match &spec.kind {
        TypeSpecKind::Basic(it) => basic(it),
        TypeSpecKind::Name(it) => it.text.clone(),
        TypeSpecKind::Array { bound: it, element } => format!("array[{}] of {}", bound(it), type_spec(element)),
        TypeSpecKind::Struct { count, element } => format!("struct[{}] of {}", expr(count), type_spec(element)),
        TypeSpecKind::Members(members) => {
            let members: String = members.iter().map(|it| format!("{} {}; ", it.ty.text, it.name.text)).collect();
            format!("struct {{ {members}}}")
        }
        TypeSpecKind::OutOfLine(it) => format!("^{}", type_spec(it)),
        TypeSpecKind::CString { variable: false, size } => format!("c_string[{}]", expr(size)),
        TypeSpecKind::CString { variable: true, size } => format!("c_string[*:{}]", expr(size)),
        TypeSpecKind::Native(it) => native(it),
    }
}

fn bound(bound: &Bound) -> String {
    match bound {
        Bound::Unbounded => String::new(),
        Bound::Star => "*".to_owned(),
        Bound::UpTo(it) => format!("*:{}", expr(it)),
        Bound::Fixed(it) => expr(it),
    }
}

fn basic(basic: &Basic) -> String {
    let received = basic.received.as_ref().map(|it| format!(" | {}", ipc_type(it))).unwrap_or_default();
    let pair = format!("{}{received}", ipc_type(&basic.sent));
    match &basic.long {
        None => pair,
        Some(it) => {
            let flags: String = it.flags.iter().map(flag).collect();
            format!("({pair}, {}{flags})", expr(&it.bits))
        }
    }
}

fn ipc_type(it: &IpcType) -> String {
    match it {
        IpcType::Number(it) => it.value.to_string(),
        IpcType::Symbol(it) => it.text.clone(),
    }
}

fn native(native: &Native) -> String {
    let if_not = native.if_not.as_ref().map(|it| format!(", {}", it.text)).unwrap_or_default();
    format!("{}({}{if_not})", native.kind.value.text(), native.ty.text)
}

fn annotation(annotation: &Annotation) -> String {
    match &annotation.kind {
        AnnotationKind::InTran { trans, function, server } => {
            format!("intran: {} {}({})", trans.text, function.text, server.text)
        }
        AnnotationKind::OutTran { server, function, trans } => {
            format!("outtran: {} {}({})", server.text, function.text, trans.text)
        }
        AnnotationKind::Destructor { function, trans } => format!("destructor: {}({})", function.text, trans.text),
        AnnotationKind::InTranPayload { trans, function } => {
            format!("intranpayload: {} {}", trans.text, function.text)
        }
        AnnotationKind::CType(it) => format!("ctype: {}", it.text),
        AnnotationKind::CUserType(it) => format!("cusertype: {}", it.text),
        AnnotationKind::CServerType(it) => format!("cservertype: {}", it.text),
    }
}

/// A tree that was not parsed gets the parentheses which its shape needs.
fn expr(it: &Expr) -> String {
    match &it.kind {
        ExprKind::Number(it) => it.to_string(),
        ExprKind::Paren(it) => format!("({})", expr(it)),
        ExprKind::Binary(left, operator, right) => {
            let rank = rank(operator.value);
            format!("{} {} {}", operand(left, rank), operator.value.text(), operand(right, rank + 1))
        }
    }
}

/// An operand which binds at least as tightly as `rank` demands.
fn operand(it: &Expr, rank_wanted: u8) -> String {
    match &it.kind {
        ExprKind::Binary(_, operator, _) if rank(operator.value) < rank_wanted => format!("({})", expr(it)),
        _ => expr(it),
    }
}

fn rank(operator: Operator) -> u8 {
    match operator {
        Operator::Add | Operator::Subtract => 0,
        Operator::Multiply | Operator::Divide => 1,
    }
}
