//! Where the fields of structures stand.

use super::Context;
use super::value::{Path, Value};
use crate::abi::Abi;
use crate::compilation::Unit;
use crate::model::{Form, Interface, Member, TypeId};
use crate::types::{Entry, FieldEntry, FieldType, Flavor, Number, Open};

/// A field of a structure: its value, and for each ABI where it stands and how.
#[derive(Clone, Debug)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) value: Value,
    pub(super) places: Vec<Place>,
}

/// Where a field stands in one ABI.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Place {
    pub(super) at: u32,
    pub(super) wire: Wire,
}

/// How a value stands in a structure.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Wire {
    /// A number of so many bits.
    Number(u32),
    /// So many bytes, aligned so.
    Bytes(u32, u32),
    /// So many, so many bytes apart.
    Array(Box<Wire>, u32, u32),
}

impl Wire {
    pub(super) fn size(&self) -> u32 {
        match self {
            Wire::Number(bits) => bits / 8,
            Wire::Bytes(it, _) => *it,
            Wire::Array(_, count, stride) => count * stride,
        }
    }

    /// Bytes up to whatever stands behind it; a structure's are aligned in C.
    fn room(&self) -> u32 {
        match self {
            Wire::Bytes(size, align) => size.next_multiple_of((*align).max(1)),
            other => other.size(),
        }
    }

    /// What C aligns it to.
    fn align(&self, most: u32) -> u32 {
        match self {
            Wire::Number(bits) => (bits / 8).clamp(1, most),
            Wire::Bytes(_, align) => (*align).min(most),
            Wire::Array(of, ..) => of.align(most),
        }
    }
}

impl Context<'_> {
    /// Bytes of a type in one ABI: those that C has, where messages do.
    pub(super) fn size_in(&self, id: TypeId, unit: usize) -> u32 {
        self.stated_size(id, unit)
            .unwrap_or_else(|| self.source(id, unit).map_or(0, |it| self.units[unit].interface.ty(it).bytes()))
    }

    /// Bytes that somebody has stated for a type of untyped messages.
    pub(super) fn stated_size(&self, id: TypeId, unit: usize) -> Option<u32> {
        let Unit { abi, interface, .. } = &self.units[unit];
        let own = self.source(id, unit).filter(|_| !abi.has_type_words())?;
        let native = match &interface.form(own).form {
            Form::Native(it) => Some(it.ty.as_str()),
            _ => None,
        };
        interface.names(own).chain(native).find_map(|it| self.table.size(it, abi.name))
    }

    /// A structure: the definition's members, with the table's names and types; or the table's, laid out as C does.
    pub(super) fn fields(&self, id: TypeId) -> Fields {
        let entry = self.joined.names(id).find_map(|it| match self.table.get(it) {
            Some(Entry::Structure { fields, .. }) => Some(fields),
            _ => None,
        });
        let fields = match (&self.joined.form(id).form, entry) {
            (Form::Members(members), entry) => self.members(id, members, entry),
            (_, Some(entry)) => self.laid_out(entry).fields,
            _ => Vec::new(),
        };
        Fields { fields, sizes: (0..self.units.len()).map(|it| self.size_in(id, it)).collect() }
    }

    fn members(&self, id: TypeId, members: &[Member], entry: Option<&Vec<FieldEntry>>) -> Vec<Field> {
        let entry = entry.filter(|it| it.len() == members.len());
        let field = |(index, member): (usize, &Member)| {
            let places = (0..self.units.len()).map(|unit| self.member_place(id, index, unit)).collect();
            let name = entry.map_or(&member.name, |it| &it[index].name);
            Field { name: name.clone(), value: self.value(member.ty), places }
        };
        members.iter().enumerate().map(field).collect()
    }

    fn member_place(&self, id: TypeId, index: usize, unit: usize) -> Place {
        let interface = &self.units[unit].interface;
        let nothing = Place { at: 0, wire: Wire::Bytes(0, 1) };
        let Some(own) = self.source(id, unit) else { return nothing };
        let Form::Members(members) = &interface.form(own).form else { return nothing };
        let Some(member) = members.get(index) else { return nothing };
        Place { at: member.offset, wire: self.wire(member.ty, unit) }
    }

    /// How a type of one ABI's definition stands in a structure.
    fn wire(&self, id: TypeId, unit: usize) -> Wire {
        let interface = &self.units[unit].interface;
        let ty = interface.form(id);
        match (&ty.form, self.value_of(interface, id)) {
            (Form::Fixed(of, count), Value::Array(..)) => {
                let of = self.wire(*of, unit);
                let stride = of.size();
                Wire::Array(Box::new(of), *count, stride)
            }
            (_, Value::Structure(_)) => Wire::Bytes(ty.bytes(), self.structure_align(interface, id, unit)),
            (Form::Basic | Form::Truth | Form::Real, _) if matches!(ty.bits, 8 | 16 | 32 | 64) => Wire::Number(ty.bits),
            (Form::Fixed(of, _), _) => Wire::Bytes(ty.bytes(), self.wire(*of, unit).align(u32::MAX)),
            _ => Wire::Bytes(ty.bytes(), 4),
        }
    }

    fn structure_align(&self, interface: &Interface, id: TypeId, unit: usize) -> u32 {
        let entry = interface.names(id).find_map(|it| match self.table.get(it) {
            Some(Entry::Structure { fields, .. }) => Some(fields),
            _ => None,
        });
        let most = self.units[unit].abi.c_align;
        match (&interface.form(id).form, entry) {
            (Form::Members(members), _) => {
                members.iter().map(|it| self.wire(it.ty, unit).align(most)).max().unwrap_or(1)
            }
            (_, Some(entry)) => entry.iter().map(|it| self.field_wire(it, unit).align(most)).max().unwrap_or(1),
            _ => 4,
        }
    }

    /// Fields laid out as C does.
    pub(super) fn laid_out(&self, entries: &[FieldEntry]) -> Fields {
        self.placed(entries, |it| it.c_align)
    }

    /// Fields of a structure that a flavor selects.
    pub(super) fn flavor_fields(&self, flavor: &Flavor) -> Fields {
        self.placed(&flavor.fields, |it| it.flavor_align)
    }

    /// Fields one behind the other, at multiples of up to `most`.
    fn placed(&self, entries: &[FieldEntry], most: fn(&Abi) -> u32) -> Fields {
        let units = 0..self.units.len();
        let mut fields: Vec<Field> = entries
            .iter()
            .map(|it| Field { name: it.name.clone(), value: self.field_value(it), places: Vec::new() })
            .collect();
        let sizes = units.map(|unit| {
            let most = most(&self.units[unit].abi);
            let (mut end, mut widest) = (0u32, 1);
            for (entry, field) in entries.iter().zip(&mut fields) {
                let wire = self.field_wire(entry, unit);
                let align = wire.align(most).next_power_of_two();
                let at = end.next_multiple_of(align);
                end = at + wire.room();
                widest = widest.max(align);
                field.places.push(Place { at, wire });
            }
            end.next_multiple_of(widest)
        });
        let sizes = sizes.collect();
        Fields { fields, sizes }
    }

    fn field_value(&self, entry: &FieldEntry) -> Value {
        let one = match &entry.ty {
            FieldType::Number(it) => Value::Number(*it),
            FieldType::Named(name) => match (self.declared(name), self.table.get(name)) {
                (Some(id), _) => self.value(id),
                (None, Some(Entry::Number(it))) => Value::Number(*it),
                (None, Some(Entry::Path { rust, base })) => Value::Mapped(Path::Outside(rust.clone()), *base),
                (None, Some(Entry::Open(it))) => Value::Mapped(Path::Generated(it.rust.clone()), it.base),
                (None, Some(Entry::Structure { rust, .. })) => Value::Structure(Path::Generated(rust.clone())),
                // Reported by `check_fields`.
                (None, None) => Value::Bytes(0),
            },
        };
        if entry.count == 1 { one } else { Value::Array(Box::new(one), entry.count) }
    }

    fn field_wire(&self, entry: &FieldEntry, unit: usize) -> Wire {
        let one = match &entry.ty {
            FieldType::Number(it) => self.number_wire(*it, unit),
            FieldType::Named(name) => match self.declared(name).and_then(|it| self.source(it, unit)) {
                Some(id) => self.wire(id, unit),
                None => self.table_wire(name, unit),
            },
        };
        if entry.count == 1 {
            return one;
        }
        let stride = one.size();
        Wire::Array(Box::new(one), entry.count, stride)
    }

    fn number_wire(&self, number: Number, unit: usize) -> Wire {
        match number {
            Number::Address | Number::Size => Wire::Number(self.units[unit].abi.address * 8),
            other => Wire::Number(other.bits()),
        }
    }

    /// How a type stands that only a table knows.
    fn table_wire(&self, name: &str, unit: usize) -> Wire {
        match self.table.get(name) {
            Some(Entry::Number(it) | Entry::Path { base: it, .. } | Entry::Open(Open { base: it, .. })) => {
                self.number_wire(*it, unit)
            }
            Some(Entry::Structure { fields, .. }) => {
                let most = self.units[unit].abi.c_align;
                let align = fields.iter().map(|it| self.field_wire(it, unit).align(most)).max();
                Wire::Bytes(self.laid_out(fields).sizes[unit], align.unwrap_or(1))
            }
            None => Wire::Bytes(0, 1),
        }
    }
}

/// A structure: its fields, and its bytes in each ABI.
#[derive(Clone, Debug)]
pub(super) struct Fields {
    pub(super) fields: Vec<Field>,
    pub(super) sizes: Vec<u32>,
}

impl Fields {
    /// Whether it stands in the same way in every ABI.
    pub(super) fn is_everywhere(&self) -> bool {
        let same = |it: &Field| it.places.windows(2).all(|it| it[0] == it[1]);
        self.sizes.windows(2).all(|it| it[0] == it[1])
            && self.fields.iter().all(|it| same(it) && is_abi_free(&it.value))
    }
}

/// Whether a value stands the same way in every ABI that gives it the same bits.
fn is_abi_free(value: &Value) -> bool {
    match value {
        Value::Number(_) | Value::Bytes(_) => true,
        Value::Array(of, _) => is_abi_free(of),
        // Whatever the user's type or another structure does, it is asked for the ABI at hand.
        Value::Mapped(path, _) => {
            matches!(path, Path::Generated(_)) || matches!(path, Path::Outside(it) if it.starts_with("rt::"))
        }
        Value::Structure(_) => false,
    }
}
