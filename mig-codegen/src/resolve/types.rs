//! Types: declarations, constructors, annotations.

use mig_parser::ast::{
    Annotation, AnnotationKind, Basic, Bound, Expr, IpcType, NamedType, Native, NativeKind, TypeSpec, TypeSpecKind,
    Word,
};
use mig_parser::diag::Diagnostic;
use mig_parser::diag::codes::types as codes;
use mig_parser::span::Span;

use super::Resolver;
use super::symbols::{self, STRING, Symbol};
use crate::model::{CNames, Class, Dealloc, Form, IpcName, Member, NativeType, Translation, Type, TypeId};

/// The largest item: beyond it, sizes of messages leave 32 bits.
const LARGEST: u64 = 1 << 28;

/// How many constructors a type may go through.
const DEEPEST: u16 = 200;

/// A type of one element in line, as every constructor begins.
fn plain(sent: IpcName, received: IpcName, bits: u32, span: Span) -> Type {
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
    /// GNU's types that need no declaration. The others declare them in `std_types.defs`, with the same meaning.
    pub(super) fn install_built_ins(&mut self) {
        use mig_parser::dialect::Dialect;
        if !matches!(self.dialect, None | Some(Dialect::Gnu)) {
            return;
        }
        let wide = self.abi.rules.integer_64;
        let word = if self.abi.address == 8 { (wide, 64) } else { (2, 32) };
        let built_in = [("char", 8, 8), ("short", 1, 16), ("int", 2, 32), ("int64", wide, 64)];
        let words = [("uintptr_t", word.0, word.1), ("intptr_t", word.0, word.1)];
        for (name, number, bits) in built_in.into_iter().chain(words) {
            let kind = IpcName::Number(number);
            let ty = Type { name: Some(name.to_owned()), ..plain(kind, kind, bits, Span::default()) };
            let id = self.add(ty);
            self.names.insert(name.to_owned(), id);
        }
    }

    /// Gives a type its id. Every stage walks types by recursion, so their depth is bounded here.
    pub(super) fn add(&mut self, mut ty: Type) -> TypeId {
        let of = |id: &TypeId| self.depths[id.0 as usize] + 1;
        let depth = match &ty.form {
            Form::Alias(it) | Form::Fixed(it, _) | Form::UpTo(it, _) | Form::Unbounded(it) | Form::OutOfLine(it) => {
                of(it)
            }
            Form::Members(members) => members.iter().map(|it| of(&it.ty)).max().unwrap_or(0),
            Form::Basic | Form::Truth | Form::Text(_) | Form::Native(_) => 0,
        };
        self.depths.push(depth.min(DEEPEST));
        if depth > DEEPEST {
            ty.form = Form::Basic;
            self.report(
                Diagnostic::new(&codes::TOO_DEEP, ty.span, "this type is too deep")
                    .label(format!("made of types made of types, {DEEPEST} times"))
                    .help("name the innermost type directly"),
            );
        }
        self.interface.types.push(ty);
        TypeId(self.interface.types.len() as u32 - 1)
    }

    pub(super) fn ty(&self, id: TypeId) -> &Type {
        self.interface.ty(id)
    }

    /// `type name = …;`
    pub(super) fn declaration(&mut self, node: &NamedType, doc: Option<String>) {
        let Some(ty) = self.named(node, doc) else { return };
        let id = self.add(ty);
        if let Some(earlier) = self.names.insert(node.name.text.clone(), id) {
            self.check_redeclaration(&node.name, earlier, id);
        }
        self.interface.declared.push(id);
    }

    fn check_redeclaration(&mut self, name: &Word, earlier: TypeId, later: TypeId) {
        let (before, after) = (self.ty(earlier), self.ty(later));
        if same_on_the_wire(before, after) && !self.is_gnu() {
            return;
        }
        let built_in = before.span == Span::default();
        let mut report =
            Diagnostic::new(&codes::REDECLARED, name.span, format!("type `{}` is declared a second time", name.text));
        report = if built_in {
            report.label("it is built in")
        } else {
            report.label("this declaration wins").also(before.span, "the first one")
        };
        if self.is_gnu() {
            report = report.note("GNU MIG refuses this").as_error();
        }
        self.report(report.help("remove one of them, or give it another name"));
    }

    /// A named type, declared by a statement or in place.
    pub(super) fn named(&mut self, node: &NamedType, doc: Option<String>) -> Option<Type> {
        let mut ty = self.spec(&node.spec)?;
        ty.name = Some(node.name.text.clone());
        ty.span = node.name.span;
        ty.doc = doc;
        for annotation in &node.annotations {
            self.annotate(&mut ty, annotation);
        }
        self.check_type(&ty, node);
        Some(ty)
    }

    /// A type as it is written: a fresh one without a name.
    fn spec(&mut self, spec: &TypeSpec) -> Option<Type> {
        match &spec.kind {
            TypeSpecKind::Basic(it) => self.basic(it, spec.span),
            TypeSpecKind::Name(it) => {
                let id = self.lookup(it)?;
                let of = self.ty(id).clone();
                let fresh = (CNames::default(), Translation::default());
                Some(Type { span: spec.span, form: Form::Alias(id), c: fresh.0, translation: fresh.1, doc: None, ..of })
            }
            TypeSpecKind::Array { bound, element } => self.array(bound, element, spec.span),
            TypeSpecKind::Struct { count, element } => self.fixed(count, element, spec.span, Class::Value),
            TypeSpecKind::Members(members) => self.members(members, spec.span),
            TypeSpecKind::OutOfLine(of) => self.out_of_line(of, spec.span),
            TypeSpecKind::CString { variable, size } => self.text(*variable, size, spec.span),
            TypeSpecKind::Native(it) => Some(native(it)),
        }
    }

    /// The declared type of this name.
    pub(super) fn lookup(&mut self, name: &Word) -> Option<TypeId> {
        if let Some(id) = self.names.get(&name.text) {
            return Some(*id);
        }
        let report = Diagnostic::new(&codes::UNDECLARED, name.span, format!("type `{}` is not declared", name.text))
            .label("not found in this file or in what it includes")
            .suggest(&name.text, self.names.keys().map(String::as_str));
        let report = if self.names.len() < 20 && report.help.is_empty() {
            report.help("most definitions begin with `#include <mach/std_types.defs>` and `<mach/mach_types.defs>`")
        } else {
            report
        };
        self.report(report);
        None
    }

    /// The element of a constructor: a declared type as it is, or a part of its own.
    fn element(&mut self, spec: &TypeSpec) -> Option<TypeId> {
        if let TypeSpecKind::Name(it) = &spec.kind {
            return self.lookup(it);
        }
        let ty = self.spec(spec)?;
        Some(self.add(ty))
    }

    fn symbol(&mut self, ipc: &IpcType) -> Option<Symbol> {
        match ipc {
            IpcType::Number(it) => {
                let name = IpcName::Number(it.value);
                Some(Symbol { sent: name, received: name, bits: None })
            }
            IpcType::Symbol(it) => symbols::find(&it.text, &self.abi),
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
                self.report(
                    Diagnostic::new(&codes::PAIR_SIZES, span, "the two sides of this pair differ in size")
                        .label(format!("{one} bits are sent, {other} received")),
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
                self.report(no_size(node, span));
                return None;
            }
        };
        let mut ty = plain(sent.sent, received.received, bits, span);
        if matches!(&node.sent, IpcType::Symbol(it) if symbols::is_truth(&it.text)) {
            ty.form = Form::Truth;
        }
        if sent.sent == IpcName::Number(STRING) {
            (ty.class, ty.form) = (Class::Text, Form::Text(bits.div_ceil(8)));
        }
        if let Some(long) = &node.long {
            let flags = self.type_flags(&long.flags, &ty);
            (ty.long, ty.dealloc) = flags;
        }
        Some(ty)
    }

    fn check_long_form_size(&mut self, at: &Expr, bits: u32, known: Option<u32>) {
        if let Some(known) = known.filter(|it| *it != bits) {
            self.report(
                Diagnostic::new(&codes::LONG_FORM_SIZE, at.span, "this is not the usual size of that kind of data")
                    .label(format!("{bits} bits, usually {known}"))
                    .help(format!("write {known}, or use the short form without a size")),
            );
        }
    }

    fn array(&mut self, bound: &Bound, element: &TypeSpec, span: Span) -> Option<Type> {
        let limit = match bound {
            Bound::Fixed(count) => return self.fixed(count, element, span, Class::Array),
            Bound::UpTo(limit) => Some(self.number(limit)?),
            Bound::Unbounded | Bound::Star => None,
        };
        let id = self.element(element)?;
        let allowed = limit.is_some_and(|it| it > 0) && self.abi.rules.arrays_of_out_of_line;
        self.check_element(id, element.span, allowed)?;
        let of = self.ty(id).clone();
        let number = match limit {
            Some(it) => self.multiply(of.number, it, of.bits, span)?,
            None => 0,
        };
        let form = limit.map_or(Form::Unbounded(id), |it| Form::UpTo(id, it));
        Some(self.derived(Type { number, variable: true, class: Class::Array, form, ..of }, span))
    }

    /// `array[n] of T`, `struct[n] of T`
    fn fixed(&mut self, count: &Expr, element: &TypeSpec, span: Span, class: Class) -> Option<Type> {
        let count = self.number(count)?;
        let id = self.element(element)?;
        let allowed = class == Class::Array && self.abi.rules.arrays_of_out_of_line;
        self.check_element(id, element.span, allowed)?;
        let of = self.ty(id).clone();
        let number = self.multiply(of.number, count, of.bits, span)?;
        Some(self.derived(Type { number, class, form: Form::Fixed(id, count), ..of }, span))
    }

    /// What every constructor does to its element's record: C names and translations stay behind.
    fn derived(&self, ty: Type, span: Span) -> Type {
        Type { name: None, span, doc: None, c: CNames::default(), translation: Translation::default(), ..ty }
    }

    fn multiply(&mut self, number: u32, count: u32, bits: u32, span: Span) -> Option<u32> {
        let product = u64::from(number) * u64::from(count);
        if product * u64::from(bits.max(1)) / 8 <= LARGEST {
            return Some(product as u32);
        }
        self.report(
            Diagnostic::new(&codes::TOO_LARGE, span, "this array is too large for a message")
                .label(format!("{product} elements of {bits} bits"))
                .help("send it out of line: `^ array[] of …`"),
        );
        None
    }

    fn out_of_line(&mut self, of: &TypeSpec, span: Span) -> Option<Type> {
        let id = self.element(of)?;
        let of_ty = self.ty(id).clone();
        let unbounded = matches!(self.interface.form(id).form, Form::Unbounded(_));
        if !of_ty.inline {
            self.report(
                Diagnostic::new(&codes::OUT_OF_LINE_TWICE, of.span, "this type is out of line already")
                    .label("`^` again would be a pointer to a pointer")
                    .help("remove one `^`"),
            );
            return None;
        }
        let bounded = of_ty.variable && !unbounded;
        if bounded && !self.abi.rules.bounded_out_of_line {
            self.report(
                Diagnostic::new(&codes::BOUNDED_OUT_OF_LINE, of.span, "an out-of-line array has no maximum here")
                    .label("`array[*:n]`")
                    .note("typed messages carry any number of elements out of line")
                    .help("write `^ array[] of …`"),
            );
            return None;
        }
        if !of_ty.variable && !self.abi.rules.constant_out_of_line {
            self.report(
                Diagnostic::new(&codes::CONSTANT_OUT_OF_LINE, span, "this would transfer nothing")
                    .label("out of line, but not an array of variable size")
                    .note("GNU MIG accepts it and sends a region of no bytes")
                    .help("write `^ array[] of …`, or leave the `^` out"),
            );
            return None;
        }
        let number = if self.abi.rules.bounded_out_of_line && !unbounded { of_ty.number } else { 0 };
        let ty = Type { number, inline: false, class: Class::Value, form: Form::OutOfLine(id), ..of_ty };
        Some(self.derived(ty, span))
    }

    /// `c_string[n]`, `c_string[*:n]`
    fn text(&mut self, variable: bool, size: &Expr, span: Span) -> Option<Type> {
        let number = self.number(size)?;
        self.multiply(1, number, 8, span)?;
        let name = IpcName::Number(STRING);
        let form = Form::Text(number);
        Some(Type { number, variable, class: Class::Text, form, ..plain(name, name, 8, span) })
    }

    /// `struct { … }`: members lie as in C, and the whole is an array of the widest.
    fn members(&mut self, nodes: &[mig_parser::ast::Member], span: Span) -> Option<Type> {
        let (mut size, mut align, mut members, mut wrong) = (0u64, 1u32, Vec::new(), false);
        for node in nodes {
            let Some(id) = self.lookup(&node.ty) else {
                wrong = true;
                continue;
            };
            let ty = self.ty(id);
            if !ty.inline || ty.variable {
                self.report(
                    Diagnostic::new(
                        &codes::MEMBER,
                        node.ty.span,
                        "a member of a structure must be in line and of constant size",
                    )
                    .label("this type is not")
                    .help("send it as an argument of its own"),
                );
                wrong = true;
                continue;
            }
            let its = self.alignment(id, self.abi.align);
            let offset = size.next_multiple_of(its.into());
            size = offset + u64::from(self.ty(id).bytes());
            align = align.max(its);
            members.push(Member { name: node.name.text.clone(), ty: id, offset: offset as u32 });
        }
        let (name, bits) = match align {
            1 => (9, 8),
            2 => (1, 16),
            4 => (2, 32),
            _ => (self.abi.rules.integer_64, 64),
        };
        let number = self.multiply(1, size.div_ceil(align.into()).min(u32::MAX.into()) as u32, bits, span)?;
        let name = IpcName::Number(name);
        let c_size = self.c_size(&members);
        (!wrong).then(|| Type { number, c_size, form: Form::Members(members), ..plain(name, name, bits, span) })
    }

    /// Bytes that C gives a structure with these members.
    fn c_size(&self, members: &[Member]) -> u32 {
        let (mut size, mut align) = (0u32, 1);
        for member in members {
            let its = self.alignment(member.ty, self.abi.c_align);
            size = size.next_multiple_of(its) + self.ty(member.ty).c_bytes();
            align = align.max(its);
        }
        size.next_multiple_of(align)
    }

    /// What a type's place in a structure is a multiple of, in bytes; never more than `most`.
    fn alignment(&self, id: TypeId, most: u32) -> u32 {
        let ty = self.interface.form(id);
        match &ty.form {
            Form::Fixed(of, _) => self.alignment(*of, most),
            Form::Members(members) => members.iter().map(|it| self.alignment(it.ty, most)).max().unwrap_or(1),
            Form::Text(_) => 1,
            _ => (ty.bits / 8).clamp(1, most).next_power_of_two(),
        }
    }

    /// Whether a constructor may be applied to this element.
    fn check_element(&mut self, id: TypeId, at: Span, out_of_line_allowed: bool) -> Option<()> {
        let ty = self.ty(id);
        let inline = ty.inline;
        if inline && ty.variable {
            self.report(
                Diagnostic::new(&codes::ARRAY_OF_VARIABLE, at, "elements of an array must have a constant size")
                    .label("this type varies in size")
                    .help("use a constant number of elements, or send the inner arrays one after the other"),
            );
            return None;
        }
        if !inline && !out_of_line_allowed {
            self.report(
                Diagnostic::new(&codes::ARRAY_OF_OUT_OF_LINE, at, "elements of this array cannot be out of line")
                    .label("this type is")
                    .help("send the elements in line inside one out-of-line array: `^ array[] of …`"),
            );
            return None;
        }
        Some(())
    }

    fn annotate(&mut self, ty: &mut Type, annotation: &Annotation) {
        let (c, translation) = (&mut ty.c, &mut ty.translation);
        let settings: Vec<(&mut Option<String>, &Word, &str)> = match &annotation.kind {
            AnnotationKind::InTran { trans, function, server } => vec![
                (&mut c.trans, trans, "translated type"),
                (&mut translation.intran, function, "`intran` function"),
                (&mut c.server, server, "server type"),
            ],
            AnnotationKind::OutTran { server, function, trans } => vec![
                (&mut c.trans, trans, "translated type"),
                (&mut translation.outtran, function, "`outtran` function"),
                (&mut c.server, server, "server type"),
            ],
            AnnotationKind::Destructor { function, trans } => {
                vec![(&mut c.trans, trans, "translated type"), (&mut translation.destructor, function, "destructor")]
            }
            AnnotationKind::InTranPayload { trans, function } => vec![
                (&mut c.trans, trans, "translated type"),
                (&mut translation.payload, function, "`intranpayload` function"),
            ],
            AnnotationKind::CType(it) => {
                vec![(&mut c.user, it, "client's C type"), (&mut c.server, it, "server's C type")]
            }
            AnnotationKind::CUserType(it) => vec![(&mut c.user, it, "client's C type")],
            AnnotationKind::CServerType(it) => vec![(&mut c.server, it, "server's C type")],
        };
        let mut reports = Vec::new();
        for (place, word, what) in settings {
            if let Some(earlier) = place.replace(word.text.clone()).filter(|it| *it != word.text) {
                reports.push(
                    Diagnostic::new(
                        &codes::CONFLICTING_ANNOTATIONS,
                        word.span,
                        format!("two different names for the {what}"),
                    )
                    .label(format!("`{}` replaces `{earlier}`", word.text))
                    .help("keep one of them"),
                );
            }
        }
        reports.into_iter().for_each(|it| self.report(it));
    }
}

/// `PointerTo(T)` and kin.
pub(super) fn native(node: &Native) -> Type {
    let nothing = IpcName::Number(0);
    let native = NativeType {
        pointer: node.kind.value != NativeKind::ValueOf,
        ty: node.ty.text.clone(),
        if_not: node.if_not.as_ref().map(|it| it.text.clone()),
    };
    Type { form: Form::Native(native), ..plain(nothing, nothing, 8, node.kind.span) }
}

/// Two types which no message can tell apart.
fn same_on_the_wire(one: &Type, other: &Type) -> bool {
    let key =
        |it: &Type| (it.sent, it.received, it.bits, it.number, it.inline, it.variable, it.class, it.long, it.dealloc);
    key(one) == key(other)
}

fn no_size(node: &Basic, span: Span) -> Diagnostic {
    let what = match &node.sent {
        IpcType::Number(it) => it.value.to_string(),
        IpcType::Symbol(it) => it.text.clone(),
    };
    Diagnostic::new(&codes::NO_SIZE, span, format!("`{what}` alone does not say how large an element is"))
        .label("no usual size")
        .help(format!("give it in bits: `({what}, 32)`"))
}
