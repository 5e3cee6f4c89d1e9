//! Replies, as servers write them.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::client::{Locals, Stub, room_constant};
use super::names;
use super::shape::{Disposition, RightsPlace, Shape};
use super::value::{Value, literal};
use crate::config::Sides;
use crate::model::{Arg, Routine};
use crate::wire::{FieldKind, Item};

/// Bytes of the room for an array that leaves by memory of its own, as much as the other family sends in line.
const ROOM: u32 = 2048;

/// What the server does with one result.
pub(super) struct Write {
    /// Room for it, before the method.
    pub(super) room: Option<TokenStream>,
    /// After the method: the borrow of the reply ends.
    pub(super) filled: Option<TokenStream>,
    pub(super) write: TokenStream,
}

impl Stub<'_> {
    /// Writes one result. `results` is how many values the method returns.
    pub(super) fn write(&self, item: &Item<'_>, results: usize) -> Option<Write> {
        let Locals { reply, rooms, .. } = &self.locals;
        if let Some(write) = self.write_between(item) {
            return Some(Write { room: None, filled: None, write });
        }
        let arg = self.arg(item)?;
        let word = self.reply_word(item, arg);
        let shape = self.shape(arg);
        let (at, module) = (room_constant(self.routine, arg), self.name());
        let at = quote!(#module::#at);
        let name = self.half.context.out_name(self.routine, arg, Sides::Server);
        let max = literal(item.data.variable.map_or(0, |it| it.max));
        let limit = self.limited(arg);
        let filled = Some(quote!(let #name = #name.filled();));
        Some(match &shape {
            Shape::Fixed(it, count) if shape.has_room() => {
                let (ty, count) = (it.plain(), literal(*count));
                Write {
                    room: Some(quote!(let mut #name = #rooms.array::<#ty>(#at, #count);)),
                    filled: Some(quote!(#name.pad();)),
                    write: quote!(#reply.array_in_place::<[#ty; #count]>(#word #at);),
                }
            }
            Shape::Counted(it) => self.write_counted(arg, it, &word, &at, &max),
            Shape::Indefinite(it) if item.data.transfer.is_some() => self.write_gathered(arg, it, item, results),
            Shape::Indefinite(it) => self.write_indefinite(arg, it, &word, &at, &max, results),
            Shape::Text { variable, size } => {
                let (room, whole) = (literal(size.saturating_sub(1)), literal(*size));
                let write = if *variable {
                    quote!(#reply.text_in_place(#word #at, #name);)
                } else {
                    quote!(#reply.fixed_text_in_place(#word #at, #whole, #name);)
                };
                Write { room: Some(quote!(let mut #name = #rooms.array::<u8>(#at, #room)#limit;)), filled, write }
            }
            Shape::Rights(it, RightsPlace::Fixed(count)) => {
                self.write_rights(arg, *it, item, &at, &literal(*count), quote!(#name.pad();))
            }
            Shape::Rights(it, RightsPlace::Counted) => {
                let max = item.data.transfer.and_then(|it| it.extent).map_or(max, literal);
                self.write_rights(arg, *it, item, &at, &max, quote!())
            }
            other => Write { room: None, filled: None, write: self.write_value(arg, other, item, &word, results) },
        })
    }

    /// An array in its room.
    fn write_counted(
        &self,
        arg: &Arg,
        it: &Value,
        word: &TokenStream,
        at: &TokenStream,
        max: &proc_macro2::Literal,
    ) -> Write {
        let Locals { reply, rooms, .. } = &self.locals;
        let context = self.half.context;
        let name = context.out_name(self.routine, arg, Sides::Server);
        let same = self.leader(arg).map(|it| context.out_name(self.routine, it, Sides::Server));
        let (ty, layout, limit) = (it.plain(), self.layout(arg), self.limited(arg));
        let room = if it.is_plain() { quote!(array::<#ty>(#at, #max)) } else { quote!(packed(#layout, #at, #max)) };
        let write = match (it.is_plain(), same) {
            (true, None) => quote!(#reply.counted_in_place::<#ty>(#word #at, #name);),
            (false, None) => quote!(#reply.packed_in_place(#word #layout, #at, #name);),
            (true, Some(same)) => quote!(#reply.same_in_place::<#ty>(#same, #at, #name)?;),
            (false, Some(same)) => quote!(#reply.same_packed_in_place(#layout, #same, #at, #name)?;),
        };
        let filled = Some(quote!(let #name = #name.filled();));
        Write { room: Some(quote!(let mut #name = #rooms.#room #limit;)), filled, write }
    }

    /// An array of rights in its room. `pad` fills what the method left empty, if all of it is sent.
    fn write_rights(
        &self,
        arg: &Arg,
        it: Disposition,
        item: &Item<'_>,
        at: &TokenStream,
        count: &proc_macro2::Literal,
        pad: TokenStream,
    ) -> Write {
        let Locals { reply, rooms, .. } = &self.locals;
        let name = self.half.context.out_name(self.routine, arg, Sides::Server);
        let (right, limit) = (it.got(), self.limited(arg));
        let word = self.reply_word(item, arg);
        let write = if item.data.transfer.is_some() {
            self.write_rights_described(arg, item, it, &name)
        } else {
            quote!(#reply.rights_in_place(#word #at, #name);)
        };
        let cell = literal(item.data.variable.map_or(0, |it| it.element).max(self.half.unit.abi.port_item));
        Write {
            room: Some(quote!(let mut #name = #rooms.rights::<T, #right>(&via, #at, #count, #cell)#limit;)),
            filled: Some(quote!(#pad let #name = #name.filled()?;)),
            write,
        }
    }

    /// What stands between results: how numbers are written, and counts of what descriptors describe.
    fn write_between(&self, item: &Item<'_>) -> Option<TokenStream> {
        let reply = &self.locals.reply;
        match item.data.kind {
            FieldKind::Ndr => Some(quote!(#reply.ndr();)),
            FieldKind::Length | FieldKind::Lengths => {
                Some(self.put_length(reply, item.data, self.arg(item)?).unwrap_or_default())
            }
            _ => None,
        }
    }

    /// The items of a reply that a server writes: the loop has begun one that has a code.
    pub(super) fn written_items(&self) -> Vec<Item<'_>> {
        let coded = self.exchange.reply.descriptors == 0;
        let written = |it: &Item<'_>| match it.data.kind {
            FieldKind::Ndr => !coded,
            _ => self.arg(it).is_some(),
        };
        self.exchange.reply.items().filter(written).collect()
    }

    /// Local for the room of a result: the method may return a region under the argument's name beside it.
    pub(super) fn room_name(&self, arg: &Arg) -> Ident {
        match self.shape(arg) {
            Shape::Indefinite(_) => names::beside(self.routine, arg, "room"),
            _ => self.half.context.out_name(self.routine, arg, Sides::Server),
        }
    }

    /// An array in its room, or a region instead of it.
    fn write_indefinite(
        &self,
        arg: &Arg,
        it: &Value,
        word: &TokenStream,
        at: &TokenStream,
        max: &proc_macro2::Literal,
        results: usize,
    ) -> Write {
        let Locals { reply, rooms, out, .. } = &self.locals;
        let name = names::variable(&arg.name);
        let count = names::beside(self.routine, arg, "count");
        let room = self.room_name(arg);
        let region = if results > 1 { quote!(#out.#name) } else { quote!(#name) };
        let layout = self.layout(arg);
        let limit = self.limited(arg);
        let (place, write) = if it.is_plain() {
            let ty = it.plain();
            (
                quote!(let mut #room = #rooms.array::<#ty>(#at, #max)#limit;),
                quote!(#reply.indefinite_in_place(#word #at, #count, #region)?;),
            )
        } else {
            (
                quote!(let mut #room = #rooms.packed(#layout, #at, #max)#limit;),
                quote!(#reply.packed_indefinite_in_place(#word #layout, #at, #count, #region)?;),
            )
        };
        Write { room: Some(place), filled: Some(quote!(let #count = #room.filled();)), write }
    }

    /// An array in a room outside the message, or a region instead of it: it leaves by memory of its own.
    fn write_gathered(&self, arg: &Arg, it: &Value, item: &Item<'_>, results: usize) -> Write {
        let out = &self.locals.out;
        let (name, room) = (names::variable(&arg.name), self.room_name(arg));
        let buffer = names::beside(self.routine, arg, "buffer");
        let region = if results > 1 { quote!(#out.#name) } else { quote!(#name) };
        let element = item.data.transfer.map_or(1, |it| it.element).max(1);
        let max = literal(ROOM / element);
        let bytes = literal(ROOM / element * element);
        let layout = self.layout(arg);
        let place = if it.is_plain() {
            let ty = it.plain();
            quote!(array::<#ty>(0, #max))
        } else {
            quote!(packed(#layout, 0, #max))
        };
        Write {
            room: Some(quote! {
                let mut #buffer = Buffer::<#bytes>::new();
                let mut #room = #buffer.rooms(ABI).#place;
            }),
            filled: None,
            write: self.gather(arg, item, &room, &region),
        }
    }

    /// A result that the method returns.
    fn write_value(
        &self,
        arg: &Arg,
        shape: &Shape,
        item: &Item<'_>,
        word: &TokenStream,
        results: usize,
    ) -> TokenStream {
        let context = self.half.context;
        let Locals { reply, out, service, .. } = &self.locals;
        let name = names::variable(&arg.name);
        let mut value = if results > 1 { quote!(#out.#name) } else { quote!(#name) };
        if let Some(marker) = context.marker(arg).filter(|_| context.is_translated_out(self.routine, arg)) {
            let marker = context.path(&marker);
            value = quote!(Outtran::<T, #marker>::outtran(&*#service, #value));
            if let (Shape::Right(it), None) = (shape, item.data.transfer) {
                let method = names::ident(it.move_method());
                return quote!(#reply.#method(#word #value););
            }
        }
        if item.data.transfer.is_some() {
            return self.write_described(arg, item, &value);
        }
        let layout = self.layout(arg);
        match shape {
            Shape::Value(it) => self.put_value(reply, word, it, item.data, &value),
            Shape::Fixed(it, _) if it.is_itself_plain() => quote!(#reply.array(#word &#value);),
            Shape::Fixed(..) => quote!(#reply.form(#word &#value)?;),
            Shape::Memory(it) if it.is_plain() => quote!(#reply.surrender(#word #value)?;),
            Shape::Memory(_) => quote!(#reply.packed_surrender(#word #layout, #value)?;),
            Shape::Right(it) if it.is_outbound() => quote!(#reply.outbound(#word #value);),
            Shape::Right(it) => {
                let method = names::ident(it.move_method());
                quote!(#reply.#method(#word #value);)
            }
            Shape::Rights(_, RightsPlace::Indefinite) => {
                let max = literal(item.data.variable.map_or(0, |it| it.max));
                let limit = limit_name(self.routine, arg);
                let max = if self.sends_room(arg) { quote!(#limit) } else { quote!(#max) };
                quote!(#reply.rights_indefinite_moved(#word #max, #value)?;)
            }
            Shape::Rights(..) => quote!(#reply.surrender_rights(#word #value)?;),
            Shape::Counted(_) | Shape::Indefinite(_) | Shape::Text { .. } | Shape::Each(..) => quote!(),
        }
    }

    /// A result of an answer that may come later: arrays are slices.
    pub(super) fn write_answer(&self, item: &Item<'_>, results: usize) -> Option<TokenStream> {
        if let Some(write) = self.write_between(item) {
            return Some(write);
        }
        let arg = self.arg(item)?;
        let Locals { reply, out, .. } = &self.locals;
        let word = self.reply_word(item, arg);
        let name = names::variable(&arg.name);
        let value = if results > 1 { quote!(#out.#name) } else { quote!(#name) };
        if item.data.transfer.is_some() && !matches!(self.shape(arg), Shape::Right(_)) {
            return Some(self.answer_described(arg, item, &value));
        }
        let max = literal(item.data.variable.map_or(0, |it| it.max));
        let layout = self.layout(arg);
        let shape = self.shape(arg);
        Some(match &shape {
            Shape::Fixed(it, count) if shape.has_room() => {
                let (ty, count) = (it.plain(), literal(*count));
                quote!(#reply.array::<[#ty; #count]>(#word rt::exactly(#value)?);)
            }
            Shape::Counted(it) => {
                let same = self.leader(arg).map(|it| names::variable(&it.name));
                match (it.is_plain(), same) {
                    (true, None) => quote!(#reply.counted(#word #max, #value)?;),
                    (false, None) => quote!(#reply.packed(#word #layout, #max, #value)?;),
                    // With two arrays there are two results at least.
                    (true, Some(same)) => quote!(#reply.same(#out.#same.len(), #max, #value)?;),
                    (false, Some(same)) => quote!(#reply.same_packed(#layout, #out.#same.len(), #max, #value)?;),
                }
            }
            Shape::Text { variable: true, .. } => quote!(#reply.text(#word #max, #value)?;),
            Shape::Text { size, .. } => {
                let size = literal(*size);
                quote!(#reply.fixed_text(#word #size, #value)?;)
            }
            Shape::Indefinite(it) if it.is_plain() => quote!(#reply.indefinite_give(#word #max, #value)?;),
            Shape::Indefinite(_) => quote!(#reply.packed_indefinite_give(#word #layout, #max, #value)?;),
            Shape::Rights(_, RightsPlace::Counted) => quote!(#reply.rights_moved(#word #max, #value)?;),
            Shape::Rights(_, RightsPlace::Fixed(count)) => {
                let count = literal(*count);
                quote!(#reply.rights_moved_exactly(#word #count, #value)?;)
            }
            other => self.write_value(arg, other, item, &word, results),
        })
    }

    /// What makes a room no larger than the client's.
    fn limited(&self, arg: &Arg) -> Option<TokenStream> {
        let limit = limit_name(self.routine, arg);
        self.sends_room(arg).then(|| quote!(.limit(#limit)))
    }

    /// The type word of a reply's item: what a server has given away is sent as moved.
    pub(super) fn reply_word(&self, item: &Item<'_>, arg: &Arg) -> TokenStream {
        let Some(word) = item.word else { return TokenStream::new() };
        let shape = self.shape(arg);
        let moved = match &shape {
            Shape::Right(it) => !it.is_outbound() || self.half.context.is_translated_out(self.routine, arg),
            Shape::Rights(..) => true,
            _ => false,
        };
        let descriptor = if moved { &word.expected } else { &word.sent };
        self.word(Some(descriptor), Some(arg))
    }
}

/// Local for the room that a client has.
pub(super) fn limit_name(routine: &Routine, arg: &Arg) -> Ident {
    names::beside(routine, arg, "limit")
}
