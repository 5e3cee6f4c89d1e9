//! Arguments, one by one.

use std::collections::HashMap;

use mig_parser::ast::{Arg as ArgNode, ArgType, Direction};
use mig_parser::diag::Diagnostic;
use mig_parser::diag::codes::{messages, routines as codes};
use mig_parser::span::Span;

use super::Resolver;
use super::roles::{Args, role_of};
use crate::model::{Arg, ArgOptions, Class, Flow, Form, IpcName, Role, Sides, Type, TypeId};

impl Resolver<'_> {
    /// The arguments of a routine.
    pub(super) fn args(&mut self, nodes: &[ArgNode], one_way: bool) -> Args {
        let mut args = Args::new(one_way);
        let mut names = HashMap::new();
        for node in nodes {
            if let Some(earlier) = names.insert(node.name.text.as_str(), node.name.span) {
                self.report.push(same_argument(node, earlier));
            }
            self.arg(node, &mut args);
        }
        args
    }

    /// Adds an argument, unless its type is unknown.
    fn arg(&mut self, node: &ArgNode, args: &mut Args) {
        let (role, flow) = role_of(node.direction.map(|it| it.value), args.has_request_port);
        if role == Role::RequestPort {
            args.implicit_request_port |= node.direction.is_none();
            args.has_request_port = true;
        }
        let ty = self.arg_type(&node.ty);
        let trailer_field = self.trailer_field(node, role);
        let Some(ty) = ty else {
            args.push_unknown();
            return;
        };
        let record = self.ty(ty).clone();
        let mut options = ArgOptions { dealloc: record.dealloc, long: record.long, ..ArgOptions::default() };
        let flags = self.flags(&node.flags, &record, &mut options);
        self.check_dealloc(&flags, &record, flow, &mut options);
        let mut arg =
            Arg { name: node.name.text.clone(), span: node.name.span, role, flow, ty, options, trailer_field };
        self.options(&mut arg, &record, &flags, args);
        self.check_ret_code(&mut arg, &record, &flags, args);
        self.check_translations(&arg, &record);
        self.check_native(node, &arg);
        self.add_arg(arg, args);
    }

    pub(super) fn arg_type(&mut self, node: &ArgType) -> Option<TypeId> {
        let ty = match node {
            ArgType::Name(it) => return self.lookup(it),
            ArgType::Declared(it) => self.named(it, None)?,
            ArgType::Native(it) => self.native(it)?,
        };
        Some(self.add(ty))
    }

    /// A translated type needs the function for each direction in which it travels.
    fn check_translations(&mut self, arg: &Arg, ty: &Type) {
        let (received, returned) = match arg.role {
            Role::Data => (arg.is_sent(), arg.is_returned()),
            _ => (arg.is_on(Sides::Server), false),
        };
        let Some(trans) = ty.c.trans.as_deref().filter(|it| *it != self.server_type(ty)) else { return };
        for (missing, function, verb) in [
            (received && ty.translation.intran.is_none(), "intran", "received"),
            (returned && ty.translation.outtran.is_none(), "outtran", "returned"),
        ] {
            if missing {
                let name = ty.name.as_deref().unwrap_or(trans);
                self.report.push(
                    Diagnostic::new(
                        &messages::NO_TRANSLATION,
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

    /// What a server's stubs call a type in C.
    fn server_type<'a>(&self, ty: &'a Type) -> &'a str {
        let name = ty.c.server.as_deref().or(ty.name.as_deref()).unwrap_or_default();
        let port = ty.sent.is_port() || ty.received.is_port() || (ty.sent, ty.received) == BOTH_POLYMORPHIC;
        let in_kernel = self.abi.rules.kernel_ports && self.kernel.server;
        if in_kernel && port && name == "mach_port_t" { "ipc_port_t" } else { name }
    }

    fn check_native(&mut self, node: &ArgNode, arg: &Arg) {
        let Form::Native(native) = &self.interface.form(arg.ty).form else { return };
        let input_only = !native.pointer || native.if_not.is_some();
        let why = match node.direction.map(|it| it.value) {
            Some(Direction::In) => return,
            Some(Direction::Out | Direction::InOut) if !input_only => return,
            Some(Direction::Out | Direction::InOut) => "a value, or one that may be left out, can only be `in`",
            _ => "`in`, `out` or `inout` is expected before its name",
        };
        let help = if input_only { "in" } else { "in`, `out` or `inout" };
        self.report.push(
            Diagnostic::new(&messages::NATIVE_DIRECTION, arg.span, "a native type cannot be used in this direction")
                .label(why)
                .help(format!("write `{help}` before `{}`", arg.name)),
        );
    }

    /// The value of a `function` is the first datum of its reply. `None` if its type is unknown.
    pub(super) fn result(&mut self, node: &ArgType, args: &mut Vec<Arg>) -> Option<()> {
        let span = node.span();
        let ty = self.arg_type(node)?;
        let record = self.ty(ty);
        let options = ArgOptions { dealloc: record.dealloc, long: record.long, ..ArgOptions::default() };
        let polymorphic = [record.sent, record.received].contains(&IpcName::Polymorphic);
        if record.class != Class::Value || polymorphic {
            self.report.push(
                Diagnostic::new(&messages::RESULT_TYPE, span, "a function cannot return this type")
                    .label("arrays, strings and polymorphic rights are no values in C")
                    .help("use a `routine` with an `out` argument"),
            );
        }
        let mut name = "result".to_owned();
        while args.iter().any(|it| it.name == name) {
            name.push('_');
        }
        let first = args.iter().position(Arg::is_returned).unwrap_or(args.len());
        args.insert(first, Arg { name, span, role: Role::Data, flow: Flow::Out, ty, options, trailer_field: None });
        Some(())
    }
}

const BOTH_POLYMORPHIC: (IpcName, IpcName) = (IpcName::Polymorphic, IpcName::Polymorphic);

fn same_argument(node: &ArgNode, earlier: Span) -> Diagnostic {
    Diagnostic::new(&codes::SAME_ARGUMENT, node.name.span, format!("a second argument `{}`", node.name.text))
        .label("the same name again")
        .also(earlier, "the first one")
        .help("give it another name")
}
