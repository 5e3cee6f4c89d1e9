//! Flags that types and arguments share: `islong`, `dealloc` and their opposites.

use mig_parser::ast::{Flag, FlagKind};
use mig_parser::diag::codes::types as codes;
use mig_parser::diag::{Code, Diagnostic};
use mig_parser::span::Span;

use super::Resolver;
use crate::model::{ArgOptions, Dealloc, Flow, IpcName, Type};

/// A short type word has 8 bits for the size of an element and 12 for the number of elements.
const LONG_FROM_BITS: u32 = 1 << 8;
const LONG_FROM_NUMBER: u32 = 1 << 12;

/// Whether a type word is in the long form unless a flag says otherwise.
pub(crate) fn is_long(ty: &Type) -> bool {
    ty.variable && !ty.inline || ty.is_unbounded() || is_too_large_for_short(ty)
}

fn is_too_large_for_short(ty: &Type) -> bool {
    ty.bits >= LONG_FROM_BITS || ty.number >= LONG_FROM_NUMBER
}

impl Resolver<'_> {
    /// Flags in the long form of a type. All but these two mean nothing there, in any dialect.
    pub(super) fn type_flags(&mut self, flags: &[Flag], ty: &mut Type) {
        let mut options = ArgOptions { long: ty.long, dealloc: ty.dealloc, ..ArgOptions::default() };
        let flags = self.flags(flags, ty, &mut options);
        (ty.long, ty.dealloc) = (options.long, options.dealloc);
        if let Some(at) = find_dealloc(&flags).filter(|_| ty.dealloc != Dealloc::No && is_in_line(ty)) {
            self.dealloc_in_line(at, ty);
        }
    }

    /// Flags of an argument, on top of what its type says. Returns those that count.
    pub(super) fn flags(&mut self, flags: &[Flag], ty: &Type, options: &mut ArgOptions) -> Vec<Flag> {
        let mut seen: Vec<Flag> = Vec::new();
        for flag in flags {
            let (kind, at) = (flag.kind.value, flag.kind.span);
            if flag.brackets && kind != FlagKind::Dealloc {
                self.report.push(
                    Diagnostic::new(&codes::BRACKETS, at, format!("`[]` means nothing after `{}`", kind.text()))
                        .label("the flag is ignored")
                        .help("remove the `[]`; only `dealloc[]` is decided at run time"),
                );
            } else if let Some(first) = seen.iter().find(|it| it.kind.value == kind && it.brackets == flag.brackets) {
                self.report.push(
                    Diagnostic::new(&codes::REPEATED_FLAG, at, format!("`{}` is repeated", kind.text()))
                        .label("said already")
                        .also(first.kind.span, "here")
                        .help("remove one of them"),
                );
            } else {
                seen.push(*flag);
            }
        }
        if self.abi.has_type_words() {
            self.long_flags(&seen, ty, options);
        }
        self.dealloc_flags(&seen, options);
        seen
    }

    fn long_flags(&mut self, flags: &[Flag], ty: &Type, options: &mut ArgOptions) {
        let find = |kind| flags.iter().find(|it| it.kind.value == kind).map(|it| it.kind.span);
        match (find(FlagKind::IsLong), find(FlagKind::IsNotLong)) {
            (Some(one), Some(other)) => {
                let (first, second) = if one < other { (one, other) } else { (other, one) };
                self.report.push(
                    Diagnostic::new(
                        &codes::LONG_AND_NOT_LONG,
                        second,
                        "`islong` and `isnotlong` contradict each other",
                    )
                    .label("both are ignored")
                    .also(first, "the other one")
                    .help("keep one of them"),
                );
            }
            (Some(at), None) => self.long_flag(at, true, ty, options),
            (None, Some(at)) => self.long_flag(at, false, ty, options),
            (None, None) => {}
        }
    }

    fn long_flag(&mut self, at: Span, long: bool, ty: &Type, options: &mut ArgOptions) {
        let default = options.long.unwrap_or_else(|| is_long(ty));
        let may_be_long = ty.variable || [ty.sent, ty.received].contains(&IpcName::Polymorphic);
        let it = |message: &str| Diagnostic::new(&codes::LONG_FORM, at, message);
        if default == long {
            let form = if long { "long" } else { "short" };
            let why = format!("the type word is in the {form} form anyway");
            self.report.push(redundant(&codes::REDUNDANT_LONG, at, &why));
        } else if long && !may_be_long && !is_too_large_for_short(ty) {
            self.report.push(
                it("the long form is of no use here")
                    .label("the type is small and of constant size")
                    .note("the message differs from one without `islong`")
                    .help("remove it, unless old programs expect it"),
            );
        } else if !long && (is_too_large_for_short(ty) || is_long(ty)) {
            self.report.push(
                it("the short form may be too small here")
                    .label("it counts up to 4095 elements of up to 255 bits")
                    .help("remove it, unless old programs expect it"),
            );
        }
        options.long = Some(long);
    }

    fn dealloc_flags(&mut self, flags: &[Flag], options: &mut ArgOptions) {
        let find = |kind, brackets| {
            flags.iter().find(|it| it.kind.value == kind && it.brackets == brackets).map(|it| it.kind.span)
        };
        let (yes, no) = (find(FlagKind::Dealloc, false), find(FlagKind::NotDealloc, false));
        match (find(FlagKind::Dealloc, true), yes, no) {
            (Some(at), ..) => {
                for plain in yes.into_iter().chain(no) {
                    self.report.push(
                        Diagnostic::new(&codes::DEALLOC_AND_RUN_TIME, plain, "`dealloc[]` leaves this to the caller")
                            .label("ignored")
                            .also(at, "decided at run time")
                            .help("keep one of them"),
                    );
                }
                self.dealloc_flag(at, Dealloc::RunTime, options);
            }
            (None, Some(one), Some(other)) => {
                let (first, second) = if one < other { (one, other) } else { (other, one) };
                self.report.push(
                    Diagnostic::new(
                        &codes::DEALLOC_AND_NOT,
                        second,
                        "`dealloc` and `notdealloc` contradict each other",
                    )
                    .label("both are ignored")
                    .also(first, "the other one")
                    .help("keep one of them"),
                );
            }
            (None, Some(at), None) => self.dealloc_flag(at, Dealloc::Yes, options),
            (None, None, Some(at)) => self.dealloc_flag(at, Dealloc::No, options),
            (None, None, None) => {}
        }
    }

    fn dealloc_flag(&mut self, at: Span, said: Dealloc, options: &mut ArgOptions) {
        if options.dealloc == said {
            let why = match said {
                Dealloc::No => "nothing is deallocated anyway",
                Dealloc::Yes | Dealloc::RunTime => "its type says so already",
            };
            self.report.push(redundant(&codes::REDUNDANT_DEALLOC, at, why));
        }
        options.dealloc = said;
    }

    /// `dealloc` on data that no kernel can deallocate: it is ignored.
    pub(super) fn check_dealloc(&mut self, flags: &[Flag], ty: &Type, flow: Flow, options: &mut ArgOptions) {
        if options.dealloc == Dealloc::No || !is_in_line(ty) {
            return;
        }
        let said = std::mem::take(&mut options.dealloc);
        let Some(at) = find_dealloc(flags) else { return };
        // Definitions from Mach 2.5 say it of what leaves the kernel. A descriptor with a right has no such bit.
        let in_kernel = self.kernel.server && flow != Flow::In || self.kernel.user && flow != Flow::Out;
        let descriptor = self.abi.rules.rights_in_descriptors && ty.is_port();
        if said == Dealloc::RunTime || !in_kernel && !descriptor {
            self.dealloc_in_line(at, ty);
        }
    }

    fn dealloc_in_line(&mut self, at: Span, ty: &Type) {
        let it =
            Diagnostic::new(&codes::DEALLOC_IN_LINE, at, "`dealloc` means nothing for data in line").label("ignored");
        let it = match self.abi.has_type_words() {
            true => it.note("the kernel refuses a message with an item in line that is to be deallocated"),
            false => it.note("only what is out of line has a descriptor that says so"),
        };
        self.report.push(match ty.is_port() {
            true => it.help("remove it; a right that is to leave its sender is a `MACH_MSG_TYPE_MOVE_SEND`"),
            false => it.help("remove it, or send the data out of line"),
        });
    }
}

/// Whether data are in the message for certain.
fn is_in_line(ty: &Type) -> bool {
    ty.inline && !ty.is_unbounded()
}

fn find_dealloc(flags: &[Flag]) -> Option<Span> {
    flags.iter().find(|it| it.kind.value == FlagKind::Dealloc).map(|it| it.kind.span)
}

fn redundant(code: &'static Code, at: Span, why: &str) -> Diagnostic {
    Diagnostic::new(code, at, "this flag changes nothing").label(why).help("remove it")
}
