//! Syntax tree → model: names are looked up, numbers computed, defaults filled in.
//!
//! A check lives beside the thing it checks. What is wrong becomes a diagnostic, and the rest is resolved all the
//! same: a routine with a mistake keeps its number and is left out. One mistake is reported once. What depends on
//! something that is wrong or missing is left out in silence, also where the parser left gaps in the tree.

mod annotations;
mod arguments;
mod constructors;
mod expressions;
mod flags;
mod ids;
mod members;
mod names;
mod options;
mod report;
mod roles;
mod routines;
mod settings;
mod special;
mod symbols;
mod tokens;
mod types;

pub(crate) use constructors::LARGEST;
pub(crate) use flags::is_long;

use std::collections::HashMap;

use mig_parser::ast::{Ast, Statement, StatementKind, Subsystem as SubsystemNode, SubsystemMode, Word};
use mig_parser::diag::codes::{messages, routines as codes};
use mig_parser::diag::{Diagnostic, Diagnostics};
use mig_parser::dialect::Dialect;
use mig_parser::span::Span;

use crate::abi::Abi;
use crate::model::{Import, Interface, Subsystem};
use names::Names;
use report::Report;
use settings::Settings;

/// Resolves a definition for one ABI.
///
/// Without a dialect everything is accepted that any dialect accepts; with one, its own rules are errors: GNU's, for
/// instance, that types come after the subsystem and are declared once.
///
/// `diagnostics` are those of the parser. If there are errors of syntax among them, the tree has gaps, and what only
/// seems to be missing is not reported.
pub fn resolve(ast: &Ast, abi: &Abi, dialect: Option<Dialect>, diagnostics: &mut Diagnostics) -> Interface {
    let mut resolver = Resolver {
        ast,
        abi: *abi,
        dialect,
        kernel: Kernel::of(ast),
        interface: Interface::default(),
        names: Names::default(),
        routine_names: HashMap::new(),
        settings: Settings::default(),
        counter: 0,
        first_before_subsystem: None,
        report: Report::new(diagnostics),
    };
    resolver.install_built_ins();
    for statement in &ast.statements {
        resolver.statement(statement);
    }
    resolver.finish()
}

/// What is known so far.
struct Resolver<'a> {
    ast: &'a Ast,
    abi: Abi,
    dialect: Option<Dialect>,
    kernel: Kernel,
    interface: Interface,
    names: Names,
    /// Where each routine is, also those with mistakes.
    routine_names: HashMap<String, Span>,
    settings: Settings,
    /// Number of the next routine.
    counter: u32,
    /// The first type or routine, if it came before the subsystem.
    first_before_subsystem: Option<Span>,
    report: Report<'a>,
}

/// Which sides of the subsystem are in the kernel. Known before everything else, because `subsystem` may come last.
#[derive(Clone, Copy, Default)]
struct Kernel {
    user: bool,
    server: bool,
}

impl Kernel {
    fn of(ast: &Ast) -> Kernel {
        let subsystem = ast.statements.iter().find_map(|it| match &it.kind {
            StatementKind::Subsystem(it) => Some(it),
            _ => None,
        });
        let has = |mode| subsystem.is_some_and(|it| it.modes.iter().any(|it| it.value == mode));
        Kernel { user: has(SubsystemMode::KernelUser), server: has(SubsystemMode::KernelServer) }
    }
}

impl Resolver<'_> {
    fn statement(&mut self, statement: &Statement) {
        match &statement.kind {
            StatementKind::Type(it) => self.check_order(it.name.span),
            StatementKind::Routine(it) => self.check_order(it.name.span),
            _ => {}
        }
        match &statement.kind {
            StatementKind::Subsystem(it) => self.subsystem(it, statement.doc.clone()),
            StatementKind::Skip(count) => self.skip(count.as_ref().map_or(1, |it| it.value)),
            StatementKind::Setting(it) => self.setting(it),
            StatementKind::Import(it) => {
                self.interface.imports.push(Import { kind: it.kind.value, file: it.file.text.clone() });
            }
            StatementKind::RcsId(it) => self.rcs_id(it),
            StatementKind::Type(it) => self.declaration(it, statement.doc.clone()),
            StatementKind::Routine(it) => self.routine(it, statement.doc.clone()),
        }
    }

    fn is_dialect(&self, dialects: &[Dialect]) -> bool {
        self.dialect.is_some_and(|it| dialects.contains(&it))
    }

    /// GNU's built-in types exist only after `subsystem`, so nothing can be declared before it there.
    fn check_order(&mut self, span: Span) {
        if self.interface.subsystem.is_some() || self.first_before_subsystem.is_some() {
            return;
        }
        self.first_before_subsystem = Some(span);
        if self.is_dialect(&[Dialect::Gnu]) {
            self.report.push(
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
            return self.report.push(report);
        }
        self.check_modes(node);
        self.interface.subsystem = Some(Subsystem {
            name: node.name.text.clone(),
            base: node.base.value,
            kernel_user: self.kernel.user,
            kernel_server: self.kernel.server,
            span: node.name.span,
            doc,
        });
    }

    fn check_modes(&mut self, node: &SubsystemNode) {
        for (index, mode) in node.modes.iter().enumerate() {
            let keyword = mode.value.text();
            if let Some(first) = node.modes[..index].iter().find(|it| it.value == mode.value) {
                self.report.push(
                    Diagnostic::new(&codes::REPEATED_MODE, mode.span, format!("`{keyword}` is repeated"))
                        .label("said already")
                        .also(first.span, "here")
                        .help("remove one of them"),
                );
                // With a great many of them, one report is enough.
                break;
            }
            if matches!(mode.value, SubsystemMode::Kernel | SubsystemMode::Camelot) {
                self.report.push(
                    Diagnostic::new(&messages::OBSOLETE_SETTING, mode.span, format!("`{keyword}` is obsolete"))
                        .label("ignored")
                        .note("it is a mode of Mach 2.5, whose messages were different")
                        .help("for a server in the kernel, write `kernelserver`"),
                );
            }
        }
    }

    fn rcs_id(&mut self, text: &Word) {
        if self.interface.rcs_id.replace(text.text.clone()).is_some() {
            self.report.push(
                Diagnostic::new(&codes::SECOND_RCS_ID, text.span, "a second `rcsid`")
                    .label("replaces the first one")
                    .help("keep one of them"),
            );
        }
    }

    fn skip(&mut self, count: u32) {
        self.counter = self.counter.saturating_add(count);
    }

    fn finish(mut self) -> Interface {
        self.interface.slots = self.counter;
        let names = &self.names;
        let types = &self.interface.types;
        self.interface.declared.retain(|it| {
            let name = types[it.0 as usize].name.as_deref().expect("a declared type has a name");
            names.find(name) == Some(*it)
        });
        self.check_subsystem();
        self.check_ids();
        self.report.finish();
        self.interface
    }

    fn check_subsystem(&mut self) {
        if self.interface.subsystem.is_some() {
            return;
        }
        let routine = self.ast.statements.iter().find_map(|it| match &it.kind {
            StatementKind::Routine(it) => Some(it.name.span),
            _ => None,
        });
        if let Some(at) = routine {
            self.report.push(no_subsystem(at));
        }
    }
}

/// What is said of a file that has no subsystem, where one is needed.
pub(crate) fn no_subsystem(at: Span) -> Diagnostic {
    Diagnostic::new(&codes::NO_SUBSYSTEM, at, "no `subsystem` in this file")
        .label("message ids cannot be given to its routines")
        .help("begin the file with `subsystem NAME BASE;`, for example `subsystem demo 4200;`")
}
