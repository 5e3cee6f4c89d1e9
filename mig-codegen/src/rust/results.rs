//! What functions and methods return.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::Context;
use super::names;
use super::shape::{RightsPlace, Shape};
use super::trailer::Element;
use super::value::literal;
use crate::model::{Arg, Role, Routine, Sides};

/// One value that a function returns.
#[derive(Clone, Debug)]
pub(super) struct ResultField {
    pub(super) name: Ident,
    pub(super) doc: String,
    pub(super) ty: TokenStream,
    /// The type mentions the transport.
    pub(super) generic: bool,
    /// The type mentions the lifetime `'a`.
    pub(super) borrows: bool,
    /// It is an object of the server: the structure has a parameter for its type.
    pub(super) object: Option<Ident>,
}

/// What a function returns: nothing, one value, or a structure.
#[derive(Clone, Debug, Default)]
pub(super) struct Results(pub(super) Vec<ResultField>);

impl Results {
    pub(super) fn is_generic(&self) -> bool {
        self.0.iter().any(|it| it.generic && it.object.is_none())
    }

    pub(super) fn borrows(&self) -> bool {
        self.0.iter().any(|it| it.borrows)
    }

    /// As a type. `path` leads to the structure.
    pub(super) fn tokens(&self, path: &TokenStream, lifetime: &TokenStream) -> TokenStream {
        match self.0.as_slice() {
            [] => quote!(()),
            [one] => {
                let ty = &one.ty;
                if one.borrows { with_lifetime(ty, lifetime) } else { quote!(#ty) }
            }
            _ => {
                let generics = self.generics(lifetime);
                quote!(#path #generics)
            }
        }
    }

    fn generics(&self, lifetime: &TokenStream) -> TokenStream {
        let lifetime = self.borrows().then(|| lifetime.clone());
        let transport = self.is_generic().then(|| quote!(T));
        let objects = self.0.iter().filter(|it| it.object.is_some()).map(|it| it.ty.clone());
        angle(lifetime.into_iter().chain(transport).chain(objects))
    }

    /// The structure's declaration.
    pub(super) fn declaration(&self, name: &Ident, docs: &str) -> TokenStream {
        let fields = self.0.iter().map(|it| {
            let (name, doc) = (&it.name, format!(" {}", it.doc));
            let ty = it.object.as_ref().map_or(it.ty.clone(), |it| quote!(#it));
            quote!(#[doc = #doc] pub #name: #ty)
        });
        let lifetime = self.borrows().then(|| quote!('a));
        let transport = self.is_generic().then(|| quote!(T: Transport));
        let objects = self.0.iter().filter_map(|it| it.object.as_ref().map(|it| quote!(#it)));
        let generics = angle(lifetime.into_iter().chain(transport).chain(objects));
        quote! {
            #[doc = #docs]
            #[derive(Debug)]
            pub struct #name #generics { #(#fields),* }
        }
    }

    /// Whether two functions may share one structure.
    pub(super) fn same(&self, other: &Results) -> bool {
        let key = |it: &Results| it.0.iter().map(|it| (it.name.to_string(), it.ty.to_string())).collect::<Vec<_>>();
        key(self) == key(other)
    }
}

/// Generic parameters or arguments; nothing, if there are none.
fn angle(parts: impl Iterator<Item = TokenStream>) -> TokenStream {
    let parts: Vec<TokenStream> = parts.collect();
    if parts.is_empty() { TokenStream::new() } else { quote!(<#(#parts),*>) }
}

/// The type with the lifetime `'a` replaced.
fn with_lifetime(ty: &TokenStream, lifetime: &TokenStream) -> TokenStream {
    ty.to_string().replace("'a", &lifetime.to_string()).parse().unwrap_or_default()
}

impl Context<'_> {
    /// What a client function returns.
    pub(super) fn client_results(&self, routine: &Routine) -> Results {
        let results = routine.args.iter().filter_map(|it| match it.role {
            Role::Token(..) => self.token_result(it),
            _ => it.is_returned().then(|| self.client_result(it))?,
        });
        Results(results.collect())
    }

    /// What a client learns of who answered.
    fn token_result(&self, arg: &Arg) -> Option<ResultField> {
        let ty = Element::of(arg, Sides::User)?.ty();
        let (name, doc) = (names::variable(&arg.name), format!("`{}`", arg.name));
        Some(ResultField { name, doc, ty, generic: false, borrows: false, object: None })
    }

    pub(super) fn client_result(&self, arg: &Arg) -> Option<ResultField> {
        let name = names::variable(&arg.name);
        let field = |doc: &str, ty: TokenStream, generic: bool, borrows: bool| {
            Some(ResultField { name: name.clone(), doc: doc.to_owned(), ty, generic, borrows, object: None })
        };
        let said = format!("`{}`", arg.name);
        let shape = self.shape(arg);
        match &shape {
            Shape::Value(it) => field(&said, it.tokens(self), false, false),
            Shape::Fixed(..) if shape.has_slice() => None,
            Shape::Fixed(it, count) => {
                let (it, count) = (it.tokens(self), literal(*count));
                field(&said, quote!([#it; #count]), false, false)
            }
            Shape::Counted(_) => field("Elements written.", quote!(usize), false, false),
            Shape::Text { .. } => field("Bytes written.", quote!(usize), false, false),
            Shape::Indefinite(it) => {
                let it = it.element(self);
                field("In the caller's slice, or a region.", quote!(Data<'a, T, #it>), true, true)
            }
            Shape::Memory(it) => {
                let it = it.element(self);
                field(&said, quote!(Region<T, #it>), true, false)
            }
            Shape::Right(it) => field(&said, it.got(), true, false),
            Shape::Rights(_, RightsPlace::Fixed(_)) => None,
            Shape::Rights(_, RightsPlace::Counted) => field("Rights written.", quote!(usize), false, false),
            Shape::Rights(it, RightsPlace::Indefinite | RightsPlace::Memory) => {
                let it = it.got();
                field(&said, quote!(Rights<'static, T, #it>), true, false)
            }
            Shape::Each(of, extent) => field(&said, extent.of(&self.memory(of)), true, false),
        }
    }

    /// Memory, or an array of rights in memory, that somebody gives away.
    fn memory(&self, shape: &Shape) -> TokenStream {
        match (shape, shape.value()) {
            (Shape::Rights(it, _), _) => {
                let it = it.got();
                quote!(Rights<'static, T, #it>)
            }
            (_, Some(it)) => {
                let it = it.element(self);
                quote!(Region<T, #it>)
            }
            _ => quote!(Region<T, u8>),
        }
    }

    /// What a server's method returns.
    pub(super) fn server_results(&self, routine: &Routine) -> Results {
        let later = self.is_answered(routine);
        Results(routine.returned().filter_map(|it| self.server_result(routine, it, later)).collect())
    }

    pub(super) fn server_result(&self, routine: &Routine, arg: &Arg, later: bool) -> Option<ResultField> {
        let name = names::variable(&arg.name);
        let doc = format!("`{}`", arg.name);
        let field = |ty: TokenStream, generic: bool, borrows: bool| {
            Some(ResultField { name: name.clone(), doc: doc.clone(), ty, generic, borrows, object: None })
        };
        let shape = self.shape(arg);
        if let Some(marker) = self.marker(arg).filter(|_| self.is_translated_out(routine, arg)) {
            let marker = self.path(&marker);
            let object = Some(names::ident(&names::type_name(&arg.name)));
            let ty = quote!(OutObj<Self, T, #marker>);
            return Some(ResultField { name, doc, ty, generic: true, borrows: false, object });
        }
        match &shape {
            Shape::Value(it) => field(it.tokens(self), false, false),
            Shape::Fixed(it, count) if !shape.has_room() => {
                let (it, count) = (it.tokens(self), literal(*count));
                field(quote!([#it; #count]), false, false)
            }
            Shape::Fixed(it, _) | Shape::Counted(it) if later => {
                let it = it.element(self);
                field(quote!(&'a [#it]), false, true)
            }
            Shape::Text { .. } if later => field(quote!(&'a [u8]), false, true),
            Shape::Indefinite(it) if later => {
                let it = it.element(self);
                field(quote!(Give<'a, T, #it>), true, true)
            }
            Shape::Indefinite(it) => {
                let it = it.element(self);
                field(quote!(Option<Region<T, #it>>), true, false)
            }
            Shape::Memory(it) => {
                let it = it.element(self);
                field(quote!(Region<T, #it>), true, false)
            }
            Shape::Each(of, extent) => field(extent.of(&self.memory(of)), true, false),
            Shape::Right(it) => field(it.returned(), true, false),
            Shape::Rights(it, RightsPlace::Indefinite | RightsPlace::Memory) => {
                let it = it.got();
                field(quote!(Rights<'static, T, #it>), true, false)
            }
            Shape::Rights(it, _) if later => {
                let it = it.got();
                field(quote!(Rights<'static, T, #it>), true, false)
            }
            Shape::Fixed(..) | Shape::Counted(_) | Shape::Text { .. } | Shape::Rights(..) => None,
        }
    }
}
