//! Arguments that the kernel fills in from the trailer of a message.

use mig_parser::ast::Arg as ArgNode;
use mig_parser::diag::Diagnostic;
use mig_parser::diag::codes::{messages, routines as codes};
use mig_parser::dialect::Dialect;

use super::Resolver;
use super::special::describe;
use crate::model::{Arg, Class, Role, Sides, Token, Type};

/// The fields that a trailer may have, and their bytes.
const FIELDS: [(&str, u32); 8] = [
    ("msgh_trailer_type", 4),
    ("msgh_trailer_size", 4),
    ("msgh_seqno", 4),
    ("msgh_sender", 8),
    ("msgh_audit", 32),
    ("msgh_context", 8),
    ("msgh_ad", 4),
    ("msgh_labels", 4),
];

impl Resolver<'_> {
    /// The field that `serverimpl` or `userimpl` names.
    pub(super) fn trailer_field(&mut self, node: &ArgNode, role: Role) -> Option<String> {
        if !matches!(role, Role::Token(Token::Field, _)) || !self.has_trailers() {
            return None;
        }
        let it = |at, message: String| Diagnostic::new(&messages::TRAILER_FIELD, at, message);
        match &node.trailer_field {
            Some(field) if bytes_of_field(&field.text).is_some() => return Some(field.text.clone()),
            Some(field) => self.report.push(
                it(field.span, format!("a trailer has no field `{}`", field.text))
                    .label("no field of any trailer")
                    .suggest(&field.text, FIELDS.map(|it| it.0)),
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

    /// Typed messages come without a trailer; what else one would say stands in their headers.
    fn has_trailers(&self) -> bool {
        !self.abi.sequence_number
    }

    pub(super) fn check_token(&mut self, arg: &Arg, ty: &Type, token: Token, sides: Sides) {
        if !self.has_trailers() {
            return self.no_trailer(arg);
        }
        let is_plain = ty.inline && !ty.variable && !ty.is_port() && ty.class == Class::Value;
        // A field without a name has been reported.
        if let Some(bytes) = bytes_of(token, arg)
            && (bytes != ty.bytes() || !is_plain)
        {
            let what = if is_plain { format!("a type of {} bytes", ty.bytes()) } else { describe(ty) };
            self.report.push(
                Diagnostic::new(&codes::TOKEN_TYPE, arg.span, format!("`{}` cannot be a token", arg.name))
                    .label(format!("{what}, and the token has {bytes} bytes"))
                    .note("the classic compilers mean to check this, and do not")
                    .help(match token {
                        Token::Security => "use a type such as `security_token_t`, which is `struct[2] of uint32_t`",
                        Token::Audit => "use a type such as `audit_token_t`, which is `struct[8] of uint32_t`",
                        Token::Context => "use a type such as `mach_port_context_t`, which is `uint64_t`",
                        Token::Field => "use a number or a structure of this size",
                    }),
            );
        }
        let in_kernel = self.kernel.user && sides != Sides::Server || self.kernel.server && sides != Sides::User;
        if in_kernel {
            self.report.push(
                Diagnostic::new(&codes::TOKEN_IN_KERNEL, arg.span, "a kernel may get no token of a sender")
                    .label("this side of the subsystem is in the kernel")
                    .note("the classic compilers mean to refuse this, and do not")
                    .help("leave it out where `subsystem` says `kernelserver` or `kerneluser`"),
            );
        }
    }

    fn no_trailer(&mut self, arg: &Arg) {
        // A dialect of typed messages lacks such arguments, which the parser has said.
        if self.is_dialect(&[Dialect::Mach3, Dialect::Gnu]) {
            return;
        }
        self.report.push(
            Diagnostic::new(&messages::NO_TRAILER, arg.span, format!("nothing says what `{}` is", arg.name))
                .label("a field of a trailer, which typed messages lack")
                .note(format!("`{}` is an ABI of typed messages", self.abi.name))
                .help("leave it out there: `#ifdef __APPLE__`"),
        );
    }
}

/// Bytes of what a token stands for.
fn bytes_of(token: Token, arg: &Arg) -> Option<u32> {
    let field = match token {
        Token::Security => "msgh_sender",
        Token::Audit => "msgh_audit",
        Token::Context => "msgh_context",
        Token::Field => arg.trailer_field.as_deref()?,
    };
    bytes_of_field(field)
}

fn bytes_of_field(name: &str) -> Option<u32> {
    FIELDS.iter().find(|it| it.0 == name).map(|it| it.1)
}
