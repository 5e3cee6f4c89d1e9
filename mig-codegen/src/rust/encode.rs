//! Requests, as clients write them.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::client::{Locals, Stub};
use super::names;
use super::shape::{Disposition, RightsPlace, Shape, gives};
use super::value::{Value, literal};
use crate::model::{Arg, Dealloc};
use crate::types::Number;
use crate::wire::{Field, FieldKind, Item};

impl Stub<'_> {
    pub(super) fn encode(&self) -> TokenStream {
        let Locals { buffer, request, .. } = &self.locals;
        let port = self.routine.request_port();
        let port_name = names::variable(&port.name);
        let id = self.id();
        let disposition = self.half.context.disposition(port);
        let constructor = match disposition.number() {
            Some(19) => quote!(Outgoing::new(#buffer, #port_name, #id)),
            Some(17) => quote!(Outgoing::new_move_send(#buffer, #port_name, #id)),
            Some(18) => quote!(Outgoing::new_move_send_once(#buffer, #port_name, #id)),
            Some(20) => quote!(Outgoing::new_make_send(#buffer, #port_name, #id)),
            Some(21) => quote!(Outgoing::new_make_send_once(#buffer, #port_name, #id)),
            _ => quote!(Outgoing::new_outbound(#buffer, #port_name, #id)?),
        };
        let reply = self.routine.args.iter().find(|it| self.is_one_way_reply(it)).map(|it| {
            let name = names::variable(&it.name);
            quote!(#request.reply_to(#name);)
        });
        let mut statements: Vec<TokenStream> = self.descriptors(&self.exchange.request, request).into_iter().collect();
        statements.extend(self.exchange.request.items().filter_map(|it| self.encode_item(&it)));
        let code = self.encode_code();
        let mutable = (!statements.is_empty() || reply.is_some()).then(|| quote!(mut));
        let lifetime = quote!('b);
        let borrowed_port = matches!(disposition.number(), Some(20 | 21));
        let params = self.sent_params(&lifetime).into_iter().map(|(name, ty)| {
            let ty = if borrowed_port && name == port_name { quote!(&'b ReceiveRight<T>) } else { ty };
            quote!(#name: #ty)
        });
        let params: Vec<TokenStream> = params.collect();
        let allow = (params.len() > 6)
            .then(|| quote!(#[allow(clippy::too_many_arguments, reason = "as the definition has it")]));
        quote! {
            /// Writes the request.
            ///
            /// # Errors
            /// If an argument has no place in it.
            #allow
            #[inline(always)]
            pub fn encode<'b, T: Transport>(#buffer: &'b mut Buffer<MAX>, #(#params),*) -> rt::Result<Outgoing<'b, T, W>> {
                let #mutable #request = #constructor;
                #code
                #reply
                #(#statements)*
                Ok(#request)
            }
        }
    }

    /// One statement for each item of the request.
    fn encode_item(&self, item: &Item<'_>) -> Option<TokenStream> {
        let request = &self.locals.request;
        if item.data.kind == FieldKind::Ndr {
            return Some(quote!(#request.ndr();));
        }
        let arg = self.arg(item)?;
        let word = self.word(item.word.map(|it| &it.sent), Some(arg));
        let name = names::variable(&arg.name);
        let max = literal(item.data.variable.map_or(0, |it| it.max));
        let layout = self.layout(arg);
        match item.data.kind {
            FieldKind::Count => {
                let (room, max) = (names::beside(self.routine, arg, "room"), self.reply_max(arg));
                return Some(quote!(#request.room(#word #max, #room);));
            }
            FieldKind::Length | FieldKind::Lengths => return self.put_length(request, item.data, arg),
            _ => {}
        }
        if let Some(transfer) = item.data.transfer {
            return Some(self.encode_described(arg, item.data, &transfer));
        }
        let same = self.leader(arg).map(|it| names::variable(&it.name));
        Some(match self.shape(arg) {
            Shape::Value(it) => self.put_value(request, &word, &it, item.data, &quote!(#name)),
            Shape::Fixed(it, _) if it.is_itself_plain() => quote!(#request.array(#word #name);),
            Shape::Fixed(..) => quote!(#request.form(#word #name)?;),
            Shape::Counted(it) => match (it.is_plain(), same) {
                (true, None) => quote!(#request.counted(#word #max, #name)?;),
                (false, None) => quote!(#request.packed(#word #layout, #max, #name)?;),
                (true, Some(same)) => quote!(#request.same(#same.len(), #max, #name)?;),
                (false, Some(same)) => quote!(#request.same_packed(#layout, #same.len(), #max, #name)?;),
            },
            Shape::Indefinite(it) => put_indefinite(request, &word, &it, gives(arg), &max, &layout, &name),
            Shape::Memory(it) => {
                let put = put_memory(request, &word, &it, gives(arg), &layout, &name);
                quote!(#put?;)
            }
            Shape::Text { variable: true, .. } => quote!(#request.text(#word #max, #name)?;),
            Shape::Text { size, .. } => {
                let size = literal(size);
                quote!(#request.fixed_text(#word #size, #name)?;)
            }
            Shape::Right(it) => put_right(request, &word, it, &name),
            Shape::Rights(it, place) => put_rights(request, &word, it, place, &max, &name),
            // Only descriptors carry them.
            Shape::Each(..) => return None,
        })
    }

    /// Elements that a reply has room for.
    pub(super) fn reply_max(&self, arg: &Arg) -> proc_macro2::Literal {
        let field = self.exchange.reply.items().find(|it| self.arg(it).is_some_and(|it| std::ptr::eq(it, arg)));
        literal(field.and_then(|it| it.data.variable).map_or(0, |it| it.max))
    }

    /// A value by value. The number in this ABI may be narrower than in Rust.
    pub(super) fn put_value(
        &self,
        message: &Ident,
        word: &TokenStream,
        value: &Value,
        field: &Field,
        it: &TokenStream,
    ) -> TokenStream {
        match value {
            // Only a type word says how wide an address is; without one, the definition has said it.
            Value::Number(Number::Address | Number::Size) if word.is_empty() => match field.size {
                8 => quote!(#message.u64(#it.0);),
                _ => quote!(#message.u32(narrow(#it.0)?);),
            },
            Value::Number(Number::Address | Number::Size) => {
                let method = if matches!(value, Value::Number(Number::Address)) {
                    format_ident!("address")
                } else {
                    format_ident!("size")
                };
                quote!(#message.#method(#word #it)?;)
            }
            Value::Number(number) => {
                let own = number.with_bits(field.size * 8);
                let method = names::ident(own.text());
                if own == *number {
                    quote!(#message.#method(#word #it);)
                } else {
                    quote!(#message.#method(#word narrow(#it)?);)
                }
            }
            Value::Array(..) | Value::Bytes(_) if value.is_itself_plain() => quote!(#message.array(#word &#it);),
            _ => quote!(#message.form(#word &#it)?;),
        }
    }
}

fn put_indefinite(
    request: &Ident,
    word: &TokenStream,
    value: &Value,
    gives: Dealloc,
    max: &proc_macro2::Literal,
    layout: &TokenStream,
    name: &Ident,
) -> TokenStream {
    match (value.is_plain(), gives) {
        (true, Dealloc::No) => quote!(#request.indefinite(#word #max, #name)?;),
        (true, _) => quote!(#request.indefinite_give(#word #max, #name)?;),
        (false, Dealloc::No) => quote!(#request.packed_indefinite(#word #layout, #max, #name)?;),
        (false, _) => quote!(#request.packed_indefinite_give(#word #layout, #max, #name)?;),
    }
}

pub(super) fn put_memory(
    request: &Ident,
    word: &TokenStream,
    value: &Value,
    gives: Dealloc,
    layout: &TokenStream,
    name: &Ident,
) -> TokenStream {
    match (value.is_plain(), gives) {
        (true, Dealloc::No) => quote!(#request.lend(#word #name)),
        (true, Dealloc::Yes) => quote!(#request.surrender(#word #name)),
        (true, Dealloc::RunTime) => quote!(#request.give(#word #name)),
        (false, Dealloc::No) => quote!(#request.packed_memory(#word #layout, #name)),
        (false, Dealloc::Yes) => quote!(#request.packed_surrender(#word #layout, #name)),
        (false, Dealloc::RunTime) => quote!(#request.packed_give(#word #layout, #name)),
    }
}

pub(super) fn put_right(request: &Ident, word: &TokenStream, it: Disposition, name: &Ident) -> TokenStream {
    let method = match it.number() {
        Some(19) => "copy_send",
        Some(17) => "move_send",
        Some(18) => "move_send_once",
        Some(16) => "move_receive",
        Some(20) => "make_send",
        Some(21) => "make_send_once",
        _ => "outbound",
    };
    let method = names::ident(method);
    quote!(#request.#method(#word #name);)
}

fn put_rights(
    request: &Ident,
    word: &TokenStream,
    it: Disposition,
    place: RightsPlace,
    max: &proc_macro2::Literal,
    name: &Ident,
) -> TokenStream {
    let rights = rights_given(it, name);
    match place {
        RightsPlace::Fixed(count) => {
            let count = literal(count);
            quote!(#request.rights_exactly(#word #count, #rights)?;)
        }
        RightsPlace::Counted => quote!(#request.rights(#word #max, #rights)?;),
        RightsPlace::Indefinite => quote!(#request.rights_indefinite(#word #max, #rights)?;),
        RightsPlace::Memory => quote!(#request.rights_out_of_line(#word #rights)?;),
    }
}

/// A client's array of rights, and how they travel.
pub(super) fn rights_given(it: Disposition, name: &Ident) -> TokenStream {
    match it.number() {
        Some(19) => quote!(Outbounds::Copy(#name)),
        Some(17) => quote!(Outbounds::MoveSend(#name)),
        Some(18) => quote!(Outbounds::MoveSendOnce(#name)),
        Some(16) => quote!(Outbounds::MoveReceive(#name)),
        Some(20) => quote!(Outbounds::MakeSend(#name)),
        Some(21) => quote!(Outbounds::MakeSendOnce(#name)),
        _ => quote!(#name),
    }
}
