//! Two things that would get one name in Rust.

use mig_parser::diag::codes::output as codes;
use mig_parser::diag::{Diagnostic, Diagnostics};
use mig_parser::span::Span;

use super::Context;
use super::items::{Item, Kind};
use super::names;
use crate::model::{Form, TypeId};

impl Context<'_> {
    /// Routines, and the arguments of each.
    pub(super) fn check_names(&self, diagnostics: &mut Diagnostics) {
        let routines = self.joined.routines.iter();
        check_named(routines.map(|it| (names::constant(&it.name).to_string(), &*it.name, it.span)), diagnostics);
        for routine in &self.joined.routines {
            let args = routine.args.iter();
            check_named(args.map(|it| (names::variable(&it.name).to_string(), &*it.name, it.span)), diagnostics);
        }
    }

    /// Members of a structure.
    pub(super) fn check_members(&self, id: TypeId, diagnostics: &mut Diagnostics) {
        let ty = self.joined.form(id);
        let Form::Members(members) = &ty.form else { return };
        check_named(members.iter().map(|it| (names::variable(&it.name).to_string(), &*it.name, ty.span)), diagnostics);
    }

    /// A type and another one that the definition names differently.
    pub(super) fn check_clash(&self, rust: &str, item: &Item, diagnostics: &mut Diagnostics) {
        let Some((mig, id)) = &item.clash else { return };
        let message = format!("`{}` and `{mig}` are both `{rust}` in Rust", item.mig);
        let mut it = Diagnostic::new(&codes::SAME_NAME, self.joined.ty(*id).span, message).label("the second one");
        if let Kind::Structure(first) | Kind::Marker(first) = item.kind {
            it = it.also(self.joined.ty(first).span, "the first one");
        }
        diagnostics.push(it.help("name one of them differently, or map it in a type table"));
    }
}

/// Names in Rust, names in the definition, and where they stand there.
fn check_named<'a>(all: impl Iterator<Item = (String, &'a str, Span)>, diagnostics: &mut Diagnostics) {
    let mut seen: Vec<(String, &str, Span)> = Vec::new();
    for (rust, name, span) in all {
        if let Some((_, earlier, first)) = seen.iter().find(|it| it.0 == rust) {
            diagnostics.push(
                Diagnostic::new(&codes::SAME_NAME, span, format!("`{name}` and `{earlier}` get the same name"))
                    .label(format!("`{rust}` again"))
                    .also(*first, "the first one")
                    .help("give them names that differ in more than capitals and underscores"),
            );
        }
        seen.push((rust, name, span));
    }
}
