//! Macros and their table.

use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use super::buffers::{Buffers, Token};
use crate::source::Place;

/// A macro.
pub(super) struct Macro {
    pub(super) name: Arc<str>,
    /// The parameters of a function-like macro.
    pub(super) params: Option<Params>,
    pub(super) body: Vec<Piece>,
    /// Where its name was defined; `None` for what is built in.
    pub(super) place: Option<Place>,
    /// How many of its expansions are being read; its name is left alone meanwhile.
    pub(super) active: Cell<u32>,
    pub(super) builtin: Option<Builtin>,
}

/// Parameters of a function-like macro.
#[derive(PartialEq, Eq)]
pub(super) struct Params {
    pub(super) names: Vec<String>,
    /// Whether the last one takes all arguments that are left.
    pub(super) variadic: bool,
}

/// A token of a body. The first one has no blank before it.
pub(super) struct Piece {
    pub(super) token: Token,
    pub(super) kind: PieceKind,
    /// Whether `##` stands between this and the next one.
    pub(super) pasted: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum PieceKind {
    /// Just a token.
    Plain,
    /// A parameter.
    Param(usize),
    /// A parameter behind `#`.
    Stringized(usize),
}

/// A macro whose body depends on where it is used.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Builtin {
    /// `__FILE__`
    File,
    /// `__LINE__`
    Line,
}

impl Macro {
    /// Whether it stands for nothing at all.
    pub(super) fn is_empty(&self) -> bool {
        self.params.is_none() && self.body.is_empty() && self.builtin.is_none()
    }

    /// Whether two definitions say the same; the amount of white space is of no importance, its presence is.
    pub(super) fn is_same(&self, other: &Macro, buffers: &Buffers) -> bool {
        let same_piece = |(a, b): (&Piece, &Piece)| {
            a.kind == b.kind
                && a.pasted == b.pasted
                && a.token.space == b.token.space
                && buffers.text(&a.token) == buffers.text(&b.token)
        };
        self.builtin == other.builtin
            && self.params == other.params
            && self.body.len() == other.body.len()
            && self.body.iter().zip(&other.body).all(same_piece)
    }
}

/// The macros that are defined.
pub(super) struct Macros {
    by_name: HashMap<Arc<str>, Rc<Macro>>,
    /// For each first byte the lengths (as bits, those from 63 on together) of the names which ever began with it.
    /// Most words of a definition file are not macros, and this says so without a look into the table.
    lengths: [u64; 256],
}

impl Default for Macros {
    fn default() -> Macros {
        let mut macros = Macros { by_name: HashMap::new(), lengths: [0; 256] };
        for (name, builtin) in [("__FILE__", Builtin::File), ("__LINE__", Builtin::Line)] {
            macros.insert(Rc::new(Macro {
                name: name.into(),
                params: None,
                body: Vec::new(),
                place: None,
                active: Cell::new(0),
                builtin: Some(builtin),
            }));
        }
        macros
    }
}

impl Macros {
    /// The macro with this name, which is not empty.
    pub(super) fn find(&self, name: &str) -> Option<Rc<Macro>> {
        let bit = 1 << name.len().min(63);
        if self.lengths[name.as_bytes()[0] as usize] & bit == 0 {
            return None;
        }
        self.by_name.get(name).cloned()
    }

    /// Adds a macro and returns the one of the same name which it replaces.
    pub(super) fn insert(&mut self, it: Rc<Macro>) -> Option<Rc<Macro>> {
        self.lengths[it.name.as_bytes()[0] as usize] |= 1 << it.name.len().min(63);
        self.by_name.insert(it.name.clone(), it)
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.by_name.remove(name);
    }
}
