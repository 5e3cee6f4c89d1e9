//! Routines and their arguments.

use mig_parser::ast::{Arg as ArgNode, ArgType, Direction, FlagKind, Routine as RoutineNode, RoutineKind};
use mig_parser::diag::codes::routines as codes;
use mig_parser::diag::{Diagnostic, Severity};
use mig_parser::span::Span;

use super::Resolver;
use crate::model::{Arg, ArgOptions, Class, Flow, Form, Role, Routine, Sides, Token, Type, TypeId};

impl Resolver<'_> {
    pub(super) fn routine(&mut self, node: &RoutineNode, doc: Option<String>) {
        let number = self.counter;
        self.counter = self.counter.saturating_add(1);
        if !self.check_kind(node) {
            return;
        }
        self.check_routine_name(node);
        let errors = self.diagnostics.count(Severity::Error);
        let mut args = Vec::new();
        for arg in &node.args {
            self.arg(arg, &mut args);
        }
        self.result(node, &mut args);
        let settings = self.settings.clone();
        let routine = Routine {
            name: node.name.text.clone(),
            span: node.name.span,
            doc,
            number,
            one_way: matches!(node.kind.value, RoutineKind::SimpleRoutine | RoutineKind::SimpleProcedure),
            obsolete: !matches!(node.kind.value, RoutineKind::SimpleRoutine | RoutineKind::Routine),
            args,
            user_prefix: settings.user_prefix,
            server_prefix: settings.server_prefix,
            wait_time: settings.wait_time,
            send_time: settings.send_time,
            msg_option: settings.msg_option,
            special_reply_port: settings.special_reply_port,
            consume_on_send_error: settings.consume_on_send_error,
            error_procedure: settings.error_procedure,
        };
        self.check_routine(&routine);
        let usable = routine.find(Role::RequestPort).is_some();
        if usable && errors == self.diagnostics.count(Severity::Error) {
            self.interface.routines.push(routine);
        }
    }

    fn check_kind(&mut self, node: &RoutineNode) -> bool {
        let kind = node.kind.value;
        let instead = match kind {
            RoutineKind::Routine | RoutineKind::SimpleRoutine => return true,
            RoutineKind::Procedure => "routine",
            RoutineKind::SimpleProcedure => "simpleroutine",
            RoutineKind::Function => "routine` with an `out` argument for the result, or `routine",
            RoutineKind::CamelotRoutine | RoutineKind::TrapRoutine | RoutineKind::TrapSimpleRoutine => {
                self.report(
                    Diagnostic::new(
                        &codes::UNSUPPORTED_KIND,
                        node.kind.span,
                        format!("`{}` is not supported", kind.text()),
                    )
                    .label("no message travels as this says")
                    .note("Camelot transactions and system calls by MIG ended with Mach 2.5 and early Mach 3.0")
                    .help("use `routine` or `simpleroutine`"),
                );
                return false;
            }
        };
        self.report(
            Diagnostic::new(&codes::OBSOLETE_KIND, node.kind.span, format!("`{}` is obsolete", kind.text()))
                .label("its errors went to a procedure; here the function returns them")
                .help(format!("use `{instead}`")),
        );
        true
    }

    fn check_routine_name(&mut self, node: &RoutineNode) {
        let name = &node.name;
        let earlier = self.interface.routines.iter().find(|it| it.name == name.text).map(|it| it.span);
        if let Some(earlier) = earlier {
            self.report(
                Diagnostic::new(&codes::SAME_ROUTINE, name.span, format!("a second routine `{}`", name.text))
                    .label("the same name again")
                    .also(earlier, "the first one")
                    .note("the classic compilers accept this, and the C compiler then refuses their output"),
            );
        }
    }

    /// One argument; nothing is added if its type is unknown.
    fn arg(&mut self, node: &ArgNode, args: &mut Vec<Arg>) {
        let requested = args.iter().any(|it| it.role == Role::RequestPort);
        let (role, flow) = match node.direction {
            None if requested => (Role::Data, Flow::In),
            None => (Role::RequestPort, Flow::In),
            Some(it) => role_of(it.value),
        };
        let Some(ty) = self.arg_type(node) else { return };
        self.check_arg_name(node, args);
        if role != Role::Data {
            self.check_duplicate(role, node, args);
        }
        let record = self.ty(ty).clone();
        let mut options = ArgOptions { dealloc: record.dealloc, long: record.long, ..ArgOptions::default() };
        self.flags(&node.flags, &record, &mut options);
        let at = |kind| node.flags.iter().find(|it| it.kind.value == kind).map_or(node.name.span, |it| it.kind.span);
        self.check_dealloc(at(FlagKind::Dealloc), &record, flow, &mut options);
        let mut arg = Arg { name: node.name.text.clone(), span: node.name.span, role, flow, ty, options };
        self.check_options(&mut arg, &record, args.last(), &at);
        if role == Role::Data {
            self.check_translations(&arg, &record);
            self.check_native(node, &arg, &record);
        }
        args.push(arg);
    }

    fn arg_type(&mut self, node: &ArgNode) -> Option<TypeId> {
        match &node.ty {
            ArgType::Name(it) => self.lookup(it),
            ArgType::Declared(it) => {
                let ty = self.named(it, None)?;
                Some(self.add(ty))
            }
            ArgType::Native(it) => {
                let ty = super::types::native(it);
                Some(self.add(ty))
            }
        }
    }

    fn check_arg_name(&mut self, node: &ArgNode, args: &[Arg]) {
        if let Some(earlier) = args.iter().find(|it| it.name == node.name.text) {
            self.report(
                Diagnostic::new(
                    &codes::SAME_ARGUMENT,
                    node.name.span,
                    format!("a second argument `{}`", node.name.text),
                )
                .label("the same name again")
                .also(earlier.span, "the first one"),
            );
        }
    }

    /// What only one argument may be; the last one wins, as in C.
    fn check_duplicate(&mut self, role: Role, node: &ArgNode, args: &mut Vec<Arg>) {
        let Some(index) = args.iter().position(|it| clash(it.role, role)) else { return };
        let earlier = args.remove(index);
        let (code, what) = match role {
            Role::RequestPort => (&codes::SECOND_REQUEST_PORT, "request port"),
            Role::ReplyPort | Role::ServerReplyPort | Role::UserReplyPort => (&codes::SECOND_REPLY_PORT, "reply port"),
            Role::SeqNo => (&codes::SECOND_SEQNO, "sequence number"),
            Role::SendTime => (&codes::SECOND_TIME, "send time limit"),
            Role::WaitTime => (&codes::SECOND_TIME, "time limit"),
            Role::MsgOption => (&codes::SECOND_MSG_OPTION, "message option"),
            Role::Token(..) => (&codes::SECOND_TOKEN, "token of this kind"),
            Role::Data => return,
        };
        let implicit = role == Role::RequestPort && node.direction.is_some();
        let mut report = Diagnostic::new(code, node.name.span, format!("a second {what}"))
            .label("this one counts")
            .also(earlier.span, "this one is lost: nothing carries it");
        if implicit {
            report = report.note("an argument without a direction is the request port if none came before it");
            report = report.help(format!("write `in {}`", earlier.name));
        } else {
            report = report.help("keep one of them");
        }
        self.report(report);
    }

    /// The value of a `function` is the first datum of its reply.
    fn result(&mut self, node: &RoutineNode, args: &mut Vec<Arg>) {
        let Some(result) = &node.result else {
            if node.kind.value == RoutineKind::Function {
                self.report(
                    Diagnostic::new(
                        &codes::NO_RESULT,
                        node.name.span,
                        format!("function `{}` returns nothing", node.name.text),
                    )
                    .label("a type is missing behind the arguments")
                    .help("write the type of its value behind the arguments: `function f(p : port_t) : int;`"),
                );
            }
            return;
        };
        let synthetic = ArgNode {
            span: result.span(),
            direction: None,
            name: mig_parser::ast::Word { text: "result".to_owned(), span: result.span() },
            ty: result.clone(),
            flags: Vec::new(),
            trailer_field: None,
        };
        let Some(ty) = self.arg_type(&synthetic) else { return };
        let record = self.ty(ty);
        if record.class != Class::Value || record.sent == crate::model::IpcName::Polymorphic {
            self.report(
                Diagnostic::new(&codes::RESULT_TYPE, result.span(), "a function cannot return this type")
                    .label("arrays, strings and polymorphic rights have no value in C")
                    .help("use a `routine` with an `out` argument"),
            );
        }
        let options = ArgOptions { dealloc: self.ty(ty).dealloc, long: self.ty(ty).long, ..ArgOptions::default() };
        let first = args.iter().position(|it| it.flow != Flow::In).unwrap_or(args.len());
        let span = synthetic.name.span;
        args.insert(first, Arg { name: synthetic.name.text, span, role: Role::Data, flow: Flow::Out, ty, options });
    }

    /// A translated type needs the function for each direction in which it travels.
    fn check_translations(&mut self, arg: &Arg, ty: &Type) {
        let translated = match (&ty.c.trans, &ty.c.server) {
            (Some(trans), Some(server)) => trans != server,
            (Some(trans), None) => ty.name.as_ref() != Some(trans),
            _ => false,
        };
        if !translated {
            return;
        }
        let name = ty.name.clone().unwrap_or_default();
        for (missing, function, verb) in [
            (arg.flow != Flow::Out && ty.translation.intran.is_none(), "intran", "received"),
            (arg.flow != Flow::In && ty.translation.outtran.is_none(), "outtran", "returned"),
        ] {
            if missing {
                self.report(
                    Diagnostic::new(
                        &codes::NO_TRANSLATION,
                        arg.span,
                        format!("`{name}` is {verb} here, but has no `{function}`"),
                    )
                    .label("the untranslated value is passed")
                    .also(ty.span, "declared here")
                    .help(format!("give the type an `{function}`, or use one without translation here")),
                );
            }
        }
    }

    fn check_native(&mut self, node: &ArgNode, arg: &Arg, ty: &Type) {
        let Form::Native(native) = &ty.form else { return };
        let input_only = !native.pointer || native.if_not.is_some();
        let wrong = match node.direction.map(|it| it.value) {
            Some(Direction::In) => None,
            Some(Direction::Out | Direction::InOut) if !input_only => None,
            Some(Direction::Out | Direction::InOut) => Some("a value, or one that may be left out, can only be `in`"),
            _ => Some("write `in`, `out` or `inout` before its name"),
        };
        if let Some(why) = wrong {
            self.report(
                Diagnostic::new(&codes::NATIVE_DIRECTION, arg.span, "a native type cannot be used in this direction")
                    .label(why),
            );
        }
    }

    /// Flags that the argument's direction or type make meaningless are dropped, with a warning each.
    fn check_options(&mut self, arg: &mut Arg, ty: &Type, previous: Option<&Arg>, at: &dyn Fn(FlagKind) -> Span) {
        let unbounded = ty.is_unbounded() && !self.abi.rules.unbounded_out_of_line;
        let out_of_line = !ty.inline || ty.is_unbounded() && !unbounded;
        let input = arg.flow == Flow::In && arg.role == Role::Data;
        let counted = ty.variable && ty.class != Class::Text;
        let options = &mut arg.options;
        let mut wrong: Vec<(FlagKind, &'static mig_parser::diag::Code, &str)> = Vec::new();
        if options.count_in_out && (arg.flow != Flow::Out || !counted || out_of_line) {
            options.count_in_out = false;
            wrong.push((
                FlagKind::CountInOut,
                &codes::COUNT_IN_OUT,
                "only an `out` array of variable size in line has room to count",
            ));
        }
        if options.server_copy && !(input && unbounded) {
            options.server_copy = false;
            wrong.push((
                FlagKind::ServerCopy,
                &codes::SERVER_COPY,
                "only an `in` array without a bound may come out of line or not",
            ));
        }
        if options.physical_copy && (!out_of_line || ty.is_port()) {
            options.physical_copy = false;
            wrong.push((FlagKind::PhysicalCopy, &codes::PHYSICAL_COPY, "only out-of-line memory is copied physically"));
        }
        if options.overwrite && (arg.flow != Flow::Out || ty.inline) {
            options.overwrite = false;
            wrong.push((
                FlagKind::Overwrite,
                &codes::OVERWRITE,
                "only `out` data declared out of line can be received into a buffer",
            ));
        }
        if options.same_count {
            let leader = previous.map(|it| (self.interface.ty(it.ty).variable, it.flow, it.options.count_in_out));
            let fits = ty.variable && leader == Some((true, arg.flow, options.count_in_out));
            if !fits {
                options.same_count = false;
                wrong.push((
                    FlagKind::SameCount,
                    &codes::SAME_COUNT,
                    "the argument before must be an array of variable size in the same direction",
                ));
            }
        }
        for (flag, code, why) in wrong {
            self.report(
                Diagnostic::new(code, at(flag), format!("`{}` does not fit here", flag.text()))
                    .label("ignored")
                    .note(why)
                    .help("remove it"),
            );
        }
        self.check_overwrite(arg, at(FlagKind::Overwrite));
    }

    fn check_overwrite(&mut self, arg: &Arg, at: Span) {
        let kernel_user = self.interface.subsystem.as_ref().is_some_and(|it| it.kernel_user);
        if arg.options.overwrite && kernel_user {
            self.report(
                Diagnostic::new(
                    &codes::OVERWRITE_IN_KERNEL,
                    at,
                    "a client in the kernel cannot receive into its own buffer",
                )
                .label("`kerneluser` subsystem")
                .help("remove `overwrite`"),
            );
        }
    }
}

fn role_of(direction: Direction) -> (Role, Flow) {
    let token = |kind, sides| (Role::Token(kind, sides), Flow::In);
    match direction {
        Direction::In => (Role::Data, Flow::In),
        Direction::Out => (Role::Data, Flow::Out),
        Direction::InOut => (Role::Data, Flow::InOut),
        Direction::RequestPort => (Role::RequestPort, Flow::In),
        Direction::ReplyPort => (Role::ReplyPort, Flow::In),
        Direction::SReplyPort => (Role::ServerReplyPort, Flow::In),
        Direction::UReplyPort => (Role::UserReplyPort, Flow::In),
        Direction::WaitTime => (Role::WaitTime, Flow::In),
        Direction::SendTime => (Role::SendTime, Flow::In),
        Direction::MsgOption => (Role::MsgOption, Flow::In),
        Direction::MsgSeqNo => (Role::SeqNo, Flow::In),
        Direction::SecToken => token(Token::Security, Sides::Both),
        Direction::ServerSecToken => token(Token::Security, Sides::Server),
        Direction::UserSecToken => token(Token::Security, Sides::User),
        Direction::AuditToken => token(Token::Audit, Sides::Both),
        Direction::ServerAuditToken => token(Token::Audit, Sides::Server),
        Direction::UserAuditToken => token(Token::Audit, Sides::User),
        Direction::ServerContextToken => token(Token::Context, Sides::Server),
        Direction::ServerImpl => token(Token::Field, Sides::Server),
        Direction::UserImpl => token(Token::Field, Sides::User),
    }
}

/// Whether two arguments want the same place.
fn clash(one: Role, other: Role) -> bool {
    let sides = |it| match it {
        Role::ReplyPort => (true, true),
        Role::ServerReplyPort => (false, true),
        Role::UserReplyPort => (true, false),
        _ => (false, false),
    };
    let (a, b) = (sides(one), sides(other));
    one == other && one != Role::Data || a.0 && b.0 || a.1 && b.1
}
