//! Structures: their declaration, and their form in each ABI.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::Context;
use super::fields::{read, write};
use super::layout::Fields;
use super::names;
use super::value::literal;
use crate::abi::Abi;
use crate::types::Flavor;

impl Context<'_> {
    /// A structure and its forms.
    pub(super) fn structure(&self, rust: &str, it: &Fields, docs: &TokenStream) -> TokenStream {
        let name = names::last(rust);
        let eq = if it.fields.iter().all(|it| it.value.is_eq()) { quote!(PartialEq, Eq,) } else { quote!(PartialEq,) };
        let declared = it.fields.iter().map(|it| {
            let (field, ty) = (names::variable(&it.name), it.value.tokens(self));
            let doc = format!(" `{}`", it.name);
            quote!(#[doc = #doc] pub #field: #ty)
        });
        let forms = self.forms(&name, it);
        quote! {
            #docs
            #[derive(Clone, Copy, #eq Debug)]
            pub struct #name { #(#declared),* }
            #forms
        }
    }

    /// A structure that a flavor selects.
    pub(super) fn flavor(&self, rust: &str, flavor: &Flavor, docs: &TokenStream) -> TokenStream {
        let fields = self.flavor_fields(flavor);
        let structure = self.structure(rust, &fields, docs);
        let name = names::last(rust);
        let number = proc_macro2::Literal::i64_unsuffixed(flavor.number);
        let layout = if self.is_everywhere(&fields) {
            quote!(
                fn layout(_: AbiId) -> Option<Layout<Self>> {
                    Some(Self::LAYOUT)
                }
            )
        } else {
            let arms = self.units.iter().map(|it| {
                let (id, row) = (names::ident(it.abi.marker()), row_path(&it.abi));
                quote!(AbiId::#id => Some(Layout::of::<#row>(abi)))
            });
            quote! {
                fn layout(abi: AbiId) -> Option<Layout<Self>> {
                    match abi {
                        #(#arms,)*
                        _ => None,
                    }
                }
            }
        };
        quote! {
            #structure
            impl Flavor for #name {
                const NUMBER: i32 = #number;
                #layout
            }
        }
    }

    /// Whether a structure has one form for all ABIs, and not only for the one at hand.
    pub(super) fn is_everywhere(&self, it: &Fields) -> bool {
        self.units.len() > 1 && it.is_everywhere()
    }

    /// The structure's form in each ABI, and in arrays of no ABI.
    fn forms(&self, name: &Ident, it: &Fields) -> TokenStream {
        let row = |unit: usize| row_path(&self.units[unit].abi);
        if self.is_everywhere(it) {
            let form = form(name, quote!(impl<W>), quote!(W), it, 0);
            let any = row(0);
            return quote! {
                #form
                impl Element for #name {
                    const LAYOUT: Layout<#name> = Layout::everywhere::<#any>();
                }
            };
        }
        let forms = (0..it.sizes.len()).map(|unit| {
            let row = row(unit);
            form(name, quote!(impl), quote!(#row), it, unit)
        });
        let largest = (0..it.sizes.len()).max_by_key(|unit| it.sizes[*unit]).unwrap_or(0);
        let (row, id) = (row(largest), names::ident(self.units[largest].abi.marker()));
        quote! {
            #(#forms)*
            impl Element for #name {
                const LAYOUT: Layout<#name> = Layout::of::<#row>(AbiId::#id);
            }
        }
    }
}

/// The row of an ABI, from its family's module.
fn row_path(abi: &Abi) -> TokenStream {
    let row = names::ident(abi.marker());
    if abi.has_type_words() { quote!(typed::#row) } else { quote!(untyped::#row) }
}

fn form(name: &Ident, generics: TokenStream, row: TokenStream, it: &Fields, unit: usize) -> TokenStream {
    let size = literal(it.sizes[unit]);
    let reads = it.fields.iter().map(|it| {
        let (field, place) = (names::variable(&it.name), &it.places[unit]);
        let at = literal(place.at);
        let read = read(&it.value, &place.wire, &quote!(#at), &row);
        quote!(#field: #read)
    });
    let writes = it.fields.iter().map(|it| {
        let (field, place) = (names::variable(&it.name), &it.places[unit]);
        let at = literal(place.at);
        write(&it.value, &place.wire, &quote!(#at), &quote!(self.#field), &row)
    });
    quote! {
        #generics Form<#row> for #name {
            type Base = [u8; #size];
            fn read(base: &[u8; #size]) -> Self {
                #name { #(#reads),* }
            }
            fn write(&self) -> Option<[u8; #size]> {
                let mut base = [0; #size];
                #(#writes)*
                Some(base)
            }
        }
    }
}
