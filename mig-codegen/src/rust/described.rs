//! Rights and memory in the family that has descriptors: a statement for the descriptor, and one for the count behind
//! it among the data, if there is one.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::client::{Locals, Stub};
use super::encode::{put_memory, put_right, rights_given};
use super::names;
use super::shape::{Disposition, Shape, gives};
use super::value::{Value, literal};
use crate::model::{Arg, Dealloc, IpcName, Role};
use crate::wire::{Field, FieldKind, Item, Message, Place, Transfer};

/// What is read of a descriptor: before the message gives everything up, and then.
pub(super) struct Described {
    pub(super) read: TokenStream,
    /// The right or region itself.
    pub(super) take: TokenStream,
}

/// Whether the rights of an array have descriptors of their own.
pub(super) fn is_inline(field: &Field) -> bool {
    matches!(field.kind, FieldKind::PortArray(Place::Inline))
}

/// Elements, or their most.
fn extent(transfer: &Transfer) -> proc_macro2::Literal {
    literal(transfer.extent.unwrap_or(0))
}

impl Stub<'_> {
    /// How many descriptors follow the header.
    pub(super) fn descriptors(&self, message: &Message, to: &Ident) -> Option<TokenStream> {
        let count = literal(message.descriptors);
        (message.descriptors > 0).then(|| quote!(#to.descriptors(#count);))
    }

    /// Local for how many elements a descriptor describes.
    pub(super) fn count_name(&self, arg: &Arg) -> Ident {
        names::beside(self.routine, arg, "count")
    }

    /// The count of what a descriptor describes, or the counts of what several do.
    pub(super) fn put_length(&self, to: &Ident, field: &Field, arg: &Arg) -> Option<TokenStream> {
        match (self.each(arg), &field.kind) {
            (Some((_, extent)), FieldKind::Lengths) => Some(self.put_counts(to, arg, extent)),
            // Their number is written with them.
            (Some(_), _) => None,
            (None, _) => {
                let count = self.count_name(arg);
                Some(quote!(#to.u32(#count);))
            }
        }
    }

    /// The argument whose count counts this one too. Type words count each array for itself.
    pub(super) fn leader(&self, arg: &Arg) -> Option<&Arg> {
        if !arg.options.same_count || self.half.unit.abi.has_type_words() {
            return None;
        }
        let at = self.routine.args.iter().position(|it| std::ptr::eq(it, arg))?;
        let counts = |it: &&Arg| {
            let ty = self.half.context.joined.ty(it.ty);
            it.role == Role::Data && it.flow == arg.flow && ty.variable && !it.options.same_count
        };
        self.routine.args[..at].iter().rev().find(counts)
    }

    /// How many descriptors carry rights of arrays that this argument counts, and that were read before it.
    pub(super) fn followers(&self, leader: &Arg, count: &TokenStream) -> Vec<TokenStream> {
        let body = &self.locals.body;
        let follows = |it: &&Arg| {
            let shape = self.shape(it);
            matches!(shape, Shape::Rights(..)) && self.leader(it).is_some_and(|it| std::ptr::eq(it, leader))
        };
        let trim = |it: &Arg| {
            let held = self.held(it);
            quote!(#body.same_rights(&mut #held, #count);)
        };
        self.routine.args.iter().filter(follows).map(trim).collect()
    }

    /// Local for what is still the message's.
    pub(super) fn held(&self, arg: &Arg) -> Ident {
        match self.shape(arg) {
            Shape::Indefinite(_) | Shape::Rights(..) => names::beside(self.routine, arg, "held"),
            _ => names::variable(&arg.name),
        }
    }

    /// A client's right or memory.
    pub(super) fn encode_described(&self, arg: &Arg, field: &Field, transfer: &Transfer) -> TokenStream {
        let request = &self.locals.request;
        let name = names::variable(&arg.name);
        let layout = self.layout(arg);
        let put = match self.shape(arg) {
            Shape::Right(it) => return put_right(request, &quote!(), it, &name),
            Shape::Rights(it, _) => {
                let (rights, max) = (rights_given(it, &name), extent(transfer));
                let leader = self.leader(arg).map(|it| names::variable(&it.name));
                match (is_inline(field), transfer.counted, leader) {
                    (true, _, Some(leader)) => return quote!(#request.same_rights(#leader.len(), #max, #rights)?;),
                    (true, true, None) => quote!(#request.rights(#max, #rights)?),
                    (true, false, None) => return quote!(#request.rights_exactly(#max, #rights)?;),
                    (false, ..) => quote!(#request.rights_out_of_line(#rights)?),
                }
            }
            Shape::Indefinite(it) => match (it.is_plain(), gives(arg)) {
                (true, Dealloc::No) => quote!(#request.lend(#name)?),
                (true, _) => quote!(#request.give(#name)?),
                (false, Dealloc::No) => quote!(#request.packed_memory(#layout, #name)?),
                (false, _) => quote!(#request.packed_give(#layout, #name)?),
            },
            Shape::Memory(it) => {
                let put = put_memory(request, &quote!(), &it, gives(arg), &layout, &name);
                quote!(#put?)
            }
            Shape::Each(of, extent) => return self.encode_each(arg, &of, extent, transfer),
            _ => return quote!(),
        };
        self.counted_put(arg, request, transfer, put)
    }

    /// Binds the count of what was put, or compares it with what it must be.
    fn counted_put(&self, arg: &Arg, to: &Ident, transfer: &Transfer, put: TokenStream) -> TokenStream {
        let count = self.count_name(arg);
        let physical = transfer.physical.then(|| quote!(#to.physical_copy();));
        let bind = if transfer.counted {
            quote!(let #count = #put;)
        } else {
            let extent = self.elements(arg, transfer);
            quote!(agree(#put, #extent)?;)
        };
        quote!(#bind #physical)
    }

    /// Elements that memory of a constant size has, as Rust counts them.
    pub(super) fn elements(&self, arg: &Arg, transfer: &Transfer) -> proc_macro2::Literal {
        let bytes = transfer.extent.unwrap_or(0) * transfer.element;
        let each = match self.shape(arg).value() {
            Some(it) if it.is_plain() => super::shape::bytes(it),
            _ => transfer.element,
        };
        literal(bytes.checked_div(each).unwrap_or(0))
    }

    /// A descriptor, as its receiver reads it.
    pub(super) fn read_described(&self, arg: &Arg, field: &Field, transfer: &Transfer) -> Described {
        let Locals { body, own, .. } = &self.locals;
        let (held, layout) = (self.held(arg), self.layout(arg));
        match self.shape(arg) {
            Shape::Right(it) => {
                let method = names::ident(it.owned_method());
                let read = if it.received == IpcName::Polymorphic { quote!(any_right) } else { quote!(#method) };
                Described { read: quote!(let #held = #body.#read()?;), take: quote!(#own.#method(#held)) }
            }
            Shape::Rights(it, _) => self.read_rights_described(arg, field, transfer, it),
            Shape::Each(of, extent) => self.read_each(arg, &of, extent, transfer),
            shape => {
                let plain = shape.value().is_none_or(Value::is_plain);
                let memory =
                    if plain { quote!(#own.region(#held)) } else { quote!(#own.packed_region(#held, #layout)) };
                let take = match shape {
                    Shape::Indefinite(_) => quote!(Data::Region(#memory)),
                    _ => memory,
                };
                let read = if transfer.counted {
                    quote!(memory())
                } else {
                    let bytes = literal(transfer.extent.unwrap_or(0) * transfer.element);
                    quote!(memory_of(#bytes))
                };
                Described { read: quote!(let #held = #body.#read?;), take }
            }
        }
    }

    fn read_rights_described(&self, arg: &Arg, field: &Field, transfer: &Transfer, it: Disposition) -> Described {
        let Locals { body, own, .. } = &self.locals;
        let (held, right, seen, extent) = (self.held(arg), it.got(), it.seen(), extent(transfer));
        if !is_inline(field) {
            let read =
                if transfer.counted { quote!(rights_memory(#seen)) } else { quote!(rights_memory_of(#seen, #extent)) };
            let take = quote!(#own.rights_region::<#right>(#held));
            return Described { read: quote!(let #held = #body.#read?;), take };
        }
        let trimmed = transfer.counted || arg.options.same_count;
        let read = if trimmed {
            quote!(let mut #held = #body.rights(#seen, #extent)?;)
        } else {
            quote!(let #held = #body.fixed_rights(#seen, #extent)?;)
        };
        Described { read, take: quote!(#own.rights::<#right>(#held)) }
    }

    /// The count of what a descriptor describes, as its receiver compares it.
    pub(super) fn read_length(&self, message: &Message, count: &Field, arg: &Arg) -> TokenStream {
        let (body, held) = (&self.locals.body, self.held(arg));
        let described = message.fields.iter().find_map(|it| {
            let of = self.routine.args.get(it.arg?)?;
            std::ptr::eq(of, arg).then_some((it, it.transfer?))
        });
        let Some((field, transfer)) = described else { return quote!() };
        match self.each(arg) {
            Some(_) if count.kind == FieldKind::Length => quote!(),
            Some((_, extent)) => self.read_counts(arg, extent, &transfer),
            None if is_inline(field) => quote!(#body.count_of_rights(&mut #held)?;),
            None => {
                let compare = compare_length(&transfer, &quote!(&#held));
                quote!(#body.#compare?;)
            }
        }
    }

    /// A server's right or memory. `value` is what the method returned.
    pub(super) fn write_described(&self, arg: &Arg, item: &Item<'_>, value: &TokenStream) -> TokenStream {
        let (reply, layout) = (&self.locals.reply, self.layout(arg));
        let Some(transfer) = &item.data.transfer else { return quote!() };
        let put = match self.shape(arg) {
            Shape::Right(it) if it.is_outbound() && !self.half.context.is_translated_out(self.routine, arg) => {
                return quote!(#reply.outbound(#value););
            }
            Shape::Right(it) => {
                let method = names::ident(it.move_method());
                return quote!(#reply.#method(#value););
            }
            Shape::Memory(it) if it.is_plain() => quote!(#reply.surrender(#value)?),
            Shape::Memory(_) => quote!(#reply.packed_surrender(#layout, #value)?),
            Shape::Rights(..) => quote!(#reply.surrender_rights(#value)?),
            Shape::Each(of, extent) => return self.write_each(arg, &of, extent, transfer, value),
            _ => return quote!(),
        };
        self.counted_put(arg, reply, transfer, put)
    }

    /// What a room outside the message took, or a region instead.
    pub(super) fn gather(&self, arg: &Arg, item: &Item<'_>, room: &Ident, region: &TokenStream) -> TokenStream {
        let (reply, layout) = (&self.locals.reply, self.layout(arg));
        let Some(transfer) = &item.data.transfer else { return quote!() };
        let plain = self.shape(arg).value().is_none_or(Value::is_plain);
        let put = if plain {
            quote!(#reply.gather(#room, #region)?)
        } else {
            quote!(#reply.packed_gather(#layout, #room, #region)?)
        };
        self.counted_put(arg, reply, transfer, put)
    }

    /// The descriptors of an array of rights that a room took.
    pub(super) fn write_rights_described(
        &self,
        arg: &Arg,
        item: &Item<'_>,
        it: Disposition,
        name: &Ident,
    ) -> TokenStream {
        let (reply, seen) = (&self.locals.reply, it.seen());
        let Some(transfer) = &item.data.transfer else { return quote!() };
        let (max, count) = (extent(transfer), self.count_name(arg));
        let leader =
            self.leader(arg).map(|it| self.half.context.out_name(self.routine, it, crate::config::Sides::Server));
        match leader {
            Some(leader) => quote!(#reply.same_rights_in_place(#leader, #seen, #max, #name)?;),
            None if transfer.counted => quote!(let #count = #reply.rights_in_place(#seen, #max, #name);),
            None => quote!(#reply.rights_in_place(#seen, #max, #name);),
        }
    }

    /// What an answer that comes later gives: arrays are slices, rights and regions their own.
    pub(super) fn answer_described(&self, arg: &Arg, item: &Item<'_>, value: &TokenStream) -> TokenStream {
        let (reply, layout) = (&self.locals.reply, self.layout(arg));
        let Some(transfer) = &item.data.transfer else { return quote!() };
        let extent = extent(transfer);
        let put = match self.shape(arg) {
            Shape::Rights(..) if is_inline(item.data) && transfer.counted => {
                quote!(#reply.rights_moved(#extent, #value)?)
            }
            Shape::Rights(..) if is_inline(item.data) => return quote!(#reply.rights_moved_exactly(#extent, #value)?;),
            Shape::Indefinite(it) if it.is_plain() => quote!(#reply.give(#value)?),
            Shape::Indefinite(_) => quote!(#reply.packed_give(#layout, #value)?),
            _ => return self.write_described(arg, item, value),
        };
        self.counted_put(arg, reply, transfer, put)
    }
}

/// The comparison of a count with what a descriptor says.
pub(super) fn compare_length(transfer: &Transfer, held: &TokenStream) -> TokenStream {
    let element = literal(transfer.element);
    match transfer.extent {
        Some(max) => {
            let max = literal(max);
            quote!(count_within(#held, #element, #max))
        }
        None => quote!(count_of(#held, #element)),
    }
}
