//! Arrays of which each element is out of line: an element is what a single argument of its type would be.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::Context;
use super::client::Stub;
use super::described::{Described, compare_length};
use super::encode::{put_memory, rights_given};
use super::names;
use super::shape::{Disposition, RightsPlace, Shape, gives};
use super::value::{Value, literal};
use crate::model::{Arg, Form, Type};
use crate::wire::Transfer;

/// How many elements an array has that are memory of their own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Extent {
    /// So many.
    Exactly(u32),
    /// Up to so many.
    UpTo(u32),
}

impl Extent {
    /// The array's type, or an expression of it.
    pub(super) fn of(self, element: &TokenStream) -> TokenStream {
        match self {
            Extent::Exactly(count) => {
                let count = literal(count);
                quote!([#element; #count])
            }
            Extent::UpTo(max) => {
                let max = literal(max);
                quote!(ArrayVec<#element, #max>)
            }
        }
    }

    /// An array of what `nothing` makes.
    pub(super) fn of_nothing(self, nothing: &TokenStream) -> TokenStream {
        match self {
            Extent::Exactly(_) => quote!(core::array::from_fn(|_| #nothing)),
            Extent::UpTo(_) => quote!(ArrayVec::new()),
        }
    }

    fn max(self) -> proc_macro2::Literal {
        let (Extent::Exactly(it) | Extent::UpTo(it)) = self;
        literal(it)
    }
}

impl Context<'_> {
    /// The shape of `array[…] of ^ …`.
    pub(super) fn each(&self, form: &Type) -> Option<Shape> {
        let (of, extent) = match form.form {
            Form::Fixed(of, count) => (of, Extent::Exactly(count)),
            Form::UpTo(of, max) => (of, Extent::UpTo(max)),
            _ => return None,
        };
        // In the family that has such arrays, an unbounded one is always memory.
        let element = match self.shape_of(of) {
            Shape::Indefinite(it) | Shape::Memory(it) => Shape::Memory(it),
            Shape::Rights(it, RightsPlace::Indefinite | RightsPlace::Memory) => Shape::Rights(it, RightsPlace::Memory),
            _ => return None,
        };
        Some(Shape::Each(Box::new(element), extent))
    }
}

impl Stub<'_> {
    /// The type of one element's memory, and how many there are.
    pub(super) fn each(&self, arg: &Arg) -> Option<(Shape, Extent)> {
        match self.shape(arg) {
            Shape::Each(of, extent) => Some((*of, extent)),
            _ => None,
        }
    }

    fn counts_name(&self, arg: &Arg) -> Ident {
        names::beside(self.routine, arg, "counts")
    }

    /// The descriptors. `put` puts one element, `it`; unused descriptors of rights have this disposition.
    fn put_each(
        &self,
        arg: &Arg,
        to: &Ident,
        (extent, unused): (Extent, Option<TokenStream>),
        transfer: &Transfer,
        put: TokenStream,
        value: &TokenStream,
    ) -> TokenStream {
        let (counts, max) = (self.counts_name(arg), extent.max());
        let physical = transfer.physical.then(|| quote!(#to.physical_copy();));
        let agreed = (!transfer.counted).then(|| {
            let elements = self.elements(arg, transfer);
            quote!(agree(count, #elements)?;)
        });
        let put = match (&physical, &agreed) {
            (None, None) => put,
            _ => quote!({ let count = #put?; #agreed #physical Ok(count) }),
        };
        let bind = transfer.counted.then(|| quote!(let #counts =));
        let method = match unused {
            None => quote!(each_memory::<#max, _>(#value, |#to, it| #put)),
            Some(it) => quote!(each_rights::<#max, _>(#it, #value, |#to, it| #put)),
        };
        quote!(#bind #to.#method?;)
    }

    /// A client's array.
    pub(super) fn encode_each(&self, arg: &Arg, of: &Shape, extent: Extent, transfer: &Transfer) -> TokenStream {
        let request = &self.locals.request;
        let (name, layout, it) = (names::variable(&arg.name), self.layout(arg), names::ident("it"));
        let put = match of {
            Shape::Rights(disposition, _) => {
                let rights = rights_given(*disposition, &it);
                quote!(#request.rights_out_of_line(#rights))
            }
            Shape::Memory(value) => put_memory(request, &quote!(), value, gives(arg), &layout, &it),
            _ => return quote!(),
        };
        self.put_each(arg, request, (extent, unused(of, true)), transfer, put, &quote!(#name))
    }

    /// A server's array.
    pub(super) fn write_each(
        &self,
        arg: &Arg,
        of: &Shape,
        extent: Extent,
        transfer: &Transfer,
        value: &TokenStream,
    ) -> TokenStream {
        let (reply, layout) = (&self.locals.reply, self.layout(arg));
        let put = match of {
            Shape::Rights(..) => quote!(#reply.surrender_rights(it)),
            _ if of.value().is_none_or(Value::is_plain) => quote!(#reply.surrender(it)),
            _ => quote!(#reply.packed_surrender(#layout, it)),
        };
        self.put_each(arg, reply, (extent, unused(of, false)), transfer, put, value)
    }

    /// How many arrays there are, if that varies, and how many elements each of them has.
    pub(super) fn put_counts(&self, to: &Ident, arg: &Arg, extent: Extent) -> TokenStream {
        let counts = self.counts_name(arg);
        match extent {
            Extent::Exactly(_) => quote!(#to.counts_exactly(&#counts);),
            Extent::UpTo(_) => quote!(#to.counts(&#counts);),
        }
    }

    /// The descriptors, as their receiver reads them.
    pub(super) fn read_each(&self, arg: &Arg, of: &Shape, extent: Extent, transfer: &Transfer) -> Described {
        let (body, own) = (&self.locals.body, &self.locals.own);
        let (held, layout, max) = (self.held(arg), self.layout(arg), extent.max());
        let bytes = literal(transfer.extent.unwrap_or(0) * transfer.element);
        let elements = literal(transfer.extent.unwrap_or(0));
        let (read, take) = match of {
            Shape::Rights(it, _) => {
                let (seen, right) = (it.seen(), it.got());
                let read = match transfer.counted {
                    true => quote!(rights_memory(#seen)),
                    false => quote!(rights_memory_of(#seen, #elements)),
                };
                (read, quote!(#own.rights_region::<#right>(it)))
            }
            _ => {
                let read = if transfer.counted { quote!(memory()) } else { quote!(memory_of(#bytes)) };
                let plain = of.value().is_none_or(Value::is_plain);
                (read, if plain { quote!(#own.region(it)) } else { quote!(#own.packed_region(it, #layout)) })
            }
        };
        let (mutable, method) = match extent {
            Extent::Exactly(_) => (quote!(), quote!(each_exactly)),
            Extent::UpTo(_) => (quote!(mut), quote!(each)),
        };
        Described {
            read: quote!(let #mutable #held = #body.each::<#max>(|#body| #body.#read)?;),
            take: quote!(#own.#method(#held, |#own, it| #take)),
        }
    }

    /// The counts, as their receiver compares them.
    pub(super) fn read_counts(&self, arg: &Arg, extent: Extent, transfer: &Transfer) -> TokenStream {
        let (body, held) = (&self.locals.body, self.held(arg));
        let compare = compare_length(transfer, &quote!(it));
        match extent {
            Extent::Exactly(_) => quote!(#body.each_count(&#held, |#body, it| #body.#compare)?;),
            Extent::UpTo(_) => quote!(#body.each_counts(&mut #held, |#body, it| #body.#compare)?;),
        }
    }
}

/// How unused descriptors of rights say that rights travel.
fn unused(of: &Shape, client: bool) -> Option<TokenStream> {
    let Shape::Rights(it, _) = of else { return None };
    let sent = it.number().filter(|_| client).map(|it| names::ident(Disposition::constant(it)));
    Some(sent.map_or_else(|| it.seen(), |it| quote!(Disposition::#it)))
}
