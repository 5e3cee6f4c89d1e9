//! Types by name.

use std::collections::HashMap;

use mig_parser::ast::{NamedType, StatementKind, Word};
use mig_parser::diag::Diagnostic;
use mig_parser::diag::codes::{constructors, types as codes};
use mig_parser::dialect::Dialect;
use mig_parser::span::Span;

use super::Resolver;
use super::types::plain;
use crate::model::{Form, IpcName, Type, TypeId};

/// How many constructors a type may go through: every stage walks types by recursion.
const DEEPEST: u16 = 200;

/// Below this many types, the usual includes are missing.
const FEW: usize = 20;

/// The types so far.
#[derive(Default)]
pub(super) struct Names {
    /// `None` stands for a type whose declaration is wrong or missing, which has been reported.
    ids: HashMap<String, Option<TypeId>>,
    /// What the model does not say of a type, by id.
    facts: Vec<Facts>,
}

/// What follows from a type's parts, so that nobody has to walk them again.
#[derive(Clone, Copy)]
struct Facts {
    /// How many constructors deep it is.
    depth: u16,
    /// Where it may stand in a structure, and where C puts it: at multiples of this many bytes.
    align: (u32, u32),
}

impl Names {
    pub(super) fn find(&self, name: &str) -> Option<TypeId> {
        self.ids.get(name).copied().flatten()
    }

    /// What a type's place in a structure is a multiple of, by the definition and in C.
    pub(super) fn align(&self, id: TypeId) -> (u32, u32) {
        self.facts[id.0 as usize].align
    }
}

impl Resolver<'_> {
    /// GNU's types that need no declaration. The others declare them in `std_types.defs`, with the same meaning.
    pub(super) fn install_built_ins(&mut self) {
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
            self.names.ids.insert(name.to_owned(), Some(id));
        }
    }

    pub(super) fn ty(&self, id: TypeId) -> &Type {
        self.interface.ty(id)
    }

    /// Gives a type its id.
    pub(super) fn add(&mut self, mut ty: Type) -> TypeId {
        let mut facts = self.facts_of(&ty);
        if facts.depth > DEEPEST {
            self.report.push(
                Diagnostic::new(&constructors::TOO_DEEP, ty.span, "this type is too deep")
                    .label(format!("made of types made of types, {DEEPEST} times"))
                    .help("name the innermost type directly"),
            );
            (ty.form, facts.depth) = (Form::Basic, 0);
        }
        self.names.facts.push(facts);
        self.interface.types.push(ty);
        TypeId(self.interface.types.len() as u32 - 1)
    }

    fn facts_of(&self, ty: &Type) -> Facts {
        let of = |id: TypeId| self.names.facts[id.0 as usize];
        match &ty.form {
            Form::Alias(it) | Form::Fixed(it, _) | Form::UpTo(it, _) | Form::Unbounded(it) | Form::OutOfLine(it) => {
                Facts { depth: of(*it).depth + 1, ..of(*it) }
            }
            Form::Members(members) => {
                let parts = || members.iter().map(|it| of(it.ty));
                let depth = parts().map(|it| it.depth + 1).max().unwrap_or(0);
                let align = parts().fold((1, 1), |most, it| (it.align.0.max(most.0), it.align.1.max(most.1)));
                Facts { depth, align }
            }
            Form::Basic | Form::Truth | Form::Real | Form::Text(_) | Form::Native(_) => {
                let within = |most: u32| (ty.bits / 8).clamp(1, most);
                Facts { depth: 0, align: (within(self.abi.align), within(self.abi.c_align)) }
            }
        }
    }

    /// `type name = …;`
    pub(super) fn declaration(&mut self, node: &NamedType, doc: Option<String>) {
        let name = node.name.text.clone();
        let Some(ty) = self.named(node, doc) else {
            self.names.ids.insert(name, None);
            return;
        };
        let id = self.add(ty);
        self.interface.declared.push(id);
        if let Some(Some(earlier)) = self.names.ids.insert(name, Some(id)) {
            self.check_redeclaration(&node.name, earlier, id);
        }
    }

    fn check_redeclaration(&mut self, name: &Word, earlier: TypeId, later: TypeId) {
        let strict = self.is_dialect(&[Dialect::Gnu]);
        let (before, after) = (self.ty(earlier), self.ty(later));
        if same_on_the_wire(before, after) && !strict {
            return;
        }
        let it =
            Diagnostic::new(&codes::REDECLARED, name.span, format!("type `{}` is declared a second time", name.text));
        let it = match before.span == Span::default() {
            true if strict => it.label("it is built in"),
            true => it.label("it is built in; this declaration wins"),
            false => it.label("this declaration wins").also(before.span, "the first one"),
        };
        let it = it.help("remove one of them, or give it another name");
        self.report.push(if strict { it.note("GNU MIG refuses this").as_error() } else { it });
    }

    /// The declared type of this name. One that is missing is reported once.
    pub(super) fn lookup(&mut self, name: &Word) -> Option<TypeId> {
        if let Some(known) = self.names.ids.get(&name.text) {
            return *known;
        }
        let report = self.undeclared(name);
        self.report.push(report);
        self.names.ids.insert(name.text.clone(), None);
        None
    }

    fn undeclared(&self, name: &Word) -> Diagnostic {
        let it = |what: &str| {
            let message = format!("type `{}` {what}", name.text);
            Diagnostic::new(&codes::UNDECLARED, name.span, message)
        };
        let declared = if self.report.has_room() { self.declaration_of(name) } else { None };
        match declared {
            Some(at) if at.start > name.span.start => {
                return it("is used before it is declared")
                    .label("not declared yet")
                    .also(at, "declared here")
                    .help("move the declaration up");
            }
            Some(at) => {
                return it("is made of itself").label("not declared yet").also(at, "declared here");
            }
            None => {}
        }
        let it = it("is not declared");
        if !self.report.has_room() {
            return it;
        }
        let known = self.names.ids.iter().filter(|it| it.1.is_some());
        let it = it
            .label("not found in this file or in what it includes")
            .suggest(&name.text, known.map(|it| it.0.as_str()));
        if self.names.ids.len() >= FEW || !it.help.is_empty() {
            return it;
        }
        it.help("most definitions begin with `#include <mach/std_types.defs>` and `#include <mach/mach_types.defs>`")
    }

    /// Where a type is declared that is not known yet.
    fn declaration_of(&self, name: &Word) -> Option<Span> {
        self.ast.statements.iter().find_map(|it| match &it.kind {
            StatementKind::Type(it) if it.name.text == name.text => Some(it.name.span),
            _ => None,
        })
    }
}

/// Two types which no message can tell apart.
fn same_on_the_wire(one: &Type, other: &Type) -> bool {
    let key =
        |it: &Type| (it.sent, it.received, it.bits, it.number, it.inline, it.variable, it.class, it.long, it.dealloc);
    key(one) == key(other)
}
