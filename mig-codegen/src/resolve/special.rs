//! Arguments that are no data: ports of the header, time limits, options.

use mig_parser::diag::codes::{messages, routines as codes};
use mig_parser::diag::{Code, Diagnostic};
use mig_parser::dialect::Dialect;

use super::Resolver;
use super::symbols::port_bits;
use crate::model::{Arg, Class, Dealloc, Form, IpcName, Role, Routine, Sides, Type};

impl Resolver<'_> {
    pub(super) fn check_request_port(&mut self, arg: &Arg, ty: &Type) {
        if self.is_header_port(ty, false) {
            return;
        }
        self.report.push(
            Diagnostic::new(&codes::REQUEST_PORT_TYPE, arg.span, format!("`{}` cannot be a request port", arg.name))
                .label(describe(ty))
                .note("an argument without a direction is the request port if none came before it")
                .help(
                    "use one send right or send-once right, such as `mach_port_t`, or write `in` before another argument",
                ),
        );
    }

    pub(super) fn check_reply_port(&mut self, arg: &Arg, ty: &Type) {
        if self.is_header_port(ty, true) {
            return;
        }
        self.report.push(
            Diagnostic::new(&codes::REPLY_PORT_TYPE, arg.span, format!("`{}` cannot be a reply port", arg.name))
                .label(describe(ty))
                .help("use one send right or send-once right, such as `mach_port_make_send_once_t`"),
        );
    }

    /// One send or send-once right in line, or a polymorphic one; nothing at all is a legal reply port.
    fn is_header_port(&self, ty: &Type, may_be_none: bool) -> bool {
        let right = match ty.received {
            IpcName::Polymorphic => true,
            IpcName::Number(it) => matches!(it, 17 | 18) || may_be_none && it == 0,
        };
        right && ty.bits == port_bits(&self.abi) && self.is_plain(ty)
    }

    pub(super) fn check_integer(&mut self, arg: &Arg, ty: &Type) {
        let integer = IpcName::Number(2);
        if ty.sent == integer && ty.received == integer && ty.bits == 32 && self.is_plain(ty) {
            return;
        }
        let (code, what): (&'static Code, _) = match arg.role {
            Role::SeqNo => (&codes::SEQNO_TYPE, "a sequence number"),
            Role::MsgOption => (&codes::INTEGER_TYPE, "a message option"),
            _ => (&codes::INTEGER_TYPE, "a time limit"),
        };
        self.report.push(
            Diagnostic::new(code, arg.span, format!("`{}` cannot be {what}", arg.name))
                .label(describe(ty))
                .help("use a plain 32-bit integer, such as `int` or `natural_t`"),
        );
    }

    /// Nothing comes back from a simpleroutine.
    pub(super) fn check_one_way(&mut self, routine: &Routine, arg: &Arg) {
        let user_token = matches!(arg.role, Role::Token(_, Sides::User | Sides::Both));
        if !arg.is_returned() && !user_token {
            return;
        }
        self.report.push(
            Diagnostic::new(
                &messages::OUT_OF_ONE_WAY,
                arg.span,
                format!("`{}` cannot come back from a simpleroutine", arg.name),
            )
            .label("there is no reply to carry it")
            .also(routine.span, "one way only")
            .help(if user_token {
                "make it a `routine`, or leave it out"
            } else {
                "make it a `routine`, or the argument `in`"
            }),
        );
    }

    /// One value in line. The compilers of typed messages insist that it stays with its sender, although that is the
    /// only thing it can do.
    fn is_plain(&self, ty: &Type) -> bool {
        let stays = ty.dealloc == Dealloc::No || !self.is_dialect(&[Dialect::Mach3, Dialect::Gnu]);
        ty.number == 1 && ty.inline && !ty.variable && ty.class == Class::Value && stays
    }
}

/// What a type is, in words.
pub(super) fn describe(ty: &Type) -> String {
    let right = |name| match name {
        IpcName::Number(16) => Some("a receive right"),
        IpcName::Number(18 | 21) => Some("a send-once right"),
        IpcName::Number(17 | 19 | 20) => Some("a send right"),
        IpcName::Polymorphic => Some("a right of any kind"),
        IpcName::Number(_) => None,
    };
    let what = match (&ty.form, right(ty.received)) {
        (Form::Native(_), _) => "a native type",
        (Form::Text(_), _) => "a string",
        (Form::Members(_), _) => "a structure",
        _ if !ty.inline => "data out of line",
        _ if ty.variable => "an array of variable size",
        _ if ty.number != 1 && ty.class == Class::Value => "a structure",
        _ if ty.number != 1 => "an array",
        _ if ty.dealloc != Dealloc::No => "a value that is to be deallocated",
        (_, Some(it)) => it,
        _ if ty.received != IpcName::Number(2) && ty.bits == 32 => "no plain integer",
        _ => return numbered(ty),
    };
    subject(ty, what)
}

fn numbered(ty: &Type) -> String {
    subject(ty, &format!("a number of {} bits", ty.bits))
}

fn subject(ty: &Type, what: &str) -> String {
    match &ty.name {
        Some(name) => format!("`{name}` is {what}"),
        None => format!("this is {what}"),
    }
}
