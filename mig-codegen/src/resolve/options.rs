//! Flags that only arguments have. Those that an argument's direction or type make meaningless are dropped.

use mig_parser::ast::{Flag, FlagKind};
use mig_parser::diag::codes::messages as codes;
use mig_parser::diag::{Code, Diagnostic};
use mig_parser::dialect::Dialect;
use mig_parser::span::Span;

use super::Resolver;
use super::roles::Args;
use crate::model::{Arg, Class, Flow, Form, Role, Type, TypeId};

impl Resolver<'_> {
    /// Sets what the flags say, as far as it fits.
    pub(super) fn options(&mut self, arg: &mut Arg, ty: &Type, flags: &[Flag], args: &Args) {
        // Whether a count can be shared depends on the other flags.
        let (shared, others): (Vec<&Flag>, _) = flags.iter().partition(|it| it.kind.value == FlagKind::SameCount);
        for flag in others.into_iter().chain(shared) {
            let (kind, at) = (flag.kind.value, flag.kind.span);
            match self.obstacle(kind, arg, ty, args) {
                None => set(kind, arg),
                Some((code, why)) => self.report.push(does_not_fit(code, kind, at, why)),
            }
        }
        if let Some(flag) = flags.iter().find(|it| it.kind.value == FlagKind::Overwrite)
            && arg.options.overwrite
            && self.kernel.user
        {
            self.report.push(
                Diagnostic::new(
                    &codes::OVERWRITE_IN_KERNEL,
                    flag.kind.span,
                    "a client in the kernel cannot receive into its own buffer",
                )
                .label("this is a `kerneluser` subsystem")
                .help("remove `overwrite`"),
            );
        }
    }

    /// Why a flag means nothing on an argument.
    fn obstacle(&self, flag: FlagKind, arg: &Arg, ty: &Type, args: &Args) -> Option<(&'static Code, &'static str)> {
        let in_line = ty.inline && !ty.is_unbounded();
        let (fits, code, why): (_, &'static Code, _) = match flag {
            FlagKind::CountInOut => (
                arg.flow == Flow::Out && is_counted(ty) && ty.inline,
                &codes::COUNT_IN_OUT,
                "only an `out` array of variable size in line has room to count",
            ),
            FlagKind::ServerCopy => (
                arg.is_sent() && ty.is_unbounded(),
                &codes::SERVER_COPY,
                "only an `in` array without a bound may come out of line or not",
            ),
            FlagKind::PhysicalCopy => (
                !ty.inline && !ty.is_port(),
                &codes::PHYSICAL_COPY,
                if ty.is_port() { "rights are not copied" } else { "only out-of-line memory is copied physically" },
            ),
            FlagKind::Overwrite => (
                arg.flow == Flow::Out && self.is_declared_out_of_line(arg.ty),
                &codes::OVERWRITE,
                "only `out` data declared out of line with `^` can be received into a buffer",
            ),
            FlagKind::SameCount => return self.obstacle_to_same_count(arg, ty, args),
            FlagKind::Auto => (
                arg.is_sent() && arg.flow == Flow::In && !in_line && !ty.is_port(),
                &codes::NO_EFFECT,
                "only `in` memory out of line is deallocated after the call",
            ),
            FlagKind::Const => (
                arg.role != Role::Data || arg.flow != Flow::Out,
                &codes::NO_EFFECT,
                "a server that does not write to its output returns nothing",
            ),
            _ => return None,
        };
        (!fits).then_some((code, why))
    }

    /// Whether data are out of line because of a `^`, and not because an `array[]` is.
    fn is_declared_out_of_line(&self, id: TypeId) -> bool {
        match self.interface.form(id).form {
            Form::OutOfLine(_) => true,
            Form::Fixed(of, _) | Form::UpTo(of, _) => self.is_declared_out_of_line(of),
            _ => false,
        }
    }

    fn obstacle_to_same_count(&self, arg: &Arg, ty: &Type, args: &Args) -> Option<(&'static Code, &'static str)> {
        let why = match args.last() {
            _ if !is_counted(ty) => "only an array of variable size has a count",
            None if args.incomplete => return None,
            None => "there is no argument before it",
            Some(it) if it.role != Role::Data || !is_counted(self.ty(it.ty)) => {
                "the argument before it must be an array of variable size"
            }
            Some(it) if self.interface.has_variable_elements(it) || self.interface.has_variable_elements(arg) => {
                "an array of out-of-line arrays has counts of its own"
            }
            Some(it) if it.flow != arg.flow => "the argument before it must have the same direction",
            Some(it) if it.options.count_in_out != arg.options.count_in_out => {
                "`countinout` must be written on both or on none of them"
            }
            Some(_) => return None,
        };
        Some((&codes::SAME_COUNT, why))
    }

    /// `retcode` marks the one code of a simpleroutine. Typed messages do not know it, and GNU's compiler ignores it.
    pub(super) fn check_ret_code(&mut self, arg: &mut Arg, ty: &Type, flags: &[Flag], args: &mut Args) {
        let flag = flags.iter().find(|it| it.kind.value == FlagKind::RetCode);
        let Some(flag) = flag.filter(|_| self.abi.rules.ret_code) else { return };
        let scalar = ty.bits == 32 && ty.number == 1 && ty.inline && !ty.variable && ty.class == Class::Value;
        let why = if !scalar || ty.is_port() || arg.flow != Flow::In || arg.role != Role::Data {
            "only a 32-bit number that is sent can be a code"
        } else if !args.one_way {
            "a routine with a reply returns its code there"
        } else if args.has_ret_code {
            "only one argument can be the code"
        } else {
            (arg.options.ret_code, args.has_ret_code) = (true, true);
            return;
        };
        let it = does_not_fit(&codes::RET_CODE, flag.kind.value, flag.kind.span, why);
        let strict = scalar && !args.one_way && self.is_dialect(&[Dialect::Osf, Dialect::Darwin]);
        self.report.push(if strict { it.label("an error in this dialect").as_error() } else { it });
    }

    /// A code stands for rights and memory. In a request without any it is a number like others.
    pub(super) fn check_ret_code_alone(&mut self, args: &mut [Arg]) {
        let has_descriptors = args.iter().any(|it| it.is_sent() && self.interface.descriptors(it.ty) > 0);
        let Some(code) = args.iter_mut().find(|it| it.options.ret_code && !has_descriptors) else { return };
        code.options.ret_code = false;
        self.report.push(
            Diagnostic::new(&codes::RET_CODE, code.span, "`retcode` has nothing to stand for")
                .label("sent as a number like others")
                .note("the request carries no rights and nothing out of line, which an error would leave out")
                .help("remove `retcode`; C's server stub does not compile with it"),
        );
    }
}

/// Whether a count goes with it.
fn is_counted(ty: &Type) -> bool {
    ty.variable && ty.class != Class::Text
}

fn set(flag: FlagKind, arg: &mut Arg) {
    let options = &mut arg.options;
    match flag {
        FlagKind::ServerCopy => options.server_copy = true,
        FlagKind::CountInOut => options.count_in_out = true,
        FlagKind::SameCount => options.same_count = true,
        FlagKind::PhysicalCopy => options.physical_copy = true,
        FlagKind::Overwrite => options.overwrite = true,
        FlagKind::Auto => options.auto = true,
        FlagKind::Const => options.constant = true,
        // `retcode` is for the routine to judge, the others for the type.
        FlagKind::RetCode | FlagKind::IsLong | FlagKind::IsNotLong | FlagKind::Dealloc | FlagKind::NotDealloc => {}
    }
}

fn does_not_fit(code: &'static Code, flag: FlagKind, at: Span, why: &str) -> Diagnostic {
    Diagnostic::new(code, at, format!("`{}` does not fit here", flag.text()))
        .label("ignored")
        .note(why)
        .help("remove it")
}
