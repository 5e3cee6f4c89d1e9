//! Types that are generated: structures, numbers with named values, markers of translated types.

use std::collections::BTreeMap;

use proc_macro2::TokenStream;
use quote::quote;

use super::Context;
use super::names;
use super::value::{Path, Value, number};
use crate::model::{Form, TypeId};
use crate::types::{Entry, FieldEntry, FieldType, Flavor, Number, Open};

/// A type to be generated.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// Its name in the definition.
    pub(super) mig: String,
    pub(super) doc: Option<String>,
    /// Declared in the definition file itself, not in one that it includes.
    pub(super) local: bool,
    pub(super) kind: Kind,
    /// Another type that would get the same name, with its own name in the definition.
    pub(super) clash: Option<(String, TypeId)>,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    /// Of a declared type.
    Structure(TypeId),
    /// That only a table knows.
    Table(Vec<FieldEntry>),
    Flavor(Flavor),
    Open(Open),
    Marker(TypeId),
}

/// By name in Rust.
pub(super) type Items = BTreeMap<String, Item>;

impl Context<'_> {
    /// Everything that the routines need.
    pub(super) fn collect(&self) -> Items {
        let mut items = Items::new();
        for arg in self.joined.routines.iter().flat_map(|it| &it.args) {
            self.collect_type(arg.ty, &mut items);
            if let (Some(Path::Generated(name)), Some(mig)) = (self.marker(arg), &self.joined.ty(arg.ty).name) {
                self.item(name, mig.clone(), arg.ty, Kind::Marker(arg.ty), &mut items);
            }
        }
        for (mig, flavor) in self.table.flavors() {
            let takes = |it: &String| self.joined.routines.iter().any(|routine| routine.name == *it);
            if flavor.routines.is_empty() || flavor.routines.iter().any(takes) {
                self.collect_fields(&flavor.fields, &mut items);
                let kind = Kind::Flavor(flavor.clone());
                let item = Item { mig: mig.clone(), doc: None, local: false, kind, clash: None };
                items.entry(flavor.rust.clone()).or_insert(item);
            }
        }
        items
    }

    fn collect_type(&self, id: TypeId, items: &mut Items) {
        let interface = &self.joined;
        for name in interface.names(id) {
            match self.table.get(name) {
                Some(Entry::Open(it)) => {
                    return self.item(it.rust.clone(), name.to_owned(), id, Kind::Open(it.clone()), items);
                }
                Some(Entry::Structure { rust, fields }) => {
                    self.item(rust.clone(), name.to_owned(), id, Kind::Structure(id), items);
                    return self.collect_fields(fields, items);
                }
                Some(_) => return,
                None => {}
            }
        }
        match &interface.form(id).form {
            Form::Fixed(of, _) | Form::UpTo(of, _) | Form::Unbounded(of) | Form::OutOfLine(of) => {
                self.collect_type(*of, items);
            }
            Form::Members(members) => {
                let rust = self.structure_name(interface, id);
                let mig = interface.names(id).last().unwrap_or("struct").to_owned();
                self.item(rust, mig, id, Kind::Structure(id), items);
                members.iter().for_each(|it| self.collect_type(it.ty, items));
            }
            _ => {}
        }
    }

    /// What the fields of a table's structure need.
    fn collect_fields(&self, fields: &[FieldEntry], items: &mut Items) {
        for field in fields {
            let FieldType::Named(name) = &field.ty else { continue };
            if let Some(id) = self.declared(name) {
                self.collect_type(id, items);
                continue;
            }
            let item = |kind| Item { mig: name.clone(), doc: None, local: false, kind, clash: None };
            match self.table.get(name) {
                Some(Entry::Open(it)) => {
                    items.entry(it.rust.clone()).or_insert_with(|| item(Kind::Open(it.clone())));
                }
                Some(Entry::Structure { rust, fields }) => {
                    self.collect_fields(fields, items);
                    items.entry(rust.clone()).or_insert_with(|| item(Kind::Table(fields.clone())));
                }
                _ => {}
            }
        }
    }

    fn item(&self, rust: String, mig: String, id: TypeId, kind: Kind, items: &mut Items) {
        let ty = self.joined.ty(id);
        let local = self.is_local(id, &mig);
        let item = || Item { mig: mig.clone(), doc: ty.doc.clone(), local, kind: kind.clone(), clash: None };
        let earlier = items.entry(rust).or_insert_with(item);
        if earlier.mig != mig && !self.is_same(&earlier.kind, &kind) {
            earlier.clash.get_or_insert((mig, id));
        }
    }

    /// Whether one definition in Rust serves both.
    fn is_same(&self, one: &Kind, other: &Kind) -> bool {
        match (one, other) {
            (Kind::Structure(one), Kind::Structure(other)) => {
                self.joined.form(*one).form == self.joined.form(*other).form
            }
            (one, other) => std::mem::discriminant(one) == std::mem::discriminant(other),
        }
    }

    /// The type that a statement declares by this name.
    pub(super) fn declared(&self, name: &str) -> Option<TypeId> {
        self.joined.declared.iter().rev().copied().find(|it| self.joined.ty(*it).name.as_deref() == Some(name))
    }

    /// Tokens of an item.
    pub(super) fn item_tokens(&self, rust: &str, item: &Item) -> TokenStream {
        let docs = docs(rust, item);
        match &item.kind {
            Kind::Open(it) => open(rust, it, &docs),
            Kind::Marker(id) => self.marker_tokens(rust, *id, &docs),
            Kind::Structure(id) => self.structure(rust, &self.fields(*id), &docs),
            Kind::Table(it) => self.structure(rust, &self.laid_out(it), &docs),
            Kind::Flavor(it) => self.flavor(rust, it, &docs),
        }
    }

    /// Items in their modules, which table names may begin with.
    pub(super) fn in_modules<'i>(items: impl Iterator<Item = (&'i String, TokenStream)>) -> TokenStream {
        let mut here = TokenStream::new();
        let mut modules: BTreeMap<&str, TokenStream> = BTreeMap::new();
        for (name, tokens) in items {
            match name.split_once("::") {
                Some((module, _)) => modules.entry(module).or_default().extend(tokens),
                None => here.extend(tokens),
            }
        }
        let modules = modules.into_iter().map(|(name, tokens)| {
            let (ident, doc) = (names::ident(name), format!(" Types of `{name}`."));
            let tokens = super::file::with_imports(tokens, &[]);
            quote!(#[doc = #doc] pub mod #ident { #tokens })
        });
        quote!(#here #(#modules)*)
    }

    fn marker_tokens(&self, rust: &str, id: TypeId, docs: &TokenStream) -> TokenStream {
        let name = names::last(rust);
        let ty = self.joined.ty(id);
        if ty.is_port() {
            return quote! {
                #docs
                #[derive(Clone, Copy, Debug)]
                pub struct #name;
                impl<T: Transport> Translated<T> for #name {
                    type In<'a> = PortIn<'a, T> where T: 'a;
                    type Out = SendRight<T>;
                }
            };
        }
        let value = self.value(id).tokens(self);
        quote! {
            #docs
            #[derive(Clone, Copy, Debug)]
            pub struct #name;
            impl<T: Transport> Translated<T> for #name {
                type In<'a> = #value where T: 'a;
                type Out = #value;
            }
        }
    }
}

fn docs(rust: &str, item: &Item) -> TokenStream {
    let first = format!(" `{}`", item.mig);
    let more = item.doc.iter().flat_map(|it| super::docs::paragraphs(it)).map(|it| format!(" {it}"));
    let alias = (names::last(rust) != item.mig).then_some(&item.mig);
    let alias = alias.map(|it| quote!(#[doc(alias = #it)]));
    let blank = item.doc.as_ref().map(|_| quote!(#[doc = ""]));
    quote! {
        #[doc = #first]
        #blank
        #(#[doc = #more])*
        #alias
    }
}

/// A number with named values. Values without a name survive.
fn open(rust: &str, it: &Open, docs: &TokenStream) -> TokenStream {
    let name = names::last(rust);
    let base = number(it.base);
    let constants = it.constants.iter().map(|(constant, value)| {
        let ident = names::ident(constant);
        let value = constant_value(*value, it.base);
        let doc = format!(" `{constant}`");
        quote!(#[doc = #doc] pub const #ident: #name = #name(#value);)
    });
    let flags = it.flags.then(|| {
        quote! {
            /// Both.
            pub const fn with(self, other: #name) -> #name {
                #name(self.0 | other.0)
            }
            /// Whether every bit of `other` is set.
            pub const fn has(self, other: #name) -> bool {
                self.0 & other.0 == other.0
            }
        }
    });
    let plain = Value::Number(it.base).plain();
    let (read, write) = if plain.to_string() == base.to_string() {
        (quote!(#name(*base)), quote!(Some(self.0)))
    } else {
        (quote!(#name(base.get())), quote!(Some(Wide::new(self.0))))
    };
    quote! {
        #docs
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default)]
        pub struct #name(pub #base);
        impl #name {
            #(#constants)*
            #flags
        }
        impl<W> Form<W> for #name {
            type Base = #plain;
            fn read(base: &#plain) -> Self {
                #read
            }
            fn write(&self) -> Option<#plain> {
                #write
            }
        }
    }
}

/// A constant of a table as a literal of its type.
pub(super) fn constant_value(value: i64, base: Number) -> TokenStream {
    match base {
        Number::I8 | Number::I16 | Number::I32 | Number::I64 => {
            let it = proc_macro2::Literal::i64_unsuffixed(value);
            quote!(#it)
        }
        _ => {
            let it = proc_macro2::Literal::u64_unsuffixed(value as u64);
            quote!(#it)
        }
    }
}
