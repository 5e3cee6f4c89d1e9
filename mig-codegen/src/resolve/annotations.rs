//! What a type is called in C, and how it is translated.

use mig_parser::ast::{Annotation, AnnotationKind, Word};
use mig_parser::diag::Diagnostic;
use mig_parser::diag::codes::constructors as codes;
use mig_parser::span::Span;

use super::Resolver;
use crate::model::Type;

impl Resolver<'_> {
    /// Later annotations replace earlier ones.
    pub(super) fn annotate(&mut self, ty: &mut Type, annotation: &Annotation) {
        self.check_translatable(ty, annotation);
        let (c, translation) = (&mut ty.c, &mut ty.translation);
        let settings: Vec<(&mut Option<String>, &Word, &str)> = match &annotation.kind {
            AnnotationKind::InTran { trans, function, server } => vec![
                (&mut c.trans, trans, "translated type"),
                (&mut translation.intran, function, "`intran` function"),
                (&mut c.server, server, "server's C type"),
            ],
            AnnotationKind::OutTran { server, function, trans } => vec![
                (&mut c.server, server, "server's C type"),
                (&mut translation.outtran, function, "`outtran` function"),
                (&mut c.trans, trans, "translated type"),
            ],
            AnnotationKind::Destructor { function, trans } => {
                vec![(&mut translation.destructor, function, "destructor"), (&mut c.trans, trans, "translated type")]
            }
            AnnotationKind::InTranPayload { trans, function } => vec![
                (&mut c.trans, trans, "translated type"),
                (&mut translation.payload, function, "`intranpayload` function"),
            ],
            AnnotationKind::CType(it) => {
                vec![(&mut c.user, it, "client's C type"), (&mut c.server, it, "server's C type")]
            }
            AnnotationKind::CUserType(it) => vec![(&mut c.user, it, "client's C type")],
            AnnotationKind::CServerType(it) => vec![(&mut c.server, it, "server's C type")],
        };
        for (place, word, what) in settings {
            let earlier = place.replace(word.text.clone());
            if let Some(earlier) = earlier.filter(|it| *it != word.text) {
                self.report.push(conflict(word.span, &word.text, &earlier, what));
            }
        }
    }

    fn check_translatable(&mut self, ty: &Type, annotation: &Annotation) {
        let (code, what) = match annotation.kind {
            _ if !ty.variable => return,
            AnnotationKind::InTran { .. } | AnnotationKind::OutTran { .. } | AnnotationKind::InTranPayload { .. } => {
                (&codes::TRANSLATED_VARIABLE, "be translated")
            }
            AnnotationKind::Destructor { .. } => (&codes::DESTROYED_VARIABLE, "have a destructor"),
            AnnotationKind::CType(_) | AnnotationKind::CUserType(_) | AnnotationKind::CServerType(_) => return,
        };
        let name = ty.name.as_deref().expect("an annotated type has a name");
        self.report.push(
            Diagnostic::new(code, annotation.span, format!("`{name}` varies in size and cannot {what}"))
                .label("only a value of constant size is one argument of a C function")
                .also(ty.span, "this type")
                .help("convert the elements in the server's routine"),
        );
    }
}

fn conflict(at: Span, word: &str, earlier: &str, what: &str) -> Diagnostic {
    Diagnostic::new(&codes::CONFLICTING_ANNOTATIONS, at, format!("two different names for the {what}"))
        .label(format!("`{word}` replaces `{earlier}`"))
        .help("keep one of them")
}
