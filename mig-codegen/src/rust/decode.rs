//! Replies, as clients read them.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::client::{Locals, Stub};
use super::names;
use super::shape::{Disposition, RightsPlace, Shape};
use super::value::{Value, literal};
use crate::config::Sides;
use crate::model::{Arg, IpcName, Routine, Sides as TokenSides};
use crate::types::Number;
use crate::wire::{Field, FieldKind, Item, Transfer};

impl Stub<'_> {
    pub(super) fn decode(&self) -> TokenStream {
        let context = self.half.context;
        let results = context.client_results(self.routine);
        let Locals { reply, body, own, .. } = &self.locals;
        let id = self.id();
        let params = self.slice_params().into_iter().map(|(name, ty)| quote!(#name: #ty));
        let lifetime = results.borrows().then(|| quote!('a,));
        let path = out_path(self.routine, &quote!(super::super::));
        let result = results.tokens(&path, &quote!('a));
        let parts: Vec<Decoded> = self.exchange.reply.items().filter_map(|it| self.decode_item(&it)).collect();
        let trailer = self.trailer_reads(TokenSides::User);
        let mutable = (!parts.is_empty()).then(|| quote!(mut));
        let reads = parts.iter().map(|it| &it.read);
        let takes = parts.iter().filter_map(|it| it.take.as_ref());
        let stores = parts.iter().filter_map(|it| it.store.as_ref());
        let end = if parts.iter().any(|it| it.take.is_some()) {
            quote!(let #own = #body.end()?;)
        } else {
            quote!(#body.end()?;)
        };
        let names: Vec<&Ident> = results.0.iter().map(|it| &it.name).collect();
        let value = match names.as_slice() {
            [] => quote!(()),
            [one] => quote!(#one),
            many => quote!(#path { #(#many),* }),
        };
        quote! {
            /// Reads the reply.
            ///
            /// # Errors
            /// The server's code; `MIG_TYPE_ERROR` and its kin if it is no reply to this request.
            #[inline(always)]
            pub fn decode<#lifetime T: Transport>(#reply: Reply<'_, T, W>, #(#params),*) -> rt::Result<#result> {
                let #mutable #body = #reply.body(#id, REPLY)?;
                #(#reads)*
                #trailer
                #end
                #(#takes)*
                #(#stores)*
                Ok(#value)
            }
        }
    }

    /// What a client does with one item of the reply.
    fn decode_item(&self, item: &Item<'_>) -> Option<Decoded> {
        let body = &self.locals.body;
        if item.data.kind == FieldKind::Ndr {
            // In front of a code it was read with that.
            let behind = self.exchange.reply.descriptors > 0;
            return behind.then(|| Decoded::read(quote!(#body.ndr()?;)));
        }
        let arg = self.arg(item)?;
        if matches!(item.data.kind, FieldKind::Length | FieldKind::Lengths) {
            return Some(Decoded::read(self.read_length(&self.exchange.reply, item.data, arg)));
        }
        if let Some(transfer) = &item.data.transfer {
            return Some(self.decode_described(arg, item.data, transfer));
        }
        let mut decoded = self.decode_data(item, arg);
        let followers = self.followers(arg, &{
            let name = names::variable(&arg.name);
            quote!(#name)
        });
        let read = &decoded.read;
        decoded.read = quote!(#read #(#followers)*);
        Some(decoded)
    }

    /// What a client does with a descriptor of the reply.
    fn decode_described(&self, arg: &Arg, field: &Field, transfer: &Transfer) -> Decoded {
        let described = self.read_described(arg, field, transfer);
        let (read, take) = (described.read, described.take);
        let (name, held) = (names::variable(&arg.name), self.held(arg));
        let slice = self.half.context.out_name(self.routine, arg, Sides::Client);
        match self.shape(arg) {
            // It never comes in line, where the caller's slice would be used.
            Shape::Indefinite(_) => Decoded::take(quote!(#read let _ = #slice;), quote!(let #name = #take;)),
            Shape::Rights(_, place @ (RightsPlace::Fixed(_) | RightsPlace::Counted)) => {
                let bind = (place == RightsPlace::Counted).then(|| quote!(let #name =));
                let store = Some(quote!(#bind #held.store(#slice)?;));
                Decoded { read, take: Some(quote!(let #held = #take;)), store }
            }
            _ => Decoded::take(read, quote!(let #name = #take;)),
        }
    }

    /// What a client does with plain data of the reply, or with whatever a type word describes.
    fn decode_data(&self, item: &Item<'_>, arg: &Arg) -> Decoded {
        let Locals { body, own, .. } = &self.locals;
        let word = self.word(item.word.map(|it| &it.expected), Some(arg));
        let max = self.bound(item);
        let name = names::variable(&arg.name);
        let slice = self.half.context.out_name(self.routine, arg, Sides::Client);
        let layout = self.layout(arg);
        let shape = self.shape(arg);
        match &shape {
            Shape::Value(it) => Decoded::read(self.get_value(&name, &word, it, item.data)),
            Shape::Fixed(it, count) => Decoded::read(self.decode_fixed(arg, &shape, it, *count, &word)),
            Shape::Counted(it) => {
                Decoded::read(match (it.is_plain(), self.leader(arg).map(|it| names::variable(&it.name))) {
                    (true, None) => quote!(let #name = #body.counted_into(#word #max #slice)?;),
                    (false, None) => quote!(let #name = #body.packed_into(#word #layout, #max #slice)?;),
                    (true, Some(same)) => quote!(let #name = #body.same_into(#same, #max #slice)?;),
                    (false, Some(same)) => quote!(let #name = #body.same_packed_into(#layout, #same, #max #slice)?;),
                })
            }
            Shape::Text { variable: true, .. } => {
                Decoded::read(quote!(let #name = #body.text_into(#word #max #slice)?;))
            }
            Shape::Text { size, .. } => {
                let size = literal(*size);
                Decoded::read(quote!(let #name = #body.fixed_text_into(#word #size, #slice)?;))
            }
            Shape::Indefinite(it) => self.decode_indefinite(arg, it, &slice, &word),
            Shape::Memory(it) => {
                let take = if it.is_plain() {
                    quote!(let #name = #own.region(#name);)
                } else {
                    quote!(let #name = #own.packed_region(#name, #layout);)
                };
                Decoded::take(quote!(let #name = #body.memory(#word)?;), take)
            }
            Shape::Right(it) => {
                let method = names::ident(it.owned_method());
                let read = if it.received == IpcName::Polymorphic { quote!(any_right) } else { quote!(right) };
                Decoded::take(quote!(let #name = #body.#read(#word)?;), quote!(let #name = #own.#method(#name);))
            }
            Shape::Rights(it, place) => self.decode_rights(arg, &slice, &word, *it, *place),
            // Only descriptors carry them.
            Shape::Each(..) => Decoded::read(TokenStream::new()),
        }
    }

    /// An array of constant length: into the caller's, or by value.
    fn decode_fixed(&self, arg: &Arg, shape: &Shape, it: &Value, count: u32, word: &TokenStream) -> TokenStream {
        let (body, name) = (&self.locals.body, names::variable(&arg.name));
        if shape.has_slice() && it.is_itself_plain() {
            let slice = self.half.context.out_name(self.routine, arg, Sides::Client);
            return quote!(#body.array_into(#word #slice)?;);
        }
        let (ty, count) = (it.tokens(self.half.context), literal(count));
        if it.is_itself_plain() {
            quote!(let #name = *#body.array::<[#ty; #count]>(#word)?;)
        } else {
            quote!(let #name = #body.form::<[#ty; #count]>(#word)?;)
        }
    }

    /// The most elements of a counted array and a comma, where its receiver must know: a type word says how many there
    /// are, a count word must be believed.
    pub(super) fn bound(&self, item: &Item<'_>) -> TokenStream {
        let max = literal(item.data.variable.map_or(0, |it| it.max));
        if item.word.is_some() { TokenStream::new() } else { quote!(#max,) }
    }

    /// An array that came in line or as a region: in the caller's slice, or as it came.
    fn decode_indefinite(&self, arg: &Arg, it: &Value, slice: &Ident, word: &TokenStream) -> Decoded {
        let Locals { body, own, .. } = &self.locals;
        let layout = self.layout(arg);
        let (name, held) = (names::variable(&arg.name), names::beside(self.routine, arg, "held"));
        let (read, take) = if it.is_plain() {
            (quote!(let #held = #body.indefinite(#word)?;), quote!(let #held = #own.data(#held);))
        } else {
            (quote!(let #held = #body.packed_indefinite(#word #layout)?;), quote!(let #held = #own.packed_data(#held);))
        };
        Decoded { read, take: Some(take), store: Some(quote!(let #name = #held.store(#own.via(), #slice)?;)) }
    }

    fn decode_rights(
        &self,
        arg: &Arg,
        slice: &Ident,
        word: &TokenStream,
        it: Disposition,
        place: RightsPlace,
    ) -> Decoded {
        let Locals { body, own, .. } = &self.locals;
        let (right, name) = (it.got(), names::variable(&arg.name));
        let held = names::beside(self.routine, arg, "held");
        match place {
            RightsPlace::Memory => Decoded::take(
                quote!(let #name = #body.memory(#word)?;),
                quote!(let #name = #own.rights_region::<#right>(#name);),
            ),
            RightsPlace::Indefinite => Decoded {
                read: quote!(let #held = #body.rights_indefinite(#word)?;),
                take: Some(quote!(let #held = #own.rights::<#right>(#held);)),
                store: Some(quote!(let #name = #held.into_region(#own.via())?;)),
            },
            RightsPlace::Fixed(_) | RightsPlace::Counted => {
                let method = if place == RightsPlace::Counted { quote!(rights) } else { quote!(fixed_rights) };
                let bind = (place == RightsPlace::Counted).then(|| quote!(let #name =));
                Decoded {
                    read: quote!(let #held = #body.#method(#word)?;),
                    take: Some(quote!(let #held = #own.rights::<#right>(#held);)),
                    store: Some(quote!(#bind #held.store(#slice)?;)),
                }
            }
        }
    }

    /// Reads a value by value.
    pub(super) fn get_value(&self, name: &Ident, word: &TokenStream, value: &Value, field: &Field) -> TokenStream {
        let body = &self.locals.body;
        match value {
            Value::Number(number @ (Number::Address | Number::Size)) if word.is_empty() => {
                let ty = super::value::number(*number);
                match field.size {
                    8 => quote!(let #name = #ty(#body.u64()?);),
                    _ => quote!(let #name = #ty(#body.u32()?.into());),
                }
            }
            Value::Number(number) => {
                let own = match number {
                    Number::Address | Number::Size => *number,
                    other => other.with_bits(field.size * 8),
                };
                let method = names::ident(own.text());
                if own == *number {
                    return quote!(let #name = #body.#method(#word)?;);
                }
                let wide = super::value::number(*number);
                quote!(let #name = #wide::from(#body.#method(#word)?);)
            }
            value => {
                let ty = value.tokens(self.half.context);
                if value.is_itself_plain() {
                    quote!(let #name = *#body.array::<#ty>(#word)?;)
                } else {
                    quote!(let #name = #body.form::<#ty>(#word)?;)
                }
            }
        }
    }
}

/// What a client does with one item of the reply: before the message gives everything up, then without being able to
/// fail, then with.
struct Decoded {
    read: TokenStream,
    take: Option<TokenStream>,
    store: Option<TokenStream>,
}

impl Decoded {
    fn read(read: TokenStream) -> Decoded {
        Decoded { read, take: None, store: None }
    }

    fn take(read: TokenStream, take: TokenStream) -> Decoded {
        Decoded { read, take: Some(take), store: None }
    }
}

/// Path of the client's structure of results.
pub(super) fn out_path(routine: &Routine, prefix: &TokenStream) -> TokenStream {
    let module = names::routine(&routine.name);
    quote!(#prefix #module::Out)
}
