//! Syntax tree → model: names are looked up, numbers computed, defaults filled in.
//!
//! A check lives beside the thing it checks. What is wrong becomes a diagnostic, and the rest is resolved all the
//! same: a routine with a mistake keeps its number and is left out.

mod expressions;
mod flags;
mod ids;
mod routines;
mod settings;
mod special;
mod symbols;
mod types;

pub(crate) use flags::is_long;

use std::collections::HashMap;

use mig_parser::ast::{Ast, Statement, StatementKind, Subsystem as SubsystemNode, SubsystemMode};
use mig_parser::diag::codes::routines as codes;
use mig_parser::diag::{Diagnostic, Diagnostics};
use mig_parser::dialect::Dialect;
use mig_parser::span::Span;

use crate::abi::Abi;
use crate::model::{Import, Interface, Subsystem, TypeId};
use settings::Settings;

/// Resolves a definition for one ABI.
///
/// Without a dialect everything is accepted that any dialect accepts; with one, its own rules are errors: GNU's, that
/// types come after the subsystem and are declared once.
pub fn resolve(ast: &Ast, abi: &Abi, dialect: Option<Dialect>, diagnostics: &mut Diagnostics) -> Interface {
    let mut resolver = Resolver {
        abi: *abi,
        dialect,
        interface: Interface::default(),
        names: HashMap::new(),
        depths: Vec::new(),
        settings: Settings::default(),
        counter: 0,
        first_before_subsystem: None,
        diagnostics,
    };
    resolver.install_built_ins();
    for statement in &ast.statements {
        resolver.statement(statement);
    }
    resolver.finish(ast)
}

/// What is known so far.
struct Resolver<'a> {
    abi: Abi,
    dialect: Option<Dialect>,
    interface: Interface,
    names: HashMap<String, TypeId>,
    /// How many constructors deep each type is.
    depths: Vec<u16>,
    settings: Settings,
    /// Number of the next routine.
    counter: u32,
    /// The first type or routine, if it came before the subsystem.
    first_before_subsystem: Option<Span>,
    diagnostics: &'a mut Diagnostics,
}

impl Resolver<'_> {
    fn statement(&mut self, statement: &Statement) {
        if matches!(statement.kind, StatementKind::Type(_) | StatementKind::Routine(_)) {
            self.check_order(statement.span);
        }
        match &statement.kind {
            StatementKind::Subsystem(it) => self.subsystem(it, statement.doc.clone()),
            StatementKind::Skip(count) => self.skip(count.as_ref().map_or(1, |it| it.value)),
            StatementKind::Setting(it) => self.setting(it),
            StatementKind::Import(it) => {
                self.interface.imports.push(Import { kind: it.kind.value, file: it.file.text.clone() });
            }
            StatementKind::RcsId(it) => {
                if self.interface.rcs_id.replace(it.text.clone()).is_some() {
                    self.report(
                        Diagnostic::new(&codes::SECOND_RCS_ID, it.span, "a second `rcsid`")
                            .label("replaces the first one")
                            .help("keep one of them"),
                    );
                }
            }
            StatementKind::Type(it) => self.declaration(it, statement.doc.clone()),
            StatementKind::Routine(it) => self.routine(it, statement.doc.clone()),
        }
    }

    fn report(&mut self, it: Diagnostic) {
        self.diagnostics.push(it);
    }

    fn is_gnu(&self) -> bool {
        self.dialect == Some(Dialect::Gnu)
    }

    /// GNU's built-in types exist only after `subsystem`, so nothing can be declared before it there.
    fn check_order(&mut self, span: Span) {
        if self.interface.subsystem.is_some() || self.first_before_subsystem.is_some() {
            return;
        }
        self.first_before_subsystem = Some(span);
        if self.is_gnu() {
            self.report(
                Diagnostic::new(&codes::BEFORE_SUBSYSTEM, span, "this comes before `subsystem`")
                    .label("GNU MIG knows no types yet")
                    .help("move `subsystem` to the top of the file, above every include that declares types"),
            );
        }
    }

    fn subsystem(&mut self, node: &SubsystemNode, doc: Option<String>) {
        if let Some(first) = &self.interface.subsystem {
            let report = Diagnostic::new(&codes::SECOND_SUBSYSTEM, node.name.span, "a second `subsystem`")
                .label("a definition file describes one subsystem")
                .also(first.span, "the first one")
                .help("put the second one into a file of its own, or include only files without `subsystem`");
            return self.report(report);
        }
        let mut modes: Vec<SubsystemMode> = Vec::new();
        for mode in &node.modes {
            if modes.contains(&mode.value) {
                self.report(
                    Diagnostic::new(&codes::REPEATED_MODE, mode.span, "this keyword is repeated")
                        .label("said already")
                        .help("remove it"),
                );
            }
            modes.push(mode.value);
        }
        self.interface.subsystem = Some(Subsystem {
            name: node.name.text.clone(),
            base: node.base.value,
            kernel_user: modes.contains(&SubsystemMode::KernelUser),
            kernel_server: modes.contains(&SubsystemMode::KernelServer),
            span: node.name.span,
            doc,
        });
    }

    fn skip(&mut self, count: u32) {
        self.counter = self.counter.saturating_add(count);
    }

    fn finish(mut self, ast: &Ast) -> Interface {
        self.interface.slots = self.counter;
        if self.interface.subsystem.is_none() && !self.interface.routines.is_empty() {
            let at = ast.statements.first().map_or(Span::default(), |it| it.span.at_start());
            self.report(no_subsystem(at));
        }
        self.check_ids();
        self.interface
    }
}

/// What is said of a file that has no subsystem, where one is needed.
pub(crate) fn no_subsystem(at: Span) -> Diagnostic {
    Diagnostic::new(&codes::NO_SUBSYSTEM, at, "no `subsystem` in this file")
        .label("message ids cannot be given to its routines")
        .help("begin the file with `subsystem NAME BASE;`, for example `subsystem demo 4200;`")
}
