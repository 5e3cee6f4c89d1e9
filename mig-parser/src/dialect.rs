//! What each dialect of the language knows.
//!
//! The parser accepts the union of all dialects. [`check`] walks a syntax tree once and reports what one of them
//! lacks. Everything it knows stands in tables, as data.

mod tables;
mod walk;

use std::fmt;

pub use walk::check;

/// A dialect of the language.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Dialect {
    /// Carnegie Mellon's: Mach 2.5 and 3.0.
    Mach3,
    /// GNU Mach and the Hurd.
    Gnu,
    /// The Open Software Foundation's MK series.
    Osf,
    /// Apple's.
    Darwin,
}

impl Dialect {
    /// Every one.
    pub const ALL: &[Dialect] = &[Dialect::Mach3, Dialect::Gnu, Dialect::Osf, Dialect::Darwin];

    /// As a user writes it on the command line: `mach3`, `gnu`, `osf`, `darwin`.
    pub const fn name(self) -> &'static str {
        match self {
            Dialect::Mach3 => "mach3",
            Dialect::Gnu => "gnu",
            Dialect::Osf => "osf",
            Dialect::Darwin => "darwin",
        }
    }

    /// As a message spells it.
    pub const fn title(self) -> &'static str {
        match self {
            Dialect::Mach3 => "Mach 3",
            Dialect::Gnu => "GNU",
            Dialect::Osf => "OSF",
            Dialect::Darwin => "Darwin",
        }
    }

    /// The dialect with this [`name`](Dialect::name), in any case.
    pub fn find(name: &str) -> Option<Dialect> {
        Self::ALL.iter().copied().find(|it| it.name().eq_ignore_ascii_case(name))
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.title())
    }
}

/// Some of the dialects.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Dialects(u8);

impl Dialects {
    const MACH3: Dialects = Dialects(1 << Dialect::Mach3 as u8);
    const GNU: Dialects = Dialects(1 << Dialect::Gnu as u8);
    const OSF: Dialects = Dialects(1 << Dialect::Osf as u8);
    const DARWIN: Dialects = Dialects(1 << Dialect::Darwin as u8);
    const ALL: Dialects = Self::MACH3.or(Self::GNU).or(Self::OSF).or(Self::DARWIN);

    const fn or(self, other: Dialects) -> Dialects {
        Dialects(self.0 | other.0)
    }

    const fn has(self, dialect: Dialect) -> bool {
        self.0 & 1 << dialect as u8 != 0
    }

    fn iter(self) -> impl Iterator<Item = Dialect> {
        Dialect::ALL.iter().copied().filter(move |it| self.has(*it))
    }
}

/// Whether a word names an IPC type: `polymorphic` in any case, the others exactly as they stand in the table.
pub(crate) fn is_symbol(word: &str) -> bool {
    symbol(word).is_some()
}

/// Every symbolic IPC type.
pub(crate) fn symbols() -> impl Iterator<Item = &'static str> {
    tables::SYMBOLS.iter().map(|it| it.0)
}

/// Whether every dialect reserves a word, so that it can be no name.
pub(crate) fn is_reserved(word: &str) -> bool {
    reserved(word).is_some_and(|it| it == Dialects::ALL)
}

/// Who knows a symbolic IPC type.
fn symbol(word: &str) -> Option<Dialects> {
    // Most words are names, and of those one look at the first letter tells.
    if !word.starts_with(['M', 'P', 'p']) {
        return None;
    }
    let wanted = if word.eq_ignore_ascii_case(tables::POLYMORPHIC) { tables::POLYMORPHIC } else { word };
    tables::SYMBOLS.iter().find(|it| it.0 == wanted).map(|it| it.1)
}

/// Who reserves a word.
fn reserved(word: &str) -> Option<Dialects> {
    let any_case = tables::RESERVED.iter().find(|it| it.0.eq_ignore_ascii_case(word));
    let exact = || tables::RESERVED_EXACTLY.iter().find(|it| it.0 == word);
    any_case.or_else(exact).map(|it| it.1).or_else(|| symbol(word))
}
