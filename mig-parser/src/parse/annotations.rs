//! C names and translations behind a type.

use super::grammar::Node;
use super::report::Report;
use super::words::{name, word};
use crate::ast::{Annotation, AnnotationKind, Word};
use crate::diag::Diagnostic;
use crate::diag::codes::syntax;

/// Every annotation and the form it has.
pub(super) const FORMS: [(&str, &str); 7] = [
    ("intran", "intran: server_type function(message_type)"),
    ("outtran", "outtran: message_type function(server_type)"),
    ("destructor", "destructor: function(server_type)"),
    ("intranpayload", "intranpayload: server_type function"),
    ("ctype", "ctype: type"),
    ("cusertype", "cusertype: type"),
    ("cservertype", "cservertype: type"),
];

/// The annotations among the parts of a type; those which are none are reported.
pub(super) fn annotations<'a>(report: &mut Report, parts: impl Iterator<Item = Node<'a>>) -> Vec<Annotation> {
    parts.filter_map(|it| annotation(report, it)).collect()
}

/// `keyword: first second(inner)`; which of the three there must be depends on the keyword.
fn annotation(report: &mut Report, node: Node) -> Option<Annotation> {
    let span = node.span();
    let has_parenthesis = node.text().ends_with(')');
    let mut parts = node.parts();
    let keyword = word(&parts.next().expect("an annotation begins with a word"));
    let Some((_, form)) = FORMS.iter().find(|it| it.0.eq_ignore_ascii_case(&keyword.text)) else {
        report.push(|| unknown(&keyword));
        return None;
    };
    let mut words: Vec<Word> = parts.map(|it| name(report, &it)).collect();
    let inner = if has_parenthesis { words.pop() } else { None };
    let mut words = words.into_iter();
    let kind = kind(&keyword.text.to_ascii_lowercase(), words.next(), words.next(), inner);
    if kind.is_none() {
        report.push(|| {
            let message = format!("`{}` is not written in this form", keyword.text);
            Diagnostic::new(&syntax::ANNOTATION_FORM, span, message).help(format!("its form is `{form}`"))
        });
    }
    Some(Annotation { span, kind: kind? })
}

fn kind(keyword: &str, first: Option<Word>, second: Option<Word>, inner: Option<Word>) -> Option<AnnotationKind> {
    Some(match (keyword, first?, second, inner) {
        ("intran", trans, Some(function), Some(server)) => AnnotationKind::InTran { trans, function, server },
        ("outtran", server, Some(function), Some(trans)) => AnnotationKind::OutTran { server, function, trans },
        ("destructor", function, None, Some(trans)) => AnnotationKind::Destructor { function, trans },
        ("intranpayload", trans, Some(function), None) => AnnotationKind::InTranPayload { trans, function },
        ("ctype", ty, None, None) => AnnotationKind::CType(ty),
        ("cusertype", ty, None, None) => AnnotationKind::CUserType(ty),
        ("cservertype", ty, None, None) => AnnotationKind::CServerType(ty),
        _ => return None,
    })
}

fn unknown(keyword: &Word) -> Diagnostic {
    Diagnostic::new(&syntax::UNKNOWN_ANNOTATION, keyword.span, format!("unknown annotation `{}`", keyword.text))
        .label("a C name or a translation is expected here")
        .suggest(&keyword.text, FORMS.iter().map(|it| it.0))
}
