//! What Rust has for the values of a definition.

use proc_macro2::TokenStream;
use quote::quote;

use super::Context;
use crate::model::{Form, Interface, IpcName, Type, TypeId};
use crate::types::{Entry, Number};

/// A value as functions take and return it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Value {
    /// A plain number.
    Number(Number),
    /// A number with a type of its own, which implements `Form`.
    Mapped(Path, Number),
    /// A structure, which implements `Form`.
    Structure(Path),
    /// So many of them.
    Array(Box<Value>, u32),
    /// Bytes that nothing is known of.
    Bytes(u32),
}

/// Where a type is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Path {
    /// In the support crate, or the user's own: as the type table spells it.
    Outside(String),
    /// Generated, under this name; the context knows into which module.
    Generated(String),
}

impl Context<'_> {
    /// The value of a type of the joined interface.
    pub(super) fn value(&self, id: TypeId) -> Value {
        self.value_of(&self.joined, id)
    }

    /// The value of a type of some interface.
    pub(super) fn value_of(&self, interface: &Interface, id: TypeId) -> Value {
        for name in interface.names(id) {
            if let Some(entry) = self.table.get(name) {
                return self.entry(name, entry, interface.form(id));
            }
        }
        let ty = interface.form(id);
        match &ty.form {
            Form::Fixed(of, count) => Value::Array(Box::new(self.value_of(interface, *of)), *count),
            Form::Members(_) => Value::Structure(Path::Generated(self.structure_name(interface, id))),
            Form::Truth => Value::Number(Number::Bool),
            Form::Real if ty.bits == 32 => Value::Number(Number::F32),
            Form::Real => Value::Number(Number::F64),
            Form::Native(it) => Value::Bytes(self.native_size(&it.ty)),
            _ => basic(ty),
        }
    }

    /// Bytes of a C type that a definition only names; the first ABI has been asked for.
    fn native_size(&self, ty: &str) -> u32 {
        self.units.iter().find_map(|it| self.table.size(ty, it.abi.name)).unwrap_or(0)
    }

    fn entry(&self, name: &str, entry: &Entry, ty: &Type) -> Value {
        match entry {
            Entry::Number(it) => self.fit(*it, ty),
            Entry::Path { rust, base } => Value::Mapped(Path::Outside(rust.clone()), *base),
            Entry::Open(it) => Value::Mapped(Path::Generated(it.rust.clone()), it.base),
            Entry::Structure { rust, .. } => {
                let _ = name;
                Value::Structure(Path::Generated(rust.clone()))
            }
        }
    }

    /// A table's number gives the sign, the definition the width; what is no integer gives both.
    fn fit(&self, number: Number, ty: &Type) -> Value {
        let bits = number.bits();
        if ty.number == 1 && ty.bits != bits && !matches!(number, Number::Address | Number::Size) {
            let fitting = number.with_bits(ty.bits);
            return if fitting == number { basic(ty) } else { Value::Number(fitting) };
        }
        Value::Number(number)
    }

    /// Name of the structure for `struct { … }`.
    pub(super) fn structure_name(&self, interface: &Interface, id: TypeId) -> String {
        match interface.names(id).last() {
            Some(it) => super::names::type_name(it),
            None => format!("Structure{}", id.0),
        }
    }
}

/// A number by what the kernel is told of it.
fn basic(ty: &Type) -> Value {
    let number = match (ty.received, ty.bits) {
        (IpcName::Number(15), 32) => Number::Name,
        (IpcName::Number(8 | 9), 8) => Number::U8,
        (IpcName::Number(0), 8) => Number::U8,
        (IpcName::Number(0), 16) => Number::U16,
        (IpcName::Number(0), 32) => Number::U32,
        (IpcName::Number(0), 64) => Number::U64,
        (_, 8) => Number::I8,
        (_, 16) => Number::I16,
        (_, 32) => Number::I32,
        (_, 64) => Number::I64,
        (_, bits) => return Value::Bytes(bits.div_ceil(8)),
    };
    Value::Number(number)
}

impl Value {
    /// As an argument or a result.
    pub(super) fn tokens(&self, context: &Context<'_>) -> TokenStream {
        match self {
            Value::Number(it) => number(*it),
            Value::Mapped(path, _) | Value::Structure(path) => context.path(path),
            Value::Array(of, count) => {
                let (of, count) = (of.tokens(context), literal(*count));
                quote!([#of; #count])
            }
            Value::Bytes(count) => {
                let count = literal(*count);
                quote!([u8; #count])
            }
        }
    }

    /// Whether it may stand in an array as it stands in messages, or has a plain form that may.
    pub(super) fn is_plain(&self) -> bool {
        match self {
            Value::Number(it) => !matches!(it, Number::Address | Number::Size),
            Value::Mapped(..) | Value::Bytes(_) => true,
            Value::Structure(_) => false,
            Value::Array(of, _) => of.is_plain(),
        }
    }

    /// As an element of a plain array: its base form.
    pub(super) fn plain(&self) -> TokenStream {
        match self {
            Value::Number(Number::Bool) => quote!(u32),
            Value::Number(Number::U64) => quote!(Wide<u64>),
            Value::Number(Number::I64) => quote!(Wide<i64>),
            Value::Number(Number::F64) => quote!(Wide<f64>),
            Value::Number(it) => number(*it),
            Value::Mapped(_, base) => Value::Number(*base).plain(),
            Value::Array(of, count) => {
                let (of, count) = (of.plain(), literal(*count));
                quote!([#of; #count])
            }
            Value::Bytes(count) => {
                let count = literal(*count);
                quote!([u8; #count])
            }
            Value::Structure(_) => quote!(u8),
        }
    }

    /// As an element of an array, plain or not.
    pub(super) fn element(&self, context: &Context<'_>) -> TokenStream {
        if self.is_plain() { self.plain() } else { self.tokens(context) }
    }

    /// Whether an array of these is taken as it is, without a conversion of each element.
    pub(super) fn is_itself_plain(&self) -> bool {
        match self {
            Value::Number(it) => {
                !matches!(it, Number::Address | Number::Size | Number::Bool | Number::U64 | Number::I64 | Number::F64)
            }
            Value::Bytes(_) => true,
            Value::Array(of, _) => of.is_itself_plain(),
            Value::Mapped(..) | Value::Structure(_) => false,
        }
    }

    /// Whether two values can be compared for identity.
    pub(super) fn is_eq(&self) -> bool {
        match self {
            Value::Number(it) => !matches!(it, Number::F32 | Number::F64),
            Value::Array(of, _) => of.is_eq(),
            _ => true,
        }
    }
}

/// A number's type in Rust.
pub(super) fn number(it: Number) -> TokenStream {
    match it {
        Number::Name => quote!(PortName),
        Number::Address => quote!(Address),
        Number::Size => quote!(Size),
        other => {
            let name = super::names::ident(other.text());
            quote!(#name)
        }
    }
}

/// A number without a suffix.
pub(super) fn literal(it: u32) -> proc_macro2::Literal {
    proc_macro2::Literal::u32_unsuffixed(it)
}
