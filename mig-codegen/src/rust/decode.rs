//! Replies, as clients read them.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::client::{Locals, Stub};
use super::names;
use super::shape::{Disposition, RightsPlace, Shape};
use super::value::{Value, literal};
use crate::config::Sides;
use crate::model::{Arg, IpcName, Routine};
use crate::types::Number;
use crate::wire::{Field, Item};

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
                #end
                #(#takes)*
                #(#stores)*
                Ok(#value)
            }
        }
    }

    /// What a client does with one item of the reply.
    fn decode_item(&self, item: &Item<'_>) -> Option<Decoded> {
        let arg = self.arg(item)?;
        let Locals { body, own, .. } = &self.locals;
        let word = self.word(&item.word?.expected, Some(arg));
        let name = names::variable(&arg.name);
        let slice = self.half.context.out_name(self.routine, arg, Sides::Client);
        let layout = self.layout(arg);
        let shape = self.shape(arg);
        Some(match &shape {
            Shape::Value(it) => Decoded::read(self.get_value(&name, &word, it, item.data)),
            Shape::Fixed(it, _) if shape.has_slice() && it.is_itself_plain() => {
                Decoded::read(quote!(#body.array_into(#word, #slice)?;))
            }
            Shape::Fixed(it, count) => {
                let (ty, count) = (it.tokens(self.half.context), literal(*count));
                Decoded::read(if it.is_itself_plain() {
                    quote!(let #name = *#body.array::<[#ty; #count]>(#word)?;)
                } else {
                    quote!(let #name = #body.form::<[#ty; #count]>(#word)?;)
                })
            }
            Shape::Counted(it) if it.is_plain() => {
                Decoded::read(quote!(let #name = #body.counted_into(#word, #slice)?;))
            }
            Shape::Counted(_) => Decoded::read(quote!(let #name = #body.packed_into(#word, #layout, #slice)?;)),
            Shape::Text { variable: true, .. } => Decoded::read(quote!(let #name = #body.text_into(#word, #slice)?;)),
            Shape::Text { size, .. } => {
                let size = literal(*size);
                Decoded::read(quote!(let #name = #body.fixed_text_into(#word, #size, #slice)?;))
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
        })
    }

    /// An array that came in line or as a region: in the caller's slice, or as it came.
    fn decode_indefinite(&self, arg: &Arg, it: &Value, slice: &Ident, word: &Ident) -> Decoded {
        let Locals { body, own, .. } = &self.locals;
        let layout = self.layout(arg);
        let (name, held) = (names::variable(&arg.name), names::beside(self.routine, arg, "held"));
        let (read, take) = if it.is_plain() {
            (quote!(let #held = #body.indefinite(#word)?;), quote!(let #held = #own.data(#held);))
        } else {
            (
                quote!(let #held = #body.packed_indefinite(#word, #layout)?;),
                quote!(let #held = #own.packed_data(#held);),
            )
        };
        Decoded { read, take: Some(take), store: Some(quote!(let #name = #held.store(#own.via(), #slice)?;)) }
    }

    fn decode_rights(&self, arg: &Arg, slice: &Ident, word: &Ident, it: Disposition, place: RightsPlace) -> Decoded {
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
    pub(super) fn get_value(&self, name: &Ident, word: &Ident, value: &Value, field: &Field) -> TokenStream {
        let body = &self.locals.body;
        match value {
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
