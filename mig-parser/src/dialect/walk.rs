//! The walk over a syntax tree.

use super::tables::{self, Row};
use super::{Dialect, Dialects};
use crate::ast::*;
use crate::diag::codes::syntax;
use crate::diag::{Diagnostic, Diagnostics};
use crate::parse::Report;
use crate::span::{Span, Spanned};

/// Reports what a dialect lacks, and the names that it reserves. What every dialect reserves the parser has reported.
pub fn check(ast: &Ast, dialect: Dialect, diagnostics: &mut Diagnostics) {
    let mut walk = Walk { dialect, report: Report::new(diagnostics) };
    for it in &ast.statements {
        walk.statement(it);
    }
    walk.report.finish();
}

struct Walk<'a> {
    dialect: Dialect,
    report: Report<'a>,
}

impl Walk<'_> {
    fn statement(&mut self, statement: &Statement) {
        match &statement.kind {
            StatementKind::Subsystem(it) => {
                for mode in &it.modes {
                    self.keyword(tables::MODES, *mode, mode.value.text(), "mode");
                }
                self.name(&it.name);
            }
            StatementKind::Skip(None) | StatementKind::RcsId(_) => {}
            StatementKind::Skip(Some(it)) => {
                self.form(tables::SKIP_NUMBER, it.span, "the operand of `skip`", "extension")
            }
            StatementKind::Setting(it) => self.setting(it),
            StatementKind::Import(it) => self.keyword(tables::IMPORTS, it.kind, it.kind.value.text(), "statement"),
            StatementKind::Type(it) => self.named_type(it),
            StatementKind::Routine(it) => self.routine(it),
        }
    }

    fn setting(&mut self, setting: &Setting) {
        use SettingKey::*;
        self.keyword(tables::SETTINGS, setting.key, setting.key.value.text(), "statement");
        let takes_name = matches!(setting.key.value, ServerPrefix | UserPrefix | ServerDemux | Error);
        if let Some(it) = setting.value.as_ref().filter(|_| takes_name) {
            self.name(it);
        }
    }

    fn routine(&mut self, routine: &Routine) {
        self.keyword(tables::ROUTINES, routine.kind, routine.kind.value.text(), "kind of routine");
        self.name(&routine.name);
        for it in &routine.args {
            self.arg(it);
        }
        if let Some(it) = &routine.result {
            self.arg_type(it);
        }
    }

    fn arg(&mut self, arg: &Arg) {
        if let Some(it) = arg.direction {
            self.keyword(tables::DIRECTIONS, it, it.value.text(), "argument");
            self.trailer(arg, it);
        }
        self.name(&arg.name);
        self.arg_type(&arg.ty);
        for it in &arg.flags {
            self.flag(it);
        }
    }

    /// Arguments that stand for a field of the trailer take no flags.
    fn trailer(&mut self, arg: &Arg, direction: Spanned<Direction>) {
        let known = |table: &[Row<Direction>]| table.iter().find(|it| it.0 == direction.value).map(|it| it.1);
        if !known(tables::DIRECTIONS).is_some_and(|it| it.has(self.dialect)) {
            return;
        }
        let keyword = direction.value.text();
        if let (Some(it), Some(flagged)) = (arg.flags.first(), known(tables::FLAGGED))
            && !flagged.has(self.dialect)
        {
            let message = format!("`{keyword}` takes no flags in the {} dialect", self.dialect);
            self.report.push(|| {
                Diagnostic::new(&syntax::TRAILER, it.kind.span, message)
                    .also(direction.span, "a trailer argument")
                    .help("leave the flags out")
            });
        }
        let names_field = matches!(direction.value, Direction::ServerImpl | Direction::UserImpl);
        match (&arg.trailer_field, tables::TRAILER_FIELD.has(self.dialect)) {
            (Some(it), false) => self.form(tables::TRAILER_FIELD, it.span, "the name of a trailer field", "extension"),
            (None, true) if names_field => {
                self.report.push(|| {
                    let message = format!("`{keyword}` names no field of the trailer");
                    Diagnostic::new(&syntax::TRAILER, arg.span.at_end(), message)
                        .label("a comma and the name of the field are expected here")
                        .help(format!("write `{keyword} {} : …, field`", arg.name.text))
                });
            }
            _ => {}
        }
        if let Some(it) = &arg.trailer_field {
            self.name(it);
        }
    }

    fn flag(&mut self, flag: &Flag) {
        self.keyword(tables::FLAGS, flag.kind, flag.kind.value.text(), "flag");
    }

    fn arg_type(&mut self, ty: &ArgType) {
        match ty {
            ArgType::Name(it) => self.name(it),
            ArgType::Declared(it) => self.named_type(it),
            ArgType::Native(it) => self.native(it),
        }
    }

    fn named_type(&mut self, ty: &NamedType) {
        self.name(&ty.name);
        self.type_spec(&ty.spec);
        for it in &ty.annotations {
            self.annotation(it);
        }
    }

    fn type_spec(&mut self, spec: &TypeSpec) {
        match &spec.kind {
            TypeSpecKind::Basic(it) => self.basic(it, spec.span),
            TypeSpecKind::Name(it) => self.name(it),
            TypeSpecKind::Array { element, .. } | TypeSpecKind::Struct { element, .. } => self.type_spec(element),
            TypeSpecKind::OutOfLine(it) => self.type_spec(it),
            TypeSpecKind::Members(members) => {
                self.form(tables::MEMBERS, spec.span, "a structure with members", "type");
                for it in members {
                    self.name(&it.ty);
                    self.name(&it.name);
                }
            }
            TypeSpecKind::CString { .. } => {}
            TypeSpecKind::Native(it) => self.native(it),
        }
    }

    fn basic(&mut self, basic: &Basic, span: Span) {
        if basic.long.is_some() {
            self.form(tables::LONG_FORM, span, "the long form of a type", "type");
        }
        for it in [Some(&basic.sent), basic.received.as_ref()].into_iter().flatten() {
            if let IpcType::Symbol(it) = it
                && let Some(known) = super::symbol(&it.text)
            {
                self.form(known, it.span, &format!("`{}`", it.text), "type");
            }
        }
        let flags = basic.long.iter().flat_map(|it| &it.flags);
        flags.for_each(|it| self.flag(it));
    }

    fn native(&mut self, native: &Native) {
        self.keyword(tables::NATIVES, native.kind, native.kind.value.text(), "type");
        for phrase in [Some(&native.ty), native.if_not.as_ref()].into_iter().flatten() {
            for text in phrase.text.split(' ') {
                self.name(&Word { text: text.to_owned(), span: phrase.span });
            }
        }
    }

    fn annotation(&mut self, annotation: &Annotation) {
        use AnnotationKind::*;
        let names = match &annotation.kind {
            InTran { trans, function, server } | OutTran { server, function, trans } => vec![trans, function, server],
            Destructor { function, trans } => vec![function, trans],
            InTranPayload { trans, function } => {
                self.form(tables::PAYLOAD, annotation.span, "`intranpayload`", "annotation");
                vec![trans, function]
            }
            CType(it) | CUserType(it) | CServerType(it) => vec![it],
        };
        names.into_iter().for_each(|it| self.name(it));
    }

    /// Reports a keyword which the dialect lacks.
    fn keyword<T: PartialEq + Copy>(&mut self, table: &[Row<T>], keyword: Spanned<T>, text: &str, noun: &str) {
        let known = table.iter().find(|it| it.0 == keyword.value).map_or(Dialects(0), |it| it.1);
        self.form(known, keyword.span, &format!("`{text}`"), noun);
    }

    /// Reports something that only other dialects know.
    fn form(&mut self, known: Dialects, span: Span, what: &str, noun: &str) {
        let dialect = self.dialect;
        if known.has(dialect) {
            return;
        }
        self.report.push(|| {
            let owners = titles(known);
            let article = if owners.starts_with("OSF") { "an" } else { "a" };
            let message = format!("{what} is {article} {owners} {noun}; this is the {dialect} dialect");
            Diagnostic::new(&syntax::OTHER_DIALECT, span, message)
                .help(format!("compile it as one of the dialects that know it: {}", names(known)))
        });
    }

    /// Reports a name which the dialect reserves.
    fn name(&mut self, word: &Word) {
        let dialect = self.dialect;
        let Some(by) = super::reserved(&word.text).filter(|it| *it != Dialects::ALL && it.has(dialect)) else { return };
        self.report.push(|| {
            let message = format!("`{}` is a keyword of the {dialect} dialect and cannot be a name", word.text);
            Diagnostic::new(&syntax::RESERVED_BY_DIALECT, word.span, message)
                .note(format!("dialects in which it is a keyword: {}", names(by)))
                .help(format!("choose another name, such as `{}_`", word.text))
        });
    }
}

/// `Mach 3, GNU and OSF`
fn titles(dialects: Dialects) -> String {
    let titles: Vec<&str> = dialects.iter().map(Dialect::title).collect();
    match titles.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => titles.concat(),
    }
}

/// `` `mach3`, `gnu` ``
fn names(dialects: Dialects) -> String {
    dialects.iter().map(|it| format!("`{}`", it.name())).collect::<Vec<_>>().join(", ")
}
