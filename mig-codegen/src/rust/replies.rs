//! Replies, as servers write them.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::client::{Locals, Stub, room_constant};
use super::names;
use super::shape::{Disposition, RightsPlace, Shape};
use super::value::{Value, literal};
use crate::config::Sides;
use crate::model::{Arg, Routine};
use crate::wire::Item;

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
        let arg = self.arg(item)?;
        let Locals { reply, rooms, .. } = &self.locals;
        let word = self.reply_word(item, arg)?;
        let shape = self.shape(arg);
        let (at, module) = (room_constant(self.routine, arg), self.name());
        let at = quote!(#module::#at);
        let name = self.half.context.out_name(self.routine, arg, Sides::Server);
        let max = literal(item.data.variable.map_or(0, |it| it.max));
        let layout = self.layout(arg);
        let limit = limited(self.routine, arg);
        let filled = Some(quote!(let #name = #name.filled();));
        Some(match &shape {
            Shape::Fixed(it, count) if shape.has_room() => {
                let (ty, count) = (it.plain(), literal(*count));
                Write {
                    room: Some(quote!(let mut #name = #rooms.array::<#ty>(#at, #count);)),
                    filled: Some(quote!(#name.pad();)),
                    write: quote!(#reply.array_in_place::<[#ty; #count]>(#word, #at);),
                }
            }
            Shape::Counted(it) if it.is_plain() => {
                let ty = it.plain();
                let room = quote!(let mut #name = #rooms.array::<#ty>(#at, #max)#limit;);
                Write { room: Some(room), filled, write: quote!(#reply.counted_in_place::<#ty>(#word, #at, #name);) }
            }
            Shape::Counted(_) => Write {
                room: Some(quote!(let mut #name = #rooms.packed(#layout, #at, #max)#limit;)),
                filled,
                write: quote!(#reply.packed_in_place(#word, #layout, #at, #name);),
            },
            Shape::Indefinite(it) => self.write_indefinite(arg, it, &word, &at, &max, results),
            Shape::Text { variable, size } => {
                let (room, whole) = (literal(size.saturating_sub(1)), literal(*size));
                let write = if *variable {
                    quote!(#reply.text_in_place(#word, #at, #name);)
                } else {
                    quote!(#reply.fixed_text_in_place(#word, #at, #whole, #name);)
                };
                Write { room: Some(quote!(let mut #name = #rooms.array::<u8>(#at, #room)#limit;)), filled, write }
            }
            Shape::Rights(it, RightsPlace::Fixed(count)) => {
                self.write_rights(arg, *it, item, &at, &literal(*count), quote!(#name.pad();))
            }
            Shape::Rights(it, RightsPlace::Counted) => self.write_rights(arg, *it, item, &at, &max, quote!()),
            other => Write { room: None, filled: None, write: self.write_value(arg, other, item, &word, results) },
        })
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
        let (right, limit) = (it.got(), limited(self.routine, arg));
        let word = self.reply_word(item, arg);
        let cell = literal(item.data.variable.map_or(0, |it| it.element).max(self.half.unit.abi.port_item));
        Write {
            room: Some(quote!(let mut #name = #rooms.rights::<T, #right>(&via, #at, #count, #cell)#limit;)),
            filled: Some(quote!(#pad let #name = #name.filled()?;)),
            write: quote!(#reply.rights_in_place(#word, #at, #name);),
        }
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
        word: &Ident,
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
        let limit = limited(self.routine, arg);
        let (place, write) = if it.is_plain() {
            let ty = it.plain();
            (
                quote!(let mut #room = #rooms.array::<#ty>(#at, #max)#limit;),
                quote!(#reply.indefinite_in_place(#word, #at, #count, #region)?;),
            )
        } else {
            (
                quote!(let mut #room = #rooms.packed(#layout, #at, #max)#limit;),
                quote!(#reply.packed_indefinite_in_place(#word, #layout, #at, #count, #region)?;),
            )
        };
        Write { room: Some(place), filled: Some(quote!(let #count = #room.filled();)), write }
    }

    /// A result that the method returns.
    fn write_value(&self, arg: &Arg, shape: &Shape, item: &Item<'_>, word: &Ident, results: usize) -> TokenStream {
        let context = self.half.context;
        let Locals { reply, out, service, .. } = &self.locals;
        let name = names::variable(&arg.name);
        let mut value = if results > 1 { quote!(#out.#name) } else { quote!(#name) };
        if let Some(marker) = context.marker(arg).filter(|_| context.is_translated_out(arg)) {
            let marker = context.path(&marker);
            value = quote!(Outtran::<T, #marker>::outtran(&*#service, #value));
            if let Shape::Right(it) = shape {
                let method = names::ident(it.move_method());
                return quote!(#reply.#method(#word, #value););
            }
        }
        let layout = self.layout(arg);
        match shape {
            Shape::Value(it) => self.put_value(reply, word, it, item.data, &value),
            Shape::Fixed(it, _) if it.is_itself_plain() => quote!(#reply.array(#word, &#value);),
            Shape::Fixed(..) => quote!(#reply.form(#word, &#value)?;),
            Shape::Memory(it) if it.is_plain() => quote!(#reply.surrender(#word, #value)?;),
            Shape::Memory(_) => quote!(#reply.packed_surrender(#word, #layout, #value)?;),
            Shape::Right(it) if it.is_outbound() => quote!(#reply.outbound(#word, #value);),
            Shape::Right(it) => {
                let method = names::ident(it.move_method());
                quote!(#reply.#method(#word, #value);)
            }
            Shape::Rights(_, RightsPlace::Indefinite) => {
                let max = literal(item.data.variable.map_or(0, |it| it.max));
                let limit = limit_name(self.routine, arg);
                let max = if arg.options.count_in_out { quote!(#limit) } else { quote!(#max) };
                quote!(#reply.rights_indefinite_moved(#word, #max, #value)?;)
            }
            Shape::Rights(..) => quote!(#reply.surrender_rights(#word, #value)?;),
            Shape::Counted(_) | Shape::Indefinite(_) | Shape::Text { .. } => quote!(),
        }
    }

    /// A result of an answer that may come later: arrays are slices.
    pub(super) fn write_answer(&self, item: &Item<'_>, results: usize) -> Option<TokenStream> {
        let arg = self.arg(item)?;
        let Locals { reply, out, .. } = &self.locals;
        let word = self.reply_word(item, arg)?;
        let name = names::variable(&arg.name);
        let value = if results > 1 { quote!(#out.#name) } else { quote!(#name) };
        let max = literal(item.data.variable.map_or(0, |it| it.max));
        let layout = self.layout(arg);
        let shape = self.shape(arg);
        Some(match &shape {
            Shape::Fixed(it, count) if shape.has_room() => {
                let (ty, count) = (it.plain(), literal(*count));
                quote!(#reply.array::<[#ty; #count]>(#word, rt::exactly(#value)?);)
            }
            Shape::Counted(it) if it.is_plain() => quote!(#reply.counted(#word, #max, #value)?;),
            Shape::Counted(_) => quote!(#reply.packed(#word, #layout, #max, #value)?;),
            Shape::Text { variable: true, .. } => quote!(#reply.text(#word, #max, #value)?;),
            Shape::Text { size, .. } => {
                let size = literal(*size);
                quote!(#reply.fixed_text(#word, #size, #value)?;)
            }
            Shape::Indefinite(it) if it.is_plain() => quote!(#reply.indefinite_give(#word, #max, #value)?;),
            Shape::Indefinite(_) => quote!(#reply.packed_indefinite_give(#word, #layout, #max, #value)?;),
            Shape::Rights(_, RightsPlace::Counted) => quote!(#reply.rights_moved(#word, #max, #value)?;),
            Shape::Rights(_, RightsPlace::Fixed(count)) => {
                let count = literal(*count);
                quote!(#reply.rights_moved_exactly(#word, #count, #value)?;)
            }
            other => self.write_value(arg, other, item, &word, results),
        })
    }

    /// The type word of a reply's item: what a server has given away is sent as moved.
    pub(super) fn reply_word(&self, item: &Item<'_>, arg: &Arg) -> Option<Ident> {
        let word = item.word?;
        let shape = self.shape(arg);
        let moved = match &shape {
            Shape::Right(it) => !it.is_outbound() || self.half.context.is_translated_out(arg),
            Shape::Rights(..) => true,
            _ => false,
        };
        let descriptor = if moved { &word.expected } else { &word.sent };
        Some(self.word(descriptor, Some(arg)))
    }
}

/// What makes a room no larger than the client's.
fn limited(routine: &Routine, arg: &Arg) -> TokenStream {
    let limit = limit_name(routine, arg);
    if arg.options.count_in_out { quote!(.limit(#limit)) } else { quote!() }
}

/// Local for the room that a client has.
pub(super) fn limit_name(routine: &Routine, arg: &Arg) -> Ident {
    names::beside(routine, arg, "limit")
}
