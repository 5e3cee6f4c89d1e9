//! Routines.

use mig_parser::ast::{Routine as RoutineNode, RoutineKind, Word};
use mig_parser::diag::Diagnostic;
use mig_parser::diag::codes::{constructors, messages, routines as codes};
use mig_parser::dialect::Dialect;

use super::Resolver;
use super::constructors::LARGEST;
use super::special::describe;
use crate::model::{Arg, Companion, Consume, Flow, Role, Routine, Sides, Type};

impl Resolver<'_> {
    pub(super) fn routine(&mut self, node: &RoutineNode, doc: Option<String>) {
        let number = self.counter;
        self.skip(1);
        let errors = self.report.errors;
        self.check_routine_name(&node.name);
        if !self.check_kind(node) {
            return;
        }
        let args = self.args(&node.args, is_one_way(node.kind.value));
        let mut incomplete = args.incomplete;
        if !args.has_request_port && !incomplete {
            self.report.push(no_request_port(node));
        }
        let mut args = args.finish();
        if let (RoutineKind::Function, Some(result)) = (node.kind.value, &node.result) {
            incomplete |= self.result(result, &mut args).is_none();
        }
        if !incomplete {
            self.check_ret_code_alone(&mut args);
        }
        let routine = self.with_settings(node, doc, number, args);
        self.check_routine(&routine);
        if !incomplete && errors == self.report.errors {
            self.interface.routines.push(routine);
        }
    }

    /// The routine, with the settings in force as far as they are about routines like it.
    fn with_settings(&mut self, node: &RoutineNode, doc: Option<String>, number: u32, args: Vec<Arg>) -> Routine {
        let settings = self.settings.clone();
        let has = |role| args.iter().any(|it| it.role == role);
        let timed = has(Role::WaitTime) || has(Role::SendTime);
        let wait_time = settings.wait_time.filter(|_| !timed);
        let send_time = settings.send_time.filter(|_| !timed && wait_time.is_none());
        let own_reply_port = has(Role::ReplyPort) || has(Role::UserReplyPort);
        let one_way = is_one_way(node.kind.value);
        let special_reply_port = settings.special_reply_port.filter(|_| !one_way && !own_reply_port);
        if let Some(at) = special_reply_port {
            self.check_special_reply_port(at);
        }
        Routine {
            name: node.name.text.clone(),
            span: node.name.span,
            doc,
            number,
            one_way,
            obsolete: !matches!(node.kind.value, RoutineKind::SimpleRoutine | RoutineKind::Routine),
            user_prefix: settings.user_prefix,
            server_prefix: settings.server_prefix,
            wait_time,
            send_time,
            msg_option: settings.msg_option.filter(|_| !has(Role::MsgOption)),
            special_reply_port: special_reply_port.is_some(),
            consume_on_send_error: settings.consume_on_send_error,
            error_procedure: settings.error_procedure,
            args,
        }
    }

    fn check_routine_name(&mut self, name: &Word) {
        if let Some(earlier) = self.routine_names.insert(name.text.clone(), name.span) {
            self.report.push(
                Diagnostic::new(&codes::SAME_ROUTINE, name.span, format!("a second routine `{}`", name.text))
                    .label("the same name again")
                    .also(earlier, "the first one")
                    .note("the classic compilers accept this, and the C compiler then refuses their output")
                    .help("give it another name; its message id stays the same"),
            );
        }
    }

    fn check_kind(&mut self, node: &RoutineNode) -> bool {
        let (kind, at) = (node.kind.value, node.kind.span);
        let instead = match kind {
            RoutineKind::Routine | RoutineKind::SimpleRoutine => return true,
            RoutineKind::Procedure => "use `routine`",
            RoutineKind::SimpleProcedure => "use `simpleroutine`",
            RoutineKind::Function => "use `routine` with an `out` argument for the result, before all others",
            RoutineKind::CamelotRoutine | RoutineKind::TrapRoutine | RoutineKind::TrapSimpleRoutine => {
                self.report.push(
                    Diagnostic::new(&messages::UNSUPPORTED_KIND, at, format!("`{}` is not supported", kind.text()))
                        .label("no message travels as this says")
                        .note("Camelot transactions and system calls by MIG ended with Mach 2.5 and early Mach 3.0")
                        .help("use `routine` or `simpleroutine`"),
                );
                return false;
            }
        };
        self.report.push(
            Diagnostic::new(&messages::OBSOLETE_KIND, at, format!("`{}` is obsolete", kind.text()))
                .label("its errors went to a procedure; here the function returns them")
                .help(instead),
        );
        true
    }

    /// What can only be said of all arguments together.
    fn check_routine(&mut self, routine: &Routine) {
        for arg in &routine.args {
            let ty = self.ty(arg.ty).clone();
            match arg.role {
                Role::RequestPort => self.check_request_port(arg, &ty),
                Role::ReplyPort | Role::ServerReplyPort | Role::UserReplyPort => self.check_reply_port(arg, &ty),
                Role::WaitTime | Role::SendTime | Role::MsgOption | Role::SeqNo => self.check_integer(arg, &ty),
                Role::Token(token, sides) => self.check_token(arg, &ty, token, sides),
                Role::Data => {
                    self.check_inout(arg, &ty);
                    self.check_number(arg, &ty);
                }
            }
            if routine.one_way {
                self.check_one_way(routine, arg);
            }
        }
        self.check_size(routine);
        self.check_consume(routine);
    }

    fn check_inout(&mut self, arg: &Arg, ty: &Type) {
        let rights = ty.is_port() && self.abi.rules.rights_in_descriptors;
        let counted = self.interface.companions(arg, Sides::User).contains(&Companion::SubCounts);
        let what = match ty.inline {
            _ if arg.flow != Flow::InOut || !ty.variable => return,
            true if !rights => format!("{}, and in line", describe(ty)),
            // The counts of arrays out of line are an array in line.
            false if counted => "the counts of its elements are in line, and vary in number".to_owned(),
            _ => return,
        };
        self.report.push(
            Diagnostic::new(&messages::INOUT_VARIABLE, arg.span, format!("`{}` cannot be `inout`", arg.name))
                .label(what)
                .note("the place of everything behind it would differ between request and reply")
                .help("use one `in` and one `out` argument"),
        );
    }

    /// In a typed message nothing sets the number of what is out of line and of constant size.
    fn check_number(&mut self, arg: &Arg, ty: &Type) {
        if ty.inline || ty.variable || self.abi.rules.constant_out_of_line {
            return;
        }
        self.report.push(
            Diagnostic::new(
                &constructors::CONSTANT_OUT_OF_LINE,
                arg.span,
                format!("`{}` would transfer nothing", arg.name),
            )
            .label("out of line, but not an array of variable size")
            .also(ty.span, "declared here")
            .note("GNU MIG accepts it and sends a region of no bytes")
            .help("use a type such as `^ array[] of …`, or one in line")
            .as_error(),
        );
    }

    /// Everything in line must fit one message.
    fn check_size(&mut self, routine: &Routine) {
        let bytes = |args: &mut dyn Iterator<Item = &Arg>| -> u64 {
            let types = args.map(|it| self.ty(it.ty)).filter(|it| it.inline);
            types.map(|it| u64::from(it.bytes().max(it.c_bytes()))).sum()
        };
        let most = bytes(&mut routine.sent()).max(bytes(&mut routine.returned()));
        if most > LARGEST {
            self.report.push(
                Diagnostic::new(&constructors::TOO_LARGE, routine.span, "a message of this routine is too large")
                    .label(format!("up to {most} bytes"))
                    .note(format!("a message has at most {LARGEST} bytes in line"))
                    .help("send the largest arguments out of line: `^ array[] of …`"),
            );
        }
    }

    /// Apple's compiler complains unless the definition chooses otherwise; here nothing leaks unless it insists.
    fn check_consume(&mut self, routine: &Routine) {
        let setting = routine.wait_time.as_ref().or(routine.send_time.as_ref()).map(|it| it.span);
        let arg =
            || routine.args.iter().find(|it| matches!(it.role, Role::WaitTime | Role::SendTime)).map(|it| it.span);
        let leaks = match routine.consume_on_send_error {
            None => self.is_dialect(&[Dialect::Darwin]),
            Some(it) => it == Consume::None,
        };
        if let Some(at) = setting.or_else(arg).filter(|_| leaks) {
            self.report.push(
                Diagnostic::new(&messages::CONSUME_NONE, at, "a time limit, and nothing is done when it is reached")
                    .label("a message that was not sent in time leaks what it holds, in C")
                    .also(routine.span, "in this routine")
                    .help("write `consumeonsenderror timeout;` before the routine"),
            );
        }
    }
}

fn no_request_port(node: &RoutineNode) -> Diagnostic {
    let name = &node.name;
    Diagnostic::new(&codes::NO_REQUEST_PORT, name.span, format!("routine `{}` has no request port", name.text))
        .label("nobody to send it to")
        .help("make its first argument a port, without a direction: `server : mach_port_t`")
}

fn is_one_way(kind: RoutineKind) -> bool {
    matches!(kind, RoutineKind::SimpleRoutine | RoutineKind::SimpleProcedure)
}
