//! Arguments that the kernel fills in from the trailer of a message.

use mig_parser::ast::Arg as ArgNode;
use mig_parser::diag::Diagnostic;
use mig_parser::diag::codes::{messages, routines as codes};
use mig_parser::dialect::Dialect;

use super::Resolver;
use super::special::describe;
use crate::model::{Arg, Role, Sides, Token, Type};

/// The fields that a trailer may have.
const FIELDS: [&str; 8] = [
    "msgh_trailer_type",
    "msgh_trailer_size",
    "msgh_seqno",
    "msgh_sender",
    "msgh_audit",
    "msgh_context",
    "msgh_ad",
    "msgh_labels",
];

impl Resolver<'_> {
    /// The field that `serverimpl` or `userimpl` names.
    pub(super) fn trailer_field(&mut self, node: &ArgNode, role: Role) -> Option<String> {
        if !matches!(role, Role::Token(Token::Field, _)) {
            return None;
        }
        let it = |at, message: String| Diagnostic::new(&messages::TRAILER_FIELD, at, message);
        match &node.trailer_field {
            Some(field) if FIELDS.contains(&field.text.as_str()) => return Some(field.text.clone()),
            Some(field) => self.report.push(
                it(field.span, format!("a trailer has no field `{}`", field.text))
                    .label("no field of any trailer")
                    .suggest(&field.text, FIELDS),
            ),
            // There the parser has said so.
            None if self.is_dialect(&[Dialect::Osf]) => {}
            None => self.report.push(
                it(node.name.span, format!("`{}` stands for no field of the trailer", node.name.text))
                    .label("nothing says which")
                    .note("Apple's compiler has no way to name one, and its output does not compile")
                    .help(format!(
                        "write a comma and the field behind the type: `{} : …, msgh_sender`",
                        node.name.text
                    )),
            ),
        }
        None
    }

    pub(super) fn check_token(&mut self, arg: &Arg, ty: &Type, token: Token, sides: Sides) {
        let bytes = match token {
            Token::Security => Some(8),
            Token::Audit => Some(32),
            Token::Context | Token::Field => None,
        };
        let size = bytes.is_none_or(|it| it == ty.bytes());
        if !size || !ty.inline || ty.variable || ty.is_port() {
            let it = Diagnostic::new(&codes::TOKEN_TYPE, arg.span, format!("`{}` cannot be a token", arg.name));
            let label = match bytes {
                Some(bytes) => format!("{}, but a token has {bytes} bytes", describe(ty)),
                None => describe(ty),
            };
            let help = match token {
                Token::Security => "use a structure such as `security_token_t`, which is `struct[2] of uint32_t`",
                Token::Audit => "use a structure such as `audit_token_t`, which is `struct[8] of uint32_t`",
                Token::Context | Token::Field => "use a number, or a structure of constant size",
            };
            self.report.push(it.label(label).note("the classic compilers mean to check this, and do not").help(help));
        }
        let in_kernel = self.kernel.user && sides != Sides::Server || self.kernel.server && sides != Sides::User;
        if in_kernel {
            self.report.push(
                Diagnostic::new(&codes::TOKEN_IN_KERNEL, arg.span, "the kernel gets no token of a sender")
                    .label("this side of the subsystem is in the kernel")
                    .note("the classic compilers mean to refuse this, and do not")
                    .help("leave it out where `subsystem` says `kernelserver` or `kerneluser`"),
            );
        }
    }
}
