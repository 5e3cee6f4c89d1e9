//! Checks of a whole routine: its ports, its special arguments, its directions.

use mig_parser::diag::Diagnostic;
use mig_parser::diag::codes::routines as codes;

use super::Resolver;
use super::symbols::port_bits;
use crate::model::{Arg, Class, Consume, Flow, Form, IpcName, Role, Routine, Sides, Token, Type};

impl Resolver<'_> {
    pub(super) fn check_routine(&mut self, routine: &Routine) {
        self.check_request_port(routine);
        for arg in &routine.args {
            let ty = self.ty(arg.ty).clone();
            match arg.role {
                Role::ReplyPort | Role::ServerReplyPort | Role::UserReplyPort => self.check_reply_port(arg, &ty),
                Role::WaitTime | Role::SendTime | Role::MsgOption | Role::SeqNo => self.check_integer(arg, &ty),
                Role::Token(token, sides) => self.check_token(arg, &ty, token, sides),
                Role::Data => self.check_inout(arg, &ty),
                Role::RequestPort => {}
            }
        }
        if routine.one_way {
            self.check_one_way(routine);
        }
        self.check_ret_code(routine);
        self.check_consume(routine);
    }

    fn check_request_port(&mut self, routine: &Routine) {
        let Some(port) = routine.find(Role::RequestPort) else {
            self.report(
                Diagnostic::new(
                    &codes::NO_REQUEST_PORT,
                    routine.span,
                    format!("routine `{}` has no request port", routine.name),
                )
                .label("nobody to send it to")
                .help("make its first argument a port, without a direction: `server : mach_port_t`"),
            );
            return;
        };
        let ty = self.ty(port.ty).clone();
        if !self.is_port_argument(&ty, false) {
            self.report(
                Diagnostic::new(&codes::REQUEST_PORT_TYPE, port.span, format!("`{}` cannot be a request port", port.name))
                    .label(describe(&ty))
                    .note("an argument without a direction is the request port if none came before it")
                    .help("use one send right or send-once right, such as `mach_port_t`, or write `in` before another argument"),
            );
        }
    }

    fn check_reply_port(&mut self, arg: &Arg, ty: &Type) {
        if !self.is_port_argument(ty, true) {
            self.report(
                Diagnostic::new(&codes::REPLY_PORT_TYPE, arg.span, format!("`{}` cannot be a reply port", arg.name))
                    .label(describe(ty))
                    .help("use one send right or send-once right, such as `mach_port_make_send_once_t`"),
            );
        }
    }

    /// One send or send-once right in line, or a polymorphic one; nothing at all is a legal reply port.
    fn is_port_argument(&self, ty: &Type, may_be_none: bool) -> bool {
        let right = match ty.received {
            IpcName::Polymorphic => true,
            IpcName::Number(it) => matches!(it, 17 | 18) || may_be_none && it == 0,
        };
        right
            && ty.number == 1
            && ty.bits == port_bits(&self.abi)
            && ty.inline
            && !ty.variable
            && ty.class == Class::Value
    }

    fn check_integer(&mut self, arg: &Arg, ty: &Type) {
        let integer = IpcName::Number(2);
        let fits = ty.sent == integer && ty.received == integer && ty.bits == 32;
        if fits && ty.number == 1 && ty.inline && !ty.variable && ty.class == Class::Value {
            return;
        }
        let (code, what) = match arg.role {
            Role::SeqNo => (&codes::SEQNO_TYPE, "a sequence number"),
            Role::MsgOption => (&codes::INTEGER_TYPE, "a message option"),
            _ => (&codes::INTEGER_TYPE, "a time limit"),
        };
        self.report(
            Diagnostic::new(code, arg.span, format!("`{}` cannot be {what}", arg.name))
                .label(describe(ty))
                .help("use a plain 32-bit integer, such as `int` or `natural_t`"),
        );
    }

    fn check_token(&mut self, arg: &Arg, ty: &Type, token: Token, sides: Sides) {
        let bytes = match token {
            Token::Security => Some(8),
            Token::Audit => Some(32),
            Token::Context | Token::Field => None,
        };
        let wrong_size = bytes.is_some_and(|it| it != ty.bytes());
        if wrong_size || !ty.inline || ty.variable || ty.is_port() {
            let size = bytes.map_or(String::new(), |it| format!(" of {it} bytes"));
            self.report(
                Diagnostic::new(&codes::TOKEN_TYPE, arg.span, format!("`{}` cannot be a token", arg.name))
                    .label(describe(ty))
                    .note("the classic compiler means to check this, and does not")
                    .help(format!("use a structure{size}, such as `security_token_t` or `audit_token_t`")),
            );
        }
        let Some(subsystem) = &self.interface.subsystem else { return };
        let kernel = subsystem.kernel_user && sides != Sides::Server || subsystem.kernel_server && sides != Sides::User;
        if kernel {
            self.report(
                Diagnostic::new(&codes::TOKEN_IN_KERNEL, arg.span, "the kernel gets no token of a sender")
                    .label("this side of the subsystem is in the kernel")
                    .note("the classic compiler means to refuse this, and does not"),
            );
        }
    }

    fn check_inout(&mut self, arg: &Arg, ty: &Type) {
        if arg.flow != Flow::InOut || !ty.inline || !ty.variable {
            return;
        }
        let out_of_line = ty.is_unbounded() && self.abi.rules.unbounded_out_of_line;
        let ports = ty.is_port() && self.abi.rules.arrays_of_out_of_line;
        if out_of_line || ports {
            return;
        }
        self.report(
            Diagnostic::new(&codes::INOUT_VARIABLE, arg.span, format!("`{}` cannot be `inout`", arg.name))
                .label("an array of variable size in line")
                .note("the place of everything behind it would differ between request and reply")
                .help("use one `in` and one `out` argument"),
        );
    }

    fn check_one_way(&mut self, routine: &Routine) {
        let user_token = |it: &Arg| matches!(it.role, Role::Token(_, Sides::User | Sides::Both));
        for arg in routine.args.iter().filter(|it| it.role == Role::Data && it.flow != Flow::In || user_token(it)) {
            self.report(
                Diagnostic::new(
                    &codes::OUT_OF_ONE_WAY,
                    arg.span,
                    format!("`{}` cannot come back from a simpleroutine", arg.name),
                )
                .label("there is no reply to carry it")
                .also(routine.span, "one way only")
                .help("make it a `routine`, or the argument `in`"),
            );
        }
    }

    fn check_ret_code(&mut self, routine: &Routine) {
        let mut first = None;
        for arg in routine.args.iter().filter(|it| it.options.ret_code) {
            let ty = self.ty(arg.ty).clone();
            let scalar = ty.bits == 32 && ty.number == 1 && ty.inline && !ty.variable && ty.class == Class::Value;
            let why = if !routine.one_way {
                Some("a routine has a return code of its own")
            } else if first.is_some() {
                Some("a second one")
            } else if !scalar || arg.flow != Flow::In || ty.is_port() {
                Some("not a 32-bit number that is sent")
            } else {
                None
            };
            first = first.or(Some(arg.span));
            if let Some(why) = why {
                self.report(
                    Diagnostic::new(&codes::RET_CODE, arg.span, "`retcode` does not fit here")
                        .label(why)
                        .note("it marks the 32-bit `in` argument of a simpleroutine that stands for the rest when it is an error")
                        .help("remove it"),
                );
            }
        }
    }

    fn check_consume(&mut self, routine: &Routine) {
        let timed = routine.wait_time.as_ref().or(routine.send_time.as_ref()).map(|it| it.span);
        let timed = timed.or(routine
            .args
            .iter()
            .find(|it| matches!(it.role, Role::WaitTime | Role::SendTime))
            .map(|it| it.span));
        if let (Some(at), Some(Consume::None)) = (timed, routine.consume_on_send_error) {
            self.report(
                Diagnostic::new(&codes::CONSUME_NONE, at, "a time limit while `consumeonsenderror` is `none`")
                    .label("a message that timed out would leak what it holds in C")
                    .also(routine.span, "in this routine")
                    .help("write `consumeonsenderror timeout;`"),
            );
        }
    }
}

/// What a type is, in words.
fn describe(ty: &Type) -> String {
    let what = match (&ty.form, ty.inline) {
        (_, false) => "data out of line",
        (Form::UpTo(..) | Form::Unbounded(_), _) => "an array of variable size",
        (Form::Text(_), _) => "a string",
        (Form::Members(_), _) => "a structure",
        (Form::Native(_), _) => "a native type",
        _ if ty.number != 1 => "an array",
        _ if ty.received == IpcName::Number(16) => "a receive right",
        _ if ty.is_port() => "a right",
        _ => "a number",
    };
    match &ty.name {
        Some(name) => format!("`{name}` is {what}"),
        None => format!("this is {what}"),
    }
}
