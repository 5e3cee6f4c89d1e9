//! Types: declarations and their simplest form, kinds of data that the kernel knows.

use mig_parser::ast::{Basic, Expr, IpcType, LongForm, NamedType, Native, NativeKind, TypeSpec, TypeSpecKind};
use mig_parser::diag::Diagnostic;
use mig_parser::diag::codes::{constructors, types as codes};
use mig_parser::dialect::Dialect;
use mig_parser::span::Span;

use super::Resolver;
use super::symbols::{self, STRING, Symbol};
use crate::model::{CNames, Class, Dealloc, Form, IpcName, NativeType, Translation, Type};

/// The longest element that a type word can describe, in bits.
const MOST_BITS: u32 = (1 << 16) - 1;

/// A type of one element in line, as every constructor begins.
pub(super) fn plain(sent: IpcName, received: IpcName, bits: u32, span: Span) -> Type {
    Type {
        name: None,
        span,
        doc: None,
        sent,
        received,
        bits,
        number: 1,
        inline: true,
        variable: false,
        class: Class::Value,
        long: None,
        dealloc: Dealloc::No,
        c_size: 0,
        form: Form::Basic,
        c: CNames::default(),
        translation: Translation::default(),
    }
}

impl Resolver<'_> {
    /// A named type, declared by a statement or in place.
    pub(super) fn named(&mut self, node: &NamedType, doc: Option<String>) -> Option<Type> {
        let mut ty = self.spec(&node.spec)?;
        ty.name = Some(node.name.text.clone());
        ty.span = node.name.span;
        ty.doc = doc;
        self.type_flags(long_form(&node.spec).map_or(&[], |it| &it.flags), &mut ty);
        for annotation in &node.annotations {
            self.annotate(&mut ty, annotation);
        }
        self.check_type(&ty, node);
        Some(ty)
    }

    /// A type as it is written: a fresh one without a name.
    pub(super) fn spec(&mut self, spec: &TypeSpec) -> Option<Type> {
        match &spec.kind {
            TypeSpecKind::Basic(it) => self.basic(it, spec.span),
            TypeSpecKind::Name(it) => {
                let id = self.lookup(it)?;
                Some(Type { form: Form::Alias(id), ..derived(self.ty(id), spec.span) })
            }
            TypeSpecKind::Array { bound, element } => self.array(bound, element, spec.span),
            TypeSpecKind::Struct { count, element } => self.fixed(count, element, spec.span, Class::Value),
            TypeSpecKind::Members(members) => self.members(members, spec.span),
            TypeSpecKind::OutOfLine(of) => self.out_of_line(of, spec.span),
            TypeSpecKind::CString { variable, size } => self.text(*variable, size, spec.span),
            TypeSpecKind::Native(it) => self.native(it),
        }
    }

    /// `A`, `A|B`, `(A|B, bits, flags)`
    fn basic(&mut self, node: &Basic, span: Span) -> Option<Type> {
        let sent = self.symbol(&node.sent)?;
        let received = match &node.received {
            Some(it) => self.symbol(it)?,
            None => sent,
        };
        let known = match (sent.bits, received.bits) {
            (Some(one), Some(other)) if one != other => {
                self.report.push(
                    Diagnostic::new(&codes::PAIR_SIZES, span, "the two sides of this pair differ in size")
                        .label(format!("{one} bits are sent, {other} received"))
                        .help("write two kinds of data of the same size"),
                );
                return None;
            }
            (one, other) => one.or(other),
        };
        let bits = match (&node.long, known) {
            (Some(long), _) => {
                let bits = self.number(&long.bits)?;
                self.check_long_form_size(&long.bits, bits, known);
                bits
            }
            (None, Some(it)) => it,
            (None, None) => {
                let report = self.no_size(node, span);
                self.report.push(report);
                return None;
            }
        };
        let mut ty = plain(sent.sent, self.check_pair(sent.sent, received.received, span), bits, span);
        let are = |it: fn(&str) -> bool| is(&node.sent, it) && node.received.as_ref().is_none_or(|other| is(other, it));
        if are(symbols::is_truth) {
            ty.form = Form::Truth;
        } else if are(symbols::is_real) && matches!(bits, 32 | 64) {
            ty.form = Form::Real;
        }
        if sent.sent == IpcName::Number(STRING) {
            (ty.class, ty.form) = (Class::Text, Form::Text(bits.div_ceil(8)));
        }
        Some(ty)
    }

    /// A right on one side and a number on the other. What is received then: an untyped message has a descriptor only
    /// for what is sent as a right, so that a number stays one.
    fn check_pair(&mut self, sent: IpcName, received: IpcName, span: Span) -> IpcName {
        let descriptors = self.abi.rules.rights_in_descriptors;
        let is_right = |it: IpcName| if descriptors { it.may_be_port() } else { it.is_port() };
        // 0 says that nothing is there, as with the reply port of a simpleroutine.
        let is_number = |it: IpcName| !it.may_be_port() && it != IpcName::Number(0);
        let (label, received) = match (is_number(sent) && is_right(received), is_right(sent) && is_number(received)) {
            (false, false) => return received,
            (true, _) if descriptors => ("a number on both sides: no kernel sees a right in it", sent),
            _ => ("every receiver refuses what is sent", received),
        };
        self.report.push(
            Diagnostic::new(&constructors::PAIR_KINDS, span, "this pair is a right on one side only")
                .label(label)
                .help("write a right on both sides, or `MACH_MSG_TYPE_PORT_NAME` for the name of one"),
        );
        received
    }

    fn symbol(&mut self, ipc: &IpcType) -> Option<Symbol> {
        match ipc {
            IpcType::Number(it) => {
                let name = IpcName::Number(it.value);
                Some(Symbol { sent: name, received: name, bits: None })
            }
            // The parser has reported a symbol that is none.
            IpcType::Symbol(it) => symbols::find(&it.text, &self.abi, self.dialect),
        }
    }

    fn no_size(&self, node: &Basic, span: Span) -> Diagnostic {
        let text = |it: &IpcType| match it {
            IpcType::Number(it) => it.value.to_string(),
            IpcType::Symbol(it) => it.text.clone(),
        };
        let what = match &node.received {
            Some(it) => format!("{}|{}", text(&node.sent), text(it)),
            None => text(&node.sent),
        };
        let it = Diagnostic::new(&codes::NO_SIZE, span, format!("`{what}` alone does not say how large an element is"))
            .label("no usual size");
        if what.ends_with("_POLYMORPHIC") {
            return it.help("write `polymorphic`, whose size is known");
        }
        if self.is_dialect(&[Dialect::Osf, Dialect::Darwin]) {
            return it.help("use a kind of data that has a size, such as `MACH_MSG_TYPE_INTEGER_32`");
        }
        it.help(format!("give it in bits: `({what}, 32)`"))
    }

    fn check_long_form_size(&mut self, at: &Expr, bits: u32, known: Option<u32>) {
        if let Some(known) = known.filter(|it| *it != bits) {
            self.report.push(
                Diagnostic::new(&codes::LONG_FORM_SIZE, at.span, "this is not the usual size of that kind of data")
                    .label(format!("{bits} bits, usually {known}"))
                    .help(format!("write {known}, or use the short form without a size")),
            );
        }
    }

    /// `PointerTo(T)` and kin.
    pub(super) fn native(&mut self, node: &Native) -> Option<Type> {
        let span = node.kind.span.to(node.ty.span);
        if !self.abi.rules.native_types {
            // A dialect of typed messages lacks them, which the parser has said.
            if !self.is_dialect(&[Dialect::Mach3, Dialect::Gnu]) {
                self.report.push(native_in_typed(span));
            }
            return None;
        }
        let nothing = IpcName::Number(0);
        let native = NativeType {
            pointer: node.kind.value != NativeKind::ValueOf,
            ty: node.ty.text.clone(),
            if_not: node.if_not.as_ref().map(|it| it.text.clone()),
        };
        Some(Type { form: Form::Native(native), ..plain(nothing, nothing, 8, span) })
    }

    /// What a declared type cannot be, whatever uses it.
    fn check_type(&mut self, ty: &Type, node: &NamedType) {
        if self.abi.has_type_words() {
            self.check_type_word(ty, node);
        }
        let (at, name) = (node.spec.span, &node.name.text);
        let bits = u64::from(ty.bits) * u64::from(ty.number);
        if !matches!(ty.form, Form::Alias(_)) && !bits.is_multiple_of(8) {
            self.report.push(
                Diagnostic::new(&codes::NOT_WHOLE_BYTES, at, format!("`{name}` is not a whole number of bytes"))
                    .label(count_bits(bits))
                    .note("it is rounded up, and the rest is sent as zero")
                    .help("declare a type of 8, 16, 32 or 64 bits"),
            );
        }
        let empty = match ty.form {
            Form::Alias(_) | Form::OutOfLine(_) | Form::Unbounded(_) | Form::Native(_) => false,
            Form::Fixed(_, 0) => true,
            _ => bits == 0 && ty.inline,
        };
        if empty {
            self.report.push(
                Diagnostic::new(&codes::EMPTY, at, format!("`{name}` holds nothing"))
                    .label("no bytes")
                    .help("check the number of elements"),
            );
        }
        self.check_element_name(ty, at);
    }

    fn check_type_word(&mut self, ty: &Type, node: &NamedType) {
        let at = node.spec.span;
        if ty.bits > MOST_BITS {
            self.report.push(
                Diagnostic::new(&constructors::TOO_MANY_BITS, at, "an element is too large for a type word")
                    .label(format!("{} bits; at most {MOST_BITS}", ty.bits))
                    .help("declare an array of smaller elements"),
            );
        }
        if [ty.sent, ty.received].iter().any(|it| matches!(it, IpcName::Number(256..))) {
            self.report.push(
                Diagnostic::new(&constructors::NAME_TOO_LARGE, at, "this kind of data has no place in a type word")
                    .label("a number below 256 is needed")
                    .note("only eight bits of a short type word say what an item is")
                    .help("use a kind of data that the kernel knows, such as `MACH_MSG_TYPE_INTEGER_32`"),
            );
        }
    }

    /// GNU's C needs a name for each element of an array in line.
    fn check_element_name(&mut self, ty: &Type, at: Span) {
        let (Form::UpTo(of, _) | Form::Unbounded(of)) = ty.form else { return };
        if self.is_dialect(&[Dialect::Gnu, Dialect::Mach3]) && ty.inline && self.ty(of).name.is_none() {
            self.report.push(
                Diagnostic::new(&constructors::UNNAMED_ELEMENT, at, "the elements of this array need a name in C")
                    .label("of a type without a name")
                    .note("the stubs of this dialect copy the elements one by one, as values of a C type")
                    .help("declare the element's type by itself, and use its name here"),
            );
        }
    }
}

fn native_in_typed(span: Span) -> Diagnostic {
    Diagnostic::new(&constructors::NATIVE_IN_TYPED, span, "a typed message cannot carry a native type")
        .label("only C knows how large this is")
        .note("each item of a typed message says what it is and how many bits it has")
        .help("declare a type with a size, for example `struct[4] of int`")
}

/// What every constructor does to its element's record: name, C names and translations stay behind.
pub(super) fn derived(of: &Type, span: Span) -> Type {
    Type {
        name: None,
        span,
        doc: None,
        c: CNames::default(),
        translation: Translation::default(),
        form: Form::Basic,
        ..of.clone()
    }
}

/// The long form inside a type. Its flags are about the type as a whole, not about its element.
fn long_form(spec: &TypeSpec) -> Option<&LongForm> {
    match &spec.kind {
        TypeSpecKind::Basic(it) => it.long.as_ref(),
        TypeSpecKind::Array { element, .. } | TypeSpecKind::Struct { element, .. } => long_form(element),
        TypeSpecKind::OutOfLine(of) => long_form(of),
        _ => None,
    }
}

/// `1 bit`, `12 bits`
pub(super) fn count_bits(bits: u64) -> String {
    if bits == 1 { "1 bit".to_owned() } else { format!("{bits} bits") }
}

fn is(ipc: &IpcType, kind: fn(&str) -> bool) -> bool {
    matches!(ipc, IpcType::Symbol(it) if kind(&it.text))
}
