//! Flags of types and arguments.

use mig_parser::ast::{Flag, FlagKind};
use mig_parser::diag::Diagnostic;
use mig_parser::diag::codes::types as codes;
use mig_parser::span::Span;

use super::Resolver;
use crate::model::{ArgOptions, Dealloc, Flow, IpcName, Type};

/// Types are too large for a type word from this many bits an element on.
const TOO_MANY_BITS: u32 = 1 << 16;

impl Resolver<'_> {
    /// Flags in the long form of a type: `islong` and what `dealloc` says.
    pub(super) fn type_flags(&mut self, flags: &[Flag], ty: &Type) -> (Option<bool>, Dealloc) {
        let mut options = ArgOptions::default();
        self.flags(flags, ty, &mut options);
        (options.long, options.dealloc)
    }

    /// Flags of an argument, on top of what its type says.
    pub(super) fn flags(&mut self, flags: &[Flag], ty: &Type, options: &mut ArgOptions) {
        let mut seen: Vec<Flag> = Vec::new();
        for flag in flags {
            let flag = *flag;
            if flag.brackets && flag.kind.value != FlagKind::Dealloc {
                self.report(
                    Diagnostic::new(
                        &codes::BRACKETS,
                        flag.kind.span,
                        format!("`[]` means nothing after `{}`", flag.kind.value.text()),
                    )
                    .label("the flag is ignored")
                    .help("remove the `[]`; only `dealloc[]` is decided at run time"),
                );
                continue;
            }
            if seen.iter().any(|it| it.kind.value == flag.kind.value && it.brackets == flag.brackets) {
                self.report(
                    Diagnostic::new(&codes::REPEATED_FLAG, flag.kind.span, "this flag is repeated")
                        .label("said already")
                        .help("remove it"),
                );
                continue;
            }
            seen.push(flag);
        }
        self.long_flags(&seen, ty, options);
        self.dealloc_flags(&seen, options);
        for flag in &seen {
            set(flag.kind.value, options);
        }
    }

    fn long_flags(&mut self, flags: &[Flag], ty: &Type, options: &mut ArgOptions) {
        let find = |kind| flags.iter().find(|it| it.kind.value == kind).map(|it| it.kind.span);
        let (long, short) = (find(FlagKind::IsLong), find(FlagKind::IsNotLong));
        let default = options.long.unwrap_or_else(|| is_long(ty));
        match (long, short) {
            (Some(one), Some(other)) => self.report(
                Diagnostic::new(&codes::LONG_AND_NOT_LONG, other, "`islong` and `isnotlong` contradict each other")
                    .label("both are ignored")
                    .also(one, "the other one")
                    .help("keep one of them"),
            ),
            (Some(at), None) => {
                if default {
                    self.report(redundant(&codes::REDUNDANT_LONG, at, "the type word is in the long form anyway"));
                } else if !ty.variable && ty.sent != IpcName::Polymorphic {
                    self.report(
                        Diagnostic::new(&codes::LONG_FORM, at, "the long form is of no use here")
                            .label("the type is small and of constant size")
                            .note("the message gets longer, and differs from one without `islong`")
                            .help("remove it, unless old programs expect it"),
                    );
                }
                options.long = Some(true);
            }
            (None, Some(at)) => {
                if !default {
                    self.report(redundant(&codes::REDUNDANT_LONG, at, "the type word is in the short form anyway"));
                } else if ty.bits >= 256 || ty.number >= 4096 || ty.variable {
                    self.report(
                        Diagnostic::new(&codes::LONG_FORM, at, "the short form may be too small here")
                            .label("its number has 12 bits, its size 8")
                            .help("remove it, unless old programs expect it"),
                    );
                }
                options.long = Some(false);
            }
            (None, None) => {}
        }
    }

    fn dealloc_flags(&mut self, flags: &[Flag], options: &mut ArgOptions) {
        let find = |kind, brackets| {
            flags.iter().find(|it| it.kind.value == kind && it.brackets == brackets).map(|it| it.kind.span)
        };
        let run_time = find(FlagKind::Dealloc, true);
        let (yes, no) = (find(FlagKind::Dealloc, false), find(FlagKind::NotDealloc, false));
        if let Some(at) = run_time {
            for plain in yes.into_iter().chain(no) {
                self.report(
                    Diagnostic::new(&codes::DEALLOC_AND_RUN_TIME, plain, "`dealloc[]` leaves this to the caller")
                        .label("ignored")
                        .also(at, "decided at run time")
                        .help("keep one of them"),
                );
            }
            options.dealloc = Dealloc::RunTime;
            return;
        }
        match (yes, no) {
            (Some(one), Some(other)) => self.report(
                Diagnostic::new(&codes::DEALLOC_AND_NOT, other, "`dealloc` and `notdealloc` contradict each other")
                    .label("both are ignored")
                    .also(one, "the other one")
                    .help("keep one of them"),
            ),
            (Some(at), None) => self.plain_dealloc(at, Dealloc::Yes, options),
            (None, Some(at)) => self.plain_dealloc(at, Dealloc::No, options),
            (None, None) => {}
        }
    }

    fn plain_dealloc(&mut self, at: Span, said: Dealloc, options: &mut ArgOptions) {
        if options.dealloc == said {
            self.report(redundant(&codes::REDUNDANT_DEALLOC, at, "this is so anyway"));
        }
        options.dealloc = said;
    }

    /// `dealloc` on data that no kernel can deallocate. It is ignored then.
    pub(super) fn check_dealloc(&mut self, at: Span, ty: &Type, flow: Flow, options: &mut ArgOptions) {
        if options.dealloc == Dealloc::No || !ty.inline || ty.is_unbounded() {
            return;
        }
        options.dealloc = Dealloc::No;
        let subsystem = self.interface.subsystem.as_ref();
        let expected =
            subsystem.is_some_and(|it| it.kernel_server && flow != Flow::In || it.kernel_user && flow != Flow::Out);
        if !expected {
            self.report(
                Diagnostic::new(&codes::DEALLOC_IN_LINE, at, "`dealloc` means nothing for data in line")
                    .label("ignored")
                    .note("a message whose in-line item says `deallocate` is refused by the kernel")
                    .help("remove it, or send the data out of line"),
            );
        }
    }

    /// What the types of a declaration cannot be, whatever uses it.
    pub(super) fn check_type(&mut self, ty: &Type, node: &mig_parser::ast::NamedType) {
        let at = node.name.span;
        if ty.bits >= TOO_MANY_BITS {
            self.report(
                Diagnostic::new(&codes::TOO_MANY_BITS, node.spec.span, "an element is too large for a type word")
                    .label(format!("{} bits; at most {}", ty.bits, TOO_MANY_BITS - 1))
                    .help("declare an array of smaller elements"),
            );
        }
        if [ty.sent, ty.received].iter().any(|it| matches!(it, IpcName::Number(256..))) {
            self.report(
                Diagnostic::new(
                    &codes::NAME_TOO_LARGE,
                    node.spec.span,
                    "this kind of data has no place in a type word",
                )
                .label("a number below 256 is needed")
                .note("only eight bits of a short type word say what an item is"),
            );
        }
        let size = u64::from(ty.bits) * u64::from(ty.number);
        if size % 8 != 0 {
            self.report(
                Diagnostic::new(
                    &codes::NOT_WHOLE_BYTES,
                    node.spec.span,
                    format!("`{}` is not a whole number of bytes", node.name.text),
                )
                .label(format!("{size} bits"))
                .note("it is rounded up, and the rest is sent as zero"),
            );
        }
        if size == 0 && ty.inline && !ty.variable && !matches!(ty.form, crate::model::Form::Native(_)) {
            self.report(
                Diagnostic::new(&codes::EMPTY, node.spec.span, format!("`{}` holds nothing", node.name.text))
                    .label("no bytes")
                    .help("check the number of elements"),
            );
        }
        self.check_translation(ty, at);
        self.check_elements(ty, node.spec.span);
    }

    fn check_translation(&mut self, ty: &Type, at: Span) {
        if !ty.variable {
            return;
        }
        let translation = &ty.translation;
        let translated = translation.intran.is_some() || translation.outtran.is_some() || translation.payload.is_some();
        let destroyed = translation.destructor.is_some();
        let help = "translate the elements in the server's routine";
        if translated {
            self.report(
                Diagnostic::new(&codes::TRANSLATED_VARIABLE, at, "a type of variable size cannot be translated")
                    .label("varies in size")
                    .help(help),
            );
        }
        if destroyed {
            self.report(
                Diagnostic::new(&codes::DESTROYED_VARIABLE, at, "a type of variable size cannot have a destructor")
                    .label("varies in size")
                    .help(help),
            );
        }
    }

    /// GNU's C needs a name for each element of an array in line.
    fn check_elements(&mut self, ty: &Type, at: Span) {
        use crate::model::Form;
        let (Form::UpTo(of, _) | Form::Unbounded(of)) = ty.form else { return };
        if self.is_gnu() && ty.inline && self.ty(of).name.is_none() {
            self.report(
                Diagnostic::new(&codes::UNNAMED_ELEMENT, at, "GNU MIG needs a name for the elements of this array")
                    .label("the elements have no name in C")
                    .help("declare the element's type by itself, and use its name here"),
            );
        }
    }
}

fn redundant(code: &'static mig_parser::diag::Code, at: Span, why: &str) -> Diagnostic {
    Diagnostic::new(code, at, "this flag changes nothing").label(why).help("remove it")
}

/// Whether a type word is in the long form unless a flag says otherwise.
pub(crate) fn is_long(ty: &Type) -> bool {
    ty.variable && !ty.inline || ty.is_unbounded() || ty.bits >= 256 || ty.number >= 4096
}

fn set(flag: FlagKind, options: &mut ArgOptions) {
    match flag {
        FlagKind::ServerCopy => options.server_copy = true,
        FlagKind::CountInOut => options.count_in_out = true,
        FlagKind::RetCode => options.ret_code = true,
        FlagKind::SameCount => options.same_count = true,
        FlagKind::PhysicalCopy => options.physical_copy = true,
        FlagKind::Overwrite => options.overwrite = true,
        FlagKind::Auto => options.auto = true,
        FlagKind::Const => options.constant = true,
        FlagKind::IsLong | FlagKind::IsNotLong | FlagKind::Dealloc | FlagKind::NotDealloc => {}
    }
}
