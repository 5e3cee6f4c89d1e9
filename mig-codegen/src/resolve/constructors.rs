//! Types made of types: arrays, strings, what is out of line.

use mig_parser::ast::{Bound, Expr, TypeSpec, TypeSpecKind};
use mig_parser::diag::codes::{constructors as codes, types};
use mig_parser::diag::{Code, Diagnostic};
use mig_parser::span::Span;

use super::Resolver;
use super::symbols::STRING;
use super::types::{count_bits, derived, plain};
use crate::model::{Class, Form, IpcName, Type, TypeId};

/// What is made of elements.
#[derive(Clone, Copy)]
enum Constructor {
    /// `array[n]`, `array[*:n]`
    Array,
    /// `array[]`
    Unbounded,
    /// `struct[n]`
    Structure,
}

/// The largest item, in bytes: beyond it, sizes of messages leave 32 bits.
pub(crate) const LARGEST: u64 = 1 << 28;

impl Resolver<'_> {
    /// The element of a constructor: a declared type as it is, or a part of its own.
    fn element(&mut self, spec: &TypeSpec) -> Option<TypeId> {
        let id = match &spec.kind {
            TypeSpecKind::Name(it) => self.lookup(it)?,
            _ => {
                let ty = self.spec(spec)?;
                self.add(ty)
            }
        };
        self.check_no_native(id, spec.span)?;
        Some(id)
    }

    /// A C type whose size only C knows is no part of a type whose size is calculated here.
    pub(super) fn check_no_native(&mut self, id: TypeId, at: Span) -> Option<()> {
        let Form::Native(native) = &self.interface.form(id).form else { return Some(()) };
        let ty = native.ty.clone();
        self.report.push(
            Diagnostic::new(&codes::NATIVE_PART, at, "a native type cannot be part of another type")
                .label("only C knows how large this is")
                .note("the classic compilers take its size for 0, so that nothing of it is copied")
                .help(format!("give the whole a name in C, and send that; or declare `{ty}` with its size")),
        );
        None
    }

    pub(super) fn array(&mut self, bound: &Bound, element: &TypeSpec, span: Span) -> Option<Type> {
        match bound {
            Bound::Fixed(count) => self.fixed(count, element, span, Class::Array),
            Bound::UpTo(limit) => match self.number(limit)? {
                0 => {
                    self.report.push(zero_bound(limit));
                    self.unbounded(element, span)
                }
                count => self.up_to(count, element, span),
            },
            Bound::Unbounded | Bound::Star => self.unbounded(element, span),
        }
    }

    /// `array[n] of T`, `struct[n] of T`
    pub(super) fn fixed(&mut self, count: &Expr, element: &TypeSpec, span: Span, class: Class) -> Option<Type> {
        let count = self.number(count)?;
        let id = self.element(element)?;
        let constructor = if class == Class::Array { Constructor::Array } else { Constructor::Structure };
        self.check_element(id, element.span, constructor)?;
        if class == Class::Value {
            self.check_rights_by_value(id, count, element.span)?;
        }
        let of = self.ty(id);
        let ty = Type { class, variable: false, form: Form::Fixed(id, count), ..derived(of, span) };
        if !of.inline {
            return Some(ty);
        }
        let (number, c_size) = (self.multiply(ty.number, count, ty.bits, span)?, ty.c_size.saturating_mul(count));
        Some(Type { number, c_size, ..ty })
    }

    /// `array[*:n] of T`
    fn up_to(&mut self, count: u32, element: &TypeSpec, span: Span) -> Option<Type> {
        let id = self.element(element)?;
        self.check_element(id, element.span, Constructor::Array)?;
        self.check_countable(id, element.span)?;
        let of = self.ty(id);
        let form = Form::UpTo(id, count);
        let ty = Type { class: Class::Array, variable: true, c_size: 0, form, ..derived(of, span) };
        if !of.inline {
            return Some(ty);
        }
        Some(Type { number: self.multiply(ty.number, count, ty.bits, span)?, ..ty })
    }

    /// `array[] of T`
    fn unbounded(&mut self, element: &TypeSpec, span: Span) -> Option<Type> {
        let id = self.element(element)?;
        self.check_element(id, element.span, Constructor::Unbounded)?;
        self.check_countable(id, element.span)?;
        let ty = derived(self.ty(id), span);
        let (inline, class) = match self.abi.rules.unbounded_out_of_line {
            true => (false, Class::Value),
            false => (true, Class::Array),
        };
        Some(Type { number: 0, variable: true, inline, class, c_size: 0, form: Form::Unbounded(id), ..ty })
    }

    /// `^ T`
    pub(super) fn out_of_line(&mut self, of: &TypeSpec, span: Span) -> Option<Type> {
        let id = self.element(of)?;
        let unbounded = matches!(self.interface.form(id).form, Form::Unbounded(_));
        if !unbounded {
            self.check_out_of_line(id, of.span, span)?;
        }
        let ty = derived(self.ty(id), span);
        let number = if self.abi.rules.constant_out_of_line && !unbounded { ty.number } else { 0 };
        Some(Type { number, inline: false, class: Class::Value, c_size: 0, form: Form::OutOfLine(id), ..ty })
    }

    /// Whether something may be put out of line that is no `array[]`.
    fn check_out_of_line(&mut self, id: TypeId, of: Span, whole: Span) -> Option<()> {
        let (inline, variable) = (self.ty(id).inline, self.ty(id).variable);
        if !inline {
            self.report.push(
                Diagnostic::new(&codes::OUT_OF_LINE_TWICE, of, "this type is out of line already")
                    .label("`^` again would be a pointer to a pointer")
                    .help("remove one `^`"),
            );
            return None;
        }
        if variable && !self.abi.rules.bounded_out_of_line {
            self.report.push(
                Diagnostic::new(&codes::BOUNDED_OUT_OF_LINE, of, "an out-of-line array has no maximum here")
                    .label("at most so many elements")
                    .note("typed messages carry any number of elements out of line")
                    .help("write `^ array[] of …`"),
            );
            return None;
        }
        if !variable && !self.abi.rules.constant_out_of_line {
            self.report.push(
                Diagnostic::new(&codes::CONSTANT_OUT_OF_LINE, whole, "this type cannot be sent out of line")
                    .label("of constant size")
                    .note("only an array of variable size has a number of elements that a message can set")
                    .help("write `^ array[] of …`, or leave the `^` out"),
            );
        }
        Some(())
    }

    /// `c_string[n]`, `c_string[*:n]`
    pub(super) fn text(&mut self, variable: bool, size: &Expr, span: Span) -> Option<Type> {
        let number = self.number(size)?;
        self.multiply(1, number, 8, span)?;
        let name = IpcName::Number(STRING);
        let form = Form::Text(number);
        Some(Type { number, variable, class: Class::Text, form, ..plain(name, name, 8, span) })
    }

    /// The base elements of an array, unless that is too large.
    pub(super) fn multiply(&mut self, number: u32, count: u32, bits: u32, span: Span) -> Option<u32> {
        let product = u64::from(number) * u64::from(count);
        if product.saturating_mul(bits.max(1).into()) / 8 <= LARGEST {
            return Some(product as u32);
        }
        self.report.push(
            Diagnostic::new(&codes::TOO_LARGE, span, "this array is too large for a message")
                .label(format!("{product} elements of {bits} bits"))
                .note(format!("an item in line has at most {LARGEST} bytes"))
                .help("send it out of line: `^ array[] of …`"),
        );
        None
    }

    /// Whether a constructor may be applied to this element. Of what is out of line an array may be made only where
    /// messages have descriptors, and of what is one descriptor.
    fn check_element(&mut self, id: TypeId, at: Span, constructor: Constructor) -> Option<()> {
        let ty = self.ty(id);
        if ty.inline && ty.variable {
            self.report.push(
                Diagnostic::new(&codes::ARRAY_OF_VARIABLE, at, "elements of an array must have a constant size")
                    .label("this type varies in size")
                    .help("use a constant number of elements, or send the inner arrays one after the other"),
            );
            return None;
        }
        if ty.inline {
            return Some(());
        }
        let flat = "send the elements in line inside one out-of-line array: `^ array[] of …`";
        let (label, help) = match constructor {
            _ if !self.abi.rules.arrays_of_out_of_line => ("this type is", flat),
            Constructor::Array if self.interface.descriptors(id) == 1 => return Some(()),
            Constructor::Array => ("an array of arrays out of line already", flat),
            Constructor::Unbounded => ("a message has a fixed number of descriptors", "write `array[*:n] of …`"),
            Constructor::Structure => ("each has a descriptor of its own", "write `array[n] of …`"),
        };
        self.report.push(
            Diagnostic::new(&codes::ARRAY_OF_OUT_OF_LINE, at, "these elements cannot be out of line")
                .label(label)
                .help(help),
        );
        None
    }

    /// Elements that a message counts must be of some whole number of bytes.
    fn check_countable(&mut self, id: TypeId, at: Span) -> Option<()> {
        let ty = self.ty(id);
        let bits = u64::from(ty.number) * u64::from(ty.bits);
        if !ty.inline || bits > 0 && bits.is_multiple_of(8) {
            return Some(());
        }
        let (code, note): (&'static Code, _) = match bits {
            0 => (&types::EMPTY, "the classic compilers divide by the size of an element, and crash"),
            _ => (&types::NOT_WHOLE_BYTES, "a message has whole bytes for any number of elements"),
        };
        self.report.push(
            Diagnostic::new(code, at, "an array of variable size needs elements of one byte or more")
                .label(format!("an element has {}", count_bits(bits)))
                .note(note)
                .help("use elements of 8, 16, 32 or 64 bits")
                .as_error(),
        );
        None
    }

    /// A descriptor carries one right, so several cannot be one value.
    fn check_rights_by_value(&mut self, id: TypeId, count: u32, at: Span) -> Option<()> {
        if !self.abi.rules.rights_in_descriptors || count == 1 || self.interface.descriptors(id) == 0 {
            return Some(());
        }
        self.report.push(
            Diagnostic::new(&codes::RIGHT_IN_STRUCTURE, at, "a structure of rights cannot be sent")
                .label("each right has a descriptor of its own")
                .note("Apple's and OSF's compilers accept this, and send the first right only")
                .help(format!("write `array[{count}] of …`"))
                .as_error(),
        );
        None
    }
}

fn zero_bound(limit: &Expr) -> Diagnostic {
    Diagnostic::new(&codes::ZERO_BOUND, limit.span, "a maximum of 0 means that there is none")
        .label("read as `array[]`, as the classic compilers do")
        .help("write `array[]`, or the maximum that was meant")
}
