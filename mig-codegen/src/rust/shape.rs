//! How an argument appears in Rust: the table of shapes.
//!
//! An argument has one shape, computed from the joined interface, so that every wire half agrees about signatures.

use proc_macro2::TokenStream;
use quote::quote;

use super::Context;
use super::each::Extent;
use super::value::{Path, Value};
use crate::model::{Arg, Class, Dealloc, Form, IpcName, Type, TypeId};
use crate::types::Number;

/// What an argument is to Rust.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Shape {
    /// By value.
    Value(Value),
    /// An array of constant length, by reference.
    Fixed(Value, u32),
    /// A counted array in line.
    Counted(Value),
    /// A counted array, in line up to a limit.
    Indefinite(Value),
    /// An array out of line.
    Memory(Value),
    /// A string: variable or not, and its bytes.
    Text {
        /// `c_string[*:n]`
        variable: bool,
        /// Bytes, the NUL included.
        size: u32,
    },
    /// A right.
    Right(Disposition),
    /// An array of rights.
    Rights(Disposition, RightsPlace),
    /// An array of memory, or of arrays of rights in memory.
    Each(Box<Shape>, Extent),
}

/// Where an array of rights is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum RightsPlace {
    /// In line, so many.
    Fixed(u32),
    /// In line, counted.
    Counted,
    /// In line up to a limit.
    Indefinite,
    /// Out of line.
    Memory,
}

/// How a right travels: what the sender chose, and what the receiver gets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Disposition {
    pub(super) sent: IpcName,
    pub(super) received: IpcName,
}

/// Larger results are written where they will be sent from.
pub(super) const BY_VALUE: u32 = 64;

impl Context<'_> {
    /// The shape of an argument.
    pub(super) fn shape(&self, arg: &Arg) -> Shape {
        match super::code::value(self, arg) {
            Some(it) => Shape::Value(it),
            None => self.shape_of(arg.ty),
        }
    }

    /// The shape of an argument of this type.
    pub(super) fn shape_of(&self, id: TypeId) -> Shape {
        let (ty, form) = (self.joined.ty(id), self.joined.form(id));
        if let Some(it) = self.each(form) {
            return it;
        }
        if ty.is_port() {
            return self.right(ty, form);
        }
        match &form.form {
            Form::OutOfLine(of) => Shape::Memory(self.element(&self.joined.form(*of).form)),
            Form::Unbounded(_) => Shape::Indefinite(self.element(&form.form)),
            Form::UpTo(..) => Shape::Counted(self.element(&form.form)),
            Form::Text(size) => Shape::Text { variable: ty.variable, size: *size },
            Form::Fixed(of, count) if ty.class == Class::Array => {
                let named = self.value(id);
                if let Value::Array(..) = named {
                    Shape::Fixed(self.in_array(*of), *count)
                } else {
                    Shape::Value(named)
                }
            }
            _ => Shape::Value(self.value(id)),
        }
    }

    fn element(&self, form: &Form) -> Value {
        match form {
            Form::UpTo(of, _) | Form::Unbounded(of) | Form::Fixed(of, _) => self.in_array(*of),
            _ => Value::Number(Number::U8),
        }
    }

    /// An element. In arrays, addresses and sizes are as wide as the ABI's: what is not is a number.
    fn in_array(&self, id: TypeId) -> Value {
        match (self.value(id), &self.joined.form(id).form) {
            (Value::Number(Number::Address | Number::Size), _) if !self.is_address_wide(id) => {
                Value::Number(Number::U64.with_bits(self.joined.ty(id).bits))
            }
            (Value::Array(_, count), Form::Fixed(of, _)) => Value::Array(Box::new(self.in_array(*of)), count),
            (value, _) => value,
        }
    }

    fn is_address_wide(&self, id: TypeId) -> bool {
        let bits = |unit: usize| self.source(id, unit).map(|it| self.units[unit].interface.ty(it).bits);
        self.units.iter().enumerate().all(|(unit, it)| bits(unit).is_none_or(|bits| bits == it.abi.address * 8))
    }

    fn right(&self, ty: &Type, form: &Type) -> Shape {
        let disposition = Disposition { sent: ty.sent, received: ty.received };
        match &form.form {
            Form::OutOfLine(_) => Shape::Rights(disposition, RightsPlace::Memory),
            Form::Unbounded(_) => Shape::Rights(disposition, RightsPlace::Indefinite),
            Form::UpTo(..) => Shape::Rights(disposition, RightsPlace::Counted),
            Form::Fixed(..) => Shape::Rights(disposition, RightsPlace::Fixed(ty.number)),
            _ => Shape::Right(disposition),
        }
    }

    /// The marker and the object type's owner, if a server translates the argument.
    pub(super) fn marker(&self, arg: &Arg) -> Option<Path> {
        let ty = self.joined.ty(arg.ty);
        let name = ty.name.as_ref()?;
        let translated =
            ty.translation.intran.is_some() || ty.translation.outtran.is_some() || ty.translation.payload.is_some();
        translated.then(|| Path::Generated(self.marker_name(name)))
    }

    /// Name of the marker of a translated type: that of the type, unless a structure has it.
    pub(super) fn marker_name(&self, name: &str) -> String {
        let camel = super::names::type_name(name);
        match self.table.get(name) {
            Some(_) => format!("{camel}Translation"),
            None => camel,
        }
    }
}

impl Shape {
    /// What it consists of, unless that is rights or text.
    pub(super) fn value(&self) -> Option<&Value> {
        match self {
            Shape::Value(it) | Shape::Fixed(it, _) | Shape::Counted(it) | Shape::Indefinite(it) | Shape::Memory(it) => {
                Some(it)
            }
            Shape::Each(of, _) => of.value(),
            Shape::Text { .. } | Shape::Right(_) | Shape::Rights(..) => None,
        }
    }

    /// Whether a result of this shape is written into room that the reply has for it.
    pub(super) fn has_room(&self) -> bool {
        match self {
            Shape::Fixed(value, count) => value.is_itself_plain() && bytes(value) * count > BY_VALUE,
            Shape::Counted(_) | Shape::Indefinite(_) | Shape::Text { .. } => true,
            Shape::Rights(_, place) => matches!(place, RightsPlace::Counted | RightsPlace::Fixed(_)),
            Shape::Value(_) | Shape::Memory(_) | Shape::Right(_) | Shape::Each(..) => false,
        }
    }

    /// Whether a client gives a slice for the result.
    pub(super) fn has_slice(&self) -> bool {
        self.has_room()
    }
}

/// Bytes of a plain value.
pub(super) fn bytes(value: &Value) -> u32 {
    match value {
        Value::Number(it) | Value::Mapped(_, it) => it.bits() / 8,
        Value::Array(of, count) => bytes(of) * count,
        Value::Bytes(count) => *count,
        Value::Structure(_) => u32::MAX / 4096,
    }
}

impl Disposition {
    /// How the sender disposes of the right; `None` if it chooses at run time.
    pub(super) fn number(self) -> Option<u32> {
        match self.sent {
            IpcName::Number(it) => Some(it),
            IpcName::Polymorphic => None,
        }
    }

    /// What a client gives for a right that it sends.
    pub(super) fn given(self, lifetime: &TokenStream) -> TokenStream {
        match self.number() {
            Some(19) => quote!(&SendRight<T>),
            Some(17) => quote!(SendRight<T>),
            Some(18) => quote!(SendOnceRight<T>),
            Some(16) => quote!(ReceiveRight<T>),
            Some(20 | 21) => quote!(&ReceiveRight<T>),
            _ => quote!(Outbound<#lifetime, T>),
        }
    }

    /// What a receiver gets.
    pub(super) fn got(self) -> TokenStream {
        match self.received {
            IpcName::Number(17) => quote!(SendRight<T>),
            IpcName::Number(18) => quote!(SendOnceRight<T>),
            IpcName::Number(16) => quote!(ReceiveRight<T>),
            _ => quote!(AnyRight<T>),
        }
    }

    /// What a server returns for a right in its reply: the right itself, moved, or what it chose.
    pub(super) fn returned(self) -> TokenStream {
        match self.sent {
            // A made right: the reply is sent after the method returned, so the receive right must outlive it.
            IpcName::Polymorphic | IpcName::Number(20 | 21) => quote!(Outbound<'static, T>),
            _ => self.got(),
        }
    }

    /// Whether a server's right goes through `Outbound`.
    pub(super) fn is_outbound(self) -> bool {
        matches!(self.sent, IpcName::Polymorphic | IpcName::Number(20 | 21))
    }

    /// The cursor's method for a right that is moved.
    pub(super) fn move_method(self) -> &'static str {
        match self.received {
            IpcName::Number(18) => "move_send_once",
            IpcName::Number(16) => "move_receive",
            _ => "move_send",
        }
    }

    /// The constant of what a receiver sees.
    pub(super) fn seen(self) -> TokenStream {
        let name = super::names::ident(match self.received {
            IpcName::Number(it) => Disposition::constant(it),
            IpcName::Polymorphic => "NONE",
        });
        quote!(Disposition::#name)
    }

    /// `Owned`'s method for a received right.
    pub(super) fn owned_method(self) -> &'static str {
        match self.received {
            IpcName::Number(17) => "send",
            IpcName::Number(18) => "send_once",
            IpcName::Number(16) => "receive",
            _ => "any",
        }
    }

    /// Name of a constant for the disposition.
    pub(super) fn constant(number: u32) -> &'static str {
        match number {
            16 => "MOVE_RECEIVE",
            17 => "MOVE_SEND",
            18 => "MOVE_SEND_ONCE",
            19 => "COPY_SEND",
            20 => "MAKE_SEND",
            21 => "MAKE_SEND_ONCE",
            _ => "PORT",
        }
    }
}

/// Whether the memory of an argument leaves its sender: always, never, or as the caller says.
pub(super) fn gives(arg: &Arg) -> Dealloc {
    arg.options.dealloc
}
