//! What only shows when Rust is made of a definition.

use mig_parser::diag::codes::output as codes;
use mig_parser::diag::{At, Diagnostic, Diagnostics};

use super::Context;
use super::each::Extent;
use super::items::Kind;
use super::shape::{RightsPlace, Shape};
use super::value::Value;
use crate::abi::Abi;
use crate::model::{Arg, Constant, Flow, Form, IpcName, Role, Routine, TypeId};
use crate::types::{Entry, FieldEntry, FieldType, Flavor, Number};

impl Context<'_> {
    pub(super) fn check(&self, diagnostics: &mut Diagnostics) {
        self.check_names(diagnostics);
        self.check_items(diagnostics);
        for routine in &self.joined.routines {
            for arg in &routine.args {
                self.check_arg(routine, arg, diagnostics);
            }
            for constant in [&routine.wait_time, &routine.send_time, &routine.msg_option].into_iter().flatten() {
                if self.units.iter().any(|it| self.constant(constant, &it.abi).is_none()) {
                    diagnostics.push(unknown_constant(constant));
                }
            }
        }
    }

    fn check_arg(&self, routine: &Routine, arg: &Arg, diagnostics: &mut Diagnostics) {
        match arg.role {
            Role::Data => {
                self.check_data(arg, diagnostics);
                self.check_sizes(arg, diagnostics);
            }
            Role::ReplyPort | Role::UserReplyPort if !routine.one_way => self.check_reply_port(arg, diagnostics),
            _ => {}
        }
    }

    /// The client makes the reply right for each call, so that a late answer cannot meet the next one.
    fn check_reply_port(&self, arg: &Arg, diagnostics: &mut Diagnostics) {
        let disposition = self.joined.ty(arg.ty).sent;
        if matches!(disposition, IpcName::Number(21) | IpcName::Polymorphic) {
            return;
        }
        diagnostics.push(
            Diagnostic::new(
                &codes::REPLY_PORT_DISPOSITION,
                arg.span,
                format!("`{}` is no send-once right made for the call", arg.name),
            )
            .label("a client makes one of the caller's receive right")
            .note("any other right could bring a second answer, or none")
            .help("use `mach_port_make_send_once_t`"),
        );
    }

    fn check_data(&self, arg: &Arg, diagnostics: &mut Diagnostics) {
        self.check_stated(arg, diagnostics);
        self.check_shape(arg, self.shape(arg), diagnostics);
    }

    fn check_shape(&self, arg: &Arg, shape: Shape, diagnostics: &mut Diagnostics) {
        match shape {
            Shape::Value(it) => self.check_value(arg, &it, diagnostics),
            Shape::Each(of, extent) => {
                self.check_each(arg, extent, diagnostics);
                self.check_shape(arg, *of, diagnostics);
            }
            Shape::Rights(it, place) => {
                let out = arg.flow != Flow::In;
                if it.received == IpcName::Polymorphic {
                    diagnostics.push(unsupported(
                        arg,
                        "an array of rights of any kind",
                        "say which kind is received: `polymorphic | MACH_MSG_TYPE_MOVE_SEND`",
                    ));
                } else if out && arg.flow == Flow::InOut && !matches!(place, RightsPlace::Memory) {
                    diagnostics.push(unsupported(
                        arg,
                        "an `inout` array of rights",
                        "use one `in` and one `out` argument",
                    ));
                }
            }
            Shape::Counted(it) | Shape::Indefinite(it) | Shape::Memory(it) if !it.is_plain() => {
                if matches!(it, Value::Array(..)) {
                    diagnostics.push(unsupported(
                        arg,
                        "an array of arrays of structures",
                        "name the inner array's elements in a structure",
                    ));
                }
            }
            // Each element is converted.
            Shape::Fixed(it, _) if !it.is_plain() => {}
            Shape::Fixed(..) | Shape::Counted(_) | Shape::Indefinite(_) | Shape::Memory(_) => {
                self.check_width(arg, diagnostics)
            }
            Shape::Text { .. } | Shape::Right(_) => {}
        }
    }

    /// Elements that stand in arrays as they are must have the same width in every ABI.
    fn check_width(&self, arg: &Arg, diagnostics: &mut Diagnostics) {
        let joined = self.joined.ty(arg.ty).bits;
        let differs =
            |unit: usize| self.source(arg.ty, unit).is_some_and(|it| self.units[unit].interface.ty(it).bits != joined);
        let Some(unit) = (0..self.units.len()).find(|it| differs(*it)) else { return };
        diagnostics.push(
            Diagnostic::new(
                &codes::JOIN_CONFLICT,
                arg.span,
                format!("elements of `{}` differ in width between ABIs", arg.name),
            )
            .label(format!("{joined} bits, but not in `{}`", self.units[unit].abi.name))
            .note("numbers of an array are used where they stand in the message")
            .help("map the element's type to `address` or `size` in a type table: those may differ"),
        );
    }

    /// A table's number or structure must fill what the definition says.
    fn check_value(&self, arg: &Arg, value: &Value, diagnostics: &mut Diagnostics) {
        let ty = self.joined.ty(arg.ty);
        let wrong = match value {
            Value::Mapped(_, base) => ty.number == 1 && base.bits() != ty.bits,
            Value::Number(it) => {
                ty.number != 1 || !matches!(it, Number::Address | Number::Size) && it.bits() != ty.bits
            }
            Value::Structure(_) | Value::Array(..) | Value::Bytes(_) => false,
        };
        if wrong {
            let name = ty.name.clone().unwrap_or_default();
            diagnostics.push(
                Diagnostic::new(
                    &codes::FORM_MISMATCH,
                    arg.span,
                    format!("the type table contradicts the definition of `{name}`"),
                )
                .label(format!("{} bytes here", ty.bytes()))
                .also(ty.span, "declared here")
                .help("correct the entry in the type table"),
            );
        }
    }

    fn check_items(&self, diagnostics: &mut Diagnostics) {
        for (rust, item) in &self.items {
            self.check_clash(rust, item, diagnostics);
            match &item.kind {
                Kind::Structure(id) => {
                    self.check_members(*id, diagnostics);
                    self.check_structure(*id, diagnostics);
                }
                Kind::Table(fields) => {
                    self.check_fields(&item.mig, fields, diagnostics);
                }
                Kind::Flavor(it) => self.check_flavor(&item.mig, it, diagnostics),
                Kind::Open(_) | Kind::Marker(_) => {}
            }
        }
    }

    fn check_structure(&self, id: TypeId, diagnostics: &mut Diagnostics) {
        let entry = self.joined.names(id).find_map(|it| match self.table.get(it) {
            Some(Entry::Structure { fields, .. }) => Some((it, fields)),
            _ => None,
        });
        let Some((name, fields)) = entry else { return };
        if matches!(self.joined.form(id).form, Form::Members(_)) || !self.check_fields(name, fields, diagnostics) {
            return;
        }
        let laid_out = self.laid_out(fields).sizes;
        let declared = |unit: usize| self.size_in(id, unit);
        let Some(unit) = (0..laid_out.len()).find(|it| laid_out[*it] > declared(*it)) else { return };
        let (fields, bytes, abi) = (laid_out[unit], declared(unit), self.units[unit].abi.name);
        diagnostics.push(
            Diagnostic::new(
                &codes::FORM_MISMATCH,
                self.joined.ty(id).span,
                format!("the fields of `{name}` do not fit"),
            )
            .label(format!("{bytes} bytes in `{abi}`"))
            .note(format!("the type table's fields take {fields} bytes there"))
            .help("correct the entry in the type table"),
        );
    }

    /// Whether every field has a known type.
    fn check_fields(&self, name: &str, fields: &[FieldEntry], diagnostics: &mut Diagnostics) -> bool {
        let mut known = true;
        for field in fields {
            let FieldType::Named(ty) = &field.ty else { continue };
            if self.declared(ty).is_none() && self.table.get(ty).is_none() {
                let what = format!(
                    "field `{}` of `{name}` has the type `{ty}`, which is neither declared nor in a type table",
                    field.name
                );
                diagnostics.push(Diagnostic::new(&codes::TYPE_TABLE, At::Nowhere, what));
                known = false;
            }
        }
        known
    }

    fn check_flavor(&self, name: &str, flavor: &Flavor, diagnostics: &mut Diagnostics) {
        if !self.check_fields(name, &flavor.fields, diagnostics) {
            return;
        }
        let sizes = self.flavor_fields(flavor).sizes;
        for (unit, size) in self.units.iter().zip(sizes) {
            let words = if unit.abi.address == 8 { flavor.words_lp64 } else { flavor.words };
            if words != size.div_ceil(4) {
                let what = format!(
                    "flavor `{name}` has {words} words in `{}`, but its fields take {size} bytes",
                    unit.abi.name
                );
                diagnostics.push(Diagnostic::new(&codes::TYPE_TABLE, At::Nowhere, what));
            }
        }
    }

    /// C's stubs of typed messages do not compile where C gives a type another size than its definition; nor do ours.
    /// Untyped messages have C's size.
    fn check_sizes(&self, arg: &Arg, diagnostics: &mut Diagnostics) {
        for (index, unit) in self.units.iter().enumerate().filter(|it| it.1.abi.has_type_words()) {
            let size = self.joined.names(arg.ty).find_map(|it| Some((it, self.table.size(it, unit.abi.name)?)));
            let (Some((name, size)), Some(own)) = (size, self.source(arg.ty, index)) else { continue };
            let declared = unit.interface.ty(own).bytes();
            if size != declared {
                diagnostics.push(
                    Diagnostic::new(&codes::FORM_MISMATCH, arg.span, format!("`{name}` has another size in C"))
                        .label(format!("{declared} bytes here, {size} in `{}`", unit.abi.name))
                        .also(self.joined.ty(arg.ty).span, "declared here")
                        .help("correct the definition; C refuses to compile its stub, too"),
                );
            }
        }
    }

    /// A type whose size in C was stated needs a form that has it: bytes for a type that C alone knows, a structure for
    /// any other.
    fn check_stated(&self, arg: &Arg, diagnostics: &mut Diagnostics) {
        let units = 0..self.units.len();
        let sizes: Vec<u32> = units.clone().filter_map(|unit| self.stated_size(arg.ty, unit)).collect();
        let native = matches!(self.joined.form(arg.ty).form, Form::Native(_));
        let declared = |unit: usize| self.source(arg.ty, unit).map(|it| self.units[unit].interface.ty(it).bytes());
        let known = |unit: usize| self.stated_size(arg.ty, unit) == declared(unit);
        let one = sizes.windows(2).all(|it| it[0] == it[1]);
        let by_value = matches!(self.shape(arg), Shape::Value(_) | Shape::Fixed(..));
        let structure = matches!(self.shape(arg).value(), Some(Value::Structure(_)));
        if sizes.is_empty() || structure || !by_value || native && one || !native && units.clone().all(known) {
            return;
        }
        diagnostics.push(
            Diagnostic::new(&codes::FORM_MISMATCH, arg.span, format!("`{}` has another size in C", arg.name))
                .label("its bytes there have no form in Rust")
                .help("give the type fields in a type table, as C's header has them"),
        );
    }

    /// Elements that are out of line have their counts among the data, which tell how many of them there are.
    fn check_each(&self, arg: &Arg, extent: Extent, diagnostics: &mut Diagnostics) {
        if self.units.iter().any(|it| it.abi.has_type_words()) {
            diagnostics.push(unsupported(
                arg,
                "an array whose elements are out of line",
                "send the elements in line inside one out-of-line array: `^ array[] of …`",
            ));
        } else if matches!(extent, Extent::UpTo(_)) && !self.joined.has_variable_elements(arg) {
            diagnostics.push(unsupported(
                arg,
                "up to so many elements out of line, each of a constant size",
                "let the size of the elements vary: `^ array[] of …`; Apple's compiler crashes here",
            ));
        }
    }

    /// The number that a word of the definition stands for.
    pub(super) fn constant(&self, constant: &Constant, abi: &Abi) -> Option<u32> {
        match constant.text.parse::<u32>() {
            Ok(it) => Some(it),
            Err(_) => self.table.constant(&constant.text, abi.family).and_then(|it| u32::try_from(it).ok()),
        }
    }
}

fn unknown_constant(constant: &Constant) -> Diagnostic {
    Diagnostic::new(&codes::UNKNOWN_CONSTANT, constant.span, format!("`{}` has no value here", constant.text))
        .label("C would take it from a header")
        .help("write a number, or give it a value in a type table: `[constants.PREFIX]` with `values = { NAME = 1 }`")
}

fn unsupported(arg: &Arg, what: &str, help: &str) -> Diagnostic {
    Diagnostic::new(&codes::UNSUPPORTED_TYPE, arg.span, format!("`{}` has no form in Rust", arg.name))
        .label(what)
        .note("no known interface uses this")
        .help(help)
}
