//! Sizes that C has for types.
//!
//! C's stubs declare a field with its C type, so that is how long it is in a message. A definition is meant to say the
//! same; where it does not, or cannot, whoever uses it states the size. What is counted, in line or not, is copied by
//! the definition's sizes, in C too.

use mig_parser::diag::codes::output as codes;
use mig_parser::diag::{Diagnostic, Diagnostics};

use super::Untyped;
use crate::model::{Arg, Form, NativeType, Routine, TypeId};

impl Untyped<'_> {
    /// Bytes that C gives a type in line.
    pub(super) fn c_bytes(&self, id: TypeId) -> u32 {
        self.stated(id).unwrap_or_else(|| self.interface.ty(id).c_bytes())
    }

    /// Bytes that follow from what was stated of a type, or of what it is made of.
    fn stated(&self, id: TypeId) -> Option<u32> {
        let of_name = |it: &str| self.table.size(it, self.abi.name);
        let ty = self.interface.ty(id);
        ty.name.as_deref().and_then(of_name).or_else(|| match &ty.form {
            Form::Alias(of) => self.stated(*of),
            Form::Fixed(of, count) => Some(self.stated(*of)?.saturating_mul(*count)),
            Form::Native(it) => of_name(&it.ty),
            _ => None,
        })
    }

    /// C types that a definition only names must have a size, and be there always.
    pub(super) fn check_natives(&self, routine: &Routine, diagnostics: &mut Diagnostics) {
        for arg in routine.args.iter().filter(|it| it.is_sent() || it.is_returned()) {
            let Some(native) = self.native(arg.ty) else { continue };
            if native.if_not.is_some() {
                diagnostics.push(may_be_absent(arg));
            } else if self.stated(arg.ty).is_none() {
                diagnostics.push(self.unknown_size(arg, &native.ty));
            }
        }
    }

    /// The native type that a type is.
    fn native(&self, id: TypeId) -> Option<&NativeType> {
        match &self.interface.form(id).form {
            Form::Native(it) => Some(it),
            _ => None,
        }
    }

    fn unknown_size(&self, arg: &Arg, native: &str) -> Diagnostic {
        let message = format!("nothing says how many bytes `{native}` has");
        Diagnostic::new(&codes::UNKNOWN_SIZE, arg.span, message)
            .label(format!("copied as C has it in `{}`", self.abi.name))
            .note("a definition only names this type; C's stubs take its size from a header")
            .help(format!("write `--type-size '{native}=BYTES'`, or `size` in a type table"))
    }
}

fn may_be_absent(arg: &Arg) -> Diagnostic {
    Diagnostic::new(&codes::OPTIONAL_NATIVE, arg.span, format!("`{}` may be left out of the message", arg.name))
        .label("no server was ever made that could read this")
        .note("Apple's compiler crashes when it writes the server's stub")
        .help("write `PointerTo(…)`, whose value is sent always")
}
